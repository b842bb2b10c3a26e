package graph

import (
	"context"
	"fmt"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/graph/page"
)

// Reconciliation recomputes the network, and holds it against what is stored.
func (r networkResolver) Reconciliation(ctx context.Context, n *ent.Network) (*ledger.Reconciliation, error) {
	of, err := loadersOf(ctx).reconciliation.Load(ctx, n.ID)
	aheadOf(ctx, "Reconciliation", of)
	return of, err
}

// mostProofs is how many reconciliations are computed at once: each takes a connection and a processor for as long as a
// network is large, and others want some too.
const mostProofs = 2

// reconciliations computes those of some networks, once in a request however often it asks.
func (r *Resolver) reconciliations(ctx context.Context, networks []int) (map[int]*ledger.Reconciliation, error) {
	if err := r.proving.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("wait for other reconciliations: %w", err)
	}
	defer r.proving.Release(1)
	proved := make(map[int]*ledger.Reconciliation, len(networks))
	for _, id := range networks {
		n, err := one(ctx, loadersOf(ctx).network, id, "network")
		if err != nil {
			return nil, err
		}
		if proved[id], err = r.Ledger.Reconcile(ctx, n); err != nil {
			return nil, err
		}
	}
	return proved, nil
}

// Liability is what the network owed its referrers at the end of a day.
func (r networkResolver) Liability(ctx context.Context, n *ent.Network, asOf *commission.Date) (*ledger.Liability, error) {
	if asOf == nil {
		zone, err := n.TimeZone.Location()
		if err != nil {
			return nil, err
		}
		asOf = pointer(commission.DateOf(r.Ledger.Now(), zone))
	}
	return r.Ledger.Liability(ctx, n, *asOf)
}

// Referrers is a page of them.
func (r reconciliationResolver) Referrers(ctx context.Context, of *ledger.Reconciliation, first *int32, after *string) (*page.Reconciled, error) {
	window, err := page.Read(first, after)
	if err != nil {
		return nil, err
	}
	rows := of.Referrers
	if at := window.After; at != nil {
		for len(rows) > 0 && rows[0].ReferrerID <= at.Row {
			rows = rows[1:]
		}
	}
	rows = rows[:min(len(rows), window.First+1)]
	ahead(ctx, "ReferrerReconciliation", rows)
	return page.Of(window, rows, len(of.Referrers), func(s *ledger.ReferrerShares) page.Position { return page.Position{Row: s.ReferrerID} }), nil
}

// Referrer is whose commission the row is about.
func (r differenceResolver) Referrer(ctx context.Context, d *ledger.Difference) (*ent.Partner, error) {
	return maybe(ctx, loadersOf(ctx).partner, &d.ReferrerID)
}

// Referrer is who earned.
func (r referrerReconciliationResolver) Referrer(ctx context.Context, s *ledger.ReferrerShares) (*ent.Partner, error) {
	return one(ctx, loadersOf(ctx).partner, s.ReferrerID, "partner")
}

// ToDays is how old, at most.
func (r liabilityAgeResolver) ToDays(_ context.Context, age *ledger.Age) (*int32, error) {
	if age.ToDays < 0 {
		return nil, nil //nolint:nilnil // or older
	}
	return pointer(int32(age.ToDays)), nil //nolint:gosec // some days
}
