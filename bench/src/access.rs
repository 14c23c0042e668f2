//! The same pages for people with more and fewer rights, beside an administrator's.

use std::time::Instant;

use anyhow::Context as _;
use desk::account::NewAccount;
use desk::{Clock as _, SystemClock};
use store::person::Person;
use switchboard_core::{Part as Standing, UnitId};

use crate::http::{Client, ROW};
use crate::report::{Line, Times};
use crate::server::Server;
use crate::stand::{Stand, Who, encode};
use crate::world::CROWDED_UNIT;
use crate::{fill, say};

/// How often each of them reads each page.
const READS: usize = 60;

/// Everybody whose lists are compared; the administrator comes first.
pub(crate) struct People {
    staff: Vec<(&'static str, Who)>,
    /// The one with the most tickets among some, and no membership.
    requester: Who,
}

impl People {
    /// Gives them accounts, before the server starts.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) fn enrol(stand: &Stand) -> anyhow::Result<People> {
        let desk = fill::desk(&stand.url, stand.data.path())?;
        let units: Vec<UnitId> = stand.maker.world.units.iter().map(|u| u.id).collect();
        let last = units.len().saturating_sub(1);
        let far: Vec<UnitId> = (1..=20).map(|i| units[(i * 17) % last + 1]).collect();
        let several = [
            ("an administrator", true, false, vec![]),
            ("first level", false, false, vec![units[0]]),
            ("a monitor", false, true, vec![units[last]]),
            ("a member of one unit", false, false, vec![units[3]]),
            ("a member of 20 units", false, false, far),
            (
                "a member of the largest unit",
                false,
                false,
                vec![units[CROWDED_UNIT]],
            ),
        ];
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let stamp = SystemClock.now();
        runtime.block_on(async {
            let mut staff = Vec::new();
            for (i, (what, admin, monitor, units)) in several.into_iter().enumerate() {
                let person = desk
                    .create_account(NewAccount {
                        email: format!("access{i}.{stamp}@bench.example"),
                        name: format!("access {i}"),
                        password: Some(Who::PASSWORD.into()),
                        support: true,
                        admin,
                        monitor,
                        ..NewAccount::default()
                    })
                    .await?;
                for unit in units {
                    desk.set_member(unit, person.id, Standing::Member).await?;
                }
                staff.push((what, Who::with_token(&desk, &person).await?));
            }
            let requester: &Person = &stand.maker.world.requesters[7];
            let requester = Who::with_token(&desk, requester).await?;
            anyhow::Ok(People { staff, requester })
        })
    }
}

/// Reads every list as each of them, in turn, so that all meet the same noise.
///
/// # Errors
/// When an answer is not what it should be.
pub(crate) fn measure(
    stand: &Stand,
    server: &Server,
    people: &People,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let words = &stand.maker.words;
    let middling = encode(words.at(1_500));
    let common = encode(words.at(40));
    let api = [
        ("newest", "limit=50".to_owned()),
        ("open", "limit=50&q=status%3Aopen".to_owned()),
        ("high or more", "limit=50&q=priority%3E%3Dhigh".to_owned()),
        ("with a common word", format!("limit=50&q={common}")),
        ("with a middling word", format!("limit=50&q={middling}")),
        (
            "open, with a common word",
            format!("limit=50&q=status%3Aopen%20{common}"),
        ),
    ];
    let token = |who: &Who| stand.client(server, who);
    let mut clients: Vec<(&str, Client)> = people
        .staff
        .iter()
        .map(|(what, who)| (*what, token(who)))
        .collect();
    clients.push(("a requester", token(&people.requester)));
    for (what, query) in &api {
        let path = format!("/api/v1/tickets?{query}");
        compare(
            stand,
            &format!("list by API, {what}"),
            &path,
            &mut clients,
            lines,
        )?;
    }
    let mut browsers = Vec::new();
    for (what, who) in &people.staff {
        browsers.push((*what, stand.browser(server, who)?));
    }
    for (what, path) in [
        ("open", "/work?view=open".to_owned()),
        ("newest", "/work?q=status%3Aany&sort=new".to_owned()),
        ("with a middling word", format!("/work?q={middling}")),
        (
            "open, with a common word",
            format!("/work?q=status%3Aopen%20{common}"),
        ),
    ] {
        for (who, browser) in &mut browsers {
            let page = stand.runtime.block_on(browser.get(&path))?.want(200)?;
            page.shows(ROW, 1)
                .with_context(|| format!("{path}, {who}"))?;
        }
        compare(
            stand,
            &format!("list as a page, {what}"),
            &path,
            &mut browsers,
            lines,
        )?;
    }
    unit(stand, server, people, lines)
}

fn compare(
    stand: &Stand,
    what: &str,
    path: &str,
    clients: &mut [(&str, Client)],
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); clients.len()];
    for i in 0..READS + 5 {
        for (n, (_, client)) in clients.iter_mut().enumerate() {
            let took = timed(stand, client, path)?;
            // The first ones fill caches and prepare statements.
            if i >= 5 {
                times[n].push(took);
            }
        }
    }
    let mut all = times.into_iter().map(Times::of);
    let admin = all.next().unwrap_or(Times { p50: 0.0, p95: 0.0 });
    for ((who, _), own) in clients.iter().skip(1).zip(all) {
        say(&format!(
            "{what}, {who}: {:.2} ms beside {:.2}",
            own.p50, admin.p50
        ));
        lines.push(
            Line::times(format!("{what}: {who}"), &own)
                .beside_times(&admin)
                .goal(
                    "≤ 2 × an administrator's at p50",
                    own.p50 <= 2.0 * admin.p50,
                )
                .note("beside an administrator instead of bare SQL"),
        );
    }
    Ok(())
}

fn unit(
    stand: &Stand,
    server: &Server,
    people: &People,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let key = &stand.maker.world.units[CROWDED_UNIT].key;
    let Some((_, member)) = people.staff.last() else {
        return Ok(());
    };
    let mut browser = stand.browser(server, member)?;
    let mut client = stand.client(server, member);
    let path = format!("/api/v1/units/{key}/members?limit=100");
    let of_unit = stand.runtime.block_on(client.get(&path))?.want(200)?;
    let listed: serde_json::Value = serde_json::from_slice(&of_unit.body)?;
    let listed = listed["items"].as_array().map_or(0, Vec::len);
    for (what, client, path) in [
        (
            "a unit's page, as its member",
            &mut browser,
            format!("/units/{key}"),
        ),
        ("a unit's members by API", &mut client, path),
    ] {
        let mut times = Vec::new();
        for i in 0..READS + 5 {
            let took = timed(stand, client, &path)?;
            if i >= 5 {
                times.push(took);
            }
        }
        let times = Times::of(times);
        lines.push(
            Line::times(what, &times)
                .goal("≤ 100 at p95", times.p95 <= 100.0)
                .note(format!("{listed} members in the first answer by API")),
        );
    }
    Ok(())
}

fn timed(stand: &Stand, client: &mut Client, path: &str) -> anyhow::Result<f64> {
    let start = Instant::now();
    stand.runtime.block_on(client.get(path))?.want(200)?;
    Ok(start.elapsed().as_secs_f64() * 1_000.0)
}
