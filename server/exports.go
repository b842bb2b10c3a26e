package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/audit"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/commissionstructure"
	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph"
	"partner.example/referrals/graph/scalar"
	"partner.example/referrals/table"
)

// exports serves what is on the screen as tables, to those who see it there: the referral report, and the conversions
// of an invoice line.
type exports struct {
	db      *ent.Client
	ledger  *ledger.Ledger
	budgets *graph.Budgets
}

// exportTimeout is how long a table may take that is written as it is read, until its client has it.
const exportTimeout = 15 * time.Minute

// export is a table that was asked for and may be had: who wants it may see what it is of.
type export struct {
	name    string
	columns []string
	fill    func(table.Row) error
}

// answer answers with a table, in the format that its name ends in.
func (e exports) answer(find func(e exports, ctx context.Context, v viewer.Viewer, r *http.Request, name string) (*export, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Authorization")
		w.Header().Set("Cache-Control", "private, no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		name, format, _ := strings.Cut(r.PathValue("table"), ".")
		media := table.Media(format)
		v, err := whoTakes(r.Context())
		if err == nil && media == "" {
			err = commission.ErrNotFound("", "table")
		}
		if err == nil {
			err = e.budgets.Spend(r.Context(), graph.TableCost)
		}
		var found *export
		if err == nil {
			found, err = find(e, r.Context(), v, r, name)
		}
		if err != nil {
			graph.Refuse(w, r, err)
			return
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportTimeout)) // where it cannot be set, the server's holds
		to := &belated{ResponseWriter: w, header: map[string]string{
			"Content-Type": media, "Content-Disposition": `attachment; filename="` + found.name + "." + format + `"`,
		}}
		switch err := table.Write(format, to, found.columns, found.fill); {
		case err == nil:
		case !to.begun:
			graph.Refuse(w, r, err)
		default:
			slog.ErrorContext(r.Context(), "a table was cut off", "error", err)
			panic(http.ErrAbortHandler) // half a table must not look like a whole one
		}
	})
}

// belated is an answer that says what it is when its first bytes come: until then it can still become a refusal.
type belated struct {
	http.ResponseWriter
	header map[string]string
	begun  bool
}

// Write begins the answer.
func (l *belated) Write(part []byte) (int, error) {
	if !l.begun {
		l.begun = true
		for name, value := range l.header {
			l.Header().Set(name, value)
		}
	}
	return l.ResponseWriter.Write(part)
}

// whoTakes is who asks for a table or a document: somebody of a network, or support staff.
func whoTakes(ctx context.Context) (viewer.Viewer, error) {
	v, signedIn := viewer.From(ctx)
	switch {
	case !signedIn:
		return v, commission.Refuse(commission.Unauthenticated, "", "sign in first: send a token as Authorization: Bearer")
	case v.Is(commission.Tracker):
		return v, commission.Refuse(commission.Forbidden, "", "the role %s may not ask for this", v.Role)
	default:
		return v, nil
	}
}

// lookInto logs that support staff look into a network.
func lookInto(ctx context.Context, db *ent.Client, v viewer.Viewer, network *ent.Network, now time.Time) error {
	if !v.Is(commission.Support) {
		return nil
	}
	return audit.Look(ctx, db, network, commission.Moment(now))
}

// network is the viewer's own, or the one that it names.
func (e exports) network(ctx context.Context, v viewer.Viewer, id string) (*ent.Network, error) {
	row := v.NetworkID
	if id != "" {
		row = scalar.ParseID(id).Of(scalar.Network)
	} else if row == 0 {
		return nil, commission.Refuse(commission.BadUserInput, "network", "is needed: your account belongs to no network")
	}
	found, err := e.db.Network.Get(ctx, row)
	if ent.IsNotFound(err) {
		return nil, commission.ErrNotFound("network", "network")
	}
	if err != nil {
		return nil, err
	}
	return found, lookInto(ctx, e.db, v, found, e.ledger.Now())
}

