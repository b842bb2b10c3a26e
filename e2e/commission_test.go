package e2e_test

import (
	"testing"
)

func TestC2_aFlatFeeIsEarnedAtTheFirstApprovalAndOnceEver(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(flat("50"))
		ann, amy := p.Active("Ann"), p.Active("Amy")
		created := p.Active("created ACTIVE", ann)
		decided := p.Pending("rejected first", ann)
		early := p.Active("approved before it was assigned")
		late := p.Pending("pending under a percentage", ann)
		p.At("2026-02-02 10:00")
		p.Status(decided, "REJECTED")
		p.Assign(early, ann)
		p.Approve(decided)
		p.Reports("2026-02-01", "2026-02-28",
			"Ann > created ACTIVE, flat fee of 50.00: EARNING 50.00",
			"Ann > approved before it was assigned, flat fee of 50.00: EARNING 0.00",
			"Ann > rejected first, flat fee of 50.00: EARNING 50.00")
		p.At("2026-02-03 10:00")
		p.Global(tenPercent)
		p.Approve(late)
		p.At("2026-02-04 10:00")
		p.Global(flat("70"))
		p.Assign(created, amy)
		p.Status(early, "SUSPENDED")
		p.Approve(early)
		p.Reports("2026-02-03", "2026-02-28",
			"Ann > created ACTIVE, flat fee of 50.00: SUPERSEDED null",
			"Ann > approved before it was assigned, flat fee of 50.00: SUPERSEDED 0.00",
			"Ann > rejected first, flat fee of 50.00: SUPERSEDED 0.00",
			"Ann > created ACTIVE, 10% of payout: SUPERSEDED null",
			"Ann > approved before it was assigned, 10% of payout: SUPERSEDED 0.00",
			"Ann > rejected first, 10% of payout: SUPERSEDED 0.00",
			"Ann > pending under a percentage, 10% of payout: SUPERSEDED 0.00",
			"Ann > created ACTIVE, flat fee of 70.00: ENDED null",
			"Ann > approved before it was assigned, flat fee of 70.00: EARNING 0.00",
			"Ann > rejected first, flat fee of 70.00: EARNING 0.00",
			"Ann > pending under a percentage, flat fee of 70.00: EARNING 0.00",
			"Amy > created ACTIVE, flat fee of 70.00: EARNING 0.00")
		if _, all := p.Report("2026-01-01", "2026-12-31", nil); all.Unbilled.String() != "100" || all.Balance.String() != "50" {
			p.Errorf("of two fees of 50, one of them Amy's now: %s", all)
		}
	})
}

func TestC2_aReferrerThatIsNotActiveEarnsNoFlatFee(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(flat("50"))
		ann := p.Active("Ann")
		p.Status(ann, "SUSPENDED")
		bob := p.Pending("Bob", ann)
		p.Active("Dan", ann)
		p.At("2026-02-02 10:00")
		p.Approve(bob)
		p.Status(ann, "ACTIVE")
		p.Status(bob, "INACTIVE")
		p.Approve(bob)
		p.Reports("2026-02-01", "2026-02-28",
			"Ann > Dan, flat fee of 50.00: EARNING 0.00",
			"Ann > Bob, flat fee of 50.00: EARNING 0.00")
	})
}

func TestC3_aFlatFeeWaitsForThePayoutsOfTheReferredPartner(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(flat("50").from("100"))
		bob := p.Active("Bob", p.Active("Ann"))
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, flat fee of 50.00, from 100.00 earned: BELOW_THRESHOLD 0.00, waiting 50.00")
		p.At("2026-02-10 10:00")
		p.ConvertsFor(bob, "2026-02-05 09:00", "5000", "99.99")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, flat fee of 50.00, from 100.00 earned: BELOW_THRESHOLD 0.00, waiting 50.00")
		p.ConvertsFor(bob, "2026-02-06 09:00", "0", "0.01")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, flat fee of 50.00, from 100.00 earned: EARNING 50.00")
	})
}

func TestC3_theThresholdIsMeasuredInTheBasisOverThisTermAndTheEarlierOnes(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(percent("10", "REVENUE").from("100"))
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		p.At("2026-02-10 10:00")
		p.ConvertsFor(bob, "2026-02-05 09:00", "60", "500")
		p.Global(percent("20", "REVENUE").from("100"))
		p.At("2026-02-20 10:00")
		p.ConvertsFor(bob, "2026-02-15 09:00", "39.99", "500")
		p.Reports("2026-02-01", "2026-02-28",
			"Ann > Bob, 10% of revenue, from 100.00 earned: SUPERSEDED 0.00, waiting 6.00",
			"Ann > Bob, 20% of revenue, from 100.00 earned: BELOW_THRESHOLD 0.00, waiting 8.00")
		p.ConvertsFor(bob, "2026-02-16 09:00", "0.01", "0")
		p.Reports("2026-02-01", "2026-02-28",
			"Ann > Bob, 10% of revenue, from 100.00 earned: SUPERSEDED 0.00, waiting 6.00",
			"Ann > Bob, 20% of revenue, from 100.00 earned: EARNING 8.00")
		way := p.theRow("2026-02-15", "2026-02-15", ann, bob).Threshold // as of now, whatever the range [P2]
		if way.Target.String() != "100" || way.Progress.String() != "100" || way.ReachedAt == nil || way.ReachedAt.In(p.zone).Format("2006-01-02 15:04") != "2026-02-16 00:00" {
			p.Errorf("the way to the threshold: %+v", way)
		}
		p.Remove(bob)
		p.Assign(bob, ann)
		if anew := p.theRow("2026-02-01", "2026-02-28", ann, bob).Threshold; !anew.Progress.IsZero() || anew.ReachedAt != nil {
			p.Errorf("a new referral starts at %s", anew.Progress)
		}
	})
}

