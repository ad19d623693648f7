//! Attacks over the wire: a node with real keys that verifies every proof,
//! against ballots that were proven, and what others make of them.

mod ballots;
mod history;
mod privacy;
mod results;

use circuits::types::{BoardEntry, Receipt};
use client::{board::Mirror, election::Election, tickets::MemoryTickets, vote::Voter};
use e2e::{
    keys::Keys,
    scenario::{Scenario, scenario},
    serve,
};
use proto::v1::{
    SubmitBallotRequest, ballot_service_client::BallotServiceClient,
    election_service_client::ElectionServiceClient,
};
use std::{path::Path, sync::Arc};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;

/// A scenario and the keys of its election.
struct World {
    scenario: Scenario,
    keys: Keys,
}

impl World {
    fn new() -> Self {
        Self { scenario: scenario(16).unwrap(), keys: Keys::load().unwrap() }
    }

    /// A node below `place`, with the election open, now or since before.
    async fn serve(&self, place: &Path) -> Served {
        let node = serve::start(serve::config(&self.scenario, place), &self.keys).await.unwrap();
        let client = serve::connect(&node).await.unwrap();
        let election = Arc::new(self.scenario.open_on(&client).await.unwrap());
        Served::over(node, client, election).await
    }

    /// A member with tickets of its own.
    fn voter(&self, served: &Served, member: usize) -> Voter {
        let (election, identity) = (served.election.clone(), &self.scenario.members[member].identity);
        let key = self.keys.prove_ballot().unwrap();
        let tickets = Arc::new(MemoryTickets::default());
        Voter::new(election, &self.scenario.census, identity, key, tickets).unwrap()
    }

    fn request(&self, entry: &BoardEntry) -> SubmitBallotRequest {
        let election_id = self.scenario.election_id().to_bytes().to_vec();
        SubmitBallotRequest { election_id, entry: Some(entry.into()) }
    }
}

/// A running node with its clients.
struct Served {
    node: node::Node,
    client: client::Node,
    election: Arc<Election>,
    ballots: BallotServiceClient<Channel>,
    elections: ElectionServiceClient<Channel>,
}

impl Served {
    async fn over(node: node::Node, client: client::Node, election: Arc<Election>) -> Self {
        let url = format!("http://{}", node.address());
        let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
        let ballots = BallotServiceClient::new(channel.clone());
        Self { node, client, election, ballots, elections: ElectionServiceClient::new(channel) }
    }

    async fn stop(self) {
        let Self { node, client, ballots, elections, .. } = self;
        drop((client, ballots, elections));
        node.shutdown().await.unwrap();
    }

    async fn submit(&self, request: &SubmitBallotRequest) -> Result<Receipt, Status> {
        let answer = self.ballots.clone().submit(request.clone()).await?.into_inner();
        Ok(answer.receipt.unwrap().try_into().unwrap())
    }

    /// All at once, in the order of requests.
    async fn submit_all(&self, requests: &[SubmitBallotRequest]) -> Vec<Result<Receipt, Status>> {
        let call = |request: &SubmitBallotRequest| {
            let (mut ballots, request) = (self.ballots.clone(), request.clone());
            tokio::spawn(async move { ballots.submit(request).await })
        };
        let calls: Vec<_> = requests.iter().map(call).collect();
        let mut answers = Vec::new();
        for call in calls {
            let answer = call.await.unwrap();
            answers.push(answer.map(|a| a.into_inner().receipt.unwrap().try_into().unwrap()));
        }
        answers
    }

    /// A voter's copy of the board: everything but proofs is checked.
    async fn mirror(&self) -> Mirror {
        let mut mirror = Mirror::new(&self.election);
        mirror.sync(&self.client).await.unwrap();
        mirror
    }
}

/// The code and the reason of a refusal.
fn why(status: &Status) -> (Code, String) {
    (status.code(), status.get_details_error_info().map(|i| i.reason).unwrap_or_default())
}

fn refused(answer: Result<Receipt, Status>) -> (Code, String) {
    why(&answer.map(|r| r.path.index).unwrap_err())
}
