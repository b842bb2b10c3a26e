package graph

import (
	"context"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/predicate"
	"partner.example/referrals/ent/generated/retroactivegrant"
	"partner.example/referrals/graph/generated/model"
	"partner.example/referrals/graph/page"
	"partner.example/referrals/graph/scalar"
)

// RetroactiveGrants is those in scope, the latest first.
func (r networkResolver) RetroactiveGrants(ctx context.Context, n *ent.Network, id *scalar.ID, status []commission.GrantStatus, first *int32, after *string) (*page.Grants, error) {
	window, err := page.Read(first, after)
	if err != nil {
		return nil, err
	}
	where := []predicate.RetroactiveGrant{retroactivegrant.NetworkID(n.ID)}
	if id != nil {
		where = append(where, retroactivegrant.ReferralID(orNobody(id.Of(scalar.Referral))))
	}
	if len(status) > 0 {
		where = append(where, retroactivegrant.StatusIn(status...))
	}
	total, err := r.DB.RetroactiveGrant.Query().Where(where...).Count(ctx)
	if err != nil {
		return nil, err
	}
	query := r.DB.RetroactiveGrant.Query().Where(where...).Order(retroactivegrant.ByID(entsql.OrderDesc())).Limit(window.First + 1)
	if at := window.After; at != nil {
		query.Where(retroactivegrant.IDLT(at.Row))
	}
	rows, err := query.All(ctx)
	ahead(ctx, "RetroactiveGrant", rows)
	return page.Of(window, rows, total, func(g *ent.RetroactiveGrant) page.Position { return page.Position{Row: g.ID} }), err
}

// PreviewRetroactiveCommission says what a grant would come to.
func (r networkResolver) PreviewRetroactiveCommission(ctx context.Context, n *ent.Network, input model.RetroactiveCommissionInput) (*program.Granting, error) {
	granting, err := r.Program.PreviewRetroactiveCommission(ctx, n.ID, grantOf(input))
	return &granting, err
}

// PreviewAcceptRetroactiveCommission says what a proposal would come to.
func (r networkResolver) PreviewAcceptRetroactiveCommission(ctx context.Context, n *ent.Network, id scalar.ID) (*program.Granting, error) {
	granting, err := r.Program.PreviewAcceptRetroactiveCommission(ctx, n.ID, id.Of(scalar.Grant))
	return &granting, err
}

// PreviewVoidReferralCommission says what a void would take.
func (r networkResolver) PreviewVoidReferralCommission(ctx context.Context, n *ent.Network, input model.VoidReferralCommissionInput) (*program.Voiding, error) {
	voiding, err := r.Program.PreviewVoidReferralCommission(ctx, n.ID, voidOf(input))
	voiding.Amount = n.Currency.Exact(voiding.Amount)
	return &voiding, err
}

// GrantRetroactiveCommission grants.
func (r mutationResolver) GrantRetroactiveCommission(ctx context.Context, input model.RetroactiveCommissionInput) (*model.GrantRetroactiveCommissionPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return granted(r.Program.GrantRetroactiveCommission(ctx, v.NetworkID, grantOf(input)))
}

// ProposeRetroactiveCommission prepares a grant.
func (r mutationResolver) ProposeRetroactiveCommission(ctx context.Context, network scalar.ID, input model.RetroactiveCommissionInput) (*model.RetroactiveGrantPayload, error) {
	return grantPayload(r.Program.ProposeRetroactiveCommission(ctx, network.Of(scalar.Network), grantOf(input)))
}

// AcceptRetroactiveCommission carries a proposal out.
func (r mutationResolver) AcceptRetroactiveCommission(ctx context.Context, id scalar.ID) (*model.GrantRetroactiveCommissionPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return granted(r.Program.AcceptRetroactiveCommission(ctx, v.NetworkID, id.Of(scalar.Grant)))
}

// DeclineRetroactiveCommission decides against a proposal.
func (r mutationResolver) DeclineRetroactiveCommission(ctx context.Context, id scalar.ID, reason *string) (*model.RetroactiveGrantPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return grantPayload(r.Program.DeclineRetroactiveCommission(ctx, v.NetworkID, id.Of(scalar.Grant), value(reason)))
}

// RevokeRetroactiveCommission takes a grant back.
func (r mutationResolver) RevokeRetroactiveCommission(ctx context.Context, id scalar.ID, reason string) (*model.RetroactiveGrantPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return grantPayload(r.Program.RevokeRetroactiveCommission(ctx, v.NetworkID, id.Of(scalar.Grant), reason))
}

// VoidReferralCommission takes away what is unbilled.
func (r mutationResolver) VoidReferralCommission(ctx context.Context, input model.VoidReferralCommissionInput) (*model.VoidReferralCommissionPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	void, err := r.Program.VoidReferralCommission(ctx, v.NetworkID, voidOf(input))
	if err != nil {
		return nil, err
	}
	return &model.VoidReferralCommissionPayload{Void: void}, nil
}

func granted(grant *ent.RetroactiveGrant, granting program.Granting, err error) (*model.GrantRetroactiveCommissionPayload, error) {
	if err != nil {
		return nil, err
	}
	return &model.GrantRetroactiveCommissionPayload{Grant: grant, Impact: &granting}, nil
}

