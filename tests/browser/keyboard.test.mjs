// The main job without a mouse: Tab, Enter, arrows, and the one-key shortcuts of the work pages.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { inOrder, startDemo, wide } from "./harness.mjs";
import { seeHeading, seeStatus, trouble } from "./job.mjs";

let demo;
before(async () => (demo = await startDemo()), { timeout: 120_000 });
after(() => demo?.stop());

/** What a person hears about the element that has the focus. */
const focused = (page) =>
  page.evaluate(() => {
    const e = document.activeElement;
    if (!e || e === document.body) return "";
    const labels = [...(e.labels ?? [])].map((l) => l.innerText);
    const described = e.getAttribute("aria-labelledby")?.split(" ").map((id) => document.getElementById(id)?.innerText);
    return (e.getAttribute("aria-label") || described?.join(" ") || labels.join(" ") || e.innerText || e.value || "").replace(/\s+/g, " ").trim();
  });

/** Presses Tab until something with that name has the focus, and checks that the focus can be seen. */
async function tabTo(page, name, most = 120) {
  const passed = [];
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    const now = await focused(page);
    passed.push(now);
    if (name.test(now)) {
      const ring = await page.evaluate(() => {
        const e = document.activeElement;
        const style = (x) => x && getComputedStyle(x);
        return [e, e.closest("label"), e.parentElement].some((x) => x && (style(x).outlineStyle !== "none" || style(x).boxShadow !== "none"));
      });
      assert.ok(ring, `the focus on “${now}” can not be seen`);
      return;
    }
  }
  assert.fail(`Tab never reached ${name}; it passed ${JSON.stringify(passed.slice(0, 40))}`);
}

async function type(page, name, text) {
  await tabTo(page, name);
  await page.keyboard.type(text);
}

async function activate(page, name) {
  await tabTo(page, name);
  await page.keyboard.press("Enter");
}

/** Signs in with the keyboard alone. */
async function enter(email) {
  const page = await demo.visitor({ viewport: wide });
  const { password } = demo.person(email);
  await page.goto("/sign-in");
  await type(page, /^mail address$/i, email);
  await type(page, /^password$/i, password);
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname !== "/sign-in");
  return page;
}

test("the skip link comes first and leads to the content", async () => {
  const page = await demo.visitor();
  await page.goto("/");
  await page.keyboard.press("Tab");
  assert.match(await focused(page), /skip to content/i);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.ok(await page.evaluate(() => document.querySelector("main").contains(document.activeElement)), "the next stop lies in the content");
});

test("the main job by keyboard", async (t) => {
  let number, user, first, storage;
  const steps = [
    ["a ticket is opened", async () => {
      user = await enter("user@demo");
      await user.goto("/tickets/new");
      await type(user, /^In one line/, trouble.subject);
      await type(user, /^What did you do/, trouble.body);
      await tabTo(user, /How many people are affected/);
      await user.keyboard.press("Control+A");
      await user.keyboard.type("12");
      await activate(user, /^Send ticket/);
      await user.waitForURL(/\/tickets\/\d+/);
      number = Number(new URL(user.url()).pathname.split("/")[2]);
      await seeHeading(user, trouble.subject);
    }],
    ["first level assigns it", async () => {
      first = await enter("first@demo");
      await first.goto("/triage");
      await activate(first, new RegExp(`${number}|${trouble.subject}`));
      await first.getByRole("heading", { name: trouble.subject }).waitFor();
      await first.locator("body").press("2");
      await first.locator("body").press("u");
      await first.locator("body").press("a");
      await first.locator("body").press("Enter");
      await first.getByRole("heading", { level: 2, name: trouble.subject }).waitFor({ state: "detached" });
    }],
    ["a member takes it, asks, and the requester answers", async () => {
      const unit = (await demo.api("first@demo", `/api/v1/tickets/${number}`)).unit;
      assert.ok(unit, "it has a unit");
      storage = await enter("storage@demo");
      await storage.goto(`/work/${number}`);
      await storage.locator("body").press("a");
      await seeStatus(storage, "In progress");
      await storage.locator("body").press("r");
      await storage.keyboard.type("Does a file of 30 GB work?");
      await storage.keyboard.press("Control+Enter");
      await storage.getByRole("article").filter({ hasText: "Does a file of 30 GB work?" }).waitFor();
      await user.goto(`/tickets/${number}`);
      await type(user, /^Your answer/, "Yes, 30 GB works.");
      await activate(user, /^Send$/);
      await user.getByRole("article").filter({ hasText: "Yes, 30 GB works." }).waitFor();
    }],
    ["it is solved and verified", async () => {
      await storage.goto(`/work/${number}`);
      await storage.locator("body").press("r");
      await storage.keyboard.type("The gateway no longer cuts objects above 32 GB.");
      await activate(storage, /Send and set another status/);
      await activate(storage, /^Solved/);
      await seeStatus(storage, "Solved");
      await user.goto(`/tickets/${number}`);
      await activate(user, /^This solved it/);
      await seeStatus(user, "Verified");
    }],
  ];
  await inOrder(t, steps, () => [user, first, storage].filter(Boolean));
});

test("one-key shortcuts stay silent while somebody writes", async () => {
  const page = await enter("storage@demo");
  const { items } = await demo.api("storage@demo", "/api/v1/tickets?status=in_progress&limit=1");
  await page.goto(`/work/${items[0].number}`);
  await page.getByLabel("Message", { exact: true }).focus();
  await page.keyboard.type("irau?");
  assert.match(await page.getByLabel("Message", { exact: true }).inputValue(), /irau\?$/);
  assert.equal(await page.getByRole("dialog").count(), 0);
});
