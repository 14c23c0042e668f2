//! How RT is spoken to: signing in, keeping the session, and what its statuses
//! mean.
//!
//! RT hashes token or password slowly (bcrypt) at every request that carries
//! them, which takes some 300 ms; a session costs nothing. Any page of RT's own
//! that is asked for with either begins one. Where that does not work (a web
//! server before it that signs people in itself), they go along each time.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openidconnect::http::{HeaderMap, Method, Request, Response, header};
use serde_json::Value;
use url::form_urlencoded::Serializer;

use crate::guard::{Fault, Guard};
use crate::tracker::{Error, Login};

/// What it is called in texts.
pub(super) const NAME: &str = "RT";

/// A page of RT's that is light, always there, and begins a session.
const BEGIN: &str = "/Helpers/Autocomplete/Queues";
/// What its cookies' names begin with.
const COOKIE: &str = "RT_SID";
/// Bytes of a page that are read while signing in.
const LARGEST_PAGE: usize = 1024 * 1024;
/// A call that only reads is made again at once when nobody answers: a line that
/// loses one packet in ten would else stop a reading of many calls again and again.
const AGAIN: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];
/// Where REST 2 lies below RT.
const REST: &str = "/REST/2.0";

/// How requests show who we are.
#[derive(Clone, PartialEq, Eq)]
enum Session {
    /// Not signed in yet.
    None,
    /// With this cookie.
    Cookie(String),
    /// Sessions do not work there: by the secret, each time.
    EachTime,
}

/// The door of an RT.
pub(super) struct Door {
    guard: Guard,
    /// RT's own address, without a slash at its end.
    root: String,
    login: Login,
    session: tokio::sync::Mutex<Session>,
}

/// A request below REST 2.
pub(super) struct Call<'a> {
    method: Method,
    path: String,
    query: Vec<(&'a str, String)>,
    body: Option<Value>,
    version: Option<&'a str>,
    largest: usize,
    reads: bool,
}

impl<'a> Call<'a> {
    pub(super) fn new(method: Method, path: impl Into<String>) -> Call<'a> {
        Call {
            reads: method == Method::GET,
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            version: None,
            largest: 4 * 1024 * 1024,
        }
    }

    pub(super) fn get(path: impl Into<String>) -> Call<'a> {
        Call::new(Method::GET, path)
    }

    pub(super) fn with(mut self, name: &'a str, value: impl Into<String>) -> Call<'a> {
        self.query.push((name, value.into()));
        self
    }

    pub(super) fn body(mut self, body: Value) -> Call<'a> {
        self.body = Some(body);
        self
    }

    /// Only if it is still at this version.
    pub(super) fn version(mut self, version: Option<&'a str>) -> Call<'a> {
        self.version = version;
        self
    }

    /// It changes nothing there, although it is no GET.
    pub(super) fn reading(mut self) -> Call<'a> {
        self.reads = true;
        self
    }

    /// Reads answers of up to so many bytes.
    pub(super) fn largest(mut self, bytes: usize) -> Call<'a> {
        self.largest = bytes;
        self
    }
}

/// An answer that RT itself gave.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) json: Value,
}

impl Reply {
    /// A header as text, or empty.
    pub(super) fn header(&self, name: header::HeaderName) -> &str {
        text_of(&self.headers, name)
    }

    /// What RT said: of an error its message, of a change what it did.
    pub(super) fn words(&self) -> String {
        let lines = self.json.as_array().map(Vec::as_slice).unwrap_or_default();
        let said = match self.json["message"].as_str() {
            Some(message) => vec![message],
            None => lines.iter().filter_map(Value::as_str).collect(),
        };
        let said = said.join("; ");
        said.chars().filter(|c| !c.is_control()).take(500).collect()
    }
}

fn text_of(headers: &HeaderMap, name: header::HeaderName) -> &str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

impl Door {
    /// To the RT at an address: RT's own, or that of its REST 2.
    pub(super) fn new(guard: Guard, address: &str, login: Login) -> Door {
        let address = address.trim().trim_end_matches('/');
        let root = address.strip_suffix(REST).unwrap_or(address);
        Door {
            guard,
            root: root.trim_end_matches('/').to_owned(),
            login,
            session: tokio::sync::Mutex::new(Session::None),
        }
    }

    pub(super) fn root(&self) -> &str {
        &self.root
    }

    pub(super) fn login(&self) -> &Login {
        &self.login
    }

