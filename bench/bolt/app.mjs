// What one would otherwise run: the same task on Slack's own framework, as its documentation teaches, with the best known GitLab client
// for JavaScript. bench/run measures against it. The environment is the daemon's, with GITLAB_PROJECT instead of an agents file.

import bolt from "@slack/bolt";
import { Gitlab } from "@gitbeaker/rest";

const { SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_API_URL, GITLAB_URL, GITLAB_TOKEN, GITLAB_PROJECT } = process.env;

const app = new bolt.App({ token: SLACK_BOT_TOKEN, appToken: SLACK_APP_TOKEN, socketMode: true, clientOptions: { slackApiUrl: SLACK_API_URL } });
const gitlab = new Gitlab({ host: GITLAB_URL, token: GITLAB_TOKEN });
const issues = new Map(); // number of the issue by thread; gone with the process

app.event("reaction_added", async ({ event, client }) => {
  if (event.reaction !== "eyes" || event.item.type !== "message") return;
  const { channel, ts } = event.item;
  const thread = `${channel}/${ts}`;
  if (issues.has(thread)) return;
  const { messages: [message] } = await client.conversations.history({ channel, latest: ts, inclusive: true, limit: 1 });
  const [title] = message.text.split("\n");
  const link = `https://slack.com/archives/${channel}/p${ts.replace(".", "")}`;
  const issue = await gitlab.Issues.create(GITLAB_PROJECT, title.slice(0, 255), {
    description: `${message.text}\n\n[In Slack](${link})\n\n<!-- slack: ${thread} -->`,
  });
  issues.set(thread, issue.iid);
});

app.message(async ({ message }) => {
  if (!message.thread_ts || message.thread_ts === message.ts) return;
  const iid = issues.get(`${message.channel}/${message.thread_ts}`);
  if (iid) await gitlab.IssueNotes.create(GITLAB_PROJECT, iid, `<@${message.user}>: ${message.text}`);
});

await app.start();
