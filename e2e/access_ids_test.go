package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// takers are requests in which $id is an id that somebody names: every argument and every field of an input that takes
// one, with whatever else it needs. own is a partner of whoever asks.
var takers = []string{
	`{ node(id: $id) { id } }`,
	`{ network(id: $id) { name } }`,
	`{ network(id: "{network}") { partner(id: $id) { id } } }`,
	`{ network(id: "{network}") { invoice(id: $id) { id } } }`,
	`{ network(id: "{network}") { partners(filter: {manager: $id}) { totalCount nodes { id } } } }`,
	`{ network(id: "{network}") { partners(filter: {referredBy: $id}) { totalCount nodes { id } } } }`,
	`{ network(id: "{network}") { invoices(filter: {partner: $id}) { totalCount nodes { id } } } }`,
	`{ network(id: "{network}") { referralReport(from: "2026-01-01", to: "2026-12-31", filter: {referrer: $id}) { totals { rows balance } rows { nodes { id } } } } }`,
	`{ network(id: "{network}") { referralReport(from: "2026-01-01", to: "2026-12-31", filter: {referred: $id}) { totals { rows balance } rows { nodes { id } } } } }`,
	`{ network(id: "{network}") { referralReport(from: "2026-01-01", to: "2026-12-31", filter: {manager: $id}) { totals { rows balance } rows { nodes { id } } } } }`,
	`{ network(id: "{network}") { auditLog(subject: $id) { totalCount nodes { id } } } }`,
	`{ network(id: "{network}") { previewPartnerReferralSetting(input: {partner: $id, version: 1, mode: DISABLED}) { termsClosed } } }`,
	`{ network(id: "{network}") { retroactiveGrants(referral: $id) { totalCount nodes { id } } } }`,
	`{ network(id: "{network}") { previewRetroactiveCommission(input: {referral: $id, from: "2026-01-01", to: "2026-01-31", maximum: "500", reason: "promised"}) { amount } } }`,
	`{ network(id: "{network}") { previewRetroactiveCommission(input: {referral: "{referral}", from: "2026-01-01", to: "2026-01-31", maximum: "500", reason: "promised", pays: {structure: $id}}) { amount } } }`,
	`{ network(id: "{network}") { previewAcceptRetroactiveCommission(id: $id) { amount } } }`,
	`{ network(id: "{network}") { previewVoidReferralCommission(input: {term: $id, reason: "fraud"}) { amount } } }`,
	`mutation { grantRetroactiveCommission(input: {referral: $id, from: "2026-01-01", to: "2026-01-31", maximum: "500", reason: "promised"}) { grant { id } } }`,
	`mutation { grantRetroactiveCommission(input: {referral: "{referral}", from: "2026-01-01", to: "2026-01-31", maximum: "500", reason: "promised", pays: {structure: $id}}) { grant { id } } }`,
	`mutation { proposeRetroactiveCommission(network: "{network}", input: {referral: $id, from: "2026-01-01", to: "2026-01-31", maximum: "500", reason: "promised"}) { grant { id } } }`,
	`mutation { proposeRetroactiveCommission(network: "{network}", input: {referral: "{referral}", from: "2026-01-01", to: "2026-01-31", maximum: "500", reason: "promised", pays: {structure: $id}}) { grant { id } } }`,
	`mutation { proposeRetroactiveCommission(network: $id, input: {referral: "{referral}", from: "2026-01-01", to: "2026-01-31", maximum: "500", reason: "promised"}) { grant { id } } }`,
	`mutation { acceptRetroactiveCommission(id: $id) { grant { id } } }`,
	`mutation { declineRetroactiveCommission(id: $id) { grant { id } } }`,
	`mutation { revokeRetroactiveCommission(id: $id, reason: "a mistake") { grant { id } } }`,
	`mutation { voidReferralCommission(input: {term: $id, reason: "fraud"}) { void { amount } } }`,
	`mutation { createPartner(input: {name: "New", referredBy: $id}) { partner { name } } }`,
	`mutation { createPartner(input: {name: "New", manager: $id}) { partner { name } } }`,
	`mutation { updatePartner(input: {id: $id, version: 1, name: "Taken"}) { partner { name } } }`,
	`mutation { updatePartner(input: {id: "{loner}", version: 1, manager: $id}) { partner { name } } }`,
	`mutation { approvePartner(id: $id) { partner { name } } }`,
	`mutation { setPartnerStatus(id: $id, status: SUSPENDED) { partner { name } } }`,
	`mutation { updatePartnerReferralSetting(input: {partner: $id, version: 2, mode: DISABLED}) { partner { name } } }`,
	`mutation { takeBackChange(id: $id) { datedChange { status } } }`,
	`mutation { assignReferredBy(input: {partner: $id, referrer: "{loner}"}) { partner { name } } }`,
	`mutation { assignReferredBy(input: {partner: "{loner}", referrer: $id}) { partner { name } } }`,
	`mutation { removeReferredBy(input: {partner: $id}) { partner { name } } }`,
	`mutation { recordConversions(conversions: [{externalId: "new", partner: $id, occurredAt: "2026-03-01T10:00:00Z", revenue: "1", payout: "1"}]) { recorded } }`,
	`mutation { runBilling(through: "2026-02-28", partner: $id) { invoices { totalCount } } }`,
	`mutation { markInvoicePaid(id: $id) { invoice { number } } }`,
	`mutation { deleteInvoice(id: $id, reason: "a mistake") { invoice { number } } }`,
	`mutation { setInvoiceHidden(id: $id, hidden: true) { invoice { number } } }`,
	`mutation { rotateReferralCode(partner: $id) { partner { name } } }`,
	`mutation { createAccount(input: {name: "New", role: PARTNER, partner: $id}) { account { name } } }`,
	`mutation { createToken(input: {account: $id, name: "new"}) { token { name } } }`,
	`mutation { revokeToken(id: $id) { token { name } } }`,
}

