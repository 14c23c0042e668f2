//! A provider's form: what is wrong with it, and the way it takes.

use proptest::prelude::*;
use switchboard_core::Status;
use switchboard_core::onboarding::{
    Around, By, Deed, FieldMap, Form, Known, OwnerMap, Problem, ProviderPart, Question, Refusal,
    ServicePart, State, Step, Way, default_priorities, default_statuses, entries, label,
    missing_for, next, problems,
};

fn known(key: &str, name: &str) -> Known {
    Known {
        key: key.into(),
        name: name.into(),
    }
}

fn around() -> Around {
    Around {
        providers: vec![known("cesnet", "CESNET")],
        services: vec![known("archive", "Archive")],
        units: vec![
            known("first-level", "First level"),
            known("storage", "Storage"),
        ],
        parents: vec![known("first-level", "First level")],
        questions: vec!["cores".into()],
        qualities: vec!["base".into(), "medium".into()],
        secrets: Some(vec![("eudat-rt".into(), "rt.eudat.example".into())]),
        confirmed_list: Some("help@sky.example".into()),
        is_address: |text| text.contains('@') && !text.contains(' '),
        is_zone: |text| text == "Europe/Prague",
    }
}

fn whole() -> Form {
    let mut form = Form::fresh("pia@sky.example");
    form.provider = ProviderPart {
        known: String::new(),
        name: "Sky Institute".into(),
        country: "Czechia".into(),
        home_page: "https://sky.example".into(),
        contact: "office@sky.example".into(),
    };
    form.services = vec![ServicePart {
        name: "Sky Atlas".into(),
        area: "Data".into(),
        description: "Pictures of the whole sky.".into(),
        ..ServicePart::default()
    }];
    form.option = Some(Way::Direct);
    form.unit.name = "Sky Atlas support".into();
    form.unit.parent = "first-level".into();
    form.unit.description = "Runs the atlas.".into();
    form.quality.time_zone = "Europe/Prague".into();
    form.quality.escalation = "head@sky.example".into();
    form
}

fn exchange(form: &mut Form) {
    form.option = Some(Way::Integration);
    form.exchange.system = "rt".into();
    form.exchange.endpoint = "https://rt.eudat.example/REST/2.0".into();
    form.exchange.secret = "eudat-rt".into();
    form.exchange.queue = "sky".into();
    form.fill_maps();
}

fn fields(form: &Form) -> Vec<String> {
    problems(form, &around())
        .into_iter()
        .map(|p| p.field)
        .collect()
}

#[test]
fn a_whole_form_has_no_problem_in_any_of_the_three_ways() {
    let mut form = whole();
    assert_eq!(problems(&form, &around()), []);
    form.option = Some(Way::Redirection);
    form.redirection.list = "Help@sky.example".into();
    assert_eq!(problems(&form, &around()), []);
    exchange(&mut form);
    assert_eq!(problems(&form, &around()), []);
}

