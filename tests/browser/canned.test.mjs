// Staff keep texts and put them in where they write: by keys, by the field beside it, and without a script.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertFits, axe, inOrder, phone, shot, startDemo, wide } from "./harness.mjs";

let demo;
before(async () => (demo = await startDemo()), { timeout: 120_000 });
after(() => demo?.stop());

const texts = async () => (await demo.api("storage@demo", "/api/v1/canned-texts")).items;
/** A ticket that the storage unit works on, with its requester's name. */
async function ticket() {
  const { items } = await demo.api("storage@demo", "/api/v1/tickets?q=status:open%20unit:storage");
  assert.ok(items.length, "the demo has no open ticket of storage");
  return items[0];
}

test("a text is kept, put in and sent", async (t) => {
  const page = await demo.as("storage@demo");
  const { number, requester } = await ticket();
  const body = page.locator("#body"), list = page.getByRole("listbox", { name: "Canned texts" });
  const look = async (name) => {
    for (const size of [phone, wide]) {
      await page.setViewportSize(size);
      await assertFits(page);
    }
    await axe(page);
    await shot(page, name);
  };
  const steps = [
    ["a field that there is none of is refused beside the text, and nothing is lost", async () => {
      await page.goto("/canned-texts");
      await look("canned-texts");
      await page.getByRole("link", { name: "New text" }).click();
      await page.getByLabel("Name", { exact: true }).fill("Tape is slow today");
      await page.getByLabel("Shortcut").fill("tape");
      await page.getByLabel("Text", { exact: true }).fill("Dear {{ requester.nam }},\nthe tape is slow.");
      await page.getByRole("button", { name: "Save" }).click();
      assert.equal(await page.getByLabel("Text", { exact: true }).getAttribute("aria-invalid"), "true");
      assert.match(await page.locator("#body-err").innerText(), /requester\.nam .*is none of the fields.*requester\.name/);
      assert.equal(await page.getByLabel("Shortcut").inputValue(), "tape");
      await look("canned-text-refused");
    }],
    ["saved, it stands in the list as one's own", async () => {
      await page.getByLabel("Text", { exact: true }).fill("Dear {{ requester.name }},\n\nthe tape is slow today; {{ ticket.number }} goes on tomorrow.");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("“Tape is slow today” is kept").waitFor();
      const made = (await texts()).find((one) => one.shortcut === "tape");
      assert.equal(made.scope, "own");
    }],
    ["a slash at the beginning of a line opens the list, which narrows as one types", async () => {
      await page.goto(`/work/${number}`);
      await body.click();
      await page.keyboard.type("/");
      await list.waitFor();
      const all = await list.getByRole("option").count();
      assert.ok(all >= 3, `${all} texts only`);
      assert.equal(await list.getByRole("option").first().getAttribute("aria-selected"), "true");
      await look("canned-list");
      await page.keyboard.type("ta");
      assert.match(await list.getByRole("option").first().innerText(), /Tape is slow today/);
    }],
    ["Escape closes it and leaves what was typed; within a line it does not open", async () => {
      await page.keyboard.press("Escape");
      await list.waitFor({ state: "hidden" });
      assert.equal(await body.inputValue(), "/ta");
      await body.fill("and/or ");
      await page.keyboard.type("/");
      assert.ok(await list.isHidden());
      await body.fill("");
    }],
    ["Enter puts the text in at the cursor, with the names of the ticket, and undo takes it out", async () => {
      await page.keyboard.type("First line.\n::tape");
      await list.waitFor();
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.querySelector("#body").value.includes("goes on tomorrow"));
      assert.equal(await body.inputValue(), `First line.\nDear ${requester.name},\n\nthe tape is slow today; ${number} goes on tomorrow.`);
      assert.ok(await list.isHidden());
      await page.keyboard.press("Control+z");
      assert.ok(!(await body.inputValue()).includes("goes on"));
      await body.fill("");
    }],
    ["the field beside it does the same", async () => {
      await page.getByLabel("Canned text", { exact: true }).selectOption({ label: "Tape is slow today" });
      await page.getByRole("button", { name: "Put in" }).click();
      await page.waitForFunction(() => document.querySelector("#body").value.includes("goes on tomorrow"));
      assert.match(await body.inputValue(), new RegExp(`^Dear ${requester.name}`));
      await page.getByLabel("Internal note").check({ force: true });
      await page.getByRole("button", { name: "Add note" }).click();
      await page.getByText(`${number} goes on tomorrow.`).first().waitFor();
      const { items } = await demo.api("storage@demo", `/api/v1/tickets/${number}/entries`);
      assert.equal(items.at(-1).visibility, "internal");
      assert.match(items.at(-1).body, /goes on tomorrow/);
    }],
    ["it is taken away again", async () => {
      await page.goto("/canned-texts");
      await page.getByRole("link", { name: "Tape is slow today" }).click();
      await look("canned-text");
      await page.getByRole("button", { name: "Take it away" }).click();
      await page.getByText("“Tape is slow today” is gone").waitFor();
      assert.ok(!(await texts()).some((one) => one.shortcut === "tape"));
    }],
  ];
  await inOrder(t, steps, () => [page]);
});

test("without a script the text goes below what is written, and nothing is sent", async () => {
  const page = await demo.as("storage@demo", { javaScriptEnabled: false });
  const { number } = await ticket();
  const before = (await demo.api("storage@demo", `/api/v1/tickets/${number}/entries`)).items.length;
  await page.goto(`/work/${number}`);
  await page.locator("#body").fill("Hello.");
  await page.getByRole("button", { name: "Put in" }).click();
  assert.equal(await page.locator("#canned").getAttribute("aria-invalid"), "true");
  await page.getByLabel("Canned text", { exact: true }).selectOption({ label: "Quota: which project?" });
  await page.getByRole("button", { name: "Put in" }).click();
  assert.match(await page.locator("#body").inputValue(), /^Hello\.\s+Dear .+for more space/s);
  assert.equal((await demo.api("storage@demo", `/api/v1/tickets/${number}/entries`)).items.length, before);
});
