//! Calls of the contract `Elections` from the protocol's types, and what a
//! poster computes as the contract does. spec: `settlement`.

use crate::abi::{
    Call, CensusDefinition, Circuit, Draft, ElectionKey, Head, IElections, IGroth16Verifiers, Kind, PassRule,
    Times, Trustee,
};
use alloy::{
    primitives::{Address, B256, Bytes, U256},
    sol_types::SolCall,
};
use circuits::{
    curve::{Fr, Scalar},
    params::BATCH_ROWS,
    types::{
        self, BoardEntry, BoardRoot, Domain, ElectionId, GroupElement, Signature, SignedDraft,
        SignedElectionKey, SignedHead, Tally, field_to_bytes, hash_to_field, keccak256,
    },
};
use verifier::{CircuitId, VerifyingKey};

/// Bytes of a ballot in a batch: slot, prev, next, ticket, proof.
pub const ENTRY_BYTES: usize = 4 * 32 + 256;
/// First word of the preimage of a batch's point. spec: `params.tags`
const BATCH_TAG: &[u8; 27] = b"tabella.v1.settlement-batch";
const _: () = assert!(BATCH_ROWS * ENTRY_BYTES < 1 << 16);

/// An address as the ABI has it.
pub fn address(a: types::Address) -> Address {
    Address::from(a.0)
}

/// An election's identifier as the ABI has it.
pub fn id(election: ElectionId) -> B256 {
    B256::from(election.to_bytes())
}

fn word(x: Fr) -> U256 {
    U256::from_be_bytes(field_to_bytes(x))
}

fn bytes(signature: &Signature) -> Bytes {
    Bytes::from(signature.to_bytes().to_vec())
}

/// The contract keeps keys of four kinds of circuits; registrations are not
/// checked on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the chain needs no key of circuit {0}; add those of ballot, tally, tally chunk and tally final")]
pub struct NotOnChain(pub CircuitId);

/// `Groth16Verifiers.add`: the key's points, from which the contract computes
/// the key's hash itself.
///
/// # Errors
/// If the key is that of registrations.
pub fn add_key(key: &VerifyingKey) -> Result<Vec<u8>, NotOnChain> {
    let circuit_ = circuit(key.id())?;
    let encoded = key.to_bytes();
    // Magic, length of the id, id, number of points. spec: `setup.verifying_key`
    let head = 8 + 1 + key.id().to_string().len() + 4;
    let points = Bytes::from(encoded[head..].to_vec());
    Ok(IGroth16Verifiers::addCall { circuit_, points }.abi_encode())
}

fn circuit(id: CircuitId) -> Result<Circuit, NotOnChain> {
    let (kind, shape, rows, t) = match id {
        CircuitId::Registration => return Err(NotOnChain(id)),
        CircuitId::Ballot(shape) => (Kind::Ballot, shape, 0, 0),
        CircuitId::Tally { shape, rows, t } => (Kind::Tally, shape, rows, t),
        CircuitId::TallyChunk { shape, rows } => (Kind::TallyChunk, shape, rows, 0),
        CircuitId::TallyFinal { shape, rows, t } => (Kind::TallyFinal, shape, rows, t),
    };
    let (options, rows) = (u8::try_from(shape.options()), u32::try_from(rows));
    let (options, rows) = (options.expect("4 or 16"), rows.expect("at most 65536"));
    Ok(Circuit { kind, options, rows, threshold: u8::try_from(t).expect("at most 16") })
}

