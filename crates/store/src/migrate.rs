//! The schema, in steps that are applied once and never changed.
//!
//! One text serves both databases: `BIGINT`, `TEXT`, `UUID` and `BLOB` are
//! put into each one's words, and what only one of them has stands between
//! the lines `-- sqlite-only` or `-- postgres-only` and `-- both`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::conn::{Conn, Dialect};
use crate::db::{Options, Target};
use crate::value::Value;
use crate::{Error, pg, sqlite};

/// Name and text, in the order in which they are applied.
const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_base", include_str!("migrations/0001_base.sql")),
    ("0002_jobs", include_str!("migrations/0002_jobs.sql")),
    ("0003_search", include_str!("migrations/0003_search.sql")),
    ("0004_counts", include_str!("migrations/0004_counts.sql")),
    (
        "0005_monitors",
        include_str!("migrations/0005_monitors.sql"),
    ),
    ("0006_audit", include_str!("migrations/0006_audit.sql")),
    (
        "0007_accounts",
        include_str!("migrations/0007_accounts.sql"),
    ),
    ("0009_staff", include_str!("migrations/0009_staff.sql")),
    (
        "0008_federated",
        include_str!("migrations/0008_federated.sql"),
    ),
    (
        "0010_catalogue",
        include_str!("migrations/0010_catalogue.sql"),
    ),
    (
        "0011_onboarding",
        include_str!("migrations/0011_onboarding.sql"),
    ),
    ("0012_portals", include_str!("migrations/0012_portals.sql")),
    ("0013_privacy", include_str!("migrations/0013_privacy.sql")),
    ("0014_gaps", include_str!("migrations/0014_gaps.sql")),
    (
        "0015_mailboxes",
        include_str!("migrations/0015_mailboxes.sql"),
    ),
    ("0016_outbox", include_str!("migrations/0016_outbox.sql")),
    (
        "0017_redirect",
        include_str!("migrations/0017_redirect.sql"),
    ),
    ("0019_lists", include_str!("migrations/0019_lists.sql")),
    (
        "0020_held_answers",
        include_str!("migrations/0020_held_answers.sql"),
    ),
    (
        "0021_mail_choices",
        include_str!("migrations/0021_mail_choices.sql"),
    ),
    (
        "0022_protection",
        include_str!("migrations/0022_protection.sql"),
    ),
    (
        "0023_exchange",
        include_str!("migrations/0023_exchange.sql"),
    ),
    (
        "0025_open_terms",
        include_str!("migrations/0025_open_terms.sql"),
    ),
    ("0026_clocks", include_str!("migrations/0026_clocks.sql")),
    (
        "0027_exchange_looks",
        include_str!("migrations/0027_exchange_looks.sql"),
    ),
    ("0028_timers", include_str!("migrations/0028_timers.sql")),
    (
        "0029_opened_there",
        include_str!("migrations/0029_opened_there.sql"),
    ),
    (
        "0030_site_contacts",
        include_str!("migrations/0030_site_contacts.sql"),
    ),
    (
        "0031_home_communities",
        include_str!("migrations/0031_home_communities.sql"),
    ),
    (
        "0032_mailbox_portal",
        include_str!("migrations/0032_mailbox_portal.sql"),
    ),
    (
        "0034_exchange_wake",
        include_str!("migrations/0034_exchange_wake.sql"),
    ),
    (
        "0035_exchange_queue",
        include_str!("migrations/0035_exchange_queue.sql"),
    ),
    ("0041_reports", include_str!("migrations/0041_reports.sql")),
    (
        "0038_partners",
        include_str!("migrations/0038_partners.sql"),
    ),
    (
        "0055_webhooks",
        include_str!("migrations/0055_webhooks.sql"),
    ),
    (
        "0056_invitations",
        include_str!("migrations/0056_invitations.sql"),
    ),
    (
        "0057_exchange_curve",
        include_str!("migrations/0057_exchange_curve.sql"),
    ),
    (
        "0050_satisfaction",
        include_str!("migrations/0050_satisfaction.sql"),
    ),
    ("0045_targets", include_str!("migrations/0045_targets.sql")),
    ("0046_rules", include_str!("migrations/0046_rules.sql")),
    (
        "0060_campaigns",
        include_str!("migrations/0060_campaigns.sql"),
    ),
    ("0065_alarms", include_str!("migrations/0065_alarms.sql")),
    (
        "0066_saved_reports",
        include_str!("migrations/0066_saved_reports.sql"),
    ),
    (
        "0061_canned_texts",
        include_str!("migrations/0061_canned_texts.sql"),
    ),
    (
        "0058_ticket_kind",
        include_str!("migrations/0058_ticket_kind.sql"),
    ),
    ("0062_macros", include_str!("migrations/0062_macros.sql")),
    (
        "0063_partner_services",
        include_str!("migrations/0063_partner_services.sql"),
    ),
    ("0064_rota", include_str!("migrations/0064_rota.sql")),
    (
        "0067_exchange_links",
        include_str!("migrations/0067_exchange_links.sql"),
    ),
    (
        "0069_fair_jobs",
        include_str!("migrations/0069_fair_jobs.sql"),
    ),
    (
        "0070_unit_search",
        include_str!("migrations/0070_unit_search.sql"),
    ),
    (
        "0071_unit_words",
        include_str!("migrations/0071_unit_words.sql"),
    ),
];

