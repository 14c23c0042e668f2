//! LDAP: asks a directory whether name and password belong together, and what
//! it knows of who they are.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry, SearchOptions, StdStream,
    dn_escape, ldap_escape,
};
use url::Url;

use crate::guard::{self, Guard};
use crate::oidc::Finding;
use crate::tls;

/// How long one step may take.
const PATIENCE: Duration = Duration::from_secs(8);
/// Wrong name or password (RFC 4511 appendix A.2).
const WRONG: u32 = 49;
/// Longest name and password that are sent.
const LONGEST: usize = 500;

/// How somebody's entry is found.
#[derive(Clone, PartialEq, Eq)]
pub enum Find {
    /// By a search, as a service account; `None`: as nobody.
    Search(Option<(String, String)>),
    /// By putting the name into `uid={user},ou=people,…`.
    Template(String),
}

/// A directory and how it is asked.
#[derive(Clone, PartialEq, Eq)]
pub struct Directory {
    /// `ldaps://host[:port]` or `ldap://host[:port]`.
    pub url: String,
    /// With `ldap://`: TLS before anything else is said.
    pub start_tls: bool,
    /// Who vouches for the server, in PEM; `None`: whom this machine knows.
    pub authority: Option<String>,
    /// How entries are found.
    pub find: Find,
    /// Where to look: `ou=people,dc=example,dc=org`.
    pub base: String,
    /// What to look for: `(&(objectClass=person)(uid={user}))`.
    pub filter: String,
    /// The attribute that names somebody for good: `entryUUID`.
    pub subject: String,
    /// The attribute with the name.
    pub name: String,
    /// The attribute with the mail address.
    pub mail: String,
    /// Attributes with groups and entitlements.
    pub groups: Vec<String>,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The service account's password stays out of every log.
        f.debug_struct("Directory")
            .field("url", &self.url)
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// What a directory knows of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What names them for good.
    pub subject: String,
    /// Name, or empty.
    pub name: String,
    /// Mail address.
    pub email: Option<String>,
    /// Groups and entitlements.
    pub groups: Vec<String>,
}

/// Why the directory could not be asked. The texts are for administrators and
/// the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It does not answer, or not as it has to.
    #[error("{0}")]
    Down(String),
    /// It is set up so that it can not work.
    #[error("{0}")]
    Setup(String),
}

impl From<guard::Fault> for Fault {
    fn from(fault: guard::Fault) -> Fault {
        Fault::Down(fault.to_string())
    }
}

fn down(what: &str, error: &LdapError) -> Fault {
    let text = match error {
        LdapError::LdapResult { result } => format!(
            "{what}: the directory says {} {}",
            result.rc,
            result.text.chars().take(200).collect::<String>()
        ),
        other => format!("{what}: {other}"),
    };
    Fault::Down(text.trim_end().to_owned())
}

/// Waits for one step.
async fn step<T>(
    what: &str,
    doing: impl Future<Output = ldap3::result::Result<T>>,
) -> Result<T, Fault> {
    match tokio::time::timeout(PATIENCE, doing).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(down(what, &error)),
        Err(_) => Err(Fault::Down(format!("{what}: it took too long"))),
    }
}

/// Checks an address as far as that goes without connecting.
///
/// # Errors
/// Says what would be right.
pub fn check_url(guard: &Guard, text: &str, start_tls: bool) -> Result<(String, u16), Fault> {
    let setup = |why: &str| Fault::Setup(format!("{text:?} {why}"));
    let url = Url::parse(text).map_err(|_| setup("is no address; write ldaps://host"))?;
    let host = url.host_str().unwrap_or_default().to_owned();
    if host.is_empty() || !url.username().is_empty() || url.password().is_some() {
        return Err(setup("has to name a host and nobody; write ldaps://host"));
    }
    match url.scheme() {
        "ldaps" => Ok((host, url.port().unwrap_or(636))),
        "ldap" if start_tls || guard.reaches_itself(&host) => Ok((host, url.port().unwrap_or(389))),
        "ldap" => Err(setup(
            "would send passwords in the open; use ldaps:// or StartTLS",
        )),
        _ => Err(setup("is no directory; write ldaps://host")),
    }
}

