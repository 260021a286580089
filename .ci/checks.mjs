// Counting what holds, for the scripts here.

import assert from "node:assert/strict";

let passed = 0;
let failed = 0;

// check runs one named claim and goes on after a failure.
export async function check(name, claim) {
  try {
    await claim();
    passed++;
    console.log(`ok    ${name}`);
  } catch (e) {
    failed++;
    console.log(`FAIL  ${name}\n      ${e.stack ?? e}`);
  }
}

// close prints the count and ends the process: connections of a client may still be open.
export function close() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}

// fails gives the error of a promise that must not come true.
export async function fails(promise) {
  let value;
  try {
    value = await promise;
  } catch (e) {
    return e;
  }
  return assert.fail(`came true with ${JSON.stringify(value)}, want an error`);
}
