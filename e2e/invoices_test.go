package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
)

// invoice is what the network portal shows of one.
type invoice struct {
	ID, From, To, DueOn, Status, Currency, Total string
	Number                                       int
	Hidden                                       bool
	Partner                                      struct{ ID, Name string }
	Lines                                        []struct {
		ID, Type, Description, From, To, BasisAmount, Amount string
		Conversions                                          int
		Referred                                             *struct{ ID, Name string }
		Structure                                            *struct{ Summary string }
	}
}

// String is the invoice in short: "0.00 = -10.00 of -100.00 back for Bob + 4.00 of 20.00 for Bob + 6.00 carried".
func (i invoice) String() string {
	lines := make([]string, len(i.Lines))
	for n, line := range i.Lines {
		switch line.Type {
		case "PARTNER_PAYOUT":
			lines[n] = line.Amount + " payouts"
		case "CARRY_FORWARD":
			lines[n] = line.Amount + " carried"
		case "REFERRAL_ADJUSTMENT":
			lines[n] = fmt.Sprintf("%s of %s back for %s", line.Amount, line.BasisAmount, line.Referred.Name)
		default:
			lines[n] = fmt.Sprintf("%s of %s for %s", line.Amount, line.BasisAmount, line.Referred.Name)
		}
	}
	return i.Total + " = " + strings.Join(lines, " + ")
}

// Invoice is one as the network portal asks for it. Its total is the sum of its lines and never below zero [I5].
func (p *product) Invoice(id string) invoice {
	p.Helper()
	var answer struct{ Network struct{ Invoice invoice } }
	p.As(admin).must("Invoice", vars{"id": id}, &answer)
	found := answer.Network.Invoice
	var sum decimal.Decimal
	for _, line := range found.Lines {
		sum = sum.Add(decimal.RequireFromString(line.Amount))
	}
	if total := decimal.RequireFromString(found.Total); !total.Equal(sum) || total.IsNegative() {
		p.Errorf("invoice %d is %s, and its lines %s", found.Number, found.Total, sum)
	}
	return found
}

// Bills runs billing for one partner, wants these invoices of it, in short, and returns them. The run that is repeated
// makes none [I3].
func (p *product) Bills(partner, through string, want ...string) []invoice {
	p.Helper()
	var made []invoice
	var told []string
	for range 2 {
		var answer struct {
			RunBilling struct {
				Invoices struct{ Nodes []struct{ ID string } }
			}
		}
		p.As(admin).must("RunBilling", vars{"through": through, "partner": partner}, &answer)
		for _, i := range answer.RunBilling.Invoices.Nodes {
			made = append(made, p.Invoice(i.ID))
			told = append(told, made[len(made)-1].String())
		}
	}
	if !slices.Equal(told, want) {
		p.Fatalf("billed through %s:\n\t%s\nwant\n\t%s", through, strings.Join(told, "\n\t"), strings.Join(want, "\n\t"))
	}
	return made
}

// Delete deletes an invoice.
func (p *product) Delete(i invoice) {
	p.Helper()
	p.As(admin).must("DeleteInvoice", vars{"id": i.ID, "reason": "a mistake"}, nil)
}

// Invoiced changes how a partner is invoiced.
func (p *product) Invoiced(partner string, how vars) {
	p.Helper()
	p.Edit(partner, vars{"billing": how})
}

// Edit changes a partner as whoever has just read it.
func (p *product) Edit(partner string, changes vars) {
	p.Helper()
	input := vars{"id": partner, "version": p.Partner(partner).Version}
	maps.Copy(input, changes)
	p.As(admin).must("UpdatePartner", vars{"input": input}, nil)
}

// pays is the rows of one referrer, over all time.
func (p *product) pays(referrer string, want ...string) {
	p.Helper()
	p.ReportsOnly("2020-01-01", "2030-12-31", vars{"referrer": referrer}, want...)
}

// story is something that happens to partners of its own, on several days. Stories share a network, on which the days
// pass for all of them.
type story struct {
	name string
	days map[string]func(p *product)
}

