"""Rows written to a SQLite file: formats kept, keys found, one bad row alone refused, crashes survived."""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest
from deskhand.contract import Verdict
from deskhand.errors import ApplicationError, BusinessError, DataError, UnavailableError
from deskhand_tools.database import connect

D = Decimal
New = Callable[..., Any]
DAY = dt.date(2026, 4, 5)

INVOICES = """
    create table vendors (id integer primary key, name text not null unique check (length(name) < 9));
    insert into vendors values (1, 'Acme'), (2, 'Bolt');
    create table invoices (number text primary key, vendor int references vendors (id), amount real, due text);
    insert into invoices values
        ('R-1', 1, 12.5, '2026-03-11'), ('R-2', 1, 7, '25/12/2025'), ('R-3', 2, 0.30000000000000004, '');
"""


def states(changes: list[Any]) -> list[str]:
    return [change.state for change in changes]


def test_each_row_keeps_its_own_format(ledger: New) -> None:
    made = ledger(INVOICES)
    rows = [{"NUMBER": f"R-{i}", "due": DAY, "amount": D("9.999")} for i in (1, 2, 3)]
    assert not [r for r in made.do("database.update", {"table": "invoices"}, rows) if isinstance(r, BusinessError)]
    assert made.all("select due, amount from invoices") == [("2026-04-05", 10), ("05/04/2026", 10), ("2026-04-05", 10)]


def test_the_preview_shows_old_and_new(ledger: New) -> None:
    made = ledger(INVOICES)
    (change,) = made.prepare(
        "database.update", {"table": "ledger.invoices"}, [{"number": "R-2", "amount": D(8), "due": None}]
    )
    assert change.about == "invoices R-2"
    assert change.before == {"amount": "7.00", "due": "2025-12-25"}
    assert change.after == {"amount": "8.00", "due": None}


def test_an_equal_value_is_unchanged_however_it_is_stored(ledger: New) -> None:
    made = ledger(INVOICES)
    rows = [
        {"number": "R-2", "due": dt.date(2025, 12, 25), "amount": D("7.00")},
        {"number": "R-3", "due": None, "amount": D("0.3")},
    ]
    assert states(made.prepare("database.update", {"table": "invoices"}, rows)) == ["unchanged", "unchanged"]


def test_a_null_sets_the_cell_empty(ledger: New) -> None:
    made = ledger("create table t (k int primary key, a text); insert into t values (1, 'x'), (2, null)")
    made.do("database.update", {"table": "t"}, [{"k": 1, "a": None}])
    assert made.all("select a from t") == [(None,), (None,)]


@pytest.mark.parametrize("operation", ["database.update", "database.delete"])
def test_keys_that_find_no_single_row(ledger: New, operation: str) -> None:
    made = ledger("create table t (k text, a int); insert into t values ('x', 1), ('twice', 1), ('twice', 2)")
    rows = [{"k": k, "a": 7} for k in ("gone", "twice", None, "x", "x")]
    changes = made.prepare(operation, {"table": "t", "key": "k"}, rows)
    assert [change.reason for change in changes] == [
        "no row of ledger.t has k gone",
        "2 rows of ledger.t have k twice",
        "the key k is null",
        "",
        "k x stands twice among the rows; only the first is taken",
    ]


@pytest.mark.parametrize(
    ("declared", "stored", "key"),
    [
        ("text", ["2026-03-11", "25/12/2025"], dt.date(2025, 12, 25)),
        ("text", ["1.234,50", "7,00"], D("1234.50")),
        ("real", [12.5, 7.25], D("12.5")),
        ("text collate nocase", ["abc", "abd", "ABC"], "ABC"),
        ("text", ["5", "A"], "5"),
        ("", [5, "A"], "5"),
        ("integer", [10**17, 2], 2),
    ],
)
@pytest.mark.parametrize("index", ["", "create index by_k on t (k)"])
def test_keys_are_found_in_any_format(ledger: New, declared: str, stored: list[Any], key: Any, index: str) -> None:
    made = ledger(f"create table t (k {declared}, a text); {index}")
    with closing(sqlite3.connect(made.path)) as connection, connection:
        connection.executemany("insert into t values (?, 'old')", [(raw,) for raw in stored])
    params = {"table": "t", "key": ["k"]}
    items = made.items("database.update", params, [{"k": key, "a": "new"}])
    operation = made.tool.operation("database.update")
    assert operation.apply(items) == [{"table": "t", "key": items[0].change.data["key"]}]
    assert operation.verify(items) == [Verdict.CONFIRMED]
    assert made.all("select count(*) from t where a = 'new'") == [(1,)]


