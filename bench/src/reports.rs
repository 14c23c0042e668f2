//! Reports over a year, as first level, whose reports count everything.

use std::time::Instant;

use jiff::Timestamp;
use switchboard_core::report::table::{EXCHANGE_LAG, REPORTS};

use crate::report::{Line, Times};
use crate::server::Server;
use crate::stand::Stand;
use crate::{fill, say};

/// How often each is read.
const READS: usize = 12;
const DAY_MS: i64 = 86_400_000;

/// Packs what is not packed yet, before the server starts.
///
/// # Errors
/// When the database refuses.
pub(crate) fn pack(stand: &Stand, lines: &mut Vec<Line>) -> anyhow::Result<()> {
    let desk = fill::desk(&stand.url, stand.data.path())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let began = Instant::now();
    let mut steps = 0;
    loop {
        let done = runtime.block_on(desk.pack_reports())?;
        steps += done;
        if done < desk::report::STEPS {
            break;
        }
    }
    let took = began.elapsed().as_secs_f64();
    say(&format!("packed for reports in {steps} steps, {took:.1} s"));
    lines.push(
        Line::one("all tickets packed for reports", "s", took)
            .note(format!("once after an upgrade, in {steps} transactions")),
    );
    Ok(())
}

/// Reads every report of the newest year and of five.
///
/// # Errors
/// When an answer is not what it should be.
pub(crate) fn measure(stand: &Stand, server: &Server, lines: &mut Vec<Line>) -> anyhow::Result<()> {
    let mut client = stand.client(server, &stand.first);
    let end = stand.filled.at;
    let day = |at: i64| -> anyhow::Result<String> {
        let at = Timestamp::from_millisecond(at)?;
        Ok(at.strftime("%Y-%m-%d").to_string())
    };
    for (range, years) in [("a year", 1), ("five years", 5)] {
        let from = day(end - years * 365 * DAY_MS)?;
        let to = day(end)?;
        for report in REPORTS.iter().filter(|r| r.key != EXCHANGE_LAG) {
            let path = format!("/api/v1/reports/{}?from={from}&to={to}", report.key);
            let mut times = Vec::new();
            for _ in 0..READS {
                let began = Instant::now();
                stand.runtime.block_on(client.get(&path))?.want(200)?;
                times.push(began.elapsed().as_secs_f64() * 1_000.0);
            }
            let times = Times::of(times);
            say(&format!(
                "report {} of {range}: {:.0} ms",
                report.key, times.p50
            ));
            lines.push(
                Line::times(format!("report {} of {range}", report.key), &times)
                    .goal("≤ 1 s at p95", times.p95 <= 1_000.0),
            );
        }
    }
    let mut browser = stand.browser(server, &stand.first)?;
    let mut times = Vec::new();
    for _ in 0..READS {
        let began = Instant::now();
        let answer = stand.runtime.block_on(browser.get("/reports?time=365"))?;
        answer.want(200)?;
        times.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    let times = Times::of(times);
    lines.push(
        Line::times("the page of reports, last 365 days", &times)
            .goal("≤ 1 s at p95", times.p95 <= 1_000.0),
    );
    Ok(())
}
