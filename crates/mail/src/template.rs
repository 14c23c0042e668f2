//! Texts that an administrator writes: fields are put in, and nothing else happens.
//!
//! The language is what `{{ field }}` and `{% if field %}…{% else %}…{% endif %}`
//! say, with the fields that the caller names: nothing is computed, called, repeated
//! or looked up, so there is nothing that a text could make the desk do (bar row 16;
//! why this is not a library: `docs/adr/0010-texts-with-fields.md`). Anything else in
//! braces is text and stays as it was written, and what stands in a field is never
//! looked at again. Rendering takes one pass.

use std::collections::BTreeMap;

use crate::words::one_line;

/// The longest text that is taken, in octets.
pub const MAX_TEXT: usize = 64 << 10;
/// The longest result, in octets.
pub const MAX_RENDERED: usize = 256 << 10;
/// Characters of a result that is to be one line.
const MAX_LINE: usize = 300;
/// Conditions within conditions.
const MAX_DEPTH: usize = 20;

/// Why a text can not be used. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It is longer than [`MAX_TEXT`].
    #[error("the text is longer than {} kB", MAX_TEXT >> 10)]
    TooLong,
    /// Something in braces that is no field and no condition on one.
    #[error("line {line}: {word} is none of the fields; there are {known}")]
    Unknown {
        /// Where it stands.
        line: usize,
        /// What stands there, with its braces.
        word: String,
        /// The fields that there are.
        known: String,
    },
    /// `{% else %}` or `{% endif %}` without `{% if … %}`, or the other way round.
    #[error("line {0}: {1}")]
    Unbalanced(usize, &'static str),
    /// Conditions are nested deeper than anybody needs.
    #[error("line {0}: conditions are nested more than {MAX_DEPTH} deep")]
    TooDeep(usize),
    /// What comes out is longer than [`MAX_RENDERED`].
    #[error("what comes out is longer than {} kB", MAX_RENDERED >> 10)]
    TooMuch,
}

