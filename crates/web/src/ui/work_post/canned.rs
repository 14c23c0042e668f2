//! Puts a canned text into an answer, for whoever has no script.

use axum::response::Response;
use uuid::Uuid;

use super::{Work, anew, refused, told};
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Notice, NoticeTone};
use crate::ui::pane::Again;
use crate::ui::posted::Posted;
use crate::ui::work::page;
use crate::ui::workspace::Composer;

impl Work {
    /// Puts a canned text below what is written; nothing is sent. With the script it goes
    /// where the cursor is, and does not come here.
    pub(super) async fn put_in(&self, posted: &Posted) -> Result<Response, Fault> {
        let visit = &posted.visit;
        let written = posted.body("body");
        let before = self.written_anew(posted).await?;
        let (body, errors) = match Uuid::try_parse(posted.text("canned")) {
            Err(_) => (written, Errors::one("canned", "Choose a text first.")),
            Ok(id) => {
                let filled = visit.desk.filled_canned_text(&self.actor, self.number, id);
                match filled.await {
                    Ok(text) if written.trim().is_empty() => (text, Errors::default()),
                    Ok(text) => {
                        let body = format!("{}\n\n{text}", written.trim_end());
                        (body, Errors::default())
                    }
                    Err(error) => {
                        let (_, problem) = told(error, "canned")?;
                        (written, Errors::one("canned", problem))
                    }
                }
            }
        };
        let again = Again {
            status: if errors.is_empty() { None } else { refused() },
            notice: (!posted.files.is_empty()).then(|| {
                Notice::new(
                    NoticeTone::Warn,
                    "Choose your files again: they were not kept",
                )
            }),
            composer: Some((
                Composer {
                    body,
                    note: posted.text("kind") == "note",
                    ..before
                        .as_ref()
                        .map(|(back, chosen)| anew(back, chosen))
                        .unwrap_or_default()
                },
                errors,
            )),
            ..Again::default()
        };
        page(visit, Some(self.number), again).await
    }
}
