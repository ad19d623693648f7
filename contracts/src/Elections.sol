// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {BabyJubjub, R} from "./BabyJubjub.sol";
import {Drafts} from "./Drafts.sol";
import {Groth16Verifiers} from "./Groth16Verifiers.sol";
import {
    Draft,
    Election,
    ElectionKey,
    Head,
    IElections,
    Outcome,
    PassRule,
    Posting,
    Stage,
    Times,
    Trustee
} from "./IElections.sol";
import {Circuit, Kind} from "./IGroth16Verifiers.sol";

/// @title Elections settled by proof
/// @dev What it promises is said in IElections.
contract Elections is IElections, EIP712("Tabella", "1") {
    /// An election, packed so that anchoring writes two slots that are not
    /// empty.
    struct State {
        Stage stage;
        bool earlyClose;
        uint32 size;
        uint64 headTime;
        uint64 closing;
        uint64 rootDeadline;
        // --- slot
        address operator;
        uint64 tallyDeadline;
        uint32 minBallots;
        // --- slot
        address organiser;
        uint32 rule;
        uint32 rows;
        bool passed;
        // --- slot
        PassRule passRule;
        // --- slots
        bytes32 root;
        bytes32 draftId;
        bytes32 censusRoot;
        uint256 pkX;
        uint256 pkY;
        /// Ballot, tally, tally chunk, tally final.
        bytes32[4] keys;
        /// Times of opening and of the result, in one slot.
        uint64 opening;
        uint64 finalised;
        /// The result as the proof has it. spec: `tally.packed`
        uint256[4] packed;
    }

    /// A batch of ballots: the point z and the fingerprint of its rows there.
    struct Batch {
        uint256 point;
        uint256 fingerprint;
    }

    bytes32 private constant ELECTION =
        keccak256(
            "Election(bytes32 draftId,bytes32 censusRoot,uint64 censusTotal,uint256 pkX,uint256 pkY,bytes32 verificationShares,bytes32 verifyingKeys)"
        );
    bytes32 private constant ELECTION_KEY =
        keccak256(
            "ElectionKey(bytes32 electionId,bytes32 draftId,bytes32 censusRoot,uint64 censusTotal,uint256 pkX,uint256 pkY,bytes32 verificationShares,bytes32 verifyingKeys,bytes32 transcript)"
        );
    bytes32 private constant HEAD =
        keccak256("Head(bytes32 electionId,uint32 size,bytes32 root,uint64 time,bool closed)");
    bytes32 private constant CLOSE = keccak256("Close(bytes32 electionId)");
    /// First word of the preimage of a batch's point. spec: `params.tags`
    bytes32 private constant BATCH_TAG = "tabella.v1.settlement-batch";
    /// Root of the board without entries. spec: `board.tree`
    bytes32 private constant EMPTY_BOARD = bytes32(uint256(0x1bcb0afc9ab12f188fe4654e2312407e67afefe0ced63f441b5a73b23b0bbf63));

    /// Bytes of a ballot in a batch: slot, prev, next, ticket, proof.
    uint256 private constant ENTRY_BYTES = 384;
    /// Bits of an entry number, of a count of slots, and of a total.
    uint256 private constant INDEX_BITS = 32;
    uint256 private constant TOTAL_BITS = 44;

    Groth16Verifiers private immutable _verifiers = new Groth16Verifiers();
    mapping(bytes32 electionId => State) private _states;
    mapping(bytes32 draft => bytes32 electionId) private _electionOf;
    mapping(bytes32 electionId => mapping(address poster => Posting)) private _postings;
    mapping(bytes32 electionId => mapping(address poster => mapping(uint256 index => Batch)))
        private _batches;

    // --- Opening

    /// @inheritdoc IElections
    function open(
        Draft calldata draft,
        bytes calldata organiserSignature,
        ElectionKey calldata key,
        bytes[] calldata trusteeSignatures,
        uint256 eighthX,
        uint256 eighthY
    ) external returns (bytes32 electionId) {
        _checkDraft(draft);
        bytes32 draftId_ = Drafts.id(draft);
        if (_electionOf[draftId_] != 0) revert DraftOpened(draftId_, _electionOf[draftId_]);
        _requireSigner("organiser", 0, draft.organiser, Drafts.structHash(draft), organiserSignature);
        if (uint256(key.censusRoot) >= R) revert NotCanonical(uint256(key.censusRoot));
        if (!BabyJubjub.isKey(key.pkX, key.pkY, eighthX, eighthY)) revert InvalidPublicKey(key.pkX, key.pkY);
        electionId = _electionId(draftId_, key);
        _requireTrustees(draft.trustees, electionId, draftId_, key, trusteeSignatures);
        _electionOf[draftId_] = electionId;
        _store(electionId, draftId_, draft, key);
    }

    /// The rules of a draft on which this contract's own work rests, and the
    /// domain. The others are the trustees' to check before they sign.
    function _checkDraft(Draft calldata draft) private view {
        if (draft.chainId != block.chainid || draft.contract_ != address(this)) {
            revert OtherDomain(draft.chainId, draft.contract_);
        }
        if (draft.settlement != 1) revert InvalidDraft("settlement");
        uint256 options = draft.options.length;
        if (options == 0 || options > 16) revert InvalidDraft("options");
        uint256 room = options <= 4 ? 4 : 16;
        // spec: `ballot.rule`
        if ((draft.rule & 0xff) > 3 || draft.rule >> 8 != options + (room << 8)) revert InvalidDraft("rule");
        PassRule calldata p = draft.passRule;
        bool fraction = p.majorityNumerator < p.majorityDenominator;
        if (p.winningOption >= options || !fraction || p.quorum >> TOTAL_BITS != 0) {
            revert InvalidDraft("passRule");
        }
        if (draft.kind > 1 || (draft.kind == 1) != (draft.calls.length != 0)) revert InvalidDraft("kind");
        Times calldata t = draft.times;
        if (t.opening >= t.closing || t.closing >= t.rootDeadline || t.rootDeadline >= t.tallyDeadline) {
            revert InvalidDraft("times");
        }
        if (block.timestamp >= t.closing) revert TooLate(t.closing, block.timestamp);
        if (draft.minBallots == 0) revert InvalidDraft("minBallots");
        _checkTrustees(draft.trustees, draft.threshold);
    }

    function _checkTrustees(Trustee[] calldata trustees, uint8 threshold) private pure {
        uint256 n = trustees.length;
        if (threshold < 2 || threshold > n || n > 16) revert InvalidDraft("threshold");
        for (uint256 i = 0; i < n; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                bool signer = trustees[i].signer == trustees[j].signer;
                if (signer || trustees[i].encryptionKey == trustees[j].encryptionKey) {
                    revert InvalidDraft("trustees");
                }
            }
        }
    }

    /// spec: `election.id`
    function _electionId(bytes32 draftId_, ElectionKey calldata key) private pure returns (bytes32) {
        return keccak256(bytes.concat(ELECTION, _keyWords(draftId_, key))) >> 8;
    }

    /// What `Election` and `ElectionKey` have in common.
    function _keyWords(bytes32 draftId_, ElectionKey calldata key) private pure returns (bytes memory) {
        return
            abi.encode(
                draftId_,
                key.censusRoot,
                key.censusTotal,
                key.pkX,
                key.pkY,
                key.verificationShares,
                keccak256(abi.encodePacked(key.verifyingKeys))
            );
    }

    /// All n trustees' signatures over the key, in order. A61
    function _requireTrustees(
        Trustee[] calldata trustees,
        bytes32 electionId,
        bytes32 draftId_,
        ElectionKey calldata key,
        bytes[] calldata signatures
    ) private view {
        if (signatures.length != trustees.length) {
            revert WrongSignatureCount(trustees.length, signatures.length);
        }
        bytes32 structHash = keccak256(
            bytes.concat(ELECTION_KEY, electionId, _keyWords(draftId_, key), key.transcript)
        );
        for (uint256 i = 0; i < trustees.length; ++i) {
            _requireSigner("trustee", i + 1, trustees[i].signer, structHash, signatures[i]);
        }
    }

    function _store(
        bytes32 electionId,
        bytes32 draftId_,
        Draft calldata draft,
        ElectionKey calldata key
    ) private {
        State storage s = _states[electionId];
        s.stage = Stage.Open;
        s.earlyClose = draft.earlyClose;
        s.closing = draft.times.closing;
        s.rootDeadline = draft.times.rootDeadline;
        s.operator = draft.operator;
        s.tallyDeadline = draft.times.tallyDeadline;
        s.minBallots = draft.minBallots;
        s.organiser = draft.organiser;
        s.rule = draft.rule;
        s.rows = _checkKeys(key.verifyingKeys, uint8(draft.rule >> 16), draft.threshold);
        s.passRule = draft.passRule;
        s.root = EMPTY_BOARD;
        s.draftId = draftId_;
        s.censusRoot = key.censusRoot;
        (s.pkX, s.pkY) = (key.pkX, key.pkY);
        for (uint256 i = 0; i < 4; ++i) {
            s.keys[i] = key.verifyingKeys[i + 1];
        }
        s.opening = draft.times.opening;
        emit Opened(electionId, draftId_, s.organiser, s.operator, key.censusRoot, key.censusTotal);
    }

    /// The keys are those of the circuits that the draft needs, with one
    /// number of rows, which is returned. They cannot change afterwards: their
    /// hashes are kept, and a hash stands for one key for ever (A17, A55).
    function _checkKeys(
        bytes32[5] calldata hashes,
        uint8 options,
        uint8 threshold
    ) private view returns (uint32 rows) {
        rows = _verifiers.circuit(hashes[2]).rows;
        _checkKey(0, hashes[1], Circuit(Kind.Ballot, options, 0, 0));
        _checkKey(1, hashes[2], Circuit(Kind.Tally, options, rows, threshold));
        _checkKey(2, hashes[3], Circuit(Kind.TallyChunk, options, rows, 0));
        _checkKey(3, hashes[4], Circuit(Kind.TallyFinal, options, rows, threshold));
    }

    function _checkKey(uint256 index, bytes32 hash, Circuit memory expected) private view {
        Circuit memory found = _verifiers.circuit(hash);
        bool same = found.kind == expected.kind &&
            found.options == expected.options &&
            found.rows == expected.rows &&
            found.threshold == expected.threshold;
        if (!same) revert WrongKey(index, hash);
    }

    // --- Heads

    /// @inheritdoc IElections
    function anchor(bytes32 electionId, Head calldata head, bytes calldata signature) external {
        State storage s = _at(electionId, Stage.Open);
        if (head.closed) revert WrongHead(true);
        _follow(s, electionId, head, signature);
        emit Anchored(electionId, head.size, head.root, head.time);
    }

    /// @inheritdoc IElections
    function close(
        bytes32 electionId,
        Head calldata head,
        bytes calldata signature,
        bytes calldata order
    ) external {
        State storage s = _at(electionId, Stage.Open);
        if (!head.closed) revert WrongHead(false);
        if (head.size == 0) revert EmptyBoard();
        if (block.timestamp < s.closing) {
            if (!s.earlyClose) revert TooEarly(s.closing, block.timestamp);
            if (block.timestamp < s.opening) revert TooEarly(s.opening, block.timestamp);
            bytes32 structHash = keccak256(abi.encode(CLOSE, electionId));
            _requireSigner("organiser", 0, s.organiser, structHash, order);
        }
        _follow(s, electionId, head, signature);
        s.stage = Stage.Closed;
        emit Closed(electionId, head.size, head.root, head.time);
    }

    /// Takes a head that the operator signed and that does not contradict the
    /// one before.
    function _follow(
        State storage s,
        bytes32 electionId,
        Head calldata head,
        bytes calldata signature
    ) private {
        if (block.timestamp > s.rootDeadline) revert TooLate(s.rootDeadline, block.timestamp);
        if (uint256(head.root) >= R) revert NotCanonical(uint256(head.root));
        bool fork = head.size == s.size && head.root != s.root;
        if (head.size < s.size || head.time < s.headTime || fork) {
            revert HeadMismatch(head.size, head.time, s.size, s.headTime);
        }
        bytes32 structHash = keccak256(abi.encode(HEAD, electionId, head));
        _requireSigner("operator", 0, s.operator, structHash, signature);
        s.size = head.size;
        s.headTime = head.time;
        s.root = head.root;
    }

    // --- Ballots

    /// @inheritdoc IElections
    function postBatch(bytes32 electionId, uint32 start, bytes calldata entries) external {
        State storage s = _tallying(electionId);
        Posting storage posting_ = _postings[electionId][msg.sender];
        uint32 size = s.size;
        if (start != posting_.ballots || start >= size) revert WrongStart(posting_.ballots, start);
        uint32 rows = _batchRows(s);
        uint32 count = size - start < rows ? size - start : rows;
        if (entries.length != count * ENTRY_BYTES) revert WrongLength(count * ENTRY_BYTES, entries.length);
        bytes32 digest = _verifiers.verifyBallots(s.keys[0], _common(s, electionId), entries);
        uint256 z = _point(electionId, s.root, size, start, count, digest);
        uint256 f = _fingerprint(entries, z);
        posting_.ballots = start + count;
        _batches[electionId][msg.sender][start / rows] = Batch(z, f);
        emit BatchPosted(electionId, msg.sender, start, count, z, f);
    }

    /// What the statements of all ballots have in common. spec: `ballot.inputs`
    function _common(State storage s, bytes32 electionId) private view returns (uint256[5] memory) {
        return [uint256(s.censusRoot), uint256(electionId), s.rule, s.pkX, s.pkY];
    }

    /// z: hashed from everything that fixes the board's rows and the posted
    /// ones, so that it is known only after both are.
    function _point(
        bytes32 electionId,
        bytes32 root,
        uint32 size,
        uint32 start,
        uint32 count,
        bytes32 digest
    ) private view returns (uint256 z) {
        bytes32 hash = keccak256(
            abi.encode(BATCH_TAG, block.chainid, address(this), electionId, root, size, start, count, digest)
        );
        z = uint256(hash) >> 8;
        // With 0 the tally proof would bind no row; happens once in 2^248.
        if (z == 0) revert NotCanonical(0);
    }

    /// F, by Horner's rule from the last row to the first. spec: `tally.y8`
    function _fingerprint(bytes calldata entries, uint256 z) private pure returns (uint256 f) {
        assembly ("memory-safe") {
            let entry := add(entries.offset, entries.length)
            for {

            } gt(entry, entries.offset) {

            } {
                entry := sub(entry, ENTRY_BYTES)
                f := mulmod(addmod(f, calldataload(add(entry, 64)), R), z, R)
                f := mulmod(addmod(f, calldataload(add(entry, 32)), R), z, R)
                f := mulmod(addmod(f, calldataload(entry), R), z, R)
            }
        }
    }

    // --- Tally

    /// @inheritdoc IElections
    function postTally(
        bytes32 electionId,
        address poster,
        uint32 slots,
        uint64[] calldata totals,
        bytes calldata proof
    ) external {
        State storage s = _tallying(electionId);
        if (s.size > s.rows) revert WrongForm(s.size, s.rows);
        _requireBallots(electionId, poster, s.size);
        uint256[] memory packed = _pack(s, slots, totals);
        uint256[] memory inputs = _inputs(s, electionId, packed, 2 * _batchesPerProof(s));
        _bind(s, electionId, poster, 0, inputs);
        _verifiers.verify(s.keys[1], inputs, proof);
        _finalise(s, electionId, slots, totals, packed);
    }

    /// @inheritdoc IElections
    function postChunk(
        bytes32 electionId,
        address poster,
        uint32 start,
        uint256 stateIn,
        uint256 stateOut,
        bytes calldata proof
    ) external {
        State storage s = _tallying(electionId);
        Posting storage posting_ = _postings[electionId][msg.sender];
        if (s.size <= s.rows) revert WrongForm(s.size, s.rows);
        uint32 expected = posting_.chunks * s.rows;
        if (start != expected || start >= s.size) revert WrongStart(expected, start);
        if (start != 0 && stateIn != posting_.state) revert WrongState(posting_.state, stateIn);
        uint32 end = s.size - start < s.rows ? s.size : start + s.rows;
        _requireBallots(electionId, poster, end);
        _verifiers.verify(s.keys[2], _chunkInputs(s, electionId, poster, start, stateIn, stateOut), proof);
        ++posting_.chunks;
        posting_.state = stateOut;
        emit ChunkPosted(electionId, msg.sender, start, stateOut);
    }

    /// @inheritdoc IElections
    function postFinal(
        bytes32 electionId,
        address poster,
        uint32 slots,
        uint64[] calldata totals,
        bytes calldata proof
    ) external {
        State storage s = _tallying(electionId);
        if (s.size <= s.rows) revert WrongForm(s.size, s.rows);
        Posting storage posting_ = _postings[electionId][poster];
        uint32 needed = (s.size - 1) / s.rows + 1;
        if (posting_.chunks != needed) revert ChunksMissing(posting_.chunks, needed);
        uint256[] memory packed = _pack(s, slots, totals);
        uint256[] memory inputs = _inputs(s, electionId, packed, 1);
        inputs[inputs.length - 1] = posting_.state;
        _verifiers.verify(s.keys[3], inputs, proof);
        _finalise(s, electionId, slots, totals, packed);
    }

    /// `election_id, R, packed.., PK.x, PK.y` and `more` words of zero.
    /// spec: `tally.inputs`
    function _inputs(
        State storage s,
        bytes32 electionId,
        uint256[] memory packed,
        uint256 more
    ) private view returns (uint256[] memory inputs) {
        inputs = new uint256[](4 + packed.length + more);
        (inputs[0], inputs[1]) = (uint256(electionId), uint256(s.root));
        for (uint256 i = 0; i < packed.length; ++i) {
            inputs[2 + i] = packed[i];
        }
        (inputs[2 + packed.length], inputs[3 + packed.length]) = (s.pkX, s.pkY);
    }

    function _chunkInputs(
        State storage s,
        bytes32 electionId,
        address poster,
        uint32 start,
        uint256 stateIn,
        uint256 stateOut
    ) private view returns (uint256[] memory inputs) {
        inputs = new uint256[](6 + 2 * _batchesPerProof(s));
        (inputs[0], inputs[1], inputs[2]) = (uint256(electionId), uint256(s.root), s.size);
        (inputs[3], inputs[4], inputs[5]) = (start, stateIn, stateOut);
        if (stateIn >= R) revert NotCanonical(stateIn);
        if (stateOut >= R) revert NotCanonical(stateOut);
        _bind(s, electionId, poster, start, inputs);
    }

    /// Fills the last words with `(z_b, F_b)` of the batches from entry
    /// `start` on; (0, 0) stays where the board has no such batch.
    function _bind(
        State storage s,
        bytes32 electionId,
        address poster,
        uint32 start,
        uint256[] memory inputs
    ) private view {
        uint256 count = _batchesPerProof(s);
        uint256 first = start / _batchRows(s);
        uint256 place = inputs.length - 2 * count;
        for (uint256 i = 0; i < count; ++i) {
            Batch storage b = _batches[electionId][poster][first + i];
            (inputs[place + 2 * i], inputs[place + 2 * i + 1]) = (b.point, b.fingerprint);
        }
    }

    function _requireBallots(bytes32 electionId, address poster, uint32 size) private view {
        uint32 posted = _postings[electionId][poster].ballots;
        if (posted < size) revert BallotsMissing(poster, posted, size);
    }

    /// The result as one word for every four totals. Larger totals are
    /// refused, since the packing is injective below 2^44 only.
    /// spec: `tally.packed`
    function _pack(
        State storage s,
        uint32 slots,
        uint64[] calldata totals
    ) private view returns (uint256[] memory packed) {
        if (slots < s.minBallots) revert TooFewSlots(slots, s.minBallots);
        uint256 options = _options(s);
        if (totals.length != options) revert WrongTotals(options, totals.length);
        packed = new uint256[](_room(s) / 4);
        packed[0] = s.size | (uint256(slots) << INDEX_BITS);
        for (uint256 i = 0; i < options; ++i) {
            if (totals[i] >> TOTAL_BITS != 0) revert TotalTooLarge(i, totals[i]);
            packed[i / 4] |= uint256(totals[i]) << _shift(i);
        }
    }

    /// Where a total begins in its word.
    function _shift(uint256 option) private pure returns (uint256) {
        return (option % 4) * TOTAL_BITS + (option < 4 ? 2 * INDEX_BITS : 0);
    }

    function _finalise(
        State storage s,
        bytes32 electionId,
        uint32 slots,
        uint64[] calldata totals,
        uint256[] memory packed
    ) private {
        bool passed_ = _passes(s.passRule, totals);
        s.stage = Stage.Finalised;
        s.passed = passed_;
        s.finalised = uint64(block.timestamp);
        for (uint256 i = 0; i < packed.length; ++i) {
            if (packed[i] != 0) s.packed[i] = packed[i];
        }
        emit Finalised(electionId, passed_, slots, totals);
    }

    /// spec: `election.pass_rule`
    function _passes(PassRule memory rule, uint64[] calldata totals) private pure returns (bool) {
        uint256 all = 0;
        for (uint256 i = 0; i < totals.length; ++i) {
            all += totals[i];
        }
        uint256 yes = totals[rule.winningOption];
        return all >= rule.quorum && yes * rule.majorityDenominator > all * rule.majorityNumerator;
    }

    // --- Deadlines

    /// @inheritdoc IElections
    function void(bytes32 electionId) external {
        State storage s = _states[electionId];
        Stage stage = s.stage;
        if (stage != Stage.Open && stage != Stage.Closed) revert WrongStage(electionId, Stage.Open, stage);
        uint64 deadline = stage == Stage.Open ? s.rootDeadline : s.tallyDeadline;
        if (block.timestamp <= deadline) revert TooEarly(deadline + 1, block.timestamp);
        s.stage = Stage.Voided;
        emit Voided(electionId, stage);
    }

    // --- Views

    /// @inheritdoc IElections
    function draftId(Draft calldata draft) external pure returns (bytes32) {
        return Drafts.id(draft);
    }

    /// @inheritdoc IElections
    function electionOf(bytes32 draft) external view returns (bytes32) {
        return _electionOf[draft];
    }

    /// @inheritdoc IElections
    function election(bytes32 electionId) external view returns (Election memory e) {
        State storage s = _states[electionId];
        if (s.stage == Stage.None) return e;
        e.stage = s.stage;
        e.draftId = s.draftId;
        e.censusRoot = s.censusRoot;
        (e.pkX, e.pkY) = (s.pkX, s.pkY);
        (e.rule, e.rows, e.batchRows) = (s.rule, s.rows, _batchRows(s));
        (e.minBallots, e.earlyClose) = (s.minBallots, s.earlyClose);
        e.times = Times(s.opening, s.closing, s.rootDeadline, s.tallyDeadline);
        e.passRule = s.passRule;
        (e.operator, e.organiser) = (s.operator, s.organiser);
        e.keys = s.keys;
        (e.size, e.root, e.headTime) = (s.size, s.root, s.headTime);
    }

    /// @inheritdoc IElections
    function posting(bytes32 electionId, address poster) external view returns (Posting memory) {
        return _postings[electionId][poster];
    }

    /// @inheritdoc IElections
    function batch(
        bytes32 electionId,
        address poster,
        uint32 index
    ) external view returns (uint256 point, uint256 fingerprint) {
        Batch storage b = _batches[electionId][poster][index];
        return (b.point, b.fingerprint);
    }

    /// @inheritdoc IElections
    function result(bytes32 electionId) external view returns (Outcome memory r) {
        State storage s = _states[electionId];
        if (s.stage != Stage.Finalised) revert NotFinalised(electionId, s.stage);
        (r.passed, r.time, r.size) = (s.passed, s.finalised, s.size);
        r.slots = uint32(s.packed[0] >> INDEX_BITS);
        r.totals = new uint64[](_options(s));
        for (uint256 i = 0; i < r.totals.length; ++i) {
            r.totals[i] = uint64((s.packed[i / 4] >> _shift(i)) & ((1 << TOTAL_BITS) - 1));
        }
    }

    /// @inheritdoc IElections
    function passed(bytes32 electionId) external view returns (bool) {
        State storage s = _states[electionId];
        return s.stage == Stage.Finalised && s.passed;
    }

    /// @inheritdoc IElections
    function verifiers() external view returns (address) {
        return address(_verifiers);
    }

    // --- Shared

    function _at(bytes32 electionId, Stage stage) private view returns (State storage s) {
        s = _states[electionId];
        if (s.stage != stage) revert WrongStage(electionId, stage, s.stage);
    }

    /// A closed election whose deadline for the tally has not passed.
    function _tallying(bytes32 electionId) private view returns (State storage s) {
        s = _at(electionId, Stage.Closed);
        if (block.timestamp > s.tallyDeadline) revert TooLate(s.tallyDeadline, block.timestamp);
    }

    function _options(State storage s) private view returns (uint256) {
        return (s.rule >> 8) & 0xff;
    }

    /// Option positions of a ballot, 4 or 16.
    function _room(State storage s) private view returns (uint256) {
        return s.rule >> 16;
    }

    /// Batches that one tally proof or chunk binds.
    function _batchesPerProof(State storage s) private view returns (uint32) {
        return _room(s) == 4 ? 2 : 1;
    }

    function _batchRows(State storage s) private view returns (uint32) {
        return s.rows / _batchesPerProof(s);
    }

    /// One signature form: 65 bytes, low s, v of 27 or 28. spec: `encoding.signature`
    function _requireSigner(
        bytes32 role,
        uint256 index,
        address expected,
        bytes32 structHash,
        bytes calldata signature
    ) private view {
        (address found, ECDSA.RecoverError fault, ) = ECDSA.tryRecover(_hashTypedDataV4(structHash), signature);
        bool good = fault == ECDSA.RecoverError.NoError && found == expected;
        if (!good) revert WrongSigner(role, index, expected, found);
    }
}
