"""Literals of a request: every form that people type, what is no literal, offsets, speed."""

from __future__ import annotations

from datetime import datetime

import pytest
from deskhand_models.literals import literals

NOW = datetime(2026, 3, 11, 9, 30)


@pytest.mark.parametrize(
    ("text", "words", "kind", "value", "until"),
    [
        ("over 10k", "10k", "number", "10000", ""),
        ("raise by 5%", "5%", "percent", "0.05", ""),
        ("by end of next month", "end of next month", "date", "end_of('month', 1)", ""),
        ("for Q3 2025", "Q3 2025", "period", "date '2025-07-01'", "date '2025-09-30'"),
        ("older than two weeks", "two weeks", "days", "14", ""),
    ],
)
def test_a_form(text: str, words: str, kind: str, value: str, until: str) -> None:
    found = [(text[one.start : one.end], one.kind, one.value, one.until) for one in literals(text, NOW)]
    assert (words, kind, value, until) in found
