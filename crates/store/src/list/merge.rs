//! A page out of many sources.

use std::collections::BTreeSet;

use super::{Cursor, Filter, Sort, Source, after, conditions, order, within};
use crate::Sql;
use crate::conn::Conn;
use crate::error::Error;

/// The numbers of a page out of many sources, in the order of the list.
///
/// Of each source its share and some more is read. Where that was all of it, or
/// ends beyond the page, the page needs no more of it; the others are read on,
/// as far as the page could go. So two statements do, whatever lies where.
pub(super) fn merged(
    conn: &mut Conn<'_>,
    sources: &[Source],
    filter: &Filter,
    sort: Sort,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<i64>, Error> {
    let share = limit / i64::try_from(sources.len()).unwrap_or(i64::MAX) + 6;
    let begun: Vec<_> = sources.iter().map(|source| (source, cursor)).collect();
    let first = places(conn, &begun, filter, sort, share)?;
    let mut page: BTreeSet<_> = first.iter().flatten().map(|c| sort.place(*c)).collect();
    let full = usize::try_from(limit).unwrap_or(usize::MAX);
    let end = page.iter().nth(full.saturating_sub(1)).copied();
    let cut: Vec<_> = sources
        .iter()
        .zip(&first)
        .filter(|(_, found)| found.len() as i64 == share)
        .filter_map(|(source, found)| Some((source, found.last().copied()?)))
        .filter(|(_, last)| end.is_none_or(|end| sort.place(*last) < end))
        .map(|(source, last)| (source, Some(last)))
        .collect();
    if !cut.is_empty() {
        let more = places(conn, &cut, filter, sort, limit)?;
        page.extend(more.iter().flatten().map(|c| sort.place(*c)));
    }
    Ok(page
        .into_iter()
        .take(full)
        .map(|(_, number)| number.abs())
        .collect())
}

/// The first places of each source after where it was left, `limit` at most.
fn places(
    conn: &mut Conn<'_>,
    sources: &[(&Source, Option<Cursor>)],
    filter: &Filter,
    sort: Sort,
    limit: i64,
) -> Result<Vec<Vec<Cursor>>, Error> {
    let mut sql = Sql::new("");
    for (i, (source, cursor)) in (0..).zip(sources) {
        if i > 0 {
            sql.push(" UNION ALL ");
        }
        // Numbers in the text, so that the same lists are prepared once.
        sql.push("SELECT CAST(").number(i).push(" AS BIGINT), ");
        sql.push(match sort {
            Sort::Newest => "number",
            Sort::Urgent => "priority",
            Sort::Updated => "updated_at",
            Sort::Due => "due",
        });
        sql.push(", number FROM (SELECT ").push(sort.columns());
        sql.push(" FROM ticket t WHERE ");
        source.condition(&mut sql);
        conditions(&mut sql, filter);
        within(&mut sql, sort, filter);
        after(&mut sql, sort, *cursor);
        order(&mut sql, sort);
        sql.push(" LIMIT ").number(limit).push(") AS source");
    }
    let mut found = vec![Vec::new(); sources.len()];
    let rows: Vec<(i64, Cursor)> = conn.run(&sql, |row| {
        let cursor = Cursor {
            key: row.get(1)?,
            number: row.get(2)?,
        };
        Ok((row.get(0)?, cursor))
    })?;
    for (source, cursor) in rows {
        if let Some(places) = usize::try_from(source).ok().and_then(|i| found.get_mut(i)) {
            places.push(cursor);
        }
    }
    // A union promises no order.
    for places in &mut found {
        places.sort_by_key(|c| sort.place(*c));
    }
    Ok(found)
}
