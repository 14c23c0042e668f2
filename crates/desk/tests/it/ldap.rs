//! Signing in with name and password of a real directory.

use desk::federated::{Arrived, Caller, Turned};
use desk::provider::Draft;
use desk::{Admission, Error, SignedIn};
use store::provider::{EntitlementRule, Kind, ProviderDoc};
use switchboard_core::{Actor, Channel, Part};
use testkit::{TestDesk, TestDirectory, directory, on_sqlite};
use uuid::Uuid;

/// A change of a provider that makes it wrong.
type Twist = fn(&mut Draft);

fn operator() -> Actor {
    Actor::system(Channel::Cli)
}

fn caller() -> Caller {
    Caller {
        browser: "b".repeat(43),
        network: "192.0.2.7".into(),
        agent: "test".into(),
        signed_in: None,
    }
}

fn draft(of: &TestDirectory) -> Draft {
    Draft {
        id: None,
        key: "staff".into(),
        kind: Kind::Ldap,
        name: "Staff".into(),
        issuer: String::new(),
        doc: ProviderDoc {
            url: of.tls_url.clone(),
            authority: of.authority.clone(),
            bind_dn: "cn=reader,dc=example,dc=org".into(),
            base: "ou=people,dc=example,dc=org".into(),
            filter: "(&(objectClass=person)(uid={user}))".into(),
            subject: "entryUUID".into(),
            name_attribute: "cn".into(),
            mail_attribute: "mail".into(),
            entitlements: vec!["memberOf".into(), "eduPersonEntitlement".into()],
            trusts_mail: true,
            ..ProviderDoc::default()
        },
        secret: Some("secret-reader".into()),
        active: true,
        position: 1,
    }
}

async fn sign_in(desk: &TestDesk, user: &str, password: &str) -> Result<Arrived, Turned> {
    desk.desk
        .sign_in_by_directory("staff", user, password, &caller(), "/tickets")
        .await
}

