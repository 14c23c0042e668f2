//! The story of a redirected ticket with the built binary, a real Postfix, a
//! real Dovecot and a real Mailman: from the web to the list, by its members
//! back to the requester, and to rest; then what makes others go round.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mail::{Incoming, Limits};
use serde_json::{Value, json};
use testkit::{MailServers, Mailman, mail_servers, mailman};

use crate::kill_server::{Client, Installation, Serving};

/// A desk with a service whose requests go to a list with two members.
struct World {
    servers: MailServers,
    mailman: Mailman,
    installation: Installation,
    client: Client,
    /// What no other test has in its addresses.
    mark: String,
    /// The list's address.
    list: String,
    /// Mails of the desk's mailbox that it has taken.
    taken: usize,
    _serving: Serving,
    _folder: tempfile::TempDir,
}

/// The mails in a mailbox of Dovecot, read by IMAP.
fn inbox(servers: &MailServers, name: &str) -> Vec<Vec<u8>> {
    let mut stream = TcpStream::connect(&servers.imap).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    answers.read_line(&mut line).unwrap();
    let mut mails = Vec::new();
    for command in [
        format!("a LOGIN {name}@example.org secret-{name}"),
        "b EXAMINE INBOX".into(),
        "c UID FETCH 1:* (BODY.PEEK[])".into(),
        "d LOGOUT".into(),
    ] {
        stream
            .write_all(format!("{command}\r\n").as_bytes())
            .unwrap();
        loop {
            line.clear();
            if answers.read_line(&mut line).unwrap() == 0 || line.starts_with(&command[..2]) {
                break;
            }
            let literal = line
                .trim_end()
                .strip_suffix('}')
                .and_then(|rest| rest.rsplit('{').next())
                .and_then(|n| n.parse::<usize>().ok());
            if let Some(length) = literal {
                let mut mail = vec![0; length];
                answers.read_exact(&mut mail).unwrap();
                mails.push(mail);
            }
        }
    }
    mails
}

fn read(raw: &[u8]) -> Incoming {
    mail::parse(raw, &Limits::default()).unwrap()
}

impl World {
    fn new(story: &str) -> Option<World> {
        let (servers, mailman) = (mail_servers()?, mailman()?);
        let folder = tempfile::tempdir().unwrap();
        let mark = format!("{story}{}", std::process::id());
        let url = format!("sqlite:{}", folder.path().join("desk.db").display());
        let installation = Installation::new(&url, folder.path());
        let (host, port) = servers.smtp.split_once(':').unwrap();
        let address = format!("desk{mark}@example.org");
        let mut command = installation.command(&["serve"]);
        command
            .env("SWITCHBOARD_MAIL_ADDRESS", &address)
            .env("SWITCHBOARD_SMTP_HOST", host)
            .env("SWITCHBOARD_SMTP_PORT", port)
            .env("SWITCHBOARD_SMTP_SECURITY", "none")
            .env_remove("SWITCHBOARD_MAIL_FOLDER");
        let (serving, _) = installation.serve_by(command);
        let token = installation.token();
        let mut client = Client::new(&installation, &token);
        let members = ["jane", "john"].map(|n| format!("{n}{mark}@example.org"));
        let list = mailman.list(&format!("help{mark}"), &[&members[0], &members[1]]);
        mailman.set(&list, &[("default_nonmember_action", "accept")]);
        let unit = client.post(
            "/api/v1/units",
            &[],
            &json!({"name": "Archive people", "level": 2, "description": "Stand for a list.",
                "category": "Data"}),
        );
        let unit = unit.unwrap();
        assert_eq!(unit.status, 201, "{}", String::from_utf8_lossy(&unit.body));
        let service = client.post(
            "/api/v1/services",
            &[],
            &json!({"name": "Archive", "area": "Data", "description": "Tapes.",
                "unit": "Archive people", "option": "redirection", "list": list}),
        );
        let service = service.unwrap();
        assert_eq!(
            service.status,
            201,
            "{}",
            String::from_utf8_lossy(&service.body)
        );
        Some(World {
            servers,
            mailman,
            installation,
            client,
            mark,
            list,
            taken: 0,
            _serving: serving,
            _folder: folder,
        })
    }

