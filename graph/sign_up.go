package graph

import (
	"context"
	"net/netip"
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

	// beat is when strangers are answered: one beat after the request came in. That is longer than the work, so that
	// the time does not tell whether a code or an e-mail was known; where the work took longer, for once, the answer
	// waits for the next beat.
	beat = 300 * time.Millisecond

	// subscriber is the part of an IPv6 address that a provider gives to one customer, who has the rest to choose from.
	subscriber = 64
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
	if !r.signUps.allow("address "+origin(receivedIn(ctx).Address), signUpsAnAddress) || !r.signUps.allow("network "+strconv.Itoa(networkID), signUpsANetwork) {
		return nil, commission.Refuse(commission.RateLimited, "", "too many applications: try again in a minute")
	}
	arrived := r.Program.Now()
	err := r.Program.SignUp(ctx, program.SignUp{
		NetworkID: networkID, Name: input.Name, Email: input.Email, ReferralCode: or(input.ReferralCode, ""),
	})
	if err := waitForBeat(ctx, r.Program.Now().Sub(arrived)); err != nil {
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	return &model.SignUpPayload{Received: true}, nil
}

// waitForBeat waits until the next beat of a request that came in that long ago.
func waitForBeat(ctx context.Context, ago time.Duration) error {
	next := time.NewTimer(beat - ago%beat)
	defer next.Stop()
	select {
	case <-next.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// origin is what of an address tells one caller from another.
func origin(address string) string {
	at, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	at = at.Unmap().WithZone("")
	if at.Is4() {
		return at.String()
	}
	network, _ := at.Prefix(subscriber)
	return network.String()
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
