// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AttestationKey} from "./AttestationKey.sol";
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
    /// The disclosed counts have another form than the policy asks for.
    error InvalidTable(uint256 expected, uint256 found);
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
    uint256 private constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// Fields that follow one another in words of 248 bits.
    struct Writer {
        uint256[] words;
        uint256 word;
        uint256 offset;
    }

    /// All public inputs. `dataDigest` is that of the proof's commitments.
    /// @return inputs each below r: the verifier would reduce a larger one
    function encode(
        Claim calldata claim,
        Policy calldata policy,
        ViewOutcome[] calldata outcome,
        uint64[] calldata disclosed,
        bytes32 dataDigest
    ) internal pure returns (uint256[] memory inputs) {
        inputs = new uint256[](AttestationKey.INPUTS);
        inputs[0] = uint256(claim.modelCommitment) >> 128;
        inputs[1] = uint128(uint256(claim.modelCommitment));
        inputs[2] = epoch(claim.from, claim.to);
        inputs[3] = claim.records;
        Writer memory writer = Writer(inputs, 4, 0);
        _writePolicy(writer, policy);
        uint256 next = writer.word + 1;
        if (outcome.length != VIEWS) revert InvalidOutcome(outcome.length);
        for (uint256 v = 0; v < VIEWS; ++v) {
            inputs[next + v] = outcomeWord(outcome[v], v);
        }
        (inputs[next + VIEWS], inputs[next + VIEWS + 1]) =
            _table(policy.disclosedMinimum, disclosed, dataDigest);
    }

    /// First day in the high, the day after the last in the low 32 bits; both
    /// are below 2^32.
    /// spec: `audit.epoch`
    function epoch(uint64 from, uint64 to) internal pure returns (uint64) {
        return ((from / 1 days) << 32) | (to / 1 days);
    }

    /// All verdicts: two bits for each metric, 22 for each view.
    function verdicts(ViewOutcome[] calldata outcome) internal pure returns (uint72 all) {
        for (uint256 v = 0; v < outcome.length; ++v) {
            all |= uint72(_verdicts(outcome[v].verdicts) << (v * METRICS * VERDICT_BITS));
        }
    }

    /// Whether one of these verdicts is "fail".
    function anyFails(uint72 all) internal pure returns (bool) {
        return (all >> 1) & ~all & LOW_BITS != 0;
    }

    /// Whether one of these verdicts is "fail" or "not assessable".
    function anyDoesNotPass(uint72 all) internal pure returns (bool) {
        return (all >> 1) & LOW_BITS != 0;
    }

    /// The lower bit of every verdict.
    uint72 private constant LOW_BITS = 0x555555555555555555;

    /// Room for groups in each view of the shape.
    function capacity(uint256 v) internal pure returns (uint256) {
        return v == 0 ? AttestationKey.VIEW_0 : v == 1 ? AttestationKey.VIEW_1 : AttestationKey.VIEW_2;
    }

    function _writePolicy(Writer memory writer, Policy calldata policy) private pure {
        _checkNumbers(policy);
        _bits(writer, policy.sample, AttestationKey.CELLS);
        _number(writer, policy.minimumCell, COUNT_BITS);
        _ratio(writer, policy.minimumShare);
        for (uint256 metric = 0; metric < METRICS; ++metric) {
            Ratio calldata threshold = policy.thresholds[metric];
            if (!_isThreshold(threshold, 1 << metric)) revert InvalidPolicy(PolicyFault.Threshold, metric);
            _ratio(writer, threshold);
        }
        _bits(writer, policy.disclosedMinimum == 0 ? 0 : 1, 1);
        for (uint256 v = 0; v < VIEWS; ++v) {
            _writeView(writer, policy.views[v], policy.cells, v);
        }
    }

    function _checkNumbers(Policy calldata policy) private pure {
        bool known = keccak256(bytes(policy.format)) == FORMAT && policy.version == VERSION;
        if (!known) revert InvalidPolicy(PolicyFault.Format, 0);
        uint256 cells = policy.cells;
        if (cells == 0 || cells > AttestationKey.CELLS) revert InvalidPolicy(PolicyFault.Cells, 0);
        if (policy.sample == 0 || policy.sample >> cells != 0) revert InvalidPolicy(PolicyFault.Sample, 0);
        if (policy.minimumCell == 0 || policy.minimumCell >> COUNT_BITS != 0) {
            revert InvalidPolicy(PolicyFault.MinimumCell, 0);
        }
        Ratio calldata share = policy.minimumShare;
        if (!_isFraction(share)) revert InvalidPolicy(PolicyFault.MinimumShare, 0);
        if (policy.disclosedMinimum >> 32 != 0) revert InvalidPolicy(PolicyFault.Disclosure, 0);
        if (policy.thresholds.length != METRICS) revert InvalidPolicy(PolicyFault.Threshold, METRICS);
        if (policy.views.length != VIEWS) revert InvalidPolicy(PolicyFault.Views, 0);
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

    function _writeView(Writer memory writer, View calldata view_, uint256 cells, uint256 v) private pure {
        uint256 room = capacity(v);
        uint256 groups = view_.groups;
        uint256[] calldata allowed = view_.allowed;
        if (groups < 2 || groups > room) revert InvalidPolicy(PolicyFault.Groups, v);
        if (allowed.length != cells) revert InvalidPolicy(PolicyFault.Allowed, v);
        uint256 checks = view_.checks;
        if (checks == 0 || checks >> METRICS != 0) revert InvalidPolicy(PolicyFault.Checks, v);
        if (checks & SCORED != 0) revert InvalidPolicy(PolicyFault.NeedsScores, v);
        uint256 beyond = view_.excluded;
        _bits(writer, view_.excluded, room);
        _bits(writer, checks, METRICS);
        _bits(writer, _divides(checks), BASES - 1);
        for (uint256 cell = 0; cell < cells; ++cell) {
            uint256 set = allowed[cell];
            beyond |= set;
            bool known = set != 0 && set & (set - 1) == 0;
            _bits(writer, (set << 1) | (known ? 1 : 0), room + 1);
        }
        if (beyond >> groups != 0) revert InvalidPolicy(PolicyFault.NoSuchGroup, v);
        for (uint256 cell = cells; cell < AttestationKey.CELLS; ++cell) {
            _bits(writer, 0, room + 1);
        }
    }

    /// Whether a check divides by favourable outcomes, others, favourable decisions.
    function _divides(uint256 checks) private pure returns (uint256 bits) {
        if (checks & BY_POSITIVES != 0) bits |= 1;
        if (checks & BY_NEGATIVES != 0) bits |= 2;
        if (checks & BY_SELECTED != 0) bits |= 4;
    }

    /// The word of a view's outcome: at most 190 bits. spec: `attestation.outcome_words`
    function outcomeWord(ViewOutcome calldata outcome, uint256 v) internal pure returns (uint256 word) {
        uint256 room = capacity(v);
        uint256[] calldata failing = outcome.failing;
        bool fits = outcome.unknown >> COUNT_BITS == 0 && outcome.compared.length == BASES
            && outcome.verdicts.length == METRICS && failing.length == METRICS;
        if (!fits) revert InvalidOutcome(v);
        word = outcome.unknown;
        uint256 offset = COUNT_BITS;
        uint256 beyond = outcome.unassessed;
        for (uint256 base = 0; base < BASES; ++base) {
            beyond |= outcome.compared[base];
            word |= outcome.compared[base] << offset;
            offset += room;
        }
        word |= _verdicts(outcome.verdicts) << offset;
        offset += METRICS * VERDICT_BITS;
        for (uint256 metric = 0; metric < METRICS; ++metric) {
            uint256 set = failing[metric];
            beyond |= set;
            if ((1 << metric) & NAMING == 0) {
                if (set != 0) revert InvalidOutcome(v);
            } else {
                word |= set << offset;
                offset += room;
            }
        }
        word |= outcome.unassessed << offset;
        if (beyond >> room != 0) revert InvalidOutcome(v);
    }

    function _verdicts(uint256[] calldata codes) private pure returns (uint256 bits) {
        for (uint256 metric = 0; metric < METRICS; ++metric) {
            uint256 code = codes[metric];
            if (code >> VERDICT_BITS != 0) revert InvalidOutcome(metric);
            bits |= code << (metric * VERDICT_BITS);
        }
    }

    /// Where the polynomial of the disclosed counts is evaluated, and its
    /// value there; both 0 with verdicts only. spec: `attestation.disclosure`
    function _table(uint256 minimum, uint64[] calldata disclosed, bytes32 dataDigest)
        private
        pure
        returns (uint256 x, uint256 value)
    {
        uint256 length = minimum == 0 ? 0 : 1 + AttestationKey.CELLS * COUNTS_OF_CELL;
        if (disclosed.length != length) revert InvalidTable(length, disclosed.length);
        if (length == 0) return (0, 0);
        _checkCells(minimum, disclosed);
        bytes32 hash = keccak256(abi.encodePacked(TABLE_TAG, dataDigest, _packed(disclosed)));
        x = uint256(hash) & ((1 << WORD_BITS) - 1);
        for (uint256 i = 0; i < length; ++i) {
            value = addmod(mulmod(value, x, R), disclosed[i], R);
        }
    }

    function _checkCells(uint256 minimum, uint64[] calldata disclosed) private pure {
        if (disclosed[0] >= AttestationKey.BINS) revert InvalidTable(AttestationKey.BINS, disclosed[0]);
        for (uint256 cell = 0; cell < AttestationKey.CELLS; ++cell) {
            uint256 first = 1 + cell * COUNTS_OF_CELL;
            uint256 records = uint256(disclosed[first]) + disclosed[first + 1] + disclosed[first + 2] + disclosed[first + 3];
            uint256 largest = records | disclosed[first + 4];
            if (largest >> COUNT_BITS != 0) revert InvalidTable(COUNT_BITS, largest);
            if (records != 0 && records < minimum) revert CellTooSmall(cell, records, minimum);
        }
    }

    /// Each number as 8 bytes, big-endian.
    function _packed(uint64[] calldata numbers) private pure returns (bytes memory out) {
        uint256 length = numbers.length * 8;
        // Room for the bytes that the last store writes beyond the end.
        out = new bytes(length + 32);
        for (uint256 i = 0; i < numbers.length; ++i) {
            uint256 word = uint256(numbers[i]) << 192;
            assembly ("memory-safe") {
                mstore(add(add(out, 32), mul(i, 8)), word)
            }
        }
        assembly ("memory-safe") {
            mstore(out, length)
        }
    }

    function _ratio(Writer memory writer, Ratio calldata ratio) private pure {
        _number(writer, ratio.num, RATIO_BITS);
        _number(writer, ratio.den, RATIO_BITS);
    }

    /// A number in one piece; one that does not fit starts the next word. Its
    /// caller has checked that it is below 2^count.
    function _number(Writer memory writer, uint256 value, uint256 count) private pure {
        if (writer.offset + count > WORD_BITS) {
            writer.word += 1;
            writer.offset = 0;
        }
        writer.words[writer.word] |= value << writer.offset;
        writer.offset += count;
    }

    /// Single bits, the lowest first: they run on into the next word. What is
    /// not below 2^count is refused by the caller.
    function _bits(Writer memory writer, uint256 bits, uint256 count) private pure {
        uint256 room = WORD_BITS - writer.offset;
        bits &= (1 << count) - 1;
        writer.words[writer.word] |= (bits << writer.offset) & ((1 << WORD_BITS) - 1);
        if (count <= room) {
            writer.offset += count;
        } else {
            writer.word += 1;
            writer.words[writer.word] = bits >> room;
            writer.offset = count - room;
        }
    }
}
