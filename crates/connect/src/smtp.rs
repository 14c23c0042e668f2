//! The way to the next mail server: kept connections, and for each mail the
//! steps of RFC 5321 one by one, so that it is known at which of them one
//! broke. Until the whole mail is handed over, nothing has been sent and a
//! second try costs nothing; after that, silence means that nobody knows.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lettre::Address;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS, Mechanism};
use lettre::transport::smtp::client::{Certificate, SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};

use crate::guard::Guard;
use crate::imap::{TokenGiver, token};
use crate::outbox::{Delivery, SmtpLogin, SmtpSecret, SmtpSecurity};

/// For one step.
const STEP: Duration = Duration::from_secs(15);
/// For the answer to the whole mail: who gives up sooner makes second copies
/// (RFC 5321, 4.5.3.2.6, asks for more; a job's lease ends before that).
const VERDICT: Duration = Duration::from_secs(50);
/// No mail is handed over later than this after its delivery began.
const LATEST: Duration = Duration::from_secs(45);
/// Connections to one server, and so mails that are handed over beside each other.
/// Servers bear more (Postfix: 50 from one client), but not from everybody.
pub const AT_ONCE: u32 = 8;
/// Connections that wait for the next mail.
const KEPT: usize = AT_ONCE as usize;
/// For how long one waits. Servers close them after five minutes.
const IDLE: Duration = Duration::from_secs(60);
/// For so long a token is used that was fetched once. They are good for an hour.
const TOKEN: Duration = Duration::from_secs(5 * 60);
/// For so long one is waited for.
const TOKEN_PATIENCE: Duration = Duration::from_secs(20);
/// Longest answer that is kept, in characters.
const ANSWER: usize = 500;

/// How the desk signs in there.
enum Login {
    Password(Credentials),
    Token(Box<Tokens>),
}

/// Tokens of a user, the last of which is kept for a while.
struct Tokens {
    user: String,
    giver: TokenGiver,
    guard: Guard,
    last: Mutex<Option<(String, Instant)>>,
}

