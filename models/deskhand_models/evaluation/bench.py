"""A workspace on the bench: built once, copied for each plan, run by a function that is handed in, read afterwards.

It refuses to know how plans are run; what the function must keep is the plan's text, the folder and the time.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deskhand_models.evaluation.build import build
from deskhand_models.evaluation.judge import Outcome
from deskhand_models.evaluation.sets import Office
from deskhand_models.evaluation.state import Table, read_state


@dataclass(frozen=True)
class Ran:
    """How a run ended: DESIGN's status, its answer, why it stopped, the problems of a plan that failed its check."""

    status: str
    answer: Table | None = None
    reason: str = ""
    problems: tuple[str, ...] = ()


Run = Callable[[str, Path, str], Ran]
"""Runs a plan (YAML) in the workspace of a folder at a logical time (ISO), as `--yes` would."""
Prepare = Callable[[Path], None]
"""Makes in a new workspace what its first run would make, once for all its copies."""


class Bench:
    """One workspace in `folder`, which must not be there yet."""

    def __init__(self, office: Office, folder: Path, run: Run, prepare: Prepare | None = None) -> None:
        self.office = office
        self.base = build(office, folder / "base")
        self._folder = folder
        self._run = run
        self._count = 0
        self.first = read_state(self.base, office.connections)
        self._prepare = prepare

    def try_out(self, plan: str) -> tuple[Ran, Outcome]:
        """Run the plan in a fresh copy; how it ended, and what it left."""
        if self._prepare is not None:
            self._prepare(self.base)
            self._prepare = None
        self._count += 1
        copy = self._folder / f"run{self._count}"
        shutil.copytree(self.base, copy)
        try:
            ran = self._run(plan, copy, self.office.now)
            state = read_state(copy, self.office.connections, self.first)
            return ran, Outcome(ran.status, ran.answer, state.changed_from(self.first))
        finally:
            shutil.rmtree(copy, ignore_errors=True)

    def untouched(self) -> bool:
        """Whether the workspace itself, which planners may look at, is still as it was built."""
        return read_state(self.base, self.office.connections) == self.first
