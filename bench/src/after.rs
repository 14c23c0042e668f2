//! The rows that follow from a creation, as statements of the bench's own: the
//! ticket's words in the index, two notices with their deliveries done.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::bare;
use crate::life::{Life, uuid_at};
use crate::rows::{Cell, Table};
use crate::words::Rng;

/// A mail that went out.
const MAIL: Table = Table {
    name: "mail_out",
    columns: &[
        "id",
        "created_at",
        "cause",
        "ticket",
        "person",
        "address",
        "message_id",
        "subject",
        "bytes",
        "state",
        "attempts",
        "error",
        "sent_at",
    ],
};

/// Words in one statement; always as many, so that it is prepared once.
const WORDS_AT_ONCE: usize = 100;

/// Where a ticket is in the index by unit, of the unit and of what is left of this when the
/// ticket's number is taken away.
const PLACE: &str = "(SELECT id FROM unit_search_unit WHERE unit = $1) << 40 | $2";
const HIGHEST: i64 = (1 << 40) - 1;

/// The statements for a fresh ticket.
pub(crate) fn steps(life: &Life, sqlite: bool) -> Vec<(String, Vec<Cell>)> {
    let (ticket, doc) = (&life.ticket, &life.search);
    let number = Cell::Int(doc.number);
    let texts = [&doc.subject, &doc.public_text, &doc.internal_text];
    let [subject, public, internal] = texts.map(|text| words(text));
    let mut steps = Vec::new();
    steps.push(if sqlite {
        (
            "INSERT INTO ticket_search (rowid, subject, public, internal, scope)
             VALUES ($1, $2, $3, $4, $5)"
                .to_owned(),
            vec![
                number.clone(),
                Cell::Text(subject.join(" ")),
                Cell::Text(public.join(" ")),
                Cell::Text(internal.join(" ")),
                Cell::Text(format!("0 {}", doc.scope.join(" "))),
            ],
        )
    } else {
        (
            "INSERT INTO ticket_search (number, lexemes)
             VALUES ($1, CAST(REPLACE(CAST($2 AS TEXT), '?/',
               (SELECT id FROM unit_search_unit WHERE unit = $3) || '/') AS TSVECTOR))"
                .to_owned(),
            vec![
                number.clone(),
                Cell::Text(lexemes(
                    doc.number, &subject, &public, &internal, &doc.scope,
                )),
                Cell::Uuid(ticket.unit.0),
            ],
        )
    });
    let known: BTreeSet<&String> = subject.iter().chain(&public).chain(&internal).collect();
    if sqlite {
        let words: Vec<&str> = known.iter().map(|word| word.as_str()).collect();
        let terms: Vec<String> = doc.scope.iter().map(|term| format!("={term}")).collect();
        let place = [Cell::Uuid(ticket.unit.0), Cell::Int(HIGHEST - doc.number)];
        steps.push((
            format!("INSERT INTO unit_search (rowid, words) VALUES ({PLACE}, $3)"),
            [
                &place[..],
                &[Cell::Text(format!(
                    "{} {}",
                    words.join(" "),
                    terms.join(" ")
                ))],
            ]
            .concat(),
        ));
        steps.push((
            format!("INSERT INTO unit_search_ticket (place, number) VALUES ({PLACE}, $3)"),
            [&place[..], std::slice::from_ref(&number)].concat(),
        ));
    }
    let known: Vec<&String> = known.into_iter().filter(|w| w.len() > 3).collect();
    for some in known.chunks(WORDS_AT_ONCE) {
        let places: Vec<_> = (1..=WORDS_AT_ONCE).map(|n| format!("(${n})")).collect();
        let sql = format!(
            "INSERT INTO search_word (word) VALUES {} ON CONFLICT DO NOTHING",
            places.join(", ")
        );
        let values = (0..WORDS_AT_ONCE)
            .map(|n| Cell::Text(some[n.min(some.len() - 1)].clone()))
            .collect();
        steps.push((sql, values));
    }
    let mut rng = Rng::new(0xaf7e_0000_0000 + doc.number.unsigned_abs());
    let cause = life.events.first().map(|e| e.cause).unwrap_or_default();
    let body = life.entries.first().map_or("", |e| e.body.as_str());
    for to in [
        Some((ticket.requester, "requester@bench.example")),
        None::<_>,
    ] {
        let id = uuid_at(ticket.created_at, &mut rng);
        let address = to.map_or("first-level@bench.example", |(_, address)| address);
        let bytes = format!(
            "From: Switchboard <desk@bench.example>\r\nTo: <{address}>\r\n\
             Reply-To: <desk+{n}.0123456789abcdef0123456789abcdef@bench.example>\r\n\
             Subject: [#{n}] {subject}\r\nMessage-ID: <{n}.{id}@bench.example>\r\n\
             References: <{n}.root@bench.example>\r\nAuto-Submitted: auto-generated\r\n\
             MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
             We have your request. It is ticket {n}.\r\n\r\n{body}\r\n\r\nTicket:   {n}\r\n\
             Subject:  {subject}\r\nStatus:   New\r\nOpen it:  https://bench.example/work/{n}\r\n",
            n = doc.number,
            subject = ticket.subject,
        );
        steps.push((
            MAIL.insert(),
            vec![
                Cell::Uuid(id),
                Cell::Int(ticket.created_at),
                Cell::Uuid(cause),
                number.clone(),
                to.map(|(person, _)| person.0).into(),
                address.into(),
                Cell::Text(format!("{}.{id}@bench.example", doc.number)),
                Cell::Text(format!("[#{}] {}", doc.number, ticket.subject)),
                Cell::Bytes(bytes.into_bytes()),
                "sent".into(),
                Cell::Int(1),
                Cell::Null,
                Cell::Int(ticket.created_at),
            ],
        ));
        steps.push((
            bare::JOB.insert(),
            vec![
                Cell::Uuid(uuid_at(ticket.created_at, &mut rng)),
                "deliver".into(),
                Cell::Text(id.to_string()),
                Cell::Int(ticket.created_at),
                Cell::Int(1),
                "done".into(),
                Cell::Null,
                Cell::Null,
                Cell::Null,
                Cell::Text(format!("deliver:{id}")),
                Cell::Int(ticket.created_at),
            ],
        ));
    }
    steps
}

/// The made texts have no accents, so this cuts them as the product does.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// A tsvector as text, as the product makes it, with a question mark for the unit's number.
fn lexemes(
    number: i64,
    subject: &[String],
    public: &[String],
    internal: &[String],
    scope: &[String],
) -> String {
    let mut text = String::new();
    // Writing to a String can not fail.
    for (place, word) in subject.iter().chain(public).enumerate() {
        let _ = write!(text, "'{word}':{} ", place + 1);
    }
    for (place, word) in internal.iter().enumerate() {
        let _ = write!(text, "'~{word}':{} ", place + 1);
    }
    for term in scope {
        let _ = write!(text, "'={term}' ");
    }
    let words: BTreeSet<&String> = subject.iter().chain(public).chain(internal).collect();
    for word in words {
        let _ = write!(text, "'?/{word}' ");
    }
    for of in ["", "?/"] {
        let (small, large) = (number / 4_096, number / 65_536);
        let _ = write!(text, "'{of}#{small}' '{of}##{large}' ");
    }
    text
}
