//! Both databases find the same tickets.

use std::sync::Arc;

use store::search::{
    SearchDoc, SearchSide, find, find_by_unit, find_in_units, index, pieces, remove, rewrite,
};
use store::unit_list::UnitLists;
use store::{Error, params};
use switchboard_core::UnitId;
use switchboard_core::query::Word;
use uuid::Uuid;

use crate::desk::{Fresh, on_both};

fn doc(number: i64, subject: &str, public: &str, internal: &str, scope: &[&str]) -> SearchDoc {
    SearchDoc {
        number,
        unit: None,
        subject: subject.into(),
        public_text: public.into(),
        internal_text: internal.into(),
        scope: scope.iter().map(|term| (*term).to_owned()).collect(),
    }
}

fn put(fresh: &Fresh, docs: Vec<SearchDoc>) {
    fresh
        .db
        .write_blocking(move |conn| index(conn, &docs))
        .unwrap();
}

/// `word`, `"a phrase"`, `-not`.
fn words(query: &str) -> Vec<Word> {
    let mut words = Vec::new();
    for (place, piece) in query.split('"').enumerate() {
        if place % 2 == 1 {
            words.push(Word {
                text: piece.into(),
                phrase: true,
                negated: false,
            });
        } else {
            words.extend(piece.split_whitespace().map(|word| Word {
                text: word.trim_start_matches('-').into(),
                phrase: false,
                negated: word.starts_with('-'),
            }));
        }
    }
    words
}

fn group(terms: &[&str]) -> Vec<String> {
    terms.iter().map(|term| (*term).to_owned()).collect()
}

fn page(
    fresh: &Fresh,
    query: &str,
    side: SearchSide,
    scope: Option<&[&str]>,
    before: Option<i64>,
    limit: i64,
) -> Vec<i64> {
    let words = words(query);
    let scope: Vec<Vec<String>> = scope.map(group).into_iter().collect();
    fresh
        .db
        .read_blocking(move |conn| find(conn, &words, side, &scope, before, limit))
        .unwrap()
}

fn staff(fresh: &Fresh, query: &str) -> Vec<i64> {
    page(fresh, query, SearchSide::Staff, None, None, 100)
}

fn public(fresh: &Fresh, query: &str) -> Vec<i64> {
    page(fresh, query, SearchSide::PublicOnly, None, None, 100)
}

#[test]
fn words_phrases_and_their_absence() {
    on_both(|fresh| {
        put(
            fresh,
            vec![
                doc(
                    1,
                    "Storage element down",
                    "The SE at Karlsruhe is down.",
                    "",
                    &[],
                ),
                doc(
                    2,
                    "Größenwahn",
                    "down the storage lane, ne\u{301}e Straße",
                    "",
                    &[],
                ),
                doc(
                    3,
                    "Transfer fails",
                    "srm://dpm.example.org:8446/x",
                    "storage quota",
                    &[],
                ),
            ],
        );
        assert_eq!(staff(fresh, "storage"), [3, 2, 1]);
        assert_eq!(public(fresh, "storage"), [2, 1]);
        assert_eq!(staff(fresh, "STORAGE down"), [2, 1]);
        assert_eq!(staff(fresh, "down storage"), [2, 1]);
        assert_eq!(staff(fresh, "\"storage element\""), [1]);
        assert_eq!(staff(fresh, "\"element storage\""), Vec::<i64>::new());
        // No phrase reaches out of the subject into the text.
        assert_eq!(staff(fresh, "\"down the\""), [2]);
        assert_eq!(staff(fresh, "storage -lane"), [3, 1]);
        assert_eq!(public(fresh, "down -quota"), [2, 1]);
        assert_eq!(staff(fresh, "-down"), [3]);
        assert_eq!(staff(fresh, "grossenwahn"), [2]);
        assert_eq!(staff(fresh, "GRÖSSENWAHN née strasse"), [2]);
        assert_eq!(staff(fresh, "dpm.example.org"), [3]);
        assert_eq!(staff(fresh, "srm://dpm"), [3]);
        // Only the last word may be unfinished, and not a short one.
        assert_eq!(staff(fresh, "stor"), [3, 2, 1]);
        assert_eq!(staff(fresh, "stor down"), Vec::<i64>::new());
        assert_eq!(staff(fresh, "down stor"), [2, 1]);
        assert_eq!(staff(fresh, "sto"), [3, 2, 1]);
        assert_eq!(staff(fresh, "st"), Vec::<i64>::new());
        assert_eq!(staff(fresh, "\"stor\""), Vec::<i64>::new());
        assert_eq!(staff(fresh, "quota"), [3]);
        assert_eq!(public(fresh, "quota"), Vec::<i64>::new());
        // Nothing that could be looked for finds nothing; nothing asked for finds all.
        assert_eq!(staff(fresh, "???"), Vec::<i64>::new());
        assert_eq!(staff(fresh, ""), [3, 2, 1]);
    });
}

