// An administrator sets up a site that can be called and nominates an expert; the expert raises an alarm, and
// somebody at the site, who is nobody here, confirms it by answering the mail.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { after, before, test } from "node:test";
import { assertFits, axe, freePort, inOrder, Lmtp, phone, shot, startDemo, wide } from "./harness.mjs";

const key = (end) => resolve(import.meta.dirname, `../../crates/testkit/src/alarm.${end}`);
const emergency = "alarm@fzj.example";

let demo, lmtp;
before(async () => {
  lmtp = await freePort();
  demo = await startDemo({
    env: {
      SWITCHBOARD_LMTP_LISTEN: `127.0.0.1:${lmtp}`,
      SWITCHBOARD_ALARM_KEY_FILE: key("key"),
      SWITCHBOARD_ALARM_CERTIFICATE_FILE: key("crt"),
    },
  });
}, { timeout: 120_000 });
after(() => demo?.stop());

/** The mails to the site that hold these words, waited for. */
async function called(words) {
  const folder = join(demo.data, "outbox");
  for (let tries = 0; tries < 300; tries++) {
    const files = existsSync(folder) ? readdirSync(folder) : [];
    const mails = files.map((file) => readFileSync(join(folder, file), "utf8"));
    const found = mails.filter((mail) => mail.includes(`To: ${emergency}`) && mail.includes(words));
    if (found.length > 0) return found;
    await pause(50);
  }
  assert.fail(`no mail to ${emergency} with ${words}`);
}

/** Somebody on duty answers; gives when the alarm of that ticket is confirmed. */
async function answer(mail, number) {
  const to = /^Reply-To: (?:<)?([^>\r\n]+)/m.exec(mail.replace(/\r\n[ \t]/g, " "))[1].trim();
  const text = [
    "From: Night shift <night@fzj.example>", `To: ${to}`, "Subject: Re: ALARM", `Message-ID: <${Math.random()}@fzj.example>`,
    "", "We are on it.", "",
  ].join("\r\n");
  const door = new Lmtp(lmtp);
  await door.deliver(text, "night@fzj.example", to);
  door.close();
  for (let tries = 0; ; tries++) {
    const alarm = await demo.api("admin@demo", `/api/v1/tickets/${number}/alarm`);
    if (alarm.stage === "confirmed") return;
    assert.ok(tries < 200, `the alarm is ${alarm.stage}`);
    await pause(50);
  }
}

test("a site is called, and confirms", async (t) => {
  const admin = await demo.as("admin@demo");
  const expert = await demo.as("user@demo");
  const look = async (page, name) => {
    for (const size of [phone, wide]) {
      await page.setViewportSize(size);
      await assertFits(page);
    }
    await axe(page);
    await shot(page, name);
  };
  let number;
  const steps = [
    ["nobody is offered what they may not do", async () => {
      await expert.goto("/");
      assert.equal(await expert.getByRole("link", { name: "Raise an alarm" }).count(), 0);
      await expert.goto("/alarm");
      await expert.getByText("You were not nominated").waitFor();
      await look(expert, "alarm-refused");
    }],
    ["an administrator sets up the site; what is wrong is said beside its field", async () => {
      await admin.goto("/admin/alarms");
      await admin.getByText("Signed with a certificate that is valid until").waitFor();
      await admin.getByLabel("Site", { exact: true }).selectOption("FZJ");
      await admin.getByLabel("Emergency address").fill("the control room");
      // The browser would hold it back; the desk has to, too.
      await admin.locator("form", { has: admin.getByLabel("Emergency address") }).evaluate((form) => (form.noValidate = true));
      await admin.getByLabel("Tested every").fill("30");
      await admin.getByRole("button", { name: "Save" }).click();
      assert.equal(await admin.getByLabel("Emergency address").getAttribute("aria-invalid"), "true");
      assert.equal(await admin.getByLabel("Tested every").inputValue(), "30");
      await admin.getByLabel("Emergency address").fill(emergency);
      await admin.getByRole("button", { name: "Save" }).click();
      await admin.getByText("FZJ can be called").waitFor();
    }],
    ["tests it, and the site confirms", async () => {
      await admin.getByRole("button", { name: "Test now" }).click();
      await admin.getByText("FZJ is called for a test").waitFor();
      const [mail] = await called("TEST ALARM");
      assert.match(mail, /multipart\/signed; protocol="application\/pkcs7-signature"/);
      await answer(mail, Number(/\[#(\d+)\]/.exec(mail)[1]));
      const state = admin.getByRole("row", { name: /Jülich/ }).getByText("Confirmed");
      await admin.goto("/admin/alarms");
      await state.waitFor();
    }],
    ["and nominates an expert", async () => {
      await admin.getByLabel("Their mail address").fill("user@demo");
      await admin.getByRole("button", { name: "Nominate", exact: true }).click();
      await admin.getByText("user@demo may raise alarms").waitFor();
      await look(admin, "alarms");
    }],
    ["who raises an alarm from the front page", async () => {
      await expert.goto("/");
      await look(expert, "home-expert");
      await expert.getByRole("link", { name: "Raise an alarm" }).click();
      await look(expert, "alarm");
      await expert.getByLabel("Site").selectOption("FZJ");
      await expert.getByLabel("What is wrong, in one line").fill("No job starts any more");
      await expert.getByLabel("What happened, and what it stops").fill("Since 10:02 all queues stand still.");
      await expert.getByRole("button", { name: "Raise the alarm" }).click();
      await expert.getByText("The alarm is raised").waitFor();
      number = Number(/\/tickets\/(\d+)/.exec(expert.url())[1]);
      assert.match(await expert.locator("main").innerText(), /FZJ was called/);
      const ticket = await demo.api("user@demo", `/api/v1/tickets/${number}`);
      assert.equal(ticket.priority, "top");
      await look(expert, "alarm-ticket");
    }],
    ["the site is called once, and confirms by answering", async () => {
      const mails = await called("No job starts any more");
      assert.equal(mails.filter((mail) => mail.includes("X-Switchboard-Alarm: alarm")).length, 1);
      await answer(mails.find((mail) => mail.includes("X-Switchboard-Alarm: alarm")), number);
      await expert.reload();
      const text = await expert.locator("main").innerText();
      assert.match(text, /Confirmed by Night shift/);
      assert.match(text, /We are on it\./);
    }],
    ["which those who work on it see beside it", async () => {
      await admin.goto(`/work/${number}`);
      await admin.locator("#alarm").getByText("Confirmed by Night shift").waitFor();
      await admin.goto("/admin/alarms");
      await admin.getByRole("row", { name: new RegExp(`^${number} `) }).getByText("Confirmed", { exact: true }).waitFor();
      await look(admin, "alarms-raised");
    }],
  ];
  await inOrder(t, steps, () => [admin, expert]);
});
