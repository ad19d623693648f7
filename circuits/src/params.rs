//! Every size, limit and domain tag of the protocol. spec: `params`.

use crate::curve::Fr;
use ark_ff::PrimeField;

/// Arity of the census tree.
pub const CENSUS_ARITY: usize = 4;
/// Levels of the census tree: up to 4^12 = 16,777,216 leaves.
pub const CENSUS_DEPTH: usize = 12;
/// Most members (and masker leaves) in one census.
pub const CENSUS_CAPACITY: u64 = 1 << (2 * CENSUS_DEPTH);
/// Levels of the binary board tree; the size N is part of every head.
pub const BOARD_DEPTH: usize = 32;
/// Bits of a vote, a weight and the slack inside the ballot circuit.
pub const VOTE_BITS: usize = 48;
/// Census totals, and so weights and option totals, are below 2^44 units.
pub const TOTAL_BITS: usize = 44;
/// Bits of an entry number and of a slot count.
pub const INDEX_BITS: usize = 32;
/// Mask tickets of one member in one election.
pub const TICKETS_PER_MEMBER: u8 = 16;
/// Bits of a ticket index.
pub const TICKET_BITS: usize = 4;
/// Fewest and most trustees; 2 <= t <= n.
pub const TRUSTEES_MIN: usize = 2;
/// See [`TRUSTEES_MIN`].
pub const TRUSTEES_MAX: usize = 16;
/// Rows of one settlement batch.
pub const BATCH_ROWS: usize = 128;
/// Base-4 signed odd digits of an encryption randomness: |r| < 2^250 < l.
pub const RANDOMNESS_DIGITS: usize = 125;
/// Bits of a Fiat-Shamir challenge of a partial decryption.
pub const CHALLENGE_BITS: usize = 128;
/// Bits of a cleared Lagrange coefficient: the largest for any set of
/// distinct indices in 1..=16 has 24 bits (checked by a test).
pub const LAGRANGE_BITS: usize = 24;
/// Widest Poseidon state: 16 inputs and the capacity lane.
pub const POSEIDON_MAX_WIDTH: usize = 17;

const _: () = assert!(CENSUS_ARITY == 4 && CENSUS_CAPACITY == 16_777_216);
const _: () = assert!(TOTAL_BITS < VOTE_BITS);
// 16 squares of votes, or a sum of 16 votes, cannot wrap in Fr.
const _: () = assert!(2 * VOTE_BITS + 4 < 250);
const _: () = assert!(1 << TICKET_BITS == TICKETS_PER_MEMBER as usize);
const _: () = assert!(2 * RANDOMNESS_DIGITS == 250);

/// Domain tags: the capacity lane of a Poseidon hash starts with one of
/// these, and no two statements share one. Within a statement,
/// [`Tag::DecryptionWeights`] serves transcript and weights at different
/// widths, and [`Tag::TallyChallenge`] beta and gamma with different first
/// inputs. spec: `params.tags`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tag {
    /// `H_id(sk)`
    Identity,
    /// `H_leaf(idc, weight)`
    CensusLeaf,
    /// Inner node of the census tree.
    CensusNode,
    /// Padding leaf of the census tree; a constant, never a hash.
    CensusEmpty,
    /// `H_slot(sk, election_id)`
    Slot,
    /// `H_ticket(sk, election_id, j)`
    Ticket,
    /// `D(ciphertexts)` for `Shape4`.
    Ciphertext4,
    /// `D(ciphertexts)` for `Shape16`.
    Ciphertext16,
    /// The state of a slot before its first entry; a constant, never a hash.
    SlotEmpty,
    /// `H_board(slot, prev, next, ticket, ph)`
    BoardLeaf,
    /// Inner node of the board tree.
    BoardNode,
    /// Leaf of the board tree beyond the size; a constant, never a hash.
    BoardEmpty,
    /// Sponge over the sorted rows (Y2).
    Sorted,
    /// Challenges beta and gamma (Y3).
    TallyChallenge,
    /// Chunk state.
    TallyState,
    /// Weights that batch the options of one partial decryption.
    DecryptionWeights,
    /// Challenge of one partial decryption.
    DecryptionChallenge,
}

impl Tag {
    /// All tags.
    pub const ALL: [Tag; 17] = [
        Tag::Identity,
        Tag::CensusLeaf,
        Tag::CensusNode,
        Tag::CensusEmpty,
        Tag::Slot,
        Tag::Ticket,
        Tag::Ciphertext4,
        Tag::Ciphertext16,
        Tag::SlotEmpty,
        Tag::BoardLeaf,
        Tag::BoardNode,
        Tag::BoardEmpty,
        Tag::Sorted,
        Tag::TallyChallenge,
        Tag::TallyState,
        Tag::DecryptionWeights,
        Tag::DecryptionChallenge,
    ];

    /// The ASCII text of the tag, at most 31 bytes.
    pub const fn text(self) -> &'static str {
        match self {
            Tag::Identity => "tabella.v1.identity",
            Tag::CensusLeaf => "tabella.v1.census-leaf",
            Tag::CensusNode => "tabella.v1.census-node",
            Tag::CensusEmpty => "tabella.v1.census-empty",
            Tag::Slot => "tabella.v1.slot",
            Tag::Ticket => "tabella.v1.ticket",
            Tag::Ciphertext4 => "tabella.v1.ciphertext-4",
            Tag::Ciphertext16 => "tabella.v1.ciphertext-16",
            Tag::SlotEmpty => "tabella.v1.slot-empty",
            Tag::BoardLeaf => "tabella.v1.board-leaf",
            Tag::BoardNode => "tabella.v1.board-node",
            Tag::BoardEmpty => "tabella.v1.board-empty",
            Tag::Sorted => "tabella.v1.sorted",
            Tag::TallyChallenge => "tabella.v1.tally-challenge",
            Tag::TallyState => "tabella.v1.tally-state",
            Tag::DecryptionWeights => "tabella.v1.decryption-weights",
            Tag::DecryptionChallenge => "tabella.v1.decryption-challenge",
        }
    }

    /// The tag as a field element: its text read as a big-endian integer,
    /// below 2^248 and so below r.
    pub fn field(self) -> Fr {
        Fr::from_be_bytes_mod_order(self.text().as_bytes())
    }
}
