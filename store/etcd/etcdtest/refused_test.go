package etcdtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/etcd"
)

func TestOpenRefusesWhatIsNoStore(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	raw := c.raw()
	for key, value := range map[string]string{
		"/other/app/config": "{}",
		"/text/store":       "hello",
		"/kind/store":       `{"format":"something else","layout":1}`,
		"/newer/store":      `{"format":"slack-gitlab-bridge store","layout":99}`,
		"/beside-x/y":       "1",
	} {
		if _, err := raw.Put(t.Context(), key, value); err != nil {
			t.Fatal(err)
		}
	}
	mustOpen(t, c.address("/good"), etcd.Options{})
	for prefix, want := range map[string]string{
		"/other":      `below /other/ lies "/other/app/config" but no "/other/store": not a store of this program; choose a prefix of its own`,
		"/text":       "not a store of this program",
		"/kind":       "not a store of this program",
		"/newer":      "run the newer program",
		"/good/inner": "inside of the store below /good",
		"/good/r":     "inside of the store below /good",
		"/good/r/x/y": "inside of the store below /good",
	} {
		e, err := etcd.Open(t.Context(), c.address(prefix), etcd.Options{})
		wantText(t, "Open("+prefix+")", err, want, prefix)
		if err == nil {
			_ = e.Close()
		}
	}
	// A prefix that begins like another one is another one.
	e := mustOpen(t, c.address("/beside"), etcd.Options{})
	if err := e.Commit(t.Context(), put("k", "1")); err != nil {
		t.Errorf("Commit = %v, want nil", err)
	}
	if _, err := etcd.Open(t.Context(), c.address("/none"), etcd.Options{Existing: true}); !errors.Is(err, etcd.ErrNone) {
		t.Errorf("Open where there must be a store = %v, want ErrNone", err)
	}
	again := mustOpen(t, c.address("/good"), etcd.Options{Existing: true})
	wantValue(t, again, "k", "")
}

func TestDamageIsFound(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	e := mustOpen(t, c.address("/damage"), etcd.Options{})
	for _, key := range []string{"a", "b"} {
		if err := e.Commit(t.Context(), put(key, "value")); err != nil {
			t.Fatalf("Commit = %v", err)
		}
	}
	raw := c.raw()
	answer, err := raw.Get(t.Context(), "/damage/r/a")
	if err != nil || len(answer.Kvs) != 1 {
		t.Fatalf("Get = %v, %v", answer, err)
	}
	// A good value under another key is damage too.
	if _, err := raw.Put(t.Context(), "/damage/r/b", string(answer.Kvs[0].Value)); err != nil {
		t.Fatal(err)
	}
	for call, do := range map[string]func() error{
		"Get":   func() error { _, err := e.Get(t.Context(), "b"); return err },
		"Scan":  func() error { _, err := e.Scan(t.Context(), "", "", 9); return err },
		"Check": func() error { return e.Check(t.Context()) },
	} {
		eventually(t, call+" tells", func() bool { return errors.Is(do(), store.ErrDamaged) })
		wantText(t, call, do(), etcd.Remedy)
	}
}

func TestNoSpaceIsToldAndOver(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, func(config *embed.Config) { config.QuotaBackendBytes = 8 << 20 })
	e := mustOpen(t, c.address("/full"), etcd.Options{})
	if err := e.Commit(t.Context(), put("before", "1")); err != nil {
		t.Fatalf("Commit = %v", err)
	}
	big := strings.Repeat("x", 1<<20)
	var err error
	for range 100 {
		if err = e.Commit(t.Context(), put("big", big)); err != nil {
			break
		}
	}
	if !errors.Is(err, store.ErrFull) {
		t.Fatalf("Commit into a full cluster = %v, want ErrFull", err)
	}
	wantText(t, "Commit into a full cluster", err, "--quota-backend-bytes", "etcdctl alarm disarm")
	if err := e.Commit(t.Context(), put("small", "1")); !errors.Is(err, store.ErrFull) {
		t.Errorf("a small Commit = %v, want ErrFull", err)
	}
	if err := e.Check(t.Context()); !errors.Is(err, store.ErrFull) {
		t.Errorf("Check = %v, want ErrFull", err)
	}
	wantValue(t, e, "before", "1")
	wantValue(t, e, "small", "")
	raw := c.raw()
	answer, err := raw.Get(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Compact(t.Context(), answer.Header.Revision, clientv3.WithCompactPhysical()); err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Defragment(t.Context(), c.hosts()[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := raw.AlarmDisarm(t.Context(), &clientv3.AlarmMember{}); err != nil {
		t.Fatal(err)
	}
	if err := e.Commit(t.Context(), put("small", "1")); err != nil {
		t.Errorf("Commit once there is room = %v, want nil", err)
	}
}

func TestUser(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, func(config *embed.Config) { config.BcryptCost = 4 }) // checking a password is meant to be slow
	raw := c.raw()
	ctx := t.Context()
	for _, do := range []func() error{
		func() error { _, err := raw.UserAdd(ctx, "root", "r"); return err },
		func() error { _, err := raw.UserGrantRole(ctx, "root", "root"); return err },
		func() error { _, err := raw.UserAdd(ctx, "bridge", "secret"); return err },
		func() error { _, err := raw.RoleAdd(ctx, "bridge"); return err },
		func() error {
			_, err := raw.RoleGrantPermission(ctx, "bridge", "/mine/", clientv3.GetPrefixRangeEnd("/mine/"), clientv3.PermissionType(clientv3.PermReadWrite))
			return err
		},
		func() error { _, err := raw.UserGrantRole(ctx, "bridge", "bridge"); return err },
		func() error { _, err := raw.AuthEnable(ctx); return err },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	e := mustOpen(t, c.address("/mine"), etcd.Options{User: "bridge", Password: "secret"})
	if err := e.Commit(ctx, put("k", "1")); err != nil {
		t.Errorf("Commit as a user = %v, want nil", err)
	}
	for name, c := range map[string]struct {
		prefix  string
		options etcd.Options
		want    string
	}{
		"wrong password":  {"/mine", etcd.Options{User: "bridge", Password: "wrong"}, "correct the user and the password"},
		"no user":         {"/mine", etcd.Options{}, "user"},
		"another prefix":  {"/theirs", etcd.Options{User: "bridge", Password: "secret"}, "grant-permission ROLE readwrite --prefix=true /theirs/"},
		"half of a user":  {"/mine", etcd.Options{User: "bridge"}, "give both or none"},
		"too short lease": {"/mine", etcd.Options{Lease: time.Second}, "between 2s and 1m0s"},
	} {
		address := e.Address()
		address.Prefix = c.prefix
		_, err := etcd.Open(ctx, address, c.options)
		wantText(t, "Open with "+name, err, c.want)
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("Open with %s tells the password: %v", name, err)
		}
	}
}

// authority signs certificates for tests.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t}
	a.key, a.cert, a.file, _ = sign(t, name, nil)
	return a
}

