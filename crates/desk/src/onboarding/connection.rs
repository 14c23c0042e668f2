//! Does the system that a form couples answer, and as whom? Asked when somebody
//! presses the button, kept with the form.

use connect::probe::{Mark, Question};
use serde::{Deserialize, Serialize};
use store::onboarding::Onboarding;
use switchboard_core::onboarding::{Way, host_of};
use switchboard_core::{Actor, Millis};
use uuid::Uuid;

use super::found;
use crate::{Desk, Error};

/// So long to wait between two tests of one form.
const PAUSE_MS: Millis = 3_000;

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, but look at it.
    Odd,
    /// It does not work.
    Bad,
}

/// A line of what a test found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestLine {
    /// How it is meant.
    pub verdict: Verdict,
    /// What was found.
    pub text: String,
    /// What to do about it, or empty.
    pub detail: String,
}

/// What the last test of a connection found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tested {
    /// When.
    pub at: Millis,
    /// Of which system, address and queue; another one was not tested.
    pub of: (String, String, String),
    /// Line by line.
    pub lines: Vec<TestLine>,
}

fn subject(row: &Onboarding) -> (String, String, String) {
    let e = &row.form.exchange;
    (e.system.clone(), e.endpoint.clone(), e.queue.clone())
}

/// What the last test found, if it was of what stands in the form now.
pub(super) fn tested(row: &Onboarding) -> Option<Tested> {
    let tested: Tested = serde_json::from_str(row.checked.as_deref()?).ok()?;
    (tested.of == subject(row)).then_some(tested)
}

impl Desk {
    /// Tests the connection that a form describes, by reading only. The secret
    /// goes along when the operator keeps it for that very host.
    ///
    /// # Errors
    /// When the form is not theirs, couples no system, or was tested a moment
    /// ago. What is wrong with the connection is no error but the answer.
    pub async fn test_connection(&self, actor: &Actor, id: Uuid) -> Result<Tested, Error> {
        let actor = actor.clone();
        let row = self
            .0
            .db
            .read(move |c| found(c, &actor, id).map(|(row, _)| row))
            .await?;
        if row.form.option != Some(Way::Integration) {
            return Err(Error::Conflict(
                "there is nothing to test: the form couples no system".into(),
            ));
        }
        let now = self.now();
        let last: Option<Tested> = row
            .checked
            .as_deref()
            .and_then(|json| serde_json::from_str(json).ok());
        if last.is_some_and(|last| (0..PAUSE_MS).contains(&(now - last.at))) {
            return Err(Error::TooMany { seconds: 3 });
        }
        let e = &row.form.exchange;
        let secret = host_of(&e.endpoint).ok().and_then(|host| {
            self.config()
                .secrets
                .for_host(e.secret.trim(), &host)
                .map(str::to_owned)
        });
        let question = Question {
            system: e.system.clone(),
            endpoint: e.endpoint.clone(),
            queue: e.queue.clone(),
            secret,
        };
        let lines = connect::tracker::test(&self.0.guard, &question)
            .await
            .into_iter()
            .map(|check| TestLine {
                verdict: match check.mark {
                    Mark::Good => Verdict::Good,
                    Mark::Odd => Verdict::Odd,
                    Mark::Bad => Verdict::Bad,
                },
                text: check.text,
                detail: check.detail,
            })
            .collect();
        let tested = Tested {
            at: now,
            of: subject(&row),
            lines,
        };
        let json = serde_json::to_string(&tested)
            .map_err(|e| Error::Internal(format!("a test's result: {e}")))?;
        self.0
            .db
            .write(move |c| store::onboarding::set_checked(c, id, &json).map_err(Error::from))
            .await?;
        Ok(tested)
    }
}
