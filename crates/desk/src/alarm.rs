//! Alarms (domain section 2): nominated experts call a site at its emergency address, by a
//! signed mail, and somebody there confirms by answering it. That this would work is tested
//! from time to time by alarms that say that they are tests.
//!
//! An alarm is a ticket like any other, and beside it a row that says how far the call is.
//! What silence brings is decided by [`switchboard_core::alarm`]; each step commits with the
//! mails that it queues, so nothing comes twice and nothing is left out (`call`).

use std::collections::BTreeMap;

use serde_json::json;
use store::Conn;
use store::alarm::{Alarm, AlarmSite, Alarmer};
use switchboard_core::alarm::{ANSWER_MINUTES, TEST_ANSWER_MINUTES, TEST_DAYS};
use switchboard_core::form::is_mail_address;
use switchboard_core::{Actor, Channel, Millis, PersonId, TicketNumber, TicketType};

use crate::audit::{self, Subject, difference};
use crate::open::{OpenRequest, Opened};
use crate::{Desk, Error};

pub(crate) mod call;

/// A day by the calendar, in milliseconds.
const DAY_MS: Millis = 86_400_000;
/// A minute, in milliseconds.
const MINUTE_MS: Millis = 60_000;
/// The longest time to confirm, in minutes: a week.
const LONGEST_ANSWER: i64 = 7 * 24 * 60;
/// The longest time between two tests, in days.
const LONGEST_TEST: i64 = 366;
/// Most alarms on one page.
pub const MOST_ALARMS: i64 = 200;

/// What is to be changed of a site that can be called; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlarmSiteEdit {
    /// The emergency address.
    pub address: Option<String>,
    /// Minutes within which an alarm is confirmed.
    pub answer_minutes: Option<i64>,
    /// The same for a test.
    pub test_answer_minutes: Option<i64>,
    /// Days between two tests; 0: only by hand.
    pub test_days: Option<i64>,
}

/// A site that can be called, and how its last test went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmSiteView {
    /// How it is set up.
    pub site: AlarmSite,
    /// Its name.
    pub name: String,
    /// Its last test; `None`: there was none.
    pub last_test: Option<Alarm>,
}

/// What signs alarms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// Nothing: no site can be called.
    None,
    /// A certificate that is valid until then, epoch milliseconds UTC.
    Until(Millis),
}

/// What an expert says about an alarm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlarmDraft {
    /// The site's key or name.
    pub site: String,
    /// For which community; `None`: the one that they were nominated for.
    pub community: Option<String>,
    /// One line.
    pub subject: String,
    /// What happened.
    pub description: String,
    /// A service's key or name.
    pub service: Option<String>,
    /// A key under which a repeated request gives the same alarm, and a hash of it.
    pub idempotency: Option<(String, Vec<u8>)>,
}

/// Which sites somebody may call, and for whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MayRaise {
    /// Communities by key and name; empty with `any`: for none in particular.
    pub communities: Vec<(String, String)>,
    /// For every community, and for none.
    pub any: bool,
    /// Sites by key and name.
    pub sites: Vec<(String, String)>,
}

impl MayRaise {
    /// They may raise alarms at all.
    pub fn at_all(&self) -> bool {
        self.any || !self.communities.is_empty()
    }
}

/// That a ticket which is opened calls a site. Nobody else makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallOf {
    /// How the site is set up.
    site: AlarmSite,
    /// It is a test.
    test: bool,
    /// When that test was due by itself: it is begun once.
    due: Option<Millis>,
}

fn administers(actor: &Actor) -> Result<(), Error> {
    if actor.admin || actor.is_system() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "only administrators set up alarms and nominate who raises them".into(),
    ))
}

fn between(field: &str, value: i64, least: i64, most: i64) -> Result<i64, Error> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(Error::invalid(field, format!("takes {least} to {most}")))
}

impl Desk {
    /// What signs alarms.
    pub fn alarm_signer(&self) -> Signer {
        let key = self.config().smime.as_ref();
        key.map_or(Signer::None, |key| Signer::Until(key.until()))
    }

