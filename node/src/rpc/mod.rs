//! The gRPC services: each converts a request, makes one call to the ledger
//! or a job, and converts the answer.

mod ballot;
mod board;
mod election;
mod error;
mod info;
mod record;
mod registry;
mod trustee;

pub use ballot::Ballots;
pub use board::Boards;
pub use election::Elections;
pub use info::Info;
pub use registry::Registries;
pub use trustee::Trustees;

use crate::ledger::Ledger;
use error::Error;
use std::{pin::Pin, sync::Arc};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::Status;

/// What a streaming call answers with.
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Answers that wait in the node for a slow reader of one stream.
const STREAM_BUFFER: usize = 2;

/// Runs what blocks on disk or hashes off the async threads.
async fn blocking<T: Send + 'static>(
    ledger: &Arc<Ledger>,
    work: impl FnOnce(&Ledger) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let ledger = ledger.clone();
    // The work was cancelled or has panicked, which the runtime has logged.
    tokio::task::spawn_blocking(move || work(&ledger)).await.unwrap_or(Err(Error::Internal))
}

/// Answers in parts: `part(n)` gives the n-th, `None` ends the stream. Parts
/// are made as the reader takes them.
fn parts<T: Send + 'static>(part: impl Fn(usize) -> Result<Option<T>, Error> + Send + 'static) -> Answers<T> {
    let (sender, receiver) = tokio::sync::mpsc::channel(STREAM_BUFFER);
    tokio::spawn(async move {
        for n in 0.. {
            let Some(answer) = part(n).map_err(Status::from).transpose() else { return };
            let last = answer.is_err();
            if sender.send(answer).await.is_err() || last {
                return;
            }
        }
    });
    Box::pin(ReceiverStream::new(receiver))
}