#[test]
fn operators_are_words() {
    on_both(|fresh| {
        put(
            fresh,
            vec![
                doc(1, "this OR that", "near and not", "", &[]),
                doc(2, "that", "", "", &[]),
            ],
        );
        for (query, hits) in [
            ("this OR that", vec![1]),
            ("NEAR( this that )", vec![1]),
            ("NEAR(this that)", vec![]),
            ("that AND near", vec![1]),
            ("\"this or that\"", vec![1]),
            ("subject:that", vec![]),
            ("{subject}", vec![]),
            ("that*", vec![2, 1]),
            ("'that' & !this | (", vec![1]),
            ("\\that\\", vec![2, 1]),
            ("scope:0", vec![]),
            ("0", vec![]),
            ("#0", vec![]),
            ("=0 ~that", vec![]),
        ] {
            assert_eq!(staff(fresh, query), hits, "{query}");
        }
    });
}

#[test]
fn scope_is_kept() {
    on_both(|fresh| {
        let unit = "u0192f3aa";
        put(
            fresh,
            vec![
                doc(1, "grid", "", "", &[unit]),
                doc(2, "grid", "", "", &["p77"]),
                doc(3, "grid", "p77", "", &["p78"]),
                doc(4, "cloud", "", "", &["p77", unit]),
            ],
        );
        let within = |query: &str, scope: &[&str]| {
            page(fresh, query, SearchSide::Staff, Some(scope), None, 10)
        };
        assert_eq!(within("grid", &[unit]), [1]);
        assert_eq!(within("grid", &["p77"]), [2]);
        assert_eq!(within("grid", &["p77", unit]), [2, 1]);
        assert_eq!(within("", &["p77", unit]), [4, 2, 1]);
        assert_eq!(within("-grid", &["p77", unit]), [4]);
        assert_eq!(within("grid", &[]), Vec::<i64>::new());
        assert_eq!(within("", &[]), Vec::<i64>::new());
        assert_eq!(within("grid", &["p7"]), Vec::<i64>::new());
        // A scope term is not a word of the ticket.
        assert_eq!(staff(fresh, "p78"), Vec::<i64>::new());
    });
}

#[test]
fn of_each_group_of_terms_one_is_there() {
    on_both(|fresh| {
        put(
            fresh,
            vec![
                doc(1, "grid", "", "", &["u1", "open"]),
                doc(2, "grid", "", "", &["u1"]),
                doc(3, "grid", "", "", &["u2", "open"]),
                doc(4, "grid", "", "", &["u3", "open"]),
                doc(5, "cloud", "", "", &["u2", "open"]),
            ],
        );
        let within = |query: &str, groups: &[&[&str]]| {
            let words = words(query);
            let groups: Vec<_> = groups.iter().map(|terms| group(terms)).collect();
            fresh
                .db
                .read_blocking(move |c| find(c, &words, SearchSide::Staff, &groups, None, 10))
                .unwrap()
        };
        let units: &[&str] = &["u1", "u2"];
        assert_eq!(within("grid", &[&["open"]]), [4, 3, 1]);
        assert_eq!(within("grid", &[&["open"], units]), [3, 1]);
        assert_eq!(within("grid", &[units, &["open"]]), [3, 1]);
        assert_eq!(within("-cloud", &[units, &["open"]]), [3, 1]);
        assert_eq!(within("", &[units, &["open"]]), [5, 3, 1]);
        assert_eq!(within("grid", &[units, &[]]), Vec::<i64>::new());
    });
}

