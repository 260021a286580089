package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

type fetched struct {
	status int
	header http.Header
	body   string
}

func fetch(t *testing.T, r *http.Request) fetched {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fetched{answer.StatusCode, answer.Header, string(b)}
}

func get(t *testing.T, url string) fetched {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return fetch(t, r)
}

// do acts as the page does, and returns the status and the error shown to the user.
func do(t *testing.T, w *World, what string, a act) (int, string) {
	t.Helper()
	body, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, w.URL()+"act/"+what, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", strings.TrimSuffix(w.URL(), "/"))
	got := fetch(t, r)
	var answer struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil {
		t.Fatalf("POST /act/%s: %v in %q", what, err, got.body)
	}
	if answer.OK != (got.status == http.StatusOK) {
		t.Errorf("POST /act/%s: ok is %v beside status %d", what, answer.OK, got.status)
	}
	return got.status, answer.Error
}

func stateOf(t *testing.T, w *World) view {
	t.Helper()
	got := get(t, w.URL()+"state")
	var v view
	if err := json.Unmarshal([]byte(got.body), &v); err != nil || got.status != http.StatusOK {
		t.Fatalf("GET /state: %d, %v", got.status, err)
	}
	return v
}
