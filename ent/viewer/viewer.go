// Package viewer carries who is asking in the context. Without one, nothing is read or written.
package viewer

import (
	"context"

	"partner.example/referrals/commission"
)

// Viewer is who is asking: an account as it signed in, or the program itself.
type Viewer struct {
	AccountID int
	Name      string // of the account, as the audit log and updatedBy show it
	Role      commission.Role
	NetworkID int  // 0: support staff, who look into every network
	PartnerID int  // of a PARTNER: the partner that it is
	Limited   bool // of a PARTNER_MANAGER: only the partners that it manages
	system    bool
}

type key struct{}

// With puts the viewer into the context.
func With(ctx context.Context, v Viewer) context.Context { return context.WithValue(ctx, key{}, v) }

// From is the viewer of the context; false where nobody signed in.
func From(ctx context.Context) (Viewer, bool) {
	v, ok := ctx.Value(key{}).(Viewer)
	return v, ok
}

// AsSystem is the program itself, which no rule holds back: commands on the server's own terminal. The name
// stands where an account's would.
func AsSystem(ctx context.Context, name string) context.Context {
	return With(ctx, Viewer{Name: name, system: true})
}

// Elevate lets the program itself go on for whoever is asking: for the steps of a use case that follow from
// what the caller was allowed to do.
func Elevate(ctx context.Context) context.Context {
	v, _ := From(ctx)
	v.system = true
	return With(ctx, v)
}

// IsSystem tells whether the program itself is asking.
func (v Viewer) IsSystem() bool { return v.system }

// Is tells whether the viewer has one of the roles.
func (v Viewer) Is(roles ...commission.Role) bool {
	for _, role := range roles {
		if v.Role == role {
			return true
		}
	}
	return false
}

// Sees tells whether a network exists for the viewer at all [R1].
func (v Viewer) Sees(networkID int) bool {
	return v.system || v.NetworkID == networkID || (v.Role == commission.Support && v.NetworkID == 0)
}

// Require is the door of a use case: the viewer must see the network, else there is none [R1], and
// have one of the roles, else the use is forbidden.
func Require(ctx context.Context, networkID int, roles ...commission.Role) (Viewer, error) {
	v, ok := From(ctx)
	switch {
	case !ok:
		return v, commission.Refuse(commission.Unauthenticated, "", "sign in first: send a token as Authorization: Bearer")
	case v.system:
		return v, nil
	case !v.Sees(networkID):
		return v, commission.ErrNotFound("network", "network")
	case !v.Is(roles...):
		return v, commission.Refuse(commission.Forbidden, "", "the role %s may not do this", v.Role)
	default:
		return v, nil
	}
}
