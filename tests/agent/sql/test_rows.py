"""Rows in and out of Arrow, and the digest that an approval binds to."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pyarrow as pa
import pytest
from deskhand.contract import ResultColumn
from deskhand.errors import DataError
from deskhand.sql import digest, from_rows, to_rows
from hypothesis import given, settings
from hypothesis import strategies as st

COLUMNS = [
    ResultColumn("t", "VARCHAR"),
    ResultColumn("n", "BIGINT"),
    ResultColumn("m", "DECIMAL(18,2)"),
    ResultColumn("d", "DATE"),
    ResultColumn("s", "TIMESTAMP"),
    ResultColumn("b", "BOOLEAN"),
    ResultColumn("x", "BLOB"),
    ResultColumn("c", "TIME"),
    ResultColumn("z", "NULL"),
]
ROW = st.fixed_dictionaries(
    {
        "t": st.none() | st.text(),
        "n": st.none() | st.integers(-(2**63), 2**63 - 1),
        "m": st.none() | st.decimals(D("-9999999999999999.99"), D("9999999999999999.99"), places=2),
        "d": st.none() | st.dates(),
        "s": st.none() | st.datetimes(),
        "b": st.none() | st.booleans(),
        "x": st.none() | st.binary(max_size=20),
        "c": st.none() | st.times(),
        "z": st.none(),
    }
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(ROW, max_size=6))
def test_round_trip(rows: list[dict[str, Any]]) -> None:
    table = from_rows(rows, COLUMNS)
    assert to_rows(table) == rows
    assert to_rows(table, COLUMNS[:2]) == [{"t": r["t"], "n": r["n"]} for r in rows]


@pytest.mark.parametrize(
    ("type_", "value"), [("BIGINT", "5"), ("DATE", "soon"), ("DECIMAL(4,2)", D("1234.56")), ("VARCHAR", 5)]
)
def test_values_of_another_type(type_: str, value: Any) -> None:
    with pytest.raises(DataError, match="column a"):
        from_rows([{"a": value}], [ResultColumn("a", type_)])


def test_whole_numbers_in_decimal_columns() -> None:
    assert to_rows(from_rows([{"a": 5}], [ResultColumn("a", "DECIMAL(18,2)")])) == [{"a": D("5.00")}]


def test_digest_ignores_chunks_and_keeps_order() -> None:
    one = pa.table({"a": [1, 2, 3]})
    chunked = pa.concat_tables([one.slice(0, 1), one.slice(1)])
    assert digest(one) == digest(chunked)
    assert digest(one) != digest(one.take([1, 0, 2]))
    assert digest(one) != digest(one.rename_columns(["b"]))
    assert digest(one) != digest(pa.table({"a": ["1", "2", "3"]}))
    assert digest(pa.table({"a": [None, 1]})) != digest(pa.table({"a": [1, None]}))
    assert digest(pa.table({"a": ["ab"], "b": ["c"]})) != digest(pa.table({"a": ["a"], "b": ["bc"]}))
    assert digest(one.slice(0, 0)) != digest(one)


def test_digest_is_the_same_everywhere() -> None:
    table = pa.table(
        {"m": pa.array([D("1.50"), D("0.00"), None], pa.decimal128(18, 2)), "d": [dt.date(2026, 1, 1), None, None]}
    )
    assert digest(table) == "5a728d2e1877443f02d7a050b34ba8bc708c47b8972e1f32ab8b8f8c62743e84"


@settings(max_examples=40, deadline=None)
@given(a=st.lists(ROW, max_size=3), b=st.lists(ROW, max_size=3))
def test_digests_differ_where_rows_do(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> None:
    assert (digest(from_rows(a, COLUMNS)) == digest(from_rows(b, COLUMNS))) == (a == b)
