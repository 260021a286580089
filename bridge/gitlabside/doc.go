// Package gitlabside is the GitLab end of the bridge: it carries out what package bridge asks of GitLab, one request at a time, and says
// truthfully how it went.
//
// The client library github.com/xanzy/go-gitlab is frozen and has traps. All of it stays inside this package, behind these guards:
//
//   - It never retries. By itself it sends a POST up to six times, which makes six issues.
//   - It follows no redirect. Go would carry the token to another host, and turn a POST into a GET.
//   - It panics on answers that lack an id. The panic is caught; what was sent may have been carried out.
//   - It waits without bound for a rate limit. Here a call that would have to wait comes back as bridge.Later.
//   - It drops or quotes the bodies of errors. The transport keeps them, and only what is harmless gets into a message.
//   - It holds a file to be uploaded in memory as a whole. The form is ours, and the file is sent as it is read.
//
// Every request goes through call, and every failure through judge, which turns it into one of the four errors of package bridge.
package gitlabside
