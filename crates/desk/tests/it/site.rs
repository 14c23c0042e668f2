//! The contact of a site: a party of the tickets that name it, when it is somebody
//! known here.

use desk::import::{Dump, Format, Kind};
use desk::site::SiteEdit;
use desk::{Error, OpenRequest, Patch, TicketQuery};
use switchboard_core::{Actor, Channel, PartyRole, PersonId, TicketNumber};
use testkit::{TestDesk, both};

async fn actor(desk: &TestDesk, person: PersonId) -> Actor {
    desk.desk.actor_for(person, Channel::Web).await.unwrap()
}

async fn site(desk: &TestDesk, key: &str, new: bool, contact: Option<&str>) {
    let edit = SiteEdit {
        name: Some(format!("Site {key}")),
        contact: Some(contact.map(str::to_owned)),
        ..SiteEdit::default()
    };
    let system = Actor::system(Channel::Cli);
    desk.desk
        .put_site(&system, key, new, None, edit)
        .await
        .unwrap();
    desk.run_jobs().await;
}

async fn open(desk: &TestDesk, by: &Actor, site: Option<&str>) -> TicketNumber {
    let request = OpenRequest {
        subject: "Nodes are down".into(),
        description: "All of them.".into(),
        unit: Some("storage".into()),
        site: site.map(str::to_owned),
        ..OpenRequest::default()
    };
    desk.desk.open_ticket(by, request).await.unwrap().number
}

/// Who is on it as a contact of its site.
async fn contacts(desk: &TestDesk, number: TicketNumber) -> Vec<PersonId> {
    let system = Actor::system(Channel::Cli);
    let ticket = desk.desk.ticket(&system, number).await.unwrap().state;
    let parties = ticket.parties.iter();
    let sites = parties.filter(|p| p.role == PartyRole::Site);
    sites.map(|p| p.person).collect()
}

async fn sees(desk: &TestDesk, who: &Actor, number: TicketNumber) -> bool {
    desk.run_jobs().await;
    let query = |q: &str| TicketQuery {
        q: q.into(),
        ..TicketQuery::default()
    };
    let read = match desk.desk.ticket(who, number).await {
        Ok(_) => true,
        Err(Error::NotFound { .. }) => false,
        Err(e) => panic!("{e}"),
    };
    for q in ["", "nodes"] {
        let page = desk.desk.tickets(who, query(q)).await.unwrap();
        let listed = page.items.iter().any(|i| i.number == number);
        assert_eq!(listed, read, "listed by {q:?} as read");
    }
    read
}

#[test]
fn the_contact_of_a_site_is_on_the_tickets_that_name_it_and_goes_with_it() {
    both(|desk| async move {
        let f = desk.federation().await;
        let (ben, coy) = (desk.person("Ben").await, desk.person("Coy").await);
        let (rita, stan) = (actor(&desk, f.rita.id).await, actor(&desk, f.stan.id).await);
        let (ben_is, coy_is) = (actor(&desk, ben.id).await, actor(&desk, coy.id).await);
        site(&desk, "south", true, Some(&ben.email)).await;
        site(&desk, "north", true, Some(&coy.email)).await;
        site(&desk, "list", true, Some("grid@list.example")).await;

        // Who asks needs no right to have them told; and asks for themselves as before.
        let number = open(&desk, &rita, Some("south")).await;
        let plain = open(&desk, &rita, None).await;
        let own = open(&desk, &ben_is, Some("south")).await;
        assert_eq!(contacts(&desk, number).await, [ben.id]);
        assert!(contacts(&desk, plain).await.is_empty());
        assert!(contacts(&desk, own).await.is_empty(), "they asked");
        assert!(sees(&desk, &ben_is, number).await);
        assert!(!sees(&desk, &ben_is, plain).await);
        assert!(!sees(&desk, &coy_is, number).await);
        // On the support side, as the unit is.
        let note = desk::EntryDraft {
            body: "Power is cut.".into(),
            ..desk::EntryDraft::default()
        };
        let step = desk::Step::Write(switchboard_core::EntryVisibility::Internal, note);
        desk.desk
            .act(&ben_is, number, None, vec![step])
            .await
            .unwrap();

        // Another site, another contact; none, where it is a list.
        for (to, who) in [
            (Some("north"), vec![coy.id]),
            (Some("list"), vec![]),
            (Some("south"), vec![ben.id]),
            (None, vec![]),
            (Some("south"), vec![ben.id]),
        ] {
            let patch = Patch {
                site: Some(to.map(str::to_owned)),
                ..Patch::default()
            };
            desk.desk.change(&stan, number, None, patch).await.unwrap();
            assert_eq!(contacts(&desk, number).await, who, "{to:?}");
        }
        assert!(!sees(&desk, &coy_is, number).await);

        // The site gets another contact: its open tickets follow, and new ones.
        site(&desk, "south", false, Some(&coy.email)).await;
        assert_eq!(contacts(&desk, number).await, [coy.id]);
        assert!(!sees(&desk, &ben_is, number).await);
        assert!(sees(&desk, &coy_is, number).await);
        let later = open(&desk, &rita, Some("south")).await;
        assert_eq!(contacts(&desk, later).await, [coy.id]);
        site(&desk, "south", false, None).await;
        assert!(contacts(&desk, number).await.is_empty());
        assert!(contacts(&desk, later).await.is_empty());
    });
}

#[test]
fn contacts_come_by_bulk_import_and_when_an_address_becomes_somebodys() {
    both(|desk| async move {
        let f = desk.federation().await;
        let (rita, ada) = (actor(&desk, f.rita.id).await, actor(&desk, f.ada.id).await);
        let text = format!(
            "key,name,contact\nsouth,South,{}\nnorth,North,noc@north.example\n",
            f.otto.email
        );
        for dry_run in [true, false] {
            let dump = Dump {
                kind: Kind::Sites,
                format: Format::of("", text.as_bytes()),
                bytes: text.as_bytes().to_vec(),
                complete: false,
                confirmed: false,
                dry_run,
            };
            let plan = desk.desk.import(&ada, dump).await.unwrap();
            assert_eq!((plan.created(), plan.done), (2, !dry_run));
        }
        let south = open(&desk, &rita, Some("south")).await;
        let north = open(&desk, &rita, Some("north")).await;
        assert_eq!(contacts(&desk, south).await, [f.otto.id]);
        assert!(contacts(&desk, north).await.is_empty(), "a list");
        // Somebody writes from there: they are known now, and on its tickets.
        let noc = desk.desk.visitor("noc@north.example", "NOC").await.unwrap();
        desk.desk.start_timers().await.unwrap();
        desk.clock.advance(3_600_000);
        desk.run_jobs().await;
        assert_eq!(contacts(&desk, north).await, [noc.person.unwrap()]);
    });
}
