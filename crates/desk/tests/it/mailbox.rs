//! Mailboxes that are read, on a real Dovecot: no mail is lost and none comes
//! twice, whatever breaks on the way.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use connect::imap::{Account, Login, Security, Session};
use desk::Error;
use desk::mailbox::{Draft, Overview};
use store::mailbox::{MailboxDoc, Way};
use switchboard_core::{Actor, Channel};
use testkit::{MailServers, Proxy, TestDesk, Wrong, both, mail_servers, on_sqlite};

fn admin() -> Actor {
    Actor::system(Channel::Cli)
}

/// A name that no other test and no other run has.
#[expect(
    clippy::disallowed_methods,
    reason = "the mail servers outlive a run: names differ by the real time"
)]
pub(crate) fn name(word: &str) -> String {
    format!(
        "{word}{}{}",
        std::process::id(),
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .subsec_nanos()
    )
}

pub(crate) fn draft(servers: &MailServers, name: &str) -> Draft {
    let (host, port) = servers.imaps.split_once(':').unwrap();
    Draft {
        id: None,
        expected: None,
        address: format!("{name}@example.org"),
        way: Way::Imap,
        doc: MailboxDoc {
            host: host.into(),
            port: port.parse().unwrap(),
            security: "tls".into(),
            authority: servers.authority.clone(),
            user: format!("{name}@example.org"),
            auth: "password".into(),
            take_old: true,
            ..MailboxDoc::default()
        },
        secret: Some(format!("secret-{name}")),
        unit: None,
        service: None,
        portal: None,
        active: true,
    }
}

/// The same by a proxy, without TLS, so that it can break the dialogue.
fn by_proxy(servers: &MailServers, name: &str, proxy: &Proxy) -> Draft {
    let mut draft = draft(servers, name);
    draft.doc.host = "127.0.0.1".into();
    draft.doc.port = proxy.port;
    draft.doc.security = "none".into();
    draft.doc.authority = String::new();
    draft
}

/// Puts mails straight into the mailbox by the server's LMTP.
fn deliver(servers: &MailServers, name: &str, words: &str) {
    let to = format!("{name}@example.org");
    let raw = format!(
        "From: Rita <rita@people.example>\nTo: {to}\nSubject: {words}\n\
         Date: Mon, 21 Sep 2026 10:00:00 +0000\nMessage-ID: <{words}.{name}@people.example>\n\n\
         This is {words}.\n"
    );
    let before = servers.mails(name).len();
    servers.send("rita@people.example", &[&to], &raw).unwrap();
    servers.wait_for_mails(name, before + 1);
}

async fn counted(test: &TestDesk) -> i64 {
    let counts = test.desk.mail_counts().await.unwrap();
    assert!(
        counts.iter().all(|(state, _)| state == "entry"),
        "{counts:?}"
    );
    counts.iter().map(|(_, n)| n).sum()
}

pub(crate) async fn made(test: &TestDesk, draft: Draft) -> Overview {
    test.desk.save_mailbox(&admin(), draft).await.unwrap()
}

pub(crate) async fn read(test: &TestDesk, one: &Overview) -> Result<u64, Error> {
    test.desk.read_mailbox_once(one.mailbox.id).await
}

