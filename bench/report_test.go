package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
)

const (
	reportReferrers = 500
	reportReferrals = 10_000
	reportRounds    = 15
	pageSize        = 50
	firstDay        = "2026-06-01"
	lastDay         = "2026-06-30"
)

const referralReport = `query ReferralReport($from: Date!, $to: Date!, $first: Int) {
  network {
    referralReport(from: $from, to: $to) {
      totals { rows conversions billed balance unbilled belowThreshold }
      rows(orderBy: {field: BALANCE, direction: DESC}, first: $first) {
        totalCount
        nodes {
          id referrer { id name } referred { id name status } structure { id summary }
          referredDate referralStartedAt windowEndsAt status state
          conversions basisAmount billed balance unbilled belowThreshold threshold { target progress }
        }
      }
    }
  }
}`

// reportKinds is referrals of several kinds: some changed structure in the month, some ended in it, some wait for
// their minimum earnings, and each basis is among them.
func reportKinds() []kind {
	started := time.Date(2026, time.January, 10, 15, 0, 0, 0, time.UTC)
	half := time.Date(2026, time.June, 15, 4, 0, 0, 0, time.UTC)
	withMinimum := percentage("12.5", commission.Payout)
	minimum := decimal.New(345, 0)
	withMinimum.MinimumEarnings = &minimum
	later := percentage("5", commission.Payout)
	year := percentage("7.25", commission.Revenue)
	year.Duration = &commission.Duration{Value: 1, Unit: commission.Year}
	plain := kind{started: started, pays: percentage("10", commission.Payout)}
	return []kind{
		plain, plain, plain, plain, plain,
		{started: started, pays: percentage("3.3333", commission.Profit)},
		{started: started, pays: withMinimum},
		{started: started, pays: year},
		{started: started, pays: percentage("10", commission.Payout), then: &later, changed: half},
		{started: started, pays: percentage("10", commission.Payout), ended: &half},
	}
}

// reportNetwork is a network whose referred partners convert on the same ten days of June each, so many times a day.
func reportNetwork(b *testing.B, location string, aDay int) (network int, token string) {
	b.Helper()
	db := opened(b, location)
	network, token = newNetwork(b, db, commission.Admin)
	people := populate(b, db, network, reportReferrers, reportReferrals, reportKinds()...)
	bare := connect(b, location)
	const days = 10
	first, day := int64(20605), "FLOOR(TIMESTAMPDIFF(SECOND, '1970-01-01 04:00:00', occurred_at) / 86400)" // 1 June 2026, in New York
	for _, statement := range []string{
		fmt.Sprintf(`INSERT INTO conversion (network_id, external_id, partner_id, occurred_at, recorded_at, revenue, payout, reason, day, earning_day_id)
			SELECT %d, CONCAT('c-', seq), %d + seq %% %d, at, at, 10000 * (200 + seq * 7919 %% 1000), 10000 * (100 + seq * 104729 %% 500), '',
				FLOOR(TIMESTAMPDIFF(SECOND, '1970-01-01 04:00:00', at) / 86400), 0
			FROM (SELECT seq, '1970-01-01 04:00:00' + INTERVAL (%d + 3 * (seq DIV %d %% %d) + seq %% 3) DAY + INTERVAL (seq * 31 %% 86000) SECOND AS at
				FROM seq_0_to_%d) AS happened`,
			network, people.firstReferred, reportReferrals, first, reportReferrals, days, reportReferrals*days*aDay-1),
		fmt.Sprintf(`INSERT INTO earning_day (network_id, partner_id, day, conversions, revenue, payout)
			SELECT network_id, partner_id, day, COUNT(*), SUM(revenue), SUM(payout) FROM conversion WHERE network_id = %d GROUP BY network_id, partner_id, day`, network),
		fmt.Sprintf(`INSERT INTO accrual (network_id, term_id, day, conversions, revenue, payout, fee)
			SELECT c.network_id, t.id, c.day, COUNT(*), SUM(c.revenue), SUM(c.payout), 0
			FROM conversion c JOIN referral r ON r.referred_id = c.partner_id JOIN referral_term t ON t.referral_id = r.id
			WHERE c.network_id = %d AND c.occurred_at >= t.referred_date AND (t.closed_at IS NULL OR c.occurred_at < t.closed_at)
			GROUP BY c.network_id, t.id, c.day`, network),
		fmt.Sprintf(`INSERT INTO term_total (term_id, network_id, conversions, revenue, payout, fee)
			SELECT term_id, network_id, SUM(conversions), SUM(revenue), SUM(payout), 0 FROM accrual WHERE network_id = %d GROUP BY term_id, network_id`, network),
		fmt.Sprintf(`UPDATE conversion c JOIN earning_day e ON e.partner_id = c.partner_id AND e.day = c.day
			LEFT JOIN (referral r JOIN referral_term t ON t.referral_id = r.id JOIN accrual a ON a.term_id = t.id)
				ON r.referred_id = c.partner_id AND a.day = c.day AND c.occurred_at >= t.referred_date AND (t.closed_at IS NULL OR c.occurred_at < t.closed_at)
			SET c.earning_day_id = e.id, c.accrual_id = a.id WHERE c.network_id = %d`, network),
		"ANALYZE TABLE conversion, accrual, earning_day, term_total, referral, referral_term, partner",
	} {
		execute(b, bare, statement)
	}
	var wrong int
	if err := bare.QueryRowContext(context.Background(), "SELECT COUNT(*) FROM conversion WHERE network_id = ? AND day <> "+day, network).Scan(&wrong); err != nil || wrong > 0 {
		b.Fatalf("%d conversions are on another day than their own: %v", wrong, err)
	}
	return network, token
}

