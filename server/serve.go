package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/graph"
	"partner.example/referrals/server/explorer"
)

type serveCommand struct {
	Listen        string        `default:"${listen}" help:"The address to listen on." placeholder:"ADDR"`
	AddressHeader string        `help:"The header in which the proxy before this server tells its client's address, such as X-Forwarded-For; without it the connection's counts." placeholder:"NAME"`
	NoBilling     bool          `help:"Do not run billing by itself after midnight; another server on the same database does, or referrals bill."`
	BillingEvery  time.Duration `default:"30s" help:"How often to look whether billing is due. The run of a server that has stood still for three times as long is taken over." placeholder:"DURATION"`
	Welcome       string        `help:"A file that demo --credentials wrote: its tokens are shown, with a query to begin with." placeholder:"FILE"`
}

const (
	maxBody         = 8 << 20 // 10,000 conversions take some 2 MB
	headerTimeout   = 10 * time.Second
	requestTimeout  = 60 * time.Second
	idleTimeout     = 2 * time.Minute
	shutdownTimeout = 30 * time.Second
)

// Validate refuses what would keep the server busy with looking.
func (c serveCommand) Validate() error {
	if c.BillingEvery <= 0 {
		return errors.New("--billing-every must be more than 0, such as 30s")
	}
	return nil
}

// Run serves until the process is told to stop, and lets what is running finish.
func (c serveCommand) Run(a *app) error {
	engine, err := a.db.Engine(a)
	if err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	greeting, err := readWelcome(c.Welcome)
	if err != nil {
		return fmt.Errorf("read the welcome: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(a, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Listen, err)
	}
	server := &http.Server{
		Handler:           c.routes(graph.New(a.db, a.ledger, a.program, a.billing).Handler(), &door{program: a.program, identities: newIdentities(a.program)}),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout, IdleTimeout: idleTimeout,
	}
	slog.Info("listening", "address", "http://"+listener.Addr().String(), "graphql", "http://"+listener.Addr().String()+"/graphql", "explorer", "http://"+listener.Addr().String()+"/explorer", "database", engine)
	greeting.say(a.stderr, "http://"+listener.Addr().String())
	if !c.NoBilling {
		defer c.billByItself(a)()
	}
	stopped := make(chan error, 1)
	go func() {
		<-a.Done()
		slog.Info("stopping: what is running may finish")
		patience, cancel := context.WithTimeout(context.WithoutCancel(a), shutdownTimeout)
		defer cancel()
		stopped <- server.Shutdown(patience)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return <-stopped
}

// routes is everything that the server answers.
func (c serveCommand) routes(graphql http.Handler, d *door) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/graphql", d.signIn(http.MaxBytesHandler(graphql, maxBody)))
	mux.Handle("/explorer/", explorer.Handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	return c.identify(http.NewCrossOriginProtection().Handler(mux))
}

// identify gives every request an id, which is in the log and in the answer's headers, and says from which
// address it comes.
func (c serveCommand) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()
		w.Header().Set("X-Request-Id", id)
		address, _, _ := net.SplitHostPort(r.RemoteAddr)
		if c.AddressHeader != "" { // the last entry is the one that the proxy itself wrote
			entries := strings.Split(r.Header.Get(c.AddressHeader), ",")
			address = strings.TrimSpace(entries[len(entries)-1])
		}
		next.ServeHTTP(w, r.WithContext(graph.WithAddress(graph.WithRequestID(r.Context(), id), address)))
	})
}

// refuse answers a request that GraphQL never sees, in GraphQL's form.
func refuse(w http.ResponseWriter, status int, refusal *commission.Error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"errors": []any{map[string]any{"message": refusal.Message, "extensions": map[string]any{"code": refusal.Code}}},
	})
}
