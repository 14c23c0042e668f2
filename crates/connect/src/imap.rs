//! Reading a mailbox by IMAP (RFC 3501): over TLS, with a password or a token,
//! waiting by IDLE (RFC 2177).
//!
//! Nothing here decides what becomes of a mail. A mail is read without marking
//! it; the caller says when it is stored, and only then the server is told.

mod token;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_imap::imap_proto::{AttributeValue, MailboxDatum, RequestId, Response, Status};
use async_imap::types::UnsolicitedResponse;
use async_imap::{Authenticator, Client};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::guard::Guard;
use crate::oidc::Finding;
use crate::tls;

pub use token::{TokenGiver, token};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one mail may take to arrive.
const PATIENCE_FOR_A_MAIL: Duration = Duration::from_secs(600);
/// Longest time without IDLE between two looks.
const WITHOUT_IDLE: Duration = Duration::from_secs(15);
/// For so long a server that refused IDLE is not asked for it again: it may have too
/// many that wait just now.
const IDLE_AGAIN: Duration = Duration::from_secs(10 * 60);
/// So many mails are named in one command.
const AT_ONCE: usize = 200;

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (port 993).
    Tls,
    /// TLS after STARTTLS (port 143).
    StartTls,
    /// None: only within this machine, or where somebody allowed it.
    None,
}

/// How to sign in.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// `LOGIN` with this password.
    Password(String),
    /// `AUTHENTICATE XOAUTH2` with this access token.
    Token(String),
}

impl fmt::Debug for Login {
    /// Secrets never reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Login::Password(_) => "Password",
            Login::Token(_) => "Token",
        })
    }
}

/// A mailbox as it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Who vouches for the server, in PEM; `None`: whom this machine knows.
    pub authority: Option<String>,
    /// The name to sign in with.
    pub user: String,
    /// How to sign in.
    pub login: Login,
}

/// Why a mailbox can not be read. The texts are for administrators.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Nobody answered, or nobody may be asked there.
    #[error("{0}")]
    Unreachable(String),
    /// The connection could not be protected.
    #[error("TLS with {host} failed: {why}")]
    Tls {
        /// Who.
        host: String,
        /// As the library says it.
        why: String,
    },
    /// The server does not let this user in.
    #[error("the server does not let {user} in: {why}")]
    SignIn {
        /// Who.
        user: String,
        /// As the server says it.
        why: String,
    },
    /// The server refused something.
    #[error("the server refused {what}: {why}")]
    Refused {
        /// What.
        what: String,
        /// As the server says it.
        why: String,
    },
    /// The connection ended.
    #[error("the connection ended during {0}")]
    Lost(String),
    /// No answer came in time.
    #[error("no answer came in time to {0}")]
    Slow(String),
    /// The server answered with something that is no IMAP.
    #[error("the answer to {0} can not be read")]
    Garbled(String),
}

fn uid_of(attributes: &[AttributeValue<'_>]) -> Option<i64> {
    attributes.iter().find_map(|a| match a {
        AttributeValue::Uid(uid) => Some(i64::from(*uid)),
        _ => None,
    })
}

trait Wire: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug> Wire for T {}

type Pipe = Box<dyn Wire>;

/// A mailbox that is open.
#[derive(Debug)]
pub struct Session {
    inner: async_imap::Session<Pipe>,
    /// The server told of new mail since mails were last looked for.
    news: bool,
    idles: bool,
    /// When the server, which has IDLE, would not do it.
    refused: Option<Instant>,
    moves: bool,
}

/// A folder that was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folder {
    /// Numbers of mails mean something as long as this stays the same.
    pub uid_validity: i64,
    /// The number that the next mail gets.
    pub uid_next: i64,
    /// Mails in it.
    pub mails: u32,
}

/// What is known of a mail before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Its number.
    pub uid: i64,
    /// Its octets.
    pub octets: u64,
}

