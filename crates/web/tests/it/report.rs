//! Reports by HTTP: the worked example in every form, who sees what, filters, links.

use std::collections::BTreeMap;
use std::io::Read as _;

use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::{Federation, Somebody, TestDesk, both, on_sqlite};

use crate::browser::Browser;

const DOCUMENT: &str = include_str!("../../../../docs/worked-example.md");
const RANGE: &str = "from=2026-10-01&to=2026-11-30";

/// The rows below the line of the document that begins so.
fn table(header: &str) -> Vec<Vec<&'static str>> {
    let lines = DOCUMENT
        .lines()
        .skip_while(|line| !line.starts_with(header));
    let rows: Vec<Vec<&str>> = lines
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(!rows.is_empty(), "no rows below {header}");
    rows
}

fn at(text: &str) -> i64 {
    let text = format!("{}:00Z", text.replace(' ', "T"));
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

async fn open(desk: &TestDesk, who: &Somebody, more: Value) -> i64 {
    let mut body = json!({"subject": "A tape is lost", "description": "Since noon."});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    desk.post(who, "/tickets", body).await.expect(201).number()
}

/// Plays the example by the API.
async fn play(desk: &TestDesk, f: &Federation) -> i64 {
    for row in table("| unit | time zone") {
        let [name, zone, hours, holidays, quality, partner] = row[..] else {
            panic!("{row:?}");
        };
        let key = match name {
            "First level" => "first-level",
            "Storage" => "storage",
            "Archive" => "network",
            _ => "kernel",
        };
        if partner == "yes" {
            crate::partner::stands_for(desk, f, "tapes.example", f.kernel).await;
        }
        let days: Vec<_> = holidays
            .split_whitespace()
            .map(|date| json!({"date": date, "name": "Holiday"}))
            .collect();
        let edit = json!({"time_zone": zone, "hours": hours, "holidays": days, "qos": quality,
                          "name": name});
        desk.patch(&f.ada, &format!("/units/{key}"), edit)
            .await
            .expect(200);
    }
    let mut targets = desk.get(&f.ada, "/targets").await.expect(200).json;
    for quality in targets["qualities"].as_array_mut().unwrap() {
        for promise in quality["promises"].as_array_mut().unwrap() {
            if promise["clock"] == "solution" {
                promise["medium"] = json!("3 wd");
            }
        }
    }
    desk.put(&f.ada, "/targets", targets).await.expect(200);
    let mut path = String::new();
    let public = json!({"visibility": "public", "body": "A word."});
    for row in table("| step |") {
        desk.clock.set(at(row[1]));
        let entries = format!("{path}/entries");
        let (who, change) = match row[0] {
            "1" => {
                let number = open(desk, &f.rita, json!({"affected_users": 10})).await;
                path = format!("/tickets/{number}");
                continue;
            }
            "2" => (&f.fay, json!({"unit": "storage"})),
            "3" => (&f.sam, json!({"status": "in_progress"})),
            "4" => {
                desk.post(&f.sam, &entries, public.clone())
                    .await
                    .expect(201);
                (&f.sam, json!({"status": "waiting"}))
            }
            "5" => {
                desk.post(&f.rita, &entries, public.clone())
                    .await
                    .expect(201);
                continue;
            }
            "6" => (
                &f.sam,
                json!({"unit": "network", "reason": "The tapes are theirs."}),
            ),
            "7" => (&f.nina, json!({"status": "in_progress"})),
            "8" => (
                &f.nina,
                json!({"unit": "kernel", "reason": "They made the tapes."}),
            ),
            "9" => (
                &f.ada,
                json!({"unit": "network", "reason": "They answered."}),
            ),
            "10" => {
                let taken = json!({"status": "in_progress"});
                desk.patch(&f.nina, &path, taken).await.expect(200);
                (&f.nina, json!({"status": "solved", "solution": "Done."}))
            }
            "12" => (&f.nina, json!({"status": "solved", "solution": "Done."})),
            "11" => (
                &f.rita,
                json!({"status": "reopened", "comment": "It is back."}),
            ),
            "13" => (&f.rita, json!({"status": "verified"})),
            other => panic!("a step more than the story has: {other}"),
        };
        let done = desk.patch(who, &path, change).await;
        // Who hands it on may not see it any more.
        assert!(matches!(done.status, 200 | 204), "{}", done.text());
    }
    path.rsplit('/').next().unwrap().parse().unwrap()
}

/// What the document says as scripts read it: minutes.
fn plain(text: &str) -> String {
    match text.split_once(':') {
        Some((hours, minutes)) => {
            let (hours, minutes): (i64, i64) = (hours.parse().unwrap(), minutes.parse().unwrap());
            (hours * 60 + minutes).to_string()
        }
        None => text.to_owned(),
    }
}

/// A number as JSON or a workbook has it: without the noughts at its end.
fn short(text: &str) -> String {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    }
}

