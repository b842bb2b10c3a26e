package ledger

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/viewer"
)

// Happening is a kind of thing that happens to a referral.
type Happening string

const (
	SignedUp         Happening = "SIGNED_UP"         // the referred partner came by the referrer's link [A1]
	Approved         Happening = "APPROVED"          // the referred partner, for the first time
	Started          Happening = "STARTED"           // the referral [A4]
	TermOpened       Happening = "TERM_OPENED"       // a structure began to pay [T2, A7]
	TermClosed       Happening = "TERM_CLOSED"       // a term was closed before its duration ran out
	TermExpired      Happening = "TERM_EXPIRED"      // its duration ran out [T3]
	EarningPaused    Happening = "PAUSED"            // the referrer is not ACTIVE any more [T6]
	EarningResumed   Happening = "RESUMED"           // the referrer is ACTIVE again
	ThresholdReached Happening = "THRESHOLD_REACHED" // the minimum earnings [C3]
	BilledOn         Happening = "BILLED"            // a term is on an invoice [I2]
	PaidOn           Happening = "PAID"              // that invoice was paid [I4]
	Unbilled         Happening = "INVOICE_DELETED"   // that invoice was deleted, and is billed again [I4]
	ReferralOver     Happening = "ENDED"             // Referred By was removed or changed [A6]
	GrantProposed    Happening = "GRANT_PROPOSED"    // support staff proposed a retroactive grant
	GrantDeclined    Happening = "GRANT_DECLINED"    // an ADMIN decided against it
	Granted          Happening = "GRANTED"           // an ADMIN granted, or accepted a proposal
	GrantRevoked     Happening = "GRANT_REVOKED"     // an ADMIN took a grant back
	VoidedBy         Happening = "VOIDED"            // an ADMIN took away what was unbilled
)

// Event is one thing that happened to a referral.
type Event struct {
	NetworkID  int
	ReferralID int
	ReferredID int
	ReferrerID int
	At         time.Time
	Happening  Happening
	Text       string
	TermID     int // 0: it is about no term
	InvoiceID  int // 0: it is about no invoice
	GrantID    int // 0: it is about no grant
	VoidID     int // 0: it is about no void
}

// lived is a referral on its way to its timeline.
type lived struct {
	Event
	currency           commission.Currency
	zone               *time.Location
	referrer, referred string
	startedAt          time.Time
	endedAt            *time.Time
	events             []*Event
}

func (r *lived) add(at time.Time, what Happening, term, invoice int, format string, args ...any) *Event {
	event := r.Event
	event.At, event.Happening, event.TermID, event.InvoiceID, event.Text = at, what, term, invoice, fmt.Sprintf(format, args...)
	r.events = append(r.events, &event)
	return &event
}

// has tells whether the referral held at a moment.
func (r *lived) has(at time.Time) bool {
	return !at.Before(r.startedAt) && (r.endedAt == nil || at.Before(*r.endedAt))
}

// Timelines tells what happened to referrals, for each in order. The caller has found the referrals, which proves that
// the viewer sees them. It takes eight statements for any number of referrals of a network. For staff and support.
func (l *Ledger) Timelines(ctx context.Context, referralIDs []int) (map[int][]*Event, error) {
	if v, _ := viewer.From(ctx); !v.IsSystem() && !v.Is(commission.Admin, commission.PartnerManager, commission.Support) {
		return nil, commission.Refuse(commission.Forbidden, "", "the role %s may not ask for this", v.Role)
	}
	all := make(map[int]*lived, len(referralIDs))
	for _, find := range []func(context.Context, map[int]*lived, []int) error{l.addItself, l.addTerms, l.addPauses, l.addInvoices, l.addGrants, l.addVoids} {
		if err := find(ctx, all, referralIDs); err != nil {
			return nil, err
		}
	}
	timelines := make(map[int][]*Event, len(all))
	for id, r := range all {
		slices.SortStableFunc(r.events, func(a, b *Event) int { return a.At.Compare(b.At) })
		timelines[id] = r.events
	}
	return timelines, nil
}

