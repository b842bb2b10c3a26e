package e2e_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/xuri/excelize/v2"
)

// table asks for a table, and reads it.
func (c client) table(path string) (status int, rows [][]string) {
	c.Helper()
	got := c.Document(path)
	if got.status != http.StatusOK {
		return got.status, nil
	}
	if strings.Contains(path, ".xlsx") {
		book, err := excelize.OpenReader(strings.NewReader(got.body))
		if err != nil {
			c.Fatal(err)
		}
		rows, err = book.GetRows("Sheet1")
		if err != nil {
			c.Fatal(err)
		}
		return got.status, rows
	}
	rows, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
	if err != nil {
		c.Fatal(err)
	}
	return got.status, rows
}

func TestExports_areWhatIsOnTheScreenForWhoSeesItThere(t *testing.T) {
	promised, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	onEachEngine(t, func(p *product) {
		referrers := busy(p)
		p.At("2026-03-01 10:00")
		p.As(admin).must("UpdatePartner", vars{"input": vars{"id": referrers[0], "version": p.Partner(referrers[0]).Version, "name": "=Wes()"}}, nil)
		asked := url.Values{"from": {"2026-02-01"}, "to": {"2026-02-28"}, "orderBy": {"BALANCE"}, "direction": {"DESC"}, "status": {"ACTIVE"}, "state": {"EARNING", "EXPIRED"}}
		screen := p.As(admin).page(vars{
			"from": "2026-02-01", "to": "2026-02-28", "first": 100, "orderBy": vars{"field": "BALANCE", "direction": "DESC"},
			"filter": vars{"status": "ACTIVE", "state": []string{"EARNING", "EXPIRED"}},
		}).Rows.Nodes
		_, rows := p.As(admin).table("/reports/referrals.csv?" + asked.Encode())
		header := rows[0]
		for i, r := range rows[1:] {
			cell := func(column string) string { return r[slices.Index(header, column)] }
			on := screen[i]
			if strings.TrimPrefix(cell("referrer"), "'") != on.Referrer.Name || cell("referred") != on.Referred.Name || cell("state") != on.State ||
				cell("structure") != on.Structure.Summary || !dec(cell("balance")).Equal(*on.Balance) || !dec(cell("basisAmount")).Equal(on.BasisAmount) ||
				cell("conversions") != strconv.Itoa(on.Conversions) {
				p.Errorf("row %d is %q; on the screen is %s", i, r, on)
			}
		}
		if len(rows) != len(screen)+1 || !slices.ContainsFunc(rows, func(r []string) bool { return r[0] == "'=Wes()" }) {
			p.Errorf("the table has %d rows, the screen %d", len(rows)-1, len(screen))
		}
		if _, sheet := p.As(admin).table("/reports/referrals.xlsx?" + asked.Encode()); len(sheet) != len(rows) || !slices.Equal(sheet[0], header) {
			p.Errorf("the workbook has %d rows, the table %d", len(sheet), len(rows))
		}

		// All that the screen filters and sorts by is known here too.
		for column, values := range map[string]ast.EnumValueList{
			"state": promised.Types["CommissionState"].EnumValues, "status": promised.Types["ReferralStatus"].EnumValues,
			"type": promised.Types["CommissionType"].EnumValues, "orderBy": promised.Types["ReferralReportOrderField"].EnumValues,
		} {
			for _, value := range values {
				if got, _ := p.As(admin).table("/reports/referrals.csv?from=2026-02-01&to=2026-02-28&" + column + "=" + value.Name); got != http.StatusOK {
					p.Errorf("%s=%s is answered with %d", column, value.Name, got)
				}
			}
		}

		// What is shown adds up to the totals.
		_, rows = p.As(admin).table("/reports/referrals.csv?from=2026-02-01&to=2026-02-28")
		_, totals := p.Report("2026-02-01", "2026-02-28", nil)
		for column, want := range map[string]decimal.Decimal{"billed": totals.Billed, "balance": totals.Balance, "unbilled": totals.Unbilled, "belowThreshold": totals.BelowThreshold} {
			sum := decimal.Zero
			for _, r := range rows[1:] {
				if cell := r[slices.Index(rows[0], column)]; cell != "" {
					sum = sum.Add(dec(cell))
				}
			}
			if !sum.Equal(want) {
				p.Errorf("%s adds up to %s, the screen says %s", column, sum, want)
			}
		}

		// A partner's own rows, without what is not for it.
		me := p.As(partnerOf(referrers[1]))
		_, mine := me.table("/reports/referrals.csv?from=2026-02-01&to=2026-02-28")
		if len(mine) != 4 || slices.Contains(mine[0], "basisAmount") || slices.Contains(mine[0], "conversions") {
			p.Errorf("the partner is given %q", mine)
		}
		for path, want := range map[string]int{
			"/reports/referrals.csv?from=x&to=2026-02-28":                                  http.StatusBadRequest,
			"/reports/referrals.csv?from=2026-02-28&to=2026-02-01":                         http.StatusBadRequest,
			"/reports/referrals.csv?from=2026-02-01&to=2026-02-28&orderBy=BASIS_AMOUNT":    http.StatusForbidden,
			"/reports/referrals.csv?from=2026-02-01&to=2026-02-28&state=ANYTHING":          http.StatusBadRequest,
			"/reports/referrals.pdf?from=2026-02-01&to=2026-02-28":                         http.StatusNotFound,
			"/reports/others.csv?from=2026-02-01&to=2026-02-28":                            http.StatusNotFound,
			"/reports/referrals.csv?from=2026-02-01&to=2026-02-28&network=TmV0d29yazo5OTk": http.StatusNotFound,
		} {
			if got, _ := me.table(path); got != want {
				p.Errorf("%s is answered with %d, want %d", path, got, want)
			}
		}

		// The conversions of a line.
		p.As(admin).must("RunBilling", vars{"through": "2026-02-28"}, nil)
		var answer struct {
			Network struct {
				Invoices struct {
					Nodes []struct {
						Lines []struct {
							ID, Type    string
							Conversions int
							BasisAmount decimal.Decimal
						}
					}
				}
			}
		}
		p.As(admin).must(`query ($of: ID!) { network { invoices(filter: {partner: $of}) { nodes { lines { id type conversions basisAmount } } } } }`, vars{"of": referrers[3]}, &answer)
		line := answer.Network.Invoices.Nodes[0].Lines[0]
		path := "/invoice-lines/" + line.ID + "/conversions."
		_, rows = p.As(admin).table(path + "csv")
		sum := decimal.Zero
		for _, r := range rows[1:] {
			sum = sum.Add(dec(r[slices.Index(rows[0], "revenue")])) // it pays 3% of that
		}
		if len(rows) != line.Conversions+1 || !sum.Equal(line.BasisAmount) {
			p.Errorf("the line's table sums %s in %d rows; the line says %s of %d", sum, len(rows)-1, line.BasisAmount, line.Conversions)
		}
		if _, sheet := p.As(support).table(path + "xlsx"); len(sheet) != len(rows) {
			p.Errorf("the workbook has %d rows", len(sheet))
		}
		for who, want := range map[account]int{
			stranger: http.StatusUnauthorized, tracker: http.StatusForbidden, partnerOf(referrers[3]): http.StatusForbidden,
			limited: http.StatusNotFound, manager: http.StatusOK,
		} {
			if got, _ := p.As(who).table(path + "csv"); got != want {
				p.Errorf("%s is answered with %d, want %d", who.role, got, want)
			}
		}
		if got, _ := p.Neighbour("Other").As(admin).table(path + "csv"); got != http.StatusNotFound {
			p.Errorf("another network is answered with %d", got)
		}
		for who, want := range map[account]int{stranger: http.StatusUnauthorized, tracker: http.StatusForbidden} {
			if got, _ := p.As(who).table("/reports/referrals.csv?" + asked.Encode()); got != want {
				p.Errorf("%s is answered with %d, want %d", who.role, got, want)
			}
		}
	})
}

func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }
