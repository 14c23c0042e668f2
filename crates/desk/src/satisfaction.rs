//! What requesters say about a solution: by the links in its mail, by answering it with
//! just the words that it asks for, and how content they were (domain section 3).
//!
//! A link names one ticket, one person and the event that gave the solution, is signed, and
//! ends by itself. A page with buttons stands behind it, as programs look at links too; those
//! that follow forms as well are kept out by what only people do: nothing is said without a
//! button that was pressed, nothing by whoever fills in a field that people do not see, and
//! nothing at once, as people read first. What was said is said once: who comes back is
//! told how it stands.

use store::Conn;
use store::satisfaction::Satisfaction;
use switchboard_core::satisfaction::{Rating, Said};
use switchboard_core::{
    Access, Actor, Command, EntryVisibility, Millis, PersonId, Status, Ticket, TicketNumber,
};
use uuid::Uuid;

use crate::act::{EntryDraft, Step};
use crate::view::load_visible;
use crate::{Catalogue, Desk, Error};

/// What the signature of a link is for.
const PURPOSE: &str = "solution";
/// What the signature of a page is for.
const SHOWN: &str = "solution-page";
/// How long a link works: 45 days, more than a ticket stays solved.
pub const LINK_MS: Millis = 45 * 86_400_000;
/// Nobody has read the page sooner.
pub const READING_MS: Millis = 1_000;
/// A page that was left open for longer has to be looked at again.
const OPEN_MS: Millis = 86_400_000;
/// The longest text that is taken by a link, in bytes.
const MOST_TEXT: usize = 20_000;
/// The longest comment on a rating, in bytes.
pub const MOST_COMMENT: usize = 4_000;
/// How often it is looked again when somebody else was quicker.
const TRIES: u32 = 3;

/// How a ticket stands about one of its solutions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// Nothing was said yet, or that it is still waited for.
    Asks,
    /// It was confirmed.
    Verified,
    /// It was reopened.
    Reopened,
    /// Nobody said anything in time.
    Closed,
    /// There is another solution since, or the ticket went into another one.
    Over,
}

/// What stands on the page behind a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SolutionPage {
    /// The ticket.
    pub ticket: TicketNumber,
    /// The service's name; empty: it names none.
    pub service: String,
    /// The unit that solved it.
    pub unit: String,
    /// When.
    pub solved_at: Millis,
    /// How it stands.
    pub stands: Stands,
    /// When they said that they still wait.
    pub still_waiting: Option<Millis>,
    /// How content they said they were.
    pub rated: Option<Rating>,
}

impl SolutionPage {
    /// Something can be said.
    pub fn asks(&self) -> bool {
        self.stands == Stands::Asks
    }

    /// It can be said how content they are.
    pub fn may_rate(&self) -> bool {
        self.rated.is_none() && matches!(self.stands, Stands::Verified | Stands::Closed)
    }
}

/// Which solution a link is about, and whose it is.
#[derive(Debug, Clone, Copy)]
struct Link {
    ticket: TicketNumber,
    person: PersonId,
    /// The place of its event in the ticket.
    solution: i64,
}

/// What is known of it.
struct Found {
    page: SolutionPage,
    ticket: Ticket,
}

