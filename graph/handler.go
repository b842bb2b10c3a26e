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
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"

	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph/generated"
	"partner.example/referrals/graph/scalar"
)

const (
	cachedDocuments = 1000
	maxTokens       = 4000 // of a document: the largest that a client sends has some 300
	maxComplexity   = 50_000
)

// Handler answers GraphQL over HTTP. Extensions are what the server adds: they see every operation.
func (r *Resolver) Handler(extensions ...graphql.HandlerExtension) http.Handler {
	return r.HandlerBehind(Directives(), extensions...)
}

// HandlerBehind is Handler with other locks than the schema's: with none, a test shows what the storage alone lets
// through.
func (r *Resolver) HandlerBehind(directives generated.DirectiveRoot, extensions ...graphql.HandlerExtension) http.Handler {
	schema := generated.NewExecutableSchema(generated.Config{Resolvers: r, Directives: directives})
	tellAudience(schema.Schema())
	server := handler.New(schema)
	server.AddTransport(transport.Options{})
	server.AddTransport(overHTTP{resolver: r, names: newEnumNames(schema.Schema())})
	server.SetQueryCache(lru.New[*ast.QueryDocument](cachedDocuments))
	server.SetParserTokenLimit(maxTokens)
	server.SetErrorPresenter(present)
	server.SetRecoverFunc(func(ctx context.Context, panicked any) error {
		slog.ErrorContext(ctx, "panic", "stack", string(debug.Stack()))
		return fmt.Errorf("panic: %v", panicked)
	})
	server.Use(extension.Introspection{})
	server.Use(extension.FixedComplexityLimit(maxComplexity))
	server.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		if _, ok := viewer.From(ctx); !ok {
			graphql.GetOperationContext(ctx).DisableIntrospection = true
		}
		return next(scalar.Collect(r.withLoaders(ctx)))
	})
	server.AroundFields(r.logLook)
	server.AroundFields(tellAll)
	for _, added := range extensions {
		server.Use(added)
	}
	return server
}
