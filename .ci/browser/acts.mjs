// What people can do on either side, in a real browser, and what the vendor makes of it; what the bridge makes of it is not asked here.

import assert from "node:assert/strict";
import { check, close } from "../checks.mjs";
import { be, browser, fits, named, react, said, sandbox, shot } from "./browser.mjs";

const out = process.env.OUT;
const { url, stop } = await sandbox();
const { open, wrong, close: shut } = await browser(url);
const page = await open({ colorScheme: "light" });

const notes = page.locator("#issue-notes");
const note = (words) => notes.locator("li.note", { hasText: words });
const more = async (name) => {
  await page.locator("#issue-more summary").click();
  await page.locator("#issue-more").getByRole("button", { name }).click();
};
const comment = async (text) => {
  await page.locator("#issue-text").fill(text);
  await page.locator("#issue-comment").click();
};
// picture is one that a person could have taken.
const picture = async (words) => Buffer.from(await page.evaluate((text) => {
  const c = Object.assign(document.createElement("canvas"), { width: 480, height: 160 });
  const x = c.getContext("2d");
  x.fillStyle = "#22303c";
  x.fillRect(0, 0, c.width, c.height);
  x.font = "36px sans-serif";
  x.fillStyle = "#ffd27f";
  x.fillText(text, 36, 92);
  return c.toDataURL().split(",")[1];
}, words), "base64");
const loaded = (img) => img.evaluate((e) => e.decode().then(() => e.naturalWidth));

await check("a message takes files: pictures are shown, others can be saved", async () => {
  await be(page, "Ada Lindqvist (Checkout)");
  await page.locator("#slack-composer").getByLabel("Attach files").setInputFiles([
    { name: "gateway error.png", mimeType: "image/png", buffer: await picture("504 Gateway") },
    { name: "deploy.log", mimeType: "text/plain", buffer: Buffer.from("step 1\n".repeat(400)) },
    { name: "wrong.txt", mimeType: "text/plain", buffer: Buffer.from("x") },
  ]);
  await page.getByRole("button", { name: "Do not send wrong.txt" }).click();
  await page.locator("#slack-text").fill("This is what they see");
  await page.locator("#slack-send").click();
  const files = said(page, "This is what they see").locator(".files");
  assert.equal(await loaded(files.locator("img")), 480);
  const [saved] = await Promise.all([page.waitForEvent("download"), files.getByRole("link", { name: "deploy.log" }).click()]);
  assert.equal(saved.suggestedFilename(), "deploy.log");
  assert.equal(await files.getByText("wrong.txt").count(), 0);
  assert.equal(await page.locator("#slack-composer .chosen li").count(), 0, "what was sent is still to be sent");
});

await check("a reply can be a file alone, and a file can be too big", async () => {
  const thread = page.locator("#slack-messages li.thread", { hasText: "staging deploys fail" });
  await thread.getByRole("textbox", { name: "Reply in this thread" }).focus();
  await thread.getByLabel("Attach files").setInputFiles({ name: "huge.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc((5 << 20) + 1) });
  await page.locator("#toast", { hasText: "up to 5 MB" }).waitFor();
  await page.locator("#toast-close").click();
  await thread.getByLabel("Attach files").setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("x") });
  await thread.getByRole("button", { name: "Reply", exact: true }).click();
  await thread.locator(".replies").getByRole("link", { name: "notes.txt" }).waitFor();
});

await check("a message edited says so, and a deleted one leaves its place to its thread", async () => {
  const mine = said(page, "This is what they see");
  await mine.hover();
  await mine.getByRole("button", { name: "Edit your message" }).click();
  await page.getByRole("textbox", { name: "Edit your message" }).fill("This is what everybody sees");
  await page.getByRole("button", { name: "Save" }).click();
  await said(page, "This is what everybody sees").getByText("(edited)").waitFor();
  await be(page, "Femi Adeyemi (Data)");
  const asked = said(page, "Is there a bigger runner");
  await asked.hover();
  await asked.getByRole("button", { name: "Delete your message" }).click();
  await said(page, "This message was deleted.").waitFor();
  await page.getByText("Which job is it?").waitFor();
});

await check("what the bridge says is told apart: a sign, a line for one person, a comment passed on", async () => {
  const ts = (await (await fetch(`${url}state`)).json()).slack.channels[0].messages.find((m) => m.text.includes("disk is 91")).ts;
  const slack = async (method, body) => {
    const r = await fetch(`${url}api/${method}`, { method: "POST", headers: { Authorization: "Bearer xoxb-sandbox", "Content-Type": "application/json" }, body: JSON.stringify({ channel: "C0HELPINFRA", ...body }) });
    assert.equal((await r.json()).ok, true, method);
  };
  await slack("reactions.add", { timestamp: ts, name: "white_check_mark" });
  await slack("chat.postMessage", { thread_ts: ts, text: "*Lena Fischer* in <http://127.0.0.1/acme/infra/requests/-/issues/1|GitLab>:\nMended." });
  await slack("chat.postEphemeral", { thread_ts: ts, user: "U0ADA", text: "Add :repeat: to open it again." });
  await be(page, "Ada Lindqvist (Checkout)");
  const thread = page.locator("#slack-messages li.thread", { hasText: "disk is 91" });
  await thread.locator(".pill.sign[aria-label*='by GitLab Bridge, as a sign']").waitFor();
  await thread.locator(".replies .msg:not(.card)", { hasText: "Mended." }).waitFor();
  const whisper = thread.getByText("Only visible to you");
  await whisper.waitFor();
  await be(page, "Noor Haddad (Infrastructure)");
  await whisper.waitFor({ state: "detached" });
});

