package e2e_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"partner.example/referrals/graph/graphtest"
)

// answered is an answer as HTTP has it.
type answered struct {
	status int
	header http.Header
	text   string
	Data   json.RawMessage
	Errors []struct {
		problem
		Extensions struct {
			Code  string
			Limit struct {
				Name           string
				Maximum, Found int
			}
		}
	}
	Extensions struct {
		Cost      struct{ Points int }
		RateLimit struct{ Limit, Remaining, ResetSeconds int }
	}
}

// codes is all codes of the answer, each once.
func (a answered) codes() string {
	var codes []string
	for _, wrong := range a.Errors {
		codes = append(codes, wrong.Extensions.Code)
	}
	slices.Sort(codes)
	return strings.Join(slices.Compact(codes), ", ")
}

// limits is the limits that were exceeded.
func (a answered) limits() string {
	var names []string
	for _, wrong := range a.Errors {
		if wrong.Extensions.Limit.Maximum > 0 {
			names = append(names, wrong.Extensions.Limit.Name)
		}
	}
	return strings.Join(names, ", ")
}

// HTTP sends a request with headers of its own, given as names and values, and returns what came back.
func (c client) HTTP(method, path, body string, headers ...string) answered {
	c.Helper()
	request, err := http.NewRequestWithContext(c.Context(), method, c.server.address+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := c.server.http.Do(request)
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.Fatal(err)
	}
	got := answered{status: response.StatusCode, header: response.Header, text: string(text)}
	if len(text) > 0 && strings.Contains(response.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(text, &got); err != nil {
			c.Errorf("no JSON: %.300s", text)
		}
		for _, wrong := range got.Errors {
			wrong.problem.Extensions.Code = wrong.Extensions.Code
			c.fit(wrong.problem)
		}
	} else if leak := graphtest.Inside(got.text); leak != "" && got.status >= http.StatusBadRequest {
		c.Errorf("%s %s is answered with %q, which no client should see: %s", method, path, leak, text)
	}
	return got
}

// Ask posts a document.
func (c client) Ask(document string) answered {
	c.Helper()
	return c.HTTP(http.MethodPost, "/graphql", body(document))
}

