//! Address lists in headers (RFC 5322, 3.4): where one mailbox ends and the
//! next begins. Who a mailbox is, only [`Address::parse`] says.
//!
//! The structure is read before anything is decoded, so that an encoded word
//! can never turn into a comma, a bracket or an `@`.

use crate::address::{Address, Mailbox};
use crate::words::{decode_words, one_line};

/// Longest display name kept, in characters.
const MAX_NAME: usize = 200;

/// What was found in one or more header fields.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct AddressList {
    /// The mailboxes with a usable address, in order.
    pub(crate) mailboxes: Vec<Mailbox>,
    /// How many entries had no usable address.
    pub(crate) refused: usize,
}

impl AddressList {
    /// All entries, usable or not.
    pub(crate) fn total(&self) -> usize {
        self.mailboxes.len() + self.refused
    }

    fn take(&mut self, entry: Entry) {
        if entry.is_blank() {
            return;
        }
        match entry.mailbox() {
            Some(mailbox) => self.mailboxes.push(mailbox),
            None => self.refused += 1,
        }
    }
}

/// One entry while it is being read.
#[derive(Default)]
struct Entry {
    /// Everything outside of brackets and comments, quotes undone.
    phrase: String,
    /// The same with its quotes, for addresses without brackets.
    written: String,
    /// What stood in `<…>`.
    angle: Option<String>,
    /// A second `<…>` with another content.
    ambiguous: bool,
    comment: String,
}

impl Entry {
    fn is_blank(&self) -> bool {
        self.angle.is_none() && self.written.trim().is_empty() && self.comment.trim().is_empty()
    }

    fn mailbox(&self) -> Option<Mailbox> {
        if self.ambiguous {
            return None;
        }
        if let Some(angle) = &self.angle {
            let address = Address::parse(angle).ok()?;
            return Some(Mailbox {
                name: self.name(&self.phrase, &address),
                address,
            });
        }
        if let Ok(address) = Address::parse(&self.written) {
            return Some(Mailbox {
                name: self.name("", &address),
                address,
            });
        }
        // "Ada Lovelace ada@example.org": brackets forgotten, still clear.
        let (name, last) = self.written.trim().rsplit_once([' ', '\t'])?;
        let address = Address::parse(last).ok()?;
        if name.contains(['@', '<', '>']) {
            return None;
        }
        Some(Mailbox {
            name: self.name(name, &address),
            address,
        })
    }

    /// The display name: the phrase, else the comment; nothing where it only
    /// repeats the address.
    fn name(&self, phrase: &str, address: &Address) -> Option<String> {
        let source = if phrase.trim().is_empty() {
            &self.comment
        } else {
            phrase
        };
        let name = one_line(&decode_words(source), MAX_NAME);
        let name = name.trim_matches(['"', '\'', ' ']);
        (!name.is_empty() && !name.eq_ignore_ascii_case(address.as_str())).then(|| name.to_owned())
    }
}

/// Reads an unfolded header value; stops after `most` entries.
pub(crate) fn address_list(value: &str, most: usize) -> AddressList {
    read(value, most, true)
        .or_else(|| read(value, most, false))
        .unwrap_or_default()
}

/// One pass over the value. With `quotes`, a quotation mark opens a quoted
/// string; `None` where the last one is never closed.
fn read(value: &str, most: usize, quotes: bool) -> Option<AddressList> {
    let mut list = AddressList::default();
    let mut entry = Entry::default();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        if list.total() > most {
            return Some(list);
        }
        match c {
            '"' if quotes => {
                entry.written.push('"');
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => {
                            let escaped = chars.next()?;
                            entry.phrase.push(escaped);
                            entry.written.push(escaped);
                        }
                        plain => {
                            entry.phrase.push(plain);
                            entry.written.push(plain);
                        }
                    }
                }
                entry.written.push('"');
            }
            '(' => comment(&mut chars, &mut entry.comment),
            '<' => {
                let mut inside = String::new();
                for c in chars.by_ref() {
                    if c == '>' {
                        break;
                    }
                    inside.push(c);
                }
                entry.ambiguous |= entry.angle.as_ref().is_some_and(|first| *first != inside);
                entry.angle = Some(inside);
            }
            ',' | ';' => list.take(std::mem::take(&mut entry)),
            // The name of a group; its members follow.
            ':' if entry.angle.is_none() && !entry.written.contains('@') => {
                entry = Entry::default();
            }
            c => {
                entry.phrase.push(c);
                entry.written.push(c);
            }
        }
    }
    list.take(entry);
    Some(list)
}

/// Reads to the end of a comment, which may hold others.
fn comment(chars: &mut std::str::Chars<'_>, text: &mut String) {
    let mut depth = 1_usize;
    if !text.is_empty() {
        text.push(' ');
    }
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next()),
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                if depth == 0 {
                    return;
                }
            }
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> Vec<String> {
        address_list(value, 1000)
            .mailboxes
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn ordinary_lists() {
        assert_eq!(shown("ada@example.org"), ["ada@example.org"]);
        assert_eq!(
            shown("Ada <ADA@example.org>, \"Lovelace, B.\" <b@example.org>"),
            ["Ada <ada@example.org>", "Lovelace, B. <b@example.org>"]
        );
        assert_eq!(
            shown("ada@example.org (Ada (the first))"),
            ["Ada the first <ada@example.org>"]
        );
        assert_eq!(
            shown("Team: a@x.org, B <b@x.org>;, c@x.org"),
            ["a@x.org", "B <b@x.org>", "c@x.org"]
        );
        assert_eq!(shown("undisclosed-recipients:;"), [""; 0]);
        assert_eq!(
            shown("=?utf-8?q?J=C3=B6rg=2C_x?= <j@x.org>"),
            ["Jörg, x <j@x.org>"]
        );
        assert_eq!(
            shown("Ada Lovelace ada@example.org"),
            ["Ada Lovelace <ada@example.org>"]
        );
        assert_eq!(
            shown("ada@example.org <ada@example.org>"),
            ["ada@example.org"]
        );
        assert_eq!(shown("Ada <ada@example.org"), ["Ada <ada@example.org>"]);
        assert_eq!(shown("Ada \" <ada@example.org>"), ["Ada <ada@example.org>"]);
    }

    #[test]
    fn nothing_hidden_becomes_an_address() {
        for hostile in [
            "=?utf-8?q?eve=40evil.org?=@example.org",
            "=?utf-8?q?eve=40evil.org=2C?= <\"eve\"@example.org>",
            "<a@x.org> <b@y.org>",
            "\"ada\"@example.org",
            "<@relay.org:ada@example.org>",
            "<ada(c)@example.org>",
            "ada @ example.org b@c",
        ] {
            let list = address_list(hostile, 1000);
            assert!(list.mailboxes.is_empty(), "{hostile}: {list:?}");
            assert_eq!(list.refused, 1, "{hostile}");
        }
        assert_eq!(
            shown("\"eve@evil.org\" <ada@example.org>"),
            ["eve@evil.org <ada@example.org>"]
        );
    }

    #[test]
    fn bounded() {
        let many = "a@b.org,".repeat(100_000);
        assert_eq!(address_list(&many, 100).total(), 101);
        let deep = "(".repeat(1_000_000);
        assert_eq!(address_list(&deep, 100).total(), 0);
    }
}
