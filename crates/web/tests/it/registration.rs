//! Making an account and a new password by links that are mailed (bar A-06):
//! what a stranger can learn, how long and how often a link works, and that no
//! request has a say in where it leads.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, header};
use store::audit::Filter;
use switchboard_core::{Actor, Channel};
use testkit::{Answer, TestDesk, both, on_sqlite};

use crate::browser::{Browser, PASSWORD, form};

const HOUR: i64 = 3_600_000;
const NEW: &str = "seven quiet lanterns";

/// The path in the last mail to somebody that leads to such a page.
pub(crate) async fn mailed(desk: &TestDesk, to: &str, page: &str) -> String {
    desk.run_jobs().await;
    let begin = format!("{}/{page}/", desk.desk.config().public_url);
    let mails = desk.sent_mail();
    let text = mails
        .iter()
        .rev()
        .filter(|m| m.to == to)
        .find_map(|m| m.text.split_whitespace().find(|w| w.starts_with(&begin)))
        .unwrap_or_else(|| panic!("no link to {page} for {to} in {mails:?}"));
    text[begin.len() - page.len() - 2..].to_owned()
}

async fn mails_to(desk: &TestDesk, to: &str) -> usize {
    desk.run_jobs().await;
    desk.sent_mail().iter().filter(|m| m.to == to).count()
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

async fn finish(browser: &mut Browser, link: &str, password: &str) -> Answer {
    finish_of(browser, link, password, "").await
}

async fn finish_of(browser: &mut Browser, link: &str, password: &str, of: &str) -> Answer {
    let fields = [
        ("name", "Marta Kowalska"),
        ("institute", "University of Gdansk"),
        ("community", of),
        ("password", password),
    ];
    browser.send(link, &fields).await
}

/// A browser that has just registered.
pub(crate) async fn registered(desk: &Arc<TestDesk>, mail: &str) -> Browser {
    let mut browser = Browser::new(desk);
    browser
        .send("/register", &[("mail", mail)])
        .await
        .expect(303);
    let link = mailed(desk, mail, "register").await;
    finish(&mut browser, &link, PASSWORD).await.expect(303);
    browser
}

#[test]
fn a_link_that_was_mailed_makes_an_account_once() {
    both(|desk| async move {
        let mail = "marta@ug.example";
        let mut marta = Browser::new(&desk);
        let answer = marta.send("/register", &[("mail", mail)]).await.expect(303);
        assert_eq!(answer.header("location"), "/register?sent=1");
        assert!(
            desk.desk.person_by_email(mail).await.is_err(),
            "nobody is made by asking"
        );
        let link = mailed(&desk, mail, "register").await;
        // Mail programs look at links; that uses nothing up.
        for _ in 0..2 {
            assert!(marta.page(&link).await.contains(mail));
        }
        for weak in ["short", "password1234", "marta@ug.example"] {
            let page = finish(&mut marta, &link, weak).await.expect(422).text();
            assert!(page.contains("id=\"password-err\""), "{weak}");
            assert!(
                page.contains("University of Gdansk"),
                "what was typed stays"
            );
        }
        // Of the communities that there are, by any of their names.
        desk.community("climate", false).await;
        let page = marta.page(&link).await;
        assert!(
            page.contains(">The climate collaboration</option>"),
            "{page}"
        );
        let refused = finish_of(&mut marta, &link, PASSWORD, "Oceans").await;
        assert!(refused.expect(422).text().contains("no community"));
        let answer = finish_of(&mut marta, &link, PASSWORD, "climate ").await;
        assert_eq!(answer.expect(303).header("location"), "/");
        assert!(marta.page("/account").await.contains("Marta Kowalska"));
        let person = desk.desk.person_by_email(mail).await.unwrap();
        assert!(person.has_password && !person.support && !person.admin);
        assert_eq!(person.community.as_deref(), Some("climate"));
        let addresses = desk.desk.addresses(person.id).await.unwrap();
        assert!(addresses[0].verified && addresses[0].primary);
        let mut other = Browser::new(&desk);
        other.get(&link).await.expect(404);
        finish(&mut other, &link, NEW).await.expect(404);
        assert_eq!(deeds(&desk, "person.registered").await, 1);
    });
}

#[test]
fn who_is_known_from_a_mail_becomes_the_same_person_by_proving_the_address() {
    both(|desk| async move {
        let mail = "otto@hzdr.example";
        let before = desk.desk.visitor(mail, "").await.unwrap();
        assert!(
            !desk.desk.addresses(before.person.unwrap()).await.unwrap()[0].verified,
            "writing proves nothing"
        );
        registered(&desk, mail).await;
        let after = desk.desk.person_by_email(mail).await.unwrap();
        assert_eq!(Some(after.id), before.person);
        assert_eq!(after.name, "Marta Kowalska");
        assert!(desk.desk.addresses(after.id).await.unwrap()[0].verified);
    });
}

/// What an answer tells: all of it but the moment and the visitor's own cookie.
fn told(answer: &Answer) -> (u16, Vec<(String, String)>, usize) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != header::DATE && *name != header::SET_COOKIE)
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (answer.status, headers, answer.bytes.len())
}

