package billing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/ent/generated/commissionstructure"
	"partner.example/referrals/sorted"
)

// manyReferrals is more than a table reads at once.
const manyReferrals = 1100

// refersMany writes referrals of alice straight into the tables, which recording would take long for: some with a
// threshold, some that ended, some tracked only, with sums of two days.
func (w *world) refersMany() {
	w.Helper()
	w.partner("alice", "")
	w.settings(from("5", percent("7.7777", commission.Revenue)))
	structures, err := w.db.CommissionStructure.Query().Order(commissionstructure.ByID()).All(w.system())
	w.must(err)
	w.must(w.db.Transact(w.system(), func(ctx context.Context, tx *database.Tx) error {
		const first = 1000
		partners := tx.Rows("partner", "id", "network_id", "name", "search_text", "status", "approved_at", "referral_code", "created_at")
		referrals := tx.Rows("referral", "id", "network_id", "referrer_id", "referred_id", "source", "started_at", "ended_at", "active_key", "latest_term_id")
		terms := tx.Rows("referral_term", "id", "network_id", "referral_id", "structure_id", "referred_date", "window_ends_at", "stopped_at", "stop_reason", "previous_id")
		sums := tx.Rows("accrual", "network_id", "term_id", "day", "slot", "line_id", "conversions", "revenue", "payout", "fee")
		months := tx.Rows("term_month", "network_id", "month", "term_id", "line_id", "conversions", "revenue", "payout", "fee")
		for i := range manyReferrals {
			id, started := first+i, w.now.Add(time.Duration(i%97)*time.Hour)
			var ended, key, term, reason any = nil, id, id, nil
			if i%5 == 0 {
				ended, key, reason = started.Add(time.Hour), nil, "REFERRAL_ENDED"
			}
			if i%7 == 0 {
				term = nil
			}
			partners.Add(id, w.network.ID, fmt.Sprintf("bob %d", i%50), fmt.Sprintf("bob %d", i%50), "ACTIVE", started, fmt.Sprintf("code-%d", id), started)
			referrals.Add(id, w.network.ID, w.ids["alice"], id, "MANUAL", started, ended, key, term)
			if term == nil {
				continue
			}
			terms.Add(id, w.network.ID, id, structures[i%len(structures)].ID, started, nil, ended, reason, 0)
			const cent = 10_000
			for d := range 2 {
				sums.Add(w.network.ID, id, int32(day("2026-01-05"))+int32(d), 0, 0, 1, (i%333)*cent*(d+2), (i%333)*cent, 0)
			}
			months.Add(w.network.ID, int32(day("2026-01-05").Month()), id, 0, 2, 5*(i%333)*cent, 2*(i%333)*cent, 0)
		}
		for _, rows := range []*database.Rows{partners, referrals, terms, sums, months} {
			if err := tx.Insert(ctx, rows); err != nil {
				return err
			}
		}
		return nil
	}))
}

// told is a row as a table tells it: also how many decimals an amount carries, and what is not there.
func told(r *ledger.Row) string {
	amount := func(d *decimal.Decimal) string {
		if d == nil {
			return "null"
		}
		return commission.Format(*d)
	}
	moment := func(t *time.Time) string {
		if t == nil {
			return "none"
		}
		return t.UTC().String()
	}
	progress := "none"
	if r.Threshold != nil {
		progress = amount(&r.Threshold.Progress) + " of " + amount(&r.Threshold.Target)
	}
	return fmt.Sprint(
		r.ReferralID, r.TermID, r.StructureID, r.ReferrerName, r.ReferredName, moment(&r.ReferralStartedAt), moment(r.ReferredDate), moment(r.WindowEndsAt), r.Status, r.State, r.Conversions,
		amount(&r.BasisAmount), amount(&r.Billed), amount(r.Balance), amount(&r.Unbilled), amount(&r.BelowThreshold), progress,
	)
}

// orders is by each field, up and down.
func orders() (all []ledger.Order) {
	for _, field := range ledger.OrderFields() {
		all = append(all, ledger.Order{Field: ledger.OrderField(field)}, ledger.Order{Field: ledger.OrderField(field), Descending: true})
	}
	return all
}

