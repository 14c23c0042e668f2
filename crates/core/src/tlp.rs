//! The Traffic Light Protocol, version 2.0 (FIRST, August 2022): how far what a
//! restricted ticket says may be passed on. *Fixed*: the labels are a standard.

use serde::{Deserialize, Serialize};

/// A label, from the widest to the narrowest circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Tlp {
    /// May be told to everybody.
    Clear,
    /// May be told within the community.
    Green,
    /// May be told, as far as needed, within the recipient's organisation and to
    /// its clients.
    #[default]
    Amber,
    /// May be told, as far as needed, within the recipient's organisation only.
    AmberStrict,
    /// For the eyes of the named recipients only.
    Red,
}

impl Tlp {
    /// Every label, from the widest to the narrowest circle.
    pub const ALL: [Tlp; 5] = [
        Tlp::Clear,
        Tlp::Green,
        Tlp::Amber,
        Tlp::AmberStrict,
        Tlp::Red,
    ];

    /// The word used in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            Tlp::Clear => "clear",
            Tlp::Green => "green",
            Tlp::Amber => "amber",
            Tlp::AmberStrict => "amber_strict",
            Tlp::Red => "red",
        }
    }

    /// The label as the standard writes it.
    pub fn label(self) -> &'static str {
        match self {
            Tlp::Clear => "TLP:CLEAR",
            Tlp::Green => "TLP:GREEN",
            Tlp::Amber => "TLP:AMBER",
            Tlp::AmberStrict => "TLP:AMBER+STRICT",
            Tlp::Red => "TLP:RED",
        }
    }

    /// What it allows, in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Tlp::Clear => "may be told to everybody",
            Tlp::Green => "may be told within the community",
            Tlp::Amber => "as far as needed, within your organisation and to its clients",
            Tlp::AmberStrict => "as far as needed, within your organisation only",
            Tlp::Red => "for those named on the ticket only",
        }
    }

    /// Reads a word or a label; `None`: there is no such one.
    pub fn parse(text: &str) -> Option<Tlp> {
        Tlp::ALL
            .into_iter()
            .find(|t| t.key() == text || t.label() == text)
    }

    /// What it is about may be handed to another system. The narrow labels speak
    /// of people and of one organisation, and another desk is neither.
    pub fn may_cross_bridges(self) -> bool {
        self <= Tlp::Amber
    }

    /// A mail may carry the text. A mail box is read by more than the one who is
    /// named: of *red* it says only that there is something new.
    pub fn may_be_mailed(self) -> bool {
        self < Tlp::Red
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_labels_are_read_back() {
        for tlp in Tlp::ALL {
            assert_eq!(Tlp::parse(tlp.key()), Some(tlp));
            assert_eq!(Tlp::parse(tlp.label()), Some(tlp));
            assert_eq!(
                serde_json::to_value(tlp).unwrap(),
                serde_json::Value::from(tlp.key())
            );
        }
        assert_eq!(Tlp::parse("TLP:WHITE"), None);
    }

    #[test]
    fn the_narrow_ones_stay() {
        let crosses: Vec<_> = Tlp::ALL
            .into_iter()
            .filter(|t| t.may_cross_bridges())
            .collect();
        assert_eq!(crosses, [Tlp::Clear, Tlp::Green, Tlp::Amber]);
        assert!(Tlp::AmberStrict.may_be_mailed() && !Tlp::Red.may_be_mailed());
    }
}
