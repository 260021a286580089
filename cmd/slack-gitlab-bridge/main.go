// Slack-gitlab-bridge turns Slack messages into GitLab issues with a reaction, and keeps both in step.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the command line.
type commands struct {
	Run         runCommand         `cmd:"" default:"1" help:"Run the daemon (default)."`
	Sandbox     sandboxCommand     `cmd:"" help:"Try it with nothing: an imitation of Slack and of GitLab, and the real bridge between them."`
	Doctor      doctorCommand      `cmd:"" help:"Check the whole chain and print the remedy for each fault."`
	Plan        planCommand        `cmd:"" help:"Tell what the bridge would do now, with this agents file; touches nothing."`
	Explain     explainCommand     `cmd:"" help:"Tell what the bridge sees of one message, concludes, did, and what is still queued."`
	Jobs        jobsCommand        `cmd:"" help:"List what is waiting or was given up; retry or drop it."`
	Backup      backupCommand      `cmd:"" help:"Copy the store, also while the daemon runs; it is put back by copying."`
	Export      exportCommand      `cmd:"" help:"Write everything as JSON Lines to standard output."`
	Import      importCommand      `cmd:"" help:"Bring what export wrote into an empty store."`
	Rebuild     rebuildCommand     `cmd:"" help:"Make a store anew from the marks in GitLab, when it was lost."`
	Manifest    manifestCommand    `cmd:"" help:"Print the Slack app manifest to paste."`
	Healthcheck healthcheckCommand `cmd:"" help:"Exit 0 if the running daemon is ready."`
	Completion  completionCommand  `cmd:"" help:"Print a script that completes commands in bash, zsh or fish."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

// world is what a command gets of the outside: replaced in tests.
type world struct {
	environ []string
	out     io.Writer
	err     io.Writer
	mounted func(folder string) (kind string) // tells the kind of file system; empty: one like any other. Nil: asks the system
}

// wrongUse marks an error as wrong use or configuration: exit status 2.
type wrongUse struct{ error }

func (e *wrongUse) Unwrap() error { return e.error }

// wrongUsef is fmt.Errorf for a wrongUse.
func wrongUsef(format string, args ...any) error { return &wrongUse{fmt.Errorf(format, args...)} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	status := execute(ctx, os.Args[1:], world{environ: os.Environ(), out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(status)
}

// execute runs one command line and returns its exit status: 0 done, 1 it failed, 2 wrong use or configuration, 3 a plan is not empty.
func execute(ctx context.Context, args []string, w world) (status int) {
	var c commands
	exited := -1
	parser, err := kong.New(&c, kong.Name("slack-gitlab-bridge"), kong.Description("Slack messages become GitLab issues with a reaction; both stay in step."),
		kong.Writers(w.out, w.err), kong.Exit(func(code int) { exited = code }), kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(w))
	if err != nil {
		panic(err) // the struct above is wrong
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited // --help
	}
	if err != nil {
		fmt.Fprintf(w.err, "%v\nSee slack-gitlab-bridge --help.\n", err)
		return 2
	}
	err = parsed.Run()
	var faults *configError
	var wrong *wrongUse
	var change *wouldChange
	switch {
	case err == nil:
		return 0
	case errors.As(err, &faults), errors.As(err, &wrong):
		complain(w, err)
		return 2
	case errors.As(err, &change):
		return 3 // the plan says it all
	}
	complain(w, err)
	return 1
}

type versionCommand struct{}

// Run prints the version and, if it is known, the commit.
func (versionCommand) Run(w world) error {
	_, err := fmt.Fprintln(w.out, "slack-gitlab-bridge", version())
	return err
}

// version is the module's version as the Go tool recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return info.Main.Version + " " + s.Value[:12]
		}
	}
	return info.Main.Version
}