struct Open {
    ldap: Ldap,
    driver: tokio::task::JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

async fn open(guard: &Guard, directory: &Directory) -> Result<Open, Fault> {
    let (host, port) = check_url(guard, &directory.url, directory.start_tls)?;
    let stream = guard.connect(&host, port).await?;
    let config = tls::config(directory.authority.as_deref())
        .map_err(|why| Fault::Setup(format!("authority: {why}")))?;
    let settings = LdapConnSettings::new()
        .set_conn_timeout(PATIENCE)
        .set_std_stream(StdStream::Tcp(stream))
        .set_starttls(directory.start_tls)
        .set_config(Arc::new(config));
    let (connection, ldap) = step(
        "connection",
        LdapConnAsync::with_settings(settings, &directory.url),
    )
    .await?;
    let driver = tokio::spawn(async move {
        if let Err(error) = connection.drive().await {
            tracing::debug!(%error, "the connection to the directory ended");
        }
    });
    Ok(Open { ldap, driver })
}

/// Binds; `false`: name and password do not belong together.
async fn bind(open: &mut Open, what: &str, dn: &str, password: &str) -> Result<bool, Fault> {
    let answer = step(what, open.ldap.simple_bind(dn, password)).await?;
    match answer.rc {
        0 => Ok(true),
        WRONG => Ok(false),
        _ => Err(down(what, &LdapError::from(answer))),
    }
}

/// The filter for somebody; what they typed can not change what it asks.
fn filter_for(directory: &Directory, user: &str) -> String {
    directory.filter.replace("{user}", &ldap_escape(user))
}

async fn search(
    open: &mut Open,
    directory: &Directory,
    base: &str,
    scope: Scope,
    filter: &str,
) -> Result<Vec<SearchEntry>, Fault> {
    let mut attributes: BTreeSet<&str> = [&directory.subject, &directory.name, &directory.mail]
        .map(String::as_str)
        .into();
    attributes.extend(directory.groups.iter().map(String::as_str));
    let attributes: Vec<&str> = attributes.into_iter().filter(|a| !a.is_empty()).collect();
    open.ldap
        .with_search_options(SearchOptions::new().sizelimit(2).timelimit(5));
    let (found, result) = {
        let answer = step("search", open.ldap.search(base, scope, filter, attributes)).await?;
        (answer.0, answer.1)
    };
    // 4: more than were asked for, which is as bad as two; 32: no such entry.
    match result.rc {
        0 | 4 => {}
        32 => return Ok(Vec::new()),
        _ => return Err(down("search", &LdapError::from(result))),
    }
    Ok(found
        .into_iter()
        .filter(|entry| !entry.is_ref() && !entry.is_intermediate())
        .map(SearchEntry::construct)
        .collect())
}

fn values<'a>(entry: &'a SearchEntry, attribute: &'a str) -> impl Iterator<Item = &'a String> {
    // Attributes are called the same in any case.
    let same = |map: &'a HashMap<String, Vec<String>>| {
        map.iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(attribute))
            .flat_map(|(_, values)| values)
    };
    same(&entry.attrs).filter(|value| !value.trim().is_empty())
}

fn entry_of(directory: &Directory, found: &SearchEntry) -> Result<Entry, Fault> {
    let first = |attribute: &str| values(found, attribute).next().cloned();
    // Some directories keep their ids as bytes (objectGUID).
    let bytes = || {
        let (_, values) = found
            .bin_attrs
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(&directory.subject))?;
        let hex: String = values.first()?.iter().map(|b| format!("{b:02x}")).collect();
        Some(hex).filter(|hex| !hex.is_empty())
    };
    let Some(subject) = first(&directory.subject).or_else(bytes) else {
        return Err(Fault::Setup(format!(
            "subject: entries have no attribute {}, or the service account may not read it",
            directory.subject
        )));
    };
    let mut groups: Vec<String> = directory
        .groups
        .iter()
        .flat_map(|attribute| values(found, attribute))
        .cloned()
        .collect();
    groups.sort();
    groups.dedup();
    Ok(Entry {
        subject,
        name: first(&directory.name).unwrap_or_default(),
        email: first(&directory.mail),
        groups,
    })
}

/// Who somebody is, when name and password belong together; `None`: they do
/// not. An empty password never does, whatever the directory would say.
///
/// # Errors
/// When the directory can not be asked.
pub async fn sign_in(
    guard: &Guard,
    directory: &Directory,
    user: &str,
    password: &str,
) -> Result<Option<Entry>, Fault> {
    let user = user.trim();
    let fine = |text: &str| !text.is_empty() && text.len() <= LONGEST && !text.contains('\0');
    if !fine(user) || !fine(password) {
        return Ok(None);
    }
    let mut open = open(guard, directory).await?;
    match &directory.find {
        Find::Template(template) => {
            let dn = template.replace("{user}", &dn_escape(user));
            if !bind(&mut open, "sign-in", &dn, password).await? {
                return Ok(None);
            }
            let any = "(objectClass=*)";
            let found = search(&mut open, directory, &dn, Scope::Base, any).await?;
            match found.as_slice() {
                [one] => entry_of(directory, one).map(Some),
                _ => Err(Fault::Setup(format!(
                    "people may not read their own entry {dn}"
                ))),
            }
        }
        Find::Search(account) => {
            enter(&mut open, account.as_ref()).await?;
            let filter = filter_for(directory, user);
            let found = search(
                &mut open,
                directory,
                &directory.base,
                Scope::Subtree,
                &filter,
            )
            .await?;
            let one = match found.as_slice() {
                [one] => one,
                [] => return Ok(None),
                _ => {
                    return Err(Fault::Setup(
                        "filter: it finds more than one entry for a name; make it narrower".into(),
                    ));
                }
            };
            let entry = entry_of(directory, one)?;
            if bind(&mut open, "sign-in", &one.dn, password).await? {
                Ok(Some(entry))
            } else {
                Ok(None)
            }
        }
    }
}

