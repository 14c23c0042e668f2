//! Addresses put together from what their grammars allow and from what people use to
//! fool parsers (bar M-05). Each that is taken has one form, in the rules, in the
//! database and on the way to the next mail server; none of the tricks makes one.
//!
//! `SWITCHBOARD_ADDRESSES` says how many (20,000 without it; at night 1,000,000), and
//! `SWITCHBOARD_FUZZ_SEED` where it begins.

use mail::{Address, Mailbox, Outgoing};

use crate::mutate::Dice;

/// Pieces of a local part that an identity may have.
const LOCAL: &[&str] = &[
    "a",
    "Ada",
    "grace.hopper",
    "x+tag",
    "o'neil",
    "a_b",
    "ops-1",
    "ÄRZTE",
    "straße",
    "İlker",
    "тест",
    "用户",
    "e\u{301}",
    "1",
    "support",
];
/// Pieces that no identity has.
const TRICKS: &[&str] = &[
    "\0",
    "\r\nBcc: eve",
    "\n",
    "\u{2028}",
    "\u{200b}",
    "\u{202e}",
    "\u{feff}",
    " ",
    "\t",
    "%evil.org",
    "evil.org!",
    "\"a b\"",
    "\"",
    "(x)",
    "=?utf-8?q?a?=",
    "=?utf-8?b?YQ==?=",
    "<",
    ">",
    ",",
    ";",
    ":",
    "\\",
    "@",
    "..",
    "\u{ad}",
    "[",
    "]",
];
/// Domains that an identity may have.
const DOMAINS: &[&str] = &[
    "example.org",
    "EXAMPLE.Org",
    "lab.example",
    "a-b.example.net",
    "bücher.example",
    "BÜCHER.example",
    "straße.example",
    "пример.example",
    "例え.example",
    "xn--bcher-kva.example",
    "sub.dept.uni.example",
];
/// Domains that none has.
const FALSE_DOMAINS: &[&str] = &[
    "",
    "localhost..org",
    "example.org.",
    "-a.example",
    "a-.example",
    "[127.0.0.1]",
    "127.0.0.1",
    "::1",
    "exa\u{ad}mple.org",
    "ｅxample.org",
    "example。org",
    "xn--a.example",
    "exa mple.org",
    "example.org\0",
    "ex_ample..org",
    ".example.org",
];

struct Made {
    text: String,
    /// There is a trick in it.
    tricky: bool,
}

fn made(dice: &mut Dice) -> Made {
    let mut tricky = false;
    let mut local = dice.pick(LOCAL).to_owned();
    if dice.below(4) == 0 {
        local = format!("{local}.{}", dice.pick(LOCAL));
    }
    if dice.below(3) == 0 {
        let trick = dice.pick(TRICKS);
        // In front, behind, or in the middle.
        let places: Vec<usize> = local
            .char_indices()
            .map(|(at, _)| at)
            .chain([local.len()])
            .collect();
        let place = places[dice.below(places.len())];
        local.insert_str(place, trick);
        // Space around an address is no part of it.
        tricky = place > 0 || !trick.trim().is_empty();
    }
    let domain = if dice.below(4) == 0 {
        tricky = true;
        dice.pick(FALSE_DOMAINS)
    } else {
        dice.pick(DOMAINS)
    };
    let mut text = format!("{local}@{domain}");
    // What stands around an address in a header is no part of one.
    let wrapped = match dice.below(12) {
        0 => format!("Ada <{text}>"),
        1 => format!("group: {text};"),
        2 => format!("{text}, eve@evil.org"),
        3 => format!("<@relay.org:{text}>"),
        4 => format!("{text} (Ada)"),
        _ => String::new(),
    };
    if !wrapped.is_empty() {
        text = wrapped;
        tricky = true;
    }
    Made { text, tricky }
}

#[test]
fn an_address_has_one_form_everywhere_and_no_trick_makes_one() {
    let number = |name: &str, without: u64| -> u64 {
        std::env::var(name).map_or(without, |text| text.parse().unwrap())
    };
    let count = number("SWITCHBOARD_ADDRESSES", 20_000);
    let mut dice = Dice(number("SWITCHBOARD_FUZZ_SEED", 1));
    let (mut taken, mut refused) = (0_u64, 0_u64);
    for n in 0..count {
        let Made { text, tricky } = made(&mut dice);
        let Ok(address) = Address::parse(&text) else {
            refused += 1;
            continue;
        };
        taken += 1;
        assert!(!tricky, "{text:?} became {address}");
        let form = address.as_str().to_owned();
        // Read again, in whatever case, it is the same: rules and database compare it.
        assert_eq!(Address::parse(&form).as_ref(), Ok(&address), "{text:?}");
        let (local, domain) = form.split_once('@').unwrap();
        assert!(!local.is_empty() && !domain.is_empty());
        assert_eq!((address.local(), address.domain()), (local, domain));
        assert!(domain.is_ascii() && domain == domain.to_ascii_lowercase());
        let forbidden =
            |c: char| c.is_control() || c.is_whitespace() || "<>()[],;:\\\"%!".contains(c);
        assert!(!form.contains(forbidden), "{form:?}");
        // The envelope takes exactly these octets.
        let envelope: lettre::Address = form.parse().unwrap_or_else(|e| panic!("{form:?}: {e}"));
        assert_eq!(envelope.to_string(), form);
        if n % 40 == 0 {
            assert_eq!(through_a_mail(&address), address);
        }
    }
    eprintln!("{count} addresses: {taken} taken, {refused} refused");
    assert!(
        taken * 10 > count && refused * 10 > count,
        "{taken} of {count}"
    );
    for nothing in ["", " ", "@", "\0", "null", "NULL", "undefined"] {
        assert!(Address::parse(nothing).is_err(), "{nothing:?}");
    }
}

/// What a reader of our mail finds in `To`.
fn through_a_mail(to: &Address) -> Address {
    let at = |text: &str| Address::parse(text).unwrap();
    let outgoing = Outgoing {
        from: Mailbox {
            name: None,
            address: at("desk@example.org"),
        },
        to: Mailbox {
            name: Some("Ada, \"the first\"".into()),
            address: to.clone(),
        },
        reply_to: None,
        subject: "x".into(),
        text: "x".into(),
        message_id: "x@example.org".into(),
        in_reply_to: None,
        references: Vec::new(),
        date: 0,
        automatic: true,
        loop_id: "x".into(),
        attachments: Vec::new(),
    };
    let raw = mail::build::build(&outgoing).unwrap();
    let read = mail::parse(&raw, &mail::Limits::default()).unwrap();
    assert_eq!(read.to.len(), 1);
    read.to[0].address.clone()
}
