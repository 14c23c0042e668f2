//! Two serving processes with databases of their own, coupled as people do it.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use desk::account::NewAccount;
use desk::{Clock as _, Desk, SystemClock};
use serde_json::{Value, json};
use store::Db;
use switchboard_core::Part as Standing;
use switchboard_core::exchange::DeskId;
use tokio::runtime::Runtime;

use crate::fill;
use crate::http::Client;
use crate::server::Server;
use crate::stand::Who;

/// One desk.
pub(crate) struct Site {
    /// The key of the unit that stands for the other desk here.
    pub(crate) unit: &'static str,
    /// Its database, beside the server's own connections.
    pub(crate) db: Db,
    server: Server,
    admin: Who,
    agent: Who,
    sqlite: bool,
    _data: tempfile::TempDir,
}

/// Two desks that are partners: what is given to the unit of the second at the first
/// goes there.
pub(crate) struct Pair {
    pub(crate) sites: [Site; 2],
    /// For what is asked aside of the load.
    runtime: Runtime,
}

/// How far the logs between the desks are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Logs {
    ends: [u64; 2],
    taken: [u64; 2],
}

impl Logs {
    /// Changes that the other side does not have.
    pub(crate) fn waiting(&self) -> u64 {
        self.ends.iter().sum::<u64>() - self.taken.iter().sum::<u64>()
    }

    /// Changes that came to the other side since.
    pub(crate) fn since(&self, before: &Logs) -> u64 {
        self.taken.iter().sum::<u64>() - before.taken.iter().sum::<u64>()
    }
}

/// An account of this name, a member of first level.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn account(desk: &Desk, name: &str, admin: bool) -> anyhow::Result<Who> {
    let person = desk
        .create_account(NewAccount {
            email: format!("{name}@bench.example"),
            name: name.to_owned(),
            password: Some(Who::PASSWORD.into()),
            support: true,
            admin,
            ..NewAccount::default()
        })
        .await?;
    let units = desk.db().read(store::unit::all).await?;
    let first_level = units.into_iter().find(|u| u.first_level);
    let first_level = first_level.context("there is no first level unit")?;
    desk.set_member(first_level.id, person.id, Standing::Member)
        .await?;
    Who::with_token(desk, &person).await
}

impl Site {
    fn start(
        runtime: &Runtime,
        binary: &Path,
        url: Option<&String>,
        unit: &'static str,
    ) -> anyhow::Result<Site> {
        let data = tempfile::tempdir()?;
        let url = match url {
            Some(url) => url.clone(),
            None => format!("sqlite:{}", data.path().join("desk.db").display()),
        };
        let desk = fill::desk(&url, data.path())?;
        let stamp = SystemClock.now();
        let admin = runtime.block_on(account(&desk, &format!("admin{stamp}"), true))?;
        let agent = runtime.block_on(account(&desk, &format!("agent{stamp}"), false))?;
        drop(desk);
        let server = runtime.block_on(Server::start(binary, &url, data.path()))?;
        let options = store::Options {
            readers: 1,
            ..store::Options::default()
        };
        let site = Site {
            unit,
            db: Db::open(&url, options)?,
            server,
            admin,
            agent,
            sqlite: url.starts_with("sqlite"),
            _data: data,
        };
        let body = json!({"name": unit, "key": unit, "parent": "first-level"});
        site.ask(runtime, "POST", "/api/v1/units", &body, 201)?;
        Ok(site)
    }

    /// Its name, as it stands in changes.
    pub(crate) fn name(&self) -> anyhow::Result<DeskId> {
        let name = self.server.address.replace(':', "-");
        DeskId::new(&name).context("the name of a desk")
    }

    /// A client of the person who works here.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.server.address, &[self.agent.bearer()])
    }

    fn ask(
        &self,
        runtime: &Runtime,
        method: &str,
        path: &str,
        body: &Value,
        status: u16,
    ) -> anyhow::Result<Value> {
        let mut client = Client::new(&self.server.address, &[self.admin.bearer()]);
        let body = body.to_string();
        let sent = client.send(method, path, "application/json", body.as_bytes());
        let answer = runtime.block_on(sent)?.want(status)?;
        match answer.body.as_slice() {
            [] => Ok(Value::Null),
            body => Ok(serde_json::from_slice(body)?),
        }
    }
}

