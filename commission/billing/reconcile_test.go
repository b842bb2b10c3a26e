package billing_test

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
)

// reconciled is what a network's reconciliation says, in short.
func (w *world) reconciled() (*ledger.Reconciliation, string) {
	w.Helper()
	r, err := w.ledger.Reconcile(w.admin(), w.network)
	w.must(err)
	shown := func(s ledger.Shares) string {
		return fmt.Sprintf("earned %s = billed %s + unbilled %s + below %s + forfeited %s", commission.Format(s.Earned),
			commission.Format(s.Billed), commission.Format(s.Unbilled), commission.Format(s.BelowThreshold), commission.Format(s.Forfeited))
	}
	told := []string{shown(r.Shares)}
	for _, one := range r.Referrers {
		told = append(told, w.names[one.ReferrerID]+" "+shown(one.Shares))
	}
	return r, strings.Join(told, "\n")
}

// healthy is a network with money in each of its places: alice's for bob is billed and unbilled, for carol forfeited,
// erin's for dave waits, and frank has a flat fee.
func (w *world) healthy() {
	w.Helper()
	for _, name := range []string{"alice", "erin", "frank"} {
		w.partner(name, "")
	}
	w.setting("erin", from("500", percent("10", commission.Payout)))
	w.setting("frank", commission.Structure{Commission: commission.FlatFee{Amount: dec("25")}})
	w.partner("bob", "alice")
	w.partner("carol", "alice")
	w.partner("dave", "erin")
	w.partner("gus", "frank")
	w.at("2026-02-01 12:00")
	sale := w.earns("bob", "2026-01-10 09:00", "33.333333")
	w.earns("bob", "2026-01-11 09:00", "66.6")
	w.earns("carol", "2026-01-10 09:00", "70")
	w.earns("dave", "2026-01-10 09:00", "40.04")
	w.brings("alice", "2026-01-10 09:00", "9", "5")
	w.bill("2026-01-31", "21.99 = 5.00 payout + 9.99 of 99.933333 for bob + 7.00 of 70 for carol")
	w.at("2026-02-01 12:00")
	w.earns("bob", "2026-01-20 09:00", "0.333333")
	w.earns("carol", "2026-01-21 09:00", "12.34")
	w.adjust(sale, "2026-02-01 10:00", "-3.333333")
	_, err := w.program.RemoveReferredBy(w.admin(), w.network.ID, w.ids["carol"], program.Forfeit, "a test")
	w.must(err)
}

// setting gives a referrer a structure of its own.
func (w *world) setting(name string, structure commission.Structure) {
	w.Helper()
	found := w.find(name)
	_, _, err := w.program.UpdatePartnerReferralSetting(w.admin(), w.network.ID, program.PartnerReferralSetting{
		PartnerID: found.ID, Version: found.ReferralSettingVersion, Mode: commission.Custom, Structure: program.Some(&structure),
	})
	w.must(err)
}

func TestReconcile_whatWasEarnedIsBilledUnbilledBelowTheThresholdOrForfeited(t *testing.T) { // [C3], [C7], [A6]
	each(t, func(w *world) {
		w.healthy()
		r, told := w.reconciled()
		want := "earned 46.92 = billed 41.99 + unbilled -0.30 + below 4.00 + forfeited 1.23\n" +
			"alice earned 17.92 = billed 16.99 + unbilled -0.30 + below 0.00 + forfeited 1.23\n" +
			"erin earned 4.00 = billed 0.00 + unbilled 0.00 + below 4.00 + forfeited 0.00\n" +
			"frank earned 25.00 = billed 25.00 + unbilled 0.00 + below 0.00 + forfeited 0.00"
		if told != want || !r.Balanced() {
			w.Errorf("balanced: %t\n%s\nwant\n%s", r.Balanced(), told, want)
		}
		// 9.9933333 + 7.00 + 25.00 - 0.30 + 4.004 + 1.234 is exact
		if got := commission.Format(r.Rounding); got != "-0.011333" {
			w.Errorf("rounding has added %s", got)
		}
	})
}

