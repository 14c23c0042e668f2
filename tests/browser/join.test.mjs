// Joining a support unit, the whole procedure, clicked through by four people in four browsers: two applicants, an administrator and
// the responsible of a unit. What each is told by mail is read from the outbox.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { inOrder, shot, startDemo } from "./harness.mjs";

let demo;
const page = {};
before(async () => (demo = await startDemo()), { timeout: 120_000 });
after(() => demo?.stop());

const ADMIN = "admin@demo", RESPONSIBLE = "storage@demo", APPLICANT = "user@demo";
const UNIT = "Storage operations";
const main = (p) => p.getByRole("main");
const notice = (p, text) => p.locator("#notice").getByText(text).waitFor();
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Header and text of a mail with one part, decoded. */
function plain(bytes) {
  const [head, ...rest] = bytes.toString("latin1").split(/\r?\n\r?\n/);
  const unfolded = head.replace(/\r?\n[ \t]+/g, " ");
  const encoding = /^Content-Transfer-Encoding: *([\w-]+)/im.exec(unfolded)?.[1].toLowerCase();
  let body = rest.join("\n\n");
  if (encoding === "base64") body = Buffer.from(body, "base64").toString("latin1");
  if (encoding === "quoted-printable") body = body.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return `${unfolded}\n\n${Buffer.from(body, "latin1").toString("utf8").replace(/\r\n/g, "\n")}`;
}

/** The first mail in the outbox to that address with these words; waits until it is there. */
async function mailTo(address, ...words) {
  const folder = join(demo.data, "outbox");
  let seen = [];
  for (let tries = 0; tries < 100; tries++) {
    seen = readdirSync(folder).map((file) => plain(readFileSync(join(folder, file))));
    const found = seen.find((mail) => new RegExp(`^To:.*${address}`, "m").test(mail) && words.every((w) => mail.includes(w)));
    if (found) return found;
    await pause(100);
  }
  const subjects = seen.filter((m) => m.includes(address)).map((m) => m.match(/^Subject:.*$/m)?.[0]);
  assert.fail(`no mail to ${address} with ${words.join(", ")}; there are\n${subjects.join("\n")}`);
}

/** The second applicant makes an account, as everybody does: by the link in a mail. */
async function register(p, { email, name, password }) {
  await p.goto("/register");
  await p.getByLabel("Your mail address").fill(email);
  await p.getByRole("button", { name: "Send me the link" }).click();
  const mail = await mailTo(email, `${demo.url}/register/`);
  await p.goto(mail.match(/\/register\/[\w.~-]+/)[0]);
  await p.getByLabel("Name", { exact: true }).fill(name);
  await p.getByLabel("Password", { exact: true }).fill(password);
  await p.getByRole("button", { name: "Make the account" }).click();
  await p.waitForURL((url) => !url.pathname.startsWith("/register"));
}

async function apply(p, units, reason) {
  await p.goto("/support-staff");
  await p.getByRole("heading", { level: 1, name: "Support staff" }).waitFor();
  await p.getByLabel("Unit or units").fill(units);
  await p.getByLabel("Why, and who knows about it?").fill(reason);
  await p.getByRole("button", { name: "Apply" }).click();
  await notice(p, "Your application is sent");
}

/** The row of somebody who asks, in the section with that heading. */
const asking = (p, heading, name) => p.getByRole("region", { name: heading }).getByRole("listitem").filter({ hasText: name });

async function answer(row, summary, reason, button) {
  await row.getByText(summary).click();
  await row.getByLabel(/^Reason/).fill(reason);
  await row.getByRole("button", { name: button }).click();
}

