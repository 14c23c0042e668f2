//! `winmail.dat`: the wrapping in which Outlook sometimes sends files and text
//! (TNEF, [MS-OXTNEF]; properties after [MS-OXCDATA] and [MS-OXPROPS]).
//!
//! A reader with hard limits: it follows the lengths in the stream, copies only
//! what it gives back, and that is never more than came in. Messages inside are
//! not opened, they are files. Of text that is there in Outlook's own format only
//! (packed RTF) the words are read, and not how they looked: the `winmail.dat` is
//! kept, and has that.

use crate::words::head;
use crate::{decode, rtf};

/// How the stream begins.
const SIGNATURE: [u8; 4] = [0x78, 0x9f, 0x3e, 0x22];

/// So many properties of one object are looked at; Outlook writes about 150.
const MOST_PROPERTIES: u32 = 2000;
/// Longest name, type or identifier that is read, in octets.
const MAX_WORD: usize = 2000;

// Attributes of the stream ([MS-OXTNEF] 2.1.3.3).
const BODY: u32 = 0x0002_800C;
const CODE_PAGE: u32 = 0x0006_9007;
const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const FILE_BEGINS: u32 = 0x0006_9002;
const FILE_TITLE: u32 = 0x0001_8010;
const FILE_DATA: u32 = 0x0006_800F;
const FILE_PROPERTIES: u32 = 0x0006_9005;

/// What was in a `winmail.dat`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// The text, where it is there as plain text; else, and where there is no HTML
    /// either, the words of its RTF.
    pub text: Option<String>,
    /// The HTML as it came, not yet made safe.
    pub html: Option<String>,
    /// The files, in order.
    pub files: Vec<UnpackedFile>,
    /// It ended where nobody would end it; what came before is given.
    pub broken: bool,
    /// There is text, and only in RTF that can not be read.
    pub unread: bool,
}

/// A file from within, as the sender described it: nothing is safe yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnpackedFile {
    /// Its name.
    pub name: Option<String>,
    /// Its type.
    pub media_type: Option<String>,
    /// What the HTML calls it in `cid:…`.
    pub content_id: Option<String>,
    /// The content.
    pub bytes: Vec<u8>,
}

/// Whether a file with this type and name may be a `winmail.dat`.
pub fn is_named_so(media_type: &str, name: &str) -> bool {
    matches!(
        media_type,
        "application/ms-tnef" | "application/vnd.ms-tnef"
    ) || name.eq_ignore_ascii_case("winmail.dat")
        || name.eq_ignore_ascii_case("win.dat")
}

/// Unpacks a `winmail.dat` of at most `most_files` files; `None`: it is none, or
/// has more.
///
/// Never panics; time and memory are linear in the input.
pub fn unpack(bytes: &[u8], most_files: usize) -> Option<Unpacked> {
    let rest = bytes.strip_prefix(&SIGNATURE)?;
    let mut stream = Stream {
        rest: rest.get(2..)?,
    };
    let mut found = Found::default();
    let broken = loop {
        if stream.rest.iter().all(|&b| b == 0) {
            break false;
        }
        let Some((attribute, data)) = stream.attribute() else {
            break true;
        };
        found.take(attribute, data);
        if found.files.len() > most_files {
            return None;
        }
    };
    Some(found.unpacked(broken))
}

/// Reads from the front; `None` where there is not enough.
#[derive(Clone, Copy)]
struct Stream<'a> {
    rest: &'a [u8],
}

impl<'a> Stream<'a> {
    fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    fn word(&mut self) -> Option<u16> {
        let bytes = self.bytes(2)?;
        Some(u16::from_le_bytes(bytes.try_into().ok()?))
    }

    fn long(&mut self) -> Option<u32> {
        let bytes = self.bytes(4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    }

    fn len(&mut self) -> Option<usize> {
        usize::try_from(self.long()?).ok()
    }

    /// So many octets and what fills them up to a multiple of four. What fills
    /// the last value up may be missing.
    fn padded(&mut self, len: usize) -> Option<&'a [u8]> {
        let taken = self.bytes(len)?;
        let fill = len.wrapping_neg() % 4;
        self.bytes(fill.min(self.rest.len()))?;
        Some(taken)
    }

