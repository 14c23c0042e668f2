// The workspace stays light: what its first load weighs is the same on every machine. How long it takes is measured by
// first-load.mjs, whose figures are in bench/README.md.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { firstLoad } from "./first-load.mjs";
import { startDemo } from "./harness.mjs";

let demo;
before(async () => (demo = await startDemo()), { timeout: 120_000 });
after(() => demo?.stop());

for (const [who, path] of [
  ["storage@demo", "/work"],
  ["first@demo", "/work"],
  ["first@demo", "/triage"],
]) {
  test(`${path} of ${who} comes in at most 300 kB`, async () => {
    const page = await demo.as(who);
    await page.goto("about:blank");
    const { bytes, requests } = await firstLoad(page, path, 1);
    assert.ok(requests > 2, `only ${requests} requests were seen`);
    assert.ok(bytes > 10_000 && bytes <= 300_000, `${bytes} bytes in ${requests} requests`);
  });
}
