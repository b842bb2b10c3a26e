package billing_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/ent/generated/conversion"
	"partner.example/referrals/ent/generated/invoice"
	"partner.example/referrals/ent/generated/invoiceline"
	"partner.example/referrals/ent/generated/referralterm"
)

// conversionsExplained is on each engine.
const conversionsExplained = 10_000

// What 10,000 conversions of a random history are said to have earned, on each engine, is what the report and the
// invoices pay for them [P5].
func TestExplain_agreesWithWhatTheReportAndTheInvoicesPay(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		rapidly(t, 1, 1)
		db := databasetest.Open(t, location)
		rapid.Check(t, func(t *rapid.T) {
			l := &life{world: newWorld(t, db, "USD", "America/New_York"), said: map[int]string{}, structures: map[int]commission.Structure{}}
			for _, name := range []string{"alice", "erin"} {
				l.partner(name, "")
			}
			for _, name := range []string{"bob", "carol", "dave"} {
				l.partner(name, "alice")
			}
			happenings := []func(*rapid.T){
				l.takeBack, l.takeBack, l.changeSettings, l.dateSettings, l.changeSetting, l.changeStatus, l.changeReferredBy, l.wait, l.run, l.delete, l.grant, l.grant, l.void,
			}
			for l.count < conversionsExplained {
				l.manyConvert(t, conversionsExplained)
				for range 2 {
					rapid.SampledFrom(happenings).Draw(t, "happening")(t)
				}
			}
			l.takeEffect()
			l.verify()
			l.checkExplained()
		})
	})
}

// manyConvert records what comes in on a day, of the last days.
func (l *life) manyConvert(t *rapid.T, most int) {
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)) // thousands of draws would be thousands of lines to read
	l.now = l.now.Add(24 * time.Hour)
	var rows []ledger.Conversion
	for range min(50+random.IntN(50), most-l.count) {
		l.count++
		s := &sale{"c" + strconv.Itoa(l.count), l.now.Add(-time.Duration(random.IntN(5*24)) * time.Hour), random.Int64N(200_000_000), random.Int64N(100_000_000)}
		rows = append(rows, ledger.Conversion{
			ExternalID: s.id, PartnerID: l.ids[[]string{"bob", "carol", "dave", "alice"}[random.IntN(4)]], OccurredAt: s.at,
			Revenue: commission.FromMicros(s.revenue), Payout: commission.FromMicros(s.payout),
		})
		l.sales = append(l.sales, s)
	}
	_, err := l.ledger.RecordConversions(l.admin(), l.network.ID, rows)
	l.must(err)
}

// checkExplained adds up what conversions are said to have earned, and holds it against each line and each row.
func (l *life) checkExplained() {
	l.Helper()
	all, err := l.db.Conversion.Query().Where(conversion.NetworkID(l.network.ID)).All(l.system())
	l.must(err)
	told, err := l.ledger.Explain(l.system(), l.network, all)
	l.must(err)
	structures := map[int]commission.Structure{} // by term
	terms, err := l.db.ReferralTerm.Query().Where(referralterm.NetworkID(l.network.ID)).All(l.system())
	l.must(err)
	for _, term := range terms {
		structures[term.ID] = l.structure(term.StructureID)
	}
	type place struct {
		term, line int
		reason     commission.Reason
	}
	sums := map[place]commission.Sums{}
	counted := map[int]int64{} // by term
	reasons := map[commission.Reason]int{}
	for _, c := range all {
		why := told[c.ID]
		reasons[why.Reason]++
		brought := commission.Sums{Revenue: c.Revenue, Payout: c.Payout}
		amount := decimal.Zero
		if why.TermID != 0 {
			if c.AdjustsID == nil {
				counted[why.TermID]++
			}
			at := place{why.TermID, why.LineID, why.Reason}
			sums[at] = sums[at].Plus(brought)
			if why.Earned || why.Reason == commission.ReasonBelowThreshold {
				amount = structures[why.TermID].Earned(brought).Round(commission.Scale)
			}
		}
		if !why.Amount.Equal(amount) || why.Earned != (why.Reason == commission.ReasonEarned || why.Reason == commission.ReasonGranted) || (why.LineID != 0 && !why.Earned && why.Reason != commission.ReasonFlatFee) {
			l.Errorf("conversion %d: %+v; its commission is %s", c.ID, why, amount)
		}
	}
	l.checkExplainedLines(structures, func(term, line int) commission.Sums {
		return sums[place{term, line, commission.ReasonEarned}].Plus(sums[place{term, line, commission.ReasonGranted}]).Plus(sums[place{term, line, commission.ReasonFlatFee}])
	})
	report, err := l.ledger.Report(l.admin(), l.network, ledger.Range{From: day("2020-01-01"), To: day("2030-12-31")}, ledger.Filter{})
	l.must(err)
	for _, row := range l.rowsOf(report) {
		if row.Conversions != counted[row.TermID] {
			l.Errorf("term %d counts %d conversions in the report; %d say that they count there", row.TermID, row.Conversions, counted[row.TermID])
		}
		if row.TermID == 0 || structures[row.TermID].Commission.Type() == commission.TypeFlatFee {
			continue
		}
		pays := func(reason commission.Reason) decimal.Decimal {
			return l.network.Currency.Round(structures[row.TermID].Earned(sums[place{row.TermID, 0, reason}]))
		}
		if !row.Unbilled.Equal(pays(commission.ReasonEarned).Add(pays(commission.ReasonGranted))) || !row.BelowThreshold.Equal(pays(commission.ReasonBelowThreshold)) {
			l.Errorf("term %d has %s unbilled and %s below threshold in the report; its conversions say %s and %s", row.TermID,
				row.Unbilled, row.BelowThreshold, pays(commission.ReasonEarned).Add(pays(commission.ReasonGranted)), pays(commission.ReasonBelowThreshold))
		}
	}
	totals := report.Totals
	if r, told := l.reconciled(); !r.Balanced() || !r.Billed.Equal(totals.Billed) || !r.Unbilled.Equal(totals.Unbilled) || !r.BelowThreshold.Equal(totals.BelowThreshold) {
		l.Errorf("the reconciliation says, balanced: %t\n%s\nand the report %+v", r.Balanced(), told, totals)
	}
	if len(reasons) < 5 {
		l.Errorf("the history has no more reasons than %v", reasons)
	}
}

func (l *life) checkExplainedLines(structures map[int]commission.Structure, paid func(term, line int) commission.Sums) {
	l.Helper()
	lines, err := l.db.InvoiceLine.Query().Where(invoiceline.TermIDNotNil(), invoiceline.NetworkID(l.network.ID),
		invoiceline.HasInvoiceWith(invoice.StatusNEQ(commission.Deleted))).All(l.system())
	l.must(err)
	for _, line := range lines {
		structure := structures[*line.TermID]
		worth := l.network.Currency.Round(structure.Earned(paid(*line.TermID, line.ID)))
		if structure.Commission.Type() == commission.TypePercentage && !worth.Equal(line.Amount) {
			l.Errorf("line %d pays %s; its conversions say %s", line.ID, line.Amount, worth)
		}
	}
}
