"""Writes aif360.json: every ordered pair (unprivileged, privileged) of groups
as AIF360 computes it."""

import logging
import warnings
from itertools import permutations

logging.disable(logging.WARNING)
warnings.filterwarnings("ignore")

import pandas as pd
from aif360.datasets import BinaryLabelDataset
from aif360.metrics import BinaryLabelDatasetMetric, ClassificationMetric

from datasets import DATASETS, VIEWS, known
from vectors import write


def dataset(groups, outcomes):
    frame = pd.DataFrame({"group": groups, "outcome": outcomes})
    return BinaryLabelDataset(
        df=frame, label_names=["outcome"], protected_attribute_names=["group"],
        favorable_label=1, unfavorable_label=0,
    )


def pair_metrics(decided, true, unprivileged, privileged):
    sides = {
        "unprivileged_groups": [{"group": unprivileged}],
        "privileged_groups": [{"group": privileged}],
    }
    outcome = BinaryLabelDatasetMetric(decided, **sides)
    out = {
        "disparate_impact": outcome.disparate_impact(),
        "statistical_parity_difference": outcome.statistical_parity_difference(),
    }
    if true is not None:
        both = ClassificationMetric(true, decided, **sides)
        out |= {
            "equal_opportunity_difference": both.equal_opportunity_difference(),
            "average_odds_difference": both.average_odds_difference(),
            "average_abs_odds_difference": both.average_abs_odds_difference(),
            "equalized_odds_difference": both.equalized_odds_difference(),
        }
    return out


def metrics(data, view):
    pairs = known(data, view)
    names = sorted({group for _, group in pairs})
    number = {name: float(i) for i, name in enumerate(names)}
    groups = [number[group] for _, group in pairs]
    decided = dataset(groups, [float(row["decision"]) for row, _ in pairs])
    true = None
    if "label" in data[0]:
        true = dataset(groups, [float(row["label"]) for row, _ in pairs])
    return [
        {"unprivileged": a, "privileged": b} | pair_metrics(decided, true, number[a], number[b])
        for a, b in permutations(names, 2)
    ]


write("aif360.json", {
    name: {view: metrics(data, view) for view in ("race", "sex")}
    for name, data in ((name, load()) for name, load in DATASETS.items())
})
