package bench

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/graph/scalar"
)

// BenchmarkExport takes tables away, of the conversions of one invoice line and of the report by its Balance, each from a
// server of its own: what counts is the most memory that it had, beside that for a tenth of the rows.
func BenchmarkExport(b *testing.B) {
	location := newDatabase(b, "export")
	db, bare := opened(b, location), connect(b, location)
	made := func(referrals, each int) (network int, token string) {
		network, token = newNetwork(b, db, commission.Admin)
		sellAMonth(b, location, populate(b, db, network, referrals, referrals, kind{
			started: time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC), pays: percentage("7.7777", commission.Payout),
		}), 2*referrals, each)
		return network, token
	}
	measure := func(what string, rows int, of func(rows int) (token, path string)) {
		token, path := of(rows)
		tenthToken, tenth := of(rows / 10)
		analyze(b, bare)
		for _, format := range []string{"csv", "xlsx"} {
			_, least := exported(b, location, tenthToken, fmt.Sprintf(tenth, format), rows/10)
			lasted, peak := exported(b, location, token, fmt.Sprintf(path, format), rows)
			must(b, goal{
				what:    fmt.Sprintf("most memory of exporting %s %s, %s", counted(rows), what, format),
				product: fmt.Sprintf("%s, in %.1f s", inMegabytes(peak), lasted.Seconds()), against: inMegabytes(least) + " for a tenth",
				reached: float64(peak) / float64(least), most: 2, large: true,
			})
		}
	}
	for b.Loop() {
		measure("conversions of a line", sizes.ExportRows, func(rows int) (token, path string) {
			network, token := made(1, rows)
			run(b, "bill", "--database", location, "--network", scalar.ID{Type: scalar.Network, Row: network}.String(),
				"--through", "2026-06-30", "--clock", "2026-07-02T00:00:00Z")
			line := count(b, db, "SELECT id FROM invoice_line WHERE network_id = ? AND type = 'REFERRAL_COMMISSION'", network)
			return token, "/invoice-lines/" + scalar.ID{Type: scalar.Line, Row: line}.String() + "/conversions.%s"
		})
		measure("rows of the report", sizes.ExportReferrals, func(rows int) (token, path string) {
			_, token = made(rows, 2)
			return token, "/reports/referrals.%s?from=2026-06-01&to=2026-06-30&orderBy=BALANCE&direction=DESC"
		})
	}
}

// exported takes a table from a server that has just been started, and gives the most memory that the server had.
func exported(b *testing.B, location, token, path string, rows int) (lasted time.Duration, peak int64) {
	b.Helper()
	s := serve(b, location, "--clock", "2026-07-02T00:00:00Z")
	get, err := http.NewRequestWithContext(system(), http.MethodGet, s.url+path, nil)
	if err != nil {
		b.Fatal(err)
	}
	get.Header.Set("Authorization", "Bearer "+token)
	began := time.Now()
	answer, err := s.client.Do(get)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var taken newlines
	if _, err := io.Copy(&taken, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		b.Fatalf("%s is answered with %d: %v", path, answer.StatusCode, err)
	}
	if isText := strings.Contains(path, ".csv"); isText && int(taken) != rows+1 {
		b.Fatalf("%s has %d lines, want %d rows", path, taken, rows)
	}
	return time.Since(began), memoryOf(b, s.pid, mostMemory)
}

// newlines counts the lines of what is written to it.
type newlines int

func (n *newlines) Write(part []byte) (int, error) {
	*n += newlines(bytes.Count(part, []byte{'\n'}))
	return len(part), nil
}
