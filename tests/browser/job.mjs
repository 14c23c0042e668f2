// The main job in the words of the pages: what each person does, one function a step. The tests say who, when and with which
// browser settings; when a page changes its wording, this is the file that follows.
import assert from "node:assert/strict";

/** What the requester of the main job writes. Twelve people make it medium (rule: more than 5 users). */
export const trouble = {
  subject: "Checksum differs after the upload of 38 GB, seen by the browser tests",
  body: "It runs for three hours and then says: checksum mismatch. I tried from two networks.",
  affected: 12,
};

const main = (page) => page.getByRole("main");

/** The requester opens a ticket with the form and lands on its page. Gives its number. */
export async function openTicket(page, { subject, body, affected }) {
  await page.goto("/tickets/new");
  await page.getByLabel("In one line").fill(subject);
  await page.getByLabel("What did you do, what did you expect, what came instead?").fill(body);
  await page.getByLabel(/How many people are affected/).fill(String(affected));
  await page.getByRole("button", { name: "Send ticket" }).click();
  await page.waitForURL(/\/tickets\/\d+/);
  const number = Number(new URL(page.url()).pathname.split("/")[2]);
  await seeHeading(page, subject);
  return number;
}

export async function seeHeading(page, text) {
  await page.getByRole("heading", { level: 1, name: text }).waitFor();
}

/** Ticks a radio button by its label, as a hand would: the button itself may be drawn by the label. */
async function choose(scope, name) {
  const radio = scope.getByRole("radio", { name }).first();
  await radio.locator("xpath=ancestor::label").click();
  assert.equal(await radio.isChecked(), true, `${name} is chosen`);
}

/** First level finds the ticket on the board, sees why it has its priority, and gives it to a unit. */
export async function triage(page, number, { subject, unit, note }) {
  await page.goto("/triage");
  await seeHeading(page, "Triage");
  const ticket = main(page).getByRole("listitem").filter({ has: page.getByRole("heading", { level: 2, name: subject }) });
  // The most urgent one is open already; it may be ours.
  if (!(await ticket.count())) await main(page).getByRole("link", { name: new RegExp(`^${number}\\b`) }).click();
  await ticket.getByText(/rules say medium/i).waitFor();
  assert.equal(await ticket.getByRole("radio", { name: "Medium" }).isChecked(), true, "the rules' priority is chosen");
  if (await ticket.getByRole("radio", { name: unit }).count()) {
    await choose(ticket, unit);
  } else {
    await choose(ticket, /Another unit/);
    await ticket.getByLabel("Another unit, by name").fill(unit);
  }
  if (note) await ticket.getByLabel(/Note for the unit/).fill(note);
  await ticket.getByRole("button", { name: /Assign and next/ }).click();
  await ticket.waitFor({ state: "detached" });
  assert.equal(await main(page).getByRole("link", { name: new RegExp(`^${number}\\b`) }).count(), 0, "it has left the board");
}

/** A member of the unit finds the ticket among those that nobody has yet, and takes it. */
export async function take(page, number, { subject }) {
  await page.goto("/work");
  await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: /^Nobody’s yet/ }).click();
  await page.getByRole("list", { name: "Tickets" }).getByRole("link", { name: subject }).click();
  await page.waitForURL(new RegExp(`/work/${number}\\b`));
  await page.getByRole("button", { name: /^Take it/ }).click();
  await seeStatus(page, "In progress");
}

/** The status that the page shows for its ticket, in the workspace's head or in the requester's “About it”. */
export async function seeStatus(page, label) {
  await page.locator("#t-marks .status, #about .status").filter({ hasText: label }).waitFor();
}

/** Writes a reply to the requester and sends it; `status` as in the menu beside the button. */
export async function reply(page, text, status) {
  const composer = main(page).getByRole("form", { name: "Write" });
  await choose(composer, "Reply");
  await composer.getByLabel("Message", { exact: true }).fill(text);
  if (status) {
    await composer.getByRole("button", { name: "Send and set another status" }).click();
    await composer.getByRole("button", { name: new RegExp(`^${status}`) }).click();
  } else {
    await composer.getByRole("button", { name: /^Send/ }).first().click();
  }
  await main(page).getByRole("article").filter({ hasText: text }).waitFor();
}

