//! Was this written by a person? The verdict over a message that was read.
//!
//! Each rule is one small function in a file of this folder and one line in
//! `RULES`. Rules run in that order; the first that suppresses or
//! quarantines decides, those that only find a machine at work are noted.

use crate::address::Address;
use crate::parse::Incoming;
use crate::quarantine::Quarantine;

mod auto_reply;
mod bounce;
mod list;
mod machine;
mod own_loop;
mod receipt;
mod sender;

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It becomes an entry.
    Accept {
        /// The rule that found a machine at work, such as `list`. Where there
        /// is one, no mail may be sent in automatic answer (RFC 3834, 2).
        automatic: Option<&'static str>,
    },
    /// It is stored and shown with the reason, and has no effect.
    Suppress {
        /// Why.
        reason: SuppressReason,
        /// What bounced, where the reason is a bounce and says so.
        bounce: Option<BouncedInfo>,
    },
    /// It is kept aside for a person.
    Quarantine(Quarantine),
}

/// Why a message has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SuppressReason {
    /// A mail of ours could not be delivered, or is late (RFC 3464).
    Bounce,
    /// A mail of ours was displayed or deleted (RFC 8098).
    ReadReceipt,
    /// An absence note or another automatic answer (RFC 3834).
    AutoReply,
    /// Our own mail came back.
    OwnLoop,
    /// Sent with an empty return path, which only machines do.
    NullSender,
}

impl SuppressReason {
    /// The stable word for databases and interfaces, such as `auto_reply`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::ReadReceipt => "read_receipt",
            Self::AutoReply => "auto_reply",
            Self::OwnLoop => "own_loop",
            Self::NullSender => "null_sender",
        }
    }
}

/// What a bounce says about the mail that did not arrive. All of it is claimed
/// by the bounce: look the id up before acting on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BouncedInfo {
    /// `Message-ID` of the mail that bounced, without brackets.
    pub original_message_id: Option<String>,
    /// Who did not get it.
    pub recipient: Option<Address>,
    /// Enhanced status code such as `5.1.1` (RFC 3463).
    pub status: Option<String>,
    /// `failed`, `delayed`, `delivered`, `relayed` or `expanded`.
    pub action: Option<String>,
}

impl BouncedInfo {
    /// True where trying again is of no use: status class 5, or a failure
    /// without a status.
    pub fn is_permanent(&self) -> bool {
        match (&self.status, &self.action) {
            (Some(status), _) => status.starts_with('5'),
            (None, Some(action)) => action == "failed",
            (None, None) => true,
        }
    }
}

/// What belongs to this desk, so that it knows itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnAddresses {
    /// The name of this instance in `X-Switchboard-Loop`.
    pub instance: String,
    /// Domains of the message ids that this desk gives out, in lower case.
    pub domains: Vec<String>,
    /// The addresses at which this desk receives mail.
    pub desks: Vec<Address>,
}

impl OwnAddresses {
    /// Whether an address is one of the desk's, with or without a `+…` part.
    pub fn is_desk(&self, address: &Address) -> bool {
        self.desks.iter().any(|desk| {
            desk == address
                || (desk.domain() == address.domain()
                    && address
                        .local()
                        .strip_prefix(desk.local())
                        .is_some_and(|rest| rest.starts_with('+')))
        })
    }
}

/// What one rule found.
enum Finding {
    Suppress(SuppressReason, Option<BouncedInfo>),
    Quarantine(Quarantine),
    Automatic,
}

/// A rule: its stable name and what it looks for.
struct Rule {
    name: &'static str,
    find: fn(&Incoming, &OwnAddresses) -> Option<Finding>,
}

