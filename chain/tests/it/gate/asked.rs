//! The contracts on an embedded chain, by the postings and questions that
//! commands use.

use super::audit::{MODEL, ORGANISATION, PROVEN, terms};
use super::world::{account, approval};
use crate::{elections::verifiers::creation_with, poster::policy};
use ::audit::attestation::{
    Attestation, AuditorRegistration, Revocation, SignedRegistration, SignedRevocation, Terms,
};
use chain::{
    Artifact, Backend, Embedded, Hash, Outbox, Poster, attestation,
    audits::{self, Attestations, Office, Status},
    deployed::{Error, creation},
    gate::{self, Executor, Gate, GateStanding, Mandate, Objection, Proposal},
    origin::{self, Origin},
    outbox::Posting,
    poster::Posted,
    settlement::Elections,
};
use circuits::types::{Address, Domain, ElectionId, TypedData};
use std::{collections::BTreeMap, path::Path};
use tempfile::TempDir;

/// All contracts, created by one account.
struct Place {
    /// Transactions that created them: elections, attestations, gate, executor.
    created: Vec<(Address, Hash)>,
    directory: TempDir,
    poster: Poster<Embedded>,
    domain: Domain,
    mandate: Mandate,
    gate: Address,
    executor: Address,
}

async fn poster(directory: &Path, outbox: &str) -> Poster<Embedded> {
    let chain = Embedded::open(&directory.join("chain")).unwrap();
    let outbox = Outbox::open(&directory.join(outbox)).unwrap();
    Poster::new(chain, outbox, account(9), policy(), Box::new(|_| ())).await.unwrap()
}

async fn create(poster: &mut Poster<Embedded>, kind: &str, code: Vec<u8>) -> (Address, Hash) {
    let (address, mined) = poster.create(creation(kind, code)).await.unwrap();
    (address, mined.hash)
}

impl Place {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut poster = poster(directory.path(), "first").await;
        let elections = create(&mut poster, "elections", Artifact::elections().unwrap().bytecode).await;
        let (verifier, _) = create(&mut poster, "verifier", attestation::creation_code().unwrap()).await;
        let organiser = account(1).address();
        let code = audits::creation_code(verifier, ORGANISATION, organiser).unwrap();
        let attestations = create(&mut poster, "attestations", code).await;
        let mandate = Mandate {
            elections: elections.0,
            organisation: ORGANISATION.into(),
            organiser,
            trustees: [3, 4, 5].map(|seed| account(seed).address()).into(),
            threshold: 2,
            quorum: 100,
            majority_numerator: 1,
            majority_denominator: 2,
        };
        let code = gate::gate_creation_code(&mandate, attestations.0).unwrap();
        let gate = create(&mut poster, "gate", code).await;
        let code = gate::executor_creation_code(&mandate, 60).unwrap();
        let executor = create(&mut poster, "executor", code).await;
        let domain = Domain { chain_id: poster.chain_id(), contract: attestations.0 };
        let created = vec![elections, attestations, gate, executor];
        let (gate, executor) = (gate.0, executor.0);
        Self { created, directory, poster, domain, mandate, gate, executor }
    }

    fn office(&self) -> Office {
        Office { contract: self.domain.contract }
    }

    async fn now(&self) -> u64 {
        self.poster.chain().latest().await.unwrap().timestamp
    }

    /// Posts it, then the same from an outbox that knows nothing: it is found.
    async fn twice(&mut self, posting: Posting) {
        assert!(matches!(self.poster.post(posting.clone()).await.unwrap(), Posted::Mined(_)));
        let name = posting.id.kind.clone();
        let mut other = poster(self.directory.path(), &name).await;
        assert_eq!(other.post(posting).await.unwrap(), Posted::Found, "{name}");
    }

    async fn registration(&self) -> SignedRegistration {
        let registration = AuditorRegistration {
            organisation: ORGANISATION.into(),
            auditor: account(2).address(),
            name: "Audits & Co".into(),
            from: 0,
            until: u64::MAX,
            counter: 1,
        };
        let signature = account(1).sign(registration.signing_hash(&self.domain));
        SignedRegistration { registration, signature }
    }

    /// Made for nodes' logs, then signed for this contract.
    async fn attestation(&self) -> Attestation {
        let issued = self.now().await;
        let terms = Terms { issued, expires: issued + 86_400, ..terms(Domain::default()) };
        let made = Attestation::sign(&terms, PROVEN.clone(), &account(2)).unwrap();
        let other = made.clone().sign_for(self.domain, &account(3)).unwrap_err();
        assert_eq!((other.found, other.expected), (account(3).address(), account(2).address()));
        let id = made.id();
        let signed = made.sign_for(self.domain, &account(2)).unwrap();
        assert_eq!((signed.id(), signed.domain), (id, self.domain));
        signed
    }
}

