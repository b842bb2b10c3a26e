package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/net/netutil"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph"
	"partner.example/referrals/server/explorer"
)

type serveCommand struct {
	Listen        string        `default:"${listen}"                                                                                                                             help:"The address to listen on."                                                                             placeholder:"ADDR"`
	MetricsListen string        `help:"An address on which /metrics is answered, for Prometheus; without it nothing is measured. It is for the inside: anybody may read it."      placeholder:"ADDR"`
	Timeout       time.Duration `default:"60s"                                                                                                                                   help:"How long a request may take; what takes longer is given up, and undone. A table that is taken away may take a quarter of an hour."                               placeholder:"DURATION"`
	Drain         time.Duration `default:"0s"                                                                                                                                    help:"When told to stop, say so on /readyz for this long before no more connections are taken."              placeholder:"DURATION"`
	AddressHeader string        `help:"The header in which the proxy before this server tells its client's address, such as X-Forwarded-For; without it the connection's counts." placeholder:"NAME"`
	NoBilling     bool          `help:"Do not run billing by itself after midnight; another server on the same database does, or referrals bill."`
	BillingEvery  time.Duration `default:"30s" help:"How often to look whether billing is due, or a change of settings that was dated ahead. The run of a server that has stood still for three times as long is taken over." placeholder:"DURATION"`
	Welcome       string        `help:"A file that demo --credentials wrote: its tokens are shown, with a query to begin with."                                                   placeholder:"FILE"`

	Door doorFlags `embed:""`

	telemetry *telemetry
	exports   *exports
	rests     rests
}

const (
	maxHeader      = 64 << 10
	maxConnections = 4096
	maxRunning     = 256 // requests at once; the pool of connections to the database bounds what they do
	headerTimeout  = 10 * time.Second
	idleTimeout    = 2 * time.Minute
	writeTimeout   = 30 * time.Second       // for an answer to reach its client
	firstPatience  = 250 * time.Millisecond // for a database that is not there yet, the first time
	longPatience   = 8 * time.Second        // and after a while

	// The garbage collector begins anew when the heap has grown by a part of itself, and the heap of a server at work is small. Of
	// room that is held and never touched, so that the system gives no memory for it, the same part is there to grow by: a dozen
	// megabytes always, where a report of a large network may need a hundred, and would else grow by as many. It is
	// made before the heap has grown: memory that was used before would have to be cleared.
	room      = 48 << 20
	heapGrows = 25 // percent
)

// Validate refuses what would keep the server busy with looking, or let it answer nothing.
func (c *serveCommand) Validate() error {
	switch {
	case c.BillingEvery <= 0:
		return errors.New("--billing-every must be more than 0, such as 30s")
	case c.Timeout <= 0:
		return errors.New("--timeout must be more than 0, such as 60s")
	default:
		return c.Door.check()
	}
}

// prepare makes what must be there before the database is opened, and is how it is opened.
func (c *serveCommand) prepare(ctx context.Context) ([]database.Option, error) {
	var err error
	if c.telemetry, err = newTelemetry(ctx, c.MetricsListen != ""); err != nil {
		return nil, err
	}
	return append(c.telemetry.database(), database.AnswersWithin(c.Timeout)), nil
}

