//! Every message of the public test suites, through the whole crate.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mail::{Address, Limits, OwnAddresses, ThreadKeys, Verdict};

/// The folder of real mail: `SWITCHBOARD_MAIL_CORPUS`, else beside the project.
/// `None` is said aloud, and is an error where `REQUIRE_CORPUS=1`.
pub(crate) fn folder() -> Option<PathBuf> {
    let given = std::env::var_os("SWITCHBOARD_MAIL_CORPUS").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/mail");
    let folder = given.unwrap_or(beside);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var("REQUIRE_CORPUS").as_deref() != Ok("1"),
        "the mail corpus is required and not at {}",
        folder.display()
    );
    eprintln!("SKIPPED: no mail corpus at {}", folder.display());
    None
}

/// All files that are messages: not the read-mes, licences, expected results
/// and fragments of text that lie beside them.
pub(crate) fn messages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if is_message(&path) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn is_message(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy().to_lowercase();
    let replies = path.components().any(|part| part.as_os_str() == "replies");
    let ending = path
        .extension()
        .map(|e| e.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    let other = ["json", "golden", "html", "png", "md"].contains(&ending.as_str());
    let about =
        name.starts_with("readme") || name.starts_with("copying") || name.starts_with("license");
    !other && !about && (!replies || ending == "eml")
}

fn own() -> OwnAddresses {
    OwnAddresses {
        instance: "corpus".to_owned(),
        domains: vec!["desk.example.org".to_owned()],
        desks: vec![Address::parse("desk@desk.example.org").unwrap()],
    }
}

/// Whether there are words below the header, judged by lines alone and not by
/// the reader under test.
fn has_words(raw: &[u8]) -> bool {
    let text = String::from_utf8_lossy(raw).replace("\r\n", "\n");
    let body = text.split_once("\n\n").map_or("", |(_, body)| body);
    let lines = body
        .lines()
        .filter(|line| !line.starts_with("--") && !line.starts_with("Content-"));
    lines
        .flat_map(str::chars)
        .filter(|c| c.is_alphanumeric())
        .count()
        > 20
}

#[test]
fn every_message_ends_somewhere() {
    let Some(folder) = folder() else { return };
    let keys = ThreadKeys::new(
        *b"0123456789abcdef",
        Address::parse("desk@desk.example.org").unwrap(),
    )
    .unwrap();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let (mut accepted, mut suppressed, mut quarantined) = (0, 0, 0);
    let mut blank = Vec::new();
    let mut slowest = (Duration::ZERO, PathBuf::new());
    let files = messages(&folder);
    for path in &files {
        let raw = std::fs::read(path).unwrap();
        // As IMAP delivers it, as a pipe does, and as an old Macintosh wrote it.
        let lf: Vec<u8> = raw.iter().copied().filter(|&b| b != b'\r').collect();
        let started = Instant::now();
        let outcome = mail::parse(&raw, &Limits::default());
        let took = started.elapsed();
        if took > slowest.0 {
            slowest = (took, path.clone());
        }
        let word = match &outcome {
            Err(quarantine) => {
                quarantined += 1;
                format!("quarantine {}", quarantine.reason.code())
            }
            Ok(incoming) => {
                let _ = mail::ticket_of(incoming, &keys);
                let _ = mail::sender_proof(incoming, Some("example.org"), None);
                let trimmed = mail::trim_reply(&incoming.text);
                assert!(trimmed.visible.len() <= incoming.text.len());
                if let Some(html) = &incoming.html {
                    assert_eq!(
                        mail::sanitise(html),
                        *html,
                        "not a fixpoint: {}",
                        path.display()
                    );
                }
                for part in &incoming.attachments {
                    assert_eq!(
                        mail::file_name::safe(&part.name),
                        part.name,
                        "{}",
                        path.display()
                    );
                }
                match mail::verdict(incoming, &own()) {
                    Verdict::Accept { automatic } => {
                        accepted += 1;
                        if incoming.text.trim().is_empty() {
                            assert!(
                                incoming.defects.iter().any(|d| d.starts_with("no text")),
                                "no reason: {}",
                                path.display()
                            );
                            if has_words(&raw) && incoming.attachments.is_empty() {
                                blank.push(path.clone());
                            }
                        }
                        format!("accept {}", automatic.unwrap_or_default())
                    }
                    Verdict::Suppress { reason, .. } => {
                        suppressed += 1;
                        format!("suppress {}", reason.code())
                    }
                    Verdict::Quarantine(quarantine) => {
                        quarantined += 1;
                        format!("quarantine {}", quarantine.reason.code())
                    }
                }
            }
        };
        if let (Ok(one), Ok(other)) = (&outcome, mail::parse(&lf, &Limits::default())) {
            assert_eq!(one.subject, other.subject, "{}", path.display());
            assert_eq!(one.from, other.from, "{}", path.display());
            assert_eq!(
                one.attachments.len(),
                other.attachments.len(),
                "{}",
                path.display()
            );
        }
        let mac: Vec<u8> = lf
            .iter()
            .map(|&b| if b == b'\n' { b'\r' } else { b })
            .collect();
        let _ = mail::parse(&mac, &Limits::default());
        if std::env::var_os("VERBOSE_CORPUS").is_some() {
            eprintln!("{word}\t{}", path.strip_prefix(&folder).unwrap().display());
        }
        *counts.entry(word).or_default() += 1;
    }
    for path in &blank {
        eprintln!("no text of {}", path.display());
    }
    for (word, count) in &counts {
        eprintln!("{count:5} {word}");
    }
    eprintln!(
        "{} messages: {accepted} accepted, {suppressed} suppressed, {quarantined} quarantined; {} lost their text; slowest {:?} {}",
        files.len(),
        blank.len(),
        slowest.0,
        slowest.1.display()
    );
    assert_eq!(accepted + suppressed + quarantined, files.len());
    assert!(files.len() > 400, "the corpus is smaller than expected");
    assert!(blank.len() * 200 <= accepted, "text lost: {blank:#?}");
    assert!(accepted * 10 >= files.len() * 6, "too few accepted");
}

/// The same messages, read by the library's own message reader, which knows
/// other tricks: where both find a subject, a sender and text, they agree.
#[test]
fn another_reader_agrees() {
    let Some(folder) = folder() else { return };
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (mut compared, mut same) = (0, 0);
    for path in messages(&folder) {
        let raw = std::fs::read(&path).unwrap();
        let (Ok(ours), Some(theirs)) = (
            mail::parse(&raw, &Limits::default()),
            mail_parser::MessageParser::default().parse(&raw),
        ) else {
            continue;
        };
        compared += 1;
        let mut differences = Vec::new();
        let subject = squeeze(theirs.subject().unwrap_or_default());
        if squeeze(&ours.subject) != squeeze(&subject.chars().take(500).collect::<String>()) {
            differences.push(format!("subject {:?} {subject:?}", ours.subject));
        }
        let from = theirs
            .from()
            .and_then(|from| from.first())
            .and_then(|from| from.address())
            .unwrap_or_default()
            .to_lowercase();
        let own = ours
            .from
            .as_ref()
            .map(|from| from.address.to_string())
            .unwrap_or_default();
        if own != from {
            differences.push(format!("from {own:?} {from:?}"));
        }
        let plain = theirs.text_body.iter().all(|&part| {
            matches!(
                theirs.parts[part as usize].body,
                mail_parser::PartType::Text(_)
            )
        });
        let text: Vec<_> = (0..theirs.text_body_count())
            .filter_map(|at| theirs.body_text(at))
            .collect();
        let text = squeeze(&text.join("\n"));
        if plain && squeeze(&ours.text) != text {
            differences.push(format!("text\n   {:?}\n   {text:?}", squeeze(&ours.text)));
        }
        if ours.attachments.len() != theirs.attachment_count() {
            differences.push(format!(
                "files {:?} {:?}",
                ours.attachments
                    .iter()
                    .map(|p| (&p.name, &p.media_type))
                    .collect::<Vec<_>>(),
                theirs.attachment_count()
            ));
        }
        if differences.is_empty() {
            same += 1;
        } else if std::env::var_os("VERBOSE_CORPUS").is_some() {
            eprintln!(
                "{}: {}",
                path.strip_prefix(&folder).unwrap().display(),
                differences
                    .join("\n  ")
                    .chars()
                    .take(900)
                    .collect::<String>()
            );
        }
    }
    eprintln!("{same} of {compared} messages read alike by both readers");
    assert!(same * 100 >= compared * 80, "{same} of {compared}");
}