/// The answer is made before anybody looks whose address it is, with the same
/// writes to the database: there is nothing to measure (bar row 27).
#[test]
fn a_stranger_learns_nothing_about_addresses() {
    both(|desk| async move {
        let f = desk.federation().await;
        registered(&desk, "marta@ug.example").await;
        desk.desk.visitor("known@mail.example", "K").await.unwrap();
        let mut gone = desk.desk.person_by_email(&f.otto.email).await.unwrap();
        gone.active = false;
        desk.desk
            .db()
            .write(move |c| store::person::update(c, &gone, 0))
            .await
            .unwrap();
        for page in ["/register", "/forgot"] {
            let mut answers = Vec::new();
            for mail in [
                "marta@ug.example",
                "known@mail.example",
                "nobody@mail.example",
                f.rita.email.as_str(),
                f.otto.email.as_str(),
            ] {
                let mut stranger = Browser::new(&desk);
                let csrf = stranger.csrf().await;
                let body = form(&[("csrf", &csrf), ("mail", mail)]);
                let before = desk.desk.db().written().writes;
                let answer = stranger.send_raw(page, &body).await;
                let writes = desk.desk.db().written().writes - before;
                answers.push((told(&answer), writes));
            }
            answers.dedup();
            assert_eq!(answers.len(), 1, "{page}: {answers:?}");
        }
        desk.run_jobs().await;
        let sent: Vec<(String, String)> = desk
            .sent_mail()
            .into_iter()
            .skip(1)
            .map(|m| (m.to, m.subject))
            .collect();
        let count = |to: &str| sent.iter().filter(|(t, _)| t == to).count();
        assert_eq!(count("marta@ug.example"), 2, "told, and a link: {sent:?}");
        assert_eq!(
            count("nobody@mail.example"),
            1,
            "only to register: {sent:?}"
        );
        assert_eq!(count("known@mail.example"), 1, "only to register: {sent:?}");
        assert_eq!(count(&f.otto.email), 0, "disabled: {sent:?}");
        assert!(
            sent.iter()
                .any(|(to, s)| to == "marta@ug.example" && s == "You have an account already")
        );
    });
}

#[test]
fn three_mails_an_hour_go_to_an_address_whoever_asks() {
    both(|desk| async move {
        let mail = "marta@ug.example";
        for (i, page) in [
            "/register",
            "/forgot",
            "/register",
            "/register",
            "/register",
        ]
        .into_iter()
        .enumerate()
        {
            let mut browser = Browser::new(&desk);
            let csrf = browser.csrf().await;
            let request = Request::builder()
                .method(Method::POST)
                .uri(page)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                // Nobody is moved by what a client says of itself.
                .header("x-forwarded-for", format!("192.0.2.{i}"))
                .body(Body::from(form(&[
                    ("csrf", csrf.as_str()),
                    ("mail", if i % 2 == 0 { mail } else { "MARTA@ug.example" }),
                ])))
                .unwrap();
            browser.ask(request).await.expect(303);
        }
        // One of the three wishes was for a password, which nobody has there.
        assert_eq!(mails_to(&desk, mail).await, 2);
        desk.clock.advance(HOUR + 1);
        let mut browser = Browser::new(&desk);
        browser
            .send("/register", &[("mail", mail)])
            .await
            .expect(303);
        assert_eq!(mails_to(&desk, mail).await, 3);
    });
}