    /// No site is called by a mail that its machinery would not believe.
    fn signs_alarms(&self) -> Result<(), Error> {
        match self.alarm_signer() {
            Signer::None => Err(Error::Conflict(
                "alarms are signed, and there is no key for it: set alarm_key_file and \
                 alarm_certificate_file"
                    .into(),
            )),
            Signer::Until(at) if at < self.now() => Err(Error::Conflict(
                "alarms are signed, and the certificate is not valid any more: renew the one in \
                 alarm_certificate_file"
                    .into(),
            )),
            Signer::Until(_) => Ok(()),
        }
    }

    /// The sites that can be called, and how their last tests went.
    ///
    /// # Errors
    /// Unless an administrator asks.
    pub async fn alarm_sites(&self, actor: &Actor) -> Result<Vec<AlarmSiteView>, Error> {
        administers(actor)?;
        let names = self.site_names().await?;
        self.0
            .db
            .read(move |c| {
                let mut views = Vec::new();
                for site in store::alarm::sites(c)? {
                    views.push(AlarmSiteView {
                        last_test: store::alarm::last_test(c, &site.site)?,
                        name: names.get(&site.site).unwrap_or(&site.site).clone(),
                        site,
                    });
                }
                Ok(views)
            })
            .await
    }

    async fn site_names(&self) -> Result<BTreeMap<String, String>, Error> {
        let sites = self.sites().await?;
        Ok(sites.into_iter().map(|s| (s.key, s.name)).collect())
    }

    /// Sets up a site so that it can be called, or changes how.
    ///
    /// # Errors
    /// The field that is wrong; [`Error::Stale`] when `expected` is no longer its version;
    /// [`Error::Conflict`] while nothing signs alarms; unless an administrator does it.
    pub async fn put_alarm_site(
        &self,
        actor: &Actor,
        key: &str,
        expected: Option<i64>,
        edit: AlarmSiteEdit,
    ) -> Result<AlarmSite, Error> {
        administers(actor)?;
        self.signs_alarms()?;
        let keeper = actor
            .person
            .ok_or_else(|| Error::Forbidden("somebody has to keep the tests".into()))?;
        let (now, actor, key) = (self.now(), actor.clone(), key.trim().to_owned());
        self.0
            .db
            .write(move |c| {
                let sites = store::site::all(c)?;
                let named = sites
                    .iter()
                    .find(|s| s.key.eq_ignore_ascii_case(&key))
                    .ok_or_else(|| {
                        Error::invalid("site", format!("there is no site {key:?}: add it first"))
                    })?;
                let known = store::alarm::site(c, &named.key)?;
                let current = known.as_ref().map_or(0, |s| s.version);
                if expected.is_some_and(|e| e != current) {
                    return Err(Error::Stale { current });
                }
                let site = edited(known.as_ref(), &named.key, keeper, now, &edit)?;
                if let Some(known) = &known {
                    // Whoever keeps the tests changes with what is changed, not by itself.
                    let keeper = known.keeper;
                    if *known
                        == (AlarmSite {
                            keeper,
                            ..site.clone()
                        })
                    {
                        return Ok(known.clone());
                    }
                }
                let site = AlarmSite {
                    version: current + 1,
                    ..site
                };
                store::alarm::save_site(c, &site)?;
                let (action, detail) = match &known {
                    None => ("alarm.site_added", told(&site)),
                    Some(before) => (
                        "alarm.site_changed",
                        difference(&told(before), &told(&site)),
                    ),
                };
                let subject = Subject::Setting(format!("alarm:{}", site.site));
                audit::record(c, &actor, now, action, &subject, &detail)?;
                Ok(site)
            })
            .await
    }

    /// Takes a site out: it can not be called any more. Its alarms stay.
    ///
    /// # Errors
    /// [`Error::NotFound`]; unless an administrator does it.
    pub async fn forget_alarm_site(&self, actor: &Actor, key: &str) -> Result<(), Error> {
        administers(actor)?;
        let (now, actor, key) = (self.now(), actor.clone(), key.to_owned());
        self.0
            .db
            .write(move |c| {
                let known = store::alarm::site(c, &key)?
                    .ok_or_else(|| Error::not_found(format!("site {key:?} to be called")))?;
                store::alarm::forget_site(c, &key)?;
                let subject = Subject::Setting(format!("alarm:{key}"));
                audit::record(
                    c,
                    &actor,
                    now,
                    "alarm.site_removed",
                    &subject,
                    &told(&known),
                )
            })
            .await
    }

