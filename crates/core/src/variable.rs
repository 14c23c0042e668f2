//! Variables in texts that staff write: `{{ name }}` becomes what it names. Nothing else is
//! understood in them, so no text can reach what is not on its list.

use crate::command::Refusal;

/// The names that a text uses, in order, each as often as it stands there.
///
/// # Errors
/// Names `field` when a variable does not end.
pub fn used<'a>(field: &'static str, text: &'a str) -> Result<Vec<&'a str>, Refusal> {
    let mut names = Vec::new();
    walk(field, text, |piece| {
        if let Piece::Variable(name) = piece {
            names.push(name);
        }
    })?;
    Ok(names)
}

/// Whether a text uses only these names.
///
/// # Errors
/// Names `field`, the variable that there is not, and those that there are.
pub fn check(field: &'static str, text: &str, known: &[&str]) -> Result<(), Refusal> {
    for name in used(field, text)? {
        if !known.contains(&name) {
            return Err(Refusal::Invalid {
                field,
                problem: format!(
                    "there is no variable {name:?}; there are {}",
                    known.join(", ")
                ),
            });
        }
    }
    Ok(())
}

/// A text with what its variables name; what `value` does not know is left empty.
///
/// # Errors
/// As [`check`].
pub fn filled(
    field: &'static str,
    text: &str,
    known: &[&str],
    value: impl Fn(&str) -> Option<String>,
) -> Result<String, Refusal> {
    check(field, text, known)?;
    let mut out = String::with_capacity(text.len());
    walk(field, text, |piece| match piece {
        Piece::Text(text) => out.push_str(text),
        Piece::Variable(name) => out.push_str(&value(name).unwrap_or_default()),
    })?;
    Ok(out)
}

enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

fn walk<'a>(
    field: &'static str,
    text: &'a str,
    mut each: impl FnMut(Piece<'a>),
) -> Result<(), Refusal> {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else {
            return Err(Refusal::Invalid {
                field,
                problem: "has {{ without }} after it; a variable is written {{ name }}".into(),
            });
        };
        each(Piece::Text(before));
        each(Piece::Variable(name.trim()));
        rest = behind;
    }
    each(Piece::Text(rest));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{check, filled, used};

    #[test]
    fn what_a_variable_names_is_put_in_once_and_not_read_again() {
        let known = ["site", "country"];
        let value = |name: &str| (name == "site").then(|| "{{ country }} & {{".to_owned());
        assert_eq!(
            filled("text", "To {{site}} ({{ country }}) } {x}", &known, value).unwrap(),
            "To {{ country }} & {{ () } {x}"
        );
    }

    #[test]
    fn an_unknown_or_open_variable_is_named() {
        let wrong = check("text", "{{ site }} {{ secret }}", &["site"]).unwrap_err();
        assert!(wrong.to_string().contains("\"secret\""), "{wrong}");
        assert!(wrong.to_string().contains("there are site"), "{wrong}");
        let open = used("subject", "To {{ site").unwrap_err();
        assert!(open.to_string().starts_with("subject: has {{"), "{open}");
        assert!(check("text", "{{ }}", &["site"]).is_err());
    }
}
