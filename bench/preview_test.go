package bench

import (
	"encoding/json"
	"testing"
	"time"
)

// BenchmarkPreview asks what another Global Setting would do to a network of 10,000 referrals, and what its last 90 days
// would have cost.
func BenchmarkPreview(b *testing.B) {
	const referrals = 10_000
	location := newDatabase(b, "preview")
	network := newTraded(b, location, referrals/referralsEach, referrals, sizes.Conversions)
	execute(b, connect(b, location), "UPDATE network SET changed_at = '2026-06-30' WHERE id = ?", network.network) // time never runs backwards
	product := serve(b, location, "--clock", "2026-07-01T12:00:00Z")                                               // the day after the last that is traded
	change := func(document string, version int, rate string) []byte {
		return request(b, operation(b, "network-portal", document), map[string]any{"input": map[string]any{
			"version": version, "enabled": true,
			"structure": map[string]any{"commission": map[string]any{"percentage": map[string]any{"rate": rate, "basis": "PAYOUT"}}},
		}})
	}
	if _, err := product.send(network.admin, change("UpdateReferralSettings", 1, "10")); err != nil {
		b.Fatal(err)
	}
	var lasted []time.Duration
	for b.Loop() {
		lasted = nil
		for range max(sizes.Rounds, 3) {
			var answer []byte
			var err error
			lasted = append(lasted, took(func() { answer, err = product.send(network.admin, change("PreviewReferralSettings", 2, "12.5")) }))
			if err != nil {
				b.Fatal(err)
			}
			var told struct {
				Data struct {
					Network struct {
						PreviewReferralSettings struct {
							TermsOpened           int
							CostBefore, CostAfter string
						}
					}
				}
			}
			if err := json.Unmarshal(answer, &told); err != nil {
				b.Fatal(err)
			}
			if p := told.Data.Network.PreviewReferralSettings; p.TermsOpened < referrals*8/10 || p.CostBefore == p.CostAfter {
				b.Fatalf("the preview says %s", answer)
			}
		}
	}
	must(b, goal{
		what: "preview of a change over 10,000 referrals, with what 90 days cost", product: inMillis(median(lasted)),
		reached: median(lasted).Seconds(), most: 1, unit: "s",
	})
}
