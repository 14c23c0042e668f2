//! Does a tracker's API answer, and as whom? For the form by which a provider
//! couples its system: it says exactly what is wrong.
//!
//! Only reads are made. The secret goes along only where the caller says that
//! it may go to this host.

use openidconnect::http::{Method, Request, Response};
use serde_json::Value;

use crate::guard::{Fault, Guard};
use crate::tracker;

/// Bytes of an answer that are read.
const LARGEST: usize = 512 * 1024;

/// What is asked.
#[derive(Clone)]
pub struct Question {
    /// `rt`, `zammad`, `ggus`, `ggus_soap`, `jira`, `github`, `gitlab`, `switchboard`.
    pub system: String,
    /// The address of its API.
    pub endpoint: String,
    /// Queue, group, project or repository.
    pub queue: String,
    /// The secret, when there is one for this host.
    pub secret: Option<String>,
}

impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question")
            .field("system", &self.system)
            .field("endpoint", &self.endpoint)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

/// How a line of the answer is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// As it should be.
    Good,
    /// It works, but look at it.
    Odd,
    /// It does not work.
    Bad,
}

/// A line of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// How it is meant.
    pub mark: Mark,
    /// What was found.
    pub text: String,
    /// What to do about it, or empty.
    pub detail: String,
}

pub(crate) fn check(mark: Mark, text: impl Into<String>, detail: impl Into<String>) -> Check {
    Check {
        mark,
        text: text.into(),
        detail: detail.into(),
    }
}

/// How a system is asked who one is, and for a queue.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    /// Its name.
    pub(crate) name: &'static str,
    /// The path that tells who one is.
    pub(crate) me: &'static str,
    /// Where in that answer the name stands; empty: it tells a stranger nothing.
    pub(crate) names: &'static [&'static str],
    /// The path of a queue; `{}` is its name. Empty: see `listed`.
    pub(crate) queue: &'static str,
    /// A path that lists the queues by name.
    pub(crate) listed: &'static str,
    /// The header that carries the secret, and what stands before it.
    pub(crate) header: (&'static str, &'static str),
}

fn way(system: &str) -> Option<Way> {
    let bearer = ("authorization", "Bearer ");
    if let Some(kind) = tracker::kind(system) {
        return Some(kind.way);
    }
    Some(match system {
        "switchboard" => Way {
            name: "Switchboard",
            me: "/api/v1/people/me",
            names: &["name", "email"],
            queue: "/api/v1/units/{}",
            listed: "",
            header: bearer,
        },
        _ => return None,
    })
}

