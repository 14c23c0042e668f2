//! Work that happens by itself: one file per job, one registry.

use std::time::Duration;

use store::job::Job;
use switchboard_core::{Millis, TicketNumber};

use crate::{Desk, Error};

mod account_mail;
mod clocks;
mod deliver;
mod digest;
mod gather_index;
mod heirs;
mod held;
mod index_anew;
mod intake;
mod remind_staff;
mod reports;
pub(crate) mod sending;
mod site_contact;
mod sweep;
mod timers;
mod timers_anew;
mod undeliverable;

/// Delivers one mail.
pub(crate) const DELIVER: &str = "deliver";
/// Looks again at a mail that was taken in.
pub(crate) const INTAKE: &str = "intake";
/// Hands on the open tickets of retired units.
pub(crate) const HEIRS: &str = "heirs";
/// Writes a mail that somebody asked for with an address.
pub(crate) const ACCOUNT_MAIL: &str = "account-mail";
/// Does what time does to tickets by itself.
const TIMERS: &str = "timers";
/// Makes the timers of all tickets anew.
pub(crate) const TIMERS_ANEW: &str = "timers-anew";
/// Looks after tickets at mailing lists that nobody answers.
const REDIRECTED: &str = "redirected";
/// Looks after alarms that nobody confirms, and begins the tests that are due.
const ALARMS: &str = "alarms";
/// Has those hand over whose shift ends.
const ROTA: &str = "rota";
/// Brings tickets at partners to mind at which nobody looked.
const REVIEW: &str = "exchange-review";
/// Notes how far each exchange lags, and what waits.
const CURVE: &str = "exchange-curve";
/// Brings applications and join requests to mind that wait.
const REMIND_STAFF: &str = "remind-staff";
/// Packs tickets for reports.
const REPORTS: &str = "reports";
/// Mails the reports that are due.
const REPORT_MAILS: &str = "report-mails";
/// Forgets sessions, keys and jobs that are over.
const SWEEP: &str = "sweep";
/// Gathers the search index into one piece.
const GATHER_INDEX: &str = "gather-index";
/// Tells the search index which tickets are open, after an upgrade.
const INDEX_OPEN: &str = "index-open";
/// Fills the index by unit, after an upgrade.
const INDEX_UNITS: &str = "index-units";
/// Mails to people what was gathered for them.
const DIGEST: &str = "digest";
/// Sends an answer that waited.
pub(crate) const HELD: &str = "held";
/// Works out anew what tickets are due.
pub(crate) const CLOCKS: &str = "clocks";
/// Has the contact of a site on the open tickets that name it.
pub(crate) const SITE_CONTACT: &str = "site-contact";
/// Finds out whose addresses the contacts of sites are.
const SITE_CONTACTS: &str = "site-contacts";
/// Tells the support side that nothing arrives at an address any more.
pub(crate) const UNDELIVERABLE: &str = "undeliverable";

/// Erases a person.
pub(crate) const ERASE: &str = "erase";
/// Puts a person's data together.
pub(crate) const EXPORT: &str = "export";
/// Removes files that no row names any more, and archives whose time is over.
const FILES: &str = "files";
/// Lets go what the rules of retention no longer keep.
pub(crate) const RETAIN: &str = "retain";

/// Every kind but [`DELIVER`], which has a loop of its own.
const KINDS: &[&str] = &[
    INTAKE,
    ACCOUNT_MAIL,
    HEIRS,
    TIMERS,
    TIMERS_ANEW,
    REDIRECTED,
    ALARMS,
    ROTA,
    REVIEW,
    CURVE,
    REMIND_STAFF,
    REPORTS,
    REPORT_MAILS,
    SWEEP,
    ERASE,
    EXPORT,
    FILES,
    RETAIN,
    UNDELIVERABLE,
    HELD,
    GATHER_INDEX,
    INDEX_OPEN,
    INDEX_UNITS,
    DIGEST,
    CLOCKS,
    SITE_CONTACT,
    SITE_CONTACTS,
];
/// Kinds that run again and again, and how often.
const TIMED: &[(&str, Millis)] = &[
    (TIMERS, 60_000),
    (REDIRECTED, 60_000),
    (ALARMS, 60_000),
    (ROTA, 60_000),
    (REVIEW, 3_600_000),
    (CURVE, 60_000),
    (REMIND_STAFF, 3_600_000),
    (REPORTS, 900_000),
    (REPORT_MAILS, 300_000),
    (SWEEP, 600_000),
    (FILES, 600_000),
    (RETAIN, 86_400_000),
    (GATHER_INDEX, 86_400_000),
    (DIGEST, 300_000),
    (SITE_CONTACTS, 3_600_000),
];
/// A job that runs longer than this is taken for dead.
pub(crate) const LEASE_MS: Millis = 120_000;
/// For so long changes are gathered before they are followed.
pub(crate) const GATHER: Duration = Duration::from_millis(60);
/// After so many tries a job is given up and shown to administrators.
const TRIES: i64 = 12;