// takenByEverybody is what a stranger may name of any network.
const takenByEverybody = "Mutation.signUp.input.network"

// TestR1_noIdOfOthersIsToldFromOneThatWasNeverGiven tries every id of a network in every place that takes one, as
// everybody of another network, and every id of partners out of scope as those who have a scope: what is answered is
// what is answered to an id that was never given, and nothing has happened.
func TestR1_noIdOfOthersIsToldFromOneThatWasNeverGiven(t *testing.T) {
	everyTakerIsTried(t)
	onEachEngine(t, func(p *product) {
		w := newAccessWorld(p)
		before := w.snapshot()
		for _, who := range []account{admin, manager, limited, tracker, partnerOf(w.zed["partner"])} {
			w.tries(w.other.As(who), who.role+" "+who.scope+" of another network", w.zed, w.ann, "network", "flat")
		}
		w.tries(p.As(limited), "LIMITED manager", w.ann, w.dan)
		w.tries(p.As(partnerOf(w.ann["partner"])), "PARTNER", w.ann, w.dan)
		if after := w.snapshot(); after != before {
			p.Errorf("something has happened:\n%s\nbefore:\n%s", after, before)
		}
	})
}

// tries asks for the ids of theirs, at home in own, and for ids of the same kinds that were never given.
func (w *accessWorld) tries(by client, who string, own, theirs place, more ...string) {
	w.Helper()
	kinds := append([]string{"partner", "first", "account", "token", "structure", "referral", "term", "invoice", "line", "conversion", "event", "grant", "void", "dated"}, more...)
	for _, kind := range kinds {
		for _, operation := range []string{"query", "mutation"} {
			var asked, given, never []string
			for _, taker := range takers {
				text, isChange := strings.CutPrefix(own.fill(taker), "mutation ")
				if isChange != (operation == "mutation") {
					continue
				}
				asked = append(asked, taker)
				given = append(given, strings.ReplaceAll(inside(text), "$id", `"`+theirs[kind]+`"`))
				never = append(never, strings.ReplaceAll(inside(text), "$id", `"`+neverGiven(theirs[kind])+`"`))
			}
			for from := 0; from < len(asked); from += aRequest {
				to := min(from+aRequest, len(asked))
				got, want := by.told(operation, given[from:to]), by.told(operation, never[from:to])
				for i, taker := range asked[from:to] {
					if got[i] != want[i] {
						w.Errorf("%s, %s of %s in %s:\n%s\nand of one that was never given\n%s", who, kind, theirs["name"], taker, got[i], want[i])
					}
				}
				w.hides(fmt.Sprint(got), own, theirs)
			}
		}
	}
}

// hides wants a text to hold no id of theirs that is not the asker's own.
func (w *accessWorld) hides(text string, own, theirs place) {
	w.Helper()
	for _, id := range theirs {
		if kindOf(id) != "" && strings.Contains(text, `"`+id+`"`) && !slices.Contains(slices.Collect(maps.Values(own)), id) {
			w.Errorf("%s, a %s of %s, is shown: %.300s", id, kindOf(id), theirs["name"], text)
		}
	}
}

