package graph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"partner.example/referrals/commission"
	"partner.example/referrals/graph/resolve"
)

// document is a document that may run: it is within the limits and valid.
type document struct {
	text        string
	query       *ast.QueryDocument
	introspects bool
	partners    []string // the columns of partners that it asks for; nil: all of them
	size        resolve.Size
}

const (
	cachedDocuments = 250
	mostMistakes    = 50 // that are told of one document
)

// documents finds out what a request asks to run: a trusted document by its hash or its text, or one of the
// client's own.
type documents struct {
	schema  *ast.Schema
	trusted Trusted
	valid   *lru.Cache[string, *document]
}

func newDocuments(schema *ast.Schema, trusted Trusted) *documents {
	valid, err := lru.New[string, *document](cachedDocuments)
	if err != nil {
		panic(err) // no size is too small for it but 0
	}
	return &documents{schema: schema, trusted: trusted, valid: valid}
}

// find is the document of a request. One of the client's own is for those who may explore; where there are no
// trusted ones, for everybody.
func (d *documents) find(asked *request, explores bool) (*document, gqlerror.List) {
	id, refusal := asked.documentID()
	switch {
	case refusal != nil:
		return nil, gqlerror.List{refusal}
	case id != "" && d.trusted[id] != nil:
		return d.trusted[id], nil
	case asked.Query == "" && id == "":
		return nil, gqlerror.List{badRequest(`send an object in JSON, with "query" or "documentId" and, where they are needed, "variables" and "operationName"`)}
	case asked.Query == "":
		return nil, gqlerror.List{refused(persistedQueryNotFound, "PersistedQueryNotFound")}
	}
	if len(d.trusted) > 0 {
		if trusted := d.trusted[digest(asked.Query)]; trusted != nil {
			return trusted, nil
		}
		if !explores {
			return nil, gqlerror.List{refused(commission.Forbidden, "this document is not one of those that this server trusts")}
		}
	}
	if known, ok := d.valid.Get(asked.Query); ok {
		return known, nil
	}
	read, wrong := readDocument(d.schema, asked.Query, explores)
	if wrong == nil {
		d.valid.Add(asked.Query, read)
	}
	return read, wrong
}

// readDocument reads a document and tells all that is wrong with it, with suggestions or without.
func readDocument(schema *ast.Schema, text string, suggest bool) (*document, gqlerror.List) {
	if wrong := exceeded(limit{"bytes", maxBytes, len(text)}); wrong != nil {
		return nil, wrong
	}
	query, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, maxTokens)
	if err != nil {
		return nil, gqlerror.List{unparsed(err)}
	}
	introspects, wrong := withinLimits(query)
	if wrong == nil && len(query.Operations) == 0 {
		wrong = gqlerror.List{invalid(nil, "there is no operation")}
	}
	if wrong == nil {
		wrong = once(validator.ValidateWithRules(schema, query, validation(suggest)))
	}
	if wrong != nil {
		return nil, wrong
	}
	return &document{text: text, query: query, introspects: introspects, partners: partnerColumns(query)}, nil
}

func unparsed(err error) *gqlerror.Error {
	if strings.Contains(err.Error(), "exceeded token limit") {
		return limit{"tokens", maxTokens, 0}.exceeded()
	}
	if strings.Contains(err.Error(), "exceeded maximum nesting depth") {
		return limit{"depth", maxDepth, 0}.exceeded()
	}
	problem := gqlerror.WrapIfUnwrapped(err)
	return &gqlerror.Error{Message: problem.Message, Locations: places(problem.Locations), Extensions: map[string]any{"code": string(parseFailed)}}
}

// places leaves out what is no place: the parser counts the column of a text of several lines from its last one.
func places(told []gqlerror.Location) []gqlerror.Location {
	return slices.DeleteFunc(told, func(at gqlerror.Location) bool { return at.Line < 1 || at.Column < 1 })
}

// validation is the rules that a document is held against. Names that the client did not get right are suggested to
// those who may explore.
func validation(suggest bool) *rules.Rules {
	all := rules.NewDefaultRules()
	if suggest {
		return all
	}
	for _, silent := range []validator.Rule{
		rules.FieldsOnCorrectTypeRuleWithoutSuggestions, rules.KnownArgumentNamesRuleWithoutSuggestions, rules.KnownTypeNamesRuleWithoutSuggestions,
		rules.ScalarLeafsRuleWithoutSuggestions, rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
	} {
		all.RemoveRule(strings.TrimSuffix(silent.Name, "WithoutSuggestions"))
		all.AddRule(silent.Name, silent.RuleFunc)
	}
	return all
}

// once is the mistakes of a document, each told once with all its places.
func once(mistakes gqlerror.List) (told gqlerror.List) {
	byMessage := map[string]*gqlerror.Error{}
	for _, mistake := range mistakes {
		mistake.Locations = places(mistake.Locations)
		if same := byMessage[mistake.Message]; same != nil {
			same.Locations = append(same.Locations, mistake.Locations...)
			continue
		}
		if len(told) == mostMistakes {
			break
		}
		mistake.Extensions = map[string]any{"code": string(validationFailed)}
		byMessage[mistake.Message] = mistake
		told = append(told, mistake)
	}
	return told
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// request is what a client asks, before anything is known of it.
type request struct {
	graphql.RawParams
	DocumentID *string `json:"documentId"`

	unread map[string]written // variables
	rows   readRows
}

const hashPrefix = "sha256:"

// documentID is by which id a request names its document; "" where by none. GraphQL over HTTP has it as documentId, with
// the hash after "sha256:" or an id of the client's build; Apollo's clients have the hash in an extension.
func (r *request) documentID() (string, *gqlerror.Error) {
	id := ""
	if r.DocumentID != nil {
		id = strings.TrimPrefix(*r.DocumentID, hashPrefix)
		if id == "" {
			return "", badRequest(`"documentId" must be the id of a document`)
		}
	}
	if persisted, given := r.Extensions["persistedQuery"]; given {
		fields, _ := persisted.(map[string]any)
		hash, _ := fields["sha256Hash"].(string)
		if hash == "" || fmt.Sprint(fields["version"]) != "1" || (id != "" && id != hash) {
			return "", badRequest(`"extensions.persistedQuery" must be {"version": 1, "sha256Hash": "..."}`)
		}
		id = hash
	}
	if id != "" && r.Query != "" && digest(r.Query) != id {
		return "", badRequest("the hash is not that of the document")
	}
	return id, nil
}

// known hands gqlgen the document that was found for a request: it parses and validates none itself.
type known struct{}

var _ graphql.Cache[*ast.QueryDocument] = known{}

// Get is the document of the context.
func (known) Get(ctx context.Context, _ string) (*ast.QueryDocument, bool) {
	return admittedOf(ctx).query, true
}

// Add is not called: there is always a document.
func (known) Add(context.Context, string, *ast.QueryDocument) {}
