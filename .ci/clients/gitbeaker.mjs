// The best known client for GitLab in JavaScript against the imitated GitLab.

import assert from "node:assert/strict";
import { Gitlab, GitbeakerRequestError, GitbeakerRetryError } from "@gitbeaker/rest";
import { check, close, fails } from "../checks.mjs";
import { act, at } from "./imitations.mjs";

const api = (token) => new Gitlab({ host: at.url, token });
const git = api(at.gitlabToken);
const project = at.project;

const refused = async (promise, status, words) => {
  const e = await fails(promise);
  assert.ok(e instanceof GitbeakerRequestError, e.stack);
  assert.equal(e.cause.response.status, status);
  assert.match(e.cause.description, words);
  return e;
};

let issue;
let ada;

await check("says who it is and which version this is", async () => {
  const me = await git.Users.showCurrentUser();
  assert.equal(me.username, "bridge");
  assert.equal(me.bot, true);
  const meta = await git.Metadata.show();
  assert.match(meta.version, /^\d+\.\d+/);
});

await check("finds a person by name, and the members", async () => {
  [ada] = await git.Users.all({ username: "ada" });
  assert.equal(ada.name, "Ada");
  assert.equal(ada.state, "active");
  const members = await git.ProjectMembers.all(project, { includeInherited: true });
  assert.deepEqual(members.map((m) => [m.username, m.access_level]).sort(), [["ada", 30], ["bridge", 30]]);
});

await check("shows the project by path and by number alike", async () => {
  const byPath = await git.Projects.show(project);
  assert.equal(byPath.path_with_namespace, project);
  assert.equal(byPath.visibility, "private");
  assert.deepEqual(await git.Projects.show(byPath.id), byPath);
});

await check("creates an issue with labels, assignee and confidential", async () => {
  issue = await git.Issues.create(project, "The build is red", {
    description: "Since *this* morning", labels: "source::slack,team::ops", assigneeIds: [ada.id], confidential: true,
  });
  assert.equal(issue.iid, 1);
  assert.equal(issue.state, "opened");
  assert.deepEqual([...issue.labels].sort(), ["source::slack", "team::ops"]);
  assert.deepEqual(issue.assignees.map((a) => a.username), ["ada"]);
  assert.equal(issue.assignee.username, "ada");
  assert.equal(issue.confidential, true);
  assert.equal(issue.author.username, "bridge");
  assert.equal(issue.references.full, `${project}#1`);
  assert.equal(issue.closed_at, null);
  assert.deepEqual((await git.Issues.show(1, { projectId: project })).web_url, issue.web_url);
});

await check("edits title, description and labels, a scope at a time", async () => {
  const edited = await git.Issues.edit(project, 1, { title: "The build was red", addLabels: "team::web,flaky", removeLabels: "source::slack" });
  assert.equal(edited.title, "The build was red");
  assert.deepEqual([...edited.labels].sort(), ["flaky", "team::web"], "team::web replaces team::ops");
  const described = await git.Issues.edit(project, 1, { description: "" });
  assert.ok(!described.description, `description ${described.description}`);
});

await check("replaces the assignees as a whole", async () => {
  const nobody = await git.Issues.edit(project, 1, { assigneeIds: [] });
  assert.deepEqual(nobody.assignees, []);
  const both = await git.Issues.edit(project, 1, { assigneeIds: [ada.id, issue.author.id] });
  assert.deepEqual(both.assignees.map((a) => a.username).sort(), ["ada", "bridge"]);
});

await check("closes and reopens", async () => {
  const closed = await git.Issues.edit(project, 1, { stateEvent: "close" });
  assert.equal(closed.state, "closed");
  assert.equal(closed.closed_by.username, "bridge");
  assert.match(closed.closed_at, /^\d{4}-\d\d-\d\dT/);
  const open = await git.Issues.edit(project, 1, { stateEvent: "reopen" });
  assert.equal(open.state, "opened");
  assert.equal(open.closed_at, null);
  const events = await git.IssueStateEvents.all(project, 1);
  assert.deepEqual(events.map((e) => e.state), ["closed", "reopened"]);
});

await check("adds, edits and deletes notes", async () => {
  const note = await git.IssueNotes.create(project, 1, "Lokks *good*");
  assert.equal(note.body, "Lokks *good*");
  assert.equal(note.system, false);
  assert.equal(note.author.username, "bridge");
  const edited = await git.IssueNotes.edit(project, 1, note.id, { body: "Looks *good*" });
  assert.equal(edited.body, "Looks *good*");
  assert.equal((await git.IssueNotes.show(project, 1, note.id)).body, "Looks *good*");
  await git.IssueNotes.remove(project, 1, note.id);
  await refused(git.IssueNotes.show(project, 1, note.id), 404, /not found/i);
});

await check("an internal note is marked as such", async () => {
  const note = await git.IssueNotes.create(project, 1, "for us", { internal: true });
  assert.equal(note.internal, true);
});

await check("a note of quick actions alone is carried out and makes no note", async () => {
  const answer = await git.IssueNotes.create(project, 1, "/title A better title\n/label ~flaky");
  assert.equal(answer.id, undefined);
  assert.ok(answer.commands_changes, JSON.stringify(answer));
  assert.equal((await git.Issues.show(1, { projectId: project })).title, "A better title");
});

