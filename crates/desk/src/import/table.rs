//! A dump as rows of named cells: CSV or JSON, read whole or refused whole.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::Error;

/// Rows that one dump may have.
const MOST_ROWS: usize = 50_000;

/// How a dump is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Separated by commas, semicolons or tabs, with a line of names on top.
    Csv,
    /// An array of objects.
    Json,
}

impl Format {
    /// By the file's name, else by how the dump begins.
    pub fn of(name: &str, bytes: &[u8]) -> Format {
        let lower = name.to_lowercase();
        if lower.ends_with(".json") {
            return Format::Json;
        }
        if lower.ends_with(".csv") || lower.ends_with(".tsv") {
            return Format::Csv;
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match bytes.iter().find(|b| !b.is_ascii_whitespace()) {
            Some(b'[' | b'{') => Format::Json,
            _ => Format::Csv,
        }
    }
}

/// One row: where it stands in the file, and its cells by name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// The line in CSV, the place in the array in JSON; both from 1.
    pub(crate) line: u64,
    /// What is given. In CSV every cell is a text.
    pub(crate) cells: BTreeMap<String, Json>,
}

/// Why a dump is refused whole.
fn refuse<T>(problem: impl Into<String>) -> Result<T, Error> {
    Err(Error::invalid("file", problem.into()))
}

/// Reads a dump.
///
/// # Errors
/// On `file`, with the line: not UTF-8, not well formed, empty, a column that
/// is not known, a row that is too short.
pub(crate) fn read(bytes: &[u8], format: Format, columns: &[&str]) -> Result<Vec<Row>, Error> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(e) => {
            let line = 1 + bytes[..e.valid_up_to()]
                .iter()
                .filter(|b| **b == b'\n')
                .count();
            return refuse(format!(
                "line {line} is not UTF-8; save the file as UTF-8 and try again"
            ));
        }
    };
    if let Some(at) = text.find('\0') {
        let line = 1 + text[..at].matches('\n').count();
        return refuse(format!("line {line} has a NUL character"));
    }
    if text.trim().is_empty() {
        return refuse("is empty; nothing was changed");
    }
    let rows = match format {
        Format::Csv => read_csv(text, columns)?,
        Format::Json => read_json(text, columns)?,
    };
    if rows.is_empty() {
        return refuse("has no rows; nothing was changed");
    }
    if rows.len() > MOST_ROWS {
        return refuse(format!("has more than {MOST_ROWS} rows"));
    }
    Ok(rows)
}

/// The separator that the line of names has most often.
fn separator(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    [b';', b',', b'\t']
        .into_iter()
        .max_by_key(|s| (first.bytes().filter(|b| b == s).count(), *s == b','))
        .unwrap_or(b',')
}

/// The line in which a quoted cell begins that never ends.
fn open_quote(text: &str, separator: u8) -> Option<u64> {
    let (mut line, mut opened, mut at_start) = (1, None, true);
    let mut bytes = text.bytes().peekable();
    while let Some(b) = bytes.next() {
        if b == b'\n' {
            line += 1;
        }
        match (opened, b) {
            (Some(_), b'"') if bytes.peek() == Some(&b'"') => {
                bytes.next();
            }
            (Some(_), b'"') => opened = None,
            (Some(_), _) => {}
            (None, b'"') if at_start => opened = Some(line),
            (None, _) => {}
        }
        at_start = opened.is_none() && (b == separator || b == b'\n');
    }
    opened
}

/// Counts lines as an editor does, going forward only. The reader's own count is
/// one behind where lines end with CR and LF.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of what begins at a byte, after the line breaks that stand there.
    fn of(&mut self, position: Option<&csv::Position>) -> u64 {
        let bytes = self.text.as_bytes();
        let mut to = position.map_or(0, csv::Position::byte) as usize;
        while matches!(bytes.get(to), Some(b'\r' | b'\n')) {
            to += 1;
        }
        let passed = bytes.get(self.at..to).unwrap_or_default();
        self.line += passed.iter().filter(|b| **b == b'\n').count() as u64;
        self.at = self.at.max(to);
        self.line
    }
}

