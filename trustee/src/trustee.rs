//! One trustee's state machine. spec: `trustee.machine`.

use crate::{
    abort::{Abort, InvalidAbort, Reason, is_well_formed},
    board::CheckedBoard,
    ciphersuite::BabyJubjub,
    decryption::{BoardPoint, Closing, Refused, check_closing, statement},
    envelope,
    keys::TrusteeKeys,
    message::{InvalidMessage, Message, Round, Route},
    package::{
        FrostError, Package, SALT_BYTES, check_reveal, commit_body, identifier, parse_reveal, reveal_body,
    },
    state::{InvalidState, State},
    statement::{KeyStatement, transcript},
    storage::{Storage, StorageError},
};
use circuits::{
    decryption::{PartialDecryption, SecretShare},
    types::{
        BoardRoot, Census, Draft, DraftId, ElectionKey, GroupElement, InvalidSignedDraft, SignedDraft,
        SignedElectionKey, TypedData, VERIFYING_KEYS,
    },
};
use frost_core::{
    Identifier,
    keys::{
        PublicKeyPackage, SigningShare, VerifiableSecretSharingCommitment,
        dkg::{self, round1, round2},
    },
};
use rand_core::{OsRng, RngCore};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// Why a trustee cannot do what it was asked to. Nothing has changed then,
/// and nothing was released.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// See [`InvalidSignedDraft`].
    #[error("the draft is refused: {0}")]
    Draft(#[from] InvalidSignedDraft),
    /// See the message.
    #[error("the draft names no trustee with these keys; give the organiser this trustee's identity")]
    NotATrustee,
    /// See the message.
    #[error("nothing can be encrypted to trustee {0}: its encryption key is not a valid X25519 key")]
    EncryptionKey(u8),
    /// See [`InvalidMessage`].
    #[error(transparent)]
    Message(#[from] InvalidMessage),
    /// See [`InvalidAbort`].
    #[error(transparent)]
    Abort(#[from] InvalidAbort),
    /// See the message.
    #[error(
        "a message is signed with this trustee's key that its state does not know: the state was lost or put back \
         to an older copy, or the key runs in two places. It must not go on, since it could sign or decrypt twice: \
         find the newest copy of its directory, or restart under a new draft"
    )]
    Impostor,
    /// See [`StorageError`].
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// See [`InvalidState`].
    #[error("the stored state of draft {draft} is refused: {cause}")]
    State {
        /// The draft.
        draft: DraftId,
        /// What is wrong.
        cause: InvalidState,
    },
    /// FROST refuses what was checked before: a bug.
    #[error("key generation: {0}")]
    Frost(#[from] FrostError),
    /// See the message.
    #[error("the key generation of this draft was aborted; restart under a new draft")]
    Aborted,
    /// See the message.
    #[error("the key is not there yet: messages of {0:?} are missing")]
    NotYet(Vec<u8>),
    /// See the message.
    #[error("this trustee has signed another key under this draft; it signs one key per draft")]
    Signed,
    /// See [`Refused`].
    #[error("decryption refused: {0}")]
    Refused(#[from] Refused),
}

/// How far a trustee is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Waits for messages of a round from these trustees.
    Waiting(Round, Vec<u8>),
    /// Has its share; waits for [`Trustee::sign_key`].
    Census,
    /// All trustees have signed the key.
    Ready,
    /// Has decrypted.
    Decrypted,
    /// The key generation has ended without a key: what the trustees say.
    Aborted(Vec<Abort>),
}

/// One trustee under one draft: feed it every message, send what it returns.
///
/// Messages may come in any order, late, and more than once. Whatever it
/// returns was written to storage before.
#[derive(Debug)]
pub struct Trustee<S> {
    party: Party,
    state: State,
    storage: S,
}

impl<S: Storage> Trustee<S> {
    /// Takes up a draft, or resumes it from storage. Send
    /// [`Trustee::outgoing`] next.
    ///
    /// # Errors
    /// If the draft is refused or not for these keys, or storage fails.
    pub fn new(keys: TrusteeKeys, draft: &SignedDraft, mut storage: S) -> Result<Self, Error> {
        draft.check()?;
        let party = Party::new(keys, draft.draft.clone())?;
        let state = match storage.load(party.draft_id)? {
            Some(bytes) => State::from_bytes(&bytes, party.draft_id, party.index)
                .map_err(|cause| Error::State { draft: party.draft_id, cause })?,
            None => {
                let state = party.start()?;
                storage.save(party.draft_id, &state.to_bytes(party.draft_id, party.index))?;
                state
            }
        };
        Ok(Self { party, state, storage })
    }

    /// [`Trustee::new`] for a trustee that may have been here before: `held`
    /// are the messages that a node has of the draft. A trustee without a
    /// state draws no second polynomial if it has sent something already.
    ///
    /// # Errors
    /// As [`Trustee::new`], or [`Error::Impostor`]; nothing is stored then.
    pub fn resume(
        keys: TrusteeKeys,
        draft: &SignedDraft,
        storage: S,
        held: &[Message],
    ) -> Result<Self, Error> {
        let party = Party::new(keys.clone(), draft.draft.clone())?;
        if storage.load(party.draft_id)?.is_none() && held.iter().any(|m| party.has_signed(m)) {
            return Err(Error::Impostor);
        }
        let trustee = Self::new(keys, draft, storage)?;
        trustee.check_sent(held)?;
        Ok(trustee)
    }

    /// Compares what a node holds with what this trustee has sent. Its state
    /// is written before a message leaves, so a message of its own that it
    /// does not know shows that the state is not the newest.
    /// spec: `trustee.restored`
    ///
    /// # Errors
    /// [`Error::Impostor`].
    pub fn check_sent(&self, held: &[Message]) -> Result<(), Error> {
        let known = |m: &Message| match m.route.round {
            // Of two aborts of its own it keeps the better one.
            Round::Abort => self.state.aborts.contains_key(&self.party.index),
            _ => self.state.log.get(&m.route).is_some_and(|known| known.body == m.body),
        };
        let unknown = held.iter().any(|m| self.party.has_signed(m) && !known(m));
        if unknown { Err(Error::Impostor) } else { Ok(()) }
    }

    /// This trustee's index, from 1.
    pub fn index(&self) -> u8 {
        self.party.index
    }

    /// Takes in a message and returns what follows from it. A fault of
    /// another trustee is not an error: an abort that names it is returned,
    /// and [`Trustee::phase`] tells.
    ///
    /// # Errors
    /// If the message is invalid, or storage fails.
    pub fn handle(&mut self, message: &Message) -> Result<Vec<Message>, Error> {
        message.check(&self.party.draft)?;
        let (mut state, mut out) = (self.state.clone(), Vec::new());
        if !self.party.admit(&mut state, message, &mut out)? {
            return Ok(Vec::new());
        }
        self.party.advance(&mut state, &mut out)?;
        self.commit(state)?;
        Ok(out)
    }

    /// All messages that this trustee has sent, to be sent again after a
    /// restart.
    pub fn outgoing(&self) -> Vec<Message> {
        let own = |m: &&Message| m.route.from == self.party.index;
        self.state.log.values().chain(self.state.aborts.values()).filter(own).cloned().collect()
    }

    /// How far it is.
    pub fn phase(&self) -> Phase {
        self.party.phase(&self.state)
    }

    /// Signs the election's key, once per draft, over the census that the
    /// caller has rebuilt from registrations and holders, and the hashes of
    /// the circuits' verifying keys (ballot, tally, tally chunk, tally
    /// final). Asked again for the same, it returns the same. A61, A67.
    ///
    /// # Errors
    /// If the share is not there yet, the generation was aborted, or another
    /// key was signed.
    pub fn sign_key(
        &mut self,
        census: &Census,
        verifying_keys: [[u8; 32]; VERIFYING_KEYS],
    ) -> Result<Vec<Message>, Error> {
        let route = self.party.route(Round::Key);
        let statement = self.party.key_statement(&self.state, census, verifying_keys)?;
        if let Some(signed) = self.state.log.get(&route) {
            let same = signed.body == statement.to_body();
            return if same { Ok(vec![signed.clone()]) } else { Err(Error::Signed) };
        }
        if !self.state.aborts.is_empty() {
            return Err(Error::Aborted);
        }
        let (mut state, mut out) = (self.state.clone(), Vec::new());
        self.party.send(&mut state, route, statement.to_body(), &mut out);
        self.party.advance(&mut state, &mut out)?;
        self.commit(state)?;
        Ok(out)
    }

    /// The election's key once all n trustees have signed it.
    pub fn election_key(&self) -> Option<SignedElectionKey> {
        self.party.election_key(&self.state)
    }

    /// The key that this trustee has signed, whether the others have or not.
    pub fn signed_key(&self) -> Option<ElectionKey> {
        let own = self.state.broadcast(Round::Key, self.party.index)?;
        self.party.statement_in(own).map(|s| s.key)
    }

    /// Root and size of the board that this trustee has decrypted.
    pub fn decrypted(&self) -> Option<(BoardRoot, u32)> {
        self.state.decrypted.map(|d| (d.root, d.size))
    }

    /// Decrypts the sums of a closed board: one board per draft, after
    /// checking closing, root, size and number of slots. Asked again for the
    /// same board, it returns the same message. A29, A67.
    ///
    /// # Errors
    /// If anything forbids the decryption, or storage fails.
    pub fn decrypt(&mut self, board: &CheckedBoard, closing: &Closing) -> Result<Message, Error> {
        let key = self.election_key().ok_or(Refused::NoKey)?;
        check_closing(&self.party.draft, key.key.election_id(), board, closing)?;
        let point = BoardPoint::of(board);
        if let Some(decrypted) = self.state.decrypted.filter(|d| *d != point) {
            return Err(Refused::Decrypted(decrypted.root).into());
        }
        let route = self.party.route(Round::Decryption);
        if let Some(sent) = self.state.log.get(&route) {
            return Ok(sent.clone());
        }
        let share = self.state.share.as_ref().ok_or(Refused::NoKey)?;
        let position = usize::from(self.party.index) - 1;
        let statement = statement(board, key.key.verification_shares[position]);
        let partial = PartialDecryption::create(self.party.index, share, &statement, &mut OsRng)
            .map_err(Refused::Share)?;
        let (mut state, mut out) = (self.state.clone(), Vec::new());
        state.decrypted = Some(point);
        let message = self.party.send(&mut state, route, partial.to_bytes(), &mut out);
        self.commit(state)?;
        Ok(message)
    }

    /// Where the state is kept.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    /// Stops: gives the storage back.
    pub fn into_storage(self) -> S {
        self.storage
    }

    /// Storage first; memory follows.
    fn commit(&mut self, state: State) -> Result<(), Error> {
        let Party { draft_id, index, .. } = self.party;
        self.storage.save(draft_id, &state.to_bytes(draft_id, index))?;
        self.state = state;
        Ok(())
    }
}

/// What does not change: who the trustee is, and under which draft.
#[derive(Debug)]
struct Party {
    keys: TrusteeKeys,
    draft: Draft,
    draft_id: DraftId,
    index: u8,
    n: u8,
}

/// What a step of the key generation gives.
enum Step {
    /// Nothing to do before other messages come.
    Wait,
    /// Messages to send.
    Send(Vec<(Route, Vec<u8>)>),
    /// The trustee's share is known.
    Share(SecretShare),
    /// Somebody is at fault.
    Accuse(u8, Reason, Vec<Message>),
}

impl Party {
    fn new(keys: TrusteeKeys, draft: Draft) -> Result<Self, Error> {
        let identity = keys.identity();
        let index = (1u8..).zip(&draft.trustees).find(|(_, t)| **t == identity);
        let index = index.ok_or(Error::NotATrustee)?.0;
        let n = u8::try_from(draft.trustees.len()).expect("a checked draft has at most 16 trustees");
        let draft_id = draft.id();
        for (to, trustee) in (1u8..).zip(&draft.trustees) {
            let route = Route { round: Round::Share, from: index, to };
            envelope::seal(draft_id, route, &trustee.encryption_key, &[0; 32])
                .map_err(|_| Error::EncryptionKey(to))?;
        }
        Ok(Self { keys, draft, draft_id, index, n })
    }

    fn route(&self, round: Round) -> Route {
        Route { round, from: self.index, to: 0 }
    }

    /// Whether this trustee's key has signed a message of this draft.
    fn has_signed(&self, message: &Message) -> bool {
        message.route.from == self.index && message.check(&self.draft).is_ok()
    }

    /// Draws the polynomial and commits to it.
    fn start(&self) -> Result<State, Error> {
        let mut salt = Zeroizing::new([0; SALT_BYTES]);
        OsRng.fill_bytes(salt.as_mut_slice());
        let (n, t) = (u16::from(self.n), u16::from(self.draft.threshold));
        let (secret, package) = dkg::part1::<BabyJubjub, _>(identifier(self.index), n, t, OsRng)?;
        let reveal = Zeroizing::new(reveal_body(&salt, &package)?);
        let commit = commit_body(self.draft_id.to_bytes(), self.index, &reveal);
        let mut state = State::new(reveal, Zeroizing::new(secret.serialize()?));
        self.send(&mut state, self.route(Round::Commit), commit.to_vec(), &mut Vec::new());
        Ok(state)
    }

    /// Signs a message of this trustee into the log.
    fn send(&self, state: &mut State, route: Route, body: Vec<u8>, out: &mut Vec<Message>) -> Message {
        let message = Message::sign(&self.draft, route, body, self.keys.account());
        state.log.insert(route, message.clone());
        out.push(message.clone());
        message
    }

    /// Takes a checked message into the log; whether anything changed.
    fn admit(&self, state: &mut State, message: &Message, out: &mut Vec<Message>) -> Result<bool, Error> {
        let (Route { round, from, .. }, own) = (message.route, message.route.from == self.index);
        match round {
            // Whoever combines decryptions checks them.
            Round::Decryption if !own => return Ok(false),
            Round::Abort => return self.admit_abort(state, message),
            _ => {}
        }
        let known = state.log.get(&message.route).cloned();
        match known {
            Some(known) if known.body == message.body => Ok(false),
            _ if own => Err(Error::Impostor),
            Some(known) => {
                Ok(self.accuse(state, from, Reason::Equivocation, vec![known, message.clone()], out))
            }
            None if !is_well_formed(&self.draft, message) => {
                Ok(self.accuse(state, from, Reason::Malformed, vec![message.clone()], out))
            }
            None => {
                state.log.insert(message.route, message.clone());
                Ok(true)
            }
        }
    }

    /// Keeps one abort per sender: the first, or the first that is proven.
    fn admit_abort(&self, state: &mut State, message: &Message) -> Result<bool, Error> {
        let abort = Abort::from_message(&self.draft, message)?;
        if let Some(known) = state.aborts.get(&abort.by)
            && (known.body == message.body || self.is_proven(known) || !abort.is_proven(&self.draft))
        {
            return Ok(false);
        }
        if abort.by == self.index {
            return Err(Error::Impostor);
        }
        state.aborts.insert(abort.by, message.clone());
        Ok(true)
    }

    /// Names a culprit, unless this trustee has named one as well before.
    fn accuse(
        &self,
        state: &mut State,
        culprit: u8,
        reason: Reason,
        evidence: Vec<Message>,
        out: &mut Vec<Message>,
    ) -> bool {
        let abort = Abort { by: self.index, culprit, reason, evidence };
        let better = match state.aborts.get(&self.index) {
            None => true,
            Some(known) => abort.is_proven(&self.draft) && !self.is_proven(known),
        };
        if better {
            let route = self.route(Round::Abort);
            let message = Message::sign(&self.draft, route, abort.to_body(), self.keys.account());
            state.aborts.insert(self.index, message.clone());
            out.push(message);
        }
        better
    }

    fn is_proven(&self, message: &Message) -> bool {
        Abort::from_message(&self.draft, message).is_ok_and(|abort| abort.is_proven(&self.draft))
    }

    /// Does all that can be done with the messages that are there.
    fn advance(&self, state: &mut State, out: &mut Vec<Message>) -> Result<(), Error> {
        while state.aborts.is_empty() {
            match self.step(state)? {
                Step::Wait => break,
                Step::Send(messages) => {
                    for (route, body) in messages {
                        self.send(state, route, body, out);
                    }
                }
                Step::Share(share) => {
                    state.share = Some(share);
                    state.coefficients = Zeroizing::default();
                }
                Step::Accuse(culprit, reason, evidence) => {
                    self.accuse(state, culprit, reason, evidence, out);
                }
            }
        }
        Ok(())
    }

    fn step(&self, state: &State) -> Result<Step, Error> {
        let sent = |round| !state.missing(round, self.n).contains(&self.index);
        if !state.has_all(Round::Commit, self.n) {
            return Ok(Step::Wait);
        }
        if !sent(Round::Reveal) {
            return Ok(Step::Send(vec![(self.route(Round::Reveal), state.reveal.to_vec())]));
        }
        if !state.has_all(Round::Reveal, self.n) {
            return Ok(Step::Wait);
        }
        if !sent(Round::Share) {
            return self.share_out(state);
        }
        if !state.has_all(Round::Share, self.n) {
            return Ok(Step::Wait);
        }
        if state.share.is_none() {
            return self.collect_shares(state);
        }
        Ok(self.compare_statements(state))
    }

    /// Checks all reveals, then encrypts a share to every other trustee.
    fn share_out(&self, state: &State) -> Result<Step, Error> {
        for from in (1..=self.n).filter(|i| *i != self.index) {
            let message = |round| state.broadcast(round, from).expect("all commits and reveals are there");
            let (commit, reveal) = (message(Round::Commit), message(Round::Reveal));
            if let Err(reason) = check_reveal(&self.draft, commit, reveal) {
                return Ok(Step::Accuse(from, reason, vec![commit.clone(), reveal.clone()]));
            }
        }
        let (_, packages) = self.second_part(state)?;
        let mut messages = Vec::new();
        for to in (1..=self.n).filter(|i| *i != self.index) {
            let route = Route { round: Round::Share, from: self.index, to };
            let package = packages.get(&identifier(to)).ok_or(FrostError::PackageNotFound)?;
            let mut share = Zeroizing::new([0; envelope::SHARE_BYTES]);
            share.copy_from_slice(&Zeroizing::new(package.signing_share().serialize()));
            let recipient = &self.draft.trustees[usize::from(to) - 1].encryption_key;
            let sealed = envelope::seal(self.draft_id, route, recipient, &share);
            messages.push((route, sealed.map_err(|_| Error::EncryptionKey(to))?));
        }
        Ok(Step::Send(messages))
    }

    /// FROST's second part: a function of the secret of round 1, so that it
    /// is computed again rather than stored.
    #[allow(clippy::type_complexity)] // FROST's own return type
    fn second_part(
        &self,
        state: &State,
    ) -> Result<
        (round2::SecretPackage<BabyJubjub>, BTreeMap<Identifier<BabyJubjub>, round2::Package<BabyJubjub>>),
        Error,
    > {
        let secret = round1::SecretPackage::deserialize(&state.coefficients)?;
        Ok(dkg::part2(secret, &self.packages_of_others(state))?)
    }

    /// Opens the shares that came for this trustee and checks each against
    /// its sender's coefficient commitments.
    fn collect_shares(&self, state: &State) -> Result<Step, Error> {
        let mut shares = BTreeMap::new();
        for from in (1..=self.n).filter(|i| *i != self.index) {
            let route = Route { round: Round::Share, from, to: self.index };
            let message = &state.log[&route];
            let opened = envelope::open(self.draft_id, route, self.keys.encryption(), &message.body);
            let share = opened.and_then(|bytes| SigningShare::deserialize(bytes.as_slice()).ok());
            match share {
                Some(share) => shares.insert(identifier(from), round2::Package::new(share)),
                None => return Ok(Step::Accuse(from, Reason::Share, vec![message.clone()])),
            };
        }
        let (secret, _) = self.second_part(state)?;
        match dkg::part3(&secret, &self.packages_of_others(state), &shares) {
            Ok((key, _)) => Ok(Step::Share(SecretShare::from_scalar(key.signing_share().to_scalar()))),
            Err(FrostError::InvalidSecretShare { culprit: Some(culprit) }) => {
                let from = (1..=self.n).find(|i| identifier(*i) == culprit);
                let from = from.ok_or(FrostError::UnknownIdentifier)?;
                let message = state.log[&Route { round: Round::Share, from, to: self.index }].clone();
                Ok(Step::Accuse(from, Reason::Share, vec![message]))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The first statement of another trustee that differs from this one's.
    fn compare_statements(&self, state: &State) -> Step {
        let Some(own) = state.broadcast(Round::Key, self.index).and_then(|m| self.statement_in(m)) else {
            return Step::Wait;
        };
        for from in (1..=self.n).filter(|i| *i != self.index) {
            let Some(message) = state.broadcast(Round::Key, from) else { continue };
            if let Some(reason) = self.statement_fault(&own.key, message) {
                return Step::Accuse(from, reason, vec![message.clone()]);
            }
        }
        Step::Wait
    }

    fn statement_in(&self, message: &Message) -> Option<KeyStatement> {
        KeyStatement::from_body(&self.draft, &message.body).ok()
    }

    /// What is wrong with a statement, as seen by a trustee who has signed
    /// `own`.
    fn statement_fault(&self, own: &ElectionKey, message: &Message) -> Option<Reason> {
        let Some(KeyStatement { key, signature }) = self.statement_in(message) else {
            return Some(Reason::Malformed);
        };
        let signer = self.draft.trustees[usize::from(message.route.from) - 1].signer;
        if signature.verify(key.signing_hash(&self.draft.domain()), signer).is_err() {
            return Some(Reason::Statement);
        }
        if key == *own {
            return None;
        }
        let same_points =
            (key.public_key, &key.verification_shares) == (own.public_key, &own.verification_shares);
        Some(if key.transcript == own.transcript && !same_points {
            Reason::Statement
        } else {
            Reason::Disagreement
        })
    }

    /// The packages of the other trustees' reveals, which were checked.
    fn packages_of_others(&self, state: &State) -> BTreeMap<Identifier<BabyJubjub>, Package> {
        let mut packages = self.packages(state);
        packages.remove(&identifier(self.index));
        packages
    }

    fn packages(&self, state: &State) -> BTreeMap<Identifier<BabyJubjub>, Package> {
        let package = |from: u8| {
            let reveal = state.broadcast(Round::Reveal, from)?;
            Some((identifier(from), parse_reveal(self.draft.threshold, &reveal.body)?))
        };
        (1..=self.n).filter_map(package).collect()
    }

    /// The key as this trustee sees it, signed.
    fn key_statement(
        &self,
        state: &State,
        census: &Census,
        verifying_keys: [[u8; 32]; VERIFYING_KEYS],
    ) -> Result<KeyStatement, Error> {
        if state.share.is_none() {
            return Err(match self.phase(state) {
                Phase::Waiting(_, missing) => Error::NotYet(missing),
                _ => Error::Aborted,
            });
        }
        let packages = self.packages(state);
        let commitments: BTreeMap<_, &VerifiableSecretSharingCommitment<BabyJubjub>> =
            packages.iter().map(|(id, package)| (*id, package.commitment())).collect();
        let group = PublicKeyPackage::from_dkg_commitments(&commitments)?;
        let element =
            |bytes: Vec<u8>| GroupElement::from_bytes(&bytes).map_err(|_| FrostError::MalformedVerifyingKey);
        let share = |i: u8| {
            let share = group.verifying_shares().get(&identifier(i)).ok_or(FrostError::UnknownIdentifier)?;
            element(share.serialize()?)
        };
        let key = ElectionKey {
            draft_id: self.draft_id,
            census_root: census.root(),
            census_total: census.total(),
            public_key: element(group.verifying_key().serialize()?)?,
            verification_shares: (1..=self.n).map(share).collect::<Result<_, _>>()?,
            verifying_keys,
            transcript: self.transcript(state),
        };
        Ok(KeyStatement::sign(&self.draft, key, self.keys.account()))
    }

    fn transcript(&self, state: &State) -> [u8; 32] {
        transcript(state.log.values().filter(|m| m.route.round <= Round::Share))
    }

    fn election_key(&self, state: &State) -> Option<SignedElectionKey> {
        let own = state.broadcast(Round::Key, self.index).and_then(|m| self.statement_in(m))?;
        let signature = |from: u8| {
            let message = state.broadcast(Round::Key, from)?;
            let statement = self.statement_in(message).filter(|s| s.key == own.key)?;
            Some(statement.signature)
        };
        let signatures = (1..=self.n).map(signature).collect::<Option<_>>()?;
        let signed = SignedElectionKey { key: own.key, signatures };
        signed.check(&self.draft).is_ok().then_some(signed)
    }

    /// A key that all n have signed stands, whatever else somebody says:
    /// otherwise one trustee could end an election that the others keep.
    fn phase(&self, state: &State) -> Phase {
        if state.decrypted.is_some() {
            return Phase::Decrypted;
        }
        if self.election_key(state).is_some() {
            return Phase::Ready;
        }
        let aborts = state.aborts.values().filter_map(|m| Abort::from_message(&self.draft, m).ok());
        let aborts: Vec<Abort> = aborts.collect();
        if !aborts.is_empty() {
            return Phase::Aborted(aborts);
        }
        let rounds = [Round::Commit, Round::Reveal, Round::Share];
        let rounds = rounds.into_iter().map(|round| (round, state.missing(round, self.n)));
        if let Some((round, missing)) = rounds.into_iter().find(|(_, missing)| !missing.is_empty()) {
            return Phase::Waiting(round, missing);
        }
        match state.missing(Round::Key, self.n) {
            missing if missing.contains(&self.index) => Phase::Census,
            missing => Phase::Waiting(Round::Key, missing),
        }
    }
}