// addItself adds how the referral came about and how it ended.
func (l *Ledger) addItself(ctx context.Context, all map[int]*lived, ids []int) error {
	return database.EachIn(ctx, l.DB, `
		SELECT r.id, r.network_id, r.referrer_id, r.referred_id, n.currency, n.time_zone, referrer.name, referred.name,
			r.source, referred.created_at, referred.approved_at, r.started_at, r.ended_at, r.forfeited_at IS NOT NULL, r.end_reason,
			COALESCE(next.name, ''), COALESCE(next.manager_id, 0), COALESCE(referred.manager_id, 0)
		FROM referral r JOIN network n ON n.id = r.network_id
		JOIN partner referrer ON referrer.id = r.referrer_id JOIN partner referred ON referred.id = r.referred_id
		LEFT JOIN referral following ON following.referred_id = r.referred_id AND following.started_at = r.ended_at
		LEFT JOIN partner next ON next.id = following.referrer_id
		WHERE r.id IN (%s)`, nil, ids, func(row *stdsql.Rows) error {
		var r lived
		var zone commission.Zone
		var source commission.ReferralSource
		var createdAt time.Time
		var approvedAt *time.Time
		var forfeited bool
		var reason, next string
		var nextManager, manager int
		if err := row.Scan(&r.ReferralID, &r.NetworkID, &r.ReferrerID, &r.ReferredID, &r.currency, &zone, &r.referrer, &r.referred,
			&source, &createdAt, &approvedAt, &r.startedAt, &r.endedAt, &forfeited, &reason, &next, &nextManager, &manager); err != nil {
			return err
		}
		var err error
		if r.zone, err = zone.Location(); err != nil {
			return err
		}
		if source == commission.SourceLink {
			r.add(createdAt, SignedUp, 0, 0, "%s signed up by the link of %s.", r.referred, r.referrer)
		}
		if approvedAt != nil && !approvedAt.After(r.startedAt) {
			r.add(*approvedAt, Approved, 0, 0, "%s was approved.", r.referred)
		}
		how := "by hand"
		if source == commission.SourceLink {
			how = "by link"
		}
		r.add(r.startedAt, Started, 0, 0, "The referral started: %s was referred by %s, %s.", r.referred, r.referrer, how)
		if r.endedAt != nil {
			text := "Referred By was removed, and the referral ended."
			switch v, _ := viewer.From(ctx); {
			case next == "":
			case v.Limited && v.AccountID != manager && v.AccountID != nextManager: // neither of them is its own
				text = "Referred By was changed, and the referral ended."
			default:
				text = fmt.Sprintf("Referred By was changed to %s, and the referral ended.", next)
			}
			if forfeited {
				text += " What it had unbilled was forfeited."
			}
			if reason != "" {
				text += fmt.Sprintf(" Reason: %q.", reason)
			}
			r.add(*r.endedAt, ReferralOver, 0, 0, "%s", text)
		}
		all[r.ReferralID] = &r
		return nil
	})
}

