// Files: choosing them for a message, and showing those that a message has.

import { h, icon } from "./dom.js";
import { complaint } from "./net.js";

const most = 5 << 20; // bytes of one message's files together

// attaching gives a form of a text field a button for files, and lets them be pasted and dropped. It returns {take}: take() reads and
// forgets what was chosen, as the server wants it, and put(files) brings it back.
export function attaching(form, field) {
  let chosen = [];
  const input = h("input", { type: "file", class: "sr", multiple: true, "aria-label": "Attach files" });
  const list = h("ul", { class: "chosen", "aria-label": "Files to send" });
  const show = () => list.replaceChildren(...chosen.map((f) => h("li", null, icon("file"), h("span", null, f.name), h("small", null, size(f.size)),
    h("button", { type: "button", "aria-label": `Do not send ${f.name}`, onclick: () => { chosen = chosen.filter((x) => x !== f); show(); field.focus(); } }, icon("x")))));
  const add = (files) => {
    const all = [...chosen, ...files];
    if (all.reduce((sum, f) => sum + f.size, 0) > most) complaint(`The sandbox takes files up to ${size(most)} in one message.`);
    else chosen = all;
    show();
  };
  input.addEventListener("change", () => { add(input.files); input.value = ""; field.focus(); });
  field.addEventListener("paste", (e) => { if (e.clipboardData.files.length) { e.preventDefault(); add(e.clipboardData.files); } });
  form.addEventListener("dragover", (e) => { if (e.dataTransfer.types.includes("Files")) e.preventDefault(); });
  form.addEventListener("drop", (e) => { if (e.dataTransfer.files.length) { e.preventDefault(); add(e.dataTransfer.files); } });
  field.after(h("label", { class: "clip", "data-tip": "Attach files" }, icon("clip"), input));
  form.append(list);
  return {
    any: () => chosen.length > 0,
    take: () => { const files = chosen; chosen = []; show(); return files; },
    put: add,
  };
}

// packed reads files into what an act carries.
export function packed(files) {
  return Promise.all([...files].map((f) => new Promise((done, failed) => {
    const r = new FileReader();
    r.onload = () => done({ name: f.name, data: r.result.slice(r.result.indexOf(",") + 1) });
    r.onerror = () => failed(r.error);
    r.readAsDataURL(f);
  })));
}

const pictures = ["image/png", "image/jpeg", "image/gif", "image/webp"];

// shown draws the files of a message: pictures in place, others as something to save.
export function shown(files) {
  return h("ul", { class: "files", "aria-label": "Files" }, files.map((f) => {
    if (f.deleted) return h("li", { class: "lost" }, icon("file"), "This file was deleted.");
    const href = f.external_url || `/previews/${f.id}`;
    const open = { href, target: "_blank", rel: "noopener noreferrer" };
    if (pictures.includes(f.mimetype) && !f.external_url) {
      return h("li", null, h("p", null, f.name), h("a", open, h("img", { src: href, alt: f.name })));
    }
    return h("li", null, h("a", { class: "save", ...open }, icon("file"), h("span", null, f.name), h("small", null, size(f.size ?? 0))));
  }));
}

// size is a number of bytes for people.
export function size(bytes) {
  if (bytes < 1000) return `${bytes} ${bytes === 1 ? "byte" : "bytes"}`;
  if (bytes < 1e6) return `${Math.round(bytes / 1024)} KB`;
  return `${(bytes / (1 << 20)).toFixed(1).replace(".0", "")} MB`;
}
