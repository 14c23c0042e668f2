//! Signing in through OpenID Connect: what is taken, what is turned away with a
//! reason in the log and without a session (bar A-07), and linking.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use desk::Error;
use desk::provider::Draft;
use serde_json::{Value, json};
use store::provider::{EntitlementRule, Kind, ProviderDoc};
use switchboard_core::{Actor, Channel, Part};
use testkit::scripted::{CLIENT, CLIENT_SECRET, Reply, Script, Scripted, SentBack, Sign};
use testkit::{TestDesk, both, on_sqlite};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use uuid::Uuid;

use crate::browser::{Browser, PASSWORD};

/// The reasons that were logged.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<String>>>);

struct Reason(Option<String>);

impl tracing::field::Visit for Reason {
    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        if field.name() == "reason" {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn Debug) {
        if field.name() == "reason" {
            self.0 = Some(format!("{value:?}"));
        }
    }
}

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Logged {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut reason = Reason(None);
        event.record(&mut reason);
        self.0.lock().unwrap().extend(reason.0);
    }
}

impl Logged {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A change of an answer, by path.
type Answering = fn(&str, &mut Reply);

fn operator() -> Actor {
    Actor::system(Channel::Cli)
}

/// Makes a provider known to the desk, under this key.
async fn known(desk: &TestDesk, key: &str, issuer: &str) -> Uuid {
    desk.desk
        .save_provider(
            &operator(),
            Draft {
                id: None,
                key: key.into(),
                kind: Kind::Oidc,
                name: format!("Provider {key}"),
                issuer: issuer.into(),
                doc: ProviderDoc {
                    client_id: CLIENT.into(),
                    scopes: vec!["profile".into(), "email".into()],
                    entitlements: vec!["eduperson_entitlement".into()],
                    ..ProviderDoc::default()
                },
                secret: Some(CLIENT_SECRET.into()),
                active: true,
                position: 1,
            },
        )
        .await
        .unwrap()
        .id
}

/// Goes to the provider `op` and signs in there.
async fn there(browser: &mut Browser, provider: &Scripted, query: &str) -> SentBack {
    let answer = browser
        .get(&format!("/sign-in/with/op{query}"))
        .await
        .expect(303);
    provider.authorize(answer.header("location"))
}

fn way_back(key: &str, sent: &SentBack) -> String {
    let SentBack { code, state, iss } = sent;
    let iss = iss.replace(':', "%3A").replace('/', "%2F");
    format!("/sign-in/with/{key}/back?code={code}&state={state}&iss={iss}")
}

/// The whole way; gives what the desk answers in the end.
async fn sign_in(browser: &mut Browser, provider: &Scripted, query: &str) -> testkit::Answer {
    let sent = there(browser, provider, query).await;
    browser.get(&way_back("op", &sent)).await
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/account").await.status == 200
}

#[test]
fn a_first_sign_in_makes_a_person_and_the_next_finds_them() {
    both(|desk| async move {
        let provider = Scripted::start(desk.desk.now()).await;
        known(&desk, "op", &provider.issuer()).await;
        let mut wanda = Browser::new(&desk);
        let page = wanda.page("/sign-in?next=/tickets").await;
        assert!(page.contains("href=\"/sign-in/with/op?next=/tickets\""));
        let answer = sign_in(&mut wanda, &provider, "?next=/tickets")
            .await
            .expect(303);
        assert_eq!(answer.header("location"), "/tickets");
        let page = wanda.page("/account").await;
        assert!(page.contains("Wanda Wagner") && page.contains("wanda@idp.example"));
        let person = desk
            .desk
            .person_by_email("wanda@idp.example")
            .await
            .unwrap();

        // The address may change; issuer and subject tell who it is. A provider
        // that changes its keys is asked for the new ones.
        provider.says(json!({ "sub": "wanda-1", "name": "Wanda W.", "email": "new@idp.example" }));
        provider.rotate();
        desk.clock.advance(60_000);
        provider.play(Script::default(), desk.desk.now());
        let mut other = Browser::new(&desk);
        sign_in(&mut other, &provider, "").await.expect(303);
        let mine = desk.desk.identities(person.id).await.unwrap();
        assert_eq!(mine.len(), 1);
        assert_eq!(mine[0].identity.name, "Wanda W.");
        let log = desk.desk.sessions(person.id).await.unwrap();
        assert_eq!(log.len(), 2, "both browsers are hers");
    });
}

#[test]
fn an_address_never_ties_a_sign_in_to_an_account() {
    both(|desk| async move {
        let f = desk.federation().await;
        let provider = Scripted::start(desk.desk.now()).await;
        known(&desk, "op", &provider.issuer()).await;
        let mail = f.rita.email.clone();
        provider.says(json!({ "sub": "r", "name": "R", "email": mail, "email_verified": true }));
        let mut stranger = Browser::new(&desk);
        let page = sign_in(&mut stranger, &provider, "")
            .await
            .expect(409)
            .text();
        assert!(page.contains("then link Provider op"), "it says what to do");
        assert!(!is_signed_in(&mut stranger).await);
        assert!(desk.desk.identities(f.rita.id).await.unwrap().is_empty());

        // An address that nobody checked is nobody's: a person of their own.
        provider.says(json!({ "sub": "r", "name": "R", "email": mail, "email_verified": false }));
        sign_in(&mut stranger, &provider, "").await.expect(303);
        let page = stranger.page("/account").await;
        assert!(is_signed_in(&mut stranger).await);
        assert!(!page.contains("Tokens for programs</h2></header>\n<p>rita"));
        assert!(desk.desk.identities(f.rita.id).await.unwrap().is_empty());
        let rita = desk.desk.person_by_email(&mail).await.unwrap();
        assert_eq!(rita.id, f.rita.id, "the address stays hers");
    });
}

#[test]
fn linking_needs_the_account_its_password_and_its_word() {
    both(|desk| async move {
        let f = desk.federation().await;
        let provider = Scripted::start(desk.desk.now()).await;
        known(&desk, "op", &provider.issuer()).await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let answer = sign_in(&mut rita, &provider, "?link=1").await.expect(303);
        let confirm = answer.header("location").to_owned();
        assert!(confirm.starts_with("/account/identities/"), "{confirm}");
        let page = rita.page(&confirm).await;
        assert!(page.contains("Wanda Wagner") && page.contains("type=\"password\""));
        assert!(
            desk.desk.identities(f.rita.id).await.unwrap().is_empty(),
            "not yet"
        );

        // What waits for Rita is nothing to anybody else.
        let mut otto = Browser::of(&desk, &f.otto).await;
        otto.get(&confirm).await.expect(409);
        otto.send(&confirm, &[("password", PASSWORD)])
            .await
            .expect(409);

        rita.send(&confirm, &[("password", "wrong")])
            .await
            .expect(422);
        rita.send(&confirm, &[("password", PASSWORD)])
            .await
            .expect(303);
        rita.send(&confirm, &[("password", PASSWORD)])
            .await
            .expect(409);
        let mine = desk.desk.identities(f.rita.id).await.unwrap();
        assert_eq!(mine.len(), 1);

        // Now it signs in as Rita; and Otto can not have it.
        let mut again = Browser::new(&desk);
        sign_in(&mut again, &provider, "").await.expect(303);
        assert!(again.page("/account").await.contains(&f.rita.email));
        sign_in(&mut otto, &provider, "?link=1").await.expect(303);
        assert!(
            otto.page("/account")
                .await
                .contains("belongs to another account")
        );
        assert!(desk.desk.identities(f.otto.id).await.unwrap().is_empty());

        // Off again: the session that began with it ends, the password stays.
        let id = mine[0].identity.id.to_string();
        otto.send("/account/unlink", &[("identity", &id)])
            .await
            .expect(404);
        rita.send("/account/unlink", &[("identity", &id)])
            .await
            .expect(303);
        assert!(desk.desk.identities(f.rita.id).await.unwrap().is_empty());
        assert!(!is_signed_in(&mut again).await);
        assert!(is_signed_in(&mut rita).await);
    });
}

#[test]
fn the_only_way_in_stays() {
    on_sqlite(|desk| async move {
        let provider = Scripted::start(desk.desk.now()).await;
        known(&desk, "op", &provider.issuer()).await;
        let mut wanda = Browser::new(&desk);
        sign_in(&mut wanda, &provider, "").await.expect(303);
        let person = desk
            .desk
            .person_by_email("wanda@idp.example")
            .await
            .unwrap();
        let id = desk.desk.identities(person.id).await.unwrap()[0]
            .identity
            .id
            .to_string();
        wanda
            .send("/account/unlink", &[("identity", &id)])
            .await
            .expect(303);
        assert!(
            wanda
                .page("/account")
                .await
                .contains("only way into your account")
        );
        assert_eq!(desk.desk.identities(person.id).await.unwrap().len(), 1);
    });
}

#[test]
fn rights_come_with_an_entitlement_and_go_with_it() {
    both(|desk| async move {
        let f = desk.federation().await;
        let provider = Scripted::start(desk.desk.now()).await;
        let id = known(&desk, "op", &provider.issuer()).await;
        let rule = |pattern: &str, part| EntitlementRule {
            id: Uuid::nil(),
            provider: Some(id),
            pattern: pattern.into(),
            support: false,
            unit: Some((f.kernel, part)),
            community: None,
            position: 0,
        };
        let member = "urn:mace:egi.eu:group:vo.example.org:role=member#aai.egi.eu";
        let lead = "urn:mace:egi.eu:group:vo.example.org:role=lead#aai.egi.eu";
        for (pattern, part) in [(member, Part::Member), (lead, Part::Responsible)] {
            desk.desk
                .add_entitlement_rule(&operator(), rule(pattern, part))
                .await
                .unwrap();
        }
        let says = |list: Value| {
            provider.says(json!({
                "sub": "wanda-1", "name": "Wanda Wagner", "email": "wanda@idp.example",
                "email_verified": true, "eduperson_entitlement": list,
            }));
        };
        says(json!([member]));
        let mut wanda = Browser::new(&desk);
        let answer = sign_in(&mut wanda, &provider, "").await.expect(303);
        assert_eq!(answer.header("location"), "/work", "she is staff now");
        assert!(wanda.page("/account").await.contains("Kernel"));

        // Without it at the next sign-in: out again, also where she is open.
        says(json!([]));
        let mut second = Browser::new(&desk);
        let answer = sign_in(&mut second, &provider, "").await.expect(303);
        assert_eq!(answer.header("location"), "/");
        assert_eq!(wanda.get("/work").await.status, 403);

        // The only responsible stays until there is another.
        says(json!([lead]));
        sign_in(&mut second, &provider, "").await.expect(303);
        says(json!([]));
        sign_in(&mut second, &provider, "").await.expect(303);
        assert!(
            second
                .page("/account")
                .await
                .contains("Kernel (responsible)")
        );
        let log = desk
            .desk
            .audit_log(
                &operator(),
                store::audit::Filter {
                    action: Some("unit.last_responsible_kept".into()),
                    ..Default::default()
                },
                10,
            )
            .await
            .unwrap();
        assert_eq!(log.len(), 1);
        desk.desk
            .set_member(f.kernel, f.stan.id, Part::Responsible)
            .await
            .unwrap();
        sign_in(&mut second, &provider, "").await.expect(303);
        assert!(!second.page("/account").await.contains("Kernel"));

        // What was given by hand is never taken.
        let person = desk
            .desk
            .person_by_email("wanda@idp.example")
            .await
            .unwrap();
        desk.desk
            .set_member(f.kernel, person.id, Part::Member)
            .await
            .unwrap();
        says(json!([member]));
        sign_in(&mut second, &provider, "").await.expect(303);
        says(json!([]));
        sign_in(&mut second, &provider, "").await.expect(303);
        assert!(second.page("/account").await.contains("Kernel"));
        let chain = desk.desk.check_audit().await.unwrap();
        assert_eq!(chain.problem, None);
    });
}

#[test]
fn communities_come_with_entitlements_and_go_with_them() {
    both(|desk| async move {
        let f = desk.federation().await;
        let provider = Scripted::start(desk.desk.now()).await;
        let id = known(&desk, "op", &provider.issuer()).await;
        let group = |vo: &str| format!("urn:mace:egi.eu:group:{vo}:role=member#aai.egi.eu");
        let rule = |vo: &str, community: &str| EntitlementRule {
            id: Uuid::nil(),
            provider: Some(id),
            pattern: group(vo),
            support: false,
            unit: None,
            community: Some(community.into()),
            position: 0,
        };
        for key in ["belle", "juno"] {
            desk.community(key, false).await;
        }
        // A rule takes any name of the community, and none that nobody knows.
        for (vo, name) in [("vo.belle", "The BELLE collaboration"), ("vo.juno", "juno")] {
            desk.desk
                .add_entitlement_rule(&operator(), rule(vo, name))
                .await
                .unwrap();
        }
        let unknown = rule("vo.atlas", "atlas");
        let refused = desk.desk.add_entitlement_rule(&operator(), unknown).await;
        assert!(
            matches!(&refused, Err(Error::Invalid { field, .. }) if field == "community"),
            "{refused:?}"
        );

        // Rita's ticket is open to her community.
        let open = json!({"subject": "Constants", "description": "Where?", "unit": "storage",
                          "community": "belle"});
        let number = desk.post(&f.rita, "/tickets", open).await.number();
        let shared = json!({"visibility": "community"});
        desk.patch(&f.ada, &format!("/tickets/{number}"), shared)
            .await
            .expect(200);

        let says = |groups: &[&str]| {
            let groups: Vec<String> = groups.iter().map(|vo| group(vo)).collect();
            provider.says(json!({
                "sub": "wanda-1", "name": "Wanda Wagner", "email": "wanda@idp.example",
                "email_verified": true, "eduperson_entitlement": groups,
            }));
        };
        let page = format!("/tickets/{number}");
        says(&["vo.belle", "vo.juno"]);
        let mut wanda = Browser::new(&desk);
        sign_in(&mut wanda, &provider, "").await.expect(303);
        let account = wanda.page("/account").await;
        for name in ["The belle collaboration", "The juno collaboration"] {
            assert!(account.contains(name), "{name}");
        }
        assert!(wanda.page(&page).await.contains("Constants"));
        assert!(
            wanda
                .page("/tickets?community=1")
                .await
                .contains("Constants")
        );

        // One goes at the next sign-in, also where she is open; the other stays.
        says(&["vo.juno"]);
        let mut second = Browser::new(&desk);
        sign_in(&mut second, &provider, "").await.expect(303);
        assert_eq!(wanda.get(&page).await.status, 404);
        let account = wanda.page("/account").await;
        assert!(!account.contains("The belle collaboration"));
        assert!(account.contains("The juno collaboration"));

        // Who is there by an administrator's hand, too, stays without it.
        says(&["vo.belle"]);
        sign_in(&mut second, &provider, "").await.expect(303);
        desk.desk
            .put_into_community(&operator(), "belle", "wanda@idp.example", true)
            .await
            .unwrap();
        says(&[]);
        sign_in(&mut second, &provider, "").await.expect(303);
        assert!(wanda.page(&page).await.contains("Constants"));

        // A community that was retired since keeps nobody from signing in.
        let (mut retired, _) = desk.desk.community_page(&operator(), "juno").await.unwrap();
        retired.active = false;
        desk.desk
            .save_community(&operator(), retired, false)
            .await
            .unwrap();
        says(&["vo.juno"]);
        sign_in(&mut second, &provider, "").await.expect(303);
        assert!(!second.page("/account").await.contains("juno"));

        let deeds = async |action: &str| {
            let filter = store::audit::Filter {
                action: Some(action.into()),
                ..Default::default()
            };
            let log = desk.desk.audit_log(&operator(), filter, 20).await;
            log.unwrap().len()
        };
        assert_eq!(deeds("person.community_joined").await, 4);
        assert_eq!(deeds("person.community_left").await, 3);
        assert_eq!(desk.desk.check_audit().await.unwrap().problem, None);
    });
}

/// How the browser comes back.
struct Way {
    /// Under which provider's address.
    key: &'static str,
    sent: SentBack,
    /// Whether the issuer is said.
    says_iss: bool,
    /// Another browser than the one that went.
    elsewhere: bool,
    /// It has been that way already.
    twice: bool,
    /// With the code of an earlier sign-in that was used.
    used_code: bool,
    /// With the code of a sign-in somewhere else.
    foreign_code: bool,
    /// So many minutes later.
    minutes: i64,
}

struct Case {
    name: &'static str,
    script: Script,
    way: fn(&mut Way),
    /// What the log says, in part.
    reason: &'static str,
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

fn remove(value: &mut Value, key: &str) {
    value.as_object_mut().unwrap().remove(key);
}

fn later(value: &mut Value, key: &str, seconds: i64) {
    value[key] = json!(value["iat"].as_i64().unwrap() + seconds);
}

const HUGE: usize = 400_000;

fn cases() -> Vec<Case> {
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

async fn attempt(desk: &Arc<TestDesk>, provider: &Scripted, case: &Case) -> Browser {
    let mut browser = Browser::new(desk);
    let first = browser.get("/sign-in/with/op").await;
    if first.status != 303 {
        assert!(first.status >= 400, "{}: {}", case.name, first.status);
        return browser;
    }
    let mut way = Way {
        key: "op",
        sent: provider.authorize(first.header("location")),
        says_iss: true,
        elsewhere: false,
        twice: false,
        used_code: false,
        foreign_code: false,
        minutes: 0,
    };
    (case.way)(&mut way);
    if way.twice {
        browser.get(&way_back("op", &way.sent)).await.expect(303);
        browser.forget("sb_session");
    }
    if way.used_code {
        let mut earlier = Browser::new(desk);
        let sent = there(&mut earlier, provider, "").await;
        earlier.get(&way_back("op", &sent)).await.expect(303);
        way.sent.code = sent.code;
    }
    if way.foreign_code {
        let mut foreign = Browser::new(desk);
        way.sent.code = there(&mut foreign, provider, "").await.code;
    }
    desk.clock.advance(60_000 * way.minutes);
    if way.elsewhere {
        browser = Browser::new(desk);
        // It has been at the provider too, so it has a secret of its own.
        there(&mut browser, provider, "").await;
    }
    let mut path = way_back(way.key, &way.sent);
    if !way.says_iss {
        path = path.split("&iss=").next().unwrap().to_owned();
    }
    let answer = browser.get(&path).await;
    assert!(
        (400..600).contains(&answer.status) && answer.status != 500,
        "{}: {} to {}",
        case.name,
        answer.status,
        answer.header("location")
    );
    assert!(
        answer.text().contains("You are not signed in"),
        "{}",
        case.name
    );
    browser
}

#[test]
fn whatever_is_not_as_it_has_to_be_is_turned_away() {
    let logged = Logged::default();
    let _guard =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(logged.clone()));
    on_sqlite(|desk| async move {
        let provider = Scripted::start(desk.desk.now()).await;
        let other = Scripted::start(desk.desk.now()).await;
        known(&desk, "op", &provider.issuer()).await;
        known(&desk, "other", &other.issuer()).await;
        let cases = cases();
        let names: BTreeSet<&str> = cases.iter().map(|c| c.name).collect();
        assert_eq!(names.len(), cases.len(), "two cases have one name");
        assert!(names.len() >= 40, "only {} cases", names.len());
        let mut silent = Vec::new();
        for case in &cases {
            // What was said of itself before is too old to be believed.
            desk.clock.advance(11 * 60_000);
            provider.play(case.script, desk.desk.now());
            logged.take();
            let mut browser = attempt(&desk, &provider, case).await;
            let reasons = logged.take();
            if !reasons
                .iter()
                .any(|r| !r.is_empty() && r.contains(case.reason))
            {
                silent.push(format!(
                    "{}: {reasons:?} lacks {:?}",
                    case.name, case.reason
                ));
            }
            assert!(!is_signed_in(&mut browser).await, "{}", case.name);
            for secret in [CLIENT_SECRET, "access-1"] {
                assert!(reasons.iter().all(|r| !r.contains(secret)), "{}", case.name);
            }
        }
        assert!(silent.is_empty(), "{}", silent.join("\n"));
        // The desk has not simply stopped letting people in.
        desk.clock.advance(11 * 60_000);
        provider.play(Script::default(), desk.desk.now());
        let mut wanda = Browser::new(&desk);
        sign_in(&mut wanda, &provider, "").await.expect(303);
        assert!(is_signed_in(&mut wanda).await);
    });
}

#[test]
fn a_provider_that_is_down_leaves_the_other_ways() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let provider = Scripted::start(desk.desk.now()).await;
        known(&desk, "op", &provider.issuer()).await;
        drop(provider);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let mut nobody = Browser::new(&desk);
        let page = nobody.get("/sign-in/with/op").await.expect(503).text();
        assert!(page.contains("Provider op can not be reached at the moment"));
        assert!(
            page.contains("action=\"/sign-in\""),
            "the local form is there"
        );
        let mut rita = Browser::of(&desk, &f.rita).await;
        assert!(is_signed_in(&mut rita).await);
    });
}

