//! Somebody who asks a Request Tracker 5.

use anyhow::Context as _;

use crate::http::Client;

/// RT, and how requests show who asks.
pub(crate) struct Rt {
    /// `ADDRESS:PORT`.
    address: String,
    headers: Vec<String>,
}

impl Rt {
    /// By a token, which RT checks with each request.
    ///
    /// # Errors
    /// When the address is none.
    pub(crate) fn by_token(url: &str, token: &str) -> anyhow::Result<Rt> {
        let address = url.strip_prefix("http://");
        let address = address.context("--rt takes http://ADDRESS:PORT")?;
        Ok(Rt {
            address: address.trim_end_matches('/').to_owned(),
            headers: vec![format!("authorization: token {token}")],
        })
    }

    /// The same person by a session, as browsers and the product have one.
    ///
    /// # Errors
    /// When RT begins none.
    pub(crate) async fn signed_in(&self) -> anyhow::Result<Rt> {
        let page = "/Helpers/Autocomplete/Queues";
        let answer = self.client().get(page).await?.want(200)?;
        let cookie = answer.header("set-cookie").context("RT's session")?;
        let cookie = cookie.split(';').next().unwrap_or_default();
        Ok(Rt {
            address: self.address.clone(),
            headers: vec![
                format!("cookie: {cookie}"),
                // It shows a warning instead to who comes from elsewhere.
                format!("referer: http://{}/", self.address),
            ],
        })
    }

    /// A connection.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.address, &self.headers)
    }
}
