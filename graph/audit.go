package graph

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/99designs/gqlgen/graphql"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/audit"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/auditevent"
	"partner.example/referrals/ent/generated/predicate"
	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph/generated/model"
	"partner.example/referrals/graph/page"
	"partner.example/referrals/graph/scalar"
)

// AuditLog is who did what, the latest first.
func (r networkResolver) AuditLog(ctx context.Context, n *ent.Network, subject *scalar.ID, first *int32, after *string) (*page.AuditEvents, error) {
	window, err := page.Read(first, after)
	if err != nil {
		return nil, err
	}
	where := []predicate.AuditEvent{auditevent.NetworkID(n.ID)}
	switch {
	case subject != nil && subject.Type == scalar.Partner: // what is about a partner is also about its referrals and accounts
		where = append(where, auditevent.PartnerID(subject.Row))
	case subject != nil:
		where = append(where, auditevent.SubjectType(subject.Type), auditevent.SubjectID(subject.Row))
	}
	total, err := r.DB.AuditEvent.Query().Where(where...).Count(ctx)
	if err != nil {
		return nil, err
	}
	query := r.DB.AuditEvent.Query().Where(where...).Order(auditevent.ByID(entsql.OrderDesc())).Limit(window.First + 1)
	if at := window.After; at != nil {
		query.Where(auditevent.IDLT(at.Row))
	}
	rows, err := query.All(ctx)
	return page.Of(window, rows, total, func(e *ent.AuditEvent) page.Position { return page.Position{Row: e.ID} }), err
}

// ID is opaque.
func (r auditEventResolver) ID(_ context.Context, e *ent.AuditEvent) (*scalar.ID, error) {
	return idOf(scalar.Event, e.ID)
}

// Actor is who did it, as it was then.
func (r auditEventResolver) Actor(_ context.Context, e *ent.AuditEvent) (*model.Actor, error) {
	actor := &model.Actor{Name: e.ActorName}
	if e.ActorRole != "" {
		actor.Role = pointer(commission.Role(e.ActorRole))
	}
	return actor, nil
}

// Subject is what it was done to, as it was then.
func (r auditEventResolver) Subject(_ context.Context, e *ent.AuditEvent) (*model.Subject, error) {
	return &model.Subject{ID: scalar.ID{Type: e.SubjectType, Row: e.SubjectID}, Name: e.SubjectName}, nil
}

// Reason is why.
func (r auditEventResolver) Reason(_ context.Context, e *ent.AuditEvent) (*string, error) {
	return textOf(e.Reason), nil
}

// Changes is what was changed.
func (r auditEventResolver) Changes(_ context.Context, e *ent.AuditEvent) ([]*model.FieldChange, error) {
	changes, err := audit.Changes(e)
	shown := make([]*model.FieldChange, len(changes))
	for i, change := range changes {
		shown[i] = &model.FieldChange{Field: change.Field, Before: reference(change.Of, change.Before), After: reference(change.Of, change.After)}
	}
	return shown, err
}

// reference shows the number of a row as the id that clients know it by.
func reference(kind string, stored *string) *string {
	if kind == "" || stored == nil {
		return stored
	}
	row, err := strconv.Atoi(*stored)
	if err != nil {
		return stored
	}
	return pointer(scalar.ID{Type: kind, Row: row}.String())
}

// listed is what the list of networks shows of each; whatever else is asked of a network is a look into it.
var listed = map[string]bool{"__typename": true, "id": true, "name": true, "currency": true, "timeZone": true}

// logLook is asked before every field of a network: support staff reach one also by the list of all, without naming it.
func (r *Resolver) logLook(ctx context.Context, field *graphql.FieldContext) error {
	if listed[field.Field.Name] || field.Parent == nil {
		return nil
	}
	switch of := field.Parent.Result.(type) {
	case *ent.Network:
		return r.look(ctx, of.ID)
	case **ent.Network: // in a list
		return r.look(ctx, (*of).ID)
	default:
		return fmt.Errorf("a network that is a %T", of)
	}
}

// looks remembers into which networks support staff looked in one request: each is logged once.
type looks struct {
	mu     sync.Mutex
	logged map[int]bool
}

// look logs that support staff look into a network, before they see anything of it.
func (r *Resolver) look(ctx context.Context, networkID int) error {
	v, _ := viewer.From(ctx)
	if v.Role != commission.Support || networkID == 0 {
		return nil
	}
	seen := &loadersOf(ctx).looks
	seen.mu.Lock()
	defer seen.mu.Unlock()
	if seen.logged[networkID] {
		return nil
	}
	n, err := one(ctx, loadersOf(ctx).network, networkID, "network")
	if err != nil {
		return err
	}
	if err := audit.Look(ctx, r.DB.Client, n, commission.Moment(r.Program.Now())); err != nil {
		return err
	}
	if seen.logged == nil {
		seen.logged = map[int]bool{}
	}
	seen.logged[networkID] = true
	return nil
}
