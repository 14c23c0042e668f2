//! What agents do from the panes: write, handle, prioritise, tie, follow.
//!
//! Each is a form that leads back to the ticket; what can not be done shows
//! the ticket again with the reason beside the form.

use std::collections::BTreeSet;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::held::TakenBack;
use desk::view::TicketView;
use desk::{EntryDraft, Error, Patch, Step};
use switchboard_core::ticket::RelationKind;
use switchboard_core::{
    Actor, Command, EntryVisibility, PartyRole, Priority, Status, TicketNumber,
};
use uuid::Uuid;

use super::fault::Fault;
use super::frame::{Errors, Notice, NoticeTone};
use super::macro_run;
use super::pane::Again;
use super::posted::Posted;
use super::view::Choice;
use super::visit::{Visit, encode, number, own_path, sentence};
use super::work::page;
use super::workspace::Composer;

mod canned;

/// `POST /work/{number}/{deed}`.
pub async fn act(Path((text, deed)): Path<(String, String)>, posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = async {
        let number = number(&text)?;
        let actor = posted.visit.staff()?.clone();
        posted.back_to(&format!("/work/{number}"));
        let work = Work { actor, number };
        match deed.as_str() {
            "write" => work.write(&mut posted).await,
            "waiting" => work.waiting(&posted).await,
            "handle" => work.handle(&posted).await,
            "facts" => work.facts(&posted).await,
            "place" => work.place(&posted).await,
            "priority" => work.priority(&posted).await,
            "relate" => work.relate(&posted).await,
            "people" => work.people(&posted).await,
            "follow" => work.follow(&posted).await,
            "redirect" => work.redirect(&posted).await,
            _ => Err(Fault::no_page()),
        }
    }
    .await;
    posted.visit.close(result).await
}

/// One agent at one ticket.
pub(super) struct Work {
    /// Who.
    pub(super) actor: Actor,
    /// Which.
    pub(super) number: TicketNumber,
}

/// What a refused command says: which field, and what would be right.
///
/// # Errors
/// What can not be told beside a field.
pub(super) fn told(error: Error, field: &str) -> Result<(String, String), Fault> {
    match error {
        Error::Invalid { field, problem } => Ok((field, sentence(&problem))),
        Error::Conflict(text) | Error::Forbidden(text) => Ok((field.to_owned(), sentence(&text))),
        other => Err(other.into()),
    }
}

fn refused() -> Option<StatusCode> {
    Some(StatusCode::UNPROCESSABLE_ENTITY)
}

impl Work {
    async fn done(&self, posted: &Posted, said: &str) -> Result<Response, Fault> {
        let visit = &posted.visit;
        let notice = Notice::new(NoticeTone::Ok, said);
        // Handing a ticket on may end one's own access to it.
        let still = match visit.desk.ticket(&self.actor, self.number).await {
            Ok(ticket) => ticket.access.staff_side(),
            Err(Error::NotFound { .. }) => false,
            Err(other) => return Err(other.into()),
        };
        if still {
            visit.go(&visit.path, Some(notice))
        } else {
            visit.go("/work", Some(notice))
        }
    }

