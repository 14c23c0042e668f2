//! Messages made to exhaust the reader. Each ends in bounded time, with a
//! reason, and leaves the stack alone.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use mail::{Limits, QuarantineReason, parse};

const HEAD: &str =
    "From: ada@example.org\r\nTo: desk@example.org\r\nSubject: bomb\r\nMIME-Version: 1.0\r\n";

/// 1 s in an optimised build. Otherwise only what is worse than linear shows:
/// at these sizes it takes minutes.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 1 });

/// Parses with the default limits; the reason, if it was quarantined.
fn reason(name: &str, raw: &[u8]) -> Option<QuarantineReason> {
    let started = Instant::now();
    let outcome = parse(raw, &Limits::default());
    let took = started.elapsed();
    eprintln!(
        "{name}: {took:?}, {}",
        match &outcome {
            Ok(mail) => format!(
                "read, {} bytes of text, {} files",
                mail.text.len(),
                mail.attachments.len()
            ),
            Err(quarantine) => quarantine.to_string(),
        }
    );
    assert!(took < LIMIT, "{name} took {took:?}");
    outcome.err().map(|quarantine| quarantine.reason)
}

#[test]
fn a_thousand_multiparts_inside_each_other() {
    let mut raw = HEAD.to_owned();
    for depth in 0..1000 {
        write!(
            raw,
            "Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\n"
        )
        .unwrap();
    }
    raw.push_str("\r\nhello\r\n");
    assert_eq!(
        reason("depth", raw.as_bytes()),
        Some(QuarantineReason::TooDeep)
    );
}

#[test]
fn multiparts_that_never_find_their_boundary() {
    let mut raw = HEAD.to_owned();
    for depth in 0..100_000 {
        write!(
            raw,
            "Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n"
        )
        .unwrap();
    }
    assert_eq!(reason("lost boundaries", raw.as_bytes()), None);
}

#[test]
fn messages_inside_messages() {
    let mut raw = HEAD.to_owned();
    for _ in 0..100_000 {
        raw.push_str("Content-Type: message/rfc822\r\n\r\n");
    }
    // The innermost is a file like any other; nothing opens it.
    assert_eq!(reason("matryoshka", raw.as_bytes()), None);
}

#[test]
fn ten_thousand_parts() {
    let mut raw = format!("{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    raw.push_str(&"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n".repeat(10_000));
    raw.push_str("--b--\r\n");
    assert_eq!(
        reason("parts", raw.as_bytes()),
        Some(QuarantineReason::TooManyParts)
    );
}

#[test]
fn a_hundred_thousand_addresses() {
    let list = "a@example.org, ".repeat(100_000);
    let limits = Limits {
        header_bytes: usize::MAX,
        ..Limits::default()
    };
    let raw = format!("From: ada@example.org\r\nTo: {list}\r\n\r\nx");
    let started = Instant::now();
    assert_eq!(
        parse(raw.as_bytes(), &limits).unwrap_err().reason,
        QuarantineReason::TooManyAddresses
    );
    assert!(started.elapsed() < LIMIT);
    assert_eq!(
        reason("addresses", raw.as_bytes()),
        Some(QuarantineReason::TooMuchHeader)
    );
    let few = format!(
        "From: ada@example.org\r\nTo: {}\r\n\r\nx",
        "a@b.org,".repeat(3000)
    );
    assert_eq!(
        reason("3000 addresses", few.as_bytes()),
        Some(QuarantineReason::TooManyAddresses)
    );
}

#[test]
fn a_million_header_lines() {
    let many = format!("{HEAD}{}\r\nx", "X-A: b\r\n".repeat(100_000));
    assert_eq!(
        reason("header fields", many.as_bytes()),
        Some(QuarantineReason::TooMuchHeader)
    );
    let folded = format!("{HEAD}X: y\r\n{}\r\nx", " z\r\n".repeat(1_000_000));
    assert_eq!(
        reason("folded lines", folded.as_bytes()),
        Some(QuarantineReason::TooMuchHeader)
    );
    let inner = format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{}\r\nx\r\n--b--",
        "X-A: b\r\n".repeat(100_000)
    );
    assert_eq!(
        reason("header fields of a part", inner.as_bytes()),
        Some(QuarantineReason::TooMuchHeader)
    );
}

