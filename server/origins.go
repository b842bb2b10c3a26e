package main

import (
	"fmt"
	"net/http"
	"slices"

	"partner.example/referrals/commission"
	"partner.example/referrals/graph"
)

// origins are the sites whose pages may ask, besides the server's own: browsers are told so (CORS), and what a
// browser sends for the page of any other site is refused.
type origins struct {
	allowed    []string
	protection *http.CrossOriginProtection
}

func newOrigins(allowed []string) (*origins, error) {
	o := &origins{allowed: allowed, protection: http.NewCrossOriginProtection()}
	for _, origin := range allowed {
		if err := o.protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("--allow-origin: %q must be an origin, such as https://portal.example: %w", origin, err)
		}
	}
	o.protection.SetDenyHandler(http.HandlerFunc(refuseOthers))
	return o, nil
}

func refuseOthers(w http.ResponseWriter, r *http.Request) {
	graph.Refuse(w, r, commission.Refuse(commission.Forbidden, "", "pages of other sites may not ask here"))
}

// protected refuses what browsers send for pages of other sites.
func (o *origins) protected(next http.Handler) http.Handler { return o.protection.Handler(next) }

// shared tells browsers that the pages of the allowed sites may ask, and read the answers. Those of others may not even
// ask: how long an answer takes tells something too.
func (o *origins) shared(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := w.Header()
		answer.Add("Vary", "Origin")
		if origin := r.Header.Get("Origin"); slices.Contains(o.allowed, origin) {
			answer.Set("Access-Control-Allow-Origin", origin)
			answer.Set("Access-Control-Expose-Headers", "Idempotency-Replayed, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-Id")
			if r.Method == http.MethodOptions {
				answer.Set("Access-Control-Allow-Methods", "GET, POST")
				answer.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key")
				answer.Set("Access-Control-Max-Age", "600")
			}
		} else if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
			refuseOthers(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
