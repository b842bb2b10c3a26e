package commission

import "time"

// GrantStatus is where a retroactive grant stands.
type GrantStatus string

const (
	GrantProposed GrantStatus = "PROPOSED" // support staff prepared it; an ADMIN decides
	GrantDeclined GrantStatus = "DECLINED"
	GrantGranted  GrantStatus = "GRANTED"
	GrantRevoked  GrantStatus = "REVOKED" // taken back before any of it was billed
)

// Values lists every status.
func (GrantStatus) Values() []string {
	return []string{string(GrantProposed), string(GrantDeclined), string(GrantGranted), string(GrantRevoked)}
}

// Grant pays a referral for conversions that the rules paid nobody for: those of a window of days that were known
// when it was made, each of which says so. It pays them as a term of its own, from the first cent.
type Grant struct {
	ID   int
	Term Term // its window is the days of the grant
}

// AttributeGranted is Attribute for a conversion that says by which grant it was granted; 0: by none. A grant changes
// nothing of what a term counts: no conversion is ever paid twice.
func AttributeGranted(referrals []Referral, occurredAt time.Time, grantID int) Attribution {
	ruled := Attribute(referrals, occurredAt)
	if grantID == 0 || ruled.Term != nil {
		return ruled
	}
	for i := range referrals {
		referral := &referrals[i]
		for j := range referral.Grants {
			grant := &referral.Grants[j]
			if grant.ID == grantID && grant.Term.Covers(occurredAt) {
				otherwise := ruled // a copy for those who need one, which are few
				return Attribution{Reason: ReasonGranted, Referral: referral, Term: &grant.Term, Grant: grant, Ruled: &otherwise}
			}
		}
	}
	return ruled
}

// NearestTerm is the term whose structure would have applied in a window that ends at a moment, had it run then: the
// last that had begun by the end or, where none had, the first; nil: the referral has none.
func (r *Referral) NearestTerm(end time.Time) *Term {
	nearest := r.lastBegun(end.Add(-Micro))
	if nearest != nil {
		return nearest
	}
	for i := range r.Terms {
		if term := &r.Terms[i]; nearest == nil || nearest.follows(term) {
			nearest = term
		}
	}
	return nearest
}
