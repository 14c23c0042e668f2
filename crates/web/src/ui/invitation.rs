//! How two desks become partners: `/exchange/invitations` writes invitations and shows how
//! each stands, `/exchange/accept` accepts or declines one of another desk.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::exchange::invitation::{Fate, Invited, Read};
use desk::exchange::partner::Own;
use store::partner::Terms;
use uuid::Uuid;

use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::time::Dial;
use super::view::{Chip, Icon, TimeMark, Tone};
use super::visit::{Visit, lines, sentence};
use crate::ui::assets::Asset;

/// What is agreed, in words, as this desk sees it; whether it is so.
pub(super) fn terms_words(terms: &Terms) -> Vec<(&'static str, bool)> {
    vec![
        ("Tickets may be given to them", terms.gives),
        ("Tickets may come from them", terms.takes),
        ("Files pass", terms.files),
        ("Names of those who write pass", terms.names),
        ("Their mail addresses pass", terms.addresses),
    ]
}

/// An invitation in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationRow {
    /// Its id.
    pub id: String,
    /// For whom it was written.
    pub for_whom: String,
    /// "Desk B; what comes begins in First level".
    pub about: String,
    /// How it stands.
    pub chip: Chip,
    /// What may pass, in a few words.
    pub passes: String,
    /// When it was written.
    pub made: TimeMark,
    /// Until when it counts, when it ended, or why.
    pub more: String,
    /// Nobody took it yet.
    pub open: bool,
}

impl InvitationRow {
    /// A row as it is shown at the time of the dial.
    pub fn of(one: Invited, dial: &Dial) -> InvitationRow {
        let it = one.invitation;
        let chip = match one.fate {
            Fate::Open => Chip::with_icon(Tone::Warn, "clock", "Waits for them"),
            Fate::Accepted => Chip::with_icon(Tone::Ok, "check", "Accepted"),
            Fate::Declined => Chip::with_icon(Tone::Bad, "x", "Declined"),
            Fate::Withdrawn => Chip::new(Tone::Plain, "Withdrawn"),
            Fate::Over => Chip::new(Tone::Plain, "Over"),
        };
        let until = dial.moment_words(it.expires_at);
        let more = match (one.fate, it.declined_by) {
            (Fate::Open, _) => format!("It counts until {until}."),
            (Fate::Over, _) => format!("It counted until {until}."),
            (Fate::Declined, Some(desk)) if it.reason.is_empty() => format!("By {desk}."),
            (Fate::Declined, Some(desk)) => format!("By {desk}: {}", it.reason),
            _ => String::new(),
        };
        let units = match one.units.is_empty() {
            true => "no unit stands for them".to_owned(),
            false => one.units.join(", "),
        };
        let to_them = match one.services.is_empty() {
            true => "tickets to them".to_owned(),
            false => format!("tickets about {} to them", one.services.join(", ")),
        };
        let passes: Vec<&str> = [
            (it.offer.terms.gives, to_them.as_str()),
            (it.offer.terms.takes, "tickets from them"),
            (it.offer.terms.files, "files"),
            (it.offer.terms.names, "names"),
            (it.offer.terms.addresses, "addresses"),
        ]
        .into_iter()
        .filter_map(|(so, word)| so.then_some(word))
        .collect();
        InvitationRow {
            id: it.id.to_string(),
            for_whom: match it.for_whom.is_empty() {
                true => "Nobody noted for whom".to_owned(),
                false => it.for_whom,
            },
            about: format!("{units}; what comes begins in {}", one.intake),
            chip,
            passes: passes.join(", "),
            made: dial.ago(it.made_at),
            more,
            open: one.fate == Fate::Open,
        }
    }
}

/// What the form of an invitation holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InvitationFields {
    /// For whom it is.
    pub for_whom: String,
    /// The address of their desk, for a link.
    pub address: String,
    /// What may pass.
    pub terms: Terms,
    /// The units that stand for them, one a line.
    pub units: String,
    /// The services whose tickets are given to them, one a line; empty: those of all.
    pub covered: String,
    /// The unit in which what comes from there begins.
    pub intake: String,
}

/// An invitation that was just written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenView {
    /// Its text.
    pub text: String,
    /// A link to the page of their desk that takes it; empty: their address is not known.
    pub link: String,
    /// Until when it counts.
    pub until: String,
}

/// The invitations of this desk.
#[derive(Debug, Clone, Template)]
#[template(path = "exchange_invitations.html")]
pub struct InvitationsPage {
    /// Around it.
    pub frame: Frame,
    /// They, the newest first.
    pub rows: Vec<InvitationRow>,
    /// What the form holds.
    pub fields: InvitationFields,
    /// What was just written, this once.
    pub written: Option<WrittenView>,
    /// What was wrong.
    pub errors: Errors,
}

