// Package audit keeps the log of who did what [R3]. It is a hook on the tables whose changes matter, so that no
// mutation can forget it: every change of their rows writes its events in its own transaction, and is
// refused where it has none.
package audit

import (
	"context"
	stdsql "database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	entgo "entgo.io/ent"

	"partner.example/referrals/commission"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/viewer"
)

// Change is one field before and after. Of names the type of thing that a reference is to, whose values are
// then numbers of rows.
type Change struct {
	Field  string  `json:"field"`
	Before *string `json:"before"`
	After  *string `json:"after"`
	Of     string  `json:"of,omitempty"`
}

// Changes reads what an event says was changed.
func Changes(event *ent.AuditEvent) ([]Change, error) {
	var changes []Change
	err := json.Unmarshal([]byte(event.Changes), &changes)
	return changes, err
}

type occasionKey struct{}

type occasion struct {
	action, reason string
	at             time.Time
}

// Because says for what, why and when the changes of a context are made: the mutation's name, the reason that
// its caller gave, and the one moment at which it all happens.
func Because(ctx context.Context, action, reason string, at time.Time) context.Context {
	return context.WithValue(ctx, occasionKey{}, occasion{action, reason, at})
}

// column is how a column is shown; one that is not named here is shown as it is.
type column struct {
	field  string
	of     string // the type of thing that it refers to
	flag   bool
	day    bool
	money  bool
	secret bool // that it changed is shown, and not to what
	hidden bool // bookkeeping: its change alone is no event
}

var columns = map[string]column{
	"referral_enabled":             {field: "enabled", flag: true},
	"referral_structure_id":        {field: "structure", of: "CommissionStructure"},
	"referred_by_id":               {field: "referredBy", of: "Partner"},
	"referrer_id":                  {field: "referrer", of: "Partner"},
	"referred_id":                  {field: "referred", of: "Partner"},
	"manager_id":                   {field: "manager", of: "Account"},
	"partner_id":                   {field: "partner", of: "Partner"},
	"account_id":                   {field: "account", of: "Account"},
	"hide_invoices":                {field: "hideInvoices", flag: true},
	"invoice_threshold":            {field: "invoiceThreshold", money: true},
	"referral_code":                {field: "referralCode", secret: true},
	"hash":                         {hidden: true},
	"search_text":                  {hidden: true},
	"version":                      {hidden: true},
	"referral_setting_version":     {hidden: true},
	"referral_settings_version":    {hidden: true},
	"referral_settings_updated_at": {hidden: true},
	"referral_settings_updated_by": {hidden: true},
	"changed_at":                   {hidden: true},
	"created_at":                   {hidden: true},
	"last_used_at":                 {hidden: true},
	"active_key":                   {hidden: true},
	"network_id":                   {hidden: true},
	"next_invoice_number":          {hidden: true},
	"billed_through":               {hidden: true},
	"billing_by":                   {hidden: true},
	"billing_beat":                 {hidden: true},
	"next_change_at":               {hidden: true},
	"structure_id":                 {field: "structure", of: "CommissionStructure"},
	"effective_on":                 {day: true},
	"effective_at":                 {hidden: true},
	"changes_structure":            {hidden: true},
	"revive_expired":               {flag: true},
	"disable_custom":               {flag: true},
	"asked_at":                     {hidden: true},
	"asked_by_id":                  {hidden: true},
	"asked_by":                     {hidden: true},
	"asked_as":                     {hidden: true},
	"terms_closed":                 {hidden: true},
	"terms_opened":                 {hidden: true},
	"referrals_left_expired":       {hidden: true},
	"hidden":                       {flag: true},
	"total":                        {money: true},
	"from_day":                     {field: "from", day: true},
	"to_day":                       {field: "to", day: true},
	"due_on":                       {day: true},
	"referral_id":                  {field: "referral", of: "Referral"},
	"term_id":                      {field: "term", of: "ReferralTerm"},
	"maximum":                      {money: true},
	"amount":                       {money: true},
	"proposed_at":                  {hidden: true},
	"proposed_by":                  {hidden: true},
	"granted_at":                   {hidden: true},
	"granted_by":                   {hidden: true},
	"ended_by":                     {hidden: true},
	"voided_at":                    {hidden: true},
	"voided_by":                    {hidden: true},
}

func columnOf(name string) column {
	known, ok := columns[name]
	if !ok || known.field == "" {
		words := strings.Split(name, "_")
		for i, word := range words[1:] {
			words[i+1] = strings.ToUpper(word[:1]) + word[1:]
		}
		known.field = strings.Join(words, "")
	}
	return known
}

type gatheringKey struct{}

// gathering is what is to be logged of rows that were created together.
type gathering struct {
	table  Table
	client *ent.Client
	shown  []string
	count  int
}

