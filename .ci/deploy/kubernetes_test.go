package deploy

import (
	"os"
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// manifests are what kustomize makes of a folder, read strictly: an unknown or misspelt field is an error.
type manifests struct {
	deployment appsv1.Deployment
	service    corev1.Service
	claim      corev1.PersistentVolumeClaim
	agents     corev1.ConfigMap
	disruption policyv1.PodDisruptionBudget
}

func build(t *testing.T, disk filesys.FileSystem, folder string) manifests {
	t.Helper()
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, folder)
	if err != nil {
		t.Fatalf("kustomize build %s: %v", folder, err)
	}
	var m manifests
	kinds := map[string]any{"Deployment": &m.deployment, "Service": &m.service, "PersistentVolumeClaim": &m.claim, "ConfigMap": &m.agents,
		"PodDisruptionBudget": &m.disruption}
	for _, r := range made.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		into, known := kinds[r.GetKind()]
		if !known {
			t.Errorf("%s is not looked at here", r.GetKind())
			continue
		}
		if err := yaml.UnmarshalStrict(text, into); err != nil {
			t.Errorf("%s %s: %v", r.GetKind(), r.GetName(), err)
		}
	}
	return m
}

// base is the folders as they are in the tree, on a disk in memory.
func base(t *testing.T) filesys.FileSystem {
	t.Helper()
	disk := filesys.MakeFsInMemory()
	for _, folder := range []string{"deploy/kubernetes", "deploy/kubernetes-replicas"} {
		files, err := os.ReadDir("../../" + folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			write(t, disk, folder+"/"+f.Name(), read(t, "../../"+folder+"/"+f.Name()))
		}
	}
	return disk
}

