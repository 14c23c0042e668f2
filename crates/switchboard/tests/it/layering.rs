//! What each crate may do. The rules stand in ARCHITECTURE.md with the names of these tests.

use std::collections::BTreeSet;
use std::fs;

use crate::source::{Source, everything, files, is_test_file, product, root, shown};

/// Every crate and the crates of ours that it may build on. Tests may use `testkit` besides.
const MAY_USE: [(&str, &[&str]); 8] = [
    ("core", &[]),
    ("mail", &["switchboard-core"]),
    ("store", &["switchboard-core"]),
    ("connect", &["switchboard-core"]),
    ("desk", &["switchboard-core", "mail", "store", "connect"]),
    ("web", &["switchboard-core", "desk", "store"]),
    (
        "switchboard",
        &[
            "switchboard-core",
            "mail",
            "store",
            "connect",
            "desk",
            "web",
        ],
    ),
    (
        "testkit",
        &[
            "switchboard-core",
            "mail",
            "store",
            "connect",
            "desk",
            "web",
        ],
    ),
];

fn manifest(path: &str) -> toml::Table {
    fs::read_to_string(root().join(path))
        .unwrap()
        .parse()
        .unwrap()
}

/// The names under `[dependencies]` (or another section) of a crate.
fn dependencies(krate: &str, section: &str) -> BTreeSet<String> {
    let manifest = manifest(&format!("crates/{krate}/Cargo.toml"));
    manifest
        .get(section)
        .and_then(|s| s.as_table())
        .map(|s| s.keys().cloned().collect())
        .unwrap_or_default()
}

/// Says where, and what to do instead.
fn none(found: Vec<String>, instead: &str) {
    assert!(found.is_empty(), "{instead}:\n{}", found.join("\n"));
}

fn in_product(krates: &[&str], words: &[&str]) -> Vec<String> {
    krates
        .iter()
        .flat_map(|krate| product(krate))
        .flat_map(|source| source.lines_with(words))
        .collect()
}

#[test]
fn crates_use_only_those_below_them() {
    let ours: BTreeSet<String> = [
        "switchboard-core",
        "mail",
        "store",
        "connect",
        "desk",
        "web",
        "testkit",
        "switchboard",
        "bench",
    ]
    .map(String::from)
    .into();
    let folders: BTreeSet<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        folders,
        MAY_USE.iter().map(|(name, _)| (*name).to_owned()).collect(),
        "a new crate needs a row in MAY_USE and in ARCHITECTURE.md"
    );
    for (krate, allowed) in MAY_USE {
        for used in dependencies(krate, "dependencies").intersection(&ours) {
            assert!(
                allowed.contains(&used.as_str()),
                "{krate} may not depend on {used}"
            );
        }
        for used in dependencies(krate, "dev-dependencies").intersection(&ours) {
            assert!(
                used == "testkit" || allowed.contains(&used.as_str()),
                "the tests of {krate} may not use {used}"
            );
        }
    }
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    for path in files("crates", "Cargo.toml")
        .iter()
        .chain(&files("bench", "Cargo.toml"))
    {
        let lints = manifest(&shown(path))
            .get("lints")
            .and_then(|l| l.get("workspace"))
            .and_then(toml::Value::as_bool);
        assert_eq!(
            lints,
            Some(true),
            "{} lacks [lints] workspace = true",
            shown(path)
        );
    }
    let unsafe_code = &manifest("Cargo.toml")["workspace"]["lints"]["rust"]["unsafe_code"];
    assert_eq!(unsafe_code.as_str(), Some("forbid"));
}

#[test]
fn core_and_mail_do_no_io() {
    let forbidden = [
        "async-trait",
        "axum",
        "futures",
        "futures-util",
        "getrandom",
        "hyper",
        "ldap3",
        "mio",
        "object_store",
        "postgres",
        "rand",
        "reqwest",
        "rusqlite",
        "socket2",
        "sqlx",
        "tempfile",
        "tokio",
        "tokio-postgres",
        "tokio-stream",
        "tower",
        "tower-http",
        "tracing",
        "ureq",
        "walkdir",
    ];
    for krate in ["core", "mail"] {
        for used in dependencies(krate, "dependencies") {
            assert!(
                !forbidden.contains(&used.as_str()),
                "{krate} is pure and may not depend on {used}"
            );
        }
    }
    let words = [
        "std::fs",
        "std::net",
        "std::process",
        "std::env",
        "std::thread",
        "std::os",
        "File::open",
        "stdin()",
        "stdout()",
        "stderr()",
        "println!",
        "eprintln!",
        "SystemTime::now",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "now_v7",
        "new_v4",
        "getrandom",
        "async fn",
        "async move",
        ".await",
        "SmtpTransport",
        "lettre::transport",
    ];
    none(
        in_product(&["core", "mail"], &words),
        "pass in what the function needs to know",
    );
    let grouped: Vec<String> = ["core", "mail"]
        .iter()
        .flat_map(|k| product(k))
        .flat_map(|s| std_groups(&s))
        .collect();
    none(grouped, "pass in what the function needs to know");
}

