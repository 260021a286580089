// Package store remembers: what is waiting to be done (jobs), and what was done
// (links, messages, cursors, audit: records under a prefix each).
//
// It knows the order in which jobs may be done, not what they mean: a job's body is
// opaque here. It rests on an [Engine], a small set of things that an embedded and a
// distributed database both give; bolt is the embedded one. What must happen together
// goes into one [Change], which is committed whole or not at all.
//
// A job is in one lane. The jobs of a lane are done one at a time in the order in
// which they were first put; lanes know nothing of each other. [Store.Next] hands out
// the job whose turn it is, from an index in memory that holds only what waits: it is
// read once, at [Open], and from then on follows the commits.
package store
