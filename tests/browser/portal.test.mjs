// Somebody asks by a portal, its own first level takes it and passes another on to the first level of the desk; colours, logo and feed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertFits, assertQuiet, axe, inOrder, phone, shot, startDemo, wide } from "./harness.mjs";

let demo;
before(async () => (demo = await startDemo()), { timeout: 120_000 });
after(() => demo?.stop());

/** The page in light and dark, wide and on a phone. */
async function look(page, name) {
  for (const size of [wide, phone]) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await axe(page, `${name} ${colorScheme} ${size.width}`);
    }
    await assertFits(page, name);
  }
  await page.setViewportSize(wide);
  await page.emulateMedia({ colorScheme: null });
  await shot(page, `portal-${name}`);
  assertQuiet(page);
}

const colour = (page, selector) => page.locator(selector).first().evaluate((node) => getComputedStyle(node).backgroundColor);

test("a portal", async (t) => {
  const [user, front, first] = [await demo.as("user@demo"), await demo.as("portal@demo"), await demo.as("first@demo")];
  const asked = {};

  async function ask(subject) {
    await user.goto("/p/climadapt");
    await user.getByRole("main").getByRole("link", { name: "Open a ticket" }).click();
    await user.getByLabel("In one line").fill(subject);
    await user.getByLabel(/What did you do/).fill("I looked through the catalogue and did not find it.");
    await user.getByRole("button", { name: "Send ticket" }).click();
    await user.waitForURL(/\/tickets\/\d+/);
    return Number(user.url().match(/\/tickets\/(\d+)/)[1]);
  }

  await inOrder(
    t,
    [
      [
        "the front door wears its own colours, and can be read in each theme",
        async () => {
          await user.goto("/p/climadapt");
          await user.emulateMedia({ colorScheme: "light" });
          assert.equal(await colour(user, "header.bar"), "rgb(58, 26, 12)");
          assert.equal(await colour(user, ".hero .btn.primary"), "rgb(138, 59, 18)");
          await user.emulateMedia({ colorScheme: "dark" });
          assert.equal(await colour(user, "header.bar"), "rgb(36, 16, 10)");
          await user.emulateMedia({ colorScheme: null });
          const drawn = await user.locator(".brand img").evaluate((img) => img.complete && img.naturalWidth);
          assert.equal(drawn, 64, "the logo is drawn");
          await look(user, "home");
          await user.goto("/p/climadapt/services");
          await look(user, "services");
          await user.goto("/p/climadapt/tickets/new");
          assert.equal(await user.locator("#service-names option").count(), 4, "only its services");
          await look(user, "new-ticket");
        },
      ],
      [
        "a requester asks by it, twice",
        async () => {
          asked.taken = await ask("Which run has daily wind maxima?");
          await look(user, "ticket");
          assert.match(await user.title(), /ClimAdapt help$/);
          asked.passed = await ask("My account of the institute is not known");
        },
      ],
      [
        "its own first level takes one",
        async () => {
          await front.goto(`/triage?ticket=${asked.taken}`);
          await look(front, "triage");
          await front.getByRole("button", { name: /Take it myself/ }).click();
          await front.waitForURL(new RegExp(`/work/${asked.taken}`));
          const ticket = await demo.api("portal@demo", `/api/v1/tickets/${asked.taken}`);
          assert.equal(ticket.owner.name, "Lucía Ferrer");
          assert.equal(ticket.unit, "ClimAdapt front desk");
        },
      ],
      [
        "and passes the other on to the first level of the desk",
        async () => {
          await front.goto(`/triage?ticket=${asked.passed}`);
          await front.getByLabel(/Note for the unit/).fill("Nothing of ours.");
          await front.getByRole("button", { name: "Pass on to first level" }).click();
          await front.locator("b").getByText(`${asked.passed} went to First level`).waitFor();
          const ticket = await demo.api("first@demo", `/api/v1/tickets/${asked.passed}`);
          assert.deepEqual([ticket.unit, ticket.portal, ticket.community], ["First level", "climadapt", "vo.climadapt.eu"]);
          await first.goto(`/work/${asked.passed}`);
          await first.getByText("Nothing of ours.").waitFor();
        },
      ],
      [
        "its responsible tells visitors something, and the feed is a feed",
        async () => {
          await front.goto("/p/climadapt/news");
          await front.getByLabel("In one line").fill("Storage <slow> & full");
          await front.getByLabel("What is it?").selectOption("incident");
          await front.getByLabel("More about it").fill("We move old runs away.");
          await front.getByRole("button", { name: "Post" }).click();
          await front.getByRole("heading", { name: "Storage <slow> & full" }).waitFor();
          await look(front, "news");
          const answer = await fetch(`${demo.url}/p/climadapt/news.atom`);
          assert.match(answer.headers.get("content-type"), /^application\/atom\+xml/);
          const read = await front.evaluate((text) => {
            const feed = new DOMParser().parseFromString(text, "application/xml");
            const all = (name) => [...feed.getElementsByTagName(name)].map((node) => node.textContent);
            return { broken: feed.getElementsByTagName("parsererror").length, root: feed.documentElement.namespaceURI, titles: all("title"), ids: all("id"), updated: all("updated") };
          }, await answer.text());
          assert.equal(read.broken, 0);
          assert.equal(read.root, "http://www.w3.org/2005/Atom");
          assert.equal(read.titles[1], "Storage <slow> & full");
          assert.equal(new Set(read.ids).size, read.ids.length, "each id once");
          assert.ok(read.updated.every((time) => !Number.isNaN(Date.parse(time))));
          const again = await fetch(`${demo.url}/p/climadapt/news.atom`, { headers: { "if-none-match": answer.headers.get("etag") } });
          assert.equal(again.status, 304);
        },
      ],
      [
        "an administrator sees at once which colours can not be read",
        async () => {
          const admin = await demo.as("admin@demo");
          await admin.goto("/admin/portals/climadapt");
          await look(admin, "admin");
          await admin.getByLabel("Accent on light pages").fill("#2eb872");
          await admin.locator("#preview").getByText("2.55:1").waitFor();
          await admin.getByRole("button", { name: "Change", exact: true }).click();
          await admin.locator("#accent_light-err").waitFor();
          assertQuiet(admin);
          await admin.context().close();
        },
      ],
    ],
    () => [user, front, first],
  );
});
