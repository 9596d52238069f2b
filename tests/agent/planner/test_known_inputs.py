"""Values in a sentence fill the inputs that the words beside them name; where none does, a question is asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from deskhand.inputs import read_inputs
from deskhand.plan import Input, Plan, Query
from deskhand.plan_print import print_plan
from deskhand.planner import Ask, Cannot, KnownProcess, Proposal, Request
from deskhand.planner.known import KnownProcesses, taught
from deskhand.process import Process, Processes
from deskhand_models.literals import literals
from hypothesis import given
from hypothesis import strategies as st

NOW = dt.datetime(2026, 3, 12, 9)


def process(name: str, phrase: str, **inputs: Input) -> Process:
    plan = Plan(process=name, phrases=(phrase,), inputs=inputs, steps=(Query(query="select 1 as one"),))
    return Process(name, Path(f"{name}.yaml"), plan)


def date(**more: str | bool) -> Input:
    return Input.model_validate({"type": "date", **more})


OFFICE = Processes(
    [
        process("export-orders", "export the orders", start=date(optional=True), end=date(optional=True)),
        process("close-day", "close the cash desk", day=date(default="current_date")),
        process("list-orders", "list the orders", month=Input(description="as 2026-03")),
        process(
            "discount",
            "discount old stock",
            rate=Input(type="decimal", default="0.1", description="share of the price"),
            age=Input(type="integer", default="90", description="days in stock"),
        ),
        process("wait", "wait for delivery", patience=Input(type="integer", default="3", description="days")),
        process(
            "compare-months",
            "compare the months",
            base=Input(optional=True, description="as 2026-03"),
            other=Input(optional=True, description="as 2026-03"),
        ),
        process("load-prices", "load the prices", source=Input(default="in/prices.xlsx", description="the workbook")),
        process(
            "pick", "pick samples", size=Input(type="integer", default="5"), label=Input(type="integer", default="1")
        ),
    ]
)


def propose(text: str, given: Mapping[str, str] | None = None) -> Proposal:
    return KnownProcesses(literals).plan(Request(text, OFFICE, NOW, given or {}))


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("export the orders", {}),
        ("export the orders for March", {"start": "2026-03-01", "end": "2026-03-31"}),
        ("export the orders of last week", {"start": "start_of('week', -1)", "end": "end_of('week', -1)"}),
        ("export the orders from 1 Feb to 15 Feb", {"start": "2026-02-01", "end": "2026-02-15"}),
        ("export the orders since yesterday", {"start": "days_ago(1)"}),
        ("export the orders until 2026-03-02", {"end": "2026-03-02"}),
        ("close the cash desk for 2026-03-02", {"day": "2026-03-02"}),
        ("list the orders for February", {"month": "2026-02"}),
        ("list last month's orders", {"month": "2026-02"}),
        ("discount old stock with a rate of 5%", {"rate": "0.05"}),
        ("discount old stock, age 60 days, rate 0.2", {"rate": "0.2", "age": "60"}),
        ("wait for delivery with two weeks", {"patience": "14"}),
        ("compare the months with base January and other February", {"base": "2026-01", "other": "2026-02"}),
        ("load the prices, source in/new.xlsx", {"source": "in/new.xlsx"}),
        ("pick samples of size twelve", {"size": "12"}),
    ],
)
def test_a_value_fills_the_input_that_its_words_mean(text: str, inputs: dict[str, str]) -> None:
    found = propose(text)
    assert isinstance(found, KnownProcess), found
    assert dict(found.inputs) == inputs
    read_inputs(found.plan, found.inputs, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "export the orders over 10",
        "export the orders before March",
        "export the orders not for March",
        "export the orders except for March",
        "close the cash desk for March",
        "list the orders for Q1",
        "list the orders for 2026",
        "list the orders for 3 March",
        "list the orders from 1 Feb to 27 Feb",
        "discount old stock with an age of -5",
        "discount old stock with an age of 10%",
        "discount old stock with an age of 1.5",
        "wait for delivery with two business days",
        "wait for delivery 3 days before",
        "load the prices from in/new.xlsx and in/old.xlsx",
        "pick samples of size 3 euros",
        "pick half the samples",
        "pick samples of size twice",
        "pick samples of size 3 and size 4",
        "pick 3 samples",
    ],
)
def test_a_value_that_fits_no_input_is_no_match(text: str) -> None:
    assert isinstance(propose(text), Cannot), propose(text)


def test_a_value_for_one_of_two_inputs_is_asked_about() -> None:
    found = propose("compare the months for January")
    assert isinstance(found, Ask)
    assert found.processes == ("compare-months",)
    assert "'January' can be base" in found.question and "or other" in found.question


def test_a_needed_input_is_asked_for_by_name_and_description() -> None:
    found = propose("list the orders")
    assert isinstance(found, Ask)
    assert "list-orders needs month (as 2026-03)" in found.question
    assert isinstance(propose("list the orders", {"Month": "2026-01"}), KnownProcess)


def test_without_a_finder_a_value_is_a_strange_word() -> None:
    found = KnownProcesses().plan(Request("export the orders for March", OFFICE, NOW))
    assert isinstance(found, Cannot) and "'march'" in found.reason


@given(st.text(max_size=120))
def test_any_text_beside_a_process_gets_a_proposal(text: str) -> None:
    assert isinstance(propose(f"export the orders {text}"), KnownProcess | Ask | Cannot)


@given(st.sampled_from(["not", "except", "over", "more than", "without", "before", "about"]))
def test_a_word_that_turns_the_value_is_never_passed_over(word: str) -> None:
    assert not isinstance(propose(f"export the orders {word} March"), KnownProcess)
    assert not isinstance(propose(f"discount old stock with a rate of {word} 5%"), KnownProcess)


# ---------------------------------------------------------------- taught sentences


@dataclass(frozen=True)
class Trace:
    sentence: str | None
    plan: str
    status: str = "done"
    corrections: tuple[str, ...] = field(default=())


def test_a_sentence_that_became_a_process_is_its_phrase() -> None:
    plan = print_plan(OFFICE["export-orders"])
    learned = taught([Trace("ship me the order book", plan)], OFFICE, literals, NOW)
    assert learned == {"export-orders": ("ship me the order book",)}
    planner = KnownProcesses(literals, learned)
    for text, inputs in {
        "Please ship me the order book": {},
        "ship me the order book since yesterday": {"start": "days_ago(1)"},
    }.items():
        found = planner.plan(Request(text, OFFICE, NOW))
        assert isinstance(found, KnownProcess) and dict(found.inputs) == inputs
    for text in ("ship me the order", "ship me the old order book", "don't ship me the order book"):
        assert not isinstance(planner.plan(Request(text, OFFICE, NOW)), KnownProcess)


def test_what_went_wrong_or_says_a_value_teaches_nothing() -> None:
    plan = print_plan(OFFICE["export-orders"])
    other = print_plan(OFFICE["export-orders"].model_copy(update={"description": "Another one."}))
    nameless = print_plan(OFFICE["export-orders"].model_copy(update={"process": None}))
    traces = [
        Trace("get the book", plan, status="failed"),
        Trace("get the book", plan, corrections=("x",)),
        Trace("get the book of March", plan),
        Trace(None, plan),
        Trace("get the book", other),
        Trace("get the book", nameless),
        Trace("get the book", "not: a: plan"),
        Trace("get the book " * 40, plan),
    ]
    assert taught(traces, OFFICE, literals, NOW) == {}
