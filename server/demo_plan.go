package main

import (
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/program"
)

// Who there is: founders are there from the first day, and refer; others join in the course of the year.
const (
	founders  = 40
	referrers = 28 // of the founders
	joiners   = 260
)

// Times on the clock, as the agenda has them.
const (
	morning = 9*time.Hour + 30*time.Minute
	noon    = 12 * time.Hour
	evening = 17 * time.Hour
)

func demoDate(year int, month time.Month, day int) commission.Date {
	return commission.NewDate(year, month, day)
}

// plan puts the year on the agenda.
func (y *demoYear) plan() {
	y.planSettings()
	for n := range founders {
		y.on(demoDays.From, morning+time.Duration(n+1)*5*time.Minute, func() error {
			_, err := y.join(program.NewPartner{Status: commission.PartnerActive})
			return err
		})
	}
	y.planReferrers()
	y.on(demoDays.From+1, morning, y.partnerAccount)
	y.planInvoices()
	for n := range joiners {
		y.planJoiner(n)
	}
}

func percentage(rate string, basis commission.Basis) commission.Structure {
	return commission.Structure{Commission: commission.Percentage{Rate: decimal.RequireFromString(rate), Basis: basis}}
}

func flatFee(amount int64) commission.Structure {
	return commission.Structure{Commission: commission.FlatFee{Amount: decimal.New(amount, 0)}}
}

func lasting(value int, unit commission.DurationUnit, structure commission.Structure) commission.Structure {
	structure.Duration = &commission.Duration{Value: value, Unit: unit}
	return structure
}

func from(minimum int64, structure commission.Structure) commission.Structure {
	amount := decimal.New(minimum, 0)
	structure.MinimumEarnings = &amount
	return structure
}

// planSettings is what the network pays all partners, as it changes.
func (y *demoYear) planSettings() {
	pay := func(structure commission.Structure) program.ReferralSettings {
		return program.ReferralSettings{Enabled: program.Some(true), Structure: program.Some(&structure)}
	}
	revived := pay(lasting(2, commission.Year, percentage("8", commission.Profit)))
	revived.ReviveExpired, revived.Reason = true, "a new start for everybody"
	for _, change := range []struct {
		day      commission.Date
		settings program.ReferralSettings
	}{
		{demoDays.From, pay(lasting(1, commission.Month, percentage("10", commission.Payout)))},
		{demoDate(2025, time.October, 1), pay(flatFee(50))},
		{demoDate(2026, time.January, 1), pay(from(2000, lasting(1, commission.Year, percentage("2.5", commission.Revenue))))},
		{demoDate(2026, time.February, 15), program.ReferralSettings{Enabled: program.Some(false), Reason: "the program is being revised"}},
		{demoDate(2026, time.March, 1), revived},
	} {
		y.on(change.day, morning, func() error {
			network, err := y.program.DB.Network.Get(y.staff, y.networkID)
			if err != nil {
				return err
			}
			change.settings.Version = network.ReferralSettingsVersion
			_, _, err = y.program.UpdateReferralSettings(y.staff, y.networkID, change.settings)
			return err
		})
	}
}

