//! Which headers every answer carries, and which host names are answered.

use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use desk::Error;
use desk::portal::Portal;

use crate::AppState;
use crate::problem::Problem;

/// Pages: everything from this server only, no inline script or style, in no
/// other site's frame.
pub const CSP_PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; \
     manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Answers of the API: nothing in them is ever run or shown as a page.
pub const CSP_API: &str = "default-src 'none'; frame-ancestors 'none'";

/// Files that people sent: even when opened alone they can do nothing.
pub const CSP_FILE: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

/// What somebody gets after signing in is for them, not for a cache on the way
/// or the next person at the same machine.
pub const NO_STORE: &str = "no-store";

/// Headers that every answer has unless its handler set another value.
const ALWAYS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, NO_STORE),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    ),
];

/// Sets the headers above on what comes back, `api`: by [`is_api`] of what was asked for.
pub(crate) fn secure(app: &AppState, api: bool, headers: &mut HeaderMap) {
    for (name, value) in ALWAYS {
        set_if_absent(headers, name, value);
    }
    let csp = if api { CSP_API } else { CSP_PAGE };
    set_if_absent(headers, header::CONTENT_SECURITY_POLICY, csp);
    if app.desk.config().public_url.starts_with("https://") {
        set_if_absent(
            headers,
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=31536000",
        );
    }
}

fn set_if_absent(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Paths whose errors are problems in JSON, not pages.
pub(crate) fn is_api(path: &str) -> bool {
    path == "/api"
        || path.starts_with("/api/")
        || crate::faces::is_face(path)
        || PROBES.contains(&path)
        || path == "/openapi.json"
}

/// Asked by machines that know the desk only by its network address.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Refuses a request that was meant for another host: links and cookies never
/// depend on a name that somebody else chose (bar row 24).
pub(crate) async fn refuse_host(
    app: &AppState,
    headers: &HeaderMap,
    uri: &Uri,
) -> Option<Response> {
    if PROBES.contains(&uri.path()) {
        return None;
    }
    let problem = match host_of(headers, uri) {
        Ok(host) if is_ours(app, &host) || is_a_portals(app, &host).await => return None,
        Ok(host) => {
            Problem::new(StatusCode::MISDIRECTED_REQUEST, "not this desk's name").detail(format!(
                "this desk does not answer as {host:?}; its address is {}",
                app.desk.config().public_url
            ))
        }
        Err(problem) => {
            Problem::new(StatusCode::BAD_REQUEST, "no usable Host header").detail(problem)
        }
    };
    Some(problem.into_response())
}

/// Host names of portals are ours as well, from the configured list alone.
async fn is_a_portals(app: &AppState, host: &str) -> bool {
    matches!(find_portal(app, host).await, Ok(Some(_)))
}

async fn find_portal(app: &AppState, host: &str) -> Result<Option<Portal>, Error> {
    let catalogue = app.desk.catalogue().await?;
    Ok(catalogue
        .portals
        .iter()
        .find(|p| p.active && p.hostname.as_deref() == Some(host))
        .cloned())
}

/// The portal whose own host name a request names.
///
/// # Errors
/// When the database can not be read.
pub(crate) async fn portal_of_host(
    app: &AppState,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Option<Portal>, Error> {
    match host_of(headers, uri) {
        Ok(host) => find_portal(app, &host).await,
        Err(_) => Ok(None),
    }
}

/// The one host that a request names, without its port, in lower case.
fn host_of(headers: &HeaderMap, uri: &Uri) -> Result<String, &'static str> {
    let mut given = headers.get_all(header::HOST).iter();
    let named = given.next();
    if given.next().is_some() {
        return Err("send one Host header, not several");
    }
    let named = match named {
        Some(value) => Some(value.to_str().map_err(|_| "the Host header is not text")?),
        None => None,
    };
    // An absolute request line must say the same as the header.
    let (first, second) = (uri.authority().map(|a| a.as_str()), named);
    let host = match (first, second) {
        (Some(a), Some(b)) if !a.eq_ignore_ascii_case(b) => {
            return Err("the request line and the Host header name different hosts");
        }
        (Some(host), _) | (None, Some(host)) => host,
        (None, None) => return Err("send a Host header"),
    };
    Ok(without_port(host).to_ascii_lowercase())
}

/// `[::1]:8080` and `desk.example.org:443` without what follows the host.
fn without_port(host: &str) -> &str {
    if host.starts_with('[') {
        return host.find(']').map_or(host, |end| &host[..=end]);
    }
    host.split_once(':').map_or(host, |(name, _)| name)
}

fn is_ours(app: &AppState, host: &str) -> bool {
    let public = &app.desk.config().public_url;
    let public = public
        .split_once("://")
        .map_or(public.as_str(), |(_, rest)| rest);
    let public = public.split('/').next().unwrap_or(public);
    let listen = app.options.listen.as_deref().unwrap_or_default();
    let local = ["localhost", "127.0.0.1", "[::1]"];
    [public, listen]
        .into_iter()
        .map(without_port)
        .chain(app.options.hosts.iter().map(String::as_str))
        .chain(local)
        .any(|ours| !ours.is_empty() && ours.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(uri: &str, hosts: &[&str]) -> Result<String, &'static str> {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, HeaderValue::from_str(host).unwrap());
        }
        host_of(&headers, &uri.parse().unwrap())
    }

    #[test]
    fn a_request_names_one_host() {
        assert_eq!(
            host("/", &["Desk.example.org:8080"]).unwrap(),
            "desk.example.org"
        );
        assert_eq!(host("/", &["[::1]:8080"]).unwrap(), "[::1]");
        assert_eq!(host("http://a/", &[]).unwrap(), "a");
        assert!(host("/", &[]).is_err());
        assert!(host("/", &["a", "b"]).is_err());
        assert!(host("http://a/", &["b"]).is_err());
    }
}