// byHand is one statement for a page of the report and its totals: rows are rounded to the cent each, and added up as
// they are shown.
const byHand = `
	WITH counted AS (
		SELECT term_id, SUM(conversions) AS conversions, SUM(revenue) AS revenue, SUM(payout) AS payout
		FROM accrual WHERE network_id = ? AND day BETWEEN ? AND ? GROUP BY term_id
	), terms AS (
		SELECT r.id AS referral_id, t.id AS term_id, r.referrer_id, r.referred_id, r.started_at, r.ended_at,
			t.referred_date, t.window_ends_at, t.closed_at, s.id AS structure_id, s.rate, s.basis, s.minimum_earnings,
			COALESCE(c.conversions, 0) AS conversions,
			CASE s.basis WHEN 'REVENUE' THEN COALESCE(c.revenue, 0) WHEN 'PROFIT' THEN COALESCE(c.revenue - c.payout, 0) ELSE COALESCE(c.payout, 0) END AS basis_amount,
			SUM(CASE s.basis WHEN 'REVENUE' THEN COALESCE(total.revenue, 0) WHEN 'PROFIT' THEN COALESCE(total.revenue - total.payout, 0) ELSE COALESCE(total.payout, 0) END)
				OVER (PARTITION BY r.id ORDER BY t.referred_date) AS progress
		FROM referral r JOIN referral_term t ON t.referral_id = r.id JOIN commission_structure s ON s.id = t.structure_id
		LEFT JOIN term_total total ON total.term_id = t.id LEFT JOIN counted c ON c.term_id = t.id
		WHERE r.network_id = ?
	), amounts AS (
		SELECT terms.*, ROUND(basis_amount * rate / 100000000 / 1000000, 2) AS earned, minimum_earnings IS NULL OR progress >= minimum_earnings AS reached FROM terms
	)
	SELECT a.term_id, referrer.name, referred.name, referred.status, a.referred_date, a.window_ends_at, a.conversions, a.basis_amount,
		CASE WHEN a.ended_at IS NULL THEN CASE WHEN a.reached THEN a.earned ELSE 0 END END AS balance,
		COUNT(*) OVER (), SUM(a.conversions) OVER (),
		SUM(CASE WHEN a.ended_at IS NULL AND a.reached THEN a.earned ELSE 0 END) OVER (),
		SUM(CASE WHEN a.reached THEN a.earned ELSE 0 END) OVER (),
		SUM(CASE WHEN a.reached THEN 0 ELSE a.earned END) OVER ()
	FROM amounts a JOIN partner referrer ON referrer.id = a.referrer_id JOIN partner referred ON referred.id = a.referred_id
	ORDER BY balance DESC, a.referral_id, a.term_id LIMIT 50`

// shownTotals is what both sides must agree in.
type shownTotals struct {
	Rows, Conversions                 int64
	Balance, Unbilled, BelowThreshold decimal.Decimal
}

func (t shownTotals) String() string {
	return fmt.Sprintf("%d rows, %d conversions, Balance %s, unbilled %s, below threshold %s", t.Rows, t.Conversions, t.Balance, t.Unbilled, t.BelowThreshold)
}

