use super::*;
use ark_ff::UniformRand;
use circuits::{
    curve::{Affine2, Scalar},
    decryption::dlog::Solver,
};
use proptest::prelude::*;

/// What a voter puts into a slot: units by option.
type Votes = [u64; 4];

fn encrypt(key: &SignedElectionKey, votes: Votes, rng: &mut ChaCha20Rng) -> Ciphertexts {
    let one = |v: &u64| Ciphertext::encrypt(key.key.public_key, *v, Scalar::rand(rng));
    Ciphertexts::new(BallotShape::Shape4, votes.iter().map(one).collect()).unwrap()
}

/// Appends an entry: a vote into slot number `slot`.
fn cast(entries: &mut Vec<BoardEntry>, slot: u8, ciphertexts: Ciphertexts, rng: &mut ChaCha20Rng) {
    let slot = Slot::from_field(fr(slot));
    let last = entries.iter().rev().find(|e| e.slot == slot);
    let prev_digest = last.map_or(CiphertextDigest::empty(), |e| e.next_digest);
    let (next_digest, ticket) = (ciphertexts.digest(), Ticket::random(rng));
    entries.push(BoardEntry {
        slot,
        prev_digest,
        next_digest,
        ticket,
        ciphertexts,
        proof: ProofBytes([7; 256]),
    });
}

/// Three slots, one of them with a re-vote: 100, 200 and 300 units.
fn entries(network: &mut Network) -> Vec<BoardEntry> {
    let key = network.key();
    let rng = network.rng();
    let mut entries = Vec::new();
    for (slot, votes) in [(1, [100, 0, 0, 0]), (2, [200, 0, 0, 0]), (3, [0, 300, 0, 0]), (2, [0, 0, 200, 0])]
    {
        let ciphertexts = encrypt(&key, votes, rng);
        cast(&mut entries, slot, ciphertexts, rng);
    }
    entries
}

const TOTALS: [u64; 3] = [100, 300, 200];

fn replay(election: ElectionId, entries: &[BoardEntry]) -> Result<CheckedBoard, InvalidBoard> {
    CheckedBoard::replay(election, BallotShape::Shape4, entries, &|_| Ok(()))
}

fn closing(network: &Network, board: &CheckedBoard) -> Closing {
    let head = Head {
        election_id: board.election_id(),
        size: board.size(),
        root: board.root(),
        time: CLOSING,
        closed: true,
    };
    Closing { head: sign_head(&network.fixture, head), order: None, anchored: None, now: CLOSING }
}

fn sign_head(fixture: &Fixture, head: Head) -> SignedHead {
    let domain = fixture.draft.draft.domain();
    SignedHead { head, signature: fixture.operator.sign(head.signing_hash(&domain)) }
}

fn solver() -> Solver {
    Solver::with_table_bits(10)
}

fn total(network: &Network, board: &CheckedBoard, messages: &[Message]) -> Result<Decrypted, CombineError> {
    let draft = &network.fixture.draft.draft;
    combine(draft, &network.key(), board, messages, &solver(), |_, _, _| {})
}

fn refused(result: Result<Message, Error>) -> Refused {
    match result {
        Err(Error::Refused(refused)) => refused,
        other => panic!("not refused: {other:?}"),
    }
}

struct Setting {
    network: Network,
    entries: Vec<BoardEntry>,
    board: CheckedBoard,
    closing: Closing,
}

fn setting(n: usize, t: u8, name: &str) -> Setting {
    let mut network = Network::ready(n, t, seeded(name));
    let entries = entries(&mut network);
    let board = replay(network.key().key.election_id(), &entries).unwrap();
    let closing = closing(&network, &board);
    Setting { network, entries, board, closing }
}