fn files(servers: &MailServers, path: &str) -> Vec<String> {
    let folder = servers.folder.join("vmail").join(path);
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|f| f.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn a_mailbox_is_read_and_the_server_is_told() {
    let Some(servers) = mail_servers() else {
        return;
    };
    both(|test| {
        let servers = servers.clone();
        async move {
            let federation = test.federation().await;
            let name = name("reads");
            let mut draft = draft(&servers, &name);
            draft.unit = Some("storage".into());
            let one = made(&test, draft).await;
            for words in ["first", "second"] {
                deliver(&servers, &name, words);
            }
            assert_eq!(read(&test, &one).await.unwrap(), 2);
            assert_eq!(read(&test, &one).await.unwrap(), 0);
            assert_eq!(counted(&test).await, 2);
            let seen = files(&servers, &format!("{name}/Maildir/cur"));
            assert_eq!(seen.len(), 2, "{seen:?}");
            assert!(seen.iter().all(|f| f.ends_with('S')), "{seen:?}");
            let sam = test
                .desk
                .actor_for(federation.sam.id, Channel::Web)
                .await
                .unwrap();
            let ticket = test
                .desk
                .ticket(&sam, switchboard_core::TicketNumber(1))
                .await
                .unwrap();
            assert_eq!(ticket.unit.id, federation.storage);
            let state = test.desk.mailbox(&admin(), one.mailbox.id).await.unwrap();
            assert_eq!(state.state.unwrap().taken, 2);
        }
    });
}

#[test]
fn whatever_breaks_no_mail_is_lost_and_none_comes_twice() {
    let Some(servers) = mail_servers() else {
        return;
    };
    on_sqlite(|test| async move {
        let proxy = Proxy::before(&servers.imap).await;
        let name = name("breaks");
        let one = made(&test, by_proxy(&servers, &name, &proxy)).await;
        let mut mails = 0;
        let cut = |word: &str| [Wrong::Unheard(word.into()), Wrong::Unanswered(word.into())];
        let mut steps: Vec<Wrong> = Vec::new();
        for word in [
            "LOGIN",
            "CAPABILITY",
            "SELECT",
            "UID SEARCH",
            "RFC822.SIZE",
            "BODY.PEEK",
            "UID STORE",
            "LOGOUT",
        ] {
            steps.extend(cut(word));
        }
        for bytes in [1, 40, 150, 400] {
            steps.push(Wrong::Torn("BODY.PEEK".into(), bytes));
        }
        let no = |word: &str, answer: &str| {
            Wrong::Answered(word.into(), format!("{{tag}} {answer}\r\n"))
        };
        steps.extend([
            no("LOGIN", "NO [UNAVAILABLE] come again"),
            no("SELECT", "NO [INUSE] come again"),
            no("BODY.PEEK", "NO [SERVERBUG] come again"),
            no("UID STORE", "NO [OVERQUOTA] no room for a flag"),
            no("UID STORE", "BAD what"),
            Wrong::Answered("BODY.PEEK".into(), "* nonsense (((\r\n".into()),
            Wrong::Slow("BODY.PEEK".into(), Duration::from_millis(300)),
        ]);
        for wrong in steps {
            mails += 1;
            deliver(&servers, &name, &format!("mail{mails}"));
            let struck = proxy.struck();
            proxy.next(wrong.clone());
            let first = read(&test, &one).await;
            assert_eq!(proxy.struck(), struck + 1, "{wrong:?} did not happen");
            let harmless = matches!(&wrong, Wrong::Slow(..))
                || wrong.eq(&Wrong::Unheard("LOGOUT".into()))
                || wrong.eq(&Wrong::Unanswered("LOGOUT".into()));
            assert_eq!(first.is_ok(), harmless, "{wrong:?}: {first:?}");
            read(&test, &one).await.unwrap();
            assert_eq!(counted(&test).await, mails, "after {wrong:?}");
            // And the server knows it.
            let unseen = files(&servers, &format!("{name}/Maildir/cur"));
            assert!(
                unseen.iter().all(|f| f.ends_with('S')),
                "{wrong:?}: {unseen:?}"
            );
        }
    });
}

/// A server whose token or password somebody else keeps fresh, on this machine: gives
/// these one after the other, the last again and again.
pub(crate) async fn token_giver(tokens: Vec<String>) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut tokens = tokens.into_iter().peekable();
        while let Ok((mut stream, _)) = listener.accept().await {
            let (mut request, mut some) = (Vec::new(), [0; 4096]);
            // The form ends with its last field, which has no end of its own.
            while !String::from_utf8_lossy(&request).contains("grant_type=") {
                match stream.read(&mut some).await {
                    Ok(n) if n > 0 => request.extend_from_slice(&some[..n]),
                    _ => break,
                }
            }
            let token = match tokens.next() {
                Some(token) if tokens.peek().is_some() => token,
                Some(last) => {
                    tokens = vec![last.clone(), last.clone()].into_iter().peekable();
                    last
                }
                None => break,
            };
            let body = format!("{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\"}}");
            let answer = testkit::answered(
                "200 OK",
                "Content-Type: application/json\r\n",
                body.as_bytes(),
            );
            let _ = stream.write_all(&answer).await;
        }
    });
    url
}