fn trouble(what: &str, error: async_imap::error::Error) -> Trouble {
    use async_imap::error::Error;
    match error {
        Error::No(why) | Error::Bad(why) => Trouble::Refused {
            what: what.to_owned(),
            why: said(&why),
        },
        Error::ConnectionLost => Trouble::Lost(what.to_owned()),
        // What the parser says quotes the answer, and so somebody's mail.
        Error::Io(e) if e.kind() == std::io::ErrorKind::Other => Trouble::Garbled(what.to_owned()),
        Error::Io(_) => Trouble::Lost(what.to_owned()),
        Error::Validate(_) => Trouble::Refused {
            what: what.to_owned(),
            why: "there is a character in it that IMAP has not".to_owned(),
        },
        _ => Trouble::Garbled(what.to_owned()),
    }
}

/// What a server said, without the frame that the library puts around it.
fn said(why: &str) -> String {
    let inner = why
        .split_once("info: Some(\"")
        .and_then(|(_, rest)| rest.rsplit_once("\")"))
        .map_or(why, |(text, _)| text);
    inner
        .chars()
        .filter(|c| !c.is_control())
        .take(300)
        .collect()
}

async fn patient<T>(
    what: &str,
    patience: Duration,
    work: impl Future<Output = async_imap::error::Result<T>>,
) -> Result<T, Trouble> {
    tokio::time::timeout(patience, work)
        .await
        .map_err(|_| Trouble::Slow(what.to_owned()))?
        .map_err(|e| trouble(what, e))
}

/// XOAUTH2: one message; a second challenge carries the refusal and wants an
/// empty answer (Google and Microsoft both document it so).
struct Bearer {
    first: Option<String>,
}

impl Authenticator for Bearer {
    type Response = String;

    fn process(&mut self, _: &[u8]) -> String {
        self.first.take().unwrap_or_default()
    }
}

impl Session {
    /// Connects and signs in.
    ///
    /// # Errors
    /// Says which step failed and why.
    pub async fn open(guard: &Guard, account: &Account) -> Result<Session, Trouble> {
        let client = connected(guard, account).await?;
        let refused = |e: async_imap::error::Error| match trouble("signing in", e) {
            Trouble::Refused { why, .. } => Trouble::SignIn {
                user: account.user.clone(),
                why,
            },
            other => other,
        };
        let signing = async {
            match &account.login {
                Login::Password(password) => client
                    .login(&account.user, password)
                    .await
                    .map_err(|(e, _)| e),
                Login::Token(token) => client
                    .authenticate(
                        "XOAUTH2",
                        Bearer {
                            first: Some(format!(
                                "user={}\x01auth=Bearer {token}\x01\x01",
                                account.user
                            )),
                        },
                    )
                    .await
                    .map_err(|(e, _)| e),
            }
        };
        let mut inner = tokio::time::timeout(PATIENCE, signing)
            .await
            .map_err(|_| Trouble::Slow("signing in".to_owned()))?
            .map_err(refused)?;
        let can = patient("CAPABILITY", PATIENCE, inner.capabilities()).await?;
        Ok(Session {
            news: false,
            idles: can.has_str("IDLE"),
            refused: None,
            moves: can.has_str("MOVE"),
            inner,
        })
    }

    /// Opens a folder for reading and marking.
    ///
    /// # Errors
    /// When there is none, or the connection fails.
    pub async fn select(&mut self, folder: &str) -> Result<Folder, Trouble> {
        let what = format!("opening the folder {folder:?}");
        let name = in_utf7(folder);
        let found = patient(&what, PATIENCE, self.inner.select(&name)).await?;
        let uid_validity = found.uid_validity.ok_or_else(|| Trouble::Refused {
            what: what.clone(),
            why: "it gives mails no lasting numbers (UIDVALIDITY)".to_owned(),
        })?;
        let uid_next = match found.uid_next {
            Some(next) => i64::from(next),
            None => self
                .uids("UID 1:*", "counting mails")
                .await?
                .last()
                .map_or(1, |last| last + 1),
        };
        Ok(Folder {
            uid_validity: i64::from(uid_validity),
            uid_next,
            mails: found.exists,
        })
    }

