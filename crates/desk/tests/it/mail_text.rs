//! What mails say: in the language of who gets them, as administrators wrote it, and
//! nothing that its readers may not read.

use std::collections::BTreeMap;

use desk::mail_text::Kind;
use desk::{EntryDraft, Error, OpenRequest, Patch, Step};
use store::choice::Wish;
use switchboard_core::tlp::Tlp;
use switchboard_core::{Actor, Channel, EntryVisibility, PersonId, TicketNumber, Visibility};
use testkit::{Federation, Mail, TestDesk, both};

async fn actor(desk: &TestDesk, person: PersonId) -> Actor {
    desk.desk.actor_for(person, Channel::Web).await.unwrap()
}

async fn opened(test: &TestDesk, people: &Federation, subject: &str) -> TicketNumber {
    let rita = actor(test, people.rita.id).await;
    let request = OpenRequest {
        subject: subject.into(),
        description: "The disk is full.".into(),
        unit: Some("storage".into()),
        ..OpenRequest::default()
    };
    let number = test.desk.open_ticket(&rita, request).await.unwrap().number;
    test.run_jobs().await;
    number
}

async fn write(test: &TestDesk, who: &Actor, number: TicketNumber, public: bool, body: &str) {
    let draft = EntryDraft {
        body: body.into(),
        ..EntryDraft::default()
    };
    let side = if public {
        EntryVisibility::Public
    } else {
        EntryVisibility::Internal
    };
    test.desk
        .act(who, number, None, vec![Step::Write(side, draft)])
        .await
        .unwrap();
    test.run_jobs().await;
}

/// The last mail to Rita.
fn last(test: &TestDesk) -> Mail {
    let mut mails = test.sent_mail();
    mails.retain(|m| m.to.starts_with("rita@"));
    mails.pop().unwrap()
}

#[test]
fn mails_come_in_the_language_of_who_gets_them_and_say_what_administrators_wrote() {
    both(|test| async move {
        let people = test.federation().await;
        let ada = actor(&test, people.ada.id).await;
        let sam = actor(&test, people.sam.id).await;
        german(&test, people.rita.id).await;
        let number = opened(&test, &people, "{{ 7*7 }} {% if x %}").await;
        let mail = last(&test);
        let began = "Wir haben Ihre Anfrage";
        assert!(mail.text.starts_with(began), "{}", mail.text);
        assert!(mail.subject.contains("{{ 7*7 }} {% if x %}"));
        let subject = "Neues: {{ subject }}";
        let body = "Servus {{ name }}!\n{{ text }}\n{{ link }}\n";
        let desk = &test.desk;
        let saved = desk
            .set_mail_text(&ada, "answer.de", Some(0), subject, body)
            .await
            .unwrap();
        assert_eq!((saved.shipped, saved.version), (false, 1));
        write(&test, &sam, number, true, "Ein {{ name }} und {{ 7*7 }}.").await;
        let mail = last(&test);
        let tagged = format!("[#{number}] Neues: {{{{ 7*7 }}}}");
        assert!(mail.subject.starts_with(&tagged), "{}", mail.subject);
        assert!(mail.text.starts_with("Servus Rita!"), "{}", mail.text);
        assert!(mail.text.contains("Ein {{ name }} und {{ 7*7 }}."));
        // Who saw another version, also one of before the shipped text was put back.
        let stale = desk
            .set_mail_text(&ada, "answer.de", Some(0), "x", body)
            .await;
        assert!(matches!(stale, Err(Error::Stale { current: 1 })));
        let shipped = desk
            .reset_mail_text(&ada, "answer.de", Some(1))
            .await
            .unwrap();
        assert_eq!((shipped.shipped, shipped.version), (true, 2));
        let again = desk.reset_mail_text(&ada, "answer.de", None).await.unwrap();
        assert_eq!(again, shipped, "nothing to put back is nothing done");
        let stale = desk
            .set_mail_text(&ada, "answer.de", Some(1), "x", body)
            .await;
        assert!(matches!(stale, Err(Error::Stale { current: 2 })));
        write(&test, &sam, number, true, "Noch eins.").await;
        assert!(last(&test).text.contains("hat in Ticket"));
        // Only administrators.
        for denied in [
            desk.mail_texts(&sam).await.map(|_| ()),
            desk.set_mail_text(&sam, "answer.de", None, subject, body)
                .await
                .map(|_| ()),
            desk.reset_mail_text(&sam, "answer.de", None)
                .await
                .map(|_| ()),
            desk.preview_mail_text(&sam, "answer.de", subject, body, Some(number))
                .await
                .map(|_| ()),
        ] {
            assert!(matches!(denied, Err(Error::Forbidden(_))));
        }
    });
}

