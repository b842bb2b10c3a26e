package billing_test

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"testing"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
)

// wantConversions wants alice's one row to count so many conversions, and so much payout, in a range.
func (w *world) wantConversions(from, to commission.Date, conversions int64, basis string) {
	w.Helper()
	report, err := w.ledger.Report(w.admin(), w.network, ledger.Range{From: from, To: to}, ledger.Filter{})
	w.must(err)
	if rows := w.rowsOf(report); len(rows) != 1 || rows[0].Conversions != conversions || !rows[0].BasisAmount.Equal(dec(basis)) {
		w.Errorf("from %s to %s the report has %d conversions of %s in %d rows; want %d of %s",
			from, to, report.Totals.Conversions, rows[0].BasisAmount, len(rows), conversions, basis)
	}
}

// The days around the ends of months, each with its first and its last minute: in New York, which is another day, month
// and year than in UTC [T5].
func TestReport_countsEveryDayOnceWhereverItsRangeBeginsAndEnds(t *testing.T) { // P2
	days := []string{
		"2026-01-30", "2026-01-31", "2026-02-01", "2026-02-02", "2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02", "2026-03-31", "2026-04-01",
	}
	each(t, func(w *world) {
		w.partner("alice", "")
		w.partner("bob", "alice")
		w.at("2026-04-02 12:00")
		for i, at := range days { // amounts that no two ranges have in common
			w.earns("bob", at+" 00:00", strconv.Itoa(1<<(2*i)))
			w.earns("bob", at+" 23:59", strconv.Itoa(2<<(2*i)))
		}
		for i, from := range days {
			for j := i; j < len(days); j++ {
				w.wantConversions(day(from), day(days[j]), int64(2*(j-i+1)), strconv.Itoa(1<<(2*(j+1))-1<<(2*i)))
			}
		}
	})
}

// Whatever gives sums to lines, takes them from lines or gives them up moves those of their months too.
func TestMonths_followWhatBecomesOfTheirSums(t *testing.T) {
	each(t, func(w *world) {
		aliceRefersBob(w)
		wantMonths := func(after string, want ...string) {
			w.Helper()
			if got := w.months(); got != strings.Join(want, "\n") {
				w.Errorf("%s the months are\n%s\nwant\n%s", after, got, strings.Join(want, "\n"))
			}
			w.verify()
		}
		w.at("2026-07-02 12:00")
		sale := w.earns("bob", "2026-05-31 23:59", "100")
		w.earns("bob", "2026-06-01 00:00", "20")
		wantMonths("recorded,", "2026-05 open: 1 of 100", "2026-06 open: 1 of 20")
		made := w.bill("2026-06-30", "12.00 = 12.00 of 120 for bob")
		wantMonths("billed,", "2026-05 paid: 1 of 100", "2026-06 paid: 1 of 20")
		w.adjust(sale, "2026-07-01 00:30", "-40")
		w.earns("bob", "2026-06-30 12:00", "3")
		wantMonths("adjusted, and with one that was late,", "2026-05 paid: 1 of 100", "2026-06 open: 1 of 3", "2026-06 paid: 1 of 20", "2026-07 open: 0 of -40")
		_, err := w.billing.Delete(w.admin(), w.network.ID, made[0].ID, "a test")
		w.must(err)
		wantMonths("released,", "2026-05 open: 1 of 100", "2026-06 open: 2 of 23", "2026-07 open: 0 of -40")
		w.bill("2026-07-31", "8.30 = 8.30 of 83 for bob")
		wantMonths("billed again,", "2026-05 paid: 1 of 100", "2026-06 paid: 2 of 23", "2026-07 paid: 0 of -40")
		w.at("2026-08-02 12:00")
		w.earns("bob", "2026-08-01 12:00", "7")
		w.partner("carol", "")
		w.reassign("bob", "carol", program.Forfeit)
		wantMonths("forfeited,", "2026-05 paid: 1 of 100", "2026-06 paid: 2 of 23", "2026-07 paid: 0 of -40", "2026-08 given up: 1 of 7")
		w.earns("bob", "2026-07-31 12:00", "5")
		wantMonths("with another one that was late,",
			"2026-05 paid: 1 of 100", "2026-06 paid: 2 of 23", "2026-07 given up: 1 of 5", "2026-07 paid: 0 of -40", "2026-08 given up: 1 of 7")
	})
}

// months is what is kept of months and is not zero.
func (w *world) months() string {
	w.Helper()
	var all []string
	w.must(database.Each(w.system(), w.db, `
		SELECT month, CASE WHEN line_id > 0 THEN 'paid' WHEN line_id = 0 THEN 'open' ELSE 'given up' END AS what, SUM(conversions), SUM(revenue), SUM(payout), SUM(fee)
		FROM term_month WHERE network_id = ? GROUP BY month, what HAVING SUM(conversions) <> 0 OR SUM(payout) <> 0 ORDER BY month, what`,
		[]any{w.network.ID}, func(row *sql.Rows) error {
			var month commission.CalendarMonth
			var what string
			sums, err := scanned(row, &month, &what)
			all = append(all, month.String()+" "+what+": "+strconv.FormatInt(sums.Conversions, 10)+" of "+sums.Payout.String())
			return err
		}))
	return strings.Join(all, "\n")
}

func TestVerify_namesTheMonthThatIsNotTheSumOfItsAccruals(t *testing.T) {
	for tampering, says := range map[string]string{
		"UPDATE term_month SET conversions = conversions + 1 WHERE month = 24317": "sums 2 conversions, revenue 20, payout 20, fee 0 in 2026-06 with the line 0; its accruals sum 1, 20, 20, 0",
		"UPDATE term_month SET revenue = revenue + 1 WHERE month = 24317":         "sums 1 conversions, revenue 20.000001, payout 20, fee 0 in 2026-06",
		"UPDATE term_month SET fee = fee + 1 WHERE month = 24317":                 "sums 1 conversions, revenue 20, payout 20, fee 0.000001 in 2026-06",
		"UPDATE term_month SET line_id = 7 WHERE month = 24317":                   "sums 1 conversions, revenue 20, payout 20, fee 0 in 2026-06 with the line 7; its accruals sum 0, 0, 0, 0",
		"UPDATE term_month SET month = 24318 WHERE month = 24317":                 "in 2026-07 with the line 0; its accruals sum 0, 0, 0, 0",
		"UPDATE term_month SET network_id = 99 WHERE month = 24317":               "sums 0 conversions, revenue 0, payout 0, fee 0 in 2026-06 with the line 0; its accruals sum 1, 20, 20, 0",
		"DELETE FROM term_month WHERE month = 24316":                              "sums 0 conversions, revenue 0, payout 0, fee 0 in 2026-05 with the line 0; its accruals sum 1, 100, 100, 0",
	} {
		t.Run(tampering, func(t *testing.T) {
			w := newWorld(t, databasetest.Open(t, databasetest.SQLite(t)), "USD", "America/New_York")
			aliceRefersBob(w)
			w.at("2026-07-02 12:00")
			w.earns("bob", "2026-05-31 23:59", "100")
			w.earns("bob", "2026-06-01 00:00", "20")
			w.must(w.db.Transact(w.system(), func(ctx context.Context, tx *database.Tx) error {
				_, err := tx.ExecContext(ctx, tampering)
				return err
			}))
			var told []string
			_, err := w.ledger.Verify(w.system(), func(difference string) { told = append(told, difference) })
			w.must(err)
			if all := strings.Join(told, "\n"); !strings.Contains(all, says) || !strings.HasPrefix(all, "term ") {
				t.Errorf("is told\n%s\nwant %q", all, says)
			}
		})
	}
}
