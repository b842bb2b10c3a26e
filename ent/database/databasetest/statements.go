package databasetest

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Statements counts what a client says to a server of the MySQL family.
type Statements struct {
	count atomic.Int64

	mu      sync.Mutex
	clients []net.Conn
}

// Count is how many statements there were so far.
func (s *Statements) Count() int { return int(s.count.Load()) }

// Cut breaks the connections that there are. The client can see it at once; a new one is as good as ever.
func (s *Statements) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, client := range s.clients {
		_ = client.Close()
	}
	s.clients = nil
}

// Counted is the URL by which a database of the tests' server is reached so that the statements are counted.
func Counted(t testing.TB, location string) (string, *Statements) {
	t.Helper()
	head, rest, _ := strings.Cut(location, "@")
	hosts, tail, _ := strings.Cut(rest, "/")
	server, _, _ := strings.Cut(hosts, ",")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	counter := &Statements{}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			counter.mu.Lock()
			counter.clients = append(counter.clients, client)
			counter.mu.Unlock()
			go counter.relay(client, server)
		}
	}()
	return head + "@" + listener.Addr().String() + "/" + tail, counter
}

func (s *Statements) relay(client net.Conn, address string) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	// A packet has a head of four bytes: its length in three, and its number in the exchange, which is 0 for what
	// begins one. Its first byte then says what is wanted.
	const (
		headSize = 4
		query    = 3
	)
	packet := make([]byte, headSize+1)
	for {
		if _, err := io.ReadFull(client, packet); err != nil {
			return
		}
		length := binary.LittleEndian.Uint32(packet) & 0xffffff
		if packet[3] == 0 && packet[headSize] == query {
			s.count.Add(1)
		}
		if _, err := server.Write(packet); err != nil {
			return
		}
		if _, err := io.CopyN(server, client, int64(length)-1); err != nil {
			return
		}
	}
}
