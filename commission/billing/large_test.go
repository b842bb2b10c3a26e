package billing_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/database"
)

const (
	ofALargeCall = 500
	inTheCrowd   = 150
	callsAtOnce  = 4
	daysAtOnce   = 3
)

// largeCall is a call of rows of 10 each, on two days in June.
func (w *world) largeCall(name string, of []int, day int) []ledger.Conversion {
	w.Helper()
	rows := make([]ledger.Conversion, ofALargeCall)
	for i := range rows {
		rows[i] = ledger.Conversion{
			ExternalID: name + strconv.Itoa(i), PartnerID: of[i%len(of)],
			OccurredAt: w.moment(fmt.Sprintf("2026-06-%02d 12:00", day+i%2)), Payout: dec("10"),
		}
	}
	return rows
}

// referred is the partners whom alice referred.
func (w *world) referred() (ids []int) {
	w.Helper()
	w.must(database.Each(w.system(), w.db, "SELECT referred_id FROM referral WHERE network_id = ? ORDER BY id", []any{w.network.ID}, func(row *sql.Rows) error {
		var id int
		err := row.Scan(&id)
		ids = append(ids, id)
		return err
	}))
	return ids
}

// wantCounted wants the report of the days of large calls to count so many conversions.
func (w *world) wantCounted(conversions int64) {
	w.Helper()
	report, err := w.ledger.Report(w.admin(), w.network, ledger.Range{From: day("2026-06-20"), To: day("2026-06-25")}, ledger.Filter{})
	w.must(err)
	if got := report.Totals.Conversions; got != conversions {
		w.Errorf("%d conversions were counted, want %d", got, conversions)
	}
}

// atOnce records large calls at once, on one day after the other. Each is of two thirds of the partners, and so makes some of
// the sums that others add to, and adds to some that others make; went is told how each went.
func (w *world) atOnce(prepare func(call int, rows []ledger.Conversion), went func(call int, became ledger.Recorded, err error)) {
	w.Helper()
	of := w.referred()
	for turn := range daysAtOnce {
		var all sync.WaitGroup
		for call := range callsAtOnce {
			rand.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
			rows := w.largeCall(fmt.Sprintf("call%d-%d-", turn, call), of[:len(of)*2/3], 20+turn)
			rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			prepare(call, rows)
			all.Go(func() {
				became, err := w.ledger.RecordConversions(w.admin(), w.network.ID, rows)
				went(call, became, err)
			})
		}
		all.Wait()
	}
}

// Calls that are refused make way: whoever waited for one to make a row goes on.
func TestRecording_ofLargeCallsAtOnceAddsUp(t *testing.T) { // T5, C1
	each(t, func(w *world) {
		w.partner("alice", "")
		w.crowd(inTheCrowd)
		const wrong = 222
		isWrong := func(call int) bool { return call == 0 }
		w.atOnce(func(call int, rows []ledger.Conversion) {
			if isWrong(call) {
				rows[wrong].ExternalID = "p" + strconv.Itoa(rows[wrong].PartnerID) // of the crowd
			}
		}, func(call int, became ledger.Recorded, err error) {
			if isWrong(call) {
				w.refused(err, commission.Conflict, "conversions."+strconv.Itoa(wrong)+".externalId")
			} else if err != nil || became.Recorded != ofALargeCall {
				w.Errorf("%+v, %v", became, err)
			}
		})
		w.wantCounted(daysAtOnce * (callsAtOnce - 1) * ofALargeCall)
	})
}

func TestRecording_ofLargeCallsAtOnceBeginsOnce(t *testing.T) {
	eachServer(t, func(w *world) {
		w.partner("alice", "")
		w.crowd(inTheCrowd)
		before := w.db.Retries()
		w.atOnce(func(int, []ledger.Conversion) {}, func(_ int, became ledger.Recorded, err error) {
			if err != nil || became.Recorded != ofALargeCall {
				w.Errorf("%+v, %v", became, err)
			}
		})
		if gaveWay := w.db.Retries() - before; gaveWay > 0 {
			w.Errorf("calls began anew %d times", gaveWay)
		}
	})
}
