"""Calibration: evidence weighed towards what was right, and the bound on what may be silently wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from deskhand.errors import DataError
from deskhand_models.calibrate import LEAST_SURE, Judged, fit, sure_from, write
from deskhand_models.checkpoint import Calibration


def judged(count: int) -> list[Judged]:
    """Readings of which those with a high score are right, but for every tenth."""
    return [
        Judged(str(n), {"score": n / count, "noise": n % 3}, (n > count / 2) != (n % 10 == 0), True)
        for n in range(count)
    ]


def test_what_tells_gets_the_weight() -> None:
    weights = fit(judged(200), ["score", "noise"])
    assert weights["score"] > 1
    assert abs(weights["noise"]) < weights["score"] / 5


@pytest.mark.parametrize("right", [True, False])
def test_readings_of_one_kind_calibrate_nothing(right: bool) -> None:
    with pytest.raises(DataError, match="right and readings that were wrong"):
        fit([Judged("1", {"score": 1.0}, right, True)] * 5, ["score"])


def test_sure_begins_above_the_wrong_that_is_one_too_many() -> None:
    best = [(0.95, True), (0.9, False), (0.8, True), (0.7, False), (0.6, True)]
    assert sure_from(best, 50) == pytest.approx(0.75), "one wrong of 50 may be, two are over 3%"
    assert sure_from(best, 20) == pytest.approx(0.925)


def test_nothing_likelier_wrong_than_right_is_sure() -> None:
    assert sure_from([(0.3, True), (0.2, True)], 100) == LEAST_SURE
    assert sure_from([], 100) == 0.99


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"score": 1.5, "bias": -1.0}, 0.6, {"requests": 3})
    assert Calibration.read(tmp_path) == Calibration({"score": 1.5, "bias": -1.0}, 0.6, 0.2)
    assert json.loads((tmp_path / "calibration.json").read_text())["requests"] == 3