/// `use std::{fs, io}` and its like, which the plain search does not see.
fn std_groups(source: &Source) -> Vec<String> {
    source
        .code
        .match_indices("use std::{")
        .filter(|(at, start)| {
            let inside = &source.code[at + start.len()..];
            let inside = &inside[..inside.find(';').unwrap_or(inside.len())];
            inside
                .split([',', '{', '}', ':', ' ', '\n'])
                .any(|name| ["fs", "net", "process", "env", "thread", "os"].contains(&name))
        })
        .map(|(at, _)| {
            format!(
                "{}:{}",
                source.path,
                source.code[..at].matches('\n').count() + 1
            )
        })
        .collect()
}

#[test]
fn only_store_contains_sql() {
    let mut found = Vec::new();
    for krate in [
        "core",
        "mail",
        "connect",
        "desk",
        "web",
        "switchboard",
        "testkit",
    ] {
        for source in product(krate) {
            let sql = source.strings.iter().filter(|(_, text)| is_sql(text));
            found.extend(sql.map(|(line, text)| {
                format!(
                    "{}:{line}: {}",
                    source.path,
                    text.split_whitespace().collect::<Vec<_>>().join(" ")
                )
            }));
        }
    }
    found.extend(
        ["crates", "tests"]
            .iter()
            .flat_map(|dir| files(dir, ".sql"))
            .map(|p| shown(&p))
            .filter(|p| !p.starts_with("crates/store/")),
    );
    none(
        found,
        "a statement belongs into crates/store, beside the others of its noun",
    );
    for krate in ["core", "mail", "connect", "desk", "web", "switchboard"] {
        for used in dependencies(krate, "dependencies") {
            assert!(
                !["rusqlite", "postgres", "tokio-postgres"].contains(&used.as_str()),
                "{krate} may not depend on {used}"
            );
        }
    }
}

/// The text starts like a statement, or like the end of one. Creating a database for a test is not meant.
fn is_sql(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some(first) = words.first() else {
        return false;
    };
    // A sentence starts with one capital; a statement is written in one case.
    if first.to_uppercase() != *first && first.to_lowercase() != *first {
        return false;
    }
    let upper: Vec<String> = words.iter().map(|w| w.to_uppercase()).collect();
    let second = upper.get(1).map_or("", String::as_str);
    let has = |word: &str| upper.iter().any(|w| w == word);
    let shouted = first.to_uppercase() == *first;
    match upper[0].as_str() {
        "SELECT" => has("FROM"),
        "INSERT" => matches!(second, "INTO" | "OR"),
        "UPDATE" => has("SET"),
        "DELETE" => second == "FROM",
        "CREATE" => matches!(
            second,
            "TABLE" | "INDEX" | "UNIQUE" | "VIEW" | "TRIGGER" | "VIRTUAL"
        ),
        "ALTER" | "DROP" | "TRUNCATE" => matches!(second, "TABLE" | "INDEX" | "VIEW"),
        "PRAGMA" => words.len() > 1,
        "BEGIN" => matches!(second, "IMMEDIATE" | "TRANSACTION"),
        "WITH" => upper.get(2).is_some_and(|w| w == "AS"),
        "ORDER" | "GROUP" => shouted && second == "BY",
        "LEFT" | "INNER" => shouted && second == "JOIN",
        "WHERE" | "AND" | "LIMIT" => shouted && text.contains('$'),
        _ => false,
    }
}

#[test]
fn sql_is_told_from_english() {
    for sql in [
        "SELECT doc FROM ticket",
        "insert into x values (1)",
        "UPDATE a SET b = 1",
        "\n  WITH t AS (SELECT 1)",
        " ORDER BY number",
        "AND number = $2",
    ] {
        assert!(is_sql(sql), "{sql}");
    }
    for english in [
        "Select a unit from the list",
        "Update",
        "with the storage unit as owner",
        "",
        "Create table",
        "and then",
        "delete",
        "order by date",
    ] {
        assert!(!is_sql(english), "{english}");
    }
}

#[test]
fn only_desk_opens_write_transactions() {
    let mut found = Vec::new();
    for krate in ["core", "mail", "connect", "web", "switchboard", "testkit"] {
        for source in product(krate) {
            found.extend(writes(&source));
        }
    }
    none(
        found,
        "a change is a function of crates/desk, whatever door it came by",
    );
}

