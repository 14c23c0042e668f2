//! A system like RT: it knows nothing of us. It numbers its changes when they
//! begin and shows them when they are done, keeps times to the second, and takes
//! what it is sent as often as it is sent.

use std::collections::BTreeMap;

use switchboard_core::exchange::{
    Answer, Author, Call, Field, Look, LookFor, RemoteChange, RemoteDeed, RemoteFile, Role, What,
};

use super::dice::Dice;
use super::world::{MINUTE, SECOND};

/// The longest that it works on what it was sent.
pub(super) const LONGEST_WORK: i64 = 20 * SECOND;

/// What it is asked.
#[derive(Debug, Clone)]
pub(super) enum Request {
    Call { call: Call, there: Option<String> },
    Look(LookFor),
    Feed(Look),
}

/// What it says.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    Answer { call: u64, answer: Answer },
    Whole(Vec<RemoteChange>),
    Nothing,
    Feed(Vec<RemoteChange>),
}

#[derive(Default)]
pub(super) struct Ticket {
    pub(super) fields: BTreeMap<Field, String>,
    pub(super) into: Option<u64>,
    pub(super) deleted: bool,
    /// The marker with which we made it.
    pub(super) marker: Option<String>,
}

struct Written {
    change: RemoteChange,
    /// From when on it can be read.
    ready: i64,
}

/// Something there that sets a field by itself as soon as we set it.
pub(super) struct Robot {
    /// Its own, so that runs without one are the same as ever.
    pub(super) dice: Dice,
    /// It is switched off then.
    pub(super) until: i64,
}

#[derive(Default)]
pub(super) struct Tracker {
    skew: i64,
    robot: Option<Robot>,
    pub(super) tickets: BTreeMap<u64, Ticket>,
    written: Vec<Written>,
    /// What it was told to do.
    pub(super) calls: u64,
}

impl Tracker {
    pub(super) fn new(skew: i64, robot: Option<Robot>) -> Tracker {
        Tracker {
            skew,
            robot,
            ..Tracker::default()
        }
    }

    fn effective(&self, number: u64) -> u64 {
        let mut number = number;
        while let Some(into) = self.tickets.get(&number).and_then(|t| t.into) {
            number = into;
        }
        number
    }

    fn note(
        &mut self,
        ticket: u64,
        now: i64,
        ready: i64,
        ours: bool,
        marker: Option<String>,
        what: RemoteDeed,
    ) {
        let clock = 1_800_000_000_000 + now + self.skew;
        self.written.push(Written {
            change: RemoteChange {
                id: self.written.len() as u64 + 1,
                ticket: ticket.to_string(),
                at: clock - clock.rem_euclid(SECOND),
                ours,
                marker,
                author: Author {
                    role: Role::Staff,
                    name: Some("Name-rt".to_owned()),
                    address: None,
                },
                what,
            },
            ready,
        });
    }

    fn make(
        &mut self,
        now: i64,
        ready: i64,
        marker: Option<String>,
        body: String,
        subject: String,
    ) -> u64 {
        let number = self.tickets.len() as u64 + 1;
        let fields = BTreeMap::from([
            (Field::Status, "new".to_owned()),
            (Field::Priority, "Low".to_owned()),
        ]);
        let ticket = Ticket {
            fields: fields.clone(),
            marker: marker.clone(),
            ..Ticket::default()
        };
        self.tickets.insert(number, ticket);
        self.note(
            number,
            now,
            ready,
            marker.is_some(),
            marker,
            RemoteDeed::Opened {
                body,
                subject,
                files: Vec::new(),
                values: fields,
                shared: None,
            },
        );
        number
    }

    fn set(&mut self, number: u64, now: i64, ours: bool, field: Field, raw: String) {
        let number = self.effective(number);
        let Some(ticket) = self.tickets.get_mut(&number) else {
            return;
        };
        // As RT does: what changes nothing is no change.
        if ticket.fields.get(&field) == Some(&raw) {
            return;
        }
        ticket.fields.insert(field.clone(), raw.clone());
        self.note(number, now, now, ours, None, RemoteDeed::Set { field, raw });
    }

    /// A request arrives; the answer, and when it is ready.
    pub(super) fn handle(&mut self, request: Request, now: i64, dice: &mut Dice) -> (Reply, i64) {
        match request {
            Request::Feed(look) => {
                let since = look.since.unwrap_or(i64::MIN);
                (Reply::Feed(self.readable(now, |c| c.at >= since)), now)
            }
            Request::Look(LookFor::Ticket(there)) => {
                let number = self.effective(there.parse().unwrap());
                let of = |c: &RemoteChange| self.effective(c.ticket.parse().unwrap()) == number;
                (Reply::Whole(self.readable(now, of)), now)
            }
            Request::Look(LookFor::Marker(marker)) => {
                let made = self.written.iter().find(|w| {
                    w.ready <= now
                        && matches!(w.change.what, RemoteDeed::Opened { .. })
                        && w.change.ours
                        && w.change.marker.as_ref() == Some(&marker)
                });
                let Some(made) = made else {
                    return (Reply::Nothing, now);
                };
                let number = made.change.ticket.clone();
                (
                    Reply::Whole(self.readable(now, |c| c.ticket == number)),
                    now,
                )
            }
            Request::Call { call, there } => {
                self.calls += 1;
                let ready = now
                    + if dice.often(300) {
                        dice.between(0, LONGEST_WORK)
                    } else {
                        5
                    };
                let answer = self.call(&call, there, now, ready);
                (
                    Reply::Answer {
                        call: call.number,
                        answer,
                    },
                    ready,
                )
            }
        }
    }

