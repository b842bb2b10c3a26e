package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"

	"golang.org/x/tools/imports"
)

// What is written in generated code, and what instead. gqlgen has no setting for any of it.
var (
	anObject = regexp.MustCompile(`(?s)\tout := graphql\.NewFieldSet\(fields\)\n\tdeferred := graphql\.NewDeferredGroup\(ctx\)\n(.*?)\n\tif n := len\(deferred\.Defers\); n > 0 \{\n.*?\n\t\}\n`)
	aList    = regexp.MustCompile(`graphql\.MarshalSliceConcurrently\(ctx, len\(v\), \d+, false, `)
	aField   = regexp.MustCompile(`(?s)(func \(ec \*executionContext\) _(\w+)\(ctx context\.Context, field graphql\.CollectedField, obj [^)]*\)) \(ret graphql\.Marshaler\) \{\n` +
		`\treturn graphql\.ResolveField\(\n\t\tctx,\n\t\tec\.OperationContext,\n\t\tfield,\n[^\n]*\n[^\n]*\n\t\t\},\n` +
		`\t\tfunc\(ctx context\.Context\) \(any, error\) \{\n\t\t\treturn (obj\.[\w.]+(?:\(\))?, nil|ec\.Resolvers\.\w+\(\)\.ID\(ctx, obj\))\n\t\t\},\n\t\tnil,\n` +
		`\t\tfunc\(ctx context\.Context, selections ast\.SelectionSet, v ([^ ]+)\) graphql\.Marshaler \{\n\t\t\treturn ec\.(marshal\S+)\(ctx, selections, v\)\n\t\t\},\n` +
		`\t\ttrue,\n\t\t(true|false),\n\t\)\n\}`)
	shared   = regexp.MustCompile(`(func \(ec \*executionContext\) marshal(?:[NO]CommissionStructure|[NO]Account|OPartner)2ᚖ[^\n]*\n(?:\t[^\n]*\n)*?)\treturn (ec\._\w+)\(ctx, sel, v\)\n`)
	anAnswer = regexp.MustCompile(`\tvar buf bytes\.Buffer\n(\t+)data\.MarshalGQL\(&buf\)\n`)
	aLock    = regexp.MustCompile(`(?s)roles, err := ec\.unmarshal[^\n(]+\(ctx, \[\]any(\{[^}]*\})\)\n\t+if err != nil \{\n.*?\n\t+\}\n`)
)

// lean rewrites the generated code where it does more than an answer of ours needs, which took more than what the fields
// themselves do:
//   - An object whose fields are resolved one after the other is a resolve.Object.
//   - A list is a resolve.List, which begins no goroutine for each of its rows.
//   - A scalar that is a field of a struct, or what a method of it gives, or an id, is written as it is: there is nothing to ask, to guard, or to fail.
//     The fields of the network are not, since support staff's look at them is noted.
//   - Structures, accounts, and the partners that partners refer to are answered once for all rows of a list.
//   - The data of an answer is written where there is room for it.
//   - The roles that a lock lets pass are a list, and not read out of a text for each row.
func lean(path string) error {
	code, err := os.ReadFile(path) //nolint:gosec // which gqlgen.yml names
	if err != nil {
		return err
	}
	var objects, lists, fields, references, answers, locks int
	code = anObject.ReplaceAllFunc(code, func(object []byte) []byte {
		if bytes.Contains(object, []byte("Concurrently(")) {
			return object
		}
		objects++
		return anObject.ReplaceAll(object, []byte("\tout := resolve.NewObject(fields)\n$1\n"))
	})
	code = aList.ReplaceAllFunc(code, func([]byte) []byte {
		lists++
		return []byte("resolve.List(ctx, len(v), ")
	})
	text := string(code)
	code = aField.ReplaceAllFunc(code, func(field []byte) []byte {
		parts := aField.FindSubmatch(field)
		name, kind, required := string(parts[2]), string(parts[4]), string(parts[6]) == "true"
		scalar := strings.Contains(text, "fieldContext_"+name+"(_ context.Context, field graphql.CollectedField) (fc *graphql.FieldContext, err error) {\n\treturn graphql.NewScalarFieldContext(")
		value, plain := strings.CutSuffix(string(parts[3]), ", nil")
		switch {
		case !scalar, strings.HasPrefix(name, "Network_"):
			return field
		case !plain: // an id
			fields++
			return bytes.Replace(field, []byte("\treturn "), []byte("\tif id, err := "+value+"; err == nil && id != nil {\n\t\treturn ec."+string(parts[5])+"(ctx, field.Selections, id)\n\t}\n\treturn "), 1)
		case strings.HasPrefix(kind, "[]"), required && strings.HasPrefix(kind, "*"): // it may be null that must not be
			return field
		default:
			fields++
			return aField.ReplaceAll(field, []byte("$1 graphql.Marshaler {\n\treturn ec.$5(ctx, field.Selections, "+value+")\n}"))
		}
	})
	code = shared.ReplaceAllFunc(code, func(reference []byte) []byte {
		references++
		return shared.ReplaceAll(reference, []byte("$1\treturn resolve.Once(ctx, sel, v, $2)\n"))
	})
	code = anAnswer.ReplaceAllFunc(code, func(answer []byte) []byte {
		answers++
		return anAnswer.ReplaceAll(answer, []byte("\tbuf := resolve.Answer(ctx)\n${1}data.MarshalGQL(buf)\n"))
	})
	code = aLock.ReplaceAllFunc(code, func(lock []byte) []byte {
		locks++
		return aLock.ReplaceAll(lock, []byte("roles := []commission.Role$1\n"))
	})
	if objects == 0 || lists == 0 || fields == 0 || references == 0 || answers == 0 || locks == 0 {
		return fmt.Errorf("%s is not as it was: %d objects, %d lists, %d fields, %d references, %d answers and %d locks were found to be rewritten", path, objects, lists, fields, references, answers, locks)
	}
	code, err = imports.Process(path, code, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	const ours = 0o644
	return os.WriteFile(path, code, ours) //nolint:gosec // likewise
}
