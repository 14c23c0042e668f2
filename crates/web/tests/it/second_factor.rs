//! Second factors and sessions from outside (bar ): two steps, codes
//! that work once, guesses that are slowed down without locking anybody out,
//! and nothing that changes how somebody signs in without a fresh proof.

use std::sync::Arc;

use store::audit::Filter;
use switchboard_core::{Actor, Channel};
use testkit::{TestDesk, both, on_sqlite};
use totp_rs::{Builder, Secret};

use crate::browser::{Browser, PASSWORD};
use crate::registration::{mailed, registered};

const MAIL: &str = "marta@ug.example";
const MINUTE: i64 = 60_000;

/// The code that an app shows now.
pub(crate) fn code(desk: &TestDesk, secret: &str) -> String {
    let app = Builder::new()
        .with_secret(Secret::try_from_base32(secret.replace(' ', "")).unwrap())
        .build()
        .unwrap();
    let seconds = u64::try_from(desk.desk.now() / 1_000).unwrap();
    app.generate(seconds).to_string()
}

fn between<'a>(page: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = page
        .split_once(begin)
        .unwrap_or_else(|| panic!("no {begin} in {page}"));
    rest.split(end).next().unwrap()
}

/// Adds an authenticator app; gives its secret and the recovery codes.
pub(crate) async fn with_app(desk: &Arc<TestDesk>, browser: &mut Browser) -> (String, Vec<String>) {
    browser
        .send("/account/authenticator", &[("do", "begin")])
        .await
        .expect(303);
    let page = browser.page("/account/authenticator").await;
    assert!(page.contains("<svg class=\"qr\""));
    let secret = between(&page, "id=\"totp-secret\">", "<").to_owned();
    browser
        .send("/account/authenticator", &[("code", "000000")])
        .await
        .expect(422);
    let page = browser
        .send("/account/authenticator", &[("code", &code(desk, &secret))])
        .await
        .expect(200)
        .text();
    let list = between(&page, "id=\"recovery-codes\">", "</ol>").to_owned();
    let codes: Vec<String> = list
        .split("<code>")
        .skip(1)
        .map(|c| c.split('<').next().unwrap().to_owned())
        .collect();
    assert_eq!(codes.len(), 10);
    assert!(
        !browser.page("/account").await.contains(&codes[0]),
        "they are shown once"
    );
    (secret, codes)
}

async fn first_step(browser: &mut Browser) {
    let fields = [("mail", MAIL), ("password", PASSWORD), ("next", "/tickets")];
    let answer = browser.send("/sign-in", &fields).await.expect(303);
    assert_eq!(answer.header("location"), "/sign-in/code?next=/tickets");
}

async fn deeds(desk: &TestDesk, action: &str) -> usize {
    let filter = Filter {
        action: Some(action.into()),
        ..Filter::default()
    };
    desk.desk
        .audit_log(&Actor::system(Channel::Cli), filter, 100)
        .await
        .unwrap()
        .len()
}

#[test]
fn with_an_app_signing_in_takes_two_steps() {
    both(|desk| async move {
        let mut marta = registered(&desk, MAIL).await;
        let (secret, _) = with_app(&desk, &mut marta).await;
        assert_eq!(deeds(&desk, "person.factor_added").await, 1);
        let mut browser = Browser::new(&desk);
        first_step(&mut browser).await;
        assert!(
            !browser.cookies.contains_key("sb_session"),
            "the first step is no session"
        );
        browser.get("/account").await.expect(303);
        // The code that confirmed the app is used up.
        let used = code(&desk, &secret);
        browser
            .send("/sign-in/code", &[("code", &used)])
            .await
            .expect(422);
        desk.clock.advance(MINUTE / 2);
        let fresh = code(&desk, &secret);
        let answer = browser
            .send("/sign-in/code", &[("code", &fresh), ("next", "/tickets")])
            .await
            .expect(303);
        assert_eq!(answer.header("location"), "/tickets");
        browser.get("/account").await.expect(200);
        // Replayed in the same step, and after the first step was taken.
        let mut thief = Browser::new(&desk);
        first_step(&mut thief).await;
        thief
            .send("/sign-in/code", &[("code", &fresh)])
            .await
            .expect(422);
        // An older one that was never used is refused after a newer one.
        thief
            .send("/sign-in/code", &[("code", &used)])
            .await
            .expect(422);
        thief.get("/account").await.expect(303);
    });
}

