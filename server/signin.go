package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/graph"
)

// door lets in whoever bears a token: one of ours, or a JWT of its network's identity provider.
type door struct {
	program    *program.Program
	identities *identities
	budgets    *graph.Budgets
	origins    *origins
	graphql    http.Handler
	invoices   http.Handler
}

// signIn puts the bearer of the token into the request's context. Without a token nobody is; a token that is
// not valid is refused at once, and the log says why, without the token.
func (d *door) signIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		authorization := r.Header.Get("Authorization")
		if authorization == "" {
			next.ServeHTTP(w, r)
			return
		}
		scheme, secret, _ := strings.Cut(authorization, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			w.Header().Set("WWW-Authenticate", "Bearer")
			graph.Refuse(w, r, d.budgets.Refused(ctx, commission.Refuse(commission.Unauthenticated, "", "send a token as Authorization: Bearer")))
			return
		}
		who, err := d.bearer(ctx, strings.TrimSpace(secret))
		var wrong *refusedToken
		switch {
		case commission.CodeOf(err) == commission.Unauthenticated, errors.As(err, &wrong):
			slog.WarnContext(ctx, "sign-in refused", "reason", err)
			w.Header().Set("WWW-Authenticate", "Bearer")
			graph.Refuse(w, r, d.budgets.Refused(ctx, commission.Refuse(commission.Unauthenticated, "", "this token is not valid: sign in again, or ask an ADMIN of your network for another one")))
		case err != nil:
			graph.Refuse(w, r, err)
		default:
			next.ServeHTTP(w, r.WithContext(graph.SignedIn(ctx, who)))
		}
	})
}

// bearer is who bears a token, with what is known of it. Whatever is due takes effect first, so that what is read is as of
// now.
func (d *door) bearer(ctx context.Context, secret string) (program.SignedIn, error) {
	if !isJWT(secret) {
		return d.program.SignIn(ctx, secret)
	}
	v, err := d.identities.signIn(ctx, secret)
	if err == nil {
		err = d.program.TakeEffect(ctx, v.NetworkID)
	}
	return program.SignedIn{Viewer: v}, err
}
