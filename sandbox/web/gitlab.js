// The right side: the issues of a project, one of them whole, and what a person can do with it.

import { $, avatar, drop, flash, h, icon, keep, keyed, settled, timeOf } from "./dom.js";
import { act } from "./net.js";
import { note } from "./note.js";
import { rendered } from "./rendered.js";

const listed = 100; // issues of a project

let state = null;
let me = Number(keep.get("gitlab.me"));
let project = null; // path
const chosen = new Map(); // path of a project to the number of the issue that is shown; it may be deleted
let editing = null; // key of the issue whose title and description, or of the note whose text, is being changed

// setup wires the fixed controls.
export function setup() {
  $("gitlab-you").addEventListener("change", (e) => {
    me = Number(e.target.value);
    keep.set("gitlab.me", me);
    render();
  });
  $("issue-form").addEventListener("submit", (e) => { e.preventDefault(); comment(); });
  $("issue-toggle").addEventListener("click", toggle);
  $("issue-hide").addEventListener("change", (e) => doing("gitlab/hide", { on: e.target.checked }));
  settled($("gitlab-audience"), async (audience) => {
    if (!await act("gitlab/audience", { project: here().id, audience })) render();
  });
  drop($("issue-more"));
  $("issue-edit").addEventListener("click", () => rewrite(issue()));
  $("issue-delete").addEventListener("click", erase);
  $("rewrite-cancel").addEventListener("click", () => edit(null));
  $("issue-rewrite").addEventListener("submit", async (e) => {
    e.preventDefault();
    if (await doing("gitlab/rewrite", { title: $("rewrite-title").value, text: $("rewrite-text").value })) edit(null);
  });
  $("issue-rewrite").addEventListener("keydown", (e) => { if (e.key === "Escape") edit(null); });
  settled($("issue-assignee"), (value) => doing("gitlab/assign", { assignee: Number(value) }));
  $("issue-adding").addEventListener("submit", (e) => { e.preventDefault(); if ($("issue-add").value) doing("gitlab/label", { label: $("issue-add").value, on: true }); });
  $("issue-text").addEventListener("input", toggleText);
  $("issue-text").addEventListener("keydown", (e) => {
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) { e.preventDefault(); $("issue-form").requestSubmit(); }
  });
}

// facts lists what may change on this side, by a key for each, for comparing two states.
export function facts(s) {
  const all = new Map();
  for (const p of s.gitlab.projects) {
    for (const i of p.issues) {
      const key = `${p.path}#${i.iid}`;
      const parts = { title: i.title, moved: i.moved_to, state: i.state, labels: i.labels, assignees: i.assignees.map((a) => a.id), html: i.html, confidential: i.confidential };
      for (const [k, v] of Object.entries(parts)) all.set(`${key}/${k}`, JSON.stringify(v ?? null));
      for (const n of i.notes) all.set(`${key}/note ${n.id}`, n.html);
    }
  }
  return all;
}

// show takes a new state. changed holds the keys of what differs. The issue that has changed comes into sight, unless somebody is
// working on this side.
export function show(next, changed) {
  state = next;
  if (!state.gitlab.people.some((p) => p.id === me)) me = state.gitlab.people.find((p) => !p.bot).id;
  project ??= state.gitlab.projects[0].path;
  const busy = $("gitlab").contains(document.activeElement);
  const last = changed.at(-1);
  if (last && !busy) choose(last);
  render();
  const born = changed.filter((k) => k.endsWith("/title")).map((k) => k.split("/").slice(0, -1).join("/"));
  if (!busy && born.length) $("gitlab-scroll").scrollTop = 0;
  for (const key of changed) {
    if (!key.endsWith("/title") && born.some((b) => key.startsWith(`${b}/`))) continue; // a new issue is new as a whole
    const el = document.querySelector(`#gitlab [data-flash="${CSS.escape(key)}"]`);
    if (!el) continue;
    flash(el);
    if (!busy && key.includes("/note ")) el.scrollIntoView({ block: "nearest" });
  }
}

function choose(key) {
  const [path, rest] = key.split("#");
  project = path;
  chosen.set(path, parseInt(rest, 10));
}

// turnTo shows a project, and an issue of it, which may be deleted, if a number is given. It reports false if there is no such project.
export function turnTo(path, iid) {
  const p = state.gitlab.projects.find((x) => x.path === path);
  if (!p) return false;
  project = path;
  editing = null;
  if (iid) chosen.set(path, iid);
  render();
  if (iid) {
    $("gitlab-scroll").scrollTop = 0;
    flash(issue() ? $("issue") : $("issue-gone"));
  }
  return true;
}

