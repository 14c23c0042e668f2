//! Tickets that are linked to those of a Request Tracker 5: how fast both come together again
//! after an hour without each other, beside how fast RT itself tells what happened meanwhile.
//!
//! What happens in RT is written into its database, ten thousand times faster than by its API;
//! what the product sees of it is RT's API alone.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use connect::tracker::{self, Cursor, Login, Tracker as _};
use connect::{Guard, Reach};
use desk::onboarding::Decision;
use desk::{Clock as _, Desk, KeptSecrets, SystemClock};
use serde_json::Value;
use switchboard_core::onboarding::{Form, ServicePart, Way};
use switchboard_core::{Actor, Channel};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::exchange;
use crate::fill;
use crate::report::{self, Line, Report};
use crate::rt::Rt;
use crate::run::at_once;
use crate::say;
use crate::stand::encode;

mod rows;

use rows::Rows;

/// Tickets there that somebody answers in.
const ANSWERED: usize = 1_000;
/// No part takes longer.
const PATIENCE: Duration = Duration::from_secs(1_800);
/// The service whose tickets lie in RT.
const SERVICE: &str = "bench-atlas";
/// Calls at once by which RT is measured alone: as many as it has processes.
const CLIENTS: usize = 4;
/// What each answer begins with.
const ANSWER: &str = "An answer from over there, number";

/// When it happened, for one row after the other.
const WITHIN: &str = "date_trunc('second', timezone('UTC', now()) - interval '60 minutes'
  + interval '50 minutes' * row_number() OVER (ORDER BY id) / count(*) OVER ())";

/// What is to be run.
pub(crate) struct Options {
    /// RT's address, `http://127.0.0.1:PORT`.
    pub(crate) rt: String,
    /// The token of the account that couples.
    pub(crate) token: String,
    /// RT's own database, `postgres://…`, with as many tickets as are to be linked.
    pub(crate) rt_database: String,
    /// The queue.
    pub(crate) queue: String,
    /// Where the results go.
    pub(crate) results: PathBuf,
    /// The results' name.
    pub(crate) name: Option<String>,
}

/// RT's database.
struct There {
    client: postgres::Client,
    queue: i32,
    /// Who works there.
    who: i32,
}

impl There {
    fn open(options: &Options) -> anyhow::Result<There> {
        let mut client = postgres::Client::connect(&options.rt_database, postgres::NoTls)?;
        let mut one = |sql: &str, name: &str| -> anyhow::Result<i32> {
            let row = client.query_opt(sql, &[&name])?;
            Ok(row.with_context(|| format!("RT has no {name}"))?.get(0))
        };
        let queue = one("SELECT id FROM queues WHERE name = $1", &options.queue)?;
        let who = one("SELECT id FROM users WHERE name = $1", "ada")?;
        Ok(There { client, queue, who })
    }

    fn count(&mut self) -> anyhow::Result<usize> {
        let sql = "SELECT count(*) FROM tickets WHERE queue = $1 AND status = 'new'";
        let count: i64 = self.client.query_one(sql, &[&self.queue])?.get(0);
        Ok(usize::try_from(count)?)
    }

    /// The newest transaction.
    fn newest(&mut self) -> anyhow::Result<i64> {
        let sql = "SELECT max(id)::bigint FROM transactions";
        Ok(self.client.query_one(sql, &[])?.get(0))
    }

    /// Every ticket has to wait, one after the other within the last hour.
    fn stall(&mut self) -> anyhow::Result<u64> {
        let mut change = self.client.transaction()?;
        let stalled = change.execute(
            &*format!(
                "INSERT INTO transactions (objecttype, objectid, timetaken, type, field, oldvalue,
               newvalue, creator, created)
             SELECT 'RT::Ticket', id, 0, 'Status', 'Status', status, 'stalled', $2, {WITHIN}
             FROM tickets WHERE queue = $1 AND status = 'new' ORDER BY id"
            ),
            &[&self.queue, &self.who],
        )?;
        change.execute(
            "UPDATE tickets SET status = 'stalled', lastupdatedby = $2,
               lastupdated = timezone('UTC', now())
             WHERE queue = $1 AND status = 'new'",
            &[&self.queue, &self.who],
        )?;
        change.commit()?;
        Ok(stalled)
    }

    /// Somebody answers in some tickets, likewise.
    fn answer(&mut self, most: usize) -> anyhow::Result<u64> {
        let mut change = self.client.transaction()?;
        let before = {
            let row = change.query_one("SELECT max(id)::bigint FROM transactions", &[])?;
            row.get::<_, i64>(0)
        };
        let most = i64::try_from(most)?;
        change.execute(
            &*format!(
                "INSERT INTO transactions (objecttype, objectid, timetaken, type, data, creator,
               created)
             SELECT 'RT::Ticket', id, 0, 'Correspond', 'No Subject', $2, {WITHIN}
             FROM (SELECT id FROM tickets WHERE queue = $1 AND status = 'stalled'
                   ORDER BY id LIMIT $3) AS those ORDER BY id"
            ),
            &[&self.queue, &self.who, &most],
        )?;
        let answered = change.execute(
            "INSERT INTO attachments (transactionid, parent, contenttype, contentencoding,
               content, headers, creator, created)
             SELECT id, 0, 'text/plain', 'none', $3 || ' ' || objectid || '.',
               'Content-Type: text/plain; charset=\"utf-8\"', $2, created
             FROM transactions WHERE type = 'Correspond' AND creator = $2 AND id > $1::bigint",
            &[&before, &self.who, &ANSWER],
        )?;
        change.commit()?;
        Ok(answered)
    }
}