#[test]
fn ten_wrong_codes_slow_the_step_down_and_no_more() {
    both(|desk| async move {
        let mut marta = registered(&desk, MAIL).await;
        let (secret, codes) = with_app(&desk, &mut marta).await;
        desk.clock.advance(MINUTE);
        let mut browser = Browser::new(&desk);
        first_step(&mut browser).await;
        for i in 0..10 {
            // Beginning again does not begin to count again.
            if i == 5 {
                first_step(&mut browser).await;
            }
            browser
                .send("/sign-in/code", &[("code", "000000")])
                .await
                .expect(422);
        }
        let right = code(&desk, &secret);
        for code in [right.as_str(), codes[0].as_str()] {
            browser
                .send("/sign-in/code", &[("code", code)])
                .await
                .expect(429);
        }
        desk.clock.advance(16 * MINUTE);
        first_step(&mut browser).await;
        let right = code(&desk, &secret);
        browser
            .send("/sign-in/code", &[("code", &right)])
            .await
            .expect(303);
    });
}

#[test]
fn the_second_step_may_not_take_long() {
    on_sqlite(|desk| async move {
        let mut marta = registered(&desk, MAIL).await;
        let (secret, _) = with_app(&desk, &mut marta).await;
        let mut browser = Browser::new(&desk);
        first_step(&mut browser).await;
        desk.clock.advance(10 * MINUTE);
        let answer = browser.get("/sign-in/code").await.expect(303);
        assert_eq!(answer.header("location"), "/sign-in");
        let late = code(&desk, &secret);
        browser
            .send("/sign-in/code", &[("code", &late)])
            .await
            .expect(422);
        browser.get("/account").await.expect(303);
        let mut nobody = Browser::new(&desk);
        nobody
            .send("/sign-in/code", &[("code", &late)])
            .await
            .expect(422);
    });
}

#[test]
fn a_recovery_code_works_once_and_is_told() {
    both(|desk| async move {
        let mut marta = registered(&desk, MAIL).await;
        let (_, codes) = with_app(&desk, &mut marta).await;
        let typed = codes[3].replace('-', " ").to_uppercase();
        let mut browser = Browser::new(&desk);
        first_step(&mut browser).await;
        browser
            .send("/sign-in/code", &[("code", &typed)])
            .await
            .expect(303);
        assert!(browser.page("/account").await.contains("9 left"));
        let mut thief = Browser::new(&desk);
        first_step(&mut thief).await;
        thief
            .send("/sign-in/code", &[("code", &codes[3])])
            .await
            .expect(422);
        desk.run_jobs().await;
        let last = desk.sent_mail().pop().unwrap();
        assert_eq!(last.subject, "A recovery code was used");
        assert_eq!(deeds(&desk, "person.recovery_code_used").await, 1);
        // New ones end the old ones.
        browser
            .send("/account/factors", &[("do", "codes")])
            .await
            .expect(200);
        thief
            .send("/sign-in/code", &[("code", &codes[4])])
            .await
            .expect(422);
        // Without a factor there is nothing to recover.
        browser
            .send("/account/factors", &[("do", "no-totp")])
            .await
            .expect(303);
        let factors = desk
            .desk
            .factors(desk.desk.person_by_email(MAIL).await.unwrap().id)
            .await
            .unwrap();
        assert!(!factors.any() && factors.recovery_codes == 0);
        browser
            .send("/account/factors", &[("do", "codes")])
            .await
            .expect(409);
    });
}

#[test]
fn a_new_password_does_not_get_around_the_second_step() {
    on_sqlite(|desk| async move {
        let mut marta = registered(&desk, MAIL).await;
        with_app(&desk, &mut marta).await;
        let mut browser = Browser::new(&desk);
        // A sign-in on its way ends with the old password.
        first_step(&mut browser).await;
        browser.send("/forgot", &[("mail", MAIL)]).await.expect(303);
        let link = mailed(&desk, MAIL, "reset").await;
        browser
            .send(&link, &[("password", "seven quiet lanterns")])
            .await
            .expect(303);
        let answer = browser.get("/sign-in/code").await.expect(303);
        assert_eq!(answer.header("location"), "/sign-in");
        let fields = [("mail", MAIL), ("password", "seven quiet lanterns")];
        let answer = browser.send("/sign-in", &fields).await.expect(303);
        assert_eq!(answer.header("location"), "/sign-in/code");
    });
}

