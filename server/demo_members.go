package main

import (
	"fmt"
	"strings"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/program"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/partner"
)

// member is a partner of the demo's network.
type member struct {
	trade

	id          int
	name        string
	activeSince commission.Date // 0: it is not ACTIVE
}

// The names of partners are made of these.
var (
	firstWords = []string{
		"Amber", "Brisk", "Cobalt", "Dusty", "Ember", "Fabled", "Gilded", "Hollow", "Indigo", "Juniper",
		"Kindled", "Lively", "Mossy", "Nimble", "Opal", "Quiet", "Russet", "Saffron", "Tidal", "Velvet",
	}
	secondWords = []string{
		"Acorn", "Badger", "Compass", "Dune", "Estuary", "Falcon", "Grove", "Heron", "Islet", "Jetty",
		"Kestrel", "Lantern", "Meadow", "Nettle", "Orchard", "Pebble", "Quarry", "Ridge", "Sparrow", "Thicket",
	}
	thirdWords = []string{"Media", "Traffic", "Digital", "Reach", "Offers", "Leads", "Collective"}
)

// nameOf is the name of the how-manieth partner; no two of the first 400 are the same.
func nameOf(number int) string {
	round := number / len(firstWords)
	return strings.Join([]string{
		firstWords[number%len(firstWords)], secondWords[(number+round)%len(secondWords)], thirdWords[number%len(thirdWords)],
	}, " ")
}

func emailOf(number int) string {
	return "hello@" + strings.ReplaceAll(strings.ToLower(nameOf(number)), " ", "-") + ".example"
}

// Some partners are invoiced in other ways than the usual one.
var frequencies = []commission.BillingFrequency{
	commission.Monthly, commission.Monthly, commission.Weekly, commission.Monthly, commission.Bimonthly,
	commission.Monthly, commission.Quarterly, commission.Monthly, commission.TwoMonths, commission.Manual,
}

// join makes the next partner, as staff do.
func (y *demoYear) join(input program.NewPartner) (*member, error) {
	number := len(y.members)
	input.Name, input.Email = nameOf(number), emailOf(number)
	input.Billing.Frequency = program.Some(frequencies[number%len(frequencies)])
	if number%6 == 0 {
		input.ManagerID = &y.manager
	}
	created, err := y.program.CreatePartner(y.staff, y.networkID, input)
	if err != nil {
		return nil, err
	}
	joined := y.add(created)
	y.becomes(joined, input.Status)
	return joined, nil
}

// signUp makes the next partner, as it does itself through the referrer's link.
func (y *demoYear) signUp(referrer *member) (*member, error) {
	number := len(y.members)
	by, err := y.program.DB.Partner.Get(y.system, referrer.id)
	if err != nil {
		return nil, err
	}
	input := program.SignUp{NetworkID: y.networkID, Name: nameOf(number), Email: emailOf(number), ReferralCode: by.ReferralCode}
	if err := y.program.SignUp(y.system, input); err != nil {
		return nil, err
	}
	created, err := y.program.DB.Partner.Query().Where(partner.NetworkID(y.networkID), partner.Email(input.Email)).Only(y.system)
	if err != nil {
		return nil, err
	}
	return y.add(created), nil
}

// add makes a partner a member, with a way of its own to do business.
func (y *demoYear) add(created *ent.Partner) *member {
	number := len(y.members)
	m := &member{id: created.ID, name: created.Name, trade: trade{
		pace:   100 + y.random.IntN(2500)*y.random.IntN(2500)/1000,
		basket: 1500 + y.random.Int64N(12_000),
		share:  4000 + y.random.Int64N(4000),
		exact:  number%9 == 4,
	}}
	if number < founders {
		m.pace += 1000
	} else if created.ReferredByID != nil && *created.ReferredByID == y.members[bringsLosses].id {
		m.share = 11_000
	}
	y.members = append(y.members, m)
	return m
}

// bringsLosses is the referrer whose referred partners earn more than they bring.
const bringsLosses = 15

// nextReferrer is who refers next: each of the referrers once, then some of them more often than others.
func (y *demoYear) nextReferrer() int {
	y.referred++
	if y.referred <= referrers {
		return y.referred - 1
	}
	return min(y.random.IntN(referrers), y.random.IntN(referrers))
}

// becomes keeps what a member is now: it brings conversions from the day on after it became ACTIVE.
func (y *demoYear) becomes(m *member, status commission.PartnerStatus) {
	m.activeSince = 0
	if status == commission.PartnerActive {
		m.activeSince = commission.DateOf(y.now, y.zone)
	}
}

func (y *demoYear) approve(m *member) error {
	y.becomes(m, commission.PartnerActive)
	_, err := y.program.ApprovePartner(y.staff, y.networkID, m.id)
	return err
}

func (y *demoYear) setStatus(m *member, status commission.PartnerStatus, reason string) error {
	y.becomes(m, status)
	_, err := y.program.SetPartnerStatus(y.staff, y.networkID, m.id, status, reason)
	return err
}

func (y *demoYear) assign(m *member, referrer int) error {
	return y.reassign(m, referrer, program.Keep, "")
}

func (y *demoYear) reassign(m *member, referrer int, unbilled program.Unbilled, reason string) error {
	_, _, err := y.program.AssignReferredBy(y.staff, y.networkID, program.ReferredBy{
		PartnerID: m.id, ReferrerID: y.members[referrer].id, Unbilled: unbilled, Reason: reason,
	})
	return err
}

func (y *demoYear) remove(m *member, unbilled program.Unbilled, reason string) error {
	_, err := y.program.RemoveReferredBy(y.staff, y.networkID, m.id, unbilled, reason)
	return err
}

// partnerAccount makes the account of the first partner, which has referrals of many kinds.
func (y *demoYear) partnerAccount() error {
	first := y.members[0]
	_, err := y.account("PARTNER", program.NewAccount{Name: first.name, Role: commission.PartnerUser, PartnerID: first.id})
	if err != nil {
		return fmt.Errorf("make the partner's account: %w", err)
	}
	return nil
}
