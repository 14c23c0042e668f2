//! Files by the hash of their content: mails as they came, and attachments.
//!
//! A name is never taken from outside: where a file lies follows from its
//! bytes alone. [`Blobs::put`] returns only when the bytes and the folder
//! entries are on disk, so whoever then commits a reference in the database
//! can acknowledge.

use std::fs::{self, File};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

/// Why a file could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// No room left: reading goes on, storing does not.
    #[error("the disk that holds the files is full")]
    Full,
    /// The name is not a SHA-256 in hexadecimal.
    #[error("not a file's hash")]
    Name,
    /// Anything else the file system said.
    #[error("files: {0}")]
    Io(#[source] io::Error),
}

impl From<io::Error> for BlobError {
    fn from(e: io::Error) -> Self {
        match e.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BlobError::Full,
            _ => BlobError::Io(e),
        }
    }
}

/// A folder of files, two levels deep.
#[derive(Debug, Clone)]
pub struct Blobs {
    root: PathBuf,
    rest: Duration,
}

/// A file younger than this is not removed: whoever stored it has perhaps not yet
/// committed the row that names it.
const REST: Duration = Duration::from_secs(60);

/// What became of a file that was to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It is gone, or never was there.
    Gone,
    /// Somebody stored the same bytes a moment ago: ask again later.
    Fresh,
}

impl Blobs {
    /// Opens a folder, making it when it is missing.
    ///
    /// # Errors
    /// When the folder can not be made.
    pub fn open(root: impl Into<PathBuf>) -> Result<Blobs, BlobError> {
        let root = root.into();
        fs::create_dir_all(&root)?;
        Ok(Blobs { root, rest: REST })
    }

    /// The same folder, where files may be removed when they are this old.
    #[must_use]
    pub fn with_rest(mut self, rest: Duration) -> Blobs {
        self.rest = rest;
        self
    }

    /// Stores bytes durably and returns their hash in hexadecimal. Storing the
    /// same bytes again changes nothing.
    ///
    /// # Errors
    /// [`BlobError::Full`] when there is no room; nothing is left behind.
    pub fn put(&self, bytes: &[u8]) -> Result<String, BlobError> {
        let name = hex(&Sha256::digest(bytes));
        let path = self.path(&name)?;
        if path.exists() && touch(&path) {
            return Ok(name);
        }
        let folder = path.parent().unwrap_or(&self.root).to_owned();
        if !folder.exists() {
            fs::create_dir_all(&folder)?;
            sync_folder(&self.root)?;
        }
        // Written beside and renamed, so that a crash leaves no half file
        // under a hash; two writers of the same bytes may race harmlessly.
        let unique = format!(".{name}.{}", std::process::id());
        let beside = folder.join(unique + &format!("{:?}", std::thread::current().id()));
        let written = (|| {
            let mut file = File::create(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            sync_folder(&folder)
        })();
        if let Err(e) = written {
            // The half-written file may or may not be there.
            let _ = fs::remove_file(&beside);
            return Err(e.into());
        }
        Ok(name)
    }

    /// Stores what `write` writes into a file, durably, and returns its hash and its
    /// bytes. Nothing larger than the file is held in memory.
    ///
    /// # Errors
    /// [`BlobError::Full`] when there is no room; nothing is left behind.
    pub fn build(
        &self,
        unique: &str,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(String, u64), BlobError> {
        let beside = self.root.join(format!(".building.{unique}"));
        let built = (|| {
            let mut file = File::options()
                .create(true)
                .truncate(true)
                .write(true)
                .read(true)
                .open(&beside)?;
            write(&mut file)?;
            file.sync_all()?;
            let mut hash = Sha256::new();
            file.rewind()?;
            let size = io::copy(&mut file, &mut Hashing(&mut hash))?;
            let name = hex(&hash.finalize());
            let path = self.root.join(&name[..2]).join(&name);
            let folder = self.root.join(&name[..2]);
            if !folder.exists() {
                fs::create_dir_all(&folder)?;
                sync_folder(&self.root)?;
            }
            fs::rename(&beside, &path)?;
            sync_folder(&folder)?;
            Ok((name, size))
        })();
        if built.is_err() {
            let _ = fs::remove_file(&beside);
        }
        built.map_err(|e: io::Error| e.into())
    }

    /// Removes a file that no row names. To be asked again later when the same bytes
    /// were stored a moment ago.
    ///
    /// # Errors
    /// [`BlobError::Name`] for anything that is not a hash.
    pub fn remove(&self, name: &str) -> Result<Removed, BlobError> {
        let path = self.path(name)?;
        // Set aside first: who stores the same bytes from now on writes them anew.
        let aside = path.with_file_name(format!(".gone.{name}"));
        match fs::rename(&path, &aside) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                // Perhaps set aside before a crash.
                let _ = fs::remove_file(&aside);
                return Ok(Removed::Gone);
            }
            Err(e) => return Err(e.into()),
        }
        if age(&aside) < self.rest {
            if !path.exists() {
                fs::rename(&aside, &path)?;
            }
            return Ok(Removed::Fresh);
        }
        fs::remove_file(&aside)?;
        if let Some(folder) = path.parent() {
            sync_folder(folder)?;
        }
        Ok(Removed::Gone)
    }