    /// Whether the address may be called, as far as that can be said without
    /// calling it.
    pub(super) fn check(&self) -> Result<(), Fault> {
        self.guard.check_url(&self.root).map(drop)
    }

    /// Makes a call and gives back what RT answered, be it good or bad. What
    /// RT did not answer, or could not, is an error.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<Reply, Error> {
        let mut session = self.signed_in(None).await?;
        let mut answer = self.once(&call, &session).await?;
        // A session has ended when the call is sent to the page that signs in.
        // Nothing was done then, so that it can be made again.
        if turned_away(&answer) && session != Session::EachTime {
            session = self.signed_in(Some(&session)).await?;
            answer = self.once(&call, &session).await?;
        }
        if turned_away(&answer) && session != Session::EachTime {
            session = Session::EachTime;
            answer = self.once(&call, &session).await?;
            *self.session.lock().await = session;
        }
        if turned_away(&answer) {
            // Whoever mends the secret over there finds sessions tried again.
            *self.session.lock().await = Session::None;
        }
        reply(&answer)
    }

    /// The session; a new one when there is none, or when the one given has ended.
    async fn signed_in(&self, ended: Option<&Session>) -> Result<Session, Error> {
        let mut session = self.session.lock().await;
        if *session == Session::None || ended == Some(&*session) {
            *session = self.sign_in().await?;
        }
        Ok(session.clone())
    }

    async fn sign_in(&self) -> Result<Session, Error> {
        let mut again = AGAIN.into_iter();
        loop {
            let done = self.sign_in_once().await;
            match (&done, again.next()) {
                (Err(error), Some(pause)) if unanswered(error) => tokio::time::sleep(pause).await,
                _ => return done,
            }
        }
    }

    async fn sign_in_once(&self) -> Result<Session, Error> {
        let page = format!("{}{BEGIN}", self.root);
        let request = match &self.login {
            Login::Token(_) => Request::get(page)
                .header(header::AUTHORIZATION, self.authorization())
                .body(Vec::new()),
            Login::Password { user, password } => {
                let mut form = Serializer::new(String::new());
                form.append_pair("user", user).append_pair("pass", password);
                Request::post(page)
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form.finish().into_bytes())
            }
        };
        let request = request.map_err(|_| unsendable())?;
        let answer = self.guard.exchange(request, LARGEST_PAGE).await;
        let answer = answer.map_err(Error::Unreachable)?;
        if let Some(busy) = busy(&answer) {
            return Err(busy);
        }
        let cookies = answer.headers().get_all(header::SET_COOKIE).iter();
        let cookie = cookies
            .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
            .find(|cookie| cookie.starts_with(COOKIE));
        Ok(match cookie {
            Some(cookie) if answer.status().is_success() => Session::Cookie(cookie.to_owned()),
            _ => Session::EachTime,
        })
    }

    fn authorization(&self) -> String {
        match &self.login {
            Login::Token(token) => format!("token {token}"),
            Login::Password { user, password } => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
            }
        }
    }

    async fn once(&self, call: &Call<'_>, session: &Session) -> Result<Response<Vec<u8>>, Error> {
        let mut again = AGAIN.into_iter().filter(|_| call.reads);
        loop {
            let done = self.ask(call, session).await;
            match (&done, again.next()) {
                (Err(error), Some(pause)) if unanswered(error) => tokio::time::sleep(pause).await,
                _ => return done,
            }
        }
    }

    async fn ask(&self, call: &Call<'_>, session: &Session) -> Result<Response<Vec<u8>>, Error> {
        let mut address = format!("{}{REST}{}", self.root, call.path);
        if !call.query.is_empty() {
            let mut query = Serializer::new(String::new());
            query.extend_pairs(&call.query);
            address = format!("{address}?{}", query.finish());
        }
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(address)
            .header(header::ACCEPT, "application/json");
        request = match session {
            Session::Cookie(cookie) => request.header(header::COOKIE, cookie),
            Session::None | Session::EachTime => {
                request.header(header::AUTHORIZATION, self.authorization())
            }
        };
        if let Some(version) = call.version {
            request = request.header(header::IF_MATCH, version);
        }
        if call.body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = call.body.as_ref().map(Value::to_string).unwrap_or_default();
        let request = request.body(body.into_bytes()).map_err(|_| unsendable())?;
        let answer = self.guard.exchange(request, call.largest).await;
        answer.map_err(Error::Unreachable)
    }
}

/// No answer came, and not because it took too long.
fn unanswered(error: &Error) -> bool {
    matches!(error, Error::Unreachable(Fault::Unreachable(_)))
}