/// How often to start again when another node migrates at the same moment.
const TRIES: u32 = 10;

pub(crate) fn run(target: &Target, options: &Options) -> Result<Vec<&'static str>, Error> {
    match target {
        Target::Sqlite(path) => {
            let session = sqlite::Session::writer(path, options)?;
            apply_all(&mut session.conn(), MIGRATIONS)
        }
        Target::Postgres(config) => {
            let mut session = pg::Session::new(*config.clone(), options);
            let mut tries = 0;
            loop {
                session.connect().map_err(|f| f.error)?;
                match apply_all(&mut session.conn(), MIGRATIONS) {
                    // Two nodes that create the same table at once: one of them is refused.
                    Err(Error::Conflict { .. } | Error::Busy) if tries < TRIES => {
                        tries += 1;
                        std::thread::sleep(Duration::from_millis(50 * u64::from(tries)));
                    }
                    done => return done,
                }
            }
        }
    }
}

fn apply_all(
    conn: &mut Conn<'_>,
    migrations: &'static [(&'static str, &'static str)],
) -> Result<Vec<&'static str>, Error> {
    let dialect = conn.dialect();
    conn.batch_text(&in_dialect(
        "CREATE TABLE IF NOT EXISTS migration (
           name TEXT PRIMARY KEY,
           checksum TEXT NOT NULL,
           applied_at BIGINT NOT NULL
         )",
        dialect,
    ))?;
    // What is there stays there, so it needs no lock: on PostgreSQL each would cost a
    // start a journey to the disk.
    let there = known(conn)?;
    let mut applied = Vec::new();
    for (index, (name, text)) in migrations.iter().enumerate() {
        if is_among(&there, name, text)? {
            continue;
        }
        let begin = match dialect {
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            Dialect::Postgres => "BEGIN; LOCK TABLE migration IN ACCESS EXCLUSIVE MODE",
        };
        conn.batch_text(begin)?;
        let done = step(conn, &migrations[..=index], name, text);
        let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        // After a failed statement nothing but the rollback may follow.
        conn.state.doomed = None;
        conn.batch_text(end)?;
        if done? {
            tracing::info!(migration = name, "applied");
            applied.push(*name);
        }
    }
    let unknown = known(conn)?
        .into_iter()
        .find(|(name, _)| migrations.iter().all(|(ours, _)| ours != name));
    match unknown {
        Some((name, _)) => Err(Error::other(format!(
            "the database was changed by a newer version of this program (migration {name}); \
             run that version"
        ))),
        None => Ok(applied),
    }
}

/// One migration inside its transaction; `false` when it was there already.
fn step(
    conn: &mut Conn<'_>,
    so_far: &[(&str, &str)],
    name: &str,
    text: &str,
) -> Result<bool, Error> {
    let known = known(conn)?;
    if is_among(&known, name, text)? {
        return Ok(false);
    }
    if let Some((later, _)) = known
        .iter()
        .find(|(known, _)| so_far.iter().all(|(ours, _)| ours != known) && known.as_str() > name)
    {
        tracing::debug!(later, "the database knows later migrations");
    }
    conn.batch_text(&in_dialect(text, conn.dialect()))
        .map_err(|error| match error {
            Error::Other(text) => Error::Other(format!("migration {name}: {text}")),
            other => other,
        })?;
    conn.execute_text(
        "INSERT INTO migration (name, checksum, applied_at) VALUES ($1, $2, $3)",
        &[
            Value::from(name),
            checksum(text).into(),
            wall_clock().into(),
        ],
    )?;
    Ok(true)
}

