//! An agreement with a partner desk names the services whose tickets are given to it.

use desk::exchange::partner::{Changed, Own};
use desk::{Error, OpenRequest, Step};
use switchboard_core::{Command, EntryVisibility, ServiceId, TicketNumber};
use testkit::desks;

use crate::exchange::{PUBLIC, says, stored};
use crate::exchange_partner::{
    Side, TERMS, acts, at_other, couple, give, joint, left, own, partner, quiet, said, sides,
    stand_in,
};

/// A ticket about a service, or about none.
async fn opens_about(at: &Side, subject: &str, service: Option<&str>) -> TicketNumber {
    let request = OpenRequest {
        subject: subject.into(),
        description: format!("{subject}: it was there yesterday."),
        service: service.map(Into::into),
        ..OpenRequest::default()
    };
    let opened = at.desk.desk.open_ticket(&at.rita, request).await;
    opened.unwrap().number
}

async fn is_about(at: &Side, number: TicketNumber, service: ServiceId) {
    let step = Step::Command(Command::SetService(Some(service)));
    acts(at, &at.fay, number, step).await;
}

async fn only(at: &Side, to: &Side, services: &[&str]) -> Result<(), Error> {
    let services = services.iter().map(|s| (*s).to_owned()).collect();
    let changed = Changed {
        services: Some(services),
        ..Changed::default()
    };
    let id = partner(at, to).await.id;
    at.desk.desk.change_partner(&at.ada, id, changed).await
}

async fn holder(at: &Side, number: TicketNumber) -> String {
    let joint = joint(at, number).await;
    joint.shared.baton().holder().to_string()
}

async fn travels(at: &Side, number: TicketNumber) -> bool {
    let db = at.desk.desk.db();
    let found = db.read(move |c| store::shared::of_ticket(c, number)).await;
    found.unwrap().is_some()
}

#[test]
fn only_tickets_about_the_services_of_the_agreement_are_given_to_a_partner() {
    desks(&["Desk A", "Desk B"], |all| async move {
        let all = sides(all).await;
        let [a, b] = &all[..] else { unreachable!() };
        couple(a, b, TERMS, ("desk-b", "desk-a")).await;
        let disk = a.desk.service("disk", "Disk space", a.f.storage).await;
        let tape = a.desk.service("tape", "Tape space", a.f.storage).await;
        match only(a, b, &["disk", "cloud"]).await {
            Err(Error::Invalid { field, .. }) => assert_eq!(field, "services"),
            other => panic!("{other:?}"),
        }
        only(a, b, &["Disk space"]).await.unwrap();
        let standing = a.desk.desk.partners(&a.fay).await.unwrap().remove(0);
        assert_eq!(standing.covered, ["Disk space"]);
        assert_eq!(standing.units, ["At desk-b"], "what is not named stays");

        let on_disk = opens_about(a, "A disk", Some("disk")).await;
        let on_tape = opens_about(a, "A tape", Some("tape")).await;
        let on_none = opens_about(a, "Something", None).await;
        for number in [on_disk, on_tape, on_none] {
            give(a, number, "desk-b").await;
        }
        quiet(&[a, b], 5).await;
        assert!(travels(a, on_disk).await);
        assert!(!travels(a, on_tape).await && !travels(a, on_none).await);
        let out = left(a).await;
        assert!(out.contains("A disk") && !out.contains("A tape") && !out.contains("Something"));
        let away = a.desk.desk.at_partners(&a.fay, None, 50).await.unwrap();
        let away: Vec<TicketNumber> = away.items.iter().map(|t| t.ticket).collect();
        assert_eq!(away, [on_disk]);

        // It was about something else: it is given there when that is set right.
        is_about(a, on_tape, disk).await;
        quiet(&[a, b], 5).await;
        assert_eq!(holder(a, on_tape).await, b.name.to_string());
        let there = at_other(a, on_tape, b).await;
        assert_eq!(said(b, there).await, said(a, on_tape).await);

        // And taken back as if it had been given to another unit, when it is not about that.
        is_about(a, on_tape, tape).await;
        quiet(&[a, b], 5).await;
        for (side, number) in [(a, on_tape), (b, there)] {
            assert_eq!(holder(side, number).await, a.name.to_string());
        }
        let stays = stored(&a.desk, on_tape).await.0.unit;
        let catalogue = a.desk.desk.catalogue().await.unwrap();
        assert_eq!(catalogue.unit(stays).unwrap().key, "desk-b");
        let looked = a.desk.desk.looked_at_partner(&a.fay, on_tape).await;
        assert!(matches!(looked, Err(Error::Conflict(_))), "it is with none");
        // What is said on either side is said on the other, as of any that was taken back.
        says(&b.desk, &b.fay, there, PUBLIC, "We had found it.", None).await;
        quiet(&[a, b], 5).await;
        assert!(said(a, on_tape).await.contains_key("We had found it."));
        assert_eq!(holder(a, on_disk).await, b.name.to_string(), "left alone");

        // With none named it is about whatever is given there.
        only(a, b, &[]).await.unwrap();
        give(a, on_none, "storage").await;
        give(a, on_none, "desk-b").await;
        quiet(&[a, b], 5).await;
        assert!(travels(a, on_none).await);
    });
}

