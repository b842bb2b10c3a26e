package e2e_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"partner.example/referrals/ent/database/databasetest"
)

// TestFaults_galeraNodeLost kills one node of three under load: the servers go on with the others, nothing that was
// acknowledged is missing, and the node joins again.
func TestFaults_galeraNodeLost(t *testing.T) {
	if !long() {
		t.Skip("a cluster takes half a minute to start: make test-faults does it")
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
	user, rest, _ := strings.Cut(strings.TrimPrefix(at, "mysql://"), "@")
	_, name, _ := strings.Cut(rest, "/")
	through := func(hosts ...string) string { return "mysql://" + user + "@" + strings.Join(hosts, ",") + "/" + name }
	nodes := cluster.Hosts
	p := &product{T: t, database: through(nodes...), zone: time.UTC, clock: "2020-01-01T00:00:00Z", tokens: map[account]string{}}
	p.Command("migrate")
	p.network = p.NewNetwork("Acme", "USD", "UTC")
	s := newStorm(p)
	s.also = freeAddress(t)
	second := launch(t, exec.Command(binary, "serve", "--database", through(nodes[1], nodes[2], nodes[0]), "--listen", s.also, "--clock", s.clock, "--no-billing", "--timeout", "10s"))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the other server's faults:\n%s", second.log.faults())
		}
	})
	s.Through(func() {
		for _, node := range []int{0, 1} {
			time.Sleep(5 * time.Second)
			s.fault(func() { cluster.Kill(node) })
			time.Sleep(10 * time.Second)
			before := s.conversions.Load()
			s.eventually("the servers go on with the others", func() bool { return s.conversions.Load() > before+100 })
			if err := cluster.Rejoin(node); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(5 * time.Second)
	})
	second.dead = true
	if err := second.stop(); err != nil {
		t.Error(err)
	}
	for _, node := range nodes { // also the ones that were away have all of it
		p.database = through(node)
		p.Verify()
	}
}
