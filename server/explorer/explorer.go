// Package explorer is the page at /explorer: GraphiQL with a sign-in, a banner that says who looks at which network, and
// a shelf of ready documents. All of it is in the binary and asks no other host for anything. `web` is its source.
package explorer

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"partner.example/referrals/commission"
)

// What `make explorer` made of web: every file compressed, those in assets named by their content.
//
//go:embed generated
var built embed.FS

// policy lets the page run its own scripts and ask its own server and, where people sign in at a provider, that one for
// their tokens, and nothing else. Styles in the page are allowed, since the editor writes them; scripts in the page, and
// text that becomes a script, are not.
const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'%s; " +
	"style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const (
	always = "public, max-age=31536000, immutable" // a name that holds a hash of the content
	asked  = "no-cache"

	settingsFile = "settings.json"
)

// Settings are what the page is to know of its server, as JSON.
type Settings struct {
	Explorers []commission.Role `json:"explorers"`        // may introspect
	SignIn    *SignIn           `json:"signIn,omitempty"` // nil: people paste tokens
}

// SignIn is where people sign in: an OpenID Connect provider that knows the page as a public client. It is the
// authorization code flow with PKCE.
type SignIn struct {
	Issuer     string   `json:"issuer"`
	Authorize  string   `json:"authorize"`  // the endpoint where the person goes
	Token      string   `json:"token"`      // the endpoint that the page asks
	Algorithms []string `json:"algorithms"` // that it signs with
	Client     string   `json:"client"`
	Scope      string   `json:"scope"`
}

// page is the explorer of a server, as its settings are at the moment.
type page func() Settings

// Handler answers what is under /explorer/. Whoever can reach the server may load the page: it holds nothing, and what it
// shows it asks for by the token of whoever signs in.
func Handler(settings func() Settings) http.Handler {
	return http.StripPrefix("/explorer/", page(settings))
}

// ServeHTTP answers with a file.
func (p page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the explorer is read by GET", http.StatusMethodNotAllowed)
		return
	}
	name := r.URL.Path
	if name == "" {
		name = "index.html"
	}
	header := w.Header()
	if name == settingsFile {
		header.Set("Content-Type", "application/json")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cache-Control", asked)
		_ = json.NewEncoder(w).Encode(p())
		return
	}
	compressed, err := fs.ReadFile(built, path.Join("generated", name+".gz"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	header.Set("Content-Security-Policy", fmt.Sprintf(policy, p.providers(name)))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Content-Type", typeOf(name))
	header.Set("Vary", "Accept-Encoding")
	header.Set("Cache-Control", asked)
	if strings.HasPrefix(name, "assets/") {
		header.Set("Cache-Control", always)
	}
	if err := send(w, r, compressed); err != nil {
		panic(http.ErrAbortHandler) // half of a file is worse than none
	}
}

// providers is whom else the page may ask, as a part of the policy. Its scripts and workers ask as the page.
func (p page) providers(name string) string {
	if path.Ext(name) != ".html" {
		return ""
	}
	at := p().SignIn
	if at == nil {
		return ""
	}
	token, err := url.Parse(at.Token)
	if err != nil || token.Host == "" || strings.ContainsAny(token.Host, "; ,") {
		return ""
	}
	return " " + token.Scheme + "://" + token.Host
}

// send sends a file as it is kept, or unpacked to who cannot unpack it.
func send(w http.ResponseWriter, r *http.Request, compressed []byte) error {
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", strconv.Itoa(len(compressed)))
		if r.Method == http.MethodHead {
			return nil
		}
		_, err := w.Write(compressed) //nolint:gosec // our own files
		return err
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil || r.Method == http.MethodHead {
		return err
	}
	_, err = io.Copy(w, unpacked) //nolint:gosec // our own files
	return err
}

// typeOf is the media type of a file, the same on every machine.
func typeOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".md":
		return "text/plain; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".ttf":
		return "font/ttf"
	default:
		return mime.TypeByExtension(path.Ext(name))
	}
}
