"""What an evaluation says: counts by kind of request with their intervals, latency, and the curve over thresholds.

It refuses to round a doubt away: each share comes with its Wilson 95% interval.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from deskhand_models.evaluation.evaluate import Ending, Verdict

_Z = 1.959963984540054


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95% interval of a share, 0 to 1; all of it where there is nothing to count."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = hits / n, _Z * _Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Tally:
    """How the cases of one kind ended. `rightly` counts the right and those that were rightly turned down."""

    kind: str
    n: int
    right: int
    turned_down_rightly: int
    asked_wrongly: int
    refused_wrongly: int
    wrong: int
    invalid: int
    failed: int

    @property
    def rightly(self) -> int:
        """Cases that ended as they should."""
        return self.right + self.turned_down_rightly

    def to_json(self) -> dict[str, Any]:
        """The counts, with the intervals of what ended rightly and of what was silently wrong."""
        counts: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return counts | {
            "rightly": self.rightly,
            "rightly_interval": [round(x, 4) for x in wilson(self.rightly, self.n)],
            "wrong_interval": [round(x, 4) for x in wilson(self.wrong, self.n)],
        }


@dataclass(frozen=True)
class Point:
    """At this threshold: shares of all cases that end rightly, silently wrong, and turned down."""

    threshold: float
    rightly: float
    wrong: float
    turned_down: float


def tally(kind: str, verdicts: Sequence[Verdict], threshold: float | None = None) -> Tally:
    """Count the endings."""
    endings: Counter[tuple[Ending, bool]] = Counter((v.ending(threshold), v.case.plan is None) for v in verdicts)

    def count(ending: Ending, *turn_down: bool) -> int:
        return sum(endings[ending, one] for one in turn_down)

    return Tally(
        kind,
        len(verdicts),
        count("right", False, True),
        count("asked", True) + count("refused", True),
        count("asked", False),
        count("refused", False),
        count("wrong", False, True),
        count("invalid", False, True),
        count("failed", False, True),
    )


@dataclass(frozen=True)
class Report:
    """A set's verdicts at a threshold; None where the planner's own decisions count."""

    name: str
    verdicts: Sequence[Verdict]
    threshold: float | None = None

    @cached_property
    def total(self) -> Tally:
        """All cases."""
        return tally("all", self.verdicts, self.threshold)

    @cached_property
    def kinds(self) -> list[Tally]:
        """By kind, the most frequent first."""
        counts = Counter(v.case.kind for v in self.verdicts)
        order = sorted(counts, key=lambda kind: (-counts[kind], kind))
        return [tally(k, [v for v in self.verdicts if v.case.kind == k], self.threshold) for k in order]

    @cached_property
    def seconds(self) -> tuple[float, float]:
        """How long planning took: the median and the 95th percentile."""
        times = sorted(v.proposed.seconds for v in self.verdicts)
        if not times:
            return 0.0, 0.0
        return statistics.median(times), times[max(0, math.ceil(len(times) * 0.95) - 1)]

    @cached_property
    def curve(self) -> list[Point]:
        """At each threshold that makes a difference, from answering everything to asking always."""
        levels = {v.proposed.probability for v in self.verdicts if v.if_run is not None}
        return [self._point(level) for level in [*sorted({0.0, *levels}), math.nextafter(1, 2)]]

    def _point(self, threshold: float) -> Point:
        n = max(1, len(self.verdicts))
        endings = [v.ending(threshold) for v in self.verdicts]
        return Point(
            threshold,
            sum(v.rightly(threshold) for v in self.verdicts) / n,
            endings.count("wrong") / n,
            (endings.count("asked") + endings.count("refused")) / n,
        )

    def failures(self) -> list[Verdict]:
        """The cases that didn't end as they should, silently wrong ones first."""
        order = ["wrong", "invalid", "failed", "asked", "refused"]
        found = [v for v in self.verdicts if not v.rightly(self.threshold)]
        return sorted(found, key=lambda v: (order.index(v.ending(self.threshold)), v.case.id))

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        median, p95 = self.seconds
        return {
            "set": self.name,
            "threshold": self.threshold,
            "all": self.total.to_json(),
            "kinds": [kind.to_json() for kind in self.kinds],
            "seconds": {"median": round(median, 4), "p95": round(p95, 4)},
            "curve": [
                [round(min(p.threshold, 1.0), 6), round(p.rightly, 4), round(p.wrong, 4), round(p.turned_down, 4)]
                for p in self.curve
            ],
            "cases": [self._case(v) for v in self.verdicts],
        }

    def _case(self, verdict: Verdict) -> dict[str, Any]:
        return {
            "id": verdict.case.id,
            "kind": verdict.case.kind,
            "request": verdict.case.request,
            "ending": verdict.ending(self.threshold),
            "rightly": verdict.rightly(self.threshold),
            "difference": verdict.difference,
            "probability": round(verdict.proposed.probability, 6),
            "plan": verdict.proposed.plan,
            "says": verdict.proposed.says,
            "seconds": round(verdict.proposed.seconds, 4),
        }