    async fn write(&self, posted: &mut Posted) -> Result<Response, Fault> {
        if posted.text("status") == "canned" {
            return self.put_in(posted).await;
        }
        let body = posted.body("body");
        let note = posted.text("kind") == "note";
        let mut files = std::mem::take(&mut posted.files);
        let visit = &posted.visit;
        let before = self.written_anew(posted).await?;
        if let Some((back, chosen)) = &before {
            let kept = visit
                .desk
                .files_taken_back(&self.actor, self.number, back.id, chosen);
            files.extend(kept.await?);
        }
        let again = |errors: Errors, stale: bool| Again {
            status: refused(),
            composer: Some((
                Composer {
                    body: body.clone(),
                    note,
                    stale,
                    send_value: posted.text("status").to_owned(),
                    ..before
                        .as_ref()
                        .map(|(back, chosen)| anew(back, chosen))
                        .unwrap_or_default()
                },
                errors,
            )),
            ..Again::default()
        };
        let draft = EntryDraft {
            body: body.clone(),
            files,
            ..EntryDraft::default()
        };
        if note {
            let step = Step::Write(EntryVisibility::Internal, draft);
            return match visit
                .desk
                .act(&self.actor, self.number, None, vec![step])
                .await
            {
                Ok(_) => {
                    self.let_go(visit, before.as_ref()).await?;
                    self.done(posted, "Note added").await
                }
                Err(error) => {
                    let (_, problem) = told(error, "body")?;
                    page(
                        visit,
                        Some(self.number),
                        again(Errors::one("body", problem), false),
                    )
                    .await
                }
            };
        }
        // A reply must not cross somebody else's that came meanwhile.
        if let Ok(seen) = posted.text("seen").parse::<i64>() {
            let conversation = visit.desk.conversation(&self.actor, self.number).await?;
            let crossed = conversation
                .entries
                .iter()
                .skip(usize::try_from(seen).unwrap_or(0))
                .any(|e| e.visibility == EntryVisibility::Public && e.author != self.actor.person);
            if crossed {
                let again = Again {
                    status: Some(StatusCode::CONFLICT),
                    ..again(Errors::default(), true)
                };
                return page(visit, Some(self.number), again).await;
            }
        }
        let (status, said) = reply_status(posted.text("status"));
        match visit
            .desk
            .answer_ticket(&self.actor, self.number, status, draft)
            .await
        {
            Ok(None) => {
                self.let_go(visit, before.as_ref()).await?;
                self.done(posted, said).await
            }
            Ok(Some(_)) => {
                self.let_go(visit, before.as_ref()).await?;
                let seconds = visit.desk.config().undo_send / 1000;
                let said =
                    format!("Goes out in {seconds} seconds; until then you can take it back");
                self.done(posted, &said).await
            }
            Err(error) => {
                let (_, problem) = told(error, "body")?;
                page(
                    visit,
                    Some(self.number),
                    again(Errors::one("body", problem), false),
                )
                .await
            }
        }
    }

    /// The answer that was taken back and that this one takes the place of, and the
    /// files of it that go along.
    async fn written_anew(&self, posted: &Posted) -> Result<Option<(TakenBack, Vec<Uuid>)>, Fault> {
        let Ok(id) = Uuid::try_parse(posted.text("again")) else {
            return Ok(None);
        };
        let back = posted
            .visit
            .desk
            .taken_back(&self.actor, self.number, id)
            .await?;
        let chosen = posted.all("kept").filter_map(|id| Uuid::try_parse(id).ok());
        Ok(back.map(|back| (back, chosen.collect())))
    }

    async fn let_go(
        &self,
        visit: &Visit,
        before: Option<&(TakenBack, Vec<Uuid>)>,
    ) -> Result<(), Fault> {
        if let Some((back, _)) = before {
            visit
                .desk
                .drop_taken_back(&self.actor, self.number, back.id)
                .await?;
        }
        Ok(())
    }

    /// An answer that waits: taken back, all of it is in the form again.
    async fn waiting(&self, posted: &Posted) -> Result<Response, Fault> {
        let visit = &posted.visit;
        let id = Uuid::try_parse(posted.text("id")).map_err(|_| Fault::no_page())?;
        if posted.text("do") == "send" {
            return match visit.desk.send_now(&self.actor, id).await {
                Ok(()) => self.done(posted, "Sent").await,
                Err(error) => self.not_waiting(posted, error).await,
            };
        }
        match visit.desk.take_back(&self.actor, id).await {
            Ok(taken) => {
                let said = "Taken back; nobody was told. It is below, as you wrote it.";
                let all: Vec<Uuid> = taken.files.iter().map(|(id, _)| *id).collect();
                let again = Again {
                    notice: Some(Notice::new(NoticeTone::Ok, said)),
                    composer: Some((
                        Composer {
                            body: taken.body.clone(),
                            ..anew(&taken, &all)
                        },
                        Errors::default(),
                    )),
                    ..Again::default()
                };
                page(visit, Some(self.number), again).await
            }
            Err(error) => self.not_waiting(posted, error).await,
        }
    }