@pytest.mark.parametrize("deferred", ["", "deferrable initially deferred"])
def test_a_refused_row_leaves_the_others_alone(ledger: New, deferred: str) -> None:
    made = ledger(INVOICES.replace("references vendors (id)", f"references vendors (id) {deferred}"))
    rows = [{"number": f"N-{i}", "vendor": vendor, "amount": D(1)} for i, vendor in enumerate((1, 99, 2))]
    results = made.do("database.insert", {"table": "invoices"}, rows)
    assert [isinstance(r, BusinessError) for r in results] == [False, True, False]
    assert "refers to" in results[1].message
    assert made.all("select number from invoices where number like 'N%'") == [("N-0",), ("N-2",)]
    names = [{"id": 1, "name": name} for name in ("Bolt",)] + [{"id": 2, "name": "a long name"}]
    first, second = made.do("database.update", {"table": "vendors"}, names)
    assert "another row with this name" in first.message
    assert "CHECK" in second.message
    (third,) = made.do("database.delete", {"table": "vendors"}, [{"id": 1}])
    assert "refers to" in third.message


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("select raise(abort, 'closed period')", "closed period"),
        ("select raise(fail, 'closed period')", "closed period"),
        ("select raise(rollback, 'closed period')", "closed period"),
        ("select raise(ignore)", "as it was (a trigger?)"),
    ],
)
def test_a_trigger_that_refuses(ledger: New, action: str, said: str) -> None:
    made = ledger(f"""{INVOICES}
        create trigger closed before update on invoices when old.number = 'R-2' begin {action}; end;""")
    rows = [{"number": f"R-{i}", "vendor": 2} for i in (1, 2)]
    results = made.do("database.update", {"table": "invoices"}, rows)
    assert not isinstance(results[0], BusinessError)
    assert said in results[1].message
    assert made.all("select vendor from invoices") == [(2,), (1,), (2,)]


def test_a_trigger_that_alters_what_was_written(ledger: New) -> None:
    made = ledger("""create table t (k int primary key, a text); insert into t values (1, 'x');
        create trigger shout after update on t begin update t set a = upper(new.a) where k = new.k; end;
        create trigger fill after insert on t begin update t set a = 'z' where k = new.k; end;""")
    (result,) = made.do("database.update", {"table": "t"}, [{"k": 1, "a": "quiet"}])
    assert "keeps 'QUIET' where 'quiet' was written" in result.message
    (result,) = made.do("database.insert", {"table": "t"}, [{"k": 2, "a": "quiet"}])
    assert "keeps other values" in result.message
    assert made.all("select * from t") == [(1, "x")]


def test_a_value_that_the_column_would_turn_into_another(ledger: New) -> None:
    made = ledger("create table t (k text primary key, code int); insert into t values ('a', 'X7'), ('b', 12)")
    changes = made.prepare("database.update", {"table": "t"}, [{"k": "a", "code": "0012"}, {"k": "b", "code": "13"}])
    assert "the database would keep it as 12" in changes[0].reason
    assert changes[1].data["new"] == {"code": 13}


@pytest.mark.parametrize("value", ["soon", dt.datetime(2026, 3, 11, 8, 30), "\udcfc"])
def test_a_value_that_does_not_fit_is_that_rows_exception(ledger: New, value: Any) -> None:
    rows = [{"number": "R-1", "due": value}, {"number": "R-2", "due": DAY}]
    changes = ledger(INVOICES).prepare("database.update", {"table": "invoices"}, rows)
    assert states(changes) == ["exception", "change"]
    assert changes[0].reason.startswith("due can't be set")


def test_a_key_that_is_no_text_at_all(ledger: New) -> None:
    (change,) = ledger(INVOICES).prepare("database.delete", {"table": "invoices"}, [{"number": "R\udcfc"}])
    assert "characters that are none" in change.reason


