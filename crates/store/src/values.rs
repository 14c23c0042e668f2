//! Lists of values that an administrator edits: categories and types of issue.

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::Row;

/// A value of a list: category or type of issue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListValue {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// For a type of issue: its category.
    pub category: String,
    /// For a type of issue: it is for the support side only.
    pub inner: bool,
}

/// A category as it is looked after.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Category {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its place in the list.
    pub position: i64,
    /// It counts in reports.
    pub in_reports: bool,
    /// It can be chosen.
    pub active: bool,
    /// How often it was stored.
    #[serde(skip)]
    pub version: i64,
}

/// A type of issue as it is looked after.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct IssueType {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its category's key.
    pub category: String,
    /// Its place in the category.
    pub position: i64,
    /// Requesters can choose it too.
    pub visible: bool,
    /// It can be chosen.
    pub active: bool,
    /// How often it was stored.
    #[serde(skip)]
    pub version: i64,
}

/// Stores a category that is in use.
pub fn save_category(
    conn: &mut Conn<'_>,
    value: &ListValue,
    position: i64,
    in_reports: bool,
) -> Result<(), Error> {
    put_category(
        conn,
        &Category {
            key: value.key.clone(),
            name: value.name.clone(),
            position,
            in_reports,
            active: true,
            version: 0,
        },
    )
}

/// Stores a category, new or changed.
pub fn put_category(conn: &mut Conn<'_>, value: &Category) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO category (key, name, position, in_reports, active) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (key) DO UPDATE SET name = excluded.name, position = excluded.position,
           in_reports = excluded.in_reports, active = excluded.active,
           version = category.version + 1",
        params![
            value.key.as_str(),
            value.name.as_str(),
            value.position,
            value.in_reports,
            value.active,
        ],
    )?;
    Ok(())
}

/// Stores a type of issue that is in use.
pub fn save_issue_type(conn: &mut Conn<'_>, value: &ListValue, position: i64) -> Result<(), Error> {
    put_issue_type(
        conn,
        &IssueType {
            key: value.key.clone(),
            name: value.name.clone(),
            category: value.category.clone(),
            position,
            visible: !value.inner,
            active: true,
            version: 0,
        },
    )
}

/// Stores a type of issue, new or changed. Its category stays.
pub fn put_issue_type(conn: &mut Conn<'_>, value: &IssueType) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO issue_type (key, category, name, position, active, visible)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (key) DO UPDATE SET name = excluded.name, position = excluded.position,
           active = excluded.active, visible = excluded.visible,
           version = issue_type.version + 1",
        params![
            value.key.as_str(),
            value.category.as_str(),
            value.name.as_str(),
            value.position,
            value.active,
            value.visible,
        ],
    )?;
    Ok(())
}

/// Every category, those out of use too.
pub fn all_categories(conn: &mut Conn<'_>) -> Result<Vec<Category>, Error> {
    conn.query(
        "SELECT key, name, position, in_reports, active, version FROM category
         ORDER BY position, key",
        params![],
        |row| {
            Ok(Category {
                key: row.get(0)?,
                name: row.get(1)?,
                position: row.get(2)?,
                in_reports: row.get(3)?,
                active: row.get(4)?,
                version: row.get(5)?,
            })
        },
    )
}

fn issue_type(row: &Row<'_>) -> Result<IssueType, Error> {
    Ok(IssueType {
        key: row.get(0)?,
        name: row.get(1)?,
        category: row.get(2)?,
        position: row.get(3)?,
        visible: row.get(4)?,
        active: row.get(5)?,
        version: row.get(6)?,
    })
}

/// Every type of issue, those out of use too.
pub fn all_issue_types(conn: &mut Conn<'_>) -> Result<Vec<IssueType>, Error> {
    conn.query(
        "SELECT key, name, category, position, visible, active, version FROM issue_type
         ORDER BY category, position, key",
        params![],
        issue_type,
    )
}

/// The categories in use.
pub fn categories(conn: &mut Conn<'_>) -> Result<Vec<ListValue>, Error> {
    let all = all_categories(conn)?;
    Ok(all
        .into_iter()
        .filter(|c| c.active)
        .map(|c| ListValue {
            key: c.key,
            name: c.name,
            ..ListValue::default()
        })
        .collect())
}

/// The types of issue in use.
pub fn issue_types(conn: &mut Conn<'_>) -> Result<Vec<ListValue>, Error> {
    let all = all_issue_types(conn)?;
    Ok(all
        .into_iter()
        .filter(|t| t.active)
        .map(|t| ListValue {
            key: t.key,
            name: t.name,
            category: t.category,
            inner: !t.visible,
        })
        .collect())
}

/// Some ticket has this type of issue.
pub fn issue_type_is_used(conn: &mut Conn<'_>, key: &str) -> Result<bool, Error> {
    let found: Option<i64> = conn.query_opt(
        "SELECT number FROM ticket WHERE issue_type = $1 LIMIT 1",
        params![key],
        |row| row.get(0),
    )?;
    Ok(found.is_some())
}

/// Some ticket or type of issue has this category.
pub fn category_is_used(conn: &mut Conn<'_>, key: &str) -> Result<bool, Error> {
    let ticket: Option<i64> = conn.query_opt(
        "SELECT number FROM ticket WHERE category = $1 LIMIT 1",
        params![key],
        |row| row.get(0),
    )?;
    let issue_type: Option<String> = conn.query_opt(
        "SELECT key FROM issue_type WHERE category = $1 LIMIT 1",
        params![key],
        |row| row.get(0),
    )?;
    Ok(ticket.is_some() || issue_type.is_some())
}

/// Removes a type of issue that nothing uses.
pub fn delete_issue_type(conn: &mut Conn<'_>, key: &str) -> Result<(), Error> {
    conn.execute("DELETE FROM issue_type WHERE key = $1", params![key])?;
    Ok(())
}

/// Removes a category that nothing uses.
pub fn delete_category(conn: &mut Conn<'_>, key: &str) -> Result<(), Error> {
    conn.execute("DELETE FROM category WHERE key = $1", params![key])?;
    Ok(())
}