/// The cells of a page's table, by row and heading.
fn cells(page: &str) -> BTreeMap<(String, String), String> {
    let mut cells = BTreeMap::new();
    for row in page.split("<tr>").skip(2) {
        let (name, rest) = row
            .split_once("<th scope=\"row\">")
            .and_then(|(_, rest)| rest.split_once("</th>"))
            .unwrap();
        for cell in rest.split("data-h=\"").skip(1) {
            let (head, cell) = cell.split_once("\">").unwrap();
            let cell = cell.split("</td>").next().unwrap();
            let text = cell.split('>').find(|t| !t.starts_with('<')).unwrap();
            let inner = cell.rsplit_once("\">").map_or(text, |(_, inner)| inner);
            let text = inner.split('<').next().unwrap().to_owned();
            cells.insert((name.to_owned(), head.to_owned()), text);
        }
    }
    cells
}

/// The cells of a workbook's sheet: by row, by the letter of their column.
fn workbook(bytes: &[u8]) -> Vec<BTreeMap<char, String>> {
    let mut book = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut read = |name: &str| {
        let mut text = String::new();
        let mut file = book.by_name(name).unwrap();
        file.read_to_string(&mut text).unwrap();
        text
    };
    let (sheet, strings) = (
        read("xl/worksheets/sheet1.xml"),
        read("xl/sharedStrings.xml"),
    );
    let strings: Vec<String> = strings
        .split("<si>")
        .skip(1)
        .map(|s| {
            let (_, text) = s.split_once("<t").unwrap();
            let (_, text) = text.split_once('>').unwrap();
            text.split("</t>").next().unwrap().to_owned()
        })
        .collect();
    assert!(!sheet.contains("<f>"), "no formulas");
    sheet
        .split("<row ")
        .skip(1)
        .map(|row| {
            row.split("<c ")
                .skip(1)
                .map(|cell| {
                    let value = cell.split_once("<v>").map_or("", |(_, v)| v);
                    let value = value.split("</v>").next().unwrap();
                    let value = match cell.contains("t=\"s\"") {
                        true => strings[value.parse::<usize>().unwrap()].clone(),
                        false => value.to_owned(),
                    };
                    let letter = cell.strip_prefix("r=\"").unwrap().chars().next();
                    (letter.unwrap(), value)
                })
                .collect()
        })
        .collect()
}

