package billing_test

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/billing"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/ent/generated/auditevent"
	"partner.example/referrals/ent/generated/invoice"
)

// aliceRefersBob is what most tests begin with. Bob's own payouts are on invoices of his own.
func aliceRefersBob(w *world) {
	w.partner("alice", "")
	w.partner("bob", "alice")
}

func TestBilling_paysOneLineForEachTermBesideTheOwnPayouts(t *testing.T) { // I2
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.partner("carol", "alice")
		w.at("2026-06-20 12:00")
		w.settings(percent("5", commission.Payout))
		w.earns("bob", "2026-06-10 12:00", "100")
		w.earns("bob", "2026-06-10 13:00", "0.10")
		w.at("2026-06-30 12:00")
		w.earns("bob", "2026-06-25 12:00", "40")
		w.earns("carol", "2026-06-15 12:00", "33.333333")
		w.earns("alice", "2026-06-15 12:00", "7.005")
		w.bill("2026-06-30", "22.35 = 7.01 payout + 10.01 of 100.1 for bob + 3.33 of 33.333333 for carol + 2.00 of 40 for bob")
		w.wantRow(w.admin(), "carol", "billed 3.33 balance 3.33 unbilled 0.00 below 0.00\nbilled 0.00 balance 0.00 unbilled 0.00 below 0.00")
	})
}

func TestBilling_takesBackAtTheOriginalRateAndCarriesForward(t *testing.T) { // N7, N8, C5, I5
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.partner("carol", "")
		w.at("2026-06-30 12:00")
		sale := w.earns("bob", "2026-06-10 12:00", "100")
		w.bill("2026-06-30", "10.00 = 10.00 of 100 for bob")
		w.settings(percent("20", commission.Payout)) // from 1 July 01:00
		w.at("2026-07-20 12:00")
		w.adjust(sale, "2026-07-10 12:00", "-100")
		w.earns("bob", "2026-07-11 12:00", "20")
		made := w.bill("2026-07-31", "0.00 = -10.00 of -100 for bob back + 4.00 of 20 for bob + 6.00 carried")
		w.wantRow(w.admin(), "bob", "billed 0.00 balance 0.00 unbilled 0.00 below 0.00\nbilled 4.00 balance 4.00 unbilled 0.00 below 0.00")
		w.at("2026-08-20 12:00")
		w.earns("bob", "2026-08-10 12:00", "35")
		later := w.bill("2026-08-31", "1.00 = 7.00 of 35 for bob + -6.00 carried")
		_, err := w.billing.Delete(w.admin(), w.network.ID, made[0].ID, "wrong")
		w.refused(err, commission.FailedPrecondition, "brought back")
		_, err = w.billing.Delete(w.admin(), w.network.ID, later[0].ID, "wrong")
		w.must(err)
		w.verify()
		w.bill("2026-08-31", "1.00 = 7.00 of 35 for bob + -6.00 carried")
	})
}

func TestBilling_carriesForwardAsOftenAsItMust(t *testing.T) { // I5
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.partner("carol", "alice")
		w.at("2026-06-30 12:00")
		sale := w.earns("bob", "2026-06-10 12:00", "1000")
		w.bill("2026-06-30", "100.00 = 100.00 of 1000 for bob")
		w.at("2026-07-31 12:00")
		w.adjust(sale, "2026-07-10 12:00", "-1000")
		w.bill("2026-07-31", "0.00 = -100.00 of -1000 for bob back + 100.00 carried")
		w.bill("2026-08-31") // nothing to set it off against
		w.at("2026-09-30 12:00")
		w.earns("carol", "2026-09-10 12:00", "300")
		w.bill("2026-09-30", "0.00 = 30.00 of 300 for carol + -100.00 carried + 70.00 carried")
		w.at("2026-10-31 12:00")
		w.earns("carol", "2026-10-10 12:00", "300")
		w.bill("2026-10-31", "0.00 = 30.00 of 300 for carol + -70.00 carried + 40.00 carried")
		w.at("2026-11-30 12:00")
		w.earns("carol", "2026-11-10 12:00", "500")
		w.bill("2026-11-30", "10.00 = 50.00 of 500 for carol + -40.00 carried")
	})
}

func TestBilling_paysWhatWasKeptAtReassignment(t *testing.T) { // N9, A6, P3
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.partner("dave", "")
		w.at("2026-06-20 12:00")
		w.earns("bob", "2026-06-10 12:00", "70")
		w.reassign("bob", "dave", program.Keep)
		w.wantRow(w.admin(), "bob", "billed 0.00 balance null unbilled 7.00 below 0.00")
		w.bill("2026-06-30", "7.00 = 7.00 of 70 for bob")
		w.wantRow(w.admin(), "bob", "billed 7.00 balance null unbilled 0.00 below 0.00")
	})
}

