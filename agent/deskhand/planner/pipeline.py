"""From a sentence to a checked plan: known processes first, then a model's readings, checked, tried and weighed.

    planner = Pipeline(workspace, model)
    proposal = planner.plan(Request(text, processes, now))

Every plan that leaves here has passed the checker. Its queries are pure, so they are run before anybody is asked:
nothing found where something was expected, or rows that an act couldn't take, speak against a reading. What it is
worth in the end is a probability; above `sure` it is a plan, below it a question with the readings.

This module refuses to let data near the model: what trying finds changes a reading's weight and never its words.
"""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from deskhand.errors import DeskhandError, ProblemsError
from deskhand.planner import Ask, Cannot, KnownProcess, Planned, Proposal, Request, Took
from deskhand.planner.known import KnownProcesses

if TYPE_CHECKING:
    from deskhand.catalog import Catalog
    from deskhand.plan import Plan
    from deskhand.preview import StepPreview
    from deskhand.workspace import Workspace

MAX_REQUEST = 1000
"""Characters of a request; a longer one is a document."""

EVIDENCE = (
    "score",
    "mean",
    "weakest",
    "margin",
    "unsaid",
    "length",
    "agreement",
    "empty",
    "exceptions",
    "stopped",
    "refusal",
)
"""The figures by which a reading is weighed, in the order in which calibration.json names them."""


class Reading(Protocol):
    """One way to understand a request: a plan, or a question, or a reason."""

    @property
    def plan(self) -> Plan | None:
        """The plan, unless it is a question or a reason."""

    @property
    def question(self) -> str:
        """What to ask back."""

    @property
    def reason(self) -> str:
        """Why it can't be done."""

    @property
    def score(self) -> float:
        """Its log-probability."""

    @property
    def took(self) -> Took | None:
        """What writing it took, where the model tells."""

    @property
    def evidence(self) -> Mapping[str, float]:
        """What the model knows about it, by the names of EVIDENCE."""


class Model(Protocol):
    """What writes plans. name: as agent.toml names it."""

    @property
    def name(self) -> str: ...

    @property
    def calibration(self) -> Any:
        """weights (by EVIDENCE's names, and `bias`), sure, ask."""

    def readings(self, request: str, now: dt.datetime, catalog: Any, beams: int = 6) -> Sequence[Reading]:
        """The likeliest readings, the likeliest first."""


@dataclass(frozen=True)
class Weighed:
    """A reading that passed its check, with all that speaks for and against it."""

    reading: Reading
    evidence: Mapping[str, float]
    probability: float


