"""Proves the counts of four groups with ezkl, in the cheapest form that was
found: one matrix product, inputs bound by KZG commitments as Tabella's are,
the counts public, no range check of the inputs.

    measure.py CACHE RUN

CACHE keeps the structured reference string, made by ezkl's own gen_srs. RUN
holds records.json: one group and one decision per record. Prints one JSON
object; times are medians of wall time and means of CPU time, in seconds.
"""

import json
import os
import resource
import statistics
import sys
import time

import ezkl
import onnx
from onnx import TensorProto, helper

GROUPS = 4
# The fastest of k = 14 to 17 and 1 to 8 columns; fewer rows do not hold the data.
LOGROWS, INNER_COLUMNS = 14, 4
PROVE_RUNS, VERIFY_RUNS = 3, 21


def model(records: int) -> onnx.ModelProto:
    """Selected and unselected records per group: (2 x N) times (N x 4)."""
    tensor = helper.make_tensor_value_info
    product = helper.make_node("MatMul", ["decisions", "groups"], ["counts"])
    graph = helper.make_graph(
        [product],
        "counts",
        [
            tensor("groups", TensorProto.FLOAT, [records, GROUPS]),
            tensor("decisions", TensorProto.FLOAT, [2, records]),
        ],
        [tensor("counts", TensorProto.FLOAT, [2, GROUPS])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    onnx.checker.check_model(made)
    return made


def measured(runs: int, work) -> dict:
    """Median wall and mean CPU seconds, all threads of this process."""
    walls, cpu = [], time.process_time()
    for _ in range(runs):
        start = time.perf_counter()
        work()
        walls.append(time.perf_counter() - start)
    return {"wall": statistics.median(walls), "cpu": (time.process_time() - cpu) / runs}


def peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(cache: str, run: str) -> None:
    os.chdir(run)
    with open("records.json") as file:
        records = json.load(file)
    groups = [float(group == g) for group, _ in records for g in range(GROUPS)]
    decisions = [float(d) for _, d in records] + [float(not d) for _, d in records]
    onnx.save(model(len(records)), "model.onnx")
    with open("input.json", "w") as file:
        json.dump({"input_data": [groups, decisions]}, file)

    args = ezkl.PyRunArgs()
    args.input_visibility, args.output_visibility, args.param_visibility = "polycommit", "public", "fixed"
    args.input_scale = args.param_scale = 0
    args.logrows, args.num_inner_cols = LOGROWS, INNER_COLUMNS
    args.ignore_range_check_inputs_outputs = True
    ezkl.gen_settings("model.onnx", "settings.json", args)
    ezkl.compile_circuit("model.onnx", "model.ezkl", "settings.json")
    with open("settings.json") as file:
        logrows = json.load(file)["run_args"]["logrows"]
    srs = os.path.join(cache, f"k{logrows}.srs")
    if not os.path.exists(srs):
        print(f"making {srs}", file=sys.stderr)
        ezkl.gen_srs(f"{srs}.tmp", logrows)
        os.rename(f"{srs}.tmp", srs)
    print("making ezkl's keys", file=sys.stderr)
    ezkl.setup("model.ezkl", "vk", "pk", srs)

    def prove() -> None:
        # As on the other side, the commitment is part of the work: it is
        # made with the witness.
        ezkl.gen_witness("input.json", "model.ezkl", "witness.json", "vk", srs)
        ezkl.prove("witness.json", "model.ezkl", "pk", "proof.json", srs)

    def verify() -> None:
        if not ezkl.verify("proof.json", "settings.json", "vk", srs):
            raise SystemExit("ezkl refuses its own proof")

    prove_time, memory = measured(PROVE_RUNS, prove), peak_memory()
    verify_time = measured(VERIFY_RUNS, verify)
    with open("proof.json") as file:
        proof = json.load(file)
    counts = [int(c) for c in proof["pretty_public_inputs"]["rescaled_outputs"][0]]
    print(
        json.dumps(
            {
                "prove": prove_time,
                "verify": verify_time,
                "memory": memory,
                "proof_bytes": len(proof["hex_proof"].removeprefix("0x")) // 2,
                "logrows": logrows,
                "counts": counts,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
