// Slack's own framework against the imitated Slack: Socket Mode and the Web API, as anyone would use them.

import assert from "node:assert/strict";
import bolt from "@slack/bolt";
import { WebClient } from "@slack/web-api";
import { check, close, fails } from "../checks.mjs";
import { act, at, Inbox } from "./imitations.mjs";

const channel = at.channel;
const app = new bolt.App({
  token: at.botToken, appToken: at.appToken, socketMode: true, logLevel: "error",
  clientOptions: { slackApiUrl: at.slack },
});
// A second client without retries: it shows refusals as they are.
const bare = new WebClient(at.botToken, { slackApiUrl: at.slack, rejectRateLimitedCalls: true, retryConfig: { retries: 0 }, logLevel: "error" });

const messages = new Inbox();
const reactions = new Inbox();
const envelopes = new Inbox();
app.use(async ({ body, context, next }) => {
  envelopes.push({ body, retry: context.retryNum });
  await next();
});
app.message(async ({ message }) => messages.push(message));
app.event("reaction_added", async ({ event }) => reactions.push(event));
app.event("reaction_removed", async ({ event }) => reactions.push(event));

const refused = async (promise, word) => {
  const e = await fails(promise);
  assert.equal(e.code, "slack_webapi_platform_error", e.stack);
  assert.equal(e.data.ok, false);
  assert.equal(e.data.error, word);
  return e;
};

// connected comes true at the next connection.
const connected = () => new Promise((resolve) => { app.receiver.client.once("connected", resolve); });

let root;
let card;

await check("connects by Socket Mode", async () => { await app.start(); });

await check("auth.test names the bot and its workspace", async () => {
  const me = await app.client.auth.test();
  assert.match(me.user_id, /^U/);
  assert.match(me.bot_id, /^B/);
  assert.match(me.team_id, /^T/);
  assert.ok(me.response_metadata.scopes.includes("chat:write"), `scopes ${me.response_metadata.scopes}`);
});

await check("a person's message arrives, in its envelope", async () => {
  root = await act("post", { user: "U0ADA", text: "The build is *red* &amp; <@U0BOB> knows" });
  const m = await messages.get("message", (x) => x.ts === root);
  assert.equal(m.type, "message");
  assert.equal(m.user, "U0ADA");
  assert.equal(m.channel, channel);
  assert.equal(m.channel_type, "channel");
  assert.equal(m.text, "The build is *red* &amp; <@U0BOB> knows");
  assert.equal(m.event_ts, root);
  const { body } = await envelopes.get("envelope", (x) => x.body.event?.ts === root);
  assert.equal(body.type, "event_callback");
  assert.match(body.event_id, /^Ev/);
  assert.match(body.team_id, /^T/);
  assert.equal(typeof body.event_time, "number");
});

await check("what is acknowledged does not come again", async () => {
  const later = await act("post", { user: "U0ADA", text: "one more" });
  await messages.get("message", (x) => x.ts === later);
  assert.equal(messages.all.filter((x) => x.ts === root).length, 1);
  assert.equal(envelopes.all.filter((x) => x.retry).length, 0);
});

await check("a reply arrives with its thread", async () => {
  const ts = await act("post", { user: "U0BOB", text: "I do", thread: root });
  const m = await messages.get("reply", (x) => x.ts === ts);
  assert.equal(m.thread_ts, root);
  assert.equal(m.parent_user_id, "U0ADA");
});

await check("a reaction arrives, given and taken back", async () => {
  await act("react", { user: "U0EVE", ts: root, emoji: "eyes" });
  const given = await reactions.get("reaction", (x) => x.type === "reaction_added");
  assert.deepEqual([given.user, given.reaction, given.item_user], ["U0EVE", "eyes", "U0ADA"]);
  assert.deepEqual(given.item, { type: "message", channel, ts: root });
  await act("unreact", { user: "U0EVE", ts: root, emoji: "eyes" });
  const taken = await reactions.get("reaction taken back", (x) => x.type === "reaction_removed");
  assert.equal(taken.item.ts, root);
});

await check("edits and deletes arrive as changes of the message", async () => {
  const ts = await act("post", { user: "U0ADA", text: "tpyo" });
  await act("edit", { ts, text: "typo" });
  const { body } = await envelopes.get("edit", (x) => x.body.event?.subtype === "message_changed" && x.body.event.message.ts === ts);
  assert.equal(body.event.message.text, "typo");
  assert.equal(body.event.previous_message.text, "tpyo");
  assert.ok(body.event.hidden);
  await act("delete", { ts });
  const gone = await envelopes.get("delete", (x) => x.body.event?.subtype === "message_deleted" && x.body.event.deleted_ts === ts);
  assert.equal(gone.body.event.previous_message.text, "typo");
});

await check("posts a reply with blocks and metadata, and finds it again", async () => {
  const posted = await app.client.chat.postMessage({
    channel, thread_ts: root, text: "Taken", metadata: { event_type: "card", event_payload: { key: "k1" } },
    blocks: [{ type: "section", text: { type: "mrkdwn", text: "*Taken* by Bob" } }],
  });
  card = posted.ts;
  assert.equal(posted.message.text, "Taken");
  assert.equal(posted.message.thread_ts, root);
  const found = [];
  for await (const page of app.client.paginate("conversations.replies", { channel, ts: root, include_all_metadata: true })) found.push(...page.messages);
  const own = found.find((m) => m.ts === card);
  assert.equal(own.metadata.event_payload.key, "k1");
  assert.equal(own.blocks[0].text.text, "*Taken* by Bob");
  assert.equal(found[0].ts, root);
  assert.equal(found[0].reply_count, 2);
});

