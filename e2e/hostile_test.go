package e2e_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestHostile_pagesAndRangesThatMakeNoSense(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		ann := p.Active("Ann")
		p.Active("Bob", ann)
		report := func(more vars) vars {
			asked := vars{"from": "2026-02-01", "to": "2026-02-28"}
			for name, value := range more {
				asked[name] = value
			}
			return asked
		}
		for _, first := range []any{-1, 101, 2147483647, 2147483648, 99999999999, 1.5, "many"} {
			p.As(admin).refused("Partners", vars{"first": first}, "BAD_USER_INPUT first")
			p.As(admin).refused("ReferralReport", report(vars{"first": first}), "BAD_USER_INPUT first")
		}
		p.As(admin).refused(`{ network { partners(first: 99999999999) { totalCount } } }`, nil, "BAD_USER_INPUT first")
		p.As(admin).must("Partners", vars{"first": 0}, nil)
		for _, cursor := range []string{"garbage", "", "AAAA", "OTk5OTk5OTk5OTk5OTk5OTk5OTk6eA", "eDp4", "Ly8v", "'; DROP TABLE partner; --", strings.Repeat("A", 10_000)} {
			p.As(admin).refused("Partners", vars{"after": cursor}, "BAD_USER_INPUT after")
			p.As(admin).refused("ReferralReport", report(vars{"after": cursor}), "BAD_USER_INPUT after")
			p.As(support).refused(`query ($after: String) { networks(after: $after) { totalCount } }`, vars{"after": cursor}, "BAD_USER_INPUT after")
		}
		for _, binary := range []string{"MTr_", "MToA", "MTrwn5CY", "MTol", "MTo"} { // behind a row of no text that is any
			if wrong := p.As(admin).Do("Partners", vars{"after": binary}, nil).codes(); wrong != "" && wrong != "BAD_USER_INPUT after" {
				p.Errorf("a cursor of bytes: %s", wrong)
			}
		}
		p.As(admin).refused("ReferralReport", vars{"from": "2026-02-28", "to": "2026-02-27"}, "BAD_USER_INPUT to")
		for _, date := range []any{"2026-02-30", "yesterday", "", "2026-2-3", "2026-02-03T00:00:00Z", "0000-00-00", "10000-01-01", "-2026-01-01", 20260203, true, vars{}} {
			p.As(admin).refused("ReferralReport", report(vars{"from": date}), "BAD_USER_INPUT from")
		}
		p.As(admin).refused("ReferralReport", vars{"from": "x", "to": "y", "first": -1}, "BAD_USER_INPUT from", "BAD_USER_INPUT to")
		p.Global(tenPercent)
		term := p.theRow("2026-02-01", "2026-02-28", ann, p.Active("Cid", ann)).Term.ID
		p.As(admin).refused("TermDays", vars{"term": term, "from": "2026-02-28", "to": "2026-02-27"}, "BAD_USER_INPUT to")
		p.As(admin).refused("TermDays", vars{"term": term, "from": "1970-01-01", "to": "9999-12-31"}, "BAD_USER_INPUT to")
	})
}