func TestBilling_doesNotPayWhatWasForfeited(t *testing.T) { // A6
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.partner("dave", "")
		w.at("2026-06-30 12:00")
		billed := w.earns("bob", "2026-06-10 12:00", "50")
		w.bill("2026-06-30", "5.00 = 5.00 of 50 for bob")
		w.at("2026-07-20 12:00")
		given := w.earns("bob", "2026-07-10 12:00", "70")
		w.reassign("bob", "dave", program.Forfeit)
		w.earns("bob", "2026-07-11 12:00", "30")
		w.adjust(given, "2026-07-20 11:00", "-70")
		w.bill("2026-07-31")
		w.adjust(billed, "2026-07-20 11:00", "-20") // what was billed is taken back all the same
		w.bill("2026-08-31", "0.00 = -2.00 of -20 for bob back + 2.00 carried")
	})
}

func TestBilling_takesBackWhatADeletedInvoiceBilledOfAForfeitedReferral(t *testing.T) { // A6, C5, I4
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.partner("dave", "")
		w.at("2026-06-30 12:00")
		sale := w.earns("bob", "2026-06-10 12:00", "50")
		made := w.bill("2026-06-30", "5.00 = 5.00 of 50 for bob")
		w.at("2026-07-20 12:00")
		w.reassign("bob", "dave", program.Forfeit)
		_, err := w.billing.Delete(w.admin(), w.network.ID, made[0].ID, "wrong")
		w.must(err)
		w.adjust(sale, "2026-07-20 11:00", "-40") // before it is billed again
		w.bill("2026-07-31", "1.00 = 1.00 of 10 for bob")
	})
}

func TestBilling_putsLateConversionsOnTheNextInvoice(t *testing.T) { // I3, T5
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.at("2026-06-30 12:00")
		w.earns("bob", "2026-06-10 12:00", "100")
		w.bill("2026-06-30", "10.00 = 10.00 of 100 for bob")
		w.earns("bob", "2026-06-10 12:00", "50") // the same day, reported after it was billed
		w.wantRow(w.admin(), "bob", "billed 10.00 balance 15.00 unbilled 5.00 below 0.00")
		w.bill("2026-06-30")
		w.bill("2026-07-31", "5.00 = 5.00 of 50 for bob")
		w.wantRow(w.admin(), "bob", "billed 15.00 balance 15.00 unbilled 0.00 below 0.00")
	})
}

func TestBilling_paysAllOfATermWhenItsThresholdIsReached(t *testing.T) { // C3, I3
	each(t, func(w *world) {
		w.settings(from("100", percent("10", commission.Payout)))
		aliceRefersBob(w)
		w.at("2026-06-30 12:00")
		sale := w.earns("bob", "2026-06-10 12:00", "60")
		w.bill("2026-06-30")
		w.wantRow(w.admin(), "bob", "billed 0.00 balance 0.00 unbilled 0.00 below 6.00")
		w.at("2026-07-31 12:00")
		w.earns("bob", "2026-07-10 12:00", "40")
		w.wantRow(w.admin(), "bob", "billed 0.00 balance 10.00 unbilled 10.00 below 0.00")
		w.bill("2026-07-31", "10.00 = 10.00 of 100 for bob")
		w.at("2026-08-31 12:00")
		w.adjust(sale, "2026-08-10 12:00", "-30") // 70: below again
		w.earns("bob", "2026-08-11 12:00", "20")  // 90: what is unbilled waits, what is billed stays billed
		w.bill("2026-08-31")
		w.at("2026-09-30 12:00")
		w.earns("bob", "2026-09-10 12:00", "60")
		w.bill("2026-09-30", "5.00 = 5.00 of 50 for bob")
	})
}

func TestBilling_billsADeletedInvoiceAgainUnderANewNumber(t *testing.T) { // I4
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.at("2026-06-30 12:00")
		w.earns("bob", "2026-06-10 12:00", "100")
		w.earns("alice", "2026-06-10 12:00", "1")
		made := w.bill("2026-06-30", "11.00 = 1.00 payout + 10.00 of 100 for bob")
		_, err := w.billing.Delete(w.admin(), w.network.ID, made[0].ID, "")
		w.refused(err, commission.BadUserInput, "reason")
		for range 2 { // the second changes nothing
			deleted, err := w.billing.Delete(w.admin(), w.network.ID, made[0].ID, "wrong period")
			w.must(err)
			if deleted.Status != commission.Deleted || deleted.DeletedAt == nil {
				w.Errorf("deleted: %s at %v", deleted.Status, deleted.DeletedAt)
			}
		}
		w.wantRow(w.admin(), "bob", "billed 0.00 balance 10.00 unbilled 10.00 below 0.00")
		w.verify()
		again := w.bill("2026-06-30", "11.00 = 1.00 payout + 10.00 of 100 for bob")
		w.wantRow(w.admin(), "bob", "billed 10.00 balance 10.00 unbilled 0.00 below 0.00")
		if got := w.numbers(); !slices.Equal(got, []int{1, 2, 3}) || again[0].Number != 3 { // alice, bob, alice
			w.Errorf("the numbers are %v", got)
		}
		_, err = w.billing.MarkPaid(w.admin(), w.network.ID, made[0].ID)
		w.refused(err, commission.FailedPrecondition, "DELETED")
	})
}