def test_a_row_that_changed_meanwhile_says_how(ledger: New) -> None:
    made = ledger(INVOICES)
    rows = [{"number": "R-1", "amount": D(1)}, {"number": "R-2", "amount": D(1)}]
    items = made.items("database.update", {"table": "invoices"}, rows)
    made.sql("update invoices set amount = 13 where number = 'R-1'; delete from invoices where number = 'R-2'")
    first, second = made.tool.operation("database.update").apply(items)
    assert first.message.startswith("changed meanwhile: amount is 13.0, was 12.5")
    assert second.message == "changed meanwhile: no row of ledger.invoices has number R-2 any more"
    assert made.tool.operation("database.update").verify(items) == [Verdict.UNKNOWN] * 2


def test_equal_rows_without_a_key_are_counted(ledger: New) -> None:
    made = ledger("create table t (a int, b text); insert into t values (1, 'x')")
    rows = [{"a": 1, "b": "x"}] * 30 + [{"a": i, "b": None} for i in range(30)]
    items = made.items("database.insert", {"table": "t"}, rows)
    operation = made.tool.operation("database.insert")
    assert operation.verify(items) == [Verdict.ABSENT] * 60
    operation.apply(items[:20])
    assert operation.verify(items) == [Verdict.CONFIRMED] * 20 + [Verdict.ABSENT] * 40
    operation.apply(items[20:])
    assert operation.verify(items) == [Verdict.CONFIRMED] * 60
    assert made.all("select count(*) from t") == [(61,)]
    made.sql("delete from t")
    assert operation.verify(items[:1]) == [Verdict.UNKNOWN]


def test_inserts_take_defaults_and_refuse_taken_keys(ledger: New) -> None:
    made = ledger("""create table t (id integer primary key, code text unique, state text not null default 'new');
                     insert into t (code) values ('a')""")
    rows = [{"code": code} for code in ("b", "a", "b", None, None)]
    changes = made.prepare("database.insert", {"table": "t"}, rows)
    assert [c.reason for c in changes] == [
        "",
        "ledger.t has a row with code a already",
        "code b stands twice among the rows; only the first is taken",
        "",
        "",
    ]
    with_null = made.do("database.insert", {"table": "t"}, [{"id": None, "code": "c"}])
    assert with_null == [{"table": "t", "values": {"code": "c"}}]
    assert made.all("select * from t") == [(1, "a", "new"), (2, "c", "new")]
    (change,) = made.prepare("database.insert", {"table": "t"}, [{"code": "d", "state": None}])
    assert change.reason == "ledger.t.state must not be empty"


def test_upsert_changes_or_inserts(ledger: New) -> None:
    made = ledger(INVOICES)
    rows = [{"number": n, "amount": D(a), "due": DAY} for n, a in (("R-2", 5), ("N-1", 6), ("N-1", 7))]
    changes = made.prepare("database.upsert", {"table": "invoices"}, rows)
    assert states(changes) == ["change", "change", "exception"]
    assert [c.data.get("mode") for c in changes[:2]] == ["update", "insert"]
    items = [i for i in made.items("database.upsert", {"table": "invoices"}, rows) if i.change.state == "change"]
    made.tool.operation("database.upsert").apply(items)
    assert made.all("select number, amount, due from invoices where amount in (5, 6)") == [
        ("R-2", 5, "05/04/2026"), ("N-1", 6, "2026-04-05"),
    ]  # fmt: skip
    again = made.tool.operation("database.upsert").apply(items)
    assert all(isinstance(r, BusinessError) for r in again)


def test_a_ledger_table_makes_applying_twice_harmless(ledger: New) -> None:
    made = ledger("create table t (a int)", ledger_table=True)
    operation = made.tool.operation("database.insert")
    items = made.items("database.insert", {"table": "t"}, [{"a": 1}, {"a": 1}])
    operation.apply(items)
    assert "done" in operation.apply(items)[0]
    assert made.all("select count(*) from t") == [(2,)]
    assert made.all("select key from _deskhand_effects") == [("k0",), ("k1",)]
    assert [table.name for table in made.tool.tables()] == ["t"]


def test_changes_are_json_even_of_bytes_and_infinities(ledger: New) -> None:
    made = ledger("create table t (k blob primary key, a real); insert into t values (x'00ff', 9e999)")
    items = made.items("database.update", {"table": "t"}, [{"k": b"\x00\xff", "a": 1.5}])
    assert json.loads(json.dumps(items[0].change.data)) == items[0].change.data
    made.tool.operation("database.update").apply(items)
    assert made.all("select a from t") == [(1.5,)]


