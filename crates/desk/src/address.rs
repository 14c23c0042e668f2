//! Several mail addresses of one person: mail from each that was proved is
//! theirs, and each signs in.

use serde_json::json;
use switchboard_core::PersonId;

use crate::account::{self, address};
use crate::letter_text::Deed;
use crate::link::{self, Purpose};
use crate::session::check_fresh;
use crate::{Desk, Error, SignedIn};

/// So many addresses one person may have.
const MOST: usize = 10;

/// An address of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MyAddress {
    /// The address.
    pub address: String,
    /// It was proved to be theirs.
    pub verified: bool,
    /// Mail goes there.
    pub primary: bool,
}

impl Desk {
    /// A person's addresses, the one that mail goes to first.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn addresses(&self, person: PersonId) -> Result<Vec<MyAddress>, Error> {
        self.0
            .db
            .read(move |c| {
                let primary = store::person::load(c, person)?.and_then(|p| p.email);
                let mut all: Vec<MyAddress> = store::person::emails(c, person)?
                    .into_iter()
                    .map(|(address, verified)| MyAddress {
                        primary: primary.as_ref() == Some(&address),
                        address,
                        verified,
                    })
                    .collect();
                all.sort_by_key(|a| !a.primary);
                Ok(all)
            })
            .await
    }

    /// Has a link mailed to an address that somebody says is theirs, too. The
    /// answer is the same whoever it belongs to.
    ///
    /// # Errors
    /// When it is no address or theirs already, or they have to prove first who
    /// they are.
    pub async fn add_address(
        &self,
        who: &SignedIn,
        email: &str,
        network: &str,
    ) -> Result<(), Error> {
        check_fresh(who, self.now())?;
        let address = address("address", email)?;
        let mine = self.addresses(who.person.id).await?;
        if mine
            .iter()
            .any(|a| a.verified && a.address == address.as_str())
        {
            return Err(Error::invalid("address", "is yours already"));
        }
        if mine.len() >= MOST {
            return Err(Error::invalid(
                "address",
                format!("is one too many: you have {MOST}; remove one first"),
            ));
        }
        self.wish_for_mail(Purpose::Address, &address, Some(who.person.id), network)
            .await
    }

    /// The address that a link would add to the account of who follows it.
    ///
    /// # Errors
    /// When the link does not work (any more), or is for another account.
    pub async fn address_link(&self, who: &SignedIn, word: &str) -> Result<String, Error> {
        let (word, now, me) = (word.to_owned(), self.now(), who.person.id);
        self.0
            .db
            .read(move |c| {
                let link = link::find(c, &word, Purpose::Address, now)?;
                if link.person == Some(me) {
                    Ok(link.address)
                } else {
                    Err(Error::not_found("link"))
                }
            })
            .await
    }

    /// Adds the address that a link proves.
    ///
    /// # Errors
    /// When the link does not work (any more), is for another account, or the
    /// address has an account or tickets of its own.
    pub async fn confirm_address(&self, who: &SignedIn, word: &str) -> Result<String, Error> {
        let (word, now, desk) = (word.to_owned(), self.now(), self.clone());
        let me = who.person.clone();
        let added = self
            .0
            .db
            .write(move |c| {
                let link = link::find(c, &word, Purpose::Address, now)?;
                if link.person != Some(me.id) {
                    return Err(Error::not_found("link"));
                }
                if let Some(other) = store::person::by_email(c, &link.address)?
                    && other.id != me.id
                {
                    if other.has_password || store::address::is_anything_theirs(c, other.id)? {
                        return Err(Error::Conflict(format!(
                            "there are tickets or an account under {} already: ask an \
                             administrator to bring both together",
                            link.address
                        )));
                    }
                    if other.email.as_ref() == Some(&link.address) {
                        store::address::set_primary(c, None, other.id, now)?;
                    }
                }
                store::mailed_link::end(c, &link.address, Purpose::Address.key())?;
                store::address::prove(c, &link.address, me.id)?;
                if me.email.is_none() {
                    store::address::set_primary(c, Some(&link.address), me.id, now)?;
                }
                let detail = json!({"address": link.address});
                account::record(c, &me, now, "person.address_added", &detail)?;
                account::tell(&desk, c, &me, Deed::AddressAdded(&link.address))?;
                Ok(link.address)
            })
            .await?;
        self.forget_actors();
        self.wake();
        Ok(added)
    }

    /// Has mail go to another address of oneself.
    ///
    /// # Errors
    /// When it is not theirs or not proved, or they have to prove first who
    /// they are.
    pub async fn make_primary(&self, who: &SignedIn, address: &str) -> Result<(), Error> {
        check_fresh(who, self.now())?;
        let (address, now, desk) = (address.to_owned(), self.now(), self.clone());
        let me = who.person.clone();
        self.0
            .db
            .write(move |c| {
                let theirs = store::person::emails(c, me.id)?;
                if !theirs
                    .iter()
                    .any(|(a, verified)| *a == address && *verified)
                {
                    return Err(Error::not_found("such address of yours"));
                }
                store::address::set_primary(c, Some(&address), me.id, now)?;
                let detail = json!({"address": [me.email, address]});
                account::record(c, &me, now, "person.address_chosen", &detail)?;
                // To the old one: who took the account over would read the new.
                account::tell(&desk, c, &me, Deed::MailGoesTo(&address))
            })
            .await?;
        self.forget_actors();
        self.wake();
        Ok(())
    }

    /// Takes an address from oneself; mail from it is somebody else's then.
    ///
    /// # Errors
    /// When it is not theirs or the one that mail goes to, or they have to
    /// prove first who they are.
    pub async fn remove_address(&self, who: &SignedIn, address: &str) -> Result<(), Error> {
        check_fresh(who, self.now())?;
        let (address, now, desk) = (address.to_owned(), self.now(), self.clone());
        let me = who.person.clone();
        self.0
            .db
            .write(move |c| {
                let primary = store::person::load(c, me.id)?.and_then(|p| p.email);
                if primary.as_ref() == Some(&address) {
                    return Err(Error::invalid(
                        "address",
                        "is the one your mail goes to: choose another one for that first",
                    ));
                }
                if !store::address::remove(c, &address, me.id)? {
                    return Err(Error::not_found("such address of yours"));
                }
                store::mailed_link::end(c, &address, Purpose::Reset.key())?;
                let detail = json!({"address": address});
                account::record(c, &me, now, "person.address_removed", &detail)?;
                account::tell(&desk, c, &me, Deed::AddressRemoved(&address))
            })
            .await?;
        self.forget_actors();
        self.wake();
        Ok(())
    }
}