/// Calls of `write` or `write_blocking` with a closure: only the database's take one.
fn writes(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for call in [".write(", ".write_blocking("] {
        for (at, _) in source.code.match_indices(call) {
            let argument = source.code[at + call.len()..].trim_start();
            let argument = argument.strip_prefix("move").unwrap_or(argument);
            if argument.trim_start().starts_with('|') {
                let line = source.code[..at].matches('\n').count() + 1;
                found.push(format!("{}:{line}", source.path));
            }
        }
    }
    found
}

#[test]
fn memberships_are_written_in_one_place() {
    let mut found = Vec::new();
    for source in product("store") {
        let touches = |text: &&(usize, String)| {
            let words: Vec<&str> = text.1.split_whitespace().collect();
            words.windows(2).any(|pair| {
                matches!(pair, ["INTO" | "UPDATE", "membership"])
                    || (text.1.starts_with("DELETE") && *pair == ["FROM", "membership"])
            })
        };
        if !source.path.ends_with("/staff.rs") {
            let lines = source.strings.iter().filter(touches);
            found.extend(lines.map(|(line, _)| format!("{}:{line}", source.path)));
        }
    }
    for source in product("desk") {
        for call in ["put_membership(", "delete_membership("] {
            let calls = source.code.matches(call).count();
            if calls > 0 && !source.path.ends_with("/src/staff.rs") {
                found.push(format!("{}: {call}", source.path));
            }
        }
    }
    none(
        found,
        "who comes to a unit or leaves it does so through desk::staff, which audits it and \
         takes care of their tickets",
    );
}

#[test]
fn only_web_knows_http() {
    for krate in ["core", "mail", "store", "connect", "desk"] {
        for used in dependencies(krate, "dependencies") {
            assert!(
                !["axum", "tower-http", "utoipa", "utoipa-axum"].contains(&used.as_str()),
                "{krate} may not depend on {used}"
            );
        }
    }
    let words = ["StatusCode", "HeaderMap", "axum::"];
    none(
        in_product(&["core", "mail", "store", "desk"], &words),
        "say what happened in the crate's own error; crates/web has the table of statuses",
    );
}

#[test]
fn only_connect_opens_connections() {
    let words = [
        "TcpStream::connect",
        "UnixStream::connect",
        "UdpSocket::bind",
        "SmtpTransport",
        "reqwest::",
        "ureq::",
        "lookup_host",
        "to_socket_addrs",
    ];
    none(
        in_product(
            &["core", "mail", "store", "desk", "web", "switchboard"],
            &words,
        ),
        "what leaves the machine leaves through crates/connect",
    );
}

#[test]
fn api_and_pages_do_not_import_each_other() {
    let web = product("web");
    let (api, ui) = ("crates/web/src/api", "crates/web/src/ui");
    let found = web
        .iter()
        .flat_map(|source| {
            if source.path.starts_with(api) {
                source.lines_with(&["ui::", "crate::ui", "super::ui"])
            } else if source.path.starts_with(ui) {
                source.lines_with(&["api::", "crate::api", "super::api"])
            } else {
                Vec::new()
            }
        })
        .collect();
    none(
        found,
        "what both need lies beside them in crates/web/src, or in crates/desk",
    );
}

#[test]
fn no_module_has_a_name_that_says_nothing() {
    let found = ["crates", "bench", "tests"]
        .iter()
        .flat_map(|dir| files(dir, ""))
        .map(|path| shown(&path))
        .filter(|path| {
            path.split('/').any(|part| {
                matches!(
                    part.split('.').next(),
                    Some("common" | "util" | "utils" | "helper" | "helpers" | "misc")
                )
            })
        })
        .collect();
    none(found, "name it after what it holds");
    let inline = everything()
        .iter()
        .flat_map(|s| {
            s.lines_with(&[
                "mod common",
                "mod util",
                "mod utils",
                "mod helper",
                "mod helpers",
                "mod misc",
            ])
        })
        .collect();
    none(inline, "name it after what it holds");
}

#[test]
fn files_stay_short() {
    const LINES: usize = 800;
    let found = everything()
        .iter()
        .filter(|source| source.product_lines > LINES && !is_test_file(&root().join(&source.path)))
        .map(|source| {
            format!(
                "{}: {} lines before its tests",
                source.path, source.product_lines
            )
        })
        .collect();
    none(found, "split it by noun");
}

#[test]
fn nothing_is_left_half_done() {
    let words = ["todo!", "unimplemented!", "dbg!", "#[ignore]"];
    let found = everything()
        .iter()
        .filter(|s| s.path != "crates/switchboard/tests/it/layering.rs")
        .flat_map(|s| s.lines_with(&words))
        .collect();
    none(found, "finish it or leave it out");
}
