package main

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/alecthomas/kong"
)

// notebook keeps what is written to it, by several at once.
type notebook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (n *notebook) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(p)
}

func (n *notebook) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

func TestMask(t *testing.T) {
	m := newMask(config{SlackBotToken: "xoxb-12-ab", SlackAppToken: "xapp-1-A0-cd", GitLabToken: `odd"tok/en&`, GitLabWebhookSecret: "open sesame", OpsChannel: "C0OPS00001"})
	tests := map[string]string{
		"SLACK_BOT_TOKEN=xoxb-12-ab.":                       "SLACK_BOT_TOKEN=***.",
		"xoxb-12-abc":                                       "***c", // one that begins alike: hidden as far as it is known
		"of another app: xoxb-99-zz, xapp-2-B1-ef9":         "of another app: xoxb-***, xapp-***",
		"glpat-ABC_def-123 gldt-x glrt-t1_y":                "glpat-*** gldt-*** glrt-***",
		`{"error":"odd\"tok/en\u0026"} odd"tok/en&`:         `{"error":"***"} ***`,
		"https://x/?private_token=odd%22tok%2Fen%26&a=b":    "https://x/?private_token=***&a=b",
		"open sesame, or open+sesame":                       "***, or ***",
		"wss://wss.slack.com/link/?ticket=1-2&app_id=A0":    "wss://wss.slack.com/link/?ticket=***&app_id=A0",
		"copy the token (xoxb-…), it starts with xapp-: ok": "copy the token (xoxb-…), it starts with xapp-: ok",
		"acme/glue-team C0OPS00001 global-agents":           "acme/glue-team C0OPS00001 global-agents",
	}
	for in, want := range tests {
		if got := m.text(in); got != want {
			t.Errorf("text(%q) = %q, want %q", in, got, want)
		}
	}
	if got := newMask(config{GitLabWebhookSecret: "hook"}).text("webhook"); got != "webhook" {
		t.Errorf("with a secret of four bytes text(webhook) = %q, want it as it is", got)
	}
}

// Every line of the log goes through the mask, in either format.
func TestLogIsMasked(t *testing.T) {
	for _, format := range []string{"json", "console"} {
		var out bytes.Buffer
		log := newLog(config{SlackBotToken: "xoxb-secret", GitLabToken: "very<secret>", LogFormat: format, LogLevel: "debug"}, &out)
		log.Error().Str("url", "https://x/?t=very<secret>").Interface("all", []string{"xoxb-secret"}).Msg("xapp-1-foreign")
		wantNotIn(t, format, out.String(), "xoxb-secret", "very<secret>", `very\u003csecret`, "foreign")
		wantIn(t, format, out.String(), "xapp-***", "https://x/?t=***")
	}
}

// Whatever is wrong with the environment, an error on the terminal holds no secret.
func TestErrorsAreMasked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	writeFile(t, path, "hidden-in-a-file\n")
	var out bytes.Buffer
	w := world{environ: []string{"GITLAB_TOKEN_FILE=" + path, "SLACK_BOT_TOKEN=given-outright", "SWEEP_INTERVAL=never"}, err: &out}
	complain(w, &os.PathError{Op: "open", Path: "hidden-in-a-file", Err: os.ErrNotExist})
	complain(w, &os.PathError{Op: "open", Path: "given-outright", Err: os.ErrNotExist})
	if want := strings.Repeat("open ***: file does not exist\n", 2); out.String() != want {
		t.Errorf("complain() wrote %q, want %q", &out, want)
	}
}

// Each variable that sounds like a secret, and is no path of one, is one, may come from a file, and is no flag: a command line is there for all to see.
func TestSecretsAreNamed(t *testing.T) {
	for _, f := range reflect.VisibleFields(reflect.TypeFor[config]()) {
		name := f.Tag.Get("env")
		sounds := !strings.HasSuffix(name, "_FILE") &&
			(strings.Contains(name, "TOKEN") || strings.Contains(name, "SECRET") || strings.Contains(name, "PASSWORD") || strings.Contains(name, "KEY"))
		if is := f.Tag.Get("secret") != ""; sounds != is {
			t.Errorf("%s: tagged as a secret: %v, want %v", name, is, sounds)
		}
		if !sounds {
			continue
		}
		path := filepath.Join(t.TempDir(), name)
		writeFile(t, path, "  from-a-file\n")
		if vars, faults := fromFiles([]string{name + "_FILE=" + path}, false); vars[name] != "from-a-file" || len(faults) > 0 {
			t.Errorf("%s_FILE gives %q, %q; want its content", name, vars[name], faults)
		}
	}
	parser, err := kong.New(new(commands))
	if err != nil {
		t.Fatal(err)
	}
	nodes := []*kong.Node{parser.Model.Node}
	for len(nodes) > 0 {
		node := nodes[0]
		nodes = append(nodes[1:], node.Children...)
		for _, f := range node.Flags {
			if strings.Contains(f.Name, "token") || strings.Contains(f.Name, "secret") || strings.Contains(f.Name, "password") {
				t.Errorf("%s --%s takes a secret on the command line", node.Name, f.Name)
			}
		}
	}
}
