//! The envelope address of one mail, by which its bounces are known.
//!
//! A bounce comes back to the envelope sender, whatever else it says (RFC 5321,
//! 4.5.5). So each mail leaves under an address of its own, signed: nobody can
//! make a mail count as bounced that they never saw.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::address::Address;
use crate::parse::Incoming;

/// 128 bits in letters of five.
const ID_LEN: usize = 26;
/// 80 bits: what it guards is one mail's state.
const SIGNATURE_LEN: usize = 16;
/// RFC 4648, in lower case, as servers may change the case of a local part.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const PURPOSE: &[u8] = b"switchboard envelope address 1\0";

/// The envelope address for a mail: `desk+b.ID.SIGNATURE@example.org`. `None`:
/// the desk's own address leaves no room for it.
pub fn envelope_address(secret: &[u8], desk: &Address, mail: u128) -> Option<Address> {
    let local = format!(
        "{}+b.{}.{}",
        desk.local(),
        letters(mail),
        sign(secret, mail)
    );
    if local.len() > 64 {
        return None;
    }
    Address::parse(&format!("{local}@{}", desk.domain())).ok()
}

/// The mail whose envelope address this is, when the signature is right.
pub fn mail_at(secret: &[u8], desk: &Address, address: &Address) -> Option<u128> {
    if address.domain() != desk.domain() {
        return None;
    }
    let rest = address
        .local()
        .strip_prefix(desk.local())?
        .strip_prefix("+b.")?;
    let (id, signature) = rest.split_once('.')?;
    if signature.len() != SIGNATURE_LEN {
        return None;
    }
    let mail = number(id)?;
    let differs = sign(secret, mail)
        .bytes()
        .zip(signature.bytes())
        .fold(0, |all, (a, b)| all | (a ^ b));
    (differs == 0).then_some(mail)
}

/// The mail that a bounce came back from, by the address it was sent to.
pub fn returned_mail(secret: &[u8], desk: &Address, bounce: &Incoming) -> Option<u128> {
    let named = bounce.to.iter().chain(&bounce.cc).map(|m| &m.address);
    bounce
        .delivered_to
        .iter()
        .chain(named)
        .find_map(|address| mail_at(secret, desk, address))
}

fn sign(secret: &[u8], mail: u128) -> String {
    // HMAC takes a key of any length; the empty fallback is never taken.
    let mut mac = <Hmac<Sha256>>::new_from_slice(secret)
        .unwrap_or_else(|_| <Hmac<Sha256>>::new(&Default::default()));
    mac.update(PURPOSE);
    mac.update(&mail.to_be_bytes());
    let bytes = mac.finalize().into_bytes();
    let first = bytes
        .iter()
        .take(16)
        .fold(0_u128, |all, byte| all << 8 | u128::from(*byte));
    letters(first).chars().take(SIGNATURE_LEN).collect()
}

fn letters(mut number: u128) -> String {
    let mut out = [b'a'; ID_LEN];
    for place in out.iter_mut().rev() {
        *place = LETTERS[(number & 31) as usize];
        number >>= 5;
    }
    // Top letter last filled: 26 letters hold 130 bits.
    out.iter().rev().map(|b| char::from(*b)).collect()
}

fn number(text: &str) -> Option<u128> {
    if text.len() != ID_LEN {
        return None;
    }
    let mut all = 0_u128;
    for byte in text.bytes().rev() {
        let digit = LETTERS.iter().position(|l| *l == byte)?;
        all = all.checked_mul(32)?.checked_add(digit as u128)?;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &[u8] = b"a secret of more than sixteen octets";

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn what_was_signed_is_known_again_and_nothing_else() {
        let desk = address("desk@example.org");
        let mail = 0x0192_3456_789a_7bcd_8ef0_1234_5678_9abc;
        let envelope = envelope_address(SECRET, &desk, mail).unwrap();
        assert_eq!(mail_at(SECRET, &desk, &envelope), Some(mail));
        assert_eq!(mail_at(b"another secret", &desk, &envelope), None);
        let other = address("help@example.org");
        assert_eq!(mail_at(SECRET, &other, &envelope), None);
        for wrong in [
            envelope.as_str().replacen("+b.", "+c.", 1),
            envelope.as_str().replacen("example.org", "example.net", 1),
            format!("desk+b.{}@example.org", letters(mail)),
            format!("desk+b.{}.@example.org", letters(mail)),
            format!("desk+b.{}.aaaaaaaaaaaaaaaa@example.org", letters(mail)),
            format!(
                "desk+b.{}.{}@example.org",
                "z".repeat(26),
                sign(SECRET, mail)
            ),
        ] {
            if let Ok(address) = Address::parse(&wrong) {
                assert_eq!(mail_at(SECRET, &desk, &address), None, "{wrong}");
            }
        }
    }

    #[test]
    fn a_long_address_of_the_desk_has_no_room() {
        let long = address("a-support-desk-with-a-name@example.org");
        assert_eq!(envelope_address(SECRET, &long, 1), None);
    }

    proptest! {
        #[test]
        fn every_id_comes_back(mail: u128) {
            prop_assert_eq!(number(&letters(mail)), Some(mail));
            let desk = address("servicedesk@example.org");
            let envelope = envelope_address(SECRET, &desk, mail).unwrap();
            prop_assert!(envelope.local().len() <= 64);
            prop_assert_eq!(mail_at(SECRET, &desk, &envelope), Some(mail));
        }
    }
}