#[tokio::test]
async fn a52_audits_are_posted_once_and_read_back() {
    let mut place = Place::new().await;
    let office = place.office();
    let registration = place.registration().await;
    place.twice(office.register(&registration)).await;
    place.twice(office.anchor(PROVEN.data.root())).await;
    let attestation = place.attestation().await;
    let id = attestation.id();
    place.twice(office.attest(&attestation)).await;
    let chain = place.poster.chain().clone();
    let attestations = Attestations::at(&chain, place.domain.contract).await.unwrap();
    assert_eq!(attestations.status(id).await.unwrap(), Status::Valid);
    assert_eq!(attestations.status([1; 32]).await.unwrap(), Status::Unknown);
    assert!(attestations.record([1; 32]).await.unwrap().is_none());
    let recorded = attestations.record(id).await.unwrap().unwrap();
    assert_eq!((recorded.model, recorded.auditor), (MODEL, account(2).address()));
    assert_eq!((recorded.data_root, recorded.policy_hash), (PROVEN.data.root().0, PROVEN.policy.hash()));
    let claim = &attestation.claim;
    assert_eq!((recorded.issued, recorded.expires), (claim.issued, claim.expires));
    assert!(attestations.insecure().await.unwrap());

    let time = place.now().await;
    let revocation = Revocation { attestation: id, reason: "an error".into(), time };
    let signature = account(2).sign(revocation.signing_hash(&place.domain));
    let revocation = SignedRevocation { revocation, signature };
    place.poster.post(office.revoke(&revocation)).await.unwrap();
    assert_eq!(attestations.status(id).await.unwrap(), Status::Revoked);
}

/// A68: before anybody votes, each term that a gate or an executor would not
/// obey is named, and only that.
#[tokio::test]
async fn a68_each_term_that_differs_is_named_before_the_vote() {
    let place = Place::new().await;
    let chain = place.poster.chain();
    let gate = Gate::at(chain, place.gate).await.unwrap();
    let executor = Executor::at(chain, place.executor).await.unwrap();
    let like = &place.mandate;
    assert_eq!(gate.objections(like).await.unwrap(), []);
    let stronger = Mandate { quorum: 101, majority_numerator: 2, majority_denominator: 3, ..like.clone() };
    assert_eq!(gate.objections(&stronger).await.unwrap(), []);
    let other = account(8).address();
    let least = Objection::PassRule { quorum: 100, numerator: 1, denominator: 2 };
    let mut turned = like.trustees.clone();
    turned.swap(0, 1);
    let cases = [
        (Mandate { elections: other, ..like.clone() }, Objection::Elections(like.elections)),
        (Mandate { organisation: "Another".into(), ..like.clone() }, Objection::Organisation),
        (Mandate { organiser: other, ..like.clone() }, Objection::Organiser(like.organiser)),
        (Mandate { trustees: turned, ..like.clone() }, Objection::Trustees),
        (Mandate { threshold: 3, ..like.clone() }, Objection::Trustees),
        (Mandate { quorum: 99, ..like.clone() }, least),
        (Mandate { majority_denominator: 3, ..like.clone() }, least),
    ];
    for (mandate, objection) in cases {
        assert_eq!(gate.objections(&mandate).await.unwrap(), [objection]);
        assert_eq!(executor.objections(&mandate).await.unwrap(), [objection]);
    }
}

/// A call that the gate would refuse is seen before the vote.
#[test]
fn a68_only_what_the_gate_takes_is_read_as_a_proposal() {
    let gate = account(8).address();
    let sanction = Proposal::Sanction { model: MODEL };
    let approve = approval(account(2).address());
    for proposal in [sanction, approve] {
        let call = proposal.call(gate);
        assert_eq!(Proposal::read(&call), Some(proposal));
        let mut with_value = call.clone();
        with_value.value[31] = 1;
        let mut longer = call.clone();
        longer.data.push(0);
        let mut shorter = call.clone();
        shorter.data.pop();
        let mut other = call.clone();
        other.data[0] ^= 1;
        for wrong in [with_value, longer, shorter, other] {
            assert_eq!(Proposal::read(&wrong), None);
        }
    }
    // Bits above an address, a time and a demand.
    for word in [2, 4, 5] {
        let mut dirty = approve.call(gate);
        dirty.data[4 + 32 * word] = 1;
        assert_eq!(Proposal::read(&dirty), None, "word {word}");
    }
    let mut demand = approve.call(gate);
    *demand.data.last_mut().unwrap() = 3;
    assert_eq!(Proposal::read(&demand), None);
}

