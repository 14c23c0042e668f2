//! A full disk: reading goes on, what writes is told so and leaves nothing
//! half done, and it works again when there is room, without a restart.
//!
//! The disk is a small file system in memory that only the server's processes
//! see, so it really is full and nothing else is.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::kill_server::{Answer, Client, Installation, KEEPER, PASSWORD, Serving};

/// Bytes of the small file system: room for the database and some load.
const SIZE: &str = "24m";

/// How a process gets a file system of its own, if it can: as root, or as
/// anybody where user namespaces are allowed.
fn own_mounts(folder: &Path) -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [&["-m"], &["-Urm"]];
    WAYS.into_iter().find(|way| {
        Command::new("unshare")
            .args(*way)
            .args(["sh", "-c", "mount -t tmpfs -o size=1m tmpfs \"$1\"", "sh"])
            .arg(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|s| s.success())
    })
}

/// The server on its small disk.
struct OnSmallDisk {
    at: Installation,
    serving: Serving,
    way: &'static [&'static str],
    folder: PathBuf,
}

impl OnSmallDisk {
    /// Copies a prepared installation to the small disk and serves it there.
    fn start(seed: &Path, small: &Path, way: &'static [&'static str]) -> OnSmallDisk {
        let url = format!("sqlite:{}", small.join("desk.db").display());
        let at = Installation::new(&url, small);
        let mut command = Command::new("unshare");
        let script = "mount -t tmpfs -o size=$4 tmpfs \"$1\" && cp -r \"$2\"/. \"$1\"/ && \
                      exec \"$3\" serve";
        at.settings(&mut command)
            .args(way)
            .args(["sh", "-c", script, "sh"])
            .args([small, seed])
            .args([env!("CARGO_BIN_EXE_switchboard"), SIZE]);
        let (serving, _) = at.serve_by(command);
        OnSmallDisk {
            at,
            serving,
            way,
            folder: small.to_owned(),
        }
    }

    /// A path on the small disk, seen from here.
    fn path(&self, name: &str) -> PathBuf {
        let inside = self.folder.join(name);
        let inside = inside.strip_prefix("/").unwrap();
        Path::new(&format!("/proc/{}/root", self.serving.id())).join(inside)
    }

    /// Leaves no room at all.
    fn fill(&self) {
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(self.path("filler"))
            .unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            while file.write_all(&vec![b'x'; size]).is_ok() {}
        }
    }

    fn make_room(&self) {
        std::fs::remove_file(self.path("filler")).unwrap();
    }

    /// A subcommand on the small disk: its exit code and what it printed.
    fn run(&self, arguments: &[&str], input: &str) -> (Option<i32>, String) {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.serving.id().to_string(), "--mount"]);
        if self.way.contains(&"-Urm") {
            command.args(["--user", "--preserve-credentials"]);
        }
        let mut child = self
            .at
            .settings(&mut command)
            .arg(env!("CARGO_BIN_EXE_switchboard"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Whoever does not read it has closed it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }
}

/// A refusal for want of room, in words.
fn is_told(answer: &Answer) {
    assert_eq!(answer.status, 503, "{:?}", answer.json());
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    assert!(answer.header("retry-after").is_some());
    let detail = answer.json()["detail"].to_string();
    assert!(detail.contains("disk is full"), "{detail}");
}

const MAIL: &str = "From: Somebody <somebody@users.example>\r\nTo: <desk@desk.example>\r\n\
                    Subject: Mail on a full disk\r\nMessage-ID: <full@users.example>\r\n\r\n\
                    Is there room for this?\r\n";

