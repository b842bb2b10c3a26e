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

// The longest that a change of settings may take, and that recording may wait for it, in seconds.
const (
	mostOfChange    = 2
	mostOfRecording = 2.5
)

// BenchmarkSettings changes the Global Setting of a large network, which closes and opens a term for each of its
// referrals, while its tracker goes on recording: of all subjects, in turns, of which each is the first as often as the
// others, since every change leaves a larger table to the next. Each round has a database of its own: in one alone every
// referral would have some seventy terms in the end, where real ones have a few.
func BenchmarkSettings(b *testing.B) {
	referrals := max(sizes.Many, sizes.Referrals)
	name := fmt.Sprintf("settings change over %s referrals, recording meanwhile", counted(referrals))
	names := []string{theProduct}
	for _, peer := range peers {
		names = append(names, peer.name)
	}
	found := lines(name, "changes/s", names...)
	changes, waits, alone := map[string][]time.Duration{}, map[string][]time.Duration{}, map[string][]time.Duration{}
	for round := range names {
		if !b.Run(strconv.Itoa(round), func(b *testing.B) {
			location := newDatabase(b, "settings")
			bare := connect(b, location)
			s := &settings{b: b, network: newTraded(b, location, referrals/referralsEach, referrals, 0), version: 1, rate: 10, least: referrals * 8 / 10}
			analyze(b, bare)
			all := subjects(b, location)
			s.change(all[0])         // turns it on: what follows are changes from one structure to another
			for _, of := range all { // warms up
				s.record(of)
			}
			for turn := range all {
				of := all[(round+turn)%len(all)]
				before := spending(b, bare, of.pids)
				alone[of.name] = append(alone[of.name], s.change(of))
				found[of.name].costs(spending(b, bare, of.pids).since(before), 1)
				changed, waited := s.whileRecording(of)
				changes[of.name], waits[of.name] = append(changes[of.name], changed...), append(waits[of.name], waited...)
				found[of.name].memory = max(found[of.name].memory, of.memory(b))
			}
			run(b, "verify", "--database", location) // what the peers changed, too
		}) {
			return
		}
	}
	for name, m := range found {
		m.alone, m.p50, m.p99 = median(alone[name]), median(changes[name]), slices.Max(changes[name])
		m.perSecond = 1 / m.p50.Seconds()
	}
	product := found[theProduct]
	must(b, goal{what: name, product: inMillis(product.p50), reached: product.p50.Seconds(), most: mostOfChange, unit: "s"})
	longest := slices.Max(waits[theProduct])
	must(b, goal{
		what: "the longest wait of recording meanwhile", product: inMillis(longest), against: inMillis(median(waits[theProduct])) + " at the median",
		reached: longest.Seconds(), most: mostOfRecording, unit: "s",
	})
	againstPeers(b, name, found)
}

// settings is those of a network that is changed again and again.
type settings struct {
	b             *testing.B
	network       *traded
	version, rate int
	least         int // terms that a change opens
	opened        int // by each change so far; 0: none was made
	number        int // of the calls that recorded
}

// change changes the structure, and tells how long that took.
func (s *settings) change(of subject) time.Duration {
	s.b.Helper()
	s.rate = 10 + (s.rate-9)%50
	body := request(s.b, operation(s.b, "network-portal", "UpdateReferralSettings"), map[string]any{"input": map[string]any{
		"version": s.version, "enabled": true,
		"structure": map[string]any{"commission": map[string]any{"percentage": map[string]any{"rate": strconv.Itoa(s.rate), "basis": "PAYOUT"}}},
	}})
	var answer []byte
	var err error
	lasted := took(func() { answer, err = of.send(s.network.admin, body) })
	if err != nil {
		s.b.Fatalf("%s: %v", of.name, err)
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
		s.b.Fatal(err)
	}
	did := changed.Data.UpdateReferralSettings
	if s.opened == 0 {
		s.opened = max(did.Impact.TermsOpened, s.least)
	}
	if did.Impact.TermsOpened != s.opened || did.ReferralSettings.Version != s.version+1 {
		s.b.Fatalf("%s answers %s, where %d terms were to be opened", of.name, answer, s.opened)
	}
	s.version = did.ReferralSettings.Version
	return lasted
}

// record records a batch, and tells how long that took.
func (s *settings) record(of subject) time.Duration {
	const batch = 100
	s.number++
	body := request(s.b, operation(s.b, "tracker", "RecordConversions"), map[string]any{"conversions": s.network.record(s.number, batch, time.Now())})
	return took(func() {
		if _, err := of.send(s.network.tracker, body); err != nil {
			s.b.Errorf("%s: %v", of.name, err)
		}
	})
}

// whileRecording changes the settings three times while the tracker records one batch after the other.
func (s *settings) whileRecording(of subject) (changes, waits []time.Duration) {
	stop := make(chan struct{})
	var tracker sync.WaitGroup
	tracker.Go(func() {
		for {
			waits = append(waits, s.record(of))
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	for range 3 {
		changes = append(changes, s.change(of))
	}
	close(stop)
	tracker.Wait()
	return changes, waits
}
