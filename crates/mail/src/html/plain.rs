//! Sanitised HTML to plain text. The input is what ammonia wrote: balanced
//! tags, quoted attributes, five entities. So this needs no tree.

/// Renders sanitised HTML as text.
pub(super) fn render(html: &str) -> String {
    let mut page = Page::default();
    let mut rest = html;
    while !rest.is_empty() {
        let Some(open) = rest.find('<') else {
            page.text(rest);
            break;
        };
        let (text, tag) = rest.split_at(open);
        page.text(text);
        let Some(end) = tag.find('>') else { break };
        page.tag(tag.get(1..end).unwrap_or_default());
        rest = tag.get(end + 1..).unwrap_or_default();
    }
    page.finish()
}

#[derive(Default)]
struct Page {
    out: String,
    line: String,
    /// A space is due before the next word.
    gap: bool,
    /// How many `<blockquote>` are open.
    quotes: usize,
    /// How many `<pre>` are open.
    pre: usize,
    /// An empty line is due before the next one.
    paragraph: bool,
    /// Where the open link leads, and the text since.
    link: Option<(String, String)>,
}

impl Page {
    fn text(&mut self, text: &str) {
        let text = decode(text);
        if let Some((_, label)) = &mut self.link {
            label.push_str(&text);
        }
        if self.pre > 0 {
            for (number, line) in text.split('\n').enumerate() {
                if number > 0 {
                    self.end_line(true);
                }
                self.line.push_str(line);
            }
            return;
        }
        for c in text.chars() {
            if matches!(c, ' ' | '\t' | '\n' | '\r') {
                self.gap = true;
            } else {
                self.word_gap();
                self.line.push(if c == '\u{a0}' { ' ' } else { c });
            }
        }
    }

    fn word_gap(&mut self) {
        if self.gap && !self.line.is_empty() {
            self.line.push(' ');
        }
        self.gap = false;
    }

    fn tag(&mut self, tag: &str) {
        let (name, opens) = match tag.strip_prefix('/') {
            Some(name) => (name, false),
            None => (tag.split([' ', '/']).next().unwrap_or_default(), true),
        };
        match name {
            "br" => self.end_line(true),
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "dl" | "table" => {
                self.end_line(false);
                self.paragraph = true;
            }
            "blockquote" => {
                self.end_line(false);
                self.paragraph = true;
                self.quotes = if opens {
                    self.quotes + 1
                } else {
                    self.quotes.saturating_sub(1)
                };
            }
            "pre" => {
                self.end_line(false);
                self.pre = if opens {
                    self.pre + 1
                } else {
                    self.pre.saturating_sub(1)
                };
            }
            "div" | "tr" | "dt" | "dd" | "center" | "caption" | "details" | "summary" | "thead"
            | "tbody" | "tfoot" => {
                self.end_line(false);
            }
            "li" => {
                self.end_line(false);
                if opens {
                    self.line.push_str("- ");
                }
            }
            "td" | "th" => self.gap = true,
            "hr" => {
                self.end_line(false);
                self.line.push_str("---");
                self.end_line(false);
            }
            "img" => {
                let alt = attribute(tag, "alt").unwrap_or_default();
                let remote = attribute(tag, super::REMOTE).is_some();
                if remote || !alt.trim().is_empty() {
                    self.word_gap();
                    self.line.push_str(&super::picture::named(&alt));
                }
            }
            "a" if opens => self.link = attribute(tag, "href").map(|href| (href, String::new())),
            "a" => self.end_link(),
            _ => {}
        }
    }

    /// Where a link leads is said after its label, unless that is the label.
    fn end_link(&mut self) {
        let Some((href, label)) = self.link.take() else {
            return;
        };
        let label = label.trim();
        let shown = href.strip_prefix("mailto:").unwrap_or(&href);
        let same = |text: &str| {
            text.trim_end_matches('/')
                .eq_ignore_ascii_case(label.trim_end_matches('/'))
        };
        let repeats = same(shown)
            || same(&href)
            || shown.split_once("://").is_some_and(|(_, rest)| same(rest));
        if !label.is_empty() && !repeats && href.len() <= 500 {
            self.line.push_str(" <");
            self.line.push_str(shown);
            self.line.push('>');
        }
    }

    /// Ends the line that is being written. An empty one is only written where
    /// it was asked for.
    fn end_line(&mut self, forced: bool) {
        self.gap = false;
        let line = std::mem::take(&mut self.line);
        let line = line.trim_end();
        if line.is_empty() && !forced {
            return;
        }
        if self.paragraph && !self.out.is_empty() {
            self.quote_marks();
            self.out.push('\n');
        }
        self.paragraph = false;
        self.quote_marks();
        if self.quotes > 0 && !line.is_empty() {
            self.out.push(' ');
        }
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn quote_marks(&mut self) {
        // Deeper quoting than anybody reads would only grow the text.
        for _ in 0..self.quotes.min(10) {
            self.out.push('>');
        }
    }

    fn finish(mut self) -> String {
        self.end_line(false);
        let mut out = String::with_capacity(self.out.len());
        let mut empty = 0;
        for line in self.out.lines() {
            empty = if line.is_empty() { empty + 1 } else { 0 };
            if empty < 3 && !(empty > 0 && out.is_empty()) {
                out.push_str(line);
                out.push('\n');
            }
        }
        out.truncate(out.trim_end().len());
        out
    }
}

pub(super) fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(decode(value))
}

/// The entities that the sanitiser writes.
pub(super) fn decode(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&nbsp;", "\u{a0}")
        .replace("&amp;", "&")
}
