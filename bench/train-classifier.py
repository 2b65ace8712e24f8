"""Trains the unit classifier: chooses among models by cross-validation over recordings, exports the chosen one as ONNX,
and judges the exported file on held-out recordings against threshold rules tuned on the same training split.

    python bench/train-classifier.py UNITS.json MODEL.onnx REPORT.json

Called by bench/classifier.ts, which made UNITS.json.
"""

import json
import sys

import numpy as np
import onnx
import onnxruntime
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, recall_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

CLASSES = ["noise", "multi", "single"]
FOLDS = 5
SEED = 0
ALARM = 1e-4


def candidates():
    """Name and model; each ends in a classifier that takes sample weights."""

    def filled(*steps):
        return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), *steps)

    yield "logistic regression", filled(StandardScaler(), LogisticRegression(C=0.1, max_iter=5000))
    for trees, depth in ((80, 6), (60, 9)):
        forest = RandomForestClassifier(trees, max_depth=depth, min_samples_leaf=4, random_state=SEED)
        yield f"random forest, {trees} trees of depth {depth}", filled(forest)
    for rounds, depth in ((60, 2), (120, 2), (60, 3), (120, 3)):
        boosting = GradientBoostingClassifier(
            n_estimators=rounds, max_depth=depth, learning_rate=0.1, subsample=0.7, min_samples_leaf=8, random_state=SEED
        )
        yield f"gradient boosting, {rounds} rounds of depth {depth}", filled(boosting)


def fit(model, x, y):
    """Every class counts the same, however many units it has."""
    last = model.steps[-1][0]
    return clone(model).fit(x, y, **{f"{last}__sample_weight": compute_sample_weight("balanced", y)})


def cross_validate(model, x, y, groups):
    scores = []
    for inside, outside in GroupKFold(FOLDS).split(x, y, groups):
        scores.append(balanced_accuracy_score(y[outside], fit(model, x[inside], y[inside]).predict(x[outside])))
    return float(np.mean(scores)), float(np.std(scores))


def choose(x, y, groups):
    tried = []
    for name, model in candidates():
        mean, deviation = cross_validate(model, x, y, groups)
        print(f"{name}: {mean:.3f} ± {deviation:.3f}", flush=True)
        tried.append({"name": name, "mean": mean, "deviation": deviation, "model": model})
    return max(tried, key=lambda one: one["mean"]), tried


def export(model, path, data):
    """ONNX with input `features` [n, features] and outputs `label` and `probabilities`."""
    width = len(data["featureNames"])
    converted = convert_sklearn(
        model,
        "unit classifier",
        [("features", FloatTensorType([None, width]))],
        options={id(model): {"zipmap": False}},
        final_types=None,
        target_opset={"": 18, "ai.onnx.ml": 3},
    )
    for old, new in zip(list(converted.graph.output), ("label", "probabilities")):
        for node in converted.graph.node:
            node.output[:] = [new if name == old.name else name for name in node.output]
            node.input[:] = [new if name == old.name else name for name in node.input]
        old.name = new
    metadata = {
        "dendro.features": json.dumps(data["featureNames"], separators=(",", ":")),
        "dendro.classes": json.dumps(CLASSES, separators=(",", ":")),
        "dendro.featureHash": data["featureHash"],
    }
    for key, value in metadata.items():
        converted.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(converted)
    onnx.save(converted, path)


