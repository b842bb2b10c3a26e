package ledger

import (
	"context"
	"fmt"

	ent "partner.example/referrals/ent/generated"
)

// Statement reads what the terms of a network counted in the range.
func (r Range) Statement(networkID int) (query string, args []any) {
	return r.statement(networkID, "", nil, nil)
}

// Measuring is how Measures asks about one term.
var Measuring = fmt.Sprintf(measuring, "?")

// Bounds of what is read ahead for the report of a referrer.
const (
	MeasuredAtOnce = measuredAtOnce
	FewReferrals   = fewReferrals
)

// ReportAfter is a report whose structures were read before a change, and all else after it.
func (l *Ledger) ReportAfter(ctx context.Context, network *ent.Network, days Range, filter Filter, change func()) (*Report, error) {
	asked, err := l.ask(ctx, network, days, filter)
	if err != nil {
		return nil, err
	}
	if err := l.readStructures(ctx, l.DB, asked); err != nil {
		return nil, err
	}
	change()
	return l.report(ctx, l.DB, asked, everyReferral)
}
