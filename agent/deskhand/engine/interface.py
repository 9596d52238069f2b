"""What the executor needs of an engine, and the exceptions that pass between a body and its engine.

A body (the executor's walk through a plan) is ordinary code. Whatever it does inside `steps.step(path, fn)` is
recorded under its plan path when `fn` returns; when the same run is executed again, after a crash, a failure
or a wait, recorded steps return what they returned then and the others run. A step in flight at a crash runs
again: nothing says "started". That such a step repeats no effect is the ledger's part, not the engine's.

This module refuses to know DBOS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from deskhand.errors import DeskhandError

if TYPE_CHECKING:
    from deskhand.contract import Json


class NotFinal(Exception):
    """Raised in a step or a child to say: here is what there is to say, but run me again next time.

    result: JSON for whoever catches it; `execute` returns it when nobody does.
    halt: in a child, whether its siblings that haven't begun should be left alone (`children` then raises this
    exception). Otherwise they go on, and `result` stands among the children's results, unrecorded.
    """

    def __init__(self, result: Json, *, halt: bool = True) -> None:
        super().__init__("not final")
        self.result = result
        self.halt = halt


class Cancelled(DeskhandError):
    """The run's cancel flag is set; raised by `checkpoint`, between steps only."""


class Displaced(DeskhandError):
    """Another process has taken over this run, so this one can't record anything more."""


class Steps(Protocol):
    """What a body is given: one scope of durable steps."""

    def step(self, path: str, fn: Callable[[], Json]) -> Json:
        """The result of `fn`, run at most once to its end over all attempts of the run.

        path: the step's plan path, unique among this scope's steps and children.
        Raises whatever `fn` raises, and then records nothing; ValueError for a path used twice.
        """

    def children(
        self, path: str, count: int, body: Callable[[int, Steps], Json], *, concurrency: int = 1
    ) -> list[Json]:
        """The results of `body(0, …)` to `body(count - 1, …)`, in order, each a child workflow of its own.

        Each child has a fresh scope, so paths need to be unique within it only. A child that returned is never
        run again; one that raised keeps its finished steps. concurrency: how many run at once, in threads of
        their own (with 1, in this thread). The first exception of a child is raised when those in flight are
        through; for `NotFinal` see there.
        """

    def checkpoint(self) -> None:
        """Raise `Cancelled` if the run's cancel flag is set."""


class Engine(Protocol):
    """Runs bodies durably."""

    def execute(self, run_id: str, body: Callable[[Steps], Json]) -> Json:
        """Start or resume the run in this process and thread, and return the body's JSON.

        Steps that earlier attempts finished aren't run again; the body itself always is. Only one process may
        drive a run at a time: hold its run lock. Raises what the body raises, except `NotFinal`, whose result
        it returns.
        """

    def close(self) -> None:
        """Let go of the database and the threads; safe to call twice. Nothing durable depends on it."""
