package bench

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// The longest that a change of settings may take, and that recording may wait for it.
const (
	mostOfChange    = 2.0
	mostOfRecording = 2.5
)

// BenchmarkSettings changes the Global Setting of a large network, which closes and opens a term for each of its
// referrals, while its tracker goes on recording.
func BenchmarkSettings(b *testing.B) {
	const batch = 100
	referrals := max(sizes.Many, sizes.Referrals)
	location := newDatabase(b, "settings")
	network := newTraded(b, location, referrals, 0)
	bare := connect(b, location)
	analyze(b, bare)
	product := serve(b, location)
	change, record := operation(b, "network-portal", "UpdateReferralSettings"), operation(b, "tracker", "RecordConversions")

	var waits []time.Duration
	var failed error
	stop := make(chan struct{})
	var tracker sync.WaitGroup
	tracker.Go(func() {
		for number := 1; failed == nil; number++ {
			body := request(b, record, map[string]any{"conversions": network.record(number, batch, time.Now())})
			waits = append(waits, took(func() { _, failed = product.send(network.tracker, body) }))
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	version := 1
	var changes []time.Duration
	for round := range 2*sizes.Rounds + 1 { // the first turns it on
		body := request(b, change, map[string]any{"input": map[string]any{
			"version": version, "enabled": true,
			"structure": map[string]any{"commission": map[string]any{"percentage": map[string]any{"rate": strconv.Itoa(10 + round), "basis": "PAYOUT"}}},
		}})
		var answer []byte
		var err error
		lasted := took(func() { answer, err = product.send(network.admin, body) })
		if err != nil {
			b.Fatal(err)
		}
		var changed struct {
			Data struct {
				UpdateReferralSettings struct {
					ReferralSettings struct{ Version int }
					Impact           struct{ TermsClosed, TermsOpened int }
				}
			}
		}
		if err := json.Unmarshal(answer, &changed); err != nil {
			b.Fatal(err)
		}
		version = changed.Data.UpdateReferralSettings.ReferralSettings.Version
		if round > 0 {
			if opened := changed.Data.UpdateReferralSettings.Impact.TermsOpened; opened < referrals*8/10 {
				b.Fatalf("the change opened %d terms", opened)
			}
			changes = append(changes, lasted)
		}
	}
	close(stop)
	tracker.Wait()
	if failed != nil {
		b.Fatal(failed)
	}
	run(b, "verify", "--database", location)
	name := fmt.Sprintf("settings change over %s referrals, recording meanwhile", counted(referrals))
	must(b, goal{what: name, product: inMillis(median(changes)), reached: median(changes).Seconds(), most: mostOfChange, unit: "s"})
	slowest := slices.Max(waits)
	must(b, goal{
		what: "recording meanwhile, the longest wait", product: inMillis(slowest), against: inMillis(median(waits)) + " at the median",
		reached: slowest.Seconds(), most: mostOfRecording, unit: "s",
	})
}