func TestBilling_deletesNothingOfWhichALaterInvoiceTookBack(t *testing.T) { // I4, C6
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.at("2026-06-30 12:00")
		sale := w.earns("bob", "2026-06-10 12:00", "100")
		made := w.bill("2026-06-30", "10.00 = 10.00 of 100 for bob")
		w.at("2026-07-31 12:00")
		w.adjust(sale, "2026-07-10 12:00", "-90")
		took := w.bill("2026-07-31", "0.00 = -9.00 of -90 for bob back + 9.00 carried")
		_, err := w.billing.Delete(w.admin(), w.network.ID, made[0].ID, "wrong")
		w.refused(err, commission.FailedPrecondition, "invoice 3 took back what this one billed")
		for _, invoice := range []int{took[0].ID, made[0].ID} {
			_, err = w.billing.Delete(w.admin(), w.network.ID, invoice, "wrong")
			w.must(err)
		}
		w.adjust(sale, "2026-07-31 13:00", "-5")
		w.bill("2026-07-31", "0.50 = 0.50 of 5 for bob")
	})
}

func TestBilling_billsADeletedInvoiceAgainBesideWhatCameLater(t *testing.T) { // I3, I4
	each(t, func(w *world) {
		aliceRefersBob(w)
		var made []int
		for _, last := range []string{"2026-04-30", "2026-05-31", "2026-06-30"} {
			w.at(last + " 12:00")
			w.earns("bob", last+" 11:00", "100")
			made = append(made, w.bill(last, "10.00 = 10.00 of 100 for bob")[0].ID)
		}
		_, err := w.billing.Delete(w.admin(), w.network.ID, made[1], "wrong")
		w.must(err)
		w.bill("2026-06-30") // which has its invoice
		w.earns("bob", "2026-07-01 00:30", "1")
		w.bill("2026-07-31", "10.10 = 10.10 of 101 for bob")
		w.wantRow(w.admin(), "bob", "billed 30.10 balance 30.10 unbilled 0.00 below 0.00")
	})
}

func TestBilling_neverDeletesWhatIsPaid(t *testing.T) { // I4
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.at("2026-06-30 12:00")
		w.earns("bob", "2026-06-10 12:00", "100")
		made := w.bill("2026-06-30", "10.00 = 10.00 of 100 for bob")
		first, err := w.billing.MarkPaid(w.admin(), w.network.ID, made[0].ID)
		w.must(err)
		w.now = w.now.Add(time.Hour)
		second, err := w.billing.MarkPaid(w.admin(), w.network.ID, made[0].ID)
		w.must(err)
		if second.Status != commission.Paid || second.PaidAt == nil || !second.PaidAt.Equal(*first.PaidAt) {
			w.Errorf("paid: %s at %v", second.Status, second.PaidAt)
		}
		_, err = w.billing.Delete(w.admin(), w.network.ID, made[0].ID, "wrong")
		w.refused(err, commission.FailedPrecondition, "PAID")
		w.bill("2026-06-30")
	})
}

func TestBilling_roundsToTheYen(t *testing.T) { // C7
	eachIn(t, "JPY", "Asia/Tokyo", func(w *world) {
		aliceRefersBob(w)
		w.at("2026-06-30 12:00")
		sale := w.earns("bob", "2026-06-10 12:00", "1005")
		w.earns("bob", "2026-06-11 12:00", "4")
		w.bill("2026-06-30", "101 = 101 of 1009 for bob")
		w.at("2026-07-31 12:00")
		w.earns("bob", "2026-07-10 12:00", "4") // 0.4 is not yet a yen: it waits
		w.bill("2026-07-31")
		w.at("2026-08-31 12:00")
		w.earns("bob", "2026-08-10 12:00", "1") // 0.5 is
		w.bill("2026-08-31", "1 = 1 of 5 for bob")
		w.at("2026-09-30 12:00")
		w.adjust(sale, "2026-09-10 12:00", "-1005")
		w.bill("2026-09-30", "0 = -101 of -1005 for bob back + 101 carried")
		w.wantRow(w.admin(), "bob", "billed 1 balance 1 unbilled 0 below 0")
	})
}

func TestBilling_roundsToTheThousandthOfADinar(t *testing.T) { // C7
	eachIn(t, "KWD", "Asia/Kuwait", func(w *world) {
		aliceRefersBob(w)
		w.at("2026-06-30 12:00")
		w.earns("bob", "2026-06-10 12:00", "100.005")
		w.bill("2026-06-30", "10.001 = 10.001 of 100.005 for bob")
		w.wantRow(w.admin(), "bob", "billed 10.001 balance 10.001 unbilled 0.000 below 0.000")
	})
}

