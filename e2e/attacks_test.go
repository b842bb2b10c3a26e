package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"partner.example/referrals/graph/graphtest"
)

// attempt is a request that somebody outside makes, and how it is turned away.
type attempt struct {
	method, path, body string
	headers            []string
	status             int
	code               string
}

// turnedAway makes an attempt several times and wants it to be refused, in little processor time.
func (c client) turnedAway(a attempt) (got answered) {
	c.Helper()
	c.cheaply(a.body, func() { got = c.HTTP(a.method, a.path, a.body, a.headers...) })
	if got.status != a.status || got.codes() != a.code || got.Data != nil {
		c.Errorf("HTTP %d %s: %.600s", got.status, got.codes(), got.text)
	}
	return got
}

func posted(document string, status int, code string) attempt {
	return attempt{method: http.MethodPost, path: "/graphql", body: body(document), headers: strictly, status: status, code: code}
}

// strictly asks for the status that says it.
var strictly = []string{"Accept", "application/graphql-response+json"}

// The checks of the tool graphql-cop, by its names for them, made by a stranger and by a partner's token on a server as
// it is in production. It counts two things as findings that we mean: queries by GET, which GraphQL over HTTP asks for,
// and the explorer, which holds nothing.
func TestAttacks_thatGraphqlCopMakes(t *testing.T) {
	onSQLite(t, func(p *product) {
		p.At("2026-02-01 10:00")
		ann := p.Active("Ann")
		const typename = "query cop { __typename }"
		asked := func(document string) string { return "/graphql?query=" + url.QueryEscape(document) }
		for _, who := range []account{stranger, partnerOf(ann)} {
			unseen := attempt{status: http.StatusUnauthorized, code: "UNAUTHENTICATED"}
			if who != stranger {
				unseen = attempt{status: http.StatusForbidden, code: "FORBIDDEN"}
			}
			asking := p.As(who)
			check := func(name string, test func(c client)) {
				p.each(who.role+" "+name, func(p *product) { test(client{product: p, token: asking.token}) })
			}
			check("Alias Overloading", func(c client) {
				c.turnedAway(posted(graphtest.Attacks()["101 aliases"].Document, http.StatusBadRequest, "LIMIT_EXCEEDED"))
			})
			check("Array-based Query Batching", func(c client) {
				batch := "[" + strings.TrimSuffix(strings.Repeat(body(typename)+",", 10), ",") + "]"
				c.turnedAway(attempt{method: http.MethodPost, path: "/graphql", body: batch, status: http.StatusBadRequest, code: "BAD_REQUEST"})
			})
			check("Directive Overloading", func(c client) {
				got := c.turnedAway(posted("query cop { __typename "+strings.Repeat("@aa", 10)+" }", http.StatusBadRequest, "LIMIT_EXCEEDED"))
				if len(got.Errors) != 1 {
					c.Errorf("each is told: %s", got.text)
				}
			})
			check("Introspection-based Circular Query", func(c client) {
				c.turnedAway(posted(graphtest.Attacks()["a circle of types"].Document, http.StatusBadRequest, "GRAPHQL_VALIDATION_FAILED"))
			})
			check("Field Duplication", func(c client) {
				c.turnedAway(posted("query cop { "+strings.Repeat("__typename \n", 500)+"}", http.StatusBadRequest, "LIMIT_EXCEEDED"))
			})
			check("Field Suggestions", func(c client) {
				got := c.turnedAway(posted("query cop { __schema { directive } }", http.StatusBadRequest, "GRAPHQL_VALIDATION_FAILED"))
				if strings.Contains(got.text, "Did you mean") || strings.Contains(got.text, "directives") {
					c.Errorf("it is told %s", got.text)
				}
			})
			check("Introspection", func(c client) {
				c.turnedAway(posted("query cop { __schema { types { name fields { name } } } }", unseen.status, unseen.code))
				c.turnedAway(posted(`query cop { __type(name: "Partner") { name fields { name } } }`, unseen.status, unseen.code))
			})
			check("GraphQL IDE", func(c client) {
				for path, status := range map[string]int{"/": 404, "/graphiql": 404, "/playground": 404, "/console": 404, "/graphql": 400, "/graphql/console": 404, "/altair": 404} {
					got := c.HTTP(http.MethodGet, path, "", "Accept", "text/html")
					if got.status != status || strings.Contains(got.header.Get("Content-Type"), "html") || strings.Contains(strings.ToLower(got.text), "graphiql") {
						c.Errorf("%s: HTTP %d %s", path, got.status, got.text)
					}
				}
			})
			check("Mutation is allowed over GET", func(c client) {
				c.turnedAway(attempt{method: http.MethodGet, path: asked("mutation cop { __typename }"), status: http.StatusMethodNotAllowed, code: "BAD_REQUEST"})
				c.turnedAway(attempt{method: http.MethodHead, path: asked("mutation cop { __typename }"), status: http.StatusMethodNotAllowed})
			})
			check("GET Method Query Support", func(c client) {
				elsewhere := []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Referer", "https://evil.example/"}
				c.turnedAway(attempt{method: http.MethodGet, path: asked(typename), headers: elsewhere, status: http.StatusForbidden, code: "FORBIDDEN"})
				if got := c.HTTP(http.MethodGet, asked(typename), ""); got.status != http.StatusOK || got.header.Get("Access-Control-Allow-Origin") != "" || got.header.Get("Set-Cookie") != "" {
					c.Errorf("HTTP %d %v %s", got.status, got.header, got.text)
				}
			})
			check("POST based url-encoded query (possible CSRF)", func(c client) {
				for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "application/json, text/plain", "text/plain; application/json"} {
					c.turnedAway(attempt{
						method: http.MethodPost, path: "/graphql", body: "query=" + url.QueryEscape(typename), headers: []string{"Content-Type", kind},
						status: http.StatusUnsupportedMediaType, code: "BAD_REQUEST",
					})
				}
			})
			check("Trace Mode", func(c client) {
				got := c.HTTP(http.MethodPost, "/graphql", body(typename), "X-Apollo-Tracing", "1", "Apollo-Federation-Include-Trace", "ftv1")
				var told struct{ Extensions map[string]any }
				if err := json.Unmarshal([]byte(got.text), &told); err != nil {
					c.Fatal(err)
				}
				delete(told.Extensions, "cost")
				delete(told.Extensions, "rateLimit")
				if got.codes() != "" || len(told.Extensions) != 0 {
					c.Errorf("it tells of its inside: %s", got.text)
				}
			})
			check("Unhandled Errors Detection", func(c client) {
				got := c.turnedAway(posted("qwerty cop { abc }", http.StatusBadRequest, "GRAPHQL_PARSE_FAILED"))
				if strings.Contains(got.text, "exception") || strings.Contains(got.text, "stack") {
					c.Errorf("it tells of its inside: %s", got.text)
				}
			})
		}
	})
}

