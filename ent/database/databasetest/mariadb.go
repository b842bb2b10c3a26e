package databasetest

import (
	"fmt"
	"os/exec"
)

func startMariaDB(folder string) (*cluster, error) {
	server, err := NewServer(folder, "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0")
	if err != nil {
		return nil, err
	}
	return &cluster{Hosts: []string{server.At().Host}, user: "root:", stop: server.Stop}, nil
}

func installMariaDB(options ...string) error {
	output, err := exec.Command("mariadb-install-db", append(options,
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("mariadb-install-db: %w\n%s", err, output)
	}
	return nil
}
