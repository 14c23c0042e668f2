//! S/MIME's files (CMS, RFC 5652): which kind of content one has, and what is inside one
//! that is only signed (RFC 8551, 3.5.2). Nothing is verified: whoever shows what comes out
//! has to say so.
//!
//! Senders write BER, not only DER: lengths that are open-ended and texts in pieces.

/// Elements inside each other that are followed.
const MOST_DEEP: usize = 16;

/// 1.2.840.113549.1.7: what PKCS #7 knew.
const OLD: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07";
/// 1.2.840.113549.1.9.16.1: what came later.
const NEW: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01";

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const OBJECT: u8 = 0x06;
/// `[0]`, around what follows.
const TAGGED: u8 = 0xa0;
const OCTETS: u8 = 0x04;
const OCTETS_IN_PIECES: u8 = 0x24;

/// The kind of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cms {
    /// Signed data.
    Signed,
    /// Only whoever has the key can read it.
    Encrypted,
    /// Something else, such as compressed data.
    Other,
}

/// What kind of content a CMS file says it has; `None`: it is no such file.
pub(crate) fn kind(bytes: &[u8]) -> Option<Cms> {
    let rest = bytes.strip_prefix(&[SEQUENCE])?;
    let (&length, rest) = rest.split_first()?;
    let rest = match length {
        // Short, or open-ended.
        0..=0x80 => rest,
        long => rest.get(usize::from(long & 0x7f)..)?,
    };
    let rest = rest.strip_prefix(&[OBJECT])?;
    let (&length, rest) = rest.split_first()?;
    let identifier = rest.get(..usize::from(length))?;
    match (identifier.strip_prefix(OLD), identifier.strip_prefix(NEW)) {
        (Some([2]), _) => Some(Cms::Signed),
        (Some([3 | 4 | 6]), _) | (_, Some([23])) => Some(Cms::Encrypted),
        (Some(_), _) | (_, Some(_)) => Some(Cms::Other),
        (None, None) => None,
    }
}

/// What was signed, where it is inside the file; `None`: it is not (as in a signature that
/// stands beside its text, or a bundle of certificates), or the file is broken.
///
/// Never panics; time is linear in the input for each level that is followed.
pub(crate) fn signed_content(bytes: &[u8]) -> Option<Vec<u8>> {
    if kind(bytes) != Some(Cms::Signed) {
        return None;
    }
    let mut file = Ber(Ber(bytes).expect(SEQUENCE)?);
    file.expect(OBJECT)?;
    let mut signed = Ber(Ber(file.expect(TAGGED)?).expect(SEQUENCE)?);
    signed.expect(INTEGER)?;
    signed.expect(SET)?;
    let mut inside = Ber(signed.expect(SEQUENCE)?);
    inside.expect(OBJECT)?;
    let mut content = Ber(inside.expect(TAGGED)?);
    let (tag, text) = content.element(0)?;
    let mut out = Vec::new();
    octets(tag, text, &mut out, 0)?;
    Some(out).filter(|out| !out.is_empty())
}

/// A text, whole or in pieces.
fn octets(tag: u8, text: &[u8], out: &mut Vec<u8>, depth: usize) -> Option<()> {
    match tag {
        OCTETS => out.extend_from_slice(text),
        OCTETS_IN_PIECES if depth < MOST_DEEP => {
            let mut pieces = Ber(text);
            while !pieces.0.is_empty() {
                let (tag, piece) = pieces.element(depth)?;
                octets(tag, piece, out, depth + 1)?;
            }
        }
        _ => return None,
    }
    Some(())
}

/// Reads elements from the front.
struct Ber<'a>(&'a [u8]);