// live lives through the stories, day after day.
func (p *product) live(stories ...story) {
	p.Helper()
	var days []string
	for _, s := range stories {
		days = slices.AppendSeq(days, maps.Keys(s.days))
	}
	slices.Sort(days)
	for _, day := range slices.Compact(days) {
		p.At(day)
		for _, s := range stories {
			if happens := s.days[day]; happens != nil {
				p.each(s.name+", "+day[:len("2026-01-01")], happens)
			}
		}
	}
}

// The days on which the stories go on: each is the first of a month.
const (
	january, february, march, april, may = "2026-01-01 10:00", "2026-02-01 10:00", "2026-03-01 10:00", "2026-04-01 10:00", "2026-05-01 10:00"

	december = "2026-12-01 10:00"
)

// couple is a referrer, paid 10 % of payout by a setting of its own, with the partner that it referred.
type couple struct{ ann, bob string }

func (c *couple) meet(p *product) {
	c.ann = p.Active("Ann")
	p.Custom(c.ann, tenPercent)
	c.bob = p.Active("Bob", c.ann)
}

func TestInvoices_tellTheirStories(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.live(
			takenBackAtTheOldRate(), keptAtReassignment(), forfeitedAtReassignment(), reportedLate(), reachedBetweenRuns(),
			deletedAndBilledAgain(), takenBackMoreThanTheNextEarns(), overBothChangesOfTheClocks(), waitingForTheLeast(),
			hiddenFromThePartner(), renamedAfterwards(), suspended(),
		)
	})
}

func takenBackAtTheOldRate() story {
	var c couple
	var sale string
	var carried invoice
	return story{"N7 and N8: 100 billed at 10 %, reversed while the rate is 20 %", map[string]func(p *product){
		january: c.meet,
		february: func(p *product) {
			sale = p.Converts(c.bob, "2026-01-10 09:00", "100")
			p.Bills(c.ann, "2026-01-31", "10.00 = 10.00 of 100.00 for Bob")
			p.Custom(c.ann, percent("20", "PAYOUT"))
		},
		march: func(p *product) {
			p.Adjust(sale, "2026-02-10 09:00", "-1000", "-100")
			p.Converts(c.bob, "2026-02-11 09:00", "20")
			carried = p.Bills(c.ann, "2026-02-28", "0.00 = -10.00 of -100.00 back for Bob + 4.00 of 20.00 for Bob + 6.00 carried")[0]
			p.pays(c.ann, "Ann > Bob, 10% of payout: SUPERSEDED 0.00", "Ann > Bob, 20% of payout: EARNING 4.00, billed 4, unbilled 0.00")
			p.ReportsOnly("2026-02-01", "2026-02-28", vars{"referrer": c.ann},
				"Ann > Bob, 10% of payout: SUPERSEDED -10.00, billed -10, unbilled 0.00", "Ann > Bob, 20% of payout: EARNING 4.00, billed 4, unbilled 0.00")
		},
		april: func(p *product) {
			p.Converts(c.bob, "2026-03-10 09:00", "35")
			back := p.Bills(c.ann, "2026-03-31", "1.00 = 7.00 of 35.00 for Bob + -6.00 carried")[0]
			p.As(admin).refused("DeleteInvoice", vars{"id": carried.ID, "reason": "a mistake"}, "FAILED_PRECONDITION id")
			var pair struct {
				Out, In struct {
					Counterpart struct {
						Amount  string
						Invoice struct{ Number int }
					}
				}
			}
			p.As(admin).must(`query ($out: ID!, $in: ID!) {
				out: node(id: $out) { ... on InvoiceLine { counterpart { amount invoice { number } } } }
				in: node(id: $in) { ... on InvoiceLine { counterpart { amount invoice { number } } } }
			}`, vars{"out": carried.Lines[2].ID, "in": back.Lines[1].ID}, &pair)
			if out, in := pair.Out.Counterpart, pair.In.Counterpart; out.Amount != "-6.00" || out.Invoice.Number != back.Number || in.Amount != "6.00" || in.Invoice.Number != carried.Number {
				p.Errorf("what was carried is followed to %+v", pair)
			}
		},
	}}
}