def test_a_locked_file_may_be_tried_again(ledger: New, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "BUSY_SECONDS", 0.05)
    made = ledger(INVOICES)
    items = made.items("database.update", {"table": "invoices"}, [{"number": "R-1", "amount": D(1)}])
    operation = made.tool.operation("database.update")
    with closing(sqlite3.connect(made.path)) as other:
        other.execute("begin exclusive")
        for work in (operation.apply, operation.verify):
            with pytest.raises(ApplicationError, match="locked by another program") as caught:
                work(items)
            assert not isinstance(caught.value, UnavailableError)
    operation.apply(items)
    assert operation.verify(items) == [Verdict.CONFIRMED]


def test_a_file_that_vanished_is_not_made_anew(ledger: New) -> None:
    made = ledger(INVOICES)
    items = made.items("database.update", {"table": "invoices"}, [{"number": "R-1", "amount": D(1)}])
    made.path.rename(made.root / "away.db")
    operation = made.tool.operation("database.update")
    for work in (operation.apply, operation.verify):
        with pytest.raises(UnavailableError, match=r"vanished|can't be read"):
            work(items)
    assert not made.path.exists()


def test_a_full_disk_does_nothing(ledger: New) -> None:
    made = ledger("create table t (a text); insert into t values ('x')")
    items = made.items("database.insert", {"table": "t"}, [{"a": "y" * 200_000}])
    operation = made.tool.operation("database.insert")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (made.path.stat().st_size + 8_192, hard))
    try:
        with pytest.raises(UnavailableError, match=r"full|can't be read or written"):
            operation.apply(items)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert operation.verify(items) == [Verdict.ABSENT]
    operation.apply(items)
    assert operation.verify(items) == [Verdict.CONFIRMED]


def test_a_killed_writer_leaves_nothing_half_done(ledger: New) -> None:
    """A transaction that has reached the file when its process is killed is rolled back by the next reader."""
    made = ledger("create table t (k int primary key, a text); insert into t values (1, 'x')")
    script = f"""
import os, signal, sqlite3
c = sqlite3.connect({str(made.path)!r}, isolation_level=None)
c.execute("pragma cache_size = 5")
c.execute("begin immediate")
c.executemany("insert into t values (?, ?)", ((i, "y" * 900) for i in range(2, 500)))
c.execute("update t set a = 'half' where k = 1")
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (made.root / "ledger.db-journal").stat().st_size > 0
    rows = [{"k": 1, "a": "z"}]
    items = made.items("database.update", {"table": "t"}, rows)
    assert items[0].change.before == {"a": "x"}
    made.tool.operation("database.update").apply(items)
    assert made.all("select * from t") == [(1, "z")]


def test_a_table_that_is_gone_since_the_check(ledger: New) -> None:
    made = ledger(f"{INVOICES} create view v as select * from invoices;")
    with pytest.raises(DataError, match="has no table nowhere"):
        made.prepare("database.update", {"table": "nowhere"}, [{"k": 1}])
    with pytest.raises(DataError, match="is read-only"):
        made.prepare("database.update", {"table": "v", "key": "number"}, [{"number": "R-1", "due": None}])
    with pytest.raises(DataError, match="no column colour"):
        made.prepare("database.update", {"table": "invoices"}, [{"number": "R-1", "colour": "red"}])
    assert made.prepare("database.update", {"table": "invoices"}, []) == []


def test_a_read_only_file_is_unavailable_for_writing(ledger: New) -> None:
    made = ledger(INVOICES)
    if os.geteuid() == 0:  # root may write any file, so an immutable name stands for one
        error = sqlite3.OperationalError("attempt to write a readonly database")
        error.sqlite_errorname = "SQLITE_READONLY"
        assert isinstance(connect.translate(error, made.path), UnavailableError)
        return
    made.path.chmod(0o400)
    items = made.items("database.update", {"table": "invoices"}, [{"number": "R-1", "amount": D(1)}])
    with pytest.raises(UnavailableError, match="may write"):
        made.tool.operation("database.update").apply(items)
