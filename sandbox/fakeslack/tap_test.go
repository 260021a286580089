package fakeslack

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
)

// wsFrame writes one frame as a client would, with a mask of zeros.
func wsFrame(first byte, size int) []byte {
	head := []byte{first}
	switch {
	case size < 126:
		head = append(head, 0x80|byte(size))
	case size < 1<<16:
		head = append(head, 0x80|126, byte(size>>8), byte(size))
	default:
		head = append(head, 0x80|127, 0, 0, 0, 0, byte(size>>24), byte(size>>16), byte(size>>8), byte(size))
	}
	return append(append(head, 0, 0, 0, 0), bytes.Repeat([]byte{0x81}, size)...)
}

// The tap tells whole messages from fragmented ones, however the bytes are cut up on their way.
func TestTap(t *testing.T) {
	const text, more, last, ping = 0x81, 0x01, 0x80, 0x89
	for _, c := range []struct {
		name   string
		frames []byte
		want   string
	}{
		{"one", wsFrame(text, 5), "true"},
		{"empty", wsFrame(text, 0), "true"},
		{"sizes", bytes.Join([][]byte{wsFrame(text, 125), wsFrame(text, 126), wsFrame(text, 65535), wsFrame(text, 65536)}, nil), "true true true true"},
		{"fragments", bytes.Join([][]byte{wsFrame(more, 10), wsFrame(last, 10), wsFrame(text, 1)}, nil), "false true"},
		{"three fragments", bytes.Join([][]byte{wsFrame(more, 10), wsFrame(0, 200), wsFrame(last, 10)}, nil), "false"},
		{"a ping between fragments", bytes.Join([][]byte{wsFrame(more, 10), wsFrame(ping, 4), wsFrame(last, 10)}, nil), "false"},
		{"a ping before", append(wsFrame(ping, 4), wsFrame(text, 4)...), "true"},
		{"unfinished", wsFrame(text, 200)[:3], ""},
	} {
		for _, cut := range []int{1, 7, 1 << 20} {
			client, server := net.Pipe()
			go func() {
				for b := c.frames; len(b) > 0; {
					n := min(cut, len(b))
					_, _ = client.Write(b[:n]) // the reader reads to the end
					b = b[n:]
				}
				client.Close()
			}()
			tap := &tap{Conn: server}
			var got bytes.Buffer
			if _, err := got.ReadFrom(tap); err != nil {
				t.Fatal(err)
			}
			var whole []string
			for len(tap.ended) > 0 {
				whole = append(whole, fmt.Sprint(tap.whole()))
			}
			same(t, fmt.Sprintf("%s cut at %d: whole messages", c.name, cut), strings.Join(whole, " "), c.want)
			same(t, c.name+": bytes passed on", bytes.Equal(got.Bytes(), c.frames), true)
		}
	}
	if (&tap{}).whole() {
		t.Error("whole before any message = true, want false")
	}
}
