//! `/account`: the reader's own data, sessions and tokens.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::{Error, TokenScope};
use switchboard_core::{Part, PersonId};
use uuid::Uuid;

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::identities::Identities;
use super::posted::Posted;
use super::view::{Choice, Icon, TimeMark};
use super::visit::{Visit, sentence};

/// A place where the reader is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id (not its secret).
    pub id: String,
    /// The browser, in a few words.
    pub name: String,
    /// Since when.
    pub since: TimeMark,
    /// When it was last used.
    pub seen: TimeMark,
    /// It is the one that asks.
    pub here: bool,
}

/// A token of the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its id (not its secret).
    pub id: String,
    /// What it is for.
    pub name: String,
    /// What it may.
    pub scopes: String,
    /// When it was made.
    pub made: TimeMark,
}

/// The reader's account.
#[derive(Debug, Clone, Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// Around it.
    pub frame: Frame,
    /// Addresses, units, rights.
    pub facts: Vec<(String, String)>,
    /// Where they are signed in.
    pub sessions: Vec<SessionRow>,
    /// Their tokens.
    pub tokens: Vec<TokenRow>,
    /// A token just made, shown this once.
    pub new_token: Option<String>,
    /// Ways in through others.
    pub identities: Identities,
    /// What a token may be allowed.
    pub scopes: Vec<Choice>,
    /// What was wrong.
    pub errors: Errors,
}

/// `GET /account`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let page = account(&visit, None, Errors::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

fn me(visit: &Visit) -> Result<PersonId, Fault> {
    visit
        .who
        .as_ref()
        .map(|who| who.person.id)
        .ok_or(Fault::SignInFirst)
}

async fn account(
    visit: &Visit,
    new_token: Option<String>,
    errors: Errors,
) -> Result<AccountPage, Fault> {
    let who = visit.who.as_ref().ok_or(Fault::SignInFirst)?;
    let (desk, person) = (&visit.desk, who.person.id);
    let catalogue = desk.catalogue().await?;
    let units: Vec<String> = who
        .actor
        .units
        .iter()
        .filter_map(|m| {
            let unit = catalogue.unit(m.unit)?;
            Some(match m.part {
                Part::Responsible => format!("{} (responsible)", unit.name),
                Part::Member => unit.name.clone(),
            })
        })
        .collect();
    let mut facts = vec![
        ("Name".to_owned(), who.person.name.clone()),
        (
            "Address".to_owned(),
            who.person.email.clone().unwrap_or_default(),
        ),
    ];
    if !who.person.institute.is_empty() {
        facts.push(("Institute".to_owned(), who.person.institute.clone()));
    }
    if let Some(community) = &who.person.community {
        facts.push(("Community".to_owned(), community.clone()));
    }
    if !units.is_empty() {
        facts.push(("Units".to_owned(), units.join(", ")));
    }
    for (holds, right) in [
        (who.person.support, "Support permission"),
        (who.person.monitor, "Monitor of all units"),
        (who.person.admin, "Administrator"),
    ] {
        if holds {
            facts.push((right.to_owned(), "yes".to_owned()));
        }
    }
    let sessions = desk
        .sessions(person)
        .await?
        .into_iter()
        .map(|s| SessionRow {
            here: s.id_hash == who.id_hash,
            id: hex(&s.id_hash),
            name: browser(&s.agent),
            since: visit.dial.moment(s.created_at),
            seen: visit.dial.ago(s.seen_at),
        })
        .collect();
    let now = visit.dial.now;
    let tokens = desk
        .tokens(person)
        .await?
        .into_iter()
        .filter(|t| t.revoked_at.is_none() && t.expires_at.is_none_or(|at| at > now))
        .map(|t| TokenRow {
            id: t.id.to_string(),
            name: t.name,
            scopes: t.scopes.join(", "),
            made: visit.dial.moment(t.created_at),
        })
        .collect();
    let mut scopes = vec![
        ("read", "read what I may read"),
        ("write", "open and change tickets"),
    ];
    if who.person.admin {
        scopes.push(("admin", "administer"));
    }
    let room = visit.room();
    let frame = visit.frame(room, Here::Elsewhere).await?;
    Ok(AccountPage {
        identities: Identities::of(visit, &frame.csrf).await?,
        frame,
        facts,
        sessions,
        tokens,
        new_token,
        scopes: Choice::list(scopes, "read"),
        errors,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..32)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok())
        .collect()
}

/// A browser and its system in a few words, from what it calls itself.
fn browser(agent: &str) -> String {
    let find = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(mark, _)| agent.contains(mark))
            .map(|(_, name)| *name)
    };
    let name = find(&[
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = find(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        (Some(name), None) => name.to_owned(),
        _ if agent.is_empty() => "A program without a name".to_owned(),
        _ => agent.chars().take(40).collect(),
    }
}

/// `POST /account/{deed}`: `sessions` or `tokens`.
pub async fn act(
    axum::extract::Path(deed): axum::extract::Path<String>,
    posted: Posted,
) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = match deed.as_str() {
        "sessions" => end_session(&posted).await,
        "tokens" => tokens(&posted).await,
        _ => Err(Fault::no_page()),
    };
    posted.visit.close(result).await
}

async fn end_session(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let person = me(visit)?;
    let id = unhex(posted.text("end")).ok_or_else(Fault::no_page)?;
    visit.desk.end_session(person, id).await?;
    let notice = Notice::new(NoticeTone::Ok, "That session has ended");
    visit.go("/account", Some(notice))
}

async fn tokens(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let person = me(visit)?;
    let revoke = posted.text("revoke");
    if !revoke.is_empty() {
        let id = Uuid::try_parse(revoke).map_err(|_| Fault::no_page())?;
        visit.desk.revoke_token(person, id).await?;
        let notice = Notice::new(NoticeTone::Ok, "The token is revoked");
        return visit.go("/account", Some(notice));
    }
    let scopes: Result<Vec<TokenScope>, Error> =
        posted.all("scope").map(TokenScope::parse).collect();
    let made = match scopes {
        Ok(scopes) => {
            visit
                .desk
                .create_token(person, posted.text("token"), &scopes, None)
                .await
        }
        Err(error) => Err(error),
    };
    match made {
        // Shown on this very answer: it is kept nowhere, not even in a cookie.
        Ok((_, secret)) => {
            let page = account(visit, Some(secret), Errors::default()).await?;
            visit.page(&page)
        }
        Err(Error::Invalid { problem, .. }) => {
            let errors = Errors::one("token", sentence(&problem));
            let page = account(visit, None, errors).await?;
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_have_names() {
        let check = |agent: &str, name: &str| assert_eq!(browser(agent), name);
        check(
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        );
        check(
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        );
        check("", "A program without a name");
        check("curl/8.1", "curl/8.1");
    }

    #[test]
    fn ids_of_sessions_survive_their_form() {
        let id: Vec<u8> = (0..32).collect();
        assert_eq!(unhex(&hex(&id)), Some(id));
        assert_eq!(unhex("zz"), None);
        assert_eq!(unhex(&"é".repeat(32)), None);
    }
}