async fn page(visit: &Visit, fields: InvitationFields) -> Result<InvitationsPage, Fault> {
    let all = visit.desk.partner_invitations(visit.actor()?).await?;
    Ok(InvitationsPage {
        frame: visit.frame(Room::Staff, Here::Exchange).await?,
        rows: all
            .into_iter()
            .map(|one| InvitationRow::of(one, &visit.dial))
            .collect(),
        fields,
        written: None,
        errors: Errors::default(),
    })
}

/// `GET /exchange/invitations`.
pub async fn list(visit: Visit) -> Response {
    let result = async {
        let fields = InvitationFields {
            terms: Terms {
                names: true,
                files: true,
                gives: true,
                takes: true,
                addresses: false,
            },
            ..InvitationFields::default()
        };
        visit.page(&page(&visit, fields).await?)
    }
    .await;
    visit.close(result).await
}

/// `POST /exchange/invitations`: `do` is `write` or `withdraw`.
pub async fn write(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    posted.visit.at("/exchange/invitations".to_owned());
    let result = match posted.text("do") {
        "write" => invite(&posted).await,
        "withdraw" => withdraw(&posted).await,
        _ => Err(Fault::no_page()),
    };
    posted.visit.close(result).await
}

fn own(intake: &str, units: &str, services: &str) -> Own {
    Own {
        intake: Some(intake.trim().to_owned()).filter(|i| !i.is_empty()),
        units: lines(units),
        services: lines(services),
    }
}

/// The page of another desk that takes an invitation, which stands where no server and no
/// log sees it.
fn link(address: &str, text: &str) -> Result<String, Errors> {
    let address = address.trim().trim_end_matches('/');
    if address.is_empty() {
        return Ok(String::new());
    }
    let rest = address
        .strip_prefix("https://")
        .or_else(|| address.strip_prefix("http://"));
    let odd = |c: char| c.is_whitespace() || "#?\"<>".contains(c);
    match rest {
        Some(host) if !host.is_empty() && !host.contains(odd) => {
            Ok(format!("{address}/exchange/accept#{text}"))
        }
        _ => Err(Errors::one(
            "address",
            "Takes the address of their desk, as https://desk.example, or nothing.",
        )),
    }
}

