package program

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/partner"
)

// reached is whom a change reaches, and when it was made.
type reached struct {
	network *ent.Network
	at      time.Time
	repaid  []repaid
}

// repaid is referrals that are paid by one structure before a change and by another after it; nil: by none.
type repaid struct {
	of            referrers
	before, after *commission.Structure
	revive        bool
	newOnly       bool // the referrals that there are stay with what pays before
}

// errPreviewed rolls back what was only tried.
var errPreviewed = errors.New("this was a preview")

// PreviewReferralSettings says what UpdateReferralSettings would do, by doing it in a transaction that is rolled
// back [S7]: nothing is written. For ADMIN.
func (p *Program) PreviewReferralSettings(ctx context.Context, networkID int, input ReferralSettings) (Impact, error) {
	_, outcome, err := p.UpdateReferralSettings(database.Refusing(ctx, errPreviewed), networkID, input)
	return previewed(outcome.Impact, err)
}

// PreviewPartnerReferralSetting says what UpdatePartnerReferralSetting would do, in the same way. For ADMIN and
// PARTNER_MANAGER, for partners in scope.
func (p *Program) PreviewPartnerReferralSetting(ctx context.Context, networkID int, input PartnerReferralSetting) (Impact, error) {
	_, outcome, err := p.UpdatePartnerReferralSetting(database.Refusing(ctx, errPreviewed), networkID, input)
	return previewed(outcome.Impact, err)
}

func previewed(impact Impact, err error) (Impact, error) {
	if err = orPreviewed(err); err != nil {
		return Impact{}, err
	}
	return impact, nil
}

// orPreviewed is the error of what was tried, if it is one.
func orPreviewed(err error) error {
	if errors.Is(err, errPreviewed) {
		return nil
	}
	return err
}

// CostDays is how many days a change is tried on, the day of the change included.
const CostDays = 90

// Cost is what the last 90 days, the day of the change the last of them, would have cost under what paid the
// referrals that the change reaches before it, and under what it has them paid by [S7].
func (p *Program) Cost(ctx context.Context, impact Impact) (before, after decimal.Decimal, err error) {
	currency := impact.network.Currency
	before, after = currency.Round(decimal.Zero), currency.Round(decimal.Zero)
	zone, err := impact.network.TimeZone.Location()
	if err != nil {
		return before, after, err
	}
	today := commission.DateOf(impact.at, zone)
	days := commission.Period{From: today - CostDays + 1, To: today}
	try := func(structure *commission.Structure, revive bool) *commission.Trial {
		if structure == nil {
			return nil
		}
		return &commission.Trial{Structure: *structure, Days: days, Zone: zone, Revive: revive}
	}
	for _, r := range impact.repaid {
		was, is := try(r.before, false), try(r.after, r.revive)
		tried := []struct {
			of      referrers
			was, is *commission.Trial
		}{{r.of, was, is}}
		if r.newOnly { // those that there were before the days stay with what they have
			begin := days.From.Start(zone)
			tried[0].of, tried[0].is = r.of.and("r.started_at < ?", begin), was
			tried = append(tried, tried[0])
			tried[1].of, tried[1].is = r.of.and("r.started_at >= ?", begin), is
		}
		for _, t := range tried {
			costs, err := ledger.Cost(ctx, p.DB, impact.network, ledger.Referrals{Condition: t.of.condition, Args: t.of.args}, t.was, t.is)
			if err != nil {
				return before, after, err
			}
			before, after = before.Add(costs[0]), after.Add(costs[1])
		}
	}
	return before, after, nil
}

// reach notes whom a change pays by what from now on, whether or not that is another structure than before.
func (c *change) reach(ctx context.Context, of referrers, before, after *int, asked *ent.DatedChange) error {
	r := repaid{of: of, revive: asked.ReviveExpired, newOnly: asked.ApplyTo == commission.ToNewReferrals}
	var err error
	if r.before, err = c.maybeStructure(ctx, before); err != nil {
		return err
	}
	if r.after, err = c.maybeStructure(ctx, after); err != nil {
		return err
	}
	c.impact.repaid = append(c.impact.repaid, r)
	return nil
}

func (c *change) maybeStructure(ctx context.Context, id *int) (*commission.Structure, error) {
	if id == nil {
		return nil, nil //nolint:nilnil // nothing pays
	}
	structure, err := c.structure(ctx, *id)
	return &structure, err
}

// partnersACondition keeps a statement under the limits of the engines.
const partnersACondition = 10_000

// reachCustom notes that the CUSTOM partners are paid by nothing any more: they are named one by one, since by then
// they are CUSTOM no more.
func (c *change) reachCustom(ctx context.Context, asked *ent.DatedChange) error {
	custom, err := c.tx.Partner.Query().Where(partner.NetworkID(c.network.ID), partner.ReferralModeEQ(commission.Custom)).All(ctx)
	if err != nil {
		return fmt.Errorf("find the custom partners: %w", err)
	}
	byStructure := map[int][]any{}
	for _, p := range custom {
		byStructure[*p.ReferralStructureID] = append(byStructure[*p.ReferralStructureID], p.ID)
	}
	for structureID, all := range byStructure {
		for ids := range slices.Chunk(all, partnersACondition) {
			of := referrers{"r.referrer_id IN (" + database.Placeholders(len(ids)) + ")", ids}
			if err := c.reach(ctx, of, &structureID, nil, asked); err != nil {
				return err
			}
		}
	}
	return nil
}
