//! Where a site confirms an alarm: an address of its own for each, so that what comes from
//! there is told from what others write about the ticket. Whoever has the alarm's mail may
//! confirm it: at a site's emergency address are people on duty, whose own addresses nobody
//! here knows.

use switchboard_core::TicketNumber;

use crate::address::{Address, AddressError};
use crate::parse::Incoming;
use crate::redirect::{plain_number, recipients};
use crate::thread::ThreadKeys;

/// The field by which a site's machinery knows an alarm: `alarm` or `test`.
pub const ALARM_HEADER: &str = "X-Switchboard-Alarm";
/// What the signature is about, so that none is borrowed from requesters or lists.
const PURPOSE: &str = "switchboard alarm reply address 1";

/// The address by which an alarm is confirmed: `desk+1234a.SIG@domain`.
///
/// # Errors
/// For numbers below 1, and where the desk's own address leaves no room.
pub fn alarm_reply_address(
    number: TicketNumber,
    keys: &ThreadKeys,
) -> Result<Address, AddressError> {
    if number.0 < 1 {
        return Err(AddressError::Local);
    }
    keys.tagged(PURPOSE, &format!("{}a", number.0))
}

/// The ticket whose alarm an address confirms, if it is one of ours and its signature is
/// right.
pub fn alarm_at(address: &Address, keys: &ThreadKeys) -> Option<TicketNumber> {
    let tag = keys.tag_at(PURPOSE, address)?;
    plain_number(tag.strip_suffix('a')?).map(TicketNumber)
}

/// The alarm's address among those a mail went to.
pub fn alarm_of(mail: &Incoming, keys: &ThreadKeys) -> Option<TicketNumber> {
    recipients(mail).find_map(|address| alarm_at(address, keys))
}

/// Whether a mail that the desk has written is an alarm, and so is to be signed.
pub fn is_alarm(mail: &[u8]) -> bool {
    let name = ALARM_HEADER.as_bytes();
    mail.split(|b| *b == b'\n')
        .take_while(|line| !matches!(*line, b"" | b"\r"))
        .any(|line| line.len() > name.len() && line[..name.len()].eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redirect::{list_reply_address, redirection_at};
    use crate::thread::reply_address;

    fn keys() -> ThreadKeys {
        let desk = Address::parse("desk@example.org").unwrap();
        ThreadKeys::new(b"a secret of at least sixteen bytes".to_vec(), desk).unwrap()
    }

    #[test]
    fn an_alarm_is_confirmed_at_its_own_address_and_no_other() {
        let keys = keys();
        let address = alarm_reply_address(TicketNumber(12), &keys).unwrap();
        assert!(address.as_str().starts_with("desk+12a."), "{address}");
        assert_eq!(alarm_at(&address, &keys), Some(TicketNumber(12)));
        assert_eq!(keys.ticket_at(&address), None);
        assert_eq!(redirection_at(&address, &keys), None);
        let signature = address.local().split_once('.').unwrap().1.to_owned();
        let others = [
            reply_address(TicketNumber(12), &keys).unwrap(),
            list_reply_address(TicketNumber(12), 1, &keys).unwrap(),
            Address::parse(&format!("desk+13a.{signature}@example.org")).unwrap(),
            Address::parse(&format!("desk+012a.{signature}@example.org")).unwrap(),
            Address::parse(&format!("desk+12a.{signature}@example.net")).unwrap(),
        ];
        for other in others {
            assert_eq!(alarm_at(&other, &keys), None, "{other}");
        }
        assert!(alarm_reply_address(TicketNumber(0), &keys).is_err());
    }
}
