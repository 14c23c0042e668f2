//! A door for the local mail server: LMTP (RFC 2033), and SMTP (RFC 5321) for
//! those that speak nothing else.
//!
//! Mail is acknowledged only after it was stored. It ends at CRLF.CRLF and
//! nowhere else: a server that took another end would read commands out of
//! somebody's mail (SMTP smuggling, CVE-2023-51764).

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use smtp_proto::Request;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::io::{BufReader, BufWriter};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Longest command, in octets (RFC 5321 4.5.3.1.4, with room for extensions).
const MOST_COMMAND: u64 = 4096;
/// Most recipients of one mail.
const MOST_RECIPIENTS: usize = 100;
/// So many wrong commands end a connection.
const MOST_ERRORS: u32 = 20;
/// How long a command is waited for (RFC 5321 4.5.3.2.7).
const PATIENCE: Duration = Duration::from_secs(300);
/// How long a mail may take to arrive in all.
const PATIENCE_FOR_A_MAIL: Duration = Duration::from_secs(900);

/// Who sent a mail, and to whom, as the server before us said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The return path; `None`: the empty one.
    pub from: Option<String>,
    /// The recipients that were taken.
    pub to: Vec<String>,
    /// How the client called itself.
    pub hello: String,
    /// The client's address.
    pub client: IpAddr,
    /// Whose mail the client forwards (XFORWARD, as Postfix says it): the
    /// address that it came from, and how that host called itself.
    pub forwarded: Option<(IpAddr, String)>,
}

/// What the client is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// 250, 4xx or 5xx.
    pub code: u16,
    /// Begins with an enhanced status such as `2.1.5` (RFC 3463).
    pub text: Cow<'static, str>,
}

impl Answer {
    /// An answer.
    pub fn new(code: u16, text: impl Into<Cow<'static, str>>) -> Answer {
        Answer {
            code,
            text: text.into(),
        }
    }
}

/// What becomes of mail.
pub trait Receiver: Clone + Send + Sync + 'static {
    /// Whether mail for a recipient is taken: 250, 4xx (try later) or 5xx.
    fn takes(&self, recipient: &str) -> impl Future<Output = Answer> + Send;

    /// Stores a mail. 250 only when it is stored for good.
    fn take(&self, envelope: Envelope, raw: Vec<u8>) -> impl Future<Output = Answer> + Send;
}

/// How much is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a mail.
    pub message_bytes: usize,
    /// Connections at the same time.
    pub connections: usize,
    /// How this server calls itself.
    pub name: String,
}

