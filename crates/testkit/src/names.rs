//! A server of names with a zone of the test's own.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};

/// Answers questions for TXT records (RFC 1035) by UDP; whatever it was not told
/// of does not exist.
#[derive(Debug, Clone)]
pub struct Names {
    /// Where it listens.
    pub address: SocketAddr,
    zone: Arc<Mutex<HashMap<String, String>>>,
}

impl Names {
    /// With an empty zone. It ends with the process.
    pub fn start() -> Names {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let zone: Arc<Mutex<HashMap<String, String>>> = Arc::default();
        let known = zone.clone();
        std::thread::spawn(move || {
            let mut asked = [0; 1500];
            while let Ok((n, who)) = socket.recv_from(&mut asked) {
                let answer = answer(&asked[..n], &known.lock().unwrap());
                if let Some(answer) = answer {
                    let _ = socket.send_to(&answer, who);
                }
            }
        });
        Names { address, zone }
    }

    /// From now on this name has this text.
    pub fn tell(&self, name: &str, text: &str) {
        let mut zone = self.zone.lock().unwrap();
        zone.insert(name.to_ascii_lowercase(), text.to_owned());
    }
}

fn answer(asked: &[u8], zone: &HashMap<String, String>) -> Option<Vec<u8>> {
    let mut at = 12;
    let mut name = Vec::new();
    loop {
        let length = usize::from(*asked.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        name.push(String::from_utf8_lossy(asked.get(at..at + length)?).to_ascii_lowercase());
        at += length;
    }
    let question = asked.get(12..at + 4)?;
    let wants_text = asked.get(at..at + 2)? == [0, 16];
    let text = zone.get(&name.join("."));
    let mut out = asked.get(..2)?.to_vec();
    // An answer, recursion there; "no such name" where there is none.
    out.extend([0x81, if text.is_some() { 0x80 } else { 0x83 }]);
    let answers = u8::from(wants_text && text.is_some());
    out.extend([0, 1, 0, answers, 0, 0, 0, 0]);
    out.extend(question);
    if let Some(text) = text.filter(|_| wants_text) {
        out.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
        let mut data = Vec::new();
        for piece in text.as_bytes().chunks(255) {
            data.push(u8::try_from(piece.len()).unwrap_or(0));
            data.extend(piece);
        }
        out.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
        out.extend(data);
    }
    Some(out)
}
