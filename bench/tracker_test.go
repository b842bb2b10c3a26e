package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"partner.example/referrals/ent/database"
)

// BenchmarkTracker measures recording of all subjects, in turns, and bare INSERTs of the same rows with them, into a table
// that holds as much: the more there is, the more an INSERT takes.
func BenchmarkTracker(b *testing.B) {
	const partners = 2_000
	location := newDatabase(b, "tracker")
	bare := connect(b, location)
	t := &tracker{network: newTraded(b, location, partners/2, partners/2, 0), bare: bare, document: operation(b, "tracker", "RecordConversions")}
	newDatabase(b, "bare")
	execute(b, bare, "CREATE TABLE bare.conversion LIKE tracker.conversion")
	analyze(b, bare)
	all := subjects(b, location)
	batches := []int{1, 100, 1_000, 10_000}
	if sizes.small() {
		batches = []int{1_000}
	}
	for _, rows := range batches {
		of := t.turns(b, all, rows)
		product, byHand := of[theProduct], of[byHandInGo]
		if rows == 1_000 {
			ratios := make([]float64, sizes.Rounds)
			for i := range ratios {
				ratios[i] = product.rounds.throughput[i] / byHand.rounds.throughput[i]
			}
			must(b, goal{
				what: product.workload, product: product.throughput(), against: byHand.throughput() + " bare INSERT",
				reached: median(ratios), least: 0.7,
			})
		}
		againstPeers(b, product.workload, of)
	}
	memory(b, "recording", all)
	run(b, "verify", "--database", location) // what the peers recorded, too
}

// mostCalls is of a round: of one row each.
const mostCalls = 2_000

// tracker records what no other call has recorded.
type tracker struct {
	network  *traded
	bare     *sql.DB
	document string
	number   int // of the calls so far
	copied   int // the last conversion that the bare table has too
}

// turns has each of the subjects record, and somebody insert by hand, one after the other.
func (t *tracker) turns(b *testing.B, all []subject, rows int) map[string]*measured {
	b.Helper()
	of := lines(fmt.Sprintf("recording, %s a call", counted(rows)), "rows/s", namesOf(all, byHandInGo)...)
	calls := min(max(sizes.RecordedRows/rows, 2*sizes.Connections), mostCalls)
	for _, s := range all { // warms up
		t.record(b, s, rows, sizes.Connections)
	}
	t.insert(b, rows, sizes.Connections)
	for range sizes.Rounds {
		for i, s := range all {
			before := spending(b, t.bare, s.pids)
			o := t.record(b, s, rows, calls)
			of[s.name].round(o, rows, spending(b, t.bare, s.pids).since(before))
			of[s.name].memory = max(of[s.name].memory, s.memory(b))
			if i > 0 {
				continue
			}
			t.level(b) // and at once, since what else the machine does changes by the minute
			before = spending(b, t.bare, nil)
			o = t.insert(b, rows, calls)
			of[byHandInGo].round(o, rows, spending(b, t.bare, nil).since(before))
		}
	}
	for _, m := range of {
		m.settle()
	}
	return of
}

// level has the bare table hold what was recorded.
func (t *tracker) level(b *testing.B) {
	b.Helper()
	const columns = "network_id, external_id, occurred_at, recorded_at, revenue, payout, day, accrual_id, earning_day_id, partner_id, reason"
	execute(b, t.bare, "INSERT INTO bare.conversion ("+columns+") SELECT "+columns+" FROM tracker.conversion WHERE id > ? ORDER BY id", t.copied)
	if err := t.bare.QueryRowContext(context.Background(), "SELECT MAX(id) FROM tracker.conversion").Scan(&t.copied); err != nil {
		b.Fatal(err)
	}
}

func (t *tracker) batch(rows int) []conversion {
	t.number++
	return t.network.record(t.number, rows, time.Now())
}

// record has a subject record batches, each once.
func (t *tracker) record(b *testing.B, s subject, rows, calls int) outcome {
	b.Helper()
	l := load{token: t.network.tracker, once: true, begins: fmt.Appendf(nil, `{"data":{"recordConversions":{"recorded":%d,"duplicates":0}}`, rows)}
	for range calls {
		l.bodies = append(l.bodies, request(b, t.document, map[string]any{"conversions": t.batch(rows)}))
	}
	return l.puts(b, s.url)
}

// insert inserts batches into a bare table by one statement of many rows each, each in a transaction of its own, with
// as many connections as the load has.
func (t *tracker) insert(b *testing.B, rows, calls int) outcome {
	b.Helper()
	const columns = "external_id, occurred_at, recorded_at, revenue, payout, day, accrual_id, earning_day_id, partner_id"
	row := fmt.Sprintf("(%d, '', %s)", t.network.network, database.Placeholders(strings.Count(columns, ",")+1))
	statement := "INSERT INTO bare.conversion (network_id, reason, " + columns + ") VALUES " + strings.TrimSuffix(strings.Repeat(row+", ", rows), ", ")
	values := make([][]any, calls)
	now := time.Now()
	for i := range values {
		for _, c := range t.batch(rows) {
			day := int(c.at.Unix() / 86400)
			sums := c.partner*1000 + day%1000
			values[i] = append(values[i], c.ExternalID, c.at, now, c.revenue, c.payout, day, sums, sums, c.partner)
		}
	}
	next := make(chan int, calls)
	for i := range values {
		next <- i
	}
	close(next)
	latencies, failed := make([]time.Duration, calls), make([]error, calls)
	var hands sync.WaitGroup
	lasted := took(func() {
		for range sizes.Connections {
			hands.Go(func() {
				for i := range next {
					latencies[i] = took(func() { failed[i] = inTransaction(t.bare, statement, values[i]) })
				}
			})
		}
		hands.Wait()
	})
	if err := errors.Join(failed...); err != nil {
		b.Fatal(err)
	}
	slices.Sort(latencies)
	return outcome{calls, lasted, latencies}
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