func TestBilling_cutsDaysAtMidnightOfTheNetworkWhenTheClocksChange(t *testing.T) { // I1, T5: 8 March has 23 hours, 1 November 25
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.billed("alice", program.Billing{Frequency: program.Some(commission.Manual)})
		w.at("2026-11-02 12:00")
		for _, when := range []string{
			"2026-03-07 23:59", "2026-03-08 00:00", "2026-03-08 23:59", "2026-03-09 00:00",
			"2026-10-31 23:59", "2026-11-01 00:00", "2026-11-01 23:59", "2026-11-02 00:00",
		} {
			w.earns("bob", when, "10")
		}
		w.billOnly("alice", "2026-03-07", "1.00 = 1.00 of 10 for bob")
		w.billOnly("alice", "2026-03-08", "2.00 = 2.00 of 20 for bob")
		w.billOnly("alice", "2026-10-31", "2.00 = 2.00 of 20 for bob")
		w.at("2026-11-02 00:00")
		w.now = w.now.Add(-commission.Micro)
		_, err := w.billing.Bill(w.admin(), w.network.ID, billing.Run{Through: day("2026-11-01"), PartnerID: w.ids["alice"]}, nil)
		w.refused(err, commission.BadUserInput, "through") // 24 hours of it are over, but not the 25th
		w.billOnly("alice", "2026-11-01", "2.00 = 2.00 of 20 for bob")
		w.billOnly("alice", "2026-11-02", "1.00 = 1.00 of 10 for bob")
	})
}

func TestBilling_coversAPeriodOverBothClockChanges(t *testing.T) { // I1
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.billed("alice", program.Billing{Frequency: program.Some(commission.Manual)})
		w.billOnly("alice", "2026-02-28")
		w.at("2026-12-01 00:00")
		for _, when := range []string{"2026-03-08 01:59", "2026-03-08 03:00", "2026-11-01 01:30", "2026-11-30 23:59"} {
			w.earns("bob", when, "10")
		}
		w.earns("bob", "2026-12-01 00:00", "100")
		w.billOnly("alice", "2026-11-30", "4.00 = 4.00 of 40 for bob")
		w.billOnly("alice", "2026-12-01", "10.00 = 10.00 of 100 for bob")
	})
}

// periods wants alice to have just these invoices, in the order of their numbers.
func (w *world) periods(want ...string) {
	w.Helper()
	var shown []string
	for _, i := range w.db.Invoice.Query().Where(invoice.PartnerID(w.ids["alice"])).Order(invoice.ByNumber()).AllX(w.system()) {
		shown = append(shown, fmt.Sprintf("%s to %s: %s", i.From, i.To, commission.Format(w.network.Currency.Exact(i.Total))))
	}
	if !slices.Equal(shown, want) {
		w.Errorf("alice's invoices are\n\t%s\nwant\n\t%s", strings.Join(shown, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestBilling_billsEveryDayOnceWhereTheFrequencyChanges(t *testing.T) { // I1, I3
	each(t, func(w *world) {
		aliceRefersBob(w)
		frequency := func(f commission.BillingFrequency) { w.billed("alice", program.Billing{Frequency: program.Some(f)}) }
		night := func(through commission.Date) { // as billing runs by itself; a day begins with a sale
			w.now = (through + 1).Start(w.zone)
			_, err := w.billing.Bill(w.admin(), w.network.ID, billing.Run{Through: through}, nil)
			w.must(err)
			w.earns("bob", (through+1).String()+" 00:00", "10")
		}
		w.now = day("2026-05-31").Start(w.zone)
		for through := day("2026-05-31"); through <= day("2026-10-31"); through++ {
			switch through.String() {
			case "2026-07-09": // a Thursday
				frequency(commission.Weekly)
			case "2026-07-29":
				frequency(commission.Monthly)
			case "2026-08-10":
				frequency(commission.Quarterly)
			case "2026-10-05":
				frequency(commission.Bimonthly)
			case "2026-10-20":
				frequency(commission.Manual)
			}
			night(through)
		}
		w.billOnly("alice", "2026-10-31", "16.00 = 16.00 of 160 for bob")
		w.periods(
			"2026-06-01 to 2026-06-30: 30.00",
			"2026-07-01 to 2026-07-05: 5.00", // the week in which the month ended
			"2026-07-06 to 2026-07-12: 7.00",
			"2026-07-13 to 2026-07-19: 7.00",
			"2026-07-20 to 2026-07-26: 7.00",
			"2026-07-27 to 2026-07-31: 5.00",
			"2026-08-01 to 2026-09-30: 61.00",
			"2026-10-01 to 2026-10-15: 15.00",
			"2026-10-16 to 2026-10-31: 16.00",
		)
	})
}

func TestBilling_ofAPartnerByName(t *testing.T) { // I1
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.at("2026-06-30 12:00")
		applicant, err := w.program.CreatePartner(w.admin(), w.network.ID, program.NewPartner{Name: "Zoe", Status: commission.PartnerPending})
		w.must(err)
		w.at("2026-07-01 12:00")
		for id, code := range map[int]commission.Code{applicant.ID: commission.FailedPrecondition, 999_999: commission.NotFound} {
			_, err := w.billing.Bill(w.admin(), w.network.ID, billing.Run{Through: day("2026-06-30"), PartnerID: id}, nil)
			w.refused(err, code, "partner")
		}
		_, err = w.billing.Bill(w.system(), 999_999, billing.Run{Through: day("2026-06-30")}, nil)
		w.refused(err, commission.NotFound, "network")
	})
}

func TestBilling_letsASuspendedReferrerWait(t *testing.T) { // T6
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.at("2026-06-20 12:00")
		w.earns("bob", "2026-06-10 12:00", "100")
		w.status("alice", commission.PartnerSuspended)
		w.bill("2026-06-30")
		w.billOnly("alice", "2026-06-30")
		w.at("2026-07-10 12:00")
		w.earns("bob", "2026-07-05 12:00", "1000") // is not paid afterwards
		w.status("alice", commission.PartnerActive)
		w.at("2026-07-31 12:00")
		w.earns("bob", "2026-07-11 12:00", "20")
		w.bill("2026-07-31", "12.00 = 12.00 of 120 for bob")
	})
}

