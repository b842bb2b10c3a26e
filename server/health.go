package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"partner.example/referrals/ent/database"
)

// health is whether this server should be sent requests: it is ready while the database answers, the tables are
// those of this program, and nobody has told it to stop.
type health struct {
	db    *database.Database
	state atomic.Pointer[string] // why it is not ready; nil where it is
}

const (
	healthEvery    = time.Second
	healthPatience = 3 * time.Second
)

// The reasons for which a server is not ready.
const (
	starting    = "starting"
	stopping    = "stopping: what is running may finish"
	unreachable = "the database does not answer"
	otherTables = "the tables are not those of this version of the program"
)

func newHealth(db *database.Database) *health {
	h := &health{db: db}
	h.become(starting)
	return h
}

func (h *health) become(reason string) { h.state.Store(&reason) }

// welcome says that it is ready.
func (h *health) welcome() { h.state.Store(nil) }

// ready tells whether requests are welcome, and if not, why.
func (h *health) ready() (bool, string) {
	if reason := h.state.Load(); reason != nil {
		return false, *reason
	}
	return true, ""
}

// watch looks after the database until the server is told to stop, and logs when it goes and when it is back.
func (h *health) watch(ctx context.Context) {
	ticks := time.NewTicker(healthEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			h.become(stopping)
			return
		case <-ticks.C:
		}
		err := h.look(ctx)
		was, _ := h.ready()
		switch {
		case ctx.Err() != nil:
		case err == nil && !was:
			h.welcome()
			slog.Info("the database is back")
		case errors.Is(err, database.ErrSchema):
			h.become(otherTables)
			if was {
				slog.Error("not ready", "error", err)
			}
		case err != nil:
			h.become(unreachable)
			if was {
				slog.Error("the database has gone away: it is waited for", "error", err)
			}
		}
	}
}

func (h *health) look(ctx context.Context) error {
	patience, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	return h.db.Check(patience)
}

// readiness answers /readyz.
func (h *health) readiness(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if ready, reason := h.ready(); !ready {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = fmt.Fprintln(w, reason)
		return
	}
	_, _ = fmt.Fprintln(w, "ready")
}
