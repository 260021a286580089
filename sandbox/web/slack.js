// The left side: a channel of the workspace, its threads, and what one can do as one of its people.

import { $, flash, h, icon, keep, keyed, settled } from "./dom.js";
import { setCustom } from "./emoji.js";
import { attaching, packed } from "./files.js";
import { message, ephemeral } from "./message.js";
import { act, complaint } from "./net.js";

const shownThreads = 150; // of a channel at first: a long day must not make the page slow
const shownReplies = 8; // a longer thread is folded to its end

let state = null;
let me = keep.get("slack.me");
let channel = null;
let more = 0;
const open = new Set(); // threads with a composer although nobody has replied
const unfolded = new Set();
const unread = new Set(); // channels
let editing = null;
let atEnd = true; // the reader is at the end of the channel, and stays there when something comes
let pinned = null; // the message that the hint is about
let onChannel = () => {};

// names looks up what IDs in a text mean.
const names = {
  person: (id) => state.slack.people.find((p) => p.id === id),
  user: (id) => names.person(id)?.name ?? id,
  channel: (id) => state.slack.channels.find((c) => c.id === id)?.name ?? id,
  group: (id) => state.slack.usergroups.find((g) => g.id === id)?.handle ?? id,
};

// setup wires the fixed controls. changed(channel) is called when the user turns to another channel.
export function setup(changed) {
  onChannel = changed;
  $("slack-you").addEventListener("change", (e) => {
    me = e.target.value;
    keep.set("slack.me", me);
    render();
  });
  const files = attaching($("slack-composer"), $("slack-text"));
  $("slack-composer").addEventListener("submit", (e) => {
    e.preventDefault();
    send($("slack-text"), files, "");
  });
  writing($("slack-text"));
  let top = 0;
  $("slack-scroll").addEventListener("scroll", (e) => {
    const s = e.target;
    atEnd = s.scrollHeight - s.scrollTop - s.clientHeight < 80 || (atEnd && s.scrollTop >= top); // what has grown below is not left
    top = s.scrollTop;
  });
  $("slack-messages").addEventListener("load", () => { if (atEnd) toEnd(); }, true); // a picture has its height only now
  settled($("slack-audience"), async (audience) => {
    if (!await act("slack/audience", { user: me, channel, audience })) render();
  });
}

// show takes a new state. changed holds the keys of what differs from the last one; see facts.
export function show(next, changed) {
  state = next;
  setCustom(state.slack.emoji);
  const acting = state.slack.people.filter((p) => p.role);
  if (!acting.some((p) => p.id === me)) me = acting[0].id;
  channel ??= state.slack.channels[0].id;
  for (const key of changed) {
    const [id] = key.split("/");
    if (id !== channel && names.channel(id) !== id) unread.add(id);
  }
  render();
  for (const key of changed) {
    const el = document.querySelector(`#slack [data-flash="${CSS.escape(key)}"]`);
    if (el) flash(el);
  }
}

// facts lists what may change on this side, by a key for each, for comparing two states.
export function facts(s) {
  const all = new Map();
  for (const c of s.slack.channels) {
    for (const m of c.messages.flatMap((root) => [root, ...(root.replies || [])])) {
      all.set(`${c.id}/${m.ts}`, JSON.stringify([m.text, m.blocks, m.subtype]));
      for (const r of m.reactions || []) all.set(`${c.id}/${m.ts}/${r.name}`, r.users.join());
    }
  }
  for (const e of s.slack.ephemerals || []) all.set(`${e.channel}/e${e.ts}`, e.text);
  return all;
}

// turnTo shows a channel, and a message of it if ts is given.
export function turnTo(id, ts) {
  if (!state.slack.channels.some((c) => c.id === id)) return false;
  channel = id;
  unread.delete(id);
  editing = null;
  more = 0;
  if (ts) unfold(ts);
  render();
  onChannel(here());
  if (!ts) {
    toEnd();
    return true;
  }
  const el = document.querySelector(`#slack [data-flash="${CSS.escape(`${id}/${ts}`)}"]`);
  el?.scrollIntoView({ block: "center" });
  if (el) flash(el);
  return true;
}