func TestHostile_amountsAndMomentsThatAreNone(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		bob := p.Active("Bob")
		for _, amount := range []any{
			"NaN", "Infinity", "-Infinity", "1e9", "1E-3", "0x10", "1_000", "1,5", " 1", "1 ", "+1", ".5", "5.", "", "-", "١٢", "1.0000001", "-0.01",
			"1000000000.000001", "9999999999999999999999", strings.Repeat("9", 5000), 10, 10.5, -1, true,
			vars{},
			[]string{},
		} {
			row := p.conversion("c", bob, "2026-02-01 09:00", "1", "1")
			row["payout"] = amount
			p.As(tracker).refused("RecordConversions", vars{"conversions": []vars{row}}, "BAD_USER_INPUT conversions.0.payout")
		}
		for _, moment := range []any{
			"2026-02-01T10:00:00", "2026-02-01 10:00:00Z", "2026-02-01", "yesterday", "", "2026-02-30T10:00:00Z", "2026-02-01T24:00:01Z", "2026-02-01T10:00:00,5Z",
			"0001-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "99999-01-01T00:00:00Z", "2026-02-01T15:05:30Z", "9999-12-31T23:59:59Z", 1769958000, true,
		} {
			row := p.conversion("c", bob, "2026-02-01 09:00", "1", "1")
			row["occurredAt"] = moment
			p.As(tracker).refused("RecordConversions", vars{"conversions": []vars{row}}, "BAD_USER_INPUT conversions.0.occurredAt")
		}
		for _, id := range []string{"", strings.Repeat("x", 256), "a\x00b", "a\nb", "a\x7f", strings.Repeat("é", 128)} {
			p.As(tracker).refused("RecordConversions", vars{"conversions": []vars{p.conversion(id, bob, "2026-02-01 09:00", "1", "1")}}, "BAD_USER_INPUT conversions.0.externalId")
		}
		if p.Verify() != "0" {
			p.Error("something was recorded")
		}
		right := []vars{
			p.conversion("A", bob, "2026-02-01 09:00", "1000000000", "1000000000.000000"), p.conversion("a", bob, "2026-02-01 09:00", "0", "0.000001"),
			p.conversion("a ", bob, "2026-02-01 09:00", "0", "-0"), p.conversion(strings.Repeat("x", 255), bob, "2026-02-01 10:04", "007", "1"),
			p.conversion("É 😀 ' OR 1=1 --", bob, "2026-02-01T15:00:00.1234567Z", "1", "1"),
		}
		if got := p.Record(right...); got != (recorded{Recorded: 5}) {
			p.Errorf("what is right: %+v", got)
		}
		if got := p.Record(right...); got != (recorded{Duplicates: 5}) {
			p.Errorf("what is right, once more: %+v", got)
		}
	})
}

func TestRecording_allOrNothingAndEveryWrongRowIsTold(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		bob := p.Active("Bob", p.Active("Ann"))
		p.At("2026-02-10 10:00")
		rows := make([]vars, 10_001)
		for i := range rows {
			rows[i] = p.conversion(fmt.Sprint("c-", i), bob, "2026-02-05 09:00", "1", "0.01")
		}
		p.As(tracker).refused("RecordConversions", vars{"conversions": rows}, "BAD_USER_INPUT conversions")
		rows = rows[:10_000]
		for what, spoil := range map[string]struct {
			wrong map[int]vars
			want  []string
		}{
			"amounts": {
				map[int]vars{3: {"payout": "-1"}, 5000: {"revenue": "0.0000001"}, 9999: {"occurredAt": "2026-02-10T16:00:00Z"}},
				[]string{"BAD_USER_INPUT conversions.3.payout", "BAD_USER_INPUT conversions.5000.revenue", "BAD_USER_INPUT conversions.9999.occurredAt"},
			},
			"what cannot be read": {
				map[int]vars{3: {"payout": "NaN"}, 5000: {"revenue": 1, "payout": "1e9"}, 9999: {"occurredAt": "today"}},
				[]string{"BAD_USER_INPUT conversions.3.payout", "BAD_USER_INPUT conversions.5000.revenue", "BAD_USER_INPUT conversions.5000.payout", "BAD_USER_INPUT conversions.9999.occurredAt"},
			},
			"partners": {
				map[int]vars{0: {"partner": "UGFydG5lcjo5OTk5OTk"}, 7: {"partner": ""}, 8: {"partner": "UGFydG5lcjo5OTk5OTk"}},
				[]string{"NOT_FOUND conversions.0.partner", "NOT_FOUND conversions.7.partner", "NOT_FOUND conversions.8.partner"},
			},
			"of every kind": {
				map[int]vars{0: {"partner": "UGFydG5lcjo5OTk5OTk", "externalId": ""}, 1: {"payout": "NaN"}, 2: {"externalId": "c-3"}, 3: {}, 9: {"revenue": "-1", "occurredAt": "2026-03-01T00:00:00Z"}, 2000: {"externalId": "c-3", "payout": "7"}},
				[]string{
					"NOT_FOUND conversions.0.partner", "BAD_USER_INPUT conversions.0.externalId", "BAD_USER_INPUT conversions.1.payout",
					"BAD_USER_INPUT conversions.9.revenue", "BAD_USER_INPUT conversions.9.occurredAt", "CONFLICT conversions.2000.externalId",
				},
			},
		} {
			p.each(what, func(p *product) {
				spoilt := slices.Clone(rows)
				for i, fields := range spoil.wrong {
					row := vars{}
					for name, value := range rows[i] {
						row[name] = value
					}
					for name, value := range fields {
						row[name] = value
					}
					spoilt[i] = row
				}
				p.As(tracker).refused("RecordConversions", vars{"conversions": spoilt}, spoil.want...)
			})
		}
		if p.Verify() != "0" {
			p.Error("something was recorded")
		}
		if got := p.Record(rows...); got != (recorded{Recorded: 10_000}) {
			p.Errorf("10,000 rows: %+v", got)
		}
		if got := p.Record(rows...); got != (recorded{Duplicates: 10_000}) {
			p.Errorf("10,000 rows, sent again: %+v", got)
		}
		if got := p.Record(); got != (recorded{}) {
			p.Errorf("no rows: %+v", got)
		}
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout: EARNING 10.00")
	})
}

