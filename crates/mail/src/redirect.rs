//! Mail between a desk and a mailing list that has one of its tickets.
//!
//! The list gets a reply address of its own for each ticket, so that what comes
//! from there is told from what the requester writes. By which desks a request
//! came stands in [`HOPS_HEADER`]: what goes round ends.

use crate::address::{Address, AddressError, Mailbox};
use crate::parse::{Incoming, Limits, parse};
use crate::thread::ThreadKeys;
use crate::words::one_line;
use switchboard_core::TicketNumber;

/// The field that names the desks through which a request came.
pub const HOPS_HEADER: &str = "X-Switchboard-Hops";
/// The same as it is looked up.
const HOPS_FIELD: &str = "x-switchboard-hops";
/// What the signature is about, so that none is borrowed from requesters.
const PURPOSE: &str = "switchboard list reply address 1";
/// How many desks are read from one mail.
const MOST_HOPS: usize = 20;
/// Longest name of a desk, in octets.
const LONGEST_HOP: usize = 64;
/// The parts behind the list's name in addresses of the list server itself.
const MACHINERY: [&str; 9] = [
    "-bounces",
    "-owner",
    "-request",
    "-confirm",
    "-join",
    "-leave",
    "-admin",
    "-errors",
    "-moderators",
];

/// The address to which a list's answers about a ticket go:
/// `desk+1234r1.SIG@domain`. `seq` is the list's number within the ticket.
///
/// # Errors
/// For numbers below 1, and where the desk's own address leaves no room.
pub fn list_reply_address(
    number: TicketNumber,
    seq: i64,
    keys: &ThreadKeys,
) -> Result<Address, AddressError> {
    if number.0 < 1 || seq < 1 {
        return Err(AddressError::Local);
    }
    keys.tagged(PURPOSE, &format!("{}r{seq}", number.0))
}

/// The ticket and the list's number within it that an address names, if it is
/// one of ours and its signature is right.
pub fn redirection_at(address: &Address, keys: &ThreadKeys) -> Option<(TicketNumber, i64)> {
    let (number, seq) = keys.tag_at(PURPOSE, address)?.split_once('r')?;
    Some((TicketNumber(plain_number(number)?), plain_number(seq)?))
}

/// A number as it is written into addresses: without zeros in front.
pub(crate) fn plain_number(digits: &str) -> Option<i64> {
    let fine = !digits.is_empty()
        && digits.len() <= 18
        && !digits.starts_with('0')
        && digits.bytes().all(|b| b.is_ascii_digit());
    fine.then(|| digits.parse().ok()).flatten()
}

/// The list reply address among those a mail went to.
pub fn redirection_of(mail: &Incoming, keys: &ThreadKeys) -> Option<(TicketNumber, i64)> {
    recipients(mail).find_map(|address| redirection_at(address, keys))
}

/// Every address that a mail went to.
pub(crate) fn recipients(mail: &Incoming) -> impl Iterator<Item = &Address> {
    let named = mail.to.iter().chain(&mail.cc).map(|m| &m.address);
    mail.delivered_to.iter().chain(named)
}

/// The desks through which a mail came, by their loop names.
pub fn hops(mail: &Incoming) -> Vec<String> {
    mail.headers
        .all(HOPS_FIELD)
        .flat_map(str::split_whitespace)
        .filter(|hop| hop.len() <= LONGEST_HOP && hop.bytes().all(|b| b.is_ascii_graphic()))
        .take(MOST_HOPS)
        .map(str::to_owned)
        .collect()
}