impl Pair {
    /// Starts both and couples them by invitation.
    ///
    /// # Errors
    /// When one does not start, or they do not become partners.
    pub(crate) fn start(binary: &Path, urls: Option<&[String; 2]>) -> anyhow::Result<Pair> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let url = |n: usize| urls.map(|urls| &urls[n]);
        let sites = [
            Site::start(&runtime, binary, url(0), "desk-b")?,
            Site::start(&runtime, binary, url(1), "desk-a")?,
        ];
        let terms = json!({"names": true, "files": true, "gives": true, "takes": true});
        let offer = json!({"terms": terms, "units": [sites[0].unit]});
        let path = "/api/v1/exchange/invitations";
        let made = sites[0].ask(&runtime, "POST", path, &offer, 201)?;
        let accepted = json!({"invitation": made["invitation"], "units": [sites[1].unit]});
        let path = "/api/v1/exchange/partners";
        sites[1].ask(&runtime, "POST", path, &accepted, 201)?;
        Ok(Pair { sites, runtime })
    }

    /// Which database they have.
    pub(crate) fn database(&self) -> &'static str {
        match self.sites[0].sqlite {
            true => "sqlite",
            false => "postgres",
        }
    }

    /// Pauses the link at both desks, or lets it go on at both.
    ///
    /// # Errors
    /// When a desk refuses.
    pub(crate) fn pause(&self, paused: bool) -> anyhow::Result<()> {
        let state = if paused { "paused" } else { "active" };
        for site in &self.sites {
            let partners = "/api/v1/exchange/partners";
            let all = site.ask(&self.runtime, "GET", partners, &Value::Null, 200)?;
            let id = all["items"][0]["id"].as_str().context("the partner's id")?;
            let path = format!("{partners}/{id}");
            let body = json!({"state": state});
            site.ask(&self.runtime, "PATCH", &path, &body, 204)?;
        }
        Ok(())
    }

    /// How far the logs are now.
    ///
    /// # Errors
    /// When a database can not be read.
    pub(crate) fn logs(&self) -> anyhow::Result<Logs> {
        // What was taken is read first, so that it is never more than was put in.
        let read = |site: &Site| {
            let mut all = site.db.read_blocking(store::partner::all)?;
            all.pop().context("a desk has no partner")
        };
        let (a, b) = (read(&self.sites[0])?, read(&self.sites[1])?);
        let taken = [b.receiver.cursor, a.receiver.cursor];
        let ends = [read(&self.sites[0])?.log_end, read(&self.sites[1])?.log_end];
        Ok(Logs { ends, taken })
    }

    /// The processor time of both, in seconds.
    ///
    /// # Errors
    /// Where there is no `/proc`.
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        Ok(self.sites[0].server.cpu_seconds()? + self.sites[1].server.cpu_seconds()?)
    }

    /// The most memory of each.
    ///
    /// # Errors
    /// Where there is no `/proc`.
    pub(crate) fn memory(&self) -> anyhow::Result<String> {
        let [a, b] = &self.sites;
        let (a, b) = (a.server.peak_mb()?, b.server.peak_mb()?);
        Ok(format!("{a:.0} and {b:.0} MB"))
    }

    /// Waits until every opened ticket has its counterpart, for who needs its number.
    ///
    /// # Errors
    /// When it does not come in time.
    pub(crate) fn counterpart(&self, opened: i64, patience: Duration) -> anyhow::Result<i64> {
        let begun = Instant::now();
        let id = switchboard_core::exchange::SharedId {
            desk: self.sites[0].name()?,
            number: switchboard_core::TicketNumber(opened),
        };
        while begun.elapsed() < patience {
            let id = id.clone();
            let joint = self.sites[1]
                .db
                .read_blocking(move |c| store::shared::load(c, &id))?;
            if let Some(number) = joint.and_then(|j| j.ticket) {
                return Ok(number.0);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("ticket {opened} did not reach the other desk")
    }
}
