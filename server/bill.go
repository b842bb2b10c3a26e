package main

import (
	"context"
	"errors"
	"fmt"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/billing"
	"partner.example/referrals/graph/scalar"
)

type billCommand struct {
	Network string `help:"The id of the network."                                                                         placeholder:"ID"   required:""`
	Through string `help:"The last day that may be billed, such as 2026-06-30; it must be over in the network's time zone." placeholder:"DATE" required:""`
	Partner string `help:"This partner alone, also where its billing frequency is MANUAL."                                placeholder:"ID"`
}

// Run bills, and says on stdout how many invoices it made.
func (c billCommand) Run(a *app) error {
	through, refusal := commission.ParseDate(c.Through)
	if refusal != nil {
		return commission.Refuse(refusal.Code, "--through", "%s", refusal.Message)
	}
	run := billing.Run{Through: through}
	if c.Partner != "" {
		if run.PartnerID = scalar.ParseID(c.Partner).Of(scalar.Partner); run.PartnerID == 0 {
			return commission.ErrNotFound("--partner", "partner")
		}
	}
	var bar progress
	made, err := a.billing.Bill(a, scalar.ParseID(c.Network).Of(scalar.Network), run, func(done, of int) {
		if bar.bar == nil {
			bar = showProgress(a.stderr, "billing partners", int64(of))
		}
		bar.at(int64(done))
	})
	bar.done()
	if err != nil {
		return cutOff(err, len(made))
	}
	_, err = fmt.Fprintf(a.stdout, "invoices=%d\n", len(made))
	return err
}

// cutOff says why a run was cut off, and what to do next.
func cutOff(err error, made int) error {
	var refusal *commission.Error
	const goOn = "cut off when %d invoices were made; run the same command again, and it goes on with the rest"
	switch {
	case errors.As(err, &refusal) && refusal.Field != "":
		return commission.Refuse(refusal.Code, "--"+refusal.Field, "%s", refusal.Message)
	case errors.Is(err, context.Canceled): // by who runs it
		return fmt.Errorf(goOn, made)
	default:
		return fmt.Errorf(goOn+": %w", made, err)
	}
}
