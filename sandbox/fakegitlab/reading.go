package fakegitlab

// Happening is something that a text caused beside being stored.
type Happening struct {
	Kind string `json:"kind"`
}

func (s *Server) read(who actor, is *issue, n *note, where, text string) {}
func emojiName(name string) bool                                         { return true }
func RenderHTML(markdown string) string                                  { return markdown }
func (s *Server) renderFor(text string, p *project, gfm bool) string     { return RenderHTML(text) }
