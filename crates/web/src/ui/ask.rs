//! A field of a form as a value: label, input, hint and what is wrong with it,
//! for forms that are put together from many.

use askama::Template;
use askama::filters::HtmlSafe;
use switchboard_core::onboarding::Problem;

use super::frame::Errors;
use super::view::Choice;

/// How something is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskKind {
    /// One line, with the type of its input.
    Line(&'static str),
    /// A text of so many lines.
    Area(u32),
    /// One of several.
    Pick(Vec<Choice>),
    /// Yes or no.
    Tick(bool),
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r##"<div class="field{% if wide %} wide-field{% endif %}">
{%- match kind -%}
{%- when AskKind::Tick(on) -%}<label class="choice"><input type="checkbox" id="{{ id }}" name="{{ name }}" value="yes"{% if *on %} checked{% endif %}{{ errors.hinted(id.as_str(), hint_id.as_str()) }}>{{ label }}</label>
{%- when AskKind::Line(kind) -%}<label for="{{ id }}">{{ label }}{% if !small.is_empty() %} <small>{{ small }}</small>{% endif %}</label><input id="{{ id }}" name="{{ name }}" type="{{ kind }}" value="{{ value }}" autocomplete="off"{% if let Some(list) = list %} list="{{ list }}"{% endif %}{{ errors.hinted(id.as_str(), hint_id.as_str()) }}>
{%- when AskKind::Area(rows) -%}<label for="{{ id }}">{{ label }}{% if !small.is_empty() %} <small>{{ small }}</small>{% endif %}</label><textarea id="{{ id }}" name="{{ name }}" rows="{{ rows }}"{{ errors.hinted(id.as_str(), hint_id.as_str()) }}>{{ value }}</textarea>
{%- when AskKind::Pick(choices) -%}<label for="{{ id }}">{{ label }}{% if !small.is_empty() %} <small>{{ small }}</small>{% endif %}</label><select id="{{ id }}" name="{{ name }}"{{ errors.hinted(id.as_str(), hint_id.as_str()) }}>{% for one in choices %}<option value="{{ one.value }}"{% if one.chosen %} selected{% endif %}>{{ one.label }}</option>{% endfor %}</select>
{%- endmatch -%}
{{ errors.note(id.as_str()) }}{% if !hint.is_empty() %}<p class="hint" id="{{ hint_id }}">{{ hint }}</p>{% endif %}</div>"##
)]
pub struct Ask {
    /// Its id in the page.
    pub id: String,
    /// What is sent.
    pub name: String,
    /// What is asked.
    pub label: String,
    /// More beside the label: "optional".
    pub small: &'static str,
    /// A line under it.
    pub hint: String,
    /// The id of that line, or empty.
    pub hint_id: String,
    /// What was typed.
    pub value: String,
    /// How it is asked for.
    pub kind: AskKind,
    /// It takes the whole width.
    pub wide: bool,
    /// The id of a list of suggestions.
    pub list: Option<&'static str>,
    /// What is wrong with it, under its id.
    pub errors: Errors,
}

impl HtmlSafe for Ask {}

/// The id in a page of a field that is named by a path.
pub fn id_of(field: &str) -> String {
    field.replace(['.', '_'], "-")
}

impl Ask {
    fn new(name: &str, label: &str, value: &str, kind: AskKind) -> Ask {
        Ask {
            id: id_of(name),
            name: name.to_owned(),
            label: label.to_owned(),
            small: "",
            hint: String::new(),
            hint_id: String::new(),
            value: value.to_owned(),
            kind,
            wide: false,
            list: None,
            errors: Errors::default(),
        }
    }

    /// One line.
    pub fn line(name: &str, label: &str, value: &str) -> Ask {
        Ask::new(name, label, value, AskKind::Line("text"))
    }

    /// A text of several lines, over the whole width.
    pub fn area(name: &str, label: &str, value: &str, rows: u32) -> Ask {
        Ask {
            wide: true,
            ..Ask::new(name, label, value, AskKind::Area(rows))
        }
    }

    /// One of several.
    pub fn pick<'a>(
        name: &str,
        label: &str,
        value: &str,
        choices: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Ask {
        let choices = Choice::list(choices, value);
        Ask::new(name, label, value, AskKind::Pick(choices))
    }

    /// Yes or no.
    pub fn tick(name: &str, label: &str, on: bool) -> Ask {
        Ask::new(name, label, "", AskKind::Tick(on))
    }

    /// With another type of input: `email`, `url`, `time`.
    #[must_use]
    pub fn of_type(mut self, kind: &'static str) -> Ask {
        self.kind = AskKind::Line(kind);
        self
    }

    /// With a word beside the label.
    #[must_use]
    pub fn small(mut self, text: &'static str) -> Ask {
        self.small = text;
        self
    }

    /// With a line under it.
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Ask {
        self.hint = text.into();
        self.hint_id = format!("{}-hint", self.id);
        self
    }

    /// Over the whole width.
    #[must_use]
    pub fn wide(mut self) -> Ask {
        self.wide = true;
        self
    }

    /// With suggestions.
    #[must_use]
    pub fn suggest(mut self, list: &'static str) -> Ask {
        self.list = Some(list);
        self
    }

    /// With what is wrong with it, if anything is.
    #[must_use]
    pub fn judged(mut self, wrong: &[Problem]) -> Ask {
        if let Some(problem) = wrong.iter().find(|p| p.field == self.name) {
            self.errors = Errors::one(self.id.clone(), problem.problem.clone());
        }
        self
    }
}

/// What is wrong, by the ids of the fields.
pub fn errors_of(wrong: &[Problem]) -> Errors {
    let mut errors = Errors::default();
    for problem in wrong {
        errors.add(id_of(&problem.field), problem.problem.clone());
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_says_what_is_wrong_and_escapes_what_was_typed() {
        let wrong = [Problem {
            field: "unit.name".into(),
            problem: "Say it.".into(),
        }];
        let html = Ask::line("unit.name", "Name", "\"><script>")
            .hint("A hint.")
            .judged(&wrong)
            .render()
            .unwrap();
        assert!(
            html.contains("aria-describedby=\"unit-name-err unit-name-hint\""),
            "{html}"
        );
        assert!(
            html.contains("Say it.") && !html.contains("<script>"),
            "{html}"
        );
        let fine = Ask::tick("x.personal_data", "May travel", true)
            .judged(&wrong)
            .render()
            .unwrap();
        assert!(
            fine.contains("id=\"x-personal-data\"") && fine.contains(" checked"),
            "{fine}"
        );
        assert!(!fine.contains("aria-invalid"), "{fine}");
    }
}
