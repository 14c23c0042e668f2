//! The words of another system for ours.

use std::collections::BTreeMap;

use proptest::prelude::*;
use switchboard_core::exchange::{Field, Here, Way, Words, WordsProblem};
use switchboard_core::onboarding::status_keys;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    pairs.iter().map(owned).collect()
}

fn way(from: &str, to: Option<&str>, back: Option<&str>) -> Way {
    Way {
        from: from.to_owned(),
        to: to.map(str::to_owned),
        back: back.map(str::to_owned),
    }
}

#[test]
fn of_several_that_are_one_word_there_the_one_that_says_least_comes_back() {
    let words = Words::statuses("rt");
    for (theirs, ours) in [
        ("new", "new"),
        ("open", "in_progress"),
        ("stalled", "waiting"),
        ("resolved", "solved"),
        ("rejected", "unsolved"),
    ] {
        assert_eq!(words.here(theirs), Here::Known(ours));
        assert_eq!(words.there(ours), Some(theirs));
    }
    assert!(words.means("on_hold", "stalled"));
    assert!(!words.means("on_hold", "open"));
    let words = Words::priorities("rt");
    assert_eq!(words.there("top"), Some("High"));
    assert_eq!(words.here("High"), Here::Known("high"));
    // Whoever ties two words to one of theirs has a choice of their own.
    let words = Words::of(map(&[("a", "X"), ("b", "X"), ("c", "X")]), ["c"], "b");
    assert_eq!(words.here("X"), Here::Known("c"));
}

#[test]
fn a_word_that_nobody_knows_is_the_default_and_is_said_to_be_unknown() {
    let words = Words::statuses("rt");
    assert_eq!(words.here("deferred"), Here::Unknown("in_progress"));
    assert_eq!(words.here("deferred").word(), "in_progress");
    assert_eq!(
        Words::priorities("rt").here("Urgent"),
        Here::Unknown("medium")
    );
}

#[test]
fn values_that_are_no_fixed_words_go_and_come_as_they_are() {
    let words = Words::open(map(&[("bad", "high"), ("worse", "high")]));
    assert_eq!(words.there("bad"), Some("high"));
    assert_eq!(words.there("Rack: 7"), Some("Rack: 7"));
    assert_eq!(words.here("high"), Here::Known("bad"));
    assert_eq!(words.here("Rack: 7"), Here::Known("Rack: 7"));
    assert!(words.means("worse", "high") && words.means("", "") && !words.means("a", "b"));
}

#[test]
fn what_does_not_survive_the_way_there_and_back_is_named() {
    let exact = Words::of(map(&[("low", "1"), ("high", "3")]), [], "low");
    assert_eq!(exact.round_trip(), Vec::<String>::new());
    let lost = Words::statuses("rt").round_trip();
    let of = |ours: &str| lost.iter().filter(|l| l.contains(ours)).count();
    assert_eq!(lost.len(), 5, "{lost:?}");
    for ours in ["assigned", "reopened", "on_hold", "verified", "closed"] {
        assert_eq!(of(&format!("“{ours}” is")), 1, "{ours}: {lost:?}");
    }
    let uneven = Words {
        there: map(&[("low", "1"), ("high", "3")]),
        here: map(&[("1", "low"), ("2", "low"), ("9", "top")]),
        unknown: "low".to_owned(),
        open: false,
    };
    assert_eq!(
        uneven.round_trip(),
        [
            "“high” is “3” there, which has no word here: it would come back as “low”.",
            "“2” there is “low” here. It is left as it is there; set anew here, it becomes “1”.",
            "“9” there is “top” here, which has no word there: it can not be set from here.",
        ]
    );
}

