package bench

import (
	"bufio"
	"database/sql"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/graph/scalar"
)

// traded is a network with a year of life in it, as networks are: a few partners referred most of the others, and a
// few of those sell most.
type traded struct {
	population
	referrals  int
	admin      string // their tokens
	tracker    string
	partner    string
	partnerRow int
	spread     *spread
	sellers    []int // all partners, whoever sells most first
}

// The year that a traded network lived, in the calendar of its zone.
var (
	yearBegins = time.Date(2025, time.July, 1, 5, 0, 0, 0, time.UTC)
	yearEnds   = time.Date(2026, time.July, 1, 4, 0, 0, 0, time.UTC)
)

// What a report is of.
const (
	wholeYear   = "year"
	latestMonth = "month"
)

// rangeOf is the days of it.
func rangeOf(what string) (from, to string) {
	if what == wholeYear {
		return "2025-07-01", "2026-06-30"
	}
	return "2026-06-01", "2026-06-30"
}

// referralsEach is how many referred partners there are for each referrer.
const referralsEach = 20

// newTraded makes such a network: its partners are written into the tables, its conversions are imported by the product.
// Those who are referrers were referred by nobody, and not all of them referred somebody.
func newTraded(b *testing.B, location string, referrers, referrals, conversions int) *traded {
	b.Helper()
	db := opened(b, location)
	network, admin := newNetwork(b, db, commission.Admin)
	n := &traded{referrals: referrals, admin: admin, spread: newSpread(uint64(network))}
	n.population = populateBy(b, db, network, referrers, referrals, n.spread.shares(referrers, referrals), yearKinds()...)
	n.partnerRow = n.firstReferrer + min(referrers/referralsEach, referrers-1) // one of those with many, and not the first
	n.sellers = n.spread.random.Perm(referrers + referrals)
	for i := range n.sellers {
		n.sellers[i] += n.firstReferrer
	}
	n.tracker = newToken(b, db, network, commission.Tracker, 0)
	n.partner = newToken(b, db, network, commission.PartnerUser, n.partnerRow)
	if conversions > 0 {
		file := n.export(b, conversions)
		defer func() { _ = os.Remove(file) }()
		run(b, "import", "--database", location, "--network", scalar.ID{Type: scalar.Network, Row: network}.String(), file)
		analyze(b, connect(b, location))
	}
	return n
}

// yearKinds is referrals of several kinds, each basis among them: some changed structure in the last month, some ended
// in it, some wait for their minimum earnings, some are of a duration.
func yearKinds() []kind {
	half := time.Date(2026, time.June, 15, 4, 0, 0, 0, time.UTC)
	withMinimum, minimum := percentage("12.5", commission.Payout), decimal.New(345, 0)
	withMinimum.MinimumEarnings = &minimum
	later, year, plain := percentage("5", commission.Payout), percentage("7.25", commission.Revenue), percentage("10", commission.Payout)
	year.Duration = &commission.Duration{Value: 1, Unit: commission.Year}
	kinds := []kind{
		{pays: plain},
		{pays: plain},
		{pays: plain},
		{pays: plain},
		{pays: plain},
		{pays: percentage("3.3333", commission.Profit)},
		{pays: withMinimum},
		{pays: year},
		{pays: plain, then: &later, changed: half},
		{pays: plain, ended: &half},
	}
	for i := range kinds {
		kinds[i].started = yearBegins.AddDate(0, 0, 10*i)
	}
	return kinds
}

// spread draws what is spread as it is in life.
type spread struct {
	random *rand.Rand
}

func newSpread(seed uint64) *spread { return &spread{rand.New(rand.NewPCG(seed, 17))} }

const steepness = 1.1 // of Zipf's law: the first of ten thousand has a seventh of all, the hundredth a thousandth

func (s *spread) zipf(n int) *rand.Zipf {
	return rand.NewZipf(s.random, steepness, 1, uint64(n-1))
}

// shares gives each of the referred partners a referrer.
func (s *spread) shares(referrers, referred int) func(i int) int {
	zipf, all := s.zipf(referrers), make([]int, referred)
	for i := range all {
		all[i] = int(zipf.Uint64())
	}
	return func(i int) int { return all[i] }
}

// sold draws when something is sold: more by day than at night, and more on weekdays.
func (s *spread) sold() time.Time {
	for {
		at := yearBegins.Add(time.Duration(s.random.Int64N(int64(yearEnds.Sub(yearBegins))))).Truncate(time.Microsecond)
		day, hour := at.Weekday(), at.Hour()
		if ((day == time.Saturday || day == time.Sunday) && s.random.IntN(2) == 0) || (hour > 4 && hour < 12 && s.random.IntN(10) < 8) {
			continue
		}
		return at
	}
}

