// Writes hashes.json and curve.json: test vectors computed with circomlibjs,
// an implementation that shares no code with this repository.
//
//   npm ci && npm run generate
//
// Inputs are SHA-256 hashes of short names, so every run gives the same files.

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { buildBabyjub, buildPoseidon, buildPoseidonReference } from "circomlibjs";

const babyjub = await buildBabyjub();
const poseidonWasm = await buildPoseidon();
const poseidonReference = await buildPoseidonReference();
const F = babyjub.F;
const R = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const L = babyjub.subOrder;

const RATE = 16;
const CENSUS_DEPTH = 12;
const DIGITS = 125;

const hex = (n) => "0x" + n.toString(16).padStart(64, "0");
const integer = (name) => BigInt("0x" + createHash("sha256").update("tabella vector " + name).digest("hex"));
const element = (name) => integer(name) % R;
const scalar = (name) => integer(name) % L;

// A tag is its text read as a big-endian integer.
const tag = (text) => BigInt("0x" + Buffer.from("tabella.v1." + text).toString("hex"));

// Poseidon with the first lane as given. Two implementations of circomlibjs
// must agree.
function compress(first, inputs) {
  const fast = poseidonWasm.F.toObject(poseidonWasm(inputs, first));
  const slow = poseidonReference.F.toObject(poseidonReference(inputs, first));
  if (fast !== slow) throw new Error("circomlibjs disagrees with itself");
  return fast;
}
const hash = (text, inputs) => compress(tag(text), inputs);
function sponge(text, inputs) {
  let lane = tag(text);
  for (let i = 0; i < inputs.length; i += RATE) {
    const block = inputs.slice(i, i + RATE);
    while (block.length < RATE) block.push(0n);
    lane = compress(lane, block);
  }
  return lane;
}

// --- hashes ---------------------------------------------------------------

const TAGS = [
  "identity", "census-leaf", "census-node", "census-empty", "slot", "ticket", "ciphertext-4",
  "ciphertext-16", "slot-empty", "board-leaf", "board-node", "board-empty", "sorted",
  "tally-challenge", "tally-state", "decryption-weights", "decryption-challenge",
];

const poseidon = [];
for (let n = 1; n <= RATE; n++) {
  const text = TAGS[n % TAGS.length];
  const inputs = Array.from({ length: n }, (_, i) => element(`poseidon ${n} ${i}`));
  poseidon.push({ tag: text, inputs: inputs.map(hex), output: hex(hash(text, inputs)) });
}
const edges = [0n, 1n, R - 1n];
poseidon.push({ tag: "slot", inputs: edges.map(hex), output: hex(hash("slot", edges)) });

const sponges = [1, 5, 16, 17, 40, 64].map((n) => {
  const inputs = Array.from({ length: n }, (_, i) => element(`sponge ${n} ${i}`));
  return { tag: "sorted", inputs: inputs.map(hex), output: hex(sponge("sorted", inputs)) };
});

const electionId = integer("election") >> 8n;
const members = Array.from({ length: 7 }, (_, i) => {
  const sk = element(`secret ${i}`);
  const weight = 1n + (integer(`weight ${i}`) % (1n << 40n));
  const identity = hash("identity", [sk]);
  return {
    sk, weight, identity,
    leaf: hash("census-leaf", [identity, weight]),
    slot: hash("slot", [sk, electionId]),
    tickets: [0n, 1n, 15n].map((j) => ({ j: Number(j), ticket: hash("ticket", [sk, electionId, j]) })),
  };
});

function censusRoot(leaves) {
  let level = leaves;
  let zero = tag("census-empty");
  for (let depth = 0; depth < CENSUS_DEPTH; depth++) {
    const above = [];
    for (let i = 0; i < level.length; i += 4) {
      const children = [0, 1, 2, 3].map((k) => level[i + k] ?? zero);
      above.push(hash("census-node", children));
    }
    zero = hash("census-node", [zero, zero, zero, zero]);
    level = above;
  }
  return level[0] ?? zero;
}

const entry = ["slot", "prev", "next", "ticket", "proof hash"].map((name) => element("entry " + name));