func body(document string) string {
	text, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// The whole suite of the package graphql-http, by which servers are held against GraphQL over HTTP.
func TestHTTP_passesEveryAudit(t *testing.T) {
	onSQLite(t, func(p *product) {
		p.At("2026-02-01 10:00")
		said, err := exec.Command("node", "audit/audit.js", p.server.address+"/graphql", p.As(admin).token).CombinedOutput()
		if err != nil || strings.TrimSpace(string(said)) != "61 of 61" {
			p.Errorf("%v ('make audit' installs the suite)\n%s", err, said)
		}
	})
}

func TestHTTP_whatIsNoRequestHasItsStatus(t *testing.T) {
	onSQLite(t, func(p *product) {
		p.At("2026-02-01 10:00")
		const query = `{"query": "{ viewer { role } }"}`
		pat := p.As(partnerOf(p.Active("Pat")))
		strict := []string{"Accept", "application/graphql-response+json"}
		for _, sent := range []struct {
			what         string
			method, body string
			headers      []string
			status       int
			code         string
		}{
			{"a form", "POST", "query={viewer{role}}", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "BAD_REQUEST"},
			{"a form with files", "POST", "--x--", []string{"Content-Type", "multipart/form-data; boundary=x"}, 415, "BAD_REQUEST"},
			{"a text", "POST", query, []string{"Content-Type", "text/plain"}, 415, "BAD_REQUEST"},
			{"no type", "POST", query, []string{"Content-Type", ""}, 415, "BAD_REQUEST"},
			{"another alphabet", "POST", query, []string{"Content-Type", "application/json; charset=utf-16"}, 415, "BAD_REQUEST"},
			{"a PUT", "PUT", query, nil, 405, "BAD_REQUEST"},
			{"a DELETE", "DELETE", query, nil, 405, "BAD_REQUEST"},
			{"nothing", "POST", "", nil, 400, "BAD_REQUEST"},
			{"a list", "POST", "[" + query + "," + query + "]", nil, 400, "BAD_REQUEST"},
			{"two objects", "POST", query + query, nil, 400, "BAD_REQUEST"},
			{"numbers", "POST", `{"query": 5}`, nil, 400, "BAD_REQUEST"},
			{"variables of a list", "POST", `{"query": "{ viewer { role } }", "variables": []}`, nil, 400, "BAD_REQUEST"},
			{"no document", "POST", `{"variables": {}}`, nil, 400, "BAD_REQUEST"},
			{"too much", "POST", `{"query": "{ viewer { role } }", "variables": {"x": "` + strings.Repeat("x", 256<<10) + `"}}`, nil, 413, "BAD_REQUEST"},
			{"no GraphQL", "POST", body("{"), strict, 400, "GRAPHQL_PARSE_FAILED"},
			{"no GraphQL, in plain JSON", "POST", body("{"), nil, 200, "GRAPHQL_PARSE_FAILED"},
			{"no such field", "POST", body("{ nothing }"), strict, 400, "GRAPHQL_VALIDATION_FAILED"},
			{"no such operation", "POST", `{"query": "query A { viewer { role } }", "operationName": "B"}`, strict, 400, "GRAPHQL_VALIDATION_FAILED"},
			{"too deep", "POST", body(strings.Repeat("{a", 20) + strings.Repeat("}", 20)), strict, 400, "LIMIT_EXCEEDED"},
			{"a token that is none", "POST", query, []string{"Authorization", "Bearer none"}, 401, "UNAUTHENTICATED"},
			{"another scheme", "POST", query, []string{"Authorization", "Basic YWRhOnNlY3JldA=="}, 401, "UNAUTHENTICATED"},
		} {
			got := pat.HTTP(sent.method, "/graphql", sent.body, sent.headers...)
			if got.status != sent.status || got.codes() != sent.code || got.Data != nil || strings.Contains(got.text, `"data"`) {
				p.Errorf("%s: HTTP %d %s", sent.what, got.status, got.text)
			}
			if sent.status == 405 && !strings.Contains(got.header.Get("Allow"), "POST") {
				p.Errorf("%s: nothing says what is allowed", sent.what)
			}
			if got.header.Get("X-Request-Id") == "" || got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Content-Type-Options") != "nosniff" {
				p.Errorf("%s: its headers are %v", sent.what, got.header)
			}
		}
		mutation := p.As(admin).HTTP(http.MethodGet, "/graphql?query="+url.QueryEscape(`mutation { createPartner(input: {name: "Eve"}) { partner { id } } }`), "")
		if mutation.status != http.StatusMethodNotAllowed || mutation.header.Get("Allow") != http.MethodPost {
			p.Errorf("a mutation by GET: HTTP %d %s", mutation.status, mutation.text)
		}
		query2 := p.As(admin).HTTP(http.MethodGet, "/graphql?query="+url.QueryEscape(`query ($n: Int) { network { partners(first: $n) { totalCount } } }`)+"&variables="+url.QueryEscape(`{"n": 1}`), "")
		if query2.status != http.StatusOK || query2.codes() != "" {
			p.Errorf("a query by GET: HTTP %d %s", query2.status, query2.text)
		}
	})
}