/// A token as Dovecot's sign-in service would give it, good until then.
pub(crate) fn token(servers: &MailServers, address: &str, until: i64) -> String {
    use base64::Engine as _;
    let url_safe = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let head = url_safe(br#"{"alg":"RS256","typ":"JWT","kid":"k1"}"#);
    let body = url_safe(
        format!(
            "{{\"iss\":\"https://issuer.example.org\",\"sub\":\"{address}\",\
             \"email\":\"{address}\",\"iat\":1700000000,\"exp\":{until}}}"
        )
        .as_bytes(),
    );
    let claims = format!("{head}.{body}");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &claims).unwrap();
    let signed = Command::new("openssl")
        .args(["dgst", "-sha256", "-binary", "-sign"])
        .arg(servers.folder.join("token.key"))
        .arg(file.path())
        .output()
        .unwrap();
    assert!(signed.status.success(), "{signed:?}");
    format!("{claims}.{}", url_safe(&signed.stdout))
}

#[test]
fn a_token_that_ran_out_is_fetched_anew_and_no_mail_is_lost_meanwhile() {
    let Some(servers) = mail_servers() else {
        return;
    };
    on_sqlite(|test| async move {
        let proxy = Proxy::before(&servers.imap).await;
        let name = name("token");
        let address = format!("{name}@example.org");
        let stale = token(&servers, &address, 1_700_003_600);
        // Until 2100; the servers' clock is the machine's.
        let good = token(&servers, &address, 4_102_444_800);
        let url = token_giver(vec![stale, good.clone(), good]).await;
        let mut draft = by_proxy(&servers, &name, &proxy);
        draft.doc.auth = "xoauth2".into();
        draft.doc.token_url = url;
        draft.doc.client_id = "desk".into();
        let one = made(&test, draft).await;
        deliver(&servers, &name, "first");
        let error = read(&test, &one).await.unwrap_err().to_string();
        assert!(error.contains("does not let"), "{error}");
        assert_eq!(read(&test, &one).await.unwrap(), 1);
        // It runs out between reading a mail and marking it: the server ends it.
        deliver(&servers, &name, "second");
        proxy.next(Wrong::Answered(
            "UID STORE".into(),
            "* BYE [EXPIRED] your token has expired\r\n".into(),
        ));
        assert!(read(&test, &one).await.is_err());
        read(&test, &one).await.unwrap();
        assert_eq!(counted(&test).await, 2);
    });
}

#[test]
fn a_move_that_breaks_leaves_no_mail_behind_and_none_comes_twice() {
    let Some(servers) = mail_servers() else {
        return;
    };
    on_sqlite(|test| async move {
        let proxy = Proxy::before(&servers.imap).await;
        let name = name("moving");
        let mut draft = by_proxy(&servers, &name, &proxy);
        draft.doc.done_folder = "Done".into();
        let one = made(&test, draft).await;
        let answered =
            |answer: &str| Wrong::Answered("UID MOVE".into(), format!("{{tag}} {answer}\r\n"));
        let steps = [
            Wrong::Unheard("UID MOVE".into()),
            Wrong::Unanswered("UID MOVE".into()),
            Wrong::Torn("UID MOVE".into(), 7),
            answered("NO [OVERQUOTA] Quota exceeded (mailbox for user is full)"),
            answered("NO [TRYCREATE] no such folder"),
            answered("BAD what"),
        ];
        for (n, wrong) in (1..).zip(steps) {
            deliver(&servers, &name, &format!("mail{n}"));
            let struck = proxy.struck();
            proxy.next(wrong.clone());
            let first = read(&test, &one).await;
            assert_eq!(proxy.struck(), struck + 1, "{wrong:?} did not happen");
            assert!(first.is_err(), "{wrong:?}");
            read(&test, &one).await.unwrap();
            assert_eq!(counted(&test).await, n, "after {wrong:?}");
            assert_eq!(
                servers.mails(&name),
                Vec::<String>::new(),
                "after {wrong:?}"
            );
            let moved = files(&servers, &format!("{name}/Maildir/.Done/cur")).len()
                + files(&servers, &format!("{name}/Maildir/.Done/new")).len();
            assert_eq!(moved as i64, n, "after {wrong:?}");
        }
    });
}