/// A draft, field by field.
pub fn draft(d: &types::Draft) -> Draft {
    let call = |c: &types::Call| Call {
        target: address(c.target),
        value: U256::from_be_bytes(c.value),
        data: Bytes::from(c.data.clone()),
    };
    let trustee = |t: &types::TrusteeIdentity| Trustee {
        signer: address(t.signer),
        encryptionKey: t.encryption_key.into(),
    };
    Draft {
        chainId: U256::from(d.chain_id),
        contract_: address(d.contract),
        organisation: d.organisation.clone(),
        registrationChainId: U256::from(d.registration_chain_id),
        proposalDigest: d.proposal_digest.into(),
        kind: d.kind.code(),
        calls: d.calls.iter().map(call).collect(),
        options: d.options.clone(),
        rule: d.rule.code(),
        passRule: pass_rule(&d.pass_rule),
        census: census(&d.census),
        times: times(&d.times),
        earlyClose: d.early_close,
        trustees: d.trustees.iter().map(trustee).collect(),
        threshold: d.threshold,
        minBallots: d.min_ballots,
        settlement: d.settlement.code(),
        operator: address(d.operator),
        organiser: address(d.organiser),
        nonce: d.nonce.into(),
    }
}

fn pass_rule(p: &types::PassRule) -> PassRule {
    PassRule {
        winningOption: p.winning_option,
        quorum: p.quorum,
        majorityNumerator: p.majority_numerator,
        majorityDenominator: p.majority_denominator,
    }
}

fn census(c: &types::CensusDefinition) -> CensusDefinition {
    CensusDefinition {
        source: c.source.into(),
        snapshot: c.snapshot.clone(),
        decimals: c.decimals,
        maskers: c.maskers.iter().copied().map(address).collect(),
    }
}

fn times(t: &types::Times) -> Times {
    Times {
        opening: t.opening,
        closing: t.closing,
        rootDeadline: t.root_deadline,
        tallyDeadline: t.tally_deadline,
    }
}

/// A key as its trustees signed it.
pub fn key(k: &types::ElectionKey) -> ElectionKey {
    let (x, y) = k.public_key.xy();
    let shares: Vec<u8> = k.verification_shares.iter().flat_map(|p| p.to_bytes()).collect();
    ElectionKey {
        censusRoot: k.census_root.to_bytes().into(),
        censusTotal: k.census_total,
        pkX: word(x),
        pkY: word(y),
        verificationShares: keccak256(shares).into(),
        verifyingKeys: k.verifying_keys.map(B256::from),
        transcript: k.transcript.into(),
    }
}

/// The point of the prime subgroup that is an eighth of `pk`: it shows the
/// contract that `pk` is in that subgroup.
pub fn eighth(pk: GroupElement) -> (U256, U256) {
    use ark_ec::CurveGroup;
    use ark_ff::Field;
    let inverse = Scalar::from(8u64).inverse().expect("l is odd");
    let point = (pk.affine() * inverse).into_affine();
    (word(point.x), word(point.y))
}

/// `open`, with all signatures.
pub fn open(signed: &SignedDraft, signed_key: &SignedElectionKey) -> Vec<u8> {
    let (eighth_x, eighth_y) = eighth(signed_key.key.public_key);
    IElections::openCall {
        draft: draft(&signed.draft),
        organiserSignature: bytes(&signed.signature),
        key: key(&signed_key.key),
        trusteeSignatures: signed_key.signatures.iter().map(bytes).collect(),
        eighthX: eighth_x,
        eighthY: eighth_y,
    }
    .abi_encode()
}

fn head(h: &types::Head) -> Head {
    Head { size: h.size, root: h.root.to_bytes().into(), time: h.time, closed: h.closed }
}

/// `anchor` of an open head.
pub fn anchor(signed: &SignedHead) -> Vec<u8> {
    IElections::anchorCall {
        electionId: id(signed.head.election_id),
        head: head(&signed.head),
        signature: bytes(&signed.signature),
    }
    .abi_encode()
}

/// `close` with the last head; `order` is the organiser's signature over
/// `Close`, needed before the closing time only.
pub fn close(signed: &SignedHead, order: Option<&Signature>) -> Vec<u8> {
    IElections::closeCall {
        electionId: id(signed.head.election_id),
        head: head(&signed.head),
        signature: bytes(&signed.signature),
        order: order.map_or_else(Bytes::new, bytes),
    }
    .abi_encode()
}

