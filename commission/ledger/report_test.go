package ledger_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/audit"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/viewer"
)

var june = ledger.Range{From: commission.NewDate(2026, 6, 1), To: commission.NewDate(2026, 6, 30)}

// books is a network whose rows a test writes itself.
type books struct {
	*testing.T
	db      *database.Database
	ledger  *ledger.Ledger
	ctx     context.Context
	now     time.Time
	network *ent.Network
}

func newBooks(t *testing.T, location string) *books {
	t.Helper()
	b := &books{T: t, db: databasetest.Open(t, location), now: time.Date(2026, time.June, 1, 12, 0, 0, 0, time.UTC)}
	b.ledger = &ledger.Ledger{DB: b.db, Now: func() time.Time { return b.now }}
	b.ctx = audit.Because(viewer.AsSystem(t.Context(), "test"), "test", "", b.now)
	b.write(func(ctx context.Context, tx *database.Tx) {
		b.network = tx.Network.Create().SetName("Acme").SetCurrency("USD").SetTimeZone("UTC").SetChangedAt(b.now).SetCreatedAt(b.now).SaveX(ctx)
	})
	return b
}

func (b *books) write(work func(ctx context.Context, tx *database.Tx)) {
	b.Helper()
	if err := b.db.Transact(b.ctx, func(ctx context.Context, tx *database.Tx) error { work(ctx, tx); return nil }); err != nil {
		b.Fatal(err)
	}
}

// partners makes one of each name, each by itself: on a cluster the ids of several are not one after the other.
func (b *books) partners(names ...string) (ids []int) {
	b.Helper()
	b.write(func(ctx context.Context, tx *database.Tx) {
		for _, name := range names {
			ids = append(ids, tx.Partner.Create().SetNetworkID(b.network.ID).SetName(name).SetSearchText(name).SetStatus(commission.PartnerActive).
				SetReferralCode(name).SetCreatedAt(b.now).SaveX(ctx).ID)
		}
	})
	return ids
}

// referrals has a referrer refer partners.
func (b *books) referrals(referrer int, referred ...int) (ids []int) {
	b.Helper()
	b.write(func(ctx context.Context, tx *database.Tx) {
		for _, partner := range referred {
			ids = append(ids, tx.Referral.Create().SetNetworkID(b.network.ID).SetReferrerID(referrer).SetReferredID(partner).SetSource(commission.SourceManual).
				SetStartedAt(b.now).SaveX(ctx).ID)
		}
	})
	return ids
}

// structure pays so many percent of the payout, from some minimum earnings on; 0: from the first cent.
func (b *books) structure(rate, minimum int64) (id int) {
	b.Helper()
	b.write(func(ctx context.Context, tx *database.Tx) {
		create := tx.CommissionStructure.Create().SetNetworkID(b.network.ID).SetCanonical(fmt.Sprint(rate, " from ", minimum)).SetType(commission.TypePercentage).
			SetRate(new(decimal.NewFromInt(rate))).SetBasis(commission.Payout).SetCreatedAt(b.now)
		if minimum != 0 {
			create.SetMinimumEarnings(new(decimal.NewFromInt(minimum)))
		}
		id = create.SaveX(ctx).ID
	})
	return id
}

// term opens a term of a referral a minute after the last one, and has each month of it count a payout, June first.
func (b *books) term(referral, structure int, payouts []int64, more ...func(*ent.ReferralTermCreate)) (id int) {
	b.Helper()
	b.now = b.now.Add(time.Minute)
	b.write(func(ctx context.Context, tx *database.Tx) {
		create := tx.ReferralTerm.Create().SetNetworkID(b.network.ID).SetReferralID(referral).SetStructureID(structure).SetReferredDate(b.now)
		for _, set := range more {
			set(create)
		}
		id = create.SaveX(ctx).ID
		rows := tx.Rows("term_month", "network_id", "month", "term_id", "line_id", "conversions", "revenue", "payout", "fee")
		for i, payout := range payouts {
			rows.Add(b.network.ID, int32(june.From.AddMonths(-i).Month()), id, 0, 1, 2_000_000*payout, 1_000_000*payout, 0)
		}
		if err := tx.Insert(ctx, rows); err != nil {
			b.Fatal(err)
		}
	})
	return id
}

// thresholds is the rows of a report, with how far each is to its minimum earnings; none has the row of a term without.
func (b *books) thresholds(report *ledger.Report, err error) ([]*ledger.Row, map[int]string) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	pages, err := b.ledger.Pages(b.ctx, ledger.Page{Report: report, Keys: report.Keys()})
	if err != nil {
		b.Fatal(err)
	}
	rows := pages[0]
	progress := map[int]string{}
	for _, row := range rows {
		if row.Threshold != nil {
			progress[row.TermID] = row.Threshold.Progress.String() + " of " + row.Threshold.Target.String()
		}
	}
	return rows, progress
}

