package database_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
)

// texts are those that a statement could mistake for something else.
func texts() []string {
	all := []string{"", "plain-1", `it's`, `'); DROP TABLE conversion; --`, `back\slash`, `\'`, `\`, "'", "''", "\"", "`", "?", "%", "x'41'", "\u2028", "naïve 日本 \U0001f600", "a\x00b"}
	for c := range byte(0x80) {
		all = append(all, "<"+string(rune(c))+">")
	}
	return all
}

func TestRows_keepEveryText(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		all := texts()
		const odd = 31*time.Hour + 61*time.Minute + 61*time.Second + 10_007*time.Microsecond
		err := change(db, func(ctx context.Context, tx *database.Tx) error {
			rows := tx.Rows("conversion", "network_id", "external_id", "reason", "partner_id", "occurred_at", "recorded_at", "revenue", "payout", "day", "earning_day_id", "adjusts_id")
			for i, text := range all {
				rows.Add(partner.NetworkID, text, text, partner.ID, aDay.Add(time.Duration(i)*odd), &aDay, int64(-i), i, int32(i), 1)
				rows.Add((*time.Time)(nil))
			}
			return tx.Insert(ctx, rows)
		})
		if err != nil {
			t.Fatal(err)
		}
		found := db.Conversion.Query().Order(ent.Asc("id")).AllX(system())
		if len(found) != len(all) {
			t.Fatalf("%d rows, want %d", len(found), len(all))
		}
		for i, c := range found {
			if c.ExternalID != all[i] || c.Reason != all[i] {
				t.Errorf("%q became %q and %q", all[i], c.ExternalID, c.Reason)
			}
			if !c.OccurredAt.Equal(aDay.Add(time.Duration(i)*odd)) || !c.RecordedAt.Equal(aDay) || int(c.Day) != i || c.AdjustsID != nil {
				t.Errorf("row %d became %+v", i, c)
			}
		}
	})
}

func TestRows_refuseWhatTheyCannotWrite(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		for name, values := range map[string][]any{
			"a binary fraction": {partner.NetworkID, 7, 1.5},
			"half a row":        {partner.NetworkID, 7},
		} {
			err := change(db, func(ctx context.Context, tx *database.Tx) error {
				rows := tx.Rows("gate", "network_id", "stripe", "passes")
				rows.Add(values...)
				return tx.Insert(ctx, rows)
			})
			if err == nil {
				t.Errorf("%s was inserted", name)
			}
		}
	})
}

func TestTraced_tellsStatementsWithoutTheirRows(t *testing.T) {
	told := tracetest.NewSpanRecorder()
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(told))
	db, err := database.Open("sqlite:"+t.TempDir()+"/traced.db", database.Traced(provider))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, span := provider.Tracer("test").Start(t.Context(), "test")
	err = db.Transact(ctx, func(ctx context.Context, tx *database.Tx) error {
		rows := tx.Rows("gate", "network_id", "stripe", "passes")
		rows.Add(4711, 1, 0)
		keys := tx.Keys("gate", "network_id", "stripe")
		keys.Add(4711, 1)
		if err := tx.Find(ctx, keys, func(*sql.Rows) error { return nil }); err != nil {
			return err
		}
		return tx.InsertOrAdd(ctx, rows, []string{"network_id", "stripe"}, []string{"passes"})
	})
	span.End()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for _, ended := range told.Ended() {
		for _, about := range ended.Attributes() {
			said.WriteString(about.Value.String() + "\n")
		}
	}
	if !strings.Contains(said.String(), "INSERT INTO gate (network_id, stripe, passes) VALUES ...\n") || !strings.Contains(said.String(), "WITH given (network_id, stripe) AS ( VALUES ...\n") || strings.Contains(said.String(), "4711") {
		t.Errorf("the trace tells\n%s", said.String())
	}
}
