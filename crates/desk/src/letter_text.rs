//! What letters say, of accounts first, in each language that mails have. They are no texts to
//! be edited: whoever could would write what somebody is to do with a link to their account.

use crate::link::Purpose;

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

/// What somebody does who did not do it themselves.
pub(crate) fn not_you(url: &str, german: bool) -> String {
    if german {
        format!(
            "Waren Sie das, dann ist nichts zu tun.\nWaren Sie es nicht, dann setzen Sie jetzt ein \
             neues Passwort; das meldet alle ab, die Ihr Konto benutzen: {url}/forgot\nSehen Sie \
             dann nach, was dort steht: {url}/account\n"
        )
    } else {
        format!(
            "If that was you, there is nothing to do.\nIf it was not, set a new password now, which \
             signs out everybody who uses your account: {url}/forgot\nThen look at what stands \
             under “Your account”: {url}/account\n"
        )
    }
}

/// What is mailed to prove an address, or instead of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mailed<'a> {
    /// A link for this purpose.
    Link(Purpose, &'a str),
    /// They wanted to register, and have an account.
    HaveOne,
    /// The address that somebody wanted to add has an account of its own.
    HasItsOwn,
}

impl Mailed<'_> {
    /// Subject and text.
    pub(crate) fn words(self, desk: &str, url: &str, german: bool) -> (&'static str, String) {
        if german {
            self.german(desk, url)
        } else {
            self.english(desk, url)
        }
    }

    fn english(self, desk: &str, url: &str) -> (&'static str, String) {
        let not_you = "If you did not ask for this, do nothing: somebody used your address.";
        match self {
            Mailed::HaveOne => (
                "You have an account already",
                format!(
                    "Somebody, probably you, asked for an account at {desk} with this address. \
                     There is one.\n\nSign in here:           {url}/sign-in\n\
                     If you forgot the password: {url}/forgot\n\n{not_you}\n"
                ),
            ),
            Mailed::HasItsOwn => (
                "This address has an account of its own",
                format!(
                    "Somebody who is signed in with another address wanted to add this one to their \
                     account at {desk}. It has an account of its own, so nothing was changed. If \
                     that was you, use the account you have: {url}/sign-in\n"
                ),
            ),
            Mailed::Link(Purpose::Register, link) => (
                "Finish your registration",
                format!(
                    "Somebody, probably you, asked for an account at {desk} with this address. \
                     Finish it here within 24 hours:\n\n{link}\n\n{not_you}\n"
                ),
            ),
            Mailed::Link(Purpose::Reset, link) => (
                "Set a new password",
                format!(
                    "Somebody, probably you, asked for a new password for your account at {desk}. \
                     Set it here within one hour:\n\n{link}\n\nThe link works once. {not_you} Your \
                     password stays as it is.\n"
                ),
            ),
            Mailed::Link(Purpose::Address, link) => (
                "Confirm this address",
                format!(
                    "Somebody who has an account at {desk} says that this address is theirs, too. \
                     If that is you, confirm it within 24 hours, signed in to that account:\n\n\
                     {link}\n\n{not_you}\n"
                ),
            ),
        }
    }

    fn german(self, desk: &str, url: &str) -> (&'static str, String) {
        let not_you = "Haben Sie nicht darum gebeten, dann tun Sie nichts: jemand hat Ihre Adresse \
                       benutzt.";
        match self {
            Mailed::HaveOne => (
                "Sie haben schon ein Konto",
                format!(
                    "Jemand, vermutlich Sie, wollte mit dieser Adresse ein Konto bei {desk}. Es \
                     gibt eines.\n\nHier melden Sie sich an:         {url}/sign-in\n\
                     Wenn Sie das Passwort nicht wissen: {url}/forgot\n\n{not_you}\n"
                ),
            ),
            Mailed::HasItsOwn => (
                "Diese Adresse hat ein eigenes Konto",
                format!(
                    "Jemand, der mit einer anderen Adresse angemeldet ist, wollte diese zu seinem \
                     Konto bei {desk} hinzufügen. Sie hat ein eigenes Konto, darum wurde nichts \
                     geändert. Waren Sie das, dann benutzen Sie das Konto, das Sie haben: \
                     {url}/sign-in\n"
                ),
            ),
            Mailed::Link(Purpose::Register, link) => (
                "Schließen Sie Ihre Registrierung ab",
                format!(
                    "Jemand, vermutlich Sie, wollte mit dieser Adresse ein Konto bei {desk}. \
                     Schließen Sie es hier innerhalb von 24 Stunden ab:\n\n{link}\n\n{not_you}\n"
                ),
            ),
            Mailed::Link(Purpose::Reset, link) => (
                "Setzen Sie ein neues Passwort",
                format!(
                    "Jemand, vermutlich Sie, wollte ein neues Passwort für Ihr Konto bei {desk}. \
                     Setzen Sie es hier innerhalb einer Stunde:\n\n{link}\n\nDer Link gilt einmal. \
                     {not_you} Ihr Passwort bleibt, wie es ist.\n"
                ),
            ),
            Mailed::Link(Purpose::Address, link) => (
                "Bestätigen Sie diese Adresse",
                format!(
                    "Jemand, der ein Konto bei {desk} hat, sagt, dass diese Adresse auch ihm gehört. \
                     Sind Sie das, dann bestätigen Sie es innerhalb von 24 Stunden, angemeldet bei \
                     jenem Konto:\n\n{link}\n\n{not_you}\n"
                ),
            ),
        }
    }
}

