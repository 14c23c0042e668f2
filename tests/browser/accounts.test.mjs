// One person's account from the first mail to the last, in a real browser with a virtual authenticator. Mails are read from the
// outbox folder of the demo. Passkeys are bound to a name, so the demo is asked for as localhost.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertFits, axe, inOrder, phone, shot, startDemo, wide } from "./harness.mjs";

const mail = "marta.kowalska@ug.example";
const password = "seven quiet lanterns";
const second = "four purple anvils sing";
let demo;
before(async () => (demo = await startDemo({ host: "localhost" })), { timeout: 120_000 });
after(() => demo?.stop());

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Quoted-printable and long lines undone, as far as links need it. */
const plain = (raw) => raw.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));

/** The newest mail to that address that has such a link; gives the link. */
async function linkTo(page, address = mail) {
  const folder = join(demo.data, "outbox");
  const pattern = new RegExp(`${demo.url}/${page}/[\\w-]+`);
  for (let tries = 0; tries < 100; tries++) {
    const files = readdirSync(folder, { withFileTypes: true }).filter((f) => f.isFile()).map((f) => join(folder, f.name));
    files.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
    for (const file of files) {
      const text = plain(readFileSync(file, "utf8"));
      const link = text.includes(address) && text.match(pattern)?.[0];
      if (link && !linkTo.seen.has(link)) { linkTo.seen.add(link); return link; }
    }
    await pause(100);
  }
  throw new Error(`no mail with a link to ${page} came`);
}
linkTo.seen = new Set();

/** What an authenticator app shows for that secret (RFC 6238). */
function code(secret, at = Date.now()) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let bits = "";
  for (const letter of secret.replaceAll(" ", "")) bits += letters.indexOf(letter).toString(2).padStart(5, "0");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const hash = createHmac("sha1", key).update(step).digest();
  const from = hash[19] & 15;
  return String((hash.readUInt32BE(from) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** WCAG, and nothing to scroll sideways, on a screen and on a phone. */
async function sound(page, name) {
  for (const size of [wide, phone]) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await axe(page, `${name} ${colorScheme} ${size.width}`);
    }
    await assertFits(page, `${name} ${size.width}`);
  }
  await page.setViewportSize(wide);
  await page.emulateMedia({ colorScheme: null });
  await shot(page, name);
}

async function signIn(page, word) {
  await page.goto("/sign-in");
  await page.getByLabel("Mail address", { exact: true }).fill(mail);
  await page.getByLabel("Password", { exact: true }).fill(word);
  await page.getByRole("main").getByRole("button", { name: "Sign in", exact: true }).click();
}

