//! What all measurements stand on: the filled database, people with accounts for this run, and how they reach the server.

use std::path::Path;

use anyhow::{Context as _, bail};
use desk::account::NewAccount;
use desk::{Clock as _, Desk, SystemClock, TokenScope};
use sha2::Digest as _;
use store::Db;
use store::person::Person;
use switchboard_core::{Part as Standing, PersonId, UnitId};
use tokio::runtime::Runtime;

use crate::bare::{self, Bare, Creation, Rows};
use crate::fill::{self, Filled};
use crate::http::{Answer, Client};
use crate::life::{Life, Maker};
use crate::rows::Cell;
use crate::run::{CLIENTS, LASTS, MOST};
use crate::say;
use crate::server::Server;
use crate::world::AGENTS_UNIT;

/// Somebody with an account for this run.
#[derive(Debug)]
pub(crate) struct Who {
    pub(crate) person: PersonId,
    email: String,
    token: String,
    /// What the database knows of the token.
    pub(crate) hash: Cell,
}

impl Who {
    /// Everybody's, on a database that is thrown away.
    pub(crate) const PASSWORD: &str = "bench tall ladder 49 quiet";

    /// With a token that does all that they may.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn with_token(desk: &Desk, person: &Person) -> anyhow::Result<Who> {
        let mut scopes = vec![TokenScope::Read, TokenScope::Write];
        // An administrator's token without it has a member's rights.
        if person.admin {
            scopes.push(TokenScope::Admin);
        }
        let (_, token) = desk.create_token(person.id, "bench", &scopes, None).await?;
        let hash = sha2::Sha256::digest(token.as_bytes()).to_vec();
        Ok(Who {
            person: person.id,
            email: person.email.clone().unwrap_or_default(),
            token,
            hash: Cell::Bytes(hash),
        })
    }

    /// The header of who has the token.
    pub(crate) fn bearer(&self) -> String {
        format!("authorization: Bearer {}", self.token)
    }
}

/// What all measurements use.
pub(crate) struct Stand {
    pub(crate) url: String,
    pub(crate) bare: Bare,
    pub(crate) maker: Maker,
    pub(crate) filled: Filled,
    /// The files of this run.
    pub(crate) data: tempfile::TempDir,
    /// On this thread only, so that an answer wakes nobody else.
    pub(crate) runtime: Runtime,
    /// A member of one unit.
    pub(crate) agent: Who,
    /// A member of first level.
    pub(crate) first: Who,
    /// The member's unit.
    pub(crate) unit: UnitId,
}

impl Stand {
    pub(crate) fn new(url: &str) -> anyhow::Result<Stand> {
        let data = tempfile::tempdir()?;
        let desk = fill::desk(url, data.path())?;
        let filled = fill::filled(desk.db())?
            .context("this database was not filled by the bench; `bench fill` does it")?;
        let maker = fill::maker(desk.db(), &filled)?;
        let unit = maker.world.units[AGENTS_UNIT].id;
        let first_level = maker.world.units[0].id;
        let many = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let stamp = SystemClock.now();
        let agent = many.block_on(account(&desk, &format!("agent{stamp}"), unit))?;
        let first = many.block_on(account(&desk, &format!("first{stamp}"), first_level))?;
        Ok(Stand {
            url: url.to_owned(),
            bare: Bare::new(url),
            maker,
            filled,
            data,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
            agent,
            first,
            unit,
        })
    }

    pub(crate) fn start(&self, binary: &Path) -> anyhow::Result<Server> {
        self.runtime
            .block_on(Server::start(binary, &self.url, self.data.path()))
    }

    /// Rows of `n` new tickets.
    pub(crate) fn fresh(&self, n: usize, rows: Rows) -> anyhow::Result<Vec<Creation>> {
        self.fresh_lives(n)?
            .iter()
            .map(|life| Creation::new(life, rows, self.bare.is_sqlite()))
            .collect()
    }

