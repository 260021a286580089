package markup

import (
	"encoding/json"
	"strings"
	"testing"
)

// benchmarks are messages of 4,000 to 40,000 characters.
var benchmarks = map[string]Message{
	"typical": {Text: strings.Repeat("Hi <@U1>, since today's release `POST /api/v2/orders` answers *502* for about 1 in 20 requests :eyes:, see <https://status.example.com/i/42|the status page>.\n"+
		"> upstream prematurely closed connection\nIs that known in <#C1>? Orders #1042 and #1043 are stuck.\n\n", 14)},
	"code-heavy": {Text: strings.Repeat("It fails with\n```panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.main()\n\t/tmp/sandbox/prog.go:8 +0x1d\n```\nin `main.go:8`, since `a[5]`.\n", 25)},
	"rich":       {Blocks: richBlocks(strings.Repeat("a plain sentence of a reply. ", 12), 12)},
	"hostile":    {Text: strings.Repeat(strings.Join(hostile, "\n")+"\n", 10)},
}

func richBlocks(text string, n int) json.RawMessage {
	var all []string
	for range n {
		all = append(all, text)
	}
	return elements("rich_text_section", all...)
}

func BenchmarkFromSlack(b *testing.B) {
	for name, m := range benchmarks {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(m.Text) + len(m.Blocks)))
			b.ReportAllocs()
			for b.Loop() {
				if FromSlack(m, names).s == "" {
					b.Fatal("FromSlack: got nothing")
				}
			}
		})
	}
}

func BenchmarkTitle(b *testing.B) {
	for name, m := range benchmarks {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if Title(m, names, "x") == "" {
					b.Fatal("Title: got nothing")
				}
			}
		})
	}
}