    async fn uids(&mut self, query: &str, what: &str) -> Result<BTreeSet<i64>, Trouble> {
        let mut found = BTreeSet::new();
        let command = format!("UID SEARCH {query}");
        let searching = self.answers(&command, |response| {
            if let Response::MailboxData(MailboxDatum::Search(uids)) = response {
                found.extend(uids.iter().map(|uid| i64::from(*uid)));
            }
        });
        patient(what, PATIENCE, searching).await?;
        Ok(found)
    }

    /// Runs a command, hears every answer to it, and succeeds only when the
    /// server says at its end that all went well. The library's own searches and
    /// fetches take a connection that broke, and a refusal, for the end of a
    /// list: a mail would look as if it were gone.
    async fn answers(
        &mut self,
        command: &str,
        hear: impl FnMut(&Response<'_>),
    ) -> async_imap::error::Result<()> {
        let tag = self.inner.run_command(command).await?;
        self.answers_to(&tag, hear).await
    }

    async fn answers_to(
        &mut self,
        tag: &RequestId,
        mut hear: impl FnMut(&Response<'_>),
    ) -> async_imap::error::Result<()> {
        use async_imap::error::Error;
        loop {
            let ended = self.response(|response| match response {
                Response::Done {
                    tag: theirs,
                    status,
                    outcome,
                } if theirs == tag => {
                    let why = || format!("info: {:?}", outcome.information);
                    Some(match status {
                        Status::Ok => Ok(()),
                        Status::No => Err(Error::No(why())),
                        _ => Err(Error::Bad(why())),
                    })
                }
                other => {
                    hear(other);
                    None
                }
            });
            if let Some(ended) = ended.await? {
                return ended;
            }
        }
    }

    /// Looks at the next thing that the server says, noting whether it tells of new mail.
    async fn response<T>(
        &mut self,
        look: impl FnOnce(&Response<'_>) -> T,
    ) -> async_imap::error::Result<T> {
        use async_imap::error::Error;
        let response = self.inner.read_response().await?;
        let response = response.ok_or(Error::ConnectionLost)?;
        match response.parsed() {
            Response::Data {
                status: Status::Bye,
                ..
            } => return Err(Error::ConnectionLost),
            Response::MailboxData(MailboxDatum::Exists(_) | MailboxDatum::Recent(_)) => {
                self.news = true;
            }
            _ => {}
        }
        Ok(look(response.parsed()))
    }

    /// Has the server tell what happens. `None`: it would not, and said so. The library's
    /// own IDLE hears a NO and waits on for a yes.
    async fn idle(&mut self) -> async_imap::error::Result<Option<RequestId>> {
        let tag = self.inner.run_command("IDLE").await?;
        loop {
            let begun = self.response(|response| match response {
                Response::Continue { .. } => Some(true),
                Response::Done { tag: theirs, .. } if *theirs == tag => Some(false),
                _ => None,
            });
            match begun.await? {
                Some(true) => return Ok(Some(tag)),
                Some(false) => return Ok(None),
                None => {}
            }
        }
    }

    /// Hears until there is new mail. Gives whether the server still idles.
    async fn hear_of_news(&mut self, tag: &RequestId) -> async_imap::error::Result<bool> {
        while !self.news {
            let ended = self.response(
                |response| matches!(response, Response::Done { tag: theirs, .. } if theirs == tag),
            );
            if ended.await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn end_idle(&mut self, tag: &RequestId) -> async_imap::error::Result<()> {
        self.inner.run_command_untagged("DONE").await?;
        self.answers_to(tag, |_| {}).await
    }

    async fn fetch(
        &mut self,
        command: &str,
        mut hear: impl FnMut(&[AttributeValue<'_>]),
    ) -> async_imap::error::Result<()> {
        self.answers(command, |response| {
            if let Response::Fetch(_, attributes) = response {
                hear(attributes);
            }
        })
        .await
    }

    /// The numbers of the mails from `first` on, ascending; with `since`
    /// (`1-Feb-2026`) only those that came on that day or later.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn from(&mut self, first: i64, since: Option<&str>) -> Result<Vec<i64>, Trouble> {
        // What came until now is in the answer.
        while self.inner.unsolicited_responses.try_recv().is_ok() {}
        self.news = false;
        let mut query = format!("UID {}:*", first.max(1));
        if let Some(day) = since {
            query.push_str(" SINCE ");
            query.push_str(day);
        }
        let found = self.uids(&query, "looking for mails").await?;
        // `n:*` names the last mail even where its number is below n.
        Ok(found.into_iter().filter(|uid| *uid >= first).collect())
    }

    /// Mails up to `last` that are not marked as read; in a folder from which
    /// mails are moved, all.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn unfinished(
        &mut self,
        first: i64,
        last: i64,
        moved: bool,
    ) -> Result<Vec<i64>, Trouble> {
        if last < first.max(1) {
            return Ok(Vec::new());
        }
        let unread = if moved { "" } else { " UNSEEN" };
        let query = format!("UID {}:{last}{unread}", first.max(1));
        let found = self.uids(&query, "looking for mails to mark").await?;
        Ok(found
            .into_iter()
            .filter(|uid| (first..=last).contains(uid))
            .collect())
    }

    /// How large mails are. Those that are gone are left out.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn sizes(&mut self, uids: &[i64]) -> Result<Vec<Size>, Trouble> {
        let what = "reading sizes";
        let mut sizes = Vec::new();
        for some in uids.chunks(AT_ONCE) {
            let set = set_of(some);
            let query = format!("UID FETCH {set} (UID RFC822.SIZE)");
            let reading = self.fetch(&query, |attributes| {
                let octets = attributes.iter().find_map(|a| match a {
                    AttributeValue::Rfc822Size(octets) => Some(u64::from(*octets)),
                    _ => None,
                });
                if let (Some(uid), Some(octets)) = (uid_of(attributes), octets) {
                    sizes.push(Size { uid, octets });
                }
            });
            patient(what, PATIENCE, reading).await?;
        }
        sizes.sort_by_key(|s| s.uid);
        Ok(sizes)
    }

    /// The bytes of a mail, which stays unmarked; with `head` only its header.
    /// `None`: it is gone.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn raw(&mut self, uid: i64, head: bool) -> Result<Option<Vec<u8>>, Trouble> {
        let section = if head { "HEADER" } else { "" };
        let query = format!("UID FETCH {uid} (UID BODY.PEEK[{section}])");
        let mut bytes = None;
        let reading = self.fetch(&query, |attributes| {
            if uid_of(attributes) != Some(uid) {
                return;
            }
            for attribute in attributes {
                if let AttributeValue::BodySection {
                    data: Some(data), ..
                } = attribute
                {
                    bytes = Some(data.to_vec());
                }
            }
        });
        patient("reading a mail", PATIENCE_FOR_A_MAIL, reading).await?;
        Ok(bytes)
    }

    /// Tells the server that mails are stored: marks them as read or, with a
    /// folder, moves them there.
    ///
    /// # Errors
    /// When the server refuses or the connection fails.
    pub async fn finish(&mut self, uids: &[i64], folder: Option<&str>) -> Result<(), Trouble> {
        for some in uids.chunks(AT_ONCE) {
            let set = set_of(some);
            match folder {
                None => self.flag(&set, "+FLAGS.SILENT (\\Seen)").await?,
                Some(folder) if self.moves => {
                    let what = format!("moving mails to {folder:?}");
                    let name = in_utf7(folder);
                    patient(&what, PATIENCE, self.inner.uid_mv(&set, &name)).await?;
                }
                Some(folder) => {
                    let what = format!("copying mails to {folder:?}");
                    let name = in_utf7(folder);
                    patient(&what, PATIENCE, self.inner.uid_copy(&set, &name)).await?;
                    self.flag(&set, "+FLAGS.SILENT (\\Seen \\Deleted)").await?;
                    let expunging = self.inner.run_command_and_check_ok("EXPUNGE");
                    patient("EXPUNGE", PATIENCE, expunging).await?;
                }
            }
        }
        Ok(())
    }

    async fn flag(&mut self, set: &str, flags: &str) -> Result<(), Trouble> {
        let command = format!("UID STORE {set} {flags}");
        let storing = self.inner.run_command_and_check_ok(&command);
        patient("marking mails", PATIENCE, storing).await
    }

    /// Waits until there is something new in the folder, at most so long. A server that
    /// has no IDLE, or refused it lately, is asked again soon; one that refuses it now at
    /// once, so that nothing lies there that came meanwhile.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn wait(&mut self, at_most: Duration) -> Result<(), Trouble> {
        let refused = self.refused.is_some_and(|at| at.elapsed() < IDLE_AGAIN);
        if !self.idles || refused {
            tokio::time::sleep(at_most.min(WITHOUT_IDLE)).await;
            return patient("NOOP", PATIENCE, self.inner.noop()).await;
        }
        // What came before the server began to idle was told already.
        while let Ok(one) = self.inner.unsolicited_responses.try_recv() {
            self.news |= matches!(
                one,
                UnsolicitedResponse::Exists(_) | UnsolicitedResponse::Recent(_)
            );
        }
        let Some(tag) = patient("IDLE", PATIENCE, self.idle()).await? else {
            self.refused = Some(Instant::now());
            return Ok(());
        };
        // Keep-alives of the server put the end off no further.
        let heard = tokio::time::timeout(at_most, self.hear_of_news(&tag)).await;
        if let Ok(heard) = heard
            && !heard.map_err(|e| trouble("IDLE", e))?
        {
            return Ok(());
        }
        patient("the end of IDLE", PATIENCE, self.end_idle(&tag)).await
    }

    /// Says good-bye; whether the server heard it does not matter.
    pub async fn leave(mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(5), self.inner.logout()).await;
    }
}

/// A connection that is as protected as it has to be, and greeted.
async fn connected(guard: &Guard, account: &Account) -> Result<Client<Pipe>, Trouble> {
    let host = account.host.as_str();
    let stream = guard
        .connect(host, account.port)
        .await
        .map_err(|e| Trouble::Unreachable(e.to_string()))?;
    let stream = TcpStream::from_std(stream)
        .map_err(|e| Trouble::Unreachable(format!("{host}:{}: {e}", account.port)))?;
    let _ = stream.set_nodelay(true);
    match account.security {
        Security::Tls => {
            let mut client = Client::new(protected(account, stream).await?);
            greeted(&mut client).await?;
            Ok(client)
        }
        Security::None => {
            let mut client: Client<Pipe> = Client::new(Box::new(stream));
            greeted(&mut client).await?;
            Ok(client)
        }
        Security::StartTls => {
            let mut client = Client::new(stream);
            greeted(&mut client).await?;
            patient(
                "STARTTLS",
                PATIENCE,
                client.run_command_and_check_ok("STARTTLS", None),
            )
            .await?;
            // Whatever was sent before TLS began is forgotten with the client.
            let stream = client.into_inner();
            Ok(Client::new(protected(account, stream).await?))
        }
    }
}

async fn greeted<T: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug>(
    client: &mut Client<T>,
) -> Result<(), Trouble> {
    let what = "the greeting";
    let reading = async { client.read_response().await.map_err(Into::into) };
    match patient(what, PATIENCE, reading).await? {
        Some(_) => Ok(()),
        None => Err(Trouble::Lost(what.to_owned())),
    }
}

async fn protected(account: &Account, stream: TcpStream) -> Result<Pipe, Trouble> {
    let wrong = |why: String| Trouble::Tls {
        host: account.host.clone(),
        why,
    };
    let config = tls::config(account.authority.as_deref()).map_err(wrong)?;
    let bare = account.host.trim_matches(['[', ']']);
    let name = ServerName::try_from(bare.to_owned())
        .map_err(|_| wrong(format!("{bare:?} is no name of a host")))?;
    let shaking = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let stream = tokio::time::timeout(PATIENCE, shaking)
        .await
        .map_err(|_| Trouble::Slow("TLS".to_owned()))?
        .map_err(|e| wrong(e.to_string()))?;
    Ok(Box::new(stream))
}

/// Tries an account out: what is well, and exactly what is not.
pub async fn test(
    guard: &Guard,
    account: &Account,
    folder: &str,
    done_folder: Option<&str>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut say = |well: bool, text: String| found.push(Finding { well, text });
    let mut session = match Session::open(guard, account).await {
        Ok(session) => session,
        Err(e) => {
            say(false, e.to_string());
            return found;
        }
    };
    say(
        true,
        format!(
            "{} answers {} and lets {} in.",
            account.host,
            match account.security {
                Security::None => "without TLS",
                Security::Tls | Security::StartTls => "over TLS",
            },
            account.user
        ),
    );
    if session.idles {
        say(true, "It tells of new mail at once (IDLE).".to_owned());
    } else {
        say(
            true,
            "It has no IDLE: new mail is seen within 15 seconds.".to_owned(),
        );
    }
    if let Some(done) = done_folder {
        match session.select(done).await {
            Ok(_) => say(true, format!("Mails can be moved to {done:?}.")),
            Err(e) => say(false, e.to_string()),
        }
    }
    match session.select(folder).await {
        Ok(open) => say(true, format!("{folder:?} has {} mails.", open.mails)),
        Err(e) => say(false, e.to_string()),
    }
    session.leave().await;
    found
}

/// Numbers as IMAP writes them, neighbours as ranges.
fn set_of(uids: &[i64]) -> String {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for uid in uids {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *uid => *last = *uid,
            _ => ranges.push((*uid, *uid)),
        }
    }
    let words: Vec<String> = ranges
        .into_iter()
        .map(|(a, b)| {
            if a == b {
                a.to_string()
            } else {
                format!("{a}:{b}")
            }
        })
        .collect();
    words.join(",")
}