/// A built mail with the desks through which its request came; names that are
/// none are left out.
pub fn with_hops(mail: &[u8], hops: &[String]) -> Vec<u8> {
    let names: Vec<&str> = hops
        .iter()
        .map(String::as_str)
        .filter(|hop| {
            !hop.is_empty()
                && hop.len() <= LONGEST_HOP
                && hop
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.=".contains(&b))
        })
        .take(MOST_HOPS)
        .collect();
    let mut out = Vec::with_capacity(mail.len() + 100);
    if !names.is_empty() {
        out.extend_from_slice(HOPS_HEADER.as_bytes());
        out.extend_from_slice(b":");
        for name in names {
            // One to a line: no line is too long.
            out.extend_from_slice(b"\r\n ");
            out.extend_from_slice(name.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(mail);
    out
}

/// The addresses of the lists over which a mail came, as their servers say.
pub fn lists(mail: &Incoming) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    let posts = mail.headers.all("list-post").flat_map(|value| {
        value.split(['<', '>', ',']).filter_map(|word| {
            let address = word.trim().strip_prefix("mailto:")?;
            address.split('?').next()
        })
    });
    let been = mail
        .headers
        .all("x-beenthere")
        .chain(mail.headers.all("x-loop"))
        .chain(
            mail.headers
                .all("mailing-list")
                .filter_map(|v| v.strip_prefix("list ")),
        )
        .flat_map(|v| v.split([';', ' ', ',']));
    for text in posts.chain(been).take(50) {
        if let Ok(address) = Address::parse(text.trim())
            && !found.contains(&address)
        {
            found.push(address);
        }
    }
    found
}

/// Whether a mail came over this list: the list server says so, or it was sent
/// there.
pub fn came_over(mail: &Incoming, list: &Address) -> bool {
    let by_id = || {
        let dotted = format!("{}.{}", list.local(), list.domain());
        mail.headers.all("list-id").any(|value| {
            let id = value.rsplit('<').next().unwrap_or_default();
            id.trim_end()
                .trim_end_matches('>')
                .eq_ignore_ascii_case(&dotted)
        })
    };
    lists(mail).contains(list) || by_id() || recipients(mail).any(|to| to == list)
}

/// Whether a mail is a word of the list server itself: a bounce, a mail that
/// waits for a moderator.
pub fn is_machinery(mail: &Incoming, list: &Address) -> bool {
    let of_list = |address: &Address| {
        address.domain() == list.domain()
            && address
                .local()
                .strip_prefix(list.local())
                .is_some_and(|rest| {
                    MACHINERY
                        .iter()
                        .any(|end| rest == *end || rest.starts_with(&format!("{end}+")))
                })
    };
    mail.from
        .as_ref()
        .is_some_and(|from| of_list(&from.address))
}

/// The Message-IDs of mails that a mail carries within itself, as bounces and
/// moderators' notes do.
pub fn carried_ids(mail: &Incoming) -> Vec<String> {
    const READ: usize = 256 << 10;
    mail.attachments
        .iter()
        .filter(|part| {
            matches!(
                part.media_type.as_str(),
                "message/rfc822" | "message/global" | "text/rfc822-headers"
            )
        })
        .take(5)
        .filter_map(|part| {
            let bytes = part.bytes.get(..READ).unwrap_or(&part.bytes);
            parse(bytes, &Limits::default()).ok()?.message_id
        })
        .collect()
}

/// Who of a list wrote a mail, as it is shown: `Jane Doe (via storage-help)`.
/// No address is among it. Lists put themselves into `From`, as "Jane via
/// LIST": then it is still Jane.
pub fn speaker(mail: &Incoming, list: &Address) -> String {
    format!("{} (via {})", name_of(mail, list), list.local())
}

fn name_of(mail: &Incoming, list: &Address) -> String {
    let from = mail.from.as_ref();
    let munged = from.is_some_and(|m| m.address == *list);
    // Whom a list that put itself into From has moved away.
    let behind: Vec<Mailbox> = mail
        .headers
        .all("x-original-from")
        .flat_map(|value| crate::address_list::address_list(value, 3).mailboxes)
        .chain(mail.reply_to.iter().cloned())
        .filter(|m| m.address != *list)
        .collect();
    let shown = from
        .and_then(|m| m.name.as_deref())
        .map(without_via)
        .filter(|name| !name.is_empty());
    let behind_name = || {
        behind
            .iter()
            .find_map(|m| m.name.as_deref())
            .map(without_via)
    };
    let local = || match from {
        Some(m) if !munged => Some(m.address.local().to_owned()),
        _ => behind.first().map(|m| m.address.local().to_owned()),
    };
    let name = shown
        .or_else(|| behind_name().filter(|_| munged))
        .or_else(local)
        .unwrap_or_else(|| "Somebody".to_owned());
    // An address in place of a name is not shown to others.
    let name = name.split('@').next().unwrap_or_default().trim();
    let name = one_line(name, 60);
    if name.is_empty() {
        "Somebody".to_owned()
    } else {
        name
    }
}

/// `'Jane Doe' via Storage help` is Jane Doe.
fn without_via(name: &str) -> String {
    let at = name.char_indices().map(|(at, _)| at).rfind(|at| {
        name.get(*at..at + 5)
            .is_some_and(|word| word.eq_ignore_ascii_case(" via "))
    });
    let name = match at {
        Some(at) => name.get(..at).unwrap_or_default(),
        None => name,
    };
    name.trim()
        .trim_matches(['\'', '"', '\u{2018}', '\u{2019}'])
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::thread::reply_address;

    fn keys() -> ThreadKeys {
        let desk = Address::parse("desk@desk.example.org").unwrap();
        ThreadKeys::new(vec![7; 32], desk).unwrap()
    }

    fn list() -> Address {
        Address::parse("storage-help@lists.example.org").unwrap()
    }

    fn mail(lines: &str) -> Incoming {
        parse(
            format!("{lines}\nSubject: x\n\nHello\n").as_bytes(),
            &Limits::default(),
        )
        .unwrap()
    }

    #[test]
    fn the_address_of_a_list_names_its_ticket_and_no_other_address_does() {
        let address = list_reply_address(TicketNumber(1234), 2, &keys()).unwrap();
        assert!(address.as_str().starts_with("desk+1234r2."), "{address}");
        assert_eq!(
            redirection_at(&address, &keys()),
            Some((TicketNumber(1234), 2))
        );
        // It is no requester's address, and the other way round.
        assert_eq!(keys().ticket_at(&address), None);
        let requesters = reply_address(TicketNumber(1234), &keys()).unwrap();
        assert_eq!(redirection_at(&requesters, &keys()), None);
        let signature = address.local().split('.').nth(1).unwrap();
        for wrong in [
            format!("desk+1234r3.{signature}@desk.example.org"),
            format!("desk+1235r2.{signature}@desk.example.org"),
            format!("desk+1234.{signature}@desk.example.org"),
            format!("desk+01234r2.{signature}@desk.example.org"),
            format!("desk+1234r2.{}@desk.example.org", &signature[1..]),
            format!("desk+1234r2.{signature}@evil.example.org"),
            "desk+1234r2.@desk.example.org".to_owned(),
        ] {
            if let Ok(address) = Address::parse(&wrong) {
                assert_eq!(redirection_at(&address, &keys()), None, "{wrong}");
            }
        }
        assert!(list_reply_address(TicketNumber(0), 1, &keys()).is_err());
    }

    #[test]
    fn the_desks_on_the_way_are_written_and_read() {
        let names = ["one".to_owned(), "two".to_owned(), "x\r\nBcc: y".to_owned()];
        let built = with_hops(b"From: a@b.org\r\nSubject: x\r\n\r\nHello\r\n", &names);
        let read = parse(&built, &Limits::default()).unwrap();
        assert_eq!(hops(&read), ["one", "two"]);
        assert_eq!(read.headers.get("bcc"), None);
        assert_eq!(with_hops(b"x", &[]), b"x");
    }

    #[test]
    fn people_of_a_list_keep_their_names_and_show_no_address() {
        for (lines, name) in [
            ("From: Jane Doe <jane@lab.example.org>", "Jane Doe"),
            // As Mailman and Google groups put themselves into From.
            (
                "From: Jane Doe via Storage-help <storage-help@lists.example.org>\nReply-To: Jane Doe <jane@lab.example.org>",
                "Jane Doe",
            ),
            (
                "From: \"'Jane Doe' via Storage help\" <storage-help@lists.example.org>",
                "Jane Doe",
            ),
            (
                "From: storage-help@lists.example.org\nX-Original-From: Jane Doe <jane@lab.example.org>",
                "Jane Doe",
            ),
            (
                "From: via Storage <storage-help@lists.example.org>\nReply-To: jane@lab.example.org",
                "via Storage",
            ),
            ("From: jane@lab.example.org", "jane"),
            ("From: jane@lab.example.org <jane@lab.example.org>", "jane"),
            ("From: storage-help@lists.example.org", "Somebody"),
        ] {
            assert_eq!(
                speaker(&mail(lines), &list()),
                format!("{name} (via storage-help)"),
                "{lines}"
            );
        }
    }

    #[test]
    fn a_list_is_known_by_what_its_server_writes() {
        for lines in [
            "From: a@b.org\nTo: storage-help@lists.example.org",
            "From: a@b.org\nCc: Storage <Storage-Help@lists.example.org>",
            "From: a@b.org\nList-Post: <mailto:storage-help@lists.example.org>",
            "From: a@b.org\nList-Id: Storage help <storage-help.lists.example.org>",
            "From: a@b.org\nX-BeenThere: storage-help@lists.example.org",
            "From: a@b.org\nMailing-List: list storage-help@lists.example.org; contact x@y.org",
        ] {
            assert!(came_over(&mail(lines), &list()), "{lines}");
        }
        for lines in [
            "From: storage-help@lists.example.org",
            "From: a@b.org\nTo: other@lists.example.org\nList-Id: <other.lists.example.org>",
        ] {
            assert!(!came_over(&mail(lines), &list()), "{lines}");
        }
        for (from, is) in [
            ("storage-help-bounces@lists.example.org", true),
            (
                "storage-help-bounces+ada=example.org@lists.example.org",
                true,
            ),
            ("storage-help-owner@lists.example.org", true),
            ("storage-help@lists.example.org", false),
            ("storage-help-bounces@other.example.org", false),
            ("jane@lists.example.org", false),
        ] {
            assert_eq!(
                is_machinery(&mail(&format!("From: {from}")), &list()),
                is,
                "{from}"
            );
        }
    }

    #[test]
    fn a_mail_within_a_mail_says_which_it_is() {
        let raw = "From: storage-help-owner@lists.example.org\nSubject: waits\n\
            Content-Type: multipart/mixed; boundary=b\n\n--b\n\nIt waits.\n\
            --b\nContent-Type: message/rfc822\n\n\
            From: desk@desk.example.org\nMessage-ID: <sb.7.abc@desk.example.org>\n\nHelp\n--b--\n";
        let mail = parse(raw.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(carried_ids(&mail), ["sb.7.abc@desk.example.org"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_number_comes_back(number in 1_i64..1_000_000_000_000, seq in 1_i64..1000) {
            let address = list_reply_address(TicketNumber(number), seq, &keys()).unwrap();
            prop_assert_eq!(redirection_at(&address, &keys()), Some((TicketNumber(number), seq)));
        }

        #[test]
        fn no_name_breaks_out(name in r"\PC{0,80}") {
            let from = Mailbox { name: Some(name), address: Address::parse("jane@lab.example.org").unwrap() };
            let mut one = mail("From: jane@lab.example.org");
            one.from = Some(from);
            let shown = speaker(&one, &list());
            prop_assert!(!shown.contains('@') && !shown.contains('\n'));
            prop_assert!(shown.ends_with(" (via storage-help)"));
        }
    }
}
