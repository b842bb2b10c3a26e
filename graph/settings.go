package graph

import (
	"context"

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
	change := program.ReferralSettings{
		Version: int(input.Version), ReviveExpired: or(input.ReviveExpired, false), DisableCustom: or(input.DisableCustom, false), Reason: or(input.Reason, ""),
	}
	if enabled, ok := given(input.Enabled); ok {
		change.Enabled = program.Some(enabled)
	}
	if structure, set := input.Structure.ValueOK(); set {
		change.Structure = program.Some(structureOf(structure))
	}
	saved, impact, err := r.Program.UpdateReferralSettings(ctx, v.NetworkID, change)
	if err != nil {
		return nil, err
	}
	return &model.UpdateReferralSettingsPayload{ReferralSettings: saved, Impact: &impact}, nil
}

// UpdatePartnerReferralSetting changes how one referrer is paid.
func (r mutationResolver) UpdatePartnerReferralSetting(ctx context.Context, input model.UpdatePartnerReferralSettingInput) (*model.UpdatePartnerReferralSettingPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	change := program.PartnerReferralSetting{
		PartnerID: input.Partner.Of(scalar.Partner), Version: int(input.Version), Mode: input.Mode,
		ReviveExpired: or(input.ReviveExpired, false), Reason: or(input.Reason, ""),
	}
	if structure, set := input.Structure.ValueOK(); set {
		change.Structure = program.Some(structureOf(structure))
	}
	saved, impact, err := r.Program.UpdatePartnerReferralSetting(ctx, v.NetworkID, change)
	if err != nil {
		return nil, err
	}
	return &model.UpdatePartnerReferralSettingPayload{Partner: saved, Impact: &impact}, nil
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

// CustomPartners is the partners that a change did not touch.
func (r settingsImpactResolver) CustomPartners(ctx context.Context, impact *program.Impact, first *int32, after *string) (*page.Partners, error) {
	return r.partners(ctx, []predicate.Partner{partner.NetworkID(impact.CustomOf), partner.ReferralModeEQ(commission.Custom)}, first, after)
}
