package databasetest

import (
	"os"
	"path/filepath"
	"strconv"
)

// startTiDB starts the TiDB that 'make tidb' built, on storage of its own process.
func startTiDB(folder string) (*cluster, error) {
	program, err := cached("tidb-server", "tidb")
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	server, err := spawn(filepath.Join(folder, "log"), program,
		"-store", "unistore", "-path", filepath.Join(folder, "data"), "-host", "127.0.0.1", "-P", strconv.Itoa(ports[0]),
		"-status-host", "127.0.0.1", "-status", strconv.Itoa(ports[1]), "-temp-dir", filepath.Join(folder, "tmp"),
		"-socket", filepath.Join(folder, "sock"), "-log-slow-query", filepath.Join(folder, "slow"), "-L", "error")
	if err != nil {
		return nil, err
	}
	stop := func() {
		server.kill()
		_ = os.RemoveAll(folder)
	}
	if err := server.awaits("root:", loopback(ports[0]), "SELECT 'is', 'there'", "there"); err != nil {
		stop()
		return nil, err
	}
	return &cluster{Hosts: []string{loopback(ports[0])}, user: "root:", stop: stop}, nil
}
