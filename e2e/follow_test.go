package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// followed is a page of conversions, as somebody sees it who follows an amount.
type followed struct {
	TotalCount int
	PageInfo   struct {
		HasNextPage bool
		EndCursor   *string
	}
	Nodes []struct {
		ID, ExternalID, Revenue, Payout, Date string
		Partner                               struct{ Name string }
		Adjusts                               *struct{ ExternalID string }
	}
}

// String is the page in short: "a 100.00, b -40.00 of a".
func (f followed) String() string {
	told := make([]string, len(f.Nodes))
	for i, c := range f.Nodes {
		told[i] = c.ExternalID + " " + c.Payout
		if c.Adjusts != nil {
			told[i] += " of " + c.Adjusts.ExternalID
		}
	}
	return strings.Join(told, ", ")
}

const conversionPage = `
	totalCount pageInfo { hasNextPage endCursor }
	nodes { id externalId revenue payout date partner { name } adjusts { externalId } }`

const termDayConversions = `query ($term: ID!, $from: Date!, $to: Date!, $first: Int, $after: String) {
	node(id: $term) { ... on ReferralTerm { days(from: $from, to: $to) {
		date commission conversionList(first: $first, after: $after) {` + conversionPage + `}
	} } }
}`

func TestP5_aDayOfATermIsFollowedToItsConversions(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		p.At("2026-02-10 10:00")
		p.Record(p.conversion("before", bob, "2026-02-01 09:00", "9", "9")) // which counts for nobody
		p.Record(p.conversion("a", bob, "2026-02-02 09:00", "200", "100"), p.conversion("b", bob, "2026-02-02 08:00", "30", "20.50"),
			p.conversion("c", bob, "2026-02-03 09:00", "8", "4"))
		p.As(tracker).must("RecordAdjustments", vars{"adjustments": []vars{p.adjustment("d", "a", "2026-02-03 10:00", "-80", "-40")}}, nil)
		term := p.theRow("2026-02-01", "2026-02-28", ann, bob).Term.ID
		days := func(c client, page vars) (told []string) {
			var answer struct {
				Node struct {
					Days []struct {
						Date, Commission string
						ConversionList   followed
					}
				}
			}
			variables := vars{"term": term, "from": "2026-02-01", "to": "2026-02-28"}
			for name, value := range page {
				variables[name] = value
			}
			c.must(termDayConversions, variables, &answer)
			for _, day := range answer.Node.Days {
				told = append(told, fmt.Sprintf("%s %s: %s, %d in all", day.Date, day.Commission, day.ConversionList, day.ConversionList.TotalCount))
			}
			return told
		}
		want := []string{"2026-02-02 12.05: b 20.50, a 100.00, 2 in all", "2026-02-03 -3.60: c 4.00, d -40.00 of a, 2 in all"}
		for _, who := range []account{admin, manager, support} {
			if got := days(p.As(who), nil); !slices.Equal(got, want) {
				p.Errorf("%s follows the days to %q, want %q", who.role, got, want)
			}
		}
		if got, want := days(p.As(admin), vars{"first": 1}), []string{"2026-02-02 12.05: b 20.50, 2 in all", "2026-02-03 -3.60: c 4.00, 2 in all"}; !slices.Equal(got, want) {
			p.Errorf("the first of each day: %q, want %q", got, want)
		}
		p.As(partnerOf(ann)).refused(termDayConversions, vars{"term": term, "from": "2026-02-02", "to": "2026-02-02"}, "FORBIDDEN")
		p.As(admin).refused(termDayConversions, vars{"term": term, "from": "2026-02-02", "to": "2026-02-02", "first": 101}, "BAD_USER_INPUT first")
		p.As(admin).refused(termDayConversions, vars{"term": term, "from": "2026-02-02", "to": "2026-02-02", "after": "nonsense"}, "BAD_USER_INPUT after")
	})
}

// lineDays is the days of an invoice line in short, so many a page: "2026-03-08 2 2.00".
func (c client) lineDays(line string, first int) (told []string) {
	c.Helper()
	variables := vars{"line": line, "first": first}
	for {
		var answer struct {
			Node struct {
				Days struct {
					TotalCount int
					PageInfo   struct {
						HasNextPage bool
						EndCursor   *string
					}
					Nodes []struct {
						Date, Amount string
						Conversions  int
					}
				}
			}
		}
		c.must(`query ($line: ID!, $first: Int, $after: String) { node(id: $line) { ... on InvoiceLine { days(first: $first, after: $after) {
			totalCount pageInfo { hasNextPage endCursor } nodes { date conversions amount }
		} } } }`, variables, &answer)
		days := answer.Node.Days
		for _, day := range days.Nodes {
			told = append(told, fmt.Sprint(day.Date, " ", day.Conversions, " ", day.Amount))
		}
		if !days.PageInfo.HasNextPage {
			if days.TotalCount != len(told) {
				c.Errorf("%d days on all pages, and %d in all", len(told), days.TotalCount)
			}
			return told
		}
		variables["after"] = days.PageInfo.EndCursor
	}
}