    /// Everybody who may raise alarms.
    ///
    /// # Errors
    /// Unless an administrator asks.
    pub async fn alarmers(&self, actor: &Actor) -> Result<Vec<Alarmer>, Error> {
        administers(actor)?;
        self.0
            .db
            .read(|c| store::alarm::alarmers(c).map_err(Error::from))
            .await
    }

    /// Nominates somebody who has an account: they may raise alarms for a community
    /// (`None`: for all). Nothing happens where they may already.
    ///
    /// # Errors
    /// The field that is wrong; unless an administrator does it.
    pub async fn nominate_alarmer(
        &self,
        actor: &Actor,
        person: &str,
        community: Option<&str>,
    ) -> Result<(), Error> {
        self.alarmer_changes(actor, person, community, true).await
    }

    /// Takes a nomination back. Alarms that were raised go on.
    ///
    /// # Errors
    /// The field that is wrong, or [`Error::NotFound`]; unless an administrator does it.
    pub async fn dismiss_alarmer(
        &self,
        actor: &Actor,
        person: &str,
        community: Option<&str>,
    ) -> Result<(), Error> {
        self.alarmer_changes(actor, person, community, false).await
    }

    async fn alarmer_changes(
        &self,
        actor: &Actor,
        person: &str,
        community: Option<&str>,
        may: bool,
    ) -> Result<(), Error> {
        administers(actor)?;
        let address = crate::account::address("person", person)?;
        let catalogue = self.catalogue().await?;
        let community = match community.map(str::trim).filter(|c| !c.is_empty()) {
            // Of one that is gone, nominations can still be taken back.
            Some(name) if !may => catalogue
                .find_community("community", name)
                .map_or_else(|_| name.to_owned(), |c| c.key.clone()),
            Some(name) => catalogue.find_community("community", name)?.key.clone(),
            None => String::new(),
        };
        let (now, actor) = (self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let found = store::person::by_email(c, address.as_str())?;
                let person = found.filter(|p| p.active || !may).ok_or_else(|| {
                    Error::invalid(
                        "person",
                        format!(
                            "{} has no account here: they register first",
                            address.as_str()
                        ),
                    )
                })?;
                let changed = match may {
                    true => store::alarm::nominate(c, person.id, &community, actor.person, now)?,
                    false => store::alarm::dismiss(c, person.id, &community)?,
                };
                if !changed && !may {
                    return Err(Error::not_found("such a nomination"));
                }
                if changed {
                    let action = match may {
                        true => "alarm.nominated",
                        false => "alarm.dismissed",
                    };
                    let detail = json!({"name": person.name, "community": community});
                    audit::record(c, &actor, now, action, &Subject::Person(person.id), &detail)?;
                }
                Ok(())
            })
            .await
    }

    /// Which sites somebody may call, and for whom.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn may_raise(&self, actor: &Actor) -> Result<MayRaise, Error> {
        let Some(person) = actor.person else {
            return Ok(MayRaise::default());
        };
        let (keys, called) = self
            .0
            .db
            .read(move |c| {
                let keys = store::alarm::nominated_for(c, person)?;
                let called = match keys.is_empty() {
                    true => Vec::new(),
                    false => store::alarm::sites(c)?,
                };
                Ok::<_, Error>((keys, called))
            })
            .await?;
        if keys.is_empty() {
            return Ok(MayRaise::default());
        }
        let catalogue = self.catalogue().await?;
        let names = self.site_names().await?;
        let any = keys.iter().any(String::is_empty);
        Ok(MayRaise {
            any,
            communities: catalogue
                .communities
                .iter()
                .filter(|c| any || keys.contains(&c.key))
                .map(|c| (c.key.clone(), c.name.clone()))
                .collect(),
            sites: called
                .into_iter()
                .filter(|s| s.address.is_some())
                .map(|s| (names.get(&s.site).unwrap_or(&s.site).clone(), s.site))
                .map(|(name, key)| (key, name))
                .collect(),
        })
    }

    /// Raises an alarm: opens its ticket and calls the site.
    ///
    /// # Errors
    /// The field that is wrong; [`Error::Forbidden`] for who was not nominated;
    /// [`Error::Conflict`] while nothing signs alarms.
    pub async fn raise_alarm(&self, actor: &Actor, draft: AlarmDraft) -> Result<Opened, Error> {
        let may = self.may_raise(actor).await?;
        if !may.at_all() {
            return Err(Error::Forbidden(
                "only nominated experts may raise alarms: ask an administrator to nominate you"
                    .into(),
            ));
        }
        self.signs_alarms()?;
        let community = self.community_of(&may, draft.community.as_deref()).await?;
        let wanted = draft.site.trim();
        let same = |text: &str| text.to_lowercase() == wanted.to_lowercase();
        let key = may
            .sites
            .iter()
            .find(|(key, name)| same(key) || same(name))
            .map(|(key, _)| key.clone())
            .ok_or_else(|| {
                let all: Vec<&str> = may.sites.iter().map(|(key, _)| key.as_str()).collect();
                let said = match all.is_empty() {
                    true => "no site can be called: an administrator sets up its emergency address"
                        .to_owned(),
                    false => format!("is not a site that can be called: {}", all.join(", ")),
                };
                Error::invalid("site", said)
            })?;
        let site = self.called_site(&key).await?;
        let request = OpenRequest {
            subject: draft.subject,
            description: draft.description,
            service: draft.service,
            site: Some(key),
            community,
            degrades_service: true,
            kind: TicketType::Alarm,
            idempotency: draft.idempotency,
            call: Some(Box::new(CallOf {
                site,
                test: false,
                due: None,
            })),
            ..OpenRequest::default()
        };
        let opened = self.open_ticket(actor, request).await?;
        self.wake();
        Ok(opened)
    }

    async fn community_of(
        &self,
        may: &MayRaise,
        wanted: Option<&str>,
    ) -> Result<Option<String>, Error> {
        let Some(wanted) = wanted.map(str::trim).filter(|w| !w.is_empty()) else {
            return match may.communities.as_slice() {
                _ if may.any => Ok(None),
                [(key, _)] => Ok(Some(key.clone())),
                several => {
                    let keys: Vec<&str> = several.iter().map(|(key, _)| key.as_str()).collect();
                    let keys = keys.join(", ");
                    let said = format!("say for which one you raise it: {keys}");
                    Err(Error::invalid("community", said))
                }
            };
        };
        let catalogue = self.catalogue().await?;
        let found = catalogue.find_community("community", wanted)?;
        if may.communities.iter().any(|(key, _)| *key == found.key) {
            return Ok(Some(found.key.clone()));
        }
        Err(Error::Forbidden(format!(
            "you were not nominated to raise alarms for {}",
            found.name
        )))
    }

    async fn called_site(&self, key: &str) -> Result<AlarmSite, Error> {
        let named = key.trim().to_owned();
        let found = self
            .0
            .db
            .read(move |c| {
                let sites = store::alarm::sites(c)?;
                let found = sites
                    .into_iter()
                    .find(|s| s.site.eq_ignore_ascii_case(&named));
                Ok::<_, Error>(found)
            })
            .await?;
        found.ok_or_else(|| Error::not_found(format!("site {:?} to be called", key.trim())))
    }

    /// Tests now whether a site would hear an alarm.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when there is no address any more, or while
    /// nothing signs alarms; unless an administrator does it.
    pub async fn test_alarm(&self, actor: &Actor, site: &str) -> Result<Opened, Error> {
        administers(actor)?;
        self.signs_alarms()?;
        let site = self.called_site(site).await?;
        let opened = self.begin_test(actor, site, None).await?;
        self.wake();
        Ok(opened)
    }

    /// Opens the ticket of a test. `due`: the test's own time, for which it is begun once.
    async fn begin_test(
        &self,
        actor: &Actor,
        site: AlarmSite,
        due: Option<Millis>,
    ) -> Result<Opened, Error> {
        if site.address.is_none() {
            return Err(Error::Conflict(format!(
                "{} has no emergency address any more: give it another",
                site.site
            )));
        }
        let catalogue = self.catalogue().await?;
        let test = "test".to_owned();
        let request = OpenRequest {
            subject: format!("Test of the alarm for {}", site.site),
            description: format!(
                "Nothing is wrong. {} is asked to confirm that it would hear an alarm.",
                site.site
            ),
            // A desk may have taken the category out.
            category: catalogue.check_category(&test).is_ok().then_some(test),
            site: Some(site.site.clone()),
            kind: TicketType::Alarm,
            call: Some(Box::new(CallOf {
                site,
                test: true,
                due,
            })),
            ..OpenRequest::default()
        };
        self.open_ticket(actor, request).await
    }

    /// Alarms, the newest first; `before`: only older ones; at most [`MOST_ALARMS`].
    ///
    /// # Errors
    /// Unless first level or an administrator asks.
    pub async fn alarms(
        &self,
        actor: &Actor,
        before: Option<TicketNumber>,
        limit: i64,
    ) -> Result<Vec<Alarm>, Error> {
        if !(actor.admin || actor.first_level() || actor.is_system()) {
            return Err(Error::Forbidden(
                "alarms are listed for first level and administrators".into(),
            ));
        }
        self.0
            .db
            .read(move |c| {
                store::alarm::newest(c, before, limit.clamp(1, MOST_ALARMS)).map_err(Error::from)
            })
            .await
    }

    /// The alarm of a ticket, for whoever may see the ticket; `None`: it is none.
    ///
    /// # Errors
    /// [`Error::NotFound`] where they may not.
    pub async fn alarm_of(
        &self,
        actor: &Actor,
        ticket: TicketNumber,
    ) -> Result<Option<Alarm>, Error> {
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| {
                crate::view::load_visible(c, &actor, ticket)?;
                store::alarm::of_ticket(c, ticket).map_err(Error::from)
            })
            .await
    }
}

