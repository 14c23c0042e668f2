//! Renders every page from its sample and checks the markup: what must hold on
//! every page is checked once, here.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template as _;

use super::account::AccountPage;
use super::admin;
use super::admin::AdminPage;
use super::admin::alarms::AlarmsPage;
use super::admin::applications::ApplicationsPage;
use super::admin::audit::AuditPage;
use super::admin::communities::{CommunitiesPage, CommunityPage};
use super::admin::entitlements::EntitlementsPage;
use super::admin::import::ImportPage;
use super::admin::incoming::IncomingPage;
use super::admin::mail_texts::MailTextsPage;
use super::admin::mailboxes::{MailboxPage, MailboxesPage};
use super::admin::onboarding::{DecisionPage, QueuePage};
use super::admin::outbox::OutboxPage;
use super::admin::people::PeoplePage;
use super::admin::person::PersonAdminPage;
use super::admin::portals::PortalsPage;
use super::admin::privacy::PrivacyAdminPage;
use super::admin::reads::ReadsPage;
use super::admin::rules::{RulePage, RulesPage};
use super::admin::service::ServiceAdminPage;
use super::admin::service_provider::{OneProviderPage, ProvidersPage};
use super::admin::services::ServicesAdminPage;
use super::admin::sign_in::{ProviderPage, SignInProvidersPage};
use super::admin::sites::SitesPage;
use super::admin::targets::TargetsPage;
use super::admin::timers::TimersPage;
use super::admin::triage::RulesPage as TriageRulesPage;
use super::admin::unit::UnitAdminPage;
use super::admin::units::UnitsAdminPage;
use super::admin::values::ValuesPage;
use super::admin::webhooks::{WebhookPage, WebhooksPage};
use super::alarm::AlarmPage;
use super::authenticator::AuthenticatorPage;
use super::campaigns::{CampaignPage, CampaignsPage};
use super::canned::{CannedTextPage, CannedTextsPage};
use super::communities::OwnCommunitiesPage;
use super::confirm::ProvePage;
use super::exchange::ExchangePage;
use super::federated::{DirectoryPage, SignedOutPage};
use super::figures::FiguresPage;
use super::history::HistoryPage;
use super::home::HomePage;
use super::identities::IdentityPage;
use super::invitation::{AcceptPage, InvitationsPage};
use super::list_link::{AskedPage, ListLinkPage};
use super::mail_choice::MailChoicePage;
use super::mail_frame::MailFrame;
use super::mail_stop::MailStopPage;
use super::my_tickets::MyTicketsPage;
use super::new_ticket::{NewTicketPage, NewTicketParts};
use super::partner::PartnerPage;
use super::portal::{PortalPage, PortalServicesPage};
use super::portal_news::NewsPage;
use super::privacy::{ConfirmPage, PrivacyPage};
use super::problem::ProblemPage;
use super::provider::ProviderIndex;
use super::provider::form::{BeginPage, FormPage};
use super::provider::list::ListPage;
use super::provider::way::WayPage;
use super::redirected::RedirectedPage;
use super::register::{FinishPage, RegisterPage};
use super::reports::ReportsPage;
use super::reset::{ForgotPage, ResetPage};
use super::services::ServicesPage;
use super::sign_in::{SecondStepPage, SignInPage};
use super::solution_link::SolutionLinkPage;
use super::split::SplitPage;
use super::status::{ServiceStatusPage, StatusPage};
use super::support_staff::SupportStaffPage;
use super::ticket::TicketPage;
use super::ticket_clocks::TicketClocksPage;
use super::triage::TriagePage;
use super::unit::{UnitPage, UnitsPage};
use super::unit_edit::UnitEditPage;
use super::verify::VerifyPage;
use super::workspace::WorkspacePage;

