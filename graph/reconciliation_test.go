package graph_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/graph"
)

// Whoever asks for a reconciliation while as many are computed as may be waits for one of them, no longer than it has time.
func TestReconciliation_waitsForItsTurn(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		h := newHouse(t, location)
		n := h.newNetwork(1)
		ask := func(within time.Duration) string {
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			return h.send(ctx, &n.admin, "{ network { reconciliation { balanced } } }", nil).Body.String()
		}
		var done []func()
		for range graph.MostProofs {
			done = append(done, h.resolver.Prove())
		}
		if answer := ask(50 * time.Millisecond); !strings.Contains(answer, "UNAVAILABLE") {
			t.Errorf("one too many is answered %s", answer)
		}
		answered := make(chan string)
		go func() { answered <- ask(time.Minute) }()
		done[0]()
		if answer := <-answered; !strings.Contains(answer, `"balanced":true`) {
			t.Errorf("whose turn came is answered %s", answer)
		}
		for range graph.MostProofs - 1 { // all turns were given back
			defer h.resolver.Prove()()
		}
	})
}
