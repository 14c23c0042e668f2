//! A real directory for tests, which `tests/ldap.sh` starts.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Names the server without TLS; two more variables say where it has TLS and
/// who vouches for it.
const SERVER: &str = "SWITCHBOARD_TEST_LDAP";

/// The account that may change everything.
const ADMIN: [&str; 4] = ["-D", "cn=admin,dc=example,dc=org", "-w", "secret-admin"];

/// A directory with alice, bob and carol, whose passwords are `secret-NAME`; the
/// first two are in `cn=agents,ou=groups,dc=example,dc=org`.
#[derive(Debug, Clone)]
pub struct TestDirectory {
    /// Without TLS.
    pub url: String,
    /// With TLS.
    pub tls_url: String,
    /// Who vouches for its certificate, in PEM.
    pub authority: String,
}

/// The directory; `None` when none was started.
pub fn directory() -> Option<TestDirectory> {
    let url = crate::peer::peer(SERVER)?;
    let authority = std::env::var("SWITCHBOARD_TEST_LDAP_CA").unwrap();
    Some(TestDirectory {
        url,
        tls_url: std::env::var("SWITCHBOARD_TEST_LDAPS").unwrap(),
        authority: std::fs::read_to_string(authority).unwrap(),
    })
}

impl TestDirectory {
    /// Changes it by the directory's own tool: LDIF.
    ///
    /// # Panics
    /// When it refuses.
    pub fn change(&self, ldif: &str) {
        let mut tool = Command::new("ldapmodify")
            .args(["-x", "-H", &self.url])
            .args(ADMIN)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        tool.stdin
            .take()
            .unwrap()
            .write_all(ldif.as_bytes())
            .unwrap();
        assert!(tool.wait().unwrap().success(), "{ldif}");
    }
}
