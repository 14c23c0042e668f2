// Signing in through a real OpenID provider: an administrator sets it up, people come with and without entitlements, link it to
// the account they have, take it off again, and log out there.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertFits, axe, phone, shot, startDemo, wide } from "./harness.mjs";
import { entitlement, startProvider } from "./provider.mjs";

let demo, provider;
before(async () => {
  // The provider runs on this machine, which a desk connects to only when its operator says so.
  process.env.SWITCHBOARD_OUTBOUND_NETWORKS = "127.0.0.1";
  demo = await startDemo();
  provider = await startProvider({ desk: demo.url, name: "checkin" });
}, { timeout: 120_000 });
after(async () => {
  await provider?.stop();
  await demo?.stop();
});

const lead = entitlement("vo.example.org", "lead");
const main = (page) => page.getByRole("main");

/** Nothing went wrong on the page, but for its visits to the provider. */
function quiet(page) {
  assert.deepEqual(page.trouble.filter((t) => !t.includes(provider.issuer)), []);
  assert.deepEqual(provider.failures, []);
}

async function axeBoth(page, name) {
  for (const size of [wide, phone]) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await axe(page);
    }
    await assertFits(page);
  }
  await page.setViewportSize(wide);
  await page.emulateMedia({ colorScheme: null });
  await shot(page, name);
}

/** At the provider's own page. */
async function enterThere(page, user) {
  await page.getByRole("heading", { name: "Provider" }).waitFor();
  await page.getByLabel("User").fill(user);
  await page.getByLabel("Password").fill(`secret-${user}`);
  await page.getByRole("button", { name: "Sign in there" }).click();
  await page.waitForURL((url) => url.origin === demo.url);
}

async function comeThrough(page, user) {
  await page.goto("/sign-in");
  await page.getByRole("link", { name: "Sign in with Check-in" }).click();
  await page.waitForURL((url) => url.origin === provider.issuer || url.pathname !== "/sign-in");
  if (page.url().startsWith(provider.issuer)) await enterThere(page, user);
}

test("an administrator sets the provider up, sees that it works, and writes a rule", async () => {
  const page = await demo.as("admin@demo");
  await page.goto("/admin");
  await page.getByRole("link", { name: "Sign-in through others" }).click();
  await axeBoth(page, "admin-sign-in");
  await page.getByRole("link", { name: "OpenID Connect" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Check-in");
  await page.getByLabel("Key in addresses").fill("checkin");
  await page.getByLabel("Issuer").fill(provider.issuer);
  await page.getByLabel("Client id").fill("desk");
  await page.getByLabel("Scopes besides openid").fill("profile email eduperson_entitlement");
  await page.getByLabel("Client secret").fill("a wrong one");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Check-in is saved").waitFor();
  await page.getByRole("button", { name: "Test the connection" }).click();
  await page.getByText("invalid_client").waitFor();
  await page.getByLabel("Client secret").fill("desk-secret-of-the-browser-tests");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("One is stored and is not shown").waitFor();
  assert.ok(!(await page.content()).includes("desk-secret-of-the-browser-tests"), "the secret is not shown again");
  await page.getByRole("button", { name: "Test the connection" }).click();
  await page.getByRole("heading", { name: "What the test found" }).waitFor();
  assert.equal(await main(page).getByText("Wrong:").count(), 0);
  await axeBoth(page, "admin-sign-in-provider");

  await page.goto("/admin/entitlements");
  await page.getByLabel("Entitlement", { exact: true }).fill(lead);
  await page.getByLabel("Brings into the unit").selectOption("storage");
  await page.getByLabel("As", { exact: true }).selectOption("member");
  await page.getByRole("button", { name: "Whom would this touch?" }).click();
  await page.getByText("It would change nothing for anybody").waitFor();
  await page.getByRole("button", { name: "Add the rule" }).click();
  await page.getByText("The rule counts from").waitFor();
  await axeBoth(page, "admin-entitlements");
  quiet(page);
  await page.context().close();
});

test("a unit comes with an entitlement and goes with it", async () => {
  const page = await demo.visitor();
  await page.goto("/sign-in");
  await axeBoth(page, "visitor-sign-in-others");
  provider.users.alice.eduperson_entitlement = [lead];
  await comeThrough(page, "alice");
  await page.waitForURL((url) => url.pathname.startsWith("/work"));
  await page.goto("/account");
  const storage = (await demo.api("storage@demo", "/api/v1/units")).items.find((u) => u.key === "storage").name;
  assert.ok((await main(page).innerText()).includes(storage), "she is in the unit");
  await axeBoth(page, "account-identities");

  // What it would take is shown before it is taken.
  provider.users.alice.eduperson_entitlement = [];
  await comeThroughAgain(page);
  await page.goto("/account");
  assert.ok(!(await main(page).innerText()).includes(storage), "she is out of it");
  quiet(page);
  await page.context().close();
});

/** Signs out here, but not there, and in again: the provider still knows her. */
async function comeThroughAgain(page) {
  await page.goto("/account");
  await page.evaluate(() => document.querySelector("form[action='/sign-out']").requestSubmit());
  await page.getByRole("heading", { name: "You are signed out here" }).waitFor();
  await comeThrough(page, "alice");
}

test("who has an account links it, with the password, and takes it off again", async () => {
  const page = await demo.as("user@demo");
  await page.goto("/account");
  await page.getByRole("link", { name: "Link Check-in" }).click();
  await enterThere(page, "bob");
  await page.getByRole("heading", { name: "Link Check-in to your account?" }).waitFor();
  await page.getByText("bob@idp.example").waitFor();
  await axeBoth(page, "link-identity");
  await page.getByLabel("Password of your account here").fill("not the one");
  await page.getByRole("button", { name: "Link it" }).click();
  await page.getByRole("link", { name: /is not that of your account/ }).waitFor();
  await page.getByLabel("Password of your account here").fill(demo.person("user@demo").password);
  await page.getByRole("button", { name: "Link it" }).click();
  await page.getByText("You can sign in with Check-in from now on").waitFor();

  const other = await demo.visitor();
  await comeThrough(other, "bob");
  await other.goto("/account");
  await main(other).getByText("user@demo").first().waitFor();

  await page.goto("/account");
  await page.getByRole("button", { name: /^Unlink/ }).click();
  await page.getByText("It is no way into your account any more").waitFor();
  await other.goto("/account");
  await other.waitForURL(/\/sign-in/);
  quiet(page);
  quiet(other);
  await page.context().close();
  await other.context().close();
});

test("who logs out at the provider is out here, and who says no there is told so", async () => {
  const page = await demo.visitor();
  await comeThrough(page, "alice");
  await page.goto("/account");
  await page.getByRole("heading", { name: "Your account" }).waitFor();
  const there = await page.context().newPage();
  await there.goto(`${provider.issuer}/session/end`);
  await there.getByRole("button", { name: "Yes" }).click();
  await there.getByText(/sign-out success|signed out|success/i).first().waitFor();
  // The provider tells the desk beside its answer to her.
  for (let i = 0; i < 20; i++) {
    await page.goto("/account");
    if (page.url().includes("/sign-in")) break;
    await page.waitForTimeout(500);
  }
  assert.match(page.url(), /\/sign-in/, `still signed in; the provider says: ${provider.failures.join("; ")}`);

  await page.getByRole("link", { name: "Sign in with Check-in" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("You did not sign in at Check-in").waitFor();
  quiet(page);
  await page.context().close();
});
