//! `/account`: the reader's own data, addresses, password, second factors,
//! sessions and tokens. What they change there lies in `account_post`.

use askama::Template;
use axum::response::Response;
use desk::SignedIn;
use desk::account::Details;
use desk::address::MyAddress;
use desk::password::PASSWORD_MIN;
use switchboard_core::Part;

use super::admin::communities;
use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Room};
use super::identities::Identities;
use super::view::{Choice, Icon, TimeMark};
use super::visit::Visit;

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

/// A passkey of the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyRow {
    /// Its id.
    pub id: String,
    /// What they call it.
    pub name: String,
    /// Since when.
    pub made: TimeMark,
    /// When it was last used.
    pub used: Option<TimeMark>,
}

/// What is shown once, or again after something was wrong.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// A token just made.
    pub new_token: Option<String>,
    /// Recovery codes just made.
    pub new_codes: Vec<String>,
    /// What was typed as details.
    pub details: Option<Details>,
    /// What was wrong.
    pub errors: Errors,
}

/// The reader's account.
#[derive(Debug, Clone, Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// Around it.
    pub frame: Frame,
    /// Units and rights.
    pub facts: Vec<(String, String)>,
    /// Name, institute, community, as they stand in the form.
    pub details: Details,
    /// The communities that there are.
    pub communities: Vec<Choice>,
    /// What they wrote as their community when that was any text.
    pub community_said: Option<String>,
    /// Their addresses.
    pub addresses: Vec<MyAddress>,
    /// They have a password.
    pub has_password: bool,
    /// Shortest password.
    pub least: usize,
    /// Since when an authenticator app.
    pub totp: Option<TimeMark>,
    /// Their passkeys.
    pub passkeys: Vec<PasskeyRow>,
    /// Passkeys work at this address.
    pub passkeys_here: bool,
    /// How many recovery codes are left.
    pub codes_left: i64,
    /// Recovery codes just made, shown this once.
    pub new_codes: Vec<String>,
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
        let page = account(&visit, Shown::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

fn facts(who: &SignedIn, catalogue: &desk::Catalogue) -> Vec<(String, String)> {
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
    let mut facts = Vec::new();
    let communities: Vec<&str> = who
        .actor
        .communities
        .iter()
        .map(|key| catalogue.community(key).map_or(key.as_str(), |c| &c.name))
        .collect();
    if !communities.is_empty() {
        facts.push(("Communities".to_owned(), communities.join(", ")));
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
    facts
}

pub(super) async fn account(visit: &Visit, shown: Shown) -> Result<AccountPage, Fault> {
    let who = visit.who.as_ref().ok_or(Fault::SignInFirst)?;
    let (desk, person) = (&visit.desk, who.person.id);
    let catalogue = desk.catalogue().await?;
    let facts = facts(who, &catalogue);
    let details = shown.details.unwrap_or_else(|| Details::of(&who.person));
    let community_said = desk
        .db()
        .read(move |c| store::person::community_said(c, person).map_err(desk::Error::from))
        .await?;
    let factors = desk.factors(person).await?;
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
        communities: communities::choices(
            &catalogue,
            "None of these",
            details.community.as_deref().unwrap_or_default(),
        ),
        community_said,
        details,
        addresses: desk.addresses(person).await?,
        has_password: who.person.has_password,
        least: PASSWORD_MIN,
        totp: factors.totp_since.map(|at| visit.dial.moment(at)),
        passkeys: factors
            .passkeys
            .into_iter()
            .map(|k| PasskeyRow {
                id: hex(&k.id),
                name: k.name,
                made: visit.dial.moment(k.created_at),
                used: k.used_at.map(|at| visit.dial.ago(at)),
            })
            .collect(),
        passkeys_here: desk.has_passkeys(),
        codes_left: factors.recovery_codes,
        new_codes: shown.new_codes,
        sessions,
        tokens,
        new_token: shown.new_token,
        scopes: Choice::list(scopes, "read"),
        errors: shown.errors,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Bytes from their hexadecimal; at most 1,023 of them, as a credential has.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || text.len() > 2_046 || text.len() % 2 == 1 || !text.is_ascii() {
        return None;
    }
    (0..text.len() / 2)
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
        assert_eq!(unhex(""), None);
        assert_eq!(unhex(&"é".repeat(32)), None);
    }
}