// The table has the rows of the screen, in each of its orders, and nothing is left out or told twice where it is read in
// parts [P4].
func TestEachRow_isTheReportInItsOrder(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		w := newWorld(t, databasetest.Open(t, location), "USD", "America/New_York")
		w.refersMany()
		days := ledger.Range{From: day("2026-01-05"), To: day("2026-01-31")}
		for _, filter := range []ledger.Filter{{}, {States: []commission.State{commission.BelowThreshold, commission.Tracked}, Search: "BOB 1"}} {
			report, err := w.ledger.Report(w.admin(), w.network, days, filter)
			w.must(err)
			for _, by := range orders() {
				var rows []string
				totals := decimal.Zero
				w.must(w.ledger.EachRow(w.admin(), w.network, days, filter, by, func(row *ledger.Row) error {
					rows = append(rows, told(row))
					totals = totals.Add(row.Billed).Add(row.Unbilled).Add(row.BelowThreshold)
					return nil
				}))
				var want []string
				keys, err := w.ledger.Sorted(w.admin(), report, by)
				w.must(err)
				pages, err := w.ledger.Pages(w.admin(), ledger.Page{Report: report, Keys: keys})
				w.must(err)
				w.must(w.ledger.Name(w.admin(), pages[0]))
				for _, row := range pages[0] {
					want = append(want, told(row))
				}
				if !slices.Equal(rows, want) {
					t.Errorf("by %v: %d rows, want %d", by, len(rows), len(want))
				}
				if shown := report.Totals.Billed.Add(report.Totals.Unbilled).Add(report.Totals.BelowThreshold); !totals.Equal(shown) || totals.IsZero() {
					t.Errorf("by %v: the rows add up to %s, the totals say %s", by, totals, shown)
				}
			}
		}
	})
}

// Rows that do not fit in memory come back as they were.
func TestRow_isTheSameAfterItWasWritten(t *testing.T) {
	const many = 5000
	at := time.Date(2026, 1, 5, 12, 0, 0, 1000, time.UTC)
	row := func(i int) *ledger.Row {
		made := &ledger.Row{
			ReferralID: i + 1, TermID: i % 3 * i, StructureID: i % 3, ReferrerName: "alice", ReferredName: fmt.Sprint("bob ", i), ReferralStartedAt: at,
			Status: commission.ReferralInactive, State: commission.Tracked, Conversions: int64(i), BasisAmount: decimal.New(int64(i), -6),
			Amounts: commission.NothingEarned([]commission.Currency{"USD", "JPY", "KWD"}[i%3], commission.ReferralStatus([]string{"ACTIVE", "INACTIVE"}[i%2])),
		}
		if i%5 == 0 {
			ends := at.AddDate(0, i, 0)
			made.ReferredDate, made.WindowEndsAt = &at, &ends
			made.Threshold = &ledger.Threshold{TermID: i, Target: decimal.New(100_00, -2), Progress: decimal.New(int64(i), -2)}
		}
		return made
	}
	i := many
	err := sorted.Each(t.Context(), func(a, b *ledger.Row) int { return b.ReferralID - a.ReferralID }, func(_ context.Context, give func(*ledger.Row) error) error {
		for i := range many {
			if err := give(row(i)); err != nil {
				return err
			}
		}
		return nil
	}, func(got *ledger.Row) error {
		i--
		if want := told(row(i)); told(got) != want {
			return fmt.Errorf("%s became %s", want, told(got))
		}
		return nil
	})
	if err != nil || i != 0 {
		t.Errorf("%d are missing: %v", i, err)
	}
}

// The rows are those that the viewer sees, and all have been read when the first is taken.
func TestEachRow_isReadAtOnceForWhoAsks(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		w := newWorld(t, databasetest.Open(t, location), "USD", "America/New_York")
		w.refersMany()
		renamed := 0
		count := func(ctx context.Context) (rows int) {
			w.must(w.ledger.EachRow(ctx, w.network, ledger.Range{From: day("2026-01-05"), To: day("2026-01-31")}, ledger.Filter{}, ledger.LatestFirst, func(row *ledger.Row) error {
				if rows++; rows == 1 {
					renamed++
					w.tamper("UPDATE partner SET name = ? WHERE id = 1001", fmt.Sprint("renamed ", renamed))
				}
				if row.ReferredName == fmt.Sprint("renamed ", renamed) {
					return errors.New("it was renamed after the first row")
				}
				return nil
			}))
			return rows
		}
		w.ids["bob"] = 1000
		if everybody, alice, bob := count(w.admin()), count(w.as("alice")), count(w.as("bob")); everybody != manyReferrals || alice != manyReferrals || bob != 0 {
			t.Errorf("the admin is told %d rows, alice %d, bob %d", everybody, alice, bob)
		}
	})
}
