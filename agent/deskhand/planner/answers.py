"""What a person has answered before: the same sentence again is the plan that they chose, or mended, then.

Only where that run ended well, and where none of the sentence's values depends on the day it is said on: a plan holds
the values that were meant then. This module refuses to stretch an answer to a sentence that only resembles it; that
is for training.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from deskhand.contract import Json
from deskhand.plan import Plan
from deskhand.plan_yaml import parse
from deskhand.planner.known_inputs import Find

_OTHER_DAYS = (1, 40, 400)


class Answered(Protocol):
    """A trace, as far as it holds an answer."""

    @property
    def sentence(self) -> str | None: ...
    @property
    def plan(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def corrections(self) -> Sequence[str]: ...
    @property
    def planning(self) -> Mapping[str, Json]: ...


def answered(traces: Iterable[Answered], text: str, find: Find, now: dt.datetime) -> Plan | None:
    """The plan that a person last chose or mended for this sentence; None where there is none. traces: oldest first.

    The plan is as it ran: whether it still fits the workspace is for the check to say.
    """
    said = _folded(text)
    found: Answered | None = None
    for trace in traces:
        if trace.sentence is not None and trace.status == "done" and _folded(trace.sentence) == said:
            found = trace if _by_a_person(trace) else found
    if found is None or not _timeless(text, find, now):
        return None
    return parse(found.plan).plan


def _by_a_person(trace: Answered) -> bool:
    chosen = trace.planning.get("chosen")
    return bool(trace.corrections) or (isinstance(chosen, int) and chosen > 0)


def _timeless(text: str, find: Find, now: dt.datetime) -> bool:
    """Whether the sentence's values are the same on other days."""
    values = [[(one.start, one.value, one.until) for one in find(text, now)]]
    values += [[(one.start, one.value, one.until) for one in find(text, now + dt.timedelta(n))] for n in _OTHER_DAYS]
    return all(other == values[0] for other in values)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".!? ")
