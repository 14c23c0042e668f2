//! A real Request Tracker 5 for tests, which `tests/rt.sh` starts; its head says
//! who and what is there.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Names the server; the rest is named beside it.
const SERVER: &str = "SWITCHBOARD_TEST_RT";

/// An RT. Tests make tickets with subjects and markers that no other test has.
#[derive(Debug, Clone)]
pub struct RtServer {
    /// Its own address.
    pub url: String,
    /// The token of the user `bridge`.
    pub token: String,
    /// A token of the same user that was revoked.
    pub revoked: String,
    /// Its database, as `psql` takes it.
    pub database: String,
    /// The folder with `hooks/`, `ca.crt`, `server.crt` and `server.key`.
    pub folder: PathBuf,
}

/// The server; `None` when none was started.
///
/// # Panics
/// When there is none and `REQUIRE_ALL` is set.
pub fn rt_server() -> Option<RtServer> {
    let url = crate::peer::peer(SERVER)?;
    let named = |name: &str| std::env::var(format!("{SERVER}_{name}")).unwrap();
    Some(RtServer {
        url,
        token: named("TOKEN"),
        revoked: named("REVOKED"),
        database: named("DATABASE"),
        folder: named("MANAGE").into(),
    })
}

impl RtServer {
    /// What somebody does there by REST 2; gives back the answer.
    ///
    /// # Panics
    /// When RT refuses.
    pub fn acts(&self, user: &str, method: &str, path: &str, body: &Value) -> Value {
        let output = run(
            Command::new("curl")
                .args(["-sS", "--fail-with-body", "-X", method])
                .args(["-u", &format!("{user}:secret-{user}")])
                .args([
                    "-H",
                    "Content-Type: application/json",
                    "--data-binary",
                    "@-",
                ])
                .arg(format!("{}/REST/2.0{path}", self.url)),
            &body.to_string(),
        );
        serde_json::from_str(&output).unwrap_or_default()
    }

    /// A mail comes to a queue's address.
    ///
    /// # Panics
    /// When RT does not take it.
    pub fn mail(&self, queue: &str, raw: &str) {
        run(
            Command::new("rt-mailgate-5")
                .args(["--action", "correspond", "--queue", queue])
                .args(["--url", &self.url]),
            raw,
        );
    }

    /// Runs SQL in RT's own database and gives back what it selects.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub fn sql(&self, text: &str) -> String {
        let mut psql = Command::new("psql");
        psql.args(["-qXAt", "-v", "ON_ERROR_STOP=1", &self.database]);
        run(&mut psql, text).trim().to_owned()
    }
}

/// Runs a command with this input and gives back its output.
fn run(command: &mut Command, input: &str) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}
