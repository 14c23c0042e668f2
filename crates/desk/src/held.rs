//! Answers that wait a few seconds before they are sent, so that their authors can
//! take them back. Until then nothing has happened: no entry, no status, no mail.

use store::Conn;
use store::held::{HeldAnswer, HeldFile};
use store::job::NewJob;
use switchboard_core::{
    Actor, Channel, Command, EntryId, EntryVisibility, Millis, PersonId, SolutionKind, Status,
    TicketNumber,
};
use uuid::Uuid;

use crate::act::{EntryDraft, NewFile, Step};
use crate::jobs::HELD;
use crate::letter::{self, About};
use crate::mail_text::Kind;
use crate::view::load_visible;
use crate::{Desk, Error, privacy};

/// An answer as it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub id: Uuid,
    /// Who wrote it.
    pub author: PersonId,
    /// Their name.
    pub name: String,
    /// When it is sent.
    pub send_at: Millis,
    /// The status that goes with it.
    pub status: Option<Status>,
    /// Its text.
    pub body: String,
    /// The names of its files.
    pub files: Vec<String>,
    /// Why it could not be sent.
    pub refused: Option<String>,
}

/// An answer that its author took back. It is kept for a day, so that its files need
/// not be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenBack {
    /// Its id.
    pub id: Uuid,
    /// The status that went with it.
    pub status: Option<Status>,
    /// Its text.
    pub body: String,
    /// The files that were with it: id and name.
    pub files: Vec<(Uuid, String)>,
}

fn back(c: &mut Conn<'_>, held: HeldAnswer) -> Result<TakenBack, Error> {
    Ok(TakenBack {
        id: held.id,
        status: Status::parse(&held.status),
        body: held.body,
        files: store::held::files(c, held.id)?
            .into_iter()
            .map(|f| (f.id, f.name))
            .collect(),
    })
}

/// What an answer does: the entry, and the status that goes with it.
pub fn steps(status: Option<Status>, draft: EntryDraft) -> Vec<Step> {
    let public = EntryVisibility::Public;
    let text = draft.body.clone();
    match status {
        Some(Status::Waiting) => vec![
            Step::Write(public, draft),
            Step::Command(Command::Await { reminder: None }),
        ],
        Some(Status::OnHold) => vec![
            Step::Write(public, draft),
            Step::Command(Command::Hold {
                reason: text,
                reminder: None,
                eta: None,
            }),
        ],
        Some(Status::Solved) => vec![Step::Solve(SolutionKind::Fixed, draft)],
        Some(Status::Unsolved) => vec![Step::GiveUp(SolutionKind::Other, draft)],
        Some(Status::InProgress) => {
            vec![Step::Write(public, draft), Step::Command(Command::Start)]
        }
        Some(Status::Reopened) => vec![Step::Reopen(Some(draft))],
        _ => vec![Step::Write(public, draft)],
    }
}

impl Desk {
    /// Answers a ticket: after the seconds that answers wait here, or at once where
    /// they do not. Gives the id of the answer while it waits.
    ///
    /// # Errors
    /// What the rules refuse as the ticket stands now, and what [`Desk::act`] says.
    pub async fn answer_ticket(
        &self,
        actor: &Actor,
        number: TicketNumber,
        status: Option<Status>,
        draft: EntryDraft,
    ) -> Result<Option<Uuid>, Error> {
        let wait = self.config().undo_send;
        let Some(author) = actor.person.filter(|_| wait > 0) else {
            self.act(actor, number, None, steps(status, draft)).await?;
            return Ok(None);
        };
        // What would be refused is refused now, while its author is there.
        self.rehearse(actor, number, steps(status, draft.clone()))
            .await?;
        let id = self.uuid();
        let mut files = Vec::new();
        for file in draft.files {
            let kept = self.store_file(number, EntryId(id), file).await?;
            files.push(HeldFile {
                id: kept.id,
                answer: id,
                name: kept.name,
                media_type: kept.media_type,
                size: kept.size,
                sha256: kept.sha256,
            });
        }
        let now = self.now();
        let held = HeldAnswer {
            id,
            ticket: number,
            author,
            written_at: now,
            send_at: now + wait,
            status: status.map_or("", Status::key).to_owned(),
            body: draft.body,
            refused: None,
        };
        self.0
            .db
            .write(move |c| {
                store::held::insert(c, &held, &files)?;
                store::job::enqueue(
                    c,
                    &NewJob {
                        kind: HELD,
                        payload: id.to_string(),
                        run_at: held.send_at,
                        unique_key: Some(format!("{HELD}:{id}")),
                    },
                )?;
                Ok::<_, Error>(())
            })
            .await?;
        Ok(Some(id))
    }

