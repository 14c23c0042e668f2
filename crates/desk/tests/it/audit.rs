//! The audit log shows when somebody was at it.

use store::audit::Filter;
use switchboard_core::{Actor, Channel, RuleSet};
use testkit::{TestDesk, both};

async fn three_deeds(desk: &TestDesk) {
    let system = Actor::system(Channel::Cli);
    for _ in 0..3 {
        desk.desk
            .set_rules(&system, RuleSet::shipped())
            .await
            .unwrap();
    }
}

#[test]
fn deeds_are_found_newest_first_and_the_chain_holds() {
    both(|desk| async move {
        three_deeds(&desk).await;
        let chain = desk.desk.check_audit().await.unwrap();
        assert_eq!((chain.rows, chain.problem), (3, None));
        assert_eq!(chain.head.len(), 64);
        let found = desk
            .desk
            .audit_log(
                &Actor::system(Channel::Cli),
                Filter {
                    action: Some("setting.".into()),
                    words: Some("AFTER".into()),
                    ..Filter::default()
                },
                2,
            )
            .await
            .unwrap();
        assert_eq!(found.iter().map(|d| d.id).collect::<Vec<_>>(), [3, 2]);
        assert_eq!(found[0].action, "setting.changed");
    });
}

#[test]
fn a_row_that_was_changed_shows() {
    for tampering in [
        "UPDATE audit SET at = at + 1 WHERE id = 2",
        "UPDATE audit SET action = 'setting.read' WHERE id = 2",
        "UPDATE audit SET detail = '{}' WHERE id = 2",
        "UPDATE audit SET detail = NULL, salt = NULL WHERE id = 2",
        "DELETE FROM audit WHERE id = 2",
        "DELETE FROM audit WHERE id = 3",
        "UPDATE audit SET id = 9 WHERE id = 3",
    ] {
        both(move |desk| async move {
            three_deeds(&desk).await;
            desk.desk
                .db()
                .write(move |c| c.execute(tampering, &[]))
                .await
                .unwrap();
            let chain = desk.desk.check_audit().await.unwrap();
            assert!(chain.problem.is_some(), "unnoticed: {tampering}");
        });
    }
}
