package e2e_test

import (
	"fmt"
	"maps"
	"testing"
	"time"
)

// [S1, S2, S3]
func TestS3_theMostSpecificSettingOfTheReferrerCounts(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 08:00")
		referrers := map[string]string{"INHERIT": p.Active("Ina"), "DISABLED": p.Active("Dis"), "CUSTOM": p.Active("Cus")}
		p.Setting(referrers["DISABLED"], "DISABLED", nil)
		p.Custom(referrers["CUSTOM"], percent("8", "PAYOUT"))
		referred := map[string]string{}
		for mode, referrer := range referrers {
			referred[mode] = p.Active("referred by "+mode, referrer)
		}
		for i, network := range []struct {
			enabled  bool
			global   structure
			inherits string // what pays a referrer that inherits
		}{
			{false, nil, ""},
			{true, nil, ""},
			{false, tenPercent, ""},
			{true, tenPercent, "10% of payout"},
			{false, tenPercent, ""},
		} {
			p.each(fmt.Sprintf("switch %v, global %v", network.enabled, network.global != nil), func(p *product) {
				day := time.Date(2026, time.February, 2+i, 8, 0, 0, 0, p.zone)
				p.At(day.Format(time.RFC3339))
				p.Settings(vars{"enabled": network.enabled, "structure": network.global})
				p.At(day.Add(8 * time.Hour).Format(time.RFC3339))
				for mode, want := range map[string]struct{ pays, earned string }{
					"INHERIT": {network.inherits, "10"}, "DISABLED": {"", ""}, "CUSTOM": {"8% of payout", "8"},
				} {
					if want.pays == "" {
						want.earned = "0"
					}
					p.Converts(referred[mode], day.Add(4*time.Hour).Format(time.RFC3339), "100")
					pays, shown := "", p.Partner(referrers[mode])
					if shown.ReferralSetting.Effective != nil {
						pays = shown.ReferralSetting.Effective.Summary
					}
					_, earned := p.Report(day.Format(time.DateOnly), day.Format(time.DateOnly), vars{"referrer": referrers[mode]})
					if pays != want.pays || earned.Balance.String() != want.earned {
						p.Errorf("%s: paid by %q, earned %s; want %+v", mode, pays, earned.Balance, want)
					}
					if (shown.ReferralLink != nil) != (want.pays != "") {
						p.Errorf("%s: the sign-up link is shown: %v [A2]", mode, shown.ReferralLink != nil)
					}
				}
			})
		}
	})
}

func TestS4_turningTheSwitchOffSaysWhoGoesOnEarningAndDisablesThemIfToldTo(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann, cus := p.Active("Ann"), p.Active("Cus")
		p.Custom(cus, percent("8", "PAYOUT"))
		p.Active("Bob", ann)
		p.Active("Dan", cus)
		p.At("2026-02-02 10:00")
		off := p.Settings(vars{"enabled": false})
		if off.String() != "closed 1, opened 0, left expired 0" || off.CustomPartners.TotalCount != 1 {
			p.Errorf("turned off: %s, and %d go on earning", off, off.CustomPartners.TotalCount)
		}
		p.Settings(vars{"enabled": true})
		p.At("2026-02-03 10:00")
		off = p.Settings(vars{"enabled": false, "disableCustom": true})
		if off.String() != "closed 2, opened 0, left expired 0" || off.CustomPartners.TotalCount != 0 {
			p.Errorf("turned off with all: %s, and %d go on earning", off, off.CustomPartners.TotalCount)
		}
		if mode := p.Partner(cus).ReferralSetting.Mode; mode != "DISABLED" {
			p.Errorf("the custom partner is %s", mode)
		}
		p.As(admin).refused("UpdateReferralSettings", vars{"input": vars{"version": p.settingsVersion(), "enabled": true, "disableCustom": true}}, "BAD_USER_INPUT disableCustom")
	})
}

