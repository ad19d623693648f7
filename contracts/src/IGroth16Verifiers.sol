// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// What a key's circuit proves.
enum Kind {
    None,
    Ballot,
    Tally,
    TallyChunk,
    TallyFinal
}

/// A circuit with its parameters, as its id names them. spec: `setup.circuit_id`
struct Circuit {
    Kind kind;
    /// Room for options, 4 or 16.
    uint8 options;
    /// Rows of one tally proof or chunk; 0 for ballots.
    uint32 rows;
    /// Trustees that decrypt; 0 for ballots and chunks.
    uint8 threshold;
}

/// @title Groth16 verifiers, made on chain from verifying keys
/// @notice Anyone may add a key. It is named by the SHA-256 of its one
/// encoding, which this contract computes itself, and its points are kept as
/// the code of a contract that has no way to change or to vanish. So a hash
/// stands for one key for ever, and nobody can put another in its place (A55).
/// @dev What the contract cannot know is who holds a key's trapdoor:
/// development keys can be added like any other, and proofs under them can be
/// forged by anyone.
interface IGroth16Verifiers {
    /// A key of the circuit with this id was added; `data` holds its points.
    event KeyAdded(bytes32 indexed keyHash, string id, address data);

    /// The key is known already.
    error KeyKnown(bytes32 keyHash);
    /// No such key.
    error KeyUnknown(bytes32 keyHash);
    /// No circuit has these parameters.
    error UnknownCircuit();
    /// The points have not the length that follows from the circuit: bytes.
    error WrongKeyLength(uint256 expected, uint256 found);
    /// A point must not be used: 0 alpha, 1 beta, 2 gamma, 3 delta, 4 + i the
    /// point of input i. Off its curve or subgroup, at infinity, the
    /// generator, or equal up to sign to another one (A16).
    error DegenerateKey(uint256 point);
    /// A public input is not below the modulus r.
    error InputNotCanonical(uint256 index, uint256 value);
    /// Not as many inputs as the circuit has.
    error WrongInputCount(uint256 expected, uint256 found);
    /// A proof has 256 bytes; a batch, 384 for each ballot and at least one.
    error WrongProofLength(uint256 found);
    /// The pairing was computed and the equation does not hold.
    error ProofInvalid();
    /// A precompile (6 addition, 7 multiplication, 8 pairing) did not answer:
    /// a point that is none, or too little gas. Says nothing about the proof
    /// (A54).
    error PrecompileFailed(uint256 precompile);

    /// Adds a key. `points` are alpha, beta, gamma, delta and the inputs'
    /// points as in the key's encoding. spec: `setup.verifying_key`
    /// @return keyHash spec: `setup.key_hash`
    function add(Circuit calldata circuit_, bytes calldata points) external returns (bytes32 keyHash);

    /// The circuit of a key; of kind None if it is unknown.
    function circuit(bytes32 keyHash) external view returns (Circuit memory);

    /// Reverts unless the proof is valid.
    function verify(bytes32 keyHash, uint256[] calldata inputs, bytes calldata proof) external view;

    /// Reverts unless all ballots' proofs are valid. `common` is census root,
    /// election id, rule, PK.x, PK.y. Each entry is 384 bytes: slot, prev,
    /// next, ticket, proof. spec: `settlement.batch`
    /// @return digest keccak256 of `entries`.
    function verifyBallots(
        bytes32 keyHash,
        uint256[5] calldata common,
        bytes calldata entries
    ) external view returns (bytes32 digest);
}
