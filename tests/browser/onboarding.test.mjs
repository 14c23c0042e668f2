// A provider's contact fills in the form for each of the three ways, with errors on the way and nothing lost; an administrator returns one,
// accepts, takes back; a service moves from direct usage to redirection and keeps its open ticket.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertFits, axe, inOrder, phone, shot, startDemo, wide } from "./harness.mjs";

let demo;
before(async () => (demo = await startDemo()), { timeout: 120_000 });
after(() => demo?.stop());

const field = (page, name) => page.locator(`[name="${name}"]`);

async function fill(page, fields) {
  for (const [name, value] of Object.entries(fields)) {
    const one = field(page, name);
    if ((await one.evaluate((e) => e.tagName)) === "SELECT") await one.selectOption(value);
    else await one.fill(value);
  }
}

const go = (page) => page.getByRole("button", { name: /^Go on: / }).click();
const press = (page, name) => page.getByRole("button", { name }).first().click();
const choose = (page, way) => page.locator(`[name=option][value=${way}]`).check();
const heading = (page, words) => page.getByRole("heading", { level: 1, name: words }).waitFor();

async function begin(page) {
  await page.goto("/provider");
  await page.getByRole("main").getByRole("link", { name: "Connect a service" }).first().click();
  await press(page, "Begin");
  await field(page, "provider.name").waitFor();
  return new URL(page.url()).pathname;
}

const provider = (n) => ({
  "provider.name": `Institute ${n}`,
  "provider.country": "Norway",
  "provider.contact": `office@institute${n}.example`,
  "services.0.name": `Fjord Viewer ${n}`,
  "services.0.area": "Data",
  "services.0.description": "Depths and currents.",
});
const unit = (n) => ({ "unit.name": `Fjord support ${n}`, "unit.parent": "data", "unit.description": "Runs the viewer.", "unit.responsibles": "user@demo" });
const quality = { "quality.time_zone": "Europe/Oslo", "quality.escalation": "head@institute.example" };

/** Fills in what is the same for each way; `connect` does that step. */
async function through(page, n, connect) {
  await fill(page, provider(n));
  await go(page);
  await page.locator("[name=option]").first().waitFor();
  await connect();
  await field(page, "unit.name").waitFor();
  await fill(page, unit(n));
  await go(page);
  await fill(page, quality);
  await go(page);
  await field(page, "issues.types").waitFor();
  await go(page);
  await page.getByRole("heading", { name: "What you tell us" }).waitFor();
}

async function send(page) {
  await press(page, "Send for review");
  await page.getByText("Sent for review").waitFor();
}

