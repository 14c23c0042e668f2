// An administrator writes a rule, looks at what it would touch, and sees it act.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { after, before, test } from "node:test";
import { assertFits, axe, inOrder, phone, shot, startDemo, wide } from "./harness.mjs";

let demo;
before(async () => (demo = await startDemo()), { timeout: 120_000 });
after(() => demo?.stop());

test("a rule is written, tried, and acts", async (t) => {
  const page = await demo.as("admin@demo");
  const rules = async () => (await demo.api("admin@demo", "/api/v1/rules")).items;
  const look = async (name) => {
    for (const size of [phone, wide]) {
      await page.setViewportSize(size);
      await assertFits(page);
    }
    await axe(page);
    await shot(page, name);
  };
  const before = await rules();
  let made, number;
  const steps = [
    ["the rules stand in their order, with what they did", async () => {
      await page.goto("/admin/rules");
      for (const rule of before) await page.getByRole("link", { name: rule.title }).waitFor();
      await look("rules");
    }],
    ["what can not be read is said beside its field, and nothing is lost", async () => {
      await page.getByRole("link", { name: "New rule" }).click();
      await page.getByLabel("Name", { exact: true }).fill("Lattice runs are tagged");
      await page.getByLabel("Is looked at when").selectOption("opened");
      await page.getByLabel("Only tickets that meet").fill("unit:nowhere lattice");
      await page.getByLabel("Put these tags on").fill("lattice");
      await page.getByRole("button", { name: "Save" }).click();
      const field = page.getByLabel("Only tickets that meet");
      assert.equal(await field.getAttribute("aria-invalid"), "true");
      assert.equal(await page.getByLabel("Put these tags on").inputValue(), "lattice");
      assert.equal((await rules()).length, before.length);
      await look("rule-refused");
    }],
    ["to solve it has to say something", async () => {
      await page.getByLabel("Only tickets that meet").fill("status:open");
      await page.getByLabel("Status", { exact: true }).selectOption("solved");
      await page.getByRole("button", { name: "Save" }).click();
      const answer = page.getByLabel("Answer", { exact: true });
      assert.equal(await answer.getAttribute("aria-invalid"), "true");
      assert.equal(await page.getByLabel("Status", { exact: true }).inputValue(), "solved");
      await answer.fill("Dear {{ requester.name }}, {{ ticket.number }} is done.");
      await page.getByRole("button", { name: "Which tickets would it touch?" }).click();
      await page.locator("#preview").getByText("answer, and set it solved").first().waitFor();
      await look("rule-solves");
      await answer.fill("");
      await page.getByLabel("Status", { exact: true }).selectOption("");
    }],
    ["a preview shows what it would touch, and changes nothing", async () => {
      await page.getByLabel("Only tickets that meet").fill("status:open");
      await page.getByRole("button", { name: "Which tickets would it touch?" }).click();
      const preview = page.locator("#preview");
      const first = preview.locator("tbody tr").first();
      await first.waitFor();
      assert.match(await preview.innerText(), /\d+ tickets meet it as things are/);
      const touched = (await first.locator("a").innerText()).trim();
      const ticket = await demo.api("admin@demo", `/api/v1/tickets/${touched}`);
      assert.ok(!ticket.tags.includes("lattice"));
      assert.equal((await rules()).length, before.length);
      await look("rule-preview");
    }],
    ["saved, it stands behind the others", async () => {
      await page.getByLabel("Only tickets that meet").fill("lattice");
      await page.getByLabel("Internal note").fill("{{ name }} computes on the lattice.");
      await page.getByLabel("It acts, on what happens").check();
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByRole("heading", { name: "Lattice runs are tagged" }).waitFor();
      made = (await rules()).at(-1);
      assert.equal(made.title, "Lattice runs are tagged");
    }],
    ["it acts on what is opened from then on, once, in its own name", async () => {
      const opened = await fetch(`${demo.url}/api/v1/tickets`, {
        method: "POST",
        headers: { authorization: `Bearer ${demo.person("user@demo").token}`, "content-type": "application/json" },
        body: JSON.stringify({ subject: "My lattice runs stop", description: "After an hour, without a message." }),
      });
      assert.equal(opened.status, 201);
      ({ number } = await opened.json());
      for (let tries = 0; ; tries++) {
        const { tags } = await demo.api("admin@demo", `/api/v1/tickets/${number}`);
        if (tags.includes("lattice")) break;
        assert.ok(tries < 200, "the rule did not act within 20 s");
        await pause(100);
      }
      await page.goto(`/work/${number}`);
      await page.getByText("computes on the lattice.").first().waitFor();
      const { items } = await demo.api("admin@demo", `/api/v1/tickets/${number}/entries`);
      assert.equal(items.filter((entry) => entry.body.includes("computes on the lattice")).length, 1);
    }],
    ["its log says what it did and why", async () => {
      await page.goto(`/admin/rules/${made.number}`);
      const row = page.locator("table tbody tr").filter({ hasText: "Acted" });
      await row.waitFor();
      assert.match(await row.innerText(), new RegExp(`\\b${number}\\b`));
      assert.match(await row.innerText(), /opened it/);
      await look("rule");
    }],
  ];
  await inOrder(t, steps, () => [page]);
});
