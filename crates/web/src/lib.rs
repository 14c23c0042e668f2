//! HTTP in and out: pages under `ui`, the REST interface under `api`.
//!
//! [`router`] is the whole site as one service. What both halves share lies
//! beside them: the table of errors and statuses (`problem`), the security
//! headers (`headers`), the policy of every route (`policy`).

use std::sync::Arc;

use desk::Desk;

pub mod ui;

/// What an operator decides about serving over HTTP.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Names besides the public address, the listening address and the local
    /// machine under which the desk answers: `desk.internal`, without a port.
    pub hosts: Vec<String>,
    /// The address it listens on, as `host:port`; answered under too.
    pub listen: Option<String>,
}

/// What every handler can reach. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The application.
    pub desk: Desk,
    /// What the operator decided.
    pub options: Arc<Options>,
}

impl axum::extract::FromRef<AppState> for Desk {
    fn from_ref(state: &AppState) -> Desk {
        state.desk.clone()
    }
}
