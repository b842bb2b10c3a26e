package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/viewer"
)

// overHTTP carries GraphQL over HTTP: by POST as JSON, and queries by GET. Whatever it is sent, it answers in
// GraphQL's form, and its refusals have a code; gqlgen's own transports call what is no request an internal error.
type overHTTP struct {
	*admission
	resolver *Resolver
}

var _ graphql.Transport = overHTTP{}

const (
	plainJSON   = "application/json"
	graphqlJSON = "application/graphql-response+json"
	methods     = "GET, POST, OPTIONS"

	largeBody = 8 << 20   // 10,000 conversions take some 2 MB
	smallBody = 256 << 10 // of those who record nothing
)

// Supports every method, if only to refuse it.
func (overHTTP) Supports(*http.Request) bool { return true }

// Do answers one request.
func (t overHTTP) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	if r.Method == http.MethodOptions {
		w.Header().Set("Allow", methods)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", accepted(r)+"; charset=utf-8")
	begun := graphql.Now()
	spending := t.budgets.of(r.Context())
	refuse := func(status int, wrong ...*gqlerror.Error) {
		spending.charge(refusedCost)
		t.write(w, status, exec.DispatchError(r.Context(), wrong), spending, 0)
	}
	if spending != nil && spending.remaining() == 0 {
		t.tooMuch(w, r, exec, spending, 1)
		return
	}
	asked, status, refusal := read(w, r)
	if refusal != nil {
		refuse(status, refusal)
		return
	}
	asked.Headers, asked.ReadTime = r.Header, graphql.TraceTiming{Start: begun, End: graphql.Now()}
	ctx := r.Context()
	admitted, wrong := t.admit(ctx, asked)
	switch {
	case wrong != nil:
		refuse(statusOf(codeOf(wrong[0]), accepted(r)), wrong...)
		return
	case r.Method == http.MethodGet && admitted.operation.Operation != ast.Query:
		w.Header().Set("Allow", http.MethodPost)
		refuse(http.StatusMethodNotAllowed, badRequest("a GET may ask, and change nothing: send a mutation by POST"))
		return
	case !spending.spend(admitted.cost):
		t.tooMuch(w, r, exec, spending, admitted.cost)
		return
	}
	ctx = withAdmitted(ctx, admitted)
	operation, wrong := exec.CreateOperationContext(ctx, &asked.RawParams)
	if wrong != nil {
		refuse(statusOf(codeOf(wrong[0]), accepted(r)), wrong...)
		return
	}
	key, refusal := t.resolver.keyOf(r, &asked.RawParams, operation)
	if refusal != nil {
		refuse(http.StatusBadRequest, refusal)
		return
	}
	run := func(ctx context.Context) *graphql.Response {
		responses, ctx := exec.DispatchOperation(ctx, operation)
		return responses(ctx)
	}
	var answer *graphql.Response
	if key == nil {
		answer = run(ctx)
	} else {
		answer = t.resolver.once(ctx, w.Header(), key, run)
	}
	if answer == nil { // its time was over before it could run
		answer = exec.DispatchError(graphql.WithOperationContext(ctx, operation), gqlerror.List{gqlerror.Wrap(context.DeadlineExceeded)})
	}
	admitted.size.Store(int64(len(answer.Data)))
	status = http.StatusOK
	if unavailable(answer) {
		w.Header().Set("Retry-After", retryAfter)
		status = http.StatusServiceUnavailable
	}
	t.write(w, status, answer, spending, admitted.cost)
}

const retryAfter = "1" // second

// unavailable tells whether all of the answer is that there is none at the moment: proxies and clients that know
// nothing of GraphQL are told by the status.
func unavailable(answer *graphql.Response) bool {
	if len(answer.Data) > 0 && !bytes.Equal(answer.Data, []byte("null")) {
		return false
	}
	return slices.ContainsFunc(answer.Errors, func(e *gqlerror.Error) bool {
		return e.Extensions["code"] == string(commission.Unavailable)
	})
}

// tooMuch refuses a request that costs more than its sender may spend now.
func (t overHTTP) tooMuch(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor, spending *budget, cost int) {
	seconds := spending.seconds(cost)
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	t.write(w, http.StatusTooManyRequests, exec.DispatchError(r.Context(), gqlerror.List{gqlerror.Wrap(tooMuch(seconds))}), spending, cost)
}

// read is what a request asks for; if it cannot be read, it says why, and with which status.
func read(w http.ResponseWriter, r *http.Request) (*request, int, *gqlerror.Error) {
	switch r.Method {
	case http.MethodGet:
		asked, refusal := readURL(r.URL.Query())
		return asked, http.StatusBadRequest, refusal
	case http.MethodPost:
		media, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if charset := parameters["charset"]; err != nil || media != plainJSON || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
			return nil, http.StatusUnsupportedMediaType, badRequest("send JSON, as Content-Type: " + plainJSON)
		}
		return readBody(w, r)
	default:
		w.Header().Set("Allow", methods)
		return nil, http.StatusMethodNotAllowed, badRequest("send GraphQL by POST, or a query by GET")
	}
}