// amounts draws revenue and payout, in cents.
func (s *spread) amounts() (revenue, payout int) {
	revenue = 200 + s.random.IntN(150_00)
	return revenue, revenue * (50 + s.random.IntN(30)) / 100
}

// seller draws who sells.
func (n *traded) seller(zipf *rand.Zipf) int { return n.sellers[zipf.Uint64()] }

// export writes the conversions of a year to a file, as a tracking platform exports them.
func (n *traded) export(b *testing.B, conversions int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), fmt.Sprintf("year-%d.csv", n.network))
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	buffer := bufio.NewWriterSize(file, 1<<20)
	out := csv.NewWriter(buffer)
	_ = out.Write([]string{"external_id", "partner", "occurred_at", "revenue", "payout"})
	zipf := n.spread.zipf(len(n.sellers))
	for i := range conversions {
		revenue, payout := n.spread.amounts()
		_ = out.Write([]string{
			"year-" + strconv.Itoa(i), partnerID(n.seller(zipf)), n.spread.sold().Format(time.RFC3339Nano), cents(revenue), cents(payout),
		})
	}
	out.Flush()
	if err := out.Error(); err != nil {
		b.Fatal(err)
	}
	if err := buffer.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

func cents(n int) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }

// multiply makes each conversion of a network count as many: the sums are those of as many on the same days. Which
// tables hold sums is asked of the database.
func (n *traded) multiply(b *testing.B, bare *sql.DB, times int) {
	b.Helper()
	for _, table := range texts(b, bare, `
		SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
		WHERE c.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' AND c.table_name <> 'invoice_line'
			AND c.column_name IN ('network_id', 'conversions', 'revenue', 'payout')
		GROUP BY c.table_name HAVING COUNT(*) = 4`) {
		execute(b, bare, fmt.Sprintf(
			"UPDATE %s SET conversions = conversions * %d, revenue = revenue * %d, payout = payout * %d WHERE network_id = %d", table, times, times, times, n.network))
	}
}

// analyze has the database count its rows, so that it plans well for everybody.
func analyze(b *testing.B, bare *sql.DB) {
	b.Helper()
	for _, table := range texts(b, bare, "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'") {
		execute(b, bare, "ANALYZE TABLE "+table)
	}
}

func texts(b *testing.B, bare *sql.DB, query string) []string {
	b.Helper()
	var found []string
	if err := eachRow(bare, query, nil, func(rows *sql.Rows) error {
		var text string
		err := rows.Scan(&text)
		found = append(found, text)
		return err
	}); err != nil {
		b.Fatal(err)
	}
	return found
}

// conversion is one as a tracker reports it, with its values.
type conversion struct {
	ExternalID string `json:"externalId"`
	Partner    string `json:"partner"`
	OccurredAt string `json:"occurredAt"`
	Revenue    string `json:"revenue"`
	Payout     string `json:"payout"`

	partner         int
	at              time.Time
	revenue, payout int64
}

// record is conversions of the last hours, as a tracker reports them, a few of them late.
func (n *traded) record(number, rows int, now time.Time) []conversion {
	zipf, made := n.spread.zipf(len(n.sellers)), make([]conversion, rows)
	for i := range made {
		late := time.Duration(n.spread.random.IntN(3600)) * time.Second
		switch chance := n.spread.random.IntN(1000); {
		case chance < 10:
			late = time.Duration(n.spread.random.IntN(30*24)) * time.Hour
		case chance < 50:
			late = 24 * time.Hour
		}
		revenue, payout := n.spread.amounts()
		c := conversion{
			ExternalID: fmt.Sprintf("%08x-%d-%d", n.spread.random.Uint32(), number, i), partner: n.seller(zipf),
			at: now.Add(-late).Truncate(time.Microsecond).UTC(), Revenue: cents(revenue), Payout: cents(payout),
			revenue: int64(revenue) * 10_000, payout: int64(payout) * 10_000,
		}
		c.Partner, c.OccurredAt = partnerID(c.partner), c.at.Format(time.RFC3339Nano)
		made[i] = c
	}
	return made
}

func newToken(b *testing.B, db *database.Database, network int, role commission.Role, partner int) string {
	b.Helper()
	p := &program.Program{DB: db, Now: time.Now}
	account, err := p.CreateAccount(system(), program.NewAccount{NetworkID: network, Name: string(role), Role: role, PartnerID: partner})
	if err != nil {
		b.Fatal(err)
	}
	token, _, err := p.CreateToken(system(), account.ID, "bench", nil)
	if err != nil {
		b.Fatal(err)
	}
	return token
}