const invoiceDown = `query ($id: ID!) { network { invoice(id: $id) { lines {
	id type invoice { id } term { id }
	conversionList(first: 2) {` + conversionPage + `}
	days(first: 2) { totalCount nodes { date conversions basisAmount amount conversionList(first: 3) {` + conversionPage + `} } }
} } } }`

const rowDown = `query ($from: Date!, $to: Date!, $filter: ReferralReportFilter, $first: Int, $after: String) { network {
	referralReport(from: $from, to: $to, filter: $filter) { rows { nodes {
		billed lines(first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes { billed line { amount invoice { number } } } }
	} } }
} }`

func TestP5_anInvoiceLineIsFollowedToItsDaysAndTheseToTheirConversions(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		var created struct {
			CreatePartner struct{ Partner struct{ ID string } }
		}
		lea := p.As(limited)
		lea.must("CreatePartner", vars{"input": vars{"name": "Ann", "status": "ACTIVE"}}, &created)
		ann := created.CreatePartner.Partner.ID
		bob := p.Active("Bob", ann)
		p.At("2026-03-01 10:00")
		p.Record(p.conversion("a", bob, "2026-02-02 09:00", "200", "100.05"), p.conversion("b", bob, "2026-02-02 08:00", "30", "20"),
			p.conversion("c", bob, "2026-02-03 09:00", "8", "4"), p.conversion("d", bob, "2026-02-05 09:00", "8", "1"), p.conversion("own", ann, "2026-02-04 09:00", "50", "30.333333"))
		p.As(tracker).must("RecordAdjustments", vars{"adjustments": []vars{p.adjustment("e", "a", "2026-02-03 10:00", "-80", "-40")}}, nil)
		made := p.Bills(ann, "2026-02-28", "38.84 = 30.33 payouts + 8.51 of 85.05 for Bob")[0]
		p.Record(p.conversion("late", bob, "2026-02-03 11:00", "8", "2"), p.conversion("own late", ann, "2026-02-04 09:00", "1", "1"))
		for _, who := range []account{admin, manager, limited, support} {
			var answer struct {
				Network struct {
					Invoice struct {
						Lines []struct {
							ID, Type       string
							Invoice        struct{ ID string }
							Term           *struct{ ID string }
							ConversionList followed
							Days           struct {
								TotalCount int
								Nodes      []struct {
									Date, BasisAmount, Amount string
									Conversions               int
									ConversionList            followed
								}
							}
						}
					}
				}
			}
			down, variables := invoiceDown, vars{"id": made.ID}
			if who == support {
				down, variables["network"] = strings.Replace(strings.Replace(down, "$id: ID!", "$id: ID!, $network: ID!", 1), "network {", "network(id: $network) {", 1), p.network
			}
			p.As(who).must(down, variables, &answer)
			var told []string
			for _, line := range answer.Network.Invoice.Lines {
				told = append(told, fmt.Sprintf("%s: %s, %d in all, %d days", line.Type, line.ConversionList, line.ConversionList.TotalCount, line.Days.TotalCount))
				for _, day := range line.Days.Nodes {
					told = append(told, fmt.Sprintf("%s %d %s %s: %s", day.Date, day.Conversions, day.BasisAmount, day.Amount, day.ConversionList))
				}
				if line.Invoice.ID != made.ID || (line.Term == nil) != (line.Type == "PARTNER_PAYOUT") {
					p.Errorf("the line is of %s, and pays %v", line.Invoice.ID, line.Term)
				}
			}
			if want := []string{
				"PARTNER_PAYOUT: own 30.333333, 1 in all, 1 days",
				"2026-02-04 1 30.333333 30.333333: own 30.333333",
				"REFERRAL_COMMISSION: b 20.00, a 100.05, 5 in all, 3 days",
				"2026-02-02 2 120.05 12.005: b 20.00, a 100.05",
				"2026-02-03 1 -36.00 -3.60: c 4.00, e -40.00 of a",
			}; !slices.Equal(told, want) {
				p.Errorf("%s follows the invoice to\n\t%s\nwant\n\t%s", who.role, strings.Join(told, "\n\t"), strings.Join(want, "\n\t"))
			}
		}
		days := []string{"2026-02-02 2 12.005", "2026-02-03 1 -3.60", "2026-02-05 1 0.10"}
		for first := range 4 {
			if got := p.As(admin).lineDays(made.Lines[1].ID, first+1); !slices.Equal(got, days) {
				p.Errorf("%d a page: %q, want %q", first+1, got, days)
			}
		}
		p.theRowIsFollowedToItsLines(ann, made)

		me := p.As(partnerOf(ann))
		var mine struct {
			Node struct {
				Days struct {
					Nodes []struct{ Date, Amount string }
				}
			}
		}
		const ownDays = `query ($line: ID!) { node(id: $line) { ... on InvoiceLine { days { nodes { date amount } } } } }`
		me.must(ownDays, vars{"line": made.Lines[1].ID}, &mine)
		if got := fmt.Sprint(mine.Node.Days.Nodes); got != "[{2026-02-02 12.005} {2026-02-03 -3.60} {2026-02-05 0.10}]" {
			p.Errorf("the partner follows its line to %s", got)
		}
		me.refused(`query ($line: ID!) { node(id: $line) { ... on InvoiceLine { days { nodes { basisAmount } } } } }`, vars{"line": made.Lines[1].ID}, "FORBIDDEN", "FORBIDDEN", "FORBIDDEN")
		me.refused(`query ($line: ID!) { node(id: $line) { ... on InvoiceLine { conversionList { totalCount } } } }`, vars{"line": made.Lines[0].ID}, "FORBIDDEN")
		p.Delete(made)
		if got := p.As(admin).lineDays(made.Lines[1].ID, 10); len(got) != 0 {
			p.Errorf("a deleted invoice pays %q", got)
		}
	})
}