fn read_csv(text: &str, columns: &[&str]) -> Result<Vec<Row>, Error> {
    let separator = separator(text);
    if let Some(line) = open_quote(text, separator) {
        return refuse(format!("a quote that opens in line {line} is never closed"));
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .trim(csv::Trim::Headers)
        .from_reader(text.as_bytes());
    let mut lines = Lines {
        text,
        at: 0,
        line: 1,
    };
    let wrong = |e: &csv::Error, lines: &mut Lines<'_>| {
        let line = lines.of(e.position());
        match e.kind() {
            csv::ErrorKind::UnequalLengths {
                expected_len, len, ..
            } => refuse(format!(
                "line {line} has {len} cells, the line of names has {expected_len}"
            )),
            _ => refuse(format!("line {line} can not be read")),
        }
    };
    let names: Vec<String> = match reader.headers() {
        Ok(names) => names.iter().map(str::to_lowercase).collect(),
        Err(e) => return wrong(&e, &mut lines),
    };
    for (at, name) in names.iter().enumerate() {
        check_column(name, columns, "the first line")?;
        if names[..at].contains(name) {
            return refuse(format!("the column {name} is there twice"));
        }
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(e) => return wrong(&e, &mut lines),
        };
        let line = lines.of(record.position());
        let cells = names
            .iter()
            .cloned()
            .zip(record.iter().map(|cell| Json::from(cell.trim())))
            .collect();
        rows.push(Row { line, cells });
    }
    Ok(rows)
}

fn check_column(name: &str, columns: &[&str], place: &str) -> Result<(), Error> {
    if columns.contains(&name) {
        return Ok(());
    }
    let name = crate::act::clip(name, 60);
    refuse(format!(
        "{place}: there is no column {name:?}; there are {}",
        columns.join(", ")
    ))
}

fn read_json(text: &str, columns: &[&str]) -> Result<Vec<Row>, Error> {
    let value: Json = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(e) => {
            return refuse(format!(
                "is no JSON: {} at line {}",
                if e.is_eof() {
                    "it breaks off"
                } else {
                    "something is wrong"
                },
                e.line()
            ));
        }
    };
    let Json::Array(items) = value else {
        return refuse("takes an array of objects");
    };
    let mut rows = Vec::new();
    for (line, item) in (1..).zip(items) {
        let Json::Object(object) = item else {
            return refuse(format!("item {line} is no object"));
        };
        for name in object.keys() {
            check_column(name, columns, &format!("item {line}"))?;
        }
        rows.push(Row {
            line,
            cells: object.into_iter().collect(),
        });
    }
    Ok(rows)
}

impl Row {
    fn wrong<T>(&self, name: &str, right: &str) -> Result<T, Error> {
        Err(Error::invalid(name, right.to_owned()))
    }

