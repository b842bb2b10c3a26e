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
	"syscall"
	"time"
)

// Server is a MariaDB server of a test's own, to which everything may be done that happens to servers.
type Server struct {
	folder  string
	port    int
	command []string
	process *exec.Cmd
}

// StartMariaDB starts a server in a folder, on a free port of loopback, and tells where it is and how
// to stop it and remove the folder.
func StartMariaDB(folder string, options ...string) (*url.URL, func(), error) {
	server, err := NewServer(folder, options...)
	if err != nil {
		return nil, nil, err
	}
	return server.At(), server.Stop, nil
}

// NewServer starts a server in a folder, on a free port of loopback.
func NewServer(folder string, options ...string) (*Server, error) {
	program, err := installed("mariadbd")
	if err != nil {
		return nil, err
	}
	data, temporary := filepath.Join(folder, "data"), filepath.Join(folder, "tmp")
	if err := os.Mkdir(temporary, 0o700); err != nil {
		return nil, err
	}
	common := []string{
		"--no-defaults", "--datadir=" + data, "--innodb-log-file-size=64M",
		"--tmpdir=" + temporary, // in a common one, a server that starts removes the files of others
	}
	if os.Getuid() == 0 {
		common = append(common, "--user=root")
	}
	if err := installMariaDB(common...); err != nil {
		return nil, err
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	server := &Server{folder: folder, port: port, command: append(append(append([]string{program}, common...),
		"--port="+strconv.Itoa(port), "--bind-address=127.0.0.1", "--skip-name-resolve",
		"--socket="+filepath.Join(folder, "sock"), "--pid-file="+filepath.Join(folder, "pid"),
		"--character-set-server=utf8mb4", "--collation-server=utf8mb4_bin",
		"--innodb-buffer-pool-size=512M", "--max-connections=300"), options...)}
	return server, server.Start()
}

// At is where the server is, without a database.
func (s *Server) At() *url.URL {
	return &url.URL{Scheme: "mysql", User: url.UserPassword("root", ""), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: "/"}
}

// Start starts the server, or starts it again, and waits until it answers.
func (s *Server) Start() error {
	log, err := os.Create(filepath.Join(s.folder, "log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	s.process = exec.Command(s.command[0], s.command[1:]...)
	s.process.Stdout, s.process.Stderr, s.process.SysProcAttr = log, log, withUs()
	if err := s.process.Start(); err != nil {
		return err
	}
	if err := answers(s.At()); err != nil {
		said, _ := os.ReadFile(log.Name())
		s.Stop()
		return fmt.Errorf("mariadbd did not start: %w\n%s", err, strings.TrimSpace(string(said)))
	}
	return nil
}

// Kill ends the server as a power cut does.
func (s *Server) Kill() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

// Pause stops the server in the middle of whatever it does; it still holds its connections.
func (s *Server) Pause() error {
	if err := s.process.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for { // until all its threads have stopped, which on a busy machine is not at once
		if _, err := syscall.Wait4(s.process.Process.Pid, nil, syscall.WUNTRACED, nil); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// Resume lets it go on.
func (s *Server) Resume() error { return s.process.Process.Signal(syscall.SIGCONT) }

// Stop ends the server and removes its folder.
func (s *Server) Stop() {
	s.Kill()
	_ = os.RemoveAll(s.folder)
}

func answers(at *url.URL) error {
	server, err := sql.Open("mysql", fmt.Sprintf("root:@tcp(%s)/", at.Host))
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	const patience = 30 * time.Second
	for deadline := time.Now().Add(patience); ; {
		err := server.PingContext(context.Background())
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// FreePort is a port of loopback that nobody listens on.
func FreePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
