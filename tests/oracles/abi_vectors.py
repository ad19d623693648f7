"""Writes abi.json: policy hashes and mapping digests, computed from the TOML
files with eth-abi, by the rules of the specification's chapter 20."""

import tomllib
from decimal import Decimal
from fractions import Fraction
from itertools import product

from eth_abi import encode
from eth_hash.auto import keccak

from datasets import EXAMPLES
from vectors import write

METRICS = [
    "impact_ratio", "demographic_parity_difference", "demographic_parity_ratio",
    "equal_opportunity_difference", "equalized_odds_difference", "average_odds_difference",
    "predictive_parity_difference", "accuracy_difference", "two_proportion_test",
    "scoring_impact_ratio", "worst_case_impact_ratio",
]
ATTRIBUTES = "(string,string[],bool)[]"
VIEWS = "(string,uint256[],uint256,uint256[],uint256,uint256)[]"
POLICY = (
    f"(string,uint256,string,{ATTRIBUTES},bool,uint256,uint256,uint256,(uint256,uint256),uint256,"
    f"(uint256,uint256)[],{VIEWS})"
)
VALUES = "(uint256,string[],int256,int256)"
OUTCOME = f"(string,{VALUES},{VALUES})"
MAPPING = (
    f"(string,uint256,string,(string,string,{VALUES}[],string[],(string,{VALUES})[])[],{OUTCOME},"
    f"{OUTCOME}[],(string,{VALUES}[])[],string[])"
)
BILLION = 10 ** 9


def load(name):
    with open(EXAMPLES / name, "rb") as file:
        return tomllib.load(file, parse_float=Decimal)


def ratio(text):
    fraction = Fraction(str(text))
    return (fraction.numerator, fraction.denominator)


def attributes(policy):
    return [(a["name"], a["groups"], a.get("unknown", False)) for a in policy["attributes"]]


def policy_struct(policy):
    named = attributes(policy)
    positions = {name: i for i, (name, _, _) in enumerate(named)}
    values = [groups + ([None] if unknown else []) for _, groups, unknown in named]
    cells = list(product(*values))
    counted = policy["sample"].get("unknowns", "counted") == "counted"
    takes_part = [counted or None not in cell for cell in cells]
    bits = lambda members: sum(1 << i for i, member in enumerate(members) if member)

    def view(it):
        used = [positions[name] for name in it["attributes"]]
        groups = list(product(*(named[a][1] for a in used)))
        fits = lambda cell, group: all(cell[a] in (None, value) for a, value in zip(used, group))
        allowed = [
            bits(fits(cell, group) for group in groups) if part else 0
            for cell, part in zip(cells, takes_part)
        ]
        excluded = bits(", ".join(group) in it.get("exclude", []) for group in groups)
        checks = bits(metric in it["checks"] for metric in METRICS)
        return (it["name"], used, len(groups), allowed, excluded, checks)

    disclosure = policy["disclosure"]
    return (
        policy["format"], policy["version"], policy["title"], named, counted, len(cells), bits(takes_part),
        policy["sample"]["minimum_cell"], ratio(policy["sample"]["minimum_share"]),
        0 if disclosure == "verdicts_only" else disclosure["table"]["minimum"],
        [ratio(policy["thresholds"].get(metric, 1)) for metric in METRICS],
        [view(it) for it in policy["views"]],
    )


def values(it):
    if isinstance(it, list):
        return (0, [str(text) for text in it], 0, 0)
    scaled = lambda key: int(Decimal(it[key]) * BILLION)
    low = scaled("at_least") if "at_least" in it else scaled("above") + 1
    high = scaled("at_most") if "at_most" in it else scaled("below") - 1
    return (1, [], low, high)


def outcome(it):
    return (it["column"], values(it["favourable"]), values(it["unfavourable"]))


def score(it):
    numbers = range(it["integers"]["from"], it["integers"]["to"] + 1)
    ordered = numbers if it["best"] == "highest" else reversed(numbers)
    return (it["column"], [values({"at_least": x, "at_most": x}) for x in ordered])


def mapping_struct(mapping):
    def attribute(name):
        it = mapping["attributes"][name]
        groups = [(group, values(it["groups"][group])) for group in sorted(it["groups"])]
        unknown = [values(it["unknown"])] if "unknown" in it else []
        return (name, it["column"], unknown, it.get("absent", []), groups)

    optional = lambda key, read: [read(mapping[key])] if key in mapping else []
    return (
        mapping["format"], mapping["version"], mapping["row_id"]["column"],
        [attribute(name) for name in sorted(mapping["attributes"])], outcome(mapping["decision"]),
        optional("label", outcome), optional("score", score), optional("receipt", lambda it: it["column"]),
    )


def word(data):
    return "0x" + keccak(data).hex()


def hashes(policy, mapping):
    policy, mapping = load(policy), load(mapping)
    mapping_digest = keccak(encode([MAPPING], [mapping_struct(mapping)]))
    reading = encode([f"({ATTRIBUTES},bytes32)"], [(attributes(policy), mapping_digest)])
    return {
        "policy": word(encode([POLICY], [policy_struct(policy)])),
        "mapping": "0x" + mapping_digest.hex(),
        "reading": word(reading),
    }


PAIRS = [("compas", "compas"), ("adult", "adult"), ("screening", "screening"), ("local-law-144", "screening")]
write("abi.json", {
    policy: hashes(f"{policy}.policy.toml", f"{mapping}.mapping.toml") for policy, mapping in PAIRS
})
