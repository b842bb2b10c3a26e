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

// billByItself begins to run billing wherever it is due, and gives what ends it.
func (c *serveCommand) billByItself(a *app) (end func()) {
	schedule := &billing.Schedule{Billing: a.billing, Server: rand.Text(), Patience: patientLooks * c.BillingEvery, AtOnce: networksAtOnce}
	slog.Info("billing runs by itself", "server", schedule.Server, "every", c.BillingEvery)
	return c.regularly(a, slog.LevelError, "billing", func(ctx context.Context) error { return schedule.Look(ctx, tell) })
}

// takeEffectByItself begins to have changes take effect that were dated ahead, on their day. Whoever asks for anything
// of a network finds them in effect all the same: so it is no error where it cannot look.
func (c *serveCommand) takeEffectByItself(a *app) (end func()) {
	return c.regularly(a, slog.LevelWarn, "what takes effect on its day", func(ctx context.Context) error { return a.program.TakeEffect(ctx, 0) })
}

// regularly begins to look what is due, again and again, and gives what ends it: that waits for what is running.
func (c *serveCommand) regularly(a *app, complaint slog.Level, what string, look func(ctx context.Context) error) (end func()) {
	ctx, stop := context.WithCancel(a)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		looks := time.NewTicker(c.BillingEvery)
		defer looks.Stop()
		for away := false; ctx.Err() == nil; {
			err := look(ctx)
			switch {
			case ctx.Err() != nil: // told to stop
			case err != nil && !away:
				slog.Log(ctx, complaint, what+" cannot look what is due, and goes on trying", "error", err)
			case err == nil && away:
				slog.Info(what + " can look again what is due")
			}
			away = err != nil
			select {
			case <-ctx.Done():
			case <-looks.C:
			}
		}
	}()
	return func() {
		stop()
		<-ended
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
