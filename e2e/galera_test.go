package e2e_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"partner.example/referrals/ent/database/databasetest"
)

// TestGalera_oneNodeOfThreeMayDie kills one node after the other, under load, of those that the two servers write to: the
// servers go on with the others, nothing that was acknowledged is missing, and the node joins again and has all of it.
func TestGalera_oneNodeOfThreeMayDie(t *testing.T) {
	if !databasetest.Among(t, "galera") && !long() {
		databasetest.Skip(t)
	}
	t.Parallel()
	folder, err := os.MkdirTemp("", "referrals-galera-") //nolint:usetesting // the nodes' user may not enter a test's own
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := databasetest.StartGalera(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	at := cluster.Database(t)
	through := func(node int) string { return databasetest.From(node, at) }
	p := &product{T: t, database: at, zone: time.UTC, clock: "2020-01-01T00:00:00Z", tokens: map[account]string{}}
	p.Command("migrate")
	p.network = p.NewNetwork("Acme", "USD", "UTC")
	s := newStorm(p)
	s.also = freeAddress(t)
	second := launch(t, exec.Command(binary, "serve", "--database", through(1), "--listen", s.also, "--clock", s.clock, "--no-billing", "--timeout", "10s"))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the other server's faults:\n%s", second.log.faults())
		}
	})
	goesOn := func(when string) {
		before := s.conversions.Load()
		s.eventually(when, func() bool { return s.conversions.Load() > before+100 })
	}
	s.Through(func() {
		for node := range 2 { // each server's first
			goesOn("there is load")
			s.fault(func() { cluster.Kill(through(node)) })
			goesOn("the servers go on with the others")
			if err := cluster.Rejoin(through(node)); err != nil {
				t.Error(err)
			}
		}
		goesOn("the servers go on with all")
	})
	second.dead = true
	if err := second.stop(); err != nil {
		t.Error(err)
	}
	for node := range 3 { // also those that were away have all of it
		p.database = databasetest.Node(t, through(node)).String()
		p.Verify()
	}
}
