//! ARCHITECTURE.md, CONTRIBUTING.md, README.md and docs/ against the tree: what they name exists.

use std::fs;

use crate::source::{everything, files, root, shown};

fn document(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Every document of ours, by path.
fn documents() -> Vec<(String, String)> {
    let mut paths: Vec<String> = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]
        .map(String::from)
        .into();
    paths.extend(files("docs", ".md").iter().map(|p| shown(p)));
    paths
        .into_iter()
        .map(|p| (p.clone(), document(&p)))
        .collect()
}

/// What stands between single backticks, code blocks left out.
fn quoted(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

/// A path of this repository, or `None` when the words are something else. A part in capitals (`NOUN.rs`) stands for any name:
/// then its folder is what has to exist.
fn path_of(words: &str) -> Option<String> {
    let top = words.split('/').next()?;
    let known = ["crates", "bench", "docs", "tests", ".ci", "target"];
    if !known.contains(&top) || words.contains([' ', '*', '{', '<', '…']) || top == "target" {
        return None;
    }
    let shouted = |part: &&str| {
        let stem = part.split('.').next().unwrap_or_default();
        stem.len() > 1 && stem.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    };
    let parts: Vec<&str> = words.split('/').take_while(|part| !shouted(part)).collect();
    Some(parts.join("/"))
}

#[test]
fn every_file_that_a_document_names_exists() {
    let mut missing = Vec::new();
    for (name, text) in documents() {
        for path in quoted(&text).iter().filter_map(|words| path_of(words)) {
            if !root().join(&path).exists() {
                missing.push(format!("{name} names {path}"));
            }
        }
        // Markdown links to files, relative to the document.
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let target = link.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let folder = root().join(&name).parent().unwrap().to_owned();
            if !folder.join(target).exists() {
                missing.push(format!("{name} links to {target}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn architecture_names_every_crate() {
    let text = document("ARCHITECTURE.md");
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let name = format!(
            "`crates/{}`",
            entry.unwrap().file_name().into_string().unwrap()
        );
        assert!(text.contains(&name), "ARCHITECTURE.md does not name {name}");
    }
    assert!(text.contains("`bench`"));
}

#[test]
fn every_invariant_names_a_test_that_exists() {
    let text = document("ARCHITECTURE.md");
    let section = text
        .split("\n## ")
        .find(|s| s.starts_with("Invariants"))
        .expect("a section Invariants");
    let rows: Vec<&str> = section
        .lines()
        .filter(|l| l.starts_with("| ") && !l.starts_with("| what"))
        .collect();
    assert!(
        rows.len() >= 8,
        "the table of invariants has only {} rows",
        rows.len()
    );
    for row in rows {
        let held_by = row.trim_end_matches('|').rsplit('|').next().unwrap();
        assert!(
            tests_named(held_by, "ARCHITECTURE.md") > 0,
            "no test is named for: {row}"
        );
    }
}

/// How many tests the words name as `module::test`; each has to be there.
fn tests_named(words: &str, document: &str) -> usize {
    let sources = everything();
    let tests: Vec<String> = quoted(words)
        .into_iter()
        .filter(|q| q.contains("::"))
        .collect();
    for test in &tests {
        let (module, function) = test.rsplit_once("::").unwrap();
        let module = module.rsplit("::").next().unwrap();
        let there = sources.iter().any(|s| {
            let file = s.path.rsplit('/').next().unwrap_or_default();
            let folder = s.path.rsplit('/').nth(1).unwrap_or_default();
            (file == format!("{module}.rs") || folder == module)
                && fs::read_to_string(root().join(&s.path))
                    .unwrap()
                    .contains(&format!("fn {function}("))
        });
        assert!(there, "{document} names a test that is not there: {test}");
    }
    tests.len()
}

/// docs/mail-tests.md: every row of the bar has its tests, and they are there.
#[test]
fn every_promise_about_mail_names_a_test_that_exists() {
    let text = document("docs/mail-tests.md");
    let rows = text
        .lines()
        .filter(|l| l.starts_with("| ") && !l.starts_with("| bar"));
    let mut seen = 0;
    for row in rows {
        // "module::test" is the form, not a test.
        assert!(
            tests_named(row, "docs/mail-tests.md") > 0,
            "no test is named for: {row}"
        );
        seen += 1;
    }
    assert!(seen >= 14, "{seen}");
}

#[test]
fn recipes_take_at_most_five_steps() {
    let text = document("CONTRIBUTING.md");
    for wanted in [
        "an endpoint",
        "a job",
        "a mail rule",
        "a tracker",
        "a table",
    ] {
        let heading = format!("### How to add {wanted}\n");
        let (_, after) = text
            .split_once(&heading)
            .unwrap_or_else(|| panic!("CONTRIBUTING.md lacks {heading:?}"));
        let recipe = after.split("\n#").next().unwrap();
        let steps = recipe
            .lines()
            .filter(|l| {
                l.split_once(". ")
                    .is_some_and(|(n, _)| n.parse::<u8>().is_ok())
            })
            .count();
        assert!(
            (2..=5).contains(&steps),
            "adding {wanted} takes {steps} steps"
        );
    }
}

#[test]
fn readme_starts_with_what_it_is_and_how_to_run_it() {
    let text = document("README.md");
    let first_screen: String = text.lines().take(40).collect::<Vec<_>>().join("\n");
    for needed in [
        "# Switchboard",
        "docs/images/workspace.png",
        "cargo run --release -- demo",
        "./test",
    ] {
        assert!(
            first_screen.contains(needed),
            "README's first screen lacks {needed}"
        );
    }
}

#[test]
fn decisions_are_numbered_and_say_where_they_stand() {
    let decisions = files("docs/adr", ".md");
    assert!(!decisions.is_empty());
    for (i, path) in decisions.iter().enumerate() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(
            name.starts_with(&format!("{:04}-", i + 1)),
            "{name} is out of order"
        );
        let text = fs::read_to_string(path).unwrap();
        for section in ["Status:", "## Why", "## What follows"] {
            assert!(text.contains(section), "{name} lacks {section}");
        }
    }
}
