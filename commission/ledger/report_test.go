package ledger_test

import (
	"context"
	"strconv"
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

// Structures are read while terms are. A term that a change of settings opened meanwhile has one that was not there yet.
func TestReport_knowsTheStructureOfATermThatCameMeanwhile(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		db := migrated(t, location)
		now := time.Date(2026, time.June, 1, 12, 0, 0, 0, time.UTC)
		l := &ledger.Ledger{DB: db, Now: func() time.Time { return now }}
		ctx := audit.Because(viewer.AsSystem(t.Context(), "test"), "test", "", now)
		change := func(work func(ctx context.Context, tx *database.Tx)) {
			t.Helper()
			if err := db.Transact(ctx, func(ctx context.Context, tx *database.Tx) error { work(ctx, tx); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		var made *ent.Network
		var referral *ent.Referral
		change(func(ctx context.Context, tx *database.Tx) {
			made = tx.Network.Create().SetName("Acme").SetCurrency("USD").SetTimeZone("UTC").SetChangedAt(now).SetCreatedAt(now).SaveX(ctx)
			partner := func(name string) int {
				return tx.Partner.Create().SetNetworkID(made.ID).SetName(name).SetSearchText(name).SetStatus(commission.PartnerActive).SetReferralCode(name).SetCreatedAt(now).SaveX(ctx).ID
			}
			referral = tx.Referral.Create().SetNetworkID(made.ID).SetReferrerID(partner("Ann")).SetReferredID(partner("Bob")).SetSource(commission.SourceManual).SetStartedAt(now).SaveX(ctx)
		})
		pay := func(rate int64) {
			change(func(ctx context.Context, tx *database.Tx) {
				structure := tx.CommissionStructure.Create().SetNetworkID(made.ID).SetCanonical(strconv.FormatInt(rate, 10)).SetType(commission.TypePercentage).
					SetRate(new(decimal.NewFromInt(rate))).SetBasis(commission.Payout).SetCreatedAt(now).SaveX(ctx)
				now = now.Add(time.Minute)
				tx.ReferralTerm.Create().SetNetworkID(made.ID).SetReferralID(referral.ID).SetStructureID(structure.ID).SetReferredDate(now).SaveX(ctx)
			})
		}
		pay(10)
		report, err := l.ReportAfter(ctx, made, ledger.Range{From: commission.NewDate(2026, 6, 1), To: commission.NewDate(2026, 6, 30)}, func() { pay(20) })
		if err != nil {
			t.Fatal(err)
		}
		rows, err := l.Rows(ctx, report, report.Keys())
		if err != nil || len(rows) != 2 {
			t.Fatalf("the report has the rows %v (%v), want one for each setting", rows, err)
		}
		for i, want := range []string{"10% of payout", "20% of payout"} {
			if s := report.Structures[rows[i].StructureID]; s == nil || ledger.StructureOf(s).Summary("USD") != want {
				t.Errorf("row %d pays by %v, want %s", i, s, want)
			}
		}
	})
}
