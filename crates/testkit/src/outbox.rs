//! Mail that was sent.

use crate::TestDesk;

/// A mail in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Whom it went to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// All of it, as it left.
    pub raw: Vec<u8>,
}

impl TestDesk {
    /// What was sent so far, in the order of sending.
    pub fn sent_mail(&self) -> Vec<Mail> {
        let Ok(folder) = std::fs::read_dir(self.folder.path().join("outbox")) else {
            return Vec::new();
        };
        let mut files: Vec<_> = folder.map(|f| f.unwrap().path()).collect();
        files.sort();
        files
            .into_iter()
            .map(|file| {
                let raw = std::fs::read(file).unwrap();
                let mail = mail::parse(&raw, &mail::Limits::default()).unwrap();
                Mail {
                    to: mail
                        .to
                        .first()
                        .map_or_else(String::new, |to| to.address.to_string()),
                    subject: mail.subject,
                    text: mail.text,
                    raw,
                }
            })
            .collect()
    }
}