#[test]
fn what_changes_how_one_signs_in_needs_a_fresh_proof() {
    both(|desk| async move {
        let mut marta = registered(&desk, MAIL).await;
        with_app(&desk, &mut marta).await;
        desk.clock.advance(10 * MINUTE);
        let nobody = "0190f3a0-0000-7000-8000-000000000000";
        let unlink = [("identity", nobody)];
        let deeds: [(&str, &[(&str, &str)]); 10] = [
            ("/account/authenticator", &[("do", "begin")]),
            ("/account/authenticator", &[("code", "123456")]),
            ("/account/factors", &[("do", "no-totp")]),
            ("/account/factors", &[("do", "codes")]),
            ("/account/factors", &[("do", "passkey"), ("answer", "{}")]),
            ("/account/addresses", &[("address", "m@other.example")]),
            ("/account/addresses", &[("primary", MAIL)]),
            ("/passkeys/ask", &[("for", "add")]),
            ("/account/unlink", &unlink),
            ("/account/privacy", &[("do", "erase")]),
        ];
        for (path, fields) in deeds {
            let page = marta.send(path, fields).await.expect(403).text();
            assert!(page.contains("Confirm that it is you"), "{path} {fields:?}");
        }
        marta.get("/account/authenticator").await.expect(403);
        // The desk says no by itself, whatever page asks.
        let cookie = marta.cookies["sb_session"].clone();
        let who = desk.desk.session(&cookie).await.unwrap().unwrap();
        for refused in [
            desk.desk.begin_totp(&who).await,
            desk.desk.remove_totp(&who).await,
            desk.desk.confirm_totp(&who, "1").await.map(|_| ()),
            desk.desk.new_recovery_codes(&who).await.map(|_| ()),
            desk.desk.ask_new_passkey(&who).await.map(|_| ()),
            desk.desk.remove_passkey(&who, b"x").await,
            desk.desk.add_address(&who, "m@o.example", "").await,
            desk.desk.make_primary(&who, MAIL).await,
            desk.desk.remove_address(&who, MAIL).await,
            desk.desk.unlink_identity(&who, who.person.id.0).await,
            desk.desk.ask_erasure(&who).await,
            desk.desk
                .order_erasure(&who, who.person.id, "why", MAIL)
                .await
                .map(drop),
        ] {
            assert!(matches!(refused, Err(desk::Error::Forbidden(_))));
        }
        marta
            .send("/account/confirm", &[("password", "not it at all")])
            .await
            .expect(422);
        marta
            .send(
                "/account/confirm",
                &[("password", PASSWORD), ("next", "//evil.example")],
            )
            .await
            .expect(303);
        // The session goes on under another name.
        assert_ne!(marta.cookies["sb_session"], cookie);
        desk.clock.advance(3_000);
        assert!(desk.desk.session(&cookie).await.unwrap().is_none());
        marta
            .send("/account/factors", &[("do", "no-totp")])
            .await
            .expect(303);
        for _ in 0..8 {
            marta
                .send("/account/confirm", &[("password", "not it at all")])
                .await
                .expect(422);
        }
        marta
            .send("/account/confirm", &[("password", PASSWORD)])
            .await
            .expect(429);
    });
}

#[test]
fn a_passkey_has_to_answer_what_was_asked() {
    on_sqlite(|desk| async move {
        let mut marta = registered(&desk, MAIL).await;
        let ask = marta
            .send("/passkeys/ask", &[("for", "add")])
            .await
            .expect(200)
            .json;
        let select = &ask["options"]["publicKey"]["authenticatorSelection"];
        assert_eq!(select["residentKey"], "required");
        assert_eq!(select["userVerification"], "required");
        let word = ask["word"].as_str().unwrap();
        let garbage = [("do", "passkey"), ("word", word), ("answer", "{}")];
        marta.send("/account/factors", &garbage).await.expect(303);
        let mut stranger = Browser::new(&desk);
        for purpose in ["second_step", "prove", "add", "rubbish"] {
            let status = stranger
                .send("/passkeys/ask", &[("for", purpose)])
                .await
                .status;
            assert!(
                [303, 404, 401, 403].contains(&status),
                "{purpose}: {status}"
            );
        }
        let ask = stranger
            .send("/passkeys/ask", &[("for", "sign_in")])
            .await
            .expect(200)
            .json;
        assert!(
            ask["options"]["publicKey"]["allowCredentials"]
                .as_array()
                .unwrap()
                .is_empty(),
            "nobody is named"
        );
        let fields = [("word", ask["word"].as_str().unwrap()), ("answer", "{}")];
        for _ in 0..2 {
            stranger.send("/sign-in/passkey", &fields).await.expect(422);
        }
        assert!(!stranger.cookies.contains_key("sb_session"));
    });
}

