//! Who vouches for the sender of a mail: DKIM, SPF, DMARC and ARC, looked up in
//! the DNS.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mail_auth::arc::ArcError;
use mail_auth::dkim::DkimError;
use mail_auth::hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{
    AuthenticatedMessage, DkimResult, DmarcResult, Error, MessageAuthenticator, SpfOutput,
    SpfResult,
};
use serde::{Deserialize, Serialize};

/// How long the look-ups for one mail may take in all.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one server of names is waited for.
const PATIENCE_FOR_A_NAME: Duration = Duration::from_secs(3);
/// Signatures of one mail that are looked at.
const MOST_SIGNATURES: usize = 8;

/// Where names are looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Resolver {
    /// Nowhere: nothing is checked.
    #[default]
    Off,
    /// As this machine does.
    System,
    /// At these servers.
    Servers(Vec<SocketAddr>),
}

impl Resolver {
    /// Reads `off`, `system` or `127.0.0.1:5353, [::1]:53`.
    ///
    /// # Errors
    /// Names what can not be read.
    pub fn parse(text: &str) -> Result<Resolver, String> {
        match text.trim() {
            "off" => return Ok(Resolver::Off),
            "system" => return Ok(Resolver::System),
            _ => {}
        }
        let words = text.split([',', ' ']).filter(|word| !word.is_empty());
        let servers = words
            .map(|word| {
                word.parse::<SocketAddr>()
                    .or_else(|_| word.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)))
                    .map_err(|_| {
                        format!("{word:?} is not off, system or an address like 192.0.2.7")
                    })
            })
            .collect::<Result<Vec<_>, _>>()?;
        if servers.is_empty() {
            return Err("names no server; write off, system or an address".into());
        }
        Ok(Resolver::Servers(servers))
    }
}

/// What one check found: `pass`, `fail`, `softfail`, `neutral`, `none`,
/// `temperror` or `permerror`, as RFC 8601 calls them.
pub type Word = String;

/// A signature and what it is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Who signed: a domain.
    pub domain: String,
    /// What the check found.
    pub result: Word,
    /// It covers the whole body. What does not could have been written by anybody.
    pub whole: bool,
}

/// Everything that was found out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Findings {
    /// The signatures.
    pub dkim: Vec<Signature>,
    /// Whether the host may send for the return path's domain; `None`: it is
    /// not known which host it was.
    pub spf: Option<Word>,
    /// Whether the domain of `From` vouches, by its own policy.
    pub dmarc: Word,
    /// What that policy asks for: `none`, `quarantine` or `reject`.
    pub policy: String,
    /// Whether forwarders vouch for what they changed; `None`: none claim to.
    pub arc: Option<Word>,
}

/// The host that a mail came from, and what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its address.
    pub ip: IpAddr,
    /// How it called itself.
    pub hello: String,
    /// The return path; may be empty.
    pub from: String,
}

/// Checks mails. Cheap to clone.
#[derive(Clone)]
pub struct MailAuth(Arc<Asker>);

struct Asker {
    resolver: Resolver,
    // Made at the first mail: it reads this machine's settings.
    made: OnceLock<Option<MessageAuthenticator>>,
}

impl std::fmt::Debug for MailAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("MailAuth").field(&self.0.resolver).finish()
    }
}

impl MailAuth {
    /// Checks with names looked up there.
    pub fn new(resolver: Resolver) -> MailAuth {
        MailAuth(Arc::new(Asker {
            resolver,
            made: OnceLock::new(),
        }))
    }

    fn asker(&self) -> Option<&MessageAuthenticator> {
        let asker = &self.0;
        let made = asker.made.get_or_init(|| match made(&asker.resolver) {
            Ok(made) => made,
            Err(why) => {
                tracing::warn!(%why, "senders of mail are not checked: no way to look names up");
                None
            }
        });
        made.as_ref()
    }

    /// Checks a mail. `None`: checks are off, or it is no mail.
    ///
    /// A server of names that does not answer makes `temperror`, which proves
    /// nothing.
    pub async fn check(&self, raw: &[u8], source: Option<&Source>, us: &str) -> Option<Findings> {
        let asker = self.asker()?;
        // A pipe delivers LF; what was signed had CRLF.
        let raw = with_crlf(raw);
        let message = AuthenticatedMessage::parse(&raw)?;
        let checking = look(asker, &message, source, us);
        Some(
            tokio::time::timeout(PATIENCE, checking)
                .await
                .unwrap_or_else(|_| Findings {
                    dmarc: "temperror".into(),
                    ..Findings::default()
                }),
        )
    }
}

