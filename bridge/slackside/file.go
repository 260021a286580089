package slackside

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
)

const (
	fileMethod  = "read file" // in the place of a method's name
	filePeek    = 512         // bytes that are looked at before a file is believed to be one
	fileDetours = 5           // redirects that are followed
)

// OpenFile begins to read a file: one request and its redirects, and one before it where the message did not tell where the file is.
// The caller closes body and bounds the time by ctx; reading it may fail, with io.ErrUnexpectedEOF if it ends too soon. Size is in
// bytes, -1 if unknown; name is as people gave it and safe for nothing. A *bridge.Never says in its text why there is no content to be
// had: the file is deleted, outside of Slack, or not for the bridge.
func (s *Slack) OpenFile(ctx context.Context, f markup.File) (body io.ReadCloser, size int64, name string, err error) {
	if f.Mode == askMode || f.URL == "" && f.ID != "" && contentless(f.Mode) == "" {
		if f, err = s.fileInfo(ctx, f); err != nil {
			return nil, 0, "", err
		}
	}
	if why := contentless(f.Mode); why != "" {
		return nil, 0, "", &bridge.Never{Err: fmt.Errorf("read file %s: it %s", f.ID, why)}
	}
	c := call{what: "read file " + f.ID, method: fileMethod}
	err = s.call(ctx, c, func(ctx context.Context) (err error) {
		body, size, err = s.download(ctx, f)
		return err
	})
	if err != nil {
		return nil, 0, "", err
	}
	return body, size, f.Name, nil
}

// contentless says why a file of that mode has nothing to read; empty if it may have.
func contentless(mode string) string {
	switch mode {
	case "external":
		return "is kept outside of Slack"
	case "tombstone":
		return "was deleted in Slack"
	case "hidden_by_limit":
		return "is hidden by the limit of Slack's plan"
	}
	return ""
}

// fileInfo asks Slack for what a message did not tell of a file.
func (s *Slack) fileInfo(ctx context.Context, f markup.File) (markup.File, error) {
	var answer struct {
		File file `json:"file"`
	}
	c := call{what: "ask about file " + f.ID, method: infoMethod}
	err := s.read(ctx, c, url.Values{"file": {f.ID}}, &answer)
	if err = lacks(err, infoMethod, "file", answer.File.ID == ""); err != nil {
		return f, err
	}
	told := answer.File.file()
	told.ID, told.Name = f.ID, cmp.Or(told.Name, f.Name)
	return told, nil
}

// download follows the redirects itself: each address is judged before the token is sent there.
func (s *Slack) download(ctx context.Context, f markup.File) (io.ReadCloser, int64, error) {
	client := *s.cfg.HTTP
	client.Timeout = 0 // a large file takes its time
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	where, err := url.Parse(f.URL)
	if err != nil || f.URL == "" {
		return nil, 0, noFile("Slack does not tell where it is")
	}
	for range fileDetours {
		if !s.trusted(where) {
			return nil, 0, noFile("it is kept outside of Slack")
		}
		resp, err := s.get(ctx, &client, where)
		if err != nil {
			return nil, 0, err
		}
		if resp.StatusCode == http.StatusOK {
			return contentOf(resp, f)
		}
		next, _ := resp.Location() // nil if there is none
		_ = resp.Body.Close()      // what it says is of no interest
		if resp.StatusCode/100 != 3 || next == nil {
			return nil, 0, judgeFile(resp)
		}
		if next.Query().Has("redir") {
			return nil, 0, signIn()
		}
		where = next
	}
	return nil, 0, noFile("Slack redirects without end")
}

func (s *Slack) get(ctx context.Context, client *http.Client, where *url.URL) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where.String(), http.NoBody)
	if err != nil {
		return nil, noFile("its address cannot be used")
	}
	req.Header.Set("Authorization", "Bearer "+s.cfg.BotToken)
	req.Header.Set("Accept-Encoding", "identity") // else the length would be that of something else
	resp, err := client.Do(req)
	if err != nil {
		return nil, &refusal{method: fileMethod, cause: unquoted(err)}
	}
	return resp, nil
}

// trusted reports whether the token may be sent there: to Slack over https, and to the host of the Web API as that is spoken to.
func (s *Slack) trusted(u *url.URL) bool {
	if base, err := url.Parse(s.cfg.APIURL); err == nil && u.Scheme == base.Scheme && strings.EqualFold(u.Host, base.Host) {
		return u.Host != ""
	}
	host := "." + strings.ToLower(u.Hostname())
	return u.Scheme == "https" && (u.Port() == "" || u.Port() == "443") &&
		(strings.HasSuffix(host, ".slack.com") || strings.HasSuffix(host, ".slack-gov.com"))
}

// judgeFile says what an answer without content means.
func judgeFile(resp *http.Response) error {
	r := &refusal{method: fileMethod, status: resp.StatusCode}
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests:
		r.after = retryAfter(resp.Header)
	case code == http.StatusNotFound, code == http.StatusGone:
		return noFile("it is not there any more")
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return signIn()
	case code < 500 && code != http.StatusRequestTimeout:
		return &bridge.Never{Err: r}
	}
	return r
}

func noFile(why string) error { return &bridge.Never{Err: errors.New(why)} }

func signIn() error {
	return &bridge.Never{Remedy: "give the Slack app the bot scope files:read and install it again",
		Err: errors.New("Slack asks to sign in: the bridge lacks the scope files:read or access to the file")}
}

// errEmpty is for a file that is said to hold something and does not: a copy of that would pass for the file.
var errEmpty = errors.New("it came empty")

// contentOf gives the body of an answer, unless it is the page to sign in, which Slack sends with status 200.
func contentOf(resp *http.Response, f markup.File) (io.ReadCloser, int64, error) {
	if resp.ContentLength == 0 && f.Size > 0 {
		_ = resp.Body.Close() // there is nothing in it
		return nil, 0, &refusal{method: fileMethod, status: resp.StatusCode, cause: errEmpty}
	}
	buffered := bufio.NewReaderSize(resp.Body, filePeek)
	start, _ := buffered.Peek(filePeek) // an error comes again with the first Read behind these bytes
	if !strings.Contains(f.Mimetype, "html") && (isHTML(resp.Header.Get("Content-Type")) || beginsHTML(start)) {
		_ = resp.Body.Close() // it is not what was asked for
		return nil, 0, signIn()
	}
	return struct {
		io.Reader
		io.Closer
	}{buffered, resp.Body}, resp.ContentLength, nil
}

func isHTML(contentType string) bool {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	return strings.TrimSpace(kind) == "text/html"
}

// beginsHTML reports whether bytes begin a page.
func beginsHTML(start []byte) bool {
	start = bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(start, []byte("\xef\xbb\xbf"))))
	return bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))
}