fn find(c: &mut Conn<'_>, catalogue: &Catalogue, link: Link) -> Result<Option<Found>, Error> {
    let Some(ticket) = store::ticket::load(c, link.ticket)? else {
        return Ok(None);
    };
    // Whoever asked may be somebody else by now.
    if ticket.requester != link.person {
        return Ok(None);
    }
    let last = last_solution(c, &ticket)?;
    let Some(solution) = ticket.solution.as_ref().filter(|_| last > 0) else {
        return Ok(None);
    };
    let rated = store::satisfaction::of_ticket(c, ticket.number)?
        .into_iter()
        .find(|s| s.solution == link.solution);
    let stands = if last != link.solution || ticket.merged_into().is_some() {
        Stands::Over
    } else {
        match ticket.status {
            Status::Solved | Status::Unsolved => Stands::Asks,
            Status::Verified => Stands::Verified,
            Status::Closed => Stands::Closed,
            _ => Stands::Reopened,
        }
    };
    let page = SolutionPage {
        ticket: ticket.number,
        service: ticket
            .service
            .and_then(|id| catalogue.service(id))
            .map_or_else(String::new, |s| s.name.clone()),
        unit: catalogue
            .unit(solution.unit)
            .map_or_else(String::new, |u| u.name.clone()),
        solved_at: solution.at,
        stands,
        still_waiting: ticket.still_waiting,
        rated: rated.map(|s| s.rating),
    };
    Ok(Some(Found { page, ticket }))
}

/// The requester can say how content they are with the ticket's last solution.
pub(crate) fn may_rate(
    c: &mut Conn<'_>,
    ticket: &Ticket,
    ratings: &[Satisfaction],
) -> Result<bool, Error> {
    if !ticket.status.is_final() || ticket.merged_into().is_some() {
        return Ok(false);
    }
    let last = last_solution(c, ticket)?;
    Ok(last > 0 && ratings.iter().all(|s| s.solution != last))
}

/// The place of the event that gave a ticket's solution; 0: it has none.
fn last_solution(c: &mut Conn<'_>, ticket: &Ticket) -> Result<i64, Error> {
    let last = store::event::last_of_kind(c, ticket.number, "solution_set", ticket.version)?;
    Ok(last.map_or(0, |event| event.seq))
}

fn wrong() -> Error {
    Error::Unauthenticated("this link is not valid (any more)".into())
}

/// What somebody does to say it. `draft`: their words, or the desk's for them.
fn steps(said: Said, draft: EntryDraft, wordless: bool) -> Vec<Step> {
    match said {
        Said::Solved if wordless => vec![Step::Command(Command::Verify)],
        Said::Solved => vec![
            Step::Write(EntryVisibility::Public, draft),
            Step::Command(Command::Verify),
        ],
        Said::NotSolved => vec![Step::Reopen(Some(draft))],
        Said::StillWaiting => vec![Step::StillWait(draft)],
    }
}

impl Desk {
    /// The signed word by which a requester says something about a solution.
    pub fn solution_word(&self, ticket: TicketNumber, person: PersonId, solution: i64) -> String {
        let until = self.now() + LINK_MS;
        let text = format!("{ticket}.{}.{solution}.{until}", person.0.simple());
        format!("{text}.{}", self.0.secret.sign(PURPOSE, &text))
    }

    /// The links in a mail about a solution, in the order of [`Said::ALL`].
    pub(crate) fn solution_links(
        &self,
        c: &mut Conn<'_>,
        base: &str,
        ticket: &Ticket,
        person: PersonId,
    ) -> Result<Option<[String; 3]>, Error> {
        let solution = last_solution(c, ticket)?;
        if solution == 0 {
            return Ok(None);
        }
        let word = self.solution_word(ticket.number, person, solution);
        Ok(Some(Said::ALL.map(|said| {
            format!("{base}/solution/{word}/{}", said.key())
        })))
    }

    fn read_solution_word(&self, word: &str) -> Result<Link, Error> {
        let read = || {
            let (text, signature) = word.rsplit_once('.')?;
            let known = self.signed(PURPOSE, text, signature);
            let mut parts = text.split('.');
            let ticket = TicketNumber(parts.next()?.parse().ok()?);
            let person = PersonId(Uuid::try_parse(parts.next()?).ok()?);
            let solution = parts.next()?.parse().ok()?;
            let until: Millis = parts.next()?.parse().ok()?;
            (known && parts.next().is_none() && until >= self.now()).then_some(Link {
                ticket,
                person,
                solution,
            })
        };
        read().ok_or_else(wrong)
    }

