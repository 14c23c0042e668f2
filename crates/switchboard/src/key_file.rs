//! The file with the key that secrets in the database are sealed with.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What is in the file; when there is none, one with a new key is made, which
/// only its owner may read.
///
/// # Errors
/// When it can not be read or made, or is open to others.
pub(crate) fn read_or_make(path: &Path) -> io::Result<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            private(path)?;
            Ok(text)
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => make(path),
        Err(e) => Err(e),
    }
}

/// Who else can read the key has the secrets of every copy of the database.
fn private(path: &Path) -> io::Result<()> {
    let mode = std::fs::metadata(path)?.mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!(
            "others may read it (mode {:o}): chmod 600 {}",
            mode & 0o777,
            path.display()
        ),
    ))
}

fn make(path: &Path) -> io::Result<String> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut key = [0; desk::sealed::KEY_BYTES];
    getrandom::fill(&mut key).map_err(|e| io::Error::other(e.to_string()))?;
    let text = format!("{}\n", STANDARD.encode(key));
    // Whole under a name of its own, then linked to the one that counts: of two
    // that start together one is first, and both use its key.
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    let _ = std::fs::remove_file(&draft);
    let mut file: File = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    let linked = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::hard_link(&draft, path));
    std::fs::remove_file(&draft)?;
    match linked {
        Ok(()) => Ok(text),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => std::fs::read_to_string(path),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/secret.key");
        let text = read_or_make(&path).unwrap();
        assert!(desk::SecretKeys::parse(&text).is_ok());
        assert_eq!(read_or_make(&path).unwrap(), text);
        let mode = std::fs::metadata(&path).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
        let beside = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(beside, 1, "no draft is left");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = read_or_make(&path).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
        assert!(!error.contains(text.trim()), "{error}");
    }

    #[test]
    fn of_two_that_start_together_both_use_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        std::fs::write(&path, "first\n").unwrap();
        assert_eq!(make(&path).unwrap(), "first\n");
    }
}
