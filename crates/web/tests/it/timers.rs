//! After how many days time does what: the page and the API of administrators.

use serde_json::json;
use testkit::on_sqlite;

use crate::browser::Browser;

#[test]
fn an_administrator_says_after_how_many_days_what_happens_by_itself() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let shipped = json!({"remind": [5, 10], "unanswered": 15, "close": 10});
        let get = async || desk.get(&f.ada, "/timers").await.expect(200).json;
        assert_eq!(get().await, shipped);

        let mut ada = Browser::of(&desk, &f.ada).await;
        let page = ada.page("/admin/timers").await;
        assert!(page.contains("value=\"5, 10\""), "{page}");
        let fields = [("remind", "3 7, 9"), ("unanswered", ""), ("close", "20")];
        ada.send("/admin/timers", &fields).await.expect(303);
        let own = json!({"remind": [3, 7, 9], "unanswered": null, "close": 20});
        assert_eq!(get().await, own);

        // What is wrong is said beside its field, and what was typed stays.
        for (field, fields) in [
            ("remind", [("remind", "soon"), ("close", "20")]),
            ("remind", [("remind", "9, 3"), ("close", "20")]),
            ("close", [("remind", "3"), ("close", "0")]),
            ("close", [("remind", "3"), ("close", "-5")]),
        ] {
            let answer = ada.send("/admin/timers", &fields).await.expect(422);
            let page = answer.text();
            let error = format!("id=\"{field}-err\"");
            assert!(page.contains(&error), "{field}: {page}");
            assert!(page.contains(&format!("value=\"{}\"", fields[0].1)));
        }
        let typed = [("remind", "3"), ("unanswered", "2"), ("close", "20")];
        let page = ada.send("/admin/timers", &typed).await.expect(422).text();
        assert!(
            page.contains("Must be later than the last reminder"),
            "{page}"
        );
        let wrong = json!({"remind": [-1], "close": 5});
        let answer = desk.put(&f.ada, "/timers", wrong).await.expect(422);
        assert_eq!(
            answer.json["errors"][0]["field"],
            "remind",
            "{}",
            answer.text()
        );
        assert_eq!(get().await, own);
    });
}
