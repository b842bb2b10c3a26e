package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/shopspring/decimal"
)

// call is what a client asks of one partner: to change its Referred By, to read it, to record what it earns its
// referrers by, or to read its own Balance.
type call struct {
	kind   string // assign, remove, look, record, balance
	whom   string // assign: the referrer
	payout int64  // record
}

// heard is what it is answered.
type heard struct {
	referrer string // "" for none
	version  int    // of the partner, which moves with every change of its Referred By
	balance  string
}

// onePartner is what a partner is while clients come one after the other: its Referred By is the last one that was
// set, its version counts the changes, and its Balance is a tenth of all that was recorded. A history of clients at
// once is linearizable where some order of them, in which nobody is answered before it asked, gives the same answers.
var onePartner = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation { // Referred By and Balance do not touch
		var parts [2][]porcupine.Operation
		for _, operation := range history {
			part := 0
			if kind := operation.Input.(call).kind; kind == "record" || kind == "balance" {
				part = 1
			}
			parts[part] = append(parts[part], operation)
		}
		return parts[:]
	},
	Init: func() any { return state{} },
	Step: func(before, input, output any) (bool, any) {
		now, asked, answer := before.(state), input.(call), output.(heard)
		switch asked.kind {
		case "assign", "remove":
			if now.referrer != asked.whom {
				now.referrer = asked.whom
				now.changes++
			}
			return answer.referrer == now.referrer && answer.version == now.changes, now
		case "look":
			return answer.referrer == now.referrer && answer.version == now.changes, now
		case "record":
			now.earned += asked.payout
			return true, now
		default:
			return answer.balance == tenth(now.earned), now
		}
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %+v", input, output) },
}

type state struct {
	referrer string
	changes  int // since the history began
	earned   int64
}

func tenth(whole int64) string { return decimal.New(whole, -1).StringFixed(2) }

// history has clients at once ask at random, and is what they were told and when.
func history(clients, calls int, ask func(client int, asked call) heard, referrers ...string) []porcupine.Operation {
	var all sync.WaitGroup
	var mu sync.Mutex
	var operations []porcupine.Operation
	began := time.Now()
	for id := range clients {
		all.Go(func() {
			for range calls {
				var asked call
				switch rand.IntN(5) {
				case 0:
					asked = call{kind: "assign", whom: referrers[rand.IntN(len(referrers))]}
				case 1:
					asked = call{kind: "look"}
				case 2:
					asked = call{kind: "record", payout: 1 + rand.Int64N(99)}
				case 3:
					asked = call{kind: "balance"}
				default:
					if asked = (call{kind: "remove"}); rand.IntN(2) == 0 {
						asked = call{kind: "look"}
					}
				}
				operation := porcupine.Operation{ClientId: id, Input: asked, Call: time.Since(began).Nanoseconds()}
				operation.Output = ask(id, asked)
				operation.Return = time.Since(began).Nanoseconds()
				mu.Lock()
				operations = append(operations, operation)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return operations
}

// judge says whether a history is linearizable, or that it took too long to find out.
func judge(operations []porcupine.Operation) porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(onePartner, operations, time.Minute)
}

// TestOnePartner_isLinearizable has clients at once change and read one partner, and finds an order for what they were
// told, each time.
func TestOnePartner_isLinearizable(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-05-01 10:00")
		p.Global(tenPercent)
		ann, cid := p.Active("Ann"), p.Active("Cid")
		ada, tracking := p.As(admin), p.As(tracker)
		for round := range often(3, 30) {
			day := time.Date(2026, time.May, 2+2*round, 0, 0, 0, 0, time.UTC) // a network's time never runs backwards
			p.At(day.Format(time.DateOnly) + " 10:00")
			one := p.Active(fmt.Sprint("One ", round))
			brought := p.Active(fmt.Sprint("Brought ", round), one)
			p.At(day.AddDate(0, 0, 1).Format(time.DateOnly) + " 10:00")
			version := p.Partner(one).Version
			operations := history(8, 20, func(_ int, asked call) heard {
				switch asked.kind {
				case "assign", "remove":
					name, input := "mutation ($input: AssignReferredByInput!) { did: assignReferredBy(input: $input)", vars{"partner": one, "referrer": asked.whom}
					if asked.kind == "remove" {
						name, input = "mutation ($input: RemoveReferredByInput!) { did: removeReferredBy(input: $input)", vars{"partner": one}
					}
					var answer struct{ Did struct{ Partner partner } }
					ada.must(name+" { partner { version referredBy { id } } } }", vars{"input": input}, &answer)
					return heardOf(answer.Did.Partner, version)
				case "look":
					var answer struct{ Network struct{ Partner partner } }
					ada.must("query ($id: ID!) { network { partner(id: $id) { version referredBy { id } } } }", vars{"id": one}, &answer)
					return heardOf(answer.Network.Partner, version)
				case "record":
					row := p.conversion(p.newID(), brought, day.Format(time.DateOnly)+" 12:00", "0", decimal.New(asked.payout, 0).String())
					if err := tracking.tryToRecord([]vars{row}); err != nil {
						p.Error(err)
					}
					return heard{}
				default:
					_, totals := p.Report("2026-05-01", "2026-12-31", vars{"referrer": one})
					return heard{balance: totals.Balance.StringFixed(2)}
				}
			}, ann, cid)
			if result := judge(operations); result != porcupine.Ok {
				p.Errorf("a history of %d calls: %s", len(operations), result)
			}
		}
	})
}

func heardOf(p partner, since int) heard {
	answer := heard{version: p.Version - since}
	if p.ReferredBy != nil {
		answer.referrer = p.ReferredBy.ID
	}
	return answer
}

// TestOnePartner_modelCatchesALostUpdate runs the same clients on a partner that is kept in memory: well, and badly in
// the two ways that the product must not be.
func TestOnePartner_modelCatchesALostUpdate(t *testing.T) {
	run := func(loses string) porcupine.CheckResult {
		var mu sync.Mutex
		var now state
		return judge(history(8, 40, func(_ int, asked call) heard {
			mu.Lock()
			defer mu.Unlock()
			apart := func(kind string) { // reads, lets others in, and writes what follows from what it read
				if read := now; kind == loses {
					mu.Unlock()
					time.Sleep(time.Millisecond)
					mu.Lock()
					now.earned, now.referrer, now.changes = read.earned, read.referrer, read.changes
				}
			}
			switch asked.kind {
			case "assign", "remove":
				apart("assign")
				if now.referrer != asked.whom {
					now.referrer = asked.whom
					now.changes++
				}
			case "record":
				apart("record")
				now.earned += asked.payout
			}
			time.Sleep(100 * time.Microsecond)
			return heard{now.referrer, now.changes, tenth(now.earned)}
		}, "Ann", "Cid"))
	}
	if result := run(""); result != porcupine.Ok {
		t.Errorf("a partner that loses nothing: %s", result)
	}
	for _, loses := range []string{"record", "assign"} {
		if result := run(loses); result != porcupine.Illegal {
			t.Errorf("a partner that loses updates of %s: %s", loses, result)
		}
	}
}
