"""Literals of a request: every form that people type, what is no literal, offsets, speed."""

from __future__ import annotations

import re
import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from deskhand_models.literals import Literal, literals
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 3, 11, 9, 30)  # a Wednesday

# A line of literal_forms.txt: the words between braces are a literal of this kind and value; `none`: nothing has
# exactly these words. \u00a0 and \u202f are spaces that nobody sees.
FORMS = (Path(__file__).parent / "literal_forms.txt").read_text(encoding="utf-8")
FORMS = FORMS.replace("\\u00a0", "\u00a0").replace("\\u202f", "\u202f")
CASES = [line for line in FORMS.splitlines() if line and not line.startswith("# ")]
SQL = re.compile(
    r"current_date|date '[0-9]{4}-[0-9]{2}-[0-9]{2}'|days_(?:ago|ahead)\([0-9]+\)|(?:last|next)_weekday\('[a-z]+day'\)|"
    r"(?:start|end)_of\('(?:week|month|quarter|year)'(?:, -?[12])?\)|add_business_days\(current_date, -?[0-9]+\)"
)
PIECES = re.findall(
    r"\S+",
    "last next this past the of on by since between and to from in a an half two hundred thousand million dozen 3 9 10k "
    "2026 5% € EUR days weeks month quarter year March may Friday fri Q3 H1 1st 15th ago today yesterday end start week "
    "1,250.00 1.250,00 3/3 2026-03-03 INV-2041 a@b.example x.csv - – . , ' \" / 00 million business day until İ ſ",
)


def all_of(text: str, now: datetime = NOW) -> set[tuple[str, str, str, str]]:
    return {(text[one.start : one.end], one.kind, one.value, one.until) for one in literals(text, now)}


def sound(one: Literal, text: str) -> bool:
    if one.kind in ("number", "percent", "days", "business_days"):
        Decimal(one.value)
        return "e" not in one.value.lower() and not one.until
    if one.kind in ("email", "file"):
        return one.value == text[one.start : one.end]
    ends = [one.value] if one.kind == "date" else [one.value, one.until]
    for end in ends:
        if end.startswith("date"):
            date.fromisoformat(end[6:16])
    return all(SQL.fullmatch(end) for end in ends) and (one.kind == "period") == bool(one.until)


@pytest.mark.parametrize("case", CASES)
def test_a_form(case: str) -> None:
    marked, kind, *values = (part.strip() for part in case.split("|"))
    start, end = marked.index("{"), marked.index("}") - 1
    text = marked.replace("{", "").replace("}", "")
    found = [one for one in literals(text, NOW) if (one.start, one.end) == (start, end)]
    if kind == "none":
        assert not found
    else:
        wanted = (kind, values[0], values[1] if len(values) > 1 else "")
        assert wanted in [(one.kind, one.value, one.until) for one in found]


def test_there_are_many_forms() -> None:
    assert len(CASES) >= 250


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("3.000", ["3000", "3.000"]),
        ("1,250", ["1250", "1.250"]),
        ("3,000.00", ["3000.00"]),
        ("by Friday", ["next_weekday('friday')", "last_weekday('friday')"]),
        ("since Friday", ["last_weekday('friday')", "next_weekday('friday')"]),
        ("last Friday", ["last_weekday('friday')"]),
    ],
)
def test_the_likelier_reading_comes_first(text: str, values: list[str]) -> None:
    assert [one.value for one in literals(text, NOW) if one.kind in ("number", "date")] == values


@pytest.mark.parametrize(
    ("now", "text", "value"),
    [
        (datetime(2026, 1, 5), "24 December", "date '2025-12-24'"),
        (datetime(2025, 12, 20), "24 December", "date '2025-12-24'"),
        (datetime(2025, 12, 28), "2 January", "date '2026-01-02'"),
        (datetime(2025, 12, 28), "since 2 January", "date '2025-01-02'"),
        (datetime(2025, 12, 28), "by 5 May", "date '2026-05-05'"),
        (datetime(2024, 2, 29), "29 February", "date '2024-02-29'"),
        (datetime(2026, 3, 31), "by the 15th", "date '2026-04-15'"),
        (datetime(2026, 12, 31), "the 1st of next month", "date '2027-01-01'"),
    ],
)
def test_a_date_without_its_year(now: datetime, text: str, value: str) -> None:
    assert next(one.value for one in literals(text, now) if one.kind == "date") == value


def test_sorted_by_start_and_longest_first() -> None:
    found = literals("between 3 and 9 March, the last 30 days, 5% of €1.2k to a@b.example in x.csv", NOW)
    assert [(one.start, -one.end) for one in found] == sorted((one.start, -one.end) for one in found)
    assert len(set(found)) == len(found) > 15


def test_one_sentence_wholly() -> None:
    assert all_of("mail anna@x.example the top 5 of last month") == {
        ("anna@x.example", "email", "anna@x.example", ""),
        ("5", "number", "5", ""),
        ("last month", "period", "start_of('month', -1)", "end_of('month', -1)"),
    }


TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
)


@given(TEXTS, st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2090, 12, 31)))
def test_any_text(text: str, now: datetime) -> None:
    for one in literals(text, now):
        assert 0 <= one.start < one.end <= len(text)
        assert text[one.start : one.end] == text[one.start : one.end].strip()
        assert sound(one, text), one


@given(st.decimals(min_value=0, max_value=10**9, places=2), st.sampled_from([",.", ".,", " ,", "',", "'."]))
def test_a_formatted_number_is_read_back(number: Decimal, marks: str) -> None:
    written = f"{number:,.2f}".translate({ord(","): marks[0], ord("."): marks[1]})
    found = [one for one in literals(f"over {written} please", NOW) if one.end - one.start == len(written)]
    assert [Decimal(one.value) for one in found] == [number]


@given(st.dates(min_value=date(1950, 1, 1), max_value=date(2050, 12, 31)))
def test_a_formatted_date_is_read_back(day: date) -> None:
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%d %B %Y", "%B %d, %Y", "%d-%b-%Y", "%a, %d %b %Y"):
        written = day.strftime(form)
        assert (written, "date", f"date '{day.isoformat()}'", "") in all_of(f"since {written}"), written


REPEATED = ["1", "1,", "1.", "1 111 ", "one ", "one and ", "a", "a.", "a@", "x@a.", "3 March ", "may ", "2026 ", "1-2 "]
REPEATED += ["3/3/26 ", "/a", ".csv ", "'", '"a.csv ', "friday ", "İ", "3 March to ", "Q3 to Q4 ", " ", "point five "]


@pytest.mark.parametrize("piece", REPEATED)
def test_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        started = time.process_time()
        literals(text, NOW)
        return time.process_time() - started

    assert seconds(50_000) < max(2.0, 40 * seconds(5_000))


def test_an_ordinary_request_is_quick() -> None:
    text = (
        "Please send everyone in sales with more than 10k of open invoices from last month a friendly reminder by Friday, "
        "cc anna@x.example, and attach the list as reports/open.xlsx, 3 March, 5% off"
    )
    literals(text, NOW)
    best = []
    for _ in range(20):
        started = time.process_time()
        literals(text, NOW)
        best.append(time.process_time() - started)
    assert min(best) < 0.003  # a millisecond is meant; a loaded machine gets three
