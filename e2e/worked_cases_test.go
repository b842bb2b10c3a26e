package e2e_test

import (
	"testing"
	"time"
)

// The worked cases of docs/rules.md, section 9. N7 to N9 are among the stories of invoices.

func TestN1_tenPercentOfPayoutForOneMonth(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent.lasting(1, "MONTH"))
		bob := p.Active("Bob", p.Active("Ann"))
		p.At("2026-03-10 10:00")
		p.Converts(bob, "2026-02-10 09:00", "60")
		p.Converts(bob, "2026-03-01 09:00", "40")
		p.Converts(bob, "2026-03-03 09:00", "500")
		p.Reports("2026-02-01", "2026-03-31", "Ann > Bob, 10% of payout for 1 month: EXPIRED 10.00")
	})
}

func TestN2_nothingUntilTheMinimumEarningsAreReachedThenAllOfIt(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent.from("100"))
		bob := p.Active("Bob", p.Active("Ann"))
		p.At("2026-02-10 10:00")
		p.Converts(bob, "2026-02-02 09:00", "60")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout, from 100.00 earned: BELOW_THRESHOLD 0.00, waiting 6.00")
		p.Converts(bob, "2026-02-03 09:00", "39.99")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout, from 100.00 earned: BELOW_THRESHOLD 0.00, waiting 10.00")
		p.Converts(bob, "2026-02-04 09:00", "0.01")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout, from 100.00 earned: EARNING 10.00")
	})
}

func TestN3_aMonthFrom31JanuaryEndsBefore28February(t *testing.T) {
	onEachEngine(t, func(p *product) {
		for _, last := range []string{"2026-02-28", "2028-02-29"} {
			year := last[:4]
			p.each("in "+year, func(p *product) {
				p.At(year + "-01-31 10:00")
				p.Global(tenPercent.lasting(1, "MONTH"))
				ann := p.Active("Ann " + year)
				bob := p.Active("Bob", ann)
				row := p.theRow(year+"-01-01", year+"-12-31", ann, bob)
				begin, end := row.ReferredDate.In(p.zone), row.WindowEndsAt.In(p.zone)
				if end.Format(time.DateOnly) != last || end.Format("15:04:05.999999") != begin.Format("15:04:05.999999") || begin.Hour() != 10 {
					p.Errorf("the term runs from %s to %s", begin, end)
				}
				p.At(year + "-03-10 10:00")
				const micro = time.Microsecond
				for _, at := range []time.Time{begin.Add(-micro), begin, end.Add(-micro), end} {
					p.Converts(bob, at.Format(time.RFC3339Nano), "100")
				}
				p.ReportsOnly(year+"-01-01", year+"-12-31", vars{"referrer": ann}, "Ann "+year+" > Bob, 10% of payout for 1 month: EXPIRED 20.00")
			})
		}
	})
}

func TestN4_payoutsAreSummedBeforeTheyAreMultipliedAndRounded(t *testing.T) {
	for currency, want := range map[string]struct{ payout, commission string }{
		"USD": {"0.10", "0.10"}, "JPY": {"1", "1"}, "KWD": {"0.010", "0.010"},
	} {
		t.Run(currency, func(t *testing.T) {
			onEachEngineIn(t, currency, "Asia/Tokyo", func(p *product) {
				p.At("2026-02-01 10:00")
				p.Global(percent("33.3333", "PAYOUT"))
				bob := p.Active("Bob", p.Active("Ann"))
				p.At("2026-02-10 10:00")
				for range 3 {
					p.Converts(bob, "2026-02-02 09:00", want.payout)
				}
				p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 33.3333% of payout: EARNING "+want.commission)
			})
		})
	}
}

func TestN5_aChangeOfStructurePaysTheOldRowUpToItsMomentAndTheNewOneFromThere(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-06-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		p.At("2026-06-15 00:00")
		if got := p.Global(percent("5", "PAYOUT")).String(); got != "closed 1, opened 1, left expired 0" {
			p.Errorf("the change %s", got)
		}
		changed := *p.theRow("2026-06-01", "2026-06-30", ann, bob).ReferredDate
		p.At("2026-06-20 10:00")
		p.Converts(bob, "2026-06-14 23:59:59.999999", "60")
		p.Converts(bob, changed.Add(-time.Microsecond).Format(time.RFC3339Nano), "40")
		p.Converts(bob, changed.Format(time.RFC3339Nano), "100")
		p.Reports("2026-06-01", "2026-06-30",
			"Ann > Bob, 10% of payout: SUPERSEDED 10.00",
			"Ann > Bob, 5% of payout: EARNING 5.00")
	})
}

func TestN6_aFlatFeeIsEarnedOnce(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(flat("50"))
		bob := p.Pending("Bob", p.Active("Ann"))
		p.Reports("2026-02-01", "2026-02-28")
		for day, status := range []string{"ACTIVE", "SUSPENDED", "ACTIVE", "REJECTED"} {
			p.At(time.Date(2026, time.February, 2+day, 10, 0, 0, 0, p.zone).Format(time.RFC3339))
			p.Status(bob, status)
			p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, flat fee of 50.00: EARNING 50.00")
		}
		p.At("2026-02-10 10:00")
		p.Approve(bob)
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, flat fee of 50.00: EARNING 50.00")
		p.Reports("2026-02-02", "2026-02-02", "Ann > Bob, flat fee of 50.00: EARNING 50.00")
		p.Reports("2026-02-03", "2026-02-28", "Ann > Bob, flat fee of 50.00: EARNING 0.00")
	})
}

func TestN10_aLossIsSetOffAgainstProfit(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(percent("10", "PROFIT"))
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		p.At("2026-02-10 10:00")
		p.ConvertsFor(bob, "2026-02-02 09:00", "100", "120")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of profit: EARNING -2.00")
		p.ConvertsFor(bob, "2026-02-03 09:00", "50", "20")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of profit: EARNING 1.00")
		if basis := p.theRow("2026-02-01", "2026-02-28", ann, bob).BasisAmount.String(); basis != "10" {
			p.Errorf("the basis is %s", basis)
		}
	})
}

func TestN11_aCustomReferrerEarnsWhileTheSwitchIsOff(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Settings(vars{"enabled": false, "structure": tenPercent})
		ann := p.Active("Ann")
		p.Custom(ann, percent("8", "PAYOUT"))
		bob := p.Active("Bob", ann)
		p.At("2026-02-10 10:00")
		p.Converts(bob, "2026-02-02 09:00", "100")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 8% of payout: EARNING 8.00")
	})
}

func TestN12_nothingIsPaidForTheTimeBeforeTheSwitchWasTurnedOn(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		link := p.Partner(p.Active("Ann")).ReferralLink // which is hidden while the switch is off, and works all the same [A2]
		p.Settings(vars{"enabled": false})
		bob := p.SignUp("Bob", *link)
		p.At("2026-02-02 10:00")
		p.Approve(bob)
		p.At("2026-02-04 10:00")
		p.Converts(bob, "2026-02-03 09:00", "100")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, tracked: TRACKED 0.00")
		p.Settings(vars{"enabled": true})
		p.At("2026-02-06 10:00")
		p.Converts(bob, "2026-02-05 09:00", "100")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout: EARNING 10.00")
	})
}
