// Package graphtest holds what tests of the door have in common: what is sent to break it, and what no answer says.
package graphtest

import (
	"regexp"
	"strconv"
	"strings"

	"partner.example/referrals/graph"
)

// inside is of what the program is made, and formats gone wrong.
var inside = regexp.MustCompile(`(?i:\bent\b|\bsql|generated:|mariadb|constraint|commission\.|decimal\.|goroutine|runtime error|\.go:\d)|Error 1|%!|\b0xc0|INTERNAL|internal error|panic`)

// Inside is what a text shows of the inside, which no client should see; "": nothing.
func Inside(text string) string { return inside.FindString(text) }

// Leak is what is wrong with an error that a client is told: a code that is none, no message, or something of the
// inside that the client did not send itself. "": nothing.
func Leak(code, message, sent string) string {
	switch found := Inside(message); {
	case !graph.IsCode(code), Inside(code) != "":
		return "the code " + strconv.Quote(code)
	case message == "":
		return "no message"
	case found != "" && (sent == "" || !strings.Contains(strings.ToLower(sent), strings.ToLower(found))):
		return strconv.Quote(found)
	default:
		return ""
	}
}