await check("GitLab's text is shown as GitLab shows it", async () => {
  await be(page, "Noor Haddad (Infrastructure)");
  await react(said(page, "staging deploys fail"), /^Agents: take it/);
  await page.locator("#issue-title", { hasText: "staging deploys fail" }).waitFor();
  await comment("| Host | Load |\n|---|--:|\n| db-1 | **97** |\n\n1. one\n   - inside\n- [x] done\n\n> [!warning]\n> Hands off\n\n>>> [!note] Titled\nBody :tada: `:tada:` for @sam.okafor\n>>>\n\n```sql\nselect 1;\n```\n\n<details><summary>Rest</summary>\n\nhidden\n\n</details>");
  const shown = note("Hands off").locator(".rendered");
  assert.match(await shown.locator("td").last().evaluate((e) => getComputedStyle(e).textAlign), /right$/);
  assert.deepEqual(await shown.locator(".alert-title").allTextContents(), ["Warning", "Titled"]);
  assert.equal(await shown.locator(".emoji").count(), 1, "want an emoji outside of code only");
  assert.equal(await shown.locator("ol ul li").textContent(), "inside");
  assert.equal(await shown.locator("a", { hasText: "@sam.okafor" }).count(), 0, "a mention leads to a page that is not there");
  assert.equal(await shown.getByText("hidden").isVisible(), false);
  await shown.getByText("Rest").click();
  await shown.getByText("hidden").waitFor();
});

await check("a picture uploaded to GitLab is shown in place", async () => {
  const form = new FormData();
  form.append("file", new Blob([await picture("Grafana")]), "connections per host.png");
  const r = await fetch(`${url}api/v4/projects/acme%2Finfra%2Frequests/uploads`, { method: "POST", headers: { "PRIVATE-TOKEN": "glpat-sandbox" }, body: form });
  await comment(`As of now: ${(await r.json()).markdown}`);
  assert.equal(await loaded(note("As of now").locator(".rendered img")), 480);
});

await check("comments are edited and deleted by their author alone", async () => {
  await comment("First thought");
  await note("First thought").getByRole("button", { name: "Edit your comment" }).click();
  await page.getByRole("textbox", { name: "Edit your comment" }).fill("Second thought");
  await note("Noor Haddad").getByRole("button", { name: "Save" }).click();
  await note("Second thought").getByText("(edited)").waitFor();
  await page.locator("#gitlab-you").selectOption({ label: "Lena Fischer" });
  assert.equal(await notes.getByRole("button", { name: "Delete your comment" }).count(), 0);
  await page.locator("#issue-internal").check();
  await comment("Between us");
  await note("Between us").getByText("Internal note").waitFor();
  await page.locator("#gitlab-you").selectOption({ label: "Noor Haddad" });
  await note("Second thought").getByRole("button", { name: "Delete your comment" }).click();
  await note("Second thought").waitFor({ state: "detached" });
});

await check("title and description can be written anew", async () => {
  await more("Edit title and description");
  await page.locator("#rewrite-title").fill("Too many connections");
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.locator("#issue-title", { hasText: /^Too many connections$/ }).waitFor();
  await notes.locator("li.system", { hasText: "changed title" }).waitFor();
});

await check("who can read is switched on both sides, and seen", async () => {
  await page.locator("#slack-audience").selectOption("private");
  await said(page, "made this channel private").waitFor();
  await page.locator("#slack-audience").selectOption("shared");
  await said(page, "made this channel public").waitFor();
  await page.locator("#gitlab-audience").selectOption("public");
  await page.locator("#gitlab-audience").blur();
  await page.waitForFunction(async () => (await (await fetch("/state")).json()).gitlab.projects[0].visibility === "public");
  await page.waitForFunction(async () => (await (await fetch("/state")).json()).slack.channels[0].ext_shared);
  await page.locator("#issue-hide").check();
  await page.locator("#issue-secret").waitFor();
  await fits(page);
  await named(page);
  await shot(page, `${out}/acts.png`);
});

await check("an issue moves, and the old one leads to the new one", async () => {
  await more(/^Move to acme\/security/);
  await page.locator("#issue-state", { hasText: "Closed (moved)" }).waitFor();
  await page.locator("#issue-moved a").click();
  await page.locator("#issue-path", { hasText: "acme/security/requests#1" }).waitFor();
  await notes.locator("li.system", { hasText: "moved from" }).waitFor();
});

await check("an issue is deleted, and its address says so", async () => {
  await more(/^Delete the issue/);
  await page.locator("#issue-gone", { hasText: "acme/security/requests#1" }).waitFor();
  const direct = await open({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  await direct.goto(new URL("/acme/security/requests/-/issues/1", url).href);
  await direct.locator("#issue-gone", { hasText: "it was deleted" }).waitFor();
  await fits(direct);
  await direct.context().close();
});

await check("nothing went wrong on the page, and nothing was asked of another host", () => assert.deepEqual(wrong, []));

await shut();
await check("the sandbox ends when told to", async () => assert.equal(await stop(), 0));
close();
