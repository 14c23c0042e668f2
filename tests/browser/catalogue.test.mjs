// Units and services as data: made, used, retired and set down by clicks alone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { inOrder, shot, startDemo } from "./harness.mjs";

let demo;
before(async () => (demo = await startDemo()), { timeout: 120_000 });
after(() => demo?.stop());

test("a unit and its service, from the first to the last day", async (t) => {
  const admin = await demo.as("admin@demo");
  const user = await demo.as("user@demo");
  const visitor = await demo.visitor();
  let number;
  const main = (page) => page.getByRole("main");
  await inOrder(
    t,
    [
      ["the administrator makes a unit", async () => {
        await admin.goto("/admin/units");
        await main(admin).getByLabel("Name", { exact: true }).fill("Tape robots");
        await main(admin).getByLabel(/^Unit above it/).fill("First level");
        await main(admin).getByRole("button", { name: "Make it" }).click();
        await admin.waitForURL("**/admin/units/tape-robots");
        await admin.getByLabel("What it takes care of").fill("Robots and shelves.");
        await admin.getByLabel("Working hours of a week").fill("Mon-Thu 08:00-16:00, Fri 08:00-12:00");
        await admin.getByRole("button", { name: "Save" }).click();
        await admin.getByText("Saved").waitFor();
        await shot(admin, "catalogue-unit");
      }],
      ["and a service with a form", async () => {
        await admin.goto("/admin/services");
        await main(admin).getByLabel("Name", { exact: true }).fill("Tape store");
        await main(admin).getByLabel("Unit that answers for it").fill("Tape robots");
        await main(admin).getByRole("button", { name: "Make it" }).click();
        await admin.waitForURL("**/admin/services/tape-store");
        await admin.getByLabel("Label 1").fill("How many tapes");
        await admin.getByLabel("It takes (1)").selectOption("number");
        await admin.getByLabel("Must be filled in").first().check();
        await admin.getByRole("button", { name: "Save" }).click();
        await admin.getByText("Saved").waitFor();
        await shot(admin, "catalogue-service");
      }],
      ["the requester is asked for it", async () => {
        await user.goto("/tickets/new?service=tape-store");
        await user.getByLabel("In one line").fill("Please load my tapes");
        await user.getByLabel(/What did you do/).fill("They are in the blue box.");
        await user.getByLabel("How many tapes").fill("12");
        await user.getByRole("button", { name: "Send ticket" }).click();
        await user.waitForURL(/\/tickets\/\d+$/);
        number = Number(new URL(user.url()).pathname.split("/").pop());
        const ticket = await demo.api("user@demo", `/api/v1/tickets/${number}`);
        assert.equal(ticket.unit_key, "tape-robots");
        assert.equal(ticket.custom.how_many_tapes, 12);
      }],
      ["the unit is retired with a successor", async () => {
        await admin.goto("/admin/units/tape-robots");
        await admin.getByLabel("Who takes over").fill("Storage operations");
        await admin.getByRole("button", { name: "Retire this unit" }).click();
        await admin.getByText("The unit is retired").waitFor();
      }],
      ["and the ticket is with the successor", async () => {
        for (let tries = 0; ; tries++) {
          const ticket = await demo.api("user@demo", `/api/v1/tickets/${number}`);
          if (ticket.unit === "Storage operations") break;
          assert.ok(tries < 100, `the ticket is still with ${ticket.unit}`);
          await new Promise((done) => setTimeout(done, 200));
        }
        await admin.goto(`/work/${number}/history`);
        await admin.getByText("Tape robots was retired").first().waitFor();
      }],
      ["the service is set down and everybody sees it", async () => {
        await admin.goto("/services/tape-store/status");
        await admin.getByLabel("Down", { exact: true }).check();
        await admin.getByRole("button", { name: "Say so" }).click();
        await admin.getByText("Everybody sees it now").waitFor();
        await admin.getByLabel("In one line").fill("Tape store: the robot stands still");
        await admin.getByRole("button", { name: "Post it" }).click();
        await admin.getByText("It is posted").waitFor();
        await visitor.goto("/");
        await visitor.getByText("Tape store: the robot stands still", { exact: true }).waitFor();
        await visitor.goto("/status");
        await visitor.getByRole("heading", { name: "Tape store: the robot stands still" }).waitFor();
        await visitor.getByRole("listitem").filter({ hasText: "Tape store" }).getByText("Down", { exact: true }).waitFor();
        await shot(visitor, "catalogue-status");
      }],
    ],
    () => [admin, user, visitor],
  );
});
