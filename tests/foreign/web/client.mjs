// A gRPC-Web client with nothing of this project but its descriptors:
//
//     node client.mjs URL ELECTION_ID BALLOT DESCRIPTORS
//
// ELECTION_ID is hexadecimal, BALLOT a file with one SubmitBallotRequest,
// DESCRIPTORS one with a FileDescriptorSet. Prints what it learned as JSON.

import { readFileSync } from "node:fs";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";

const [url, election, ballotFile, descriptors] = process.argv.slice(2);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptors)));
const transport = createGrpcWebTransport({ baseUrl: url, defaultTimeoutMs: 30_000 });
const client = (name) => createClient(registry.getService(`tabella.v1.${name}Service`), transport);
const [elections, ballots, board] = ["Election", "Ballot", "Board"].map(client);
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const electionId = Buffer.from(election, "hex");

/** Code, text and types of the details of a call that must fail. */
async function refusal(call) {
  try {
    await call;
  } catch (error) {
    const { code, rawMessage, details } = ConnectError.from(error);
    return { code: Code[code], message: rawMessage, details: details.map((d) => d.type) };
  }
  throw new Error("a call was not refused");
}

const found = {};
const answer = await elections.getElection({ id: { case: "electionId", value: electionId } });
found.phase = answer.phase;
found.options = answer.draft.draft.options;

const submit = fromBinary(registry.getMessage("tabella.v1.SubmitBallotRequest"), readFileSync(ballotFile));
const { receipt } = await ballots.submit(submit);
found.receipt = {
  index: receipt.path.index,
  slot: hex(receipt.row.slot),
  siblings: receipt.path.siblings.length,
};

// A server stream that ends, and one that is broken off by its reader.
let streamed = 0;
for await (const part of board.streamEntries({ electionId, start: 0, follow: false })) {
  streamed += part.entries.length;
}
found.streamed = streamed;
const stop = new AbortController();
try {
  for await (const part of board.streamEntries({ electionId, start: 0, follow: true }, { signal: stop.signal })) {
    found.followed = part.entries.length;
    stop.abort();
  }
} catch (error) {
  found.stopped = Code[ConnectError.from(error).code];
}

const short = { ...submit, entry: { ...submit.entry, proof: submit.entry.proof.slice(1) } };
found.short = await refusal(ballots.submit(short));
found.unknown = await refusal(board.getHead({ electionId: Buffer.alloc(32) }));
console.log(JSON.stringify(found));
