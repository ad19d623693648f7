//! The gRPC services: each converts a request, makes one call to the ledger
//! or a job, and converts the answer.

mod attestation;
mod ballot;
mod board;
mod election;
mod error;
mod info;
mod list;
mod record;
mod registry;
mod trustee;

pub use attestation::Attestations;
pub use ballot::Ballots;
pub use board::Boards;
pub use election::Elections;
pub use error::Error;
pub use info::Info;
pub use registry::Registries;
pub use trustee::Trustees;

use crate::{
    ledger::{Command, Ledger, Outcome},
    metrics::{Counted, Metrics},
};
use prometheus_client::metrics::gauge::Gauge;
use std::{pin::Pin, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
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

/// Has a command decided. What would be refused as things are does not get to
/// the writer, which is one for all: a flood of forged signatures is not
/// checked there (A43).
async fn submit(ledger: &Arc<Ledger>, command: Command) -> Result<Outcome, Error> {
    let command = blocking(ledger, move |ledger| {
        ledger.check(&command)?;
        Ok(command)
    });
    Ok(ledger.submit(command.await?).await?)
}

/// Places for long answers over all connections (A46): each holds memory for
/// as long as its reader likes.
#[derive(Clone, Debug)]
pub struct Places {
    free: Arc<Semaphore>,
    taken: Gauge,
}

impl Places {
    /// So many places, and the gauge of those that are taken.
    pub fn new(places: usize, taken: &Gauge) -> Self {
        let free = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        Self { free, taken: taken.clone() }
    }

    /// A place; `None` if there is none.
    fn take(&self) -> Option<Place> {
        let permit = self.free.clone().try_acquire_owned().ok()?;
        Some(Place { _permit: permit, _counted: Counted::new(&self.taken) })
    }
}

/// A place that is taken until it is dropped.
#[derive(Debug)]
struct Place {
    _permit: OwnedSemaphorePermit,
    _counted: Counted,
}

/// The places of a node.
#[derive(Clone, Debug)]
pub struct AllPlaces {
    /// Of streams that follow a board.
    pub followers: Places,
    /// Of downloads.
    pub downloads: Places,
}

impl AllPlaces {
    /// So many of each.
    pub fn new(followers: usize, downloads: usize, metrics: &Metrics) -> Self {
        Self {
            followers: Places::new(followers, &metrics.followers),
            downloads: Places::new(downloads, &metrics.downloads),
        }
    }

    fn download(&self) -> Result<Place, Error> {
        self.downloads.take().ok_or(Error::Downloads)
    }
}

/// Answers in parts: `part(n)` gives the n-th, `None` ends the stream. Parts
/// are made as the reader takes them; `place` is taken until the end.
fn parts<T: Send + 'static>(
    place: Place,
    part: impl Fn(usize) -> Result<Option<T>, Error> + Send + 'static,
) -> Answers<T> {
    let (sender, receiver) = tokio::sync::mpsc::channel(STREAM_BUFFER);
    tokio::spawn(async move {
        let _place = place;
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
