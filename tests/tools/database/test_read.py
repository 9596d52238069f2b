"""The catalog of a SQLite file, and what is read from it."""

from __future__ import annotations

import datetime as dt
import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from deskhand.contract import Filter
from deskhand.errors import DataError, UnavailableError, WorkspaceError
from deskhand_tools.database import DatabaseConfig, DatabaseTool, connect, schema
from deskhand_tools.database.fake import FakeDatabase, make_database

from tests.tools.conformance import context

D = Decimal
New = Callable[..., Any]


def opened(root: Path, url: str) -> DatabaseTool:
    return DatabaseTool(DatabaseConfig(url=url), context(root, "ledger"))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://me:secret@host/db", "isn't supported"),
        ("ledger.db", "isn't supported"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///gone.db", "there is no database at /"),
        ("sqlite:///text.db", "is no SQLite database"),
    ],
)
def test_a_connection_that_is_none(tmp_path: Path, url: str, message: str) -> None:
    (tmp_path / "text.db").write_text("number;amount\nR-1;12,50\n")
    with pytest.raises(WorkspaceError, match=message) as caught:
        opened(tmp_path, url)
    assert caught.value.mend
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "gone.db").exists()


def test_an_absolute_path(ledger: New) -> None:
    made = ledger("create table t (a)")
    assert opened(made.root / "elsewhere", f"sqlite:///{made.path}").path == made.path


def test_what_the_catalog_tells(ledger: New) -> None:
    made = ledger("""
        create table invoices (id integer primary key, number text not null unique, net real not null,
            gross real generated always as (net * 1.19), status text default 'open', paid boolean);
        insert into invoices (number, net, status, paid) values
            ('R-1', 10, 'open', 0), ('R-2', 20.5, 'open', 1), ('R-3', 1, 'paid', 0), ('R-4', 2, 'paid', 1);
        create table lines (invoice text, line int, primary key (invoice, line)) without rowid;
        create table _deskhand_effects (key primary key, at);
        create view open_ones as select number from invoices where status = 'open';
        create view broken as select gone from nowhere;
        create virtual table texts using fts5 (body);
        create table "Order Lines" ("Paid in" text);
    """)
    tables = {table.name: table for table in made.tool.tables()}
    assert list(tables) == ["broken", "invoices", "lines", "open_ones", "Order Lines", "texts"]
    columns = {c.name: c for c in tables["invoices"].columns}
    assert {name: c.type for name, c in columns.items()} == {
        "id": "BIGINT", "number": "VARCHAR", "net": "DECIMAL(18,2)", "gross": "DECIMAL(18,3)",
        "status": "VARCHAR", "paid": "BOOLEAN",
    }  # fmt: skip
    assert [n for n, c in columns.items() if not c.nullable] == ["id", "number", "net"]
    assert [n for n, c in columns.items() if c.has_default] == ["id", "status"]
    assert columns["gross"].generated
    assert columns["status"].samples == ("open", "paid")
    assert columns["number"].samples == ()
    assert (tables["invoices"].key, tables["lines"].key) == (("id",), ("invoice", "line"))
    assert (tables["invoices"].rows, tables["open_ones"].rows) == (4, None)
    assert [n for n, t in tables.items() if not t.writable] == ["broken", "open_ones", "texts"]
    assert "can't be read" in tables["broken"].note
    for name in ("INVOICES", "ledger.invoices", 'ledger."Order Lines"', "open_ones"):
        assert made.tool.table(name) is not None
    for name in ("nowhere", "other.invoices", "_deskhand_effects", "sqlite_schema"):
        assert made.tool.table(name) is None


