//! What stands in the fields of letters, in each language that mails have. The letters
//! themselves are texts of `mail_text`.

use store::onboarding;
use switchboard_core::staff::{MemberChange, Rights};
use switchboard_core::{Part, TicketNumber};

/// What was done with an account.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed<'a> {
    /// An authenticator app was added.
    AppAdded,
    /// It was removed.
    AppRemoved,
    /// A passkey of this name was added.
    PasskeyAdded(&'a str),
    /// A passkey was removed.
    PasskeyRemoved,
    /// This address was added.
    AddressAdded(&'a str),
    /// This address was removed.
    AddressRemoved(&'a str),
    /// Mail goes to this address.
    MailGoesTo(&'a str),
    /// New recovery codes were made.
    CodesMade,
    /// An administrator removed all second factors.
    FactorsRemoved,
    /// A recovery code was used, and so many are left.
    CodeUsed(i64),
    /// A sign-in of a provider was linked, under this name.
    SignInLinked(&'a str, &'a str),
    /// It was taken off.
    SignInUnlinked(&'a str, &'a str),
    /// The password was set anew by a mailed link.
    PasswordSet,
    /// They changed it themselves.
    PasswordChanged,
}

impl Deed<'_> {
    /// Subject, and what happened.
    pub(crate) fn words(self, german: bool) -> (&'static str, String) {
        if german {
            self.german()
        } else {
            self.english()
        }
    }

    fn english(self) -> (&'static str, String) {
        match self {
            Deed::AppAdded => (
                "An authenticator app was added",
                "An authenticator app was added to your account: signing in takes its codes from \
                 now on."
                    .into(),
            ),
            Deed::AppRemoved => (
                "An authenticator app was removed",
                "The authenticator app was removed from your account.".into(),
            ),
            Deed::PasskeyAdded(name) => (
                "A passkey was added",
                format!("The passkey “{name}” was added to your account."),
            ),
            Deed::PasskeyRemoved => (
                "A passkey was removed",
                "A passkey was removed from your account.".into(),
            ),
            Deed::AddressAdded(address) => (
                "An address was added",
                format!("The address {address} was added to your account."),
            ),
            Deed::AddressRemoved(address) => (
                "An address was removed",
                format!("The address {address} was removed from your account."),
            ),
            Deed::MailGoesTo(address) => (
                "Your mail goes elsewhere",
                format!("Mail of your account goes to {address} from now on."),
            ),
            Deed::CodesMade => (
                "New recovery codes",
                "New recovery codes were made for your account; the old ones work no more.".into(),
            ),
            Deed::FactorsRemoved => (
                "Your second factors were removed",
                "An administrator removed the second factors of your account, because somebody \
                 said that you lost them. You were signed out everywhere."
                    .into(),
            ),
            Deed::CodeUsed(left) => (
                "A recovery code was used",
                format!(
                    "A recovery code was used to sign in to your account. {left} are left; make new \
                     ones under “Your account” when they run out."
                ),
            ),
            Deed::SignInLinked(provider, name) => (
                "A way to sign in was added to your account",
                format!(
                    "A sign-in of {provider} ({name}) was linked to your account: it is a way into \
                     it from now on."
                ),
            ),
            Deed::SignInUnlinked(provider, name) => (
                "A way to sign in was taken off your account",
                format!(
                    "The sign-in of {provider} ({name}) is no way into your account any more; \
                     whoever was signed in by it is signed out."
                ),
            ),
            Deed::PasswordChanged => (
                "Your password was changed",
                "The password of your account was changed. Every other place where you were signed \
                 in was signed out."
                    .into(),
            ),
            Deed::PasswordSet => (
                "Your password was changed",
                "The password of your account was set anew with a link that was mailed to you. You \
                 were signed out everywhere; tokens of programs still work."
                    .into(),
            ),
        }
    }

    fn german(self) -> (&'static str, String) {
        match self {
            Deed::AppAdded => (
                "Eine Authenticator-App wurde hinzugefügt",
                "Ihrem Konto wurde eine Authenticator-App hinzugefügt: die Anmeldung verlangt ab \
                 jetzt ihre Codes."
                    .into(),
            ),
            Deed::AppRemoved => (
                "Eine Authenticator-App wurde entfernt",
                "Die Authenticator-App wurde von Ihrem Konto entfernt.".into(),
            ),
            Deed::PasskeyAdded(name) => (
                "Ein Passkey wurde hinzugefügt",
                format!("Ihrem Konto wurde der Passkey „{name}“ hinzugefügt."),
            ),
            Deed::PasskeyRemoved => (
                "Ein Passkey wurde entfernt",
                "Von Ihrem Konto wurde ein Passkey entfernt.".into(),
            ),
            Deed::AddressAdded(address) => (
                "Eine Adresse wurde hinzugefügt",
                format!("Ihrem Konto wurde die Adresse {address} hinzugefügt."),
            ),
            Deed::AddressRemoved(address) => (
                "Eine Adresse wurde entfernt",
                format!("Von Ihrem Konto wurde die Adresse {address} entfernt."),
            ),
            Deed::MailGoesTo(address) => (
                "Ihre Mails gehen woandershin",
                format!("Mails zu Ihrem Konto gehen ab jetzt an {address}."),
            ),
            Deed::CodesMade => (
                "Neue Wiederherstellungscodes",
                "Für Ihr Konto wurden neue Wiederherstellungscodes gemacht; die alten gelten nicht \
                 mehr."
                    .into(),
            ),
            Deed::FactorsRemoved => (
                "Ihre zweiten Faktoren wurden entfernt",
                "Eine Administratorin oder ein Administrator hat die zweiten Faktoren Ihres Kontos \
                 entfernt, weil jemand gesagt hat, dass Sie sie verloren haben. Sie wurden überall \
                 abgemeldet."
                    .into(),
            ),
            Deed::CodeUsed(left) => (
                "Ein Wiederherstellungscode wurde benutzt",
                format!(
                    "Mit einem Wiederherstellungscode hat sich jemand bei Ihrem Konto angemeldet. Es \
                     bleiben {left}; wenn sie ausgehen, machen Sie unter „Your account“ neue."
                ),
            ),
            Deed::SignInLinked(provider, name) => (
                "Ihr Konto hat einen weiteren Weg zur Anmeldung",
                format!(
                    "Eine Anmeldung von {provider} ({name}) wurde mit Ihrem Konto verbunden: sie \
                     führt ab jetzt hinein."
                ),
            ),
            Deed::SignInUnlinked(provider, name) => (
                "Ihr Konto hat einen Weg zur Anmeldung weniger",
                format!(
                    "Die Anmeldung von {provider} ({name}) führt nicht mehr in Ihr Konto; wer über \
                     sie angemeldet war, ist abgemeldet."
                ),
            ),
            Deed::PasswordChanged => (
                "Ihr Passwort wurde geändert",
                "Das Passwort Ihres Kontos wurde geändert. Überall sonst, wo Sie angemeldet waren, \
                 sind Sie abgemeldet."
                    .into(),
            ),
            Deed::PasswordSet => (
                "Ihr Passwort wurde geändert",
                "Das Passwort Ihres Kontos wurde über einen Link neu gesetzt, der Ihnen geschickt \
                 wurde. Sie wurden überall abgemeldet; Zugriffsschlüssel von Programmen gelten weiter."
                    .into(),
            ),
        }
    }
}

/// Reasons that the desk gives by itself, where nobody gave one.
pub(crate) mod why {
    /// Taken in.
    pub(crate) const ASKED: &str = "you asked to join";
    /// A right.
    pub(crate) const ADMINISTRATOR: &str = "by an administrator";
    /// A member.
    pub(crate) const RESPONSIBLE: &str = "by a responsible";
    /// A right that somebody gave back themselves.
    pub(crate) const GIVEN_BACK: &str = "given back";
    /// A member who went by themselves.
    pub(crate) const LEFT: &str = "they left";
    /// What follows an identity provider.
    pub(crate) const ENTITLED: &str = "by what your identity provider says of you";
}

/// A reason: somebody's words as they are, and the desk's own in the language.
pub(crate) fn reason(said: &str, german: bool) -> String {
    let ours = match said {
        why::ASKED => "Sie haben darum gebeten",
        why::ADMINISTRATOR => "von der Administration",
        why::RESPONSIBLE => "von den Verantwortlichen",
        why::GIVEN_BACK => "zurückgegeben",
        why::LEFT => "auf eigenen Wunsch",
        why::ENTITLED => "nach dem, was Ihr Identitätsanbieter über Sie sagt",
        other => other,
    };
    (if german { ours } else { said }).to_owned()
}

/// What became of a member, to them: one sentence without its end, and what it means.
pub(crate) fn member(change: MemberChange, unit: &str, german: bool) -> (String, &'static str) {
    let (english, deutsch) = match change {
        MemberChange::Added(Part::Member) => (
            (
                format!("You are a member of {unit}"),
                "You see and work on its tickets from now on.",
            ),
            (
                format!("Sie gehören zu {unit}"),
                "Sie sehen und bearbeiten ab jetzt dessen Tickets.",
            ),
        ),
        MemberChange::Added(Part::Responsible)
        | MemberChange::PartSet {
            new: Part::Responsible,
            ..
        } => (
            (
                format!("You are a responsible of {unit}"),
                "You consent to those who ask to join, add and remove members, and assign tickets.",
            ),
            (
                format!("Sie sind für {unit} verantwortlich"),
                "Sie entscheiden über die, die dazugehören möchten, nehmen Mitglieder auf, entfernen \
                 sie und weisen Tickets zu.",
            ),
        ),
        MemberChange::PartSet { .. } => (
            (
                format!("You are a member of {unit}, no longer a responsible"),
                "You work on its tickets as before.",
            ),
            (
                format!("Sie gehören zu {unit} und sind nicht mehr dafür verantwortlich"),
                "Sie bearbeiten dessen Tickets wie zuvor.",
            ),
        ),
        MemberChange::Removed { .. } => (
            (
                format!("You are no longer in {unit}"),
                "Its tickets that you owned have gone back to the unit.",
            ),
            (
                format!("Sie gehören nicht mehr zu {unit}"),
                "Die Tickets, die Sie dort hatten, sind wieder beim Team.",
            ),
        ),
    };
    if german { deutsch } else { english }
}

/// The same in one sentence to the unit's responsibles.
pub(crate) fn members(change: MemberChange, who: &str, unit: &str, german: bool) -> String {
    let (english, deutsch) = match change {
        MemberChange::Added(_) => (
            format!("{who} has joined {unit}"),
            format!("{who} gehört jetzt zu {unit}"),
        ),
        MemberChange::Removed { .. } => (
            format!("{who} has left {unit}"),
            format!("{who} gehört nicht mehr zu {unit}"),
        ),
        MemberChange::PartSet {
            new: Part::Responsible,
            ..
        } => (
            format!("{who} is now responsible of {unit}"),
            format!("{who} ist jetzt für {unit} verantwortlich"),
        ),
        MemberChange::PartSet { .. } => (
            format!("{who} is now member of {unit}"),
            format!("{who} ist jetzt Mitglied von {unit}"),
        ),
    };
    if german { deutsch } else { english }
}

/// That somebody can not work for a unit any more (their permission went), or for now
/// (their account is disabled).
pub(crate) fn lost(who: &str, unit: &str, active: bool, german: bool) -> (String, &'static str) {
    match (active, german) {
        (true, false) => (
            format!("{who} has left {unit}"),
            "They no longer hold the support permission.",
        ),
        (true, true) => (
            format!("{who} gehört nicht mehr zu {unit}"),
            "Die Support-Berechtigung ist nicht mehr da.",
        ),
        (false, false) => (
            format!("{who} can not work for {unit} at present"),
            "Their account is disabled; they are in the unit again when it is enabled.",
        ),
        (false, true) => (
            format!("{who} kann zurzeit nicht für {unit} arbeiten"),
            "Das Konto ist gesperrt; wird es wieder freigegeben, gehört es wieder zum Team.",
        ),
    }
}

/// What is to be done to a unit's mailing list.
pub(crate) fn list_change(added: bool, address: &str, german: bool) -> String {
    match (added, german) {
        (true, false) => format!("add {address}"),
        (false, false) => format!("remove {address}"),
        (true, true) => format!("{address} hinzufügen"),
        (false, true) => format!("{address} entfernen"),
    }
}

/// Numbers of tickets in a mail; empty for none.
pub(crate) fn numbers(tickets: &[TicketNumber]) -> String {
    let numbers: Vec<String> = tickets.iter().map(|n| format!("#{n}")).collect();
    numbers.join(", ")
}

/// What somebody may do now and could not, and the other way round: a line each.
pub(crate) fn rights(was: Rights, now: Rights, german: bool) -> String {
    let mut lines = Vec::new();
    let mut line = |old: bool, new: bool, given: [&'static str; 2], taken: [&'static str; 2]| {
        if old != new {
            let [english, deutsch] = if new { given } else { taken };
            lines.push(if german { deutsch } else { english });
        }
    };
    line(
        was.support,
        now.support,
        [
            "You hold the support permission. It alone opens no ticket: ask a unit to join it.",
            "Sie haben die Support-Berechtigung. Sie allein öffnet noch kein Ticket: bitten Sie ein \
             Team, Sie aufzunehmen.",
        ],
        [
            "You no longer hold the support permission, and are in no unit any more.",
            "Sie haben die Support-Berechtigung nicht mehr und gehören zu keinem Team mehr.",
        ],
    );
    line(
        was.monitor,
        now.monitor,
        [
            "You watch the overdue tickets of all units.",
            "Sie sehen nach den überfälligen Tickets aller Teams.",
        ],
        [
            "You no longer watch the tickets of all units.",
            "Sie sehen nicht mehr nach den Tickets aller Teams.",
        ],
    );
    line(
        was.admin,
        now.admin,
        [
            "You administer this desk.",
            "Sie administrieren diesen Helpdesk.",
        ],
        [
            "You no longer administer this desk.",
            "Sie administrieren diesen Helpdesk nicht mehr.",
        ],
    );
    line(
        was.active,
        now.active,
        [
            "Your account is enabled again.",
            "Ihr Konto ist wieder freigegeben.",
        ],
        [
            "Your account is disabled; you are signed out everywhere.",
            "Ihr Konto ist gesperrt; Sie sind überall abgemeldet.",
        ],
    );
    lines.join("\n")
}

/// Who could not be given: an address of somebody who has none.
pub(crate) fn address(email: Option<&str>, german: bool) -> String {
    let none = if german {
        "keine Adresse"
    } else {
        "no address"
    };
    email.unwrap_or(none).to_owned()
}

/// So many people wait for an answer.
pub(crate) fn waiting(people: usize, german: bool) -> String {
    match (people, german) {
        (1, false) => "Somebody waits for your answer".to_owned(),
        (n, false) => format!("{n} people wait for your answer"),
        (1, true) => "Jemand wartet auf Ihre Antwort".to_owned(),
        (n, true) => format!("{n} Menschen warten auf Ihre Antwort"),
    }
}

/// Since when an application waits.
pub(crate) fn applied_ago(who: &str, days: i64, german: bool) -> String {
    if german {
        format!("{who} hat sich vor {days} Tagen um die Support-Berechtigung beworben.")
    } else {
        format!("{who} applied for the support permission {days} days ago.")
    }
}

/// Since when a request to join waits.
pub(crate) fn asked_ago(who: &str, unit: &str, days: i64, german: bool) -> String {
    if german {
        format!("{who} hat vor {days} Tagen darum gebeten, zu {unit} zu gehören.")
    } else {
        format!("{who} asked {days} days ago to join {unit}.")
    }
}

/// At so many tickets at partners nobody of first level looked.
pub(crate) fn unlooked(tickets: usize, german: bool) -> String {
    match (tickets, german) {
        (1, false) => "A ticket at a partner waits for your look".to_owned(),
        (n, false) => format!("{n} tickets at partners wait for your look"),
        (1, true) => "Nach einem Ticket bei einem Partner hat niemand gesehen".to_owned(),
        (n, true) => format!("Nach {n} Tickets bei Partnern hat niemand gesehen"),
    }
}

/// What somebody wants by a form that they sent.
pub(crate) fn form_sent(kind: onboarding::Kind, who: &str, title: &str, german: bool) -> String {
    match (kind, german) {
        (onboarding::Kind::Entry, false) => format!("{who} wants to bring in {title}."),
        (onboarding::Kind::Entry, true) => format!("{who} möchte {title} hereinbringen."),
        (onboarding::Kind::Move, false) => {
            format!("{who} wants to connect in another way: {title}.")
        }
        (onboarding::Kind::Move, true) => format!("{who} möchte anders anbinden: {title}."),
    }
}

/// What was decided of a form, for the subject, and by whom.
pub(crate) fn form_decided(
    deed: &str,
    who: &str,
    title: &str,
    german: bool,
) -> (&'static str, String) {
    match (deed, german) {
        ("returned", false) => (
            "Your form: please change something",
            format!("{who} asks you to change something in your form about {title}."),
        ),
        ("returned", true) => (
            "Ihr Formular: bitte ändern Sie etwas",
            format!("{who} bittet Sie, in Ihrem Formular zu {title} etwas zu ändern."),
        ),
        ("refused", false) => (
            "Your form was refused",
            format!("{who} refused your form about {title}."),
        ),
        ("refused", true) => (
            "Ihr Formular wurde abgelehnt",
            format!("{who} hat Ihr Formular zu {title} abgelehnt."),
        ),
        ("accepted", false) => (
            "Your form was accepted",
            format!("{who} accepted your form about {title}."),
        ),
        ("accepted", true) => (
            "Ihr Formular wurde angenommen",
            format!("{who} hat Ihr Formular zu {title} angenommen."),
        ),
        (_, false) => (
            "What your form created was taken back",
            format!("{who} took back what your form created about {title}."),
        ),
        (_, true) => (
            "Was Ihr Formular angelegt hat, wurde zurückgenommen",
            format!("{who} hat zurückgenommen, was Ihr Formular zu {title} angelegt hat."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever reads German gets all of it: what to do, and where.
    #[test]
    fn everything_is_said_in_both_languages() {
        let deeds = [
            Deed::AppAdded,
            Deed::AppRemoved,
            Deed::PasskeyAdded("NAME"),
            Deed::PasskeyRemoved,
            Deed::AddressAdded("NAME"),
            Deed::AddressRemoved("NAME"),
            Deed::MailGoesTo("NAME"),
            Deed::CodesMade,
            Deed::FactorsRemoved,
            Deed::CodeUsed(4711),
            Deed::SignInLinked("NAME", "OTHER"),
            Deed::SignInUnlinked("NAME", "OTHER"),
            Deed::PasswordSet,
            Deed::PasswordChanged,
        ];
        for deed in deeds {
            let (english, german) = (deed.words(false), deed.words(true));
            assert_ne!(english, german);
            for word in ["NAME", "OTHER", "4711"] {
                assert_eq!(
                    english.1.contains(word),
                    german.1.contains(word),
                    "{deed:?}"
                );
            }
        }
        for said in [
            why::ASKED,
            why::ADMINISTRATOR,
            why::RESPONSIBLE,
            why::GIVEN_BACK,
            why::LEFT,
            why::ENTITLED,
        ] {
            assert_ne!(reason(said, false), reason(said, true));
        }
        assert_eq!(reason("As we said.", true), "As we said.");
        let none = Rights {
            support: false,
            monitor: false,
            admin: false,
            active: false,
        };
        let all = Rights {
            support: true,
            monitor: true,
            admin: true,
            active: true,
        };
        for (was, now) in [(none, all), (all, none)] {
            let (english, german) = (rights(was, now, false), rights(was, now, true));
            assert_eq!((english.lines().count(), german.lines().count()), (4, 4));
            for line in english.lines() {
                assert!(!german.contains(line), "{line}");
            }
        }
        for deed in ["returned", "refused", "accepted", "undone"] {
            let (english, german) = (
                form_decided(deed, "NAME", "OTHER", false),
                form_decided(deed, "NAME", "OTHER", true),
            );
            assert!(english.0 != german.0 && english.1 != german.1, "{deed}");
        }
    }
}