#[test]
fn other_fields_that_travel_are_named_line_by_line() {
    let mut form = whole();
    exchange(&mut form);
    form.services[0].questions = vec![Question::default()];
    let said = |form: &Form| {
        let all = problems(form, &around()).into_iter();
        let own = all.filter(|p| p.field == "exchange.fields");
        own.map(|p| p.problem).collect::<Vec<_>>()
    };
    let lines = |all: &[&str]| all.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
    let fine = [
        "custom.q1 = Site: rack",
        "custom.cores=CPU cores",
        "category = Kind | incident = Incident | service_request = Wish",
    ];
    form.exchange.fields = lines(&fine);
    assert_eq!(said(&form), [""; 0]);
    let maps: Vec<FieldMap> = fine.map(|l| FieldMap::read(l).unwrap()).to_vec();
    assert_eq!(maps[0].there, "Site: rack");
    assert_eq!(maps[2].words["service_request"], "Wish");
    for map in maps {
        assert_eq!(FieldMap::read(&map.to_string()), Ok(map));
    }
    let bad = [
        "Site",
        "= Site",
        "category = Kind | incident",
        "custom.q2 = Else",
        "status = Status",
        "custom.q1 = Site",
        "custom.q1 = site",
    ];
    form.exchange.fields = lines(&bad);
    let found = said(&form);
    let why = [
        "“Site” names no two fields",
        "“= Site” names no two fields",
        "“category = Kind | incident” names",
        "“custom.q2” is no field here that can travel: it is one of category, affected_users, custom.cores, custom.q1.",
        "“status” is no field here",
        "“custom.q1” is named twice.",
        "“site” there is named twice.",
    ];
    assert_eq!(found.len(), why.len(), "{found:?}");
    for (found, why) in found.iter().zip(why) {
        assert!(found.starts_with(why), "{why}: {found}");
    }
    form.exchange.fields = lines(&["custom.q1 = Site\n"]);
    assert_eq!(said(&form), ["Give it in one line."]);
    form.exchange.fields = vec!["custom.q1 = Site".to_owned(); 41];
    assert_eq!(said(&form)[0], "Give 40 lines at most.");
    form.exchange.system = "zammad".into();
    assert!(said(&form)[0].contains("with RT, GitHub, GitLab and Jira only"));
}

#[test]
fn labels_that_stand_for_values_are_named_and_only_they() {
    let mut form = whole();
    exchange(&mut form);
    form.services[0].questions = vec![Question::default()];
    let mut said = |system: &str, line: &str| {
        form.exchange.system = system.into();
        form.exchange.fields = vec![line.to_owned()];
        let all = problems(&form, &around()).into_iter();
        let own = all.filter(|p| p.field == "exchange.fields");
        own.map(|p| p.problem).collect::<Vec<_>>().join("\n")
    };
    let kinds = "category = labels | incident = bug | service_request = feature wish";
    for (system, line) in [
        ("github", kinds),
        ("gitlab", kinds),
        ("jira", "category = components | incident = Core, and more"),
        ("jira", "custom.q1 = labels | bad = status:bad"),
    ] {
        assert_eq!(said(system, line), "", "{system}: {line}");
    }
    for (system, line, why) in [
        (
            "github",
            "category = Kind | incident = bug",
            "“category = labels | …”",
        ),
        (
            "jira",
            "category = Kind | incident = bug",
            "“category = labels or components | …”",
        ),
        ("gitlab", "category = labels", "Say which of the labels"),
        ("github", "affected_users = labels | 1 = one", "is a number"),
        (
            "github",
            "category = labels | incident = Status: bad",
            "says the status: name it above",
        ),
        (
            "gitlab",
            "category = labels | incident = priority::x",
            "says the priority",
        ),
        (
            "gitlab",
            "category = labels | incident = a,b",
            "can be no label there",
        ),
        ("jira", kinds, "“feature wish” can be no label there"),
    ] {
        let found = said(system, line);
        assert!(found.contains(why), "{line}: {found}");
    }
}