class Pipeline:
    """The whole planner of one workspace.

    known: what finds the sentences that are processes. answers: the plan that a person chose for the same words
    before, where there is one.
    """

    def __init__(
        self,
        workspace: Workspace,
        model: Model,
        known: KnownProcesses | None = None,
        answers: Callable[[Request], Plan | None] = lambda _: None,
    ) -> None:
        self.workspace = workspace
        self.model = model
        self.known = known or KnownProcesses()
        self.answers = answers

    def plan(self, request: Request) -> Proposal:
        """One proposal. Never raises for what the request says; UnavailableError where the model can't be loaded."""
        text = " ".join(request.text.split())
        if not any(letter.isalnum() for letter in text):
            return Cannot("the request is empty", 'Say what shall be done: agent run "which invoices are overdue?"')
        if len(text) > MAX_REQUEST:
            return Cannot(
                f"the request has {len(text)} characters, and a request has at most {MAX_REQUEST}",
                "Say in a few sentences what shall be done; put data into a file or a mail.",
            )
        known = self.known.plan(request)
        if isinstance(known, KnownProcess):
            return known
        answer = self.answers(request)
        if answer is not None and self._passes(answer, request):
            return Planned(answer, 1.0)
        return self._planned(Request(text, request.processes, request.now, request.given), known)

    def weighed(self, request: Request) -> list[Weighed]:
        """The readings that passed their check, the likeliest first."""
        return self._read(request)[0]

    def _read(self, request: Request) -> tuple[list[Weighed], Took]:
        """The readings, and what it took to get and weigh them."""
        from deskhand.catalog import Catalog

        start = time.monotonic()
        with Catalog.open(self.workspace, request.now) as catalog:
            readings = self.model.readings(request.text, request.now, catalog)
            passed = [(reading, self._tried(reading, catalog, request)) for reading in readings]
        kept = [(reading, tried) for reading, tried in passed if tried is not None]
        total = _log_sum([reading.score for reading, _ in kept])
        found = []
        for reading, tried in kept:
            evidence = {**reading.evidence, **tried, "agreement": math.exp(reading.score - total)}
            found.append(Weighed(reading, evidence, probability(evidence, self.model.calibration.weights)))
        took = _together(self.model.name, time.monotonic() - start, [one.took for one in readings if one.took])
        return sorted(found, key=lambda one: -one.probability), took

    def _planned(self, request: Request, known: Proposal) -> Proposal:
        found, took = self._read(request)
        near = known.processes if isinstance(known, Ask | Cannot) else ()
        plans = [one for one in found if one.reading.plan is not None]
        if not found:
            return Ask(
                "I can't tell what is meant. Say it with the names of the tables here (agent catalog).", near, took=took
            )
        best = found[0]
        others = tuple(one.reading.plan for one in plans if one is not best and one.reading.plan is not None)
        limits = self.model.calibration
        if best.reading.plan is None:
            if best.reading.reason:
                return Cannot(best.reading.reason, _nearest(near), near, took)
            return Ask(best.reading.question, near, plans[0].reading.plan if plans else None, 0.0, others, took)
        if best.probability >= limits.sure:
            return Planned(best.reading.plan, best.probability, others, took)
        if best.probability >= limits.ask:
            return Ask("Is this what is meant?", near, best.reading.plan, best.probability, others, took)
        question = "I am not sure what is meant. Say it in other words, with the names of the tables here."
        return Ask(question, near, best.reading.plan, best.probability, others, took)

    # ------------------------------------------------------------ checking and trying

    def _passes(self, plan: Plan, request: Request) -> bool:
        """Whether a plan of earlier still fits what is here."""
        from deskhand.catalog import Catalog
        from deskhand.ready import make_ready

        with Catalog.open(self.workspace, request.now) as catalog:
            try:
                make_ready(plan, {}, catalog, request.processes)
            except ProblemsError:
                return False
        return True

    def _tried(self, reading: Reading, catalog: Catalog, request: Request) -> dict[str, float] | None:
        """What trying a reading found; None where it fails its check."""
        from deskhand.preview import Preview
        from deskhand.ready import calling, make_ready

        nothing = {"empty": 0.0, "exceptions": 0.0, "stopped": 0.0, "refusal": 0.0}
        if reading.plan is None:
            return {**nothing, "refusal": 1.0}
        try:
            context, checked = make_ready(reading.plan, {}, catalog, request.processes)
        except ProblemsError:
            return None
        try:
            previewed = Preview(context, checked, calling(catalog, request.processes))
            return {**nothing, **_speaks(previewed.steps(), stops=previewed.stops)}
        except DeskhandError:
            return {**nothing, "stopped": 1.0}


def probability(evidence: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The calibrated probability that a reading is right: a logistic regression on its evidence."""
    total = weights.get("bias", 0.0) + sum(weights.get(name, 0.0) * evidence.get(name, 0.0) for name in EVIDENCE)
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def _speaks(steps: Sequence[StepPreview], *, stops: bool) -> dict[str, float]:
    """What a preview says about a plan: queries without rows, rows that can't be taken, a run that would stop."""
    empty = [step for step in steps if step.kind == "query" and step.rows == 0]
    queries = [step for step in steps if step.kind == "query"]
    changes = [change for step in steps for change in step.changes]
    refused = [change for change in changes if change.state == "exception"]
    return {
        "empty": len(empty) / len(queries) if queries else 0.0,
        "exceptions": len(refused) / len(changes) if changes else 0.0,
        "stopped": float(stops),
    }


def _together(model: str, seconds: float, took: Sequence[Took]) -> Took:
    """One account of several answers."""

    def total(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) if known else None

    tokens_in, tokens_out = total([one.tokens_in for one in took]), total([one.tokens_out for one in took])
    return Took(
        model,
        seconds,
        max([1, *(one.tries for one in took)]),
        None if tokens_in is None else int(tokens_in),
        None if tokens_out is None else int(tokens_out),
        total([one.cost for one in took]),
    )


def _log_sum(scores: Sequence[float]) -> float:
    if not scores:
        return 0.0
    most = max(scores)
    return most + math.log(sum(math.exp(score - most) for score in scores))


def _nearest(names: Sequence[str]) -> str:
    return f"Processes here: {', '.join(names)}." if names else "agent catalog shows what is here."
