use proptest::prelude::*;

use super::*;

/// A file with these lines as its event, and some around it that do not matter.
fn file(event: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\n\
         RRULE:FREQ=MONTHLY\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:one\r\n{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        event.trim().replace('\n', "\r\n")
    )
}

fn read(event: &str) -> Vec<String> {
    holidays(&file(event), 2026..=2029)
        .unwrap()
        .into_iter()
        .map(|day| format!("{} {}", day.date, day.name).trim_end().to_owned())
        .collect()
}

#[test]
fn days_come_once_or_every_year() {
    let every_year = "DTSTART;VALUE=DATE:20201224\nSUMMARY:Eve\n";
    for (event, days) in [
        // A day, several, with the end that belongs to it no more.
        ("DTSTART;VALUE=DATE:20261224", &["2026-12-24"][..]),
        (
            "DTSTART;VALUE=DATE:20261231\nDTEND;VALUE=DATE:20270102\nSUMMARY:Turn\\, of the\n  year",
            &[
                "2026-12-31 Turn, of the year",
                "2027-01-01 Turn, of the year",
            ],
        ),
        (
            "DTSTART:20261224\nDURATION:P2D",
            &["2026-12-24", "2026-12-25"],
        ),
        ("DTSTART:20261224\nDTEND:20261224", &["2026-12-24"]),
        // Midnights are days.
        (
            "DTSTART;TZID=\"A:B\":20261224T000000\nDTEND;TZID=\"A:B\":20261225T000000",
            &["2026-12-24"],
        ),
        // Years that nobody asked for.
        ("DTSTART;VALUE=DATE:20251224", &[]),
        // An alarm of the event is not the event.
        (
            "DTSTART:20261224\nBEGIN:VALARM\nDURATION:PT5M\nSUMMARY:Ring\nEND:VALARM",
            &["2026-12-24"],
        ),
        ("DTSTART:20261224\nSTATUS:CANCELLED", &[]),
        (
            "DTSTART:20261224\nRDATE;VALUE=DATE:20270105,20270106",
            &["2026-12-24", "2027-01-05", "2027-01-06"],
        ),
    ] {
        assert_eq!(read(event), days, "{event}");
    }
    for (rule, days) in [
        ("FREQ=YEARLY;COUNT=8", &["2026-12-24", "2027-12-24"][..]),
        ("FREQ=YEARLY;UNTIL=20271224", &["2026-12-24", "2027-12-24"]),
        ("FREQ=YEARLY;UNTIL=20271223T235959Z", &["2026-12-24"]),
        (
            "FREQ=YEARLY;INTERVAL=3;WKST=MO",
            &["2026-12-24", "2029-12-24"],
        ),
        (
            "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=8",
            &["2026-11-26", "2027-11-25"],
        ),
        (
            "FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO;UNTIL=20270601",
            &["2026-05-25", "2027-05-31"],
        ),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", &["2028-02-29"]),
        (
            "FREQ=YEARLY;INTERVAL=9;BYMONTH=12,1;BYMONTHDAY=-1",
            &["2029-01-31", "2029-12-31"],
        ),
    ] {
        let days: Vec<String> = days.iter().map(|d| format!("{d} Eve")).collect();
        assert_eq!(read(&format!("{every_year}RRULE:{rule}")), days, "{rule}");
    }
}

