//! Who is erased is nowhere any more: not in the database, the index, the files, or a
//! restored backup. Tickets, history and audit log still hold together.

use desk::account::NewAccount;
use desk::{EntryDraft, Error, NewFile, OpenRequest, Step};
use store::Sql;
use store::Value;
use switchboard_core::redact::REMOVED;
use switchboard_core::{Actor, Channel, Command, EntryVisibility, PersonId, TicketNumber};
use testkit::{TestDesk, both};

const DAY: i64 = 86_400_000;
/// One for each place where a person's data can be; none is a word of anything else.
const CANARIES: &[&str] = &[
    "canaryname",
    "rita-canary",
    "bodycanary",
    "subjectcanary",
    "filecanary",
    "contentcanary",
    "mailcanary",
    "letterhead",
    "viewcanary",
    "escalationcanary",
    "agentcanary",
    "tokencanary",
    "institutecanary",
    "quarantinecanary",
    "logincanary",
];

fn draft(body: &str) -> EntryDraft {
    EntryDraft {
        body: body.into(),
        ..EntryDraft::default()
    }
}

async fn rita(test: &TestDesk) -> PersonId {
    test.desk
        .create_account(NewAccount {
            email: "rita-canary@people.example".into(),
            name: "Rita Canaryname".into(),
            institute: "Institutecanary".into(),
            password: Some("three brown kettles".into()),
            ..NewAccount::default()
        })
        .await
        .unwrap()
        .id
}

/// Everything that stands in any table, by table and column.
async fn dump(test: &TestDesk) -> Vec<(String, Vec<u8>)> {
    test.desk
        .db()
        .read(|c| {
            let mut found = Vec::new();
            let mut columns = store::schema::columns(c)?;
            if c.dialect() == store::Dialect::Sqlite {
                // The blocks that the search indexes are made of.
                for index in ["ticket_search", "unit_search"] {
                    columns.retain(|(table, _)| table != index);
                    columns.push((format!("{index}_data"), "block".into()));
                }
            }
            for (table, column) in columns {
                // The names are the database's own; a test may keep them for good.
                let name: &'static str = format!("{table}.{column}").leak();
                let (table, column) = name.split_once('.').unwrap();
                let mut sql = Sql::new("SELECT ");
                if column == "lexemes" {
                    sql.push("CAST(lexemes AS TEXT)");
                } else if name == "write_group.at" {
                    continue;
                } else {
                    sql.push(column);
                }
                sql.push(" FROM ").push(table);
                for value in c.run(&sql, |row| row.get::<Value>(0))? {
                    let bytes = match value {
                        Value::Text(text) => text.to_lowercase().into_bytes(),
                        Value::Blob(bytes) => {
                            String::from_utf8_lossy(&bytes).to_lowercase().into_bytes()
                        }
                        _ => continue,
                    };
                    found.push((name.to_owned(), bytes));
                }
            }
            Ok::<_, store::Error>(found)
        })
        .await
        .unwrap()
}

fn files(folder: &std::path::Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let bytes = String::from_utf8_lossy(&bytes).to_lowercase().into_bytes();
            found.push((path.display().to_string(), bytes));
        }
    }
}

/// Where which canary sings.
async fn sings(test: &TestDesk) -> Vec<String> {
    let mut places = dump(test).await;
    files(&test.folder.path().join("files"), &mut places);
    let mut heard = Vec::new();
    for (place, bytes) in places {
        for canary in CANARIES {
            if bytes
                .windows(canary.len())
                .any(|window| window == canary.as_bytes())
            {
                heard.push(format!("{canary} in {place}"));
            }
        }
    }
    heard.sort();
    heard.dedup();
    heard
}

fn mail(subject: &str, body: &str) -> Vec<u8> {
    format!(
        "From: Rita Canaryname <rita-canary@people.example>\r\nTo: desk@desk.example\r\n\
         Subject: {subject}\r\nDate: Mon, 21 Sep 2026 10:00:00 +0000\r\n\
         Message-ID: <letterhead-{}@rita-canary.example>\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n",
        body.len()
    )
    .into_bytes()
}