function here() { return state.gitlab.projects.find((p) => p.path === project); }

// issue gives the one that is shown: the chosen one, or the last; undefined if the chosen one was deleted, or there is none.
function issue() {
  const p = here();
  return chosen.has(project) ? p.issues.find((i) => i.iid === chosen.get(project)) : p.issues.at(-1);
}

function render() {
  const p = here();
  people();
  keyed($("gitlab-projects"), state.gitlab.projects, (x) => ({
    key: x.path, hash: `${x.path === project} ${x.visibility}`,
    make: () => h("button", { type: "button", "aria-pressed": x.path === project, "data-f": x.path, onclick: () => turnTo(x.path) },
      icon({ private: "lock", internal: "people", public: "globe" }[x.visibility]), x.path),
  }));
  if (!$("gitlab-audience").waiting()) $("gitlab-audience").value = p.visibility;
  const shown = issue();
  const older = Math.max(0, p.issues.length - listed);
  keyed($("gitlab-issues"), [...p.issues.slice(-listed).reverse(), ...(older ? [{ older }] : [])], (i) => (i.older ? {
    key: "older", hash: i.older, make: () => h("li", { class: "older" }, `${i.older} older issues are not listed.`),
  } : {
    key: `${p.path}#${i.iid}`,
    hash: JSON.stringify([i.title, i.state, i.labels, i.assignees, i.confidential, i.iid === shown?.iid, i.notes.length]),
    make: () => row(p, i, i.iid === shown?.iid),
  }));
  const gone = chosen.has(project) && !shown;
  $("issue-gone").hidden = !gone;
  if (gone) $("gone-path").textContent = `${p.path}#${chosen.get(project)}`;
  $("gitlab-empty").hidden = p.issues.length > 0 || gone;
  $("gitlab-issues").hidden = p.issues.length === 0;
  $("issue").hidden = !shown;
  if (shown) whole(p, shown);
}

function people() {
  const select = $("gitlab-you");
  const all = state.gitlab.people.filter((p) => !p.bot);
  const hash = JSON.stringify(all);
  if (select.hash !== hash) {
    select.replaceChildren(...all.map((p) => h("option", { value: p.id }, p.name)));
    select.hash = hash;
  }
  select.value = me;
}

function row(p, i, current) {
  const closed = i.state === "closed";
  const talk = i.notes.filter((n) => !n.system).length;
  return h("li", null, h("button", { type: "button", class: "issue-row", "aria-pressed": current, "data-f": `row ${i.iid}`, onclick: () => turnTo(p.path, i.iid) },
    h("span", { class: `state ${closed ? "closed" : "opened"}` }, icon(closed ? "closed" : "open"), h("span", { class: "sr" }, closed ? "Closed" : "Open")),
    h("span", { class: "what" }, h("b", null, i.title), h("small", null, `#${i.iid} · `, talk ? `${talk} ${talk === 1 ? "comment" : "comments"} · ` : "", timeOf(new Date(i.created_at)),
      i.confidential ? " · confidential" : "")),
    h("span", { class: "chips" }, i.labels.map((l) => chip(p, l))),
    i.assignees.map((a) => h("span", { "data-tip": `Assigned to ${a.name}` }, avatar(a.name), h("span", { class: "sr" }, `assigned to ${a.name}`)))));
}

// chip is a label; of a scoped one, the scope and the rest stand apart.
function chip(p, name, take) {
  const color = p.labels.find((l) => l.name === name)?.color ?? "#6699cc";
  const at = name.lastIndexOf("::");
  const inside = at > 0 ? [h("span", null, name.slice(0, at)), h("span", null, name.slice(at + 2))] : [h("span", null, name)];
  return h("span", { class: `chip${at > 0 ? " scoped" : ""}${light(color) ? " light" : ""}`, style: { "--chip": color } }, inside,
    take ? h("button", { type: "button", "aria-label": `Remove label ${name}`, "data-f": `label ${name}`, onclick: () => take(name) }, icon("x")) : null);
}

function light(color) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
  return 0.299 * r + 0.587 * g + 0.114 * b > 160;
}

