#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]
use super::*;
use crate::v1;
use audit::{
    attestation::Claim,
    log::{Entry, Event, Receipt as LogReceipt, Row},
    testing::{anchor, attestation, registration, revocation, terms},
};
use circuits::{
    params::BOARD_DEPTH,
    primitives::merkle::{BoardPath, ConsistencyProof},
    types::*,
};
use proptest::prelude::*;
use prost::Message;

fn signature() -> Signature {
    AccountKey::from_bytes(&[7; 32]).unwrap().sign([1; 32])
}

fn draft() -> Draft {
    let trustee = |i: u8| TrusteeIdentity { signer: Address([i; 20]), encryption_key: [i; 32] };
    Draft {
        chain_id: 5,
        contract: Address([1; 20]),
        organisation: "Example DAO".into(),
        registration_chain_id: 1,
        proposal_digest: keccak256("text"),
        kind: ProposalKind::Action,
        calls: vec![Call { target: Address([4; 20]), value: [1; 32], data: vec![1, 2] }],
        options: vec!["yes".into(), "no".into()],
        rule: Rule::new(RuleKind::Split, 2).unwrap(),
        pass_rule: PassRule { winning_option: 1, quorum: 10, majority_numerator: 1, majority_denominator: 2 },
        census: CensusDefinition {
            source: [3; 32],
            snapshot: "block 1".into(),
            decimals: 2,
            maskers: vec![Address([6; 20])],
        },
        times: Times { opening: 1, closing: 2, root_deadline: 3, tally_deadline: 4 },
        early_close: true,
        trustees: vec![trustee(1), trustee(2), trustee(3)],
        threshold: 2,
        min_ballots: 3,
        settlement: SettlementMode::Validity,
        operator: Address([9; 20]),
        organiser: Address([8; 20]),
        nonce: [7; 32],
    }
}

fn entry(shape: BallotShape) -> BoardEntry {
    let ciphertexts = Ciphertexts::identity(shape);
    BoardEntry {
        slot: Slot::from_field(1u64.into()),
        prev_digest: CiphertextDigest::empty(),
        next_digest: ciphertexts.digest(),
        ticket: Ticket::from_field(2u64.into()),
        ciphertexts,
        proof: ProofBytes([5; 256]),
    }
}

fn head() -> SignedHead {
    let root = BoardRoot::from_field(9u64.into());
    let head =
        Head { election_id: ElectionId::from_field(4u64.into()), size: 8, root, time: 5, closed: true };
    SignedHead { head, signature: signature() }
}

fn path() -> BoardPath {
    BoardPath { index: 3, siblings: std::array::from_fn::<_, BOARD_DEPTH, _>(|i| (i as u64).into()) }
}

fn consistency() -> ConsistencyProof {
    ConsistencyProof { first_subtrees: vec![1u64.into()], siblings: vec![2u64.into(), 3u64.into()] }
}

/// An event of each kind, and the claim of the attestation.
fn audit() -> ([Entry; 4], Claim) {
    let account = AccountKey::from_bytes(&[7; 32]).unwrap();
    let attestation = attestation(&account, &terms(1_790_000_000), 1, &[]);
    let claim = attestation.claim.clone();
    let events = [
        Event::Auditor(registration(&account, account.address(), 1)),
        Event::Anchor(anchor(&account, &attestation)),
        Event::Revocation(revocation(&account, attestation.id(), 9)),
        Event::Attestation(Box::new(attestation)),
    ];
    (events.map(|event| Entry { time: 7, event }), claim)
}

/// Through the message and back.
fn there_and_back<T, M>(value: &T)
where
    T: PartialEq + std::fmt::Debug + TryFrom<M, Error = InvalidField>,
    M: for<'a> From<&'a T> + prost::Message + Default,
{
    let bytes = M::from(value).encode_to_vec();
    let back = T::try_from(M::decode(&bytes[..]).unwrap()).unwrap();
    assert_eq!(&back, value);
}

