// The right side: the issues of a project, one of them whole, and what a person can do with it.

import { $, avatar, flash, h, icon, keep, keyed, timeOf } from "./dom.js";
import { act } from "./net.js";

const listed = 100; // issues of a project

let state = null;
let me = Number(keep.get("gitlab.me"));
let project = null; // path
const chosen = new Map(); // path of a project to the number of the issue that is shown

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
  settled($("issue-assignee"), (value) => doing("gitlab/assign", { assignee: Number(value) }));
  $("issue-adding").addEventListener("submit", (e) => { e.preventDefault(); if ($("issue-add").value) doing("gitlab/label", { label: $("issue-add").value, on: true }); });
  $("issue-text").addEventListener("input", toggleText);
  $("issue-text").addEventListener("keydown", (e) => {
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) { e.preventDefault(); $("issue-form").requestSubmit(); }
  });
}

// settled waits until a choice has stood for a moment or is left: the arrow keys walk through all that lie between.
function settled(select, then) {
  let timer = null;
  const done = () => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    then(select.value);
  };
  select.addEventListener("change", () => { clearTimeout(timer); timer = setTimeout(done, 700); });
  select.addEventListener("blur", done);
}

// facts lists what may change on this side, by a key for each, for comparing two states.
export function facts(s) {
  const all = new Map();
  for (const p of s.gitlab.projects) {
    for (const i of p.issues) {
      const key = `${p.path}#${i.iid}`;
      const parts = { title: i.title, state: i.state, labels: i.labels, assignees: i.assignees.map((a) => a.id), html: i.html, confidential: i.confidential };
      for (const [k, v] of Object.entries(parts)) all.set(`${key}/${k}`, JSON.stringify(v));
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

// turnTo shows a project, and an issue of it if a number is given. It reports false if there is none.
export function turnTo(path, iid) {
  const p = state.gitlab.projects.find((x) => x.path === path);
  if (!p || (iid && !p.issues.some((i) => i.iid === iid))) return false;
  project = path;
  if (iid) chosen.set(path, iid);
  render();
  if (iid) {
    $("gitlab-scroll").scrollTop = 0;
    flash($("issue"));
  }
  return true;
}

function here() { return state.gitlab.projects.find((p) => p.path === project); }

function issue() {
  const p = here();
  return p.issues.find((i) => i.iid === chosen.get(project)) ?? p.issues.at(-1);
}

function render() {
  const p = here();
  people();
  keyed($("gitlab-projects"), state.gitlab.projects, (x) => ({
    key: x.path, hash: `${x.path === project} ${x.visibility}`,
    make: () => h("button", { type: "button", "aria-pressed": x.path === project, "data-f": x.path, onclick: () => turnTo(x.path) },
      x.visibility === "private" ? icon("lock") : null, x.path),
  }));
  const shown = issue();
  const older = Math.max(0, p.issues.length - listed);
  keyed($("gitlab-issues"), [...p.issues.slice(-listed).reverse(), ...(older ? [{ older }] : [])], (i) => (i.older ? {
    key: "older", hash: i.older, make: () => h("li", { class: "older" }, `${i.older} older issues are not listed.`),
  } : {
    key: `${p.path}#${i.iid}`,
    hash: JSON.stringify([i.title, i.state, i.labels, i.assignees, i.confidential, i.iid === shown?.iid, i.notes.length]),
    make: () => row(p, i, i.iid === shown?.iid),
  }));
  $("gitlab-empty").hidden = p.issues.length > 0;
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
  const part = (id, name, hash, fill) => {
    const el = $(id);
    el.dataset.flash = `${key}/${name}`;
    if (el.hash === key + hash) return;
    el.hash = key + hash;
    fill(el);
  };
  $("issue-path").textContent = key;
  part("issue-title", "title", i.title, (el) => { el.textContent = i.title; });
  part("issue-state", "state", i.state, (el) => {
    el.className = `badge-state ${closed ? "closed" : "opened"}`;
    el.replaceChildren(icon(closed ? "closed" : "open"), closed ? "Closed" : "Open");
  });
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
  $("issue-hide").parentElement.dataset.flash = `${key}/confidential`;
  keyed($("issue-notes"), i.notes, (n) => ({ key: `${key}/${n.id}`, hash: n.html, make: () => note(key, n) }));
  toggleText();
}

function note(key, n) {
  const at = timeOf(new Date(n.created_at));
  const body = rendered(h("div", { class: "rendered" }), n.html);
  if (n.system) return h("li", { class: "system", "data-flash": `${key}/note ${n.id}` }, h("b", null, n.author.name), body, at);
  return h("li", { class: `note${n.internal ? " internal" : ""}`, "data-flash": `${key}/note ${n.id}` },
    avatar(n.author.name, n.author.bot ? "bot" : ""),
    h("div", null,
      h("header", null, h("strong", null, n.author.name), h("small", null, `@${n.author.username}`), at,
        n.internal ? h("span", { class: "badge" }, icon("lock"), "Internal note") : null),
      body));
}

// rendered shows GitLab's HTML. It is the one place where markup is taken as such: the server has rendered and cleaned it, and the page's
// policy would not let a script in it run.
function rendered(el, html) {
  el.innerHTML = html;
  for (const a of el.querySelectorAll("a[href]")) { a.target = "_blank"; a.rel = "noopener noreferrer"; }
  return el;
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