impl<'a> Ber<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    /// The content of the next element, which has to be of this kind.
    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, content) = self.element(0)?;
        (found == tag).then_some(content)
    }

    /// The kind of the next element, and its content.
    fn element(&mut self, depth: usize) -> Option<(u8, &'a [u8])> {
        let tag = self.byte()?;
        // Kinds whose number needs more octets have no place in what is read here.
        if tag & 0x1f == 0x1f || depth > MOST_DEEP {
            return None;
        }
        let length = self.byte()?;
        let len = match length {
            0x80 => return self.open_ended(tag, depth),
            0..=0x7f => usize::from(length),
            long => {
                let octets = self.take(usize::from(long & 0x7f))?;
                let mut len: usize = 0;
                for &octet in octets {
                    len = len.checked_mul(256)?.checked_add(usize::from(octet))?;
                }
                len
            }
        };
        Some((tag, self.take(len)?))
    }

    /// An element without a length goes on until two zeros that belong to no other.
    fn open_ended(&mut self, tag: u8, depth: usize) -> Option<(u8, &'a [u8])> {
        let all = self.0;
        loop {
            let so_far = all.len() - self.0.len();
            if let Some(rest) = self.0.strip_prefix(&[0, 0]) {
                self.0 = rest;
                return Some((tag, all.get(..so_far)?));
            }
            self.element(depth + 1)?;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
        match content.len() {
            len @ 0..=0x7f => out.push(len as u8),
            len => {
                out.push(0x83);
                out.extend(&(len as u32).to_be_bytes()[1..]);
            }
        }
        out.extend(content);
        out
    }

    fn open(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x80], content, &[0, 0]].concat()
    }

    fn object(last: u8) -> Vec<u8> {
        element(OBJECT, &[OLD, &[last]].concat())
    }

    /// A signed file as `openssl` and Outlook write it, with anything for certificates and
    /// signatures. `streamed`: without lengths, its text in pieces.
    pub(crate) fn signed(text: &[u8], streamed: bool) -> Vec<u8> {
        let wrap = if streamed { open } else { element };
        let octets = if streamed {
            let pieces: Vec<u8> = text.chunks(100).flat_map(|c| element(OCTETS, c)).collect();
            open(OCTETS_IN_PIECES, &pieces)
        } else {
            element(OCTETS, text)
        };
        let inside = wrap(SEQUENCE, &[object(1), wrap(TAGGED, &octets)].concat());
        let data = [
            element(INTEGER, &[1]),
            element(SET, &element(SEQUENCE, &object(9))),
            inside,
            element(SET, b"signatures"),
        ]
        .concat();
        wrap(
            SEQUENCE,
            &[object(2), wrap(TAGGED, &wrap(SEQUENCE, &data))].concat(),
        )
    }

    #[test]
    fn what_was_signed_comes_out_however_it_was_written() {
        let text = "Content-Type: text/plain\r\n\r\nPlease restore it.\r\n".repeat(20);
        for streamed in [false, true] {
            let file = signed(text.as_bytes(), streamed);
            assert_eq!(kind(&file), Some(Cms::Signed));
            assert_eq!(signed_content(&file).as_deref(), Some(text.as_bytes()));
            // What breaks off, or has a length that nobody has, gives nothing.
            for cut in [1, 10, file.len() / 2] {
                let _ = signed_content(&file[..file.len() - cut]);
            }
            assert_eq!(signed_content(&file[..60]), None);
        }
        // A bundle of certificates has no text in it.
        let bare = element(SEQUENCE, &object(1));
        let data = [element(INTEGER, &[1]), element(SET, b""), bare].concat();
        let bundle = [object(2), element(TAGGED, &element(SEQUENCE, &data))].concat();
        let bundle = element(SEQUENCE, &bundle);
        assert_eq!(kind(&bundle), Some(Cms::Signed));
        assert_eq!(signed_content(&bundle), None);
        // Encrypted is not opened, whatever its label says.
        let sealed = element(SEQUENCE, &[object(3), element(TAGGED, b"x")].concat());
        assert_eq!(kind(&sealed), Some(Cms::Encrypted));
        assert_eq!(signed_content(&sealed), None);
    }

    #[test]
    fn what_nests_without_an_end_costs_little() {
        let mut deep = [0x30, 0x80].repeat(1_000_000);
        deep.splice(2..2, object(2));
        assert_eq!(signed_content(&deep), None);
        let pieces = [OCTETS_IN_PIECES, 0x80].repeat(1_000_000);
        let file = signed(b"x", true);
        let at = file
            .windows(2)
            .position(|w| w == [OCTETS_IN_PIECES, 0x80])
            .unwrap();
        let bomb = [&file[..at], &pieces].concat();
        assert_eq!(signed_content(&bomb), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        /// No panic, and no more comes out than went in.
        #[test]
        fn nothing_grows(text in proptest::collection::vec(any::<u8>(), 1..400), streamed: bool, at in 0_usize..600, byte: u8, cut in 0_usize..60) {
            let mut file = signed(&text, streamed);
            let len = file.len();
            if let Some(one) = file.get_mut(at) {
                *one = byte;
            }
            file.truncate(len - cut.min(len));
            if let Some(out) = signed_content(&file) {
                prop_assert!(out.len() <= file.len());
            }
        }
    }
}