fn pages() -> BTreeMap<&'static str, String> {
    let mut all = BTreeMap::from([
        ("account", AccountPage::sample().render().unwrap()),
        ("account-new", AccountPage::new_sample().render().unwrap()),
        (
            "authenticator",
            AuthenticatorPage::sample().render().unwrap(),
        ),
        (
            "authenticator-begin",
            AuthenticatorPage::begin_sample().render().unwrap(),
        ),
        ("confirm", ProvePage::sample().render().unwrap()),
        ("confirm-bare", ProvePage::bare_sample().render().unwrap()),
        ("forgot", ForgotPage::sample().render().unwrap()),
        ("forgot-sent", ForgotPage::sent_sample().render().unwrap()),
        ("register", RegisterPage::sample().render().unwrap()),
        (
            "register-sent",
            RegisterPage::sent_sample().render().unwrap(),
        ),
        (
            "register-closed",
            RegisterPage::closed_sample().render().unwrap(),
        ),
        ("register-finish", FinishPage::sample().render().unwrap()),
        ("reset", ResetPage::sample().render().unwrap()),
        ("second-step", SecondStepPage::sample().render().unwrap()),
        ("verify", VerifyPage::sample().render().unwrap()),
        ("campaigns", CampaignsPage::sample().render().unwrap()),
        (
            "campaigns-empty",
            CampaignsPage::empty_sample().render().unwrap(),
        ),
        (
            "campaigns-wrong",
            CampaignsPage::wrong_sample().render().unwrap(),
        ),
        ("campaign", CampaignPage::sample().render().unwrap()),
        (
            "campaign-read-only",
            CampaignPage::read_only_sample().render().unwrap(),
        ),
        ("figures", FiguresPage::sample().render().unwrap()),
        ("alarm", AlarmPage::sample().render().unwrap()),
        (
            "alarm-refused",
            AlarmPage::refused_sample().render().unwrap(),
        ),
        ("admin-alarms", AlarmsPage::sample().render().unwrap()),
        (
            "admin-alarms-empty",
            AlarmsPage::empty_sample().render().unwrap(),
        ),
        ("redirected", RedirectedPage::sample().render().unwrap()),
        (
            "redirected-empty",
            RedirectedPage::empty_sample().render().unwrap(),
        ),
        ("list-link", ListLinkPage::sample().render().unwrap()),
        (
            "list-link-refused",
            ListLinkPage::refused_sample().render().unwrap(),
        ),
        (
            "list-link-done",
            ListLinkPage::done_sample().render().unwrap(),
        ),
        (
            "list-link-over",
            ListLinkPage::over_sample().render().unwrap(),
        ),
        ("solution", SolutionLinkPage::sample().render().unwrap()),
        (
            "solution-verified",
            SolutionLinkPage::verified_sample().render().unwrap(),
        ),
        (
            "solution-waiting",
            SolutionLinkPage::waiting_sample().render().unwrap(),
        ),
        (
            "solution-over",
            SolutionLinkPage::over_sample().render().unwrap(),
        ),
        ("asked", AskedPage::sample().render().unwrap()),
        ("asked-said", AskedPage::said_sample().render().unwrap()),
        (
            "admin-communities",
            CommunitiesPage::sample().render().unwrap(),
        ),
        ("admin-community", CommunityPage::sample().render().unwrap()),
        (
            "admin-portal",
            admin::portals::PortalPage::sample().render().unwrap(),
        ),
        ("admin-portals", PortalsPage::sample().render().unwrap()),
        (
            "communities",
            OwnCommunitiesPage::sample().render().unwrap(),
        ),
        ("portal", PortalPage::sample().render().unwrap()),
        ("portal-news", NewsPage::sample().render().unwrap()),
        (
            "portal-services",
            PortalServicesPage::sample().render().unwrap(),
        ),
        ("admin", AdminPage::sample().render().unwrap()),
        ("admin-targets", TargetsPage::sample().render().unwrap()),
        ("admin-import", ImportPage::sample().render().unwrap()),
        (
            "admin-import-planned",
            ImportPage::planned_sample().render().unwrap(),
        ),
        (
            "admin-import-refused",
            ImportPage::refused_sample().render().unwrap(),
        ),
        ("canned-texts", CannedTextsPage::sample().render().unwrap()),
        (
            "canned-texts-empty",
            CannedTextsPage::empty_sample().render().unwrap(),
        ),
        ("canned-text", CannedTextPage::sample().render().unwrap()),
        (
            "canned-text-read",
            CannedTextPage::read_only_sample().render().unwrap(),
        ),
        (
            "canned-text-new",
            CannedTextPage::new_sample().render().unwrap(),
        ),
        ("admin-rules", RulesPage::sample().render().unwrap()),
        (
            "admin-rules-empty",
            RulesPage::empty_sample().render().unwrap(),
        ),
        ("admin-rule", RulePage::sample().render().unwrap()),
        ("admin-rule-new", RulePage::new_sample().render().unwrap()),
        ("admin-webhooks", WebhooksPage::sample().render().unwrap()),
        (
            "admin-webhooks-empty",
            WebhooksPage::empty_sample().render().unwrap(),
        ),
        ("admin-webhook", WebhookPage::sample().render().unwrap()),
        (
            "admin-webhook-new",
            WebhookPage::new_sample().render().unwrap(),
        ),
        (
            "admin-webhook-quiet",
            WebhookPage::quiet_sample().render().unwrap(),
        ),
        ("admin-mailboxes", MailboxesPage::sample().render().unwrap()),
        (
            "admin-mailboxes-empty",
            MailboxesPage::empty_sample().render().unwrap(),
        ),
        ("admin-mailbox", MailboxPage::sample().render().unwrap()),
        (
            "admin-mailbox-local",
            MailboxPage::local_sample().render().unwrap(),
        ),
        ("admin-sites", SitesPage::sample().render().unwrap()),
        (
            "admin-sites-empty",
            SitesPage::empty_sample().render().unwrap(),
        ),
        ("admin-triage", TriageRulesPage::sample().render().unwrap()),
        ("admin-timers", TimersPage::sample().render().unwrap()),
        ("admin-values", ValuesPage::sample().render().unwrap()),
        (
            "admin-service",
            ServiceAdminPage::sample().render().unwrap(),
        ),
        (
            "admin-services",
            ServicesAdminPage::sample().render().unwrap(),
        ),
        ("admin-unit", UnitAdminPage::sample().render().unwrap()),
        (
            "admin-unit-retired",
            UnitAdminPage::retired_sample().render().unwrap(),
        ),
        ("admin-units", UnitsAdminPage::sample().render().unwrap()),
        ("directory", DirectoryPage::sample().render().unwrap()),
        ("identity", IdentityPage::sample().render().unwrap()),
        ("signed-out", SignedOutPage::sample().render().unwrap()),
        (
            "admin-sign-in",
            SignInProvidersPage::sample().render().unwrap(),
        ),
        (
            "admin-sign-in-oidc",
            ProviderPage::sample().render().unwrap(),
        ),
        (
            "admin-sign-in-ldap",
            ProviderPage::ldap_sample().render().unwrap(),
        ),
        (
            "admin-entitlements",
            EntitlementsPage::sample().render().unwrap(),
        ),
        (
            "admin-privacy",
            PrivacyAdminPage::sample().render().unwrap(),
        ),
        ("admin-reads", ReadsPage::sample().render().unwrap()),
        ("mail-stop", MailStopPage::sample().render().unwrap()),
        (
            "mail-stopped",
            MailStopPage {
                stopped: true,
                ..MailStopPage::sample()
            }
            .render()
            .unwrap(),
        ),
        (
            "mail-stop-ticket",
            MailStopPage {
                ticket: true,
                ..MailStopPage::sample()
            }
            .render()
            .unwrap(),
        ),
        ("mail-choice", MailChoicePage::sample().render().unwrap()),
        (
            "admin-mail-texts",
            MailTextsPage::sample().render().unwrap(),
        ),
        ("admin-incoming", IncomingPage::sample().render().unwrap()),
        (
            "admin-incoming-empty",
            IncomingPage::empty_sample().render().unwrap(),
        ),
        ("admin-outbox", OutboxPage::sample().render().unwrap()),
        ("reports", ReportsPage::sample().render().unwrap()),
        (
            "reports-empty",
            ReportsPage::empty_sample().render().unwrap(),
        ),
        (
            "reports-wrong",
            ReportsPage::wrong_sample().render().unwrap(),
        ),
        ("exchange", ExchangePage::sample().render().unwrap()),
        ("invitations", InvitationsPage::sample().render().unwrap()),
        (
            "invitation-written",
            InvitationsPage::written_sample().render().unwrap(),
        ),
        ("accept", AcceptPage::sample().render().unwrap()),
        ("accept-read", AcceptPage::read_sample().render().unwrap()),
        ("partner", PartnerPage::sample().render().unwrap()),
        (
            "partner-ended",
            PartnerPage::ended_sample().render().unwrap(),
        ),
        (
            "partner-paused",
            PartnerPage::paused_sample().render().unwrap(),
        ),
        (
            "exchange-wrong",
            ExchangePage::wrong_sample().render().unwrap(),
        ),
        (
            "exchange-empty",
            ExchangePage::empty_sample().render().unwrap(),
        ),
        (
            "exchange-looking",
            ExchangePage::looking_sample().render().unwrap(),
        ),
        ("erase-confirm", ConfirmPage::sample().render().unwrap()),
        ("privacy", PrivacyPage::sample().render().unwrap()),
        (
            "privacy-waiting",
            PrivacyPage::waiting_sample().render().unwrap(),
        ),
        (
            "admin-applications",
            ApplicationsPage::sample().render().unwrap(),
        ),
        ("admin-audit", AuditPage::sample().render().unwrap()),
        ("admin-people", PeoplePage::sample().render().unwrap()),
        ("admin-person", PersonAdminPage::sample().render().unwrap()),
        ("history", HistoryPage::sample().render().unwrap()),
        (
            "ticket-clocks",
            TicketClocksPage::sample().render().unwrap(),
        ),
        ("home", HomePage::sample().render().unwrap()),
        (
            "home-stranger",
            HomePage::stranger_sample().render().unwrap(),
        ),
        ("my-tickets", MyTicketsPage::sample().render().unwrap()),
        ("new-ticket", NewTicketPage::sample().render().unwrap()),
        (
            "new-ticket-wrong",
            NewTicketPage::wrong_sample().render().unwrap(),
        ),
        ("onboarding-admin", DecisionPage::sample().render().unwrap()),
        (
            "onboarding-admin-undo",
            DecisionPage::undo_sample().render().unwrap(),
        ),
        ("onboarding-begin", BeginPage::sample().render().unwrap()),
        ("onboarding-connect", FormPage::sample().render().unwrap()),
        ("onboarding-list", ListPage::sample().render().unwrap()),
        (
            "onboarding-list-done",
            ListPage::done_sample().render().unwrap(),
        ),
        ("onboarding-queue", QueuePage::sample().render().unwrap()),
        (
            "onboarding-review",
            FormPage::review_sample().render().unwrap(),
        ),
        ("onboarding-sent", FormPage::sent_sample().render().unwrap()),
        ("onboarding-way", WayPage::sample().render().unwrap()),
        (
            "onboarding-way-waits",
            WayPage::waiting_sample().render().unwrap(),
        ),
        (
            "onboarding-wrong",
            FormPage::wrong_sample().render().unwrap(),
        ),
        ("problem", ProblemPage::sample().render().unwrap()),
        ("provider", ProviderIndex::sample().render().unwrap()),
        (
            "provider-admin",
            OneProviderPage::sample().render().unwrap(),
        ),
        ("providers", ProvidersPage::sample().render().unwrap()),
        ("services", ServicesPage::sample().render().unwrap()),
        (
            "service-status",
            ServiceStatusPage::sample().render().unwrap(),
        ),
        ("sign-in", SignInPage::sample().render().unwrap()),
        ("split", SplitPage::sample().render().unwrap()),
        ("status", StatusPage::sample().render().unwrap()),
        (
            "support-staff",
            SupportStaffPage::sample().render().unwrap(),
        ),
        (
            "support-staff-applying",
            SupportStaffPage::applying_sample().render().unwrap(),
        ),
        ("ticket", TicketPage::sample().render().unwrap()),
        (
            "ticket-solved",
            TicketPage::solved_sample().render().unwrap(),
        ),
        (
            "ticket-verified",
            TicketPage::verified_sample().render().unwrap(),
        ),
        ("triage", TriagePage::sample().render().unwrap()),
        ("triage-empty", TriagePage::empty_sample().render().unwrap()),
        ("unit", UnitPage::sample().render().unwrap()),
        ("unit-edit", UnitEditPage::sample().render().unwrap()),
        ("units", UnitsPage::sample().render().unwrap()),
        ("work", WorkspacePage::list_sample().render().unwrap()),
        (
            "work-empty",
            WorkspacePage::empty_sample().render().unwrap(),
        ),
        ("work-ticket", WorkspacePage::sample().render().unwrap()),
        (
            "work-wrong",
            WorkspacePage::wrong_sample().render().unwrap(),
        ),
    ]);
    all.extend(super::samples::macros::rendered());
    all.extend(super::samples::rota::rendered());
    all
}