/// A55: whatever else is at an address answers nothing.
#[tokio::test]
async fn a55_contracts_are_asked_only_if_they_are_of_this_version() {
    let place = Place::new().await;
    let chain = place.poster.chain();
    assert_eq!(
        Gate::at(chain, place.gate).await.unwrap().attestations().await.unwrap(),
        place.domain.contract
    );
    let standing = Gate::at(chain, place.gate).await.unwrap().standing(MODEL).await.unwrap();
    assert_eq!(standing, (GateStanding::NoVote, None));
    assert!(Gate::at(chain, place.gate).await.unwrap().decision(MODEL).await.unwrap().is_none());
    let executor = Executor::at(chain, place.executor).await.unwrap();
    let nobody = ElectionId::from_bytes(&[1; 32]).unwrap();
    assert_eq!(executor.standing(nobody).await.unwrap(), gate::ExecutorStanding::None);
    assert!(!chain.code(executor.timelock().await.unwrap()).await.unwrap().is_empty());
    let wrong = |error: Error, expected: &str| {
        assert!(matches!(error, Error::OtherContract { name, .. } if name == expected), "{error}");
    };
    wrong(Gate::at(chain, place.executor).await.unwrap_err(), "ModelGate");
    wrong(Executor::at(chain, place.gate).await.unwrap_err(), "Executor");
    wrong(Attestations::at(chain, place.gate).await.unwrap_err(), "Attestations");
    let nothing = Attestations::at(chain, account(8).address()).await.unwrap_err();
    assert!(matches!(nothing, Error::NoContract { .. }), "{nothing}");
}

/// A55: the code of elections beside verifiers that they did not create.
#[tokio::test]
async fn a55_elections_beside_other_verifiers_are_no_elections() {
    let mut place = Place::new().await;
    let genuine = place.mandate.elections;
    let elections = Elections::at(place.poster.chain(), genuine).await.unwrap();
    let verifiers = elections.verifiers().await.unwrap().0;
    let mut code = place.poster.chain().code(genuine).await.unwrap();
    let places: Vec<usize> = (0..code.len() - 20).filter(|at| code[*at..at + 20] == verifiers).collect();
    let other = place.gate.0;
    places.iter().for_each(|at| code[*at..at + 20].copy_from_slice(&other));
    let (beside, _) = create(&mut place.poster, "beside", creation_with(&BTreeMap::new(), &code)).await;
    let refused = Elections::at(place.poster.chain(), beside).await.unwrap_err();
    assert!(
        matches!(refused, Error::OtherContract { contract, name: "Groth16Verifiers" } if contract.0 == other),
        "{refused}"
    );
}

/// A55: how a contract came to be, and with what terms.
#[tokio::test]
async fn a55_a_creation_is_compared_with_the_committed_code() {
    let mut place = Place::new().await;
    let chain = place.poster.chain().clone();
    let mandate = place.mandate.clone();
    let (organisation, organiser) = (ORGANISATION.to_owned(), mandate.organiser);
    let attestations = place.domain.contract;
    let expected = [
        Origin::Elections,
        Origin::Attestations { organisation, organiser },
        Origin::Gate { mandate: mandate.clone(), attestations },
        Origin::Executor { mandate, delay: 60 },
    ];
    let created = place.created.clone();
    for ((contract, transaction), expected) in created.iter().zip(expected) {
        assert_eq!(Origin::of(&chain, *contract, *transaction).await.unwrap(), expected);
    }
    let [(elections, first), (_, second), ..] = created[..] else { panic!("four contracts") };
    let other = Origin::of(&chain, elections, second).await.unwrap_err();
    assert!(
        matches!(other, origin::Error::OtherAddress { created, .. } if created == attestations),
        "{other}"
    );
    let none = Origin::of(&chain, elections, Hash([1; 32])).await.unwrap_err();
    assert!(matches!(none, origin::Error::NoCreation { .. }), "{none}");
    // A call, not a creation.
    let registration = place.registration().await;
    let Posted::Mined(call) = place.poster.post(place.office().register(&registration)).await.unwrap() else {
        panic!("found")
    };
    let none = Origin::of(&chain, elections, call.hash).await.unwrap_err();
    assert!(matches!(none, origin::Error::NoCreation { .. }), "{none}");
    // The same contract, and one word behind the code that creates it.
    let code = [Artifact::elections().unwrap().bytecode, vec![0; 32]].concat();
    let (contract, transaction) = create(&mut place.poster, "other", code).await;
    let other = Origin::of(&chain, contract, transaction).await.unwrap_err();
    assert!(matches!(other, origin::Error::OtherCode(_)), "{other}");
    assert_ne!(first, transaction);
}
