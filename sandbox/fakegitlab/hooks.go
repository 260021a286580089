package fakegitlab

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Hook is a webhook of a project, for issues and notes, confidential ones included.
type Hook struct {
	Project int
	URL     string
	Secret  string // goes into X-Gitlab-Token
}

// Delivery is one attempt to deliver to a webhook.
type Delivery struct {
	Event  string // such as Issue Hook
	Key    string // the Idempotency-Key
	Body   string
	Status int    // 0 if there was no answer
	Err    string // why there was none
}

const (
	hookPatience = 10 * time.Second // GitLab waits no longer for an answer
	hookFailures = 4                // so many failures in a row turn a webhook off
)

type hook struct {
	Hook
	uuid string

	mu       sync.Mutex
	queue    []Delivery
	done     []Delivery
	running  bool
	failures int
	idle     *sync.Cond
}

// AddHook adds a webhook and returns its number, from 0. Deliveries are made in the background, one by one and in order,
// once each. After four failures in a row nothing is sent until EnableHook.
func (s *Server) AddHook(h Hook) (number int) {
	s.locked(func() {
		made := &hook{Hook: h, uuid: s.hex(32)}
		made.idle = sync.NewCond(&made.mu)
		s.hooks = append(s.hooks, made)
		number = len(s.hooks) - 1
	})
	return number
}

// EnableHook lets a webhook that failed too often send again. What happened meanwhile is lost, as in the real one.
func (s *Server) EnableHook(number int) {
	h := s.hook(number)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures = 0
}

// Deliveries waits until nothing is on its way and lists what was sent, in order.
func (s *Server) Deliveries(number int) []Delivery {
	h := s.hook(number)
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.running {
		h.idle.Wait()
	}
	return slices.Clone(h.done)
}

// Redeliver sends a delivery again, with the same Idempotency-Key, as GitLab does on request or after a failure.
func (s *Server) Redeliver(number, delivery int) {
	list := s.Deliveries(number)
	s.hook(number).enqueue(list[delivery], s.instance())
}

func (s *Server) hook(number int) (h *hook) {
	s.locked(func() { h = s.hooks[number] })
	return h
}

func (s *Server) instance() (base string) {
	s.locked(func() { base = s.base })
	return base
}

// enqueue starts a sender if none is running. The sender ends with the queue.
func (h *hook) enqueue(d Delivery, instance string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failures >= hookFailures {
		return
	}
	h.queue = append(h.queue, d)
	if !h.running {
		h.running = true
		go h.drain(instance)
	}
}

func (h *hook) drain(instance string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.queue) > 0 && h.failures < hookFailures {
		d := h.queue[0]
		h.queue = h.queue[1:]
		h.mu.Unlock()
		d = h.send(d, instance)
		h.mu.Lock()
		h.failures++
		if d.Status >= 200 && d.Status < 300 {
			h.failures = 0
		}
		h.done = append(h.done, d)
	}
	h.queue, h.running = nil, false
	h.idle.Broadcast()
}

func (h *hook) send(d Delivery, instance string) Delivery {
	d.Status, d.Err = 0, ""
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, h.URL, bytes.NewReader([]byte(d.Body)))
	if err != nil {
		d.Err = err.Error()
		return d
	}
	for k, v := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "GitLab/" + Version, "X-Gitlab-Event": d.Event, "X-Gitlab-Token": h.Secret,
		"X-Gitlab-Event-UUID": d.Key, "X-Gitlab-Webhook-UUID": h.uuid, "X-Gitlab-Instance": instance, "Idempotency-Key": d.Key,
	} {
		req.Header.Set(k, v)
	}
	client := http.Client{Timeout: hookPatience}
	resp, err := client.Do(req)
	if err != nil {
		d.Err = err.Error()
		return d
	}
	_ = resp.Body.Close() // the answer's body means nothing
	d.Status = resp.StatusCode
	return d
}