func TestBilling_paysWhatWasEarnedWhateverBecameOfTheReferrer(t *testing.T) { // T6
	for _, became := range []commission.PartnerStatus{commission.PartnerInactive, commission.PartnerRejected} {
		t.Run(string(became), func(t *testing.T) {
			each(t, func(w *world) {
				aliceRefersBob(w)
				w.at("2026-06-20 12:00")
				w.earns("bob", "2026-06-10 12:00", "100")
				w.status("alice", became)
				w.earns("bob", "2026-06-20 12:00", "1000") // is not paid
				w.bill("2026-06-30", "10.00 = 10.00 of 100 for bob")
			})
		})
	}
}

func TestBilling_waitsForTheInvoiceThreshold(t *testing.T) { // I1
	each(t, func(w *world) {
		aliceRefersBob(w)
		least := dec("15")
		w.billed("alice", program.Billing{InvoiceThreshold: program.Some[*decimal.Decimal](&least)})
		w.at("2026-06-30 12:00")
		w.earns("bob", "2026-06-10 12:00", "149.94")
		w.bill("2026-06-30")
		w.wantRow(w.admin(), "bob", "billed 0.00 balance 14.99 unbilled 14.99 below 0.00")
		w.at("2026-07-31 12:00")
		w.earns("bob", "2026-07-10 12:00", "0.01") // 14.995
		w.bill("2026-07-31", "15.00 = 15.00 of 149.95 for bob")
		if got := w.numbers(); !slices.Equal(got, []int{1, 2, 3}) { // bob, and then both
			w.Errorf("the numbers are %v: an invoice that waits takes none", got)
		}
	})
}

func TestBilling_billsMANUALOnlyWhenNamed(t *testing.T) { // I1
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.billed("alice", program.Billing{Frequency: program.Some(commission.Manual)})
		w.at("2026-06-20 12:00")
		w.earns("bob", "2026-06-10 12:00", "100")
		w.bill("2026-06-30")
		w.billOnly("alice", "2026-06-30", "10.00 = 10.00 of 100 for bob")
		w.billOnly("alice", "2026-06-30")
		w.earns("bob", "2026-06-30 12:00", "100")
		made := w.billOnly("alice", "2026-07-04", "10.00 = 10.00 of 100 for bob")
		if made[0].From != day("2026-07-01") || made[0].To != day("2026-07-04") {
			w.Errorf("it is from %s to %s", made[0].From, made[0].To)
		}
		_, err := w.billing.Bill(w.admin(), w.network.ID, billing.Run{Through: day("2026-07-04"), PartnerID: 999}, nil)
		w.refused(err, commission.NotFound, "partner")
	})
}

func TestBilling_makesInvoicesByEachPartnersFrequency(t *testing.T) { // I1
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.billed("alice", program.Billing{Frequency: program.Some(commission.Weekly), PaymentTermsDays: program.Some(10)})
		w.at("2026-06-16 12:00")
		w.earns("bob", "2026-06-07 23:59", "100") // a Sunday
		w.earns("bob", "2026-06-08 00:00", "50")
		made := w.bill("2026-06-13", "10.00 = 10.00 of 100 for bob")
		if i := made[0]; i.From != day("2026-06-01") || i.To != day("2026-06-07") || i.DueOn != day("2026-06-24") || i.PartnerName != "alice" {
			w.Errorf("it is from %s to %s, due on %s, for %s", i.From, i.To, i.DueOn, i.PartnerName)
		}
		w.bill("2026-06-14", "5.00 = 5.00 of 50 for bob")
	})
}

func TestBilling_makesNothingWhenItIsRepeated(t *testing.T) { // I3
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.at("2026-06-30 12:00")
		w.earns("bob", "2026-06-10 12:00", "100")
		w.bill("2026-06-30", "10.00 = 10.00 of 100 for bob")
		w.bill("2026-06-30")
		w.bill("2026-07-01")
		w.bill("2026-07-31")
		if got := w.numbers(); !slices.Equal(got, []int{1, 2}) {
			w.Errorf("the numbers are %v", got)
		}
	})
}

func TestBilling_refusesADayThatIsNotOver(t *testing.T) { // I1
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.at("2026-06-30 23:59")
		for _, through := range []string{"2026-06-30", "2026-07-01", "2040-01-01"} {
			_, err := w.billing.Bill(w.admin(), w.network.ID, billing.Run{Through: day(through)}, nil)
			w.refused(err, commission.BadUserInput, "through")
		}
		_, err := w.billing.Bill(w.as("alice"), w.network.ID, billing.Run{Through: day("2026-06-29")}, nil)
		w.refused(err, commission.Forbidden, "role")
	})
}

