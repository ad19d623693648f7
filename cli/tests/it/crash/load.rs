//! Clients that submit ballots until the node is gone.

use super::{CLIENTS, audit::Epoch, process::Process};
use circuits::types::Receipt;
use e2e::scenario::Scenario;
use proto::v1::{SubmitBallotRequest, ballot_service_client::BallotServiceClient};
use rand_chacha::{ChaCha20Rng, rand_core::RngCore, rand_core::SeedableRng};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{runtime::Runtime, task::JoinHandle};
use tonic::{Code, Status, transport::Channel};

/// Longest pause of a client between two ballots.
const PAUSE: Duration = Duration::from_millis(30);

/// A receipt for a ballot, by position.
#[derive(Debug)]
pub struct Answer {
    pub ballot: usize,
    pub receipt: Receipt,
}

/// Clients at work.
pub struct Load {
    clients: Vec<JoinHandle<()>>,
    answers: Arc<Mutex<Vec<Answer>>>,
}

impl Load {
    /// Receipts so far.
    pub fn count(&self) -> usize {
        self.answers.lock().unwrap().len()
    }

    /// All receipts, once every client has lost the node.
    pub async fn answers(self) -> Vec<Answer> {
        for client in self.clients {
            client.await.unwrap();
        }
        std::mem::take(&mut self.answers.lock().unwrap())
    }
}

/// Starts the clients, with connections of their own and one seed each.
pub fn start(runtime: &Runtime, process: &Process, epoch: &Epoch, seeds: [u64; CLIENTS]) -> Load {
    let answers = Arc::new(Mutex::new(Vec::new()));
    let connect = || {
        let endpoint = tonic::transport::Endpoint::from_shared(process.url().to_owned()).unwrap();
        BallotServiceClient::new(endpoint.connect_lazy())
    };
    let client = |seed: u64| {
        let client = Client {
            scenario: epoch.scenario().clone(),
            service: connect(),
            open: epoch.open(),
            acknowledged: epoch.acknowledged(),
            answers: answers.clone(),
            rng: ChaCha20Rng::seed_from_u64(seed),
        };
        runtime.spawn(client.run())
    };
    let clients = seeds.into_iter().map(client).collect();
    Load { clients, answers }
}

struct Client {
    scenario: Arc<Scenario>,
    service: BallotServiceClient<Channel>,
    /// Ballots without an acknowledgement that fit the board; several
    /// clients send the same ones, at once (A4).
    open: Vec<usize>,
    acknowledged: Vec<usize>,
    answers: Arc<Mutex<Vec<Answer>>>,
    rng: ChaCha20Rng,
}

impl Client {
    async fn run(mut self) {
        while let Some(ballot) = self.next() {
            let request = request(&self.scenario, ballot).clone();
            match self.service.submit(request).await {
                Ok(answer) => {
                    let receipt = answer.into_inner().receipt.unwrap().try_into().unwrap();
                    self.answers.lock().unwrap().push(Answer { ballot, receipt });
                    self.acknowledged.push(ballot);
                }
                Err(status) if is_gone(&status) => return,
                Err(status) => panic!("ballot {ballot} was refused: {status}"),
            }
            let pause = PAUSE.mul_f64(f64::from(self.rng.next_u32()) / f64::from(u32::MAX));
            tokio::time::sleep(pause).await;
        }
    }

    /// One in four is a repeat of an acknowledged ballot, if there is one.
    fn next(&mut self) -> Option<usize> {
        let repeat = self.open.is_empty() || self.rng.next_u32().is_multiple_of(4);
        if repeat && let Some(at) = self.below(self.acknowledged.len()) {
            return Some(self.acknowledged[at]);
        }
        let at = self.below(self.open.len())?;
        Some(self.open.swap_remove(at))
    }

    fn below(&mut self, bound: usize) -> Option<usize> {
        usize::try_from(self.rng.next_u64().checked_rem(bound as u64)?).ok()
    }
}

/// Whether the connection broke: a refusal by the node has details.
fn is_gone(status: &Status) -> bool {
    let broken = [Code::Unavailable, Code::Unknown, Code::Internal, Code::Cancelled];
    broken.contains(&status.code()) && status.details().is_empty()
}

/// Ballot `n`, the first ones before the later ones.
pub fn request(scenario: &Scenario, n: usize) -> &SubmitBallotRequest {
    scenario.first.get(n).unwrap_or_else(|| &scenario.later[n - scenario.first.len()])
}
