package sandbox

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestOnlyItsOwnPageOnThisMachineIsAnswered(t *testing.T) {
	w := start(t)
	own, err := url.Parse(w.URL())
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, method, host string
		header             map[string]string
		want               int
	}{
		{"curl", "GET", "", nil, 200},
		{"its page", "POST", "", map[string]string{"Origin": "http://" + own.Host, "Sec-Fetch-Site": "same-origin"}, 200},
		{"as localhost", "POST", "localhost:" + own.Port(), map[string]string{"Origin": "http://localhost:" + own.Port()}, 200},
		{"as IPv6", "GET", "[::1]:" + own.Port(), nil, 200},
		{"through a published port", "GET", "127.0.0.1:9999", map[string]string{"Origin": "http://127.0.0.1:9999"}, 200},
		{"a link from elsewhere", "GET", "", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200},
		{"a foreign page", "POST", "", map[string]string{"Origin": "https://evil.example"}, 403},
		{"a page in a frame", "POST", "", map[string]string{"Origin": "null"}, 403},
		{"a page of another port", "POST", "", map[string]string{"Origin": "http://127.0.0.1:1"}, 403},
		{"a script of elsewhere", "GET", "", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403},
		{"a form of elsewhere", "POST", "", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403},
		{"a rebound name", "GET", "evil.example", nil, 403},
		{"a rebound name and its page", "POST", "evil.example:" + own.Port(), map[string]string{"Origin": "http://evil.example:" + own.Port()}, 403},
		{"an address of the network", "GET", "192.168.1.7:" + own.Port(), nil, 403},
		{"a name that only looks local", "GET", "127.0.0.1.evil.example", nil, 403},
	} {
		path, body := "state", ""
		if tc.method == "POST" {
			path, body = "act/fault/drop", "{}"
		}
		r, err := http.NewRequest(tc.method, w.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = tc.host
		r.Header.Set("Content-Type", "application/json")
		for k, v := range tc.header {
			r.Header.Set(k, v)
		}
		if got := fetch(t, r); got.status != tc.want {
			t.Errorf("%s: %s %s: got %d %.80s, want %d", tc.name, tc.method, path, got.status, got.body, tc.want)
		}
	}
}
