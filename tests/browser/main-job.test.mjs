// The main job, clicked through by three people in three browsers.
import { after, before, test } from "node:test";
import { inOrder, shot, startDemo } from "./harness.mjs";
import { mainJob } from "./job.mjs";

let demo;
before(async () => (demo = await startDemo()), { timeout: 120_000 });
after(() => demo?.stop());

test("the main job", async (t) => {
  const job = mainJob((email) => demo.as(email)).bind(demo);
  if (!(await inOrder(t, job.steps, () => Object.values(job.pages)))) return;
  await shot(job.pages["user@demo"], "history");
  await job.pages["user@demo"].goto(`/tickets/${job.number}`);
  await shot(job.pages["user@demo"], "ticket-requester");
  await job.pages["storage@demo"].goto(`/work/${job.number}`);
  await shot(job.pages["storage@demo"], "workspace");
  await job.pages["first@demo"].goto("/triage");
  await shot(job.pages["first@demo"], "triage");
});

test("somebody else does not see the ticket of the main job", async () => {
  const mine = await demo.api("user@demo", "/api/v1/tickets?limit=1");
  const number = mine.items[0].number;
  const stranger = await demo.visitor();
  const answer = await stranger.goto(`/tickets/${number}`);
  const text = await stranger.getByRole("main").innerText();
  if (answer.status() === 200 && !/sign in/i.test(text)) throw new Error(`a visitor reads ticket ${number}`);
});
