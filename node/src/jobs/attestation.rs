//! The queue before the verifier of attestations. One is verified at a time:
//! its key may have to be made first, which takes seconds. Whoever gets here
//! is a registered auditor whose signature holds (A43).

use crate::{
    jobs::verification::QueueError,
    metrics::{Counted, Metrics, Queue},
};
use audit::attestation::{Attestation, AttestationProofs, NotProven};
use prometheus_client::metrics::gauge::Gauge;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// For nodes that take no attestations.
#[derive(Clone, Copy, Debug)]
pub struct NoAttestations;

impl AttestationProofs for NoAttestations {
    fn verify(&self, _: &Attestation) -> Result<(), NotProven> {
        Err(NotProven::NoKey("this node takes no attestations".into()))
    }
}

/// The way into the queue. Clones share it.
#[derive(Clone, Debug)]
pub struct AttestationQueue {
    proofs: Arc<dyn AttestationProofs>,
    places: Arc<Semaphore>,
    turn: Arc<Semaphore>,
    queued: Gauge,
}

impl AttestationQueue {
    /// A queue of so many attestations, the one that is verified included.
    pub fn new(proofs: Arc<dyn AttestationProofs>, capacity: usize, metrics: &Metrics) -> Self {
        Self {
            proofs,
            places: Arc::new(Semaphore::new(capacity.clamp(1, Semaphore::MAX_PERMITS))),
            turn: Arc::new(Semaphore::new(1)),
            queued: metrics.queued.get_or_create_owned(&Queue { queue: "attestations" }),
        }
    }

    /// Waits for the verdict.
    ///
    /// # Errors
    /// [`QueueError`]; the inner error is the verdict.
    pub async fn verify(
        &self,
        attestation: Box<Attestation>,
    ) -> Result<(Box<Attestation>, Result<(), NotProven>), QueueError> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| QueueError::Full)?;
        let counted = Counted::new(&self.queued);
        let turn = self.turn.clone().acquire_owned().await.map_err(|_| QueueError::Failed)?;
        let proofs = self.proofs.clone();
        let verified = tokio::task::spawn_blocking(move || {
            // Held by the work, which goes on when the caller has gone away.
            let _held = (place, counted, turn);
            let verdict = proofs.verify(&attestation);
            (attestation, verdict)
        });
        verified.await.map_err(|_| QueueError::Failed)
    }
}
