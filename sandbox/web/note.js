// One comment of an issue, or a note that GitLab wrote itself.

import { avatar, h, icon, timeOf } from "./dom.js";
import { rendered } from "./rendered.js";

// note draws one. x says by which key it is known, whether it is the reader's own and being edited, and what to call.
export function note(n, x) {
  const at = timeOf(new Date(n.created_at));
  const body = rendered(h("div", { class: "rendered" }), n.html);
  if (n.system) return h("li", { class: "system", "data-flash": x.key }, h("b", null, n.author.name), body, at);
  return h("li", { class: `note${n.internal ? " internal" : ""}`, "data-flash": x.key },
    avatar(n.author.name, n.author.bot ? "bot" : ""),
    h("div", null,
      h("header", null, h("strong", null, n.author.name), h("small", null, `@${n.author.username}`), at,
        n.updated_at !== n.created_at ? h("small", null, "(edited)") : null,
        n.internal ? h("span", { class: "badge" }, icon("lock"), "Internal note") : null,
        x.mine && !x.editing ? tools(x) : null),
      x.editing ? editor(n, x) : body));
}

function tools(x) {
  const button = (name, label, shape, onclick) => h("button", { type: "button", "aria-label": label, "data-tip": label, "data-f": name, onclick }, icon(shape));
  return h("span", { class: "tools" }, button("edit", "Edit your comment", "edit", () => x.edit(true)), button("erase", "Delete your comment", "trash", x.erase));
}

function editor(n, x) {
  const field = h("textarea", { rows: Math.min(12, n.body.split("\n").length + 1), "aria-label": "Edit your comment", "data-f": "text", value: n.body });
  const form = h("form", { class: "edit", onsubmit: (e) => { e.preventDefault(); x.save(field.value); } }, field,
    h("div", { class: "row" }, h("button", { type: "submit" }, "Save"), h("button", { type: "button", class: "plain", onclick: () => x.edit(false) }, "Cancel")));
  form.addEventListener("keydown", (e) => {
    if (e.key === "Escape") x.edit(false);
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) { e.preventDefault(); x.save(field.value); }
  });
  return form;
}