    /// Somebody's mailbox, whole.
    fn mails(&self, who: &str) -> Vec<Incoming> {
        inbox(&self.servers, &format!("{who}{}", self.mark))
            .iter()
            .map(|raw| read(raw))
            .collect()
    }

    /// Takes what the desk's mailbox has got, then looks whether it is so;
    /// until it is.
    fn until<T>(&mut self, what: &str, mut is: impl FnMut(&mut World) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            self.pump();
            if let Some(found) = is(self) {
                return found;
            }
            assert!(begun.elapsed() < Duration::from_secs(40), "never: {what}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The desk takes the new mails of its mailbox.
    fn pump(&mut self) {
        let mails = inbox(&self.servers, &format!("desk{}", self.mark));
        let new: Vec<Vec<u8>> = mails.into_iter().skip(self.taken).collect();
        self.taken += new.len();
        for raw in new {
            let mut command = self.installation.command(&["mail-in"]);
            let mut child = command
                .env(
                    "SWITCHBOARD_MAIL_ADDRESS",
                    format!("desk{}@example.org", self.mark),
                )
                .env_remove("SWITCHBOARD_MAIL_FOLDER")
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(&raw).unwrap();
            assert!(child.wait().unwrap().success());
        }
    }

    fn api(&mut self, path: &str) -> Value {
        let answer = self.client.get(&format!("/api/v1{path}")).unwrap();
        assert_eq!(answer.status, 200, "{path}");
        answer.json()
    }

    /// Somebody answers a mail that they have got.
    fn answer(&self, who: &str, name: &str, to: &str, mail: &Incoming, text: &str) {
        let from = format!("{who}{}@example.org", self.mark);
        let raw = format!(
            "From: {name} <{from}>\nTo: {to}\nSubject: Re: {}\nDate: Thu, 26 Nov 2026 10:00:00 +0000\n\
             Message-ID: <{}.{}@example.org>\nIn-Reply-To: <{}>\nReferences: <{}>\n\n{text}\n\n\
             On Thu, 26 Nov 2026 at 10:00, Desk <desk@example.org> wrote:\n> {}\n",
            mail.subject,
            text.len(),
            from.replace('@', "."),
            mail.message_id.as_deref().unwrap(),
            mail.message_id.as_deref().unwrap(),
            mail.text.lines().next().unwrap_or_default(),
        );
        self.servers.send(&from, &[to], &raw).unwrap();
    }

    /// A page, and what its form has to send back: cookies and token.
    fn page(&mut self, path: &str) -> (String, String, String) {
        let answer = self.client.send("GET", path, &[], b"").unwrap();
        let html = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 200, "{path}: {html}");
        let cookies: Vec<&str> = answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
            .filter_map(|(_, value)| value.split(';').next())
            .collect();
        let (_, rest) = html.split_once("name=\"csrf\" value=\"").unwrap();
        let token = rest.split('"').next().unwrap().to_owned();
        (cookies.join("; "), token, html)
    }

    /// Looks at a page with a form and sends that; gives the status and where
    /// it leads.
    fn form(&mut self, path: &str, action: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let (cookies, token, _) = self.page(path);
        let mut body = format!("csrf={}", encoded(&token));
        for (name, value) in fields {
            body.push_str(&format!("&{name}={}", encoded(value)));
        }
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("cookie", cookies.as_str()),
        ];
        let answer = self.client.send("POST", action, &headers, body.as_bytes());
        let answer = answer.unwrap();
        (
            answer.status,
            answer.header("location").unwrap_or_default().to_owned(),
        )
    }

