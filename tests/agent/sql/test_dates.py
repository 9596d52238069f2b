"""Business dates against plain Python, over random days."""

from __future__ import annotations

import calendar
import datetime as dt
from typing import Any

import pytest
from deskhand.errors import DataError
from hypothesis import given, settings
from hypothesis import strategies as st

DAYS = st.dates(dt.date(1950, 1, 1), dt.date(2150, 12, 31))
UNITS = ("day", "week", "month", "quarter", "year")
WEEKDAYS = [name.lower() for name in calendar.day_name]


def months_on(day: dt.date, months: int) -> dt.date:
    """The first of the month that many months on."""
    index = day.year * 12 + day.month - 1 + months
    return dt.date(index // 12, index % 12 + 1, 1)


def first_of(unit: str, day: dt.date, shift: int) -> dt.date:
    if unit == "day":
        return day + dt.timedelta(days=shift)
    if unit == "week":
        return day - dt.timedelta(days=day.weekday()) + dt.timedelta(weeks=shift)
    if unit == "month":
        return months_on(day, shift)
    if unit == "quarter":
        return months_on(dt.date(day.year, (day.month - 1) // 3 * 3 + 1, 1), 3 * shift)
    return dt.date(day.year + shift, 1, 1)


def business_days_on(day: dt.date, count: int) -> dt.date:
    """By taking one step after another."""
    step = dt.timedelta(days=1 if count > 0 else -1)
    left = abs(count)
    while left:
        day += step
        if day.weekday() < 5:
            left -= 1
    return day


def one(office: Any, text: str, day: dt.date, **inputs: Any) -> Any:
    now = dt.datetime.combine(day, dt.time(23, 59))
    return office.rows_of(text, inputs, now=now)[0]


@settings(max_examples=40, deadline=None)
@given(day=DAYS, shift=st.integers(-30, 30))
def test_edges_of_units(office: Any, day: dt.date, shift: int) -> None:
    columns = ", ".join(f"start_of('{u}', :s) as s_{u}, end_of('{u}', :s) as e_{u}" for u in UNITS)
    found = one(office, f"select {columns}", day, s=("BIGINT", shift))
    expected: list[dt.date] = []
    for unit in UNITS:
        expected += [first_of(unit, day, shift), first_of(unit, day, shift + 1) - dt.timedelta(days=1)]
    assert list(found) == expected


@settings(max_examples=20, deadline=None)
@given(day=DAYS)
def test_without_shift_it_is_the_unit_of_today(office: Any, day: dt.date) -> None:
    columns = ", ".join(f"start_of('{u}') as s_{u}, end_of('{u}') as e_{u}" for u in UNITS)
    found = one(office, f"select {columns}", day)
    assert all(start <= day <= end for start, end in zip(found[::2], found[1::2], strict=True))


@settings(max_examples=20, deadline=None)
@given(day=DAYS, unit=st.sampled_from(UNITS))
def test_the_unit_may_be_an_input(office: Any, day: dt.date, unit: str) -> None:
    found = one(office, "select start_of(:unit) as s, end_of(:unit, -1) as e", day, unit=("VARCHAR", unit.upper()))
    assert found == (first_of(unit, day, 0), first_of(unit, day, 0) - dt.timedelta(days=1))


def test_a_wrong_unit_in_an_input_is_an_error(office: Any) -> None:
    with pytest.raises(DataError, match="day, week, month, quarter, year"):
        office.rows_of("select start_of(:unit) as s", {"unit": ("VARCHAR", "fortnight")})


@settings(max_examples=40, deadline=None)
@given(day=DAYS)
def test_weekdays_are_strictly_before_and_after(office: Any, day: dt.date) -> None:
    columns = ", ".join(f"last_weekday('{w}') as l_{w}, next_weekday('{w.title()}') as n_{w}" for w in WEEKDAYS)
    found = one(office, f"select {columns}", day)
    for index, (last, coming) in enumerate(zip(found[::2], found[1::2], strict=True)):
        assert last.weekday() == coming.weekday() == index
        assert 1 <= (day - last).days <= 7
        assert 1 <= (coming - day).days <= 7


@settings(max_examples=60, deadline=None)
@given(day=DAYS, count=st.integers(-300, 300))
def test_business_days(office: Any, day: dt.date, count: int) -> None:
    found = one(
        office,
        "select add_business_days(:d, :n) as a, add_business_days(current_date, :n) as b, add_business_days(:d, 0) as c",
        day,
        d=("DATE", day),
        n=("BIGINT", count),
    )
    assert found == (business_days_on(day, count), business_days_on(day, count), day)


def test_business_days_of_a_column(office: Any) -> None:
    text = "select due_date, add_business_days(due_date, 2) as on_, add_business_days(due_date, -id) as back, id from ledger.invoices"
    for due, on, back, id_ in office.rows_of(text):
        assert on == (business_days_on(due, 2) if due else None)
        assert back == (business_days_on(due, -id_) if due else None)


@settings(max_examples=20, deadline=None)
@given(day=DAYS, count=st.integers(-5000, 5000))
def test_days_ago_and_ahead(office: Any, day: dt.date, count: int) -> None:
    found = one(office, "select days_ago(:n) as a, days_ahead(:n) as b", day, n=("BIGINT", count))
    assert found == (day - dt.timedelta(days=count), day + dt.timedelta(days=count))


@settings(max_examples=20, deadline=None)
@given(day=DAYS, months=st.integers(-40, 40))
def test_months_added_to_a_date_keep_the_day_or_end_the_month(office: Any, day: dt.date, months: int) -> None:
    found = one(
        office,
        "select :d + interval (:n) months as x, :d + :n * interval 1 month as y",
        day,
        d=("DATE", day),
        n=("BIGINT", months),
    )
    first = months_on(day, months)
    expected = first.replace(day=min(day.day, calendar.monthrange(first.year, first.month)[1]))
    assert found == (expected, expected)


def test_all_business_dates_are_dates(office: Any) -> None:
    query = office.query(
        "select days_ago(1) as a, days_ahead(1) as b, start_of('week') as c, end_of('year', -1) as d,"
        " last_weekday('friday') as e, next_weekday('monday') as f, add_business_days(current_date, 3) as g, current_date as h"
    )
    assert {c.type for c in query.columns} == {"DATE"}


def test_the_time_of_the_run_counts_not_that_of_the_analysis(office: Any) -> None:
    later = dt.datetime(2027, 1, 1, 12, 30, 15)
    assert office.rows_of("select current_date as d, current_timestamp as t, days_ago(1) as y", now=later) == [
        (dt.date(2027, 1, 1), later, dt.date(2026, 12, 31))
    ]