// Whether a call was recorded before is asked of a few of its rows alone: what they do not tell must be found all the same.
func TestRecording_whatWasRecordedBeforeIsFoundAmongManyNewRows(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		bob := p.Active("Bob", p.Active("Ann"))
		p.At("2026-02-10 10:00")
		batch := func(name string) []vars {
			rows := make([]vars, 1000)
			for i := range rows {
				rows[i] = p.conversion(fmt.Sprint(name, "-", i), bob, "2026-02-05 09:00", "1", "0.01")
			}
			return rows
		}
		sale := p.conversion("sale", bob, "2026-02-05 09:00", "10", "5")
		p.Record(sale)
		rows := batch("a")
		rows[7], rows[499] = sale, rows[8]
		if got := p.Record(rows...); got != (recorded{Recorded: 998, Duplicates: 2}) {
			p.Errorf("998 of 1,000 rows are new: %+v", got)
		}
		rows = batch("b")
		rows[7] = p.conversion("sale", bob, "2026-02-05 09:00", "10", "6")
		p.As(tracker).refused("RecordConversions", vars{"conversions": rows}, "CONFLICT conversions.7.externalId")
		rows[9] = p.conversion("c", "UGFydG5lcjo5OTk5OTk", "2026-02-05 09:00", "1", "1")
		p.As(tracker).refused("RecordConversions", vars{"conversions": rows}, "CONFLICT conversions.7.externalId", "NOT_FOUND conversions.9.partner")
		if p.Verify() != "999" {
			p.Error("something else was recorded")
		}
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout: EARNING 1.50")
	})
}

func TestRecording_theSameExternalIdIsADuplicateOrAConflict(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		ann, bob := p.Active("Ann"), p.Active("Bob")
		sale := p.conversion("sale", bob, "2026-02-01 09:00", "10", "5")
		if got := p.Record(sale, sale, p.conversion("sale", bob, "2026-02-01T14:00:00.0000000Z", "10.00", "5.0")); got != (recorded{Recorded: 1, Duplicates: 2}) {
			p.Errorf("three times in a call: %+v", got)
		}
		other := p.conversion("other", bob, "2026-02-01 09:00", "10", "5")
		for _, changed := range []vars{
			p.conversion("sale", ann, "2026-02-01 09:00", "10", "5"), p.conversion("sale", bob, "2026-02-01 09:00:00.000001", "10", "5"),
			p.conversion("sale", bob, "2026-02-01 09:00", "10.000001", "5"), p.conversion("sale", bob, "2026-02-01 09:00", "10", "0"),
		} {
			p.As(tracker).refused("RecordConversions", vars{"conversions": []vars{other, changed}}, "CONFLICT conversions.1.externalId")
		}
		twice := p.conversion("other", bob, "2026-02-01 09:00", "10", "6")
		p.As(tracker).refused("RecordConversions", vars{"conversions": []vars{other, twice}}, "CONFLICT conversions.1.externalId")
		wrong := p.As(tracker).Do("RecordConversions", vars{"conversions": []vars{twice, p.conversion("sale", ann, "2026-02-01 09:00", "10", "5")}}, nil)
		if len(wrong) != 1 || !strings.Contains(wrong[0].Message, `"sale"`) {
			p.Errorf("a conflict names it: %s", wrong)
		}

		back := p.adjustment("back", "sale", "2026-02-01 09:30", "-10", "-5")
		adjust := func(rows ...vars) recorded {
			var answer struct{ RecordAdjustments recorded }
			p.As(tracker).must("RecordAdjustments", vars{"adjustments": rows}, &answer)
			return answer.RecordAdjustments
		}
		if got := adjust(back, back); got != (recorded{Recorded: 1, Duplicates: 1}) {
			p.Errorf("an adjustment twice in a call: %+v", got)
		}
		if got := adjust(back); got != (recorded{Duplicates: 1}) {
			p.Errorf("an adjustment sent again: %+v", got)
		}
		for _, changed := range []vars{
			p.adjustment("back", "sale", "2026-02-01 09:30", "-10", "-4"), p.adjustment("back", "sale", "2026-02-01 09:31", "-10", "-5"),
			p.adjustment("sale", "sale", "2026-02-01 09:30", "-10", "-5"),
			{"externalId": "back", "adjusts": "sale", "occurredAt": back["occurredAt"], "revenue": "-10", "payout": "-5", "reason": "another"},
		} {
			p.As(tracker).refused("RecordAdjustments", vars{"adjustments": []vars{changed}}, "CONFLICT adjustments.0.externalId")
		}
		p.As(tracker).refused("RecordConversions", vars{"conversions": []vars{p.conversion("back", bob, "2026-02-01 09:30", "10", "5")}}, "CONFLICT conversions.0.externalId")
	})
}

