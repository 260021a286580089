package fakeslack

import (
	"crypto/rand"
	"fmt"
	"slices"
)

// state is the workspace; Server.mu guards it.
type state struct {
	users        map[string]*User
	userOrder    []string
	apps         map[string]App // by bot ID, without our own
	channels     map[string]*channel
	channelOrder []string
	groups       []Usergroup
	emoji        map[string]string
	files        map[string]*File
	ephemerals   []Ephemeral
	ids          map[byte]int
	lastEventTS  int64
}

func (st *state) init() {
	st.users = map[string]*User{}
	st.apps = map[string]App{}
	st.channels = map[string]*channel{}
	st.emoji = map[string]string{}
	st.files = map[string]*File{}
	st.ids = map[byte]int{}
}

// newID gives U00000001, U00000002, … for each kind of thing.
func (st *state) newID(kind byte) string {
	st.ids[kind]++
	return fmt.Sprintf("%c%08d", kind, st.ids[kind])
}

// randomID is for what must differ between two servers: event and ticket names.
func randomID() string { return rand.Text()[:14] }

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, says crypto/rand
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// nextTS gives the next message id of a channel: the clock, or the id after the last if the clock stands.
func (s *Server) nextTS(ch *channel) int64 {
	ch.last = max(ch.last+1, s.cfg.Now().UnixMicro())
	return ch.last
}

// eventTS stamps an event that is not itself a message. It is unique in the workspace.
func (s *Server) eventTS() string {
	s.state.lastEventTS = max(s.state.lastEventTS+1, s.cfg.Now().UnixMicro())
	return formatTS(s.state.lastEventTS)
}

// change runs f on the state and tells the watchers if it succeeded.
func (s *Server) change(f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := f(); err != nil {
		return err
	}
	s.watch.fire()
	return nil
}

// find gives a channel and one of its messages.
func (s *Server) find(channelID, ts string) (*channel, *message, error) {
	ch := s.state.channels[channelID]
	if ch == nil {
		return nil, nil, Error("channel_not_found")
	}
	m := ch.byTS[ts]
	if m == nil || m.Tombstone() {
		return nil, nil, Error("message_not_found")
	}
	return ch, m, nil
}

func (s *Server) botIn(ch *channel) bool { return ch.has(s.cfg.BotUserID) }

func (s *Server) hasScope(scope string) bool { return slices.Contains(s.cfg.Scopes, scope) }

// botName gives the name of one of the apps, ours included.
func (s *Server) botName(botID string) string {
	if botID == s.cfg.BotID {
		return s.cfg.BotUser
	}
	return s.state.apps[botID].Name
}
