//! What a member of staff asks for in the first lines of a mail: `#note`,
//! `#status solved`, `#take`.
//!
//! Only whole lines at the very top count, so that nothing that is quoted or
//! pasted further down does anything.

use switchboard_core::Status;

/// One thing to be done besides writing the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The text is an internal note.
    Note,
    /// The ticket gets this status.
    Status(Status),
    /// The sender becomes the owner.
    Take,
}

/// What stands in the first lines, and the text without them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Orders {
    /// In their order, none twice.
    pub orders: Vec<Order>,
    /// What is left.
    pub text: String,
}

/// Reads the orders at the top of a mail.
///
/// # Errors
/// A line that begins like an order and is none; the text says what would be
/// right.
pub fn orders(text: &str) -> Result<Orders, String> {
    let mut found = Orders::default();
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start_matches(['\r', '\n']);
        let (line, after) = match trimmed.split_once('\n') {
            Some((line, after)) => (line.trim(), after),
            None => (trimmed.trim(), ""),
        };
        let Some(order) = read(line)? else { break };
        if !found.orders.contains(&order) {
            found.orders.push(order);
        }
        rest = after;
    }
    let statuses = found
        .orders
        .iter()
        .filter(|o| matches!(o, Order::Status(_)));
    if statuses.count() > 1 {
        return Err("names two statuses; a ticket has one".into());
    }
    rest.trim_matches(['\r', '\n']).clone_into(&mut found.text);
    Ok(found)
}

/// `None`: the line is a part of the text, as `#1234` and `# A heading` are.
fn read(line: &str) -> Result<Option<Order>, String> {
    let Some(words) = line.strip_prefix('#') else {
        return Ok(None);
    };
    let (word, rest) = words.split_once([' ', '\t']).unwrap_or((words, ""));
    let (word, rest) = (word.to_ascii_lowercase(), rest.trim());
    let alone = |order: Order| {
        if rest.is_empty() {
            Ok(Some(order))
        } else {
            Err(format!(
                "\"#{word}\" stands alone on its line; the text begins on the next one"
            ))
        }
    };
    match word.as_str() {
        "note" => alone(Order::Note),
        "take" => alone(Order::Take),
        "status" => status(rest).map(|s| Some(Order::Status(s))),
        _ => Ok(None),
    }
}

/// The statuses that a mail can set.
const BY_MAIL: [Status; 5] = [
    Status::InProgress,
    Status::Waiting,
    Status::OnHold,
    Status::Solved,
    Status::Unsolved,
];

fn status(words: &str) -> Result<Status, String> {
    let asked = words.to_lowercase().replace(['_', '-'], " ");
    BY_MAIL
        .into_iter()
        .find(|s| s.label().to_lowercase() == asked || s.key().replace('_', " ") == asked)
        .ok_or_else(|| {
            let all: Vec<_> = BY_MAIL.iter().map(|s| s.label().to_lowercase()).collect();
            format!(
                "\"#status {}\" is none that a mail can set; write one of: {}",
                words.chars().take(40).collect::<String>(),
                all.join(", ")
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_stand_at_the_top_and_the_text_follows() {
        let found =
            orders("\r\n#note\r\n#take\r\n\r\nLooked at it.\r\n#status solved\r\n").unwrap();
        assert_eq!(found.orders, [Order::Note, Order::Take]);
        assert_eq!(found.text, "Looked at it.\r\n#status solved");
        for (words, status) in [
            ("solved", Status::Solved),
            ("Waiting for reply", Status::Waiting),
            ("waiting", Status::Waiting),
            ("ON_HOLD", Status::OnHold),
            ("in-progress", Status::InProgress),
            ("unsolved", Status::Unsolved),
        ] {
            let found = orders(&format!("#Status {words}\nDone.")).unwrap();
            assert_eq!(found.orders, [Order::Status(status)], "{words}");
            assert_eq!(found.text, "Done.");
        }
    }

    #[test]
    fn what_is_no_order_is_text() {
        for text in [
            "#1234 is the same",
            "# A heading",
            "Hello\n#note",
            "> #note",
            "##note",
            "",
        ] {
            let found = orders(text).unwrap();
            assert_eq!(found.orders, [], "{text}");
            assert_eq!(found.text, text);
        }
    }

    #[test]
    fn what_is_meant_as_an_order_and_is_none_is_named() {
        for (text, word) in [
            ("#status verified\nx", "solved"),
            ("#status\nx", "solved"),
            ("#note secret things", "alone"),
            ("#status solved\n#status waiting\nx", "two"),
        ] {
            let refusal = orders(text).unwrap_err();
            assert!(refusal.contains(word), "{refusal}");
        }
    }
}
