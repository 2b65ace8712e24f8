"""isosplit6 gives the labels of the reference implementation on the same points."""

import numpy as np
from isosplit6 import isosplit6


def random_points(rng):
    dimensions = int(rng.integers(1, 11))
    clusters = [
        rng.normal(rng.normal(0, 6, dimensions), rng.uniform(0.5, 2), (int(rng.integers(15, 400)), dimensions))
        for _ in range(int(rng.integers(1, 7)))
    ]
    return rng.permutation(np.concatenate(clusters))


def test_labels_equal_the_reference(typescript, cases):
    rng = np.random.default_rng(20260302)
    made = [random_points(rng) for _ in range(cases)]
    for points, labels in zip(made, typescript("isosplit6", [dict(points=p.tolist()) for p in made])):
        np.testing.assert_array_equal(np.array(labels) + 1, isosplit6(points))  # theirs count from 1
