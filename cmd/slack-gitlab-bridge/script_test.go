package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	// Stories wait most of the time: as many at once as have processors would waste it. Who gives -parallel is obeyed.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"slack-gitlab-bridge": main})
}

// storiesStore, if set, is the address of an etcd cluster with a prefix: there each story has its store, below a prefix of its own. The
// module store/etcd/etcdtest starts one and has them played.
const storiesStore = "STORIES_STORE"

// The stories: the real binary as a process of its own, between the imitations.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			s := newStage(e.WorkDir)
			if at := os.Getenv(storiesStore); at != "" {
				s.cluster = at + "/" + path.Base(e.T().(testing.TB).Name())
			}
			e.Defer(s.close)
			e.Values[stageKey{}] = s
			s.tb = e.T().(testing.TB)
			e.Vars = append(append(e.Vars, s.environ()...), "GITLAB_URL="+s.gitlabHTTP.URL)
			return nil
		},
		Cmds: words(),
		Condition: func(word string) (bool, error) {
			if word != "cluster" {
				return false, errors.New("there is no condition " + word)
			}
			return os.Getenv(storiesStore) != "", nil
		},
	})
}

type stageKey struct{}

// verb is a word of the stories that takes n words more (at least -n, if negative).
type verb struct {
	n  int
	do func(*stage, []string) error
}

// words are all words of the stories, beside those of testscript.
func words() map[string]func(*testscript.TestScript, bool, []string) {
	out := map[string]func(*testscript.TestScript, bool, []string){
		"daemon": daemonCmd, "disk": diskCmd, "store": storeCmd, "status": statusCmd, "webhook": webhookCmd, "serves": servesCmd, "metrics": metricsCmd,
		"eventually": func(ts *testscript.TestScript, neg bool, args []string) {
			within(ts, neg, append([]string{"30s"}, args...))
		},
		"within": within,
	}
	for _, verbs := range []map[string]verb{stageVerbs, agentsVerbs, slackVerbs, gitlabVerbs, faultVerbs, diskVerbs, installVerbs, checkVerbs, diskCheckVerbs} {
		for name, v := range verbs {
			if out[name] != nil {
				panic("two verbs are called " + name)
			}
			out[name] = v.command(name)
		}
	}
	return out
}

// stageVerbs are about the stage itself.
var stageVerbs = map[string]verb{
	"premium": {0, func(s *stage, _ []string) error { s.fillGitLab(true); return nil }},
	"quiet":   {0, (*stage).settle},
	"sleep":   {1, func(_ *stage, a []string) error { d, err := time.ParseDuration(a[0]); time.Sleep(d); return err }},
}

// command makes a script's command of a verb. With ! it must fail.
func (v verb) command(name string) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		err := v.run(ts.Value(stageKey{}).(*stage), name, args)
		if neg && err == nil {
			ts.Fatalf("went well, which it must not")
		}
		if !neg {
			ts.Check(err)
		}
	}
}

func (v verb) run(s *stage, name string, args []string) error {
	if v.n >= 0 && len(args) != v.n || v.n < 0 && len(args) < -v.n {
		return fmt.Errorf("%s: %d words, want %d", name, len(args), v.n)
	}
	return v.do(s, args)
}

// within DURATION [!] CHECK WORD... waits until the check holds, or with ! fails; eventually is the same within 30 seconds.
func within(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("within DURATION [!] CHECK WORD...")
	}
	patience, err := time.ParseDuration(args[0])
	ts.Check(err)
	args = args[1:]
	not := args[0] == "!"
	if not {
		args = args[1:]
	}
	v, ok := checkVerbs[args[0]]
	if !ok {
		v, ok = diskCheckVerbs[args[0]]
	}
	if !ok {
		ts.Fatalf("there is no check %s", args[0])
	}
	s := ts.Value(stageKey{}).(*stage)
	ts.Check(s.until(strings.Join(args, " "), patience, func() error {
		err := v.run(s, args[0], args[1:])
		if not && err == nil {
			return errors.New("it holds, which it must not")
		} else if not {
			return nil
		}
		return err
	}))
}

// daemonCmd starts, stops (SIGTERM, exit status 0 is demanded) or kills (SIGKILL) the daemon. When it stops in order, nothing that anybody
// wrote may have acted on either side.
func daemonCmd(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(stageKey{}).(*stage)
	switch strings.Join(args, " ") {
	case "start":
		ts.Check(s.start(ts))
	case "stop":
		ts.Check(s.daemon.Process.Signal(syscall.SIGTERM))
		ts.Check(s.exit.wait())
		s.daemon = nil
		ts.Check(s.nothingActed())
	case "kill":
		ts.Check(s.daemon.Process.Kill())
		_ = s.exit.wait() // killed
		s.daemon = nil
	default:
		ts.Fatalf("daemon start, stop or kill")
	}
}

// statusCmd runs a command and demands that exit status.
func statusCmd(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}