    /// Somebody without an account asks by the web form.
    fn ask(&mut self, subject: &str) -> i64 {
        let mail = format!("rita{}@example.org", self.mark);
        let (status, _) = self.form(
            "/tickets/new",
            "/tickets/new",
            &[
                ("subject", subject),
                ("description", "My tape is not there any more."),
                ("service", "archive"),
                ("name", "Rita Ray"),
                ("mail", &mail),
            ],
        );
        assert_eq!(status, 303, "the form is taken");
        let subject = subject.to_owned();
        self.until("the ticket", |w| {
            let found = w.api("/tickets?limit=50");
            let items = found["items"].as_array().unwrap();
            let mine = items.iter().find(|t| t["subject"] == subject.as_str())?;
            mine["number"].as_i64()
        })
    }

    /// The last mail about a ticket in somebody's mailbox that says this.
    fn about(&mut self, who: &'static str, number: i64, words: &'static str) -> Incoming {
        let tag = format!("[#{number}]");
        self.until(&format!("{words:?} at {who}"), |w| {
            let all = w.mails(who);
            all.into_iter()
                .rfind(|m| m.subject.contains(&tag) && m.text.contains(words))
        })
    }

    fn entries(&mut self, number: i64) -> Vec<Value> {
        let all = self.api(&format!("/tickets/{number}/entries"));
        all["items"].as_array().unwrap().clone()
    }

