"""Exact arithmetic against Python's decimal, and the types that expressions have."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

import pytest
from deskhand.errors import DataError
from deskhand.sql import UNROUNDED_SCALE
from hypothesis import given, settings
from hypothesis import strategies as st

TENTH = Decimal(1).scaleb(-UNROUNDED_SCALE)
MONEY = st.decimals(Decimal("-9999999999999999.99"), Decimal("9999999999999999.99"), places=2)
SMALL = st.decimals(Decimal("-99999999.99"), Decimal("99999999.99"), places=2)
RATE = st.decimals(Decimal("-999.999999"), Decimal("999.999999"), places=6)
WHOLE = st.integers(-(10**17), 10**17)


def exactly(a: Decimal | int, b: Decimal | int) -> Decimal | None:
    if b == 0:
        return None
    with localcontext() as context:
        context.prec = 80
        return (Decimal(a) / Decimal(b)).quantize(TENTH, ROUND_HALF_EVEN)


def value(office: Any, text: str, **inputs: Any) -> Any:
    return office.rows_of(f"select {text} as x", inputs)[0][0]


@settings(max_examples=80, deadline=None)
@given(a=MONEY, b=MONEY)
def test_division_of_money(office: Any, a: Decimal, b: Decimal) -> None:
    assert value(office, ":a / :b", a=("DECIMAL(18,2)", a), b=("DECIMAL(18,2)", b)) == exactly(a, b)


@settings(max_examples=40, deadline=None)
@given(a=WHOLE, b=WHOLE, c=RATE)
def test_division_of_integers_and_rates(office: Any, a: int, b: int, c: Decimal) -> None:
    whole = {"a": ("BIGINT", a), "b": ("BIGINT", b)}
    assert value(office, ":a / :b", **whole) == exactly(a, b)
    assert value(office, ":a / :c", a=("BIGINT", a), c=("DECIMAL(9,6)", c)) == exactly(a, c)
    assert value(office, ":c / :a", a=("BIGINT", a), c=("DECIMAL(9,6)", c)) == exactly(c, a)


@settings(max_examples=40, deadline=None)
@given(a=MONEY, b=SMALL.filter(bool), c=SMALL.filter(bool))
def test_division_of_a_quotient(office: Any, a: Decimal, b: Decimal, c: Decimal) -> None:
    first = exactly(a, b)
    assert first is not None
    inputs = {n: ("DECIMAL(18,2)", v) for n, v in (("a", a), ("b", b), ("c", c))}
    assert value(office, ":a / :b / :c", **inputs) == exactly(first, c)


@settings(max_examples=40, deadline=None)
@given(a=SMALL, b=SMALL)
def test_whole_quotients_and_rests(office: Any, a: Decimal, b: Decimal) -> None:
    inputs = {"a": ("DECIMAL(18,2)", a), "b": ("DECIMAL(18,2)", b)}
    found = office.rows_of("select :a // :b as q, :a % :b as r, mod(:a, :b) as m", inputs)[0]
    if b == 0:
        assert found == (None, None, None)
    else:
        rest = a % b  # Python's Decimal, as SQL, takes the sign of the dividend
        assert found == (int((a - rest) / b), rest, rest)


@settings(max_examples=40, deadline=None)
@given(a=SMALL, b=RATE, c=SMALL)
def test_products_are_exact(office: Any, a: Decimal, b: Decimal, c: Decimal) -> None:
    inputs = {"a": ("DECIMAL(18,2)", a), "b": ("DECIMAL(9,6)", b), "c": ("DECIMAL(18,2)", c)}
    with localcontext() as context:
        context.prec = 80
        assert value(office, ":a * :b * :c", **inputs) == a * b * c


@settings(max_examples=25, deadline=None)
@given(values=st.lists(st.one_of(st.none(), SMALL), min_size=1, max_size=12))
def test_sums_and_averages(office: Any, values: list[Decimal | None]) -> None:
    rows = ", ".join(f"({'null' if v is None else v}::decimal(18,2))" for v in values)
    text = f"select sum(x), avg(x), count(x), avg(x) filter (where x > 0) as p, sum(x) / count(*) as q from (values {rows}) as t(x)"
    found = office.rows_of(text)[0]
    there = [v for v in values if v is not None]
    positive = [v for v in there if v > 0]
    total = sum(there, Decimal(0)) if there else None
    assert found == (
        total,
        exactly(total, len(there)) if total is not None else None,
        len(there),
        exactly(sum(positive, Decimal(0)), len(positive)) if positive else None,
        exactly(total, len(values)) if total is not None else None,
    )


@settings(max_examples=25, deadline=None)
@given(values=st.lists(SMALL, min_size=1, max_size=9))
def test_median(office: Any, values: list[Decimal]) -> None:
    import statistics

    rows = ", ".join(f"({v}::decimal(18,2))" for v in values)
    assert office.rows_of(f"select median(x) as m from (values {rows}) as t(x)") == [(statistics.median(values),)]


TYPES = [
    ("amount / 3", "DECIMAL(38,10)"),
    ("id / 3", "DECIMAL(38,10)"),
    ("1 / 3", "DECIMAL(38,10)"),
    ("amount / 3 * 100", "DECIMAL(38,10)"),
    ("amount * 0.19", "DECIMAL(38,4)"),
    ("amount * 2", "DECIMAL(38,2)"),
    ("amount + 1", "DECIMAL(19,2)"),
    ("round(amount / 3, 2)", "DECIMAL(38,2)"),
    ("round(amount, 1)", "DECIMAL(18,1)"),
    ("round(amount, :n)", "DECIMAL(18,2)"),
    ("amount::double / 3", "DOUBLE"),
    ("id // 3", "BIGINT"),
    ("amount // 3", "BIGINT"),
    ("id + 1", "BIGINT"),
    ("due_date + 1", "DATE"),
    ("1 + due_date", "DATE"),
    ("due_date + id", "DATE"),
    ("due_date + interval 1 day", "DATE"),
    ("due_date - interval '2 weeks'", "DATE"),
    ("due_date + interval (id) months", "DATE"),
    ("due_date + 2 * interval 1 year", "DATE"),
    ("interval 1 day + due_date", "DATE"),
    ("due_date + (interval 1 day + interval 1 month)", "DATE"),
    ("due_date + to_days(3)", "DATE"),
    ("date_add(due_date, interval 1 month)", "DATE"),
    ("due_date + interval 1 hour", "TIMESTAMP"),
    ("due_date + interval '1 day 2 hours'", "TIMESTAMP"),
    ("due_date - due_date", "BIGINT"),
    ("date_trunc('week', due_date)", "DATE"),
    ("date_trunc('hour', due_date)", "TIMESTAMP"),
    ("last_day(due_date)", "DATE"),
    ("due_date::timestamp", "TIMESTAMP"),
    ("null", "NULL"),
    ("coalesce(null, amount)", "DECIMAL(18,2)"),
    ("case when id > 1 then amount else 0 end", "DECIMAL(18,2)"),
    ("10.5", "DECIMAL(3,1)"),
    ("number || id", "VARCHAR"),
    ("id > 1", "BOOLEAN"),
]
AGGREGATES = [
    ("count(*)", "BIGINT"),
    ("count(distinct number)", "BIGINT"),
    ("sum(id)", "BIGINT"),
    ("sum(amount)", "DECIMAL(38,2)"),
    ("sum(case when id > 1 then 1 else 0 end)", "BIGINT"),
    ("sum(id) filter (where id > 1)", "BIGINT"),
    ("avg(id)", "DECIMAL(38,10)"),
    ("avg(amount)", "DECIMAL(38,10)"),
    ("mean(amount)", "DECIMAL(38,10)"),
    ("median(amount)", "DECIMAL(38,10)"),
    ("count_if(id > 1)", "BIGINT"),
    ("max(due_date)", "DATE"),
    ("sum(sum(id)) over ()", "BIGINT"),
    ("max(amount) - min(amount)", "DECIMAL(19,2)"),
]


@pytest.mark.parametrize(("text", "expected"), TYPES + AGGREGATES)
def test_types(office: Any, text: str, expected: str) -> None:
    query = office.query(f"select {text} as x from ledger.invoices", {"n": "BIGINT"})
    assert query.columns[0].type == expected


@pytest.mark.parametrize(
    "text", ["sum(id) over (order by id rows 1 preceding)", "avg(amount) over (partition by vendor_id)"]
)
def test_aggregates_over_windows_are_exact_too(office: Any, text: str) -> None:
    query = office.query(f"select {text} as x from ledger.invoices")
    assert query.columns[0].type in ("BIGINT", "DECIMAL(38,10)")


def test_rounding_to_an_inputs_places(office: Any) -> None:
    assert value(office, "round(2.345, :n)", n=("BIGINT", 2)) == Decimal("2.35")
    assert value(office, "round(2.345, :n)", n=("BIGINT", 0)) == Decimal(2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sum(9223372036854775807) from (values (1), (2))", "can't be converted|too large"),
        ("9223372036854775807 * id from ledger.invoices", "too large"),
        ("99999999999999999999.99 * 99999999999999999999.99", "too large"),
        ("'R-1'::integer", "can't be converted"),
        ("number::date from ledger.invoices", "can't be converted"),
        ("(select id from ledger.invoices)", "more than one row"),
        ("170141183460469231731687303715884105727", "isn't BIGINT"),
    ],
)
def test_what_doesnt_fit_is_an_error_never_a_wrong_value(office: Any, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        office.rows_of(f"select {text}")
    assert "_deskhand" not in str(caught.value)
    assert "LINE" not in str(caught.value)


def test_an_untyped_null_in_every_row(office: Any) -> None:
    found = office.table_of("select id, null as note from ledger.vendors")
    assert str(found.schema.field("note").type) == "null"
    assert found.column("note").to_pylist() == [None, None, None]


def test_naive_timestamps(office: Any) -> None:
    text = "select date, date at time zone 'UTC' as z from mail.inbox where id = 'm1'"
    assert office.rows_of(text) == [(dt.datetime(2026, 3, 10, 8, 15), dt.datetime(2026, 3, 10, 8, 15))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1235.64 / 7 || ' EUR'", "176.52 EUR"),
        ("'EUR ' || (1235.64 / 7) || '!'", "EUR 176.52!"),
        ("cast(1235.64 / 7 as varchar)", "176.52"),
        ("(2 / 3)::text", "0.67"),
        ("(1 / 200)::varchar", "0.01"),
        ("(-1 / 200)::varchar", "-0.01"),
        ("try_cast(2 / 3 as varchar)", "0.67"),
        ("concat('about ', 2 / 3)", "about 0.67"),
        ("concat_ws('; ', 2 / 3, 'x', 0.5)", "0.67; x; 0.5"),
        ("round(2 / 3, 4) || ''", "0.6667"),
        ("12.3456 || ''", "12.3456"),
        ("null / 3 || ''", None),
        ("(2 / 3)::decimal(38,4)::varchar", "0.6667"),
    ],
)
def test_a_division_made_text_is_rounded_there(office: Any, text: str, expected: str | None) -> None:
    assert value(office, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("string_agg(x / 3, '|')", "0.67|0.33|0.67"),
        ("string_agg(x / 3, '|' order by x)", "0.33|0.67|0.67"),
        ("string_agg(distinct x / 3, '|' order by x / 3)", "0.33|0.67"),
        ("string_agg(x / 3, '|') filter (where x > 1)", "0.67|0.67"),
        ("listagg(avg(x) / 3, '|') over ()", "0.56"),
        ("string_agg(x, '|')", "2|1|2"),
    ],
)
def test_divisions_gathered_in_one_text(office: Any, text: str, expected: str) -> None:
    assert office.rows_of(f"select {text} as t from (values (2), (1), (2)) as v(x)") == [(expected,)]


def test_a_group_by_a_division_that_is_shown_as_text(office: Any) -> None:
    text = "select x / 3 || ' EUR' as t, count(*) as n from (values (2), (1), (2)) as v(x) group by x / 3 order by 1"
    assert office.rows_of(text) == [("0.33 EUR", 1), ("0.67 EUR", 2)]
    assert office.rows_of(text.replace("group by x / 3", "group by all")) == [("0.33 EUR", 1), ("0.67 EUR", 2)]


def test_percentile_cont_is_the_median(office: Any) -> None:
    text = (
        "select percentile_cont(0.5) within group (order by x) as p, median(x) as m, "
        "percentile_cont(0.5) within group (order by x desc) filter (where x > 1) as f, quantile_cont(x, 0.25) as q, "
        "percentile_cont(0.25) within group (order by x) as r, percentile_disc(0.5) within group (order by x) as d "
        "from (values (1.01::decimal(18,2)), (1.02::decimal(18,2))) as t(x)"
    )
    query = office.query(text)
    assert [c.type for c in query.columns] == ["DECIMAL(38,10)"] * 5 + ["DECIMAL(18,2)"]
    p, m, f, q, r, d = office.rows_of(text)[0]
    assert (p, f, d) == (m, m, Decimal("1.01"))
    assert m == Decimal("1.015")
    assert q == r