/// Ballots as a batch holds them. spec: `settlement.batch`
pub fn entries(ballots: &[BoardEntry]) -> Vec<u8> {
    let entry = |e: &BoardEntry| {
        let words =
            [e.slot.to_bytes(), e.prev_digest.to_bytes(), e.next_digest.to_bytes(), e.ticket.to_bytes()];
        [&words.concat()[..], &e.proof.0].concat()
    };
    ballots.iter().flat_map(entry).collect()
}

/// `postBatch` of the ballots from entry `start` on.
pub fn post_batch(election: ElectionId, start: u32, ballots: &[BoardEntry]) -> Vec<u8> {
    IElections::postBatchCall { electionId: id(election), start, entries: entries(ballots).into() }
        .abi_encode()
}

/// A board as it was closed on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedOn {
    /// Chain and contract.
    pub domain: Domain,
    /// The election.
    pub election_id: ElectionId,
    /// R
    pub root: BoardRoot,
    /// N
    pub size: u32,
}

impl ClosedOn {
    /// The points z of all batches of `ballots`, which are the whole board,
    /// in order: what the tally proof is made for. `batch_rows` is
    /// [`BATCH_ROWS`] in every election that clients accept.
    ///
    /// # Panics
    /// If there are 2^32 ballots or more.
    pub fn points(&self, ballots: &[BoardEntry], batch_rows: usize) -> Vec<Fr> {
        let starts = (0u32..).step_by(batch_rows);
        ballots.chunks(batch_rows).zip(starts).map(|(batch, start)| self.point(start, batch)).collect()
    }

    /// The point z of the batch from entry `start` on. spec: `settlement.point`
    ///
    /// # Panics
    /// If there are 2^32 ballots or more.
    pub fn point(&self, start: u32, ballots: &[BoardEntry]) -> Fr {
        let mut tag = [0; 32];
        tag[..BATCH_TAG.len()].copy_from_slice(BATCH_TAG);
        let words = [
            tag,
            types::word_u64(self.domain.chain_id),
            types::word_address(self.domain.contract),
            self.election_id.to_bytes(),
            self.root.to_bytes(),
            types::word_u64(self.size.into()),
            types::word_u64(start.into()),
            types::word_u64(ballots.len() as u64),
            keccak256(entries(ballots)),
        ];
        hash_to_field(keccak256(words.concat()))
    }
}

/// The calls that settle a result, in order: `postTally`, or all `postChunk`
/// and `postFinal`. The proofs were made for the points of the batches that
/// `poster` has posted or will post; the chunks are sent by `poster` itself.
///
/// # Panics
/// If the result has no proof.
pub fn post_result(election: ElectionId, poster: Address, rows: u32, tally: &Tally) -> Vec<Vec<u8>> {
    let (last, chunks) = tally.proofs.split_last().expect("a result has a proof");
    let proof = |p: &types::TallyProof| Bytes::from(p.proof.0.to_vec());
    let (settled, slots, totals) = (id(election), tally.slots, tally.totals.clone());
    let chunk = |(start, p): (u32, &types::TallyProof)| {
        // `election_id, R, N, start, state_in, state_out, ..`. spec: `tally.inputs`
        let (state_in, state_out) = (word(p.inputs[4]), word(p.inputs[5]));
        IElections::postChunkCall {
            electionId: settled,
            poster,
            start,
            stateIn: state_in,
            stateOut: state_out,
            proof: proof(p),
        }
        .abi_encode()
    };
    let end = match chunks {
        [] => IElections::postTallyCall { electionId: settled, poster, slots, totals, proof: proof(last) }
            .abi_encode(),
        _ => IElections::postFinalCall { electionId: settled, poster, slots, totals, proof: proof(last) }
            .abi_encode(),
    };
    let starts = (0u32..).step_by(rows as usize);
    starts.zip(chunks).map(chunk).chain([end]).collect()
}

/// `void`.
pub fn void(election: ElectionId) -> Vec<u8> {
    IElections::voidCall { electionId: id(election) }.abi_encode()
}
