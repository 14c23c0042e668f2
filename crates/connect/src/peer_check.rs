//! The conformance kit: becomes a partner of a desk and finds out whether that
//! desk keeps the protocol of docs/exchange.md. Any implementation can be looked
//! at; the kit listens nowhere, it pushes and pulls.
//!
//! It leaves a ticket behind, and a partner that never comes back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use switchboard_core::exchange::{
    Ask, Attachment, Author, Change, Deed, DeskId, Entry, Field, Role, Shared, SharedId, record,
};
use switchboard_core::{Millis, TicketNumber};

use crate::guard::Guard;
use crate::peer_desk::{Call, LARGEST_ANSWER, Once, PeerDesk};
use crate::probe::{Check, Mark, check};
use crate::signature::SigningKey;

/// Where the protocol lies on a desk.
const PEER: &str = "/api/v1/exchange/peer";
/// What is spoken.
const PROTOCOL: &str = "switchboard-exchange/1";
/// How often the desk is asked for what it should answer, and how long between.
const PATIENCE: (u32, std::time::Duration) = (20, std::time::Duration::from_millis(250));

/// What the kit is given.
#[derive(Debug, Clone)]
pub struct Trial {
    /// Where the desk is reached, without a slash at the end.
    pub base_url: String,
    /// An invitation of that desk, made for this; without it only what anybody may
    /// ask is looked at.
    pub invitation: Option<String>,
    /// 32 random bytes for the kit's own key.
    pub seed: [u8; 32],
    /// A word that no other run has: 16 letters or digits at least.
    pub word: String,
    /// The time, in milliseconds since 1970.
    pub now: Millis,
}

/// The desk as it makes itself known.
#[derive(Debug, Clone, Deserialize)]
struct Identity {
    protocol: String,
    desk: String,
    public_key: String,
}

struct Kit<'a> {
    trial: &'a Trial,
    guard: &'a Guard,
    key: SigningKey,
    me: DeskId,
    to: String,
    so_far: std::cell::Cell<u64>,
    checks: Vec<Check>,
}

impl Kit<'_> {
    fn peer<'b>(&'b self, key: &'b SigningKey, me: &'b str) -> PeerDesk<'b> {
        PeerDesk {
            guard: self.guard,
            key,
            me,
            base_url: &self.trial.base_url,
            to: &self.to,
        }
    }

    fn once(&self) -> Once {
        let n = self.so_far.get() + 1;
        self.so_far.set(n);
        Once {
            now: self.trial.now / 1_000,
            nonce: format!("{}-{n}", self.trial.word),
        }
    }

    /// A line of the answer.
    fn says(&mut self, good: bool, what: &str, found: impl std::fmt::Display) -> bool {
        let mark = if good { Mark::Good } else { Mark::Bad };
        let detail = if good {
            String::new()
        } else {
            found.to_string()
        };
        self.checks.push(check(mark, what, detail));
        good
    }

    async fn ask(&self, call: Call<'_>) -> (u16, Value) {
        let peer = self.peer(&self.key, self.me.as_str());
        let headers = peer.signed(&call, &self.once());
        answered(peer.send(call, &headers, LARGEST_ANSWER).await)
    }

    async fn push(&self, from: u64, changes: &[Value]) -> (u16, Value) {
        let path = format!("{PEER}/changes");
        let body = json!({"from": from, "changes": changes});
        self.ask(Call::post(&path, body.to_string().into_bytes()))
            .await
    }
}

fn answered(answer: Result<(u16, Vec<u8>), crate::peer_desk::Fault>) -> (u16, Value) {
    match answer {
        Ok((status, body)) => (status, serde_json::from_slice(&body).unwrap_or_default()),
        Err(fault) => (0, json!(fault.to_string())),
    }
}

fn text_of(change: &Change) -> Value {
    serde_json::to_value(change).unwrap_or_default()
}

fn entry(body: &str) -> Entry {
    Entry {
        author: Author {
            role: Role::Requester,
            name: Some("Conformance kit".to_owned()),
            address: None,
        },
        body: body.to_owned(),
        erased: false,
    }
}

/// Looks at a desk. The lines say what was looked at; of what is not as it should
/// be, what was found instead.
pub async fn run(guard: &Guard, trial: &Trial) -> Vec<Check> {
    let Some(key) = SigningKey::of(&trial.seed) else {
        return vec![check(Mark::Bad, "the kit's own key", "has another length")];
    };
    let named = DeskId::new(&format!("check-{}", trial.word.to_ascii_lowercase()));
    let Some(me) = named else {
        return vec![check(Mark::Bad, "the kit's own name", "can not be written")];
    };
    let mut kit = Kit {
        trial,
        guard,
        key,
        me,
        to: String::new(),
        so_far: std::cell::Cell::new(0),
        checks: Vec::new(),
    };
    if kit.open().await
        && let Some(invitation) = &trial.invitation
        && let Some(gives) = kit.accepts(invitation).await
    {
        kit.signatures().await;
        if gives {
            kit.ticket().await;
        } else {
            let what = "no ticket was tried: the invitation lets none come from the kit";
            kit.checks
                .push(check(Mark::Odd, what, "invite it with \"takes\": true"));
        }
    }
    kit.checks
}

