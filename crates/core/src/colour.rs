//! Colours that people choose, and whether text on them can be read: contrast
//! as the Web Content Accessibility Guidelines reckon it (WCAG 2.2, "relative
//! luminance" and "contrast ratio").

use std::fmt;

/// The contrast that text needs (WCAG 1.4.3, level AA).
pub const READABLE: f64 = 4.5;

/// A colour of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Colour {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl Colour {
    /// Black.
    pub const BLACK: Colour = Colour::new(0, 0, 0);
    /// White.
    pub const WHITE: Colour = Colour::new(255, 255, 255);

    /// A colour of its three parts.
    pub const fn new(red: u8, green: u8, blue: u8) -> Colour {
        Colour { red, green, blue }
    }

    /// Reads `#rrggbb`, in either case; `None` when it is anything else.
    pub fn parse(text: &str) -> Option<Colour> {
        let digits = text.strip_prefix('#')?;
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        Some(Colour::new(part(0)?, part(2)?, part(4)?))
    }

    /// Relative luminance: 0 for black to 1 for white.
    pub fn luminance(self) -> f64 {
        let part = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(self.red) + 0.7152 * part(self.green) + 0.0722 * part(self.blue)
    }

    /// Contrast ratio between two colours: 1 to 21, the same either way round.
    pub fn contrast(self, other: Colour) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// This colour with `share` in 255 of another in it.
    #[must_use]
    pub fn mixed(self, other: Colour, share: u8) -> Colour {
        let part = |a: u8, b: u8| {
            let (a, b, share) = (u32::from(a), u32::from(b), u32::from(share));
            let sum = a * (255 - share) + b * share;
            u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX)
        };
        Colour::new(
            part(self.red, other.red),
            part(self.green, other.green),
            part(self.blue, other.blue),
        )
    }

    /// The nearest colour to this one on which (or as which) `text` can be
    /// read: it gets as much black or white as it needs, and no more. The
    /// colour itself when it does already; `None` when neither helps.
    pub fn readable_with(self, text: Colour) -> Option<Colour> {
        let towards = |end: Colour| {
            (0..=u8::MAX)
                .map(|share| (share, self.mixed(end, share)))
                .find(|(_, colour)| colour.contrast(text) >= READABLE)
        };
        match (towards(Colour::BLACK), towards(Colour::WHITE)) {
            (Some((dark, darker)), Some((light, lighter))) => {
                Some(if dark <= light { darker } else { lighter })
            }
            (Some((_, colour)), None) | (None, Some((_, colour))) => Some(colour),
            (None, None) => None,
        }
    }
}
