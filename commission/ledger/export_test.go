package ledger

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"partner.example/referrals/commission"
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

// PlacesByID are those that sums are found by.
type PlacesByID = placesByID

// At is the place of an id, to be set.
func (p *PlacesByID) At(id int) *int32 { return p.at(id) }

// Find is the place of an id.
func (p *PlacesByID) Find(id int) int32 { return p.find(id) }

// List is rows by their places.
type List struct{ list[int] }

// Add adds a row, and gives its place.
func (l *List) Add(row int) (place int) { return int(l.add(row)) }

// At is where a row is.
func (l *List) At(place int) *int { return l.at(place) }

// Sort sorts the rows.
func (l *List) Sort() { l.sort(cmp.Compare[int]) }

// All is the rows, by their places.
func (l *List) All() (rows []int) {
	for row := range l.each() {
		rows = append(rows, *row)
	}
	return rows
}

// TakeTurn takes one of the turns at which reports of all referrals are computed.
func (l *Ledger) TakeTurn(ctx context.Context) (done func(), err error) { return l.sweeping.take(ctx) }

// FewRows is of how many rows what they show is computed at once.
const FewRows = fewRows

// ReportOf is a report of rows of one structure, each of which counted so many millionths of payout in one conversion; of 0:
// nothing. It tells what each row shows, too.
func ReportOf(currency commission.Currency, structure commission.Structure, payouts []int64) (*Report, []*Row) {
	r := &Report{Currency: currency, asked: &question{zone: time.UTC, structures: map[int]commission.Structure{1: structure}}, sums: &sumsInRange{}}
	for i, payout := range payouts {
		term := trackedOnly
		term.termID, term.structureID, term.referredDate = i+1, 1, 0
		r.add(referralPart{referralID: i + 1, endedAt: never}, term)
		if payout != 0 {
			r.rows[i].counted = r.sums.terms.add(termSumsInRange{unbilled: micros{conversions: 1, payout: payout}}) + 1
		}
	}
	r.total()
	rows := make([]*Row, len(payouts))
	for i, at := range r.rows {
		row := r.row(r.of(at), nil)
		rows[i] = &row
	}
	return r, rows
}

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