// pageByHand reads a page by hand, every value of it.
func pageByHand(b *testing.B, bare *sql.DB, network int) (totals shownTotals, balances []decimal.Decimal) {
	b.Helper()
	from, to := dayOf(b, firstDay), dayOf(b, lastDay)
	rows, err := bare.QueryContext(context.Background(), byHand, network, from, to, network)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var term, conversions, basis int64
		var referrer, referred, status, referredDate string
		var windowEndsAt sql.NullString
		var balance decimal.NullDecimal
		if err := rows.Scan(&term, &referrer, &referred, &status, &referredDate, &windowEndsAt, &conversions, &basis, &balance,
			&totals.Rows, &totals.Conversions, &totals.Balance, &totals.Unbilled, &totals.BelowThreshold); err != nil {
			b.Fatal(err)
		}
		balances = append(balances, balance.Decimal)
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return totals, balances
}

func dayOf(b *testing.B, text string) int32 {
	b.Helper()
	day, refusal := commission.ParseDate(text)
	if refusal != nil {
		b.Fatal(refusal)
	}
	return int32(day)
}

// pageOfTheProduct reads the same page by GraphQL.
func pageOfTheProduct(b *testing.B, product server, token string, body []byte) (shownTotals, []decimal.Decimal) {
	b.Helper()
	answer, err := product.send(token, body)
	if err != nil {
		b.Fatal(err)
	}
	var page struct {
		Data struct {
			Network struct {
				ReferralReport struct {
					Totals shownTotals
					Rows   struct {
						Nodes []struct{ Balance decimal.Decimal }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(answer, &page); err != nil {
		b.Fatal(err)
	}
	report := page.Data.Network.ReferralReport
	balances := make([]decimal.Decimal, len(report.Rows.Nodes))
	for i, row := range report.Rows.Nodes {
		balances[i] = row.Balance
	}
	return report.Totals, balances
}

// BenchmarkReport holds a page of the report with its totals, of a month, ten thousand referrals and a million
// conversions, against hand-written SQL for the same numbers, and against a tenth of the conversions on the same days.
func BenchmarkReport(b *testing.B) {
	location := newDatabase(b, "report")
	few, fewToken := reportNetwork(b, location, 1)
	many, manyToken := reportNetwork(b, location, 10)
	run(b, "verify", "--database", location)
	bare, product := connect(b, location), serve(b, location)
	body := request(b, referralReport, map[string]any{"from": firstDay, "to": lastDay, "first": pageSize})

	shown, balances := pageOfTheProduct(b, product, manyToken, body)
	expected, byHandBalances := pageByHand(b, bare, many)
	if shown.String() != expected.String() || len(balances) != pageSize {
		b.Fatalf("the product shows %d rows of %s\nby hand they are %s", len(balances), shown, expected)
	}
	for i, balance := range balances {
		if !balance.Equal(byHandBalances[i]) {
			b.Fatalf("row %d has a Balance of %s, and of %s by hand", i, balance, byHandBalances[i])
		}
	}
	b.Logf("%s", shown)
	if _, fewer := pageByHand(b, bare, few); len(fewer) != pageSize {
		b.Fatalf("the smaller network shows %d rows", len(fewer))
	}

	for b.Loop() {
		var withMany, withFew, hand []time.Duration
		for range reportRounds {
			withMany = append(withMany, took(func() { pageOfTheProduct(b, product, manyToken, body) }))
			hand = append(hand, took(func() { pageByHand(b, bare, many) }))
			withFew = append(withFew, took(func() { pageOfTheProduct(b, product, fewToken, body) }))
		}
		ratio := median(withMany).Seconds() / median(hand).Seconds()
		more := median(withMany).Seconds() / median(withFew).Seconds()
		b.ReportMetric(ratio, "ratio")
		note(b, line{
			"report page of 50, 10,000 referrals, a month, 1,000,000 conversions", inMilliseconds(median(withMany)), inMilliseconds(median(hand)) + " hand-written SQL",
			fmt.Sprintf("%.2f x", ratio), "<= 1.50 x", ratio <= 1.5,
		})
		note(b, line{
			"the same against a tenth of the conversions on the same days", inMilliseconds(median(withMany)), inMilliseconds(median(withFew)) + " with 100,000",
			fmt.Sprintf("%.2f x", more), "<= 1.15 x (no slower, but for noise)", more <= 1.15,
		})
	}
}

func inMilliseconds(d time.Duration) string { return fmt.Sprintf("%.0f ms", d.Seconds()*1000) }
