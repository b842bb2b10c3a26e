package e2e_test

import (
	"fmt"
	"strings"
	"testing"
)

// explained is what support is told of a conversion.
type explained struct {
	ExternalID         string
	ReferralCommission *struct {
		Earned              bool
		Reason, Explanation string
		Amount              string
		Term                *struct {
			ID       string
			Referrer struct{ ID, Name string }
		}
		Invoice *struct{ Number int }
	}
}

// String is it in short: "EARNED 10.00 of Ann, on invoice 1".
func (e explained) String() string {
	why := e.ReferralCommission
	if why == nil {
		return "closed"
	}
	told := why.Reason + " " + why.Amount
	if why.Term != nil {
		told += " of " + why.Term.Referrer.Name
	}
	if why.Invoice != nil {
		told += fmt.Sprint(", on invoice ", why.Invoice.Number)
	}
	if why.Earned != (why.Reason == "EARNED") {
		told += fmt.Sprint(", earned: ", why.Earned)
	}
	return told
}

func (c client) explain(externalID string) explained {
	c.Helper()
	var answer struct {
		Network struct{ Conversion explained }
	}
	c.must("ExplainConversion", vars{"network": c.network, "externalId": externalID}, &answer)
	return answer.Network.Conversion
}

func TestP5_aConversionSaysWhyItEarnedWhatItDidOrNothing(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann, eve, cid := p.Active("Ann"), p.Active("Eve"), p.Active("Cid")
		bob := p.Active("Bob", ann)
		dan := p.Active("Dan", eve)
		p.At("2026-02-10 10:00")
		p.Status(ann, "SUSPENDED")
		p.At("2026-02-12 10:00")
		p.Status(ann, "ACTIVE")
		p.Settings(vars{"enabled": false})
		p.At("2026-02-14 10:00")
		p.Global(tenPercent.lasting(3, "DAY"))
		p.At("2026-02-18 10:00")
		p.Settings(vars{"structure": flat("25"), "reviveExpired": true})
		p.At("2026-02-20 10:00")
		p.Global(tenPercent.from("5000"))
		p.At("2026-02-22 10:00")
		p.Remove(bob)
		p.At("2026-03-01 10:00")
		told := map[string]string{}
		says := func(id, want string, words ...string) {
			p.Helper()
			told[id] = want
			got := p.As(support).explain(id)
			if got.String() != want {
				p.Errorf("%s: %s\nwant %s", id, got, want)
			}
			for _, part := range words {
				if got.ReferralCommission == nil || !strings.Contains(got.ReferralCommission.Explanation, part) {
					p.Errorf("%s: %+v\nshould say %q", id, got.ReferralCommission, part)
				}
			}
		}
		on := func(partner, day string) string { return p.Converts(partner, "2026-"+day+" 09:00", "100") }
		early, sale := on(bob, "02-01"), on(bob, "02-05")
		paused, off, short, expired := on(bob, "02-11"), on(bob, "02-13"), on(bob, "02-15"), on(bob, "02-18")
		fee, waiting, after, nobodys, given := on(bob, "02-19"), on(bob, "02-21"), on(bob, "02-23"), on(cid, "02-05"), on(dan, "02-06")
		back := p.Adjust(sale, "2026-02-25 09:00", "0", "-40")

		says(early, "BEFORE_REFERRED_DATE 0.00", "1 February 2026, 09:00, before the referral by Ann started on 1 February 2026, 10:00")
		says(sale, "EARNED 10.00 of Ann", "10% of its payout of 100.00 USD brought 10.00 USD", "on no invoice yet", "change its payout by -40.00")
		says(back, "EARNED -4.00 of Ann", "takes back 4.00 USD")
		says(paused, "REFERRER_NOT_ACTIVE 0.00", "from 10 February 2026, 10:0", "until 12 February 2026, 10:0")
		says(off, "NO_STRUCTURE 0.00", "no setting paid Ann for it any more since 12 February 2026, 10:0")
		says(short, "EARNED 10.00 of Ann")
		says(expired, "EXPIRED 0.00", "10% of payout for 3 days had run out on 17 February 2026, 10:0")
		says(fee, "FLAT_FEE 0.00 of Ann", "flat fee of 25.00")
		says(waiting, "BELOW_THRESHOLD 10.00 of Ann", "of the minimum of 5000.00 USD in payout, 360.00 USD")
		says(after, "REFERRAL_ENDED 0.00", "had ended on 22 February 2026, 10:0")
		says(nobodys, "NOT_REFERRED 0.00", "no partner has ever had a referral of Cid")
		says(given, "EARNED 10.00 of Eve")

		p.As(admin).must("RunBilling", vars{"through": "2026-02-28", "partner": ann}, nil)
		p.Remove(dan, forfeit)
		says(sale, "EARNED 10.00 of Ann, on invoice 1", "paid by invoice 1")
		says(back, "EARNED -4.00 of Ann, on invoice 1")
		says(given, "REFERRAL_ENDED 0.00 of Eve", `forfeited when the referral ended on 1 March 2026, 10:0`, `"fraud"`)

		// Who may ask, and who sees what.
		asked := vars{"network": p.network, "externalId": sale}
		for _, who := range []account{tracker, partnerOf(ann)} {
			p.As(who).refused("ExplainConversion", asked, "FORBIDDEN")
		}
		p.As(limited).refused("ExplainConversion", asked, "NOT_FOUND externalId")
		p.As(admin).refused("ExplainConversion", vars{"network": p.network, "externalId": "nothing"}, "NOT_FOUND externalId")
		p.As(manager).must("ExplainConversion", asked, nil)
		p.manages(limited, cid, bob)
		if got := p.As(limited).explain(nobodys).String(); got != "NOT_REFERRED 0.00" {
			p.Errorf("Lea is told of Cid: %s", got)
		}
		if got := p.As(limited).explain(sale).String(); got != "closed" {
			p.Errorf("Lea, who manages Bob and not Ann, is told: %s", got)
		}
		p.manages(limited, ann)
		if got := p.As(limited).explain(sale).String(); got != "EARNED 10.00 of Ann, on invoice 1" {
			p.Errorf("Lea, who manages both, is told: %s", got)
		}
	})
}

// manages makes an account the manager of partners.
func (p *product) manages(who account, partners ...string) {
	p.Helper()
	p.As(who).must("Viewer", nil, nil) // who has an account from then on
	var answer struct {
		Network struct {
			Accounts struct{ Nodes []struct{ ID, Name string } }
		}
	}
	p.As(admin).must("{ network { accounts(first: 100) { nodes { id name } } } }", nil, &answer)
	for _, known := range answer.Network.Accounts.Nodes {
		if known.Name != who.name {
			continue
		}
		for _, partner := range partners {
			p.As(admin).must("UpdatePartner", vars{"input": vars{"id": partner, "version": p.Partner(partner).Version, "manager": known.ID}}, nil)
		}
	}
}
