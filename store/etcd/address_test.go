package etcd

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Address{
		"etcd://h1:2379,h2:2380/bridge":      {Hosts: []string{"h1:2379", "h2:2380"}, Prefix: "/bridge"},
		"etcds://etcd-0.etcd.ns.svc/a/b":     {TLS: true, Hosts: []string{"etcd-0.etcd.ns.svc:2379"}, Prefix: "/a/b"},
		"etcd://10.0.0.1,10.0.0.2:1/x/":      {Hosts: []string{"10.0.0.1:2379", "10.0.0.2:1"}, Prefix: "/x"},
		"etcd://[::1]:2379,[fe80::1]/b.c-d_": {Hosts: []string{"[::1]:2379", "[fe80::1]:2379"}, Prefix: "/b.c-d_"},
		"etcd://h//p":                        {Hosts: []string{"h:2379"}, Prefix: "/p"},
	} {
		got, err := ParseAddress(s)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ParseAddress(%q) = %+v, %v; want %+v", s, got, err, want)
		}
		again, err := ParseAddress(got.String())
		if err != nil || !reflect.DeepEqual(again, want) {
			t.Errorf("ParseAddress(%q), as String has it, = %+v, %v; want %+v", got.String(), again, err, want)
		}
	}
}

func TestParseAddressRefuses(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"":                       "not the address",
		"bridge.db":              "not the address",
		"http://h:2379/p":        "not the address",
		"etcd:/h/p":              "not the address",
		"etcd://h:2379":          "names no prefix",
		"etcd://h:2379/":         "names no prefix",
		"etcd:///p":              `"" is no host`,
		"etcd://h1,,h2/p":        `"" is no host`,
		"etcd://h1, h2/p":        `" h2" is no host`,
		"etcd://h:port/p":        `"h:port" is no host`,
		"etcd://h:/p":            `"h:" is no host`,
		"etcd://:2379/p":         `":2379" is no host`,
		"etcd://h:1,h:1/p":       "names h:1 twice",
		"etcd://u:secret@h/p":    "options of their own",
		"etcd://h/p?tls=1":       `part "p?tls=1"`,
		"etcd://h/a//b":          `part ""`,
		"etcd://h/a b":           `part "a b"`,
		"etcds://h1:2379;h2/p":   "is no host",
		"etcd://https://h:2/p":   "is no host",
		"etcd://h:2379/pr\x00fi": "part",
	} {
		a, err := ParseAddress(s)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("ParseAddress(%q) = %+v, %v; want an error with %q and no password", s, a, err, want)
		}
	}
}

func TestIsAddress(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"etcd://": true, "etcds://h/p": true, "bridge.db": false, "etcd": false, "/etcd://": false} {
		if got := IsAddress(s); got != want {
			t.Errorf("IsAddress(%q) = %v, want %v", s, got, want)
		}
	}
}
