"""A small ledger in a temporary folder, and the means to act on it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from deskhand.contract import Call, Change, Item, ResultColumn
from deskhand_tools.database import DatabaseConfig, DatabaseTool

from tests.tools.conformance import context, type_of

Rows = Sequence[Mapping[str, Any]]


class Ledger:
    """A SQLite file made by a script, with the tool over it."""

    def __init__(self, root: Path, script: str, **config: Any) -> None:
        self.root, self.path = root, root / "ledger.db"
        self.sql(script)
        self.tool = DatabaseTool(DatabaseConfig(url="sqlite:///ledger.db", **config), context(root, "ledger"))

    def sql(self, script: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(script)

    def all(self, sql: str) -> list[Any]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(sql).fetchall()

    def calls(self, operation: str, params: Mapping[str, Any], rows: Rows) -> list[Call]:
        made = self.tool.operation(operation).Params(**params)
        return [Call(i, made, row=row) for i, row in enumerate(rows)]

    def prepare(self, operation: str, params: Mapping[str, Any], rows: Rows) -> list[Change]:
        return self.tool.operation(operation).prepare(self.calls(operation, params, rows))

    def items(self, operation: str, params: Mapping[str, Any], rows: Rows) -> list[Item]:
        calls = self.calls(operation, params, rows)
        changes = self.tool.operation(operation).prepare(calls)
        return [Item(c, change, f"k{c.ordinal}") for c, change in zip(calls, changes, strict=True)]

    def do(self, operation: str, params: Mapping[str, Any], rows: Rows) -> list[Any]:
        return self.tool.operation(operation).apply(self.items(operation, params, rows))

    def problems(self, operation: str, params: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
        columns = [v if isinstance(v, ResultColumn) else ResultColumn(name, type_of(v)) for name, v in row.items()]
        found = self.tool.operation(operation)
        return [
            f"{p.code}: {p} @{'.'.join(map(str, p.path))}"
            for p in found.check(found.Params(**params), columns, self.tool.table)
        ]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Callable[..., Ledger]]:
    yield lambda script, **config: Ledger(tmp_path, script, **config)
