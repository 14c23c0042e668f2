//! What requesters say about a solution, and how content they were with it.

/// What a requester says about the solution of their ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// It works: the ticket is verified.
    Solved,
    /// It does not: the ticket is reopened.
    NotSolved,
    /// They can not tell, as what the solution promises has not come: the ticket is closed
    /// later.
    StillWaiting,
}

impl Said {
    /// All three.
    pub const ALL: [Said; 3] = [Said::Solved, Said::NotSolved, Said::StillWaiting];

    /// The word in addresses and forms.
    pub fn key(self) -> &'static str {
        match self {
            Said::Solved => "solved",
            Said::NotSolved => "not-solved",
            Said::StillWaiting => "still-waiting",
        }
    }

    /// Reads the word.
    pub fn parse(key: &str) -> Option<Said> {
        Said::ALL.into_iter().find(|said| said.key() == key)
    }
}

/// How content a requester was: 1 (not at all) to 5 (very).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rating(u8);

impl Rating {
    /// All of them, the best first.
    pub const ALL: [Rating; 5] = [Rating(5), Rating(4), Rating(3), Rating(2), Rating(1)];

    /// One of them; `None`: it is no number from 1 to 5.
    pub fn new(number: i64) -> Option<Rating> {
        u8::try_from(number)
            .ok()
            .filter(|n| (1..=5).contains(n))
            .map(Rating)
    }

    /// 1 to 5.
    pub fn number(self) -> i64 {
        i64::from(self.0)
    }

    /// The words shown to people.
    pub fn label(self) -> &'static str {
        match self.0 {
            5 => "Very content",
            4 => "Content",
            3 => "So-so",
            2 => "Not content",
            _ => "Not content at all",
        }
    }
}

/// Ratings, added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ratings {
    counts: [u64; 5],
}

impl Ratings {
    /// Adds one.
    pub fn take(&mut self, rating: Rating) {
        self.counts[usize::from(rating.0 - 1)] += 1;
    }

    /// How many there are of one.
    pub fn of(&self, rating: Rating) -> u64 {
        self.counts[usize::from(rating.0 - 1)]
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The mean in hundredths, rounded to the nearest, halves up; `None`: there are none.
    pub fn mean(&self) -> Option<u64> {
        let sum: u64 = (1..).zip(self.counts).map(|(n, count)| n * count).sum();
        (sum * 100 + self.count() / 2).checked_div(self.count())
    }

    /// How many of a thousand were content or very content, rounded to the nearest; `None`:
    /// there are none.
    pub fn content_permille(&self) -> Option<u64> {
        let content = self.counts[3] + self.counts[4];
        (content * 1_000 + self.count() / 2).checked_div(self.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rating_is_a_number_from_one_to_five() {
        for (number, is_one) in [(0, false), (1, true), (5, true), (6, false), (-1, false)] {
            assert_eq!(Rating::new(number).is_some(), is_one, "{number}");
        }
        for rating in Rating::ALL {
            assert_eq!(Rating::new(rating.number()), Some(rating));
        }
    }

    #[test]
    fn means_and_shares_are_rounded_to_the_nearest() {
        let of = |numbers: &[i64]| {
            let mut ratings = Ratings::default();
            for number in numbers {
                ratings.take(Rating::new(*number).unwrap());
            }
            (ratings.count(), ratings.mean(), ratings.content_permille())
        };
        assert_eq!(of(&[]), (0, None, None));
        assert_eq!(of(&[5, 4, 4]), (3, Some(433), Some(1_000)));
        assert_eq!(of(&[5, 5, 4]), (3, Some(467), Some(1_000)));
        assert_eq!(of(&[1, 2, 3]), (3, Some(200), Some(0)));
        assert_eq!(of(&[5, 1, 1]), (3, Some(233), Some(333)));
    }
}