#[test]
fn zeros_by_the_gibibyte() {
    let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n";
    let head = format!(
        "{HEAD}Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    );
    let huge = format!("{head}{}", zeros.repeat((60 << 20) / zeros.len()));
    assert_eq!(
        reason("zeros", huge.as_bytes()),
        Some(QuarantineReason::TooLarge)
    );
    let raw = format!("{head}{}", zeros.repeat(100_000));
    let limits = Limits {
        decoded_bytes: 4 << 20,
        ..Limits::default()
    };
    assert_eq!(
        parse(raw.as_bytes(), &limits).unwrap_err().reason,
        QuarantineReason::DecodedTooLarge
    );
    // A higher limit lets the same mail in.
    assert!(parse(raw.as_bytes(), &Limits::default()).is_ok());
}

#[test]
fn one_long_line_and_other_shapes() {
    for (name, body) in [
        ("one line", "x".repeat(20 << 20)),
        ("empty lines", "\n".repeat(5 << 20)),
        ("nul", "\0".repeat(5 << 20)),
        ("quotes", "> ".repeat(5 << 20)),
    ] {
        assert_eq!(reason(name, format!("{HEAD}\r\n{body}").as_bytes()), None);
    }
    for (name, field) in [
        ("comments", format!("To: {}\r\n", "(".repeat(400_000))),
        (
            "quotation marks",
            format!("To: {}\r\n", "\"".repeat(399_999)),
        ),
        ("brackets", format!("To: {}\r\n", "<".repeat(400_000))),
        (
            "encoded words",
            format!("Subject: {}\r\n", "=?utf-8?q?a?= ".repeat(30_000)),
        ),
        (
            "parameters",
            format!("Content-Type: text/plain; {}\r\n", "a*0*=b;".repeat(60_000)),
        ),
        (
            "references",
            format!("References: {}\r\n", "<a@b> ".repeat(60_000)),
        ),
        ("date", format!("Date: {}\r\n", "9".repeat(400_000))),
    ] {
        assert_eq!(
            reason(name, format!("From: a@b.org\r\n{field}\r\nx").as_bytes()),
            None
        );
    }
}

#[test]
fn html_that_nests_and_never_ends() {
    for (name, html) in [
        ("div", "<div>".repeat(100_000)),
        ("b", "<b><i><u>".repeat(100_000)),
        ("font", (0..50_000).fold(String::new(), |mut all, n| { write!(all, "<font size={n}><p>x").unwrap(); all })),
        ("table", "<table><tr><td>".repeat(50_000)),
        ("table end", "<div><table><td></div>".repeat(50_000)),
        ("a", "<a href=http://x>".repeat(50_000)),
        ("blockquote", "<blockquote>x".repeat(50_000)),
        ("open comment", "<!--".repeat(200_000)),
        ("comments", "<!-- a -- b -->".repeat(100_000)),
        ("open script", "<script>".repeat(100_000)),
        ("open style", format!("<style>{}", "</ style".repeat(100_000))),
        ("quotes", "<a href=\"".repeat(100_000)),
        ("attributes", format!("<a {}>x", "b=c ".repeat(300_000))),
        ("brackets", "<".repeat(1_000_000)),
        ("end tags", "</p></div></b>".repeat(100_000)),
        ("entities", "&amp;&#x26;&lt;".repeat(100_000)),
        ("spans", "<span style=\"mso-spacerun:yes\"><o:p>&nbsp;</o:p></span>".repeat(30_000)),
        ("svg", "<svg><math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">".repeat(5_000)),
    ] {
        let raw = format!("{HEAD}Content-Type: text/html\r\n\r\n{html}");
        assert_eq!(reason(name, raw.as_bytes()), None, "{name}");
    }
}

/// Mebibytes that reading a bomb may take beside the bomb itself (bar M-08).
const MEMORY: i64 = 256;
/// Names the bomb that a process of its own reads.
const ONE: &str = "SWITCHBOARD_BOMB";

/// What costs most of each kind, within the largest mail that is taken.
fn bomb(name: &str) -> Option<String> {
    let html = |html: String| format!("{HEAD}Content-Type: text/html\r\n\r\n{html}");
    let mixed = format!("{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    let base64 =
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n";
    Some(match name {
        "depth" => (0..1000).fold(HEAD.to_owned(), |mut all, depth| {
            write!(
                all,
                "Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\n"
            )
            .unwrap();
            all
        }),
        "parts" => mixed + &"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n".repeat(10_000),
        "matryoshka" => HEAD.to_owned() + &"Content-Type: message/rfc822\r\n\r\n".repeat(1_000_000),
        "addresses" => format!("{HEAD}Cc: {}\r\n\r\nx", "a@example.org, ".repeat(100_000)),
        "header lines" => format!("{HEAD}{}\r\nx", "X-A: b\r\n".repeat(1_000_000)),
        // As much of it as a mail may be; a whole gibibyte is refused by its size.
        "base64 zeros" => format!("{HEAD}{base64}{}", zeros.repeat((48 << 20) / zeros.len())),
        "many files" => (0..900).fold(mixed, |mut all, _| {
            write!(all, "--b\r\n{base64}{}", zeros.repeat(700)).unwrap();
            all
        }),
        "one line" => format!("{HEAD}\r\n{}", "x".repeat(48 << 20)),
        "quotes" => format!("{HEAD}\r\n{}", "> ".repeat(12 << 20)),
        "word html" => html(
            "<p class=MsoNormal style='mso-margin-top-alt:auto'><span lang=EN-US \
             style='mso-fareast-language:EN-US'><o:p>&nbsp;</o:p></span></p>"
                .repeat(40_000),
        ),
        "nested html" => html("<div>".repeat(1_000_000)),
        "tables" => html("<table><tr><td>".repeat(500_000)),
        "attributes" => html(format!("<a {}>x", "b=c ".repeat(3_000_000))),
        _ => return None,
    })
}

const BOMBS: [&str; 13] = [
    "depth",
    "parts",
    "matryoshka",
    "addresses",
    "header lines",
    "base64 zeros",
    "many files",
    "one line",
    "quotes",
    "word html",
    "nested html",
    "tables",
    "attributes",
];

/// A figure of this process in `/proc/self/status`, in kibibytes.
fn kibibytes(name: &str) -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Processor time of this process so far, in hundredths of a second.
fn ticks() -> i64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // Behind the name, which may have spaces in it: fields 14 and 15.
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    let fields: Vec<&str> = rest.split(' ').collect();
    fields[11].parse::<i64>().unwrap() + fields[12].parse::<i64>().unwrap()
}

/// Read by [`every_bomb_costs_little_time_and_little_memory`] in a process of its own, as
/// memory is counted by process.
#[test]
#[cfg(target_os = "linux")]
fn one_bomb() {
    let Ok(name) = std::env::var(ONE) else { return };
    let raw = bomb(&name).unwrap();
    // From here on the peak counts: what making it took is forgotten.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let (before, began) = (kibibytes("VmRSS:"), ticks());
    let read = parse(raw.as_bytes(), &Limits::default());
    let end = match &read {
        Ok(mail) => {
            let trimmed = mail::trim_reply(&mail.text);
            format!("read, {} octets of text", trimmed.visible.len())
        }
        Err(quarantine) => quarantine.reason.code().to_owned(),
    };
    let took = ticks() - began;
    let more = (kibibytes("VmHWM:") - before).max(0) >> 10;
    eprintln!("BOMB {took} {more} {end}");
}

#[test]
#[cfg(target_os = "linux")]
fn every_bomb_costs_little_time_and_little_memory() {
    let most_ticks = i64::try_from(LIMIT.as_secs()).unwrap() * 100;
    for name in BOMBS {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "bombs::one_bomb",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(ONE, name)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{name}: {said}");
        let line = said.lines().find_map(|l| l.strip_prefix("BOMB ")).unwrap();
        let mut words = line.splitn(3, ' ');
        let mut number = || words.next().unwrap().parse::<i64>().unwrap();
        let (took, more) = (number(), number());
        let megabytes = bomb(name).unwrap().len() >> 20;
        eprintln!(
            "{name}, {megabytes} MiB: {}.{:02} s of processor, {more} MiB more, {}",
            took / 100,
            took % 100,
            words.next().unwrap()
        );
        assert!(took <= most_ticks, "{name}: {took} hundredths of a second");
        assert!(more <= MEMORY, "{name}: {more} MiB");
    }
}
