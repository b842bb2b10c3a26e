package main

import (
	"errors"
	"fmt"
	"log/slog"
)

type verifyCommand struct{}

// Run says on stdout what differs, a line each.
func (verifyCommand) Run(a *app) error {
	differences := 0
	conversions, err := a.ledger.Verify(a, func(difference string) {
		differences++
		_, _ = fmt.Fprintln(a.stdout, difference)
	})
	if err != nil {
		return err
	}
	if differences > 0 {
		return errors.New("the sums are not what the conversions add up to: see above")
	}
	slog.Info("every sum is what the conversions add up to", "conversions", conversions)
	return nil
}
