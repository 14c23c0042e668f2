//! Delivers one mail of the outbox.
//!
//! The mail's bytes and Message-ID were fixed when it was queued. The state
//! goes to *sending* before the server is asked and to *sent* after it agreed:
//! a crash between the two delivers the same mail, with the same Message-ID,
//! at most once more. The same holds where the server took the whole mail and
//! its answer was lost: *unknown*.

use connect::Delivery;
use sha2::{Digest as _, Sha256};
use store::job::Job;
use store::mail::Outgoing;
use store::outbox::Ended;
use switchboard_core::Millis;
use uuid::Uuid;

use super::Outcome;
use crate::{Desk, Error};

/// For so long a mail is tried (RFC 5321, 4.5.4.1: four to five days).
const PATIENCE_MS: Millis = 5 * 86_400_000;
const MINUTE_MS: Millis = 60_000;
/// Between two tries pass at most four hours.
const LONGEST_MS: Millis = 4 * 3_600_000;

/// How far a mail came, noted together with the end of its job.
pub(super) struct MailState {
    /// The mail.
    pub(super) id: Uuid,
    /// Where it goes.
    pub(super) address: String,
    /// How the try ended.
    pub(super) ended: Ended,
    /// The address is none, says the server.
    pub(super) dead: bool,
}

/// A mail with the signatures that it goes out with.
fn signed(
    mut bytes: Vec<u8>,
    dkim: Option<&connect::Dkim>,
    smime: Option<&connect::Smime>,
    now: Millis,
) -> Result<Vec<u8>, String> {
    if mail::alarm::is_alarm(&bytes) {
        let key = smime.ok_or("alarms are signed, and alarm_key_file is not set")?;
        bytes = key.sign(&bytes, now)?;
    }
    match dkim {
        Some(key) => key.sign(&bytes),
        None => Ok(bytes),
    }
}

/// The mail that a job is to deliver.
pub(super) fn mail_of(job: &Job) -> Option<Uuid> {
    Uuid::try_parse(&job.payload).ok()
}

/// Delivers `mail`, whose state is *sending* now; `state` becomes its new one, for
/// whoever notes that the job has ended. `None`: it is not there, or it is over.
pub(super) async fn run(
    desk: &Desk,
    job: &Job,
    mail: Option<Outgoing>,
    state: &mut Option<MailState>,
) -> Result<Outcome, Error> {
    if mail_of(job).is_none() {
        return Ok(Outcome::Never("the job names no mail".into()));
    }
    let Some(mail) = mail else {
        return Ok(Outcome::Done);
    };
    let (mailer, from) = (desk.0.mailer.clone(), desk.envelope_address(mail.id));
    let (id, address) = (mail.id, mail.address.clone());
    let begun = desk.trying_since(id).await?.unwrap_or(mail.created_at);
    let (dkim, smime, at) = (
        desk.config().dkim.clone(),
        desk.config().smime.clone(),
        desk.now(),
    );
    let delivery = tokio::task::spawn_blocking(move || {
        match signed(mail.bytes, dkim.as_deref(), smime.as_deref(), at) {
            Ok(bytes) => mailer.send(&id.simple().to_string(), &from, &mail.address, &bytes),
            // Unsigned it would be taken for forged; a key can be put right.
            Err(why) => Delivery::Deferred(why),
        }
    })
    .await
    .map_err(|e| Error::Internal(format!("mail delivery: {e}")))?;
    let now = desk.now();
    let later = |state: &'static str, why: String| {
        let next = now + pause(id, job.attempts);
        if next - begun > PATIENCE_MS {
            let why = format!("given up after five days: {why}");
            let ended = Ended {
                state: "failed",
                answer: Some(why.clone()),
                error: Some(why.clone()),
                next_try: None,
            };
            return (Outcome::Never(why), ended);
        }
        let ended = Ended {
            state,
            answer: Some(why.clone()),
            error: Some(why.clone()),
            next_try: Some(next),
        };
        (Outcome::At(why, next), ended)
    };
    let mut gone = false;
    let (outcome, ended) = match delivery {
        Delivery::Sent(answer) => (
            Outcome::Done,
            Ended {
                state: "sent",
                answer: Some(answer),
                ..Ended::default()
            },
        ),
        Delivery::Deferred(why) => later("deferred", why),
        Delivery::Unknown(why) => later("unknown", why),
        Delivery::Failed { why, dead } => {
            gone = dead;
            let ended = Ended {
                state: "failed",
                answer: Some(why.clone()),
                error: Some(why.clone()),
                next_try: None,
            };
            (Outcome::Never(why), ended)
        }
    };
    *state = Some(MailState {
        id,
        address,
        ended,
        dead: gone,
    });
    Ok(outcome)
}

/// How long to wait after so many tries: a minute, doubling, at most four hours,
/// and up to a fifth more or less, so that what failed together does not come
/// back together. The same mail and try give the same pause.
fn pause(mail: Uuid, attempts: i64) -> Millis {
    let doublings = attempts.clamp(1, 10) - 1;
    let whole = (MINUTE_MS << doublings).min(LONGEST_MS);
    let mut hash = Sha256::new();
    hash.update(mail.as_bytes());
    hash.update(attempts.to_be_bytes());
    let share = i64::from(hash.finalize()[0]);
    whole * 4 / 5 + whole * 2 / 5 * share / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_never_leaves_unsigned_and_nothing_else_is_signed_as_one() {
        let mail = |more: &str| format!("From: d@x.example\r\n{more}\r\nText\r\n").into_bytes();
        let why = signed(mail("X-Switchboard-Alarm: test\r\n"), None, None, 0).unwrap_err();
        assert!(why.contains("alarm_key_file"), "{why}");
        // What people write is no field.
        let plain = mail("\r\nX-Switchboard-Alarm: test\r\n");
        assert_eq!(signed(plain.clone(), None, None, 0), Ok(plain));
    }

    #[test]
    fn pauses_grow_are_spread_and_end() {
        let mail = |n: u128| Uuid::from_u128(n);
        for attempts in 1..30 {
            let whole = (MINUTE_MS << (attempts.min(10) - 1)).min(LONGEST_MS);
            let pauses: std::collections::BTreeSet<Millis> =
                (0..200).map(|n| pause(mail(n), attempts)).collect();
            let (least, most) = (*pauses.first().unwrap(), *pauses.last().unwrap());
            assert!(least >= whole * 4 / 5 && most <= whole * 6 / 5);
            assert!(most - least > whole / 4, "spread out: {least} to {most}");
            assert_eq!(pause(mail(7), attempts), pause(mail(7), attempts));
        }
        assert!(pause(mail(1), i64::MAX) <= LONGEST_MS * 6 / 5);
    }
}