func write(t *testing.T, disk filesys.FileSystem, path, text string) {
	t.Helper()
	if err := disk.WriteFile(path, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The store is one file with one lock, and the process may do nothing but its work.
func TestKubernetesBase(t *testing.T) {
	m := build(t, base(t), "deploy/kubernetes")
	d := m.deployment.Spec
	pod := d.Template.Spec
	if *d.Replicas != 1 || d.Strategy.Type != appsv1.RecreateDeploymentStrategyType {
		t.Errorf("replicas = %d, strategy = %s; want 1, which ends before the next begins", *d.Replicas, d.Strategy.Type)
	}
	for name, value := range d.Selector.MatchLabels {
		if d.Template.Labels[name] != value || m.service.Spec.Selector[name] != value {
			t.Errorf("selector %s=%s does not select the pods, labelled %v, in deployment and service", name, value, d.Template.Labels)
		}
	}
	c := pod.Containers[0]
	s := c.SecurityContext
	if !*pod.SecurityContext.RunAsNonRoot || *pod.SecurityContext.RunAsUser != 65532 || *pod.SecurityContext.FSGroup != 65532 {
		t.Errorf("pod's security context = %+v, want nobody's user", pod.SecurityContext)
	}
	if *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || len(s.Capabilities.Drop) != 1 || s.Capabilities.Drop[0] != "ALL" || len(s.Capabilities.Add) != 0 {
		t.Errorf("container's security context = %+v, want no right at all", s)
	}
	if *pod.AutomountServiceAccountToken || *pod.EnableServiceLinks {
		t.Error("the pod is given a token of the cluster, or other services' variables; want neither")
	}
	// What /readyz complains of, no restart would mend.
	for probe, want := range map[*corev1.Probe]string{c.StartupProbe: "/healthz", c.LivenessProbe: "/healthz", c.ReadinessProbe: "/readyz"} {
		if probe.HTTPGet.Path != want || probe.HTTPGet.Port.StrVal != c.Ports[0].Name {
			t.Errorf("probe asks %s on %s, want %s on %s", probe.HTTPGet.Path, probe.HTTPGet.Port.StrVal, want, c.Ports[0].Name)
		}
	}
	for _, e := range c.Env {
		if e.Value == "" || (strings.Contains(e.Name, "TOKEN") && !strings.HasSuffix(e.Name, "_FILE")) {
			t.Errorf("%s = %q, want a value, and tokens from files alone", e.Name, e.Value)
		}
	}
	if !m.service.Spec.PublishNotReadyAddresses {
		t.Error("the service drops a pod that is not ready, and with it the metrics that say why")
	}
	if mode := *volume(t, pod, "secrets").Secret.DefaultMode; mode != 0o440 {
		t.Errorf("mode of the secrets = %o, want 440", mode)
	}
	if name := volume(t, pod, "data").PersistentVolumeClaim.ClaimName; name != m.claim.Name {
		t.Errorf("/data is the claim %s, want %s", name, m.claim.Name)
	}
}

func volume(t *testing.T, pod corev1.PodSpec, name string) corev1.Volume {
	t.Helper()
	for _, m := range pod.Containers[0].VolumeMounts {
		for _, v := range pod.Volumes {
			if m.Name == name && v.Name == name && m.SubPath == "" {
				return v
			}
		}
	}
	t.Fatalf("no volume %s is mounted whole", name)
	return corev1.Volume{}
}

// The overlay that docs/deploy.md shows gives what the base expects, under the names by which the base expects it.
func TestKubernetesOverlayInDocs(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```yaml\n(# kustomization.yaml\n.*?)```").FindStringSubmatch(read(t, "../../docs/deploy.md"))
	if blocks == nil {
		t.Fatal("docs/deploy.md shows no kustomization.yaml")
	}
	disk := base(t)
	remote := regexp.MustCompile(`https://\S+//deploy/kubernetes\?ref=\S+`)
	if !remote.MatchString(blocks[1]) {
		t.Error("docs/deploy.md: kustomization.yaml names no base")
	}
	write(t, disk, "mine/kustomization.yaml", remote.ReplaceAllString(blocks[1], "../deploy/kubernetes"))
	write(t, disk, "mine/agents.json", read(t, "../../agents.example.json"))
	m := build(t, disk, "mine")
	pod := m.deployment.Spec.Template.Spec
	if got := volume(t, pod, "agents").ConfigMap.Name; got != m.agents.Name || m.agents.Data["agents.json"] == "" {
		t.Errorf("the pod's agents file comes from %s, want %s with agents.json: a change must not need another pod", got, m.agents.Name)
	}
	if got := pod.Containers[0].Image; !strings.HasPrefix(got, "registry.example.com/") {
		t.Errorf("image = %s, want that of the overlay", got)
	}
}

// Replicas come and go one at a time, have no volume, and stay within Slack's ten connections.
func TestKubernetesReplicas(t *testing.T) {
	m := build(t, base(t), "deploy/kubernetes-replicas")
	d := m.deployment.Spec
	if most := int(*d.Replicas)*2 + 1; *d.Replicas < 2 || most > 10 || d.Strategy.RollingUpdate.MaxSurge.IntVal != 0 || d.Strategy.RollingUpdate.MaxUnavailable.IntVal != 1 {
		t.Errorf("replicas = %d, strategy = %+v; want several, two connections and now and then a third for each of which ten are allowed, replaced one by one", *d.Replicas, d.Strategy)
	}
	if m.claim.Name != "" || volume(t, d.Template.Spec, "data").EmptyDir == nil || volume(t, d.Template.Spec, "data").PersistentVolumeClaim != nil {
		t.Errorf("volume = %+v, claim %q; want a folder of each pod's own", volume(t, d.Template.Spec, "data"), m.claim.Name)
	}
	env := map[string]string{}
	for _, e := range d.Template.Spec.Containers[0].Env {
		env[e.Name] = e.Value
	}
	if !strings.HasPrefix(env["STORE"], "etcds://") || !strings.HasPrefix(env["ADMIN_SOCKET"], "/data/") || env["TMPDIR"] != "/data" || env["SLACK_APP_TOKEN_FILE"] == "" {
		t.Errorf("environment = %v, want a cluster's store, and what is written in the pod's own folder", env)
	}
	for name, value := range m.disruption.Spec.Selector.MatchLabels {
		if d.Template.Labels[name] != value || m.disruption.Spec.MaxUnavailable.IntVal != 1 {
			t.Errorf("disruption budget = %+v, want one of the pods at a time", m.disruption.Spec)
		}
	}
}
