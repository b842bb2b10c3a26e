package ledger

import (
	"context"
	stdsql "database/sql"
	"maps"
	"slices"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
)

// Explained is why a conversion earned what it did, or nothing, and whose referral that concerns [P5].
type Explained struct {
	commission.Explanation

	ReferralID int // 0: there was none
	TermID     int // in which it counts; 0: in none
	LineID     int // that pays it; 0: none does
	GrantID    int // by which it counts; 0: by none
}

// Explain says of conversions why they earned what they did, or nothing [P5]: by commission.Attribute, as they were
// recorded, and by what has become of the sums that they count in. The caller has found the conversions, which
// proves that the viewer sees them; whether it sees the referral is for it to ask. It takes a dozen statements for any
// number of conversions.
func (l *Ledger) Explain(ctx context.Context, network *ent.Network, conversions []*ent.Conversion) (map[int]*Explained, error) {
	e := explaining{db: l.DB, network: network, facts: make(map[int]*facts, len(conversions))}
	for _, find := range []func(context.Context, []*ent.Conversion) error{
		e.attribute, e.findCounted, e.findAdjusted, e.findTerms, e.findPartners, e.findDecisions,
	} {
		if err := find(ctx, conversions); err != nil {
			return nil, err
		}
	}
	all := make(map[int]*Explained, len(conversions))
	for id, f := range e.facts {
		told := &Explained{Explanation: f.attribution.Explain(f.Facts), LineID: f.line}
		if f.attribution.Referral != nil {
			told.ReferralID = f.attribution.Referral.ID
		}
		if f.attribution.Term != nil {
			told.TermID = f.attribution.Term.ID
		}
		if f.attribution.Grant != nil {
			told.GrantID = f.attribution.Grant.ID
		}
		all[id] = told
	}
	return all, nil
}

// PayoutLines is the lines that pay earning days; those that none pays yet are not in it. The caller has found
// conversions of the days, which proves that the viewer sees them.
func (l *Ledger) PayoutLines(ctx context.Context, earningDayIDs []int) (map[int]int, error) {
	lines := make(map[int]int, len(earningDayIDs))
	return lines, database.EachIn(ctx, l.DB, "SELECT id, line_id FROM earning_day WHERE line_id > 0 AND id IN (%s)", nil, earningDayIDs, func(row *stdsql.Rows) error {
		var id, line int
		err := row.Scan(&id, &line)
		lines[id] = line
		return err
	})
}

// explaining is one call of Explain on its way.
type explaining struct {
	db      *database.Database
	network *ent.Network
	facts   map[int]*facts // by conversion
}

// facts are those of one conversion, with where they were found.
type facts struct {
	commission.Facts

	partnerID   int
	attribution commission.Attribution
	line        int
	void        int // that took it; 0: none did
}

// attribute finds where each conversion counts: an adjustment by the moment of what it adjusts [C5].
func (e *explaining) attribute(ctx context.Context, conversions []*ent.Conversion) error {
	zone, err := e.network.TimeZone.Location()
	if err != nil {
		return err
	}
	var adjusted []int
	partners := map[int]struct{}{}
	for _, c := range conversions {
		partners[c.PartnerID] = struct{}{}
		if c.AdjustsID != nil {
			adjusted = append(adjusted, *c.AdjustsID)
		}
	}
	originals, grants := map[int]*commission.Original{}, map[int]*int{}
	err = database.EachIn(ctx, e.db, "SELECT id, external_id, occurred_at, grant_id FROM conversion WHERE id IN (%s)", nil, adjusted, func(row *stdsql.Rows) error {
		var id int
		var o commission.Original
		var grantID *int
		err := row.Scan(&id, &o.ExternalID, &o.OccurredAt, &grantID)
		originals[id], grants[id] = &o, grantID
		return err
	})
	if err != nil {
		return err
	}
	history, err := load(ctx, e.db, e.network.ID, keysOf(partners))
	if err != nil {
		return err
	}
	for _, c := range conversions {
		f := &facts{partnerID: c.PartnerID, Facts: commission.Facts{
			Currency: e.network.Currency, Zone: zone, OccurredAt: c.OccurredAt,
			Sums: commission.Sums{Revenue: c.Revenue, Payout: c.Payout},
		}}
		at, grantID := c.OccurredAt, c.GrantID
		if c.AdjustsID != nil {
			f.Adjusts = originals[*c.AdjustsID]
			at, grantID = f.Adjusts.OccurredAt, grants[*c.AdjustsID]
		}
		f.attribution = history.attribute(c.PartnerID, at, value(grantID))
		e.facts[c.ID] = f
	}
	return nil
}

// findCounted finds what has become of the sums that conversions count in.
func (e *explaining) findCounted(ctx context.Context, conversions []*ent.Conversion) error {
	ids := make([]int, len(conversions))
	for i, c := range conversions {
		ids[i] = c.ID
	}
	return database.EachIn(ctx, e.db, `
		SELECT c.id, a.line_id, COALESCE(i.number, 0) FROM conversion c JOIN accrual a ON a.id = c.accrual_id
		LEFT JOIN invoice_line l ON l.id = a.line_id LEFT JOIN invoice i ON i.id = l.invoice_id
		WHERE c.id IN (%s)`, nil, ids, func(row *stdsql.Rows) error {
		var id, line, number int
		err := row.Scan(&id, &line, &number)
		f := e.facts[id]
		f.Invoice, f.line, f.Forfeited, f.void = number, max(line, 0), line == forfeitedLine, voidOfLine(line)
		return err
	})
}

