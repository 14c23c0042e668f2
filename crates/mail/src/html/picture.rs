//! The pictures of a sanitised mail: which there are, and where they are put
//! when somebody looks at it.
//!
//! What is stored never loads anything. Only the page that shows it gets
//! addresses, and only such as the caller gives: of files that came with that
//! mail, and of this desk's own way to another server.

use super::{REMOTE, is_cid, is_remote};

/// So many pictures of other servers are counted and shown for one mail; the
/// rest stays words.
pub const MOST_REMOTE: usize = 60;

/// A picture of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture<'a> {
    /// One that came with the mail, by its content id.
    Enclosed(&'a str),
    /// One on another server, by its place among those of this mail from 0, and
    /// its address.
    Remote(usize, &'a str),
}

/// Puts each picture where `place` says; one that has no place is named in
/// words. The rest of the HTML stays as it is.
pub fn placed(html: &str, mut place: impl FnMut(Picture<'_>) -> Option<String>) -> String {
    let mut out = String::with_capacity(html.len() + 64);
    let mut rest = html;
    let mut count = 0;
    while let Some(at) = rest.find("<img") {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        let (attributes, after) = attributes(tag.get(4..).unwrap_or_default());
        let get = |name: &str| {
            attributes
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| super::plain::decode(value))
        };
        let src = get("src").filter(|src| is_cid(src));
        let remote = get(REMOTE).filter(|url| is_remote(url));
        let address = match (&src, &remote) {
            (Some(src), _) => place(Picture::Enclosed(src.get(4..).unwrap_or_default())),
            (None, Some(url)) => {
                count += 1;
                let shown = count <= MOST_REMOTE;
                shown
                    .then(|| place(Picture::Remote(count - 1, url)))
                    .flatten()
            }
            (None, None) => None,
        };
        let alt = get("alt").unwrap_or_default();
        match address {
            Some(address) => {
                out.push_str("<img src=\"");
                escape(&mut out, &address);
                out.push('"');
                for (key, value) in &attributes {
                    if matches!(*key, "alt" | "title" | "width" | "height") {
                        out.push(' ');
                        out.push_str(key);
                        out.push_str("=\"");
                        escape(&mut out, &super::plain::decode(value));
                        out.push('"');
                    }
                }
                out.push('>');
            }
            // A picture without a name that is not there: nothing to say,
            // except that there would be more to see.
            None if src.is_some() && alt.trim().is_empty() => {}
            None => escape(&mut out, &named(&alt)),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The content ids that the HTML shows pictures of, and the addresses of those
/// on other servers; at most [`MOST_REMOTE`] of these.
pub fn pictures(html: &str) -> (Vec<String>, Vec<String>) {
    let (mut enclosed, mut remote) = (Vec::new(), Vec::new());
    placed(html, |picture| {
        match picture {
            Picture::Enclosed(id) => enclosed.push(id.to_owned()),
            Picture::Remote(_, url) => remote.push(url.to_owned()),
        }
        None
    });
    (enclosed, remote)
}

/// Whether `cid:` and this text mean the part with that content id (RFC 2392:
/// the address may be written with `%` and hexadecimal digits).
pub fn is_same_id(cid: &str, content_id: &str) -> bool {
    cid == content_id || (cid.contains('%') && unescaped(cid) == content_id.as_bytes())
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let value = digits
            .filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        match value {
            Some(value) if byte == b'%' => {
                out.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

/// A picture in words.
pub(super) fn named(alt: &str) -> String {
    match alt.trim() {
        "" => "[image]".to_owned(),
        alt => format!("[image: {alt}]"),
    }
}

/// The attributes behind `<img`, and what follows the tag. The sanitiser writes
/// each as `key="value"`; a value may have `>` in it.
fn attributes(tag: &str) -> (Vec<(&str, &str)>, &str) {
    let mut found = Vec::new();
    let mut rest = tag;
    loop {
        rest = rest.trim_start_matches([' ', '/']);
        if let Some(after) = rest.strip_prefix('>') {
            return (found, after);
        }
        let end = rest.find(['=', '>', ' ']).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        match after.strip_prefix("=\"").and_then(|v| v.split_once('"')) {
            Some((value, after)) => {
                found.push((key, value));
                rest = after;
            }
            None if after.is_empty() => return (found, ""),
            None => rest = after.trim_start_matches(['=', ' ']),
        }
    }
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{a0}' => out.push_str("&nbsp;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sanitise;
    use super::*;

    const MAIL: &str = "<p>a<img src=cid:logo%40x alt='Our > logo' width=20>b\
        <img src='https://t.example/a.png?x=1&amp;y=2' alt=Map>\
        <img src=cid:gone><img src=http://t.example/b.png></p>";

    #[test]
    fn each_picture_gets_its_place_or_is_named() {
        let safe = sanitise(MAIL);
        let shown = placed(&safe, |picture| match picture {
            Picture::Enclosed(id) if is_same_id(id, "logo@x") => Some("/pictures/1\"2".into()),
            Picture::Enclosed(_) => None,
            Picture::Remote(0, url) => {
                assert_eq!(url, "https://t.example/a.png?x=1&y=2");
                Some("/pictures/r0".into())
            }
            Picture::Remote(at, _) => {
                assert_eq!(at, 1);
                None
            }
        });
        assert_eq!(
            shown,
            "<p>a<img src=\"/pictures/1&quot;2\" alt=\"Our &gt; logo\" width=\"20\">b\
             <img src=\"/pictures/r0\" alt=\"Map\">[image]</p>"
        );
    }

    #[test]
    fn without_places_all_is_words() {
        let shown = placed(&sanitise(MAIL), |_| None);
        assert_eq!(shown, "<p>a[image: Our &gt; logo]b[image: Map][image]</p>");
    }

    #[test]
    fn pictures_are_counted() {
        let (enclosed, remote) = pictures(&sanitise(MAIL));
        assert_eq!(enclosed, ["logo%40x", "gone"]);
        assert_eq!(
            remote,
            ["https://t.example/a.png?x=1&y=2", "http://t.example/b.png"]
        );
        let many = sanitise(&"<img src=https://t.example/x>".repeat(500));
        assert_eq!(pictures(&many).1.len(), MOST_REMOTE);
    }

    #[test]
    fn a_content_id_may_be_escaped() {
        assert!(is_same_id("a%40b", "a@b"));
        assert!(is_same_id("100%", "100%"));
        assert!(is_same_id("a%2zb", "a%2zb"));
        assert!(!is_same_id("a%40b", "a%40c"));
        assert!(!is_same_id("a", "b"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever a mail says: only the addresses that were given are in it.
        #[test]
        fn no_other_address_is_loaded(pieces in proptest::collection::vec(prop_oneof![
            r"<img( (src|data-remote|alt|title|width|style|srcset)=(cid:[a-z]{1,3}|https?://[a-z]{1,4}/|['\x22]?[a-z> ]{0,6}['\x22]?|1)){0,4} ?/?>",
            r"</?(p|b|a|table|td|pre|svg|math|style)[^<]{0,6}>",
            r"[a-z<>&;'\x22= /]{0,12}",
        ], 0..16)) {
            let safe = sanitise(&pieces.concat());
            let shown = placed(&safe, |picture| match picture {
                Picture::Enclosed(_) => Some("/pictures/e".into()),
                Picture::Remote(at, _) => (at % 2 == 0).then(|| "/pictures/r".into()),
            });
            for tag in shown.split("<img").skip(1) {
                let (found, _) = attributes(tag);
                let addresses: Vec<_> = found
                    .iter()
                    .filter(|(key, _)| !matches!(*key, "alt" | "title" | "width" | "height"))
                    .collect();
                let ours = matches!(addresses.as_slice(), [("src", "/pictures/e" | "/pictures/r")]);
                prop_assert!(ours, "{}", shown);
            }
        }
    }
}
