"""What a person is asked about a sentence: the readings, what tells them apart, and the one that is taken."""

from __future__ import annotations

import io
import sys

import click
import pytest
from deskhand.cli import choosing
from deskhand.plan_yaml import parse
from deskhand.planner import Ask

LIST = parse("steps:\n  - query: select number from ledger.invoices\n").plan
SUM = parse("steps:\n  - query: select sum(amount) from ledger.invoices\n").plan
TWO = Ask("Is this what is meant?", (), LIST, 0.5, (SUM,) if SUM is not None else ())


def test_the_question_shows_the_readings_in_plain_words() -> None:
    text = choosing.question(TWO, {})
    assert text.splitlines()[0] == "Is this what is meant?"
    assert "  1. " in text
    assert "  2. " in text


def test_what_differs_is_marked() -> None:
    first, second = "Look up the number from the table invoices.", "Look up the total amount from the table invoices."
    assert choosing.different([first], [second], color=False) == ["Look up the »number« from the table invoices."]
    assert choosing.different([second], [first], color=False) == ["Look up the »total amount« from the table invoices."]
    assert choosing.different([first, second], [first], color=False) == [first, f"»{second}«"]
    assert choosing.different([first], [first], color=False) == [first]


def test_on_a_terminal_with_colours_what_differs_is_bold() -> None:
    assert choosing.different(["a b"], ["a c"], color=True) == ["a " + click.style("b", bold=True)]


@pytest.mark.parametrize(("typed", "chosen"), [("1\n", 1), ("2\n", 2), ("0\n", 0), ("\n", 0), ("7\n2\n", 2)])
def test_a_reading_is_chosen_by_its_number(monkeypatch: pytest.MonkeyPatch, typed: str, chosen: int) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert choosing.choose(TWO, {}) == chosen


def test_a_question_without_readings_has_nothing_to_choose() -> None:
    assert choosing.choose(Ask("Which month?"), {}) == 0
