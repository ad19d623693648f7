// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// An election's draft, field by field as `Draft` of the specification: its
/// EIP-712 struct hash is the draft's identifier. spec: `election.draft`
struct Draft {
    uint256 chainId;
    address contract_;
    string organisation;
    uint256 registrationChainId;
    bytes32 proposalDigest;
    uint8 kind;
    Call[] calls;
    string[] options;
    uint32 rule;
    PassRule passRule;
    CensusDefinition census;
    Times times;
    bool earlyClose;
    Trustee[] trustees;
    uint8 threshold;
    uint32 minBallots;
    uint8 settlement;
    address operator;
    address organiser;
    bytes32 nonce;
}

/// A call that a passed action runs.
struct Call {
    address target;
    uint256 value;
    bytes data;
}

/// When the proposal has passed. spec: `election.pass_rule`
struct PassRule {
    uint8 winningOption;
    uint64 quorum;
    uint32 majorityNumerator;
    uint32 majorityDenominator;
}

/// Where the census comes from. spec: `census.definition`
struct CensusDefinition {
    bytes32 source;
    string snapshot;
    uint8 decimals;
    address[] maskers;
}

/// Unix seconds, strictly rising.
struct Times {
    uint64 opening;
    uint64 closing;
    uint64 rootDeadline;
    uint64 tallyDeadline;
}

/// A trustee: the account that signs, and an X25519 key.
struct Trustee {
    address signer;
    bytes32 encryptionKey;
}

/// What all trustees signed, once per draft, beside the draft's and the
/// election's identifiers, which the contract computes. spec: `election.key`
struct ElectionKey {
    bytes32 censusRoot;
    uint64 censusTotal;
    uint256 pkX;
    uint256 pkY;
    /// keccak256 over VK_1 .. VK_n.
    bytes32 verificationShares;
    /// Hashes of the keys of registration, ballot, tally, tally chunk, tally final.
    bytes32[5] verifyingKeys;
    bytes32 transcript;
}

/// The state of a board as its operator signs it. spec: `board.head`
struct Head {
    uint32 size;
    bytes32 root;
    uint64 time;
    bool closed;
}

/// Where an election stands. There is no way back.
enum Stage {
    /// Not opened here.
    None,
    /// Heads are anchored.
    Open,
    /// Root and size are final; ballots, then the tally, are posted.
    Closed,
    /// The result stands.
    Finalised,
    /// A deadline passed without it.
    Voided
}

/// An election as the contract knows it.
struct Election {
    Stage stage;
    bytes32 draftId;
    bytes32 censusRoot;
    uint256 pkX;
    uint256 pkY;
    /// Code of the rule. spec: `ballot.rule`
    uint32 rule;
    /// Rows of one tally proof or chunk, and of one batch of ballots.
    uint32 rows;
    uint32 batchRows;
    uint32 minBallots;
    bool earlyClose;
    Times times;
    PassRule passRule;
    address operator;
    address organiser;
    /// Hashes of the keys of ballot, tally, tally chunk, tally final.
    bytes32[4] keys;
    /// The last head: anchored while open, final from closing on.
    uint32 size;
    bytes32 root;
    uint64 headTime;
}

/// The final result of an election.
struct Outcome {
    /// Whether the draft's pass rule holds.
    bool passed;
    /// When it was finalised, by the block's clock.
    uint64 time;
    /// N, the entries of the board.
    uint32 size;
    /// Slots with at least one entry.
    uint32 slots;
    /// Census units in option order, one per option of the rule.
    uint64[] totals;
}

/// What one account has posted of an election after closing.
struct Posting {
    /// Entries whose proofs were checked, from the first on.
    uint32 ballots;
    /// Tally chunks accepted.
    uint32 chunks;
    /// State after the last of them.
    uint256 state;
}

