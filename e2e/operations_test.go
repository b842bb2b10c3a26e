package e2e_test

import (
	"maps"
	"slices"
	"testing"
)

// sending is an operation with the accounts that send it, in the order of a day's work: what one creates, another
// one reads.
type sending struct {
	operation string
	variables func(s stage) vars
	by        []account
}

// stage is who and what the operations are about.
type stage struct {
	*product
	ann, bob, cid string // Ann referred Bob, and Cid waits
	term          string // of Ann's referral
}

func (s stage) range2026() vars { return vars{"from": "2026-01-01", "to": "2026-12-31"} }

func (s stage) bill() vars { return vars{"through": "2026-02-28", "partner": s.ann} }

func served(ann string) []sending {
	staff := []account{admin, manager}
	return []sending{
		{"Viewer", nil, []account{admin, manager, limited, tracker, support, partnerOf(ann)}},
		{"ReferralSettings", nil, staff},
		{"PreviewReferralSettings", func(s stage) vars {
			return vars{"input": vars{"version": s.settingsVersion(), "enabled": false, "disableCustom": true}}
		}, []account{admin}},
		{"UpdateReferralSettings", func(s stage) vars {
			return vars{"input": vars{"version": s.settingsVersion(), "enabled": true, "structure": tenPercent.from("50").lasting(1, "YEAR"), "reviveExpired": true, "reason": "spring"}}
		}, []account{admin}},
		{"CreatePartner", func(s stage) vars {
			return vars{"input": vars{
				"name": "Dan", "email": "dan@example.com", "status": "ACTIVE", "referredBy": s.ann,
				"billing": vars{"frequency": "WEEKLY", "paymentTermsDays": 14, "invoiceThreshold": "25.00", "hideInvoices": false},
			}}
		}, staff},
		{"UpdatePartner", func(s stage) vars {
			return vars{"input": vars{"id": s.bob, "version": s.Partner(s.bob).Version, "name": "Bob", "email": nil, "manager": nil, "billing": vars{"frequency": "QUARTERLY"}}}
		}, staff},
		{"ApprovePartner", func(s stage) vars { return vars{"id": s.cid} }, staff},
		{"SetPartnerStatus", func(s stage) vars { return vars{"id": s.cid, "status": "INACTIVE", "reason": "on holiday"} }, staff},
		{"UpdatePartnerReferralSetting", func(s stage) vars {
			return vars{"input": vars{"partner": s.cid, "version": s.Partner(s.cid).ReferralSetting.Version, "mode": "CUSTOM", "structure": flat("5")}}
		}, staff},
		{"AssignReferredBy", func(s stage) vars {
			return vars{"input": vars{"partner": s.cid, "referrer": s.bob, "unbilled": "KEEP"}}
		}, staff},
		{"RemoveReferredBy", func(s stage) vars {
			return vars{"input": vars{"partner": s.cid, "unbilled": "FORFEIT", "reason": "a mistake"}}
		}, staff},
		{"RecordConversions", func(s stage) vars {
			return vars{"conversions": []vars{s.conversion("first", s.bob, "2026-02-02 09:00", "200", "100")}}
		}, []account{tracker}},
		{"RecordAdjustments", func(s stage) vars {
			return vars{"adjustments": []vars{s.adjustment("second", "first", "2026-02-02 10:00", "-20", "-10")}}
		}, []account{tracker}},
		{"Partners", func(s stage) vars {
			return vars{"first": 2, "filter": vars{"search": "b", "status": []string{"ACTIVE"}, "referredBy": s.ann}}
		}, staff},
		{"Partner", func(s stage) vars { return vars{"id": s.bob} }, staff},
		{"ReferralReport", func(s stage) vars {
			asked := vars{"filter": vars{"referrer": s.ann, "status": "ACTIVE"}, "orderBy": vars{"field": "BALANCE", "direction": "DESC"}, "first": 10}
			maps.Copy(asked, s.range2026())
			return asked
		}, staff},
		{"TermDays", func(s stage) vars {
			asked := s.range2026()
			asked["term"] = s.term
			return asked
		}, staff},
		{"RunBilling", stage.bill, []account{admin}},
		{"Invoices", func(s stage) vars {
			return vars{"first": 5, "filter": vars{"partner": s.ann, "status": []string{"UNPAID"}, "from": "2026-01-01", "to": "2026-12-31", "search": "ann"}}
		}, staff},
		{"Invoice", func(s stage) vars { return vars{"id": s.latestInvoice()} }, staff},
		{"SetInvoiceHidden", func(s stage) vars { return vars{"id": s.latestInvoice(), "hidden": true} }, []account{admin}},
		{"DeleteInvoice", func(s stage) vars { return vars{"id": s.latestInvoice(), "reason": "a mistake"} }, []account{admin}},
		{"RunBilling", stage.bill, []account{admin}},
		{"MarkInvoicePaid", func(s stage) vars { return vars{"id": s.latestInvoice()} }, []account{admin}},
		{"MyInvoices", func(stage) vars { return vars{"first": 5} }, []account{partnerOf(ann)}},
		{"MyAccount", nil, []account{partnerOf(ann)}},
		{"MyReferralReport", stage.range2026, []account{partnerOf(ann)}},
		{"SignUp", func(s stage) vars {
			return vars{"input": vars{"network": s.network, "name": "Zoe", "email": "zoe@example.com", "referralCode": "anything"}}
		}, []account{stranger}},
		{"Networks", func(stage) vars { return vars{"search": "acm"} }, []account{support}},
		{"ExplainConversion", func(s stage) vars { return vars{"network": s.network, "externalId": "second"} }, []account{support, admin, manager}},
		{"Reconciliation", func(s stage) vars { return vars{"network": s.network} }, []account{support, admin}},
		{"AuditLog", func(s stage) vars { return vars{"network": s.network, "subject": s.ann, "first": 5} }, []account{support}},
	}
}

