//! The signals that end long-running commands.

use anyhow::{Context, Result};

/// Waits for SIGINT or SIGTERM, and names it.
///
/// # Errors
/// If the system does not let this process wait for them.
pub async fn ended() -> Result<&'static str> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminated = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => {
                interrupted.context("cannot wait for SIGINT")?;
                Ok("SIGINT")
            }
            _ = terminated.recv() => Ok("SIGTERM"),
        }
    }
    #[cfg(not(unix))]
    {
        tokio::signal::ctrl_c().await.context("cannot wait for ctrl-c")?;
        Ok("ctrl-c")
    }
}
