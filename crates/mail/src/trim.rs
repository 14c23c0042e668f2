//! What a person wrote, apart from what their mail program quoted.

/// The two halves of a reply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trimmed {
    /// What was written now.
    pub visible: String,
    /// What was quoted or signed, where there is any.
    pub elided: Option<String>,
}

/// Separates a reply from quotations and signature, in linear time.
pub fn trim_reply(text: &str) -> Trimmed {
    let mut visible: Vec<&str> = text.lines().take_while(|line| *line != "-- ").collect();
    while visible.last().is_some_and(|line| line.starts_with('>') || line.trim().is_empty()) {
        visible.pop();
    }
    let shown = visible.join("\n");
    let elided = text.lines().skip(visible.len()).collect::<Vec<_>>().join("\n");
    let elided = Some(elided).filter(|rest| !rest.trim().is_empty());
    Trimmed { visible: shown, elided }
}
