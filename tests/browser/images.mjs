// The pictures in docs/guides, taken from a fresh demo: `node tests/browser/images.mjs [NAME…]`. Small on purpose: WebP, one size.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startDemo } from "./harness.mjs";

const folder = join(dirname(fileURLToPath(import.meta.url)), "../../docs/images");
const size = { width: 1200, height: 800 };
const wanted = process.argv.slice(2);

const demo = await startDemo({ host: "localhost" });
const pages = new Map();
const as = async (who) => {
  if (!pages.has(who)) pages.set(who, await (who ? demo.as(who, { viewport: size }) : demo.visitor({ viewport: size })));
  return pages.get(who);
};

/** Opens `path` as `who`, does `before`, and keeps what is seen then. */
async function take(name, who, path, before = async () => {}) {
  const page = await as(who);
  await page.goto(path);
  await before(page);
  if (wanted.length && !wanted.includes(name)) return;
  await page.evaluate(() => document.fonts.ready);
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 80 });
  await session.detach();
  const bytes = Buffer.from(data, "base64");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.webp`), bytes);
  console.log(`${name}.webp ${(bytes.length / 1000).toFixed(0)} kB`);
}

const heading = (name) => (page) => page.getByRole("heading", { name }).first().evaluate((h) => h.scrollIntoView({ block: "start" }));

try {
  // ---- for everybody
  await take("new-ticket", null, "/tickets/new", async (page) => {
    await page.getByLabel("Name of the service, or what you use it for").fill("B2SHARE");
    await page.getByLabel("In one line").fill("Uploads stop at 2 GB");
    await page.getByLabel("How many people are affected, as far as you know?").fill("12");
    await page.getByLabel("In one line").focus();
    await page.waitForTimeout(800);
    await page.evaluate(() => scrollTo(0, 140));
  });
  const mine = await demo.api("user@demo", "/api/v1/tickets?q=status%3Asolved&limit=1");
  const any = mine.items[0] ?? (await demo.api("user@demo", "/api/v1/tickets?limit=1")).items[0];
  await take("ticket", "user@demo", `/tickets/${any.number}`);
  await take("account-second-step", "user@demo", "/account", heading("Second step"));
  await take("privacy", "user@demo", "/account/privacy");
  await take("status", null, "/status");
  // ---- support staff
  await take("support-staff-apply", "user@demo", "/support-staff", async (page) => {
    await page.getByLabel("Unit or units").fill("Storage operations");
    await page.getByLabel("Why, and who knows about it?").fill("I take over the checksum work. Ilona Novák knows.");
  });
  await (await as("user@demo")).getByRole("button", { name: "Apply" }).click();
  await take("admin-applications", "admin@demo", "/admin/applications", async (page) => {
    await page.getByText("Answer…").first().click();
  });
  await take("unit", "storage@demo", "/units/storage");
  const open = await demo.api("storage@demo", "/api/v1/tickets?q=status%3Aopen&limit=1");
  await take("workspace-member", "storage@demo", `/work/${open.items[0].number}`);
  // ---- administration
  await take("administration", "admin@demo", "/admin");
  await take("admin-people", "admin@demo", "/admin/people");
  await take("admin-audit", "admin@demo", "/admin/audit");
  await take("admin-units", "admin@demo", "/admin/units");
  await take("admin-triage", "admin@demo", "/admin/triage");
  await take("admin-sign-in", "admin@demo", "/admin/sign-in", async (page) => {
    await page.getByRole("link", { name: "OpenID Connect" }).click();
    await page.getByRole("textbox").first().waitFor();
  });
  await take("admin-import", "admin@demo", "/admin/import");
  await take("outbox", "admin@demo", "/admin/outbox");
  await take("portal", null, "/p/climadapt");
  // ---- providers
  await take("redirected", "first@demo", "/redirected");
  await take("onboarding-form", "user@demo", "/provider/onboarding", async (page) => {
    await page.getByRole("button", { name: "Begin" }).click();
    await page.getByRole("textbox").first().waitFor();
  });
  await take("onboarding-review", "admin@demo", "/admin/onboarding", async (page) => {
    const first = page.getByRole("main").locator('a[href^="/admin/onboarding/"]').first();
    if (await first.count()) {
      await first.click();
      await page.waitForLoadState();
    }
  });
} finally {
  await demo.stop();
}
