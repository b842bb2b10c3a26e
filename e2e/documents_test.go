package e2e_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	"partner.example/referrals/graph/graphtest"
)

// paper is what the server says to a request for a document.
type paper struct {
	status int
	header http.Header
	body   string
}

// Document asks for a document, by its path.
func (c client) Document(path string, header ...string) paper {
	c.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, c.server.address+path, nil)
	if err != nil {
		c.Fatal(err)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := c.server.http.Do(request)
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.Fatal(err)
	}
	if leak := graphtest.Inside(string(body)); leak != "" && response.StatusCode >= http.StatusBadRequest {
		c.Errorf("%s is answered with %q, which no client should see: %s", path, leak, body)
	}
	return paper{response.StatusCode, response.Header, string(body)}
}

// documentsOf is the paths of the documents of an invoice, as somebody is told them who sees it.
func (c client) documentsOf(id string) (paths struct{ CSV, HTML, PDF string }) {
	c.Helper()
	var answer struct {
		Node struct {
			Documents *struct{ CSV, HTML, PDF string }
		}
	}
	c.must(`query ($id: ID!) { node(id: $id) { ... on Invoice { documents { csv html pdf } } } }`, vars{"id": id}, &answer)
	if answer.Node.Documents == nil {
		c.Fatal("the invoice is not there")
	}
	return *answer.Node.Documents
}

func TestDocuments_areForThoseWhoSeeTheInvoice(t *testing.T) { // R1, I6
	onEachEngine(t, func(p *product) {
		p.At(january)
		var c couple
		c.meet(p)
		other := p.Active("Other")
		p.At(february)
		p.Converts(c.bob, "2026-01-10 09:00", "12345.67")
		p.Converts(c.ann, "2026-01-10 09:00", "5")
		made := p.Bills(c.ann, "2026-01-31", "1239.57 = 5.00 payouts + 1234.57 of 12345.67 for Bob")[0]
		paths := p.As(admin).documentsOf(made.ID)
		zeta := p.Neighbour("Zeta")
		all := []string{paths.CSV, paths.HTML, paths.PDF}
		for _, asked := range []struct {
			name   string
			who    client
			status int
		}{
			{"ADMIN", p.As(admin), 200},
			{"PARTNER_MANAGER", p.As(manager), 200},
			{"LIMITED", p.As(limited), 404},
			{"SUPPORT", p.As(support), 200},
			{"its partner", p.As(partnerOf(c.ann)), 200},
			{"the referred partner", p.As(partnerOf(c.bob)), 404},
			{"another partner", p.As(partnerOf(other)), 404},
			{"TRACKER", p.As(tracker), 403},
			{"a stranger", p.As(stranger), 401},
			{"a forged token", client{product: p, token: "ref_NOBODYSTOKEN"}, 401},
			{"another network", zeta.As(admin), 404},
		} {
			for _, path := range all {
				if got := asked.who.Document(path); got.status != asked.status || !strings.HasPrefix(got.header.Get("Cache-Control"), "private") && got.status != 401 {
					p.Errorf("%s asks for %s: %d, %s", asked.name, path, got.status, got.body[:min(len(got.body), 200)])
				}
			}
		}
		for _, path := range []string{"/invoices/", "/invoices/" + made.ID, "/invoices/" + made.ID + ".xls", "/invoices/none.pdf", "/invoices/SW52b2ljZTo5OTk.pdf", "/invoices/" + c.ann + ".pdf"} {
			if got := p.As(admin).Document(path); got.status != 404 {
				p.Errorf("%s is answered %d: %s", path, got.status, got.body)
			}
		}
		var looks struct {
			Network struct{ AuditLog struct{ TotalCount int } }
		}
		p.As(admin).must(`query ($n: ID!) { network { auditLog(subject: $n) { totalCount } } }`, vars{"n": p.network}, &looks)
		if looks.Network.AuditLog.TotalCount < len(all) {
			p.Errorf("support looked %d times, and %d are logged [R3]", len(all), looks.Network.AuditLog.TotalCount)
		}
		p.As(admin).must("SetInvoiceHidden", vars{"id": made.ID, "hidden": true}, nil)
		for _, path := range all {
			if got := p.As(partnerOf(c.ann)).Document(path); got.status != 404 {
				p.Errorf("a hidden invoice is shown to its partner: %d", got.status)
			}
		}
	})
}