/// All rules in the order in which they are asked. To add one: write its file,
/// add its line here, add a mail to its tests.
const RULES: [Rule; 11] = [
    Rule {
        name: "own_loop",
        find: own_loop::find,
    },
    Rule {
        name: "delivery_report",
        find: bounce::find_report,
    },
    Rule {
        name: "read_receipt",
        find: receipt::find,
    },
    Rule {
        name: "bounce",
        find: bounce::find_plain,
    },
    Rule {
        name: "auto_reply",
        find: auto_reply::find_header,
    },
    Rule {
        name: "absence_subject",
        find: auto_reply::find_subject,
    },
    Rule {
        name: "null_sender",
        find: sender::find_null_path,
    },
    Rule {
        name: "no_sender",
        find: sender::find_missing,
    },
    Rule {
        name: "from_ourselves",
        find: sender::find_ourselves,
    },
    Rule {
        name: "list",
        find: list::find,
    },
    Rule {
        name: "machine",
        find: machine::find,
    },
];

/// The names of all rules, in order; for documentation and statistics.
pub fn rules() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.name)
}

/// Decides what becomes of a message.
pub fn verdict(mail: &Incoming, own: &OwnAddresses) -> Verdict {
    let mut automatic = None;
    for rule in &RULES {
        match (rule.find)(mail, own) {
            Some(Finding::Suppress(reason, bounce)) => return Verdict::Suppress { reason, bounce },
            Some(Finding::Quarantine(quarantine)) => return Verdict::Quarantine(quarantine),
            Some(Finding::Automatic) => automatic = automatic.or(Some(rule.name)),
            None => {}
        }
    }
    Verdict::Accept { automatic }
}