/// A folder's name in the letters that IMAP4rev1 has for it (RFC 3501 5.1.3).
fn in_utf7(name: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    let mut out = String::new();
    let mut odd: Vec<u16> = Vec::new();
    let flush = |odd: &mut Vec<u16>, out: &mut String| {
        if odd.is_empty() {
            return;
        }
        let bytes: Vec<u8> = odd.drain(..).flat_map(u16::to_be_bytes).collect();
        out.push('&');
        out.push_str(&STANDARD_NO_PAD.encode(bytes).replace('/', ","));
        out.push('-');
    };
    for c in name.chars() {
        if (' '..='~').contains(&c) {
            flush(&mut odd, &mut out);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0; 2];
            odd.extend_from_slice(c.encode_utf16(&mut units));
        }
    }
    flush(&mut odd, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_ranges() {
        assert_eq!(set_of(&[1, 2, 3, 7, 9, 10]), "1:3,7,9:10");
        assert_eq!(set_of(&[]), "");
    }

    #[test]
    fn names_of_folders_as_in_the_standard() {
        // The example of RFC 3501 5.1.3.
        assert_eq!(
            in_utf7("~peter/mail/台北/日本語"),
            "~peter/mail/&U,BTFw-/&ZeVnLIqe-"
        );
        assert_eq!(in_utf7("Tom & Jerry"), "Tom &- Jerry");
        assert_eq!(in_utf7("Gelöscht"), "Gel&APY-scht");
    }

    #[test]
    fn secrets_are_not_shown() {
        let account = Account {
            host: "h".into(),
            port: 1,
            security: Security::Tls,
            authority: None,
            user: "u".into(),
            login: Login::Password("hunter2".into()),
        };
        assert!(!format!("{account:?}").contains("hunter2"));
    }
}