fn edited(
    known: Option<&AlarmSite>,
    key: &str,
    keeper: PersonId,
    now: Millis,
    edit: &AlarmSiteEdit,
) -> Result<AlarmSite, Error> {
    let address = match &edit.address {
        Some(address) => Some(address.trim().to_lowercase()),
        None => known.and_then(|s| s.address.clone()),
    };
    if !address.as_deref().is_some_and(is_mail_address) {
        return Err(Error::invalid(
            "address",
            "takes the mail address that wakes somebody, as alarm@site.example",
        ));
    }
    let answer_min = edit
        .answer_minutes
        .or(known.map(|s| s.answer_min))
        .unwrap_or(ANSWER_MINUTES);
    let test_answer_min = edit
        .test_answer_minutes
        .or(known.map(|s| s.test_answer_min))
        .unwrap_or(TEST_ANSWER_MINUTES);
    let test_days = edit
        .test_days
        .or(known.map(|s| s.test_days))
        .unwrap_or(TEST_DAYS);
    between("answer_minutes", answer_min, 1, LONGEST_ANSWER)?;
    between("test_answer_minutes", test_answer_min, 1, LONGEST_ANSWER)?;
    between("test_days", test_days, 0, LONGEST_TEST)?;
    let next_test_at = match (test_days, known) {
        (0, _) => None,
        (days, Some(site)) if site.test_days == days => site.next_test_at,
        (days, _) => Some(now + days * DAY_MS),
    };
    Ok(AlarmSite {
        site: key.to_owned(),
        address,
        answer_min,
        test_answer_min,
        test_days,
        next_test_at,
        keeper,
        version: known.map_or(0, |s| s.version),
    })
}

/// A site as the audit log tells it.
fn told(site: &AlarmSite) -> serde_json::Value {
    json!({
        "address": site.address,
        "answer_minutes": site.answer_min,
        "test_answer_minutes": site.test_answer_min,
        "test_days": site.test_days,
    })
}

/// The keeper of a site, as whom its tests are opened.
fn keeper(c: &mut Conn<'_>, site: &AlarmSite) -> Result<Actor, Error> {
    let name = store::person::load(c, site.keeper)?.map_or_else(String::new, |p| p.name);
    Ok(Actor::plain(site.keeper, name, Channel::Job))
}
