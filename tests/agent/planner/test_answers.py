"""The same sentence again: the plan that a person chose for it, and nobody else's."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from deskhand.plan_yaml import parse
from deskhand.planner.answers import answered
from deskhand.store import Trace
from deskhand_models.literals import literals

NOW = dt.datetime(2026, 3, 12, 9)
FIRST = "steps:\n  - query: select number from ledger.invoices\n"
SECOND = "steps:\n  - query: select amount from ledger.invoices\n"
CHOSEN = Trace("1", "x", "invoices over 10k", FIRST, "", "done", planning={"chosen": 1})


def test_the_newest_answer_holds() -> None:
    newer = replace(CHOSEN, plan=SECOND)
    assert answered([CHOSEN, newer], " Invoices  over 10k. ", literals, NOW) == parse(SECOND).plan
    assert answered([newer, CHOSEN], "invoices over 10k", literals, NOW) == parse(FIRST).plan


def test_a_plan_that_was_mended_is_an_answer() -> None:
    mended = replace(CHOSEN, planning={}, corrections=(SECOND,))
    assert answered([mended], "invoices over 10k", literals, NOW) == parse(FIRST).plan


@pytest.mark.parametrize(
    "other",
    [
        replace(CHOSEN, planning={}),
        replace(CHOSEN, planning={"chosen": 0}),
        replace(CHOSEN, status="failed"),
        replace(CHOSEN, sentence="invoices over 11k"),
        replace(CHOSEN, sentence=None),
        replace(CHOSEN, plan="steps: 3"),
    ],
)
def test_what_is_no_answer(other: Trace) -> None:
    assert answered([other], "invoices over 10k", literals, NOW) is None


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("invoices due on 3 May", False),
        ("invoices since March", False),
        ("invoices since last Friday", True),
        ("invoices of the last 30 days over 1.250,00 €", True),
    ],
)
def test_a_sentence_whose_values_change_with_the_day_is_planned_anew(text: str, holds: bool) -> None:
    assert (answered([replace(CHOSEN, sentence=text)], text, literals, NOW) is not None) is holds