// findAdjusted sums the adjustments of conversions.
func (e *explaining) findAdjusted(ctx context.Context, conversions []*ent.Conversion) error {
	var ids []int
	for _, c := range conversions {
		if c.AdjustsID == nil {
			ids = append(ids, c.ID)
		}
	}
	return database.EachIn(ctx, e.db, "SELECT adjusts_id, 0, SUM(revenue), SUM(payout), 0 FROM conversion WHERE adjusts_id IN (%s) GROUP BY adjusts_id",
		nil, ids, func(row *stdsql.Rows) error {
			var id int
			sums, err := scanSums(row, &id)
			e.facts[id].Adjusted = &sums
			return err
		})
}

// findTerms finds how the terms pay that conversions count in, or that had passed, and how far their thresholds are.
func (e *explaining) findTerms(ctx context.Context, _ []*ent.Conversion) error {
	structures, err := structuresOf(ctx, e.db, e.network.ID)
	if err != nil {
		return err
	}
	terms := map[int]struct{}{}
	for _, f := range e.facts {
		if term := f.attribution.Term; term != nil {
			terms[term.ID] = struct{}{}
		}
	}
	measures, err := Measures(ctx, e.db, keysOf(terms))
	if err != nil {
		return err
	}
	for _, f := range e.facts {
		if term := f.attribution.Term; term != nil {
			structure := structures[term.StructureID]
			f.Structure, f.Threshold = &structure, structure.ThresholdAt(measures[term.ID])
		} else if term := f.attribution.Passed; term != nil {
			structure := structures[term.StructureID]
			f.Structure = &structure
		}
		if ruled := f.attribution.Ruled; ruled != nil && ruled.Passed != nil {
			structure := structures[ruled.Passed.StructureID]
			f.Ruled.Structure = &structure
		}
	}
	return nil
}

// findPartners finds by what name the partner and its referrer go, and what was said when a referral ended.
func (e *explaining) findPartners(ctx context.Context, _ []*ent.Conversion) error {
	partners, referrals := map[int]struct{}{}, map[int]struct{}{}
	for _, f := range e.facts {
		partners[f.partnerID] = struct{}{}
		if referral := f.attribution.Referral; referral != nil {
			partners[referral.ReferrerID], referrals[referral.ID] = struct{}{}, struct{}{}
		}
		if ruled := f.attribution.Ruled; ruled != nil && ruled.Referral != nil {
			partners[ruled.Referral.ReferrerID] = struct{}{}
		}
	}
	names, waiting, reasons := map[int]string{}, map[int]string{}, map[int]string{}
	err := database.EachIn(ctx, e.db, `
		SELECT p.id, p.name, CASE WHEN p.approved_at IS NULL THEN COALESCE(r.name, '') ELSE '' END
		FROM partner p LEFT JOIN partner r ON r.id = p.referred_by_id WHERE p.id IN (%s)`, nil, slices.Sorted(maps.Keys(partners)), func(row *stdsql.Rows) error {
		var id int
		var name, referrer string
		err := row.Scan(&id, &name, &referrer)
		names[id], waiting[id] = name, referrer
		return err
	})
	if err != nil {
		return err
	}
	err = database.EachIn(ctx, e.db, "SELECT id, end_reason FROM referral WHERE id IN (%s)", nil, slices.Sorted(maps.Keys(referrals)), func(row *stdsql.Rows) error {
		var id int
		var reason string
		err := row.Scan(&id, &reason)
		reasons[id] = reason
		return err
	})
	for _, f := range e.facts {
		f.Partner, f.Waiting = names[f.partnerID], waiting[f.partnerID]
		if referral := f.attribution.Referral; referral != nil {
			f.Referrer, f.Because = names[referral.ReferrerID], reasons[referral.ID]
		}
		if ruled := f.attribution.Ruled; ruled != nil && ruled.Referral != nil {
			f.Ruled.Referrer = names[ruled.Referral.ReferrerID]
		}
	}
	return err
}

// findDecisions finds what an ADMIN decided beside the rules: to grant, or to void.
func (e *explaining) findDecisions(ctx context.Context, _ []*ent.Conversion) error {
	grants, voids := map[int]struct{}{}, map[int]struct{}{}
	for _, f := range e.facts {
		if f.attribution.Grant != nil {
			grants[f.attribution.Grant.ID] = struct{}{}
		}
		if f.void != 0 {
			voids[f.void] = struct{}{}
		}
	}
	granted, voided := map[int]*commission.Decision{}, map[int]*commission.Decision{}
	for _, find := range []struct {
		query string
		ids   map[int]struct{}
		found map[int]*commission.Decision
	}{
		{"SELECT id, granted_at, granted_by, reason FROM retroactive_grant WHERE id IN (%s)", grants, granted},
		{"SELECT id, voided_at, voided_by, reason FROM commission_void WHERE id IN (%s)", voids, voided},
	} {
		err := database.EachIn(ctx, e.db, find.query, nil, slices.Sorted(maps.Keys(find.ids)), func(row *stdsql.Rows) error {
			var id int
			var d commission.Decision
			err := row.Scan(&id, &d.At, &d.By, &d.Reason)
			find.found[id] = &d
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, f := range e.facts {
		if f.attribution.Grant != nil {
			f.Granted = granted[f.attribution.Grant.ID]
		}
		f.Voided = voided[f.void]
	}
	return nil
}

// value is what a pointer points to; the zero value where it is nil.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
