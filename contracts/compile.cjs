// Compiles the contracts with settings under which the same sources give the
// same bytes everywhere:
// - src/*.sol to artifacts/NAME.json, one for each contract that can be deployed,
// - attestation/Verifier.sol, which is generated, to attestation/verifier.hex.
'use strict';
const fs = require('fs');
const path = require('path');

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
    ['evm.bytecode.object'],
  );
  const [contract] = Object.values(contracts['Verifier.sol']);
  fs.writeFileSync(at('attestation', 'verifier.hex'), contract.evm.bytecode.object + '\n');
}

function ours() {
  const names = fs.readdirSync(at('src')).filter((name) => name.endsWith('.sol')).sort();
  const sources = Object.fromEntries(names.map((name) => [`src/${name}`, { content: read('src', name) }]));
  const contracts = compile(
    require('solc'),
    sources,
    { evmVersion: 'cancun', viaIR: true, optimizer: { enabled: true, runs: 200 } },
    ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object', 'evm.deployedBytecode.immutableReferences'],
    { import: (name) => ({ contents: read('node_modules', name) }) },
  );
  fs.rmSync(at('artifacts'), { recursive: true, force: true });
  fs.mkdirSync(at('artifacts'));
  for (const source of Object.keys(sources)) {
    for (const [name, { abi, evm }] of Object.entries(contracts[source] || {})) {
      if (evm.bytecode.object === '' || abi.length === 0) continue;
      const immutables = Object.values(evm.deployedBytecode.immutableReferences || {}).flat();
      const artifact = {
        abi,
        bytecode: `0x${evm.bytecode.object}`,
        deployedBytecode: `0x${evm.deployedBytecode.object}`,
        immutables,
      };
      fs.writeFileSync(at('artifacts', `${name}.json`), JSON.stringify(artifact, null, 1) + '\n');
    }
  }
}

attestation();
ours();