// addTerms adds what the terms say: when each began to pay and why it ended, and when its threshold was reached.
func (l *Ledger) addTerms(ctx context.Context, all map[int]*lived, ids []int) error {
	networks := map[int]map[int]commission.Structure{}
	for _, r := range all {
		networks[r.NetworkID] = nil
	}
	for id := range networks {
		structures, err := structuresOf(ctx, l.DB, id)
		if err != nil {
			return err
		}
		networks[id] = structures
	}
	now := commission.Moment(l.Now())
	histories := map[int]*commission.Referral{}
	err := database.EachIn(ctx, l.DB, `
		SELECT id, referral_id, structure_id, referred_date, window_ends_at, stopped_at, COALESCE(stop_reason, '')
		FROM referral_term WHERE grant_id IS NULL AND referral_id IN (%s) ORDER BY referral_id, referred_date`, nil, ids, func(row *stdsql.Rows) error {
		var t commission.Term
		var referralID int
		if err := row.Scan(&t.ID, &referralID, &t.StructureID, &t.ReferredDate, &t.WindowEndsAt, &t.ClosedAt, &t.CloseReason); err != nil {
			return err
		}
		if histories[referralID] == nil {
			histories[referralID] = &commission.Referral{ID: referralID}
		}
		histories[referralID].Append(t)
		return nil
	})
	if err != nil {
		return err
	}
	of, minimums := map[int]*lived{}, map[int]commission.Structure{}
	for id, its := range histories {
		r := all[id]
		for _, t := range its.Terms {
			structure := networks[r.NetworkID][t.StructureID]
			summary := structure.Summary(r.currency)
			r.add(t.ReferredDate, TermOpened, t.ID, 0, "A term opened: %s earns %s.", r.referrer, summary)
			switch {
			case t.RanOut(now):
				r.add(*t.WindowEndsAt, TermExpired, t.ID, 0, "The term under %s ran out.", summary)
			case t.ClosedAt != nil:
				r.add(*t.ClosedAt, TermClosed, t.ID, 0, "The term under %s closed: %s.", summary, map[commission.CloseReason]string{
					commission.Superseded: "another structure pays from here on", commission.ReferralEnded: "the referral ended",
					commission.SettingEnded: "the setting pays nothing any more",
				}[t.CloseReason])
			}
			if structure.MinimumEarnings != nil {
				of[t.ID], minimums[t.ID] = r, structure
			}
		}
	}
	reached, err := l.ReachedOn(ctx, slices.Sorted(maps.Keys(of)))
	for term, day := range reached {
		r := of[term]
		minimum := commission.Format(r.currency.Exact(*minimums[term].MinimumEarnings))
		r.add(day.Start(r.zone), ThresholdReached, term, 0, "On this day %s reached the minimum of %s %s.", r.referred, minimum, r.currency)
	}
	return err
}

// addPauses adds when the referrer was not ACTIVE.
func (l *Ledger) addPauses(ctx context.Context, all map[int]*lived, ids []int) error {
	return database.EachIn(ctx, l.DB, `
		SELECT r.id, s.status, s.since, s.until FROM referral r JOIN partner_status s ON s.partner_id = r.referrer_id
		WHERE s.status <> 'ACTIVE' AND r.id IN (%s)`, nil, ids, func(row *stdsql.Rows) error {
		var id int
		var status commission.PartnerStatus
		var pause commission.Interval
		if err := row.Scan(&id, &status, &pause.From, &pause.Until); err != nil {
			return err
		}
		r := all[id]
		if r.has(pause.From) {
			r.add(pause.From, EarningPaused, 0, 0, "%s became %s: the referral does not earn.", r.referrer, status)
		}
		if pause.Until != nil && r.has(*pause.Until) {
			r.add(*pause.Until, EarningResumed, 0, 0, "%s is not %s any more.", r.referrer, status)
		}
		return nil
	})
}

// addInvoices adds which invoices pay its terms, and what became of those.
func (l *Ledger) addInvoices(ctx context.Context, all map[int]*lived, ids []int) error {
	return database.EachIn(ctx, l.DB, `
		SELECT t.referral_id, t.id, i.id, i.number, l.amount, i.issued_at, i.paid_at, i.deleted_at
		FROM referral_term t JOIN invoice_line l ON l.term_id = t.id JOIN invoice i ON i.id = l.invoice_id
		WHERE t.referral_id IN (%s) ORDER BY i.number, l.id`, nil, ids, func(row *stdsql.Rows) error {
		var id, term, invoice, number int
		var micros int64
		var issuedAt time.Time
		var paidAt, deletedAt *time.Time
		if err := row.Scan(&id, &term, &invoice, &number, &micros, &issuedAt, &paidAt, &deletedAt); err != nil {
			return err
		}
		r := all[id]
		amount := commission.Format(r.currency.Exact(commission.FromMicros(micros)))
		r.add(issuedAt, BilledOn, term, invoice, "Invoice %d pays %s %s of it.", number, amount, r.currency)
		if paidAt != nil {
			r.add(*paidAt, PaidOn, term, invoice, "Invoice %d was paid.", number)
		}
		if deletedAt != nil {
			r.add(*deletedAt, Unbilled, term, invoice, "Invoice %d was deleted: what it paid is unbilled again.", number)
		}
		return nil
	})
}

