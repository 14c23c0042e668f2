//! Real servers that a test needs, and what happens where there are none.

/// Where a server is that this variable of the environment names; `None` when it
/// names none, and then it is said that the test was skipped.
///
/// # Panics
/// When it names none and `REQUIRE_ALL` is set.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub fn peer(variable: &str) -> Option<String> {
    let named = std::env::var(variable).ok();
    if named.is_none() {
        assert!(
            std::env::var("REQUIRE_ALL").is_err(),
            "{variable} is not set, and REQUIRE_ALL is"
        );
        eprintln!("SKIPPED: {variable} is not set");
    }
    named
}