    async fn not_waiting(&self, posted: &Posted, error: Error) -> Result<Response, Fault> {
        let (_, problem) = told(error, "id")?;
        let again = Again {
            status: Some(StatusCode::CONFLICT),
            notice: Some(Notice {
                tone: NoticeTone::Warn,
                title: "Not done".to_owned(),
                text: problem,
            }),
            ..Again::default()
        };
        page(&posted.visit, Some(self.number), again).await
    }

    async fn handle(&self, posted: &Posted) -> Result<Response, Fault> {
        let visit = &posted.visit;
        let ticket = visit.desk.ticket(&self.actor, self.number).await?;
        let result = if posted.text("do") == "take" {
            visit
                .desk
                .act(
                    &self.actor,
                    self.number,
                    None,
                    take_steps(&self.actor, &ticket),
                )
                .await
        } else {
            self.change(posted, self.patch(posted, &ticket)).await
        };
        let fields = [
            "status",
            "owner",
            "unit",
            "service",
            "issue_type",
            "tags",
            "reminder",
            "reason",
        ];
        let said = if posted.text("do") == "take" {
            "It is yours"
        } else {
            "Applied"
        };
        self.applied(posted, result, said, |error| {
            let errors = error.map(|(field, problem)| {
                let field = match field.as_str() {
                    "solution" | "comment" => "reason",
                    other => fields.iter().find(|f| **f == other).unwrap_or(&"status"),
                };
                Errors::one(field, problem)
            });
            Again {
                handle: Some((posted.typed(&fields), errors.unwrap_or_default())),
                ..Again::default()
            }
        })
        .await
    }

    /// Changes the ticket if it is still as the form has it.
    pub(super) async fn change(
        &self,
        posted: &Posted,
        patch: Result<Patch, Error>,
    ) -> Result<i64, Error> {
        let version = posted.text("version").parse::<i64>().ok();
        let desk = &posted.visit.desk;
        desk.change(&self.actor, self.number, version, patch?).await
    }

    /// Back to the ticket, or the form once more: `again` makes it from what
    /// was wrong with which field; `None`: somebody was quicker.
    pub(super) async fn applied(
        &self,
        posted: &Posted,
        result: Result<i64, Error>,
        said: &str,
        again: impl FnOnce(Option<(String, String)>) -> Again,
    ) -> Result<Response, Fault> {
        let again = match result {
            Ok(_) => return self.done(posted, said).await,
            Err(Error::Stale { .. }) => Again {
                status: Some(StatusCode::CONFLICT),
                notice: Some(Notice {
                    tone: NoticeTone::Warn,
                    title: "Not applied: somebody changed the ticket meanwhile".to_owned(),
                    text: "Look what is new, then apply again if it is still right.".to_owned(),
                }),
                ..again(None)
            },
            Err(error) => Again {
                status: refused(),
                ..again(Some(told(error, "")?))
            },
        };
        page(&posted.visit, Some(self.number), again).await
    }

    /// What the form changes: only what differs from the ticket.
    fn patch(&self, posted: &Posted, ticket: &TicketView) -> Result<Patch, Error> {
        let reason = Some(posted.text("reason").to_owned()).filter(|r| !r.is_empty());
        let mut patch = Patch {
            reason: reason.clone(),
            ..Patch::default()
        };
        let unit = posted.text("unit");
        if !unit.is_empty() && !unit.eq_ignore_ascii_case(&ticket.unit.name) {
            patch.unit = Some(unit.to_owned());
        }
        let owner = posted.text("owner");
        let stored = ticket.owner.as_ref().and_then(|o| o.email.as_deref());
        // A new unit starts without an owner; the form still names the old one.
        if posted.has("owner") && owner != stored.unwrap_or_default() && patch.unit.is_none() {
            patch.owner = Some(Some(owner.to_owned()).filter(|o| !o.is_empty()));
        }
        let service = posted.text("service");
        if posted.has("service") && service != ticket.service.as_ref().map_or("", |s| &s.key) {
            patch.service = Some(Some(service.to_owned()).filter(|s| !s.is_empty()));
        }
        let issue_type = posted.text("issue_type");
        let stored = ticket.issue_type.as_ref().map_or("", |t| &t.key);
        if posted.has("issue_type") && issue_type != stored {
            patch.issue_type = Some(Some(issue_type.to_owned()).filter(|t| !t.is_empty()));
        }
        if posted.has("tags") {
            let tags: BTreeSet<String> = posted
                .text("tags")
                .split(',')
                .map(|t| t.trim().to_lowercase())
                .filter(|t| !t.is_empty())
                .collect();
            if tags != ticket.tags.iter().cloned().collect() {
                patch.tags = Some(tags);
            }
        }
        if !posted.text("reminder").is_empty() {
            let morning = format!("{}T09:00", posted.text("reminder"));
            let at = super::time::parse_local(&morning, &posted.visit.dial.zone)
                .ok_or_else(|| Error::invalid("reminder", "takes a date"))?;
            patch.reminder = Some(at);
        }
        let status = posted.text("status");
        if !status.is_empty() && status != ticket.status.key() {
            let status = Status::parse(status)
                .ok_or_else(|| Error::invalid("status", "choose one of the list"))?;
            match status {
                Status::Solved | Status::Unsolved => patch.solution = reason,
                Status::Reopened => patch.comment = reason,
                _ => {}
            }
            patch.status = Some(status);
        }
        Ok(patch)
    }

