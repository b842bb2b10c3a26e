package graph

import (
	"context"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/graph/scalar"
)

// ID is opaque.
func (r commissionStructureResolver) ID(_ context.Context, s *ent.CommissionStructure) (*scalar.ID, error) {
	return idOf(scalar.Structure, s.ID)
}

// Summary says the structure in words.
func (r commissionStructureResolver) Summary(ctx context.Context, s *ent.CommissionStructure) (string, error) {
	n, err := one(ctx, loadersOf(ctx).network, s.NetworkID, "network")
	if err != nil {
		return "", err
	}
	return ledger.StructureOf(s).Summary(n.Currency), nil
}

// Commission is what is paid.
func (r commissionStructureResolver) Commission(ctx context.Context, s *ent.CommissionStructure) (commission.Commission, error) {
	n, err := one(ctx, loadersOf(ctx).network, s.NetworkID, "network")
	if err != nil {
		return nil, err
	}
	return ledger.StructureOf(s).Exact(n.Currency).Commission, nil
}

// MinimumEarnings is what must have been generated first.
func (r commissionStructureResolver) MinimumEarnings(ctx context.Context, s *ent.CommissionStructure) (*decimal.Decimal, error) {
	n, err := one(ctx, loadersOf(ctx).network, s.NetworkID, "network")
	if err != nil {
		return nil, err
	}
	return ledger.StructureOf(s).Exact(n.Currency).MinimumEarnings, nil
}

// Duration is how long a term earns.
func (r commissionStructureResolver) Duration(_ context.Context, s *ent.CommissionStructure) (*commission.Duration, error) {
	return ledger.StructureOf(s).Duration, nil
}
