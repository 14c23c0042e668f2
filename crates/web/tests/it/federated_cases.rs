//! Everything that can be wrong with a sign-in through OpenID Connect (bar A-07):
//! one row each, with what the log has to say. `federated` plays them.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::scripted::{Reply, Script, SentBack, Sign};

/// A change of an answer, by path.
type Answering = fn(&str, &mut Reply);

/// How the browser comes back.
pub(crate) struct Way {
    /// Under which provider's address.
    pub(crate) key: &'static str,
    pub(crate) sent: SentBack,
    /// Whether the issuer is said.
    pub(crate) says_iss: bool,
    /// Another browser than the one that went.
    pub(crate) elsewhere: bool,
    /// It has been that way already.
    pub(crate) twice: bool,
    /// With the code of an earlier sign-in that was used.
    pub(crate) used_code: bool,
    /// With the code of a sign-in somewhere else.
    pub(crate) foreign_code: bool,
    /// So many minutes later.
    pub(crate) minutes: i64,
}

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) script: Script,
    pub(crate) way: fn(&mut Way),
    /// What the log says, in part.
    pub(crate) reason: &'static str,
}

fn case(name: &'static str, script: Script, reason: &'static str) -> Case {
    Case {
        name,
        script,
        way: |_| {},
        reason,
    }
}

/// The token's claims are other than they should be.
fn claims(name: &'static str, twist: fn(&mut Value), reason: &'static str) -> Case {
    let script = Script {
        claims: Some(twist),
        ..Script::default()
    };
    case(name, script, reason)
}

fn head(name: &'static str, twist: fn(&mut Value), reason: &'static str) -> Case {
    let script = Script {
        head: Some(twist),
        ..Script::default()
    };
    case(name, script, reason)
}

fn signed(name: &'static str, sign: Sign, reason: &'static str) -> Case {
    let script = Script {
        sign,
        ..Script::default()
    };
    case(name, script, reason)
}

fn discovery(name: &'static str, twist: fn(&mut Value), reason: &'static str) -> Case {
    let script = Script {
        discovery: Some(twist),
        ..Script::default()
    };
    case(name, script, reason)
}

fn reply(name: &'static str, twist: Answering, reason: &'static str) -> Case {
    let script = Script {
        reply: Some(twist),
        ..Script::default()
    };
    case(name, script, reason)
}

fn way(name: &'static str, way: fn(&mut Way), reason: &'static str) -> Case {
    Case {
        way,
        ..case(name, Script::default(), reason)
    }
}

pub(crate) fn remove(value: &mut Value, key: &str) {
    value.as_object_mut().unwrap().remove(key);
}

pub(crate) fn later(value: &mut Value, key: &str, seconds: i64) {
    value[key] = json!(value["iat"].as_i64().unwrap() + seconds);
}

