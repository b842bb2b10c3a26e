package fuzz

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/billing"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph"
	"partner.example/referrals/graph/graphtest"
	"partner.example/referrals/graph/scalar"
)

// world is a network in which something of everything is there, behind a door.
type world struct {
	template string // the file of its database, as it is before anybody asks
	file     string // the one in use
	db       *database.Database
	door     http.Handler
	askers   []*viewer.Viewer  // nil: who did not sign in
	ids      []string          // of things of every kind
	log      graphtest.Journal // what went wrong
}

var today = time.Date(2026, time.March, 3, 10, 0, 0, 0, time.UTC)

// newWorld makes the world.
func newWorld(f *testing.F) *world {
	f.Helper()
	folder := f.TempDir()
	w := &world{template: filepath.Join(folder, "template.db"), file: filepath.Join(folder, "referrals.db")}
	slog.SetDefault(slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelError})))
	w.open(f)
	if _, err := w.db.Migrate(context.Background()); err != nil {
		f.Fatal(err)
	}
	w.populate(f)
	if err := w.db.Backup(context.Background(), w.template); err != nil {
		f.Fatal(err)
	}
	w.renew(f)
	f.Cleanup(func() { _ = w.db.Close() })
	return w
}

// open opens the database and puts the door before it.
func (w *world) open(t testing.TB) {
	t.Helper()
	db, err := database.Open("sqlite:" + w.file)
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return today }
	w.db = db
	w.door = graph.New(db, &ledger.Ledger{DB: db, Now: now}, &program.Program{DB: db, Now: now}, &billing.Billing{DB: db, Now: now}).
		Handler(graph.Options{Explorers: []commission.Role{commission.Admin, commission.PartnerManager, commission.Support}})
}

// changed tells whether anything was committed: it stands in the file beside the database's.
func (w *world) changed() bool {
	committed, err := os.Stat(w.file + "-wal")
	return err == nil && committed.Size() > 0
}