func TestS5_whatIsWrongWithAStructureIsToldAllAtOnce(t *testing.T) {
	const (
		amount   = "BAD_USER_INPUT structure.commission.flatFee.amount"
		rate     = "BAD_USER_INPUT structure.commission.percentage.rate"
		basis    = "BAD_USER_INPUT structure.commission.percentage.basis"
		kind     = "BAD_USER_INPUT structure.commission"
		minimum  = "BAD_USER_INPUT structure.minimumEarnings"
		duration = "BAD_USER_INPUT structure.duration"
		value    = "BAD_USER_INPUT structure.duration.value"
		unit     = "BAD_USER_INPUT structure.duration.unit"
	)
	both := structure{"commission": vars{
		"flatFee": vars{"amount": "5"}, "percentage": vars{"rate": "5", "basis": "PAYOUT"},
	}}
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		ann := p.Active("Ann")
		for _, wrong := range []struct {
			structure structure
			fields    []string
		}{
			{flat("0"), []string{amount}},
			{flat("-1"), []string{amount}},
			{flat("0.001"), []string{amount}},
			{flat("1000000000.01"), []string{amount}},
			{flat("1e3"), []string{amount}},
			{flat("50").lasting(1, "MONTH"), []string{duration}},
			{percent("0", "PAYOUT"), []string{rate}},
			{percent("-10", "PAYOUT"), []string{rate}},
			{percent("100.0001", "PAYOUT"), []string{rate}},
			{percent("33.33333", "PAYOUT"), []string{rate}},
			{percent("ten", "PAYOUT"), []string{rate}},
			{percent("", "PAYOUT"), []string{rate}},
			{percent("10", "GROSS"), []string{basis}},
			{percent("10", "payout"), []string{basis}},
			{tenPercent.from("0"), []string{minimum}},
			{tenPercent.from("-0.01"), []string{minimum}},
			{tenPercent.from("0.0000001"), []string{minimum}},
			{tenPercent.from("1000000000.01"), []string{minimum}},
			{tenPercent.from("NaN"), []string{minimum}},
			{tenPercent.lasting(0, "DAY"), []string{value}},
			{tenPercent.lasting(-1, "MONTH"), []string{value}},
			{tenPercent.lasting(1.5, "MONTH"), []string{value}},
			{tenPercent.lasting(99999999999, "DAY"), []string{value}},
			{tenPercent.lasting(3653, "DAY"), []string{value}},
			{tenPercent.lasting(522, "WEEK"), []string{value}},
			{tenPercent.lasting(121, "MONTH"), []string{value}},
			{tenPercent.lasting(11, "YEAR"), []string{value}},
			{tenPercent.lasting(1, "CENTURY"), []string{unit}},
			{both, []string{kind}},
			{structure{"commission": vars{}}, []string{kind}},
			{structure{"commission": vars{"flatFee": nil, "percentage": nil}}, []string{kind}},
			{structure{}, []string{kind}},
			{percent("0", "PAYOUT").from("-1").lasting(0, "DAY"), []string{rate, minimum, value}},
			{percent("ten", "PAYOUT").from("1,000").lasting(1, "DAY"), []string{rate, minimum}},
			{percent("ten", "PAYOUT").from("-1").lasting(0, "DAY"), []string{rate, minimum, value}},
			{flat("0").from("0").lasting(0, "YEAR"), []string{amount, minimum, duration, value}},
			{both.from("0").lasting(11, "YEAR"), []string{kind, minimum, value}},
		} {
			p.As(admin).refused("UpdateReferralSettings", vars{"input": vars{"version": 1, "enabled": true, "structure": wrong.structure}}, wrong.fields...)
			p.As(admin).refused("UpdatePartnerReferralSetting", vars{"input": vars{"partner": ann, "version": 1, "mode": "CUSTOM", "structure": wrong.structure}}, wrong.fields...)
		}
		if p.settingsVersion() != 1 || p.Partner(ann).ReferralSetting.Version != 1 {
			p.Error("something was saved")
		}
		for _, right := range []structure{
			flat("0.01"), flat("1000000000"), percent("0.0001", "REVENUE"), percent("100", "PROFIT"), tenPercent.from("0.000001"),
			tenPercent.lasting(3652, "DAY"), tenPercent.lasting(521, "WEEK"), tenPercent.lasting(120, "MONTH"), tenPercent.lasting(10, "YEAR"),
		} {
			p.Global(right)
			p.Custom(ann, right)
		}
	})
}

