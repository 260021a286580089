// Slack's text, as nodes: its markup, links, people, channels and emoji. Nothing in it is ever taken as HTML.

import { h } from "./dom.js";
import { emoji, knows } from "./emoji.js";

const unescape = (t) => t.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

const inline = new RegExp([
  "`(?<code>[^`\\n]+)`",
  "<(?<control>[^<>\\n]+)>",
  ":(?<emoji>[a-z0-9_+'-]+(?:::skin-tone-[2-6])?):",
  "(?<![\\w*])\\*(?=\\S)(?<b>[^*\\n]+?)(?<=\\S)\\*(?![\\w*])",
  "(?<![\\w_])_(?=\\S)(?<i>[^_\\n]+?)(?<=\\S)_(?![\\w_])",
  "(?<![\\w~])~(?=\\S)(?<s>[^~\\n]+?)(?<=\\S)~(?![\\w~])",
].join("|"), "g");

// mrkdwn gives the nodes of one message's text. names looks up {user, channel, group} by ID.
export function mrkdwn(text, names) {
  const nodes = [];
  for (const [i, part] of text.split(/```\n?/).entries()) {
    if (i % 2 === 1) nodes.push(h("pre", null, unescape(part.replace(/\n$/, ""))));
    else if (part !== "") nodes.push(...quotes(part, names));
  }
  return nodes;
}

function quotes(text, names) {
  const nodes = [];
  let quote = null;
  for (const [i, line] of text.split("\n").entries()) {
    const quoted = /^(?:&gt;|>) ?(.*)$/.exec(line);
    if (quoted) {
      if (quote) quote.append(h("br"));
      else nodes.push(quote = h("blockquote"));
      quote.append(...spans(quoted[1], names));
      continue;
    }
    if (i > 0 && !quote) nodes.push(h("br"));
    quote = null;
    nodes.push(...spans(line, names));
  }
  return nodes;
}

function spans(text, names) {
  const nodes = [];
  let last = 0;
  for (const m of text.matchAll(inline)) {
    const node = span(m.groups, names);
    if (!node) continue;
    nodes.push(unescape(text.slice(last, m.index)), node);
    last = m.index + m[0].length;
  }
  nodes.push(unescape(text.slice(last)));
  return nodes.filter((n) => n !== "");
}

function span(g, names) {
  if (g.code) return h("code", null, unescape(g.code));
  if (g.emoji) return knows(g.emoji) ? emoji(g.emoji) : null;
  if (g.b) return h("strong", null, spans(g.b, names));
  if (g.i) return h("em", null, spans(g.i, names));
  if (g.s) return h("s", null, spans(g.s, names));
  return control(g.control, names);
}

function control(inside, names) {
  const at = inside.indexOf("|");
  const target = at < 0 ? inside : inside.slice(0, at);
  const label = at < 0 ? "" : unescape(inside.slice(at + 1));
  if (target.startsWith("@")) return h("span", { class: "mention" }, `@${label || names.user(target.slice(1))}`);
  if (target.startsWith("#")) return h("span", { class: "mention" }, `#${label || names.channel(target.slice(1))}`);
  if (target.startsWith("!subteam^")) return h("span", { class: "mention" }, `@${label || names.group(target.slice(9))}`);
  if (target.startsWith("!date^")) return document.createTextNode(label);
  if (target.startsWith("!")) return h("span", { class: "mention" }, `@${label || target.slice(1).split("^")[0]}`);
  const address = unescape(target);
  if (!/^(https?|mailto):/.test(address)) return document.createTextNode(label || address);
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, label || address);
}

// blocks gives the nodes of Block Kit blocks, or null if the text alone tells it all.
export function blocks(list, names) {
  if (!list?.length || list.some((b) => b.type === "rich_text")) return null;
  const text = (t) => (t?.type === "mrkdwn" ? mrkdwn(t.text, names) : [t?.text ?? ""]);
  return list.map((b) => {
    switch (b.type) {
      case "divider": return h("hr");
      case "header": return h("p", { class: "block-header" }, text(b.text));
      case "context": return h("p", { class: "block-context" }, (b.elements || []).flatMap(text));
      case "section": return h("div", { class: "block" }, text(b.text), (b.fields || []).map((f) => h("div", null, text(f))));
      default: return null;
    }
  });
}