func keptAtReassignment() story {
	var c couple
	return story{"N9: Referred By changed while 7.00 are payable and unbilled", map[string]func(p *product){
		january: c.meet,
		february: func(p *product) {
			p.Converts(c.bob, "2026-01-10 09:00", "70")
			p.Assign(c.bob, p.Active("Abe"))
			p.pays(c.ann, "Ann > Bob, 10% of payout: ENDED null, unbilled 7.00")
			p.Bills(c.ann, "2026-01-31", "7.00 = 7.00 of 70.00 for Bob")
			p.pays(c.ann, "Ann > Bob, 10% of payout: ENDED null, billed 7")
			p.Converts(c.bob, "2026-02-01 09:00", "10") // it occurred before the change
		},
		march: func(p *product) { p.Bills(c.ann, "2026-02-28", "1.00 = 1.00 of 10.00 for Bob") },
	}}
}

func forfeitedAtReassignment() story {
	var c couple
	var billed string
	return story{"A6: Referred By changed, what is unbilled forfeited", map[string]func(p *product){
		january: c.meet,
		february: func(p *product) {
			billed = p.Converts(c.bob, "2026-01-10 09:00", "50")
			p.Bills(c.ann, "2026-01-31", "5.00 = 5.00 of 50.00 for Bob")
			p.Converts(c.bob, "2026-02-01 09:00", "70")
			p.Assign(c.bob, p.Active("Abe"), forfeit)
			p.pays(c.ann, "Ann > Bob, 10% of payout: ENDED null, billed 5")
			p.Converts(c.bob, "2026-02-01 09:30", "30") // late, of the time before
		},
		march: func(p *product) {
			p.Bills(c.ann, "2026-02-28")
			p.Adjust(billed, "2026-02-28 09:00", "-200", "-20") // what was billed is taken back all the same
		},
		april: func(p *product) { p.Bills(c.ann, "2026-03-31", "0.00 = -2.00 of -20.00 back for Bob + 2.00 carried") },
	}}
}

func reportedLate() story {
	var c couple
	return story{"I3: conversions reported after their day was billed", map[string]func(p *product){
		january: c.meet,
		february: func(p *product) {
			p.Converts(c.bob, "2026-01-10 09:00", "100")
			p.Bills(c.ann, "2026-01-31", "10.00 = 10.00 of 100.00 for Bob")
			p.Converts(c.bob, "2026-01-10 09:00", "50")
			p.pays(c.ann, "Ann > Bob, 10% of payout: EARNING 15.00, billed 10, unbilled 5.00")
			p.Bills(c.ann, "2026-01-31") // January has its invoice
		},
		march: func(p *product) {
			late := p.Bills(c.ann, "2026-02-28", "5.00 = 5.00 of 50.00 for Bob")[0]
			if line := late.Lines[0]; late.From != "2026-02-01" || line.From != "2026-01-10" || line.To != "2026-01-10" {
				p.Errorf("the invoice is from %s; its line pays %s to %s", late.From, line.From, line.To)
			}
			p.ReportsOnly("2026-01-01", "2026-01-31", vars{"referrer": c.ann}, "Ann > Bob, 10% of payout: EARNING 15.00, billed 15, unbilled 0.00")
		},
	}}
}

func reachedBetweenRuns() story {
	var c couple
	var sale string
	return story{"C3: a threshold that is reached between two runs", map[string]func(p *product){
		january: func(p *product) {
			c.ann = p.Active("Ann")
			p.Custom(c.ann, tenPercent.from("100"))
			c.bob = p.Active("Bob", c.ann)
		},
		february: func(p *product) {
			sale = p.Converts(c.bob, "2026-01-10 09:00", "60")
			p.Bills(c.ann, "2026-01-31")
			p.pays(c.ann, "Ann > Bob, 10% of payout, from 100.00 earned: BELOW_THRESHOLD 0.00, waiting 6.00")
		},
		march: func(p *product) {
			p.Converts(c.bob, "2026-02-10 09:00", "40")
			p.pays(c.ann, "Ann > Bob, 10% of payout, from 100.00 earned: EARNING 10.00")
			p.Bills(c.ann, "2026-02-28", "10.00 = 10.00 of 100.00 for Bob")
		},
		april: func(p *product) {
			p.Adjust(sale, "2026-03-10 09:00", "-300", "-30")
			p.Converts(c.bob, "2026-03-11 09:00", "20") // 90: what is unbilled waits, what is billed stays billed
			p.Bills(c.ann, "2026-03-31")
			p.pays(c.ann, "Ann > Bob, 10% of payout, from 100.00 earned: BELOW_THRESHOLD 10.00, billed 10, unbilled 0.00, waiting -1.00")
		},
	}}
}