async fn invite(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let fields = InvitationFields {
        for_whom: posted.text("for_whom").to_owned(),
        address: posted.text("address").to_owned(),
        terms: Terms {
            names: posted.has("names"),
            addresses: posted.has("addresses"),
            files: posted.has("files"),
            gives: posted.has("gives"),
            takes: posted.has("takes"),
        },
        units: posted.body("units"),
        covered: posted.body("services"),
        intake: posted.text("intake").to_owned(),
    };
    let errors = match link(&fields.address, "") {
        Err(errors) => errors,
        Ok(_) => {
            let own = own(&fields.intake, &fields.units, &fields.covered);
            let made = visit
                .desk
                .invite_partner(actor, &fields.for_whom, fields.terms, &own);
            match made.await {
                Ok(made) => {
                    let link = link(&fields.address, &made.text).unwrap_or_default();
                    // Not by way of another page: it is shown this once.
                    let mut page = page(visit, InvitationFields::default()).await?;
                    page.written = Some(WrittenView {
                        link,
                        until: visit.dial.moment_words(made.expires_at),
                        text: made.text,
                    });
                    return visit.page(&page);
                }
                Err(Error::Invalid { field, problem }) => Errors::one(field, sentence(&problem)),
                Err(other) => return Err(other.into()),
            }
        }
    };
    let mut page = page(visit, fields).await?;
    page.errors = errors;
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn withdraw(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let id = Uuid::try_parse(posted.text("id")).map_err(|_| Fault::no_page())?;
    let notice = match visit.desk.withdraw_invitation(visit.admin()?, id).await {
        Ok(()) => Notice::new(NoticeTone::Ok, "Nobody can take that invitation any more"),
        Err(Error::NotFound { .. }) => {
            Notice::new(NoticeTone::Info, "It was taken, or has ended, already")
        }
        Err(other) => return Err(other.into()),
    };
    visit.go("/exchange/invitations", Some(notice))
}

/// What an invitation of another desk says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadView {
    /// How people call the desk.
    pub title: String,
    /// Its name.
    pub desk: String,
    /// Where it is reached.
    pub base_url: String,
    /// Its key.
    pub key: String,
    /// What is to be agreed, and whether it is.
    pub terms: Vec<(&'static str, bool)>,
    /// The services whose tickets will come from there; empty: those of all.
    pub services: Vec<String>,
    /// Until when it counts.
    pub until: String,
}

impl ReadView {
    fn of(read: Read, dial: &Dial) -> ReadView {
        ReadView {
            title: read.from.title,
            desk: read.from.desk.to_string(),
            base_url: read.from.base_url,
            key: read.from.public_key,
            terms: terms_words(&read.terms),
            services: read.services,
            until: dial.moment_words(read.expires_at),
        }
    }
}

/// An invitation of another desk is looked at, accepted or declined.
#[derive(Debug, Clone, Template)]
#[template(path = "exchange_accept.html")]
pub struct AcceptPage {
    /// Around it.
    pub frame: Frame,
    /// The whole text.
    pub invitation: String,
    /// What it says; `None`: it was not read yet.
    pub read: Option<ReadView>,
    /// The units that stand for them here, one a line.
    pub units: String,
    /// The services whose tickets are given to them, one a line; empty: those of all.
    pub covered: String,
    /// The unit in which what comes from there begins.
    pub intake: String,
    /// Why it is declined.
    pub reason: String,
    /// What was wrong.
    pub errors: Errors,
}

impl AcceptPage {
    async fn of(visit: &Visit) -> Result<AcceptPage, Fault> {
        visit.admin()?;
        Ok(AcceptPage {
            frame: visit.frame(Room::Staff, Here::Exchange).await?,
            invitation: String::new(),
            read: None,
            units: String::new(),
            covered: String::new(),
            intake: String::new(),
            reason: String::new(),
            errors: Errors::default(),
        })
    }
}

/// `GET /exchange/accept`.
pub async fn ask(visit: Visit) -> Response {
    let result = async { visit.page(&AcceptPage::of(&visit).await?) }.await;
    visit.close(result).await
}

/// `POST /exchange/accept`: `do` is `read`, `accept` or `decline`.
pub async fn answer(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    posted.visit.at("/exchange/accept".to_owned());
    let result = answered(&posted).await;
    posted.visit.close(result).await
}

async fn answered(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let mut page = AcceptPage::of(visit).await?;
    page.invitation = posted.text("invitation").to_owned();
    page.units = posted.body("units");
    page.covered = posted.body("services");
    page.intake = posted.text("intake").to_owned();
    page.reason = posted.text("reason").to_owned();
    let refused = |mut page: AcceptPage, error: Error| {
        let (status, field, problem) = match error {
            Error::Invalid { field, problem } => (StatusCode::UNPROCESSABLE_ENTITY, field, problem),
            Error::Conflict(why) => (StatusCode::CONFLICT, "invitation".to_owned(), why),
            // Of the other desk, not of this one.
            Error::Unavailable(why) => (StatusCode::CONFLICT, "invitation".to_owned(), why),
            other => return Err(other.into()),
        };
        page.errors = Errors::one(field, sentence(&problem));
        visit.page_as(status, &page)
    };
    let read = match visit.desk.read_invitation(actor, &page.invitation) {
        Ok(read) => read,
        Err(error) => return refused(page, error),
    };
    let title = read.from.title.clone();
    page.read = Some(ReadView::of(read, &visit.dial));
    match posted.text("do") {
        "read" => {
            // Of the services that they name those that this desk has too.
            let catalogue = visit.desk.catalogue().await?;
            let named = page.read.iter().flat_map(|read| &read.services);
            let too = named.filter_map(|name| catalogue.find_service("services", name).ok());
            let too: Vec<&str> = too.map(|service| service.name.as_str()).collect();
            page.covered = too.join("\n");
            visit.page(&page)
        }
        "accept" => {
            let own = own(&page.intake, &page.units, &page.covered);
            match visit
                .desk
                .accept_partner(actor, &page.invitation, &own)
                .await
            {
                Ok(id) => {
                    let notice = Notice::new(NoticeTone::Ok, format!("{title} is a partner now"));
                    visit.go(&format!("/exchange/partners/{id}"), Some(notice))
                }
                Err(error) => refused(page, error),
            }
        }
        "decline" => {
            let told = visit
                .desk
                .decline_partner(actor, &page.invitation, &page.reason)
                .await;
            match told {
                Ok(()) => {
                    let notice = format!("{title} knows that you decline");
                    visit.go("/exchange", Some(Notice::new(NoticeTone::Ok, notice)))
                }
                Err(error) => refused(page, error),
            }
        }
        _ => Err(Fault::no_page()),
    }
}
