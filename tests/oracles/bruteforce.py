"""Writes bruteforce.json and unknowns.csv: Local Law 144, worst cases over
unknown groups, medians and two-proportion tests, the slow and obvious way and
in exact fractions. Only Python's standard library is used.
"""

import csv
import io
import random
from fractions import Fraction
from itertools import product
from statistics import median

from datasets import DATASETS, VECTORS, VIEWS, group, known
from vectors import write


def counts(pairs, outcome):
    """Group to (all, those with the outcome)."""
    out = {}
    for row, name in pairs:
        n, s = out.get(name, (0, 0))
        out[name] = (n + 1, s + int(outcome(row)))
    return dict(sorted(out.items()))


def ratio(fraction):
    """In lowest terms, exactly: "4/5"."""
    return f"{fraction.numerator}/{fraction.denominator}"


def impact(table, total, least_share):
    """Rates and impact ratios against the best of the categories that hold at
    least `least_share` of the sample; smaller ones are excluded."""
    kept = {g: (n, s) for g, (n, s) in table.items() if Fraction(n, total) >= least_share}
    best = max(Fraction(s, n) for n, s in kept.values())
    return {
        "counts": {g: list(pair) for g, pair in table.items()},
        "rates": {g: ratio(Fraction(s, n)) for g, (n, s) in table.items()},
        "impact_ratios": {g: ratio(Fraction(s, n) / best) for g, (n, s) in kept.items()},
        "excluded": [g for g in table if g not in kept],
    }


def local_law_144(data, outcome):
    out = {}
    for view in VIEWS:
        pairs = known(data, view)
        for in_sample, sample in (("unknowns out", len(pairs)), ("unknowns in", len(data))):
            shares = impact(counts(pairs, outcome), sample, Fraction(2, 100))
            shares["unknown"] = len(data) - len(pairs)
            out.setdefault(view, {})[in_sample] = shares
    return out


def two_proportions(data, view):
    """z squared of the pooled test for every pair, or None if an expected
    count is below 5."""
    table = counts(known(data, view), lambda row: row["decision"])
    out = []
    for a, (n1, s1) in table.items():
        for b, (n2, s2) in table.items():
            if a >= b:
                continue
            pooled = Fraction(s1 + s2, n1 + n2)
            expected = [n * p for n in (n1, n2) for p in (pooled, 1 - pooled)]
            square = None
            if min(expected) >= 5:
                difference = Fraction(s1, n1) - Fraction(s2, n2)
                square = difference ** 2 / (pooled * (1 - pooled) * (Fraction(1, n1) + Fraction(1, n2)))
            out.append({"a": a, "b": b, "z_squared": square and ratio(square)})
    return out


def worst_ratio(table, unknown):
    """The least impact ratio that any assignment of the unknown records gives:
    every way to spread `unknown = (unselected, selected)` over the groups is
    tried."""
    names = list(table)
    worst = None
    for zeros in spreads(unknown[0], len(names)):
        for ones in spreads(unknown[1], len(names)):
            rates = []
            for name, zero, one in zip(names, zeros, ones):
                n, s = table[name]
                rates.append(Fraction(s + one, n + zero + one))
            if max(rates) == 0:
                continue
            least = min(rates) / max(rates)
            worst = least if worst is None else min(worst, least)
    return worst


def spreads(count, places):
    """All ways to write `count` as an ordered sum of `places` integers."""
    return [c for c in product(range(count + 1), repeat=places) if sum(c) == count]


def unknown_rows():
    """Small made-up samples with unknown races, the same on every machine."""
    source = random.Random("tabella unknowns")
    rows = []
    for sample in range(12):
        for row in range(source.randrange(30, 60)):
            race = source.choice(["A", "A", "A", "B", "B", "C"])
            if source.random() < 0.08:
                race = "?"
            threshold = {"A": 0.6, "B": 0.45, "C": 0.5, "?": 0.5}[race]
            rows.append((sample, row + 1, race, int(source.random() < threshold)))
    return rows


def worst_cases(rows):
    out = []
    for sample in sorted({row[0] for row in rows}):
        mine = [row for row in rows if row[0] == sample]
        table = {}
        for race in ("A", "B", "C"):
            decisions = [row[3] for row in mine if row[2] == race]
            table[race] = (len(decisions), sum(decisions))
        unknown = [row[3] for row in mine if row[2] == "?"]
        pair = (len(unknown) - sum(unknown), sum(unknown))
        rates = {name: Fraction(s, n) for name, (n, s) in table.items()}
        out.append({
            "sample": sample,
            "unknown": list(pair),
            "impact_ratio": ratio(min(rates.values()) / max(rates.values())),
            "worst": ratio(worst_ratio(table, pair)),
        })
    return out


def write_unknowns(rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["sample", "id", "race", "hired"])
    writer.writerows(rows)
    (VECTORS / "unknowns.csv").write_text(text.getvalue())


def dataset(data):
    out = {
        "rows": len(data),
        "selection": local_law_144(data, lambda row: row["decision"]),
        "two_proportions": {view: two_proportions(data, view) for view in VIEWS},
    }
    if "score" in data[0]:
        middle = Fraction(median([Fraction(row["score"]) for row in data]))
        out["median"] = ratio(middle)
        # For a risk score a low value is the good one.
        out["scoring_above"] = local_law_144(data, lambda row: row["score"] > middle)
        out["scoring_below"] = local_law_144(data, lambda row: row["score"] < middle)
    return out


unknowns = unknown_rows()
write("bruteforce.json", {
    "datasets": {name: dataset(load()) for name, load in DATASETS.items()},
    "worst_cases": worst_cases(unknowns),
})
write_unknowns(unknowns)