func deletedAndBilledAgain() story {
	var c couple
	var second invoice
	return story{"I4: a deleted invoice is billed again, also one in the middle", map[string]func(p *product){
		january: c.meet,
		february: func(p *product) {
			p.Converts(c.bob, "2026-01-10 09:00", "100")
			p.Converts(c.ann, "2026-01-11 09:00", "7.005")
			first := p.Bills(c.ann, "2026-01-31", "17.01 = 7.01 payouts + 10.00 of 100.00 for Bob")[0]
			p.Delete(first)
			p.pays(c.ann, "Ann > Bob, 10% of payout: EARNING 10.00")
			again := p.Bills(c.ann, "2026-01-31", "17.01 = 7.01 payouts + 10.00 of 100.00 for Bob")[0]
			if kept := p.Invoice(first.ID); kept.Status != "DELETED" || kept.Number != first.Number || again.Number == first.Number {
				p.Errorf("number %d is %s, and was given again: %d", kept.Number, kept.Status, again.Number)
			}
			p.As(admin).must("MarkInvoicePaid", vars{"id": again.ID}, nil)
			p.As(admin).refused("DeleteInvoice", vars{"id": again.ID, "reason": "a mistake"}, "FAILED_PRECONDITION id")
			p.As(admin).refused("MarkInvoicePaid", vars{"id": first.ID}, "FAILED_PRECONDITION id")
		},
		march: func(p *product) {
			p.Converts(c.bob, "2026-02-10 09:00", "200")
			second = p.Bills(c.ann, "2026-02-28", "20.00 = 20.00 of 200.00 for Bob")[0]
		},
		april: func(p *product) {
			p.Converts(c.bob, "2026-03-10 09:00", "300")
			p.Bills(c.ann, "2026-03-31", "30.00 = 30.00 of 300.00 for Bob")
			p.Delete(second)
		},
		may: func(p *product) {
			p.Converts(c.bob, "2026-04-10 09:00", "1")
			p.Bills(c.ann, "2026-04-30", "20.10 = 20.10 of 201.00 for Bob")
			p.pays(c.ann, "Ann > Bob, 10% of payout: EARNING 60.10, billed 60.1, unbilled 0.00")
		},
	}}
}

func takenBackMoreThanTheNextEarns() story {
	var c couple
	var sale string
	return story{"I5, C6: more is taken back than the next invoices earn", map[string]func(p *product){
		january: c.meet,
		february: func(p *product) {
			sale = p.Converts(c.bob, "2026-01-10 09:00", "1000")
			p.Bills(c.ann, "2026-01-31", "100.00 = 100.00 of 1000.00 for Bob")
		},
		march: func(p *product) {
			p.Adjust(sale, "2026-02-10 09:00", "-10000", "-1000")
			p.Bills(c.ann, "2026-02-28", "0.00 = -100.00 of -1000.00 back for Bob + 100.00 carried")
		},
		april: func(p *product) {
			p.Bills(c.ann, "2026-03-31") // nothing to set it off against
			p.Converts(c.ann, "2026-04-01 00:30", "30")
		},
		may: func(p *product) {
			p.Converts(c.bob, "2026-04-10 09:00", "400")
			last := p.Bills(c.ann, "2026-04-30", "0.00 = 30.00 payouts + 40.00 of 400.00 for Bob + -100.00 carried + 30.00 carried")[0]
			p.Delete(last)
			p.Converts(c.bob, "2026-04-11 09:00", "600")
			p.Bills(c.ann, "2026-04-30", "30.00 = 30.00 payouts + 100.00 of 1000.00 for Bob + -100.00 carried")
		},
	}}
}