#[test]
fn every_type_comes_back_as_it_went() {
    there_and_back::<_, v1::SignedDraft>(&SignedDraft {
        draft: draft(),
        proposal: "text".into(),
        signature: signature(),
    });
    let draft_id = draft().id();
    let root = CensusRoot::from_field(3u64.into());
    there_and_back::<_, v1::CensusStatement>(&CensusStatement { draft_id, root, total: 77 });
    let key = ElectionKey {
        draft_id,
        census_root: root,
        census_total: 77,
        public_key: GroupElement::generator(),
        verification_shares: vec![GroupElement::generator(); 3],
        verifying_keys: [[1; 32], [2; 32], [3; 32], [4; 32], [5; 32]],
        transcript: [8; 32],
    };
    there_and_back::<_, v1::SignedElectionKey>(&SignedElectionKey { key, signatures: vec![signature(); 3] });
    let address = Address([3; 20]);
    let identity = IdentityCommitment::from_field(12u64.into());
    let organisation = "Example DAO".into();
    let message = RegistrationMessage { chain_id: 1, organisation, address, identity, counter: 6 };
    let proof = ProofBytes([5; 256]);
    there_and_back::<_, v1::Registration>(&Registration { message, signature: signature(), proof });
    there_and_back::<_, v1::CensusEntry>(&CensusEntry { address, identity, weight: 9 });
    there_and_back::<_, v1::Holder>(&Holder { address, weight: 9 });
    for shape in BallotShape::ALL {
        there_and_back::<_, v1::BoardEntry>(&entry(shape));
    }
    let receipt = Receipt { row: entry(BallotShape::Shape4).row(), head: head(), path: path() };
    there_and_back::<_, v1::Receipt>(&receipt);
    let message =
        TrusteeMessage { draft_id, round: 5, from: 1, to: 2, body: vec![1, 2, 3], signature: signature() };
    there_and_back::<_, v1::TrusteeMessage>(&message);
    let proof = TallyProof { circuit: "tally/4/rows=256/t=2".into(), inputs: vec![4u64.into()], proof };
    let tally = Tally { totals: vec![1, 2], slots: 3, quorum: vec![1, 3], proofs: vec![proof] };
    there_and_back::<_, v1::Tally>(&tally);
    there_and_back::<_, v1::ProveConsistencyResponse>(&consistency());
    let (entries, claim) = audit();
    there_and_back::<_, v1::AttestationClaim>(&claim);
    for entry in entries {
        there_and_back::<_, v1::LogEvent>(&entry);
        there_and_back::<_, v1::LogReceipt>(&LogReceipt { row: entry.row(), head: head(), path: path() });
    }
}

/// Reads bytes of a caller. What is accepted has one form: written and read
/// again it is the same.
fn read<M, T>(bytes: &[u8])
where
    T: PartialEq + std::fmt::Debug + TryFrom<M, Error = InvalidField>,
    M: for<'a> From<&'a T> + Message + Default,
{
    let Ok(message) = M::decode(bytes) else { return };
    let Ok(value) = T::try_from(message) else { return };
    let again = M::from(&value).encode_to_vec();
    assert_eq!(T::try_from(M::decode(&again[..]).unwrap()), Ok(value));
}

fn read_as_everything(bytes: &[u8]) {
    read::<v1::SignedDraft, SignedDraft>(bytes);
    read::<v1::CensusStatement, CensusStatement>(bytes);
    read::<v1::SignedElectionKey, SignedElectionKey>(bytes);
    read::<v1::Registration, Registration>(bytes);
    read::<v1::CensusEntry, CensusEntry>(bytes);
    read::<v1::Holder, Holder>(bytes);
    read::<v1::BoardEntry, BoardEntry>(bytes);
    read::<v1::Head, SignedHead>(bytes);
    read::<v1::Receipt, Receipt>(bytes);
    read::<v1::TrusteeMessage, TrusteeMessage>(bytes);
    read::<v1::Tally, Tally>(bytes);
    read::<v1::ProveConsistencyResponse, ConsistencyProof>(bytes);
    read::<v1::AttestationClaim, Claim>(bytes);
    read::<v1::LogEvent, Entry>(bytes);
    read::<v1::LogRow, Row>(bytes);
    read::<v1::LogReceipt, LogReceipt>(bytes);
}

/// One valid encoding of each message.
fn valid() -> Vec<Vec<u8>> {
    let signed = SignedDraft { draft: draft(), proposal: "text".into(), signature: signature() };
    let draft_id = draft().id();
    let receipt = Receipt { row: entry(BallotShape::Shape4).row(), head: head(), path: path() };
    let ([named, anchored, revoked, attested], claim) = audit();
    let log_receipt = LogReceipt { row: attested.row(), head: head(), path: path() };
    let message =
        TrusteeMessage { draft_id, round: 5, from: 1, to: 2, body: vec![1, 2, 3], signature: signature() };
    vec![
        v1::SignedDraft::from(&signed).encode_to_vec(),
        v1::BoardEntry::from(&entry(BallotShape::Shape4)).encode_to_vec(),
        v1::Head::from(&head()).encode_to_vec(),
        v1::Receipt::from(&receipt).encode_to_vec(),
        v1::TrusteeMessage::from(&message).encode_to_vec(),
        v1::ProveConsistencyResponse::from(&consistency()).encode_to_vec(),
        v1::AttestationClaim::from(&claim).encode_to_vec(),
        v1::LogEvent::from(&named).encode_to_vec(),
        v1::LogEvent::from(&anchored).encode_to_vec(),
        v1::LogEvent::from(&revoked).encode_to_vec(),
        v1::LogEvent::from(&attested).encode_to_vec(),
        v1::LogReceipt::from(&log_receipt).encode_to_vec(),
    ]
}