func TestReconcile_namesTheRowThatWasTamperedWith(t *testing.T) {
	each(t, func(w *world) {
		w.healthy()
		bob, alice := w.ids["bob"], w.ids["alice"]
		bobs := "SELECT t.id FROM referral_term t JOIN referral r ON r.id = t.referral_id WHERE r.referred_id = ?"
		for _, c := range []struct {
			what, tamper, undo string
			of                 int
			referrer           string // whose money is named; "": nobody's
		}{
			{"a conversion's payout", "UPDATE conversion SET payout = payout + 1000000 WHERE partner_id = ?", "UPDATE conversion SET payout = payout - 1000000 WHERE partner_id = ?", bob, "alice"},
			{"a conversion's moment", "UPDATE conversion SET occurred_at = '2025-01-01 00:00:00' WHERE external_id = 'c1' AND partner_id = ?", "", bob, "alice"},
			{"an accrual's sums", "UPDATE accrual SET payout = payout + 5 WHERE term_id IN (" + bobs + ")", "UPDATE accrual SET payout = payout - 5 WHERE term_id IN (" + bobs + ")", bob, "alice"},
			{"an accrual's line", "UPDATE accrual SET line_id = 0 WHERE line_id > 0 AND term_id IN (" + bobs + ")", "UPDATE accrual SET line_id = slot WHERE slot > 0 AND term_id IN (" + bobs + ")", bob, "alice"},
			{"a term's month", "UPDATE term_month SET payout = payout + 1000 WHERE term_id IN (" + bobs + ")", "UPDATE term_month SET payout = payout - 1000 WHERE term_id IN (" + bobs + ")", bob, "alice"},
			{"an earning day", "UPDATE earning_day SET payout = payout + 1 WHERE partner_id = ?", "UPDATE earning_day SET payout = payout - 1 WHERE partner_id = ?", bob, ""},
			{"an invoice's total", "UPDATE invoice SET total = total + 10000 WHERE partner_id = ?", "UPDATE invoice SET total = total - 10000 WHERE partner_id = ?", alice, ""},
			{"an invoice's number", "UPDATE invoice SET number = number + 100 WHERE partner_id = ?", "UPDATE invoice SET number = number - 100 WHERE partner_id = ?", alice, ""},
			{"a line's amount", "UPDATE invoice_line SET amount = amount + 10000 WHERE referred_id = ?", "UPDATE invoice_line SET amount = amount - 10000 WHERE referred_id = ?", bob, "alice"},
			{"a term's end", "UPDATE referral_term SET stopped_at = '2026-01-05 00:00:00' WHERE id IN (SELECT id FROM (" + bobs + ") AS its)", "UPDATE referral_term SET stopped_at = NULL WHERE id IN (SELECT id FROM (" + bobs + ") AS its)", bob, "alice"},
			{"a term's window", "UPDATE referral_term SET window_ends_at = '2027-01-05 00:00:00' WHERE id IN (SELECT id FROM (" + bobs + ") AS its)", "UPDATE referral_term SET window_ends_at = NULL WHERE id IN (SELECT id FROM (" + bobs + ") AS its)", bob, ""},
			{"a referral's start", "UPDATE referral SET started_at = '2026-01-25 00:00:00' WHERE referred_id = ?", "", bob, "alice"},
			{"a status", "UPDATE partner_status SET status = 'INACTIVE' WHERE partner_id = ?", "UPDATE partner_status SET status = 'ACTIVE' WHERE partner_id = ?", alice, "alice"},
			{"a first approval", "UPDATE partner SET approved_at = '2026-01-25 00:00:00' WHERE id = ?", "", w.ids["gus"], "frank"},
			{"Referred By", "UPDATE partner SET referred_by_id = NULL WHERE id = ?", "", bob, ""},
			{"a structure's rate", "UPDATE commission_structure SET rate = rate * 2 WHERE network_id = ? AND rate IS NOT NULL", "UPDATE commission_structure SET rate = rate / 2 WHERE network_id = ? AND rate IS NOT NULL", w.network.ID, "alice"},
			{"the next number", "UPDATE network SET next_invoice_number = next_invoice_number + 1 WHERE id = ?", "UPDATE network SET next_invoice_number = next_invoice_number - 1 WHERE id = ?", w.network.ID, ""},
		} {
			undo := w.forge(c.tamper, c.undo, c.of)
			r, told := w.reconciled()
			named := false
			for _, d := range r.Differences {
				named = named || (c.referrer != "" && d.ReferrerID == w.ids[c.referrer] && !d.Expected.Equal(*d.Found))
			}
			if r.Balanced() || len(r.Differences) == 0 || r.Found < len(r.Differences) || (c.referrer != "" && !named) {
				w.Errorf("%s was tampered with; balanced: %t, %d differences\n%s", c.what, r.Balanced(), r.Found, told)
			}
			undo()
			if r, told := w.reconciled(); !r.Balanced() {
				w.Fatalf("%s was put back, and the network is not balanced:\n%s\n%+v", c.what, told, r.Differences[0].Row)
			}
		}
	})
}

// forge changes rows behind the program's back; what puts them back is another statement, or the rows as they were.
func (w *world) forge(statement, undo string, of int) func() {
	w.Helper()
	execute := func(statement string, args ...any) {
		w.must(w.db.Transact(w.system(), func(ctx context.Context, tx *database.Tx) error {
			_, err := tx.ExecContext(ctx, w.literal(statement), args...)
			return err
		}))
	}
	table := strings.Fields(statement)[1]
	column := strings.Fields(statement)[3]
	var before []any
	if undo == "" {
		query := "SELECT id, " + column + " FROM " + table + " WHERE network_id = ?"
		w.must(database.Each(w.system(), w.db, query, []any{w.network.ID}, func(row *stdsql.Rows) error {
			var id int
			var value any
			err := row.Scan(&id, &value)
			before = append(before, id, value)
			return err
		}))
	}
	execute(statement, of)
	return func() {
		if undo != "" {
			execute(undo, of)
		}
		for i := 0; i < len(before); i += 2 {
			execute("UPDATE "+table+" SET "+column+" = ? WHERE id = ?", before[i+1], before[i])
		}
	}
}