#[test]
fn of_words_that_are_named_more_than_once_the_first_counts() {
    let line = "category = labels | incident = bug | incident = defect | service_request = wish \
                | change_request = wish";
    let map = FieldMap::read(line).unwrap();
    assert_eq!(FieldMap::read(&map.to_string()), Ok(map.clone()));
    let words = map.translates(true);
    for (ours, theirs) in [
        ("incident", Some("bug")),
        ("service_request", Some("wish")),
        ("change_request", Some("wish")),
        ("test", None),
    ] {
        assert_eq!(words.there(ours), theirs, "{ours}");
    }
    for (theirs, ours) in [
        ("bug", "incident"),
        ("defect", "incident"),
        ("wish", "service_request"),
    ] {
        assert_eq!(words.here(theirs).word(), ours, "{theirs}");
    }
    // What does not come back as it went is said in words.
    let said = words.round_trip().join("\n");
    for part in [
        "“change_request” is “wish” there",
        "“defect” there is “incident” here",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let open = map.translates(false);
    assert_eq!(
        (open.there("test"), open.here("else").word()),
        (Some("test"), "else")
    );
    // As it is kept, and as agreements of before were.
    let kept = serde_json::to_value(&map).unwrap();
    assert_eq!(serde_json::from_value::<FieldMap>(kept).unwrap(), map);
    let before =
        serde_json::json!({"here": "category", "there": "Kind", "words": {"incident": "I"}});
    let before: FieldMap = serde_json::from_value(before).unwrap();
    assert_eq!(
        before,
        FieldMap::read("category = Kind | incident = I").unwrap()
    );
}

#[test]
fn units_with_queues_of_their_own_are_named_line_by_line() {
    let mut form = whole();
    exchange(&mut form);
    form.exchange.queues = vec!["storage = Disks".to_owned()];
    assert_eq!(problems(&form, &around()), []);
    let bad = [
        "storage",
        "tape = Tapes",
        "storage = Sky",
        "storage = Disks",
    ];
    form.exchange.queues = bad.map(str::to_owned).to_vec();
    let found = problems(&form, &around());
    assert!(
        found.iter().all(|p| p.field == "exchange.queues"),
        "{found:?}"
    );
    let why = [
        "“storage” names no two",
        "There is no unit “tape”",
        "The queue “Sky” has a unit already.",
        "“storage” is named twice.",
    ];
    assert_eq!(found.len(), why.len(), "{found:?}");
    for (found, why) in found.iter().zip(why) {
        assert!(found.problem.starts_with(why), "{why}: {found:?}");
    }
}

#[test]
fn owners_are_named_line_by_line_and_only_where_names_may_travel() {
    let mut form = whole();
    exchange(&mut form);
    let lines = |all: &[&str]| all.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
    let said = |form: &Form| {
        let all = problems(form, &around()).into_iter();
        let own = all.filter(|p| p.field == "exchange.owners");
        own.map(|p| p.problem).collect::<Vec<_>>()
    };
    let fine = ["ada@sky.example = ada", "a=b@sky.example=bob@rt.example"];
    form.exchange.owners = lines(&fine);
    let found = said(&form);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("only where names and mail addresses may travel"));
    form.exchange.personal_data = true;
    assert_eq!(problems(&form, &around()), []);
    let maps: Vec<OwnerMap> = fine.map(|l| OwnerMap::read(l).unwrap()).to_vec();
    assert_eq!(maps[1].address, "a=b@sky.example");
    for map in maps {
        assert_eq!(OwnerMap::read(&map.to_string()), Ok(map));
    }
    form.exchange.owners = lines(&[
        "ada@sky.example",
        "ada = ada",
        "bob@sky.example = Nobody",
        "ada@sky.example = a1",
        "ADA@sky.example = a2",
        "cy@sky.example = A1",
    ]);
    let found = said(&form);
    let why = [
        "“ada@sky.example” names no two",
        "“ada” in “ada = ada” is no mail address",
        "“bob@sky.example = Nobody” names nobody",
        "“ADA@sky.example” is named twice.",
        "“A1” there is named twice.",
    ];
    assert_eq!(found.len(), why.len(), "{found:?}");
    for (found, why) in found.iter().zip(why) {
        assert!(found.starts_with(why), "{why}: {found}");
    }
    let many = (0..201).map(|n| format!("a{n}@sky.example = a{n}"));
    form.exchange.owners = many.collect();
    assert_eq!(said(&form), ["Give 200 lines at most."]);
    form.exchange.owners = lines(&fine);
    assert!(entries(&form).contains(&("exchange.owners".into(), fine.join(", "))));
    for system in ["github", "gitlab", "jira"] {
        form.exchange.system = system.into();
        assert_eq!(said(&form), [""; 0], "{system}");
    }
    form.exchange.system = "zammad".into();
    assert!(said(&form)[0].contains("with RT, GitHub, GitLab and Jira only"));
}

