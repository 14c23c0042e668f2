//! Rust files as the architecture tests see them: code without comments and strings, and the strings by themselves.

use std::fs;
use std::path::{Path, PathBuf};

/// The workspace root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Every file below `dir` (relative to the root) whose name ends in `ending`, sorted; build output and packages left out.
pub(crate) fn files(dir: &str, ending: &str) -> Vec<PathBuf> {
    fn walk(dir: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir() {
                if !matches!(name.as_str(), "target" | "node_modules" | ".git") {
                    walk(&entry.path(), ending, found);
                }
            } else if name.ends_with(ending) {
                found.push(entry.path());
            }
        }
    }
    let mut found = Vec::new();
    let dir = root().join(dir);
    if dir.is_dir() {
        walk(&dir, ending, &mut found);
    }
    found.sort();
    found
}

/// A path as it is written in the documents: relative to the root.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// One Rust file, taken apart.
pub(crate) struct Source {
    /// Relative to the root.
    pub(crate) path: String,
    /// The text with comments and the insides of strings blanked, line for line; test modules blanked too.
    pub(crate) code: String,
    /// Line and content of every string literal outside test modules.
    pub(crate) strings: Vec<(usize, String)>,
    /// How many lines stand before the first test module.
    pub(crate) product_lines: usize,
}

impl Source {
    fn read(path: &Path) -> Source {
        Source::parse(shown(path), &fs::read_to_string(path).unwrap())
    }

    fn parse(path: String, text: &str) -> Source {
        let (mut code, mut strings) = lex(text);
        let mut product_lines = text.lines().count();
        while let Some(span) = test_module(&code) {
            let line = |at: usize| code[..at].matches('\n').count() + 1;
            let (first, last) = (line(span.start), line(span.end));
            product_lines = product_lines.min(first - 1);
            strings.retain(|(at, _)| *at < first || *at > last);
            let blank = blanked(&code[span.clone()]);
            code.replace_range(span, &blank);
        }
        Source {
            path,
            code,
            strings,
            product_lines,
        }
    }

    /// The lines of code that contain one of `words`, as `path:line: the line`.
    pub(crate) fn lines_with(&self, words: &[&str]) -> Vec<String> {
        self.code
            .lines()
            .enumerate()
            .filter(|(_, line)| words.iter().any(|word| contains_word(line, word)))
            .map(|(i, line)| format!("{}:{}: {}", self.path, i + 1, line.trim()))
            .collect()
    }
}

/// The product code of one crate: everything below its `src`, test modules and test files left out.
pub(crate) fn product(krate: &str) -> Vec<Source> {
    files(&format!("crates/{krate}/src"), ".rs")
        .iter()
        .filter(|path| !is_test_file(path))
        .map(|path| Source::read(path))
        .collect()
}

/// Every Rust file of ours, the tests too.
pub(crate) fn everything() -> Vec<Source> {
    ["crates", "bench"]
        .iter()
        .flat_map(|dir| files(dir, ".rs"))
        .map(|path| Source::read(&path))
        .collect()
}

/// `tests.rs`, `thing_tests.rs` and whatever lies in a folder `tests`.
pub(crate) fn is_test_file(path: &Path) -> bool {
    let name = path
        .file_stem()
        .and_then(|s| s.to_str())
        .unwrap_or_default();
    name == "tests"
        || name.ends_with("_tests")
        || path.components().any(|c| c.as_os_str() == "tests")
}

/// `word` stands in `line` and is not the middle of a longer name.
fn contains_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(part) && word.starts_with(part);
        let after =
            line[at + word.len()..].chars().next().is_some_and(part) && word.ends_with(part);
        !before && !after
    })
}

fn blanked(text: &str) -> String {
    text.chars()
        .map(|c| if c == '\n' { '\n' } else { ' ' })
        .collect()
}

/// Where the next `#[cfg(test)] mod … { … }` stands, in text without strings and comments.
fn test_module(code: &str) -> Option<std::ops::Range<usize>> {
    for (start, mark) in code.match_indices("#[cfg(test)]") {
        let rest = &code[start + mark.len()..];
        let word = rest.trim_start();
        if !word.starts_with("mod ") {
            continue;
        }
        let body = start + mark.len() + rest.find(['{', ';'])?;
        if code[body..].starts_with(';') {
            continue;
        }
        let mut depth = 0;
        for (at, c) in code[body..].char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(start..body + at + 1);
            }
        }
        return Some(start..code.len());
    }
    None
}

