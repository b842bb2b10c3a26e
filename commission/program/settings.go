package program

import (
	"context"
	"fmt"

	"partner.example/referrals/commission"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/commissionstructure"
	"partner.example/referrals/ent/generated/partner"
	"partner.example/referrals/ent/viewer"
)

// Optional is a field of an input that may be absent, which leaves things as they are.
type Optional[T any] struct {
	Set   bool
	Value T
}

// Some is a field that was given.
func Some[T any](value T) Optional[T] { return Optional[T]{Set: true, Value: value} }

// Impact is what a change of settings did to the referrals.
type Impact struct {
	TermsClosed          int
	TermsOpened          int
	ReferralsLeftExpired int
	// CustomOf is the network whose CUSTOM partners the change did not touch; with the switch turned off, they
	// go on earning [S4]. 0: it touched them, or was one partner's and touched no other.
	CustomOf int

	reached
}

// ReferralSettings is a change of a network's Partner Referral settings [S1].
type ReferralSettings struct {
	Version       int // that the editor started from [S8]
	Enabled       Optional[bool]
	Structure     Optional[*commission.Structure] // nil: none
	ReviveExpired bool                            // open terms for expired referrals too [T3]
	DisableCustom bool                            // with Enabled false: CUSTOM partners become DISABLED [S4]
	Reach
	Reason string
}

// The names of the mutations, as the audit log has them.
const (
	updateReferralSettings       = "updateReferralSettings"
	updatePartnerReferralSetting = "updatePartnerReferralSetting"
)

// UpdateReferralSettings changes the switch and the Global Setting, and with them the terms of all the
// referrals whose referrer inherits them [S6, T2]; dated ahead, it is kept until its day, and nothing changes yet.
// For ADMIN.
func (p *Program) UpdateReferralSettings(ctx context.Context, networkID int, input ReferralSettings) (*ent.Network, Outcome, error) {
	var saved *ent.Network
	var outcome Outcome
	err := p.change(ctx, networkID, doing{action: updateReferralSettings, by: byAdmin, reason: input.Reason}, func(ctx context.Context, c *change) (err error) {
		saved, outcome.Dated, err = c.updateReferralSettings(ctx, input)
		outcome.Impact = c.impact
		return err
	}, &saved, &outcome.Impact, &outcome.Dated)
	return saved, outcome, err
}

func (c *change) updateReferralSettings(ctx context.Context, input ReferralSettings) (*ent.Network, *ent.DatedChange, error) {
	var wrong commission.Problems
	if input.Structure.Set && input.Structure.Value != nil {
		wrong.In("structure", input.Structure.Value.Check(c.network.Currency))
	}
	if input.DisableCustom && (!input.Enabled.Set || input.Enabled.Value) {
		wrong.Add("disableCustom", "goes with enabled: false alone")
	}
	asked := &ent.DatedChange{ChangesStructure: input.Structure.Set, ReviveExpired: input.ReviveExpired, DisableCustom: input.DisableCustom}
	if input.Enabled.Set {
		asked.Enabled = new(commission.Off)
		if input.Enabled.Value {
			asked.Enabled = new(commission.On)
		}
	}
	c.checkReach(&wrong, input.Reach, asked)
	checkReason(&wrong, input.Reason)
	if err := wrong.Err(); err != nil {
		return nil, nil, err
	}
	if err := checkVersion(input.Version, c.network.ReferralSettingsVersion, "settings"); err != nil {
		return nil, nil, err
	}
	if input.Structure.Set {
		var err error
		if asked.StructureID, err = c.intern(ctx, input.Structure.Value); err != nil {
			return nil, nil, err
		}
	}
	if input.EffectiveOn == nil {
		saved, err := c.applySettings(ctx, asked)
		return saved, nil, err
	}
	saved, err := c.network.Update().AddReferralSettingsVersion(1).Save(ctx) // whoever edits them now has not seen what is pending
	if err != nil {
		return nil, nil, fmt.Errorf("count the change: %w", err)
	}
	c.network = saved
	dated, err := c.date(ctx, asked, input.Reason)
	return saved, dated, err
}

