package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/billing"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/viewer"
)

// demoDays is the year that the demo lives: it is fixed, so that texts can quote its numbers.
var demoDays = ledger.Range{From: commission.NewDate(2025, time.July, 1), To: commission.NewDate(2026, time.June, 30)}

const (
	demoZone     = "America/New_York"
	demoCurrency = "USD"
	demoPage     = "https://partners.example/join"
)

// demoYear is a year of a network's life. What happens in it goes through the use cases that staff and the tracking
// platform use, as one of them, under a clock that is moved from each thing to the next.
type demoYear struct {
	name      string
	program   *program.Program
	ledger    *ledger.Ledger
	billing   *billing.Billing
	now       time.Time
	zone      *time.Location
	random    *rand.Rand
	networkID int
	staff     context.Context //nolint:containedctx // who does it: the ADMIN
	tracker   context.Context //nolint:containedctx // the TRACKER
	system    context.Context //nolint:containedctx // the program itself
	accounts  []demoAccount
	manager   int // the account of the LIMITED one
	members   []*member
	agenda    map[commission.Date][]happening
	due       map[commission.Date]due

	referred, conversions, adjustments, invoices int // how many there were so far
}

// happening is something that staff do at a time of day. It can put more on the agenda, for later days.
type happening struct {
	at time.Duration // since midnight
	do func() error
}

// demoAccount is one of the accounts that are made, one for each role.
type demoAccount struct {
	name string
	id   int
}

// beginDemoYear makes the network with its accounts, and what will happen in it.
func beginDemoYear(ctx context.Context, db *database.Database, name string) (*demoYear, error) {
	zone, err := commission.Zone(demoZone).Location()
	if err != nil {
		return nil, err
	}
	y := &demoYear{
		name: name, zone: zone, system: ctx, now: demoDays.From.Start(zone),
		random: rand.New(rand.NewPCG(2025, 2026)), //nolint:gosec // the same each time
		agenda: map[commission.Date][]happening{}, due: map[commission.Date]due{},
	}
	clock := func() time.Time { return y.now }
	y.program, y.ledger, y.billing = &program.Program{DB: db, Now: clock}, &ledger.Ledger{DB: db, Now: clock}, &billing.Billing{DB: db, Now: clock}
	network, err := y.program.CreateNetwork(ctx, program.NewNetwork{Name: name, Currency: demoCurrency, TimeZone: demoZone, SignUpPage: demoPage})
	if err != nil {
		return nil, fmt.Errorf("make the network of the demo: %w", err)
	}
	y.networkID = network.ID
	if y.staff, err = y.account("ADMIN", program.NewAccount{Name: "Network admin", Role: commission.Admin}); err != nil {
		return nil, err
	}
	if y.tracker, err = y.account("TRACKER", program.NewAccount{Name: "Tracking platform", Role: commission.Tracker}); err != nil {
		return nil, err
	}
	for _, manager := range []struct {
		name string
		program.NewAccount
	}{
		{"PARTNER_MANAGER_GLOBAL", program.NewAccount{Name: "Manager of all partners", Role: commission.PartnerManager, Scope: commission.Global}},
		{"PARTNER_MANAGER_LIMITED", program.NewAccount{Name: "Manager of some partners", Role: commission.PartnerManager, Scope: commission.Limited}},
		{"SUPPORT", program.NewAccount{Name: "Support", Role: commission.Support}},
	} {
		if _, err := y.account(manager.name, manager.NewAccount); err != nil {
			return nil, err
		}
		if manager.Scope == commission.Limited {
			y.manager = y.accounts[len(y.accounts)-1].id
		}
	}
	y.plan()
	return y, nil
}

// account makes an account, and the context in which it acts.
func (y *demoYear) account(name string, input program.NewAccount) (context.Context, error) {
	v := viewer.Viewer{Name: input.Name, Role: input.Role, PartnerID: input.PartnerID, Limited: input.Scope == commission.Limited}
	if input.Role != commission.Support {
		input.NetworkID, v.NetworkID = y.networkID, y.networkID
	}
	created, err := y.program.CreateAccount(y.system, input)
	if err != nil {
		return nil, fmt.Errorf("make the account %s: %w", name, err)
	}
	y.accounts = append(y.accounts, demoAccount{name, created.ID})
	v.AccountID = created.ID
	return viewer.With(y.system, v), nil
}

// on puts something on the agenda of a day. What would be after the year never happens.
func (y *demoYear) on(day commission.Date, at time.Duration, do func() error) {
	if day <= demoDays.To {
		y.agenda[day] = append(y.agenda[day], happening{at, do})
	}
}

// live goes through the year: on each day what is on the agenda happens, partners bring conversions, and after its end
// the tracking platform reports what it has, and what is due is billed.
func (y *demoYear) live(tell func(commission.Date)) error {
	for day := demoDays.From; day <= demoDays.To; day++ {
		today := y.agenda[day]
		slices.SortStableFunc(today, func(a, b happening) int { return cmp.Compare(a.at, b.at) })
		for _, next := range today {
			y.now = day.Start(y.zone).Add(next.at)
			if err := next.do(); err != nil {
				return fmt.Errorf("%s: %w", y.now.Format(time.DateTime), err)
			}
		}
		y.trade(day)
		y.now = (day + 1).Start(y.zone).Add(reportingDelay)
		if err := y.record(day); err != nil {
			return fmt.Errorf("record what was reported on %s: %w", day, err)
		}
		if err := y.bill(day); err != nil {
			return fmt.Errorf("bill through %s: %w", day, err)
		}
		tell(day)
	}
	return nil
}
