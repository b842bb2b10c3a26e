package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/program"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/partner"
	"partner.example/referrals/ent/generated/predicate"
	"partner.example/referrals/graph/generated/model"
	"partner.example/referrals/graph/page"
	"partner.example/referrals/graph/scalar"
)

// Structure is the Global Setting.
func (r referralSettingsResolver) Structure(ctx context.Context, n *ent.Network) (*ent.CommissionStructure, error) {
	return maybe(ctx, loadersOf(ctx).structure, n.ReferralStructureID)
}

// UpdatedBy is the name of an account.
func (r referralSettingsResolver) UpdatedBy(_ context.Context, n *ent.Network) (*string, error) {
	return textOf(n.ReferralSettingsUpdatedBy), nil
}

// UpdateReferralSettings changes the switch and the Global Setting.
func (r mutationResolver) UpdateReferralSettings(ctx context.Context, input model.UpdateReferralSettingsInput) (*model.UpdateReferralSettingsPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	saved, outcome, err := r.Program.UpdateReferralSettings(ctx, v.NetworkID, settingsOf(input))
	if err != nil {
		return nil, err
	}
	return &model.UpdateReferralSettingsPayload{ReferralSettings: saved, Impact: &outcome.Impact, DatedChange: outcome.Dated}, nil
}

// UpdatePartnerReferralSetting changes how one referrer is paid.
func (r mutationResolver) UpdatePartnerReferralSetting(ctx context.Context, input model.UpdatePartnerReferralSettingInput) (*model.UpdatePartnerReferralSettingPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	saved, outcome, err := r.Program.UpdatePartnerReferralSetting(ctx, v.NetworkID, settingOf(input))
	if err != nil {
		return nil, err
	}
	return &model.UpdatePartnerReferralSettingPayload{Partner: saved, Impact: &outcome.Impact, DatedChange: outcome.Dated}, nil
}

// PreviewReferralSettings says what a change of them would do.
func (r networkResolver) PreviewReferralSettings(ctx context.Context, n *ent.Network, input model.UpdateReferralSettingsInput) (*program.Impact, error) {
	impact, err := r.Program.PreviewReferralSettings(ctx, n.ID, settingsOf(input))
	return &impact, err
}

// PreviewPartnerReferralSetting says what a change of it would do.
func (r networkResolver) PreviewPartnerReferralSetting(ctx context.Context, n *ent.Network, input model.UpdatePartnerReferralSettingInput) (*program.Impact, error) {
	impact, err := r.Program.PreviewPartnerReferralSetting(ctx, n.ID, settingOf(input))
	return &impact, err
}

func settingsOf(input model.UpdateReferralSettingsInput) program.ReferralSettings {
	change := program.ReferralSettings{
		Version: int(input.Version), ReviveExpired: or(input.ReviveExpired, false), DisableCustom: or(input.DisableCustom, false),
		Reach: reachOf(input.EffectiveOn, input.ApplyTo), Reason: or(input.Reason, ""),
	}
	if enabled, ok := given(input.Enabled); ok {
		change.Enabled = program.Some(enabled)
	}
	if structure, set := input.Structure.ValueOK(); set {
		change.Structure = program.Some(structureOf(structure))
	}
	return change
}

func settingOf(input model.UpdatePartnerReferralSettingInput) program.PartnerReferralSetting {
	change := program.PartnerReferralSetting{
		PartnerID: input.Partner.Of(scalar.Partner), Version: int(input.Version), Mode: input.Mode,
		ReviveExpired: or(input.ReviveExpired, false), Reach: reachOf(input.EffectiveOn, input.ApplyTo), Reason: or(input.Reason, ""),
	}
	if structure, set := input.Structure.ValueOK(); set {
		change.Structure = program.Some(structureOf(structure))
	}
	return change
}

func reachOf(effectiveOn graphql.Omittable[*commission.Date], applyTo graphql.Omittable[*commission.ApplyTo]) program.Reach {
	return program.Reach{EffectiveOn: effectiveOn.Value(), ApplyTo: or(applyTo, commission.ToAll)}
}

// structureOf reads a structure; null clears. Whether it is a right one is for the rules to say. A variable may hold
// both kinds of commission, or neither: then it has none.
func structureOf(input *model.CommissionStructureInput) *commission.Structure {
	if input == nil {
		return nil
	}
	structure := &commission.Structure{MinimumEarnings: input.MinimumEarnings.Value()}
	flat, percentage := input.Commission.FlatFee, input.Commission.Percentage
	switch {
	case flat.IsSet() == percentage.IsSet():
	case flat.Value() != nil:
		structure.Commission = commission.FlatFee{Amount: flat.Value().Amount}
	case percentage.Value() != nil:
		structure.Commission = commission.Percentage{Rate: percentage.Value().Rate, Basis: percentage.Value().Basis}
	}
	if duration := input.Duration.Value(); duration != nil {
		structure.Duration = &commission.Duration{Value: int(duration.Value), Unit: duration.Unit}
	}
	return structure
}

// CostBefore is what the last days would have cost under what pays before the change.
func (r settingsImpactResolver) CostBefore(ctx context.Context, impact *program.Impact) (*decimal.Decimal, error) {
	cost, err := loadersOf(ctx).cost.Load(ctx, impact)
	return &cost.before, err
}

// CostAfter is what they would have cost under what pays after it.
func (r settingsImpactResolver) CostAfter(ctx context.Context, impact *program.Impact) (*decimal.Decimal, error) {
	cost, err := loadersOf(ctx).cost.Load(ctx, impact)
	return &cost.after, err
}

// cost is that of the last days, before and after a change.
type cost struct{ before, after decimal.Decimal }

func (r *Resolver) costs(ctx context.Context, impacts []*program.Impact) (map[*program.Impact]cost, error) {
	costs := make(map[*program.Impact]cost, len(impacts))
	for _, impact := range impacts { // there is one: both of its fields ask for it
		before, after, err := r.Program.Cost(ctx, *impact)
		if err != nil {
			return nil, err
		}
		costs[impact] = cost{before, after}
	}
	return costs, nil
}

// CustomPartners is the partners that a change does not touch.
func (r settingsImpactResolver) CustomPartners(ctx context.Context, impact *program.Impact, first *int32, after *string) (*page.Partners, error) {
	return r.partners(ctx, impact.CustomOf, []predicate.Partner{partner.ReferralModeEQ(commission.Custom)}, first, after)
}
