// The sandbox's page in a real browser: react, reply, label, close, as people do, by mouse, by keyboard and on a phone.

import assert from "node:assert/strict";
import { check, close } from "../checks.mjs";
import { be, browser, fits, named, react, said, sandbox, shot } from "./browser.mjs";

const out = process.env.OUT;
const { url, stop } = await sandbox();
const { open, wrong, close: shut } = await browser(url);
const page = await open({ colorScheme: "light" });

const request = "staging deploys fail"; // from Ada, among what is there from the start
const staging = () => said(page, request);
const issue = page.locator("#issue");
const title = page.locator("#issue-title");
const state = (word, p = page) => p.locator("#issue-state", { hasText: word }).waitFor();
const note = (words) => page.locator("#issue-notes li", { hasText: words });

await check("it opens with a channel, and the bridge connected", async () => {
  await staging().waitFor();
  await page.locator("#gitlab-empty").waitFor();
  await fits(page);
});

await check("👀 by an agent makes an issue on the other side, assigned to them", async () => {
  await be(page, "Noor Haddad (Infrastructure)");
  await react(staging(), /^Agents: take it/);
  await title.filter({ hasText: request }).waitFor();
  await page.waitForFunction(() => document.querySelector("#issue-assignee").selectedOptions[0]?.text === "Noor Haddad");
  await note("Restarting the pods did not help.").waitFor();
  await page.locator("#slack-messages .msg.card", { hasText: "Noor" }).waitFor();
  await shot(page, `${out}/light.png`);
});

await check("a reply in the thread becomes a comment", async () => {
  await be(page, "Ada Lindqvist (Checkout)");
  const reply = page.locator("#slack-messages li.thread", { hasText: request }).getByRole("textbox", { name: "Reply in this thread" });
  await reply.fill("Now it is production too <script>alert(1)</script> <img src=x onerror=alert(2)> /close");
  await reply.press("Enter");
  await note("production too").waitFor();
  await state("Open");
});

await check("the hint leads on: a comment on the other side comes back as a reply, and on from there", async () => {
  const says = (words) => page.locator("#hint-text", { hasText: words }).waitFor();
  await says("write a comment in GitLab");
  await page.locator("#issue-text").fill("Thank you, I am looking.");
  await page.locator("#issue-comment").click();
  await says("Close the issue in GitLab");
  await page.locator("#slack-messages li.thread", { hasText: request }).locator(".replies .msg:not(.card)", { hasText: "Thank you, I am looking." }).waitFor();
  await page.reload();
  await says("Close the issue in GitLab");
});

await check("an emoji becomes a label, and goes with it", async () => {
  await be(page, "Sam Okafor (Infrastructure)");
  await react(staging(), /^Label team::Ops/);
  const chip = page.locator("#issue-labels .chip", { hasText: "Ops" });
  await chip.waitFor();
  await react(staging(), /^Label team::Ops/);
  await chip.waitFor({ state: "detached" });
});

await check("✅ by keyboard alone closes it", async () => {
  await be(page, "Ada Lindqvist (Checkout)");
  await page.locator("#slack-messages").focus();
  const inBar = () => page.evaluate((words) => document.activeElement.closest(".msg")?.textContent.toLowerCase().includes(words) && !!document.activeElement.closest(".reactbar"), request);
  for (let n = 0; n < 60 && !(await inBar()); n++) await page.keyboard.press("Tab");
  assert.ok(await inBar(), "60 tabs do not lead to the message's bar");
  const label = () => page.evaluate(() => document.activeElement.getAttribute("aria-label"));
  for (let n = 0; n < 20 && !(await label()).startsWith("Done: closes"); n++) await page.keyboard.press("ArrowRight");
  assert.match(await label(), /^Done: closes/);
  await page.keyboard.press("Enter");
  await state("Closed");
  assert.match(await label(), /^Done: closes/, "the focus is lost");
});

await check("reopened in GitLab by button, it says so", async () => {
  await issue.getByRole("button", { name: "Reopen issue" }).click();
  await state("Open");
});

await check("an answer that is lost makes no second issue", async () => {
  await page.getByText("Make it fail").click();
  await page.getByRole("button", { name: /answers 502/ }).click();
  await page.locator("#orders p.active").waitFor();
  await be(page, "Mei Tanaka (Security)");
  await react(said(page, "Is there a bigger runner"), /^Agents: take it/);
  await title.filter({ hasText: "bigger runner" }).waitFor();
  await page.locator("#slack-messages li.thread", { hasText: "Is there a bigger runner" }).locator(".msg.card").waitFor();
  assert.equal(await page.locator("#gitlab-issues .issue-row").count(), 2);
});

await check("a link to an issue opens it", async () => {
  const direct = await open({ colorScheme: "dark" });
  await direct.locator("#gitlab-issues .issue-row", { hasText: request }).click();
  await state("Open", direct);
  const href = await direct.locator("#slack-messages .msg.card a[href*='/-/']").first().getAttribute("href");
  await direct.goto(new URL(new URL(href, url).pathname, url).href);
  await direct.locator("#issue-title").filter({ hasText: /\S/ }).waitFor();
  await shot(direct, `${out}/dark.png`);
  await direct.context().close();
});

await check("every control has a name", () => named(page));

for (const colorScheme of ["light", "dark"]) {
  await check(`on a phone both sides fit, ${colorScheme}`, async () => {
    const phone = await open({ viewport: { width: 390, height: 844 }, colorScheme, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
    await said(phone, request).waitFor();
    await fits(phone);
    await shot(phone, `${out}/phone-slack-${colorScheme}.png`);
    await phone.locator("#tab-gitlab").tap();
    await phone.locator("#gitlab-issues .issue-row", { hasText: request }).tap();
    await phone.locator("#issue-notes li", { hasText: "production too" }).waitFor();
    await fits(phone);
    await shot(phone, `${out}/phone-gitlab-${colorScheme}.png`);
    await phone.context().close();
  });
}

await check("on a phone one can take and close a request", async () => {
  const phone = await open({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  await be(phone, "Noor Haddad (Infrastructure)");
  const disk = said(phone, "disk is 91 % full");
  await disk.tap();
  await disk.getByRole("button", { name: /^Agents: take it/ }).tap();
  await phone.locator("#tab-gitlab").tap();
  await phone.locator("#issue-title").filter({ hasText: "disk is 91" }).waitFor();
  await phone.locator("#tab-slack").tap();
  await disk.tap();
  await disk.getByRole("button", { name: /^Done: closes/ }).tap();
  await phone.locator("#tab-gitlab").tap();
  await state("Closed", phone);
  await fits(phone);
  await phone.context().close();
});

await check("nothing went wrong on the page, and nothing was asked of another host", () => assert.deepEqual(wrong, []));

await shut();
await check("the sandbox ends when told to", async () => assert.equal(await stop(), 0));
close();