// applySettings changes the network's settings, now.
func (c *change) applySettings(ctx context.Context, asked *ent.DatedChange) (*ent.Network, error) {
	enabled, structureID := c.network.ReferralEnabled, c.network.ReferralStructureID
	if asked.Enabled != nil {
		enabled = *asked.Enabled == commission.On
	}
	if asked.ChangesStructure {
		structureID = asked.StructureID
	}
	before := commission.Effective(commission.Inherit, nil, c.network.ReferralEnabled, c.network.ReferralStructureID)
	after := commission.Effective(commission.Inherit, nil, enabled, structureID)
	inheriting, custom := referrersOfMode(c.network.ID, commission.Inherit), referrersOfMode(c.network.ID, commission.Custom)
	if err := c.reach(ctx, inheriting, before, after, asked); err != nil {
		return nil, err
	}
	c.impact.CustomOf = c.network.ID
	disabled := 0
	if asked.DisableCustom {
		c.impact.CustomOf = 0
		if err := c.reachCustom(ctx, asked); err != nil {
			return nil, err
		}
		if asked.ApplyTo != commission.ToNewReferrals {
			if err := c.repay(ctx, custom, nil, false); err != nil {
				return nil, err
			}
		}
		var err error
		disabled, err = c.tx.Partner.Update().
			Where(partner.NetworkID(c.network.ID), partner.ReferralModeEQ(commission.Custom)).
			SetReferralMode(commission.Disabled).ClearReferralStructureID().AddReferralSettingVersion(1).
			Save(ctx)
		if err != nil {
			return nil, fmt.Errorf("disable the custom partners: %w", err)
		}
	}
	if enabled == c.network.ReferralEnabled && equal(structureID, c.network.ReferralStructureID) && disabled == 0 {
		return c.network, nil // S6
	}
	if !equal(before, after) && asked.ApplyTo != commission.ToNewReferrals {
		now, err := c.inheriting(ctx) // the costs are told later, by a condition that holds then
		if err != nil {
			return nil, err
		}
		if err := c.repay(ctx, now, after, asked.ReviveExpired); err != nil {
			return nil, err
		}
	}
	save := c.network.Update().SetReferralEnabled(enabled).
		AddReferralSettingsVersion(1).SetReferralSettingsUpdatedAt(c.at).SetReferralSettingsUpdatedBy(c.viewer.Name)
	if structureID == nil {
		save.ClearReferralStructureID()
	} else {
		save.SetReferralStructureID(*structureID)
	}
	return save.Save(ctx)
}

// PartnerReferralSetting is a change of one partner's own setting [S2].
type PartnerReferralSetting struct {
	PartnerID     int
	Version       int // that the editor started from [S8]
	Mode          commission.Mode
	Structure     Optional[*commission.Structure] // with CUSTOM; absent: the one it has
	ReviveExpired bool
	Reach
	Reason string
}

// UpdatePartnerReferralSetting changes how one referrer is paid, and with it the terms of its referrals
// [S3, T2]; dated ahead, it is kept until its day. For ADMIN and PARTNER_MANAGER, for partners in scope.
func (p *Program) UpdatePartnerReferralSetting(ctx context.Context, networkID int, input PartnerReferralSetting) (*ent.Partner, Outcome, error) {
	var saved *ent.Partner
	var outcome Outcome
	err := p.change(ctx, networkID, doing{action: updatePartnerReferralSetting, by: byStaff, reason: input.Reason}, func(ctx context.Context, c *change) (err error) {
		saved, outcome.Dated, err = c.updatePartnerReferralSetting(ctx, input)
		outcome.Impact = c.impact
		return err
	}, &saved, &outcome.Impact, &outcome.Dated)
	return saved, outcome, err
}