/// Units, a person, and tickets of which each is with the unit that `unit_of` says.
fn tickets(fresh: &Fresh, units: u128, count: i64, unit_of: fn(i64) -> u128) {
    fresh
        .db
        .write_blocking(move |conn| {
            for unit in 0..units {
                conn.execute(
                    "INSERT INTO unit (id, key, name, level, category, description, first_level,
                       security, active, doc, updated_at)
                     VALUES ($1, $2, $2, 2, '', '', 0, 0, 1, '{}', 0)",
                    params![Uuid::from_u128(unit), format!("u{unit}")],
                )?;
            }
            conn.execute(
                "INSERT INTO person (id, name, institute, support, monitor, admin, active,
                   created_at, updated_at)
                 VALUES ($1, 'P', '', 0, 0, 0, 1, 0, 0)",
                params![Uuid::from_u128(1)],
            )?;
            for number in 1..=count {
                conn.execute(
                    "INSERT INTO ticket (number, version, status, open, priority, unit,
                       requester, category, restricted, needs_reply, subject, status_since,
                       created_at, updated_at, doc)
                     VALUES ($1, 1, 'new', 1, 0, $2, $3, 'incident', 0, 0, '', 0, 0, 0, '{}')",
                    params![number, Uuid::from_u128(unit_of(number)), Uuid::from_u128(1)],
                )?;
            }
            Ok::<_, Error>(())
        })
        .unwrap();
}

