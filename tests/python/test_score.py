"""The scorer equals SpikeInterface's GroundTruthComparison with exhaustive_gt=True."""

import numpy as np
from spikeinterface import NumpySorting
from spikeinterface.comparison import compare_sorter_to_ground_truth

RATE = 30000.0


def random_train(rng, count, samples):
    return np.unique(rng.integers(0, samples, count))


def random_case(rng):
    """True trains, and a sorting that finds, loses, splits, merges and invents some of them."""
    samples = 300_000
    truth = [random_train(rng, int(rng.integers(5, 200)), samples) for _ in range(int(rng.integers(1, 7)))]
    tested = []
    for train in truth:
        kept = train[rng.random(train.size) < rng.choice([0.3, 0.6, 0.95, 1.0])]
        jittered = kept + rng.integers(-14, 15, kept.size)
        fate = rng.choice(["found", "split", "missed", "double", "merged"])
        if fate == "split":
            half = rng.random(jittered.size) < 0.5
            tested += [jittered[half], jittered[~half]]
        elif fate == "double":
            tested += [jittered, jittered + 1]
        elif fate == "merged":
            other = truth[int(rng.integers(len(truth)))]
            tested.append(np.concatenate([jittered, other]))
        elif fate == "found":
            tested.append(jittered)
    for _ in range(int(rng.integers(0, 3))):
        tested.append(random_train(rng, int(rng.integers(5, 100)), samples))
    tested = [np.unique(np.clip(train, 0, samples)) for train in tested if train.size > 0]
    return truth, tested or [random_train(rng, 20, samples)]


def sorting_of(trains):
    return NumpySorting.from_unit_dict([{i: train for i, train in enumerate(trains)}], RATE)


def test_scorer_equals_spikeinterface(typescript, cases):
    rng = np.random.default_rng(20260301)
    made = [random_case(rng) for _ in range(cases)]
    payload = [
        dict(samplingRateHz=RATE, truth=[t.tolist() for t in truth], sorted=[t.tolist() for t in tested])
        for truth, tested in made
    ]
    for (truth, tested), ours in zip(made, typescript("score", payload)):
        theirs = compare_sorter_to_ground_truth(
            sorting_of(truth), sorting_of(tested), exhaustive_gt=True, delta_time=0.4
        )
        agreement = theirs.agreement_scores.values
        np.testing.assert_allclose(np.reshape(ours["agreement"], agreement.shape), agreement, atol=1e-12, rtol=0)
        matches = [unit.get("match", {}).get("unit", -1) for unit in ours["trueUnits"]]
        assert matches == [int(unit) for unit in theirs.hungarian_match_12.values]
        assert sorted(ours["wellDetected"]) == sorted(theirs.get_well_detected_units(0.8))
        assert sorted(ours["redundant"]) == sorted(theirs.get_redundant_units(0.2))
        assert sorted(ours["falsePositive"]) == sorted(theirs.get_false_positive_units(0.2))
        assert sorted(ours["overmerged"]) == sorted(theirs.get_overmerged_units(0.2))
