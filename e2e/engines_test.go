package e2e_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
)

// amongEngines tells whether these tests are for an engine too.
func amongEngines(engine string) bool {
	return slices.Contains(strings.Split(os.Getenv("TEST_ENGINES"), ","), engine)
}

// recorders record one conversion after the other, each by a client of its own, until they are told to stop, and tell
// which were acknowledged.
func recorders(servers []*product, partner string, stop <-chan struct{}) (acknowledged []string) {
	const each = 4
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range len(servers) * each {
		who := servers[i%len(servers)].As(tracker)
		all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				id := fmt.Sprintf("w%d-%d", i, n)
				row := servers[0].conversion(id, partner, "2026-02-02 09:00", "10", "1")
				if wrong := who.Do("RecordConversions", vars{"conversions": []vars{row}}, nil); wrong == nil {
					mu.Lock()
					acknowledged = append(acknowledged, id)
					mu.Unlock()
				} else if codes := wrong.codes(); codes != "UNAVAILABLE" { // not known, or not done: said so
					who.Errorf("%s: %s", id, wrong)
				}
			}
		})
	}
	all.Wait()
	return acknowledged
}

// beside is another server on the same database.
func (p *product) beside() *product {
	p.Helper()
	other := &product{T: p.T, database: p.database, zone: p.zone, clock: p.clock, network: p.network, tokens: p.tokens}
	other.server = start(p.T, p.database, p.clock)
	p.Cleanup(other.Kill)
	return other
}

// three is a network with a referral, and three servers on one database.
func three(t *testing.T, location string) (servers []*product, bob string) {
	t.Helper()
	p := &product{T: t, database: location, zone: time.UTC, clock: "2026-01-01T00:00:00Z", tokens: map[account]string{}}
	t.Cleanup(func() { p.Kill() }) // its log may tell of the node that was killed
	p.Command("migrate")
	p.network = p.NewNetwork("Acme", "USD", "UTC")
	p.At("2026-01-02 10:00")
	p.Global(tenPercent)
	bob = p.Active("Bob", p.Active("Ann"))
	p.At("2026-03-03 10:00")
	p.As(tracker).must("Viewer", nil, nil)
	return []*product{p, p.beside(), p.beside()}, bob
}

// holds wants every acknowledged conversion to be there, once, and all sums to be what the conversions add up to.
func (p *product) holds(acknowledged []string) {
	p.Helper()
	there := map[string]bool{}
	p.onDatabase(func(db *database.Database) error {
		rows, err := db.QueryContext(p.Context(), "SELECT external_id FROM conversion")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			there[id] = true
		}
		return rows.Err()
	})
	for _, id := range acknowledged {
		if !there[id] {
			p.Errorf("%s was acknowledged and is not there", id)
		}
	}
	p.Logf("%d conversions acknowledged, %d there", len(acknowledged), len(there))
	p.Verify()
}

// No node is special: one that others write to is killed, and whoever used it goes on with another one.
func TestGalera_oneNodeOfThreeMayDie(t *testing.T) {
	if !amongEngines("galera") {
		t.Log("not on a Galera cluster")
		return
	}
	folder, err := os.MkdirTemp("", "referrals-galera-") //nolint:usetesting // the nodes run as another user, who must reach it
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := databasetest.StartGalera(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	servers, bob := three(t, cluster.Database(t))
	stop := make(chan struct{})
	done := make(chan []string)
	go func() { done <- recorders(servers, bob, stop) }()
	const awhile = 5 * time.Second
	time.Sleep(awhile)
	first := cluster.First(servers[0].database)
	cluster.Kill(first)
	time.Sleep(3 * awhile)
	if err := cluster.Rejoin(first); err != nil {
		t.Error(err)
	}
	time.Sleep(awhile)
	close(stop)
	acknowledged := <-done
	servers[0].holds(acknowledged)
}

// Three servers record and bill at once.
func TestServers_threeRecordAndBillAtOnce(t *testing.T) {
	t.Parallel()
	databasetest.EachServer(t, func(t *testing.T, location string) {
		servers, bob := three(t, location)
		stop := make(chan struct{})
		done := make(chan []string)
		go func() { done <- recorders(servers, bob, stop) }()
		const rounds = 3
		for range rounds {
			var billing sync.WaitGroup
			for _, s := range servers {
				billing.Go(func() {
					if wrong := s.As(admin).Do("RunBilling", vars{"through": "2026-02-28"}, nil); wrong != nil {
						s.Errorf("a billing run: %s", wrong)
					}
				})
			}
			billing.Wait()
		}
		close(stop)
		servers[0].holds(<-done)
	})
}
