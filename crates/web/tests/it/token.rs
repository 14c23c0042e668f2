//! Tokens of oneself: no more rights than one has.

use desk::TokenScope;
use serde_json::json;
use testkit::{Somebody, both};

#[test]
fn a_token_is_made_used_listed_and_revoked() {
    both(|desk| async move {
        let f = desk.federation().await;
        let made = desk
            .post(
                &f.rita,
                "/people/me/tokens",
                json!({"name": "night run", "scopes": ["read"]}),
            )
            .await
            .expect(201);
        let new = Somebody {
            token: made.json["secret"].as_str().unwrap().to_owned(),
            ..f.rita.clone()
        };
        let me = desk.get(&new, "/people/me").await.expect(200);
        assert_eq!(me.json["email"], f.rita.email);
        assert_eq!(me.json["scopes"], json!(["read"]));
        desk.post(
            &new,
            "/tickets",
            json!({"subject": "a", "description": "b"}),
        )
        .await
        .expect(403);

        let list = desk.get(&f.rita, "/people/me/tokens").await.expect(200);
        assert!(!list.text().contains(&new.token), "a secret is listed");
        let id = made.json["id"].as_str().unwrap();
        // It is Rita's to revoke, nobody else's.
        desk.delete(&f.otto, &format!("/people/me/tokens/{id}"))
            .await
            .expect(404);
        desk.get(&new, "/people/me").await.expect(200);
        desk.delete(&f.rita, &format!("/people/me/tokens/{id}"))
            .await
            .expect(204);
        desk.get(&new, "/people/me").await.expect(401);
    });
}

#[test]
fn no_token_makes_one_that_may_do_more() {
    both(|desk| async move {
        let f = desk.federation().await;
        let weak = Somebody {
            token: desk.token(f.ada.id, &[TokenScope::Write]).await,
            ..f.ada.clone()
        };
        for scopes in [json!(["admin"]), json!(["read", "write"])] {
            desk.post(
                &weak,
                "/people/me/tokens",
                json!({"name": "more", "scopes": scopes}),
            )
            .await
            .expect(403);
        }
        // Nor does somebody who is no administrator.
        desk.post(
            &f.rita,
            "/people/me/tokens",
            json!({"name": "more", "scopes": ["admin"]}),
        )
        .await
        .expect(403);
    });
}

#[test]
fn an_administrators_token_without_the_scope_is_no_administrators() {
    both(|desk| async move {
        let f = desk.federation().await;
        let plain = Somebody {
            token: desk
                .token(f.ada.id, &[TokenScope::Read, TokenScope::Write])
                .await,
            ..f.ada.clone()
        };
        let number = desk
            .post(
                &f.rita,
                "/tickets",
                json!({"subject": "Hers", "description": "…"}),
            )
            .await
            .expect(201)
            .number();
        desk.get(&f.ada, &format!("/tickets/{number}"))
            .await
            .expect(200);
        desk.get(&plain, &format!("/tickets/{number}"))
            .await
            .expect(404);
        desk.put(&plain, "/triage/rules", json!({"rules": []}))
            .await
            .expect(403);
    });
}

#[test]
fn an_expired_token_is_no_token() {
    both(|desk| async move {
        let rita = desk.person("Rita").await;
        let made = desk
            .post(
                &rita,
                "/people/me/tokens",
                json!({"name": "short", "scopes": ["read"], "expires_at": "2026-09-21T15:00:00Z"}),
            )
            .await
            .expect(201);
        let short = Somebody {
            token: made.json["secret"].as_str().unwrap().to_owned(),
            ..rita.clone()
        };
        desk.get(&short, "/people/me").await.expect(200);
        desk.clock.advance(3_600_000);
        desk.get(&short, "/people/me").await.expect(401);
        let past = desk
            .post(
                &rita,
                "/people/me/tokens",
                json!({"name": "past", "scopes": ["read"], "expires_at": "2026-09-21T15:00:00Z"}),
            )
            .await
            .expect(422);
        assert_eq!(past.json["field"], "expires_at");
    });
}