/// The first word of a header value in lower case, comments and parameters
/// left out.
fn first_word(value: &str) -> String {
    let end = value
        .find([';', '(', ' ', '\t', ','])
        .unwrap_or(value.len());
    value
        .get(..end)
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// Whether a mail says that it answers another one.
fn answers_something(mail: &Incoming, own: &OwnAddresses) -> bool {
    let to_plus = mail
        .to
        .iter()
        .map(|mailbox| &mailbox.address)
        .chain(&mail.delivered_to)
        .any(|address| own.is_desk(address) && address.local().contains('+'));
    to_plus
        || !mail.in_reply_to.is_empty()
        || !mail.references.is_empty()
        || crate::subject::is_reply(&mail.subject)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::{Limits, parse};
    use crate::quarantine::QuarantineReason;

    fn own() -> OwnAddresses {
        OwnAddresses {
            instance: "desk-one".to_owned(),
            domains: vec!["desk.example.org".to_owned()],
            desks: vec![Address::parse("help@desk.example.org").unwrap()],
        }
    }

    /// The verdict over a mail from Ada with these extra header lines.
    fn judge(lines: &str) -> Verdict {
        judge_raw(&format!(
            "From: Ada <ada@example.org>\nTo: help@desk.example.org\n{lines}\n\nHello\n"
        ))
    }

    fn judge_raw(raw: &str) -> Verdict {
        verdict(&parse(raw.as_bytes(), &Limits::default()).unwrap(), &own())
    }

    fn reason(verdict: Verdict) -> Option<SuppressReason> {
        match verdict {
            Verdict::Suppress { reason, .. } => Some(reason),
            _ => None,
        }
    }

    #[test]
    fn people_are_accepted() {
        for lines in [
            "Subject: disk full",
            "Subject: Re: [#12] disk full\nIn-Reply-To: <a@b.org>",
            "Subject: Fwd: Automatic reply: what does this mean?",
            "Subject: Out of office printer is broken",
            "Subject: Undeliverable mail since noon",
            "Subject: Delivery failed again\nReturn-Path: <ada@example.org>",
            "Subject: x\nAuto-Submitted: no",
            "Subject: x\nPrecedence: normal",
            "Subject: x\nX-Autoreply: no",
            "Subject: absence of tokens in the queue",
        ] {
            assert_eq!(judge(lines), Verdict::Accept { automatic: None }, "{lines}");
        }
    }

    #[test]
    fn machines_with_news_are_accepted_and_marked() {
        for (lines, rule) in [
            (
                "Subject: [alarm] disk full\nAuto-Submitted: auto-generated",
                "machine",
            ),
            ("Subject: news\nPrecedence: bulk", "machine"),
            (
                "Subject: x\nX-Auto-Response-Suppress: OOF, AutoReply",
                "machine",
            ),
            ("Subject: x\nX-Switchboard-Loop: another-desk", "machine"),
            (
                "Subject: Re: x\nIn-Reply-To: <a@b.org>\nList-Id: <users.example.org>\nPrecedence: bulk",
                "list",
            ),
            ("Subject: x\nPrecedence: list", "list"),
        ] {
            assert_eq!(
                judge(lines),
                Verdict::Accept {
                    automatic: Some(rule)
                },
                "{lines}"
            );
        }
        let noreply = "From: no-reply@shop.example.org\nTo: help@desk.example.org\nSubject: your code\n\n1234";
        assert_eq!(
            judge_raw(noreply),
            Verdict::Accept {
                automatic: Some("machine")
            }
        );
    }

    #[test]
    fn automatic_answers_have_no_effect() {
        for lines in [
            "Subject: x\nAuto-Submitted: auto-replied",
            "Subject: x\nAuto-Submitted: auto-replied (vacation); owner-email=\"a@b.org\"",
            "Subject: x\nAuto-Submitted: auto-notified",
            "Subject: Re: [#12] x\nAuto-Submitted: auto-generated",
            "Subject: x\nAuto-Submitted: auto-generated\nIn-Reply-To: <a@b.org>",
            "Subject: x\nX-Auto-Response-Suppress: All\nReferences: <a@b.org>",
            "Subject: x\nPrecedence: auto_reply",
            "Subject: x\nPrecedence: junk\nIn-Reply-To: <a@b.org>",
            "Subject: x\nX-Autoreply: yes",
            "Subject: x\nX-Autorespond: holiday",
            "Subject: Automatic reply: [#12] disk full",
            "Subject: Out of Office: [#12] disk full",
            "Subject: Out of Office",
            "Subject: Automatische Antwort: [#12] disk full",
            "Subject: Abwesenheitsnotiz: [#12] disk full",
            "Subject: =?utf-8?q?R=C3=A9ponse_automatique_=3A_disk?=",
            "Subject: =?utf-8?q?Respuesta_autom=C3=A1tica=3A_disk?=",
            "Subject: Risposta automatica: disk",
            "Subject: Automatisch antwoord: disk",
            "Subject: =?utf-8?b?6Ieq5YuV6L+U5L+hOiBkaXNr?=",
            "Subject: x\nDelivered-To: Autoresponder",
        ] {
            assert_eq!(
                reason(judge(lines)),
                Some(SuppressReason::AutoReply),
                "{lines}"
            );
        }
        let plus = "From: a@b.org\nTo: help+12.abc@desk.example.org\nSubject: x\nAuto-Submitted: auto-generated\n\nx";
        assert_eq!(reason(judge_raw(plus)), Some(SuppressReason::AutoReply));
    }

    #[test]
    fn our_own_mail_is_a_loop() {
        for lines in [
            "X-Switchboard-Loop: desk-one",
            "x-switchboard-loop:  DESK-ONE ",
            "Message-ID: <sb.12.0192f3@desk.example.org>",
        ] {
            assert_eq!(
                reason(judge(lines)),
                Some(SuppressReason::OwnLoop),
                "{lines}"
            );
        }
        for lines in [
            "Message-ID: <sb.12.0192f3@other.example.org>",
            "Message-ID: <sb@desk.example.org>",
            "In-Reply-To: <sb.12.0192f3@desk.example.org>",
        ] {
            assert_eq!(reason(judge(lines)), None, "{lines}");
        }
    }

    #[test]
    fn senders_that_can_not_be() {
        let quarantine = |raw: &str| match judge_raw(raw) {
            Verdict::Quarantine(quarantine) => Some(quarantine.reason),
            _ => None,
        };
        assert_eq!(
            quarantine("To: help@desk.example.org\nSubject: x\n\nx"),
            Some(QuarantineReason::NoSender)
        );
        assert_eq!(
            quarantine("From: nobody\nSubject: x\n\nx"),
            Some(QuarantineReason::NoSender)
        );
        assert_eq!(
            quarantine("From: =?utf-8?q?a=40b=2Eorg?=@c.org\nSubject: x\n\nx"),
            Some(QuarantineReason::NoSender)
        );
        for from in [
            "help@desk.example.org",
            "Help <HELP@desk.example.org>",
            "help+12.sig@desk.example.org",
        ] {
            assert_eq!(
                quarantine(&format!("From: {from}\nSubject: x\n\nx")),
                Some(QuarantineReason::FromOurselves),
                "{from}"
            );
        }
        assert_eq!(
            quarantine("From: helper@desk.example.org\nSubject: x\n\nx"),
            None
        );
        assert_eq!(
            reason(judge("Return-Path: <>")),
            Some(SuppressReason::NullSender)
        );
    }

    const REPORT: &str = "From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>\n\
        To: help@desk.example.org\n\
        Subject: Returned mail: see transcript\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
        --b\n\nThe mail could not be delivered.\n\
        --b\nContent-Type: message/delivery-status\n\n\
        Reporting-MTA: dns; mx.example.net\n\n\
        Final-Recipient: rfc822; ada@internal.example.org\n\
        Original-Recipient: rfc822;Ada@Example.org\n\
        Action: failed\nStatus: 5.1.1 (no such user)\n\
        --b\nContent-Type: text/rfc822-headers\n\n\
        From: help@desk.example.org\nMessage-ID:\n <sb.12.abc@desk.example.org>\n\
        --b--\n";

    #[test]
    fn a_bounce_says_what_bounced() {
        let Verdict::Suppress { reason, bounce } = judge_raw(REPORT) else {
            panic!()
        };
        assert_eq!(reason, SuppressReason::Bounce);
        let bounce = bounce.unwrap();
        assert_eq!(
            bounce.original_message_id.as_deref(),
            Some("sb.12.abc@desk.example.org")
        );
        assert_eq!(
            bounce.recipient.as_ref().map(Address::as_str),
            Some("ada@example.org")
        );
        assert_eq!(bounce.status.as_deref(), Some("5.1.1"));
        assert_eq!(bounce.action.as_deref(), Some("failed"));
        assert!(bounce.is_permanent());
        let delayed = REPORT
            .replace("failed", "delayed")
            .replace("5.1.1", "4.4.1");
        let Verdict::Suppress {
            bounce: Some(bounce),
            ..
        } = judge_raw(&delayed)
        else {
            panic!()
        };
        assert!(!bounce.is_permanent());
    }

    #[test]
    fn bounces_of_odder_systems() {
        for raw in [
            "From: MAILER-DAEMON\nSubject: failure notice\n\nHi. This is the mail program.",
            "From: <>\nReturn-Path: <>\nSubject: Undelivered Mail Returned to Sender\n\nx",
            "From: postmaster@example.net\nSubject: Undeliverable: [#12] disk full\n\nx",
            "From: Postmaster <postmaster@example.net>\nSubject: Unzustellbar: [#12] disk full\n\nx",
            "From: someone@example.net\nX-Failed-Recipients: ada@example.org\nSubject: Mail delivery failed\n\nx",
            "From: \"Mail Delivery System\" <x@example.net>\nSubject: Mail delivery failed: returning message to sender\n\nx",
        ] {
            assert_eq!(
                reason(judge_raw(raw)),
                Some(SuppressReason::Bounce),
                "{raw}"
            );
        }
        // The postmaster of a site is a person, too.
        let asks = "From: postmaster@example.net\nSubject: your server is slow\n\nx";
        assert_eq!(judge_raw(asks), Verdict::Accept { automatic: None });
        let answers = "From: postmaster@example.net\nSubject: Re: [#12] Undeliverable mail\n\nx";
        assert_eq!(judge_raw(answers), Verdict::Accept { automatic: None });
    }

    #[test]
    fn read_receipts() {
        let raw = "From: a@b.org\nSubject: Read: [#12]\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nread\n--b\nContent-Type: message/disposition-notification\n\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n";
        assert_eq!(reason(judge_raw(raw)), Some(SuppressReason::ReadReceipt));
    }

    #[test]
    fn rules_have_names_of_their_own() {
        let mut names: Vec<_> = rules().collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RULES.len());
    }
}
