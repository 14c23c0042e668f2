// Every action is a form or a link first: the same job with JavaScript switched off.
import { after, before, test } from "node:test";
import { inOrder, startDemo } from "./harness.mjs";
import { mainJob } from "./job.mjs";

let demo;
before(async () => (demo = await startDemo()), { timeout: 120_000 });
after(() => demo?.stop());

test("the main job without JavaScript", async (t) => {
  const job = mainJob((email) => demo.as(email, { javaScriptEnabled: false })).bind(demo);
  await inOrder(t, job.steps, () => Object.values(job.pages));
});