func TestBilling_hidesAnInvoiceFromItsPartnerAlone(t *testing.T) { // I6
	each(t, func(w *world) {
		aliceRefersBob(w)
		w.billed("alice", program.Billing{HideInvoices: program.Some(true)})
		w.at("2026-06-30 12:00")
		w.earns("bob", "2026-06-10 12:00", "100.04")
		w.bill("2026-06-30", "10.00 = 10.00 of 100.04 for bob")
		w.earns("bob", "2026-06-10 12:00", "0.04")
		w.billed("alice", program.Billing{HideInvoices: program.Some(false)})
		w.earns("bob", "2026-07-01 00:30", "60")
		w.bill("2026-07-31", "6.00 = 6.00 of 60.04 for bob")
		w.wantRow(w.admin(), "bob", "billed 16.00 balance 16.00 unbilled 0.00 below 0.00")
		w.wantRow(w.as("alice"), "bob", "billed 6.00 balance 16.00 unbilled 10.00 below 0.00")
		june := ledger.Range{From: day("2026-06-01"), To: day("2026-06-30")} // which both lines have a part of
		w.wantRowIn(w.admin(), june, "bob", "billed 10.00 balance 10.00 unbilled 0.00 below 0.00")
		w.wantRowIn(w.as("alice"), june, "bob", "billed 0.00 balance 10.00 unbilled 10.00 below 0.00")
		seen, err := w.db.Invoice.Query().Where(invoice.PartnerID(w.ids["alice"])).All(w.as("alice"))
		w.must(err)
		if len(seen) != 1 || seen[0].Hidden {
			w.Errorf("alice sees %d invoices", len(seen))
		}
		all, err := w.db.Invoice.Query().Where(invoice.PartnerID(w.ids["alice"]), invoice.Hidden(true)).Only(w.admin())
		w.must(err)
		_, err = w.billing.SetHidden(w.admin(), w.network.ID, all.ID, false)
		w.must(err)
		w.wantRow(w.as("alice"), "bob", "billed 16.00 balance 16.00 unbilled 0.00 below 0.00")
	})
}

func TestBilling_setsALossOffAgainstWhatTheTermEarnsLater(t *testing.T) { // C6
	each(t, func(w *world) {
		w.settings(percent("10", commission.Profit))
		aliceRefersBob(w)
		w.at("2026-06-30 12:00")
		w.brings("bob", "2026-06-10 12:00", "150", "50")
		w.bill("2026-06-30", "10.00 = 10.00 of 100 for bob")
		w.at("2026-07-31 12:00")
		w.brings("bob", "2026-07-10 12:00", "0", "250") // -25.00: more than was billed
		w.bill("2026-07-31")
		w.wantRow(w.admin(), "bob", "billed 10.00 balance -15.00 unbilled -25.00 below 0.00")
		w.at("2026-08-31 12:00")
		w.brings("bob", "2026-08-10 12:00", "180", "0") // -7.00 of 10.00 is taken back
		w.bill("2026-08-31", "0.00 = -7.00 of -70 for bob back + 7.00 carried")
		w.at("2026-09-30 12:00")
		w.brings("bob", "2026-09-10 12:00", "90", "0")
		w.bill("2026-09-30", "2.00 = 9.00 of 90 for bob + -7.00 carried")
		w.wantRow(w.admin(), "bob", "billed 12.00 balance 12.00 unbilled 0.00 below 0.00")
	})
}

func TestBilling_paysAFlatFeeOnce(t *testing.T) { // C2, I2
	each(t, func(w *world) {
		w.settings(commission.Structure{Commission: commission.FlatFee{Amount: dec("50")}})
		aliceRefersBob(w)
		w.bill("2026-06-30", "50.00 = 50.00 of 0 for bob")
		w.status("bob", commission.PartnerSuspended)
		w.status("bob", commission.PartnerActive)
		w.bill("2026-07-31")
	})
}

// crowd writes partners into the tables whom alice referred, and has each of them earn 10 in June.
func (w *world) crowd(many int) {
	w.Helper()
	const first = 1_000_000 // of their ids, and those of their referrals and terms
	since := w.moment("2026-06-01 00:00")
	structure := *w.network.ReferralStructureID
	conversions := make([]ledger.Conversion, many)
	w.must(w.db.Transact(w.system(), func(ctx context.Context, tx *database.Tx) error {
		partners := tx.Rows("partner", "id", "network_id", "name", "search_text", "status", "approved_at", "referral_code", "referred_by_id", "created_at")
		referrals := tx.Rows("referral", "id", "network_id", "referrer_id", "referred_id", "source", "started_at", "active_key", "latest_term_id")
		terms := tx.Rows("referral_term", "id", "network_id", "referral_id", "structure_id", "referred_date", "previous_id")
		for i := range many {
			id := w.network.ID*first + i
			name := "p" + strconv.Itoa(id)
			partners.Add(id, w.network.ID, name, name, "ACTIVE", since, name, w.ids["alice"], since)
			referrals.Add(id, w.network.ID, w.ids["alice"], id, "MANUAL", since, id, id)
			terms.Add(id, w.network.ID, id, structure, since, 0)
			conversions[i] = ledger.Conversion{ExternalID: name, PartnerID: id, OccurredAt: w.moment("2026-06-10 12:00"), Payout: dec("10")}
		}
		return errors.Join(tx.Insert(ctx, partners), tx.Insert(ctx, referrals), tx.Insert(ctx, terms))
	}))
	w.at("2026-06-30 12:00")
	for some := range slices.Chunk(conversions, 10_000) {
		_, err := w.ledger.RecordConversions(w.admin(), w.network.ID, some)
		w.must(err)
	}
}

