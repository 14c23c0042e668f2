//! The links in mails to lists and to requesters who wait for one. A page with
//! a button stands behind each: programs that look at links change nothing.
//!
//! A link names one ticket at one list and works as long as the ticket is there.
//! It shows no text of the ticket: the list has had that by mail.

use store::redirect::Redirection;
use switchboard_core::redirect::{Ended, Happened, Stage};
use switchboard_core::{Actor, Channel, Command, EntryVisibility, SolutionKind, TicketNumber};

use super::answer::{list_does, spokesman};
use super::silence::happen;
use crate::act::{EntryDraft, Step};
use crate::{Desk, Error};

/// For signatures: no link of a list works as one of a requester.
const LIST: &str = "redirect-list";
const ASKED: &str = "redirect-asked";
/// Longest text that is taken by a link, in bytes.
const MOST_TEXT: usize = 20_000;

/// What somebody of a list says by a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// They work on it.
    Working,
    /// It was solved.
    Solved,
    /// It is not theirs.
    GiveBack,
}

impl Deed {
    /// Every deed.
    pub const ALL: [Deed; 3] = [Deed::Working, Deed::Solved, Deed::GiveBack];

    /// The word in addresses.
    pub fn key(self) -> &'static str {
        match self {
            Deed::Working => "working",
            Deed::Solved => "solved",
            Deed::GiveBack => "back",
        }
    }

    /// Reads a word.
    pub fn parse(key: &str) -> Option<Deed> {
        Deed::ALL.into_iter().find(|d| d.key() == key)
    }
}

/// What stands on the page behind a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkPage {
    /// The ticket.
    pub ticket: TicketNumber,
    /// The service's name.
    pub service: String,
    /// The list's address.
    pub list: String,
    /// How far it is.
    pub stage: Stage,
}

impl Desk {
    /// The address of the page behind a deed in a mail to a list.
    pub(super) fn list_link_for(&self, row: &Redirection, deed: Deed) -> String {
        format!(
            "{}/l/{}/{}",
            self.config().public_url,
            self.list_word(row.ticket, row.seq),
            deed.key()
        )
    }

    /// The signed word of a ticket at a list.
    pub fn list_word(&self, ticket: TicketNumber, seq: i64) -> String {
        let text = format!("{ticket}.{seq}");
        format!("{text}.{}", self.0.secret.sign(LIST, &text))
    }

    /// The address of the page that asks the requester.
    pub(super) fn asked_link_for(&self, row: &Redirection) -> String {
        format!(
            "{}/asked/{}",
            self.config().public_url,
            self.asked_word(row.ticket, row.seq)
        )
    }

    /// The signed word by which the requester is asked.
    pub fn asked_word(&self, ticket: TicketNumber, seq: i64) -> String {
        let text = format!("{ticket}.{seq}");
        format!("{text}.{}", self.0.secret.sign(ASKED, &text))
    }

    async fn by_word(&self, purpose: &str, word: &str) -> Result<Redirection, Error> {
        let wrong = || Error::Unauthenticated("this link is not valid (any more)".into());
        let (text, signature) = word.rsplit_once('.').ok_or_else(wrong)?;
        if !self.signed(purpose, text, signature) {
            return Err(wrong());
        }
        let (ticket, seq) = text
            .split_once('.')
            .and_then(|(t, s)| Some((t.parse().ok()?, s.parse().ok()?)))
            .ok_or_else(wrong)?;
        self.0
            .db
            .read(move |c| {
                store::redirect::by_seq(c, TicketNumber(ticket), seq).map_err(Error::from)
            })
            .await?
            .ok_or_else(wrong)
    }

    async fn link_page(&self, row: Redirection) -> Result<LinkPage, Error> {
        let catalogue = self.catalogue().await?;
        Ok(LinkPage {
            ticket: row.ticket,
            service: catalogue
                .service(row.service)
                .map_or_else(String::new, |s| s.name.clone()),
            list: row.list,
            stage: row.standing.stage,
        })
    }

    /// What stands behind a link of a list.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the link is not ours.
    pub async fn list_link(&self, word: &str) -> Result<LinkPage, Error> {
        let row = self.by_word(LIST, word).await?;
        self.link_page(row).await
    }

    /// What stands behind the link by which a requester is asked.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the link is not ours.
    pub async fn asked_link(&self, word: &str) -> Result<LinkPage, Error> {
        let row = self.by_word(ASKED, word).await?;
        self.link_page(row).await
    }

    /// Somebody of a list says how it stands. `name` is what they call
    /// themselves and proves nothing. Said again, it changes nothing.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the link is not ours, [`Error::Conflict`]
    /// when the ticket is not with the list any more, otherwise what the rules
    /// refuse.
    pub async fn list_says(
        &self,
        word: &str,
        deed: Deed,
        name: &str,
        text: &str,
    ) -> Result<(), Error> {
        let row = self.by_word(LIST, word).await?;
        let text = text.trim();
        if text.len() > MOST_TEXT {
            return Err(Error::invalid(
                "text",
                format!("is longer than {} kB", MOST_TEXT / 1000),
            ));
        }
        if let Stage::Ended(_) = row.standing.stage {
            return Err(Error::Conflict(
                "this ticket is not with your list any more; there is nothing to do".into(),
            ));
        }
        let list = row.list.split('@').next().unwrap_or_default().to_owned();
        let name: String = name
            .chars()
            .filter(|ch| !ch.is_control())
            .take(60)
            .collect();
        let name = match name.split('@').next().unwrap_or_default().trim() {
            "" => "Somebody",
            name => name,
        };
        let speaker = format!("{name} (via {list})");
        match deed {
            Deed::Working => self.list_works(row, &speaker, text).await,
            Deed::Solved => self.list_solved(row, &speaker, text).await,
            Deed::GiveBack => self.list_gives_back(row, &speaker, text).await,
        }
    }