#[test]
fn a_text_that_can_not_be_used_is_refused_by_field_and_line() {
    both(|test| async move {
        let people = test.federation().await;
        let ada = actor(&test, people.ada.id).await;
        let refused = async |key: &str, subject: &str, body: &str| match test
            .desk
            .set_mail_text(&ada, key, None, subject, body)
            .await
        {
            Err(Error::Invalid { field, problem }) => format!("{field}: {problem}"),
            other => panic!("{subject} {body}: {other:?}"),
        };
        let wrong = refused("answer.de", "{{ subject }}", "Hi\n\n{{ txet }} {{ link }}").await;
        assert!(
            wrong.starts_with("body: line 3: {{ txet }} is none"),
            "{wrong}"
        );
        let wrong = refused("answer.en", "{{ subjekt }}", "{{ link }}").await;
        assert!(
            wrong.starts_with("subject: line 1: {{ subjekt }}"),
            "{wrong}"
        );
        let wrong = refused("work.en", "x", "{{ link }}\n{% if label %}").await;
        assert!(wrong.starts_with("body: line 2: "), "{wrong}");
        assert!(
            refused("work.en", "a\r\nBcc: b", "{{ link }}")
                .await
                .contains("one line")
        );
        // Nobody finds the ticket by these.
        for body in ["Hello", "link", "{% if label %}{{ link }}{% endif %}"] {
            assert!(refused("work.en", "x", body).await.contains("{{ link }}"));
        }
        // What the first answer to anybody may not repeat, and a mail about a marked
        // ticket may not tell, is no field of theirs.
        for key in ["received.en", "restricted.en"] {
            for field in ["text", "subject", "who", "headline", "changes"] {
                let body = format!("{{{{ {field} }}}} {{{{ link }}}}");
                let wrong = refused(key, "x", &body).await;
                assert!(wrong.contains("is none of the fields"), "{wrong}");
            }
        }
        assert!(matches!(
            test.desk.mail_text(&ada, "answer.tlh").await,
            Err(Error::NotFound { .. })
        ));
    });
}

#[test]
fn no_text_puts_anything_into_a_header_and_a_broken_one_gives_way() {
    both(|test| async move {
        let people = test.federation().await;
        let ada = actor(&test, people.ada.id).await;
        let sam = actor(&test, people.sam.id).await;
        let number = opened(&test, &people, "Disk").await;
        // Whatever the field holds, the subject stays one line.
        test.desk
            .set_mail_text(
                &ada,
                "answer.en",
                None,
                "{{ text }}",
                "{{ text }} {{ link }}",
            )
            .await
            .unwrap();
        let hostile = "x\r\nBcc: all@people.example\r\n\r\nY\u{2028}Z\0";
        write(&test, &sam, number, true, hostile).await;
        let mail = last(&test);
        let raw = String::from_utf8_lossy(&mail.raw).into_owned();
        let (header, _) = raw.split_once("\r\n\r\n").unwrap();
        assert!(
            !header.lines().any(|line| line.starts_with("Bcc")),
            "{header}"
        );
        assert!(mail.subject.contains("x Bcc: all@people.example"));
        // However it came there, a text that is none is no reason for silence.
        for (subject, body) in [("{{ subject }}", "{% if text %}"), ("x", "{{ changes }}")] {
            let text = store::mail_text::MailText {
                key: "answer.en".into(),
                own: Some((subject.into(), body.into())),
                version: 9,
            };
            test.desk
                .db()
                .write(move |c| store::mail_text::save(c, &text, 0).map_err(Error::from))
                .await
                .unwrap();
            write(&test, &sam, number, true, "There is room again.").await;
            let mail = last(&test);
            assert!(mail.text.contains("wrote in ticket"), "{}", mail.text);
            assert!(mail.text.contains("There is room again."));
        }
    });
}

