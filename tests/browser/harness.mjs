// A demo of our own on a free port, a browser, and people who are signed in. Every test file starts one of its own.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { chromium } from "playwright-core";

const binary = process.env.SWITCHBOARD_BIN ?? "../../target/debug/switchboard";
const screens = process.env.SWITCHBOARD_SCREENS ?? "../../target/screens";
const scratch = process.env.SWITCHBOARD_SCRATCH ?? tmpdir();
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const wide = { width: 1440, height: 900 };
export const phone = { width: 390, height: 844 };

/** How long one look or click may take. Generous: two cores may be busy. */
const PATIENCE = 15_000;

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * Starts `switchboard demo` with a fresh data folder and a browser beside it.
 * `env` are settings of its own. Call `stop()` in `after`. `host` is the name it goes by; passkeys need one that is no number.
 */
export async function startDemo({ host = "127.0.0.1", env = {} } = {}) {
  mkdirSync(scratch, { recursive: true });
  const data = mkdtempSync(join(tmpdir(), "switchboard-browser."));
  const name = basename(process.argv[1] ?? "demo", ".test.mjs");
  const logFile = join(scratch, `browser-${name}.log`);
  const url = `http://${host}:${await freePort()}`;
  const server = spawn(binary, ["demo", "--listen", url.slice("http://".length), "--data", data], {
    stdio: ["ignore", "pipe", "pipe"],
    // What is answered is there at once; that answers wait has tests of its own.
    env: { SWITCHBOARD_UNDO_SEND: "0", ...process.env, ...env },
  });
  const log = createWriteStream(logFile);
  server.stdout.pipe(log, { end: false });
  server.stderr.pipe(log, { end: false });
  let ended = null;
  server.once("error", (error) => (ended = String(error)));
  server.once("exit", (code, signal) => (ended ??= `code ${code}, signal ${signal}`));

  let browser;
  const stop = async () => {
    await browser?.close();
    if (ended === null) {
      const gone = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGTERM");
      const late = setTimeout(() => server.kill("SIGKILL"), 5_000);
      await gone;
      clearTimeout(late);
    }
    log.end();
    rmSync(data, { recursive: true, force: true });
    assert.ok(!readFileSync(logFile, "utf8").includes("panicked at"), `something panicked; see ${logFile}`);
  };

  try {
    for (let tries = 0; ; tries++) {
      assert.equal(ended, null, `the demo ended before it was ready; see ${logFile}`);
      assert.ok(tries < 600, `the demo was not ready within 60 s; see ${logFile}`);
      const ready = await fetch(`${url}/readyz`).then((r) => r.ok, () => false);
      if (ready) break;
      await pause(100);
    }
    const { people } = JSON.parse(readFileSync(join(data, "demo.json"), "utf8"));
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    return new Demo(url, people, browser, stop, data);
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}

class Demo {
  /** `data` is the demo's folder, with its outbox. */
  constructor(url, people, browser, stop, data) {
    Object.assign(this, { url, people, browser, stop, data });
  }

  /** The demo's person with that mail address. */
  person(email) {
    const found = this.people.find((p) => p.email === email);
    assert.ok(found, `demo.json has nobody called ${email}`);
    return found;
  }

  /** A page of a visitor who is not signed in. `options` are Playwright's for a context. */
  async visitor(options = {}) {
    const context = await this.browser.newContext({ baseURL: this.url, viewport: wide, locale: "en-GB", reducedMotion: "reduce", ...options });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    page.trouble = [];
    page.on("pageerror", (error) => page.trouble.push(`script: ${error}`));
    page.on("console", (message) => {
      // A page that is refused on purpose (404, 422) is logged by the browser as an error too.
      if (message.type() === "error" && !/Failed to load resource/.test(message.text())) page.trouble.push(`console: ${message.text()}`);
    });
    page.on("request", (request) => {
      const to = new URL(request.url());
      if (to.protocol.startsWith("http") && to.origin !== this.url) page.trouble.push(`left the site: ${request.url()}`);
    });
    page.on("response", (response) => {
      if (response.status() >= 500) page.trouble.push(`${response.status()} for ${response.request().method()} ${response.url()}`);
    });
    return page;
  }

  /** A page of somebody who is signed in. */
  async as(email, options = {}) {
    const page = await this.visitor(options);
    await signIn(page, this.person(email));
    return page;
  }

  /** A call of the REST API with that person's token; the parsed answer. */
  async api(email, path) {
    const answer = await fetch(this.url + path, { headers: { authorization: `Bearer ${this.person(email).token}` } });
    assert.ok(answer.ok, `${answer.status} for ${path}`);
    return answer.json();
  }
}

/**
 * Runs steps ([what, how] pairs) as subtests, each standing on the one before: the first that fails ends it, with a picture of
 * every page that `pages()` gives.
 */
export async function inOrder(t, steps, pages = () => []) {
  for (const [what, how] of steps) {
    let done = false;
    await t.test(what, async () => {
      try {
        await how();
        pages().forEach(assertQuiet);
        done = true;
      } finally {
        if (!done) await picture(t, pages());
      }
    });
    if (!done) return false;
  }
  return true;
}

async function picture(t, pages) {
  mkdirSync(screens, { recursive: true });
  for (const [i, page] of pages.entries()) {
    const path = join(screens, `failed-${t.name.replace(/\W+/g, "-")}-${i + 1}.png`);
    await page.screenshot({ path, fullPage: true, timeout: 5_000 }).catch(() => {});
    t.diagnostic(`${page.url()} → ${path}`);
  }
}

/** Hands mails over one after the other, as a mail server does (LMTP, the same host). */
export class Lmtp {
  #lines = [];
  #wanted = null;

  constructor(port) {
    this.socket = connect(port, "127.0.0.1");
    let got = "";
    this.socket.setEncoding("latin1");
    this.socket.on("data", (some) => {
      const lines = (got + some).split("\r\n");
      got = lines.pop();
      // The last line of an answer has a space after its code.
      this.#lines.push(...lines.filter((line) => line[3] === " "));
      this.#wanted?.();
    });
    for (const end of ["error", "close"]) this.socket.on(end, () => (this.#lines.push("000 the connection ended"), this.#wanted?.()));
  }

  async #answer() {
    while (this.#lines.length === 0) {
      let late;
      await new Promise((done, fail) => {
        this.#wanted = done;
        late = setTimeout(() => fail(new Error("no answer by LMTP within 20 s")), 20_000);
      }).finally(() => clearTimeout(late));
    }
    return this.#lines.shift();
  }

  async #say(line, code) {
    if (line !== null) this.socket.write(`${line}\r\n`, "latin1");
    const answer = await this.#answer();
    assert.ok(answer.startsWith(String(code)), `${answer} to ${line?.slice(0, 200)}`);
  }

  /** Hands over a mail with CRLF, of octets as letters. */
  async deliver(raw, from = "user@demo", to = "desk@demo") {
    if (!this.greeted) {
      await this.#say(null, 220);
      await this.#say("LHLO test", 250);
      this.greeted = true;
    }
    await this.#say(`MAIL FROM:<${from}>`, 250);
    await this.#say(`RCPT TO:<${to}>`, 250);
    await this.#say("DATA", 354);
    await this.#say(`${raw.replace(/^\./gm, "..")}\r\n.`, 250);
  }

  close() {
    this.socket.removeAllListeners("close");
    this.socket.end("QUIT\r\n");
  }
}

/** Signs in by the form. */
export async function signIn(page, person) {
  await page.goto("/sign-in");
  await page.getByLabel("Mail address", { exact: true }).fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("main").getByRole("button", { name: /^sign in$/i }).click();
  await page.waitForURL((url) => url.pathname !== "/sign-in");
}

/** No script error, no request that left the site, no server error on that page so far. */
export function assertQuiet(page) {
  assert.deepEqual(page.trouble, []);
}

/** Not one violation of WCAG 2.2 A and AA, nor of axe's own good practice. */
export async function axe(page, where = page.url()) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(() =>
    globalThis.axe.run(document, {
      resultTypes: ["violations"],
      iframes: false,
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  const lines = found.violations.flatMap((v) => v.nodes.map((n) => `${v.id} (${v.impact}): ${n.target.join(" ")}\n    ${n.any.concat(n.all, n.none).map((c) => c.message).join("; ")}`));
  assert.equal(lines.length, 0, `${where}\n  ${lines.join("\n  ")}`);
}

/** The page does not scroll sideways. */
export async function assertFits(page, where = page.url()) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${where} is ${over} px too wide`);
}

/** Screenshots in light and dark, wide and on a phone: `target/screens/NAME-light-1440.png` and so on. */
export async function shot(page, name, sizes = [wide, phone]) {
  mkdirSync(screens, { recursive: true });
  const before = page.viewportSize();
  for (const size of sizes) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      // Drawn without a graphics card, and now and then while something else is: nobody waits for it.
      await page.screenshot({ path: join(screens, `${name}-${colorScheme}-${size.width}.png`), animations: "disabled", timeout: 4 * PATIENCE });
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(before);
}
