package program_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/billing"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/ent/generated/datedchange"
	"partner.example/referrals/ent/viewer"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

// Two networks live the same life. In the one changes are dated ahead and take effect whenever somebody comes by; in
// the other an ADMIN who never sleeps makes each of them by hand, at midnight. In the end they have the same terms,
// sums and invoices, and each dated change did what the same change did by hand.
func TestDated_isAsIfSomebodyHadMadeItAtMidnight(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		db := databasetest.Open(t, location)
		checks := 1
		if db.Embedded() {
			checks = 4
		}
		for name, value := range map[string]int{"rapid.checks": checks, "rapid.steps": 60} {
			if set := flag.Lookup(name); set.Value.String() == set.DefValue { // unless the command line says otherwise
				if err := flag.Set(name, strconv.Itoa(value)); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = flag.Set(name, set.DefValue) })
			}
		}
		rapid.Check(t, func(t *rapid.T) {
			l := newLives(t, db, rapid.SampledFrom([]commission.Zone{"America/New_York", "Africa/Cairo", "America/Sao_Paulo"}).Draw(t, "zone"))
			for range 2 {
				l.newPartner(t)
			}
			t.Repeat(map[string]func(*rapid.T){
				"":                 func(*rapid.T) { l.pass(time.Second) },
				"a new partner":    l.newPartner,
				"settings at once": l.changeSettings,
				"settings ahead":   l.dateSettings,
				"more ahead":       l.dateSettings,
				"a setting ahead":  l.dateSetting,
				"taken back":       l.takeBack,
				"converts":         l.convert,
				"days pass":        func(t *rapid.T) { l.pass(time.Duration(rapid.IntRange(1, 80).Draw(t, "hours")) * time.Hour) },
				"somebody looks":   func(*rapid.T) { l.compare() },
				"bill":             l.bill,
			})
			l.pass(40 * 24 * time.Hour)
			l.compare()
			_, err := l.ledger.Verify(l.system(), func(difference string) { t.Errorf("verify: %s", difference) })
			l.must(err)
		})
	})
}

// lives are two networks with the same partners, by their numbers: in ahead changes are dated ahead, in byHand they are
// made at midnight.
type lives struct {
	*rapid.T
	db      *database.Database
	program *program.Program
	ledger  *ledger.Ledger
	billing *billing.Billing
	zone    *time.Location
	now     time.Time

	networks [2]int
	partners [2][]int
	plan     map[int]dated  // by the id of the change: what is to be made by hand
	made     map[int]string // what each did, that was made by hand
	sales    int
}

const (
	ahead  = 0
	byHand = 1
)

// dated is a change that is dated ahead, of a partner's setting where settings is nil.
type dated struct {
	at       time.Time
	settings *program.ReferralSettings
	partner  int
	setting  program.PartnerReferralSetting
}

func newLives(t *rapid.T, db *database.Database, zone commission.Zone) *lives {
	t.Helper()
	l := &lives{T: t, db: db, now: time.Date(2018, time.October, 20, 12, 0, 0, 0, time.UTC), plan: map[int]dated{}, made: map[int]string{}}
	clock := func() time.Time { return l.now }
	l.program = &program.Program{DB: db, Now: clock}
	l.ledger = &ledger.Ledger{DB: db, Now: clock, TakeEffect: l.program.TakeEffect}
	l.billing = &billing.Billing{DB: db, Now: clock, TakeEffect: l.program.TakeEffect}
	l.zone = zone.MustLocation()
	for which := range l.networks {
		made, err := l.program.CreateNetwork(l.system(), program.NewNetwork{Name: "Acme", Currency: "USD", TimeZone: zone})
		l.must(err)
		l.networks[which] = made.ID
	}
	return l
}

func (l *lives) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatalf("%v", err)
	}
}

func (l *lives) system() context.Context { return viewer.AsSystem(context.Background(), "test") }

func (l *lives) admin(which int) context.Context {
	return viewer.With(context.Background(), viewer.Viewer{AccountID: 1, Name: "Ada", Role: commission.Admin, NetworkID: l.networks[which]})
}

// both does something in both networks, at a moment of its own.
func (l *lives) both(do func(which, network int) error) {
	l.Helper()
	l.pass(time.Second)
	for which, network := range l.networks {
		l.must(do(which, network))
	}
}

// pass lets time pass. By hand each change is made at its midnight; in the other network nobody comes by.
func (l *lives) pass(while time.Duration) {
	l.Helper()
	until := l.now.Add(while)
	for {
		next := 0
		for id, c := range l.plan {
			if !c.at.After(until) && (next == 0 || c.at.Before(l.plan[next].at)) {
				next = id
			}
		}
		if next == 0 {
			l.now = until
			return
		}
		c := l.plan[next]
		delete(l.plan, next)
		l.now = c.at
		did := l.change(byHand, c)
		l.made[next] = fmt.Sprint(did.TermsClosed, did.TermsOpened, did.ReferralsLeftExpired)
	}
}

