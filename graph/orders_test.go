package graph_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/graph"
)

func TestOrders_keepEveryKey(t *testing.T) {
	ids := rapid.OneOf(rapid.IntRange(0, 9), rapid.Int(), rapid.SampledFrom([]int{0, math.MaxInt, math.MinInt}))
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOf(rapid.Custom(func(t *rapid.T) ledger.RowKey {
			return ledger.RowKey{ReferralID: ids.Draw(t, "referral"), TermID: ids.Draw(t, "term")}
		})).Draw(t, "keys")
		if got := slices.Collect(graph.Unpack(graph.Pack(keys))); !slices.Equal(got, keys) {
			t.Fatalf("%v came back as %v", keys, got)
		}
	})
}
