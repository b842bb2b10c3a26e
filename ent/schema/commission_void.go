package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/audit"
	"partner.example/referrals/ent/rule"
)

// CommissionVoid takes away what a term had earned on some days and was not billed for. The accruals that it took
// carry it where others carry their invoice line.
type CommissionVoid struct{ ent.Schema }

// Annotations name the table.
func (CommissionVoid) Annotations() []schema.Annotation { return table("commission_void") }

// Policy says who sees and changes the rows.
func (CommissionVoid) Policy() ent.Policy {
	return rule.Policy(
		rule.ThroughAll("term_id", "referral_term", rule.ThroughAll("referral_id", "referral", rule.Decisions)),
		rule.Roles{commission.Admin: rule.OfTheNetwork},
	)
}

// Mixin makes it the network's.
func (CommissionVoid) Mixin() []ent.Mixin { return []ent.Mixin{tenant{}} }

// Hooks write the audit log.
func (CommissionVoid) Hooks() []ent.Hook {
	return []ent.Hook{audit.Hook(audit.Table{
		Name: "commission_void", Type: "CommissionVoid",
		Subject: `SELECT v.id, v.network_id, p.id, p.name FROM commission_void v JOIN referral_term t ON t.id = v.term_id
			JOIN referral r ON r.id = t.referral_id JOIN partner p ON p.id = r.referred_id WHERE v.id`,
	})}
}

// Fields of a void.
func (CommissionVoid) Fields() []ent.Field {
	return []ent.Field{
		field.Int("term_id").Immutable(),
		field.Int32("from").GoType(commission.Date(0)).StorageKey("from_day").Immutable().Comment("the first day of which it took something"),
		field.Int32("to").GoType(commission.Date(0)).StorageKey("to_day").Immutable().Comment("the last"),
		field.String("reason").MaxLen(1000).Immutable(),
		once(moment("voided_at")),
		field.String("voided_by").Immutable(),
		field.Int64("conversions").Immutable().Comment("how many brought what it took"),
		once(money("amount")),
	}
}

// Edges of a void.
func (CommissionVoid) Edges() []ent.Edge {
	return []ent.Edge{edge.To("term", ReferralTerm.Type).Field("term_id").Unique().Required().Immutable()}
}

// Indexes of a void.
func (CommissionVoid) Indexes() []ent.Index {
	return []ent.Index{index.Fields("network_id"), index.Fields("term_id")}
}
