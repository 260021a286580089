// What the scripts here share: where the imitations are, acting as people, and waiting for what comes in.

import assert from "node:assert/strict";
import { once } from "node:events";

// at says where the imitations are, and with which tokens; run sets it.
export const at = JSON.parse(process.env.IMITATIONS);

// act does what a person would, and gives the ts of a message that it made.
export async function act(what, body) {
  const answer = await fetch(`${at.url}/act/${what}`, { method: "POST", body: JSON.stringify(body) });
  const text = await answer.text();
  assert.equal(answer.status, 200, `act ${what} ${JSON.stringify(body)}: ${text}`);
  return JSON.parse(text).ts;
}

// Inbox keeps what comes in, for claims that wait for it.
export class Inbox extends EventTarget {
  all = [];

  push(x) {
    this.all.push(x);
    this.dispatchEvent(new Event("push"));
  }

  // get waits for one that fits, 20 seconds at most.
  async get(what, fits) {
    const signal = AbortSignal.timeout(20_000);
    for (;;) {
      const found = this.all.find(fits);
      if (found) return found;
      try {
        await once(this, "push", { signal });
      } catch {
        assert.fail(`no ${what} within 20 s; came in: ${JSON.stringify(this.all)}`);
      }
    }
  }
}