// Browsers may ask for the pages of the sites that the operator names, and of no others.
func TestOrigins_onlyThoseThatAreAllowed(t *testing.T) {
	onSQLite(t, func(p *product) {
		p.With("--allow-origin", "https://portal.example,https://partners.example")
		p.At("2026-02-01 10:00")
		ask := func(method, origin, site string) answered {
			return p.As(admin).HTTP(method, "/graphql", `{"query": "{ viewer { role } }"}`, "Origin", origin, "Sec-Fetch-Site", site)
		}
		for _, origin := range []string{"https://portal.example", "https://partners.example"} {
			preflight := ask(http.MethodOptions, origin, "cross-site")
			if preflight.status != http.StatusNoContent || preflight.header.Get("Access-Control-Allow-Origin") != origin ||
				!strings.Contains(preflight.header.Get("Access-Control-Allow-Headers"), "Authorization") {
				p.Errorf("the preflight of %s: HTTP %d %v", origin, preflight.status, preflight.header)
			}
			if got := ask(http.MethodPost, origin, "cross-site"); got.status != http.StatusOK || got.header.Get("Access-Control-Allow-Origin") != origin || got.header.Get("Vary") != "Origin" {
				p.Errorf("%s: HTTP %d %v", origin, got.status, got.header)
			}
		}
		for _, origin := range []string{"https://evil.example", "https://portal.example.evil.example", "http://portal.example", "null"} {
			for _, method := range []string{http.MethodOptions, http.MethodPost, http.MethodGet} {
				if got := ask(method, origin, "cross-site"); got.status != http.StatusForbidden || got.codes() != "FORBIDDEN" || got.header.Get("Access-Control-Allow-Origin") != "" {
					p.Errorf("%s from %s: HTTP %d %s", method, origin, got.status, got.text)
				}
			}
		}
		if got := p.As(admin).HTTP(http.MethodPost, "/graphql", `{"query": "{ viewer { role } }"}`, "Origin", "https://evil.example"); got.status != http.StatusForbidden {
			p.Errorf("an old browser's page: HTTP %d %s", got.status, got.text)
		}
	})
}

// What a hostile document costs the server is measured in its processor time, which other work on the machine does not
// add to.
func TestHostile_documentsAreRefusedBeforeTheyCost(t *testing.T) {
	onSQLite(t, func(p *product) {
		p.With("--account-points", "0")
		p.At("2026-02-01 10:00")
		ada := p.As(admin)
		for what, sent := range graphtest.Attacks() {
			p.each(what, func(p *product) {
				asker := client{product: p, token: ada.token}
				var got answered
				asker.cheaply(body(sent.Document), func() { got = asker.Ask(sent.Document) })
				if got.codes() != cmp.Or(sent.Code, "LIMIT_EXCEEDED") || got.limits() != sent.Limits || got.Data != nil {
					p.Errorf("%s, limits %q: %.600s", got.codes(), got.limits(), got.text)
				}
				for _, wrong := range got.Errors {
					if limit := wrong.Extensions.Limit; limit.Maximum > 0 && !strings.Contains(wrong.Message, strconv.Itoa(limit.Maximum)) {
						p.Errorf("the limit of %d is not said: %s", limit.Maximum, wrong.Message)
					}
				}
			})
		}
	})
}

// cheaply does again and again what the server is to refuse in 20 ms of processor time, or in six times what it takes to
// read it, where that is more: neighbours who use the processor's caches slow both down. What it takes at best counts; the
// rest is the server's tidying up after others.
func (c client) cheaply(sent string, ask func()) {
	c.Helper()
	const (
		rounds, times = 10, 10
		most          = 20 * time.Millisecond
		readings      = 6
	)
	var took, reading time.Duration
	for range rounds {
		before := c.server.cpu(c.T)
		for range times {
			ask()
		}
		took = (c.server.cpu(c.T) - before) / times
		reading = toRead(c.T, sent)
		if took <= max(most, readings*reading) {
			return
		}
	}
	c.Errorf("it took %s of processor time, and the %d times before no less than %s; to read it takes %s", took, rounds-1, most, reading)
}

// toRead is the processor time that it takes to read JSON, or to find that it is none.
func toRead(t *testing.T, text string) time.Duration {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	used := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &usage); err != nil {
			t.Fatal(err)
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	before := used()
	var read any
	_ = json.Unmarshal([]byte(text), &read)
	return used() - before
}