impl Kit<'_> {
    /// What anybody may ask.
    async fn open(&mut self) -> bool {
        let peer = self.peer(&self.key, self.me.as_str());
        let (status, body) = answered(peer.send(Call::get(PEER, ""), &[], LARGEST_ANSWER).await);
        let identity: Option<Identity> = serde_json::from_value(body.clone()).ok();
        let known = identity.filter(|i| {
            status == 200
                && i.protocol == PROTOCOL
                && DeskId::new(&i.desk).is_some()
                && crate::signature::is_key(&i.public_key)
        });
        let found = format!("{status} {body}");
        let Some(identity) = known else {
            return self.says(false, "it makes itself known, with name and key", found);
        };
        self.says(true, "it makes itself known, with name and key", "");
        self.to = identity.desk;
        let path = format!("{PEER}/logs");
        let peer = self.peer(&self.key, self.me.as_str());
        let plain = peer.send(Call::get(&path, ""), &[], LARGEST_ANSWER).await;
        let (status, body) = answered(plain);
        let what = "a request that is not signed is refused with 401";
        self.says(status == 401, what, format!("{status} {body}"));
        let (status, body) = self.ask(Call::get(&path, "")).await;
        let what = "a desk that is no partner is refused with 401";
        self.says(status == 401, what, format!("{status} {body}"))
    }

    /// Becomes a partner. Gives whether tickets may come from the kit.
    async fn accepts(&mut self, invitation: &str) -> Option<bool> {
        let text: String = invitation.chars().filter(|c| !c.is_whitespace()).collect();
        let letter: Option<Value> = text
            .rsplit_once('.')
            .and_then(|(_, rest)| URL_SAFE_NO_PAD.decode(rest).ok())
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let Some(letter) = letter else {
            self.says(
                false,
                "the invitation can be read",
                "it is not copied as a whole",
            );
            return None;
        };
        let (me, base_url) = (self.me.clone(), self.trial.base_url.clone());
        let body = |key: &SigningKey| {
            json!({
                "from": {
                    "protocol": PROTOCOL, "desk": me.as_str(), "title": "Conformance kit",
                    "base_url": base_url, "public_key": key.public(),
                },
                "token": letter["token"], "terms": letter["terms"],
            })
        };
        let other = json!({"token": "nobody-was-given-this", "from": body(&self.key)["from"]});
        let refusal = format!("{PEER}/refusal");
        let call = Call::post(&refusal, other.to_string().into_bytes());
        let (status, said) = self.ask(call).await;
        let what = "an invitation that is none can not be declined";
        self.says(status == 403, what, format!("{status} {said}"));
        let path = format!("{PEER}/acceptance");
        let first = body(&self.key).to_string().into_bytes();
        let (status, said) = self.ask(Call::post(&path, first.clone())).await;
        let what = "an invitation can be accepted";
        if !self.says(status == 200, what, format!("{status} {said}")) {
            return None;
        }
        let (status, said) = self.ask(Call::post(&path, first)).await;
        let what = "and once more by the same desk, for the answer may get lost";
        self.says(status == 200, what, format!("{status} {said}"));
        let mut other = self.trial.seed;
        other[0] ^= 1;
        if let Some(other) = SigningKey::of(&other) {
            let call = Call::post(&path, body(&other).to_string().into_bytes());
            let peer = self.peer(&other, self.me.as_str());
            let headers = peer.signed(&call, &self.once());
            let (status, said) = answered(peer.send(call, &headers, LARGEST_ANSWER).await);
            let what = "by a desk with another key it can not";
            self.says(status == 403, what, format!("{status} {said}"));
        }
        let declined = json!({"token": letter["token"], "from": body(&self.key)["from"]});
        let call = Call::post(&refusal, declined.to_string().into_bytes());
        let (status, said) = self.ask(call).await;
        let what = "one that was accepted can not be declined any more";
        self.says(status == 403, what, format!("{status} {said}"));
        Some(letter["terms"]["gives"] == json!(true))
    }

    /// What is believed and what is not.
    async fn signatures(&mut self) {
        let path = format!("{PEER}/logs");
        let call = Call::get(&path, "");
        let peer = self.peer(&self.key, self.me.as_str());
        let headers = peer.signed(&call, &self.once());
        let (first, said) = answered(peer.send(call.clone(), &headers, LARGEST_ANSWER).await);
        let (again, _) = answered(peer.send(call.clone(), &headers, LARGEST_ANSWER).await);
        let places = ["end", "acked", "recorded"]
            .iter()
            .all(|p| said[*p] == json!(0));
        self.says(
            first == 200 && places,
            "a signed request is answered; both logs are empty",
            format!("{first} {said}"),
        );
        self.says(
            again == 401,
            "the same request twice is refused with 401",
            again,
        );
        let peer = self.peer(&self.key, self.me.as_str());
        let headers = peer.signed(&call, &self.once());
        let changes = format!("{PEER}/changes");
        let moved = Call::get(&changes, "after=0");
        let (status, _) = answered(peer.send(moved, &headers, LARGEST_ANSWER).await);
        self.says(
            status == 401,
            "a signature counts for its own path only",
            status,
        );
        let peer = self.peer(&self.key, self.me.as_str());
        let call = Call::post(&changes, br#"{"from":1,"changes":[]}"#.to_vec());
        let headers = peer.signed(&call, &self.once());
        let forged = Call::post(&changes, br#"{"from":2,"changes":[]}"#.to_vec());
        let (status, _) = answered(peer.send(forged, &headers, LARGEST_ANSWER).await);
        self.says(status == 401, "and for its own body only", status);
        let old = Once {
            now: self.trial.now / 1_000 - 86_400,
            ..self.once()
        };
        let peer = self.peer(&self.key, self.me.as_str());
        let call = Call::get(&path, "");
        let headers = peer.signed(&call, &old);
        let (status, _) = answered(peer.send(call, &headers, LARGEST_ANSWER).await);
        self.says(status == 401, "a signature of yesterday is over", status);
        let mut stranger = self.trial.seed;
        stranger[1] ^= 1;
        if let Some(stranger) = SigningKey::of(&stranger) {
            let peer = self.peer(&stranger, self.me.as_str());
            let call = Call::get(&path, "");
            let headers = peer.signed(&call, &self.once());
            let (status, _) = answered(peer.send(call, &headers, LARGEST_ANSWER).await);
            self.says(status == 401, "another key is not believed", status);
        }
    }

    /// What becomes of a ticket.
    async fn ticket(&mut self) {
        let (me, now) = (self.me.clone(), self.trial.now);
        let id = SharedId {
            desk: me.clone(),
            number: TicketNumber(1),
        };
        let mut shared = Shared::new(id.clone());
        let mut log: Vec<Change> = Vec::new();
        let mut take = |shared: &mut Shared, change: Change| {
            let recorded = record(shared, change, &me, &[], &[], now);
            log.extend(recorded.log.iter().cloned());
            recorded.log
        };
        let fields = [
            (
                Field::Subject,
                "Conformance check: please ignore".to_owned(),
            ),
            (Field::Status, "assigned".to_owned()),
            (Field::Priority, "low".to_owned()),
            (Field::Category, "test".to_owned()),
        ];
        let opened = Shared::open(
            id,
            entry("Made by the conformance kit."),
            fields.into(),
            now,
        );
        let first = take(&mut shared, opened);
        let first: Vec<Value> = first.iter().map(text_of).collect();
        let place = |said: &Value| said["recorded"].as_u64();
        let (status, said) = self.push(1, &first).await;
        let what = "a ticket is taken, and its place acknowledged";
        if !self.says(
            status == 200 && place(&said) == Some(1),
            what,
            format!("{status} {said}"),
        ) {
            return;
        }
        let (_, said) = self.push(1, &first).await;
        self.says(
            place(&said) == Some(1),
            "the same again changes nothing",
            &said,
        );
        let (_, said) = self.push(5, &first).await;
        let what = "a piece that comes too early is asked for from where it is missing";
        self.says(place(&said) == Some(1), what, &said);

        // What can not be taken holds up nothing.
        let Ok(written) = shared.write(&self.me, entry("A second entry."), now) else {
            return;
        };
        let second = take(&mut shared, written).remove(0);
        let mut loops = second.clone();
        loops.path = vec![loops.name.desk.clone(), second.name.desk.clone()];
        if let Some(them) = DeskId::new(&self.to) {
            loops.path.insert(1, them);
        }
        let mut forged = second.clone();
        forged.path = Vec::new();
        let bad = json!({"kind": "from another time"});
        let piece = [text_of(&loops), text_of(&forged), bad, text_of(&second)];
        let (_, said) = self.push(2, &piece).await;
        let what = "what came back, lies about its way or can not be read is set aside, and the \
                    next is taken";
        if !self.says(place(&said) == Some(5), what, &said) {
            return;
        }
        let mut end = self.file(&mut shared, &mut take, 5).await;

        // The baton goes there and is asked for; something is erased.
        let Some(them) = DeskId::new(&self.to) else {
            return;
        };
        let passed = shared.pass(&self.me, them.clone(), String::new(), now);
        let passed = passed.map(|change| take(&mut shared, change));
        let asked = shared.ask(&self.me, Ask::Baton, now);
        let asked = asked.map(|change| take(&mut shared, change));
        let erased = shared.erase(&self.me, vec![second.name.clone()], now);
        let erased = erased.map(|change| take(&mut shared, change));
        let (Ok(passed), Ok(asked), Ok(erased)) = (passed, asked, erased) else {
            self.says(false, "the kit's own changes", "can not be made");
            return;
        };
        let piece: Vec<Value> = [passed, asked, erased]
            .concat()
            .iter()
            .map(text_of)
            .collect();
        let (_, said) = self.push(end + 1, &piece).await;
        end += piece.len() as u64;
        let what = "baton, ask and erasure are recorded";
        self.says(place(&said) == Some(end), what, &said);

        let mut cursor = 0;
        let (mut echo, mut receipt, mut back) = (0, false, false);
        for _ in 0..PATIENCE.0 {
            let path = format!("{PEER}/changes");
            let query = format!("after={cursor}");
            let (status, said) = self.ask(Call::get(&path, &query)).await;
            let piece = said["changes"].as_array().cloned().unwrap_or_default();
            if status != 200 {
                self.says(false, "its log can be pulled", format!("{status} {said}"));
                return;
            }
            cursor += piece.len() as u64;
            for value in piece {
                let Ok(change) = serde_json::from_value::<Change>(value.clone()) else {
                    self.says(false, "what it sends can be read", value);
                    return;
                };
                echo += u32::from(change.path.contains(&self.me));
                receipt |= matches!(&change.deed, Deed::ErasureDone { problem: None, .. });
                record(&mut shared, change, &self.me, &[], &[], now);
                back = *shared.baton().holder() == self.me;
            }
            if receipt && back {
                break;
            }
            tokio::time::sleep(PATIENCE.1).await;
        }
        self.says(echo == 0, "nothing that the kit sent comes back", echo);
        self.says(
            receipt,
            "an erasure is answered with a receipt",
            "none came",
        );
        let what = "the desk that opened a ticket gets the baton that it asks for";
        self.says(back, what, format!("{} has it", shared.baton().holder()));
        let faults = shared.baton().faults().count();
        self.says(
            faults == 0,
            "nobody passes a baton that they do not have",
            faults,
        );
        let path = format!("{PEER}/logs");
        let query = format!("after={cursor}");
        let changes = format!("{PEER}/changes");
        self.ask(Call::get(&changes, &query)).await;
        let (_, said) = self.ask(Call::get(&path, "")).await;
        let what = "asking from a place acknowledges everything up to it";
        let acked = said["acked"].as_u64() == Some(cursor);
        self.says(acked && said["recorded"].as_u64() == Some(end), what, &said);
    }

    /// A file goes with the entry; gives the place that was recorded last.
    async fn file(
        &mut self,
        shared: &mut Shared,
        take: &mut impl FnMut(&mut Shared, Change) -> Vec<Change>,
        end: u64,
    ) -> u64 {
        let bytes = format!("a file of {}", self.trial.word).into_bytes();
        let sha256: String = Sha256::digest(&bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let Some(entry) = shared.entries().keys().next().cloned() else {
            return end;
        };
        let attachment = Attachment {
            entry,
            file: "check.txt".to_owned(),
            media_type: "text/plain".to_owned(),
            bytes: bytes.len() as u64,
            sha256: sha256.clone(),
            erased: false,
        };
        let Ok(attached) = shared.attach(&self.me, attachment, self.trial.now) else {
            return end;
        };
        let piece: Vec<Value> = take(shared, attached).iter().map(text_of).collect();
        let (_, said) = self.push(end + 1, &piece).await;
        if said["missing_files"] == json!([sha256]) {
            self.says(true, "a file that is not there yet is asked for", "");
            let path = format!("{PEER}/files/{sha256}");
            let call = Call {
                method: "PUT",
                path: &path,
                query: "",
                media_type: "application/octet-stream",
                body: bytes,
            };
            let (status, answer) = self.ask(call).await;
            self.says(status == 204, "and taken", format!("{status} {answer}"));
            let (_, said) = self.push(end + 1, &piece).await;
            let done = said["recorded"].as_u64() == Some(end + 1);
            self.says(done, "and then what names it is recorded", said);
        } else {
            // Where no files may pass, that there is one is recorded all the same.
            let done = said["recorded"].as_u64() == Some(end + 1);
            self.says(done, "a file is asked for, or only noted", said);
        }
        end + 1
    }
}
