package program

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"partner.example/referrals/commission"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/account"
	"partner.example/referrals/ent/generated/identityprovider"
	"partner.example/referrals/ent/viewer"
)

// Provider is the OpenID Connect provider of a network's people, and the claims that say what they may do.
type Provider struct {
	NetworkID    int
	Issuer       string
	Audience     string
	RoleClaim    string
	PartnerClaim string
	ScopeClaim   string
}

// SetIdentityProvider sets the provider by which a network's people sign in. It is for the program itself: who
// may sign in is the operator's to say.
func (p *Program) SetIdentityProvider(ctx context.Context, input Provider) error {
	if v, ok := viewer.From(ctx); !ok || !v.IsSystem() {
		return commission.Refuse(commission.Forbidden, "", "identity providers are set by the operator")
	}
	var wrong commission.Problems
	if at, err := url.Parse(input.Issuer); err != nil || at.Host == "" || (at.Scheme != "https" && at.Scheme != "http") {
		wrong.Add("issuer", "must be the URL of the provider, as its tokens name it")
	}
	if input.Audience == "" {
		wrong.Add("audience", "is needed: tokens for others are not for us")
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	return p.change(ctx, input.NetworkID, doing{action: "setIdentityProvider"}, func(ctx context.Context, c *change) error {
		known, err := c.tx.IdentityProvider.Query().Where(identityprovider.NetworkID(input.NetworkID)).Only(ctx)
		switch {
		case ent.IsNotFound(err):
			return c.tx.IdentityProvider.Create().SetNetworkID(input.NetworkID).SetIssuer(input.Issuer).SetAudience(input.Audience).
				SetRoleClaim(input.RoleClaim).SetPartnerClaim(input.PartnerClaim).SetScopeClaim(input.ScopeClaim).Exec(ctx)
		case err != nil:
			return err
		default:
			return known.Update().SetIssuer(input.Issuer).SetAudience(input.Audience).
				SetRoleClaim(input.RoleClaim).SetPartnerClaim(input.PartnerClaim).SetScopeClaim(input.ScopeClaim).Exec(ctx)
		}
	})
}

// ProviderOf is the provider with that issuer; nil: no network's.
func (p *Program) ProviderOf(ctx context.Context, issuer string) (*Provider, error) {
	found, err := p.DB.IdentityProvider.Query().Where(identityprovider.Issuer(issuer)).Only(viewer.AsSystem(ctx, "sign-in"))
	if ent.IsNotFound(err) {
		return nil, nil //nolint:nilnil // none
	}
	if err != nil {
		return nil, fmt.Errorf("find the identity provider: %w", err)
	}
	return &Provider{found.NetworkID, found.Issuer, found.Audience, found.RoleClaim, found.PartnerClaim, found.ScopeClaim}, nil
}

// Identity is somebody as the identity provider of a network vouches for.
type Identity struct {
	NetworkID int
	Subject   string // by which the provider knows them, for ever
	Name      string
	Email     string
	Role      commission.Role
	Scope     commission.ManagerScope
	PartnerID int
}

// SignInAs tells who an identity is. Whoever comes for the first time gets an account; a role that the provider
// changed is changed here.
func (p *Program) SignInAs(ctx context.Context, identity Identity) (viewer.Viewer, error) {
	ctx = viewer.AsSystem(ctx, "identity provider")
	if identity.Subject == "" || len(identity.Subject) > maxSubject {
		return viewer.Viewer{}, commission.Refuse(commission.Unauthenticated, "", "the subject must be a text of 1 to %d bytes", maxSubject)
	}
	identity.Name, identity.Email = cut(identity.Name, maxName), cut(identity.Email, maxEmail)
	if identity.Name == "" {
		identity.Name = cut(identity.Subject, maxName)
	}
	if !slices.Contains([]commission.Role{commission.Admin, commission.PartnerManager, commission.PartnerUser, commission.Tracker}, identity.Role) {
		return viewer.Viewer{}, commission.Refuse(commission.Unauthenticated, "", "the role %q is none of this network's", identity.Role)
	}
	var scope *commission.ManagerScope
	if identity.Role == commission.PartnerManager {
		given := cmp.Or(identity.Scope, commission.Limited) // the lesser, where the provider does not say
		if given != commission.Global && given != commission.Limited {
			return viewer.Viewer{}, commission.Refuse(commission.Unauthenticated, "", "the scope %q is neither GLOBAL nor LIMITED", given)
		}
		scope = &given
	}
	if identity.Role == commission.PartnerUser {
		found, err := p.DB.Partner.Get(ctx, identity.PartnerID)
		if (err == nil && found.NetworkID != identity.NetworkID) || ent.IsNotFound(err) {
			return viewer.Viewer{}, commission.Refuse(commission.Unauthenticated, "", "the partner that the token names is none of this network's")
		}
		if err != nil {
			return viewer.Viewer{}, err
		}
	} else {
		identity.PartnerID = 0
	}
	same := func(a *ent.Account) bool {
		return a.Role == identity.Role && equal(a.PartnerID, orNone(identity.PartnerID)) && equalScope(a.ManagerScope, scope) && a.Name == identity.Name && a.Email == identity.Email
	}
	find := func(db *ent.Client) (*ent.Account, error) {
		return db.Account.Query().Where(account.NetworkID(identity.NetworkID), account.Subject(identity.Subject)).Only(ctx)
	}
	known, err := find(p.DB.Client)
	if err == nil && same(known) {
		return viewerOf(known), nil
	}
	if err != nil && !ent.IsNotFound(err) {
		return viewer.Viewer{}, fmt.Errorf("find the account: %w", err)
	}
	err = p.change(ctx, identity.NetworkID, doing{action: "signIn"}, func(ctx context.Context, c *change) error {
		known, err = find(c.tx.Client)
		if ent.IsNotFound(err) {
			known, err = c.tx.Account.Create().SetNetworkID(identity.NetworkID).SetSubject(identity.Subject).
				SetName(identity.Name).SetEmail(identity.Email).SetRole(identity.Role).SetNillableManagerScope(scope).
				SetNillablePartnerID(orNone(identity.PartnerID)).SetCreatedAt(c.at).Save(ctx)
			return err
		}
		if err != nil || same(known) {
			return err
		}
		update := known.Update().SetName(identity.Name).SetEmail(identity.Email).SetRole(identity.Role).ClearManagerScope().ClearPartnerID()
		if scope != nil {
			update.SetManagerScope(*scope)
		}
		if identity.PartnerID != 0 {
			update.SetPartnerID(identity.PartnerID)
		}
		known, err = update.Save(ctx)
		return err
	})
	if err != nil {
		return viewer.Viewer{}, err
	}
	return viewerOf(known), nil
}

func equalScope(a, b *commission.ManagerScope) bool {
	return a == b || (a != nil && b != nil && *a == *b)
}

// maxSubject is how long OpenID Connect lets a subject be.
const maxSubject = 255

// cut is as much of a text as is kept of what a provider says, without characters that no name has.
func cut(text string, most int) string {
	runes := []rune(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "")))
	return strings.TrimSpace(string(runes[:min(len(runes), most)]))
}
