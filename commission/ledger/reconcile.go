package ledger

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/viewer"
)

// Reconciliation is what referrers earned, from the conversions, beside what has become of it, as it is stored: the two
// are the same where nothing was lost, doubled or tampered with.
type Reconciliation struct {
	AsOf time.Time
	Shares

	// Rounding is what rounding has added to the exact commission: each line is rounded once, and so is what each term
	// has on no line [C7]. Less than zero where it has taken away.
	Rounding    decimal.Decimal
	Referrers   []*ReferrerShares
	Differences []*Difference // the first of them
	Found       int           // how many differences there are
}

// Balanced tells whether every row is what follows from the conversions, and all that was earned is somewhere.
func (r *Reconciliation) Balanced() bool { return r.Found == 0 && r.adds() }

// Shares is what was earned, and its four parts: rounded as invoices and the report round it.
type Shares struct {
	Earned         decimal.Decimal // from the conversions and the first approvals alone
	Billed         decimal.Decimal // on the lines of invoices that stand
	Unbilled       decimal.Decimal // payable, and on none
	BelowThreshold decimal.Decimal // waiting for minimum earnings [C3]
	Forfeited      decimal.Decimal // given up when a referral ended [A6], or voided
}

func (s *Shares) adds() bool {
	return s.Earned.Equal(s.Billed.Add(s.Unbilled).Add(s.BelowThreshold).Add(s.Forfeited))
}

func (s *Shares) add(other Shares) {
	s.Earned, s.Billed, s.Unbilled = s.Earned.Add(other.Earned), s.Billed.Add(other.Billed), s.Unbilled.Add(other.Unbilled)
	s.BelowThreshold, s.Forfeited = s.BelowThreshold.Add(other.BelowThreshold), s.Forfeited.Add(other.Forfeited)
}

// exact is the shares with the decimals with which the currency is written.
func (s *Shares) exact(currency commission.Currency) {
	for _, amount := range []*decimal.Decimal{&s.Earned, &s.Billed, &s.Unbilled, &s.BelowThreshold, &s.Forfeited} {
		*amount = currency.Exact(*amount)
	}
}

// ReferrerShares is the shares of one referrer.
type ReferrerShares struct {
	ReferrerID int
	Shares
}

// differencesShown is how many differences a reconciliation names; what is broken that much has one cause.
const differencesShown = 100

// Reconcile recomputes a network from its conversions and holds it against what is stored, row by row, as Verify does.
// It reads the network as it is at one moment, and holds nobody up. For ADMIN and SUPPORT.
func (l *Ledger) Reconcile(ctx context.Context, network *ent.Network) (*Reconciliation, error) {
	if _, err := viewer.Require(ctx, network.ID, commission.Admin, commission.Support); err != nil {
		return nil, err
	}
	var differences []*Difference
	found, asOf := 0, commission.Moment(l.Now())
	r, _, err := l.prove(ctx, network, func(d Difference) {
		if found++; found <= differencesShown {
			differences = append(differences, &d)
		}
	})
	if err != nil {
		return nil, err
	}
	r.AsOf, r.Differences, r.Found = asOf, differences, found
	return r, nil
}