    /// A text that is given; an empty one is given too.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Error> {
        match self.cells.get(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.trim().to_owned())),
            Some(Json::Null) => Ok(Some(String::new())),
            Some(Json::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => self.wrong(name, "takes a text"),
        }
    }

    /// A text that says something; an empty one is as good as none.
    pub(crate) fn word(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(self.text(name)?.filter(|t| !t.is_empty()))
    }

    /// A text that must say something.
    pub(crate) fn needed(&self, name: &str) -> Result<String, Error> {
        match self.word(name)? {
            Some(text) => Ok(text),
            None => self.wrong(name, "is needed"),
        }
    }

    /// Something that can be left empty: `Some(None)`.
    pub(crate) fn maybe(&self, name: &str) -> Result<Option<Option<String>>, Error> {
        Ok(self.text(name)?.map(|t| Some(t).filter(|t| !t.is_empty())))
    }

    /// A whole number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Error> {
        match self.word(name)? {
            None => Ok(None),
            Some(text) => match text.parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => self.wrong(name, "takes a whole number"),
            },
        }
    }

    /// Yes or no.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        if let Some(Json::Bool(flag)) = self.cells.get(name) {
            return Ok(Some(*flag));
        }
        match self.word(name)?.map(|w| w.to_lowercase()).as_deref() {
            None => Ok(None),
            Some("yes" | "true" | "1") => Ok(Some(true)),
            Some("no" | "false" | "0") => Ok(Some(false)),
            Some(_) => self.wrong(name, "takes yes or no"),
        }
    }

    /// Several words: an array, or a text with `|` between them.
    pub(crate) fn words(&self, name: &str) -> Result<Option<Vec<String>>, Error> {
        if let Some(Json::Array(items)) = self.cells.get(name) {
            let words: Option<Vec<String>> = items
                .iter()
                .map(|i| i.as_str().map(str::to_owned))
                .collect();
            return match words {
                Some(words) => Ok(Some(words)),
                None => self.wrong(name, "takes an array of texts"),
            };
        }
        Ok(self.text(name)?.map(|text| {
            text.split('|')
                .map(|w| w.trim().to_owned())
                .filter(|w| !w.is_empty())
                .collect()
        }))
    }

    /// Something written in JSON, also in a cell of CSV.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(
        &self,
        name: &str,
        right: &str,
    ) -> Result<Option<T>, Error> {
        let value = match self.cells.get(name) {
            None => return Ok(None),
            Some(Json::String(text)) if text.trim().is_empty() => return Ok(None),
            Some(Json::String(text)) => match serde_json::from_str(text) {
                Ok(value) => value,
                Err(_) => return self.wrong(name, right),
            },
            Some(value) => value.clone(),
        };
        match serde_json::from_value(value) {
            Ok(value) => Ok(Some(value)),
            Err(_) => self.wrong(name, right),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [&str; 3] = ["key", "name", "text"];

    fn csv(bytes: &[u8]) -> Result<Vec<Row>, String> {
        read(bytes, Format::Csv, &COLUMNS).map_err(|e| e.to_string())
    }

    #[test]
    fn csv_comes_as_offices_write_it() {
        let rows =
            csv(b"\xef\xbb\xbfKey;Name;text\r\na;\"Two\r\nlines; \"\"quoted\"\"\";x\r\nb; B ;\r\n")
                .unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].line, 2);
        assert_eq!(rows[0].cells["name"], "Two\r\nlines; \"quoted\"");
        assert_eq!(rows[1].line, 4);
        assert_eq!(rows[1].cells["name"], "B");
        assert_eq!(csv(b"key\tname\nq\tr\n").unwrap()[0].cells["name"], "r");
        assert_eq!(csv(b"key,name\nq,\"a;b\"\n").unwrap().len(), 1);
    }

    #[test]
    fn what_is_malformed_is_refused_whole_with_its_line() {
        for (bytes, says) in [
            (&b""[..], "empty"),
            (b" \n ", "empty"),
            (b"key,name\n", "no rows"),
            (b"key,name\na,b\nc\n", "line 3 has 1 cells"),
            (b"key,nane\na,b\n", "no column \"nane\""),
            (b"key,key\na,b\n", "twice"),
            (b"key,name\na,\xff\n", "line 2 is not UTF-8"),
            (b"key,name\na,b\nc,\"broken\nd,e\n", "opens in line 3"),
            (b"key,name\na,b\0\n", "line 2 has a NUL"),
        ] {
            let problem = csv(bytes).unwrap_err();
            assert!(problem.contains(says), "{problem}");
        }
        for (text, says) in [
            ("[", "breaks off"),
            ("{}", "array"),
            ("[]", "no rows"),
            ("[1]", "item 1"),
            ("[{\"key\": 1}, {\"kez\": 2}]", "item 2"),
        ] {
            let problem = read(text.as_bytes(), Format::Json, &COLUMNS)
                .unwrap_err()
                .to_string();
            assert!(problem.contains(says), "{problem}");
        }
    }

    #[test]
    fn the_format_is_seen() {
        assert_eq!(Format::of("units.JSON", b""), Format::Json);
        assert_eq!(Format::of("", b" [{}]"), Format::Json);
        assert_eq!(Format::of("", b"key,name"), Format::Csv);
    }
}
