//! Texts that read like a helpdesk's to an index: word frequencies fall off
//! as in real language (Zipf), with a long tail of host names and identifiers.

use std::fmt::Write as _;

/// The commonest words, most frequent first. What follows them is made up.
const COMMON: &str = "the to of and is in we for on it not this with from be have are can at as \
you that was but by please our my has when an after since which all no error job file data access \
transfer server site storage user please hello thanks regards ticket problem again still now only \
their there would could some any more other been they your were will what how also who if or so \
then than get got see seen tried try works work working fails failed failing cannot unable request \
new old time today yesterday morning night week hours minutes days since system service queue node \
cluster host portal login sign token certificate account group role member project community \
experiment dataset replica catalogue path directory folder mount disk tape pool quota space full \
limit memory core cpu gpu batch submit submitted running pending held killed aborted timeout slow \
fast network link route firewall port proxy gateway endpoint address name record lookup dns mail \
list message attached log output trace version update upgrade release install package module \
container image kernel driver config configuration setting parameter option default value field \
form page button browser firefox session cookie password reset expired renew renewal signed trust \
chain root authority host robot proxy delegation permission denied refused unauthorized forbidden \
missing broken corrupt checksum mismatch size bytes write read delete remove copy move rename \
upload download stage recall migrate archive backup restore mirror sync monitor probe alarm alert \
critical warning notice downtime maintenance scheduled planned outage degraded recovered stable \
reboot restart reload stop start daemon process thread socket connection reset closed peer broken \
pipe buffer stream chunk block sector inode metadata schema table query index transaction lock \
database replica primary standby switch rack cable power cooling sensor firmware controller raid \
array volume snapshot image template flavour instance virtual machine cloud tenant region zone \
workflow pipeline task step stage graph notebook kernel library compiler linker symbol header \
binary script shell variable environment export import format column row cell matrix vector event \
detector run calibration reconstruction simulation analysis histogram fit plot figure paper draft \
deadline colleague student supervisor institute laboratory university campus office training guide \
documentation example question answer advice help support contact person team expert shift";

const SYLLABLES: [&str; 48] = [
    "al", "an", "ar", "be", "bo", "ca", "co", "da", "de", "di", "do", "el", "en", "er", "fa", "fi",
    "ga", "gri", "ha", "in", "is", "ka", "ke", "la", "le", "lo", "ma", "me", "mi", "mo", "na",
    "ne", "no", "or", "pa", "pe", "po", "ra", "re", "ro", "sa", "se", "si", "ta", "te", "to", "va",
    "zu",
];

const FIRST: [&str; 40] = [
    "Anna", "Bruno", "Clara", "Dario", "Elena", "Filip", "Greta", "Hugo", "Irene", "Jonas",
    "Katja", "Luca", "Marta", "Nils", "Olga", "Pavel", "Quentin", "Rosa", "Stefan", "Tereza",
    "Ugo", "Vera", "Wim", "Xenia", "Yannis", "Zofia", "Amir", "Beatriz", "Chen", "Deepa", "Emre",
    "Fatima", "Goran", "Hanna", "Ivan", "Jana", "Kofi", "Leila", "Mehmet", "Noor",
];

const LAST: [&str; 40] = [
    "Albrecht",
    "Bianchi",
    "Costa",
    "Dvorak",
    "Eriksen",
    "Ferrari",
    "Garcia",
    "Hansen",
    "Ivanova",
    "Jansen",
    "Kowalski",
    "Lindholm",
    "Moreau",
    "Novak",
    "Olsson",
    "Petrov",
    "Quiroga",
    "Rossi",
    "Schmidt",
    "Toth",
    "Ueda",
    "Vogel",
    "Weber",
    "Xu",
    "Yilmaz",
    "Zeman",
    "Andreou",
    "Bauer",
    "Cohen",
    "Dubois",
    "Etxeberria",
    "Fischer",
    "Gupta",
    "Horvat",
    "Ilic",
    "Jovanovic",
    "Keller",
    "Laurent",
    "Meyer",
    "Nowak",
];

/// A small generator of random numbers (xorshift64*), so that a seed gives the
/// same database everywhere.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// Any seed will do.
    pub(crate) fn new(seed: u64) -> Rng {
        // Neighbouring seeds must not give neighbouring numbers.
        let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Rng((z ^ (z >> 31)) | 1)
    }

    /// 64 random bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number from 0 to below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or(0) % n.max(1)
    }

    /// True in `percent` of a hundred cases.
    pub(crate) fn percent(&mut self, percent: f64) -> bool {
        self.unit() * 100.0 < percent
    }

    /// From 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        // 53 bits fit a double exactly.
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// One of a list.
    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// Random bytes for an identifier.
    pub(crate) fn bytes(&mut self) -> [u8; 10] {
        let (a, b) = (self.next().to_le_bytes(), self.next().to_le_bytes());
        [a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], b[0], b[1]]
    }
}

