// A real OpenID Provider (npm oidc-provider, certified) shaped like EGI Check-in, with a login page of its own.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

export const entitlement = (group, role) => `urn:mace:egi.eu:group:${group}:role=${role}#aai.egi.eu`;

const key = (kind, options, more) => ({ ...generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" }), use: "sig", ...more });

/**
 * Starts it for a desk at `desk` that knows it as `name`. What its users have can be changed while it runs. Call `stop()` in
 * `after`. Everybody's password is `secret-NAME`.
 */
export async function startProvider({ desk, name }) {
  const users = {
    alice: { name: "Alice Agent", email: "alice@idp.example", email_verified: true, eduperson_entitlement: [] },
    bob: { name: "Bob Önska", email: "bob@idp.example", email_verified: true, eduperson_entitlement: [] },
  };
  const subject = (user) => `${user}-0001@egi.eu`;
  const userOf = (id) => id.replace(/-0001@egi\.eu$/, "");
  let handle;
  const server = createServer((request, response) => handle(request, response));
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: "desk",
      client_secret: "desk-secret-of-the-browser-tests",
      grant_types: ["authorization_code"],
      response_types: ["code"],
      redirect_uris: [`${desk}/sign-in/with/${name}/back`],
      post_logout_redirect_uris: [`${desk}/`],
      backchannel_logout_uri: `${desk}/sign-in/with/${name}/logout`,
    }],
    jwks: { keys: [key("rsa", { modulusLength: 2048 }, { alg: "RS256", kid: "k1" }), key("ec", { namedCurve: "P-256" }, { alg: "ES256", kid: "k2" })] },
    scopes: ["openid", "profile", "email", "eduperson_entitlement"],
    claims: { openid: ["sub"], profile: ["name"], email: ["email", "email_verified"], eduperson_entitlement: ["eduperson_entitlement"] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    cookies: { keys: ["browser tests"] },
    // Its own way to call the desk wants a newer Node than Debian has.
    fetch: (url, { dispatcher: _, ...options }) => fetch(url, { ...options, signal: AbortSignal.timeout(20_000) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    // No page that asks for consent.
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope(oidc.params.scope);
      await grant.save();
      return grant;
    },
    findAccount: async (_, id) => users[userOf(id)] && { accountId: id, claims: () => ({ sub: id, ...users[userOf(id)] }) },
  });
  const failures = [];
  provider.on("server_error", (_, error) => failures.push(String(error)));
  provider.on("backchannel.error", (_, error) => failures.push(`back-channel: ${error} ${error.cause ?? ""}`));
  const rest = provider.callback();
  handle = async (request, response) => {
    if (!request.url.startsWith("/interaction/")) return rest(request, response);
    try {
      await provider.interactionDetails(request, response);
      if (request.method === "POST") {
        let body = "";
        for await (const chunk of request) body += chunk;
        const form = new URLSearchParams(body);
        const user = form.get("login");
        if (form.has("cancel")) return await provider.interactionFinished(request, response, { error: "access_denied" });
        if (users[user] && form.get("password") === `secret-${user}`) {
          return await provider.interactionFinished(request, response, { login: { accountId: subject(user) } });
        }
      }
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end(`<!doctype html><html lang=en><title>Provider</title><main><h1>Provider</h1><form method=post><label>User <input name=login></label><label>Password <input name=password type=password></label><button>Sign in there</button><button name=cancel value=1>Cancel</button></form></main>`);
    } catch (error) {
      response.statusCode = 400;
      response.end(String(error));
    }
    return undefined;
  };
  const stop = () => new Promise((done) => { server.close(done); server.closeAllConnections(); });
  return { issuer, users, failures, stop };
}