func TestS5_aSettingAndItsStructureGoTogether(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		ann := p.Active("Ann")
		for _, mode := range []string{"INHERIT", "DISABLED"} {
			p.As(admin).refused("UpdatePartnerReferralSetting", vars{"input": vars{"partner": ann, "version": 1, "mode": mode, "structure": tenPercent}}, "BAD_USER_INPUT structure")
		}
		p.As(admin).refused("UpdatePartnerReferralSetting", vars{"input": vars{"partner": ann, "version": 1, "mode": "CUSTOM"}}, "BAD_USER_INPUT structure")
		p.Custom(ann, tenPercent)
		p.Setting(ann, "CUSTOM", nil) // the one it has
		p.As(admin).refused("UpdatePartnerReferralSetting", vars{"input": vars{"partner": ann, "version": 2, "mode": "CUSTOM", "structure": nil}}, "BAD_USER_INPUT structure")
		if set := p.Partner(ann).ReferralSetting; set.Structure == nil || set.Structure.Summary != "10% of payout" || set.Version != 2 {
			p.Errorf("the setting is %+v", set)
		}
	})
}

func TestS6_aSaveThatChangesNoEffectiveStructureOpensNoTerm(t *testing.T) {
	const nothing = "closed 0, opened 0, left expired 0"
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent.from("100").lasting(1, "YEAR"))
		ann, cus := p.Active("Ann"), p.Active("Cus")
		p.Active("Bob", ann)
		p.Custom(cus, percent("8", "PAYOUT"))
		p.Active("Dan", cus)
		p.At("2026-02-02 10:00")
		equal := percent("10.000", "PAYOUT").from("100.00").lasting(1, "YEAR")
		for what, save := range map[string]func() impact{
			"the same once more, written otherwise":   func() impact { return p.Global(equal) },
			"nothing at all":                          func() impact { return p.Settings(nil) },
			"INHERIT becomes CUSTOM with equal terms": func() impact { return p.Custom(ann, equal) },
			"the same for a CUSTOM one":               func() impact { return p.Custom(cus, percent("8.0", "PAYOUT")) },
		} {
			if did := save(); did.String() != nothing {
				p.Errorf("%s: %s", what, did)
			}
		}
		if did := p.Setting(ann, "INHERIT", nil); did.String() != nothing {
			p.Errorf("CUSTOM becomes INHERIT with equal terms: %s", did)
		}
		if did := p.Global(percent("5", "PAYOUT")); did.String() != "closed 1, opened 1, left expired 0" || did.CustomPartners.TotalCount != 1 {
			p.Errorf("a change of the Global Setting touches only who inherits it: %s, not %d", did, did.CustomPartners.TotalCount)
		}
		p.Reports("2026-02-01", "2026-02-28",
			"Ann > Bob, 10% of payout for 1 year, from 100.00 earned: SUPERSEDED 0.00",
			"Cus > Dan, 8% of payout: EARNING 0.00",
			"Ann > Bob, 5% of payout: EARNING 0.00")
	})
}

func TestS8_aSaveThatStartedFromAStaleVersionIsRefused(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		ann := p.Active("Ann")
		for _, save := range []struct {
			operation string
			input     vars
			version   func() int
		}{
			{"UpdateReferralSettings", vars{"enabled": true, "structure": tenPercent}, p.settingsVersion},
			{"UpdatePartnerReferralSetting", vars{"partner": ann, "mode": "DISABLED"}, func() int { return p.Partner(ann).ReferralSetting.Version }},
			{"UpdatePartner", vars{"id": ann, "name": "Anna"}, func() int { return p.Partner(ann).Version }},
		} {
			started := save.version()
			input := maps.Clone(save.input)
			input["version"] = started
			const editors = 8
			outcomes := make(chan string, editors)
			for range editors {
				go func() { outcomes <- p.As(admin).Do(save.operation, vars{"input": input}, nil).codes() }()
			}
			counted := map[string]int{}
			for range editors {
				counted[<-outcomes]++
			}
			if want := map[string]int{"": 1, "CONFLICT version": editors - 1}; !maps.Equal(counted, want) {
				p.Errorf("%s by many at once: %v", save.operation, counted)
			}
			for _, version := range []int{started, started + 2, 0, -1} {
				input["version"] = version
				p.As(admin).refused(save.operation, vars{"input": input}, "CONFLICT version")
			}
			if save.version() != started+1 {
				p.Errorf("%s: version %d became %d", save.operation, started, save.version())
			}
		}
	})
}
