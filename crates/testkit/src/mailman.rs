//! A real Mailman for tests, which `tests/mailman.sh` starts.

use std::process::Command;

/// Names its REST interface; the rest is named beside it.
const SERVER: &str = "SWITCHBOARD_TEST_MAILMAN";

/// A Mailman 3. A test makes lists with names that no other test has.
#[derive(Debug, Clone)]
pub struct Mailman {
    /// Its REST interface.
    api: String,
    /// User and password for it.
    login: String,
    /// The domain of its lists.
    pub host: String,
}

/// The list manager; `None` when none was started.
///
/// # Panics
/// When there is none and `REQUIRE_ALL` is set.
pub fn mailman() -> Option<Mailman> {
    let api = crate::peer::peer(SERVER)?;
    let named = |name: &str| std::env::var(format!("{SERVER}_{name}")).unwrap();
    Some(Mailman {
        api,
        login: named("LOGIN"),
        host: named("HOST"),
    })
}

impl Mailman {
    /// Makes a list with members and gives its address.
    ///
    /// # Panics
    /// When Mailman refuses.
    pub fn list(&self, name: &str, members: &[&str]) -> String {
        let address = format!("{name}@{}", self.host);
        self.send("POST", "lists", &[("fqdn_listname", &address)]);
        for member in members {
            self.join(&address, member);
        }
        address
    }

    /// Puts somebody on a list.
    ///
    /// # Panics
    /// When Mailman refuses.
    pub fn join(&self, list: &str, member: &str) {
        self.send(
            "POST",
            "members",
            &[
                ("list_id", &list.replace('@', ".")),
                ("subscriber", member),
                ("pre_verified", "true"),
                ("pre_confirmed", "true"),
                ("pre_approved", "true"),
                ("send_welcome_message", "false"),
            ],
        );
    }

    /// Changes settings of a list.
    ///
    /// # Panics
    /// When Mailman refuses.
    pub fn set(&self, list: &str, settings: &[(&str, &str)]) {
        self.send("PATCH", &format!("lists/{list}/config"), settings);
    }

    /// Has a list take one of its texts (`list:member:regular:footer`) from a URI.
    ///
    /// # Panics
    /// When Mailman refuses.
    pub fn template(&self, list: &str, name: &str, uri: &str) {
        self.send("PATCH", &format!("lists/{list}/uris"), &[(name, uri)]);
    }

    fn send(&self, method: &str, path: &str, fields: &[(&str, &str)]) {
        let mut curl = Command::new("curl");
        curl.args(["-fsS", "-u", &self.login, "-X", method]);
        for (name, value) in fields {
            curl.arg("--data-urlencode").arg(format!("{name}={value}"));
        }
        let output = curl.arg(format!("{}/{path}", self.api)).output().unwrap();
        assert!(
            output.status.success(),
            "{method} {path}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
