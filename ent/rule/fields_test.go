package rule_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"partner.example/referrals/ent/generated/partner"
	"partner.example/referrals/ent/generated/privacy"
)

// shows is which fields are shown of rows that are not shown whole: by the type of the row and who asks, and, where it
// is not of all rows that they see, the names of those.
var shows = map[string]map[string]struct{ fields, of string }{
	"Partner": {
		"limited": {"ID NetworkID Name Status", "bob cid gus"},
		"ann":     {"ID NetworkID Name Status", "bob"},
	},
	"Account": {
		"global": {fields: "ID NetworkID Name"}, "limited": {fields: "ID NetworkID Name"}, "staff": {fields: "ID NetworkID Name"},
	},
	"Network": {
		"ann":     {fields: "ID Name Currency TimeZone ReferralEnabled ReferralStructureID SignUpPage"},
		"bob":     {fields: "ID Name Currency TimeZone ReferralEnabled ReferralStructureID SignUpPage"},
		"tracker": {fields: "ID Name Currency TimeZone"},
	},
	"Referral": {"ann": {fields: "ID NetworkID ReferrerID ReferredID Source StartedAt EndedAt Edges"}},
	"InvoiceLine": {
		"ann": {fields: "ID NetworkID InvoiceID Type Description TermID ReferredID StructureID From To Amount Edges"},
		"bob": {fields: "ID NetworkID InvoiceID Type Description TermID ReferredID StructureID From To Amount Edges"},
	},
}

func TestEverybody_isShownTheFieldsThatAreTheirs(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for kind, client := range clients(w.db.Client) {
			whole := map[int64]reflect.Value{}
			for _, row := range rowsOf(program(), client) {
				whole[row.FieldByName("ID").Int()] = row
			}
			for who := range w.viewers {
				if _, may := sees[kind][who]; !may {
					continue
				}
				part, isPart := shows[kind][who]
				for _, row := range rowsOf(w.as(who), client) {
					id := row.FieldByName("ID").Int()
					all := !isPart || part.of != "" && !slices.Contains(strings.Fields(part.of), w.names(kind, []int{int(id)}))
					for i := range row.NumField() {
						field := row.Type().Field(i)
						if !field.IsExported() {
							continue
						}
						want := reflect.Zero(field.Type).Interface()
						if all || slices.Contains(strings.Fields(part.fields), field.Name) {
							want = whole[id].Field(i).Interface()
						}
						if got := row.Field(i).Interface(); !reflect.DeepEqual(got, want) {
							t.Errorf("%s is shown %s.%s of %d: %v, want %v", who, kind, field.Name, id, got, want)
						}
					}
				}
			}
		}
	})
}

// A column by itself does not say of which row it is, and whether that may be shown.
func TestWhoIsShownAPart_selectsNoColumns(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for who, may := range map[string]bool{"admin": true, "global": true, "staff": true, "limited": false, "ann": false} {
			_, err := w.db.Partner.Query().Select(partner.FieldEmail).Strings(w.as(who))
			if denied := errors.Is(err, privacy.Deny); denied == may || (may && err != nil) {
				t.Errorf("%s selects the e-mails: %v, want that it may: %v", who, err, may)
			}
			_, err = w.db.Partner.Query().GroupBy(partner.FieldEmail).Strings(w.as(who))
			if denied := errors.Is(err, privacy.Deny); denied == may || (may && err != nil) {
				t.Errorf("%s groups by the e-mails: %v, want that it may: %v", who, err, may)
			}
		}
	})
}
