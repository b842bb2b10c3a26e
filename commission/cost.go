package commission

import (
	"math"
	"time"

	"github.com/shopspring/decimal"
)

// Past is a referral as past days know it: what a structure that is only thought of is tried on [S7].
type Past struct {
	Referral

	FirstApproval bool  // it started with the first approval of the referred partner, which alone earns a flat fee [C2]
	Through       *Date // the last day that is its own, where another referral of the same partner follows; nil: none does
	Counted       Sums  // what its terms have counted over all time
}

// Trial is a structure tried on past days: what they would have cost had it come into force with the first of
// them [S7]. A referral that started later is paid from its start, and one whose last term had run out by then
// is not paid, unless it is revived [T3].
type Trial struct {
	Structure Structure
	Days      Period
	Zone      *time.Location
	Revive    bool
}

// Days is a set of calendar days: some periods, without others.
type Days struct {
	in, out []Period
}

// Has tells whether a day is in the set.
func (d Days) Has(day Date) bool { return anyHas(d.in, day) && !anyHas(d.out, day) }

func anyHas(periods []Period, day Date) bool {
	for _, p := range periods {
		if day >= p.From && day <= p.To {
			return true
		}
	}
	return false
}

// EarningDays is the days on which a referral would have earned; with a flat fee, those that count for its threshold. A
// day in which the referral, the duration or a pause begins or ends counts whole: sums are kept by the day.
func (t Trial) EarningDays(past Past) Days {
	begin, end := t.Days.From.Start(t.Zone), (t.Days.To + 1).Start(t.Zone)
	if past.From.Before(begin) {
		if last := past.lastBegun(begin); last != nil && last.RanOut(begin) && !t.Revive {
			return Days{}
		}
	} else {
		begin = past.From
	}
	for _, other := range []*time.Time{past.Until, t.Structure.WindowEndsAt(begin, t.Zone)} {
		if other != nil && other.Before(end) {
			end = *other
		}
	}
	if !begin.Before(end) {
		return Days{}
	}
	period := t.daysOf(begin, end)
	if past.Through != nil {
		period.To = min(period.To, *past.Through)
	}
	days := Days{in: []Period{period}}
	for _, pause := range past.Pauses {
		days.out = append(days.out, wholeDays(pause, t.Zone))
	}
	return days
}

// TermDays is the days on which a term of the referral ran: what was generated then is in the terms' own sums.
func (t Trial) TermDays(past Past) Days {
	var days Days
	for _, term := range past.Terms {
		end, over := term.End()
		if !over {
			end = (t.Days.To + 1).Start(t.Zone)
		}
		days.in = append(days.in, t.daysOf(term.ReferredDate, end))
	}
	return days
}

// daysOf is the days that have a moment in [begin, end).
func (t Trial) daysOf(begin, end time.Time) Period {
	return Period{DateOf(begin, t.Zone), DateOf(end.Add(-Micro), t.Zone)}
}

// Cost is what one referral would have cost in the trial's days: the structure's commission on what the referred
// partner generated on its earning days, rounded once, where the threshold is reached by now [C3]. It is never
// below zero: a term that begins with the first day has nothing billed to take back [C6]. Tracked is what the
// referred partner generated on earning days without a term, which the thresholds of its terms know nothing of.
func (t Trial) Cost(past Past, currency Currency, earned, tracked Sums) decimal.Decimal {
	earned.Fee = decimal.Zero
	if fee, isFlat := t.Structure.Commission.(FlatFee); isFlat && past.FirstApproval && t.began(past) && past.pauseAt(past.From) == nil {
		earned.Fee = fee.Amount
	}
	if !t.Structure.ThresholdOf(past.Counted.Plus(tracked)).Reached() {
		return decimal.Zero
	}
	return decimal.Max(decimal.Zero, currency.Round(t.Structure.Earned(earned)))
}

// began tells whether the referral started within the trial's days.
func (t Trial) began(past Past) bool {
	day := DateOf(past.From, t.Zone)
	return day >= t.Days.From && day <= t.Days.To
}

// wholeDays is the days that lie in an interval from their beginning to their end.
func wholeDays(in Interval, zone *time.Location) Period {
	first := DateOf(in.From, zone)
	if first.Start(zone).Before(in.From) {
		first++
	}
	if in.Until == nil {
		return Period{first, math.MaxInt32}
	}
	return Period{first, DateOf(*in.Until, zone) - 1}
}
