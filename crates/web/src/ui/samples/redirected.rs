use desk::redirect::link::Deed;
use desk::redirect::view::Seen;
use desk::satisfaction::Stands;
use switchboard_core::redirect::{Ended, Held, Stage, Turn};
use switchboard_core::satisfaction::Said;
use switchboard_core::{Status, TicketNumber};

use super::{DAY, HOUR, NOW, dial, s};
use crate::ui::frame::{Errors, Frame};
use crate::ui::list_link::{AskedPage, ListLinkPage};
use crate::ui::redirected::{RedirectPane, RedirectedPage, RedirectedRow};
use crate::ui::solution_link::{RateForm, SolutionLinkPage};
use crate::ui::view::{Choice, Pages};

fn seen(number: i64, subject: &str) -> Seen {
    Seen {
        ticket: TicketNumber(number),
        seq: 1,
        subject: s(subject),
        status: Status::Assigned,
        service: (s("sky-atlas"), s("Sky Atlas")),
        list: s("help@sky.example"),
        stage: Stage::Active,
        turn: Turn::List,
        turn_since: NOW - 6 * DAY,
        began_at: NOW - 6 * DAY,
        sent_at: Some(NOW - DAY),
        life_at: None,
        warned_at: Some(NOW - DAY),
        woken_at: Some(NOW - HOUR),
        next_at: None,
        trouble: None,
        may_open: true,
    }
}

fn rows() -> Vec<RedirectedRow> {
    [
        seen(48_190, "Plate 17 is missing <b>"),
        Seen {
            stage: Stage::Held(Held::Flood),
            trouble: Some(s("it came back (5.1.1)")),
            ..seen(48_195, "Catalogue of stars does not load")
        },
        Seen {
            turn: Turn::Requester,
            life_at: Some(NOW - 2 * HOUR),
            warned_at: None,
            woken_at: None,
            may_open: false,
            ..seen(48_201, "How do I cite the atlas?")
        },
        Seen {
            stage: Stage::Ended(Ended::GivenBack),
            sent_at: None,
            ..seen(48_207, "Password of the portal")
        },
    ]
    .into_iter()
    .map(|one| RedirectedRow::of(one, &dial()))
    .collect()
}

pub(super) fn pane() -> RedirectPane {
    RedirectPane {
        rows: rows().into_iter().take(2).collect(),
        again: true,
        targets: Choice::list([("sky-atlas", "Sky Atlas")], "sky-atlas"),
    }
}

impl RedirectedPage {
    pub(crate) fn sample() -> RedirectedPage {
        RedirectedPage {
            frame: Frame::stranger_sample(),
            which: Choice::list(
                [("open", "All open (3)"), ("woken", "Needs you (2)")],
                "open",
            ),
            services: Choice::list([("", "Every service"), ("sky-atlas", "Sky Atlas")], ""),
            rows: rows(),
            pages: Pages {
                words: s("Longest unchanged first"),
                newer: Some(s("/redirected")),
                older: Some(s("/redirected?after=x")),
            },
        }
    }

    pub(crate) fn empty_sample() -> RedirectedPage {
        RedirectedPage {
            rows: Vec::new(),
            pages: Pages {
                newer: None,
                older: None,
                ..RedirectedPage::sample().pages
            },
            ..RedirectedPage::sample()
        }
    }
}

impl ListLinkPage {
    pub(crate) fn sample() -> ListLinkPage {
        ListLinkPage {
            frame: Frame::stranger_sample(),
            base: s("/l/48190.1.word"),
            deed: Deed::Solved,
            number: 48_190,
            service: s("Sky Atlas"),
            list: s("help@sky.example"),
            over: false,
            done: false,
            name: String::new(),
            text: String::new(),
            errors: Errors::default(),
        }
    }

    pub(crate) fn refused_sample() -> ListLinkPage {
        ListLinkPage {
            deed: Deed::GiveBack,
            name: s("Jane <Doe>"),
            errors: Errors::one("text", "Say in a few words why it is not yours."),
            ..ListLinkPage::sample()
        }
    }

    pub(crate) fn done_sample() -> ListLinkPage {
        ListLinkPage {
            deed: Deed::Working,
            done: true,
            ..ListLinkPage::sample()
        }
    }

    pub(crate) fn over_sample() -> ListLinkPage {
        ListLinkPage {
            over: true,
            ..ListLinkPage::sample()
        }
    }
}

impl SolutionLinkPage {
    pub(crate) fn sample() -> SolutionLinkPage {
        SolutionLinkPage {
            frame: Frame::stranger_sample(),
            action: s("/solution/48190.1.word/not-solved"),
            shown: s("1.word"),
            said: Said::NotSolved,
            number: 48_190,
            service: s("Sky Atlas"),
            unit: s("Storage <team>"),
            solved: dial().moment(NOW - HOUR),
            stands: Stands::Asks,
            waits: None,
            done: false,
            hurried: true,
            rated: None,
            rate: None,
            text: s("It <still> stops."),
            errors: Errors::default(),
        }
    }

    pub(crate) fn verified_sample() -> SolutionLinkPage {
        SolutionLinkPage {
            stands: Stands::Verified,
            done: true,
            hurried: false,
            rate: Some(RateForm::default()),
            errors: Errors::one("rating", "Choose one of the five."),
            ..SolutionLinkPage::sample()
        }
    }

    pub(crate) fn waiting_sample() -> SolutionLinkPage {
        SolutionLinkPage {
            waits: Some(dial().moment(NOW)),
            hurried: false,
            ..SolutionLinkPage::sample()
        }
    }

    pub(crate) fn over_sample() -> SolutionLinkPage {
        SolutionLinkPage {
            stands: Stands::Over,
            hurried: false,
            rated: Some("Content"),
            ..SolutionLinkPage::sample()
        }
    }
}

impl AskedPage {
    pub(crate) fn sample() -> AskedPage {
        AskedPage {
            frame: Frame::stranger_sample(),
            action: s("/asked/48190.1.word"),
            number: 48_190,
            service: s("Sky Atlas"),
            over: false,
            said: None,
        }
    }

    pub(crate) fn said_sample() -> AskedPage {
        AskedPage {
            said: Some(true),
            ..AskedPage::sample()
        }
    }
}
