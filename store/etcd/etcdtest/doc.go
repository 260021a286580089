// Package etcdtest holds the tests of store/etcd against real clusters. It is a module
// of its own, since etcd's server, which they run inside their process, is not to be
// among the program's dependencies.
package etcdtest
