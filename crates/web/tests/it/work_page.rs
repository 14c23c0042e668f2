//! The agents' workspace from outside: the composer, ties, people, many at once,
//! views.

use testkit::on_sqlite;

use crate::browser::Browser;

#[test]
fn the_kind_that_was_sent_counts_not_the_button() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let number = rita.open(&[("service", "Archive")]).await;
        let mut sam = Browser::of(&desk, &f.sam).await;
        sam.send(
            &format!("/work/{number}/write"),
            &[
                ("kind", "note"),
                ("body", "for us only"),
                ("status", "solved"),
            ],
        )
        .await
        .expect(303);
        let page = rita.page(&format!("/tickets/{number}")).await;
        assert!(!page.contains("for us only") && !page.contains("says it is solved"));
    });
}

#[test]
fn a_stale_form_changes_nothing() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let number = rita.open(&[("service", "Archive")]).await;
        let mut stan = Browser::of(&desk, &f.stan).await;
        let answer = stan
            .send(
                &format!("/work/{number}/handle"),
                &[
                    ("do", "apply"),
                    ("version", "1"),
                    ("tags", "late"),
                    ("unit", "Storage"),
                ],
            )
            .await;
        assert_eq!(answer.status, 409);
        assert!(
            answer
                .text()
                .contains("somebody changed the ticket meanwhile")
        );
        let version =
            desk.get(&f.stan, &format!("/tickets/{number}")).await.json["version"].to_string();
        stan.send(
            &format!("/work/{number}/handle"),
            &[
                ("do", "apply"),
                ("version", &version),
                ("tags", "Late, Big"),
                ("unit", "Storage"),
                ("owner", &f.sam.email),
            ],
        )
        .await
        .expect(303);
        let ticket = desk.get(&f.stan, &format!("/tickets/{number}")).await.json;
        assert_eq!(ticket["tags"], serde_json::json!(["big", "late"]));
        assert_eq!(ticket["owner"]["name"], "Sam");
        let refused = stan
            .send(
                &format!("/work/{number}/handle"),
                &[("do", "apply"), ("unit", "Network")],
            )
            .await
            .expect(422)
            .text();
        assert!(
            refused.contains("ust say why the ticket is handed on"),
            "another unit needs a reason"
        );
        let gone = stan
            .send(
                &format!("/work/{number}/handle"),
                &[
                    ("do", "apply"),
                    ("unit", "Network"),
                    ("reason", "It is the link."),
                ],
            )
            .await
            .expect(303);
        assert_eq!(gone.header("location"), "/work", "it is not his any more");
    });
}

#[test]
fn ties_people_and_many_at_once() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let archive = [("service", "Archive")];
        let (a, b, c) = (
            rita.open(&archive).await,
            rita.open(&archive).await,
            rita.open(&archive).await,
        );
        let mut sam = Browser::of(&desk, &f.sam).await;
        let other = b.to_string();
        sam.send(
            &format!("/work/{a}/relate"),
            &[("do", "make"), ("kind", "see_also"), ("other", &other)],
        )
        .await
        .expect(303);
        assert!(sam.page(&format!("/work/{a}")).await.contains("see also"));
        let page = sam
            .send(
                &format!("/work/{a}/relate"),
                &[("do", "make"), ("kind", "see_also"), ("other", "99999")],
            )
            .await
            .expect(422)
            .text();
        assert!(page.contains("no such ticket that you can see"));
        sam.send(
            &format!("/work/{a}/relate"),
            &[("do", "undo"), ("kind", "see_also"), ("other", &other)],
        )
        .await
        .expect(303);
        sam.send(
            &format!("/work/{a}/people"),
            &[("mail", "New.Person@people.example"), ("role", "cc")],
        )
        .await
        .expect(303);
        let ticket = desk.get(&f.sam, &format!("/tickets/{a}")).await.json;
        assert_eq!(ticket["parties"][0]["role"], "cc");
        sam.send(&format!("/work/{a}/follow"), &[("on", "yes")])
            .await
            .expect(303);

        let (x, y) = (a.to_string(), c.to_string());
        let mut fields = vec![
            ("do", "take"),
            ("ticket", x.as_str()),
            ("ticket", y.as_str()),
            ("ticket", "99999"),
        ];
        sam.send("/work/bulk", &fields).await.expect(303);
        let page = sam.page("/work").await;
        assert!(page.contains("Done with 2, not with 1"));
        for number in [a, c] {
            let ticket = desk.get(&f.sam, &format!("/tickets/{number}")).await.json;
            assert_eq!(ticket["owner"]["name"], "Sam");
            assert_eq!(ticket["status"], "in_progress");
        }
        fields.truncate(1);
        sam.send("/work/bulk", &fields).await.expect(303);
        assert!(sam.page("/work").await.contains("Tick some tickets first"));
    });
}

#[test]
fn a_search_can_be_kept_as_a_view() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut sam = Browser::of(&desk, &f.sam).await;
        let query = "status:open unit:storage";
        sam.send("/work/views", &[("name", "Ours <b>"), ("query", query)])
            .await
            .expect(303);
        let page = sam.page("/work").await;
        assert!(page.contains("Ours &#60;b&#62;") || page.contains("Ours &lt;b&gt;"));
        assert!(page.contains("/work?q=status%3Aopen%20unit%3Astorage"));
        let (_, rest) = page.split_once("name=\"forget\" value=\"").unwrap();
        let id = rest.split('"').next().unwrap().to_owned();
        let mut fay = Browser::of(&desk, &f.fay).await;
        assert!(!fay.page("/work").await.contains("Saved views"));
        fay.send("/work/views", &[("forget", &id)])
            .await
            .expect(404);
        sam.send("/work/views", &[("forget", &id)])
            .await
            .expect(303);
        assert!(!sam.page("/work").await.contains("Saved views"));
        for (name, query) in [("", "status:open"), ("x", "status:nonsense")] {
            sam.send("/work/views", &[("name", name), ("query", query)])
                .await
                .expect(303);
            assert!(
                sam.page("/work").await.contains("The view was not saved"),
                "{name:?} {query}"
            );
        }
    });
}
