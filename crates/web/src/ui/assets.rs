//! Style sheet, script and pictures: embedded, named by content, cached for ever.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use askama::filters::HtmlSafe;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// The style sheet's parts, in the order of their layers.
const SHEETS: [&str; 5] = [
    "css/tokens.css",
    "css/base.css",
    "css/layout.css",
    "css/components.css",
    "css/pages.css",
];

/// The script's parts, in their order.
const SCRIPTS: [&str; 2] = ["app.js", "passkey.js"];

/// Everything served under `/static/`, by its name without the hash.
const SERVED: [(&str, &str); 3] = [
    ("app.css", "text/css; charset=utf-8"),
    ("app.js", "text/javascript; charset=utf-8"),
    ("favicon.svg", "image/svg+xml"),
];

struct Served {
    kind: &'static str,
    bytes: Cow<'static, [u8]>,
}

struct Shelf {
    /// From `app.css` to `app.0123456789abcdef.css`.
    hashed: HashMap<&'static str, String>,
    /// By the hashed name.
    files: HashMap<String, Served>,
}

static SHELF: LazyLock<Shelf> = LazyLock::new(|| {
    let mut shelf = Shelf {
        hashed: HashMap::new(),
        files: HashMap::new(),
    };
    for (name, kind) in SERVED {
        let bytes = read(name);
        let hash: String = Sha256::digest(&bytes)
            .iter()
            .take(8)
            .map(|b| format!("{b:02x}"))
            .collect();
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let hashed = format!("{stem}.{hash}.{ending}");
        shelf.files.insert(hashed.clone(), Served { kind, bytes });
        shelf.hashed.insert(name, hashed);
    }
    shelf
});

/// The bytes of a served file; the style sheet and the script are their parts
/// one after another.
fn read(name: &str) -> Cow<'static, [u8]> {
    let parts: &[&str] = match name {
        "app.css" => &SHEETS,
        "app.js" => &SCRIPTS,
        _ => return Files::get(name).map_or(Cow::Borrowed(&[]), |file| file.data),
    };
    let mut all = Vec::new();
    for part in parts {
        if let Some(file) = Files::get(part) {
            all.extend_from_slice(&file.data);
        }
    }
    Cow::Owned(all)
}

/// The address of a static file, with the hash of its content.
#[derive(Debug, Clone, Copy)]
pub struct Asset(pub &'static str);

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("/static/")?;
        f.write_str(SHELF.hashed.get(self.0).map_or(self.0, String::as_str))
    }
}

impl HtmlSafe for Asset {}

/// `GET /static/{name}`: a file by its hashed name. It never changes under
/// that name, so it may be kept for a year.
pub async fn serve(Path(name): Path<String>) -> Response {
    match SHELF.files.get(&name) {
        Some(file) => (
            [
                (header::CONTENT_TYPE, file.kind),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ],
            file.bytes.clone(),
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Every file with its hashed name, for looking at pages without a server.
#[cfg(test)]
pub(crate) fn all() -> Vec<(String, Vec<u8>)> {
    SHELF
        .files
        .iter()
        .map(|(name, file)| (name.clone(), file.bytes.to_vec()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_served_file_has_content_and_a_hash_in_its_name() {
        for (name, _) in SERVED {
            assert!(!read(name).is_empty(), "{name}");
            let address = Asset(name).to_string();
            assert!(address.starts_with("/static/"), "{address}");
            assert_eq!(address.split('.').count(), 3, "{address}");
        }
    }

    #[test]
    fn the_style_sheet_has_all_its_parts() {
        let sheet = String::from_utf8_lossy(&read("app.css")).into_owned();
        for name in SHEETS {
            let file = name.trim_start_matches("css/");
            assert!(sheet.contains(&format!("/* {file}")), "{file}");
        }
    }

    #[tokio::test]
    async fn unknown_names_are_not_found() {
        let answer = serve(Path("../Cargo.toml".to_owned())).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    }
}