enum Piece<'a> {
    Text(&'a str),
    Field(&'a str),
    If(&'a str),
    Else,
    End,
}

/// What stands in braces at the start of `text`, and which braces. They end on the line
/// that they begin on, and hold no further ones: no part of a text is looked at twice.
fn braces(text: &str) -> Option<(&'static str, &str)> {
    let (open, close) = if text.starts_with("{{") {
        ("{{", "}}")
    } else if text.starts_with("{%") {
        ("{%", "%}")
    } else {
        return None;
    };
    let near = text.get(open.len()..)?.split(['{', '\n']).next()?;
    Some((open, near.get(..near.find(close)?)?))
}

/// The pieces of a text, each with the line that it begins in.
fn pieces<'a>(text: &'a str, fields: &[&str]) -> Vec<(usize, Piece<'a>)> {
    let mut found = Vec::new();
    let (mut rest, mut from, mut line) = (text, 0, 1);
    while let Some(at) = rest.get(from..).and_then(|r| r.find('{')).map(|i| i + from) {
        let tail = rest.get(at..).unwrap_or_default();
        let whole = braces(tail).and_then(|(open, inner)| {
            let words: Vec<&str> = inner.split_whitespace().collect();
            let piece = match (open, words.as_slice()) {
                ("{{", [name]) if fields.contains(name) => Piece::Field(name),
                ("{%", ["if", name]) if fields.contains(name) => Piece::If(name),
                ("{%", ["else"]) => Piece::Else,
                ("{%", ["endif"]) => Piece::End,
                _ => return None,
            };
            Some((piece, inner.len() + 4))
        });
        let Some((piece, length)) = whole else {
            from = at + 1;
            continue;
        };
        let before = rest.get(..at).unwrap_or_default();
        if !before.is_empty() {
            found.push((line, Piece::Text(before)));
            line += before.matches('\n').count();
        }
        found.push((line, piece));
        rest = rest.get(at + length..).unwrap_or_default();
        from = 0;
    }
    if !rest.is_empty() {
        found.push((line, Piece::Text(rest)));
    }
    found
}

/// The conditions fit together.
fn balanced(pieces: &[(usize, Piece<'_>)]) -> Result<(), TemplateError> {
    // For each open condition, its line and whether its other half has begun.
    let mut open: Vec<(usize, bool)> = Vec::new();
    for (line, piece) in pieces {
        match piece {
            Piece::Text(_) | Piece::Field(_) => {}
            Piece::If(_) => open.push((*line, false)),
            Piece::Else => match open.last_mut() {
                Some((_, other @ false)) => *other = true,
                _ => {
                    let what = "{% else %} stands outside of a condition";
                    return Err(TemplateError::Unbalanced(*line, what));
                }
            },
            Piece::End => {
                if open.pop().is_none() {
                    let what = "{% endif %} has no {% if … %}";
                    return Err(TemplateError::Unbalanced(*line, what));
                }
            }
        }
        if open.len() > MAX_DEPTH {
            return Err(TemplateError::TooDeep(*line));
        }
    }
    match open.first() {
        Some((line, _)) => Err(TemplateError::Unbalanced(
            *line,
            "{% if … %} has no {% endif %}",
        )),
        None => Ok(()),
    }
}

/// Whether somebody wrote a text that can be used, and that is what they meant: what
/// stands in braces is a field or a condition on one.
///
/// # Errors
/// Says what is wrong and in which line.
pub fn check(text: &str, fields: &[&str]) -> Result<(), TemplateError> {
    if text.len() > MAX_TEXT {
        return Err(TemplateError::TooLong);
    }
    let pieces = pieces(text, fields);
    for (line, piece) in &pieces {
        let Piece::Text(text) = piece else { continue };
        for (at, _) in text.match_indices('{') {
            if let Some((open, inner)) = braces(text.get(at..).unwrap_or_default()) {
                let close = if open == "{{" { "}}" } else { "%}" };
                let before = text.get(..at).unwrap_or_default();
                let short: String = inner.chars().take(60).collect();
                return Err(TemplateError::Unknown {
                    line: line + before.matches('\n').count(),
                    word: format!("{open}{short}{close}"),
                    known: fields.join(", "),
                });
            }
        }
    }
    balanced(&pieces)
}

/// The text with its fields put in. A condition holds where the field is not empty.
/// What is no field stays as it stands.
///
/// # Errors
/// When its conditions do not fit together, or the result is too long.
pub fn render(
    text: &str,
    fields: &[&str],
    values: &BTreeMap<&'static str, String>,
) -> Result<String, TemplateError> {
    let pieces = pieces(text, fields);
    balanced(&pieces)?;
    let value = |name: &str| values.get(name).map_or("", String::as_str);
    let mut out = String::with_capacity(text.len());
    // For each open condition, whether it holds now.
    let mut open: Vec<bool> = Vec::new();
    for (_, piece) in pieces {
        let put = match piece {
            Piece::Text(text) => text,
            Piece::Field(name) => value(name),
            Piece::If(name) => {
                open.push(!value(name).is_empty());
                continue;
            }
            Piece::Else => {
                if let Some(holds) = open.last_mut() {
                    *holds = !*holds;
                }
                continue;
            }
            Piece::End => {
                open.pop();
                continue;
            }
        };
        if open.iter().all(|holds| *holds) {
            if out.len() + put.len() > MAX_RENDERED {
                return Err(TemplateError::TooMuch);
            }
            out.push_str(put);
        }
    }
    Ok(out)
}

/// The same as one line of up to 300 characters, for a header: whatever line breaks and
/// controls stand in the fields.
///
/// # Errors
/// As [`render`].
pub fn render_line(
    text: &str,
    fields: &[&str],
    values: &BTreeMap<&'static str, String>,
) -> Result<String, TemplateError> {
    Ok(one_line(&render(text, fields, values)?, MAX_LINE))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: [&str; 3] = ["name", "subject", "label"];

    fn values(name: &str, label: &str) -> BTreeMap<&'static str, String> {
        [
            ("name", name.to_owned()),
            ("subject", "<b>Disk & \"tape\"</b>".to_owned()),
            ("label", label.to_owned()),
        ]
        .into()
    }

    fn put(text: &str, name: &str, label: &str) -> String {
        render(text, &FIELDS, &values(name, label)).unwrap()
    }

    #[test]
    fn fields_go_in_and_conditions_hold_where_there_is_something() {
        let text =
            "Hello {{name}},\n{% if label %}[{{ label }}] {% else %}- {% endif %}{{ subject }}\n";
        assert_eq!(
            put(text, "Ada", "TLP:RED"),
            "Hello Ada,\n[TLP:RED] <b>Disk & \"tape\"</b>\n"
        );
        assert_eq!(
            put(text, "Ada", ""),
            "Hello Ada,\n- <b>Disk & \"tape\"</b>\n"
        );
    }

    #[test]
    fn what_would_be_computed_elsewhere_stays_as_it_was_written() {
        let mut probes: Vec<String> = [
            "{{7*7}}",
            "{{ 7*'7' }}",
            "${7*7}",
            "#{7*7}",
            "<%= 7*7 %>",
            "{{config}}",
            "{{ self }}",
            "{{ ''.__class__.__mro__[1].__subclasses__() }}",
            "{% for x in (1,2) %}{{x}}{% endfor %}",
            "{% include '/etc/passwd' %}",
            "{% import 'os' as os %}",
            "{{ range(999999) }}",
            "{{ debug() }}",
            "{% set x = 1 %}",
            "{% macro a() %}{% endmacro %}",
            "{# a comment #}",
            "{{ name|upper }}",
            "{{ name.x }}",
            "{{ name ~ label }}",
            "{{ lipsum() }}",
            "{% if name == 'x' %}",
            "{% if not name %}",
            "{{",
            "}}",
            "{%",
            "%}",
            "{{ }}",
            "{{{{name",
            "{% raw %}",
            "{% endraw %}",
            "{{ cycler.__init__.__globals__.os }}",
            "@(1+1)",
            "*{7*7}",
            "[[${7*7}]]",
            "{php}echo 1;{/php}",
            "#set($x=1)$x",
            "{{constructor.constructor('x')()}}",
            "{{=7*7}}",
            "{{ _text_0 }}",
            "{%if%}",
            "{{ joiner.__init__ }}",
            "{{ namespace() }}",
            "{{[].pop()}}",
            "{%- if name -%}",
            "{{- name -}}",
        ]
        .into_iter()
        .map(str::to_owned)
        .collect();
        for wrapped in probes.clone() {
            probes.push(format!("a {wrapped} b"));
            probes.push(format!("{wrapped}{wrapped}"));
            probes.push(format!("{wrapped}\n"));
            probes.push(wrapped.replace(' ', "\t"));
        }
        assert!(probes.len() >= 200, "{}", probes.len());
        for probe in &probes {
            // In a text that somebody edits, and in what a stranger writes.
            assert_eq!(&put(probe, "Ada", ""), probe);
            assert_eq!(&put("{{ name }}", probe, ""), probe);
            assert_eq!(
                put("{{ label }}|{{name}}", probe, probe),
                format!("{probe}|{probe}")
            );
        }
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_line() {
        let wrong = |text: &str| check(text, &FIELDS).unwrap_err().to_string();
        assert!(wrong("a\nb {% if name %} c").starts_with("line 2: {% if"));
        assert!(wrong("a\n\n{% endif %}").starts_with("line 3: {% endif"));
        assert!(wrong("{% else %}").starts_with("line 1: {% else"));
        assert!(wrong("{% if name %}{% else %}{% else %}{% endif %}").contains("{% else %}"));
        assert!(wrong(&"{% if name %}".repeat(30)).contains("nested"));
        assert!(wrong(&"x".repeat(MAX_TEXT + 1)).contains("64 kB"));
        // A field that there is none of, where it stands; also in a condition.
        assert_eq!(
            wrong("{{ name }}\n\nDear {{ nam }} {{ 7*7 }}"),
            "line 3: {{ nam }} is none of the fields; there are name, subject, label"
        );
        assert!(wrong("a\n{% if lable %}x{% endif %}").starts_with("line 2: {% if lable %} is"));
        assert!(wrong("{{ name }} {% for x in y %}").starts_with("line 1: {% for x in y %}"));
        // Braces that enclose nothing on their line are text.
        assert_eq!(check("a {b} {{ c\n}} }} %}", &FIELDS), Ok(()));
        assert_eq!(check("{% if name %}{{ name }}{% endif %}", &FIELDS), Ok(()));
    }

    #[test]
    fn nothing_in_a_field_makes_a_second_line_of_a_header() {
        let values = values("Ada\r\nBcc: all@people.example\u{2028}\0x", "");
        assert_eq!(
            render_line("To {{ name }}\n!", &FIELDS, &values).unwrap(),
            "To Ada Bcc: all@people.example x !"
        );
    }

    #[test]
    fn what_comes_out_is_bounded() {
        let long = "x".repeat(100 << 10);
        let text = "{{ name }}".repeat(5);
        assert_eq!(
            render(&text, &FIELDS, &values(&long, "")),
            Err(TemplateError::TooMuch)
        );
        let began = std::time::Instant::now();
        let many = "{% if name %}{{ name }}{% endif %}".repeat(1500);
        assert_eq!(
            render(&many, &FIELDS, &values("x", "")),
            Ok("x".repeat(1500))
        );
        let open = "{{ ".repeat(MAX_TEXT / 3);
        let long = format!("{open}{}", "x".repeat(MAX_TEXT));
        for hostile in ["{".repeat(MAX_TEXT), open, long] {
            let _ = check(&hostile, &FIELDS);
            assert_eq!(
                render(&hostile, &FIELDS, &values("x", "")).as_ref(),
                Ok(&hostile)
            );
        }
        // A few milliseconds in one pass; looking twice at what was looked at, minutes.
        assert!(began.elapsed().as_secs() < 5);
    }
}