#[test]
fn one_network_is_not_heard_for_ever() {
    on_sqlite(|desk| async move {
        let mut browser = Browser::new(&desk);
        let mut refused = 0;
        for i in 0..40 {
            let mail = format!("a{i}@mail.example");
            let answer = browser.send("/register", &[("mail", &mail)]).await;
            refused += u32::from(answer.status == 429);
        }
        assert_eq!(refused, 10);
    });
}

#[test]
fn links_end_by_themselves() {
    both(|desk| async move {
        let mail = "marta@ug.example";
        let mut browser = Browser::new(&desk);
        browser
            .send("/register", &[("mail", mail)])
            .await
            .expect(303);
        let link = mailed(&desk, mail, "register").await;
        desk.clock.advance(24 * HOUR - 1);
        browser.get(&link).await.expect(200);
        desk.clock.advance(1);
        browser.get(&link).await.expect(404);
        finish(&mut browser, &link, PASSWORD).await.expect(404);

        registered(&desk, mail).await;
        let mut browser = Browser::new(&desk);
        browser.send("/forgot", &[("mail", mail)]).await.expect(303);
        let link = mailed(&desk, mail, "reset").await;
        desk.clock.advance(HOUR - 1);
        browser.get(&link).await.expect(200);
        desk.clock.advance(1);
        browser.get(&link).await.expect(404);
        browser.send(&link, &[("password", NEW)]).await.expect(404);
        // What is over is forgotten.
        desk.desk.start_timers().await.unwrap();
        desk.run_jobs().await;
        let left = desk
            .desk
            .db()
            .read(|c| {
                c.query_one("SELECT COUNT(*) FROM mailed_link", &[], |row| {
                    row.get::<i64>(0)
                })
            })
            .await
            .unwrap();
        assert_eq!(left, 0);
    });
}

#[test]
fn a_reset_works_once_and_signs_out_everywhere() {
    both(|desk| async move {
        let mail = "marta@ug.example";
        let mut marta = registered(&desk, mail).await;
        let mut browser = Browser::new(&desk);
        browser.send("/forgot", &[("mail", mail)]).await.expect(303);
        let first = mailed(&desk, mail, "reset").await;
        browser.send("/forgot", &[("mail", mail)]).await.expect(303);
        let second = mailed(&desk, mail, "reset").await;
        assert_ne!(first, second);
        marta.get("/account").await.expect(200);
        browser
            .send(&second, &[("password", "marta.ug.example")])
            .await
            .expect(422);
        let answer = browser
            .send(&second, &[("password", NEW)])
            .await
            .expect(303);
        assert_eq!(answer.header("location"), "/sign-in");
        for link in [&first, &second] {
            browser
                .send(link, &[("password", PASSWORD)])
                .await
                .expect(404);
        }
        marta.get("/account").await.expect(303);
        let old = [("mail", mail), ("password", PASSWORD)];
        browser.send("/sign-in", &old).await.expect(422);
        let new = [("mail", mail), ("password", NEW)];
        browser.send("/sign-in", &new).await.expect(303);
        browser.get("/account").await.expect(200);
        desk.run_jobs().await;
        assert_eq!(
            desk.sent_mail().last().unwrap().subject,
            "Your password was changed"
        );
        assert_eq!(deeds(&desk, "person.password_reset").await, 1);
    });
}