func TestRecording_adjustmentsThatCannotBe(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		bob := p.Active("Bob")
		sale := p.ConvertsFor(bob, "2026-02-01 09:00", "10", "5")
		back := p.Adjust(sale, "2026-02-01 09:10", "-4", "-2")
		for _, wrong := range []struct {
			rows []vars
			want []string
		}{
			{[]vars{p.adjustment("x", "unknown", "2026-02-01 09:30", "-1", "-1")}, []string{"NOT_FOUND adjustments.0.adjusts"}},
			{[]vars{p.adjustment("x", back, "2026-02-01 09:30", "1", "1")}, []string{"NOT_FOUND adjustments.0.adjusts"}},
			{[]vars{p.adjustment("x", "x", "2026-02-01 09:30", "1", "1")}, []string{"NOT_FOUND adjustments.0.adjusts"}},
			{[]vars{p.adjustment("x", "", "2026-02-01 09:30", "1", "1")}, []string{"BAD_USER_INPUT adjustments.0.adjusts"}},
			{[]vars{p.adjustment("x", sale, "2026-02-01 08:59:59.999999", "1", "1")}, []string{"BAD_USER_INPUT adjustments.0.occurredAt"}},
			{[]vars{p.adjustment("x", sale, "2026-02-01 10:06", "1", "1")}, []string{"BAD_USER_INPUT adjustments.0.occurredAt"}},
			{[]vars{p.adjustment("x", sale, "2026-02-01 09:30", "-6.000001", "0")}, []string{"BAD_USER_INPUT adjustments.0.revenue"}},
			{[]vars{p.adjustment("x", sale, "2026-02-01 09:30", "-7", "-3.000001")}, []string{"BAD_USER_INPUT adjustments.0.payout", "BAD_USER_INPUT adjustments.0.revenue"}},
			{[]vars{p.adjustment("x", sale, "2026-02-01 09:30", "-4", "0"), p.adjustment("y", sale, "2026-02-01 09:30", "-3", "0")}, []string{"BAD_USER_INPUT adjustments.1.revenue"}},
			{[]vars{p.adjustment("x", sale, "2026-02-01 09:30", "NaN", "0"), p.adjustment("y", "unknown", "2026-02-01 09:30", "0", "0")}, []string{"BAD_USER_INPUT adjustments.0.revenue", "NOT_FOUND adjustments.1.adjusts"}},
			{[]vars{{"externalId": "x", "adjusts": sale, "occurredAt": "2026-02-01T14:30:00Z", "revenue": "0", "payout": "0", "reason": strings.Repeat("x", 1001)}}, []string{"BAD_USER_INPUT adjustments.0.reason"}},
		} {
			p.As(tracker).refused("RecordAdjustments", vars{"adjustments": wrong.rows}, wrong.want...)
		}
		p.Adjust(sale, "2026-02-01 09:00", "-6", "-3") // to nothing, in the moment of the conversion
		p.Adjust(sale, "2026-02-01 10:04", "20", "0")  // and up again
		if p.Verify() != "4" {
			p.Error("something else was recorded")
		}
	})
}