def test_dates_in_every_format_and_blanks_are_read(ledger: New) -> None:
    made = ledger("""
        create table t (a text, b int, c real, d text);
        insert into t values ('2026-03-11', 20260311, 0.1, '1.234,50'),
            ('25/12/2025', 20251225, 0.30000000000000004, ' '),
            ('', null, null, null), ('1/2/2026', 20260201, 7, '-3,00');
    """)
    table = made.tool.table("t")
    assert made.tool.read(table, ["d", "a", "c"]).to_pylist() == [
        {"d": D("1234.50"), "a": dt.date(2026, 3, 11), "c": D("0.10")},
        {"d": None, "a": dt.date(2025, 12, 25), "c": D("0.30")},
        {"d": None, "a": None, "c": None},
        {"d": D("-3.00"), "a": dt.date(2026, 2, 1), "c": D("7.00")},
    ]
    assert made.tool.read(table, ["B"]).column_names == ["b"]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables count as long from 20 rows."""
    for name, value in {"WHOLE": 20, "_HEAD": 5, "_TAIL": 5}.items():
        monkeypatch.setattr(schema, name, value)


@pytest.mark.parametrize(
    ("usual", "odd", "type"),
    [
        ("1", "'n/a'", "VARCHAR"),
        ("1", "2.5", "DECIMAL(18,2)"),
        ("1.25", "1.125", "DECIMAL(18,3)"),
        ("1.5", "0.30000000000000004", "DECIMAL(18,2)"),
        ("'03/04/2026'", "'12/25/2026'", "DATE"),
        ("'2026-03-11'", "'soon'", "VARCHAR"),
        ("'2026-03-11'", "'2026-03-11 10:30:00'", "TIMESTAMP"),
        ("'12'", "'x'", "VARCHAR"),
        ("'12.50'", "'007'", "VARCHAR"),
        ("null", "'2026-03-11'", "DATE"),
        ("''", "5", "BIGINT"),
    ],
)
def test_one_odd_value_in_a_long_column_is_noticed(ledger: New, small: None, usual: str, odd: str, type: str) -> None:
    made = ledger(f"""
        create table t (a);
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 60)
        insert into t select iif(i = 30, {odd}, {usual}) from n;
    """)
    table = made.tool.table("t")
    assert table.columns[0].type == type
    assert made.tool.read(table, ["a"]).num_rows == 60


def test_what_does_not_fit_is_an_error_that_names_the_row(ledger: New) -> None:
    made = ledger("create table t (no text primary key, due text); insert into t values ('R-1', '2026-03-11')")
    table = made.tool.table("t")
    made.sql("insert into t values ('R-2', '31/02/2026')")
    with pytest.raises(DataError, match=r"ledger\.t\.due doesn't hold a DATE in the row with no R-2: '31/02/2026'"):
        made.tool.read(table, ["due"])
    with pytest.raises(DataError, match="has no column colour"):
        made.tool.read(table, ["colour"])
    made.sql("drop table t")
    with pytest.raises(DataError, match=r"ledger\.t is no longer there"):
        made.tool.read(table, ["due"])


def test_text_that_is_not_utf8(ledger: New) -> None:
    made = ledger("create table t (a text); insert into t values (cast(x'4dfc' as text))")
    table = made.tool.table("t")
    assert table.columns[0].type == "VARCHAR"
    with pytest.raises(DataError, match="isn't UTF-8"):
        made.tool.read(table, ["a"])


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        (Filter("i", "=", 2), [2]),
        (Filter("i", "in", (1, 3)), [1, 3]),
        (Filter("i", ">", 2), [3, 4]),
        (Filter("s", "is null"), [2, 3]),
        (Filter("s", "is not null"), [1, 2, 4]),
        (Filter("d", "<=", dt.date(2026, 3, 11)), [1, 2, 3]),
        (Filter("d", "=", dt.date(2026, 3, 11)), [1, 2, 3]),
        (Filter("d", ">", dt.date(2026, 3, 14)), [4]),
        (Filter("s", "=", "X"), [1, 2, 3, 4]),
        (Filter("i", "=", D("1.5")), [1, 2, 3, 4]),
    ],
)
def test_filters_lose_no_row(ledger: New, where: Filter, kept: list[int]) -> None:
    """What is kept beyond the condition is the query's business; blanks are null."""
    made = ledger("""
        create table t (i integer primary key, s text collate nocase, d text);
        insert into t values (1, 'x', '2026-03-11'), (2, '', '2026-03-11 00:00:00'), (3, null, '2026-03-12'),
            (4, 'X', '2026-04-01');
    """)
    table = made.tool.table("t")
    assert made.tool.read(table, ["i"], [where])["i"].to_pylist() == kept


def test_rows_come_in_stored_order_whatever_indexes_there_are(ledger: New) -> None:
    made = ledger("""create table t (a int, b int); create index by_a on t (a);
                     insert into t values (3, 1), (1, 2), (2, 3)""")
    assert made.tool.read(made.tool.table("t"), ["a"])["a"].to_pylist() == [3, 1, 2]


@pytest.mark.parametrize(
    "sql", ["attach ':memory:' as x", "create table x (a)", "delete from t", "pragma user_version = 3"]
)
def test_a_reader_can_do_nothing_else(ledger: New, sql: str) -> None:
    made = ledger("create table t (a)")
    with pytest.raises(DataError, match=r"not authorized|prohibited"):
        connect.reading(made.path, lambda connection: connection.execute(sql))


def test_a_wal_file_is_read_without_a_trace(ledger: New) -> None:
    made = ledger("pragma journal_mode = wal; create table t (a); insert into t values (1)")
    before = hashlib.sha256(made.path.read_bytes()).hexdigest()
    made.tool.read(made.tool.tables()[0], ["a"])
    assert [path.name for path in made.root.iterdir()] == ["ledger.db"]
    assert hashlib.sha256(made.path.read_bytes()).hexdigest() == before
    with closing(sqlite3.connect(made.path)) as writer, writer:
        writer.execute("insert into t values (2)")
        writer.commit()
        assert made.tool.read(made.tool.table("t"), ["a"]).num_rows == 2


def test_a_file_that_vanishes(ledger: New) -> None:
    made = ledger("create table t (a); insert into t values (1)")
    table = made.tool.table("t")
    made.path.unlink()
    for work in (made.tool.tables, lambda: made.tool.read(table, ["a"])):
        with pytest.raises(UnavailableError, match=r"ledger\.db") as caught:
            work()
        assert "resume" in caught.value.mend
    assert not made.path.exists()


def test_a_database_made_from_rows(tmp_path: Path) -> None:
    rows = [
        {"number": "R-1", "amount": D("12.50"), "due": dt.date(2026, 3, 11), "paid": False},
        {"number": "R-2", "amount": None, "at": dt.datetime(2026, 3, 11, 8), "raw": b"\x01"},
    ]
    fake = FakeDatabase({"invoices": rows}, context(tmp_path, "ledger"), keys={"invoices": "number"})
    assert fake.tables()[0].key == ("number",)
    assert fake.rows("invoices") == [
        {**dict.fromkeys(("number", "amount", "due", "paid", "at", "raw")), **row} for row in rows
    ]
    with pytest.raises(WorkspaceError, match="exists already"):
        make_database(tmp_path / "ledger.db", {})
    with pytest.raises(ValueError, match="has no rows"):
        make_database(tmp_path / "a.db", {"t": []})
    with pytest.raises(ValueError, match="no column x"):
        make_database(tmp_path / "b.db", {"t": [{"a": 1}]}, keys={"t": ["x"]})
