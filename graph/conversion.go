package graph

import (
	"context"

	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/graph/generated/model"
	"partner.example/referrals/graph/scalar"
)

// RecordConversions records conversions, all or none.
func (r mutationResolver) RecordConversions(ctx context.Context, conversions []*model.ConversionInput) (*ledger.Recorded, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]ledger.Conversion, len(conversions))
	for i, c := range conversions {
		rows[i] = ledger.Conversion{
			ExternalID: c.ExternalID, PartnerID: c.Partner.Of(scalar.Partner), OccurredAt: c.OccurredAt, Revenue: c.Revenue, Payout: c.Payout,
		}
	}
	recorded, err := r.Ledger.RecordConversions(ctx, v.NetworkID, rows)
	return &recorded, err
}

// RecordAdjustments records adjustments, all or none.
func (r mutationResolver) RecordAdjustments(ctx context.Context, adjustments []*model.AdjustmentInput) (*ledger.Recorded, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]ledger.Adjustment, len(adjustments))
	for i, a := range adjustments {
		rows[i] = ledger.Adjustment{
			ExternalID: a.ExternalID, Adjusts: a.Adjusts, OccurredAt: a.OccurredAt, Revenue: a.Revenue, Payout: a.Payout, Reason: or(a.Reason, ""),
		}
	}
	recorded, err := r.Ledger.RecordAdjustments(ctx, v.NetworkID, rows)
	return &recorded, err
}