#[test]
fn a_starttls_that_breaks_or_is_answered_by_somebody_else_gives_nothing_away() {
    let Some(servers) = mail_servers() else {
        return;
    };
    on_sqlite(|test| async move {
        let proxy = Proxy::before(&servers.imap).await;
        let name = name("starttls");
        let mut draft = by_proxy(&servers, &name, &proxy);
        draft.doc.security = "starttls".into();
        draft.doc.authority = servers.authority.clone();
        let one = made(&test, draft).await;
        let answered = |answer: &str| Wrong::Answered("STARTTLS".into(), answer.into());
        let steps = [
            Wrong::Unheard("STARTTLS".into()),
            Wrong::Unanswered("STARTTLS".into()),
            Wrong::Torn("STARTTLS".into(), 5),
            // In the middle of the handshake.
            Wrong::Torn("STARTTLS".into(), 400),
            answered("{tag} NO not now\r\n"),
            answered("{tag} BAD what\r\n"),
            // Somebody on the way wants it without TLS, or lets the client in by itself.
            answered("{tag} OK\r\n* PREAUTH welcome\r\n"),
            answered("* CAPABILITY IMAP4rev1\r\n{tag} OK\r\n"),
        ];
        for (n, wrong) in (1..).zip(steps) {
            deliver(&servers, &name, &format!("mail{n}"));
            let struck = proxy.struck();
            proxy.next(wrong.clone());
            let first = read(&test, &one).await;
            assert_eq!(proxy.struck(), struck + 1, "{wrong:?} did not happen");
            assert!(first.is_err(), "{wrong:?}");
            assert_eq!(read(&test, &one).await.unwrap(), 1, "after {wrong:?}");
            assert_eq!(counted(&test).await, n, "after {wrong:?}");
        }
        let said = String::from_utf8_lossy(&proxy.heard()).into_owned();
        assert!(
            !said.contains(&format!("secret-{name}")),
            "the password was said in clear"
        );
    });
}

/// The end of an IDLE, where a line that died without a word is noticed. It takes the
/// minute for which an answer is waited.
/// How a server says that it will not idle for so many.
const TOO_MANY: &str = "{tag} NO [LIMIT] too many wait\r\n";

/// An open connection to a mailbox by a proxy.
async fn connected(servers: &MailServers, name: &str) -> (Proxy, Session) {
    let proxy = Proxy::before(&servers.imap).await;
    let account = Account {
        host: "127.0.0.1".into(),
        port: proxy.port,
        security: Security::None,
        authority: None,
        user: format!("{name}@example.org"),
        login: Login::Password(format!("secret-{name}")),
    };
    let guard = connect::Guard::new(connect::Reach::parse("127.0.0.1").unwrap());
    let mut session = Session::open(&guard, &account).await.unwrap();
    session.select("INBOX").await.unwrap();
    (proxy, session)
}

#[test]
fn a_server_that_will_not_idle_is_looked_into_at_once_and_then_asked_again_and_again() {
    let Some(servers) = mail_servers() else {
        return;
    };
    testkit::runtime().block_on(async move {
        for answer in [
            TOO_MANY,
            "{tag} BAD not now\r\n",
            "{tag} OK as you like\r\n",
        ] {
            let (proxy, mut session) = connected(&servers, &name("refused")).await;
            // It idles, and then it would not any more.
            session.wait(Duration::from_millis(300)).await.unwrap();
            proxy.next(Wrong::Answered("IDLE".into(), answer.into()));
            let begin = Instant::now();
            session.wait(Duration::from_secs(600)).await.unwrap();
            assert!(begin.elapsed() < Duration::from_secs(5), "{answer:?}");
            assert_eq!(proxy.struck(), 1, "{answer:?} did not happen");
            let heard = |word: &str| {
                let heard = proxy.heard();
                String::from_utf8_lossy(&heard).matches(word).count()
            };
            let idles = heard("IDLE");
            session.wait(Duration::from_millis(300)).await.unwrap();
            session.wait(Duration::from_millis(300)).await.unwrap();
            assert_eq!((heard("NOOP"), heard("IDLE")), (2, idles), "{answer:?}");
            assert_eq!(session.select("INBOX").await.unwrap().mails, 0);
        }
    });
}