// cpu is the processor time that the server has used.
func (s *server) cpu(t *testing.T) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	const user, system, ticksASecond = 11, 12, 100
	var ticks int
	for _, field := range []int{user, system} {
		n, err := strconv.Atoi(fields[field])
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / ticksASecond
}

// What a document or its variables have wrong is told all at once; which names would be right is told to those who
// may explore.
func TestErrors_ofADocumentAreAllTold(t *testing.T) {
	onSQLite(t, func(p *product) {
		p.At("2026-02-01 10:00")
		const document = `query ($id: ID) { viewer { rol network { nam } } netwrk { id } node { id } }`
		mistakes := p.As(admin).Ask(document)
		for _, want := range []string{`"rol"`, `"nam"`, `"netwrk"`, `"$id" is never used`, `"id" of type "ID!" is required`, `Did you mean`} {
			if !strings.Contains(strings.ReplaceAll(mistakes.text, `\"`, `"`), want) {
				p.Errorf("nothing says %s: %s", want, mistakes.text)
			}
		}
		ann := p.Active("Ann")
		for _, document := range []string{document, `{ viewer { role(x: 1) } }`, `{ viewer { ... on Viewr { role } } }`, `{ viewer }`, `mutation { setPartnerStatus(id: "x", status: ACTIV) { partner { id } } }`, `{ viewer { role @skp(if: true) } }`} {
			for _, who := range []account{stranger, tracker, partnerOf(ann)} {
				if got := p.As(who).Ask(document); got.codes() != "GRAPHQL_VALIDATION_FAILED" || strings.Contains(got.text, "Did you mean") {
					p.Errorf("%s is told %s", who.role, got.text)
				}
			}
		}
		p.As(admin).refused("CreatePartner", vars{"input": vars{
			"status": "active", "email": 5, "referredBy": 5, "extra": 1, "billing": vars{"frequency": "weekly", "paymentTermsDays": "many", "hideInvoices": "yes", "invoiceThreshold": 5},
		}},
			"BAD_USER_INPUT name", "BAD_USER_INPUT status", "BAD_USER_INPUT email", "BAD_USER_INPUT extra", "BAD_USER_INPUT referredBy",
			"BAD_USER_INPUT billing.frequency", "BAD_USER_INPUT billing.paymentTermsDays", "BAD_USER_INPUT billing.hideInvoices", "BAD_USER_INPUT billing.invoiceThreshold")
		p.As(tracker).refused("RecordConversions", vars{"conversions": []any{
			p.conversion("a", "x", "2026-02-01 09:00", "NaN", "1"), nil, 5, vars{"externalId": "b"},
		}},
			"BAD_USER_INPUT conversions.0.revenue", "BAD_USER_INPUT conversions.1", "BAD_USER_INPUT conversions.2",
			"BAD_USER_INPUT conversions.3.partner", "BAD_USER_INPUT conversions.3.occurredAt", "BAD_USER_INPUT conversions.3.revenue", "BAD_USER_INPUT conversions.3.payout")
	})
}

