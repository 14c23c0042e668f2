//! Reply trimming on replies of real mail programs.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::corpus;

/// The share of exact matches that was reached, in percent. A floor: lower
/// means that something got worse.
const REACHED: usize = 95;

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn replies_match_what_people_expect() {
    let Some(folder) = corpus::folder() else {
        return;
    };
    let replies = folder.join("replies/discourse");
    let mut files: Vec<_> = std::fs::read_dir(replies.join("emails"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut right = 0;
    for path in &files {
        let expected =
            std::fs::read_to_string(replies.join("trimmed").join(path.file_name().unwrap()))
                .unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let trimmed = mail::trim_reply(&text);
        if squeeze(&trimmed.visible) == squeeze(&expected) {
            right += 1;
        } else {
            eprintln!(
                "{}:\n--- expected\n{expected}\n--- got\n{}\n",
                path.display(),
                trimmed.visible
            );
        }
    }
    eprintln!("{right} of {} replies trimmed as expected", files.len());
    assert!(
        right * 100 >= files.len() * REACHED,
        "{right} of {}",
        files.len()
    );
}

/// Replies as whole mails, each from another program, all saying "Hello".
#[test]
fn replies_of_many_programs_come_down_to_what_was_written() {
    let Some(folder) = corpus::folder() else {
        return;
    };
    let mut seen = 0;
    for entry in std::fs::read_dir(folder.join("replies/talon/standard_replies")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "eml") {
            continue;
        }
        let raw = std::fs::read(&path).unwrap();
        let mail = mail::parse(&raw, &mail::Limits::default()).unwrap();
        let trimmed = mail::trim_reply(&mail.text);
        assert_eq!(
            trimmed.visible.trim(),
            "Hello",
            "{}:\n{}",
            path.display(),
            mail.text
        );
        seen += 1;
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn no_reply_takes_long() {
    let Some(folder) = corpus::folder() else {
        return;
    };
    for set in ["replies/github", "replies/discourse/emails"] {
        for entry in std::fs::read_dir(folder.join(set)).unwrap() {
            let path = entry.unwrap().path();
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            within_limit(&text, &path);
        }
    }
}

#[test]
fn hostile_replies_take_no_longer() {
    for (name, unit) in [
        ("quotes", "> > > a\n"),
        ("nested", ">"),
        ("on", "On 2 Jan 2026 at 10:00, "),
        ("on lines", "On 2 Jan 2026, <a@b\n"),
        ("dashes", "--\n"),
        ("one rule", "-"),
        ("spaces", " "),
        ("headers", "From: a\n"),
        ("fences", "```\n"),
        ("wrote", "wrote "),
        ("verbs", "On wrote\n"),
        ("stars", "*"),
        ("mixed", "From: a\nTo: b\n> c\n\n"),
    ] {
        let text = unit.repeat(1_000_000 / unit.len());
        within_limit(&text, Path::new(name));
    }
}

/// 50 ms for a mebibyte in an optimised build. Otherwise only what is worse
/// than linear shows.
fn within_limit(text: &str, path: &Path) {
    let started = Instant::now();
    let trimmed = mail::trim_reply(text);
    let took = started.elapsed();
    assert!(trimmed.visible.len() <= text.len());
    if took > Duration::from_millis(20) {
        eprintln!("{}: {took:?}", path.display());
    }
    let per_mebibyte = Duration::from_millis(if cfg!(debug_assertions) { 8000 } else { 50 });
    assert!(took < per_mebibyte, "{}: {took:?}", path.display());
}

#[test]
fn answers_between_the_lines_stay() {
    let mail = "Hi,\n\nOn Mon, 2 Mar 2026 at 10:11, Ada <ada@example.org> wrote:\n> Is it down?\n\nYes, since noon.\n\n> And the other?\n\nNo.\n-- \nGrace\n";
    let trimmed = mail::trim_reply(mail);
    assert_eq!(
        trimmed.visible,
        "Hi,\n\n> Is it down?\n\nYes, since noon.\n\n> And the other?\n\nNo."
    );
    assert!(trimmed.elided.unwrap().contains("Grace"));
}

#[test]
fn a_plain_mail_is_left_alone() {
    for mail in [
        "The job wrote:\n\n  error 12\n\nand stopped.",
        "On monday the disk was full.\n\nOn tuesday too.",
        "From: the cluster\nwe see errors since 10:30",
        "Results\n=======\n\nall bad\n\n---\n\nmore below\nand more",
    ] {
        let trimmed = mail::trim_reply(mail);
        assert_eq!(trimmed.visible, mail);
        assert_eq!(trimmed.elided, None);
    }
    assert_eq!(mail::trim_reply(""), mail::Trimmed::default());
}
