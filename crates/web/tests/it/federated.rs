//! Signing in through OpenID Connect: what is taken, what is turned away with a
//! reason in the log and without a session (bar A-07), and linking.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use desk::provider::Draft;
use desk::{Error, SignedIn};
use serde_json::{Value, json};
use store::provider::{EntitlementRule, Kind, ProviderDoc};
use switchboard_core::staff::Rights;
use switchboard_core::{Actor, Channel, Part};
use testkit::scripted::{CLIENT, CLIENT_SECRET, Script, Scripted, SentBack, Sign};
use testkit::{TestDesk, both, on_sqlite};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use uuid::Uuid;

use crate::browser::{Browser, PASSWORD};
use crate::federated_cases::{Case, Way, cases, later, remove};
use crate::second_factor::{code, with_app};

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

/// What the log says of a provider that does not answer in time.
const SLOW: &str = "took too long";

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
        desk.run_jobs().await;
        let mail = desk.sent_mail().pop().unwrap();
        assert_eq!(mail.to, f.rita.email);
        assert_eq!(mail.subject, "A way to sign in was added to your account");
        assert!(
            mail.text.contains("Provider op (Wanda Wagner)"),
            "{}",
            mail.text
        );

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
        desk.run_jobs().await;
        assert_eq!(
            desk.sent_mail().pop().unwrap().subject,
            "A way to sign in was taken off your account"
        );
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

        // Without a password here, what is linked needs a sign-in a moment ago.
        let other = Scripted::start(desk.desk.now()).await;
        known(&desk, "second", &other.issuer()).await;
        let mut late = Browser::new(&desk);
        late.cookies.clone_from(&wanda.cookies);
        desk.clock.advance(11 * 60_000);
        other.play(Script::default(), desk.desk.now());
        let answer = late.get("/sign-in/with/second?link=1").await.expect(303);
        let sent = other.authorize(answer.header("location"));
        let answer = late.get(&way_back("second", &sent)).await.expect(303);
        let confirm = answer.header("location").to_owned();
        let page = late.send(&confirm, &[]).await.expect(403).text();
        assert!(page.contains("Confirm that it is you"));
        assert_eq!(desk.desk.identities(person.id).await.unwrap().len(), 1);
        late.send("/account/unlink", &[("identity", &id)])
            .await
            .expect(403);

        // A passkey is a way in; then that is the only one.
        let me = person.id;
        let key = store::factor::Passkey {
            id: b"key".to_vec(),
            person: me,
            name: "Key".into(),
            doc: "{}".into(),
            created_at: 0,
            used_at: None,
        };
        desk.desk
            .db()
            .write(move |c| store::factor::insert_passkey(c, &key))
            .await
            .unwrap();
        let signed_in = |desk: Arc<TestDesk>| async move {
            SignedIn {
                actor: desk.desk.actor_for(me, Channel::Web).await.unwrap(),
                person: desk
                    .desk
                    .person_by_email("wanda@idp.example")
                    .await
                    .unwrap(),
                csrf: String::new(),
                id_hash: Vec::new(),
                proved_at: desk.desk.now(),
            }
        };
        let who = signed_in(desk.clone()).await;
        let identity = Uuid::parse_str(&id).unwrap();
        desk.desk.unlink_identity(&who, identity).await.unwrap();
        assert!(desk.desk.identities(me).await.unwrap().is_empty());
        let refused = desk.desk.remove_passkey(&who, b"key").await;
        assert!(
            matches!(refused, Err(desk::Error::Conflict(_))),
            "{refused:?}"
        );
    });
}

