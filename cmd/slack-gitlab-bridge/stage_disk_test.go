package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/store/storetest"
)

// diskVerbs are what disks do.
var diskVerbs = map[string]verb{
	"full": {0, (*stage).full},
	"room": {0, func(s *stage, _ []string) error { return s.limitFiles("unlimited") }},
	"long": {4, (*stage).long}, "disturb": {-1, (*stage).disturb}, "calm": {0, (*stage).calm}, "damage": {1, (*stage).damage}, "spoil": {0, (*stage).spoil},
	"cut-disk": {0, func(s *stage, _ []string) error { s.disk.Cut(); return nil }},
	"fill":     {0, (*stage).fill},
	"drain":    {0, func(s *stage, _ []string) error { return os.Remove(s.filler()) }},
}

// diskCheckVerbs look at what Slack knows of its events.
var diskCheckVerbs = map[string]verb{
	"unacknowledged": {1, func(s *stage, a []string) error {
		return differs("events not acknowledged", s.slack.Counts().Pending, a[0])
	}},
	"each-once": {2, (*stage).eachOnce},
	"sent-again": {0, func(s *stage, _ []string) error {
		before := s.retries
		if s.retries = s.slack.Counts().Retries; s.retries == before {
			return errors.New("Slack sent no event again since this was asked last")
		}
		return nil
	}},
}

// each-once THREAD N: the replies THREAD-1 to THREAD-N are mirrored, each once, in whatever order Slack delivered them again.
func (s *stage) eachOnce(a []string) error {
	i, err := s.of(a[0])
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(a[1])
	times := map[string]int{}
	for _, note := range comments(i) {
		m, _ := markup.ParseMark(note.Body)
		for _, id := range m.Messages {
			times[id]++
		}
	}
	for k := 1; k <= n; k++ {
		name := fmt.Sprintf("%s-%d", a[0], k)
		err = errors.Join(err, differs("how often "+name+" is mirrored", times[stageChannel+"/"+s.messages[name]], "1"))
	}
	return err
}

// storeFile is where the daemon has its store.
func (s *stage) storeFile() string {
	if s.disk != nil {
		return filepath.Join(s.disk.Dir, "bridge.db")
	}
	return filepath.Join(s.dir, "bridge.db")
}

// full: from now on the store cannot grow, as on a full disk. What fits into it still does.
func (s *stage) full([]string) error {
	info, err := os.Stat(s.storeFile())
	if err != nil {
		return err
	}
	return s.limitFiles(strconv.FormatInt(info.Size(), 10))
}

// limitFiles bounds how long the daemon's files may grow.
func (s *stage) limitFiles(to string) error {
	out, err := exec.Command("prlimit", "--pid", strconv.Itoa(s.daemon.Process.Pid), "--fsize="+to+":").CombinedOutput()
	if err != nil {
		return fmt.Errorf("prlimit: %w: %s", err, out)
	}
	return nil
}

// long THREAD NAME PERSON BYTES: a reply that takes room.
func (s *stage) long(a []string) error {
	n, err := strconv.Atoi(a[3])
	if err != nil {
		return err
	}
	return s.reply([]string{a[0], a[1], a[2], strings.Repeat("long ", n/5)})
}

// disturb CALL:WHAT...: from now on the daemon's system calls fare as told, in the words of strace --inject; until calm.
func (s *stage) disturb(a []string) error {
	args := []string{"-f", "-p", strconv.Itoa(s.daemon.Process.Pid), "-o", filepath.Join(s.dir, "strace.log")}
	for _, inject := range a {
		args = append(args, "-e", "inject="+inject)
	}
	s.tracer = exec.Command("strace", args...)
	said, err := s.tracer.StderrPipe()
	if err != nil {
		return err
	}
	if err := s.tracer.Start(); err != nil {
		return err
	}
	line := make([]byte, 4096)
	n, err := said.Read(line) // it says so once it has attached itself
	if err != nil || !strings.Contains(string(line[:n]), "attached") {
		return fmt.Errorf("strace: %w: %s", err, line[:n])
	}
	go func() {
		for err == nil { // it tells of each thread
			_, err = said.Read(line)
		}
	}()
	return nil
}

// calm ends what disturb began.
func (s *stage) calm([]string) error {
	if err := s.tracer.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	_ = s.tracer.Wait() // killed by the signal
	return nil
}

// damage THREAD: what is stored of the thread's issue is not any more what was written; damaged once more, it is.
func (s *stage) damage(a []string) error {
	key := []byte("link/" + stageChannel + "/" + s.messages[a[0]])
	return s.rewrite(func(data []byte) (changed int) {
		for at := 0; ; changed++ {
			next := bytes.Index(data[at:], key)
			if next < 0 {
				return changed
			}
			at += next + len(key)
			data[at+4] ^= 1 // behind the checksum; in pages of no use any more, too
		}
	})
}

// spoil: all pages of the store but the first two are overwritten.
func (s *stage) spoil([]string) error {
	return s.rewrite(func(data []byte) int {
		for i := 2 * os.Getpagesize(); i < len(data); i++ {
			data[i] = 0xff
		}
		return len(data)
	})
}

// rewrite changes the store's file below the daemon.
func (s *stage) rewrite(change func([]byte) int) error {
	f, err := os.OpenFile(s.storeFile(), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := os.ReadFile(s.storeFile())
	if err != nil {
		return err
	}
	if change(data) == 0 {
		return errors.New("nothing to damage was found")
	}
	_, err = f.WriteAt(data, 0)
	return err
}

func (s *stage) filler() string { return filepath.Join(s.disk.Dir, "filler") }

// fill: the disk is full.
func (s *stage) fill([]string) error {
	f, err := os.Create(s.filler())
	if err != nil {
		return err
	}
	defer f.Close()
	for size := 1 << 20; size >= 512; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			return err
		}
	}
	return nil
}

// diskCmd has the store of the daemon that starts next on a disk of its own: disk MEGABYTES. disk again: that disk, whose power was cut, is
// back, while the daemon runs; disk read-only and disk writable: so it is mounted anew, while none runs.
func diskCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("disk MEGABYTES|again|read-only|writable")
	}
	s := ts.Value(stageKey{}).(*stage)
	switch args[0] {
	case "again":
		s.disk.PowerOn()
	case "read-only":
		s.disk.Remount("ro")
	case "writable":
		s.disk.Remount("rw")
	default:
		megabytes, err := strconv.Atoi(args[0])
		ts.Check(err)
		storetest.PowerCuts(s.tb)
		s.disk = storetest.NewDisk(s.tb, megabytes)
		ts.Setenv("STORE", s.storeFile())
	}
}
