//! The agents' workspace from outside: the composer, ties, people, many at once,
//! views.

use serde_json::{Value, json};
use testkit::{both, config, configured, on_sqlite};

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

#[test]
fn the_facts_of_triage_are_changed_on_the_ticket() {
    both(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let number = rita.open(&[("service", "Archive")]).await;
        let at = format!("/tickets/{number}");
        let path = format!("/work/{number}/facts");
        let mut sam = Browser::of(&desk, &f.sam).await;
        assert!(
            sam.page(&format!("/work/{number}"))
                .await
                .contains("Change the facts")
        );
        let version = desk.get(&f.sam, &at).await.json["version"].to_string();
        let all = [
            ("version", version.as_str()),
            ("category", "service_request"),
            ("affected", "60"),
            ("degrades", "yes"),
            ("security", "trivial"),
            ("since", "2026-09-20T08:30"),
        ];
        sam.send(&path, &all).await.expect(303);
        let now = desk.get(&f.sam, &at).await.json;
        assert_eq!(now["category"], "service_request");
        assert_eq!(now["affected_users"], 60);
        assert_eq!(now["degrades_service"], true);
        assert_eq!(now["security_risk"], "trivial");
        assert_eq!(now["since"], "2026-09-20T08:30:00.000Z");
        assert_eq!(now["priority"], "top", "{now}");
        // The same once more, with the version of before: somebody was quicker.
        let page = sam.send(&path, &all).await.expect(409).text();
        assert!(page.contains("somebody changed the ticket meanwhile"));
        // What is wrong is said beside its field, and what was typed is kept.
        for (field, value, problem) in [
            ("affected", "0", "at least 1"),
            ("affected", "many", "at least 1"),
            ("security", "huge", "choose one"),
            ("since", "soon", "a day and a time"),
            ("since", "2031-01-01T00:00", "has passed"),
            ("category", "riddle", "riddle"),
        ] {
            let page = sam.send(&path, &[(field, value)]).await.expect(422).text();
            assert!(page.to_lowercase().contains(problem), "{field} {value}");
            assert!(
                page.contains(&format!("id=\"{field}-err\"")),
                "{field} {value}"
            );
        }
        // Left empty: not known since when.
        sam.send(&path, &[("since", "")]).await.expect(303);
        let now = desk.get(&f.sam, &at).await.json;
        assert_eq!(
            (&now["since"], &now["affected_users"]),
            (&Value::Null, &json!(60))
        );
        let history = sam.page(&format!("/work/{number}/history")).await;
        assert!(history.contains("since"));
        // Not theirs: the requester's side has no such form.
        rita.send(&path, &[("affected", "5000")]).await.expect(403);
        // By the API, too.
        let wrong = json!({"since": "2031-01-01T00:00:00Z"});
        let refused = desk.patch(&f.sam, &at, wrong).await.expect(422);
        assert!(refused.text().contains("since"));
        let right = json!({"since": "2026-09-01T00:00:00Z"});
        let now = desk.patch(&f.sam, &at, right).await.expect(200);
        assert_eq!(now.json["since"], "2026-09-01T00:00:00.000Z");
    });
}

#[test]
fn who_sees_a_ticket_and_where_it_belongs_is_changed_on_it() {
    both(|desk| async move {
        let f = desk.federation().await;
        desk.community("vo.climadapt.eu", false).await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let number = rita.open(&[("service", "Archive")]).await;
        let at = format!("/tickets/{number}");
        let path = format!("/work/{number}/place");
        let mut sam = Browser::of(&desk, &f.sam).await;
        let form = [
            ("visibility", "community"),
            ("site", "CESNET"),
            ("community", "vo.climadapt.eu"),
        ];
        sam.send(&path, &form).await.expect(303);
        let now = desk.get(&f.sam, &at).await.json;
        assert_eq!(now["visibility"], "community");
        assert_eq!(
            (&now["site"], &now["community"]),
            (&json!("CESNET"), &json!("vo.climadapt.eu"))
        );
        let page = sam.page(&format!("/work/{number}")).await;
        assert!(page.contains("value=\"community\" selected"));
        sam.send(&path, &[("site", ""), ("visibility", "restricted")])
            .await
            .expect(303);
        let now = desk.get(&f.sam, &at).await.json;
        assert_eq!(
            (&now["site"], &now["visibility"]),
            (&Value::Null, &json!("restricted"))
        );
        // Nobody else sees it now, and the one who holds it still does.
        desk.get(&f.mona, &at).await.expect(404);
        let page = sam
            .send(&path, &[("visibility", "all")])
            .await
            .expect(422)
            .text();
        assert!(page.contains("id=\"visibility-err\""));
        // A danger keeps it restricted.
        sam.send(
            &format!("/work/{number}/facts"),
            &[("security", "imminent")],
        )
        .await
        .expect(303);
        let page = sam
            .send(&path, &[("visibility", "parties")])
            .await
            .expect(422)
            .text();
        assert!(page.contains("Stays restricted"), "{page}");
    });
}

