package graph

import (
	"encoding/json"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"partner.example/referrals/commission"
	"partner.example/referrals/graph/page"
)

// An operation costs a point for each object that it may answer with, a page as many as it may hold, and what some
// fields take besides. docs/errors.md says so to clients.
const (
	assumedList     = 10  // of a list that has no pages
	inputRowsAPoint = 100 // rows that are recorded for a point
	mutationCost    = 10
	introspection   = 100
)

// What some fields take besides.
const (
	everyRow        = 50 // reads all rows to sort and total them
	manyDays        = 20
	wholeNetwork    = 500  // reads or changes what all of it has
	manyConversions = 100  // sums those of one partner, and holds the network's gate
	everyConversion = 1500 // recomputes it from the conversions

	// TableCost is what a table of any length takes, and DocumentCost an invoice as a document.
	TableCost    = 500
	DocumentCost = 20
)

// extraCost is what answering a field takes besides its objects.
var extraCost = map[string]int{
	"Network.referralReport": everyRow,
	"Partner.referralReport": everyRow,
	"ReferralTerm.days":      manyDays,

	"Network.liability":                     wholeNetwork,
	"Network.previewReferralSettings":       wholeNetwork,
	"Network.previewPartnerReferralSetting": wholeNetwork,
	"SettingsImpact.costBefore":             wholeNetwork,
	"SettingsImpact.costAfter":              wholeNetwork,
	"Mutation.updateReferralSettings":       wholeNetwork,
	"Mutation.updatePartnerReferralSetting": wholeNetwork,
	"Mutation.runBilling":                   wholeNetwork,

	"Network.reconciliation": everyConversion,

	"Network.previewRetroactiveCommission":       manyConversions,
	"Network.previewAcceptRetroactiveCommission": manyConversions,
	"Network.previewVoidReferralCommission":      manyConversions,
	"Mutation.grantRetroactiveCommission":        manyConversions,
	"Mutation.proposeRetroactiveCommission":      manyConversions,
	"Mutation.acceptRetroactiveCommission":       manyConversions,
	"Mutation.voidReferralCommission":            manyConversions,
}

// maxCost is what one operation of a role may cost.
var maxCost = map[commission.Role]int{
	commission.Admin: MostOfAccount, commission.PartnerManager: MostOfAccount, commission.Support: MostOfAccount,
	commission.PartnerUser: MostOfAccount / 4, commission.Tracker: MostOfAccount / 10, //nolint:mnd // a share of it
	"": MostOfAddress, // who did not sign in
}

// The most that one operation may cost, of anybody who signed in and of those who did not.
const (
	MostOfAccount = 20_000
	MostOfAddress = 100
)

// costing adds up what an operation costs. It walks every spread, and comes after the limit of selections.
type costing struct {
	schema    *ast.Schema
	variables map[string]any
	read      readRows
}

func costOf(schema *ast.Schema, operation *ast.OperationDefinition, variables map[string]any, read readRows) int {
	return max(1, costing{schema, variables, read}.of(operation.SelectionSet, 0))
}

// of is what a selection costs. Size is that of the page whose connection it is in; 0: it is in none.
func (c costing) of(set ast.SelectionSet, size int) (cost int) {
	for _, selection := range set {
		switch selected := selection.(type) {
		case *ast.Field:
			cost += c.field(selected, size)
		case *ast.InlineFragment:
			cost += c.of(selected.SelectionSet, size)
		case *ast.FragmentSpread:
			cost += c.of(selected.Definition.SelectionSet, size)
		}
		cost = min(cost, plenty)
	}
	return cost
}

func (c costing) field(field *ast.Field, size int) int {
	if strings.HasPrefix(field.Name, "__") {
		if field.SelectionSet == nil {
			return 0
		}
		return introspection
	}
	cost := extraCost[field.ObjectDefinition.Name+"."+field.Name]
	if field.ObjectDefinition == c.schema.Mutation {
		cost += mutationCost + c.rows(field)/inputRowsAPoint
	}
	if field.SelectionSet == nil {
		return cost
	}
	of := field.Definition.Type
	if of.Elem == nil {
		return min(cost+1+c.of(field.SelectionSet, c.pageSize(field)), plenty)
	}
	if size == 0 {
		size = assumedList
	}
	return min(cost+size*(1+c.of(field.SelectionSet, 0)), plenty)
}

// pageSize is how many rows the page has that a field asks for; 0: it asks for no page.
func (c costing) pageSize(field *ast.Field) int {
	if !strings.HasSuffix(field.Definition.Type.Name(), "Connection") {
		return 0
	}
	given := page.Usual
	if first := field.Arguments.ForName("first"); first != nil {
		value, _ := first.Value.Value(c.variables)
		switch number := value.(type) {
		case int64:
			given = int(number)
		case json.Number:
			size, _ := number.Int64()
			given = int(size)
		}
	}
	return min(max(given, 1), page.Most) // more is refused, whatever it would cost
}

// rows is how many rows of input a mutation is given.
func (c costing) rows(field *ast.Field) (rows int) {
	for _, argument := range field.Arguments {
		value, _ := argument.Value.Value(c.variables)
		list, _ := value.([]any)
		rows += len(list) + len(c.read.of(argument))
	}
	return rows
}