func TestHostile_exactlyOneCommission(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		for literal, want := range map[string]string{
			`{}`: "GRAPHQL_VALIDATION_FAILED",
			`{flatFee: {amount: "5"}, percentage: {rate: "5", basis: PAYOUT}}`: "GRAPHQL_VALIDATION_FAILED",
			`{flatFee: null}`:                                "GRAPHQL_VALIDATION_FAILED",
			`{percentage: {rate: "5", basis: payout}}`:       "GRAPHQL_VALIDATION_FAILED",
			`{percentage: {rate: 5, basis: PAYOUT}}`:         "BAD_USER_INPUT structure.commission.percentage.rate",
			`{percentage: {rate: "5", basis: PAYOUT, x: 1}}`: "GRAPHQL_VALIDATION_FAILED",
		} {
			p.As(admin).refused(`mutation { updateReferralSettings(input: {version: 1, structure: {commission: `+literal+`}}) { impact { termsOpened } } }`, nil, want)
		}
		for _, commission := range []vars{
			{},
			{"flatFee": nil},
			{"flatFee": nil, "percentage": nil},
			{"flatFee": vars{"amount": "5"}, "percentage": vars{"rate": "5", "basis": "PAYOUT"}},
			{"flatFee": vars{"amount": "5"}, "percentage": nil},
		} {
			p.As(admin).refused("UpdateReferralSettings", vars{"input": vars{"version": 1, "structure": vars{"commission": commission}}}, "BAD_USER_INPUT structure.commission")
		}
	})
}

// An enum is one of its names, letter by letter, also in variables: one that is nearly a name is not taken for
// another.
func TestHostile_namesThatAreNearlyRight(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		report := vars{"from": "2026-02-01", "to": "2026-02-28"}
		for _, wrong := range []struct {
			operation string
			variables vars
			field     string
		}{
			{"CreatePartner", vars{"input": vars{"name": "Eve", "status": "active"}}, "status"},
			{"CreatePartner", vars{"input": vars{"name": "Eve", "status": 1}}, "status"},
			{"CreatePartner", vars{"input": vars{"name": "Eve", "billing": vars{"frequency": "weekly"}}}, "billing.frequency"},
			{"SetPartnerStatus", vars{"id": ann, "status": "suspended"}, "status"},
			{"UpdatePartnerReferralSetting", vars{"input": vars{"partner": ann, "version": 1, "mode": "disabled"}}, "mode"},
			{"RemoveReferredBy", vars{"input": vars{"partner": bob, "unbilled": "forfeit", "reason": "fraud"}}, "unbilled"},
			{"AssignReferredBy", vars{"input": vars{"partner": bob, "referrer": ann, "unbilled": "Keep"}}, "unbilled"},
			{"UpdateReferralSettings", vars{"input": vars{"version": 2, "structure": tenPercent.lasting(1, "month")}}, "structure.duration.unit"},
			{"Partners", vars{"filter": vars{"status": []string{"ACTIVE", "pending"}}}, "filter.status.1"},
			{"ReferralReport", vars{"from": report["from"], "to": report["to"], "filter": vars{"status": "active"}}, "filter.status"},
			{"ReferralReport", vars{"from": report["from"], "to": report["to"], "filter": vars{"state": []string{"earning"}}}, "filter.state.0"},
			{"ReferralReport", vars{"from": report["from"], "to": report["to"], "filter": vars{"type": "flat_fee"}}, "filter.type"},
			{"ReferralReport", vars{"from": report["from"], "to": report["to"], "orderBy": vars{"field": "balance", "direction": "desc"}}, "orderBy.field"},
		} {
			got := p.As(admin).Do(wrong.operation, wrong.variables, nil).codes()
			if first, _, _ := strings.Cut(got, ","); !strings.HasPrefix(first, "BAD_USER_INPUT") || !strings.Contains(got, wrong.field) {
				p.Errorf("%s %v: %q", wrong.operation, wrong.variables, got)
			}
		}
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout: EARNING 0.00")
	})
}

