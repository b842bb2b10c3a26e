package e2e_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"partner.example/referrals/ent/database/databasetest"
)

// get asks for a page of the server's: its status, and what it says.
func get(t *testing.T, address string) (int, string) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(said))
}

func TestLog_tellsOfEveryRequestAndOfNobodysBusiness(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.server = start(p.T, p.database, p.clock, "--log-format", "json")
		referrer := p.Active("Zebulon Quixley")
		ada := p.As(admin)
		newcomer := vars{"input": vars{"name": "Wilhelmina Farthing", "email": "wilhelmina@farthing.example", "referredBy": referrer}}
		ada.must("CreatePartner", newcomer, nil)
		ada.Do("CreatePartner", newcomer, nil) // the e-mail is there already
		p.As(stranger).must("SignUp", vars{"input": vars{"network": p.network, "name": "Wilhelmina Farthing", "email": "wilhelmina@farthing.example"}}, nil)
		p.As(partnerOf(referrer)).must("MyAccount", nil, nil)
		ada.refused(`query Wilhelmina { network(id: "wilhelmina@farthing.example") { name } }`, nil, "NOT_FOUND id")
		ada.Do(`query { wilhelmina(email: "wilhelmina@farthing.example") }`, nil, nil)
		wrong := []string{"ref_WRONGWRONGWRONG", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ3aWxoZWxtaW5hQGZhcnRoaW5nLmV4YW1wbGUifQ.c2VjcmV0"}
		for _, token := range wrong {
			client{product: p, token: token}.Do("Viewer", nil, nil)
		}
		request, err := http.NewRequest(http.MethodPost, p.server.address+"/graphql", strings.NewReader(`{"query": "{ viewer { name } }"}`))
		if err != nil {
			p.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+ada.token)
		response, err := p.server.http.Do(request)
		if err != nil {
			p.Fatal(err)
		}
		_ = response.Body.Close()
		p.Stop()

		said := p.server.log.String()
		secrets := slices.Concat(wrong, []string{"Quixley", "Farthing", "farthing", "Wilhelmina", "wilhelmina", admin.name, "Pat Partner", "secret"})
		for _, token := range p.tokens {
			secrets = append(secrets, token)
		}
		for _, secret := range secrets {
			if strings.Contains(said, secret) {
				p.Errorf("the log has %q:\n%s", secret, said)
			}
		}
		var operations []string
		known := false
		for line := range strings.Lines(said) {
			var entry struct{ Time, Level, Msg, Request, Operation, Code, Role string }
			if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Time == "" || entry.Level == "" || entry.Msg == "" {
				p.Fatalf("not a structured line of log: %v\n%s", err, line)
			}
			if entry.Msg == "answered" {
				operations = append(operations, strings.TrimSpace(entry.Role+" "+entry.Operation+" "+entry.Code))
				known = known || entry.Request == response.Header.Get("X-Request-Id")
			}
		}
		if !known {
			p.Errorf("no line has the id that the client was told, %s", response.Header.Get("X-Request-Id"))
		}
		for _, want := range []string{
			"ADMIN mutation createPartner OK", "mutation signUp OK", "PARTNER query viewer.partner OK", "ADMIN query network NOT_FOUND",
			"ADMIN invalid GRAPHQL_VALIDATION_FAILED", "ADMIN query viewer OK",
		} {
			if !slices.Contains(operations, want) {
				p.Errorf("the log does not tell of %q, but of %q", want, operations)
			}
		}
	})
}

