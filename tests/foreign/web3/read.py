"""Reads the result of an election and a gate's answer with web3.py, from the
committed interfaces alone: read.py URL ARTIFACTS ELECTIONS ELECTION GATE MODEL
prints one JSON object."""

import json
import sys
from pathlib import Path

from web3 import Web3


def contract(w3, artifacts, name, address):
    abi = json.loads((Path(artifacts) / f"{name}.json").read_text())["abi"]
    return w3.eth.contract(address=Web3.to_checksum_address(address), abi=abi)


def main(url, artifacts, elections, election, gate, model):
    w3 = Web3(Web3.HTTPProvider(url))
    board = contract(w3, artifacts, "Elections", elections)
    door = contract(w3, artifacts, "ModelGate", gate)
    passed, _, size, slots, totals = board.functions.result(election).call()
    found = {
        "chain_id": w3.eth.chain_id,
        "passed": passed,
        "size": size,
        "slots": slots,
        "totals": list(totals),
        "stage": board.functions.election(election).call()[0],
        "approved": door.functions.isApproved(model).call(),
    }
    # The answer to the question before the last block was another one.
    events = board.events.Finalised().get_logs(from_block=0, argument_filters={"electionId": election})
    found["finalised"] = len(events)
    block = w3.eth.block_number
    while block and not door.functions.isApproved(model).call(block_identifier=block):
        block -= 1
    found["approved_once"] = block > 0
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
