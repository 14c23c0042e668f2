// A team ticket: opened by one of the team, answered and confirmed by another.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertFits, axe, inOrder, phone, shot, startDemo, wide } from "./harness.mjs";

let demo;
before(async () => (demo = await startDemo()), { timeout: 120_000 });
after(() => demo?.stop());

test("a team's ticket is answered and confirmed by another of the team", async (t) => {
  const [admin, asks, other] = [await demo.as("admin@demo"), await demo.as("user@demo"), await demo.as("storage@demo")];
  const look = async (page, name) => {
    for (const size of [phone, wide]) {
      await page.setViewportSize(size);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await axe(page);
      }
      await assertFits(page);
    }
    await shot(page, name);
    await page.emulateMedia({ colorScheme: null });
    await page.setViewportSize(wide);
  };
  let number = 0;
  const steps = [
    ["an administrator puts a second one into the team", async () => {
      await admin.goto("/admin/communities/vo.climadapt.eu");
      await admin.getByLabel("Mail address").fill("storage@demo");
      await admin.getByRole("button", { name: "Put into it" }).click();
      await admin.getByRole("cell", { name: /storage@demo/ }).or(admin.getByRole("rowheader", { name: /storage@demo/ })).first().waitFor();
    }],
    ["one of the team opens a ticket for all of it", async () => {
      await asks.goto("/tickets/new");
      await asks.getByLabel("In one line").fill("Which grid have the monthly fields?");
      await asks.getByLabel("What did you do, what did you expect, what came instead?").fill("All of us need it for the report.");
      await asks.getByLabel("Whose ticket is it?").selectOption("vo.climadapt.eu");
      await look(asks, "team-form");
      await asks.getByRole("button", { name: "Send ticket" }).click();
      await asks.waitForURL(/\/tickets\/\d+$/);
      number = Number(new URL(asks.url()).pathname.split("/").pop());
      await asks.getByText("Team ticket of ClimAdapt").waitFor();
    }],
    ["another finds and answers it", async () => {
      await other.goto("/tickets?community=1");
      await other.getByRole("link", { name: /Which grid have the monthly fields/ }).click();
      await other.getByText("Team ticket of ClimAdapt").waitFor();
      await other.getByLabel("Your answer").fill("We mean the rotated one.");
      await other.getByRole("button", { name: "Send", exact: true }).click();
      await other.getByText("We mean the rotated one.").first().waitFor();
    }],
    ["and confirms the solution", async () => {
      const solved = await fetch(`${demo.url}/api/v1/tickets/${number}`, {
        method: "PATCH",
        headers: { authorization: `Bearer ${demo.person("admin@demo").token}`, "content-type": "application/json" },
        body: JSON.stringify({ status: "solved", solution: "It is in the metadata now." }),
      });
      assert.equal(solved.status, 200, await solved.text());
      await other.reload();
      await look(other, "team-solved");
      await other.getByRole("button", { name: "This solved it" }).click();
      await other.getByRole("heading", { name: "Solved, and confirmed to work" }).waitFor();
      const { status, type } = await demo.api("user@demo", `/api/v1/tickets/${number}`);
      assert.deepEqual([status, type], ["verified", "team"]);
    }],
  ];
  await inOrder(t, steps, () => [admin, asks, other]);
});