    async fn priority(&self, posted: &Posted) -> Result<Response, Fault> {
        let visit = &posted.visit;
        let because = posted.text("because");
        let (command, said) = match posted.text("do") {
            "confirm" => (Command::ConfirmPriority, "Priority confirmed"),
            "withdraw" => (Command::WithdrawOverrule, "The rules decide again"),
            _ => {
                let priority = Priority::parse(posted.text("priority"))
                    .ok_or_else(|| Error::invalid("priority", "choose one of the four"))?;
                (
                    Command::Overrule {
                        priority,
                        reason: because.to_owned(),
                    },
                    "Priority set",
                )
            }
        };
        let steps = vec![Step::Command(command)];
        match visit.desk.act(&self.actor, self.number, None, steps).await {
            Ok(_) => self.done(posted, said).await,
            Err(error) => {
                let (_, problem) = told(error, "because")?;
                let again = Again {
                    status: refused(),
                    priority: Some(Errors::one("because", problem)),
                    ..Again::default()
                };
                page(visit, Some(self.number), again).await
            }
        }
    }

    async fn relate(&self, posted: &Posted) -> Result<Response, Fault> {
        let visit = &posted.visit;
        let undo = posted.text("do") == "undo";
        let other = posted.text("other").trim_start_matches('#');
        let command = match other.parse::<i64>().map(TicketNumber) {
            Err(_) => Err(Error::invalid("other", "takes a ticket’s number, as 48213")),
            Ok(other) => relation_command(posted.text("kind"), other, undo),
        };
        let result = match command {
            Ok(command) => {
                let steps = vec![Step::Command(command)];
                visit.desk.act(&self.actor, self.number, None, steps).await
            }
            Err(error) => Err(error),
        };
        match result {
            Ok(_) => {
                let said = if undo { "The tie is undone" } else { "Tied" };
                self.done(posted, said).await
            }
            Err(Error::NotFound { .. }) => {
                self.not_tied(
                    "There is no such ticket that you can see.".to_owned(),
                    posted,
                )
                .await
            }
            Err(error) => {
                let (_, problem) = told(error, "other")?;
                self.not_tied(problem, posted).await
            }
        }
    }

    async fn not_tied(&self, problem: String, posted: &Posted) -> Result<Response, Fault> {
        let again = Again {
            status: refused(),
            relate: Some(Errors::one("other", problem)),
            ..Again::default()
        };
        page(&posted.visit, Some(self.number), again).await
    }

    async fn people(&self, posted: &Posted) -> Result<Response, Fault> {
        let desk = &posted.visit.desk;
        let remove = posted.text("remove");
        let result = if let Some((role, who)) = remove.split_once(':') {
            desk.remove_party(&self.actor, self.number, None, who, role_of(role))
                .await
        } else {
            let role = role_of(posted.text("role"));
            desk.add_party(
                &self.actor,
                self.number,
                None,
                Some(posted.text("mail")),
                role,
            )
            .await
        };
        self.said(
            posted,
            result,
            if remove.is_empty() {
                "Added"
            } else {
                "Removed"
            },
        )
        .await
    }