/// What became of one run of a job.
pub(crate) enum Outcome {
    /// Done, or not needed any more.
    Done,
    /// So far; what is left is another job of the kind, with this input, so that other
    /// jobs come in between.
    On(String),
    /// Not now; the text says why.
    Later(String),
    /// Not before this time; the text says why.
    At(String, Millis),
    /// Never; the text says why.
    Never(String),
}

impl Desk {
    /// Runs everything that is due now and everything that follows from
    /// events, until nothing is left. For tests and the command line.
    ///
    /// # Errors
    /// When the database can not be read or written.
    pub async fn run_jobs(&self) -> Result<u64, Error> {
        let mut done = 0;
        loop {
            let n = self.follow().await?
                + self.run_due("once").await?
                + Box::pin(self.exchange_due("once")).await?
                + self.webhooks_due("once").await?
                + self.deliver_due("once").await?;
            done += n;
            if n == 0 {
                return Ok(done);
            }
        }
    }

    /// Runs followers and jobs, and hands mails over, until the process ends.
    pub async fn work(&self) {
        let holder = format!("{}-{}", std::process::id(), self.uuid().simple());
        tokio::join!(
            self.work_inside(&holder),
            self.send_mails(&holder),
            self.exchange_always(&holder),
            self.webhooks_always(&holder),
        );
    }