// The thresholds of a referrer of few are measured with its terms, and those of a network when they are known.
func TestReport_measuresThresholdsOfAReferrerAsThoseOfTheNetwork(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		b := newBooks(t, location)
		partners := b.partners("Ann", "Bob", "Cid", "Dan", "Eve", "Fay", "Gus", "Zoe", "Hal")
		ann, zoe := partners[0], partners[7]
		of := b.referrals(ann, partners[1:7]...)
		elsewhere := b.referrals(zoe, partners[8])
		closed := func(reason commission.CloseReason) func(*ent.ReferralTermCreate) {
			return func(term *ent.ReferralTermCreate) { term.SetStoppedAt(b.now).SetStopReason(reason) }
		}
		granted := func(grant int) func(*ent.ReferralTermCreate) {
			return func(term *ent.ReferralTermCreate) { term.SetGrantID(grant) }
		}
		free, low, high := b.structure(5, 0), b.structure(10, 100), b.structure(10, 200)
		want := map[int]string{}
		want[b.term(of[0], low, []int64{30, 40})] = "70 of 100"
		b.term(of[0], free, []int64{5})
		want[b.term(of[0], high, []int64{60, -10})] = "125 of 200" // with both before it
		want[b.term(of[1], low, []int64{100}, closed(commission.ReferralEnded))] = "100 of 100"
		want[b.term(of[2], low, []int64{7}, granted(1))] = "0 of 100"
		want[b.term(of[2], low, []int64{20})] = "20 of 100" // what was granted counts for none
		want[b.term(of[2], low, []int64{9}, granted(2))] = "20 of 100"
		b.term(of[2], low, []int64{9}, granted(3), closed(commission.Revoked))
		want[b.term(of[3], high, nil)] = "0 of 200"
		b.term(of[4], free, []int64{500})
		hers := maps.Clone(want)
		want[b.term(elsewhere[0], low, []int64{50})] = "50 of 100"

		all, got := b.thresholds(b.ledger.Report(b.ctx, b.network, june, ledger.Filter{}))
		if !maps.Equal(got, want) {
			t.Errorf("the network's thresholds are %v, want %v", got, want)
		}
		own, got := b.thresholds(b.ledger.Report(b.ctx, b.network, june, ledger.Filter{ReferrerID: ann}))
		if !maps.Equal(got, hers) {
			t.Errorf("the referrer's thresholds are %v, want %v", got, hers)
		}
		for i, row := range own {
			if row.State != all[i].State || !row.Unbilled.Equal(all[i].Unbilled) || !row.BelowThreshold.Equal(all[i].BelowThreshold) {
				t.Errorf("the referrer's row %+v differs from the network's %+v", row, all[i])
			}
		}
		_, got = b.thresholds(b.ledger.Report(b.ctx, b.network, june, ledger.Filter{ReferrerID: ann, States: []commission.State{commission.BelowThreshold}}))
		if below := []string{"0 of 200", "125 of 200", "20 of 100"}; !slices.Equal(slices.Sorted(maps.Values(got)), below) {
			t.Errorf("below their thresholds are terms with %v, want %v", got, below)
		}
	})
}

// Of a referrer of few all is read with the terms; of many, neither are all partners read nor all thresholds measured at once.
func TestReport_ofManyReferralsIsAsThatOfFew(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		b := newBooks(t, location)
		structure := b.structure(10, 100)
		for _, count := range []int{ledger.FewReferrals, ledger.FewReferrals + 1, ledger.MeasuredAtOnce + 10} {
			names := make([]string, count+1)
			for i := range names {
				names[i] = fmt.Sprintf("%d of %d", i, count)
			}
			partners := b.partners(names...)
			referrer := partners[0]
			referrals := b.referrals(referrer, partners[1:]...)
			b.write(func(ctx context.Context, tx *database.Tx) {
				terms := tx.Rows("referral_term", "network_id", "referral_id", "structure_id", "referred_date")
				for _, referral := range referrals {
					terms.Add(b.network.ID, referral, structure, b.now)
				}
				if err := tx.Insert(ctx, terms); err != nil {
					t.Fatal(err)
				}
				_, err := tx.ExecContext(ctx, `
					INSERT INTO term_month (network_id, month, term_id, line_id, conversions, revenue, payout, fee)
					SELECT t.network_id, ?, t.id, 0, 1, 0, 1000000 * (t.id % 200), 0 FROM referral_term t JOIN referral r ON r.id = t.referral_id WHERE r.referrer_id = ?`,
					int32(june.From.Month()), referrer)
				if err != nil {
					t.Fatal(err)
				}
			})
			for _, named := range []bool{true, count <= ledger.FewReferrals} { // at first nobody knows how many they are
				report, err := b.ledger.Report(b.ctx, b.network, june, ledger.Filter{ReferrerID: referrer})
				rows, progress := b.thresholds(report, err)
				if len(rows) != count || (rows[0].ReferredName != "") != named {
					t.Errorf("of %d referrals there are %d rows, the first of which is named %q before it was asked for", count, len(rows), rows[0].ReferredName)
				}
				if err := b.ledger.Name(b.ctx, rows); err != nil {
					t.Fatal(err)
				}
				below := decimal.Zero
				for i, row := range rows {
					if row.ReferrerName != names[0] || row.ReferredName != names[i+1] || row.ReferrerStatus != commission.PartnerActive || row.ReferredStatus != commission.PartnerActive {
						t.Errorf("row %d is of %s %q and %s %q", i, row.ReferrerStatus, row.ReferrerName, row.ReferredStatus, row.ReferredName)
					}
					if want := fmt.Sprintf("%d of 100", row.TermID%200); progress[row.TermID] != want {
						t.Errorf("row %d is at %s, want %s", i, progress[row.TermID], want)
					}
					if row.TermID%200 < 100 {
						below = below.Add(decimal.New(int64(row.TermID%200), -1))
					}
				}
				if !report.Totals.BelowThreshold.Equal(below) {
					t.Errorf("of %d referrals %s is below its threshold, want %s", count, report.Totals.BelowThreshold, below)
				}
			}
		}
	})
}