// report is GET /reports/referrals.csv?from=..&to=.., with the filter and the order of the report on the screen.
func (e exports) report(ctx context.Context, v viewer.Viewer, r *http.Request, name string) (*export, error) {
	if name != "referrals" {
		return nil, commission.ErrNotFound("", "table")
	}
	asked := r.URL.Query()
	days, filter, by, err := readReport(asked)
	if err != nil {
		return nil, err
	}
	if !by.ShownTo(v.Role) {
		return nil, commission.Refuse(commission.Forbidden, "orderBy", "the role %s may not sort by %s", v.Role, by.Field)
	}
	network, err := e.network(ctx, v, asked.Get("network"))
	if err != nil {
		return nil, err
	}
	zone, err := network.TimeZone.Location()
	if err != nil {
		return nil, err
	}
	structures, err := e.db.CommissionStructure.Query().Where(commissionstructure.NetworkID(network.ID)).All(ctx)
	if err != nil {
		return nil, err
	}
	summaries := ledger.Summaries(structures, network.Currency)
	basis := !v.Is(commission.PartnerUser)
	columns := []string{"referrer", "referred", "structure", "referredDate", "referralStartedAt", "windowEndsAt", "status", "state"}
	if basis {
		columns = append(columns, "conversions", "basisAmount", "thresholdTarget", "thresholdProgress")
	}
	columns = append(columns, "billed", "balance", "unbilled", "belowThreshold", "currency")
	return &export{"referrals-" + days.From.String() + "-" + days.To.String(), columns, func(add table.Row) error {
		return e.ledger.EachRow(ctx, network, days, filter, by, func(row *ledger.Row) error {
			cells := []any{
				row.ReferrerName, row.ReferredName, summaries[row.StructureID], moment(row.ReferredDate, zone), moment(&row.ReferralStartedAt, zone),
				moment(row.WindowEndsAt, zone), string(row.Status), string(row.State),
			}
			if basis {
				cells = append(cells, row.Conversions, row.BasisAmount)
				if row.Threshold != nil {
					cells = append(cells, row.Threshold.Target, row.Threshold.Progress)
				} else {
					cells = append(cells, nil, nil)
				}
			}
			var balance any
			if row.Balance != nil {
				balance = *row.Balance
			}
			return add(append(cells, row.Billed, balance, row.Unbilled, row.BelowThreshold, string(network.Currency))...)
		})
	}}, nil
}

// moment is a time as the network's clock shows it; nil: there is none.
func moment(t *time.Time, zone *time.Location) any {
	if t == nil {
		return nil
	}
	return t.In(zone).Format(time.RFC3339Nano)
}

// readReport reads which rows of the report are asked for, and in which order; all that is wrong is told at once.
func readReport(asked url.Values) (days ledger.Range, filter ledger.Filter, by ledger.Order, err error) {
	var wrong commission.Problems
	date := func(name string) commission.Date {
		day, refusal := commission.ParseDate(asked.Get(name))
		if refusal != nil {
			wrong.Add(name, "%s", refusal.Message)
		}
		return day
	}
	one := func(name, value string, of []string) string {
		if value != "" && !slices.Contains(of, value) {
			wrong.Add(name, "must be one of %s", strings.Join(of, ", "))
		}
		return value
	}
	id := func(name, kind string) int {
		text := asked.Get(name)
		if text == "" {
			return 0
		}
		if row := scalar.ParseID(text).Of(kind); row != 0 {
			return row
		}
		return -1 // nobody
	}
	days = ledger.Range{From: date("from"), To: date("to")}
	filter = ledger.Filter{
		ReferrerID: id("referrer", scalar.Partner), ReferredID: id("referred", scalar.Partner), ManagerID: id("manager", scalar.Account),
		Status: commission.ReferralStatus(one("status", asked.Get("status"), commission.ReferralStatus("").Values())),
		Type:   commission.Type(one("type", asked.Get("type"), commission.Type("").Values())), Search: asked.Get("search"),
	}
	for _, state := range asked["state"] {
		filter.States = append(filter.States, commission.State(one("state", state, commission.State("").Values())))
	}
	by = ledger.LatestFirst
	if order := asked.Get("orderBy"); order != "" {
		by.Field = ledger.OrderField(one("orderBy", order, ledger.OrderFields()))
		by.Descending = one("direction", asked.Get("direction"), []string{"ASC", "DESC"}) == "DESC"
	}
	return days, filter, by, wrong.Err()
}

// conversions is GET /invoice-lines/ID/conversions.csv, of a line that the viewer sees.
func (e exports) conversions(ctx context.Context, v viewer.Viewer, r *http.Request, name string) (*export, error) {
	if name != "conversions" {
		return nil, commission.ErrNotFound("", "table")
	}
	if v.Is(commission.PartnerUser) {
		return nil, commission.Refuse(commission.Forbidden, "", "the role %s may not ask for this", v.Role)
	}
	line, err := e.db.InvoiceLine.Get(ctx, scalar.ParseID(r.PathValue("line")).Of(scalar.Line))
	if ent.IsNotFound(err) {
		return nil, commission.ErrNotFound("", "invoice line")
	}
	if err != nil {
		return nil, err
	}
	network, err := e.db.Network.Get(ctx, line.NetworkID)
	if err != nil {
		return nil, err
	}
	zone, err := network.TimeZone.Location()
	if err != nil {
		return nil, err
	}
	of := ledger.Line{ID: line.ID, Payouts: line.Type == commission.PartnerPayout}.Counted()
	columns := []string{"externalId", "partner", "occurredAt", "recordedAt", "date", "revenue", "payout", "adjusts", "reason", "currency"}
	return &export{"conversions", columns, func(add table.Row) error {
		return e.ledger.EachConversion(ctx, of, func(c *ledger.Reported) error {
			return add(c.ExternalID, c.PartnerName, moment(&c.OccurredAt, zone), moment(&c.RecordedAt, zone), c.Date.String(),
				network.Currency.Exact(c.Revenue), network.Currency.Exact(c.Payout), c.Adjusts, c.Reason, string(network.Currency))
		})
	}}, lookInto(ctx, e.db, v, network, e.ledger.Now())
}
