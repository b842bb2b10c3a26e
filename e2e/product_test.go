package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/graph/graphtest"
)

// binary is the product, as it is shipped.
var binary string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "referrals-e2e-")
	if err == nil {
		binary = filepath.Join(folder, "referrals")
		build := exec.Command("go", "build", "-o", binary, "partner.example/referrals/server")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		build.Stderr = os.Stderr
		err = build.Run()
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "build the product:", err)
		os.Exit(1)
	}
	databasetest.Main(m, func() { _ = os.RemoveAll(folder) })
}

// product is the product with one network on a database of its own, as those see it who use it: an operator by
// its commands, everybody else by GraphQL.
type product struct {
	*testing.T
	database string
	network  string // its id
	zone     *time.Location
	clock    string   // what time it is for commands
	options  []string // of the server

	server *server
	mu     sync.Mutex
	tokens map[account]string
	rows   int // recorded so far
}

// account is who signs in.
type account struct {
	role    string
	partner string // of a PARTNER: its id
	scope   string // of a PARTNER_MANAGER
	name    string
}

// The accounts of a network; support staff belongs to none.
var (
	admin   = account{role: "ADMIN", name: "Ada Admin"}
	manager = account{role: "PARTNER_MANAGER", name: "Max Manager"}
	limited = account{role: "PARTNER_MANAGER", scope: "LIMITED", name: "Lea Limited"}
	tracker = account{role: "TRACKER", name: "Tracking"}
	support = account{role: "SUPPORT", name: "Sue Support"}

	stranger = account{} // who did not sign in
)

func partnerOf(id string) account { return account{role: "PARTNER", partner: id, name: "Pat Partner"} }

// onEachEngine runs a test with a network that was just created, on each engine. What the test leaves behind must
// add up, whatever it was.
func onEachEngine(t *testing.T, test func(p *product)) {
	t.Helper()
	onEachEngineIn(t, "USD", "America/New_York", test)
}

func onEachEngineIn(t *testing.T, currency, zone string, test func(p *product)) {
	t.Helper()
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, database string) {
		t.Helper()
		on(t, database, currency, zone, test)
	})
}

// onSQLite runs a test of what no database has to do with.
func onSQLite(t *testing.T, test func(p *product)) {
	t.Helper()
	t.Parallel()
	on(t, databasetest.SQLite(t), "USD", "America/New_York", test)
}

func on(t *testing.T, database, currency, zone string, test func(p *product)) {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	p := &product{T: t, database: database, zone: location, clock: "2020-01-01T00:00:00Z", tokens: map[account]string{}}
	t.Cleanup(func() {
		p.Stop()
		if !t.Failed() {
			p.Verify()
		}
	})
	p.Command("migrate")
	p.network = p.NewNetwork("Acme", currency, zone)
	test(p)
}

// each runs a part of a test under a name of its own, on the same network.
func (p *product) each(name string, test func(p *product)) {
	p.Helper()
	p.Run(name, func(t *testing.T) {
		whole := p.T
		p.T = t
		defer func() { p.T = whole }()
		test(p)
	})
}

// NewNetwork creates a network beside those that there are.
func (p *product) NewNetwork(name, currency, zone string) string {
	p.Helper()
	return p.Command("network", "create", "--name", name, "--currency", currency, "--time-zone", zone, "--sign-up-page", "https://acme.example/join")
}

// Neighbour is another network on the same database, and the same server.
func (p *product) Neighbour(name string) *product {
	p.Helper()
	neighbour := &product{T: p.T, database: p.database, zone: p.zone, clock: p.clock, server: p.server, tokens: map[account]string{}}
	neighbour.network = p.NewNetwork(name, "USD", p.zone.String())
	return neighbour
}

// Command runs one of the product's commands to its end and returns what it says to machines.
func (p *product) Command(args ...string) string {
	p.Helper()
	said, log, err := p.command(args...)
	if err != nil {
		p.Fatalf("referrals %s: %v\n%s%s", strings.Join(args, " "), err, said, log)
	}
	return said
}

