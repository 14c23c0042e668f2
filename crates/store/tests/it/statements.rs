//! Every statement in this crate's sources is one that both databases know.

use std::path::{Path, PathBuf};

use crate::desk::on_both;

const BEGINNINGS: [&str; 5] = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "];

struct Statement {
    file: PathBuf,
    text: String,
    /// `Some` for a statement that only one database is given, marked so in the source.
    only: Option<store::Dialect>,
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// String literals of a source file with what stands before each.
fn literals(source: &str) -> Vec<(String, String)> {
    let source = source.split("#[cfg(test)]").next().unwrap();
    let mut found = Vec::new();
    let mut before = String::new();
    let mut rest = source.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|c| *c != '\n').is_some() {},
            // A character, not a lifetime.
            '\'' => {
                let ahead: Vec<char> = rest.clone().take(12).collect();
                let end = match ahead.first() {
                    Some('\\') => ahead.iter().skip(2).position(|c| *c == '\'').map(|p| p + 2),
                    _ => (ahead.get(1) == Some(&'\'')).then_some(1),
                };
                for _ in 0..end.map_or(0, |end| end + 1) {
                    rest.next();
                }
            }
            '"' => {
                let mut text = String::new();
                while let Some(c) = rest.next() {
                    match c {
                        '"' => break,
                        '\\' => match rest.next() {
                            Some('\n') => while rest.next_if(|c| c.is_whitespace()).is_some() {},
                            Some('n') => text.push('\n'),
                            Some(c) => text.push(c),
                            None => {}
                        },
                        c => text.push(c),
                    }
                }
                found.push((std::mem::take(&mut before), text));
            }
            c => before.push(c),
        }
    }
    found
}

fn statements() -> Vec<Statement> {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    let mut found = Vec::new();
    for file in files {
        for (before, text) in literals(&std::fs::read_to_string(&file).unwrap()) {
            let before = before.trim_end();
            let complete = !before.ends_with("Sql::new(")
                && !before.ends_with("push(")
                && !before.ends_with("/* fragment */");
            let is_statement = BEGINNINGS.iter().any(|begin| {
                text.starts_with(begin) || text.starts_with(&begin.replace(' ', "\n"))
            });
            if complete && is_statement {
                let only = if before.ends_with("/* sqlite */") {
                    Some(store::Dialect::Sqlite)
                } else if before.ends_with("/* postgres */") {
                    Some(store::Dialect::Postgres)
                } else {
                    None
                };
                let file = file.clone();
                found.push(Statement { file, text, only });
            }
        }
    }
    found
}

#[test]
fn both_databases_know_every_statement() {
    let found = statements();
    // The scanner itself must not go blind.
    assert!(found.len() >= 30, "only {} statements found", found.len());
    assert!(
        found
            .iter()
            .any(|s| s.text.starts_with("SELECT doc FROM ticket"))
    );
    on_both(|fresh| {
        let mut unknown = Vec::new();
        for statement in &found {
            if statement
                .only
                .is_some_and(|only| only != fresh.db.dialect())
            {
                continue;
            }
            let text = statement.text.clone();
            if let Err(error) = fresh.db.write_blocking(move |conn| conn.check(&text)) {
                unknown.push(format!("{}: {error}", statement.file.display()));
            }
        }
        assert!(unknown.is_empty(), "{}", unknown.join("\n"));
    });
}

#[test]
fn the_scanner_sees_what_it_should() {
    let seen = literals(
        "f('\"', '\\'', \"SELECT 1\"); // \"no\"\n g::<'a>(/* sqlite */ \"a \\\n   b\\\"c\")",
    );
    let texts: Vec<_> = seen.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["SELECT 1", "a b\"c"]);
    assert!(seen[1].0.trim_end().ends_with("/* sqlite */"));
}
