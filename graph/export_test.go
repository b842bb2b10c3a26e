package graph

import (
	"context"
	"iter"

	"partner.example/referrals/commission/ledger"
)

// WithoutPatience takes it from loaders: what is not asked for ahead is asked for one by one.
func WithoutPatience() { patience = 0 }

// Pack and Unpack are how orders are kept.
func Pack(keys []ledger.RowKey) string { return pack(keys) }

// MostProofs is how many reconciliations are computed at once.
const MostProofs = mostProofs

// Prove takes the place of a reconciliation that is being computed, until it is done.
func (r *Resolver) Prove() (done func()) {
	_ = r.proving.Acquire(context.Background(), 1) // which never ends
	return func() { r.proving.Release(1) }
}

// Unpack is the other way round.
func Unpack(packed string) iter.Seq[ledger.RowKey] { return unpack(packed) }
