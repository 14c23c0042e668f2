//! How an API that speaks JSON is spoken to, whichever it is.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::guard::{Fault, Guard};
use crate::tracker::Error;
use crate::tracker::call::{Call, Reply, date, patiently, reply, unsendable};

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

    /// All rows of a list that goes on by `Link`, and when that was. `there`: what an
    /// answer means; `enough`: after these rows it may end.
    pub(super) async fn pages<'a>(
        &self,
        call: impl Fn() -> Call<'a>,
        query: &[(&'static str, String)],
        pages: usize,
        there: impl Fn(Reply) -> Result<Reply, Error>,
        enough: impl Fn(&[Value]) -> bool,
    ) -> Result<(Vec<Value>, Option<i64>), Error> {
        let (mut all, mut asked_at) = (Vec::new(), None);
        for page in 1..=pages {
            let mut call = call();
            for (name, value) in query {
                call = call.with(name, value.clone());
            }
            // More a page they do not give.
            let call = call.with("per_page", "100").with("page", page.to_string());
            let reply = there(self.call(call).await?)?;
            asked_at = asked_at.or_else(|| date(&reply));
            let Some(rows) = reply.json.as_array() else {
                return Err(Error::Strange {
                    system: self.name,
                    why: "what should be a list is none".to_owned(),
                });
            };
            all.extend_from_slice(rows);
            if !reply.goes_on() || enough(rows) {
                break;
            }
        }
        Ok((all, asked_at))
    }

    async fn once(&self, call: &Call<'_>) -> Result<Reply, Error> {
        let api = if call.beside { "" } else { self.api };
        let (mut request, body) = call.request(&format!("{}{api}", self.root));
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
