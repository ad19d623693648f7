// Measures snarkjs's own prove() and verify(), warm, without the start of a
// process or the reading of files: the r1cs, the witness and the key are in
// memory, as they are on the other side of the comparison.
//
//   node measure.mjs CACHE RUN
//
// CACHE keeps the powers of tau and the key from run to run. RUN holds
// circuit.r1cs, witness.wtns, and vkey.json, proof.json, public.json of a
// proof made elsewhere. Prints one JSON object.

import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import * as snarkjs from "snarkjs";

const POWER = 14;
const RUNS = { prove: 9, verify: 101 };

const [cache, run] = process.argv.slice(2);
const note = (text) => process.stderr.write(`${text}\n`);
const json = (name) => JSON.parse(readFileSync(join(run, name), "utf8"));
const entropy = () => randomBytes(64).toString("hex");

// A file of the cache, whole or not at all.
async function cached(name, make) {
  const path = join(cache, name);
  if (!existsSync(path)) {
    note(`making ${path}`);
    const unfinished = `${path}.${process.pid}.tmp`;
    await make(unfinished);
    renameSync(unfinished, path);
  }
  return path;
}

// Contributions are needed even here: with tau = 1 nearly every point of the
// key is at infinity, and proving would look faster than it is.
async function powersOfTau() {
  const tau = await cached(`bn128-${POWER}.ptau`, async (path) => {
    const curve = await snarkjs.curves.getCurveFromName("bn128");
    await snarkjs.powersOfTau.newAccumulator(curve, POWER, `${path}.0`);
    await snarkjs.powersOfTau.contribute(`${path}.0`, path, "bench", entropy());
    rmSync(`${path}.0`);
  });
  return cached(`bn128-${POWER}-prepared.ptau`, (path) => snarkjs.powersOfTau.preparePhase2(tau, path));
}

async function provingKey(circuit) {
  const tau = await powersOfTau();
  const digest = createHash("sha256").update(readFileSync(circuit)).digest("hex").slice(0, 16);
  return cached(`circuit-${digest}.zkey`, async (path) => {
    if ((await snarkjs.zKey.newZKey(circuit, tau, `${path}.0`)) === -1) {
      throw new Error(`the circuit does not fit 2^${POWER} powers of tau`);
    }
    await snarkjs.zKey.contribute(`${path}.0`, path, "bench", entropy());
    rmSync(`${path}.0`);
  });
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

// Median wall and mean CPU seconds of all threads; the first run only warms.
async function measure(runs, f) {
  await f();
  const walls = [];
  const before = process.cpuUsage();
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await f();
    walls.push((performance.now() - start) / 1e3);
  }
  const { user, system } = process.cpuUsage(before);
  return { wall: median(walls), cpu: (user + system) / 1e6 / runs };
}

function require(condition, what) {
  if (!condition) throw new Error(what);
}

const circuit = join(run, "circuit.r1cs");
const witness = new Uint8Array(readFileSync(join(run, "witness.wtns")));
require(await snarkjs.wtns.check(circuit, witness), "the witness does not satisfy the circuit");

const [theirKey, theirProof, publicSignals] = ["vkey.json", "proof.json", "public.json"].map(json);
require(await snarkjs.groth16.verify(theirKey, publicSignals, theirProof), "the given proof is refused");

const zkey = new Uint8Array(readFileSync(await provingKey(circuit)));
const vkey = await snarkjs.zKey.exportVerificationKey(zkey);
const made = await snarkjs.groth16.prove(zkey, witness);
require(made.publicSignals.join() === publicSignals.join(), "other public inputs");

const prove = await measure(RUNS.prove, () => snarkjs.groth16.prove(zkey, witness));
const verify = await measure(RUNS.verify, async () => {
  require(await snarkjs.groth16.verify(vkey, made.publicSignals, made.proof), "the proof is refused");
});
process.stdout.write(JSON.stringify({ threads: availableParallelism(), prove, verify }));
// The curve's worker threads would keep the process alive.
process.exit(0);