// reconcile adds up what follows from the conversions, and beside it what is stored.
func (p *proof) reconcile(ctx context.Context) (*Reconciliation, error) {
	stored, err := p.storedPlaces(ctx)
	if err != nil {
		return nil, err
	}
	billed, err := p.storedLines(ctx)
	if err != nil {
		return nil, err
	}
	reached := p.reached()
	r := &Reconciliation{}
	byReferrer := map[int]*ReferrerShares{}
	for _, at := range places(p.counts, stored, billed) {
		term := p.terms[at.term]
		if term == nil { // a row of another network's term, or of none: it was told of
			continue
		}
		worth := term.structure.Earned(p.counts[at])
		shares := Shares{Earned: p.network.Currency.Round(worth)}
		open := p.network.Currency.Round(term.structure.Earned(stored[at]))
		switch {
		case at.line > 0:
			shares.Billed = billed[at]
		case isGivenUp(at.line):
			shares.Forfeited = open
		case reached[at.term]:
			shares.Unbilled = open
		default:
			shares.BelowThreshold = open
		}
		if !shares.adds() {
			p.tell(Difference{
				Row: at.words(), ReferrerID: term.referrerID, Expected: &shares.Earned,
				Found: pointer(shares.Billed.Add(shares.Unbilled).Add(shares.BelowThreshold).Add(shares.Forfeited)),
			})
		}
		r.add(shares)
		r.Rounding = r.Rounding.Add(shares.Earned.Sub(worth))
		if byReferrer[term.referrerID] == nil {
			byReferrer[term.referrerID] = &ReferrerShares{ReferrerID: term.referrerID}
		}
		byReferrer[term.referrerID].add(shares)
	}
	r.exact(p.network.Currency)
	r.Rounding = p.network.Currency.Exact(r.Rounding.Round(commission.Scale))
	for _, id := range slices.Sorted(maps.Keys(byReferrer)) {
		byReferrer[id].exact(p.network.Currency)
		r.Referrers = append(r.Referrers, byReferrer[id])
	}
	return r, nil
}

// storedPlaces is what accruals sum, by term and line.
func (p *proof) storedPlaces(ctx context.Context) (map[place]commission.Sums, error) {
	stored := map[place]commission.Sums{}
	return stored, database.Each(ctx, p.db, `
		SELECT term_id, line_id, SUM(conversions), SUM(revenue), SUM(payout), SUM(fee)
		FROM accrual WHERE network_id = ? GROUP BY term_id, line_id`, []any{p.network.ID}, func(row *stdsql.Rows) error {
		var at place
		sums, err := scanSums(row, &at.term, &at.line)
		stored[at] = sums
		return err
	})
}

// storedLines is what the lines of invoices that stand pay for terms.
func (p *proof) storedLines(ctx context.Context) (map[place]decimal.Decimal, error) {
	billed := map[place]decimal.Decimal{}
	return billed, database.Each(ctx, p.db, `
		SELECT l.term_id, l.id, l.amount FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
		WHERE l.network_id = ? AND l.term_id IS NOT NULL AND i.status <> 'DELETED'`, []any{p.network.ID}, func(row *stdsql.Rows) error {
		var at place
		var amount int64
		err := row.Scan(&at.term, &at.line, &amount)
		billed[at] = commission.FromMicros(amount)
		return err
	})
}

// reached tells of which terms the threshold is reached, by the totals that are stored.
func (p *proof) reached() map[int]bool {
	terms := slices.SortedFunc(maps.Values(p.terms), func(a, b *provedTerm) int {
		return cmp.Or(cmp.Compare(a.referralID, b.referralID), cmp.Compare(a.id, b.id))
	})
	reached := make(map[int]bool, len(terms))
	var through commission.Sums
	for i, t := range terms {
		if i == 0 || terms[i-1].referralID != t.referralID {
			through = commission.Sums{}
		}
		if !t.granted {
			through = through.Plus(t.total)
		}
		reached[t.id] = t.structure.ThresholdOf(through).Reached()
	}
	return reached
}

// places is all of them, in order.
func places(counts, stored map[place]commission.Sums, billed map[place]decimal.Decimal) []place {
	all := map[place]struct{}{}
	for at := range counts {
		all[at] = struct{}{}
	}
	for at := range stored {
		all[at] = struct{}{}
	}
	for at := range billed {
		all[at] = struct{}{}
	}
	return slices.SortedFunc(maps.Keys(all), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.term, b.term), cmp.Compare(a.line, b.line))
	})
}

// words names a place.
func (at place) words() string {
	switch {
	case at.line == unbilledLine:
		return fmt.Sprintf("term %d has another amount on no invoice than its conversions earned", at.term)
	case isGivenUp(at.line):
		return fmt.Sprintf("term %d has given up another amount than its conversions earned", at.term)
	default:
		return fmt.Sprintf("term %d is paid another amount by line %d than its conversions earned", at.term, at.line)
	}
}

func pointer[T any](v T) *T { return &v }
