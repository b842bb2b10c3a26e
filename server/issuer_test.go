package main

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// issuer is an OpenID Connect provider on loopback: a discovery document, and the keys that its tokens verify by.
type issuer struct {
	*testing.T
	*httptest.Server

	mu      sync.Mutex
	keys    []*signingKey // published, the one in use last
	fetches int           // of the keys
	down    bool
}

// signingKey signs tokens, and says by its id which key they verify by.
type signingKey struct {
	id string
	*rsa.PrivateKey
}

// made are the keys of all tests: to make one takes a while.
var made sync.Map

func keyOf(t *testing.T, id string) *signingKey {
	t.Helper()
	if known, ok := made.Load(id); ok {
		return known.(*signingKey)
	}
	const bits = 2048
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	made.Store(id, &signingKey{id, key})
	return &signingKey{id, key}
}

func startIssuer(t *testing.T, name string) *issuer {
	t.Helper()
	i := &issuer{T: t, keys: []*signingKey{keyOf(t, name)}}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.answer(w, map[string]any{
			"issuer": i.URL, "jwks_uri": i.URL + "/keys", "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
			"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"}, // more than anybody should take
		})
	})
	routes.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		i.fetches++
		keys := make([]any, len(i.keys))
		for at, key := range i.keys {
			keys[at] = map[string]any{
				"kty": "RSA", "use": "sig", "alg": "RS256", "kid": key.id,
				"n": encoded(key.N.Bytes()), "e": encoded(big.NewInt(int64(key.E)).Bytes()),
			}
		}
		i.mu.Unlock()
		i.answer(w, map[string]any{"keys": keys})
	})
	i.Server = httptest.NewServer(routes)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) answer(w http.ResponseWriter, document map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.down {
		http.Error(w, "out of order", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(document)
}

// set changes how the issuer goes on.
func (i *issuer) set(change func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change()
}

func (i *issuer) fetched() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// inUse is the key that signs.
func (i *issuer) inUse() *signingKey {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[len(i.keys)-1]
}

// claims is what a token says.
type claims map[string]any

// says is the claims of somebody who may sign in, with others besides; nil takes one away.
func (i *issuer) says(others claims) claims {
	said := claims{
		"iss": i.URL, "aud": "referrals", "sub": "ada", "name": "Ada", "email": "ada@example.com", "role": "ADMIN",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	for name, value := range others {
		if said[name] = value; value == nil {
			delete(said, name)
		}
	}
	return said
}

// token is signed as it should be.
func (i *issuer) token(others claims) string { return signedBy(i.inUse(), i.says(others)) }

func signedBy(key *signingKey, said claims) string {
	head := part(claims{"alg": "RS256", "typ": "JWT", "kid": key.id}) + "." + part(said)
	digest := sha256.Sum256([]byte(head))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key.PrivateKey, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return head + "." + encoded(signature)
}

// unsigned says that it needs no signature.
func unsigned(said claims) string {
	return part(claims{"alg": "none", "typ": "JWT"}) + "." + part(said) + "."
}

// signedWithTheSecret is signed by the public key, as if that were a secret that both sides know.
func signedWithTheSecret(key *signingKey, said claims) string {
	head := part(claims{"alg": "HS256", "typ": "JWT", "kid": key.id}) + "." + part(said)
	mac := hmac.New(sha256.New, key.N.Bytes())
	mac.Write([]byte(head))
	return head + "." + encoded(mac.Sum(nil))
}

func part(said claims) string {
	text, err := json.Marshal(said)
	if err != nil {
		panic(err)
	}
	return encoded(text)
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
