package graph

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/vektah/gqlparser/v2/ast"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph/generated"
	"partner.example/referrals/graph/scalar"
)

// Options are what an operator decides about the door.
type Options struct {
	Trusted   Trusted           // the documents of the clients; where there are any, other documents are for explorers
	Explorers []commission.Role // who may send documents of their own, and introspect
	Budgets   *Budgets          // nil: nobody's is limited

	Extensions []graphql.HandlerExtension // what the server adds: they see every operation
}

// Handler answers GraphQL over HTTP.
func (r *Resolver) Handler(options Options) http.Handler {
	return r.HandlerBehind(Directives(), options)
}

// HandlerBehind is Handler with other locks than the schema's: with none, a test shows what the storage alone lets
// through.
func (r *Resolver) HandlerBehind(directives generated.DirectiveRoot, options Options) http.Handler {
	schema := generated.NewExecutableSchema(generated.Config{Resolvers: r, Directives: directives})
	tellAudience(schema.Schema())
	server := handler.New(schema)
	server.AddTransport(overHTTP{resolver: r, admission: &admission{
		schema:    schema.Schema(),
		documents: newDocuments(schema.Schema(), options.Trusted),
		budgets:   options.Budgets,
		explorers: options.Explorers,
	}})
	server.SetQueryCache(known{})
	server.SetErrorPresenter(present)
	server.SetRecoverFunc(func(ctx context.Context, panicked any) error {
		slog.ErrorContext(ctx, "panic", "stack", string(debug.Stack()))
		return fmt.Errorf("panic: %v", panicked)
	})
	server.Use(extension.Introspection{}) // admission asked whether the viewer may
	server.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		ctx = scalar.Collect(r.withLoaders(ctx), admittedOf(ctx).choices)
		if v, signedIn := viewer.From(ctx); signedIn { // again, where fields find it sooner: many ask who is asking
			ctx = viewer.With(ctx, v)
		}
		return next(ctx)
	})
	server.AroundRootFields(func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
		if graphql.GetOperationContext(ctx).Operation.Operation == ast.Mutation {
			ctx = r.withLoaders(ctx) // what was loaded for the mutation before may have changed since
		}
		return next(ctx)
	})
	server.AroundFields(r.around)
	for _, added := range options.Extensions {
		server.Use(added)
	}
	return server
}
