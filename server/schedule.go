package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"partner.example/referrals/commission/billing"
	"partner.example/referrals/graph/scalar"
)

const (
	// patientLooks is for how many looks the billing run of another server may stand still.
	patientLooks = 3
	// networksAtOnce keeps one large network from holding up all others.
	networksAtOnce = 4
)

// billByItself begins to run billing wherever it is due, and gives what ends it: that waits for what is running.
func (c *serveCommand) billByItself(a *app) (end func()) {
	schedule := &billing.Schedule{Billing: a.billing, Server: rand.Text(), Patience: patientLooks * c.BillingEvery, AtOnce: networksAtOnce}
	slog.Info("billing runs by itself", "server", schedule.Server, "every", c.BillingEvery)
	ctx, stop := context.WithCancel(a)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.look(ctx, schedule)
	}()
	return func() {
		stop()
		<-ended
	}
}

func (c *serveCommand) look(ctx context.Context, schedule *billing.Schedule) {
	looks := time.NewTicker(c.BillingEvery)
	defer looks.Stop()
	for away := false; ctx.Err() == nil; {
		err := schedule.Look(ctx, tell)
		switch {
		case ctx.Err() != nil: // told to stop
		case err != nil && !away:
			slog.Error("billing cannot look what is due, and goes on trying", "error", err)
		case err == nil && away:
			slog.Info("billing can look again what is due")
		}
		away = err != nil
		select {
		case <-ctx.Done():
		case <-looks.C:
		}
	}
}

// tell logs what came of a billing run.
func tell(turn billing.Turn) {
	log := slog.With("network", scalar.ID{Type: scalar.Network, Row: turn.NetworkID}, "through", turn.Through,
		"invoices", turn.Made, "took", turn.Took.Round(time.Millisecond))
	if turn.From != "" {
		log = log.With("taken_over_from", turn.From)
	}
	switch {
	case turn.Err == nil:
		log.Info("billed")
	case errors.Is(turn.Err, context.Canceled):
		log.Info("billing was stopped; the next server that looks goes on")
	case errors.Is(turn.Err, billing.ErrTakenOver):
		log.Warn("billing was taken over by another server: this one stood still for too long")
	default:
		log.Error("billing failed; it is tried again, with what is left", "error", turn.Err)
	}
}
