package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// told is an answer to a stranger: all that can be seen of it.
type told struct {
	text string // status, headers and body, but for the date and the request's id
	took time.Duration
}

// apply sends an application from an address of its own, which the proxy tells.
func (p *product) apply(from string, input vars) told {
	p.Helper()
	body, err := json.Marshal(vars{"query": operation(p.T, "SignUp"), "variables": vars{"input": input}})
	if err != nil {
		p.Fatal(err)
	}
	request, err := http.NewRequestWithContext(p.Context(), http.MethodPost, p.server.address+"/graphql", bytes.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Forwarded-For", from)
	begun := time.Now()
	response, err := p.server.http.Do(request)
	if err != nil {
		p.Error(err)
		return told{}
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.Error(err)
	}
	took := time.Since(begun)
	response.Header.Del("Date")
	response.Header.Del("X-Request-Id")
	for _, spent := range []string{"Content-Length", "RateLimit-Remaining", "RateLimit-Reset"} { // by how much was asked from there before
		response.Header.Del(spent)
	}
	text = whatMayBeSpent.ReplaceAll(text, nil)
	return told{fmt.Sprint(response.Status, response.Header, string(text)), took}
}

func TestA1_whoComesByALinkIsPendingAndItsReferralStartsAtItsApproval(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann, amy := p.Active("Ann"), p.Active("Amy")
		link := *p.Partner(ann).ReferralLink
		if link == *p.Partner(amy).ReferralLink {
			p.Errorf("two partners have the link %s", link)
		}
		bob := p.SignUp("Bob", link)
		if got := p.Partner(bob); got.Status != "PENDING" || got.ReferredBy == nil || got.ReferredBy.ID != ann {
			p.Errorf("it is %s, referred by %v", got.Status, got.ReferredBy)
		}
		p.Reports("2026-01-01", "2026-12-31")
		p.At("2026-02-05 10:00")
		p.Approve(bob)
		p.At("2026-02-10 10:00")
		p.Converts(bob, "2026-02-04 09:00", "100")
		p.Converts(bob, "2026-02-06 09:00", "30")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout: EARNING 3.00")
	})
}

// A stranger cannot tell a code that exists from one that does not, nor an e-mail that signed up before from a new one
// [A3]: not by the answer, and not by when it comes.
func TestA3_nothingTellsWhetherACodeOrAnEmailIsKnown(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.With("--address-header", "X-Forwarded-For")
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		_, code, _ := strings.Cut(*p.Partner(p.Active("Ann")).ReferralLink, "?ref=")
		other := p.Neighbour("Other")
		other.Global(tenPercent)
		_, theirs, _ := strings.Cut(*other.Partner(other.Active("Theirs")).ReferralLink, "?ref=")
		known := vars{"network": p.network, "name": "Known", "email": "known@example.com"}
		p.apply("192.0.2.1", known)

		const rounds = 20
		kinds := map[string]func(round int) vars{
			"a known code": func(n int) vars { return vars{"email": fmt.Sprintf("a%d@example.com", n), "referralCode": code} },
			"an unknown code": func(n int) vars {
				return vars{"email": fmt.Sprintf("b%d@example.com", n), "referralCode": strings.Repeat("A", len(code))}
			},
			"a code of another network":  func(n int) vars { return vars{"email": fmt.Sprintf("c%d@example.com", n), "referralCode": theirs} },
			"an e-mail that is known":    func(int) vars { return vars{"email": "known@example.com", "referralCode": code} },
			"one that is, without codes": func(int) vars { return vars{"email": "known@example.com"} },
		}
		var mu sync.Mutex
		answers := map[string][]told{}
		var sending sync.WaitGroup
		for n := range rounds {
			for kind, of := range kinds { // all at the same time, so that what else the machine does holds up all alike
				sending.Go(func() {
					input := of(n)
					input["network"], input["name"] = p.network, "Zoe"
					got := p.apply(fmt.Sprintf("192.0.2.%d", n+2), input)
					mu.Lock()
					defer mu.Unlock()
					answers[kind] = append(answers[kind], got)
				})
			}
			sending.Wait()
		}
		first := answers["a known code"][0].text
		if !strings.Contains(first, `"received":true`) && !strings.Contains(first, `"received": true`) {
			p.Errorf("an application is answered %s", first)
		}
		for kind, all := range answers {
			for _, one := range all {
				if one.text != first {
					p.Errorf("%s is answered\n%s\nand a known code\n%s", kind, one.text, first)
				}
				const atTheEarliest = 300 * time.Millisecond
				if one.took < atTheEarliest {
					p.Errorf("%s is answered after %s", kind, one.took)
				}
			}
			if odds := byChance(answers["a known code"], all); odds < 1e-6 {
				p.Errorf("%s is told from a known code by the time: %.2g is the chance that nothing does\n%v\n%v", kind, odds, answers["a known code"], all)
			}
		}

		var found struct {
			Network struct {
				Partners struct {
					Nodes []struct {
						Email      string
						ReferredBy *struct{ Name string }
					}
				}
			}
		}
		p.As(admin).must(`{ network { partners(first: 100, filter: {status: [PENDING]}) { nodes { email referredBy { name } } } } }`, nil, &found)
		if got, want := len(found.Network.Partners.Nodes), 1+3*rounds; got != want {
			p.Errorf("%d partners signed up, want %d", got, want)
		}
		for _, partner := range found.Network.Partners.Nodes {
			if by := partner.ReferredBy; strings.HasPrefix(partner.Email, "a") != (by != nil) {
				p.Errorf("%s was referred by %v", partner.Email, by)
			}
		}
	})
}

