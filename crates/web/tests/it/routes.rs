//! The policy table against the routes themselves, pages and probes included:
//! what the sources register and what the running router takes are the rows,
//! no more and no less (bar A-01). The document of the API says nothing about
//! pages, so it is not enough to compare with that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::{Request, header};
use testkit::on_sqlite;
use web::policy;

/// Answers of the router itself: there is no such path. They give nothing to
/// anybody, so they have no row.
const NOWHERE: [&str; 3] = ["/api", "/api/", "/api/{*rest}"];

/// Ways to hang something into a router that this test could not read.
const UNREADABLE: [&str; 7] = [
    ".route_service(",
    ".nest_service(",
    ".fallback_service(",
    ".method_route(",
    ".typed_get(",
    ".typed_post(",
    "MethodRouter::",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// What stands between the bracket at the start of `text` and the one that
/// closes it. Brackets inside of texts count too: paths have none.
fn within(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => return &text[1..at],
            ')' => depth -= 1,
            _ => {}
        }
    }
    panic!("a bracket is not closed: {text}");
}

/// The routes that one source registers by hand: path and method.
fn registered(source: &str) -> Result<Vec<(String, String)>, String> {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    if let Some(way) = UNREADABLE.iter().find(|way| source.contains(*way)) {
        return Err(format!("{way} hides routes from the test"));
    }
    let mut found = Vec::new();
    for (at, _) in source.match_indices(".route(") {
        // The lens of a view also has a route, which is an address.
        if source[..at].ends_with("lens") {
            continue;
        }
        let call = within(&source[at + ".route".len()..]).trim();
        let Some((path, handlers)) = call.strip_prefix('"').and_then(|rest| rest.split_once('"'))
        else {
            return Err(format!("a path that is not written out: {call}"));
        };
        let mut methods = 0;
        for method in [
            "get", "post", "put", "patch", "delete", "any", "head", "options", "on",
        ] {
            let named = handlers
                .match_indices(&format!("{method}("))
                .any(|(at, _)| {
                    !handlers[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
                });
            if named {
                methods += 1;
                found.push((path.to_owned(), method.to_uppercase()));
            }
        }
        if methods == 0 {
            return Err(format!("{path}: no method can be read in {handlers}"));
        }
    }
    Ok(found)
}

#[test]
fn what_hides_a_route_is_seen() {
    assert!(registered(".route(path, get(show))").is_err());
    assert!(registered(".route(\"/x\", handlers())").is_err());
    assert!(registered(".route_service(\"/x\", files)").is_err());
    let two = registered(".route(\n  \"/x\",\n  get(a::b).post(c),\n)").unwrap();
    assert_eq!(two.len(), 2);
    assert!(
        registered("lens.route(conversation, None)")
            .unwrap()
            .is_empty()
    );
}

#[test]
fn every_route_in_the_sources_has_its_row_and_every_row_its_route() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    let mut routes = BTreeSet::new();
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        let here = registered(&source).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        for (path, method) in here {
            if NOWHERE.contains(&path.as_str()) {
                assert_eq!(method, "ANY", "{path}");
                continue;
            }
            assert!(routes.insert((path.clone(), method)), "{path} twice");
        }
    }
    // What the document of the API describes is compared in `matrix`.
    let described: BTreeSet<_> = policy::api().map(|r| (r.method, r.path)).collect();
    let rows: BTreeSet<_> = policy::pages()
        .chain(policy::rows())
        .filter(|r| !described.contains(&(r.method, r.path)))
        .map(|r| (r.path.to_owned(), r.method.to_owned()))
        .collect();
    assert!(routes.len() > 35, "the sources were not found");
    assert_eq!(routes, rows);
}

/// The path with something in each place, so that it fits this route and no
/// other.
fn filled(path: &str) -> String {
    path.split('/')
        .map(|part| match part {
            "{number}" | "{other}" => "7",
            "{id}" => "0190f3a0-0000-7000-8000-000000000000",
            part if part.starts_with('{') => "xyzzy",
            part => part,
        })
        .collect::<Vec<_>>()
        .join("/")
}

/// Asked with a method that nothing takes, the router tells what each path
/// takes: exactly the methods of its rows.
#[test]
fn the_router_takes_on_each_path_the_methods_of_its_rows() {
    on_sqlite(|desk| async move {
        let mut paths: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for row in policy::pages().chain(policy::rows()) {
            let methods = paths.entry(row.path).or_default();
            assert!(methods.insert(row.method.to_owned()), "{} twice", row.path);
            // axum answers HEAD wherever it answers GET.
            if row.method == "GET" {
                methods.insert("HEAD".to_owned());
            }
        }
        for (path, methods) in paths {
            let request = Request::builder()
                .method("PROPFIND")
                .uri(filled(path))
                .header(header::HOST, "desk.example")
                .body(Body::empty())
                .unwrap();
            let answer = desk.ask(request).await;
            assert_eq!(answer.status, 405, "{path}");
            let allowed: BTreeSet<String> = answer
                .header("allow")
                .split(',')
                .map(|m| m.trim().to_owned())
                .collect();
            assert_eq!(allowed, methods, "{path}");
        }
    });
}
