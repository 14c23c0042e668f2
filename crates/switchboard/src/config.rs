//! Settings: a TOML file, each of them also by environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use connect::imap::TokenGiver;
use connect::mail_auth::Resolver;
use connect::outbox::SmtpSecurity;
use connect::{MailerConfig, Reach, SmtpLogin, SmtpSecret};
use desk::StaffByMail;
use desk::setup::Identity;
use serde::Deserialize;
use web::peer::Network;

/// What an operator may set. Every name is also read from the environment as
/// `SWITCHBOARD_` and the name in capitals, which goes before the file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// `sqlite:PATH` or `postgres://…`; default: a SQLite file in `data_dir`.
    database_url: Option<String>,
    /// Address and port; default 127.0.0.1:8080.
    listen: Option<String>,
    /// The address of the pages, as people type it.
    public_url: Option<String>,
    /// Where files lie; default `data`.
    data_dir: Option<PathBuf>,
    /// The desk's name.
    name: Option<String>,
    /// Where mail comes to and goes out from.
    mail_address: Option<String>,
    /// Whose `Authentication-Results` are believed.
    authserv_id: Option<String>,
    /// Where the mail server hands mail over (LMTP): address and port; not set:
    /// nowhere.
    lmtp_listen: Option<String>,
    /// Where DKIM, SPF and DMARC are looked up: `system` (default), `off`, or
    /// addresses of servers of names.
    mail_resolver: Option<String>,
    /// What lets staff act by mail: `signed` (default), `proven` or `off`.
    staff_by_mail: Option<String>,
    /// A folder for outgoing mail, instead of SMTP.
    mail_folder: Option<PathBuf>,
    /// The SMTP server's host.
    smtp_host: Option<String>,
    /// Its port; default 25.
    smtp_port: Option<String>,
    /// `none`, `starttls` (default) or `tls`.
    smtp_security: Option<String>,
    /// User name at the SMTP server.
    smtp_user: Option<String>,
    /// A file with the password at the SMTP server.
    smtp_password_file: Option<PathBuf>,
    /// Where tokens for the SMTP server come from, instead of a password (XOAUTH2).
    smtp_token_url: Option<String>,
    /// How the desk is called there.
    smtp_token_client_id: Option<String>,
    /// What is asked for there; may be left out.
    smtp_token_scope: Option<String>,
    /// A file with what the desk is known by there; may be left out.
    smtp_token_secret_file: Option<PathBuf>,
    /// A file with what lets the desk act for the user; without it, it acts as itself.
    smtp_token_refresh_file: Option<PathBuf>,
    /// A file with certificates (PEM) that the SMTP server may show beside those
    /// that everybody believes.
    smtp_ca_file: Option<PathBuf>,
    /// The language of mails to those who chose none: `en` (default) or `de`.
    language: Option<String>,
    /// A file with the key (PEM) that signs outgoing mail; goes with `dkim_selector`.
    dkim_key_file: Option<PathBuf>,
    /// The name below which the key's public half is published.
    dkim_selector: Option<String>,
    /// The domain that signs; default: the one of `mail_address`.
    dkim_domain: Option<String>,
    /// A file with the key (PEM) that signs alarms; goes with `alarm_certificate_file`.
    alarm_key_file: Option<PathBuf>,
    /// A file with the certificates (PEM) of that key: its own first, then those above it.
    alarm_certificate_file: Option<PathBuf>,
    /// For how many seconds answers wait so that they can be taken back; default 10,
    /// 0: they do not.
    undo_send: Option<String>,
    /// Largest attachment in bytes; default 50 MiB.
    max_attachment: Option<String>,
    /// Addresses and networks of proxies whose `X-Forwarded-For` is believed,
    /// separated by commas or spaces.
    trusted_proxies: Option<String>,
    /// Networks that are not public and that the desk may connect to all the
    /// same, separated by commas or spaces.
    outbound_networks: Option<String>,
    /// `open` (default): anybody makes an account with their mail address;
    /// `closed`: administrators do.
    registration: Option<String>,
    /// What secrets in the database are sealed with, the newest key first;
    /// without it a key file in `data_dir`, made at the first start.
    secret_key: Option<Hidden>,
    /// A file with the same, instead.
    secret_key_file: Option<PathBuf>,
    /// Secrets for other systems, by the name that forms give.
    secrets: BTreeMap<String, KeptSecret>,
}

