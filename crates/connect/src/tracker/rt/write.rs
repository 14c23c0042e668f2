//! Our values as RT takes them, and whether it took them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openidconnect::http::Method;
use serde_json::{Map, Value, json};

use super::read;
use crate::tracker::call::Call;
use crate::tracker::wanted::entry_marker;
use crate::tracker::{Error, NewAttachment, NewEntry, NewTicket, Wanted};

/// A marker of a ticket, as RT can search for it.
pub(super) fn link_marker(marker: &str) -> Result<String, Error> {
    let wrong = |why: &str| Error::Wrong(format!("the marker {marker:?} {why}"));
    let url = url::Url::parse(marker).map_err(|_| wrong("is no address"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("is no address of a page"));
    }
    if marker.contains(['\'', '"', '\\']) || marker.contains(char::is_whitespace) {
        return Err(wrong("has a character that RT can not search for"));
    }
    Ok(marker.to_owned())
}

pub(super) fn created(new: &NewTicket, marker: &str) -> Result<Call<'static>, Error> {
    entry_marker(&new.entry.marker)?;
    let mut body = written(&new.entry)?;
    let subject = new.subject.replace(char::is_control, " ");
    body.insert("Queue".into(), json!(new.queue));
    body.insert("Subject".into(), json!(subject));
    body.insert("RefersTo".into(), json!([marker]));
    if !new.requesters.is_empty() {
        body.insert("Requestor".into(), json!(new.requesters));
    }
    let Value::Object(wanted) = values(&Wanted {
        queue: None,
        subject: None,
        // There is nothing to be emptied yet.
        fields: filled(&new.wanted.fields),
        ..new.wanted.clone()
    }) else {
        return Err(Error::Wrong("no values".to_owned()));
    };
    body.extend(wanted);
    Ok(Call::new(Method::POST, "/ticket").body(Value::Object(body)))
}

fn filled(fields: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, Vec<String>> {
    let filled = fields.iter().filter(|(_, values)| !values.is_empty());
    filled.map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// Values as RT sets them.
pub(super) fn values(wanted: &Wanted) -> Value {
    let mut body = Map::new();
    let mut put = |name: &str, value: &Option<String>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), json!(value));
        }
    };
    put("Status", &wanted.status);
    put("Priority", &wanted.priority);
    put("Queue", &wanted.queue);
    let subject = wanted.subject.as_ref();
    put(
        "Subject",
        &subject.map(|text| text.replace(char::is_control, " ")),
    );
    put(
        "Owner",
        &wanted.owner.as_ref().map(|owner| match owner.as_str() {
            "" => read::NOBODY.to_owned(),
            name => name.to_owned(),
        }),
    );
    if !wanted.fields.is_empty() {
        let one = |values: &Vec<String>| match values.as_slice() {
            [] => Value::Null,
            [only] => json!(only),
            several => json!(several),
        };
        let fields: Map<String, Value> = wanted
            .fields
            .iter()
            .map(|(name, values)| (name.clone(), one(values)))
            .collect();
        body.insert("CustomFields".to_owned(), Value::Object(fields));
    }
    Value::Object(body)
}

/// An entry as RT takes it.
pub(super) fn written(entry: &NewEntry) -> Result<Map<String, Value>, Error> {
    let marker = entry_marker(&entry.marker)?;
    // Perl takes "0" for nothing, and RT then finds no text.
    let body = match entry.body.as_str() {
        "" | "0" => format!("{}\n", entry.body),
        text => text.to_owned(),
    };
    let mut json = Map::new();
    json.insert("Content".into(), json!(body));
    json.insert(
        "ContentType".into(),
        json!(format!("text/plain; {}=\"{marker}\"", read::MARKER)),
    );
    if !entry.attachments.is_empty() {
        let files: Vec<Value> = entry.attachments.iter().map(file).collect();
        json.insert("Attachments".into(), Value::Array(files));
    }
    Ok(json)
}

/// A file as RT takes it and leaves its bytes alone.
fn file(file: &NewAttachment) -> Value {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/.+-_".contains(c);
    let bare = file.content_type.split(';').next().unwrap_or_default();
    let bare = bare.trim().to_lowercase();
    let group = bare.split('/').next().unwrap_or_default();
    let content_type = match group {
        // What is text it converts to UTF-8, by guessing unless it is told.
        "text" if std::str::from_utf8(&file.bytes).is_ok() => format!("{bare}; charset=\"utf-8\""),
        // What holds other parts it takes apart.
        "text" | "message" | "multipart" | "" => "application/octet-stream".to_owned(),
        _ => bare.clone(),
    };
    let content_type = if bare.chars().all(plain) && bare.matches('/').count() == 1 {
        content_type
    } else {
        "application/octet-stream".to_owned()
    };
    let content = match STANDARD.encode(&file.bytes) {
        // It takes an empty text for none; this is one that decodes to nothing.
        none if none.is_empty() => "=".to_owned(),
        some => some,
    };
    json!({
        "FileName": file_name(&file.name),
        "FileType": content_type,
        "FileContent": content,
    })
}

/// A name as RT can keep it.
pub(super) fn plain_name(name: &str) -> String {
    match name.replace(|c: char| c.is_control() || c == '/', "_") {
        none if none.is_empty() => "file".to_owned(),
        // It takes that for no name.
        zero if zero == "0" => "0_".to_owned(),
        name => name,
    }
}

/// A name as RT passes it on into a header: byte by byte. As it stands it loses
/// what is not ASCII, and fails at what is not Latin.
fn file_name(name: &str) -> String {
    plain_name(name).bytes().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracker::call::text;

    #[test]
    fn markers_that_could_end_a_search_are_refused() {
        for bad in [
            "https://desk.example/x' OR id > '0",
            "https://desk.example/a b",
            "ftp://desk.example/",
            "4711",
        ] {
            assert!(matches!(link_marker(bad), Err(Error::Wrong(_))), "{bad}");
        }
        assert!(link_marker("https://desk.example/tickets/4711#rt-1").is_ok());
        for bad in ["", "a\"b", "a b", &"a".repeat(65)] {
            assert!(entry_marker(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn files_go_so_that_their_bytes_stay() {
        let of = |content_type: &str, bytes: &[u8]| {
            let sent = file(&NewAttachment {
                name: "a".into(),
                content_type: content_type.into(),
                bytes: bytes.to_vec(),
            });
            text(&sent["FileType"])
        };
        assert_eq!(of("text/csv", b"a;b"), "text/csv; charset=\"utf-8\"");
        assert_eq!(
            of("text/plain; charset=latin1", b"\xe4"),
            "application/octet-stream"
        );
        assert_eq!(of("message/rfc822", b"From: x"), "application/octet-stream");
        assert_eq!(of("image/png", b"\x89"), "image/png");
        for odd in ["image/png\r\nX: y", "image", "a/b/c", ""] {
            assert_eq!(of(odd, b"x"), "application/octet-stream", "{odd:?}");
        }
    }
}
