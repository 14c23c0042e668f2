//! The triage board from outside: the rules' word, spam, what looks like one
//! incident, and the way back from each.

use std::sync::Arc;

use serde_json::{Value, json};
use testkit::{Somebody, TestDesk, both, on_sqlite};

use crate::browser::Browser;

/// A new ticket that first level finds on its board.
async fn open(desk: &Arc<TestDesk>, who: &Somebody, subject: &str) -> i64 {
    let body =
        json!({"subject": subject, "description": "It began this morning.", "unit": "first-level"});
    desk.post(who, "/tickets", body).await.expect(201).number()
}

async fn ticket(desk: &Arc<TestDesk>, ada: &Somebody, number: i64) -> Value {
    desk.get(ada, &format!("/tickets/{number}"))
        .await
        .expect(200)
        .json
}

/// Presses the way back that the page offers.
async fn undo(browser: &mut Browser, page: &str) -> testkit::Answer {
    let (_, form) = page.split_once("id=\"undo\"").expect("a way back");
    let form = form.split("</form>").next().unwrap();
    let action = form.split("action=\"").nth(1).unwrap();
    let action = action.split('"').next().unwrap();
    let fields: Vec<(&str, &str)> = form
        .split("name=\"")
        .skip(1)
        .map(|field| {
            let name = field.split('"').next().unwrap();
            let value = field.split("value=\"").nth(1).unwrap();
            (name, value.split('"').next().unwrap())
        })
        .filter(|(name, _)| *name != "csrf")
        .collect();
    browser.send(action, &fields).await.expect(303)
}

#[test]
fn an_overruled_priority_goes_back_to_the_rules() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = open(&desk, &f.rita, "Odd lamp").await;
        let at = format!("/tickets/{number}");
        let raised = json!({"priority": "high", "reason": "an exam tomorrow"});
        desk.patch(&f.fay, &at, raised).await.expect(200);
        // By the API, with null; not by those who do not triage.
        let null = json!({"priority": null});
        desk.patch(&f.rita, &at, null.clone()).await.expect(403);
        let back = desk.patch(&f.fay, &at, null.clone()).await.expect(200);
        assert_eq!(back.json["priority"], "low");
        assert_eq!(back.json["priority_overruled"], false);
        // Once more changes nothing.
        let version = back.json["version"].clone();
        let again = desk.patch(&f.fay, &at, null).await.expect(200);
        assert_eq!(again.json["version"], version);
        // By the button of the board.
        let raised = json!({"priority": "high", "reason": "an exam tomorrow"});
        desk.patch(&f.fay, &at, raised.clone()).await.expect(200);
        let mut fay = Browser::of(&desk, &f.fay).await;
        let page = fay.page("/triage").await;
        assert!(page.contains("Back to what the rules say"));
        let path = format!("/triage/{number}");
        fay.send(&path, &[("do", "rules")]).await.expect(303);
        assert_eq!(ticket(&desk, &f.ada, number).await["priority"], "low");
        let page = fay.page("/triage").await;
        assert!(!page.contains("Back to what the rules say"));
        // And by choosing there what the rules give, which needs no reason.
        desk.patch(&f.fay, &at, raised).await.expect(200);
        let form = [("do", "assign"), ("priority", "low"), ("unit", "Storage")];
        fay.send(&path, &form).await.expect(303);
        let now = ticket(&desk, &f.ada, number).await;
        assert_eq!(
            (&now["priority"], &now["priority_overruled"]),
            (&json!("low"), &json!(false))
        );
        assert_eq!(now["unit"], "Storage");
        // The same on the ticket's own page.
        let raised = json!({"priority": "top", "reason": "an exam tomorrow"});
        desk.patch(&f.fay, &at, raised).await.expect(200);
        assert!(
            fay.page(&format!("/work/{number}"))
                .await
                .contains("Back to the rules")
        );
        let path = format!("/work/{number}/priority");
        fay.send(&path, &[("do", "withdraw")]).await.expect(303);
        assert_eq!(ticket(&desk, &f.ada, number).await["priority"], "low");
    });
}

#[test]
fn spam_is_closed_without_a_word_and_can_come_back() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = open(&desk, &f.rita, "Win a yacht").await;
        desk.run_jobs().await;
        let before = desk.sent_mail().len();
        let mut fay = Browser::of(&desk, &f.fay).await;
        let path = format!("/triage/{number}");
        // Changed meanwhile: looked at again first.
        let stale = [("do", "spam"), ("version", "0")];
        let answer = fay.send(&path, &stale).await.expect(303);
        assert!(
            fay.page(answer.header("location"))
                .await
                .contains("That was not done")
        );
        fay.send(&path, &[("do", "spam")]).await.expect(303);
        let page = fay.page("/triage").await;
        assert!(page.contains(&format!("{number} is spam; nobody was told")));
        assert!(page.contains("Nothing new."));
        let now = ticket(&desk, &f.ada, number).await;
        assert_eq!(now["status"], "unsolved");
        assert_eq!(now["solution"]["kind"], "invalid");
        assert_eq!(now["tags"], json!(["spam"]));
        let told = undo(&mut fay, &page).await;
        assert_eq!(told.header("location"), format!("/work/{number}"));
        let now = ticket(&desk, &f.ada, number).await;
        assert_eq!(now["status"], "reopened");
        assert_eq!(now["tags"], json!([]));
        desk.run_jobs().await;
        for mail in desk.sent_mail().into_iter().skip(before) {
            assert_ne!(mail.to, f.rita.email, "{}", mail.text);
        }
        // The way back is shown once, and does nothing twice.
        assert!(!fay.page("/triage").await.contains("id=\"undo\""));
        fay.send(&path, &[("do", "no-spam")]).await.expect(303);
        assert_eq!(ticket(&desk, &f.ada, number).await["status"], "reopened");
        // From now on its sender is answered as anybody.
        desk.post(
            &f.fay,
            &format!("/tickets/{number}/entries"),
            json!({"visibility": "public", "body": "We are sorry."}),
        )
        .await
        .expect(201);
        desk.run_jobs().await;
        assert!(
            desk.sent_mail()
                .iter()
                .any(|m| m.to == f.rita.email && m.text.contains("sorry"))
        );
    });
}

