//! Samples of the pages for providers and of what administrators decide about
//! their forms.

use desk::onboarding::{Changed, told};
use switchboard_core::onboarding::{Form, Problem, ServicePart, State, Step, Way, label};

use super::{HOUR, NOW, dial, s};
use crate::ui::admin::onboarding::{DecisionPage, QueuePage, UndoCard};
use crate::ui::admin::service_provider::{ContactRow, OneProviderPage, ProviderRow, ProvidersPage};
use crate::ui::ask::{Ask, errors_of};
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::provider::connect::{CheckRow, Connect, TestCard};
use crate::ui::provider::fields::Group;
use crate::ui::provider::form::{BeginPage, FormPage, Missing, NoteRow, StepMark};
use crate::ui::provider::list::ListPage;
use crate::ui::provider::way::{AgreementRow, WayPage};
use crate::ui::provider::{FormRow, ProviderIndex, ProviderView, ServiceRow, state_chip};
use crate::ui::text::prose;

const HREF: &str = "/provider/onboarding/0190f3a0-0000-7000-8000-000000000000";

fn frame() -> Frame {
    Frame {
        here: Here::Providers,
        ..Frame::sample()
    }
}

fn form() -> Form {
    let mut form = Form::fresh("ilona@eudat.example");
    form.provider.name = s("Sky <b>Institute</b>");
    form.services[0].name = s("Sky Atlas");
    form.option = Some(Way::Integration);
    form.exchange.system = s("rt");
    form.exchange.endpoint = s("https://rt.sky.example/REST/2.0");
    form.exchange.fields = vec![s("category = Kind | incident = <b> | test = <b>")];
    form.fill_maps();
    form
}

fn row(state: State) -> FormRow {
    FormRow {
        href: s(HREF),
        title: s("Sky Atlas"),
        about: s("Sky Institute · Full exchange · by Ilona Novák"),
        chip: state_chip(state),
        when: dial().ago(NOW - 3 * HOUR),
    }
}

fn note() -> NoteRow {
    NoteRow {
        when: dial().moment(NOW - HOUR),
        what: s("Adéla Marek asked for changes"),
        text: prose("Please use the second level."),
        said: true,
    }
}

fn problem() -> Problem {
    Problem {
        field: s("services.0.area"),
        problem: s("Say under which heading it belongs."),
    }
}

fn steps(here: Step) -> Vec<StepMark> {
    Step::ALL
        .into_iter()
        .map(|step| StepMark {
            key: step.key(),
            label: step.label(),
            done: step < here,
            here: step == here,
        })
        .collect()
}

fn change() -> Changed {
    Changed {
        field: s("unit.level"),
        label: label("unit.level"),
        before: s("2"),
        after: String::new(),
    }
}

impl ProviderIndex {
    pub(crate) fn sample() -> ProviderIndex {
        ProviderIndex {
            frame: frame(),
            providers: vec![ProviderView {
                key: s("sky"),
                name: s("Sky Institute"),
                about: s("Czechia · office@sky.example"),
                services: vec![ServiceRow {
                    name: s("Sky Atlas"),
                    unit: s("Sky Atlas support"),
                    way: s("Direct usage"),
                    href: s("/provider/services/sky-atlas/option"),
                    moving: true,
                    active: true,
                    open: 7,
                    opened: 12,
                    closed: 9,
                }],
                contacts: s("Ilona Novák"),
            }],
            forms: vec![row(State::Draft), row(State::Accepted)],
        }
    }
}

impl BeginPage {
    pub(crate) fn sample() -> BeginPage {
        BeginPage {
            frame: frame(),
            forms: vec![row(State::Returned)],
        }
    }
}

