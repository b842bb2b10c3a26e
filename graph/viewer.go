package graph

import (
	"context"

	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/viewer"
)

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
