// Two desks become partners, share a ticket, pause, go on and end, by clicking only: two demos, each with a browser of its own.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertFits, axe, inOrder, phone, shot, startDemo, wide } from "./harness.mjs";
import { openTicket, reply, seeHeading, triage } from "./job.mjs";

/** The two reach each other on this machine, which only an operator can allow. */
const env = { SWITCHBOARD_OUTBOUND_NETWORKS: "127.0.0.1" };
/** What came from the other desk comes by itself: it is looked for so often. */
const PATIENCE = 40_000;

let a, b;
before(async () => {
  a = await startDemo({ env });
  b = await startDemo({ env });
}, { timeout: 240_000 });
after(async () => {
  await a?.stop();
  await b?.stop();
});

const trouble = {
  subject: "Transfers between the desks stop after 4 GB, seen by the browser tests",
  body: "It stops, and begins again when I look away.",
  affected: 12,
};

/** Every look of a page: light, dark, wide and on a phone. */
async function look(page, name) {
  for (const size of [wide, phone]) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await axe(page, `${name} ${colorScheme} ${size.width}`);
    }
    await assertFits(page, `${name} ${size.width}`);
  }
  await page.setViewportSize(wide);
  await page.emulateMedia({ colorScheme: null });
  // The page as a whole, for who looks at it.
  for (const [size, colorScheme] of [[wide, "light"], [wide, "dark"], [phone, "light"]]) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${process.env.SWITCHBOARD_SCREENS ?? "../../target/screens"}/whole-${name}-${colorScheme}-${size.width}.png`, fullPage: true, animations: "disabled" });
  }
  await page.setViewportSize(wide);
  await page.emulateMedia({ colorScheme: null });
  await shot(page, name);
}

async function makeUnit(admin, name) {
  await admin.goto("/admin/units");
  const main = admin.getByRole("main");
  await main.getByLabel("Name", { exact: true }).fill(name);
  await main.getByLabel(/^Unit above it/).fill("First level");
  await main.getByRole("button", { name: "Make it" }).click();
  await admin.waitForURL(/\/admin\/units\/desk-\w/);
}

/** Looks again and again until something is there: what travels takes a moment. */
async function until(page, path, there, what) {
  for (let left = PATIENCE; left > 0; left -= 500) {
    await page.goto(path);
    if (await there(page)) return;
    await page.waitForTimeout(500);
  }
  assert.fail(`${what} is not there on ${path} within ${PATIENCE} ms`);
}

test("two desks are coupled by clicking", { timeout: 500_000 }, async (t) => {
  const pages = {};
  let text, link, number, there, partnerOfA;
  const all = () => Object.values(pages);
  await inOrder(t, [
    ["each makes a unit that stands for the other", async () => {
      pages.a = await a.as("admin@demo");
      pages.b = await b.as("admin@demo");
      await makeUnit(pages.a, "Desk B");
      await makeUnit(pages.b, "Desk A");
    }],
    ["one invites: what is wrong is said at its field", async () => {
      const page = pages.a;
      await page.goto("/exchange");
      await page.getByRole("link", { name: "Invite a desk" }).click();
      await seeHeading(page, "Invite a partner desk");
      await page.getByLabel("Units that stand for them here").fill("No such unit");
      await page.getByRole("button", { name: "Write the invitation" }).click();
      await page.locator("#units-err").waitFor();
      await page.getByLabel("Units that stand for them here").fill("Desk B");
      await page.getByLabel("For whom").fill("The desk next door");
      await page.getByLabel("Address of their desk").fill(b.url);
      await look(page, "exchange-invite");
      await page.getByRole("button", { name: "Write the invitation" }).click();
      text = await page.locator("#new-invitation").innerText();
      link = await page.locator("#new-link").innerText();
      assert.match(text, /^switchboard-invitation-1\./);
      assert.equal(link, `${b.url}/exchange/accept#${text}`);
      await page.getByRole("row", { name: /The desk next door/ }).getByText("Waits for them").waitFor();
      await look(page, "exchange-invited");
    }],
    ["the other declines it, and the first reads why", async () => {
      const page = pages.b;
      await page.goto("/exchange");
      await page.getByRole("link", { name: "Accept an invitation" }).click();
      await page.getByLabel("The invitation").fill("hello");
      await page.getByRole("button", { name: "Look what it says" }).click();
      await page.locator("#invitation-err").waitFor();
      await look(page, "exchange-accept-wrong");
      await page.getByLabel("The invitation").fill(text);
      await page.getByRole("button", { name: "Look what it says" }).click();
      await page.getByRole("heading", { name: /invites this desk/ }).waitFor();
      await page.getByLabel("Why, for their people").fill("Not before Christmas.");
      await page.getByRole("button", { name: "Decline" }).click();
      await page.getByText("knows that you decline").waitFor();
      await pages.a.goto("/exchange/invitations");
      await pages.a.getByText("Not before Christmas.").waitFor();
      await page.goto(link);
      await page.getByRole("button", { name: "Look what it says" }).click();
      await page.getByRole("button", { name: "Accept", exact: true }).click();
      await page.getByText(/was declined: ask for another/).first().waitFor();
    }],
    ["another is withdrawn, a third is accepted by its link", async () => {
      const page = pages.a;
      const write = async (whom) => {
        await page.goto("/exchange/invitations");
        await page.getByLabel("For whom").fill(whom);
        await page.getByLabel("Units that stand for them here").fill("Desk B");
        await page.getByLabel("Address of their desk").fill(b.url);
        await page.getByRole("button", { name: "Write the invitation" }).click();
        return page.locator("#new-link").innerText();
      };
      await write("Somebody else");
      await page.getByRole("button", { name: "Withdraw the invitation for Somebody else" }).click();
      await page.getByText("Nobody can take that invitation any more").waitFor();
      link = await write("Desk B, once more");
      await pages.b.goto("/exchange");
      await pages.b.goto(link);
      assert.match(await pages.b.getByLabel("The invitation").inputValue(), /^switchboard-invitation-1\./);
      assert.equal(new URL(pages.b.url()).hash, "", "the address has let go of it");
      await pages.b.getByRole("button", { name: "Look what it says" }).click();
      await pages.b.getByLabel("Units that stand for them here").fill("Desk A");
      await look(pages.b, "exchange-accept");
      await pages.b.getByRole("button", { name: "Accept", exact: true }).click();
      await pages.b.waitForURL(/\/exchange\/partners\//);
      await pages.b.getByText("is a partner now").waitFor();
      await page.goto("/exchange");
      await page.getByRole("table", { name: /Partner desks/ }).getByRole("rowheader").getByRole("link").click();
      await page.waitForURL(/\/exchange\/partners\//);
      partnerOfA = new URL(page.url()).pathname;
    }],
    ["a ticket is given to the other desk, and its answer comes back", async () => {
      pages.user = await a.as("user@demo");
      pages.first = await a.as("first@demo");
      pages.theirFirst = await b.as("first@demo");
      number = await openTicket(pages.user, trouble);
      await triage(pages.first, number, { subject: trouble.subject, unit: "Desk B" });
      await until(pages.theirFirst, "/triage", (page) => page.getByText(trouble.subject).first().isVisible(), "the ticket");
      await pages.theirFirst.goto(`/work?q=${encodeURIComponent("Transfers desks stop")}`);
      there = await pages.theirFirst.getByRole("link", { name: trouble.subject }).first().getAttribute("href");
      there = Number(/(\d+)/.exec(new URL(there, b.url).pathname)[1]);
      await pages.theirFirst.goto(`/work/${there}`);
      await reply(pages.theirFirst, "Which two machines?");
      await until(pages.user, `/tickets/${number}`, (page) => page.getByText("Which two machines?").first().isVisible(), "the answer");
      await pages.first.goto("/exchange");
      await pages.first.getByRole("table", { name: /Open tickets at partners/ }).getByText(trouble.subject).waitFor();
      await pages.a.goto(partnerOfA);
      await pages.a.getByRole("table", { name: /What is awaited/ }).getByText(trouble.subject).waitFor();
      await look(pages.a, "exchange-partner");
      await pages.a.goto(`/exchange?ticket=${number}`);
      await look(pages.a, "exchange-desks");
    }],
    ["paused, nothing travels; when it goes on, everything does", async () => {
      await pages.a.goto(partnerOfA);
      await pages.a.getByRole("button", { name: "Pause", exact: true }).click();
      await pages.a.getByText(/Paused: what happens meanwhile waits/).waitFor();
      await pages.theirFirst.goto(`/work/${there}`);
      await reply(pages.theirFirst, "We look at the switch between them.");
      await until(pages.b, "/exchange", (page) => page.getByText(/has paused the exchange/).first().isVisible(), "why it stands still");
      await look(pages.b, "exchange-stopped");
      await pages.user.goto(`/tickets/${number}`);
      assert.equal(await pages.user.getByText("We look at the switch").count(), 0);
      await pages.a.getByRole("button", { name: "Go on", exact: true }).click();
      await pages.a.getByText(/It goes on/).waitFor();
      await until(pages.user, `/tickets/${number}`, (page) => page.getByText("We look at the switch").first().isVisible(), "what waited");
    }],
    ["it ends: each keeps its ticket, and nothing travels", async () => {
      await pages.a.goto(partnerOfA);
      await pages.a.getByRole("button", { name: "End the exchange" }).click();
      await pages.a.getByText("It has ended: each desk keeps its tickets").waitFor();
      assert.equal(await pages.a.getByRole("button", { name: "Pause", exact: true }).count(), 0);
      await look(pages.a, "exchange-ended");
      await pages.theirFirst.goto(`/work/${there}`);
      await reply(pages.theirFirst, "It was the switch.");
      await until(pages.b, "/exchange", (page) => page.getByText(/has ended the exchange/).first().isVisible(), "that it is over");
      await pages.user.goto(`/tickets/${number}`);
      assert.equal(await pages.user.getByText("It was the switch.").count(), 0);
    }],
  ], all);
});
