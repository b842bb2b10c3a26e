package bench

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/graph/scalar"
)

const (
	referrers     = 250
	referred      = 250
	importedRows  = 1_000_000
	importMemory  = 150 << 10 // kB
	restingMemory = 40 << 10  // kB
)

// exportOf writes a file as a tracking platform exports it: a year of conversions of all partners, in their order.
func exportOf(b *testing.B, people population) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "export.csv")
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriter(file)
	_, _ = fmt.Fprintln(out, "external_id,partner,occurred_at,revenue,payout")
	random := rand.New(rand.NewPCG(3, 4))
	at := time.Date(2025, time.June, 1, 0, 0, 0, 0, time.UTC)
	step := 365 * 24 * time.Hour / importedRows
	for n := range importedRows {
		revenue := commission.FromMicros(int64(random.IntN(100_00)) * 10_000)
		payout := revenue.Shift(-1).Round(2)
		partner := people.firstReferrer + random.IntN(referrers+referred)
		_, _ = fmt.Fprintf(out, "order-%d,%s,%s,%s,%s\n", n, partnerID(partner), at.Format(time.RFC3339), revenue.StringFixed(2), payout.StringFixed(2))
		at = at.Add(step)
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkImport imports a million conversions on each engine, the same file again, and proves the sums; it holds
// the most memory that the imports had, and what a server has at rest, to their limits.
func BenchmarkImport(b *testing.B) {
	for _, engine := range []struct {
		name     string
		location func(b *testing.B) string
	}{
		{"SQLite", func(b *testing.B) string { return "sqlite:" + filepath.Join(b.TempDir(), "referrals.db") }},
		{"MariaDB", func(b *testing.B) string { return newDatabase(b, "import") }},
	} {
		b.Run(engine.name, func(b *testing.B) {
			location := engine.location(b)
			db := opened(b, location)
			network, _ := newNetwork(b, db, commission.Tracker)
			people := populate(b, db, network, referrers, referred, kind{started: time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC), pays: percentage("10", commission.Payout)})
			file, id := exportOf(b, people), scalar.ID{Type: scalar.Network, Row: network}.String()
			for b.Loop() {
				var first, again int64
				taken := took(func() { first = imported(b, location, id, file, importedRows, 0) })
				repeated := took(func() { again = imported(b, location, id, file, 0, importedRows) })
				run(b, "verify", "--database", location)
				b.ReportMetric(importedRows/taken.Seconds(), "rows/s")
				peak := max(first, again)
				note(b, line{
					"most memory of an import of 1,000,000 rows, " + engine.name, inMegabytes(peak),
					fmt.Sprintf("%s, again %s", perSecond(importedRows/taken.Seconds()), perSecond(importedRows/repeated.Seconds())),
					inMegabytes(peak), "<= 150 MB", peak <= importMemory,
				})
			}
			resting := restingMemoryOf(b, serve(b, location).pid)
			note(b, line{"memory of a server at rest, " + engine.name, inMegabytes(resting), "-", inMegabytes(resting), "<= 40 MB", resting <= restingMemory})
		})
	}
}

// imported imports a file, of which so many rows must be new and so many known, and gives the most memory that it took.
func imported(b *testing.B, location, network, file string, recorded, duplicates int) (peak int64) {
	b.Helper()
	it := ends(b, "import", "--database", location, "--network", network, file)
	if want := fmt.Sprintf("recorded=%d duplicates=%d rejected=0", recorded, duplicates); strings.TrimSpace(it.said) != want {
		b.Fatalf("the import says %q, and not %q", it.said, want)
	}
	return it.peak
}

// What the system knows of the memory of a process that runs.
const (
	itsMemory  = "VmRSS"
	mostMemory = "VmHWM" // until now
)

// memoryOf is what a process holds in memory, or the most that it has held, in kB.
func memoryOf(b *testing.B, pid int, what string) int64 {
	b.Helper()
	kilobytes, there := kilobytesOf(pid, what)
	if !there {
		b.Fatal("the system does not say what the process holds")
	}
	return kilobytes
}

func kilobytesOf(pid int, what string) (kilobytes int64, there bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false
	}
	for said := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(said, what+": %d kB", &kilobytes); err == nil {
			return kilobytes, true
		}
	}
	return 0, false
}

// restingMemoryOf is what a server holds that has started some time ago, and has given back what its start needed.
func restingMemoryOf(b *testing.B, pid int) int64 {
	b.Helper()
	const some = 5 * time.Second
	time.Sleep(some)
	return memoryOf(b, pid, itsMemory)
}

func inMegabytes(kilobytes int64) string { return fmt.Sprintf("%d MB", kilobytes>>10) }
