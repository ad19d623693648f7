// Verifies every proof of an export with snarkjs: exit code 0 if all hold.
const fs = require("fs");
const path = require("path");
const snarkjs = require("snarkjs");

async function main(directory) {
  const read = (name) => JSON.parse(fs.readFileSync(path.join(directory, name), "utf8"));
  let bad = 0;
  for (const item of read("index.json")) {
    const ok = await snarkjs.groth16.verify(read(item.vkey), read(item.public), read(item.proof));
    if (!ok) {
      console.error(`${item.name}: refused`);
      bad += 1;
    }
  }
  process.exit(bad === 0 ? 0 : 1);
}

main(process.argv[2]);