// change makes a change of settings in one of the networks, as whoever has just read them.
func (l *lives) change(which int, c dated) program.Outcome {
	l.Helper()
	var did program.Outcome
	err := l.program.TakeEffect(l.admin(which), l.networks[which]) // as for everybody who reads
	l.must(err)
	if c.settings != nil {
		input := *c.settings
		network, missing := l.db.Network.Get(l.system(), l.networks[which])
		l.must(missing)
		input.Version = network.ReferralSettingsVersion
		_, did, err = l.program.UpdateReferralSettings(l.admin(which), network.ID, input)
	} else {
		input := c.setting
		partner, missing := l.db.Partner.Get(l.system(), l.partners[which][c.partner])
		l.must(missing)
		input.PartnerID, input.Version = partner.ID, partner.ReferralSettingVersion
		_, did, err = l.program.UpdatePartnerReferralSetting(l.admin(which), l.networks[which], input)
	}
	l.must(err)
	return did
}

func structureOf(t *rapid.T) *commission.Structure {
	s := &commission.Structure{Commission: commission.Percentage{Rate: decimal.NewFromInt(rapid.Int64Range(1, 3).Draw(t, "rate") * 10), Basis: commission.Payout}}
	if days := rapid.IntRange(0, 6).Draw(t, "days of duration"); days > 2 {
		s.Duration = &commission.Duration{Value: days, Unit: commission.Day}
	}
	if rapid.IntRange(0, 4).Draw(t, "fee") == 0 {
		return &commission.Structure{Commission: commission.FlatFee{Amount: decimal.NewFromInt(5)}}
	}
	return s
}

func applyTo(t *rapid.T) program.Reach {
	return program.Reach{ApplyTo: rapid.SampledFrom([]commission.ApplyTo{commission.ToAll, commission.ToAll, commission.ToNewReferrals}).Draw(t, "for")}
}

func settingsOf(t *rapid.T) dated {
	input := program.ReferralSettings{Reach: applyTo(t)}
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 0:
		input.Enabled = program.Some(false)
		input.DisableCustom = rapid.Bool().Draw(t, "disable custom")
	case 1:
		input.Structure = program.Some[*commission.Structure](nil)
	default:
		input.Enabled, input.Structure = program.Some(true), program.Some(structureOf(t))
	}
	input.ReviveExpired = input.ApplyTo == commission.ToAll && rapid.IntRange(0, 3).Draw(t, "revive") == 0
	return dated{settings: &input}
}

func (l *lives) settingOf(t *rapid.T) dated {
	input := program.PartnerReferralSetting{Reach: applyTo(t), Mode: rapid.SampledFrom([]commission.Mode{commission.Custom, commission.Inherit, commission.Disabled}).Draw(t, "mode")}
	if input.Mode == commission.Custom {
		input.Structure = program.Some(structureOf(t))
	}
	return dated{partner: l.somebody(t), setting: input}
}

func (l *lives) somebody(t *rapid.T) int {
	return rapid.IntRange(0, len(l.partners[0])-1).Draw(t, "partner")
}

func (l *lives) changeSettings(t *rapid.T) {
	c := settingsOf(t)
	l.both(func(which, _ int) error { l.change(which, c); return nil })
}

func (l *lives) dateSettings(t *rapid.T) { l.date(t, settingsOf(t)) }

func (l *lives) dateSetting(t *rapid.T) { l.date(t, l.settingOf(t)) }

// date dates a change ahead; by hand there are no two at one moment.
func (l *lives) date(t *rapid.T, c dated) {
	l.pass(time.Second)
	day := commission.DateOf(l.now, l.zone) + commission.Date(rapid.Int32Range(1, 20).Draw(t, "days ahead"))
	var refusal *commission.Error
	c.at, refusal = commission.EffectiveAt(day, l.now, l.zone)
	for _, other := range l.plan {
		if refusal != nil || other.at.Equal(c.at) {
			return
		}
	}
	asked := c
	if c.settings != nil {
		settings := *c.settings
		settings.EffectiveOn = &day
		asked.settings = &settings
	} else {
		asked.setting.EffectiveOn = &day
	}
	l.plan[l.change(ahead, asked).Dated.ID] = c
}

