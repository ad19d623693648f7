// Compiles attestation/Verifier.sol to attestation/verifier.hex, with settings
// under which the same source gives the same bytes everywhere.
'use strict';
const fs = require('fs');
const path = require('path');
const solc = require('solc');

const folder = path.join(__dirname, 'attestation');
const target = process.argv[2] || path.join(folder, 'verifier.hex');
const input = {
  language: 'Solidity',
  sources: { 'Verifier.sol': { content: fs.readFileSync(path.join(folder, 'Verifier.sol'), 'utf8') } },
  settings: {
    evmVersion: 'paris',
    // The generated code is one assembly block; the optimizer fails on it
    // with "stack too deep".
    optimizer: { enabled: false },
    metadata: { bytecodeHash: 'none', appendCBOR: false },
    outputSelection: { '*': { '*': ['evm.bytecode.object'] } },
  },
};
const output = JSON.parse(solc.compile(JSON.stringify(input)));
const errors = (output.errors || []).filter((e) => e.severity === 'error');
if (errors.length > 0) {
  errors.forEach((e) => console.error(e.formattedMessage));
  process.exit(1);
}
const contracts = Object.values(output.contracts['Verifier.sol']);
if (contracts.length !== 1) {
  console.error(`one contract expected, ${contracts.length} found`);
  process.exit(1);
}
fs.writeFileSync(target, contracts[0].evm.bytecode.object + '\n');
