package bench

import (
	"context"
	"database/sql"
	"os"
	"strings"
	"testing"

	"partner.example/referrals/commission"
)

const pageSize = 50

// statement reads hand-written SQL that the peers run too, without what introduces it.
func statement(b *testing.B, name string) string {
	b.Helper()
	text, err := os.ReadFile("peers/" + name)
	if err != nil {
		b.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "--") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func prepared(b *testing.B, bare *sql.DB, text string) *sql.Stmt {
	b.Helper()
	made, err := bare.PrepareContext(context.Background(), text)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = made.Close() })
	return made
}

// reportByHand reads a page of the report by hand, with its totals: of the network or of one referrer, in the order that
// is given, for the months of two days. What it reads is every value that the portals show.
func reportByHand(b *testing.B, bare *sql.DB, referrer, network int, from, to, order string) func() error {
	b.Helper()
	sums, referrals, owner := "term_month a WHERE a.network_id = ? AND a.month", "r.network_id = ?", network
	if referrer != 0 {
		sums = "referral r JOIN referral_term t ON t.referral_id = r.id JOIN term_month a ON a.term_id = t.id WHERE r.referrer_id = ? AND a.month"
		referrals, owner = "r.referrer_id = ?", referrer
	}
	const digits = 2
	page := prepared(b, bare, strings.NewReplacer("{sums}", sums, "{referrals}", referrals, "{order}", order, "{limit}", "?, ?").
		Replace(statement(b, "report.sql")))
	arguments := []any{owner, monthOf(b, from), monthOf(b, to), digits, digits, owner, 0, pageSize}
	reached := statement(b, "reached.sql")
	return func() error {
		const termID, minimum, isReached = 1, 17, 19 // columns of the page
		var climbing []any
		err := eachOfAll(page, arguments, func(values []sql.NullString) {
			if values[minimum].Valid && values[isReached].String == "1" {
				climbing = append(climbing, values[termID].String)
			}
		})
		if err != nil || len(climbing) == 0 || referrer != 0 { // the partner is not shown when it was reached
			return err
		}
		return eachRow(bare, strings.Replace(reached, "{terms}", strings.TrimSuffix(strings.Repeat("?, ", len(climbing)), ", "), 1), climbing, func(rows *sql.Rows) error {
			var term, least, revenue, payout int64
			var day int
			var basis sql.NullString
			return rows.Scan(&term, &least, &basis, &day, &revenue, &payout)
		})
	}
}

// eachOfAll reads every value of every row.
func eachOfAll(page *sql.Stmt, arguments []any, use func([]sql.NullString)) error {
	rows, err := page.QueryContext(context.Background(), arguments...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, places := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		places[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		use(values)
	}
	return rows.Err()
}

// partnersByHand reads a page of the partners by hand, with who referred each and how many it referred.
func partnersByHand(b *testing.B, bare *sql.DB, network int) func() error {
	b.Helper()
	total := prepared(b, bare, "SELECT COUNT(*) FROM partner WHERE network_id = ?")
	page := prepared(b, bare, `
		SELECT p.id, p.name, p.status, m.id, m.name, r.id, r.name, (SELECT COUNT(*) FROM referral WHERE referrer_id = p.id)
		FROM partner p LEFT JOIN account m ON m.id = p.manager_id LEFT JOIN partner r ON r.id = p.referred_by_id
		WHERE p.network_id = ? ORDER BY p.name, p.id LIMIT ?`)
	return func() error {
		var count int
		if err := total.QueryRowContext(context.Background(), network).Scan(&count); err != nil {
			return err
		}
		return eachOfAll(page, []any{network, pageSize + 1}, func([]sql.NullString) {})
	}
}

// accountByHand reads what the partner portal shows of the account.
func accountByHand(b *testing.B, bare *sql.DB, partner int) func() error {
	b.Helper()
	account := prepared(b, bare, `
		SELECT p.id, p.name, p.status, p.referral_code, n.sign_up_page, s.type, s.amount, s.rate, s.basis, s.minimum_earnings, s.duration_value, s.duration_unit
		FROM partner p JOIN network n ON n.id = p.network_id
		LEFT JOIN commission_structure s ON s.id = CASE p.referral_mode WHEN 'CUSTOM' THEN p.referral_structure_id WHEN 'INHERIT' THEN IF(n.referral_enabled, n.referral_structure_id, NULL) END
		WHERE p.id = ?`)
	return func() error { return eachOfAll(account, []any{partner}, func([]sql.NullString) {}) }
}

func monthOf(b *testing.B, text string) int32 {
	b.Helper()
	day, refusal := commission.ParseDate(text)
	if refusal != nil {
		b.Fatal(refusal)
	}
	return int32(day.Month())
}
