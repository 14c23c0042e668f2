//! Calls to other machines at addresses that somebody typed in: guarded.
//!
//! An address that an administrator or a foreign document names could lead
//! into the operator's own network, to services that trust whoever reaches
//! them. So private, local and reserved addresses are refused unless the
//! operator listed them; a name is resolved once and that very address is
//! connected to; redirects stay on their host; answers have a size and a time.

use std::error::Error as _;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use openidconnect::http;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;

use crate::tls;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a call may take in all.
const PATIENCE: Duration = Duration::from_secs(10);
/// How the desk calls itself where it should not be known: the same for every
/// desk and version.
const ANYBODY: &str = "Mozilla/5.0 (compatible; pictures of mails)";
/// Redirects that are followed one after the other.
const MOST_REDIRECTS: usize = 3;

/// A network: an address and how many of its leading bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u32,
}

fn leading(address: IpAddr, bits: u32) -> u128 {
    let (number, width) = match address {
        IpAddr::V4(a) => (u128::from(u32::from(a)), 32),
        IpAddr::V6(a) => (u128::from(a), 128),
    };
    number.checked_shr(width - bits).unwrap_or(0)
}

impl Network {
    fn holds(&self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4()
            && leading(self.address, self.bits) == leading(address, self.bits)
    }
}

/// What the operator lets the desk reach beyond the public network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach(Vec<Network>);

impl Reach {
    /// Reads networks separated by commas or spaces: `10.1.0.0/16, 127.0.0.1`.
    ///
    /// # Errors
    /// Names what can not be read.
    pub fn parse(text: &str) -> Result<Reach, String> {
        let words = text.split([',', ' ']).filter(|word| !word.is_empty());
        words.map(network).collect::<Result<_, _>>().map(Reach)
    }

    fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.holds(address))
    }

    /// Why an address may not be connected to; `None`: it may.
    fn forbids(&self, address: IpAddr) -> Option<&'static str> {
        forbidden(address).filter(|_| !self.allows(address))
    }
}

fn network(text: &str) -> Result<Network, String> {
    let wrong = || {
        format!(
            "{text:?} is no address and no network; write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32"
        )
    };
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        None => width,
        Some(bits) => bits
            .parse()
            .ok()
            .filter(|bits| *bits <= width)
            .ok_or_else(wrong)?,
    };
    Ok(Network { address, bits })
}

/// What kind of address it is that nobody outside should lead the desk to;
/// `None`: an address of the public network. After the registries of special
/// addresses of IANA (RFC 6890).
pub fn forbidden(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => forbidden_v4(v4),
        IpAddr::V6(v6) => forbidden_v6(v6),
    }
}

fn forbidden_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (0, ..) => Some("means this very machine"),
        (127, ..) => Some("is this very machine"),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => Some("is in a private network"),
        (100, 64..=127, _) => Some("is in a provider's own network"),
        (169, 254, _) => Some("is link-local"),
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18..=19, _) | (198, 51, 100) | (203, 0, 113) => {
            Some("is reserved")
        }
        (224..=239, ..) => Some("is for many receivers"),
        (240..=255, ..) => Some("is reserved"),
        _ => None,
    }
}

fn forbidden_v6(address: Ipv6Addr) -> Option<&'static str> {
    let s = address.segments();
    let v4_at = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    if address.is_unspecified() {
        return Some("means this very machine");
    }
    if address.is_loopback() {
        return Some("is this very machine");
    }
    match s {
        // IPv4 in another coat: what counts is whom it leads to.
        [0, 0, 0, 0, 0, 0xffff, high, low] => forbidden_v4(v4_at(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => forbidden_v4(v4_at(high, low)),
        [0, 0, 0, 0, ..] | [0x64, 0xff9b, ..] | [0x100, 0, 0, 0, ..] => Some("is reserved"),
        // Teredo and 6to4 carry IPv4 addresses inside; nobody needs them.
        [0x2001, 0, ..] | [0x2002, ..] => Some("is a tunnel"),
        [0x2001, 0xdb8, ..] | [0x2001, 2, 0, ..] | [0x3fff, 0..=0xfff, ..] | [0x5f00, ..] => {
            Some("is reserved")
        }
        [0xfc00..=0xfdff, ..] => Some("is in a private network"),
        [0xfe80..=0xfebf, ..] => Some("is link-local"),
        [0xfec0..=0xfeff, ..] => Some("is in a private network"),
        [0xff00..=0xffff, ..] => Some("is for many receivers"),
        _ => None,
    }
}

/// Why a call did not give an answer. The texts are for administrators and the
/// log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The address is none that may be called.
    #[error("{0}")]
    Refused(String),
    /// Nobody answered, or not over a connection that can be trusted.
    #[error("{0}")]
    Unreachable(String),
    /// It took longer than is waited for.
    #[error("{0} took too long to answer")]
    Slow(String),
    /// The answer is larger than is read.
    #[error("{host} answered with more than {limit} bytes")]
    TooLarge {
        /// Who.
        host: String,
        /// So many are read.
        limit: usize,
    },
    /// It sent the call elsewhere.
    #[error("{from} sends on to {to}, which is not followed; enter the address that is meant")]
    Redirected {
        /// Who.
        from: String,
        /// Where to.
        to: String,
    },
}

