package storetest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// PowerCuts is the number of cuts that the variable POWER_CUTS asks for. It skips t
// without it, so that a plain go test never mounts anything, and where nothing can be
// mounted.
func PowerCuts(t testing.TB) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("POWER_CUTS"))
	if err != nil || n <= 0 {
		t.Skip("power cuts are made on demand: POWER_CUTS=50, as root, where there are loop devices")
	}
	if why := noLoop(); why != "" {
		t.Skip("no power can be cut here: " + why)
	}
	return n
}

// noLoop says why no file system can be mounted from a file; empty: it can.
func noLoop() string {
	if runtime.GOOS != "linux" {
		return "this is not Linux"
	}
	if os.Geteuid() != 0 {
		return "not root"
	}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		return "no loop devices: " + err.Error()
	}
	for _, program := range []string{"mkfs.ext4", "mount", "umount"} {
		if _, err := exec.LookPath(program); err != nil {
			return err.Error()
		}
	}
	return ""
}

// Disk is an ext4 file system in a file, mounted through a loop device, whose power
// can be cut. The end of the test unmounts it.
type Disk struct {
	t     testing.TB
	image string
	// Dir is where it is mounted; it survives cuts.
	Dir string
}

// NewDisk makes and mounts a file system of so many megabytes.
func NewDisk(t testing.TB, megabytes int) *Disk {
	t.Helper()
	folder, err := os.MkdirTemp("", "d") // short, since sockets may lie in it
	if err != nil {
		t.Fatal(err)
	}
	d := &Disk{t: t, image: filepath.Join(folder, "image"), Dir: filepath.Join(folder, "m")}
	t.Cleanup(func() {
		// Lazily, so that the mount goes even where a process of a failed test still holds it.
		_ = exec.CommandContext(context.Background(), "umount", "--lazy", d.Dir).Run() //nolint:gosec // a path of ours; not mounted, if that is what failed
		if err := os.Remove(d.Dir); err != nil {
			t.Errorf("%s is still mounted: %v", d.Dir, err)
			return
		}
		_ = os.RemoveAll(folder)
	})
	if err := os.WriteFile(d.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(d.image, int64(megabytes)<<20); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(d.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	d.run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,nodiscard", d.image)
	d.mount()
	return d
}

func (d *Disk) run(program string, args ...string) {
	d.t.Helper()
	//nolint:gosec // the programs are named here
	if out, err := exec.CommandContext(context.Background(), program, args...).CombinedOutput(); err != nil {
		d.t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
}

func (d *Disk) mount() {
	d.t.Helper()
	d.run("mount", "-o", "loop,errors=remount-ro", d.image, d.Dir)
}

// Cut takes the power away: what was not flushed by now never will be, and whoever
// uses the file system from now on gets errors.
func (d *Disk) Cut() {
	d.t.Helper()
	const (
		shutdown   = 0x8004587d // EXT4_IOC_SHUTDOWN
		noLogFlush = uint32(2)  // not even the journal
	)
	f, err := os.Open(d.Dir)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	how := noLogFlush
	//nolint:gosec // ioctl takes an address
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), shutdown, uintptr(unsafe.Pointer(&how))); errno != 0 {
		d.t.Fatalf("cut the power of %s: %v", d.Dir, errno)
	}
}

// PowerOn mounts again what Cut left. Whoever has a file open there must be about to
// let it go.
func (d *Disk) PowerOn() {
	d.t.Helper()
	const patience = 10 * time.Second
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		//nolint:gosec // a path of ours
		out, err := exec.CommandContext(context.Background(), "umount", d.Dir).CombinedOutput()
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("umount %s, for %v: %v: %s", d.Dir, patience, err, out)
		}
	}
	d.mount()
}

// Remount mounts it anew with an option: ro or rw.
func (d *Disk) Remount(option string) {
	d.t.Helper()
	d.run("mount", "-o", "remount,"+option, d.Dir)
}