#[test]
fn every_pair_of_three_finds_the_totals() {
    let Setting { mut network, board, closing, .. } = setting(3, 2, "totals");
    assert_eq!((board.slots(), board.size()), (3, 4));
    let messages: Vec<Message> =
        network.trustees.iter_mut().map(|t| t.decrypt(&board, &closing).unwrap()).collect();
    for left_out in 0..3 {
        let mut some = messages.clone();
        some.remove(left_out);
        let decrypted = total(&network, &board, &some).unwrap();
        assert_eq!(decrypted.totals, TOTALS);
        assert_eq!(decrypted.faults, [(left_out as u8 + 1, Fault::Missing)]);
        assert_eq!(decrypted.partials.len(), 2);
    }
}

/// A33: t - 1 decryptions fail, and who is missing is said.
#[test]
fn too_few_decryptions_name_the_missing() {
    let Setting { mut network, board, closing, .. } = setting(5, 3, "A33");
    let messages: Vec<Message> =
        [1, 3].iter().map(|i| network.trustees[*i].decrypt(&board, &closing).unwrap()).collect();
    let error = total(&network, &board, &messages).unwrap_err();
    let faults = vec![(1, Fault::Missing), (3, Fault::Missing), (5, Fault::Missing)];
    assert_eq!(error, CombineError::TooFew { valid: 2, needed: 3, faults });
    assert!(error.to_string().contains("trustee 5: no decryption"));
}

/// A28, A66: invalid, foreign and repeated decryptions never count, and keep
/// no valid one from counting.
#[test]
fn bad_decryptions_do_not_count() {
    let Setting { mut network, board, closing, .. } = setting(3, 2, "A28");
    let draft = network.fixture.draft.draft.clone();
    let good: Vec<Message> =
        network.trustees.iter_mut().map(|t| t.decrypt(&board, &closing).unwrap()).collect();
    // A66: one trustee's decryption twice is one decryption.
    let twice = [good[0].clone(), good[0].clone()];
    assert!(matches!(total(&network, &board, &twice), Err(CombineError::TooFew { valid: 1, .. })));
    // Trustee 2 signs trustee 1's decryption as its own, then with its index.
    let route = Route { round: Round::Decryption, from: 2, to: 0 };
    let copied = network.fixture.forge(route, good[0].body.clone());
    let Err(CombineError::TooFew { faults, .. }) =
        total(&network, &board, &[good[0].clone(), copied.clone()])
    else {
        panic!("counted a copied decryption")
    };
    assert_eq!(faults[0], (2, Fault::Index(1)));
    let mut body = good[0].body.clone();
    body[0] = 2;
    let relabelled = network.fixture.forge(route, body);
    let Err(CombineError::TooFew { faults, .. }) = total(&network, &board, &[good[0].clone(), relabelled])
    else {
        panic!("counted a relabelled decryption")
    };
    assert!(matches!(faults[0], (2, Fault::Invalid(_))));
    // Every changed byte.
    for at in (0..good[1].body.len()).step_by(7) {
        let mut body = good[1].body.clone();
        body[at] ^= 1;
        let bad = network.fixture.forge(route, body);
        assert!(bad.check(&draft).is_ok());
        assert!(total(&network, &board, &[good[0].clone(), bad]).is_err(), "byte {at}");
    }
    // Junk beside a valid one does not push it out.
    let mut unsigned = good[1].clone();
    unsigned.body[40] ^= 1;
    let decrypted = total(&network, &board, &[unsigned, copied, good[1].clone(), good[0].clone()]).unwrap();
    assert_eq!(decrypted.totals, TOTALS);
}

