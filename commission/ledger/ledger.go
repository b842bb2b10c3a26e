// Package ledger takes conversions in and gives accruals, the referral report and the proof of both
// out. Accruals and the other sums are derived state: they always recompute from the conversions under
// the terms, and Verify shows it.
package ledger

import (
	"context"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
)

// Ledger records and reports. Now is its only clock.
type Ledger struct {
	DB    *database.Database
	Now   func() time.Time
	Watch func(Recorded) // nil, or told of what every call recorded

	// TakeEffect has the changes of a network's settings take effect that are due, before anything is recorded, unless
	// somebody did so before (InEffect). What is recorded between the two is put right by the change itself (Reattribute).
	// nil: none is ever dated ahead.
	TakeEffect func(ctx context.Context, networkID int) error

	histories  recalledHistories
	addresses  addresses
	structures networkStructures
	sweeping   turns     // of reports that may have all rows of a network, since each has them in memory
	many       referrers // who have more than few referrals, as was seen: it says which way to read them is the shorter one
}

type inEffectKey struct{}

// InEffect is a context, of one request, in which nothing is due of a network: whoever signed in found that out.
func InEffect(ctx context.Context, networkID int) context.Context {
	return context.WithValue(ctx, inEffectKey{}, networkID)
}

func (l *Ledger) takeEffect(ctx context.Context, networkID int) error {
	if l.TakeEffect == nil || ctx.Value(inEffectKey{}) == networkID {
		return nil
	}
	return l.TakeEffect(ctx, networkID)
}

// StructureOf is a stored structure as the rules know it.
func StructureOf(stored *ent.CommissionStructure) commission.Structure {
	structure := commission.Structure{MinimumEarnings: stored.MinimumEarnings}
	if stored.Type == commission.TypeFlatFee {
		structure.Commission = commission.FlatFee{Amount: *stored.Amount}
	} else {
		structure.Commission = commission.Percentage{Rate: *stored.Rate, Basis: *stored.Basis}
	}
	if stored.DurationValue != nil {
		structure.Duration = &commission.Duration{Value: *stored.DurationValue, Unit: *stored.DurationUnit}
	}
	return structure
}

// Summaries is what structures are called, by their ids.
func Summaries(stored []*ent.CommissionStructure, currency commission.Currency) map[int]string {
	summaries := make(map[int]string, len(stored))
	for _, structure := range stored {
		summaries[structure.ID] = StructureOf(structure).Summary(currency)
	}
	return summaries
}
