package graph

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/viewer"
)

const (
	idempotencyKey      = "Idempotency-Key"      // a client's name for one request that it may send again
	idempotencyReplayed = "Idempotency-Replayed" // "true" where anything of what is answered was done before

	maxKey = 255
)

// keyOf is the key under which a mutation was sent; nil: it was sent without one, or changes nothing.
func (r *Resolver) keyOf(request *http.Request, asked *graphql.RawParams, operation *graphql.OperationContext) (*database.Key, *gqlerror.Error) {
	given := request.Header.Values(idempotencyKey)
	if len(given) == 0 || operation.Operation.Operation != ast.Mutation {
		return nil, nil //nolint:nilnil // there is none
	}
	text := given[0]
	if len(given) > 1 || text == "" || len(text) > maxKey || strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return nil, badRequest(idempotencyKey + " must be one text of 1 to 255 visible ASCII characters, best a random UUID")
	}
	who, _ := viewer.From(request.Context())
	key, err := database.NewKey(who.AccountID, text, hashOf(asked, operation), r.Program.Now())
	if err != nil {
		return nil, present(request.Context(), err)
	}
	return key, nil
}

// hashOf is the same for requests that ask for the same: blanks in the document, the order of the variables, and
// operations that are not run make no difference.
func hashOf(asked *graphql.RawParams, operation *graphql.OperationContext) string {
	var document bytes.Buffer
	formatter.NewFormatter(&document).FormatQueryDocument(&ast.QueryDocument{
		Operations: ast.OperationList{operation.Operation}, Fragments: operation.Doc.Fragments,
	})
	variables, _ := json.Marshal(asked.Variables) // it was read from JSON
	hash := sha256.New()
	for _, part := range [][]byte{document.Bytes(), variables} {
		sum := sha256.Sum256(part)
		hash.Write(sum[:])
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// once answers a mutation under its key. What was answered in full is answered again, as it was; else the mutation
// runs, and those of its transactions that were committed before give what they came to. An answer with an error is
// not kept: what was refused changed nothing, and may be tried again.
func (r *Resolver) once(ctx context.Context, header http.Header, key *database.Key, run func(ctx context.Context) *graphql.Response) *graphql.Response {
	defer func() {
		if key.Replayed() {
			header.Set(idempotencyReplayed, "true")
		}
	}()
	before, err := r.DB.Answer(ctx, key)
	if err != nil {
		return &graphql.Response{Errors: gqlerror.List{present(ctx, err)}}
	}
	if before != nil {
		return &graphql.Response{Data: before}
	}
	answer := run(database.WithKey(ctx, key))
	if answer != nil && len(answer.Errors) == 0 {
		if err := r.DB.KeepAnswer(context.WithoutCancel(ctx), key, answer.Data); err != nil { // it would be computed again
			slog.WarnContext(ctx, "an answer was not kept", "error", err)
		}
	}
	return answer
}
