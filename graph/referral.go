package graph

import (
	"context"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/graph/generated/model"
	"partner.example/referrals/graph/scalar"
)

// ID is opaque.
func (r referralResolver) ID(_ context.Context, ref *ent.Referral) (*scalar.ID, error) {
	return idOf(scalar.Referral, ref.ID)
}

// Referrer is who referred.
func (r referralResolver) Referrer(ctx context.Context, ref *ent.Referral) (*ent.Partner, error) {
	return one(ctx, loadersOf(ctx).partner, ref.ReferrerID, "partner")
}

// Referred is who was referred.
func (r referralResolver) Referred(ctx context.Context, ref *ent.Referral) (*ent.Partner, error) {
	return one(ctx, loadersOf(ctx).partner, ref.ReferredID, "partner")
}

// Status tells whether Referred By still holds.
func (r referralResolver) Status(_ context.Context, ref *ent.Referral) (commission.ReferralStatus, error) {
	if ref.EndedAt != nil {
		return commission.ReferralInactive, nil
	}
	return commission.ReferralActive, nil
}

// Terms is the referral's rows of the report.
func (r referralResolver) Terms(ctx context.Context, ref *ent.Referral) ([]*ent.ReferralTerm, error) {
	terms, err := loadersOf(ctx).terms.Load(ctx, ref.ID)
	ahead(ctx, "ReferralTerm", terms)
	return terms, err
}

// AssignReferredBy sets or changes Referred By.
func (r mutationResolver) AssignReferredBy(ctx context.Context, input model.AssignReferredByInput) (*model.AssignReferredByPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	partner, referral, err := r.Program.AssignReferredBy(ctx, v.NetworkID, program.ReferredBy{
		PartnerID: input.Partner.Of(scalar.Partner), ReferrerID: input.Referrer.Of(scalar.Partner),
		Unbilled: or(input.Unbilled, program.Keep), Reason: or(input.Reason, ""),
	})
	if err != nil {
		return nil, err
	}
	return &model.AssignReferredByPayload{Partner: partner, Referral: referral}, nil
}

// RemoveReferredBy clears Referred By.
func (r mutationResolver) RemoveReferredBy(ctx context.Context, input model.RemoveReferredByInput) (*model.PartnerPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return payload(r.Program.RemoveReferredBy(ctx, v.NetworkID, input.Partner.Of(scalar.Partner), or(input.Unbilled, program.Keep), or(input.Reason, "")))
}

// ID is opaque.
func (r referralTermResolver) ID(_ context.Context, t *ent.ReferralTerm) (*scalar.ID, error) {
	return idOf(scalar.Term, t.ID)
}

// Referral is the one whose term it is.
func (r referralTermResolver) Referral(ctx context.Context, t *ent.ReferralTerm) (*ent.Referral, error) {
	return one(ctx, loadersOf(ctx).referral, t.ReferralID, "referral")
}

// Referrer is who earns.
func (r referralTermResolver) Referrer(ctx context.Context, t *ent.ReferralTerm) (*ent.Partner, error) {
	ref, err := r.Referral(ctx, t)
	if err != nil {
		return nil, err
	}
	return one(ctx, loadersOf(ctx).partner, ref.ReferrerID, "partner")
}

// Structure is how the term pays.
func (r referralTermResolver) Structure(ctx context.Context, t *ent.ReferralTerm) (*ent.CommissionStructure, error) {
	return one(ctx, loadersOf(ctx).structure, t.StructureID, "structure")
}

// ClosedAt is when the term was stopped or, since another follows it, superseded.
func (r referralTermResolver) ClosedAt(ctx context.Context, t *ent.ReferralTerm) (*time.Time, error) {
	if t.StoppedAt != nil {
		return t.StoppedAt, nil
	}
	return maybe(ctx, loadersOf(ctx).superseded, &t.ID)
}

// Days is what the term counted, day by day.
func (r referralTermResolver) Days(ctx context.Context, t *ent.ReferralTerm, from, to commission.Date) ([]*ledger.Day, error) {
	asked := termIn{t.ID, ledger.Range{From: from, To: to}}
	if err := asked.days.CheckDays(); err != nil {
		return nil, err
	}
	structure, err := r.Structure(ctx, t)
	if err != nil {
		return nil, err
	}
	n, err := one(ctx, loadersOf(ctx).network, t.NetworkID, "network")
	if err != nil {
		return nil, err
	}
	counted, err := loadersOf(ctx).termDays.Load(ctx, asked)
	if err != nil {
		return nil, err
	}
	days := make([]*ledger.Day, 0, len(counted))
	for _, sums := range counted {
		if day := ledger.TermDay(ctx, t.ID, n.Currency, ledger.StructureOf(structure), sums); day != nil {
			days = append(days, day)
		}
	}
	ahead(ctx, "TermDay", days)
	return days, nil
}