/// A setting that is never shown.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
struct Hidden(String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// A secret for another system.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptSecret {
    /// The only host that it is sent to.
    host: String,
    /// The file that holds it.
    file: PathBuf,
}

impl Settings {
    /// Reads the file, if any, and the environment.
    pub(crate) fn load(file: Option<&Path>) -> anyhow::Result<Settings> {
        let mut settings = match file {
            None => Settings::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("settings file {}", path.display()))?;
                toml::from_str(&text)
                    .with_context(|| format!("settings file {}", path.display()))?
            }
        };
        settings.overlay(|name| std::env::var(name).ok());
        Ok(settings)
    }

    fn overlay(&mut self, env: impl Fn(&str) -> Option<String>) {
        let texts = [
            ("SWITCHBOARD_DATABASE_URL", &mut self.database_url),
            ("SWITCHBOARD_LISTEN", &mut self.listen),
            ("SWITCHBOARD_PUBLIC_URL", &mut self.public_url),
            ("SWITCHBOARD_NAME", &mut self.name),
            ("SWITCHBOARD_MAIL_ADDRESS", &mut self.mail_address),
            ("SWITCHBOARD_AUTHSERV_ID", &mut self.authserv_id),
            ("SWITCHBOARD_LMTP_LISTEN", &mut self.lmtp_listen),
            ("SWITCHBOARD_MAIL_RESOLVER", &mut self.mail_resolver),
            ("SWITCHBOARD_STAFF_BY_MAIL", &mut self.staff_by_mail),
            ("SWITCHBOARD_SMTP_HOST", &mut self.smtp_host),
            ("SWITCHBOARD_SMTP_PORT", &mut self.smtp_port),
            ("SWITCHBOARD_SMTP_SECURITY", &mut self.smtp_security),
            ("SWITCHBOARD_SMTP_USER", &mut self.smtp_user),
            ("SWITCHBOARD_SMTP_TOKEN_URL", &mut self.smtp_token_url),
            (
                "SWITCHBOARD_SMTP_TOKEN_CLIENT_ID",
                &mut self.smtp_token_client_id,
            ),
            ("SWITCHBOARD_SMTP_TOKEN_SCOPE", &mut self.smtp_token_scope),
            ("SWITCHBOARD_DKIM_SELECTOR", &mut self.dkim_selector),
            ("SWITCHBOARD_DKIM_DOMAIN", &mut self.dkim_domain),
            ("SWITCHBOARD_UNDO_SEND", &mut self.undo_send),
            ("SWITCHBOARD_LANGUAGE", &mut self.language),
            ("SWITCHBOARD_MAX_ATTACHMENT", &mut self.max_attachment),
            ("SWITCHBOARD_TRUSTED_PROXIES", &mut self.trusted_proxies),
            ("SWITCHBOARD_OUTBOUND_NETWORKS", &mut self.outbound_networks),
            ("SWITCHBOARD_REGISTRATION", &mut self.registration),
        ];
        for (name, field) in texts {
            if let Some(value) = env(name) {
                *field = Some(value);
            }
        }
        if let Some(value) = env("SWITCHBOARD_SECRET_KEY") {
            self.secret_key = Some(Hidden(value));
        }
        let paths = [
            ("SWITCHBOARD_SECRET_KEY_FILE", &mut self.secret_key_file),
            ("SWITCHBOARD_DATA_DIR", &mut self.data_dir),
            ("SWITCHBOARD_MAIL_FOLDER", &mut self.mail_folder),
            (
                "SWITCHBOARD_SMTP_PASSWORD_FILE",
                &mut self.smtp_password_file,
            ),
            (
                "SWITCHBOARD_SMTP_TOKEN_SECRET_FILE",
                &mut self.smtp_token_secret_file,
            ),
            (
                "SWITCHBOARD_SMTP_TOKEN_REFRESH_FILE",
                &mut self.smtp_token_refresh_file,
            ),
            ("SWITCHBOARD_SMTP_CA_FILE", &mut self.smtp_ca_file),
            ("SWITCHBOARD_DKIM_KEY_FILE", &mut self.dkim_key_file),
            ("SWITCHBOARD_ALARM_KEY_FILE", &mut self.alarm_key_file),
            (
                "SWITCHBOARD_ALARM_CERTIFICATE_FILE",
                &mut self.alarm_certificate_file,
            ),
        ];
        for (name, field) in paths {
            if let Some(value) = env(name) {
                *field = Some(value.into());
            }
        }
    }

    /// Settings of a demo in a folder.
    pub(crate) fn demo(folder: &Path, listen: &str) -> Settings {
        let path = |name: &str| std::env::var_os(name).map(PathBuf::from);
        Settings {
            data_dir: Some(folder.to_owned()),
            listen: Some(listen.to_owned()),
            public_url: Some(format!("http://{listen}")),
            mail_address: Some("desk@demo".into()),
            mail_folder: Some(folder.join("outbox")),
            lmtp_listen: std::env::var("SWITCHBOARD_LMTP_LISTEN").ok(),
            // A demo asks nobody about its made-up domains.
            mail_resolver: Some(
                std::env::var("SWITCHBOARD_MAIL_RESOLVER").unwrap_or_else(|_| "off".into()),
            ),
            alarm_key_file: path("SWITCHBOARD_ALARM_KEY_FILE"),
            alarm_certificate_file: path("SWITCHBOARD_ALARM_CERTIFICATE_FILE"),
            undo_send: std::env::var("SWITCHBOARD_UNDO_SEND").ok(),
            // To try out providers and bridges that run on the same machine.
            outbound_networks: std::env::var("SWITCHBOARD_OUTBOUND_NETWORKS").ok(),
            ..Settings::default()
        }
    }

    /// The keys that secrets in the database are sealed with. Without a setting
    /// they stand in a file of the data folder, which only its owner reads; it
    /// is made when it is not there.
    fn keys(&self) -> anyhow::Result<desk::SecretKeys> {
        if let Some(Hidden(text)) = &self.secret_key {
            return desk::SecretKeys::parse(text)
                .map_err(|why| anyhow::anyhow!("secret_key: {why}"));
        }
        let (file, text) = match &self.secret_key_file {
            Some(file) => (file.clone(), std::fs::read_to_string(file)),
            None => {
                let file = self.data_dir().join("secret.key");
                let text = crate::key_file::read_or_make(&file);
                (file, text)
            }
        };
        let text = text.with_context(|| format!("key file {}", file.display()))?;
        desk::SecretKeys::parse(&text)
            .map_err(|why| anyhow::anyhow!("key file {}: {why}", file.display()))
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(|| "data".into())
    }

    pub(crate) fn listen(&self) -> String {
        self.listen
            .clone()
            .unwrap_or_else(|| "127.0.0.1:8080".into())
    }

    /// Where the mail server hands mail over.
    pub(crate) fn lmtp_listen(&self) -> Option<&str> {
        self.lmtp_listen.as_deref().filter(|l| !l.trim().is_empty())
    }

    pub(crate) fn database_url(&self) -> String {
        self.database_url.clone().unwrap_or_else(|| {
            format!(
                "sqlite:{}",
                self.data_dir().join("switchboard.db").display()
            )
        })
    }

    /// What the desk is to be; `known` is what it was when it last served, for
    /// all that is not set now.
    pub(crate) fn desk(&self, known: Option<Identity>) -> anyhow::Result<desk::Config> {
        let fallback = desk::Config::default();
        // An address to listen on says where the pages are, too.
        let here = self.listen.as_ref().map(|l| format!("http://{l}"));
        let (name, url, address) = match known {
            Some(k) => (Some(k.name), Some(k.public_url), Some(k.mail_address)),
            None => (None, None, None),
        };
        let mail_address = self
            .mail_address
            .clone()
            .or(address)
            .unwrap_or(fallback.mail_address);
        Ok(desk::Config {
            name: self.name.clone().or(name).unwrap_or(fallback.name),
            public_url: self
                .public_url
                .clone()
                .or(here)
                .or(url)
                .unwrap_or(fallback.public_url)
                .trim_end_matches('/')
                .to_owned(),
            dkim: self.dkim(&mail_address)?,
            smime: self.smime()?,
            mail_address,
            authserv_id: self.authserv_id.clone(),
            mail_resolver: Resolver::parse(self.mail_resolver.as_deref().unwrap_or("system"))
                .map_err(|why| anyhow::anyhow!("mail_resolver: {why}"))?,
            staff_by_mail: match self.staff_by_mail.as_deref() {
                None | Some("signed") => StaffByMail::Signed,
                Some("proven") => StaffByMail::Proven,
                Some("off") => StaffByMail::Off,
                Some(other) => {
                    bail!("staff_by_mail: {other:?} is not one of signed, proven, off")
                }
            },
            undo_send: match number::<i64>("undo_send", self.undo_send.as_deref())? {
                Some(seconds) if (0..=600).contains(&seconds) => seconds * 1000,
                Some(_) => bail!("undo_send: takes 0 to 600 seconds"),
                None => fallback.undo_send,
            },
            language: match self.language.as_deref() {
                None => fallback.language,
                Some(key) if desk::mail_text::LANGUAGES.iter().any(|(k, _)| *k == key) => {
                    key.to_owned()
                }
                Some(other) => bail!("language: {other:?} is not one of en, de"),
            },
            max_attachment: number("max_attachment", self.max_attachment.as_deref())?
                .unwrap_or(fallback.max_attachment),
            secrets: self.kept()?,
            keys: self.keys()?,
            outbound: self.reach()?,
            erasure_ledger: Some(self.data_dir().join("erased.ledger")),
            registration: match self.registration.as_deref() {
                None => fallback.registration,
                Some("open") => true,
                Some("closed") => false,
                Some(other) => bail!("registration: {other:?} is not one of open, closed"),
            },
        })
    }

    /// What signs outgoing mail.
    fn dkim(&self, mail_address: &str) -> anyhow::Result<Option<Arc<connect::Dkim>>> {
        let (file, selector) = match (&self.dkim_key_file, &self.dkim_selector) {
            (Some(file), Some(selector)) => (file, selector),
            (None, None) => return Ok(None),
            _ => bail!("dkim_key_file and dkim_selector go together; set both or none"),
        };
        let pem =
            std::fs::read(file).with_context(|| format!("dkim_key_file {}", file.display()))?;
        let own = mail_address
            .rsplit_once('@')
            .map_or("", |(_, domain)| domain);
        let domain = self.dkim_domain.as_deref().unwrap_or(own);
        let key = connect::Dkim::new(&pem, domain, selector)
            .map_err(|why| anyhow::anyhow!("dkim_key_file {}: {why}", file.display()))?;
        Ok(Some(Arc::new(key)))
    }

    /// What signs alarms.
    fn smime(&self) -> anyhow::Result<Option<Arc<connect::Smime>>> {
        let (key, certificates) = match (&self.alarm_key_file, &self.alarm_certificate_file) {
            (Some(key), Some(certificates)) => (key, certificates),
            (None, None) => return Ok(None),
            _ => bail!("alarm_key_file and alarm_certificate_file go together; set both or none"),
        };
        let read = |name: &str, file: &Path| {
            std::fs::read(file).with_context(|| format!("{name} {}", file.display()))
        };
        let smime = connect::Smime::new(
            &read("alarm_key_file", key)?,
            &read("alarm_certificate_file", certificates)?,
        )
        .map_err(|why| anyhow::anyhow!("alarm_key_file {}: {why}", key.display()))?;
        Ok(Some(Arc::new(smime)))
    }

    /// The secrets for other systems, read from their files.
    fn kept(&self) -> anyhow::Result<desk::KeptSecrets> {
        let mut kept = desk::KeptSecrets::default();
        for (name, secret) in &self.secrets {
            let value = std::fs::read_to_string(&secret.file)
                .with_context(|| format!("secrets.{name}: file {}", secret.file.display()))?;
            kept.keep(
                name,
                &secret.host,
                value.trim_end_matches(['\r', '\n']).to_owned(),
            );
        }
        Ok(kept)
    }

    /// How the site is served.
    pub(crate) fn web(&self) -> anyhow::Result<web::Options> {
        let trusted_proxies = self
            .trusted_proxies
            .as_deref()
            .unwrap_or_default()
            .split([',', ' '])
            .filter(|text| !text.is_empty())
            .map(|text| {
                Network::parse(text).map_err(|why| anyhow::anyhow!("trusted_proxies: {why}"))
            })
            .collect::<Result<_, _>>()?;
        Ok(web::Options {
            trusted_proxies,
            ..web::Options::default()
        })
    }

    /// How the desk signs in at the SMTP server.
    fn smtp_login(&self) -> anyhow::Result<Option<SmtpLogin>> {
        let secret = match (&self.smtp_password_file, &self.smtp_token_url) {
            (Some(file), None) => SmtpSecret::Password(secret_in("smtp_password_file", file)?),
            (None, Some(url)) => {
                let read = |name: &str, file: &Option<PathBuf>| {
                    let file = file.as_deref();
                    file.map(|file| secret_in(name, file)).transpose()
                };
                let (own, refresh) = (&self.smtp_token_secret_file, &self.smtp_token_refresh_file);
                SmtpSecret::Token {
                    giver: TokenGiver {
                        url: url.clone(),
                        client_id: self
                            .smtp_token_client_id
                            .clone()
                            .context("smtp_token_client_id: it goes with smtp_token_url")?,
                        client_secret: read("smtp_token_secret_file", own)?.unwrap_or_default(),
                        refresh_token: read("smtp_token_refresh_file", refresh)?,
                        scope: self.smtp_token_scope.clone().unwrap_or_default(),
                    },
                    reach: self.reach()?,
                }
            }
            (None, None) if self.smtp_user.is_none() => return Ok(None),
            _ => bail!(
                "smtp_user goes with one of smtp_password_file and smtp_token_url; set both or none"
            ),
        };
        let user = self.smtp_user.clone().context(
            "smtp_user: it goes with smtp_password_file or smtp_token_url; set both or none",
        )?;
        Ok(Some(SmtpLogin { user, secret }))
    }

    /// Which networks the desk may reach beside the public one.
    fn reach(&self) -> anyhow::Result<Reach> {
        Reach::parse(self.outbound_networks.as_deref().unwrap_or_default())
            .map_err(|why| anyhow::anyhow!("outbound_networks: {why}"))
    }

    pub(crate) fn mailer(&self) -> anyhow::Result<MailerConfig> {
        if let Some(host) = &self.smtp_host {
            let security = match self.smtp_security.as_deref() {
                None | Some("starttls") => SmtpSecurity::StartTls,
                Some("tls") => SmtpSecurity::Tls,
                Some("none") => SmtpSecurity::None,
                Some(other) => {
                    bail!("smtp_security: {other:?} is not one of none, starttls, tls")
                }
            };
            let login = self.smtp_login()?;
            return Ok(MailerConfig::Smtp {
                host: host.clone(),
                port: number("smtp_port", self.smtp_port.as_deref())?.unwrap_or(25),
                security,
                login,
                authorities: self
                    .smtp_ca_file
                    .as_ref()
                    .map(|file| {
                        std::fs::read(file)
                            .with_context(|| format!("smtp_ca_file {}", file.display()))
                    })
                    .transpose()?,
            });
        }
        Ok(match &self.mail_folder {
            Some(folder) => MailerConfig::Folder(folder.clone()),
            None => MailerConfig::None,
        })
    }
}

