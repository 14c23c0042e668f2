//! The query language.

use proptest::prelude::*;
use switchboard_core::query::{
    AgeUnit, Compare, Filter, KEYS, Moment, Query, Span, Term, Who, Word,
};
use switchboard_core::{Refusal, Status, TicketType};

#[track_caller]
fn reads(text: &str, canonical: &str) -> Query {
    let query = Query::parse(text).unwrap();
    assert_eq!(query.to_string(), canonical);
    assert_eq!(Query::parse(canonical).unwrap(), query);
    query
}

#[track_caller]
fn refuses(text: &str) -> String {
    match Query::parse(text) {
        Err(Refusal::Invalid {
            field: "q",
            problem,
        }) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_key() {
    reads(
        r#"status:open unit:"EGI Cloud" priority>=high owner:me -owner:none tag:x service:y
           category:incident created>=2026-01-01 updated<7d words "exact phrase" -word"#,
        r#"status:open unit:"EGI Cloud" priority>=high owner:me -owner:none tag:x service:y category:incident created>=2026-01-01 updated<7d words "exact phrase" -word"#,
    );
    reads(
        "requester:ann@example.org site:DESY community:belle type:alarm kind:team number>10 closed:2w",
        "requester:ann@example.org site:DESY community:belle type:alarm kind:team number>10 closed:2w",
    );
    reads("number:12,#15,12", "number:12,15");
    reads("-number=7,7 number:7", "-number:7 number:7");
    assert!(refuses("number:7,").contains("is not a ticket's number"));
    assert!(refuses("number<7,8").contains("is not a ticket's number"));
    for key in KEYS {
        let value = match key {
            "status" => "open",
            "priority" => "low",
            "kind" => "Team",
            "number" => "7",
            "created" | "updated" | "closed" => "2026-02-03",
            _ => "x",
        };
        let query = Query::parse(&format!("{key}:{value}")).unwrap();
        assert_eq!((query.terms.len(), query.words.len()), (1, 0), "{key}");
    }
}

#[test]
fn statuses_and_their_groups() {
    let set = |text: &str| match Query::parse(text).unwrap().terms.remove(0).filter {
        Filter::Status(set) => set,
        other => panic!("{other:?}"),
    };
    assert_eq!(set("status:any").len(), 10);
    assert!(set("status:open").iter().all(|s| s.is_open()));
    assert_eq!(set("status:open").len(), 6);
    assert!(set("status:closed").contains(&Status::Solved));
    assert_eq!(set("status=closed"), [Status::Closed].into());
    assert_eq!(
        set("status:new,assigned"),
        [Status::New, Status::Assigned].into()
    );
    reads("status:Solved", "status=solved");
    reads("status:open,closed", "status:any");
}

#[test]
fn words_that_look_like_more() {
    reads("http://example.org/x", "http://example.org/x");
    reads("Error: disk", "Error: disk");
    reads("12:30 a", "12:30 a");
    reads("- a", "- a");
    reads("--x", "--x");
    reads(r#""unclosed phrase"#, r#""unclosed phrase""#);
    reads(r#""a"b"#, r#""a" b"#);
    reads(r#""""#, "");
    reads(r#"5"disk"#, r#"5"disk"#);
    reads(r#""a \"b\" c\\""#, r#""a \"b\" c\\""#);
    reads(r#"-"not this""#, r#"-"not this""#);
    reads("UNIT:x", "unit:x");
    reads("  ", "");
}

#[test]
fn numbers() {
    assert_eq!(reads("#12", "number:12").as_number(), Some(12));
    assert_eq!(reads("12", "12").as_number(), Some(12));
    assert_eq!(reads("number:#12", "number:12").as_number(), Some(12));
    assert_eq!(reads("-#12", "-number:12").as_number(), None);
    assert_eq!(reads("12 13", "12 13").as_number(), None);
    assert_eq!(reads("#0", "#0").as_number(), None);
    assert_eq!(
        reads("99999999999999999999", "99999999999999999999").as_number(),
        None
    );
}

#[test]
fn errors_name_the_key_and_what_would_be_right() {
    let problem = refuses("colour:red");
    assert!(problem.contains("\"colour\""));
    for key in KEYS {
        assert!(problem.contains(key));
    }
    assert!(refuses("status:gone").contains("in_progress"));
    assert!(refuses("priority:urgent").contains("low, medium, high, top"));
    assert!(refuses("kind:red").contains("user, team, alarm, ops"));
    assert!(refuses("kind>team").contains("can not be compared"));
    assert!(refuses("created>=yesterday").contains("created>=2026-01-31"));
    assert!(refuses("created>=2026-13-01").contains("2026-13-01"));
    assert!(refuses("created:2026-1-1").contains("2026-1-1"));
    assert!(refuses("updated<0d").contains("0d"));
    assert!(refuses("updated<d").contains("no time"));
    assert!(refuses("number:abc").contains("number:1234"));
    assert!(refuses("number:-5").contains("-5"));
    assert!(refuses("unit>=x").contains("can not be compared"));
    assert!(refuses(r#"unit:"""#).contains("needs a value"));
    assert!(refuses(&"x".repeat(2_001)).contains("2000"));
}

#[test]
fn people() {
    let who = |text: &str| match Query::parse(text).unwrap().terms.remove(0).filter {
        Filter::Owner(who) | Filter::Requester(who) => who,
        other => panic!("{other:?}"),
    };
    assert_eq!(who("owner:me"), Who::Me);
    assert_eq!(who("owner:None"), Who::None);
    assert_eq!(
        who(r#"requester:"Ann Other""#),
        Who::Named("Ann Other".to_owned())
    );
}

#[test]
fn spans_of_time() {
    let day: jiff::civil::Date = "1970-01-02".parse().unwrap();
    let day = Moment::Day(day);
    let span = |from, until| Span { from, until };
    let (start, end) = (86_400_000, 172_800_000);
    assert_eq!(day.span(Compare::Equal, 0), span(Some(start), Some(end)));
    assert_eq!(day.span(Compare::Less, 0), span(None, Some(start)));
    assert_eq!(day.span(Compare::AtMost, 0), span(None, Some(end)));
    assert_eq!(day.span(Compare::More, 0), span(Some(end), None));
    assert_eq!(day.span(Compare::AtLeast, 0), span(Some(start), None));
    let hour = Moment::Ago {
        amount: 1,
        unit: AgeUnit::Hours,
    };
    let now = 10_000_000;
    let then = now - 3_600_000;
    let recent = hour.span(Compare::Less, now);
    assert!(recent.contains(now) && !recent.contains(then));
    let old = hour.span(Compare::More, now);
    assert!(old.contains(0) && !old.contains(then) && !old.contains(now));
    assert!(hour.span(Compare::AtLeast, now).contains(then));
    assert!(hour.span(Compare::AtMost, now).contains(then));
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z@.-]{1,8}",
        "\\PC{1,8}".prop_filter("says something", |s| !s.trim().is_empty()),
    ]
}

fn moment() -> impl Strategy<Value = Moment> {
    prop_oneof![
        (1i16..9999, 1i8..13, 1i8..29)
            .prop_map(|(y, m, d)| Moment::Day(jiff::civil::date(y, m, d))),
        (1u32.., 0usize..4).prop_map(|(amount, unit)| Moment::Ago {
            amount,
            unit: [
                AgeUnit::Minutes,
                AgeUnit::Hours,
                AgeUnit::Days,
                AgeUnit::Weeks
            ][unit],
        }),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    let compare = || {
        prop_oneof![
            Just(Compare::Equal),
            Just(Compare::Less),
            Just(Compare::AtMost),
            Just(Compare::More),
            Just(Compare::AtLeast)
        ]
    };
    let who = || {
        prop_oneof![
            Just(Who::Me),
            Just(Who::None),
            value()
                .prop_filter("not a word of the language", |v| {
                    !["me", "none"].contains(&v.to_lowercase().as_str())
                })
                .prop_map(Who::Named)
        ]
    };
    prop_oneof![
        proptest::collection::btree_set(0usize..10, 1..10)
            .prop_map(|set| Filter::Status(set.into_iter().map(|n| Status::ALL[n]).collect())),
        (compare(), 0usize..4)
            .prop_map(|(c, p)| Filter::Priority(c, switchboard_core::Priority::ALL[p])),
        value().prop_map(Filter::Unit),
        who().prop_map(Filter::Owner),
        who().prop_map(Filter::Requester),
        value().prop_map(Filter::Service),
        value().prop_map(Filter::Category),
        value().prop_map(Filter::Tag),
        value().prop_map(Filter::Site),
        value().prop_map(Filter::Community),
        value().prop_map(Filter::Type),
        (0usize..4).prop_map(|k| Filter::Kind(TicketType::ALL[k])),
        (compare(), 1i64..).prop_map(|(c, n)| Filter::Number(c, n)),
        proptest::collection::btree_set(1i64.., 2..5).prop_map(Filter::Numbers),
        (compare(), moment()).prop_map(|(c, m)| Filter::Created(c, m)),
        (compare(), moment()).prop_map(|(c, m)| Filter::Updated(c, m)),
        (compare(), moment()).prop_map(|(c, m)| Filter::Closed(c, m)),
    ]
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_its_canonical_form_reads_the_same(text in "\\PC{0,80}") {
        if let Ok(query) = Query::parse(&text) {
            let canonical = query.to_string();
            let again = Query::parse(&canonical);
            prop_assert_eq!(again.as_ref(), Ok(&query), "{}", canonical);
            prop_assert_eq!(again.unwrap().to_string(), canonical);
        }
    }

    #[test]
    fn near_misses_of_the_language_never_panic(
        text in r#"((-|#|"|\\| |:|<|=|>|,|[0-9]{1,3}|[a-z]{1,4}|status|unit|created|owner|7d|\n|é){0,16})"#
    ) {
        if let Ok(query) = Query::parse(&text) {
            prop_assert_eq!(Query::parse(&query.to_string()), Ok(query));
        }
    }

    #[test]
    fn every_query_prints_as_itself(
        terms in proptest::collection::vec((any::<bool>(), filter()), 0..5),
        phrases in proptest::collection::vec(
            ("\\PC{1,12}".prop_filter("says something", |s| !s.trim().is_empty()), any::<bool>()),
            0..4,
        ),
    ) {
        let query = Query {
            terms: terms.into_iter().map(|(negated, filter)| Term { negated, filter }).collect(),
            words: phrases
                .into_iter()
                .map(|(text, negated)| Word { text, phrase: true, negated })
                .collect(),
        };
        prop_assert_eq!(Query::parse(&query.to_string()), Ok(query));
    }
}