// planReferrers is what is special about some of the referrers.
func (y *demoYear) planReferrers() {
	first, second := demoDays.From+1, commission.Custom
	for _, change := range []struct {
		referrer  int
		day       commission.Date
		mode      commission.Mode
		structure commission.Structure
	}{
		{0, demoDate(2026, time.April, 1), second, from(500, lasting(2, commission.Year, percentage("12", commission.Payout)))},
		{1, first, second, flatFee(40)},
		{2, first, second, lasting(2, commission.Year, percentage("12.5", commission.Payout))},
		{3, first, second, percentage("3.3333", commission.Revenue)},
		{4, first, second, from(1000, percentage("15", commission.Profit))},
		{5, first, second, lasting(30, commission.Day, percentage("20", commission.Payout))},
		{6, first, second, from(250_000, percentage("7.5", commission.Payout))},
		{7, first, commission.Disabled, commission.Structure{}},
		{8, first, commission.Disabled, commission.Structure{}},
		{8, demoDate(2026, time.January, 15), commission.Inherit, commission.Structure{}},
		{9, first, second, percentage("10", commission.Payout)},
		{9, demoDate(2025, time.November, 1), second, lasting(2, commission.Week, percentage("6", commission.Revenue))},
		{9, demoDate(2026, time.May, 1), commission.Inherit, commission.Structure{}},
		{10, first, second, from(2000, flatFee(150))},
		{15, first, second, percentage("25", commission.Profit)},
	} {
		y.on(change.day, noon, func() error {
			referrer, err := y.program.DB.Partner.Get(y.staff, y.members[change.referrer].id)
			if err != nil {
				return err
			}
			setting := program.PartnerReferralSetting{PartnerID: referrer.ID, Version: referrer.ReferralSettingVersion, Mode: change.mode}
			if change.mode == commission.Custom {
				setting.Structure = program.Some(&change.structure)
			}
			_, _, err = y.program.UpdatePartnerReferralSetting(y.staff, y.networkID, setting)
			return err
		})
	}
	for _, change := range []struct {
		referrer int
		day      commission.Date
		status   commission.PartnerStatus
		reason   string
	}{
		{11, demoDate(2025, time.December, 1), commission.PartnerSuspended, "its traffic is being looked into"},
		{11, demoDate(2026, time.January, 10), commission.PartnerActive, "nothing was found"},
		{12, demoDate(2026, time.February, 1), commission.PartnerInactive, "a break of its own"},
		{12, demoDate(2026, time.March, 15), commission.PartnerActive, "back again"},
		{13, demoDate(2026, time.May, 20), commission.PartnerSuspended, "its traffic is being looked into"},
		{14, demoDate(2026, time.June, 1), commission.PartnerInactive, "left for another network"},
	} {
		y.on(change.day, evening, func() error { return y.setStatus(y.members[change.referrer], change.status, change.reason) })
	}
	for n := range 4 { // chains: who refers was referred too
		y.on(demoDays.From+7, noon, func() error { return y.assign(y.members[20+n], n) })
	}
}

// planJoiner is the way of a partner that joins in the course of the year, as its number decides.
func (y *demoYear) planJoiner(n int) {
	const lastToJoin = 350
	day := demoDays.From + 2 + commission.Date(n*lastToJoin/joiners) //nolint:gosec // a day of the year
	decided := day + 1 + commission.Date(n%5)
	y.on(day, morning+time.Duration(n%8)*time.Hour, func() error {
		var joined *member
		var err error
		referrer := -1
		switch {
		case n%5 == 1:
			referrer = y.nextReferrer()
			joined, err = y.join(program.NewPartner{Status: commission.PartnerPending, ReferredBy: &y.members[referrer].id})
		case n%5 == 3 && n%30 != 13:
			referrer = y.nextReferrer()
			joined, err = y.signUp(y.members[referrer])
		default:
			joined, err = y.join(program.NewPartner{Status: commission.PartnerPending})
		}
		if err != nil {
			return err
		}
		switch {
		case n%37 == 5: // nobody decides
		case n%43 == 7:
			y.on(decided, noon, func() error { return y.setStatus(joined, commission.PartnerRejected, "it does not fit the program") })
		default:
			y.on(decided, noon, func() error { return y.approve(joined) })
			y.planLife(n, joined, decided, referrer)
		}
		return nil
	})
}

// planLife is what happens to some of those that were approved.
func (y *demoYear) planLife(n int, m *member, approved commission.Date, referrer int) {
	const month = 30
	switch {
	case n%33 == 4: // referred, as it turns out
		y.on(approved+month, noon, func() error { return y.assign(m, y.nextReferrer()) })
	case n%20 == 8 && referrer >= 0:
		y.on(approved+month, noon, func() error {
			return y.reassign(m, (referrer+7)%referrers, program.Keep, "the other partner had brought it in")
		})
	case n%40 == 16 && referrer >= 0:
		y.on(approved+2*month, noon, func() error {
			return y.reassign(m, (referrer+7)%referrers, program.Forfeit, "the referral was made up")
		})
	}
	switch {
	case n%30 == 11 && referrer >= 0:
		y.on(approved+2*month, evening, func() error { return y.remove(m, program.Keep, "asked for by the referrer") })
	case n%60 == 21 && referrer >= 0:
		y.on(approved+month, evening, func() error { return y.remove(m, program.Forfeit, "both are the same company") })
	case n == 33:
		y.on(approved+month, evening, func() error { return y.remove(m, program.Keep, "by mistake") })
		y.on(approved+month+5, evening, func() error { return y.assign(m, referrer) })
	}
	switch {
	case n%31 == 9:
		y.on(approved+2*month, evening, func() error { return y.setStatus(m, commission.PartnerInactive, "a break of its own") })
		if n%2 == 0 {
			y.on(approved+3*month, evening, func() error { return y.setStatus(m, commission.PartnerActive, "back again") })
		}
	case n%67 == 12:
		y.on(approved+month, evening, func() error { return y.setStatus(m, commission.PartnerSuspended, "its traffic is being looked into") })
	}
}
