//! Signing in and out, and one's own sessions and tokens, from outside.

use desk::mail_stop::MailStop;
use switchboard_core::choice::{How, Scope};
use switchboard_core::notify::Told;
use testkit::on_sqlite;

use crate::browser::{Browser, PASSWORD};

#[test]
fn signing_in_and_out() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        assert!(rita.page("/account").await.contains(&f.rita.email));
        let cookie = rita.get("/sign-in?next=//evil.example").await.expect(303);
        assert_eq!(cookie.header("location"), "/");
        rita.send("/sign-out", &[]).await.expect(303);
        rita.get("/account").await.expect(303);

        let mut nobody = Browser::new(&desk);
        let wrong = |mail: &str| vec![("mail", mail.to_owned()), ("password", "wrong".to_owned())];
        let mut texts = Vec::new();
        for mail in [
            f.rita.email.as_str(),
            "unknown@people.example",
            "no address",
        ] {
            let fields = wrong(mail);
            let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
            let page = nobody.send("/sign-in", &fields).await.expect(422).text();
            assert!(
                !page.contains("value=\"wrong\""),
                "the password is not given back"
            );
            texts.push(page.contains("do not belong together"));
        }
        assert_eq!(
            texts,
            [true, true, true],
            "the answer does not tell who is known"
        );
        let answer = nobody
            .send(
                "/sign-in",
                &[
                    ("mail", &f.rita.email),
                    ("password", PASSWORD),
                    ("next", "/tickets?all=1"),
                ],
            )
            .await
            .expect(303);
        assert_eq!(answer.header("location"), "/tickets?all=1");
        let set: Vec<_> = answer
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|v| v.to_str().unwrap())
            .collect();
        let session = set.iter().find(|c| c.starts_with("sb_session=")).unwrap();
        assert!(
            session.contains("HttpOnly") && session.contains("SameSite=Lax"),
            "{session}"
        );
    });
}

#[test]
fn tokens_and_sessions_are_ones_own() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let page = rita
            .send(
                "/account/tokens",
                &[("token", "nightly"), ("scope", "read")],
            )
            .await
            .expect(200)
            .text();
        let (_, rest) = page.split_once("id=\"new-token\">").unwrap();
        let secret = rest.split('<').next().unwrap().to_owned();
        let me = testkit::Somebody {
            token: secret.clone(),
            ..f.rita.clone()
        };
        desk.get(&me, "/people/me").await.expect(200);
        let page = rita.page("/account").await;
        assert!(!page.contains(&secret), "it is shown once");
        let revoke = page
            .split("name=\"revoke\" value=\"")
            .skip(1)
            .map(|r| r.split('"').next().unwrap().to_owned())
            .collect::<Vec<_>>();
        let mut otto = Browser::of(&desk, &f.otto).await;
        for id in &revoke {
            otto.send("/account/tokens", &[("revoke", id)])
                .await
                .expect(404);
            rita.send("/account/tokens", &[("revoke", id)])
                .await
                .expect(303);
        }
        desk.get(&me, "/people/me").await.expect(401);
        let page = rita
            .send("/account/tokens", &[("token", "x"), ("scope", "admin")])
            .await
            .expect(422)
            .text();
        assert!(page.contains("administrators"));
    });
}

/// RFC 8058, and programs that follow every link in a mail.
#[test]
fn mails_end_by_one_click_and_not_by_a_look() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let stop = MailStop::Scope(Scope::Unit(f.network));
        let path = format!("/mail/stop/{}", desk.desk.stop_word(f.nina.id, stop));
        let chosen = async || desk.desk.mail_choices(f.nina.id).await.unwrap().choices;
        // Without a session, as a mail program or a scanner.
        let mut program = Browser::new(&desk);
        for _ in 0..2 {
            let page = program.page(&path).await;
            assert!(page.contains("No more mails about tickets of Network?"));
        }
        let click = [("List-Unsubscribe", "One-Click")];
        let post = async |path: &str, body: &str| {
            let request = axum::http::Request::post(path)
                .header("host", "desk.example")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(axum::body::Body::from(body.to_owned()))
                .unwrap();
            desk.ask(request).await
        };
        // A form that is not ours and no click either.
        post(&path, "stop=1").await.expect(403);
        post("/mail/stop/other.forged", "List-Unsubscribe=One-Click")
            .await
            .expect(404);
        assert!(chosen().await.is_empty());
        let done = post(&path, "List-Unsubscribe=One-Click").await.expect(200);
        assert!(
            done.text()
                .contains("No more mails about tickets of Network")
        );
        assert_eq!(chosen().await.len(), 10);
        // By the button of the page too, and again.
        let digest = desk.desk.stop_word(f.nina.id, MailStop::Digest);
        program.send(&path, &[]).await.expect(200);
        program
            .send(&format!("/mail/stop/{digest}"), &click)
            .await
            .expect(200);
        // And back, on the page of the account.
        let mut nina = Browser::of(&desk, &f.nina).await;
        let field = "how:other:entry";
        let page = nina.page("/account/mail").await;
        assert!(page.contains(field));
        // Her unit hears by its list: there is nothing to choose, and nothing is lost.
        assert!(page.contains("its mailing list network@units.example"));
        assert!(!page.contains("how:unit:"));
        let fields = [
            ("rhythm", "daily"),
            ("weekday", "0"),
            ("hour", "25"),
            ("time_zone", "Europe/Prague"),
            (field, "digest"),
        ];
        let page = nina.send("/account/mail", &fields).await.expect(422).text();
        assert!(page.contains("Takes 0 to 23"), "{page}");
        let mut fields = fields;
        fields[2] = ("hour", "8");
        nina.send("/account/mail", &fields).await.expect(303);
        let choices = chosen().await;
        assert_eq!(choices.len(), 11, "those of the unit, and this one");
        assert_eq!(
            choices.get(&(Scope::Other, Told::Entry)),
            Some(&How::Digest)
        );
    });
}