fn number<N: std::str::FromStr>(name: &str, text: Option<&str>) -> anyhow::Result<Option<N>> {
    text.map(|t| {
        t.trim()
            .parse()
            .map_err(|_| anyhow::anyhow!("{name}: {t:?} is not a number in its range"))
    })
    .transpose()
}

/// A secret that stands in a file of its own, with the end of its line or without.
fn secret_in(setting: &str, file: &Path) -> anyhow::Result<String> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("{setting} {}", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    /// Settings that make no key file.
    fn keyed() -> Settings {
        Settings {
            secret_key: Some(Hidden(KEY.into())),
            ..Settings::default()
        }
    }

    #[test]
    fn the_key_comes_from_the_settings_or_a_file_and_is_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let own = Settings {
            data_dir: Some(folder.path().join("data")),
            ..Settings::default()
        };
        let made = format!("{:?}", own.desk(None).unwrap().keys);
        assert!(folder.path().join("data/secret.key").exists());
        assert_eq!(format!("{:?}", own.desk(None).unwrap().keys), made);
        let named = folder.path().join("keys");
        std::fs::write(&named, format!("{KEY}\n")).unwrap();
        let file = Settings {
            secret_key_file: Some(named),
            ..Settings::default()
        };
        let keys = format!("{:?}", keyed().desk(None).unwrap().keys);
        assert_eq!(format!("{:?}", file.desk(None).unwrap().keys), keys);
        assert_ne!(made, keys);
        let mut settings = Settings::default();
        settings.overlay(|name| (name == "SWITCHBOARD_SECRET_KEY").then(|| "hunter2".to_owned()));
        assert!(!format!("{settings:?}").contains("hunter2"));
        let error = format!("{:#}", settings.desk(None).unwrap_err());
        assert!(error.starts_with("secret_key: key 1"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let text = format!("listen = \"127.0.0.1:1\"\nsecret_key = \"{KEY}\"");
        let mut settings: Settings = toml::from_str(&text).unwrap();
        settings.overlay(|name| (name == "SWITCHBOARD_LISTEN").then(|| "127.0.0.1:2".to_owned()));
        assert_eq!(settings.listen(), "127.0.0.1:2");
        assert_eq!(
            settings.desk(None).unwrap().public_url,
            "http://127.0.0.1:2"
        );
    }

    #[test]
    fn an_unknown_setting_is_an_error_that_names_it() {
        let error = toml::from_str::<Settings>("lissten = \"x\"").unwrap_err();
        assert!(error.to_string().contains("lissten"));
    }

    #[test]
    fn proxies_are_read_or_named() {
        let of = |text: &str| Settings {
            trusted_proxies: Some(text.into()),
            ..Settings::default()
        };
        let proxies = |text: &str| of(text).web().unwrap().trusted_proxies.len();
        assert_eq!(proxies("10.0.0.0/8, 2001:db8::1  192.0.2.7"), 3);
        assert_eq!(proxies(""), 0);
        let error = of("10.0.0.0/8, proxy").web().unwrap_err().to_string();
        assert!(error.starts_with("trusted_proxies: \"proxy\""), "{error}");
    }

    #[test]
    fn secrets_are_read_from_their_files() {
        let folder = std::env::temp_dir().join(format!("secrets-{}", std::process::id()));
        std::fs::write(&folder, "s3cret\n").unwrap();
        let text = format!(
            "secret_key = \"{KEY}\"\n[secrets.eudat-rt]\nhost = \"rt.eudat.example\"\nfile = {:?}",
            folder.display().to_string()
        );
        let settings: Settings = toml::from_str(&text).unwrap();
        let kept = settings.desk(None).unwrap().secrets;
        std::fs::remove_file(&folder).unwrap();
        assert_eq!(
            kept.for_host("eudat-rt", "rt.eudat.example"),
            Some("s3cret")
        );
        let error = format!("{:#}", settings.desk(None).unwrap_err());
        assert!(error.starts_with("secrets.eudat-rt"), "{error}");
    }

    #[test]
    fn settings_of_mail_are_read_or_named() {
        let of = |resolver: &str, staff: &str| Settings {
            mail_resolver: Some(resolver.into()),
            staff_by_mail: Some(staff.into()),
            ..keyed()
        };
        let made = keyed().desk(None).unwrap();
        assert_eq!(made.mail_resolver, Resolver::System);
        assert_eq!(made.staff_by_mail, StaffByMail::Signed);
        let made = of("127.0.0.1:53", "off").desk(None).unwrap();
        assert_eq!(made.staff_by_mail, StaffByMail::Off);
        let error = of("dns.example", "off").desk(None).unwrap_err().to_string();
        assert!(error.starts_with("mail_resolver:"), "{error}");
        let error = of("off", "maybe").desk(None).unwrap_err().to_string();
        assert!(error.starts_with("staff_by_mail:"), "{error}");
    }

    #[test]
    fn half_a_login_is_an_error() {
        let settings = Settings {
            smtp_host: Some("relay".into()),
            smtp_user: Some("u".into()),
            ..Settings::default()
        };
        assert!(settings.mailer().is_err());
        let (folder, both) = (tempfile::tempdir().unwrap(), settings);
        let file = folder.path().join("secret");
        std::fs::write(&file, "quiet lanterns\n").unwrap();
        let with = |user: bool, password: bool, url: bool, id: bool| {
            let settings = Settings {
                smtp_user: both.smtp_user.clone().filter(|_| user),
                smtp_password_file: password.then(|| file.clone()),
                smtp_token_url: url.then(|| "https://login.example/token".into()),
                smtp_token_client_id: id.then(|| "desk".into()),
                smtp_token_refresh_file: url.then(|| file.clone()),
                smtp_host: both.smtp_host.clone(),
                ..Settings::default()
            };
            settings.mailer().map_err(|e| e.to_string())
        };
        for (user, password, url, id) in [
            (false, true, false, false),
            (true, true, true, true),
            (true, false, true, false),
            (false, false, true, true),
        ] {
            assert!(with(user, password, url, id).is_err());
        }
        assert!(with(true, true, false, false).is_ok());
        let Ok(MailerConfig::Smtp {
            login: Some(login), ..
        }) = with(true, false, true, true)
        else {
            panic!("no sign-in");
        };
        let SmtpSecret::Token { giver, .. } = &login.secret else {
            panic!("no tokens");
        };
        assert_eq!(giver.refresh_token.as_deref(), Some("quiet lanterns"));
        assert!(!format!("{login:?}").contains("lanterns"));
    }

    #[test]
    fn registration_is_open_or_closed_and_nothing_else() {
        let of = |text: Option<&str>| Settings {
            registration: text.map(str::to_owned),
            ..keyed()
        };
        assert!(of(None).desk(None).unwrap().registration);
        assert!(of(Some("open")).desk(None).unwrap().registration);
        assert!(!of(Some("closed")).desk(None).unwrap().registration);
        let error = of(Some("no")).desk(None).unwrap_err().to_string();
        assert!(error.contains("open, closed"), "{error}");
    }
}
