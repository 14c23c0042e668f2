//! What was written on both sides of an exchange with an RT, and whether each of
//! it is where it has to be, once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use serde_json::{Value, json};
use store::Db;
use switchboard_core::exchange::Words;
use switchboard_core::{EntryVisibility, Status, TicketNumber};
use testkit::RtServer;

/// Who wrote a word, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Here, for everybody.
    Here,
    /// Here, as the name of a file.
    File,
    /// Here, internal.
    Note,
    /// In RT, for the requester.
    There,
    /// In RT, as a comment.
    Comment,
}

/// Everything that was written, by a word that nothing else has.
#[derive(Debug)]
pub(crate) struct ExchangeLedger {
    /// A word in each subject, by which the tickets of this run are known.
    run: String,
    queue: String,
    words: Mutex<BTreeMap<String, (Side, bool)>>,
}

/// What lies in RT.
struct Row {
    content: String,
    file: String,
}

impl ExchangeLedger {
    /// Of one run with a queue that nothing else uses.
    pub(crate) fn new(queue: &str) -> ExchangeLedger {
        ExchangeLedger {
            run: format!("run{}", uuid::Uuid::new_v4().simple()),
            queue: queue.to_owned(),
            words: Mutex::default(),
        }
    }

    /// The subject of a ticket of this run.
    pub(crate) fn subject(&self) -> String {
        format!("Plates of {}", self.run)
    }

    /// A new word that is about to be written.
    pub(crate) fn word(&self, side: Side) -> String {
        let mut words = self.words.lock().unwrap();
        let word = format!("x{}x{}", words.len(), &self.run[3..15]);
        words.insert(word.clone(), (side, false));
        word
    }

    /// It was said that the word is stored; without that it may be there or not.
    pub(crate) fn stored(&self, word: &str) {
        if let Some((_, stored)) = self.words.lock().unwrap().get_mut(word) {
            *stored = true;
        }
    }

    /// How many words were stored.
    pub(crate) fn count(&self) -> usize {
        let words = self.words.lock().unwrap();
        words.values().filter(|(_, stored)| *stored).count()
    }

    /// Whatever is not as it has to be, in words; nothing: both sides have all of
    /// it once and agree.
    pub(crate) async fn differences(&self, db: &Db, rt: &RtServer) -> Vec<String> {
        let mut wrong = Vec::new();
        let here = db.read(all_here).await.unwrap();
        let rows = self.rows(rt);
        for (word, (side, stored)) in self.words.lock().unwrap().iter() {
            let entries: Vec<_> = here
                .entries
                .iter()
                .filter(|e| e.body.contains(word))
                .collect();
            let files = here.files.iter().filter(|f| f.contains(word)).count();
            let counts = match side {
                Side::File => (files, rows.iter().filter(|r| r.file.contains(word)).count()),
                _ => (
                    entries.len(),
                    rows.iter().filter(|r| r.content.contains(word)).count(),
                ),
            };
            let external = entries.iter().filter(|e| e.external).count();
            let internal = entries.iter().filter(|e| e.internal).count();
            let fine = match side {
                Side::Here | Side::File => counts.0 == counts.1 && external == 0 && internal == 0,
                Side::There => counts.0 == counts.1 && external == counts.0 && internal == 0,
                Side::Note => counts.1 == 0 && internal == counts.0,
                Side::Comment => counts == (0, 1),
            };
            let there_is = match side {
                Side::There | Side::Comment => counts.1,
                _ => counts.0,
            };
            if !fine || there_is > 1 || *stored && there_is == 0 {
                wrong.push(format!(
                    "{word} ({side:?}, stored: {stored}): {} here ({external} from there, \
                     {internal} internal), {} there",
                    counts.0, counts.1
                ));
            }
        }
        wrong.extend(self.tickets(rt, &here));
        wrong.extend(here.letters);
        wrong
    }

    /// The tickets themselves: the same on both sides, with the same status.
    fn tickets(&self, rt: &RtServer, here: &Here) -> Vec<String> {
        let mut wrong = Vec::new();
        let there: BTreeMap<String, String> = self.statuses(rt).into_iter().collect();
        let known: BTreeSet<&String> = here.links.iter().filter_map(|l| l.there.as_ref()).collect();
        for number in there.keys().filter(|number| !known.contains(number)) {
            wrong.push(format!("{number} in RT is known to nobody here"));
        }
        if known.len() != here.links.len() {
            wrong.push(format!(
                "numbers in RT are not one for each: {:?}",
                here.links
            ));
        }
        for link in &here.links {
            let status = link.there.as_ref().and_then(|number| there.get(number));
            // What is opened there is given to its unit here at once; there it is new
            // until somebody begins.
            let given = link.status == Status::Assigned.key();
            let same = status.is_some_and(|status| {
                link.words.means(&link.status, status) || given && status == "new"
            });
            if !same || link.waiting + link.dead > 0 || !link.held {
                wrong.push(format!("{status:?} in RT, here {}: {link:?}", link.ticket));
            }
        }
        wrong
    }