    async fn list_works(&self, row: Redirection, speaker: &str, text: &str) -> Result<(), Error> {
        // Without words it is a sign of life, and nobody is mailed about it.
        let (visibility, body) = if text.is_empty() {
            (
                EntryVisibility::Internal,
                format!("{speaker} says that they are working on it."),
            )
        } else {
            (EntryVisibility::Public, text.to_owned())
        };
        let said_before = text.is_empty()
            && row
                .standing
                .life_at
                .is_some_and(|at| at > self.now() - switchboard_core::working_time::HOUR_MS);
        if said_before {
            return Ok(());
        }
        let draft = EntryDraft {
            body,
            ..EntryDraft::default()
        };
        let entry = self
            .ready_entry("text", row.ticket, visibility, false, draft)
            .await?;
        self.list_deed(
            row,
            speaker,
            entry,
            "working",
            Vec::new(),
            Happened::Working,
        )
        .await
    }

    async fn list_solved(&self, row: Redirection, speaker: &str, text: &str) -> Result<(), Error> {
        let body = if text.is_empty() {
            "Answered directly, and solved.".to_owned()
        } else {
            text.to_owned()
        };
        let command = Command::Solve {
            text: body.clone(),
            kind: SolutionKind::Fixed,
        };
        let draft = EntryDraft {
            body,
            ..EntryDraft::default()
        };
        let entry = self
            .ready_entry("text", row.ticket, EntryVisibility::Public, true, draft)
            .await?;
        self.list_deed(
            row,
            speaker,
            entry,
            "solved",
            vec![command],
            Happened::Working,
        )
        .await
    }

    async fn list_gives_back(
        &self,
        row: Redirection,
        speaker: &str,
        text: &str,
    ) -> Result<(), Error> {
        if text.is_empty() {
            return Err(Error::invalid(
                "text",
                "say in a few words why it is not yours, or whose it is",
            ));
        }
        let catalogue = self.catalogue().await?;
        let draft = EntryDraft {
            body: format!("Given back, not ours: {text}"),
            ..EntryDraft::default()
        };
        let entry = self
            .ready_entry("text", row.ticket, EntryVisibility::Internal, false, draft)
            .await?;
        let command = Command::Assign {
            unit: catalogue.first_level()?.id,
            reason: Some(format!("given back by {}", row.list)),
        };
        self.list_deed(
            row,
            speaker,
            entry,
            "given_back",
            vec![command],
            Happened::Unwanted(Ended::GivenBack),
        )
        .await
    }

    async fn list_deed(
        &self,
        row: Redirection,
        speaker: &str,
        entry: crate::act::ReadyEntry,
        kind: &'static str,
        commands: Vec<Command>,
        happened: Happened,
    ) -> Result<(), Error> {
        let (catalogue, desk, speaker) =
            (self.catalogue().await?, self.clone(), speaker.to_owned());
        let live = self
            .0
            .db
            .write(move |c| {
                let mut live = list_does(
                    c, &desk, &catalogue, &row, &entry, kind, &commands, &speaker,
                )?;
                live.extend(happen(c, &desk, &catalogue, row.id, happened, None)?);
                Ok::<_, Error>(live)
            })
            .await?;
        self.announce(live);
        Ok(())
    }

    /// The requester says whether it was solved. Solved means verified too:
    /// nobody but they can know.
    ///
    /// # Errors
    /// As [`Desk::list_says`].
    pub async fn requester_says(&self, word: &str, solved: bool) -> Result<(), Error> {
        let row = self.by_word(ASKED, word).await?;
        if !solved {
            let (catalogue, desk) = (self.catalogue().await?, self.clone());
            let live = self
                .0
                .db
                .write(move |c| happen(c, &desk, &catalogue, row.id, Happened::Unheard, None))
                .await?;
            self.announce(live);
            return Ok(());
        }
        let (number, list) = (row.ticket, row.list.clone());
        let requester = self
            .0
            .db
            .read(move |c| {
                let ticket = store::ticket::load(c, number)?
                    .ok_or_else(|| Error::not_found(format!("ticket {number}")))?;
                let person = store::person::load(c, ticket.requester)?;
                Ok::<_, Error>((
                    ticket.requester,
                    person.map_or_else(String::new, |p| p.name),
                ))
            })
            .await?;
        let draft = EntryDraft {
            body: format!("Solved: the requester was answered directly by {list}."),
            ..EntryDraft::default()
        };
        let actor = spokesman(&format!("{} (by the link in a mail)", requester.1));
        self.act(
            &actor,
            number,
            None,
            vec![Step::Solve(SolutionKind::Fixed, draft)],
        )
        .await?;
        let requester = Actor::plain(requester.0, requester.1, Channel::Mail);
        self.act(
            &requester,
            number,
            None,
            vec![Step::Command(Command::Verify)],
        )
        .await?;
        Ok(())
    }
}
