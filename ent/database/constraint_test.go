package database_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/partner"
)

func TestUniqueKey_isWonByOneOfManyAtOnce(t *testing.T) {
	const writers = 16
	insert := map[string]func(ctx context.Context, tx *database.Tx, partner *ent.Partner) error{
		"by ent": func(ctx context.Context, tx *database.Tx, partner *ent.Partner) error {
			return newConversion(tx.Client, partner, "the same").Exec(ctx)
		},
		"by statement": func(ctx context.Context, tx *database.Tx, partner *ent.Partner) error {
			rows := tx.Rows("gate", "network_id", "stripe")
			rows.Add(partner.NetworkID, 99)
			return tx.Insert(ctx, rows)
		},
	}
	for way, insert := range insert {
		t.Run(way, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
				var won, lost atomic.Int64
				var all sync.WaitGroup
				start := make(chan struct{})
				for range writers {
					all.Go(func() {
						<-start
						err := change(db, func(ctx context.Context, tx *database.Tx) error { return insert(ctx, tx, partner) })
						switch {
						case err == nil:
							won.Add(1)
						case database.IsDuplicate(err):
							lost.Add(1)
						default:
							t.Errorf("not recognised as a duplicate: %v", err)
						}
					})
				}
				close(start)
				all.Wait()
				if won.Load() != 1 || lost.Load() != writers-1 {
					t.Errorf("%d won, %d lost; want 1 and %d", won.Load(), lost.Load(), writers-1)
				}
			})
		})
	}
}

func TestConstraints_areToldApart(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, first *ent.Partner) {
		newConversion(db.Client, first, "there").ExecX(system())
		second := newPartner(t, db, first.NetworkID, "second")
		elsewhere := &ent.Partner{ID: 999_999, NetworkID: first.NetworkID}
		cases := map[string]struct {
			err       error
			duplicate bool
		}{
			"a key of two columns": {newConversion(db.Client, first, "there").Exec(system()), true},
			"a key of one column": {change(db, func(ctx context.Context, tx *database.Tx) error {
				return createPartner(tx, first.NetworkID, first.ReferralCode).Exec(ctx)
			}), true},
			"a key, by an update":      {updatePartner(db, second.ID, func(p *ent.PartnerUpdateOne) { p.SetReferralCode(first.ReferralCode) }), true},
			"a foreign key":            {newConversion(db.Client, elsewhere, "new").Exec(system()), false},
			"a foreign key, by update": {updatePartner(db, first.ID, func(p *ent.PartnerUpdateOne) { p.SetReferredByID(elsewhere.ID) }), false},
		}
		for name, c := range cases {
			if !ent.IsConstraintError(c.err) || database.IsDuplicate(c.err) != c.duplicate {
				t.Errorf("%s: constraint %v, duplicate %v; want true, %v: %v",
					name, ent.IsConstraintError(c.err), database.IsDuplicate(c.err), c.duplicate, c.err)
			}
		}
		for name, err := range map[string]error{
			"nothing": nil, "another error": errors.New("duplicate"), "a row that is not there": updatePartner(db, elsewhere.ID, func(p *ent.PartnerUpdateOne) { p.SetName("x") }),
		} {
			if database.IsDuplicate(err) || ent.IsConstraintError(err) {
				t.Errorf("%s is taken for a broken constraint", name)
			}
		}
	})
}

func TestPrimaryKey_ofAStatementIsADuplicateToo(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		err := change(db, func(ctx context.Context, tx *database.Tx) error {
			rows := tx.Rows("term_month", "term_id", "network_id", "month", "line_id", "conversions", "revenue", "payout", "fee")
			rows.Add(7, partner.NetworkID, 0, 0, 0, 0, 0, 0)
			rows.Add(7, partner.NetworkID, 0, 0, 0, 0, 0, 0)
			return tx.Insert(ctx, rows)
		})
		if !database.IsDuplicate(err) {
			t.Errorf("not recognised as a duplicate: %v", err)
		}
	})
}

// Several rows without a value do not hurt a unique key: active_key and previous_id build on it.
func TestUniqueKey_letsRowsWithoutAValueStand(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, referrer *ent.Partner) {
		referred := newPartner(t, db, referrer.NetworkID, "referred")
		create := func(activeKey *int) error {
			return change(db, func(ctx context.Context, tx *database.Tx) error {
				return tx.Referral.Create().SetNetworkID(referrer.NetworkID).SetReferrerID(referrer.ID).SetReferredID(referred.ID).
					SetSource(commission.SourceManual).SetStartedAt(aDay).SetNillableActiveKey(activeKey).Exec(ctx)
			})
		}
		for _, key := range []*int{nil, nil, &referred.ID} {
			if err := create(key); err != nil {
				t.Error(err)
			}
		}
		if err := create(&referred.ID); !database.IsDuplicate(err) {
			t.Errorf("a second active referral of one partner: %v, want a duplicate", err)
		}
	})
}

// Terms are a chain: what two changes at once would open behind the same term is opened once [T2].
func TestChain_letsNoTermBeFollowedTwice(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, referrer *ent.Partner) {
		referred := newPartner(t, db, referrer.NetworkID, "referred")
		var referral *ent.Referral
		var structure *ent.CommissionStructure
		open := func(previous *int) error {
			return change(db, func(ctx context.Context, tx *database.Tx) error {
				return tx.ReferralTerm.Create().SetNetworkID(referrer.NetworkID).SetReferralID(referral.ID).SetStructureID(structure.ID).
					SetReferredDate(aDay).SetNillablePreviousID(previous).Exec(ctx)
			})
		}
		err := change(db, func(ctx context.Context, tx *database.Tx) (err error) {
			rate := decimal.RequireFromString("5")
			structure, err = tx.CommissionStructure.Create().SetNetworkID(referrer.NetworkID).SetCanonical("5% PAYOUT").SetType(commission.TypePercentage).
				SetRate(&rate).SetBasis(commission.Payout).SetCreatedAt(aDay).Save(ctx)
			if err == nil {
				referral, err = tx.Referral.Create().SetNetworkID(referrer.NetworkID).SetReferrerID(referrer.ID).SetReferredID(referred.ID).
					SetSource(commission.SourceManual).SetStartedAt(aDay).SetActiveKey(referred.ID).Save(ctx)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		first, grants := 0, (*int)(nil)
		for _, previous := range []*int{&first, grants, grants} {
			if err := open(previous); err != nil {
				t.Error(err)
			}
		}
		if err := open(&first); !database.IsDuplicate(err) {
			t.Errorf("a second first term: %v, want a duplicate", err)
		}
	})
}

// One referrer refers many: Referred By is no unique key, and setting it touches no other partner.
func TestReferredBy_isHeldByManyPartners(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, referrer *ent.Partner) {
		for _, code := range []string{"b", "c"} {
			referred := newPartner(t, db, referrer.NetworkID, code)
			if err := updatePartner(db, referred.ID, func(p *ent.PartnerUpdateOne) { p.SetReferredByID(referrer.ID) }); err != nil {
				t.Fatal(err)
			}
		}
		if got := db.Partner.GetX(system(), referrer.ID); got.ReferredByID != nil {
			t.Errorf("the referrer's own Referred By is %d, want none", *got.ReferredByID)
		}
		if got := db.Partner.Query().Where(partner.ReferredByID(referrer.ID)).CountX(system()); got != 2 {
			t.Errorf("%d referred partners, want 2", got)
		}
	})
}
