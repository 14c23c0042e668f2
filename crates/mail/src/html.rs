//! HTML from outside, made safe; and HTML to plain text.
//!
//! Two steps. A linear pass (`tidy`) turns whatever came into a shallow,
//! balanced subset: unknown elements lose their tags, hidden ones their
//! content, nesting is capped and remote images become words. Then ammonia
//! parses that as a browser does and keeps only what is on the lists. Safety
//! rests on the second step, bounded time and memory on the first: a browser's
//! parser alone is quadratic on hostile nesting.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

pub mod picture;
mod plain;
mod tidy;

/// Elements that may stay. Only what text, lists, tables and pictures need;
/// nothing that loads, submits, styles or names itself.
const TAGS: [&str; 54] = [
    "a",
    "abbr",
    "b",
    "bdi",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
];

/// Elements that may stay but would not fit in the line above.
const MORE_TAGS: [&str; 5] = ["tfoot", "tt", "u", "ul", "var"];

/// Largest HTML that ammonia is given, in octets.
const MAX_TIDY: usize = 4 << 20;

/// Where the address of a picture on another server is kept. It means nothing to
/// a browser, so nothing is loaded until [`picture::placed`] puts an address of
/// ours in its place.
pub(crate) const REMOTE: &str = "data-remote";

/// Whether an element may stay.
fn allowed(tag: &str) -> bool {
    TAGS.contains(&tag) || MORE_TAGS.contains(&tag)
}

/// The attributes that may stay, by element.
fn attributes(tag: &str) -> &'static [&'static str] {
    match tag {
        "a" => &["href", "title"],
        "img" => &["src", REMOTE, "alt", "title", "width", "height"],
        "td" | "th" => &["align", "valign"],
        "ol" => &["start", "type"],
        "abbr" | "dfn" => &["title"],
        _ => &["lang", "dir"],
    }
}

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    let tags: HashSet<&str> = TAGS.into_iter().chain(MORE_TAGS).collect();
    let by_tag: HashMap<&str, HashSet<&str>> = tags
        .iter()
        .map(|&tag| (tag, attributes(tag).iter().copied().collect()))
        .collect();
    builder
        .tags(tags)
        .tag_attributes(by_tag)
        .clean_content_tags(HashSet::from([
            "script", "style", "title", "template", "noscript",
        ]))
        .url_schemes(HashSet::from(["http", "https", "mailto", "cid"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .strip_comments(true)
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            ("img", "src") => is_cid(value).then_some(Cow::Borrowed(value)),
            ("img", REMOTE) => is_remote(value).then_some(Cow::Borrowed(value)),
            ("a", "href") => (!is_cid(value)).then_some(Cow::Borrowed(value)),
            ("img", "width" | "height") | ("ol", "start") => {
                small_number(value).then_some(Cow::Borrowed(value))
            }
            _ => Some(Cow::Borrowed(value)),
        });
    builder
});

fn is_cid(url: &str) -> bool {
    url.get(..4)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("cid:"))
}

