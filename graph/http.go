package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"partner.example/referrals/commission"
)

// overHTTP carries GraphQL over HTTP: by POST as JSON, and queries by GET. Whatever it is sent, it answers in
// GraphQL's form, and its refusals have a code; gqlgen's own transports call what is no request an internal error.
type overHTTP struct {
	resolver *Resolver
	names    enumNames
}

var _ graphql.Transport = overHTTP{}

const (
	plainJSON   = "application/json"
	graphqlJSON = "application/graphql-response+json"
)

// Supports every method but those that ask for none of this.
func (overHTTP) Supports(r *http.Request) bool {
	return r.Method != http.MethodHead && r.Method != http.MethodOptions
}

// Do answers one request.
func (t overHTTP) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	w.Header().Set("Content-Type", accepted(r))
	begun := graphql.Now()
	asked, status, refusal := read(r)
	if refusal != nil {
		write(w, status, exec.DispatchError(r.Context(), gqlerror.List{refusal}))
		return
	}
	asked.Headers, asked.ReadTime = r.Header, graphql.TraceTiming{Start: begun, End: graphql.Now()}
	operation, wrong := exec.CreateOperationContext(r.Context(), asked)
	if wrong == nil {
		wrong = t.names.check(operation)
	}
	if wrong == nil && r.Method == http.MethodGet && operation.Operation.Operation != ast.Query {
		w.Header().Set("Allow", http.MethodPost)
		write(w, http.StatusMethodNotAllowed, exec.DispatchError(r.Context(), gqlerror.List{badRequest("a GET may ask, and change nothing: send a mutation by POST")}))
		return
	}
	if wrong != nil {
		write(w, statusOf(wrong, w.Header().Get("Content-Type")), exec.DispatchError(graphql.WithOperationContext(r.Context(), operation), wrong))
		return
	}
	key, refusal := t.resolver.keyOf(r, asked, operation)
	if refusal != nil {
		write(w, http.StatusBadRequest, exec.DispatchError(graphql.WithOperationContext(r.Context(), operation), gqlerror.List{refusal}))
		return
	}
	run := func(ctx context.Context) *graphql.Response {
		responses, ctx := exec.DispatchOperation(ctx, operation)
		return responses(ctx)
	}
	var answer *graphql.Response
	if key == nil {
		answer = run(r.Context())
	} else {
		answer = t.resolver.once(r.Context(), w.Header(), key, run)
	}
	status = http.StatusOK
	if unavailable(answer) {
		w.Header().Set("Retry-After", retryAfter)
		status = http.StatusServiceUnavailable
	}
	write(w, status, answer)
}

const retryAfter = "1" // second

// unavailable tells whether all of the answer is that there is none at the moment: proxies and clients that know
// nothing of GraphQL are told by the status.
func unavailable(answer *graphql.Response) bool {
	if answer == nil || (len(answer.Data) > 0 && !bytes.Equal(answer.Data, []byte("null"))) {
		return false
	}
	return slices.ContainsFunc(answer.Errors, func(e *gqlerror.Error) bool {
		return e.Extensions["code"] == string(commission.Unavailable)
	})
}

// read is what a request asks for; if it cannot be read, it says why, and with which status.
func read(r *http.Request) (*graphql.RawParams, int, *gqlerror.Error) {
	var asked graphql.RawParams
	switch r.Method {
	case http.MethodGet:
		given := r.URL.Query()
		asked.Query, asked.OperationName = given.Get("query"), given.Get("operationName")
		for name, into := range map[string]*map[string]any{"variables": &asked.Variables, "extensions": &asked.Extensions} {
			if text := given.Get(name); text != "" && decode(strings.NewReader(text), into) != nil {
				return nil, http.StatusBadRequest, badRequest(name + " must be an object in JSON")
			}
		}
		return &asked, 0, nil
	case http.MethodPost:
		if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != plainJSON {
			return nil, http.StatusUnsupportedMediaType, badRequest("send JSON, as Content-Type: " + plainJSON)
		}
		err := decode(r.Body, &asked)
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			return nil, http.StatusRequestEntityTooLarge, badRequest("the request is too large: send it in parts")
		case err != nil:
			return nil, http.StatusBadRequest, badRequest(`send an object in JSON, with "query" and, where they are needed, "variables" and "operationName"`)
		}
		return &asked, 0, nil
	default:
		return nil, http.StatusMethodNotAllowed, badRequest("send GraphQL by POST")
	}
}

func badRequest(message string) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{"code": "BAD_REQUEST"}}
}

func decode(from io.Reader, into any) error {
	decoder := json.NewDecoder(from)
	decoder.UseNumber()
	return decoder.Decode(into)
}

// accepted is the type of answer that the client prefers.
func accepted(r *http.Request) string {
	accept := r.Header.Get("Accept")
	for part := range strings.SplitSeq(accept, ",") {
		switch media, _, _ := mime.ParseMediaType(strings.TrimSpace(part)); media {
		case "*/*", "application/*", plainJSON:
			return plainJSON
		case graphqlJSON:
			return graphqlJSON
		}
	}
	if accept == "" {
		return plainJSON
	}
	return graphqlJSON
}

// statusOf is the status of a request whose document or variables are refused.
func statusOf(wrong gqlerror.List, contentType string) int {
	switch {
	case errcode.GetErrorKind(wrong) != errcode.KindProtocol:
		return http.StatusOK
	case contentType == graphqlJSON:
		return http.StatusBadRequest
	default:
		return http.StatusUnprocessableEntity
	}
}

// write sends an answer. One to a request that did not run has no data, not even null.
func write(w http.ResponseWriter, status int, response *graphql.Response) {
	var answer any = response
	if response != nil && response.Data == nil {
		answer = struct {
			Errors     gqlerror.List  `json:"errors"`
			Extensions map[string]any `json:"extensions,omitempty"`
		}{response.Errors, response.Extensions}
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}
