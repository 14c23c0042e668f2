//! Which ticket a mail belongs to, and as what its sender writes there.

use mail::{Candidate, Incoming, Proof};
use switchboard_core::{Access, Ticket, TicketNumber};

use super::sender::Sender;
use crate::{Desk, Error};

/// By what a mail names a ticket, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// By the reply address that its sender was given.
    Personal,
    /// By the reply address of the ticket.
    Signed,
    /// By something that anybody can guess.
    Guess,
}

/// Where a mail belongs.
pub(super) enum Place {
    /// Into this ticket.
    Ticket {
        number: TicketNumber,
        how: How,
        /// What is odd about that.
        odd: Option<&'static str>,
        /// The sender acts with their rights as staff.
        staff: bool,
    },
    /// Into a new ticket.
    New {
        /// A final ticket that it was meant for.
        answers: Option<TicketNumber>,
        /// A ticket that it named without a proof.
        related: Option<TicketNumber>,
    },
    /// Nowhere: staff are not to act like this here.
    Refused(TicketNumber),
}

impl Desk {
    /// Which ticket a mail belongs to. A reply address was given only to people
    /// on the ticket; everything else can be guessed or forged, so there the
    /// sender must be on the ticket. Nobody acts as staff by a `From` line.
    pub(super) async fn place(&self, mail: &Incoming, sender: &Sender) -> Result<Place, Error> {
        let (mut answers, mut related) = (None, None);
        let allowed = self.config().staff_by_mail;
        for candidate in mail::ticket_of(mail, self.thread_keys()) {
            let (found, how) = match candidate {
                Candidate::Personal(number) => (self.load_ticket(number).await?, How::Personal),
                Candidate::Signed(number) => (self.load_ticket(number).await?, How::Signed),
                Candidate::MessageIds(ids) => (self.ticket_of_messages(ids).await?, How::Guess),
                Candidate::SubjectTag(number) => (self.load_ticket(number).await?, How::Guess),
            };
            let Some(ticket) = found else { continue };
            let plain = Access::of(&sender.plain, &ticket);
            // A team is many, so whoever speaks for it by mail proves who they are.
            let team = plain.team && (how == How::Personal || sender.is_proven());
            let outside = plain.requester || plain.cc || team;
            let inside = Access::of(&sender.full, &ticket).staff_side();
            let personal = how == How::Personal;
            let failed = matches!(sender.proof, Proof::Fail) && !personal;
            let staff = inside && sender.staff_may_act(allowed, personal);
            // The ticket's own address lets those in who are not on it, but
            // nobody who would be taken for staff.
            let handed = how != How::Guess && (personal || !inside);
            let refused = inside && !outside && !staff && (personal || sender.is_proven());
            if failed || !(outside || staff || handed || refused) {
                related = related.or(Some(ticket.number));
                continue;
            }
            if ticket.status.is_final() || ticket.merged_into().is_some() {
                answers = answers.or(Some(ticket.number));
                continue;
            }
            if refused {
                return Ok(Place::Refused(ticket.number));
            }
            let odd = !(outside || staff);
            return Ok(Place::Ticket {
                number: ticket.number,
                how,
                odd: odd.then_some("the sender is not on the ticket, but had its address"),
                staff,
            });
        }
        Ok(Place::New { answers, related })
    }

    /// The reply address of a ticket that is good for whoever has it: for
    /// announcements and lists. Who answers to it is an outsider, never staff.
    pub fn reply_address_for_all(&self, number: TicketNumber) -> Option<String> {
        mail::reply_address(number, self.thread_keys())
            .ok()
            .map(|address| address.as_str().to_owned())
    }

    pub(super) async fn load_ticket(&self, number: TicketNumber) -> Result<Option<Ticket>, Error> {
        self.0
            .db
            .read(move |c| store::ticket::load(c, number).map_err(Error::from))
            .await
    }

    async fn ticket_of_messages(&self, ids: Vec<String>) -> Result<Option<Ticket>, Error> {
        self.0
            .db
            .read(move |c| {
                for id in &ids {
                    if let Some(number) = store::mail::ticket_of_message(c, id)? {
                        return Ok(store::ticket::load(c, number)?);
                    }
                }
                Ok(None)
            })
            .await
    }
}