func TestBilling_paysAReferrerOfThousands(t *testing.T) { // I2: more lines than fit in one statement
	each(t, func(w *world) {
		w.partner("alice", "")
		const many = 4_100
		w.crowd(many)
		w.at("2026-07-01 12:00")
		ids, err := w.billing.Bill(w.admin(), w.network.ID, billing.Run{Through: day("2026-06-30"), PartnerID: w.ids["alice"]}, nil)
		w.must(err)
		made, err := w.db.Invoice.Query().Where(invoice.IDIn(ids...)).Only(w.system())
		w.must(err)
		if !made.Total.Equal(dec(strconv.Itoa(many))) {
			w.Errorf("the total is %s", made.Total)
		}
		_, err = w.billing.Delete(w.admin(), w.network.ID, made.ID, "a test")
		w.must(err)
	})
}

func TestBilling_takesTheSameStatementsForAnyNumberOfInvoices(t *testing.T) { // I2
	location, statements := databasetest.Counted(t, databasetest.MySQL(t))
	db := databasetest.Open(t, location)
	took, most := map[int]int{}, 30
	if databasetest.Among(t, "tidb") {
		most += 14 // it locks the rows of a gate one by one
	}
	for _, many := range []int{20, 290, 500} {
		w := newWorld(t, db, "USD", "America/New_York")
		w.partner("alice", "")
		w.crowd(many)
		w.at("2026-07-01 12:00")
		before := statements.Count()
		ids, err := w.billing.Bill(w.admin(), w.network.ID, billing.Run{Through: day("2026-06-30")}, nil)
		w.must(err)
		if took[many] = statements.Count() - before; len(ids) != many+1 {
			t.Errorf("%d partners have %d invoices", many+1, len(ids))
		}
		before = statements.Count()
		_, err = w.billing.Bill(w.admin(), w.network.ID, billing.Run{Through: day("2026-06-30")}, nil)
		w.must(err)
		if again := statements.Count() - before; again != 2 { // what the network is, and whether anybody is to be billed
			t.Errorf("a run that finds nothing takes %d statements", again)
		}
		w.verify()
	}
	t.Logf("statements: %v", took)
	if took[20] != took[290] || took[500] >= 2*took[20] || took[20] > most {
		t.Errorf("20, 290 and 500 partners take %v statements; want as many for 300 at once, and no more for fewer", took)
	}
}

// Where several nodes of a cluster number rows, those that are inserted together have gaps between their ids.
func TestBilling_whereIdsHaveGaps(t *testing.T) {
	at, stop, err := databasetest.StartMariaDB(t.TempDir(), "--auto-increment-increment=3", "--auto-increment-offset=2")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	server, err := stdsql.Open("mysql", "root:@tcp("+at.Host+")/")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	if _, err := server.Exec("CREATE DATABASE gaps CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"); err != nil {
		t.Fatal(err)
	}
	at.Path = "/gaps"
	w := newWorld(t, databasetest.Open(t, at.String()), "USD", "America/New_York")
	aliceRefersBob(w)
	w.partner("carol", "alice")
	w.at("2026-06-30 12:00")
	sale := w.earns("bob", "2026-06-10 12:00", "100")
	w.earns("carol", "2026-06-10 12:00", "50")
	w.bill("2026-06-30", "15.00 = 10.00 of 100 for bob + 5.00 of 50 for carol")
	w.adjust(sale, "2026-06-30 12:00", "-100")
	w.earns("carol", "2026-07-01 00:30", "40")
	w.bill("2026-07-31", "0.00 = -10.00 of -100 for bob back + 4.00 of 40 for carol + 6.00 carried")
	w.earns("bob", "2026-08-01 00:30", "200")
	w.bill("2026-08-31", "14.00 = 20.00 of 200 for bob + -6.00 carried")
	w.verify()
	for _, event := range w.db.AuditEvent.Query().Where(auditevent.Action("runBilling")).AllX(w.system()) {
		if found := w.db.Invoice.GetX(w.system(), event.SubjectID); *event.PartnerID != found.PartnerID {
			t.Errorf("the audit log tells of invoice %d, and of another partner", found.Number)
		}
	}
}