/// Whether a migration was applied; refused when that was another one of its name.
fn is_among(known: &[(String, String)], name: &str, text: &str) -> Result<bool, Error> {
    let Some((_, theirs)) = known.iter().find(|(known, _)| known == name) else {
        return Ok(false);
    };
    let ours = checksum(text);
    if *theirs == ours {
        Ok(true)
    } else {
        Err(Error::other(format!(
            "migration {name} was applied with another text (checksum {theirs}, ours is {ours}); \
             a migration is never changed after it was released"
        )))
    }
}

/// Epoch milliseconds, for whoever looks into the table; nothing depends on it.
#[expect(
    clippy::disallowed_methods,
    reason = "a schema is applied in the real world's time, also where a test sets the clock"
)]
fn wall_clock() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
}

fn known(conn: &mut Conn<'_>) -> Result<Vec<(String, String)>, Error> {
    conn.query_text(
        "SELECT name, checksum FROM migration ORDER BY name",
        &[],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// FNV-1a over the text without carriage returns. It guards against
/// mistakes, not against malice.
fn checksum(text: &str) -> String {
    let hash = text
        .bytes()
        .filter(|byte| *byte != b'\r')
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("{hash:016x}")
}

/// The text in one database's words, without comments.
fn in_dialect(text: &str, dialect: Dialect) -> String {
    let mut ours = String::with_capacity(text.len());
    let mut only = None;
    for line in text.lines() {
        match line.trim() {
            "-- sqlite-only" => only = Some(Dialect::Sqlite),
            "-- postgres-only" => only = Some(Dialect::Postgres),
            "-- both" => only = None,
            _ if only.is_some_and(|only| only != dialect) => {}
            _ => {
                let code = line.split_once("--").map_or(line, |(code, _)| code);
                ours.push_str(code.trim_end());
                ours.push('\n');
            }
        }
    }
    match dialect {
        // Only under this name is the column the row's own number, so that
        // looking it up is one search instead of two.
        Dialect::Sqlite => ours.replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY"),
        Dialect::Postgres => in_postgres_words(&ours),
    }
}

/// Bytes have another name, and text is compared byte by byte as SQLite does it.
fn in_postgres_words(text: &str) -> String {
    let mut ours = String::with_capacity(text.len());
    let mut word = String::new();
    let mut before = String::new();
    let mut quoted = false;
    for c in text.chars().chain(['\n']) {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        match word.as_str() {
            "BLOB" if !quoted => ours.push_str("BYTEA"),
            "TEXT" if !quoted && before != "AS" => ours.push_str("TEXT COLLATE \"C\""),
            other => ours.push_str(other),
        }
        if !word.is_empty() {
            before = std::mem::take(&mut word);
        }
        quoted ^= c == '\'';
        ours.push(c);
    }
    ours
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "CREATE TABLE t ( -- a TEXT comment
  n BIGINT PRIMARY KEY,
  name TEXT NOT NULL DEFAULT 'TEXT',
  raw BLOB
);
-- sqlite-only
CREATE INDEX s ON t (CAST(name AS TEXT));
-- postgres-only
CREATE INDEX p ON t (CAST(name AS TEXT));
-- both
CREATE INDEX b ON t (name);
";

    #[test]
    fn one_text_for_both() {
        assert_eq!(
            in_dialect(TEXT, Dialect::Sqlite),
            "CREATE TABLE t (
  n INTEGER PRIMARY KEY,
  name TEXT NOT NULL DEFAULT 'TEXT',
  raw BLOB
);
CREATE INDEX s ON t (CAST(name AS TEXT));
CREATE INDEX b ON t (name);
"
        );
        assert_eq!(
            in_dialect(TEXT, Dialect::Postgres).trim_end(),
            "CREATE TABLE t (
  n BIGINT PRIMARY KEY,
  name TEXT COLLATE \"C\" NOT NULL DEFAULT 'TEXT',
  raw BYTEA
);
CREATE INDEX p ON t (CAST(name AS TEXT));
CREATE INDEX b ON t (name);"
        );
    }

    #[test]
    fn checksum_ignores_line_ends_only() {
        assert_eq!(checksum("a\r\nb"), checksum("a\nb"));
        assert_ne!(checksum("a\nb"), checksum("a\nc"));
    }
}