// theRowIsFollowedToItsLines makes a second invoice, and follows the report's row to both.
func (p *product) theRowIsFollowedToItsLines(ann string, first invoice) {
	p.Helper()
	p.At("2026-04-01 10:00")
	second := p.Bills(ann, "2026-03-31", "1.20 = 1.00 payouts + 0.20 of 2.00 for Bob")[0]
	for _, asked := range []struct {
		from, to string
		page     vars
		billed   string
		lines    string
	}{
		{"2026-02-01", "2026-02-28", nil, "8.71", fmt.Sprintf("%d: 0.20 of 0.20, %d: 8.51 of 8.51", second.Number, first.Number)},
		{"2026-02-03", "2026-02-28", nil, "-3.30", fmt.Sprintf("%d: 0.20 of 0.20, %d: -3.50 of 8.51", second.Number, first.Number)},
		{"2026-02-05", "2026-02-28", nil, "0.10", fmt.Sprintf("%d: 0.10 of 8.51", first.Number)},
		{"2026-02-01", "2026-02-28", vars{"first": 1}, "8.71", fmt.Sprintf("%d: 0.20 of 0.20, and more", second.Number)},
		{"2026-02-06", "2026-02-28", nil, "0.00", ""},
	} {
		var answer struct {
			Network struct {
				ReferralReport struct {
					Rows struct {
						Nodes []struct {
							Billed string
							Lines  struct {
								PageInfo struct {
									HasNextPage bool
									EndCursor   *string
								}
								Nodes []struct {
									Billed string
									Line   struct {
										Amount  string
										Invoice struct{ Number int }
									}
								}
							}
						}
					}
				}
			}
		}
		variables := vars{"from": asked.from, "to": asked.to, "filter": vars{"referrer": ann}}
		for name, value := range asked.page {
			variables[name] = value
		}
		p.As(admin).must(rowDown, variables, &answer)
		row := answer.Network.ReferralReport.Rows.Nodes[0]
		var told []string
		for _, l := range row.Lines.Nodes {
			told = append(told, fmt.Sprintf("%d: %s of %s", l.Line.Invoice.Number, l.Billed, l.Line.Amount))
		}
		if row.Lines.PageInfo.HasNextPage {
			told = append(told, "and more")
		}
		if got := strings.Join(told, ", "); row.Billed != asked.billed || got != asked.lines {
			p.Errorf("from %s the row has %s billed, by %s; want %s by %s", asked.from, row.Billed, got, asked.billed, asked.lines)
		}
	}
}