/// As the service account, when there is one.
async fn enter(open: &mut Open, account: Option<&(String, String)>) -> Result<(), Fault> {
    let Some((dn, password)) = account else {
        return Ok(());
    };
    if password.is_empty() {
        return Err(Fault::Setup("service account: it has no password".into()));
    }
    if bind(open, "service account", dn, password).await? {
        Ok(())
    } else {
        Err(Fault::Setup(format!(
            "service account: {dn} and its password do not belong together"
        )))
    }
}

/// Tries a directory out: what is well, and exactly what is not.
pub async fn test(guard: &Guard, directory: &Directory) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Err(fault) = tried(guard, directory, &mut found).await {
        found.push(Finding {
            well: false,
            text: fault.to_string(),
        });
    }
    found
}

async fn tried(
    guard: &Guard,
    directory: &Directory,
    found: &mut Vec<Finding>,
) -> Result<(), Fault> {
    let mut well = |text: String| found.push(Finding { well: true, text });
    let mut open = open(guard, directory).await?;
    well(format!(
        "connection: {}{}",
        directory.url,
        if directory.start_tls {
            " with StartTLS"
        } else {
            ""
        }
    ));
    let Find::Search(account) = &directory.find else {
        well("people are bound by the template; that shows only when somebody signs in".into());
        return Ok(());
    };
    enter(&mut open, account.as_ref()).await?;
    if let Some((dn, _)) = account {
        well(format!("service account: {dn} is let in"));
    }
    let any = "(objectClass=*)";
    let base = search(&mut open, directory, &directory.base, Scope::Base, any).await?;
    if base.is_empty() {
        return Err(Fault::Setup(format!(
            "base: there is no {}",
            directory.base
        )));
    }
    well(format!("base: {} is there", directory.base));
    // A star finds everybody; two are enough to see their attributes.
    let filter = directory.filter.replace("{user}", "*");
    let people = search(
        &mut open,
        directory,
        &directory.base,
        Scope::Subtree,
        &filter,
    )
    .await?;
    let Some(one) = people.first() else {
        return Err(Fault::Setup(format!(
            "filter: {filter} finds nobody below the base"
        )));
    };
    let entry = entry_of(directory, one)?;
    well(format!(
        "filter: it finds people; {} names them",
        directory.subject
    ));
    well(format!(
        "attributes: {} {}, {} {}, {} with groups",
        directory.name,
        if entry.name.is_empty() {
            "is empty"
        } else {
            "is filled"
        },
        directory.mail,
        if entry.email.is_none() {
            "is empty"
        } else {
            "is filled"
        },
        entry.groups.len()
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Reach;

    fn directory() -> Directory {
        Directory {
            url: "ldap://192.0.2.1".into(),
            start_tls: false,
            authority: None,
            find: Find::Search(None),
            base: "dc=example,dc=org".into(),
            filter: "(&(objectClass=person)(uid={user}))".into(),
            subject: "entryUUID".into(),
            name: "cn".into(),
            mail: "mail".into(),
            groups: vec!["memberOf".into()],
        }
    }

    #[test]
    fn what_is_typed_can_not_change_the_question() {
        for (typed, asked) in [
            ("alice", "(&(objectClass=person)(uid=alice))"),
            ("*", "(&(objectClass=person)(uid=\\2a))"),
            ("a)(uid=*", "(&(objectClass=person)(uid=a\\29\\28uid=\\2a))"),
            ("a\\", "(&(objectClass=person)(uid=a\\5c))"),
        ] {
            assert_eq!(filter_for(&directory(), typed), asked);
        }
        assert_eq!(dn_escape("alice,dc=evil"), "alice\\2cdc\\3devil");
    }

    #[test]
    fn passwords_do_not_travel_in_the_open() {
        let (closed, itself) = (
            Guard::new(Reach::default()),
            Guard::new(Reach::parse("127.0.0.1").unwrap()),
        );
        assert!(check_url(&closed, "ldap://127.0.0.1", false).is_err());
        assert!(check_url(&itself, "ldap://127.0.0.1", false).is_ok());
        assert!(check_url(&itself, "ldap://ldap.example.org", false).is_err());
        assert!(check_url(&closed, "ldap://ldap.example.org", true).is_ok());
        assert_eq!(
            check_url(&closed, "ldaps://ldap.example.org", false).unwrap(),
            ("ldap.example.org".into(), 636)
        );
        for wrong in [
            "https://x",
            "ldap:///",
            "ldaps://u:p@h",
            "h:636",
            "ldapi://%2f",
        ] {
            assert!(check_url(&closed, wrong, true).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn an_empty_password_never_signs_in_and_is_never_sent() {
        let guard = Guard::new(Reach::default());
        // The address may not be connected to: an attempt would be a fault.
        for (user, password) in [
            ("alice", ""),
            ("", "secret"),
            ("  ", "secret"),
            ("a\0", "b"),
        ] {
            let got = sign_in(&guard, &directory(), user, password).await;
            assert_eq!(got, Ok(None), "{user:?} {password:?}");
        }
        assert!(
            sign_in(&guard, &directory(), "alice", "secret")
                .await
                .is_err()
        );
    }
}
