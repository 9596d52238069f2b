"""The database's fake: the real tool over a SQLite file made from Python rows.

A stand-in of its own would have to imitate constraints, affinities and transactions, and would be wrong where
it matters; a file in a temporary folder is as quick. So the fake lies only in where the data comes from:

    make_database(path, {"invoices": [{"number": "R-1", "amount": Decimal("12.50"), "due": "11/03/2026"}]},
                  keys={"invoices": "number"})

Columns are typed by their values (whole numbers INTEGER, Decimals and floats REAL, dates, and everything
else TEXT). A text stays exactly as given, so dates may be written in any format; a `datetime.date` is stored
as ISO. This module refuses to touch a file that is there already.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

from deskhand.contract import ToolContext, Value
from deskhand.errors import WorkspaceError

from deskhand_tools.database.connect import quoted
from deskhand_tools.database.tool import DatabaseConfig, DatabaseTool

Tables = Mapping[str, Sequence[Mapping[str, Value]]]


def make_database(path: Path, tables: Tables, *, keys: Mapping[str, str | Sequence[str]] | None = None) -> Path:
    """Make a SQLite file with these tables and rows; gives its path.

    keys: primary keys by table, a column or several. A table's columns are those of all its rows, in the
    order they come up; a column that a row lacks is null. Raises WorkspaceError where the file exists,
    ValueError where a table has no rows (and so no columns) or a key names no column.
    """
    if path.exists():
        raise WorkspaceError(f"{path} exists already", mend="name a file that doesn't")
    return add_tables(path, tables, keys=keys)


def add_tables(
    path: Path, tables: Tables, *, keys: Mapping[str, str | Sequence[str]] | None = None, script: str = ""
) -> Path:
    """The same, in a file that may be there already. script: SQL to run first, such as the real schema.

    A table that exists by then keeps its columns and gets the rows.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(script)
        there = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
        for name, rows in tables.items():
            if name not in there:
                key = (keys or {}).get(name, ())
                _make_table(connection, name, rows, [key] if isinstance(key, str) else list(key))
            for row in rows:
                columns = ", ".join(map(quoted, row))
                marks = ", ".join("?" * len(row))
                connection.execute(
                    f"insert into {quoted(name)} ({columns}) values ({marks})",
                    [_stored(value) for value in row.values()],
                )
    return path


def _make_table(connection: sqlite3.Connection, name: str, rows: Sequence[Mapping[str, Value]], key: list[str]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    if not columns:
        raise ValueError(f"table {name} has no rows, so its columns aren't known")
    if unknown := set(key) - set(columns):
        raise ValueError(f"table {name} has no column {', '.join(sorted(unknown))} for its key")
    parts = [f"{quoted(c)} {_declared([row.get(c) for row in rows])}" for c in columns]
    if key:
        parts.append(f"primary key ({', '.join(map(quoted, key))})")
    connection.execute(f"create table {quoted(name)} ({', '.join(parts)})")


def _declared(values: Sequence[Value]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return "TEXT"
    if kinds == {bool}:
        return "BOOLEAN"
    if kinds == {int}:
        return "INTEGER"
    if kinds <= {int, float, Decimal}:
        return "REAL"
    return "BLOB" if bytes in kinds else "TEXT"


def _stored(value: Value) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else value


class FakeDatabase(DatabaseTool):
    """The database tool over tables given as Python rows, kept in the context's workspace folder."""

    def __init__(
        self, tables: Tables, context: ToolContext, *, keys: Mapping[str, str | Sequence[str]] | None = None
    ) -> None:
        name = f"{context.connection}.db"
        make_database(context.root / name, tables, keys=keys)
        super().__init__(DatabaseConfig(url=f"sqlite:///{name}"), context)

    def rows(self, table: str) -> list[dict[str, Value]]:
        """All rows of a table as they now are, typed; for assertions."""
        found = self.table(table)
        if found is None:
            raise WorkspaceError(f"there is no table {table}", mend="see: agent catalog")
        rows: list[dict[str, Value]] = self.read(found, [column.name for column in found.columns]).to_pylist()
        return rows