    /// The answers of a ticket that wait, for those who work on it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a ticket that the actor may not see.
    pub async fn waiting_answers(
        &self,
        actor: &Actor,
        number: TicketNumber,
    ) -> Result<Vec<Waiting>, Error> {
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| {
                let (_, access) = load_visible(c, &actor, number)?;
                if !access.staff_side() {
                    return Ok(Vec::new());
                }
                let mut all = Vec::new();
                for held in store::held::of_ticket(c, number)? {
                    if held.is_taken_back() {
                        continue;
                    }
                    // What could not be sent is its author's alone.
                    if held.refused.is_some() && actor.person != Some(held.author) {
                        continue;
                    }
                    let name =
                        store::person::load(c, held.author)?.map_or_else(String::new, |p| p.name);
                    all.push(Waiting {
                        id: held.id,
                        author: held.author,
                        name,
                        send_at: held.send_at,
                        status: Status::parse(&held.status),
                        body: held.body,
                        files: store::held::files(c, held.id)?
                            .into_iter()
                            .map(|f| f.name)
                            .collect(),
                        refused: held.refused,
                    });
                }
                Ok(all)
            })
            .await
    }

    /// Takes an answer back and gives it to its author. It is not sent any more.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it was sent, [`Error::Forbidden`] for anybody but
    /// its author.
    pub async fn take_back(&self, actor: &Actor, id: Uuid) -> Result<TakenBack, Error> {
        let author = actor.person;
        self.0
            .db
            .write(move |c| {
                let held = store::held::load(c, id)?.ok_or_else(too_late)?;
                if author != Some(held.author) {
                    return Err(Error::Forbidden(
                        "only its author takes an answer back".into(),
                    ));
                }
                if !store::held::give_back(c, id)? {
                    return Err(too_late());
                }
                back(c, held)
            })
            .await
    }

    /// An answer to this ticket that the actor took back, while it is kept.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn taken_back(
        &self,
        actor: &Actor,
        number: TicketNumber,
        id: Uuid,
    ) -> Result<Option<TakenBack>, Error> {
        let author = actor.person;
        self.0
            .db
            .read(move |c| {
                let held = store::held::load(c, id)?.filter(|h| {
                    h.is_taken_back() && author == Some(h.author) && h.ticket == number
                });
                held.map(|held| back(c, held)).transpose()
            })
            .await
    }

    /// Those of the files of an answer that the actor took back, to go with another.
    ///
    /// # Errors
    /// When the file store or the database can not be read.
    pub async fn files_taken_back(
        &self,
        actor: &Actor,
        number: TicketNumber,
        id: Uuid,
        chosen: &[Uuid],
    ) -> Result<Vec<NewFile>, Error> {
        if self.taken_back(actor, number, id).await?.is_none() {
            return Ok(Vec::new());
        }
        let mut files = self.held_files(id).await?;
        files.retain(|(file, _)| chosen.contains(file));
        Ok(files.into_iter().map(|(_, file)| file).collect())
    }

    /// Lets an answer go that the actor took back, as another went in its place.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn drop_taken_back(
        &self,
        actor: &Actor,
        number: TicketNumber,
        id: Uuid,
    ) -> Result<(), Error> {
        if self.taken_back(actor, number, id).await?.is_none() {
            return Ok(());
        }
        let now = self.now();
        self.0
            .db
            .write(move |c| let_go(c, id, now).map(|_| ()))
            .await
    }

    /// The files of an answer, with their ids.
    async fn held_files(&self, id: Uuid) -> Result<Vec<(Uuid, NewFile)>, Error> {
        let blobs = self.0.blobs.clone();
        let kept = self
            .0
            .db
            .read(move |c| store::held::files(c, id).map_err(Error::from))
            .await?;
        tokio::task::spawn_blocking(move || {
            kept.into_iter()
                .map(|file| {
                    let bytes = blobs.get(&file.sha256)?.ok_or_else(|| {
                        Error::Internal("a file of an answer that waits is missing".into())
                    })?;
                    let new = NewFile {
                        name: file.name,
                        media_type: file.media_type,
                        bytes,
                        content_id: None,
                    };
                    Ok((file.id, new))
                })
                .collect::<Result<Vec<_>, Error>>()
        })
        .await
        .map_err(|e| Error::Internal(format!("file store: {e}")))?
    }

    /// Sends an answer that waits at once.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it was sent or taken back, [`Error::Forbidden`] for
    /// anybody but its author, and what the rules refuse.
    pub async fn send_now(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        let held = self
            .0
            .db
            .read(move |c| store::held::load(c, id)?.ok_or_else(too_late))
            .await?;
        if actor.person != Some(held.author) {
            return Err(Error::Forbidden("only its author sends it at once".into()));
        }
        if held.is_taken_back() {
            return Err(too_late());
        }
        self.send_held(actor, held).await
    }

    async fn send_held(&self, actor: &Actor, held: HeldAnswer) -> Result<(), Error> {
        let id = held.id;
        let files = self.held_files(id).await?;
        let draft = EntryDraft {
            body: held.body,
            files: files.into_iter().map(|(_, file)| file).collect(),
            ..EntryDraft::default()
        };
        let steps = steps(Status::parse(&held.status), draft);
        self.act_held(actor, held.ticket, steps, id).await
    }

    /// Sends an answer whose time has come; what is refused goes back to its author.
    pub(crate) async fn send_held_at_its_time(&self, id: Uuid) -> Result<(), Error> {
        let held = self
            .0
            .db
            .read(move |c| store::held::load(c, id).map_err(Error::from))
            .await?;
        let Some(held) = held.filter(|h| h.refused.is_none()) else {
            return Ok(());
        };
        let (author, number) = (held.author, held.ticket);
        let body = held.body.clone();
        let sent = match self.actor_for(author, Channel::Web).await {
            Ok(actor) => self.send_held(&actor, held).await,
            Err(e) => Err(e),
        };
        let why = match sent {
            Ok(()) => return Ok(()),
            // Not the answer's fault: its job tries again.
            Err(e @ (Error::Internal(_) | Error::Unavailable(_))) => return Err(e),
            // Somebody took it back, or another node sent it.
            Err(Error::Conflict(_)) if self.is_gone(id).await? => return Ok(()),
            Err(e) => e.to_string(),
        };
        let desk = self.clone();
        self.0
            .db
            .write(move |c| {
                if !store::held::refuse(c, id, &why)? {
                    return Ok(());
                }
                let Some(person) = store::person::load(c, author)? else {
                    return Ok(());
                };
                let about = About {
                    kind: Kind::NotSent,
                    cause: id,
                    ticket: Some(number),
                };
                let url = &desk.config().public_url;
                letter::to_person(&desk, c, &person, about, |_| {
                    [
                        ("reason", why.clone()),
                        ("text", body.clone()),
                        ("link", format!("{url}/work/{number}")),
                    ]
                    .into()
                })?;
                Ok::<_, Error>(())
            })
            .await?;
        self.wake();
        Ok(())
    }

    async fn is_gone(&self, id: Uuid) -> Result<bool, Error> {
        self.0
            .db
            .read(move |c| Ok(store::held::load(c, id)?.is_none_or(|h| h.is_taken_back())))
            .await
    }
}

/// Takes an answer away in the transaction that sends it.
///
/// # Errors
/// [`Error::Conflict`] when it was sent or taken back.
pub(crate) fn take_to_send(c: &mut Conn<'_>, id: Uuid) -> Result<(), Error> {
    let there = store::held::load(c, id)?.is_some_and(|held| !held.is_taken_back());
    if there && store::held::take(c, id)? {
        return Ok(());
    }
    Err(too_late())
}

/// Takes an answer away with its files and gives their names. `None`: it is not there
/// any more.
pub(crate) fn let_go(
    c: &mut Conn<'_>,
    id: Uuid,
    now: Millis,
) -> Result<Option<Vec<String>>, Error> {
    let mut files = Vec::new();
    for file in store::held::files(c, id)? {
        privacy::files::doom(c, &file.sha256, now)?;
        files.push(file.name);
    }
    Ok(store::held::take(c, id)?.then_some(files))
}

fn too_late() -> Error {
    Error::Conflict("this answer was sent already, or taken back".into())
}
