// One request to many sites: asked by a form, answered by one, seen on the board, left by another.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertFits, axe, inOrder, phone, shot, startDemo, wide } from "./harness.mjs";

let demo;
before(async () => (demo = await startDemo()), { timeout: 120_000 });
after(() => demo?.stop());

test("many sites are asked, and the board says how they stand", async (t) => {
  const page = await demo.as("first@demo");
  const look = async (name) => {
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
  const row = (name) => page.getByRole("row", { name });
  let number = 0;
  const steps = [
    ["a variable that there is not is named, and nothing is lost", async () => {
      await page.goto("/campaigns");
      await page.getByLabel("What is it about?").fill("Certificates of the sites");
      await page.getByLabel("Subject of each site’s ticket").fill("Certificate of {{ side }}");
      await page.getByLabel("Text").fill("When does the certificate of {{ site }} end?");
      for (const site of ["FZJ", "IFCA-LCG2", "INFN-CLOUD-CNAF"]) await page.locator(`input[name=site][value=${site}]`).check();
      await page.getByRole("button", { name: "Ask these sites" }).click();
      await page.getByRole("alert").waitFor();
      assert.match(await page.textContent("main"), /There is no variable "side"; there are site, site_key, country/);
      assert.equal(await page.locator("input[name=site]:checked").count(), 3);
      await look("campaign-wrong");
    }],
    ["three sites get a ticket each", async () => {
      await page.getByLabel("Subject of each site’s ticket").fill("Certificate of {{ site }}");
      await page.getByRole("button", { name: "Ask these sites" }).click();
      await page.getByRole("heading", { level: 1, name: "Certificates of the sites" }).waitFor();
      number = Number(new URL(page.url()).pathname.split("/").pop());
      await row(/Santander/).getByText("Silent").waitFor();
      assert.equal(await page.getByText("Silent", { exact: true }).count(), 4, "three rows and the figure");
      await look("campaign-board");
    }],
    ["one is left, and told why", async () => {
      await page.getByText("Dates and sites").click();
      await page.getByLabel("Ask no longer").selectOption("FZJ");
      await page.getByLabel("Why").fill("The endpoint was closed.");
      await page.getByRole("button", { name: "Ask it no longer" }).click();
      await row(/Jülich/).getByText("Asked no longer").waitFor();
    }],
    ["the others are done, and the request ends with what they did", async () => {
      const { sites } = await demo.api("admin@demo", `/api/v1/campaigns/${number}`);
      for (const site of sites.filter((one) => !one.left_at)) {
        const solved = await fetch(`${demo.url}/api/v1/tickets/${site.number}`, {
          method: "PATCH",
          headers: { authorization: `Bearer ${demo.person("admin@demo").token}`, "content-type": "application/json" },
          body: JSON.stringify({ status: "solved", solution: "In March." }),
        });
        assert.equal(solved.status, 200, await solved.text());
      }
      await page.reload();
      assert.match(await page.getByLabel("How did it end?").inputValue(), /^All 2 sites have been heard\.\nDone at: .*Santander/);
      await look("campaign-done");
      await page.getByRole("button", { name: "Solve the request" }).click();
      await page.getByText("The request is solved").waitFor();
      const parent = await demo.api("admin@demo", `/api/v1/tickets/${number}`);
      assert.equal(parent.status, "solved");
    }],
    ["the table comes as a file", async () => {
      const waiting = page.waitForEvent("download");
      await page.getByRole("link", { name: "CSV" }).click();
      assert.equal((await waiting).suggestedFilename(), `sites-${number}.csv`);
    }],
  ];
  await inOrder(t, steps, () => [page]);
});
