package graph

import (
	"context"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/conversion"
)

// Conversion is one of the network's, by the id under which the tracking platform knows it.
func (r networkResolver) Conversion(ctx context.Context, n *ent.Network, externalID string) (*ent.Conversion, error) {
	found, err := r.DB.Conversion.Query().Where(conversion.NetworkID(n.ID), conversion.ExternalID(externalID)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, commission.ErrNotFound("externalId", "conversion")
	}
	aheadOf(ctx, "Conversion", found)
	return found, err
}

// ReferralCommission says why it earned what it did. To whom the referral is closed, so is what it earned.
func (r conversionResolver) ReferralCommission(ctx context.Context, c *ent.Conversion) (*ledger.Explained, error) {
	told, err := loadersOf(ctx).explained.Load(ctx, c)
	if err != nil || told.ReferralID == 0 {
		return told, err
	}
	referral, err := maybe(ctx, loadersOf(ctx).referral, &told.ReferralID)
	if err != nil || referral == nil {
		return nil, err
	}
	return told, nil
}

// explain explains conversions, those of each network together.
func (r *Resolver) explain(ctx context.Context, conversions []*ent.Conversion) (map[*ent.Conversion]*ledger.Explained, error) {
	byNetwork := map[int][]*ent.Conversion{}
	for _, c := range conversions {
		byNetwork[c.NetworkID] = append(byNetwork[c.NetworkID], c)
	}
	all := make(map[*ent.Conversion]*ledger.Explained, len(conversions))
	for networkID, some := range byNetwork {
		n, err := one(ctx, loadersOf(ctx).network, networkID, "network")
		if err != nil {
			return nil, err
		}
		told, err := r.Ledger.Explain(ctx, n, some)
		if err != nil {
			return nil, err
		}
		for _, c := range some {
			all[c] = told[c.ID]
		}
	}
	return all, nil
}

// PayoutLine is the line that pays the partner's own payout.
func (r conversionResolver) PayoutLine(ctx context.Context, c *ent.Conversion) (*ent.InvoiceLine, error) {
	line, err := loadersOf(ctx).payoutLine.Load(ctx, c.EarningDayID)
	if isMissing(err) {
		return nil, nil //nolint:nilnil // none does yet
	}
	if err != nil {
		return nil, err
	}
	return maybe(ctx, loadersOf(ctx).line, &line)
}

// Referral is the one that it is about.
func (r referralCommissionResolver) Referral(ctx context.Context, told *ledger.Explained) (*ent.Referral, error) {
	return maybe(ctx, loadersOf(ctx).referral, &told.ReferralID)
}

// Term is the one in which the conversion counts.
func (r referralCommissionResolver) Term(ctx context.Context, told *ledger.Explained) (*ent.ReferralTerm, error) {
	return maybe(ctx, loadersOf(ctx).term, &told.TermID)
}

// Line is the one that pays it.
func (r referralCommissionResolver) Line(ctx context.Context, told *ledger.Explained) (*ent.InvoiceLine, error) {
	return maybe(ctx, loadersOf(ctx).line, &told.LineID)
}

// Invoice is the one that pays it.
func (r referralCommissionResolver) Invoice(ctx context.Context, told *ledger.Explained) (*ent.Invoice, error) {
	line, err := r.Line(ctx, told)
	if err != nil || line == nil {
		return nil, err
	}
	return maybe(ctx, loadersOf(ctx).invoice, &line.InvoiceID)
}
