package graph

import (
	"context"

	"partner.example/referrals/commission/program"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/account"
	"partner.example/referrals/graph/generated/model"
	"partner.example/referrals/graph/page"
	"partner.example/referrals/graph/scalar"
)

// ID is opaque.
func (r accountResolver) ID(_ context.Context, a *ent.Account) (*scalar.ID, error) {
	return idOf(scalar.Account, a.ID)
}

// Email is null where there is none.
func (r accountResolver) Email(_ context.Context, a *ent.Account) (*string, error) {
	return textOf(a.Email), nil
}

// textOf is a text that may be none.
func textOf(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Partner is the one that the account is.
func (r accountResolver) Partner(ctx context.Context, a *ent.Account) (*ent.Partner, error) {
	return maybe(ctx, loadersOf(ctx).partner, a.PartnerID)
}

// Tokens is what the account signs in with.
func (r accountResolver) Tokens(ctx context.Context, a *ent.Account) ([]*ent.Token, error) {
	return loadersOf(ctx).tokens.Load(ctx, a.ID)
}

// ID is opaque.
func (r tokenResolver) ID(_ context.Context, t *ent.Token) (*scalar.ID, error) {
	return idOf(scalar.Token, t.ID)
}

// Accounts is the network's, by name.
func (r networkResolver) Accounts(ctx context.Context, n *ent.Network, first *int32, after *string) (*page.Accounts, error) {
	window, err := page.Read(first, after)
	if err != nil {
		return nil, err
	}
	ofNetwork := account.NetworkID(n.ID)
	total, err := r.DB.Account.Query().Where(ofNetwork).Count(ctx)
	if err != nil {
		return nil, err
	}
	query := r.DB.Account.Query().Where(ofNetwork).Order(account.ByName(), account.ByID()).Limit(window.First + 1)
	if at := window.After; at != nil {
		query.Where(account.Or(account.NameGT(at.Text), account.And(account.Name(at.Text), account.IDGT(at.Row))))
	}
	rows, err := query.All(ctx)
	ahead(ctx, "Account", rows)
	return page.Of(window, rows, total, func(a *ent.Account) page.Position { return page.Position{Text: a.Name, Row: a.ID} }), err
}

// CreateAccount creates an account of the viewer's network.
func (r mutationResolver) CreateAccount(ctx context.Context, input model.CreateAccountInput) (*model.AccountPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	created := program.NewAccount{
		NetworkID: v.NetworkID, Name: input.Name, Email: or(input.Email, ""), Role: input.Role, Scope: or(input.Scope, ""),
	}
	if partner, ok := given(input.Partner); ok {
		created.PartnerID = orNobody(partner.Of(scalar.Partner))
	}
	made, err := r.Program.CreateAccount(ctx, created)
	if err != nil {
		return nil, err
	}
	return &model.AccountPayload{Account: made}, nil
}

// CreateToken makes a token, and shows it this once.
func (r mutationResolver) CreateToken(ctx context.Context, input model.CreateTokenInput) (*model.CreateTokenPayload, error) {
	secret, made, err := r.Program.CreateToken(ctx, input.Account.Of(scalar.Account), input.Name, input.ExpiresAt.Value())
	if err != nil {
		return nil, err
	}
	return &model.CreateTokenPayload{Secret: secret, Token: made}, nil
}

// RevokeToken ends a token at once.
func (r mutationResolver) RevokeToken(ctx context.Context, id scalar.ID) (*model.TokenPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	revoked, err := r.Program.RevokeToken(ctx, v.NetworkID, id.Of(scalar.Token))
	if err != nil {
		return nil, err
	}
	return &model.TokenPayload{Token: revoked}, nil
}
