//! How a portal looks: the colours it may choose, whether they can be read, and
//! what follows from them.
//!
//! A portal sets the accent and the bar, nothing else; text on them stays as
//! the desk has it, so both have to leave it readable.

use store::portal::{Pair, PortalDoc};
use switchboard_core::colour::{Colour, READABLE};

use crate::Error;

/// Where text and grounds of the desk are said: the style sheet's tokens. A
/// test of the pages compares these with them.
pub const ON_ACCENT: [Colour; 2] = [Colour::new(0xff, 0xff, 0xff), Colour::new(0x04, 0x20, 0x1a)];
/// The fainter of the two colours of text on the bar.
pub const ON_BAR: Colour = Colour::new(0xb3, 0xcd, 0xc6);
/// The grounds on which accented text is hardest to read.
pub const GROUND: [Colour; 2] = [Colour::new(0xe9, 0xee, 0xec), Colour::new(0x1c, 0x25, 0x21)];
/// The surface into which a little accent is mixed.
pub const SURFACE: [Colour; 2] = [Colour::new(0xff, 0xff, 0xff), Colour::new(0x14, 0x1b, 0x18)];

/// The desk's own accent and bar, for light and dark pages: where a portal's
/// choice begins.
pub const OWN: [(Colour, Colour); 2] = [
    (Colour::new(0x0a, 0x65, 0x57), Colour::new(0x0f, 0x2b, 0x26)),
    (Colour::new(0x66, 0xcf, 0xb8), Colour::new(0x0a, 0x1a, 0x17)),
];

/// Of what a colour is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What can be pressed.
    Accent,
    /// The bar on top.
    Bar,
}

/// One chosen colour and how well text on it can be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// The field: `accent_light`, `accent_dark`, `bar_light`, `bar_dark`.
    pub field: &'static str,
    /// In words: "Accent on light pages".
    pub label: &'static str,
    /// The colour.
    pub colour: Colour,
    /// The text on it.
    pub text: Colour,
    /// Contrast of both.
    pub ratio: f64,
    /// The nearest colour that would do; the colour itself when it does.
    pub nearest: Colour,
}

impl Figure {
    fn of(part: Part, dark: bool, colour: Colour) -> Figure {
        let (field, label, text) = match (part, dark) {
            (Part::Accent, false) => ("accent_light", "Accent on light pages", ON_ACCENT[0]),
            (Part::Accent, true) => ("accent_dark", "Accent on dark pages", ON_ACCENT[1]),
            (Part::Bar, false) => ("bar_light", "Bar on light pages", ON_BAR),
            (Part::Bar, true) => ("bar_dark", "Bar on dark pages", ON_BAR),
        };
        Figure {
            field,
            label,
            colour,
            text,
            ratio: colour.contrast(text),
            nearest: colour.readable_with(text).unwrap_or(colour),
        }
    }

    /// Text on it can be read.
    pub fn readable(&self) -> bool {
        self.ratio >= READABLE
    }

    /// What is wrong with it, and what would be right.
    pub fn problem(&self) -> Option<String> {
        (!self.readable()).then(|| {
            // Cut, not rounded: 4.496 is not 4.5.
            let ratio = (self.ratio * 100.0).floor() / 100.0;
            format!(
                "{} gives text on it ({}) a contrast of {ratio:.2}:1, and 4.5:1 is needed; the \
                 nearest that does is {}",
                self.colour, self.text, self.nearest
            )
        })
    }
}

/// Accent and bar on light and on dark pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The accent: light, dark.
    pub accent: [Colour; 2],
    /// The bar: light, dark.
    pub bar: [Colour; 2],
}

impl Default for Look {
    fn default() -> Look {
        Look {
            accent: [OWN[0].0, OWN[1].0],
            bar: [OWN[0].1, OWN[1].1],
        }
    }
}

impl Look {
    /// What a portal chose; the desk's own where it chose nothing.
    pub fn of(doc: &PortalDoc) -> Look {
        let read = |pair: &Option<Pair>, own: [Colour; 2]| {
            pair.as_ref().map_or(own, |pair| {
                [
                    Colour::parse(&pair.light).unwrap_or(own[0]),
                    Colour::parse(&pair.dark).unwrap_or(own[1]),
                ]
            })
        };
        let own = Look::default();
        Look {
            accent: read(&doc.accent, own.accent),
            bar: read(&doc.bar, own.bar),
        }
    }

    /// The four colours and how well each can be read.
    pub fn figures(&self) -> [Figure; 4] {
        [
            Figure::of(Part::Accent, false, self.accent[0]),
            Figure::of(Part::Accent, true, self.accent[1]),
            Figure::of(Part::Bar, false, self.bar[0]),
            Figure::of(Part::Bar, true, self.bar[1]),
        ]
    }

