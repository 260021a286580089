// One message: who wrote it, its text, its reactions, and the bar to react, reply and edit with.

import { avatar, h, icon, timeOf } from "./dom.js";
import { emoji } from "./emoji.js";
import { shown } from "./files.js";
import { blocks, mrkdwn } from "./mrkdwn.js";

// message draws one. x says who looks at it, how names are looked up, and what to call when something is done; see context in slack.js.
export function message(m, x) {
  if (m.subtype === "tombstone") return h("article", { class: "msg gone", "data-flash": `${x.channel}/${m.ts}` }, h("p", null, "This message was deleted."));
  const author = x.names.person(m.user) ?? { name: m.username || m.bot_id || "somebody", bot: true };
  if (m.subtype === "channel_join") return h("article", { class: "msg gone" }, h("p", null, mrkdwn(m.text, x.names)));
  if (/^channel_/.test(m.subtype)) return h("article", { class: "msg gone", "data-flash": `${x.channel}/${m.ts}` }, h("p", null, `${author.name} `, mrkdwn(m.text, x.names)));
  const foot = h("footer", { class: "reactions" }, (m.reactions || []).map((r) => pill(m, r, x)));
  return h("article", {
    class: `msg${x.pinned ? " pinned" : ""}${x.editing ? " editing" : ""}${m.user === x.bot && m.metadata?.event_payload?.kind === "card" ? " card" : ""}`,
    tabindex: -1, "data-flash": `${x.channel}/${m.ts}`, "aria-label": `${author.name}, ${new Date(Number(m.ts) * 1000).toLocaleTimeString()}`,
  },
  avatar(author.name, author.bot ? "bot" : ""),
  h("div", { class: "body" },
    h("header", null, h("strong", null, author.name), badge(author), timeOf(new Date(Number(m.ts) * 1000)), m.edited ? h("small", null, "(edited)") : null),
    x.editing ? editor(m, x) : h("div", { class: "text" }, blocks(m.blocks, x.names) ?? mrkdwn(m.text, x.names)),
    m.files?.length ? shown(m.files) : null,
    m.reactions?.length ? foot : null),
  x.editing ? null : bar(m, author, x));
}

// ephemeral draws a message that only its reader sees and that is not kept.
export function ephemeral(e, x) {
  return h("article", { class: "msg whisper", "data-flash": `${x.channel}/e${e.ts}` },
    avatar("GitLab Bridge", "bot"),
    h("div", { class: "body" },
      h("p", { class: "only" }, icon("eye"), "Only visible to you"),
      h("header", null, h("strong", null, "GitLab Bridge"), h("span", { class: "badge" }, "APP"), timeOf(new Date(Number(e.ts) * 1000))),
      h("div", { class: "text" }, blocks(e.blocks, x.names) ?? mrkdwn(e.text, x.names))));
}

function badge(author) {
  if (author.bot) return h("span", { class: "badge" }, "APP");
  if (author.role === "agent") return h("span", { class: "badge agent" }, "agent");
  return null;
}

function pill(m, r, x) {
  const mine = r.users.includes(x.me);
  const who = r.users.map((u) => (u === x.me ? "you" : x.names.user(u))).join(", ");
  const sign = r.users.every((u) => u === x.bot);
  const tip = `:${r.name}: by ${who}${sign ? ", as a sign: nobody else gave it" : ""}`;
  return h("button", {
    type: "button", class: `pill${sign ? " sign" : ""}`, "aria-pressed": mine, "aria-label": `${tip}; ${mine ? "take yours back" : "give it too"}`, "data-tip": tip,
    "data-f": `pill ${r.name}`, "data-flash": `${x.channel}/${m.ts}/${r.name}`, disabled: x.app, onclick: () => x.react(m, r.name, !mine),
  }, emoji(r.name), h("span", null, r.users.length));
}

// bar is one stop of the Tab key; the arrow keys go along it.
function bar(m, author, x) {
  const buttons = [];
  const add = (name, label, content, onclick, extra = {}) => buttons.push(h("button", {
    type: "button", "data-tip": label, "aria-label": label, "data-f": `bar ${name}`, tabindex: buttons.length ? -1 : 0, onclick, ...extra,
  }, content));
  if (!x.app && x.member) {
    for (const e of [...x.meanings, { name: "+1", does: "Just a thumbs up: means nothing to the bridge", group: "other" }]) {
      const mine = Boolean(m.reactions?.find((r) => r.name === e.name)?.users.includes(x.me));
      add(e.name, e.does, emoji(e.name), () => x.react(m, e.name, !mine), { "aria-pressed": mine, "data-group": e.group });
    }
  }
  add("reply", "Reply in the thread", icon("reply"), () => x.reply(x.root), { "data-group": "do" });
  if (m.user === x.me && !m.bot_id) {
    add("edit", "Edit your message", icon("edit"), () => x.edit(m), { "data-group": "do" });
    add("delete", "Delete your message", icon("trash"), () => x.remove(m), { "data-group": "do" });
  }
  return h("div", { class: "reactbar", role: "toolbar", "aria-label": `React to ${author.name}'s message`, onkeydown: rove, onfocusin: stop }, buttons);
}

function rove(e) {
  const all = [...e.currentTarget.children];
  const at = all.indexOf(document.activeElement);
  const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[e.key];
  if (to === undefined) return;
  e.preventDefault();
  all[(to + all.length) % all.length].focus();
}

// stop makes the focused button the one that the Tab key comes back to.
function stop(e) {
  for (const b of e.currentTarget.children) b.tabIndex = b === e.target ? 0 : -1;
}

function editor(m, x) {
  const plain = m.text.replace(/<@(\w+)>/g, (_, id) => `@${x.names.user(id)}`).replace(/<#(\w+)>/g, (_, id) => `#${x.names.channel(id)}`)
    .replace(/<!subteam\^(\w+)>/g, (_, id) => `@${x.names.group(id)}`).replace(/<(https?:[^|>]+)(?:\|[^>]*)?>/g, "$1")
    .replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
  const field = h("textarea", { rows: Math.min(8, plain.split("\n").length), "aria-label": "Edit your message", "data-f": "edit", value: plain });
  const keys = (e) => {
    if (e.key === "Escape") x.edit(null);
    if (e.key === "Enter" && !e.shiftKey && !e.isComposing) { e.preventDefault(); x.save(m, field.value); }
  };
  field.addEventListener("keydown", keys);
  return h("form", { class: "edit", onsubmit: (e) => { e.preventDefault(); x.save(m, field.value); } }, field,
    h("div", { class: "row" }, h("button", { type: "submit" }, "Save"), h("button", { type: "button", class: "plain", onclick: () => x.edit(null) }, "Cancel")));
}
