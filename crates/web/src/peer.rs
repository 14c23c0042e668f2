//! Where a request came from, also through proxies.
//!
//! A proxy adds whom it got the request from to `X-Forwarded-For`. Anybody can
//! send that header, so only what a proxy of the operator's added is believed.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;

/// A network: an address and how many of its leading bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The leading bits of an address, as a number.
fn leading(address: IpAddr, bits: u32) -> u128 {
    let (number, width) = match address {
        IpAddr::V4(a) => (u128::from(u32::from(a)), 32),
        IpAddr::V6(a) => (u128::from(a), 128),
    };
    number.checked_shr(width - bits).unwrap_or(0)
}

impl Network {
    /// Reads `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`.
    ///
    /// # Errors
    /// Says what would be right.
    pub fn parse(text: &str) -> Result<Network, String> {
        let wrong = || {
            format!(
                "{text:?} is no address and no network; write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32"
            )
        };
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits = match bits {
            None => width(address),
            Some(bits) => bits
                .parse()
                .ok()
                .filter(|bits| *bits <= width(address))
                .ok_or_else(wrong)?,
        };
        Ok(Network { address, bits })
    }

    /// Whether an address lies in it.
    pub fn holds(&self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4()
            && leading(self.address, self.bits) == leading(address, self.bits)
    }
}

/// Who sent a request: the peer, or, when that is a trusted proxy, the last
/// hop before the trusted ones. A hop that can not be read ends the search.
pub(crate) fn sender(parts: &Parts, trusted: &[Network]) -> Option<IpAddr> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    let mut sender = peer.ip().to_canonical();
    let hops: Vec<&str> = parts
        .headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for hop in hops.into_iter().rev() {
        if !trusted.iter().any(|network| network.holds(sender)) {
            break;
        }
        match hop_address(hop) {
            Some(address) => sender = address,
            None => break,
        }
    }
    Some(sender)
}

/// Some proxies add the port: `192.0.2.7:4711`, `[2001:db8::1]:4711`.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let address = hop
        .parse::<IpAddr>()
        .or_else(|_| hop.parse::<SocketAddr>().map(|a| a.ip()))
        .or_else(|_| hop.trim_matches(['[', ']']).parse())
        .ok()?;
    Some(address.to_canonical())
}

/// The name of the sender's network, by which failed sign-ins are counted:
/// IPv4 by address, IPv6 by /64, as one household or server has a whole one.
pub(crate) fn network_name(sender: Option<IpAddr>) -> String {
    match sender {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn sent_by(peer: &str, hops: &[&str], trusted: &[&str]) -> String {
        let mut request = Request::builder();
        for hop in hops {
            request = request.header("x-forwarded-for", *hop);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let peer = SocketAddr::new(peer.parse().unwrap(), 4711);
        parts.extensions.insert(ConnectInfo(peer));
        let trusted: Vec<Network> = trusted.iter().map(|t| Network::parse(t).unwrap()).collect();
        sender(&parts, &trusted).unwrap().to_string()
    }

    #[test]
    fn without_trust_the_header_counts_nothing() {
        assert_eq!(sent_by("192.0.2.1", &["198.51.100.9"], &[]), "192.0.2.1");
        assert_eq!(
            sent_by("192.0.2.1", &["198.51.100.9"], &["10.0.0.0/8"]),
            "192.0.2.1"
        );
    }

    #[test]
    fn the_last_hop_before_the_trusted_ones_counts() {
        let trusted = ["10.0.0.0/8", "2001:db8::1"];
        let check = |peer: &str, hops: &[&str], expected: &str| {
            assert_eq!(sent_by(peer, hops, &trusted), expected, "{peer} {hops:?}");
        };
        check("10.0.0.1", &["198.51.100.9"], "198.51.100.9");
        // What the visitor made up stands before what the proxy added.
        check("10.0.0.1", &["127.0.0.1, 198.51.100.9"], "198.51.100.9");
        check("10.0.0.1", &["10.9.9.9", "198.51.100.9"], "198.51.100.9");
        check("10.0.0.1", &["198.51.100.9, 10.2.2.2"], "198.51.100.9");
        check("10.0.0.1", &["198.51.100.9:60000"], "198.51.100.9");
        check("10.0.0.1", &["[2001:db8:7::9]:60000"], "2001:db8:7::9");
        check("2001:db8::1", &["2001:db8:7::9"], "2001:db8:7::9");
        check("::ffff:10.0.0.1", &["198.51.100.9"], "198.51.100.9");
        // No hop, or none that can be read: as far as it is known.
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &["198.51.100.9, unknown"], "10.0.0.1");
        check("10.0.0.1", &["unknown, 10.2.2.2"], "10.2.2.2");
    }

    #[test]
    fn networks_are_read_or_refused() {
        let holds = |network: &str, address: &str| {
            Network::parse(network)
                .unwrap()
                .holds(address.parse().unwrap())
        };
        assert!(holds("192.0.2.0/24", "192.0.2.200"));
        assert!(!holds("192.0.2.0/24", "192.0.3.1"));
        assert!(holds("0.0.0.0/0", "203.0.113.4"));
        assert!(!holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("2001:db8::/32", "2001:db8:ffff::1"));
        for wrong in [
            "",
            "desk",
            "192.0.2.0/33",
            "192.0.2.0/x",
            "2001:db8::/129",
            "192.0.2",
        ] {
            assert!(Network::parse(wrong).unwrap_err().contains("192.0.2.0/24"));
        }
    }

    #[test]
    fn one_household_is_one_network() {
        let name = |address: &str| network_name(Some(address.parse().unwrap()));
        assert_eq!(name("198.51.100.9"), "198.51.100.9");
        assert_eq!(name("2001:db8:1:2:3::4"), name("2001:db8:1:2:ffff::1"));
        assert_ne!(name("2001:db8:1:2::"), name("2001:db8:1:3::"));
    }
}
