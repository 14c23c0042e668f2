//! The token of a form, masked anew in every page.
//!
//! Pages are compressed. Were the token the same in each, somebody who can make
//! a browser load a page with words of theirs in its address, and see how long
//! the answer is, could find it out letter by letter (BREACH). So each page has
//! the token under a pad of its own, and the pad beside it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The token under a new pad; empty, which no form is taken with, when the
/// system has no random numbers.
pub fn masked(token: &str) -> String {
    let mut bytes = vec![0; token.len()];
    if getrandom::fill(&mut bytes).is_err() {
        return String::new();
    }
    let hidden: Vec<u8> = bytes
        .iter()
        .zip(token.bytes())
        .map(|(pad, byte)| pad ^ byte)
        .collect();
    bytes.extend(hidden);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The token that lies under a mask; `None`: it is none of ours.
pub fn unmasked(text: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    if bytes.is_empty() || bytes.len() % 2 != 0 {
        return None;
    }
    let (pad, hidden) = bytes.split_at(bytes.len() / 2);
    let token = pad.iter().zip(hidden).map(|(pad, byte)| pad ^ byte);
    String::from_utf8(token.collect()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_from_under_its_mask() {
        let token = "mq3zWbq0f7uJcJt7dZ9tG2J1mGm2mQvY0zq3o8dQkWs";
        assert_eq!(unmasked(&masked(token)).unwrap(), token);
    }

    #[test]
    fn no_two_pages_have_a_stretch_of_it_in_common() {
        let token = "a".repeat(43);
        let (one, other) = (masked(&token), masked(&token));
        let shared = one
            .as_bytes()
            .windows(6)
            .filter(|stretch| other.as_bytes().windows(6).any(|w| w == *stretch))
            .count();
        assert_eq!(shared, 0, "{one} {other}");
        assert!(!one.contains(&token[..6]));
    }

    #[test]
    fn what_is_no_mask_has_no_token() {
        for text in ["", "a", "YQ", "!!!!", "täg", "YWJj"] {
            assert_eq!(unmasked(text), None, "{text}");
        }
    }
}