/// @title Elections settled by proof
/// @notice Given the census root that the trustees signed and the closing
/// root that the operator signed, a result stands here only if every ballot
/// of the board has a valid proof and the totals are the decryption of
/// exactly these ballots. No account can change, stop or replace anything:
/// there is no owner and no upgrade. spec: `settlement`
/// @dev Every function reverts as a whole or does all it says. All but the
/// views may be called by anyone: what counts is what is signed and proven.
interface IElections {
    /// A draft was opened as an election.
    event Opened(
        bytes32 indexed electionId,
        bytes32 indexed draft,
        address indexed organiser,
        address operator,
        bytes32 censusRoot,
        uint64 censusTotal
    );
    /// A head signed by the operator during voting.
    event Anchored(bytes32 indexed electionId, uint32 size, bytes32 root, uint64 time);
    /// The board is closed with this head.
    event Closed(bytes32 indexed electionId, uint32 size, bytes32 root, uint64 time);
    /// `count` ballots from entry `start` on have valid proofs; the tally
    /// will have to give `fingerprint` at `point`.
    event BatchPosted(
        bytes32 indexed electionId,
        address indexed poster,
        uint32 start,
        uint32 count,
        uint256 point,
        uint256 fingerprint
    );
    /// A tally chunk from entry `start` on was accepted.
    event ChunkPosted(bytes32 indexed electionId, address indexed poster, uint32 start, uint256 state);
    /// The result stands; the proposal is accepted if the pass rule holds.
    event Finalised(bytes32 indexed electionId, bool accepted, uint32 slots, uint64[] totals);
    /// A deadline passed at this stage; the election has no result.
    event Voided(bytes32 indexed electionId, Stage stage);

    /// The draft is for another chain or contract. A53
    error OtherDomain(uint256 chainId, address contract_);
    /// The draft breaks a rule of the specification; the field's name.
    error InvalidDraft(string field);
    /// A draft opens once. A67
    error DraftOpened(bytes32 draft, bytes32 electionId);
    /// Not as many signatures as trustees.
    error WrongSignatureCount(uint256 expected, uint256 found);
    /// A signature is malformed, or not by the account that has to sign:
    /// `found` is who signed if it was over this very message, or 0.
    error WrongSigner(bytes32 role, uint256 index, address expected, address found);
    /// No key with this hash has been added, or it is of another circuit than
    /// the election needs in this place (0 ballot, 1 tally, 2 chunk, 3 final).
    error WrongKey(uint256 index, bytes32 keyHash);
    /// The public key is not in the prime subgroup, or is the identity.
    error InvalidPublicKey(uint256 x, uint256 y);
    /// A field element is not below the modulus r.
    error NotCanonical(uint256 value);
    /// The election is not at the stage that the call needs.
    error WrongStage(bytes32 electionId, Stage expected, Stage found);
    /// Too early: `now_` is the block's time.
    error TooEarly(uint64 from, uint256 now_);
    /// Too late.
    error TooLate(uint64 until, uint256 now_);
    /// The head is an open one where a closed one is needed, or the reverse.
    error WrongHead(bool closed);
    /// The head is older or shorter than the last one, or differs from it at
    /// one size.
    error HeadMismatch(uint32 size, uint64 time, uint32 lastSize, uint64 lastTime);
    /// The board is empty.
    error EmptyBoard();
    /// The batch or chunk does not follow what the account has posted.
    error WrongStart(uint32 expected, uint32 found);
    /// The batch has not the length that follows from its place: bytes.
    error WrongLength(uint256 expected, uint256 found);
    /// `posted` of `size` entries have been posted by the account named.
    error BallotsMissing(address poster, uint32 posted, uint32 size);
    /// The tally needs the other form: one proof up to `rows` entries, chunks
    /// and a final proof above.
    error WrongForm(uint32 size, uint32 rows);
    /// The chunks do not cover the board yet.
    error ChunksMissing(uint32 posted, uint32 needed);
    /// The chunk does not start from the state that the one before left.
    error WrongState(uint256 expected, uint256 found);
    /// Not one total per option of the rule.
    error WrongTotals(uint256 expected, uint256 found);
    /// A total is not below 2^44.
    error TotalTooLarge(uint256 option, uint64 total);
    /// Fewer slots than the draft demands.
    error TooFewSlots(uint32 slots, uint32 minBallots);
    /// The election has no result (yet).
    error NotFinalised(bytes32 electionId, Stage stage);

