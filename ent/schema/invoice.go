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

// Invoice is what a partner is paid for a period. What it says is fixed when it is made (I2, I4).
type Invoice struct{ ent.Schema }

// Annotations name the table.
func (Invoice) Annotations() []schema.Annotation { return table("invoice") }

// Policy says who sees and changes the rows.
func (Invoice) Policy() ent.Policy {
	return rule.Policy(rule.Invoices, rule.Roles{commission.Admin: rule.OfTheNetwork})
}

// Hooks write the audit log.
func (Invoice) Hooks() []ent.Hook {
	return []ent.Hook{audit.Hook(audit.Table{
		Name: "invoice", Type: "Invoice",
		Subject: "SELECT i.id, i.network_id, p.id, p.name FROM invoice i JOIN partner p ON p.id = i.partner_id WHERE i.id",
	})}
}

// Mixin makes it the network's.
func (Invoice) Mixin() []ent.Mixin { return []ent.Mixin{tenant{}} }

// Fields of an invoice.
func (Invoice) Fields() []ent.Field {
	return []ent.Field{
		field.Int("number").Immutable(),
		field.Int("partner_id").Immutable(),
		field.String("partner_name").Immutable(),
		field.Int32("from").GoType(commission.Date(0)).StorageKey("from_day").Immutable(),
		field.Int32("to").GoType(commission.Date(0)).StorageKey("to_day").Immutable(),
		field.Enum("status").GoType(commission.InvoiceStatus("")),
		field.Bool("hidden"),
		once(money("total")),
		once(moment("issued_at")),
		field.Int32("due_on").GoType(commission.Date(0)).Immutable(),
		optionalMoment("paid_at"),
		optionalMoment("deleted_at"),
	}
}

// Edges of an invoice.
func (Invoice) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("partner", Partner.Type).Field("partner_id").Unique().Required().Immutable(),
		edge.From("lines", InvoiceLine.Type).Ref("invoice"),
	}
}

// Indexes of an invoice.
func (Invoice) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("network_id", "number").Unique(),
		index.Fields("partner_id", "to"),
	}
}
