//! Bounces of real mail systems. Which ones is up to whoever runs it: a folder named by
//! `SWITCHBOARD_BOUNCES`, with one mail in each file and nothing but bounces in it. The
//! figures that stand in `bench/README.md` are of the `maildir` of sisimai/set-of-emails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mail::{Limits, OwnAddresses, SuppressReason, Verdict};

/// The share that has to be known as bounces, in percent (bar M-03).
const REACHED: usize = 98;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            let inside = std::fs::read_dir(&path).unwrap();
            todo.extend(inside.map(|entry| entry.unwrap().path()));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn bounces_of_real_mail_systems_are_known_as_such_and_none_is_answered() {
    let Some(folder) = std::env::var_os("SWITCHBOARD_BOUNCES") else {
        eprintln!("SKIPPED: SWITCHBOARD_BOUNCES names no folder of bounces");
        return;
    };
    let folder = PathBuf::from(folder);
    let own = OwnAddresses::default();
    let mut words: BTreeMap<String, usize> = BTreeMap::new();
    let (mut bounces, mut answered, mut all) = (0, Vec::new(), 0);
    for path in files(&folder) {
        let raw = std::fs::read(&path).unwrap();
        all += 1;
        let word = match mail::parse(&raw, &Limits::default()) {
            Err(quarantine) => format!("set aside: {}", quarantine.reason.code()),
            Ok(read) => match mail::verdict(&read, &own) {
                Verdict::Suppress { reason, bounce } => {
                    bounces += usize::from(reason == SuppressReason::Bounce);
                    let told = bounce.is_some_and(|b| b.original_message_id.is_some());
                    let more = if told { ", and which mail it was" } else { "" };
                    format!("{}{more}", reason.code())
                }
                Verdict::Quarantine(quarantine) => {
                    format!("set aside: {}", quarantine.reason.code())
                }
                Verdict::Accept { automatic } => {
                    if automatic.is_none() {
                        answered.push(path.clone());
                    }
                    format!("an entry ({})", automatic.unwrap_or("a person's"))
                }
            },
        };
        if !word.starts_with("bounce") {
            eprintln!("{word}\t{}", path.strip_prefix(&folder).unwrap().display());
        }
        *words.entry(word).or_default() += 1;
    }
    for (word, count) in &words {
        eprintln!("{count:5} {word}");
    }
    eprintln!(
        "{bounces} of {all} known as bounces: {:.2} %; {} would be answered",
        bounces as f64 * 100.0 / all as f64,
        answered.len()
    );
    assert!(all >= 100, "only {all} mails in {}", folder.display());
    assert!(bounces * 100 >= all * REACHED, "{bounces} of {all}");
    assert!(
        answered.len() * 100 <= all * (100 - REACHED),
        "{answered:#?}"
    );
}
