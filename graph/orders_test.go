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
	ids := rapid.OneOf(rapid.Int32Range(0, 9), rapid.Int32(), rapid.SampledFrom([]int32{0, math.MaxInt32, math.MinInt32}))
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOf(rapid.Custom(func(t *rapid.T) ledger.RowKey {
			return ledger.RowKey{ReferralID: ids.Draw(t, "referral"), TermID: ids.Draw(t, "term")}
		})).Draw(t, "keys")
		if got := slices.Collect(graph.Unpack(graph.Pack(keys))); !slices.Equal(got, keys) {
			t.Fatalf("%v came back as %v", keys, got)
		}
	})
}
