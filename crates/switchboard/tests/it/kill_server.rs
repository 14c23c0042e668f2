//! The built binary as a process, and a plain client for it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use connect::{Blobs, Mailer, MailerConfig};
use desk::{Clock as _, Desk, FakeClock, SystemClock};
use store::{Db, Options};

/// The administrator's address.
pub(crate) const KEEPER: &str = "keeper@desk.example";
/// Their password.
pub(crate) const PASSWORD: &str = "plain green tractor 71 north";

/// How often a server is killed: what `SWITCHBOARD_KILLS` says, or so often.
pub(crate) fn kills(without: u64) -> u64 {
    std::env::var("SWITCHBOARD_KILLS").map_or(without, |text| text.parse().unwrap())
}

/// Settings of a desk whose processes come and go.
pub(crate) struct Installation {
    /// Its database.
    pub(crate) url: String,
    /// Its files.
    pub(crate) data: PathBuf,
    /// Where it listens, also after a restart.
    pub(crate) address: String,
}

/// A serving process. It is killed when the value goes.
pub(crate) struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        // SIGKILL; it may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Serving {
    /// `kill -9`.
    pub(crate) fn kill(self) {
        drop(self);
    }

    /// Its process's number.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Installation {
    /// On a port that is free now.
    pub(crate) fn new(url: &str, data: &Path) -> Installation {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Installation {
            url: url.to_owned(),
            data: data.to_owned(),
            address: listener.local_addr().unwrap().to_string(),
        }
    }

    /// Gives a command the settings.
    pub(crate) fn settings<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("SWITCHBOARD_DATABASE_URL", &self.url)
            .env("SWITCHBOARD_LISTEN", &self.address)
            .env("SWITCHBOARD_DATA_DIR", &self.data)
            .env("SWITCHBOARD_SECRET_KEY", testkit::SECRET_KEY)
            .env("SWITCHBOARD_PUBLIC_URL", format!("http://{}", self.address))
            .env("SWITCHBOARD_MAIL_ADDRESS", "desk@desk.example")
            .env("SWITCHBOARD_MAIL_FOLDER", self.data.join("outbox"))
            .env("SWITCHBOARD_LOG", "error")
    }

    /// The binary with a subcommand.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
        self.settings(&mut command).args(arguments);
        command
    }

    /// Runs a command to its end, with this on its standard input, and gives
    /// what it printed.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> String {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Whoever does not read it has closed it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(
            output.status.success(),
            "{arguments:?}: {}\n{}{}",
            output.status,
            text(&output.stdout),
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    /// The same desk within this process, by a clock that is so many
    /// milliseconds fast. Not from within a runtime.
    pub(crate) fn desk(&self, fast: i64) -> Desk {
        self.desk_sending(fast, &MailerConfig::Folder(self.data.join("outbox")))
    }

    /// The same that sends its mail there.
    pub(crate) fn desk_sending(&self, fast: i64, mailer: &MailerConfig) -> Desk {
        Desk::new(
            Db::open(&self.url, Options::default()).unwrap(),
            Blobs::open(self.data.join("files")).unwrap(),
            Mailer::new(mailer).unwrap(),
            Arc::new(FakeClock::at(SystemClock.now() + fast)),
            desk::Config {
                mail_address: "desk@desk.example".into(),
                keys: desk::SecretKeys::parse(testkit::SECRET_KEY).unwrap(),
                ..desk::Config::default()
            },
        )
        .unwrap()
    }

    /// An administrator, who is also a person that asks, and a token of theirs.
    pub(crate) fn token(&self) -> String {
        self.run(
            &["admin", "create", "--email", KEEPER, "--password-stdin"],
            PASSWORD,
        );
        let printed = self.run(
            &[
                "token",
                "create",
                "--person",
                KEEPER,
                "--scope",
                "read,write,admin",
            ],
            "",
        );
        printed.trim().to_owned()
    }

    /// Starts serving and waits until it is ready; also how long that took.
    pub(crate) fn serve(&self) -> (Serving, Duration) {
        self.serve_by(self.command(&["serve"]))
    }

    /// The same by a command that becomes the server.
    pub(crate) fn serve_by(&self, mut command: Command) -> (Serving, Duration) {
        let begun = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut serving = Serving(child);
        let mut client = Client::new(self, "");
        loop {
            if client.get("/readyz").is_ok_and(|a| a.status == 200) {
                return (serving, begun.elapsed());
            }
            if let Some(status) = serving.0.try_wait().unwrap() {
                panic!("the server ended with {status} instead of serving");
            }
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "the server was not ready within 30 seconds"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| {
            panic!("{e} in {}", String::from_utf8_lossy(&self.body));
        })
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }
}

/// A client with one kept connection. An error is: no answer came, so nobody
/// knows what became of the request.
pub(crate) struct Client {
    address: String,
    token: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    /// Of somebody with a token.
    pub(crate) fn new(at: &Installation, token: &str) -> Client {
        Client {
            address: at.address.clone(),
            token: token.to_owned(),
            stream: None,
        }
    }

    /// Reads.
    pub(crate) fn get(&mut self, path: &str) -> std::io::Result<Answer> {
        self.send("GET", path, &[], b"")
    }

    /// Sends JSON.
    pub(crate) fn post(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        body: &serde_json::Value,
    ) -> std::io::Result<Answer> {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.send("POST", path, &all, body.to_string().as_bytes())
    }

    /// Sends anything.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<Answer> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
             content-length: {}\r\n",
            self.address,
            self.token,
            body.len()
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        let mut bytes = request.into_bytes();
        bytes.extend_from_slice(body);
        let answer = self.exchange(&bytes);
        if answer.is_err() {
            self.stream = None;
        }
        answer
    }

    fn exchange(&mut self, request: &[u8]) -> std::io::Result<Answer> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let stream = TcpStream::connect(&self.address)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(Duration::from_secs(30)))?;
                none.insert(BufReader::new(stream))
            }
        };
        stream.get_mut().write_all(request)?;
        let broken = |what: &str| std::io::Error::other(what.to_owned());
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|s| s.parse().ok())
            .ok_or_else(|| broken("no status line"))?;
        let mut headers = Vec::new();
        loop {
            line.clear();
            if stream.read_line(&mut line)? == 0 {
                return Err(broken("ended within the headers"));
            }
            if line.trim_end().is_empty() {
                break;
            }
            if let Some((name, value)) = line.trim_end().split_once(':') {
                headers.push((name.to_lowercase(), value.trim().to_owned()));
            }
        }
        let mut answer = Answer {
            status,
            headers,
            body: Vec::new(),
        };
        let length = answer
            .header("content-length")
            .and_then(|l| l.parse().ok())
            .ok_or_else(|| broken("no content-length"))?;
        answer.body.resize(length, 0);
        stream.read_exact(&mut answer.body)?;
        Ok(answer)
    }
}

/// A seeded generator of random numbers (xorshift64*).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Any seed will do.
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number from 0 to below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n
    }
}