/// A29: not closed, not the operator's, not this election's, too early.
#[test]
fn open_or_early_boards_are_refused() {
    let Setting { mut network, board, closing, .. } = setting(3, 2, "A29");
    let head = closing.head.head;
    let mut with = |closing: Closing| refused(network.trustees[0].decrypt(&board, &closing));
    let open = sign_head(&network.fixture, Head { closed: false, ..head });
    assert_eq!(with(Closing { head: open, ..closing }), Refused::Open);
    let unsigned = SignedHead { head: Head { closed: false, ..head }, ..closing.head };
    assert!(matches!(with(Closing { head: unsigned, ..closing }), Refused::Head(_)));
    let foreign = ElectionId::from_field(fr(3));
    let foreign = sign_head(&network.fixture, Head { election_id: foreign, ..head });
    assert!(matches!(with(Closing { head: foreign, ..closing }), Refused::Election { .. }));
    let early = Refused::Early { closing: CLOSING, now: CLOSING - 1 };
    assert_eq!(with(Closing { now: CLOSING - 1, ..closing }), early);
    let shorter = sign_head(&network.fixture, Head { size: head.size - 1, ..head });
    assert!(matches!(with(Closing { head: shorter, ..closing }), Refused::Board { .. }));
    let other_root = BoardRoot::from_field(fr(9));
    let other = sign_head(&network.fixture, Head { root: other_root, ..head });
    assert!(matches!(with(Closing { head: other, ..closing }), Refused::Board { .. }));
    let anchored = Closing { anchored: Some(other_root), ..closing };
    assert_eq!(with(anchored), Refused::Anchor { anchored: other_root, root: board.root() });
    assert_eq!(network.trustees[0].phase(), Phase::Ready, "no refusal leaves a trace");
    network.trustees[0].decrypt(&board, &closing).unwrap();
}

/// A29: an early end needs the draft's leave and the organiser's order.
#[test]
fn early_close_needs_the_organisers_order() {
    let mut rng = seeded("early close");
    let fixture = Fixture::with(3, 2, &mut rng, |d| d.early_close = true);
    let mut network = Network::new(fixture, rng);
    network.start(&mut honest);
    network.sign_keys(&mut honest);
    let entries = entries(&mut network);
    let (draft, id) = (network.fixture.draft.draft.clone(), network.key().key.election_id());
    let board = replay(id, &entries).unwrap();
    let early = Closing { now: CLOSING - 500, ..closing(&network, &board) };
    assert_eq!(refused(network.trustees[0].decrypt(&board, &early)), Refused::NoOrder(CLOSING));
    let hash = Order::Close(id).signing_hash(&draft.domain());
    let forged = Closing { order: Some(network.fixture.operator.sign(hash)), ..early };
    assert!(matches!(refused(network.trustees[0].decrypt(&board, &forged)), Refused::Order(_)));
    let opening = network.fixture.organiser.sign(Order::Open(id).signing_hash(&draft.domain()));
    let opening = Closing { order: Some(opening), ..early };
    assert!(matches!(refused(network.trustees[0].decrypt(&board, &opening)), Refused::Order(_)));
    let ordered = Closing { order: Some(network.fixture.organiser.sign(hash)), ..early };
    network.trustees[0].decrypt(&board, &ordered).unwrap();
}

/// A29: an election settled on a chain is decrypted by its anchored root only.
#[test]
fn settled_election_needs_the_anchored_root() {
    let mut rng = seeded("anchor");
    let fixture = Fixture::with(2, 2, &mut rng, |d| {
        d.settlement = SettlementMode::Validity;
        (d.chain_id, d.contract) = (1, Address([4; 20]));
    });
    let mut network = Network::new(fixture, rng);
    network.start(&mut honest);
    network.sign_keys(&mut honest);
    let entries = entries(&mut network);
    let board = replay(network.key().key.election_id(), &entries).unwrap();
    let closing = closing(&network, &board);
    assert_eq!(refused(network.trustees[0].decrypt(&board, &closing)), Refused::NotAnchored);
    let anchored = Closing { anchored: Some(board.root()), ..closing };
    network.trustees[0].decrypt(&board, &anchored).unwrap();
}

/// A29: fewer slots than the draft asks for.
#[test]
fn too_few_slots_are_refused() {
    let Setting { mut network, entries, .. } = setting(3, 2, "min_ballots");
    let id = network.key().key.election_id();
    let board = replay(id, &entries[..1]).unwrap();
    let closing = closing(&network, &board);
    let refusal = refused(network.trustees[0].decrypt(&board, &closing));
    assert_eq!(refusal, Refused::TooFew { slots: 1, min: 2 });
}

