//! Mail that says a mail of ours did not arrive, or not yet.

use super::{BouncedInfo, Finding, OwnAddresses, SuppressReason};
use crate::address::Address;
use crate::parse::{Incoming, message_ids};
use crate::subject::is_reply;

/// How bounces begin their subject, in lower case.
const SUBJECTS: [&str; 47] = [
    "undelivered mail returned to sender",
    "undelivered mail",
    "undelivered message",
    "undeliverable",
    "undeliverable mail",
    "non deliverable",
    "nondeliverable mail",
    "non-delivery",
    "mail delivery failed",
    "mail delivery failure",
    "mail delivery error",
    "mail delivery problem",
    "mail delivery status",
    "mail delivery subsystem",
    "mail system error",
    "mail could not be delivered",
    "mail not delivered",
    "mail rejected",
    "rejected mail",
    "message delivery failure",
    "message not delivered",
    "message undeliverable",
    "message status - undeliverable",
    "message could not be delivered",
    "message you sent blocked",
    "email delivery failure",
    "e-mail delivery failure",
    "delivery status notification",
    "delivery status",
    "delivery failure",
    "delivery failed",
    "delivery error",
    "delivery notification",
    "delivery report",
    "delivery has failed",
    "delivery delayed",
    "delayed mail",
    "failure notice",
    "failed mail",
    "returned mail",
    "returned to sender",
    "warning: could not send message",
    "warning: message ",
    "permanent delivery failure",
    "there was an error sending your mail",
    "user unknown",
    "dsn:",
];

/// The same in the languages of the large mail systems.
const FOREIGN_SUBJECTS: [&str; 16] = [
    "unzustellbar",
    "nicht zustellbar",
    "fehler bei der nachrichtenzustellung",
    "non remis",
    "échec de la remise",
    "non recapitabile",
    "mancato recapito",
    "no se puede entregar",
    "no entregado",
    "não é possível entregar",
    "onbestelbaar",
    "olevererbart",
    "nie można dostarczyć",
    "не удается доставить",
    "メールエラー通知",
    "メッセージを配信できません",
];

/// Local parts under which mail systems write.
const DAEMONS: [&str; 12] = [
    "mailer-daemon",
    "mailerdaemon",
    "mail-daemon",
    "maildaemon",
    "mdaemon",
    "double-bounce",
    "bounce",
    "bounces",
    "bounce-notification",
    "mail-delivery-system",
    "mailsystem",
    "symantec_antivirus_for_smtp_gateways",
];

/// Local parts that are a mail system only where the subject says so.
const MAYBE_DAEMONS: [&str; 11] = [
    "postmaster",
    "mailadmin",
    "mail-admin",
    "administrator",
    "admin",
    "noreply",
    "no-reply",
    "mailer",
    "root",
    "system",
    "mail",
];

impl BouncedInfo {
    /// True where it is the address that is none, so nothing else arrives there
    /// either (RFC 3463: 5.1.x addressing, 5.2.1 disabled, 5.4.4 no such host; a
    /// failure without more is taken for one). A full mailbox or a mail that
    /// somebody does not like says nothing of the address.
    pub fn is_dead_address(&self) -> bool {
        match self.status.as_deref() {
            Some("5.1.7" | "5.1.8") => false,
            Some("5.0.0" | "5.2.1" | "5.4.4") => true,
            Some(status) => status.starts_with("5.1."),
            None => self.action.as_deref() == Some("failed"),
        }
    }
}

