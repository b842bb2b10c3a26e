package main

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph"
)

// operations notes what is asked of GraphQL and how it is answered, also where it is refused before it runs, and
// traces it.
type operations struct{ tracer trace.Tracer }

var (
	_ graphql.HandlerExtension        = operations{}
	_ graphql.OperationContextMutator = operations{}
	_ graphql.ResponseInterceptor     = operations{}
)

// ExtensionName names it among gqlgen's extensions.
func (operations) ExtensionName() string { return "Operations" }

// Validate has nothing to ask of the schema.
func (operations) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext notes what is asked; it may be answered without being run.
func (operations) MutateOperationContext(ctx context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	told := exchangeOf(ctx)
	told.operation, told.code = labelOf(operation.Operation), allRight
	told.viewer, _ = viewer.From(ctx)
	return nil
}

// InterceptResponse is around the answer.
func (o operations) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	told := exchangeOf(ctx)
	if told.operation == "" { // it was refused before it was understood
		told.operation = invalid
		told.viewer, _ = viewer.From(ctx)
	}
	ctx, span := o.tracer.Start(ctx, told.operation)
	defer span.End()
	answer := next(ctx)
	told.code = allRight
	if answer != nil && len(answer.Errors) > 0 {
		told.code = codeOf(answer.Errors[0])
	}
	if span.IsRecording() {
		span.SetAttributes(semconv.GraphQLOperationName(told.operation), attribute.String("referrals.code", told.code))
		if told.code == internal || told.code == string(commission.Unavailable) {
			span.SetStatus(codes.Error, told.code)
		}
	}
	return answer
}

const (
	allRight = "OK"
	internal = "INTERNAL_SERVER_ERROR"

	invalid = "invalid" // what a document asks for that was refused
)

func codeOf(err *gqlerror.Error) string {
	if code, _ := err.Extensions["code"].(string); graph.IsCode(code) {
		return code
	}
	return "OTHER"
}

// labelOf names an operation by the fields of the schema that it asks for, since the name that a client gives it is
// anything: "mutation recordConversions", "query network.referralReport", "query several".
func labelOf(operation *ast.OperationDefinition) string {
	if operation == nil {
		return invalid
	}
	root := string(operation.Operation)
	asked := only(operation.SelectionSet, func(*ast.Field) bool { return true })
	switch {
	case asked == nil:
		return root + " several"
	case asked.Definition == nil: // refused before it was understood
		return invalid
	case operation.Operation != ast.Query:
		return root + " " + asked.Name
	}
	name := root + " " + asked.Name
	if part := only(asked.SelectionSet, func(f *ast.Field) bool { return len(f.SelectionSet) > 0 }); part != nil && part.Definition != nil {
		name += "." + part.Name
	}
	return name
}

// only is the one field of a selection that matters; nil where there are several, or none.
func only(selected ast.SelectionSet, matters func(*ast.Field) bool) (found *ast.Field) {
	seen := map[string]bool{} // each fragment is read once, however often it is spread
	var several bool
	var read func(set ast.SelectionSet)
	read = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				if matters(s) && (found == nil || found.Name == s.Name) {
					found = s
				} else if matters(s) {
					several = true
				}
			case *ast.InlineFragment:
				read(s.SelectionSet)
			case *ast.FragmentSpread:
				if s.Definition != nil && !seen[s.Name] {
					seen[s.Name] = true
					read(s.Definition.SelectionSet)
				}
			}
			if several {
				return
			}
		}
	}
	read(selected)
	if several {
		return nil
	}
	return found
}