#[test]
fn an_invitation_says_which_services_and_what_comes_about_others_is_looked_at() {
    desks(&["Desk A", "Desk B"], |all| async move {
        let all = sides(all).await;
        let [a, b] = &all[..] else { unreachable!() };
        stand_in(a, "desk-b").await;
        stand_in(b, "desk-a").await;
        for (key, name) in [("disk", "Disk space"), ("tape", "Tape space")] {
            a.desk.service(key, name, a.f.storage).await;
            b.desk.service(key, name, b.f.network).await;
        }
        let named = |unit: &str, service: &str| Own {
            services: vec![service.to_owned()],
            ..own(&[unit])
        };
        let desk = &a.desk.desk;
        let own = named("desk-b", "cloud");
        match desk.invite_partner(&a.ada, "", TERMS, &own).await {
            Err(Error::Invalid { field, .. }) => assert_eq!(field, "services"),
            other => panic!("{other:?}"),
        }
        let own = named("desk-b", "disk");
        let written = desk.invite_partner(&a.ada, "", TERMS, &own).await;
        let text = written.unwrap().text;
        let listed = desk.partner_invitations(&a.fay).await.unwrap();
        assert_eq!(listed[0].services, ["Disk space"]);
        let there = &b.desk.desk;
        let read = there.read_invitation(&b.ada, &text).unwrap();
        assert_eq!(read.services, ["Disk space"]);
        // B names another one: each decides for what it gives.
        let own = named("desk-a", "tape");
        let accepted = there.accept_partner(&b.ada, &text, &own).await;
        accepted.unwrap();
        for (side, covered) in [(a, "Disk space"), (b, "Tape space")] {
            let standing = side.desk.desk.partners(&side.fay).await.unwrap();
            assert_eq!(standing[0].covered, [covered]);
        }

        let number = opens_about(a, "A disk", Some("disk")).await;
        give(a, number, "desk-b").await;
        quiet(&[a, b], 5).await;
        let came = at_other(a, number, b).await;
        let (ticket, entries) = stored(&b.desk, came).await;
        assert_eq!(ticket.unit, b.f.storage, "where all begins, not network");
        let noted = entries.iter().filter(|e| {
            e.visibility == EntryVisibility::Internal && e.body.contains("about none of them")
        });
        assert_eq!(noted.count(), 1);
        assert!(!left(b).await.contains("about none of them"));
        // What was opened there goes back whatever it is about.
        give(b, came, "desk-a").await;
        quiet(&[a, b], 5).await;
        assert_eq!(holder(a, number).await, a.name.to_string());
        assert_eq!(holder(b, came).await, a.name.to_string());
        // Of its own it gives those about tapes only.
        let own_disk = opens_about(b, "A disk of B", Some("disk")).await;
        let own_tape = opens_about(b, "A tape of B", Some("tape")).await;
        for own in [own_disk, own_tape] {
            give(b, own, "desk-a").await;
        }
        quiet(&[a, b], 5).await;
        assert!(travels(b, own_tape).await && !travels(b, own_disk).await);
        assert!(!left(b).await.contains("A disk of B"));
    });
}
