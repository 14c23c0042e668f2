//! Whether the process runs, and whether it can serve.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::AppState;
use crate::problem::Problem;

/// The process runs. Looks at nothing else: who restarts processes must not
/// restart this one because a database is away.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// The desk can serve: the database answers.
pub(crate) async fn ready(State(app): State<AppState>) -> Response {
    match app.desk.feed_end().await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            Problem {
                retry_after: Some(1),
                ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not possible now")
                    .detail("the database does not answer")
            }
            .into_response()
        }
    }
}
