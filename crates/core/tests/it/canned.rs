//! Whose what staff keep is, and what a text may be.

use switchboard_core::canned::{Canned, LONGEST_TEXT, Shelf};
use switchboard_core::{Membership, Part, Refusal};

use crate::world::{
    COMPUTING, COY, SAM, STORAGE, SUE, ada, ann, coy, everybody, fay, max, pol, sam, sue,
};

#[test]
fn what_is_kept_is_used_and_changed_by_those_whose_it_is() {
    let open = |shelf: Shelf| -> Vec<_> {
        let all = everybody().into_iter();
        all.filter(|who| shelf.is_open_to(who))
            .filter_map(|who| who.person)
            .collect()
    };
    let people = |all: &[switchboard_core::Actor]| -> Vec<_> {
        all.iter().filter_map(|who| who.person).collect()
    };
    let staff = [fay(), sam(), sue(), coy(), pol(), ada()];
    assert_eq!(open(Shelf::Everybody), people(&staff));
    assert_eq!(open(Shelf::Unit(STORAGE)), people(&[sam(), sue(), ada()]));
    assert_eq!(open(Shelf::Own(SAM)), [SAM]);
    // Who asks, and who only watches, keep nothing.
    for who in [ann(), max()] {
        let own = Shelf::Own(who.person.unwrap());
        assert!(!own.is_open_to(&who));
        assert!(own.may_be_filled_by(&who).is_err());
    }

    let fill = |shelf: Shelf| -> Vec<_> {
        let all = everybody().into_iter();
        all.filter(|who| shelf.may_be_filled_by(who).is_ok())
            .filter_map(|who| who.person)
            .collect()
    };
    assert_eq!(fill(Shelf::Everybody), people(&[ada()]));
    assert_eq!(fill(Shelf::Unit(STORAGE)), people(&[sue(), ada()]));
    assert_eq!(fill(Shelf::Unit(COMPUTING)), people(&[ada()]));
    assert_eq!(fill(Shelf::Own(COY)), [COY]);
    // Whoever may change something may see it.
    for who in everybody() {
        for shelf in [
            Shelf::Everybody,
            Shelf::Unit(STORAGE),
            Shelf::Unit(COMPUTING),
            Shelf::Own(SAM),
            Shelf::Own(SUE),
        ] {
            assert!(shelf.may_be_filled_by(&who).is_err() || shelf.is_open_to(&who));
        }
    }
    // A responsible who lost the permission is one no more.
    let mut gone = sue();
    gone.support = false;
    assert!(Shelf::Unit(STORAGE).may_be_filled_by(&gone).is_err());
    assert!(!Shelf::Own(SUE).is_open_to(&gone));
}

#[test]
fn at_hand_is_what_belongs_to_the_work() {
    // One's own units' always, others' only on tickets that are with them.
    assert!(Shelf::Unit(STORAGE).is_at_hand(&sam(), COMPUTING));
    assert!(!Shelf::Unit(STORAGE).is_at_hand(&ada(), COMPUTING));
    assert!(Shelf::Unit(STORAGE).is_at_hand(&ada(), STORAGE));
    assert!(!Shelf::Unit(STORAGE).is_at_hand(&coy(), STORAGE));
    let mut both = coy();
    both.units.push(Membership {
        unit: STORAGE,
        part: Part::Member,
        first_level: false,
        portal: None,
    });
    assert!(Shelf::Unit(STORAGE).is_at_hand(&both, COMPUTING));
}

#[test]
fn what_makes_no_sense_is_refused_with_its_field() {
    let good = Canned {
        shelf: Shelf::Everybody,
        title: "Quota".into(),
        shortcut: "quota-2".into(),
        body: "It is used up.".into(),
    };
    assert_eq!(good.check(), Ok(()));
    let field = |text: Canned| match text.check() {
        Err(Refusal::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    for title in ["", " ", "a\nb", &"x".repeat(101)] {
        let wrong = Canned {
            title: title.into(),
            ..good.clone()
        };
        assert_eq!(field(wrong), "title", "{title:?}");
    }
    for shortcut in ["", "a b", "Quota", "-a", "/quota", "größe", &"x".repeat(31)] {
        let wrong = Canned {
            shortcut: shortcut.into(),
            ..good.clone()
        };
        assert_eq!(field(wrong), "shortcut", "{shortcut:?}");
    }
    for body in ["", " \n ", "a\0b", &"x".repeat(LONGEST_TEXT + 1)] {
        let wrong = Canned {
            body: body.into(),
            ..good.clone()
        };
        assert_eq!(field(wrong), "body");
    }
}
