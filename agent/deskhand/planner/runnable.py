"""The planner as a LangChain Runnable, for chains and agents that plan office work as one of their parts.

    chain = as_runnable(open_planner(workspace), load_processes(workspace), workspace.now)
    chain.invoke("which invoices are overdue?")["plan"]        # the plan as YAML; nothing has been run
    chain.batch([...]), await chain.ainvoke(...), chain | next_part

What comes out is plain data, so that it can be traced, stored and passed on. LangChain is imported when it is made,
never before. This module refuses to run plans.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from deskhand.contract import Json
from deskhand.errors import UnavailableError, UsageError
from deskhand.plan_print import print_plan
from deskhand.planner import Ask, Cannot, KnownProcess, Planner, Proposal, Request

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from deskhand.process import Processes

    Planning = Runnable[str | Mapping[str, Any], dict[str, Json]]


def as_runnable(planner: Planner, processes: Processes, clock: Callable[[str | None], dt.datetime]) -> Planning:
    """A Runnable from a sentence to a proposal.

    It takes the sentence, or a mapping with `text` and where wanted `now` (ISO, the run's logical time) and `given`
    (inputs by name, as texts). It gives `kind` (process, plan, ask or cannot) and, as far as they are there, `plan`
    (YAML), `process`, `inputs`, `question`, `reason`, `mend`, `probability`, `readings` (YAML), `processes` and
    `took`. clock: a time as text, or None, to the logical time (`Workspace.now`).

    Raises UnavailableError where LangChain isn't installed; invoking raises UsageError for what is no request.
    """
    try:
        from langchain_core.runnables import RunnableLambda
    except ImportError as error:
        raise UnavailableError(
            f"a Runnable needs LangChain, and {error.name} isn't installed", mend="pip install 'deskhand[langchain]'"
        ) from None

    def plan(asked: str | Mapping[str, Any]) -> dict[str, Json]:
        return to_json(planner.plan(_request(asked, processes, clock)))

    return RunnableLambda(plan, name="deskhand planner")


def _request(
    asked: str | Mapping[str, Any], processes: Processes, clock: Callable[[str | None], dt.datetime]
) -> Request:
    given: dict[str, Any] = {"text": asked} if isinstance(asked, str) else {**asked}
    unknown = set(given) - {"text", "now", "given"}
    if unknown or not isinstance(given.get("text"), str):
        wrong = f"it has {', '.join(sorted(unknown))}" if unknown else "it has no text"
        raise UsageError(
            f"this is no request: {wrong}", mend='Give a sentence, or {"text": …, "now": …, "given": {…}}.'
        )
    inputs = {str(name): str(value) for name, value in dict(given.get("given") or {}).items()}
    return Request(given["text"], processes, clock(given.get("now")), inputs)


def to_json(proposal: Proposal) -> dict[str, Json]:
    """A proposal as plain data."""
    found: dict[str, Json] = {"kind": "plan"}
    if isinstance(proposal, KnownProcess):
        return {
            "kind": "process",
            "process": proposal.name,
            "inputs": dict(proposal.inputs),
            "plan": print_plan(proposal.plan),
        }
    if isinstance(proposal, Cannot):
        found |= {"kind": "cannot", "reason": proposal.reason, "mend": proposal.mend}
        found |= {"processes": list(proposal.processes)}
    else:
        found |= {"probability": round(proposal.probability, 4)}
        found |= {"plan": print_plan(proposal.plan) if proposal.plan is not None else None}
        found |= {"readings": [print_plan(plan) for plan in proposal.candidates]}
    if isinstance(proposal, Ask):
        found |= {"kind": "ask", "question": proposal.question, "processes": list(proposal.processes)}
    if proposal.took is not None:
        found |= {"took": proposal.took.to_json()}
    return found
