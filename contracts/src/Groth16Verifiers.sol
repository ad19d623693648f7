// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {R} from "./BabyJubjub.sol";
import {Circuit, IGroth16Verifiers, Kind} from "./IGroth16Verifiers.sol";

/// @title Groth16 verifiers, made on chain from verifying keys
/// @dev What it promises is said in IGroth16Verifiers.
contract Groth16Verifiers is IGroth16Verifiers {
    using Strings for uint256;

    /// Where a key's points are, and its circuit. Two storage slots.
    struct Key {
        address data;
        Circuit circuit;
    }

    /// What a batch adds up, over its ballots i with factors rho_i.
    struct Sums {
        /// sum rho_i, and of rho_i times slot, prev, next, ticket, modulo r.
        uint256[5] scalars;
        /// sum rho_i C_i
        uint256 cX;
        uint256 cY;
    }

    /// Modulus of the coordinates of BN254.
    uint256 private constant Q =
        21888242871839275222246405745257275088696311157297823662689037894645226208583;
    /// x of the generator of G2, imaginary part first.
    uint256 private constant G2_X1 =
        11559732032986387107991004021392285783925812861821192530917403151452391805634;
    uint256 private constant G2_X0 =
        10857046999023057135944570762232829481370756359578518086990519993285655852781;
    /// `tabvk`, 0, 0, version 1.
    bytes8 private constant MAGIC = 0x746162766b000001;

    /// Bytes of a point of G1, of a point of G2, and of a ballot of a batch.
    uint256 private constant G1_BYTES = 64;
    uint256 private constant G2_BYTES = 128;
    uint256 private constant ENTRY_BYTES = 384;
    uint256 private constant PROOF_BYTES = 256;
    /// In a key: where the points of G2, and where those of the inputs begin.
    uint256 private constant BETA = G1_BYTES;
    uint256 private constant INPUTS = G1_BYTES + 3 * G2_BYTES;

    mapping(bytes32 keyHash => Key) private _keys;

    /// @inheritdoc IGroth16Verifiers
    function add(Circuit calldata circuit_, bytes calldata points) external returns (bytes32 keyHash) {
        uint256 count = _inputCount(circuit_) + 1;
        uint256 expected = INPUTS + count * G1_BYTES;
        if (points.length != expected) revert WrongKeyLength(expected, points.length);
        string memory id = _id(circuit_);
        // spec: `setup.key_hash`
        keyHash = sha256(
            abi.encodePacked(MAGIC, uint8(bytes(id).length), id, uint32(count), points)
        );
        if (_keys[keyHash].data != address(0)) revert KeyKnown(keyHash);
        _checkG1(points, count);
        _checkG2(points);
        address data = _store(points);
        _keys[keyHash] = Key(data, circuit_);
        emit KeyAdded(keyHash, id, data);
    }

    /// @inheritdoc IGroth16Verifiers
    function circuit(bytes32 keyHash) external view returns (Circuit memory) {
        return _keys[keyHash].circuit;
    }

    /// @inheritdoc IGroth16Verifiers
    function verify(bytes32 keyHash, uint256[] calldata inputs, bytes calldata proof) external view {
        if (proof.length != PROOF_BYTES) revert WrongProofLength(proof.length);
        (uint256 key, uint256 count) = _load(keyHash);
        if (inputs.length != count) revert WrongInputCount(count, inputs.length);
        (uint256 x, uint256 y) = _combine(key + INPUTS, inputs);
        bytes memory pairs = new bytes(4 * (G1_BYTES + G2_BYTES));
        uint256 place = _data(pairs);
        assembly ("memory-safe") {
            // A, B
            calldatacopy(place, proof.offset, 192)
        }
        (uint256 alphaX, uint256 alphaY) = _point(key);
        place = _pair(place + 192, alphaX, alphaY, key + BETA);
        place = _pair(place, x, y, key + BETA + G2_BYTES);
        (x, y) = (_word(proof, 192), _word(proof, 224));
        _pair(place, x, y, key + BETA + 2 * G2_BYTES);
        _requireOne(pairs);
    }

    /// IC_0 + sum inputs_i IC_(i+1), with IC_0 at `input`.
    function _combine(uint256 input, uint256[] calldata inputs) private view returns (uint256 x, uint256 y) {
        (x, y) = _point(input);
        for (uint256 i = 0; i < inputs.length; ++i) {
            if (inputs[i] >= R) revert InputNotCanonical(i, inputs[i]);
            input += G1_BYTES;
            (x, y) = _addMul(x, y, input, inputs[i]);
        }
    }

    /// @inheritdoc IGroth16Verifiers
    /// @dev One equation instead of k: with rho_i, 128 bits of a hash of the key,
    /// of all that is stated and of i,
    /// `prod e(rho_i A_i, B_i) = e(sum rho_i alpha, beta) e(sum rho_i IC_i, gamma) e(sum rho_i C_i, delta)`.
    /// Ballots with an invalid one among them satisfy it for one in 2^128
    /// hashes.
    function verifyBallots(
        bytes32 keyHash,
        uint256[5] calldata common,
        bytes calldata entries
    ) external view returns (bytes32 digest) {
        uint256 k = entries.length / ENTRY_BYTES;
        if (k == 0 || entries.length != k * ENTRY_BYTES) revert WrongProofLength(entries.length);
        if (_keys[keyHash].circuit.kind != Kind.Ballot) revert KeyUnknown(keyHash);
        (uint256 key, ) = _load(keyHash);
        digest = keccak256(entries);
        bytes32 seed = keccak256(abi.encode(keyHash, common, digest));
        bytes memory pairs = new bytes((k + 3) * (G1_BYTES + G2_BYTES));
        uint256 place = _data(pairs);
        Sums memory sums;
        for (uint256 i = 0; i < k; ++i) {
            place = _addBallot(entries[i * ENTRY_BYTES:], i, seed, sums, place);
        }
        _finish(key, common, sums, place);
        _requireOne(pairs);
    }

    /// Adds a ballot to the sums and writes its pair `(rho A, B)` to `place`.
    function _addBallot(
        bytes calldata entry,
        uint256 i,
        bytes32 seed,
        Sums memory sums,
        uint256 place
    ) private view returns (uint256) {
        uint256 rho = _factor(seed, i);
        uint256[5] memory scalars = sums.scalars;
        // Below 2^128 times the ballots of a transaction: no wrap.
        scalars[0] += rho;
        for (uint256 j = 0; j < 4; ++j) {
            uint256 value = _word(entry, 32 * j);
            if (value >= R) revert InputNotCanonical(4 * i + j, value);
            scalars[j + 1] = addmod(scalars[j + 1], mulmod(rho, value, R), R);
        }
        (uint256 x, uint256 y) = _mul(_word(entry, 320), _word(entry, 352), rho);
        (sums.cX, sums.cY) = _add(sums.cX, sums.cY, x, y);
        (x, y) = _mul(_word(entry, 128), _word(entry, 160), rho);
        assembly ("memory-safe") {
            mstore(place, x)
            mstore(add(place, 32), y)
            calldatacopy(add(place, 64), add(entry.offset, 192), 128)
        }
        return place + G1_BYTES + G2_BYTES;
    }

    /// Writes the three pairs of the right side, with negative points of G2.
    function _finish(uint256 key, uint256[5] calldata common, Sums memory sums, uint256 place) private view {
        uint256[5] memory scalars = sums.scalars;
        uint256 input = key + INPUTS;
        (uint256 x, uint256 y) = _addMul(0, 0, input, scalars[0]);
        for (uint256 j = 0; j < 5; ++j) {
            if (common[j] >= R) revert InputNotCanonical(j, common[j]);
            input += G1_BYTES;
            (x, y) = _addMul(x, y, input, mulmod(scalars[0], common[j], R));
        }
        for (uint256 j = 1; j < 5; ++j) {
            input += G1_BYTES;
            (x, y) = _addMul(x, y, input, scalars[j]);
        }
        (uint256 alphaX, uint256 alphaY) = _addMul(0, 0, key, scalars[0]);
        place = _pair(place, alphaX, alphaY, key + BETA);
        place = _pair(place, x, y, key + BETA + G2_BYTES);
        _pair(place, sums.cX, sums.cY, key + BETA + 2 * G2_BYTES);
    }

    /// rho_i = the low 128 bits of keccak256(seed, i).
    function _factor(bytes32 seed, uint256 i) private pure returns (uint256 rho) {
        assembly ("memory-safe") {
            mstore(0, seed)
            mstore(32, i)
            rho := and(keccak256(0, 64), 0xffffffffffffffffffffffffffffffff)
        }
    }

    // --- Keys

    /// Public inputs of a circuit. spec: `tally.inputs`, `ballot.inputs`
    function _inputCount(Circuit calldata c) private pure returns (uint256) {
        if (c.options != 4 && c.options != 16) revert UnknownCircuit();
        bool rows = c.rows >= 4 && c.rows <= 65536 && (c.rows & (c.rows - 1)) == 0;
        bool threshold = c.threshold >= 2 && c.threshold <= 16;
        uint256 packed = c.options / 4;
        uint256 batches = c.options == 4 ? 2 : 1;
        if (c.kind == Kind.Ballot && c.rows == 0 && c.threshold == 0) return 9;
        if (c.kind == Kind.Tally && rows && threshold) return 4 + packed + 2 * batches;
        if (c.kind == Kind.TallyChunk && rows && c.threshold == 0) return 6 + 2 * batches;
        if (c.kind == Kind.TallyFinal && rows && threshold) return 5 + packed;
        revert UnknownCircuit();
    }

    /// spec: `setup.circuit_id`
    function _id(Circuit calldata c) private pure returns (string memory id) {
        string memory options = uint256(c.options).toString();
        if (c.kind == Kind.Ballot) return string.concat("ballot/", options);
        string memory name = c.kind == Kind.Tally ? "tally/" : c.kind == Kind.TallyChunk
            ? "tally-chunk/"
            : "tally-final/";
        id = string.concat(name, options, "/rows=", uint256(c.rows).toString());
        if (c.kind != Kind.TallyChunk) id = string.concat(id, "/t=", uint256(c.threshold).toString());
    }

    /// Alpha and the inputs' points: on the curve (so not (0, 0), which stands
    /// for infinity), not the generator, and no two with one x.
    function _checkG1(bytes calldata points, uint256 count) private pure {
        uint256[] memory xs = new uint256[](count + 1);
        for (uint256 i = 0; i <= count; ++i) {
            uint256 offset = i == 0 ? 0 : INPUTS + (i - 1) * G1_BYTES;
            uint256 name = i == 0 ? 0 : i + 3;
            uint256 x = _word(points, offset);
            uint256 y = _word(points, offset + 32);
            bool curve = mulmod(y, y, Q) == addmod(mulmod(x, mulmod(x, x, Q), Q), 3, Q);
            if (x >= Q || y >= Q || !curve || x == 1) revert DegenerateKey(name);
            for (uint256 j = 0; j < i; ++j) {
                if (xs[j] == x) revert DegenerateKey(name);
            }
            xs[i] = x;
        }
    }

    /// Beta, gamma, delta: not infinity, not the generator, no two with one x;
    /// and the precompile takes them, which it does only with points of the
    /// subgroup: `e(G, P) e(-G, P) = 1`.
    function _checkG2(bytes calldata points) private view {
        bytes memory pairs = new bytes(6 * (G1_BYTES + G2_BYTES));
        uint256 place = _data(pairs);
        for (uint256 i = 0; i < 3; ++i) {
            uint256 offset = BETA + i * G2_BYTES;
            uint256 x1 = _word(points, offset);
            uint256 x0 = _word(points, offset + 32);
            if ((x1 == G2_X1 && x0 == G2_X0) || _isZero(points, offset)) revert DegenerateKey(i + 1);
            for (uint256 j = 0; j < i; ++j) {
                uint256 other = BETA + j * G2_BYTES;
                if (_word(points, other) == x1 && _word(points, other + 32) == x0) revert DegenerateKey(i + 1);
            }
            place = _pairOf(place, 2, points, offset);
            place = _pairOf(place, Q - 2, points, offset);
        }
        _requireOne(pairs);
    }

    function _isZero(bytes calldata points, uint256 offset) private pure returns (bool) {
        uint256 any = 0;
        for (uint256 i = 0; i < G2_BYTES; i += 32) {
            any |= _word(points, offset + i);
        }
        return any == 0;
    }

    /// Writes the pair of (1, y) and a point of calldata.
    function _pairOf(uint256 place, uint256 y, bytes calldata points, uint256 offset) private pure returns (uint256) {
        assembly ("memory-safe") {
            mstore(place, 1)
            mstore(add(place, 32), y)
            calldatacopy(add(place, 64), add(points.offset, offset), 128)
        }
        return place + G1_BYTES + G2_BYTES;
    }

    /// Keeps the points as the code of a contract: a byte 0, which ends any
    /// call, then the points, those of G2 negated.
    function _store(bytes calldata points) private returns (address data) {
        // The first ten bytes return what follows them.
        bytes memory code = abi.encodePacked(
            hex"61",
            uint16(points.length + 1),
            hex"80600a3d393df300",
            points
        );
        uint256 place = _data(code) + 11 + BETA;
        for (uint256 i = 0; i < 3; ++i) {
            _negate(place + i * G2_BYTES + 64);
            _negate(place + i * G2_BYTES + 96);
        }
        assembly ("memory-safe") {
            data := create(0, add(code, 32), mload(code))
        }
        // Out of gas; code as short as this is always taken otherwise.
        if (data == address(0)) revert PrecompileFailed(0);
    }

    /// Negates a coordinate below Q in memory; 0 stays 0.
    function _negate(uint256 place) private pure {
        assembly ("memory-safe") {
            let y := mload(place)
            if y {
                mstore(place, sub(Q, y))
            }
        }
    }

    /// The points of a key in memory, and how many inputs it has.
    function _load(bytes32 keyHash) private view returns (uint256 key, uint256 count) {
        address data = _keys[keyHash].data;
        if (data == address(0)) revert KeyUnknown(keyHash);
        bytes memory points = new bytes(data.code.length - 1);
        key = _data(points);
        count = (points.length - INPUTS) / G1_BYTES - 1;
        assembly ("memory-safe") {
            extcodecopy(data, key, 1, mload(points))
        }
    }

    // --- Memory and precompiles

    /// Where the content of `bytes` begins.
    function _data(bytes memory b) private pure returns (uint256 place) {
        assembly ("memory-safe") {
            place := add(b, 32)
        }
    }

    function _word(bytes calldata b, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(b.offset, offset))
        }
    }

    function _point(uint256 place) private pure returns (uint256 x, uint256 y) {
        assembly ("memory-safe") {
            x := mload(place)
            y := mload(add(place, 32))
        }
    }

    /// Writes a pair of (x, y) and the point of G2 at `g2`; returns where the
    /// next one goes.
    function _pair(uint256 place, uint256 x, uint256 y, uint256 g2) private pure returns (uint256) {
        assembly ("memory-safe") {
            mstore(place, x)
            mstore(add(place, 32), y)
            mcopy(add(place, 64), g2, 128)
        }
        return place + G1_BYTES + G2_BYTES;
    }

    /// (x, y) + s P, with P at `place`.
    function _addMul(uint256 x, uint256 y, uint256 place, uint256 s) private view returns (uint256, uint256) {
        (uint256 pX, uint256 pY) = _point(place);
        (pX, pY) = _mul(pX, pY, s);
        return _add(x, y, pX, pY);
    }

    /// EIP-196; fails on points that are not on the curve.
    function _mul(uint256 x, uint256 y, uint256 s) private view returns (uint256 outX, uint256 outY) {
        bool ok;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, x)
            mstore(add(m, 32), y)
            mstore(add(m, 64), s)
            ok := and(eq(returndatasize(), 64), staticcall(gas(), 7, m, 96, m, 64))
            outX := mload(m)
            outY := mload(add(m, 32))
        }
        if (!ok) revert PrecompileFailed(7);
    }

    /// EIP-196
    function _add(
        uint256 aX,
        uint256 aY,
        uint256 bX,
        uint256 bY
    ) private view returns (uint256 outX, uint256 outY) {
        bool ok;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, aX)
            mstore(add(m, 32), aY)
            mstore(add(m, 64), bX)
            mstore(add(m, 96), bY)
            ok := and(eq(returndatasize(), 64), staticcall(gas(), 6, m, 128, m, 64))
            outX := mload(m)
            outY := mload(add(m, 32))
        }
        if (!ok) revert PrecompileFailed(6);
    }

    /// EIP-197: reverts unless the product of the pairings is one. A pairing
    /// that was not computed is never taken for one that was (A54).
    function _requireOne(bytes memory pairs) private view {
        bool ok;
        uint256 one;
        assembly ("memory-safe") {
            // The answer goes to scratch space.
            ok := and(eq(returndatasize(), 32), staticcall(gas(), 8, add(pairs, 32), mload(pairs), 0, 32))
            one := mload(0)
        }
        if (!ok) revert PrecompileFailed(8);
        if (one != 1) revert ProofInvalid();
    }
}
