//! Colours and their contrast, against figures of the Web Content Accessibility
//! Guidelines.

use proptest::prelude::*;
use switchboard_core::colour::{Colour, READABLE};

fn colour(text: &str) -> Colour {
    Colour::parse(text).unwrap()
}

#[test]
fn contrast_is_what_wcag_reckons() {
    // Known pairs, to two places: black and white, the greys on either side of
    // 4.5 on white, and pure hues.
    for (a, b, ratio) in [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#767676", "#ffffff", 4.54),
        ("#777777", "#ffffff", 4.48),
        ("#ff0000", "#ffffff", 4.00),
        ("#0000ff", "#ffffff", 8.59),
        ("#00ff00", "#000000", 15.30),
        ("#808080", "#000000", 5.32),
    ] {
        let found = colour(a).contrast(colour(b));
        assert!((found - ratio).abs() < 0.005, "{a} on {b}: {found}");
    }
}

#[test]
fn only_six_digits_are_a_colour() {
    assert_eq!(colour("#0A6557"), Colour::new(10, 101, 87));
    assert_eq!(colour("#0a6557").to_string(), "#0a6557");
    for wrong in [
        "", "#", "0a6557", "#0a655", "#0a65577", "#0a655g", "#+a6557", "red", "#fff", "#0a6557;",
        "#é6557",
    ] {
        assert_eq!(Colour::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn the_nearest_readable_colour_is_no_further_than_it_must() {
    // White on a bright green can not be read; a darker green does.
    let green = colour("#2eb872");
    let nearest = green.readable_with(Colour::WHITE).unwrap();
    assert!(nearest.contrast(Colour::WHITE) >= READABLE);
    assert!(nearest.contrast(Colour::WHITE) < 4.7, "{nearest}");
    assert!(nearest.green > nearest.red && nearest.green > nearest.blue);
    // What can be read stays as it is.
    let deep = colour("#0f2b26");
    assert_eq!(deep.readable_with(Colour::WHITE), Some(deep));
}

fn any_colour() -> impl Strategy<Value = Colour> {
    (any::<u8>(), any::<u8>(), any::<u8>()).prop_map(|(r, g, b)| Colour::new(r, g, b))
}

proptest! {
    #[test]
    fn contrast_is_between_1_and_21_and_the_same_either_way(a in any_colour(), b in any_colour()) {
        let ratio = a.contrast(b);
        prop_assert!((1.0..=21.0).contains(&ratio));
        prop_assert_eq!(ratio, b.contrast(a));
        prop_assert_eq!(Colour::parse(&a.to_string()), Some(a));
    }

    #[test]
    fn there_is_always_a_readable_colour_near(a in any_colour(), text in any_colour()) {
        // Black or white can be read beside any colour.
        let nearest = a.readable_with(text).unwrap();
        prop_assert!(nearest.contrast(text) >= READABLE);
        prop_assert!(a.contrast(text) < READABLE || nearest == a);
    }
}