// byChance is how probable it is that the times of two kinds of answers lie as far apart as they do although nothing
// tells the kinds apart: Mann and Whitney's test, with their approximation by the normal distribution. A busy machine
// holds up both, so that its answer does not depend on it.
func byChance(a, b []told) float64 {
	type one struct {
		took time.Duration
		of   int
	}
	var all []one
	for _, t := range a {
		all = append(all, one{t.took, 0})
	}
	for _, t := range b {
		all = append(all, one{t.took, 1})
	}
	slices.SortFunc(all, func(x, y one) int { return int(x.took - y.took) })
	ranks := 0.0
	for place, t := range all {
		if t.of == 0 {
			ranks += float64(place + 1)
		}
	}
	n, m := float64(len(a)), float64(len(b))
	expected, spread := n*(n+m+1)/2, math.Sqrt(n*m*(n+m+1)/12)
	return math.Erfc(math.Abs(ranks-expected) / spread / math.Sqrt2)
}

func TestByChance_tellsTimesApart(t *testing.T) {
	var fast, alsoFast, slow []told
	for i := range 20 {
		fast = append(fast, told{took: time.Duration(10 * i)})
		alsoFast = append(alsoFast, told{took: time.Duration(10*i + 3)})
		slow = append(slow, told{took: time.Duration(10*i + 150)})
	}
	if odds := byChance(fast, alsoFast); odds < 0.5 {
		t.Errorf("times of one kind are told apart: %g", odds)
	}
	if odds := byChance(fast, slow); odds > 1e-6 {
		t.Errorf("times of two kinds are not told apart: %g", odds)
	}
}

func TestSignUp_isLimitedByAddressAndByNetwork(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.With("--address-header", "X-Forwarded-For")
		p.At("2026-02-01 10:00")
		limited := func(from, network string, times int) (refused int) {
			var mu sync.Mutex
			var sending sync.WaitGroup
			for range times {
				sending.Go(func() {
					got := p.apply(from, vars{"network": network, "name": "Zoe", "email": "zoe@example.com"})
					mu.Lock()
					defer mu.Unlock()
					if strings.Contains(got.text, "RATE_LIMITED") {
						refused++
					}
				})
			}
			sending.Wait()
			return refused
		}
		const allowed, more = 10, 15
		if refused := limited("192.0.2.1, 198.51.100.1", p.network, allowed+more); refused < more-5 || refused > more {
			p.Errorf("%d of %d from one address are refused", refused, allowed+more)
		}
		if refused := limited("198.51.100.1, 198.51.100.2", p.network, 1); refused != 0 { // the last one is what the proxy saw
			p.Error("one from another address is refused")
		}
		if refused := limited("2001:db8::1", p.network, allowed); refused != 0 {
			p.Errorf("%d from an IPv6 address are refused", refused)
		}
		if refused := limited("2001:db8::2", p.network, more); refused < more-5 {
			p.Errorf("%d of %d from its neighbour, which is the same customer's, are refused", refused, more)
		}
	})
}

func TestRotateReferralCode_theOldLinkAssociatesNobody(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		old := *p.Partner(ann).ReferralLink
		p.As(admin).must(`mutation ($id: ID!) { rotateReferralCode(partner: $id) { partner { id } } }`, vars{"id": ann}, nil)
		link := *p.Partner(ann).ReferralLink
		if link == old {
			p.Fatal("the link is the old one")
		}
		p.each("the new link", func(p *product) {
			if by := p.Partner(p.SignUp("New", link)).ReferredBy; by == nil || by.ID != ann {
				p.Errorf("referred by %v", by)
			}
		})
		p.As(stranger).must("SignUp", vars{"input": vars{"network": p.network, "name": "Late", "email": "late@example.com", "referralCode": strings.TrimPrefix(old, "https://acme.example/join?ref=")}}, nil)
		var found struct {
			Network struct {
				Partners struct {
					Nodes []struct{ ReferredBy *struct{ ID string } }
				}
			}
		}
		p.As(admin).must(`{ network { partners(filter: {search: "late"}) { nodes { referredBy { id } } } } }`, nil, &found)
		if late := found.Network.Partners.Nodes; len(late) != 1 || late[0].ReferredBy != nil {
			p.Errorf("by the old link: %v", late)
		}
	})
}