/// Plants a canary wherever a person's data can be. Returns a ticket of hers.
async fn plant(test: &TestDesk, rita: PersonId, stan: PersonId) -> TicketNumber {
    let desk = &test.desk;
    let actor = desk.actor_for(rita, Channel::Web).await.unwrap();
    let staff = desk.actor_for(stan, Channel::Web).await.unwrap();
    let number = desk
        .open_ticket(
            &actor,
            OpenRequest {
                subject: "Subjectcanary is full".into(),
                description: "My bodycanary, regards, Rita Canaryname".into(),
                service: Some("archive".into()),
                custom: [("path".to_owned(), "/home/rita-canary".into())].into(),
                files: vec![NewFile {
                    name: "filecanary.txt".into(),
                    media_type: "text/plain".into(),
                    bytes: b"contentcanary".to_vec(),
                    content_id: None,
                }],
                ..OpenRequest::default()
            },
        )
        .await
        .unwrap()
        .number;
    let take = Command::SetOwner { owner: Some(stan) };
    let answer = draft(
        "Dear Rita\nCanaryname (RITA-CANARY@people.example),\nstaffkeeps this advice.\n\
         > My bodycanary, regards, Rita Canaryname",
    );
    desk.act(
        &staff,
        number,
        None,
        vec![
            Step::Command(take),
            Step::Write(EntryVisibility::Public, answer),
            Step::Write(
                EntryVisibility::Internal,
                draft("Canaryname, Rita called: staffnote"),
            ),
        ],
    )
    .await
    .unwrap();
    test.clock.advance(2 * DAY);
    let escalate = Command::Escalate {
        reason: "escalationcanary".into(),
    };
    desk.act(&actor, number, None, vec![Step::Command(escalate)])
        .await
        .unwrap();
    desk.take_mail(mail("About subjectcanary", "mailcanary text"), "file", None)
        .await
        .unwrap();
    // Set aside, so of no ticket.
    let mut bad = mail("quarantinecanary", "x");
    bad.extend(b"Auto");
    let auto = String::from_utf8(bad)
        .unwrap()
        .replace("Message-ID", "Auto-Submitted: auto-replied\r\nMessage-ID");
    desk.take_mail(auto.into_bytes(), "file", None)
        .await
        .unwrap();
    desk.save_view(rita, "viewcanary", "viewcanary")
        .await
        .unwrap();
    desk.create_token(rita, "tokencanary", &[desk::TokenScope::Read], None)
        .await
        .unwrap();
    desk.sign_in(
        "rita-canary@people.example",
        "three brown kettles",
        desk::Client {
            network: "192.0.2.1",
            agent: "agentcanary/1.0",
            ..desk::Client::default()
        },
    )
    .await
    .unwrap();
    // A ticket that she has nothing to do with names her.
    let otto = desk
        .open_ticket(
            &staff,
            OpenRequest {
                subject: "Ask Rita Canaryname".into(),
                description: "or write to rita-canary@people.example. Ottokeeps.".into(),
                unit: Some("storage".into()),
                ..OpenRequest::default()
            },
        )
        .await
        .unwrap()
        .number;
    desk.act(
        &staff,
        otto,
        None,
        vec![Step::Write(
            EntryVisibility::Internal,
            draft("another note"),
        )],
    )
    .await
    .unwrap();
    // A provider names her account elsewhere.
    let form = desk.begin_onboarding(&staff).await.unwrap();
    let mut typed = desk.onboarding(&staff, form).await.unwrap().row.form;
    typed.exchange.owners = vec![
        "Rita-Canary@people.example = logincanary".into(),
        "stan@people.example = staffkeeps".into(),
    ];
    desk.save_onboarding(&staff, form, None, typed)
        .await
        .unwrap();
    test.clock.advance(60_000);
    test.run_jobs().await;
    number
}

async fn assert_sound(test: &TestDesk) {
    for check in test.desk.checkup().await.unwrap() {
        assert_eq!(check.problem, None, "{}", check.name);
    }
}

