//! The counters within a write transaction.
//!
//! Whoever holds the writer's lock is the only one who changes them, so they
//! are read once with the lock, counted here, and stored once with the commit:
//! a write that opens a ticket needs no answer of the server for its numbers.

use super::values::cell;
use crate::Error;
use crate::value::Cell;

struct Counter {
    name: String,
    value: i64,
    stored: i64,
}

/// The counters as a transaction will leave them.
pub(super) struct Numbers {
    counters: Vec<Counter>,
    /// Which counter gave how many, in order.
    given: Vec<(usize, i64)>,
}

impl Numbers {
    /// From rows of name and value.
    pub(super) fn read(rows: &[tokio_postgres::Row]) -> Result<Numbers, Error> {
        let mut counters = Vec::with_capacity(rows.len());
        for row in rows {
            let (Cell::Text(name), Cell::Int(value)) = (cell(row, 0)?, cell(row, 1)?) else {
                return Err(Error::Corrupt("a counter is no number".into()));
            };
            counters.push(Counter {
                name: name.to_owned(),
                value,
                stored: value,
            });
        }
        Ok(Numbers {
            counters,
            given: Vec::new(),
        })
    }

    /// Takes `n` numbers in a row and gives the first; `None`: no such counter.
    pub(super) fn take(&mut self, name: &str, n: i64) -> Option<i64> {
        let place = self.counters.iter().position(|c| c.name == name)?;
        let counter = &mut self.counters[place];
        let first = counter.value + 1;
        counter.value += n;
        self.given.push((place, n));
        Some(first)
    }

    /// The last number given; `None`: no such counter.
    pub(super) fn value(&self, name: &str) -> Option<i64> {
        let counter = self.counters.iter().find(|c| c.name == name)?;
        Some(counter.value)
    }

    /// How often numbers were taken so far.
    pub(super) fn taken(&self) -> usize {
        self.given.len()
    }

    /// Takes back what was given since then.
    pub(super) fn give_back(&mut self, taken: usize) {
        for (place, n) in self.given.drain(taken.min(self.given.len())..) {
            self.counters[place].value -= n;
        }
    }

    /// Those to be stored.
    pub(super) fn changed(&self) -> Vec<(String, i64)> {
        self.counters
            .iter()
            .filter(|c| c.value != c.stored)
            .map(|c| (c.name.clone(), c.value))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_from_the_end() {
        let mut numbers = Numbers {
            counters: vec![Counter {
                name: "event".into(),
                value: 7,
                stored: 7,
            }],
            given: Vec::new(),
        };
        assert_eq!(numbers.take("event", 2), Some(8));
        let mark = numbers.taken();
        assert_eq!(numbers.take("event", 3), Some(10));
        assert_eq!(numbers.value("event"), Some(12));
        numbers.give_back(mark);
        assert_eq!(numbers.take("event", 1), Some(10));
        assert_eq!(numbers.changed(), [("event".to_owned(), 10)]);
        numbers.give_back(0);
        assert!(numbers.changed().is_empty());
        assert_eq!(numbers.take("nothing", 1), None);
    }
}
