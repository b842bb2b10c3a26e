package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/graph/scalar"
)

// imports is a network to import into.
type imports struct {
	*testing.T

	location string
	db       *database.Database
	ledger   *ledger.Ledger
	program  *program.Program
	folder   string
	row      int    // of the network
	network  string // its id
	partner  string // the id of a partner of it
	stranger string // the id of a partner of another network
	built    bool   // whether the built product imports
}

// eachImport runs a test for every engine. Its cases can make themselves networks of their own.
func eachImport(t *testing.T, test func(i *imports)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, location string) {
		db, p, l := opened(t, location)
		i := &imports{T: t, location: location, db: db, ledger: l, program: p}
		i.stranger = i.newNetwork(t).partner
		test(i.newNetwork(t))
	})
}

// newNetwork makes a network with a partner, and a folder for its files.
func (i *imports) newNetwork(t *testing.T) *imports {
	t.Helper()
	made := *i
	made.T, made.folder = t, t.TempDir()
	made.network = must(t, "network", "create", "--database", i.location, "--name", "N", "--currency", "USD", "--time-zone", "America/New_York")
	made.row = scalar.ParseID(made.network).Of(scalar.Network)
	partner, err := i.program.CreatePartner(system(), made.row, program.NewPartner{Name: "P", Status: commission.PartnerActive})
	if err != nil {
		t.Fatal(err)
	}
	made.partner = scalar.ID{Type: scalar.Partner, Row: partner.ID}.String()
	return &made
}

// file writes a file. PARTNER and STRANGER in it are the ids of partners.
func (i *imports) file(name, text string) string {
	i.Helper()
	path := filepath.Join(i.folder, name)
	if err := os.WriteFile(path, []byte(i.filled(text)), 0o600); err != nil {
		i.Fatal(err)
	}
	return path
}

func (i *imports) filled(text string) string {
	return strings.NewReplacer("PARTNER", i.partner, "STRANGER", i.stranger).Replace(text)
}

func (i *imports) run(args ...string) ran {
	i.Helper()
	all := append([]string{"import", "--database", i.location, "--network", i.network}, args...)
	if i.built {
		return runProduct(i.T, all...)
	}
	return referrals(i.Context(), strings.NewReader(""), all...)
}

// wants runs an import and holds it against the counts that it must end with.
func (i *imports) wants(recorded, duplicates, rejected int, args ...string) {
	i.Helper()
	got := i.run(args...)
	if want := fmt.Sprintf("recorded=%d duplicates=%d rejected=%d\n", recorded, duplicates, rejected); got.stdout != want {
		i.Errorf("import %s: %q, want %q\n%s", args[len(args)-1], got.stdout, want, got.stderr)
	}
	if wantCode := min(rejected, 1); got.code != wantCode {
		i.Errorf("import %s: exit %d, want %d\n%s", args[len(args)-1], got.code, wantCode, got.stderr)
	}
}

