// The page: takes the state from the server, gives it to both sides, and connects them.

import { $, clock, drop, h, keep } from "./dom.js";
import * as gitlab from "./gitlab.js";
import { act, follow, onError } from "./net.js";
import * as slack from "./slack.js";

let state = null;
let before = { slack: new Map(), gitlab: new Map() };
let alive = false;

let fading = null;
const hideToast = () => { $("toast").hidden = true; };
onError((text) => {
  $("toast-text").textContent = text;
  $("toast").hidden = false;
  clearTimeout(fading);
  fading = setTimeout(hideToast, 12000);
});
$("toast-close").addEventListener("click", hideToast);

slack.setup((channel) => gitlab.turnTo(channel.project));
gitlab.setup();
sides();
faults();
tips();
hintClose();
document.addEventListener("click", inside);
follow(show, (open) => { alive = open; status(); });

function show(next) {
  const first = state === null;
  state = next;
  const now = { slack: slack.facts(state), gitlab: gitlab.facts(state) };
  const changed = (side) => (first ? [] : [...now[side].keys()].filter((k) => now[side].get(k) !== before[side].get(k)));
  const left = changed("slack"), right = changed("gitlab");
  slack.show(state, left);
  gitlab.show(state, right);
  say(right);
  guide(first, left, right);
  news("slack", left.length);
  news("gitlab", right.length);
  before = now;
  status();
  orders();
  hint();
  if (first) {
    slack.turnTo(slack.current().id);
    visit(location.pathname);
  }
}

// say tells those who cannot see both sides what has happened on the right one.
function say(changed) {
  const words = [];
  for (const key of changed) {
    const [, path, iid, what] = /^(.*)#(\d+)\/(.*)$/.exec(key);
    const issue = state.gitlab.projects.find((p) => p.path === path).issues.find((i) => i.iid === Number(iid));
    if (!before.gitlab.has(`${path}#${iid}/title`)) {
      if (what === "title") words.push(`GitLab: issue ${iid} opened: ${issue.title}`);
    } else if (what === "state") words.push(`GitLab: issue ${iid} is ${issue.state === "closed" ? "closed" : "open again"}`);
    else if (what === "labels") words.push(`GitLab: labels of issue ${iid}: ${issue.labels.join(", ") || "none"}`);
    else if (what === "assignees") words.push(`GitLab: issue ${iid} assigned to ${issue.assignees.map((a) => a.name).join(", ") || "nobody"}`);
    else if (what === "moved" && issue.moved_to) words.push(`GitLab: issue ${iid} was moved to ${issue.moved_to.path}`);
    else if (what === "confidential") words.push(`GitLab: issue ${iid} is ${issue.confidential ? "confidential" : "not confidential any more"}`);
    else if (what.startsWith("note ")) words.push(`GitLab: new comment on issue ${iid}`);
  }
  for (const key of before.gitlab.keys()) {
    const gone = /^(.*)#(\d+)\/title$/.exec(key);
    if (gone && !state.gitlab.projects.some((p) => p.path === gone[1] && p.issues.some((i) => i.iid === Number(gone[2])))) words.push(`GitLab: issue ${gone[2]} was deleted`);
  }
  if (words.length) $("live").textContent = words.join(". ");
}

function status() {
  const n = state?.slack.sockets ?? 0;
  const kind = !alive ? "lost" : n ? "on" : "off";
  $("status").dataset.kind = kind;
  const text = { lost: "Sandbox not reached, trying again…", on: `Bridge connected (${n} ${n === 1 ? "socket" : "sockets"})`, off: "No bridge connected" }[kind];
  if ($("status-text").textContent !== text) $("status-text").textContent = text;
}

// sides switches between the two on a narrow screen.
function sides() {
  for (const side of ["slack", "gitlab"]) $(`tab-${side}`).addEventListener("click", () => turn(side));
}

function turn(side) {
  $("sides").dataset.side = side;
  for (const s of ["slack", "gitlab"]) $(`tab-${s}`).setAttribute("aria-pressed", s === side);
  $(`tab-${side}`).querySelector("i").hidden = true;
}

function news(side, changes) {
  if (changes && $("sides").dataset.side !== side) $(`tab-${side}`).querySelector("i").hidden = false;
}

function faults() {
  for (const b of document.querySelectorAll("[data-fault]")) b.addEventListener("click", () => act(`fault/${b.dataset.fault}`));
  drop($("faults"));
}

let ticking = null;

// orders shows the misfortunes that stand, and the last one that is over, for a while.
function orders() {
  clearTimeout(ticking);
  const now = Date.now();
  const recent = state.orders.filter((o) => o.active || now - o.at < 12000);
  $("orders").hidden = recent.length === 0;
  $("orders").replaceChildren(...recent.map((o) => h("p", { class: o.active ? "active" : "" }, h("b", null, o.active ? "Ordered" : clock(new Date(o.at))), " ", o.text,
    o.active && o.until ? h("span", { "aria-hidden": "true" }, `, ${Math.max(0, Math.ceil((o.until - now) / 1000))} s left`) : null)));
  document.querySelector("[data-fault=twice]").setAttribute("aria-pressed", state.orders.some((o) => o.kind === "twice" && o.active));
  if (recent.some((o) => !o.active || o.until)) ticking = setTimeout(orders, 1000);
}