function unfold(ts) {
  for (const [i, root] of here().messages.entries()) {
    if (root.ts !== ts && !root.replies?.some((r) => r.ts === ts)) continue;
    unfolded.add(root.ts);
    more = Math.max(more, here().messages.length - i);
  }
}

// current gives the channel that is shown.
export function current() { return here(); }

// pin keeps the emoji bar of one message in sight, for the hint; null for none.
export function pin(key) {
  if (pinned === key) return;
  pinned = key;
  render();
}

function here() { return state.slack.channels.find((c) => c.id === channel); }

function member() { return names.person(me)?.role === "app" || here().members.includes(me); }

function render() {
  const c = here();
  $("slack-team").textContent = state.slack.team;
  people();
  keyed($("slack-channels"), state.slack.channels, (x) => ({
    key: x.id, hash: [x.name, x.private, x.ext_shared, x.id === channel, unread.has(x.id)].join(),
    make: () => h("button", { type: "button", "aria-pressed": x.id === channel, "data-f": x.id, onclick: () => turnTo(x.id) },
      icon(x.ext_shared ? "people" : x.private ? "lock" : "hash"), x.name, unread.has(x.id) && x.id !== channel ? h("i", null, h("span", { class: "sr" }, ", something new")) : null),
  }));
  $("slack-topic").textContent = c.topic || "";
  $("slack-audience").disabled = !member();
  if (!$("slack-audience").waiting()) $("slack-audience").value = c.ext_shared ? "shared" : c.private ? "private" : "public";
  const visible = member() || !c.private;
  $("slack-topic").hidden = !visible;
  $("slack-empty").hidden = visible;
  $("slack-empty").textContent = `${names.user(me)} is not in this private channel.`;
  $("slack-composer").hidden = !visible;
  $("slack-label").textContent = `Message to #${c.name} as ${names.user(me)}`;
  $("slack-text").placeholder = `Message #${c.name}`;
  messages(visible ? c : { ...c, messages: [] });
  if (atEnd) toEnd();
}

function toEnd() { $("slack-scroll").scrollTop = $("slack-scroll").scrollHeight; }

function people() {
  const select = $("slack-you");
  const acting = state.slack.people.filter((p) => p.role);
  const hash = JSON.stringify(acting);
  if (select.hash !== hash) {
    const group = (label, role) => h("optgroup", { label }, acting.filter((p) => p.role === role).map((p) => h("option", { value: p.id }, `${p.name} (${p.title})`)));
    select.replaceChildren(group("Agents", "agent"), group("Requesters", "requester"), group("Apps", "app"));
    select.hash = hash;
  }
  select.value = me;
}

function messages(c) {
  const count = Math.max(shownThreads, more);
  const roots = c.messages.slice(-count);
  const hidden = c.messages.length - roots.length;
  const items = [...(hidden ? [{ ts: "earlier", hidden }] : []), ...roots.map((root) => ({ ts: root.ts, root })),
    ...whispers("").map((e) => ({ ts: `e${e.ts}`, whisper: e }))];
  keyed($("slack-messages"), items, (x) => {
    if (x.hidden) return { key: x.ts, hash: x.hidden, make: () => h("li", { class: "fold" }, h("button", { type: "button", onclick: () => { more = count + 300; render(); } }, `Show earlier messages (${x.hidden})`)) };
    if (x.whisper) return { key: x.ts, hash: x.whisper.text, make: () => h("li", null, ephemeral(x.whisper, context())) };
    return { key: `${c.id}/${x.ts}`, hash: "", make: () => thread(x.root), update: (el) => fillThread(el, x.root) };
  });
}

// whispers are the messages that only this person was shown, of one thread ("" for the channel itself).
function whispers(ts) {
  return (state.slack.ephemerals || []).filter((e) => e.channel === channel && e.user === me && (e.thread_ts || "") === ts);
}

