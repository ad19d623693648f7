//! A scenario is what it says: a node takes all of it.

use e2e::{keys::Keys, scenario::scenario, serve};
use proto::v1::ballot_service_client::BallotServiceClient;

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_is_accepted_ballot_by_ballot_under_real_keys() {
    let (scenario, place) = (scenario(16).unwrap(), tempfile::tempdir().unwrap());
    let node = serve::start(serve::config(&scenario, place.path()), &Keys::load().unwrap()).await.unwrap();
    scenario.open_on(&serve::connect(&node).await.unwrap()).await.unwrap();
    let mut ballots = BallotServiceClient::connect(format!("http://{}", node.address())).await.unwrap();
    for (seq, request) in scenario.first.iter().chain(&scenario.later).enumerate() {
        let answer = ballots.submit(request.clone()).await.unwrap().into_inner();
        let receipt = answer.receipt.unwrap().try_into().unwrap();
        scenario.check_receipt(request, &receipt).unwrap();
        assert_eq!(receipt.path.index as usize, seq);
    }
    assert_eq!((scenario.first.len(), scenario.later.len()), (16, 5));
    for index in 1..=scenario.trustees.len() {
        assert_eq!(scenario.trustee(index).unwrap().election_key().unwrap(), scenario.key);
    }
    node.shutdown().await.unwrap();
}