def run(path, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(["label", "probabilities"], {"features": x.astype(np.float32)})


# The rules: what each looks at, and on which side of its threshold a unit fails. After the ideas of Bombcell's defaults.
NOISE_RULES = [
    ("snr", "below"),
    ("peakToTroughMs", "below"),
    ("peakToTroughMs", "above"),
    ("positivePeaks", "above"),
    ("negativePeaks", "above"),
    ("baselineFlatness", "above"),
    ("mainPeakToTrough", "above"),
]
MULTI_RULES = [
    ("snr", "below"),
    ("contamination2Ms", "above"),
    ("isiViolationsRatio", "above"),
    ("presenceRatio", "below"),
    ("firingRateHz", "below"),
    ("coincidence", "above"),
]


def rule_values(x, names):
    column = {name: x[:, i] for i, name in enumerate(names)}
    column["mainPeakToTrough"] = np.fmax(column["peakBeforeToTrough"], column["peakAfterToTrough"])
    return column


def fails(column, rules, thresholds):
    """Units that one rule or more rejects; an unknown figure rejects nothing."""
    failed = np.zeros(len(column["snr"]), dtype=bool)
    for (name, side), threshold in zip(rules, thresholds):
        if threshold is None:
            continue
        values = column[name]
        with np.errstate(invalid="ignore"):
            failed |= values < threshold if side == "below" else values > threshold
    return failed


def apply_rules(column, noise, multi):
    labels = np.full(len(column["snr"]), 2)
    labels[fails(column, MULTI_RULES, multi)] = 1
    labels[fails(column, NOISE_RULES, noise)] = 0
    return labels


def tune_rules(column, y):
    """One threshold after the other, of 40 quantiles or none, until none gains; judged by balanced accuracy."""
    noise = [None] * len(NOISE_RULES)
    multi = [None] * len(MULTI_RULES)
    best = balanced_accuracy_score(y, apply_rules(column, noise, multi))
    for _ in range(8):
        before = best
        for rules, thresholds in ((NOISE_RULES, noise), (MULTI_RULES, multi)):
            for i, (name, _) in enumerate(rules):
                for value in [None, *np.unique(np.nanquantile(column[name], np.linspace(0.0125, 0.9875, 40)))]:
                    kept = thresholds[i]
                    thresholds[i] = value
                    score = balanced_accuracy_score(y, apply_rules(column, noise, multi))
                    if score > best:
                        best = score
                    else:
                        thresholds[i] = kept
        if best == before:
            break
    words = [
        f"{name} {side} {value:.3g}"
        for rules, thresholds in ((NOISE_RULES, noise), (MULTI_RULES, multi))
        for (name, side), value in zip(rules, thresholds)
        if value is not None
    ]
    return noise, multi, words


def judge(y, predicted):
    return {
        "balancedAccuracy": float(balanced_accuracy_score(y, predicted)),
        "recalls": [float(v) for v in recall_score(y, predicted, labels=[0, 1, 2], average=None, zero_division=0)],
        "confusion": confusion_matrix(y, predicted, labels=[0, 1, 2]).tolist(),
    }


def importances(path, x, y, names):
    """Balanced accuracy lost when a feature's values are shuffled, mean of ten shuffles, by the exported model."""
    rng = np.random.default_rng(SEED)
    full = balanced_accuracy_score(y, run(path, x)[0])
    lost = []
    for i, name in enumerate(names):
        shuffled = x.copy()
        total = 0.0
        for _ in range(10):
            shuffled[:, i] = rng.permutation(x[:, i])
            total += full - balanced_accuracy_score(y, run(path, shuffled)[0])
        lost.append({"feature": name, "lost": total / 10})
    return sorted(lost, key=lambda one: -one["lost"])


def main(units_path, model_path, report_path):
    with open(units_path) as file:
        data = json.load(file)
    units, names = data["units"], data["featureNames"]
    x = np.array([unit["features"] for unit in units], dtype=np.float32)
    y = np.array([CLASSES.index(unit["label"]) for unit in units])
    recording = np.array([unit["recording"] for unit in units])
    training = np.array([unit["split"] == "training" for unit in units])
    shared = set(recording[training]) & set(recording[~training])
    assert not shared, f"recordings in both splits: {shared}"

    chosen, tried = choose(x[training], y[training], recording[training])
    model = fit(chosen["model"], x[training], y[training])
    export(model, model_path, data)
    label, probability = run(model_path, x[~training])
    expected = model.predict_proba(x[~training])
    # Thresholds of trees are rounded to single precision in ONNX: a value on one may fall to its other side.
    off = np.abs(probability - expected).max(axis=1)
    assert np.mean(off > ALARM) < 0.01, f"the exported model differs in {np.mean(off > ALARM):.3%} of units"

    columns = rule_values(x, names)
    train_columns = {name: values[training] for name, values in columns.items()}
    noise, multi, words = tune_rules(train_columns, y[training])
    ruled = apply_rules({name: values[~training] for name, values in columns.items()}, noise, multi)
    kinds = np.array([unit["kind"] for unit in units])[~training]
    report = {
        "counts": {
            split: {name: int(np.sum((y == k) & chosen_split)) for k, name in enumerate(CLASSES)}
            for split, chosen_split in (("training", training), ("held-out", ~training))
        },
        "recordings": {"training": len(set(recording[training])), "held-out": len(set(recording[~training]))},
        "tried": [{k: v for k, v in one.items() if k != "model"} for one in tried],
        "chosen": chosen["name"],
        "modelBytes": len(open(model_path, "rb").read()),
        "largestDifference": float(off.max()),
        "classifier": judge(y[~training], label),
        "rules": {**judge(y[~training], ruled), "thresholds": words},
        "byKind": {
            kind: {
                "units": int(np.sum(kinds == kind)),
                "classifier": float(recall_share(y[~training], label, kinds == kind)),
                "rules": float(recall_share(y[~training], ruled, kinds == kind)),
            }
            for kind in dict.fromkeys(kinds)
        },
        "calibration": calibration(y[~training], probability),
        "importances": importances(model_path, x[~training], y[~training], names),
        "check": check(x[~training], probability),
    }
    with open(report_path, "w") as file:
        json.dump(report, file, indent=1)


def recall_share(y, predicted, chosen):
    return np.mean(y[chosen] == predicted[chosen])


def calibration(y, probability):
    """Of units by the probability of the class that they were given: how often it was right."""
    most = probability.max(axis=1)
    right = probability.argmax(axis=1) == y
    bounds = [0, 0.6, 0.8, 0.9, 1.01]
    found = []
    for low, high in zip(bounds, bounds[1:]):
        chosen = (most >= low) & (most < high)
        if chosen.any():
            found.append({"from": low, "to": min(high, 1), "units": int(chosen.sum()), "right": float(right[chosen].mean())})
    return found


def check(x, probability):
    """Some units with what onnxruntime's Python says of them, for the tests of the app."""
    rows = np.linspace(0, len(x) - 1, 40).astype(int)
    features = [[None if np.isnan(value) else float(value) for value in row] for row in x[rows]]
    return {"features": features, "probabilities": probability[rows].astype(float).tolist()}


if __name__ == "__main__":
    main(*sys.argv[1:4])