write("hashes.json", {
  source: "circomlibjs 0.1.7; see generate.mjs",
  untagged_1_2: hex(compress(0n, [1n, 2n])),
  tags: TAGS.map((text) => ({ tag: text, value: hex(tag(text)) })),
  poseidon,
  sponge: sponges,
  election_id: hex(electionId),
  members: members.map((m) => ({
    sk: hex(m.sk),
    weight: Number(m.weight),
    identity: hex(m.identity),
    leaf: hex(m.leaf),
    slot: hex(m.slot),
    tickets: m.tickets.map(({ j, ticket }) => ({ j, ticket: hex(ticket) })),
  })),
  census_roots: [1, 4, 5, 7].map((n) => ({ members: n, root: hex(censusRoot(members.slice(0, n).map((m) => m.leaf))) })),
  census_root_empty: hex(censusRoot([])),
  board_leaf: { fields: entry.map(hex), leaf: hex(hash("board-leaf", entry)) },
});

// --- curve ----------------------------------------------------------------

// Our form has a = 1: x = x_circomlib * sqrt(168700), with the smaller root.
const rootElement = F.sqrt(F.e(168700n));
const rootInteger = F.toObject(rootElement);
const root = F.e(rootInteger < R - rootInteger ? rootInteger : R - rootInteger);
const ours = (p) => [F.toObject(F.mul(p[0], root)), F.toObject(p[1])];
const theirs = (p) => [F.toObject(p[0]), F.toObject(p[1])];
const both = (p) => ({ circomlib: theirs(p).map(hex), ours: ours(p).map(hex) });

const G = babyjub.Base8;
const times = (p, n) => babyjub.mulPointEscalar(p, ((n % L) + L) % L);
const plus = (p, q) => babyjub.addPoint(p, q);

const scalars = [1n, 2n, 3n, 8n, L - 1n, (L + 1n) / 2n, (1n << 250n) - 1n];
for (let i = 0; i < 4; i++) scalars.push(scalar(`scalar ${i}`));
const [P, Q] = [times(G, scalar("P")), times(G, scalar("Q"))];
const order4 = [F.inv(root), F.zero];

// Exponential ElGamal, and D over all coordinates of a ballot.
const key = scalar("key");
const PK = times(G, key);
function encrypt(v, r) {
  return [times(G, r), plus(times(PK, r), times(G, v))];
}
// r = sum of d_i * 4^i with digits -3, -1, 1, 3, from the bits of two hashes.
function randomness(name) {
  const bits = (integer(name + " high") << 256n) | integer(name + " low");
  const digits = Array.from({ length: DIGITS }, (_, i) => {
    const two = Number((bits >> BigInt(2 * i)) & 3n);
    return [1, 3, -1, -3][two];
  });
  const r = digits.reduceRight((sum, d) => sum * 4n + BigInt(d), 0n);
  return { digits, r: ((r % L) + L) % L };
}
function ballot(shape, votes) {
  const options = Array.from({ length: shape }, (_, k) => {
    const v = votes[k] ?? 0n;
    const { digits, r } = randomness(`randomness ${shape} ${k}`);
    const [c1, c2] = encrypt(v, r);
    return { v, digits, r, c1: ours(c1), c2: ours(c2) };
  });
  const coordinates = options.flatMap((o) => [...o.c1, ...o.c2]);
  return {
    shape,
    options: options.map((o) => ({
      vote: Number(o.v), digits: o.digits, r: hex(o.r), c1: o.c1.map(hex), c2: o.c2.map(hex),
    })),
    digest: hex(sponge(`ciphertext-${shape}`, coordinates)),
  };
}

write("curve.json", {
  source: "circomlibjs 0.1.7; see generate.mjs",
  sqrt_168700: hex(F.toObject(root)),
  order: hex(L),
  generator: both(G),
  multiples: scalars.map((n) => ({ scalar: hex(n), point: both(times(G, n)) })),
  sums: [[P, Q], [P, P], [P, [F.neg(P[0]), P[1]]], [P, order4], [order4, order4]].map(([a, b]) => ({
    left: both(a), right: both(b), sum: both(plus(a, b)),
  })),
  key: hex(key),
  pk: both(PK),
  ballots: [ballot(4, [5n, 0n, (1n << 44n) - 1n]), ballot(16, [1n, 2n, 3n, 4n, 5n, 6n])],
});

function write(name, value) {
  writeFileSync(new URL(name, import.meta.url), JSON.stringify(value, null, 1) + "\n");
}
process.exit(0);
