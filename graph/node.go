package graph

import (
	"context"
	"errors"

	"entgo.io/ent/privacy"

	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/graph/page"
	"partner.example/referrals/graph/scalar"
)

// Node finds whatever has the id, where the viewer sees it.
func (r queryResolver) Node(ctx context.Context, id scalar.ID) (page.Node, error) {
	if _, err := signedIn(ctx); err != nil {
		return nil, err
	}
	found, networkID, err := r.find(ctx, id)
	if err != nil || found == nil {
		return nil, err
	}
	if err := r.look(ctx, networkID); err != nil {
		return nil, err
	}
	ahead(ctx, id.Type, []page.Node{found})
	return found, nil
}

// find finds a node and the network that it is of.
func (r *Resolver) find(ctx context.Context, id scalar.ID) (page.Node, int, error) {
	from := loadersOf(ctx)
	switch id.Type {
	case scalar.Network:
		return nodeOf(ctx, from.network, id.Row, func(n *ent.Network) int { return n.ID })
	case scalar.Partner:
		return nodeOf(ctx, from.partner, id.Row, func(p *ent.Partner) int { return p.NetworkID })
	case scalar.Account:
		return nodeOf(ctx, from.account, id.Row, func(a *ent.Account) int { return value(a.NetworkID) })
	case scalar.Token:
		return nodeOf(ctx, from.token, id.Row, func(*ent.Token) int { return 0 })
	case scalar.Structure:
		return nodeOf(ctx, from.structure, id.Row, func(s *ent.CommissionStructure) int { return s.NetworkID })
	case scalar.Referral:
		return nodeOf(ctx, from.referral, id.Row, func(r *ent.Referral) int { return r.NetworkID })
	case scalar.Term:
		return nodeOf(ctx, from.term, id.Row, func(t *ent.ReferralTerm) int { return t.NetworkID })
	case scalar.Invoice:
		return nodeOf(ctx, from.invoice, id.Row, func(i *ent.Invoice) int { return i.NetworkID })
	case scalar.Line:
		return nodeOf(ctx, from.line, id.Row, func(l *ent.InvoiceLine) int { return l.NetworkID })
	case scalar.Converted:
		return nodeOf(ctx, from.conversion, id.Row, func(c *ent.Conversion) int { return c.NetworkID })
	case scalar.Grant:
		return nodeOf(ctx, from.grant, id.Row, func(g *ent.RetroactiveGrant) int { return g.NetworkID })
	case scalar.Void:
		return nodeOf(ctx, from.void, id.Row, func(v *ent.CommissionVoid) int { return v.NetworkID })
	case scalar.Dated:
		return nodeOf(ctx, from.dated, id.Row, func(d *ent.DatedChange) int { return d.NetworkID })
	case scalar.Event:
		return nodeOf(ctx, from.event, id.Row, func(e *ent.AuditEvent) int { return value(e.NetworkID) })
	default:
		return nil, 0, nil
	}
}

// nodeOf keeps a typed nil from looking like a node. To whom a whole kind of thing is closed, it is not there.
func nodeOf[V any](ctx context.Context, from *loader[int, *V], row int, network func(*V) int) (page.Node, int, error) {
	found, err := maybe(ctx, from, &row)
	switch {
	case isDenied(err):
		return nil, 0, nil
	case err != nil || found == nil:
		return nil, 0, err
	default:
		return found, network(found), nil
	}
}

func isDenied(err error) bool { return errors.Is(err, privacy.Deny) }

func idOf(kind string, row int) (*scalar.ID, error) { return &scalar.ID{Type: kind, Row: row}, nil }