#[test]
fn a_preview_tells_each_word_on_its_way_and_those_that_have_none() {
    let words = Words {
        there: map(&[("waiting", "stalled"), ("on_hold", "stalled")]),
        here: map(&[("stalled", "waiting"), ("deferred", "on_hold")]),
        unknown: "waiting".to_owned(),
        open: false,
    };
    let preview = words.preview(&["waiting", "on_hold", "closed"]);
    assert_eq!(
        preview.ours,
        [
            way("waiting", Some("stalled"), Some("waiting")),
            way("on_hold", Some("stalled"), Some("waiting")),
            way("closed", None, None),
        ]
    );
    assert_eq!(
        preview.theirs,
        [
            way("deferred", Some("on_hold"), Some("stalled")),
            way("stalled", Some("waiting"), Some("stalled")),
        ]
    );
    assert_eq!(
        preview.ours.iter().map(Way::survives).collect::<Vec<_>>(),
        [true, false, false]
    );
}

#[test]
fn a_word_that_this_desk_does_not_have_is_refused_by_its_name() {
    let ours: Vec<&str> = status_keys().collect();
    assert_eq!(
        Words::statuses("rt").problems(&Field::Status, &ours),
        Vec::new()
    );
    let mut wrong = Words::statuses("rt");
    wrong
        .here
        .insert("deferred".to_owned(), "paused".to_owned());
    wrong.there.insert("solved".to_owned(), " ".to_owned());
    wrong.unknown = "whatever".to_owned();
    let problems = wrong.problems(&Field::Status, &ours);
    let said: Vec<String> = problems.iter().map(WordsProblem::to_string).collect();
    let right = ours.join(", ");
    assert_eq!(
        said,
        [
            format!("“paused” is no status of this desk: it has to be one of {right}"),
            format!("“whatever” is no status of this desk: it has to be one of {right}"),
            "status: “solved” is translated by nothing: name a word, or leave it out".to_owned(),
        ]
    );
    // Of a field whose words nobody lists, any will do.
    let site = Words::of(map(&[("cern", "CERN")]), [], "elsewhere");
    let field = Field::Other("site".into());
    assert_eq!(site.problems(&field, &[]), Vec::new());
    assert_eq!(site.problems(&field, &["cern"]).len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_derived_map_never_changes_what_stands_there(
        there in prop::collection::btree_map("[a-f]", "[U-Z]", 0..7),
        order in prop::collection::vec("[a-f]", 0..7),
    ) {
        let words = Words::of(there.clone(), order.iter().map(String::as_str), "a");
        for (ours, theirs) in &there {
            // There and back may be another of ours, but is the same one there.
            let Here::Known(back) = words.here(theirs) else {
                return Err(TestCaseError::fail("a word that we send has none here"));
            };
            prop_assert!(words.means(back, theirs));
            prop_assert!(words.means(ours, theirs));
            let first = order.iter().find(|o| there.get(*o) == Some(theirs));
            prop_assert!(first.is_none_or(|first| first == back));
        }
        let ways = words.preview(&[]);
        prop_assert!(ways.theirs.iter().all(Way::survives));
        let lost = ways.ours.iter().filter(|way| !way.survives()).count();
        prop_assert_eq!(words.round_trip().len(), lost);
        prop_assert_eq!(lost, there.len() - ways.theirs.len());
    }

    #[test]
    fn the_round_trip_tells_exactly_what_does_not_come_back(
        there in prop::collection::btree_map("[a-d]", "[W-Z]", 0..5),
        here in prop::collection::btree_map("[W-Z]", "[a-d]", 0..5),
    ) {
        let words = Words { there: there.clone(), here: here.clone(), unknown: "a".to_owned(), open: false };
        let out = there.iter().filter(|(ours, theirs)| here.get(*theirs) != Some(*ours));
        let coming = here.iter().filter(|(theirs, ours)| there.get(*ours) != Some(*theirs));
        let lost: Vec<String> = out.chain(coming).map(|(word, _)| format!("“{word}”")).collect();
        let said = words.round_trip();
        prop_assert_eq!(said.len(), lost.len());
        for (sentence, word) in said.iter().zip(&lost) {
            prop_assert!(sentence.starts_with(word), "{} {}", sentence, word);
        }
    }
}
