//! The pages of providers, without a script: a form is filled in with errors
//! on the way and nothing is lost; an administrator returns, accepts, undoes; a
//! service goes another way.

use std::sync::Arc;

use serde_json::json;
use testkit::{Federation, Somebody, TestDesk, both};

use crate::browser::Browser;

/// The value of a field of a page.
fn value(page: &str, name: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("name=\"{name}\" type="))
        .unwrap_or_else(|| panic!("no {name} in {page}"));
    let (_, rest) = rest.split_once("value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

struct Cast {
    f: Federation,
    pia: Somebody,
}

async fn cast(desk: &TestDesk) -> Cast {
    Cast {
        f: desk.federation().await,
        pia: desk.person("Pia").await,
    }
}

/// Begins a form and gives its address.
async fn begin(pia: &mut Browser) -> String {
    let answer = pia.send("/provider/onboarding", &[]).await.expect(303);
    answer.header("location").to_owned()
}

const PROVIDER: [(&str, &str); 10] = [
    ("step", "provider"),
    ("provider.known", ""),
    ("provider.name", "Sky Institute"),
    ("provider.country", "Czechia"),
    ("provider.contact", "office@sky.example"),
    ("provider.home_page", ""),
    ("services.0.name", "Sky Atlas"),
    ("services.0.area", "Data"),
    ("services.0.description", "Pictures of the whole sky."),
    ("services.0.questions", "Which plate? *\nWhich filter?"),
];

const UNIT: [(&str, &str); 7] = [
    ("step", "unit"),
    ("unit.name", "Sky Atlas support"),
    ("unit.parent", "storage"),
    ("unit.level", "2"),
    ("unit.list", ""),
    ("unit.description", "Runs the atlas."),
    ("unit.responsibles", "pia@people.example"),
];

const QUALITY: [(&str, &str); 6] = [
    ("step", "quality"),
    ("quality.qos", "medium"),
    ("quality.opens", "09:00"),
    ("quality.closes", "17:00"),
    ("quality.time_zone", "Europe/Prague"),
    ("quality.escalation", "head@sky.example"),
];

fn with<'a>(fields: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all: Vec<_> = fields
        .iter()
        .filter(|(key, _)| !more.iter().any(|(k, _)| k == key))
        .copied()
        .collect();
    all.extend(more);
    all
}

/// Fills in the steps around connecting.
async fn fill(pia: &mut Browser, at: &str) {
    for fields in [&PROVIDER[..], &UNIT, &QUALITY] {
        pia.send(at, &with(fields, &[("do", "next")]))
            .await
            .expect(303);
    }
}

async fn sent(desk: &Arc<TestDesk>, pia: &mut Browser) -> String {
    let at = begin(pia).await;
    fill(pia, &at).await;
    let connect = [("step", "connect"), ("option", "direct"), ("do", "next")];
    pia.send(&at, &connect).await.expect(303);
    let answer = pia
        .send(
            &at,
            &[("step", "review"), ("do", "submit"), ("message", "Hello.")],
        )
        .await
        .expect(303);
    assert_eq!(answer.header("location"), "/provider");
    desk.run_jobs().await;
    at
}

#[test]
fn errors_on_the_way_lose_nothing() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        let mut pia = Browser::of(&desk, &cast.pia).await;
        let at = begin(&mut pia).await;
        let wrong = with(
            &PROVIDER,
            &[
                ("provider.country", ""),
                ("services.0.area", ""),
                ("do", "next"),
            ],
        );
        let page = pia.send(&at, &wrong).await.expect(422).text();
        assert!(page.contains("2 things are missing or wrong"), "{page}");
        assert!(page.contains("href=\"#services-0-area\""));
        assert_eq!(value(&page, "provider.name"), "Sky Institute");
        // Another day, another look: it is all there.
        let page = pia.page(&at).await;
        assert_eq!(
            value(&page, "services.0.description"),
            "Pictures of the whole sky."
        );
        assert!(page.contains("Which plate? *\nWhich filter?"), "{page}");
        // A second service comes and goes.
        pia.send(&at, &with(&PROVIDER, &[("do", "add-service")]))
            .await
            .expect(303);
        let page = pia.page(&at).await;
        assert!(page.contains("name=\"services.1.name\""));
        pia.send(
            &at,
            &with(
                &PROVIDER,
                &[("services.1.name", "Plates"), ("do", "drop-0")],
            ),
        )
        .await
        .expect(303);
        assert_eq!(value(&pia.page(&at).await, "services.0.name"), "Plates");
        // The steps on top keep what was typed, too.
        let answer = pia
            .send(
                &at,
                &with(
                    &PROVIDER,
                    &[("provider.country", "Norway"), ("do", "to-unit")],
                ),
            )
            .await
            .expect(303);
        assert!(answer.header("location").ends_with("?step=unit"));
        assert_eq!(value(&pia.page(&at).await, "provider.country"), "Norway");
        let review = pia.page(&format!("{at}?step=review")).await;
        assert!(review.contains("Before you can send it"));
        let refused = pia.send(&at, &[("step", "review"), ("do", "submit")]).await;
        refused.expect(422);
        // Nobody else finds it.
        let mut rita = Browser::of(&desk, &cast.f.rita).await;
        rita.get(&at).await.expect(404);
        rita.send(&at, &[("step", "unit"), ("do", "save")])
            .await
            .expect(404);
        let mut nobody = Browser::new(&desk);
        let answer = nobody.get(&at).await.expect(303);
        assert!(answer.header("location").starts_with("/sign-in"));
    });
}

