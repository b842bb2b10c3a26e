package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"partner.example/referrals/commission"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/rule"
	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph/generated"
)

// Directives are the schema's locks: the first of two, storage having its own.
func Directives() generated.DirectiveRoot {
	return generated.DirectiveRoot{Allow: allow, Whole: whole}
}

// allow lets the named roles pass.
func allow(ctx context.Context, _ any, next graphql.Resolver, roles []commission.Role) (any, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	if !v.Is(roles...) {
		return nil, commission.Refuse(commission.Forbidden, "", "the role %s may not ask for this", v.Role)
	}
	return next(ctx)
}

// whole lets those pass who see all of the partner whose field it is.
func whole(ctx context.Context, obj any, next graphql.Resolver) (any, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	if partner, ok := obj.(*ent.Partner); !ok || !rule.SeesAllOf(v, partner) {
		return nil, commission.Refuse(commission.Forbidden, "", "of this partner you see the id, the name and the status alone")
	}
	return next(ctx)
}

func signedIn(ctx context.Context) (viewer.Viewer, error) {
	v, ok := viewer.From(ctx)
	if !ok {
		return v, commission.Refuse(commission.Unauthenticated, "", "sign in first: send a token as Authorization: Bearer")
	}
	return v, nil
}
