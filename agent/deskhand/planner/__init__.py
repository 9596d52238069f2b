"""The seam of the planner: a request in words goes in, a proposal comes out, and nothing has happened.

A planner is whatever has `plan(request) -> Proposal`. `known.KnownProcesses` is the one there is: it runs what
plainly is one of the workspace's processes. This module refuses to plan by itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deskhand.plan import Plan
from deskhand.process import Processes


@dataclass(frozen=True)
class Request:
    """What somebody asked for. now: the run's logical time, naive, in the workspace's zone."""

    text: str
    processes: Processes
    now: dt.datetime


@dataclass(frozen=True)
class KnownProcess:
    """The request plainly is this process. inputs: those that the sentence gives, as texts."""

    name: str
    plan: Plan
    file: Path | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ask:
    """The request can be meant in several ways; `question` says which. Nothing has happened."""

    question: str
    processes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cannot:
    """The request can't be done; `reason` says why, `mend` what to do. Nothing has happened."""

    reason: str
    mend: str = ""
    processes: tuple[str, ...] = ()


Proposal = KnownProcess | Ask | Cannot


class Planner(Protocol):
    """Turns a request into a proposal. Never raises for what the request says."""

    def plan(self, request: Request) -> Proposal:
        """One proposal; it reads no data of the connections."""
