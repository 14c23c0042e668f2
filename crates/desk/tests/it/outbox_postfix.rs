//! Mail that goes out by a real Postfix: over TLS and with a password, greylisted,
//! refused, kept for later, bounced; and the signature as it arrives.

use std::sync::Arc;

use connect::imap::TokenGiver;
use connect::mail_auth::{MailAuth, Resolver};
use connect::outbox::SmtpSecurity;
use connect::{Delivery, Dkim, Mailer, MailerConfig, Reach, SmtpLogin, SmtpSecret};
use desk::{Config, OpenRequest, RequesterRef};
use store::outbox::{Filter, Posting};
use switchboard_core::{Actor, Channel, TicketNumber};
use testkit::{MailServers, Names, TestDesk, both_mailing, config, mail_servers};

use crate::mailbox::{name, token, token_giver};

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
            secret: SmtpSecret::Password(format!("secret-{name}")),
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
            secret: SmtpSecret::Password("hunter2".into()),
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

/// Tokens instead of a password, at a Postfix that asks a Dovecot, as people have it.
#[test]
fn mail_leaves_by_a_token_and_another_is_fetched_when_the_server_does_not_take_it() {
    let Some(servers) = mail_servers() else {
        return;
    };
    let MailerConfig::Smtp {
        host,
        port,
        security,
        authorities,
        ..
    } = mailer(&servers, "")
    else {
        unreachable!("it is SMTP");
    };
    let own = name("sends");
    let address = format!("{own}@example.org");
    testkit::runtime().block_on(async {
        let stale = token(&servers, &address, 1_700_003_600);
        // Until 2100; the servers' clock is the machine's.
        let good = token(&servers, &address, 4_102_444_800);
        let url = token_giver(vec![stale.clone(), good]).await;
        let made = |url: String| {
            let config = MailerConfig::Smtp {
                host: host.clone(),
                port,
                security,
                login: Some(SmtpLogin {
                    user: address.clone(),
                    secret: SmtpSecret::Token {
                        giver: TokenGiver {
                            url,
                            client_id: "desk".into(),
                            client_secret: String::new(),
                            refresh_token: None,
                            scope: String::new(),
                        },
                        reach: Reach::parse("127.0.0.1").unwrap(),
                    },
                }),
                authorities: authorities.clone(),
            };
            Mailer::new(&config).unwrap()
        };
        let mailer = made(url);
        let send = async |mailer: &Mailer, words: &str| {
            let (mailer, to) = (mailer.clone(), address.clone());
            let raw = format!("Subject: {words}\r\n\r\n{words}\r\n").into_bytes();
            tokio::task::spawn_blocking(move || mailer.send("1", "desk@example.org", &to, &raw))
                .await
                .unwrap()
        };
        let Delivery::Deferred(why) = send(&mailer, "one").await else {
            panic!("a token that ran out was taken");
        };
        assert!(
            why.starts_with("mail server localhost") && !why.contains(&stale),
            "{why}"
        );
        for words in ["one", "two"] {
            let sent = send(&mailer, words).await;
            assert!(matches!(sent, Delivery::Sent(_)), "{sent:?}");
        }
        assert_eq!(servers.wait_for_mails(&own, 2).len(), 2);
        // Nobody gives one: the mail waits, and it is said whose fault that is.
        let silent = made("http://127.0.0.1:9/token".into());
        let Delivery::Deferred(why) = send(&silent, "three").await else {
            panic!("sent without a token");
        };
        assert!(
            why.contains("no token from http://127.0.0.1:9/token"),
            "{why}"
        );
    });
}