    /// Which attribute, and its data. The checksum is not checked: programs
    /// get it wrong, and it proves nothing.
    fn attribute(&mut self) -> Option<(u32, &'a [u8])> {
        self.bytes(1)?;
        let attribute = self.long()?;
        let len = self.len()?;
        let data = self.bytes(len)?;
        self.bytes(2.min(self.rest.len()))?;
        Some((attribute, data))
    }
}

/// One property's value.
#[derive(Clone, Copy)]
enum Value<'a> {
    /// Text of one octet for each character, in the sender's code page.
    Narrow(&'a [u8]),
    /// UTF-16, little end first.
    Wide(&'a [u8]),
    Binary(&'a [u8]),
    Number(u32),
}

impl Value<'_> {
    fn text(self, charset: Option<&str>) -> Option<String> {
        let text = match self {
            Value::Wide(bytes) => wide(bytes),
            Value::Narrow(bytes) => decode::charset(charset, bytes),
            Value::Binary(_) | Value::Number(_) => return None,
        };
        let text = text.split('\0').next().unwrap_or_default();
        Some(text.to_owned())
    }

    fn word(self, charset: Option<&str>) -> Option<String> {
        let (Value::Narrow(bytes) | Value::Wide(bytes)) = self else {
            return None;
        };
        let bytes = bytes.get(..MAX_WORD).unwrap_or(bytes);
        let short = match self {
            Value::Wide(_) => Value::Wide(bytes),
            _ => Value::Narrow(bytes),
        };
        short.text(charset).filter(|text| !text.trim().is_empty())
    }
}

fn wide(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| {
        u16::from_le_bytes([
            pair.first().copied().unwrap_or(0),
            pair.get(1).copied().unwrap_or(0),
        ])
    });
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Calls `each` for the single-valued properties of a block; stops where it can
/// not be followed any more.
fn properties<'a>(data: &'a [u8], mut each: impl FnMut(u16, Value<'a>)) {
    let mut stream = Stream { rest: data };
    let count = stream.long().unwrap_or(0).min(MOST_PROPERTIES);
    for _ in 0..count {
        if property(&mut stream, &mut each).is_none() {
            return;
        }
    }
}

fn property<'a>(stream: &mut Stream<'a>, each: &mut impl FnMut(u16, Value<'a>)) -> Option<()> {
    let kind = stream.word()?;
    let id = stream.word()?;
    if id >= 0x8000 {
        // A property with a name: a GUID, then a number or a text.
        stream.bytes(16)?;
        if stream.long()? == 0 {
            stream.long()?;
        } else {
            let len = stream.len()?;
            stream.padded(len)?;
        }
    }
    let many = kind & 0x1000 != 0;
    let fixed = match kind & 0x0fff {
        // Short ones are filled up to four octets.
        0x0001 | 0x0002 | 0x0003 | 0x0004 | 0x000a | 0x000b => Some(4),
        0x0005 | 0x0006 | 0x0007 | 0x0014 | 0x0040 => Some(8),
        0x0048 => Some(16),
        0x000d | 0x001e | 0x001f | 0x0102 => None,
        _ => return None,
    };
    let values = match (fixed, many) {
        (Some(_), false) => 1,
        _ => stream.long()?,
    };
    for _ in 0..values {
        let value = match fixed {
            Some(4) => Value::Number(stream.long()?),
            Some(len) => Value::Binary(stream.bytes(len)?),
            None => {
                let len = stream.len()?;
                let bytes = stream.padded(len)?;
                match kind & 0x0fff {
                    0x001e => Value::Narrow(bytes),
                    0x001f => Value::Wide(bytes),
                    _ => Value::Binary(bytes),
                }
            }
        };
        if !many {
            each(id, value);
        }
    }
    Some(())
}

/// The code page of Windows as a character set's name.
pub(crate) fn charset(page: u32) -> Option<&'static str> {
    Some(match page {
        65001 => "utf-8",
        20127 | 1252 => "windows-1252",
        1250 => "windows-1250",
        1251 => "windows-1251",
        1253 => "windows-1253",
        1254 => "windows-1254",
        1255 => "windows-1255",
        1256 => "windows-1256",
        1257 => "windows-1257",
        1258 => "windows-1258",
        874 => "windows-874",
        932 => "shift_jis",
        936 => "gbk",
        949 => "euc-kr",
        950 => "big5",
        28591 => "iso-8859-1",
        28592 => "iso-8859-2",
        28605 => "iso-8859-15",
        20866 => "koi8-r",
        50220..=50222 => "iso-2022-jp",
        _ => return None,
    })
}

