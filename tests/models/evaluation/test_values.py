"""Numbers, dates and texts in the forms that people write."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from deskhand_models.evaluation.mails import mentions
from deskhand_models.evaluation.values import Prose, cell, near, same
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,240.50", "1240.5"), ("1240.5", "1240.5"), ("1240.50 EUR", "1240.5"), ("EUR 1,240.50", "1240.5"), ("€1240.50", "1240.5"),
        ("1.240,50 €", "1240.5"), ("1'240.50", "1240.5"), ("1 240,50", "1240.5"), ("(-12.5)", "-12.5"), ("12%", "12"), ("1,240", "1240"),
        ("1.240", "1240"), ("1.240", "1.24"), ("2,400,000", "2400000"), ("it's 7.", "7"), ("7, 8 and 9", "8"), ("due: 45min", "45"),
        ("EUR1240.50", "1240.5"), ("133.33", "133.333333"), ("133.333333", "133.33"), ("4 120 pieces", "120"),
    ],
)  # fmt: skip
def test_numbers_in_usual_forms_are_found(text: str, number: str) -> None:
    assert Prose(text).has_number(Decimal(number))


@pytest.mark.parametrize(
    ("text", "number"), [("R-2041", "2041"), ("L2544", "2544"), ("1240.51", "1240.5"), ("12,50", "1250"), ("125", "12.5"), ("3-5 days", "-5"), ("", "0")]
)  # fmt: skip
def test_other_numbers_are_not(text: str, number: str) -> None:
    assert not Prose(text).has_number(Decimal(number))


@pytest.mark.parametrize(
    "text", ["2026-03-06", "6 March 2026", "March 6, 2026", "6 Mar", "06.03.2026", "03/06/2026", "6/3/26", "the 6th of March", "2026-03-06 14:00", "on 6.3."]
)  # fmt: skip
def test_dates_in_usual_forms_are_found(text: str) -> None:
    assert mentions(Prose(f"It is due {text}."), "2026-03-06")


@pytest.mark.parametrize("text", ["2026-03-07", "6 March 2025", "6 May", "2026-06-30", "6"])
def test_other_dates_are_not(text: str) -> None:
    assert not mentions(Prose(f"It is due {text}."), "2026-03-06")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("See you on 2026-10-05, we are starting then.", "starting 5 October", True),
        ("See you on 2026-10-06, we are starting then.", "starting 5 October", False),
        ("Cancelled: 14 Feb, 7:30 pm", "14 February", True),
        ("Cancelled: 14 Feb, 7:30 pm", "19:30", True),
        ("Cancelled: 14 Feb, 7:00 pm", "19:30", False),
        ("Your call is at 18:45.", "call is 18:45", True),
        ("Nothing to report", "no overspend", False),
        ("NO  overspend!", "no overspend.", True),
        ("L2544 is blocked", "L2544 blocked", True),
        ("L2545 is blocked", "L2544 blocked", False),
        ("Hello Annabel", "Anna", False),
        ("Lantern evening\n4", "4", True),
        ("at 2026-03-06 19:30", "2026-03-06 19:30:00", True),
        ("at 2026-03-06 20:30", "2026-03-06 19:30:00", False),
    ],
)
def test_phrases_and_times(text: str, line: str, said: bool) -> None:
    assert mentions(Prose(text), line) is said


def test_stored_values() -> None:
    assert cell(1) == cell(1.0) == cell("1") == cell(" 1.00 ") == cell(True) == Decimal(1)
    assert cell(0.1 + 0.2) == cell("0.3")
    assert cell("007") == "007"
    assert cell("") is None and cell("  ") is None
    assert cell("2026-03-06") == cell("2026-03-06 00:00:00") == dt.datetime(2026, 3, 6)
    assert cell("2026-02-31") == "2026-02-31"
    assert same("Anna  Berg", "anna berg") and not same("Anna", None)
    assert same(dt.datetime(2026, 3, 6), "6 March 2026") and not same(Decimal(3), "3 pieces")


@given(st.decimals(-(10**9), 10**9, places=4))
def test_a_number_is_near_itself_rounded_to_cents_and_to_no_other_cent(number: Decimal) -> None:
    assert near(cell(number), cell(round(number, 2)))  # type: ignore[arg-type]
    assert not near(cell(number), cell(round(number, 2) + Decimal("0.02")))  # type: ignore[arg-type]


@given(st.decimals(0, 10**7, places=2))
def test_a_number_with_separators_is_found(number: Decimal) -> None:
    english = f"{number:,.2f}"
    for written in (english, english.translate(str.maketrans(",.", ".,")), str(number)):
        assert Prose(f"You owe {written} EUR.").has_number(Decimal(number))