// lists are pages of everything that has some, behind a cursor.
var lists = []string{
	`{ networks(after: $after) { edges { cursor node { id } } } }`,
	`{ network(id: "{network}") { partners(after: $after) { edges { cursor node { id } } } } }`,
	`{ network(id: "{network}") { retroactiveGrants(after: $after) { edges { cursor node { id } } } } }`,
	`{ network(id: "{network}") { pendingChanges(after: $after) { edges { cursor node { id } } } } }`,
	`{ network(id: "{network}") { invoices(after: $after) { edges { cursor node { id } } } } }`,
	`{ network(id: "{network}") { accounts(after: $after) { edges { cursor node { id } } } } }`,
	`{ network(id: "{network}") { auditLog(after: $after) { edges { cursor node { id } } } } }`,
	`{ network(id: "{network}") { referralReport(from: "2026-01-01", to: "2026-12-31") { rows(first: 1, after: $after) { edges { cursor node { id term { id } referral { id } } } } } } }`,
	`{ network(id: "{network}") { partner(id: "{partner}") { referralsMade(after: $after) { edges { cursor node { id } } } } } }`,
	`{ network(id: "{network}") { partner(id: "{partner}") { invoices(after: $after) { edges { cursor node { id } } } } } }`,
	`{ network(id: "{network}") { partner(id: "{partner}") { referralReport(from: "2026-01-01", to: "2026-12-31") { rows(first: 1, after: $after) { edges { cursor node { id term { id } } } } } } } }`,
	`{ network(id: "{network}") { previewReferralSettings(input: {version: {settingsVersion}, enabled: false}) { customPartners(after: $after) { edges { cursor node { id } } } } } }`,
	`{ network(id: "{network}") { referralReport(from: "2026-01-01", to: "2026-12-31") { rows { nodes { lines(after: $after) { edges { cursor node { line { id } } } } } } } } }`,
	`{ network(id: "{network}") { reconciliation { referrers(after: $after) { edges { cursor node { referrer { id } } } } } } }`,
	`{ node(id: "{line}") { ... on InvoiceLine { days(after: $after) { edges { cursor } } conversionList(after: $after) { edges { cursor node { id } } } } } }`,
	`{ node(id: "{term}") { ... on ReferralTerm { days(from: "2026-01-01", to: "2026-12-31") { conversionList(first: 1, after: $after) { edges { cursor node { id } } } } } } }`,
}

// A cursor is a place in a list, and shows nothing of the list that it was made for.
func TestR1_aCursorOfOthersLeadsNowhere(t *testing.T) {
	onEachEngine(t, func(p *product) {
		w := newAccessWorld(p)
		var cursors []string
		at := w.versions(w.ann)
		for _, list := range lists {
			for _, by := range []client{p.As(admin), p.As(support)} {
				text := fmt.Sprint(by.told("query", []string{strings.ReplaceAll(inside(at.fill(list)), "$after", "null")}))
				for _, found := range cursorOf.FindAllStringSubmatch(text, -1) {
					cursors = append(cursors, found[1])
				}
			}
		}
		slices.Sort(cursors)
		if cursors = slices.Compact(cursors); len(cursors) < len(lists) {
			p.Fatalf("%d cursors for %d lists", len(cursors), len(lists))
		}
		own := w.versions(w.zed)
		for _, who := range []account{admin, manager, limited, tracker, partnerOf(own["partner"])} {
			var parts []string
			for _, cursor := range cursors {
				for _, list := range lists {
					parts = append(parts, strings.ReplaceAll(inside(own.fill(list)), "$after", `"`+cursor+`"`))
				}
			}
			for some := range slices.Chunk(parts, aRequest) {
				answers := fmt.Sprint(w.other.As(who).told("query", some))
				for _, theirs := range []place{w.ann, w.bob, w.dan} {
					w.hides(answers, own, theirs)
				}
			}
		}
	})
}

var cursorOf = regexp.MustCompile(`"cursor": ?"([^"]+)"`)

// inside is a document without the braces around it.
func inside(document string) string {
	return strings.TrimSuffix(strings.TrimPrefix(document, "{"), "}")
}

// kindOf is of what an id is; "" for what is none.
func kindOf(id string) string {
	plain, err := base64.RawURLEncoding.DecodeString(id)
	kind, _, found := strings.Cut(string(plain), ":")
	if err != nil || !found {
		return ""
	}
	return kind
}

// told is what is answered to each of some parts of a request: what is shown, or the errors. What an error takes away
// beside it is asked again, and what costs too much together is asked one by one.
func (c client) told(operation string, parts []string) []string {
	c.Helper()
	answers := make([]string, len(parts))
	left := make([]int, len(parts))
	for i := range parts {
		left[i] = i
	}
	for again := true; again && len(left) > 0; {
		var text strings.Builder
		for _, i := range left {
			fmt.Fprintf(&text, "a%d: %s\n", i, parts[i])
		}
		body, err := json.Marshal(vars{"query": operation + " {" + text.String() + "}"})
		if err != nil {
			c.Fatal(err)
		}
		data, wrong, err := c.Post(bytes.NewReader(body))
		if err != nil {
			c.Fatal(err)
		}
		if len(parts) > 1 && strings.HasPrefix(wrong.codes(), "LIMIT_EXCEEDED") { // together they cost too much
			for i, part := range parts {
				answers[i] = c.told(operation, []string{part})[0]
			}
			return answers
		}
		var shown map[string]json.RawMessage
		if len(data) > 0 {
			if err := json.Unmarshal(data, &shown); err != nil {
				c.Fatal(err)
			}
		}
		failed := map[string]string{}
		for _, problem := range wrong {
			if len(problem.Path) == 0 {
				c.Fatalf("%s\n%s", problem.Message, text.String())
			}
			failed[fmt.Sprint(problem.Path[0])] += fmt.Sprintf("%v %s: %s; ", problem.Path[1:], problem, problem.Message)
		}
		for _, i := range left {
			alias := fmt.Sprint("a", i)
			if answers[i] = failed[alias]; answers[i] == "" {
				answers[i] = string(shown[alias])
			}
		}
		left = slices.DeleteFunc(left, func(i int) bool { return answers[i] != "" })
		again = operation == "query" && len(failed) > 0
	}
	return answers
}

