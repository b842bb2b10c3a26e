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
		want := []string{"2026-02-02 12.05: a 100.00, b 20.50, 2 in all", "2026-02-03 -3.60: c 4.00, d -40.00 of a, 2 in all"}
		for _, who := range []account{admin, manager, support} {
			if got := days(p.As(who), nil); !slices.Equal(got, want) {
				p.Errorf("%s follows the days to %q, want %q", who.role, got, want)
			}
		}
		if got, want := days(p.As(admin), vars{"first": 1}), []string{"2026-02-02 12.05: a 100.00, 2 in all", "2026-02-03 -3.60: c 4.00, 2 in all"}; !slices.Equal(got, want) {
			p.Errorf("the first of each day: %q, want %q", got, want)
		}
		p.As(partnerOf(ann)).refused(termDayConversions, vars{"term": term, "from": "2026-02-02", "to": "2026-02-02"}, "FORBIDDEN")
		p.As(admin).refused(termDayConversions, vars{"term": term, "from": "2026-02-02", "to": "2026-02-02", "first": 101}, "BAD_USER_INPUT first")
		p.As(admin).refused(termDayConversions, vars{"term": term, "from": "2026-02-02", "to": "2026-02-02", "after": "nonsense"}, "BAD_USER_INPUT after")
	})
}
