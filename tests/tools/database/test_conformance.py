"""The database through the conformance suite: each operation, with and without a ledger table."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from deskhand.contract import Tool
from deskhand_tools.database import DatabaseConfig, DatabaseTool

from tests.tools.conformance import Case, Suite, context

D = Decimal

SCHEMA = """
create table invoices (
    number text primary key, vendor integer, amount real, due text, status text not null default 'open');
insert into invoices values
    ('R-1', 1, 12.5, '2026-03-01', 'open'), ('R-2', 2, 7.1, '01/04/2026', 'paid'), ('R-3', 2, 3, '', 'open');
create table notes (day text, body text);
insert into notes values ('2026-03-01', 'seen'), ('2026-03-01', 'seen');
create table lines (invoice text, line integer, qty integer, primary key (invoice, line)) without rowid;
insert into lines values ('R-1', 1, 5), ('R-1', 2, 6), ('R-2', 1, 7);
create view open_invoices as select number, amount from invoices where status = 'open';
"""


def make(root: Path) -> None:
    with closing(sqlite3.connect(root / "ledger.db")) as connection:
        connection.executescript(SCHEMA)


def make_wal(root: Path) -> None:
    make(root)
    with closing(sqlite3.connect(root / "ledger.db")) as connection:
        connection.execute("pragma journal_mode = wal")


def opened(root: Path) -> Tool:
    return DatabaseTool(DatabaseConfig(url="sqlite:///ledger.db"), context(root, "ledger"))


def opened_with_ledger(root: Path) -> Tool:
    config = DatabaseConfig(url="sqlite:///ledger.db", ledger_table=True)
    return DatabaseTool(config, context(root, "ledger"))


def run(sql: str) -> Any:
    def meddle(root: Path) -> None:
        with closing(sqlite3.connect(root / "ledger.db")) as connection, connection:
            connection.execute(sql)

    return meddle


CHANGED = run("update invoices set amount = 99, due = '2026-12-31' where number = 'R-1'")
NEW = [
    {"number": "R-7", "vendor": 1, "amount": D("5.05"), "due": dt.date(2026, 6, 1)},
    {"number": "R-8", "vendor": None, "amount": None, "due": None},
]
UPDATES = [
    {"number": "R-1", "amount": D("13.00"), "due": dt.date(2026, 5, 6)},
    {"number": "R-2", "amount": D("7.10"), "due": dt.date(2026, 4, 2)},
]
UPSERTS = [*UPDATES, {"number": "R-7", "amount": D("5.05"), "due": dt.date(2026, 6, 1)}]
NO_KEY = {"number": None, "amount": D(1), "due": None}
NO_ROW = {"number": "R-99", "amount": D(1), "due": None}
ELSE = {"table": "nowhere"}

CASES = [
    Case(
        "rows", make, opened, "database.update", {"table": "ledger.invoices"}, UPDATES,
        bad_rows=[NO_KEY, NO_ROW], meddle=CHANGED, unknown_table=ELSE,
    ),
    Case(
        "wal", make_wal, opened, "database.update", {"table": "invoices"}, UPDATES,
        bad_rows=[NO_KEY, NO_ROW], meddle=CHANGED, unknown_table=ELSE,
    ),
    Case(
        "ledger", make, opened_with_ledger, "database.update", {"table": "invoices"}, UPDATES,
        meddle=CHANGED, unknown_table=ELSE, ignore=["*-journal"],
    ),
    Case(
        "composite", make, opened, "database.update", {"table": "lines"},
        [{"invoice": "R-1", "line": 2, "qty": 60}, {"invoice": "R-2", "line": 1, "qty": 70}],
        bad_rows=[{"invoice": "R-1", "line": 3, "qty": 0}],
        meddle=run("update lines set qty = 1 where line = 2"), unknown_table=ELSE,
    ),
    Case(
        "set", make, opened, "database.update", {"table": "invoices", "set": ["due"], "key": ["number"]},
        [{"number": "R-3", "amount": D("1.00"), "due": dt.date(2026, 5, 6), "other": "x"}],
        meddle=run("update invoices set due = '01/01/2026' where number = 'R-3'"), unknown_table=ELSE,
    ),
    Case(
        "keyed", make, opened, "database.insert", {"table": "invoices"}, NEW,
        bad_rows=[{"number": "R-1", "vendor": 1, "amount": None, "due": None}],
        meddle=run("insert into invoices (number, amount) values ('R-7', 1)"), unknown_table=ELSE,
        repeats="exception",
    ),
    Case(
        "counted", make, opened, "database.insert", {"table": "notes"},
        [{"day": dt.date(2026, 3, 1), "body": "seen"}] * 2 + [{"day": None, "body": "new"}],
        unknown_table=ELSE, repeats="change",
    ),
    Case(
        "ledger", make, opened_with_ledger, "database.insert", {"table": "notes"},
        [{"day": dt.date(2026, 3, 1), "body": "seen"}] * 2, unknown_table=ELSE, repeats="change",
    ),
    Case(
        "both", make, opened, "database.upsert", {"table": "invoices"}, UPSERTS,
        bad_rows=[NO_KEY], meddle=CHANGED, unknown_table=ELSE,
    ),
    Case(
        "rows", make, opened, "database.delete", {"table": "invoices"}, [{"number": "R-1"}, {"number": "R-3"}],
        bad_rows=[{"number": "R-99"}, {"number": None}], meddle=CHANGED, unknown_table=ELSE,
        repeats="exception",
    ),
    Case(
        "ledger", make, opened_with_ledger, "database.delete", {"table": "lines", "key": ["qty"]}, [{"qty": 6}],
        bad_rows=[{"qty": 66}], meddle=run("update lines set qty = 61 where qty = 6"), unknown_table=ELSE,
        repeats="exception",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
class TestConformance(Suite):
    pass