#[test]
#[ignore = "takes a minute: cargo test -p desk --test it mailbox -- --ignored"]
fn a_line_that_died_without_a_word_is_noticed_at_the_end_of_idle() {
    let Some(servers) = mail_servers() else {
        return;
    };
    on_sqlite(|_| async move {
        let (proxy, mut session) = connected(&servers, &name("mute")).await;
        // A line that lives is handed back.
        session.wait(Duration::from_millis(300)).await.unwrap();
        session.select("INBOX").await.unwrap();
        proxy.next(Wrong::Mute("IDLE".into()));
        let begin = Instant::now();
        assert!(session.wait(Duration::from_millis(300)).await.is_err());
        assert!(
            begin.elapsed() < Duration::from_secs(90),
            "{:?}",
            begin.elapsed()
        );
    });
}

#[test]
fn when_the_numbers_begin_anew_nothing_is_lost_and_nothing_comes_twice() {
    let Some(servers) = mail_servers() else {
        return;
    };
    on_sqlite(|test| async move {
        let name = name("anew");
        let one = made(&test, draft(&servers, &name)).await;
        deliver(&servers, &name, "before");
        assert_eq!(read(&test, &one).await.unwrap(), 1);
        let tool = Command::new("doveadm")
            .arg("-c")
            .arg(servers.folder.join("dovecot.conf"))
            .args(["mailbox", "update", "-u"])
            .arg(format!("{name}@example.org"))
            .args([
                "--uid-validity",
                "1999999999",
                "--min-next-uid",
                "7",
                "INBOX",
            ])
            .status()
            .unwrap();
        assert!(tool.success());
        deliver(&servers, &name, "after");
        assert_eq!(read(&test, &one).await.unwrap(), 1);
        assert_eq!(counted(&test).await, 2);
        let state = test.desk.mailbox(&admin(), one.mailbox.id).await.unwrap();
        assert_eq!(state.state.unwrap().uid_validity, Some(1_999_999_999));
    });
}

#[test]
fn mails_are_moved_where_that_is_wanted_and_old_ones_left_alone() {
    let Some(servers) = mail_servers() else {
        return;
    };
    on_sqlite(|test| async move {
        let name = name("moves");
        deliver(&servers, &name, "old");
        let mut wanted = draft(&servers, &name);
        wanted.doc.done_folder = "Done".into();
        wanted.doc.take_old = false;
        let one = made(&test, wanted).await;
        assert_eq!(read(&test, &one).await.unwrap(), 0);
        deliver(&servers, &name, "new");
        assert_eq!(read(&test, &one).await.unwrap(), 1);
        assert_eq!(read(&test, &one).await.unwrap(), 0);
        assert_eq!(counted(&test).await, 1);
        let left = servers.mails(&name);
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(left[0].contains("Subject: old"));
        let moved = files(&servers, &format!("{name}/Maildir/.Done/cur")).len()
            + files(&servers, &format!("{name}/Maildir/.Done/new")).len();
        assert_eq!(moved, 1);
    });
}

#[test]
fn a_copy_by_another_channel_is_the_same_mail_and_another_body_is_kept_and_flagged() {
    let Some(servers) = mail_servers() else {
        return;
    };
    on_sqlite(|test| async move {
        let name = name("copies");
        let one = made(&test, draft(&servers, &name)).await;
        deliver(&servers, &name, "copy");
        // As it lies on the server, and as a pipe would bring it.
        let piped = servers.mails(&name)[0].replace("\r\n", "\n");
        let taken = test
            .desk
            .take_mail(piped.clone().into_bytes(), "file", None)
            .await
            .unwrap();
        assert!(!taken.repeated);
        assert_eq!(read(&test, &one).await.unwrap(), 0);
        assert_eq!(counted(&test).await, 1);
        let other = piped.replace("This is copy.", "This is another text.");
        let taken = test
            .desk
            .take_mail(other.into_bytes(), "file", None)
            .await
            .unwrap();
        assert!(!taken.repeated);
        assert_eq!(counted(&test).await, 2);
        let notes = test
            .desk
            .mail_notes(&admin(), switchboard_core::TicketNumber(2))
            .await
            .unwrap();
        assert!(
            notes[0].flagged.as_deref().unwrap().contains("Message-ID"),
            "{notes:?}"
        );
    });
}

