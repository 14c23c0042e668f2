//! The search index is looked after.

use desk::{OpenRequest, TicketQuery};
use store::{Db, Options};
use switchboard_core::Channel;
use testkit::{TestDesk, config, runtime, sqlite};

#[test]
fn every_day_the_search_index_becomes_one_piece() {
    let place = sqlite();
    let url = place.url().to_owned();
    let test = TestDesk::on(place, config());
    let db = Db::open(&url, Options::default()).unwrap();
    let pieces = async || db.read(store::search::pieces).await.unwrap();
    runtime().block_on(async {
        let people = test.federation().await;
        test.desk.start_timers().await.unwrap();
        test.run_jobs().await;
        let rita = test
            .desk
            .actor_for(people.rita.id, Channel::Web)
            .await
            .unwrap();
        for n in 0..20 {
            let request = OpenRequest {
                subject: format!("The cryostat of beam {n} warms up"),
                description: "Since this morning.".into(),
                unit: Some("storage".into()),
                ..OpenRequest::default()
            };
            test.desk.open_ticket(&rita, request).await.unwrap();
            test.run_jobs().await;
        }
        let before = pieces().await;
        assert!(before > 3, "{before}");
        test.clock.advance(86_400_000);
        test.run_jobs().await;
        assert_eq!(pieces().await, 1);
        let query = TicketQuery {
            q: "cryostat".into(),
            limit: 50,
            ..TicketQuery::default()
        };
        let found = test.desk.tickets(&rita, query).await.unwrap();
        assert_eq!(found.items.len(), 20);
    });
}
