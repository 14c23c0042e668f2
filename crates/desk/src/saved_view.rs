//! Searches that somebody saved under a name.

use store::person::SavedView;
use switchboard_core::PersonId;
use uuid::Uuid;

use crate::{Desk, Error};

impl Desk {
    /// A person's saved searches.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn saved_views(&self, person: PersonId) -> Result<Vec<SavedView>, Error> {
        self.0
            .db
            .read(move |c| store::person::saved_views(c, person).map_err(Error::from))
            .await
    }

    /// Saves a search under a name.
    ///
    /// # Errors
    /// When the name is empty or the query can not be read.
    pub async fn save_view(&self, person: PersonId, name: &str, query: &str) -> Result<(), Error> {
        let name: String = name
            .trim()
            .chars()
            .filter(|c| !c.is_control())
            .take(60)
            .collect();
        if name.is_empty() {
            return Err(Error::invalid("name", "give the view a name"));
        }
        let query = switchboard_core::query::Query::parse(query)?.to_string();
        let view = SavedView {
            id: self.uuid(),
            name,
            query,
        };
        self.0
            .db
            .write(move |c| store::person::save_view(c, person, &view).map_err(Error::from))
            .await
    }

    /// Forgets a saved search.
    ///
    /// # Errors
    /// When there is no such view.
    pub async fn delete_view(&self, person: PersonId, id: Uuid) -> Result<(), Error> {
        let done = self
            .0
            .db
            .write(move |c| store::person::delete_view(c, person, id).map_err(Error::from))
            .await?;
        if done {
            Ok(())
        } else {
            Err(Error::not_found("such saved view"))
        }
    }
}
