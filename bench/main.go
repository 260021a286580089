// Command bench measures the bridge from outside, and what one would otherwise run, against the sandbox's imitations of both vendors.
//
// The imitations run in this process and are served over loopback HTTP and WebSocket; what is measured, a [subject], is a child process
// that is told of them by its environment. Each [measure] stages what it needs and gives rows of one table. Start it with bench/run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run of the program.
type bench struct {
	dir    string   // scratch, on the disk that the stores are to lie on
	bin    string   // folder of the built programs: the bridge and the peers
	root   string   // of the repository
	short  bool     // just enough to see that everything works
	only   []string // subjects to measure; empty: all that are there
	notes  io.Writer
	staged int
}

// run measures what args ask for and prints the table to out; what is going on goes to notes.
func run(ctx context.Context, args []string, out, notes io.Writer) error {
	b := &bench{notes: notes}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(notes)
	flags.StringVar(&b.dir, "dir", "", "`folder` for stores and logs, on the disk to be measured; by default a temporary one")
	flags.StringVar(&b.bin, "bin", "", "`folder` with the built programs")
	flags.StringVar(&b.root, "root", ".", "`folder` of the repository")
	flags.BoolVar(&b.short, "short", false, "measure just enough to see that everything works")
	only := flags.String("subjects", "", "`names` of what to measure, separated by commas; by default all that are there")
	flags.Usage = func() { usage(flags) }
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *only != "" {
		b.only = strings.Split(*only, ",")
	}
	chosen, err := choose(flags.Args())
	if err != nil {
		return err
	}
	if b.dir == "" {
		if b.dir, err = os.MkdirTemp("", "bench"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(b.dir) }() // what is left is in the way of nobody
	}
	t := table{machine: lookAtMachine(ctx, b)}
	for _, m := range chosen {
		b.note("%s: %s", m.name, m.what)
		began := time.Now()
		rows, err := m.run(ctx, b)
		t.add(m, rows)
		if err != nil {
			return errors.Join(fmt.Errorf("measure %s: %w", m.name, err), t.print(out))
		}
		b.note("%s: %.1f s", m.name, time.Since(began).Seconds())
	}
	return t.print(out)
}

func usage(flags *flag.FlagSet) {
	w := flags.Output()
	_, _ = fmt.Fprintf(w, "bench/run [flags] [measure…]\n\nMeasures, all by default:\n")
	for _, m := range measures() {
		_, _ = fmt.Fprintf(w, "  %-12s %s\n", m.name, m.what)
	}
	_, _ = fmt.Fprintf(w, "\nFlags:\n")
	flags.PrintDefaults()
}

// note tells whoever waits what is going on.
func (b *bench) note(format string, args ...any) {
	_, _ = fmt.Fprintf(b.notes, format+"\n", args...)
}

// size gives n, or in a short run much less.
func (b *bench) size(n, short int) int {
	if b.short {
		return short
	}
	return n
}

// wants reports whether a subject is to be measured.
func (b *bench) wants(name string) bool { return len(b.only) == 0 || slices.Contains(b.only, name) }
