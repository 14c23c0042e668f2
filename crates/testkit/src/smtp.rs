//! A mail server for tests: it takes mail, keeps every byte of it, and breaks
//! where it is told to.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connect::MailerConfig;
use connect::outbox::SmtpSecurity;

/// Where in a dialogue something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SmtpStep {
    /// The greeting.
    Connect,
    /// The answer to EHLO.
    Ehlo,
    /// The answer to MAIL.
    Mail,
    /// The answer to RCPT.
    Rcpt,
    /// The answer to DATA.
    Data,
    /// In the middle of the text.
    Text,
    /// The answer to the final dot: the mail is kept by then.
    Dot,
}

impl SmtpStep {
    /// All of them, in their order.
    pub const ALL: [SmtpStep; 7] = [
        SmtpStep::Connect,
        SmtpStep::Ehlo,
        SmtpStep::Mail,
        SmtpStep::Rcpt,
        SmtpStep::Data,
        SmtpStep::Text,
        SmtpStep::Dot,
    ];
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection is cut in place of the answer.
    Cut(SmtpStep),
    /// This is said in place of the answer; of the final dot, the mail is not kept.
    Say(SmtpStep, &'static str),
    /// The answer comes later.
    Slow(SmtpStep, Duration),
}

impl Fault {
    fn step(&self) -> SmtpStep {
        match self {
            Fault::Cut(step) | Fault::Say(step, _) | Fault::Slow(step, _) => *step,
        }
    }
}

/// A mail that the server took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenMail {
    /// The envelope sender.
    pub from: String,
    /// The envelope recipients.
    pub to: Vec<String>,
    /// The text as it came over the line, dots still doubled, without the end.
    pub wire: Vec<u8>,
    /// The text.
    pub bytes: Vec<u8>,
}

impl TakenMail {
    /// The Message-ID, without brackets.
    pub fn message_id(&self) -> String {
        mail::parse(&self.bytes, &mail::Limits::default())
            .unwrap()
            .message_id
            .unwrap()
    }
}

struct Shared {
    faults: Mutex<VecDeque<Fault>>,
    taken: Mutex<Vec<TakenMail>>,
    connections: AtomicUsize,
    over: AtomicBool,
}

/// A mail server on a free port of this machine; it ends with the value.
pub struct MailSink {
    port: u16,
    shared: Arc<Shared>,
}

impl Default for MailSink {
    fn default() -> Self {
        MailSink::start()
    }
}

