package databasetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// startMySQL starts the genuine MySQL that tools/mysql.sh unpacked beside the system, by its own loader.
func startMySQL(folder string) (*cluster, error) {
	root, err := cached("mysql", "mysql")
	if err != nil {
		return nil, err
	}
	libraries := filepath.Join(root, "usr/lib/x86_64-linux-gnu")
	loader := filepath.Join(libraries, "ld-linux-x86-64.so.2")
	common := []string{
		"--library-path", libraries, filepath.Join(root, "usr/sbin/mysqld"),
		"--no-defaults", "--basedir=" + filepath.Join(root, "usr"), "--lc-messages-dir=" + filepath.Join(root, "usr/share/mysql"),
		"--character-sets-dir=" + filepath.Join(root, "usr/share/mysql/charsets"), "--plugin-dir=" + filepath.Join(root, "usr/lib/mysql/plugin"),
		"--datadir=" + filepath.Join(folder, "data"), "--innodb-redo-log-capacity=64M", "--skip-log-bin",
	}
	if os.Getuid() == 0 {
		common = append(common, "--user=root")
	}
	if output, err := exec.Command(loader, append(common, "--initialize-insecure")...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("mysqld --initialize-insecure: %w\n%s", err, output)
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	server, err := spawn(filepath.Join(folder, "log"), loader, append(common,
		"--port="+strconv.Itoa(port), "--bind-address=127.0.0.1", "--mysqlx=OFF", "--secure-file-priv=",
		"--socket="+filepath.Join(folder, "sock"), "--pid-file="+filepath.Join(folder, "pid"),
		"--performance-schema=OFF", "--innodb-buffer-pool-size=512M", "--max-connections=300",
		"--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-flush-method=nosync")...)
	if err != nil {
		return nil, err
	}
	stop := func() {
		server.kill()
		_ = os.RemoveAll(folder)
	}
	if err := server.awaits("root:", loopback(port), "SELECT 'is', 'there'", "there"); err != nil {
		stop()
		return nil, err
	}
	return &cluster{Hosts: []string{loopback(port)}, user: "root:", stop: stop}, nil
}