proptest! {
    /// A46, A50: no bytes make a decoder panic.
    #[test]
    fn a50_no_bytes_make_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_as_everything(&bytes);
    }

    /// A15, A50: valid messages with bytes changed, removed and doubled.
    #[test]
    fn a15_a50_changed_messages_have_one_form_or_none(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..6),
    ) {
        let valid = valid();
        let mut bytes = which.get(&valid).clone();
        for (at, byte, kind) in changes {
            if bytes.is_empty() {
                break;
            }
            let i = at.index(bytes.len());
            match kind {
                0 => bytes[i] = byte,
                1 => drop(bytes.remove(i)),
                2 => bytes.insert(i, byte),
                _ => bytes.extend_from_within(i..),
            }
        }
        read_as_everything(&bytes);
    }
}

fn refused<T, M>(message: M) -> String
where
    T: TryFrom<M, Error = InvalidField>,
{
    T::try_from(message).err().map(|e| e.field).unwrap_or_default()
}

#[test]
fn the_field_at_fault_is_named() {
    let good = v1::SignedDraft { draft: Some((&draft()).into()), ..Default::default() };
    assert_eq!(refused::<SignedDraft, _>(good.clone()), "signature");
    let mut bad = good.clone();
    bad.draft.as_mut().unwrap().calls[0].value.pop();
    assert_eq!(refused::<SignedDraft, _>(bad), "draft.calls[0].value");
    let mut bad = good;
    bad.draft.as_mut().unwrap().census.as_mut().unwrap().maskers[0].push(0);
    assert_eq!(refused::<SignedDraft, _>(bad), "draft.census.maskers[0]");
    assert_eq!(refused::<SignedDraft, _>(v1::SignedDraft::default()), "draft");
    let receipt = v1::Receipt { row: Some((&entry(BallotShape::Shape4).row()).into()), ..Default::default() };
    assert_eq!(refused::<Receipt, _>(receipt), "head");
}

/// A1, A15: one accepted form for every field of an entry: x + r, longer,
/// shorter and empty values are refused.
#[test]
fn a1_a15_other_forms_of_an_entry_are_refused() {
    type Pick = fn(&mut v1::BoardEntry) -> &mut Vec<u8>;
    let fields: [(&str, Pick); 6] = [
        ("slot", |e| &mut e.slot),
        ("prev_digest", |e| &mut e.prev_digest),
        ("next_digest", |e| &mut e.next_digest),
        ("ticket", |e| &mut e.ticket),
        ("ciphertexts", |e| &mut e.ciphertexts),
        ("proof", |e| &mut e.proof),
    ];
    let good = v1::BoardEntry::from(&entry(BallotShape::Shape4));
    for (name, pick) in fields {
        let changes: [fn(&mut Vec<u8>); 3] = [|b| b.push(0), |b| b.truncate(b.len() - 1), |b| b.clear()];
        for change in changes {
            let mut bad = good.clone();
            change(pick(&mut bad));
            assert_eq!(refused::<BoardEntry, _>(bad), name);
        }
        if name != "proof" {
            let mut bad = good.clone();
            pick(&mut bad)[..32].fill(0xff);
            assert_eq!(refused::<BoardEntry, _>(bad), name);
        }
    }
}

#[test]
fn numbers_above_their_range_are_refused() {
    let message = v1::TrusteeMessage {
        round: 256,
        draft_id: vec![0; 32],
        signature: signature().to_bytes().to_vec(),
        ..Default::default()
    };
    assert_eq!(refused::<TrusteeMessage, _>(message.clone()), "round");
    let message = v1::TrusteeMessage { round: 1, body: vec![0; TRUSTEE_BODY_MAX + 1], ..message };
    assert_eq!(refused::<TrusteeMessage, _>(message), "body.length");
}