// addGrants adds what was granted beside the rules, or proposed to be.
func (l *Ledger) addGrants(ctx context.Context, all map[int]*lived, ids []int) error {
	return database.EachIn(ctx, l.DB, `
		SELECT g.referral_id, g.id, COALESCE(t.id, 0), g.from_day, g.to_day, g.status, g.conversions, g.amount, g.reason, g.proposed_at, g.granted_at, g.ended_at, g.end_reason
		FROM retroactive_grant g LEFT JOIN referral_term t ON t.grant_id = g.id WHERE g.referral_id IN (%s) ORDER BY g.id`, nil, ids, func(row *stdsql.Rows) error {
		var id, grant, term int
		var days Range
		var status commission.GrantStatus
		var conversions, micros int64
		var reason, endReason string
		var proposedAt, grantedAt, endedAt *time.Time
		if err := row.Scan(&id, &grant, &term, &days.From, &days.To, &status, &conversions, &micros, &reason, &proposedAt, &grantedAt, &endedAt, &endReason); err != nil {
			return err
		}
		r := all[id]
		window := fmt.Sprintf("%s to %s", days.From, days.To)
		if proposedAt != nil {
			r.add(*proposedAt, GrantProposed, 0, 0, "It was proposed to grant what the rules pay nobody for, from %s. Reason: %q.", window, reason).GrantID = grant
		}
		if grantedAt != nil {
			amount := commission.Format(r.currency.Exact(commission.FromMicros(micros)))
			r.add(*grantedAt, Granted, term, 0, "%s was granted %s %s for %d conversions from %s. Reason: %q.", r.referrer, amount, r.currency, conversions, window, reason).GrantID = grant
		}
		switch {
		case endedAt == nil:
		case status == commission.GrantDeclined:
			r.add(*endedAt, GrantDeclined, 0, 0, "The grant that was proposed from %s was declined.%s", window, said(endReason)).GrantID = grant
		default:
			r.add(*endedAt, GrantRevoked, term, 0, "The grant from %s was revoked.%s", window, said(endReason)).GrantID = grant
		}
		return nil
	})
}

// addVoids adds what was taken away from its terms.
func (l *Ledger) addVoids(ctx context.Context, all map[int]*lived, ids []int) error {
	return database.EachIn(ctx, l.DB, `
		SELECT t.referral_id, v.id, t.id, v.from_day, v.to_day, v.amount, v.voided_at, v.reason
		FROM commission_void v JOIN referral_term t ON t.id = v.term_id WHERE t.referral_id IN (%s) ORDER BY v.id`, nil, ids, func(row *stdsql.Rows) error {
		var id, void, term int
		var days Range
		var micros int64
		var voidedAt time.Time
		var reason string
		if err := row.Scan(&id, &void, &term, &days.From, &days.To, &micros, &voidedAt, &reason); err != nil {
			return err
		}
		r := all[id]
		amount := commission.Format(r.currency.Exact(commission.FromMicros(micros)))
		r.add(voidedAt, VoidedBy, term, 0, "%s %s that was unbilled from %s to %s was taken away. Reason: %q.", amount, r.currency, days.From, days.To, reason).VoidID = void
		return nil
	})
}

func said(reason string) string {
	if reason == "" {
		return ""
	}
	return fmt.Sprintf(" Reason: %q.", reason)
}