#[test]
fn no_request_says_where_a_link_leads() {
    on_sqlite(|desk| async move {
        let mail = "marta@ug.example";
        registered(&desk, mail).await;
        let poisons: [&[(&str, &str)]; 4] = [
            &[("x-forwarded-host", "evil.example")],
            &[("forwarded", "host=evil.example;proto=https")],
            &[
                ("x-host", "evil.example"),
                ("x-original-host", "evil.example"),
            ],
            &[
                ("origin", "http://desk.example"),
                ("referer", "http://evil.example/"),
            ],
        ];
        for poison in poisons {
            let mut browser = Browser::new(&desk);
            let csrf = browser.csrf().await;
            let mut request = Request::builder()
                .method(Method::POST)
                .uri("/forgot")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            for (name, value) in poison {
                request = request.header(*name, *value);
            }
            let body = Body::from(form(&[("csrf", csrf.as_str()), ("mail", mail)]));
            browser.ask(request.body(body).unwrap()).await.expect(303);
            desk.clock.advance(HOUR);
        }
        desk.run_jobs().await;
        for mail in desk.sent_mail() {
            assert!(!mail.text.contains("evil"), "{}", mail.text);
            assert!(mail.text.contains("http://desk.example/"), "{}", mail.text);
        }
        // Another name is not answered at all.
        for host in ["evil.example", "desk.example.evil.example"] {
            let request = Request::builder()
                .method(Method::POST)
                .uri("/forgot")
                .header(header::HOST, host)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from(form(&[("mail", mail)])))
                .unwrap();
            assert_eq!(desk.ask(request).await.status, 421, "{host}");
        }
    });
}

#[test]
fn lists_of_addresses_are_refused() {
    on_sqlite(|desk| async move {
        let mut browser = Browser::new(&desk);
        for page in ["/forgot", "/register", "/sign-in"] {
            for names in [["mail[]", "mail[]"], ["mail", "mail"], ["mail", "mail[1]"]] {
                let fields = [(names[0], "a@mail.example"), (names[1], "b@mail.example")];
                browser.send(page, &fields).await.expect(400);
            }
        }
        desk.run_jobs().await;
        assert!(desk.sent_mail().is_empty());
    });
}

#[test]
fn nothing_is_no_link() {
    on_sqlite(|desk| async move {
        let mut browser = registered(&desk, "marta@ug.example").await;
        for page in ["register", "reset", "verify"] {
            browser.get(&format!("/{page}/")).await.expect(404);
            for word in ["%20", "%00", "null", "''"] {
                let path = format!("/{page}/{word}");
                browser.get(&path).await.expect(404);
                browser
                    .send(&path, &[("password", NEW), ("name", "X")])
                    .await
                    .expect(404);
            }
        }
        // A link for one thing is none for another.
        let mail = "marta@ug.example";
        browser.send("/forgot", &[("mail", mail)]).await.expect(303);
        let link = mailed(&desk, mail, "reset").await;
        let word = link.rsplit('/').next().unwrap();
        browser.get(&format!("/register/{word}")).await.expect(404);
        browser.get(&format!("/verify/{word}")).await.expect(404);
    });
}

#[test]
fn what_was_mailed_is_kept_nowhere() {
    both(|desk| async move {
        let mail = "marta@ug.example";
        let mut browser = Browser::new(&desk);
        browser
            .send("/register", &[("mail", mail)])
            .await
            .expect(303);
        let link = mailed(&desk, mail, "register").await;
        let word = link.rsplit('/').next().unwrap().to_owned();
        let (bytes, hashes) = desk
            .desk
            .db()
            .read(|c| {
                let bytes = c.query("SELECT bytes FROM mail_out", &[], |row| {
                    row.get::<Vec<u8>>(0)
                })?;
                let hashes = c.query("SELECT hash FROM mailed_link", &[], |row| {
                    row.get::<Vec<u8>>(0)
                })?;
                Ok::<_, store::Error>((bytes, hashes))
            })
            .await
            .unwrap();
        assert_eq!((bytes.len(), hashes.len()), (1, 1));
        assert!(bytes[0].is_empty(), "sent, so not needed any more");
        assert_ne!(hashes[0], word.as_bytes());
    });
}

#[test]
fn a_desk_without_registration_makes_no_accounts() {
    let config = desk::Config {
        registration: false,
        ..testkit::config()
    };
    testkit::configured(config, |desk| async move {
        let mut browser = Browser::new(&desk);
        assert!(browser.page("/register").await.contains("administrators"));
        assert!(!browser.page("/sign-in").await.contains("/register"));
        browser
            .send("/register", &[("mail", "a@mail.example")])
            .await
            .expect(403);
        assert_eq!(mails_to(&desk, "a@mail.example").await, 0);
    });
}
