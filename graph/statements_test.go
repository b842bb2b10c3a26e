package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/billing"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph"
	"partner.example/referrals/graph/scalar"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

// house is a database whose statements are counted, behind a door.
type house struct {
	*testing.T
	db       *database.Database
	programs *program.Program
	resolver *graph.Resolver
	door     http.Handler
	counted  *sdkmetric.ManualReader
	now      time.Time
	support  viewer.Viewer
}

func newHouse(t *testing.T, location string) *house {
	t.Helper()
	h := &house{T: t, counted: sdkmetric.NewManualReader(), now: time.Date(2025, time.September, 1, 10, 0, 0, 0, time.UTC)}
	db, err := database.Open(location, database.Measured(sdkmetric.NewMeterProvider(sdkmetric.WithReader(h.counted))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.db, h.programs = db, &program.Program{DB: db, Now: h.clock}
	h.forget()
	return h
}

func (h *house) clock() time.Time { return h.now }

// forget begins anew, as a server that was started again.
func (h *house) forget() {
	h.resolver = graph.New(h.db, &ledger.Ledger{DB: h.db, Now: h.clock}, h.programs, &billing.Billing{DB: h.db, Now: h.clock})
	h.door = h.resolver.Handler(graph.Options{})
}

// statements is how many there were so far.
func (h *house) statements() (count uint64) {
	h.Helper()
	var all metricdata.ResourceMetrics
	if err := h.counted.Collect(context.Background(), &all); err != nil {
		h.Fatal(err)
	}
	for _, scope := range all.ScopeMetrics {
		for _, measured := range scope.Metrics {
			durations, _ := measured.Data.(metricdata.Histogram[float64]) //nolint:forbidigo // seconds
			for _, point := range durations.DataPoints {
				switch name, _ := point.Attributes.Value("db.operation.name"); name.AsString() {
				case "sql.conn.query", "sql.conn.exec", "sql.stmt.query", "sql.stmt.exec":
					count += point.Count
				}
			}
		}
	}
	return count
}

// send sends a document as somebody.
func (h *house) send(ctx context.Context, as *viewer.Viewer, document string, variables map[string]any) *httptest.ResponseRecorder {
	h.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		h.Fatal(err)
	}
	ctx = graph.WithReceived(ctx, graph.Received{Address: "192.0.2.1"})
	if as != nil {
		ctx = viewer.With(ctx, *as)
	}
	request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	recorded := httptest.NewRecorder()
	h.door.ServeHTTP(recorded, request)
	return recorded
}

// ask sends a document which must be answered, and tells how many statements that took.
func (h *house) ask(as *viewer.Viewer, document string, variables map[string]any, out any) uint64 {
	h.Helper()
	before := h.statements()
	recorded := h.send(h.Context(), as, document, variables)
	took := h.statements() - before
	var answer struct{ Data, Errors json.RawMessage }
	if err := json.Unmarshal(recorded.Body.Bytes(), &answer); err != nil || answer.Errors != nil {
		h.Fatalf("%s\n%v\nis answered %s", document, variables, recorded.Body)
	}
	if out != nil {
		if err := json.Unmarshal(answer.Data, out); err != nil {
			h.Fatal(err)
		}
	}
	return took
}

// network is one in which a page has so many rows, whatever it is of.
type network struct {
	*house
	rows                                int
	id, ann, pending, term, invoice     string
	referred, referredOn                []string
	admin, manager, tracker, annHerself viewer.Viewer
}

func (h *house) account(who program.NewAccount) viewer.Viewer {
	h.Helper()
	made, err := h.programs.CreateAccount(viewer.AsSystem(h.Context(), "test"), who)
	if err != nil {
		h.Fatal(err)
	}
	return viewer.Viewer{AccountID: made.ID, Name: made.Name, Role: made.Role, NetworkID: who.NetworkID, PartnerID: who.PartnerID}
}

// newNetwork has Ann refer so many partners, one of whom sells on as many days, and each of them another one.
func (h *house) newNetwork(rows int) *network {
	h.Helper()
	h.now = time.Date(2025, time.September, 1, 10, 0, 0, 0, time.UTC)
	made, err := h.programs.CreateNetwork(viewer.AsSystem(h.Context(), "test"), program.NewNetwork{
		Name: fmt.Sprintf("Network of %d", rows), Currency: "USD", TimeZone: "UTC", SignUpPage: "https://acme.example/join",
	})
	if err != nil {
		h.Fatal(err)
	}
	n := &network{house: h, rows: rows, id: scalar.ID{Type: scalar.Network, Row: made.ID}.String()}
	n.admin = h.account(program.NewAccount{NetworkID: made.ID, Name: "Ada", Role: commission.Admin})
	n.manager = h.account(program.NewAccount{NetworkID: made.ID, Name: "Max", Role: commission.PartnerManager, Scope: commission.Global})
	n.tracker = h.account(program.NewAccount{NetworkID: made.ID, Name: "Tracking", Role: commission.Tracker})
	settings := `mutation ($s: CommissionStructureInput!, $v: Int!) { updateReferralSettings(input: {version: $v, enabled: true, structure: $s}) { impact { termsOpened } } }`
	paying := func(rate string) map[string]any {
		return map[string]any{"commission": map[string]any{"percentage": map[string]any{"rate": rate, "basis": "PAYOUT"}}, "minimumEarnings": "5"}
	}
	h.ask(&n.admin, settings, map[string]any{"v": 1, "s": paying("5")}, nil)
	managed := scalar.ID{Type: scalar.Account, Row: n.manager.AccountID}.String()
	partner := func(name, status, referrer string) string {
		input := map[string]any{"name": name, "status": status, "manager": managed, "billing": map[string]any{"invoiceThreshold": "0.01"}}
		if referrer != "" {
			input["referredBy"] = referrer
		}
		var made struct {
			CreatePartner struct{ Partner struct{ ID string } }
		}
		h.ask(&n.admin, `mutation ($input: CreatePartnerInput!) { createPartner(input: $input) { partner { id } } }`, map[string]any{"input": input}, &made)
		return made.CreatePartner.Partner.ID
	}
	n.ann = partner("Ann", "ACTIVE", "")
	n.annHerself = h.account(program.NewAccount{NetworkID: made.ID, Name: "Pat", Role: commission.PartnerUser, PartnerID: scalar.ParseID(n.ann).Of(scalar.Partner)})
	for i := range rows {
		n.referred = append(n.referred, partner(fmt.Sprintf("Partner %03d", i), "ACTIVE", n.ann))
		n.referredOn = append(n.referredOn, partner(fmt.Sprintf("Another %03d", i), "ACTIVE", n.referred[i]))
	}
	n.pending = partner("Cid", "PENDING", "")
	h.now = time.Date(2025, time.October, 1, 10, 0, 0, 0, time.UTC)
	h.ask(&n.admin, settings, map[string]any{"v": 2, "s": paying("10")}, nil)
	h.now = time.Date(2026, time.March, 3, 10, 0, 0, 0, time.UTC)
	h.ask(&n.tracker, `mutation ($c: [ConversionInput!]!) { recordConversions(conversions: $c) { recorded } }`, map[string]any{"c": n.conversions("sale", time.Date(2025, time.November, 1, 12, 0, 0, 0, time.UTC))}, nil)
	var reversals []map[string]any
	for i := range rows {
		reversals = append(reversals, map[string]any{"externalId": fmt.Sprint("back-", i), "adjusts": fmt.Sprint("sale-", i), "occurredAt": "2026-02-10T12:00:00Z", "revenue": "-2", "payout": "-1"})
	}
	h.ask(&n.tracker, `mutation ($a: [AdjustmentInput!]!) { recordAdjustments(adjustments: $a) { recorded } }`, map[string]any{"a": reversals}, nil)
	h.ask(&n.admin, `mutation { runBilling(through: "2026-02-28") { invoices { totalCount } } }`, nil, nil)
	for _, partner := range n.referred {
		h.ask(&n.admin, `mutation ($p: ID!, $s: CommissionStructureInput!) { updatePartnerReferralSetting(input: {
			partner: $p, version: 1, mode: CUSTOM, structure: $s, effectiveOn: "2027-01-01"}) { datedChange { id } } }`, map[string]any{"p": partner, "s": paying("7")}, nil)
	}
	var found struct {
		Network struct {
			ReferralReport struct {
				Rows struct {
					Nodes []struct{ Term struct{ ID string } }
				}
			}
			Invoices struct{ Nodes []struct{ ID string } }
		}
	}
	h.ask(&n.admin, `query ($ann: ID!, $first: ID!) { network {
		referralReport(from: "2025-09-01", to: "2026-12-31", filter: {referred: $first, state: [EARNING]}) { rows { nodes { term { id } } } }
		invoices(filter: {partner: $ann}, first: 1) { nodes { id } }
	} }`, map[string]any{"ann": n.ann, "first": n.referred[0]}, &found)
	n.grants()
	n.term, n.invoice = found.Network.ReferralReport.Rows.Nodes[0].Term.ID, found.Network.Invoices.Nodes[0].ID
	return n
}

// grants pays each referral for the day before it started.
func (n *network) grants() {
	n.Helper()
	var early []map[string]any
	for i, partner := range n.referred {
		early = append(early, map[string]any{"externalId": fmt.Sprint("early-", i), "partner": partner, "occurredAt": "2025-08-31T12:00:00Z", "revenue": "200", "payout": "100"})
	}
	n.ask(&n.tracker, `mutation ($c: [ConversionInput!]!) { recordConversions(conversions: $c) { recorded } }`, map[string]any{"c": early}, nil)
	var made struct {
		Network struct {
			Partner struct {
				ReferralsMade struct{ Nodes []struct{ ID string } }
			}
		}
	}
	n.ask(&n.admin, `query ($ann: ID!) { network { partner(id: $ann) { referralsMade(first: 100) { nodes { id } } } } }`, map[string]any{"ann": n.ann}, &made)
	for _, referral := range made.Network.Partner.ReferralsMade.Nodes {
		n.ask(&n.admin, `mutation ($id: ID!) { grantRetroactiveCommission(input: {referral: $id, from: "2025-08-31", to: "2025-08-31", maximum: "50", reason: "promised"}) { grant { id } } }`,
			map[string]any{"id": referral.ID}, nil)
	}
}

// conversions is one of each referred partner, and of the first one on as many days.
func (n *network) conversions(name string, at time.Time) (rows []map[string]any) {
	for i, partner := range n.referred {
		rows = append(rows,
			map[string]any{"externalId": fmt.Sprint(name, "-", i), "partner": partner, "occurredAt": at.Format(time.RFC3339), "revenue": "200", "payout": "100"},
			map[string]any{"externalId": fmt.Sprint(name, "-on-", i), "partner": n.referredOn[i], "occurredAt": at.Format(time.RFC3339), "revenue": "200", "payout": "100"},
			map[string]any{"externalId": fmt.Sprint(name, "-day-", i), "partner": n.referred[0], "occurredAt": at.AddDate(0, 0, i).Format(time.RFC3339), "revenue": "200", "payout": "100"},
		)
	}
	return rows
}

// documentsOf is the operations in some files, by their names, each with its fragments.
func documentsOf(t *testing.T, pattern string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("there is no %s: %v", pattern, err)
	}
	documents := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var written bytes.Buffer
		if err := graph.WriteManifest(&written, &ast.Source{Name: path, Input: string(text)}); err != nil {
			t.Fatal(err)
		}
		var manifest struct{ Operations []struct{ Name, Body string } }
		if err := json.Unmarshal(written.Bytes(), &manifest); err != nil {
			t.Fatal(err)
		}
		for _, operation := range manifest.Operations {
			documents[operation.Name] = operation.Body
		}
	}
	return documents
}