await check("edits its own message, not another's", async () => {
  const changed = await app.client.chat.update({ channel, ts: card, text: "Taken, closed" });
  assert.equal(changed.text, "Taken, closed");
  await refused(app.client.chat.update({ channel, ts: root, text: "mine" }), "cant_update_message");
});

await check("its own posts come back, and Bolt leaves them out", async () => {
  const marker = await act("post", { user: "U0ADA", text: "after the card" });
  await messages.get("message", (x) => x.ts === marker);
  assert.equal(messages.all.filter((x) => x.ts === card).length, 0);
});

await check("reads the history in pages, newest first, without replies", async () => {
  const all = [];
  let pages = 0;
  for await (const page of app.client.paginate("conversations.history", { channel, limit: 2 })) {
    pages++;
    assert.ok(page.messages.length <= 2, `page of ${page.messages.length}`);
    all.push(...page.messages);
  }
  assert.ok(pages > 1, `${pages} pages`);
  assert.ok(all.some((m) => m.ts === root));
  assert.ok(!all.some((m) => m.ts === card), "a reply is in the history");
  assert.deepEqual(all.map((m) => m.ts), all.map((m) => m.ts).sort().reverse());
});

await check("reads the reactions of one message", async () => {
  await app.client.reactions.add({ channel, timestamp: root, name: "white_check_mark" });
  const got = await app.client.reactions.get({ channel, timestamp: root, full: true });
  assert.deepEqual(got.message.reactions.map((r) => [r.name, r.count]), [["white_check_mark", 1]]);
  await refused(app.client.reactions.add({ channel, timestamp: root, name: "white_check_mark" }), "already_reacted");
  await refused(app.client.reactions.add({ channel, timestamp: root, name: "no such" }), "invalid_name");
  await app.client.reactions.remove({ channel, timestamp: root, name: "white_check_mark" });
  await refused(app.client.reactions.remove({ channel, timestamp: root, name: "white_check_mark" }), "no_reaction");
});

await check("looks up people, members and a permalink", async () => {
  const { user } = await app.client.users.info({ user: "U0ADA" });
  assert.equal(user.id, "U0ADA");
  assert.equal(user.is_bot, false);
  const members = [];
  for await (const page of app.client.paginate("conversations.members", { channel })) members.push(...page.members);
  assert.ok(members.includes("U0EVE"), members.join());
  const link = await app.client.chat.getPermalink({ channel, message_ts: root });
  assert.ok(link.permalink.endsWith(`/archives/${channel}/p${root.replace(".", "")}`), link.permalink);
});

await check("errors have Slack's words and come with HTTP 200", async () => {
  await refused(bare.conversations.history({ channel: "C0FOREIGN" }), "channel_not_found");
  await refused(bare.conversations.info({ channel: "C0NOWHERE" }), "channel_not_found");
  await refused(bare.conversations.replies({ channel, ts: "1.000001" }), "thread_not_found");
  await refused(bare.users.info({ user: "U0NOBODY" }), "user_not_found");
  await refused(bare.conversations.history({ channel, cursor: "bm9uZQ==" }), "invalid_cursor");
  await refused(bare.apiCall("chat.scream", { channel }), "unknown_method");
  await refused(new WebClient("xoxb-wrong", { slackApiUrl: at.slack, logLevel: "error" }).auth.test(), "invalid_auth");
  await refused(new WebClient(undefined, { slackApiUrl: at.slack, logLevel: "error" }).auth.test(), "not_authed");
});

await check("a missing scope is named", async () => {
  await act("scopes", { scopes: ["chat:write", "channels:history"] });
  const e = await refused(bare.users.info({ user: "U0ADA" }), "missing_scope");
  assert.equal(e.data.needed, "users:read");
  assert.equal(e.data.provided, "chat:write,channels:history");
  await act("scopes", { scopes: null });
  assert.ok((await bare.users.info({ user: "U0ADA" })).ok);
});

await check("a second post within the second is refused with 429 and the time to wait", async () => {
  const posts = await Promise.allSettled([1, 2, 3].map((n) => bare.chat.postMessage({ channel, text: `burst ${n}` })));
  const no = posts.filter((p) => p.status === "rejected").map((p) => p.reason);
  assert.ok(no.length >= 1, "none of three posts at once was refused");
  for (const e of no) {
    assert.equal(e.code, "slack_webapi_rate_limited_error", e.stack);
    assert.equal(e.retryAfter, 1);
  }
});

await check("a client that obeys the time to wait gets through", async () => {
  const posts = await Promise.all([1, 2].map((n) => app.client.chat.postMessage({ channel, text: `patient ${n}` })));
  assert.equal(new Set(posts.map((p) => p.ts)).size, 2);
});

await check("asked to refresh, it connects anew and goes on", async () => {
  const again = connected();
  await act("refresh", {});
  await again;
  const ts = await act("post", { user: "U0ADA", text: "after the refresh" });
  await messages.get("message", (x) => x.ts === ts);
});

await check("a broken connection is noticed, and what was said meanwhile comes later", async () => {
  const again = connected();
  await act("break", {});
  const ts = await act("post", { user: "U0ADA", text: "nobody listens" });
  await again;
  await messages.get("message", (x) => x.ts === ts);
});

close();
