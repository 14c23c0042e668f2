//! Portals from outside: what visitors see, what their own first level does,
//! and what administrators set.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, header};
use desk::account::NewAccount;
use desk::portal::{Pair, Portal, PortalDoc};
use switchboard_core::{Actor, Channel};
use testkit::{Somebody, TestDesk, both, on_sqlite};

use crate::browser::Browser;

fn system() -> Actor {
    Actor::system(Channel::Cli)
}

async fn staff(desk: &TestDesk, name: &str) -> Somebody {
    desk.account(NewAccount {
        name: name.into(),
        support: true,
        ..NewAccount::default()
    })
    .await
}

/// The portal of Pia's, with colours, a logo and a host name.
async fn belle(desk: &Arc<TestDesk>, pia: &Somebody) -> Portal {
    let portal = desk.portal("belle", &[pia], &["Archive"]).await;
    let portal = Portal {
        hostname: Some("belle.example".into()),
        doc: PortalDoc {
            greeting: "Hello <b>there</b>".into(),
            bar: Some(Pair {
                light: "#3a1020".into(),
                dark: "#2a0c18".into(),
            }),
            ..portal.doc.clone()
        },
        ..portal
    };
    desk.desk
        .save_portal(&system(), portal.clone(), false)
        .await
        .unwrap();
    desk.desk
        .set_logo(
            &system(),
            portal.id,
            Some(b"\x89PNG\r\n\x1a\nrest".to_vec()),
        )
        .await
        .unwrap();
    portal
}

/// How a ticket stands on the board.
fn row_of(number: i64) -> String {
    format!("<span class=\"num\">{number}</span>")
}

#[test]
fn who_asks_by_a_portal_is_served_by_its_first_level_and_can_be_passed_on() {
    both(|desk| async move {
        let f = desk.federation().await;
        let pia = staff(&desk, "Pia").await;
        belle(&desk, &pia).await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let home = rita.page("/p/belle").await;
        assert!(home.contains("belle help") && home.contains("Archive"));
        assert!(
            home.contains("Hello ") && !home.contains("<b>there"),
            "escaped"
        );
        assert!(!home.contains("Links"), "what it does not offer");
        let form = rita.page("/p/belle/tickets/new").await;
        assert!(form.contains("name=\"portal\" value=\"belle\""));
        assert!(form.contains("<option value=\"Archive\">") && !form.contains("\"Links\""));
        let number = rita.open(&[("portal", "belle")]).await;
        let seen = desk.get(&f.rita, &format!("/tickets/{number}")).await.json;
        assert_eq!(
            (&seen["portal"], &seen["community"]),
            (&"belle".into(), &"belle".into())
        );
        assert_eq!(seen["unit"], "belle front desk");
        // What it does not offer is refused beside its field.
        let fields = [
            ("portal", "belle"),
            ("service", "Links"),
            ("subject", "s"),
            ("description", "d"),
        ];
        let refused = rita.send("/tickets/new", &fields).await.expect(422).text();
        assert!(refused.contains("it offers Archive"), "{refused}");
        // The ticket wears the portal, also for who did not come by it.
        let page = rita.page(&format!("/tickets/{number}")).await;
        assert!(page.contains("/p/belle/theme.css") && page.contains("/p/belle/logo?v="));
        let central = rita.open(&[("service", "Archive")]).await;

        // Pia's board has what came by her portal, and only that.
        let mut pia = Browser::of(&desk, &pia).await;
        let board = pia.page("/triage").await;
        assert!(board.contains(&row_of(number)) && board.contains("pass-on"));
        assert!(!board.contains(&row_of(central)));
        let note = [("do", "pass-on"), ("note", "Not ours.")];
        pia.send(&format!("/triage/{number}"), &note)
            .await
            .expect(303);
        let seen = desk.get(&f.fay, &format!("/tickets/{number}")).await.json;
        assert_eq!(
            (&seen["unit"], &seen["status"]),
            (&"First level".into(), &"assigned".into())
        );
        assert!(!pia.page("/triage").await.contains(&row_of(number)));
        assert!(pia.get(&format!("/work/{number}")).await.status == 200);
        // Another portal's first level has nothing to do with it.
        let vic = staff(&desk, "Vic").await;
        desk.portal("juno", &[&vic], &[]).await;
        let mut vic = Browser::of(&desk, &vic).await;
        assert!(!vic.page("/triage").await.contains(&row_of(number)));
        assert_eq!(vic.get(&format!("/work/{number}")).await.status, 404);
        let forced = vic.send(&format!("/triage/{number}"), &note).await;
        assert_eq!(forced.status, 404);
    });
}

