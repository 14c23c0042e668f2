//! The text of a mail that Outlook sent in its own format only: RTF, packed
//! ([MS-OXRTFCP]) in a `winmail.dat`. No look is kept, only what can be read. Where the
//! RTF was made from HTML, what only stands for its tags is left out ([MS-OXRTFEX]: a
//! reader of RTF that knows nothing of HTML reads it right).

use crate::decode;

/// What the dictionary of the packing begins with.
const BEGINNING: &[u8; 207] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const DICTIONARY: usize = 4096;
/// Octets after unpacking; a mail's text is cut far sooner.
const MOST: usize = 8 << 20;
/// Groups inside each other that are followed.
const MOST_DEEP: usize = 200;

/// Groups whose content is no text of the mail.
const ASIDE: [&str; 17] = [
    "fonttbl",
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "object",
    "themedata",
    "datastore",
    "header",
    "footer",
    "headerl",
    "headerr",
    "footerl",
    "footerr",
    "footnote",
    "listtable",
    "listoverridetable",
];

/// Unpacks RTF as Outlook packs it; `None`: it is not packed so.
pub(crate) fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    let long = |at: usize| {
        let octets = packed.get(at..at + 4)?;
        Some(u32::from_le_bytes(octets.try_into().ok()?))
    };
    let (size, kind) = (long(4)?, long(8)?);
    let most = usize::try_from(size).ok()?.min(MOST);
    let data = packed.get(16..)?;
    match kind {
        // "MELA": as it is.
        0x414c_454d => Some(data.get(..most).unwrap_or(data).to_vec()),
        // "LZFu".
        0x7546_5a4c => Some(expanded(data, most)),
        _ => None,
    }
}

fn expanded(data: &[u8], most: usize) -> Vec<u8> {
    let mut dictionary = [0_u8; DICTIONARY];
    dictionary[..BEGINNING.len()].copy_from_slice(BEGINNING);
    let mut at = BEGINNING.len();
    let mut out = Vec::new();
    let mut rest = data.iter().copied();
    let mut put = |byte: u8, at: &mut usize, dictionary: &mut [u8; DICTIONARY]| {
        out.push(byte);
        dictionary[*at] = byte;
        *at = (*at + 1) % DICTIONARY;
        out.len() >= most
    };
    'runs: while let Some(kinds) = rest.next() {
        for bit in 0..8 {
            if kinds & (1 << bit) == 0 {
                let Some(byte) = rest.next() else { break 'runs };
                if put(byte, &mut at, &mut dictionary) {
                    break 'runs;
                }
                continue;
            }
            let (Some(high), Some(low)) = (rest.next(), rest.next()) else {
                break 'runs;
            };
            let word = usize::from(u16::from_be_bytes([high, low]));
            let (from, len) = (word >> 4, (word & 0xf) + 2);
            // Where it would write next: the end.
            if from == at {
                break 'runs;
            }
            for step in 0..len {
                let byte = dictionary[(from + step) % DICTIONARY];
                if put(byte, &mut at, &mut dictionary) {
                    break 'runs;
                }
            }
        }
    }
    out
}

/// What a group that began inherits and gives back at its end.
#[derive(Clone, Copy)]
struct State {
    /// Its content is no text.
    aside: bool,
    /// Characters after a `\u` that stand for it in older readers.
    instead: usize,
}

/// The text of RTF, with `\n` line ends; `None`: it is no RTF.
///
/// Never panics; time and memory are linear in the input.
pub(crate) fn to_text(rtf: &[u8]) -> Option<String> {
    if !rtf.starts_with(b"{\\rtf") {
        return None;
    }
    let mut reader = Reader {
        rest: rtf,
        page: None,
        out: String::new(),
        bytes: Vec::new(),
        state: State {
            aside: false,
            instead: 1,
        },
        outer: Vec::new(),
        skip: 0,
        first: None,
        too_deep: 0,
    };
    reader.read();
    Some(reader.out)
}

