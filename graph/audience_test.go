package graph

import (
	"strings"
	"testing"

	"partner.example/referrals/graph/generated"
)

func TestIntrospection_saysWhoMayAskForWhat(t *testing.T) {
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	tellAudience(schema)
	tellAudience(schema)
	for field, want := range map[string]string{
		"Query.networks":              "All networks, by name. For SUPPORT.",
		"Network.signUpPage":          "For ADMIN and SUPPORT.",
		"Network.invoices":            "For ADMIN, PARTNER_MANAGER and SUPPORT.",
		"Partner.email":               "Of a partner of whom the viewer sees all.",
		"Partner.referredBy":          "For ADMIN, PARTNER_MANAGER and SUPPORT. Of a partner of whom the viewer sees all.",
		"ReferralReportTotals.billed": "What is on the referrers' invoices.",
	} {
		parent, name, _ := strings.Cut(field, ".")
		if got := schema.Types[parent].Fields.ForName(name).Description; !strings.HasSuffix(got, want) || strings.Count(got, want) != 1 {
			t.Errorf("%s is described by %q, want %q at its end", field, got, want)
		}
	}
}
