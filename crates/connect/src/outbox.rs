//! How mail leaves: over SMTP, or into a folder of files.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, SmtpTransport, Transport as _};

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
        /// User name and password.
        login: Option<(String, String)>,
    },
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
    /// The next server has it.
    Sent,
    /// Not now: try again later.
    Deferred(String),
    /// Never: the address or the mail is refused.
    Failed(String),
}

/// Sends mail.
#[derive(Clone)]
pub enum Mailer {
    /// Nowhere.
    None,
    /// Into a folder.
    Folder(PathBuf),
    /// To an SMTP server, over kept connections.
    Smtp(Box<SmtpTransport>),
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The transport holds a password.
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
            } => {
                let tls = || {
                    TlsParameters::new(host.clone()).map_err(|e| format!("mail server {host}: {e}"))
                };
                let mut smtp = SmtpTransport::builder_dangerous(host)
                    .port(*port)
                    .timeout(Some(Duration::from_secs(30)))
                    .tls(match security {
                        SmtpSecurity::None => Tls::None,
                        SmtpSecurity::StartTls => Tls::Required(tls()?),
                        SmtpSecurity::Tls => Tls::Wrapper(tls()?),
                    });
                if let Some((user, password)) = login {
                    smtp = smtp.credentials(Credentials::new(user.clone(), password.clone()));
                }
                Ok(Mailer::Smtp(Box::new(smtp.build())))
            }
        }
    }

    /// Delivers one mail to one address. Blocks; call it outside async code.
    ///
    /// `id` names the file in a folder, so that a repeated delivery after a
    /// crash overwrites its own file.
    pub fn send(&self, id: &str, from: &str, to: &str, bytes: &[u8]) -> Delivery {
        match self {
            Mailer::None => Delivery::Sent,
            Mailer::Folder(folder) => {
                let written = (|| {
                    let beside = folder.join(format!(".{id}"));
                    let mut file = fs::File::create(&beside)?;
                    file.write_all(bytes)?;
                    file.sync_all()?;
                    fs::rename(&beside, folder.join(format!("{id}.eml")))
                })();
                match written {
                    Ok(()) => Delivery::Sent,
                    Err(e) => Delivery::Deferred(format!("mail folder: {e}")),
                }
            }
            Mailer::Smtp(smtp) => {
                let (Ok(from), Ok(to)) = (from.parse::<Address>(), to.parse::<Address>()) else {
                    return Delivery::Failed("not a mail address".into());
                };
                let envelope = match Envelope::new(Some(from), vec![to]) {
                    Ok(envelope) => envelope,
                    Err(e) => return Delivery::Failed(e.to_string()),
                };
                match smtp.send_raw(&envelope, bytes) {
                    Ok(_) => Delivery::Sent,
                    Err(e) if e.is_permanent() => Delivery::Failed(e.to_string()),
                    Err(e) => Delivery::Deferred(e.to_string()),
                }
            }
        }
    }
}
