"""The planner in a LangChain chain."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys

import pytest
from deskhand.errors import UnavailableError, UsageError
from deskhand.plan_yaml import parse
from deskhand.planner import Ask, Cannot, KnownProcess, Planned, Proposal, Request, Took
from deskhand.planner.runnable import as_runnable, to_json
from deskhand.process import Processes

PLAN = parse("steps:\n  - query: select number from ledger.invoices\n").plan
assert PLAN is not None
NOW = dt.datetime(2026, 3, 12, 9)


class Planner:
    def __init__(self, proposal: Proposal) -> None:
        self.proposal, self.asked = proposal, list[Request]()

    def plan(self, request: Request) -> Proposal:
        self.asked.append(request)
        return self.proposal


def clock(text: str | None) -> dt.datetime:
    return NOW if text is None else dt.datetime.fromisoformat(text)


def test_a_sentence_becomes_a_proposal_in_a_chain() -> None:
    planner = Planner(Planned(PLAN, 0.912345))
    chain = as_runnable(planner, Processes([]), clock) | (lambda found: found["plan"])
    assert parse(chain.invoke("list the invoices")).plan == PLAN
    assert asyncio.run(chain.ainvoke("list the invoices")) == chain.invoke("list the invoices")
    assert chain.batch(["a", "b"]) == [chain.invoke("a")] * 2
    assert planner.asked[0].text == "list the invoices"
    assert planner.asked[0].now == NOW


def test_a_request_may_say_its_time_and_inputs() -> None:
    planner = Planner(Cannot("no"))
    as_runnable(planner, Processes([]), clock).invoke({"text": "x", "now": "2026-05-01", "given": {"month": 5}})
    assert planner.asked[0].now == dt.datetime(2026, 5, 1)
    assert planner.asked[0].given == {"month": "5"}


@pytest.mark.parametrize("wrong", [{"sentence": "x"}, {"text": 3}, {}])
def test_what_is_no_request_is_said(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="this is no request"):
        as_runnable(Planner(Cannot("no")), Processes([]), clock).invoke(wrong)


def test_every_proposal_becomes_plain_data() -> None:
    took = Took("local", 0.25)
    assert to_json(KnownProcess("p", PLAN, inputs={"month": "2026-03"}))["inputs"] == {"month": "2026-03"}
    assert to_json(Planned(PLAN, 0.91, (PLAN,), took)).keys() == {"kind", "probability", "plan", "readings", "took"}
    assert to_json(Ask("which?", ("p",)))["question"] == "which?"
    assert to_json(Ask("which?", ("p",)))["plan"] is None
    assert to_json(Cannot("no", "do that", ("p",))) == {
        "kind": "cannot", "reason": "no", "mend": "do that", "processes": ["p"],
    }  # fmt: skip


def test_without_langchain_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain_core.runnables", None)
    with pytest.raises(UnavailableError, match="isn't installed"):
        as_runnable(Planner(Cannot("no")), Processes([]), clock)
