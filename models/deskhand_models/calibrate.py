"""Calibration: from the evidence for a reading to the probability that it is right, and from where it is sure.

A logistic regression (Platt 1999, on several figures) with a ridge, fitted on the calibration set, which nobody
trains on. `sure` is the lowest probability from which on at most the given share of all requests ends silently
wrong there.

This module refuses to see a request: it gets figures and whether the reading was right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from deskhand.errors import DataError

RIDGE = 1.0
MOST_WRONG = 0.03
LEAST_SURE = 0.5
"""What is likelier wrong than right is never sure, however few such readings a set happens to hold."""


@dataclass(frozen=True)
class Judged:
    """A reading of a request: its evidence, whether it was right, and whether it would run something."""

    request: str
    evidence: Mapping[str, float]
    right: bool
    runs: bool


def fit(judged: Sequence[Judged], names: Sequence[str]) -> dict[str, float]:
    """The weights by name, and `bias`. Raises DataError where nothing or everything was right."""
    labels = np.array([one.right for one in judged], dtype=np.float64)
    if not 0 < labels.sum() < len(labels):
        raise DataError("a calibration needs readings that were right and readings that were wrong")
    figures = np.array([[one.evidence.get(name, 0.0) for name in names] for one in judged])
    mean, spread = figures.mean(axis=0), figures.std(axis=0)
    spread[spread < 1e-9] = 1.0
    inputs = np.column_stack([(figures - mean) / spread, np.ones(len(labels))])
    weights = _newton(inputs, labels)
    own = weights[:-1] / spread
    found = {name: round(float(w), 5) for name, w in zip(names, own, strict=True)}
    found["bias"] = round(float(weights[-1] - own @ mean), 5)
    return found


def _newton(inputs: npt.NDArray[np.float64], labels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    ridge = np.full(inputs.shape[1], RIDGE)
    ridge[-1] = 1e-6
    weights = np.zeros(inputs.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        slope = inputs.T @ (chance - labels) + ridge * weights
        bend = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def sure_from(best: Sequence[tuple[float, bool]], requests: int, most_wrong: float = MOST_WRONG) -> float:
    """The lowest probability from which on at most that share of all requests is silently wrong.

    best: each request's likeliest reading that would run: its probability, and whether it was right.
    """
    ranked = sorted(best, reverse=True)
    wrong, sure = 0, 1.0
    for place, (chance, right) in enumerate(ranked):
        wrong += not right
        if wrong > most_wrong * requests:
            break
        following = ranked[place + 1][0] if place + 1 < len(ranked) else 0.0
        sure = (chance + following) / 2 if following < chance else sure
    return round(min(0.99, max(LEAST_SURE, sure)), 3)


def write(folder: Path, weights: Mapping[str, float], sure: float, about: Mapping[str, object]) -> None:
    """calibration.json."""
    data = {"weights": dict(weights), "sure": sure, "ask": round(sure / 3, 3), **about}
    (folder / "calibration.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
