//! What a member of staff asks for in the first lines of a mail, and how they
//! learn that it was refused.

use mail::{Order, Orders};
use store::mail::Incoming as Stored;
use switchboard_core::{Command, EntryVisibility, PersonId, SolutionKind, Status, TicketNumber};

use super::sender::Sender;
use crate::act::{EntryDraft, Step, clip};
use crate::letter::{self, About};
use crate::mail_text::Kind;
use crate::{Desk, Error};

/// Longest reason of a status, in bytes.
const MOST_REASON: usize = 2000;

/// The steps that a mail of staff asks for.
///
/// # Errors
/// Says what does not go together.
pub(super) fn steps(
    orders: Orders,
    mut draft: EntryDraft,
    me: PersonId,
) -> Result<Vec<Step>, String> {
    let note = orders.orders.contains(&Order::Note);
    let status = orders.orders.iter().find_map(|o| match o {
        Order::Status(status) => Some(*status),
        _ => None,
    });
    let mut steps = Vec::new();
    if orders.orders.contains(&Order::Take) {
        steps.push(Step::Command(Command::SetOwner { owner: Some(me) }));
    }
    let empty = orders.text.trim().is_empty() && draft.files.is_empty();
    draft.body = orders.text;
    let mut visibility = if note {
        EntryVisibility::Internal
    } else {
        EntryVisibility::Public
    };
    if empty {
        if matches!(
            status,
            Some(Status::Solved | Status::Unsolved | Status::OnHold)
        ) {
            return Err("there is no text: the requester has to read what was done, or why".into());
        }
        // The entry that the mail becomes.
        draft.body = "(By mail, without a text.)".into();
        visibility = EntryVisibility::Internal;
    } else if draft.body.trim().is_empty() {
        draft.body = "(The mail has no text.)".into();
    }
    let reason = clip(&draft.body, MOST_REASON).to_owned();
    match status {
        Some(Status::Solved | Status::Unsolved | Status::OnHold) if note => {
            return Err(
                "a note stays internal, and that status needs a text for the requester: leave out \
                 #note, or send the note in a mail of its own"
                    .into(),
            );
        }
        Some(Status::Solved) => steps.push(Step::Solve(SolutionKind::Fixed, draft)),
        Some(Status::Unsolved) => steps.push(Step::GiveUp(SolutionKind::Other, draft)),
        other => {
            steps.push(Step::Write(visibility, draft));
            let command = match other {
                Some(Status::InProgress) => Some(Command::Start),
                Some(Status::Waiting) => Some(Command::Await { reminder: None }),
                Some(Status::OnHold) => Some(Command::Hold {
                    reason,
                    reminder: None,
                    eta: None,
                }),
                _ => None,
            };
            steps.extend(command.map(Step::Command));
        }
    }
    Ok(steps)
}

impl Desk {
    /// Nothing of the mail is carried out, and its sender, who is proven, is
    /// told why.
    pub(super) async fn refuse_mail(
        &self,
        stored: &Stored,
        sender: &Sender,
        number: TicketNumber,
        why: &str,
    ) -> Result<(), Error> {
        let about = About {
            kind: Kind::MailRefused,
            cause: stored.id,
            ticket: Some(number),
        };
        let person = sender.person.clone();
        let (desk, stored, why) = (self.clone(), stored.clone(), why.to_owned());
        self.0
            .db
            .write(move |c| {
                let now_is = store::mail::incoming(c, stored.id)?.map(|m| m.state);
                if now_is.as_deref() != Some("taken") {
                    return Ok(());
                }
                let link = format!("{}/work/{number}", desk.config().public_url);
                letter::to_person(&desk, c, &person, about, |_| {
                    [("reason", why.clone()), ("link", link)].into()
                })?;
                let mut done = stored.clone();
                done.state = "suppressed".into();
                done.reason = Some(format!("refused: {}", clip(&why, MOST_REASON)));
                store::mail::finish_incoming(c, &done)?;
                Ok::<_, Error>(())
            })
            .await?;
        self.wake();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Result<Vec<Step>, String> {
        let orders = mail::orders(text)?;
        steps(orders, EntryDraft::default(), PersonId(uuid::Uuid::nil()))
    }

    #[test]
    fn a_note_never_becomes_public() {
        for text in [
            "#note\nsecret",
            "#note\n#status waiting\nsecret",
            "#take\n#note\nsecret",
        ] {
            let steps = asked(text).unwrap();
            let visible = steps.iter().any(|s| {
                !matches!(
                    s,
                    Step::Command(_) | Step::Write(EntryVisibility::Internal, _)
                )
            });
            assert!(!visible, "{steps:?}");
        }
        assert!(asked("#note\n#status solved\nsecret").is_err());
        assert!(asked("#status on hold\n#note\nsecret").is_err());
    }

    #[test]
    fn a_solution_needs_a_text() {
        assert!(asked("#status solved\n").is_err());
        assert!(matches!(
            asked("#status solved\nThe disk was full.").unwrap()[..],
            [Step::Solve(..)]
        ));
        assert!(matches!(
            asked("#take\n").unwrap()[..],
            [Step::Command(_), Step::Write(EntryVisibility::Internal, _)]
        ));
    }
}
