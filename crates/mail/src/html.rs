//! HTML from outside, made safe; and HTML to plain text.
//!
//! Two steps. A linear pass ([`tidy`]) turns whatever came into a shallow,
//! balanced subset: unknown elements lose their tags, hidden ones their
//! content, nesting is capped and remote images become words. Then ammonia
//! parses that as a browser does and keeps only what is on the lists. Safety
//! rests on the second step, bounded time and memory on the first: a browser's
//! parser alone is quadratic on hostile nesting.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

mod plain;
mod tidy;

/// Elements that may stay. Only what text, lists, tables and pictures need;
/// nothing that loads, submits, styles or names itself.
const TAGS: [&str; 54] = [
    "a", "abbr", "b", "bdi", "big", "blockquote", "br", "caption", "center", "cite", "code", "col",
    "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "font", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s",
    "samp", "small", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td",
    "th", "thead", "tr",
];

/// Elements that may stay but would not fit in the line above.
const MORE_TAGS: [&str; 5] = ["tfoot", "tt", "u", "ul", "var"];

/// Largest HTML that ammonia is given, in octets.
const MAX_TIDY: usize = 8 << 20;

/// Whether an element may stay.
fn allowed(tag: &str) -> bool {
    TAGS.contains(&tag) || MORE_TAGS.contains(&tag)
}

/// The attributes that may stay, by element.
fn attributes(tag: &str) -> &'static [&'static str] {
    match tag {
        "a" => &["href", "title"],
        "img" => &["src", "alt", "title", "width", "height"],
        "td" | "th" => &["align", "valign"],
        "ol" => &["start", "type"],
        "abbr" | "dfn" => &["title"],
        _ => &["lang", "dir"],
    }
}

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    let tags: HashSet<&str> = TAGS.into_iter().chain(MORE_TAGS).collect();
    let by_tag: HashMap<&str, HashSet<&str>> =
        tags.iter().map(|&tag| (tag, attributes(tag).iter().copied().collect())).collect();
    builder
        .tags(tags)
        .tag_attributes(by_tag)
        .clean_content_tags(HashSet::from(["script", "style", "title", "template", "noscript"]))
        .url_schemes(HashSet::from(["http", "https", "mailto", "cid"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .strip_comments(true)
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            ("img", "src") => is_cid(value).then_some(Cow::Borrowed(value)),
            ("a", "href") => (!is_cid(value)).then_some(Cow::Borrowed(value)),
            ("img", "width" | "height") | ("ol", "start") => {
                small_number(value).then_some(Cow::Borrowed(value))
            }
            _ => Some(Cow::Borrowed(value)),
        });
    builder
});

fn is_cid(url: &str) -> bool {
    url.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("cid:"))
}

fn small_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Makes foreign HTML safe to show.
///
/// What is left loads nothing: `<img>` only with `cid:`, every other picture
/// is named in words. Links carry `rel="noopener noreferrer nofollow"` and one
/// of the schemes http, https, mailto. There are no styles, classes, ids,
/// forms or comments. Sanitising the result again changes nothing.
pub fn sanitise(html: &str) -> String {
    let mut current = once(html);
    // A browser's parser moves misplaced parts around; the second pass sees
    // them in their place. More than a few rounds means somebody plays games.
    for _ in 0..4 {
        let next = once(&current);
        if next == current {
            return current;
        }
        current = next;
    }
    from_text(&plain::render(&current))
}

fn once(html: &str) -> String {
    let tidy = tidy::tidy(html, MAX_TIDY);
    CLEANER.clean(&tidy).to_string()
}

/// Plain text as a person would read the HTML: paragraphs and rows on lines of
/// their own, list items with a dash, quotations with `> `.
pub fn to_text(html: &str) -> String {
    plain::render(&once(html))
}

/// Plain text as safe HTML, its lines kept. A fixpoint of [`sanitise`].
pub fn from_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str("<div>");
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            out.push_str("<br>");
        }
        for c in line.chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '\u{a0}' => out.push_str("&nbsp;"),
                c if c.is_control() && c != '\t' => {}
                c => out.push(c),
            }
        }
    }
    out.push_str("</div>");
    out
}