impl FormPage {
    pub(crate) fn sample() -> FormPage {
        let wrong = [Problem {
            field: s("exchange.secret"),
            problem: s("Give the name under which the operator keeps the secret."),
        }];
        FormPage {
            frame: frame(),
            href: s(HREF),
            title: s("Connect your service to the helpdesk"),
            chip: state_chip(State::Draft),
            open: true,
            steps: steps(Step::Connect),
            step: Step::Connect.key(),
            step_label: Step::Connect.label(),
            wanted: None,
            groups: Vec::new(),
            connect: Some(connect(&wrong)),
            review: false,
            missing: Vec::new(),
            told: Vec::new(),
            would: Vec::new(),
            notes: Vec::new(),
            back: Some((Step::Provider.key(), Step::Provider.label())),
            next: Some((Step::Unit.key(), Step::Unit.label())),
            areas: vec![s("Data")],
            zones: Vec::new(),
            errors: errors_of(&wrong),
        }
    }

    pub(crate) fn wrong_sample() -> FormPage {
        let wrong = [problem()];
        FormPage {
            steps: steps(Step::Provider),
            step: Step::Provider.key(),
            step_label: Step::Provider.label(),
            wanted: Some(prose("Please say where it belongs.")),
            groups: vec![Group {
                legend: s("Service"),
                text: s("What you offer."),
                asks: vec![
                    Ask::line("services.0.name", "Name", "Sky Atlas"),
                    Ask::line("services.0.area", "Area", "")
                        .suggest("areas")
                        .judged(&wrong),
                    Ask::area("services.0.questions", "Questions", "Where?", 3).hint("One a line."),
                    Ask::pick("quality.qos", "Promise", "base", [("base", "Base")]),
                    Ask::line("quality.time_zone", "Zone", "").suggest("zones"),
                    Ask::tick("x.y", "Yes", true),
                ],
                button: Some((s("add-service"), s("Add another service"))),
            }],
            connect: None,
            back: None,
            zones: vec![s("Europe/Prague")],
            errors: errors_of(&wrong),
            ..FormPage::sample()
        }
    }

    pub(crate) fn review_sample() -> FormPage {
        FormPage {
            steps: steps(Step::Review),
            step: Step::Review.key(),
            step_label: Step::Review.label(),
            connect: None,
            review: true,
            missing: vec![Missing {
                label: label("services.0.area"),
                problem: problem().problem,
                step: Step::Provider.key(),
                step_label: Step::Provider.label(),
            }],
            told: told(&form()),
            would: vec![s("Provider Sky Institute (new)")],
            notes: vec![note()],
            next: None,
            errors: Errors::default(),
            ..FormPage::sample()
        }
    }

    pub(crate) fn sent_sample() -> FormPage {
        FormPage {
            chip: state_chip(State::Submitted),
            open: false,
            steps: Vec::new(),
            missing: Vec::new(),
            back: None,
            ..FormPage::review_sample()
        }
    }
}

fn connect(wrong: &[Problem]) -> Connect {
    let rows = |class, icon| CheckRow {
        class,
        icon,
        text: s("Confirmed by somebody who reads help@sky.example"),
        detail: s("The link works for 7 days."),
    };
    Connect {
        test: TestCard {
            when: s("2 minutes ago"),
            rows: vec![rows("bad", "x")],
        },
        list: TestCard {
            when: s("2 minutes ago"),
            rows: vec![rows("good", "check"), rows("odd", "warn")],
        },
        ..Connect::of(&form(), None, Some(Way::Direct), wrong, &dial())
    }
}

impl ListPage {
    pub(crate) fn sample() -> ListPage {
        ListPage {
            frame: Frame::stranger_sample(),
            action: s("/provider/list/word"),
            list: s("help@sky.example"),
            done: false,
        }
    }

    pub(crate) fn done_sample() -> ListPage {
        ListPage {
            done: true,
            ..ListPage::sample()
        }
    }
}

