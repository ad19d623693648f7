"""A client that has nothing of this project: it learns every service and
message from the node's reflection.

    client.py ADDRESS ELECTION_ID BALLOT

ADDRESS is host:port, ELECTION_ID hexadecimal, BALLOT a file with one
SubmitBallotRequest. Prints what it learned as one JSON object.
"""

import json
import sys

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.rpc import error_details_pb2, status_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

TIMEOUT = 30


class Node:
    """Calls methods by their name, with messages as dictionaries."""

    def __init__(self, channel):
        self.channel = channel
        self.database = ProtoReflectionDescriptorDatabase(channel)
        self.pool = descriptor_pool.DescriptorPool(self.database)

    def method(self, service, method):
        return self.pool.FindServiceByName(service).methods_by_name[method]

    def request(self, service, method, **fields):
        return message_factory.GetMessageClass(self.method(service, method).input_type)(**fields)

    def call(self, service, method, request):
        answer = message_factory.GetMessageClass(self.method(service, method).output_type)
        invoke = self.channel.unary_unary(
            f"/{service}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )
        return invoke(request, timeout=TIMEOUT)


def refusal(node, service, method, request):
    """Code, reason and fields at fault of a call that must fail."""
    try:
        node.call(service, method, request)
    except grpc.RpcError as error:
        bytes_ = dict(error.trailing_metadata())["grpc-status-details-bin"]
        found = {"code": error.code().name, "message": error.details(), "fields": []}
        for detail in status_pb2.Status.FromString(bytes_).details:
            info, request_ = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
            if detail.Unpack(info):
                found["reason"], found["domain"] = info.reason, info.domain
            elif detail.Unpack(request_):
                found["fields"] = [v.field for v in request_.field_violations]
        return found
    raise SystemExit(f"{method} was not refused")


def main(address, election_id, ballot):
    elections, ballots, board = (f"tabella.v1.{name}Service" for name in ("Election", "Ballot", "Board"))
    election_id = bytes.fromhex(election_id)
    with grpc.insecure_channel(address) as channel:
        node = Node(channel)
        found = {"services": sorted(node.database.get_services())}

        health = "grpc.health.v1.Health"
        if health in found["services"]:
            request = node.request(health, "Check", service=ballots)
            found["health"] = node.call(health, "Check", request).status

        request = node.request(elections, "GetElection", election_id=election_id)
        election = node.call(elections, "GetElection", request)
        found["phase"] = type(election).DESCRIPTOR.fields_by_name["phase"].enum_type.values_by_number[
            election.phase
        ].name
        found["options"] = list(election.draft.draft.options)

        submit = node.request(ballots, "Submit")
        with open(ballot, "rb") as file:
            submit.ParseFromString(file.read())
        receipt = node.call(ballots, "Submit", submit).receipt
        found["receipt"] = {
            "index": receipt.path.index,
            "slot": receipt.row.slot.hex(),
            "size": receipt.head.size,
            "signature": len(receipt.head.signature),
            "siblings": len(receipt.path.siblings),
        }
        again = node.call(ballots, "Submit", submit).receipt
        found["repeat"] = again.row == receipt.row and again.path.index == receipt.path.index

        request = node.request(board, "ListEntries", election_id=election_id)
        entries = node.call(board, "ListEntries", request).entries
        found["listed"] = len(entries) == 1 and entries[0] == submit.entry

        short = type(submit)()
        short.CopyFrom(submit)
        short.entry.proof = short.entry.proof[:-1]
        found["short"] = refusal(node, ballots, "Submit", short)
        unknown = type(submit)()
        unknown.CopyFrom(submit)
        unknown.election_id = bytes(31) + b"\x01"
        found["unknown"] = refusal(node, ballots, "Submit", unknown)

        attestations = "tabella.v1.AttestationService"
        logs = node.call(attestations, "ListLogs", node.request(attestations, "ListLogs")).logs
        found["logs"] = len(logs)
        request = node.request(attestations, "List", log_id=bytes(31) + b"\x01")
        found["no_log"] = refusal(node, attestations, "List", request)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
