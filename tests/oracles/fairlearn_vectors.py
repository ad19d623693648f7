"""Writes fairlearn.json: group metrics as Fairlearn computes them."""

import fairlearn.metrics as fl
from sklearn.metrics import accuracy_score, precision_score

from datasets import DATASETS, VIEWS, known
from vectors import write


def unlabelled(truth, decision, groups):
    frame = fl.MetricFrame(
        metrics={"selection_rate": fl.selection_rate, "count": fl.count},
        y_true=truth, y_pred=decision, sensitive_features=groups,
    )
    return {
        "selection_rate": frame.by_group["selection_rate"].to_dict(),
        "count": frame.by_group["count"].to_dict(),
        "demographic_parity_difference": fl.demographic_parity_difference(
            truth, decision, sensitive_features=groups),
        "demographic_parity_ratio": fl.demographic_parity_ratio(
            truth, decision, sensitive_features=groups),
    }


def labelled(truth, decision, groups):
    frame = fl.MetricFrame(
        metrics={
            "true_positive_rate": fl.true_positive_rate,
            "false_positive_rate": fl.false_positive_rate,
            "precision": lambda t, d: precision_score(t, d, zero_division=float("nan")),
            "accuracy": accuracy_score,
        },
        y_true=truth, y_pred=decision, sensitive_features=groups,
    )
    out = {name: frame.by_group[name].to_dict() for name in frame.by_group.columns}
    out |= {f"{name}_difference": frame.difference()[name] for name in frame.by_group.columns}
    out["equal_opportunity_difference"] = fl.equal_opportunity_difference(
        truth, decision, sensitive_features=groups)
    out["equalized_odds_difference"] = fl.equalized_odds_difference(
        truth, decision, sensitive_features=groups)
    out["accuracy_score_difference"] = fl.accuracy_score_difference(
        truth, decision, sensitive_features=groups)
    return out


def metrics(data, view):
    pairs = known(data, view)
    groups = [group for _, group in pairs]
    decision = [row["decision"] for row, _ in pairs]
    if "label" not in data[0]:
        return unlabelled(decision, decision, groups)
    truth = [row["label"] for row, _ in pairs]
    return unlabelled(truth, decision, groups) | labelled(truth, decision, groups)


write("fairlearn.json", {
    name: {view: metrics(data, view) for view in VIEWS}
    for name, data in ((name, load()) for name, load in DATASETS.items())
})
