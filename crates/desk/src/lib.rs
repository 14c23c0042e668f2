//! The application layer: authorise, load, decide, save.
//!
//! Every change of a ticket, by whichever door it came, goes through
//! [`Desk::act`] or [`Desk::open_ticket`]: the rules of `switchboard-core`
//! decide inside one write transaction, and the ticket, its events and its
//! entries commit together. Whatever follows from a change (mail, search
//! index, live pages) is done afterwards by readers of the events (`follow`).

pub mod account;
pub mod act;
pub mod address;
pub mod alarm;
pub mod application;
pub mod ask;
pub mod attachment;
pub mod audit;
pub mod campaign;
pub mod canned;
pub mod catalogue;
pub mod checkup;
pub mod choice;
pub mod clock;
pub mod community;
pub mod demo;
pub mod entitlement;
pub mod error;
pub mod exchange;
pub mod factor;
pub mod federated;
pub mod feed;
pub mod follow;
pub mod guest;
pub mod held;
pub mod identity;
pub mod import;
pub mod incident;
pub mod jobs;
pub mod join;
pub mod kept;
mod letter;
mod letter_text;
pub mod link;
pub mod list;
pub mod look;
pub mod macros;
pub mod mail_in;
pub mod mail_stop;
pub mod mail_text;
pub mod mailbox;
pub mod notice;
pub mod onboarding;
pub mod open;
pub mod outbox;
pub mod party;
pub mod passkey;
pub mod password;
pub mod patch;
pub mod people;
pub mod picture;
pub mod portal;
pub mod portal_news;
pub mod privacy;
pub mod provider;
pub mod reads;
pub mod redirect;
pub mod registration;
pub mod report;
pub mod reset;
pub mod rights;
pub mod rota;
pub mod rule;
pub mod rules;
pub mod satisfaction;
pub mod saved_view;
pub mod scene;
pub mod sealed;
pub mod secret;
pub mod service;
pub mod service_provider;
pub mod session;
pub mod setup;
pub mod sign_in;
pub mod site;
pub mod split;
pub mod staff;
pub mod ticket_clock;
pub mod timer;
pub mod token;
pub mod told;
pub mod totp;
mod tries;
pub mod unit;
pub mod values;
pub mod view;
pub mod watch;
pub mod webhook;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Instant;

use connect::mail_auth::{MailAuth, Resolver};
use connect::{Blobs, Guard, Mailer, Oidc, Reach};
use store::Db;
use switchboard_core::{Millis, TicketNumber};
use tokio::sync::{Notify, broadcast};
use uuid::Uuid;

pub use act::{EntryDraft, NewFile, Step};
pub use catalogue::Catalogue;
pub use clock::{Clock, FakeClock, SystemClock};
pub use error::Error;
pub use kept::KeptSecrets;
pub use list::{Page, TicketQuery};
pub use open::{OpenRequest, RequesterRef};
pub use patch::Patch;
pub use sealed::SecretKeys;
pub use session::SignedIn;
pub use sign_in::{Admission, Client};
pub use token::TokenScope;

/// What an operator decides about a desk.
#[derive(Debug, Clone)]
pub struct Config {
    /// The name in pages and mails.
    pub name: String,
    /// The address of the desk's pages, without a slash at the end. Links in
    /// mails are made from it, never from a request.
    pub public_url: String,
    /// The address that mail comes to and goes out from: `desk@example.org`.
    pub mail_address: String,
    /// Name of the mail server whose `Authentication-Results` are believed.
    pub authserv_id: Option<String>,
    /// Where the names are looked up that vouch for senders of mail.
    pub mail_resolver: Resolver,
    /// What lets staff act by mail.
    pub staff_by_mail: StaffByMail,
    /// The language of mails to those who chose none: `en` or `de`.
    pub language: String,
    /// What signs the mails that go out.
    pub dkim: Option<Arc<connect::Dkim>>,
    /// What signs alarms, so that sites believe them.
    pub smime: Option<Arc<connect::Smime>>,
    /// For how long answers wait in which their authors can take them back,
    /// milliseconds; 0: they do not.
    pub undo_send: Millis,
    /// Largest attachment, in bytes.
    pub max_attachment: usize,
    /// Accounts can be made by anybody.
    pub registration: bool,
    /// Secrets for other systems, by the names under which people know them.
    pub secrets: KeptSecrets,
    /// What secrets in the database are sealed with.
    pub keys: SecretKeys,
    /// Networks that are not public and may be connected to all the same.
    pub outbound: Reach,
    /// The file beside the database that knows who was erased; `None`: only the
    /// database does, and a restored backup brings them back.
    pub erasure_ledger: Option<PathBuf>,
}