func readURL(given url.Values) (*request, *gqlerror.Error) {
	var asked request
	asked.Query, asked.OperationName = given.Get("query"), given.Get("operationName")
	if given.Has("documentId") {
		id := given.Get("documentId")
		asked.DocumentID = &id
	}
	for name, into := range map[string]*map[string]any{"variables": &asked.Variables, "extensions": &asked.Extensions} {
		if text := given.Get(name); text != "" && decode([]byte(text), into) != nil {
			return nil, badRequest(`"` + name + `" must be an object in JSON`)
		}
	}
	return &asked, nil
}

// readBody reads as much as who is asking may send.
func readBody(w http.ResponseWriter, r *http.Request) (*request, int, *gqlerror.Error) {
	most := int64(smallBody)
	if v, ok := viewer.From(r.Context()); ok && records(v) {
		most = largeBody
	}
	if r.ContentLength > most {
		return nil, http.StatusRequestEntityTooLarge, tooLong(most)
	}
	body := bytes.NewBuffer(make([]byte, 0, min(max(r.ContentLength, 0), smallBody)+bytes.MinRead)) // as a rule it takes all
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, most))
	text := body.Bytes()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, http.StatusRequestEntityTooLarge, tooLong(most)
	case err != nil:
		return nil, http.StatusBadRequest, badRequest("the request ended before all of it had come")
	}
	if r.Header.Get(idempotencyKey) == "" { // a request under a key is hashed as a whole
		if asked := readAhead(text); asked != nil {
			return asked, 0, nil
		}
	}
	var asked request
	var mistaken *json.UnmarshalTypeError
	switch err := decode(text, &asked); {
	case errors.As(err, &mistaken) && mistaken.Field != "":
		name, _, _ := strings.Cut(mistaken.Field, ".")
		return nil, http.StatusBadRequest, badRequest(`"` + name + `" is not of the type that it must have: "query", "documentId" and "operationName" are texts, "variables" and "extensions" objects`)
	case err != nil:
		return nil, http.StatusBadRequest, badRequest("send one object in JSON; a list of requests is not served")
	}
	return &asked, 0, nil
}

func tooLong(most int64) *gqlerror.Error {
	return badRequest("the request is too large: the limit is " + strconv.FormatInt(most, 10) + " bytes; send it in parts")
}

func badRequest(message string) *gqlerror.Error { return refused(badRequestCode, message) }

// decode reads one value in JSON, and nothing behind it.
func decode(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something behind the value")
	}
	return nil
}

// accepted is the type of answer that the client prefers.
func accepted(r *http.Request) string {
	accept := strings.Join(r.Header.Values("Accept"), ",")
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

// write sends an answer, and tells what it cost and what may still be spent. One to a request that did not run has no
// data, not even null.
func (t overHTTP) write(w http.ResponseWriter, status int, response *graphql.Response, spending *budget, cost int) {
	var told extensions
	if cost > 0 {
		told.Cost = &points{cost}
	}
	if spending != nil {
		told.RateLimit = &rateLimit{spending.Burst(), spending.remaining(), spending.seconds(spending.Burst())}
		w.Header().Set("RateLimit-Limit", strconv.Itoa(told.RateLimit.Limit))
		w.Header().Set("RateLimit-Remaining", strconv.Itoa(told.RateLimit.Remaining))
		w.Header().Set("RateLimit-Reset", strconv.Itoa(told.RateLimit.ResetSeconds))
	}
	if response.Errors == nil && response.Data != nil {
		writeData(w, status, response.Data, told)
		return
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct {
		Errors     gqlerror.List   `json:"errors"`
		Data       json.RawMessage `json:"data,omitempty"`
		Extensions extensions      `json:"extensions,omitzero"`
	}{response.Errors, response.Data, told})
}

// extensions is what an answer tells beside its data.
type extensions struct {
	Cost      *points    `json:"cost,omitempty"`
	RateLimit *rateLimit `json:"rateLimit,omitempty"`
}

type points struct {
	Points int `json:"points"`
}

type rateLimit struct {
	Limit        int `json:"limit"`
	Remaining    int `json:"remaining"`
	ResetSeconds int `json:"resetSeconds"`
}

// writeData writes an answer without errors, as nearly all are. Its data is JSON already, which an encoder would read again.
func writeData(w http.ResponseWriter, status int, data json.RawMessage, told extensions) {
	extensions, err := json.Marshal(told)
	if err != nil {
		panic(err) // they are numbers
	}
	const before, between, behind = `{"data":`, `,"extensions":`, "}\n"
	w.Header().Set("Content-Length", strconv.Itoa(len(before)+len(data)+len(between)+len(extensions)+len(behind)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, before)
	_, _ = w.Write(append(append(append(data, between...), extensions...), behind...)) //nolint:gosec // it is JSON, and says so
}
