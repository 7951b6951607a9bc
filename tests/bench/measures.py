"""Precision, recall and F1 of pairs, for whoever found them: the same arithmetic for all."""

from collections.abc import Iterable, Mapping, Set
from itertools import combinations
from typing import Any

Pair = tuple[Any, Any]


def truth(clusters: Iterable[Any]) -> set[Pair]:
    """All pairs of places that have one cluster, the lower place first."""
    places: dict[Any, list[int]] = {}
    for place, cluster in enumerate(clusters):
        places.setdefault(cluster, []).append(place)
    return {pair for one in places.values() for pair in combinations(one, 2)}


def judged(found: Set[Pair], true: Set[Pair]) -> dict[str, float]:
    """Of pairs that are said to be one person."""
    hits = len(found & true)
    precision, recall = hits / max(1, len(found)), hits / max(1, len(true))
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


def swept(weights: Mapping[Pair, float], true: Set[Pair]) -> dict[str, dict[str, float]]:
    """Of weighed pairs (bits, prior included): from probability 0.5 on, and from the weight that gives the best F1."""
    best, best_f1, hits = 0.0, -1.0, 0
    ordered = sorted(weights.items(), key=lambda one: -one[1])
    for number, (pair, weight) in enumerate(ordered, 1):
        hits += pair in true
        is_end = number == len(ordered) or ordered[number][1] < weight
        f1 = 2 * hits / (number + len(true))
        if is_end and f1 > best_f1:
            best, best_f1 = weight, f1
    return {
        "at_0.5": judged({pair for pair, weight in weights.items() if weight >= 0}, true),
        "at_best": judged({pair for pair, weight in weights.items() if weight >= best}, true),
    }