#[test]
fn a_portal_is_worn_until_the_desks_own_front_page() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let pia = staff(&desk, "Pia").await;
        belle(&desk, &pia).await;
        let mut nobody = Browser::new(&desk);
        assert!(!nobody.page("/services").await.contains("belle help"));
        nobody.page("/p/belle").await;
        for path in ["/sign-in", "/services", "/tickets/new", "/news"] {
            let page = nobody.page(path).await;
            assert!(
                page.contains("belle help") && page.contains("/p/belle/theme.css"),
                "{path}"
            );
        }
        assert!(!nobody.page("/").await.contains("belle help"));
        assert!(!nobody.page("/services").await.contains("belle help"));
        for path in [
            "/p/nowhere",
            "/p/nowhere/tickets/new",
            "/p/nowhere/news",
            "/p/nowhere/logo",
        ] {
            assert_eq!(nobody.get(path).await.status, 404, "{path}");
        }
        // Who works sees the desk as it is.
        let mut fay = Browser::of(&desk, &f.fay).await;
        fay.page("/p/belle").await;
        assert!(!fay.page("/work").await.contains("/p/belle/theme.css"));
    });
}

#[test]
fn a_portals_own_host_is_the_portal_and_an_unknown_host_is_none() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let pia = staff(&desk, "Pia").await;
        let portal = belle(&desk, &pia).await;
        let mut nobody = Browser::new(&desk).at("belle.example");
        let home = nobody.page("/").await;
        assert!(home.contains("belle help") && home.contains("href=\"/tickets/new\""));
        assert!(
            home.contains("href=\"http://desk.example/\""),
            "the way to the desk"
        );
        assert!(nobody.page("/services").await.contains("Archive"));
        let feed = nobody.page("/news.atom").await;
        assert!(feed.contains("<title>belle help: news</title>"), "{feed}");
        assert!(
            feed.contains("href=\"http://belle.example/news.atom\""),
            "{feed}"
        );
        let mut stranger = Browser::new(&desk).at("evil.example");
        assert_eq!(stranger.get("/").await.status, 421);
        // A mail about a ticket that came by it links to it, whatever host asked.
        let mut rita = Browser::of(&desk, &f.rita).await;
        let number = rita.open(&[("portal", "belle")]).await;
        desk.run_jobs().await;
        let mails = desk.sent_mail();
        let to_rita = mails.iter().find(|m| m.to.starts_with("rita@")).unwrap();
        assert!(
            to_rita.text.contains("http://belle.example/t/"),
            "{}",
            to_rita.text
        );
        let word = to_rita.text.split("http://belle.example").nth(1).unwrap();
        let path = word.split_whitespace().next().unwrap();
        let page = nobody.page(path).await;
        assert!(page.contains(&format!("Ticket {number}")) && page.contains("belle help"));
        // A closed portal's host is a stranger's.
        let closed = Portal {
            active: false,
            ..portal
        };
        desk.desk
            .save_portal(&system(), closed, false)
            .await
            .unwrap();
        assert_eq!(nobody.get("/").await.status, 421);
    });
}

#[test]
fn colours_and_logo_of_a_portal_are_served_as_files_that_can_do_nothing() {
    on_sqlite(|desk| async move {
        let pia = staff(&desk, "Pia").await;
        desk.federation().await;
        belle(&desk, &pia).await;
        let mut nobody = Browser::new(&desk);
        let sheet = nobody.get("/p/belle/theme.css").await.expect(200);
        assert!(sheet.header("content-type").starts_with("text/css"));
        assert!(
            sheet
                .text()
                .contains("--bar: light-dark(#3a1020, #2a0c18);")
        );
        assert!(!sheet.text().contains("--accent:"));
        assert_eq!(sheet.header("set-cookie"), "");
        let logo = nobody.get("/p/belle/logo").await.expect(200);
        assert_eq!(logo.header("content-type"), "image/png");
        assert!(logo.header("content-security-policy").contains("sandbox"));
        for path in [
            "/p/belle/theme.css",
            "/p/belle/logo",
            "/p/belle/news.atom",
            "/news.atom",
        ] {
            let first = nobody.get(path).await.expect(200);
            let again = Request::builder()
                .uri(path)
                .header(header::IF_NONE_MATCH, first.header("etag"))
                .body(Body::empty())
                .unwrap();
            let again = nobody.ask(again).await.expect(304);
            assert!(again.bytes.is_empty(), "{path}");
        }
    });
}

