//! Mail that nobody would write: real mails, torn and put together anew, through
//! parse, thread, sanitise and trim. A seeded loop instead of a fuzzer, so that
//! it runs on the stable compiler and in every run of the tests; a failure names
//! the seed that makes the same input again.
//!
//! `SWITCHBOARD_FUZZ_SECONDS` says for how long in time of one processor (4 without it), and
//! `SWITCHBOARD_FUZZ_SEED` where it begins.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use mail::{Address, Candidate, Limits, OwnAddresses, ThreadKeys};

use crate::corpus::{folder, messages};

/// Larger ones only make the loop slow; what is large has tests of its own.
const MOST_BYTES: usize = 48 * 1024;
/// One input, in a build without optimisation.
const PATIENCE: Duration = Duration::from_secs(5);

/// What breaks readers of mail and of HTML.
const PIECES: &[&[u8]] = &[
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\xff\xfe",
    b"\xe2\x80\xae",
    b"=?utf-8?B?",
    b"=?iso-2022-jp?Q?=1B$B?=",
    b"?=",
    b"=3D=\r\n",
    b"Content-Type: multipart/mixed; boundary=x\r\n",
    b"Content-Type: message/rfc822\r\n",
    b"Content-Type: text/html; charset=utf-7\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Disposition: attachment; filename*0*=utf-8''a%00; filename*1=../b\r\n",
    b"--x\r\n",
    b"--x--\r\n",
    b"From: a@b, c@d\r\n",
    b"To: desk+7.aaaaaaaaaaaaaaaaaaaaaaaaaa@example.org\r\n",
    b"In-Reply-To: <sb.7.root@example.org> <",
    b"Subject: [#7] [#-1] [#99999999999999999999]\r\n",
    b"> > > ",
    b"On Mon, 1 Jan 2024 at 10:00, A <a@b.c> wrote:\r\n",
    b"-----Original Message-----\r\n",
    b"-- \r\n",
    b"<script>alert(1)</script>",
    b"<svg><style><img src=x onerror=alert(1)>",
    b"<math><mtext><table><mglyph><style><!--</style>",
    b"<a href=\"jav\tascript:alert(1)\">",
    b"<p style=\"position:fixed;background:url(//e)\">",
    b"<!--[if mso]>",
    b"&#x3c;",
    b"<blockquote>",
];

/// SplitMix64: the same numbers from the same seed, everywhere.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.roll() % most.max(1) as u64).unwrap()
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// A place and a length in so many bytes.
    fn range(&mut self, len: usize) -> std::ops::Range<usize> {
        let begin = self.below(len + 1);
        let end = (begin + 1 + self.below(64)).min(len);
        begin..end.max(begin)
    }
}

fn mutated(seed: u64, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut dice = Dice(seed);
    let mut bytes = seeds[dice.below(seeds.len())].clone();
    for _ in 0..=dice.below(12) {
        let at = dice.range(bytes.len());
        match dice.below(7) {
            0 => bytes.drain(at).for_each(drop),
            1 => {
                let again: Vec<u8> = bytes[at.clone()].to_vec();
                let times = 1 + dice.below(40);
                bytes.splice(at.start..at.start, again.repeat(times));
            }
            2 if !bytes.is_empty() => {
                let one = at.start.min(bytes.len() - 1);
                bytes[one] ^= 1 << dice.below(8);
            }
            3 => {
                let other = &seeds[dice.below(seeds.len())];
                let theirs = dice.below(other.len() + 1);
                bytes.truncate(at.start);
                bytes.extend(&other[theirs..]);
            }
            4 => bytes.truncate(at.start),
            _ => {
                let piece = dice.pick(PIECES).to_vec();
                bytes.splice(at.start..at.start, piece);
            }
        }
        bytes.truncate(MOST_BYTES);
    }
    bytes
}

