//! Reports that somebody saved, and has mailed each week or month: counted as they may see
//! it when it is mailed, never by whoever made it possible once.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use mail::OutgoingPart;
use serde::{Deserialize, Serialize};
use store::choice::Wish;
use store::saved_report::SavedReport as Row;
use switchboard_core::report::Dimension;
use switchboard_core::report::table::Measured;
use switchboard_core::{Actor, Channel, Millis, PersonId};
use uuid::Uuid;

use super::file::{XLSX, csv, text, xlsx};
use super::{Asked, Only, Sheet};
use crate::account::actor_of;
use crate::choice::{language_of, wish_of};
use crate::jobs::Outcome;
use crate::letter::{Letter, queue};
use crate::mail_text::{self, Kind, Values};
use crate::{Desk, Error};

/// So many one person may keep.
pub const MOST: usize = 50;
/// Longest title, in characters.
const LONGEST_TITLE: usize = 80;
/// Reports that are mailed in one run; the next run takes the rest.
const AT_ONCE: i64 = 20;

/// How often a report is mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rhythm {
    /// It is not.
    Never,
    /// On Mondays.
    Weekly,
    /// On the first of each month.
    Monthly,
}

impl Rhythm {
    /// Every rhythm.
    pub const ALL: [Rhythm; 3] = [Rhythm::Never, Rhythm::Weekly, Rhythm::Monthly];

    /// The word in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            Rhythm::Never => "never",
            Rhythm::Weekly => "weekly",
            Rhythm::Monthly => "monthly",
        }
    }

    /// Reads a word.
    pub fn parse(key: &str) -> Option<Rhythm> {
        Rhythm::ALL.into_iter().find(|r| r.key() == key)
    }

    /// When it is mailed next: at the hour at which gathered mails come to its owner, by
    /// their clock. `None`: it is not.
    fn next(self, wish: &Wish, now: Millis) -> Option<Millis> {
        let zone = TimeZone::get(&wish.time_zone).unwrap_or(TimeZone::UTC);
        let here = Timestamp::from_millisecond(now)
            .ok()?
            .to_zoned_datetime(zone);
        let hour = i8::try_from(wish.hour.clamp(0, 23)).unwrap_or(7);
        // A month and a day hold every day of a month and of a week.
        (0..=32).find_map(|days: i32| {
            let day = here.date().checked_add(days.days()).ok()?;
            let wanted = match self {
                Rhythm::Never => false,
                Rhythm::Weekly => day.weekday() == jiff::civil::Weekday::Monday,
                Rhythm::Monthly => day.day() == 1,
            };
            let at = day
                .at(hour, 0, 0, 0)
                .to_zoned_datetime(here.time_zone().clone());
            let at = at.ok()?.timestamp().as_millisecond();
            (wanted && at > now).then_some(at)
        })
    }
}

/// As what a report is mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// RFC 4180.
    Csv,
    /// A workbook.
    Xlsx,
}

impl FileKind {
    /// Every kind.
    pub const ALL: [FileKind; 2] = [FileKind::Csv, FileKind::Xlsx];

    /// The word in JSON, the database and file names.
    pub fn key(self) -> &'static str {
        match self {
            FileKind::Csv => "csv",
            FileKind::Xlsx => "xlsx",
        }
    }

    /// Reads a word.
    pub fn parse(key: &str) -> Option<FileKind> {
        FileKind::ALL.into_iter().find(|k| k.key() == key)
    }
}

/// A report that somebody saves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedDraft {
    /// How they call it; empty: as the report is called.
    pub title: String,
    /// What is asked.
    pub asked: Asked,
    /// A word of [`Rhythm`].
    pub mailed: String,
    /// A word of [`FileKind`].
    pub format: String,
}