// sign makes a certificate for this machine, and the files with it and its key. nil
// makes an authority.
func sign(t *testing.T, name string, by *authority) (key *ecdsa.PrivateKey, cert *x509.Certificate, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := text, key
	if by == nil {
		text.IsCA, text.BasicConstraintsValid, text.KeyUsage = true, true, x509.KeyUsageCertSign
	} else {
		parent, signer = by.cert, by.key
	}
	raw, err := x509.CreateCertificate(rand.Reader, text, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	if cert, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	rawKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	certFile, keyFile = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: raw}, keyFile: {Type: "PRIVATE KEY", Bytes: rawKey}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return key, cert, certFile, keyFile
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	ours, others := newAuthority(t, "ours"), newAuthority(t, "others")
	_, _, serverCert, serverKey := sign(t, "member", ours)
	_, _, clientCert, clientKey := sign(t, "bridge", ours)
	_, _, foreignCert, foreignKey := sign(t, "stranger", others)
	c := newCluster(t, 1, func(config *embed.Config) {
		config.ListenClientUrls = []url.URL{{Scheme: "https", Host: config.ListenClientUrls[0].Host}}
		config.AdvertiseClientUrls = config.ListenClientUrls
		config.ClientTLSInfo = transport.TLSInfo{CertFile: serverCert, KeyFile: serverKey, TrustedCAFile: ours.file, ClientCertAuth: true}
	})
	address := c.address("/tls")
	plain := address
	address.TLS = true
	e := mustOpen(t, address, etcd.Options{CAFile: ours.file, CertFile: clientCert, KeyFile: clientKey})
	if err := e.Commit(t.Context(), put("k", "1")); err != nil {
		t.Errorf("Commit over TLS = %v, want nil", err)
	}
	missing := filepath.Join(t.TempDir(), "none.pem")
	for name, c := range map[string]struct {
		address etcd.Address
		options etcd.Options
		want    string
	}{
		"another authority":        {address, etcd.Options{CAFile: others.file, CertFile: clientCert, KeyFile: clientKey}, "certificate signed by unknown authority"},
		"the system's authorities": {address, etcd.Options{CertFile: clientCert, KeyFile: clientKey}, "certificate signed by unknown authority"},
		"a stranger's certificate": {address, etcd.Options{CAFile: ours.file, CertFile: foreignCert, KeyFile: foreignKey}, "certificate"},
		"no certificate":           {address, etcd.Options{CAFile: ours.file}, "certificate required"},
		"no TLS":                   {plain, etcd.Options{}, "etcds://"},
		"certificates but no TLS":  {plain, etcd.Options{CAFile: ours.file}, "begin it with etcds://"},
		"half a certificate":       {address, etcd.Options{CAFile: ours.file, CertFile: clientCert}, "give both or none"},
		"a key that does not fit":  {address, etcd.Options{CAFile: ours.file, CertFile: clientCert, KeyFile: foreignKey}, foreignKey},
		"no such authority":        {address, etcd.Options{CAFile: missing}, missing},
		"a key for an authority":   {address, etcd.Options{CAFile: clientKey}, "holds no certificate"},
	} {
		c.options.Timeout = futile
		_, err := etcd.Open(t.Context(), c.address, c.options)
		wantText(t, "Open with "+name, err, c.want)
	}
}