func overBothChangesOfTheClocks() story {
	var c couple
	return story{"I1: a period with a day of 23 hours and one of 25", map[string]func(p *product){
		january: func(p *product) {
			c.meet(p)
			p.Invoiced(c.ann, vars{"frequency": "MANUAL", "paymentTermsDays": 14})
		},
		march: func(p *product) {
			p.Converts(c.bob, "2026-02-28 23:59:59.999999", "10")
			p.Bills(c.ann, "2026-02-28", "1.00 = 1.00 of 10.00 for Bob")
		},
		december: func(p *product) {
			for _, at := range []string{
				"2026-03-01 00:00", "2026-03-08 01:59", "2026-03-08 03:00", // 02:00 to 03:00 is not that night
				"2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", // 01:30 comes twice
				"2026-11-30 23:59:59.999999", "2026-12-01 00:00",
			} {
				p.Converts(c.bob, at, "10")
			}
			p.As(admin).must("RunBilling", vars{"through": "2026-11-30"}, nil) // a run of all leaves a MANUAL one out
			long := p.Bills(c.ann, "2026-11-30", "6.00 = 6.00 of 60.00 for Bob")[0]
			if long.From != "2026-03-01" || long.To != "2026-11-30" || long.DueOn != "2026-12-15" {
				p.Errorf("it is from %s to %s, due on %s", long.From, long.To, long.DueOn)
			}
			want := []string{"2026-03-01 1 1.00", "2026-03-08 2 2.00", "2026-11-01 2 2.00", "2026-11-30 1 1.00"}
			if got := p.As(admin).lineDays(long.Lines[0].ID, 100); !slices.Equal(got, want) {
				p.Errorf("its days are %q, want %q", got, want)
			}
			p.As(admin).refused("RunBilling", vars{"through": "2026-12-01", "partner": c.ann}, "BAD_USER_INPUT through")
		},
	}}
}

func waitingForTheLeast() story {
	var c couple
	return story{"invoiceThreshold: an invoice below it waits", map[string]func(p *product){
		january: func(p *product) {
			c.meet(p)
			p.Invoiced(c.ann, vars{"invoiceThreshold": "15"})
		},
		february: func(p *product) {
			p.Converts(c.bob, "2026-01-10 09:00", "149.94")
			p.Bills(c.ann, "2026-01-31")
			p.pays(c.ann, "Ann > Bob, 10% of payout: EARNING 14.99")
		},
		march: func(p *product) {
			p.Converts(c.bob, "2026-02-10 09:00", "0.01")
			p.Bills(c.ann, "2026-02-28", "15.00 = 15.00 of 149.95 for Bob")
		},
	}}
}

func hiddenFromThePartner() story {
	var c couple
	return story{"I6, P2, P3: a hidden invoice is unbilled to the partner", map[string]func(p *product){
		january: func(p *product) {
			c.meet(p)
			p.Invoiced(c.ann, vars{"hideInvoices": true})
		},
		february: func(p *product) {
			p.Converts(c.bob, "2026-01-10 09:00", "100.04")
			secret := p.Bills(c.ann, "2026-01-31", "10.00 = 10.00 of 100.04 for Bob")[0]
			p.Invoiced(c.ann, vars{"hideInvoices": false})
			p.Converts(c.bob, "2026-01-10 09:00", "0.04")
			me := p.As(partnerOf(c.ann))
			me.sees("Ann > Bob, 10% of payout: EARNING 10.00", 0)
			me.refused("Invoice", vars{"id": secret.ID}, "NOT_FOUND id")
			p.pays(c.ann, "Ann > Bob, 10% of payout: EARNING 10.00, billed 10, unbilled 0.00")
			p.Remove(c.bob)
			me.sees("Ann > Bob, 10% of payout: ENDED null, unbilled 10.00", 0)
			p.As(admin).must("SetInvoiceHidden", vars{"id": secret.ID, "hidden": false}, nil)
			me.sees("Ann > Bob, 10% of payout: ENDED null, billed 10", 1)
		},
	}}
}