    /// Refuses colours on which text can not be read.
    ///
    /// # Errors
    /// Names the field, the measured contrast and the nearest colour that
    /// would do.
    pub fn check(&self) -> Result<(), Error> {
        for figure in self.figures() {
            if let Some(problem) = figure.problem() {
                return Err(Error::invalid(figure.field, problem));
            }
        }
        Ok(())
    }

    /// The tokens of the style sheet that follow, each with its colour on light
    /// and on dark pages. Text keeps its contrast on each.
    pub fn tokens(&self) -> Vec<(&'static str, [Colour; 2])> {
        let both = |make: fn(&Look, usize) -> Colour| [make(self, 0), make(self, 1)];
        vec![
            ("accent", self.accent),
            ("accent-hover", both(Look::hover)),
            ("accent-text", both(Look::text)),
            ("accent-soft", both(Look::soft)),
            ("accent-line", both(Look::line)),
            ("bar", self.bar),
            ("bar-2", both(Look::bar_over)),
            ("bar-mark", both(Look::mark)),
        ]
    }

    /// Pressed: away from the text on it.
    fn hover(&self, at: usize) -> Colour {
        let away = [Colour::BLACK, Colour::WHITE][at];
        self.accent[at].mixed(away, 64)
    }

    /// Behind what is chosen.
    fn soft(&self, at: usize) -> Colour {
        SURFACE[at].mixed(self.accent[at], [30, 45][at])
    }

    /// Links: readable on every ground and on what is chosen.
    fn text(&self, at: usize) -> Colour {
        let accent = self.accent[at];
        let text = accent.readable_with(GROUND[at]).unwrap_or(accent);
        text.readable_with(self.soft(at)).unwrap_or(text)
    }

    /// Outlines.
    fn line(&self, at: usize) -> Colour {
        SURFACE[at].mixed(self.accent[at], 110)
    }

    /// The bar under the pointer.
    fn bar_over(&self, at: usize) -> Colour {
        let over = self.bar[at].mixed(Colour::WHITE, 20);
        over.readable_with(ON_BAR).unwrap_or(over)
    }

    /// The mark on the bar: the accent of dark pages, readable on the bar.
    fn mark(&self, at: usize) -> Colour {
        let mark = self.accent[1];
        mark.readable_with(self.bar_over(at)).unwrap_or(mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A colour from which `check` has nothing to say.
    fn fitting(colour: Colour, text: Colour) -> Colour {
        colour.readable_with(text).unwrap_or(colour)
    }

    #[test]
    fn the_desks_own_colours_can_be_read() {
        assert_eq!(Look::default().check(), Ok(()));
        assert_eq!(Look::of(&PortalDoc::default()), Look::default());
    }

    #[test]
    fn a_colour_that_can_not_be_read_is_refused_with_what_would_do() {
        let look = Look {
            accent: [Colour::new(0x2e, 0xb8, 0x72), OWN[1].0],
            ..Look::default()
        };
        let Err(Error::Invalid { field, problem }) = look.check() else {
            panic!("taken");
        };
        assert_eq!(field, "accent_light");
        assert!(problem.contains("2.55:1"), "{problem}");
        let nearest = problem.rsplit(' ').next().and_then(Colour::parse);
        let nearest = nearest.unwrap_or(Colour::WHITE);
        assert!(nearest.contrast(Colour::WHITE) >= READABLE);
        let better = Look {
            accent: [nearest, OWN[1].0],
            ..look
        };
        assert_eq!(better.check(), Ok(()));
    }

    #[test]
    fn what_follows_from_any_colours_that_are_taken_can_be_read() {
        // A walk through the cube of colours in steps that hit its corners.
        let steps = [0, 51, 102, 153, 204, 255];
        for red in steps {
            for green in steps {
                for blue in steps {
                    let any = Colour::new(red, green, blue);
                    let look = Look {
                        accent: [fitting(any, ON_ACCENT[0]), fitting(any, ON_ACCENT[1])],
                        bar: [fitting(any, ON_BAR), fitting(any, ON_BAR)],
                    };
                    assert_eq!(look.check(), Ok(()), "{any}");
                    for at in [0, 1] {
                        let text = look.text(at);
                        for ground in [GROUND[at], SURFACE[at], look.soft(at)] {
                            assert!(
                                text.contrast(ground) >= READABLE,
                                "{any}: {text} on {ground}"
                            );
                        }
                        assert!(look.hover(at).contrast(ON_ACCENT[at]) >= READABLE, "{any}");
                        assert!(look.bar_over(at).contrast(ON_BAR) >= READABLE, "{any}");
                        assert!(look.mark(at).contrast(look.bar[at]) >= 3.0, "{any}");
                    }
                }
            }
        }
    }
}