#[test]
fn guesses_from_elsewhere_lock_nobody_out() {
    both(|desk| async move {
        registered(&desk, MAIL).await;
        let mut marta = Browser::new(&desk);
        let right = [("mail", MAIL), ("password", PASSWORD)];
        marta.send("/sign-in", &right).await.expect(303);
        marta.send("/sign-out", &[]).await.expect(303);
        assert!(marta.cookies.contains_key("sb_device"));
        let mut guesser = Browser::new(&desk);
        let wrong = [("mail", MAIL), ("password", "not it at all")];
        for _ in 0..8 {
            guesser.send("/sign-in", &wrong).await.expect(422);
        }
        guesser.send("/sign-in", &right).await.expect(429);
        // Where she signed in before, she still does; there, too, guesses count.
        for _ in 0..7 {
            marta.send("/sign-in", &wrong).await.expect(422);
        }
        marta.send("/sign-in", &right).await.expect(303);
        // What another person's browser keeps is worth nothing.
        registered(&desk, "otto@hzdr.example").await;
        let mut otto = Browser::new(&desk);
        let other = [("mail", "otto@hzdr.example"), ("password", PASSWORD)];
        otto.send("/sign-in", &other).await.expect(303);
        otto.send("/sign-out", &[]).await.expect(303);
        otto.send("/sign-in", &right).await.expect(429);
        desk.clock.advance(15 * MINUTE + 1);
        guesser.send("/sign-in", &right).await.expect(303);
    });
}

#[test]
fn changing_the_password_signs_out_elsewhere() {
    both(|desk| async move {
        let mut here = registered(&desk, MAIL).await;
        let mut there = Browser::new(&desk);
        let fields = [("mail", MAIL), ("password", PASSWORD)];
        there.send("/sign-in", &fields).await.expect(303);
        let before = here.cookies["sb_session"].clone();
        let new = "seven quiet lanterns";
        for (old, new) in [("wrong", new), (PASSWORD, "marta1234567")] {
            here.send(
                "/account/password",
                &[("old_password", old), ("new_password", new)],
            )
            .await
            .expect(422);
        }
        there.get("/account").await.expect(200);
        here.send(
            "/account/password",
            &[("old_password", PASSWORD), ("new_password", new)],
        )
        .await
        .expect(303);
        there.get("/account").await.expect(303);
        here.get("/account").await.expect(200);
        assert_ne!(here.cookies["sb_session"], before, "a new session id");
        assert!(desk.desk.session(&before).await.unwrap().is_none());
        there.send("/sign-in", &fields).await.expect(422);
        desk.run_jobs().await;
        assert_eq!(
            desk.sent_mail().last().unwrap().subject,
            "Your password was changed"
        );
        assert_eq!(deeds(&desk, "person.password_changed").await, 1);
    });
}

#[test]
fn sessions_rotate_and_end() {
    both(|desk| async move {
        let mut one = registered(&desk, MAIL).await;
        let first = one.cookies["sb_session"].clone();
        // Signing in again in the same browser leaves no old session behind.
        let fields = [("mail", MAIL), ("password", PASSWORD)];
        one.send("/sign-in", &fields).await.expect(303);
        assert_ne!(one.cookies["sb_session"], first);
        assert!(desk.desk.session(&first).await.unwrap().is_none());
        let mut two = Browser::new(&desk);
        // A session that somebody else chose is not taken over.
        two.cookies.insert("sb_session".into(), "chosen".into());
        two.send("/sign-in", &fields).await.expect(303);
        assert_ne!(two.cookies["sb_session"], "chosen");
        one.send("/account/sessions", &[("others", "1")])
            .await
            .expect(303);
        two.get("/account").await.expect(303);
        one.get("/account").await.expect(200);
        assert_eq!(deeds(&desk, "person.sessions_ended").await, 1);
        // Who is disabled is out within five seconds.
        let mut person = desk.desk.person_by_email(MAIL).await.unwrap();
        person.active = false;
        desk.desk
            .db()
            .write(move |c| store::person::update(c, &person, 0))
            .await
            .unwrap();
        desk.clock.advance(5_000);
        one.get("/account").await.expect(303);
        one.send("/sign-in", &fields).await.expect(422);
    });
}