impl Fault {
    /// What kind it is, in one word: for logs that may not have addresses in them.
    pub fn kind(&self) -> &'static str {
        match self {
            Fault::Refused(_) => "refused",
            Fault::Unreachable(_) => "unreachable",
            Fault::Slow(_) => "slow",
            Fault::TooLarge { .. } => "too large",
            Fault::Redirected { .. } => "redirected",
        }
    }
}

/// Makes guarded calls. Cheap to clone.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    reach: Reach,
    // Who vouches for whom is called, in PEM; none: whom this machine believes.
    authority: Option<String>,
    patience: Duration,
    // Made at the first call: reading the machine's certificates takes a while.
    client: OnceLock<Result<reqwest::Client, String>>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Guard").field(&self.0.reach).finish()
    }
}

/// Looks names up and hands out only what may be connected to. What it hands
/// out is what is connected to, so a name can not mean something else a moment
/// later.
struct Pinned(Reach);

impl Resolve for Pinned {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0.clone();
        Box::pin(async move {
            let found = look_up(&reach, name.as_str(), 0).await?;
            Ok::<Addrs, _>(Box::new(found.into_iter()))
        })
    }
}

/// What this machine's resolver says; in tests of this file the names that they made up
/// answer as they say.
async fn names(host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
    #[cfg(test)]
    if let Some(address) = tests::made_up(host) {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    Ok(tokio::net::lookup_host((host, port)).await?.collect())
}

/// The addresses of a name. One that may not be connected to spoils all: whoever
/// mixes them is up to something.
async fn look_up(reach: &Reach, host: &str, port: u16) -> Result<Vec<SocketAddr>, Fault> {
    let found = tokio::time::timeout(CONNECT, names(host, port))
        .await
        .map_err(|_| Fault::Slow(format!("looking up {host}")))?
        .map_err(|e| Fault::Unreachable(format!("{host} is no name that can be looked up: {e}")))?;
    if found.is_empty() {
        return Err(Fault::Unreachable(format!("{host} has no address")));
    }
    for address in &found {
        check(reach, host, address.ip())?;
    }
    Ok(found)
}

fn check(reach: &Reach, host: &str, address: IpAddr) -> Result<(), Fault> {
    match reach.forbids(address) {
        None => Ok(()),
        Some(why) => Err(Fault::Refused(format!(
            "{host} is {address}, which {why}; the operator can list it in \
             SWITCHBOARD_OUTBOUND_NETWORKS"
        ))),
    }
}

impl Guard {
    /// A guard that lets through what the operator listed besides the public
    /// network.
    pub fn new(reach: Reach) -> Guard {
        Guard(Arc::new(Inner {
            reach,
            authority: None,
            patience: PATIENCE,
            client: OnceLock::new(),
        }))
    }

    /// A guard of the same reach for one system: it believes only the
    /// authority in that PEM text, if there is one, and waits so long for an
    /// answer.
    ///
    /// # Errors
    /// When there is no certificate in the text.
    pub fn apart(&self, authority: Option<&str>, patience: Duration) -> Result<Guard, String> {
        if let Some(pem) = authority {
            tls::authorities(pem)?;
        }
        Ok(Guard(Arc::new(Inner {
            reach: self.0.reach.clone(),
            authority: authority.map(ToOwned::to_owned),
            patience,
            client: OnceLock::new(),
        })))
    }

    fn client(&self) -> Result<&reqwest::Client, Fault> {
        let made = self.0.client.get_or_init(|| {
            let config = tls::config(self.0.authority.as_deref())?;
            reqwest::Client::builder()
                .tls_backend_preconfigured(config)
                .dns_resolver(Pinned(self.0.reach.clone()))
                // A proxy of the environment would look names up itself.
                .no_proxy()
                .redirect(Policy::none())
                .referer(false)
                .connect_timeout(CONNECT)
                .timeout(self.0.patience)
                .user_agent(concat!("switchboard/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|e| e.to_string())
        });
        made.as_ref()
            .map_err(|why| Fault::Unreachable(format!("no TLS on this machine: {why}")))
    }

    /// Checks an address as far as that goes without looking its name up: for
    /// forms, before it is stored.
    ///
    /// # Errors
    /// [`Fault::Refused`] says what would be right.
    pub fn check_url(&self, text: &str) -> Result<Url, Fault> {
        let refused = |why: &str| Err(Fault::Refused(format!("{text:?} {why}")));
        let Ok(url) = Url::parse(text) else {
            return refused("is no address of a page; write https://host/path");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refused("has a user name in it; leave it out");
        }
        if url.host().is_none() {
            return refused("names no host");
        }
        let name = url.host_str().unwrap_or_default().trim_end_matches('.');
        match url.scheme() {
            "https" => {}
            "http" if is_local(&url) => {}
            "http" => return refused("is not protected; https is needed"),
            _ => return refused("is no address of a page; https is needed"),
        }
        if let Some(address) = literal(&url) {
            check(&self.0.reach, name, address)?;
        } else if is_local_name(&url) && !self.0.reach.allows(IpAddr::V4(Ipv4Addr::LOCALHOST)) {
            check(&self.0.reach, name, IpAddr::V4(Ipv4Addr::LOCALHOST))?;
        }
        Ok(url)
    }

    /// Fetches what anybody may have, such as a picture that a mail names: by GET,
    /// over TLS (an address without is asked for with it, except on this machine),
    /// with nothing that tells who asks. Redirects are followed to any host, each
    /// checked as the first address is; at most `limit` bytes are read.
    ///
    /// # Errors
    /// Says why there is nothing; also for any status but 200.
    pub async fn fetch(&self, url: &str, accept: &str, limit: usize) -> Result<Vec<u8>, Fault> {
        tokio::time::timeout(self.0.patience, self.fetch_from(url, accept, limit))
            .await
            .unwrap_or_else(|_| Err(Fault::Slow("a server".to_owned())))
    }

    async fn fetch_from(&self, url: &str, accept: &str, limit: usize) -> Result<Vec<u8>, Fault> {
        let mut next = url.to_owned();
        for _ in 0..=MOST_REDIRECTS {
            let url = self.check_url(&with_tls(&next))?;
            let request = http::Request::get(url.as_str())
                .header(http::header::ACCEPT, accept)
                .header(http::header::USER_AGENT, ANYBODY)
                .body(Vec::new())
                .map_err(|e| Fault::Refused(format!("an address can not be called: {e}")))?;
            let answer = self.once(&url, request, limit).await?;
            let host = url.host_str().unwrap_or_default();
            match answer.status() {
                http::StatusCode::OK => return Ok(answer.into_body()),
                status if status.is_redirection() => {
                    next = led_to(&url, &answer).map(String::from).ok_or_else(|| {
                        Fault::Redirected {
                            from: host.to_owned(),
                            to: "nowhere".to_owned(),
                        }
                    })?;
                }
                status => {
                    return Err(Fault::Unreachable(format!("{host} answered {status}")));
                }
            }
        }
        Err(Fault::Redirected {
            from: "a server".to_owned(),
            to: "one after the other".to_owned(),
        })
    }

    /// Calls and reads the whole answer, of at most `limit` bytes. Redirects of
    /// a GET are followed on the same host only.
    ///
    /// # Errors
    /// Says why there is no answer; an answer with an error's status is an answer.
    pub async fn call(
        &self,
        request: http::Request<Vec<u8>>,
        limit: usize,
    ) -> Result<http::Response<Vec<u8>>, Fault> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        tokio::time::timeout(self.0.patience, self.follow(request, limit))
            .await
            .unwrap_or(Err(Fault::Slow(host)))
    }

    /// Calls once and reads the whole answer, of at most `limit` bytes. A
    /// redirect is an answer like any other.
    ///
    /// # Errors
    /// Says why there is no answer.
    pub async fn exchange(
        &self,
        request: http::Request<Vec<u8>>,
        limit: usize,
    ) -> Result<http::Response<Vec<u8>>, Fault> {
        let url = self.check_url(&request.uri().to_string())?;
        let host = url.host_str().unwrap_or_default().to_owned();
        tokio::time::timeout(self.0.patience, self.once(&url, request, limit))
            .await
            .unwrap_or(Err(Fault::Slow(host)))
    }

    async fn follow(
        &self,
        mut request: http::Request<Vec<u8>>,
        limit: usize,
    ) -> Result<http::Response<Vec<u8>>, Fault> {
        for _ in 0..=MOST_REDIRECTS {
            let from = self.check_url(&request.uri().to_string())?;
            let answer = self.once(&from, request.clone(), limit).await?;
            if !answer.status().is_redirection() {
                return Ok(answer);
            }
            let to = led_to(&from, &answer);
            let elsewhere = |to: Option<&Url>| Fault::Redirected {
                from: from.to_string(),
                to: to.map_or_else(|| "nowhere".to_owned(), Url::to_string),
            };
            match to {
                Some(to)
                    if request.method() == http::Method::GET && to.origin() == from.origin() =>
                {
                    *request.uri_mut() = to.as_str().parse().map_err(|_| elsewhere(Some(&to)))?;
                }
                other => return Err(elsewhere(other.as_ref())),
            }
        }
        Err(Fault::Redirected {
            from: request.uri().to_string(),
            to: "one after the other".to_owned(),
        })
    }

    async fn once(
        &self,
        url: &Url,
        request: http::Request<Vec<u8>>,
        limit: usize,
    ) -> Result<http::Response<Vec<u8>>, Fault> {
        let host = url.host_str().unwrap_or_default().to_owned();
        if let Some(url::Host::Domain(name)) = url.host() {
            // The client's own look-up checks again; here the reason can be told.
            look_up(
                &self.0.reach,
                name,
                url.port_or_known_default().unwrap_or(443),
            )
            .await?;
        }
        let fault = |e: reqwest::Error| told(&host, &e);
        let request = reqwest::Request::try_from(request)
            .map_err(|e| Fault::Refused(format!("{url} can not be called: {e}")))?;
        let mut answer = self.client()?.execute(request).await.map_err(fault)?;
        let too_large = || Fault::TooLarge {
            host: host.clone(),
            limit,
        };
        if answer.content_length().is_some_and(|n| n > limit as u64) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| told(&host, &e))? {
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = http::Response::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        Ok(response)
    }

    /// Opens a connection for another protocol than HTTP.
    ///
    /// # Errors
    /// Says why there is none.
    pub async fn connect(&self, host: &str, port: u16) -> Result<std::net::TcpStream, Fault> {
        let bare = host.trim_matches(['[', ']']);
        let found = match bare.parse::<IpAddr>() {
            Ok(address) => {
                check(&self.0.reach, host, address)?;
                vec![SocketAddr::new(address, port)]
            }
            Err(_) => look_up(&self.0.reach, host, port).await?,
        };
        let opening = tokio::net::TcpStream::connect(found.as_slice());
        let stream = tokio::time::timeout(CONNECT, opening)
            .await
            .map_err(|_| Fault::Slow(format!("{host}:{port}")))?
            .map_err(|e| Fault::Unreachable(format!("{host}:{port} can not be reached: {e}")))?;
        stream
            .into_std()
            .map_err(|e| Fault::Unreachable(format!("{host}:{port}: {e}")))
    }

    /// Whether the operator listed this very machine, which is what allows
    /// connections without TLS to it.
    pub fn reaches_itself(&self, host: &str) -> bool {
        by_number(host).is_some_and(|a| a.is_loopback() && self.0.reach.allows(a))
    }

    /// Why nobody is connected to a host that is given by its number, or as
    /// `localhost`: "is this very machine". Of other names it is known only once
    /// they are looked up.
    pub fn keeps_from(&self, host: &str) -> Option<&'static str> {
        by_number(host).and_then(|address| self.0.reach.forbids(address))
    }
}

/// The address of a host that needs no looking up.
fn by_number(host: &str) -> Option<IpAddr> {
    match host.trim_matches(['[', ']']) {
        "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        number => number.parse().ok(),
    }
}

/// Where the redirect that `url` answered with leads.
fn led_to(url: &Url, answer: &http::Response<Vec<u8>>) -> Option<Url> {
    let to = answer.headers().get(http::header::LOCATION)?;
    url.join(to.to_str().ok()?).ok()
}

/// The same address over TLS; those of this very machine stay as they are.
fn with_tls(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut parsed) if parsed.scheme() == "http" && !is_local(&parsed) => {
            // Can not fail from http; if it did, the check refuses the address.
            let _ = parsed.set_scheme("https");
            parsed.into()
        }
        _ => url.to_owned(),
    }
}

