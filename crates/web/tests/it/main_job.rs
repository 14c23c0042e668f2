//! The main job by forms alone, as three people do it.

use testkit::both;

use crate::browser::Browser;

#[test]
fn the_main_job_by_forms_alone() {
    both(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let mut fay = Browser::of(&desk, &f.fay).await;
        let mut sam = Browser::of(&desk, &f.sam).await;
        let number = rita.open(&[]).await;
        let page = rita.page(&format!("/tickets/{number}")).await;
        assert!(page.contains("First level looks for the right team"));
        assert!(page.contains("more than 5 users affected"));

        let board = fay.page("/triage").await;
        assert!(board.contains("rules say medium: more than 5 users affected"));
        let refused = fay
            .send(
                &format!("/triage/{number}"),
                &[
                    ("do", "assign"),
                    ("priority", "top"),
                    ("unit", "Storage"),
                    ("pick", ""),
                ],
            )
            .await
            .expect(422)
            .text();
        assert!(refused.contains("needs a reason"));
        fay.send(
            &format!("/triage/{number}"),
            &[
                ("do", "assign"),
                ("category", "incident"),
                ("priority", "medium"),
                ("pick", ""),
                ("unit", "storage"),
                ("note", "Looks like the gateway."),
            ],
        )
        .await
        .expect(303);
        assert!(fay.page("/triage").await.contains("went to Storage"));

        let list = sam.page("/work?view=nobodys").await;
        assert!(list.contains(&format!("/work/{number}?view=nobodys")));
        sam.send(&format!("/work/{number}/handle"), &[("do", "take")])
            .await
            .expect(303);
        sam.send(
            &format!("/work/{number}/write"),
            &[
                ("kind", "note"),
                ("body", "inner thoughts"),
                ("status", "note"),
            ],
        )
        .await
        .expect(303);
        sam.send(
            &format!("/work/{number}/write"),
            &[
                ("kind", "reply"),
                ("body", "Does 30 GB work?"),
                ("status", "waiting"),
            ],
        )
        .await
        .expect(303);
        let page = sam.page(&format!("/work/{number}")).await;
        assert!(page.contains("Waiting for reply") && page.contains("inner thoughts"));

        let page = rita.page(&format!("/tickets/{number}")).await;
        assert!(page.contains("Your turn: Storage asks you something"));
        for hidden in ["inner thoughts", "Looks like the gateway"] {
            assert!(!page.contains(hidden), "{hidden}");
            let history = rita.page(&format!("/tickets/{number}/history")).await;
            assert!(!history.contains(hidden), "{hidden}");
        }
        rita.send(
            &format!("/tickets/{number}/answer"),
            &[("body", "It does."), ("do", "answer")],
        )
        .await
        .expect(303);
        sam.send(
            &format!("/work/{number}/write"),
            &[
                ("kind", "reply"),
                ("body", "The limit is gone."),
                ("status", "solved"),
            ],
        )
        .await
        .expect(303);
        let page = rita.page(&format!("/tickets/{number}")).await;
        assert!(page.contains("Storage says it is solved. Does it work for you?"));
        rita.send(&format!("/tickets/{number}/verify"), &[])
            .await
            .expect(303);
        let page = rita.page(&format!("/tickets/{number}")).await;
        assert!(page.contains("Solved, and confirmed to work"));
        let history = sam.page(&format!("/work/{number}/history")).await;
        for word in [
            "Waiting for reply",
            "Solved",
            "Verified",
            "Sam",
            "Fay",
            "Rita",
            "owner",
            "unit",
        ] {
            assert!(history.contains(word), "{word}");
        }
    });
}
