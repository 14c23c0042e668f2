// Who is on duty reads what is handed over, confirms it, writes what goes on, and hands a shift on; a responsible sets up a
// rota for a unit that has none. All of it with JavaScript switched off.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertFits, inOrder, phone, shot, startDemo, wide } from "./harness.mjs";

let demo;
before(async () => (demo = await startDemo()), { timeout: 120_000 });
after(() => demo?.stop());

const look = async (page, name) => {
  for (const size of [phone, wide]) {
    await page.setViewportSize(size);
    await assertFits(page);
  }
  await shot(page, name);
};
const rota = (who, unit) => demo.api(who, `/api/v1/units/${unit}/rota`);

test("a shift is taken over, written down and handed on", async (t) => {
  const page = await demo.as("first@demo", { javaScriptEnabled: false });
  const steps = [
    ["the board says who is on duty and leads to the rota", async () => {
      await page.goto("/triage");
      await page.getByText("You are on duty").waitFor();
      await look(page, "rota-board");
      await page.getByRole("link", { name: "Rota of First" }).click();
      await page.getByRole("heading", { level: 1, name: /^On duty in First/ }).waitFor();
      await look(page, "rota");
    }],
    ["what is handed over is read and confirmed", async () => {
      const waits = page.getByRole("row").filter({ hasText: "Waits to be confirmed" });
      assert.equal(await waits.count(), 1);
      await waits.getByRole("link").click();
      await page.getByText("Tape robot at CESNET").waitFor();
      assert.ok(await page.getByRole("row").filter({ hasText: "nobody’s" }).count() > 0, "no ticket that nobody owned");
      await look(page, "hand-over");
      await page.getByRole("button", { name: "I have read it" }).click();
      await page.getByText("Confirmed: it is yours now").waitFor();
      assert.equal(await page.getByRole("button", { name: "I have read it" }).count(), 0);
      const { items } = await demo.api("first@demo", "/api/v1/units/first-level/hand-overs");
      assert.ok(items[0].confirmed_at);
    }],
    ["what goes on is written down for who comes next", async () => {
      await page.goto("/units/first-level/rota");
      await page.getByLabel("What is going on").fill("The robot is repaired.\nAll is quiet.");
      await page.getByRole("button", { name: "Keep it" }).click();
      await page.getByText("it is handed over when your shift ends").first().waitFor();
      assert.equal(await page.getByLabel("What is going on").inputValue(), "The robot is repaired.\nAll is quiet.");
      assert.equal((await rota("first@demo", "first-level")).note, "The robot is repaired.\nAll is quiet.");
    }],
    ["the shift is handed on to a colleague, and taken back", async () => {
      const now = page.getByRole("row").filter({ hasText: "now" });
      await now.getByText("Stand-in").click();
      const who = now.getByLabel("Who takes it");
      const other = await who.locator("option").nth(2).innerText();
      await who.selectOption({ label: other });
      await now.getByRole("button", { name: "Hand it on" }).click();
      await page.getByText("It is kept, and both are told by mail").waitFor();
      assert.equal((await rota("first@demo", "first-level")).now.person.name, other);
      await page.getByText(`${other} is on duty`).waitFor();
      await look(page, "rota-stand-in");
      await page.getByRole("row").filter({ hasText: "now" }).getByRole("button", { name: "Take back" }).click();
      await page.getByText("Taken back: it is whose turn it is").waitFor();
      await page.getByText("You are on duty").waitFor();
    }],
  ];
  await inOrder(t, steps, () => [page]);
});

test("a unit sets up a rota; what is wrong is said beside its field", async (t) => {
  const page = await demo.as("storage@demo", { javaScriptEnabled: false });
  const steps = [
    ["who has none is offered one on the unit's page", async () => {
      await page.goto("/units/storage");
      await page.getByRole("link", { name: "Set up a rota" }).click();
      await page.getByText("This unit has no rota").waitFor();
      await look(page, "rota-none");
    }],
    ["a number that is too large stands beside its field, and nothing is lost", async () => {
      await page.getByLabel("Place 1").selectOption({ label: "Ilona Novák" });
      await page.getByLabel("Place 2").selectOption({ index: 2 });
      await page.getByLabel("Confirms a hand-over within").evaluate((field) => { field.removeAttribute("max"); });
      await page.getByLabel("Confirms a hand-over within").fill("100");
      await page.getByRole("button", { name: "Save" }).click();
      await page.locator("#confirm_hours[aria-invalid=true]").waitFor();
      assert.equal(await page.getByLabel("Place 1").locator("option:checked").innerText(), "Ilona Novák");
      await look(page, "rota-refused");
    }],
    ["kept, it says who is on duty, on the unit's page too", async () => {
      await page.getByLabel("Confirms a hand-over within").fill("8");
      await page.getByLabel("Turns change at").fill("00:00");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("The rota is kept").waitFor();
      await page.getByText("You are on duty").waitFor();
      const set = await rota("storage@demo", "storage");
      assert.equal(set.confirm_hours, 8);
      assert.equal(set.now.person.name, "Ilona Novák");
      await page.goto("/units/storage");
      await page.getByText("You are on duty").waitFor();
      await look(page, "rota-unit");
    }],
    ["it is ended again", async () => {
      await page.getByRole("link", { name: "Rota", exact: true }).click();
      await page.getByText("End the rota").click();
      await page.getByRole("button", { name: "End it" }).click();
      await page.getByText("Nobody is on duty any more").waitFor();
      assert.equal((await rota("storage@demo", "storage")).set_up, false);
    }],
  ];
  await inOrder(t, steps, () => [page]);
});
