package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/bridge"
)

// listenPrivate opens a Unix socket that only this user can reach.
func listenPrivate(path string) (net.Listener, error) {
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// adminHandler answers the commands that talk to the running daemon.
func (d *daemon) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", d.readyz)
	mux.HandleFunc("GET /store", func(w http.ResponseWriter, r *http.Request) {
		about, err := bridge.About(r.Context(), d.store)
		answer(w, about, err)
	})
	mux.HandleFunc("GET /jobs", func(w http.ResponseWriter, r *http.Request) {
		jobs, err := d.worker().Jobs(r.Context())
		answer(w, jobs, err)
	})
	mux.HandleFunc("POST /jobs/retry", func(w http.ResponseWriter, r *http.Request) {
		n, err := bridge.Retry(r.Context(), d.store, r.FormValue("id"))
		answer(w, n, err)
	})
	mux.HandleFunc("POST /jobs/drop", func(w http.ResponseWriter, r *http.Request) {
		answer(w, 1, bridge.Drop(r.Context(), d.store, r.FormValue("id")))
	})
	mux.HandleFunc("GET /explain", func(w http.ResponseWriter, r *http.Request) {
		t, ok := bridge.ParseThread(r.FormValue("thread"))
		if !ok {
			answer(w, nil, errors.New("no such thread"))
			return
		}
		x, err := d.worker().Explain(r.Context(), t)
		answer(w, x, err)
	})
	mux.HandleFunc("POST /plan", func(w http.ResponseWriter, r *http.Request) {
		since, err := time.ParseDuration(r.FormValue("since"))
		team, wrong := agents.Parse("agents file", []byte(r.FormValue("agents")))
		if err = errors.Join(err, wrong); err != nil {
			answer(w, nil, err)
			return
		}
		plan, err := d.worker().Plan(r.Context(), d.roster.over(team), since)
		answer(w, plan, err)
	})
	mux.HandleFunc("GET /backup", d.upload(sendFile))
	mux.HandleFunc("GET /export", d.upload(sendExport))
	return mux
}

// answer sends v, or the error as text.
func answer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	writeJSON(w, http.StatusOK, v)
}

// errNoDaemon says that nobody answers on the socket.
var errNoDaemon = errors.New("no daemon answers")

// request sends a request to the running daemon. errNoDaemon if there is none.
func request(ctx context.Context, socket, method, path string, form url.Values) (*http.Response, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	address, body := "http://daemon"+path+"?"+form.Encode(), io.Reader(nil)
	if method == "POST" { // an agents file may be longer than an address
		address, body = "http://daemon"+path, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := client.Do(req)
	var op *net.OpError
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%s belongs to another user: run the command as the daemon's user", socket)
	case errors.As(err, &op) && op.Op == "dial":
		return nil, errNoDaemon
	case err != nil:
		return nil, err
	}
	return resp, nil
}

// ask sends a request to the running daemon and reads its answer into v. errNoDaemon if there is none.
func ask(ctx context.Context, socket, method, path string, form url.Values, v any) error {
	resp, err := request(ctx, socket, method, path, form)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode == http.StatusUnprocessableEntity {
		return errors.New(string(body[:max(0, len(body)-1)]))
	}
	return json.Unmarshal(body, v)
}
