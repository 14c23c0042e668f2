//! Numbers of issues, and for changes in systems that number each kind of them by itself.

use crate::tracker::Error;

/// The number of an issue, as we keep it.
///
/// # Errors
/// [`Error::Wrong`] where it is none.
pub(super) fn issue_number(id: &str) -> Result<u64, Error> {
    id.parse()
        .map_err(|_| Error::Wrong(format!("{id:?} is no number of an issue")))
}

/// What a change is, in the order in which several of one second are taken: a text
/// before what it says of the state, since it may be the solution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// The ticket itself.
    Opened = 0,
    /// A text.
    Text = 1,
    /// A value.
    Value = 2,
    /// It is gone.
    Gone = 3,
}

/// Bits of the number that the system gave it. Two of one second and sort have the
/// same only if half a milliard lie between their numbers.
const OWN_BITS: u32 = 29;

/// A number that rises with time (in milliseconds since 1970; to the second, until
/// 2106) and is the same whenever it is read.
pub(super) fn number(at: i64, sort: Sort, own: u64) -> i64 {
    let seconds = (at / 1_000).clamp(0, i64::from(u32::MAX));
    let own = i64::try_from(own & ((1 << OWN_BITS) - 1)).unwrap_or_default();
    (seconds << 31) | ((sort as i64) << OWN_BITS) | own
}

/// A number of the system's own with the millisecond before it, where times are told to
/// that: of two lists the one number says nothing about the other. `last`: it is the
/// last word of its second. Two of one millisecond have the same only if a quarter of a
/// million lie between them.
pub(super) fn within_a_second(at: i64, last: bool, own: u64) -> u64 {
    let milliseconds = u64::try_from(at.rem_euclid(1_000)).unwrap_or_default();
    (u64::from(last) << 28) | (milliseconds << 18) | (own & ((1 << 18) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_with_time_and_a_text_comes_before_what_it_says() {
        let at = 1_795_762_860_123;
        let rising = [
            number(at, Sort::Opened, 9_000_000_000),
            number(at, Sort::Text, 3_000_000_001),
            number(at, Sort::Text, 3_000_000_002),
            number(at, Sort::Value, 17),
            number(at, Sort::Gone, 0),
            number(at + 1_000, Sort::Opened, 1),
        ];
        assert!(rising.is_sorted() && rising[0] > 0, "{rising:?}");
        assert_eq!(
            number(at + 800, Sort::Value, 17),
            rising[3],
            "a second is one"
        );
        let later = within_a_second(at + 7, false, 3);
        assert!(within_a_second(at, false, u64::MAX) < later);
        let last = within_a_second(at, true, 3);
        assert!(later < last && last < 1 << OWN_BITS);
        assert!(number(4_294_967_295_000, Sort::Gone, u64::MAX) > 0);
    }
}
