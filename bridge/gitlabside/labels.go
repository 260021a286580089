package gitlabside

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/xanzy/go-gitlab"

	"slack-gitlab-bridge/bridge"
)

// labelSet is the names of the labels that a project is known to have, its groups' included.
type labelSet []string

// sightings remembers labels seen on issues, since GitLab makes those that did not exist. They are kept beside the list that was read,
// because a list whose reading began earlier would forget them.
type sightings struct {
	keep time.Duration
	mu   sync.Mutex
	m    map[int]map[string]time.Time // by project: when each was seen last
}

func (s *sightings) add(project int, names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m[project] == nil {
		s.m[project] = map[string]time.Time{}
	}
	for _, n := range names {
		s.m[project][n] = time.Now()
	}
}

// with gives the list and what was seen beside it not too long ago.
func (s *sightings) with(project int, list labelSet) labelSet {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.m[project], func(_ string, at time.Time) bool { return time.Since(at) > s.keep })
	out := slices.Clone(list)
	for _, n := range slices.Sorted(maps.Keys(s.m[project])) {
		if !slices.Contains(list, n) {
			out = append(out, n)
		}
	}
	return out
}

// Labels reads the names of a project's labels, its groups' included: one request per 100.
func (g *GitLab) Labels(ctx context.Context, project string) ([]string, error) {
	p, err := g.Project(ctx, project)
	if err != nil {
		return nil, err
	}
	list, err := g.readLabels(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	g.labels.put(p.ID, list)
	return list, nil
}

func (g *GitLab) labelsOf(ctx context.Context, project int) (labelSet, error) {
	list, err := g.labels.get(project, func() (labelSet, error) { return g.readLabels(ctx, project) })
	return g.seen.with(project, list), err
}

func (g *GitLab) readLabels(ctx context.Context, project int) (labelSet, error) {
	names := labelSet{}
	r := request{what: "read labels of " + g.projectName(project), want: http.StatusOK, project: project}
	err := g.pages(ctx, r, func(at gitlab.ListOptions, o gitlab.RequestOptionFunc) (bool, *gitlab.Response, error) {
		list, resp, err := g.api.Labels.ListLabels(project, &gitlab.ListLabelsOptions{ListOptions: at}, o)
		if err == nil && list == nil {
			err = errNoList
		}
		for _, l := range list {
			if l == nil || l.ID <= 0 || l.Name == "" {
				return false, resp, errNoID
			}
			names = append(names, l.Name)
		}
		return false, resp, err
	})
	return names, err
}

// resolved spells labels as the project does. GitLab tells upper from lower case, and would make a second label beside the one meant.
func (s labelSet) resolved(names []string) []string {
	var out []string
	for _, n := range names {
		n = spelled(strings.TrimSpace(n), s)
		if n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// spelled gives the known label that differs from name in case only, if there is exactly one and name itself is unknown.
func spelled(name string, known []string) string {
	if slices.Contains(known, name) {
		return name
	}
	found := ""
	for _, k := range known {
		if !strings.EqualFold(k, name) {
			continue
		}
		if found != "" {
			return name
		}
		found = k
	}
	if found != "" {
		return found
	}
	return name
}

// newest drops of each scope all but the last label, and gives what it dropped.
func newest(labels []string) (kept, dropped []string) {
	for i, l := range labels {
		scope := bridge.Scope(l)
		if scope != "" && slices.ContainsFunc(labels[i+1:], func(later string) bool { return bridge.Scope(later) == scope }) {
			dropped = append(dropped, l)
			continue
		}
		kept = append(kept, l)
	}
	return kept, dropped
}

// labelChange works out what to add and to remove. GitLab Free does not take away the other labels of a scope, so all that are known
// are named; those that the issue lacks do no harm.
func (s labelSet) labelChange(add, remove []string) (adds, removes []string) {
	removes = s.resolved(remove)
	adds = slices.DeleteFunc(s.resolved(add), func(l string) bool { return slices.Contains(removes, l) })
	adds, dropped := newest(adds)
	known := slices.Concat(dropped, s)
	for _, l := range adds {
		scope := bridge.Scope(l)
		for _, k := range known {
			if scope != "" && k != l && bridge.Scope(k) == scope && !slices.Contains(removes, k) {
				removes = append(removes, k)
			}
		}
	}
	return adds, removes
}

// checkLabels refuses what GitLab would take for two labels.
func checkLabels(what string, lists ...[]string) error {
	for _, l := range slices.Concat(lists...) {
		if strings.Contains(l, ",") {
			return &bridge.Never{
				Err:    fmt.Errorf("%s: the label %q has a comma in it", what, shortened(l)),
				Remedy: "GitLab's labels cannot; correct it in the agents file",
			}
		}
	}
	return nil
}

// labelOptions is nil for no labels: an empty list would take all labels away.
func labelOptions(names []string) *gitlab.LabelOptions {
	if len(names) == 0 {
		return nil
	}
	o := gitlab.LabelOptions(names)
	return &o
}