func TestRateLimits_areCountedInPointsAndTold(t *testing.T) {
	onSQLite(t, func(p *product) {
		p.With("--account-points", "20000", "--address-points", "200")
		p.At("2026-02-01 10:00")
		ada := p.As(admin)
		const dear = `{ network { partners(first: 100) { nodes { a: referredBy { id } b: referredBy { id } c: referredBy { id } d: referredBy { id } referralsMade(first: 100) { totalCount } } } } }`
		first := ada.Ask(dear)
		header := func(got answered, name string) int {
			n, _ := strconv.Atoi(got.header.Get("RateLimit-" + name))
			return n
		}
		if cost := first.Extensions.Cost.Points; cost < 500 || first.Extensions.RateLimit.Limit != 20_000 || header(first, "Limit") != 20_000 ||
			first.Extensions.RateLimit.Remaining > 20_000-cost+500 || header(first, "Remaining") != first.Extensions.RateLimit.Remaining ||
			header(first, "Reset") != first.Extensions.RateLimit.ResetSeconds || header(first, "Reset") < 1 {
			p.Errorf("%v %s", first.header, first.text)
		}
		exhausted := func(ask func() answered) answered {
			for range 1000 {
				if got := ask(); got.status == http.StatusTooManyRequests {
					return got
				}
			}
			p.Fatal("there is no end to it")
			return answered{}
		}
		refused := exhausted(func() answered { return ada.Ask(dear) })
		if after, _ := strconv.Atoi(refused.header.Get("Retry-After")); refused.codes() != "RATE_LIMITED" || refused.Data != nil || after < 1 || after > 60 {
			p.Errorf("%v %s", refused.header, refused.text)
		}
		if got := (client{product: p, token: p.Command("token", "create", "--role", "ADMIN", "--name", "Another", "--network", p.network)}).Ask(`{ viewer { role } }`); got.status != http.StatusOK {
			p.Errorf("another account: HTTP %d %s", got.status, got.text)
		}
		exhausted(func() answered { return p.As(stranger).Ask(`{ viewer { nothing } }`) })
		wrong := client{product: p, token: "ref_NOBODYSTOKEN"}.Ask(`{ viewer { role } }`)
		if wrong.status != http.StatusTooManyRequests || wrong.codes() != "RATE_LIMITED" {
			p.Errorf("one token more that is none: HTTP %d %s", wrong.status, wrong.text)
		}
		if got := p.As(support).Ask(`{ viewer { role } }`); got.status != http.StatusOK {
			p.Errorf("who signs in from the same address: HTTP %d %s", got.status, got.text)
		}
	})
}

