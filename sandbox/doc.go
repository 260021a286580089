// Package sandbox is the place to try the bridge with nothing: an imitated Slack workspace, an imitated GitLab, and one web page that
// shows both side by side and lets one act as anybody on either.
//
// A [World] serves all three on one address. It knows nothing of the bridge: whoever starts a bridge gives it the addresses, the tokens
// and the agents file that the World hands out, as one would give it those of the real vendors.
package sandbox