// A run that was cut off is repeated under its key: it goes on with the partners that are left, and tells of all.
func TestBilling_goesOnUnderItsKey(t *testing.T) { // I3
	each(t, func(w *world) {
		w.partner("alice", "")
		const many = 650 // three transactions
		w.crowd(many)
		w.at("2026-07-01 12:00")
		bill := func(progress func(cancel func(), done int)) ([]int, error) {
			key, err := database.NewKey(1, "a key", "a request", w.now)
			w.must(err)
			ctx, cancel := context.WithCancel(database.WithKey(w.admin(), key))
			defer cancel()
			return w.billing.Bill(ctx, w.network.ID, billing.Run{Through: day("2026-06-30")}, func(done, _ int) { progress(cancel, done) })
		}
		_, err := bill(func(cancel func(), done int) {
			if done > 0 {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			w.Errorf("it was cut off by %v", err)
		}
		first := w.db.Invoice.Query().CountX(w.system())
		var told [][]int
		for range 2 {
			made, err := bill(func(func(), int) {})
			w.must(err)
			told = append(told, made)
		}
		all := w.db.Invoice.Query().Order(invoice.ByID()).IDsX(w.system())
		if first == 0 || first > 301 || len(all) != many+1 || !slices.Equal(told[0], all) || !slices.Equal(told[1], all) {
			w.Errorf("cut off after %d invoices, it made %d in all, and told of %d and %d", first, len(all), len(told[0]), len(told[1]))
		}
	})
}

func TestBilling_atOnceMakesNoInvoiceTwiceAndNoGaps(t *testing.T) { // I3, I4
	each(t, func(w *world) {
		w.partner("alice", "")
		const many = 40
		for i := range many {
			w.partner("p"+strconv.Itoa(i), "alice")
		}
		w.at("2026-06-30 12:00")
		for i := range many {
			w.earns("p"+strconv.Itoa(i), "2026-06-10 12:00", "10")
		}
		w.at("2026-07-01 12:00")
		var runs sync.WaitGroup
		var mutex sync.Mutex
		var made []int
		for range 6 {
			runs.Go(func() {
				ids, err := w.billing.Bill(w.admin(), w.network.ID, billing.Run{Through: day("2026-06-30")}, nil)
				mutex.Lock()
				defer mutex.Unlock()
				if err != nil {
					w.Errorf("%v", err)
				}
				made = append(made, ids...)
			})
		}
		runs.Wait()
		if len(made) != many+1 {
			w.Errorf("the runs made %d invoices; want %d", len(made), many+1)
		}
		if got := w.numbers(); len(got) != many+1 || got[0] != 1 || got[many] != many+1 {
			w.Errorf("the numbers are %v", got)
		}
		w.bill("2026-06-30")
	})
}

func TestVerify_findsWhatDoesNotHoldTogether(t *testing.T) { // I3, I4, I5, T2
	for says, tampering := range map[string]string{
		"pays what it does not hold":    "UPDATE invoice_line SET amount = amount + 1 WHERE term_id IS NOT NULL",
		"says another basis":            "UPDATE invoice_line SET basis_amount = basis_amount + 1 WHERE type = 'PARTNER_PAYOUT'",
		"is not the sum of its lines":   "UPDATE invoice SET total = total + 1",
		"has a gap in the numbers":      "UPDATE invoice SET number = number + 100 WHERE number = 2",
		"will be numbered again":        "UPDATE network SET next_invoice_number = 1",
		"lost a row":                    "UPDATE accrual SET line_id = 0",
		"holds the row of another":      "UPDATE earning_day SET line_id = (SELECT MIN(line_id) FROM accrual WHERE line_id > 0)",
		"was deleted and holds rows":    "UPDATE invoice SET status = 'DELETED'",
		"left a row open":               "UPDATE accrual SET slot = 0",
		"is not there":                  "UPDATE accrual SET line_id = 999",
		"brought back what nobody lent": "UPDATE invoice_line SET carried_by = NULL",
		"brought back something else":   "UPDATE invoice_line SET amount = amount + 1 WHERE type = 'CARRY_FORWARD' AND amount > 0",
		"follows what is not before it": "UPDATE referral_term SET previous_id = 1000 + id",
		"follows nothing":               "UPDATE referral_term SET previous_id = NULL",
		"has an unknown latest term":    "UPDATE referral SET latest_term_id = latest_term_id + 1",
		"forgot its latest term":        "UPDATE referral SET latest_term_id = NULL",
		"stopped after another began":   "UPDATE referral_term SET stopped_at = '2100-01-01 00:00:00' WHERE previous_id = 0",
	} {
		t.Run(says, func(t *testing.T) {
			w := newWorld(t, databasetest.Open(t, databasetest.SQLite(t)), "USD", "America/New_York")
			aliceRefersBob(w)
			w.at("2026-06-30 12:00")
			sale := w.earns("bob", "2026-06-10 12:00", "100")
			w.bill("2026-06-30", "10.00 = 10.00 of 100 for bob")
			w.adjust(sale, "2026-06-30 12:00", "-100")
			w.bill("2026-07-31", "0.00 = -10.00 of -100 for bob back + 10.00 carried")
			w.earns("bob", "2026-08-01 00:30", "200")
			w.bill("2026-08-31", "10.00 = 20.00 of 200 for bob + -10.00 carried")
			w.settings(percent("5", commission.Payout))
			w.verify()
			w.must(w.db.Transact(w.system(), func(ctx context.Context, tx *database.Tx) error {
				_, err := tx.ExecContext(ctx, tampering)
				return err
			}))
			told := 0
			_, err := w.ledger.Verify(w.system(), func(string) { told++ })
			w.must(err)
			if told == 0 {
				t.Error("nothing is told")
			}
		})
	}
}