// What is no document's doing: bodies, variables, tokens and ids that are made to break something or to find it out.
func TestAttacks_thatAreNoDocuments(t *testing.T) {
	onSQLite(t, func(p *product) {
		p.At("2026-02-01 10:00")
		pat := p.As(partnerOf(p.Active("Ann")))
		theirs := p.Neighbour("Zeta").Active("Zed")
		forged := func(header, claims string) []string {
			part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
			return []string{"Authorization", "Bearer " + part(header) + "." + part(claims) + "." + part("signature")}
		}
		claims := `{"iss": "https://id.example", "aud": "referrals", "sub": "ada", "role": "ADMIN", "exp": 4000000000}`
		const node = "query ($id: ID!) { node(id: $id) { id } }"
		with := func(document, variables string) string {
			text, err := json.Marshal(map[string]any{"query": document, "variables": json.RawMessage(variables)})
			if err != nil {
				p.Fatal(err)
			}
			return string(text)
		}
		post := func(body string, status int, code string, headers ...string) attempt {
			return attempt{method: http.MethodPost, path: "/graphql", body: body, headers: append(headers, strictly...), status: status, code: code}
		}
		for what, tried := range map[string]attempt{
			"huge variables":                    post(with(node, `{"id": "`+strings.Repeat("x", 300<<10)+`"}`), 413, "BAD_REQUEST"),
			"variables as large as they may be": post(with("query ($id: ID!) { node(id: $id) { nothing } }", `{"id": "`+strings.Repeat("x", 250<<10)+`"}`), 400, "GRAPHQL_VALIDATION_FAILED"),
			"variables 100,000 deep":            post(`{"query": "{ viewer { role } }", "variables": {"x": `+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+`}}`, 400, "BAD_REQUEST"),
			"a filter 9,000 deep":               post(with("query ($f: PartnerFilter) { network { partners(filter: $f) { totalCount } } }", `{"f": `+strings.Repeat(`{"search":`, 9000)+"1"+strings.Repeat("}", 9000)+"}"), 400, "BAD_USER_INPUT"),
			"20,000 wrong fields":               post(with("query ($f: PartnerFilter) { network { partners(filter: $f) { totalCount } } }", "{\"f\": {"+strings.TrimSuffix(graphtest.Numbered(20_000, `"f#": 1,`), ",")+"}}"), 400, "BAD_USER_INPUT"),
			"20,000 wrong statuses":             post(with("query ($s: [PartnerStatus!]) { network { partners(filter: {status: $s}) { totalCount } } }", "{\"s\": ["+strings.TrimSuffix(strings.Repeat("1,", 20_000), ",")+"]}"), 400, "BAD_USER_INPUT"),
			"40,000 wrong rows":                 post(with("mutation ($c: [ConversionInput!]!) { recordConversions(conversions: $c) { recorded } }", "{\"c\": ["+strings.TrimSuffix(strings.Repeat("1,", 40_000), ",")+"]}"), 400, "BAD_USER_INPUT"),
			"10,000 empty rows":                 post(with("mutation ($c: [ConversionInput!]!) { recordConversions(conversions: $c) { recorded } }", "{\"c\": ["+strings.TrimSuffix(strings.Repeat("{},", 10_000), ",")+"]}"), 400, "BAD_USER_INPUT"),
			"a number of 100,000 digits":        post(with("query ($n: Int) { network { partners(first: $n) { totalCount } } }", `{"n": `+strings.Repeat("9", 100_000)+`}`), 400, "BAD_USER_INPUT"),
			"an exponent without an end":        post(with("query ($n: Int) { network { partners(first: $n) { totalCount } } }", `{"n": 1e999999999}`), 400, "BAD_USER_INPUT"),
			"the same name many times":          post(`{`+strings.Repeat(`"query": "{ viewer { rol } }", `, 5000)+`"variables": {}}`, 400, "GRAPHQL_VALIDATION_FAILED"),
			"a JWT without a signature":         post(body("{ viewer { role } }"), 401, "UNAUTHENTICATED", forged(`{"alg": "none"}`, claims)...),
			"a JWT by another key":              post(body("{ viewer { role } }"), 401, "UNAUTHENTICATED", forged(`{"alg": "RS256", "kid": "1"}`, claims)...),
			"a JWT by a secret":                 post(body("{ viewer { role } }"), 401, "UNAUTHENTICATED", forged(`{"alg": "HS256"}`, claims)...),
			"a JWT of 60 KB":                    post(body("{ viewer { role } }"), 401, "UNAUTHENTICATED", forged(`{"alg": "RS256"}`, `{"iss": "`+strings.Repeat("x", 40_000)+`"}`)...),
			"SQL in a token":                    post(body("{ viewer { role } }"), 401, "UNAUTHENTICATED", "Authorization", "Bearer ' OR '1'='1"),
		} {
			p.each(what, func(p *product) { client{product: p, token: pat.token}.turnedAway(tried) })
		}
		for _, id := range []string{theirs, "", "1", "UGFydG5lcjow", "UGFydG5lcjotMQ", "' OR 1=1 --", "../../etc/passwd", base64.RawURLEncoding.EncodeToString([]byte("Partner:1 OR 1=1"))} {
			var found struct{ Node *struct{ ID string } }
			got := pat.HTTP(http.MethodPost, "/graphql", with(node, `{"id": `+quoted(id)+`}`))
			if err := json.Unmarshal(got.Data, &found); err != nil || found.Node != nil || got.codes() != "NOT_FOUND" && got.codes() != "" {
				p.Errorf("%q is answered %s", id, got.text)
			}
		}
	})
}

