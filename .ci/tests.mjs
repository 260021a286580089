// Reads what go test -json says and prints what one wants to know: a line for each package, whatever failed or was skipped with all
// that it said, and the count. With the recorded material at hand (CORPUS) nothing may be skipped, but for what a step of its own does: see
// .ci/run power.

import { createInterface } from "node:readline";

const said = new Map(); // of tests that still run
const count = { pass: 0, fail: 0, skip: 0 };
const later = /POWER_CUTS/; // what such a test says
let postponed = 0;

for await (const line of createInterface({ input: process.stdin })) {
  if (!line.startsWith("{")) {
    console.log(line);
    continue;
  }
  const { Action: action, Package: of, Test: test, Output: text = "" } = JSON.parse(line);
  const key = `${of} ${test}`;
  if (action === "build-output") process.stdout.write(text);
  if (action === "output" && !test) process.stdout.write(text === "PASS\n" || text.startsWith("FAIL\n") ? "" : text);
  if (action === "output" && test) said.set(key, (said.get(key) ?? "") + text);
  if (!test || !(action in count)) continue;
  if (action === "skip" && later.test(said.get(key) ?? "")) {
    postponed++;
    said.delete(key);
    continue;
  }
  count[action]++;
  if (action !== "pass") process.stdout.write(said.get(key) ?? `${action} ${key}\n`);
  said.delete(key);
}
for (const [key, text] of said) console.log(`not finished: ${key}\n${text}`);
console.log(`${count.pass} passed, ${count.fail} failed, ${count.skip} skipped, ${postponed} left to the step power`);
if (count.skip && process.env.CORPUS) {
  console.log("skipped although CORPUS is set");
  process.exitCode = 1;
}
if (count.fail || said.size || !count.pass) process.exitCode = 1;
