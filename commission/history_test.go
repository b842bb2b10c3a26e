package commission_test

import (
	"math"
	"time"

	"pgregory.net/rapid"

	"partner.example/referrals/commission"
)

// The reference that attribution and sums are held against. It is slow and obvious: it knows whole
// microseconds and whole micro-units alone, looks at one conversion after the other, and shares no code
// with the package.

// never is the end of what goes on.
const never = math.MaxInt64

type (
	past []pastReferral

	pastReferral struct {
		pastSpan

		terms  []pastTerm
		pauses []pastSpan
	}

	pastSpan struct{ from, until int64 }

	pastTerm struct {
		id                    int
		flat                  bool
		from, runsOut, closed int64
	}

	// conversion is one that was reported; an adjustment names its original.
	conversion struct {
		at              int64
		revenue, payout int64
		adjusts         *conversion
	}

	total struct{ conversions, revenue, payout int64 }

	// termDay is where accruals are summed: one term, one day of the network's calendar.
	termDay struct {
		term int
		day  string
	}
)

func (s pastSpan) has(at int64) bool { return s.from <= at && at < s.until }

func (t pastTerm) window() pastSpan { return pastSpan{t.from, min(t.runsOut, t.closed)} }

// original is the conversion that c adjusts, or c itself.
func (c *conversion) original() *conversion {
	if c.adjusts != nil {
		return c.adjusts
	}
	return c
}

// explain says of a moment, reading the rules from the top, why a conversion earns then or does not,
// and which term it adds to; 0: none.
func (p past) explain(at int64) (reason commission.Reason, term int) {
	if len(p) == 0 {
		return commission.ReasonNotReferred, 0
	}
	started := false
	for _, referral := range p {
		started = started || referral.from <= at
		if !referral.has(at) {
			continue
		}
		var last *pastTerm // the last that had begun [T3]
		for i := range referral.terms {
			if begun := &referral.terms[i]; begun.from <= at && (last == nil || begun.from >= last.from) {
				last = begun
			}
		}
		switch {
		case last == nil:
			return commission.ReasonNoStructure, 0
		case !last.window().has(at) && last.runsOut <= last.closed:
			return commission.ReasonExpired, 0
		case !last.window().has(at):
			return commission.ReasonNoStructure, 0
		}
		for _, pause := range referral.pauses {
			if pause.has(at) {
				return commission.ReasonReferrerNotActive, 0
			}
		}
		if last.flat {
			return commission.ReasonFlatFee, last.id
		}
		return commission.ReasonEarned, last.id
	}
	if started {
		return commission.ReasonReferralEnded, 0
	}
	return commission.ReasonBeforeReferredDate, 0
}

// oneByOne sums what each term got on each day: by the original's moment to the term, by its own to the
// day [C5].
func (p past) oneByOne(conversions []*conversion, zone *time.Location) map[termDay]total {
	totals := map[termDay]total{}
	for _, c := range conversions {
		_, term := p.explain(c.original().at)
		if term == 0 {
			continue
		}
		key := termDay{term, time.UnixMicro(c.at).In(zone).Format("2006-01-02")}
		sum := totals[key]
		if c.adjusts == nil {
			sum.conversions++
		}
		sum.revenue += c.revenue
		sum.payout += c.payout
		totals[key] = sum
	}
	return totals
}

// referrals is the same past as the package reads it, in an order of no meaning.
func (p past) referrals(t *rapid.T) []commission.Referral {
	end := func(at int64) *time.Time {
		if at == never {
			return nil
		}
		return new(time.UnixMicro(at))
	}
	interval := func(s pastSpan) commission.Interval {
		return commission.Interval{From: time.UnixMicro(s.from), Until: end(s.until)}
	}
	var all []commission.Referral
	for _, r := range p {
		referral := commission.Referral{Interval: interval(r.pastSpan)}
		for _, term := range r.terms {
			kind := commission.TypePercentage
			if term.flat {
				kind = commission.TypeFlatFee
			}
			referral.Terms = append(referral.Terms, commission.Term{
				ID: term.id, Type: kind, ReferredDate: time.UnixMicro(term.from), WindowEndsAt: end(term.runsOut), ClosedAt: end(term.closed),
			})
		}
		for _, pause := range r.pauses {
			referral.Pauses = append(referral.Pauses, interval(pause))
		}
		referral.Terms = rapid.Permutation(referral.Terms).Draw(t, "order of terms")
		all = append(all, referral)
	}
	return rapid.Permutation(all).Draw(t, "order of referrals")
}