#[test]
fn an_administrator_returns_accepts_and_undoes() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        let mut pia = Browser::of(&desk, &cast.pia).await;
        let at = sent(&desk, &mut pia).await;
        let mut ada = Browser::of(&desk, &cast.f.ada).await;
        let queue = ada.page("/admin/onboarding").await;
        let admin = at.replace("/provider/", "/admin/");
        assert!(queue.contains(&format!("href=\"{admin}\"")), "{queue}");
        pia.get("/admin/onboarding").await.expect(403);
        pia.send(&admin, &[("do", "accept")]).await.expect(403);

        let page = ada
            .send(&admin, &[("do", "return"), ("text", " ")])
            .await
            .expect(422)
            .text();
        assert!(page.contains("return-text-err"), "{page}");
        ada.send(
            &admin,
            &[("do", "return"), ("text", "Please take level 3.")],
        )
        .await
        .expect(303);
        let page = pia.page(&at).await;
        assert!(page.contains("Please take level 3."), "{page}");
        pia.send(&at, &with(&UNIT, &[("unit.level", "3"), ("do", "next")]))
            .await
            .expect(303);
        pia.send(&at, &[("step", "review"), ("do", "submit")])
            .await
            .expect(303);

        let page = ada.page(&admin).await;
        assert!(page.contains("Changed since you sent it back"), "{page}");
        ada.send(&admin, &[("do", "accept"), ("version", "1")])
            .await
            .expect(412);
        ada.send(&admin, &[("do", "accept")]).await.expect(303);
        let catalogue = desk.desk.catalogue().await.unwrap();
        let service = catalogue.find_service("service", "sky-atlas").unwrap();
        assert_eq!(service.doc.form.len(), 2);
        assert!(service.doc.form[0].required && !service.doc.form[1].required);
        let page = pia.page("/provider").await;
        assert!(
            page.contains("Sky Institute") && page.contains("Sky Atlas support"),
            "{page}"
        );

        let page = ada.page(&admin).await;
        assert!(page.contains("Nothing has used it yet"), "{page}");
        ada.send(&admin, &[("do", "undo"), ("text", "By mistake.")])
            .await
            .expect(303);
        let catalogue = desk.desk.catalogue().await.unwrap();
        assert!(catalogue.find_service("service", "sky-atlas").is_err());
        assert!(ada.page(&admin).await.contains("Undone"));
    });
}

