//! What stands in the fields of a letter for its preview: what is known of this desk, and
//! words of the kind that would stand there. No link in it opens anything.

use switchboard_core::staff::{MemberChange, Rights};
use switchboard_core::{Part, Ticket};

use super::{Kind, Values};
use crate::letter_text::{self, Deed, why};
use crate::{Catalogue, Desk};

/// The fields of a letter to `name`, about a ticket where it is about one.
pub(super) fn letter(
    (desk, catalogue): (&Desk, &Catalogue),
    kind: Kind,
    german: bool,
    name: &str,
    ticket: Option<&Ticket>,
) -> Values {
    let config = desk.config();
    let url = &config.public_url;
    let say = |english: &str, deutsch: &str| (if german { deutsch } else { english }).to_owned();
    let units = catalogue.units.iter().filter(|u| u.active);
    let unit = units.map(|u| u.name.as_str()).next().unwrap_or("Storage");
    let service = ticket
        .and_then(|t| t.service)
        .and_then(|id| catalogue.service(id))
        .or(catalogue.services.first())
        .map_or("Storage", |s| s.name.as_str());
    let number = ticket.map(|t| t.number.to_string()).unwrap_or_default();
    let (headline, text) = match kind {
        Kind::Account => {
            let (headline, text) = Deed::PasswordChanged.words(german);
            (headline.to_owned(), text)
        }
        Kind::Member => {
            let change = MemberChange::Added(Part::Member);
            let (headline, text) = letter_text::member(change, unit, german);
            (headline, text.to_owned())
        }
        Kind::Members => {
            let change = MemberChange::Added(Part::Member);
            (
                letter_text::members(change, "Jane Doe", unit, german),
                String::new(),
            )
        }
        Kind::Rights => {
            let none = Rights {
                support: false,
                monitor: false,
                admin: false,
                active: true,
            };
            let now = Rights {
                support: true,
                ..none
            };
            (String::new(), letter_text::rights(none, now, german))
        }
        Kind::Waiting => (
            letter_text::waiting(1, german),
            letter_text::asked_ago("Jane Doe", unit, 3, german),
        ),
        Kind::Partners => (
            letter_text::unlooked(1, german),
            say(
                "1234 No access to my files\n  RT 5678; last look 8 days ago; last from there yesterday",
                "1234 Kein Zugriff auf meine Dateien\n  RT 5678; zuletzt angesehen vor 8 Tagen; von dort zuletzt gestern",
            ),
        ),
        Kind::Duty => (
            say(
                "You are on duty in First Level: Jane Doe hands over to you",
                "Sie haben Dienst in First Level: Jane Doe übergibt an Sie",
            ),
            say(
                "Jane Doe writes:\n\n> The tape robot is being repaired.",
                "Jane Doe schreibt:\n\n> Der Bandroboter wird repariert.",
            ),
        ),
        Kind::FormSent => (
            letter_text::form_sent(store::onboarding::Kind::Entry, "Jane Doe", service, german),
            say("Please look at it.", "Bitte sehen Sie es sich an."),
        ),
        Kind::FormDecided => (
            letter_text::form_decided("accepted", "Jane Doe", service, german).1,
            say("Welcome.", "Willkommen."),
        ),
        Kind::Report => (
            String::new(),
            say("Submitted: 312\nClosed: 298", "Submitted: 312\nClosed: 298"),
        ),
        Kind::Rule => (
            String::new(),
            say(
                "Nobody has answered for two days. Please have a look.",
                "Seit zwei Tagen hat niemand geantwortet. Bitte sehen Sie nach.",
            ),
        ),
        Kind::NotSent => (
            String::new(),
            say("We have looked at it.", "Wir haben es uns angesehen."),
        ),
        _ => (
            String::new(),
            say(
                "> I look after the disks.",
                "> Ich kümmere mich um die Platten.",
            ),
        ),
    };
    let value = |field: &str| match field {
        "desk" => config.name.clone(),
        "name" => name.to_owned(),
        "who" => "Jane Doe".to_owned(),
        "address" if kind == Kind::ListCheck => "helpers@lists.example.org".to_owned(),
        "address" => "jane.doe@example.org".to_owned(),
        "ticket" => number.clone(),
        // As in the mail: of a marked ticket there is none.
        "subject" => ticket
            .filter(|t| t.label().is_none())
            .map_or_else(String::new, |t| t.subject.clone()),
        "unit" | "units" => unit.to_owned(),
        "service" => service.to_owned(),
        "provider" => say("The Institute", "Das Institut"),
        "headline" => headline.clone(),
        "text" => text.clone(),
        "outcome" => letter_text::form_decided("accepted", "", "", german)
            .0
            .to_owned(),
        "what" if kind == Kind::WebhookPaused => {
            say("Chat of the storage team", "Chat des Speicherteams")
        }
        "reason" if kind == Kind::WebhookPaused => say(
            "it took no call for three days; last: it answers 503",
            "it took no call for three days; last: it answers 503",
        ),
        "what" if kind == Kind::RulePaused => say("Quota goes to Storage", "Quota geht an Storage"),
        "reason" if kind == Kind::RulePaused => say(
            "it has acted 10 times on ticket 1234 within a day, as often as it may",
            "it has acted 10 times on ticket 1234 within a day, as often as it may",
        ),
        "what" => say("other tickets", "andere Tickets"),
        "reason" if kind == Kind::Redirected => say(
            "helpers@lists.example.org was reminded and has given no sign of life.",
            "helpers@lists.example.org wurde erinnert und hat sich nicht gemeldet.",
        ),
        "reason" if kind == Kind::Alarm => say(
            "CERN-PROD has not confirmed within 15 minutes and was called again.",
            "CERN-PROD hat nicht innerhalb von 15 Minuten bestätigt und wurde noch einmal gerufen.",
        ),
        "site" => "CERN-PROD".to_owned(),
        "title" => say("Storage, each week", "Storage, jede Woche"),
        "range" => "2026-11-16 – 2026-11-22".to_owned(),
        "reason" if kind.is_tagged() => "the ticket is closed".to_owned(),
        "reason" => letter_text::reason(why::RESPONSIBLE, german),
        "list" => "helpers@lists.example.org".to_owned(),
        "list_change" => letter_text::list_change(true, "jane.doe@example.org", german),
        "own" => "yes".to_owned(),
        "account" if kind == Kind::Account => format!("{url}/account"),
        "account" => "yes".to_owned(),
        "forgot" => format!("{url}/forgot"),
        "all" if kind == Kind::Redirected => format!("{url}/redirected"),
        "all" => format!("{url}/support-staff"),
        "link" => match kind {
            Kind::HaveAccount | Kind::OwnAccount => format!("{url}/sign-in"),
            Kind::Account => format!("{url}/forgot"),
            Kind::NoMore => format!("{url}/account/mail"),
            Kind::Follow => format!("{url}/tickets/{number}"),
            _ if kind.is_tagged() => format!("{url}/work/{number}"),
            _ => format!("{url}/…"),
        },
        _ => String::new(),
    };
    kind.fields()
        .iter()
        .map(|field| (*field, value(field)))
        .collect()
}