#[test]
fn a_date_of_a_recurring_event_is_left_out_moved_or_called_off() {
    let every_year = "DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;COUNT=3\nSUMMARY:Eve";
    assert_eq!(
        read(&format!("{every_year}\nEXDATE;VALUE=DATE:20271224")),
        ["2026-12-24 Eve", "2028-12-24 Eve"]
    );
    let with = |other: &str| read(&format!("{every_year}\nEND:VEVENT\nBEGIN:VEVENT\n{other}"));
    assert_eq!(
        with("UID:one\nRECURRENCE-ID;VALUE=DATE:20271224\nDTSTART:20271223\nSUMMARY:Early"),
        ["2026-12-24 Eve", "2027-12-23 Early", "2028-12-24 Eve"]
    );
    assert_eq!(
        with("UID:one\nRECURRENCE-ID:20271224\nDTSTART:20271224\nSTATUS:CANCELLED"),
        ["2026-12-24 Eve", "2028-12-24 Eve"]
    );
    // Another event on the same day is the same day.
    assert_eq!(
        with("UID:two\nDTSTART:20271224\nSUMMARY:Also")[1],
        "2027-12-24 Eve, Also"
    );
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    // The event's own lines begin with the twelfth.
    for (event, line, says) in [
        ("SUMMARY:x", 10, "has no DTSTART"),
        ("DTSTART:20261324", 12, "write DTSTART;VALUE=DATE:20261224"),
        ("DTSTART:24.12.2026", 12, "is no day"),
        ("SUMMARY:a\n b\nDTSTART:20261224T090000Z", 14, "time of day"),
        ("DTSTART:20261224T000000Z", 12, "time of day"),
        (
            "DTSTART:20261224\nDTEND:20261223",
            13,
            "ends before it begins",
        ),
        ("DTSTART:20261224\nDTEND:20291223", 13, "100 at most"),
        ("DTSTART:20261224\nDURATION:PT8H", 13, "DURATION:P1D"),
        ("DTSTART:20261224\nDTSTART:20261225", 13, "twice"),
        (
            "DTSTART:20261224\nDTEND:20261225\nDURATION:P1D",
            13,
            "not both",
        ),
        (
            "DTSTART:20261224\nRRULE:FREQ=WEEKLY",
            13,
            "only FREQ=YEARLY",
        ),
        ("DTSTART:20261224\nRRULE:COUNT=3", 13, "has no FREQ"),
        (
            "DTSTART:20261224\nRRULE:FREQ=YEARLY;BYEASTER=0",
            13,
            "an event of its own",
        ),
        (
            "DTSTART:20261224\nRRULE:FREQ=YEARLY;BYDAY=MO",
            13,
            "as 4TH or -1MO",
        ),
        (
            "DTSTART:20261224\nRRULE:FREQ=YEARLY;BYDAY=20MO",
            13,
            "as 4TH or -1MO",
        ),
        (
            "DTSTART:20261224\nRRULE:FREQ=YEARLY;BYDAY=1MO",
            13,
            "goes with BYMONTH",
        ),
        (
            "DTSTART:20261224\nRRULE:FREQ=YEARLY;COUNT=2;UNTIL=20270101",
            13,
            "not by both",
        ),
        (
            "DTSTART:20261224\nRRULE:FREQ=YEARLY;BYMONTH=13",
            13,
            "from 1 to 12",
        ),
        ("DTSTART:20261224\nEXRULE:FREQ=YEARLY", 13, "EXDATE"),
        ("DTSTART:20261224\nwhatever", 13, "is no line"),
        (
            "DTSTART:20261224\nEND:VCALENDAR",
            13,
            "END:VEVENT is missing",
        ),
    ] {
        let found = holidays(&file(event), 2026..=2029).unwrap_err();
        assert_eq!(found.line, line, "{event}: {found}");
        assert!(found.text.contains(says), "{event}: {found}");
    }
    for (text, says) in [
        ("", "line 1: there is no event"),
        (
            "BEGIN:VCALENDAR\nEND:VCALENDAR",
            "line 2: there is no event",
        ),
        ("<html>", "line 1: is no line"),
        ("DTSTART:20261224", "line 1: an iCalendar file begins"),
        (
            "BEGIN:VEVENT\nEND:VEVENT",
            "line 1: an iCalendar file begins",
        ),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261224",
            "line 2: END:VEVENT is missing",
        ),
        ("END:VCALENDAR", "line 1: there is no BEGIN"),
    ] {
        let found = holidays(text, 2026..=2029).unwrap_err().to_string();
        assert!(found.starts_with(says), "{text}: {found}");
    }
}

#[test]
fn a_file_that_gives_more_days_than_a_calendar_holds_is_refused() {
    let event = "DTSTART:19000101\nDURATION:P100D\nRRULE:FREQ=YEARLY";
    let found = holidays(&file(event), 1900..=1990).unwrap_err();
    assert!(found.text.contains("more than 2000 days"), "{found}");
    let long = " ".repeat(LONGEST_FILE + 1);
    assert!(holidays(&long, 2026..=2029).is_err());
}

proptest! {
    #[test]
    fn nothing_that_is_in_a_file_makes_it_panic(
        lines in prop::collection::vec(
            prop_oneof![
                Just("BEGIN:VCALENDAR".to_owned()),
                Just("BEGIN:VEVENT".to_owned()),
                Just("END:VEVENT".to_owned()),
                Just("END:VCALENDAR".to_owned()),
                "DTSTART(;[A-Z=]{0,6})?:[0-9T]{0,16}",
                "RRULE:FREQ=YEARLY;(COUNT|UNTIL|BYDAY|BYMONTH|BYMONTHDAY|INTERVAL)=[-0-9A-Zä]{0,9}",
                "(DURATION|DTEND|EXDATE|SUMMARY):[P0-9DWä\\\\]{0,9}",
                "\\PC{0,30}",
            ],
            0..12,
        )
    ) {
        let _ = holidays(&lines.join("\n"), 2026..=2038);
        let inner = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{}\nEND:VEVENT\nEND:VCALENDAR", lines.join("\n"));
        let _ = holidays(&inner, 2026..=2038);
    }
}