/// Few words, many, none; in many units and in few, that have many of the tickets or hardly
/// any: whichever way the tickets of units are looked for, the same are found.
#[test]
fn tickets_of_units_are_found_the_same_way_by_terms_and_one_by_one() {
    const COUNT: i64 = 4_000;
    // The ninth has what the others have not: nine in ten.
    fn unit_of(number: i64) -> u128 {
        match number * 7_919 % 80 {
            n @ 0..8 => u128::try_from(n).unwrap(),
            _ => 8,
        }
    }
    on_both(|fresh| {
        tickets(fresh, 10, COUNT, unit_of);
        let docs: Vec<_> = (1..=COUNT)
            .map(|n| {
                let mut text = "common".to_owned();
                for (word, every) in [(" middling", 3), (" rare", 60), (" single", COUNT)] {
                    text.push_str(if n % every == 0 { word } else { "" });
                }
                let inside = if n % 5 == 0 { "inside" } else { "" };
                let unit = format!("u{}", unit_of(n));
                doc(n, "Beam", &text, inside, &["0x", unit.as_str()])
            })
            .collect();
        put(fresh, docs);
        let lists = Arc::new(UnitLists::default());
        let sets: [&[u128]; 4] = [
            &[0, 1, 2, 3, 4, 5, 6, 7],
            &[0, 1, 2, 3, 8],
            &[9, 3, 2, 9, 1],
            &[4],
        ];
        for query in [
            "common",
            "midd",
            "rare",
            "single",
            "absent",
            "inside",
            "middling rare",
            "common -middling",
            "-common",
            "\"common middling\"",
        ] {
            for units in sets {
                for (side, before, limit) in [
                    (SearchSide::Staff, None, 51),
                    (SearchSide::PublicOnly, None, 400),
                    (SearchSide::Staff, Some(1_777), 3_000),
                    (SearchSide::Staff, Some(5), 1),
                    (SearchSide::Staff, None, 0),
                ] {
                    let words = words(query);
                    let terms: Vec<_> = units.iter().map(|n| format!("u{n}")).collect();
                    let ids: Vec<_> = units.iter().map(|n| UnitId(Uuid::from_u128(*n))).collect();
                    let lists = lists.clone();
                    let (one_by_one, by_terms) = fresh
                        .db
                        .read_blocking(move |c| {
                            let ours = (ids.as_slice(), terms.as_slice());
                            let a = find_in_units(c, &lists, &words, side, ours, before, limit)?;
                            let b =
                                find(c, &words, side, std::slice::from_ref(&terms), before, limit)?;
                            Ok::<_, Error>((a, b))
                        })
                        .unwrap();
                    assert_eq!(
                        one_by_one, by_terms,
                        "{query} {units:?} {side:?} {before:?}"
                    );
                }
            }
        }
        // What is looked at one by one is where it is now, and not where the index has it.
        let moved = fresh.db.write_blocking(|c| {
            c.execute(
                "UPDATE ticket SET unit = $2 WHERE number = $1",
                params![COUNT, Uuid::from_u128(9)],
            )
        });
        moved.unwrap();
        let ids: Vec<_> = (0..8).map(|n| UnitId(Uuid::from_u128(n))).collect();
        let left: Vec<i64> = fresh
            .db
            .read_blocking(move |c| {
                let terms: Vec<_> = (0..8).map(|n| format!("u{n}")).collect();
                let ours = (ids.as_slice(), terms.as_slice());
                find_in_units(
                    c,
                    &lists,
                    &words("single"),
                    SearchSide::Staff,
                    ours,
                    None,
                    5,
                )
            })
            .unwrap();
        let sqlite = fresh.db.dialect() == store::Dialect::Sqlite;
        assert_eq!(left.is_empty(), sqlite);
    });
}

