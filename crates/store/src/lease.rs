//! Named leases, for what only one node may do at a time: read a mailbox,
//! sweep the timers. A lease that is not renewed runs out by itself.

use switchboard_core::Millis;

use crate::conn::Conn;
use crate::{Error, params};

/// Takes or renews the lease for `lease_ms` from `now`; `false` when
/// somebody else holds it.
pub fn acquire(
    conn: &mut Conn<'_>,
    name: &str,
    holder: &str,
    now: Millis,
    lease_ms: i64,
) -> Result<bool, Error> {
    let rows = conn.execute(
        "INSERT INTO lease (name, holder, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
         WHERE lease.holder = excluded.holder OR lease.expires_at <= $4",
        params![name, holder, now + lease_ms, now],
    )?;
    Ok(rows == 1)
}

/// Gives the lease back early; nothing happens when somebody else holds it.
pub fn release(conn: &mut Conn<'_>, name: &str, holder: &str) -> Result<(), Error> {
    conn.execute(
        "DELETE FROM lease WHERE name = $1 AND holder = $2",
        params![name, holder],
    )?;
    Ok(())
}
