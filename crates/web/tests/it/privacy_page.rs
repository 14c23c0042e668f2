//! A person's data from outside: asked for, fetched, erased; and who read what.

use testkit::{both, on_sqlite};

use crate::browser::Browser;

#[test]
fn ones_own_data_is_put_together_and_fetched_by_nobody_else() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        rita.send("/account/privacy", &[("do", "export")])
            .await
            .expect(303);
        // Asked twice it is refused in words, not with a fault.
        rita.send("/account/privacy", &[("do", "export")])
            .await
            .expect(303);
        assert!(
            rita.page("/account/privacy")
                .await
                .contains("is being made already")
        );
        desk.run_jobs().await;
        let page = rita.page("/account/privacy").await;
        let (_, rest) = page.split_once("href=\"/account/privacy/exports/").unwrap();
        let path = format!(
            "/account/privacy/exports/{}",
            rest.split('"').next().unwrap()
        );
        let answer = rita.get(&path).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/zip");
        assert!(
            answer
                .header("content-disposition")
                .starts_with("attachment")
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");

        let mut otto = Browser::of(&desk, &f.otto).await;
        otto.get(&path).await.expect(404);
        let mut ada = Browser::of(&desk, &f.ada).await;
        // Through her own page even an administrator gets her own only.
        ada.get(&path).await.expect(404);
        ada.get(&path.replace("/account/", "/admin/"))
            .await
            .expect(200);
        let mut nobody = Browser::new(&desk);
        nobody.get(&path).await.expect(303);
    });
}

#[test]
fn the_way_to_an_erasure_by_link_and_back() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        rita.send("/account/privacy", &[("do", "erase")])
            .await
            .expect(303);
        desk.run_jobs().await;
        let text = desk.sent_mail().pop().unwrap().text;
        let (_, rest) = text.split_once("http://desk.example").unwrap();
        let link = rest.split_whitespace().next().unwrap().to_owned();
        // Mail programs look at links: looking does nothing.
        let mut nobody = Browser::new(&desk);
        assert!(nobody.page(&link).await.contains("Erase my data"));
        assert!(
            rita.page("/account/privacy")
                .await
                .contains("Nothing happens until you confirm it")
        );
        nobody.send(&link, &[("do", "confirm")]).await.expect(303);
        let page = rita.page("/account/privacy").await;
        assert!(page.contains("Confirmed. It begins on"), "{page}");
        nobody.send(&link, &[("do", "keep")]).await.expect(303);
        nobody.get(&link).await.expect(404);
        assert!(
            rita.page("/account/privacy")
                .await
                .contains("Erase my data")
        );
        nobody.get("/privacy/erase/nothing").await.expect(404);
    });
}

#[test]
fn administrators_erase_hold_and_set_rules() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut ada = Browser::of(&desk, &f.ada).await;
        let here = "/admin/privacy";
        let mut sam = Browser::of(&desk, &f.sam).await;
        sam.get(here).await.expect(403);
        sam.send(here, &[("do", "hold"), ("subject", "1"), ("why", "x")])
            .await
            .expect(403);
        ada.send(
            here,
            &[
                ("do", "hold"),
                ("subject", &f.rita.email),
                ("why", "court case"),
            ],
        )
        .await
        .expect(303);
        let found = format!("{here}?who={}", f.rita.email.replace('@', "%40"));
        let page = ada.page(&found).await;
        assert!(page.contains("Can not be erased now"), "{page}");
        assert!(page.contains("court case"));
        let (_, rest) = page.split_once("name=\"hold\" value=\"").unwrap();
        let hold = rest.split('"').next().unwrap().to_owned();
        ada.send(here, &[("do", "lift"), ("hold", &hold)])
            .await
            .expect(303);
        let person = f.rita.id.0.to_string();
        let erase = |again: &str| {
            vec![
                ("do", "erase".to_owned()),
                ("who", f.rita.email.clone()),
                ("person", person.clone()),
                ("reason", "asked by letter".to_owned()),
                ("again", again.to_owned()),
            ]
        };
        for (again, state) in [
            ("otto@people.example", false),
            (f.rita.email.as_str(), true),
        ] {
            let fields = erase(again);
            let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
            ada.send(here, &fields).await.expect(303);
            desk.run_jobs().await;
            let page = ada.page(here).await;
            assert_eq!(page.contains(">done<"), state, "{page}");
        }
        assert!(ada.page(&found).await.contains("there is no person"));

        // Rules are tried first, and set.
        let rules = |deed: &'static str| {
            vec![
                ("do", deed),
                ("rule:incident", "1"),
                ("originals:incident", "12"),
                ("rule:*", "1"),
                ("reads", "24"),
            ]
        };
        let page = ada.send(here, &rules("preview")).await.expect(200).text();
        assert!(page.contains("Nothing was changed"), "{page}");
        assert!(!ada.page(here).await.contains("name=\"reads\" value=\"24\""));
        ada.send(here, &rules("retain")).await.expect(303);
        assert!(
            ada.page(here)
                .await
                .contains("name=\"originals:incident\" value=\"12\"")
        );
    });
}

#[test]
fn who_saw_a_restricted_ticket_is_answered_on_the_page_and_by_the_api() {
    both(|desk| async move {
        let f = desk.federation().await;
        let made = desk
            .post(
                &f.rita,
                "/tickets",
                serde_json::json!({
                    "subject": "A key is out",
                    "description": "It was in a paste.",
                    "service": "archive",
                    "security_risk": "imminent",
                }),
            )
            .await
            .expect(201)
            .json;
        let number = &made["number"];
        assert_eq!(made["tlp"], "amber");
        desk.get(&f.sam, &format!("/tickets/{number}"))
            .await
            .expect(200);
        let list = desk
            .get(&f.sam, &format!("/tickets/{number}/reads"))
            .await
            .expect(200)
            .json;
        assert!(
            list["items"]
                .as_array()
                .unwrap()
                .iter()
                .any(|i| i["name"] == "Sam" && i["door"] == "api"),
            "{list}"
        );
        desk.get(&f.rita, &format!("/tickets/{number}/reads"))
            .await
            .expect(403);
        desk.get(&f.nina, &format!("/tickets/{number}/reads"))
            .await
            .expect(404);
        let found = desk
            .get(&f.ada, "/reads?person=sam%40people.example")
            .await
            .expect(200)
            .json;
        assert_eq!(found["items"][0]["ticket"], *number);
        desk.get(&f.ada, "/reads?person=who%40people.example")
            .await
            .expect(422);
        desk.get(&f.ada, "/reads?until=yesterday").await.expect(422);
        desk.get(&f.sam, "/reads").await.expect(403);
        let mut ada = Browser::of(&desk, &f.ada).await;
        let page = ada.page(&format!("/admin/reads?ticket={number}")).await;
        assert!(page.contains("Sam") && page.contains("the API"), "{page}");
        assert!(
            ada.page("/admin/reads?who=nobody%40people.example")
                .await
                .contains("Nobody here has this address")
        );
        let mut sam = Browser::of(&desk, &f.sam).await;
        let page = sam.page(&format!("/work/{number}")).await;
        assert!(page.contains("TLP:AMBER") && page.contains("Who read it"));
    });
}
