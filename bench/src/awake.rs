//! Keeps the processors from sleeping while something is measured.
//!
//! An answer by HTTP wakes two processors, one at each end, which takes a machine in the
//! cloud 0.03 to 0.1 ms when they sleep, as deep as they happen to; bare SQL on SQLite
//! wakes none. A loop of idle priority on each processor costs what is measured nothing,
//! as whoever has to do something takes its place at once.

use std::process::{Child, Command};

use anyhow::Context as _;

/// Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Awake(Vec<Child>);

impl Awake {
    /// Starts one loop for each processor.
    ///
    /// # Errors
    /// Where there is no `chrt`, which comes with Debian's util-linux.
    pub(crate) fn start() -> anyhow::Result<Awake> {
        let mut awake = Awake(Vec::new());
        for _ in 0..std::thread::available_parallelism()?.get() {
            let child = Command::new("chrt")
                .args(["--idle", "0", "sh", "-c", "while :; do :; done"])
                .spawn()
                .context("chrt of util-linux keeps the processors awake")?;
            awake.0.push(child);
        }
        Ok(awake)
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // Whoever has ended already needs no end.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
