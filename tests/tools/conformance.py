"""The conformance suite: what every tool's operations must do, whatever the tool.

How a tool takes part, in `tests/tools/<tool>/test_conformance.py`:

    import pytest
    from tests.tools.conformance import Case, Suite, context

    def _open(root: Path) -> Tool: ...          # opens the tool over what `make` put into `root`

    CASES = [
        Case(
            name="update",                      # shown in the test's id
            make=_make,                         # (root: Path) -> None; fills an empty folder with the sources
            open=_open,                         # (root: Path) -> Tool; called again for "another process"
            operation="database.update",
            params={"table": "invoices"},       # as in YAML, texts rendered already
            rows=[{"number": "R-1", "amount": Decimal("12.50")}, …],   # None: an act without rows
            bad_rows=[{"number": "none"}],      # rows that must become exceptions (may be empty)
            meddle=_meddle,                     # (root) -> None: another program changes what the first row is
                                                # about; None where nothing can be stale (sending)
            unknown_table={"table": "nowhere"}, # params naming no table; None where none is named
            repeats="unchanged",                # what preparing again after apply gives: `unchanged`,
                                                # `exception`, or `change` (sending, appending)
        ),
    ]

    @pytest.mark.parametrize("case", CASES, ids=str)
    class TestConformance(Suite):
        pass

`columns` of a case are inferred from its first row unless given. `sources(root)` are all files under `root`
but `cache`; a case may name others to leave out with `ignore` (glob patterns).

What isn't tested here: that a tool's texts read well, and crashes in the middle of an apply (see the kill
matrix).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from deskhand.contract import (
    Call,
    Change,
    Item,
    Operation,
    ResultColumn,
    Rows,
    RowsUse,
    Table,
    Tool,
    ToolContext,
    Verdict,
)
from deskhand.errors import BusinessError

NOW = dt.datetime(2026, 3, 11, 9, 0)


def context(root: Path, connection: str, *, files: Path | None = None) -> ToolContext:
    """A context for a tool under test: its cache in `root/cache`, its run at 2026-03-11 09:00 in Berlin."""
    return ToolContext(connection, root, files, root / "cache", ZoneInfo("Europe/Berlin"), NOW)


@dataclass(frozen=True)
class Case:
    """One operation of one tool over one source; see the module's docstring."""

    name: str
    make: Callable[[Path], None]
    open: Callable[[Path], Tool]
    operation: str
    params: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]] | None
    bad_rows: Sequence[Mapping[str, Any]] = ()
    meddle: Callable[[Path], None] | None = None
    unknown_table: Mapping[str, Any] | None = None
    repeats: str = "unchanged"
    columns: Sequence[ResultColumn] | None = None
    ignore: Sequence[str] = ()

    def __str__(self) -> str:
        return f"{self.operation}-{self.name}"


def sources(root: Path, ignore: Sequence[str] = ()) -> dict[str, str]:
    """A digest of every file under `root` but `cache`, by its path."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not name.startswith("cache/") and not any(fnmatch(name, p) for p in ignore):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def type_of(value: Any) -> str:
    """The DuckDB type that a query would give for this value."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "BOOLEAN"
        case int():
            return "BIGINT"
        case float():
            return "DOUBLE"
        case Decimal():
            return f"DECIMAL(18,{max(0, -int(value.as_tuple().exponent))})"
        case dt.datetime():
            return "TIMESTAMP"
        case dt.date():
            return "DATE"
        case bytes():
            return "BLOB"
        case _:
            return "VARCHAR"


class Bench:
    """A case set up in a folder: its tool open, its calls made."""

    def __init__(self, case: Case, root: Path) -> None:
        self.case, self.root = case, root
        case.make(root)
        self.tool = case.open(root)
        self.operation: Operation = self.tool.operation(case.operation)
        self.params = self.operation.Params(**case.params)

    @property
    def columns(self) -> tuple[ResultColumn, ...]:
        if self.case.columns is not None:
            return tuple(self.case.columns)
        rows = self.case.rows or [{}]
        return tuple(ResultColumn(name, type_of(value)) for name, value in rows[0].items())

    def calls(self, rows: Sequence[Mapping[str, Any]] | None) -> list[Call]:
        if rows is None:
            return [Call(0, self.params)]
        if self.operation.rows_use is RowsUse.TABLE:
            return [Call(0, self.params, rows=Rows(self.columns, rows), columns=self.columns)]
        return [Call(i, self.params, row=row, columns=self.columns) for i, row in enumerate(rows)]

    def items(self) -> list[Item]:
        calls = self.calls(self.case.rows)
        changes = self.operation.prepare(calls)
        assert [c.state for c in changes] == ["change"] * len(calls), changes
        return [Item(call, change, f"run/step/{call.ordinal}") for call, change in zip(calls, changes, strict=True)]

    def apply(self, items: Sequence[Item]) -> list[Any]:
        size = self.operation.batch
        found: list[Any] = []
        for start in range(0, len(items), size):
            found += self.operation.apply(items[start : start + size])
        return found

    def digest(self) -> dict[str, str]:
        return sources(self.root, self.case.ignore)

    def another(self) -> Operation:
        """The operation as another process would have it."""
        return self.case.open(self.root).operation(self.case.operation)


