// All HTML of the mail corpus and all vectors of the sanitiser, taken in by the product and shown by it in a real browser (bar M-06):
// nothing runs, nothing is fetched from elsewhere, nothing leaves its frame. Then the same without frame, sandbox and policy: what
// the sanitiser left does nothing even there.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertFits, assertQuiet, freePort, Lmtp, startDemo } from "./harness.mjs";

/** So many frames are on a page at a time. */
const AT_ONCE = 40;
/** Elements that the page in the frame has for its own: html, head, meta, title, style, body. */
const FORBIDDEN = "script,style,link,meta,base,iframe,frame,object,embed,applet,form,input,button,select,textarea,svg,math,video,audio,source,template,dialog,portal";

let demo, door, mails;

before(async () => {
  const lmtp = await freePort();
  demo = await startDemo({ env: { SWITCHBOARD_LMTP_LISTEN: `127.0.0.1:${lmtp}` } });
  door = new Lmtp(lmtp);
}, { timeout: 120_000 });
after(async () => {
  door?.close();
  await demo?.stop();
});

function files(folder) {
  return readdirSync(folder).sort().flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

/** The messages of the corpus that have HTML somewhere; `null`: there is no corpus. */
function corpus() {
  const folder = process.env.SWITCHBOARD_MAIL_CORPUS;
  const there = folder && statSync(folder, { throwIfNoEntry: false })?.isDirectory();
  if (!there) {
    assert.ok(process.env.REQUIRE_CORPUS !== "1", `the mail corpus is required and not at ${folder}`);
    console.log("SKIPPED: no mail corpus; only the vectors are shown");
    return null;
  }
  return files(folder)
    .filter((path) => !/\.(json|golden|html|png|md)$/i.test(path))
    .map((path) => [path.slice(folder.length + 1), readFileSync(path, "latin1").replace(/\r\n|\r|\n/g, "\r\n")])
    .filter(([, raw]) => /text\/html/i.test(raw));
}

/** The parts of a message under a header of ours: whoever sent it, whatever it is, it is read as somebody's request. */
function asRequest(subject, raw) {
  const end = raw.indexOf("\r\n\r\n");
  const header = (end < 0 ? raw : raw.slice(0, end)).replace(/\r\n(?=[ \t])/g, "\u0001").split("\r\n");
  const kept = header.filter((line) => /^(content-[a-z-]+|mime-version):/i.test(line)).map((line) => line.replaceAll("\u0001", "\r\n").replace(/multipart\/report/i, "multipart/mixed"));
  return [...envelope(subject), ...kept, "", end < 0 ? "" : raw.slice(end + 4)].join("\r\n");
}

const envelope = (subject) => ["From: user@demo", "To: desk@demo", `Subject: ${subject}`, `Message-ID: <${subject.replace(/\W+/g, ".")}@lab.example>`];

function vectors() {
  const lines = readFileSync(new URL("../../crates/mail/src/html/vectors.txt", import.meta.url), "utf8").trimEnd().split("\n");
  return lines
    .map((line) => line.replaceAll("\\t", "\t").replaceAll("\\0", "\0"))
    .flatMap((html) => [html, `<div>${html}</div>`, `<table><tr><td>${html}`, `<p title='${html}'>x`]);
}

/** Every address of a frame of this test's mails. */
async function frames() {
  const found = [];
  for (let cursor = ""; cursor !== null; ) {
    const page = await demo.api("user@demo", `/api/v1/tickets?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    for (const { number, subject } of page.items) if (/^(corpus|vector) \d+ /.test(subject)) found.push({ number, subject });
    cursor = page.next ?? null;
  }
  return found;
}

test("all HTML is taken in", { timeout: 120_000 }, async () => {
  const real = corpus() ?? [];
  if (real.length > 0) assert.ok(real.length >= 100, `only ${real.length} messages with HTML`);
  const sent = [];
  for (const [n, [name, raw]] of real.entries()) {
    const subject = `corpus ${n} ${name.replace(/[^\w./-]/g, "_")}`;
    sent.push(subject);
    await door.deliver(asRequest(subject, raw));
  }
  for (const [n, html] of vectors().entries()) {
    const subject = `vector ${n} x`;
    sent.push(subject);
    const body = Buffer.from(html).toString("base64").replace(/.{76}/g, "$&\r\n");
    await door.deliver([...envelope(subject), "MIME-Version: 1.0", "Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: base64", "", body].join("\r\n"));
  }
  let tickets = [];
  for (let tries = 0; tickets.length < sent.length; tries++) {
    assert.ok(tries < 200, `${tickets.length} of ${sent.length} mails are tickets; first missing: ${sent.find((s) => !tickets.some((t) => t.subject === s))}`);
    tickets = await frames();
    await new Promise((done) => setTimeout(done, 100));
  }
  mails = [];
  for (const { number, subject } of tickets) {
    const { items } = await demo.api("user@demo", `/api/v1/tickets/${number}/entries`);
    mails.push({ subject, number, href: `/tickets/${number}/entries/${items[0].id}/html` });
  }
});

test("in its frame each does nothing", { timeout: 120_000 }, async (t) => {
  const page = await demo.as("user@demo");
  watch(page);
  // The frame as the product makes it.
  const some = mails.find((mail) => mail.subject.startsWith("vector "));
  await page.goto(`/tickets/${some.number}`);
  const made = await page.locator(".mail-html iframe").evaluate((one) => [one.getAttribute("sandbox"), one.getAttribute("src")]);
  assert.deepEqual(made, ["", some.href], "a sandbox that allows nothing");
  await page.goto("/");
  const shown = { corpus: 0, vector: 0 };
  for (let at = 0; at < mails.length; at += AT_ONCE) {
    const batch = mails.slice(at, at + AT_ONCE);
    const statuses = await page.evaluate(async (hrefs) => {
      document.body.replaceChildren();
      document.body.style.cssText = "display:flex;flex-wrap:wrap;gap:4px;margin:0";
      return Promise.all(hrefs.map(async (href, n) => {
        // A mail of whose HTML nothing is left, or whose HTML is a file, has no frame.
        const { status } = await fetch(href);
        if (status !== 200) return status;
        const frame = document.createElement("iframe");
        frame.setAttribute("sandbox", "");
        frame.setAttribute("name", `n${n}`);
        frame.style.cssText = "inline-size:300px;block-size:200px;border:0";
        frame.src = href;
        const loaded = new Promise((done) => frame.addEventListener("load", done, { once: true }));
        document.body.append(frame);
        await loaded;
        return status;
      }));
    }, batch.map((mail) => mail.href));
    for (const [n, mail] of batch.entries()) {
      assert.ok([200, 404].includes(statuses[n]), `${statuses[n]} for ${mail.subject}`);
      if (statuses[n] === 404) continue;
      shown[mail.subject.split(" ")[0]]++;
      const frame = page.frame({ name: `n${n}` });
      assert.equal(frame.url(), demo.url + mail.href, `${mail.subject} went elsewhere`);
      const wrong = await frame.evaluate((forbidden) => {
        const found = [...document.body.querySelectorAll(forbidden)].map((one) => one.localName);
        for (const one of document.body.querySelectorAll("*")) {
          for (const { name, value } of one.attributes) {
            const allowed = name !== "style" && name !== "class" && name !== "id" && !name.startsWith("on") &&
              !["srcset", "background", "ping", "target", "formaction", "action", "srcdoc", "poster", "data"].includes(name) &&
              (name !== "href" || /^(https?|mailto):/i.test(value)) && (name !== "src" || /^(cid:|\/pictures\/)/.test(value));
            if (!allowed) found.push(`${one.localName} ${name}=${value}`);
          }
        }
        return found;
      }, FORBIDDEN);
      assert.deepEqual(wrong, [], mail.subject);
    }
    const outside = await page.evaluate(() => [...document.querySelectorAll("iframe")].filter((one) => one.offsetWidth !== 300 || one.offsetHeight !== 200).length);
    assert.equal(outside, 0, "a mail made its frame larger");
    await assertFits(page, batch[0].subject);
    assertQuiet(page);
  }
  const all = mails.filter((mail) => mail.subject.startsWith("corpus ")).length;
  t.diagnostic(`shown: ${shown.corpus} of ${all} mails of the corpus, ${shown.vector} of ${mails.length - all} vectors`);
  assert.ok(shown.corpus >= all * 0.8 && shown.vector >= (mails.length - all) * 0.8, JSON.stringify(shown));
});

/** Whatever happens that no mail may make happen becomes trouble. */
function watch(page) {
  page.on("dialog", (dialog) => {
    page.trouble.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("download", (file) => page.trouble.push(`download: ${file.url()}`));
  page.context().on("page", (other) => page.trouble.push(`window: ${other.url()}`));
}

test("even without sandbox and policy it does nothing", { timeout: 120_000 }, async () => {
  const reader = await demo.as("user@demo");
  const texts = [];
  for (let at = 0; at < mails.length; at += AT_ONCE) {
    texts.push(...(await reader.evaluate((hrefs) => Promise.all(hrefs.map(async (href) => {
      const answer = await fetch(href);
      return answer.ok ? answer.text() : null;
    })), mails.slice(at, at + AT_ONCE).map((mail) => mail.href))));
  }
  const page = await demo.visitor();
  watch(page);
  const show = (all) => page.evaluate(async (all) => {
    document.body.replaceChildren();
    await Promise.all(all.map((html) => {
      const frame = document.createElement("iframe");
      frame.srcdoc = html;
      const loaded = new Promise((done) => frame.addEventListener("load", done, { once: true }));
      document.body.append(frame);
      return loaded;
    }));
  }, all);
  // What is watched for is seen, or the rest says nothing.
  await page.goto("about:blank");
  await show(["<img src=x onerror=alert(1)>", "<img src=http://t.example/x>"]);
  for (let tries = 0; page.trouble.length < 2; tries++) {
    assert.ok(tries < 100, `only ${page.trouble}`);
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.deepEqual(page.trouble.splice(0).map((one) => one.split(":")[0]).sort(), ["dialog", "left the site"]);
  const there = texts.filter((text) => text !== null);
  assert.ok(there.length > 0);
  for (let at = 0; at < there.length; at += AT_ONCE) {
    await page.goto("about:blank");
    await show(there.slice(at, at + AT_ONCE));
    assertQuiet(page);
  }
});