#[test]
fn a_preview_shows_a_real_ticket_and_nothing_that_its_mail_would_not() {
    both(|test| async move {
        let people = test.federation().await;
        let ada = actor(&test, people.ada.id).await;
        let sam = actor(&test, people.sam.id).await;
        let number = opened(&test, &people, "Disk").await;
        write(&test, &sam, number, true, "We look at it.").await;
        write(&test, &sam, number, false, "canary-note").await;
        let preview = async |key: &str, number: TicketNumber| {
            let body = match key {
                "restricted.en" => "{{ label }} {{ link }}",
                _ => "{{ headline }}|{{ text }}|{{ name }}|{{ link }}",
            };
            test.desk
                .preview_mail_text(&ada, key, "About {{ ticket }}", body, Some(number))
                .await
        };
        // As the last thing is told that they are told of; notes are for one side only.
        let (subject, text) = preview("answer.en", number).await.unwrap();
        assert_eq!(subject, format!("[#{number}] About {number}"));
        let link = format!("http://desk.example/tickets/{number}");
        assert_eq!(
            text,
            format!("Sam wrote in ticket {number}:|We look at it.|Ada|{link}")
        );
        let (_, text) = preview("work.en", number).await.unwrap();
        assert!(text.contains("canary-note"), "{text}");
        let (_, text) = preview("restricted.en", number).await.unwrap();
        assert!(text.starts_with("TLP:RED "), "{text}");
        // Nothing was kept or sent.
        assert!(
            test.desk
                .mail_text(&ada, "answer.en")
                .await
                .unwrap()
                .shipped
        );
        assert!(matches!(
            preview("answer.en", TicketNumber(9999)).await,
            Err(Error::Invalid { field, .. }) if field == "ticket"
        ));
        // What a label keeps out of mails is in no preview of them either, and what is
        // shown of a marked ticket is a reading of it.
        let mark = |tlp| Patch {
            visibility: Some(Visibility::Restricted),
            tlp: Some(tlp),
            ..Patch::default()
        };
        let reads = async || {
            let only = store::ticket_read::Filter {
                person: Some(people.ada.id),
                ..Default::default()
            };
            test.desk.reads(&ada, only, 50).await.unwrap().len()
        };
        for (tlp, shown) in [(Tlp::Red, false), (Tlp::Green, true)] {
            test.desk
                .change(&ada, number, None, mark(tlp))
                .await
                .unwrap();
            test.clock.advance(3_600_000);
            let before = reads().await;
            let seen = preview("answer.en", number).await;
            assert_eq!(seen.is_ok(), shown, "{seen:?}");
            if let Err(error) = seen {
                assert!(error.to_string().contains("TLP:RED"), "{error}");
            }
            assert_eq!(reads().await > before, shown);
            let (_, text) = preview("restricted.en", number).await.unwrap();
            assert_eq!(text, format!("{} {link}", tlp.label()));
        }
    });
}

/// Chooses German for somebody.
async fn german(test: &TestDesk, who: PersonId) {
    let wish = Wish {
        language: Some("de".into()),
        rhythm: "daily".into(),
        weekday: 0,
        hour: 7,
        time_zone: "UTC".into(),
    };
    test.desk
        .set_mail_choices(who, BTreeMap::new(), wish)
        .await
        .unwrap();
}

