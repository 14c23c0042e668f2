//! Fills a database with tickets that were lived through.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use anyhow::{Context as _, bail};
use desk::{Clock as _, Desk, SystemClock};
use store::ticket_clock::Kept;
use store::{Conn, Db, Options};
use switchboard_core::clock::Terms;
use switchboard_core::{RuleSet, TargetSet};

use crate::life::{Life, Maker};
use crate::rows;
use crate::say;
use crate::words::Vocabulary;
use crate::world::{Size, World};

/// Tickets in one transaction.
const BATCH: usize = 2_000;

/// Different words in all texts.
pub(crate) const WORDS: usize = 20_000;

/// Five years, over which tickets are spread.
const SPAN: i64 = 5 * 365 * 86_400_000;

/// What a filled database's secrets are sealed with, whichever run opens it.
pub(crate) const SECRET_KEY: &str = "YmVuY2hiZW5jaGJlbmNoYmVuY2hiZW5jaGJlbmNoMTI=";

/// Under this key the database knows what it was filled with.
const MARK: &str = "bench";

/// The database's desk, for what only it can do. No mail goes out.
///
/// # Errors
/// When the database can not be opened or migrated.
pub(crate) fn desk(url: &str, data: &std::path::Path) -> anyhow::Result<Desk> {
    desk_at(url, data, Arc::new(SystemClock))
}

/// The same by another clock.
///
/// # Errors
/// When the database or the folder can not be opened.
pub(crate) fn desk_at(
    url: &str,
    data: &std::path::Path,
    clock: Arc<dyn desk::Clock>,
) -> anyhow::Result<Desk> {
    desk_keeping(url, data, clock, desk::KeptSecrets::default())
}

/// The same with what the operator keeps for coupled systems.
///
/// # Errors
/// When the database or the folder can not be opened.
pub(crate) fn desk_keeping(
    url: &str,
    data: &std::path::Path,
    clock: Arc<dyn desk::Clock>,
    secrets: desk::KeptSecrets,
) -> anyhow::Result<Desk> {
    let db = Db::open(url, Options::default())?;
    db.migrate().context("bringing the database up to date")?;
    let mailer = connect::Mailer::new(&connect::MailerConfig::None).map_err(anyhow::Error::msg)?;
    Ok(Desk::new(
        db,
        connect::Blobs::open(data.join("files"))?,
        mailer,
        clock,
        desk::Config {
            mail_address: "desk@bench.example".into(),
            keys: desk::SecretKeys::parse(SECRET_KEY).map_err(anyhow::Error::msg)?,
            secrets,
            ..desk::Config::default()
        },
    )?)
}

/// Who reads the events in the product; none of them is to see what the bench writes.
pub(crate) const FOLLOWERS: [&str; 3] = ["notices", "search", "exchange"];

/// What a filled database says of itself.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Filled {
    /// How many tickets.
    pub(crate) tickets: usize,
    /// Entries of each.
    pub(crate) entries: usize,
    /// How large the desk is beside its tickets.
    pub(crate) size: Size,
    /// When it was filled.
    pub(crate) at: i64,
    /// Without its words: nothing can be searched for.
    #[serde(default)]
    pub(crate) mute: bool,
}

/// What a database was filled with; `None`: it was not.
///
/// # Errors
/// When it can not be read.
pub(crate) fn filled(db: &Db) -> anyhow::Result<Option<Filled>> {
    let text = db.read_blocking(|c| store::setting::get(c, MARK))?;
    Ok(text.map(|t| serde_json::from_str(&t)).transpose()?)
}

/// The maker of a filled database's tickets.
///
/// # Errors
/// When the first level unit can not be read.
pub(crate) fn maker(db: &Db, filled: &Filled) -> anyhow::Result<Maker> {
    let units = db.read_blocking(store::unit::all)?;
    let first_level = units
        .into_iter()
        .find(|u| u.first_level)
        .context("there is no first level unit")?;
    let words = Vocabulary::new(WORDS);
    Ok(Maker {
        world: World::new(first_level, &words, filled.size, filled.at - SPAN),
        words,
        rules: RuleSet::shipped(),
        terms: Terms::new(BTreeMap::new(), TargetSet::shipped()),
        entries: filled.entries,
        from: filled.at - SPAN,
        until: filled.at,
        tickets: filled.tickets,
    })
}

