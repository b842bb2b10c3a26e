package graph

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"entgo.io/ent/privacy"
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/graph/scalar"
)

// wholeInput are the mutations, and their previews, whose rules look at a whole form or batch: where a part of it cannot be read
// they run all the same, in transactions that are refused, so that what else is wrong is told at once.
var wholeInput = map[string]bool{
	"createPartner": true, "updatePartner": true, "updateReferralSettings": true, "updatePartnerReferralSetting": true,
	"recordConversions": true, "recordAdjustments": true, "previewReferralSettings": true, "previewPartnerReferralSetting": true,
}

// around is around every field: support staff's looks into networks are logged, wrong scalars in its arguments refuse it,
// and of many problems each becomes an error of its own. It runs for each value of an answer, and is one function since each
// layer takes its time.
func (r *Resolver) around(ctx context.Context, next graphql.Resolver) (any, error) {
	field := graphql.GetFieldContext(ctx)
	if field.Object == "Network" {
		if err := r.logLook(ctx, field); err != nil {
			return nil, err
		}
	}
	if len(field.Field.Arguments) == 0 && field.Object != "Query" && field.Object != "Mutation" { // as nearly every field
		result, err := next(ctx)
		return tellAll(ctx, result, err)
	}
	unreadable := scalar.Problems(ctx)
	err := unreadable.Err()
	var result any
	switch {
	case err == nil && field.Object == "Mutation":
		result, err = next(database.InField(ctx, field.Field.Alias))
	case err == nil:
		result, err = next(ctx)
	case wholeInput[field.Field.Name]:
		if _, found := next(database.Refusing(ctx, err)); found != nil {
			err = together(unreadable, found)
		}
	}
	return tellAll(ctx, result, err)
}

// tellAll makes of many problems an error each.
func tellAll(ctx context.Context, result any, err error) (any, error) {
	if err == nil {
		return result, nil
	}
	var problems commission.Problems
	if !errors.As(err, &problems) {
		return result, err
	}
	last := len(problems) - 1
	for _, problem := range problems[:last] {
		graphql.AddError(ctx, problem)
	}
	return nil, problems[last]
}

// together is what cannot be read of an input and what the rules found wrong with the rest. Whether a row that
// cannot be read conflicts with another is not known. Who may not do it at all is told nothing but that.
func together(unreadable commission.Problems, found error) error {
	var problems commission.Problems
	var refusal *commission.Error
	switch {
	case errors.As(found, &problems):
	case !errors.As(found, &refusal), refusal.Code == commission.Unauthenticated, refusal.Code == commission.Forbidden:
		return found
	default:
		problems = commission.Problems{refusal}
	}
	rows := map[string]bool{}
	for _, problem := range unreadable {
		rows[rowOf(problem.Field)] = true
	}
	return append(slices.Clone(unreadable), slices.DeleteFunc(slices.Clone(problems), func(problem *commission.Error) bool {
		return problem.Code == commission.Conflict && rows[rowOf(problem.Field)]
	})...).Err()
}

// rowOf is the path of what holds a field.
func rowOf(field string) string { return field[:strings.LastIndex(field, ".")+1] }

// present turns an error into what the client is told: a refusal with its code and field, or, of a fault, nothing
// but the id by which the log has the whole of it. It is the only place where errors become answers.
func present(ctx context.Context, err error) *gqlerror.Error {
	presented := &gqlerror.Error{Extensions: map[string]any{}}
	var known *gqlerror.Error
	if errors.As(err, &known) {
		presented.Path, presented.Locations = known.Path, known.Locations
	}
	if presented.Path == nil {
		presented.Path = graphql.GetPath(ctx)
	}
	tell := func(code commission.Code, message string) {
		presented.Message, presented.Extensions["code"] = message, string(code)
	}
	var refusal *commission.Error
	var overflow *graphql.NumberOverflowError
	switch {
	case errors.As(err, &refusal):
		tell(refusal.Code, refusal.Message)
		if refusal.Field != "" {
			presented.Extensions["field"] = refusal.Field
		}
	case errors.As(err, &overflow):
		tell(commission.BadUserInput, wholeNumber)
		presented.Extensions["field"] = scalar.Argument(ctx, presented.Path)
	case errors.Is(err, privacy.Deny):
		tell(commission.NotFound, "no such thing")
	case isOurs(known): // refused before it ran
		presented.Message, presented.Extensions = known.Message, known.Extensions
	case errors.Is(err, context.Canceled) && ctx.Err() != nil: // the client is gone, and reads no answer
		tell(commission.Unavailable, "the request was given up")
	case database.IsUnavailable(err), database.IsLate(err):
		refusal := unavailableBecause(ctx, err)
		tell(refusal.Code, refusal.Message)
	default:
		slog.ErrorContext(ctx, "fault", "error", err)
		tell(internal, "internal error")
		presented.Extensions["requestId"] = RequestID(ctx)
	}
	return presented
}

