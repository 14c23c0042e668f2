//! Whether everything is in order: what `doctor` prints.

use switchboard_core::Ticket;

use crate::{Desk, Error};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// What is wrong with it; `None`: nothing.
    pub problem: Option<String>,
}

/// Tickets whose history is replayed in one look.
const SAMPLE: i64 = 2_000;

impl Desk {
    /// Looks at the database, the files, the jobs and the newest tickets.
    ///
    /// # Errors
    /// When the database can not be read at all.
    pub async fn checkup(&self) -> Result<Vec<Check>, Error> {
        let catalogue = self.catalogue().await?;
        let mut checks = vec![
            Check {
                name: "first level unit",
                problem: catalogue.first_level().err().map(|e| e.to_string()),
            },
            Check {
                name: "triage rules",
                problem: catalogue.rules.check().err().map(|e| e.to_string()),
            },
        ];
        let blobs = self.0.blobs.clone();
        let files = tokio::task::spawn_blocking(move || blobs.put(b"doctor")).await;
        checks.push(Check {
            name: "file store takes files",
            problem: match files {
                Ok(Ok(_)) => None,
                Ok(Err(e)) => Some(e.to_string()),
                Err(e) => Some(e.to_string()),
            },
        });
        let (dead, unlike) = self
            .0
            .db
            .read(|c| {
                let dead = store::job::counts(c)?.dead;
                let mut unlike = Vec::new();
                for ticket in store::ticket::newest_documents(c, SAMPLE)? {
                    let history = store::event::of_ticket(c, ticket.number, 0, i64::MAX)?;
                    let replayed = Ticket::replay(history.into_iter().map(|e| (e.change, e.at)));
                    if replayed.as_ref() != Some(&ticket) {
                        unlike.push(ticket.number.to_string());
                    }
                }
                Ok::<_, Error>((dead, unlike))
            })
            .await?;
        checks.push(Check {
            name: "jobs given up",
            problem: (dead > 0).then(|| format!("{dead} jobs were given up")),
        });
        checks.push(Check {
            name: "history gives the state",
            problem: (!unlike.is_empty())
                .then(|| format!("tickets {} differ from their history", unlike.join(", "))),
        });
        let back = self.reappeared().await?.len();
        checks.push(Check {
            name: "nobody erased is back",
            problem: (back > 0).then(|| {
                format!(
                    "{back} people who were erased are there again, as after the restore of a \
                     backup; `switchboard serve` erases them before it serves anything"
                )
            }),
        });
        checks.push(Check {
            name: "secrets can be opened",
            problem: self.sealed_problem().await?,
        });
        let chain = self.check_audit().await?;
        checks.push(Check {
            name: "audit log holds together",
            problem: chain.problem,
        });
        Ok(checks)
    }
}