// sees wants a partner's own report to have one row, and so many invoices for it to see.
func (c client) sees(row string, invoices int) {
	c.Helper()
	var mine struct {
		Viewer struct {
			Partner struct {
				ReferralReport reportPage
				Invoices       struct{ TotalCount int }
			}
		}
	}
	c.must("MyReferralReport", vars{"from": "2020-01-01", "to": "2030-12-31"}, &mine)
	c.must("MyInvoices", nil, &mine)
	rows := mine.Viewer.Partner.ReferralReport.Rows.Nodes
	if len(rows) == 1 {
		rows[0].Referrer.Name = "Ann" // who asks
	}
	if len(rows) != 1 || rows[0].String() != row || mine.Viewer.Partner.Invoices.TotalCount != invoices {
		c.Errorf("the partner sees %v and %d invoices; want %q and %d", rows, mine.Viewer.Partner.Invoices.TotalCount, row, invoices)
	}
}

func renamedAfterwards() story {
	var c couple
	return story{"I2, I4: what an invoice says stays as it was", map[string]func(p *product){
		january: c.meet,
		february: func(p *product) {
			p.Converts(c.bob, "2026-01-10 09:00", "100")
			p.Converts(c.ann, "2026-01-10 09:00", "1")
			before := p.Bills(c.ann, "2026-01-31", "11.00 = 1.00 payouts + 10.00 of 100.00 for Bob")[0]
			p.Edit(c.ann, vars{"name": "Anna", "billing": vars{"paymentTermsDays": 90, "frequency": "WEEKLY"}})
			p.Edit(c.bob, vars{"name": "Robert"})
			p.Custom(c.ann, percent("20", "REVENUE"))
			p.Remove(c.bob)
			if after := p.Invoice(before.ID); after.said() != before.said() {
				p.Errorf("it said\n%s\nand says\n%s", before.said(), after.said())
			}
			if now := p.Partner(c.ann).Name; now != "Anna" {
				p.Errorf("the partner is called %s", now)
			}
		},
	}}
}

// said is everything that an invoice says, as one text.
func (i invoice) said() string {
	text, _ := json.Marshal(i)
	return string(text)
}

func suspended() story {
	var c couple
	return story{"T6: a suspended referrer waits", map[string]func(p *product){
		january: c.meet,
		february: func(p *product) {
			p.Converts(c.bob, "2026-01-10 09:00", "100")
			p.Status(c.ann, "SUSPENDED")
			p.Bills(c.ann, "2026-01-31")
		},
		march: func(p *product) {
			p.Converts(c.bob, "2026-02-20 09:00", "1000") // is not paid afterwards
			p.Status(c.ann, "ACTIVE")
			p.Bills(c.ann, "2026-02-28", "10.00 = 10.00 of 100.00 for Bob")
		},
	}}
}

func TestInvoices_areRoundedToTheMinorUnit(t *testing.T) { // C7
	for currency, story := range map[string]func(p *product, ann, bob string){
		"JPY": func(p *product, ann, bob string) {
			sale := p.Converts(bob, "2026-01-10 09:00", "1005")
			p.Converts(bob, "2026-01-11 09:00", "4")
			p.Bills(ann, "2026-01-31", "101 = 101 of 1009 for Bob")
			p.Converts(bob, "2026-02-01 09:00", "4")
			p.At(march)
			p.Bills(ann, "2026-02-28") // 0.4 is not yet a yen
			p.Converts(bob, "2026-03-01 09:00", "1")
			p.At(april)
			p.Bills(ann, "2026-03-31", "1 = 1 of 5 for Bob") // 0.5 is
			p.Adjust(sale, "2026-04-01 09:00", "-10050", "-1005")
			p.At(may)
			p.Bills(ann, "2026-04-30", "0 = -101 of -1005 back for Bob + 101 carried")
			p.pays(ann, "Ann > Bob, 10% of payout: EARNING 1, billed 1, unbilled 0")
		},
		"KWD": func(p *product, ann, bob string) {
			p.Converts(bob, "2026-01-10 09:00", "100.005")
			p.Bills(ann, "2026-01-31", "10.001 = 10.001 of 100.005 for Bob")
			p.pays(ann, "Ann > Bob, 10% of payout: EARNING 10.001, billed 10.001, unbilled 0.000")
		},
	} {
		t.Run(currency, func(t *testing.T) {
			onEachEngineIn(t, currency, "Asia/Tokyo", func(p *product) {
				p.At(january)
				p.Global(tenPercent)
				ann := p.Active("Ann")
				bob := p.Active("Bob", ann)
				p.At(february)
				story(p, ann, bob)
			})
		})
	}
}
