package bench

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
)

const (
	recorders = 4 // connections at once, on both sides
	batch     = 1000
	batches   = 60 // a round
	rounds    = 7
	referrers = 250
	referred  = 250
)

const recordConversions = `mutation RecordConversions($conversions: [ConversionInput!]!) {
  recordConversions(conversions: $conversions) { recorded duplicates }
}`

type conversion struct {
	ExternalID string `json:"externalId"`
	Partner    string `json:"partner"`
	OccurredAt string `json:"occurredAt"`
	Revenue    string `json:"revenue"`
	Payout     string `json:"payout"`

	partner         int
	at              time.Time
	revenue, payout int64
}

// someConversions makes a batch as a tracker reports it: nearly all of the last hours, a few that came late.
func someConversions(random *rand.Rand, first, number int, now time.Time) []conversion {
	rows := make([]conversion, batch)
	for i := range rows {
		late := time.Duration(random.IntN(3600)) * time.Second
		switch chance := random.IntN(1000); {
		case chance < 10:
			late = time.Duration(random.IntN(30*24)) * time.Hour
		case chance < 50:
			late = 24 * time.Hour
		}
		c := conversion{
			ExternalID: fmt.Sprintf("%08x-%d-%d", random.Uint32(), number, i), partner: first + random.IntN(referrers+referred),
			at: now.Add(-late).Truncate(time.Microsecond).UTC(), revenue: int64(random.IntN(100_00)) * 10_000,
		}
		c.payout = c.revenue * 7 / 10
		c.Partner, c.OccurredAt = partnerID(c.partner), c.at.Format(time.RFC3339Nano)
		c.Revenue = commission.Format(commission.FromMicros(c.revenue).Round(2))
		c.Payout = commission.Format(commission.FromMicros(c.payout).Round(3))
		rows[i] = c
	}
	return rows
}

// BenchmarkRecording holds batches of conversions through GraphQL, with all that follows from them, against
// a bare INSERT of the same rows into a table that is the same.
func BenchmarkRecording(b *testing.B) {
	location := newDatabase(b, "recording")
	db := opened(b, location)
	network, token := newNetwork(b, db, commission.Tracker)
	people := populate(b, db, network, referrers, referred, kind{started: time.Now().AddDate(0, -2, 0), pays: percentage("10", commission.Payout)})
	product := serve(b, location)

	const columns = "network_id, external_id, occurred_at, recorded_at, revenue, payout, adjusts_id, adjustment_number, reason, day, accrual_id, earning_day_id, partner_id"
	newDatabase(b, "bare")
	bare := connect(b, location)
	execute(b, bare, "CREATE TABLE bare.conversion LIKE recording.conversion")
	insert := "INSERT INTO bare.conversion (" + columns + ") VALUES " +
		strings.TrimSuffix(strings.Repeat("("+database.Placeholders(strings.Count(columns, ",")+1)+"), ", batch), ", ")

	random := rand.New(rand.NewPCG(1, 2))
	number := 0
	round := func() (withProduct, withInsert time.Duration) {
		now := time.Now()
		bodies, values := make([][]byte, batches), make([][]any, batches)
		for i := range bodies {
			number++
			rows := someConversions(random, people.firstReferrer, number, now)
			bodies[i] = request(b, recordConversions, map[string]any{"conversions": rows})
			for _, c := range rows {
				day := int(c.at.Unix() / 86400)
				var accrual any
				if c.partner >= people.firstReferred {
					accrual = c.partner*100 + day%100
				}
				values[i] = append(values[i], network, c.ExternalID, c.at, now, c.revenue, c.payout, nil, nil, "", day, accrual, c.partner*100+day%100, c.partner)
			}
		}
		withProduct = took(func() {
			atOnce(b, func(i int) error {
				answer, err := product.send(token, bodies[i])
				if err == nil && !strings.Contains(string(answer), fmt.Sprintf(`"recorded":%d`, batch)) {
					err = fmt.Errorf("recorded something else: %s", answer)
				}
				return err
			})
		})
		withInsert = took(func() {
			atOnce(b, func(i int) error { return inTransaction(bare, insert, values[i]) })
		})
		return withProduct, withInsert
	}
	round() // warms up
	for b.Loop() {
		var of, against, ratios []float64
		for range rounds {
			withProduct, withInsert := round()
			of = append(of, batch*batches/withProduct.Seconds())
			against = append(against, batch*batches/withInsert.Seconds())
			ratios = append(ratios, withInsert.Seconds()/withProduct.Seconds())
			b.Logf("%s, bare %s, ratio %.2f", perSecond(of[len(of)-1]), perSecond(against[len(against)-1]), ratios[len(ratios)-1])
		}
		ratio := median(ratios)
		b.ReportMetric(median(of), "rows/s")
		b.ReportMetric(ratio, "ratio")
		note(b, line{
			"recording, 1,000 a call, 4 at once", perSecond(median(of)), perSecond(median(against)) + " bare INSERT",
			fmt.Sprintf("%.2f x", ratio), ">= 0.50 x", ratio >= 0.5,
		})
	}
	b.StopTimer()
	run(b, "verify", "--database", location)
}

func inTransaction(db *sql.DB, statement string, values []any) error {
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(context.Background(), statement, values...); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}

// atOnce does the work of all batches, some at once.
func atOnce(b *testing.B, work func(i int) error) {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	for range recorders {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < batches; i = int(next.Add(1)) - 1 {
				if err := work(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if b.Failed() {
		b.FailNow()
	}
}
