package commission

import "time"

// Period is calendar days in the network's time zone, both included: what an invoice covers [I1].
type Period struct{ From, To Date }

// bimonthlyDay is the day of the month on which the second period of BIMONTHLY begins.
const bimonthlyDay = 16

// LastPeriod is the last period of a billing frequency that was over at the end of a day [I1]: weeks from
// Monday, half months from the 1st and the 16th, months, every two months from January, quarters. MANUAL has
// no periods of its own: false.
func (f BillingFrequency) LastPeriod(through Date) (Period, bool) {
	next := through + 1 // a period is over when the next one begins
	year, month, day := next.Civil()
	switch f {
	case Weekly:
		monday := next - Date((int(next.Weekday())+6)%7) //nolint:mnd // days since Monday
		return Period{monday - daysAWeek, monday - 1}, true
	case Bimonthly:
		first := NewDate(year, month, 1)
		if day >= bimonthlyDay {
			return Period{first, first + bimonthlyDay - 2}, true
		}
		return Period{first.AddMonths(-1) + bimonthlyDay - 1, first - 1}, true
	case Monthly, TwoMonths, Quarterly:
		months := map[BillingFrequency]int{Monthly: 1, TwoMonths: 2, Quarterly: 3}[f] //nolint:mnd // a quarter
		begun := time.Month((int(month)-1)/months*months + 1)
		first := NewDate(year, begun, 1)
		return Period{first.AddMonths(-months), first - 1}, true
	default:
		return Period{}, false
	}
}
