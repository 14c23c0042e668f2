//! How a Zammad is spoken to.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openidconnect::http::header;

use crate::guard::{Fault, Guard};
use crate::tracker::call::{Call, Reply, patiently, reply, unsendable};
use crate::tracker::{Error, Login};

/// Where the API lies below Zammad.
const API: &str = "/api/v1";

/// The door of a Zammad.
pub(super) struct Door {
    guard: Guard,
    name: &'static str,
    /// Zammad's own address, without a slash at its end.
    root: String,
    login: Login,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door")
            .field("name", &self.name)
            .field("root", &self.root)
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

impl Door {
    pub(super) fn new(guard: Guard, name: &'static str, address: &str, login: Login) -> Door {
        let address = address.trim().trim_end_matches('/');
        let root = address.strip_suffix(API).unwrap_or(address);
        Door {
            guard,
            name,
            root: root.trim_end_matches('/').to_owned(),
            login,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// Whether the address may be called, as far as that can be said without
    /// calling it.
    pub(super) fn check(&self) -> Result<(), Fault> {
        self.guard.check_url(&self.root).map(drop)
    }

    /// Makes a call and gives back what it answered, be it good or bad.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<Reply, Error> {
        patiently(call.reads, || self.once(&call)).await
    }

    async fn once(&self, call: &Call<'_>) -> Result<Reply, Error> {
        let (request, body) = call.request(&format!("{}{API}", self.root));
        let request = request
            .header(header::AUTHORIZATION, self.authorization())
            .body(body)
            .map_err(|_| unsendable())?;
        let answer = self.guard.exchange(request, call.largest).await;
        reply(self.name, answer.map_err(Error::Unreachable)?, call.kind)
    }

    fn authorization(&self) -> String {
        match &self.login {
            Login::Token(token) => format!("Token token={token}"),
            Login::Password { user, password } => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_may_be_that_of_zammad_or_of_its_api() {
        let guard = Guard::new(crate::guard::Reach::default());
        for address in [
            "https://desk.example/z",
            " https://desk.example/z/ ",
            "https://desk.example/z/api/v1",
            "https://desk.example/z/api/v1/",
        ] {
            let login = Login::Token("secret".into());
            let door = Door::new(guard.clone(), "Zammad", address, login);
            assert_eq!(door.root(), "https://desk.example/z");
            assert!(!format!("{door:?}").contains("secret"));
        }
    }
}