#[test]
fn a_test_of_the_connection_says_exactly_what_is_wrong() {
    let Some(servers) = mail_servers() else {
        return;
    };
    on_sqlite(|test| async move {
        let name = name("wrong");
        let said = async |draft: Draft| {
            let one = made(&test, draft).await;
            let found = test
                .desk
                .test_mailbox(&admin(), one.mailbox.id)
                .await
                .unwrap();
            test.desk
                .delete_mailbox(&admin(), one.mailbox.id)
                .await
                .unwrap();
            let wrong: Vec<_> = found
                .iter()
                .filter(|f| !f.well)
                .map(|f| f.text.clone())
                .collect();
            wrong.join("; ")
        };
        let good = || draft(&servers, &name);
        assert_eq!(said(good()).await, "");
        let mut starttls = good();
        starttls.doc.security = "starttls".into();
        starttls.doc.port = servers.imap.split_once(':').unwrap().1.parse().unwrap();
        assert_eq!(said(starttls).await, "");
        let mut token = good();
        token.doc.auth = "xoauth2".into();
        token.doc.user = "oauth@example.org".into();
        token.secret = Some(servers.token.clone());
        assert_eq!(said(token.clone()).await, "");
        token.secret = Some("stale.stale.stale".into());
        let found = said(token).await;
        assert!(
            found.contains("does not let oauth@example.org in"),
            "{found}"
        );
        let mut password = good();
        password.secret = Some("not it".into());
        let found = said(password).await;
        assert!(
            found.contains("does not let") && found.contains("Authentication failed"),
            "{found}"
        );
        let mut unknown = good();
        unknown.doc.authority = String::new();
        let found = said(unknown).await;
        assert!(
            found.starts_with("TLS with 127.0.0.1 failed") && found.contains("UnknownIssuer"),
            "{found}"
        );
        let mut folder = good();
        folder.doc.folder = "Nowhere".into();
        let found = said(folder).await;
        assert!(found.contains("opening the folder \"Nowhere\""), "{found}");
        let mut nobody = good();
        nobody.doc.port = 9;
        let found = said(nobody).await;
        assert!(found.contains("127.0.0.1:9 can not be reached"), "{found}");
        let mut variable = good();
        variable.doc.secret_env = "SWITCHBOARD_SECRET_NOT_SET".into();
        let found = said(variable).await;
        assert!(found.contains("SWITCHBOARD_SECRET_NOT_SET"), "{found}");
    });
}