// neverGiven is an id of the same kind that there is not.
func neverGiven(id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(kindOf(id) + ":99999999"))
}

// snapshot is what staff see of the network that others try to reach.
func (w *accessWorld) snapshot() string {
	w.Helper()
	var shown json.RawMessage
	w.As(admin).must(`{ network {
		name signUpPage referralSettings { version }
		partners(first: 100) { totalCount nodes { id name status version referralLink manager { id } referredBy { id } referralSetting { version mode } } }
		invoices(first: 100) { totalCount nodes { id status hidden total } }
		accounts(first: 100) { totalCount nodes { id tokens { id revokedAt } } }
		referralReport(from: "2026-01-01", to: "2026-12-31") { totals { rows conversions billed balance unbilled } }
		auditLog { totalCount }
	} }`, nil, &shown)
	return string(shown)
}

// everyTakerIsTried holds the requests above against the schema: a new place that takes an id is tried too.
func everyTakerIsTried(t *testing.T) {
	t.Helper()
	promised, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, definition := range promised.Types {
		if definition.Kind != ast.Object || strings.HasPrefix(definition.Name, "__") {
			continue
		}
		for _, field := range definition.Fields {
			for _, argument := range field.Arguments {
				for _, path := range idsIn(promised, argument.Type, nil) {
					want[strings.Join(append([]string{definition.Name, field.Name, argument.Name}, path...), ".")] = true
				}
			}
		}
	}
	delete(want, takenByEverybody)
	for _, taker := range takers {
		parsed, err := parser.ParseQuery(&ast.Source{Input: strings.ReplaceAll(taker, "$id", `"$id"`)})
		if err != nil {
			t.Fatalf("%s: %v", taker, err)
		}
		root := promised.Query
		if parsed.Operations[0].Operation == ast.Mutation {
			root = promised.Mutation
		}
		for _, path := range takenIn(promised, root, parsed.Operations[0].SelectionSet) {
			if !want[path] {
				t.Errorf("%s takes no id of the schema, or one that was tried before: %s", path, taker)
			}
			delete(want, path)
		}
	}
	if len(want) > 0 {
		t.Errorf("no request tries %s: add one to takers (access_ids_test.go)", slices.Sorted(maps.Keys(want)))
	}
}

// idsIn is the paths to the ids in an input.
func idsIn(promised *ast.Schema, of *ast.Type, seen []string) [][]string {
	definition := promised.Types[of.Name()]
	switch {
	case definition.Name == "ID":
		return [][]string{nil}
	case definition.Kind != ast.InputObject || slices.Contains(seen, definition.Name):
		return nil
	}
	var paths [][]string
	for _, field := range definition.Fields {
		for _, path := range idsIn(promised, field.Type, append(slices.Clone(seen), definition.Name)) {
			paths = append(paths, append([]string{field.Name}, path...))
		}
	}
	return paths
}

// takenIn is the paths at which a request names the id.
func takenIn(promised *ast.Schema, of *ast.Definition, selected ast.SelectionSet) []string {
	var paths []string
	for _, selection := range selected {
		field, isField := selection.(*ast.Field)
		if !isField {
			continue
		}
		for _, argument := range field.Arguments {
			for _, path := range namedIn(argument.Value) {
				paths = append(paths, strings.Join(append([]string{of.Name, field.Name, argument.Name}, path...), "."))
			}
		}
		paths = append(paths, takenIn(promised, promised.Types[of.Fields.ForName(field.Name).Type.Name()], field.SelectionSet)...)
	}
	return paths
}

func namedIn(value *ast.Value) [][]string {
	if value.Kind == ast.StringValue && value.Raw == "$id" {
		return [][]string{nil}
	}
	var paths [][]string
	for _, child := range value.Children {
		for _, path := range namedIn(child.Value) {
			if child.Name != "" { // not of a list
				path = append([]string{child.Name}, path...)
			}
			paths = append(paths, path)
		}
	}
	return paths
}