    /// All work but the handing over of mails.
    async fn work_inside(&self, holder: &str) {
        loop {
            if let Err(e) = self.tick(holder).await {
                // Told and tried again: a database that is away comes back.
                tracing::warn!(error = %e, "background work failed; trying again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            // A change wakes it at once; timers and other nodes' changes are
            // seen within the interval.
            let wait = Duration::from_millis(500);
            let _ = tokio::time::timeout(wait, self.0.wake.notified()).await;
            // What comes at the same time is followed together: a commit for each
            // change would hold up the changes. Open pages are told at once.
            tokio::time::sleep(GATHER).await;
        }
    }

    async fn tick(&self, holder: &str) -> Result<(), Error> {
        // Jobs that are due do not wait for a follower that is stuck.
        let followed = self.follow_inside().await;
        if followed.as_ref().is_ok_and(|n| *n > 0) {
            self.0.wake_sending.notify_one();
        }
        if self.run_due(holder).await? > 0 {
            self.0.wake_sending.notify_one();
        }
        followed.map(|_| ())
    }

    /// Enqueues the timed jobs of a desk that starts, and what is to be done once after
    /// an upgrade.
    ///
    /// # Errors
    /// When the database can not be written.
    pub async fn start_timers(&self) -> Result<(), Error> {
        let now = self.now();
        self.0
            .db
            .write(move |c| {
                let known = crate::list::is_complete(c, crate::list::OPEN_IS_INDEXED)?;
                let by_unit = crate::list::is_complete(c, crate::list::UNITS_ARE_INDEXED)?;
                let timed = store::setting::get(c, crate::timer::COMPLETE)?;
                crate::timer::begin_to_tell(c, now)?;
                let once = [
                    (!known).then_some(INDEX_OPEN),
                    (!by_unit).then_some(INDEX_UNITS),
                    (timed.as_deref() == Some("false")).then_some(TIMERS_ANEW),
                ];
                let once = once.into_iter().flatten();
                for kind in TIMED.iter().map(|(kind, _)| *kind).chain(once) {
                    store::job::enqueue(
                        c,
                        &store::job::NewJob {
                            kind,
                            payload: String::new(),
                            run_at: now,
                            unique_key: Some(kind.into()),
                        },
                    )?;
                }
                // What an upgrade has found.
                if !store::ticket_clock::without(c, TicketNumber(i64::MAX), 1)?.is_empty() {
                    let replay = store::job::NewJob {
                        kind: CLOCKS,
                        payload: clocks::WITHOUT.into(),
                        run_at: now,
                        unique_key: Some("clocks-without".into()),
                    };
                    store::job::enqueue(c, &replay)?;
                }
                Ok::<_, Error>(())
            })
            .await?;
        self.forget_catalogue();
        Ok(())
    }

    async fn run_due(&self, holder: &str) -> Result<u64, Error> {
        let now = self.now();
        let due = self
            .0
            .db
            .read(move |c| Ok::<_, Error>(store::job::is_due(c, now, KINDS)?))
            .await?;
        if !due {
            return Ok(0);
        }
        let holder = holder.to_owned();
        let jobs = self
            .0
            .db
            .write(move |c| {
                Ok::<_, Error>(store::job::claim(c, now, &holder, KINDS, 20, LEASE_MS)?)
            })
            .await?;
        let n = jobs.len() as u64;
        // In their order, as one mail that came in may answer the other.
        for job in jobs {
            // As large as the largest of all jobs.
            Box::pin(self.run_one(job)).await?;
        }
        Ok(n)
    }

    async fn run_one(&self, job: Job) -> Result<(), Error> {
        let outcome = match job.kind.as_str() {
            INTAKE => intake::run(self, &job).await,
            HEIRS => heirs::run(self, &job).await,
            ACCOUNT_MAIL => account_mail::run(self, &job).await,
            TIMERS => timers::run(self).await,
            TIMERS_ANEW => timers_anew::run(self, &job).await,
            REDIRECTED => crate::redirect::silence::run(self).await,
            ALARMS => crate::alarm::call::run(self).await,
            ROTA => crate::rota::round::run(self).await,
            REVIEW => crate::exchange::review::run(self).await,
            CURVE => crate::exchange::curve::run(self).await,
            REMIND_STAFF => remind_staff::run(self).await,
            REPORTS => reports::run(self).await,
            REPORT_MAILS => crate::report::saved::run(self).await,
            SWEEP => sweep::run(self).await,
            ERASE => crate::privacy::erase::run(self, &job.payload).await,
            EXPORT => crate::privacy::export::run(self, &job.payload).await,
            FILES => crate::privacy::run_files(self).await,
            RETAIN => crate::privacy::retain::run(self).await,
            UNDELIVERABLE => undeliverable::run(self, &job).await,
            HELD => held::run(self, &job).await,
            GATHER_INDEX => gather_index::run(self, &job).await,
            INDEX_OPEN => index_anew::run(self, &job, index_anew::OPEN).await,
            INDEX_UNITS => index_anew::run(self, &job, index_anew::UNITS).await,
            DIGEST => digest::run(self).await,
            CLOCKS => clocks::run(self, &job).await,
            SITE_CONTACT => site_contact::run(self, &job).await,
            SITE_CONTACTS => site_contact::settle(self).await,
            other => Ok(Outcome::Never(format!("there is no job {other:?}"))),
        };
        self.end_job(job, outcome, None).await
    }

    /// Notes how a run ended, and with it how far a mail came.
    async fn end_job(
        &self,
        job: Job,
        outcome: Result<Outcome, Error>,
        mail: Option<deliver::MailState>,
    ) -> Result<(), Error> {
        let outcome = outcome.unwrap_or_else(|e| Outcome::Later(e.to_string()));
        let now = self.now();
        let kind = KINDS.iter().copied().find(|kind| *kind == job.kind);
        let again = TIMED
            .iter()
            .find(|(kind, _)| *kind == job.kind)
            .map(|(kind, every)| (*kind, now + every));
        self.0
            .db
            .write(move |c| {
                if let Some(mail) = &mail {
                    store::outbox::end(c, mail.id, &mail.ended, now)?;
                    if let (true, Some(why)) = (mail.dead, &mail.ended.error) {
                        crate::outbox::mark_dead(c, mail.id, &mail.address, why, now)?;
                    }
                }
                match &outcome {
                    Outcome::Done | Outcome::On(_) => store::job::finish(c, job.id, now)?,
                    Outcome::Later(why) => {
                        let retry = (job.attempts < TRIES || again.is_some())
                            .then(|| now + backoff(job.attempts));
                        store::job::fail(c, job.id, now, why, retry)?;
                    }
                    Outcome::At(why, at) => store::job::fail(c, job.id, now, why, Some(*at))?,
                    Outcome::Never(why) => store::job::fail(c, job.id, now, why, None)?,
                }
                if let (Outcome::On(rest), Some(kind)) = (&outcome, kind) {
                    store::job::enqueue(
                        c,
                        &store::job::NewJob {
                            kind,
                            payload: rest.clone(),
                            run_at: now,
                            unique_key: None,
                        },
                    )?;
                }
                if let (Outcome::Done | Outcome::On(_), Some((kind, run_at))) = (&outcome, again) {
                    store::job::enqueue(
                        c,
                        &store::job::NewJob {
                            kind,
                            payload: String::new(),
                            run_at,
                            unique_key: Some(kind.into()),
                        },
                    )?;
                }
                Ok(())
            })
            .await
    }
}

/// How long to wait after so many tries: 30 s, doubling, at most 4 hours.
fn backoff(attempts: i64) -> Millis {
    let doublings = attempts.clamp(1, 10) - 1;
    (30_000 << doublings).min(4 * 3_600_000)
}

#[cfg(test)]
mod tests {
    use super::backoff;

    #[test]
    fn waits_longer_each_time_up_to_four_hours() {
        assert_eq!(backoff(1), 30_000);
        assert_eq!(backoff(2), 60_000);
        assert_eq!(backoff(100), 4 * 3_600_000);
    }
}
