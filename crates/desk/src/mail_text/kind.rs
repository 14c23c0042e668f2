//! The kinds of mails that the desk writes, each with the fields that its text may use,
//! and the texts that are shipped: `KEY.en.txt` and `KEY.de.txt` beside this file, the
//! subject in the first line.

/// What a mail is about; the heading above it in lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Tickets.
    Tickets,
    /// Somebody's own account.
    Accounts,
    /// Who may work where.
    Units,
    /// How providers and their services are connected.
    Providers,
}

impl Group {
    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Group::Tickets => "Tickets",
            Group::Accounts => "Accounts",
            Group::Units => "Applications, units and rights",
            Group::Providers => "Providers",
        }
    }
}

macro_rules! kinds {
    ($($kind:ident $key:literal $label:literal $group:ident [$($field:literal)*])*) => {
        /// A kind of mail.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = $label] $kind,)*
        }

        impl Kind {
            /// Every kind, each beside those of its group.
            pub const ALL: &[Kind] = &[$(Kind::$kind),*];

            /// The word in addresses and the database.
            pub fn key(self) -> &'static str {
                match self { $(Kind::$kind => $key),* }
            }

            /// What it is, in a few words.
            pub fn label(self) -> &'static str {
                match self { $(Kind::$kind => $label),* }
            }

            /// What it is about.
            pub fn group(self) -> Group {
                match self { $(Kind::$kind => Group::$group),* }
            }

            /// The fields that its text may use. What is not here can not be mailed by
            /// any text.
            pub fn fields(self) -> &'static [&'static str] {
                match self { $(Kind::$kind => &[$($field),*]),* }
            }

            fn file(self, german: bool) -> &'static str {
                match self {
                    $(Kind::$kind if german => include_str!(concat!($key, ".de.txt")),
                    Kind::$kind => include_str!(concat!($key, ".en.txt")),)*
                }
            }
        }
    };
}