/// A start tag with its attributes, an end tag, or text between.
#[derive(Debug)]
enum Piece<'a> {
    Start(&'a str, Vec<(&'a str, &'a str)>, bool),
    End(&'a str),
    Text,
}

/// Reads markup strictly: every attribute value quoted, every name lower case
/// (but for SVG's), nothing left over. Panics where it is not so.
fn pieces(html: &str) -> Vec<Piece<'_>> {
    let mut all = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        if at > 0 {
            all.push(Piece::Text);
        }
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = &comment[comment.find("-->").unwrap() + 3..];
            continue;
        }
        if let Some(doctype) = rest.strip_prefix("<!doctype html>") {
            rest = doctype;
            continue;
        }
        if let Some(end) = rest.strip_prefix("</") {
            let to = end.find('>').unwrap();
            all.push(Piece::End(&end[..to]));
            rest = &end[to + 1..];
            continue;
        }
        let name_end = 1 + rest[1..]
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap();
        let name = &rest[1..name_end];
        assert!(!name.is_empty(), "a tag without a name at {:.60}", rest);
        let mut attrs = Vec::new();
        rest = rest[name_end..].trim_start();
        let closed = loop {
            if let Some(r) = rest.strip_prefix("/>") {
                rest = r;
                break true;
            }
            if let Some(r) = rest.strip_prefix('>') {
                rest = r;
                break false;
            }
            let key_end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
                .unwrap();
            assert!(key_end > 0, "a bad attribute in <{name} at {rest:.60}");
            let key = &rest[..key_end];
            rest = &rest[key_end..];
            let mut value = "";
            if let Some(r) = rest.strip_prefix("=\"") {
                let to = r.find('"').unwrap();
                value = &r[..to];
                assert!(!value.contains('<'), "< in {key} of <{name}");
                rest = &r[to + 1..];
            }
            attrs.push((key, value));
            rest = rest.trim_start();
        };
        all.push(Piece::Start(name, attrs, closed));
    }
    if !rest.is_empty() {
        all.push(Piece::Text);
    }
    all
}

