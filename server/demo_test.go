package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/invoice"
	"partner.example/referrals/ent/generated/invoiceline"
	"partner.example/referrals/ent/generated/partner"
	"partner.example/referrals/ent/generated/referral"
	"partner.example/referrals/ent/generated/referralterm"
	"partner.example/referrals/graph/scalar"
)

// What the demo's year comes to: texts quote these numbers.
const (
	demoPartners    = 300
	demoReferrals   = 120
	demoRows        = 194
	demoConversions = 97_431
	demoAdjustments = 1_481
	demoInvoices    = 2_493
	demoBalance     = "34320.16"
	demoBilled      = "36707.93"
	demoUnbilled    = "525.64"
	demoBelow       = "7607.73"
)

// demoKeys is what the demo prints, in this order.
var demoKeys = []string{
	"NETWORK", "ADMIN_TOKEN", "TRACKER_TOKEN", "PARTNER_MANAGER_GLOBAL_TOKEN", "PARTNER_MANAGER_LIMITED_TOKEN",
	"SUPPORT_TOKEN", "PARTNER_TOKEN", "PARTNER",
}

// TestDemo lives the year once on every engine: that all come to the same numbers shows that each does every time.
func TestDemo(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		db, p, l := opened(t, location)
		credentials := filepath.Join(t.TempDir(), "credentials")
		command := []string{"demo", "--database", location, "--credentials", credentials}
		printed := succeeded(t, runProduct(t, command...), command...)
		said := map[string]string{}
		var keys []string
		for line := range strings.Lines(printed) {
			key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			keys, said[key] = append(keys, key), value
		}
		if !slices.Equal(keys, demoKeys) {
			t.Errorf("the demo printed %v, want %v", keys, demoKeys)
		}
		network, err := db.Network.Get(system(), scalar.ParseID(said["NETWORK"]).Of(scalar.Network))
		if err != nil {
			t.Fatal(err)
		}
		t.Run("verifies", func(t *testing.T) {
			got := runProduct(t, "verify", "--database", location)
			if want := fmt.Sprintf("conversions=%d", demoConversions+demoAdjustments); got.code != success || !strings.Contains(got.stderr, want) {
				t.Errorf("verify: exit %d, want %s\n%s%s", got.code, want, got.stdout, got.stderr)
			}
		})
		t.Run("comes to the same numbers each time", func(t *testing.T) { comesToItsNumbers(t, db, l, network) })
		t.Run("has referrals of every kind", func(t *testing.T) { hasEveryKind(t, db, network) })
		t.Run("has somebody to sign in for each role", func(t *testing.T) { signsIn(t, p, said) })
		t.Run("keeps what it printed to itself", func(t *testing.T) {
			kept, err := os.ReadFile(credentials)
			about, _ := os.Stat(credentials)
			if err != nil || string(kept) != printed+"\n" || about.Mode().Perm() != 0o600 {
				t.Errorf("kept %q with mode %v, %v; want %q for its owner alone", kept, about.Mode(), err, printed)
			}
		})
		t.Run("shows its partner what it shows staff", func(t *testing.T) { showsThePartnerItsOwn(t, location, db, p, l, said) })
		t.Run("welcomes to the report", func(t *testing.T) { welcomes(t, location, credentials, said["SUPPORT_TOKEN"]) })
	})
}