func TestHostile_textsOfEveryKind(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		for _, name := range []string{"", "   ", strings.Repeat("x", 201), "a\x00b", "a\nb", "\t\x07", strings.Repeat("x", 1_000_000)} {
			p.As(admin).refused("CreatePartner", vars{"input": vars{"name": name}}, "BAD_USER_INPUT name")
		}
		for _, email := range []string{"@", "a@", "@b", "a b@c", "a@b@c", "a@b\n", "a@" + strings.Repeat("x", 255), "no address"} {
			if strings.TrimSpace(email) == email {
				p.As(admin).refused("CreatePartner", vars{"input": vars{"name": "Eve", "email": email}}, "BAD_USER_INPUT email")
			}
		}
		p.As(admin).refused("CreatePartner", vars{"input": vars{"name": "", "email": "@", "status": "SUSPENDED", "manager": "x", "billing": vars{"paymentTermsDays": 366, "invoiceThreshold": "-1"}}},
			"BAD_USER_INPUT name", "BAD_USER_INPUT email", "BAD_USER_INPUT status", "NOT_FOUND manager", "BAD_USER_INPUT billing.paymentTermsDays", "BAD_USER_INPUT billing.invoiceThreshold")
		names := []string{
			strings.Repeat("𝔘", 200), "Robert'); DROP TABLE partner; --", `back\slash`, "100%_off", `"quoted"`, "مرحبا", "e\u0301 combined", "x",
		}
		long := strings.Repeat("é", 60) + "@" + strings.Repeat("ü", 60) + ".example"
		for _, name := range names {
			p.As(admin).must("CreatePartner", vars{"input": vars{"name": name, "email": long}}, nil)
		}
		found := func(search string) (names []string) {
			var answer struct {
				Network struct {
					Partners struct {
						TotalCount int
						Nodes      []struct{ Name string }
					}
				}
			}
			p.As(admin).must("Partners", vars{"filter": vars{"search": search}, "first": 100}, &answer)
			for _, node := range answer.Network.Partners.Nodes {
				names = append(names, node.Name)
			}
			if answer.Network.Partners.TotalCount != len(names) {
				p.Errorf("%q finds %d, and counts %d", search, len(names), answer.Network.Partners.TotalCount)
			}
			return names
		}
		for _, search := range []string{"%", "_", `\`, "'", `"`, "DROP table", "%_", `\%`, "𝔘𝔘", "مرحبا", "' OR '1'='1", "%%%%", "😀", strings.Repeat("%", 200)} {
			var want []string
			for _, name := range names {
				if strings.Contains(strings.ToLower(name+"\n"+long), strings.ToLower(search)) {
					want = append(want, name)
				}
			}
			got := found(search)
			slices.Sort(want)
			if slices.Sort(got); !slices.Equal(got, want) {
				p.Errorf("%.50q finds %q, want %q", search, got, want)
			}
			p.ReportsOnly("2026-02-01", "2026-02-28", vars{"search": search})
			p.As(support).must("Networks", vars{"search": search}, nil)
		}
		for _, search := range []string{"\x00", "a\nb", "\x7f", strings.Repeat("x", 201), strings.Repeat("%", 100_000)} {
			p.As(admin).refused("Partners", vars{"filter": vars{"search": search}}, "BAD_USER_INPUT filter.search")
			p.As(admin).refused("ReferralReport", vars{"from": "2026-02-01", "to": "2026-02-28", "filter": vars{"search": search}}, "BAD_USER_INPUT filter.search")
			p.As(support).refused("Networks", vars{"search": search}, "BAD_USER_INPUT search")
		}
		if all := found(""); len(all) != len(names) {
			p.Errorf("the empty search finds %q", all)
		}
		ann := p.Active("Ann")
		p.As(admin).refused("SetPartnerStatus", vars{"id": ann, "status": "SUSPENDED", "reason": strings.Repeat("é", 501)}, "BAD_USER_INPUT reason")
		bob := p.Active("Bob", ann)
		p.As(admin).must("RemoveReferredBy", vars{"input": vars{"partner": bob, "unbilled": "FORFEIT", "reason": strings.Repeat("é", 500)}}, nil)
	})
}