struct Reader<'a> {
    rest: &'a [u8],
    /// The code page of characters that are octets.
    page: Option<u32>,
    out: String,
    /// Octets that wait to be read as characters together: some take two.
    bytes: Vec<u8>,
    state: State,
    outer: Vec<State>,
    /// Characters still to leave out after a `\u`.
    skip: usize,
    /// The first half of a character that UTF-16 has in two.
    first: Option<u16>,
    /// Groups that are open beyond those that are followed.
    too_deep: usize,
}

impl Reader<'_> {
    fn read(&mut self) {
        while let Some((&byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            match byte {
                b'{' => {
                    self.flush();
                    if self.outer.len() < MOST_DEEP {
                        self.outer.push(self.state);
                    } else {
                        self.too_deep += 1;
                    }
                }
                b'}' => {
                    self.flush();
                    self.skip = 0;
                    if self.too_deep > 0 {
                        self.too_deep -= 1;
                    } else if let Some(state) = self.outer.pop() {
                        self.state = state;
                    }
                    // What follows the last group is nothing.
                    if self.outer.is_empty() {
                        return;
                    }
                }
                b'\\' => self.control(),
                b'\r' | b'\n' | 0 => {}
                other => self.octet(other),
            }
        }
        self.flush();
    }

    fn control(&mut self) {
        let Some((&byte, rest)) = self.rest.split_first() else {
            return;
        };
        if !byte.is_ascii_alphabetic() {
            self.rest = rest;
            match byte {
                b'\'' => {
                    let code = self.rest.get(..2).and_then(decode::hex_pair);
                    self.rest = self.rest.get(2..).unwrap_or_default();
                    if let Some(code) = code {
                        self.octet(code);
                    }
                }
                // What follows is for readers that know it.
                b'*' => self.state.aside = true,
                b'~' => self.text("\u{a0}"),
                b'_' => self.text("-"),
                b'\r' | b'\n' => self.text("\n"),
                b'\\' | b'{' | b'}' => self.octet(byte),
                _ => {}
            }
            return;
        }
        let letters = self
            .rest
            .iter()
            .take(40)
            .take_while(|b| b.is_ascii_alphabetic())
            .count();
        let (word, rest) = self.rest.split_at(letters);
        let word = std::str::from_utf8(word).unwrap_or_default();
        let sign = usize::from(rest.first() == Some(&b'-'));
        let digits = rest
            .iter()
            .skip(sign)
            .take(10)
            .take_while(|b| b.is_ascii_digit())
            .count();
        let number = if digits == 0 {
            None
        } else {
            rest.get(..sign + digits)
                .and_then(|n| std::str::from_utf8(n).ok())
                .and_then(|n| n.parse::<i64>().ok())
        };
        let rest = rest
            .get(if digits == 0 { 0 } else { sign + digits }..)
            .unwrap_or_default();
        // One space ends the word and is no text.
        self.rest = rest.strip_prefix(b" ").unwrap_or(rest);
        self.word(word, number);
    }

    fn word(&mut self, word: &str, number: Option<i64>) {
        match word {
            "par" | "line" | "sect" | "page" | "row" => self.text("\n"),
            "tab" | "cell" => self.text("\t"),
            "emdash" => self.text("—"),
            "endash" => self.text("–"),
            "bullet" => self.text("•"),
            "lquote" => self.text("‘"),
            "rquote" => self.text("’"),
            "ldblquote" => self.text("“"),
            "rdblquote" => self.text("”"),
            "ansicpg" => self.page = number.and_then(|n| u32::try_from(n).ok()),
            "uc" => {
                self.state.instead = number
                    .and_then(|n| usize::try_from(n).ok())
                    .unwrap_or(1)
                    .min(9);
            }
            "u" => {
                if let Some(number) = number {
                    // Written as a signed number of 16 bits.
                    self.unit(number.rem_euclid(65_536) as u16);
                    self.skip = self.state.instead;
                }
            }
            "bin" => {
                let len = number.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
                self.rest = self.rest.get(len..).unwrap_or_default();
            }
            _ if ASIDE.contains(&word) => {
                self.flush();
                self.state.aside = true;
            }
            _ => {}
        }
    }

    /// Half of a character, or a whole one, of UTF-16.
    fn unit(&mut self, unit: u16) {
        self.flush();
        if self.state.aside {
            return;
        }
        let units = self.first.take().into_iter().chain([unit]);
        match unit {
            0xd800..=0xdbff => self.first = Some(unit),
            _ => self.out.extend(
                char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)),
            ),
        }
    }

    fn octet(&mut self, byte: u8) {
        if self.skip > 0 {
            self.skip -= 1;
        } else if !self.state.aside {
            self.bytes.push(byte);
        }
    }

    fn text(&mut self, text: &str) {
        self.flush();
        if self.skip > 0 {
            self.skip -= 1;
        } else if !self.state.aside {
            self.out.push_str(text);
        }
    }

    fn flush(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let charset = self
            .page
            .and_then(crate::tnef::charset)
            .unwrap_or("windows-1252");
        let text = decode::charset(Some(charset), &self.bytes);
        self.out.push_str(&text);
        self.bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of [MS-OXRTFCP], 4.1.1.
    const PACKED: [u8; 49] = [
        0x2d, 0x00, 0x00, 0x00, 0x2b, 0x00, 0x00, 0x00, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7,
        0xa7, 0x03, 0x00, 0x0a, 0x00, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a,
        0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09, 0x00, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d,
        0x0a, 0x80, 0x0f, 0xa0,
    ];

    #[test]
    fn the_example_of_the_standard_is_unpacked() {
        let rtf = unpacked(&PACKED).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&rtf),
            "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
        );
        assert_eq!(to_text(&rtf).as_deref(), Some("hello world"));
        assert_eq!(unpacked(b"PK\x03\x04"), None);
        assert_eq!(to_text(b"hello"), None);
    }

    #[test]
    fn text_comes_out_and_nothing_else_does() {
        for (rtf, text) in [
            (
                r"{\rtf1\ansi\ansicpg1251\deff0{\fonttbl{\f0 Arial;}}{\*\generator X;}\f0 \'cf\'f0\'e8\'e2\'e5\'f2\par}",
                "Привет\n",
            ),
            (r"{\rtf1 a\tab b\line c \{d\} \\ e}", "a\tb\nc {d} \\ e"),
            (
                r"{\rtf1\uc1 gr\u246?\u223 ?e \u-10179?\u-8704?}",
                "größe \u{1f600}",
            ),
            (r"{\rtf1{\info{\title secret}}shown{\pict 0102ff}}", "shown"),
            (r"{\rtf1\bin3 }}}after}", "after"),
            // Made from HTML: the tags stand aside, what is read does not.
            (
                r"{\rtf1\ansi\fromhtml1 {\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Dear all,\htmlrtf\par}\htmlrtf0 {\*\htmltag72 </p>}please restore it.}",
                "Dear all,\nplease restore it.",
            ),
        ] {
            assert_eq!(to_text(rtf.as_bytes()).as_deref(), Some(text), "{rtf}");
        }
    }

    #[test]
    fn hostile_ones_cost_little() {
        for rtf in [
            "{\\rtf1".to_owned() + &"{".repeat(1_000_000),
            "{\\rtf1".to_owned() + &"\\u1?".repeat(500_000),
            "{\\rtf1".to_owned() + &"\\'".repeat(1_000_000),
            "{\\rtf1".to_owned() + &"}".repeat(1_000_000),
        ] {
            assert!(to_text(rtf.as_bytes()).unwrap().len() <= rtf.len());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_panics_or_grows_beyond_the_limit(data in proptest::collection::vec(any::<u8>(), 0..300), size: u32, kind in proptest::sample::select(&[0x414c_454d_u32, 0x7546_5a4c][..])) {
            let mut packed = vec![0; 4];
            packed.extend(size.to_le_bytes());
            packed.extend(kind.to_le_bytes());
            packed.extend([0; 4]);
            packed.extend(&data);
            let out = unpacked(&packed).unwrap();
            // Two octets stand for 17 at most.
            prop_assert!(out.len() <= 9 * data.len());
            let text = to_text(&[b"{\\rtf1 ".as_slice(), &data].concat()).unwrap();
            prop_assert!(text.len() <= 4 * data.len() + 40);
        }
    }
}
