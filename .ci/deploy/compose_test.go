package deploy

import (
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// Compose's own reader takes the file, and the container may do nothing but its work.
func TestCompose(t *testing.T) {
	p, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  "../../deploy",
		ConfigFiles: []types.ConfigFile{{Filename: "../../deploy/compose.yaml"}},
		Environment: types.Mapping{},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := p.Services["bridge"]
	if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || len(s.CapAdd) != 0 || s.Privileged || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") || s.User != "65532:65532" {
		t.Errorf("bridge has more rights than it needs: %+v", s)
	}
	for name, value := range s.Environment {
		path, isFile := strings.CutPrefix(*value, "/run/secrets/")
		if _, known := p.Secrets[path]; isFile && !known {
			t.Errorf("%s = %s, which is none of the secrets", name, *value)
		}
		if strings.Contains(name, "TOKEN") && (!isFile || !strings.HasSuffix(name, "_FILE")) {
			t.Errorf("%s = %s, want a secret's file", name, *value)
		}
	}
	for _, port := range s.Ports {
		if port.HostIP != "127.0.0.1" {
			t.Errorf("port %d is open on %q, want this machine alone", port.Target, port.HostIP)
		}
	}
	if s.Logging == nil || s.Logging.Options["max-size"] == "" {
		t.Errorf("logging = %+v, want a log with an end", s.Logging)
	}
	if len(s.Volumes) != 2 || s.Volumes[0].Target != "/data" || s.Volumes[0].Type != "volume" || !s.Volumes[1].ReadOnly {
		t.Errorf("volumes = %+v, want the store's, and the agents file's folder to read", s.Volumes)
	}
}

// Laid over the other, the second file gives three replicas, each with a socket of its own, and the cluster that they are told of.
func TestComposeReplicas(t *testing.T) {
	p, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  "../../deploy",
		ConfigFiles: []types.ConfigFile{{Filename: "../../deploy/compose.yaml"}, {Filename: "../../deploy/compose.replicas.yaml"}},
		Environment: types.Mapping{"ETCD_IMAGE": "etcd:3.6"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := p.Services["bridge"]
	if *s.Deploy.Replicas != 3 || len(s.Ports) != 0 || !slices.Contains(s.Tmpfs, "/tmp") || !strings.HasPrefix(*s.Environment["ADMIN_SOCKET"], "/tmp/") || !s.ReadOnly {
		t.Errorf("bridge = %d replicas, ports %v, tmpfs %v, socket %s; want 3, none, and the socket in a folder of its own", *s.Deploy.Replicas, s.Ports, s.Tmpfs, *s.Environment["ADMIN_SOCKET"])
	}
	for name, member := range p.Services {
		if name == "bridge" {
			continue
		}
		if client := *member.Environment["ETCD_ADVERTISE_CLIENT_URLS"]; client != "http://"+name+":2379" || !strings.Contains(*s.Environment["STORE"], name+":2379") {
			t.Errorf("%s is reached at %s, STORE is %s", name, client, *s.Environment["STORE"])
		}
		if peer := *member.Environment["ETCD_INITIAL_ADVERTISE_PEER_URLS"]; *member.Environment["ETCD_NAME"] != name || !strings.Contains(*member.Environment["ETCD_INITIAL_CLUSTER"], name+"="+peer) {
			t.Errorf("%s is %s at %s, which the cluster is not told: %s", name, *member.Environment["ETCD_NAME"], peer, *member.Environment["ETCD_INITIAL_CLUSTER"])
		}
	}
	if len(p.Services) != 4 {
		t.Errorf("%d services, want the bridge and three members", len(p.Services))
	}
}
