//! The demo is the longest story there is: three hundred tickets, all through
//! the rules.

use std::sync::Arc;
use std::time::Instant;

use connect::{Blobs, Mailer};
use desk::{Config, Desk, SystemClock, TicketQuery};
use store::{Db, Options};
use switchboard_core::{Channel, Status};

fn open(folder: &std::path::Path) -> Desk {
    let url = format!("sqlite:{}", folder.join("demo.db").display());
    let db = Db::open(&url, Options::default()).unwrap();
    db.migrate().unwrap();
    Desk::new(
        db,
        Blobs::open(folder.join("files")).unwrap(),
        Mailer::None,
        Arc::new(SystemClock),
        Config::default(),
    )
    .unwrap()
}

#[test]
fn the_demo_is_filled_and_every_history_gives_its_state() {
    let folder = tempfile::tempdir().unwrap();
    let desk = open(folder.path());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let begun = Instant::now();
        let people = desk::demo::fill(&desk, "copper kettle lamp").await.unwrap();
        println!("filled in {:?}, {:?}", begun.elapsed(), desk.db().written());
        assert_eq!(people.len(), 5);
        for check in desk.checkup().await.unwrap() {
            assert_eq!(check.problem, None, "{}", check.name);
        }
        let admin = desk.person_by_email("admin@demo").await.unwrap();
        let actor = desk.actor_for(admin.id, Channel::Cli).await.unwrap();
        for status in Status::ALL {
            let page = desk
                .tickets(
                    &actor,
                    TicketQuery {
                        q: format!("status:{}", status.key()),
                        ..TicketQuery::default()
                    },
                )
                .await
                .unwrap();
            assert!(!page.items.is_empty(), "no ticket is {}", status.key());
        }
        let found = desk
            .tickets(
                &actor,
                TicketQuery {
                    q: "multipart checksum".into(),
                    ..TicketQuery::default()
                },
            )
            .await
            .unwrap();
        assert!(!found.items.is_empty(), "the search index is filled");
        // All that is left to do is to have the contact of a site on its tickets. Nothing is
        // mailed about the past.
        let mails = || desk.db().read(store::mail::outgoing_counts);
        let before = mails().await.unwrap();
        assert_eq!(desk.run_jobs().await.unwrap(), 1);
        assert_eq!(desk.run_jobs().await.unwrap(), 0);
        assert_eq!(mails().await.unwrap(), before);
    });
}