/// What was found, still where it lies in the input.
#[derive(Default)]
struct Found<'a> {
    page: Option<u32>,
    html_page: Option<u32>,
    body: Option<&'a [u8]>,
    text: Option<Value<'a>>,
    html: Option<Value<'a>>,
    /// RTF, packed.
    rich: Option<&'a [u8]>,
    files: Vec<File<'a>>,
}

#[derive(Default)]
struct File<'a> {
    title: Option<&'a [u8]>,
    long_name: Option<Value<'a>>,
    short_name: Option<Value<'a>>,
    shown_name: Option<Value<'a>>,
    media_type: Option<Value<'a>>,
    content_id: Option<Value<'a>>,
    data: Option<&'a [u8]>,
    object: Option<&'a [u8]>,
}

impl<'a> Found<'a> {
    fn take(&mut self, attribute: u32, data: &'a [u8]) {
        match attribute {
            CODE_PAGE => self.page = Stream { rest: data }.long(),
            BODY => self.body = Some(data),
            MESSAGE_PROPERTIES => properties(data, |id, value| match id {
                0x1000 => self.text = Some(value),
                0x1013 => self.html = Some(value),
                0x1009 => {
                    if let Value::Binary(packed) = value {
                        self.rich = Some(packed);
                    }
                }
                0x3fde => {
                    if let Value::Number(page) = value {
                        self.html_page = Some(page);
                    }
                }
                _ => {}
            }),
            FILE_BEGINS => self.files.push(File::default()),
            FILE_TITLE => self.file().title = Some(data),
            FILE_DATA => self.file().data = Some(data),
            FILE_PROPERTIES => {
                let file = self.file();
                properties(data, |id, value| match (id, value) {
                    (0x3707, _) => file.long_name = Some(value),
                    (0x3704, _) => file.short_name = Some(value),
                    (0x3001, _) => file.shown_name = Some(value),
                    (0x370e, _) => file.media_type = Some(value),
                    (0x3712, _) => file.content_id = Some(value),
                    (0x3701, Value::Binary(bytes)) => file.object = Some(bytes),
                    _ => {}
                });
            }
            _ => {}
        }
    }

    /// The file that is being described; some programs leave out its beginning.
    fn file(&mut self) -> &mut File<'a> {
        if self.files.is_empty() {
            self.files.push(File::default());
        }
        let last = self.files.len() - 1;
        &mut self.files[last]
    }

    fn unpacked(self, broken: bool) -> Unpacked {
        let charset = self.page.and_then(charset).or(Some("windows-1252"));
        let html_charset = self.html_page.and_then(self::charset).or(charset);
        let some = |text: String| Some(text).filter(|text| !text.trim().is_empty());
        let body = self.body.map(Value::Narrow);
        let text = self
            .text
            .and_then(|value| value.text(charset))
            .and_then(some)
            .or_else(|| body.and_then(|value| value.text(charset)).and_then(some));
        let html = match self.html {
            Some(Value::Binary(bytes)) => some(decode::charset(html_charset, bytes)),
            Some(value) => value.text(charset).and_then(some),
            None => None,
        };
        // Only where nothing else says it: its look is lost.
        let alone = text.is_none() && html.is_none();
        let rich = self.rich.filter(|_| alone).map(|packed| {
            rtf::unpacked(packed)
                .and_then(|rtf| rtf::to_text(&rtf))
                .and_then(some)
        });
        Unpacked {
            unread: matches!(rich, Some(None)),
            text: text.or(rich.flatten()),
            html,
            files: self
                .files
                .into_iter()
                .filter_map(|file| file.unpacked(charset))
                .collect(),
            broken,
        }
    }
}

