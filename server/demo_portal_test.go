package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"testing"

	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
)

// portal runs the documents of one client, as it sends them.
type portal struct {
	*testing.T
	server    *httptest.Server
	token     string
	documents string
}

func openPortal(t *testing.T, server *httptest.Server, token, file string) portal {
	t.Helper()
	documents, err := os.ReadFile("../e2e/operations/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return portal{t, server, token, string(documents)}
}

// run runs an operation, and reads what it answers into out.
func (p portal) run(operation string, variables map[string]any, out any) {
	p.Helper()
	body, err := json.Marshal(map[string]any{"query": p.documents, "operationName": operation, "variables": variables})
	if err != nil {
		p.Fatal(err)
	}
	request, err := http.NewRequestWithContext(p.Context(), http.MethodPost, p.server.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+p.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Data   json.RawMessage
		Errors []any
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		p.Fatal(err)
	}
	if answer.Errors != nil {
		p.Fatalf("%s: %v", operation, answer.Errors)
	}
	if err := json.Unmarshal(answer.Data, out); err != nil {
		p.Fatalf("%s answers %s: %v", operation, answer.Data, err)
	}
}

// reported is what both portals show of the report of one referrer.
type reported struct {
	Currency, TimeZone string
	Totals             map[string]any
	Rows               struct {
		TotalCount int
		PageInfo   struct {
			HasNextPage bool
			EndCursor   *string
		}
		Nodes []map[string]any
	}
}

// allPages asks for all pages of a report, by the operation that variables go to.
func allPages(ask func(variables map[string]any) reported) reported {
	variables := map[string]any{"from": demoDays.From.String(), "to": demoDays.To.String(), "first": 5}
	all := ask(variables)
	for page := all; page.Rows.PageInfo.HasNextPage; {
		variables["after"] = page.Rows.PageInfo.EndCursor
		page = ask(variables)
		all.Rows.Nodes = append(all.Rows.Nodes, page.Rows.Nodes...)
	}
	return all
}

// showsThePartnerItsOwn has the partner of the demo open its portal: what it is shown is, to the cent, what staff are
// shown of it, and nothing that is theirs.
func showsThePartnerItsOwn(t *testing.T, location string, db *database.Database, p *program.Program, l *ledger.Ledger, said map[string]string) {
	t.Helper()
	must(t, "bill", "--database", location, "--network", said["NETWORK"], "--through", demoDays.To.String(), "--partner", said["PARTNER"])
	server := served(t, db, p, l)
	mine, staff := openPortal(t, server, said["PARTNER_TOKEN"], "partner-portal.graphql"), openPortal(t, server, said["ADMIN_TOKEN"], "network-portal.graphql")

	its := allPages(func(variables map[string]any) reported {
		var answer struct {
			Viewer struct {
				Partner struct{ ReferralReport reported }
			}
		}
		mine.run("MyReferralReport", variables, &answer)
		return answer.Viewer.Partner.ReferralReport
	})
	theirs := allPages(func(variables map[string]any) reported {
		var answer struct {
			Network struct{ ReferralReport reported }
		}
		filtered := maps.Clone(variables)
		filtered["filter"] = map[string]any{"referrer": said["PARTNER"]}
		staff.run("ReferralReport", filtered, &answer)
		return answer.Network.ReferralReport
	})
	if len(its.Rows.Nodes) < 5 || its.Totals["billed"] == "0.00" {
		t.Fatalf("the demo's partner has %d rows and %s billed", len(its.Rows.Nodes), its.Totals["billed"])
	}
	delete(theirs.Totals, "conversions") // which a partner is not shown
	if its.Currency != theirs.Currency || its.TimeZone != theirs.TimeZone || !reflect.DeepEqual(its.Totals, theirs.Totals) {
		t.Errorf("the partner's totals are %v, staff's %v", its.Totals, theirs.Totals)
	}
	byID := map[any]map[string]any{}
	for _, row := range theirs.Rows.Nodes {
		byID[row["id"]] = row
	}
	if len(its.Rows.Nodes) != len(theirs.Rows.Nodes) || len(byID) != len(its.Rows.Nodes) || its.Rows.TotalCount != len(byID) {
		t.Errorf("the partner sees %d rows of %d, staff %d", len(its.Rows.Nodes), its.Rows.TotalCount, len(theirs.Rows.Nodes))
	}
	for _, row := range its.Rows.Nodes {
		for _, column := range []string{"referred", "referredDate", "windowEndsAt", "status", "state", "billed", "balance", "unbilled", "belowThreshold"} {
			if is, want := fmt.Sprint(row[column]), fmt.Sprint(byID[row["id"]][column]); is != want {
				t.Errorf("%s of %v is %s to the partner, %s to staff", column, row["referred"], is, want)
			}
		}
	}

	var account struct {
		Viewer struct {
			Partner struct {
				ID              string
				ReferralSetting struct{ Effective *struct{ Summary string } }
			}
		}
	}
	mine.run("MyAccount", nil, &account)
	if account.Viewer.Partner.ID != said["PARTNER"] {
		t.Errorf("the account is of %+v", account)
	}
	var invoices struct {
		Viewer struct {
			Partner struct {
				Invoices struct {
					Nodes []struct {
						ID, Total string
						Lines     []struct{ Amount string }
					}
				}
			}
		}
	}
	mine.run("MyInvoices", map[string]any{"first": 5}, &invoices)
	if len(invoices.Viewer.Partner.Invoices.Nodes) == 0 {
		t.Error("the partner sees no invoice")
	}
	for _, invoice := range invoices.Viewer.Partner.Invoices.Nodes {
		var answer struct {
			Network struct {
				Invoice struct {
					Total string
					Lines []struct{ Amount string }
				}
			}
		}
		staff.run("Invoice", map[string]any{"id": invoice.ID}, &answer)
		if invoice.Total != answer.Network.Invoice.Total || !reflect.DeepEqual(invoice.Lines, answer.Network.Invoice.Lines) {
			t.Errorf("an invoice is %+v to the partner, %+v to staff", invoice, answer.Network.Invoice)
		}
	}
}