func (l *lives) takeBack(t *rapid.T) {
	l.pass(time.Second)
	if len(l.plan) == 0 {
		return
	}
	ids := make([]int, 0, len(l.plan))
	for id := range l.plan {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	id := rapid.SampledFrom(ids).Draw(t, "change")
	_, err := l.program.TakeBackChange(l.admin(ahead), l.networks[ahead], id, "a test")
	l.must(err)
	delete(l.plan, id)
}

func (l *lives) newPartner(t *rapid.T) {
	input := program.NewPartner{Name: fmt.Sprint("partner ", len(l.partners[0])), Status: commission.PartnerActive}
	referrer := -1
	if len(l.partners[0]) > 0 {
		referrer = l.somebody(t)
	}
	l.both(func(which, network int) error {
		if referrer >= 0 {
			input.ReferredBy = &l.partners[which][referrer]
		}
		made, err := l.program.CreatePartner(l.admin(which), network, input)
		l.must(err)
		l.partners[which] = append(l.partners[which], made.ID)
		return nil
	})
}

func (l *lives) convert(t *rapid.T) {
	of, ago := l.somebody(t), time.Duration(rapid.IntRange(-4, 5*24*60).Draw(t, "minutes ago"))*time.Minute
	payout := decimal.NewFromInt(rapid.Int64Range(1, 500).Draw(t, "payout"))
	l.sales++
	l.both(func(which, network int) error {
		_, err := l.ledger.RecordConversions(l.admin(which), network, []ledger.Conversion{{
			ExternalID: strconv.Itoa(l.sales), PartnerID: l.partners[which][of], OccurredAt: l.now.Add(-ago), Revenue: payout, Payout: payout,
		}})
		return err
	})
}

func (l *lives) bill(t *rapid.T) {
	back := commission.Date(rapid.Int32Range(1, 3).Draw(t, "days ago"))
	l.both(func(which, network int) error {
		_, err := l.billing.Bill(l.admin(which), network, billing.Run{Through: commission.DateOf(l.now, l.zone) - back}, nil)
		return err
	})
}

// compare wants both networks to be the same, and each dated change to have done what it did by hand.
func (l *lives) compare() {
	l.Helper()
	l.must(l.program.TakeEffect(l.admin(ahead), l.networks[ahead]))
	if inOne, inOther := l.state(ahead), l.state(byHand); inOne != inOther {
		l.Fatalf("dated ahead it came to\n%s\nby hand to\n%s", inOne, inOther)
	}
	done, err := l.db.DatedChange.Query().Where(datedchange.NetworkID(l.networks[ahead]), datedchange.StatusEQ(commission.ChangeInEffect)).All(l.system())
	l.must(err)
	if len(done) != len(l.made) {
		l.Errorf("%d changes are in effect, and %d were made by hand", len(done), len(l.made))
	}
	for _, d := range done {
		if did := fmt.Sprint(*d.TermsClosed, *d.TermsOpened, *d.ReferralsLeftExpired); did != l.made[d.ID] {
			l.Errorf("the change for %s did %s; by hand it did %s", d.EffectiveOn, did, l.made[d.ID])
		}
	}
}

// state is the terms, sums and invoices of a network, by the names of its partners.
func (l *lives) state(which int) string {
	l.Helper()
	var lines []string
	l.must(database.Each(l.system(), l.db, `
		SELECT referrer.name, referred.name, s.canonical, t.referred_date, t.window_ends_at, t.stopped_at, COALESCE(t.stop_reason, ''),
			COALESCE((SELECT SUM(conversions) FROM term_month WHERE term_id = t.id), 0), COALESCE((SELECT SUM(payout) FROM term_month WHERE term_id = t.id), 0),
			COALESCE((SELECT SUM(fee) FROM term_month WHERE term_id = t.id), 0), COALESCE((SELECT SUM(l.amount) FROM invoice_line l WHERE l.term_id = t.id), 0)
		FROM referral r JOIN partner referrer ON referrer.id = r.referrer_id JOIN partner referred ON referred.id = r.referred_id
		JOIN referral_term t ON t.referral_id = r.id JOIN commission_structure s ON s.id = t.structure_id
		WHERE r.network_id = ? ORDER BY r.id, t.referred_date`, []any{l.networks[which]}, func(row *sql.Rows) error {
		var referrer, referred, structure, reason string
		var referredDate time.Time
		var window, closed *time.Time
		var conversions, payout, fee, billed int64
		err := row.Scan(&referrer, &referred, &structure, &referredDate, &window, &closed, &reason, &conversions, &payout, &fee, &billed)
		lines = append(lines, fmt.Sprintf("%s > %s, %s: from %s to %s, closed %s %s; %d conversions, payout %d, fee %d, billed %d",
			referrer, referred, structure, referredDate.In(l.zone), window, closed, reason, conversions, payout, fee, billed))
		return err
	}))
	return strings.Join(lines, "\n")
}
