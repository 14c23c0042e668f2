//! Mail that goes out by a real Postfix: over TLS and with a password, greylisted,
//! refused, kept for later, bounced; and the signature as it arrives.

use std::sync::Arc;

use connect::mail_auth::{MailAuth, Resolver};
use connect::outbox::SmtpSecurity;
use connect::{Dkim, MailerConfig, SmtpLogin};
use desk::{Config, OpenRequest, RequesterRef};
use store::outbox::{Filter, Posting};
use switchboard_core::{Actor, Channel, TicketNumber};
use testkit::{MailServers, Names, TestDesk, both_mailing, config, mail_servers};

const MINUTE: i64 = 60_000;

/// An Ed25519 key that nothing but this test uses, and the record of its public half.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
-----END PRIVATE KEY-----\n";
const RECORD: &str = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

fn admin() -> Actor {
    Actor::system(Channel::Job)
}

/// By the submission, as a desk is set up: STARTTLS and a password.
fn mailer(servers: &MailServers, name: &str) -> MailerConfig {
    let port = servers.submission.rsplit_once(':').unwrap().1;
    MailerConfig::Smtp {
        host: "localhost".into(),
        port: port.parse().unwrap(),
        security: SmtpSecurity::StartTls,
        login: Some(SmtpLogin {
            user: format!("{name}@example.org"),
            password: format!("secret-{name}"),
        }),
        authorities: Some(servers.authority.clone().into_bytes()),
    }
}

/// Opens a ticket for somebody, who is mailed of it.
async fn opened_for(test: &TestDesk, agent: &Actor, address: &str) -> TicketNumber {
    let request = OpenRequest {
        subject: "Größe der Platte".into(),
        description: "The disk is full.\n.\n..\n.hidden \n\nFrom here on".into(),
        requester: Some(RequesterRef {
            email: address.into(),
            name: String::new(),
        }),
        ..OpenRequest::default()
    };
    test.desk.open_ticket(agent, request).await.unwrap().number
}

async fn mail_to(test: &TestDesk, address: &str) -> Posting {
    let filter = Filter {
        address: Some(address.into()),
        ..Filter::default()
    };
    let mut found = test.desk.outbox(&admin(), filter, 10).await.unwrap();
    assert_eq!(found.len(), 1, "{address}: {found:?}");
    found.remove(0)
}

