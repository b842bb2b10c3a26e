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

const itsOwn = "ID NetworkID Name Email Status ApprovedAt Version ReferralCode ReferralMode ReferralStructureID ReferralSettingVersion Edges"

// shows is which fields are shown of rows that are not shown whole: by the type of the row, who asks, and the names of
// the rows, or * for all others.
var shows = map[string]map[string]map[string]string{
	"Partner": {
		"limited": {"bob": "ID NetworkID Name Status", "cid": "ID NetworkID Name Status", "gus": "ID NetworkID Name Status"},
		"ann":     {"ann": itsOwn, "bob": "ID NetworkID Name Status"},
		"bob":     {"bob": itsOwn},
	},
	"Account": {
		"global": {"*": "ID NetworkID Name"}, "limited": {"*": "ID NetworkID Name"}, "staff": {"*": "ID NetworkID Name"},
	},
	"Network": {
		"ann":     {"*": "ID Name Currency TimeZone ReferralEnabled ReferralStructureID SignUpPage"},
		"bob":     {"*": "ID Name Currency TimeZone ReferralEnabled ReferralStructureID SignUpPage"},
		"tracker": {"*": "ID Name Currency TimeZone"},
	},
	"Referral": {"ann": {"*": "ID NetworkID ReferrerID ReferredID Source StartedAt EndedAt Edges"}},
	"InvoiceLine": {
		"ann": {"*": "ID NetworkID InvoiceID Type Description TermID ReferredID StructureID From To Amount Edges"},
		"bob": {"*": "ID NetworkID InvoiceID Type Description TermID ReferredID StructureID From To Amount Edges"},
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
				for _, row := range rowsOf(w.as(who), client) {
					id := row.FieldByName("ID").Int()
					fields, isPart := shows[kind][who][w.names(kind, []int{int(id)})]
					if !isPart {
						fields, isPart = shows[kind][who]["*"]
					}
					for i := range row.NumField() {
						field := row.Type().Field(i)
						if !field.IsExported() {
							continue
						}
						want := reflect.Zero(field.Type).Interface()
						if !isPart || slices.Contains(strings.Fields(fields), field.Name) {
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