impl File<'_> {
    fn unpacked(self, charset: Option<&str>) -> Option<UnpackedFile> {
        // Described and never given: nothing that anybody could open.
        let bytes = self.data.or(self.object)?.to_vec();
        let word = |value: Option<Value<'_>>| value.and_then(|value| value.word(charset));
        Some(UnpackedFile {
            name: word(self.long_name)
                .or_else(|| word(self.title.map(Value::Narrow)))
                .or_else(|| word(self.short_name))
                .or_else(|| word(self.shown_name)),
            media_type: word(self.media_type).map(|kind| head(&kind, 200).trim().to_lowercase()),
            content_id: word(self.content_id),
            bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tnef_sample::{Sample, attribute, properties as block, text_property};

    #[test]
    fn files_and_text_come_out() {
        let stream = Sample::new()
            .with(CODE_PAGE, &1251_u32.to_le_bytes())
            .with(BODY, b"\xcf\xf0\xe8\xe2\xe5\xf2\0")
            .file("LONGNA~1.TXT", b"what is in it")
            .with(
                FILE_PROPERTIES,
                &block(&[
                    text_property(0x3707, "long name \u{fc}.txt"),
                    text_property(0x370e, "Text/Plain"),
                    text_property(0x3712, "one@x"),
                ]),
            )
            .file("b.bin", b"\0\x01")
            .bytes();
        let unpacked = unpack(&stream, 10).unwrap();
        assert_eq!(unpacked.text.as_deref(), Some("Привет"));
        assert_eq!(
            unpacked.files,
            [
                UnpackedFile {
                    name: Some("long name ü.txt".into()),
                    media_type: Some("text/plain".into()),
                    content_id: Some("one@x".into()),
                    bytes: b"what is in it".to_vec(),
                },
                UnpackedFile {
                    name: Some("b.bin".into()),
                    bytes: b"\0\x01".to_vec(),
                    ..UnpackedFile::default()
                }
            ]
        );
        assert!(!unpacked.broken);
    }

    #[test]
    fn html_is_read_in_its_own_code_page() {
        // A property with a name has to be stepped over.
        let mut named = vec![0x03, 0, 0x00, 0x80];
        named.extend_from_slice(&[7; 16]);
        named.extend_from_slice(&1_u32.to_le_bytes());
        named.extend_from_slice(&6_u32.to_le_bytes());
        named.extend_from_slice(b"a\0b\0\0\0\0\0");
        named.extend_from_slice(&9_u32.to_le_bytes());
        // PidTagInternetCodepage, then the HTML as octets.
        let mut page = vec![0x03, 0, 0xde, 0x3f];
        page.extend_from_slice(&65001_u32.to_le_bytes());
        let mut html = vec![0x02, 0x01, 0x13, 0x10];
        html.extend_from_slice(&1_u32.to_le_bytes());
        html.extend_from_slice(&9_u32.to_le_bytes());
        html.extend_from_slice("<p>ü</p>".as_bytes());
        html.extend_from_slice(&[0; 3]);
        let block = block(&[named, page, html]);
        let stream = Sample::new().with(MESSAGE_PROPERTIES, &block).bytes();
        let unpacked = unpack(&stream, 10).unwrap();
        assert_eq!(unpacked.html.as_deref(), Some("<p>ü</p>"));
        assert_eq!(unpacked.text, None);
    }

    /// What Outlook sends where somebody chose its own format: the words, once.
    #[test]
    fn text_that_is_there_in_rtf_only_is_read() {
        let rtf = |packed: &[u8]| {
            let mut property = vec![0x02, 0x01, 0x09, 0x10];
            property.extend_from_slice(&1_u32.to_le_bytes());
            property.extend_from_slice(&u32::try_from(packed.len()).unwrap().to_le_bytes());
            property.extend_from_slice(packed);
            property.resize(property.len().next_multiple_of(4), 0);
            property
        };
        let plain = b"{\\rtf1\\ansi Dear all,\\par please restore it.}";
        let mut packed = vec![0, 0, 0, 0];
        packed.extend_from_slice(&u32::try_from(plain.len()).unwrap().to_le_bytes());
        packed.extend_from_slice(b"MELA\0\0\0\0");
        packed.extend_from_slice(plain);
        let one = |properties: &[Vec<u8>]| {
            let stream = Sample::new().with(MESSAGE_PROPERTIES, &block(properties));
            unpack(&stream.bytes(), 10).unwrap()
        };
        let unpacked = one(&[rtf(&packed)]);
        assert_eq!(
            unpacked.text.as_deref(),
            Some("Dear all,\nplease restore it.")
        );
        assert!(!unpacked.unread);
        // Where the text is there plainly, that is shown.
        let unpacked = one(&[text_property(0x1000, "plain"), rtf(&packed)]);
        assert_eq!(unpacked.text.as_deref(), Some("plain"));
        let unpacked = one(&[rtf(b"0123456789abcdefgh")]);
        assert_eq!((unpacked.text, unpacked.unread), (None, true));
    }

    #[test]
    fn what_breaks_off_gives_what_came_before() {
        let whole = Sample::new()
            .file("a.txt", b"first")
            .file("b.txt", b"second")
            .bytes();
        let cut = &whole[..whole.len() - 4];
        let unpacked = unpack(cut, 10).unwrap();
        assert!(unpacked.broken);
        assert_eq!(unpacked.files.len(), 1);
        // A length that nobody has.
        let mut lying = Sample::new().file("a.txt", b"first").bytes();
        lying.extend_from_slice(&[2]);
        lying.extend_from_slice(&FILE_DATA.to_le_bytes());
        lying.extend_from_slice(&u32::MAX.to_le_bytes());
        let unpacked = unpack(&lying, 10).unwrap();
        assert!(unpacked.broken);
        assert_eq!(unpacked.files.len(), 1);
    }

    #[test]
    fn what_is_none_or_too_much_is_left_alone() {
        assert_eq!(unpack(b"", 10), None);
        assert_eq!(unpack(b"PK\x03\x04", 10), None);
        assert_eq!(unpack(&SIGNATURE, 10), None);
        let mut many = Sample::new();
        for _ in 0..11 {
            many = many.file("a", b"");
        }
        assert_eq!(unpack(&many.clone().bytes(), 10), None);
        assert_eq!(unpack(&many.bytes(), 11).unwrap().files.len(), 11);
    }

    #[test]
    fn it_is_known_by_type_or_name() {
        assert!(is_named_so("application/ms-tnef", "x"));
        assert!(is_named_so("application/octet-stream", "WINMAIL.DAT"));
        assert!(!is_named_so("application/octet-stream", "data.dat"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever follows the signature: no panic, and no more comes out
        /// than went in.
        #[test]
        fn nothing_grows(attributes in proptest::collection::vec((
            prop_oneof![
                proptest::sample::select(&[BODY, CODE_PAGE, MESSAGE_PROPERTIES, FILE_BEGINS, FILE_TITLE, FILE_DATA, FILE_PROPERTIES][..]),
                any::<u32>(),
            ],
            proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(0x1e), Just(0x1f), Just(0x10), Just(0x37), any::<u8>()], 0..80),
        ), 0..12), cut in 0_usize..40) {
            let mut stream = SIGNATURE.to_vec();
            stream.extend_from_slice(&[1, 0]);
            for (id, data) in &attributes {
                attribute(&mut stream, *id, data);
            }
            stream.truncate(stream.len().saturating_sub(cut).max(6));
            let unpacked = unpack(&stream, 100).unwrap();
            let out: usize = unpacked.files.iter().map(|file| file.bytes.len()).sum();
            prop_assert!(out <= stream.len());
            prop_assert!(unpacked.text.map_or(0, |text| text.len()) <= 3 * stream.len());
            prop_assert!(unpacked.html.map_or(0, |html| html.len()) <= 3 * stream.len());
        }
    }
}