fn unsendable() -> Error {
    Error::Wrong("the address or the secret can not be sent".to_owned())
}

fn turned_away(answer: &Response<Vec<u8>>) -> bool {
    answer.status().is_redirection() || answer.status().as_u16() == 401
}

/// Sorts out what is no answer of RT's REST 2.
fn reply(answer: &Response<Vec<u8>>) -> Result<Reply, Error> {
    if let Some(busy) = busy(answer) {
        return Err(busy);
    }
    let status = answer.status().as_u16();
    let reply = Reply {
        status,
        headers: answer.headers().clone(),
        json: serde_json::from_slice(answer.body()).unwrap_or_default(),
    };
    match status {
        401 => Err(Error::Secret {
            system: NAME,
            status,
        }),
        300..=399 => Err(Error::Strange {
            system: NAME,
            why: match text_of(&reply.headers, header::LOCATION) {
                "" => "it sends us elsewhere".to_owned(),
                to => format!("it sends us to {to}"),
            },
        }),
        500.. => Err(Error::Failed {
            system: NAME,
            status,
            words: match reply.words() {
                words if words.is_empty() => "its log says why".to_owned(),
                words => words,
            },
        }),
        _ if reply.json.is_null() && status != 204 => Err(Error::Strange {
            system: NAME,
            why: format!("HTTP {status} with something that is no JSON"),
        }),
        _ => Ok(reply),
    }
}

fn busy(answer: &Response<Vec<u8>>) -> Option<Error> {
    let status = answer.status().as_u16();
    matches!(status, 429 | 502..=504).then(|| Error::Busy {
        system: NAME,
        status,
        after: after(answer.headers()),
    })
}

/// `Retry-After`: seconds, or a date against the answer's own.
fn after(headers: &HeaderMap) -> Option<Duration> {
    let value = text_of(headers, header::RETRY_AFTER).trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = chrono::DateTime::parse_from_rfc2822(value).ok()?;
    let now = chrono::DateTime::parse_from_rfc2822(text_of(headers, header::DATE)).ok()?;
    Some((then - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response<Vec<u8>> {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        answer.body(body.as_bytes().to_vec()).unwrap()
    }

    fn refused(answer: &Response<Vec<u8>>) -> Error {
        reply(answer).err().expect("an error")
    }

    #[test]
    fn who_is_busy_says_for_how_long() {
        let date = ("date", "Fri, 27 Nov 2026 07:00:00 GMT");
        let later = ("retry-after", "Fri, 27 Nov 2026 07:02:00 GMT");
        for (headers, after) in [
            (vec![], None),
            (vec![("retry-after", "30")], Some(30)),
            (vec![date, later], Some(120)),
            (vec![date, ("retry-after", date.1)], Some(0)),
            (vec![later], None),
            (vec![("retry-after", "soon")], None),
        ] {
            let error = refused(&answer(503, &headers, ""));
            let after = after.map(Duration::from_secs);
            let expected = Error::Busy {
                system: NAME,
                status: 503,
                after,
            };
            assert_eq!(error, expected, "{headers:?}");
            assert_eq!(error.again(), crate::tracker::Again::Later(after));
        }
    }

    #[test]
    fn what_is_no_answer_of_rt_is_told_as_what_it_is() {
        let text =
            |status, headers: &[_], body| refused(&answer(status, headers, body)).to_string();
        assert_eq!(
            text(401, &[], "{}"),
            "RT does not accept our secret (HTTP 401)"
        );
        assert_eq!(text(500, &[], ""), "RT failed (HTTP 500): its log says why");
        assert_eq!(
            text(200, &[], "<html>welcome</html>"),
            "what answers there is not RT: HTTP 200 with something that is no JSON"
        );
        assert_eq!(
            text(302, &[("location", "https://login.example/")], ""),
            "what answers there is not RT: it sends us to https://login.example/"
        );
    }

    #[test]
    fn the_address_may_be_that_of_rt_or_of_its_rest() {
        let guard = Guard::new(crate::guard::Reach::default());
        for address in [
            "https://rt.example/rt",
            " https://rt.example/rt/ ",
            "https://rt.example/rt/REST/2.0",
            "https://rt.example/rt/REST/2.0/",
        ] {
            let login = Login::Token("1-2-secret".into());
            let door = Door::new(guard.clone(), address, login);
            assert_eq!(door.root(), "https://rt.example/rt");
        }
    }
}