#[test]
fn letters_come_in_the_language_of_who_gets_them_and_say_what_administrators_wrote() {
    both(|test| async move {
        let people = test.federation().await;
        let ada = actor(&test, people.ada.id).await;
        let rita = actor(&test, people.rita.id).await;
        let stan = actor(&test, people.stan.id).await;
        for who in [people.ada.id, people.rita.id] {
            german(&test, who).await;
        }
        let desk = &test.desk;
        let units = ["storage".to_owned()];
        let id = desk
            .apply_for_support(&rita, &units, "Because {{ desk }} and {% if x %}.")
            .await
            .unwrap();
        let letter = async |to: &str| {
            test.run_jobs().await;
            let mut mails = test.sent_mail();
            mails.retain(|m| m.to.starts_with(to));
            mails.pop().unwrap()
        };
        let mail = letter("ada@").await;
        assert_eq!(
            mail.subject,
            "Rita bewirbt sich um die Support-Berechtigung"
        );
        // Whoever applies puts no field into what an administrator reads.
        assert!(
            mail.text.contains("> Because {{ desk }} and {% if x %}."),
            "{}",
            mail.text
        );
        desk.answer_application(&ada, id, true, "Sie kennt sich aus.")
            .await
            .unwrap();
        // In the same minute one in English to Stan and one in German to Rita.
        let mail = letter("rita@").await;
        assert_eq!(
            mail.subject,
            "Gegeben: die Support-Berechtigung, um die Sie sich beworben haben"
        );
        assert!(
            mail.text
                .contains("Diese Teams wurden gebeten, Sie aufzunehmen: Storage.")
        );
        assert_eq!(letter("stan@").await.subject, "Rita asks to join Storage");
        let own = "{{ name }}: {{ headline }} ({{ reason }}) {{ link }}";
        desk.set_mail_text(&ada, "member.de", None, "Neu: {{ unit }}", own)
            .await
            .unwrap();
        let asked = desk.joins_waiting_for(&stan).await.unwrap().remove(0);
        desk.answer_join(&stan, "storage", asked.id, true, "")
            .await
            .unwrap();
        let mail = letter("rita@").await;
        assert_eq!(mail.subject, "Neu: Storage");
        assert_eq!(
            mail.text.trim(),
            "Rita: Sie gehören zu Storage (Sie haben darum gebeten) http://desk.example/units/storage"
        );
        // An account's letters are texts, too, and have to have their link.
        let bare = desk
            .set_mail_text(&ada, "reset.de", None, "Passwort", "Rufen Sie an.")
            .await;
        assert!(matches!(bare, Err(Error::Invalid { field, .. }) if field == "body"));
        let stranger = desk
            .set_mail_text(&ada, "register.en", None, "Hi {{ name }}", "{{ link }}")
            .await;
        assert!(matches!(stranger, Err(Error::Invalid { field, .. }) if field == "subject"));
    });
}

#[test]
fn every_text_has_a_preview_in_which_each_field_stands_for_something() {
    both(|test| async move {
        let people = test.federation().await;
        let ada = actor(&test, people.ada.id).await;
        let number = opened(&test, &people, "Disk").await;
        for text in test.desk.mail_texts(&ada).await.unwrap() {
            let ticket = text.kind.tells_of_a_ticket().then_some(number);
            let preview = async |body: &str, ticket| {
                let desk = &test.desk;
                desk.preview_mail_text(&ada, &text.key(), &text.subject, body, ticket)
                    .await
            };
            let (subject, body) = preview(&text.body, ticket).await.unwrap();
            assert_eq!(
                subject.starts_with("[#"),
                text.kind.is_tagged(),
                "{subject}"
            );
            assert!(!subject.is_empty() && !body.contains("{{"), "{body}");
            if ticket.is_some() {
                let missing = preview(&text.body, None).await;
                assert!(
                    matches!(&missing, Err(Error::Invalid { field, .. }) if field == "ticket"),
                    "{missing:?}"
                );
            }
            // Notices tell what is there: of this ticket nothing was solved or changed. One to
            // the responsibles has no text where somebody joined, and the tickets of nobody.
            for field in text.kind.fields() {
                let tested = format!("{{% if {field} %}}YES{{% endif %}}{{{{ link }}}}");
                let tested = if text.kind.fields().contains(&"link") {
                    tested
                } else {
                    format!("{{% if {field} %}}YES{{% endif %}}.")
                };
                let (_, body) = preview(&tested, ticket).await.unwrap();
                let may_be_empty = match text.kind {
                    Kind::Answer | Kind::Work => true,
                    Kind::Members => ["text", "tickets"].contains(field),
                    _ => false,
                };
                assert!(
                    body.contains("YES") || may_be_empty,
                    "{}: {field}",
                    text.key()
                );
            }
        }
    });
}