// hour is the grid on which histories are drawn: coarse, so that things happen at the same moment, on
// midnights and on the changes to and from daylight saving time.
const hour = int64(time.Hour / time.Microsecond)

// dawn is when the drawn histories begin: some weeks before the clocks of New York change.
var dawn = at("2026-02-15T00:00:00Z").UnixMicro()

// drawHours is a stretch of time; every now and then none.
func drawHours(t *rapid.T, label string, most int64) int64 {
	return rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, most), rapid.Int64Range(0, most)).Draw(t, label) * hour
}

// drawPast makes up the referrals that one referred partner had, one after the other, and their terms,
// one after the other: with and without a duration, closed and not, superseded in the moment in which
// they opened, revived after they had run out.
func drawPast(t *rapid.T) past {
	coin := rapid.Bool()
	var p past
	id, now := 0, dawn
	for left := rapid.IntRange(0, 3).Draw(t, "referrals"); left > 0; left-- {
		now += drawHours(t, "before the referral", 100)
		referral := pastReferral{pastSpan: pastSpan{now, never}}
		for range rapid.IntRange(0, 4).Draw(t, "terms") {
			now += drawHours(t, "before the term", 50)
			id++
			term := pastTerm{id: id, flat: coin.Draw(t, "flat fee"), from: now, runsOut: never, closed: never}
			if coin.Draw(t, "has a duration") {
				term.runsOut = now + hour + drawHours(t, "duration", 400)
			}
			if term.runsOut == never || coin.Draw(t, "closed") {
				term.closed = now + drawHours(t, "until closed", 400)
			}
			now = term.window().until
			referral.terms = append(referral.terms, term)
		}
		last := len(referral.terms) - 1
		if left == 1 && coin.Draw(t, "still holds") {
			if last >= 0 && coin.Draw(t, "still open") {
				referral.terms[last].closed = never
			}
		} else {
			now += drawHours(t, "after the last term", 50)
			referral.until = now
		}
		for pause := referral.from; coin.Draw(t, "pause"); {
			begin := pause + drawHours(t, "before the pause", 300)
			pause = begin + drawHours(t, "pause", 100)
			referral.pauses = append(referral.pauses, pastSpan{begin, pause})
		}
		if len(referral.pauses) > 0 && coin.Draw(t, "still paused") {
			referral.pauses[len(referral.pauses)-1].until = never
		}
		p = append(p, referral)
	}
	return p
}

// drawMoment is any moment of the past or, more often, one at which something begins or ends, or the
// microsecond before or after.
func (p past) drawMoment(t *rapid.T) int64 {
	var edges []int64
	for _, referral := range p {
		edges = append(edges, referral.from, referral.until)
		for _, term := range referral.terms {
			edges = append(edges, term.from, term.runsOut, term.closed)
		}
		for _, pause := range referral.pauses {
			edges = append(edges, pause.from, pause.until)
		}
	}
	anywhere := dawn + drawHours(t, "hours", 3000) + rapid.Int64Range(0, hour-1).Draw(t, "microseconds")
	if len(edges) == 0 || rapid.IntRange(0, 2).Draw(t, "on no edge") == 0 {
		return anywhere
	}
	edge := rapid.SampledFrom(edges).Draw(t, "edge")
	if edge == never {
		return anywhere
	}
	return edge + rapid.Int64Range(-1, 1).Draw(t, "beside the edge")
}

// drawConversions makes up what was reported of the partner: conversions, and adjustments of them that
// come later, up to months.
func (p past) drawConversions(t *rapid.T) []*conversion {
	amount := rapid.Int64Range(-1e9, 1e9)
	var all, originals []*conversion
	for range rapid.IntRange(0, 30).Draw(t, "conversions") {
		c := &conversion{revenue: amount.Draw(t, "revenue"), payout: amount.Draw(t, "payout")}
		if len(originals) > 0 && rapid.IntRange(0, 3).Draw(t, "is an adjustment") == 0 {
			c.adjusts = rapid.SampledFrom(originals).Draw(t, "adjusts")
			c.at = c.adjusts.at + drawHours(t, "later", 3000)
		} else {
			c.at = p.drawMoment(t)
			originals = append(originals, c)
		}
		all = append(all, c)
	}
	return all
}
