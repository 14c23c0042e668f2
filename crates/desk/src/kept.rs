//! Secrets that the operator keeps for other systems: the desk's people name
//! them, and never see them.

use std::collections::BTreeMap;
use std::fmt;

/// One secret, and the only host it may be sent to.
#[derive(Clone, PartialEq, Eq)]
struct Kept {
    host: String,
    value: String,
}

/// The operator's secrets by name. Who names one in a form decides where the
/// form's address points; so each goes to its own host and nowhere else.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KeptSecrets(BTreeMap<String, Kept>);

impl fmt::Debug for KeptSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl KeptSecrets {
    /// Keeps a secret under a name, for one host.
    pub fn keep(&mut self, name: &str, host: &str, value: String) {
        let host = host.to_ascii_lowercase();
        self.0.insert(name.to_owned(), Kept { host, value });
    }

    /// Every name with the host it is for.
    pub fn names(&self) -> Vec<(String, String)> {
        self.0
            .iter()
            .map(|(name, kept)| (name.clone(), kept.host.clone()))
            .collect()
    }

    /// The secret of that name, for its own host only.
    pub fn for_host(&self, name: &str, host: &str) -> Option<&str> {
        self.0
            .get(name)
            .filter(|kept| kept.host == host.to_ascii_lowercase())
            .map(|kept| kept.value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::KeptSecrets;

    #[test]
    fn a_secret_goes_to_its_host_and_into_no_log() {
        let mut secrets = KeptSecrets::default();
        secrets.keep("eudat-rt", "RT.eudat.example", "canary".into());
        assert_eq!(
            secrets.for_host("eudat-rt", "rt.eudat.example"),
            Some("canary")
        );
        assert_eq!(secrets.for_host("eudat-rt", "evil.example"), None);
        assert_eq!(secrets.for_host("other", "rt.eudat.example"), None);
        assert_eq!(format!("{secrets:?}"), "{\"eudat-rt\"}");
    }
}