func quoted(text string) string {
	inJSON, _ := json.Marshal(text) //nolint:errchkjson // a text
	return string(inJSON)
}

// Whatever is sent, the log has no line that the sender wrote: each begins and ends where the server said so.
func TestAttacks_writeNoLineOfTheLog(t *testing.T) {
	for format, line := range map[string]*regexp.Regexp{
		"text": regexp.MustCompile(`^time=\S+ level=(INFO|WARN) msg=("[a-z][^"]*"|[a-z-]+)( \S+=("(\\.|[^"\\])*"|\S*))*$`),
		"json": regexp.MustCompile(`^\{"time":"[^"]+","level":"(INFO|WARN)","msg":"[a-z][^"]*"(,"\S+":("(\\.|[^"\\])*"|[\d.]+))*\}$`),
	} {
		t.Run(format, func(t *testing.T) {
			onSQLite(t, func(p *product) {
				p.With("--log-format", format, "--address-header", "X-Forwarded-For")
				p.At("2026-02-01 10:00")
				const forged = "x\r\ntime=2026-02-01T10:00:00Z level=ERROR msg=forged \x1b[31m \u2028 \x00 {\"level\":\"ERROR\",\"msg\":\"forged\"}\n"
				part := base64.RawURLEncoding.EncodeToString
				inURL := url.QueryEscape(forged)
				escaped, err := json.Marshal(forged)
				if err != nil {
					p.Fatal(err)
				}
				ada := p.As(admin)
				ada.Ask("query " + strings.ToUpper("forged") + " { viewer { role } }")
				ada.HTTP(http.MethodPost, "/graphql", `{"query": "query A { viewer { role } }", "operationName": `+string(escaped)+`}`)
				ada.HTTP(http.MethodPost, "/graphql", `{"documentId": `+string(escaped)+`}`)
				ada.HTTP(http.MethodPost, "/graphql", `{"query": `+string(escaped)+`}`)
				ada.HTTP(http.MethodPost, "/graphql", `{"query": "mutation ($n: String!) { createPartner(input: {name: $n}) { partner { id } } }", "variables": {"n": `+string(escaped)+`}}`)
				ada.HTTP(http.MethodPost, "/graphql", body("{ viewer { role } }"), "Idempotency-Key", "forged level=ERROR", "X-Forwarded-For", "192.0.2.1, level=ERROR msg=forged", "User-Agent", "level=ERROR msg=forged", "X-Request-Id", "level=ERROR")
				ada.HTTP(http.MethodGet, "/graphql?query="+inURL+"&operationName="+inURL+"&variables="+inURL, "")
				ada.HTTP(http.MethodGet, "/"+url.PathEscape(forged), "")
				ada.HTTP(http.MethodGet, "/invoices/"+url.PathEscape(forged)+".pdf", "")
				ada.HTTP(http.MethodGet, "/reports/referrals.csv?from="+inURL, "")
				for _, token := range []string{
					"ref_level=ERROR msg=forged", "eyJ." + part([]byte(forged)) + ".x",
					part([]byte(`{"alg": "RS256", "kid": `+string(escaped)+`}`)) + "." + part([]byte(`{"iss": `+string(escaped)+`, "sub": `+string(escaped)+`}`)) + "." + part([]byte("x")),
					part([]byte(`{"alg": "none"}`)) + "." + part([]byte(`{"iss": "https://id.example", "sub": `+string(escaped)+`}`)) + ".",
				} {
					ada.HTTP(http.MethodPost, "/graphql", body("{ viewer { role } }"), "Authorization", "Bearer "+token)
				}
				p.Stop()
				for written := range strings.SplitSeq(strings.TrimSuffix(p.server.log.String(), "\n"), "\n") {
					if !line.MatchString(written) || strings.Contains(written, "\x1b") {
						p.Errorf("a line that the server did not write so: %q", written)
					}
				}
			})
		})
	}
}