#[test]
fn postfix_takes_refuses_puts_off_and_returns_mail_and_the_outbox_says_so() {
    let Some(servers) = mail_servers() else {
        return;
    };
    // The mailboxes outlive a run: names differ by the process and the database.
    let round = std::sync::atomic::AtomicU32::new(0);
    let names = Names::start();
    names.tell("s1._domainkey.example.org", RECORD);
    names.tell("_dmarc.example.org", "v=DMARC1; p=reject");
    let own = format!("desk{}", std::process::id());
    let config = Config {
        mail_address: format!("{own}@example.org"),
        dkim: Some(Arc::new(
            Dkim::new(KEY.as_bytes(), "example.org", "s1").unwrap(),
        )),
        ..config()
    };
    both_mailing(&config, &mailer(&servers, &own), |test| {
        let (servers, names, own) = (&servers, &names, &own);
        let round = round.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        async move {
            let people = test.federation().await;
            let fay = test
                .desk
                .actor_for(people.fay.id, Channel::Web)
                .await
                .unwrap();
            let who = format!("ada{}x{round}", std::process::id());
            let at = |domain: &str| format!("{who}@{domain}");
            for domain in [
                "example.org",
                "grey.example",
                "bounce.example",
                "reject.example",
                "busy.example",
            ] {
                opened_for(&test, &fay, &at(domain)).await;
            }
            test.run_jobs().await;

            // What arrives is signed, and receivers believe it.
            let sent = mail_to(&test, &at("example.org")).await;
            assert_eq!(sent.state, "sent", "{sent:?}");
            assert!(sent.answer.unwrap().starts_with("250 2.0.0"));
            let arrived = servers.wait_for_mails(&who, 1).remove(0);
            let receiver = MailAuth::new(Resolver::Servers(vec![names.address]));
            let found = receiver
                .check(arrived.as_bytes(), None, "mx.example")
                .await
                .unwrap();
            assert_eq!(found.dmarc, "pass", "{found:?}\n{arrived}");
            assert!(found.dkim.iter().all(|s| s.result == "pass" && s.whole));

            // Greylisted: the same mail goes out after a while.
            let grey = mail_to(&test, &at("grey.example")).await;
            assert_eq!((grey.state.as_str(), grey.uncertain), ("deferred", 0));
            assert!(grey.error.clone().unwrap().contains("greylisted"));
            assert!(grey.next_try.unwrap() > test.desk.now());
            // Refused for good, and the address is marked; refused for now, and it is not.
            let refused = mail_to(&test, &at("reject.example")).await;
            assert_eq!(refused.state, "failed", "{refused:?}");
            assert!(refused.error.unwrap().contains("5.1.1"));
            let busy = mail_to(&test, &at("busy.example")).await;
            assert_eq!(busy.state, "deferred", "{busy:?}");
            let dead = async || {
                let dead = test.desk.dead_addresses(&admin()).await.unwrap();
                dead.into_iter().map(|d| d.address).collect::<Vec<_>>()
            };
            assert_eq!(dead().await, [at("reject.example")]);
            test.clock.advance(2 * MINUTE);
            test.run_jobs().await;
            let grey = mail_to(&test, &at("grey.example")).await;
            assert_eq!(
                (grey.state.as_str(), grey.attempts),
                ("sent", 2),
                "{grey:?}"
            );
            let both = servers.wait_for_mails(&who, 2);
            let id = format!("<{}>", grey.message_id);
            assert_eq!(both.iter().filter(|m| m.contains(&id)).count(), 1);

            // Taken, and returned by the server behind: its words come back to the mail.
            let gone = mail_to(&test, &at("bounce.example")).await;
            assert_eq!(gone.state, "sent", "{gone:?}");
            let returned = servers.wait_for_mails(own, round as usize + 1);
            let returned = returned
                .into_iter()
                .find(|m| m.contains(&at("bounce.example")));
            let raw = returned.unwrap().into_bytes();
            test.desk.take_mail(raw, "file", None).await.unwrap();
            let gone = mail_to(&test, &at("bounce.example")).await;
            assert_eq!(gone.state, "failed", "{gone:?}");
            assert!(gone.error.unwrap().contains("5.1.1"));
            let mut marked = dead().await;
            marked.sort();
            assert_eq!(marked, [at("bounce.example"), at("reject.example")]);
        }
    });
}

#[test]
fn a_wrong_password_and_a_certificate_that_nobody_vouches_for_put_mail_off() {
    let Some(servers) = mail_servers() else {
        return;
    };
    let own = format!("keys{}", std::process::id());
    let MailerConfig::Smtp {
        host,
        port,
        security,
        login,
        authorities,
    } = mailer(&servers, &own)
    else {
        unreachable!("it is SMTP");
    };
    let wrong = MailerConfig::Smtp {
        host: host.clone(),
        port,
        security,
        login: Some(SmtpLogin {
            user: format!("{own}@example.org"),
            password: "hunter2".into(),
        }),
        authorities,
    };
    let stranger = MailerConfig::Smtp {
        host,
        port,
        security,
        login,
        authorities: None,
    };
    for mailer in [wrong, stranger] {
        both_mailing(&config(), &mailer, |test| {
            let own = &own;
            async move {
                let people = test.federation().await;
                let fay = test
                    .desk
                    .actor_for(people.fay.id, Channel::Web)
                    .await
                    .unwrap();
                let address = format!("for{own}@example.org");
                opened_for(&test, &fay, &address).await;
                test.run_jobs().await;
                let mail = mail_to(&test, &address).await;
                // Whatever is wrong there is wrong with the server, not with the mail.
                assert_eq!(mail.state, "deferred", "{mail:?}");
                let why = mail.error.unwrap();
                assert!(why.starts_with("mail server localhost"), "{why}");
                assert!(!why.contains("hunter2"), "{why}");
            }
        });
    }
}