    /// The bytes of a hash; `None`: never stored.
    ///
    /// # Errors
    /// [`BlobError::Name`] for anything that is not a hash.
    pub fn get(&self, name: &str) -> Result<Option<Vec<u8>>, BlobError> {
        match fs::read(self.path(name)?) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Whether there are bytes of this hash.
    ///
    /// # Errors
    /// [`BlobError::Name`] for anything that is not a hash.
    pub fn has(&self, name: &str) -> Result<bool, BlobError> {
        Ok(self.path(name)?.exists())
    }

    fn path(&self, name: &str) -> Result<PathBuf, BlobError> {
        let ok = name.len() == 64
            && name
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !ok {
            return Err(BlobError::Name);
        }
        Ok(self.root.join(&name[..2]).join(name))
    }
}

/// Notes that a file was stored again; `false`: it went away meanwhile.
fn touch(path: &Path) -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "a file's age is told in the real world's time"
    )]
    let now = SystemTime::now();
    File::options()
        .append(true)
        .open(path)
        .and_then(|file| file.set_modified(now))
        .is_ok()
        && path.exists()
}

/// How long ago a file was stored; nothing for one whose time can not be told.
fn age(path: &Path) -> Duration {
    #[expect(
        clippy::disallowed_methods,
        reason = "a file's age is told in the real world's time"
    )]
    let now = SystemTime::now();
    fs::metadata(path)
        .and_then(|m| m.modified())
        .ok()
        .and_then(|at| now.duration_since(at).ok())
        .unwrap_or_default()
}

/// Takes a hash of what is written to it.
struct Hashing<'h>(&'h mut Sha256);

impl io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_got() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path()).unwrap();
        let name = blobs.put(b"bytes").unwrap();
        assert_eq!(blobs.put(b"bytes").unwrap(), name);
        assert_eq!(blobs.get(&name).unwrap().unwrap(), b"bytes");
        assert_eq!(blobs.get(&"0".repeat(64)).unwrap(), None);
    }

    #[test]
    fn a_name_is_a_hash_or_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path()).unwrap();
        for name in [
            "",
            "..",
            "../../etc/passwd",
            &"A".repeat(64),
            &"0".repeat(63),
        ] {
            assert!(matches!(blobs.get(name), Err(BlobError::Name)), "{name}");
        }
    }

    #[test]
    fn what_was_stored_a_moment_ago_is_not_removed() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path()).unwrap();
        let name = blobs.put(b"bytes").unwrap();
        assert_eq!(blobs.remove(&name).unwrap(), Removed::Fresh);
        assert_eq!(blobs.get(&name).unwrap().unwrap(), b"bytes");
        let path = dir.path().join(&name[..2]).join(&name);
        let file = File::options().append(true).open(&path).unwrap();
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        file.set_modified(old).unwrap();
        // Stored again: as new.
        blobs.put(b"bytes").unwrap();
        assert_eq!(blobs.remove(&name).unwrap(), Removed::Fresh);
        file.set_modified(old).unwrap();
        assert_eq!(blobs.remove(&name).unwrap(), Removed::Gone);
        assert_eq!(blobs.get(&name).unwrap(), None);
        assert_eq!(blobs.remove(&name).unwrap(), Removed::Gone);
        assert_eq!(blobs.put(b"bytes").unwrap(), name);
        assert_eq!(blobs.get(&name).unwrap().unwrap(), b"bytes");
    }

    #[test]
    fn what_is_built_is_found_under_its_hash() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path()).unwrap();
        let (name, size) = blobs.build("one", |f| f.write_all(b"bytes")).unwrap();
        assert_eq!((name, size), (blobs.put(b"bytes").unwrap(), 5));
        let failed = blobs.build("two", |_| Err(io::ErrorKind::StorageFull.into()));
        assert!(matches!(failed, Err(BlobError::Full)));
        assert!(!dir.path().join(".building.two").exists());
    }

    #[test]
    fn nothing_half_written_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path()).unwrap();
        let name = blobs.put(&[7; 100_000]).unwrap();
        let files: Vec<_> = fs::read_dir(dir.path().join(&name[..2])).unwrap().collect();
        assert_eq!(files.len(), 1);
    }
}