/// A delivery status notification in its standard form (RFC 3464).
pub(super) fn find_report(mail: &Incoming, _: &OwnAddresses) -> Option<Finding> {
    let content_type = mail
        .headers
        .get("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let report = content_type.starts_with("multipart/report")
        && (content_type.contains("delivery-status") || status_part(mail).is_some());
    let failed = mail.headers.get("x-failed-recipients").is_some();
    let loose = status_part(mail).is_some() && (is_daemon(mail, &DAEMONS) || null_path(mail));
    (report || failed || loose).then(|| suppress(mail))
}

/// The bounces of older and odder systems: who writes, and how it begins.
pub(super) fn find_plain(mail: &Incoming, _: &OwnAddresses) -> Option<Finding> {
    let says_so = bounce_subject(&mail.subject);
    let daemon = is_daemon(mail, &DAEMONS);
    let maybe = is_daemon(mail, &MAYBE_DAEMONS) || system_name(mail) || null_path(mail);
    // Gateways to telephones return a mail as an answer to it.
    let gateway = is_daemon(mail, &["post_master"]);
    let answered = is_reply(&mail.subject);
    (gateway || daemon && !answered || says_so && maybe).then(|| suppress(mail))
}

fn suppress(mail: &Incoming) -> Finding {
    Finding::Suppress(SuppressReason::Bounce, Some(read(mail)))
}

fn bounce_subject(subject: &str) -> bool {
    let subject = subject.to_lowercase();
    let subject = subject.strip_prefix("[postmaster]").unwrap_or(&subject);
    let subject = subject.trim_start_matches(['*', '[', '<', ' ', '"']);
    SUBJECTS
        .iter()
        .chain(&FOREIGN_SUBJECTS)
        .any(|start| subject.starts_with(start))
}

fn is_daemon(mail: &Incoming, locals: &[&str]) -> bool {
    match &mail.from {
        Some(from) => locals.contains(&from.address.local()),
        // "MAILER-DAEMON" without a domain is no address, and says enough.
        None => {
            let raw = mail
                .headers
                .get("from")
                .unwrap_or_default()
                .to_ascii_lowercase();
            let word = raw
                .split(['@', '(', ' '])
                .next()
                .unwrap_or_default()
                .trim_matches(['<', '>', '"']);
            locals.contains(&word) || raw.contains("<mailer-daemon")
        }
    }
}

fn system_name(mail: &Incoming) -> bool {
    let name = mail
        .from
        .as_ref()
        .and_then(|from| from.name.as_deref())
        .unwrap_or_default()
        .to_lowercase();
    [
        "mail delivery",
        "mailer-daemon",
        "mail administrator",
        "delivery subsystem",
        "postmaster",
        "mail system",
    ]
    .iter()
    .any(|known| name.contains(known))
}

/// An empty return path; some write it into `From`, too.
fn null_path(mail: &Incoming) -> bool {
    ["return-path", "from"]
        .iter()
        .filter_map(|name| mail.headers.get(name))
        .any(|path| path.trim() == "<>")
}

fn status_part(mail: &Incoming) -> Option<&[u8]> {
    mail.attachments
        .iter()
        .find(|part| {
            matches!(
                part.media_type.as_str(),
                "message/delivery-status" | "message/global-delivery-status"
            )
        })
        .map(|part| part.bytes.as_slice())
}

/// Gathers what the bounce tells.
fn read(mail: &Incoming) -> BouncedInfo {
    let mut info = BouncedInfo::default();
    // A report for thousands of recipients need not be read to its end.
    const READ: usize = 64 << 10;
    if let Some(status) = status_part(mail) {
        let status = status.get(..READ).unwrap_or(status);
        for line in String::from_utf8_lossy(status).lines() {
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "final-recipient" => {
                    info.recipient = info.recipient.or_else(|| typed_address(value))
                }
                "original-recipient" => {
                    // The address that we wrote to beats the one it led to.
                    info.recipient = typed_address(value).or(info.recipient);
                }
                "status" if info.status.is_none() => info.status = status_code(value),
                "action" if info.action.is_none() => info.action = action(value),
                _ => {}
            }
        }
    }
    if info.recipient.is_none() {
        let failed = mail.headers.get("x-failed-recipients").unwrap_or_default();
        info.recipient = failed.split(',').find_map(|text| Address::parse(text).ok());
    }
    info.original_message_id = returned_message_id(mail);
    info
}

/// `rfc822; ada@example.org` (RFC 3464, 2.1.2).
fn typed_address(value: &str) -> Option<Address> {
    let address = value.split_once(';').map_or(value, |(_, address)| address);
    Address::parse(address.trim().trim_matches(['<', '>'])).ok()
}

fn status_code(value: &str) -> Option<String> {
    let code = value.split([' ', '\t', '(']).next().unwrap_or_default();
    let mut numbers = code.split('.');
    let three = numbers.clone().count() == 3;
    let digits =
        numbers.all(|n| (1..=3).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()));
    (three && digits).then(|| code.to_owned())
}

fn action(value: &str) -> Option<String> {
    let word = super::first_word(value);
    ["failed", "delayed", "delivered", "relayed", "expanded"]
        .contains(&word.as_str())
        .then_some(word)
}

/// The id of the returned mail: from the part that returns it, else from the
/// text that quotes its header.
fn returned_message_id(mail: &Incoming) -> Option<String> {
    const READ: usize = 64 << 10;
    let from_part = mail
        .attachments
        .iter()
        .filter(|part| {
            matches!(
                part.media_type.as_str(),
                "message/rfc822"
                    | "message/global"
                    | "text/rfc822-headers"
                    | "message/global-headers"
            )
        })
        .find_map(|part| {
            message_id_in(&String::from_utf8_lossy(
                part.bytes.get(..READ).unwrap_or(&part.bytes),
            ))
        });
    from_part.or_else(|| message_id_in(crate::words::head(&mail.text, READ)))
}

fn message_id_in(text: &str) -> Option<String> {
    let mut lines = text
        .lines()
        .map(|line| line.trim_start_matches(['>', ' ', '\t', '-']));
    while let Some(line) = lines.next() {
        let is_id = line
            .get(..11)
            .is_some_and(|start| start.eq_ignore_ascii_case("message-id:"));
        if is_id {
            let here = line.get(11..).unwrap_or_default();
            // A long id stands on the folded line below.
            let below = if here.trim().is_empty() {
                lines.next().unwrap_or_default()
            } else {
                ""
            };
            return message_ids(&format!("{here} {below}")).into_iter().next();
        }
    }
    None
}