function whole(p, i) {
  const key = `${p.path}#${i.iid}`;
  const closed = i.state === "closed";
  if (editing && !editing.startsWith(key)) editing = null;
  const part = (id, name, hash, fill) => {
    const el = $(id);
    el.dataset.flash = `${key}/${name}`;
    if (el.hash === key + hash) return;
    el.hash = key + hash;
    fill(el);
  };
  $("issue-path").textContent = key;
  part("issue-title", "title", i.title, (el) => { el.textContent = i.title; });
  part("issue-state", "state", i.state + Boolean(i.moved_to), (el) => {
    el.className = `badge-state ${closed ? "closed" : "opened"}`;
    el.replaceChildren(icon(closed ? "closed" : "open"), closed ? (i.moved_to ? "Closed (moved)" : "Closed") : "Open");
  });
  part("issue-secret", "confidential", i.confidential, (el) => { el.hidden = !i.confidential; el.replaceChildren(icon("lock"), "Confidential"); });
  part("issue-moved", "moved", JSON.stringify(i.moved_to), (el) => {
    el.hidden = !i.moved_to;
    if (i.moved_to) el.replaceChildren("This issue goes on as ", h("a", { href: `/${i.moved_to.path}/-/issues/${i.moved_to.iid}` }, `${i.moved_to.path}#${i.moved_to.iid}`));
  });
  part("issue-moves", "moves", JSON.stringify(i.moved_to), (el) => el.replaceChildren(...state.gitlab.projects.filter((x) => x.id !== p.id && !i.moved_to)
    .map((x) => h("button", { type: "button", onclick: () => doing("gitlab/move", { to: x.id }) }, `Move to ${x.path}`, h("small", null, "It goes on there, under another number")))));
  part("issue-meta", "meta", i.created_at, (el) => el.replaceChildren("opened ", timeOf(new Date(i.created_at)), ` by ${i.author.name}`));
  part("issue-assignee", "assignees", JSON.stringify(i.assignees), (el) => {
    el.replaceChildren(h("option", { value: 0 }, "Nobody"), ...state.gitlab.people.filter((u) => !u.bot).map((u) => h("option", { value: u.id }, u.name)));
    el.value = i.assignees[0]?.id ?? 0;
  });
  part("issue-labels", "labels", JSON.stringify(i.labels), (el) => el.replaceChildren(...i.labels.map((l) => chip(p, l, (name) => doing("gitlab/label", { label: name, on: false })))));
  part("issue-add", "add", JSON.stringify([i.labels, p.labels.length]), (el) => el.replaceChildren(h("option", { value: "" }, "Choose…"),
    ...p.labels.filter((l) => !i.labels.includes(l.name)).map((l) => h("option", { value: l.name }, l.name))));
  part("issue-html", "html", i.html, (el) => rendered(el, i.html));
  $("issue-hide").checked = i.confidential;
  $("issue-rewrite").hidden = editing !== key;
  $("issue-html").hidden = $("issue-title").hidden = editing === key;
  keyed($("issue-notes"), i.notes, (n) => {
    const own = `${key}/note ${n.id}`;
    const mine = n.author.id === me && !n.system;
    return { key: own, hash: JSON.stringify([n.html, n.internal, mine, editing === own]), make: () => note(n, {
      key: own, mine, editing: editing === own,
      edit: (on) => edit(on ? own : null),
      save: async (text) => { if (await doing("gitlab/note", { note: n.id, text })) edit(null); },
      erase: () => doing("gitlab/erase", { note: n.id }),
    }) };
  });
  toggleText();
}

// edit begins or ends the change of a text.
function edit(key) {
  editing = key;
  render();
  document.querySelector("#issue-notes .edit textarea")?.focus();
}

function rewrite(i) {
  $("rewrite-title").value = i.title;
  $("rewrite-text").value = i.description;
  edit(`${project}#${i.iid}`);
  $("rewrite-title").focus();
}

async function erase() {
  chosen.set(project, issue().iid); // so that it is said to be gone, and no other one is shown instead
  if (await doing("gitlab/delete")) $("gitlab-scroll").scrollTop = 0;
}

function doing(what, body = {}) {
  const i = issue();
  return act(what, { as: me, project: i.project_id, issue: i.iid, ...body });
}

async function comment() {
  const field = $("issue-text");
  const text = field.value;
  if (!text.trim()) { field.focus(); return; }
  field.value = "";
  if (!await doing("gitlab/comment", { text, internal: $("issue-internal").checked }) && !field.value) field.value = text;
  toggleText();
}

async function toggle() {
  const closed = issue().state === "closed";
  if ($("issue-text").value.trim()) await comment();
  await doing(closed ? "gitlab/reopen" : "gitlab/close");
}

function toggleText() {
  const i = issue();
  if (!i) return;
  const word = i.state === "closed" ? "Reopen" : "Close";
  $("issue-toggle").textContent = $("issue-text").value.trim() ? `Comment and ${word.toLowerCase()}` : `${word} issue`;
}