    /// Takes `n` ticket numbers and their events, and makes tickets for them.
    pub(crate) fn fresh_lives(&self, n: usize) -> anyhow::Result<Vec<Life>> {
        let db = self.db()?;
        let count = n as i64;
        let (number, event) = db.write_blocking(move |c| {
            let number = store::counter::advance(c, "ticket", count)?;
            let event = store::counter::advance(c, "event", 2 * count)?;
            // These rows are the bare database's: no follower is to see them.
            for reader in fill::FOLLOWERS {
                store::event::set_position(c, reader, event + 2 * count - 1)?;
            }
            Ok::<_, store::Error>((number, event))
        })?;
        let now = SystemClock.now();
        Ok((0..count)
            .map(|i| self.maker.fresh(number + i, event + 2 * i, now))
            .collect())
    }

    pub(crate) fn db(&self) -> anyhow::Result<Db> {
        let options = store::Options {
            readers: 1,
            ..store::Options::default()
        };
        Ok(Db::open(&self.url, options)?)
    }

    /// Rates of the bare database for each number of clients.
    pub(crate) fn bare_creations(&self) -> anyhow::Result<Vec<BareRate>> {
        let mut rates = Vec::new();
        for clients in CLIENTS {
            let rate = |rows| -> anyhow::Result<f64> {
                let work = self.fresh(MOST, rows)?;
                let (done, took) = bare::create(&self.bare, &work, clients, LASTS)?;
                Ok(done as f64 / took.as_secs_f64())
            };
            let counted = rate(Rows::Counted)?;
            let all = rate(Rows::All)?;
            // One writer at a time holds the whole file anyway.
            let alone = if self.bare.is_sqlite() {
                counted
            } else {
                rate(Rows::Ticket)?
            };
            say(&format!(
                "bare SQL, {clients} clients: {counted:.0} tickets/s, {all:.0} with all that \
                 follows, {alone:.0} without counters"
            ));
            rates.push(BareRate {
                alone,
                counted,
                all,
            });
        }
        Ok(rates)
    }

    pub(crate) fn client(&self, server: &Server, who: &Who) -> Client {
        Client::new(&server.address, &[who.bearer()])
    }

    /// A browser that somebody has signed in with.
    pub(crate) fn browser(&self, server: &Server, who: &Who) -> anyhow::Result<Client> {
        self.runtime.block_on(async {
            let mut client = Client::new(&server.address, &[]);
            let form = client.get("/sign-in").await?.want(200)?;
            let text = String::from_utf8_lossy(&form.body).into_owned();
            let csrf = text
                .split_once("name=\"csrf\" value=\"")
                .and_then(|(_, rest)| rest.split_once('"'))
                .map(|(value, _)| value.to_owned())
                .context("the sign-in form has no csrf field")?;
            let mut client = Client::new(&server.address, &[cookies(&form)]);
            let body = format!(
                "csrf={}&mail={}&password={}",
                encode(&csrf),
                encode(&who.email),
                encode(Who::PASSWORD)
            );
            let answer = client
                .post(
                    "/sign-in",
                    "application/x-www-form-urlencoded",
                    body.as_bytes(),
                )
                .await?;
            if !(300..400).contains(&answer.status) {
                answer.want(303)?;
                bail!("not signed in");
            }
            anyhow::Ok(Client::new(&server.address, &[cookies(&answer)]))
        })
    }
}

/// Tickets a second by bare SQL.
pub(crate) struct BareRate {
    /// Only the rows of the ticket.
    pub(crate) alone: f64,
    /// With the rows that give out numbers.
    pub(crate) counted: f64,
    /// With these and the rows that follow.
    pub(crate) all: f64,
}

fn cookies(answer: &Answer) -> String {
    let pairs: Vec<&str> = answer
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .filter_map(|(_, value)| value.split(';').next())
        .collect();
    format!("cookie: {}", pairs.join("; "))
}

/// A text as a value in an address or form.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

async fn account(desk: &Desk, name: &str, unit: UnitId) -> anyhow::Result<Who> {
    let person = desk
        .create_account(NewAccount {
            email: format!("{name}@bench.example"),
            name: name.to_owned(),
            password: Some(Who::PASSWORD.into()),
            support: true,
            ..NewAccount::default()
        })
        .await?;
    desk.set_member(unit, person.id, Standing::Member).await?;
    Who::with_token(desk, &person).await
}
