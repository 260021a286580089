// Package slackside is the Slack end of the bridge: the Web API and Socket Mode on one side, the words of package bridge on the other.
//
// It translates and nothing else. Vendor events become [bridge.Event], vendor errors become the errors of package bridge; it decides
// nothing, retries no call, and keeps nothing that must survive (its caches may be lost at any time).
//
//	api.go, classes.go       one request, and what its failure means
//	read.go, card.go         threads, channels and the status card
//	names.go, emoji.go       what people and emoji are called, cached
//	wire.go, translate.go    Slack's JSON, and what it means
//	app.go                   both tokens are of one app
//	listen.go, connection.go keeping two sockets open, and when to try again
//	dial.go, socket.go       one socket: opened, read, written, closed
//	count.go                 whether another instance listens too
//	deliver.go               record, then acknowledge
//
// The library slack-go carries most calls. Messages are decoded here, one by one and leniently, because the library gives up on a whole
// thread if one block of one message is not as it expects. Sockets are kept here too: the library closes one before it opens the next,
// so that what Slack sends between is lost to it, does not tell why Slack closed one, sends no pings of its own, and stands still for
// good if its queues fill up during an outage.
package slackside
