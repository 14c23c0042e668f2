//! Sign-in through other makers: OpenID Connect, LDAP.

use super::{Needs, Row, Who, row};

/// The API.
pub(super) const API: &[Row] = &[];

/// The pages.
pub(super) const PAGES: &[Row] = &[
    row(
        "GET",
        "/sign-in/with/{provider}",
        Needs::Nothing,
        Who::Everybody,
    ),
    row(
        "POST",
        "/sign-in/with/{provider}",
        Needs::Nothing,
        Who::Everybody,
    ),
    row(
        "GET",
        "/sign-in/with/{provider}/back",
        Needs::Nothing,
        Who::Everybody,
    ),
    row(
        "POST",
        "/sign-in/with/{provider}/logout",
        Needs::Signed,
        Who::Everybody,
    ),
    row(
        "GET",
        "/account/identities/{word}",
        Needs::Session,
        Who::Oneself,
    ),
    row(
        "POST",
        "/account/identities/{word}",
        Needs::Form,
        Who::Oneself,
    ),
    row("POST", "/account/unlink", Needs::Form, Who::Oneself),
    row("GET", "/admin/sign-in", Needs::Session, Who::Administrators),
    row("POST", "/admin/sign-in", Needs::Form, Who::Administrators),
    row(
        "GET",
        "/admin/sign-in/{provider}",
        Needs::Session,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/sign-in/{provider}",
        Needs::Form,
        Who::Administrators,
    ),
    row(
        "GET",
        "/admin/entitlements",
        Needs::Session,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/entitlements",
        Needs::Form,
        Who::Administrators,
    ),
];
