package graph

import (
	"context"
	"strconv"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/time/rate"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/program"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/graph/generated/model"
	"partner.example/referrals/graph/scalar"
)

// signUps bounds how many applications come in: by the address that they come from, and by the network that
// they go to. Each server counts by itself.
type signUps struct {
	limiters *expirable.LRU[string, *rate.Limiter]
}

const (
	signUpsAnAddress = 10  // at once, and as many again each minute
	signUpsANetwork  = 120 // likewise
	limitersKept     = 100_000
	limitersKeptFor  = 10 * time.Minute

	// signUpTakes is how long every answer to a stranger takes: longer than the work, so that the time does not
	// tell whether a code or an e-mail was known.
	signUpTakes = 300 * time.Millisecond
)

func newSignUps() *signUps {
	return &signUps{limiters: expirable.NewLRU[string, *rate.Limiter](limitersKept, nil, limitersKeptFor)}
}

func (s *signUps) allow(key string, aMinute int) bool {
	limiter, known := s.limiters.Get(key)
	if !known {
		limiter = rate.NewLimiter(rate.Every(time.Minute/time.Duration(aMinute)), aMinute)
		s.limiters.Add(key, limiter)
	}
	return limiter.Allow()
}

// SignUp takes an application. What is answered, and when, is the same for every code and e-mail.
func (r mutationResolver) SignUp(ctx context.Context, input model.SignUpInput) (*model.SignUpPayload, error) {
	networkID := input.Network.Of(scalar.Network)
	if !r.signUps.allow("address "+address(ctx), signUpsAnAddress) || !r.signUps.allow("network "+strconv.Itoa(networkID), signUpsANetwork) {
		return nil, commission.Refuse(commission.RateLimited, "", "too many applications: try again in a minute")
	}
	answer := time.NewTimer(signUpTakes)
	defer answer.Stop()
	err := r.Program.SignUp(ctx, program.SignUp{
		NetworkID: networkID, Name: input.Name, Email: input.Email, ReferralCode: or(input.ReferralCode, ""),
	})
	select {
	case <-answer.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return &model.SignUpPayload{Received: true}, nil
}

type addressKey struct{}

// WithAddress says from which address a request comes.
func WithAddress(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, addressKey{}, address)
}

func address(ctx context.Context) string {
	from, _ := ctx.Value(addressKey{}).(string)
	return from
}

// RotateReferralCode gives a partner a new sign-up link.
func (r mutationResolver) RotateReferralCode(ctx context.Context, id scalar.ID) (*model.PartnerPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return payload(r.Program.RotateReferralCode(ctx, v.NetworkID, id.Of(scalar.Partner)))
}

// SetSignUpPage changes the page that sign-up links lead to.
func (r mutationResolver) SetSignUpPage(ctx context.Context, page *string) (*model.NetworkPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	saved, err := r.Program.SetSignUpPage(ctx, v.NetworkID, value(page))
	if err != nil {
		return nil, err
	}
	return &model.NetworkPayload{Network: saved}, nil
}

// SignUpPage is null where there is none.
func (r networkResolver) SignUpPage(_ context.Context, n *ent.Network) (*string, error) {
	return textOf(n.SignUpPage), nil
}
