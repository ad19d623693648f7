// Compiles the contracts with settings under which the same sources give the
// same bytes everywhere:
// - attestation/Verifier.sol, which is generated, to attestation/verifier.hex,
// - attestation/verifier.json and the hash of the verifier's code to
//   src/AttestationKey.sol,
// - src/*.sol to artifacts/NAME.json, one for each contract that can be deployed,
// - testing/*.sol, which tests alone use, likewise to artifacts/testing.
'use strict';
const fs = require('fs');
const path = require('path');
const { keccak256 } = require('js-sha3');

const at = (...parts) => path.join(__dirname, ...parts);
const read = (...parts) => fs.readFileSync(at(...parts), 'utf8');

/** The output of a compiler, or the end with its errors. */
function compile(solc, sources, settings, outputs, callbacks) {
  const input = {
    language: 'Solidity',
    sources,
    settings: {
      metadata: { bytecodeHash: 'none', appendCBOR: false },
      outputSelection: { '*': { '*': outputs } },
      ...settings,
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), callbacks));
  const said = output.errors || [];
  said.forEach((e) => console.error(e.formattedMessage));
  if (said.some((e) => e.severity === 'error')) process.exit(1);
  return output.contracts;
}

function attestation() {
  const contracts = compile(
    require('solc-attestation'),
    { 'Verifier.sol': { content: read('attestation', 'Verifier.sol') } },
    // The generated code is one assembly block; the optimizer fails on it
    // with "stack too deep".
    { evmVersion: 'paris', optimizer: { enabled: false } },
    ['evm.bytecode.object', 'evm.deployedBytecode.object'],
  );
  const [{ evm }] = Object.values(contracts['Verifier.sol']);
  fs.writeFileSync(at('attestation', 'verifier.hex'), evm.bytecode.object + '\n');
  const key = JSON.parse(read('attestation', 'verifier.json'));
  const code = keccak256(Buffer.from(evm.deployedBytecode.object, 'hex'));
  fs.writeFileSync(at('src', 'AttestationKey.sol'), constants(key, `0x${code}`));
}

/** The verifier's key as constants of Solidity. */
function constants(key, code) {
  const words = {
    VERIFIER_CODE_HASH: ['The generated contract, as EXTCODEHASH gives it.', code],
    KEY_HASH: ['spec: `attestation.keys`', key.key_hash],
    SRS_ID: ['spec: `attestation.srs_id`', key.srs_id],
    SCHEMA: ['spec: `attestation.schema`', key.schema],
  };
  const numbers = {
    K: ['log2 of the rows.', key.k],
    COLUMNS: ['J: data columns.', key.columns],
    CODES: ['B: codes, padding included.', key.codes],
    CELLS: ['Group cells of the layout.', key.cells],
    BINS: ['Score bins; 1 where there are no scores.', key.bins],
    CAPACITY: ['Most records.', key.capacity],
    INPUTS: ['Public inputs.', key.inputs],
    PROOF_BYTES: ['Length of a proof.', key.proof_bytes],
    ...Object.fromEntries(key.views.map((room, v) => [`VIEW_${v}`, [`Room for groups in view ${v}.`, room]])),
  };
  const lines = (kind, values) =>
    Object.entries(values).map(
      ([name, [text, value]]) => `    /// ${text}\n    ${kind} internal constant ${name} = ${value};\n`,
    );
  return `// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

// Written by compile.cjs from attestation/verifier.json and the verifier's
// bytecode: do not edit.

/// @title The verifying key of attestations in the on-chain shape
/// @dev spec: \`attestation.shape\`
library AttestationKey {
${lines('bytes32', words).join('')}    /// Whether the parameters' secret is known to everyone, so that anyone can forge.
    bool internal constant INSECURE = ${key.insecure};
${lines('uint256', numbers).join('')}}
`;
}

function ours() {
  const names = ['src', 'testing'].flatMap((folder) =>
    fs.readdirSync(at(folder)).filter((name) => name.endsWith('.sol')).sort().map((name) => `${folder}/${name}`),
  );
  const sources = Object.fromEntries(names.map((name) => [name, { content: read(name) }]));
  const contracts = compile(
    require('solc'),
    sources,
    { evmVersion: 'cancun', viaIR: true, optimizer: { enabled: true, runs: 200 } },
    ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object', 'evm.deployedBytecode.immutableReferences'],
    { import: (name) => ({ contents: read('node_modules', name) }) },
  );
  fs.rmSync(at('artifacts'), { recursive: true, force: true });
  fs.mkdirSync(at('artifacts', 'testing'), { recursive: true });
  for (const source of names) {
    for (const [name, { abi, evm }] of Object.entries(contracts[source] || {})) {
      if (evm.bytecode.object === '' || abi.every((item) => item.type === 'error')) continue;
      const immutables = Object.values(evm.deployedBytecode.immutableReferences || {}).flat();
      const artifact = {
        abi,
        bytecode: `0x${evm.bytecode.object}`,
        deployedBytecode: `0x${evm.deployedBytecode.object}`,
        immutables,
      };
      const folder = source.startsWith('testing/') ? ['artifacts', 'testing'] : ['artifacts'];
      fs.writeFileSync(at(...folder, `${name}.json`), JSON.stringify(artifact, null, 1) + '\n');
    }
  }
}

attestation();
ours();
