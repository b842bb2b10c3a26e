package billing_test

import (
	"database/sql"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/billing"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/database"
)

const (
	ofALargeCall = 2_100
	inTheCrowd   = 150
)

// largeCall is a call of so many rows that the rows of sums are made before, each of 10 on a day in June.
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
	report, err := w.ledger.Report(w.admin(), w.network, ledger.Range{From: day("2026-06-20"), To: day("2026-06-21")}, ledger.Filter{})
	w.must(err)
	if got := report.Totals.Conversions; got != conversions {
		w.Errorf("%d conversions were counted, want %d", got, conversions)
	}
}

// billsInvoices wants a run of billing to make so many invoices.
func (w *world) billsInvoices(through string, want int) {
	w.Helper()
	if ids := w.run(billing.Run{Through: day(through)}); len(ids) != want {
		w.Errorf("billing made %d invoices, want %d", len(ids), want)
	}
}

func TestRecording_ofLargeCallsAtOnceAddsUp(t *testing.T) { // T5, C1
	each(t, func(w *world) {
		w.partner("alice", "")
		w.crowd(inTheCrowd)
		const calls = 4
		of := w.referred()
		var all sync.WaitGroup
		for call := range calls {
			rows := w.largeCall("call"+strconv.Itoa(call)+"-", of, 20)
			all.Go(func() {
				if became, err := w.ledger.RecordConversions(w.admin(), w.network.ID, rows); err != nil || became.Recorded != ofALargeCall {
					w.Errorf("%+v, %v", became, err)
				}
			})
		}
		all.Wait()
		w.wantCounted(calls * ofALargeCall)
	})
}

// What a large call makes before it is recorded counts nothing and is billed nowhere, if it is refused then.
func TestRecording_ofALargeCallThatIsRefusedCountsNothing(t *testing.T) { // I2, I3
	each(t, func(w *world) {
		w.partner("alice", "")
		w.crowd(inTheCrowd)
		w.billsInvoices("2026-06-30", inTheCrowd+1)
		rows := w.largeCall("large", w.referred(), 20)
		const wrong = 777
		rows[wrong].ExternalID = "p" + strconv.Itoa(rows[wrong].PartnerID) // of the crowd
		_, err := w.ledger.RecordConversions(w.admin(), w.network.ID, rows)
		w.refused(err, commission.Conflict, "conversions."+strconv.Itoa(wrong)+".externalId")
		empty := 0
		w.must(database.Each(w.system(), w.db, "SELECT COUNT(*) FROM accrual WHERE network_id = ? AND conversions = 0", []any{w.network.ID}, func(row *sql.Rows) error {
			return row.Scan(&empty)
		}))
		if made := empty > 0; made == w.db.Embedded() { // a file has one writer at a time, who waits for nobody
			w.Errorf("%d rows with nothing in them", empty)
		}
		w.verify()
		w.billsInvoices("2026-07-31", 0)
		rows[wrong].ExternalID = "right"
		if became, err := w.ledger.RecordConversions(w.admin(), w.network.ID, rows); err != nil || became.Recorded != ofALargeCall {
			w.Errorf("%+v, %v", became, err)
		}
		w.wantCounted(ofALargeCall)
		w.billsInvoices("2026-08-31", inTheCrowd+1)
	})
}

// Under a key what a large call makes before is no step of its request: sent again, it finds what it did.
func TestRecording_ofALargeCallUnderAKey(t *testing.T) { // I3
	each(t, func(w *world) {
		w.partner("alice", "")
		w.crowd(inTheCrowd)
		rows := w.largeCall("large", w.referred(), 20)
		for range 2 {
			key, err := database.NewKey(1, "a key of sixteen or more", "the request", w.now)
			w.must(err)
			became, err := w.ledger.RecordConversions(database.WithKey(w.admin(), key), w.network.ID, rows)
			if err != nil || became != (ledger.Recorded{Recorded: ofALargeCall}) {
				w.Errorf("%+v, %v", became, err)
			}
		}
		w.wantCounted(ofALargeCall)
	})
}
