//! Signing in and out, and one's own sessions and tokens, from outside.

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
