//! How mail leaves: over SMTP, or into a folder of files.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use crate::guard::Reach;
use crate::imap::TokenGiver;
use crate::smtp::Relay;

/// Where mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailerConfig {
    /// Nowhere: it stays in the database.
    None,
    /// Into a folder, one file a mail, named after the mail's id.
    Folder(PathBuf),
    /// To an SMTP server.
    Smtp {
        /// Its host name or address.
        host: String,
        /// Its port.
        port: u16,
        /// `none`, `starttls` or `tls`.
        security: SmtpSecurity,
        /// The sign-in there.
        login: Option<SmtpLogin>,
        /// Certificates (PEM) that are believed beside the usual ones.
        authorities: Option<Vec<u8>>,
    },
}

/// A sign-in at an SMTP server. `Debug` says who, and never by which secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpLogin {
    /// The user name.
    pub user: String,
    /// What lets them in.
    pub secret: SmtpSecret,
}

/// What lets somebody in at an SMTP server.
#[derive(Clone, PartialEq, Eq)]
pub enum SmtpSecret {
    /// A password.
    Password(String),
    /// A token (XOAUTH2), fetched anew when it is needed.
    Token {
        /// Where from.
        giver: TokenGiver,
        /// Which networks may be asked for it beside the public one.
        reach: Reach,
    },
}

impl fmt::Debug for SmtpLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpLogin")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// How the connection to the SMTP server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// Not at all; for a relay on the same machine.
    None,
    /// STARTTLS, required.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// What became of one try to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The next server has it; what it said.
    Sent(String),
    /// Not now: try again later.
    Deferred(String),
    /// The whole mail was handed over and no answer came: it may have arrived.
    Unknown(String),
    /// Never: the address or the mail is refused.
    Failed {
        /// What the server said.
        why: String,
        /// It is the address that is wrong, so nothing else will arrive there.
        dead: bool,
    },
}

/// Sends mail.
#[derive(Clone)]
pub enum Mailer {
    /// Nowhere.
    None,
    /// Into a folder.
    Folder(PathBuf),
    /// To an SMTP server, over kept connections.
    Smtp(Arc<Relay>),
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The relay holds a password.
        f.write_str(match self {
            Mailer::None => "Mailer::None",
            Mailer::Folder(_) => "Mailer::Folder",
            Mailer::Smtp(_) => "Mailer::Smtp",
        })
    }
}

impl Mailer {
    /// Gets ready to send; no connection is made yet.
    ///
    /// # Errors
    /// When the folder can not be made or the server's name is not one.
    pub fn new(config: &MailerConfig) -> Result<Mailer, String> {
        match config {
            MailerConfig::None => Ok(Mailer::None),
            MailerConfig::Folder(path) => {
                fs::create_dir_all(path).map_err(|e| format!("mail folder: {e}"))?;
                Ok(Mailer::Folder(path.clone()))
            }
            MailerConfig::Smtp {
                host,
                port,
                security,
                login,
                authorities,
            } => {
                let relay = Relay::new(
                    host,
                    *port,
                    *security,
                    login.as_ref(),
                    authorities.as_deref(),
                )?;
                Ok(Mailer::Smtp(Arc::new(relay)))
            }
        }
    }

    /// How many mails this way out is asked to bear beside each other.
    pub fn at_once(&self) -> u32 {
        match self {
            Mailer::None | Mailer::Folder(_) => 20,
            Mailer::Smtp(_) => crate::smtp::AT_ONCE,
        }
    }

    /// Delivers one mail to one address, within two minutes. Blocks; call it
    /// outside async code.
    ///
    /// `id` names the file in a folder, so that a repeated delivery after a
    /// crash overwrites its own file. `from` is the address that bounces go to.
    pub fn send(&self, id: &str, from: &str, to: &str, bytes: &[u8]) -> Delivery {
        match self {
            Mailer::None => Delivery::Sent("kept, as no mail server is set".into()),
            Mailer::Folder(folder) => {
                let written = (|| {
                    let beside = folder.join(format!(".{id}"));
                    let mut file = fs::File::create(&beside)?;
                    file.write_all(bytes)?;
                    file.sync_all()?;
                    fs::rename(&beside, folder.join(format!("{id}.eml")))
                })();
                match written {
                    Ok(()) => Delivery::Sent("written into the mail folder".into()),
                    Err(e) => Delivery::Deferred(format!("mail folder: {e}")),
                }
            }
            Mailer::Smtp(relay) => relay.send(from, to, bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_in_no_log() {
        let config = MailerConfig::Smtp {
            host: "mail.example".into(),
            port: 587,
            security: SmtpSecurity::StartTls,
            login: Some(SmtpLogin {
                user: "desk".into(),
                secret: SmtpSecret::Password("quiet lanterns".into()),
            }),
            authorities: None,
        };
        let told = format!("{config:?}");
        assert!(
            told.contains("desk") && !told.contains("lanterns"),
            "{told}"
        );
    }
}