// Run serves until the process is told to stop, and lets what is running finish.
func (c *serveCommand) Run(a *app) error {
	defer debug.SetGCPercent(debug.SetGCPercent(heapGrows))
	defer runtime.KeepAlive(make([]byte, room))
	greeting, err := readWelcome(c.Welcome)
	if err != nil {
		return fmt.Errorf("read the welcome: %w", err)
	}
	d, err := c.Door.open(a, operations{c.telemetry.traces.Tracer("referrals")})
	if err != nil {
		return err
	}
	listener, err := listen(a, c.Listen)
	if err != nil {
		return err
	}
	looked := newHealth(a.db)
	c.telemetry.watch(a, looked)
	c.exports = &exports{a.db.Client, a.ledger, d.budgets}
	main := c.server(c.routes(d, looked))
	failed := make(chan error, 2)
	go func() { failed <- main.Serve(listener) }()
	if c.MetricsListen != "" {
		inside, err := listen(a, c.MetricsListen)
		if err != nil {
			return err
		}
		metrics := c.server(c.telemetry.handler())
		defer func() { _ = metrics.Close() }()
		go func() { failed <- metrics.Serve(inside) }()
		slog.Info("metrics", "address", "http://"+inside.Addr().String()+"/metrics")
	}
	at := "http://" + listener.Addr().String()
	engine, err := c.reach(a, at)
	if err != nil {
		_ = main.Close()
		return err
	}
	looked.welcome()
	watched, unwatch := context.WithCancel(a)
	defer unwatch()
	go looked.watch(watched)
	slog.Info("listening", "address", at, "graphql", at+graphqlPath, "explorer", at+"/explorer", "database", engine)
	greeting.say(a.stderr, at)
	defer c.takeEffectByItself(a)()
	if !c.NoBilling {
		defer c.billByItself(a)()
	}
	looks := time.NewTicker(quiet)
	defer looks.Stop()
	go c.rests.watch(watched, looks.C, rest)
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-a.Done():
	}
	return c.stop(a, main, looked)
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return netutil.LimitListener(listener, maxConnections), nil
}

// server bounds how long everything may take that somebody outside could draw out.
func (c *serveCommand) server(routes http.Handler) *http.Server {
	return &http.Server{
		Handler: routes, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: c.Timeout, WriteTimeout: c.longest(), IdleTimeout: idleTimeout,
	}
}

// longest is how long a request can take: its own time, that of a commit which is not answered, and the answer's way.
func (c *serveCommand) longest() time.Duration { return 2*c.Timeout + writeTimeout }

// reach waits for the database, for as long as it takes, and sees to it that its tables are those of this program.
// Meanwhile requests are told that nobody is here yet.
func (c *serveCommand) reach(a *app, at string) (engine string, err error) {
	for patience := firstPatience; ; patience = min(2*patience, longPatience) {
		if err = ping(a, a.db, patience); err == nil {
			if err = ready(a, a.db, "serve"); err == nil {
				engine, err = a.db.Engine(a)
			}
		}
		switch {
		case a.Err() != nil:
			return "", errors.New("stopped before the database answered")
		case errors.Is(err, context.DeadlineExceeded): // the machine may be busy, whatever the engine
		case err == nil, a.db.Embedded(), !database.IsUnavailable(err):
			return engine, err
		}
		slog.Warn("waiting for the database", "address", at, "error", err)
	}
}

// ping waits so long for the database to answer, also where it is known at once that it does not.
func ping(ctx context.Context, db *database.Database, patience time.Duration) error {
	attempt, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := db.Ping(attempt)
	if err != nil {
		<-attempt.Done()
	}
	return err
}

// stop lets what is running finish: first /readyz says that there will be no more, then none is taken.
func (c *serveCommand) stop(a *app, main *http.Server, looked *health) error {
	looked.become(stopping)
	slog.Info("stopping: what is running may finish")
	time.Sleep(c.Drain)
	patience, cancel := context.WithTimeout(context.WithoutCancel(a), c.longest())
	defer cancel()
	err := main.Shutdown(patience)
	if err != nil {
		_ = main.Close()
		err = fmt.Errorf("stop: requests were cut off: %w", err)
	}
	return errors.Join(err, c.telemetry.flush(patience))
}

