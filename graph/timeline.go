package graph

import (
	"context"
	"time"

	"partner.example/referrals/commission/ledger"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/auditevent"
	"partner.example/referrals/ent/generated/predicate"
	"partner.example/referrals/graph/generated/model"
	"partner.example/referrals/graph/scalar"
)

// Timeline is what happened to the referral, in order.
func (r referralResolver) Timeline(ctx context.Context, ref *ent.Referral) ([]*ledger.Event, error) {
	events, err := loadersOf(ctx).timeline.Load(ctx, ref.ID)
	ahead(ctx, "ReferralEvent", events)
	return events, err
}

// Actor is who did it, as far as the viewer sees the audit log.
func (r referralEventResolver) Actor(ctx context.Context, e *ledger.Event) (*model.Actor, error) {
	found, err := loadersOf(ctx).actor.Load(ctx, e)
	if isMissing(err) {
		return nil, nil //nolint:nilnil // nobody did: time did
	}
	if err != nil {
		return nil, err
	}
	return auditEventResolver(r).Actor(ctx, found)
}

// Term is the one that it is about.
func (r referralEventResolver) Term(ctx context.Context, e *ledger.Event) (*ent.ReferralTerm, error) {
	return maybe(ctx, loadersOf(ctx).term, &e.TermID)
}

// Invoice is the one that it is about.
func (r referralEventResolver) Invoice(ctx context.Context, e *ledger.Event) (*ent.Invoice, error) {
	return maybe(ctx, loadersOf(ctx).invoice, &e.InvoiceID)
}

// actors finds in the audit log who did what happened to referrals: all that one change does has the same moment, and
// no other change of the network has that.
func (r *Resolver) actors(ctx context.Context, events []*ledger.Event) (map[*ledger.Event]*ent.AuditEvent, error) {
	type moment struct {
		networkID int
		at        int64
	}
	var moments []time.Time
	about := map[subjectOf]bool{}
	for _, e := range events {
		if e.Happening == ledger.TermExpired || e.Happening == ledger.ThresholdReached { // nobody does these
			continue
		}
		moments = append(moments, e.At)
		about[subjectOf{scalar.Network, e.NetworkID}] = true
		about[subjectOf{scalar.Partner, e.ReferrerID}] = true
		about[subjectOf{scalar.Partner, e.ReferredID}] = true
		about[subjectOf{scalar.Referral, e.ReferralID}] = true
		if e.GrantID != 0 {
			about[subjectOf{scalar.Grant, e.GrantID}] = true
		}
		if e.VoidID != 0 {
			about[subjectOf{scalar.Void, e.VoidID}] = true
		}
		if e.InvoiceID != 0 {
			about[subjectOf{scalar.Invoice, e.InvoiceID}] = true
		}
	}
	if len(moments) == 0 {
		return nil, nil //nolint:nilnil // nobody did anything
	}
	var subjects []predicate.AuditEvent
	for of := range about {
		subjects = append(subjects, auditevent.And(auditevent.SubjectType(of.kind), auditevent.SubjectID(of.row)))
	}
	logged, err := r.DB.AuditEvent.Query().Where(auditevent.Or(subjects...), auditevent.AtIn(moments...)).Order(auditevent.ByID()).All(ctx)
	if err != nil {
		return nil, err
	}
	by := map[moment]*ent.AuditEvent{}
	for _, event := range logged {
		by[moment{value(event.NetworkID), event.At.UnixMicro()}] = event
	}
	found := make(map[*ledger.Event]*ent.AuditEvent, len(events))
	for _, e := range events {
		if event := by[moment{e.NetworkID, e.At.UnixMicro()}]; event != nil {
			found[e] = event
		}
	}
	return found, nil
}

// subjectOf names what an event of the log is about.
type subjectOf struct {
	kind string
	row  int
}