/// The product's database, beside the desk's own connections.
struct Here(rusqlite::Connection);

impl Here {
    fn count(&self, sql: &str) -> anyhow::Result<usize> {
        let count: i64 = self.0.query_row(sql, [], |row| row.get(0))?;
        Ok(usize::try_from(count)?)
    }

    /// Waits until it counts so many, and tells how long that took.
    fn until(&self, what: &str, sql: &str, many: usize) -> anyhow::Result<Duration> {
        let (begun, mut said) = (Instant::now(), Instant::now());
        loop {
            let there_are = self.count(sql)?;
            if there_are >= many {
                ensure!(there_are == many, "{there_are} {what} instead of {many}");
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > PATIENCE {
                bail!("{there_are} of {many} {what} in {} s", PATIENCE.as_secs());
            }
            if said.elapsed() > Duration::from_secs(20) {
                said = Instant::now();
                say(&format!("{there_are} of {many} {what}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// An administrator, and the agreement by which tickets travel.
async fn coupled(desk: &Desk, options: &Options) -> anyhow::Result<(Actor, Uuid)> {
    let admin = exchange::account(desk, "admin", true).await?;
    let provider = exchange::account(desk, "provider", false).await?;
    let admin = desk.actor_for(admin.person, Channel::Api).await?;
    let provider = desk.actor_for(provider.person, Channel::Api).await?;
    let catalogue = desk.catalogue().await?;
    let first_level = catalogue.units.iter().find(|unit| unit.first_level);
    let first_level = first_level.context("there is no first level unit")?;

    let mut form = Form::fresh("provider@bench.example");
    form.provider.name = "Bench Institute".into();
    form.provider.country = "Czechia".into();
    form.provider.home_page = "https://bench.example".into();
    form.provider.contact = "office@bench.example".into();
    form.services = vec![ServicePart {
        name: "Bench Atlas".into(),
        area: "Data".into(),
        description: "Pictures of benches.".into(),
        ..ServicePart::default()
    }];
    form.option = Some(Way::Integration);
    form.unit.name = "Bench Atlas support".into();
    form.unit.parent = first_level.key.clone();
    form.unit.description = "Runs the atlas.".into();
    form.quality.time_zone = "Europe/Prague".into();
    form.quality.escalation = "head@bench.example".into();
    form.issues.types = vec!["Missing plates".into()];
    form.exchange.system = "rt".into();
    // Where it is in truth the desk is told below: forms take addresses with TLS only.
    form.exchange.endpoint = "https://rt.bench.example/REST/2.0".into();
    form.exchange.secret = "rt".into();
    form.exchange.queue = options.queue.clone();
    form.fill_maps();
    let id = desk.begin_onboarding(&provider).await?;
    let sheet = desk.save_onboarding(&provider, id, None, form).await?;
    ensure!(sheet.wrong.is_empty(), "the form: {:?}", sheet.wrong);
    desk.submit_onboarding(&provider, id, None, "").await?;
    desk.decide_onboarding(&admin, id, None, Decision::Accept)
        .await?;

    let catalogue = desk.catalogue().await?;
    let service = catalogue.services.iter().find(|s| s.key == SERVICE);
    let service = service.context("the service of the form")?.id;
    let agreement = desk
        .db()
        .read(move |c| store::agreement::current(c, service))
        .await?
        .context("the agreement of the form")?
        .id;
    Ok((admin, agreement))
}

/// From where what happens in RT is read, an hour after the last time.
async fn read_from(desk: &Desk, agreement: Uuid, cursor: &Cursor) -> anyhow::Result<()> {
    let (reading, at) = (serde_json::to_string(cursor)?, desk.now() - 3_600_000);
    desk.db()
        .write(move |c| store::coupling::set_reading(c, agreement, &reading, at))
        .await?;
    Ok(())
}

/// The number of something of RT's, which it writes as a text or as a number.
fn numbered(one: &Value) -> String {
    let id = &one["id"];
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

/// RT alone, with a session as the product has one.
struct Bare(Rt);

impl Bare {
    /// Pages of what happened above a transaction, one after the other; how many changes.
    async fn changes(&self, above: i64) -> anyhow::Result<Vec<Value>> {
        let (mut client, mut found, mut above) = (self.0.client(), Vec::new(), above);
        loop {
            let query = encode(&format!("ObjectType = 'RT::Ticket' AND id > {above}"));
            let path = format!(
                "/REST/2.0/transactions?query={query}&orderby=id&per_page=100\
                 &fields=Type,Field,OldValue,NewValue,ObjectId,Created,Creator\
                 &fields[Creator]=RealName,EmailAddress"
            );
            let answer = client.get(&path).await?.want(200)?;
            let page: Value = serde_json::from_slice(&answer.body)?;
            let rows = page["items"].as_array().cloned().unwrap_or_default();
            let Some(last) = rows.last() else {
                return Ok(found);
            };
            above = numbered(last).parse().context("a transaction's number")?;
            found.extend(rows);
        }
    }

    /// The texts of some changes, as many at once as RT has processes.
    async fn texts(&self, changes: &[Value]) -> anyhow::Result<()> {
        let each = changes.len().div_ceil(CLIENTS).max(1);
        at_once(changes.chunks(each).map(|part| async move {
            let mut client = self.0.client();
            for change in part {
                let id = numbered(change);
                let path = format!("/REST/2.0/transaction/{id}");
                client.get(&path).await?.want(200)?;
                let path = format!("/REST/2.0/transaction/{id}/attachments?fields=ContentType");
                let answer = client.get(&path).await?.want(200)?;
                let parts: Value = serde_json::from_slice(&answer.body)?;
                let part = numbered(&parts["items"][0]);
                let path = format!("/REST/2.0/attachment/{part}");
                client.get(&path).await?.want(200)?;
            }
            anyhow::Ok(())
        }))
        .await?;
        Ok(())
    }
}

/// Measures and writes it down.
///
/// # Errors
/// When RT or the product refuses something, or what happened does not come in time, or
/// comes twice.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut machine = report::machine();
    let data = tempfile::tempdir()?;
    let file = data.path().join("desk.db");
    let mut secrets = KeptSecrets::default();
    secrets.keep("rt", "rt.bench.example", options.token.clone());
    let url = format!("sqlite:{}", file.display());
    let desk = fill::desk_keeping(&url, data.path(), Arc::new(SystemClock), secrets)?;
    let here = Here(rusqlite::Connection::open(&file)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut there = There::open(options)?;
    let tickets = there.count()?;
    ensure!(tickets > 0, "RT has no new ticket in {}", options.queue);
    machine.push(format!(
        "{tickets} tickets in RT's queue; auth mode: token for a session, kept; RT with \
         {CLIENTS} processes"
    ));
    let (admin, agreement) = runtime.block_on(coupled(&desk, options))?;
    let bare = Rt::by_token(&options.rt, &options.token)?;
    let bare = Bare(runtime.block_on(bare.signed_in())?);
    // As if it had been coupled before there was any ticket there: so all are taken over.
    runtime.block_on(read_from(&desk, agreement, &Cursor::default()))?;
    let rows = Rows::load(&mut there.client, (there.queue, &options.queue))?;
    desk.use_tracker(agreement, Arc::new(rows));
    runtime.block_on(desk.start_timers())?;
    let work = runtime.spawn({
        let desk = desk.clone();
        async move { desk.work().await }
    });
    let part = Part {
        runtime: &runtime,
        desk: &desk,
        admin: &admin,
        agreement,
        here: &here,
        bare: &bare,
    };

    let mut lines = Vec::new();
    let links = "SELECT count(*) FROM exchange_link WHERE stage = 'active'";
    let took = here.until("tickets taken over", links, tickets)?;
    let rate = tickets as f64 / took.as_secs_f64();
    say(&format!("{tickets} linked, {rate:.0} a second"));
    lines.push(
        Line::one("tickets taken over and linked", "1/s", rate)
            .note("read from RT's database and not by its API, which takes eight calls for each"),
    );
    part.speaks(false)?;
    let guard = Guard::new(Reach::parse("127.0.0.1").map_err(anyhow::Error::msg)?);
    let token = Login::Token(options.token.clone());
    let rt = tracker::Rt::new(&guard, &options.rt, token, None).map_err(anyhow::Error::msg)?;
    let newest = runtime.block_on(rt.newest())?;
    runtime.block_on(read_from(&desk, agreement, &newest))?;
    desk.use_tracker(agreement, Arc::new(rt));
    reconciled(&part, &mut there, tickets, &mut lines)?;
    answered(&part, &mut there, tickets, &mut lines)?;
    work.abort();

    machine.push(format!("load average at the end: {}", report::load()));
    let report = Report {
        title: Some(format!(
            "{tickets} tickets linked to a Request Tracker 5 on the same machine"
        )),
        beside: Some("RT alone"),
        database: "sqlite",
        tickets,
        at: SystemClock.now(),
        machine,
        lines,
    };
    let name = options.name.as_deref().unwrap_or("rt-linked");
    report.write(&options.results, name)?;
    say(&report.markdown());
    Ok(())
}

/// What each measurement takes.
struct Part<'a> {
    runtime: &'a Runtime,
    desk: &'a Desk,
    admin: &'a Actor,
    agreement: Uuid,
    here: &'a Here,
    bare: &'a Bare,
}

impl Part<'_> {
    /// Whether the two speak with one another.
    fn speaks(&self, on: bool) -> anyhow::Result<()> {
        let set = self.desk.set_coupling(self.admin, self.agreement, on);
        self.runtime.block_on(set)?;
        if !on {
            // A round that had begun comes to its end.
            std::thread::sleep(Duration::from_secs(3));
        }
        Ok(())
    }

    /// Something happens there while the link is paused; gives what, and how long it takes
    /// from its resumption until all of it is here.
    fn apart(
        &self,
        happens: impl FnOnce() -> anyhow::Result<u64>,
        (what, sql): (&str, &str),
    ) -> anyhow::Result<(usize, Duration)> {
        self.speaks(false)?;
        let many = usize::try_from(happens()?)?;
        self.speaks(true)?;
        let took = self.here.until(what, sql, many)?;
        say(&format!("{many} {what} in {:.1} s", took.as_secs_f64()));
        Ok((many, took))
    }
}

/// The status of every ticket changed there.
fn reconciled(
    part: &Part<'_>,
    there: &mut There,
    tickets: usize,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let before = there.newest()?;
    let sql = "SELECT count(*) FROM ticket WHERE status <> 'assigned'";
    ensure!(
        part.here.count(sql)? == 0,
        "some tickets are at work already"
    );
    let changes = "SELECT count(*) FROM event WHERE kind = 'status_set'";
    let known = part.here.count(changes)?;
    let (many, took) = part.apart(|| there.stall(), ("statuses taken in", sql))?;
    ensure!(many == tickets, "{many} of {tickets} were stalled");
    let told = part.here.count(changes)? - known;
    ensure!(told == many, "{told} changes of status for {many} there");
    let begun = Instant::now();
    let told = part.runtime.block_on(part.bare.changes(before))?;
    let alone = begun.elapsed();
    ensure!(told.len() >= many, "RT tells {} changes", told.len());
    lines.push(
        Line::one(
            format!("{many} linked tickets reconciled, each with a changed status"),
            "s",
            took.as_secs_f64(),
        )
        .beside(alone.as_secs_f64())
        .goal("≤ 60", took <= Duration::from_secs(60))
        .note("RT alone: its pages of a hundred changes, one after the other"),
    );
    Ok(())
}

/// Somebody wrote in some tickets there.
fn answered(
    part: &Part<'_>,
    there: &mut There,
    tickets: usize,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let before = there.newest()?;
    let some = ANSWERED.min(tickets);
    let of = |what: &str| format!("SELECT count({what}) FROM entry WHERE body LIKE '{ANSWER} %'");
    let (many, took) = part.apart(|| there.answer(some), ("answers taken in", &of("*")))?;
    let different = part.here.count(&of("DISTINCT ticket"))?;
    ensure!(different == many, "{many} answers in {different} tickets");
    let begun = Instant::now();
    part.runtime.block_on(async {
        let told = part.bare.changes(before).await?;
        let answers: Vec<Value> = told
            .into_iter()
            .filter(|change| change["Type"] == "Correspond")
            .collect();
        ensure!(answers.len() == many, "RT tells {} answers", answers.len());
        part.bare.texts(&answers).await
    })?;
    let alone = begun.elapsed();
    lines.push(
        Line::one(format!("{many} answers taken in"), "s", took.as_secs_f64())
            .beside(alone.as_secs_f64())
            .note(format!(
                "RT alone: the change, its parts and its text of each, {CLIENTS} at once"
            )),
    );
    Ok(())
}
