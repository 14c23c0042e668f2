// Every page, signed out and in, in light and dark, wide and on a phone: no axe violation, one h1, nothing to scroll sideways.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertFits, assertQuiet, axe, phone, shot, startDemo, wide } from "./harness.mjs";

let demo, handed, stop, ticket, worked, unit, person, campaign, macro, form, waiting, accepted;
before(async () => {
  demo = await startDemo();
  ticket = (await demo.api("user@demo", "/api/v1/tickets?limit=1")).items[0].number;
  worked = (await demo.api("storage@demo", "/api/v1/tickets?limit=1&q=owner:me")).items[0].number;
  const units = (await demo.api("storage@demo", "/api/v1/units")).items;
  unit = units.find((u) => u.key === "storage").key;
  const forms = (await demo.api("admin@demo", "/api/v1/onboardings")).items;
  waiting = forms.find((f) => f.state === "submitted").id;
  accepted = forms.find((f) => f.state === "accepted").id;
  const mine = (await demo.api("user@demo", "/api/v1/onboardings")).items;
  form = `/provider/onboarding/${mine.find((f) => f.state === "draft").id}`;
  person = (await demo.api("admin@demo", "/api/v1/people?q=storage@demo")).items[0].id;
  campaign = (await demo.api("first@demo", "/api/v1/campaigns")).items[0].number;
  macro = (await demo.api("first@demo", "/api/v1/macros")).items[0].id;
  handed = (await demo.api("first@demo", "/api/v1/units/first-level/hand-overs")).items.map((one) => `/hand-overs/${one.id}`);
  stop = await stopLink();
}, { timeout: 120_000 });
after(() => demo?.stop());

/** The path of the link by which somebody who was put on a ticket gets off it, from the mail that carries it. */
async function stopLink() {
  const made = await fetch(`${demo.url}/api/v1/tickets`, {
    method: "POST",
    headers: { authorization: `Bearer ${demo.person("user@demo").token}`, "content-type": "application/json" },
    body: JSON.stringify({ subject: "Quota of the project", description: "It is full.", cc: ["carl@people.example"] }),
  });
  assert.equal(made.status, 201);
  const outbox = join(demo.data, "outbox");
  for (let tries = 0; tries < 300; tries++) {
    // With a dot before its name it is not whole yet.
    const mails = existsSync(outbox) ? readdirSync(outbox).filter((file) => !file.startsWith(".")) : [];
    for (const file of mails) {
      const found = /^List-Unsubscribe: <[^>]*(\/mail\/stop\/t[^>]+)>/m.exec(readFileSync(join(outbox, file), "utf8").replace(/\r\n[ \t]/g, " "));
      if (found) return found[1].replaceAll(" ", "");
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail("no mail has a link to be rid of mails about a ticket");
}

/** A browser at 400 % zoom on a usual screen shows this many pixels across (WCAG 1.4.10). */
const zoomed = { width: 320, height: 256 };

/** Pages that say that something can not be shown; every other page must be the page itself. */
const refusals = { "not-found": 404, refused: 403, "reports of a time that is wrong": 422 };

async function look(page, path, name) {
  const answer = await page.goto(path);
  assert.equal(answer.status(), refusals[name.replace(/^\w+-/, "")] ?? 200, path);
  for (const size of [wide, phone]) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await axe(page, `${path} ${colorScheme} ${size.width}`);
    }
    await assertFits(page, `${path} ${size.width}`);
  }
  await page.setViewportSize(zoomed);
  await assertFits(page, `${path} at 400 %`);
  await page.setViewportSize(wide);
  await page.emulateMedia({ colorScheme: null });
  assert.equal(await page.getByRole("heading", { level: 1 }).count(), 1, `${path} has one h1`);
  assert.match(await page.title(), /\S.* · (Switchboard|ClimAdapt help|SeaGrid desk)$|^Switchboard/, `${path} has a title`);
  assert.ok(await page.locator("html").getAttribute("lang"), `${path} says its language`);
  await shot(page, name);
  assertQuiet(page);
}

function suite(who, email, pages) {
  test(who, async (t) => {
    const page = email ? await demo.as(email) : await demo.visitor();
    for (const [name, path] of pages) {
      await t.test(name, () => look(page, typeof path === "function" ? path() : path, `${email?.split("@")[0] ?? "visitor"}-${name}`));
    }
    await page.context().close();
  });
}

suite("signed out", null, [
  ["home", "/"],
  ["sign-in", "/sign-in"],
  ["register", "/register"],
  ["register-sent", "/register?sent=1"],
  ["forgot", "/forgot"],
  ["forgot-sent", "/forgot?sent=1"],
  ["services", "/services"],
  ["status", "/status"],
  ["units", "/units"],
  ["news", "/news"],
  ["portal", "/p/climadapt"],
  ["portal-services", "/p/climadapt/services"],
  ["portal-news", "/p/climadapt/news"],
  ["portal-new-ticket", "/p/seagrid/tickets/new"],
  ["home-again", "/"],
  ["not-found", "/no/such/page"],
]);

suite("the requester", "user@demo", [
  ["home", "/"],
  ["new-ticket", "/tickets/new"],
  ["tickets", "/tickets"],
  ["ticket", () => `/tickets/${ticket}`],
  ["history", () => `/tickets/${ticket}/history`],
  ["clocks", () => `/tickets/${ticket}/clocks`],
  ["services", "/services"],
  ["account", "/account"],
  ["provider", "/provider"],
  ["onboarding", "/provider/onboarding"],
  ["onboarding-form", () => form],
  ["onboarding-connect", () => `${form}?step=connect`],
  ["onboarding-unit", () => `${form}?step=unit`],
  ["onboarding-quality", () => `${form}?step=quality`],
  ["onboarding-issues", () => `${form}?step=issues`],
  ["onboarding-review", () => `${form}?step=review`],
  ["privacy", "/account/privacy"],
  ["support-staff", "/support-staff"],
  ["confirm", "/account/confirm"],
  ["authenticator", "/account/authenticator"],
  ["communities", "/account/communities"],
  ["in-my-community", "/tickets?community=1"],
  ["refused", "/triage"],
]);

