package fakeslack

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
)

// credentials are the tokens of a request. One in the query is not looked at: Slack refuses it of today's apps.
type credentials struct{ header, form string }

func (c credentials) pick() string {
	if c.header != "" {
		return c.header
	}
	return c.form
}

const maxBody = 8 << 20

// readArgs reads a method's arguments from the query and from a form or JSON body. Values that are not text are kept as their JSON.
func readArgs(r *http.Request) (map[string]string, credentials, error) {
	args := map[string]string{}
	for k, v := range r.URL.Query() {
		args[k] = v[0]
	}
	delete(args, "token")
	var keys credentials
	keys.header, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/x-www-form-urlencoded", "multipart/form-data":
		if err := parseForm(r, kind); err != nil {
			return args, keys, Error("invalid_form_data")
		}
		for k, v := range r.PostForm {
			args[k] = v[0]
		}
		keys.form = args["token"]
		delete(args, "token")
	case "application/json":
		if err := readJSON(r.Body, args); err != nil {
			return args, keys, err
		}
		delete(args, "token") // with JSON it must be in the header
	}
	return args, keys, nil
}

func parseForm(r *http.Request, kind string) error {
	if kind == "multipart/form-data" {
		return r.ParseMultipartForm(maxBody)
	}
	return r.ParseForm()
}

func readJSON(body io.Reader, args map[string]string) error {
	raw, err := io.ReadAll(io.LimitReader(body, maxBody))
	if err != nil {
		return Error("request_timeout")
	}
	if len(raw) == 0 {
		return nil
	}
	var fields map[string]json.RawMessage
	if !json.Valid(raw) {
		return Error("invalid_json")
	}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return Error("json_not_object")
	}
	for k, v := range fields {
		var text string
		switch {
		case json.Unmarshal(v, &text) == nil && string(v) != "null":
			args[k] = text
		case string(v) != "null":
			args[k] = string(v)
		}
	}
	return nil
}

// learnBase remembers how clients reach this server, for the addresses in what it sends them.
func (s *Server) learnBase(r *http.Request) {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	if r.Host != "" {
		s.web.base = scheme + "://" + r.Host
	}
}

// flag reads a boolean argument: SDKs send true, 1 or t.
func (c *call) flag(name string) bool {
	switch strings.ToLower(c.args[name]) {
	case "true", "1", "t":
		return true
	}
	return false
}

// chosenChannel gives the channel argument's channel, if the bot may know of it.
func (c *call) chosenChannel() (*channel, error) {
	id := c.args["channel"]
	if id == "" {
		return nil, missing("channel")
	}
	ch := c.state.channels[id]
	if ch == nil || ch.Private && !c.botIn(ch) {
		return nil, Error("channel_not_found")
	}
	return ch, nil
}

// readableChannel also wants the scope and the membership that reading messages takes.
func (c *call) readableChannel(scope func(*channel) string) (*channel, error) {
	ch, err := c.chosenChannel()
	if err != nil {
		return nil, err
	}
	if need := scope(ch); !c.hasScope(need) {
		return nil, c.missingScope(need)
	}
	if !c.botIn(ch) {
		return nil, Error("not_in_channel")
	}
	return ch, nil
}
