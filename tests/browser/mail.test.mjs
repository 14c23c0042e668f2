// A formatted mail: its own pictures are shown, those of others when somebody asks, and what it claims is said and not believed.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { assertFits, assertQuiet, axe, freePort, inOrder, Lmtp, phone, shot, startDemo, wide } from "./harness.mjs";

// A picture of 40 by 20 points, green.
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAACgAAAAUCAIAAABwJOjsAAAAJElEQVR42mOQ64kaEMQwavGoxaMWj1o8avGoxaMWj1o8ciwGAIP0LK6qSkcWAAAAAElFTkSuQmCC",
  "base64",
);

let demo, others, asked, lmtp;
before(async () => {
  asked = [];
  others = createServer((request, answer) => {
    asked.push({ path: request.url, headers: request.headers });
    answer.writeHead(200, { "content-type": "image/png", "set-cookie": "spy=1" }).end(PNG);
  });
  await new Promise((done) => others.listen(0, "127.0.0.1", done));
  lmtp = await freePort();
  demo = await startDemo({ env: { SWITCHBOARD_LMTP_LISTEN: `127.0.0.1:${lmtp}`, SWITCHBOARD_OUTBOUND_NETWORKS: "127.0.0.1" } });
}, { timeout: 120_000 });
after(async () => {
  await demo?.stop();
  others?.close();
});

const deliver = async (raw) => {
  const door = new Lmtp(lmtp);
  await door.deliver(Buffer.from(raw).toString("latin1"));
  door.close();
};

function mail(subject, type, body) {
  return [`From: user@demo`, `To: desk@demo`, `Subject: ${subject}`, `Message-ID: <${subject.replaceAll(" ", ".")}@lab.example>`, `MIME-Version: 1.0`, `Content-Type: ${type}`, ``, ...body].join("\r\n");
}

