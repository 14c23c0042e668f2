//! A small file of lines that are only ever added, each durable before anything
//! goes on. It lies beside the database, so that a database that was restored from
//! a backup can be told what it does not know any more.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;

/// The file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    path: PathBuf,
}

impl Ledger {
    /// The file at this place; it is made with its first line.
    pub fn at(path: impl Into<PathBuf>) -> Ledger {
        Ledger { path: path.into() }
    }

    /// Every whole line, in order. A last line that was cut off by a crash was never
    /// acknowledged and is left out.
    ///
    /// # Errors
    /// When the file is there and can not be read.
    pub fn lines(&self) -> io::Result<Vec<String>> {
        match fs::read_to_string(&self.path) {
            Ok(text) => {
                let whole = text.rfind('\n').map_or(0, |at| at + 1);
                Ok(text[..whole].lines().map(str::to_owned).collect())
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(e),
        }
    }

    /// Adds lines; when this returns they are on disk.
    ///
    /// # Errors
    /// When they could not be stored.
    pub fn add(&self, lines: &[String]) -> io::Result<()> {
        let fresh = !self.path.exists();
        let cut = !fresh && !fs::read(&self.path)?.ends_with(b"\n");
        let mut file = File::options().create(true).append(true).open(&self.path)?;
        let mut text = String::new();
        if cut && file.metadata()?.len() > 0 {
            text.push('\n');
        }
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        if fresh && let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_are_read_back_and_a_cut_one_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger");
        let ledger = Ledger::at(&path);
        assert!(ledger.lines().unwrap().is_empty());
        ledger.add(&["one".into(), "two".into()]).unwrap();
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"thr").unwrap();
        assert_eq!(ledger.lines().unwrap(), ["one", "two"]);
        ledger.add(&["four".into()]).unwrap();
        assert_eq!(ledger.lines().unwrap(), ["one", "two", "thr", "four"]);
    }
}
