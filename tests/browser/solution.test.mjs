// A requester says by the link of a mail whether a solution holds. Looking at the page changes nothing.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { after, before, test } from "node:test";
import { assertFits, axe, inOrder, phone, shot, startDemo, wide } from "./harness.mjs";

let demo;
before(async () => (demo = await startDemo()), { timeout: 120_000 });
after(() => demo?.stop());

const plain = (raw) => raw.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));

/** The links of the mail that tells a requester of the solution with that text, by what each says. */
async function links(solution) {
  const folder = join(demo.data, "outbox");
  for (let tries = 0; tries < 150; tries++) {
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".eml"))) {
      const text = plain(readFileSync(join(folder, file), "utf8"));
      if (text.includes(solution) && text.includes("/solution/")) {
        return [...new Set(text.match(/https?:\/\/[^\s"<>]*\/solution\/[^\s"<>)]+/g))];
      }
    }
    await pause(100);
  }
  throw new Error("no mail with links about the solution came");
}

test("a solution is verified by a link, and the help is rated", async (t) => {
  const { items } = await demo.api("user@demo", "/api/v1/tickets?limit=50&q=status%3Aopen");
  const one = items.find((ticket) => ticket.status === "in_progress");
  assert.ok(one, "the demo's user has a ticket in progress");
  const ticket = () => demo.api("admin@demo", `/api/v1/tickets/${one.number}`);
  const solution = "The pool was full; 40 TB are free again.";
  const page = await demo.visitor();
  const look = async (name) => {
    for (const size of [phone, wide]) {
      await page.setViewportSize(size);
      await assertFits(page);
    }
    await axe(page);
    await shot(page, name);
  };
  let addresses = [];
  const steps = [
    ["it is solved, and the mail has three links", async () => {
      const { version } = await ticket();
      const solved = await fetch(`${demo.url}/api/v1/tickets/${one.number}`, {
        method: "PATCH",
        headers: { authorization: `Bearer ${demo.person("admin@demo").token}`, "content-type": "application/json", "if-match": `"${version}"` },
        body: JSON.stringify({ status: "solved", solution }),
      });
      assert.equal(solved.status, 200, await solved.text());
      addresses = await links(solution);
      assert.equal(addresses.length, 3, addresses.join("\n"));
    }],
    ["looking at each changes nothing", async () => {
      for (const address of addresses) {
        await page.goto(address);
        await page.getByRole("button", { name: "This solved it" }).waitFor();
      }
      assert.equal((await ticket()).status, "solved");
      await look("solution-link");
    }],
    ["a button does", async () => {
      // Whoever presses sooner has not read the page.
      await pause(1_200);
      await page.getByRole("button", { name: "This solved it" }).click();
      await page.getByText("Thank you.").waitFor();
      assert.equal((await ticket()).status, "verified");
      await look("solution-link-rate");
    }],
    ["and then the help is rated, once", async () => {
      await pause(1_200);
      await page.getByRole("radio").last().check();
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByText("You said about the help").waitFor();
      await look("solution-link-rated");
      await page.goto(addresses[1]);
      await page.getByText("You said about the help").waitFor();
      assert.equal(await page.getByRole("button", { name: "This solved it" }).count(), 0);
      assert.equal((await ticket()).status, "verified");
    }],
  ];
  await inOrder(t, steps, () => [page]);
  await page.context().close();
});
