//! Mail that a machine wrote on its own account: alarms, notifications,
//! newsletters. It may be a ticket; it must never be answered by a machine.

use super::list::came_over_list;
use super::{Finding, OwnAddresses, first_word};
use crate::build::LOOP_HEADER;
use crate::parse::Incoming;

/// A mark of a machine, another desk's loop header, or a sender that wants no
/// answer.
pub(super) fn find(mail: &Incoming, _: &OwnAddresses) -> Option<Finding> {
    let other_desk = mail
        .headers
        .get(&LOOP_HEADER.to_ascii_lowercase())
        .is_some();
    (says_machine(mail) || other_desk || wants_no_answer(mail)).then_some(Finding::Automatic)
}

/// Whether the header says that no person sent this.
pub(super) fn says_machine(mail: &Incoming) -> bool {
    let headers = &mail.headers;
    let word = |name: &str| headers.get(name).map(first_word).unwrap_or_default();
    let on_a_list = came_over_list(mail);
    let generated = !matches!(word("auto-submitted").as_str(), "" | "no");
    // Lists send their members' mail as bulk; those were written by people.
    let bulk = matches!(word("precedence").as_str(), "bulk" | "junk") && !on_a_list;
    let suppress = headers
        .get("x-auto-response-suppress")
        .is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            !on_a_list
                && ["all", "oof", "autoreply"]
                    .iter()
                    .any(|kind| value.contains(kind))
        });
    let generator =
        headers.get("x-fc-machinegenerated").is_some() || headers.get("x-cron-env").is_some();
    // Complaints about mail (RFC 5965), and reports of other kinds than bounces.
    let report = word("content-type") == "multipart/report";
    generated || bulk || suppress || generator || report
}

fn wants_no_answer(mail: &Incoming) -> bool {
    mail.from.as_ref().is_some_and(|from| {
        let plain: String = from
            .address
            .local()
            .chars()
            .filter(|c| c.is_alphanumeric())
            .collect();
        [
            "noreply",
            "donotreply",
            "nepasrepondre",
            "noresponder",
            "keineantwort",
        ]
        .iter()
        .any(|word| plain.contains(word))
    })
}