/// A saved report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedReport {
    /// Its id.
    pub id: Uuid,
    /// How its owner calls it.
    pub title: String,
    /// What is asked.
    pub asked: Asked,
    /// How often it is mailed.
    pub mailed: Rhythm,
    /// As what.
    pub format: FileKind,
    /// When it is mailed next; `None`: it is not.
    pub next_at: Option<Millis>,
    /// When it was mailed last.
    pub sent_at: Option<Millis>,
    /// Why it could not be counted then.
    pub trouble: Option<String>,
}

/// What is asked, as it is stored.
#[derive(Serialize, Deserialize)]
struct Doc {
    report: String,
    time: String,
    from: String,
    to: String,
    only: BTreeMap<String, Vec<String>>,
    group: String,
    step: String,
}

fn stored(asked: &Asked) -> Result<String, Error> {
    let doc = Doc {
        report: asked.report.clone(),
        time: asked.time.clone(),
        from: asked.from.clone(),
        to: asked.to.clone(),
        only: asked
            .only
            .iter()
            .map(|(dimension, words)| (dimension.key().to_owned(), words.clone()))
            .collect(),
        group: asked.group.clone(),
        step: asked.step.clone(),
    };
    serde_json::to_string(&doc).map_err(|e| Error::Internal(format!("a report to JSON: {e}")))
}

fn read(row: Row) -> Result<SavedReport, Error> {
    let corrupt = |what: &str| Error::Internal(format!("{what} of a saved report"));
    let doc: Doc = serde_json::from_str(&row.asked).map_err(|_| corrupt("the question"))?;
    let mut only = Only::new();
    for (key, words) in doc.only {
        // What is no filter any more filters nothing.
        if let Some(dimension) = Dimension::parse(&key) {
            only.insert(dimension, words);
        }
    }
    Ok(SavedReport {
        id: row.id,
        title: row.title,
        asked: Asked {
            report: doc.report,
            time: doc.time,
            from: doc.from,
            to: doc.to,
            only,
            group: doc.group,
            step: doc.step,
        },
        mailed: Rhythm::parse(&row.rhythm).ok_or_else(|| corrupt("the rhythm"))?,
        format: FileKind::parse(&row.format).ok_or_else(|| corrupt("the format"))?,
        next_at: row.next_at,
        sent_at: row.sent_at,
        trouble: row.trouble,
    })
}

fn owner(actor: &Actor) -> Result<PersonId, Error> {
    actor
        .person
        .ok_or_else(|| Error::Forbidden("reports are saved by people".into()))
}

fn offered<const N: usize>(field: &str, keys: [&str; N]) -> Error {
    Error::invalid(field, format!("is one of {}", keys.join(", ")))
}