async function ticket(subject) {
  for (let tries = 0; tries < 200; tries++) {
    const { items } = await demo.api("admin@demo", "/api/v1/tickets?limit=10");
    const found = items.find((one) => one.subject === subject);
    if (found) return found.number;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail(`no ticket ${subject}`);
}

const picture = (page, alt) => page.locator(".mail-html iframe").first().contentFrame().getByAltText(alt);
const width = (image) => image.evaluate((one) => one.decode().then(() => one.naturalWidth, () => 0));

test("pictures are shown where they may be, and nothing is asked of others before that", async (t) => {
  const subject = "Plots of the beam time";
  const host = `http://127.0.0.1:${others.address().port}`;
  await deliver(mail(subject, "multipart/related; boundary=b", [
    "--b", "Content-Type: text/html; charset=utf-8", "",
    `<p>Dear desk,</p><p>this is what I see: <img src="cid:plot@lab" alt="The plot"></p><p><img src="${host}/map.png" alt="The map" width="40"><img src="${host}/logo.png" alt="The logo"><img src="${host}/pixel" width="1" height="1"></p>`,
    "--b", "Content-Type: image/png; name=plot.png", "Content-ID: <plot@lab>", "Content-Transfer-Encoding: base64", "", PNG.toString("base64"),
    "--b", "Content-Type: text/plain; name=run.log", "Content-Disposition: attachment; filename=run.log", "", "the log",
    "--b--", "",
  ]));
  const number = await ticket(subject);
  const page = await demo.as("user@demo");
  const steps = [
    ["the ticket says what there is", async () => {
      await page.goto(`/tickets/${number}`);
      await page.getByText("Show the mail as it was formatted, with a picture (2 on other servers)").click();
      assert.equal(await width(picture(page, "The plot")), 40, "the picture that came with the mail is there");
      await page.getByText("This mail has 2 pictures on other servers.").waitFor();
      const frame = page.locator(".mail-html iframe").first().contentFrame();
      await frame.getByText("[image: The map]").waitFor();
      // The picture is no file beside the text, and still to be had.
      assert.equal(await page.locator(".entry .body > .cluster a", { hasText: "plot.png" }).count(), 0);
      await page.locator(".entry .body > .cluster a", { hasText: "run.log" }).waitFor();
      await page.locator(".mail-html a", { hasText: "plot.png" }).waitFor();
      await axe(page);
      await shot(page, "mail-pictures-hidden");
      assert.deepEqual(asked, [], "nobody was asked");
    }],
    ["a click shows them, by way of the desk", async () => {
      await page.getByRole("button", { name: "Show pictures" }).click();
      await picture(page, "The map").waitFor();
      assert.equal(await width(picture(page, "The map")), 40);
      assert.equal(await width(picture(page, "The logo")), 40);
      assert.equal(await width(picture(page, "The plot")), 40);
      assert.deepEqual(asked.map((one) => one.path).sort(), ["/logo.png", "/map.png"], "each once, and not the point");
      for (const { headers } of asked) {
        for (const name of ["cookie", "referer", "origin", "authorization"]) assert.equal(headers[name], undefined, name);
        assert.ok(!/switchboard|chrome/i.test(headers["user-agent"]), headers["user-agent"]);
      }
      await axe(page);
      for (const size of [phone, wide]) {
        await page.setViewportSize(size);
        await assertFits(page);
        await shot(page, size === phone ? "mail-pictures-phone" : "mail-pictures");
      }
      await page.emulateMedia({ colorScheme: "dark" });
      await shot(page, "mail-pictures-dark");
      assertQuiet(page);
    }],
    ["they are hidden again the next time", async () => {
      const before = asked.length;
      await page.goto(`/tickets/${number}`);
      await page.locator(".mail-html summary").first().click();
      await page.locator(".mail-html iframe").first().contentFrame().getByText("[image: The map]").waitFor();
      assert.equal(asked.length, before);
    }],
  ];
  await inOrder(t, steps, () => [page]);
});

test("it works without script, and the support side sees the same", async () => {
  const number = await ticket("Plots of the beam time");
  const page = await demo.as("first@demo", { javaScriptEnabled: false });
  const before = asked.length;
  await page.goto(`/work/${number}`);
  await page.locator(".mail-html summary").first().click();
  await page.getByRole("button", { name: "Show pictures" }).click();
  await picture(page, "The map").waitFor();
  await page.locator(".mail-html iframe").first().contentFrame().locator("img").nth(2).waitFor();
  for (let tries = 0; asked.length < before + 2; tries++) {
    assert.ok(tries < 200, "the pictures were asked for");
    await new Promise((done) => setTimeout(done, 25));
  }
});

test("what a mail claims is said in words, without a badge", async () => {
  const armour = ["-----BEGIN PGP SIGNATURE-----", "", "x", "-----END PGP SIGNATURE-----"];
  await deliver(mail("Signed in part", "multipart/mixed; boundary=o", [
    "--o", "Content-Type: multipart/signed; boundary=i; protocol=\"application/pgp-signature\"", "",
    "--i", "Content-Type: text/plain", "", "Please restore the archive.",
    "--i", "Content-Type: application/pgp-signature; name=signature.asc", "", ...armour, "--i--",
    "--o", "Content-Type: text/plain", "", "And send me the password.", "--o--", "",
  ]));
  await deliver(mail("Sealed", "multipart/encrypted; boundary=b; protocol=\"application/pgp-encrypted\"", [
    "--b", "Content-Type: application/pgp-encrypted", "", "Version: 1",
    "--b", "Content-Type: application/octet-stream; name=encrypted.asc", "", "-----BEGIN PGP MESSAGE-----", "", "x", "-----END PGP MESSAGE-----", "--b--", "",
  ]));
  const page = await demo.as("first@demo");
  for (const [subject, words, kind, covers] of [
    ["Signed in part", "Only part of this mail is signed (by PGP), and that is not checked here.", "signed", "part"],
    ["Sealed", "Encrypted by PGP: only the recipient can read it.", "encrypted", "whole"],
  ]) {
    const number = await ticket(subject);
    await page.goto(`/work/${number}`);
    await page.locator("#thread").getByText(words).waitFor();
    assert.equal(await page.locator("#thread .chip", { hasText: /signed|verified/i }).count(), 0);
    await axe(page);
    await shot(page, `mail-${kind}`);
    const { items } = await demo.api("first@demo", `/api/v1/tickets/${number}/entries`);
    assert.deepEqual([items[0].protection[0].kind, items[0].protection[0].covers], [kind, covers]);
  }
  await page.locator("#thread a", { hasText: "encrypted.asc" }).waitFor();
  assertQuiet(page);
});
