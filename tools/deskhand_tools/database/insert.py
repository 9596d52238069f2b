"""`database.insert`: each row becomes a row of the table; columns that it doesn't bring take their default.

A row whose primary or unique key is there already, or stands among the act's rows before, is an exception.
Rows without such a key are told apart by counting: `equal` rows were there, this is the `copy`-th one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from deskhand.contract import Call, Change, Column, ColumnNames, Json, Params, ResultColumn, Row, TableName, Tables
from deskhand.errors import BusinessError, Problem

from deskhand_tools.database import check, connect
from deskhand_tools.database.connect import quoted
from deskhand_tools.database.lookup import find
from deskhand_tools.database.rows import (
    DatabaseOperation,
    Key,
    Target,
    cell,
    from_json,
    row_of,
    said,
    short,
    shown,
    stored,
    to_json,
    typed,
)

_FEW = 20
"""Up to how many rows are counted by a query each; more by one reading of the table."""


class InsertParams(Params):
    """table: where. set: the columns to write (default: all that the rows bring)."""

    table: TableName
    set: ColumnNames = ()


class Insert(DatabaseOperation):
    """Adds rows."""

    name: ClassVar[str] = "database.insert"
    summary: ClassVar[str] = "Add rows to a table"
    Params: ClassVar[type[Params]] = InsertParams

    @classmethod
    def check(cls, params: Any, columns: Sequence[ResultColumn] | None, tables: Tables) -> Iterable[Problem]:
        table, problems = check.find_table(tables, params.table)
        yield from problems
        if table is None or table.open or columns is None:
            return
        chosen, problems = check.find_set(table, params.set, (), columns)
        yield from problems
        if problems:
            return
        names = {column.name for column in chosen}
        for column in table.columns:
            needed = not (column.nullable or column.has_default or column.generated)
            if needed and column.name not in names:
                text = f"{table.name}.{column.name} must not be empty and has no default"
                yield check.missing(column, columns, f"{text}, but the rows don't bring it")

    def _prepare(self, calls: Sequence[Call], target: Target) -> list[Change]:
        params = calls[0].params
        assert isinstance(params, InsertParams)
        chosen = [target.column(name) for name in params.set or row_of(calls[0])]

        def work(connection: sqlite3.Connection) -> list[Change]:
            inserts = Inserts(connection, target)
            inserts.look_up([row_of(call) for call in calls], chosen)
            changes = []
            for call in calls:
                try:
                    changes.append(inserts.change(row_of(call), chosen))
                except BusinessError as error:
                    changes.append(Change.exception(error.message, target.table.name))
            return inserts.finish(changes)

        return connect.reading(self.tool.path, work)


class Inserts:
    """Makes the changes of rows that are to be added, remembering which keys and rows came before."""

    def __init__(self, connection: sqlite3.Connection, target: Target) -> None:
        self.connection = connection
        self.target = target
        self._taken: dict[tuple[str, ...], set[Key]] = {}
        self._present: dict[tuple[str, ...], set[Key]] = {}

    def look_up(self, rows: Sequence[Row], chosen: Sequence[Column]) -> None:
        """Find at once which keys of these rows are in the table already."""
        for members in self._keys(chosen):
            wanted = []
            for row in rows:
                try:
                    key = tuple(typed(column, cell(row, column.name)) for column in members)
                except (BusinessError, KeyError):
                    continue
                if None not in key:
                    wanted.append(key)
            names = tuple(column.name for column in members)
            self._present[names] = set(find(self.connection, self.target, members, wanted, ()))

    def _keys(self, chosen: Sequence[Column]) -> list[list[Column]]:
        """The keys of the table that these columns hold wholly."""
        names = {column.name for column in chosen}
        return [
            [self.target.column(name) for name in members]
            for members in self.target.shape.unique
            if set(members) <= names
        ]

    def change(self, row: Row, chosen: Sequence[Column]) -> Change:
        """The change that adds this row. Raises BusinessError where it can't be added."""
        target = self.target
        values = {}
        for column in chosen:
            try:
                values[column.name] = typed(column, cell(row, column.name))
            except KeyError:
                raise BusinessError(f"the row brings no column {column.name}") from None
        raws = {c.name: stored(target, c, values[c.name]) for c in chosen}
        for column in target.table.columns:
            name = column.name
            if raws.get(name) is not None or column.nullable or column.generated:
                continue
            if column.has_default and (name not in raws or (name,) == target.table.key):
                raws.pop(name, None)  # no value asks for the default, or for the next number of a key
            else:
                raise BusinessError(f"{target.place}.{name} must not be empty")
        identity: dict[str, Any] = {}
        about = f"{target.table.name} (new row)"
        keys = []
        for members in self._keys(chosen):
            names = tuple(column.name for column in members)
            key = tuple(values[name] for name in names)
            if None in key:
                continue
            keys.append((names, key))
            if names not in self._present or key not in self._present[names]:
                self._present.setdefault(names, set()).update(find(self.connection, target, members, [key], ()))
            if key in self._present[names]:
                raise BusinessError(f"{target.place} has a row with {said(members, key)} already")
            if key in self._taken.setdefault(names, set()):
                raise BusinessError(f"{said(members, key)} stands twice among the rows; only the first is taken")
            if not identity:
                identity = {name: raws[name] for name in names}
                about = f"{target.table.name} {short(members, key)}"
        for names, key in keys:
            self._taken[names].add(key)
        data: dict[str, Json] = {
            "mode": "insert",
            "table": target.table.name,
            "key": to_json(identity),
            "new": to_json(raws),
        }
        after = {column.name: shown(column, values[column.name]) for column in chosen}
        return Change("change", about=about, after=after, data=data)

    def finish(self, changes: Sequence[Change]) -> list[Change]:
        """The changes, those of rows without a key with what they are counted by."""
        loose = [c for c in changes if c.state == "change" and c.data["mode"] == "insert" and not c.data["key"]]
        rows = {id(change): from_json(change.data["new"]) for change in loose}
        equal = count_equal(self.connection, self.target.table.name, list(rows.values()))
        copies: dict[Marks, int] = {}
        found = []
        for change in changes:
            if id(change) in rows:
                mark = marks(rows[id(change)])
                copies[mark] = copies.get(mark, 0) + 1
                change = replace(change, data={**change.data, "equal": equal[mark], "copy": copies[mark]})
            found.append(change)
        return found


Marks = tuple[tuple[str, ...], tuple[Any, ...]]


def marks(raws: Mapping[str, Any]) -> Marks:
    """What tells a row's stored values from another row's."""
    return tuple(raws), tuple(raws.values())


def count_equal(connection: sqlite3.Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> dict[Marks, int]:
    """How many rows of the table hold exactly these stored values, for each of `rows`."""
    wanted = dict.fromkeys(map(marks, rows), 0)
    for names in {names for names, _ in wanted}:
        members = [mark for mark in wanted if mark[0] == names]
        columns = ", ".join(map(quoted, names))
        if not names or len(members) <= _FEW:
            condition = " and ".join(f"{quoted(name)} collate binary is ?" for name in names) or "1"
            sql = f"select count(*) from {quoted(table)} where {condition}"
            for mark in members:
                wanted[mark] = int(connection.execute(sql, mark[1]).fetchone()[0])
            continue
        for values in connection.execute(f"select {columns} from {quoted(table)}"):
            if (names, values) in wanted:
                wanted[names, values] += 1
    return wanted