/// Until so many mails are entries.
async fn wait_for(test: &TestDesk, mails: i64, at_most: Duration) {
    let begin = Instant::now();
    // One that is stored and not yet decided about is no entry yet.
    let entry = ("entry".to_owned(), mails);
    while test.desk.mail_counts().await.unwrap() != [entry.clone()] {
        assert!(begin.elapsed() < at_most, "mail {mails} did not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn new_mail_comes_at_once_and_again_after_a_cut() {
    let Some(servers) = mail_servers() else {
        return;
    };
    on_sqlite(|test: Arc<TestDesk>| async move {
        let proxy = Proxy::before(&servers.imap).await;
        let name = name("waits");
        let one = made(&test, by_proxy(&servers, &name, &proxy)).await;
        let reader = test.desk.clone();
        let reading = tokio::spawn(async move { reader.read_mailboxes().await });
        let wait = async |mails: i64| wait_for(&test, mails, Duration::from_secs(20)).await;
        deliver(&servers, &name, "one");
        wait(1).await;
        // It idles now; the next mail comes by that.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let begin = Instant::now();
        deliver(&servers, &name, "two");
        wait(2).await;
        assert!(
            begin.elapsed() < Duration::from_secs(10),
            "{:?}",
            begin.elapsed()
        );
        proxy.next(Wrong::Unanswered("UID STORE".into()));
        deliver(&servers, &name, "three");
        wait(3).await;
        deliver(&servers, &name, "four");
        wait(4).await;
        // Wherever the waiting itself breaks.
        let steps = [
            Wrong::Unheard("IDLE".into()),
            Wrong::Unanswered("IDLE".into()),
            Wrong::Torn("IDLE".into(), 4),
            Wrong::Unheard("DONE".into()),
            Wrong::Unanswered("DONE".into()),
        ];
        let mut all = 4;
        for wrong in steps {
            let (struck, mails) = (proxy.struck(), all + 1);
            proxy.next(wrong.clone());
            // The first wakes it, so that it comes to where it breaks.
            deliver(&servers, &name, &format!("mail{mails}"));
            wait(mails).await;
            all += 2;
            deliver(&servers, &name, &format!("mail{all}"));
            wait(all).await;
            assert_eq!(proxy.struck(), struck + 1, "{wrong:?} did not happen");
        }
        // A server that will not idle is asked in another way: what comes is there soon.
        let struck = proxy.struck();
        proxy.next(Wrong::Answered("IDLE".into(), TOO_MANY.into()));
        for words in ["wakes it", "is asked for"] {
            deliver(&servers, &name, words);
            all += 1;
            wait_for(&test, all, Duration::from_secs(40)).await;
        }
        assert_eq!(proxy.struck(), struck + 1, "IDLE was not refused");
        // How far the reading came is noted after the entry is made.
        let begin = Instant::now();
        loop {
            let state = test.desk.mailbox(&admin(), one.mailbox.id).await.unwrap();
            let state = state.state.unwrap();
            if (state.taken, &state.error) == (all, &None) {
                break;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "{state:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        reading.abort();
    });
}

#[test]
fn a_form_that_is_wrong_is_refused_by_field() {
    both(|test| async move {
        let good = || Draft {
            id: None,
            expected: None,
            address: "helpdesk@example.org".into(),
            way: Way::Imap,
            doc: MailboxDoc {
                host: "imap.example.org".into(),
                security: "tls".into(),
                user: "helpdesk".into(),
                auth: "password".into(),
                ..MailboxDoc::default()
            },
            secret: Some("hunter2".into()),
            unit: None,
            service: None,
            portal: None,
            active: false,
        };
        let refused = async |draft: Draft| match test.desk.save_mailbox(&admin(), draft).await {
            Err(Error::Invalid { field, .. }) => field.to_string(),
            other => panic!("{other:?}"),
        };
        let change = |change: fn(&mut Draft)| {
            let mut draft = good();
            change(&mut draft);
            draft
        };
        for (wrong, field) in [
            (change(|d| d.address = "helpdesk".into()), "address"),
            (change(|d| d.address = "a+b@example.org".into()), "address"),
            (change(|d| d.doc.host = "https://imap".into()), "host"),
            (change(|d| d.doc.security = "none".into()), "security"),
            (change(|d| d.doc.security = "ssl".into()), "security"),
            // Not allowed by the operator: TLS has nothing to do with it.
            (change(|d| d.doc.host = "10.1.2.3".into()), "host"),
            (
                change(|d| {
                    d.doc.host = "[::1]".into();
                    d.doc.security = "none".into();
                }),
                "host",
            ),
            (change(|d| d.portal = Some("nowhere".into())), "portal"),
            (change(|d| d.doc.authority = "x".into()), "authority"),
            (change(|d| d.doc.user = String::new()), "user"),
            (change(|d| d.doc.secret_env = "HOME".into()), "secret_env"),
            (
                change(|d| d.doc.done_folder = "INBOX".into()),
                "done_folder",
            ),
            (change(|d| d.unit = Some("nowhere".into())), "unit"),
        ] {
            assert_eq!(refused(wrong).await, field);
        }
        let one = made(&test, good()).await;
        assert_eq!((one.mailbox.doc.port, one.mailbox.has_secret), (993, true));
        assert_eq!(refused(good()).await, "address");
        // A secret does not follow to another server.
        let mut moved = good();
        moved.id = Some(one.mailbox.id);
        moved.doc.host = "imap.evil.example".into();
        moved.secret = None;
        assert!(!made(&test, moved).await.mailbox.has_secret);
        let nobody = Actor {
            person: Some(switchboard_core::PersonId(uuid_of(7))),
            ..admin()
        };
        assert!(matches!(
            test.desk.mailboxes(&nobody).await,
            Err(Error::Forbidden(_))
        ));
    });
}

fn uuid_of(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}