    fn call(&mut self, call: &Call, there: Option<String>, now: i64, ready: i64) -> Answer {
        let marker = Some(call.marker.clone());
        if let What::Create { body, subject, .. } = &call.what {
            let number = self.make(now, ready, marker, body.clone(), subject.clone());
            return Answer::Made(number.to_string());
        }
        let number = self.effective(there.unwrap().parse().unwrap());
        if self.tickets[&number].deleted {
            return Answer::Refused("deleted".to_owned());
        }
        let (body, files) = match &call.what {
            What::Create { .. } => return Answer::Done,
            What::Set { field, raw, .. } => {
                self.set(number, now, true, field.clone(), raw.clone());
                self.disturb(number, now, field);
                return Answer::Done;
            }
            What::Write { body, .. } => (body.clone(), Vec::new()),
            What::Attach { attachment, .. } => {
                let file = RemoteFile {
                    file: attachment.file.clone(),
                    media_type: attachment.media_type.clone(),
                    bytes: attachment.bytes,
                    sha256: attachment.sha256.clone(),
                };
                (attachment.file.clone(), vec![file])
            }
        };
        let wrote = RemoteDeed::Wrote { body, files };
        self.note(number, now, ready, true, marker, wrote);
        Answer::Done
    }

    fn disturb(&mut self, number: u64, now: i64, field: &Field) {
        let Some(robot) = self.robot.as_mut().filter(|robot| now < robot.until) else {
            return;
        };
        if *field != Field::Status || !robot.dice.often(400) {
            return;
        }
        let word = (*robot.dice.pick(&["new", "open", "stalled"])).to_owned();
        self.set(number, now, false, Field::Status, word);
    }

    fn readable(&self, now: i64, wanted: impl Fn(&RemoteChange) -> bool) -> Vec<RemoteChange> {
        let ready = self
            .written
            .iter()
            .filter(|w| w.ready <= now && wanted(&w.change));
        ready.map(|w| w.change.clone()).collect()
    }

    /// Everything that anybody wrote there.
    pub(super) fn everything(&self) -> impl Iterator<Item = &RemoteChange> {
        self.written.iter().map(|w| &w.change)
    }

    /// Somebody there does something, with a word of its own; what, in words.
    pub(super) fn act(&mut self, token: u64, now: i64, dice: &mut Dice) -> String {
        let visible = |t: &Ticket| t.into.is_none() && !t.deleted;
        let seen = |number: u64, s: &Self| {
            s.written.iter().any(|w| {
                w.ready <= now
                    && w.change.ticket == number.to_string()
                    && matches!(w.change.what, RemoteDeed::Opened { .. })
            })
        };
        let numbers: Vec<u64> = self
            .tickets
            .iter()
            .filter(|(number, ticket)| visible(ticket) && seen(**number, self))
            .map(|(number, _)| *number)
            .collect();
        if numbers.is_empty() || (self.tickets.len() < 4 && dice.often(60)) {
            if self.tickets.len() < 4 {
                let number = self.make(
                    now,
                    now,
                    None,
                    format!("word-{token}"),
                    format!("subject-{token}"),
                );
                return format!("opens {number}: word-{token}");
            }
            return "looks".to_owned();
        }
        let number = *dice.pick(&numbers);
        match dice.between(0, 99) {
            0..45 => self.write(number, token, now, dice),
            45..75 => {
                let word = *dice.pick(&[
                    "new", "open", "open", "stalled", "resolved", "rejected", "deferred",
                ]);
                self.set(number, now, false, Field::Status, word.to_owned());
                format!("sets {number} to {word}")
            }
            75..90 => {
                let word = *dice.pick(&["Low", "Medium", "High"]);
                self.set(number, now, false, Field::Priority, word.to_owned());
                format!("sets {number}'s priority to {word}")
            }
            90..96 => {
                let into = *dice.pick(&numbers);
                if into == number {
                    return "looks".to_owned();
                }
                self.tickets.get_mut(&number).unwrap().into = Some(into);
                let merged = RemoteDeed::Merged {
                    into: into.to_string(),
                    shared: None,
                };
                self.note(number, now, now, false, None, merged);
                format!("merges {number} into {into}")
            }
            96..98 => {
                self.tickets.get_mut(&number).unwrap().deleted = true;
                self.note(number, now, now, false, None, RemoteDeed::Deleted);
                format!("deletes {number}")
            }
            _ => "looks".to_owned(),
        }
    }

    fn write(&mut self, number: u64, token: u64, now: i64, dice: &mut Dice) -> String {
        let mut body = format!("word-{token}");
        let mut marker = None;
        // They answer by mail and quote all of ours, the marker with it.
        let ours: Vec<(String, String)> = self
            .written
            .iter()
            .filter(|w| w.change.ours && w.ready <= now)
            .filter_map(|w| match &w.change.what {
                RemoteDeed::Wrote { body, .. } => Some((body.clone(), w.change.marker.clone()?)),
                _ => None,
            })
            .collect();
        if !ours.is_empty() && dice.often(300) {
            let (quoted, its) = dice.pick(&ours);
            body.push_str(&format!(" > {quoted}"));
            marker = Some(its.clone());
        }
        // Somebody's script has our account's token.
        let ours = marker.is_none() && dice.often(80);
        let ready = match dice.between(0, 99) {
            0..60 => now,
            60..95 => now + dice.between(0, 20 * SECOND),
            // A huge mail, a slow disk.
            _ => now + dice.between(0, 3 * MINUTE),
        };
        let told = format!(
            "writes in {number}, to be read {} s later: {body}",
            (ready - now) / SECOND
        );
        self.note(
            number,
            now,
            ready,
            ours,
            marker,
            RemoteDeed::Wrote {
                body,
                files: Vec::new(),
            },
        );
        told
    }
}
