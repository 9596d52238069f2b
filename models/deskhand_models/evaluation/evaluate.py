"""Through a set, case by case: what the planner proposes is run, and what it leaves is judged.

A case ends as
    right      it ran, and the state is one that the gold plans leave
    wrong      it ran, and the state is another: silently wrong
    asked      a question came back (rightly where the case is to be turned down, else wrongly)
    refused    a reason came back, from the planner or from the plan's own `expect`
    invalid    a plan left the planner that fails the check
    failed     the planner or the run broke down

Asking and refusing count alike where the case is to be turned down. It refuses to plan and to run: both are
functions that are handed in, and nothing of the gold plans reaches the planner.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deskhand.errors import DataError

from deskhand_models.evaluation import expected as kept
from deskhand_models.evaluation.bench import Bench, Prepare, Ran, Run
from deskhand_models.evaluation.judge import Outcome, changes_in_words, difference
from deskhand_models.evaluation.sets import Case, Office
from deskhand_models.evaluation.state import State

Ending = Literal["right", "wrong", "asked", "refused", "invalid", "failed"]


@dataclass(frozen=True)
class Proposed:
    """What a planner made of a request.

    decision: what it would do. plan: its best reading as YAML, also where it asks, None where it has none.
    probability: that this reading is right, 0 to 1. says: the question or the reason. seconds: how long it took,
    measured by `evaluate` where it is 0. candidates: its other readings, for the page.
    """

    decision: Literal["plan", "ask", "cannot"]
    plan: str | None = None
    probability: float = 1.0
    says: str = ""
    seconds: float = 0.0
    candidates: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.decision == "plan" and self.plan is None:
            raise ValueError("a planner that decides for a plan has one")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"a probability is between 0 and 1, not {self.probability}")


Propose = Callable[[Case, Path], Proposed]
"""Plans a request in the workspace of a folder, which it may read and must leave as it is."""
Watch = Callable[["Verdict"], None]


@dataclass(frozen=True)
class Verdict:
    """How one case went. if_run: how its best reading ended when it was run; None where there was none.

    difference: what is wrong with what it left, or why it wasn't run, in plain words. gold, left: what the gold plan
    and the other left, a line each.
    """

    case: Case
    proposed: Proposed
    if_run: Ending | None
    difference: str = ""
    gold: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def ending(self, threshold: float | None = None) -> Ending:
        """How it ends: as the planner decides, or where plans count from a probability of `threshold` on."""
        decision = self.proposed.decision
        if self.if_run is None or self.proposed.plan is None:  # nothing was run; a planner that broke down failed
            return self.if_run or ("asked" if decision == "ask" else "refused")
        if threshold is not None and decision != "cannot":
            decision = "plan" if self.proposed.probability >= threshold else "ask"
        return self.if_run if decision == "plan" else "asked" if decision == "ask" else "refused"

    def rightly(self, threshold: float | None = None) -> bool:
        """Whether it ends as it should: right, or turned down where that was to be done."""
        ending = self.ending(threshold)
        return ending == "right" or (self.case.plan is None and ending in ("asked", "refused"))


def evaluate(
    offices: Iterable[Office],
    propose: Propose,
    run: Run,
    folder: Path,
    *,
    prepare: Prepare | None = None,
    wanted: Callable[[Case], bool] = lambda _: True,
    watch: Watch = lambda _: None,
) -> list[Verdict]:
    """Judge the planner on the wanted cases. folder: an empty one for the workspaces.

    Raises DataError for a gold plan that doesn't run, and for a planner that changed a workspace.
    """
    verdicts = []
    for office in offices:
        cases = [case for case in office.cases if wanted(case)]
        if not cases:
            continue
        bench = Bench(office, folder / office.folder.name, run, prepare)
        known = kept.load(office)
        for case in cases:
            golds = known[case.id] if known is not None and case.plan is not None else kept.gold(bench, case)
            verdicts.append(judge_case(bench, case, golds, propose))
            watch(verdicts[-1])
        if not bench.untouched():
            raise DataError(f"planning has changed the workspace {office.name}", mend="A planner may only read.")
    return verdicts


def judge_case(bench: Bench, case: Case, golds: Sequence[Outcome], propose: Propose) -> Verdict:
    """One case: proposed, run and compared with each of its gold outcomes."""
    words = tuple(changes_in_words(bench.first, golds[0])) if golds else ()
    started = time.perf_counter()
    try:
        proposed = propose(case, bench.base)
    except Exception as error:  # whatever a planner raises is its own failure, not the examination's
        nothing = Proposed("ask", None, 0.0, seconds=time.perf_counter() - started)
        return Verdict(case, nothing, "failed", f"the planner broke down: {type(error).__name__}: {error}", words)
    if not proposed.seconds:
        proposed = _timed(proposed, time.perf_counter() - started)
    if proposed.plan is None:
        return Verdict(case, proposed, None, proposed.says, words)
    try:
        ran, outcome = bench.try_out(proposed.plan)
    except Exception as error:
        return Verdict(case, proposed, "failed", f"the run broke down: {type(error).__name__}: {error}", words)
    ending, fault = _judged(bench.first, case, golds, ran, outcome)
    return Verdict(case, proposed, ending, fault, words, tuple(changes_in_words(bench.first, outcome)))


def _judged(first: State, case: Case, golds: Sequence[Outcome], ran: Ran, outcome: Outcome) -> tuple[Ending, str]:
    if ran.problems:
        return "invalid", "\n".join(ran.problems)
    if ran.status in ("refused", "asked"):
        return ("asked" if ran.status == "asked" else "refused"), ran.reason
    if ran.status not in ("done", "done_with_exceptions"):
        return "failed", f"the run is {ran.status.replace('_', ' ')}: {ran.reason}"
    if not golds:
        return "wrong", f"it was to be turned down: {case.why}"
    faults = [difference(first, gold, outcome, case.flags) for gold in golds]
    return ("right", "") if None in faults else ("wrong", faults[0] or "")


def _timed(proposed: Proposed, seconds: float) -> Proposed:
    from dataclasses import replace

    return replace(proposed, seconds=seconds)
