package fakeslack

import (
	"bufio"
	"encoding/binary"
	"net"
	"net/http"
)

// Slack drops acknowledgements that come in more than one WebSocket frame, and the websocket package does not tell how a message came.
// So a tap reads the frame headers that pass by.

// tapWriter puts a tap on the connection that is hijacked through it.
type tapWriter struct {
	http.ResponseWriter
	tap *tap
}

// Hijack takes the connection over, tapped.
func (w *tapWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.tap = &tap{Conn: c}
	return w.tap, rw, nil
}

// tap follows the frames of one connection. Only its reader may use it.
type tap struct {
	net.Conn
	header []byte // of the frame that has begun, as far as read
	skip   uint64 // bytes of payload still to come
	parts  int    // frames of the message so far
	ended  []bool // for each finished message that was not asked for yet: it came in one frame
}

// Read passes bytes on and looks at them.
func (t *tap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.look(b[:n])
	return n, err
}

// whole reports whether the message that was read last came in one frame. It must be called once for each message.
func (t *tap) whole() bool {
	if len(t.ended) == 0 {
		return false
	}
	first := t.ended[0]
	t.ended = t.ended[1:]
	return first
}

func (t *tap) look(b []byte) {
	for len(b) > 0 {
		if t.skip > 0 {
			n := min(t.skip, uint64(len(b)))
			t.skip -= n
			b = b[n:]
			continue
		}
		t.header = append(t.header, b[0])
		b = b[1:]
		if size, done := frameSize(t.header); done {
			t.frame(t.header[0])
			t.header, t.skip = t.header[:0], size
		}
	}
}

// frame notes one frame by its first byte: the final bit and the kind. Control frames come between the frames of a message.
func (t *tap) frame(first byte) {
	if first&0x0f >= 8 {
		return
	}
	t.parts++
	if first&0x80 != 0 {
		t.ended = append(t.ended, t.parts == 1)
		t.parts = 0
	}
}

// frameSize gives the payload's size once the header is complete (RFC 6455, section 5.2).
func frameSize(h []byte) (size uint64, done bool) {
	if len(h) < 2 {
		return 0, false
	}
	want, mask := 2, 0
	if h[1]&0x80 != 0 {
		mask = 4
	}
	size = uint64(h[1] & 0x7f)
	switch size {
	case 126:
		want = 4
	case 127:
		want = 10
	}
	if len(h) < want+mask {
		return 0, false
	}
	switch want {
	case 4:
		size = uint64(binary.BigEndian.Uint16(h[2:4]))
	case 10:
		size = binary.BigEndian.Uint64(h[2:10])
	}
	return size, true
}