/// The word in the link of the last mail to her.
pub(crate) fn word(test: &TestDesk) -> String {
    let mails = test.sent_mail();
    let text = &mails
        .iter()
        .rev()
        .find(|m| m.subject == "Erase my data?")
        .unwrap()
        .text;
    let (_, after) = text.split_once("/privacy/erase/").unwrap();
    after.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn who_is_erased_is_nowhere_any_more() {
    both(|test| async move {
        let people = test.federation().await;
        let rita = rita(&test).await;
        let desk = &test.desk;
        let number = plant(&test, rita, people.stan.id).await;
        let before = sings(&test).await;
        for canary in CANARIES {
            assert!(
                before.iter().any(|b| b.starts_with(canary)),
                "{canary} was not planted: {before:?}"
            );
        }

        let actor = desk.actor_for(rita, Channel::Web).await.unwrap();
        desk.ask_export(&actor, rita).await.unwrap();
        desk.ask_erasure_by_token(&actor).await.unwrap();
        test.clock.advance(60_000);
        test.run_jobs().await;
        let word = word(&test);
        assert_eq!(desk.erasure_by_word(&word).await.unwrap().person, rita);
        desk.confirm_erasure(&word).await.unwrap();
        // It waits; nothing happens before its time.
        test.clock.advance(6 * DAY);
        test.run_jobs().await;
        assert!(desk.actor_for(rita, Channel::Web).await.is_ok());
        test.clock.advance(DAY);
        test.run_jobs().await;
        // Files go a while later.
        test.clock.advance(20 * 60_000);
        desk.start_timers().await.unwrap();
        test.run_jobs().await;

        assert_eq!(sings(&test).await, Vec::<String>::new());
        assert!(desk.actor_for(rita, Channel::Web).await.is_err());
        assert_sound(&test).await;

        // The ticket is still there, and what others said in it.
        let system = Actor::system(Channel::Cli);
        let shown = desk.conversation(&system, number).await.unwrap();
        assert_eq!(shown.ticket.subject, REMOVED);
        assert_eq!(shown.ticket.requester.name, "erased person");
        assert_eq!(shown.ticket.escalation, 1);
        let bodies: Vec<&str> = shown.entries.iter().map(|e| e.body.as_str()).collect();
        assert_eq!(bodies[0], REMOVED);
        assert!(bodies[1].contains("staffkeeps this advice"), "{bodies:?}");
        assert!(bodies[1].starts_with("Dear [erased person] ([erased person])"));
        assert!(bodies[2].contains("[erased person] called: staffnote"));
        assert_eq!(shown.entries[1].author_name, "Stan");
        assert_eq!(shown.entries[0].files[0].name, REMOVED);
        let file = shown.entries[0].files[0].id;
        assert!(matches!(
            desk.attachment(&system, file).await,
            Err(Error::NotFound { .. })
        ));
    });
}

#[test]
fn who_comes_back_with_a_backup_is_erased_before_anything_is_served() {
    both(|test| async move {
        let people = test.federation().await;
        let rita = rita(&test).await;
        let desk = &test.desk;
        plant(&test, rita, people.stan.id).await;
        let ada = desk.actor_for(people.ada.id, Channel::Web).await.unwrap();
        desk.order_erasure_by_token(&ada, rita, "asked by letter", "rita-canary@people.example")
            .await
            .unwrap();
        test.run_jobs().await;
        assert_eq!(desk.erase_reappeared().await.unwrap(), 0);

        // What a backup from before brings back; it knows of no erasure.
        desk.db()
            .write(move |c| {
                c.execute(
                    "UPDATE person SET name = 'Rita Canaryname', active = 1,
                       email = 'rita-canary@people.example' WHERE id = $1",
                    store::params![rita],
                )?;
                c.execute(
                    "INSERT INTO person_email (address, person, verified)
                     VALUES ('rita-canary@people.example', $1, 1)",
                    store::params![rita],
                )?;
                c.execute(
                    "UPDATE entry SET body = 'My bodycanary', author_name = 'Rita Canaryname'
                     WHERE author = $1",
                    store::params![rita],
                )?;
                c.execute("DELETE FROM erased", &[])?;
                c.execute("DELETE FROM erasure", &[])?;
                c.execute("DELETE FROM setting WHERE key = 'erasure_salt'", &[])
            })
            .await
            .unwrap();
        let problems = desk.checkup().await.unwrap();
        assert!(
            problems
                .iter()
                .any(|c| c.name == "nobody erased is back" && c.problem.is_some())
        );
        assert_eq!(desk.erase_reappeared().await.unwrap(), 1);
        test.clock.advance(20 * 60_000);
        desk.start_timers().await.unwrap();
        test.run_jobs().await;
        assert_eq!(sings(&test).await, Vec::<String>::new());
        assert_sound(&test).await;

        // Somebody new under the old address is somebody new.
        test.clock.advance(DAY);
        desk.create_account(NewAccount {
            email: "rita-canary@people.example".into(),
            name: "Rita again".into(),
            ..NewAccount::default()
        })
        .await
        .unwrap();
        assert_eq!(desk.erase_reappeared().await.unwrap(), 0);
    });
}

#[test]
fn holds_and_last_ones_are_refused_with_what_would_be_right() {
    both(|test| async move {
        let people = test.federation().await;
        let desk = &test.desk;
        let ada = desk.actor_for(people.ada.id, Channel::Web).await.unwrap();
        let refused = async |person, email: &str| match desk
            .order_erasure_by_token(&ada, person, "why not", email)
            .await
        {
            Err(Error::Conflict(why)) => why,
            other => panic!("{other:?}"),
        };
        let why = refused(people.ada.id, &people.ada.email).await;
        assert!(why.contains("last administrator"), "{why}");
        let why = refused(people.stan.id, &people.stan.email).await;
        assert!(why.contains("only responsible of Storage"), "{why}");
        let hold = desk
            .set_hold(&ada, &people.rita.email, "court case")
            .await
            .unwrap();
        let why = refused(people.rita.id, &people.rita.email).await;
        assert!(why.contains("court case"), "{why}");
        desk.lift_hold(&ada, hold).await.unwrap();
        // The address has to be typed again, and be theirs.
        for wrong in [people.otto.email.as_str(), "nobody@people.example"] {
            assert!(matches!(
                desk.order_erasure_by_token(&ada, people.rita.id, "why", wrong).await,
                Err(Error::Invalid { field, .. }) if field == "again"
            ));
        }
        // Nobody but administrators decides about others.
        let otto = desk.actor_for(people.otto.id, Channel::Web).await.unwrap();
        assert!(matches!(
            desk.order_erasure_by_token(&otto, people.rita.id, "why", &people.rita.email)
                .await,
            Err(Error::Forbidden(_))
        ));
        desk.order_erasure_by_token(&ada, people.rita.id, "why", &people.rita.email)
            .await
            .unwrap();
        // A hold that comes in between stops it.
        desk.set_hold(&ada, &people.rita.email, "second thoughts")
            .await
            .unwrap();
        test.run_jobs().await;
        assert!(desk.actor_for(people.rita.id, Channel::Web).await.is_ok());
        let found = desk.erasures(&ada, 10).await.unwrap();
        assert_eq!(found[0].state, "refused");
        assert!(
            found[0]
                .refusal
                .as_ref()
                .unwrap()
                .contains("second thoughts")
        );
    });
}

#[test]
fn a_wish_can_be_taken_back_and_a_link_works_for_a_day() {
    both(|test| async move {
        test.federation().await;
        let rita = rita(&test).await;
        let desk = &test.desk;
        let actor = desk.actor_for(rita, Channel::Web).await.unwrap();
        desk.ask_erasure_by_token(&actor).await.unwrap();
        test.run_jobs().await;
        let old = word(&test);
        test.clock.advance(25 * 3_600_000);
        assert!(desk.confirm_erasure(&old).await.is_err());
        desk.ask_erasure_by_token(&actor).await.unwrap();
        test.run_jobs().await;
        let fresh = word(&test);
        assert_ne!(fresh, old);
        let erasure = desk.confirm_erasure(&fresh).await.unwrap();
        desk.cancel_erasure(&actor, erasure.id).await.unwrap();
        test.clock.advance(30 * DAY);
        test.run_jobs().await;
        assert!(desk.actor_for(rita, Channel::Web).await.is_ok());
        assert!(desk.confirm_erasure(&fresh).await.is_err());
    });
}
