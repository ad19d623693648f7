// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AttestationKey} from "./AttestationKey.sol";
import {R} from "./BabyJubjub.sol";
import {Claim, Policy, Ratio, View, ViewOutcome} from "./IAttestations.sol";

/// The public inputs of an attestation's proof, from policy and outcome, in
/// the on-chain shape, and the rules that both must obey. It mirrors
/// `circuits/src/attestation` (`encoding.rs`, `policy.rs`, `statement.rs`);
/// tests compare the two.
/// spec: `attestation.public_inputs`, `attestation.words`, `attestation.policy_rules`
library AuditInputs {
    /// Which rule a policy breaks.
    enum PolicyFault {
        Format,
        Cells,
        Sample,
        MinimumCell,
        MinimumShare,
        Disclosure,
        Threshold,
        Views,
        Groups,
        Allowed,
        NoSuchGroup,
        Checks,
        NeedsScores
    }

    /// The policy breaks a rule; `index` is the metric or the view, from 0.
    error InvalidPolicy(PolicyFault fault, uint256 index);
    /// The outcome of a view has another form than the circuit's shape, or the
    /// number of views differs.
    error InvalidOutcome(uint256 view_);
    /// The disclosed counts have another length than the policy asks for, or
    /// one of them is too large.
    error InvalidTable(uint256 expected, uint256 found);
    /// An encoding refers to something outside of itself.
    error Malformed();
    /// A disclosed cell has fewer records than the policy's minimum.
    error CellTooSmall(uint256 cell, uint256 found, uint256 minimum);

    uint256 internal constant METRICS = 11;
    uint256 internal constant VERDICT_BITS = 2;
    uint256 private constant VIEWS = 3;
    uint256 private constant BASES = 4;
    uint256 private constant WORD_BITS = 248;
    uint256 private constant COUNT_BITS = 24;
    uint256 private constant RATIO_BITS = 16;
    uint256 private constant COUNTS_OF_CELL = 5;
    uint256 private constant COUNTS = 1 + AttestationKey.CELLS * COUNTS_OF_CELL;
    /// Words of the fixed parts of a policy, a view and an outcome.
    uint256 private constant POLICY_WORDS = 13;
    uint256 private constant VIEW_WORDS = 6;
    uint256 private constant OUTCOME_WORDS = 5;
    /// Places of two offsets among the words of a policy's fixed part.
    uint256 private constant ATTRIBUTES = 3;
    uint256 private constant THRESHOLDS = 11;
    /// Metrics whose threshold is a ratio of at most 1 from below: impact
    /// ratio, parity ratio, scoring and worst-case impact ratio.
    uint256 private constant RATIOS = 1 << 0 | 1 << 2 | 1 << 9 | 1 << 10;
    /// The two-proportion test: any positive number of deviations.
    uint256 private constant DEVIATIONS = 1 << 8;
    /// Metrics that need scores, which the shape does not have.
    uint256 private constant SCORED = 1 << 9;
    /// Metrics that name their failing groups.
    uint256 private constant NAMING = 1 << 0 | 1 << 8 | 1 << 9 | 1 << 10;
    /// Metrics that divide by favourable outcomes, others, favourable decisions.
    uint256 private constant BY_POSITIVES = 1 << 3 | 1 << 4 | 1 << 5;
    uint256 private constant BY_NEGATIVES = 1 << 4 | 1 << 5;
    uint256 private constant BY_SELECTED = 1 << 6;
    bytes32 private constant FORMAT = keccak256("tabella-audit-policy");
    uint256 private constant VERSION = 1;
    bytes private constant TABLE_TAG = "tabella.v1.attestation-table";

    /// What follows from policy, outcome and counts.
    struct Encoded {
        /// Each below r: the verifier takes no other.
        uint256[] inputs;
        /// Two bits for each metric, 22 for each view.
        uint72 verdicts;
        /// spec: `audit.outcome_hash`
        bytes32 tableHash;
    }

    /// The word that is being filled, its place among the inputs, its bits in use.
    struct Cursor {
        uint256 word;
        uint256 place;
        uint256 used;
    }

    /// The lower bit of every verdict.
    uint72 private constant LOW_BITS = 0x555555555555555555;

    /// All public inputs. `policy` is `abi.encode(Policy)`, `outcome`
    /// `abi.encode(ViewOutcome[])`, `disclosed` 8 bytes for each number.
    /// Nothing is read outside of these bytes, so that their hashes bind what
    /// is read. `dataDigest` is that of the proof's commitments.
    function encode(
        Claim calldata claim,
        bytes calldata policy,
        bytes calldata outcome,
        bytes calldata disclosed,
        bytes32 dataDigest
    ) internal pure returns (Encoded memory out) {
        uint256[] memory inputs = new uint256[](AttestationKey.INPUTS);
        out.inputs = inputs;
        inputs[0] = uint256(claim.modelCommitment) >> 128;
        inputs[1] = uint128(uint256(claim.modelCommitment));
        inputs[2] = epoch(claim.from, claim.to);
        inputs[3] = claim.records;
        Policy calldata numbers = _policy(policy);
        uint256 next = _writePolicy(inputs, 4, policy, numbers);
        out.verdicts = _writeOutcome(inputs, next, outcome);
        next += VIEWS;
        (inputs[next], inputs[next + 1], out.tableHash) =
            _table(numbers.disclosedMinimum, disclosed, dataDigest);
    }

    /// First day in the high, the day after the last in the low 32 bits; both
    /// are below 2^32. spec: `audit.epoch`
    function epoch(uint64 from, uint64 to) internal pure returns (uint64) {
        return ((from / 1 days) << 32) | (to / 1 days);
    }

    /// What the numbers of cells and groups mean, from a policy's attributes
    /// and the digest of a mapping. spec: `audit.reading`
    function reading(bytes calldata policy, bytes32 mappingDigest) internal pure returns (bytes32) {
        uint256 first = 32 + _word(policy, 1 + ATTRIBUTES);
        uint256 end = 32 + _word(policy, 1 + THRESHOLDS);
        // `abi.encode` of a struct of attributes and digest: its offset, the
        // attributes' offset, the digest, the attributes.
        return keccak256(abi.encodePacked(uint256(32), uint256(64), mappingDigest, policy[first:end]));
    }

    /// Whether one of these verdicts is "fail".
    function anyFails(uint72 all) internal pure returns (bool) {
        return (all >> 1) & ~all & LOW_BITS != 0;
    }

    /// Whether one of these verdicts is "fail" or "not assessable".
    function anyDoesNotPass(uint72 all) internal pure returns (bool) {
        return (all >> 1) & LOW_BITS != 0;
    }

    /// Room for groups in each view of the shape.
    function _room(uint256 v) private pure returns (uint256) {
        return v == 0 ? AttestationKey.VIEW_0 : v == 1 ? AttestationKey.VIEW_1 : AttestationKey.VIEW_2;
    }

    /// The policy in its encoding: the offset 32, then the struct.
    function _policy(bytes calldata encoded) private pure returns (Policy calldata policy) {
        if (encoded.length < 32 * (1 + POLICY_WORDS) || _word(encoded, 0) != 32) revert Malformed();
        assembly ("memory-safe") {
            policy := add(encoded.offset, 32)
        }
    }

    /// Word `index` of an encoding. Reverts beyond its end.
    function _word(bytes calldata encoded, uint256 index) private pure returns (uint256) {
        return uint256(bytes32(encoded[32 * index:32 * index + 32]));
    }

    /// `length` bytes from `start` on are inside of an encoding.
    function _inside(bytes calldata encoded, uint256 start, uint256 length) private pure {
        uint256 offset;
        assembly ("memory-safe") {
            offset := encoded.offset
        }
        // The compiler lets an offset lead before the calldata, to an address
        // that has wrapped around: nothing may be added to it.
        bool fits;
        unchecked {
            uint256 from = start - offset;
            fits = from <= encoded.length && length <= encoded.length - from;
        }
        if (!fits) revert Malformed();
    }

    /// A list or text, of which `length` bytes follow its length, is inside.
    function _listInside(bytes calldata encoded, uint256 start, uint256 length) private pure {
        _inside(encoded, start - 32, length + 32);
    }

    /// Returns the place behind the policy's words.
    function _writePolicy(uint256[] memory inputs, uint256 first, bytes calldata encoded, Policy calldata policy)
        private
        pure
        returns (uint256)
    {
        _checkNumbers(encoded, policy);
        Cursor memory cursor = Cursor(0, first, 0);
        _bits(inputs, cursor, policy.sample, AttestationKey.CELLS);
        _number(inputs, cursor, policy.minimumCell, COUNT_BITS);
        _ratio(inputs, cursor, policy.minimumShare);
        _writeThresholds(inputs, cursor, encoded, policy.thresholds);
        _bits(inputs, cursor, policy.disclosedMinimum == 0 ? 0 : 1, 1);
        View[] calldata views = _views(encoded, policy);
        uint256 cells = policy.cells;
        for (uint256 v = 0; v < VIEWS; ++v) {
            _writeView(inputs, cursor, encoded, views[v], cells, v);
        }
        // Which of the layout's cells the policy has: the others hold no record.
        _bits(inputs, cursor, (1 << cells) - 1, AttestationKey.CELLS);
        inputs[cursor.place] = cursor.word;
        return cursor.place + 1;
    }

    function _views(bytes calldata encoded, Policy calldata policy) private pure returns (View[] calldata views) {
        views = policy.views;
        uint256 start;
        assembly ("memory-safe") {
            start := views.offset
        }
        if (views.length != VIEWS) revert InvalidPolicy(PolicyFault.Views, views.length);
        _listInside(encoded, start, 32 * VIEWS);
    }

    function _checkNumbers(bytes calldata encoded, Policy calldata policy) private pure {
        string calldata format = policy.format;
        uint256 start;
        assembly ("memory-safe") {
            start := format.offset
        }
        _listInside(encoded, start, bytes(format).length);
        bool known = keccak256(bytes(format)) == FORMAT && policy.version == VERSION;
        if (!known) revert InvalidPolicy(PolicyFault.Format, 0);
        uint256 cells = policy.cells;
        if (cells == 0 || cells > AttestationKey.CELLS) revert InvalidPolicy(PolicyFault.Cells, 0);
        if (policy.sample == 0 || policy.sample >> cells != 0) revert InvalidPolicy(PolicyFault.Sample, 0);
        if (policy.minimumCell == 0 || policy.minimumCell >> COUNT_BITS != 0) {
            revert InvalidPolicy(PolicyFault.MinimumCell, 0);
        }
        if (!_isFraction(policy.minimumShare)) revert InvalidPolicy(PolicyFault.MinimumShare, 0);
        if (policy.disclosedMinimum >> 32 != 0) revert InvalidPolicy(PolicyFault.Disclosure, 0);
    }

    function _writeThresholds(
        uint256[] memory inputs,
        Cursor memory cursor,
        bytes calldata encoded,
        Ratio[] calldata thresholds
    ) private pure {
        uint256 start;
        assembly ("memory-safe") {
            start := thresholds.offset
        }
        if (thresholds.length != METRICS) revert InvalidPolicy(PolicyFault.Threshold, METRICS);
        _listInside(encoded, start, METRICS * 64);
        for (uint256 metric = 0; metric < METRICS; ++metric) {
            Ratio calldata threshold = thresholds[metric];
            if (!_isThreshold(threshold, 1 << metric)) revert InvalidPolicy(PolicyFault.Threshold, metric);
            _ratio(inputs, cursor, threshold);
        }
    }

    /// From 0 to 1.
    function _isFraction(Ratio calldata ratio) private pure returns (bool) {
        return ratio.den != 0 && ratio.den >> RATIO_BITS == 0 && ratio.num <= ratio.den;
    }

    function _isThreshold(Ratio calldata ratio, uint256 metric) private pure returns (bool) {
        if (metric & DEVIATIONS != 0) {
            bool fits = ratio.den >> RATIO_BITS == 0 && ratio.num >> RATIO_BITS == 0;
            return fits && ratio.den != 0 && ratio.num != 0;
        }
        return _isFraction(ratio) && (metric & RATIOS == 0 || ratio.num != 0);
    }

    function _writeView(
        uint256[] memory inputs,
        Cursor memory cursor,
        bytes calldata encoded,
        View calldata view_,
        uint256 cells,
        uint256 v
    ) private pure {
        uint256 room = _room(v);
        uint256 groups = view_.groups;
        if (groups < 2 || groups > room) revert InvalidPolicy(PolicyFault.Groups, v);
        uint256 sets = _setsOf(encoded, view_, cells, v);
        uint256 checks = view_.checks;
        if (checks == 0 || checks >> METRICS != 0) revert InvalidPolicy(PolicyFault.Checks, v);
        if (checks & SCORED != 0) revert InvalidPolicy(PolicyFault.NeedsScores, v);
        uint256 beyond = view_.excluded;
        _bits(inputs, cursor, beyond, room);
        _bits(inputs, cursor, checks, METRICS);
        _bits(inputs, cursor, _divides(checks), BASES - 1);
        unchecked {
            for (uint256 cell = 0; cell < AttestationKey.CELLS; ++cell) {
                uint256 set = cell < cells ? _load(sets + 32 * cell) : 0;
                beyond |= set;
                uint256 known = set != 0 && set & (set - 1) == 0 ? 1 : 0;
                _bits(inputs, cursor, (set << 1) | known, room + 1);
            }
        }
        if (beyond >> groups != 0) revert InvalidPolicy(PolicyFault.NoSuchGroup, v);
    }

    /// Where the sets of groups of a view's cells begin.
    function _setsOf(bytes calldata encoded, View calldata view_, uint256 cells, uint256 v)
        private
        pure
        returns (uint256 sets)
    {
        uint256[] calldata allowed = view_.allowed;
        uint256 start;
        assembly ("memory-safe") {
            start := view_
            sets := allowed.offset
        }
        if (allowed.length != cells) revert InvalidPolicy(PolicyFault.Allowed, v);
        _inside(encoded, start, 32 * VIEW_WORDS);
        _listInside(encoded, sets, 32 * cells);
    }

    /// Whether a check divides by favourable outcomes, others, favourable decisions.
    function _divides(uint256 checks) private pure returns (uint256 bits) {
        if (checks & BY_POSITIVES != 0) bits |= 1;
        if (checks & BY_NEGATIVES != 0) bits |= 2;
        if (checks & BY_SELECTED != 0) bits |= 4;
    }

    /// One word for each view. Returns all verdicts.
    function _writeOutcome(uint256[] memory inputs, uint256 first, bytes calldata encoded)
        private
        pure
        returns (uint72 verdicts)
    {
        if (_word(encoded, 0) != 32) revert Malformed();
        uint256 length = _word(encoded, 1);
        if (length != VIEWS) revert InvalidOutcome(length);
        if (encoded.length < 32 * (2 + VIEWS)) revert Malformed();
        ViewOutcome[] calldata views;
        assembly ("memory-safe") {
            views.offset := add(encoded.offset, 64)
            views.length := length
        }
        for (uint256 v = 0; v < VIEWS; ++v) {
            (uint256 word, uint256 codes) = _outcomeWord(encoded, views[v], v);
            inputs[first + v] = word;
            verdicts |= uint72(codes << (v * METRICS * VERDICT_BITS));
        }
    }

    /// A view's outcome: at most 190 bits. spec: `attestation.outcome_words`
    function _outcomeWord(bytes calldata encoded, ViewOutcome calldata outcome, uint256 v)
        private
        pure
        returns (uint256 word, uint256 codes)
    {
        uint256 room = _room(v);
        (uint256 compared, uint256 verdicts, uint256 failing) = _listsOf(encoded, outcome, v);
        word = outcome.unknown;
        if (word >> COUNT_BITS != 0) revert InvalidOutcome(v);
        uint256 beyond = outcome.unassessed;
        uint256 offset = COUNT_BITS;
        unchecked {
            for (uint256 base = 0; base < BASES; ++base) {
                uint256 set = _load(compared + 32 * base);
                beyond |= set;
                word |= set << offset;
                offset += room;
            }
            codes = _verdicts(verdicts, v);
            word |= codes << offset;
            offset += METRICS * VERDICT_BITS;
            for (uint256 metric = 0; metric < METRICS; ++metric) {
                uint256 set = _load(failing + 32 * metric);
                if ((1 << metric) & NAMING == 0) {
                    if (set != 0) revert InvalidOutcome(v);
                } else {
                    beyond |= set;
                    word |= set << offset;
                    offset += room;
                }
            }
            word |= outcome.unassessed << offset;
        }
        if (beyond >> room != 0) revert InvalidOutcome(v);
    }

    /// Where the lists of an outcome begin.
    function _listsOf(bytes calldata encoded, ViewOutcome calldata outcome, uint256 v)
        private
        pure
        returns (uint256 compared, uint256 verdicts, uint256 failing)
    {
        uint256[] calldata a = outcome.compared;
        uint256[] calldata b = outcome.verdicts;
        uint256[] calldata c = outcome.failing;
        bool fits = a.length == BASES && b.length == METRICS && c.length == METRICS;
        if (!fits) revert InvalidOutcome(v);
        uint256 start;
        assembly ("memory-safe") {
            start := outcome
            compared := a.offset
            verdicts := b.offset
            failing := c.offset
        }
        _inside(encoded, start, 32 * OUTCOME_WORDS);
        _listInside(encoded, compared, 32 * BASES);
        _listInside(encoded, verdicts, 32 * METRICS);
        _listInside(encoded, failing, 32 * METRICS);
    }

    function _verdicts(uint256 list, uint256 v) private pure returns (uint256 bits) {
        uint256 all = 0;
        unchecked {
            for (uint256 metric = 0; metric < METRICS; ++metric) {
                uint256 code = _load(list + 32 * metric);
                all |= code;
                bits |= code << (metric * VERDICT_BITS);
            }
        }
        if (all >> VERDICT_BITS != 0) revert InvalidOutcome(v);
    }

    /// Where the polynomial of the disclosed counts is evaluated, its value
    /// there, and the hash of the counts; all 0 with verdicts only.
    /// spec: `attestation.disclosure`
    function _table(uint256 minimum, bytes calldata disclosed, bytes32 dataDigest)
        private
        pure
        returns (uint256 x, uint256 value, bytes32 hash)
    {
        uint256 length = minimum == 0 ? 0 : 8 * COUNTS;
        if (disclosed.length != length) revert InvalidTable(length, disclosed.length);
        if (length == 0) return (0, 0, 0);
        x = uint256(keccak256(abi.encodePacked(TABLE_TAG, dataDigest, disclosed))) & ((1 << WORD_BITS) - 1);
        bytes memory words;
        (value, words) = _evaluate(minimum, disclosed, x);
        hash = keccak256(words);
    }

    /// The value at x, and `abi.encode` of the list of numbers.
    function _evaluate(uint256 minimum, bytes calldata disclosed, uint256 x)
        private
        pure
        returns (uint256 value, bytes memory words)
    {
        words = new bytes(32 * (2 + COUNTS));
        uint256 count = COUNTS;
        uint256 target;
        uint256 source;
        assembly ("memory-safe") {
            mstore(add(words, 32), 32)
            mstore(add(words, 64), count)
            target := add(words, 96)
            source := disclosed.offset
        }
        uint256 edge = _load(source) >> 192;
        if (edge >= AttestationKey.BINS) revert InvalidTable(AttestationKey.BINS, edge);
        _store(target, edge);
        value = edge;
        uint256 all = 0;
        uint256 records = 0;
        unchecked {
            for (uint256 i = 1; i < COUNTS; ++i) {
                uint256 number = _load(source + 8 * i) >> 192;
                _store(target + 32 * i, number);
                value = addmod(mulmod(value, x, R), number, R);
                all |= number;
                if (i % COUNTS_OF_CELL != 0) {
                    records += number;
                } else {
                    // The last number of a cell counts records again.
                    if (records != 0 && records < minimum) {
                        revert CellTooSmall(i / COUNTS_OF_CELL - 1, records, minimum);
                    }
                    records = 0;
                }
            }
        }
        if (all >> COUNT_BITS != 0) revert InvalidTable(COUNT_BITS, all);
    }

    /// A word of the calldata.
    function _load(uint256 place) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(place)
        }
    }

    /// Writes a word of memory that the caller has allocated.
    function _store(uint256 place, uint256 word) private pure {
        assembly ("memory-safe") {
            mstore(place, word)
        }
    }

    function _ratio(uint256[] memory inputs, Cursor memory cursor, Ratio calldata ratio) private pure {
        _number(inputs, cursor, ratio.num, RATIO_BITS);
        _number(inputs, cursor, ratio.den, RATIO_BITS);
    }

    /// A number in one piece; one that does not fit starts the next word. Its
    /// caller has checked that it is below 2^count.
    function _number(uint256[] memory inputs, Cursor memory cursor, uint256 value, uint256 count) private pure {
        unchecked {
            uint256 end = cursor.used + count;
            if (end <= WORD_BITS) {
                cursor.word |= value << cursor.used;
                cursor.used = end;
            } else {
                inputs[cursor.place++] = cursor.word;
                cursor.word = value;
                cursor.used = count;
            }
        }
    }

    /// Single bits, the lowest first: they run on into the next word. Its
    /// caller refuses what is not below 2^count.
    function _bits(uint256[] memory inputs, Cursor memory cursor, uint256 bits, uint256 count) private pure {
        unchecked {
            uint256 used = cursor.used;
            uint256 end = used + count;
            if (end <= WORD_BITS) {
                cursor.word |= bits << used;
                cursor.used = end;
            } else {
                uint256 room = WORD_BITS - used;
                inputs[cursor.place++] = cursor.word | ((bits & ((1 << room) - 1)) << used);
                cursor.word = bits >> room;
                cursor.used = end - WORD_BITS;
            }
        }
    }
}