#[test]
fn messages_are_split_off_and_come_back() {
    both(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let number = rita.open(&[("service", "Archive")]).await;
        let mut sam = Browser::of(&desk, &f.sam).await;
        let page = format!("/work/{number}/split");
        // Nothing but the description: nothing to split.
        sam.get(&page).await.expect(303);
        let menu = format!("href=\"{page}\"");
        assert!(!sam.page(&format!("/work/{number}")).await.contains(&menu));
        for text in ["One more thing: a DOI.", "Thanks."] {
            rita.send(&format!("/tickets/{number}/answer"), &[("body", text)])
                .await
                .expect(303);
        }
        assert!(sam.page(&format!("/work/{number}")).await.contains(&menu));
        rita.get(&page).await.expect(403);
        let form = sam.page(&page).await;
        let ids: Vec<&str> = form
            .split("name=\"entry\" value=\"")
            .skip(1)
            .map(|t| t.split('"').next().unwrap())
            .collect();
        assert_eq!(ids.len(), 2, "all but the first");
        let wrong = sam
            .send(&page, &[("entry", ids[0])])
            .await
            .expect(422)
            .text();
        assert!(wrong.contains("id=\"subject-err\"") && wrong.contains("checked"));
        let wrong = sam
            .send(&page, &[("subject", "A DOI")])
            .await
            .expect(422)
            .text();
        assert!(wrong.contains("id=\"entries-err\"") && wrong.contains("value=\"A DOI\""));
        let stale = [("subject", "A DOI"), ("entry", ids[0]), ("version", "1")];
        sam.send(&page, &stale).await.expect(409);
        let fine = [("subject", "A DOI"), ("entry", ids[0])];
        let answer = sam.send(&page, &fine).await.expect(303);
        let new = answer.header("location").to_owned();
        let other = sam.page(&new).await;
        assert!(other.contains("One more thing") && !other.contains("Thanks."));
        assert!(
            !sam.page(&format!("/work/{number}"))
                .await
                .contains("One more thing")
        );
        // The way back that was offered.
        assert!(other.contains(&format!("action=\"/work/{number}/relate\"")));
        let number_of_new = new.rsplit('/').next().unwrap();
        let undo = [
            ("do", "undo"),
            ("kind", "split_into"),
            ("other", number_of_new),
        ];
        sam.send(&format!("/work/{number}/relate"), &undo)
            .await
            .expect(303);
        assert!(
            sam.page(&format!("/work/{number}"))
                .await
                .contains("One more thing")
        );
    });
}

#[test]
fn an_answer_is_taken_back_until_it_is_sent_and_its_text_is_in_the_form_again() {
    let config = desk::Config {
        undo_send: 10_000,
        ..config()
    };
    configured(config, |desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let number = rita.open(&[("service", "Archive")]).await;
        desk.run_jobs().await;
        let mut sam = Browser::of(&desk, &f.sam).await;
        let mut stan = Browser::of(&desk, &f.stan).await;
        let work = format!("/work/{number}");
        let before = desk.sent_mail().len();
        let answer = [
            ("kind", "reply"),
            ("body", "canary-0815 was wrong"),
            ("status", "solved"),
        ];
        let write = format!("{work}/write");
        sam.send(&write, &answer).await.expect(303);
        let page = sam.page(&work).await;
        assert!(page.contains("Take it back") && page.contains("canary-0815"));
        assert!(page.contains("Goes out in 10 seconds") && page.contains("and sets solved"));
        // A colleague sees that it waits, and can not take it back; the requester nothing.
        let other = stan.page(&work).await;
        assert!(other.contains("canary-0815") && !other.contains("Take it back"));
        let hers = rita.page(&format!("/tickets/{number}")).await;
        assert!(!hers.contains("canary-0815"));
        let id = |page: &str| {
            let (_, rest) = page.split_once("id=\"waiting-").unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        };
        let waiting = format!("{work}/waiting");
        let theirs = [("id", &*id(&page)), ("do", "back")];
        let refused = stan.send(&waiting, &theirs).await;
        assert_eq!(refused.status, 409);
        let back = sam.send(&waiting, &theirs).await.expect(200).text();
        assert!(back.contains("Taken back") && back.contains("canary-0815 was wrong</textarea>"));
        // The status that went with it goes with it again.
        assert!(
            back.contains("value=\"solved\">Send, and set solved"),
            "{back}"
        );
        assert!(back.contains("value=\"keep\""));
        assert_eq!(sam.send(&waiting, &theirs).await.status, 409);
        desk.clock.advance(60_000);
        desk.run_jobs().await;
        assert_eq!(desk.sent_mail().len(), before);
        // Too late is said, and changes nothing.
        sam.send(&write, &answer).await.expect(303);
        let id = id(&sam.page(&work).await);
        desk.clock.advance(11_000);
        desk.run_jobs().await;
        let late = sam.send(&waiting, &[("id", &*id), ("do", "back")]).await;
        assert_eq!(late.status, 409);
        assert!(late.text().contains("sent already"));
        let path = format!("/tickets/{number}/entries");
        let entries = desk.get(&f.rita, &path).await.json["items"].clone();
        let sent = |e: &&Value| e["body"].as_str().unwrap().contains("canary-0815");
        assert_eq!(entries.as_array().unwrap().iter().filter(sent).count(), 1);
    });
}