#[test]
fn a_service_moves_to_a_list_that_was_confirmed_and_its_ticket_stays() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        let mut pia = Browser::of(&desk, &cast.pia).await;
        let at = sent(&desk, &mut pia).await;
        let mut ada = Browser::of(&desk, &cast.f.ada).await;
        ada.send(&at.replace("/provider/", "/admin/"), &[("do", "accept")])
            .await
            .expect(303);
        let open = json!({"subject": "A plate is missing", "description": "D", "service": "sky-atlas",
                          "custom": {"q1": "17"}});
        let number = desk
            .post(&cast.f.rita, "/tickets", open)
            .await
            .expect(201)
            .number();

        let way = "/provider/services/sky-atlas/option";
        let mut rita = Browser::of(&desk, &cast.f.rita).await;
        rita.get(way).await.expect(404);
        rita.send(way, &[("option", "direct"), ("do", "save")])
            .await
            .expect(404);
        let written = desk.desk.db().written().writes;
        pia.page(way).await;
        assert_eq!(
            desk.desk.db().written().writes,
            written,
            "looking changes nothing"
        );

        let list = [
            ("option", "redirection"),
            ("redirection.list", "help@sky.example"),
        ];
        let page = pia
            .send(way, &with(&list, &[("do", "submit")]))
            .await
            .expect(422)
            .text();
        assert!(page.contains("redirection-list-err"), "{page}");
        pia.send(way, &with(&list, &[("do", "ask-list")]))
            .await
            .expect(303);
        desk.run_jobs().await;
        let mail = desk
            .sent_mail()
            .into_iter()
            .rfind(|m| m.to == "help@sky.example")
            .unwrap();
        let (_, link) = mail.text.split_once("http://desk.example").unwrap();
        let link = link.split_whitespace().next().unwrap();
        let mut reader = Browser::new(&desk);
        assert!(reader.page(link).await.contains("help@sky.example"));
        // Programs look at links: that confirms nothing.
        assert!(pia.page(way).await.contains("was not followed yet"));
        reader.send(link, &[]).await.expect(200);
        reader.get(link).await.expect(401);
        assert!(
            pia.page(way)
                .await
                .contains("Confirmed by somebody who reads")
        );
        pia.send(
            way,
            &with(&list, &[("do", "submit"), ("message", "We prefer mail.")]),
        )
        .await
        .expect(303);
        let page = pia.page(way).await;
        assert!(page.contains("A change waits for review"), "{page}");

        let queue = ada.page("/admin/onboarding").await;
        let (_, rest) = queue.split_once("href=\"/admin/onboarding/").unwrap();
        let admin = format!("/admin/onboarding/{}", rest.split('"').next().unwrap());
        let page = ada.page(&admin).await;
        assert!(
            page.contains("1 open ticket stays where it is") && page.contains("Direct usage"),
            "{page}"
        );
        ada.send(&admin, &[("do", "accept")]).await.expect(303);
        let ticket = desk
            .get(&cast.f.ada, &format!("/tickets/{number}"))
            .await
            .expect(200)
            .json;
        assert_eq!(ticket["unit"], "Sky Atlas support");
        let history = desk
            .get(&cast.f.ada, &format!("/tickets/{number}/history"))
            .await
            .expect(200)
            .text();
        assert!(history.contains("service_moved"), "{history}");
        let page = ada.page(&format!("/work/{number}/history")).await;
        assert!(page.contains("Tracked redirection"), "{page}");
        assert!(
            pia.page(way)
                .await
                .contains("Tracked redirection: help@sky.example")
        );
    });
}

/// The id of a form that somebody has sent in, which waits for an answer. They
/// have to be called Pia.
pub(crate) async fn waiting(desk: &Arc<TestDesk>, pia: &Somebody) -> String {
    let mut browser = Browser::of(desk, pia).await;
    let at = sent(desk, &mut browser).await;
    at.rsplit('/').next().unwrap().to_owned()
}

#[test]
fn administrators_look_after_providers_and_their_contacts() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        let mut ada = Browser::of(&desk, &cast.f.ada).await;
        assert!(
            ada.page("/admin/providers")
                .await
                .contains("href=\"/admin/providers/tests\"")
        );
        let at = "/admin/providers/tests";
        let fields = [
            ("do", "save"),
            ("name", "Tests"),
            ("country", "Norway"),
            ("contact", "nobody"),
            ("home_page", ""),
            ("active", "yes"),
        ];
        let page = ada.send(at, &fields).await.expect(422).text();
        assert!(
            page.contains("contact-err") && page.contains("Norway"),
            "{page}"
        );
        ada.send(at, &with(&fields, &[("contact", "o@tests.example")]))
            .await
            .expect(303);
        let page = ada
            .send(at, &[("do", "add"), ("email", "who@x.example")])
            .await
            .expect(422);
        assert!(page.text().contains("email-err"));
        ada.send(at, &[("do", "add"), ("email", &cast.pia.email)])
            .await
            .expect(303);
        let mut pia = Browser::of(&desk, &cast.pia).await;
        let page = pia.page("/provider").await;
        assert!(
            page.contains("Archive") && page.contains("Norway"),
            "{page}"
        );
        pia.get(at).await.expect(403);
        ada.send(at, &[("do", "remove"), ("email", &cast.pia.email)])
            .await
            .expect(303);
        assert!(!pia.page("/provider").await.contains("Archive"));
    });
}
