//! Categories and types of issue, looked after by administrators. What tickets
//! have is never taken out of the lists, only out of use.

use serde_json::json;
use store::Conn;
use store::values::{Category, IssueType};
use switchboard_core::unit::{check_key, check_name, same_name};
use switchboard_core::{Actor, Millis};

use crate::audit::{self, Subject, difference};
use crate::{Desk, Error};

/// What a ticket is when nobody says what it is.
const DEFAULT_CATEGORY: &str = "incident";

/// The lists, what is out of use too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// The categories in their order.
    pub categories: Vec<Category>,
    /// The types of issue, by category and in their order.
    pub issue_types: Vec<IssueType>,
}

/// What is to be changed of a value; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValueEdit {
    /// Its name.
    pub name: Option<String>,
    /// Its place in its list.
    pub position: Option<i64>,
    /// For a category: it counts in reports.
    pub in_reports: Option<bool>,
    /// For a type of issue: requesters can choose it too.
    pub visible: Option<bool>,
    /// It can be chosen.
    pub active: Option<bool>,
}

fn check_admin(actor: &Actor) -> Result<(), Error> {
    if actor.admin || actor.is_system() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "only administrators may edit the lists of values".into(),
    ))
}

fn check_position(position: i64) -> Result<(), Error> {
    if (0..=10_000).contains(&position) {
        return Ok(());
    }
    Err(Error::invalid("position", "takes 0 to 10000"))
}

fn stale(expected: Option<i64>, current: i64) -> Result<(), Error> {
    if expected.is_some_and(|e| e != current) {
        return Err(Error::Stale { current });
    }
    Ok(())
}

fn record(
    c: &mut Conn<'_>,
    actor: &Actor,
    now: Millis,
    (action, kind, key): (&str, &str, &str),
    mut detail: serde_json::Value,
) -> Result<(), Error> {
    detail["key"] = json!(key);
    let subject = Subject::Setting(format!("{kind}:{key}"));
    audit::record(c, actor, now, action, &subject, &detail)
}

/// What values of both lists have.
struct Shared<'a> {
    name: &'a mut String,
    position: &'a mut i64,
    active: &'a mut bool,
    version: &'a mut i64,
}