func grantPayload(grant *ent.RetroactiveGrant, err error) (*model.RetroactiveGrantPayload, error) {
	if err != nil {
		return nil, err
	}
	return &model.RetroactiveGrantPayload{Grant: grant}, nil
}

func grantOf(input model.RetroactiveCommissionInput) program.RetroactiveGrant {
	grant := program.RetroactiveGrant{
		ReferralID: input.Referral.Of(scalar.Referral), Days: ledger.Range{From: input.From, To: input.To}, Maximum: input.Maximum, Reason: input.Reason,
	}
	if pays := input.Pays.Value(); pays != nil {
		if percentage := pays.Percentage.Value(); percentage != nil {
			grant.Percentage = &commission.Percentage{Rate: percentage.Rate, Basis: percentage.Basis}
		}
		if structure := pays.Structure.Value(); structure != nil {
			grant.StructureID = orNobody(structure.Of(scalar.Structure))
		}
	}
	return grant
}

func voidOf(input model.VoidReferralCommissionInput) program.CommissionVoid {
	void := program.CommissionVoid{TermID: input.Term.Of(scalar.Term), Reason: input.Reason}
	if from, ok := given(input.From); ok {
		void.From = &from
	}
	if to, ok := given(input.To); ok {
		void.To = &to
	}
	return void
}

// ID is opaque.
func (r retroactiveGrantResolver) ID(_ context.Context, g *ent.RetroactiveGrant) (*scalar.ID, error) {
	return idOf(scalar.Grant, g.ID)
}

// Referral is the one whose referrer is paid.
func (r retroactiveGrantResolver) Referral(ctx context.Context, g *ent.RetroactiveGrant) (*ent.Referral, error) {
	return one(ctx, loadersOf(ctx).referral, g.ReferralID, "referral")
}

// Structure is the percentage by which it pays.
func (r retroactiveGrantResolver) Structure(ctx context.Context, g *ent.RetroactiveGrant) (*ent.CommissionStructure, error) {
	return one(ctx, loadersOf(ctx).structure, g.StructureID, "structure")
}

// Term is its row of the report.
func (r retroactiveGrantResolver) Term(ctx context.Context, g *ent.RetroactiveGrant) (*ent.ReferralTerm, error) {
	return maybe(ctx, loadersOf(ctx).grantTerm, &g.ID)
}

// Maximum is what it could come to at most.
func (r retroactiveGrantResolver) Maximum(ctx context.Context, g *ent.RetroactiveGrant) (*decimal.Decimal, error) {
	return r.exact(ctx, g.NetworkID, g.Maximum)
}

// Amount is what it came to.
func (r retroactiveGrantResolver) Amount(ctx context.Context, g *ent.RetroactiveGrant) (*decimal.Decimal, error) {
	return r.exact(ctx, g.NetworkID, g.Amount)
}

// ProposedBy is a name.
func (r retroactiveGrantResolver) ProposedBy(_ context.Context, g *ent.RetroactiveGrant) (*string, error) {
	return textOf(g.ProposedBy), nil
}

// GrantedBy is a name.
func (r retroactiveGrantResolver) GrantedBy(_ context.Context, g *ent.RetroactiveGrant) (*string, error) {
	return textOf(g.GrantedBy), nil
}

// EndedBy is a name.
func (r retroactiveGrantResolver) EndedBy(_ context.Context, g *ent.RetroactiveGrant) (*string, error) {
	return textOf(g.EndedBy), nil
}

// EndReason is why it was declined or revoked.
func (r retroactiveGrantResolver) EndReason(_ context.Context, g *ent.RetroactiveGrant) (*string, error) {
	return textOf(g.EndReason), nil
}

// Grant is the one whose term it is.
func (r referralTermResolver) Grant(ctx context.Context, t *ent.ReferralTerm) (*ent.RetroactiveGrant, error) {
	return maybe(ctx, loadersOf(ctx).grant, t.GrantID)
}

// Voids is what was taken from the term.
func (r referralTermResolver) Voids(ctx context.Context, t *ent.ReferralTerm) ([]*ent.CommissionVoid, error) {
	return loadersOf(ctx).voids.Load(ctx, t.ID)
}

// Grant is the one that pays the conversion.
func (r referralCommissionResolver) Grant(ctx context.Context, told *ledger.Explained) (*ent.RetroactiveGrant, error) {
	return maybe(ctx, loadersOf(ctx).grant, &told.GrantID)
}

// ID is opaque.
func (r commissionVoidResolver) ID(_ context.Context, v *ent.CommissionVoid) (*scalar.ID, error) {
	return idOf(scalar.Void, v.ID)
}

// Term is the one from which it was taken.
func (r commissionVoidResolver) Term(ctx context.Context, v *ent.CommissionVoid) (*ent.ReferralTerm, error) {
	return one(ctx, loadersOf(ctx).term, v.TermID, "term")
}

// Amount is what was taken.
func (r commissionVoidResolver) Amount(ctx context.Context, v *ent.CommissionVoid) (*decimal.Decimal, error) {
	return r.exact(ctx, v.NetworkID, v.Amount)
}