#[test]
fn ties_that_travel_are_named_line_by_line() {
    let mut form = whole();
    exchange(&mut form);
    let lines = |all: &[&str]| all.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
    form.exchange.links = lines(&[
        "see_also = RefersTo",
        "duplicate_of=refersto",
        "child_of = MemberOf",
        "slave_of = DependsOn",
    ]);
    assert_eq!(problems(&form, &around()), []);
    form.exchange.links = lines(&["child_of", "parent_of = HasMember", "child_of = Parent"]);
    form.exchange
        .links
        .extend(lines(&["see_also = RefersTo", "see_also = DependsOn"]));
    let found = problems(&form, &around());
    assert!(
        found.iter().all(|p| p.field == "exchange.links"),
        "{found:?}"
    );
    let why = [
        "“child_of” names no two",
        "“parent_of” in “parent_of = HasMember” is no tie that can travel: it is one of see_also,",
        "“Parent” in “child_of = Parent” is no link there: it is one of RefersTo,",
        "“see_also” is named twice.",
    ];
    assert_eq!(found.len(), why.len(), "{found:?}");
    for (found, why) in found.iter().zip(why) {
        assert!(found.problem.starts_with(why), "{why}: {found:?}");
    }
    // Each system has links of its own.
    for (system, line, why) in [
        ("github", "child_of = MemberOf", ""),
        (
            "github",
            "see_also = RefersTo",
            "GitHub has no link “RefersTo”: its issues mention",
        ),
        ("gitlab", "see_also = ReferredToBy", ""),
        ("gitlab", "child_of = DependedOnBy", ""),
        (
            "gitlab",
            "child_of = MemberOf",
            "GitLab has no link “MemberOf”: an issue",
        ),
        (
            "gitlab",
            "duplicate_of = RefersTo",
            "“RefersTo” says the same from either side",
        ),
        ("jira", "duplicate_of = duplicates", ""),
        (
            "jira",
            "child_of = HasMember",
            "Jira has no link “HasMember”: what may",
        ),
        (
            "rt",
            "duplicate_of = Duplicates",
            "RT has no link “Duplicates”: a duplicate is",
        ),
        (
            "zammad",
            "see_also = RefersTo",
            "This is done with RT, GitHub, GitLab and Jira only",
        ),
    ] {
        form.exchange.system = system.into();
        form.exchange.links = lines(&[line]);
        let found = problems(&form, &around());
        assert_eq!(
            found.len(),
            usize::from(!why.is_empty()),
            "{system}: {found:?}"
        );
        assert!(
            found.iter().all(|p| p.problem.starts_with(why)),
            "{found:?}"
        );
    }
}

#[test]
fn each_problem_names_its_field_and_every_field_its_step() {
    let form = Form::fresh("");
    let found = fields(&form);
    for field in [
        "provider.name",
        "provider.country",
        "provider.contact",
        "services.0.name",
        "services.0.area",
        "services.0.description",
        "option",
        "unit.name",
        "unit.parent",
        "unit.description",
        "unit.responsibles",
        "quality.time_zone",
        "quality.escalation",
    ] {
        assert!(found.iter().any(|f| f == field), "{field} in {found:?}");
    }
    let steps: Vec<Step> = found.iter().map(|f| Step::of(f)).collect();
    assert!(steps.is_sorted(), "in the order of the steps: {found:?}");
    assert!(!steps.contains(&Step::Review), "{found:?}");
}

#[test]
fn what_is_here_already_is_not_made_twice() {
    let mut form = whole();
    form.provider.name = "cesnet".into();
    form.services[0].name = " ARCHIVE ".into();
    form.services.push(ServicePart {
        name: "archive".into(),
        ..form.services[0].clone()
    });
    form.unit.name = "storage".into();
    assert_eq!(
        fields(&form),
        [
            "provider.name",
            "services.0.name",
            "services.1.name",
            "unit.name"
        ]
    );
    form.provider.known = "cesnet".into();
    assert!(!fields(&form).contains(&"provider.name".to_owned()));
    form.provider.known = "gone".into();
    assert!(fields(&form).contains(&"provider.known".to_owned()));
}

