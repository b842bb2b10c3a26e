package graph

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph/resolve"
)

// admission decides whether a request may run, by what can be known before it does: cheap questions first, and
// everything that is wrong told at once.
type admission struct {
	schema    *ast.Schema
	documents *documents
	budgets   *Budgets
	explorers []commission.Role
}

// admitted is a request that may run.
type admitted struct {
	*document
	operation *ast.OperationDefinition
	choices   commission.Problems // what is wrong with its variables, and told when it runs
	rows      readRows            // those of its variables that were read straight from it
	cost      int
}

// admit finds the document, the operation in it, what is wrong with its variables, and what it costs.
func (a *admission) admit(ctx context.Context, asked *request) (*admitted, gqlerror.List) {
	v, signedIn := viewer.From(ctx)
	explores := signedIn && slices.Contains(a.explorers, v.Role)
	found, wrong := a.documents.find(asked, explores)
	if wrong != nil {
		return nil, wrong
	}
	asked.Query = found.text
	switch {
	case !found.introspects, explores:
	case !signedIn:
		return nil, gqlerror.List{refused(commission.Unauthenticated, "sign in first: the schema is for those who may use it")}
	default:
		return nil, gqlerror.List{refused(commission.Forbidden, "the role "+string(v.Role)+" may not ask what the schema is")}
	}
	operation := found.query.Operations.ForName(asked.OperationName)
	if operation == nil {
		return nil, gqlerror.List{invalid(nil, "name one of the document's operations in \"operationName\"")}
	}
	if err := asked.readVariables(operation); err != nil {
		return nil, gqlerror.List{badRequest(`"variables" must be an object in JSON`)}
	}
	cost := costOf(a.schema, operation, asked.Variables, asked.rows)
	if !signedIn && cost > MostOfAddress {
		return nil, gqlerror.List{refused(commission.Unauthenticated, fmt.Sprintf("sign in first: without a token an operation may cost %d points, and this costs %d", MostOfAddress, cost))}
	}
	if wrong := exceeded(limit{"cost", maxCost[v.Role], cost}); wrong != nil {
		return nil, wrong
	}
	most := mostMistakes
	if records(v) { // every wrong row of theirs is told
		most = math.MaxInt
	}
	choices, err := checkVariables(a.schema, operation, asked.Variables, most)
	if err != nil {
		return nil, refusals(err)
	}
	return &admitted{document: found, operation: operation, choices: choices, rows: asked.rows, cost: cost}, nil
}

// records tells whether somebody is of those who record conversions, thousands in a request.
func records(v viewer.Viewer) bool { return v.Is(commission.Admin, commission.Tracker) }

type admittedKey struct{}

// withAdmitted hands on what was found out about a request.
func withAdmitted(ctx context.Context, a *admitted) context.Context {
	return context.WithValue(resolve.WithSize(ctx, &a.size), admittedKey{}, a)
}

// admittedOf is what was found out about the request of the context. Nothing runs that was not admitted.
func admittedOf(ctx context.Context) *admitted {
	a, _ := ctx.Value(admittedKey{}).(*admitted)
	return a
}
