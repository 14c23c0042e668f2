//! Samples of the exchange with partners' systems.

use desk::exchange::curve::Over;
use store::curve::Point;
use switchboard_core::Status;

use super::{DAY, HOUR, MIN, NOW, dial, s};
use crate::ui::curve::{self, CurvePlot, CurveView};
use crate::ui::exchange::{
    CouplingRow, DeadRow, DeskRow, ExchangePage, LaneRow, PartnerRow, TraceView, TravelRow,
    WakeView,
};
use crate::ui::frame::{Errors, Frame, Here, Me};
use crate::ui::view::{Chip, Lamp, Pages, StatusMark, Tone};

fn coupling(service: &str, state: &'static str, words: &str) -> CouplingRow {
    CouplingRow {
        id: s("0190f3a0-0000-7000-8000-000000000003"),
        service: s(service),
        about: s("Request Tracker (RT) at rt.eudat.example, queue <b>"),
        lamp: Lamp {
            state,
            words: s(words),
        },
        arrows: "swap",
        direction: "both ways",
        looked: Some(dial().ago(NOW - MIN)),
        lag: String::new(),
        lag_in: String::new(),
        waiting: 0,
        dead: 0,
        links: 22,
        error: None,
        next: None,
        paused: false,
        ended: false,
        wake: Some(WakeView {
            address: s("https://desk.example/api/v1/exchange/wake/0190f3a0.<b>"),
            scrip: s("require LWP::UserAgent;\n<b>\nreturn 1;"),
            secret: String::new(),
        }),
    }
}

fn partner(number: &str) -> PartnerRow {
    PartnerRow {
        system: s("rt.eudat.example"),
        number: s(number),
        status: s("stalled <b>"),
        owner: s("jan"),
        queue: s("disks <b>"),
        links: vec![s("RefersTo https://wiki.example/<b>"), s("MemberOf 12")],
        conflicts: vec![s(
            "priority: “top” of b.example counts; a.example set “<b>”",
        )],
        chips: vec![
            Chip::new(Tone::External, "They are responsible"),
            Chip::with_icon(Tone::Warn, "clock", "2 to go there"),
        ],
        came: Some(dial().ago(NOW - 3 * HOUR)),
        sent: None,
        error: s("502 Bad Gateway <try later>"),
        looked: Some((dial().ago(NOW - 8 * DAY), s("Ilona <b>"))),
        ended: false,
    }
}

pub(super) fn partners() -> Vec<PartnerRow> {
    vec![
        partner("118842"),
        PartnerRow {
            owner: String::new(),
            chips: vec![Chip::new(Tone::Plain, "Taken back")],
            came: None,
            error: String::new(),
            looked: None,
            ended: true,
            ..partner("")
        },
    ]
}

fn travels(number: i64) -> TravelRow {
    TravelRow {
        number,
        subject: s("Checksum differs after download <b>"),
        status: StatusMark::of(Status::Assigned),
        service: s("B2SAFE"),
        there: partner("118842"),
        waiting: Some(dial().ago(NOW - 20 * MIN)),
        began: dial().ago(NOW - 3 * DAY),
    }
}

/// A curve with a gap.
pub(super) fn curve() -> CurveView {
    let points: Vec<Point> = [0, 1, 2, 90, 91, 285, 286]
        .map(|n: i64| Point {
            at: NOW - DAY + n * 5 * MIN,
            lag_in: 700 * (n % 3),
            lag_out: 500 * (n % 7),
            backlog: n % 5,
            came: 1,
            sent: 2,
            ..Point::default()
        })
        .to_vec();
    CurveView {
        id: s("curve-1"),
        name: s("Desk <b>"),
        plot: CurvePlot::of(&points, Over::Day, &dial()),
    }
}

fn lane(class: &'static str, way: &'static str, here: &str, there: &str) -> LaneRow {
    LaneRow {
        class,
        way,
        at: dial().moment(NOW - HOUR),
        here: s(here),
        there: s(there),
    }
}

