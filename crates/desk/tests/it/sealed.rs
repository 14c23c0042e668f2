//! Secrets as they lie in the database.

use std::sync::Arc;

use connect::{Blobs, Mailer, MailerConfig};
use desk::provider::Draft;
use desk::{Config, Desk, Error, SecretKeys};
use store::mailbox::{MailboxDoc, Way};
use store::provider::{Kind, ProviderDoc};
use switchboard_core::{Actor, Channel};
use testkit::{TestDesk, both};

const SECRET: &str = "canary-client-secret";
const OTHER_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

fn draft(secret: Option<&str>, variable: &str) -> Draft {
    Draft {
        id: None,
        key: "op".into(),
        kind: Kind::Oidc,
        name: "Provider".into(),
        issuer: "https://op.example".into(),
        doc: ProviderDoc {
            client_id: "desk".into(),
            secret_env: variable.into(),
            ..ProviderDoc::default()
        },
        secret: secret.map(str::to_owned),
        active: true,
        position: 1,
    }
}

fn mailbox() -> desk::mailbox::Draft {
    desk::mailbox::Draft {
        id: None,
        expected: None,
        address: "storage@lab.example".into(),
        way: Way::Imap,
        doc: MailboxDoc {
            host: "127.0.0.1".into(),
            security: "none".into(),
            user: "storage".into(),
            auth: "password".into(),
            ..MailboxDoc::default()
        },
        secret: Some(SECRET.into()),
        unit: None,
        service: None,
        portal: None,
        active: false,
    }
}

/// The same desk with other keys, as after a restart.
fn restarted(desk: &TestDesk, keys: SecretKeys) -> Desk {
    restart(desk, keys).unwrap()
}

fn with_keys(keys: SecretKeys) -> Config {
    Config {
        keys,
        ..testkit::config()
    }
}

fn restart(desk: &TestDesk, keys: SecretKeys) -> Result<Desk, Error> {
    let config = with_keys(keys);
    let blobs = Blobs::open(desk.folder.path().join("files")).unwrap();
    let mailer = Mailer::new(&MailerConfig::None).unwrap();
    let clock: Arc<dyn desk::Clock> = desk.clock.clone();
    let db = desk.desk.db().clone();
    // Opening waits for the database, which a test's own thread may not.
    std::thread::spawn(move || Desk::new(db, blobs, mailer, clock, config))
        .join()
        .unwrap()
}

/// As `switchboard secret change` does it.
fn change(desk: &TestDesk, keys: SecretKeys, keep_for: i64) -> Result<Option<i64>, Error> {
    let (db, now) = (desk.desk.db().clone(), desk.desk.now());
    std::thread::spawn(move || desk::secret::change(&db, &with_keys(keys), now, keep_for))
        .join()
        .unwrap()
}

async fn wrong(desk: &Desk) -> Option<String> {
    let all = desk.checkup().await.unwrap();
    let one = all.into_iter().find(|c| c.name == "secrets can be opened");
    one.unwrap().problem
}

async fn stored(desk: &TestDesk) -> Vec<String> {
    desk.desk
        .db()
        .read(|c| {
            let mut all: Vec<String> = store::provider::secrets(c)?
                .into_iter()
                .map(|(_, _, secret)| secret)
                .collect();
            all.extend(store::mailbox::secrets(c)?.into_iter().map(|(_, _, s)| s));
            for (_, seeds) in store::factor::seeds(c)? {
                let both = [seeds.secret, seeds.fresh];
                all.extend(
                    both.into_iter()
                        .flatten()
                        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
                );
            }
            Ok::<_, store::Error>(all)
        })
        .await
        .unwrap()
}