#[test]
fn a_list_counts_when_its_readers_have_confirmed_it() {
    let mut form = whole();
    form.option = Some(Way::Redirection);
    for (list, wrong) in [
        ("", true),
        ("no address", true),
        ("other@sky.example", true),
        ("help@sky.example", false),
    ] {
        form.redirection.list = list.into();
        assert_eq!(!fields(&form).is_empty(), wrong, "{list}");
    }
}

#[test]
fn a_secret_goes_to_its_own_host_only() {
    let mut form = whole();
    exchange(&mut form);
    form.exchange.endpoint = "https://evil.example/REST/2.0".into();
    assert_eq!(fields(&form), ["exchange.secret"]);
    let other_host = problems(&form, &around());
    form.exchange.secret = "no-such-name".into();
    assert_eq!(
        problems(&form, &around()),
        other_host,
        "nobody learns which names there are"
    );
    // Before it is sent, the operator need not have it yet.
    let early = Around {
        secrets: None,
        ..around()
    };
    assert_eq!(problems(&form, &early), []);
    form.exchange.secret = "hunter 2!".into();
    assert_eq!(problems(&form, &early)[0].field, "exchange.secret");
}

#[test]
fn addresses_of_an_api_are_whole_and_safe() {
    let mut form = whole();
    exchange(&mut form);
    for bad in [
        "",
        "rt.eudat.example",
        "http://rt.eudat.example/",
        "https://",
        "https:///REST",
        "https://root:pw@rt.eudat.example/",
        "https://rt.eudat.example/a b",
        "https://:443/",
        "file:///etc/passwd",
    ] {
        form.exchange.endpoint = bad.into();
        assert_eq!(fields(&form), ["exchange.endpoint"], "{bad}");
    }
    form.exchange.endpoint = "https://RT.eudat.example:8443/x?y#z".into();
    assert_eq!(fields(&form), Vec::<String>::new());
}

#[test]
fn every_system_has_a_whole_map_of_its_own() {
    let mut form = whole();
    exchange(&mut form);
    for (system, _) in switchboard_core::onboarding::SYSTEMS {
        form.exchange.system = system.into();
        form.exchange.statuses.clear();
        form.exchange.priorities.clear();
        assert_eq!(fields(&form).len(), 14, "{system} without maps");
        form.fill_maps();
        assert_eq!(fields(&form), Vec::<String>::new(), "{system}");
    }
    // Domain section 8, word by word.
    let rt = default_statuses("rt");
    for (ours, theirs) in [
        ("new", "new"),
        ("assigned", "open"),
        ("in_progress", "open"),
        ("reopened", "open"),
        ("waiting", "stalled"),
        ("on_hold", "stalled"),
        ("solved", "resolved"),
        ("verified", "resolved"),
        ("closed", "resolved"),
        ("unsolved", "rejected"),
    ] {
        assert_eq!(rt[ours], theirs);
    }
    assert_eq!(rt.len(), Status::ALL.len());
    for ggus in ["ggus", "ggus_soap"] {
        assert_eq!(default_priorities(ggus)["top"], "top priority");
        assert_eq!(default_statuses(ggus)["waiting"], "waiting for reply");
    }
}

#[test]
fn maps_that_were_filled_in_are_kept() {
    let mut form = whole();
    exchange(&mut form);
    form.exchange.statuses.insert("new".into(), "neu".into());
    form.fill_maps();
    assert_eq!(form.exchange.statuses["new"], "neu");
}

#[test]
fn hours_end_after_they_begin() {
    let mut form = whole();
    for (opens, closes, wrong) in [
        ("09:00", "17:00", None),
        ("9:00", "17:00", Some("quality.opens")),
        ("09:00", "25:00", Some("quality.closes")),
        ("17:00", "09:00", Some("quality.closes")),
        ("09:00", "", Some("quality.closes")),
    ] {
        form.quality.opens = opens.into();
        form.quality.closes = closes.into();
        let found = fields(&form);
        assert_eq!(found.first().map(String::as_str), wrong, "{opens}-{closes}");
    }
}

