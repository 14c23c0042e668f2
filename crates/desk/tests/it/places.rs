//! No column is forgotten: each says whether it holds something about a person.

use std::collections::BTreeSet;

use desk::privacy::places::{all, tables};
use testkit::both;

#[test]
fn every_column_of_both_databases_says_what_it_holds() {
    both(|desk| async move {
        let db = desk.desk.db();
        let there: BTreeSet<(String, String)> = db
            .read(store::schema::columns)
            .await
            .unwrap()
            .into_iter()
            .collect();
        // The look at the schema must not go blind.
        assert!(there.contains(&("entry".into(), "body".into())));
        assert!(there.len() > 150, "only {} columns", there.len());
        let listed: BTreeSet<(String, String)> = tables(db.dialect())
            .flat_map(|t| t.columns.iter().map(|(c, _)| (t.name.into(), (*c).into())))
            .collect();
        let missing: Vec<_> = there.difference(&listed).collect();
        assert!(
            missing.is_empty(),
            "say in crates/desk/src/privacy/places.rs what these columns hold, so that a \
             person's data in them is given out and erased: {missing:?}"
        );
        let gone: Vec<_> = listed.difference(&there).collect();
        assert!(gone.is_empty(), "listed, but not there: {gone:?}");
    });
}

#[test]
fn no_table_is_listed_twice() {
    let mut seen = BTreeSet::new();
    for table in all() {
        let only = table.only.map(|d| format!("{d:?}"));
        assert!(seen.insert((table.name, only)), "{}", table.name);
        let columns: BTreeSet<_> = table.columns.iter().map(|(c, _)| c).collect();
        assert_eq!(columns.len(), table.columns.len(), "{}", table.name);
    }
}