async function signOut(page) {
  await page.goto("/account");
  await page.getByRole("button", { name: /, your account$/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL((url) => url.pathname === "/");
}

const signedIn = (page) => page.getByRole("button", { name: /, your account$/ }).waitFor();

test("an account from the first mail to the last", async (t) => {
  const page = await demo.visitor();
  // Without a script there are no passkeys, and everything else.
  const bare = await demo.visitor({ javaScriptEnabled: false });
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  let secret, codes, used;

  await inOrder(t, [
    ["register with an address", async () => {
      await page.goto("/sign-in");
      await page.getByRole("link", { name: "Make an account" }).click();
      await sound(page, "account-register");
      await page.getByLabel("Your mail address").fill(mail);
      await page.getByRole("button", { name: "Send me the link" }).click();
      await page.getByRole("heading", { name: "Look into your mail" }).waitFor();
      await sound(page, "account-sent");
    }],
    ["follow the link, refuse a weak password, take a good one", async () => {
      await page.goto(await linkTo("register"));
      await sound(page, "account-finish");
      await page.getByLabel("Name", { exact: true }).fill("Marta Kowalska");
      await page.getByLabel("Password", { exact: true }).fill("password12345");
      await page.getByRole("button", { name: "Make the account" }).click();
      await page.locator("#password-err").waitFor();
      assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "Marta Kowalska");
      await page.getByLabel("Password", { exact: true }).fill(password);
      await page.getByRole("button", { name: "Make the account" }).click();
      await signedIn(page);
    }],
    ["sign out, and in with the password", async () => {
      await signOut(page);
      await signIn(page, password);
      await signedIn(page);
    }],
    ["add an authenticator app", async () => {
      await page.goto("/account");
      await sound(page, "account-bare");
      await page.getByRole("link", { name: "Set up the authenticator app" }).click();
      await page.getByRole("button", { name: "Begin" }).click();
      secret = await page.locator("#totp-secret").innerText();
      await sound(page, "account-authenticator");
      used = code(secret);
      await page.getByLabel("Code of six digits").fill(used);
      await page.getByRole("button", { name: "Add the app" }).click();
      codes = await page.locator("#recovery-codes code").allInnerTexts();
      assert.equal(codes.length, 10);
      await sound(page, "account-codes");
    }],
    ["sign in with a code, which works once", async () => {
      await signOut(page);
      await signIn(page, password);
      await page.getByRole("heading", { name: "Second step" }).waitFor();
      await sound(page, "account-second-step");
      await page.getByLabel(/^Code of your authenticator app/).fill(used);
      await page.getByRole("button", { name: "Go on" }).click();
      await page.locator("#code-err").waitFor();
      // The next code counts already: clocks may be a minute wrong.
      await page.getByLabel(/^Code of your authenticator app/).fill(code(secret, Date.now() + 30_000));
      await page.getByRole("button", { name: "Go on" }).click();
      await signedIn(page);
    }],
    ["sign in with a recovery code, without a script", async () => {
      await signIn(bare, password);
      await bare.getByLabel(/^Code of your authenticator app/).fill(codes[0]);
      await bare.getByRole("button", { name: "Go on" }).click();
      await bare.goto("/account");
      await bare.getByText("9 left").waitFor();
      assert.equal(await bare.getByRole("button", { name: "Add a passkey" }).count(), 0);
    }],
    ["add a passkey", async () => {
      await page.goto("/account");
      await page.getByLabel("Name of a new passkey").fill("Test laptop");
      await page.getByRole("button", { name: "Add a passkey" }).click();
      await page.getByRole("rowheader", { name: /^Test laptop/ }).waitFor();
      await sound(page, "account-full");
    }],
    ["sign in with the passkey alone", async () => {
      await signOut(page);
      await page.goto("/sign-in");
      await sound(page, "account-sign-in");
      await page.getByRole("button", { name: "Sign in with a passkey" }).click();
      await signedIn(page);
    }],
    ["sign in with the password, and the passkey as second step", async () => {
      await signOut(page);
      await signIn(page, password);
      await page.getByRole("button", { name: "Use a passkey" }).click();
      await signedIn(page);
    }],
    ["prove again with the passkey who it is", async () => {
      await page.goto("/account/confirm");
      await sound(page, "account-confirm");
      await page.getByRole("button", { name: "Use a passkey" }).click();
      await page.waitForURL((url) => url.pathname === "/account");
    }],
    ["one more address, confirmed by its link", async () => {
      await page.getByLabel("One more address").fill("marta@home.example");
      await page.getByRole("button", { name: "Add it" }).click();
      await page.getByText("A link is on its way").waitFor();
      await page.goto(await linkTo("verify", "marta@home.example"));
      await sound(page, "account-verify");
      await page.getByRole("button", { name: "Yes, it is mine" }).click();
      await page.getByRole("rowheader", { name: "marta@home.example" }).waitFor();
    }],
    ["a forgotten password: a link, which signs out everywhere", async () => {
      await bare.goto("/forgot");
      await sound(await openForgot(page), "account-forgot");
      await bare.getByLabel("Mail address of your account").fill(mail);
      await bare.getByRole("button", { name: "Send me the link" }).click();
      const link = await linkTo("reset");
      await bare.goto(link);
      await bare.getByLabel("New password").fill(second);
      await bare.getByRole("button", { name: "Set the password" }).click();
      await bare.getByText("Your new password is set").waitFor();
      await page.goto("/account");
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      const again = await bare.goto(link);
      assert.equal(again.status(), 404);
      await signIn(page, second);
      await page.getByRole("heading", { name: "Second step" }).waitFor();
      await page.getByRole("button", { name: "Use a passkey" }).click();
      await signedIn(page);
    }],
    ["end the session elsewhere, change the password, remove the passkey", async () => {
      await signIn(bare, second);
      await bare.getByLabel(/^Code of your authenticator app/).fill(codes[1]);
      await bare.getByRole("button", { name: "Go on" }).click();
      await bare.goto("/account");
      await page.goto("/account");
      await page.getByRole("button", { name: "End all others" }).click();
      await page.getByText("One other session has ended").waitFor();
      await bare.goto("/account");
      await bare.getByRole("heading", { name: "Sign in" }).waitFor();
      await page.getByLabel("Your password now").fill(second);
      await page.getByLabel("New password").fill(password);
      await page.getByRole("button", { name: "Change the password" }).click();
      await page.getByText("Your password is changed").waitFor();
      await page.getByRole("button", { name: "Remove Test laptop" }).click();
      await page.getByText("The passkey is removed").waitFor();
    }],
  ], () => [page]);
  await page.context().close();
  await bare.context().close();
});

async function openForgot(page) {
  await page.goto("/forgot");
  return page;
}