#[test]
fn an_address_is_added_by_its_link_in_the_account_that_asked() {
    both(|desk| async move {
        let second = "m.kowalska@home.example";
        let mut marta = registered(&desk, MAIL).await;
        let me = desk.desk.person_by_email(MAIL).await.unwrap().id;
        marta
            .send("/account/addresses", &[("address", second)])
            .await
            .expect(303);
        let link = mailed(&desk, second, "verify").await;
        // Somebody else who is lured to the link adds nothing to either account.
        let mut otto = registered(&desk, "otto@hzdr.example").await;
        otto.get(&link).await.expect(404);
        otto.send(&link, &[]).await.expect(404);
        let mut nobody = Browser::new(&desk);
        nobody.get(&link).await.expect(303);
        assert!(marta.page(&link).await.contains(second));
        marta.send(&link, &[]).await.expect(303);
        marta.send(&link, &[]).await.expect(404);
        assert_eq!(desk.desk.person_by_email(second).await.unwrap().id, me);
        desk.run_jobs().await;
        let last = desk.sent_mail().pop().unwrap();
        assert_eq!(
            (last.to.as_str(), last.subject.as_str()),
            (MAIL, "An address was added")
        );
        // Each of them signs in.
        let mut browser = Browser::new(&desk);
        let fields = [("mail", second), ("password", PASSWORD)];
        browser.send("/sign-in", &fields).await.expect(303);
        marta
            .send("/account/addresses", &[("remove", MAIL)])
            .await
            .expect(422);
        marta
            .send("/account/addresses", &[("primary", second)])
            .await
            .expect(303);
        desk.run_jobs().await;
        assert_eq!(
            desk.sent_mail().pop().unwrap().to,
            MAIL,
            "the old one is told"
        );
        marta
            .send("/account/addresses", &[("remove", MAIL)])
            .await
            .expect(303);
        assert!(desk.desk.person_by_email(MAIL).await.is_err());
        for address in ["otto@hzdr.example", "nobody@mail.example"] {
            for field in ["primary", "remove"] {
                marta
                    .send("/account/addresses", &[(field, address)])
                    .await
                    .expect(404);
            }
        }
        // Somebody else's account is not taken over by its address.
        marta
            .send("/account/addresses", &[("address", "otto@hzdr.example")])
            .await
            .expect(303);
        desk.run_jobs().await;
        let last = desk.sent_mail().pop().unwrap();
        assert_eq!(last.subject, "This address has an account of its own");
        assert!(!last.text.contains("/verify/"));
        for action in ["added", "chosen", "removed"] {
            assert_eq!(deeds(&desk, &format!("person.address_{action}")).await, 1);
        }
    });
}

#[test]
fn an_address_that_has_tickets_is_not_taken_silently() {
    both(|desk| async move {
        let mut marta = registered(&desk, MAIL).await;
        let (bare, busy) = ("bare@mail.example", "busy@mail.example");
        let before = desk.desk.visitor(bare, "").await.unwrap();
        let mut stranger = Browser::new(&desk);
        stranger
            .send(
                "/tickets/new",
                &[
                    ("mail", busy),
                    ("name", "Busy"),
                    ("affected", "1"),
                    ("subject", "S"),
                    ("description", "D"),
                    ("service", ""),
                ],
            )
            .await
            .expect(303);
        for (address, status) in [(bare, 303), (busy, 409)] {
            marta
                .send("/account/addresses", &[("address", address)])
                .await
                .expect(303);
            let link = mailed(&desk, address, "verify").await;
            marta.send(&link, &[]).await.expect(status);
        }
        let now = desk.desk.person_by_email(bare).await.unwrap();
        assert_ne!(Some(now.id), before.person);
        assert_eq!(now.email.as_deref(), Some(MAIL));
    });
}