func comesToItsNumbers(t *testing.T, db *database.Database, l *ledger.Ledger, network *ent.Network) {
	t.Helper()
	report, err := l.Report(system(), network, demoDays, ledger.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(
		db.Partner.Query().CountX(system()), db.Referral.Query().CountX(system()), db.Invoice.Query().CountX(system()), report.Totals.Rows,
		commission.Format(report.Totals.Balance), commission.Format(report.Totals.Billed), commission.Format(report.Totals.Unbilled), commission.Format(report.Totals.BelowThreshold),
	)
	want := fmt.Sprint(demoPartners, demoReferrals, demoInvoices, demoRows, demoBalance, demoBilled, demoUnbilled, demoBelow)
	if got != want {
		t.Errorf("partners, referrals, invoices, rows, Balance, billed, unbilled, below threshold: %s, want %s", got, want)
	}
	var balance, unbilled, below decimal.Decimal
	states := map[commission.State]int{}
	var lost, forfeited bool
	pages, err := l.Pages(system(), ledger.Page{Report: report, Keys: report.Keys()})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range pages[0] {
		states[row.State]++
		unbilled, below = unbilled.Add(row.Unbilled), below.Add(row.BelowThreshold)
		if row.Balance != nil {
			balance = balance.Add(*row.Balance)
			lost = lost || row.Balance.IsNegative()
		}
		forfeited = forfeited || (row.Status == commission.ReferralInactive && row.Conversions > 0 && row.Unbilled.IsZero())
	}
	if !balance.Equal(report.Totals.Balance) || !unbilled.Equal(report.Totals.Unbilled) || !below.Equal(report.Totals.BelowThreshold) {
		t.Errorf("the rows sum up to %s, %s and %s; the totals are %+v", balance, unbilled, below, report.Totals)
	}
	for _, state := range []commission.State{
		commission.Earning, commission.BelowThreshold, commission.Expired, commission.Paused, commission.SupersededState, commission.Ended, commission.Tracked,
	} {
		if states[state] == 0 {
			t.Errorf("no row is %s: %v", state, states)
		}
	}
	if !lost || !forfeited {
		t.Errorf("a Balance below zero: %v, a forfeited row: %v; want both", lost, forfeited)
	}
}

func hasEveryKind(t *testing.T, db *database.Database, network *ent.Network) {
	t.Helper()
	ctx := system()
	statuses := map[commission.PartnerStatus]int{}
	modes := map[commission.Mode]int{}
	pending := 0
	for _, p := range db.Partner.Query().Where(partner.NetworkID(network.ID)).AllX(ctx) {
		statuses[p.Status]++
		modes[p.ReferralMode]++
		if p.Status == commission.PartnerPending && p.ReferredByID != nil {
			pending++
		}
	}
	structures := map[string]int{}
	for _, s := range db.CommissionStructure.Query().AllX(ctx) {
		structure := ledger.StructureOf(s)
		structures[string(structure.Commission.Type())]++
		structures[string(structure.Basis())]++
		if structure.MinimumEarnings != nil {
			structures["minimum of a "+string(structure.Commission.Type())]++
		}
		if structure.Duration != nil {
			structures[string(structure.Duration.Unit)]++
		}
	}
	counts := map[string]int{
		"pending partners with Referred By": pending,
		"referrals that were kept":          db.Referral.Query().Where(referral.EndedAtNotNil(), referral.ForfeitedAtIsNil()).CountX(ctx),
		"referrals that were forfeited":     db.Referral.Query().Where(referral.ForfeitedAtNotNil()).CountX(ctx),
		"referrals by link":                 db.Referral.Query().Where(referral.SourceEQ(commission.SourceLink)).CountX(ctx),
		"referrals by hand":                 db.Referral.Query().Where(referral.SourceEQ(commission.SourceManual)).CountX(ctx),
		"tracked referrals":                 db.Referral.Query().Where(referral.Not(referral.HasTerms())).CountX(ctx),
		"terms of a setting that ended":     db.ReferralTerm.Query().Where(referralterm.StopReasonEQ(commission.SettingEnded)).CountX(ctx),
		"flat fees":                         len(feesOf(t, db)),
		"partners with a manager":           db.Partner.Query().Where(partner.ManagerIDNotNil()).CountX(ctx),
		"hidden invoices":                   db.Invoice.Query().Where(invoice.Hidden(true)).CountX(ctx),
	}
	for _, status := range commission.InvoiceStatus("").Values() {
		counts["invoices "+status] = db.Invoice.Query().Where(invoice.StatusEQ(commission.InvoiceStatus(status))).CountX(ctx)
	}
	for _, kind := range commission.LineType("").Values() {
		counts["lines "+kind] = db.InvoiceLine.Query().Where(invoiceline.TypeEQ(commission.LineType(kind))).CountX(ctx)
	}
	for _, status := range commission.PartnerStatus("").Values() {
		counts["partners "+status] = statuses[commission.PartnerStatus(status)]
	}
	for _, mode := range commission.Mode("").Values() {
		counts["settings "+mode] = modes[commission.Mode(mode)]
	}
	for _, kind := range slices.Concat(commission.Type("").Values(), commission.Basis("").Values(), commission.DurationUnit("").Values(), []string{"minimum of a FLAT_FEE", "minimum of a PERCENTAGE"}) {
		counts["structures "+kind] = structures[kind]
	}
	for what, count := range counts {
		if count == 0 {
			t.Errorf("the demo has no %s", what)
		}
	}
}

func feesOf(t *testing.T, db *database.Database) []int64 {
	t.Helper()
	var fees []int64
	rows, err := db.QueryContext(system(), "SELECT SUM(fee) FROM term_month GROUP BY term_id HAVING SUM(fee) > 0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var fee int64
		if err := rows.Scan(&fee); err != nil {
			t.Fatal(err)
		}
		fees = append(fees, fee)
	}
	return fees
}

func signsIn(t *testing.T, p *program.Program, said map[string]string) {
	t.Helper()
	for key, role := range map[string]commission.Role{
		"ADMIN_TOKEN": commission.Admin, "TRACKER_TOKEN": commission.Tracker, "SUPPORT_TOKEN": commission.Support, "PARTNER_TOKEN": commission.PartnerUser,
		"PARTNER_MANAGER_GLOBAL_TOKEN": commission.PartnerManager, "PARTNER_MANAGER_LIMITED_TOKEN": commission.PartnerManager,
	} {
		who, err := p.SignIn(context.Background(), said[key])
		v := who.Viewer
		if err != nil || v.Role != role || v.Limited != strings.Contains(key, "LIMITED") {
			t.Errorf("%s signs in %+v, %v", key, v, err)
		}
		if role == commission.PartnerUser && v.PartnerID != scalar.ParseID(said["PARTNER"]).Of(scalar.Partner) {
			t.Errorf("%s is the partner %d, want %s", key, v.PartnerID, said["PARTNER"])
		}
	}
}

// welcomes starts the server and does what its welcome says.
func welcomes(t *testing.T, location, credentials, token string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	said, stderr := io.Pipe()
	stopped := make(chan int)
	go func() {
		stopped <- run(ctx, []string{"serve", "--database", location, "--listen", "127.0.0.1:0", "--welcome", credentials}, strings.NewReader(""), io.Discard, stderr)
		_ = stderr.Close()
	}()
	var text strings.Builder
	for lines := bufio.NewScanner(said); lines.Scan() && !strings.HasSuffix(text.String(), "}\"}'\n"); {
		text.WriteString(lines.Text() + "\n") // the line behind the query, too, which is empty
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	if !strings.Contains(text.String(), token) {
		t.Errorf("the welcome shows no token of SUPPORT:\n%s", text.String())
	}
	// The shell says what curl would have been given.
	_, command, _ := strings.Cut(text.String(), "\ncurl ")
	given, err := exec.CommandContext(ctx, "sh", "-c", `curl() { printf '%s\n' "$@"; }; curl `+command).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, command)
	}
	arguments := regexp.MustCompile(`(?s)^-s\n(.*)\n-H\n(.*): (.*)\n-H\n(.*): (.*)\n-d\n(.*)$`).FindStringSubmatch(string(given))
	if arguments == nil {
		t.Fatalf("the welcome's curl is given %s", given)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, arguments[1], strings.NewReader(arguments[6]))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(arguments[2], arguments[3])
	request.Header.Set(arguments[4], arguments[5])
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Data struct {
			Network struct {
				ReferralReport struct {
					Totals struct{ Balance string }
					Rows   struct{ Nodes []any }
				}
			}
		}
		Errors []any
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if report := answer.Data.Network.ReferralReport; len(answer.Errors) > 0 || report.Totals.Balance != demoBalance || len(report.Rows.Nodes) != 5 {
		t.Errorf("the welcome's query answers %+v", answer)
	}
	stop()
	if code := <-stopped; code != success {
		t.Errorf("serve: exit %d", code)
	}
}
