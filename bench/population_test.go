package bench

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
)

// kind is how some of the referrals of a population are.
type kind struct {
	started time.Time
	pays    commission.Structure
	then    *commission.Structure // from changed on
	changed time.Time
	ended   *time.Time
}

// population is the partners of a network: the first of them referred the others. Ids are counted from
// those of the network, so that statements can compute them.
type population struct {
	network       int
	firstReferrer int
	firstReferred int
	firstReferral int // as many as referred partners, and as many first terms with the same ids
	secondTerm    int // what a referral's id is raised by to be its second term's
}

const idsANetwork = 10_000_000

// populate writes partners and referrals straight into the tables, as the program would have: ten thousand
// calls would take a minute. The kinds take turns.
func populate(b *testing.B, db *database.Database, network, referrers, referred int, kinds ...kind) population {
	b.Helper()
	return populateBy(b, db, network, referrers, referred, func(i int) int { return i % referrers }, kinds...)
}

// populateBy is populate for networks whose referrers made more referrals and less: referrerOf says which of them
// referred each partner.
func populateBy(b *testing.B, db *database.Database, network, referrers, referred int, referrerOf func(i int) int, kinds ...kind) population {
	b.Helper()
	base := network * idsANetwork
	p := population{
		network: network, firstReferrer: base + 1, firstReferred: base + 1 + referrers,
		firstReferral: base + 1, secondTerm: idsANetwork / 2,
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		b.Fatal(err)
	}
	err = db.Transact(system(), func(ctx context.Context, tx *database.Tx) error {
		partners := tx.Rows("partner", "id", "network_id", "name", "search_text", "status", "approved_at", "referral_code", "referred_by_id", "referred_by_source", "created_at")
		statuses := tx.Rows("partner_status", "network_id", "partner_id", "status", "since")
		referrals := tx.Rows("referral", "id", "network_id", "referrer_id", "referred_id", "source", "started_at", "ended_at", "active_key", "latest_term_id")
		terms := tx.Rows("referral_term", "id", "network_id", "referral_id", "structure_id", "referred_date", "window_ends_at", "stopped_at", "stop_reason", "previous_id")
		structures := map[string]int{}
		structure := func(s commission.Structure) int {
			id, known := structures[s.Key()]
			if !known {
				id = newStructure(ctx, b, tx, network, s)
				structures[s.Key()] = id
			}
			return id
		}
		partner := func(id int, approvedAt time.Time, referredBy, source any) {
			name := fmt.Sprintf("Partner %d", id-base)
			partners.Add(id, network, name, name, "ACTIVE", approvedAt, fmt.Sprintf("code-%d", id), referredBy, source, approvedAt)
			statuses.Add(network, id, "ACTIVE", approvedAt)
		}
		for i := range referrers {
			partner(p.firstReferrer+i, kinds[0].started.AddDate(-1, 0, 0), nil, nil)
		}
		for i := range referred {
			k, id, referrer, referral := kinds[i%len(kinds)], p.firstReferred+i, p.firstReferrer+referrerOf(i), p.firstReferral+i
			var referredBy, source, activeKey, ended, endReason any = referrer, "MANUAL", id, nil, nil
			if k.ended != nil {
				referredBy, source, activeKey, ended, endReason = nil, nil, nil, *k.ended, "REFERRAL_ENDED"
			}
			partner(id, k.started, referredBy, source)
			latest := referral // terms have the ids of their referrals
			if k.then != nil {
				latest += p.secondTerm
				terms.Add(referral, network, referral, structure(k.pays), k.started, k.pays.WindowEndsAt(k.started, location), nil, nil, 0)
				terms.Add(latest, network, referral, structure(*k.then), k.changed, k.then.WindowEndsAt(k.changed, location), ended, endReason, referral)
			} else {
				terms.Add(referral, network, referral, structure(k.pays), k.started, k.pays.WindowEndsAt(k.started, location), ended, endReason, 0)
			}
			referrals.Add(referral, network, referrer, id, "MANUAL", k.started, ended, activeKey, latest)
		}
		for _, rows := range []*database.Rows{partners, statuses, referrals, terms} {
			if err := tx.Insert(ctx, rows); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func newStructure(ctx context.Context, b *testing.B, tx *database.Tx, network int, s commission.Structure) int {
	b.Helper()
	row := tx.CommissionStructure.Create().SetNetworkID(network).SetCanonical(s.Key()).SetType(s.Commission.Type()).SetCreatedAt(time.Now())
	switch pays := s.Commission.(type) {
	case commission.FlatFee:
		row.SetAmount(&pays.Amount)
	case commission.Percentage:
		row.SetRate(&pays.Rate).SetBasis(pays.Basis)
	}
	if s.MinimumEarnings != nil {
		row.SetMinimumEarnings(s.MinimumEarnings)
	}
	if s.Duration != nil {
		row.SetDurationValue(s.Duration.Value).SetDurationUnit(s.Duration.Unit)
	}
	made, err := row.Save(ctx)
	if err != nil {
		b.Fatal(err)
	}
	return made.ID
}

func percentage(rate string, basis commission.Basis) commission.Structure {
	return commission.Structure{Commission: commission.Percentage{Rate: decimal.RequireFromString(rate), Basis: basis}}
}