// renew puts the database back to what it was before anybody asked.
func (w *world) renew(t testing.TB) {
	t.Helper()
	_ = w.db.Close()
	text, err := os.ReadFile(w.template)
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range []string{w.file, w.file + "-wal", w.file + "-shm"} {
		_ = os.Remove(old)
	}
	if err := os.WriteFile(w.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	w.open(t)
	// As a server does before it lets anybody in: a file that was copied has its log begun by whoever reads it first, alone.
	if err := w.db.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// populate has Ann refer Bob, who sells; and has what becomes of it.
func (w *world) populate(f *testing.F) {
	f.Helper()
	system := viewer.AsSystem(context.Background(), "test")
	programs := &program.Program{DB: w.db, Now: func() time.Time { return today.AddDate(0, -1, 0) }}
	network, err := programs.CreateNetwork(system, program.NewNetwork{Name: "Acme", Currency: "USD", TimeZone: "America/New_York", SignUpPage: "https://acme.example/join"})
	if err != nil {
		f.Fatal(err)
	}
	account := func(who program.NewAccount) *viewer.Viewer {
		if who.Role != commission.Support {
			who.NetworkID = network.ID
		}
		made, err := programs.CreateAccount(system, who)
		if err != nil {
			f.Fatal(err)
		}
		w.ids = append(w.ids, scalar.ID{Type: scalar.Account, Row: made.ID}.String())
		return &viewer.Viewer{AccountID: made.ID, Name: made.Name, Role: made.Role, NetworkID: who.NetworkID, PartnerID: who.PartnerID, Limited: who.Scope == commission.Limited}
	}
	ada := account(program.NewAccount{Name: "Ada", Role: commission.Admin})
	w.ids = append(w.ids, scalar.ID{Type: scalar.Network, Row: network.ID}.String())
	ask := func(document string, variables map[string]any) map[string]any {
		text, err := json.Marshal(map[string]any{"query": document, "variables": variables})
		if err != nil {
			f.Fatal(err)
		}
		status, answer := w.send(ada, string(text))
		var got struct {
			Data   map[string]any
			Errors []any
		}
		if err := json.Unmarshal(answer, &got); err != nil || got.Errors != nil {
			f.Fatalf("HTTP %d %s", status, answer)
		}
		return got.Data
	}
	ask(`mutation { updateReferralSettings(input: {version: 1, enabled: true, structure: {commission: {percentage: {rate: "10", basis: PAYOUT}}}}) { impact { termsOpened } } }`, nil)
	partner := func(name string, more map[string]any) string {
		input := map[string]any{"name": name, "email": strings.ToLower(name) + "@example.com", "status": "ACTIVE"}
		maps.Copy(input, more)
		made := ask(`mutation ($input: CreatePartnerInput!) { createPartner(input: $input) { partner { id } } }`, map[string]any{"input": input})
		return made["createPartner"].(map[string]any)["partner"].(map[string]any)["id"].(string)
	}
	ann := partner("Ann", nil)
	bob := partner("Bob", map[string]any{"referredBy": ann})
	partner("Cid", map[string]any{"referredBy": ann, "status": "PENDING"})
	at := today.Add(-time.Hour).Format(time.RFC3339)
	ask(`mutation ($rows: [ConversionInput!]!) { recordConversions(conversions: $rows) { recorded } }`, map[string]any{"rows": []any{
		map[string]any{"externalId": "sale", "partner": bob, "occurredAt": at, "revenue": "200", "payout": "100"},
		map[string]any{"externalId": "other", "partner": ann, "occurredAt": at, "revenue": "20", "payout": "10"},
	}})
	ask(`mutation ($row: AdjustmentInput!) { recordAdjustments(adjustments: [$row]) { recorded } }`, map[string]any{
		"row": map[string]any{"externalId": "back", "adjusts": "sale", "occurredAt": at, "revenue": "-2", "payout": "-1"},
	})
	ask(`mutation ($ann: ID!) { runBilling(through: "2026-03-02", partner: $ann) { invoices { nodes { id } } } }`, map[string]any{"ann": ann})
	w.collectIDs(ask(`{ network { partners { nodes { id referralsMade { nodes { id terms { id structure { id } } } } } } invoices { nodes { id lines { id } } }
		auditLog(first: 5) { nodes { id } } accounts { nodes { id } } conversion(externalId: "sale") { id } } }`, nil))
	slices.Sort(w.ids)
	w.ids = slices.Compact(w.ids)
	w.askers = []*viewer.Viewer{
		ada, account(program.NewAccount{Name: "Max", Role: commission.PartnerManager, Scope: commission.Global}),
		account(program.NewAccount{Name: "Lea", Role: commission.PartnerManager, Scope: commission.Limited}),
		account(program.NewAccount{Name: "Pat", Role: commission.PartnerUser, PartnerID: scalar.ParseID(ann).Of(scalar.Partner)}),
		account(program.NewAccount{Name: "Tracking", Role: commission.Tracker}), account(program.NewAccount{Name: "Sue", Role: commission.Support}), nil,
	}
}

// collectIDs keeps every id in an answer.
func (w *world) collectIDs(in any) {
	switch value := in.(type) {
	case map[string]any:
		for name, inner := range value {
			if id, ok := inner.(string); ok && name == "id" {
				w.ids = append(w.ids, id)
			}
			w.collectIDs(inner)
		}
	case []any:
		for _, inner := range value {
			w.collectIDs(inner)
		}
	}
}

// send posts a body as somebody.
func (w *world) send(as *viewer.Viewer, body string) (status int, answer []byte) {
	request := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	ctx := graph.WithReceived(request.Context(), graph.Received{RequestID: "test", Address: "192.0.2.1"})
	if as != nil {
		ctx = viewer.With(ctx, *as)
	}
	recorded := httptest.NewRecorder()
	w.door.ServeHTTP(recorded, request.WithContext(ctx))
	return recorded.Code, recorded.Body.Bytes()
}

// holds sends a body as somebody and holds the answer against what is true of all answers: it is JSON, and GraphQL's;
// no fault of the server's; and every error has a code, and shows nothing of the inside.
func (w *world) holds(t *testing.T, who int, body string) {
	t.Helper()
	as := w.askers[who%len(w.askers)]
	status, answer := w.send(as, body)
	var got struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Locations  []struct{ Line, Column int }
			Extensions struct{ Code string }
		}
	}
	complain := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s\n%+v sent %s\nand was answered HTTP %d %s\n%s", fmt.Sprintf(format, args...), as, body, status, answer, w.log.Take())
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		complain("no JSON: %v", err)
		return
	}
	if status >= http.StatusInternalServerError || (got.Data == nil && got.Errors == nil) {
		complain("no answer")
	}
	for _, wrong := range got.Errors {
		for _, at := range wrong.Locations {
			if at.Line < 1 || at.Column < 1 {
				complain("a mistake is at %d:%d, which is no place", at.Line, at.Column)
			}
		}
		if leak := graphtest.Leak(wrong.Extensions.Code, wrong.Message, body); leak != "" {
			complain("%s is nothing for a client", leak)
		}
	}
	if told := w.log.Take(); told != "" {
		complain("a fault was logged: %s", told)
	}
	if w.changed() {
		w.renew(t)
	}
}