// What is no request of GraphQL, or one that no client sends, is refused in GraphQL's form too.
func TestHostile_requestsThatAreNone(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		ada := p.As(admin)
		for what, body := range map[string]string{
			"nothing":             "",
			"no JSON":             "{",
			"another type":        `"query"`,
			"a list":              `[{"query":"{viewer{role}}"}]`,
			"no query":            `{}`,
			"an empty query":      `{"query":""}`,
			"a query of numbers":  `{"query":5}`,
			"no GraphQL":          `{"query":"{{{{"}`,
			"an unknown field":    `{"query":"{ nothing }"}`,
			"an unknown name":     `{"query":"query A { viewer { role } }","operationName":"B"}`,
			"two without a name":  `{"query":"query A { viewer { role } } query B { viewer { role } }"}`,
			"variables of a list": `{"query":"{ viewer { role } }","variables":[1]}`,
			"a subscription":      `{"query":"subscription { viewer { role } }"}`,
			"a circle":            `{"query":"{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }"}`,
			"a missing variable":  `{"query":"query ($id: ID!) { node(id: $id) { id } }"}`,
			"too deep":            `{"query":"{ network { partners { nodes { ` + strings.Repeat("referredBy { ", 3000) + `id` + strings.Repeat(" }", 3000) + ` } } } }"}`,
			"too many aliases":    `{"query":"{ ` + strings.Repeat("a: viewer { role } ", 3000) + ` }"}`,
			"nine megabytes":      `{"query":"{ viewer { role } }","variables":{"x":"` + strings.Repeat("x", 9<<20) + `"}}`,
		} {
			p.each(what, func(p *product) {
				data, wrong, err := client{product: p, token: ada.token}.Post(strings.NewReader(body))
				if err != nil || len(wrong) == 0 {
					p.Errorf("data %s, errors %s, %v", data, wrong, err)
				}
			})
		}
		for what, request := range map[string]func() (*http.Request, error){
			"a mutation by GET": func() (*http.Request, error) {
				return http.NewRequestWithContext(context.Background(), http.MethodGet,
					p.server.address+"/graphql?query="+url.QueryEscape(`mutation { createPartner(input: {name: "Eve"}) { partner { id } } }`), nil)
			},
			"variables by GET that are none": func() (*http.Request, error) {
				return http.NewRequestWithContext(context.Background(), http.MethodGet, p.server.address+"/graphql?query=%7Bviewer%7Brole%7D%7D&variables=%7B", nil)
			},
			"a form": func() (*http.Request, error) {
				request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, p.server.address+"/graphql", strings.NewReader("query={viewer{role}}"))
				if err == nil {
					request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				}
				return request, err
			},
			"another scheme": func() (*http.Request, error) {
				request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, p.server.address+"/graphql", strings.NewReader(`{"query":"{viewer{role}}"}`))
				if err == nil {
					request.Header.Set("Content-Type", "application/json")
					request.SetBasicAuth("ada", "secret")
				}
				return request, err
			},
		} {
			p.each(what, func(p *product) {
				asked, err := request()
				if err != nil {
					p.Fatal(err)
				}
				if data, wrong, err := p.As(stranger).Send(asked); err != nil || len(wrong) == 0 {
					p.Errorf("data %s, errors %s, %v", data, wrong, err)
				}
			})
		}
		var found struct {
			Network struct{ Partners struct{ TotalCount int } }
		}
		if ada.must("Partners", nil, &found); found.Network.Partners.TotalCount != 0 {
			p.Error("a partner was created")
		}
	})
}

// A stranger learns nothing from signing up (rule A3), and nothing breaks.
func TestHostile_signingUp(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		zoe := vars{"network": p.network, "name": "Zoe", "email": "zoe@example.com"}
		with := func(field string, value any) vars {
			input := maps.Clone(zoe)
			input[field] = value
			return vars{"input": input}
		}
		p.As(stranger).must("SignUp", with("referralCode", "' OR 1=1 --"), nil)
		p.As(stranger).must("SignUp", with("referralCode", strings.Repeat("x", 10_000)), nil)
		p.As(stranger).refused("SignUp", with("network", "TmV0d29yazo5OTk5OTk"), "NOT_FOUND network")
		p.As(stranger).refused("SignUp", with("network", "none"), "NOT_FOUND network")
		p.As(stranger).refused("SignUp", vars{"input": vars{"network": p.network, "name": "", "email": ""}}, "BAD_USER_INPUT name", "BAD_USER_INPUT email")
	})
}