function thread(root) {
  const ts = root.ts;
  const text = h("textarea", { rows: 1, maxlength: 12000, "aria-label": "Reply in this thread", placeholder: "Reply…" });
  writing(text);
  const form = h("form", { class: "reply" }, text, h("button", { type: "submit" }, "Reply"));
  const files = attaching(form, text);
  form.addEventListener("submit", (e) => { e.preventDefault(); send(text, files, ts); });
  return h("li", { class: "thread" },
    h("div", { class: "first" }),
    h("ol", { class: "replies", "aria-label": "Replies" }),
    form);
}

function fillThread(el, root) {
  const [first, replies, form] = el.children;
  const list = root.replies || [];
  keyed(first, [root], (m) => piece(m, root));
  const folded = list.length > shownReplies && !unfolded.has(root.ts) ? list.length - 4 : 0;
  const items = [...(folded ? [{ ts: "fold", folded }] : []), ...list.slice(folded), ...whispers(root.ts).map((e) => ({ ts: e.ts, whisper: e }))];
  items.sort((a, b) => (a.folded ? -1 : b.folded ? 1 : Number(a.ts) - Number(b.ts)));
  keyed(replies, items, (m) => {
    if (m.folded) return { key: "fold", hash: m.folded, make: () => h("li", { class: "fold" }, h("button", { type: "button", onclick: () => { unfolded.add(root.ts); render(); } }, `Show ${m.folded} earlier replies`)) };
    if (m.whisper) return { key: `e${m.ts}`, hash: m.whisper.text, make: () => h("li", null, ephemeral(m.whisper, context())) };
    const p = piece(m, root);
    return { ...p, make: () => h("li", null, p.make()) };
  });
  replies.hidden = items.length === 0;
  form.hidden = root.subtype === "tombstone" || (list.length === 0 && !open.has(root.ts));
}

// piece is one message of a thread, drawn anew when it, or who looks at it, has changed.
function piece(m, root) {
  const edited = editing === m.ts;
  const key = `${channel}/${m.ts}`;
  const { replies, ...own } = m;
  return {
    key: m.ts, hash: JSON.stringify([own, me, edited, pinned === key, state.slack.emoji]),
    make: () => message(own, { ...context(), root, editing: edited, pinned: pinned === key }),
  };
}

// context is what a message needs to know to draw itself and to be acted on.
function context() {
  const who = { user: me, channel };
  return {
    names, me, channel, meanings: state.emojis, bot: state.slack.bot, app: names.person(me)?.role === "app", member: member(),
    react: (m, name, on) => act(on ? "slack/react" : "slack/unreact", { ...who, ts: m.ts, emoji: name }),
    remove: (m) => act("slack/delete", { ...who, ts: m.ts }),
    edit: (m) => { editing = m ? m.ts : null; render(); if (m) document.querySelector(".editing textarea")?.focus(); },
    save: async (m, text) => { if (await act("slack/edit", { ...who, ts: m.ts, text })) { editing = null; render(); } },
    reply: (root) => {
      open.add(root.ts);
      render();
      document.querySelector(`#slack-messages [data-key="${CSS.escape(`${channel}/${root.ts}`)}"] form.reply textarea`)?.focus();
    },
  };
}

async function send(field, files, thread) {
  const text = field.value;
  if (!text.trim() && !files.any()) return;
  const taken = files.take();
  field.value = ""; // at once, so that a second Enter does not say it twice
  grow(field);
  const read = await packed(taken).catch(() => { complaint("A file could not be read. Is it a folder?"); });
  if (read && await act("slack/post", { user: me, channel, thread, text, files: read })) {
    if (!thread) toEnd();
    return;
  }
  files.put(taken);
  if (!field.value) {
    field.value = text;
    grow(field);
  }
}

// writing lets a field grow with its text and send it by Enter; Shift+Enter is a new line.
function writing(field) {
  field.addEventListener("input", () => grow(field));
  field.addEventListener("keydown", (e) => {
    if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
    e.preventDefault();
    field.form.requestSubmit();
  });
}

function grow(field) {
  field.rows = Math.min(8, Math.max(1, field.value.split("\n").length));
}
