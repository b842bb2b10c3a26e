package graph

import (
	"context"
	"strconv"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/time/rate"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/viewer"
)

// Budgets bound what is spent in a minute, in the points that operations cost: by an account, whichever of its tokens
// is used, and without one by the address that the request comes from. Each server counts by itself.
type Budgets struct {
	ofAccount, ofAddress int
	now                  func() time.Time
	kept                 *expirable.LRU[string, *rate.Limiter]
}

const (
	limitersKept    = 100_000
	limitersKeptFor = 10 * time.Minute

	refusedCost = 10 // of a request that is refused before it runs
)

// NewBudgets gives each account and each address so many points a minute; 0: as many as it wants.
func NewBudgets(ofAccount, ofAddress int, now func() time.Time) *Budgets {
	return &Budgets{ofAccount, ofAddress, now, expirable.NewLRU[string, *rate.Limiter](limitersKept, nil, limitersKeptFor)}
}

// budget is what one account or address may still spend; nil: anything.
type budget struct {
	*rate.Limiter
	now func() time.Time
}

// of is the budget of whoever is asking.
func (b *Budgets) of(ctx context.Context) *budget {
	if b == nil {
		return nil
	}
	key, aMinute := "address "+origin(receivedIn(ctx).Address), b.ofAddress
	if v, ok := viewer.From(ctx); ok {
		key, aMinute = "account "+strconv.Itoa(v.AccountID), b.ofAccount
	}
	if aMinute == 0 {
		return nil
	}
	limiter, known := b.kept.Get(key)
	if !known {
		limiter = rate.NewLimiter(rate.Every(time.Minute/time.Duration(aMinute)), aMinute)
		b.kept.Add(key, limiter)
	}
	return &budget{limiter, b.now}
}

// spend takes points out of the budget; false: it has not as many.
func (b *budget) spend(points int) bool { return b == nil || b.AllowN(b.now(), points) }

// charge takes points out of the budget, or what is left of it.
func (b *budget) charge(points int) {
	if b != nil && !b.AllowN(b.now(), points) {
		b.AllowN(b.now(), max(b.remaining(), 0))
	}
}

func (b *budget) remaining() int { return max(int(b.TokensAt(b.now())), 0) }

// seconds is how long it takes until the budget has that many points again.
func (b *budget) seconds(points int) int {
	missing := points - b.remaining()
	if missing <= 0 {
		return 0
	}
	const aMinute = 60
	return missing*aMinute/b.Burst() + 1
}

// Refused charges a request that was refused before GraphQL saw it to the address that it comes from, and refuses it for
// another reason where there were too many.
func (b *Budgets) Refused(ctx context.Context, because error) error {
	spending := b.of(ctx)
	if spending.spend(refusedCost) {
		return because
	}
	return tooMuch(spending.seconds(refusedCost))
}

// Spend takes points out of the budget of whoever is asking, for what is no GraphQL, or says that it has not as many.
func (b *Budgets) Spend(ctx context.Context, points int) error {
	spending := b.of(ctx)
	if spending.spend(points) {
		return nil
	}
	return tooMuch(spending.seconds(points))
}

// spent is the refusal of what costs more than its sender may spend now.
type spent struct {
	refusal *commission.Error
	seconds int // until there is enough again
}

func (s *spent) Error() string { return s.refusal.Error() }

func tooMuch(seconds int) error {
	return &spent{commission.Refuse(commission.RateLimited, "", "too much was asked from here in the last minute: try again in %d seconds", seconds), seconds}
}

// Unwrap is the refusal itself.
func (s *spent) Unwrap() error { return s.refusal }