// recorded is what the network has: by external id, "revenue payout".
func (i *imports) recorded() map[string]string {
	i.Helper()
	rows, err := i.db.QueryContext(system(), "SELECT external_id, revenue, payout, reason FROM conversion WHERE network_id = ?", i.row)
	if err != nil {
		i.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	found := map[string]string{}
	for rows.Next() {
		var id, reason string
		var revenue, payout int64
		if err := rows.Scan(&id, &revenue, &payout, &reason); err != nil {
			i.Fatal(err)
		}
		found[id] = strings.TrimSpace(fmt.Sprintf("%s %s %s", commission.FromMicros(revenue), commission.FromMicros(payout), reason))
	}
	return found
}

// total is the sums of all that the network has.
func (i *imports) total() commission.Sums {
	i.Helper()
	var sums commission.Sums
	var revenue, payout int64
	rows, err := i.db.QueryContext(system(), "SELECT COUNT(*), COALESCE(SUM(revenue), 0), COALESCE(SUM(payout), 0) FROM conversion WHERE network_id = ?", i.row)
	if err != nil {
		i.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := rows.Scan(&sums.Conversions, &revenue, &payout); err != nil {
			i.Fatal(err)
		}
	}
	sums.Revenue, sums.Payout = commission.FromMicros(revenue), commission.FromMicros(payout)
	return sums
}

// verified holds every sum against the conversions.
func (i *imports) verified() {
	i.Helper()
	if _, err := i.ledger.Verify(system(), func(difference string) { i.Error(difference) }); err != nil {
		i.Error(err)
	}
}

// verifies does the same with the built product.
func (i *imports) verifies() {
	i.Helper()
	if got := runProduct(i.T, "verify", "--database", i.location); got.code != success {
		i.Errorf("verify: exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
}

// rejected is the rows of a file of rejects, without its header.
func (i *imports) rejected(path string) [][]string {
	i.Helper()
	file, err := os.Open(path)
	if err != nil {
		i.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	reader := csv.NewReader(file)
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	if err != nil {
		i.Fatal(err)
	}
	if rows[0][0] != "rejected_line" || rows[0][1] != "rejected_because" {
		i.Errorf("the rejects begin with %q", rows[0])
	}
	return rows[1:]
}

func TestImport_readsWhatTrackingPlatformsWrite(t *testing.T) {
	const header, first, second = "external_id,partner,occurred_at,revenue,payout\n", "a,PARTNER,2026-01-02T03:04:05Z,10.00,5.00\n", "b,PARTNER,2026-01-02T03:04:05.123456-05:00,0.000001,0\n"
	want := map[string]string{"a": "10 5", "b": "0.000001 0"}
	files := map[string]string{
		"plain":                     header + first + second,
		"byte order mark":           "\ufeff" + header + first + second,
		"carriage returns":          strings.ReplaceAll(header+first+second, "\n", "\r\n"),
		"carriage returns alone":    strings.ReplaceAll(header+first+second, "\n", "\r"),
		"no line end at the end":    strings.TrimSuffix(header+first+second, "\n"),
		"empty lines":               "\n\n" + header + "\n" + first + "   \n,,,,\n\n" + second + "\n\n",
		"semicolons":                strings.ReplaceAll(header+first+second, ",", ";"),
		"tabs":                      strings.ReplaceAll(header+first+second, ",", "\t"),
		"a spreadsheet's separator": "sep=|\r\n" + strings.ReplaceAll(header+first+second, ",", "|"),
		"blanks around":             strings.ReplaceAll(header+first+second, ",", " , "),
		"everything quoted":         `"` + strings.TrimSuffix(strings.ReplaceAll(strings.ReplaceAll(header+first+second, ",", `","`), "\n", "\"\n\""), `"`),
		"blanks around quotes":      header + strings.ReplaceAll(first, "PARTNER", ` "PARTNER" `) + second,
		"a comma too many":          header + strings.ReplaceAll(first+second, "\n", ",\n"),
		"names written otherwise":   "External-ID,Partner ,Occurred At,REVENUE,pay_out\n" + first + second,
		"unknown columns": "Campaign,payout,\"revenue\",,occurred_at,partner,external_id,Händler\n" +
			"\"Spring, \"\"sale\"\"\nand summer\",5.00,10.00,x,2026-01-02T03:04:05Z,PARTNER,a,\"\"\n" +
			"5\" screen,0,0.000001,,2026-01-02T03:04:05.123456-05:00,PARTNER,b\n",
		"unknown columns in Latin-1":  "external_id,partner,occurred_at,revenue,payout,H\xe4ndler\n" + strings.ReplaceAll(first+second, "\n", ",M\xfcller\n"),
		"other names":                 "transaction id,partner id,timestamp,sale amount,partner payout\n" + first + second,
		"its own names before others": "id,timestamp," + header + "1,x," + first + "2,y," + second,
		"twice the same rows":         header + first + second + second + first,
	}
	eachImport(t, func(i *imports) {
		for _, name := range slices.Sorted(maps.Keys(files)) {
			i.Run(name, func(t *testing.T) {
				i := i.newNetwork(t)
				duplicates := strings.Count(files[name], "a,PARTNER,2026-01-02T03:04:05Z,10.00,5.00\n")
				path := i.file("export.csv", files[name])
				i.wants(2, max(0, 2*(duplicates-1)), 0, path)
				if got := i.recorded(); !maps.Equal(got, want) {
					t.Errorf("recorded %v, want %v", got, want)
				}
				if _, err := os.Stat(path + ".rejects.csv"); err == nil {
					t.Error("there is a file of rejects, and nothing was refused")
				}
			})
		}
	})
}

func TestImport_refusesOneRowAndGoesOnWithTheOthers(t *testing.T) {
	long := strings.Repeat("x", 3*maxRecord)
	cases := map[string]struct{ row, because string }{
		"no id of a partner":           {"c,P-17,2026-01-01T00:00:00Z,1,1", "must be the id of a partner"},
		"no partner at all":            {"c,,2026-01-01T00:00:00Z,1,1", "must be the id of a partner"},
		"an unknown partner":           {"c," + scalar.ID{Type: scalar.Partner, Row: 1 << 40}.String() + ",2026-01-01T00:00:00Z,1,1", "partner: no such partner"},
		"another network's partner":    {"c,STRANGER,2026-01-01T00:00:00Z,1,1", "partner: no such partner"},
		"a time without a zone":        {"c,PARTNER,2026-01-01 00:00:00,1,1", "occurred_at: must be a moment with its zone"},
		"the future":                   {"c,PARTNER,2199-01-01T00:00:00Z,1,1", "occurred_at: must not be more than 5 minutes in the future"},
		"seven decimals":               {"c,PARTNER,2026-01-01T00:00:00Z,1.0000001,1", "Sale: must have at most 6 decimals"},
		"an exponent":                  {"c,PARTNER,2026-01-01T00:00:00Z,1e9,1", "Sale: must be a plain decimal number"},
		"no number":                    {"c,PARTNER,2026-01-01T00:00:00Z,NaN,1", "Sale: must be a plain decimal number"},
		"a currency's sign":            {"c,PARTNER,2026-01-01T00:00:00Z,$1,1", "Sale: must be a plain decimal number"},
		"a quoted thousand":            {`c,PARTNER,2026-01-01T00:00:00Z,"1,000.00",1`, "Sale: must be a plain decimal number"},
		"a thousand that is not":       {"c,PARTNER,2026-01-01T00:00:00Z,1,000.00,1", "this row has 6 fields and the header 5"},
		"a negative amount":            {"c,PARTNER,2026-01-01T00:00:00Z,1,-1", "payout: must not be negative"},
		"an absurd amount":             {"c,PARTNER,2026-01-01T00:00:00Z,1,1000000000.01", "payout: must be at most"},
		"all that is wrong at once":    {"c,P-17,yesterday,one,two", "; payout: must be a plain decimal number"},
		"no external id":               {",PARTNER,2026-01-01T00:00:00Z,1,1", "external_id: must be a text of 1 to 255 bytes"},
		"an external id with a zero":   {"c\x00,PARTNER,2026-01-01T00:00:00Z,1,1", "external_id: must be a text"},
		"an external id that is long":  {strings.Repeat("c", 256) + ",PARTNER,2026-01-01T00:00:00Z,1,1", "external_id: must be a text"},
		"a row that is cut off":        {"c,PARTNER,2026-01-0", "occurred_at: must be a moment"},
		"other content than before":    {"a,PARTNER,2026-01-02T03:04:05Z,10.00,5.01", "stands in this call twice, with different content"},
		"a quote that nobody closed":   {`"c,PARTNER,2026-01-01T00:00:00Z,1,1`, "a quote is opened and not closed"},
		"text behind a closing quote":  {`"c"c,PARTNER,2026-01-01T00:00:00Z,1,1`, "text behind a closing quote"},
		"a line of three megabytes":    {"c" + long + ",PARTNER,2026-01-01T00:00:00Z,1,1", "longer than 1048576 bytes"},
		"an open line of as much":      {`"c` + long + ",PARTNER,2026-01-01T00:00:00Z,1,1", "longer than 1048576 bytes"},
		"quotes in the wrong places":   {`c,"PARTNER",2026"-01-01T00:00:00Z,"1" "1",1`, "text behind a closing quote"},
		"an amount in other digits":    {"c,PARTNER,2026-01-01T00:00:00Z,١,1", "Sale: must be a plain decimal number"},
		"an external id of bad bytes":  {"c\xff,PARTNER,2026-01-01T00:00:00Z,1,1", "external_id: must be a text"},
		"a moment before its platform": {"c,PARTNER,1999-12-31T00:00:00Z,1,1", "occurred_at: must not be before the year 2000"},
	}
	eachImport(t, func(i *imports) {
		for _, name := range slices.Sorted(maps.Keys(cases)) {
			i.Run(name, func(t *testing.T) {
				i := i.newNetwork(t)
				path := i.file("export.csv", "external_id,partner,occurred_at,Sale,payout\r\na,PARTNER,2026-01-02T03:04:05Z,10.00,5.00\r\n\r\n"+
					cases[name].row+"\r\nb,PARTNER,2026-01-02T03:04:05Z,20,10\r\n")
				i.wants(2, 0, 1, "--map", "revenue=Sale", path)
				if got, want := i.recorded(), map[string]string{"a": "10 5", "b": "20 10"}; !maps.Equal(got, want) {
					t.Errorf("recorded %v, want %v", got, want)
				}
				rejected := i.rejected(path + ".rejects.csv")
				if len(rejected) != 1 || rejected[0][0] != "4" || !strings.Contains(rejected[0][1], cases[name].because) {
					t.Errorf("rejects: %.300q, want line 4 because %q", rejected, cases[name].because)
				}
			})
		}
		i.verified()
	})
}

func TestImport_refusesAWrongFile(t *testing.T) {
	const header = "external_id,partner,occurred_at,revenue,payout\n"
	cases := map[string]struct {
		text    string
		options []string
		says    string
	}{
		"empty":                   {"", nil, "the file is empty"},
		"blank":                   {"\ufeff\r\n  \r\n", nil, "the file is empty"},
		"a picture":               {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", nil, "it holds binary data"},
		"a spreadsheet":           {"PK\x03\x04\x14\x00\x06\x00", nil, "it holds binary data"},
		"text of two bytes each":  {"\xff\xfee\x00x\x00", nil, "UTF-16"},
		"a missing column":        {"external_id,partner,when,revenue\n", nil, `no column occurred_at, payout; it has "external_id", "partner", "when", "revenue"`},
		"no header":               {"a,b,c\n", nil, "no column external_id, partner, occurred_at, revenue, payout"},
		"a mapping to nothing":    {header, []string{"--map", "revenue=Sales"}, `no column "Sales" for revenue`},
		"a mapping of nothing":    {header, []string{"--map", "profit=revenue"}, `the columns that the import reads are "external_id"`},
		"two of one column":       {"Revenue," + header, nil, `both "Revenue" and "revenue"`},
		"a header that is broken": {"\"external_id\n", nil, "the header cannot be read"},
	}
	eachImport(t, func(i *imports) {
		for _, name := range slices.Sorted(maps.Keys(cases)) {
			got := i.run(append(cases[name].options, i.file("export.csv", cases[name].text))...)
			if got.code != failure || !strings.Contains(got.stderr, cases[name].says) || got.stdout != "" {
				i.Errorf("%s: exit %d, %q, want %q", name, got.code, got.stderr, cases[name].says)
			}
		}
		good := i.file("good.csv", header)
		for says, args := range map[string][]string{
			"is a folder":       {i.folder},
			"no such file":      {filepath.Join(i.folder, "missing.csv")},
			"must name another": {"--rejects", good, good},
			"no such network":   {"--network", i.partner, good},
		} {
			if got := i.run(args...); got.code != failure || !strings.Contains(got.stderr, says) {
				i.Errorf("import %s: exit %d, %q, want %q", args, got.code, got.stderr, says)
			}
		}
		i.wants(0, 0, 0, good)
		if got := i.recorded(); len(got) > 0 {
			i.Errorf("recorded %v, want nothing", got)
		}
	})
}

func TestImport_recordsAdjustmentsBehindTheirConversionsWhereverTheyStand(t *testing.T) {
	eachImport(t, func(i *imports) {
		path := i.file("export.csv", `external_id,partner,occurred_at,revenue,payout,adjusts,reason
a-1,PARTNER,2026-02-01T00:00:00Z,-4.00,-2.00,a,"returned,
in part"
a,PARTNER,2026-01-01T00:00:00Z,10.00,5.00,,
b,PARTNER,2026-01-01T00:00:00Z,10.00,5.00,,this is about no adjustment
a-2,,2026-02-02T00:00:00Z,1,0.50,a,more after all
a-3,PARTNER,2026-02-03T00:00:00Z,-7.01,0,a,too much
a-4,PARTNER,2026-02-03T00:00:00Z,-7.00,-3.50,a,the rest
b-1,PARTNER,2025-12-31T00:00:00Z,-1,0,b,before its conversion
c-1,PARTNER,2026-02-01T00:00:00Z,-1,0,c,of nothing
a-5,PARTNER,2026-02-01T00:00:00Z,-1,0,a-1,of an adjustment
a,PARTNER,2026-02-01T00:00:00Z,-1,0,b,of an external id that is taken
b-2,PARTNER,2026-02-01T00:00:00Z,1,0,b,`+strings.Repeat("x", 1001)+`
b-3,PARTNER,2026-02-01T00:00:00Z,-10.50,0,b,possible only with the one before
b-4,PARTNER,2026-02-01T00:00:00Z,-10.00,-5.00,b,
`)
		want := map[string]string{
			"a": "10 5", "b": "10 5", "a-1": "-4 -2 returned,\nin part", "a-2": "1 0.5 more after all", "a-4": "-7 -3.5 the rest", "b-4": "-10 -5",
		}
		for again := range 2 {
			i.wants(6*(1-again), 6*again, 7, path)
			if got := i.recorded(); !maps.Equal(got, want) {
				i.Errorf("recorded %v, want %v", got, want)
			}
		}
		var lines []string
		for _, row := range i.rejected(path + ".rejects.csv") {
			lines = append(lines, row[0])
		}
		slices.Sort(lines)
		if want := []string{"10", "11", "12", "13", "14", "7", "9"}; !slices.Equal(lines, want) {
			i.Errorf("refused the lines %v, want %v", lines, want)
		}
		i.verified()
	})
}

func TestImport_recordsWhatComesFirstAlsoWherePartnersAreRecordedAtOnce(t *testing.T) {
	eachImport(t, func(i *imports) {
		partners := append(i.newPartners(3), i.partner)
		var text strings.Builder
		var lines []string
		text.WriteString("external_id,partner,occurred_at,revenue,payout\n")
		for n, partner := range partners {
			fmt.Fprintf(&text, "own-%d,%s,2026-01-01T00:00:00Z,%d,0\nunread,nobody,2026-01-01T00:00:00Z,1,1\nnegative-%d,%s,2026-01-01T00:00:00Z,-1,1\n", n, partner, n, n, partner)
			lines = append(lines, strconv.Itoa(3*n+3), strconv.Itoa(3*n+4))
		}
		path := i.file("apart.csv", text.String())
		i.wants(len(partners), 0, 2*len(partners), path)
		var told []string
		for _, row := range i.rejected(path + ".rejects.csv") {
			told = append(told, row[0])
		}
		if !slices.Equal(told, lines) {
			i.Errorf("lines %q were refused, want %q", told, lines)
		}
		for n, partner := range partners { // one externalId of all
			fmt.Fprintf(&text, "own-1,%s,2026-01-01T00:00:00Z,%d,0\nnew,%s,2026-01-01T00:00:00Z,%d,0\n", partner, n, partner, n)
		}
		i.wants(1, len(partners)+1, 2*len(partners)+2*(len(partners)-1), i.file("together.csv", text.String()))
		if got := i.recorded()["new"]; got != "0 0" {
			i.Errorf("the first of those who have one externalId says %q, want %q", got, "0 0")
		}
		i.verified()
	})
}

// newPartners makes more partners.
func (i *imports) newPartners(count int) (ids []string) {
	i.Helper()
	for range count {
		partner, err := i.program.CreatePartner(system(), i.row, program.NewPartner{Name: "Q", Status: commission.PartnerActive})
		if err != nil {
			i.Fatal(err)
		}
		ids = append(ids, scalar.ID{Type: scalar.Partner, Row: partner.ID}.String())
	}
	return ids
}

func TestImport_tellsInTheirOrderWhatWasRefusedOfALot(t *testing.T) {
	const partners, rows = 40, 2*batchSize + 3*batchSize + 17 // lots of one, two and less batches
	eachImport(t, func(i *imports) {
		ids := i.newPartners(partners)
		var text strings.Builder
		var refused []string
		text.WriteString("external_id,partner,occurred_at,revenue,payout\n")
		for n := range rows {
			revenue, partner := strconv.Itoa(n), ids[n*n%partners]
			if n%1000 == 7 {
				refused = append(refused, strconv.Itoa(n+2))
				revenue = "-1"
			}
			fmt.Fprintf(&text, "r-%d,%s,%s,%s,1\n", n, partner, time.Date(2026, 1, 1+n*7%50, n%24, 0, 0, 0, time.UTC).Format(time.RFC3339), revenue)
		}
		path := i.file("mixed.csv", text.String())
		i.wants(rows-len(refused), 0, len(refused), path)
		var told []string
		for _, row := range i.rejected(path + ".rejects.csv") {
			told = append(told, row[0])
		}
		if !slices.Equal(told, refused) {
			i.Errorf("lines %q were refused, want %q", told, refused)
		}
		i.wants(0, rows-len(refused), len(refused), path)
		i.verified()
	})
}

// lotOf is a batch with a lot of conversions: each is a partner, a day, and an externalId where it is not to have its own.
func lotOf(t *testing.T, embedded bool, rows ...[3]int) (*batch[ledger.Conversion], lot[ledger.Conversion]) {
	t.Helper()
	location := "sqlite:" + filepath.Join(t.TempDir(), "none.db")
	if !embedded {
		location = "mysql://nobody@127.0.0.1:1/none" // is not asked
	}
	db, err := database.Open(location)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	columns, err := findColumns([]string{"external_id", "partner", "occurred_at", "revenue", "payout"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	i := &importing{app: &app{db: db}, zone: time.UTC, columns: columns}
	var all lot[ledger.Conversion]
	for n, row := range rows {
		id := strconv.Itoa(cmp.Or(row[2], -n-1))
		all.records = append(all.records, record{Line: n + 2, Fields: []string{id}})
		all.rows = append(all.rows, ledger.Conversion{ExternalID: id, PartnerID: row[0], OccurredAt: time.Date(2026, 1, row[1], 0, 0, 0, 0, time.UTC)})
	}
	return &batch[ledger.Conversion]{importing: i, cell: i.cell}, all
}

func TestImport_bringsTogetherWhatAddsToTheSameSums(t *testing.T) {
	b, all := lotOf(t, false, [3]int{2, 5}, [3]int{1, 9}, [3]int{2, 4}, [3]int{1, 9}, [3]int{2, 5}, [3]int{1, 8})
	parts, atOnce := b.parts(all)
	if want := [][]int{{5, 1, 3}, {2, 0, 4}}; !reflect.DeepEqual(parts, want) || atOnce != lanes {
		t.Errorf("parts %v, %d at once, want %v, %d at once", parts, atOnce, want, lanes)
	}
	b, all = lotOf(t, true, [3]int{2, 5}, [3]int{1, 9})
	parts, atOnce = b.parts(all)
	if want := [][]int{{1, 0}}; !reflect.DeepEqual(parts, want) || atOnce != 1 {
		t.Errorf("into a file: parts %v, %d at once, want %v, one at a time", parts, atOnce, want)
	}
}

func TestImport_cutsALotWhereOtherSumsBegin(t *testing.T) {
	var rows [][3]int
	sizes := map[int]int{1: batchSize - 1, 2: 2, 3: batchSize, 4: ledger.MaxBatch + 1, 5: 1} // of days
	for day, size := range sizes {
		rows = append(rows, slices.Repeat([][3]int{{1, day}}, size)...)
	}
	b, all := lotOf(t, false, rows...)
	parts, _ := b.parts(all)
	var got []int
	seen := map[int]bool{}
	for _, part := range parts {
		got = append(got, len(part))
		for _, n := range part {
			seen[n] = true
		}
	}
	if want := []int{batchSize + 1, batchSize, ledger.MaxBatch, 2}; !slices.Equal(got, want) {
		t.Errorf("parts of %v rows, want %v", got, want)
	}
	if len(seen) != len(rows) {
		t.Errorf("%d rows are in parts, want %d", len(seen), len(rows))
	}
}

func TestImport_keepsTheOrderOfALotInWhichAnExternalIDStandsTwice(t *testing.T) {
	b, all := lotOf(t, false, [3]int{2, 5, 77}, [3]int{1, 9}, [3]int{1, 4, 77})
	parts, atOnce := b.parts(all)
	if want := [][]int{{0, 1, 2}}; !reflect.DeepEqual(parts, want) || atOnce != 1 {
		t.Errorf("parts %v, %d at once, want %v, one at a time", parts, atOnce, want)
	}
}

func TestRecording_hasWhatIsDueTakeEffectUnlessThatWasLookedAt(t *testing.T) {
	location := databasetest.SQLite(t)
	db, p, l := opened(t, location)
	i := (&imports{T: t, location: location, db: db, ledger: l, program: p}).newNetwork(t)
	var looks []int
	l.TakeEffect = func(_ context.Context, networkID int) error {
		looks = append(looks, networkID)
		return nil
	}
	row := ledger.Conversion{PartnerID: scalar.ParseID(i.partner).Of(scalar.Partner), OccurredAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	for n, ctx := range []context.Context{system(), ledger.InEffect(system(), i.row), ledger.InEffect(system(), i.row+1)} {
		row.ExternalID = strconv.Itoa(n)
		if _, err := l.RecordConversions(ctx, i.row, []ledger.Conversion{row}); err != nil {
			t.Fatal(err)
		}
	}
	if want := []int{i.row, i.row}; !slices.Equal(looks, want) {
		t.Errorf("it was looked at networks %v, want %v", looks, want)
	}
}

// Rows of sums are found and made in one way on MariaDB, and in another one on MySQL.
func TestRecording_comesToTheSameWhereMariaDBIsToldNothingThatMySQLWouldNotUnderstand(t *testing.T) {
	location := databasetest.MySQL(t)
	db, p, l := opened(t, location)
	i := (&imports{T: t, location: location, db: db, ledger: l, program: p}).newNetwork(t)
	plain, err := database.Open(location, database.Plainly())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = plain.Close() }()
	partner := scalar.ParseID(i.partner).Of(scalar.Partner)
	number := 0
	for _, by := range []*database.Database{db, plain, db, plain} {
		fresh := &ledger.Ledger{DB: by, Now: time.Now} // remembers nothing
		for range 2 {
			var rows []ledger.Conversion
			for day := range 20 {
				number++
				rows = append(rows, ledger.Conversion{
					ExternalID: strconv.Itoa(number), PartnerID: partner, OccurredAt: time.Date(2026, 1, 1+(number+day)%28, 0, 0, 0, 0, time.UTC),
					Revenue: decimal.New(3, 0), Payout: decimal.New(1, 0),
				})
			}
			if became, err := fresh.RecordConversions(system(), i.row, rows); err != nil || became.Recorded != len(rows) {
				t.Fatalf("%+v, %v", became, err)
			}
		}
	}
	if got := i.total().Conversions; got != int64(number) {
		t.Errorf("%d conversions, want %d", got, number)
	}
	i.verified()
}

// A server that knows nearly all sums of a call takes the others for new ones.
func TestRecording_addsToASumThatAnotherServerMadeMeanwhile(t *testing.T) {
	eachImport(t, func(i *imports) {
		number := 0
		record := func(by *ledger.Ledger, days ...int) {
			var rows []ledger.Conversion
			for _, day := range days {
				number++
				rows = append(rows, ledger.Conversion{
					ExternalID: strconv.Itoa(number), PartnerID: scalar.ParseID(i.partner).Of(scalar.Partner), OccurredAt: time.Date(2026, 1, day, 12, 0, 0, 0, time.UTC),
					Revenue: decimal.New(3, 0), Payout: decimal.New(1, 0),
				})
			}
			if became, err := by.RecordConversions(system(), i.row, rows); err != nil || became.Recorded != len(rows) {
				i.Fatalf("%+v, %v", became, err)
			}
		}
		var days []int
		for day := range 20 {
			days = append(days, 1+day)
		}
		one, other := &ledger.Ledger{DB: i.db, Now: time.Now}, &ledger.Ledger{DB: i.db, Now: time.Now}
		record(one, days...)
		record(other, 21)
		record(one, append(days, 21)...)
		if got := i.total().Conversions; got != int64(number) {
			i.Errorf("%d conversions, want %d", got, number)
		}
		i.verified()
	})
}

func TestImport_recordsAFileOnce(t *testing.T) {
	const rows = 2*batchSize + 17
	eachImport(t, func(i *imports) {
		i.built = true
		path := i.file("export.csv", manyRows(rows))
		i.wants(rows, 0, 0, path)
		before := i.total()
		i.wants(0, rows, 0, path)
		if after := i.total(); !after.Equal(before) || after.Conversions != rows {
			i.Errorf("the same file again made %v of %v", after, before)
		}
		i.wants(0, rows, 3, i.file("changed.csv", manyRows(rows)+
			"r-0,PARTNER,2026-01-01T00:00:00Z,1,1,\nr-5001,PARTNER,2026-01-01T00:00:00Z,1,1,\nr-7-a,PARTNER,2026-01-03T00:00:00Z,-1,0,r-7\n"))
		for n, row := range i.rejected(filepath.Join(i.folder, "changed.csv.rejects.csv")) {
			if !strings.Contains(row[1], "other content") && !strings.Contains(row[1], "different content") {
				i.Errorf("reject %d: %q, want a conflict", n, row[1])
			}
		}
		if after := i.total(); !after.Equal(before) {
			i.Errorf("rows with other content made %v of %v", after, before)
		}
		i.verifies()
	})
}

// manyRows is a file of conversions and adjustments.
func manyRows(count int) string {
	var text strings.Builder
	text.WriteString("external_id,partner,occurred_at,revenue,payout,adjusts\n")
	start := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	for n := range count {
		at := start.Add(time.Duration(n) * time.Minute).Format(time.RFC3339)
		if n%10 == 8 {
			fmt.Fprintf(&text, "r-%d-a,PARTNER,%s,-0.50,-0.25,r-%d\n", n-1, at, n-1)
		} else {
			fmt.Fprintf(&text, "r-%d,PARTNER,%s,%d.50,%d.25,\n", n, at, n, n/2)
		}
	}
	return text.String()
}

func TestImport_ofStandardInputWithNamedColumns(t *testing.T) {
	eachImport(t, func(i *imports) {
		rejects := filepath.Join(i.folder, "refused.csv")
		text := i.filled("Order;Affiliate;When;Sale Amount;Cost;payout\nx;PARTNER;2026-01-01T00:00:00Z;9;3;1\ny;nobody;2026-01-01T00:00:00Z;9;3;1\n")
		got := referrals(i.Context(), strings.NewReader(text), "import", "--database", i.location, "--network", i.network, "--rejects", rejects,
			"--map", "external_id=Order", "--map", "partner=Affiliate", "--map", "Occurred At=when", "--map", "revenue=sale amount", "--map", "payout=Cost", "-")
		if want := "recorded=1 duplicates=0 rejected=1\n"; got.stdout != want || got.code != failure || !strings.Contains(got.stderr, rejects) {
			i.Errorf("%q, exit %d, want %q\n%s", got.stdout, got.code, want, got.stderr)
		}
		if got, want := i.recorded(), map[string]string{"x": "9 3"}; !maps.Equal(got, want) {
			i.Errorf("recorded %v, want %v", got, want)
		}
	})
}

func TestImport_takesItsRejectsWhenTheyAreCorrected(t *testing.T) {
	eachImport(t, func(i *imports) {
		path := i.file("export.csv", "external_id;partner;occurred_at;revenue;payout;reason;adjusts\n"+
			"a;PARTNER;2026-01-01T00:00:00Z;9;3;;\nb;nobody;2026-01-01T00:00:00Z;9;3;;\nb-1;nobody;2026-01-02T00:00:00Z;-9;-3;\"back; again\";b\n")
		i.wants(1, 0, 2, path)
		refused, err := os.ReadFile(path + ".rejects.csv")
		if err != nil {
			i.Fatal(err)
		}
		i.wants(2, 0, 0, i.file("corrected.csv", strings.ReplaceAll(string(refused), "nobody", "PARTNER")))
		if got, want := i.recorded(), map[string]string{"a": "9 3", "b": "9 3", "b-1": "-9 -3 back; again"}; !maps.Equal(got, want) {
			i.Errorf("recorded %v, want %v", got, want)
		}
	})
}

func TestImport_killedHalfWayAndRunAgainGivesTheSameSums(t *testing.T) {
	const rows = 4*batchSize + 17
	eachImport(t, func(i *imports) {
		i.built = true
		whole := i.filled(manyRows(rows))
		half := whole[:len(whole)/2]
		killed := product(i.T, "import", "--database", i.location, "--network", i.network, "-")
		input, err := killed.StdinPipe()
		if err != nil {
			i.Fatal(err)
		}
		if err := killed.Start(); err != nil {
			i.Fatal(err)
		}
		go func() { _, _ = io.Copy(input, strings.NewReader(half)) }() // and then it waits for more
		patience, cancel := context.WithTimeout(i.Context(), time.Minute)
		defer cancel()
		for i.total().Conversions < batchSize && patience.Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		if err := killed.Process.Kill(); err != nil {
			i.Fatal(err)
		}
		_ = killed.Wait()
		before := i.total().Conversions
		if before == 0 || before >= rows/2 {
			i.Fatalf("%d rows were recorded when the import was killed", before)
		}
		i.wants(rows-int(before), int(before), 0, i.file("export.csv", whole))
		other := i.newNetwork(i.T)
		other.wants(rows, 0, 0, other.file("export.csv", manyRows(rows)))
		if got, want := i.total(), other.total(); !got.Equal(want) {
			i.Errorf("killed and run again: %v; in one go: %v", got, want)
		}
		i.verifies()
	})
}

// FuzzRecords holds the reader to what it promises of any file: it ends, invents nothing and leaves no byte unread.
func FuzzRecords(f *testing.F) {
	for _, text := range []string{"a,b\n1,2\n", "\"a\n\",b\r\n\"x\"y\n", "sep=;\na;b\r1;\"2", "\ufeffa\tb\n\"\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		in, err := readRecords(bytes.NewReader(text))
		if err != nil {
			return
		}
		held := 0
		for {
			r, err := in.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, field := range r.Fields {
				held += len(field)
			}
			if last := bytes.Count(text, []byte("\n")) + bytes.Count(text, []byte("\r")) + 1; r.Line < 1 || r.Line > last {
				t.Fatalf("line %d of %d", r.Line, last)
			}
		}
		if held > len(text) || in.consumed != int64(len(text)) {
			t.Fatalf("%d bytes in fields and %d read, of %d", held, in.consumed, len(text))
		}
	})
}

// Parts of a lot that are recorded at once share nothing, and each of its rows is recorded once or refused.
func TestBatch_recordsPartsAtOnce(t *testing.T) {
	const rows, rounds = 11, 300                                // most rounds are too short for parts to meet
	db, err := database.Open("mysql://nobody@127.0.0.1:1/none") // is not asked; more than one may write to it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	own, err := findColumns(ownNames(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, wrong := range map[string]int{"all are right": rows + 1, "each fifth is refused": 5} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "rejects.csv")
			for range rounds {
				i := &importing{app: &app{db: db}, zone: time.UTC, columns: own, rejects: rejects{path: path}}
				recorded := make([]int, rows) // how often each was
				conversions := batch[ledger.Conversion]{
					importing: i, cell: i.cell,
					read: func(r record) (ledger.Conversion, error) { return ledger.Conversion{PartnerID: r.Line}, nil },
					record: func(_ context.Context, _ int, rows []ledger.Conversion) (ledger.Recorded, error) {
						var problems commission.Problems
						for n, row := range rows {
							if row.PartnerID%wrong == 0 {
								problems.Add("conversions."+strconv.Itoa(n)+".revenue", "is wrong")
							}
						}
						if problems != nil {
							return ledger.Recorded{}, problems
						}
						for _, row := range rows {
							recorded[row.PartnerID-1]++
						}
						return ledger.Recorded{Recorded: len(rows)}, nil
					},
				}
				err = conversions.all(func(use func(record) error) error {
					for line := 1; line <= rows; line++ {
						if err := use(record{Line: line, Fields: []string{strconv.Itoa(line)}}); err != nil {
							return err
						}
					}
					return nil
				})
				if err = errors.Join(err, i.rejects.close()); err != nil {
					t.Fatal(err)
				}
				var want []string // the lines that are refused, in the order of the file
				for line := 1; line <= rows; line++ {
					if line%wrong == 0 {
						want = append(want, strconv.Itoa(line))
					}
					if got := recorded[line-1]; got != min(line%wrong, 1) {
						t.Fatalf("line %d was recorded %d times", line, got)
					}
				}
				var refused []string
				if want != nil {
					for _, row := range (&imports{T: t}).rejected(path) {
						refused = append(refused, row[0])
					}
				}
				if i.recorded != int64(rows-len(want)) || i.rejects.count != len(want) || !slices.Equal(refused, want) {
					t.Fatalf("%d were recorded and %d refused, of the lines %q, want %q", i.recorded, i.rejects.count, refused, want)
				}
			}
		})
	}
}
