"""The example data sets, read for the oracles.

Nothing here comes from the Rust code or from the policy and mapping files:
groups and favourable outcomes are written down again, by hand.
"""

import csv
import gzip
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
VECTORS = ROOT / "tests" / "vectors" / "audit"


def rows(name):
    """All rows of an example file, as dictionaries of strings."""
    path = EXAMPLES / name
    opened = gzip.open(path, "rt", newline="") if name.endswith(".gz") else open(path, newline="")
    with opened as file:
        return list(csv.DictReader(file))


def compas():
    """COMPAS: favourable is a decile below 5; the label is "did not reoffend"."""
    out = []
    for row in rows("compas.csv"):
        out.append({
            "race": row["race"],
            "sex": row["sex"],
            "decision": int(int(row["decile_score"]) < 5),
            "label": int(row["two_year_recid"] == "0"),
            "score": int(row["decile_score"]),
        })
    return out


def adult():
    """Adult: favourable is an income above 50K; there is no label."""
    return [
        {"race": row["race"], "sex": row["sex"], "decision": int(row["income"] == ">50K")}
        for row in rows("adult.csv.gz")
    ]


RACE_LL144 = {
    "White": "White",
    "Black": "Black or African American",
    "Asian-Pac-Islander": "Asian",
    "Amer-Indian-Eskimo": "Native American or Alaska Native",
    "Other": None,
}


def screening():
    """Adult, judged by a screening rule: a bachelor's degree or more passes.

    The label is the income, the score the years of education. The race
    "Other" is unknown, since Local Law 144 has no such category.
    """
    out = []
    for row in rows("adult.csv.gz"):
        score = int(row["education_num"])
        out.append({
            "race": RACE_LL144[row["race"]],
            "sex": row["sex"],
            "decision": int(score >= 13),
            "label": int(row["income"] == ">50K"),
            "score": score,
        })
    return out


DATASETS = {"compas": compas, "adult": adult, "screening": screening}
VIEWS = {"race": ("race",), "sex": ("sex",), "sex and race": ("sex", "race")}


def group(row, view):
    """The group of a row in a view, or None if an attribute is unknown."""
    values = [row[attribute] for attribute in VIEWS[view]]
    return None if None in values else ", ".join(values)


def known(data, view):
    """The rows whose group is known, with it."""
    return [(row, group(row, view)) for row in data if group(row, view) is not None]
