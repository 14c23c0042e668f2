//! How a file that somebody sent is given out: it can do nothing on our pages.

use axum::body::Body;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::response::Response;
use desk::picture::type_of;
use store::entry::Attachment;

use crate::headers::CSP_FILE;

/// The type under which a file may be shown; `None`: only to be saved. What says
/// it is a picture has to be one.
fn shown_as(media_type: &str, bytes: &[u8]) -> Option<&'static str> {
    if media_type == "text/plain" {
        return Some("text/plain; charset=utf-8");
    }
    type_of(bytes).filter(|kind| *kind == media_type)
}

/// The answer with a file's bytes.
///
/// With `inline` pictures (PNG, JPEG, GIF, WebP) and plain text are shown;
/// everything else, and everything without it, is only to be saved, as bytes of
/// no type. In each case the browser is told to run nothing of it.
pub fn response(file: &Attachment, bytes: Vec<u8>, inline: bool) -> Response {
    let shown = inline.then(|| shown_as(&file.media_type, &bytes)).flatten();
    let how = if shown.is_some() {
        "inline"
    } else {
        "attachment"
    };
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(shown.unwrap_or("application/octet-stream")),
    );
    headers.insert(header::CONTENT_DISPOSITION, disposition(how, &file.name));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CSP_FILE),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// The answer with a picture of a mail. The page that shows it has no origin of
/// its own, so any may; the address is signed for one reader and soon over.
pub fn picture(kind: &'static str, bytes: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, "inline"),
        (header::CONTENT_SECURITY_POLICY, CSP_FILE),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// `Content-Disposition` with the name twice (RFC 6266): in plain ASCII for old
/// programs, and in full as RFC 8187 writes it.
fn disposition(how: &str, name: &str) -> HeaderValue {
    use std::fmt::Write as _;
    let ascii: String = name
        .chars()
        .map(|c| match c {
            '"' | '\\' | '%' => '_',
            c if c.is_ascii_graphic() || c == ' ' => c,
            _ => '_',
        })
        .collect();
    let mut full = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            full.push(char::from(byte));
        } else {
            let _ = write!(full, "%{byte:02X}");
        }
    }
    HeaderValue::from_str(&format!(
        "{how}; filename=\"{ascii}\"; filename*=UTF-8''{full}"
    ))
    .unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_given_in_ascii_and_in_full() {
        assert_eq!(
            disposition("attachment", "naïve \"log\".txt"),
            "attachment; filename=\"na_ve _log_.txt\"; \
             filename*=UTF-8''na%C3%AFve%20%22log%22.txt"
        );
    }

    #[test]
    fn only_real_pictures_and_text_are_shown() {
        assert_eq!(
            shown_as("image/png", b"\x89PNG\r\n\x1a\n..."),
            Some("image/png")
        );
        assert_eq!(shown_as("image/png", b"<script>"), None);
        for never in ["image/svg+xml", "text/html", "application/pdf", "text/xml"] {
            assert_eq!(shown_as(never, b"<svg"), None, "{never}");
        }
    }
}
