package sandbox

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestSceneIsToldAndShown(t *testing.T) {
	t.Parallel()
	w := start(t)
	startStandin(t, w, "")
	var out bytes.Buffer
	if err := w.play(context.Background(), &out, 20*time.Second, 50*time.Millisecond); err != nil {
		t.Fatalf("Scene: got %v, want nil; it said:\n%s", err, out.String())
	}
	last := 0
	for _, want := range []string{
		"Ada writes in #help-infra: " + askTitle, "Femi replies: " + firstSay, "Noor gives the first message :eyes:",
		"→ GitLab: assigned to noor.haddad", "Sam gives the first message :foundations:", "→ GitLab: labels are severity::1, team::Foundations",
		"Sam comments in GitLab: " + answer, "→ Slack: the comment stands in the thread", "Femi edits the reply: " + firstMeant,
		"Ada gives the first message :white_check_mark:", "→ GitLab: the issue is closed", "→ Slack: the card says that it is closed",
		"Ada gives the first message :repeat:", "→ GitLab: the issue is open",
		"Sam closes the issue in GitLab", "→ Slack: a line says who closed it", "The issue, as GitLab shows it:",
		infraProject + "#1 · Closed", askTitle, "Labels: severity::1, team::Foundations", "Assignees: noor.haddad", "Author: slack-bridge",
		askMore, "Comment by slack-bridge:", firstMeant, answer, secondSay, thirdSay, "Both sides ended as told.",
	} {
		at := strings.Index(out.String()[last:], want)
		if at < 0 {
			t.Fatalf("Scene: want %q after the first %d bytes of:\n%s", want, last, out.String())
		}
		last += at
	}
	if strings.Contains(out.String(), "<") {
		t.Errorf("Scene: want text without markup, got:\n%s", out.String())
	}
}

func TestSceneNamesWhatDiffers(t *testing.T) {
	t.Parallel()
	for wrong, want := range map[string][]string{
		"nothing":         {":eyes:", "0 new issues, want 1"},
		"two issues":      {"2 new issues, want 1"},
		"nobody assigned": {"assignees", `got ""`, `"noor.haddad"`},
		"other text":      {"description holds", askTitle, "0 times"},
		"no card":         {"0 messages of the app", "want 1"},
		"two cards":       {"2 messages of the app"},
		"no labels":       {":ops:", "labels", `want "team::Ops"`},
		"both labels":     {":foundations:", "team::Foundations, team::Ops"},
		"no notes":        {firstSay, "0 times"},
		"notes twice":     {"every reply once", "2 times"},
		"never closes":    {":white_check_mark:", `got "opened", want "closed"`},
		"stale card":      {"the card says that it is closed", "is open"},
		"no comments":     {"comments in GitLab", answer, "0 messages"},
		"no edits":        {"edits the reply", firstMeant, "0 times"},
		"deaf to closing": {"Sam closes", "the card says that it is closed"},
	} {
		t.Run(wrong, func(t *testing.T) {
			t.Parallel()
			w := start(t)
			startStandin(t, w, wrong)
			var out bytes.Buffer
			err := w.play(context.Background(), &out, 700*time.Millisecond, 0)
			if err == nil {
				t.Fatalf("Scene with a bridge that does %q: got no error; it said:\n%s", wrong, out.String())
			}
			for _, part := range want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("Scene with a bridge that does %q: got %q, want %q in it", wrong, err, part)
				}
			}
			if strings.Contains(out.String(), "ended as told") {
				t.Errorf("Scene with a bridge that does %q: want no good end, it said:\n%s", wrong, out.String())
			}
		})
	}
}

func TestSceneWithoutBridge(t *testing.T) {
	t.Parallel()
	w := start(t)
	err := w.play(context.Background(), &bytes.Buffer{}, 10*time.Millisecond, 0)
	if err == nil || !strings.Contains(err.Error(), "the bridge connects to Slack") {
		t.Errorf("Scene without a bridge: got %v, want it to say that none connects", err)
	}
}

func TestSceneStops(t *testing.T) {
	t.Parallel()
	w := start(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.Scene(ctx, &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Scene with an ended context: got %v, want %v", err, context.Canceled)
	}
	w.Close()
	if err := w.Scene(context.Background(), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("Scene of a closed World: got %v, want it to say so", err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestSceneReportsThatItCouldNotTell(t *testing.T) {
	t.Parallel()
	w := start(t)
	startStandin(t, w, "")
	err := w.play(context.Background(), fullDisk{}, 20*time.Second, 0)
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("Scene to a full disk: got %v, want its error", err)
	}
}

func TestHTMLText(t *testing.T) {
	for in, want := range map[string]string{
		"<p>a <strong>b</strong></p>\n<p>c</p>":               "a b\n\nc",
		"<p>a<br>\nb &amp; &lt;c&gt;</p>":                     "a\nb & <c>",
		"<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n<p>end</p>": "• one\n• two\n\nend",
		"<p>x</p><!-- hidden\nfor ever --> ":                  "x",
		"<blockquote>\n<p>q</p>\n</blockquote>\n<p>p</p>":     "q\n\np",
		`<p><a href="http://x/">link</a> 1 &lt; 2</p>`:        "link 1 < 2",
	} {
		if got := htmlText(in); got != want {
			t.Errorf("htmlText(%q) = %q, want %q", in, got, want)
		}
	}
}
