package graph

import (
	"net/http"

	"partner.example/referrals/commission"
)

// The codes of errors that are not the rules' own. docs/errors.md and the schema have the table of all.
const (
	badRequestCode         commission.Code = "BAD_REQUEST"
	parseFailed            commission.Code = "GRAPHQL_PARSE_FAILED"
	validationFailed       commission.Code = "GRAPHQL_VALIDATION_FAILED"
	limitExceeded          commission.Code = "LIMIT_EXCEEDED"
	persistedQueryNotFound commission.Code = "PERSISTED_QUERY_NOT_FOUND"
	internal               commission.Code = "INTERNAL_SERVER_ERROR"
)

// statuses is every code, with the HTTP status of a request that is refused with it before anything runs.
var statuses = map[commission.Code]int{
	commission.Unauthenticated:    http.StatusUnauthorized,
	commission.Forbidden:          http.StatusForbidden,
	commission.NotFound:           http.StatusNotFound,
	commission.BadUserInput:       http.StatusBadRequest,
	commission.Conflict:           http.StatusBadRequest,
	commission.FailedPrecondition: http.StatusBadRequest,
	commission.RateLimited:        http.StatusTooManyRequests,
	badRequestCode:                http.StatusBadRequest,
	parseFailed:                   http.StatusBadRequest,
	validationFailed:              http.StatusBadRequest,
	limitExceeded:                 http.StatusBadRequest,
	persistedQueryNotFound:        http.StatusBadRequest,
	commission.Unavailable:        http.StatusServiceUnavailable,
	internal:                      http.StatusInternalServerError,
}

// IsCode tells whether errors can have a code.
func IsCode(code string) bool {
	_, known := statuses[commission.Code(code)]
	return known
}

// inPlainJSON are the codes of requests that were understood. An answer in application/json has status 200 for
// them: clients that ask for this type look for the errors in the body.
var inPlainJSON = map[commission.Code]bool{
	commission.BadUserInput: true, parseFailed: true, validationFailed: true, limitExceeded: true, persistedQueryNotFound: true,
}

// statusOf is the status of an answer whose request did not run, by its first error.
func statusOf(code commission.Code, contentType string) int {
	if contentType == plainJSON && inPlainJSON[code] {
		return http.StatusOK
	}
	if status, known := statuses[code]; known {
		return status
	}
	return http.StatusInternalServerError
}