func (c *change) updatePartnerReferralSetting(ctx context.Context, input PartnerReferralSetting) (*ent.Partner, *ent.DatedChange, error) {
	referrer, err := c.partner(ctx, "partner", input.PartnerID)
	if err != nil {
		return nil, nil, err
	}
	var wrong commission.Problems
	given := input.Structure.Set && input.Structure.Value != nil
	switch {
	case input.Mode == commission.Custom && given:
		wrong.In("structure", input.Structure.Value.Check(c.network.Currency))
	case input.Mode == commission.Custom && (input.Structure.Set || referrer.ReferralStructureID == nil):
		wrong.Add("structure", "is needed with mode CUSTOM")
	case input.Mode != commission.Custom && given:
		wrong.Add("structure", "goes with mode CUSTOM alone")
	}
	asked := &ent.DatedChange{PartnerID: &referrer.ID, Mode: &input.Mode, ChangesStructure: input.Mode == commission.Custom, ReviveExpired: input.ReviveExpired}
	c.checkReach(&wrong, input.Reach, asked)
	checkReason(&wrong, input.Reason)
	if err := wrong.Err(); err != nil {
		return nil, nil, err
	}
	if err := checkVersion(input.Version, referrer.ReferralSettingVersion, "setting"); err != nil {
		return nil, nil, err
	}
	if input.Mode == commission.Custom {
		asked.StructureID = referrer.ReferralStructureID
		if given {
			if asked.StructureID, err = c.intern(ctx, input.Structure.Value); err != nil {
				return nil, nil, err
			}
		}
	}
	if input.EffectiveOn == nil {
		saved, err := c.applySetting(ctx, referrer, asked)
		return saved, nil, err
	}
	saved, err := referrer.Update().AddReferralSettingVersion(1).Save(ctx) // whoever edits it now has not seen what is pending
	if err != nil {
		return nil, nil, fmt.Errorf("count the change: %w", err)
	}
	dated, err := c.date(ctx, asked, input.Reason)
	return saved, dated, err
}

// applySetting changes a partner's setting, now.
func (c *change) applySetting(ctx context.Context, referrer *ent.Partner, asked *ent.DatedChange) (*ent.Partner, error) {
	mode, structureID := *asked.Mode, asked.StructureID
	before, after := c.effective(referrer.ReferralMode, referrer.ReferralStructureID), c.effective(mode, structureID)
	if err := c.reach(ctx, oneReferrer(referrer.ID), before, after, asked); err != nil {
		return nil, err
	}
	if mode == referrer.ReferralMode && equal(structureID, referrer.ReferralStructureID) {
		return referrer, nil // S6
	}
	if !equal(before, after) && asked.ApplyTo != commission.ToNewReferrals {
		if err := c.repay(ctx, oneReferrer(referrer.ID), after, asked.ReviveExpired); err != nil {
			return nil, err
		}
	}
	save := referrer.Update().SetReferralMode(mode).AddReferralSettingVersion(1)
	if structureID == nil {
		save.ClearReferralStructureID()
	} else {
		save.SetReferralStructureID(*structureID)
	}
	return save.Save(ctx)
}

// effective is the id of the structure that a partner's referrals are paid by; nil: none [S3].
func (c *change) effective(mode commission.Mode, custom *int) *int {
	return commission.Effective(mode, custom, c.network.ReferralEnabled, c.network.ReferralStructureID)
}

func checkVersion(startedFrom, current int, noun string) error {
	if startedFrom == current {
		return nil
	}
	return commission.Refuse(commission.Conflict, "version",
		"the %s are at version %d, and this change started from %d: somebody was faster; read them again", noun, current, startedFrom)
}

func equal(a, b *int) bool { return a == b || (a != nil && b != nil && *a == *b) }

// intern is the id of the network's row for a structure, which is made where there is none. Two
// structures that pay the same have the same [S6].
func (c *change) intern(ctx context.Context, structure *commission.Structure) (*int, error) {
	if structure == nil {
		return nil, nil //nolint:nilnil // no structure has no id
	}
	known, err := c.tx.CommissionStructure.Query().
		Where(commissionstructure.NetworkID(c.network.ID), commissionstructure.Canonical(structure.Key())).
		FirstID(viewer.Elevate(ctx)) // it may be one that others are paid by
	if err == nil {
		return &known, nil
	}
	if !ent.IsNotFound(err) {
		return nil, err
	}
	row := c.tx.CommissionStructure.Create().
		SetNetworkID(c.network.ID).SetCanonical(structure.Key()).SetType(structure.Commission.Type()).SetCreatedAt(c.at)
	switch terms := structure.Commission.(type) {
	case commission.FlatFee:
		row.SetAmount(&terms.Amount)
	case commission.Percentage:
		row.SetRate(&terms.Rate).SetBasis(terms.Basis)
	}
	if structure.MinimumEarnings != nil {
		row.SetMinimumEarnings(structure.MinimumEarnings)
	}
	if structure.Duration != nil {
		row.SetDurationValue(structure.Duration.Value).SetDurationUnit(structure.Duration.Unit)
	}
	made, err := row.Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("keep the structure: %w", err)
	}
	return &made.ID, nil
}
