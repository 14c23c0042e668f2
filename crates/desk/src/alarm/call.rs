//! A site is called by mail, and what it answers, or silence, is followed. Each step commits
//! together with the mails that it queues.

use mail::{Address, Incoming, Mailbox, Outgoing, Verdict};
use store::Conn;
use store::alarm::Alarm;
use store::mail::Incoming as Stored;
use switchboard_core::alarm::{self as rules, Effect, Happened, Stage};
use switchboard_core::{
    Actor, Channel, Command, EntryVisibility, Millis, PersonId, SolutionKind, Ticket, TicketNumber,
};

use super::{CallOf, DAY_MS, MINUTE_MS, keeper};
use crate::act::{EntryDraft, clip, plain_entry, write_within};
use crate::jobs::{DELIVER, Outcome};
use crate::letter::{self, About};
use crate::mail_text::Kind;
use crate::redirect::answer::{lives_on, spokesman};
use crate::{Catalogue, Desk, Error, Live};

/// Alarms looked at in one run; the next run takes the rest.
const AT_ONCE: i64 = 200;
/// Answers that are taken for one alarm in an hour: two machines may answer each other.
const ANSWERS_AN_HOUR: i64 = 30;
/// The longest text in a mail to a site.
const MOST_TEXT: usize = 64 * 1024;

/// What all steps of one change look at.
struct Around<'a> {
    desk: &'a Desk,
    catalogue: &'a Catalogue,
    now: Millis,
}

/// Calls the site of a ticket that is opened in this transaction.
///
/// # Errors
/// [`Error::Conflict`] when the test was begun by somebody else.
pub(crate) fn begin(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    call: &CallOf,
    ticket: TicketNumber,
    now: Millis,
) -> Result<(), Error> {
    let site = &call.site;
    if call.due.is_some() {
        let known = store::alarm::site(c, &site.site)?;
        let Some(mut known) = known.filter(|s| s.next_test_at == call.due) else {
            return Err(Error::Conflict("the test was begun already".into()));
        };
        known.next_test_at = Some(now + known.test_days * DAY_MS);
        store::alarm::save_site(c, &known)?;
    }
    let minutes = match call.test {
        true => site.test_answer_min,
        false => site.answer_min,
    };
    let mut alarm = Alarm {
        ticket,
        site: site.site.clone(),
        address: site.address.clone(),
        standing: rules::raised(call.test, minutes * MINUTE_MS, now),
        raised_at: now,
        calls: 0,
        mail: None,
        root: None,
        confirmed_at: None,
        confirmed_by: None,
        trouble: None,
    };
    let a = Around {
        desk,
        catalogue,
        now,
    };
    mail_site(c, &a, &mut alarm)?;
    store::alarm::save(c, &alarm)?;
    Ok(())
}