/// A text as one part of a path; with `parts`, slashes stay.
pub(crate) fn escaped(text: &str, parts: bool) -> String {
    let mut out = String::new();
    for byte in text.trim().bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-_~".contains(&byte);
        // A dot alone could lead up the path.
        if plain || (byte == b'.' && text != "." && text != "..") || (parts && byte == b'/') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Asks a system who we are there and whether the queue is there.
pub async fn probe(guard: &Guard, question: &Question) -> Vec<Check> {
    let Some(way) = way(&question.system) else {
        return vec![check(
            Mark::Bad,
            "No system is chosen",
            "Choose the one you work in.",
        )];
    };
    let base = question.endpoint.trim().trim_end_matches('/');
    if let Err(fault) = guard.check_url(base) {
        return vec![check(
            Mark::Bad,
            "This address is not called",
            fault.to_string(),
        )];
    }
    let mut found = Vec::new();
    let me = match ask(guard, question, &way, &format!("{base}{}", way.me)).await {
        Ok(answer) => answer,
        Err(fault) => return vec![unreached(&fault)],
    };
    let host = base.split("://").nth(1).unwrap_or(base);
    let host = host.split('/').next().unwrap_or(host);
    found.push(check(Mark::Good, format!("Found and reached {host}"), ""));
    if base.starts_with("https://") {
        found.push(check(Mark::Good, "Its certificate is valid", ""));
    }
    if way.names.is_empty() {
        found.push(no_secret());
        return found;
    }
    match identity(&way, &me) {
        Ok(name) if way.me == "/rt" => {
            found.push(check(Mark::Good, format!("It is {} {name}", way.name), ""));
        }
        Ok(name) => found.push(check(Mark::Good, format!("Signed in as {name}"), "")),
        Err(wrong) => {
            found.push(if question.secret.is_none() && is_refusal(&me) {
                no_secret()
            } else {
                wrong
            });
            return found;
        }
    }
    found.push(queue(guard, question, &way, base).await);
    found
}

fn no_secret() -> Check {
    check(
        Mark::Odd,
        "It asks who we are, and no secret was sent",
        "The operator keeps none of this name for this host yet.",
    )
}

fn is_refusal(answer: &Response<Vec<u8>>) -> bool {
    matches!(answer.status().as_u16(), 401 | 403)
}

/// Who we are there, or what is wrong.
fn identity(way: &Way, answer: &Response<Vec<u8>>) -> Result<String, Check> {
    let status = answer.status().as_u16();
    match status {
        200..=299 => {}
        401 | 403 => {
            return Err(check(
                Mark::Bad,
                format!("{} does not accept our secret (HTTP {status})", way.name),
                "Look whether it is the right account’s, and whether it has expired.",
            ));
        }
        404 => {
            return Err(check(
                Mark::Bad,
                format!("There is no API of {} at this address (HTTP 404)", way.name),
                "Something answers, but not there. Look at the path of the address.",
            ));
        }
        _ => {
            return Err(check(
                Mark::Bad,
                format!("It answers with HTTP {status}"),
                "That is a fault of the other side, or of something before it.",
            ));
        }
    }
    let json: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    way.names
        .iter()
        .find_map(|name| json.get(name).and_then(Value::as_str))
        .filter(|name| !name.is_empty())
        .map(|name| name.chars().filter(|c| !c.is_control()).take(80).collect())
        .ok_or_else(|| {
            check(
                Mark::Bad,
                format!("What answers there is not {}", way.name),
                "It answers, but not as that system does. Look at the address and the system.",
            )
        })
}

async fn queue(guard: &Guard, question: &Question, way: &Way, base: &str) -> Check {
    let name = question.queue.trim();
    if name.is_empty() {
        return check(Mark::Odd, "No queue was named yet", "");
    }
    let path = if way.queue.is_empty() {
        way.listed.to_owned()
    } else {
        way.queue
            .replace("{/}", &escaped(name, true))
            .replace("{}", &escaped(name, false))
    };
    let answer = match ask(guard, question, way, &format!("{base}{path}")).await {
        Ok(answer) => answer,
        Err(fault) => return unreached(&fault),
    };
    let status = answer.status().as_u16();
    let there = match status {
        200..=299 if way.queue.is_empty() => {
            let all: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
            all.as_array()
                .is_some_and(|all| all.iter().any(|one| one["name"] == name))
        }
        200..=299 => true,
        _ => false,
    };
    match (there, status) {
        (true, _) => check(Mark::Good, format!("{name} can be read"), ""),
        (false, 200..=299 | 404) => check(
            Mark::Bad,
            format!("There is no {name} that our account can see"),
            "Look at its name, and at what the account may see.",
        ),
        (false, 401 | 403) => check(
            Mark::Bad,
            format!("Our account may not read {name} (HTTP {status})"),
            "Give the account the right to read and write it.",
        ),
        (false, _) => check(
            Mark::Bad,
            format!("Asked for {name}, it answers with HTTP {status}"),
            "",
        ),
    }
}

async fn ask(
    guard: &Guard,
    question: &Question,
    way: &Way,
    url: &str,
) -> Result<Response<Vec<u8>>, Fault> {
    let mut request = Request::builder()
        .method(Method::GET)
        .uri(url)
        .header("accept", "application/json");
    if let Some(secret) = &question.secret {
        let (name, before) = way.header;
        request = request.header(name, format!("{before}{secret}"));
    }
    let request = request
        .body(Vec::new())
        .map_err(|_| Fault::Refused("the address or the secret can not be sent".to_owned()))?;
    guard.call(request, LARGEST).await
}

/// Why nothing was reached, sorted by what to do about it.
pub(crate) fn unreached(fault: &Fault) -> Check {
    let text = fault.to_string();
    let lower = text.to_lowercase();
    match fault {
        Fault::Refused(_) => check(Mark::Bad, "This address is not called", text),
        Fault::Slow(_) => check(Mark::Bad, "It takes too long to answer", text),
        Fault::Redirected { .. } => check(Mark::Bad, "It sends us elsewhere", text),
        Fault::TooLarge { .. } => check(Mark::Bad, "It answers with far too much", text),
        Fault::Unreachable(_) if lower.contains("certificate") => check(
            Mark::Bad,
            "Its certificate is not one that we can trust",
            text,
        ),
        Fault::Unreachable(_)
            if ["corrupt message", "tls", "handshake"]
                .iter()
                .any(|word| lower.contains(word)) =>
        {
            check(Mark::Bad, "It does not speak TLS there", text)
        }
        Fault::Unreachable(_) if lower.contains("refused") => {
            check(Mark::Bad, "It refuses the connection", text)
        }
        Fault::Unreachable(_) if lower.contains("looked up") || lower.contains("lookup") => {
            check(Mark::Bad, "There is no machine of this name", text)
        }
        Fault::Unreachable(_) => check(Mark::Bad, "It can not be reached", text),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;
    use crate::guard::Reach;

    /// A machine that answers every request with this status and body, and says
    /// what it was sent.
    fn answering(
        status: &'static str,
        body: &'static str,
    ) -> (String, std::sync::mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut bytes = [0; 4096];
                let n = stream.read(&mut bytes).unwrap_or(0);
                let asked = String::from_utf8_lossy(&bytes[..n]).into_owned();
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes());
                if tell.send(asked).is_err() {
                    return;
                }
            }
        });
        (format!("http://{address}"), told)
    }

    fn question(system: &str, endpoint: &str) -> Question {
        Question {
            system: system.into(),
            endpoint: endpoint.into(),
            queue: "sky".into(),
            secret: Some("s3cret".into()),
        }
    }

    fn guard() -> Guard {
        Guard::new(Reach::parse("127.0.0.1").unwrap())
    }

    async fn texts(question: &Question) -> Vec<String> {
        let found = probe(&guard(), question).await;
        found.into_iter().map(|c| c.text).collect()
    }

    #[tokio::test]
    async fn a_tracker_that_knows_us_is_told_by_its_own_words() {
        let (at, told) = answering("200 OK", "{\"Version\": \"5.0.7\"}");
        let rt = texts(&question("rt", &at)).await;
        assert!(
            rt.contains(&"It is Request Tracker 5.0.7".to_owned()),
            "{rt:?}"
        );
        assert!(rt.contains(&"sky can be read".to_owned()), "{rt:?}");
        let asked = told.recv().unwrap();
        assert!(asked.starts_with("GET /rt "), "{asked}");
        assert!(
            asked.to_lowercase().contains("authorization: token s3cret"),
            "{asked}"
        );
        let asked = told.recv().unwrap();
        assert!(asked.starts_with("GET /queue/sky "), "{asked}");
    }

    #[tokio::test]
    async fn each_thing_that_can_be_wrong_is_said_as_what_it_is() {
        for (status, body, said) in [
            (
                "401 Unauthorized",
                "{}",
                "GitHub does not accept our secret (HTTP 401)",
            ),
            (
                "404 Not Found",
                "{}",
                "There is no API of GitHub at this address (HTTP 404)",
            ),
            ("503 Service Unavailable", "", "It answers with HTTP 503"),
            (
                "200 OK",
                "<html>hello</html>",
                "What answers there is not GitHub",
            ),
            ("302 Found", "", "It sends us elsewhere"),
        ] {
            let (at, _told) = answering(status, body);
            let found = texts(&question("github", &at)).await;
            assert_eq!(found.last().map(String::as_str), Some(said), "{status}");
        }
        // A port that nobody listens on.
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let found = texts(&question("rt", &format!("http://{free}"))).await;
        assert_eq!(found, ["It refuses the connection"]);
        for bad in [
            "https://10.0.0.1/",
            "http://rt.example.org/",
            "ftp://x/",
            "rt",
        ] {
            let found = texts(&question("rt", bad)).await;
            assert_eq!(found, ["This address is not called"], "{bad}");
        }
        assert_eq!(
            texts(&question("", "https://x.example")).await,
            ["No system is chosen"]
        );
    }

    #[tokio::test]
    async fn what_speaks_no_tls_is_told_as_that() {
        let (at, _told) = answering("200 OK", "{}");
        let found = texts(&question("rt", &at.replace("http:", "https:"))).await;
        assert_eq!(found, ["It does not speak TLS there"]);
    }

    #[tokio::test]
    async fn without_a_secret_none_is_sent() {
        let (at, told) = answering("401 Unauthorized", "{}");
        let asked = Question {
            secret: None,
            ..question("zammad", &at)
        };
        let found = texts(&asked).await;
        assert_eq!(
            found.last().map(String::as_str),
            Some("It asks who we are, and no secret was sent")
        );
        let sent = told.recv().unwrap().to_lowercase();
        assert!(!sent.contains("authorization"), "{sent}");
    }

    #[test]
    fn names_lead_nowhere_else() {
        assert_eq!(escaped("../admin?x=1", false), "..%2Fadmin%3Fx%3D1");
        assert_eq!(escaped("..", false), "%2E%2E");
        assert_eq!(escaped("sky/atlas", true), "sky/atlas");
    }

    #[test]
    fn a_question_keeps_its_secret() {
        let text = format!("{:?}", question("rt", "https://rt.example"));
        assert!(!text.contains("s3cret"), "{text}");
    }
}
