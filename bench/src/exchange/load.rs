//! What people do to shared tickets, at both desks at once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};
use switchboard_core::Status;

use super::CLIENTS;
use super::site::Pair;
use super::watch::{Token, Watch};
use crate::http::Client;
use crate::words::{Rng, Vocabulary};

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An answer at the desk where tickets are opened.
    Answer,
    /// An answer at the desk that has them.
    Back,
    /// A status, set at the desk that has them.
    Status,
    /// A ticket is opened and given to the other desk.
    Ticket,
}

impl Kind {
    /// All of them, in words.
    pub(crate) const ALL: [(Kind, &'static str); 4] = [
        (Kind::Answer, "answers there"),
        (Kind::Back, "answers back"),
        (Kind::Status, "status"),
        (Kind::Ticket, "new tickets"),
    ];
}

/// How fast it is done.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// As fast as it is taken, for so long at most.
    FlatOut(Duration),
    /// From one to the next.
    Every(Duration),
}

/// A ticket that is linked.
#[derive(Debug)]
pub(crate) struct Linked {
    /// Its number where it was opened.
    pub(crate) here: i64,
    /// Its number at the other desk, once somebody needs it.
    pub(crate) there: Option<i64>,
    /// Every public text that was acknowledged.
    pub(crate) texts: Vec<String>,
    /// The status that was set last.
    pub(crate) status: Option<Status>,
}

/// Everything that was written.
pub(crate) struct Load<'a> {
    pair: &'a Pair,
    words: Vocabulary,
    runtime: tokio::runtime::Runtime,
    clients: Vec<Writer>,
    /// What was done so far, for names.
    count: usize,
}

/// Somebody who writes, at tickets of their own: so what they set comes in its order.
struct Writer {
    here: Client,
    there: Client,
    tickets: Vec<Linked>,
    rng: Rng,
}

impl<'a> Load<'a> {
    /// Nothing yet.
    ///
    /// # Errors
    /// When there is no runtime.
    pub(crate) fn new(pair: &'a Pair) -> anyhow::Result<Load<'a>> {
        let [a, b] = &pair.sites;
        let clients = (0..CLIENTS).map(|number| Writer {
            here: a.client(),
            there: b.client(),
            tickets: Vec::new(),
            rng: Rng::new(77 + number as u64),
        });
        Ok(Load {
            pair,
            words: Vocabulary::new(crate::fill::WORDS),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
            clients: clients.collect(),
            count: 0,
        })
    }

    /// Every ticket that was opened.
    pub(crate) fn tickets(&self) -> impl Iterator<Item = &Linked> {
        self.clients.iter().flat_map(|c| &c.tickets)
    }

    /// Does `most` things at most, what `mix` says in its order, over and over. Gives how
    /// many were acknowledged.
    ///
    /// # Errors
    /// When a desk does not take one.
    pub(crate) fn write(
        &mut self,
        watch: &Watch,
        most: usize,
        mix: &[Kind],
        pace: Pace,
    ) -> anyhow::Result<usize> {
        for writer in &mut self.clients {
            writer.learn(self.pair)?;
        }
        let begun = Instant::now();
        let next = AtomicUsize::new(0);
        let done = Mutex::new(0usize);
        let (first, words, unit) = (self.count, &self.words, self.pair.sites[0].unit);
        let (next, counted) = (&next, &done);
        let tasks = self.clients.iter_mut().map(|writer| async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= most {
                    return anyhow::Ok(());
                }
                match pace {
                    Pace::FlatOut(lasts) if begun.elapsed() > lasts => return Ok(()),
                    Pace::FlatOut(_) => {}
                    Pace::Every(apart) => {
                        let due = apart.saturating_mul(n as u32);
                        tokio::time::sleep(due.saturating_sub(begun.elapsed())).await;
                    }
                }
                let kind = mix[n % mix.len()];
                writer.act(kind, first + n, words, unit, watch).await?;
                *counted.lock().unwrap_or_else(|e| e.into_inner()) += 1;
            }
        });
        self.runtime.block_on(crate::run::at_once(tasks))?;
        self.count += most.min(next.load(Ordering::Relaxed));
        Ok(done.into_inner().unwrap_or_else(|e| e.into_inner()))
    }
}

impl Writer {
    /// Tickets that were opened lately are known by their numbers there.
    fn learn(&mut self, pair: &Pair) -> anyhow::Result<()> {
        for ticket in &mut self.tickets {
            if ticket.there.is_none() {
                ticket.there = Some(pair.counterpart(ticket.here, Duration::from_secs(60))?);
            }
        }
        Ok(())
    }

    async fn act(
        &mut self,
        kind: Kind,
        n: usize,
        words: &Vocabulary,
        unit: &str,
        watch: &Watch,
    ) -> anyhow::Result<()> {
        let text = format!("{} n{n}e", words.line(&mut self.rng, 40));
        if kind == Kind::Ticket {
            let body = json!({
                "subject": words.line(&mut self.rng, 6),
                "description": text,
                "unit": unit,
                "requester": {"email": format!("user{}@bench.example", n % 200)},
            });
            let made = sent(&mut self.here, "POST", "/api/v1/tickets", &body, 201).await?;
            watch.wrote(kind, Token::Text(text.clone()));
            self.tickets.push(Linked {
                here: made["number"].as_i64().context("a ticket's number")?,
                there: None,
                texts: vec![text],
                status: None,
            });
            return Ok(());
        }
        // Those that are known at the other desk.
        let known = self.tickets.iter().filter(|t| t.there.is_some()).count();
        let place = self.rng.below(known.max(1));
        let ticket = self
            .tickets
            .iter_mut()
            .filter(|t| t.there.is_some())
            .nth(place)
            .context("no ticket is linked yet")?;
        let there = ticket.there.unwrap_or_default();
        if kind == Kind::Status {
            let (status, word) = match ticket.status {
                Some(Status::OnHold) => (Status::Waiting, "waiting"),
                _ => (Status::OnHold, "on_hold"),
            };
            let mut body = json!({"status": word});
            if status == Status::OnHold {
                body["reason"] = "Parts are on their way.".into();
            }
            let path = format!("/api/v1/tickets/{there}");
            sent(&mut self.there, "PATCH", &path, &body, 200).await?;
            watch.wrote(kind, Token::Status(ticket.here, status));
            ticket.status = Some(status);
            return Ok(());
        }
        let (client, number) = match kind {
            Kind::Back => (&mut self.there, there),
            _ => (&mut self.here, ticket.here),
        };
        let path = format!("/api/v1/tickets/{number}/entries");
        let body = json!({"visibility": "public", "body": text});
        sent(client, "POST", &path, &body, 201).await?;
        watch.wrote(kind, Token::Text(text.clone()));
        ticket.texts.push(text);
        Ok(())
    }
}

async fn sent(
    client: &mut Client,
    method: &str,
    path: &str,
    body: &Value,
    status: u16,
) -> anyhow::Result<Value> {
    let body = body.to_string();
    let answer = client
        .send(method, path, "application/json", body.as_bytes())
        .await?
        .want(status)?;
    Ok(serde_json::from_slice(&answer.body)?)
}
