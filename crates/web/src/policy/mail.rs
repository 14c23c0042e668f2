//! Mailboxes, the outbox, redirected tickets.

use super::{Needs, Row, Who, row};

/// The API.
pub(super) const API: &[Row] = &[
    row("GET", "/api/v1/redirections", Needs::Read, Who::Everybody),
    row(
        "GET",
        "/api/v1/mailboxes",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "POST",
        "/api/v1/mailboxes",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "GET",
        "/api/v1/mailboxes/{id}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "PATCH",
        "/api/v1/mailboxes/{id}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "DELETE",
        "/api/v1/mailboxes/{id}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "POST",
        "/api/v1/mailboxes/{id}/test",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "GET",
        "/api/v1/tickets/{number}/incoming",
        Needs::Read,
        Who::Works,
    ),
    row(
        "GET",
        "/api/v1/tickets/{number}/redirections",
        Needs::Read,
        Who::Sees,
    ),
    row(
        "POST",
        "/api/v1/tickets/{number}/redirections",
        Needs::Write,
        Who::Works,
    ),
    row("GET", "/api/v1/incoming", Needs::Admin, Who::Administrators),
    row(
        "POST",
        "/api/v1/incoming/{id}/take",
        Needs::Admin,
        Who::Administrators,
    ),
    row("GET", "/api/v1/outbox", Needs::Admin, Who::Administrators),
    row(
        "GET",
        "/api/v1/outbox/{id}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "POST",
        "/api/v1/outbox/{id}/retry",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "POST",
        "/api/v1/outbox/{id}/give-up",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "GET",
        "/api/v1/tickets/{number}/mails",
        Needs::Read,
        Who::Works,
    ),
    row(
        "GET",
        "/api/v1/mail-texts",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "GET",
        "/api/v1/mail-texts/{key}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "PUT",
        "/api/v1/mail-texts/{key}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "DELETE",
        "/api/v1/mail-texts/{key}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "POST",
        "/api/v1/mail-texts/{key}/preview",
        Needs::Admin,
        Who::Administrators,
    ),
    row("GET", "/api/v1/people/me/mail", Needs::Read, Who::Oneself),
    row("PUT", "/api/v1/people/me/mail", Needs::Write, Who::Oneself),
    row(
        "GET",
        "/api/v1/dead-addresses",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "DELETE",
        "/api/v1/dead-addresses/{email}",
        Needs::Admin,
        Who::Administrators,
    ),
];

/// The pages.
pub(super) const PAGES: &[Row] = &[
    row("GET", "/redirected", Needs::Session, Who::Everybody),
    row("GET", "/l/{word}/{deed}", Needs::Link, Who::Everybody),
    row("POST", "/l/{word}/{deed}", Needs::Link, Who::Everybody),
    row("GET", "/asked/{word}", Needs::Link, Who::Everybody),
    row("POST", "/asked/{word}", Needs::Link, Who::Everybody),
    row(
        "GET",
        "/solution/{word}/{said}",
        Needs::Link,
        Who::Everybody,
    ),
    row(
        "POST",
        "/solution/{word}/{said}",
        Needs::Link,
        Who::Everybody,
    ),
    row("GET", "/mail/stop/{word}", Needs::Link, Who::Everybody),
    row("POST", "/mail/stop/{word}", Needs::Link, Who::Everybody),
    row("GET", "/account/mail", Needs::Session, Who::Oneself),
    row("POST", "/account/mail", Needs::Form, Who::Oneself),
    row(
        "GET",
        "/admin/mail-texts",
        Needs::Session,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/mail-texts",
        Needs::Form,
        Who::Administrators,
    ),
    row(
        "GET",
        "/admin/incoming",
        Needs::Session,
        Who::Administrators,
    ),
    row("POST", "/admin/incoming", Needs::Form, Who::Administrators),
    row(
        "GET",
        "/admin/incoming/{mail}",
        Needs::Session,
        Who::Administrators,
    ),
    row("GET", "/admin/outbox", Needs::Session, Who::Administrators),
    row("POST", "/admin/outbox", Needs::Form, Who::Administrators),
    row(
        "GET",
        "/admin/mailboxes",
        Needs::Session,
        Who::Administrators,
    ),
    row("POST", "/admin/mailboxes", Needs::Form, Who::Administrators),
    row(
        "GET",
        "/admin/mailboxes/{mailbox}",
        Needs::Session,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/mailboxes/{mailbox}",
        Needs::Form,
        Who::Administrators,
    ),
];