func TestMetrics_countWhatIsKnownByName(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-06-01 09:00")
		p.Stop()
		metrics := freeAddress(p.T)
		p.server = start(p.T, p.database, p.clock, "--metrics-listen", metrics)
		p.Global(tenPercent)
		bob := p.Active("Bob", p.Active("Ann"))
		sale := p.conversion("once", bob, "2026-06-01 08:00", "20", "10")
		p.Record(sale)
		p.Record(sale)
		for i := range 20 { // names that strangers make up
			p.As(stranger).Do(fmt.Sprintf("query Made%d { viewer { name } }", i), nil, nil)
			p.As(stranger).Do(fmt.Sprintf("query { made%d }", i), nil, nil)
			if status, _ := get(p.T, fmt.Sprintf("%s/made%d", p.server.address, i)); status != http.StatusNotFound {
				p.Errorf("a path that is not there: %d", status)
			}
		}
		said := ""
		calm := regexp.MustCompile(`(?s)\ndb_sql_connection_open\{status="idle"\} [1-9].*\nreferrals_requests_in_flight 0\n`)
		p.eventually("/metrics says that a connection is idle and that no request is in flight", func() bool {
			status, text := get(p.T, "http://"+metrics+"/metrics")
			if said = text; status != http.StatusOK {
				p.Fatalf("/metrics: %d %s", status, said)
			}
			return calm.MatchString(said)
		})
		for _, want := range []string{
			`referrals_operations_total{code="OK",operation="mutation recordConversions"} 2`,
			`referrals_operations_total{code="UNAUTHENTICATED",operation="query viewer"} 20`,
			`referrals_operations_total{code="GRAPHQL_VALIDATION_FAILED",operation="invalid"} 20`,
			`referrals_operation_duration_seconds_count{operation="mutation recordConversions"} 2`,
			`referrals_http_requests_total{path="other",status="404"} 20`,
			`referrals_conversions_total{outcome="recorded"} 1`,
			`referrals_conversions_total{outcome="duplicate"} 1`,
			`referrals_billing_lag_networks 1`,
			`referrals_ready 1`,
			`referrals_transaction_retries_total 0`,
		} {
			if !strings.Contains(said+"\n", want+"\n") {
				p.Errorf("/metrics does not say %s", want)
			}
		}
		for _, want := range []string{`referrals_billing_lag_days [1-9]`, `db_client_operation_duration_seconds_count\{db_operation_name="sql.conn.query"\} [1-9]`} {
			if !regexp.MustCompile(want).MatchString(said) {
				p.Errorf("/metrics does not say %s", want)
			}
		}
		if made := regexp.MustCompile(`(?i)[^\n]*made\d[^\n]*`).FindString(said); made != "" {
			p.Errorf("strangers make series of their own: %s", made)
		}
		if status, _ := get(p.T, p.server.address+"/metrics"); status != http.StatusNotFound {
			p.Errorf("the public listener answers /metrics: %d", status)
		}
	})
}

func freeAddress(t *testing.T) string {
	t.Helper()
	port, err := databasetest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// spans are what a server sent to an OpenTelemetry collector.
type spans struct {
	mu  sync.Mutex
	all []*traces.Span
}

func (s *spans) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var sent collector.ExportTraceServiceRequest
	if r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &sent) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, resource := range sent.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			s.all = append(s.all, scope.GetSpans()...)
		}
	}
}

