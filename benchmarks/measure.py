"""Measuring: a side of a comparison is run in a child process, turn by turn with the other side.

Two kinds of side. A *command* is timed as a whole, from its start to its end. A *function* of a benchmark's
module is called in a child; it prepares what it needs and times the part that counts, with `timing.Clock`.
Wall time is a monotonic clock's, CPU time that of all threads, peak memory the kernel's `ru_maxrss` of the
finished child. This module refuses to time anything in its own process and to leave out a slow turn: the
median stands against those.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BYTECODE = ROOT / "build" / "benchmarks"
"""Where children keep compiled modules, as an installation has them; the sources' folders stay as they are."""


@dataclass(frozen=True)
class Sample:
    """One turn of one side. wall and cpu: seconds. peak: bytes. note: what the side says of its result."""

    wall: float
    cpu: float
    peak: int
    note: Any = None


@dataclass(frozen=True)
class Side:
    """Something to be timed.

    name: what it is. command: the whole process is timed, unless the command is a `function` side, which tells
    its own figures. before: what must be put right before each turn, untimed. killed: whether the command ends
    itself by SIGKILL at the point that is asked for.
    """

    name: str
    command: Sequence[str]
    before: Callable[[], None] = lambda: None
    env: Mapping[str, str] = field(default_factory=dict)
    tells: bool = False
    killed: bool = False
    codes: Sequence[int] = (0,)


@dataclass(frozen=True)
class Comparison:
    """Ours against a peer or a floor.

    ratio: the budget as a ratio. seconds: the budget as a time. Neither: a figure to know, without a budget.
    turns: how often each side has its turn. same: whether both sides must tell the same result.
    """

    what: str
    ours: Side
    peer: Side
    ratio: float | None = None
    seconds: float | None = None
    turns: int = 5
    same: bool = False
    per: int = 1
    """What the times are divided by in the table: how many things one turn does."""


@dataclass(frozen=True)
class Figure:
    """What a comparison came to. The ratios are medians over pairs of turns; times are medians, in seconds."""

    comparison: Comparison
    ours: Sequence[Sample]
    peer: Sequence[Sample]

    def median(self, side: str, of: str) -> float:
        """The median of `wall`, `cpu` or `peak` of `ours` or `peer`."""
        return float(statistics.median(getattr(sample, of) for sample in getattr(self, side)))

    def ratio(self, of: str) -> float:
        """Ours over the peer's, pair by pair, the median."""
        pairs = zip(self.ours, self.peer, strict=True)
        return float(statistics.median(getattr(a, of) / max(getattr(b, of), 1e-9) for a, b in pairs))

    @property
    def verdict(self) -> str:
        """`within` or `over` the budget, by wall and by CPU time; which of them, where they don't agree."""
        budget = self.comparison
        if budget.ratio is not None:
            kept = {of: self.ratio(of) <= budget.ratio for of in ("wall", "cpu")}
        elif budget.seconds is not None:
            kept = {of: self.median("ours", of) <= budget.seconds for of in ("wall", "cpu")}
        else:
            return ""
        if len(set(kept.values())) == 1:
            return "within" if kept["wall"] else "over"
        return "within by wall, over by CPU" if kept["wall"] else "over by wall, within by CPU"


class BenchmarkError(Exception):
    """A side failed, or two sides that should have come to the same didn't. Then there is no figure."""


def python(*arguments: str) -> list[str]:
    """A command that runs this Python."""
    return [sys.executable, *arguments]


def function(name: str, module: str, call: str, *arguments: object, before: Callable[[], None] | None = None) -> Side:
    """The side that `call` of a benchmark's module times, in a child process. Arguments go as texts."""
    command = python("-m", "benchmarks.child", module, call, *map(str, arguments))
    return Side(name, command, before=before or (lambda: None), tells=True)


def run_child(module: str, call: str, *arguments: object) -> None:
    """Call a function of a benchmark's module in a child, to make data, so that this process stays small.

    (A child's peak can't be read below the memory of the process that it was started from.)
    """
    _once(function(call, module, call, *arguments))


def compare(comparison: Comparison) -> Figure:
    """Both sides, by turns, after one turn of each that isn't counted, unless there are only one or two.

    Raises BenchmarkError.
    """
    sides = {"ours": comparison.ours, "peer": comparison.peer}
    if comparison.turns > 2:
        for side in sides.values():
            _once(side)
    samples: dict[str, list[Sample]] = {"ours": [], "peer": []}
    for turn in range(comparison.turns):
        order = ("ours", "peer") if turn % 2 == 0 else ("peer", "ours")
        for which in order:
            samples[which].append(_once(sides[which]))
    if comparison.same:
        told = {json.dumps(sample.note, sort_keys=True) for which in samples.values() for sample in which}
        if len(told) > 1:
            raise BenchmarkError(f"{comparison.what}: the sides came to different results: {', '.join(sorted(told))}")
    return Figure(comparison, tuple(samples["ours"]), tuple(samples["peer"]))


def _environment(side: Side) -> dict[str, str]:
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPROFILEIMPORTTIME")}
    env["PYTHONPYCACHEPREFIX"] = str(BYTECODE)
    return {**env, **side.env}


def _once(side: Side) -> Sample:
    """One turn. Raises BenchmarkError where the command fails, with the end of what it said."""
    side.before()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began = time.perf_counter()
        process = subprocess.Popen(
            list(side.command), stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=ROOT, env=_environment(side)
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        expected = (-signal.SIGKILL,) if side.killed else tuple(side.codes)
        if process.returncode not in expected:
            out.seek(0)
            err.seek(0)
            said = f"{out.read()[-1500:]}\n{err.read()[-3000:]}".strip()
            raise BenchmarkError(f"{side.name}: ended with {process.returncode}: {' '.join(side.command)}\n{said}")
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        if not side.tells:
            return Sample(wall, usage.ru_utime + usage.ru_stime, peak)
        out.seek(0)
        told = json.loads(out.read().splitlines()[-1])
        return Sample(told["wall"], told["cpu"], peak, told["note"])
