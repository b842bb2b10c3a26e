package bench

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/graph/scalar"
)

const (
	billedPartners = 20_000 // half of them referred the other half
	soldByEach     = 50     // a million in the month
	daysBilled     = 30
)

// BenchmarkBilling bills a month of a large network, and of one that is a quarter of it.
func BenchmarkBilling(b *testing.B) {
	location := newDatabase(b, "billing")
	db, bare := opened(b, location), connect(b, location)
	for b.Loop() {
		bill := func(partners int) (time.Duration, int64) {
			network, _ := newNetwork(b, db, commission.Admin)
			sellAMonth(b, location, populate(b, db, network, partners/2, partners/2, kind{
				started: time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC), pays: percentage("10", commission.Payout),
			}), partners, soldByEach)
			ran := command(b, bare, fmt.Sprintf("billing a month of %s partners", counted(partners)), "invoices/s", partners,
				"bill", "--database", location, "--network", scalar.ID{Type: scalar.Network, Row: network}.String(),
				"--through", "2026-06-30", "--clock", "2026-07-02T00:00:00Z")
			if made := count(b, db, "SELECT COUNT(*) FROM invoice WHERE network_id = ?", network); made != partners {
				b.Fatalf("%d invoices were made", made)
			}
			return ran.alone, ran.memory
		}
		_, little := bill(billedPartners / 4)
		lasted, peak := bill(billedPartners)
		b.ReportMetric(lasted.Seconds(), "s")
		note(b, line{
			"billing 20,000 partners, 10,000 referrals, 1,000,000 conversions", lasted.Round(time.Millisecond).String(), "-",
			fmt.Sprintf("%.1f s", lasted.Seconds()), "< 60 s", lasted < time.Minute,
		})
		growth := float64(peak) / float64(little)
		note(b, line{
			"memory of that run", fmt.Sprintf("%d MB", peak>>10), fmt.Sprintf("%d MB for a quarter of it", little>>10),
			fmt.Sprintf("%.2f x", growth), "<= 2.00 x", growth <= 2,
		})
	}
	b.StopTimer()
	run(b, "verify", "--database", location)
}

// sellAMonth has each partner sell so often in June 2026: conversions with all that recording makes of them, written by the
// engine, since a thousand calls would take a minute.
func sellAMonth(b *testing.B, location string, p population, partners, each int) {
	b.Helper()
	bare := connect(b, location)
	june := commission.NewDate(2026, time.June, 1)
	base := p.network * idsANetwork
	execute(b, bare, `
		INSERT INTO conversion (id, network_id, external_id, occurred_at, recorded_at, revenue, payout, day, earning_day_id, accrual_id, partner_id)
		SELECT ? + n, ?, CONCAT('sale-', n), at, at, revenue, revenue * 7 DIV 10, ? + day, ? + i * ? + day, IF(i >= ?, ? + i * ? + day, NULL), ? + i
		FROM (
			SELECT seq AS n, seq DIV ? AS i, (seq * 7 + seq DIV ?) MOD ? AS day, (seq MOD 9973 + 100) * 10000 AS revenue,
				TIMESTAMP '2026-06-01 16:00:00' + INTERVAL (seq * 7 + seq DIV ?) MOD ? DAY + INTERVAL seq MOD 60 MINUTE AS at
			FROM seq_0_to_`+strconv.Itoa(partners*each-1)+`
		) AS sale`,
		base+1, p.network, int(june), base+1, daysBilled, partners/2, base+1, daysBilled, p.firstReferrer,
		each, each, daysBilled, each, daysBilled)
	execute(b, bare, `
		INSERT INTO earning_day (id, network_id, day, conversions, revenue, payout, partner_id)
		SELECT earning_day_id, network_id, day, COUNT(*), SUM(revenue), SUM(payout), partner_id
		FROM conversion WHERE network_id = ? GROUP BY earning_day_id, network_id, day, partner_id`, p.network)
	execute(b, bare, `
		INSERT INTO accrual (id, network_id, day, conversions, revenue, payout, fee, term_id)
		SELECT accrual_id, network_id, day, COUNT(*), SUM(revenue), SUM(payout), 0, ? + partner_id - ?
		FROM conversion WHERE network_id = ? AND accrual_id IS NOT NULL GROUP BY accrual_id, network_id, day, partner_id`,
		p.firstReferral, p.firstReferred, p.network)
	execute(b, bare, `
		INSERT INTO term_month (network_id, month, term_id, line_id, conversions, revenue, payout, fee)
		SELECT network_id, ?, term_id, 0, SUM(conversions), SUM(revenue), SUM(payout), 0 FROM accrual WHERE network_id = ? GROUP BY network_id, term_id`,
		int32(june.Month()), p.network)
}

func count(b *testing.B, db *database.Database, query string, args ...any) int {
	b.Helper()
	rows, err := db.QueryContext(system(), query, args...)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	n := 0
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			b.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return n
}
