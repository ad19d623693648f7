// Writes member.json: identities from words, and the typed data of a
// registration, computed with ethers and node's HKDF, which share no code with
// this repository. Run by `npm run generate`.

import { createHash, hkdfSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { Mnemonic, SigningKey, TypedDataEncoder, computeAddress } from "ethers";

const R = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const hex = (x) => "0x" + x.toString(16).padStart(64, "0");
const sha256 = (name) => createHash("sha256").update(name).digest();

function identity(entropy) {
  const words = Mnemonic.fromEntropy(entropy);
  const seed = Buffer.from(words.computeSeed().slice(2), "hex");
  const wide = Buffer.from(hkdfSync("sha512", seed, "tabella.v1", "member secret", 64));
  return {
    entropy: "0x" + entropy.toString("hex"),
    words: words.phrase,
    secret: hex(BigInt("0x" + wide.toString("hex")) % R),
  };
}

const key = new SigningKey(sha256("account"));
const domain = {
  name: "Tabella", version: "1", chainId: 1, verifyingContract: "0x" + "00".repeat(20),
};
const types = {
  Registration: [
    { name: "statement", type: "string" },
    { name: "organisation", type: "string" },
    { name: "account", type: "address" },
    { name: "identity", type: "bytes32" },
    { name: "counter", type: "uint64" },
  ],
};
const message = {
  statement:
    "Register my anonymous voting identity with this organisation. This moves no tokens.",
  organisation: "Exämple \"DAO\"",
  account: computeAddress(key.publicKey).toLowerCase(),
  identity: hex(BigInt("0x" + sha256("identity").toString("hex")) % R),
  counter: "18446744073709551615",
};
const payload = TypedDataEncoder.getPayload(domain, types, message);
const hash = TypedDataEncoder.hash(domain, types, message);

const value = {
  source: "ethers 6.17.0 and node:crypto; see member.mjs",
  identities: ["first", "second"].map((name) => identity(sha256(name)))
    .concat([identity(Buffer.alloc(32)), identity(Buffer.alloc(32, 0xff))]),
  registration: {
    types: payload.types,
    message,
    hash,
    signature: key.sign(hash).serialized,
  },
};
writeFileSync(new URL("member.json", import.meta.url), JSON.stringify(value, null, 1) + "\n");
