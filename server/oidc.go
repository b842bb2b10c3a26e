package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph/scalar"
)

// identities verifies the tokens of networks' identity providers: JWTs, by issuer, audience, expiry and
// signature. A provider's discovery document is read once, its keys are cached and fetched anew when one is
// not known.
type identities struct {
	program *program.Program

	providers sync.Map           // issuer to *oidc.Provider
	limits    sync.Map           // issuer to *rate.Limiter
	asking    singleflight.Group // by issuer: one that is slow holds up nobody else's people
}

const (
	providerTimeout = 10 * time.Second
	mostOfIssuer    = 200 // characters of what a stranger wrote, in the log

	// Whoever sends a forged token makes us fetch the keys, since it names one that we do not know.
	fetchesAtOnce = 10
	fetchesAnew   = 6 * time.Second
)

func newIdentities(p *program.Program) *identities {
	return &identities{program: p}
}

// isJWT tells a provider's token from one of ours.
func isJWT(secret string) bool { return strings.Count(secret, ".") == 2 } // header.payload.signature

// signIn tells who the bearer of a JWT is. The reason of a refusal is for the log; none holds the token.
func (i *identities) signIn(ctx context.Context, token string) (viewer.Viewer, error) {
	issuer, err := issuerOf(token)
	if err != nil {
		return viewer.Viewer{}, refused("it is no JWT: %v", err)
	}
	provider, err := i.program.ProviderOf(ctx, issuer)
	if err != nil {
		return viewer.Viewer{}, err
	}
	if provider == nil {
		return viewer.Viewer{}, refused("its issuer %.*q is no network's", mostOfIssuer, issuer)
	}
	known, err := i.provider(issuer)
	if err != nil {
		return viewer.Viewer{}, refused("its issuer's discovery document cannot be read: %v", err)
	}
	verified, err := known.Verifier(&oidc.Config{ClientID: provider.Audience, Now: i.program.Now}).Verify(ctx, token)
	if err != nil {
		return viewer.Viewer{}, refused("it does not verify: %v", err)
	}
	claims := map[string]any{}
	if err := verified.Claims(&claims); err != nil {
		return viewer.Viewer{}, refused("its claims cannot be read: %v", err)
	}
	text := func(name string) string {
		value, _ := claims[name].(string)
		return value
	}
	v, err := i.program.SignInAs(ctx, program.Identity{
		NetworkID: provider.NetworkID, Subject: verified.Subject, Name: text("name"), Email: text("email"),
		Role: commission.Role(text(provider.RoleClaim)), Scope: commission.ManagerScope(text(provider.ScopeClaim)),
		PartnerID: scalar.ParseID(text(provider.PartnerClaim)).Of(scalar.Partner),
	})
	if commission.CodeOf(err) == commission.Unauthenticated {
		return v, refused("%v", err)
	}
	return v, err
}

// refusedToken is why a token was refused: the log says it, the answer does not.
type refusedToken struct{ reason string }

func (r *refusedToken) Error() string { return r.reason }

func refused(format string, args ...any) error { return &refusedToken{fmt.Sprintf(format, args...)} }

// issuerOf reads who says to have issued a token, to find whose keys it must verify by.
func issuerOf(token string) (string, error) {
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		return "", err
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	err = json.Unmarshal(payload, &claims)
	return claims.Issuer, err
}

func (i *identities) provider(issuer string) (*oidc.Provider, error) {
	if known, ok := i.providers.Load(issuer); ok {
		return known.(*oidc.Provider), nil //nolint:forcetypeassert // only providers are stored
	}
	found, err, _ := i.asking.Do(issuer, func() (any, error) {
		// The provider keeps this context for the keys that it fetches later: it is no request's.
		limit, _ := i.limits.LoadOrStore(issuer, rate.NewLimiter(rate.Every(fetchesAnew), fetchesAtOnce))
		ctx := oidc.ClientContext(context.Background(), &http.Client{
			Timeout: providerTimeout, Transport: sparing{limit.(*rate.Limiter)}, //nolint:forcetypeassert // only limiters are stored
		})
		return oidc.NewProvider(ctx, issuer)
	})
	if err != nil {
		return nil, err
	}
	i.providers.Store(issuer, found)
	return found.(*oidc.Provider), nil //nolint:forcetypeassert // as above
}

// sparing asks a provider no more often than a limit allows.
type sparing struct{ limit *rate.Limiter }

// RoundTrip refuses to fetch what was fetched too often.
func (s sparing) RoundTrip(r *http.Request) (*http.Response, error) {
	if !s.limit.Allow() {
		return nil, errors.New("it was asked too often in the last minute")
	}
	return http.DefaultTransport.RoundTrip(r)
}
