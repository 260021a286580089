package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

func (s *standin) gitlab(ctx context.Context, method, path string, body, out any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, s.w.GitLabURL()+"/api/v4/projects/"+url.PathEscape(infraProject)+"/"+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set("PRIVATE-TOKEN", s.w.GitLabToken())
	r.Header.Set("Content-Type", "application/json")
	return send(r, out)
}

func (s *standin) slack(ctx context.Context, method string, form url.Values, out any) error {
	r, err := http.NewRequestWithContext(ctx, "POST", s.w.SlackAPIURL()+method, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+s.w.BotToken())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return send(r, out)
}

func send(r *http.Request, out any) error {
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 || strings.Contains(string(b), `"ok":false`) {
		return fmt.Errorf("%s %s: %s: %s", r.Method, r.URL.Path, answer.Status, b)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(b, out)
}

func sortedKeys(m map[string]string) []string {
	keys := []string{}
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