#[test]
fn secrets_lie_sealed_and_those_of_before_are_taken_on() {
    both(|desk| async move {
        let f = desk.federation().await;
        let operator = Actor::system(Channel::Cli);
        let shown = format!("{:?}", draft(Some(SECRET), ""));
        assert!(!shown.contains(SECRET), "{shown}");
        let saved = desk
            .desk
            .save_provider(&operator, draft(Some(SECRET), ""))
            .await
            .unwrap();
        let post = mailbox();
        assert!(!format!("{post:?}").contains(SECRET));
        let post = desk.desk.save_mailbox(&operator, post).await.unwrap();
        let first = stored(&desk).await;
        assert_eq!(first.len(), 2);
        assert!(
            first.iter().all(|s| s.starts_with("sealed:1:")),
            "{first:?}"
        );
        assert!(first.iter().all(|s| !s.contains(SECRET)));
        assert_eq!(wrong(&desk.desk).await, None);
        assert_eq!(desk.desk.renew_secrets().await.unwrap(), 0);

        // As an older version stored them.
        let (id, person, post) = (saved.id, f.rita.id, post.mailbox.id);
        desk.desk
            .db()
            .write(move |c| {
                store::provider::set_secret(c, id, Some(SECRET))?;
                store::mailbox::set_secret(c, post, Some(SECRET))?;
                store::factor::offer_totp(c, person, b"12345678901234567890", 0)?;
                store::factor::confirm_totp(c, person, 0, 0).map(drop)
            })
            .await
            .unwrap();
        let told = wrong(&desk.desk).await.unwrap();
        assert!(told.starts_with("3 secrets lie plain"), "{told}");
        assert_eq!(desk.desk.renew_secrets().await.unwrap(), 3);
        assert_eq!(wrong(&desk.desk).await, None);
        let all = stored(&desk).await;
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|s| s.starts_with("sealed:1:")), "{all:?}");

        // Under a new key, with the old one behind it.
        let test = testkit::config().keys;
        let other = SecretKeys::parse(OTHER_KEY).unwrap();
        // Another secret to sign with is made when somebody says so and not by itself.
        let refused = restart(&desk, other.clone()).unwrap_err().to_string();
        assert!(
            refused.contains("what the desk signs with") && refused.contains("the key"),
            "{refused}"
        );
        let refused = change(&desk, other.clone(), 1).unwrap_err();
        assert!(matches!(&refused, Error::Invalid { field, .. } if field == "keep"));
        assert_eq!(change(&desk, other.clone(), 0).unwrap(), None);
        let lost = restarted(&desk, other);
        let told = wrong(&lost).await.unwrap();
        assert!(told.contains("the provider op"), "{told}");
        assert!(
            told.contains("the mailbox storage@lab.example")
                && told.contains("apps of 1 people")
                && !told.contains(SECRET),
            "{told}"
        );
        assert_eq!(lost.renew_secrets().await.unwrap(), 0, "they stay");
        let found = lost.test_provider(&operator, id).await.unwrap();
        assert!(!found[0].well && found[0].text.contains("is kept with the key"));
        let found = lost.test_mailbox(&operator, post).await.unwrap();
        assert!(!found[0].well && found[0].text.contains("is kept with the key"));
        let text = format!("{OTHER_KEY},{}", testkit::SECRET_KEY);
        let rotated = restarted(&desk, SecretKeys::parse(&text).unwrap());
        assert_eq!(rotated.renew_secrets().await.unwrap(), 3);
        assert_eq!(wrong(&lost).await, None, "the new key alone opens them now");
        assert!(restart(&desk, test).is_err());
    });
}

/// What the desk signs with, as an older version stored it, and as it stands now.
async fn signing(desk: &TestDesk) -> (String, String) {
    let settings = desk.desk.db().read(|c| {
        let current = store::setting::get(c, "secret")?.unwrap_or_default();
        let before = store::setting::get(c, "secret.before")?.unwrap_or_default();
        Ok::<_, store::Error>((current, before))
    });
    settings.await.unwrap()
}

