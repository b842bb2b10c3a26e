package graph

import (
	"context"

	entsql "entgo.io/ent/dialect/sql"

	"partner.example/referrals/commission"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/network"
	"partner.example/referrals/ent/generated/partner"
	"partner.example/referrals/ent/generated/predicate"
	"partner.example/referrals/ent/rule"
	"partner.example/referrals/graph/generated/model"
	"partner.example/referrals/graph/page"
	"partner.example/referrals/graph/scalar"
)

// Network is the viewer's own, or the one that it names.
func (r queryResolver) Network(ctx context.Context, id *scalar.ID) (*ent.Network, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	row := v.NetworkID
	if id != nil {
		row = id.Of(scalar.Network)
	} else if row == 0 {
		return nil, commission.Refuse(commission.BadUserInput, "id", "is needed: your account belongs to no network")
	}
	found, err := one(ctx, loadersOf(ctx).network, row, "network")
	if commission.CodeOf(err) == commission.NotFound {
		return nil, commission.ErrNotFound("id", "network")
	}
	if err != nil {
		return nil, err
	}
	return found, r.look(ctx, found.ID)
}

// Networks is all of them, by name.
func (r queryResolver) Networks(ctx context.Context, search *string, first *int32, after *string) (*page.Networks, error) {
	window, err := page.Read(first, after)
	if err != nil {
		return nil, err
	}
	name, err := words("search", value(search))
	if err != nil {
		return nil, err
	}
	var filter []predicate.Network
	if name != "" {
		filter = append(filter, network.NameContainsFold(name))
	}
	total, err := r.DB.Network.Query().Where(filter...).Count(ctx)
	if err != nil {
		return nil, err
	}
	query := r.DB.Network.Query().Where(filter...).Order(network.ByName(), network.ByID()).Limit(window.First + 1)
	if at := window.After; at != nil {
		query.Where(network.Or(network.NameGT(at.Text), network.And(network.Name(at.Text), network.IDGT(at.Row))))
	}
	rows, err := query.All(ctx)
	return page.Of(window, rows, total, func(n *ent.Network) page.Position { return page.Position{Text: n.Name, Row: n.ID} }), err
}

// ID is opaque.
func (r networkResolver) ID(_ context.Context, n *ent.Network) (*scalar.ID, error) {
	return idOf(scalar.Network, n.ID)
}

// Currency is the ISO 4217 code.
func (r networkResolver) Currency(_ context.Context, n *ent.Network) (string, error) {
	return string(n.Currency), nil
}

// TimeZone is the IANA name.
func (r networkResolver) TimeZone(_ context.Context, n *ent.Network) (string, error) {
	return string(n.TimeZone), nil
}

// ReferralSettings are fields of the network.
func (r networkResolver) ReferralSettings(_ context.Context, n *ent.Network) (*ent.Network, error) {
	return n, nil
}

// Partners is those in the viewer's scope.
func (r networkResolver) Partners(ctx context.Context, n *ent.Network, filter *model.PartnerFilter, first *int32, after *string) (*page.Partners, error) {
	var where []predicate.Partner
	if filter != nil {
		search, err := words("filter.search", or(filter.Search, ""))
		if err != nil {
			return nil, err
		}
		if search != "" {
			where = append(where, partner.SearchTextContains(search))
		}
		if statuses := filter.Status.Value(); len(statuses) > 0 {
			where = append(where, partner.StatusIn(statuses...))
		}
		if manager, ok := given(filter.Manager); ok {
			where = append(where, partner.ManagerID(manager.Of(scalar.Account)))
		}
		if referrer, ok := given(filter.ReferredBy); ok {
			where = append(where, partner.ReferredByID(referrer.Of(scalar.Partner)))
		}
	}
	return r.partners(ctx, n.ID, where, first, after)
}

// partners is a page of those of a network's partners that the viewer sees all of, by name.
func (r *Resolver) partners(ctx context.Context, networkID int, where []predicate.Partner, first *int32, after *string) (*page.Partners, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	window, err := page.Read(first, after)
	if err != nil {
		return nil, err
	}
	as := standing{}
	if len(where) == 0 {
		as = standingOf(ctx)
	}
	where = append(where, partner.NetworkID(networkID), func(partners *entsql.Selector) { rule.SeenWhole(v, partners) })
	totals, err := r.partnersOf.of(as, []int{networkID}, func([]int) (map[int]int, error) {
		total, err := r.DB.Partner.Query().Where(where...).Count(ctx)
		return map[int]int{networkID: total}, err
	})
	if err != nil {
		return nil, err
	}
	query := r.readPartners(ctx).Where(where...).Order(partner.ByName(), partner.ByID()).Limit(window.First + 1)
	if at := window.After; at != nil {
		query.Where(partner.Or(partner.NameGT(at.Text), partner.And(partner.Name(at.Text), partner.IDGT(at.Row))))
	}
	rows, err := query.All(ctx)
	ahead(ctx, "Partner", rows)
	return page.Of(window, rows, totals[networkID], func(p *ent.Partner) page.Position { return page.Position{Text: p.Name, Row: p.ID} }), err
}

// Partner is one of the network's.
func (r networkResolver) Partner(ctx context.Context, n *ent.Network, id scalar.ID) (*ent.Partner, error) {
	found, err := one(ctx, loadersOf(ctx).partner, id.Of(scalar.Partner), "partner")
	if commission.CodeOf(err) == commission.NotFound || (err == nil && found.NetworkID != n.ID) {
		return nil, commission.ErrNotFound("id", "partner")
	}
	aheadOf(ctx, "Partner", found)
	return found, err
}