/// The ticket's own clocks, by API and on their page.
async fn clocks(desk: &TestDesk, f: &Federation, ada: &mut Browser, number: i64) {
    let by_api = desk.get(&f.ada, &format!("/tickets/{number}/clocks")).await;
    let by_api = by_api.expect(200).json;
    let page = ada.page(&format!("/work/{number}/clocks")).await;
    let minutes = |text: &str| plain(text).parse::<i64>().unwrap();
    for row in table("| whose turn |") {
        let turns = by_api["turns"].as_array().unwrap();
        let turn = turns.iter().find(|t| t["turn"] == row[0]).unwrap();
        assert_eq!(turn["calendar_minutes"], minutes(row[1]), "{row:?}");
        assert_eq!(turn["working_minutes"], minutes(row[2]), "{row:?}");
        let shown = format!(
            "data-turn=\"{}\"><th scope=\"row\">{}</th><td data-h=\"Held\">{} h</td><td data-h=\"Of that at work\">{} h</td>",
            row[0],
            match row[0] {
                "owner" => "Unit",
                "requester" => "Requester",
                _ => "Partner",
            },
            row[1],
            row[2]
        );
        assert!(page.contains(&shown), "{shown} in {page}");
    }
    let runs = by_api["runs"].as_array().unwrap();
    let rows = table("| clock | unit");
    assert_eq!(runs.len(), rows.len());
    let mut on_page: Vec<&str> = page.split("<tr data-clock=\"").skip(1).collect();
    for row in rows {
        let time = |text: &str| match text {
            "" => Value::Null,
            text => json!(format!("{}:00.000Z", text.replace(' ', "T"))),
        };
        let same = |run: &&Value| {
            run["clock"] == row[0]
                && run["unit"] == row[1]
                && run["began_at"] == time(row[2])
                && run["ended_at"] == time(row[3])
        };
        let run = runs.iter().find(same).unwrap_or_else(|| panic!("{row:?}"));
        assert_eq!(run["ended"], row[4], "{row:?}");
        assert_eq!(run["used_minutes"], minutes(row[5]), "{row:?}");
        assert_eq!(run["target"], row[6], "{row:?}");
        assert_eq!(run["due_at"], time(row[7]), "{row:?}");
        assert_eq!(run["light"] != "overdue", row[8] == "yes", "{row:?}");
        // Each once on the page.
        let shown = [
            format!("{}\" data-began=\"{}\"", row[0], at(row[2])),
            format!(">{}</td>", row[1]),
            format!(">{} h</td>", row[5]),
            format!(">{}</td>", row[6]),
            format!(">{}</td>", if row[8] == "yes" { "kept" } else { "missed" }),
        ];
        let found = on_page
            .iter()
            .position(|shows| shown.iter().all(|part| shows.contains(part.as_str())));
        on_page.remove(found.unwrap_or_else(|| panic!("{shown:?} in {on_page:#?}")));
    }
    assert!(on_page.is_empty(), "{on_page:?}");
}

#[test]
fn the_worked_example_is_shown_by_api_page_csv_and_workbook() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = play(&desk, &f).await;
        // The units are called otherwise in the example; which is which says their key.
        let keys = ["first-level", "storage", "network", "kernel", ""];
        let names = ["First level", "Storage", "Archive", "Tapes", "All"];
        let mut ada = Browser::of(&desk, &f.ada).await;
        let mut compared = 0;
        for row in table("| report | figure") {
            let (report, figure) = (row[0], row[1]);
            let path = format!("/reports/{report}?{RANGE}");
            let sheet = desk.get(&f.ada, &path).await.expect(200).json;
            let columns = sheet["columns"].as_array().unwrap();
            let column = columns
                .iter()
                .position(|c| {
                    let key = c["key"].as_str().unwrap();
                    let ends = ["", "_minutes", "_percent"];
                    ends.iter().any(|end| key == format!("{figure}{end}"))
                })
                .unwrap_or_else(|| panic!("{report} has no {figure}"));
            let (key, title) = (
                columns[column]["key"].as_str().unwrap(),
                columns[column]["title"].as_str().unwrap(),
            );
            let csv = desk
                .get(&f.ada, &format!("{path}&format=csv"))
                .await
                .expect(200);
            assert!(csv.header("content-type").starts_with("text/csv"));
            let csv: Vec<Vec<String>> = csv
                .text()
                .lines()
                .map(|l| l.split(',').map(str::to_owned).collect())
                .collect();
            assert_eq!(csv[0][2 + column], key);
            let book = desk
                .get(&f.ada, &format!("{path}&format=xlsx"))
                .await
                .expect(200);
            let book = workbook(&book.bytes);
            let page = ada
                .get(&format!(
                    "/reports?report={report}&time=days&from=2026-10-01&to=2026-11-30"
                ))
                .await
                .expect(200)
                .text();
            let page = cells(&page);
            for ((key_of, name), written) in keys.iter().zip(names).zip(&row[2..]) {
                let why = format!("{report} {figure} {name}");
                let rows = sheet["rows"].as_array().unwrap();
                let line = match *key_of {
                    "" => &sheet["total"],
                    key => rows.iter().find(|r| r["key"] == key).expect(&why),
                };
                let by_api = &line["values"][key];
                let by_csv = csv.iter().find(|r| r[0] == *key_of).expect(&why);
                let by_page = &page[&(name.to_owned(), title.to_owned())];
                let by_book = book.iter().find(|r| r.get(&'B').is_some_and(|n| n == name));
                let letter = char::from(b'C' + u8::try_from(column).unwrap());
                let by_book = by_book.expect(&why).get(&letter);
                compared += 1;
                if written.is_empty() {
                    assert!(by_api.is_null(), "{why}: {by_api}");
                    assert_eq!(by_csv[2 + column], "", "{why}");
                    assert_eq!(by_page, "–", "{why}");
                    assert_eq!(by_book, None, "{why}");
                    continue;
                }
                assert_eq!(short(&by_api.to_string()), short(&plain(written)), "{why}");
                assert_eq!(by_csv[2 + column], plain(written), "{why}");
                let shown = match written {
                    time if time.contains(':') => format!("{time} h"),
                    share if key.ends_with("_percent") => format!("{share} %"),
                    count => (*count).to_owned(),
                };
                assert_eq!(*by_page, shown, "{why}");
                assert_eq!(by_book, Some(&short(&plain(written))), "{why}");
            }
        }
        assert!(compared >= 150, "{compared}");
        clocks(&desk, &f, &mut ada, number).await;
    });
}

