"""What is refused before a row is read, and how the problem is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from deskhand.contract import ResultColumn

D = Decimal
SCRIPT = """
    create table invoices (number text primary key, vendor int not null, amount real, due text, paid boolean,
        booked text default '', total real generated always as (amount * 2));
    insert into invoices (number, vendor, amount, due, paid) values ('R-1', 1, 12.5, '2026-03-11', 0);
    create table notes (body text);
    create view v as select * from invoices;
"""
KEY = {"number": "R-1"}
WRITES = ["database.update", "database.upsert", "database.insert"]


@pytest.mark.parametrize(
    ("operation", "params", "row", "problem"),
    [
        ("update", {"table": "invoice"}, KEY, "unknown-table: there is no table invoice"),
        ("update", {"table": "v"}, KEY, "read-only: v can't be written"),
        ("update", {"table": "notes"}, {"body": "x"}, "no-key: notes has no primary key"),
        ("delete", {"table": "notes"}, {"body": "x"}, "no-key: notes has no primary key"),
        ("update", {"table": "invoices", "key": "numbr"}, KEY, "did you mean number? @key"),
        ("update", {"table": "invoices"}, {"nummer": "R-1", "due": None}, "select nummer as number @rows"),
        ("update", {"table": "invoices"}, KEY, "nothing-to-set"),
        ("update", {"table": "invoices"}, KEY | {"amuont": D(1)}, "did you mean amount?"),
        ("update", {"table": "invoices"}, KEY | {"due": None, "vendor_name": "x"}, "set: [due] @rows"),
        ("update", {"table": "invoices", "set": ["du"]}, KEY | {"due": None}, "did you mean due? @set"),
        ("update", {"table": "invoices", "set": ["due"]}, KEY, "missing-column: the rows don't bring the column due"),
        ("update", {"table": "invoices", "set": ["number"]}, KEY, "key-in-set"),
        ("update", {"table": "invoices"}, KEY | {"due": "tomorrow"}, "write cast(due as date) as due @rows"),
        ("update", {"table": "invoices"}, KEY | {"due": dt.datetime(2026, 3, 1)}, "type-mismatch"),
        ("update", {"table": "invoices"}, KEY | {"due": D(1)}, "type-mismatch"),
        ("update", {"table": "invoices"}, KEY | {"vendor": D("1.5")}, "cast(round(vendor) as bigint)"),
        ("update", {"table": "invoices"}, KEY | {"amount": "12"}, "cast(amount as decimal(18,2)) as amount"),
        ("update", {"table": "invoices"}, KEY | {"paid": "yes"}, "type-mismatch"),
        ("update", {"table": "invoices"}, KEY | {"total": D(1)}, "generated-column"),
        (
            "update",
            {"table": "invoices"},
            {"number": b"x", "due": None},
            "holds a text (VARCHAR), but number is bytes (BLOB)",
        ),
        ("insert", {"table": "invoices"}, {"number": "R-2"}, "invoices.vendor must not be empty and has no default"),
        ("insert", {"table": "invoices"}, {"vendor": 1}, "invoices.number must not be empty"),
        ("delete", {"table": "invoices"}, {"nr": "R-1"}, "don't bring the key column number"),
    ],
)
def test_problems(ledger: Callable[..., Any], operation: str, params: Any, row: Any, problem: str) -> None:
    found = ledger(SCRIPT).problems(f"database.{operation}", params, row)
    assert any(problem in text for text in found), found


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize(
    "given",
    [
        {"amount": 5}, {"amount": 1.5}, {"amount": None}, {"due": None}, {"due": dt.date(2026, 1, 1)},
        {"paid": True}, {"paid": 1}, {"VENDOR": 2}, {"vendor": True}, {"booked": dt.date(2026, 1, 1)},
        {"booked": D("1.5")}, {"amount": ResultColumn("amount", "DECIMAL(38,10)")},
        {"vendor": ResultColumn("vendor", "HUGEINT")}, {"vendor": ResultColumn("vendor", "DECIMAL(18,0)")},
    ],
)  # fmt: skip
def test_what_may_be_written(ledger: Callable[..., Any], operation: str, given: Any) -> None:
    row = {"number": "R-1", **given}
    if operation == "database.insert" and "vendor" not in {name.casefold() for name in row}:
        row["vendor"] = 1
    assert ledger(SCRIPT).problems(operation, {"table": "ledger.invoices"}, row) == []


def test_true_and_false_are_written_as_the_column_has_them(ledger: Callable[..., Any]) -> None:
    made = ledger(SCRIPT)
    made.do("database.update", {"table": "invoices"}, [{"number": "R-1", "paid": True, "vendor": True}])
    assert made.all("select paid, vendor from invoices") == [(1, 1)]
