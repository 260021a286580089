// What the page says to its server, and what it hears from it.

let complain = () => {};

// onError names who shows errors to the user.
export function onError(f) { complain = f; }

// complaint shows an error of the page's own.
export function complaint(text) { complain(text); }

// act does something as somebody, for instance act("slack/post", {…}). It reports whether the vendor allowed it, and shows its refusal.
export async function act(what, body = {}) {
  const side = { slack: "Slack", gitlab: "GitLab" }[what.split("/")[0]] || "Sandbox";
  try {
    const r = await fetch(`/act/${what}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const answer = await r.json();
    if (!answer.ok) complain(`${side} says: ${answer.error}`);
    return answer.ok;
  } catch {
    complain("The sandbox does not answer. Is it still running?");
    return false;
  }
}

// follow calls show with the state, now and after each change, and alive with whether the stream is open.
export function follow(show, alive) {
  let asking = false, again = false;
  const ask = async () => {
    if (asking) { again = true; return; }
    asking = true;
    try {
      do {
        again = false;
        const r = await fetch("/state");
        if (!r.ok) throw new Error(await r.text());
        show(await r.json());
      } while (again);
    } catch (e) {
      complain(`The state could not be shown: ${e.message}`);
      throw e;
    } finally {
      asking = false;
    }
  };
  const stream = new EventSource("/events");
  stream.onmessage = ask;
  stream.onopen = () => alive(true);
  stream.onerror = () => alive(false);
}
