"""The seam of the planner: a request in words goes in, a proposal comes out, and nothing has happened.

A planner is whatever has `plan(request) -> Proposal`. `known.KnownProcesses` knows the workspace's processes;
`pipeline.Pipeline` asks it first and then a model, whose plans it checks and tries. This module refuses to plan by
itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deskhand.contract import Json
from deskhand.plan import Plan
from deskhand.process import Processes


@dataclass(frozen=True)
class Request:
    """What somebody asked for. now: the run's logical time, naive, in the workspace's zone.

    given: inputs that were given beside the sentence, as texts; a planner needn't ask for these.
    """

    text: str
    processes: Processes
    now: dt.datetime
    given: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Took:
    """What planning took. model: by its name in agent.toml. seconds: wall time. tries: how often the model was asked.

    tokens_in, tokens_out, cost: over all tries; None where the model doesn't tell (the shipped one has neither).
    """

    model: str
    seconds: float
    tries: int = 1
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None

    def to_json(self) -> dict[str, Json]:
        """As a trace keeps it: what isn't known is left out."""
        found: dict[str, Json] = {"model": self.model, "seconds": round(self.seconds, 3), "tries": self.tries}
        known = {"tokens_in": self.tokens_in, "tokens_out": self.tokens_out, "cost": self.cost}
        return found | {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True)
class KnownProcess:
    """The request plainly is this process. inputs: those that the sentence gives, as texts."""

    name: str
    plan: Plan
    file: Path | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Planned:
    """The request is none of the processes and became a plan of its own, which has passed its check.

    probability: that it is the right one, 0 to 1, calibrated. candidates: other readings that passed, the likelier
    first.
    """

    plan: Plan
    probability: float
    candidates: tuple[Plan, ...] = ()
    took: Took | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Ask:
    """The request can be meant in several ways; `question` says which. Nothing has happened.

    plan: the likeliest reading where there is one, to choose or to correct; candidates: the others.
    """

    question: str
    processes: tuple[str, ...] = ()
    plan: Plan | None = None
    probability: float = 0.0
    candidates: tuple[Plan, ...] = ()
    took: Took | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Cannot:
    """The request can't be done; `reason` says why, `mend` what to do. Nothing has happened."""

    reason: str
    mend: str = ""
    processes: tuple[str, ...] = ()
    took: Took | None = field(default=None, compare=False)


Proposal = KnownProcess | Planned | Ask | Cannot


class Planner(Protocol):
    """Turns a request into a proposal. Never raises for what the request says."""

    def plan(self, request: Request) -> Proposal:
        """One proposal; it reads no data of the connections."""
