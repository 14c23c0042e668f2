//! The form for a new ticket from outside: its preview, and what it refuses.

use testkit::on_sqlite;

use crate::browser::Browser;

#[test]
fn hostile_forms_are_told_what_is_wrong() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let empty = rita.send("/tickets/new", &[]).await.expect(422).text();
        for words in [
            "Say in one line what happened.",
            "href=\"#subject\"",
            "href=\"#description\"",
        ] {
            assert!(empty.contains(words), "{words}");
        }
        let base = [("subject", "s"), ("description", "d")];
        for (field, value, told) in [
            ("service", "Nonsense", "There is no service “Nonsense”"),
            ("affected", "-3", "A number of people"),
            ("affected", "99999999999999", "A number of people"),
            ("since", "soon", "A date and a time"),
            ("category", "nonsense", "There is no"),
            ("cc", "not an address", "not a mail address"),
        ] {
            let mut fields = base.to_vec();
            fields.push((field, value));
            let page = rita.send("/tickets/new", &fields).await.expect(422).text();
            assert!(page.contains(told), "{field}={value}: {told}");
            assert!(page.contains("aria-invalid=\"true\""), "{field}={value}");
        }
        let csrf = rita.csrf().await;
        for (body, status) in [
            (
                format!("csrf={csrf}&subject=%FF%FE&description=x"),
                303..=422,
            ),
            (
                format!("csrf={csrf}&subject=%00%01&description=x"),
                303..=422,
            ),
            ("%%%".to_owned(), 400..=422),
            (
                format!("csrf={csrf}&description={}", "x".repeat(3 * 1024 * 1024)),
                413..=413,
            ),
        ] {
            let answer = rita.send_raw("/tickets/new", &body).await;
            assert!(
                status.contains(&answer.status),
                "{} for {:.40}",
                answer.status,
                body
            );
        }
        for path in [
            "/tickets/0",
            "/tickets/-1",
            "/tickets/99999999999999999999",
            "/work/x",
            "/tickets/%FF",
            "/units/%00",
            "/static/..%2fCargo.toml",
            "/t/1.2.3.4",
            "/no/such/page",
        ] {
            let answer = rita.get(path).await;
            assert!(
                (400..500).contains(&answer.status),
                "{path}: {}",
                answer.status
            );
        }
        let page = rita.get("/no/such/page").await.expect(404).text();
        assert!(page.contains("There is no page at this address."));
        // A search that can not be read is told, not thrown.
        let page = rita.page("/tickets?q=status:nonsense").await;
        assert!(page.contains("This search can not be read"));
        let mut sam = Browser::of(&desk, &f.sam).await;
        for q in [
            "unit:nowhere",
            "priority%3E%3E",
            "%22",
            "number:x",
            "owner:me%20%00",
            "%FF",
        ] {
            let answer = sam.get(&format!("/work?q={q}")).await;
            assert_eq!(answer.status, 200, "{q}");
        }
        let answer = sam.get("/work?after=nonsense").await;
        assert_eq!(answer.status, 200);
    });
}

#[test]
fn a_form_that_is_sent_twice_is_one_ticket() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let once = [("once", "0123456789"), ("subject", "twice")];
        let first = rita.open(&once).await;
        let second = rita.open(&once).await;
        assert_eq!(first, second);
        let third = rita
            .open(&[("once", "another"), ("subject", "twice")])
            .await;
        assert_ne!(first, third);
    });
}

#[test]
fn the_preview_says_what_the_rules_say() {
    on_sqlite(|desk| async move {
        let mut nobody = Browser::new(&desk);
        let check =
            async |nobody: &mut Browser, fields: &[(&str, &str)], mark: &str, because: &str| {
                let parts = nobody
                    .send("/tickets/new/preview", fields)
                    .await
                    .expect(200)
                    .text();
                assert!(
                    parts.contains(&format!("class=\"prio big\" data-p=\"{mark}\"")),
                    "{fields:?}"
                );
                assert!(
                    parts.contains(&format!("because\">{because}")),
                    "{fields:?}: {because}"
                );
            };
        check(
            &mut nobody,
            &[("affected", "5")],
            "low",
            "every ticket starts here",
        )
        .await;
        check(
            &mut nobody,
            &[("affected", "6")],
            "medium",
            "more than 5 users affected",
        )
        .await;
        check(
            &mut nobody,
            &[("affected", "51")],
            "high",
            "more than 50 users affected",
        )
        .await;
        check(
            &mut nobody,
            &[("degrades", "yes")],
            "top",
            "it affects and degrades a service",
        )
        .await;
        check(
            &mut nobody,
            &[("degrades", "yes"), ("category", "documentation")],
            "low",
            "every ticket",
        )
        .await;
        check(
            &mut nobody,
            &[("security", "trivial"), ("affected", "6")],
            "high",
            "a small security risk",
        )
        .await;
        check(
            &mut nobody,
            &[("security", "imminent")],
            "top",
            "a danger to security now",
        )
        .await;
    });
}
