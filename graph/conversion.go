package graph

import (
	"context"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission/ledger"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/graph/generated/model"
	"partner.example/referrals/graph/page"
	"partner.example/referrals/graph/scalar"
)

// ID is opaque.
func (r conversionResolver) ID(_ context.Context, c *ent.Conversion) (*scalar.ID, error) {
	return idOf(scalar.Converted, c.ID)
}

// Partner is who generated it.
func (r conversionResolver) Partner(ctx context.Context, c *ent.Conversion) (*ent.Partner, error) {
	return one(ctx, loadersOf(ctx).partner, c.PartnerID, "partner")
}

// Revenue is what the network earns.
func (r conversionResolver) Revenue(ctx context.Context, c *ent.Conversion) (*decimal.Decimal, error) {
	return r.exact(ctx, c.NetworkID, c.Revenue)
}

// Payout is what the partner earns.
func (r conversionResolver) Payout(ctx context.Context, c *ent.Conversion) (*decimal.Decimal, error) {
	return r.exact(ctx, c.NetworkID, c.Payout)
}

// Adjusts is the conversion that an adjustment names.
func (r conversionResolver) Adjusts(ctx context.Context, c *ent.Conversion) (*ent.Conversion, error) {
	return maybe(ctx, loadersOf(ctx).conversion, c.AdjustsID)
}

// Reason is why it was adjusted.
func (r conversionResolver) Reason(_ context.Context, c *ent.Conversion) (*string, error) {
	return textOf(c.Reason), nil
}

// ConversionList is what the day is the sum of.
func (r termDayResolver) ConversionList(ctx context.Context, day *ledger.Day, first *int32, after *string) (*page.Conversions, error) {
	return r.conversions(ctx, day.Counted(), first, after)
}

// conversions is a page of what is counted together.
func (r *Resolver) conversions(ctx context.Context, in ledger.Counted, first *int32, after *string) (*page.Conversions, error) {
	window, err := page.Read(first, after)
	if err != nil {
		return nil, err
	}
	rows, err := loadersOf(ctx).conversions.Load(ctx, conversionPage(in, window))
	if err != nil {
		return nil, err
	}
	ahead(ctx, "Conversion", rows)
	total, err := loadersOf(ctx).conversionsIn.Load(ctx, in)
	return page.Of(window, rows, total, func(c *ent.Conversion) page.Position { return page.Position{Row: c.ID} }), err
}

// conversionPage is the page of the conversions of a sum in a window.
func conversionPage(in ledger.Counted, window page.Window) conversionsOf {
	of := conversionsOf{Counted: in, first: window.First}
	if window.After != nil {
		of.after = window.After.Row
	}
	return of
}

// RecordConversions records conversions, all or none.
func (r mutationResolver) RecordConversions(ctx context.Context, conversions []*model.ConversionInput) (*ledger.Recorded, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	rows := rowsOf(ctx, "conversions")
	for _, c := range conversions {
		rows = append(rows, ledger.Conversion{
			ExternalID: c.ExternalID, PartnerID: c.Partner.Of(scalar.Partner), OccurredAt: c.OccurredAt, Revenue: c.Revenue, Payout: c.Payout,
		})
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