func TestTraces_leadFromHTTPThroughGraphQLToSQL(t *testing.T) {
	onEachEngine(t, func(p *product) {
		var sent spans
		taking := httptest.NewServer(&sent)
		defer taking.Close()
		process := exec.Command(binary, "serve", "--database", p.database, "--listen", "127.0.0.1:0", "--no-billing")
		process.Env = append(os.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT="+taking.URL)
		p.server = launch(p.T, process)
		const caller = "4bf92f3577b34da6a3ce929d0e0e4736"
		request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, p.server.address+"/graphql", strings.NewReader(`{"query": "query Mine { network { partners { totalCount } } }"}`))
		if err != nil {
			p.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Traceparent", "00-"+caller+"-00f067aa0ba902b7-01")
		request.Header.Set("User-Agent", "Wilhelmina's browser")
		request.Header.Set("X-Forwarded-For", "203.0.113.7")
		if _, wrong, err := p.As(admin).Send(request); wrong != nil || err != nil {
			p.Fatal(wrong, err)
		}
		p.Stop() // which sends what is left to send
		byID := map[string]*traces.Span{}
		for _, span := range sent.all {
			byID[string(span.GetSpanId())] = span
		}
		var ways []string
		for _, span := range sent.all {
			way := span.GetName()
			if hex.EncodeToString(span.GetTraceId()) != caller {
				p.Errorf("a trace of its own: %s", way)
			}
			for parent := byID[string(span.GetParentSpanId())]; parent != nil; parent = byID[string(parent.GetParentSpanId())] {
				way = parent.GetName() + " > " + way
			}
			ways = append(ways, way)
			if told := span.String(); strings.Contains(told, "Wilhelmina") || strings.Contains(told, "203.0.113.7") || strings.Contains(told, p.tokens[admin]) {
				p.Errorf("a span tells who was calling: %s", told)
			}
		}
		for _, want := range []string{"/graphql", "/graphql > sql.conn.query", "/graphql > query network.partners", "/graphql > query network.partners > sql.conn.query"} {
			if !slices.Contains(ways, want) {
				p.Errorf("there is no %q among %q", want, ways)
			}
		}
		if !strings.Contains(p.server.log.String(), "trace="+caller) {
			p.Errorf("the log does not name the trace:\n%s", p.server.log.String())
		}
	})
}

// ownServer is a product on a MariaDB server of its own, which may be killed.
func ownServer(t *testing.T) (*product, *databasetest.Server) {
	t.Helper()
	if os.Getenv("TEST_DATABASE_URL") != "" {
		databasetest.Skip(t)
	}
	mariadb, err := databasetest.NewServer(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(mariadb.Stop)
	at := mariadb.At()
	at.Path = "/referrals"
	databasetest.Create(t, mariadb.At(), "referrals")
	p := &product{T: t, database: at.String(), zone: time.UTC, clock: "2020-01-01T00:00:00Z", tokens: map[account]string{}}
	p.Command("migrate")
	p.network = p.NewNetwork("Acme", "USD", "UTC")
	return p, mariadb
}

func TestDatabase_thatGoesAwayIsWaitedForAndReported(t *testing.T) {
	t.Parallel()
	p, mariadb := ownServer(t)
	ada := p.As(admin)
	mariadb.Kill()

	// at the start
	address := freeAddress(t)
	process := exec.Command(binary, "serve", "--database", p.database, "--listen", address, "--timeout", "4s", "--no-billing")
	said := &log{listening: make(chan string, 1)}
	process.Stderr = said
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	p.server = &server{process: process, ended: ended, address: "http://" + address, log: said, http: http.DefaultClient}
	readiness := func(want int) func() bool {
		return func() bool {
			response, err := http.Get(p.server.address + "/readyz")
			if err != nil {
				return false
			}
			_ = response.Body.Close()
			return response.StatusCode == want
		}
	}
	p.eventually("a server whose database is not there listens", readiness(http.StatusServiceUnavailable))
	if status, said := get(t, p.server.address+"/healthz"); status != http.StatusOK {
		t.Errorf("/healthz: %d %s", status, said)
	}
	refused := func() {
		t.Helper()
		ada.refused("Viewer", nil, "UNAVAILABLE")
		response, err := http.Post(p.server.address+"/graphql", "application/json", strings.NewReader(
			`{"query": "mutation { signUp(input: {network: \"`+p.network+`\", name: \"A\", email: \"a@a.example\"}) { received } }"}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
			t.Errorf("answered with %d, Retry-After %q", response.StatusCode, response.Header.Get("Retry-After"))
		}
	}
	refused()
	p.eventually("the log says that it waits", func() bool { return strings.Contains(said.String(), "waiting for the database") })
	if err := mariadb.Start(); err != nil {
		t.Fatal(err)
	}
	p.eventually("the database is back and the server ready", readiness(http.StatusOK))
	ada.must("Viewer", nil, nil)

	// in between, for longer than a request waits
	mariadb.Kill()
	refused()
	p.eventually("the server says that its database has gone", readiness(http.StatusServiceUnavailable))
	if err := mariadb.Start(); err != nil {
		t.Fatal(err)
	}
	p.eventually("the database is back and the server ready", readiness(http.StatusOK))
	ada.must("Viewer", nil, nil)

	// for so short that nobody notices
	mariadb.Kill()
	answered := make(chan problems, 1)
	go func() { answered <- ada.Do("CreatePartner", vars{"input": vars{"name": "Bob"}}, nil) }()
	if err := mariadb.Start(); err != nil {
		t.Fatal(err)
	}
	if wrong := <-answered; wrong != nil {
		t.Errorf("a database that was away for a moment: %s", wrong)
	}

	// paused: it takes connections and says nothing
	if err := mariadb.Pause(); err != nil {
		t.Fatal(err)
	}
	refused()
	p.eventually("the server says that its database does not answer", readiness(http.StatusServiceUnavailable))
	if err := mariadb.Resume(); err != nil {
		t.Fatal(err)
	}
	p.eventually("the database goes on and the server is ready", readiness(http.StatusOK))
	ada.must("Viewer", nil, nil)
	p.server.dead = true
	if err := p.server.stop(); err != nil {
		t.Errorf("stopped: %v", err)
	}
	if regexp.MustCompile(`panic|goroutine \d`).MatchString(said.String()) {
		t.Errorf("the log has a stack:\n%s", said)
	}
	for _, want := range []string{"waiting for the database", "the database has gone away", "the database is back"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, said)
		}
	}
	p.Verify()
}

func TestStop_finishesWhatIsRunning(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.server = start(p.T, p.database, p.clock, "--drain", "1s")
		p.As(admin)
		reading, writing := io.Pipe() // a request that is still on its way in
		answered := make(chan string, 1)
		go func() {
			data, wrong, err := p.As(admin).Post(reading)
			answered <- fmt.Sprint(string(data), wrong, err)
		}()
		_, _ = writing.Write([]byte(`{"query": "{ viewer`))
		if err := p.server.process.Process.Signal(syscall.SIGTERM); err != nil {
			p.Fatal(err)
		}
		p.eventually("/readyz says that the server stops", func() bool {
			status, said := get(p.T, p.server.address+"/readyz")
			return status == http.StatusServiceUnavailable && strings.HasPrefix(said, "stopping")
		})
		p.As(admin).must("Viewer", nil, nil) // while the load balancer has not noticed
		p.eventually("no more connections are taken", func() bool {
			connection, err := net.Dial("tcp", strings.TrimPrefix(p.server.address, "http://"))
			if err == nil {
				_ = connection.Close()
			}
			return err != nil
		})
		_, _ = writing.Write([]byte(` { role } }"}`))
		_ = writing.Close()
		if got := <-answered; got != `{"viewer":{"role":"ADMIN"}} <nil>` {
			p.Errorf("what was running when the server was told to stop: %s", got)
		}
		if err := <-p.server.ended; err != nil {
			p.Errorf("the server: %v", err)
		}
		p.server.dead = true
	})
}

// A server at rest holds less than 40 MB, also when some of what its start needed has come back: at first it has room for that.
func TestServer_givesBackWhatItsStartNeeded(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.server = start(p.T, p.database, p.clock)
		const limit = 30 << 10 // kB
		var holds int
		for range 200 {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.server.process.Process.Pid))
			if errors.Is(err, fs.ErrNotExist) {
				return // not on Linux
			}
			found := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
			if found == nil {
				p.Fatalf("the system says nothing of its memory: %s", status)
			}
			if holds, _ = strconv.Atoi(string(found[1])); holds < limit {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		p.Errorf("it holds %d kB", holds)
	})
}