func (p *product) command(args ...string) (stdout, stderr string, err error) {
	var out, log bytes.Buffer
	command := exec.Command(binary, append(args, "--database", p.database, "--clock", p.clock)...)
	command.Stdout, command.Stderr = &out, &log
	err = command.Run()
	return strings.TrimSpace(out.String()), log.String(), err
}

var conversionsVerified = regexp.MustCompile(`conversions=(\d+)`)

// Verify has every sum recomputed from the conversions, and returns how many there are.
func (p *product) Verify() string {
	p.Helper()
	said, log, err := p.command("verify")
	counted := conversionsVerified.FindStringSubmatch(log)
	if err != nil || said != "" || counted == nil {
		p.Fatalf("referrals verify: %v\n%s\n%s", err, said, log)
	}
	return counted[1]
}

// At makes it that time: whatever server runs is stopped, and one is started whose clock goes on from there.
func (p *product) At(moment string) {
	p.Helper()
	p.Stop()
	p.clock = p.moment(moment)
	p.server = start(p.T, p.database, p.clock, p.options...)
}

// With has the servers that are started from now on serve with options.
func (p *product) With(options ...string) { p.options = options }

// Stop stops the server as an operator does.
func (p *product) Stop() {
	p.Helper()
	if p.server == nil || p.server.dead {
		return
	}
	if err := p.server.stop(); err != nil {
		p.Errorf("the server, told to stop: %v\n%s", err, p.server.log.String())
	}
	if faults := p.server.log.faults(); faults != "" {
		p.Errorf("the server's log tells of faults:\n%s", faults)
	}
	if found := private.FindString(p.server.log.String()); found != "" {
		p.Errorf("the server's log has %q, which is nobody's business:\n%s", found, p.server.log.String())
	}
}

// private is what no log holds: tokens, and e-mails.
var private = regexp.MustCompile(`ref_\w+|\S+@\S+`)

// Kill ends the server as a power cut does.
func (p *product) Kill() {
	p.Helper()
	p.server.kill()
	if faults := p.server.log.faults(); faults != "" {
		p.Errorf("the log of the server that was killed tells of faults:\n%s", faults)
	}
}

// server is a running process.
type server struct {
	process *exec.Cmd
	ended   chan error
	dead    bool
	address string
	log     *log
	http    *http.Client
}

// start starts a server, with whatever more it is to be told.
func start(t testing.TB, database, moment string, more ...string) *server {
	t.Helper()
	return launch(t, exec.Command(binary, append([]string{"serve", "--database", database, "--listen", "127.0.0.1:0", "--clock", moment, "--no-billing"}, more...)...))
}

func launch(t testing.TB, process *exec.Cmd) *server {
	t.Helper()
	s := &server{
		process: process,
		ended:   make(chan error, 1),
		log:     &log{listening: make(chan string, 1)},
		http:    &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}},
	}
	s.process.Stderr = s.log
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.ended <- s.process.Wait() }()
	const patience = 30 * time.Second
	select {
	case s.address = <-s.log.listening:
	case err := <-s.ended:
		t.Fatalf("the server ended: %v\n%s", err, s.log.String())
	case <-time.After(patience):
		_ = s.process.Process.Kill()
		t.Fatalf("the server does not listen\n%s", s.log.String())
	}
	return s
}

func (s *server) stop() error {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	s.dead = true
	defer s.http.CloseIdleConnections()
	return <-s.ended
}

func (s *server) kill() {
	s.dead = true
	_ = s.process.Process.Kill()
	<-s.ended
	s.http.CloseIdleConnections()
}

// log is what a server says to people.
type log struct {
	mu        sync.Mutex
	text      bytes.Buffer
	listening chan string
}

var listening = regexp.MustCompile(`msg"?[=:]"?listening"?[ ,]"?address"?[=:]"?([^\s"]+)`)