/// A29, A67: one root per draft, also after a restart; the same root again
/// gives the same message.
#[test]
fn second_root_is_refused_also_after_a_restart() {
    let Setting { mut network, entries, board, closing: first } = setting(3, 2, "A67 decryption");
    let message = network.trustees[0].decrypt(&board, &first).unwrap();
    assert_eq!(network.trustees[0].phase(), Phase::Decrypted);
    let second = replay(board.election_id(), &entries[..3]).unwrap();
    let other = closing(&network, &second);
    for _ in 0..2 {
        assert_eq!(refused(network.trustees[0].decrypt(&second, &other)), Refused::Decrypted(board.root()));
        assert_eq!(network.trustees[0].decrypt(&board, &first).unwrap(), message);
        assert!(network.trustees[0].outgoing().contains(&message));
        network.restart(1);
    }
}

/// A67: one key per draft, also after a restart.
#[test]
fn second_key_statement_is_refused_also_after_a_restart() {
    let mut network = Network::ready(3, 2, seeded("A67 key"));
    let census = network.fixture.census.clone();
    let entries = census.entries()[..3].to_vec();
    let smaller = Census::new(&network.fixture.draft.draft.census, entries).unwrap();
    let signed = network.trustees[0].sign_key(&census, KEY_HASHES).unwrap();
    for _ in 0..2 {
        assert!(matches!(network.trustees[0].sign_key(&smaller, KEY_HASHES), Err(Error::Signed)));
        assert!(matches!(
            network.trustees[0].sign_key(&census, [[9; 32]; VERIFYING_KEYS]),
            Err(Error::Signed)
        ));
        assert_eq!(network.trustees[0].sign_key(&census, KEY_HASHES).unwrap(), signed);
        network.restart(1);
    }
}

#[test]
fn nothing_is_signed_or_decrypted_before_its_time() {
    let mut rng = seeded("order");
    let fixture = Fixture::new(3, 2, &mut rng);
    let mut trustee = fixture.trustee(1);
    let early = trustee.sign_key(&fixture.census, KEY_HASHES);
    assert!(matches!(early, Err(Error::NotYet(missing)) if missing == [2, 3]));
    let Setting { board, closing, .. } = setting(3, 2, "another election");
    assert_eq!(refused(trustee.decrypt(&board, &closing)), Refused::NoKey);
    // The board of one election under the key of another.
    let mut network = Network::ready(3, 2, rng);
    assert!(matches!(refused(network.trustees[0].decrypt(&board, &closing)), Refused::Election { .. }));
    assert!(matches!(total(&network, &board, &[]), Err(CombineError::Election { .. })));
}

/// Every way in which a board can be wrong, and nothing else wrong with it.
#[test]
fn wrong_boards_are_refused() {
    let Setting { network, entries, .. } = setting(3, 2, "boards");
    let id = network.key().key.election_id();
    let with = |change: &dyn Fn(&mut Vec<BoardEntry>)| {
        let mut changed = entries.clone();
        change(&mut changed);
        replay(id, &changed).unwrap_err()
    };
    assert_eq!(with(&|e| e[1].ticket = e[0].ticket), InvalidBoard::Ticket(1));
    assert_eq!(with(&|e| e[2].ciphertexts = e[0].ciphertexts.clone()), InvalidBoard::Digest(2));
    assert_eq!(with(&|e| e[3].prev_digest = CiphertextDigest::empty()), InvalidBoard::Previous(3));
    assert_eq!(with(&|e| drop(e.remove(1))), InvalidBoard::Previous(2));
    assert_eq!(with(&|e| e.swap(1, 3)), InvalidBoard::Previous(1));
    let back = |e: &mut Vec<BoardEntry>| {
        let mut again = e[1].clone();
        again.prev_digest = e[3].next_digest;
        again.ticket = Ticket::from_field(fr(1));
        e.push(again);
    };
    assert_eq!(with(&back), InvalidBoard::RepeatedDigest(4));
    assert_eq!(
        CheckedBoard::replay(id, BallotShape::Shape16, &entries, &|_| Ok(())).unwrap_err(),
        InvalidBoard::Shape(0)
    );
    let proofs = |all: &[BoardEntry]| if all.len() == 4 { Err(2) } else { Ok(()) };
    assert_eq!(
        CheckedBoard::replay(id, BallotShape::Shape4, &entries, &proofs).unwrap_err(),
        InvalidBoard::Proof(2)
    );
}