    async fn solution_found(&self, link: Link) -> Result<Found, Error> {
        let catalogue = self.catalogue().await?;
        self.0
            .db
            .read(move |c| find(c, &catalogue, link))
            .await?
            .ok_or_else(wrong)
    }

    /// What stands behind a link. Changes nothing.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the link is not ours or over, or the ticket is somebody
    /// else's by now.
    pub async fn solution_page(&self, word: &str) -> Result<SolutionPage, Error> {
        let link = self.read_solution_word(word)?;
        Ok(self.solution_found(link).await?.page)
    }

    /// What a page carries so that it is known for how long somebody looked at it.
    pub fn solution_shown(&self, word: &str) -> String {
        let now = self.now();
        format!("{now}.{}", self.shown_signature(word, now))
    }

    fn shown_signature(&self, word: &str, at: Millis) -> String {
        self.0.secret.sign(SHOWN, &format!("{at}.{word}"))
    }

    /// Whether a page was looked at as people do: not for less than a second, and not for
    /// more than a day.
    pub fn solution_was_read(&self, word: &str, shown: &str) -> bool {
        let Some((at, signature)) = shown.split_once('.') else {
            return false;
        };
        let Ok(at) = at.parse::<Millis>() else {
            return false;
        };
        let age = self.now() - at;
        (READING_MS..=OPEN_MS).contains(&age)
            && self.signed(SHOWN, &format!("{at}.{word}"), signature)
    }

