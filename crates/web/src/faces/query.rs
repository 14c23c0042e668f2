//! What scripts ask other systems for, in this desk's own query language.

use crate::problem::Problem;

/// A condition: field, comparison, value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    /// The field, as the script wrote it.
    pub(super) field: String,
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`, `LIKE`, `NOT LIKE`.
    pub(super) sign: String,
    /// The value.
    pub(super) value: String,
}

/// A value as a quoted word of our language.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// RT's search language, as far as all conditions must hold: `Queue = 'x' AND
/// (Status = 'open') AND Subject LIKE 'words'`.
///
/// # Errors
/// Names what is not understood.
pub(super) fn ticket_sql(text: &str) -> Result<Vec<Condition>, Problem> {
    let mut rest = text.trim();
    let mut depth = 0_u32;
    let mut found = Vec::new();
    loop {
        while let Some(inner) = rest.strip_prefix('(') {
            depth += 1;
            rest = inner.trim_start();
        }
        if rest.is_empty() && found.is_empty() && depth == 0 {
            return Ok(found);
        }
        let (condition, after) = condition(rest)?;
        found.push(condition);
        rest = after.trim_start();
        while let Some(outer) = rest.strip_prefix(')') {
            depth = depth
                .checked_sub(1)
                .ok_or_else(|| wrong("a bracket is closed that is not open"))?;
            rest = outer.trim_start();
        }
        if rest.is_empty() {
            return if depth == 0 {
                Ok(found)
            } else {
                Err(wrong("a bracket is not closed"))
            };
        }
        rest = keyword(rest, "AND")
            .ok_or_else(|| wrong("conditions are joined by AND only"))?
            .trim_start();
    }
}

fn wrong(why: &str) -> Problem {
    Problem::wrong_shape("query", why.to_owned())
}

/// Takes a word off the front, in any case.
fn keyword<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len())?;
    let rest = &text[word.len()..];
    let ends = rest.is_empty() || rest.starts_with(|c: char| !c.is_alphanumeric());
    (head.eq_ignore_ascii_case(word) && ends).then_some(rest)
}

fn condition(text: &str) -> Result<(Condition, &str), Problem> {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '_'))
        .unwrap_or(text.len());
    let (field, rest) = text.split_at(end);
    if field.is_empty() {
        return Err(wrong("a condition begins with a field: Status = 'open'"));
    }
    let rest = rest.trim_start();
    let sign = ["!=", "<=", ">=", "=", "<", ">"]
        .iter()
        .find(|s| rest.starts_with(**s));
    let (sign, rest) = match sign {
        Some(sign) => ((*sign).to_owned(), &rest[sign.len()..]),
        None => {
            let (not, rest) = match keyword(rest, "NOT") {
                Some(after) => ("NOT ", after.trim_start()),
                None => ("", rest),
            };
            let after = keyword(rest, "LIKE")
                .ok_or_else(|| wrong("a field is compared by =, !=, <, >, LIKE or NOT LIKE"))?;
            (format!("{not}LIKE"), after)
        }
    };
    let rest = rest.trim_start();
    let (value, rest) = match rest.chars().next() {
        Some(mark @ ('\'' | '"')) => {
            let inner = &rest[1..];
            let close = inner
                .find(mark)
                .ok_or_else(|| wrong("a quote is not closed"))?;
            (inner[..close].to_owned(), &inner[close + 1..])
        }
        _ => {
            let end = rest
                .find(|c: char| c.is_whitespace() || c == ')')
                .unwrap_or(rest.len());
            let (bare, after) = rest.split_at(end);
            (bare.to_owned(), after)
        }
    };
    let condition = Condition {
        field: field.to_owned(),
        sign,
        value,
    };
    Ok((condition, rest))
}

/// Zammad's search language as far as all conditions must hold:
/// `state.name:open AND group.name:"EGI Cloud" words`.
///
/// # Errors
/// Names what is not understood.
pub(super) fn elastic(text: &str) -> Result<Vec<Condition>, Problem> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(after) = keyword(rest, "AND") {
            rest = after.trim_start();
            continue;
        }
        if keyword(rest, "OR").is_some()
            || keyword(rest, "NOT").is_some()
            || rest.starts_with(['(', '-', '!'])
        {
            return Err(wrong("conditions are joined by AND only, without brackets"));
        }
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '_'))
            .unwrap_or(rest.len());
        let (field, after) = match rest[end..].strip_prefix(':') {
            Some(after) if end > 0 => (&rest[..end], after),
            _ => ("", rest),
        };
        let signs = [(">=", ">="), ("<=", "<="), (">", ">"), ("<", "<")];
        let sign = signs
            .iter()
            .find(|(s, _)| !field.is_empty() && after.starts_with(s));
        let (sign, after) = match sign {
            Some((sign, _)) => (*sign, &after[sign.len()..]),
            None => ("=", after),
        };
        let (value, left) = match after.strip_prefix('"') {
            Some(inner) => {
                let close = inner
                    .find('"')
                    .ok_or_else(|| wrong("a quote is not closed"))?;
                (inner[..close].to_owned(), &inner[close + 1..])
            }
            None => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        if !value.is_empty() && value != "*" {
            found.push(Condition {
                field: field.to_owned(),
                sign: sign.to_owned(),
                value,
            });
        }
        rest = left.trim_start();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(found: Result<Vec<Condition>, Problem>) -> Vec<(String, String, String)> {
        let found = found.unwrap();
        found
            .into_iter()
            .map(|c| (c.field, c.sign, c.value))
            .collect()
    }

    fn condition(field: &str, sign: &str, value: &str) -> (String, String, String) {
        (field.to_owned(), sign.to_owned(), value.to_owned())
    }

    #[test]
    fn conditions_that_must_all_hold_are_read() {
        assert_eq!(
            told(ticket_sql(
                "(Queue='EGI Cloud') AND (Subject LIKE 'no disk') and id >= 7"
            )),
            [
                condition("Queue", "=", "EGI Cloud"),
                condition("Subject", "LIKE", "no disk"),
                condition("id", ">=", "7"),
            ]
        );
        assert_eq!(
            told(ticket_sql(
                "((Owner = 'Nobody' AND Requestor.EmailAddress != \"a@b.example\"))"
            )),
            [
                condition("Owner", "=", "Nobody"),
                condition("Requestor.EmailAddress", "!=", "a@b.example"),
            ]
        );
        assert_eq!(told(ticket_sql("")), []);
        assert_eq!(
            told(elastic(
                "state.name:open AND group.name:\"EGI Cloud\" disk created_at:>2026-01-01"
            )),
            [
                condition("state.name", "=", "open"),
                condition("group.name", "=", "EGI Cloud"),
                condition("", "=", "disk"),
                condition("created_at", ">", "2026-01-01"),
            ]
        );
        assert_eq!(told(elastic("*")), []);
    }

    #[test]
    fn what_is_not_understood_is_refused_and_not_left_out() {
        for bad in [
            "Status = 'open' OR Status = 'new'",
            "(Status = 'open'",
            "Status = 'open')",
            "Status IS NULL",
            "= 'x'",
            "Status = 'open",
        ] {
            assert!(ticket_sql(bad).is_err(), "{bad}");
        }
        for bad in ["a OR b", "(a)", "NOT a", "title:\"x", "-state.name:open"] {
            assert!(elastic(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn no_value_breaks_out_of_its_quotes() {
        assert_eq!(quoted("a\" owner:\"b\\"), "\"a\\\" owner:\\\"b\\\\\"");
    }
}