test("joining a support unit", async (t) => {
  const other = { email: "curious@visitors.example", name: "Viktor Hale", password: "four quiet paper lanterns" };
  const steps = [
    ["the unit's page tells a visitor who is responsible and how to reach them", async () => {
      page.visitor = await demo.visitor();
      await page.visitor.goto("/units/storage");
      await main(page.visitor).getByText("Ilona Novák").first().waitFor();
      await main(page.visitor).getByRole("link", { name: "storage@demo" }).waitFor();
      await main(page.visitor).getByText("storage-ops@storage.example").waitFor();
    }],
    ["two people apply for the support permission", async () => {
      page.applicant = await demo.as(APPLICANT);
      await apply(page.applicant, UNIT, "I take over the checksum work. Ilona Novák knows.");
      await main(page.applicant).getByText(/Waits for an administrator/).waitFor();
      page.other = await demo.visitor();
      await register(page.other, other);
      await apply(page.other, UNIT, "I am curious what tickets look like.");
      await mailTo("admin@demo", "Marta Kowalska applies for the support permission", "checksum work");
      await mailTo("admin@demo", `${other.name} applies for the support permission`);
    }],
    ["the administrator grants the one and refuses the other, each with a reason", async () => {
      page.admin = await demo.as(ADMIN);
      await page.admin.goto("/admin");
      await main(page.admin).getByRole("link", { name: "Applications" }).click();
      await answer(asking(page.admin, "Waiting for an answer", "Marta Kowalska"), "Answer…", "Ilona vouches for her.", /^Grant/);
      await notice(page.admin, "Granted");
      await answer(asking(page.admin, "Waiting for an answer", other.name), "Answer…", "Curiosity opens no tickets.", "Refuse");
      await notice(page.admin, "Refused");
      await mailTo(APPLICANT, "Granted: your application", "Ilona vouches for her.");
      await mailTo(other.email, "Refused: your application", "Curiosity opens no tickets.");
    }],
    ["who was refused reads why, and sees no ticket", async () => {
      await page.other.goto("/support-staff");
      await main(page.other).getByText("Curiosity opens no tickets.").waitFor();
      await main(page.other).getByText("Refused", { exact: true }).waitFor();
      assert.equal(await page.other.getByRole("button", { name: /Ask/ }).count(), 0, "no unit can be asked without the permission");
      const refused = await page.other.goto("/work");
      assert.equal(refused.status(), 403);
    }],
    ["the permission alone opens nothing; the unit named is asked already, and a second one by hand", async () => {
      await page.applicant.goto("/support-staff");
      await main(page.applicant).getByText(/Granted by Adéla Marek/).waitFor();
      await main(page.applicant).getByText(/Waits for .*Ilona Novák/).waitFor();
      assert.equal((await page.applicant.goto("/work")).status(), 403);
      await page.applicant.goto("/support-staff?q=B2SHARE");
      const unit = main(page.applicant).getByRole("listitem").filter({ has: page.applicant.getByRole("heading", { name: "B2SHARE operations" }) });
      await unit.getByText("Ask to join").click();
      await unit.getByLabel("What do you want to do there?").fill("The same checks for records.");
      await unit.getByRole("button", { name: "Ask B2SHARE operations" }).click();
      await notice(page.applicant, "The unit is asked");
      await mailTo(RESPONSIBLE, `Marta Kowalska asks to join ${UNIT}`, "checksum work");
      await mailTo(RESPONSIBLE, "Marta Kowalska asks to join B2SHARE operations", "The same checks");
    }],
    ["the responsible consents to the one and refuses the other", async () => {
      page.responsible = await demo.as(RESPONSIBLE);
      await page.responsible.goto("/support-staff");
      const rows = asking(page.responsible, "Waiting for you", "Marta Kowalska");
      await answer(rows.filter({ hasText: "B2SHARE operations" }), "Refuse…", "We share this work already.", "Refuse");
      await notice(page.responsible, "Refused");
      await page.responsible.goto("/units/storage");
      await asking(page.responsible, "Asking to join", "Marta Kowalska").getByRole("button", { name: "Consent to Marta Kowalska" }).click();
      await notice(page.responsible, "They are a member now");
      await notice(page.responsible, "Update the unit’s mailing list: storage-ops@storage.example");
      await page.responsible.getByRole("row").filter({ hasText: "Marta Kowalska" }).getByText("Member", { exact: true }).waitFor();
      await mailTo(RESPONSIBLE, `Marta Kowalska has joined ${UNIT}`, "Update the unit's mailing list", "add user@demo");
      await mailTo(APPLICANT, `You are a member of ${UNIT}`);
      await mailTo(APPLICANT, "Refused: your request to join B2SHARE operations", "We share this work already.");
    }],
    ["the new member works on the unit's tickets", async () => {
      assert.equal((await page.applicant.goto("/work")).status(), 200);
      await page.applicant.goto("/support-staff?q=storage");
      await main(page.applicant).getByText("You are in it").first().waitFor();
    }],
    ["a last responsible can not leave; with a second one she can", async () => {
      await page.responsible.goto("/units/storage");
      const demote = page.responsible.getByRole("button", { name: /^Make member/ });
      const others = page.responsible.getByRole("row").filter({ has: demote }).filter({ hasNotText: "Ilona Novák" });
      for (let n = await others.count(); n > 0; n--) {
        await others.first().getByRole("button", { name: /^Make member/ }).click();
        await notice(page.responsible, "Their part has changed");
      }
      await main(page.responsible).getByRole("button", { name: "Leave the unit" }).click();
      await page.responsible.locator("#notice").getByText(/last responsible of Storage operations/).waitFor();
      await page.responsible.getByRole("button", { name: /^Make responsible.*Marta Kowalska/ }).click();
      await notice(page.responsible, "Their part has changed");
      await mailTo(APPLICANT, `You are a responsible of ${UNIT}`);
      await main(page.responsible).getByRole("button", { name: "Leave the unit" }).click();
      await notice(page.responsible, "You have left the unit");
      await mailTo(APPLICANT, `Ilona Novák has left ${UNIT}`, "remove storage@demo");
    }],
    ["every step is in the audit log, and the chain holds", async () => {
      await page.admin.goto("/admin/audit?check=all");
      await main(page.admin).getByText(/The whole log holds together/).waitFor();
      const table = main(page.admin).getByRole("table");
      for (const action of ["application.sent", "application.granted", "application.refused", "person.support_granted", "join.asked", "join.consented", "join.refused", "unit.member_added", "unit.part_changed", "unit.member_removed"]) {
        await table.getByText(action, { exact: true }).first().waitFor();
      }
    }],
  ];
  if (!(await inOrder(t, steps, () => Object.values(page)))) return;
  await page.applicant.goto("/support-staff");
  await shot(page.applicant, "support-staff");
  await page.applicant.goto("/units/storage");
  await shot(page.applicant, "unit-responsible");
  await page.admin.goto("/admin/applications");
  await shot(page.admin, "admin-applications");
  await page.admin.goto("/admin/people");
  await shot(page.admin, "admin-people");
  await page.admin.goto("/admin/audit");
  await shot(page.admin, "admin-audit");
});