/// Takes mail until the future is dropped, and with it every connection: who
/// has no answer then delivers again.
pub async fn serve<R: Receiver>(listener: TcpListener, receiver: R, limits: Limits) {
    let limits = Arc::new(limits);
    let free = Arc::new(Semaphore::new(limits.connections));
    let mut open = JoinSet::new();
    loop {
        while open.try_join_next().is_some() {}
        let (stream, client) = match listener.accept().await {
            Ok(found) => found,
            Err(e) => {
                tracing::warn!(error = %e, "no connection from the mail server could be taken");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        let (receiver, limits) = (receiver.clone(), limits.clone());
        match free.clone().try_acquire_owned() {
            Ok(place) => {
                open.spawn(async move {
                    let _place = place;
                    let mut talk = Talk::new(stream, client.ip(), receiver, limits);
                    if let Err(e) = talk.run().await {
                        tracing::debug!(error = %e, "a connection of the mail server ended");
                    }
                });
            }
            Err(_) => {
                open.spawn(async move {
                    let mut stream = stream;
                    let busy = b"421 4.3.2 Too many connections; come again later\r\n";
                    let _ = stream.write_all(busy).await;
                });
            }
        }
    }
}

/// One connection.
struct Talk<R> {
    read: BufReader<OwnedReadHalf>,
    write: BufWriter<OwnedWriteHalf>,
    client: IpAddr,
    receiver: R,
    limits: Arc<Limits>,
    /// LHLO was said: each recipient has an answer of its own.
    local: bool,
    hello: Option<String>,
    from: Option<Option<String>>,
    to: Vec<String>,
    forwarded: Option<(IpAddr, String)>,
    errors: u32,
}

/// Whether a connection goes on.
enum Next {
    Go,
    Stop,
}

impl<R: Receiver> Talk<R> {
    fn new(stream: TcpStream, client: IpAddr, receiver: R, limits: Arc<Limits>) -> Self {
        let _ = stream.set_nodelay(true);
        let (read, write) = stream.into_split();
        Talk {
            read: BufReader::with_capacity(32 * 1024, read),
            write: BufWriter::new(write),
            client,
            receiver,
            limits,
            local: false,
            hello: None,
            from: None,
            to: Vec::new(),
            forwarded: None,
            errors: 0,
        }
    }

    async fn say(&mut self, code: u16, text: &str) -> std::io::Result<()> {
        let line = format!("{code} {text}\r\n");
        self.write.write_all(line.as_bytes()).await?;
        // Answers to a pipelined group go out together (RFC 2920).
        if self.read.buffer().is_empty() {
            self.write.flush().await?;
        }
        Ok(())
    }

    async fn wrong(&mut self, code: u16, text: &str) -> std::io::Result<Next> {
        self.errors += 1;
        if self.errors >= MOST_ERRORS {
            self.say(421, "4.7.0 Too many errors").await?;
            return Ok(Next::Stop);
        }
        self.say(code, text).await?;
        Ok(Next::Go)
    }

    async fn run(&mut self) -> std::io::Result<()> {
        let name = self.limits.name.clone();
        self.say(220, &format!("{name} takes mail for the helpdesk"))
            .await?;
        loop {
            let line = match tokio::time::timeout(PATIENCE, self.line()).await {
                Ok(line) => line?,
                Err(_) => {
                    self.say(421, "4.4.2 No command came").await?;
                    break;
                }
            };
            let next = match line {
                Line::End => break,
                Line::Wrong(text) => self.wrong(500, text).await?,
                Line::Command(line) => self.command(&line).await?,
            };
            if matches!(next, Next::Stop) {
                break;
            }
        }
        self.write.flush().await
    }

    /// The next line, of limited length, which ends in CRLF.
    async fn line(&mut self) -> std::io::Result<Line> {
        let mut line = Vec::new();
        (&mut self.read)
            .take(MOST_COMMAND)
            .read_until(b'\n', &mut line)
            .await?;
        if line.is_empty() {
            return Ok(Line::End);
        }
        if !line.ends_with(b"\n") {
            if line.len() as u64 >= MOST_COMMAND {
                self.rest_of_line().await?;
                return Ok(Line::Wrong("5.5.6 The line is too long"));
            }
            return Ok(Line::End);
        }
        if !line.ends_with(b"\r\n") {
            return Ok(Line::Wrong("5.5.2 Lines end in CRLF"));
        }
        Ok(Line::Command(line))
    }

    async fn rest_of_line(&mut self) -> std::io::Result<()> {
        loop {
            let here = self.read.fill_buf().await?;
            if here.is_empty() {
                return Ok(());
            }
            let end = here.iter().position(|&b| b == b'\n');
            let n = end.map_or(here.len(), |at| at + 1);
            self.read.consume(n);
            if end.is_some() {
                return Ok(());
            }
        }
    }

    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
    }

    async fn command(&mut self, line: &[u8]) -> std::io::Result<Next> {
        if let Some(attributes) = xforward(line) {
            self.forwarded = forwarded(&attributes, self.forwarded.take());
            self.say(250, "2.0.0 Noted").await?;
            return Ok(Next::Go);
        }
        let request = match Request::parse(&mut line.iter()) {
            Ok(request) => request.into_owned(),
            Err(smtp_proto::Error::UnknownCommand) => {
                return self.wrong(500, "5.5.1 That is no command").await;
            }
            Err(smtp_proto::Error::UnsupportedParameter { .. }) => {
                return self.wrong(555, "5.5.4 A parameter is not known here").await;
            }
            Err(smtp_proto::Error::InvalidSenderAddress) => {
                return self.wrong(501, "5.1.7 That is no address").await;
            }
            Err(smtp_proto::Error::InvalidRecipientAddress) => {
                return self.wrong(501, "5.1.3 That is no address").await;
            }
            Err(_) => return self.wrong(501, "5.5.2 That can not be read").await,
        };
        match request {
            Request::Lhlo { host } => self.hello(host, true).await?,
            Request::Ehlo { host } => self.hello(host, false).await?,
            Request::Helo { host } => {
                self.forget();
                (self.hello, self.local) = (Some(host), false);
                let name = self.limits.name.clone();
                self.say(250, &name).await?;
            }
            Request::Mail { from } => return self.mail(from).await,
            Request::Rcpt { to } => return self.recipient(to.address).await,
            Request::Data => return self.data().await,
            Request::Rset => {
                self.forget();
                self.say(250, "2.0.0 Forgotten").await?;
            }
            Request::Noop { .. } => self.say(250, "2.0.0 Nothing done").await?,
            Request::Vrfy { .. } => self.say(252, "2.5.2 Send it and see").await?,
            Request::Quit => {
                self.say(221, "2.0.0 Good-bye").await?;
                return Ok(Next::Stop);
            }
            _ => return self.wrong(502, "5.5.1 That is not done here").await,
        }
        Ok(Next::Go)
    }

    async fn hello(&mut self, host: String, local: bool) -> std::io::Result<()> {
        self.forget();
        (self.hello, self.local) = (Some(host), local);
        let text = format!(
            "250-{}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE {}\r\n\
             250-XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE\r\n250 ENHANCEDSTATUSCODES\r\n",
            self.limits.name, self.limits.message_bytes
        );
        self.write.write_all(text.as_bytes()).await?;
        self.write.flush().await
    }

    async fn mail(&mut self, from: smtp_proto::MailFrom<String>) -> std::io::Result<Next> {
        if self.hello.is_none() {
            return self.wrong(503, "5.5.1 Say LHLO first").await;
        }
        if self.from.is_some() {
            return self.wrong(503, "5.5.1 There is a sender already").await;
        }
        if from.size > self.limits.message_bytes {
            self.say(552, "5.3.4 The mail is too large").await?;
            return Ok(Next::Go);
        }
        self.from = Some(Some(from.address).filter(|a| !a.is_empty()));
        self.say(250, "2.1.0 Go on").await?;
        Ok(Next::Go)
    }

    async fn recipient(&mut self, address: String) -> std::io::Result<Next> {
        if self.from.is_none() {
            return self.wrong(503, "5.5.1 Say MAIL first").await;
        }
        if self.to.len() >= MOST_RECIPIENTS {
            self.say(452, "4.5.3 Too many recipients in one go").await?;
            return Ok(Next::Go);
        }
        let answer = self.receiver.takes(&address).await;
        if answer.code < 300 {
            self.to.push(address);
        }
        self.say(answer.code, &answer.text).await?;
        Ok(Next::Go)
    }

    async fn data(&mut self) -> std::io::Result<Next> {
        let (Some(from), false) = (self.from.clone(), self.to.is_empty()) else {
            return self.wrong(503, "5.5.1 Nobody would get it").await;
        };
        self.write
            .write_all(b"354 Go on, and end with a dot on its own line\r\n")
            .await?;
        self.write.flush().await?;
        let limit = self.limits.message_bytes;
        let reading = tokio::time::timeout(PATIENCE_FOR_A_MAIL, self.body(limit));
        let Ok(body) = reading.await else {
            self.say(421, "4.4.2 The mail took too long").await?;
            return Ok(Next::Stop);
        };
        let to = std::mem::take(&mut self.to);
        self.from = None;
        let answer = match body? {
            Body::Whole(raw) => {
                let envelope = Envelope {
                    from,
                    to: to.clone(),
                    hello: self.hello.clone().unwrap_or_default(),
                    client: self.client,
                    forwarded: self.forwarded.take(),
                };
                self.receiver.take(envelope, raw).await
            }
            Body::TooLarge => Answer::new(552, "5.3.4 The mail is too large"),
            // Nobody is there to be answered.
            Body::Broken => return Ok(Next::Stop),
        };
        // One mail, one fate; LMTP wants it told for each recipient.
        let times = if self.local { to.len() } else { 1 };
        for _ in 0..times {
            self.say(answer.code, &answer.text).await?;
        }
        Ok(Next::Go)
    }

    async fn body(&mut self, limit: usize) -> std::io::Result<Body> {
        let mut data = Data::new(limit);
        loop {
            let here = self.read.fill_buf().await?;
            if here.is_empty() {
                return Ok(Body::Broken);
            }
            let used = data.feed(here);
            self.read.consume(used);
            if data.ended() {
                return Ok(if data.too_large {
                    Body::TooLarge
                } else {
                    Body::Whole(data.raw)
                });
            }
            if data.seen > limit.saturating_mul(4) {
                return Ok(Body::Broken);
            }
        }
    }
}

/// The attributes of an XFORWARD command (`NAME=… ADDR=…`).
fn xforward(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?;
    let (command, rest) = line.split_once(' ')?;
    command
        .eq_ignore_ascii_case("XFORWARD")
        .then(|| rest.trim().to_owned())
}

/// What the attributes say, beside what earlier ones said.
fn forwarded(attributes: &str, known: Option<(IpAddr, String)>) -> Option<(IpAddr, String)> {
    let (mut ip, mut hello) = match known {
        Some((ip, hello)) => (Some(ip), hello),
        None => (None, String::new()),
    };
    for pair in attributes.split_whitespace() {
        let (name, value) = pair.split_once('=')?;
        match name.to_ascii_uppercase().as_str() {
            "ADDR" => {
                let bare = value.strip_prefix("IPV6:").unwrap_or(value);
                ip = bare.parse().ok();
            }
            // What has to be written as xtext is no name of a host.
            "HELO" if !value.contains('+') && value != "[UNAVAILABLE]" => {
                value.clone_into(&mut hello);
            }
            _ => {}
        }
    }
    ip.map(|ip| (ip, hello))
}

enum Line {
    Command(Vec<u8>),
    Wrong(&'static str),
    End,
}

enum Body {
    Whole(Vec<u8>),
    TooLarge,
    Broken,
}

/// Where the reading of a mail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    LineStart,
    Inside,
    /// After CR.
    Cr,
    /// After a dot at the start of a line.
    Dot,
    /// After such a dot and CR.
    DotCr,
    End,
}

/// Takes the bytes after DATA apart: the mail, without the dots that were
/// added on the way (RFC 5321 4.5.2), up to CRLF.CRLF.
struct Data {
    raw: Vec<u8>,
    at: At,
    limit: usize,
    seen: usize,
    too_large: bool,
}

impl Data {
    fn new(limit: usize) -> Data {
        Data {
            raw: Vec::new(),
            at: At::LineStart,
            limit,
            seen: 0,
            too_large: false,
        }
    }

    fn ended(&self) -> bool {
        self.at == At::End
    }

    fn keep(&mut self, byte: u8) {
        if self.raw.len() < self.limit {
            self.raw.push(byte);
        } else {
            self.too_large = true;
            self.raw = Vec::new();
            self.limit = 0;
        }
    }

    /// Reads on; returns how many bytes belong to this mail and its end.
    fn feed(&mut self, bytes: &[u8]) -> usize {
        for (n, &byte) in bytes.iter().enumerate() {
            if self.at == At::DotCr {
                if byte == b'\n' {
                    self.at = At::End;
                    self.seen += n + 1;
                    return n + 1;
                }
                // A line that begins with a dot and a bare CR: the dot goes.
                self.keep(b'\r');
                self.at = At::Cr;
            }
            self.at = match (self.at, byte) {
                (At::LineStart, b'.') => At::Dot,
                (At::Dot, b'\r') => At::DotCr,
                (At::Cr, b'\n') => {
                    self.keep(byte);
                    At::LineStart
                }
                (_, b'\r') => {
                    self.keep(byte);
                    At::Cr
                }
                _ => {
                    self.keep(byte);
                    At::Inside
                }
            };
        }
        self.seen += bytes.len();
        bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
        let mut data = Data::new(1000);
        let used = data.feed(bytes);
        data.ended().then_some((data.raw, used))
    }

    #[test]
    fn a_mail_ends_at_crlf_dot_crlf_and_its_dots_are_its_own() {
        let (raw, used) = read(b"a\r\n..b\r\n.c\r\n...\r\n.\r\nQUIT\r\n").unwrap();
        assert_eq!(raw, b"a\r\n.b\r\nc\r\n..\r\n");
        assert_eq!(used, b"a\r\n..b\r\n.c\r\n...\r\n.\r\n".len());
        assert_eq!(read(b".\r\n").unwrap().0, b"");
    }

    #[test]
    fn nothing_else_ends_it() {
        for smuggled in [
            &b"a\n.\nMAIL FROM:<x>\r\n"[..],
            b"a\n.\r\nMAIL FROM:<x>\r\n",
            b"a\r\n.\nMAIL FROM:<x>\r\n",
            b"a\r.\rMAIL FROM:<x>\r\n",
            b"a\r\n.\rMAIL FROM:<x>\r\n",
            b"a\r.\r\nMAIL FROM:<x>\r\n",
            b"a\r\n\0.\r\nMAIL FROM:<x>\r\n",
            b"a\r\n.\r\rMAIL FROM:<x>\r\n",
            b"a\n\n.\r\n\r\nMAIL FROM:<x>\r\n",
        ] {
            assert_eq!(read(smuggled), None, "{smuggled:?}");
        }
    }

    #[test]
    fn whose_mail_is_forwarded() {
        let said = |line: &str| xforward(line.as_bytes()).and_then(|a| forwarded(&a, None));
        assert_eq!(
            said("XFORWARD NAME=mx.example.org ADDR=192.0.2.7 HELO=mx.example.org\r\n"),
            Some(("192.0.2.7".parse().unwrap(), "mx.example.org".into()))
        );
        assert_eq!(
            said("xforward ADDR=IPV6:2001:db8::1\r\n"),
            Some(("2001:db8::1".parse().unwrap(), String::new()))
        );
        assert_eq!(said("XFORWARD ADDR=[UNAVAILABLE]\r\n"), None);
        assert_eq!(xforward(b"RSET\r\n"), None);
    }

    #[test]
    fn pieces_give_what_the_whole_gives() {
        let mail = b"a\r\n..b\r\n.\rx\r\n\r\n.\r\n";
        let whole = read(mail).unwrap().0;
        for cut in 0..mail.len() {
            let mut data = Data::new(1000);
            data.feed(&mail[..cut]);
            data.feed(&mail[cut..]);
            assert!(data.ended(), "{cut}");
            assert_eq!(data.raw, whole, "{cut}");
        }
    }

    #[test]
    fn what_is_too_large_is_read_to_its_end_and_not_kept() {
        let mut data = Data::new(3);
        data.feed(b"abcdef\r\n.\r\n");
        assert!(data.ended() && data.too_large);
        assert!(data.raw.is_empty());
    }
}