fn value(sheet: &Value, key: &str, column: &str) -> Value {
    let rows = sheet["rows"].as_array().unwrap();
    let row = rows.iter().find(|r| r["key"] == key);
    row.map_or(Value::Null, |r| r["values"][column].clone())
}

#[test]
fn each_gets_reports_of_what_is_theirs() {
    both(|desk| async move {
        let f = desk.federation().await;
        let sheet = |who: Somebody, query: &'static str| {
            let desk = desk.clone();
            async move {
                let path = format!("/reports/submitted?{query}");
                desk.get(&who, &path).await.expect(200).json
            }
        };
        open(&desk, &f.rita, json!({"service": "Archive"})).await;
        open(
            &desk,
            &f.rita,
            json!({"service": "Archive", "category": "test"}),
        )
        .await;
        open(&desk, &f.otto, json!({"service": "Links"})).await;
        let secret = open(&desk, &f.otto, json!({"service": "Links"})).await;
        let hidden = json!({"visibility": "restricted"});
        desk.patch(&f.ada, &format!("/tickets/{secret}"), hidden)
            .await
            .expect(200);
        for (who, storage, network) in [
            (&f.ada, json!(1), json!(2)),
            (&f.fay, json!(1), json!(1)),
            (&f.mona, json!(1), json!(1)),
            (&f.sam, json!(1), Value::Null),
            (&f.nina, Value::Null, json!(2)),
        ] {
            let all = sheet(who.clone(), "group=unit").await;
            assert_eq!(
                value(&all, "storage", "submitted"),
                storage,
                "{}",
                who.email
            );
            assert_eq!(
                value(&all, "network", "submitted"),
                network,
                "{}",
                who.email
            );
        }
        let refused = desk.get(&f.rita, "/reports/submitted").await.expect(403);
        assert!(
            refused.text().contains("support staff"),
            "{}",
            refused.text()
        );
        // The contact of a provider sees its services.
        let pat = desk.person("Pat").await;
        let contact = format!("/providers/tests/contacts/{}", pat.email);
        desk.put(&f.ada, &contact, Value::Null).await.expect(204);
        let own = sheet(pat.clone(), "group=service").await;
        assert_eq!(value(&own, "archive", "submitted"), json!(1));
        assert_eq!(
            value(&own, "links", "submitted"),
            json!(1),
            "not the restricted one"
        );
        let mut pats = Browser::of(&desk, &pat).await;
        pats.get("/reports").await.expect(200);
        let mut ritas = Browser::of(&desk, &f.rita).await;
        ritas.get("/reports").await.expect(403);

        // Filters, and the way to the tickets.
        let one = sheet(f.ada.clone(), "service=links&group=priority").await;
        assert_eq!(value(&one, "low", "submitted"), json!(2));
        let query = one["rows"][0]["tickets"]["submitted"].as_str().unwrap();
        let listed = desk
            .get(
                &f.ada,
                &format!(
                    "/tickets?q={}",
                    query.replace(' ', "%20").replace('>', "%3E")
                ),
            )
            .await
            .expect(200)
            .json;
        assert_eq!(listed["items"].as_array().unwrap().len(), 2, "{query}");
        let both = sheet(f.ada.clone(), "unit=storage,network&group=site").await;
        assert_eq!(value(&both, "", "submitted"), json!(3));
        assert!(both["rows"][0]["tickets"]["submitted"].is_null());
        let test = sheet(f.ada.clone(), "category=test").await;
        assert_eq!(test["total"]["values"]["submitted"], 0, "stays out");
        for (query, field) in [
            ("unit=moon", "unit"),
            ("priority=urgent", "priority"),
            ("from=soon", "from"),
            ("from=2026-02-02&to=2026-02-01", "from"),
            ("group=colour", "group"),
            ("step=hour", "step"),
            ("status=ready", "status"),
        ] {
            let path = format!("/reports/submitted?{query}");
            let problem = desk.get(&f.ada, &path).await.expect(422).json;
            assert_eq!(problem["field"], field, "{problem}");
        }
        desk.get(&f.ada, "/reports/colours").await.expect(404);
    });
}

