//! Samples of pages about accounts.

use desk::account::Details;
use desk::address::MyAddress;

use crate::ui::account::{AccountPage, PasskeyRow, SessionRow, TokenRow};
use crate::ui::authenticator::{AuthenticatorPage, QrPicture};
use crate::ui::confirm::ProvePage;
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::identities::{Identities, IdentityRow};
use crate::ui::register::{FinishPage, RegisterPage};
use crate::ui::reset::{ForgotPage, ResetPage};
use crate::ui::sign_in::SecondStepPage;
use crate::ui::verify::VerifyPage;
use crate::ui::view::Choice;

use super::{DAY, NOW, dial, pairs, s};

impl AccountPage {
    /// Of somebody with everything.
    pub(crate) fn sample() -> AccountPage {
        AccountPage {
            frame: Frame::staff_sample(Here::Elsewhere),
            facts: pairs(&[("Units", "B2SHARE operations (responsible), First level")]),
            details: Details {
                name: s("Ilona Novák"),
                institute: s("CSC"),
                community: Some(s("climate")),
            },
            communities: Choice::list([("", "None of these"), ("climate", "Climate")], "climate"),
            community_said: Some(s("Clima & friends")),
            addresses: [
                ("ilona@eudat.example", true, true),
                ("ilona.novak@csc.example", true, false),
                ("inovak@mail.example", false, false),
            ]
            .into_iter()
            .map(|(address, verified, primary)| MyAddress {
                address: s(address),
                verified,
                primary,
            })
            .collect(),
            has_password: true,
            least: 10,
            totp: Some(dial().moment(NOW - 90 * DAY)),
            passkeys: vec![PasskeyRow {
                id: s("0a0b"),
                name: s("My laptop"),
                made: dial().moment(NOW - 9 * DAY),
                used: Some(dial().ago(NOW - DAY)),
            }],
            passkeys_here: true,
            codes_left: 9,
            new_codes: vec![],
            sessions: vec![
                SessionRow {
                    id: s("1"),
                    name: s("Firefox on Linux"),
                    since: dial().moment(NOW - 3 * DAY),
                    seen: dial().ago(NOW),
                    here: true,
                },
                SessionRow {
                    id: s("2"),
                    name: s("Safari on iPhone"),
                    since: dial().moment(NOW - 20 * DAY),
                    seen: dial().ago(NOW - DAY),
                    here: false,
                },
            ],
            tokens: vec![TokenRow {
                id: s("1"),
                name: s("nightly report"),
                scopes: s("read"),
                made: dial().moment(NOW - DAY),
            }],
            new_token: Some(s("sb_0123456789abcdef0123456789abcdef")),
            identities: Identities {
                csrf: s("0123456789abcdef"),
                rows: vec![IdentityRow {
                    id: s("1"),
                    provider: s("EGI Check-in"),
                    name: s("Ilona Novák, ilona@eudat.example"),
                    since: dial().moment(NOW - 20 * DAY),
                    seen: dial().ago(NOW - DAY),
                }],
                more: vec![(s("Link EGI Check-in"), s("/sign-in/with/egi?link=1"))],
            },
            scopes: Choice::list(
                [("read", "read tickets"), ("write", "change tickets")],
                "read",
            ),
            errors: Errors::default(),
        }
    }

    /// Of somebody with nothing yet, who was just given recovery codes.
    pub(crate) fn new_sample() -> AccountPage {
        let mut errors = Errors::one("old_password", "This is not your password.");
        errors.add("address", "This is yours already.");
        AccountPage {
            frame: Frame::sample(),
            facts: vec![],
            totp: None,
            passkeys: vec![],
            passkeys_here: false,
            codes_left: 0,
            new_codes: vec![s("abcd-efgh-jkmn-pqrs"), s("2345-6789-abcd-efgh")],
            tokens: vec![],
            new_token: None,
            errors,
            ..AccountPage::sample()
        }
    }
}

impl AuthenticatorPage {
    pub(crate) fn sample() -> AuthenticatorPage {
        AuthenticatorPage {
            frame: Frame::sample(),
            secret: s("ABCD EFGH IJKL MNOP QRST UVWX YZ23 4567"),
            qr: QrPicture::of("otpauth://totp/Switchboard:marta@ug.example?secret=ABCDEFGHIJKL"),
            errors: Errors::one("code", "This is not the one of now."),
        }
    }

    pub(crate) fn begin_sample() -> AuthenticatorPage {
        AuthenticatorPage {
            secret: String::new(),
            qr: None,
            errors: Errors::default(),
            ..AuthenticatorPage::sample()
        }
    }
}

impl ProvePage {
    pub(crate) fn sample() -> ProvePage {
        ProvePage {
            frame: Frame::sample(),
            next: s("/account"),
            password: true,
            passkeys: true,
            errors: Errors::one("password", "This is not your password."),
        }
    }

    /// Of somebody who signs in elsewhere.
    pub(crate) fn bare_sample() -> ProvePage {
        ProvePage {
            password: false,
            passkeys: false,
            errors: Errors::default(),
            ..ProvePage::sample()
        }
    }
}

impl RegisterPage {
    pub(crate) fn sample() -> RegisterPage {
        RegisterPage {
            frame: Frame::stranger_sample(),
            open: true,
            sent: false,
            mail: s("marta"),
            errors: Errors::one("mail", "This does not look like a mail address."),
        }
    }

    pub(crate) fn sent_sample() -> RegisterPage {
        RegisterPage {
            sent: true,
            errors: Errors::default(),
            ..RegisterPage::sample()
        }
    }

    pub(crate) fn closed_sample() -> RegisterPage {
        RegisterPage {
            open: false,
            errors: Errors::default(),
            ..RegisterPage::sample()
        }
    }
}

impl FinishPage {
    pub(crate) fn sample() -> FinishPage {
        FinishPage {
            frame: Frame::stranger_sample(),
            word: s("0123456789abcdef"),
            address: s("marta.kowalska@ug.example"),
            name: s("Marta Kowalska"),
            institute: String::new(),
            communities: Choice::list([("", "None of these"), ("climate", "Climate")], ""),
            least: 10,
            errors: Errors::one("password", "This has 5 characters; use at least 10."),
        }
    }
}

impl ForgotPage {
    pub(crate) fn sample() -> ForgotPage {
        ForgotPage {
            frame: Frame::stranger_sample(),
            sent: false,
            mail: s("marta"),
            errors: Errors::one("mail", "This does not look like a mail address."),
        }
    }

    pub(crate) fn sent_sample() -> ForgotPage {
        ForgotPage {
            sent: true,
            errors: Errors::default(),
            ..ForgotPage::sample()
        }
    }
}

impl ResetPage {
    pub(crate) fn sample() -> ResetPage {
        ResetPage {
            frame: Frame::stranger_sample(),
            word: s("0123456789abcdef"),
            address: s("marta.kowalska@ug.example"),
            least: 10,
            errors: Errors::one("password", "This has 5 characters; use at least 10."),
        }
    }
}

impl SecondStepPage {
    pub(crate) fn sample() -> SecondStepPage {
        SecondStepPage {
            frame: Frame::stranger_sample(),
            next: s("/tickets"),
            totp: true,
            passkeys: true,
            recovery: true,
            errors: Errors::one("code", "This is not right."),
        }
    }
}

impl VerifyPage {
    pub(crate) fn sample() -> VerifyPage {
        VerifyPage {
            frame: Frame::sample(),
            word: s("0123456789abcdef"),
            address: s("marta@other.example"),
            account: s("marta.kowalska@ug.example"),
        }
    }
}