    /// The tickets of this run in RT: number and status.
    fn statuses(&self, rt: &RtServer) -> Vec<(String, String)> {
        let rows = rt.sql(&format!(
            "select t.id || ' ' || t.status from tickets t join queues q on q.id = t.queue \
             where q.name = '{}' and t.effectiveid = t.id and t.subject like '%{}%' order by t.id",
            self.queue, self.run
        ));
        let row = |line: &str| {
            let (number, status) = line.split_once(' ')?;
            Some((number.to_owned(), status.to_owned()))
        };
        rows.lines().filter_map(row).collect()
    }

    fn rows(&self, rt: &RtServer) -> Vec<Row> {
        let text = rt.sql(&format!(
            "select coalesce(json_agg(json_build_array(a.content, a.filename)), '[]') \
             from attachments a join transactions x on x.id = a.transactionid \
             join tickets t on t.id = x.objectid and x.objecttype = 'RT::Ticket' \
             where t.effectiveid = t.id and t.subject like '%{}%' \
             and x.type in ('Create', 'Correspond', 'Comment')",
            self.run
        ));
        let rows: Vec<(Option<String>, Option<String>)> = serde_json::from_str(&text).unwrap();
        rows.into_iter()
            .map(|(content, file)| Row {
                content: content.unwrap_or_default(),
                file: file.unwrap_or_default(),
            })
            .collect()
    }
}

/// The people in RT: they write, comment, set statuses and open tickets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct There<'a> {
    /// Where.
    pub(crate) rt: &'a RtServer,
    /// What is kept of it.
    pub(crate) ledger: &'a ExchangeLedger,
}

impl There<'_> {
    /// One of them does something; what, follows from the number.
    pub(crate) fn act(&self, dice: u64) {
        let text = |word: &str| json!({ "Content": word, "ContentType": "text/plain" });
        let tickets = self.ledger.statuses(self.rt);
        let which = usize::try_from(dice / 10).unwrap() % tickets.len().max(1);
        let (who, Some((ticket, status))) = (["ada", "grace"][which % 2], tickets.get(which))
        else {
            return self.open();
        };
        let (way, side) = match dice % 10 {
            0 => return self.open(),
            1..=4 => ("correspond", Side::There),
            5 => ("comment", Side::Comment),
            n => {
                let to =
                    ["open", "stalled", "resolved", "rejected"][usize::try_from(n).unwrap() - 6];
                if to != status {
                    let body = json!({ "Status": to });
                    self.rt
                        .acts(who, "PUT", &format!("/ticket/{ticket}"), &body);
                }
                return;
            }
        };
        let word = self.ledger.word(side);
        self.rt.acts(
            who,
            "POST",
            &format!("/ticket/{ticket}/{way}"),
            &text(&word),
        );
        self.ledger.stored(&word);
    }

    fn open(&self) {
        let word = self.ledger.word(Side::There);
        let body: Value = json!({
            "Queue": self.ledger.queue, "Subject": self.ledger.subject(),
            "Content": word, "ContentType": "text/plain",
        });
        self.rt.acts("ada", "POST", "/ticket", &body);
        self.ledger.stored(&word);
    }
}

struct Said {
    body: String,
    external: bool,
    internal: bool,
}

#[derive(Debug)]
struct Linked {
    ticket: i64,
    status: String,
    there: Option<String>,
    words: Words,
    waiting: i64,
    dead: i64,
    /// They have the baton: the desk that opened it is this one or the system.
    held: bool,
}

struct Here {
    entries: Vec<Said>,
    files: Vec<String>,
    links: Vec<Linked>,
    /// What did not go or come, and why.
    letters: Vec<String>,
}

fn all_here(c: &mut store::Conn<'_>) -> Result<Here, store::Error> {
    let mut here = Here {
        entries: Vec::new(),
        files: Vec::new(),
        links: Vec::new(),
        letters: Vec::new(),
    };
    for dead in store::exchange::dead(c, 100)? {
        here.letters.push(format!("{}: {}", dead.what, dead.why));
    }
    for number in (1..=store::counter::last(c, "ticket")?).map(TicketNumber) {
        let Some(ticket) = store::ticket::load(c, number)? else {
            continue;
        };
        for entry in store::entry::of_ticket(c, number, true, 0, 10_000)? {
            here.entries.push(Said {
                external: entry.author_side == "external",
                internal: entry.visibility == EntryVisibility::Internal,
                body: entry.body,
            });
        }
        let files = store::entry::attachments(c, number)?;
        here.files.extend(files.into_iter().map(|file| file.name));
        for link in store::exchange::of_ticket(c, number)? {
            let doc = store::agreement::load(c, link.agreement)?.unwrap().doc;
            let holder = link.shared.baton().holder().as_str();
            let opener = link.shared.ticket().desk.as_str();
            here.links.push(Linked {
                ticket: number.0,
                status: ticket.status.key().to_owned(),
                held: (holder == opener) == link.opened_there,
                there: link.tie.there,
                words: Words::of_statuses(doc.statuses),
                waiting: link.waiting,
                dead: link.dead,
            });
        }
    }
    Ok(here)
}
