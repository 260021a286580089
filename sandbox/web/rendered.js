// What GitLab has rendered, as its own page shows it: with emoji for their names, alerts as boxes, and mentions that lead nowhere here.

import { h } from "./dom.js";
import { emoji, knows } from "./emoji.js";

const kinds = { note: "Note", tip: "Tip", important: "Important", caution: "Caution", warning: "Warning" };

// rendered shows GitLab's HTML. It is the one place where markup is taken as such: the server has rendered and cleaned it, and the page's
// policy would not let a script in it run.
export function rendered(el, html) {
  el.innerHTML = html;
  for (const a of el.querySelectorAll("a[href]")) {
    const kind = a.dataset.referenceType;
    if (kind && kind !== "issue") { // there are no pages of people, labels and merge requests
      a.replaceWith(h("span", { class: kind === "user" ? "mention" : "reference" }, ...a.childNodes));
      continue;
    }
    a.target = "_blank";
    a.rel = "noopener noreferrer";
  }
  for (const box of el.querySelectorAll("input[type=checkbox]")) box.setAttribute("aria-label", box.checked ? "done" : "to do");
  for (const quote of el.querySelectorAll("blockquote")) alert(quote);
  for (const table of el.querySelectorAll("table")) {
    const room = h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Table" });
    table.replaceWith(room);
    room.append(table);
  }
  emojis(el);
  return el;
}

// alert makes a box of a quote that begins with [!note] or the like; what follows on the line is its title.
function alert(quote) {
  const first = quote.firstElementChild;
  const text = first?.tagName === "P" ? first.firstChild : null;
  const m = text?.nodeType === Node.TEXT_NODE ? /^\[!(\w+)\][ \t]*([^\n]*)(?:\n|$)/.exec(text.data) : null;
  const kind = m?.[1].toLowerCase();
  if (!(kind in kinds)) return;
  text.data = text.data.slice(m[0].length);
  if (!first.textContent.trim() && !first.querySelector("img")) first.remove();
  quote.classList.add("alert", `alert-${kind}`);
  quote.prepend(h("p", { class: "alert-title" }, m[2] || kinds[kind]));
}

function emojis(el) {
  const texts = document.createTreeWalker(el, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let t = texts.nextNode(); t; t = texts.nextNode()) if (t.data.includes(":") && !t.parentElement.closest("code, pre")) found.push(t);
  for (const t of found) {
    const nodes = [];
    let last = 0;
    for (const m of t.data.matchAll(/:([a-z0-9_+-]+):/g)) {
      if (!knows(m[1], false)) continue;
      nodes.push(t.data.slice(last, m.index), emoji(m[1]));
      last = m.index + m[0].length;
    }
    if (last) t.replaceWith(...nodes, t.data.slice(last));
  }
}
