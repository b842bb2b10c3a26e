package databasetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// cluster is a running server, or several of them that are one database.
type cluster struct {
	Hosts []string // host:port of each node
	user  string   // user:password
	stop  func()
}

// Stop stops what was started, and removes its folder.
func (s *cluster) Stop() { s.stop() }

// existing is a server that somebody else started.
func existing(location string) (*cluster, error) {
	at, err := url.Parse(location)
	if err != nil {
		return nil, err
	}
	password, _ := at.User.Password()
	return &cluster{Hosts: []string{at.Host}, user: at.User.Username() + ":" + password, stop: func() {}}, nil
}

// process is a server's process.
type process struct {
	command *exec.Cmd
	log     string
	ended   chan struct{}
}

// spawn starts a program that goes on until it is killed, and writes what it says to a file.
func spawn(log, program string, args ...string) (*process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	command := exec.Command(program, args...)
	command.Stdout, command.Stderr, command.SysProcAttr = file, file, withUs()
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{command: command, log: log, ended: make(chan struct{})}
	go func() {
		_ = command.Wait()
		close(p.ended)
	}()
	return p, nil
}

// kill ends it as a power cut does.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	<-p.ended
}

// failed adds the end of what the process said.
func (p *process) failed(err error) error {
	const most = 2000
	said, _ := os.ReadFile(p.log)
	if len(said) > most {
		said = said[len(said)-most:]
	}
	return fmt.Errorf("%s: %w\n%s", filepath.Base(p.command.Path), err, strings.TrimSpace(string(said)))
}

// answers waits until a server answers a question as it should.
func (p *process) awaits(user, host, question, want string) error {
	server, err := sql.Open("mysql", user+"@tcp("+host+")/")
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	const patience = 3 * time.Minute // the machine may be busy
	for deadline := time.Now().Add(patience); ; {
		var name, got string
		err := server.QueryRowContext(context.Background(), question).Scan(&name, &got)
		switch {
		case err == nil && got == want:
			return nil
		case time.Now().After(deadline):
			return p.failed(errors.Join(fmt.Errorf("it does not answer: %q", got), err))
		}
		select {
		case <-p.ended:
			return p.failed(errors.New("it ended"))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// freePorts is some ports of loopback that nobody listens on.
func freePorts(count int) ([]int, error) {
	var ports []int
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }() // each another one, as long as the others are taken
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// installed finds a program, also where only root's PATH leads.
func installed(name string) (string, error) {
	program, err := exec.LookPath(name)
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/" + name)
	}
	if err != nil {
		return "", fmt.Errorf("%s is not installed: run 'make mariadb', or name a server in TEST_DATABASE_URL", name)
	}
	return program, nil
}

// cached is where tools/ keeps what it fetched or built.
func cached(name, how string) (string, error) {
	folder, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "referrals", name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is not there: run 'make %s'", path, how)
	}
	return path, nil
}
