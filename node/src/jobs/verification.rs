//! The queue before the verifier: bounded, and emptied in batches.
//! An invalid proof costs as much as a valid one, so everything cheap is
//! checked before a proof gets here (A43).

use crate::{
    keys::KeySet,
    metrics::{Counted, Metrics, Queue},
};
use prometheus_client::metrics::{gauge::Gauge, histogram::Histogram};
use std::{fmt::Debug, sync::Arc};
use tokio::sync::{mpsc, oneshot};
use verifier::{Claim, KeyHash, VerifyError, verify_batch};

/// Verifies proofs: [`KeySet`] does, and doubles in tests.
pub trait Proofs: Debug + Send + Sync {
    /// One verdict per claim, in order; blocks.
    fn verify(&self, key: KeyHash, claims: &[Claim]) -> Vec<Result<(), VerifyError>>;
}

impl Proofs for KeySet {
    fn verify(&self, key: KeyHash, claims: &[Claim]) -> Vec<Result<(), VerifyError>> {
        let Some(key) = self.by_hash(key.0) else {
            return vec![Err(VerifyError::Rejected); claims.len()];
        };
        let mut verdicts = vec![Ok(()); claims.len()];
        if let Err(bad) = verify_batch(key, claims) {
            for (i, error) in bad.0 {
                verdicts[i] = Err(error);
            }
        }
        verdicts
    }
}

/// Why a proof was not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// See the message.
    #[error("too many proofs wait to be verified; try again shortly")]
    Full,
    /// See the message.
    #[error("the verifier failed; try again, and tell the operator if it stays so")]
    Failed,
}

struct Request {
    key: KeyHash,
    claim: Claim,
    verdict: oneshot::Sender<Result<(), VerifyError>>,
    _queued: Counted,
}

/// The way into the queue.
#[derive(Clone, Debug)]
pub struct Verification {
    queue: mpsc::Sender<Request>,
    queued: Gauge,
}

impl Verification {
    /// A queue of `capacity` proofs that are verified up to `batch` at a
    /// time, with its name in the metrics.
    pub fn spawn(
        proofs: Arc<dyn Proofs>,
        capacity: usize,
        batch: usize,
        name: &'static str,
        metrics: &Metrics,
    ) -> Self {
        let (queue, receiver) = mpsc::channel(capacity.max(1));
        let label = Queue { queue: name };
        let queued = metrics.queued.get_or_create_owned(&label);
        let sizes = metrics.verified.get_or_create_owned(&label);
        tokio::spawn(work(proofs, receiver, batch.max(1), sizes));
        Self { queue, queued }
    }

    /// Waits for the verdict on one proof.
    ///
    /// # Errors
    /// [`QueueError`]; the inner error is the verdict.
    pub async fn verify(&self, key: KeyHash, claim: Claim) -> Result<Result<(), VerifyError>, QueueError> {
        let (verdict, answer) = oneshot::channel();
        let request = Request { key, claim, verdict, _queued: Counted::new(&self.queued) };
        self.queue.try_send(request).map_err(|e| match e {
            mpsc::error::TrySendError::Full(_) => QueueError::Full,
            mpsc::error::TrySendError::Closed(_) => QueueError::Failed,
        })?;
        answer.await.map_err(|_| QueueError::Failed)
    }
}

/// While one batch is verified the next one gathers, so that batches grow
/// with the load.
async fn work(proofs: Arc<dyn Proofs>, mut queue: mpsc::Receiver<Request>, batch: usize, sizes: Histogram) {
    let mut requests = Vec::new();
    while queue.recv_many(&mut requests, batch).await > 0 {
        // A caller that has gone away is not worked for.
        requests.retain(|r| !r.verdict.is_closed());
        sizes.observe(f64::from(u32::try_from(requests.len()).unwrap_or(u32::MAX)));
        let (batch, proofs) = (std::mem::take(&mut requests), proofs.clone());
        let (done, finished) = oneshot::channel();
        rayon::spawn(move || {
            let check = std::panic::AssertUnwindSafe(|| answer(proofs.as_ref(), batch));
            if std::panic::catch_unwind(check).is_err() {
                tracing::error!("the verifier panicked; the proofs of its batch were refused");
            }
            // The queue is gone only when the node is.
            let _ = done.send(());
        });
        if finished.await.is_err() {
            return;
        }
    }
}

fn answer(proofs: &dyn Proofs, mut batch: Vec<Request>) {
    while let Some(key) = batch.first().map(|r| r.key) {
        let (same, others): (Vec<_>, Vec<_>) = batch.into_iter().partition(|r| r.key == key);
        let (claims, callers): (Vec<_>, Vec<_>) = same.into_iter().map(|r| (r.claim, r.verdict)).unzip();
        for (caller, verdict) in callers.into_iter().zip(proofs.verify(key, &claims)) {
            // A caller that no longer waits has nothing to be told.
            let _ = caller.send(verdict);
        }
        batch = others;
    }
}