/** Writes an internal note. */
export async function note(page, text) {
  const composer = main(page).getByRole("form", { name: "Write" });
  await choose(composer, "Internal note");
  await composer.getByLabel("Message", { exact: true }).fill(text);
  await composer.getByRole("button", { name: "Add note" }).click();
  await main(page).getByRole("article").filter({ hasText: text }).waitFor();
}

/** The requester answers on the ticket's page. */
export async function answer(page, number, text) {
  await page.goto(`/tickets/${number}`);
  await page.getByLabel("Your answer").fill(text);
  await main(page).getByRole("button", { name: "Send", exact: true }).click();
  await main(page).getByRole("article").filter({ hasText: text }).waitFor();
}

/** The requester says that it works. */
export async function verify(page, number) {
  await page.goto(`/tickets/${number}`);
  await main(page).getByRole("button", { name: "This solved it" }).first().click();
  await seeStatus(page, "Verified");
}

/** The whole job, as [what happens, how] pairs. `as(email)` gives a signed-in page; the same person keeps their page. */
export function mainJob(as) {
  const storage = "storage";
  const seen = {};
  const on = async (email) => (seen[email] ??= await as(email));
  const job = { pages: seen };
  const first = "The file arrives whole; the storage returns another checksum. Does a file of 30 GB work?";
  const noted = "Same shape as the gateway trouble in March.";
  const more = "Yes, 30 GB works. 38 GB does not.";
  const solution = "The gateway no longer cuts objects above 32 GB.";
  job.steps = [
    ["a person reports a problem with the form", async () => {
      job.number = await openTicket(await on("user@demo"), trouble);
    }],
    ["first level triages it by the rules and gives it to the storage unit", async () => {
      await triage(await on("first@demo"), job.number, { subject: trouble.subject, unit: job.unit, note: "Looks like storage." });
    }],
    ["the storage unit takes it", async () => {
      await take(await on("storage@demo"), job.number, { subject: trouble.subject });
    }],
    ["its owner notes something for the team and asks the requester", async () => {
      await note(await on("storage@demo"), noted);
      await reply(await on("storage@demo"), first, "Waiting for reply");
      await seeStatus(await on("storage@demo"), "Waiting for reply");
    }],
    ["the requester sees the question, not the note, and answers", async () => {
      const page = await on("user@demo");
      await page.goto(`/tickets/${job.number}`);
      await page.getByText(first).waitFor();
      assert.equal(await page.getByText(noted).count(), 0, "the note stays inside");
      await answer(page, job.number, more);
    }],
    ["the answer brings it back to in progress, and the owner solves it", async () => {
      const page = await on("storage@demo");
      await page.goto(`/work/${job.number}`);
      await seeStatus(page, "In progress");
      await page.getByText(more).waitFor();
      await reply(page, solution, "Solved");
      await seeStatus(page, "Solved");
    }],
    ["the requester verifies", async () => {
      await verify(await on("user@demo"), job.number);
    }],
    ["the history shows every step to those who may see it", async () => {
      const page = await on("storage@demo");
      await page.goto(`/work/${job.number}`);
      await page.getByRole("button", { name: "More actions" }).click();
      await page.getByRole("link", { name: /History of every field/ }).click();
      await page.waitForURL(/\/history$/);
      const text = (await main(page).innerText()).toLowerCase();
      for (const word of ["new", "assigned", "in progress", "waiting for reply", "solved", "verified", "owner", "unit"]) {
        assert.ok(text.includes(word), `the history does not speak of “${word}”`);
      }
      for (const email of ["user@demo", "first@demo", "storage@demo"]) {
        const { name } = job.person(email);
        assert.ok(text.includes(name.toLowerCase()), `${name} does not appear in the history`);
      }
      const asked = await on("user@demo");
      await asked.goto(`/tickets/${job.number}/history`);
      assert.ok(!(await main(asked).innerText()).includes(noted));
    }],
  ];
  job.bind = (demo) => {
    job.person = (email) => demo.person(email);
    const units = demo.person("storage@demo").units.map((u) => u.name ?? u);
    job.unit = units.find((u) => u.toLowerCase().includes(storage)) ?? units[0];
    return job;
  };
  return job;
}
