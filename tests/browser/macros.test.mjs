// Staff keep macros and use them: at a ticket by keys, with many from the list, and without a script.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertFits, axe, inOrder, phone, shot, startDemo, wide } from "./harness.mjs";

let demo;
before(async () => (demo = await startDemo()), { timeout: 120_000 });
after(() => demo?.stop());

/** Opens a ticket at the storage unit, which nobody has touched. */
async function ticket(subject) {
  const made = await fetch(`${demo.url}/api/v1/tickets`, {
    method: "POST",
    headers: { authorization: `Bearer ${demo.person("user@demo").token}`, "content-type": "application/json" },
    body: JSON.stringify({ subject, description: "It is used up.", unit: "storage" }),
  });
  assert.equal(made.status, 201);
  return (await made.json()).number;
}
const read = (number) => demo.api("storage@demo", `/api/v1/tickets/${number}`);
const entries = async (number) => (await demo.api("storage@demo", `/api/v1/tickets/${number}/entries`)).items;

test("a macro is kept, looked at and done", async (t) => {
  const page = await demo.as("storage@demo");
  const number = await ticket("Quota of the alpha project");
  const look = async (name) => {
    for (const size of [phone, wide]) {
      await page.setViewportSize(size);
      await assertFits(page);
    }
    await shot(page, name);
    await axe(page);
  };
  const dialog = page.getByRole("dialog");
  const steps = [
    ["what can not be meant is refused beside its field, and nothing is lost", async () => {
      await page.goto("/macros");
      await look("macros");
      await page.getByRole("link", { name: "New macro" }).click();
      await page.getByLabel("Name", { exact: true }).fill("Which project, please");
      await page.getByLabel("Status", { exact: true }).selectOption("solved");
      await page.getByLabel("Put these tags on").fill("asked, quota");
      await page.getByLabel("It becomes theirs who use it").check();
      await page.getByRole("button", { name: "Save" }).click();
      assert.equal(await page.getByLabel("Or with this answer").getAttribute("aria-invalid"), "true");
      assert.equal(await page.getByLabel("Put these tags on").inputValue(), "asked, quota");
      await look("macro-refused");
    }],
    ["saved, it stands in the list with what it does", async () => {
      await page.getByLabel("Or with this answer").fill("Dear {{ requester.name }},\n\nwhich project is it, in {{ ticket.number }}?");
      await page.getByLabel("Internal note").fill("Asked for the project.");
      await page.getByLabel("Status", { exact: true }).selectOption("waiting");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("“Which project, please” is kept").waitFor();
      const row = page.getByRole("row", { name: /Which project, please/ });
      assert.match(await row.innerText(), /Take it, tag asked, quota, a note, an answer, waiting for reply/);
      assert.match(await row.innerText(), /Yours/);
    }],
    ["at the ticket a key lists them, and one shows what it will do before it does it", async () => {
      await page.goto(`/work/${number}`);
      await page.keyboard.press("y");
      const menu = page.locator("#macros");
      await menu.waitFor();
      const titles = (await menu.getByRole("link").allInnerTexts()).slice(0, -1);
      assert.deepEqual(titles, ["Which project, please", "Quota is raised", "Ask for the exact message, and wait"]);
      await page.keyboard.press("Enter");
      await dialog.waitFor();
      assert.match(await dialog.innerText(), /Give it an owner.*Answer, and set it waiting for reply/s);
      assert.match(await dialog.innerText(), new RegExp(`which project is it, in ${number}`));
      assert.match(await dialog.innerText(), /Only the support side reads:\s+Asked for the project/);
      await look("macro-dialog");
    }],
    ["left, nothing is done", async () => {
      await dialog.getByRole("link", { name: "Leave it" }).click();
      await dialog.waitFor({ state: "detached" });
      assert.equal(await page.evaluate(() => document.activeElement.id), "macros-button");
      assert.equal((await read(number)).status, "assigned");
      assert.equal((await entries(number)).length, 1);
    }],
    ["given, all of it is done and the ticket says by what", async () => {
      await page.keyboard.press("y");
      await page.keyboard.press("Enter");
      await dialog.waitFor();
      await page.keyboard.press("Enter");
      await page.getByText("Which project, please: ").waitFor();
      const after = await read(number);
      assert.equal(after.status, "waiting");
      assert.deepEqual(after.tags, ["asked", "quota"]);
      const said = await entries(number);
      assert.deepEqual(said.map((e) => e.visibility), ["public", "internal", "public"]);
      assert.equal(await page.getByText("Macro: Which project, please").count(), 2);
      await page.getByText(/by macro “Which project, please”/).first().waitFor();
      await look("macro-done");
      await page.goto(`/work/${number}/history`);
      assert.ok(await page.getByText("by macro “Which project, please”").count() >= 5);
      await look("macro-history");
    }],
    ["its requester is not told by what", async () => {
      const theirs = await demo.as("user@demo");
      await theirs.goto(`/tickets/${number}`);
      await theirs.getByText("which project is it").waitFor();
      assert.equal(await theirs.getByText("Which project, please").count(), 0);
      await theirs.context().close();
    }],
    ["a ticket that changed meanwhile is shown anew instead", async () => {
      const other = await ticket("Quota of the beta project");
      await page.goto(`/work/${other}`);
      await page.getByRole("button", { name: "Macros" }).click();
      await page.locator("#macros").getByRole("link", { name: "Which project, please" }).click();
      await dialog.waitFor();
      await demo.as("user@demo").then(async (theirs) => {
        await theirs.goto(`/tickets/${other}`);
        await theirs.locator("textarea[name=body]").first().fill("It is the beta project.");
        await theirs.getByRole("button", { name: /^Send/ }).first().click();
        await theirs.getByText("It is the beta project.").first().waitFor();
        await theirs.context().close();
      });
      await dialog.getByRole("button", { name: "Do it" }).click();
      await page.getByText("Not done yet: the ticket changed meanwhile").waitFor();
      assert.equal((await read(other)).status, "assigned");
      await look("macro-stale");
      await page.getByRole("button", { name: "Do it" }).click();
      await page.getByText("Which project, please: ").waitFor();
      assert.equal((await read(other)).status, "waiting");
    }],
  ];
  await inOrder(t, steps, () => [page]);
});