impl WayPage {
    pub(crate) fn sample() -> WayPage {
        WayPage {
            frame: frame(),
            action: s("/provider/services/sky-atlas/option"),
            name: s("Sky Atlas"),
            now: s("Direct usage"),
            unit: s("Sky Atlas support"),
            chip: Some(state_chip(State::Returned)),
            open: true,
            sheet_href: None,
            connect: connect(&[]),
            notes: vec![note()],
            agreements: vec![
                AgreementRow {
                    words: s("Direct usage"),
                    from: dial().moment(NOW - 9 * HOUR),
                    until: None,
                },
                AgreementRow {
                    words: s("Tracked redirection: help@sky.example"),
                    from: dial().moment(NOW - 99 * HOUR),
                    until: Some(dial().moment(NOW - 9 * HOUR)),
                },
            ],
            errors: Errors::default(),
        }
    }

    pub(crate) fn waiting_sample() -> WayPage {
        WayPage {
            open: false,
            sheet_href: Some(s(HREF)),
            ..WayPage::sample()
        }
    }
}

impl QueuePage {
    pub(crate) fn sample() -> QueuePage {
        QueuePage {
            frame: Frame::staff_sample(Here::Admin),
            waiting: vec![row(State::Submitted)],
            others: vec![
                row(State::Accepted),
                row(State::Undone),
                row(State::Refused),
            ],
        }
    }
}

impl DecisionPage {
    pub(crate) fn sample() -> DecisionPage {
        let mut form = form();
        form.services.push(ServicePart::default());
        DecisionPage {
            frame: Frame::staff_sample(Here::Admin),
            action: s("/admin/onboarding/0190f3a0-0000-7000-8000-000000000000"),
            title: s("Sky Atlas"),
            lead: s("Ilona Novák wants to bring this in."),
            chip: state_chip(State::Submitted),
            waits: true,
            version: 7,
            would: vec![s("Provider Sky Institute (new)"), s("Service Sky Atlas")],
            missing: vec![(s("Unit’s name"), s("There is a unit of this name already."))],
            changes: vec![change()],
            since_review: vec![change()],
            told: told(&form),
            notes: vec![note()],
            test: connect(&[]).list,
            undo: None,
            units: vec![s("Storage")],
            typed: s("Please"),
            successor: String::new(),
            errors: Errors::one("return-text", "Say why."),
        }
    }

    pub(crate) fn undo_sample() -> DecisionPage {
        DecisionPage {
            chip: state_chip(State::Accepted),
            waits: false,
            would: Vec::new(),
            missing: Vec::new(),
            changes: Vec::new(),
            since_review: Vec::new(),
            undo: Some(UndoCard {
                text: s("3 tickets use it already."),
                lines: vec![s("Support unit Sky Atlas support")],
                successor: true,
            }),
            errors: Errors::one("successor", "Name the unit that takes over."),
            ..DecisionPage::sample()
        }
    }
}

impl ProvidersPage {
    pub(crate) fn sample() -> ProvidersPage {
        ProvidersPage {
            frame: Frame::staff_sample(Here::Admin),
            rows: vec![ProviderRow {
                href: s("/admin/providers/sky"),
                name: s("Sky Institute"),
                country: s("Czechia"),
                services: 2,
                active: false,
            }],
        }
    }
}

impl OneProviderPage {
    pub(crate) fn sample() -> OneProviderPage {
        let errors = Errors::one("email", "Nobody here has that address.");
        OneProviderPage {
            frame: Frame::staff_sample(Here::Admin),
            action: s("/admin/providers/sky"),
            name: s("Sky Institute"),
            asks: vec![
                Ask::line("name", "Name", "Sky Institute"),
                Ask::tick("active", "Provides something", true),
            ],
            contacts: vec![ContactRow {
                name: s("Ilona Novák"),
                email: s("ilona@eudat.example"),
                since: dial().moment(NOW - HOUR),
            }],
            services: vec![(
                s("Sky Atlas"),
                s("Direct usage"),
                s("/provider/services/sky-atlas/option"),
            )],
            email: s("x@y.example"),
            errors,
        }
    }
}