#[test]
fn on_a_full_disk_reads_go_on_and_writes_say_so() {
    let (seed, small) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(way) = own_mounts(small.path()) else {
        let why = "this machine lets nobody mount a small file system (unshare, mount)";
        assert!(std::env::var("REQUIRE_ALL").is_err(), "{why}");
        println!("SKIPPED: {why}");
        return;
    };
    let url = format!("sqlite:{}", seed.path().join("desk.db").display());
    let prepared = Installation::new(&url, seed.path());
    let token = prepared.token();
    // Signed in a while ago: that the session is in use has to be noted again.
    let cookie = {
        let desk = prepared.desk(-10 * 60_000);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let signed_in = runtime
            .block_on(desk.sign_in(KEEPER, PASSWORD, desk::Client::default()))
            .unwrap();
        let desk::Admission::Session(secret) = signed_in else {
            panic!("the keeper has no second factor");
        };
        format!("sb_session={secret}")
    };
    let disk = OnSmallDisk::start(seed.path(), small.path(), way);
    let mut client = Client::new(&disk.at, &token);
    let mut stored = Vec::new();
    let create = |client: &mut Client, subject: &str| {
        let body = json!({ "subject": subject, "description": "Words. ".repeat(400) });
        let key = subject.replace(' ', "-");
        let key = [("idempotency-key", key.as_str())];
        client.post("/api/v1/tickets", &key, &body).unwrap()
    };
    for n in 0..5 {
        let answer = create(&mut client, &format!("before {n}"));
        assert_eq!(answer.status, 201, "{:?}", answer.json());
        stored.push(format!("before {n}"));
    }
    disk.fill();
    // A little fits into what the log has room for already.
    let mut refused = None;
    for n in 0..20_000 {
        let subject = format!("while full {n}");
        let answer = create(&mut client, &subject);
        if answer.status != 201 {
            is_told(&answer);
            refused = Some(subject);
            break;
        }
        stored.push(subject);
    }
    let refused = refused.expect("the disk was never full");
    // Everything that writes says so.
    let entry = json!({ "body": "One more word. ".repeat(4_000) });
    is_told(
        &client
            .post("/api/v1/tickets/1/entries", &[], &entry)
            .unwrap(),
    );
    let file = vec![b'x'; 200_000];
    let kind = [("content-type", "application/octet-stream")];
    is_told(
        &client
            .send("POST", "/api/v1/tickets/1/attachments?name=a", &kind, &file)
            .unwrap(),
    );
    let (code, said) = disk.run(&["mail-in"], MAIL);
    assert_eq!(code, Some(75), "the mail server has to try again: {said}");
    // Reading goes on, all the time.
    for path in [
        "/readyz",
        "/api/v1/tickets",
        "/api/v1/tickets?q=before",
        "/api/v1/tickets/1",
        "/api/v1/tickets/1/entries",
        "/api/v1/events?after=0",
    ] {
        assert_eq!(client.get(path).unwrap().status, 200, "{path}");
    }
    for path in ["/work?view=open", "/work/1"] {
        let cookie = [("cookie", cookie.as_str())];
        let page = client.send("GET", path, &cookie, b"").unwrap();
        assert_eq!(page.status, 200, "{path}: {:?}", page.headers);
    }
    disk.make_room();
    let begun = Instant::now();
    // The refused one, with the same key: it was not done, now it is.
    while create(&mut client, &refused).status != 201 {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "there is room, but nothing can be stored"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    stored.push(refused);
    let (code, said) = disk.run(&["mail-in"], MAIL);
    assert_eq!(code, Some(0), "{said}");
    stored.push("Mail on a full disk".into());
    let answer = client
        .post("/api/v1/tickets/1/entries", &[], &entry)
        .unwrap();
    assert_eq!(answer.status, 201);
    let mut there = subjects(&mut client);
    println!("{} tickets stored, one refused and repeated", stored.len());
    there.sort();
    stored.sort();
    assert_eq!(there, stored);
    let (code, said) = disk.run(&["doctor"], "");
    assert_eq!(code, Some(0), "{said}");
}

/// All tickets.
fn subjects(client: &mut Client) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/tickets?limit=200{cursor}");
        let page = client.get(&path).unwrap().json();
        for ticket in page["items"].as_array().unwrap() {
            all.push(ticket["subject"].as_str().unwrap().to_owned());
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}