/// What lets a member of staff act by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffByMail {
    /// Nothing: their answers are refused, and they are told.
    Off,
    /// A domain that vouches for the mail: an aligned DKIM signature or DMARC.
    Proven,
    /// That, or the reply address that was sent to them and to nobody else.
    Signed,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            name: "Switchboard".into(),
            public_url: "http://127.0.0.1:8080".into(),
            mail_address: "desk@localhost".into(),
            authserv_id: None,
            mail_resolver: Resolver::Off,
            staff_by_mail: StaffByMail::Signed,
            language: "en".into(),
            dkim: None,
            smime: None,
            undo_send: 10_000,
            max_attachment: 50 * 1024 * 1024,
            registration: true,
            secrets: KeptSecrets::default(),
            keys: SecretKeys::default(),
            outbound: Reach::default(),
            erasure_ledger: None,
        }
    }
}

impl Config {
    /// The part of the mail address after the `@`.
    pub fn mail_domain(&self) -> &str {
        self.mail_address
            .rsplit_once('@')
            .map_or("localhost", |(_, domain)| domain)
    }
}

/// That a ticket changed, for pages that are open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// The ticket.
    pub ticket: TicketNumber,
    /// The last event of the change, the position in the feed.
    pub event: i64,
}

/// A helpdesk: the database, the files, the mail, the clock. Cheap to clone.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    db: Db,
    blobs: Blobs,
    mailer: Mailer,
    guard: Guard,
    mail_auth: MailAuth,
    oidc: Oidc,
    clock: Arc<dyn Clock>,
    config: Config,
    secret: secret::Secret,
    threads: mail::ThreadKeys,
    catalogue: RwLock<Option<(Instant, Arc<Catalogue>)>>,
    actors: session::ActorCache,
    unit_lists: Arc<store::unit_list::UnitLists>,
    noted: reads::Noted,
    pictures: Arc<picture::Gate>,
    live: broadcast::Sender<Live>,
    wake: Notify,
    wake_sending: Notify,
    wake_exchange: Notify,
    room: Arc<jobs::sending::Room>,
    trackers: exchange::Trackers,
    published: report::figures::Kept,
    ids: Mutex<uuid::ContextV7>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk")
            .field("config", &self.0.config)
            .finish()
    }
}

