package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// jobPrefix is where jobs lie among the engine's keys.
const jobPrefix = "job/"

// Job is something waiting to be done: a thread to be looked at, or an action. Stored
// jobs outlive the program that wrote them, so fields are only ever added.
type Job struct {
	// Key names the effect and is unique: wanting it twice finds it taken. It is also
	// the ID that people see.
	Key string `json:"-"`
	// Lane names the line in which the job stands.
	Lane string `json:"lane"`
	// Seq is the place in the lane. Zero when first put: the store gives it, and it
	// is kept when the job is put again.
	Seq uint64 `json:"seq"`
	// Rev is raised by the store at each put.
	Rev uint64 `json:"rev"`
	// NotBefore is the time before which the job, and so its lane, has to wait.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Tries counts the attempts that failed.
	Tries int `json:"tries,omitempty"`
	// Begun is when the job was about to be sent; zero: never sent.
	Begun time.Time `json:"begun,omitzero"`
	// Parked says why the job was given up; empty: it was not.
	Parked string `json:"parked,omitempty"`
	// Holds makes a job that is parked hold back the jobs behind it.
	Holds bool `json:"holds,omitempty"`
	// Waits says why the job waits, in words for a person.
	Waits string `json:"waits,omitempty"`
	// Urgent has the job, and what stands before it in its lane, go before what is not.
	Urgent bool `json:"urgent,omitempty"`
	// Gate names the limit on account of which the job was put off until NotBefore: its
	// lane waits there, in line with others, and nobody passes before that time.
	Gate string `json:"gate,omitempty"`
	// Since is when the job was first put; the store fills it in.
	Since time.Time `json:"since,omitzero"`
	// Body is what the job is about; opaque to the store, which keeps it but for the
	// white space between its tokens.
	Body json.RawMessage `json:"body,omitempty"`

	// raw is the stored form this job was read from, which GuardJob compares: to
	// encode the job anew would give other bytes once a field has been added.
	raw []byte
}

func encodeJob(j Job) ([]byte, error) {
	raw, err := encode(j)
	if err != nil {
		return nil, fmt.Errorf("encode job %s: %w", j.Key, err)
	}
	return raw, nil
}

func decodeJob(kv KV) (Job, error) {
	j := Job{Key: strings.TrimPrefix(kv.Key, jobPrefix), raw: kv.Value}
	if err := json.Unmarshal(kv.Value, &j); err != nil {
		return Job{}, fmt.Errorf("decode job %s: %w", j.Key, err)
	}
	return j, nil
}

// encode is json.Marshal without its escaping of <, > and &, which would change the
// text of a job's body.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