test("with many from the list, each for itself", async () => {
  const page = await demo.as("storage@demo");
  const [first, second] = [await ticket("Quota gamma"), await ticket("Quota delta")];
  // Solved already: an answer that solves it again is refused.
  const solved = await fetch(`${demo.url}/api/v1/tickets/${second}`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${demo.person("storage@demo").token}`, "content-type": "application/json" },
    body: JSON.stringify({ status: "solved", solution: "It is well." }),
  });
  assert.equal(solved.status, 200);
  // By its number: the words of a new ticket are found a moment later.
  await page.goto(`/work?q=number:${first}`);
  await page.locator(".row .pick input").first().check();
  // The other one comes along as a hidden field would: the form takes what is ticked.
  await page.evaluate((n) => {
    const more = document.createElement("input");
    Object.assign(more, { type: "hidden", name: "ticket", value: n });
    document.querySelector("#bulk").append(more);
  }, String(second));
  await page.getByText(/Do with 1 ticked/).click();
  await page.getByLabel("What", { exact: true }).selectOption({ label: "Quota is raised" });
  await page.getByRole("button", { name: "Do it" }).click();
  await page.getByText("Nothing is done yet. It can be done with 1 of 2.").waitFor();
  await axe(page);
  await shot(page, "macro-many");
  assert.equal((await read(first)).status, "assigned");
  await page.getByRole("button", { name: "Do it with 1" }).click();
  await page.getByText("Done with 1 of 1.").waitFor();
  await page.setViewportSize(phone);
  await assertFits(page);
  await shot(page, "macro-many-done-phone");
  assert.equal((await read(first)).status, "solved");
});

test("without a script it is a page of its own", async () => {
  const page = await demo.as("storage@demo", { javaScriptEnabled: false });
  const number = await ticket("Quota epsilon");
  await page.goto(`/work/${number}`);
  await page.getByRole("button", { name: "Macros" }).click();
  await page.locator("#macros").getByRole("link", { name: "Quota is raised" }).click();
  await page.getByRole("heading", { name: "What “Quota is raised” will do" }).waitFor();
  assert.equal((await read(number)).status, "assigned");
  await page.getByRole("button", { name: "Do it" }).click();
  await page.getByText("Quota is raised: ").waitFor();
  const after = await read(number);
  assert.equal(after.status, "solved");
  assert.match(after.solution.text ?? after.solution, /raised by a quarter/);
});
