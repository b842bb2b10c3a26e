package graph

import (
	"context"

	"partner.example/referrals/commission"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/datedchange"
	"partner.example/referrals/ent/generated/predicate"
	"partner.example/referrals/graph/generated/model"
	"partner.example/referrals/graph/page"
	"partner.example/referrals/graph/scalar"
)

// TakeBackChange takes back a change that was dated ahead.
func (r mutationResolver) TakeBackChange(ctx context.Context, id scalar.ID, reason *string) (*model.TakeBackChangePayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	changed, err := r.Program.TakeBackChange(ctx, v.NetworkID, id.Of(scalar.Dated), value(reason))
	if err != nil {
		return nil, err
	}
	return &model.TakeBackChangePayload{DatedChange: changed}, nil
}

// PendingChanges is those of the network's settings and of its partners', in the order in which they take effect.
func (r networkResolver) PendingChanges(ctx context.Context, n *ent.Network, first *int32, after *string) (*page.DatedChanges, error) {
	window, err := page.Read(first, after)
	if err != nil {
		return nil, err
	}
	where := []predicate.DatedChange{datedchange.NetworkID(n.ID), datedchange.StatusEQ(commission.ChangePending)}
	total, err := r.DB.DatedChange.Query().Where(where...).Count(ctx)
	if err != nil {
		return nil, err
	}
	query := r.DB.DatedChange.Query().Where(where...).Order(datedchange.ByEffectiveOn(), datedchange.ByID()).Limit(window.First + 1)
	if at := window.After; at != nil {
		day, refusal := commission.ParseDate(at.Text)
		if refusal != nil {
			return nil, page.ErrCursor()
		}
		query.Where(datedchange.Or(datedchange.EffectiveOnGT(day), datedchange.And(datedchange.EffectiveOn(day), datedchange.IDGT(at.Row))))
	}
	rows, err := query.All(ctx)
	ahead(ctx, "DatedChange", rows)
	return page.Of(window, rows, total, func(d *ent.DatedChange) page.Position { return page.Position{Text: d.EffectiveOn.String(), Row: d.ID} }), err
}

// PendingChanges is those of the partner's setting.
func (r partnerResolver) PendingChanges(ctx context.Context, p *ent.Partner) ([]*ent.DatedChange, error) {
	return loadersOf(ctx).pending.Load(ctx, p.ID)
}

func (r *Resolver) pendingOf(ctx context.Context, partners []int) (map[int][]*ent.DatedChange, error) {
	found, err := r.DB.DatedChange.Query().Where(datedchange.PartnerIDIn(partners...), datedchange.StatusEQ(commission.ChangePending)).
		Order(datedchange.ByEffectiveOn(), datedchange.ByID()).All(ctx)
	pending := make(map[int][]*ent.DatedChange, len(partners))
	for _, id := range partners {
		pending[id] = []*ent.DatedChange{}
	}
	for _, change := range found {
		pending[*change.PartnerID] = append(pending[*change.PartnerID], change)
	}
	return pending, err
}

// ID is opaque.
func (r datedChangeResolver) ID(_ context.Context, d *ent.DatedChange) (*scalar.ID, error) {
	return idOf(scalar.Dated, d.ID)
}

// Partner is whose setting is changed.
func (r datedChangeResolver) Partner(ctx context.Context, d *ent.DatedChange) (*ent.Partner, error) {
	return maybe(ctx, loadersOf(ctx).partner, d.PartnerID)
}

// Enabled is where the switch is to stand.
func (r datedChangeResolver) Enabled(_ context.Context, d *ent.DatedChange) (*bool, error) {
	if d.Enabled == nil {
		return nil, nil //nolint:nilnil // it stays as it is
	}
	return pointer(*d.Enabled == commission.On), nil
}

// Structure is what is to pay.
func (r datedChangeResolver) Structure(ctx context.Context, d *ent.DatedChange) (*ent.CommissionStructure, error) {
	return maybe(ctx, loadersOf(ctx).structure, d.StructureID)
}

// Reason is why it was asked for.
func (r datedChangeResolver) Reason(_ context.Context, d *ent.DatedChange) (*string, error) {
	return textOf(d.Reason), nil
}