/// An address on another server, as it may be asked for later: no white space, no
/// other scheme.
fn is_remote(url: &str) -> bool {
    let scheme = |name: &str| {
        url.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
            && url.len() > name.len()
    };
    url.len() <= 2000
        && (scheme("http://") || scheme("https://"))
        && !url.chars().any(|c| {
            c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\\' | '`')
        })
}

fn small_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Makes foreign HTML safe to show.
///
/// What is left loads nothing: `<img>` only with `cid:`, or with the address of
/// another server under a name that no browser heeds ([`picture`]); every other
/// picture is named in words. Links carry `rel="noopener noreferrer nofollow"` and one
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
    safe_to_text(&once(html))
}

/// The same for what [`sanitise`] returned, without sanitising it again.
pub(crate) fn safe_to_text(html: &str) -> String {
    plain::render(html)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_mail_keeps_its_shape() {
        for (html, safe) in [
            ("<p>Hello <b>you</b></p>", "<p>Hello <b>you</b></p>"),
            (
                "<P CLASS=MsoNormal STYLE='color:red' id=x>a<o:p></o:p></P>",
                "<p>a</p>",
            ),
            ("<p>one<p>two", "<p>one</p><p>two</p>"),
            ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
            (
                "<table><tr><td align=right>1<td>2</table>",
                "<table><tbody><tr><td align=\"right\">1</td><td>2</td></tr></tbody></table>",
            ),
            ("a &lt; b &amp; c", "a &lt; b &amp; c"),
            ("5 < 6 and 7 > 3", "5 &lt; 6 and 7 &gt; 3"),
            (
                "<a href=\"https://example.org/?a=1&amp;b=2\">x</a>",
                "<a href=\"https://example.org/?a=1&amp;b=2\" rel=\"noopener noreferrer nofollow\">x</a>",
            ),
            (
                "<a href='mailto:ada@example.org'>Ada</a>",
                "<a href=\"mailto:ada@example.org\" rel=\"noopener noreferrer nofollow\">Ada</a>",
            ),
            (
                "<img src=\"cid:logo@x\" alt=\"Logo\" width=20>",
                "<img src=\"cid:logo@x\" alt=\"Logo\" width=\"20\">",
            ),
            (
                "<html><head><title>t</title><style>p{}</style></head><body bgcolor=red>x</body></html>",
                "x",
            ),
            ("<!-- a --><![if !mso]>x<![endif]><?xml y?>", "x"),
        ] {
            assert_eq!(sanitise(html), safe, "{html}");
        }
    }

    #[test]
    fn remote_pictures_become_words() {
        for (html, safe) in [
            ("<img src=//t.example/x.png alt=cat>", "[image: cat]"),
            ("<img src='https://' alt=cat>", "[image: cat]"),
            ("<img src=ftp://t.example/x alt=cat>", "[image: cat]"),
            ("<img src=/attachments/1 alt=cat>", "[image: cat]"),
            (
                "a<img src=http://t.example/p.gif style='width: 1px;height:1px !important'>b",
                "ab",
            ),
            (
                "a<img src=http://t.example/p.gif style='DISPLAY:none'>b",
                "ab",
            ),
            ("a<img src=http://t.example/p.gif style=opacity:0>b", "ab"),
            ("a<img data-remote=http://t.example/p.gif width=1>b", "ab"),
            ("<img src=data:image/png;base64,AAAA>", "[image]"),
            ("a<img src=http://t.example/p.gif width=1 height=1>b", "ab"),
            ("<img srcset='http://t.example/a 2x'>", "[image]"),
            ("<image src=http://t.example/a>", "[image]"),
        ] {
            assert_eq!(sanitise(html), safe, "{html}");
        }
    }

    #[test]
    fn pictures_on_other_servers_are_kept_and_load_nothing() {
        for (html, safe) in [
            (
                "<img src=https://t.example/x.png?a=1&amp;b=2 alt='A <b>cat' width=20 style='color:red'>",
                "<img data-remote=\"https://t.example/x.png?a=1&amp;b=2\" alt=\"A &lt;b&gt;cat\" width=\"20\">",
            ),
            (
                "<img src=HTTP://t.example/ srcset=http://o.example/a>",
                "<img data-remote=\"HTTP://t.example/\" alt=\"\">",
            ),
            // Whoever writes our own word gains nothing by it.
            (
                "<img src=cid:x data-remote=http://t.example/>",
                "<img src=\"cid:x\" alt=\"\">",
            ),
        ] {
            assert_eq!(sanitise(html), safe, "{html}");
        }
        assert_eq!(to_text("<img src=https://t.example/x.png>"), "[image]");
    }

    /// Ways in which HTML has loaded, run, styled or submitted something.
    fn vectors() -> Vec<String> {
        // One a line; the browser's tests read them, too.
        let lines = include_str!("html/vectors.txt").lines();
        let all: Vec<String> = lines
            .map(|line| line.replace("\\t", "\t").replace("\\0", "\0"))
            .collect();
        assert!(all.len() >= 62);
        all
    }

    #[test]
    fn no_vector_survives() {
        for html in vectors() {
            for wrapped in [
                html.clone(),
                format!("<div>{html}</div>"),
                format!("<table><tr><td>{html}"),
                format!("<p title='{html}'>x"),
            ] {
                check(&wrapped);
            }
        }
    }

    /// What must hold for every result.
    fn check(html: &str) -> String {
        let safe = sanitise(html);
        assert_eq!(sanitise(&safe), safe, "no fixpoint of {html:?}");
        let mut rest = safe.as_str();
        while let Some(open) = rest.find('<') {
            let tag = rest.get(open + 1..).unwrap_or_default();
            let end = tag
                .find('>')
                .unwrap_or_else(|| panic!("an open tag in {safe:?} of {html:?}"));
            let inside = tag.get(..end).unwrap_or_default();
            check_tag(inside.trim_start_matches('/'), html);
            rest = tag.get(end + 1..).unwrap_or_default();
        }
        safe
    }

    fn check_tag(tag: &str, html: &str) {
        let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(allowed(name), "<{name}> of {html:?}");
        while !rest.trim().is_empty() {
            let (key, after) = rest
                .trim_start()
                .split_once("=\"")
                .unwrap_or_else(|| panic!("{rest:?} of {html:?}"));
            let (value, after) = after
                .split_once('"')
                .unwrap_or_else(|| panic!("{after:?} of {html:?}"));
            assert!(
                key == "rel" || attributes(name).contains(&key),
                "{key} of {html:?}"
            );
            match key {
                "src" => assert!(is_cid(value), "{value} of {html:?}"),
                REMOTE => assert!(is_remote(value), "{value} of {html:?}"),
                "href" => assert!(
                    ["http://", "https://", "http:", "https:", "mailto:"]
                        .iter()
                        .any(|s| value.to_lowercase().starts_with(s)),
                    "{value} of {html:?}"
                ),
                _ => {}
            }
            rest = after;
        }
    }

    #[test]
    fn depth_is_capped_and_text_is_kept() {
        let html = format!(
            "{}deep{}",
            "<div>".repeat(100_000),
            "</div>".repeat(100_000)
        );
        let safe = check(&html);
        assert!(safe.contains("deep"));
        assert!(safe.matches("<div>").count() <= 60);
        let many = "<p>x</p>".repeat(100_000);
        let safe = check(&many);
        assert_eq!(safe.matches('x').count(), 100_000);
    }

    #[test]
    fn text_of_html() {
        for (html, text) in [
            ("<p>Hello</p><p>you &amp; me</p>", "Hello\n\nyou & me"),
            ("a<br>b<div>c</div>d", "a\nb\nc\nd"),
            ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
            (
                "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
                "a b\nc",
            ),
            (
                "<blockquote>quoted<br>twice</blockquote>mine",
                "> quoted\n> twice\n\nmine",
            ),
            ("<pre>  a\n   b</pre>", "  a\n   b"),
            (
                "see <a href=\"https://example.org/x\">here</a>.",
                "see here <https://example.org/x>.",
            ),
            (
                "<a href=\"https://example.org/\">example.org</a>",
                "example.org",
            ),
            ("<a href=\"mailto:a@b.org\">a@b.org</a>", "a@b.org"),
            ("x<script>y</script><style>z</style>", "x"),
            (
                "<img src=http://x alt=cat> &nbsp;&nbsp;end",
                "[image: cat]   end",
            ),
            ("  lots \n of   space  ", "lots of space"),
            ("a<hr>b", "a\n---\nb"),
            ("", ""),
        ] {
            assert_eq!(to_text(html), text, "{html}");
        }
    }

    #[test]
    fn text_as_html_comes_back() {
        let text = "a < b\n  & \"c\"\u{a0}d";
        assert_eq!(sanitise(&from_text(text)), from_text(text));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn tag_soup_is_a_fixpoint(pieces in proptest::collection::vec(prop_oneof![
            proptest::sample::select(vectors()),
            r"</?(p|div|b|i|a|table|tr|td|th|ul|li|blockquote|pre|font|span|svg|math|style|script|title|h1|br|hr|caption|col|colgroup|details|summary|dl|dt|dd|center|q|code|tbody|thead|tfoot|select|option|form|nobr|button|template|img)( (href|src|style|title|lang|dir|align|onx)=['\x22]?(https://x.org|cid:a|javascript:x|\x22|'|&lt;|a b))?[ />]",
            r"[a-z<>&;'\x22= \n!-]{0,12}",
            "&(lt|gt|amp|quot|nbsp|#60|#x3c|copy|zwj|NotEqualTilde|lt)[; ]",
        ], 0..24)) {
            let html = pieces.concat();
            check(&html);
            let text = to_text(&html);
            prop_assert!(!text.contains('\r'));
        }
    }
}