#[test]
fn what_stands_in_a_form_is_listed_with_names_and_without_the_other_ways() {
    let mut form = whole();
    exchange(&mut form);
    form.redirection.list = "help@sky.example".into();
    let all = entries(&form);
    assert!(all.iter().all(|(field, _)| label(field) != *field));
    let fields: Vec<&str> = all.iter().map(|(f, _)| f.as_str()).collect();
    assert!(fields.contains(&"exchange.statuses.new"));
    assert!(!fields.contains(&"redirection.list"));
}

#[test]
fn moving_to_direct_usage_needs_somebody_who_works_here() {
    let mut form = whole();
    form.unit = Default::default();
    assert_eq!(missing_for(&form, &around(), 1), []);
    let missing = missing_for(&form, &around(), 0);
    assert_eq!(missing[0].field, "option");
    form.option = Some(Way::Redirection);
    assert_eq!(
        missing_for(&form, &around(), 0)[0].field,
        "redirection.list"
    );
}

/// The only steps there are, written down once more: from, deed, to.
const STEPS: [(State, Deed, State); 8] = [
    (State::Draft, Deed::Change, State::Draft),
    (State::Returned, Deed::Change, State::Returned),
    (State::Draft, Deed::Submit, State::Submitted),
    (State::Returned, Deed::Submit, State::Submitted),
    (State::Submitted, Deed::Return, State::Returned),
    (State::Submitted, Deed::Refuse, State::Refused),
    (State::Submitted, Deed::Accept, State::Accepted),
    (State::Accepted, Deed::Undo, State::Undone),
];

proptest! {
    #[test]
    fn no_sequence_of_deeds_reaches_an_illegal_state(
        deeds in prop::collection::vec((0..6_usize, any::<bool>(), any::<bool>(), any::<bool>()), 0..60)
    ) {
        let mut state = State::Draft;
        let mut accepted = 0;
        for (deed, author, admin, wrong) in deeds {
            let deed = Deed::ALL[deed];
            let wrong = if wrong {
                vec![Problem { field: "unit.name".into(), problem: "Say it.".into() }]
            } else {
                Vec::new()
            };
            let author_deed = matches!(deed, Deed::Change | Deed::Submit);
            match next(state, deed, By { author, admin }, &wrong) {
                Ok(to) => {
                    prop_assert!(STEPS.contains(&(state, deed, to)), "{state:?} {deed:?} {to:?}");
                    let allowed = if author_deed { author } else { admin };
                    prop_assert!(allowed);
                    let sends = matches!(deed, Deed::Submit | Deed::Accept);
                    prop_assert!(wrong.is_empty() || !sends);
                    accepted += usize::from(deed == Deed::Accept);
                    state = to;
                }
                Err(refusal) => {
                    let step = STEPS.iter().any(|(from, d, _)| *from == state && *d == deed);
                    let allowed = if author_deed { author } else { admin };
                    match refusal {
                        Refusal::Forbidden(_) => prop_assert!(!allowed),
                        Refusal::Incomplete(_) => prop_assert!(step && !wrong.is_empty()),
                        Refusal::State(_) => prop_assert!(!step),
                    }
                }
            }
        }
        prop_assert!(accepted <= 1, "nothing is created twice");
    }

    #[test]
    fn any_text_at_all_is_judged_without_a_panic(
        name in ".{0,40}", address in "\\PC{0,60}", opens in ".{0,8}", way in 0..4_usize
    ) {
        let mut form = whole();
        form.provider.name.clone_from(&name);
        form.exchange.endpoint = address.clone();
        form.provider.home_page = address;
        form.quality.opens = opens;
        form.unit.responsibles = vec![name];
        form.option = Way::ALL.get(way).copied();
        let found = problems(&form, &around());
        prop_assert!(found.iter().all(|p| !p.problem.is_empty() && !p.field.is_empty()));
    }
}
