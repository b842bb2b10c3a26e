package commission

import "github.com/shopspring/decimal"

// Threshold is how far a term is on the way to its minimum earnings [C3].
type Threshold struct {
	Target   decimal.Decimal // the structure's minimumEarnings
	Progress decimal.Decimal // what the referred partner generated, in the structure's basis, over this term and the referral's earlier ones
}

// ThresholdOf is nil where the structure has no minimum. The sums are of the term and of the
// referral's earlier terms together.
func (s Structure) ThresholdOf(throughThisTerm Sums) *Threshold {
	return s.ThresholdAt(throughThisTerm.Of(s.Basis()))
}

// ThresholdAt is ThresholdOf sums that come to this in the structure's basis.
func (s Structure) ThresholdAt(progress decimal.Decimal) *Threshold {
	if s.MinimumEarnings == nil {
		return nil
	}
	return &Threshold{Target: *s.MinimumEarnings, Progress: progress}
}

// Reached tells whether what accrued is payable: at the threshold it is, and without one always [C3].
func (t *Threshold) Reached() bool {
	return t == nil || t.Progress.GreaterThanOrEqual(t.Target)
}