func TestC3_aReversalUnderTheThresholdMakesWhatIsUnbilledWaitAgain(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent.from("100"))
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		p.At("2026-02-10 10:00")
		sold := p.Converts(bob, "2026-02-05 09:00", "60")
		p.Converts(bob, "2026-02-06 09:00", "40")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout, from 100.00 earned: EARNING 10.00")
		p.Adjust(sold, "2026-02-07 09:00", "0", "-0.01")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout, from 100.00 earned: BELOW_THRESHOLD 0.00, waiting 10.00")
		if way := p.theRow("2026-02-01", "2026-02-28", ann, bob).Threshold; way.Progress.String() != "99.99" || way.ReachedAt != nil {
			p.Errorf("the way to the threshold: %+v", way)
		}
		p.Converts(bob, "2026-02-08 09:00", "1")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout, from 100.00 earned: EARNING 10.10")
		if at := p.theRow("2026-02-01", "2026-02-28", ann, bob).Threshold.ReachedAt; at == nil || at.In(p.zone).Day() != 8 {
			p.Errorf("reached to stay at %v", at)
		}
	})
}

// The first half of N7, of which the second is billing.
func TestC5_anAdjustmentTakesBackAtTheRateOfItsConversionOnItsOwnDay(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		p.At("2026-02-10 10:00")
		sold := p.Converts(bob, "2026-02-05 09:00", "100")
		p.Global(percent("20", "PAYOUT"))
		p.At("2026-03-10 10:00")
		p.Adjust(sold, "2026-03-05 09:00", "-1000", "-100")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout: SUPERSEDED 10.00", "Ann > Bob, 20% of payout: EARNING 0.00")
		p.Reports("2026-03-01", "2026-03-31", "Ann > Bob, 10% of payout: SUPERSEDED -10.00", "Ann > Bob, 20% of payout: EARNING 0.00")
		p.Reports("2026-02-01", "2026-03-31", "Ann > Bob, 10% of payout: SUPERSEDED 0.00", "Ann > Bob, 20% of payout: EARNING 0.00")
		rows, _ := p.Report("2026-02-01", "2026-03-31", nil)
		if rows[0].Conversions != 1 {
			p.Errorf("an adjustment counts as a conversion: %d", rows[0].Conversions)
		}
		p.As(tracker).refused("RecordAdjustments", vars{"adjustments": []vars{p.adjustment("more", sold, "2026-03-06 09:00", "0", "-0.000001")}}, "BAD_USER_INPUT adjustments.0.payout")
	})
}

func TestC5_anAdjustmentFollowsItsConversionAlsoToWhereItEarnsNothing(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann, bob := p.Active("Ann"), p.Active("Bob")
		p.At("2026-02-10 10:00")
		before := p.Converts(bob, "2026-02-05 09:00", "100")
		p.Assign(bob, ann)
		p.At("2026-02-15 10:00")
		p.Adjust(before, "2026-02-12 09:00", "0", "-100") // of a conversion that earned nothing
		sold := p.Converts(bob, "2026-02-12 09:00", "100")
		p.Status(ann, "SUSPENDED")
		p.At("2026-02-20 10:00")
		p.Adjust(sold, "2026-02-18 09:00", "0", "50") // more was paid after all, for what was earned before the pause
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout: PAUSED 15.00")
	})
}

func TestC6_inARangeInWhichMoreWasTakenBackThanEarnedTheBalanceIsBelowZero(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(percent("12.5", "PROFIT"))
		bob := p.Active("Bob", p.Active("Ann"))
		p.At("2026-03-10 10:00")
		sold := p.ConvertsFor(bob, "2026-02-05 09:00", "100.20", "20")
		p.Adjust(sold, "2026-03-02 09:00", "-100.20", "-20")
		p.ConvertsFor(bob, "2026-03-03 09:00", "1", "2")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 12.5% of profit: EARNING 10.03") // 10.025, halves away from zero [C7]
		p.Reports("2026-03-02", "2026-03-02", "Ann > Bob, 12.5% of profit: EARNING -10.03")
		p.Reports("2026-03-01", "2026-03-31", "Ann > Bob, 12.5% of profit: EARNING -10.15")
		p.Reports("2026-02-01", "2026-03-31", "Ann > Bob, 12.5% of profit: EARNING -0.13")
	})
}

func TestC7_amountsAreExactAndRoundedOnceToTheMinorUnit(t *testing.T) {
	for _, network := range []struct{ currency, fee, tooFine, sum, zero string }{
		{"USD", "0.01", "0.001", "123456789.13", "0.00"},
		{"JPY", "1", "0.1", "123456789", "0"},
		{"KWD", "0.001", "0.0001", "123456789.125", "0.000"},
	} {
		t.Run(network.currency, func(t *testing.T) {
			onEachEngineIn(t, network.currency, "Asia/Tokyo", func(p *product) {
				p.At("2026-02-01 10:00")
				p.As(admin).refused("UpdateReferralSettings", vars{"input": vars{"version": 1, "structure": flat(network.tooFine)}}, "BAD_USER_INPUT structure.commission.flatFee.amount")
				p.Global(flat(network.fee))
				p.Global(percent("100", "PAYOUT"))
				bob := p.Active("Bob", p.Active("Ann"))
				p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 100% of payout: EARNING "+network.zero)
				p.At("2026-02-10 10:00")
				for _, payout := range []string{"123456788.999999", "0.125", "0.000001"} {
					p.ConvertsFor(bob, "2026-02-05 09:00", "0", payout)
				}
				p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 100% of payout: EARNING "+network.sum)
			})
		})
	}
}