// Of more rows each core computes a part. Whoever adds up the rows that are shown has the totals [P4].
func TestReport_totalsAreThoseOfItsRows(t *testing.T) {
	third := commission.Structure{Commission: commission.Percentage{Rate: decimal.New(3333, -2), Basis: commission.Payout}}
	for _, count := range []int{0, 1, ledger.FewRows, ledger.FewRows + 1, 3*ledger.FewRows + 7} {
		payouts := make([]int64, count)
		for i := range payouts {
			if i%3 != 0 {
				payouts[i] = int64(i%1000) * 12_345
			}
		}
		report, rows := ledger.ReportOf("USD", third, payouts)
		want := ledger.Totals{Rows: count}
		for i, row := range rows {
			if earned := commission.FromMicros(payouts[i]).Mul(decimal.New(3333, -4)).Round(2); !row.Unbilled.Equal(earned) || !row.Balance.Equal(earned) {
				t.Fatalf("row %d of %d shows %s and a balance of %s, want %s", i, count, row.Unbilled, row.Balance, earned)
			}
			want.Conversions += row.Conversions
			want.Unbilled = want.Unbilled.Add(row.Unbilled)
		}
		got := report.Totals
		if got.Rows != want.Rows || got.Conversions != want.Conversions || !got.Unbilled.Equal(want.Unbilled) || !got.Balance.Equal(want.Unbilled) || !got.Billed.IsZero() {
			t.Errorf("the totals of %d rows are %+v, want %d rows, %d conversions, %s unbilled", count, got, want.Rows, want.Conversions, want.Unbilled)
		}
	}
}

// Structures are read while terms are. A term that a change of settings opened meanwhile has one that was not there yet.
func TestReport_knowsTheStructureOfATermThatCameMeanwhile(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		b := newBooks(t, location)
		partners := b.partners("Ann", "Bob")
		referral := b.referrals(partners[0], partners[1])[0]
		b.term(referral, b.structure(10, 100), []int64{70})
		for i, filter := range []ledger.Filter{{}, {ReferrerID: partners[0]}} {
			meanwhile := func() { b.term(referral, b.structure(20+int64(i), 100), []int64{20}) }
			report, err := b.ledger.ReportAfter(b.ctx, b.network, june, filter, meanwhile)
			if err != nil {
				t.Fatal(err)
			}
			rows, progress := b.thresholds(report, nil)
			if len(rows) != 2+i {
				t.Fatalf("the report has the rows %v, want one for each setting", rows)
			}
			last := rows[1+i]
			want := fmt.Sprintf("%d%% of payout", 20+i)
			if s := report.Structures[last.StructureID]; s == nil || !strings.HasPrefix(ledger.StructureOf(s).Summary("USD"), want) {
				t.Errorf("the last row pays by %v, want %s", s, want)
			}
			if want := fmt.Sprintf("%d of 100", 90+20*i); progress[last.TermID] != want {
				t.Errorf("the last row is at %s, want %s", progress[last.TermID], want)
			}
		}
	})
}

// Structures are remembered while the network is as it was. A database that takes over may have lost the last one, and given its
// id to another.
func TestReport_remembersStructuresUntilTheNetworkChanges(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		b := newBooks(t, location)
		partners := b.partners("Ann", "Bob")
		structure := b.structure(10, 0)
		b.term(b.referrals(partners[0], partners[1])[0], structure, []int64{70})
		changed := *b.network
		changed.ChangedAt = changed.ChangedAt.Add(time.Microsecond)
		for _, of := range []struct {
			network *ent.Network
			want    string
		}{{b.network, "7"}, {b.network, "7"}, {&changed, "14"}} {
			report, err := b.ledger.Report(b.ctx, of.network, june, ledger.Filter{ReferrerID: partners[0]})
			if err != nil {
				t.Fatal(err)
			}
			if !report.Totals.Unbilled.Equal(decimal.RequireFromString(of.want)) {
				t.Errorf("unbilled are %s, want %s", report.Totals.Unbilled, of.want)
			}
			b.write(func(ctx context.Context, tx *database.Tx) {
				if _, err := tx.ExecContext(ctx, "UPDATE commission_structure SET rate = 20000000 WHERE id = ?", structure); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}