// The clients send the hashes of their documents, and the server knows these alone.
func TestTrusted_documentsAreSentByTheirHash(t *testing.T) {
	onEachEngine(t, func(p *product) {
		files, err := filepath.Glob("operations/*.graphql")
		if err != nil {
			p.Fatal(err)
		}
		p.At("2026-02-01 10:00")
		ann := p.Active("Ann")
		written, log, err := p.bare(append([]string{"documents"}, files...)...)
		if err != nil {
			p.Fatalf("%v\n%s", err, log)
		}
		path := filepath.Join(p.TempDir(), "manifest.json")
		if err := os.WriteFile(path, []byte(written), 0o600); err != nil {
			p.Fatal(err)
		}
		var manifest struct {
			Operations []struct{ ID, Name, Body string }
		}
		if err := json.Unmarshal([]byte(written), &manifest); err != nil {
			p.Fatal(err)
		}
		hashes := map[string]string{}
		for _, o := range manifest.Operations {
			hashes[o.Name] = o.ID
		}
		all, err := sent()
		if err != nil {
			p.Fatal(err)
		}
		if names := slices.Sorted(maps.Keys(hashes)); !slices.Equal(names, slices.Sorted(maps.Keys(all))) {
			p.Errorf("the manifest has %q", names)
		}
		p.With("--documents", path, "--explorers", "SUPPORT")
		p.At("2026-02-01 10:01")
		ask := func(who account, asked map[string]any) answered {
			text, err := json.Marshal(asked)
			if err != nil {
				p.Fatal(err)
			}
			return p.As(who).HTTP(http.MethodPost, "/graphql", string(text))
		}
		persisted := func(hash string) map[string]any {
			return map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hash}}
		}
		range2026 := vars{"from": "2026-01-01", "to": "2026-12-31"}
		for what, asked := range map[string]map[string]any{
			"by the draft's id":       {"documentId": "sha256:" + hashes["MyReferralReport"], "variables": range2026},
			"by the bare hash":        {"documentId": hashes["MyReferralReport"], "variables": range2026},
			"by Apollo's extension":   {"extensions": persisted(hashes["MyReferralReport"]), "variables": range2026},
			"with hash and text":      {"query": bodyOf(manifest.Operations, "MyReferralReport"), "extensions": persisted(hashes["MyReferralReport"]), "variables": range2026},
			"by its text":             {"query": bodyOf(manifest.Operations, "MyReferralReport"), "variables": range2026},
			"with its operation name": {"documentId": "sha256:" + hashes["MyReferralReport"], "operationName": "MyReferralReport", "variables": range2026},
		} {
			if got := ask(partnerOf(ann), asked); got.status != http.StatusOK || got.codes() != "" {
				p.Errorf("%s: HTTP %d %s", what, got.status, got.text)
			}
		}
		byGet := p.As(partnerOf(ann)).HTTP(http.MethodGet, "/graphql?documentId=sha256:"+hashes["MyAccount"], "")
		if byGet.status != http.StatusOK || byGet.codes() != "" {
			p.Errorf("by GET: HTTP %d %s", byGet.status, byGet.text)
		}
		if got := ask(stranger, map[string]any{"documentId": hashes["SignUp"], "variables": vars{"input": vars{"network": p.network, "name": "Zoe", "email": "zoe@example.com"}}}); got.codes() != "" {
			p.Errorf("sign-up: %s", got.text)
		}
		const free = `{ viewer { name } }`
		for what, wrong := range map[string]struct {
			who   account
			asked map[string]any
			code  string
		}{
			"a document of the partner's own":   {partnerOf(ann), map[string]any{"query": free}, "FORBIDDEN"},
			"of an ADMIN's, who may not either": {admin, map[string]any{"query": free}, "FORBIDDEN"},
			"of a stranger's":                   {stranger, map[string]any{"query": free}, "FORBIDDEN"},
			"no GraphQL, of a stranger's":       {stranger, map[string]any{"query": "{{{"}, "FORBIDDEN"},
			"a hash of nothing":                 {partnerOf(ann), map[string]any{"documentId": "sha256:" + strings.Repeat("0", 64)}, "PERSISTED_QUERY_NOT_FOUND"},
			"Apollo's hash of nothing":          {partnerOf(ann), map[string]any{"extensions": persisted(strings.Repeat("0", 64))}, "PERSISTED_QUERY_NOT_FOUND"},
			"the hash of another document":      {partnerOf(ann), map[string]any{"query": free, "documentId": hashes["MyAccount"]}, "BAD_REQUEST"},
			"two hashes":                        {partnerOf(ann), map[string]any{"documentId": hashes["MyInvoices"], "extensions": persisted(hashes["MyAccount"])}, "BAD_REQUEST"},
			"another version":                   {partnerOf(ann), map[string]any{"extensions": map[string]any{"persistedQuery": map[string]any{"version": 2, "sha256Hash": hashes["MyAccount"]}}}, "BAD_REQUEST"},
			"no hash":                           {partnerOf(ann), map[string]any{"extensions": map[string]any{"persistedQuery": 5}}, "BAD_REQUEST"},
			"an empty id":                       {partnerOf(ann), map[string]any{"documentId": ""}, "BAD_REQUEST"},
		} {
			if got := ask(wrong.who, wrong.asked); got.codes() != wrong.code || got.Data != nil {
				p.Errorf("%s: HTTP %d %s", what, got.status, got.text)
			}
		}
		if got := ask(support, map[string]any{"query": free}); got.codes() != "" {
			p.Errorf("support, who may explore: %s", got.text)
		}
		if got := ask(support, map[string]any{"query": `{ __schema { queryType { name } } }`}); got.codes() != "" {
			p.Errorf("support, who may introspect: %s", got.text)
		}
	})
}

func bodyOf(operations []struct{ ID, Name, Body string }, name string) string {
	for _, o := range operations {
		if o.Name == name {
			return o.Body
		}
	}
	return ""
}

// bare runs a command that needs no database.
func (p *product) bare(args ...string) (stdout, stderr string, err error) {
	var out, log bytes.Buffer
	command := exec.Command(binary, args...)
	command.Stdout, command.Stderr = &out, &log
	err = command.Run()
	return out.String(), log.String(), err
}