impl Desk {
    /// Somebody's saved reports, the oldest first.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn saved_reports(&self, actor: &Actor) -> Result<Vec<SavedReport>, Error> {
        let person = owner(actor)?;
        let rows = self
            .0
            .db
            .read(move |c| store::saved_report::of(c, person).map_err(Error::from))
            .await?;
        rows.into_iter().map(read).collect()
    }

    /// Saves a report, and has it mailed to who saves it.
    ///
    /// # Errors
    /// The field that is wrong; [`Error::Forbidden`] for whoever has no reports.
    pub async fn save_report(
        &self,
        actor: &Actor,
        draft: SavedDraft,
    ) -> Result<SavedReport, Error> {
        let person = owner(actor)?;
        let rhythm = Rhythm::parse(&draft.mailed)
            .ok_or_else(|| offered("mailed", Rhythm::ALL.map(Rhythm::key)))?;
        let format = FileKind::parse(&draft.format)
            .ok_or_else(|| offered("format", FileKind::ALL.map(FileKind::key)))?;
        // What can not be counted now is not kept; nor is what they may not see.
        let sheet = self.report(actor, draft.asked.clone()).await?;
        let fixed = draft.asked.time.is_empty()
            && !(draft.asked.from.is_empty() && draft.asked.to.is_empty());
        if rhythm != Rhythm::Never && fixed {
            let problem = "the days of this report stand fast, so each mail would be the same: \
                           choose a time that moves on";
            return Err(Error::invalid("mailed", problem));
        }
        let title = crate::open::one_line(&draft.title);
        let title = match title.is_empty() {
            true => sheet.title.to_owned(),
            false => title,
        };
        if title.chars().count() > LONGEST_TITLE {
            let problem = format!("takes at most {LONGEST_TITLE} characters");
            return Err(Error::invalid("title", problem));
        }
        let (id, now, asked) = (self.uuid(), self.now(), stored(&draft.asked)?);
        let row = self
            .0
            .db
            .write(move |c| {
                if store::saved_report::of(c, person)?.len() >= MOST {
                    return Err(Error::invalid(
                        "title",
                        format!("is one too many: you keep {MOST}; forget one first"),
                    ));
                }
                let row = Row {
                    id,
                    person,
                    title: title.clone(),
                    asked: asked.clone(),
                    rhythm: rhythm.key().to_owned(),
                    format: format.key().to_owned(),
                    next_at: rhythm.next(&wish_of(c, person)?, now),
                    sent_at: None,
                    trouble: None,
                    made_at: now,
                };
                store::saved_report::save(c, &row)?;
                Ok(row)
            })
            .await?;
        read(row)
    }

    /// Forgets a saved report: it is not mailed any more.
    ///
    /// # Errors
    /// [`Error::NotFound`] where they have none such.
    pub async fn forget_report(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        let person = owner(actor)?;
        let gone = self
            .0
            .db
            .write(move |c| store::saved_report::forget(c, person, id).map_err(Error::from))
            .await?;
        match gone {
            true => Ok(()),
            false => Err(Error::not_found("such a saved report")),
        }
    }

    /// Counts a report as its owner sees it now. `Err`: why it can not be.
    async fn count_saved(&self, row: &Row) -> Result<Result<(Sheet, SavedReport), String>, Error> {
        let person = row.person;
        let actor = self
            .0
            .db
            .read(move |c| {
                let human = store::person::load(c, person)?.filter(|p| p.active);
                human
                    .map(|human| actor_of(c, &human, Channel::Job))
                    .transpose()
            })
            .await?;
        let Some(actor) = actor else {
            return Ok(Err("the account is disabled".into()));
        };
        let saved = read(row.clone())?;
        match self.report(&actor, saved.asked.clone()).await {
            Ok(sheet) => Ok(Ok((sheet, saved))),
            Err(e @ (Error::Invalid { .. } | Error::Forbidden(_) | Error::NotFound { .. })) => {
                Ok(Err(e.to_string()))
            }
            Err(e) => Err(e),
        }
    }
}

/// One run of the job: what is due is counted, and each mailed once: what was mailed
/// meanwhile by another node is due later.
pub(crate) async fn run(desk: &Desk) -> Result<Outcome, Error> {
    let now = desk.now();
    let due = desk
        .0
        .db
        .read(move |c| store::saved_report::due(c, now, AT_ONCE).map_err(Error::from))
        .await?;
    for row in due {
        let counted = desk.count_saved(&row).await?;
        let ready = match counted {
            Ok((sheet, saved)) => Ok((file(&saved, &sheet)?, sheet)),
            Err(why) => Err(why),
        };
        let same = desk.clone();
        desk.0
            .db
            .write(move |c| mail(&same, c, &row, &ready, now))
            .await?;
    }
    desk.wake();
    Ok(Outcome::Done)
}

fn file(saved: &SavedReport, sheet: &Sheet) -> Result<OutgoingPart, Error> {
    let (media_type, bytes) = match saved.format {
        FileKind::Csv => ("text/csv", csv(sheet).into_bytes()),
        FileKind::Xlsx => (XLSX, xlsx(sheet)?),
    };
    Ok(OutgoingPart {
        name: format!("{}.{}", sheet.report, saved.format.key()),
        media_type: media_type.to_owned(),
        bytes,
    })
}

