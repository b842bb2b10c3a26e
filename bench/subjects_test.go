package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
)

// peers are what one would pick instead, by the name of their program in bench/peers.
var peers = []struct{ program, name string }{
	{"yoga", "GraphQL Yoga + Kysely"},
	{"mercurius", "Mercurius + mysql2"},
	{"apollo", "Apollo Server + Drizzle"},
}

const (
	theProduct = "the product"
	byHandInGo = "SQL by hand"
	poolSize   = "32" // the product's
)

// subject is a server that is measured.
type subject struct {
	name string
	pids []int // of all its processes
	server
}

// subjects starts the product and its peers on one database. They wait while another is measured.
func subjects(b *testing.B, location string) []subject {
	b.Helper()
	product := serve(b, location)
	all := []subject{{theProduct, []int{product.pid}, product}}
	for _, peer := range peers {
		all = append(all, subject{name: peer.name, server: servePeer(b, peer.program, location)})
		last := &all[len(all)-1]
		last.pids = append([]int{last.pid}, childrenOf(b, last.pid)...)
	}
	return all
}

func servePeer(b *testing.B, program, location string) server {
	b.Helper()
	if _, err := os.Stat("peers/node_modules/.package-lock.json"); err != nil {
		b.Fatal("the peers are not installed: make bench does that")
	}
	address := freeAddress(b)
	_, port, _ := strings.Cut(address, ":")
	var said bytes.Buffer
	process := exec.Command("node", "server.js", program)
	process.Dir, process.Stderr, process.Stdout = "peers", &said, &said
	process.Env = append(os.Environ(), "NODE_ENV=production", "DATABASE_URL="+location, "PORT="+port,
		"PROCESSES="+strconv.Itoa(sizes.Processes), "CONNECTIONS="+poolSize)
	if err := process.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = process.Wait(); close(ended) }()
	b.Cleanup(func() {
		_ = process.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	s := server{url: "http://" + address, pid: process.Process.Pid, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: sizes.Connections}}}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if _, err := s.send("", []byte(`{"query":"{ __typename }"}`)); err == nil {
			return s
		}
		select {
		case <-ended:
			b.Fatalf("%s ended:\n%s", program, said.String())
		default:
		}
		if time.Now().After(deadline) {
			b.Fatalf("%s does not answer:\n%s", program, said.String())
		}
	}
}

func childrenOf(b *testing.B, pid int) []int {
	b.Helper()
	listed, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		b.Fatal(err)
	}
	var children []int
	for _, field := range strings.Fields(string(listed)) {
		child, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		children = append(children, child)
	}
	return children
}

// memory is what all processes of a subject hold, in kB: what each has for itself, and once what they share, such as the
// program.
func (s subject) memory(b *testing.B) (kilobytes int64) {
	b.Helper()
	var shared int64
	for _, pid := range s.pids {
		rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			b.Fatal(err)
		}
		var all, own int64
		for line := range strings.Lines(string(rollup)) {
			fields := strings.Fields(line)
			if len(fields) < 2 {
				continue
			}
			n, _ := strconv.ParseInt(fields[1], 10, 64) // the first line is an address
			switch fields[0] {
			case "Rss:":
				all = n
			case "Private_Clean:", "Private_Dirty:":
				own += n
			}
		}
		kilobytes, shared = kilobytes+own, max(shared, all-own)
	}
	return kilobytes + shared
}

// operation is an operation of the clients' documents, with the fragments that it spreads, as one document.
func operation(b *testing.B, client, name string) string {
	b.Helper()
	path := "../e2e/operations/" + client + ".graphql"
	text, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	document, err := parser.ParseQuery(&ast.Source{Name: path, Input: string(text)})
	if err != nil {
		b.Fatal(err)
	}
	one := &ast.QueryDocument{Operations: ast.OperationList{document.Operations.ForName(name)}}
	var take func(set ast.SelectionSet)
	take = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				take(s.SelectionSet)
			case *ast.InlineFragment:
				take(s.SelectionSet)
			case *ast.FragmentSpread:
				if one.Fragments.ForName(s.Name) == nil {
					fragment := document.Fragments.ForName(s.Name)
					one.Fragments = append(one.Fragments, fragment)
					take(fragment.SelectionSet)
				}
			}
		}
	}
	take(one.Operations[0].SelectionSet)
	var written strings.Builder
	formatter.NewFormatter(&written).FormatQueryDocument(one)
	return written.String()
}

// asTheProduct checks that a peer answers a request as the product does, but for cursors, which are opaque.
func (s subject) asTheProduct(b *testing.B, product subject, token string, body []byte) {
	b.Helper()
	want, err := product.send(token, body)
	if err != nil {
		b.Fatalf("%s: %v", product.name, err)
	}
	got, err := s.send(token, body)
	if err != nil {
		b.Fatalf("%s: %v", s.name, err)
	}
	if !reflect.DeepEqual(plain(b, got), plain(b, want)) {
		b.Fatalf("%s answers\n%.3000s\nand the product\n%.3000s", s.name, got, want)
	}
}

func plain(b *testing.B, answer []byte) any {
	b.Helper()
	var all struct{ Data any }
	if err := json.Unmarshal(answer, &all); err != nil {
		b.Fatal(err)
	}
	var without func(value any)
	without = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			for key, inside := range v {
				if cursor, ok := inside.(string); ok && key == "endCursor" && cursor != "" {
					v[key] = "opaque"
				}
				without(inside)
			}
		case []any:
			for _, inside := range v {
				without(inside)
			}
		}
	}
	without(all.Data)
	return all.Data
}
