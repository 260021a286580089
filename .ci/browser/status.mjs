// The status page as the program answers it, in a real browser: with nothing to tell and with all there may be at once, light and dark, on a
// desk and on a phone. The answers are those that the tests of the program left in OUT.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { check, close } from "../checks.mjs";
import { browser, fits, named } from "./browser.mjs";

const out = process.env.OUT;
const pages = ["empty", "working", "worst"];
const answers = Object.fromEntries(await Promise.all(pages.map(async (p) => [`/${p}`, JSON.parse(await readFile(`${out}/status-${p}.json`, "utf8"))])));
const server = createServer((request, response) => {
  const { headers, body } = answers[request.url] ?? { headers: {}, body: "" };
  response.writeHead(200, headers).end(body);
}).listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${server.address().port}`;
const { open, wrong, close: shut } = await browser(`${url}/empty`, "main");

// faint gives the texts that stand out from their ground by less than 4.5 to 1.
const faint = (page) => page.evaluate(() => {
  const rgb = (color) => color.match(/[\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = rgb(color).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (e) => {
    for (let up = e; up; up = up.parentElement) {
      const color = getComputedStyle(up).backgroundColor;
      if ((rgb(color)[3] ?? 1) > 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  return [...document.querySelectorAll("body *")].filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())).flatMap((e) => {
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return contrast < 4.5 ? [`${contrast.toFixed(2)}: ${e.outerHTML.slice(0, 120)}`] : [];
  });
});

const sizes = { desk: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } };
for (const colorScheme of ["light", "dark"]) {
  for (const [size, viewport] of Object.entries(sizes)) {
    await check(`the status page can be read, ${colorScheme}, ${size}`, async () => {
      const page = await open({ colorScheme, viewport, isMobile: size === "phone" });
      for (const p of pages) {
        await page.goto(`${url}/${p}`);
        assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).maxWidth), "none", "the policy keeps the page's own style out");
        await fits(page);
        await named(page);
        assert.deepEqual(await faint(page), []);
        await page.screenshot({ path: `${out}/status-${p}-${size}-${colorScheme}.png`, fullPage: true });
      }
      await page.context().close();
    });
  }
}

await check("nothing went wrong on the page, and nothing was asked of another host", () => assert.deepEqual(wrong, []));

await shut();
server.close();
close();