const HUGE: usize = 400_000;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        // What the token says.
        claims(
            "another issuer",
            |c| c["iss"] = json!("https://evil.example"),
            "Invalid issuer",
        ),
        claims(
            "another tenant of the issuer",
            |c| {
                let iss = format!("{}/tenant-2", c["iss"].as_str().unwrap());
                c["iss"] = json!(iss);
            },
            "Invalid issuer",
        ),
        claims(
            "issuer with a slash more",
            |c| {
                let iss = format!("{}/", c["iss"].as_str().unwrap());
                c["iss"] = json!(iss);
            },
            "Invalid issuer",
        ),
        claims("no issuer", |c| remove(c, "iss"), "can not be read"),
        claims(
            "for another client",
            |c| c["aud"] = json!("other"),
            "Invalid audiences",
        ),
        claims("for nobody", |c| c["aud"] = json!([]), "Invalid audiences"),
        claims("no audience", |c| remove(c, "aud"), "Invalid audiences"),
        claims(
            "for several without saying whom",
            |c| c["aud"] = json!(["desk", "other"]),
            "azp",
        ),
        claims(
            "made for another party",
            |c| {
                c["aud"] = json!(["desk", "other"]);
                c["azp"] = json!("other");
            },
            "azp",
        ),
        claims(
            "party that is no text",
            |c| c["azp"] = json!(7),
            "can not be read",
        ),
        claims(
            "another nonce",
            |c| c["nonce"] = json!("n".repeat(43)),
            "nonce",
        ),
        claims("no nonce", |c| remove(c, "nonce"), "nonce"),
        claims("expired", |c| later(c, "exp", -120), "Expired"),
        claims("without an end", |c| remove(c, "exp"), "can not be read"),
        claims("not valid yet", |c| later(c, "nbf", 600), "nbf"),
        claims("made in the future", |c| later(c, "iat", 600), "future"),
        claims("no subject", |c| remove(c, "sub"), "can not be read"),
        claims("empty subject", |c| c["sub"] = json!(""), "sub"),
        claims("subject of spaces", |c| c["sub"] = json!("  "), "sub"),
        claims(
            "subject that is no text",
            |c| c["sub"] = json!(1),
            "can not be read",
        ),
        // How it is signed.
        signed("not signed", Sign::Nothing, ""),
        signed(
            "public key as shared secret",
            Sign::PublicKeyAsSecret,
            "Disallowed",
        ),
        signed(
            "client secret as shared secret",
            Sign::ClientSecret,
            "Disallowed",
        ),
        signed("another key under the known name", Sign::OtherKey, "Crypto"),
        signed(
            "a key that nobody knows",
            Sign::UnknownKey,
            "No matching key",
        ),
        signed("changed after signing", Sign::ChangedAfterwards, "Crypto"),
        head(
            "an algorithm that its key is not for",
            |h| h["alg"] = json!("RS256"),
            "No matching key",
        ),
        head("none in capitals", |h| h["alg"] = json!("NONE"), ""),
        head(
            "a demand that is not known",
            |h| h["crit"] = json!(["exp"]),
            "critical",
        ),
        head(
            "a key that it brings along",
            |h| {
                remove(h, "kid");
                h["kid"] = json!("mine");
                h["jwk"] = json!({ "kty": "oct", "k": "c2VjcmV0" });
            },
            "No matching key",
        ),
        // How the browser comes back.
        way("no state", |w| w.sent.state.clear(), "state"),
        way("another state", |w| w.sent.state = "s".repeat(43), "state"),
        way(
            "state of another browser",
            |w| w.elsewhere = true,
            "another browser",
        ),
        way("state that was used", |w| w.twice = true, "has been used"),
        way("state of eleven minutes ago", |w| w.minutes = 11, "too old"),
        way("no code", |w| w.sent.code.clear(), "code"),
        way(
            "a code that was used",
            |w| w.used_code = true,
            "invalid_grant",
        ),
        way(
            "a code that is made up",
            |w| w.sent.code = "code-x".into(),
            "invalid_grant",
        ),
        way(
            "the code of somebody else's sign-in",
            |w| w.foreign_code = true,
            "invalid_grant",
        ),
        Case {
            script: Script {
                careless: true,
                ..Script::default()
            },
            ..way(
                "the same at a provider without PKCE",
                |w| w.foreign_code = true,
                "nonce",
            )
        },
        way("back to another provider", |w| w.key = "other", "mix-up"),
        way(
            "the answer of another issuer",
            |w| w.sent.iss = "https://evil.example".into(),
            "mix-up",
        ),
        way(
            "an answer that does not say whose",
            |w| w.says_iss = false,
            "iss",
        ),
        // What else the provider says.
        discovery(
            "discovery of another issuer",
            |d| d["issuer"] = json!("https://evil.example"),
            "speaks for",
        ),
        discovery(
            "token endpoint in the private network",
            |d| {
                d["token_endpoint"] = json!("https://10.0.0.1/token");
            },
            "private network",
        ),
        discovery(
            "keys at the cloud's metadata",
            |d| {
                d["jwks_uri"] = json!("http://169.254.169.254/latest/");
            },
            "169.254.169.254",
        ),
        discovery(
            "user info in the open",
            |d| {
                d["userinfo_endpoint"] = json!("http://idp.example/userinfo");
            },
            "https",
        ),
        discovery(
            "keys in a file",
            |d| d["jwks_uri"] = json!("file:///etc/passwd"),
            "/etc/passwd",
        ),
        reply(
            "discovery that sends on elsewhere",
            |p, r| {
                if p.starts_with("/.well-known") {
                    *r = Reply::redirect("http://127.0.0.1:1/");
                }
            },
            "sends on",
        ),
        reply(
            "token endpoint that sends on into the network",
            |p, r| {
                if p == "/token" {
                    *r = Reply::redirect("http://169.254.169.254/");
                }
            },
            "sends on",
        ),
        reply(
            "discovery without end",
            |p, r| {
                if p.starts_with("/.well-known") {
                    r.body = " ".repeat(HUGE);
                }
            },
            "more than",
        ),
        reply(
            "tokens without end",
            |p, r| {
                if p == "/token" {
                    r.body.push_str(&" ".repeat(HUGE));
                }
            },
            "more than",
        ),
        reply(
            "keys that are none",
            |p, r| {
                if p == "/jwks" {
                    r.body = "<html>".into();
                }
            },
            "no JSON",
        ),
        reply(
            "a token endpoint that fails",
            |p, r| {
                if p == "/token" {
                    r.status = 500;
                }
            },
            "token endpoint",
        ),
        reply(
            "a token endpoint that knows nobody",
            |p, r| {
                if p == "/token" {
                    r.status = 401;
                    r.body = json!({ "error": "invalid_client" }).to_string();
                }
            },
            "invalid_client",
        ),
        case(
            "no ID token",
            Script {
                token: Some(|t| remove(t, "id_token")),
                ..Script::default()
            },
            "no ID token",
        ),
        case(
            "an ID token that is none",
            Script {
                token: Some(|t| t["id_token"] = json!("a.b.c")),
                ..Script::default()
            },
            "can not be read",
        ),
        case(
            "user info of somebody else",
            Script {
                user_info: Some(|u| u["sub"] = json!("otto-1")),
                ..Script::default()
            },
            "somebody else",
        ),
        case(
            "user info of nobody",
            Script {
                user_info: Some(|u| remove(u, "sub")),
                ..Script::default()
            },
            "somebody else",
        ),
        reply(
            "user info that fails",
            |p, r| {
                if p == "/userinfo" {
                    r.status = 503;
                }
            },
            "user info",
        ),
        reply(
            "a provider that takes too long",
            |p, r| {
                if p == "/token" {
                    r.wait = Duration::from_secs(30);
                }
            },
            "too long",
        ),
    ]
}