/// What the index by unit says of a member of units, and of tickets elsewhere that they see
/// the inside of, is what the index by number says.
#[test]
fn tickets_of_few_units_are_found_the_same_way_by_their_units_and_by_terms() {
    const COUNT: i64 = 3_000;
    // From one number to the next: PostgreSQL's blocks are a few thousand.
    const APART: i64 = 37;
    let unit_of = |n: i64| u128::try_from(n * 7_919 % 11).unwrap();
    let of = move |n: i64| {
        let mut text = "common x-ray".to_owned();
        for (word, every) in [(" middling", 3), (" middle", 4), (" rare", 60)] {
            text.push_str(if n % every == 0 { word } else { "" });
        }
        let inside = if n % 5 == 0 { "inside" } else { "" };
        let unit = format!("u{}", unit_of(n));
        let mut terms = vec!["0x", unit.as_str()];
        // Somebody's in one unit, somebody's here and there, and somebody's in most.
        terms.extend((unit_of(n) == 3 && n % 2 == 0).then_some("i1"));
        terms.extend((n % 150 == 7).then_some("i2"));
        terms.extend((n % 4 == 1).then_some("i3"));
        SearchDoc {
            unit: Some(UnitId(Uuid::from_u128(unit_of(n)))),
            ..doc(n * APART, "Beam", &text, inside, &terms)
        }
    };
    on_both(|fresh| {
        // From the newest and in pieces, as in life but the other way round.
        for piece in (1..=COUNT).rev().collect::<Vec<_>>().chunks(700) {
            put(fresh, piece.iter().map(|n| of(*n)).collect());
        }
        // With other words and in another unit before, in no unit, and gone.
        let other = UnitId(Uuid::from_u128(2));
        let moved = |n: i64| SearchDoc {
            unit: Some(other),
            ..doc(n * APART, "Beam", "middling elsewhere", "", &["u2", "i2"])
        };
        put(fresh, (1_000..1_040).map(moved).collect());
        put(fresh, (1_000..1_020).map(of).collect());
        let nowhere = |n: i64| doc(n * APART, "Beam", "common", "", &["i2"]);
        put(fresh, vec![nowhere(1_050)]);
        let gone = fresh.db.write_blocking(|c| remove(c, 1_061 * APART));
        gone.unwrap();
        let sqlite = fresh.db.dialect() == store::Dialect::Sqlite;
        let mut told = 0;
        for query in [
            "common",
            "midd",
            "rare",
            "absent",
            "inside",
            "=i2",
            "i2",
            "elsewhere",
            "rare common",
            "middling inside",
            "common -middling",
            "-common",
            "x-ray",
            "\"common x\"",
            "-\"common x\" midd",
            "",
        ] {
            for units in [&[3_u128][..], &[2, 3, 10], &[0, 99], &[99], &[]] {
                for insider in ["i1", "i2", "i3", "i4"] {
                    for (before, limit) in [
                        (None, 51),
                        (Some(1_777), 3_000),
                        (Some(1_020), 7),
                        (Some(1), 5),
                    ] {
                        let before = before.map(|n| n * APART);
                        let words = words(query);
                        let ids: Vec<_> =
                            units.iter().map(|n| UnitId(Uuid::from_u128(*n))).collect();
                        let mut terms = vec![insider.to_owned()];
                        let inside = terms.clone();
                        terms.extend(units.iter().map(|n| format!("u{n}")));
                        let (by_unit, by_terms) = fresh
                            .db
                            .read_blocking(move |c| {
                                let ours = (ids.as_slice(), inside.as_slice());
                                let a = find_by_unit(c, &words, ours, before, limit)?;
                                let scope = std::slice::from_ref(&terms);
                                let b = find(c, &words, SearchSide::Staff, scope, before, limit)?;
                                Ok::<_, Error>((a, b))
                            })
                            .unwrap();
                        let Some(by_unit) = by_unit else {
                            let can_not = query.contains(['-', '"']) || query.is_empty();
                            let many = sqlite && insider == "i3";
                            assert!(
                                units.is_empty() || can_not || many,
                                "{query} {units:?} {insider}"
                            );
                            continue;
                        };
                        told += 1;
                        assert!(!query.contains(['"']), "{query}");
                        assert_eq!(
                            by_unit, by_terms,
                            "{query} {units:?} {insider} {before:?} {limit}"
                        );
                    }
                }
            }
        }
        assert!(told > 400, "{told}");
    });
}

#[test]
fn a_ticket_is_replaced_and_removed() {
    on_both(|fresh| {
        put(fresh, vec![doc(5, "old words", "", "", &["p1"])]);
        put(fresh, vec![doc(5, "new words", "", "", &["p2"])]);
        assert_eq!(staff(fresh, "words"), [5]);
        assert_eq!(staff(fresh, "old"), Vec::<i64>::new());
        let within = |scope| page(fresh, "words", SearchSide::Staff, Some(&[scope]), None, 10);
        assert_eq!(within("p1"), Vec::<i64>::new());
        assert_eq!(within("p2"), [5]);
        fresh
            .db
            .write_blocking(|conn| {
                remove(conn, 5)?;
                remove(conn, 6)
            })
            .unwrap();
        assert_eq!(staff(fresh, "words"), Vec::<i64>::new());
    });
}

