//! A new password for somebody who forgot theirs, by a link that is mailed.

use serde_json::json;

use crate::account::{self, address};
use crate::letter_text::Deed;
use crate::link::{self, Purpose};
use crate::{Desk, Error, password, sign_in};

impl Desk {
    /// Has a link mailed to an address, with which its account gets a new
    /// password. The answer is the same, and takes as long, whether there is
    /// one.
    ///
    /// # Errors
    /// When it is no address, or the network asked too often.
    pub async fn ask_to_reset(&self, email: &str, network: &str) -> Result<(), Error> {
        let address = address("mail", email)?;
        self.wish_for_mail(Purpose::Reset, &address, None, network)
            .await
    }

    /// The address whose account a link gives a new password to.
    ///
    /// # Errors
    /// When the link does not work (any more).
    pub async fn reset_link(&self, word: &str) -> Result<String, Error> {
        let (word, now) = (word.to_owned(), self.now());
        self.0
            .db
            .read(move |c| Ok(link::find(c, &word, Purpose::Reset, now)?.address))
            .await
    }

    /// Sets the new password. Every session of the person ends, as do links
    /// and sign-ins on their way; second factors stay.
    ///
    /// # Errors
    /// When the link does not work (any more), or the password is refused.
    pub async fn reset_password(&self, word: &str, new: &str) -> Result<(), Error> {
        let now = self.now();
        let key = word.to_owned();
        let (person, addresses) = self
            .0
            .db
            .read(move |c| {
                let link = link::find(c, &key, Purpose::Reset, now)?;
                let person = store::person::by_email(c, &link.address)?
                    .filter(|p| p.active && Some(p.id) == link.person)
                    .ok_or_else(|| Error::not_found("link"))?;
                let addresses = store::person::emails(c, person.id)?;
                Ok::<_, Error>((person, addresses))
            })
            .await?;
        let mut about: Vec<&str> = addresses.iter().map(|(a, _)| a.as_str()).collect();
        about.extend([person.name.as_str(), person.institute.as_str()]);
        password::check(new, &about)?;
        let hash = password::hash(new.to_owned()).await?;
        let (desk, word) = (self.clone(), word.to_owned());
        self.0
            .db
            .write(move |c| {
                let link = link::find(c, &word, Purpose::Reset, now)?;
                let person = store::person::by_email(c, &link.address)?
                    .filter(|p| p.active && Some(p.id) == link.person)
                    .ok_or_else(|| Error::not_found("link"))?;
                store::mailed_link::end(c, &link.address, Purpose::Reset.key())?;
                store::person::set_password(c, person.id, &hash, now)?;
                sign_in::shut_out(c, person.id, &[])?;
                account::record(c, &person, now, "person.password_reset", &json!({}))?;
                account::tell(&desk, c, &person, Deed::PasswordSet)
            })
            .await?;
        self.forget_actors();
        self.wake();
        Ok(())
    }
}