// Together logs the rows of one table that do creates when it is done, by as many statements as one row would take. do
// tells their ids: where several servers share the numbering, those of rows that were inserted together have gaps.
func Together(ctx context.Context, do func(ctx context.Context) (ids []int, err error)) error {
	var rows gathering
	ids, err := do(context.WithValue(ctx, gatheringKey{}, &rows))
	if err != nil {
		return err
	}
	if len(ids) != rows.count {
		return fmt.Errorf("%d rows were created, and %d are to be logged", rows.count, len(ids))
	}
	if rows.count == 0 {
		return nil
	}
	after, err := rows.table.read(ctx, rows.client, rows.shown, ids)
	if err != nil {
		return err
	}
	return rows.table.write(ctx, rows.client, entgo.OpCreate, rows.shown, nil, after, ids)
}

// takes tells whether a row that was created is one of them.
func (g *gathering) takes(table Table, client *ent.Client, shown []string) bool {
	if g.table.Name == "" {
		g.table, g.client, g.shown = table, client, shown
	}
	one := g.table.Name == table.Name && slices.Equal(g.shown, shown)
	if one {
		g.count++
	}
	return one
}

// Table is a table whose changes are logged, and how its rows are named as the subject of an event.
type Table struct {
	Name    string
	Type    string // in the schema
	Subject string // a query for id, network, partner (0: none) and name of rows, ending in "IN"
}

// mutation is what every mutation of ent's generated client can do.
type mutation interface {
	entgo.Mutation
	Client() *ent.Client
	Tx() (*ent.Tx, error)
	IDs(ctx context.Context) ([]int, error)
}

// Hook logs every change of the table's rows.
func Hook(table Table) entgo.Hook {
	return func(next entgo.Mutator) entgo.Mutator {
		return entgo.MutateFunc(func(ctx context.Context, m entgo.Mutation) (entgo.Value, error) {
			shown := slices.DeleteFunc(append(m.Fields(), m.ClearedFields()...), func(name string) bool { return columnOf(name).hidden })
			if m.Op().Is(entgo.OpDelete | entgo.OpDeleteOne) {
				return nil, fmt.Errorf("rows of %s are never deleted", table.Name)
			}
			if len(shown) == 0 {
				return next.Mutate(ctx, m)
			}
			slices.Sort(shown)
			change, ok := m.(mutation)
			if !ok {
				return nil, fmt.Errorf("a change of %s cannot be logged", table.Name)
			}
			if _, err := change.Tx(); err != nil {
				return nil, fmt.Errorf("a change of %s needs a transaction, to be logged in it: %w", table.Name, err)
			}
			return table.log(ctx, change, slices.Compact(shown), next)
		})
	}
}

func (t Table) log(ctx context.Context, m mutation, shown []string, next entgo.Mutator) (entgo.Value, error) {
	client := m.Client()
	var ids []int
	before := map[int][]*string{}
	var err error
	if !m.Op().Is(entgo.OpCreate) {
		if ids, err = m.IDs(ctx); err != nil || len(ids) == 0 {
			if err != nil {
				return nil, fmt.Errorf("find what changes: %w", err)
			}
			return next.Mutate(ctx, m)
		}
		if before, err = t.read(ctx, client, shown, ids); err != nil {
			return nil, err
		}
	}
	value, err := next.Mutate(ctx, m)
	if err != nil {
		return nil, err
	}
	if m.Op().Is(entgo.OpCreate) {
		if rows, ok := ctx.Value(gatheringKey{}).(*gathering); ok && rows.takes(t, client, shown) {
			return value, nil
		}
		created, ok := m.(interface{ ID() (int, bool) })
		if !ok {
			return nil, errors.New("a created row has no id")
		}
		id, _ := created.ID()
		ids = []int{id}
	}
	after, err := t.read(ctx, client, shown, ids)
	if err != nil {
		return nil, err
	}
	return value, t.write(ctx, client, m.Op(), shown, before, after, ids)
}

// read reads columns of rows as texts.
func (t Table) read(ctx context.Context, client *ent.Client, shown []string, ids []int) (map[int][]*string, error) {
	found := make(map[int][]*string, len(ids))
	query := "SELECT id, " + strings.Join(shown, ", ") + " FROM " + t.Name + " WHERE id"
	err := each(ctx, client, query, ids, func(row *stdsql.Rows) error {
		var id int
		values := make([]any, len(shown))
		into := []any{&id}
		for i := range values {
			into = append(into, &values[i])
		}
		if err := row.Scan(into...); err != nil {
			return err
		}
		texts := make([]*string, len(shown))
		for i, v := range values {
			texts[i] = columnOf(shown[i]).text(v)
		}
		found[id] = texts
		return nil
	})
	return found, err
}