impl ExchangePage {
    pub(crate) fn sample() -> ExchangePage {
        ExchangePage {
            frame: Frame::staff_sample(Here::Exchange),
            couplings: vec![
                coupling("B2SAFE", "", "In step"),
                CouplingRow {
                    lag: s("50 min"),
                    lag_in: s("49 min"),
                    waiting: 52,
                    dead: 1,
                    error: Some((s("it takes too long <b>"), dial().moment(NOW - HOUR))),
                    next: Some(s("today 10:48")),
                    ..coupling("B2STAGE", "down", "Stopped")
                },
                CouplingRow {
                    arrows: "go",
                    direction: "only to them",
                    looked: None,
                    links: 1,
                    paused: true,
                    ended: true,
                    wake: Some(WakeView {
                        address: s("https://desk.example/api/v1/exchange/wake/0190f3a0.c"),
                        scrip: String::new(),
                        secret: s("wake-s3cret <b>"),
                    }),
                    ..coupling("B2DROP", "off", "Paused")
                },
            ],
            desks: vec![DeskRow {
                id: s("0190f3a0-0000-7000-8000-000000000005"),
                title: s("Desk <b>"),
                about: s("b.example: Desk B; what comes begins in First level; 3 shared"),
                lamp: Lamp {
                    state: "down",
                    words: s("Stopped"),
                },
                arrows: "swap",
                direction: "both ways",
                came: Some(dial().ago(NOW - MIN)),
                lag: s("3 min"),
                lag_in: s("1 h"),
                paused: false,
                ended: false,
                waiting: 7,
                dead: 1,
                error: Some((s("it takes too long <b>"), dial().moment(NOW - HOUR))),
            }],
            curves: vec![
                curve(),
                CurveView {
                    id: s("curve-2"),
                    name: s("B2DROP <b>"),
                    plot: None,
                },
            ],
            over: curve::choices(Over::Day),
            quiet: 1,
            lag: s("50 min"),
            waiting: 52,
            dead: vec![DeadRow {
                id: s("0190f3a0-0000-7000-8000-000000000004"),
                number: 48_140,
                foreign: false,
                way: s("To rt.eudat.example"),
                what: s("status “resolved”"),
                why: s("Permission Denied <b>"),
                since: dial().ago(NOW - DAY),
            }],
            held: vec![travels(48_140)],
            rows: vec![
                travels(48_213),
                TravelRow {
                    there: PartnerRow {
                        owner: String::new(),
                        came: None,
                        sent: Some(dial().ago(NOW - DAY)),
                        ..partner("")
                    },
                    ..travels(48_214)
                },
            ],
            pages: Pages {
                words: String::new(),
                newer: Some(s("/exchange#at-partners")),
                older: Some(s("/exchange?after=1.x#at-partners")),
            },
            ticket: s("48213"),
            traces: Some(vec![TraceView {
                there: partner("118842"),
                lines: vec![
                    lane("", "here", "The ticket is given to rt.eudat.example", ""),
                    lane("to", "sent", "The ticket", "number 118842"),
                    lane("from", "came", "", "status “stalled <b>”"),
                ],
            }]),
            errors: Errors::default(),
            wrong: String::new(),
        }
    }

    /// After something was to be given up without a reason.
    pub(crate) fn wrong_sample() -> ExchangePage {
        ExchangePage {
            errors: Errors::one("reason", "Say why it need not go there."),
            wrong: s("0190f3a0-0000-7000-8000-000000000004"),
            ..ExchangePage::sample()
        }
    }

    /// As first level sees it, who typed something that is no number.
    pub(crate) fn looking_sample() -> ExchangePage {
        let page = ExchangePage::sample();
        ExchangePage {
            frame: Frame {
                me: page.frame.me.clone().map(|me| Me { admin: false, ..me }),
                ..page.frame
            },
            dead: Vec::new(),
            held: Vec::new(),
            rows: Vec::new(),
            pages: Pages::default(),
            ticket: s("x"),
            traces: None,
            errors: Errors::one("ticket", "Give a ticket’s number."),
            ..ExchangePage::sample()
        }
    }

    pub(crate) fn empty_sample() -> ExchangePage {
        ExchangePage {
            couplings: Vec::new(),
            desks: Vec::new(),
            quiet: 0,
            ..ExchangePage::looking_sample()
        }
    }
}
