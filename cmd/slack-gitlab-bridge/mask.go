package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// mask hides secrets in what is written for people and machines. No error is meant to hold one: this is the net below.
type mask struct{ known *strings.Replacer }

// maskShortest is how many bytes a configured value has at least that is hidden: shorter ones would take parts of other words along.
const maskShortest = 8

// newMask hides the secrets of this configuration, as they are and as JSON and addresses write them, and whatever looks like a token.
func newMask(c config) mask {
	var pairs []string
	values := c.secrets()
	slices.SortFunc(values, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // one may begin with another
	for _, s := range values {
		if len(s) < maskShortest {
			continue
		}
		quoted, err := json.Marshal(s)
		if err != nil {
			panic(err) // a string can be encoded
		}
		for _, form := range []string{s, string(quoted[1 : len(quoted)-1]), url.QueryEscape(s), url.PathEscape(s)} {
			pairs = append(pairs, form, hidden)
		}
	}
	return mask{strings.NewReplacer(pairs...)}
}

// hidden stands where a secret was.
const hidden = "***"

// tokenShape is what tokens of Slack and GitLab look like, and the tickets in the addresses of sockets. The prefix stays, to tell what it was.
var tokenShape = regexp.MustCompile(`(xox[a-z]-|xapp-|gl(?:pat|ptt|dt|rt|rtr|cbt|ft|imt|agent|oas|soat|ffct|wt)-|ticket=)[0-9A-Za-z_.%-]*[0-9A-Za-z_%-]`)

// text gives s without secrets.
func (m mask) text(s string) string {
	return tokenShape.ReplaceAllString(m.known.Replace(s), "${1}"+hidden)
}

// writer passes on what is written to it, without secrets. Each Write must hold whole lines.
func (m mask) writer(out io.Writer) io.Writer { return maskedWriter{m, out} }

type maskedWriter struct {
	mask mask
	out  io.Writer
}

// Write implements io.Writer.
func (w maskedWriter) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.out, w.mask.text(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// secrets are the values of the variables that nobody but the vendors may see.
func (c config) secrets() (values []string) {
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		if s := v.Field(i).String(); v.Type().Field(i).Tag.Get("secret") != "" && s != "" {
			values = append(values, s)
		}
	}
	return values
}

// environMask hides the secrets of an environment, whatever is wrong with that.
func environMask(environ []string) mask {
	var c config
	vars, _ := fromFiles(environ, false) // its faults are told by whoever needs what is in it
	v := reflect.ValueOf(&c).Elem()
	for i, variable := range variables() {
		if v.Type().Field(i).Tag.Get("secret") != "" {
			v.Field(i).SetString(vars[variable.Name])
		}
	}
	return newMask(c)
}

// complain prints an error, without secrets.
func complain(w world, err error) { fmt.Fprintln(w.err, environMask(w.environ).text(err.Error())) }