impl Tokens {
    /// A token. Blocks; fetches one where the last is old.
    fn take(&self) -> Result<String, String> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, since)) = &*last
            && since.elapsed() < TOKEN
        {
            return Ok(token.clone());
        }
        *last = None;
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|_| "tokens are fetched by a desk that runs".to_owned())?;
        let fetching = tokio::time::timeout(TOKEN_PATIENCE, token(&self.guard, &self.giver));
        let fresh = runtime
            .block_on(fetching)
            .map_err(|_| format!("no token from {}: no answer in time", self.giver.url))?
            .map_err(|trouble| trouble.to_string())?;
        *last = Some((fresh.clone(), Instant::now()));
        Ok(fresh)
    }

    /// The server did not take it: the next try fetches another.
    fn forget(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// The next mail server.
pub struct Relay {
    host: String,
    port: u16,
    security: SmtpSecurity,
    tls: Option<TlsParameters>,
    login: Option<Login>,
    kept: Mutex<Vec<(SmtpConnection, Instant)>>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl Relay {
    /// A server to which no connection is made yet.
    ///
    /// # Errors
    /// When the name is none, or the certificates can not be read.
    pub fn new(
        host: &str,
        port: u16,
        security: SmtpSecurity,
        login: Option<&SmtpLogin>,
        authorities: Option<&[u8]>,
    ) -> Result<Relay, String> {
        let tls = match security {
            SmtpSecurity::None => None,
            SmtpSecurity::StartTls | SmtpSecurity::Tls => {
                let mut tls = TlsParameters::builder(host.to_owned());
                if let Some(pem) = authorities {
                    let certificate = Certificate::from_pem(pem)
                        .map_err(|e| format!("certificates for the mail server: {e}"))?;
                    tls = tls.add_root_certificate(certificate);
                }
                Some(
                    tls.build()
                        .map_err(|e| format!("mail server {host}: {e}"))?,
                )
            }
        };
        Ok(Relay {
            host: host.to_owned(),
            port,
            security,
            tls,
            login: login.map(|login| match &login.secret {
                SmtpSecret::Password(password) => {
                    Login::Password(Credentials::new(login.user.clone(), password.clone()))
                }
                SmtpSecret::Token { giver, reach } => Login::Token(Box::new(Tokens {
                    user: login.user.clone(),
                    giver: giver.clone(),
                    guard: Guard::new(reach.clone()),
                    last: Mutex::new(None),
                })),
            }),
            kept: Mutex::new(Vec::new()),
        })
    }

    /// Hands one mail over. Blocks, for less than two minutes.
    pub fn send(&self, from: &str, to: &str, bytes: &[u8]) -> Delivery {
        let (Ok(from), Ok(to)) = (from.parse::<Address>(), to.parse::<Address>()) else {
            return Delivery::Failed {
                why: "not a mail address".into(),
                dead: true,
            };
        };
        let began = Instant::now();
        let mut connection = match self.connection() {
            Ok(connection) => connection,
            // Whatever is wrong here is wrong with the server, not with the mail.
            Err(why) => return Delivery::Deferred(why),
        };
        match hand_over(&mut connection, &from, &to, bytes, began) {
            Ok(answer) => {
                self.keep(connection);
                Delivery::Sent(answer)
            }
            Err(ended) => {
                // After a refusal the connection is as good as before.
                if matches!(ended, Delivery::Failed { .. } | Delivery::Deferred(_))
                    && !connection.has_broken()
                    && connection.command(Rset).is_ok()
                {
                    self.keep(connection);
                } else {
                    connection.abort();
                }
                ended
            }
        }
    }

    fn connection(&self) -> Result<SmtpConnection, String> {
        loop {
            let kept = {
                let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                all.pop()
            };
            let Some((mut connection, since)) = kept else {
                break;
            };
            if since.elapsed() < IDLE && connection.test_connected() {
                return Ok(connection);
            }
            connection.abort();
        }
        // Before the connection, which would wait.
        let token = match &self.login {
            Some(Login::Token(tokens)) => Some(tokens.take()?),
            _ => None,
        };
        self.connect(token)
            .map_err(|e| format!("mail server {}:{}: {}", self.host, self.port, said(&e)))
    }

    fn connect(&self, token: Option<String>) -> Result<SmtpConnection, SmtpError> {
        let hello = ClientId::default();
        let wrapped = self
            .tls
            .as_ref()
            .filter(|_| self.security == SmtpSecurity::Tls);
        let server = (self.host.as_str(), self.port);
        let mut connection = SmtpConnection::connect(server, Some(STEP), &hello, wrapped, None)?;
        if let (SmtpSecurity::StartTls, Some(tls)) = (self.security, &self.tls) {
            connection.starttls(tls, &hello)?;
        }
        match (&self.login, token) {
            (Some(Login::Password(login)), _) => {
                connection.auth(DEFAULT_MECHANISMS, login)?;
            }
            (Some(Login::Token(tokens)), Some(token)) => {
                let login = Credentials::new(tokens.user.clone(), token);
                if let Err(e) = connection.auth(&[Mechanism::Xoauth2], &login) {
                    tokens.forget();
                    return Err(e);
                }
            }
            _ => {}
        }
        Ok(connection)
    }

    fn keep(&self, connection: SmtpConnection) {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < KEPT {
            all.push((connection, Instant::now()));
        }
    }
}

/// The steps for one mail; an end before the last is an `Err`.
fn hand_over(
    connection: &mut SmtpConnection,
    from: &Address,
    to: &Address,
    bytes: &[u8],
    began: Instant,
) -> Result<String, Delivery> {
    let mut options = Vec::new();
    let info = connection.server_info();
    let lacks = |what: &str| Delivery::Failed {
        why: format!("the mail server does not take {what}"),
        dead: false,
    };
    if !(from.as_ref() as &str).is_ascii() || !(to.as_ref() as &str).is_ascii() {
        if !info.supports_feature(Extension::SmtpUtfEight) {
            return Err(lacks("addresses with letters beyond ASCII (SMTPUTF8)"));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    if !bytes.is_ascii() {
        if !info.supports_feature(Extension::EightBitMime) {
            return Err(lacks("letters beyond ASCII (8BITMIME)"));
        }
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    step(
        connection.command(Mail::new(Some(from.clone()), options)),
        false,
    )?;
    step(connection.command(Rcpt::new(to.clone(), Vec::new())), true)?;
    if began.elapsed() > LATEST {
        return Err(Delivery::Deferred("the mail server is too slow".into()));
    }
    step(connection.command(Data), false)?;
    let verdict = connection
        .set_timeout(Some(VERDICT))
        .map_err(|e| Delivery::Deferred(e.to_string()))
        .map(|()| connection.message(bytes))?;
    // A connection that can not be set back is noticed at its next use.
    let _ = connection.set_timeout(Some(STEP));
    match verdict {
        Ok(answer) => {
            let lines: Vec<&str> = answer.message().collect();
            Ok(short(&format!("{} {}", answer.code(), lines.join(" "))))
        }
        Err(e) if e.is_permanent() || e.is_transient() => Err(refused(&e, false)),
        Err(e) => Err(Delivery::Unknown(format!(
            "the mail was handed over and no answer came: {}",
            said(&e)
        ))),
    }
}

fn step<T>(result: Result<T, SmtpError>, about_address: bool) -> Result<T, Delivery> {
    result.map_err(|e| refused(&e, about_address))
}

fn refused(error: &SmtpError, about_address: bool) -> Delivery {
    let why = said(error);
    if error.is_permanent() {
        let code = error.status().map_or(0, u16::from);
        Delivery::Failed {
            dead: about_address && is_dead(code, &why),
            why,
        }
    } else {
        Delivery::Deferred(why)
    }
}

/// Whether a refusal of a recipient says that the address is none: by its
/// enhanced code (RFC 3463: 5.1.x addressing, 5.2.1 disabled), else by its code.
fn is_dead(code: u16, said: &str) -> bool {
    let enhanced = said.split([' ', ':', '(', ')', '<', '>']).find(|word| {
        let parts: Vec<&str> = word.split('.').collect();
        parts.len() == 3
            && parts[0] == "5"
            && parts
                .iter()
                .all(|p| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
    });
    match enhanced {
        // 5.1.7 and 5.1.8 are about the sender.
        Some(word) => {
            word == "5.2.1" || word.starts_with("5.1.") && !matches!(word, "5.1.7" | "5.1.8")
        }
        None => matches!(code, 550 | 551 | 553),
    }
}

fn said(error: &SmtpError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(deeper) = source {
        let more = deeper.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = deeper.source();
    }
    short(&text)
}

fn short(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(ANSWER)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::is_dead;

    #[test]
    fn only_what_is_said_of_the_address_marks_it() {
        for (code, text, dead) in [
            (550, "550 5.1.1 <a@b.org>: User unknown in table", true),
            (550, "permanent error (550): No such user here", true),
            (550, "5.2.1 The mailbox is disabled", true),
            (550, "5.7.1 Message rejected as spam", false),
            (554, "5.7.1 <a@b.org>: Relay access denied", false),
            (552, "5.2.2 Mailbox full", false),
            (550, "5.1.8 Sender domain not found", false),
            (554, "transaction failed", false),
            (550, "see 10.1.1.1 or 5.1", true),
        ] {
            assert_eq!(is_dead(code, text), dead, "{text}");
        }
    }
}