fn made(resolver: &Resolver) -> Result<Option<MessageAuthenticator>, String> {
    let made = match resolver {
        Resolver::Off => return Ok(None),
        Resolver::System => MessageAuthenticator::new_system_conf(),
        Resolver::Servers(servers) => {
            let servers = servers
                .iter()
                .map(|at| {
                    let mut server = NameServerConfig::udp_and_tcp(at.ip());
                    for connection in &mut server.connections {
                        connection.port = at.port();
                    }
                    server
                })
                .collect();
            let mut options = ResolverOpts::default();
            options.timeout = PATIENCE_FOR_A_NAME;
            options.attempts = 2;
            let config = ResolverConfig::from_parts(None, Vec::new(), servers);
            MessageAuthenticator::new(config, options)
        }
    };
    made.map(Some).map_err(|e| e.to_string())
}

/// The mail with the line ends that it had on the wire.
fn with_crlf(raw: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if raw.windows(2).any(|pair| pair == b"\r\n") || !raw.contains(&b'\n') {
        return raw.into();
    }
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 32);
    for &byte in raw {
        if byte == b'\n' {
            out.push(b'\r');
        }
        out.push(byte);
    }
    out.into()
}

async fn look(
    asker: &MessageAuthenticator,
    message: &AuthenticatedMessage<'_>,
    source: Option<&Source>,
    us: &str,
) -> Findings {
    let mut found = Findings::default();
    let signed = !message.dkim_headers.is_empty() && message.dkim_headers.len() <= MOST_SIGNATURES;
    let dkim = if signed {
        asker.verify_dkim(message).await
    } else {
        Vec::new()
    };
    found.dkim = dkim
        .iter()
        .filter_map(|output| {
            let signature = output.signature()?;
            Some(Signature {
                domain: signature.d.to_ascii_lowercase(),
                result: dkim_word(output.result()).into(),
                whole: signature.l == 0,
            })
        })
        .collect();
    let mut spf = SpfOutput::default();
    let mut path = String::new();
    if let Some(source) = source {
        let domain = source.from.rsplit_once('@').map_or("", |(_, d)| d);
        spf = if domain.is_empty() {
            asker
                .verify_spf(SpfParameters::verify_ehlo(source.ip, &source.hello, us))
                .await
        } else {
            asker
                .verify_spf(SpfParameters::verify_mail_from(
                    source.ip,
                    &source.hello,
                    us,
                    &source.from,
                ))
                .await
        };
        path = if domain.is_empty() {
            &source.hello
        } else {
            domain
        }
        .to_owned();
        found.spf = Some(spf_word(spf.result()).into());
    }
    if !message.ams_headers.is_empty() {
        let arc = asker.verify_arc(message).await;
        found.arc = Some(dkim_word(arc.result()).into());
    }
    // Without a signature and without a known host no policy can be met.
    if dkim.is_empty() && source.is_none() {
        found.dmarc = "none".into();
        return found;
    }
    let dmarc = asker
        .verify_dmarc(mail_auth::dmarc::verify::DmarcParameters::new(
            message, &dkim, &path, &spf,
        ))
        .await;
    found.dmarc = dmarc_word(&dmarc.result()).into();
    found.policy = dmarc.policy().to_string();
    found
}

fn dkim_word(result: &DkimResult) -> &'static str {
    match result {
        DkimResult::Pass => "pass",
        // RFC 8601 2.7.1: what a check finds wrong has failed; the library calls a body that
        // was changed neutral.
        DkimResult::Neutral(
            Error::Dkim(DkimError::FailedBodyHashMatch) | Error::Arc(ArcError::FailedBodyHashMatch),
        ) => "fail",
        DkimResult::Neutral(_) => "neutral",
        DkimResult::Fail(_) => "fail",
        DkimResult::PermError(_) => "permerror",
        DkimResult::TempError(_) => "temperror",
        DkimResult::None => "none",
    }
}

fn spf_word(result: SpfResult) -> &'static str {
    match result {
        SpfResult::Pass => "pass",
        SpfResult::Fail => "fail",
        SpfResult::SoftFail => "softfail",
        SpfResult::Neutral => "neutral",
        SpfResult::TempError => "temperror",
        SpfResult::PermError => "permerror",
        SpfResult::None => "none",
    }
}

fn dmarc_word(result: &DmarcResult) -> &'static str {
    match result {
        DmarcResult::Pass => "pass",
        DmarcResult::Fail(_) => "fail",
        DmarcResult::TempError(_) => "temperror",
        DmarcResult::PermError(_) => "permerror",
        DmarcResult::None => "none",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_are_read_or_named() {
        assert_eq!(Resolver::parse("off"), Ok(Resolver::Off));
        assert_eq!(Resolver::parse("system"), Ok(Resolver::System));
        assert_eq!(
            Resolver::parse("127.0.0.1:5353, ::1"),
            Ok(Resolver::Servers(vec![
                "127.0.0.1:5353".parse().unwrap(),
                "[::1]:53".parse().unwrap()
            ]))
        );
        assert!(Resolver::parse("resolver.example").is_err());
        assert!(Resolver::parse("").is_err());
    }

    #[tokio::test]
    async fn nothing_is_checked_where_checks_are_off() {
        let off = MailAuth::new(Resolver::Off);
        assert_eq!(off.check(b"From: a@b.org\r\n\r\nx", None, "us").await, None);
    }
}
