package databasetest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const galeraNodes = 3

// Galera is a cluster of three nodes, none of which is special.
type Galera struct {
	*cluster
	nodes []*galeraNode
}

type galeraNode struct {
	folder string
	args   []string
	host   string
	run    *process
}

func startGalera(folder string) (*cluster, error) {
	g, err := StartGalera(folder)
	if err != nil {
		return nil, err
	}
	return g.cluster, nil
}

// StartGalera starts a cluster in a folder, its nodes one after the other.
func StartGalera(folder string) (g *Galera, err error) {
	program, err := installed("mariadbd")
	if err != nil {
		return nil, err
	}
	provider := "/usr/lib/galera/libgalera_smm.so"
	if _, err := os.Stat(provider); err != nil {
		return nil, fmt.Errorf("it comes with mariadb-server of Debian: %w", err)
	}
	g = &Galera{cluster: &cluster{user: "root:"}}
	g.stop = func() {
		for _, node := range g.nodes {
			if node.run != nil {
				node.run.kill()
			}
		}
		_ = os.RemoveAll(folder)
	}
	defer func() {
		if err != nil {
			g.stop()
		}
	}()
	as, err := asMySQL(folder)
	if err != nil {
		return nil, err
	}
	seed := filepath.Join(folder, "seed")
	if err := installMariaDB(slices.Concat([]string{"--no-defaults", "--datadir=" + seed, "--innodb-log-file-size=16M"}, as)...); err != nil {
		return nil, err
	}
	const each = 4 // a port for SQL, and for the group, incremental and whole state transfers
	ports, err := freePorts(galeraNodes * each)
	if err != nil {
		return nil, err
	}
	var group []string
	for i := range galeraNodes {
		group = append(group, loopback(ports[i*each+1]))
	}
	for i := range galeraNodes {
		port := ports[i*each : (i+1)*each]
		node := &galeraNode{folder: filepath.Join(folder, "node"+strconv.Itoa(i)), host: loopback(port[0])}
		data := filepath.Join(node.folder, "data")
		for _, command := range [][]string{{"mkdir", "-p", filepath.Join(node.folder, "tmp")}, {"cp", "-a", seed, data}, {"chown", "--reference=" + folder, node.folder, filepath.Join(node.folder, "tmp")}} {
			if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
				return nil, fmt.Errorf("%s: %w\n%s", command, err, output)
			}
		}
		node.args = slices.Concat([]string{
			"--no-defaults", "--datadir=" + data, "--tmpdir=" + filepath.Join(node.folder, "tmp"), "--socket=" + filepath.Join(node.folder, "sock"),
			"--pid-file=" + filepath.Join(node.folder, "pid"), "--port=" + strconv.Itoa(port[0]), "--bind-address=127.0.0.1", "--skip-name-resolve",
			"--character-set-server=utf8mb4", "--collation-server=utf8mb4_bin", "--max-connections=300",
			"--binlog-format=ROW", "--default-storage-engine=InnoDB", "--innodb-autoinc-lock-mode=2", "--innodb-flush-log-at-trx-commit=0",
			"--innodb-log-file-size=16M", "--innodb-buffer-pool-size=128M",
			"--wsrep-on=ON", "--wsrep-provider=" + provider, "--wsrep-cluster-name=tests", "--wsrep-node-name=n" + strconv.Itoa(i),
			"--wsrep-node-address=" + group[i], "--wsrep-node-incoming-address=" + node.host,
			"--wsrep-sst-method=rsync", "--wsrep-sst-receive-address=" + loopback(port[3]), "--wsrep-slave-threads=2",
			"--wsrep-provider-options=" + strings.Join([]string{
				"base_port=" + strconv.Itoa(port[1]), "gmcast.listen_addr=tcp://" + group[i],
				"ist.recv_addr=" + loopback(port[2]), "ist.recv_bind=" + loopback(port[2]), "gcache.size=64M", "pc.recovery=FALSE",
				"evs.suspect_timeout=PT3S", "evs.inactive_timeout=PT6S", "evs.keepalive_period=PT0.5S", "evs.inactive_check_period=PT0.5S", "evs.install_timeout=PT6S",
			}, ";"),
		}, as)
		join := "gcomm://" + strings.Join(group, ",")
		if i == 0 {
			join = "gcomm://" // it founds the cluster
		}
		if err := node.start(program, join); err != nil {
			return nil, err
		}
		node.args = append(node.args, "--wsrep-cluster-address=gcomm://"+strings.Join(group, ","))
		g.nodes = append(g.nodes, node)
		g.Hosts = append(g.Hosts, node.host)
	}
	return g, nil
}

// asMySQL gives the folder to the user that the nodes run as: as root they cannot copy their state to each other.
func asMySQL(folder string) ([]string, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	if _, err := user.Lookup("mysql"); err != nil {
		return nil, errors.Join(errors.New("the user mysql comes with mariadb-server of Debian"), err)
	}
	if output, err := exec.Command("chown", "mysql:", folder).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("chown: %w\n%s", err, output)
	}
	return []string{"--user=mysql"}, nil
}

func (n *galeraNode) start(program, join string) (err error) {
	args := n.args
	if join != "" {
		args = append(args[:len(args):len(args)], "--wsrep-cluster-address="+join)
	}
	if n.run, err = spawn(filepath.Join(n.folder, "log"), program, args...); err != nil {
		return err
	}
	return n.run.awaits("root:", n.host, "SHOW STATUS LIKE 'wsrep_local_state_comment'", "Synced")
}

// Kill ends the node that a URL names first, as a power cut does.
func (g *Galera) Kill(location string) { g.first(location).run.kill() }

// Rejoin starts the node that a URL names first, which was killed, and waits until it has what the others have.
func (g *Galera) Rejoin(location string) error {
	program, err := installed("mariadbd")
	if err != nil {
		return err
	}
	return g.first(location).start(program, "")
}

func (g *Galera) first(location string) *galeraNode {
	return g.nodes[slices.IndexFunc(g.nodes, func(node *galeraNode) bool { return strings.Contains(location, "@"+node.host+",") })]
}