/// Fills an empty database.
///
/// # Errors
/// When it has tickets already, or refuses.
pub(crate) fn fill(
    url: &str,
    tickets: usize,
    entries: usize,
    federation: bool,
    mute: bool,
) -> anyhow::Result<()> {
    let data = tempfile::tempdir()?;
    let desk = desk(url, data.path())?;
    let db = desk.db().clone();
    if db.read_blocking(store::event::last)? > 0 {
        bail!("this database has tickets already; fill an empty one");
    }
    let filled = Filled {
        tickets,
        entries: entries.max(1),
        size: match federation {
            true => Size::federation(),
            false => Size::usual(tickets),
        },
        at: SystemClock.now(),
        mute,
    };
    let maker = Arc::new(maker(&db, &filled)?);
    let begun = Instant::now();
    maker.world.store(&db, filled.at - SPAN)?;
    let postgres = url.starts_with("postgres");
    let mut sink = match postgres {
        true => Sink::Postgres(Box::new(Copying::begin(url)?)),
        false => Sink::Store,
    };
    let (send, batches) = sync_channel::<Vec<Life>>(2);
    let making = maker.clone();
    let thread = std::thread::spawn(move || {
        for from in (0..tickets).step_by(BATCH) {
            let batch: Vec<_> = (from..tickets.min(from + BATCH))
                .map(|i| making.life(i))
                .collect();
            if send.send(batch).is_err() {
                return;
            }
        }
    });
    let (mut event, mut done) = (0i64, 0usize);
    for mut batch in batches {
        for life in &mut batch {
            for e in &mut life.events {
                event += 1;
                e.id = event;
            }
        }
        done += batch.len();
        sink.store(&db, batch, &maker.terms, mute)?;
        if done % 50_000 < BATCH || done == tickets {
            let seconds = begun.elapsed().as_secs_f64();
            say(&format!(
                "{done} of {tickets} tickets, {seconds:.0} s, {:.0} tickets/s",
                done as f64 / seconds
            ));
        }
    }
    thread
        .join()
        .map_err(|_| anyhow::anyhow!("the maker of tickets panicked"))?;
    let mark = serde_json::to_string(&filled)?;
    db.write_blocking(move |c| {
        // The counter gives the last number taken.
        store::counter::advance(c, "ticket", tickets as i64)?;
        store::counter::advance(c, "event", event)?;
        for reader in FOLLOWERS {
            store::event::set_position(c, reader, event)?;
        }
        store::setting::set(c, MARK, &mark, 0)
    })?;
    sink.end()?;
    let seconds = begun.elapsed().as_secs_f64();
    say(&format!(
        "filled with {tickets} tickets, {} entries, {event} events in {seconds:.0} s",
        tickets * filled.entries
    ));
    Ok(())
}

/// Where rows go.
enum Sink {
    /// Through the product's store.
    Store,
    /// PostgreSQL in bulk: a round trip for each row would take an hour.
    Postgres(Box<Copying>),
}

impl Sink {
    fn store(
        &mut self,
        db: &Db,
        batch: Vec<Life>,
        terms: &Terms,
        mute: bool,
    ) -> anyhow::Result<()> {
        match self {
            Sink::Store => {
                let terms = terms.clone();
                db.write_blocking(move |c| lives(c, &batch, &terms, mute))?;
            }
            Sink::Postgres(copying) => {
                copying.copy(&batch)?;
                if !mute {
                    let docs: Vec<_> = batch.into_iter().map(|l| l.search).collect();
                    db.write_blocking(move |c| store::search::index(c, &docs))?;
                }
            }
        }
        Ok(())
    }

    fn end(self) -> anyhow::Result<()> {
        match self {
            Sink::Store => Ok(()),
            Sink::Postgres(mut copying) => copying.end(),
        }
    }
}

fn lives(c: &mut Conn<'_>, batch: &[Life], terms: &Terms, mute: bool) -> Result<(), store::Error> {
    for life in batch {
        let clocks = Kept::of(&life.ticket, &life.clocks, &life.past, terms)?;
        store::ticket::insert(c, &life.ticket, &clocks)?;
        for entry in &life.entries {
            store::entry::insert(c, entry)?;
        }
        for event in &life.events {
            store::event::insert(c, event)?;
        }
    }
    if mute {
        return Ok(());
    }
    let docs: Vec<_> = batch.iter().map(|life| life.search.clone()).collect();
    store::search::index(c, &docs)
}

/// Bulk loading without the large text index, which is made at the end.
struct Copying {
    client: postgres::Client,
    index: String,
}

impl Copying {
    fn begin(url: &str) -> anyhow::Result<Copying> {
        let mut client = postgres::Client::connect(url, postgres::NoTls)?;
        let row = client.query_one(
            "SELECT indexdef FROM pg_indexes WHERE indexname = 'ticket_search_by_lexeme'
             AND schemaname = current_schema()",
            &[],
        )?;
        let index: String = row.get(0);
        client.batch_execute("DROP INDEX ticket_search_by_lexeme")?;
        Ok(Copying { client, index })
    }

    fn copy(&mut self, batch: &[Life]) -> anyhow::Result<()> {
        let mut lines: [Vec<u8>; 4] = Default::default();
        for life in batch {
            rows::copy_line(&rows::ticket(life)?, &mut lines[0]);
            for row in rows::parties(&life.ticket) {
                rows::copy_line(&row, &mut lines[1]);
            }
            for entry in &life.entries {
                rows::copy_line(&rows::entry(entry), &mut lines[2]);
            }
            for event in &life.events {
                rows::copy_line(&rows::event(event)?, &mut lines[3]);
            }
        }
        let mut transaction = self.client.transaction()?;
        let tables = [rows::TICKET, rows::PARTY, rows::ENTRY, rows::EVENT];
        for (table, lines) in tables.iter().zip(lines) {
            let mut writer = transaction.copy_in(&table.copy())?;
            writer.write_all(&lines)?;
            writer.finish()?;
        }
        transaction.commit()?;
        Ok(())
    }

    fn end(&mut self) -> anyhow::Result<()> {
        say("making the text index");
        self.client
            .batch_execute("SET maintenance_work_mem = '512MB'")?;
        self.client.batch_execute(&self.index)?;
        self.client.batch_execute("VACUUM ANALYZE")?;
        Ok(())
    }
}
