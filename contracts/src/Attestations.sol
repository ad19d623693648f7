// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {AttestationKey} from "./AttestationKey.sol";
import {AuditInputs} from "./AuditInputs.sol";
import {AuditorRegistration, Claim, DataParts, IAttestations, Submission} from "./IAttestations.sol";

/// Attestations of one organisation, each checked in full before it is
/// recorded: auditor, signature, anchored data, policy, outcome, proof.
///
/// @dev Nobody has a special right here: there is no owner, no upgrade, and
/// organisation, organiser and verifier are fixed when the contract is created.
///
/// What must be trusted:
/// - the organiser, to register honest auditors, and to revoke;
/// - the auditor: that the records are those of the audited system, that the
///   mapping was followed, and that the model commitment is the model's (the
///   proof carries it and proves nothing about the model); and its clock, since
///   `issued` is the auditor's word. The contract narrows it: an auditor must be
///   registered at `issued` and in the block of `attest`;
/// - the parameters (SRS) behind the verifier: `AttestationKey.INSECURE` says
///   whether they are development parameters, with which anyone can forge;
/// - that who votes on a policy hash has seen the policy: the contract checks
///   the rules of its numbers and that its attributes are those of the data, not
///   that its cells and groups follow from its attributes, as in every policy
///   that is read from a file.
///
/// What need not be trusted: who submits. Every function may be called by
/// anybody, with signatures in the arguments.
///
/// spec: `gate.attestations`
contract Attestations is IAttestations, EIP712 {
    bytes32 private constant CLAIM_TYPE = keccak256(
        "Attestation(string organisation,string system,bytes32 modelCommitment,bytes32 dataRoot,"
        "bytes32 policyHash,bytes32 keyHash,uint64 records,uint64 from,uint64 to,uint64 issued,"
        "uint64 expires,bytes32 outcomeHash,bytes32 tableHash,bytes32 proofHash,bool insecure,"
        "bytes32 supersedes,address auditor)"
    );
    bytes32 private constant REGISTRATION_TYPE = keccak256(
        "AuditorRegistration(string organisation,address auditor,string name,uint64 from,uint64 until,"
        "uint64 counter)"
    );
    bytes32 private constant REVOCATION_TYPE =
        keccak256("AttestationRevocation(bytes32 attestation,string reason,uint64 time)");

    /// Gas for the verifier: a tampered point makes a precompile burn all that
    /// it is given, so it is given no more.
    uint256 public constant VERIFIER_GAS = 1_000_000;
    /// What must be left before the call: by EIP-150 a call is given at most
    /// 63/64 of it, after its own cost.
    uint256 private constant GAS_BEFORE_CALL = VERIFIER_GAS * 64 / 63 + 10_000;

    /// The generated verifier; its code is that of `AttestationKey`.
    address public immutable verifier;
    /// See `IAttestations`.
    bytes32 public immutable organisationHash;
    /// See `IAttestations`.
    address public immutable organiser;

    /// When data was anchored, and what it served for.
    struct Anchor {
        uint64 blockNumber;
        uint192 use;
    }

    mapping(address auditor => Registration) private _registrations;
    mapping(bytes32 dataRoot => Anchor) private _anchors;
    mapping(bytes32 attestation => Record) private _records;
    mapping(bytes32 terms => bytes32 attestation) private _latest;
    mapping(bytes32 attestation => mapping(address signer => uint64 time)) private _revocations;
    /// See `IAttestations`.
    mapping(bytes32 attestation => bytes32 by) public supersededBy;

    /// The contract at `verifier_` is not the generated verifier.
    error OtherVerifier(bytes32 expected, bytes32 found);
    /// An organisation has a name and an organiser.
    error NoOrganisation();

    constructor(address verifier_, string memory organisation, address organiser_)
        EIP712("Tabella", "1")
    {
        bytes32 found = verifier_.codehash;
        if (found != AttestationKey.VERIFIER_CODE_HASH) {
            revert OtherVerifier(AttestationKey.VERIFIER_CODE_HASH, found);
        }
        if (bytes(organisation).length == 0 || organiser_ == address(0)) revert NoOrganisation();
        verifier = verifier_;
        organisationHash = keccak256(bytes(organisation));
        organiser = organiser_;
    }

    /// @inheritdoc IAttestations
    function register(AuditorRegistration calldata registration, bytes calldata signature) external {
        bytes32 found = keccak256(bytes(registration.organisation));
        if (found != organisationHash) revert OtherOrganisation(organisationHash, found);
        address auditor = registration.auditor;
        Registration storage known = _registrations[auditor];
        if (known.known && registration.counter <= known.counter) {
            revert StaleRegistration(auditor, known.counter, registration.counter);
        }
        _requireSigner(organiser, _registrationHash(registration), signature);
        _registrations[auditor] =
            Registration(registration.from, registration.until, registration.counter, true);
        emit AuditorRegistered(
            auditor, registration.name, registration.from, registration.until, registration.counter
        );
    }

    /// @inheritdoc IAttestations
    function anchor(bytes32 dataRoot) external {
        if (dataRoot == 0) revert EmptyRoot();
        if (_anchors[dataRoot].blockNumber != 0) return;
        _anchors[dataRoot].blockNumber = uint64(block.number);
        emit Anchored(dataRoot, msg.sender);
    }

    /// @inheritdoc IAttestations
    function attest(Submission calldata it) external returns (bytes32 attestation) {
        Claim calldata claim = it.claim;
        attestation = _claimHash(claim);
        if (_records[attestation].auditor != address(0)) revert AlreadyAttested(attestation);
        _checkClaim(claim);
        _requireSigner(claim.auditor, attestation, it.signature);
        _checkHashes(it);
        bytes32 digest = _dataDigest(it.proof);
        _checkData(it, digest);
        _useAnchor(claim);
        AuditInputs.Encoded memory encoded =
            AuditInputs.encode(claim, it.policy, it.outcome, it.disclosed, digest);
        if (encoded.tableHash != claim.tableHash) revert OtherTable(claim.tableHash, encoded.tableHash);
        _checkProof(encoded.inputs, it.proof);
        _record(attestation, claim, encoded.verdicts);
    }

    /// @inheritdoc IAttestations
    function revoke(bytes32 attestation, string calldata reason, uint64 time, bytes calldata signature)
        external
    {
        bytes32 hash = keccak256(abi.encode(REVOCATION_TYPE, attestation, keccak256(bytes(reason)), time));
        address signer = _signer(hash, signature);
        if (!_mayRevoke(signer, attestation)) revert NotEntitled(signer, attestation);
        uint64 known = _revocations[attestation][signer];
        // The zero time would read as "not revoked".
        uint64 from = time == 0 ? 1 : time;
        if (known == 0 || from < known) _revocations[attestation][signer] = from;
        emit Revoked(attestation, signer, time, reason);
    }

    /// @inheritdoc IAttestations
    function statusOf(bytes32 attestation) public view returns (Status) {
        Record storage it = _records[attestation];
        address auditor = it.auditor;
        if (auditor == address(0)) return Status.Unknown;
        if (!_permits(auditor, it.issued)) return Status.Unregistered;
        if (_isRevoked(attestation, auditor)) return Status.Revoked;
        if (supersededBy[attestation] != 0) return Status.Superseded;
        return block.timestamp < it.expires ? Status.Valid : Status.Expired;
    }

    /// @inheritdoc IAttestations
    function record(bytes32 attestation) external view returns (Record memory) {
        return _records[attestation];
    }

    /// @inheritdoc IAttestations
    function find(
        bytes32 subject,
        bytes32 policyHash,
        address auditor,
        bytes32 dataRoot,
        uint64 expires
    ) external view returns (bytes32) {
        return _latest[_terms(subject, policyHash, auditor, dataRoot, expires)];
    }

    /// @inheritdoc IAttestations
    function registrationOf(address auditor) external view returns (Registration memory) {
        return _registrations[auditor];
    }

    /// @inheritdoc IAttestations
    function anchoredAt(bytes32 dataRoot) external view returns (uint256) {
        return _anchors[dataRoot].blockNumber;
    }

    /// Whether the parameters behind the verifier are INSECURE development
    /// parameters, with which anyone can forge.
    function insecure() external pure returns (bool) {
        return AttestationKey.INSECURE;
    }

    /// Hash of the verifying key. spec: `attestation.keys`
    function keyHash() external pure returns (bytes32) {
        return AttestationKey.KEY_HASH;
    }

    /// The claim by itself, and that its auditor was registered.
    function _checkClaim(Claim calldata claim) private view {
        if (keccak256(bytes(claim.organisation)) != organisationHash) _refuse(ClaimFault.Organisation);
        if (claim.keyHash != AttestationKey.KEY_HASH) _refuse(ClaimFault.VerifyingKey);
        if (claim.insecure != AttestationKey.INSECURE) _refuse(ClaimFault.InsecureMark);
        if (claim.records > AttestationKey.CAPACITY) _refuse(ClaimFault.Records);
        if (!_isPeriod(claim.from, claim.to)) _refuse(ClaimFault.Period);
        if (claim.expires <= claim.issued) _refuse(ClaimFault.Validity);
        if (claim.issued > block.timestamp) _refuse(ClaimFault.IssuedInTheFuture);
        if (claim.expires <= block.timestamp) _refuse(ClaimFault.AlreadyExpired);
        _requirePermitted(claim.auditor, claim.issued);
        // An auditor who has left could still write an earlier date.
        _requirePermitted(claim.auditor, uint64(block.timestamp));
    }

    /// Whole days, which the proof is bound to. spec: `audit.epoch`
    function _isPeriod(uint64 from, uint64 to) private pure returns (bool) {
        return from < to && from % 1 days == 0 && to % 1 days == 0 && to / 1 days < 2 ** 32;
    }

    function _refuse(ClaimFault fault) private pure {
        revert InvalidClaim(fault);
    }

    function _requirePermitted(address auditor, uint64 time) private view {
        if (!_permits(auditor, time)) revert AuditorNotRegistered(auditor, time);
    }

    /// By the registration with the highest counter. spec: `audit.auditor`
    function _permits(address auditor, uint64 time) private view returns (bool) {
        Registration memory it = _registrations[auditor];
        return it.known && it.from <= time && time < it.until;
    }

    /// Policy, outcome and proof are those that the auditor signed.
    function _checkHashes(Submission calldata it) private pure {
        Claim calldata claim = it.claim;
        bytes32 policy = keccak256(it.policy);
        if (policy != claim.policyHash) revert OtherPolicy(claim.policyHash, policy);
        bytes32 outcome = keccak256(it.outcome);
        if (outcome != claim.outcomeHash) revert OtherOutcome(claim.outcomeHash, outcome);
        bytes32 proof = keccak256(it.proof);
        if (proof != claim.proofHash) revert OtherProof(claim.proofHash, proof);
    }

    /// keccak256 of the data columns' commitments, with which a proof begins.
    function _dataDigest(bytes calldata proof) private pure returns (bytes32) {
        if (proof.length != AttestationKey.PROOF_BYTES) {
            revert ProofLength(AttestationKey.PROOF_BYTES, proof.length);
        }
        return keccak256(proof[:64 * AttestationKey.COLUMNS]);
    }

    /// The data root is that of its parts, and its attributes are the
    /// policy's: the numbers of groups keep their names.
    /// spec: `attestation.data_root`, `audit.reading`
    function _checkData(Submission calldata it, bytes32 digest) private pure {
        Claim calldata claim = it.claim;
        DataParts calldata data = it.data;
        bytes32 reading = AuditInputs.reading(it.policy, data.mapping_);
        bytes memory head = abi.encode(
            AttestationKey.SCHEMA,
            reading,
            AttestationKey.SRS_ID,
            AttestationKey.K,
            AttestationKey.COLUMNS,
            AttestationKey.CODES
        );
        bytes memory tail = abi.encode(uint256(claim.records), digest, data.file, data.receipts);
        bytes32 root = keccak256(bytes.concat(head, tail));
        if (root != claim.dataRoot) revert OtherData(claim.dataRoot, root);
    }

    /// The data was anchored in an earlier block, and serves for one model
    /// and period only (A57).
    function _useAnchor(Claim calldata claim) private {
        Anchor storage it = _anchors[claim.dataRoot];
        (uint64 anchored, uint192 known) = (it.blockNumber, it.use);
        if (anchored == 0) revert NotAnchored(claim.dataRoot);
        if (anchored >= block.number) revert AnchoredTooLate(claim.dataRoot, anchored);
        uint64 epoch = AuditInputs.epoch(claim.from, claim.to);
        // Never zero but with probability 2^-192.
        uint192 use = uint192(uint256(keccak256(abi.encode(claim.modelCommitment, epoch))));
        if (known == 0) it.use = use;
        else if (known != use) revert ReplayedData(claim.dataRoot);
    }

    /// Calls the verifier with a fixed amount of gas. If that much cannot be
    /// given the transaction reverts for that reason, so that a valid proof
    /// is never called invalid (A54).
    function _checkProof(uint256[] memory inputs, bytes calldata proof) private view {
        bytes memory input = abi.encodePacked(inputs, proof);
        if (gasleft() < GAS_BEFORE_CALL) revert NotEnoughGas(GAS_BEFORE_CALL, gasleft());
        (bool valid,) = verifier.staticcall{gas: VERIFIER_GAS}(input);
        if (!valid) revert InvalidProof();
    }

    function _record(bytes32 attestation, Claim calldata claim, uint72 verdicts) private {
        Record memory it = Record({
            subject: claim.modelCommitment,
            dataRoot: claim.dataRoot,
            policyHash: claim.policyHash,
            auditor: claim.auditor,
            expires: claim.expires,
            issued: claim.issued,
            verdicts: verdicts,
            systemTag: uint120(uint256(keccak256(bytes(claim.system))))
        });
        if (claim.supersedes != 0) _supersede(attestation, it, claim.supersedes);
        _records[attestation] = it;
        _latest[_terms(it.subject, it.policyHash, it.auditor, it.dataRoot, it.expires)] = attestation;
        // All else that could end it was checked, or is impossible before.
        if (_isRevoked(attestation, it.auditor)) revert NotValid(attestation, Status.Revoked);
        emit Attested(
            attestation,
            it.subject,
            it.auditor,
            it.dataRoot,
            it.policyHash,
            claim.from,
            claim.to,
            it.expires,
            verdicts
        );
    }

    function _terms(bytes32 subject, bytes32 policyHash, address auditor, bytes32 dataRoot, uint64 expires)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(subject, policyHash, auditor, dataRoot, expires));
    }

    /// For good: revoking the newer one does not bring back the older.
    function _supersede(bytes32 attestation, Record memory it, bytes32 older) private {
        Record storage old = _records[older];
        bool fits = old.auditor == it.auditor && old.systemTag == it.systemTag && old.issued <= it.issued;
        if (!fits) revert CannotSupersede(older);
        if (supersededBy[older] == 0) supersededBy[older] = attestation;
        emit Superseded(older, attestation);
    }

    function _mayRevoke(address signer, bytes32 attestation) private view returns (bool) {
        address auditor = _records[attestation].auditor;
        bool known = auditor == address(0) ? _registrations[signer].known : signer == auditor;
        return known || signer == organiser;
    }

    function _isRevoked(bytes32 attestation, address auditor) private view returns (bool) {
        mapping(address => uint64) storage revocations = _revocations[attestation];
        return _hasCome(revocations[auditor]) || _hasCome(revocations[organiser]);
    }

    function _hasCome(uint64 time) private view returns (bool) {
        return time != 0 && time <= block.timestamp;
    }

    function _requireSigner(address expected, bytes32 structHash, bytes calldata signature) private view {
        address found = _signer(structHash, signature);
        if (found != expected || found == address(0)) revert WrongSigner(expected, found);
    }

    /// Who signed, or zero.
    function _signer(bytes32 structHash, bytes calldata signature) private view returns (address found) {
        (found,,) = ECDSA.tryRecover(_hashTypedDataV4(structHash), signature);
    }

    function _registrationHash(AuditorRegistration calldata it) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                REGISTRATION_TYPE,
                keccak256(bytes(it.organisation)),
                it.auditor,
                keccak256(bytes(it.name)),
                it.from,
                it.until,
                it.counter
            )
        );
    }

    /// The claim's struct hash, which names the attestation.
    function _claimHash(Claim calldata it) private pure returns (bytes32) {
        bytes memory head = abi.encode(
            CLAIM_TYPE,
            keccak256(bytes(it.organisation)),
            keccak256(bytes(it.system)),
            it.modelCommitment,
            it.dataRoot,
            it.policyHash,
            it.keyHash,
            it.records,
            it.from
        );
        bytes memory tail = abi.encode(
            it.to,
            it.issued,
            it.expires,
            it.outcomeHash,
            it.tableHash,
            it.proofHash,
            it.insecure,
            it.supersedes,
            it.auditor
        );
        return keccak256(bytes.concat(head, tail));
    }
}
