package store

// Migration and Upgrade let tests outside of the package, which may use the real
// engine, upgrade a store by steps of their own.
type Migration = migration

var Upgrade = upgrade