#[test]
fn news_are_posted_changed_and_taken_back_and_stand_in_the_feed() {
    both(|desk| async move {
        let f = desk.federation().await;
        let pia = staff(&desk, "Pia").await;
        belle(&desk, &pia).await;
        let draft = [
            ("kind", "incident"),
            ("title", "Tape <robot> & arm"),
            ("body", "It is stuck.\n\nWe know."),
        ];
        let mut fay = Browser::of(&desk, &f.fay).await;
        assert_eq!(fay.send("/p/belle/news", &draft).await.status, 403);
        assert!(!fay.page("/p/belle/news").await.contains("id=\"post\""));
        let mut pia = Browser::of(&desk, &pia).await;
        let empty = [("kind", "incident"), ("title", " ")];
        let page = pia.send("/p/belle/news", &empty).await.expect(422).text();
        assert!(page.contains("title-err"), "{page}");
        pia.send("/p/belle/news", &draft).await.expect(303);
        let page = pia.page("/p/belle/news").await;
        assert!(page.contains("Tape &#60;robot&#62; &#38; arm"));
        let id = page
            .split("id=\"n-")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let id = id.to_owned();
        let feed = Browser::new(&desk)
            .get("/p/belle/news.atom")
            .await
            .expect(200);
        assert!(
            feed.header("content-type")
                .starts_with("application/atom+xml")
        );
        let text = feed.text();
        assert!(text.contains(&format!("<id>urn:uuid:{id}</id>")), "{text}");
        assert!(text.contains("<title>Tape &#60;robot&#62; &#38; arm</title>"));
        assert!(text.contains("<category term=\"incident\"/>"));
        let mended = [
            ("id", id.as_str()),
            ("kind", "news"),
            ("title", "The arm moves"),
            ("body", ""),
        ];
        pia.send("/p/belle/news", &mended).await.expect(303);
        let home = Browser::new(&desk).page("/p/belle").await;
        assert!(home.contains("The arm moves") && !home.contains("robot"));
        let back = [("id", id.as_str()), ("do", "take-back")];
        pia.send("/p/belle/news", &back).await.expect(303);
        assert!(
            !Browser::new(&desk)
                .page("/p/belle")
                .await
                .contains("The arm moves")
        );
    });
}

#[test]
fn an_administrator_sets_up_a_portal_and_is_told_which_colours_can_be_read() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        desk.community("belle", false).await;
        desk.unit("front", "Front desk", 1).await;
        let mut ada = Browser::of(&desk, &f.ada).await;
        let wrong = [("key", "B elle"), ("name", "Belle")];
        let page = ada.send("/admin/portals", &wrong).await.expect(422).text();
        assert!(page.contains("key-err"));
        let new = [("key", "belle"), ("name", "Belle help")];
        ada.send("/admin/portals", &new).await.expect(303);
        // Closed until it is filled in.
        assert_eq!(ada.get("/p/belle").await.status, 404);
        let path = "/admin/portals/belle";
        let form = |accent: &'static str| {
            vec![
                ("name", "Belle help"),
                ("community", "belle"),
                ("unit", "front"),
                ("services", "Links\nArchive"),
                ("position", "3"),
                ("own_colours", "1"),
                ("accent_light", accent),
                ("accent_dark", "#f2a97e"),
                ("bar_light", "#3a1a0c"),
                ("bar_dark", "#24100a"),
                ("active", "1"),
            ]
        };
        let green = form("#2eb872");
        let page = ada.send(path, &green).await.expect(422).text();
        assert!(
            page.contains("2.55:1") && page.contains("accent_light-err"),
            "{page}"
        );
        assert_eq!(ada.get("/p/belle").await.status, 404);
        // The preview says the same before anything is stored.
        let preview = ada
            .send("/admin/portals/belle/preview", &green)
            .await
            .expect(200);
        let preview = preview.text();
        assert!(
            preview.contains("id=\"preview\"") && preview.contains("2.55:1"),
            "{preview}"
        );
        assert!(preview.contains("fill=\"#2eb872\"") && !preview.contains("style="));
        let shown = [green.as_slice(), &[("do", "preview")]].concat();
        assert!(
            ada.send(path, &shown)
                .await
                .expect(200)
                .text()
                .contains("2.55:1")
        );
        let mut unknown = form("#8a3b12");
        unknown[3] = ("services", "Nothing");
        let page = ada.send(path, &unknown).await.expect(422).text();
        assert!(page.contains("services-err"));
        ada.send(path, &form("#8a3b12")).await.expect(303);
        let home = Browser::new(&desk).page("/p/belle").await;
        let (links, archive) = (
            home.find(">Links<").unwrap(),
            home.find(">Archive<").unwrap(),
        );
        assert!(links < archive, "in the order of the portal");
        assert!(ada.page(path).await.contains("value=\"#8a3b12\""));
    });
}

