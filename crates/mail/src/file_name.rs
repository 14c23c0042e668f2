//! Names of attachments, made safe to show, to store in an archive and to
//! offer for download. The storage key is never a name; this is for people.

use unicode_normalization::UnicodeNormalization as _;

use crate::words::{head, is_hidden};

/// Longest safe name, in octets.
const MAX_NAME: usize = 200;
/// Longest ending kept when a name is shortened, in octets with its dot.
const MAX_ENDING: usize = 20;
/// What a file is called that has no usable name.
const NAMELESS: &str = "attachment";

/// A file name without path, control, invisible or reordering characters,
/// without the characters that shells and Windows give a meaning, not a
/// reserved device name, at most 200 octets of UTF-8, and never empty.
pub fn safe(name: &str) -> String {
    // What is longer than this is cut anyway; the bound keeps NFC cheap.
    let name: String = name.chars().take(4 * MAX_NAME).collect();
    let base = name
        .rsplit(['/', '\\', '\u{2215}', '\u{ff0f}', '\u{ff3c}'])
        .find(|part| !part.trim().is_empty());
    let cleaned: String = base
        .unwrap_or_default()
        .nfc()
        .filter(|&c| {
            !c.is_control()
                && !is_hidden(c)
                && !matches!(
                    c,
                    '\u{2028}' | '\u{2029}' | '\u{200c}' | '\u{200d}' | '\u{fffd}'
                )
        })
        .map(|c| match c {
            '<' | '>' | ':' | '"' | '|' | '?' | '*' => '_',
            c if c.is_whitespace() => ' ',
            c => c,
        })
        .collect();
    // Leading dots hide a file, trailing dots and spaces are dropped by
    // Windows, which would change the ending.
    let trimmed = cleaned.trim_matches([' ', '.']);
    if trimmed.is_empty() {
        return NAMELESS.to_owned();
    }
    let named = if is_device(trimmed) {
        format!("_{trimmed}")
    } else {
        trimmed.to_owned()
    };
    shorten(&named)
}

/// A name for a part that has none: `attachment-2.png`.
pub(crate) fn for_part(number: usize, media_type: &str) -> String {
    let ending = match media_type {
        "image/png" => ".png",
        "image/jpeg" | "image/jpg" => ".jpg",
        "image/gif" => ".gif",
        "image/webp" => ".webp",
        "image/svg+xml" => ".svg",
        "application/pdf" => ".pdf",
        "application/zip" => ".zip",
        "application/json" => ".json",
        "application/pgp-signature" | "application/pgp-encrypted" => ".asc",
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => ".p7s",
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => ".p7m",
        "message/rfc822" | "message/global" => ".eml",
        "text/html" => ".html",
        "text/calendar" => ".ics",
        "text/csv" => ".csv",
        other if other.starts_with("text/") || other.starts_with("message/") => ".txt",
        _ => "",
    };
    format!("{NAMELESS}-{number}{ending}")
}

/// The device names of Windows, reserved with any ending.
fn is_device(name: &str) -> bool {
    let stem = name
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_ascii_lowercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| {
            let mut chars = rest.chars();
            matches!(
                (chars.next(), chars.next()),
                (Some('0'..='9' | '¹' | '²' | '³'), None)
            )
        })
    };
    matches!(
        stem.as_str(),
        "con" | "prn" | "aux" | "nul" | "conin$" | "conout$"
    ) || numbered("com")
        || numbered("lpt")
}

/// Cuts the stem, not the ending.
fn shorten(name: &str) -> String {
    if name.len() <= MAX_NAME {
        return name.to_owned();
    }
    let ending = name
        .rfind('.')
        .map(|dot| name.get(dot..).unwrap_or_default())
        .filter(|ending| ending.len() <= MAX_ENDING)
        .unwrap_or_default();
    let stem = head(name, MAX_NAME - ending.len());
    format!("{}{ending}", stem.trim_end_matches([' ', '.']))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_names() {
        for (written, shown) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\system32\\cmd.exe", "cmd.exe"),
            ("a/b/", "b"),
            ("..", "attachment"),
            ("", "attachment"),
            (" . ", "attachment"),
            (".htaccess", "htaccess"),
            ("nul", "_nul"),
            ("CON.txt", "_CON.txt"),
            ("com1.log", "_com1.log"),
            ("com10.log", "com10.log"),
            ("console.txt", "console.txt"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("a\u{200b}b\u{0}c\r\nd.txt", "abcd.txt"),
            ("a<b>:\"|?*.txt", "a_b______.txt"),
            ("evil.exe. . ", "evil.exe"),
            ("Übersicht 2026.csv", "Übersicht 2026.csv"),
            ("e\u{301}t\u{e9}.txt", "été.txt"),
        ] {
            assert_eq!(safe(written), shown, "{written:?}");
        }
    }

    #[test]
    fn long_names_keep_their_ending() {
        let name = safe(&format!("{}.tar.gz", "ü".repeat(2000)));
        assert!(name.len() <= MAX_NAME, "{}", name.len());
        let name = safe(&format!("{}.pdf", "ü".repeat(300)));
        assert!(name.len() <= MAX_NAME && name.ends_with("ü.pdf"), "{name}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn always_safe(name in r#"[a-z./\\:\u{0}-\u{1f}\u{202e}\u{200b} é😀con]{0,300}"#) {
            let name = safe(&name);
            prop_assert!(!name.is_empty() && name.len() <= MAX_NAME);
            prop_assert!(!name.contains(['/', '\\', '\0', ':']) && !name.starts_with('.') && !name.ends_with('.'));
            prop_assert!(!name.chars().any(|c| c.is_control() || is_hidden(c)));
            prop_assert_eq!(safe(&name), name);
        }
    }
}