fn mail(
    desk: &Desk,
    c: &mut store::Conn<'_>,
    row: &Row,
    ready: &Result<(OutgoingPart, Sheet), String>,
    now: Millis,
) -> Result<(), Error> {
    let known = store::saved_report::load(c, row.id)?;
    let Some(mut known) = known.filter(|known| known.next_at == row.next_at) else {
        return Ok(());
    };
    let wish = wish_of(c, known.person)?;
    let rhythm = Rhythm::parse(&known.rhythm).unwrap_or(Rhythm::Never);
    known.next_at = rhythm.next(&wish, now);
    match ready {
        Err(why) => known.trouble = Some(crate::act::clip(why, 500).to_owned()),
        Ok((part, sheet)) => {
            known.trouble = None;
            if let Some(human) = store::person::load(c, known.person)? {
                let language = language_of(desk, Some(&wish));
                let values: Values = [
                    ("name", human.name.clone()),
                    ("title", known.title.clone()),
                    ("range", range(sheet)),
                    ("text", summary(sheet)),
                    (
                        "link",
                        format!("{}/reports#saved", desk.config().public_url),
                    ),
                    ("desk", desk.config().name.clone()),
                ]
                .into();
                let written = mail_text::current(c, Kind::Report, &language)?.written(&values)?;
                let (subject, text) = written;
                if let Some(mut letter) = Letter::to(&human, desk.uuid(), &subject, text) {
                    letter.files = vec![part.clone()];
                    queue(desk, c, letter)?;
                    known.sent_at = Some(now);
                }
            }
        }
    }
    store::saved_report::save(c, &known)?;
    Ok(())
}

/// `2026-11-16 to 2026-11-22`.
fn range(sheet: &Sheet) -> String {
    let day = |at: Millis| {
        let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
        at.strftime("%Y-%m-%d").to_string()
    };
    format!("{} – {}", day(sheet.from), day(sheet.to - 1))
}

/// Everything together, a figure to a line.
fn summary(sheet: &Sheet) -> String {
    let Some(total) = &sheet.total else {
        return String::new();
    };
    let lines = sheet.columns.iter().zip(&total.values);
    let lines = lines.filter_map(|(head, value)| {
        let said = text(head, (*value)?);
        let unit = match head.measured {
            Measured::Calendar | Measured::Working => " min",
            Measured::Permille => " %",
            _ => "",
        };
        Some(format!("{}: {said}{unit}", head.title))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_come_on_mondays_or_the_first_at_the_owners_hour() {
        let wish = Wish {
            hour: 8,
            time_zone: "Europe/Prague".into(),
            ..crate::choice::no_wish()
        };
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let next = |rhythm: Rhythm, now: &str| {
            let at = rhythm.next(&wish, at(now))?;
            Some(Timestamp::from_millisecond(at).unwrap().to_string())
        };
        let some = |text: &str| Some(text.to_owned());
        // Saturday; Monday just before and just at the hour; over the change of the clocks.
        for (now, weekly) in [
            ("2026-11-28T10:00:00Z", "2026-11-30T07:00:00Z"),
            ("2026-11-30T06:59:59Z", "2026-11-30T07:00:00Z"),
            ("2026-11-30T07:00:00Z", "2026-12-07T07:00:00Z"),
            ("2026-03-28T10:00:00Z", "2026-03-30T06:00:00Z"),
        ] {
            assert_eq!(next(Rhythm::Weekly, now), some(weekly), "{now}");
        }
        for (now, monthly) in [
            ("2026-11-28T10:00:00Z", "2026-12-01T07:00:00Z"),
            ("2026-12-01T07:00:00Z", "2027-01-01T07:00:00Z"),
            ("2026-01-01T08:00:00Z", "2026-02-01T07:00:00Z"),
        ] {
            assert_eq!(next(Rhythm::Monthly, now), some(monthly), "{now}");
        }
        assert_eq!(next(Rhythm::Never, "2026-11-28T10:00:00Z"), None);
    }
}
