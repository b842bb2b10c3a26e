package bench

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

// size is how much is measured. BENCH_SIZE=small takes about three minutes; each number can also be given by itself.
type size struct {
	Referrals       int // of the network whose report most pages are of
	Many            int // of the large network; 0: there is none
	Conversions     int // in the year of each of them
	Times           int // as many conversions on the same days
	ImportRows      int
	Seconds         float64 // that a server is under load at a time
	Rounds          int     // of everything, in turns; what counts is their median
	Requests        int     // one at a time in a round
	RecordedRows    int     // in a round
	ExportRows      int     // of the line whose conversions are taken away
	ExportReferrals int     // of the report that is
	Connections     int     // of the load
	Processes       int     // of a peer
	Tolerance       float64 // by how much a target may be missed
}

var sizes = chosenSize()

func chosenSize() size {
	chosen := size{
		Referrals: 10_000, Many: 100_000, Conversions: 1_000_000, Times: 100, ImportRows: 3_000_000,
		Seconds: 3, Rounds: 3, Requests: 5, RecordedRows: 60_000, ExportRows: 1_000_000, ExportReferrals: 100_000, Connections: 4, Processes: runtime.NumCPU(), Tolerance: 1,
	}
	if os.Getenv("BENCH_SIZE") == "small" {
		chosen = size{
			Referrals: 2_000, Many: 0, Conversions: 40_000, Times: 100, ImportRows: 100_000,
			Seconds: 0.5, Rounds: 3, Requests: 5, RecordedRows: 8_000, ExportRows: 20_000, ExportReferrals: 4_000, Connections: 4, Processes: runtime.NumCPU(), Tolerance: 2,
		}
	}
	for name, number := range map[string]*int{
		"BENCH_REFERRALS": &chosen.Referrals, "BENCH_MANY_REFERRALS": &chosen.Many, "BENCH_CONVERSIONS": &chosen.Conversions,
		"BENCH_IMPORT_ROWS": &chosen.ImportRows, "BENCH_ROUNDS": &chosen.Rounds, "BENCH_RECORDED_ROWS": &chosen.RecordedRows,
		"BENCH_EXPORT_ROWS": &chosen.ExportRows, "BENCH_EXPORT_REFERRALS": &chosen.ExportReferrals, "BENCH_CONNECTIONS": &chosen.Connections, "BENCH_PEER_PROCESSES": &chosen.Processes,
	} {
		if given, err := strconv.Atoi(os.Getenv(name)); err == nil {
			*number = given
		}
	}
	for name, number := range map[string]*float64{"BENCH_SECONDS": &chosen.Seconds, "BENCH_TOLERANCE": &chosen.Tolerance} {
		if given, err := strconv.ParseFloat(os.Getenv(name), 64); err == nil {
			*number = given
		}
	}
	return chosen
}

func (s size) small() bool { return s.Many == 0 }

// loaded is how long a server is under load at a time.
func (s size) loaded() time.Duration { return time.Duration(s.Seconds * float64(time.Second)) }

// counted writes a number as it is read: 10,000.
func counted[N ~int | ~int64](n N) string {
	text := strconv.FormatInt(int64(n), 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func inMillis(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.2f ms", d.Seconds()*1000)
	}
	return fmt.Sprintf("%.0f ms", d.Seconds()*1000)
}
