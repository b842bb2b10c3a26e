package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/rule"
	"partner.example/referrals/ent/viewer"
)

type signedInKey struct{}

// SignedIn puts who signed in into a request's context, with what was found with that: questions need not ask for it again,
// nor recording whether something of the network is due.
func SignedIn(ctx context.Context, who program.SignedIn) context.Context {
	if who.Network != nil {
		ctx = ledger.InEffect(ctx, who.Network.ID)
	}
	return context.WithValue(viewer.With(ctx, who.Viewer), signedInKey{}, who)
}

// knowWhoAsks has the loaders of a question know the viewer's network and the partner that it is, with as much of both as
// the viewer is shown. A mutation reads them behind what it changes.
func (l *loaders) knowWhoAsks(ctx context.Context) {
	who, given := ctx.Value(signedInKey{}).(program.SignedIn)
	if !given || graphql.GetOperationContext(ctx).Operation.Operation != ast.Query {
		return
	}
	if who.Network != nil {
		network := *who.Network
		rule.NetworkFields.Hide(who.Viewer, &network)
		l.network.keep([]int{network.ID}, map[int]*ent.Network{network.ID: &network})
	}
	if who.Viewer.Is(commission.PartnerUser) && who.Partner != nil { // of others it is not all that they are shown
		partner := *who.Partner
		rule.PartnerFields.Hide(who.Viewer, &partner)
		l.partner.keep([]int{partner.ID}, map[int]*ent.Partner{partner.ID: &partner})
	}
}

// Viewer is who is asking.
func (r queryResolver) Viewer(ctx context.Context) (*viewer.Viewer, error) {
	v, err := signedIn(ctx)
	return &v, err
}

// Network is the viewer's own.
func (r viewerResolver) Network(ctx context.Context, v *viewer.Viewer) (*ent.Network, error) {
	return maybe(ctx, loadersOf(ctx).network, &v.NetworkID)
}

// Partner is the one that the viewer is.
func (r viewerResolver) Partner(ctx context.Context, v *viewer.Viewer) (*ent.Partner, error) {
	found, err := maybe(ctx, loadersOf(ctx).partner, &v.PartnerID)
	aheadOf(ctx, "Partner", found)
	return found, err
}