func TestOperations_areAllServed(t *testing.T) {
	documents, err := sent()
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, s := range served("") {
		known = append(known, s.operation)
		if wrong := validate(t, documents[s.operation].text); wrong != nil {
			t.Errorf("%s of %s does not validate: %v", s.operation, documents[s.operation].file, wrong)
		}
	}
	slices.Sort(known)
	known = slices.Compact(known)
	if all := slices.Sorted(maps.Keys(documents)); !slices.Equal(all, known) {
		t.Errorf("the clients send %q\nthis test knows of %q", all, known)
	}
}

func TestOperations_runAsTheClientsSendThem(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		s := stage{product: p}
		s.ann = p.Active("Ann")
		s.bob = p.Active("Bob", s.ann)
		s.cid = p.Pending("Cid")
		p.At("2026-03-03 10:00")
		for _, sending := range served(s.ann) {
			for _, by := range sending.by {
				s.term = p.theRow("2026-01-01", "2026-12-31", s.ann, s.bob).Term.ID
				var variables vars
				if sending.variables != nil {
					variables = sending.variables(s)
				}
				if wrong := p.As(by).Do(sending.operation, variables, nil); wrong != nil {
					p.Errorf("%s, sent by %s:\n%s", sending.operation, by.role, wrong)
				}
			}
		}
		p.Reports("2026-02-01", "2026-03-31",
			"Ann > Bob, 10% of payout: SUPERSEDED 9.00, billed 9, unbilled 0.00",
			"Ann > Bob, 10% of payout for 1 year, from 50.00 earned: EARNING 0.00",
			"Ann > Dan, 10% of payout for 1 year, from 50.00 earned: BELOW_THRESHOLD 0.00",
			"Ann > Dan, 10% of payout for 1 year, from 50.00 earned: BELOW_THRESHOLD 0.00",
			"Bob > Cid, 10% of payout for 1 year, from 50.00 earned: ENDED null")
	})
}

func TestOperations_getTheSameNumbersInBothPortals(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		p.Converts(p.Active("Bob", ann), "2026-02-01 10:02", "100")
		var mine struct {
			Viewer struct {
				Partner struct {
					ReferralLink    *string
					ReferralSetting struct{ Effective struct{ Summary string } }
					ReferralReport  reportPage
				}
			}
		}
		p.As(partnerOf(ann)).must("MyAccount", nil, &mine)
		p.As(partnerOf(ann)).must("MyReferralReport", vars{"from": "2026-02-01", "to": "2026-02-01"}, &mine)
		_, all := p.Report("2026-02-01", "2026-02-01", nil)
		if me := mine.Viewer.Partner; me.ReferralLink == nil || me.ReferralSetting.Effective.Summary != "10% of payout" ||
			!me.ReferralReport.Totals.Balance.Equal(all.Balance) || all.Balance.String() != "10" {
			p.Errorf("the partner sees %+v, the network %s", me, all)
		}
	})
}
