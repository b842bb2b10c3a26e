package main

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
)

// due is what the tracking platform reports on one day.
type due struct {
	conversions []ledger.Conversion
	adjustments []ledger.Adjustment
}

// trade is how a member does business.
type trade struct {
	pace   int   // conversions a day, in thousandths
	basket int64 // revenue of a conversion, on average, in cents
	share  int64 // of the revenue that is its payout, in hundredths of a percent
	exact  bool  // its payouts are not rounded to cents
}

// reportingDelay is how long after midnight the platform reports a day.
const reportingDelay = 10 * time.Minute

// How the days differ, in percent of the pace.
const (
	weekend  = 70
	holidays = 140 // November and December
	hundred  = 100
)

// How often things go another way than the usual one: one in so many.
const (
	late      = 50
	corrected = 60
)

// trade makes the conversions of a day. Most are reported on it, some late, and some are corrected later.
func (y *demoYear) trade(day commission.Date) {
	midnight := day.Start(y.zone)
	length := int64((day + 1).Start(y.zone).Sub(midnight)) // 23, 24 or 25 hours
	for _, m := range y.members {
		if m.activeSince == 0 || m.activeSince == day {
			continue
		}
		for range y.count(m.trade, day) {
			revenue := m.basket/2 + y.random.Int64N(m.basket)
			payout := decimal.New(revenue*m.share, -commission.Scale) // cents x hundredths of a percent are millionths
			if !m.exact {
				payout = payout.Round(2)
			}
			y.conversions++
			conversion := ledger.Conversion{
				ExternalID: fmt.Sprintf("SALE-%06d", y.conversions), PartnerID: m.id,
				OccurredAt: midnight.Add(time.Duration(y.random.Int64N(length))),
				Revenue:    decimal.New(revenue, -2), Payout: payout,
			}
			reported := day
			if y.random.IntN(late) == 0 {
				reported = min(day+1+commission.Date(y.random.Int32N(10)), demoDays.To)
			}
			on := y.due[reported]
			on.conversions = append(on.conversions, conversion)
			y.due[reported] = on
			if y.random.IntN(corrected) == 0 {
				y.correct(conversion, reported+3+commission.Date(y.random.Int32N(28)))
			}
		}
	}
}

// count is how many conversions a member brings on a day.
func (y *demoYear) count(t trade, day commission.Date) int {
	pace := t.pace
	if weekday := day.Weekday(); weekday == time.Saturday || weekday == time.Sunday {
		pace = pace * weekend / hundred
	}
	if _, month, _ := day.Civil(); month == time.November || month == time.December {
		pace = pace * holidays / hundred
	}
	return (y.random.IntN(2*pace) + y.random.IntN(1000)) / 1000
}

// correct reverses a conversion on a later day, takes half of it back, or adds a tenth.
func (y *demoYear) correct(conversion ledger.Conversion, day commission.Date) {
	adjustment := ledger.Adjustment{
		ExternalID: conversion.ExternalID + "-R", Adjusts: conversion.ExternalID,
		OccurredAt: day.Start(y.zone).Add(time.Duration(y.random.Int64N(int64(time.Hour)))),
	}
	part := func(percent int64, reason string) {
		of := func(amount decimal.Decimal) decimal.Decimal { return amount.Mul(decimal.New(percent, -2)).Round(2) }
		adjustment.Revenue, adjustment.Payout, adjustment.Reason = of(conversion.Revenue), of(conversion.Payout), reason
	}
	switch y.random.IntN(4) {
	case 2:
		part(-50, "one of two items was returned")
	case 3:
		part(10, "the amount was corrected")
	default:
		adjustment.Revenue, adjustment.Payout, adjustment.Reason = conversion.Revenue.Neg(), conversion.Payout.Neg(), "the order was cancelled"
	}
	if day <= demoDays.To {
		y.adjustments++
		on := y.due[day]
		on.adjustments = append(on.adjustments, adjustment)
		y.due[day] = on
	}
}

// record reports what is due on a day, as the tracking platform does.
func (y *demoYear) record(day commission.Date) error {
	if _, err := y.ledger.RecordConversions(y.tracker, y.networkID, y.due[day].conversions); err != nil {
		return err
	}
	_, err := y.ledger.RecordAdjustments(y.tracker, y.networkID, y.due[day].adjustments)
	delete(y.due, day)
	return err
}