/// Splits Rust text into code (everything else blanked, but for the quotes) and string literals with their lines.
fn lex(text: &str) -> (String, Vec<(usize, String)>) {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut strings = Vec::new();
    let mut line = 1;
    let mut i = 0;
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    while i < chars.len() {
        let c = chars[i];
        let next = chars.get(i + 1).copied();
        if c == '/' && next == Some('/') {
            while i < chars.len() && chars[i] != '\n' {
                code.push(' ');
                i += 1;
            }
        } else if c == '/' && next == Some('*') {
            let mut depth = 0;
            while i < chars.len() {
                let pair = (chars[i], chars.get(i + 1).copied());
                let step = match pair {
                    ('/', Some('*')) => {
                        depth += 1;
                        2
                    }
                    ('*', Some('/')) => {
                        depth -= 1;
                        2
                    }
                    _ => 1,
                };
                for &skipped in chars.iter().skip(i).take(step) {
                    line += usize::from(skipped == '\n');
                    code.push(if skipped == '\n' { '\n' } else { ' ' });
                }
                i += step;
                if depth == 0 {
                    break;
                }
            }
        } else if let Some(hashes) = raw_string(&chars, i, is_name) {
            while chars[i] != '"' {
                code.push(chars[i]);
                i += 1;
            }
            let close: Vec<char> = std::iter::once('"')
                .chain(std::iter::repeat_n('#', hashes))
                .collect();
            let (start, from) = (i + 1, line);
            let end = (start..chars.len())
                .find(|&at| chars[at..].starts_with(&close))
                .unwrap_or(chars.len());
            let inside: String = chars[start..end].iter().collect();
            line += inside.matches('\n').count();
            code.push('"');
            code.push_str(&blanked(&inside));
            code.extend(&close);
            strings.push((from, inside));
            i = end + close.len();
        } else if c == '"' {
            let from = line;
            let mut inside = String::new();
            i += 1;
            while i < chars.len() && chars[i] != '"' {
                if chars[i] == '\\' {
                    match chars.get(i + 1) {
                        // A backslash at the end of a line swallows the white space after it.
                        Some('\n') => inside.push('\n'),
                        Some('n') => inside.push('\n'),
                        Some(other) => inside.push(*other),
                        None => {}
                    }
                    line += usize::from(chars.get(i + 1) == Some(&'\n'));
                    i += 2;
                } else {
                    inside.push(chars[i]);
                    line += usize::from(chars[i] == '\n');
                    i += 1;
                }
            }
            code.push('"');
            code.extend(std::iter::repeat_n('\n', line - from));
            code.push('"');
            strings.push((from, inside));
            i += 1;
        } else if c == '\'' && (next == Some('\\') || chars.get(i + 2) == Some(&'\'')) {
            // A character; anything else after a single quote is a lifetime.
            i += if next == Some('\\') { 3 } else { 2 };
            while i < chars.len() && chars[i] != '\'' {
                i += 1;
            }
            code.push_str("' '");
            i += 1;
        } else {
            line += usize::from(c == '\n');
            code.push(c);
            i += 1;
        }
    }
    (code, strings)
}

/// How many `#` a raw string that starts here has.
fn raw_string(chars: &[char], at: usize, is_name: impl Fn(char) -> bool) -> Option<usize> {
    if at > 0 && is_name(chars[at - 1]) {
        return None;
    }
    let mut i = at;
    if matches!(chars.get(i), Some('b' | 'c')) {
        i += 1;
    }
    if chars.get(i) != Some(&'r') {
        return None;
    }
    let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
    (chars.get(i + 1 + hashes) == Some(&'"')).then_some(hashes)
}

#[test]
fn strings_and_comments_are_told_from_code() {
    let text = r###"
// .await in a comment
/* and /* nested */ std::fs */
fn f<'a>(x: &'a str) -> char { let q = '"'; let e = '\''; call("std::fs \" SELECT", r#"raw "std::net""#); q }
#[cfg(test)]
mod tests { fn g() { std::fs::read("SELECT 1 FROM x"); } }
"###;
    let source = Source::parse("x.rs".into(), text);
    assert_eq!(
        source.lines_with(&["std::fs", "std::net", ".await"]),
        Vec::<String>::new()
    );
    assert_eq!(source.lines_with(&["call("]).len(), 1);
    let strings: Vec<&str> = source.strings.iter().map(|(_, s)| s.as_str()).collect();
    assert_eq!(strings, ["std::fs \" SELECT", "raw \"std::net\""]);
    assert!(
        source.strings.iter().all(|(line, _)| *line == 4),
        "{:?}",
        source.strings
    );
    assert_eq!(source.code.lines().count(), text.lines().count());
    assert_eq!(source.product_lines, 4);
}

#[test]
fn a_word_is_not_found_inside_a_longer_one() {
    assert!(contains_word("use std::fs;", "std::fs"));
    assert!(!contains_word("use std::fsx;", "std::fs"));
    assert!(!contains_word("crate::gui::x", "ui::"));
    assert!(contains_word("crate::ui::x", "ui::"));
}
