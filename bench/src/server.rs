//! The product as it is run: a process of its own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::http::Client;

/// A serving process; it ends with this.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: String,
    /// Where it takes mail by LMTP.
    pub(crate) mail: std::net::SocketAddr,
    /// From its start to the first 200 of `/readyz`.
    pub(crate) ready_after: Duration,
}

/// Where the product's binary is: as given, or beside the bench's own.
///
/// # Errors
/// When there is none.
pub(crate) fn binary(given: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let path = match given {
        Some(path) => path,
        None => std::env::current_exe()?.with_file_name("switchboard"),
    };
    if !path.is_file() {
        bail!(
            "{} is not there: build it with `cargo build --release`, or name it with --server",
            path.display()
        );
    }
    Ok(path)
}

impl Server {
    /// Starts `switchboard serve` and waits until it is ready.
    ///
    /// # Errors
    /// When it does not start, with what it said.
    pub(crate) async fn start(binary: &Path, url: &str, data: &Path) -> anyhow::Result<Server> {
        // Free now; taken by nobody else in the moment until they are used.
        let free = || -> std::io::Result<_> {
            let (one, other) = (
                TcpListener::bind("127.0.0.1:0")?,
                TcpListener::bind("127.0.0.1:0")?,
            );
            Ok((one.local_addr()?.to_string(), other.local_addr()?))
        };
        let (address, mail) = free()?;
        let said = data.join("server.log");
        let log = std::fs::File::create(&said)?;
        let begun = Instant::now();
        let child = Command::new(binary)
            .arg("serve")
            .env("SWITCHBOARD_DATABASE_URL", url)
            .env("SWITCHBOARD_LISTEN", &address)
            .env("SWITCHBOARD_LMTP_LISTEN", mail.to_string())
            .env("SWITCHBOARD_DATA_DIR", data)
            .env("SWITCHBOARD_SECRET_KEY", crate::fill::SECRET_KEY)
            .env("SWITCHBOARD_PUBLIC_URL", format!("http://{address}"))
            .env("SWITCHBOARD_MAIL_ADDRESS", "desk@bench.example")
            // What it is coupled with runs beside it.
            .env("SWITCHBOARD_OUTBOUND_NETWORKS", "127.0.0.1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| binary.display().to_string())?;
        let mut server = Server {
            child,
            address,
            mail,
            ready_after: Duration::ZERO,
        };
        let mut client = Client::new(&server.address, &[]);
        while begun.elapsed() < Duration::from_secs(60) {
            if let Ok(answer) = client.get("/readyz").await
                && answer.status == 200
            {
                server.ready_after = begun.elapsed();
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                let said = std::fs::read_to_string(&said)?;
                bail!("the server ended with {status}: {said}");
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        bail!("the server was not ready within a minute")
    }

    /// Resident memory now, in MB (10^6 bytes).
    ///
    /// # Errors
    /// Where there is no `/proc`.
    pub(crate) fn resident_mb(&self) -> anyhow::Result<f64> {
        self.status_mb("VmRSS:")
    }

    /// The most memory it has had, in MB.
    ///
    /// # Errors
    /// Where there is no `/proc`.
    pub(crate) fn peak_mb(&self) -> anyhow::Result<f64> {
        self.status_mb("VmHWM:")
    }

    fn status_mb(&self, name: &str) -> anyhow::Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib: f64 = text
            .lines()
            .find_map(|l| l.strip_prefix(name))
            .and_then(|l| l.split_whitespace().next())
            .context("the process's status")?
            .parse()?;
        Ok(kib * 1024.0 / 1e6)
    }

    /// The processor time it has used, in seconds.
    ///
    /// # Errors
    /// Where there is no `/proc`.
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok());
        // Fields 14 and 15 of the line, in hundredths of a second.
        let used = ticks(11).zip(ticks(12)).context("the process's times")?;
        Ok((used.0 + used.1) / 100.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
