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
        self.put_category(actor, key, None, edit, true).await
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
        self.put_category(actor, key, expected, edit, false).await
    }

    async fn put_category(
        &self,
        actor: &Actor,
        key: &str,
        expected: Option<i64>,
        edit: ValueEdit,
        new: bool,
    ) -> Result<Category, Error> {
        check_admin(actor)?;
        let (now, actor, key) = (self.now(), actor.clone(), key.to_owned());
        let category = self
            .0
            .db
            .write(move |c| {
                let all = store::values::all_categories(c)?;
                let before = all.iter().find(|v| v.key == key);
                let mut after = match (before, new) {
                    (Some(_), true) => {
                        return Err(Error::invalid("key", "there is such a category already"));
                    }
                    (None, false) => return Err(Error::not_found(format!("category {key:?}"))),
                    (Some(before), false) => before.clone(),
                    (None, true) => Category {
                        key: key.clone(),
                        name: String::new(),
                        position: all.last().map_or(0, |v| v.position + 1),
                        in_reports: true,
                        active: true,
                        version: 0,
                    },
                };
                stale(expected, after.version)?;
                check_key(&key)?;
                if let Some(name) = &edit.name {
                    after.name = name.trim().to_owned();
                }
                after.position = edit.position.unwrap_or(after.position);
                after.in_reports = edit.in_reports.unwrap_or(after.in_reports);
                after.active = edit.active.unwrap_or(after.active);
                check_name(&after.name)?;
                check_position(after.position)?;
                if all
                    .iter()
                    .any(|v| v.key != key && same_name(&v.name, &after.name))
                {
                    return Err(Error::invalid("name", "another category has it"));
                }
                if !after.active && key == DEFAULT_CATEGORY {
                    return Err(Error::invalid(
                        "active",
                        "a ticket of which nobody says what it is has this category",
                    ));
                }
                if before == Some(&after) {
                    return Ok(after);
                }
                store::values::put_category(c, &after)?;
                let (action, detail) = match before {
                    None => ("category.created", json!(after)),
                    Some(before) => ("category.changed", difference(before, &after)),
                };
                record(c, &actor, now, (action, "category", &key), detail)?;
                after.version += 1;
                Ok(after)
            })
            .await?;
        self.forget_catalogue();
        Ok(category)
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
        self.put_issue_type(actor, key, Some(category), None, edit)
            .await
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
        self.put_issue_type(actor, key, None, expected, edit).await
    }

    async fn put_issue_type(
        &self,
        actor: &Actor,
        key: &str,
        category: Option<&str>,
        expected: Option<i64>,
        edit: ValueEdit,
    ) -> Result<IssueType, Error> {
        check_admin(actor)?;
        let (now, actor, key) = (self.now(), actor.clone(), key.to_owned());
        let category = category.map(str::to_owned);
        let issue_type = self
            .0
            .db
            .write(move |c| {
                let all = store::values::all_issue_types(c)?;
                let before = all.iter().find(|v| v.key == key);
                let mut after = match (before, &category) {
                    (Some(_), Some(_)) => {
                        return Err(Error::invalid(
                            "key",
                            "there is such a type of issue already",
                        ));
                    }
                    (None, None) => return Err(Error::not_found(format!("type of issue {key:?}"))),
                    (Some(before), None) => before.clone(),
                    (None, Some(category)) => {
                        let categories = store::values::all_categories(c)?;
                        if !categories.iter().any(|v| v.key == *category) {
                            return Err(Error::invalid("category", "there is no such category"));
                        }
                        IssueType {
                            key: key.clone(),
                            name: String::new(),
                            category: category.clone(),
                            position: all
                                .iter()
                                .filter(|v| v.category == *category)
                                .map(|v| v.position + 1)
                                .max()
                                .unwrap_or(0),
                            visible: true,
                            active: true,
                            version: 0,
                        }
                    }
                };
                stale(expected, after.version)?;
                check_key(&key)?;
                if let Some(name) = &edit.name {
                    after.name = name.trim().to_owned();
                }
                after.position = edit.position.unwrap_or(after.position);
                after.visible = edit.visible.unwrap_or(after.visible);
                after.active = edit.active.unwrap_or(after.active);
                check_name(&after.name)?;
                check_position(after.position)?;
                if all.iter().any(|v| {
                    v.key != key && v.category == after.category && same_name(&v.name, &after.name)
                }) {
                    return Err(Error::invalid(
                        "name",
                        "another type of issue of the category has it",
                    ));
                }
                if before == Some(&after) {
                    return Ok(after);
                }
                store::values::put_issue_type(c, &after)?;
                let (action, detail) = match before {
                    None => ("issue_type.created", json!(after)),
                    Some(before) => ("issue_type.changed", difference(before, &after)),
                };
                record(c, &actor, now, (action, "issue_type", &key), detail)?;
                after.version += 1;
                Ok(after)
            })
            .await?;
        self.forget_catalogue();
        Ok(issue_type)
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
