package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/audit"
	"partner.example/referrals/ent/rule"
)

// AuditEvent is one thing that somebody did: a change with what it was before and after, or a look that
// support staff took (R3). Events are only ever added.
type AuditEvent struct{ ent.Schema }

// Annotations name the table.
func (AuditEvent) Annotations() []schema.Annotation { return table("audit_event") }

// Policy says who sees and changes the rows.
func (AuditEvent) Policy() ent.Policy {
	return rule.Policy(
		rule.Roles{
			commission.Admin: rule.OfTheNetwork, commission.PartnerManager: rule.EventsOfManaged,
			commission.Support: rule.OfEveryNetwork,
		},
		rule.Nobody(),
	)
}

// Hooks keep what is written.
func (AuditEvent) Hooks() []ent.Hook { return []ent.Hook{audit.AppendOnly} }

// Fields of an event.
func (AuditEvent) Fields() []ent.Field {
	return []ent.Field{
		field.Int("network_id").Optional().Nillable().Immutable().Comment("none: it was about support staff"),
		moment("at"),
		field.Int("account_id").Optional().Nillable().Immutable().Comment("who; none: the program itself, or a stranger"),
		field.String("actor_name").Immutable(),
		field.String("actor_role").Default("").Immutable(),
		field.String("action").Immutable().Comment("the mutation, such as assignReferredBy"),
		field.String("subject_type").Immutable(),
		field.Int("subject_id").Immutable(),
		field.String("subject_name").Immutable().Comment("as it was then"),
		field.Int("partner_id").Optional().Nillable().Immutable().Comment("the partner that it is about, if any"),
		field.String("reason").MaxLen(1000).Default("").Immutable(),
		field.Text("changes").Immutable().Comment("JSON, as audit.Changes reads it"),
	}
}

// Indexes of an event.
func (AuditEvent) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("network_id", "subject_type", "subject_id"),
		index.Fields("partner_id"),
	}
}
