//! A network that loses and repeats what goes to a server of HTTP: a proxy that
//! knows where a request ends, and an answer.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// The server never hears it.
    Unheard,
    /// The server does it, and its answer gets lost.
    Unanswered,
    /// The server does it twice; the client gets the second answer.
    Repeated,
    /// The client gets this instead of an answer, and the server hears nothing.
    Instead(String),
    /// The server hears it when the test lets it go ([`Lossy::let_go`]).
    Held,
}

#[derive(Debug, Default)]
struct Plan {
    next: Vec<(String, Loss)>,
    random: Option<Random>,
    heads: Vec<String>,
    struck: usize,
    /// Requests that the server works on.
    open: usize,
    /// Requests that wait to be let go.
    held: usize,
}

#[derive(Debug)]
struct Random {
    state: u64,
    percent: u64,
    losses: Vec<Loss>,
}

impl Random {
    /// A number below the limit, by xorshift: the same seed strikes the same
    /// requests again.
    fn below(&mut self, limit: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % limit
    }
}

/// A proxy in front of a server of HTTP.
#[derive(Debug, Clone)]
pub struct Lossy {
    /// Where it listens, on this machine.
    pub port: u16,
    plan: Arc<Mutex<Plan>>,
    going: Arc<Notify>,
}

impl Lossy {
    /// Before a server at `host:port`, which is asked to close after each answer. It
    /// ends with the runtime.
    pub async fn before(server: &str) -> Lossy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let plan: Arc<Mutex<Plan>> = Arc::default();
        let going: Arc<Notify> = Arc::default();
        let (server, shared, held) = (server.to_owned(), plan.clone(), going.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server.clone(), shared.clone(), held.clone()));
            }
        });
        Lossy { port, plan, going }
    }

    /// The next request with this in its first line is lost so.
    pub fn next(&self, word: &str, loss: Loss) {
        self.plan.lock().unwrap().next.push((word.to_owned(), loss));
    }

    /// Waits until a request is held, for half a minute at most.
    ///
    /// # Panics
    /// When none comes.
    pub async fn until_held(&self) {
        for _ in 0..3_000 {
            if self.plan.lock().unwrap().held > 0 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("no request came that was to be held");
    }

    /// A request that is held goes on.
    pub fn let_go(&self) {
        self.plan.lock().unwrap().held -= 1;
        self.going.notify_one();
    }

    /// From now on so many of a hundred requests are lost, in one of these ways.
    /// What the server can not bear twice is never repeated: that is so for
    /// requests with `correspond` in their first line.
    pub fn at_random(&self, seed: u64, percent: u64, losses: &[Loss]) {
        self.plan.lock().unwrap().random = Some(Random {
            state: seed | 1,
            percent,
            losses: losses.to_vec(),
        });
    }

    /// From now on nothing is lost.
    pub fn calm(&self) {
        let mut plan = self.plan.lock().unwrap();
        plan.random = None;
        plan.next.clear();
    }

    /// Waits until the server works on nothing that came this way, for half a
    /// minute at most: whoever asked may be gone long since.
    pub async fn rests(&self) {
        for _ in 0..3_000 {
            if self.plan.lock().unwrap().open == 0 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    /// How many requests were lost so far.
    pub fn struck(&self) -> usize {
        self.plan.lock().unwrap().struck
    }

    /// The first lines and headers of the requests so far.
    pub fn heads(&self) -> Vec<String> {
        self.plan.lock().unwrap().heads.clone()
    }
}

fn due(plan: &Mutex<Plan>, head: &str) -> Option<Loss> {
    let mut plan = plan.lock().unwrap();
    plan.heads.push(head.to_owned());
    let line = head.lines().next().unwrap_or_default();
    let planned = plan.next.iter().position(|(word, _)| line.contains(word));
    let mut loss = planned.map(|at| plan.next.remove(at).1);
    if let (None, Some(random)) = (&loss, &mut plan.random) {
        let struck = random.below(100) < random.percent;
        let which = random.below(random.losses.len() as u64);
        loss = struck.then(|| random.losses[usize::try_from(which).unwrap()].clone());
        if loss == Some(Loss::Repeated) && line.contains("correspond") {
            loss = Some(Loss::Unanswered);
        }
    }
    plan.struck += usize::from(loss.is_some());
    loss
}

async fn carry(mut client: TcpStream, server: String, plan: Arc<Mutex<Plan>>, going: Arc<Notify>) {
    let Some((request, head)) = request(&mut client).await else {
        return;
    };
    let loss = due(&plan, &head);
    plan.lock().unwrap().open += 1;
    let answer = match &loss {
        Some(Loss::Unheard) => None,
        Some(Loss::Instead(answer)) => Some(answer.clone().into_bytes()),
        Some(Loss::Repeated) => {
            ask(&server, &request).await;
            Some(ask(&server, &request).await)
        }
        Some(Loss::Held) => {
            plan.lock().unwrap().held += 1;
            going.notified().await;
            Some(ask(&server, &request).await)
        }
        _ => Some(ask(&server, &request).await),
    };
    plan.lock().unwrap().open -= 1;
    let Some(answer) = answer else { return };
    if loss != Some(Loss::Unanswered) {
        let _ = client.write_all(&answer).await;
        let _ = client.shutdown().await;
    }
}

/// A whole request, and its head as text.
async fn request(client: &mut TcpStream) -> Option<(Vec<u8>, String)> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 16384];
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                let length = name.eq_ignore_ascii_case("content-length");
                length.then(|| value.trim().parse::<usize>().unwrap())
            });
            if bytes.len() >= end + 4 + length.unwrap_or(0) {
                return Some((bytes, head));
            }
        }
        match client.read(&mut chunk).await {
            Ok(n @ 1..) => bytes.extend_from_slice(&chunk[..n]),
            _ => return None,
        }
    }
}

async fn ask(server: &str, request: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    // One that keeps its connections would never end the answer.
    let line = request.windows(2).position(|two| two == b"\r\n");
    let (line, rest) = request.split_at(line.map_or(0, |at| at + 2));
    let request = &[line, b"Connection: close\r\n", rest].concat();
    if let Ok(mut stream) = TcpStream::connect(server).await
        && stream.write_all(request).await.is_ok()
    {
        let _ = stream.read_to_end(&mut answer).await;
    }
    answer
}