await check("a discussion takes replies", async () => {
  const thread = await git.IssueDiscussions.create(project, 1, "First");
  const reply = await git.IssueDiscussions.addNote(project, 1, thread.id, "Second");
  assert.equal(reply.body, "Second");
  const again = await git.IssueDiscussions.show(project, 1, thread.id);
  assert.deepEqual(again.notes.map((n) => n.body), ["First", "Second"]);
});

await check("pages through notes, each once, in the order asked for", async () => {
  for (let n = 1; n <= 7; n++) await git.IssueNotes.create(project, 1, `note ${n}`);
  const all = await git.IssueNotes.all(project, 1, { perPage: 3, sort: "asc", orderBy: "created_at" });
  assert.equal(new Set(all.map((n) => n.id)).size, all.length, "a note came twice");
  assert.deepEqual(all.map((n) => n.body).filter((b) => b.startsWith("note ")), [1, 2, 3, 4, 5, 6, 7].map((n) => `note ${n}`));
  const { data, paginationInfo } = await git.IssueNotes.all(project, 1, { perPage: 3, page: 2, showExpanded: true });
  assert.equal(data.length, 3);
  assert.equal(paginationInfo.current, 2);
  assert.equal(paginationInfo.previous, 1);
  assert.equal(paginationInfo.next, 3);
  assert.equal(paginationInfo.perPage, 3);
  assert.equal(paginationInfo.total, all.length);
  assert.equal(paginationInfo.totalPages, Math.ceil(all.length / 3));
});

await check("pages through issues, and filters them", async () => {
  for (let n = 2; n <= 6; n++) await git.Issues.create(project, `issue ${n}`, { labels: n % 2 ? "odd" : "even" });
  const all = await git.Issues.all({ projectId: project, perPage: 2, orderBy: "created_at", sort: "asc" });
  assert.deepEqual(all.map((i) => i.iid), [1, 2, 3, 4, 5, 6]);
  const odd = await git.Issues.all({ projectId: project, labels: "odd" });
  assert.deepEqual(odd.map((i) => i.iid).sort(), [3, 5]);
  const found = await git.Issues.all({ projectId: project, search: "issue 4", in: "title" });
  assert.deepEqual(found.map((i) => i.iid), [4]);
  await git.Issues.edit(project, 6, { stateEvent: "close" });
  assert.deepEqual((await git.Issues.all({ projectId: project, state: "closed" })).map((i) => i.iid), [6]);
});

await check("makes, edits, lists and removes labels", async () => {
  const made = await git.ProjectLabels.create(project, "urgent", "#c91c00", { description: "Now" });
  assert.equal(made.name, "urgent");
  assert.equal(made.color, "#c91c00");
  const edited = await git.ProjectLabels.edit(project, "urgent", { color: "#0000ff" });
  assert.equal(edited.color.toLowerCase(), "#0000ff");
  const names = (await git.ProjectLabels.all(project, { perPage: 2 })).map((l) => l.name);
  assert.ok(names.includes("urgent") && names.includes("team::ops"), names.join());
  await refused(git.ProjectLabels.create(project, "urgent", "#c91c00"), 409, /already exists/i);
  await git.ProjectLabels.remove(project, "urgent");
  assert.ok(!(await git.ProjectLabels.all(project)).some((l) => l.name === "urgent"));
});

await check("what is not there, or may not be seen, is 404", async () => {
  await refused(git.Issues.show(999, { projectId: project }), 404, /^404 Not found$/);
  await refused(git.Projects.show("acme/nowhere"), 404, /^404 Project Not Found$/);
  await refused(git.Projects.show("acme/secret"), 404, /^404 Project Not Found$/);
});

await check("a wrong token is 401, and a revoked one says why", async () => {
  await refused(api("glpat-wrong").Users.showCurrentUser(), 401, /^401 Unauthorized$/);
  await refused(api(`${at.gitlabToken}-revoked`).Users.showCurrentUser(), 401, /invalid_token/);
});

await check("a token that may only read is 403 to a write", async () => {
  const reader = api(`${at.gitlabToken}-read`);
  assert.equal((await reader.Issues.show(1, { projectId: project })).iid, 1);
  await refused(reader.IssueNotes.create(project, 1, "no"), 403, /insufficient_scope/);
});

await check("a request that is not right is 400 and says what is missing", async () => {
  await refused(git.Issues.create(project, ""), 400, /title/);
  await refused(git.IssueNotes.create(project, 1, ""), 400, /body|note/i);
});

await check("beyond the limit of notes it is 429, ten times over", async () => {
  await act("limit-notes", { limit: 1 });
  await git.IssueNotes.create(project, 1, "the one that is allowed");
  const e = await fails(git.IssueNotes.create(project, 1, "one too many"));
  assert.ok(e instanceof GitbeakerRetryError, e.stack);
  assert.match(e.message, /last status code: 429/);
  await act("limit-notes", { limit: 0 });
  assert.equal((await git.IssueNotes.create(project, 1, "free again")).body, "free again");
});

close();
