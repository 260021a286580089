package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// machine is what the numbers depend on.
type machine struct {
	cpu, kernel, disk, commit string
	cores                     int
	at                        time.Time
}

// lookAtMachine finds out what can be; what cannot is "unknown".
func lookAtMachine(ctx context.Context, b *bench) machine {
	m := machine{cores: runtime.NumCPU(), at: time.Now().UTC()}
	m.cpu = cmp.Or(field("/proc/cpuinfo", "model name"), "unknown processor")
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease") // absent elsewhere than on Linux
	m.kernel = cmp.Or(strings.TrimSpace(string(release)), "unknown kernel")
	m.disk = cmp.Or(fileSystem(b.dir), "unknown file system")
	m.commit = cmp.Or(output(ctx, b.root, "git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"), "unknown commit")
	return m
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s %s, store on %s, %s, commit %s, %s", m.cpu, m.cores, runtime.GOOS, m.kernel, m.disk,
		runtime.Version(), m.commit, m.at.Format("2006-01-02"))
}

// field gives the value of the first line "name : value" of a file; empty: there is none.
func field(file, name string) string {
	raw, _ := os.ReadFile(file) // absent elsewhere than on Linux
	for lines := bufio.NewScanner(bytes.NewReader(raw)); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		if strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// fileSystem gives the kind of file system that a folder is on: that with the longest mount point above it.
func fileSystem(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	raw, _ := os.ReadFile("/proc/self/mountinfo") // absent elsewhere than on Linux
	kind, longest := "", -1
	for line := range strings.Lines(string(raw)) {
		before, after, _ := strings.Cut(line, " - ")
		fields := strings.Fields(before)
		if len(fields) < 5 || after == "" {
			continue
		}
		at := fields[4]
		if (at == "/" || dir == at || strings.HasPrefix(dir, at+"/")) && len(at) >= longest {
			kind, longest = strings.Fields(after)[0], len(at)
		}
	}
	return kind
}

// output gives what a program prints, trimmed; empty if it fails.
func output(ctx context.Context, dir, name string, args ...string) string {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	out, err := c.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
