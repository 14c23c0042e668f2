//! The site on a socket, until it is asked to stop.

use std::net::SocketAddr;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use desk::Desk;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::{Options, router};

/// Serves the whole site until `stop` ends, then gives running requests a
/// moment to end.
///
/// # Errors
/// When the socket fails.
pub async fn serve(
    listener: TcpListener,
    desk: Desk,
    mut options: Options,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    options.listen = Some(listener.local_addr()?.to_string());
    let site = router(desk, options).into_make_service_with_connect_info::<SocketAddr>();
    // The end of a long answer must not wait until its beginning is confirmed:
    // that costs 40 ms where the other side confirms late.
    let listener = listener.tap_io(|stream| {
        if let Err(e) = stream.set_nodelay(true) {
            tracing::debug!(error = %e, "a connection stays as it is");
        }
    });
    let (tell, told) = oneshot::channel();
    let server = axum::serve(listener, site).with_graceful_shutdown(async move {
        stop.await;
        // Nobody listens when the server has ended by itself.
        let _ = tell.send(());
    });
    tokio::select! {
        ended = server.into_future() => ended,
        () = async {
            if told.await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(GRACE).await;
        } => Ok(()),
    }
}

/// How long running requests may go on. Streams of events never end by
/// themselves: their readers come back with the last event they got.
const GRACE: Duration = Duration::from_secs(5);