class Suite:
    """The tests; parametrise a subclass over `case`."""

    @pytest.fixture
    def bench(self, case: Case, tmp_path: Path) -> Any:
        root = tmp_path / "workspace"
        root.mkdir()
        bench = Bench(case, root)
        yield bench
        bench.tool.close()

    def test_prepare_only_reads(self, bench: Bench) -> None:
        before = bench.digest()
        first = bench.operation.prepare(bench.calls(bench.case.rows))
        assert bench.operation.prepare(bench.calls(bench.case.rows)) == first
        bench.tool.tables()
        assert bench.digest() == before

    def test_what_is_applied_is_confirmed_and_nothing_before(self, bench: Bench) -> None:
        items = bench.items()
        assert bench.operation.verify(items) == [Verdict.ABSENT] * len(items)
        before = bench.digest()
        receipts = bench.apply(items)
        assert len(receipts) == len(items)
        assert not [r for r in receipts if isinstance(r, BusinessError)]
        assert bench.digest() != before
        assert bench.operation.verify(items) == [Verdict.CONFIRMED] * len(items)
        assert bench.another().verify(items) == [Verdict.CONFIRMED] * len(items)
        json.dumps(receipts)

    def test_verify_only_reads(self, bench: Bench) -> None:
        items = bench.items()
        before = bench.digest()
        bench.operation.verify(items)
        assert bench.digest() == before
        bench.apply(items)
        after = bench.digest()
        bench.operation.verify(items)
        assert bench.digest() == after

    def test_a_change_survives_the_ledger(self, bench: Bench) -> None:
        """The ledger keeps changes as JSON; what comes back from there applies and verifies the same."""
        kept = [
            Item(item.call, Change(**json.loads(json.dumps(vars(item.change)))), item.key) for item in bench.items()
        ]
        other = bench.another()
        receipts = [r for item in kept for r in other.apply([item])]
        assert not [r for r in receipts if isinstance(r, BusinessError)]
        assert other.verify(kept) == [Verdict.CONFIRMED] * len(kept)

    def test_preparing_again_after_apply(self, bench: Bench) -> None:
        bench.apply(bench.items())
        states = {c.state for c in bench.operation.prepare(bench.calls(bench.case.rows))}
        assert states == {bench.case.repeats}

    def test_a_stale_change_overwrites_nothing(self, bench: Bench) -> None:
        if bench.case.meddle is None:
            assert bench.case.repeats == "change", "only what can't be stale may leave out `meddle`"
            return
        items = bench.items()
        bench.case.meddle(bench.root)
        before = bench.digest()
        receipts = bench.operation.apply(items[:1])
        assert len(receipts) == 1
        assert isinstance(receipts[0], BusinessError)
        assert receipts[0].message
        assert bench.digest() == before
        assert bench.operation.verify(items[:1]) != [Verdict.CONFIRMED]

    def test_bad_rows_are_exceptions_and_the_rest_goes_on(self, bench: Bench) -> None:
        good, bad = bench.case.rows, bench.case.bad_rows
        if good is None or bench.operation.rows_use is RowsUse.TABLE or not bad:
            assert not bad, "bad rows need an operation that takes rows one by one"
            return
        mixed = [row for pair in zip(bad, good, strict=False) for row in pair] + list(bad[len(good) :])
        changes = bench.operation.prepare(bench.calls(mixed))
        assert len(changes) == len(mixed)
        for row, change in zip(mixed, changes, strict=True):
            expected = "exception" if row in bad else "change"
            assert change.state == expected, (row, change)
            if expected == "exception":
                assert change.reason

    def test_check_accepts_the_case(self, bench: Bench) -> None:
        columns = None if bench.case.rows is None else bench.columns
        assert list(bench.operation.check(bench.params, columns, bench.tool.table)) == []

    def test_check_refuses_an_unknown_table(self, bench: Bench) -> None:
        if bench.case.unknown_table is None:
            assert "table" not in bench.operation.Params.model_fields
            return
        params = bench.operation.Params(**{**bench.case.params, **bench.case.unknown_table})
        columns = None if bench.case.rows is None else bench.columns
        problems = list(bench.operation.check(params, columns, bench.tool.table))
        assert problems
        assert all(problem.message and problem.code for problem in problems)

    def test_params_refuse_unknown_names(self, bench: Bench) -> None:
        with pytest.raises(ValueError, match="surprise"):
            bench.operation.Params(**{**bench.case.params, "surprise": "x"})

    def test_the_fingerprint_tells_a_write(self, bench: Bench) -> None:
        before = bench.tool.fingerprint()
        items = bench.items()
        assert bench.tool.fingerprint() == before
        bench.apply(items)
        assert bench.tool.fingerprint() != before
        assert bench.tool.fingerprint() == bench.tool.fingerprint()

    def test_tables_are_the_same_each_time_and_read_as_they_say(self, bench: Bench) -> None:
        tables = bench.tool.tables()
        assert tables == bench.tool.tables() == bench.case.open(bench.root).tables()
        names = [table.name.casefold() for table in tables]
        assert len(names) == len(set(names))
        for table in tables:
            if not table.open and table.columns:
                assert_reads_as_typed(bench.tool, table)

    def test_close_twice(self, bench: Bench) -> None:
        bench.tool.tables()
        bench.tool.close()
        bench.tool.close()


def assert_reads_as_typed(tool: Tool, table: Table) -> None:
    """Reading a table gives the columns asked for, in that order, of the types that the catalog says."""
    import duckdb

    found = tool.read(table, [column.name for column in table.columns])
    assert found.column_names == [column.name for column in table.columns]
    if table.rows is not None:
        assert found.num_rows == table.rows
    with duckdb.connect() as connection:
        connection.register("found", found)
        types = {row[0]: row[1] for row in connection.execute('describe from "found"').fetchall()}
    assert types == {column.name: column.type for column in table.columns}
    some = [column.name for column in table.columns][-1:]
    assert tool.read(table, some).to_pylist() == found.select(some).to_pylist()