#[test]
fn what_the_desk_signs_with_lies_sealed_and_what_it_signed_before_counts_for_a_time() {
    const DAY: i64 = 86_400_000;
    both(|desk| async move {
        let f = desk.federation().await;
        let rita = desk.desk.actor_for(f.rita.id, Channel::Web).await.unwrap();
        let request = desk::OpenRequest {
            subject: "Can not write".into(),
            description: "Since noon.".into(),
            ..desk::OpenRequest::default()
        };
        let number = desk.desk.open_ticket(&rita, request).await.unwrap().number;
        let keys = testkit::config().keys;
        assert!(signing(&desk).await.0.starts_with("sealed:1:"));
        // As an older version stored it.
        let plain = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
        let put = desk.desk.db().write(move |c| {
            store::setting::set(c, "secret", plain, 0)?;
            Ok::<_, store::Error>(())
        });
        put.await.unwrap();
        let old = restarted(&desk, keys.clone());
        let told = wrong(&old).await.unwrap();
        assert!(told.starts_with("1 secrets lie plain"), "{told}");
        assert_eq!(old.renew_secrets().await.unwrap(), 1);
        let sealed = signing(&desk).await.0;
        assert!(sealed.starts_with("sealed:1:") && !sealed.contains(plain));
        let word = old.follow_word(number, f.rita.id);
        let same = restarted(&desk, keys.clone());
        same.guest(&word).await.unwrap();

        // A new one: links from before count for the time that was said.
        let until = change(&desk, keys.clone(), 10 * DAY).unwrap().unwrap();
        assert_eq!(until, desk.desk.now() + 10 * DAY);
        let new = restarted(&desk, keys.clone());
        new.guest(&word).await.unwrap();
        let newer = new.follow_word(number, f.rita.id);
        assert_ne!(newer, word);
        assert!(old.guest(&newer).await.is_err(), "another secret signed it");
        assert!(!signing(&desk).await.1.contains(plain));
        assert_eq!(wrong(&new).await, None);
        // The key is changed beneath both.
        let text = format!("{OTHER_KEY},{}", testkit::SECRET_KEY);
        let rotated = restarted(&desk, SecretKeys::parse(&text).unwrap());
        assert_eq!(rotated.renew_secrets().await.unwrap(), 2);
        let other = SecretKeys::parse(OTHER_KEY).unwrap();
        let rotated = restarted(&desk, other.clone());
        rotated.guest(&word).await.unwrap();
        rotated.guest(&newer).await.unwrap();
        desk.clock.advance(11 * DAY);
        assert!(rotated.guest(&word).await.is_err(), "its time is over");
        rotated.guest(&newer).await.unwrap();

        // Somebody else has it: nothing of before counts.
        assert_eq!(change(&desk, other.clone(), 0).unwrap(), None);
        let safe = restarted(&desk, other);
        assert!(safe.guest(&newer).await.is_err());
        assert_eq!(signing(&desk).await.1, "[]");
        let changed = store::audit::Filter {
            action: Some("secret.changed".into()),
            ..store::audit::Filter::default()
        };
        let operator = Actor::system(Channel::Cli);
        let log = desk.desk.audit_log(&operator, changed, 10).await.unwrap();
        assert_eq!(log.len(), 2);
        assert!(desk.desk.check_audit().await.unwrap().problem.is_none());
    });
}

/// No provider gets the key that all others' secrets are sealed with.
#[test]
fn the_desks_own_key_is_no_providers_secret() {
    both(|desk| async move {
        let operator = Actor::system(Channel::Cli);
        for name in [
            "SWITCHBOARD_SECRET_KEY",
            "SWITCHBOARD_SECRET_KEY_FILE",
            "PATH",
        ] {
            let refused = desk
                .desk
                .save_provider(&operator, draft(None, name))
                .await
                .unwrap_err();
            let field = matches!(&refused, Error::Invalid { field, .. } if field == "secret_env");
            assert!(field, "{name}: {refused}");
        }
        desk.desk
            .save_provider(&operator, draft(None, "SWITCHBOARD_SECRET_EGI"))
            .await
            .unwrap();
    });
}
