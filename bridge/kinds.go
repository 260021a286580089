package bridge

import (
	"slices"
	"strings"
)

// Kind names the action in keys, logs and metrics.
func (a Action) Kind() string {
	switch {
	case a.Look != nil:
		return "look"
	case a.Create != nil:
		return "create"
	case a.Note != nil:
		return "note"
	case a.Edit != nil:
		return "edit"
	case a.Rewrite != nil:
		return "rewrite"
	case a.Copy != nil:
		return "copy"
	case a.Attach != nil:
		return "attach"
	case a.Update != nil:
		return "update"
	case a.Assign != nil:
		return "assign"
	case a.Twin != nil:
		return "twin"
	case a.Say != nil:
		return "say"
	case a.Sign != nil:
		return "sign"
	case a.Tell != nil:
		return "tell"
	}
	return "card"
}

// Kinds lists all that Kind can be.
func Kinds() []string {
	return []string{"look", "create", "note", "edit", "rewrite", "copy", "attach", "update", "assign", "twin", "card", "say", "sign", "tell"}
}

// Unreadable is the kind of a job of which nothing can be made out.
const Unreadable = "unreadable"

// threadOf gives the thread that a job is about, by its key.
func threadOf(key string) (Thread, bool) {
	parts := strings.SplitN(key, "/", 3)
	if len(parts) < 3 {
		return Thread{}, false
	}
	return ParseThread(parts[0] + "/" + parts[1])
}

// KindOf gives the kind of the action whose job has that key, or Unreadable.
func KindOf(key string) string {
	if parts := strings.SplitN(key, "/", 4); len(parts) > 2 && slices.Contains(Kinds(), parts[2]) {
		return parts[2]
	}
	return Unreadable
}