    async fn follow(&self, posted: &Posted) -> Result<Response, Fault> {
        let desk = &posted.visit.desk;
        let (number, role) = (self.number, PartyRole::Subscriber);
        if posted.text("on") == "yes" {
            let result = desk.add_party(&self.actor, number, None, None, role).await;
            self.said(posted, result, "You follow it").await
        } else {
            let result = desk
                .remove_party(&self.actor, number, None, "me", role)
                .await;
            self.said(posted, result, "You no longer follow it").await
        }
    }

    /// Back to the ticket with what became of it.
    async fn said(
        &self,
        posted: &Posted,
        result: Result<i64, Error>,
        said: &str,
    ) -> Result<Response, Fault> {
        match result {
            Ok(_) => self.done(posted, said).await,
            Err(error) => {
                let (_, problem) = told(error, "")?;
                let again = Again {
                    status: refused(),
                    notice: Some(Notice {
                        tone: NoticeTone::Bad,
                        title: "That was not done".to_owned(),
                        text: problem,
                    }),
                    ..Again::default()
                };
                page(&posted.visit, Some(self.number), again).await
            }
        }
    }
}

fn role_of(word: &str) -> PartyRole {
    match word {
        "involved" => PartyRole::Involved,
        "subscriber" => PartyRole::Subscriber,
        "site" => PartyRole::Site,
        _ => PartyRole::Cc,
    }
}

/// Takes a ticket: owner, and in progress unless it waits for something.
pub fn take_steps(actor: &Actor, ticket: &TicketView) -> Vec<Step> {
    let mut steps = vec![Step::Command(Command::SetOwner {
        owner: actor.person,
    })];
    if matches!(
        ticket.status,
        Status::New | Status::Assigned | Status::Reopened
    ) {
        steps.push(Step::Command(Command::Start));
    }
    steps
}

/// The status that goes with a reply, and what is said when it is sent.
/// The form for an answer that was taken back.
fn anew(back: &TakenBack, chosen: &[Uuid]) -> Composer {
    Composer {
        send_value: back.status.map_or("", Status::key).to_owned(),
        back: back.id.to_string(),
        kept: back
            .files
            .iter()
            .map(|(id, name)| Choice {
                value: id.to_string(),
                label: name.clone(),
                chosen: chosen.contains(id),
            })
            .collect(),
        ..Composer::default()
    }
}

fn reply_status(word: &str) -> (Option<Status>, &'static str) {
    let said = match Status::parse(word) {
        Some(Status::Waiting) => "Sent; waiting for the requester",
        Some(Status::OnHold) => "Sent; on hold",
        Some(Status::Solved) => "Solved",
        Some(Status::Unsolved) => "Set unsolved",
        Some(Status::InProgress) => "Sent; in progress",
        Some(Status::Reopened) => "Sent; open again",
        // No other status comes with a reply.
        _ => return (None, "Sent"),
    };
    (Status::parse(word), said)
}

fn relation_command(kind: &str, other: TicketNumber, undo: bool) -> Result<Command, Error> {
    let known = RelationKind::ALL.into_iter().find(|k| k.key() == kind);
    Ok(match (kind, known, undo) {
        ("merge", _, false) => Command::MergeInto {
            target: other,
            entries: Vec::new(),
        },
        (_, Some(RelationKind::MergedInto), true) => Command::Unmerge,
        (_, Some(RelationKind::SplitInto), true) => Command::UndoSplit { new: other },
        (_, Some(kind), true) => Command::Unrelate { kind, other },
        (_, Some(kind), false) => Command::Relate { kind, other },
        (_, None, _) => return Err(Error::invalid("kind", "choose one of the list")),
    })
}

/// Most tickets that one form does something with.
const BULK: usize = 200;

/// `POST /work/bulk`: the same for many tickets; each is done or told why not.
pub async fn bulk(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = many(&posted).await;
    posted.visit.close(result).await
}

