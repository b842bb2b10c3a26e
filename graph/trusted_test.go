package graph

import (
	"strings"
	"testing"
)

// A manifest whose ids would have a client answered by another document than its own is none.
func TestTrusted_refusesIdsThatStandForAnotherDocument(t *testing.T) {
	const one, other = "query A { viewer { role } }", "query B { viewer { name } }"
	apollo := func(operations string) string {
		return `{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [` + operations + `]}`
	}
	for what, manifest := range map[string]struct{ text, wrong string }{
		"an empty id":                  {`{"": "` + one + `"}`, "its id is empty"},
		"no more than the prefix":      {`{"sha256:": "` + one + `"}`, "its id is empty"},
		"the hash of another":          {`{"` + digest(other) + `": "` + one + `"}`, "its own is " + digest(one)},
		"the hash in capitals":         {`{"` + strings.ToUpper(digest(one)) + `": "` + one + `"}`, "its own is " + digest(one)},
		"a prefix and no hash":         {`{"sha256:a": "` + one + `"}`, "its own is " + digest(one)},
		"two documents under an id":    {apollo(`{"id": "a", "body": "` + one + `"}, {"id": "a", "body": "` + other + `"}`), `two for "a"`},
		"what the schema does not fit": {`{"a": "{ nothing }"}`, "nothing"},
		"what is too deep":             {`{"a": "` + strings.Repeat("{a", 20) + strings.Repeat("}", 20) + `"}`, "limit is 16"},
		"no JSON":                      {`query A`, "a manifest is JSON"},
		"numbers":                      {`{"a": 5}`, "a manifest is JSON"},
	} {
		if _, err := ReadTrusted(strings.NewReader(manifest.text)); err == nil || !strings.Contains(err.Error(), manifest.wrong) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, text := range map[string]string{
		"Relay's":                `{"0123456789abcdef0123456789abcdef": "` + one + `"}`,
		"a hash":                 `{"` + digest(one) + `": "` + one + `"}`,
		"a hash with its prefix": `{"sha256:` + digest(one) + `": "` + one + `"}`,
		"the same twice":         apollo(`{"id": "a", "body": "` + one + `"}, {"id": "a", "body": "` + one + `"}`),
	} {
		if trusted, err := ReadTrusted(strings.NewReader(text)); err != nil || trusted[digest(one)] == nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}