/// Pages over several blocks of numbers, dense and sparse, give what one look at all gives.
#[test]
fn pages_follow_each_other_without_gaps() {
    on_both(|fresh| {
        // Sparse at first, then a dense stretch in the middle, then nothing for long.
        let numbers: Vec<i64> = (1..60)
            .map(|n| n * 1_500)
            .chain(100_000..100_300)
            .chain([400_000, 400_001])
            .collect();
        put(
            fresh,
            numbers
                .iter()
                .map(|n| {
                    doc(
                        *n,
                        "word",
                        if n % 2 == 0 { "even" } else { "" },
                        "",
                        &["p1"],
                    )
                })
                .chain([doc(900_000, "other", "", "", &[])])
                .collect(),
        );
        for (query, scope, expected) in [
            ("word", None, numbers.clone()),
            (
                "word even",
                Some(&["p1"][..]),
                numbers.iter().copied().filter(|n| n % 2 == 0).collect(),
            ),
            (
                "word -even",
                None,
                numbers.iter().copied().filter(|n| n % 2 == 1).collect(),
            ),
        ] {
            let mut all = Vec::new();
            let mut before = None;
            loop {
                let next = page(fresh, query, SearchSide::Staff, scope, before, 50);
                let Some(last) = next.last() else { break };
                before = Some(*last);
                all.extend(next);
            }
            all.reverse();
            let mut expected = expected;
            expected.sort_unstable();
            assert_eq!(all, expected, "{query}");
        }
    });
}

#[test]
fn what_people_attach_does_not_break_the_index() {
    on_both(|fresh| {
        let noise: String = (0..400_000).map(|n| format!("{n:x} ")).collect();
        let long = "x".repeat(500_000);
        put(
            fresh,
            vec![
                doc(1, "dump", &noise, &noise, &[]),
                doc(2, "blob", &long, &"a ".repeat(300_000), &[]),
                doc(
                    3,
                    "hostile",
                    "\u{0}'\\ ' \" \u{2028} \u{202e} 東京の",
                    "\u{fffd}",
                    &[],
                ),
            ],
        );
        assert_eq!(staff(fresh, "dump"), [1]);
        assert_eq!(staff(fresh, "1f"), [1]);
        assert_eq!(staff(fresh, "blob a"), [2]);
        assert_eq!(staff(fresh, "東京"), [3]);
        assert_eq!(staff(fresh, "京東"), Vec::<i64>::new());
        // As many words as fit into a row, found by a unit's members.
        let unit = UnitId(Uuid::from_u128(7));
        let of_unit = |doc| SearchDoc {
            unit: Some(unit),
            ..doc
        };
        let large = doc(4, "dump", &noise, &noise, &[]);
        let small = doc(5, "dump", "1f", "", &[]);
        put(fresh, vec![of_unit(large), of_unit(small)]);
        let hits = fresh
            .db
            .read_blocking(move |c| find_by_unit(c, &words("dump 1f"), (&[unit], &[]), None, 9));
        assert_eq!(hits.unwrap(), Some(vec![5, 4]));
    });
}

#[test]
fn who_puts_something_into_the_index_has_it_written_out() {
    on_both(|fresh| {
        let written = fresh.db.write_blocking(|conn| {
            index(conn, &[doc(1, "dump", "", "", &[])])?;
            pieces(conn)
        });
        assert_eq!(written.unwrap(), 1);
    });
}

#[test]
fn the_index_is_gathered_into_one_piece_and_finds_the_same() {
    on_both(|fresh| {
        // Each write adds a piece, until the index joins some by itself.
        for number in 1..=30 {
            let text = format!("beam time {number}");
            put(fresh, vec![doc(number, &text, "cryostat", "", &["u1"])]);
        }
        fresh.db.write_blocking(|conn| remove(conn, 7)).unwrap();
        let found = || {
            page(
                fresh,
                "cryostat",
                SearchSide::Staff,
                Some(&["u1"]),
                None,
                50,
            )
        };
        let before = found();
        assert_eq!(before.len(), 29);
        let in_pieces = || fresh.db.read_blocking(pieces).unwrap();
        let sqlite = fresh.db.dialect() == store::Dialect::Sqlite;
        assert_eq!(in_pieces() > 3, sqlite);
        let mut begin = true;
        while fresh
            .db
            .write_blocking(move |conn| rewrite(conn, begin))
            .unwrap()
        {
            begin = false;
        }
        assert_eq!(in_pieces(), 1);
        assert_eq!(found(), before);
    });
}