func (l *log) Write(said []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(said)
	if address := listening.FindSubmatch(said); address != nil {
		l.listening <- string(address[1])
	}
	return len(said), nil
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// faults is what the log tells of them. That the database of a busy machine does not answer for a while is none.
func (l *log) faults() string {
	found := faults.FindAllString(l.String(), -1)
	return strings.Join(slices.DeleteFunc(found, func(line string) bool { return strings.Contains(line, `msg="the database has gone away`) }), "\n")
}

// faults are the lines of the log that begin as those do, whatever a line quotes.
var faults = regexp.MustCompile(`(?m)^(time=\S+ level=ERROR|\{"time":"[^"]*","level":"ERROR").*$`)

// client talks GraphQL as one account.
type client struct {
	*product
	token   string
	address string // that a proxy tells; "": none does
}

// As is the client of an account, which is made where there is none yet.
func (p *product) As(a account) client {
	p.Helper()
	if a == stranger {
		return client{product: p}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tokens[a] == "" {
		args := []string{"token", "create", "--role", a.role, "--name", a.name}
		if a != support {
			args = append(args, "--network", p.network)
		}
		if a.scope != "" {
			args = append(args, "--scope", a.scope)
		}
		if a.partner != "" {
			args = append(args, "--partner", a.partner)
		}
		p.tokens[a] = p.Command(args...)
	}
	return client{product: p, token: p.tokens[a]}
}

// vars are the variables of a document.
type vars map[string]any

// problem is one error of an answer.
type problem struct {
	Message    string
	Path       []any
	Extensions struct{ Code, Field string }
}

// String is what a program that reads the error goes by.
func (p problem) String() string {
	return strings.TrimSpace(p.Extensions.Code + " " + p.Extensions.Field)
}

type problems []problem

func (all problems) String() string {
	lines := make([]string, len(all))
	for i, p := range all {
		lines[i] = fmt.Sprintf("%s: %s", p, p.Message)
	}
	return strings.Join(lines, "\n")
}

// codes is all of them for programs, in any order.
func (all problems) codes() string {
	codes := make([]string, len(all))
	for i, p := range all {
		codes[i] = p.String()
	}
	slices.Sort(codes)
	return strings.Join(codes, ", ")
}

// Do sends a document: an operation of the clients by its name, or a text of its own. What comes back in data is
// read into out, where that is given. Whatever the answer, its errors have a code and show nothing of the inside.
func (c client) Do(document string, variables vars, out any) problems {
	c.Helper()
	body := map[string]any{"query": document, "variables": variables}
	if isName.MatchString(document) {
		body["query"], body["operationName"] = operation(c.T, document), document
	}
	sent, err := json.Marshal(body)
	if err != nil {
		c.Fatal(err)
	}
	answer, wrong, err := c.Post(bytes.NewReader(sent))
	if err != nil {
		c.Fatalf("%s: %v", document, err)
	}
	if out != nil && len(answer) > 0 {
		if err := json.Unmarshal(answer, out); err != nil {
			c.Fatalf("%s answers %s: %v", document, answer, err)
		}
	}
	return wrong
}

var isName = regexp.MustCompile(`^\w+$`)

// Post sends a body as it is.
func (c client) Post(body io.Reader) (json.RawMessage, problems, error) {
	c.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.server.address+"/graphql", body)
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	return c.Send(request)
}

// Send sends a request as it is, signed in.
func (c client) Send(request *http.Request) (json.RawMessage, problems, error) {
	c.Helper()
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.address != "" {
		request.Header.Set("X-Forwarded-For", c.address)
	}
	response, err := c.server.http.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, nil, err
	}
	var answer struct {
		Data   json.RawMessage
		Errors problems
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		c.Errorf("HTTP %d, and no GraphQL: %.300s", response.StatusCode, text)
		return nil, nil, errors.New("no answer in GraphQL")
	}
	for _, wrong := range answer.Errors {
		c.fit(wrong)
	}
	return answer.Data, answer.Errors, nil
}

// fit holds an error against what no client should see, whatever it asked.
func (p *product) fit(wrong problem) {
	p.Helper()
	if leak := graphtest.Leak(wrong.Extensions.Code, wrong.Message, ""); leak != "" {
		p.Errorf("an error that no client should see, with %s: %s", leak, problems{wrong})
	}
}