/// Who set up a second step here gives it by whichever way they come, but for a
/// provider whose signed token says that they gave one there.
#[test]
fn a_second_step_here_is_asked_for_whichever_way_they_come() {
    both(|desk| async move {
        let f = desk.federation().await;
        let provider = Scripted::start(desk.desk.now()).await;
        known(&desk, "op", &provider.issuer()).await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let answer = sign_in(&mut rita, &provider, "?link=1").await.expect(303);
        let confirm = answer.header("location").to_owned();
        rita.send(&confirm, &[("password", PASSWORD)])
            .await
            .expect(303);
        let (seed, _) = with_app(&desk, &mut rita).await;
        desk.clock.advance(60_000);
        provider.play(Script::default(), desk.desk.now());

        let mut again = Browser::new(&desk);
        // A session that somebody else chose is not taken over.
        again.cookies.insert("sb_session".into(), "chosen".into());
        let answer = sign_in(&mut again, &provider, "?next=/tickets")
            .await
            .expect(303);
        assert_eq!(answer.header("location"), "/sign-in/code?next=/tickets");
        assert!(
            !is_signed_in(&mut again).await,
            "the first step is no session"
        );
        let fields = [("code", code(&desk, &seed)), ("next", "/tickets".into())];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
        again.send("/sign-in/code", &fields).await.expect(303);
        assert!(is_signed_in(&mut again).await);
        assert_ne!(again.cookies["sb_session"], "chosen");
        assert!(again.cookies.contains_key("sb_device"), "it is known now");

        // Logging out there ends the session, and a sign-in that is half done.
        desk.clock.advance(60_000);
        provider.play(Script::default(), desk.desk.now());
        let mut half = Browser::new(&desk);
        sign_in(&mut half, &provider, "").await.expect(303);
        let mut machine = Browser::new(&desk);
        let token = provider.logout_token("after the step");
        machine
            .send_raw("/sign-in/with/op/logout", &format!("logout_token={token}"))
            .await
            .expect(200);
        assert!(!is_signed_in(&mut again).await);
        let late = code(&desk, &seed);
        half.send("/sign-in/code", &[("code", &late)])
            .await
            .expect(422);
        assert!(!is_signed_in(&mut half).await);

        // The token says that there were two steps; user info says nothing of it.
        let amr: fn(&mut Value) = |c| c["amr"] = json!(["pwd", "mfa"]);
        let acr: fn(&mut Value) = |c| c["acr"] = json!("https://refeds.org/profile/mfa");
        let one: fn(&mut Value) = |c| c["amr"] = json!(["pwd"]);
        for (claims, user_info, asked) in [
            (Some(amr), None, false),
            (Some(acr), None, false),
            (Some(one), None, true),
            (None, Some(amr), true),
            (None, Some(acr), true),
        ] {
            let script = Script {
                claims,
                user_info,
                ..Script::default()
            };
            provider.play(script, desk.desk.now());
            let mut browser = Browser::new(&desk);
            sign_in(&mut browser, &provider, "").await.expect(303);
            assert_eq!(is_signed_in(&mut browser).await, !asked);
        }
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
        let person = desk
            .desk
            .person_by_email("wanda@idp.example")
            .await
            .unwrap();
        desk.run_jobs().await;
        let told = desk.sent_mail();
        assert!(
            told.iter()
                .any(|m| m.to == "wanda@idp.example" && m.subject == "You are a member of Kernel"),
            "{told:?}"
        );
        let open = json!({"subject": "S", "description": "D", "unit": "kernel"});
        let ticket = desk.post(&f.fay, "/tickets", open).await.expect(201);
        let path = format!("/tickets/{}", ticket.number());
        desk.patch(&f.ada, &path, json!({"owner": "wanda@idp.example"}))
            .await
            .expect(200);

        // Without it at the next sign-in: out again, also where she is open.
        says(json!([]));
        let mut second = Browser::new(&desk);
        let answer = sign_in(&mut second, &provider, "").await.expect(303);
        assert_eq!(answer.header("location"), "/");
        assert_eq!(wanda.get("/work").await.status, 403);
        let ticket = desk.get(&f.ada, &path).await.expect(200).json;
        assert!(ticket["owner"].is_null(), "it is nobody's again: {ticket}");

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
        let wish = |r: Rights| Rights { support: true, ..r };
        desk.desk
            .change_rights(&operator(), person.id, wish, "")
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
        // Where she is a member; the form beside it offers all communities.
        let communities = async |browser: &mut Browser| {
            let page = browser.page("/account").await;
            let rest = page
                .split_once("<dt>Communities</dt>")
                .map(|(_, rest)| rest);
            let named = rest.and_then(|rest| Some(rest.split_once("</dd>")?.0));
            named.unwrap_or_default().to_owned()
        };
        let account = communities(&mut wanda).await;
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
        let account = communities(&mut wanda).await;
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
        assert!(!communities(&mut second).await.contains("juno"));

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
            let mut tries = 0;
            let (mut browser, reasons) = loop {
                desk.clock.advance(11 * 60_000);
                provider.play(case.script, desk.desk.now());
                logged.take();
                let browser = attempt(&desk, &provider, case).await;
                let reasons = logged.take();
                // A machine that is busy with other things says nothing about the case.
                let slow = reasons.iter().any(|r| r.contains(SLOW));
                tries += 1;
                if !slow || case.reason.contains(SLOW) || tries == 5 {
                    break (browser, reasons);
                }
            };
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
