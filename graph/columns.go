package graph

import (
	"context"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/partner"
)

// A list of partners shows a few of their twenty columns. So partners are read with what the document asks of partners, all of
// them with the same, since they are kept by their ids wherever they were met.

// always is what is read of every partner: what each field may be answered with, and what tells who may see it [R2].
var always = []string{partner.FieldID, partner.FieldNetworkID, partner.FieldName, partner.FieldStatus, partner.FieldManagerID}

// besides is what some fields of a partner are read from besides. One that is not here is read from all there is.
var besides = map[string][]string{
	"__typename": nil, "id": nil, "name": nil, "status": nil, "manager": nil, "referralsMade": nil, "invoices": nil,
	"email":      {partner.FieldEmail},
	"version":    {partner.FieldVersion},
	"approvedAt": {partner.FieldApprovedAt},
	"referredBy": {partner.FieldReferredByID},
}

// partnerColumns is the columns that a document asks of partners; nil: all of them.
func partnerColumns(document *ast.QueryDocument) []string {
	columns := slices.Clone(always)
	whole := false
	var read func(set ast.SelectionSet)
	read = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch selected := selection.(type) {
			case *ast.Field:
				if selected.ObjectDefinition.Name == "Partner" {
					more, known := besides[selected.Name]
					columns, whole = append(columns, more...), whole || !known
				}
				read(selected.SelectionSet)
			case *ast.InlineFragment:
				read(selected.SelectionSet)
			}
		}
	}
	for _, operation := range document.Operations {
		read(operation.SelectionSet)
	}
	for _, fragment := range document.Fragments {
		read(fragment.SelectionSet)
	}
	if whole {
		return nil
	}
	slices.Sort(columns)
	return slices.Compact(columns)
}

// readPartners is a query for partners, with what the document asks of them.
func (r *Resolver) readPartners(ctx context.Context) *ent.PartnerQuery {
	query := r.DB.Partner.Query()
	if asked := admittedOf(ctx).partners; asked != nil {
		query.Select(asked...)
	}
	return query
}