kinds! {
    Answer "answer" "What is new, to the requester" Tickets
        ["headline" "text" "changes" "who" "name" "ticket" "subject" "status" "priority" "priority_reason" "unit" "label" "label_meaning" "link" "solved" "say_solved" "say_not_solved" "say_waiting" "stop" "desk"]
    Work "work" "What is new, to the support side" Tickets
        ["headline" "text" "changes" "who" "name" "ticket" "subject" "status" "priority" "priority_reason" "unit" "on_duty" "label" "label_meaning" "link" "solved" "stop" "desk"]
    // Nothing of what a stranger wrote: they may not be who they say.
    Received "received" "First answer to a mail" Tickets ["ticket" "link" "desk"]
    Restricted "restricted" "Something new in a marked ticket" Tickets ["ticket" "label" "label_meaning" "link" "desk"]
    Digest "digest" "What was gathered" Tickets ["name" "text" "link" "desk"]
    Follow "follow" "Link to a ticket, without signing in" Tickets ["ticket" "link" "desk"]
    SolvedByList "solved-by-list" "Did the list answer directly?" Tickets ["name" "ticket" "service" "link" "desk"]
    OffTicket "off-ticket" "Taken off a ticket by a link" Tickets ["name" "ticket" "desk"]
    NoMore "no-more" "Mails given up by a link" Tickets ["name" "what" "link" "desk"]
    Storm "storm" "Too many mails to one ticket" Tickets ["ticket" "link" "desk"]
    NotSent "not-sent" "An answer that was not sent" Tickets ["name" "ticket" "reason" "text" "link" "desk"]
    MailRefused "mail-refused" "A mail of staff that was not carried out" Tickets ["name" "ticket" "reason" "link" "desk"]
    Redirected "redirected" "First level has to look after a list" Tickets ["name" "ticket" "reason" "subject" "link" "all" "desk"]
    Alarm "alarm" "An alarm that nobody confirms" Tickets ["name" "ticket" "site" "reason" "link" "desk"]
    Rule "rule" "A rule mails a unit" Tickets ["name" "ticket" "unit" "subject" "text" "link" "desk"]
    RulePaused "rule-paused" "A rule was paused" Tickets ["name" "what" "reason" "link" "desk"]
    Report "report" "A report that somebody has mailed" Tickets ["name" "title" "range" "text" "link" "desk"]
    Partners "partners" "Tickets at partners that nobody looked at" Tickets ["name" "headline" "text" "link" "desk"]

    // Neither has these any words that somebody typed: who asked may be anybody.
    Register "register" "Link to register" Accounts ["link" "desk"]
    Reset "reset" "Link for a new password" Accounts ["link" "desk"]
    Address "address" "Link to confirm an address" Accounts ["link" "desk"]
    HaveAccount "have-account" "Registering with an account" Accounts ["link" "forgot" "desk"]
    OwnAccount "own-account" "An address that has an account" Accounts ["link" "desk"]
    Account "account" "Something was done with the account" Accounts ["name" "headline" "text" "link" "account" "desk"]
    Export "export" "The data is ready" Accounts ["name" "own" "link" "desk"]
    Erase "erase" "Link to erase one’s data" Accounts ["name" "link" "desk"]

    Applied "applied" "An application, to administrators" Units ["name" "who" "address" "units" "text" "link" "desk"]
    Granted "granted" "An application is granted" Units ["name" "who" "reason" "units" "link" "desk"]
    Refused "refused" "An application is refused" Units ["name" "who" "reason" "link" "desk"]
    JoinAsked "join-asked" "Somebody asks to join a unit" Units ["name" "who" "address" "unit" "text" "link" "all" "desk"]
    JoinRefused "join-refused" "A request to join is refused" Units ["name" "who" "unit" "reason" "link" "desk"]
    Waiting "waiting" "Reminder of those who wait" Units ["name" "headline" "text" "link" "desk"]
    Member "member" "Came to or left a unit, to them" Units ["name" "headline" "text" "who" "reason" "unit" "link" "desk"]
    Members "members" "Came to or left a unit, to its responsibles" Units
        ["name" "headline" "text" "who" "reason" "unit" "list" "list_change" "tickets" "link" "desk"]
    Duty "duty" "On duty, and what is handed over" Units ["name" "headline" "text" "link" "desk"]
    Rights "rights" "What somebody may do has changed" Units ["name" "text" "who" "reason" "link" "desk"]

    Responsible "responsible" "Responsible of a new unit" Providers ["name" "who" "unit" "account" "link" "desk"]
    Contact "contact" "Contact of a provider" Providers ["name" "who" "provider" "link" "desk"]
    FormSent "form-sent" "A provider’s form waits, to administrators" Providers ["name" "who" "headline" "text" "link" "desk"]
    FormDecided "form-decided" "A provider’s form was decided" Providers ["name" "who" "outcome" "headline" "text" "link" "desk"]
    WebhookPaused "webhook-paused" "A webhook was paused" Providers ["name" "what" "reason" "link" "desk"]
    ListCheck "list-check" "Test mail to a list" Providers ["address" "link" "desk"]
}

impl Kind {
    /// Its subject begins with the number of a ticket.
    pub fn is_tagged(self) -> bool {
        self.fields().contains(&"ticket")
    }

    /// A preview tells something of a ticket.
    pub fn tells_of_a_ticket(self) -> bool {
        self.is_tagged() || self == Kind::Digest
    }

    /// Subject and body as they are shipped; English for languages that there are none in.
    pub(super) fn shipped(self, language: &str) -> (&'static str, &'static str) {
        let file = self.file(language == "de");
        file.split_once("\n\n").unwrap_or((file, ""))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn used(text: &str) -> BTreeSet<&'static str> {
        let all = Kind::ALL.iter().flat_map(|kind| kind.fields());
        all.copied()
            .filter(|f| {
                text.contains(&format!("{{{{ {f} }}}}")) || text.contains(&format!("if {f} %}}"))
            })
            .collect()
    }

    /// Whoever reads German gets all of it: what is said, and where something is to be done.
    #[test]
    fn every_text_is_there_in_both_languages_and_says_the_same() {
        for kind in Kind::ALL {
            let (english, german) = (kind.shipped("en"), kind.shipped("de"));
            assert_ne!(english.1, german.1, "{kind:?}");
            assert!(!english.0.contains('\n') && !german.0.contains('\n'));
            for (subject, body) in [english, german] {
                assert!(
                    super::super::check(*kind, subject, body).is_ok(),
                    "{kind:?}"
                );
            }
            let fields = [used(english.0), used(english.1)];
            assert_eq!(fields, [used(german.0), used(german.1)], "{kind:?}");
        }
    }

    #[test]
    fn kinds_of_a_group_stand_together() {
        let mut groups: Vec<&str> = Kind::ALL.iter().map(|k| k.group().label()).collect();
        groups.dedup();
        assert_eq!(groups.len(), 4, "{groups:?}");
    }
}