async fn many(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.staff()?;
    let back = own_path(posted.text("back"), "/work");
    let numbers: Vec<TicketNumber> = posted
        .all("ticket")
        .filter_map(|t| t.parse().ok())
        .map(TicketNumber)
        .take(BULK)
        .collect();
    if numbers.is_empty() {
        let notice = Notice::new(NoticeTone::Info, "Tick some tickets first");
        return visit.go(&back, Some(notice));
    }
    if let Some(id) = posted.text("do").strip_prefix("macro:") {
        return macro_run::many(posted, &numbers, id, back).await;
    }
    let (mut done, mut problems) = (0, Vec::new());
    for number in numbers {
        match one_of_many(posted, actor, number).await {
            Ok(()) => done += 1,
            Err(Error::Internal(text)) => return Err(Error::Internal(text).into()),
            Err(error) => problems.push(format!("{number}: {error}")),
        }
    }
    let notice = if problems.is_empty() {
        Notice::new(NoticeTone::Ok, format!("Done with {done}"))
    } else {
        Notice {
            tone: NoticeTone::Warn,
            title: format!("Done with {done}, not with {}", problems.len()),
            text: problems.join("; "),
        }
    };
    visit.go(&back, Some(notice))
}

async fn one_of_many(posted: &Posted, actor: &Actor, number: TicketNumber) -> Result<(), Error> {
    let desk = &posted.visit.desk;
    let to = posted.text("to");
    match posted.text("do") {
        "take" => {
            let ticket = desk.ticket(actor, number).await?;
            let steps = take_steps(actor, &ticket);
            desk.act(actor, number, None, steps).await?;
        }
        "assign" => {
            let patch = Patch {
                unit: Some(to.to_owned()),
                reason: Some(posted.text("reason").to_owned()).filter(|r| !r.is_empty()),
                ..Patch::default()
            };
            desk.change(actor, number, None, patch).await?;
        }
        "master" => {
            let other = to
                .trim_start_matches('#')
                .parse::<i64>()
                .map(TicketNumber)
                .map_err(|_| Error::invalid("number", "name the master ticket by its number"))?;
            let command = Command::Relate {
                kind: RelationKind::SlaveOf,
                other,
            };
            desk.act(actor, number, None, vec![Step::Command(command)])
                .await?;
        }
        "tag" => {
            let ticket = desk.ticket(actor, number).await?;
            let mut tags: BTreeSet<String> = ticket.tags.into_iter().collect();
            tags.insert(to.to_lowercase());
            let patch = Patch {
                tags: Some(tags),
                ..Patch::default()
            };
            desk.change(actor, number, None, patch).await?;
        }
        _ => return Err(Error::invalid("do", "choose one of the list")),
    }
    Ok(())
}

/// `POST /work/views`: saves a search under a name, or forgets one.
pub async fn views(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = save_view(&posted).await;
    posted.visit.close(result).await
}

async fn save_view(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let person = visit.staff()?.person.ok_or(Fault::SignInFirst)?;
    let forget = posted.text("forget");
    if !forget.is_empty() {
        let id = Uuid::try_parse(forget).map_err(|_| Fault::no_page())?;
        visit.desk.delete_view(person, id).await?;
        return visit.go("/work", Some(Notice::new(NoticeTone::Ok, "Forgotten")));
    }
    let (name, query) = (posted.text("name"), posted.text("query"));
    let to = format!("/work?q={}", encode(query));
    let notice = match visit.desk.save_view(person, name, query).await {
        Ok(()) => Notice::new(NoticeTone::Ok, "The view is on the rail now"),
        Err(Error::Invalid { problem, .. }) => Notice {
            tone: NoticeTone::Warn,
            title: "The view was not saved".to_owned(),
            text: sentence(&problem),
        },
        Err(other) => return Err(other.into()),
    };
    visit.go(&to, Some(notice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_a_reply_can_not_set_is_only_a_reply() {
        for word in ["keep", "", "verified", "new", "nonsense"] {
            assert_eq!(reply_status(word), (None, "Sent"), "{word}");
        }
        assert_eq!(reply_status("on_hold").0, Some(Status::OnHold));
    }

    #[test]
    fn ties_are_made_and_undone_by_their_own_commands() {
        let other = TicketNumber(7);
        assert_eq!(
            relation_command("merged_into", other, true),
            Ok(Command::Unmerge)
        );
        assert_eq!(
            relation_command("see_also", other, true),
            Ok(Command::Unrelate {
                kind: RelationKind::SeeAlso,
                other
            })
        );
        assert!(relation_command("friend_of", other, false).is_err());
    }
}
