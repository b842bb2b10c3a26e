package e2e_test

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"partner.example/referrals/ent/database/databasetest"
)

// TestBackup_isWholeWhileRecordingGoesOn takes copies of a database at work, by the commands that docs/operations.md
// names, restores them, and finds in each everything that was acknowledged before it began, and nothing in part.
func TestBackup_isWholeWhileRecordingGoesOn(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-06-02 09:00")
		p.Global(tenPercent)
		bob := p.Active("Bob", p.Active("Ann"))
		p.At("2026-06-03 09:00")
		tracking := p.As(tracker)
		const size = 20
		var acknowledged atomic.Int64
		var stop atomic.Bool
		var writers sync.WaitGroup
		for range 4 {
			writers.Go(func() {
				for !stop.Load() {
					batch := make([]vars, size)
					for i := range batch {
						batch[i] = p.conversion(p.newID(), bob, "2026-06-02 12:00", "10", "1")
					}
					if err := tracking.tryToRecord(batch); err != nil {
						p.Error(err)
						return
					}
					acknowledged.Add(size)
				}
			})
		}
		defer writers.Wait()
		defer stop.Store(true)
		for copies := range 3 {
			p.eventually("there is something to copy", func() bool { return acknowledged.Load() > int64(copies*10*size) })
			before := acknowledged.Load()
			restored := p.restored()
			verified, err := strconv.ParseInt(restored.Verify(), 10, 64)
			if err != nil || verified < before || verified%size != 0 {
				p.Errorf("%d conversions are in the copy; %d were acknowledged before it was taken, %d by now (%v)", verified, before, acknowledged.Load(), err)
			}
			restored.At("2026-06-03 09:00")
			restored.Reports("2026-06-01", "2026-06-30", fmt.Sprintf("Ann > Bob, 10%% of payout: EARNING %d.%d0", verified/10, verified%10))
			restored.Stop()
		}
	})
}

// restored is the product on a copy of its database.
func (p *product) restored() *product {
	p.Helper()
	restored := &product{T: p.T, network: p.network, zone: p.zone, clock: p.clock, tokens: map[account]string{}}
	if path, embedded := strings.CutPrefix(p.database, "sqlite:"); embedded {
		file := filepath.Join(p.TempDir(), "copy.db")
		p.Command("backup", file)
		if _, said, err := p.command("backup", file); err == nil || !strings.Contains(said, "is there already") {
			p.Errorf("a backup over another one: %v\n%s", err, said)
		}
		if left, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*")); err != nil || len(left) != 1 || path == file {
			p.Errorf("the backup leaves %q (%v)", left, err)
		}
		restored.database = "sqlite:" + file
		return restored
	}
	if _, said, err := p.command("backup", filepath.Join(p.TempDir(), "copy.db")); err == nil || !strings.Contains(said, "mariadb-dump") {
		p.Errorf("a backup of a server's database: %v\n%s", err, said)
	}
	restored.database = databasetest.MySQL(p.T)
	from, to := databasetest.Node(p.T, p.database), databasetest.Node(p.T, restored.database)
	dump := p.tool(nil, from, "mariadb-dump", "--single-transaction", "--quick", "--hex-blob", "--default-character-set=utf8mb4")
	p.tool(dump, to, "mariadb")
	return restored
}

// tool runs one of the server's own tools on a database, and is what it writes.
func (p *product) tool(stdin []byte, at *url.URL, name string, args ...string) []byte {
	p.Helper()
	password, _ := at.User.Password()
	command := exec.Command(name, append([]string{"--no-defaults", "--host=" + at.Hostname(), "--port=" + at.Port(), "--user=" + at.User.Username()}, append(args, strings.Trim(at.Path, "/"))...)...)
	var out, said bytes.Buffer
	command.Env = append(os.Environ(), "MYSQL_PWD="+password)
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(stdin), &out, &said
	if err := command.Run(); err != nil {
		p.Fatalf("%s: %v\n%s", name, err, said.String())
	}
	return out.Bytes()
}
