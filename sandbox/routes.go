package sandbox

import (
	"embed"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
)

//go:embed web
var web embed.FS

// policy lets the page use what this server serves, and nothing else: no inline script, no other host, no frame around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// routes puts the page and both imitations behind one listener.
func (w *World) routes() http.Handler {
	files, err := fs.Sub(web, "web")
	if err != nil {
		panic("sandbox: " + err.Error()) // the folder is embedded above
	}
	static := http.FileServerFS(files)
	page := http.NewServeMux()
	page.HandleFunc("GET /state", w.serveState)
	page.HandleFunc("GET /events", w.serveEvents)
	page.HandleFunc("POST /act/{act...}", w.serveAct)
	page.Handle("GET /previews/{file}", vendor(http.HandlerFunc(w.servePreview)))
	page.Handle("GET /assets/", http.StripPrefix("/assets", static))
	page.Handle("GET /emoji/", static)
	index := func(rw http.ResponseWriter, r *http.Request) { http.ServeFileFS(rw, r, files, "index.html") }
	page.HandleFunc("GET /{$}", index)
	page.HandleFunc("GET /archives/{channel}/{message}", index)                // a Slack permalink
	page.HandleFunc("GET /acme/{group}/{project}/-/issues/{issue}", index)     // an issue's address
	page.HandleFunc("GET /acme/{group}/{project}/-/work_items/{issue}", index) // the same, as newer versions write it

	mux := http.NewServeMux()
	mux.Handle("/", guarded(page))
	slack, gitlab := vendor(w.orders.slow("slack", w.slack.Handler())), vendor(w.orders.slow("gitlab", w.gitlab.Handler()))
	for _, path := range []string{"/api/", "/link/", "/files/"} {
		mux.Handle(path, slack)
	}
	for _, path := range []string{"/api/v4/", "/-/project/", "/uploads/"} {
		mux.Handle(path, gitlab)
	}
	return mux
}

// guarded answers only a page of its own, in a browser on this machine: a foreign page cannot read or act here, neither directly nor by
// giving its own name our address.
func guarded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		head := rw.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Cache-Control", "no-cache")
		switch {
		case !loopback(r.Host):
			http.Error(rw, "the sandbox answers only on this machine: open it as localhost or 127.0.0.1", http.StatusForbidden)
		case !sameOrigin(r):
			http.Error(rw, "the sandbox takes requests only from its own page", http.StatusForbidden)
		default:
			h.ServeHTTP(rw, r)
		}
	})
}

func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(trimBrackets(host))
	return err == nil && ip.IsLoopback()
}

func trimBrackets(host string) string {
	if len(host) > 1 && host[0] == '[' && host[len(host)-1] == ']' {
		return host[1 : len(host)-1]
	}
	return host
}

// sameOrigin refuses what another page has sent. Following a link to the page is allowed; without both headers it is no browser.
func sameOrigin(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		return err == nil && u.Scheme == "http" && u.Host == r.Host
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return true
	}
	return r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate"
}

// vendor keeps what people have uploaded from acting as a page of this origin.
func vendor(h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
		rw.Header().Set("X-Content-Type-Options", "nosniff")
		h.ServeHTTP(rw, r)
	})
}