    /// The requester says something about the solution. Said again, or when it has gone on
    /// meanwhile, nothing changes. `true`: this did it.
    ///
    /// # Errors
    /// As [`Desk::solution_page`]; [`Error::Invalid`] when the text is too long; otherwise what
    /// the rules refuse.
    pub async fn say_of_solution(
        &self,
        word: &str,
        said: Said,
        text: &str,
    ) -> Result<(SolutionPage, bool), Error> {
        let link = self.read_solution_word(word)?;
        let text = text.trim();
        if text.len() > MOST_TEXT {
            let problem = format!("is longer than {} kB", MOST_TEXT / 1_000);
            return Err(Error::invalid("text", problem));
        }
        let actor = self.guest_actor(link.person).await?.ok_or_else(wrong)?;
        for _ in 0..TRIES {
            let Found { page, ticket } = self.solution_found(link).await?;
            let again = said == Said::StillWaiting && page.still_waiting.is_some();
            if !page.asks() || again {
                return Ok((page, false));
            }
            let body = match (text, said) {
                ("", Said::NotSolved) => "Not solved.".to_owned(),
                ("", Said::StillWaiting) => "Still waiting: it has not come yet.".to_owned(),
                (text, _) => text.to_owned(),
            };
            let draft = EntryDraft {
                body,
                ..EntryDraft::default()
            };
            let steps = steps(said, draft, text.is_empty());
            match self
                .act(&actor, ticket.number, Some(ticket.version), steps)
                .await
            {
                Ok(_) => return Ok((self.solution_found(link).await?.page, true)),
                // Somebody was quicker; what they did decides.
                Err(Error::Stale { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Err(Error::Conflict(
            "the ticket changes at this very moment; try again".into(),
        ))
    }

    /// The requester says by a link how content they are. The first time counts.
    ///
    /// # Errors
    /// As [`Desk::solution_page`], and as [`Desk::rate`].
    pub async fn rate_by_link(
        &self,
        word: &str,
        rating: Rating,
        comment: &str,
    ) -> Result<SolutionPage, Error> {
        let link = self.read_solution_word(word)?;
        let page = self.solution_found(link).await?.page;
        if page.may_rate() {
            let actor = self.guest_actor(link.person).await?.ok_or_else(wrong)?;
            self.rate(&actor, link.ticket, rating, comment).await?;
        }
        Ok(self.solution_found(link).await?.page)
    }

    /// The requester says how content they are with the last solution. The first time counts:
    /// `false`, when it was said before.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a ticket that they may not see, [`Error::Forbidden`] for
    /// whoever did not ask, [`Error::Conflict`] while it is open, [`Error::Invalid`] for a
    /// comment that is too long.
    pub async fn rate(
        &self,
        actor: &Actor,
        number: TicketNumber,
        rating: Rating,
        comment: &str,
    ) -> Result<bool, Error> {
        let comment = comment.trim().replace('\0', "\u{fffd}");
        if comment.len() > MOST_COMMENT {
            let problem = format!(
                "is longer than {} kB; answer the ticket instead",
                MOST_COMMENT / 1_000
            );
            return Err(Error::invalid("comment", problem));
        }
        let (actor, id, at) = (actor.clone(), self.uuid(), self.now());
        self.0
            .db
            .write(move |c| {
                let missing = || Error::not_found(format!("ticket {number}"));
                let ticket = store::ticket::load(c, number)?.ok_or_else(missing)?;
                let access = Access::of(&actor, &ticket);
                if !access.may_see() {
                    return Err(missing());
                }
                let Some(person) = actor.person.filter(|_| access.requester) else {
                    return Err(Error::Forbidden(
                        "only the requester says how content they are".into(),
                    ));
                };
                let last = last_solution(c, &ticket)?;
                let Some(solution) = ticket
                    .solution
                    .as_ref()
                    .filter(|_| last > 0 && !ticket.status.is_open())
                else {
                    return Err(Error::Conflict(
                        "the ticket is open; say so when there is a solution".into(),
                    ));
                };
                Ok(store::satisfaction::insert(
                    c,
                    &Satisfaction {
                        id,
                        ticket: number,
                        solution: last,
                        unit: solution.unit,
                        person,
                        rating,
                        comment: comment.clone(),
                        at,
                    },
                )?)
            })
            .await
    }

    /// What was said of a ticket's solutions, the oldest first: all of it for whoever may
    /// see what is internal, their own for the requester, nothing for others.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a ticket that they may not see.
    pub async fn ratings(
        &self,
        actor: &Actor,
        number: TicketNumber,
    ) -> Result<Vec<Satisfaction>, Error> {
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| {
                let (_, access) = load_visible(c, &actor, number)?;
                let mut ratings = store::satisfaction::of_ticket(c, number)?;
                ratings.retain(|s| access.may_see_internal() || actor.person == Some(s.person));
                Ok(ratings)
            })
            .await
    }

    /// What an answer by mail says about the solution, where it is the requester's, to a
    /// mail that asked for it, and consists of the words that were asked for.
    pub(crate) async fn said_by_mail(
        &self,
        mail: &mail::Incoming,
        text: &str,
        actor: &Actor,
        number: TicketNumber,
    ) -> Result<Option<Said>, Error> {
        let (Some(said), Some(person)) = (mail::said(text), actor.person) else {
            return Ok(None);
        };
        let answered: Vec<String> = mail.in_reply_to.iter().take(5).cloned().collect();
        self.0
            .db
            .read(move |c| {
                let Some(ticket) = store::ticket::load(c, number)? else {
                    return Ok(None);
                };
                let asks = ticket.requester == person
                    && ticket.merged_into().is_none()
                    && ticket.status == Status::Solved;
                let again = said == Said::StillWaiting && ticket.still_waiting.is_some();
                let Some(solution) = ticket.solution.filter(|_| asks && !again) else {
                    return Ok(None);
                };
                // What an older mail asked for was about another solution.
                let sent = store::mail::newest_sent(c, (number, person), &answered)?;
                Ok(sent.is_some_and(|at| at >= solution.at).then_some(said))
            })
            .await
    }

    /// The steps of an answer by mail that says something about the solution.
    pub(crate) fn steps_by_mail(said: Said, draft: EntryDraft) -> Vec<Step> {
        steps(said, draft, false)
    }
}