#[track_caller]
fn came_in(ended: Result<Arrived, Turned>) {
    match ended {
        Ok(Arrived::Admitted {
            admission: Admission::Session(session),
            next,
        }) => {
            assert_eq!(next, "/tickets");
            assert!(session.len() >= 43);
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn turned_away(ended: Result<Arrived, Turned>) -> String {
    match ended {
        Err(Turned {
            reason,
            error: Error::Unauthenticated(_),
        }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn name_and_password_of_the_directory_sign_in() {
    let Some(of) = directory() else { return };
    on_sqlite(|desk| async move {
        let saved = desk
            .desk
            .save_provider(&operator(), draft(&of))
            .await
            .unwrap();
        came_in(sign_in(&desk, "alice", "secret-alice").await);
        let alice = desk
            .desk
            .person_by_email("alice@ldap.example")
            .await
            .unwrap();
        assert_eq!(alice.name, "Alice Example");
        came_in(sign_in(&desk, " alice ", "secret-alice").await);
        assert_eq!(desk.desk.identities(alice.id).await.unwrap().len(), 1);

        // With StartTLS, and without any TLS to this machine, which the operator
        // listed.
        let mut starttls = Draft {
            id: Some(saved.id),
            ..draft(&of)
        };
        starttls.doc.url.clone_from(&of.url);
        starttls.doc.start_tls = true;
        desk.desk
            .save_provider(&operator(), starttls.clone())
            .await
            .unwrap();
        came_in(sign_in(&desk, "alice", "secret-alice").await);
        starttls.doc.start_tls = false;
        starttls.doc.authority.clear();
        desk.desk
            .save_provider(&operator(), starttls)
            .await
            .unwrap();
        came_in(sign_in(&desk, "bob", "secret-bob").await);

        // By a template, without a service account.
        let mut template = draft(&of);
        template.id = Some(saved.id);
        template.secret = None;
        template.doc.template = "uid={user},ou=people,dc=example,dc=org".into();
        desk.desk
            .save_provider(&operator(), template)
            .await
            .unwrap();
        came_in(sign_in(&desk, "carol", "secret-carol").await);
        turned_away(sign_in(&desk, "carol", "secret-bob").await);
        turned_away(sign_in(&desk, "carol,ou=people", "secret-carol").await);
        turned_away(sign_in(&desk, "carol", "").await);
    });
}

#[test]
fn nothing_else_does() {
    let Some(of) = directory() else { return };
    on_sqlite(|desk| async move {
        desk.desk
            .save_provider(&operator(), draft(&of))
            .await
            .unwrap();
        for (user, password) in [
            ("alice", "secret-bob"),
            // An empty password would be let in by the directory, as nobody.
            ("alice", ""),
            ("", "secret-alice"),
            ("nobody", "secret-alice"),
            ("*", "secret-alice"),
            ("ali*", "secret-alice"),
            ("alice)(uid=*", "secret-alice"),
            ("x)(|(uid=alice", "secret-alice"),
            ("alice\0", "secret-alice"),
        ] {
            turned_away(sign_in(&desk, user, password).await);
        }
        let nobody = desk.desk.person_by_email("alice@ldap.example").await;
        assert!(nobody.is_err(), "nobody was made");
    });
}

#[test]
fn guessing_is_slowed_down() {
    let Some(of) = directory() else { return };
    on_sqlite(|desk| async move {
        desk.desk
            .save_provider(&operator(), draft(&of))
            .await
            .unwrap();
        for _ in 0..8 {
            turned_away(sign_in(&desk, "alice", "guess").await);
        }
        let right = sign_in(&desk, "alice", "secret-alice").await;
        assert!(
            matches!(&right, Err(t) if matches!(t.error, Error::TooMany { .. })),
            "{right:?}"
        );
        came_in(sign_in(&desk, "bob", "secret-bob").await);
        desk.clock.advance(16 * 60_000);
        came_in(sign_in(&desk, "alice", "secret-alice").await);
    });
}

#[test]
fn groups_of_the_directory_bring_rights_and_take_them_along() {
    let Some(of) = directory() else { return };
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let provider = desk
            .desk
            .save_provider(&operator(), draft(&of))
            .await
            .unwrap();
        desk.desk
            .add_entitlement_rule(
                &operator(),
                EntitlementRule {
                    id: Uuid::nil(),
                    provider: Some(provider.id),
                    pattern: "cn=agents,ou=groups,dc=example,dc=org".into(),
                    support: false,
                    unit: Some((f.storage, Part::Member)),
                    community: None,
                    position: 0,
                },
            )
            .await
            .unwrap();
        let in_storage = async |mail: &str| {
            let person = desk.desk.person_by_email(mail).await.unwrap();
            let members = desk.desk.members(f.storage).await.unwrap();
            members.iter().any(|m| m.person == person.id)
        };
        came_in(sign_in(&desk, "bob", "secret-bob").await);
        came_in(sign_in(&desk, "carol", "secret-carol").await);
        assert!(in_storage("bob@ldap.example").await);
        assert!(!in_storage("carol@ldap.example").await);
        let agents = "dn: cn=agents,ou=groups,dc=example,dc=org\nchangetype: modify\n";
        let bob = "member: uid=bob,ou=people,dc=example,dc=org\n";
        of.change(&format!("{agents}delete: member\n{bob}"));
        came_in(sign_in(&desk, "bob", "secret-bob").await);
        let still = in_storage("bob@ldap.example").await;
        of.change(&format!("{agents}add: member\n{bob}"));
        assert!(!still, "out of the group, out of the unit");
    });
}

#[test]
fn an_address_of_an_account_does_not_open_it() {
    let Some(of) = directory() else { return };
    on_sqlite(|desk| async move {
        desk.desk
            .save_provider(&operator(), draft(&of))
            .await
            .unwrap();
        let here = desk
            .desk
            .create_account(desk::account::NewAccount {
                email: "alice@ldap.example".into(),
                name: "Alice here".into(),
                password: Some("three brown kettles".into()),
                ..Default::default()
            })
            .await
            .unwrap();
        let ended = sign_in(&desk, "alice", "secret-alice").await;
        assert!(
            matches!(&ended, Err(t) if matches!(t.error, Error::Conflict(_))),
            "{ended:?}"
        );
        // Signed in to it, she links it.
        let me = Caller {
            signed_in: Some(here.id),
            ..caller()
        };
        let ended = desk
            .desk
            .sign_in_by_directory("staff", "alice", "secret-alice", &me, "")
            .await;
        let Ok(Arrived::Confirm { word }) = ended else {
            panic!("{ended:?}")
        };
        let signed_in = SignedIn {
            actor: desk.desk.actor_for(here.id, Channel::Web).await.unwrap(),
            person: here.clone(),
            csrf: String::new(),
            id_hash: Vec::new(),
            proved_at: desk.desk.now(),
        };
        let wrong = desk
            .desk
            .link_identity(&signed_in, &word, "secret-alice", "192.0.2.7")
            .await;
        assert!(matches!(wrong, Err(Error::Invalid { .. })), "{wrong:?}");
        desk.desk
            .link_identity(&signed_in, &word, "three brown kettles", "192.0.2.7")
            .await
            .unwrap();
        came_in(sign_in(&desk, "alice", "secret-alice").await);
        assert_eq!(desk.desk.identities(here.id).await.unwrap().len(), 1);
    });
}

#[test]
fn what_is_wrong_with_a_directory_is_said_exactly() {
    let Some(of) = directory() else { return };
    on_sqlite(|desk| async move {
        let saved = desk
            .desk
            .save_provider(&operator(), draft(&of))
            .await
            .unwrap();
        let found = desk
            .desk
            .test_provider(&operator(), saved.id)
            .await
            .unwrap();
        assert!(found.iter().all(|f| f.well), "{found:?}");
        assert!(found.len() >= 4, "{found:?}");

        let broken: [(&str, Twist); 6] = [
            ("do not belong together", |d| {
                d.secret = Some("wrong".into())
            }),
            ("base: there is no ou=nowhere", |d| {
                d.doc.base = "ou=nowhere,dc=example,dc=org".into();
            }),
            ("finds nobody", |d| {
                d.doc.filter = "(&(objectClass=device)(uid={user}))".into()
            }),
            ("no attribute employeeNumber", |d| {
                d.doc.subject = "employeeNumber".into()
            }),
            // Nobody on this machine vouches for the test's certificate.
            ("certificate", |d| d.doc.authority.clear()),
            ("can not be reached", |d| {
                d.doc.url = "ldaps://127.0.0.1:1".into();
                d.secret = Some("secret-reader".into());
            }),
        ];
        for (text, twist) in broken {
            let mut wrong = draft(&of);
            wrong.id = Some(saved.id);
            twist(&mut wrong);
            desk.desk.save_provider(&operator(), wrong).await.unwrap();
            let found = desk
                .desk
                .test_provider(&operator(), saved.id)
                .await
                .unwrap();
            let told = found
                .iter()
                .find(|f| !f.well)
                .map(|f| f.text.to_lowercase());
            assert!(
                told.as_ref()
                    .is_some_and(|t| t.contains(&text.to_lowercase())),
                "{text}: {found:?}"
            );
            assert!(!format!("{found:?}").contains("secret-reader"));
            assert!(
                sign_in(&desk, "alice", "secret-alice").await.is_err(),
                "{text}"
            );
        }
    });
}