// literal writes moments as the engine keeps them: SQLite as a number of microseconds.
func (w *world) literal(statement string) string {
	if !w.db.Embedded() {
		return statement
	}
	for _, moment := range []string{"2025-01-01", "2026-01-05", "2026-01-25", "2027-01-05"} {
		at, err := time.Parse(time.DateOnly, moment)
		w.must(err)
		statement = strings.ReplaceAll(statement, "'"+moment+" 00:00:00'", strconv.FormatInt(at.UnixMicro(), 10))
	}
	return statement
}

// A reconciliation reads one moment: whatever is recorded and billed meanwhile, it balances.
func TestReconcile_readsOneMomentWhileTheSystemRuns(t *testing.T) {
	each(t, func(w *world) {
		w.healthy()
		var running sync.WaitGroup
		stop := make(chan struct{})
		running.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				_, err := w.ledger.RecordConversions(w.admin(), w.network.ID, []ledger.Conversion{
					{ExternalID: fmt.Sprint("busy", n), PartnerID: w.ids["bob"], OccurredAt: w.moment("2026-01-15 09:00"), Revenue: dec("2"), Payout: dec("1.01")},
				})
				if err != nil {
					w.Errorf("record: %v", err)
					return
				}
			}
		})
		for range 15 {
			if r, told := w.reconciled(); !r.Balanced() {
				w.Errorf("not balanced while others record:\n%s\n%s", told, r.Differences[0].Row)
			}
		}
		close(stop)
		running.Wait()
	})
}

func TestLiability_isWhatWasOwedAtTheEndOfADayByAge(t *testing.T) {
	each(t, func(w *world) {
		for _, name := range []string{"alice", "erin"} {
			w.partner(name, "")
		}
		w.setting("erin", from("100", percent("10", commission.Payout)))
		w.partner("bob", "alice")
		w.partner("dave", "erin")
		w.at("2026-02-20 12:00")
		sale := w.earns("bob", "2026-01-10 09:00", "100")
		w.earns("bob", "2026-02-10 09:00", "50")
		w.earns("dave", "2026-01-10 09:00", "60")
		made := w.bill("2026-01-31", "10.00 = 10.00 of 100 for bob") // on 1 February
		w.at("2026-02-20 12:00")
		w.earns("dave", "2026-02-10 09:00", "40")
		owed := func(asOf, want string) {
			w.Helper()
			got, err := w.ledger.Liability(w.admin(), w.network, day(asOf))
			w.must(err)
			told := []string{got.String()}
			for _, age := range got.Ages {
				if s := age.String(); s != "" {
					told = append(told, fmt.Sprintf("from %d days %s", age.FromDays, s))
				}
			}
			if told := strings.Join(told, "; "); told != want {
				w.Errorf("as of %s: %s\nwant %s", asOf, told, want)
			}
		}
		w.at("2026-04-01 12:00")
		owed("2026-01-09", "")
		owed("2026-01-31", "owed 10.00 waiting 6.00; from 0 days owed 10.00 waiting 6.00")
		owed("2026-02-01", "unpaid 10.00 waiting 6.00; from 0 days unpaid 10.00 waiting 6.00")
		owed("2026-02-10", "owed 15.00 unpaid 10.00; from 0 days owed 9.00 unpaid 10.00; from 31 days owed 6.00")
		_, err := w.billing.MarkPaid(w.admin(), w.network.ID, made[0].ID)
		w.must(err)
		owed("2026-03-31", "owed 15.00 unpaid 10.00; from 31 days owed 9.00 unpaid 10.00; from 61 days owed 6.00")
		owed("2026-04-01", "owed 15.00; from 31 days owed 9.00; from 61 days owed 6.00")
		w.adjust(sale, "2026-04-01 10:00", "-100")
		w.bill("2026-04-30", "0.00 = -5.00 of -50 for bob back + 5.00 carried") // and erin's 10.00
		owed("2026-04-30", "owed 5.00; from 0 days owed -10.00; from 61 days owed 9.00; from 91 days owed 6.00")
		owed("2026-05-01", "unpaid 5.00 carried forward 55.00; from 0 days unpaid 5.00 carried forward 55.00") // bob's own are 50.00 of it
		_, err = w.ledger.Liability(w.admin(), w.network, day("2030-01-01"))
		w.refused(err, commission.BadUserInput, "asOf")
	})
}