    fn redirection(&mut self, number: i64) -> Value {
        self.api(&format!("/tickets/{number}/redirections"))["items"][0].clone()
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

/// The path of the first link in a mail that holds this.
fn link(mail: &Incoming, holds: &str) -> PathBuf {
    let word = mail
        .text
        .split_whitespace()
        .find(|word| word.starts_with("http://") && word.contains(holds))
        .unwrap_or_else(|| panic!("no {holds} in {}", mail.text));
    let path = word.splitn(4, '/').nth(3).unwrap();
    PathBuf::from(format!("/{path}"))
}

#[test]
fn a_request_by_web_is_worked_on_by_a_list_and_verified() {
    let Some(mut world) = World::new("story") else {
        return;
    };
    let number = world.ask("Tape 42");
    let request = world.about("jane", number, "My tape is not there any more.");
    assert!(
        request.headers.get("list-id").is_some(),
        "it came by the list"
    );
    let from = request.from.clone().unwrap();
    assert_eq!(
        from.address.as_str(),
        format!("desk{}@example.org", world.mark)
    );
    let whole = format!("{:?}", request.headers) + &request.text;
    assert!(!whole.contains("Rita"), "nobody agreed to that: {whole}");
    let address = request.reply_to[0].address.to_string();

    // Jane answers by mail; Rita gets it, Mallory on Cc and John do not.
    world.answer(
        "jane",
        "Jane Doe",
        &address,
        &request,
        "Which drive was it?",
    );
    let entry = world.until("the answer in the ticket", |w| {
        let all = w.entries(number);
        let found = all
            .iter()
            .find(|e| e["body"].as_str().unwrap().contains("Which drive"));
        found.cloned()
    });
    assert_eq!(
        entry["author"],
        format!("Jane Doe (via help{})", world.mark)
    );
    assert_eq!(entry["visibility"], "public");
    assert_eq!(
        entry["body"].as_str().unwrap().trim(),
        "Which drive was it?"
    );
    let told = world.about("rita", number, "Which drive was it?");
    assert_eq!(world.redirection(number)["turn"], "requester");

    // Rita answers; both members of the list get it, into the same thread.
    let hers = told.reply_to[0].address.to_string();
    world.answer("rita", "Rita Ray", &hers, &told, "The one on the left.");
    for member in ["jane", "john"] {
        let forwarded = world.about(member, number, "The one on the left.");
        assert!(
            forwarded
                .references
                .contains(request.message_id.as_ref().unwrap())
        );
    }
    assert_eq!(world.redirection(number)["turn"], "list");

    // John says by the link that it is solved. Looking alone does nothing.
    let mail = world.about("john", number, "The one on the left.");
    let solved = link(&mail, "/solved").display().to_string();
    world.page(&solved);
    assert_eq!(world.redirection(number)["stage"], "active");
    let (status, _) = world.form(
        &solved,
        &solved,
        &[("name", "John"), ("text", "It was in the robot.")],
    );
    assert_eq!(status, 200);
    let told = world.about("rita", number, "It was in the robot.");
    let ticket = world.api(&format!("/tickets/{number}"));
    assert_eq!(ticket["status"], "solved");

    // Rita verifies by the link in her mail, and the list hears that it is over.
    let own = link(&told, "/t/").display().to_string();
    let (status, _) = world.form(&own, &format!("{own}/verify"), &[]);
    assert_eq!(status, 303);
    assert_eq!(
        world.api(&format!("/tickets/{number}"))["status"],
        "verified"
    );
    world.about("jane", number, "There is nothing more for you to do.");
    let seen = world.redirection(number);
    assert_eq!(
        (seen["stage"].as_str(), seen["why"].as_str()),
        (Some("ended"), Some("finished"))
    );
    // Nobody of the list became somebody.
    let people = world.api(&format!("/people?q=jane{}", world.mark));
    assert_eq!(people["items"], json!([]));
}

#[test]
fn a_list_that_munges_holds_or_echoes_makes_no_loop() {
    let Some(mut world) = World::new("loop") else {
        return;
    };
    let list = world.list.clone();
    // The list puts itself into From and Reply-To, and the desk is on it.
    world.mailman.set(
        &list,
        &[
            ("dmarc_mitigate_action", "munge_from"),
            ("dmarc_mitigate_unconditionally", "true"),
            ("reply_goes_to_list", "point_to_list"),
            ("first_strip_reply_to", "true"),
        ],
    );
    let desk = format!("desk{}@example.org", world.mark);
    world.mailman.join(&list, &desk);
    let number = world.ask("Tape 43");
    let request = world.about("jane", number, "My tape is not there any more.");
    assert_eq!(
        request.from.clone().unwrap().address.as_str(),
        list,
        "munged"
    );
    world.answer("jane", "Jane Doe", &list, &request, "Found it over there.");
    let entry = world.until("the answer over the list", |w| {
        let all = w.entries(number);
        let found = all
            .iter()
            .find(|e| e["body"].as_str().unwrap().contains("Found it"));
        found.cloned()
    });
    assert_eq!(
        entry["author"],
        format!("Jane Doe (via help{})", world.mark)
    );
    // John's copy of it is the last mail that this made: the desk has taken its
    // own copies and said nothing.
    world.until("John's copy", |w| {
        w.mails("john")
            .iter()
            .any(|m| m.text.contains("Found it"))
            .then_some(())
    });
    let (at_list, tickets) = (world.mails("john").len(), world.api("/tickets?limit=50"));
    for _ in 0..20 {
        world.pump();
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(at_list, 2, "the request and Jane's answer");
    assert_eq!(world.mails("john").len(), at_list);
    assert_eq!(tickets["items"].as_array().unwrap().len(), 1);
    assert_eq!(world.entries(number).len(), 2);

    // The list holds mail of those who are not on it: first level is told.
    let held = world.mailman.list(&format!("held{}", world.mark), &[]);
    let service = world.client.send(
        "PATCH",
        "/api/v1/services/archive",
        &[("content-type", "application/json")],
        json!({"list": held}).to_string().as_bytes(),
    );
    assert_eq!(service.unwrap().status, 200);
    let second = world.ask("Tape 44");
    let trouble = world.until("that the list holds it", |w| {
        let seen = w.redirection(second);
        seen["trouble"].as_str().map(str::to_owned)
    });
    assert!(trouble.contains("awaits moderator approval"), "{trouble}");
    let seen = world.redirection(second);
    assert!(seen["woken_at"].is_string(), "{seen}");
    assert!(seen["life_at"].is_null(), "{seen}");
}
