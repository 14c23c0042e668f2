// First level looks at reports: figures, plots, filters, other reports, files, and the tickets behind a number.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
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
  await shot(page, `reports-${name}`);
  assertQuiet(page);
}

const number = async (page, row, head) => {
  const cell = page.locator("tr", { has: page.getByRole("rowheader", { name: row, exact: true }) }).locator(`[data-h="${head}"]`);
  return Number((await cell.innerText()).trim());
};

test("reports", async (t) => {
  const page = await demo.as("first@demo");
  await inOrder(
    t,
    [
      [
        "the first look: figures, plots and a table",
        async () => {
          await page.goto("/work");
          await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Reports" }).click();
          await page.getByRole("heading", { level: 1, name: "Response and backlog" }).waitFor();
          await page.getByLabel("Time", { exact: true }).selectOption("365");
          await page.getByRole("button", { name: "Show" }).click();
          await page.waitForURL(/time=365/);
          for (const plot of [/^Response time in working hours/, /^Open tickets by age/, /^Tickets submitted per/]) {
            const box = await page.getByRole("img", { name: plot }).boundingBox();
            assert.ok(box.width > 200 && box.height > 80, `${plot} is drawn`);
          }
          await look(page, "overview");
        },
      ],
      [
        "a number opens the tickets that it counts",
        async () => {
          await page.getByLabel("Group by", { exact: true }).selectOption("service");
          await page.getByRole("button", { name: "Show" }).click();
          await page.waitForURL(/group=service/);
          const cell = page.locator('tbody [data-h="Submitted"] a').first();
          const count = Number(await cell.innerText());
          assert.ok(count > 0);
          await cell.click();
          await page.waitForURL(/\/work\?q=/);
          assert.equal(await page.locator(".rows .row, .listing .row").count() > 0, true, "tickets are listed");
          await page.goBack();
        },
      ],
      [
        "a filter narrows every report",
        async () => {
          await page.goto("/reports?report=submitted&time=365&group=priority");
          const all = await number(page, "All", "Submitted");
          await page.getByLabel("Priority", { exact: true }).selectOption("high");
          await page.getByRole("button", { name: "Show" }).click();
          await page.waitForURL(/priority=high/);
          const high = await number(page, "All", "Submitted");
          assert.ok(high < all, `${high} of ${all}`);
          await page.getByRole("navigation", { name: "Reports" }).getByRole("link", { name: "Timeline" }).click();
          await page.getByRole("heading", { level: 1, name: "Timeline" }).waitFor();
          assert.match(page.url(), /priority=high/);
          await look(page, "timeline");
        },
      ],
      [
        "what is wrong is said beside its field",
        async () => {
          await page.goto("/reports?time=days&from=2026-02-02&to=2026-02-01");
          await page.getByText("Lies after the end of the range").waitFor();
          await look(page, "wrong");
        },
      ],
      [
        "files",
        async () => {
          await page.goto("/reports?report=closed&time=365");
          const [csv] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV" }).click()]);
          assert.equal(csv.suggestedFilename(), "closed.csv");
          assert.match(readFileSync(await csv.path(), "utf8"), /^key,name,closed,lifetime_mean_minutes/);
          const [book] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "XLSX" }).click()]);
          assert.equal(readFileSync(await book.path()).subarray(0, 2).toString(), "PK");
        },
      ],
      [
        "what is shown is saved, mailed, shown again, and forgotten",
        async () => {
          const saved = async () => (await demo.api("first@demo", "/api/v1/reports/saved")).items;
          await page.goto("/reports?report=submitted&time=last-month&priority=high");
          await page.getByLabel("Save what is shown as").fill("High, each month");
          await page.getByLabel("Mail it to me").selectOption("monthly-xlsx");
          await page.getByRole("button", { name: "Save", exact: true }).click();
          await page.getByText("“High, each month” is saved").waitFor();
          const [one] = await saved();
          assert.deepEqual([one.mailed, one.format, one.question.time, one.question.only.priority], ["monthly", "xlsx", "last-month", ["high"]]);
          assert.ok(Date.parse(one.next_at) > Date.now());
          await look(page, "saved");
          await page.goto("/reports?report=submitted&time=days&from=2026-01-01&to=2026-02-01");
          await page.getByLabel("Save what is shown as").fill("A winter");
          await page.getByLabel("Mail it to me").selectOption("weekly-csv");
          await page.getByRole("button", { name: "Save", exact: true }).click();
          await page.getByText("The days of this report stand fast").first().waitFor();
          assert.equal(await page.getByLabel("Save what is shown as").inputValue(), "A winter");
          await look(page, "not-saved");
          await page.getByRole("link", { name: "High, each month" }).click();
          await page.waitForURL(/time=last-month/);
          assert.equal(await page.getByLabel("Priority", { exact: true }).inputValue(), "high");
          await page.getByRole("button", { name: "Forget High, each month" }).click();
          await page.getByText("Forgotten: it is not mailed any more").waitFor();
          assert.equal((await saved()).length, 0);
        },
      ],
    ],
    () => [page],
  );
});