#[test]
fn somebody_whose_account_is_off_does_not_come_in() {
    on_sqlite(|desk| async move {
        let provider = Scripted::start(desk.desk.now()).await;
        let id = known(&desk, "op", &provider.issuer()).await;
        // One who says no at the provider is told so.
        let mut wanda = Browser::new(&desk);
        let sent = there(&mut wanda, &provider, "").await;
        let path = format!(
            "/sign-in/with/op/back?error=access_denied&state={}",
            sent.state
        );
        let page = wanda.get(&path).await.expect(401).text();
        assert!(page.contains("Nothing has changed"));
        // A claim that everybody has to have.
        let of = |required: &[(&str, &str)], new_people| Draft {
            id: Some(id),
            key: "op".into(),
            kind: Kind::Oidc,
            name: "Provider op".into(),
            issuer: provider.issuer(),
            doc: ProviderDoc {
                client_id: CLIENT.into(),
                new_people,
                required: required
                    .iter()
                    .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                    .collect(),
                ..ProviderDoc::default()
            },
            secret: None,
            active: true,
            position: 1,
        };
        let draft = of(&[("hd", "uni.example")], true);
        desk.desk.save_provider(&operator(), draft).await.unwrap();
        sign_in(&mut wanda, &provider, "").await.expect(401);
        // No new people.
        desk.desk
            .save_provider(&operator(), of(&[], false))
            .await
            .unwrap();
        let page = sign_in(&mut wanda, &provider, "").await.expect(403).text();
        assert!(page.contains("no account here that is linked"));
        assert!(!is_signed_in(&mut wanda).await);
    });
}

