//! What a requester says about a solution by answering its mail with just the words that
//! it asks for (domain section 3: only where the mail asks for exactly that).

use switchboard_core::satisfaction::Said;

/// What the mails ask for, in both languages, as it is compared.
const PHRASES: [(&str, Said); 6] = [
    ("this solved it", Said::Solved),
    ("das hat es gelöst", Said::Solved),
    ("not solved", Said::NotSolved),
    ("nicht gelöst", Said::NotSolved),
    ("still waiting", Said::StillWaiting),
    ("ich warte noch", Said::StillWaiting),
];

/// A line without what people put around words, and without a difference of case.
fn bare(line: &str) -> String {
    let plain = |c: char| c.is_whitespace() || matches!(c, '.' | '!' | '"' | '“' | '”' | '„' | '*');
    line.trim_matches(plain).to_lowercase()
}

/// What a mail says whose text (without what it quotes) is this; `None`: it is words for
/// people.
///
/// *This solved it* ends the ticket for good, so nothing else may stand there: whoever goes
/// on with "but" has not said it. Of the others the first line counts, as more words are
/// welcome.
pub fn said(text: &str) -> Option<Said> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = bare(lines.next()?);
    let (_, said) = PHRASES.iter().find(|(phrase, _)| *phrase == first)?;
    (*said != Said::Solved || lines.next().is_none()).then_some(*said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn just_the_words_that_were_asked_for_count() {
        for (text, expected) in [
            ("This solved it", Some(Said::Solved)),
            ("  this solved it!\n\n", Some(Said::Solved)),
            ("“Das hat es gelöst.”", Some(Said::Solved)),
            ("This solved it, but now the quota is wrong", None),
            ("This solved it\nbut now the quota is wrong", None),
            ("This did not solve it", None),
            ("NOT SOLVED", Some(Said::NotSolved)),
            (
                "Nicht gelöst\n\nEs hängt noch immer.",
                Some(Said::NotSolved),
            ),
            (
                "Still waiting.\nIt should come tonight.",
                Some(Said::StillWaiting),
            ),
            ("Ich warte noch", Some(Said::StillWaiting)),
            ("It is not solved", None),
            ("Thank you", None),
            ("", None),
        ] {
            assert_eq!(said(text), expected, "{text:?}");
        }
    }
}
