//! Files by the hash of their content: mails as they came, and attachments.
//!
//! A name is never taken from outside: where a file lies follows from its
//! bytes alone. [`Blobs::put`] returns only when the bytes and the folder
//! entries are on disk, so whoever then commits a reference in the database
//! can acknowledge.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

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
}

impl Blobs {
    /// Opens a folder, making it when it is missing.
    ///
    /// # Errors
    /// When the folder can not be made.
    pub fn open(root: impl Into<PathBuf>) -> Result<Blobs, BlobError> {
        let root = root.into();
        fs::create_dir_all(&root)?;
        Ok(Blobs { root })
    }

    /// Stores bytes durably and returns their hash in hexadecimal. Storing the
    /// same bytes again changes nothing.
    ///
    /// # Errors
    /// [`BlobError::Full`] when there is no room; nothing is left behind.
    pub fn put(&self, bytes: &[u8]) -> Result<String, BlobError> {
        let name = hex(&Sha256::digest(bytes));
        let path = self.path(&name)?;
        if path.exists() {
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
    fn nothing_half_written_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path()).unwrap();
        let name = blobs.put(&[7; 100_000]).unwrap();
        let files: Vec<_> = fs::read_dir(dir.path().join(&name[..2])).unwrap().collect();
        assert_eq!(files.len(), 1);
    }
}