#[test]
fn who_logs_out_at_the_provider_is_out_here() {
    let logged = Logged::default();
    let _guard =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(logged.clone()));
    on_sqlite(|desk| async move {
        let provider = Scripted::start(desk.desk.now()).await;
        known(&desk, "op", &provider.issuer()).await;
        let mut wanda = Browser::new(&desk);
        sign_in(&mut wanda, &provider, "").await.expect(303);
        let twist = |claims: fn(&mut Value)| Script {
            claims: Some(claims),
            ..Script::default()
        };
        let signed = |sign| Script {
            sign,
            ..Script::default()
        };
        let headed = |head: fn(&mut Value)| Script {
            head: Some(head),
            ..Script::default()
        };
        let faults: Vec<(&str, Script)> = vec![
            ("iss", twist(|c| c["iss"] = json!("https://evil.example"))),
            ("aud", twist(|c| c["aud"] = json!("other"))),
            ("aud", twist(|c| remove(c, "aud"))),
            ("iat", twist(|c| remove(c, "iat"))),
            ("iat", twist(|c| later(c, "iat", 600))),
            ("exp", twist(|c| remove(c, "exp"))),
            ("exp", twist(|c| later(c, "exp", -120))),
            ("events", twist(|c| remove(c, "events"))),
            ("events", twist(|c| c["events"] = json!({ "other": {} }))),
            ("nonce", twist(|c| c["nonce"] = json!("n"))),
            ("names nobody", twist(|c| remove(c, "sub"))),
            ("jti", twist(|c| remove(c, "jti"))),
            ("alg", signed(Sign::Nothing)),
            ("alg", signed(Sign::PublicKeyAsSecret)),
            ("not signed by", signed(Sign::OtherKey)),
            ("not signed by", signed(Sign::UnknownKey)),
            ("not signed by", signed(Sign::ChangedAfterwards)),
            ("typ", headed(|h| h["typ"] = json!("at+jwt"))),
            ("crit", headed(|h| h["crit"] = json!(["x"]))),
        ];
        let mut machine = Browser::new(&desk);
        let path = "/sign-in/with/op/logout";
        for (at, (reason, script)) in faults.into_iter().enumerate() {
            provider.play(script, desk.desk.now());
            let token = provider.logout_token(&format!("fault-{at}"));
            logged.take();
            let body = format!("logout_token={token}");
            machine.send_raw(path, &body).await.expect(400);
            let reasons = logged.take();
            assert!(
                reasons.iter().any(|r| r.contains(reason)),
                "{at}: {reasons:?}"
            );
            assert!(is_signed_in(&mut wanda).await, "{at} {reason}");
        }
        machine.send_raw(path, "logout_token=").await.expect(400);
        machine.send_raw(path, "other=1").await.expect(400);
        machine
            .send_raw("/sign-in/with/nobody/logout", "logout_token=x")
            .await
            .expect(404);

        provider.play(Script::default(), desk.desk.now());
        let token = provider.logout_token("right");
        machine
            .send_raw(path, &format!("logout_token={token}"))
            .await
            .expect(200);
        assert!(!is_signed_in(&mut wanda).await);
        machine
            .send_raw(path, &format!("logout_token={token}"))
            .await
            .expect(400);
        // By the session's name at the provider alone.
        sign_in(&mut wanda, &provider, "").await.expect(303);
        assert!(is_signed_in(&mut wanda).await);
        let by_sid = twist(|c| {
            remove(c, "sub");
            c["sid"] = json!("session-1");
        });
        provider.play(by_sid, desk.desk.now());
        let token = provider.logout_token("by sid");
        machine
            .send_raw(path, &format!("logout_token={token}"))
            .await
            .expect(200);
        assert!(!is_signed_in(&mut wanda).await);
    });
}

#[test]
fn leaving_offers_to_leave_the_provider_too() {
    on_sqlite(|desk| async move {
        let provider = Scripted::start(desk.desk.now()).await;
        known(&desk, "op", &provider.issuer()).await;
        let mut wanda = Browser::new(&desk);
        sign_in(&mut wanda, &provider, "").await.expect(303);
        let page = wanda.send("/sign-out", &[]).await.expect(200).text();
        assert!(page.contains(&format!("href=\"{}/end?client_id=desk", provider.issuer())));
        assert!(!is_signed_in(&mut wanda).await);
    });
}
