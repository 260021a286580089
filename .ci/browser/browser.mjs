// Starts the sandbox and Debian's Chromium, and keeps a list of everything that a page must not do.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync"];

// sandbox starts the program named by the environment on a free port, and gives its address and how to stop it.
export async function sandbox() {
  const child = spawn(process.env.PROGRAM, ["sandbox", "--addr", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => child.kill()); // a script that fails must not leave it behind
  const [line] = await once(createInterface(child.stdout), "line");
  const url = /http:\/\/\S+/.exec(line)[0];
  const stop = async () => {
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    const [status] = await gone;
    return status;
  };
  return { url, stop };
}

// browser starts Chromium with an empty profile. open gives a page of its own once ready is on it, wrong what any of them did that it must not.
export async function browser(url, ready = "#status[data-kind=on]") {
  const profile = await mkdtemp(join(tmpdir(), "chromium-"));
  const chrome = await chromium.launch({ executablePath: "/usr/bin/chromium", args: [...flags, `--disk-cache-dir=${profile}`] });
  const wrong = [];
  const open = async (options) => {
    const context = await chrome.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", ...options });
    context.setDefaultTimeout(20_000);
    const page = await context.newPage();
    page.on("console", (m) => { if (["error", "warning"].includes(m.type())) wrong.push(`${m.type()}: ${m.text()}`); });
    page.on("pageerror", (e) => wrong.push(`error: ${e.stack}`));
    page.on("dialog", (d) => { wrong.push(`dialog: ${d.message()}`); return d.dismiss(); });
    page.on("request", (r) => { if (new URL(r.url()).origin !== new URL(url).origin) wrong.push(`request to ${r.url()}`); });
    page.on("response", (r) => { if (r.status() >= 400) wrong.push(`${r.status()} for ${r.url()}`); });
    await page.goto(url);
    await page.locator(ready).waitFor();
    return page;
  };
  const close = async () => {
    await chrome.close();
    await rm(profile, { recursive: true, force: true });
  };
  return { open, wrong, close };
}

// said gives the message of the channel that contains these words.
export const said = (page, words) => page.locator("#slack-messages article.msg", { hasText: words }).first();

// be chooses whom the left side acts as.
export const be = (page, name) => page.locator("#slack-you").selectOption({ label: name });

// react clicks an emoji in the bar of a message, as one does who has the mouse over it.
export async function react(message, does) {
  await message.hover();
  await message.getByRole("toolbar").getByRole("button", { name: does }).click();
}

// shot takes a picture once nothing is marked as new any more.
export async function shot(page, path) {
  await page.locator(".fresh").first().waitFor({ state: "detached" });
  await page.screenshot({ path });
}

// fits claims that a page cannot be pushed sideways, and names what sticks out.
export async function fits(page) {
  const w = await page.evaluate(() => {
    const room = document.documentElement.clientWidth;
    const out = [...document.querySelectorAll("body *")].filter((e) => e.getClientRects().length && e.getBoundingClientRect().right > room + 1 && !e.closest(".sr"))
      .filter((e) => { for (let up = e.parentElement; up; up = up.parentElement) if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(up).overflowX)) return false; return true; });
    return { room, wide: document.documentElement.scrollWidth, out: out.map((e) => e.outerHTML.slice(0, 120)) };
  });
  assert.ok(w.wide <= w.room, `the page is ${w.wide} wide in a window of ${w.room}`);
  assert.deepEqual(w.out, []);
}

// named claims that every control in sight says what it is.
export async function named(page) {
  const nameless = await page.evaluate(() => [...document.querySelectorAll("button, a[href], input, select, textarea")]
    .filter((e) => e.getClientRects().length && !(e.textContent.trim() || e.getAttribute("aria-label") || e.labels?.length || e.title || e.placeholder || e.querySelector("img[alt]:not([alt=''])"))).map((e) => e.outerHTML));
  assert.deepEqual(nameless, []);
}