/// A14: sums outside the prime subgroup would tell the share modulo 8.
#[test]
fn sums_outside_the_subgroup_are_refused() {
    let Setting { mut network, entries, .. } = setting(3, 2, "A14");
    let id = network.key().key.election_id();
    let order_2 = Affine2::new_unchecked(fr(0), -fr(1));
    let mut entries = entries[..3].to_vec();
    let mut ciphertexts = entries[2].ciphertexts.as_slice().to_vec();
    ciphertexts[1].c1 = CurvePoint::from(ciphertexts[1].c1.affine() + order_2);
    entries[2].ciphertexts = Ciphertexts::new(BallotShape::Shape4, ciphertexts).unwrap();
    entries[2].next_digest = entries[2].ciphertexts.digest();
    let board = replay(id, &entries).unwrap();
    let closing = closing(&network, &board);
    assert!(matches!(refused(network.trustees[0].decrypt(&board, &closing)), Refused::Share(_)));
    assert_eq!(network.trustees[0].phase(), Phase::Ready);
}

/// Units beyond the options or above the census total are not totals.
#[test]
fn impossible_totals_are_errors() {
    let mut network = Network::ready(2, 2, seeded("impossible"));
    let key = network.key();
    for (votes, option) in [([0, 0, 0, 1], 3), ([1001, 0, 0, 0], 0)] {
        let mut entries = Vec::new();
        let rng = network.rng();
        for (slot, votes) in [(1, votes), (2, [0; 4])] {
            let ciphertexts = encrypt(&key, votes, rng);
            cast(&mut entries, slot, ciphertexts, rng);
        }
        let board = replay(key.key.election_id(), &entries).unwrap();
        let closing = closing(&network, &board);
        let mut messages = Vec::new();
        for index in 1..=2 {
            // Each board gets a fresh copy of the trustee: this test is about
            // the combination.
            let storage = network.trustees[index - 1].storage().clone();
            let keys = network.fixture.keys[index - 1].clone();
            let mut copy = Trustee::new(keys, &network.fixture.draft, storage).unwrap();
            messages.push(copy.decrypt(&board, &closing).unwrap());
        }
        let error = total(&network, &board, &messages).unwrap_err();
        assert!(matches!(error, CombineError::Total { option: o, .. } if o == option));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Any t trustees find the same totals, whoever they are.
    #[test]
    fn any_quorum_finds_the_same_totals(n in 2usize..6, spare in 0usize..4, seed: u64) {
        let t = n.saturating_sub(spare).max(2);
        let mut network = Network::ready(n, t as u8, ChaCha20Rng::seed_from_u64(seed));
        let entries = entries(&mut network);
        let board = replay(network.key().key.election_id(), &entries).unwrap();
        let closing = closing(&network, &board);
        let chosen = network.shuffled_indices();
        let mut messages = Vec::new();
        for index in &chosen[..t] {
            messages.push(network.trustees[usize::from(*index) - 1].decrypt(&board, &closing).unwrap());
        }
        prop_assert_eq!(total(&network, &board, &messages).unwrap().totals, TOTALS);
        let fewer = total(&network, &board, &messages[1..]);
        let named = matches!(fewer, Err(CombineError::TooFew { .. }));
        prop_assert!(named);
    }
}