/** The link in the newest mail to an address. */
async function mailed(to) {
  for (let tries = 0; tries < 100; tries++) {
    const folder = join(demo.data, "outbox");
    for (const name of readdirSync(folder).filter((f) => !f.startsWith(".")).sort().reverse()) {
      const text = readFileSync(join(folder, name), "utf8").replace(/=\r?\n/g, "").replace(/=3D/g, "=");
      const link = text.match(/http:\/\/\S+\/provider\/list\/\S+/);
      if (link && text.includes(to)) return new URL(link[0]).pathname;
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`no mail to ${to}`);
}

async function confirm(to) {
  const reader = await demo.visitor();
  await reader.goto(await mailed(to));
  await press(reader, "Yes, send requests to this list");
  await heading(reader, "Thank you");
  await reader.context().close();
}

test("three ways in, and a move", async (t) => {
  const marta = await demo.as("user@demo");
  const ada = await demo.as("admin@demo");
  const ilona = await demo.as("storage@demo");
  let direct, ticket;
  const steps = [
    ["errors on the way lose nothing", async () => {
      direct = await begin(marta);
      await fill(marta, { ...provider(1), "provider.country": "", "services.0.area": "" });
      await go(marta);
      await marta.getByText("2 things are missing or wrong").waitFor();
      assert.equal(await field(marta, "provider.name").inputValue(), "Institute 1");
      await shot(marta, "onboarding-wrong");
      await axe(marta);
      await marta.setViewportSize(phone);
      await assertFits(marta);
      await marta.setViewportSize(wide);
      await press(marta, "Save and leave");
      await marta.getByText("Your form is kept").waitFor();
      await marta.goto(direct);
      assert.equal(await field(marta, "services.0.description").inputValue(), "Depths and currents.");
    }],
    ["direct usage", async () => {
      await through(marta, 1, async () => {
        await go(marta);
        await marta.getByText("Choose one of the three ways.").first().waitFor();
        await choose(marta, "direct");
        await shot(marta, "onboarding-direct");
        await go(marta);
      });
      await shot(marta, "onboarding-review");
      await send(marta);
    }],
    ["tracked redirection: the list is confirmed by who reads it", async () => {
      const at = await begin(marta);
      await through(marta, 2, async () => {
        await choose(marta, "redirection");
        await fill(marta, { "redirection.list": "help@institute2.example" });
        await go(marta);
        await marta.getByText("Nobody on the list has confirmed it yet").first().waitFor();
        assert.equal(await field(marta, "redirection.list").inputValue(), "help@institute2.example");
        await press(marta, "Save and send the test mail");
        await marta.getByText("The test mail is on its way").waitFor();
        await confirm("help@institute2.example");
        await marta.goto(`${at}?step=connect`);
        await marta.getByText("Confirmed by somebody who reads").waitFor();
        await shot(marta, "onboarding-redirection");
        await axe(marta);
        await go(marta);
      });
      await send(marta);
    }],
    ["full exchange: the test says what is wrong, the maps come filled", async () => {
      const at = await begin(marta);
      await through(marta, 3, async () => {
        await choose(marta, "integration");
        await fill(marta, { "exchange.system": "rt", "exchange.endpoint": "http://rt.institute3.example", "exchange.queue": "fjord", "exchange.secret": "fjord-rt" });
        await go(marta);
        await marta.getByText("begins with https://").first().waitFor();
        assert.equal(await field(marta, "exchange.queue").inputValue(), "fjord");
        assert.equal(await field(marta, "exchange.statuses.solved").inputValue(), "resolved");
        await fill(marta, { "exchange.endpoint": "https://127.0.0.1/REST/2.0", "exchange.statuses.solved": "done" });
        await press(marta, "Test the connection");
        await marta.getByText("This address is not called").waitFor();
        await shot(marta, "onboarding-exchange");
        await axe(marta);
        assert.equal(await field(marta, "exchange.statuses.solved").inputValue(), "done");
        await go(marta);
      });
      await send(marta);
    }],
    ["an administrator asks for changes, and sees what changed", async () => {
      await ada.goto("/admin/onboarding");
      await shot(ada, "admin-onboarding");
      await ada.getByRole("link", { name: "Fjord Viewer 1" }).click();
      await press(ada, "Send it back");
      await ada.getByText("Say why").first().waitFor();
      await ada.getByLabel("Please change …").fill("Please take the third level.");
      await press(ada, "Send it back");
      await ada.getByText("Sent back to its author").waitFor();
      await marta.goto(direct);
      await marta.getByText("Please take the third level.").first().waitFor();
      await press(marta, "Unit and people");
      await fill(marta, { "unit.level": "3" });
      await press(marta, "Review");
      await send(marta);
      await ada.reload();
      await ada.getByRole("heading", { name: "Changed since you sent it back" }).waitFor();
      await shot(ada, "admin-onboarding-form");
      await axe(ada);
    }],
    ["accepting creates everything, undoing removes it", async () => {
      await press(ada, "Accept and set up");
      await ada.getByText("Accepted: everything is created").waitFor();
      const services = async () => (await demo.api("admin@demo", "/api/v1/services")).items.map((s) => s.name);
      assert.ok((await services()).includes("Fjord Viewer 1"));
      await marta.goto("/provider");
      await marta.getByRole("heading", { name: "Institute 1" }).waitFor();
      await ada.getByText("Nothing has used it yet").waitFor();
      await ada.getByLabel("Why").fill("It was only a try.");
      await press(ada, "Undo it");
      await ada.getByText("Undone").first().waitFor();
      assert.ok(!(await services()).includes("Fjord Viewer 1"));
    }],
    ["a service moves to a list, and its open ticket stays", async () => {
      const answer = await fetch(`${demo.url}/api/v1/tickets`, {
        method: "POST",
        headers: { authorization: `Bearer ${demo.person("user@demo").token}`, "content-type": "application/json" },
        body: JSON.stringify({ subject: "Plate 17 is dark", description: "It was fine yesterday.", service: "sky-atlas" }),
      });
      assert.equal(answer.status, 201);
      ticket = (await answer.json()).number;
      await ilona.goto("/provider");
      await shot(ilona, "provider");
      await ilona.getByRole("link", { name: /change it for Sky Atlas/ }).click();
      await choose(ilona, "redirection");
      await fill(ilona, { "redirection.list": "atlas@observatory.example" });
      await press(ilona, "Propose the change");
      await ilona.getByText("Nobody on the list has confirmed it yet").first().waitFor();
      await press(ilona, "Save and send the test mail");
      await confirm("atlas@observatory.example");
      await ilona.reload();
      await shot(ilona, "provider-way");
      await axe(ilona);
      await press(ilona, "Propose the change");
      await ilona.getByText("A change waits for review").waitFor();
      await ada.goto("/admin/onboarding");
      await ada.getByRole("link", { name: "Sky Atlas", exact: true }).first().click();
      await ada.getByText("1 open ticket stays where it is").waitFor();
      await shot(ada, "admin-onboarding-move");
      await press(ada, "Accept and set up");
      await ada.getByText("Accepted: everything is created").waitFor();
      const now = await demo.api("admin@demo", `/api/v1/tickets/${ticket}`);
      assert.equal(now.unit, "Sky Atlas support");
      assert.ok(!["solved", "unsolved", "verified", "closed"].includes(now.status));
      const service = (await demo.api("admin@demo", "/api/v1/services")).items.find((s) => s.key === "sky-atlas");
      assert.equal(service.option, "redirection");
      await ilona.goto(`/work/${ticket}/history`);
      await ilona.getByText("Tracked redirection").first().waitFor();
    }],
  ];
  await inOrder(t, steps, () => [marta, ada, ilona]);
});