/// A `winmail.dat` with a code page, text, properties and a file.
fn winmail() -> Vec<u8> {
    let mut out = vec![0x78, 0x9f, 0x3e, 0x22, 1, 0];
    let mut attribute = |id: u32, data: &[u8]| {
        out.push(1);
        out.extend(id.to_le_bytes());
        out.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        out.extend(data);
        out.extend([0, 0]);
    };
    attribute(0x0006_9007, &[0xe4, 4, 0, 0, 0, 0, 0, 0]);
    attribute(0x0002_800C, b"said inside\0");
    // Two properties: HTML as octets, and one with a name.
    let html = b"\x02\0\0\0\x02\x01\x13\x10\x01\0\0\0\x08\0\0\0<p>x</p>\
        \x1f\0\0\x80AAAAAAAAAAAAAAAA\x01\0\0\0\x04\0\0\0a\0b\0\x01\0\0\0\x02\0\0\0a\0\0\0";
    attribute(0x0006_9003, html);
    attribute(0x0006_9002, &[0; 14]);
    attribute(0x0001_8010, b"../run.log\0");
    attribute(0x0006_800F, b"what is in it");
    attribute(
        0x0006_9005,
        b"\x01\0\0\0\x1e\0\x0e\x37\x01\0\0\0\x0a\0\0\0text/plain\0\0",
    );
    out
}

fn seeds() -> Vec<Vec<u8>> {
    let plain: &[u8] = b"From: Ada <ada@lab.example>\r\nTo: desk@example.org\r\nSubject: Re: [#7] x\r\n\
        References: <a@b> <c@d>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n\r\n> old\r\n";
    let html: &[u8] = b"From: ada@lab.example\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\
        Content-Type: text/html\r\n\r\n<p>Hello <b>there</b><blockquote>old</blockquote>\r\n--x--\r\n";
    let signed: &[u8] = b"From: ada@lab.example\r\nContent-Type: multipart/signed; boundary=x;\r\n \
        protocol=\"application/pgp-signature\"\r\n\r\n--x\r\n\r\n-----BEGIN PGP MESSAGE-----\r\nx\r\n\
        -----END PGP MESSAGE-----\r\n--x\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--x--\r\n";
    let sealed: &[u8] = b"From: ada@lab.example\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nMIAGCSqGSIb3DQEHAw==\r\n";
    let mut wrapped =
        b"From: ada@lab.example\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n\
        Content-Transfer-Encoding: 8bit\r\n\r\n"
            .to_vec();
    wrapped.extend(winmail());
    let mut found = vec![
        plain.to_vec(),
        html.to_vec(),
        signed.to_vec(),
        sealed.to_vec(),
        wrapped,
        winmail(),
    ];
    if let Some(folder) = folder() {
        let files = messages(&folder);
        found.extend(files.iter().filter_map(|path| {
            let mut bytes = std::fs::read(path).unwrap();
            bytes.truncate(MOST_BYTES / 2);
            (!bytes.is_empty()).then_some(bytes)
        }));
    }
    found
}

fn number(name: &str, without: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap(),
        Err(_) => without,
    }
}

/// Holds for every input, or panics.
fn holds(bytes: &[u8], own: &OwnAddresses, keys: &ThreadKeys) {
    assert_eq!(mail::digest(bytes), mail::digest(bytes));
    mail::glimpse(bytes);
    if let Ok(read) = mail::parse(bytes, &Limits::default()) {
        assert!(read.subject.chars().count() <= 500, "a subject without end");
        mail::verdict(&read, own);
        for candidate in mail::ticket_of(&read, keys) {
            // Nobody has a signature of ours, so nobody may come upon one.
            let forged = matches!(candidate, Candidate::Personal(_) | Candidate::Signed(_));
            assert!(!forged, "{candidate:?}");
        }
        mail::sender_proof(&read, Some("mx.example.org"), None);
        mail::redirect::hops(&read);
        trimmed(&read.text);
        if let Some(html) = &read.html {
            clean(html);
        }
        for part in &read.attachments {
            assert_eq!(mail::file_name::safe(&part.name), part.name);
        }
        for protection in &read.protection {
            assert!(!protection.words().is_empty());
        }
    }
    if let Some(unpacked) = mail::tnef::unpack(bytes, 500) {
        let all: usize = unpacked.files.iter().map(|file| file.bytes.len()).sum();
        assert!(all <= bytes.len(), "more came out than went in");
    }
    let text = String::from_utf8_lossy(bytes);
    trimmed(&text);
    clean(&text);
}

