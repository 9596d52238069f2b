"""A plan made ready: its inputs typed, the plan checked against the catalog, everything it may use at hand.

Preview and run start from here, so that both see the same check. This module refuses to run anything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deskhand.check import Checked, check
from deskhand.contract import Json, Value
from deskhand.errors import ProblemsError
from deskhand.frame import Context
from deskhand.plan import Call, Plan
from deskhand.process import Processes

if TYPE_CHECKING:
    from collections.abc import Callable

    from deskhand.catalog import Catalog
    from deskhand.plan_yaml import Parsed
    from deskhand.preview import StepPreview
    from deskhand.workspace import Workspace

    Called = Callable[[Context, Call, Mapping[str, str]], tuple[Context, Checked]]


@dataclass(frozen=True)
class Request:
    """What is to be run.

    source: what was typed. plan: what it became. name: what to call a plan that names no process. inputs: as
    texts. sentence: the words, where it was words. parsed: where things stand in the plan's file. corrections:
    earlier forms of a plan that the person edited. planning: how a model made the plan (`store.Trace` says which
    keys).
    """

    source: str
    plan: Plan
    name: str
    now: dt.datetime
    inputs: Mapping[str, str] = field(default_factory=dict)
    sentence: str | None = None
    parsed: Parsed | None = None
    corrections: tuple[str, ...] = ()
    planning: Mapping[str, Json] = field(default_factory=dict)


def make_ready(
    plan: Plan,
    inputs: Mapping[str, str],
    catalog: Catalog,
    processes: Processes,
    parsed: Parsed | None = None,
) -> tuple[Context, Checked]:
    """The plan with typed inputs, checked. Raises ProblemsError with everything that is wrong, inputs and plan."""
    from deskhand.inputs import read_inputs

    values: dict[str, Value] | None = None
    wrong: ProblemsError | None = None
    try:
        values = read_inputs(plan, inputs, catalog.now)
    except ProblemsError as error:
        wrong = error
    policy = catalog.workspace.policy
    checked = check(plan, catalog, now=catalog.now, policy=policy, processes=processes, parsed=parsed, inputs=values)
    if wrong is not None:
        seen = {problem.path for problem in checked.problems}
        given = [p for p in wrong.problems if p.path not in seen]  # a wrong default is the plan's own problem
        if not checked.problems:
            raise wrong
        raise ProblemsError([*given, *checked.problems])
    if checked.problems:
        raise ProblemsError(checked.problems)
    assert values is not None
    return Context(plan, catalog, catalog.now, values, policy, processes), checked


def preview(workspace: Workspace, request: Request, processes: Processes) -> tuple[tuple[StepPreview, ...], bool]:
    """What the request would do, and whether the run would stop on the way. Writes nothing.

    Raises ProblemsError where the plan fails its check.
    """
    from deskhand.catalog import Catalog
    from deskhand.preview import Preview

    with Catalog.open(workspace, request.now) as catalog:
        context, checked = make_ready(request.plan, request.inputs, catalog, processes, request.parsed)
        previewed = Preview(context, checked, calling(catalog, processes))
        return previewed.steps(), previewed.stops


def calling(catalog: Catalog, processes: Processes) -> Called:
    """How a preview makes the processes ready that the plan calls."""

    def called(context: Context, step: Call, inputs: Mapping[str, str]) -> tuple[Context, Checked]:
        return make_ready(processes[step.process], inputs, catalog, processes)

    return called