// sending is a document with its variables and by whom it is sent.
type sending struct {
	document  string
	by        func(n *network) *viewer.Viewer
	variables func(n *network, first int) map[string]any
}

// Every document of the clients takes as many statements for a page of one row as for one of a hundred, and of a network
// in which everything is there once as of one in which it is a hundred times. Loaders have no patience in this test, so
// that what is not asked for ahead shows.
func TestStatements_areAsManyForOneRowAsForAHundred(t *testing.T) {
	graph.WithoutPatience()
	admin := func(n *network) *viewer.Viewer { return &n.admin }
	partner := func(n *network) *viewer.Viewer { return &n.annHerself }
	tracker := func(n *network) *viewer.Viewer { return &n.tracker }
	support := func(n *network) *viewer.Viewer { return &n.support }
	type given = map[string]any
	input := func(n *network, of func(n *network) given) given { return given{"input": of(n)} }
	none := func(*network, int) given { return given{} }
	page := func(_ *network, first int) given { return given{"first": first} }
	about := func(n *network, first int) given {
		return given{"network": n.id, "partner": n.ann, "subject": n.ann, "invoice": n.invoice, "externalId": "back-0", "search": "Network", "first": first, "from": "2025-09-01", "to": "2026-12-31"}
	}
	ranged := func(_ *network, first int) given {
		return given{"first": first, "from": "2025-09-01", "to": "2026-12-31"}
	}
	settings := func(n *network) given {
		return given{"version": n.version("{ network { referralSettings { version } } }"), "enabled": true, "structure": given{"commission": given{"percentage": given{"rate": "12", "basis": "PAYOUT"}}}}
	}
	clients := []sending{
		{"Viewer", partner, none},
		{"MyAccount", partner, none},
		{"MyReferralReport", partner, ranged},
		{"MyInvoices", partner, page},
		{"ReferralSettings", admin, none},
		{"Partners", admin, func(n *network, first int) given { return given{"first": first, "filter": given{"referredBy": n.ann}} }},
		{"Partner", admin, func(n *network, _ int) given { return given{"id": n.ann} }},
		{"ReferralReport", admin, ranged},
		{"TermDays", admin, func(n *network, first int) given {
			return given{"term": n.term, "from": "2025-11-01", "to": time.Date(2025, time.November, first, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)}
		}},
		{"Invoices", admin, page},
		{"Invoice", admin, func(n *network, _ int) given { return given{"id": n.invoice} }},
		{"Networks", support, about},
		{"ExplainConversion", support, about},
		{"Reconciliation", support, about},
		{"AuditLog", support, about},
		{"PreviewReferralSettings", admin, func(n *network, _ int) given { return input(n, settings) }},
		{"UpdateReferralSettings", admin, func(n *network, _ int) given { return input(n, settings) }},
		{"UpdatePartnerReferralSetting", admin, func(n *network, _ int) given {
			return given{"input": given{"partner": n.ann, "version": 1, "mode": "CUSTOM", "structure": given{"commission": given{"percentage": given{"rate": "11", "basis": "PAYOUT"}}}}}
		}},
		{"CreatePartner", admin, func(n *network, _ int) given {
			return given{"input": given{"name": "Dan", "status": "ACTIVE", "referredBy": n.ann}}
		}},
		{"UpdatePartner", admin, func(n *network, _ int) given {
			return given{"input": given{"id": n.pending, "version": 1, "name": "Cyd"}}
		}},
		{"AssignReferredBy", admin, func(n *network, _ int) given { return given{"input": given{"partner": n.pending, "referrer": n.ann}} }},
		{"ApprovePartner", admin, func(n *network, _ int) given { return given{"id": n.pending} }},
		{"RemoveReferredBy", admin, func(n *network, _ int) given { return given{"input": given{"partner": n.pending}} }},
		{"SetPartnerStatus", admin, func(n *network, _ int) given { return given{"id": n.pending, "status": "SUSPENDED"} }},
		{"SignUp", func(*network) *viewer.Viewer { return nil }, func(n *network, _ int) given {
			return given{"input": given{"network": n.id, "name": "Zoe", "email": "zoe@example.com", "referralCode": "none"}}
		}},
		{"RecordConversions", tracker, func(n *network, _ int) given {
			return given{"conversions": n.conversions("more", time.Date(2025, time.November, 2, 12, 0, 0, 0, time.UTC))}
		}},
		{"RecordAdjustments", tracker, func(n *network, _ int) given {
			var rows []given
			for i := range n.referred {
				rows = append(rows, given{"externalId": fmt.Sprint("again-", i), "adjusts": fmt.Sprint("sale-", i), "occurredAt": "2026-02-10T12:00:00Z", "revenue": "-2", "payout": "-1"})
			}
			return given{"adjustments": rows}
		}},
		{"SetInvoiceHidden", admin, func(n *network, _ int) given { return given{"id": n.invoice, "hidden": true} }},
		{"DeleteInvoice", admin, func(n *network, _ int) given { return given{"id": n.invoice, "reason": "a mistake"} }},
		{"RunBilling", admin, func(*network, int) given { return given{"through": "2026-02-28"} }},
		{"MarkInvoicePaid", admin, func(n *network, _ int) given { return given{"id": n.latestInvoice()} }},
	}
	shelf := []sending{
		{"AuditOfAPartner", admin, about},
		{"GrantsOfANetwork", admin, about},
		{"LinesOfAnInvoice", admin, about},
		{"MyEarnings", partner, about},
		{"MyInvoices", partner, page},
		{"Reconciliation", admin, about},
		{"ReferralsOfAPartner", admin, about},
		{"ReportOfANetwork", admin, about},
		{"SettingsOfANetwork", admin, about},
		{"WhyAConversion", admin, about},
	}
	free := map[string]string{
		"Lines": `query ($ann: ID!) { network { invoices(filter: {partner: $ann}) { edges { node { partner { manager { name } } lines {
			referred { name } term { referrer { name } structure { summary } } counterpart { id } conversionList(first: 1) { totalCount }
			days(first: 3) { nodes { conversionList(first: 2) { totalCount nodes { partner { name } adjusts { id } referralCommission { term { id } invoice { number } } payoutLine { id } } } } }
		} } } } } }`,
		"Rows": `query ($first: Int) { network { referralReport(from: "2025-09-01", to: "2026-12-31") { rows(first: $first) { nodes {
			lines(first: 2) { nodes { line { invoice { number partner { name } } } } } threshold { reachedAt } term { closedAt referral { status } grant { amount term { id } structure { id } referral { status } } voids { amount } days(from: "2025-09-01", to: "2026-01-31") { commission invoice { number } } }
			referral { timeline { actor { name } term { structure { id } } invoice { number } } terms { structure { id } } }
		} } } } }`,
		"People": `query ($first: Int) { network { partners(first: $first, filter: {search: "Partner"}) { nodes {
			manager { name tokens { name } } referredBy { manager { name } referralSetting { structure { id } effective { summary } } referralLink referralsMade(first: 2) { totalCount nodes { referred { name } } } }
			referralSetting { effective { summary } } referralsMade(first: 2) { totalCount nodes { referred { name } } }
			pendingChanges { structure { summary } } invoices(first: 2) { totalCount nodes { number total lines { amount } } }
		} } } }`,
		"Reports": `query ($first: Int) { network { partners(first: $first) { nodes {
			name referralReport(from: "2025-09-01", to: "2026-12-31") { totals { rows balance } rows(first: 1, orderBy: {field: REFERRED, direction: DESC}) { totalCount nodes {
				referred { name manager { name } } threshold { reachedAt } explanation term { structure { id } days(from: "2025-11-01", to: "2025-11-30") { commission } }
				lines(first: 1) { nodes { line { invoice { number } } } }
			} } }
		} } } }`,
		"Pending": `query ($first: Int) { network { pendingChanges(first: $first) { totalCount nodes { partner { manager { name } } structure { summary } } } } }`,
	}
	ofTheirOwn := []sending{
		{"Lines", admin, func(n *network, _ int) given { return given{"ann": n.ann} }},
		{"Rows", admin, func(_ *network, first int) given { return given{"first": min(first, 50)} }},
		{"People", admin, page},
		{"Reports", admin, func(_ *network, first int) given { return given{"first": max(first, 2)} }}, // that of one takes fewer
		{"Pending", admin, page},
	}
	databasetest.Each(t, func(t *testing.T, location string) {
		h := newHouse(t, location)
		h.support = h.account(program.NewAccount{Name: "Sue", Role: commission.Support})
		one, many := h.newNetwork(1), h.newNetwork(100)
		once := h.ask(&many.admin, `{ network { reconciliation { earned } } }`, nil, nil)
		if twice := h.ask(&many.admin, `{ network { a: reconciliation { earned } b: reconciliation { balanced } } }`, nil, nil); twice != once {
			t.Errorf("a reconciliation takes %d statements, and the same twice in a document %d", once, twice)
		}
		for _, kind := range []struct {
			documents map[string]string
			sent      []sending
		}{{free, ofTheirOwn}, {documentsOf(t, "../server/explorer/web/shelf/*.graphql"), shelf}, {documentsOf(t, "../e2e/operations/*.graphql"), clients}} {
			documents, untried := kind.documents, maps.Clone(kind.documents)
			for _, s := range kind.sent {
				delete(untried, s.document)
				text := documents[s.document]
				count := func(n *network, first int) uint64 {
					variables := s.variables(n, first)
					for name := range variables {
						if !strings.Contains(text, "$"+name) {
							delete(variables, name)
						}
					}
					h.forget()
					return h.ask(s.by(n), text, variables, nil)
				}
				few, lots := count(one, 1), count(many, 100)
				if few != lots || few == 0 {
					t.Errorf("%s takes %d statements where everything is there once, and %d where it is a hundred times", s.document, few, lots)
				}
				if strings.HasPrefix(strings.TrimSpace(text), "query") {
					if first := count(many, 1); first != lots {
						t.Errorf("%s takes %d statements for one row, and %d for a hundred", s.document, first, lots)
					}
				}
			}
			if left := slices.Sorted(maps.Keys(untried)); left != nil {
				t.Errorf("nobody counts the statements of %q", left)
			}
		}
	})
}