#[test]
fn spam_is_first_levels_to_say() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let number = open(&desk, &f.rita, "Win a yacht").await;
        let path = format!("/triage/{number}");
        for who in [&f.sam, &f.rita] {
            let mut browser = Browser::of(&desk, who).await;
            browser.send(&path, &[("do", "spam")]).await.expect(403);
            let tie = [("lead", "1"), ("ticket", "2"), ("do", "slaves")];
            browser.send("/triage/incident", &tie).await.expect(403);
        }
        assert_eq!(ticket(&desk, &f.ada, number).await["status"], "new");
    });
}

#[test]
fn tickets_of_one_incident_are_tied_and_untied_in_one_go() {
    both(|desk| async move {
        let f = desk.federation().await;
        let about = async |who: &Somebody, subject: &str, service: &str| {
            let body = json!({
                "subject": subject, "description": "Since nine.",
                "service": service, "unit": "first-level",
            });
            desk.post(who, "/tickets", body).await.expect(201).number()
        };
        let first = about(&f.rita, "Login redirects endlessly", "archive").await;
        let second = about(&f.otto, "Endlessly redirects after login", "archive").await;
        let third = about(&f.nina, "The login redirects me", "archive").await;
        // Other words; another service; yesterday's news.
        about(&f.rita, "Quota for the spring school", "archive").await;
        about(&f.rita, "Login redirects endlessly", "links").await;
        desk.run_jobs().await;
        let mut fay = Browser::of(&desk, &f.fay).await;
        let page = fay.page("/triage").await;
        let (_, section) = page.split_once("id=\"incident\"").unwrap();
        let section = section.split("</section>").next().unwrap();
        let named: Vec<&str> = section
            .split("name=\"ticket\" value=\"")
            .skip(1)
            .map(|t| t.split('"').next().unwrap())
            .collect();
        assert_eq!(named, [second.to_string(), third.to_string()]);
        assert!(section.contains(&format!("name=\"lead\" value=\"{first}\"")));
        assert!(section.contains("“redirects”"), "{section}");
        let (a, b, c) = (first.to_string(), second.to_string(), third.to_string());
        let form = |deed| {
            [
                ("lead", a.as_str()),
                ("ticket", &b),
                ("ticket", &c),
                ("do", deed),
            ]
        };
        fay.send("/triage/incident", &form("slaves"))
            .await
            .expect(303);
        for slave in [second, third] {
            let now = ticket(&desk, &f.ada, slave).await;
            assert_eq!(now["status"], "on_hold");
            assert_eq!(now["relations"][0]["kind"], "slave_of");
        }
        let page = fay.page("/triage").await;
        assert!(page.contains(&format!("2 are slaves of {first} now")));
        assert!(!page.contains("id=\"incident\""), "nothing new is like it");
        let back = undo(&mut fay, &page).await;
        assert_eq!(back.header("location"), "/work?view=nobodys");
        for slave in [second, third] {
            let now = ticket(&desk, &f.ada, slave).await;
            assert_eq!(now["status"], "assigned");
            assert_eq!(now["relations"], json!([]));
        }
        // A master already: one more like it is enough.
        let tie = [("lead", a.as_str()), ("ticket", &b), ("do", "slaves")];
        fay.send("/triage/incident", &tie).await.expect(303);
        let late = about(&f.rita, "Login redirects me to nowhere", "archive").await;
        desk.run_jobs().await;
        let page = fay.page("/triage").await;
        assert!(page.contains("1 of these looks like"), "{page}");
        // As children; one that can not be tied stops all.
        let d = late.to_string();
        let wrong = [
            ("lead", a.as_str()),
            ("ticket", &d),
            ("ticket", &b),
            ("do", "children"),
        ];
        fay.send("/triage/incident", &wrong).await.expect(303);
        assert!(fay.page("/triage").await.contains("That was not done"));
        assert_eq!(ticket(&desk, &f.ada, late).await["relations"], json!([]));
        let fine = [("lead", a.as_str()), ("ticket", &d), ("do", "children")];
        fay.send("/triage/incident", &fine).await.expect(303);
        assert_eq!(
            ticket(&desk, &f.ada, late).await["relations"][0]["kind"],
            "child_of"
        );
        // A day later it is another story.
        desk.clock.advance(25 * 3_600_000);
        let mut fay = Browser::of(&desk, &f.fay).await;
        about(&f.rita, "Login redirects again", "archive").await;
        desk.run_jobs().await;
        assert!(!fay.page("/triage").await.contains("id=\"incident\""));
    });
}