impl Desk {
    /// Opens a desk on a migrated database. The instance's secret is made at
    /// the first opening and kept in the database, sealed.
    ///
    /// # Errors
    /// When the database can not be read or written, or the secret not be opened.
    pub fn new(
        db: Db,
        blobs: Blobs,
        mailer: Mailer,
        clock: Arc<dyn Clock>,
        config: Config,
    ) -> Result<Desk, Error> {
        let secret = secret::load_or_make(&db, &config.keys, clock.now())?;
        setup::ship_defaults(&db, clock.now())?;
        service_provider::adopt_at_start(&db, clock.now())?;
        let address = mail::Address::parse(&config.mail_address)
            .map_err(|e| Error::invalid("mail_address", format!("{}: {e}", config.mail_address)))?;
        let mut threads = mail::ThreadKeys::new(secret.derive("mail-thread"), address)
            .map_err(|e| Error::invalid("mail_address", e.to_string()))?;
        for before in secret.derive_before("mail-thread", clock.now()) {
            threads = threads.with_previous(before);
        }
        let guard = Guard::new(config.outbound.clone());
        let room = Arc::new(jobs::sending::Room::new(mailer.at_once()));
        Ok(Desk(Arc::new(Inner {
            db,
            blobs,
            mailer,
            oidc: Oidc::new(guard.clone()),
            mail_auth: MailAuth::new(config.mail_resolver.clone()),
            guard,
            clock,
            config,
            secret,
            threads,
            catalogue: RwLock::new(None),
            actors: session::ActorCache::default(),
            unit_lists: Arc::default(),
            noted: reads::Noted::default(),
            pictures: Arc::default(),
            live: broadcast::channel(1024).0,
            wake: Notify::new(),
            wake_sending: Notify::new(),
            wake_exchange: Notify::new(),
            room,
            trackers: exchange::Trackers::default(),
            published: report::figures::Kept::default(),
            ids: Mutex::new(uuid::ContextV7::new()),
        })))
    }

    /// The same desk by another clock; for filling a demo with a past.
    #[must_use]
    pub fn with_clock(&self, clock: Arc<dyn Clock>) -> Desk {
        let inner = &self.0;
        Desk(Arc::new(Inner {
            db: inner.db.clone(),
            blobs: inner.blobs.clone(),
            mailer: inner.mailer.clone(),
            guard: inner.guard.clone(),
            mail_auth: inner.mail_auth.clone(),
            oidc: inner.oidc.clone(),
            clock,
            config: inner.config.clone(),
            secret: inner.secret.clone(),
            threads: inner.threads.clone(),
            catalogue: RwLock::new(inner.catalogue.read().ok().and_then(|c| c.clone())),
            actors: session::ActorCache::default(),
            unit_lists: Arc::default(),
            noted: reads::Noted::default(),
            pictures: inner.pictures.clone(),
            live: inner.live.clone(),
            wake: Notify::new(),
            wake_sending: Notify::new(),
            wake_exchange: Notify::new(),
            room: inner.room.clone(),
            trackers: inner.trackers.clone(),
            published: report::figures::Kept::default(),
            ids: Mutex::new(uuid::ContextV7::new()),
        }))
    }

    /// What the operator decided.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The time now.
    pub fn now(&self) -> Millis {
        self.0.clock.now()
    }

    /// The database, for reading.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// Tells of every change from now on.
    pub fn live(&self) -> broadcast::Receiver<Live> {
        self.0.live.subscribe()
    }

    /// The keys that tie mails to tickets.
    pub(crate) fn thread_keys(&self) -> &mail::ThreadKeys {
        &self.0.threads
    }

    /// Whether this desk signed the text for a purpose.
    pub(crate) fn signed(&self, purpose: &str, text: &str, signature: &str) -> bool {
        self.0.secret.verify(purpose, text, signature, self.now())
    }

    /// The name by which this instance knows its own mails when they return.
    pub(crate) fn loop_id(&self) -> String {
        self.0.secret.loop_name(&self.0.config.mail_address)
    }

    /// A new UUIDv7, later than all that this desk made before.
    pub(crate) fn uuid(&self) -> Uuid {
        let now = self.now().max(0).unsigned_abs();
        let nanos = u32::try_from(now % 1000).unwrap_or(0) * 1_000_000;
        let context = match self.0.ids.lock() {
            Ok(guard) => guard,
            // The counter is as good after a panic as before.
            Err(poisoned) => poisoned.into_inner(),
        };
        Uuid::new_v7(uuid::Timestamp::from_unix(&*context, now / 1000, nanos))
    }

    /// Tells open pages and waiting followers that something happened.
    pub(crate) fn announce(&self, changed: impl IntoIterator<Item = Live>) {
        for live in changed {
            // Nobody listening is fine.
            let _ = self.0.live.send(live);
        }
        self.0.wake.notify_one();
        self.0.wake_exchange.notify_one();
    }
}
