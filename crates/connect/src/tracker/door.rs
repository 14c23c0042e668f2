//! How an API that speaks JSON is spoken to, whichever it is.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::guard::{Fault, Guard};
use crate::tracker::Error;
use crate::tracker::call::{Call, Reply, patiently, reply, unsendable};

/// The door of a system.
pub(super) struct Door {
    guard: Guard,
    name: &'static str,
    /// The system's own address, without a slash at its end.
    root: String,
    /// Where the API lies below it.
    api: &'static str,
    /// What every request has, the secret among it.
    headers: Vec<(&'static str, String)>,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door")
            .field("name", &self.name)
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

impl Door {
    /// The address may be that of the system or of its API.
    pub(super) fn new(
        guard: Guard,
        name: &'static str,
        address: &str,
        api: &'static str,
        headers: Vec<(&'static str, String)>,
    ) -> Door {
        let address = address.trim().trim_end_matches('/');
        let root = address.strip_suffix(api).unwrap_or(address);
        Door {
            guard,
            name,
            root: root.trim_end_matches('/').to_owned(),
            api,
            headers,
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
        let (mut request, body) = call.request(&format!("{}{}", self.root, self.api));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.body(body).map_err(|_| unsendable())?;
        let answer = self.guard.exchange(request, call.largest).await;
        reply(self.name, answer.map_err(Error::Unreachable)?, call.kind)
    }
}

/// A name and a password as a header has them.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_may_be_that_of_the_system_or_of_its_api() {
        let guard = Guard::new(crate::guard::Reach::default());
        for address in [
            "https://desk.example/z",
            " https://desk.example/z/ ",
            "https://desk.example/z/api/v1",
            "https://desk.example/z/api/v1/",
        ] {
            let headers = vec![("authorization", "secret".to_owned())];
            let door = Door::new(guard.clone(), "Zammad", address, "/api/v1", headers);
            assert_eq!(door.root(), "https://desk.example/z");
            assert!(!format!("{door:?}").contains("secret"));
        }
    }
}
