//! How RT is spoken to: signing in, keeping the session, and what its statuses
//! mean.
//!
//! RT hashes token or password slowly (bcrypt) at every request that carries
//! them, which takes some 300 ms; a session costs nothing. Any page of RT's own
//! that is asked for with either begins one. Where that does not work (a web
//! server before it that signs people in itself), they go along each time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openidconnect::http::{Request, Response, header};
use url::form_urlencoded::Serializer;

use crate::guard::{Fault, Guard};
use crate::tracker::call::{Call, Reply, busy, patiently, reply, unsendable};
use crate::tracker::{Error, Login};

/// What it is called in texts.
pub(super) const NAME: &str = "RT";

/// A page of RT's that is light, always there, and begins a session.
const BEGIN: &str = "/Helpers/Autocomplete/Queues";
/// What its cookies' names begin with.
const COOKIE: &str = "RT_SID";
/// Bytes of a page that are read while signing in.
const LARGEST_PAGE: usize = 1024 * 1024;
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
        reply(NAME, answer, call.kind)
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
        patiently(true, || self.sign_in_once()).await
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
        if let Some(busy) = busy(NAME, &answer) {
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
        patiently(call.reads, || self.ask(call, session)).await
    }

    async fn ask(&self, call: &Call<'_>, session: &Session) -> Result<Response<Vec<u8>>, Error> {
        let (mut request, body) = call.request(&format!("{}{REST}", self.root));
        request = match session {
            Session::Cookie(cookie) => request.header(header::COOKIE, cookie),
            Session::None | Session::EachTime => {
                request.header(header::AUTHORIZATION, self.authorization())
            }
        };
        let request = request.body(body).map_err(|_| unsendable())?;
        let answer = self.guard.exchange(request, call.largest).await;
        answer.map_err(Error::Unreachable)
    }
}

fn turned_away(answer: &Response<Vec<u8>>) -> bool {
    answer.status().is_redirection() || answer.status().as_u16() == 401
}

#[cfg(test)]
mod tests {
    use super::*;

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
