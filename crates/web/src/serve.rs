//! The site on a socket, until it is asked to stop.

use std::net::SocketAddr;

use desk::Desk;
use tokio::net::TcpListener;

use crate::{Options, router};

/// Serves the whole site until `stop` ends, then lets running requests end.
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
    axum::serve(listener, site)
        .with_graceful_shutdown(stop)
        .await
}