/// The address that a URL names by number.
fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        url::Host::Ipv4(v4) => Some(IpAddr::V4(v4)),
        url::Host::Ipv6(v6) => Some(IpAddr::V6(v6)),
        url::Host::Domain(_) => None,
    }
}

fn is_local(url: &Url) -> bool {
    literal(url).map_or_else(
        || is_local_name(url),
        |address| address.to_canonical().is_loopback(),
    )
}

fn is_local_name(url: &Url) -> bool {
    let name = url.host_str().unwrap_or_default().trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

/// What went wrong, with its causes: the outermost says too little.
fn told(host: &str, error: &reqwest::Error) -> Fault {
    if error.is_timeout() {
        return Fault::Slow(host.to_owned());
    }
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        causes.push(inner.to_string());
        cause = inner.source();
    }
    let why = causes.pop().unwrap_or_else(|| error.to_string());
    Fault::Unreachable(format!("{host} can not be reached: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, VecDeque};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use crate::web_server::{WebServer, answered};

    /// Addresses and names that lead where nobody outside should lead the desk
    /// (bar C-01), however they are written.
    const DENIED: [&str; 64] = [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://127.255.255.254/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://0x7f.1/",
        "https://localhost/",
        "https://LOCALHOST/",
        "https://localhost./",
        "https://a.localhost/",
        "https://0.0.0.0/",
        "https://0/",
        "https://10.0.0.1/",
        "https://10.255.255.255/",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.168.0.1/",
        "https://192.168.1.1:8443/",
        "https://169.254.169.254/latest/meta-data/",
        "https://2852039166/",
        "https://0xA9FEA9FE/",
        "https://169.254.0.1/",
        "https://100.64.0.1/",
        "https://100.127.255.255/",
        "https://192.0.0.1/",
        "https://192.0.2.1/",
        "https://198.18.0.1/",
        "https://198.19.255.255/",
        "https://198.51.100.1/",
        "https://203.0.113.9/",
        "https://192.88.99.1/",
        "https://224.0.0.1/",
        "https://239.255.255.255/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b::10.0.0.1]/",
        "https://[64:ff9b:1::1]/",
        "https://[100::1]/",
        "https://[2001::1]/",
        "https://[2001:db8::1]/",
        "https://[2002:7f00:1::]/",
        "https://[fc00::1]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://[febf::1]/",
        "https://[fec0::1]/",
        "https://[ff02::1]/",
        "http://93.184.216.34/",
        "http://idp.example.org/",
        "file:///etc/passwd",
        "gopher://93.184.216.34/",
        "ftp://idp.example.org/",
        "ldap://93.184.216.34/",
        "https://user:secret@idp.example.org/",
        "https://127.0.0.1@idp.example.org/",
    ];

    #[test]
    fn nobody_leads_the_desk_into_its_own_network() {
        let guard = Guard::new(Reach::default());
        for url in DENIED {
            let got = guard.check_url(url);
            assert!(matches!(got, Err(Fault::Refused(_))), "{url}: {got:?}");
        }
        for url in [
            "https://93.184.216.34/",
            "https://idp.example.org:8443/path?x=1",
            "https://[2606:2800:220:1::1]/",
            "https://[64:ff9b::5db8:d822]/",
        ] {
            assert!(guard.check_url(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn the_operator_opens_networks_and_nothing_more() {
        let guard = Guard::new(Reach::parse("10.1.0.0/16, 127.0.0.1 fd00::/8").unwrap());
        for url in [
            "https://10.1.2.3/",
            "https://[::ffff:10.1.2.3]/",
            "http://127.0.0.1:9/",
            "http://localhost/",
            "https://[fd12::1]/",
        ] {
            assert!(guard.check_url(url).is_ok(), "{url}");
        }
        for url in [
            "https://10.2.0.1/",
            "http://10.1.2.3/",
            "https://127.0.0.2/",
            "https://[fc00::1]/",
        ] {
            assert!(guard.check_url(url).is_err(), "{url}");
        }
        assert!(Reach::parse("10.0.0.0/33").is_err());
        assert!(Reach::parse("everything").is_err());
        assert_eq!(Reach::parse("").unwrap(), Reach::default());
    }

    /// What names that a test made up answer next.
    static MADE_UP: Mutex<BTreeMap<String, VecDeque<IpAddr>>> = Mutex::new(BTreeMap::new());

    pub(super) fn made_up(host: &str) -> Option<IpAddr> {
        MADE_UP.lock().unwrap().get_mut(host)?.pop_front()
    }

    /// Has a name answer so, one look-up after the other.
    fn answers(host: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|a| a.parse().unwrap()).collect();
        MADE_UP.lock().unwrap().insert(host.to_owned(), addresses);
    }

    /// Counts who connects.
    async fn door(listener: tokio::net::TcpListener) -> Arc<AtomicUsize> {
        let came = Arc::new(AtomicUsize::new(0));
        let counted = came.clone();
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        came
    }

    #[tokio::test]
    async fn a_name_that_means_something_else_a_moment_later_leads_nowhere() {
        let open = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = open.local_addr().unwrap().port();
        let inner = tokio::net::TcpListener::bind(("127.0.0.2", port))
            .await
            .unwrap();
        let (open, inner) = (door(open).await, door(inner).await);
        let seen = || (open.load(Ordering::SeqCst), inner.load(Ordering::SeqCst));
        let settled = || tokio::time::sleep(Duration::from_millis(200));
        // The operator listed the one, and the other has a door at the same port.
        let guard = || Guard::new(Reach::parse("127.0.0.1").unwrap());
        let (good, bad) = ("127.0.0.1", "127.0.0.2");

        // As long as it means the same it is called: there is no TLS behind that door, so
        // the call fails after it.
        let url = |name: &str| format!("https://{name}:{port}/hook");
        answers("steady.example", &[good, good]);
        let got = guard().fetch(&url("steady.example"), "*/*", 100).await;
        assert!(matches!(got, Err(Fault::Unreachable(_))), "{got:?}");
        settled().await;
        assert_eq!(seen(), (1, 0));

        // Between the look that can tell why and that of the connection; at the first; and
        // between two calls of the same guard, which keeps nothing of what a name meant.
        answers("turns.example", &[good, bad]);
        let got = guard().fetch(&url("turns.example"), "*/*", 100).await;
        assert!(got.is_err(), "{got:?}");
        answers("bad.example", &[bad, good]);
        let got = guard().fetch(&url("bad.example"), "*/*", 100).await;
        assert!(matches!(got, Err(Fault::Refused(_))), "{got:?}");
        settled().await;
        assert_eq!(seen(), (1, 0), "nobody was connected to");
        let one = guard();
        answers("later.example", &[good, good, bad]);
        for _ in 0..2 {
            let got = one.fetch(&url("later.example"), "*/*", 100).await;
            assert!(got.is_err(), "{got:?}");
        }
        settled().await;
        assert_eq!(seen(), (2, 0));

        // Other protocols: looked up once, and that very address is connected to.
        answers("mail.example", &[good, bad]);
        assert!(guard().connect("mail.example", port).await.is_ok());
        let got = guard().connect("mail.example", port).await;
        assert!(matches!(got, Err(Fault::Refused(_))), "{got:?}");
        settled().await;
        assert_eq!(seen(), (3, 0));
        // All that was made up was asked for: no look-up went elsewhere.
        for name in [
            "steady.example",
            "turns.example",
            "later.example",
            "mail.example",
        ] {
            assert_eq!(MADE_UP.lock().unwrap()[name].len(), 0, "{name}");
        }
    }

    #[tokio::test]
    async fn names_are_checked_by_what_they_resolve_to() {
        let guard = Guard::new(Reach::default());
        // Resolved by the machine itself, without a network.
        let refused = guard.connect("localhost", 9).await;
        assert!(matches!(refused, Err(Fault::Refused(_))), "{refused:?}");
        let found = look_up(&Reach::default(), "localhost", 443).await;
        assert!(matches!(found, Err(Fault::Refused(_))), "{found:?}");
    }

    fn body(status: &str, more: &str, body: &str) -> Vec<u8> {
        answered(status, more, body.as_bytes())
    }

    #[tokio::test]
    async fn what_is_fetched_tells_nobody_who_asks() {
        let server = WebServer::on("127.0.0.2", |path| match path {
            "/cookie" => body("302 Found", "Location: /end\r\nSet-Cookie: a=b\r\n", ""),
            "/loop" => body("302 Found", "Location: /loop\r\n", ""),
            "/nowhere" => body("302 Found", "", ""),
            "/large" => body("200 OK", "", &"x".repeat(2000)),
            "/endless" => {
                let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_owned();
                (head + &"x".repeat(2000)).into_bytes()
            }
            "/none" => body("404 Not Found", "", "x"),
            _ => body("200 OK", "", "seen"),
        })
        .await;
        let guard = Guard::new(Reach::parse("127.0.0.2").unwrap());
        let get = |path: &str| {
            let (guard, url) = (guard.clone(), format!("{}{path}", server.url));
            async move { guard.fetch(&url, "image/png", 1000).await }
        };
        assert_eq!(get("/cookie").await.unwrap(), b"seen");
        for request in server.asked() {
            let request = request.to_lowercase();
            for telling in [
                "cookie:",
                "referer:",
                "authorization:",
                "switchboard",
                "origin:",
            ] {
                assert!(!request.contains(telling), "{request}");
            }
            assert!(request.contains("accept: image/png"), "{request}");
        }
        assert_eq!(server.asked().len(), 2);
        for (path, kind) in [
            ("/loop", "redirected"),
            ("/nowhere", "redirected"),
            ("/large", "too large"),
            ("/endless", "too large"),
            ("/none", "unreachable"),
        ] {
            let fault = get(path).await.unwrap_err();
            assert_eq!(fault.kind(), kind, "{path}: {fault}");
        }
    }

    /// Every forbidden destination, named at once and by a redirect (bar C-01).
    #[tokio::test]
    async fn no_picture_leads_the_desk_into_its_own_network() {
        let server = WebServer::on("127.0.0.2", |path| {
            let at: usize = path.trim_start_matches('/').parse().unwrap();
            body("302 Found", &format!("Location: {}\r\n", DENIED[at]), "")
        })
        .await;
        let guard = Guard::new(Reach::parse("127.0.0.2").unwrap());
        let mut tried = 0;
        for (at, denied) in DENIED.iter().enumerate() {
            // Of the public network and only without TLS: asked for with it.
            if denied.starts_with("http://") {
                continue;
            }
            let direct = guard.fetch(denied, "image/png", 1000).await;
            assert!(
                matches!(direct, Err(Fault::Refused(_))),
                "{denied}: {direct:?}"
            );
            let led = guard
                .fetch(&format!("{}/{at}", server.url), "image/png", 1000)
                .await;
            assert!(matches!(led, Err(Fault::Refused(_))), "{denied}: {led:?}");
            tried += 1;
        }
        assert!(tried > 60);
        assert_eq!(server.asked().len(), tried);
    }

    #[test]
    fn addresses_without_tls_are_asked_for_with_it() {
        for (given, asked) in [
            ("http://t.example/a?b", "https://t.example/a?b"),
            ("http://t.example:8080/", "https://t.example:8080/"),
            ("https://t.example/", "https://t.example/"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
            ("http://10.0.0.1/", "https://10.0.0.1/"),
            ("file:///etc/passwd", "file:///etc/passwd"),
        ] {
            assert_eq!(with_tls(given), asked);
        }
    }
}
