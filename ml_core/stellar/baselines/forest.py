"""A random forest as plain arrays: grown by scikit-learn, evaluated here, equal to scikit-learn's answers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.stellar.baselines.baseline import COUNT, Floats

TREES: Final = 300
_BLOCK: Final = 4096
_KINDS: Final = {"feature": "i", "threshold": "f", "left": "i", "right": "i", "missing_left": "u", "share": "f",
                 "start": "i"}  # fmt: skip


def grow(features: NDArray[Any], labels: NDArray[np.int64], seed: int) -> dict[str, NDArray[Any]]:
    """Grow a forest (Breiman 2001) with scikit-learn's defaults.

    Args:
        features: (N, F), NaN where unknown.
        labels: (N,) 0..4.
        seed: Of the forest.

    Returns:
        All trees' nodes one after the other: ``feature`` (-1 in leaves), ``threshold`` (go left when <=), ``left``,
        ``right``, ``missing_left`` (whether NaN goes left), ``share`` (nodes, 5) of the classes; and ``start`` of each
        tree.
    """
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(TREES, random_state=seed).fit(np.asarray(features, np.float32), labels)
    trees = [estimator.tree_ for estimator in forest.estimators_]
    sizes = np.array([tree.node_count for tree in trees])
    share = np.zeros((sizes.sum(), COUNT))
    values = np.concatenate([tree.value[:, 0, :] for tree in trees])
    share[:, forest.classes_] = values / values.sum(1, keepdims=True)
    return {
        "feature": np.concatenate([np.maximum(tree.feature, -1) for tree in trees]).astype(np.int32),
        "threshold": np.concatenate([tree.threshold for tree in trees]),
        "left": np.concatenate([tree.children_left for tree in trees]).astype(np.int32),
        "right": np.concatenate([tree.children_right for tree in trees]).astype(np.int32),
        "missing_left": np.concatenate([tree.missing_go_to_left for tree in trees]).astype(np.uint8),
        "share": share,
        "start": np.concatenate([[0], sizes.cumsum()[:-1]]).astype(np.int64),
    }


def evaluate(forest: dict[str, NDArray[Any]], features: NDArray[Any]) -> Floats:
    """(N, 5) mean over the trees of the class shares in the leaves that the rows of ``features`` reach."""
    single = np.asarray(features, np.float32)
    found = np.zeros((len(single), COUNT))
    for begin in range(0, len(single), _BLOCK):
        block = single[begin : begin + _BLOCK]
        for start in forest["start"]:
            found[begin : begin + _BLOCK] += forest["share"][_leaves(forest, int(start), block)]
    return found / len(forest["start"])


def _leaves(forest: dict[str, NDArray[Any]], start: int, features: NDArray[np.float32]) -> NDArray[np.int64]:
    """Nodes in which the rows end in the tree that begins at ``start``."""
    node = np.full(len(features), start, np.int64)
    going = np.arange(len(features))
    while len(going):
        feature = forest["feature"][node[going]]
        going, feature = going[feature >= 0], feature[feature >= 0]
        here = node[going]
        value = features[going, feature]
        is_left = (value <= forest["threshold"][here]) | (np.isnan(value) & (forest["missing_left"][here] > 0))
        node[going] = start + np.where(is_left, forest["left"][here], forest["right"][here])
    return node


def fault(forest: dict[str, NDArray[Any]], features: int) -> str:
    """What does not fit in the arrays of a forest; empty when all does. After it, `evaluate` ends and stays inside."""
    if {name: array.dtype.kind for name, array in forest.items()} != _KINDS:
        return "it has other arrays than those of a forest"
    nodes = len(forest["feature"])
    flat = ("feature", "threshold", "left", "right", "missing_left")
    if any(forest[name].shape != (nodes,) for name in flat) or forest["share"].shape != (nodes, COUNT):
        return "the arrays of its nodes differ in length"
    start = forest["start"]
    if start.ndim != 1 or not len(start) or start[0] != 0 or (np.diff(start) <= 0).any() or start[-1] >= nodes:
        return "its trees do not follow one another"
    sizes = np.diff(np.append(start, nodes))
    tree = np.repeat(np.arange(len(start)), sizes)
    inner = forest["feature"] >= 0
    own = np.arange(nodes) - start[tree]
    # Children come after their parent in scikit-learn's trees, so that a walk must end.
    for side in ("left", "right"):
        child = forest[side][inner]
        if (child <= own[inner]).any() or (child >= sizes[tree[inner]]).any():
            return "a node leads out of its tree"
    return "a node asks for a feature that there is not" if (forest["feature"] >= features).any() else ""