#[test]
fn people_join_open_communities_and_administrators_put_them_into_others() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut ada = Browser::of(&desk, &f.ada).await;
        let new = [
            ("key", "open.science"),
            ("name", "Open science"),
            ("aliases", "science\nos"),
            ("open", "1"),
        ];
        ada.send("/admin/communities", &new).await.expect(303);
        let again = ada
            .send("/admin/communities", &new)
            .await
            .expect(422)
            .text();
        assert!(again.contains("key-err"));
        desk.community("belle", false).await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let page = rita.page("/account/communities").await;
        assert!(page.contains("Open science") && !page.contains("belle"));
        assert!(!rita.page("/tickets").await.contains("In my community"));
        let join = [("community", "open.science"), ("do", "join")];
        rita.send("/account/communities", &join).await.expect(303);
        assert!(rita.page("/tickets").await.contains("In my community"));
        let closed = [("community", "belle"), ("do", "join")];
        assert_eq!(rita.send("/account/communities", &closed).await.status, 403);
        let to = "/admin/communities/belle";
        let nobody = [("do", "add"), ("email", "nobody@people.example")];
        let page = ada.send(to, &nobody).await.expect(422).text();
        assert!(page.contains("email-err"));
        let add = [("do", "add"), ("email", f.rita.email.as_str())];
        ada.send(to, &add).await.expect(303);
        assert!(rita.page("/account/communities").await.contains("belle"));
        // What is open to it is listed to its people.
        let mut otto = Browser::of(&desk, &f.otto).await;
        let number = otto.open(&[("service", "Archive")]).await;
        let open = serde_json::json!({"community": "belle", "visibility": "community"});
        desk.patch(&f.sam, &format!("/tickets/{number}"), open)
            .await
            .expect(200);
        let list = rita.page("/tickets?community=1").await;
        assert!(list.contains(&format!("/tickets/{number}")), "{list}");
        assert!(!list.contains("Your turn"));
        rita.page(&format!("/tickets/{number}")).await;
        let remove = [("do", "remove"), ("email", f.rita.email.as_str())];
        ada.send(to, &remove).await.expect(303);
        assert_eq!(rita.get(&format!("/tickets/{number}")).await.status, 404);
    });
}

#[test]
fn a_team_ticket_is_asked_for_by_form_and_api_and_edited_by_the_team() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        desk.community("belle", false).await;
        desk.community("open", true).await;
        let mate = desk.person("Carl").await;
        for person in [&f.otto, &mate] {
            desk.put_into("belle", person).await;
        }
        let body = |kind: &str, community: &str| {
            serde_json::json!({"subject": "S", "description": "D", "type": kind,
                "community": community, "service": "Archive"})
        };
        for (kind, community, field) in [
            ("team", "open", "community"),
            ("alarm", "belle", "type"),
            ("ops", "belle", "type"),
        ] {
            let wrong = desk.post(&f.otto, "/tickets", body(kind, community)).await;
            assert_eq!(wrong.expect(422).json["field"], field);
        }
        let outsider = desk.post(&f.rita, "/tickets", body("team", "belle")).await;
        outsider.expect(422);
        let opened = desk.post(&f.otto, "/tickets", body("team", "belle")).await;
        let opened = opened.expect(201);
        assert_eq!(
            (&opened.json["type"], &opened.json["visibility"]),
            (&"team".into(), &"community".into())
        );

        // By the form, which offers it to those who are of a team.
        let mut rita = Browser::of(&desk, &f.rita).await;
        assert!(!rita.page("/tickets/new").await.contains("name=\"team\""));
        let mut otto = Browser::of(&desk, &f.otto).await;
        assert!(
            otto.page("/tickets/new")
                .await
                .contains("<option value=\"belle\">")
        );
        let wrong = [("subject", "S"), ("description", "D"), ("team", "open")];
        let page = otto.send("/tickets/new", &wrong).await.expect(422).text();
        assert!(page.contains("team-err"), "{page}");
        let number = otto
            .open(&[("team", "belle"), ("service", "Archive")])
            .await;
        let at = format!("/tickets/{number}");

        let mut carl = Browser::of(&desk, &mate).await;
        let page = carl.page(&at).await;
        assert!(
            page.contains("Team ticket of <b>The belle collaboration</b>"),
            "{page}"
        );
        let answer = [("body", "The team has an answer."), ("do", "answer")];
        carl.send(&format!("{at}/answer"), &answer)
            .await
            .expect(303);
        let solved = serde_json::json!({"status": "solved", "solution": "Done."});
        desk.patch(&f.sam, &format!("/tickets/{number}"), solved)
            .await
            .expect(200);
        carl.send(&format!("{at}/verify"), &[]).await.expect(303);
        let page = otto.page(&at).await;
        assert!(page.contains("confirmed to work") && page.contains("The team has an answer."));
        assert_eq!(rita.get(&at).await.status, 404);
    });
}
