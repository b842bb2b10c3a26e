package explorer

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"partner.example/referrals/commission"
)

func get(t *testing.T, target, encoding string) *httptest.ResponseRecorder {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/explorer/", Handler(func() Settings { return Settings{Explorers: []commission.Role{commission.Admin}} }))
	request := httptest.NewRequest(http.MethodGet, target, nil)
	request.Header.Set("Accept-Encoding", encoding)
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, request)
	return answer
}

func text(t *testing.T, response *httptest.ResponseRecorder) string {
	t.Helper()
	var body io.Reader = response.Body
	if response.Header().Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			t.Fatal(err)
		}
		body = unpacked
	}
	read, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(read)
}

func TestExplorer_isThePageAndAllThatItNames(t *testing.T) {
	if moved := get(t, "/explorer", ""); moved.Code/100 != 3 || moved.Header().Get("Location") != "/explorer/" {
		t.Errorf("/explorer answers %d to %q", moved.Code, moved.Header().Get("Location"))
	}
	page := get(t, "/explorer/", "br, gzip")
	html := text(t, page)
	if page.Code != http.StatusOK || page.Header().Get("Cache-Control") != "no-cache" || page.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("the page answers %d with %v", page.Code, page.Header())
	}
	named := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(html, -1)
	if len(named) == 0 {
		t.Error("the page names no script")
	}
	for _, name := range named {
		file := get(t, "/explorer/"+strings.TrimPrefix(name[1], "./"), "gzip")
		if file.Code != http.StatusOK || !strings.Contains(file.Header().Get("Cache-Control"), "immutable") || file.Header().Get("Content-Encoding") != "gzip" {
			t.Errorf("%s answers %d with %v", name[1], file.Code, file.Header())
		}
	}
	if text(t, get(t, "/explorer/", "")) != html {
		t.Error("who cannot unpack is sent something else")
	}
	if missing := get(t, "/explorer/../serve.go", ""); missing.Code == http.StatusOK {
		t.Error("it serves more than the page")
	}
	if missing := get(t, "/explorer/assets/nothing.js", ""); missing.Code != http.StatusNotFound {
		t.Errorf("what is not there answers %d", missing.Code)
	}
}

func TestExplorer_runsNoScriptButItsOwn(t *testing.T) {
	page := get(t, "/explorer/", "")
	got := page.Header().Get("Content-Security-Policy")
	for _, never := range []string{"unsafe-eval", "script-src 'self' 'unsafe-inline'", "http:", "https:", "*", "blob:"} {
		if strings.Contains(got, never) {
			t.Errorf("the policy allows %s: %s", never, got)
		}
	}
	for _, needed := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self';", "frame-ancestors 'none'"} {
		if !strings.Contains(got, needed) {
			t.Errorf("the policy lacks %s: %s", needed, got)
		}
	}
	if html := text(t, page); regexp.MustCompile(`<script(?:>|[^>]*[^>]>[^<])|\son\w+=|https?://`).MatchString(html) {
		t.Errorf("the page holds a script, or names another host:\n%s", html)
	}
}

// Files whose type nobody knows would be refused by browsers, under nosniff.
func TestExplorer_knowsTheTypesOfItsFiles(t *testing.T) {
	err := fs.WalkDir(built, "generated", func(path string, entry fs.DirEntry, err error) error {
		if name := strings.TrimSuffix(path, ".gz"); err == nil && !entry.IsDir() && (name == path || typeOf(name) == "") {
			t.Errorf("what is %s?", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The page is told which roles may look at the schema and where people sign in, and may ask that provider for tokens.
func TestExplorer_tellsThePageItsSettings(t *testing.T) {
	settings := Settings{Explorers: []commission.Role{commission.Admin, commission.PartnerUser}}
	door := Handler(func() Settings { return settings })
	get := func(name string) *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		door.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/explorer/"+name, nil))
		return answer
	}
	want := `{"explorers":["ADMIN","PARTNER"]}` + "\n"
	if answer := get("settings.json"); answer.Code != http.StatusOK || answer.Body.String() != want || answer.Header().Get("Content-Type") != "application/json" {
		t.Errorf("HTTP %d %v %s", answer.Code, answer.Header(), answer.Body)
	}
	settings.SignIn = &SignIn{
		Issuer: "https://id.example", Authorize: "https://id.example/authorize", Token: "https://tokens.id.example/token",
		Algorithms: []string{"RS256"}, Client: "explorer", Scope: "openid",
	}
	want = `{"explorers":["ADMIN","PARTNER"],"signIn":{"issuer":"https://id.example","authorize":"https://id.example/authorize",` +
		`"token":"https://tokens.id.example/token","algorithms":["RS256"],"client":"explorer","scope":"openid"}}` + "\n"
	if answer := get("settings.json"); answer.Body.String() != want {
		t.Errorf("it is told %s", answer.Body)
	}
	if got := get("").Header().Get("Content-Security-Policy"); !strings.Contains(got, "connect-src 'self' https://tokens.id.example;") {
		t.Errorf("the policy is %s", got)
	}
	settings.SignIn.Token = "https://id.example; script-src *"
	if got := get("").Header().Get("Content-Security-Policy"); !strings.Contains(got, "connect-src 'self';") || strings.Contains(got, "script-src *") {
		t.Errorf("the policy is %s", got)
	}
}
