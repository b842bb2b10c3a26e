package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/rule"
	"partner.example/referrals/ent/viewer"
)

type networkKey struct{}

// SignedIn puts who signed in into a request's context, and the network if it was found with that: questions need not ask
// for it again. nil: it was not.
func SignedIn(ctx context.Context, v viewer.Viewer, network *ent.Network) context.Context {
	ctx = viewer.With(ctx, v)
	if network == nil {
		return ctx
	}
	return context.WithValue(ctx, networkKey{}, network)
}

// knowNetwork has the loaders of a question know the viewer's network, with as much of it as the viewer is shown.
// A mutation reads it behind what it changes.
func (l *loaders) knowNetwork(ctx context.Context) {
	found, given := ctx.Value(networkKey{}).(*ent.Network)
	v, signedIn := viewer.From(ctx)
	if !given || !signedIn || graphql.GetOperationContext(ctx).Operation.Operation != ast.Query {
		return
	}
	network := *found
	rule.NetworkFields.Hide(v, &network)
	l.network.keep([]int{network.ID}, map[int]*ent.Network{network.ID: &network})
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
