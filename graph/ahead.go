package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"partner.example/referrals/commission/ledger"
	ent "partner.example/referrals/ent/generated"
)

// What the rows of a page refer to is asked for when the page is made, all of it at once. The rows themselves ask too
// far apart for that: a loader that waited for all of them, also where the machine is busy, would hold up everybody.

// aheadOfRows asks for what rows of the report refer to.
func (l *loaders) aheadOfRows(ctx context.Context, rows []*ledger.Row) {
	asked := asksOfNodes(ctx)
	var partners, structures, referrals, terms, reached []int
	for _, row := range rows {
		if asked["referrer"] {
			partners = append(partners, row.ReferrerID)
		}
		if asked["referred"] {
			partners = append(partners, row.ReferredID)
		}
		if asked["referral"] {
			referrals = append(referrals, row.ReferralID)
		}
		if asked["structure"] && row.StructureID != 0 {
			structures = append(structures, row.StructureID)
		}
		if asked["term"] && row.TermID != 0 {
			terms = append(terms, row.TermID)
		}
		if asked["threshold.reachedAt"] && row.Threshold != nil && row.Threshold.Progress.GreaterThanOrEqual(row.Threshold.Target) {
			reached = append(reached, row.TermID)
		}
	}
	l.partner.LoadAllThunk(ctx, partners)
	l.structure.LoadAllThunk(ctx, structures)
	l.referral.LoadAllThunk(ctx, referrals)
	l.term.LoadAllThunk(ctx, terms)
	l.reachedOn.LoadAllThunk(ctx, reached)
}

// aheadOfPartners asks for what partners refer to.
func (l *loaders) aheadOfPartners(ctx context.Context, rows []*ent.Partner) {
	asked := asksOfNodes(ctx)
	var managers, referrers, made []int
	for _, row := range rows {
		if asked["manager"] && row.ManagerID != nil {
			managers = append(managers, *row.ManagerID)
		}
		if asked["referredBy"] && row.ReferredByID != nil {
			referrers = append(referrers, *row.ReferredByID)
		}
		if asked["referralsMade.totalCount"] {
			made = append(made, row.ID)
		}
	}
	l.account.LoadAllThunk(ctx, managers)
	l.partner.LoadAllThunk(ctx, referrers)
	l.referralsMade.LoadAllThunk(ctx, made)
}

// aheadOfInvoices asks for what invoices refer to.
func (l *loaders) aheadOfInvoices(ctx context.Context, rows []*ent.Invoice) {
	asked := asksOfNodes(ctx)
	var partners, lines []int
	for _, row := range rows {
		if asked["partner"] {
			partners = append(partners, row.PartnerID)
		}
		if asked["lines"] {
			lines = append(lines, row.ID)
		}
	}
	l.partner.LoadAllThunk(ctx, partners)
	l.lines.LoadAllThunk(ctx, lines)
}

// aheadOfLines asks for what the lines of an invoice refer to.
func (l *loaders) aheadOfLines(ctx context.Context, rows []*ent.InvoiceLine) {
	asked := asks(ctx)
	var referred, structures []int
	for _, row := range rows {
		if asked["referred"] && row.ReferredID != nil {
			referred = append(referred, *row.ReferredID)
		}
		if asked["structure"] && row.StructureID != nil {
			structures = append(structures, *row.StructureID)
		}
	}
	l.partner.LoadAllThunk(ctx, referred)
	l.structure.LoadAllThunk(ctx, structures)
}

// asks is the names of the fields that are asked for below the one that is being resolved.
func asks(ctx context.Context) map[string]bool {
	names := map[string]bool{}
	if field := graphql.GetFieldContext(ctx); field != nil {
		collect(ctx, names, "", field.Field, 1)
	}
	return names
}

// asksOfNodes is the names of the fields that are asked of the rows of the list that is being resolved, and behind a
// dot of those below them.
func asksOfNodes(ctx context.Context) map[string]bool {
	names := map[string]bool{}
	for _, field := range below(ctx, graphql.GetFieldContext(ctx).Field) {
		switch field.Name {
		case "nodes":
			collect(ctx, names, "", field, 2)
		case "edges":
			for _, part := range below(ctx, field) {
				if part.Name == "node" {
					collect(ctx, names, "", part, 2)
				}
			}
		}
	}
	return names
}

func collect(ctx context.Context, names map[string]bool, prefix string, field graphql.CollectedField, levels int) {
	for _, part := range below(ctx, field) {
		names[prefix+part.Name] = true
		if levels > 1 {
			collect(ctx, names, prefix+part.Name+".", part, levels-1)
		}
	}
}

// below is the fields that are asked for below a field, those of fragments included.
func below(ctx context.Context, field graphql.CollectedField) []graphql.CollectedField {
	return graphql.CollectFields(graphql.GetOperationContext(ctx), field.Selections, []string{field.Definition.Type.Name(), "Node"})
}
