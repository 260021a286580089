// Small tools to build and compare what is on the page. Whatever comes from outside goes in as text, never as markup.

export const $ = (id) => document.getElementById(id);

// h makes an element: h("p", {class: "x", onclick: f, "data-a": 1}, "text", child, null). Null children are left out.
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [k, v] of Object.entries(props || {})) {
    if (v === null || v === undefined) continue;
    if (k.startsWith("aria-")) el.setAttribute(k, String(v)); // "false" says something else than nothing here
    else if (v === false) continue;
    else if (k.startsWith("on")) el.addEventListener(k.slice(2), v);
    else if (k === "style") for (const [p, value] of Object.entries(v)) el.style.setProperty(p, value);
    else if (k === "value" || k === "checked" || k === "selected") el[k] = v;
    else el.setAttribute(k, v === true ? "" : String(v));
  }
  el.append(...children.flat(3).filter((c) => c !== null && c !== undefined && c !== false));
  return el;
}

const shapes = {
  hash: "M6 2.5 4.5 13.500M11.5 2.5 10 13.500M2.5 6h11.500M2 10h11.5",
  lock: "M4 7.500h8v6H4zM5.5 7.500V5a2.5 2.5 0 0 1 5 0v2.5",
  reply: "M6.5 3.5 2.5 7.500l4 4M3 7.500h6a4.5 4.5 0 0 1 4.5 4.500v1",
  edit: "M3 13l.7-3L11 2.700l2.3 2.300L6 12.300zM9.5 4.200l2.3 2.3",
  trash: "M3 4.500h10M6.5 4.500v-2h3v2M4.5 4.500l.5 9h6l.5-9",
  open: "M8 2.200a5.8 5.8 0 1 0 0 11.600A5.8 5.8 0 0 0 8 2.200zM8 6.500a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z",
  closed: "M8 2.200a5.8 5.8 0 1 0 0 11.600A5.8 5.8 0 0 0 8 2.200zM5.3 8.200l2 2 3.5-4",
  eye: "M1.8 8C4 4.5 6 3.7 8 3.700S12 4.5 14.2 8C12 11.5 10 12.3 8 12.300S4 11.5 1.8 8zM8 6.200a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.600z",
  chat: "M2.5 3.500h11v7.500H7.500l-3 2.500V11h-2z",
  x: "M4 4l8 8M12 4l-8 8",
  clip: "M13 7.500 7.800 12.700a3.1 3.1 0 0 1-4.400-4.400l5.500-5.500a2.100 2.100 0 0 1 3 3L6.500 11.200a1 1 0 0 1-1.500-1.500l4.900-4.900",
  file: "M4 2.200h5l3 3v8.600H4zM9 2.200v3h3",
  globe: "M8 2.200a5.8 5.8 0 1 0 0 11.600A5.8 5.8 0 0 0 8 2.200zM2.400 8h11.200M8 2.200c2 1.700 2.600 3.600 2.600 5.800S10 12.100 8 13.800C6 12.100 5.400 10.200 5.400 8S6 3.900 8 2.200z",
  people: "M6 7.500a2.300 2.300 0 1 0 0-4.600 2.300 2.300 0 0 0 0 4.600zM1.800 13c.3-2.500 1.900-3.800 4.200-3.800s3.900 1.300 4.200 3.800M10.500 3.200a2.200 2.200 0 0 1 0 4.200M12 9.500c1.400.5 2.100 1.700 2.300 3.500",
};

// icon draws one of the shapes above; it is decoration, the words stand beside it.
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", shapes[name]);
  svg.append(path);
  return svg;
}

// avatar is a coloured square with initials; its colour stays the same for a name.
export function avatar(name, kind = "") {
  const initials = name.split(/[\s._-]+/).map((p) => p[0] || "").join("").slice(0, 2).toUpperCase();
  let hue = 0;
  for (const c of name) hue = (hue * 31 + c.codePointAt(0)) % 360;
  return h("span", { class: `avatar ${kind}`, "aria-hidden": "true", style: { "--hue": hue } }, initials);
}

// flash marks what has just changed. How it looks, and whether it moves, is for the style sheet to say.
export function flash(el) {
  el.classList.remove("fresh");
  void el.offsetWidth; // restarts the animation
  el.classList.add("fresh");
  setTimeout(() => el.classList.remove("fresh"), 2600);
}

// keyed makes the children of a list follow the items. What is unchanged stays untouched, so focus, scroll position and half-written
// text survive. part(item) gives {key, hash, make(), update(el)}: hash is compared; with update the element is kept and changed.
export function keyed(parent, items, part) {
  const old = new Map();
  for (const el of [...parent.children]) old.set(el.dataset.key, el);
  let at = parent.firstElementChild;
  for (const item of items) {
    const p = part(item);
    let el = old.get(String(p.key));
    old.delete(String(p.key));
    if (!el) {
      el = p.make();
      el.dataset.key = p.key;
      parent.insertBefore(el, at);
    } else if (el.hash !== p.hash && !p.update) {
      const made = p.make();
      made.dataset.key = p.key;
      if (at === el) at = made;
      swap(el, made);
      el = made;
    }
    if (p.update) p.update(el);
    el.hash = p.hash;
    if (el === at) at = at.nextElementSibling;
    else parent.insertBefore(el, at);
  }
  for (const el of old.values()) el.remove();
}

// swap replaces an element and gives the focus back to the same control in the new one.
export function swap(before, after) {
  const active = document.activeElement;
  const name = before.contains(active) ? active.dataset.f : null;
  before.replaceWith(after);
  if (name) after.querySelector(`[data-f="${CSS.escape(name)}"]`)?.focus({ preventScroll: true });
}

// settled waits until a choice has stood for a moment or is left: the arrow keys walk through all that lie between.
export function settled(select, then) {
  let timer = null;
  const done = () => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    then(select.value);
  };
  select.addEventListener("change", () => { clearTimeout(timer); timer = setTimeout(done, 700); });
  select.addEventListener("blur", done);
  select.waiting = () => timer !== null;
}

// drop lets a menu close by Escape and by a click elsewhere, and after something in it was chosen.
export function drop(details) {
  const close = () => { details.open = false; details.firstElementChild.focus(); };
  details.addEventListener("click", (e) => { if (e.target.closest(".menu button")) close(); });
  document.addEventListener("keydown", (e) => { if (e.key === "Escape" && details.open) close(); });
  document.addEventListener("click", (e) => { if (!details.contains(e.target)) details.open = false; });
}

export function clock(date) {
  return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

export function timeOf(date) {
  return h("time", { datetime: date.toISOString(), title: date.toLocaleString() }, clock(date));
}

// keep remembers small choices from visit to visit, where the browser allows it.
export const keep = {
  get(name) { try { return localStorage.getItem(`sandbox.${name}`); } catch { return null; } },
  set(name, value) { try { localStorage.setItem(`sandbox.${name}`, value); } catch { /* private window: forgotten at the end */ } },
};
