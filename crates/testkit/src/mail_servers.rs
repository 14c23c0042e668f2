//! Real mail servers for tests, which `tests/mail.sh` starts; its head says
//! which address leads where.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Names the SMTP server; the others are named beside it.
const SERVER: &str = "SWITCHBOARD_TEST_SMTP";

/// A Postfix and a Dovecot. `NAME@example.org` and `NAME@example.net` are
/// mailboxes for every NAME (a test takes names that no other test has), with
/// the password `secret-NAME`.
#[derive(Debug, Clone)]
pub struct MailServers {
    /// `host:port` of SMTP; offers STARTTLS, relays for this machine.
    pub smtp: String,
    /// `host:port` of the submission, which wants STARTTLS and a password.
    pub submission: String,
    /// `host:port` of the submission inside TLS.
    pub smtps: String,
    /// `host:port` of IMAP; offers STARTTLS.
    pub imap: String,
    /// `host:port` of IMAP inside TLS.
    pub imaps: String,
    /// `host:port` of LMTP into the mailboxes.
    pub lmtp: String,
    /// Who vouches for their certificates, in PEM.
    pub authority: String,
    /// An XOAUTH2 token for `oauth@example.org`.
    pub token: String,
    /// Where Postfix writes what it does.
    pub log: PathBuf,
    /// The folder with `postfix/`, `dovecot.conf` and `vmail/`.
    pub folder: PathBuf,
}

/// The servers; `None` when none were started.
///
/// # Panics
/// When there are none and `REQUIRE_ALL` is set.
pub fn mail_servers() -> Option<MailServers> {
    let smtp = crate::peer::peer(SERVER)?;
    let named = |name: &str| std::env::var(format!("SWITCHBOARD_TEST_{name}")).unwrap();
    Some(MailServers {
        smtp,
        submission: named("SUBMISSION"),
        smtps: named("SMTPS"),
        imap: named("IMAP"),
        imaps: named("IMAPS"),
        lmtp: named("LMTP"),
        authority: std::fs::read_to_string(named("MAIL_CA")).unwrap(),
        token: named("IMAP_TOKEN"),
        log: named("MAIL_LOG").into(),
        folder: named("MAIL_MANAGE").into(),
    })
}

impl MailServers {
    /// The mails in the inbox of `name`, as they lie on the server's disk,
    /// oldest first.
    pub fn mails(&self, name: &str) -> Vec<String> {
        let mut files: Vec<(String, String)> = Vec::new();
        for sub in ["new", "cur"] {
            let folder = self.folder.join(format!("vmail/{name}/Maildir/{sub}"));
            for file in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                // A mail may move from new to cur meanwhile.
                let Ok(bytes) = std::fs::read(file.path()) else {
                    return self.mails(name);
                };
                let key = file.file_name().to_string_lossy().into_owned();
                files.push((key, String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
        files.sort();
        files.into_iter().map(|(_, text)| text).collect()
    }

    /// Waits until the inbox of `name` has `count` mails or more.
    ///
    /// # Panics
    /// When it has fewer after 20 seconds.
    pub fn wait_for_mails(&self, name: &str, count: usize) -> Vec<String> {
        let begin = Instant::now();
        loop {
            let mails = self.mails(name);
            if mails.len() >= count {
                return mails;
            }
            assert!(
                begin.elapsed() < Duration::from_secs(20),
                "{name} has {} mails, not {count}",
                mails.len()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Hands a mail to Postfix; lines may end in LF.
    ///
    /// # Errors
    /// The answer that was no success.
    ///
    /// # Panics
    /// When the server can not be reached.
    pub fn send(&self, from: &str, to: &[&str], raw: &str) -> Result<(), String> {
        let mut stream = TcpStream::connect(&self.smtp).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let mut answers = BufReader::new(stream.try_clone().unwrap());
        let mut say = |line: Option<String>| -> Result<(), String> {
            if let Some(line) = line {
                stream.write_all(format!("{line}\r\n").as_bytes()).unwrap();
            }
            let mut answer = String::new();
            loop {
                let mut line = String::new();
                if answers.read_line(&mut line).unwrap() == 0 {
                    return Err("the connection ended".into());
                }
                let more = line.as_bytes().get(3) == Some(&b'-');
                answer.push_str(&line);
                if !more {
                    break;
                }
            }
            if answer.starts_with(['2', '3']) {
                Ok(())
            } else {
                Err(answer)
            }
        };
        say(None)?;
        say(Some("EHLO tests.example".into()))?;
        say(Some(format!("MAIL FROM:<{from}>")))?;
        for to in to {
            say(Some(format!("RCPT TO:<{to}>")))?;
        }
        say(Some("DATA".into()))?;
        let mut body = String::new();
        for line in raw.lines() {
            if line.starts_with('.') {
                body.push('.');
            }
            body.push_str(line);
            body.push_str("\r\n");
        }
        say(Some(format!("{body}.")))?;
        say(Some("QUIT".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postfix_and_dovecot_carry_a_mail() {
        let Some(servers) = mail_servers() else {
            return;
        };
        let name = format!("carry{}", std::process::id());
        let to = format!("{name}+tag@example.org");
        servers
            .send(
                "a@example.net",
                &[&to],
                "Subject: carried\n\n.a dot\nthe end",
            )
            .unwrap();
        let mails = servers.wait_for_mails(&name, 1);
        assert!(mails[0].contains("Subject: carried"), "{mails:?}");
        assert!(mails[0].contains("\n.a dot\n"), "{mails:?}");
        let refused = servers.send("a@example.net", &["a@reject.example"], "x");
        assert!(refused.unwrap_err().starts_with("550"), "not refused");
    }
}
