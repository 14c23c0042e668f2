//! The signature of outgoing mail, looked up and checked as receivers do it, with a
//! key that was made as the guide says.

use std::process::Command;
use std::sync::Arc;

use connect::Dkim;
use connect::mail_auth::{MailAuth, Resolver};
use desk::{Config, OpenRequest};
use switchboard_core::Channel;
use testkit::{MailSink, Names, both_mailing, config};

/// Runs what the guide says; `None` where there is no openssl.
fn shell(folder: &std::path::Path, line: &str) -> Option<String> {
    let ran = Command::new("sh")
        .args(["-ec", line])
        .current_dir(folder)
        .output()
        .unwrap();
    if ran.status.code() == Some(127) {
        return None;
    }
    assert!(ran.status.success(), "{line}: {ran:?}");
    Some(String::from_utf8(ran.stdout).unwrap().trim().to_owned())
}

/// The lines of the guide that begin so, as they are to be typed.
fn guide(begins: &str) -> String {
    let text = include_str!("../../../../docs/guides/mail.md");
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with(begins))
        .unwrap();
    line.split("      #").next().unwrap().trim().to_owned()
}

#[test]
fn what_goes_out_is_signed_so_that_receivers_believe_it_and_no_change_of_it() {
    let rsa = (guide("openssl genrsa"), guide("echo \"v=DKIM1; k=rsa"));
    let ed25519 = (
        "openssl genpkey -algorithm ed25519 -out dkim.pem".to_owned(),
        guide("echo \"v=DKIM1; k=ed25519"),
    );
    for (make, publish) in [rsa, ed25519] {
        let folder = tempfile::tempdir().unwrap();
        if shell(folder.path(), &make).is_none() {
            assert!(
                std::env::var_os("REQUIRE_ALL").is_none_or(|v| v.is_empty()),
                "openssl is missing"
            );
            eprintln!("SKIPPED: openssl is not here to make a key with");
            return;
        }
        let record = shell(folder.path(), &publish).unwrap();
        let pem = std::fs::read(folder.path().join("dkim.pem")).unwrap();
        let key = Dkim::new(&pem, "desk.example", "desk2026").unwrap();
        let names = Names::start();
        names.tell("desk2026._domainkey.desk.example", &record);
        names.tell("_dmarc.desk.example", "v=DMARC1; p=reject; adkim=s");
        let sink = MailSink::start();
        let config = Config {
            dkim: Some(Arc::new(key)),
            ..config()
        };
        both_mailing(&config, &sink.config(), |test| {
            let (sink, names) = (&sink, &names);
            async move {
                let before = sink.taken().len();
                let people = test.federation().await;
                let rita = test
                    .desk
                    .actor_for(people.rita.id, Channel::Web)
                    .await
                    .unwrap();
                let request = OpenRequest {
                    subject: "Größe der Platte \u{1f4be}".into(),
                    description: "The disk is full.\n.\n..\n.hidden \n\nFrom here\n\n\n".into(),
                    ..OpenRequest::default()
                };
                test.desk.open_ticket(&rita, request).await.unwrap();
                test.run_jobs().await;
                let taken = sink.taken().split_off(before);
                assert!(taken.len() >= 2, "{}", taken.len());
                let receiver = MailAuth::new(Resolver::Servers(vec![names.address]));
                let verdict = async |mail: &[u8]| {
                    let found = receiver.check(mail, None, "mx.example").await.unwrap();
                    let believed = found
                        .dkim
                        .iter()
                        .any(|s| s.result == "pass" && s.whole && s.domain == "desk.example");
                    assert_eq!(found.dmarc == "pass", believed, "{found:?}");
                    believed
                };
                for mail in &taken {
                    assert!(verdict(&mail.bytes).await, "{:?}", mail.bytes);
                    let text = String::from_utf8(mail.bytes.clone()).unwrap();
                    for (part, other) in [
                        ("The disk", "Your disk"),
                        ("\nTo: ", "\nTo: eve@evil.example, "),
                        ("\nFrom: ", "\nReply-To: eve@evil.example\r\nFrom: "),
                    ] {
                        let changed = text.replacen(part, other, 1);
                        if changed != text {
                            assert!(!verdict(changed.as_bytes()).await, "{changed}");
                        }
                    }
                }
            }
        });
    }
}
