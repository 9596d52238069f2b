"""Codecs: what a column is found to be, and that reading and writing undo each other."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from deskhand.codec import Codec, infer, to_text
from hypothesis import given
from hypothesis import strategies as st

D = Decimal
DAY = dt.date(2026, 3, 11)


@pytest.mark.parametrize(
    ("values", "kwargs", "type", "decoded"),
    [
        (["2026-03-11"], {}, "DATE", DAY),
        (["11/03/2026"], {}, "DATE", DAY),
        (["03/11/2026", "12/25/2025"], {}, "DATE", DAY),
        (["11/03/2026", "25/12/2025"], {}, "DATE", DAY),
        (["11.03.2026"], {}, "DATE", DAY),
        (["11.3.2026", "1.12.2026"], {}, "DATE", DAY),
        (["2026/03/11"], {}, "DATE", DAY),
        (["20260311", "20260312", "20260401"], {"name": "booked"}, "DATE", DAY),
        ([20260311, 20260312, 20260401], {"name": "booked"}, "DATE", DAY),
        ([20260311.0, 20260312.0, 20260401.0], {"name": "booked"}, "DATE", DAY),
        ([20260311, 20260312, 20260401], {"name": "invoice_no"}, "BIGINT", 20260311),
        ([20260311, 20260312, 20260401], {"name": "vendorId"}, "BIGINT", 20260311),
        ([20260311, 20260312, 20260401], {"name": "due_date_key"}, "DATE", DAY),
        ([20260311, 20260312, 20260401], {"name": "code", "declared": "DATE"}, "DATE", DAY),
        ([20260311, 20260312], {"name": "booked"}, "BIGINT", 20260311),
        ([20260311, 20260312, 20269999], {"name": "booked"}, "BIGINT", 20260311),
        (["2026-03-11 00:00:00", "2026-03-12T00:00:00"], {"declared": "DATE"}, "DATE", DAY),
        (["2026-03-11 10:15:00"], {}, "TIMESTAMP", dt.datetime(2026, 3, 11, 10, 15)),
        (["2026-03-11T10:15:00.250"], {}, "TIMESTAMP", dt.datetime(2026, 3, 11, 10, 15, 0, 250000)),
        (["2026-03-11", "2026-03-11 10:15"], {}, "TIMESTAMP", dt.datetime(2026, 3, 11)),
        (["31/12/2025", "12/31/2025"], {}, "VARCHAR", "31/12/2025"),
        (["31/02/2026"], {}, "VARCHAR", "31/02/2026"),
        (["2026-02-30"], {}, "VARCHAR", "2026-02-30"),
        (["2026-03-11T10:00:00Z"], {}, "VARCHAR", "2026-03-11T10:00:00Z"),
        ([dt.datetime(2026, 3, 11)], {}, "DATE", DAY),
        ([dt.datetime(2026, 3, 11, 8)], {}, "TIMESTAMP", dt.datetime(2026, 3, 11, 8)),
        ([DAY], {}, "DATE", DAY),
        ([dt.time(8, 30)], {}, "TIME", dt.time(8, 30)),
        (["08:30"], {}, "VARCHAR", "08:30"),
        (["08:30"], {"declared": "TIME"}, "TIME", dt.time(8, 30)),
        ([1, 2], {}, "BIGINT", 1),
        ([1.0, 2.0], {}, "BIGINT", 1),
        ([1.0, 2.0], {"declared": "REAL"}, "DECIMAL(18,2)", D("1.00")),
        ([100, 250], {"declared": "NUMERIC"}, "DECIMAL(18,2)", D("100.00")),
        ([100, 250], {"declared": "DECIMAL(10,4)"}, "DECIMAL(18,4)", D("100.0000")),
        ([100, 250], {"declared": "DECIMAL(10,0)"}, "BIGINT", 100),
        (["1", "2"], {}, "BIGINT", 1),
        ([0.1, 0.30000000000000004, 1234.5600000000001], {}, "DECIMAL(18,2)", D("0.10")),
        ([1.005, 2.5], {}, "DECIMAL(18,3)", D("1.005")),
        ([0.123456789] * 3, {}, "DOUBLE", 0.123456789),
        ([float("inf"), 1.5], {}, "DOUBLE", float("inf")),
        (["12.5", "3"], {}, "DECIMAL(18,2)", D("12.50")),
        (["0", "0.50"], {}, "DECIMAL(18,2)", D("0.00")),
        (["1.234,56", "12,50"], {}, "DECIMAL(18,2)", D("1234.56")),
        (["1.234", "12,50"], {}, "DECIMAL(18,2)", D("1234.00")),
        (["1,234", "12.50"], {}, "DECIMAL(18,2)", D("1234.00")),
        (["1,234.56", "7"], {}, "DECIMAL(18,2)", D("1234.56")),
        (["1.234", "2.5"], {}, "DECIMAL(18,3)", D("1.234")),
        (["1,234,567", "8"], {}, "BIGINT", 1234567),
        (["12,50 €", "-3,00 €"], {}, "DECIMAL(18,2)", D("12.50")),
        (["$1,250.00"], {}, "DECIMAL(18,2)", D("1250.00")),
        (["EUR 12.50"], {"declared": "TEXT"}, "DECIMAL(18,2)", D("12.50")),
        (["EUR 12.50"], {}, "VARCHAR", "EUR 12.50"),
        (["(12.50)", "1.00"], {}, "DECIMAL(18,2)", D("-12.50")),
        (["12.50-", "1.00"], {}, "DECIMAL(18,2)", D("-12.50")),
        (["12,50 €", "12.50 $"], {}, "VARCHAR", "12,50 €"),
        (["1.234,56", "1,234.56"], {}, "VARCHAR", "1.234,56"),
        (["1,234"], {}, "VARCHAR", "1,234"),
        (["12 %"], {}, "VARCHAR", "12 %"),
        (["00123", "5"], {}, "VARCHAR", "00123"),
        (["12", "x"], {}, "VARCHAR", "12"),
        ([12, 2.5, "x"], {}, "VARCHAR", "12"),
        (["+49301234567"], {}, "VARCHAR", "+49301234567"),
        (["1234567890123456789"], {}, "VARCHAR", "1234567890123456789"),
        ([1234567890123456789], {}, "VARCHAR", "1234567890123456789"),
        (["1001", "1002"], {"name": "invoice_no", "declared": "TEXT"}, "VARCHAR", "1001"),
        (["1001", "1002"], {"name": "invoice_no"}, "BIGINT", 1001),
        (["1001", "1002"], {"name": "pieces", "declared": "TEXT"}, "BIGINT", 1001),
        ([1001, 1002], {"name": "invoice_no", "declared": "INTEGER"}, "BIGINT", 1001),
        (["Y", "N"], {}, "VARCHAR", "Y"),
        (["yes", "no"], {"declared": "BOOLEAN"}, "VARCHAR", "yes"),
        ([1, 0], {"declared": "BOOLEAN"}, "BOOLEAN", True),
        (["TRUE", "FALSE"], {"declared": "BOOLEAN"}, "BOOLEAN", True),
        (["true", "false"], {}, "VARCHAR", "true"),
        ([True, False], {}, "BOOLEAN", True),
        ([1, 0, 2], {"declared": "BOOLEAN"}, "BIGINT", 1),
        ([b"\x00"], {}, "BLOB", b"\x00"),
    ],
)
def test_a_column_is_what_its_values_say(values: list[Any], kwargs: Any, type: str, decoded: Any) -> None:
    codec = infer(values, **kwargs)
    assert codec.type == type
    assert repr(codec.decode(values[0])) == repr(decoded)
    assert repr(codec.decode_column(values).to_pylist()) == repr([codec.decode(v) for v in values])
    for raw in values:
        assert codec.encode(codec.decode(raw), like=raw) is raw


@pytest.mark.parametrize(
    ("declared", "type"),
    [
        ("", "VARCHAR"), ("TEXT", "VARCHAR"), ("VARCHAR(40)", "VARCHAR"), ("INTEGER", "BIGINT"),
        ("DATE", "DATE"), ("DATETIME", "TIMESTAMP"), ("TIMESTAMP", "TIMESTAMP"), ("BOOLEAN", "BOOLEAN"),
        ("REAL", "DECIMAL(18,2)"), ("DECIMAL(10,3)", "DECIMAL(18,3)"), ("BLOB", "BLOB"), ("TIME", "TIME"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("values", [[], [None], ["", "  "]])
def test_an_empty_column_is_what_it_was_declared(declared: str, type: str, values: list[Any]) -> None:
    codec = infer(values, declared=declared)
    assert codec.type == type
    assert codec.decode_column(values).null_count == len(values)


@pytest.mark.parametrize(
    ("values", "like", "value", "raw"),
    [
        (["11/03/2026", "2026-03-11"], "11/03/2026", dt.date(2026, 4, 5), "05/04/2026"),
        (["11/03/2026", "2026-03-11"], "2026-03-11", dt.date(2026, 4, 5), "2026-04-05"),
        (["11/03/2026", "12/03/2026", "2026-03-11"], None, dt.date(2026, 4, 5), "05/04/2026"),
        (["1/3/2026", "12/11/2026"], "12/11/2026", dt.date(2026, 4, 5), "5/4/2026"),
        (["12/25/2026", "11/12/2026"], "11/12/2026", dt.date(2026, 4, 5), "04/05/2026"),
        (["2026-03-11 00:00:00"], "2026-03-11 00:00:00", dt.date(2026, 4, 5), "2026-04-05 00:00:00"),
        (["2026-03-11", "2026-03-11 10:00"], "2026-03-11", dt.datetime(2026, 4, 5, 9, 30), "2026-04-05 09:30"),
        ([20260311, 20260312, 20260313], 20260311, dt.date(2026, 4, 5), 20260405),
        (["20260311", "20260312", "20260313"], "20260311", dt.date(2026, 4, 5), "20260405"),
        ([dt.datetime(2026, 3, 11)], dt.datetime(2026, 3, 11), dt.date(2026, 4, 5), dt.datetime(2026, 4, 5)),
        (["1.234,56", "12,50"], "1.234,56", D("98765.4"), "98.765,40"),
        (["1.234,56", "12,50"], "12,50", D("98765.4"), "98.765,40"),
        (["12,50 €"], "12,50 €", D("-3"), "-3,00 €"),
        (["(12.50)", "3.00"], "(12.50)", D("-3"), "(3.00)"),
        (["(12.50)", "3.00"], "(12.50)", D("3"), "3.00"),
        (["12", "12.5"], "12", D("3"), "3"),
        (["12", "12.5"], "12", D("3.25"), "3.25"),
        ([12.5, 3.0], 12.5, D("1.10"), 1.1),
        ([12.5, 3.0], 12.5, D("2.345"), 2.35),
        ([12, 12.5], 12, D("7"), 7),
        ([12, 12.5], 12, D("7.5"), 7.5),
        (["5", "6"], "5", 7, "7"),
        ([5.0, 6.0], 5.0, 7, 7.0),
        (["x", 12], 12, "13", 13),
        (["x", 12], 12, "013", "013"),
        (["x", "y"], "x", "13", "13"),
        (["a", ""], "a", None, ""),
        (["a", "", None], "a", None, None),
        ([1, 2], 1, None, None),
    ],
)
def test_a_new_value_takes_the_rows_own_format(values: list[Any], like: Any, value: Any, raw: Any) -> None:
    encoded = infer(values).encode(value, like=like)
    assert (encoded, type(encoded)) == (raw, type(raw))


@pytest.mark.parametrize(
    ("like", "value", "raw"), [("TRUE", False, "FALSE"), ("false", True, "true"), ("False", True, "True")]
)
def test_booleans_keep_their_words(like: str, value: bool, raw: str) -> None:
    assert infer(["TRUE", "false", "False"], declared="BOOLEAN").encode(value, like=like) == raw


@pytest.mark.parametrize(
    ("codec", "raw", "message"),
    [
        (Codec("integer", ("integer",)), "n/a", "'n/a' is no whole number"),
        (Codec("integer", ("integer",)), 1.5, "1.5 is no whole number"),
        (Codec("decimal", ("real",), 2), float("inf"), "inf is no number with 2 decimals"),
        (Codec("decimal", ("1234567.89",), 2), "1.234", "'1.234' is no number with 2 decimals"),
        (Codec("decimal", ("1234567,89",), 2), "1.5", "'1.5' is no number"),
        (Codec("date", ("%Y-%m-%d",)), "11/03/2026", "is no date"),
        (Codec("date", ("%d/%m/%Y",)), "31/02/2026", "'31/02/2026' is no date"),
        (Codec("date", ("%Y-%m-%d",)), "2026-03-11 10:00", "is no date"),
        (Codec("date", ("%Y-%m-%d",)), 20260311, "is no date"),
        (Codec("boolean", ("integer",)), 2, "2 is no boolean"),
        (Codec("text", ("text",)), b"\x00", "is no text"),
    ],
)
def test_what_does_not_fit_is_an_error(codec: Codec, raw: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        codec.decode(raw)
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        codec.decode_column([None, raw])


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (Codec("integer", ("integer",)), D("1.5")),
        (Codec("integer", ("integer",)), "x"),
        (Codec("date", ("%Y-%m-%d",)), "soon"),
        (Codec("date", ("%Y-%m-%d",)), dt.datetime(2026, 3, 11, 8)),
        (Codec("decimal", ("real",), 2), D("1e17")),
        (Codec("decimal", ("real",), 2), D("1234567890123456.78")),
        (Codec("boolean", ("integer",)), "yes"),
    ],
)
def test_a_column_refuses_what_it_cannot_hold(codec: Codec, value: Any) -> None:
    with pytest.raises(ValueError, match=r"is no|can't be kept exactly"):
        codec.encode(value)


DATES = st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31))
DATE_FORMATS = st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%Y%m%d", "%Y-%m-%d 00:00:00"])
MONEY = st.decimals(-(10**9), 10**9, places=2, allow_nan=False)
MONEY_STYLES = st.sampled_from(
    [
        lambda v: f"{v:.2f}", lambda v: f"{v:,.2f}", lambda v: f"{v:.2f} €", lambda v: f"EUR {v:.2f}",
        lambda v: f"({-v:,.2f})" if v < 0 else f"{v:,.2f}", lambda v: f"{-v:.2f}-" if v < 0 else f"{v:.2f}",
        float,
    ]
)  # fmt: skip
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
RAWS = st.one_of(
    st.none(), st.just(""), TEXTS, st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False),
    DATES.map(str), DATES.map(lambda d: d.strftime("%d/%m/%Y")), MONEY.map(str), MONEY.map(float),
    st.integers(0, 10**6).map(str), st.datetimes(dt.datetime(1900, 1, 1)).map(str),
    MONEY.map(lambda v: f"{v:,.2f}"), st.sampled_from(["0", "1", "true", "False", "Y", "12:30", "5 %"]),
)  # fmt: skip
DECLARED = st.sampled_from(["", "TEXT", "INTEGER", "REAL", "DATE", "BOOLEAN", "DECIMAL(10,2)", "TIMESTAMP"])


@given(st.lists(RAWS, max_size=6), DECLARED)
def test_any_column_reads_and_writes_back_its_own_bytes(raws: list[Any], declared: str) -> None:
    codec = infer(raws, declared=declared)
    for raw in raws:
        value = codec.decode(raw)
        if raw is not None:
            back = codec.encode(value, like=raw)
            assert (back, type(back)) == (raw, type(raw))
        assert codec.decode(codec.encode(value)) == value
    assert codec.decode_column(raws).to_pylist() == [codec.decode(raw) for raw in raws]
    assert Codec.from_json(codec.to_json()) == codec


@given(st.lists(st.tuples(DATES, DATE_FORMATS), min_size=3), DATES)
def test_dates_round_trip_in_every_format(cells: list[tuple[dt.date, str]], new: dt.date) -> None:
    raws = [day.strftime(form) for day, form in cells]
    codec = infer(raws, name="due")
    assert codec.kind == "date"
    for raw, (day, _) in zip(raws, cells, strict=True):
        assert codec.decode(raw) == day
        encoded = codec.encode(new, like=raw)
        assert codec.decode(encoded) == new
        assert len(encoded) == len(raw)


@given(st.lists(MONEY, min_size=1), MONEY_STYLES, MONEY)
def test_money_round_trips_in_every_style(amounts: list[Decimal], style: Any, new: Decimal) -> None:
    raws = [style(amount) for amount in amounts]
    codec = infer(raws, declared="DECIMAL(10,2)")
    assert codec.type == "DECIMAL(18,2)"
    assert [codec.decode(raw) for raw in raws] == amounts
    assert codec.decode_column(raws).to_pylist() == amounts
    for raw in raws:
        assert codec.decode(codec.encode(new, like=raw)) == new


@given(st.lists(st.floats(-(10**11), 10**11), min_size=1), st.integers(2, 6))
def test_fast_and_slow_decoding_of_money_agree(raws: list[float], scale: int) -> None:
    codec = Codec("decimal", ("real",), scale)
    assert codec.decode_column([*raws, None]).to_pylist() == [*map(codec.decode, raws), None]


@pytest.mark.parametrize(
    ("value", "type", "text"),
    [
        (None, "DATE", ""), (True, "BOOLEAN", "true"), (D("1234.5"), "DECIMAL(18,2)", "1234.50"),
        (D("1E+3"), "DECIMAL(18,0)", "1000"), (DAY, "DATE", "2026-03-11"), (1.5, "DOUBLE", "1.5"),
        (1e-7, "DOUBLE", "0.0000001"), (dt.datetime(2026, 3, 11, 8), "TIMESTAMP", "2026-03-11 08:00:00"),
        (12, "BIGINT", "12"), ("x", "VARCHAR", "x"),
    ],
)  # fmt: skip
def test_values_are_shown_plainly(value: Any, type: str, text: str) -> None:
    assert to_text(value, type) == text


@pytest.mark.parametrize(
    ("raws", "like", "new", "written"),
    [
        (["0,10", "1.234,56"], "0,10", D("2000"), "2.000,00"),  # small numbers don't show their groups
        (["0,10", "1.234,56"], None, D("1500.5"), "1.500,50"),
        (["0,10", "0,20", "1.234,56"], None, D("1500.5"), "1.500,50"),
        (["0,10", "1234,56"], "0,10", D("2000"), "2000,00"),
        (["0,10", "1.234,56", "7654,32"], "0,10", D("2000"), "2000,00"),  # mixed: nothing is settled
        (["0,10", "1.234,56"], "1.234,56", D("0.5"), "0,50"),
    ],
)
def test_groups_of_thousands_are_those_of_the_column(raws: list[str], like: Any, new: Decimal, written: str) -> None:
    codec = infer(raws)
    assert codec.encode(new, like=like) == written


@pytest.mark.parametrize(
    ("name", "kind"), [("due", "date"), ("valid_until", "date"), ("shelf", "integer"), ("account no", "integer")]
)
def test_two_dates_without_separators_are_told_by_the_columns_name(name: str, kind: str) -> None:
    assert infer(["20260228", "20260401"], name=name, declared="").kind == kind


@pytest.mark.parametrize(
    ("name", "declared", "kind"),
    [
        ("updated", "TIMESTAMP", "timestamp"),
        ("created_at", "DATETIME", "timestamp"),
        ("due_date", "DATETIME", "date"),
        ("paid", "TIMESTAMP", "date"),
        ("updated", "TEXT", "date"),
        ("created_date", "TIMESTAMP", "date"),
    ],
)
def test_midnights_are_days_but_in_what_is_plainly_a_moment(name: str, declared: str, kind: str) -> None:
    assert infer(["2026-01-01 00:00:00", None], name=name, declared=declared).kind == kind
