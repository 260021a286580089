package main

import "syscall"

// fileSystems are those that a store should not be on, by the number that statfs(2) tells.
var fileSystems = map[uint32]string{
	0x6969: "nfs", 0xFF534D42: "cifs", 0xFE534D42: "smb", 0x517B: "smb", 0x01021997: "9p", 0x00C36400: "ceph", 0x0BD00BD3: "lustre",
	0x5346414F: "afs", 0x6B414653: "afs", 0x47504653: "gpfs", 0x7461636F: "ocfs2", 0x01161970: "gfs2", 0x65735546: "fuse",
	0x01021994: "tmpfs", 0x794C7630: "overlay",
}

// mounted tells the kind of file system that a folder is on, if it is one that a store should not be on; otherwise it is empty.
func mounted(folder string) (kind string) {
	var s syscall.Statfs_t
	if syscall.Statfs(folder, &s) != nil {
		return ""
	}
	return fileSystems[uint32(s.Type)] //nolint:gosec // the number has 32 bits, in a field that is wider on some machines
}
