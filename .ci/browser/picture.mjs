// Takes the README's picture: a request that somebody works on, on both sides.

import { be, browser, react, said, sandbox, shot } from "./browser.mjs";

const { url, stop } = await sandbox();
const { open, wrong, close } = await browser(url);
const page = await open({ colorScheme: "light", timezoneId: "UTC", viewport: { width: 1280, height: 840 } });
const request = said(page, "staging deploys fail");
await page.locator("#status-text", { hasText: "2 sockets" }).waitFor();

await be(page, "Noor Haddad (Infrastructure)");
await react(request, /^Agents: take it/);
await page.locator("#issue-notes li.note").first().waitFor();
await react(request, /^Label team::Ops/);
await react(request, /^Label severity::1/);
await page.locator("#issue-labels .chip").nth(1).waitFor();
const reply = page.locator("#slack-messages li.thread", { hasText: "staging deploys fail" }).getByRole("textbox", { name: "Reply in this thread" });
await reply.fill("The pool is sized for *two* replicas, and there are five. Raising it now.");
await reply.press("Enter");
await page.locator("#issue-notes li.note", { hasText: "two replicas" }).waitFor();
await page.locator("#hint-close").click();
await page.mouse.move(0, 0);
await page.evaluate(() => document.activeElement.blur());
await page.locator("#gitlab-scroll").evaluate((e) => { e.scrollTop = 0; });
await page.locator("#slack-scroll").evaluate((e) => { e.scrollTop = e.scrollHeight; });
await shot(page, process.env.PICTURE);
await close();
await stop();
if (wrong.length) throw new Error(wrong.join("\n"));
