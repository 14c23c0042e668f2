//! A network that fails where a test wants it to: a proxy for protocols of
//! lines, such as IMAP, LMTP and SMTP.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What goes wrong, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// The connection ends when the client says this; the server never hears it.
    Unheard(String),
    /// The server hears what the client says, and the connection ends before
    /// its answer is back.
    Unanswered(String),
    /// The connection ends after so many bytes of the answer to this.
    Torn(String, usize),
    /// The client gets this instead of an answer, and the server hears nothing;
    /// `{tag}` is the first word of what the client said.
    Answered(String, String),
    /// The answer to this takes so long.
    Slow(String, Duration),
    /// The answer to this comes, and after it nothing any more in either direction,
    /// and no end either: a line that died without a word.
    Mute(String),
}

impl Wrong {
    fn word(&self) -> &str {
        match self {
            Wrong::Unheard(word)
            | Wrong::Unanswered(word)
            | Wrong::Torn(word, _)
            | Wrong::Answered(word, _)
            | Wrong::Slow(word, _)
            | Wrong::Mute(word) => word,
        }
    }
}

/// For so long somebody who answered STARTTLS in the server's place listens.
const LISTEN: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
struct Plan {
    next: Option<Wrong>,
    struck: usize,
    heard: Vec<u8>,
}

/// A proxy in front of a server.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Where it listens, on this machine.
    pub port: u16,
    plan: Arc<Mutex<Plan>>,
}

impl Proxy {
    /// Before a server at `host:port`. It ends with the runtime.
    pub async fn before(server: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let plan: Arc<Mutex<Plan>> = Arc::default();
        let (server, shared) = (server.to_owned(), plan.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, plan) = (server.clone(), shared.clone());
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(&server).await {
                        carry(client, server, plan).await;
                    }
                });
            }
        });
        Proxy { port, plan }
    }

    /// The next time that the client says the word, this happens.
    pub fn next(&self, wrong: Wrong) {
        self.plan.lock().unwrap().next = Some(wrong);
    }

    /// What clients said so far, as whoever sits on the line reads it.
    pub fn heard(&self) -> Vec<u8> {
        self.plan.lock().unwrap().heard.clone()
    }

    /// How often something went wrong so far.
    pub fn struck(&self) -> usize {
        self.plan.lock().unwrap().struck
    }
}

fn due(plan: &Mutex<Plan>, said: &[u8]) -> Option<Wrong> {
    let mut plan = plan.lock().unwrap();
    let heard = String::from_utf8_lossy(said).to_ascii_uppercase();
    let matches = |wrong: &Wrong| heard.contains(&wrong.word().to_ascii_uppercase());
    if !plan.next.as_ref().is_some_and(matches) {
        return None;
    }
    plan.struck += 1;
    plan.next.take()
}

async fn carry(mut client: TcpStream, mut server: TcpStream, plan: Arc<Mutex<Plan>>) {
    let (mut from_client, mut from_server) = (vec![0; 16384], vec![0; 16384]);
    // Bytes of the server's that still go through.
    let mut left = None;
    // From STARTTLS on there are no lines any more that anybody else reads.
    let mut sealed = false;
    let mut mute = false;
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let Ok(n @ 1..) = read else { return };
                let mut said = from_client[..n].to_vec();
                // A command comes in pieces on a busy machine: its tag, its words and
                // its end. It is looked at, and passed on, when it is whole; else the
                // answer to it would not have its tag, and the client would wait.
                while !sealed && !said.ends_with(b"\n") {
                    let Ok(n @ 1..) = client.read(&mut from_client).await else { return };
                    said.extend_from_slice(&from_client[..n]);
                }
                plan.lock().unwrap().heard.extend_from_slice(&said);
                let wrong = if sealed { None } else { due(&plan, &said) };
                sealed |= String::from_utf8_lossy(&said).to_ascii_uppercase().contains("STARTTLS\r\n");
                let said = said.as_slice();
                match wrong {
                    Some(Wrong::Unheard(_)) => return,
                    Some(Wrong::Unanswered(_)) => {
                        if server.write_all(said).await.is_ok() {
                            // Its answer is taken, so that it was done, and thrown away.
                            let _ = server.read(&mut from_server).await;
                        }
                        return;
                    }
                    Some(Wrong::Torn(_, bytes)) => left = Some(bytes),
                    Some(Wrong::Answered(_, answer)) => {
                        let said = String::from_utf8_lossy(said);
                        let tag = said.split_whitespace().next().unwrap_or("*");
                        let answer = answer.replace("{tag}", tag);
                        // The server still waits for the end of the mail: nobody goes on
                        // with it, and whatever was said along with that end.
                        if client.write_all(answer.as_bytes()).await.is_err()
                            || said.contains("\r\n.\r\n")
                        {
                            return;
                        }
                        if sealed {
                            // Whoever answered has no key: what is said now is only heard.
                            let more = client.read(&mut from_client);
                            if let Ok(Ok(n)) = tokio::time::timeout(LISTEN, more).await {
                                plan.lock().unwrap().heard.extend_from_slice(&from_client[..n]);
                            }
                            return;
                        }
                        continue;
                    }
                    Some(Wrong::Slow(_, time)) => tokio::time::sleep(time).await,
                    Some(Wrong::Mute(_)) => mute = true,
                    None => {}
                }
                if server.write_all(said).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut from_server) => {
                let Ok(n @ 1..) = read else { return };
                let n = left.map_or(n, |left: usize| n.min(left));
                if client.write_all(&from_server[..n]).await.is_err() {
                    return;
                }
                if mute {
                    return std::future::pending().await;
                }
                if let Some(left) = &mut left {
                    *left -= n;
                    if *left == 0 {
                        return;
                    }
                }
            }
        }
    }
}