#[test]
fn the_page_has_plots_a_table_and_files_and_names_what_is_wrong() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        play(&desk, &f).await;
        let today = at("2026-11-05 09:00");
        for _ in 0..3 {
            open(&desk, &f.rita, json!({"service": "Archive"})).await;
        }
        desk.clock.set(today + 3 * 86_400_000);
        let mut sam = Browser::of(&desk, &f.sam).await;
        let page = sam.get("/reports").await.expect(200).text();
        for words in [
            "a number opens its tickets",
            "Response time by unit",
            "3 open, by who holds them",
            "submitted per day",
            "Responses in target",
            "href=\"/work?q=",
            "role=\"img\" aria-label=\"Response time in working hours",
        ] {
            assert!(page.contains(words), "{words}: {page}");
        }
        for (format, kind) in [
            ("csv", "text/csv"),
            ("json", "application/json"),
            (
                "xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
        ] {
            let file = sam
                .get(&format!("/reports/file?report=closed&format={format}"))
                .await
                .expect(200);
            assert!(file.header("content-type").starts_with(kind));
            let name = format!("filename=\"closed.{format}\"");
            assert!(file.header("content-disposition").contains(&name));
        }
        let wrong = sam
            .get("/reports?time=days&from=yesterday")
            .await
            .expect(422)
            .text();
        assert!(wrong.contains("2026-01-31"), "{wrong}");
        for report in ["timeline", "exchange_lag", "reassignments"] {
            let status = if report == "exchange_lag" { 403 } else { 200 };
            sam.get(&format!("/reports?report={report}"))
                .await
                .expect(status);
        }
        let mut fay = Browser::of(&desk, &f.fay).await;
        let lag = fay.get("/reports?report=exchange_lag").await.expect(200);
        let lag = lag.text();
        assert!(lag.contains("<th scope=\"row\">Sky</th>"), "{lag}");
        assert!(!lag.contains("a number opens its tickets"), "{lag}");
        let empty = fay.get("/reports?report=satisfaction").await.expect(200);
        assert!(empty.text().contains("Nothing happened"));
    });
}

#[test]
fn everybody_reads_the_figures_and_under_which_terms() {
    both(|desk| async move {
        let f = desk.federation().await;
        let open = json!({"subject": "S", "description": "D", "service": "archive"});
        desk.post(&f.rita, "/tickets", open).await.expect(201);
        desk.run_jobs().await;
        desk.clock.advance(40 * 86_400_000);
        let mut visitor = Browser::new(&desk);
        let page = visitor.get("/status/figures").await.expect(200);
        assert!(page.text().contains("CC BY 4.0"), "{}", page.text());
        let json = visitor.get("/status/figures.json").await.expect(200);
        assert!(json.header("link").contains("rel=\"license\""));
        assert_eq!(json.header("access-control-allow-origin"), "*");
        let read: serde_json::Value = serde_json::from_str(&json.text()).unwrap();
        let months = read["months"].as_array().unwrap();
        assert_eq!(months.len(), 12);
        let submitted = months.iter().map(|m| m["submitted"].as_u64().unwrap());
        assert_eq!(submitted.sum::<u64>(), 1);
        assert_eq!(read["services"][0]["name"], "Archive");
        assert!(read["services"][0]["lifetime_median_minutes"].is_null());
        let csv = visitor.get("/status/figures.csv").await.expect(200).text();
        assert!(csv.starts_with("kind,name,submitted,closed,"), "{csv}");
        assert!(csv.contains("\r\nservice,Archive,1,0,,,,\r\n"), "{csv}");
    });
}