/// Words by their rank, and how likely each is.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    words: Vec<String>,
    /// Sums of 1/rank up to each word.
    sums: Vec<f64>,
}

impl Vocabulary {
    /// This many words; the same ones always.
    pub(crate) fn new(size: usize) -> Vocabulary {
        let mut words: Vec<String> = Vec::new();
        for word in COMMON.split_whitespace() {
            if !words.iter().any(|w| w == word) {
                words.push(word.to_owned());
            }
        }
        let mut number = 0usize;
        while words.len() < size {
            let mut rest = number;
            let mut word = String::new();
            // At least three syllables, so that none is a common word.
            for _ in 0..3 {
                word.push_str(SYLLABLES[(rest * 31 + 7) % SYLLABLES.len()]);
                rest /= SYLLABLES.len();
                rest += number % 5;
            }
            // Every third is an identifier, as host names and files have them.
            if number.is_multiple_of(3) {
                let _ = write!(word, "{number:03}");
            } else {
                word.push_str(SYLLABLES[(number / 13) % SYLLABLES.len()]);
                word.push_str(SYLLABLES[(number / 571) % SYLLABLES.len()]);
            }
            words.push(word);
            number += 1;
        }
        words.truncate(size);
        let mut sum = 0.0;
        let sums = (1..=words.len())
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
        Vocabulary { words, sums }
    }

    /// The word at a rank, from 0 for the commonest.
    pub(crate) fn at(&self, rank: usize) -> &str {
        &self.words[rank.min(self.words.len() - 1)]
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    /// A random word, the common ones more often.
    pub(crate) fn word(&self, rng: &mut Rng) -> &str {
        let most = self.sums.last().copied().unwrap_or(1.0);
        let place = rng.unit() * most;
        &self.words[self
            .sums
            .partition_point(|s| *s < place)
            .min(self.words.len() - 1)]
    }

    /// One line of words.
    pub(crate) fn line(&self, rng: &mut Rng, words: usize) -> String {
        let mut text = String::new();
        for i in 0..words {
            let word = self.word(rng);
            if i == 0 {
                capital(&mut text, word);
            } else {
                text.push(' ');
                text.push_str(word);
            }
        }
        text
    }

    /// Sentences and paragraphs of about so many words.
    pub(crate) fn text(&self, rng: &mut Rng, words: usize) -> String {
        let mut text = String::new();
        let mut left = words.max(1);
        while left > 0 {
            let length = (4 + rng.below(12)).min(left);
            left -= length;
            let line = self.line(rng, length);
            text.push_str(&line);
            text.push('.');
            if left > 0 {
                text.push_str(if rng.percent(20.0) { "\n\n" } else { " " });
            }
        }
        text
    }
}

fn capital(text: &mut String, word: &str) {
    let mut letters = word.chars();
    text.extend(letters.next().into_iter().flat_map(char::to_uppercase));
    text.push_str(letters.as_str());
}

/// A person's name; the number makes their address unique.
pub(crate) fn person_name(number: usize) -> String {
    format!(
        "{} {}",
        FIRST[number % FIRST.len()],
        LAST[(number / FIRST.len() + number * 7) % LAST.len()]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_are_common_and_the_tail_is_long() {
        let words = Vocabulary::new(5_000);
        let mut rng = Rng::new(7);
        let mut counts = std::collections::HashMap::new();
        for _ in 0..50_000 {
            *counts.entry(words.word(&mut rng).to_owned()).or_insert(0) += 1;
        }
        let (first, hundredth) = (counts[words.at(0)], counts[words.at(99)]);
        assert!(first > 40 * hundredth, "{first} and {hundredth}");
        assert!(counts.len() > 3_000, "{}", counts.len());
    }

    #[test]
    fn no_word_is_twice_in_the_vocabulary() {
        let words = Vocabulary::new(20_000);
        let set: std::collections::HashSet<_> = words.words.iter().collect();
        assert!(
            set.len() * 100 > words.len() * 97,
            "{} of {}",
            set.len(),
            words.len()
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_text() {
        let words = Vocabulary::new(1_000);
        let text = |seed| words.text(&mut Rng::new(seed), 40);
        assert_eq!(text(1), text(1));
        assert_ne!(text(1), text(2));
    }
}