// routes is everything that the server answers.
func (c *serveCommand) routes(d *door, looked *health) http.Handler {
	asked := http.NewServeMux()
	asked.Handle(graphqlPath, d.graphql)
	asked.Handle("GET "+invoicePath+"{document}", d.invoices)
	if c.exports != nil {
		asked.Handle("GET "+reportPath+"{table}", c.exports.answer(exports.report))
		asked.Handle("GET "+linePath+"{line}/{table}", c.exports.answer(exports.conversions))
	}
	admitted := d.origins.shared(c.admit(looked, c.rests.around(d.signIn(asked))))
	mux := http.NewServeMux()
	for _, path := range []string{graphqlPath, invoicePath, reportPath, linePath} {
		mux.Handle(path, admitted)
	}
	mux.Handle("/explorer/", explorer.Handler(c.Door.explorer(d.identities)))
	mux.HandleFunc("GET "+alivePath, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET "+readyPath, looked.readiness)
	return c.telemetry.around(graphqlPath, c.identify(d.origins.protected(mux)))
}

// The paths that the server knows.
const (
	graphqlPath = "/graphql"
	invoicePath = "/invoices/"
	reportPath  = "/reports/"
	linePath    = "/invoice-lines/"
	alivePath   = "/healthz"
	readyPath   = "/readyz"
)

// admit bounds how many requests run at once and how long each may. Whoever comes beyond that is told to come again,
// at once: a queue would only make everybody late.
func (c *serveCommand) admit(looked *health, next http.Handler) http.Handler {
	running := make(chan struct{}, maxRunning)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, reason := looked.ready(); reason == starting {
			graph.Refuse(w, r, commission.Refuse(commission.Unavailable, "", "this server is starting: try again in a moment"))
			return
		}
		select {
		case running <- struct{}{}:
		default:
			c.telemetry.turnedAway.Inc()
			graph.Refuse(w, r, commission.Refuse(commission.Unavailable, "", "too many requests are running: try again in a moment"))
			return
		}
		c.telemetry.running.Inc()
		defer func() {
			c.telemetry.running.Dec()
			<-running
		}()
		ctx, cancel := context.WithTimeout(r.Context(), c.within(r.URL.Path))
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// within is how long a request may take: a table is there when it was read and taken.
func (c *serveCommand) within(path string) time.Duration {
	if strings.HasPrefix(path, reportPath) || strings.HasPrefix(path, linePath) {
		return max(c.Timeout, exportTimeout)
	}
	return c.Timeout
}

// exchange is what the log tells of a request when it is answered.
type exchange struct {
	operation, code string        // of GraphQL, where it came so far
	viewer          viewer.Viewer // who asked
}

type exchangeKey struct{}

// exchangeOf is where to note what becomes of the request; outside of identify nobody tells of it.
func exchangeOf(ctx context.Context) *exchange {
	if told, there := ctx.Value(exchangeKey{}).(*exchange); there {
		return told
	}
	return &exchange{}
}

// identify gives every request an id, which is in the log and in the answer's headers, says from which address it
// comes, and logs how it was answered: who asked for what, without a word of what was said.
func (c *serveCommand) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()
		w.Header().Set("X-Request-Id", id)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store") // unless an answer says otherwise
		address, _, _ := net.SplitHostPort(r.RemoteAddr)
		if c.AddressHeader != "" { // the last entry is the one that the proxy itself wrote
			entries := strings.Split(r.Header.Get(c.AddressHeader), ",")
			address = strings.TrimSpace(entries[len(entries)-1])
		}
		var told exchange
		ctx := context.WithValue(graph.WithReceived(r.Context(), graph.Received{RequestID: id, Address: address}), exchangeKey{}, &told)
		answer := &answer{ResponseWriter: w, status: http.StatusOK}
		began := time.Now()
		recovered(answer, r.WithContext(ctx), next)
		took := time.Since(began)
		path := "other"
		switch r.URL.Path {
		case graphqlPath:
			path = graphqlPath
			slog.LogAttrs( // which allocates less, for every request
				ctx, slog.LevelInfo, "answered", slog.Int("status", answer.status), slog.String("operation", told.operation),
				slog.String("code", told.code), slog.String("role", string(told.viewer.Role)), slog.Int("account", told.viewer.AccountID),
				slog.Int("network", told.viewer.NetworkID), slog.Duration("took", took.Round(time.Microsecond)),
			)
		case alivePath, readyPath: // asked for every few seconds
			path = r.URL.Path
		}
		c.telemetry.answered(path, answer.status, told, took)
	})
}

// recovered has a request answered, also where the answer panics.
func recovered(w http.ResponseWriter, r *http.Request, next http.Handler) {
	defer func() {
		switch panicked := recover(); panicked {
		case nil:
		case http.ErrAbortHandler: // which asks for just that
			panic(panicked)
		default:
			slog.ErrorContext(r.Context(), "panic", "stack", string(debug.Stack()))
			graph.Refuse(w, r, fmt.Errorf("panic: %v", panicked))
		}
	}()
	next.ServeHTTP(w, r)
}

// answer remembers with which status it was given.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