/// A reply without its quotes is a part of the reply.
fn trimmed(text: &str) {
    let trimmed = mail::trim_reply(text);
    assert!(trimmed.visible.len() <= text.len() + 16, "it grew");
    // What is an order is read out of any text.
    let _ = mail::orders(&trimmed.visible);
}

/// What was sanitised has nothing in it that runs, however often it is read.
fn clean(html: &str) {
    let once = mail::sanitise(html);
    // A second reader sees what the first one wrote: nothing may come to life by that.
    assert_eq!(
        mail::sanitise(&once),
        once,
        "it changes when it is read again"
    );
    let low = once.to_ascii_lowercase();
    for tag in [
        "<script", "<iframe", "<style", "<svg", "<math", "<object", "<form", "<base", "<meta",
        "<link", "<!--",
    ] {
        assert!(!low.contains(tag), "{tag} is left: {low}");
    }
    // Shown without addresses, it has no picture left to load.
    let shown = mail::html::picture::placed(&once, |_| None);
    assert!(!shown.contains("<img"), "{shown}");
    mail::to_text(html);
}

/// What this thread has had of a processor, where the system says so: however much else
/// goes on, as many mails are tried.
fn worked() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = told.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

#[test]
fn torn_and_patched_mails_break_nothing() {
    let own = OwnAddresses {
        instance: "fuzz".to_owned(),
        domains: vec!["example.org".to_owned()],
        desks: vec![Address::parse("desk@example.org").unwrap()],
    };
    let desk = own.desks[0].clone();
    let keys = ThreadKeys::new(*b"a secret of 24 bytes ...", desk).unwrap();
    let seeds = seeds();
    // Each processor does its part of it.
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let until = Duration::from_secs(number("SWITCHBOARD_FUZZ_SECONDS", 4)).as_secs_f64();
    let until = Duration::from_secs_f64(until / workers as f64);
    let first = number("SWITCHBOARD_FUZZ_SEED", 1);
    let work = |worker: u64| {
        let mut seed = first + worker;
        let begin = Instant::now();
        while worked().unwrap_or_else(|| begin.elapsed()) < until {
            let bytes = mutated(seed, &seeds);
            let one = Instant::now();
            let done = catch_unwind(AssertUnwindSafe(|| holds(&bytes, &own, &keys)));
            let took = one.elapsed();
            if done.is_err() || took > PATIENCE {
                let file = Path::new(env!("CARGO_TARGET_TMPDIR"));
                let file = file.join(format!("switchboard-mail-{seed}.eml"));
                std::fs::write(&file, &bytes).unwrap();
                panic!(
                    "SWITCHBOARD_FUZZ_SEED={seed} breaks it, or takes too long ({took:?}); the mail is {}",
                    file.display()
                );
            }
            seed += workers;
        }
        (seed - first - worker) / workers
    };
    let mails: u64 = std::thread::scope(|scope| {
        let work = &work;
        let started: Vec<_> = (0..workers)
            .map(|worker| scope.spawn(move || work(worker)))
            .collect();
        let done = started.into_iter().map(|worker| worker.join().unwrap());
        done.sum()
    });
    eprintln!("{mails} mails, {} seeds", seeds.len());
    assert!(mails > 20, "too slow to find anything");
}

/// The sample that is torn above is a whole one: it has all that it should.
#[test]
fn the_winmail_dat_among_the_seeds_is_whole() {
    let unpacked = mail::tnef::unpack(&winmail(), 1).unwrap();
    assert_eq!(unpacked.text.as_deref(), Some("said inside"));
    assert_eq!(unpacked.html.as_deref(), Some("<p>x</p>"));
    assert_eq!(unpacked.files[0].media_type.as_deref(), Some("text/plain"));
    assert_eq!(unpacked.files[0].bytes, b"what is in it");
    assert!(!unpacked.broken);
}
