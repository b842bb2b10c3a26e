package ledger

import (
	"cmp"
	"context"
	"iter"
	"strings"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
)

// sumsInRange is what terms counted in the report's range, by what became of it: in whole numbers, and without pointers that the
// garbage collector would have to follow, since there are as many as terms that counted something.
type sumsInRange struct {
	terms  list[termSumsInRange]
	lines  list[lineSums]
	places placesByID // of terms, counted from one
}

// termSumsInRange is the part of one term.
type termSumsInRange struct {
	unbilled micros
	shown    shown
	lastLine int32 // the one among the lines that came last, counted from one; 0: none
}

// lineSums is what of a term is on one invoice line, or was given up.
type lineSums struct {
	micros

	lineID int
	before int32 // the one of the same term that came before it, counted from one; 0: none
	hidden bool  // from the partner that asks
}

// shown is the amounts of a row once it is computed, by numbers as rankOf gives them.
type shown struct{ billed, balance, unbilled, belowThreshold int64 }

// sums reads what each term of some referrals counted in the range: unbilled, forfeited, and by invoice line. It is one
// statement, so that all of it is of one moment.
func (l *Ledger) sums(ctx context.Context, q database.Querier, asked *question, of referrals) (*sumsInRange, error) {
	var which []string // they read their own rows alone
	var whose []any
	if len(asked.referrers) > 0 {
		which = append(which, "r.referrer_id IN ("+database.Placeholders(len(asked.referrers))+")")
		for _, id := range asked.referrers {
			whose = append(whose, id)
		}
	}
	if of != everyReferral {
		which, whose = append(which, "r.id > ? AND r.id <= ?"), append(whose, of.after, of.upTo)
	}
	query, args := asked.days.statement(asked.network.ID, strings.Join(which, " AND "), whose, asked.own)
	read := database.Sweep
	if len(which) > 0 { // of few, which is not worth the longer way
		q, read = asked.often(q), database.EachValues
	}
	sums := &sumsInRange{}
	var tooLarge error
	err := read(ctx, q, query, args, func(row *database.Values) {
		tooLarge = cmp.Or(tooLarge, sums.add(row.Int(0), row, 1, asked.own != nil))
	})
	return sums, cmp.Or(err, tooLarge)
}

// These are the columns of a row of sums: sumColumns, and behind them for a partner whether the line is hidden from it.
const (
	lineOfSums = iota
	conversionsOfSums
	revenueOfSums
	payoutOfSums
	feeOfSums
	isHiddenOfSums
)

// placeOf is the place of a term's sums, counted from one; 0: it counted nothing.
func (s *sumsInRange) placeOf(termID int) int32 { return s.places.find(termID) }

// at is the sums at such a place.
func (s *sumsInRange) at(place int32) *termSumsInRange { return s.terms.at(int(place - 1)) }

// add adds a row of sums of a term, whose columns begin at one.
func (s *sumsInRange) add(termID int, row *database.Values, at int, own bool) (err error) {
	lineID := row.Int(at + lineOfSums)
	part := micros{
		conversions: int64(row.Int(at + conversionsOfSums)), revenue: int64(row.Int(at + revenueOfSums)),
		payout: int64(row.Int(at + payoutOfSums)), fee: int64(row.Int(at + feeOfSums)),
	}
	place := s.places.at(termID)
	if *place == 0 {
		*place = s.terms.add(termSumsInRange{}) + 1
	}
	counted := s.at(*place)
	if lineID == unbilledLine {
		counted.unbilled, err = counted.unbilled.plus(part)
		return err
	}
	return s.addTo(counted, lineSums{micros: part, lineID: lineID, hidden: own && row.Int(at+isHiddenOfSums) != 0})
}

// addTo adds to the sums of a line, which is among the last where it is there: months come in order.
func (s *sumsInRange) addTo(counted *termSumsInRange, part lineSums) (err error) {
	for line := range s.linesOf(counted) {
		if line.lineID == part.lineID {
			line.micros, err = line.plus(part.micros)
			return err
		}
	}
	part.before = counted.lastLine
	counted.lastLine = s.lines.add(part) + 1
	return nil
}

// linesOf is the lines of a term, the last first.
func (s *sumsInRange) linesOf(counted *termSumsInRange) iter.Seq[*lineSums] {
	return func(yield func(*lineSums) bool) {
		for at := counted.lastLine; at > 0; {
			line := s.lines.at(int(at - 1))
			if !yield(line) {
				return
			}
			at = line.before
		}
	}
}

// rowSums is what a term's row is computed from.
func (s *sumsInRange) rowSums(counted *termSumsInRange) commission.RowSums {
	row := commission.RowSums{Unbilled: counted.unbilled.sums()}
	for line := range s.linesOf(counted) {
		switch {
		case isGivenUp(line.lineID):
		case line.hidden:
			row.Hidden = append(row.Hidden, line.sums())
		default:
			row.Lines = append(row.Lines, line.sums())
		}
	}
	return row
}

// all is everything that a term counted in the range, also what was given up.
func (s *sumsInRange) all(counted *termSumsInRange) commission.Sums {
	all := counted.unbilled.sums()
	for line := range s.linesOf(counted) {
		all = all.Plus(line.sums())
	}
	return all
}

// conversions is how many they are.
func (s *sumsInRange) conversions(counted *termSumsInRange) int64 {
	count := counted.unbilled.conversions
	for line := range s.linesOf(counted) {
		count += line.conversions
	}
	return count
}

// shows keeps what the term's row shows.
func (t *termSumsInRange) shows(amounts commission.Amounts) {
	t.shown = shown{billed: rankOf(amounts.Billed), unbilled: rankOf(amounts.Unbilled), belowThreshold: rankOf(amounts.BelowThreshold)}
	if amounts.Balance != nil {
		t.shown.balance = rankOf(*amounts.Balance)
	}
}

// placesByID are places by ids, of which most are near the one that was asked for before, as they are in a table. To
// find each in a map by itself took a third of the time in which sums are read.
type placesByID struct {
	blocks map[int]*block
	last   *block // that was looked into last, by its number
	number int
}

// block is the places of neighbours. Of ids that have no neighbours each takes one.
type block [32]int32

// find is the place of an id; 0: it has none.
func (p *placesByID) find(id int) int32 {
	if p.look(id) == nil {
		return 0
	}
	return p.last[id%len(block{})]
}

// at is the place of an id, to be read or set.
func (p *placesByID) at(id int) *int32 {
	if p.look(id) == nil {
		if p.blocks == nil {
			p.blocks = map[int]*block{}
		}
		p.last = &block{}
		p.blocks[p.number] = p.last
	}
	return &p.last[id%len(block{})]
}

// look looks into the block of an id; nil: there is none.
func (p *placesByID) look(id int) *block {
	if number := id / len(block{}); p.last == nil || number != p.number {
		p.number, p.last = number, p.blocks[number]
	}
	return p.last
}