// unavailableBecause is what is told of an error of which the database itself is the reason; the log has the rest.
func unavailableBecause(ctx context.Context, err error) *commission.Error {
	slog.WarnContext(ctx, "the database is not available", "error", err)
	switch {
	case errors.Is(err, database.ErrOutcomeUnknown):
		return commission.Refuse(commission.Unavailable, "", "the database went away before it said whether this was done: it was done as a whole or not at all; look, or send it again")
	case database.IsLate(err):
		return commission.Refuse(commission.Unavailable, "", "this took too long and was given up: ask for less, or try again later")
	case errors.Is(err, database.ErrGaveWay):
		return commission.Refuse(commission.Unavailable, "", "other requests came first, again and again, and nothing was done: try again")
	default:
		return commission.Refuse(commission.Unavailable, "", "the database cannot be reached at the moment, and nothing was done: try again later")
	}
}

const wholeNumber = "must be a whole number of 32 bits"

// isOurs tells whether an error of GraphQL is a refusal that was made for clients.
func isOurs(known *gqlerror.Error) bool { return known != nil && known.Extensions["code"] != nil }

// refused is the refusal of a request as a whole.
func refused(code commission.Code, message string) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{"code": string(code)}}
}

// invalid is a mistake in a document, or one of a request that is at no place of it.
func invalid(at *ast.Position, format string, args ...any) *gqlerror.Error {
	mistake := gqlerror.Errorf(format, args...)
	if at != nil {
		mistake = gqlerror.ErrorPosf(at, format, args...)
	}
	mistake.Extensions = map[string]any{"code": string(validationFailed)}
	return mistake
}

// refusals is an error for each of the problems of a request that cannot run.
func refusals(err error) (all gqlerror.List) {
	var problems commission.Problems
	if !errors.As(err, &problems) {
		return gqlerror.List{gqlerror.Wrap(err)}
	}
	for _, problem := range problems {
		all = append(all, &gqlerror.Error{Err: problem, Message: problem.Message, Extensions: map[string]any{"code": string(problem.Code)}})
	}
	return all
}

func codeOf(e *gqlerror.Error) commission.Code {
	code, _ := e.Extensions["code"].(string)
	return commission.Code(code)
}

// Refuse answers a request that GraphQL never sees, in GraphQL's form.
func Refuse(w http.ResponseWriter, r *http.Request, err error) {
	presented := present(r.Context(), err)
	w.Header().Set("Content-Type", accepted(r)+"; charset=utf-8")
	var late *spent
	switch {
	case errors.As(err, &late):
		w.Header().Set("Retry-After", strconv.Itoa(late.seconds))
	case codeOf(presented) == commission.Unavailable:
		w.Header().Set("Retry-After", retryAfter)
	}
	w.WriteHeader(statusOf(codeOf(presented), graphqlJSON))
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": gqlerror.List{presented}})
}

// Received is how a request came.
type Received struct {
	RequestID string // by which the log and an "internal error" name it
	Address   string // that it came from
}

type receivedKey struct{}

// WithReceived says how the request of the context came.
func WithReceived(ctx context.Context, how Received) context.Context {
	return context.WithValue(ctx, receivedKey{}, &how)
}

func receivedIn(ctx context.Context) Received {
	if how, there := ctx.Value(receivedKey{}).(*Received); there {
		return *how
	}
	return Received{}
}

// RequestID is the id of the request.
func RequestID(ctx context.Context) string { return receivedIn(ctx).RequestID }