impl MailSink {
    /// Starts one.
    pub fn start() -> MailSink {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            faults: Mutex::default(),
            taken: Mutex::default(),
            connections: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        });
        let serving = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.over.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                serving.connections.fetch_add(1, Ordering::Relaxed);
                let shared = serving.clone();
                std::thread::spawn(move || {
                    // A dialogue that breaks off is what is tested.
                    let _ = dialogue(&stream, &shared);
                    let _ = stream.shutdown(Shutdown::Both);
                });
            }
        });
        MailSink { port, shared }
    }

    /// How a desk sends to it.
    pub fn config(&self) -> MailerConfig {
        MailerConfig::Smtp {
            host: "127.0.0.1".into(),
            port: self.port,
            security: SmtpSecurity::None,
            login: None,
            authorities: None,
        }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What goes wrong next, each once, in this order.
    pub fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.faults.lock().unwrap().extend(faults);
    }

    /// Faults that have not happened yet.
    pub fn faults_left(&self) -> usize {
        self.shared.faults.lock().unwrap().len()
    }

    /// What was taken so far, in the order of its coming.
    pub fn taken(&self) -> Vec<TakenMail> {
        self.shared.taken.lock().unwrap().clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

impl Drop for MailSink {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// Takes what goes wrong at this step, if that is next: each goes to one of the
/// connections that are there beside each other.
fn due(shared: &Shared, step: SmtpStep) -> Option<Fault> {
    let mut faults = shared.faults.lock().unwrap();
    match faults.front() {
        Some(first) if first.step() == step => faults.pop_front(),
        _ => None,
    }
}

/// What happens instead of the answer: `Some(true)` all is said, `Some(false)`
/// the connection is over, `None` nothing.
fn fault(shared: &Shared, step: SmtpStep, out: &mut &TcpStream) -> std::io::Result<Option<bool>> {
    happen(due(shared, step), out)
}

fn happen(fault: Option<Fault>, out: &mut &TcpStream) -> std::io::Result<Option<bool>> {
    match fault {
        None => Ok(None),
        Some(Fault::Cut(_)) => Ok(Some(false)),
        Some(Fault::Say(_, words)) => {
            write!(out, "{words}\r\n")?;
            Ok(Some(true))
        }
        Some(Fault::Slow(_, pause)) => {
            std::thread::sleep(pause);
            Ok(None)
        }
    }
}

fn dialogue(stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream);
    let mut out = stream;
    match fault(shared, SmtpStep::Connect, &mut out)? {
        None => write!(out, "220 sink ESMTP\r\n")?,
        Some(_) => return Ok(()),
    }
    let (mut from, mut to) = (String::new(), Vec::new());
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let verb: String = line.chars().take(4).collect::<String>().to_uppercase();
        let step = match verb.as_str() {
            "EHLO" | "HELO" => Some(SmtpStep::Ehlo),
            "MAIL" => Some(SmtpStep::Mail),
            "RCPT" => Some(SmtpStep::Rcpt),
            "DATA" => Some(SmtpStep::Data),
            _ => None,
        };
        if let Some(step) = step {
            match fault(shared, step, &mut out)? {
                None => {}
                Some(true) => continue,
                Some(false) => return Ok(()),
            }
        }
        let inside = || {
            line.split_once('<')
                .and_then(|(_, rest)| rest.split_once('>'))
                .map_or_else(String::new, |(address, _)| address.to_owned())
        };
        match verb.as_str() {
            "EHLO" | "HELO" => write!(out, "250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n")?,
            "MAIL" => {
                (from, to) = (inside(), Vec::new());
                write!(out, "250 2.1.0 ok\r\n")?;
            }
            "RCPT" => {
                to.push(inside());
                write!(out, "250 2.1.5 ok\r\n")?;
            }
            "DATA" => {
                write!(out, "354 go on\r\n")?;
                let mut wire = Vec::new();
                loop {
                    let mut text = Vec::new();
                    if lines.read_until(b'\n', &mut text)? == 0 {
                        return Ok(());
                    }
                    if text == b".\r\n" {
                        break;
                    }
                    wire.extend_from_slice(&text);
                    if let Some(false) = fault(shared, SmtpStep::Text, &mut out)? {
                        return Ok(());
                    }
                }
                let bytes = undotted(&wire);
                let one = TakenMail {
                    from: from.clone(),
                    to: to.clone(),
                    wire,
                    bytes,
                };
                let fault = due(shared, SmtpStep::Dot);
                if !matches!(fault, Some(Fault::Say(..))) {
                    shared.taken.lock().unwrap().push(one);
                }
                match happen(fault, &mut out)? {
                    None => write!(out, "250 2.0.0 Ok: queued as SINK\r\n")?,
                    Some(true) => {}
                    Some(false) => return Ok(()),
                }
            }
            "QUIT" => {
                write!(out, "221 bye\r\n")?;
                return Ok(());
            }
            _ => write!(out, "250 ok\r\n")?,
        }
    }
}

/// RFC 5321, 4.5.2: a dot at the beginning of a line stands for none.
fn undotted(wire: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(wire.len());
    let mut at_start = true;
    for byte in wire {
        if at_start && *byte == b'.' {
            at_start = false;
            continue;
        }
        at_start = *byte == b'\n';
        out.push(*byte);
    }
    out
}
