package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"slack-gitlab-bridge/sandbox"
)

type sandboxCommand struct {
	Addr  string `default:"127.0.0.1:8090" help:"Where the page is served."`
	Scene bool   `xor:"between" help:"Play a prepared story, print it, and exit 0 only if both sides ended as told."`
	Alone bool   `xor:"between" help:"Start no bridge, but print the settings for one of your own."`
}

// Run starts both imitations and, unless they are to be alone, the real bridge between them, wired as run does it.
func (s sandboxCommand) Run(ctx context.Context, w world) error {
	folder, err := os.MkdirTemp("", "slack-gitlab-bridge-")
	if err != nil {
		return fmt.Errorf("make a folder for the sandbox's store: %w", err)
	}
	defer os.RemoveAll(folder)
	if s.Scene {
		s.Addr = "127.0.0.1:0"
	}
	imitation, err := sandbox.New(sandbox.Options{Addr: s.Addr})
	if err != nil {
		return err
	}
	defer imitation.Close()
	if s.Alone {
		if err := printSettings(w.out, imitation, filepath.Join(folder, "agents.json")); err != nil {
			return err
		}
	}

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return imitation.Serve(ctx) })
	if !s.Alone {
		g.Go(func() error { return bridgeBetween(ctx, imitation, folder, w) })
	}
	switch {
	case s.Scene:
		g.Go(func() error {
			defer stop()
			return imitation.Scene(ctx, w.out)
		})
	case !s.Alone:
		fmt.Fprintf(w.out, "Open %s in a browser: Slack is on the left, GitLab on the right, the bridge between them.\nControl-C ends it; nothing is kept.\n", imitation.URL())
	}
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// printSettings writes the agents file, and tells how a bridge is pointed at the imitations.
func printSettings(out io.Writer, imitation *sandbox.World, agentsFile string) error {
	if err := os.WriteFile(agentsFile, imitation.AgentsJSON(), 0o600); err != nil {
		return fmt.Errorf("write the sandbox's agents file: %w", err)
	}
	_, err := fmt.Fprintf(out, `Open %s in a browser: Slack is on the left, GitLab on the right, no bridge between them.
Start one in another terminal, or doctor first, in a folder for its store and with these settings:

export SLACK_API_URL=%s SLACK_APP_TOKEN=%s SLACK_BOT_TOKEN=%s
export GITLAB_URL=%s GITLAB_TOKEN=%s
export AGENTS_JSON_FILE=%s

Control-C ends it; nothing is kept but that bridge's store.
`, imitation.URL(), imitation.SlackAPIURL(), imitation.AppToken(), imitation.BotToken(), imitation.GitLabURL(), imitation.GitLabToken(), agentsFile)
	return err
}

// bridgeBetween runs the daemon on the sandbox's addresses and tokens.
func bridgeBetween(ctx context.Context, imitation *sandbox.World, folder string, w world) error {
	c, err := loadConfig([]string{
		"SLACK_APP_TOKEN=" + imitation.AppToken(), "SLACK_BOT_TOKEN=" + imitation.BotToken(), "SLACK_API_URL=" + imitation.SlackAPIURL(),
		"GITLAB_TOKEN=" + imitation.GitLabToken(), "GITLAB_URL=" + imitation.GitLabURL(),
		"AGENTS_JSON=" + string(imitation.AgentsJSON()), "STORE=" + filepath.Join(folder, "bridge.db"),
		"HTTP_ADDR=off", "LOG_LEVEL=warn", "POLL_INTERVAL=1s", "SWEEP_INTERVAL=20s", "MAX_FILE_SIZE=1MB",
	}, "slack", "gitlab", "agents")
	if err != nil {
		return err
	}
	return runWith(ctx, c, w, nil)
}