func (n *network) version(query string) int {
	var found struct {
		Network struct{ ReferralSettings struct{ Version int } }
	}
	n.ask(&n.admin, query, nil, &found)
	return found.Network.ReferralSettings.Version
}

func (n *network) latestInvoice() string {
	var found struct {
		Network struct {
			Invoices struct{ Nodes []struct{ ID string } }
		}
	}
	n.ask(&n.admin, "{ network { invoices(first: 1) { nodes { id } } } }", nil, &found)
	return found.Network.Invoices.Nodes[0].ID
}

// Mutations of a document come one after the other, and each answers with what is true after it.
func TestMutations_ofADocumentReadAnew(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		n := newHouse(t, location).newNetwork(2)
		type made struct {
			Partner struct {
				ReferredBy struct {
					ReferralsMade  struct{ TotalCount int }
					ReferralReport struct{ Totals struct{ Rows int } }
				}
			}
		}
		var answer struct{ First, Second made }
		n.ask(&n.admin, `mutation ($first: CreatePartnerInput!, $second: CreatePartnerInput!) {
			first: createPartner(input: $first) { ...made }
			second: createPartner(input: $second) { ...made }
		}
		fragment made on PartnerPayload { partner { referredBy { referralsMade { totalCount } referralReport(from: "2026-03-01", to: "2026-03-31") { totals { rows } } } } }`,
			map[string]any{
				"first":  map[string]any{"name": "Zed", "status": "ACTIVE", "referredBy": n.ann},
				"second": map[string]any{"name": "Zoe", "status": "ACTIVE", "referredBy": n.ann},
			}, &answer)
		before, after := answer.First.Partner.ReferredBy, answer.Second.Partner.ReferredBy
		if before.ReferralsMade.TotalCount != 3 || after.ReferralsMade.TotalCount != 4 {
			t.Errorf("the referrer is said to have made %d referrals, and then %d: it is 3 and 4", before.ReferralsMade.TotalCount, after.ReferralsMade.TotalCount)
		}
		if before, after := before.ReferralReport.Totals.Rows, after.ReferralReport.Totals.Rows; after != before+1 {
			t.Errorf("the report has %d rows, and one referral more later %d", before, after)
		}
	})
}