suite("a unit's responsible", "storage@demo", [
  ["work", "/work"],
  ["work-mine", "/work?view=mine"],
  ["work-ticket", () => `/work/${worked}`],
  ["work-history", () => `/work/${worked}/history`],
  ["work-clocks", () => `/work/${worked}/clocks`],
  ["units", "/units"],
  ["unit", () => `/units/${unit}`],
  ["unit-edit", () => `/units/${unit}/edit`],
  ["rota-none-yet", () => `/units/${unit}/rota`],
  ["rota-of-first-level", "/units/first-level/rota"],
  ["service-status", "/services/object-storage/status"],
  ["support-staff", "/support-staff"],
  ["account", "/account"],
  ["provider", "/provider"],
  ["provider-way", "/provider/services/sky-atlas/option"],
]);

suite("an administrator", "admin@demo", [
  ["onboardings", "/admin/onboarding"],
  ["onboarding", () => `/admin/onboarding/${waiting}`],
  ["onboarding-accepted", () => `/admin/onboarding/${accepted}`],
  ["providers", "/admin/providers"],
  ["provider", "/admin/providers/eudat"],
]);

suite("an administrator", "admin@demo", [
  ["admin", "/admin"],
  ["admin-applications", "/admin/applications"],
  ["admin-people", "/admin/people"],
  ["admin-person", () => `/admin/people/${person}`],
  ["admin-audit", "/admin/audit"],
]);

suite("the administrator's catalogue", "admin@demo", [
  ["units", "/admin/units"],
  ["unit", () => `/admin/units/${unit}`],
  ["services", "/admin/services"],
  ["service", "/admin/services/fedcloud"],
  ["values", "/admin/values"],
  ["sites", "/admin/sites"],
  ["rules", "/admin/triage"],
  ["targets", "/admin/targets"],
  ["timers", "/admin/timers"],
  ["import", "/admin/import"],
]);

suite("first level", "first@demo", [
  ["triage", "/triage"],
  ["canned-texts", "/canned-texts"],
  ["canned-text-new", "/canned-texts?new=1"],
  ["macros", "/macros"],
  ["macro-new", "/macros?new=1"],
  ["macro", () => `/macros/${macro}`],
  ["macro-run", () => `/work/${worked}/macros/${macro}`],
  ["redirected", "/redirected?show=open"],
  ["campaigns", "/campaigns"],
  ["campaign", () => `/campaigns/${campaign}`],
  ["exchange", "/exchange?ticket=x"],
  ["reports", "/reports?time=365"],
  ["figures", "/status/figures"],
  ["reports of a time that is wrong", "/reports?time=days&from=x"],
  ["work", "/work"],
  ["work-search", "/work?q=checksum"],
  ["work-ticket", () => `/work/${ticket}`],
]);

suite("an administrator, of partner desks", "admin@demo", [
  ["exchange", "/exchange"],
  ["invitations", "/exchange/invitations"],
  ["accept", "/exchange/accept"],
]);

suite("an administrator, on signing in", "admin@demo", [
  ["admin-mailboxes", "/admin/mailboxes"],
  ["admin-mailboxes-imap", "/admin/mailboxes?new=imap"],
  ["admin-mailboxes-local", "/admin/mailboxes?new=local"],
  ["admin-alarms", "/admin/alarms"],
  ["alarm", "/alarm"],
  ["admin-rules", "/admin/rules"],
  ["admin-rules-new", "/admin/rules?new=1"],
  ["admin-rule", "/admin/rules/1"],
  ["admin-webhooks", "/admin/webhooks"],
  ["admin-webhooks-new", "/admin/webhooks?new=1"],
  ["admin-sign-in", "/admin/sign-in"],
  ["admin-sign-in-oidc", "/admin/sign-in?new=oidc"],
  ["admin-sign-in-ldap", "/admin/sign-in?new=ldap"],
  ["admin-entitlements", "/admin/entitlements"],
]);

suite("who looks after people's data", "admin@demo", [
  ["privacy", "/admin/privacy"],
  ["privacy-person", "/admin/privacy?who=user%40demo"],
  ["reads", "/admin/reads"],
  ["incoming", "/admin/incoming"],
  ["outbox", "/admin/outbox"],
  ["mail texts", "/admin/mail-texts"],
  ["mail to you", "/account/mail"],
]);

suite("who opens the link of a mail", null, [
  ["mail-stop", () => stop],
]);

suite("who is on duty", "first@demo", [
  ["rota", "/units/first-level/rota"],
  ["hand-over", () => handed[0]],
  ["hand-over-confirmed", () => handed[1]],
  ["unit-with-a-rota", "/units/first-level"],
  ["triage-on-duty", "/triage"],
]);

suite("a portal's first level", "portal@demo", [
  ["triage", "/triage"],
  ["portal-news", "/p/climadapt/news"],
]);

suite("the administrator of portals", "admin@demo", [
  ["communities", "/admin/communities"],
  ["community", "/admin/communities/vo.climadapt.eu"],
  ["portals", "/admin/portals"],
  ["portal", "/admin/portals/climadapt"],
]);
