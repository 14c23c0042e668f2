//! Signing in with address and password, slowed down for those who guess.

use mail::Address;
use switchboard_core::Millis;

use crate::{Desk, Error, password};

/// Failed sign-ins of one account or network within this time count.
const FAILURE_WINDOW_MS: Millis = 15 * 60_000;
/// So many failures of one account are free.
const ACCOUNT_TRIES: i64 = 8;
/// So many failures from one network are free.
const NETWORK_TRIES: i64 = 60;

impl Desk {
    /// Signs in with address and password. The answer is the same, and takes
    /// as long, whether the address or the password is wrong.
    ///
    /// `network` is where the request came from; `agent` the browser's name.
    /// Returns the cookie's secret.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], or [`Error::TooMany`] after many failures.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        network: &str,
        agent: &str,
    ) -> Result<String, Error> {
        let wrong =
            || Error::Unauthenticated("That address and password do not belong together.".into());
        let now = self.now();
        let address = Address::parse(email).ok();
        let account = format!("account:{}", address.as_ref().map_or("", |a| a.as_str()));
        let network = format!("network:{network}");
        let (failures, known) = {
            let (account, network) = (account.clone(), network.clone());
            let address = address.clone();
            self.0
                .db
                .read(move |c| {
                    let since = now - FAILURE_WINDOW_MS;
                    let by_account = store::person::login_failures(c, &account, since)?;
                    let by_network = store::person::login_failures(c, &network, since)?;
                    let person = match &address {
                        Some(a) => store::person::by_email(c, a.as_str())?,
                        None => None,
                    };
                    let hash = match &person {
                        Some(p) => store::person::password_hash(c, p.id)?,
                        None => None,
                    };
                    Ok::<_, Error>(((by_account, by_network), person.zip(hash)))
                })
                .await?
        };
        if failures.0 >= ACCOUNT_TRIES || failures.1 >= NETWORK_TRIES {
            return Err(Error::TooMany { seconds: 60 });
        }
        let (person, hash) = known.unzip();
        let right = password::verify(password, hash).await?;
        let person = match person {
            Some(person) if right => person,
            _ => {
                self.0
                    .db
                    .write(move |c| {
                        store::person::login_failed(c, &account, now)?;
                        store::person::login_failed(c, &network, now).map_err(Error::from)
                    })
                    .await?;
                return Err(wrong());
            }
        };
        self.start_session(person.id, agent, Some(account)).await
    }
}
