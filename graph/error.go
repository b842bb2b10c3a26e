package graph

import (
	"context"
	"errors"
	"log/slog"
	"slices"
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

// tellAll is around every field: wrong scalars in its arguments refuse it, and of many problems each becomes an
// error of its own.
func tellAll(ctx context.Context, next graphql.Resolver) (any, error) {
	unreadable := scalar.Problems(ctx)
	err := unreadable.Err()
	var result any
	switch field := graphql.GetFieldContext(ctx); {
	case err == nil && field.Object == "Mutation":
		result, err = next(database.InField(ctx, field.Field.Alias))
	case err == nil:
		result, err = next(ctx)
	case wholeInput[field.Field.Name]:
		if _, found := next(database.Refusing(ctx, err)); found != nil {
			err = together(unreadable, found)
		}
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

// present turns an error into what the client is told: a refusal with its code and field, or "internal
// error" with the id by which the log has the whole of it.
func present(ctx context.Context, err error) *gqlerror.Error {
	presented := &gqlerror.Error{Message: "internal error", Extensions: map[string]any{}}
	var known *gqlerror.Error
	if errors.As(err, &known) {
		presented.Path, presented.Locations = known.Path, known.Locations
	}
	if presented.Path == nil {
		presented.Path = graphql.GetPath(ctx)
	}
	var refusal *commission.Error
	var overflow *graphql.NumberOverflowError
	switch {
	case isIntrospection(ctx): // the one error of these fields is that they are closed to strangers
		presented.Message = "sign in first: the schema is for those who may use it"
		presented.Extensions["code"] = string(commission.Unauthenticated)
	case errors.As(err, &refusal):
		presented.Message = refusal.Message
		presented.Extensions["code"] = string(refusal.Code)
		if refusal.Field != "" {
			presented.Extensions["field"] = refusal.Field
		}
	case errors.As(err, &overflow):
		presented.Message = "must be a whole number of 32 bits"
		presented.Extensions["code"] = string(commission.BadUserInput)
		presented.Extensions["field"] = scalar.Argument(ctx, presented.Path)
	case errors.Is(err, privacy.Deny):
		presented.Message = "no such thing"
		presented.Extensions["code"] = string(commission.NotFound)
	case known != nil && known.Err == nil && known.Extensions["code"] != nil: // the document itself was refused
		presented.Message = known.Message
		presented.Extensions["code"] = known.Extensions["code"]
		if field, ok := variableField(known.Path); ok {
			presented.Extensions["code"], presented.Extensions["field"] = string(commission.BadUserInput), field
			presented.Path = nil
		}
	case errors.Is(err, context.Canceled) && ctx.Err() != nil: // the client is gone, and reads no answer
		presented.Message = "the request was given up"
		presented.Extensions["code"] = string(commission.Unavailable)
	case database.IsUnavailable(err), errors.Is(err, context.DeadlineExceeded):
		refusal := Unavailable(ctx, err)
		presented.Message = refusal.Message
		presented.Extensions["code"] = string(refusal.Code)
	default:
		slog.ErrorContext(ctx, "fault", "error", err)
		presented.Extensions["code"] = "INTERNAL_SERVER_ERROR"
		presented.Extensions["requestId"] = RequestID(ctx)
	}
	return presented
}

// Unavailable is what is told of an error of which the database itself is the reason; the log has the rest.
func Unavailable(ctx context.Context, err error) *commission.Error {
	slog.WarnContext(ctx, "the database is not available", "error", err)
	switch {
	case errors.Is(err, database.ErrOutcomeUnknown):
		return commission.Refuse(commission.Unavailable, "", "the database went away before it said whether this was done: it was done as a whole or not at all; look, or send it again")
	case errors.Is(err, context.DeadlineExceeded):
		return commission.Refuse(commission.Unavailable, "", "this took too long and was given up: ask for less, or try again later")
	default:
		return commission.Refuse(commission.Unavailable, "", "the database cannot be reached at the moment, and nothing was done: try again later")
	}
}

func isIntrospection(ctx context.Context) bool {
	field := graphql.GetFieldContext(ctx)
	return field != nil && field.Field.Field != nil && strings.HasPrefix(field.Field.Name, "__")
}

// variableField is the path into the input where a variable was refused before anything ran.
func variableField(path ast.Path) (string, bool) {
	text := strings.ReplaceAll(strings.ReplaceAll(path.String(), "[", "."), "]", "")
	field, found := strings.CutPrefix(text, "variable.")
	return strings.TrimPrefix(field, "input."), found
}

type requestIDKey struct{}

// WithRequestID gives the request an id, by which the log and an "internal error" name it.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID is the id of the request.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