    /// Opens a draft as an election: both identifiers are computed here, and
    /// the organiser's signature over the draft and all n trustees'
    /// signatures over the key are checked.
    /// @param eighthX,eighthY A point Q of the curve with 8 Q = PK, which
    /// shows that PK is in the prime subgroup.
    /// @return electionId spec: `election.id`
    function open(
        Draft calldata draft,
        bytes calldata organiserSignature,
        ElectionKey calldata key,
        bytes[] calldata trusteeSignatures,
        uint256 eighthX,
        uint256 eighthY
    ) external returns (bytes32 electionId);

    /// Keeps a head that the operator signed: what follows may not contradict
    /// it. Neither size nor time falls.
    function anchor(bytes32 electionId, Head calldata head, bytes calldata signature) external;

    /// Takes the closed head as final. Before the closing time only if the
    /// draft allows it, from the opening on, and with the organiser's order to
    /// close; `order` is not read from the closing time on.
    function close(
        bytes32 electionId,
        Head calldata head,
        bytes calldata signature,
        bytes calldata order
    ) external;

    /// Checks the proofs of the ballots `[start, min(start + batchRows, N))`
    /// and keeps their fingerprint for the sender. Each entry is 384 bytes:
    /// slot, prev, next, ticket, proof. spec: `settlement.batch`
    /// @dev What an account posts counts for itself alone: an account that
    /// posts other ballots than the board's spoils nothing for others.
    function postBatch(bytes32 electionId, uint32 start, bytes calldata entries) external;

    /// Accepts the totals of a board of at most `rows` entries. `poster`
    /// names the account whose batches the proof binds.
    function postTally(
        bytes32 electionId,
        address poster,
        uint32 slots,
        uint64[] calldata totals,
        bytes calldata proof
    ) external;

    /// Accepts the next chunk of a longer board for the sender: the one from
    /// entry `start` on. `stateIn` is free for the first chunk, whose circuit
    /// fixes it. `poster` names whose batches the chunk binds.
    function postChunk(
        bytes32 electionId,
        address poster,
        uint32 start,
        uint256 stateIn,
        uint256 stateOut,
        bytes calldata proof
    ) external;

    /// Accepts the totals of a longer board, all of whose chunks `poster` has
    /// posted.
    function postFinal(
        bytes32 electionId,
        address poster,
        uint32 slots,
        uint64[] calldata totals,
        bytes calldata proof
    ) external;

    /// Ends an election that has no final root, or no result, past the
    /// deadline for it.
    function void(bytes32 electionId) external;

    /// `hashStruct(draft) >> 8`. Whoever needs a field of an election's draft
    /// is given the draft and compares this with the election's `draftId`.
    function draftId(Draft calldata draft) external pure returns (bytes32);

    /// The election of a draft, or 0.
    function electionOf(bytes32 draft) external view returns (bytes32 electionId);

    /// An election; all zero if there is none.
    function election(bytes32 electionId) external view returns (Election memory);

    /// What an account has posted.
    function posting(bytes32 electionId, address poster) external view returns (Posting memory);

    /// The point and fingerprint of an account's batch; (0, 0) if it has not
    /// been posted.
    function batch(
        bytes32 electionId,
        address poster,
        uint32 index
    ) external view returns (uint256 point, uint256 fingerprint);

    /// The result. Reverts with `NotFinalised` if there is none.
    function result(bytes32 electionId) external view returns (Outcome memory);

    /// Whether the election is finalised and its proposal has passed. Never
    /// reverts.
    function passed(bytes32 electionId) external view returns (bool);

    /// The verifying keys that elections here can pin.
    function verifiers() external view returns (address);
}