/// That many mails come to a ticket, and what that means for whom it is told.
pub(crate) fn storm(ticket: i64, link: &str, german: bool) -> (String, String) {
    if german {
        (
            format!("[#{ticket}] Viele Mails: keine Nachrichten mehr in dieser Stunde"),
            format!(
                "Zu Ticket {ticket} kommen gerade viele Mails. Sie stehen alle darin, aber in dieser \
                 Stunde bekommen Sie keine Nachrichten mehr darüber.\n\nÖffnen:  {link}\n"
            ),
        )
    } else {
        (
            format!("[#{ticket}] Many mails: no more notices in this hour"),
            format!(
                "Many mails come to ticket {ticket} right now. They are all in it, but you get no \
                 more notices about them in this hour.\n\nOpen it:  {link}\n"
            ),
        )
    }
}

/// The link by which somebody follows a ticket without signing in.
pub(crate) fn follow(ticket: i64, link: &str, german: bool) -> (String, String) {
    if german {
        (
            format!("[#{ticket}] Ihr Link"),
            format!(
                "Hier sehen Sie Ticket {ticket} 30 Tage lang, ohne sich anzumelden:\n\n{link}\n\n\
                 Wer diesen Link hat, kann das Ticket an Ihrer Stelle lesen und beantworten.\n\
                 Haben Sie nicht darum gebeten, dann tun Sie nichts.\n"
            ),
        )
    } else {
        (
            format!("[#{ticket}] Your link"),
            format!(
                "Follow ticket {ticket} here, without signing in, for 30 days:\n\n{link}\n\n\
                 Whoever has this link can read and answer the ticket as you.\n\
                 If you did not ask for it, do nothing.\n"
            ),
        )
    }
}

/// That an answer was not sent when its time came.
pub(crate) fn not_sent(
    ticket: i64,
    why: &str,
    link: &str,
    body: &str,
    german: bool,
) -> (String, String) {
    if german {
        (
            format!("[#{ticket}] Ihre Antwort wurde nicht verschickt"),
            format!(
                "Ihre Antwort zu Ticket {ticket} wurde nicht verschickt: {why}.\n\nSie wartet dort \
                 auf Sie: {link}\n\nDas haben Sie geschrieben:\n\n{body}\n"
            ),
        )
    } else {
        (
            format!("[#{ticket}] Your answer was not sent"),
            format!(
                "Your answer to ticket {ticket} was not sent: {why}.\n\nIt waits for you there: \
                 {link}\n\nThis is what you wrote:\n\n{body}\n"
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever reads German gets all of it: what to do, and where.
    #[test]
    fn every_letter_is_there_in_both_languages_and_says_the_same() {
        let url = "https://desk.example";
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
        let link = "https://desk.example/x/word";
        let mailed = [
            Mailed::HaveOne,
            Mailed::HasItsOwn,
            Mailed::Link(Purpose::Register, link),
            Mailed::Link(Purpose::Reset, link),
            Mailed::Link(Purpose::Address, link),
        ];
        for one in mailed {
            let (english, german) = (one.words("DESK", url, false), one.words("DESK", url, true));
            assert_ne!(english.0, german.0);
            let links = |text: &str| text.matches(url).count();
            assert_eq!(links(&english.1), links(&german.1), "{one:?}");
            assert!(english.1.contains("DESK") && german.1.contains("DESK"));
        }
        for german in [false, true] {
            assert!(not_you(url, german).contains("/forgot"));
            for (subject, text) in [
                storm(12, link, german),
                follow(12, link, german),
                not_sent(12, "why", link, "body", german),
            ] {
                assert!(
                    subject.starts_with("[#12] ") && text.contains(link),
                    "{text}"
                );
            }
        }
    }
}