#[test]
fn an_administrator_takes_lost_factors_away() {
    both(|desk| async move {
        let f = desk.federation().await;
        let mut marta = registered(&desk, MAIL).await;
        with_app(&desk, &mut marta).await;
        let me = desk.desk.person_by_email(MAIL).await.unwrap().id;
        let rita = desk.desk.actor_for(f.rita.id, Channel::Web).await.unwrap();
        assert!(desk.desk.clear_factors(&rita, me).await.is_err());
        let ada = desk.desk.actor_for(f.ada.id, Channel::Web).await.unwrap();
        desk.desk.clear_factors(&ada, me).await.unwrap();
        marta.get("/account").await.expect(303);
        let fields = [("mail", MAIL), ("password", PASSWORD)];
        let answer = marta.send("/sign-in", &fields).await.expect(303);
        assert_eq!(answer.header("location"), "/");
        assert_eq!(deeds(&desk, "person.factors_cleared").await, 1);
    });
}

#[test]
fn details_change_and_are_recorded() {
    both(|desk| async move {
        let mut marta = registered(&desk, MAIL).await;
        let page = marta
            .send("/account/details", &[("name", " "), ("institute", "CSC")])
            .await
            .expect(422)
            .text();
        assert!(page.contains("id=\"name-err\""));
        marta
            .send(
                "/account/details",
                &[
                    ("name", "Marta K."),
                    ("institute", "CSC"),
                    ("community", ""),
                ],
            )
            .await
            .expect(303);
        let person = desk.desk.person_by_email(MAIL).await.unwrap();
        assert_eq!(person.name, "Marta K.");
        assert_eq!(person.community, None);
        assert_eq!(deeds(&desk, "person.details_changed").await, 1);
    });
}

#[test]
fn the_api_shows_and_ends_ones_own_sessions() {
    both(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let _otto = Browser::of(&desk, &f.otto).await;
        let sessions = desk
            .get(&f.rita, "/people/me/sessions")
            .await
            .expect(200)
            .json;
        let items = sessions["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{sessions}");
        assert!(!sessions.to_string().contains(&rita.cookies["sb_session"]));
        let path = format!("/people/me/sessions/{}", items[0]["id"].as_str().unwrap());
        desk.delete(&f.otto, &path).await.expect(404);
        desk.delete(&f.rita, "/people/me/sessions/zz")
            .await
            .expect(404);
        rita.get("/account").await.expect(200);
        desk.delete(&f.rita, &path).await.expect(204);
        rita.get("/account").await.expect(303);
        desk.delete(&f.rita, &path).await.expect(404);
        desk.delete(&f.rita, "/people/me/sessions")
            .await
            .expect(204);
        let addresses = desk.get(&f.rita, "/people/me/addresses").await.json;
        assert_eq!(
            addresses["items"],
            serde_json::json!([{"address": f.rita.email, "verified": true, "primary": true}])
        );
        let change = serde_json::json!({"name": " Rita R. ", "institute": "CSC"});
        let now = desk
            .patch(&f.rita, "/people/me", change)
            .await
            .expect(200)
            .json;
        assert_eq!(now["name"], "Rita R.");
        assert_eq!(
            desk.get(&f.rita, "/people/me").await.json["name"],
            "Rita R."
        );
        // The community is one that there is; what was once written stays to be read.
        desk.community("belle", true).await;
        let rita = f.rita.id;
        let written = desk.desk.db().write(move |c| {
            c.execute(
                "UPDATE person SET community_said = $2 WHERE id = $1",
                store::params![rita, "Belle & friends"],
            )
        });
        written.await.unwrap();
        let account = Browser::of(&desk, &f.rita).await.page("/account").await;
        assert!(
            account.contains("You wrote “Belle &#38; friends” before"),
            "{account}"
        );
        let now = desk
            .patch(
                &f.rita,
                "/people/me",
                serde_json::json!({"community": "BELLE"}),
            )
            .await
            .expect(200);
        assert_eq!(now.json["community"], "belle");
        let account = Browser::of(&desk, &f.rita).await.page("/account").await;
        assert!(!account.contains("You wrote"));
        for wrong in [
            serde_json::json!({"name": " "}),
            serde_json::json!({"institute": "x".repeat(201)}),
            serde_json::json!({"community": "Oceans"}),
        ] {
            desk.patch(&f.rita, "/people/me", wrong).await.expect(422);
        }
        desk.patch(&f.rita, "/people/me", serde_json::json!({"admin": true}))
            .await
            .expect(400);
    });
}