func TestDocuments_sayWhatTheInvoiceSays(t *testing.T) { // I2, C7
	onEachEngineIn(t, "JPY", "Asia/Tokyo", func(p *product) {
		p.At(january)
		p.Global(tenPercent)
		ann := p.Active("=Ann <b>Żółć</b> 東京")
		bob := p.Active("Боб", ann)
		p.At(february)
		p.Converts(bob, "2026-01-10 09:00", "1234567")
		made := p.Bills(ann, "2026-01-31", "123457 = 123457 of 1234567 for Боб")[0]
		paths := p.As(admin).documentsOf(made.ID)
		me := p.As(partnerOf(ann))

		table := p.As(admin).Document(paths.CSV)
		if want := "invoice,type,description,referred,structure,from,to,conversions,basisAmount,amount,currency\r\n" +
			"1,REFERRAL_COMMISSION,Referral commission for Боб: 10% of payout,Боб,10% of payout,2026-01-10,2026-01-10,1,1234567,123457,JPY\r\n"; table.body != want {
			p.Errorf("the table is\n%s\nwant\n%s", table.body, want)
		}
		if own := me.Document(paths.CSV).body; strings.Contains(own, "basisAmount") || strings.Contains(own, "1234567") || !strings.Contains(own, ",123457,JPY") {
			p.Errorf("the partner's table is\n%s", own)
		}
		if kind, name := table.header.Get("Content-Type"), table.header.Get("Content-Disposition"); kind != "text/csv; charset=utf-8; header=present" || name != `attachment; filename="invoice-1.csv"` {
			p.Errorf("the table is %s, %s", kind, name)
		}

		page := me.Document(paths.HTML)
		for _, says := range []string{"=Ann &lt;b&gt;Żółć&lt;/b&gt; 東京", "Referral commission for Боб: 10% of payout", ">123,457<", "JPY\u00a0123,457", "1 to 31 January 2026", "Issued on</dt><dd><bdi>1 February 2026", "Unpaid"} {
			if !strings.Contains(page.body, says) {
				p.Errorf("the page does not say %q", says)
			}
		}
		_, rest, _ := strings.Cut(page.body, "<style>")
		style, _, _ := strings.Cut(rest, "</style>")
		sum := sha256.Sum256([]byte(style))
		policy := page.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"';") || strings.Contains(policy, "unsafe") {
			p.Errorf("the page's style is not the one of its policy: %s", policy)
		}
		if strings.Contains(page.body, "1,234,567") {
			p.Error("the page shows the basis")
		}

		file := me.Document(paths.PDF)
		if kind := file.header.Get("Content-Type"); kind != "application/pdf" || !strings.HasPrefix(file.body, "%PDF-") || file.header.Get("X-Content-Type-Options") != "nosniff" {
			p.Errorf("the file is %s: %.10q", kind, file.body)
		}
		for _, before := range []paper{table, page, file} { // nothing is sent again that did not change
			path := map[string]string{table.body: paths.CSV, page.body: paths.HTML, file.body: paths.PDF}[before.body]
			who := map[bool]client{true: p.As(admin), false: me}[path == paths.CSV]
			if again := who.Document(path, "If-None-Match", before.header.Get("ETag")); again.status != http.StatusNotModified || again.body != "" {
				p.Errorf("%s, asked for again: %d", path, again.status)
			}
		}
		p.As(admin).must("MarkInvoicePaid", vars{"id": made.ID}, nil)
		if paid := me.Document(paths.HTML, "If-None-Match", page.header.Get("ETag")); paid.status != http.StatusOK || !strings.Contains(paid.body, "Paid on 1 February 2026") {
			p.Errorf("paid, it is answered %d", paid.status)
		}
	})
}
