package etcdtest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The networks here are namespaces, and what is cut is cut by dropping packets: nobody is told, as when a cable is pulled. All of it lies in a
// namespace of the test's own, and ends with its process.

// ownNetwork names the variable by which a test knows that the network is its own.
const ownNetwork = "ETCDTEST_OWN_NETWORK"

var saidWhere = regexp.MustCompile(`^\w+\.go:\d+: `)

// inOwnNetwork reports whether the test runs in a network of its own. If not, it has played the test in one, with those variables, and
// reported what came of it; or skipped it.
func inOwnNetwork(t *testing.T, environ func() []string) bool {
	t.Helper()
	if os.Getenv(ownNetwork) != "" {
		return true
	}
	for _, tool := range []string{"ip", "iptables"} {
		if _, err := exec.LookPath(tool); err != nil || os.Geteuid() != 0 {
			t.Skip("takes root, ip and iptables, for networks of its own: see .ci/run replicas")
		}
	}
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=0")
	c.Env = append(append(os.Environ(), ownNetwork+"=1"), environ()...)
	// As the first of its processes: with it end all that it has started.
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL}
	said, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = c.Stdout
	runtime.LockOSThread() // for Pdeathsig means the thread
	defer runtime.UnlockOSThread()
	if err := c.Start(); errors.Is(err, syscall.EPERM) {
		t.Skipf("takes the right to make networks: %v: see .ci/run replicas", err)
	} else if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if line := strings.TrimSpace(lines.Text()); !strings.HasPrefix(line, "===") {
			t.Log(saidWhere.ReplaceAllString(line, ""))
		}
	}
	if err := c.Wait(); err != nil {
		t.Errorf("in a network of its own: %v", err)
	}
	return false
}

// namespace is a network beside the test's own, which is joined to it.
type namespace struct{ file *os.File }

// newNamespace lays a cable from the network of the test, with that name and address there, to the address in a new one.
func newNamespace(t *testing.T, name, there, here string) *namespace {
	t.Helper()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer home.Close()
	n := &namespace{}
	failed := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread, which is there now, ends with this function
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			n.file, err = os.Open("/proc/thread-self/ns/net")
		}
		failed <- err
	}()
	if err := <-failed; err != nil {
		t.Fatalf("make a network: %v", err)
	}
	t.Cleanup(func() { _ = n.file.Close() })
	err = n.do(func() error {
		return ip(t, home, "link set lo up", "link add eth0 type veth peer name "+name+" netns /proc/self/fd/3",
			"addr add "+here+"/30 dev eth0", "link set eth0 up", "route add default via "+there)
	})
	if err == nil {
		err = ip(t, nil, "addr add "+there+"/30 dev "+name, "link set "+name+" up")
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// do calls f in that network: what f starts stays there.
func (n *namespace) do(f func() error) error {
	failed := make(chan error)
	go func() {
		runtime.LockOSThread() // as above
		err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET)
		if err == nil {
			err = f()
		}
		failed <- err
	}()
	return <-failed
}

// ip carries out commands of ip, which may name a file as /proc/self/fd/3.
func ip(t *testing.T, file *os.File, commands ...string) error {
	t.Helper()
	c := exec.CommandContext(t.Context(), "ip", "-batch", "-")
	c.Stdin, c.ExtraFiles = strings.NewReader(strings.Join(commands, "\n")+"\n"), []*os.File{file}
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %w: %s", err, out)
	}
	return nil
}

// way is how one is cut off.
type way int

const (
	both     way = iota // no packet passes
	answers             // what is sent arrives, what comes back does not
	requests            // the other way round
	rejected            // every packet is answered with the end of its connection
)

func (w way) String() string {
	return [...]string{"", ", one way", ", the other way", ", by resets"}[w]
}

// rules are those of iptables that cut one off from others.
func (w way) rules(one string, others []string) (rules [][]string) {
	for _, other := range others {
		in, out := []string{"INPUT", "-s", one, "-d", other}, []string{"OUTPUT", "-s", other, "-d", one}
		if w == both || w == requests {
			rules = append(rules, append(in, "-j", "DROP"))
		}
		if w == both || w == answers {
			rules = append(rules, append(out, "-j", "DROP"))
		}
		if w == rejected {
			rules = append(rules, append(in, "-p", "tcp", "-j", "REJECT", "--reject-with", "tcp-reset"))
		}
	}
	return rules
}

// cutOff cuts one off from others, whoever speaks first, until joined is called.
func cutOff(t *testing.T, w way, one string, others ...string) (joined func()) {
	t.Helper()
	set := func(does string) {
		for _, rule := range w.rules(one, others) {
			args := append([]string{"--wait", does}, rule...)
			if out, err := exec.CommandContext(t.Context(), "iptables", args...).CombinedOutput(); err != nil {
				t.Errorf("iptables %s: %v: %s", strings.Join(args, " "), err, out)
			}
		}
	}
	set("--append")
	return func() { set("--delete") }
}
