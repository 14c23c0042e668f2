// An answer waits, and its author takes it back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertFits, assertQuiet, axe, inOrder, phone, shot, startDemo, wide } from "./harness.mjs";

let demo;
// Longer than the test takes: nothing here waits for the clock.
before(async () => (demo = await startDemo({ env: { SWITCHBOARD_UNDO_SEND: "600" } })), { timeout: 120_000 });
after(() => demo?.stop());

test("an answer is taken back with a key, and its text is in the form again", async (t) => {
  const page = await demo.as("first@demo");
  const { items } = await demo.api("admin@demo", "/api/v1/tickets?limit=50");
  const open = items.find((one) => one.status === "in_progress" || one.status === "assigned" || one.status === "new");
  const entries = async () => (await demo.api("admin@demo", `/api/v1/tickets/${open.number}/entries`)).items.length;
  const before = await entries();
  const write = async (text, file = false) => {
    await page.goto(`/work/${open.number}`);
    await page.locator("#body").fill(text);
    if (file) await page.locator("#composer input[name=files]").setInputFiles({ name: "disk.log", mimeType: "text/plain", buffer: Buffer.from("40 TB free") });
    await page.locator("#composer button[name=status][value=keep]").click();
    await page.getByRole("button", { name: "Take it back" }).waitFor();
  };
  const steps = [
    ["it waits, and everybody who works here sees that", async () => {
      await write("I freed 40 TB; please try again.", true);
      await page.getByText(/Goes out in \d+ s/).first().waitFor();
      assert.equal(await entries(), before, "nothing has happened yet");
      const seconds = async () => Number((await page.locator("#waiting .chip").first().textContent()).match(/in (\d+) s/)[1]);
      const first = await seconds();
      await page.waitForFunction((first) => Number(document.querySelector("#waiting .chip").textContent.match(/in (\d+) s/)[1]) < first - 1, first);
      const last = await page.evaluate(() => document.querySelector("#waiting").getBoundingClientRect().top >= document.querySelector("#thread").getBoundingClientRect().bottom);
      assert.ok(last, "it stands below what was said");
      await axe(page);
      await shot(page, "answer-waits");
      for (const size of [phone, wide]) {
        await page.setViewportSize(size);
        await assertFits(page);
      }
    }],
    ["Z takes it back", async () => {
      await page.locator("h1").first().click();
      await page.keyboard.press("z");
      await page.getByText("Taken back").waitFor();
      assert.equal(await page.locator("#body").inputValue(), "I freed 40 TB; please try again.");
      assert.equal(await page.getByRole("button", { name: "Take it back" }).count(), 0);
      assert.ok(await page.getByRole("checkbox", { name: "disk.log" }).isChecked(), "its file is still there");
      await shot(page, "answer-taken-back");
      assert.equal(await entries(), before);
      await axe(page);
    }],
    ["it goes again, with its file", async () => {
      await page.locator("#composer button[name=status][value=keep]").click();
      await page.getByRole("button", { name: "Send now" }).click();
      await page.locator("#thread").getByText("disk.log").waitFor();
      assert.equal(await entries(), before + 1);
    }],
    ["or it goes at once", async () => {
      await write("It is done.");
      await page.getByRole("button", { name: "Send now" }).click();
      await page.locator("#thread").getByText("It is done.").waitFor();
      assert.equal(await entries(), before + 2);
      assertQuiet(page);
    }],
  ];
  await inOrder(t, steps, () => [page]);
});