/// One run of the job: what silence brings, what came back, and the tests that are due.
pub(crate) async fn run(desk: &Desk) -> Result<Outcome, Error> {
    let now = desk.now();
    let (due, lost, over, tests) = desk
        .0
        .db
        .read(move |c| {
            Ok::<_, Error>((
                store::alarm::due(c, now, AT_ONCE)?,
                store::alarm::undelivered(c, AT_ONCE)?,
                store::alarm::resolved(c, AT_ONCE)?,
                store::alarm::tests_due(c, now)?,
            ))
        })
        .await?;
    for ticket in over {
        desk.alarm_happens(ticket, Happened::Resolved, None).await?;
    }
    for (ticket, error) in lost {
        let why = error.unwrap_or_else(|| "the mail server refuses it".into());
        desk.alarm_happens(ticket, Happened::Undeliverable, Some(why))
            .await?;
    }
    for ticket in due {
        desk.alarm_happens(ticket, Happened::Time, None).await?;
    }
    for site in tests {
        let due = site.next_test_at;
        let asked = site.clone();
        let actor = desk.0.db.read(move |c| keeper(c, &asked)).await?;
        match desk.begin_test(&actor, site, due).await {
            // Another node was faster.
            Ok(_) | Err(Error::Conflict(_)) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(Outcome::Done)
}

impl Desk {
    async fn alarm_happens(
        &self,
        ticket: TicketNumber,
        happened: Happened,
        trouble: Option<String>,
    ) -> Result<(), Error> {
        let (catalogue, desk, now) = (self.catalogue().await?, self.clone(), self.now());
        let live = self
            .0
            .db
            .write(move |c| {
                let Some(mut alarm) = store::alarm::of_ticket(c, ticket)? else {
                    return Ok(Vec::new());
                };
                if let Some(trouble) = &trouble {
                    alarm.trouble = Some(clip(trouble, 500).to_owned());
                }
                let a = Around {
                    desk: &desk,
                    catalogue: &catalogue,
                    now,
                };
                play(c, &a, &mut alarm, happened)
            })
            .await?;
        self.announce(live);
        self.wake();
        Ok(())
    }

    /// Which alarm a mail answers, if it went to the address of one.
    pub(crate) fn answers_alarm(&self, mail: &Incoming) -> Option<TicketNumber> {
        mail::alarm::alarm_of(mail, self.thread_keys())
    }

    /// Somebody at a site answered: their words become a public entry, and the alarm is
    /// confirmed. `Some`: the mail has no effect, for this reason.
    ///
    /// # Errors
    /// What the rules refuse; [`Error::Conflict`] when it was handled before.
    pub(crate) async fn take_alarm_answer(
        &self,
        stored: &Stored,
        mail: &Incoming,
        verdict: &Verdict,
        number: TicketNumber,
        draft: EntryDraft,
    ) -> Result<Option<String>, Error> {
        match verdict {
            Verdict::Accept { .. } => {}
            Verdict::Suppress { reason, .. } => return Ok(Some(reason.code().to_owned())),
            Verdict::Quarantine(why) => return Err(Error::invalid("mail", why.to_string())),
        }
        let public = EntryVisibility::Public;
        let word = self
            .ready_entry("body", number, public, false, draft.clone())
            .await?;
        let note = self
            .ready_entry("body", number, EntryVisibility::Internal, false, draft)
            .await?;
        let (catalogue, desk, now) = (self.catalogue().await?, self.clone(), self.now());
        let (who, cause, id) = (speaker(mail), self.uuid(), stored.id);
        let live = self
            .0
            .db
            .write(move |c| {
                let mut alarm = store::alarm::of_ticket(c, number)?
                    .ok_or_else(|| Error::not_found(format!("an alarm of ticket {number}")))?;
                let hour = now - now.rem_euclid(3_600_000);
                let counted = store::mailbox::tally(c, &format!("alarm {number}"), hour)?;
                if counted > ANSWERS_AN_HOUR {
                    return Err(Error::Conflict(format!(
                        "more than {ANSWERS_AN_HOUR} mails about the alarm of ticket {number} \
                         within an hour"
                    )));
                }
                let ticket = lives_on(c, number)?;
                // A final ticket takes notes only.
                let entry = match ticket.status.is_final() {
                    true => &note,
                    false => &word,
                };
                let actor = spokesman(&format!("{who} ({})", alarm.site));
                let mut live =
                    write_within(c, &catalogue, ticket.number, entry, &[], &actor, cause, now)?;
                if alarm.confirmed_at.is_none() {
                    alarm.confirmed_at = Some(now);
                    alarm.confirmed_by = Some(who.clone());
                }
                let a = Around {
                    desk: &desk,
                    catalogue: &catalogue,
                    now,
                };
                live.extend(play(c, &a, &mut alarm, Happened::Confirmed)?);
                tracing::info!(mail = %id, ticket = %ticket.number, "an alarm is answered");
                Ok(live)
            })
            .await?;
        self.announce(live);
        Ok(None)
    }
}

/// Who answers, as their mail says: nobody at a site needs an account.
fn speaker(mail: &Incoming) -> String {
    let from = mail.from.as_ref();
    let name = from.map(|m| match m.name.as_deref().map(str::trim) {
        Some(name) if !name.is_empty() => format!("{name}, {}", m.address.as_str()),
        _ => m.address.as_str().to_owned(),
    });
    let name = name.unwrap_or_else(|| "Somebody".into());
    name.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn play(
    c: &mut Conn<'_>,
    a: &Around<'_>,
    alarm: &mut Alarm,
    happened: Happened,
) -> Result<Vec<Live>, Error> {
    let effects = rules::step(&mut alarm.standing, happened, a.now);
    let mut live = Vec::new();
    for effect in effects {
        match effect {
            Effect::Call => mail_site(c, a, alarm)?,
            Effect::FirstLevel => live.extend(tell_first_level(c, a, alarm)?),
            Effect::Monitors => {
                // Of a restricted ticket those who only look after all units know nothing.
                if !is_restricted(c, alarm)? {
                    for id in store::person::monitors(c)? {
                        tell(c, a, alarm, id)?;
                    }
                }
            }
            Effect::Resolve => live.extend(resolve(c, a, alarm)?),
        }
    }
    store::alarm::save(c, alarm)?;
    Ok(live)
}

/// Queues the mail to the site. It is signed when it is handed over.
fn mail_site(c: &mut Conn<'_>, a: &Around<'_>, alarm: &mut Alarm) -> Result<(), Error> {
    let Some(address) = alarm.address.clone() else {
        return Ok(());
    };
    let ticket = store::ticket::load(c, alarm.ticket)?
        .ok_or_else(|| Error::not_found(format!("ticket {}", alarm.ticket)))?;
    let (config, id) = (a.desk.config(), a.desk.uuid());
    let message_id = mail::message_id(alarm.ticket, id.simple(), config.mail_domain());
    let kind = if alarm.standing.test {
        "TEST ALARM"
    } else {
        "ALARM"
    };
    let again = if alarm.calls > 0 { " (again)" } else { "" };
    let subject = format!("{kind}{again}: {}", ticket.subject);
    let subject = mail::subject_with_tag(alarm.ticket, &subject);
    let parse = |text: &str| {
        Address::parse(text).map_err(|e| Error::Internal(format!("a stored mail address: {e}")))
    };
    let reply_to = mail::alarm::alarm_reply_address(alarm.ticket, a.desk.thread_keys())
        .map_err(|e| Error::Internal(format!("the address by which an alarm is confirmed: {e}")))?;
    let built = mail::build::build_with(
        &Outgoing {
            from: Mailbox {
                name: Some(config.name.clone()),
                address: parse(&config.mail_address)?,
            },
            to: Mailbox::bare(parse(&address)?),
            reply_to: Some(reply_to),
            subject: subject.clone(),
            text: text(c, a, alarm, &ticket)?,
            message_id: message_id.clone(),
            in_reply_to: alarm.root.clone(),
            references: alarm.root.clone().into_iter().collect(),
            date: a.now,
            automatic: true,
            loop_id: a.desk.loop_id(),
            attachments: Vec::new(),
        },
        &[(
            mail::alarm::ALARM_HEADER,
            if alarm.standing.test { "test" } else { "alarm" }.to_owned(),
        )],
    );
    let (bytes, state, error) = match built {
        Ok(bytes) => (bytes, "queued", None),
        // Kept and shown: the job finds it, and first level hears of it.
        Err(e) => (Vec::new(), "failed", Some(e.to_string())),
    };
    store::mail::queue_outgoing(
        c,
        &store::mail::Outgoing {
            id,
            created_at: a.now,
            cause: a.desk.uuid(),
            ticket: Some(alarm.ticket),
            person: None,
            address,
            message_id: message_id.clone(),
            subject,
            bytes,
            state: state.into(),
            attempts: 0,
            error,
        },
        DELIVER,
        a.now,
    )?;
    alarm.calls += 1;
    alarm.mail = Some(id);
    alarm.root.get_or_insert(message_id);
    Ok(())
}

/// What a site reads. Lines of what people wrote are indented, and nothing ends in blanks:
/// a line that begins with `From ` or ends in blanks is changed by mail servers on its way,
/// and the signature with it.
fn text(c: &mut Conn<'_>, a: &Around<'_>, alarm: &Alarm, t: &Ticket) -> Result<String, Error> {
    let number = alarm.ticket;
    let desk = &a.desk.config().name;
    let site = a
        .catalogue
        .sites
        .iter()
        .find(|s| s.key == alarm.site)
        .map_or(alarm.site.as_str(), |s| s.name.as_str());
    let mut lines = vec![match alarm.standing.test {
        true => format!("This is a test by {desk}: nothing is wrong at {site}."),
        false => format!("This is an alarm for {site}, raised at {desk}."),
    }];
    if alarm.calls > 0 {
        lines.push("Nobody has confirmed it yet.".into());
    }
    lines.push(String::new());
    lines.push("Please confirm by answering this mail. A few words are enough.".into());
    let minutes = alarm.standing.wait_ms / MINUTE_MS;
    let within = match minutes {
        1 => "a minute".to_owned(),
        m if m % 60 == 0 && m > 60 => format!("{} hours", m / 60),
        60 => "an hour".to_owned(),
        m => format!("{m} minutes"),
    };
    lines.push(match alarm.standing.test {
        true => format!("Without an answer within {within} the test has failed."),
        false if alarm.calls == 0 => {
            format!("Without an answer within {within} you are called again, and others are told.")
        }
        false => format!("Without an answer within {within} more people are told."),
    });
    lines.push(String::new());
    if !alarm.standing.test {
        if let Some(person) = store::person::load(c, t.requester)? {
            let email = person.email.map_or_else(String::new, |e| format!(" <{e}>"));
            lines.push(format!("Raised by:  {}{email}", person.name));
        }
        let community = t.community.as_ref().map(|key| {
            let known = a.catalogue.communities.iter().find(|c| c.key == *key);
            known.map_or(key.as_str(), |c| c.name.as_str()).to_owned()
        });
        let service = t.service.and_then(|id| a.catalogue.service(id));
        lines.extend(community.map(|name| format!("Community:  {name}")));
        lines.extend(service.map(|s| format!("Service:    {}", s.name)));
    }
    lines.push(format!(
        "Ticket:     {number}, {}/tickets/{number}",
        a.desk.config().public_url
    ));
    lines.push(format!("Subject:    {}", t.subject));
    lines.push(String::new());
    let entries = store::entry::of_ticket(c, number, false, 0, 1)?;
    let said = entries.first().map_or("", |e| e.body.as_str());
    lines.extend(clip(said, MOST_TEXT).lines().map(|l| format!("    {l}")));
    let trimmed: Vec<&str> = lines.iter().map(|l| l.trim_end()).collect();
    Ok(trimmed.join("\n") + "\n")
}

/// Why somebody here has to look, in words.
fn reason(alarm: &Alarm, german: bool) -> String {
    let (site, minutes) = (&alarm.site, alarm.standing.wait_ms / MINUTE_MS);
    let trouble = alarm.trouble.as_deref();
    let (english, deutsch) = match (alarm.standing.stage, trouble) {
        (_, Some(trouble)) => (
            format!("The mail to the emergency address of {site} does not arrive: {trouble}"),
            format!("Die Mail an die Notfalladresse von {site} kommt nicht an: {trouble}"),
        ),
        (Stage::Failed, None) => (
            format!("{site} has not confirmed the test of its alarm within {minutes} minutes."),
            format!("{site} hat den Probealarm nicht innerhalb von {minutes} Minuten bestätigt."),
        ),
        (Stage::Again, None) => (
            format!("{site} has not confirmed within {minutes} minutes and was called again."),
            format!(
                "{site} hat nicht innerhalb von {minutes} Minuten bestätigt und wurde noch einmal \
                 gerufen."
            ),
        ),
        _ => (
            format!(
                "{site} was called {} times and has not confirmed.",
                alarm.calls
            ),
            format!(
                "{site} wurde {} Mal gerufen und hat nicht bestätigt.",
                alarm.calls
            ),
        ),
    };
    if german { deutsch } else { english }
}

fn about(a: &Around<'_>, alarm: &Alarm) -> About {
    About {
        kind: Kind::Alarm,
        cause: a.desk.uuid(),
        ticket: Some(alarm.ticket),
    }
}

fn values(a: &Around<'_>, alarm: &Alarm, german: bool) -> crate::mail_text::Values {
    let url = &a.desk.config().public_url;
    [
        ("reason", reason(alarm, german)),
        ("site", alarm.site.clone()),
        ("link", format!("{url}/work/{}", alarm.ticket)),
    ]
    .into()
}

fn tell(c: &mut Conn<'_>, a: &Around<'_>, alarm: &Alarm, id: PersonId) -> Result<(), Error> {
    if let Some(person) = store::person::load(c, id)? {
        letter::to_person(a.desk, c, &person, about(a, alarm), |german| {
            values(a, alarm, german)
        })?;
    }
    Ok(())
}

/// It is for its unit only.
fn is_restricted(c: &mut Conn<'_>, alarm: &Alarm) -> Result<bool, Error> {
    let ticket = store::ticket::load(c, alarm.ticket)?;
    Ok(ticket.is_some_and(|t| t.label().is_some()))
}

/// First level is told, once, in the ticket and by mail; of a restricted ticket its unit.
fn tell_first_level(c: &mut Conn<'_>, a: &Around<'_>, alarm: &Alarm) -> Result<Vec<Live>, Error> {
    let why = reason(alarm, false);
    let note = plain_entry(
        a.desk,
        EntryVisibility::Internal,
        format!("Alarm: {why} First level has been told."),
    );
    let live = noted(c, a, alarm, &note, &[])?;
    let ticket = lives_on(c, alarm.ticket)?;
    let first = a.catalogue.first_level()?;
    let on_duty = crate::rota::name_on_duty(c, first, a.now)?;
    let say = |german| {
        let mut values = values(a, alarm, german);
        if let (Some(name), Some(reason)) = (&on_duty, values.get_mut("reason")) {
            let said = match german {
                true => format!(" Dienst hat {name}."),
                false => format!(" On duty is {name}."),
            };
            reason.push_str(&said);
        }
        values
    };
    letter::to_first_level(a.desk, c, a.catalogue, &ticket, about(a, alarm), say)?;
    Ok(live)
}

/// The ticket of a test that was confirmed is done.
fn resolve(c: &mut Conn<'_>, a: &Around<'_>, alarm: &Alarm) -> Result<Vec<Live>, Error> {
    let minutes = (a.now - alarm.raised_at) / MINUTE_MS;
    let text = match minutes {
        0 => format!("{} confirmed within a minute.", alarm.site),
        1 => format!("{} confirmed after a minute.", alarm.site),
        m => format!("{} confirmed after {m} minutes.", alarm.site),
    };
    let note = plain_entry(a.desk, EntryVisibility::Internal, format!("Alarm: {text}"));
    let solve = Command::Solve {
        text,
        kind: SolutionKind::Other,
    };
    noted(c, a, alarm, &note, &[solve])
}

/// Writes into the ticket, where that is possible: it may have been closed or merged.
fn noted(
    c: &mut Conn<'_>,
    a: &Around<'_>,
    alarm: &Alarm,
    note: &crate::act::ReadyEntry,
    commands: &[Command],
) -> Result<Vec<Live>, Error> {
    let actor = Actor::system(Channel::Job);
    let (number, cause) = (alarm.ticket, a.desk.uuid());
    c.attempt(|c| write_within(c, a.catalogue, number, note, commands, &actor, cause, a.now))
        .or_else(|e: Error| match e {
            Error::Forbidden(_) | Error::Conflict(_) | Error::Invalid { .. } => Ok(Vec::new()),
            other => Err(other),
        })
}