/// A value of a list that administrators edit.
trait Listed: Clone + PartialEq + serde::Serialize + Send + Sync + 'static {
    /// As the audit log calls it.
    const KIND: &'static str;
    /// As people call it.
    const WORD: &'static str;
    /// What is wrong with a name that another has.
    const NAME_TAKEN: &'static str;

    fn all(c: &mut Conn<'_>) -> Result<Vec<Self>, Error>;
    fn put(&self, c: &mut Conn<'_>) -> Result<(), Error>;
    fn key(&self) -> &str;
    fn name(&self) -> &str;
    fn position(&self) -> i64;
    fn shared(&mut self) -> Shared<'_>;
    /// They are shown in one list: names differ there.
    fn beside(&self, other: &Self) -> bool;
    /// What only this list has.
    fn edit(&mut self, edit: &ValueEdit);
    /// Whether a new one has its place.
    fn check_new(&self, c: &mut Conn<'_>) -> Result<(), Error>;
    fn check(&self) -> Result<(), Error>;
}

impl Listed for Category {
    const KIND: &'static str = "category";
    const WORD: &'static str = "category";
    const NAME_TAKEN: &'static str = "another category has it";

    fn all(c: &mut Conn<'_>) -> Result<Vec<Self>, Error> {
        Ok(store::values::all_categories(c)?)
    }

    fn put(&self, c: &mut Conn<'_>) -> Result<(), Error> {
        Ok(store::values::put_category(c, self)?)
    }

    fn key(&self) -> &str {
        &self.key
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn position(&self) -> i64 {
        self.position
    }

    fn shared(&mut self) -> Shared<'_> {
        Shared {
            name: &mut self.name,
            position: &mut self.position,
            active: &mut self.active,
            version: &mut self.version,
        }
    }

    fn beside(&self, _: &Self) -> bool {
        true
    }

    fn edit(&mut self, edit: &ValueEdit) {
        self.in_reports = edit.in_reports.unwrap_or(self.in_reports);
    }

    fn check_new(&self, _: &mut Conn<'_>) -> Result<(), Error> {
        Ok(())
    }

    fn check(&self) -> Result<(), Error> {
        if self.active || self.key != DEFAULT_CATEGORY {
            return Ok(());
        }
        Err(Error::invalid(
            "active",
            "a ticket of which nobody says what it is has this category",
        ))
    }
}

impl Listed for IssueType {
    const KIND: &'static str = "issue_type";
    const WORD: &'static str = "type of issue";
    const NAME_TAKEN: &'static str = "another type of issue of the category has it";

    fn all(c: &mut Conn<'_>) -> Result<Vec<Self>, Error> {
        Ok(store::values::all_issue_types(c)?)
    }

    fn put(&self, c: &mut Conn<'_>) -> Result<(), Error> {
        Ok(store::values::put_issue_type(c, self)?)
    }

    fn key(&self) -> &str {
        &self.key
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn position(&self) -> i64 {
        self.position
    }

    fn shared(&mut self) -> Shared<'_> {
        Shared {
            name: &mut self.name,
            position: &mut self.position,
            active: &mut self.active,
            version: &mut self.version,
        }
    }

    fn beside(&self, other: &Self) -> bool {
        self.category == other.category
    }

    fn edit(&mut self, edit: &ValueEdit) {
        self.visible = edit.visible.unwrap_or(self.visible);
    }

    fn check_new(&self, c: &mut Conn<'_>) -> Result<(), Error> {
        let categories = store::values::all_categories(c)?;
        if categories.iter().any(|v| v.key == self.category) {
            return Ok(());
        }
        Err(Error::invalid("category", "there is no such category"))
    }

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }
}

impl Desk {
    /// Both lists.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn values(&self) -> Result<Values, Error> {
        self.0
            .db
            .read(|c| {
                Ok(Values {
                    categories: store::values::all_categories(c)?,
                    issue_types: store::values::all_issue_types(c)?,
                })
            })
            .await
    }

    /// Adds a category.
    ///
    /// # Errors
    /// Unless an administrator does it; or the field that is wrong.
    pub async fn create_category(
        &self,
        actor: &Actor,
        key: &str,
        edit: ValueEdit,
    ) -> Result<Category, Error> {
        let new = Category {
            key: key.to_owned(),
            name: String::new(),
            position: 0,
            in_reports: true,
            active: true,
            version: 0,
        };
        self.put(actor, key, Some(new), None, edit).await
    }

    /// Changes a category.
    ///
    /// # Errors
    /// [`Error::Stale`] when `expected` is no longer its version; or as for
    /// [`Desk::create_category`].
    pub async fn change_category(
        &self,
        actor: &Actor,
        key: &str,
        expected: Option<i64>,
        edit: ValueEdit,
    ) -> Result<Category, Error> {
        self.put::<Category>(actor, key, None, expected, edit).await
    }

    /// Adds a type of issue to a category.
    ///
    /// # Errors
    /// Unless an administrator does it; or the field that is wrong.
    pub async fn create_issue_type(
        &self,
        actor: &Actor,
        key: &str,
        category: &str,
        edit: ValueEdit,
    ) -> Result<IssueType, Error> {
        let new = IssueType {
            key: key.to_owned(),
            name: String::new(),
            category: category.to_owned(),
            position: 0,
            visible: true,
            active: true,
            version: 0,
        };
        self.put(actor, key, Some(new), None, edit).await
    }

    /// Changes a type of issue. Its category stays: tickets have both.
    ///
    /// # Errors
    /// [`Error::Stale`] when `expected` is no longer its version; or as for
    /// [`Desk::create_issue_type`].
    pub async fn change_issue_type(
        &self,
        actor: &Actor,
        key: &str,
        expected: Option<i64>,
        edit: ValueEdit,
    ) -> Result<IssueType, Error> {
        self.put::<IssueType>(actor, key, None, expected, edit)
            .await
    }

    /// Adds a value (`new`: as it is before the edit) to its list, or changes it.
    async fn put<V: Listed>(
        &self,
        actor: &Actor,
        key: &str,
        new: Option<V>,
        expected: Option<i64>,
        edit: ValueEdit,
    ) -> Result<V, Error> {
        check_admin(actor)?;
        let (now, actor, key) = (self.now(), actor.clone(), key.to_owned());
        let stored = self
            .0
            .db
            .write(move |c| {
                let all = V::all(c)?;
                let before = all.iter().find(|v| v.key() == key);
                let mut after = match (before, &new) {
                    (Some(_), Some(_)) => {
                        let problem = format!("there is such a {} already", V::WORD);
                        return Err(Error::invalid("key", problem));
                    }
                    (None, None) => {
                        return Err(Error::not_found(format!("{} {key:?}", V::WORD)));
                    }
                    (Some(before), None) => before.clone(),
                    (None, Some(new)) => {
                        let mut new = new.clone();
                        new.check_new(c)?;
                        *new.shared().position = all
                            .iter()
                            .filter(|v| v.beside(&new))
                            .map(|v| v.position() + 1)
                            .max()
                            .unwrap_or(0);
                        new
                    }
                };
                stale(expected, *after.shared().version)?;
                check_key(&key)?;
                after.edit(&edit);
                let shared = after.shared();
                if let Some(name) = &edit.name {
                    *shared.name = name.trim().to_owned();
                }
                *shared.position = edit.position.unwrap_or(*shared.position);
                *shared.active = edit.active.unwrap_or(*shared.active);
                check_name(shared.name)?;
                check_position(*shared.position)?;
                if all.iter().any(|v| {
                    v.key() != key && v.beside(&after) && same_name(v.name(), after.name())
                }) {
                    return Err(Error::invalid("name", V::NAME_TAKEN));
                }
                after.check()?;
                if before == Some(&after) {
                    return Ok(after);
                }
                after.put(c)?;
                let (deed, detail) = match before {
                    None => ("created", json!(after)),
                    Some(before) => ("changed", difference(before, &after)),
                };
                let action = format!("{}.{deed}", V::KIND);
                record(c, &actor, now, (&action, V::KIND, &key), detail)?;
                *after.shared().version += 1;
                Ok(after)
            })
            .await?;
        self.forget_catalogue();
        Ok(stored)
    }

    /// Deletes a category (`false`) or a type of issue (`true`) that nothing
    /// uses.
    ///
    /// # Errors
    /// [`Error::Conflict`] when something does: it can be taken out of use
    /// instead. Unless an administrator does it.
    pub async fn delete_value(
        &self,
        actor: &Actor,
        key: &str,
        issue_type: bool,
    ) -> Result<(), Error> {
        check_admin(actor)?;
        let (now, actor, key) = (self.now(), actor.clone(), key.to_owned());
        self.0
            .db
            .write(move |c| {
                let used = if issue_type {
                    store::values::issue_type_is_used(c, &key)?
                } else {
                    key == DEFAULT_CATEGORY || store::values::category_is_used(c, &key)?
                };
                if used {
                    return Err(Error::Conflict(format!(
                        "{key} is used and can not be deleted; take it out of use instead"
                    )));
                }
                let kind = if issue_type {
                    store::values::delete_issue_type(c, &key)?;
                    ("issue_type.deleted", "issue_type", key.as_str())
                } else {
                    store::values::delete_category(c, &key)?;
                    ("category.deleted", "category", key.as_str())
                };
                record(c, &actor, now, kind, json!({}))
            })
            .await?;
        self.forget_catalogue();
        Ok(())
    }
}