// each runs a query about rows with many ids, some thousands a statement.
func each(ctx context.Context, client *ent.Client, query string, ids []int, scan func(*stdsql.Rows) error) error {
	const most = 5000
	for part := range slices.Chunk(ids, most) {
		if err := eachOf(ctx, client, query, part, scan); err != nil {
			return fmt.Errorf("read for the audit log: %w", err)
		}
	}
	return nil
}

func eachOf(ctx context.Context, client *ent.Client, query string, ids []int, scan func(*stdsql.Rows) error) (err error) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	rows, err := client.QueryContext(ctx, query+" IN ("+strings.TrimSuffix(strings.Repeat("?, ", len(ids)), ", ")+")", args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// text is a stored value as people read it; nil: none.
func (c column) text(stored any) *string {
	var text string
	switch v := stored.(type) {
	case nil:
		return nil
	case []byte:
		text = string(v)
	case time.Time:
		text = v.UTC().Format(time.RFC3339Nano)
	case int64:
		switch {
		case c.flag:
			text = strconv.FormatBool(v != 0)
		case c.money:
			text = commission.FromMicros(v).String()
		case c.day:
			text = commission.Date(v).String() //nolint:gosec // it was stored as one
		default:
			text = strconv.FormatInt(v, 10)
		}
	default:
		text = fmt.Sprint(v)
	}
	if text == "" { // an empty text is how "none" is stored
		return nil
	}
	return &text
}

// write writes an event for each row of which something that is shown has changed.
func (t Table) write(ctx context.Context, client *ent.Client, op entgo.Op, shown []string, before, after map[int][]*string, ids []int) error {
	why, _ := ctx.Value(occasionKey{}).(occasion)
	if why.action == "" {
		why.action = map[bool]string{true: "create", false: "update"}[op.Is(entgo.OpCreate)] + t.Type
	}
	if why.at.IsZero() {
		return fmt.Errorf("a change of %s without audit.Because: when was it?", t.Name)
	}
	who, _ := viewer.From(ctx)
	ctx = viewer.Elevate(ctx)
	var events []*ent.AuditEventCreate
	err := each(ctx, client, t.Subject, ids, func(row *stdsql.Rows) error {
		var id, network, partner int
		var name string
		if err := row.Scan(&id, &network, &partner, &name); err != nil {
			return err
		}
		var changes []Change
		for i, column := range shown {
			shownAs := columnOf(column)
			var was *string
			if before[id] != nil {
				was = before[id][i]
			}
			if is := after[id][i]; !equal(was, is) {
				if shownAs.secret {
					was, is = nil, nil
				}
				changes = append(changes, Change{Field: shownAs.field, Before: was, After: is, Of: shownAs.of})
			}
		}
		if len(changes) == 0 {
			return nil
		}
		said, err := json.Marshal(changes)
		if err != nil {
			return err
		}
		events = append(events, newEvent(client, who, why).
			SetSubjectType(t.Type).SetSubjectID(id).SetSubjectName(name).SetChanges(string(said)).
			SetNillableNetworkID(orNone(network)).SetNillablePartnerID(orNone(partner)))
		return nil
	})
	if err != nil {
		return err
	}
	const most = 1000
	for part := range slices.Chunk(events, most) {
		if err := client.AuditEvent.CreateBulk(part...).Exec(ctx); err != nil {
			return fmt.Errorf("write the audit log: %w", err)
		}
	}
	return nil
}

func newEvent(client *ent.Client, who viewer.Viewer, why occasion) *ent.AuditEventCreate {
	return client.AuditEvent.Create().
		SetAt(why.at).SetNillableAccountID(orNone(who.AccountID)).SetActorName(who.Name).SetActorRole(string(who.Role)).
		SetAction(why.action).SetReason(why.reason)
}

// Look logs that support staff looked into a network.
func Look(ctx context.Context, client *ent.Client, network *ent.Network, at time.Time) error {
	who, _ := viewer.From(ctx)
	err := newEvent(client, who, occasion{action: "look", at: at}).
		SetNetworkID(network.ID).SetSubjectType("Network").SetSubjectID(network.ID).SetSubjectName(network.Name).SetChanges("[]").
		Exec(viewer.Elevate(ctx))
	if err != nil {
		return fmt.Errorf("log the look: %w", err)
	}
	return nil
}

// AppendOnly refuses every change of what was once written, whoever asks.
func AppendOnly(next entgo.Mutator) entgo.Mutator {
	return entgo.MutateFunc(func(ctx context.Context, m entgo.Mutation) (entgo.Value, error) {
		if !m.Op().Is(entgo.OpCreate) {
			return nil, errors.New("the audit log is only ever added to")
		}
		return next.Mutate(ctx, m)
	})
}

func equal(a, b *string) bool { return a == b || (a != nil && b != nil && *a == *b) }

func orNone(id int) *int {
	if id == 0 {
		return nil
	}
	return &id
}
