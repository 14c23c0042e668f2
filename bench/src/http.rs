//! A client for HTTP/1.1 over kept connections: just what the bench needs, so
//! that little of what is measured is the client's.

use std::io::{self, Read as _, Write as _};
use std::pin::Pin;
use std::task::{Context as Turn, Poll};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
    ReadBuf,
};
use tokio::net::TcpStream;

/// No answer takes longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// Names in lower case, with values.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, put together.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header's first value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// Itself when the status is as wanted.
    ///
    /// # Errors
    /// Shows the beginning of the body otherwise.
    pub(crate) fn want(self, status: u16) -> anyhow::Result<Answer> {
        if self.status != status {
            let body = String::from_utf8_lossy(&self.body);
            let start: String = body.chars().take(300).collect();
            bail!(
                "the server answered {} instead of {status}: {start}",
                self.status
            );
        }
        Ok(self)
    }

    /// Itself when the body has something so many times at least: that it is the page that is
    /// to be measured, and not one that says why there is none.
    ///
    /// # Errors
    /// Says how many times it is there otherwise.
    pub(crate) fn shows(self, what: &str, many: usize) -> anyhow::Result<Answer> {
        let found = String::from_utf8_lossy(&self.body).matches(what).count();
        anyhow::ensure!(
            found >= many,
            "{found} times {what:?} in an answer instead of {many}"
        );
        Ok(self)
    }
}

/// What each row of a list in the workspace has.
pub(crate) const ROW: &str = "href=\"/work/";

/// One kept connection.
#[derive(Debug)]
pub(crate) struct Client {
    address: String,
    /// Sent with each request.
    headers: String,
    /// Its thread stands still until there is an answer.
    alone: bool,
    stream: Option<BufReader<Wire>>,
}

/// A connection to the server.
#[derive(Debug)]
enum Wire {
    /// Others go on while this one waits.
    Shared(TcpStream),
    /// Reading and writing hold up the thread: two calls of the system an exchange, where
    /// waiting by a runtime takes four.
    Alone(std::net::TcpStream),
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        turn: &mut Turn<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Shared(stream) => Pin::new(stream).poll_read(turn, into),
            Wire::Alone(stream) => {
                let read = stream.read(into.initialize_unfilled())?;
                into.advance(read);
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        turn: &mut Turn<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Wire::Shared(stream) => Pin::new(stream).poll_write(turn, bytes),
            Wire::Alone(stream) => Poll::Ready(stream.write(bytes)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, turn: &mut Turn<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Shared(stream) => Pin::new(stream).poll_flush(turn),
            Wire::Alone(stream) => Poll::Ready(stream.flush()),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, turn: &mut Turn<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Shared(stream) => Pin::new(stream).poll_shutdown(turn),
            Wire::Alone(stream) => Poll::Ready(stream.shutdown(std::net::Shutdown::Write)),
        }
    }
}

impl Client {
    /// A client that has not connected yet; `headers` are whole lines.
    pub(crate) fn new(address: &str, headers: &[String]) -> Client {
        let mut lines = format!("host: {address}\r\n");
        for line in headers {
            lines.push_str(line);
            lines.push_str("\r\n");
        }
        Client {
            address: address.to_owned(),
            headers: lines,
            alone: false,
            stream: None,
        }
    }

    /// The same, for one that is alone on its thread: it waits in the system's own call.
    #[must_use]
    pub(crate) fn alone(self) -> Client {
        Client {
            alone: true,
            ..self
        }
    }

    /// Reads a page.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.send("GET", path, "", &[]).await
    }

    /// Sends a body of a type.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) async fn post(
        &mut self,
        path: &str,
        kind: &str,
        body: &[u8],
    ) -> anyhow::Result<Answer> {
        self.send("POST", path, kind, body).await
    }

    /// Sends whatever is asked for.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        kind: &str,
        body: &[u8],
    ) -> anyhow::Result<Answer> {
        let mut request = format!("{method} {path} HTTP/1.1\r\n{}", self.headers).into_bytes();
        if !kind.is_empty() {
            let lines = format!("content-type: {kind}\r\ncontent-length: {}\r\n", body.len());
            request.extend_from_slice(lines.as_bytes());
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(body);
        let exchanged = if self.alone {
            // The socket itself loses its patience.
            Ok(self.exchange(&request).await)
        } else {
            tokio::time::timeout(PATIENCE, self.exchange(&request)).await
        };
        match exchanged {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                self.stream = None;
                Err(error.context(format!("{method} {path}")))
            }
            Err(_) => {
                self.stream = None;
                bail!("{method} {path}: no answer within {PATIENCE:?}")
            }
        }
    }

    async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let wire = if self.alone {
                    let stream = std::net::TcpStream::connect(&self.address)?;
                    stream.set_nodelay(true)?;
                    stream.set_read_timeout(Some(PATIENCE))?;
                    stream.set_write_timeout(Some(PATIENCE))?;
                    Wire::Alone(stream)
                } else {
                    let stream = TcpStream::connect(&self.address).await?;
                    stream.set_nodelay(true)?;
                    Wire::Shared(stream)
                };
                none.insert(BufReader::with_capacity(32 * 1024, wire))
            }
        };
        stream.get_mut().write_all(request).await?;
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|s| s.parse().ok())
            .with_context(|| format!("not a status line: {line:?}"))?;
        let mut headers = Vec::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                bail!("the connection ended within the headers");
            }
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            if let Some((name, value)) = text.split_once(':') {
                headers.push((name.to_lowercase(), value.trim().to_owned()));
            }
        }
        let mut answer = Answer {
            status,
            headers,
            body: Vec::new(),
        };
        if answer.header("transfer-encoding") == Some("chunked") {
            loop {
                line.clear();
                stream.read_line(&mut line).await?;
                let size = usize::from_str_radix(line.trim(), 16)
                    .with_context(|| format!("not a chunk's size: {line:?}"))?;
                let start = answer.body.len();
                answer.body.resize(start + size + 2, 0);
                stream.read_exact(&mut answer.body[start..]).await?;
                answer.body.truncate(start + size);
                if size == 0 {
                    break;
                }
            }
        } else if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().context("content-length")?;
            answer.body.resize(length, 0);
            stream.read_exact(&mut answer.body).await?;
        }
        if answer.header("connection") == Some("close") {
            self.stream = None;
        }
        Ok(answer)
    }
}