const VOID: [&str; 6] = ["meta", "link", "input", "br", "hr", "img"];
const BLOCKS: [&str; 12] = [
    "p", "div", "ul", "ol", "form", "section", "table", "dl", "details", "h2", "article",
    "fieldset",
];

/// Every element is closed where it was opened, and paragraphs hold no blocks
/// (a browser would close them early).
fn check_balance(page: &str, all: &[Piece<'_>]) {
    let mut open: Vec<&str> = Vec::new();
    for piece in all {
        match piece {
            Piece::Start(name, _, closed) => {
                if BLOCKS.contains(name) {
                    assert!(
                        !open.contains(&"p"),
                        "{page}: <{name}> inside <p>: {open:?}"
                    );
                }
                if *name == "form" {
                    assert!(!open.contains(&"form"), "{page}: a form in a form");
                }
                if !VOID.contains(name) && !closed {
                    open.push(name);
                }
            }
            Piece::End(name) => assert_eq!(open.pop(), Some(*name), "{page}: after {open:?}"),
            Piece::Text => {}
        }
    }
    assert!(open.is_empty(), "{page}: left open {open:?}");
}

fn attr<'a>(attrs: &[(&'a str, &'a str)], key: &str) -> Option<&'a str> {
    attrs.iter().find(|(k, _)| *k == key).map(|(_, v)| *v)
}

fn check_page(page: &str, html: &str) {
    let all = pieces(html);
    check_balance(page, &all);
    let starts: Vec<_> = all
        .iter()
        .filter_map(|p| match p {
            Piece::Start(name, attrs, _) => Some((*name, attrs)),
            _ => None,
        })
        .collect();
    let count = |name: &str| starts.iter().filter(|(n, _)| *n == name).count();
    assert_eq!(count("h1"), 1, "{page}: h1");
    assert_eq!(count("main"), 1, "{page}: main");
    assert_eq!(count("title"), 1, "{page}: title");
    assert!(!html.contains("<title> ·"), "{page}: an empty title");
    assert!(
        starts
            .iter()
            .any(|(n, a)| *n == "html" && attr(a, "lang") == Some("en")),
        "{page}: lang"
    );
    assert!(
        html.contains("<a class=\"skip\" href=\"#main\">"),
        "{page}: skip link"
    );
    assert!(!html.contains("<style"), "{page}: inline style");

    let mut ids = BTreeSet::new();
    for (name, attrs) in &starts {
        let mut keys = BTreeSet::new();
        for (key, value) in attrs.iter() {
            assert!(keys.insert(key), "{page}: {key} twice on <{name}>");
            assert!(!key.starts_with("on"), "{page}: {key} on <{name}>");
            assert_ne!(*key, "style", "{page}: style on <{name} {attrs:?}");
            assert!(!value.contains("javascript:"), "{page}: {value}");
        }
        if let Some(id) = attr(attrs, "id") {
            assert!(!id.is_empty(), "{page}: an empty id");
            assert!(ids.insert(id), "{page}: id {id} twice");
        }
        if *name == "script" {
            assert!(
                attr(attrs, "src").is_some_and(|s| s.starts_with("/static/app.")),
                "{page}: a script of its own"
            );
        }
        if *name == "button" && attr(attrs, "popovertarget").is_some() {
            assert_eq!(attr(attrs, "type"), Some("button"), "{page}: {attrs:?}");
        }
    }
    for (name, attrs) in &starts {
        for key in [
            "for",
            "aria-labelledby",
            "aria-describedby",
            "list",
            "popovertarget",
            "form",
            "aria-errormessage",
        ] {
            for id in attr(attrs, key).unwrap_or("").split_whitespace() {
                assert!(
                    ids.contains(id),
                    "{page}: {key}={id} of <{name}> leads nowhere"
                );
            }
        }
        if (*name == "use" || *name == "a")
            && let Some(id) = attr(attrs, "href").and_then(|h| h.strip_prefix('#'))
        {
            assert!(ids.contains(id), "{page}: #{id} leads nowhere");
        }
    }
    check_forms(page, &all);
    check_labels(page, &all);
}

/// Every form says how and where; one that changes something is guarded.
fn check_forms(page: &str, all: &[Piece<'_>]) {
    let mut form: Option<(String, bool, bool)> = None;
    for piece in all {
        match piece {
            Piece::Start("form", attrs, _) => {
                let action = attr(attrs, "action")
                    .unwrap_or_else(|| panic!("{page}: a form without action"));
                let post = match attr(attrs, "method") {
                    Some("post") => true,
                    None => {
                        assert!(
                            attr(attrs, "role") == Some("search") || action == "/work",
                            "{page}: {action} has no method"
                        );
                        false
                    }
                    // Changes nothing: it shows something else in a frame.
                    Some("get") => {
                        assert!(
                            attr(attrs, "target").is_some(),
                            "{page}: {action} leads away from the page"
                        );
                        false
                    }
                    other => panic!("{page}: method {other:?}"),
                };
                form = Some((action.to_owned(), post, false));
            }
            Piece::Start("input", attrs, _) => {
                if let Some((_, _, guarded)) = &mut form {
                    *guarded |= attr(attrs, "name") == Some("csrf")
                        && attr(attrs, "value").is_some_and(|v| !v.is_empty());
                }
            }
            Piece::End("form") => {
                let (action, post, guarded) = form.take().unwrap();
                assert_eq!(post, guarded, "{page}: {action}: only a post is guarded");
            }
            _ => {}
        }
    }
}

/// Every field has a label.
fn check_labels(page: &str, all: &[Piece<'_>]) {
    let labelled: BTreeSet<&str> = all
        .iter()
        .filter_map(|p| match p {
            Piece::Start("label", attrs, _) => attr(attrs, "for"),
            _ => None,
        })
        .collect();
    let mut inside = 0;
    for piece in all {
        match piece {
            Piece::Start("label", ..) => inside += 1,
            Piece::End("label") => inside -= 1,
            Piece::Start(name @ ("input" | "select" | "textarea"), attrs, _) => {
                let silent = attr(attrs, "type") == Some("hidden")
                    || attr(attrs, "aria-hidden") == Some("true");
                let told = inside > 0
                    || attr(attrs, "aria-label").is_some()
                    || attr(attrs, "id").is_some_and(|id| labelled.contains(id));
                assert!(silent || told, "{page}: <{name} {attrs:?}> has no label");
            }
            _ => {}
        }
    }
}

#[test]
fn every_page_is_sound() {
    for (page, html) in pages() {
        check_page(page, &html);
    }
}

#[test]
fn the_parts_of_the_form_are_sound() {
    let html = NewTicketParts::sample().render().unwrap();
    check_balance("parts", &pieces(&html));
    for id in ["goes-to", "similar", "would", "preview", "road"] {
        assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
    }
}

#[test]
fn what_people_wrote_stays_text() {
    let html = &pages()["home"];
    assert!(
        html.contains("wrong title &#60;b&#62;"),
        "the subject is escaped"
    );
    assert!(!html.contains("wrong title <b>"));
}

#[test]
fn a_frame_for_mail_forbids_everything() {
    let html = MailFrame::sample().render().unwrap();
    assert!(
        html.contains("<b>reproduce</b>"),
        "shown as it was formatted"
    );
    check_balance("mail", &pieces(&html.replace("html{", "x{")));
    for word in ["sandbox;", "default-src 'none'", "form-action 'none'"] {
        assert!(super::mail_frame::POLICY.contains(word), "{word}");
    }
    assert!(!super::mail_frame::POLICY.contains("allow-"));
}

#[test]
fn the_checks_can_fail() {
    for bad in [
        "<p><div></div></p>",
        "<ul><li></ul>",
        "<p>",
        "<form><form></form></form>",
    ] {
        let result = std::panic::catch_unwind(|| check_balance("bad", &pieces(bad)));
        assert!(result.is_err(), "{bad}");
    }
}

/// Writes the pages to the folder named by `SWITCHBOARD_SAMPLES`, with the
/// style sheet beside them, to be looked at in a browser.
#[test]
fn samples_can_be_looked_at() {
    let Some(folder) = std::env::var_os("SWITCHBOARD_SAMPLES") else {
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    std::fs::create_dir_all(folder.join("static")).unwrap();
    for (name, bytes) in super::assets::all() {
        std::fs::write(folder.join("static").join(name), bytes).unwrap();
    }
    for (page, html) in pages() {
        std::fs::write(folder.join(format!("{page}.html")), html).unwrap();
    }
}
