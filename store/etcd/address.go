package etcd

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
)

// defaultPort is where etcd listens for clients.
const defaultPort = "2379"

// How the two kinds of address begin.
const (
	plainScheme = "etcd://"
	tlsScheme   = "etcds://"
)

// remedyAddress shows how an address is written.
const remedyAddress = "write it like etcd://host1:2379,host2:2379,host3:2379/bridge, or etcds:// for TLS"

var (
	hostName   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)
	prefixPart = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
)

// Address says where the members of a cluster are, and below which prefix of its keys
// the store lies.
type Address struct {
	TLS    bool
	Hosts  []string // host:port each, at least one, none twice
	Prefix string   // like /bridge: it begins with a slash and does not end with one
}

// IsAddress reports whether s is meant as the address of a cluster, be it a good one
// or not.
func IsAddress(s string) bool {
	return strings.HasPrefix(s, plainScheme) || strings.HasPrefix(s, tlsScheme)
}

// ParseAddress reads etcd://host1:2379,host2:2379/prefix, or etcds:// for TLS. The
// error says what is wrong about it and how it is written; it shows no password that
// was put there by mistake.
func ParseAddress(s string) (Address, error) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || !IsAddress(s) {
		return Address{}, fmt.Errorf("not the address of an etcd cluster: %s", remedyAddress)
	}
	hosts, prefix, _ := strings.Cut(rest, "/")
	if strings.Contains(hosts, "@") {
		return Address{}, errors.New("it holds a user or a password: those have options of their own")
	}
	a := Address{TLS: scheme+"://" == tlsScheme}
	for host := range strings.SplitSeq(hosts, ",") {
		host, err := hostPort(host)
		if err != nil {
			return Address{}, err
		}
		if slices.Contains(a.Hosts, host) {
			return Address{}, fmt.Errorf("it names %s twice: name each member once", host)
		}
		a.Hosts = append(a.Hosts, host)
	}
	prefix = strings.Trim(prefix, "/")
	if prefix == "" {
		return Address{}, fmt.Errorf("it names no prefix, below which the store's keys lie: %s", remedyAddress)
	}
	for part := range strings.SplitSeq(prefix, "/") {
		if !prefixPart.MatchString(part) {
			return Address{}, fmt.Errorf("the prefix has a part %q: letters, digits, dots, dashes and underlines make one", part)
		}
	}
	a.Prefix = "/" + prefix
	return a, nil
}

// hostPort completes one member's host by the port.
func hostPort(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.Trim(s, "[]"), defaultPort
	}
	if net.ParseIP(host) == nil && !hostName.MatchString(host) || port == "" || strings.Trim(port, "0123456789") != "" {
		return "", fmt.Errorf("%q is no host with a port: %s", s, remedyAddress)
	}
	return net.JoinHostPort(host, port), nil
}

// String is the address as it may be shown.
func (a Address) String() string {
	scheme := plainScheme
	if a.TLS {
		scheme = tlsScheme
	}
	return scheme + strings.Join(a.Hosts, ",") + a.Prefix
}