let step = 0;

// steps are what the hint says, one after the other: what to do, and, once that has worked, what to try next.
const steps = [
  (name) => `Put 👀 on ${name}'s message, and watch the GitLab side.`,
  () => "That made an issue. Now reply in the thread, add a label emoji, or finish it with ✅.",
  () => "Now the other way: write a comment in GitLab. An internal note stays there.",
  () => "Close the issue in GitLab, or open it again, and look at the card in the thread.",
  () => "Try more: edit or delete a message, attach a file, move the issue, make the project public.",
];

// guide goes on to the next step when what the present one asks for has happened.
function guide(first, left, right) {
  const spoken = (key) => {
    const [id, ts, more] = key.split("/");
    const m = state.slack.channels.find((c) => c.id === id)?.messages.flatMap((root) => [root, ...(root.replies || [])]).find((x) => x.ts === ts);
    return !more && m && !m.bot_id && !before.slack.has(key);
  };
  const commented = (i) => i.notes.some((n) => !n.system && !n.author.bot);
  const issues = state.gitlab.projects.flatMap((p) => p.issues);
  const born = right.some((k) => k.endsWith("/title") && !before.gitlab.has(k));
  const met = [
    () => issues.length > 0,
    () => issues.some(commented) || !first && !born && (left.some(spoken) || right.some((k) => /\/(labels|state)$/.test(k))),
    () => issues.some(commented),
    () => !first && !born && right.some((k) => k.endsWith("/state")),
  ];
  while (met[step]?.()) step++;
}

function hint() {
  const done = keep.get("hint") === "done";
  const target = done ? null : state.slack.channels[0].messages.findLast((m) => m.user && state.slack.people.some((p) => p.id === m.user && p.role === "requester"));
  $("hint").hidden = done || !target;
  if (!target || done) { slack.pin(null); return; }
  const text = steps[step](state.slack.people.find((p) => p.id === target.user).name.split(" ")[0]);
  if ($("hint-text").textContent !== text) $("hint-text").textContent = text;
  slack.pin(step === 0 ? `${state.slack.channels[0].id}/${target.ts}` : null);
}

function hintClose() {
  $("hint-close").addEventListener("click", () => { keep.set("hint", "done"); $("hint").hidden = true; slack.pin(null); $("slack-text").focus(); });
}

// inside follows links between the two sides without leaving the page.
function inside(e) {
  const a = e.target.closest?.("a[href]");
  if (!a || e.ctrlKey || e.metaKey || e.shiftKey) return;
  const to = new URL(a.href);
  const local = to.hostname === "localhost" || to.hostname === "[::1]" || to.hostname.startsWith("127.");
  if (local && to.port === location.port && visit(to.pathname)) e.preventDefault();
}

// visit shows what an address of a message or an issue means. It reports whether it means something here.
function visit(path) {
  const message = /^\/archives\/(\w+)\/p(\d+)(\d{6})$/.exec(path);
  if (message) {
    const found = slack.turnTo(message[1], `${message[2]}.${message[3]}`);
    if (found) turn("slack");
    return found;
  }
  const file = /^\/files\/\w+\/(F\w+)\//.exec(path);
  if (file) {
    for (const c of state.slack.channels) {
      const m = c.messages.flatMap((root) => [root, ...(root.replies || [])]).find((x) => x.files?.some((f) => f.id === file[1]));
      if (m && slack.turnTo(c.id, m.ts)) { turn("slack"); return true; }
    }
    return false;
  }
  const issue = /^\/(.+)\/-\/(?:issues|work_items)\/(\d+)$/.exec(path);
  if (!issue) return false;
  const found = gitlab.turnTo(issue[1], Number(issue[2]));
  if (found) turn("gitlab");
  return found;
}

// tips show what a button means, for mouse and keyboard alike.
function tips() {
  const tip = $("tip");
  const open = (e) => {
    const el = e.target.closest?.("[data-tip]");
    tip.hidden = !el;
    if (!el) return;
    tip.textContent = el.dataset.tip;
    const at = el.getBoundingClientRect();
    const left = Math.min(Math.max(8, at.left + at.width / 2 - tip.offsetWidth / 2), innerWidth - tip.offsetWidth - 8);
    const above = at.top - tip.offsetHeight - 6;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 4 ? above : at.bottom + 6}px`;
  };
  document.addEventListener("pointerover", open);
  document.addEventListener("focusin", (e) => (e.target.matches?.(":focus-visible") ? open(e) : null));
  const close = () => { tip.hidden = true; };
  document.addEventListener("focusout", close);
  document.addEventListener("click", close);
  document.addEventListener("scroll", close, true);
  document.addEventListener("keydown", (e) => { if (e.key === "Escape") close(); });
}
