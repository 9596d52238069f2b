"""`database.update` and `database.upsert`: rows give the key and the new values.

Old values are read when the rows are made and are part of the write's condition. Columns that aren't set stay
as they are. Neither changes a key.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

from deskhand.contract import Call, Change, Column, ColumnNames, Json, Params, ResultColumn, TableName, Tables, Value
from deskhand.errors import BusinessError, Problem

from deskhand_tools.database import check, connect
from deskhand_tools.database.insert import Inserts
from deskhand_tools.database.lookup import find
from deskhand_tools.database.rows import (
    DatabaseOperation,
    Key,
    Target,
    cell,
    key_of,
    row_of,
    said,
    short,
    shown,
    stored,
    to_json,
    typed,
)


class UpdateParams(Params):
    """table: where. key: the columns that find a row (default: the primary key). set: the columns to write
    (default: all that the rows bring besides the key)."""

    table: TableName
    key: ColumnNames = ()
    set: ColumnNames = ()


class Update(DatabaseOperation):
    """Sets columns of rows that are there; a key that isn't, or is there twice, is an exception."""

    name: ClassVar[str] = "database.update"
    summary: ClassVar[str] = "Change columns of rows found by their key"
    Params: ClassVar[type[Params]] = UpdateParams

    @classmethod
    def check(cls, params: Any, columns: Sequence[ResultColumn] | None, tables: Tables) -> Iterable[Problem]:
        table, problems = check.find_table(tables, params.table)
        yield from problems
        if table is None or table.open or columns is None:
            return
        key, problems = check.find_key(table, params.key, columns)
        yield from problems
        chosen, problems = check.find_set(table, params.set, key, columns)
        yield from problems
        if not chosen and not problems and cls is Update:
            mend = "select the new values beside the key, under the columns' names"
            yield Problem("nothing-to-set", f"the rows bring nothing to set in {table.name}", mend, ("rows",))

    def _prepare(self, calls: Sequence[Call], target: Target) -> list[Change]:
        params = calls[0].params
        assert isinstance(params, UpdateParams)
        key = [target.column(name) for name in params.key or target.table.key]
        names = {column.name.casefold() for column in key}
        first = row_of(calls[0])
        chosen = [target.column(n) for n in params.set or first if n.casefold() not in names]
        keys = list(keys_of(calls, key))

        def work(connection: sqlite3.Connection) -> list[Change]:
            wanted = [found for found in keys if isinstance(found, tuple)]
            rows = find(connection, target, key, wanted, chosen)
            inserts = Inserts(connection, target)
            if isinstance(self, Upsert):
                new = [c for c, k in zip(calls, keys, strict=True) if isinstance(k, tuple) and k not in rows]
                inserts.look_up([row_of(call) for call in new], [*key, *chosen])
            changes = []
            for call, found in zip(calls, keys, strict=True):
                if isinstance(found, BusinessError):
                    changes.append(Change.exception(found.message, target.table.name))
                    continue
                about = f"{target.table.name} {short(key, found)}"
                try:
                    change = self._change(call, target, key, found, chosen, rows.get(found, []), inserts)
                except BusinessError as error:
                    change = Change.exception(error.message, about)
                changes.append(change)
            return inserts.finish(changes)

        return connect.reading(self.tool.path, work)

    def _change(
        self,
        call: Call,
        target: Target,
        key: Sequence[Column],
        values: Key,
        chosen: Sequence[Column],
        rows: list[tuple[Any, ...]],
        inserts: Inserts,
    ) -> Change:
        if not rows:
            return self._absent(call, target, key, values, chosen, inserts)
        raws = one_row(target, key, values, rows)
        about = f"{target.table.name} {short(key, values)}"
        row = row_of(call)
        old: dict[str, Any] = {}
        new: dict[str, Any] = {}
        before: dict[str, str | None] = {}
        after: dict[str, str | None] = {}
        for column, raw in zip(chosen, raws[len(key) :], strict=True):
            value, was = typed(column, cell(row, column.name)), read_old(column, raw)
            before[column.name], after[column.name] = shown_old(column, raw), shown(column, value)
            if was == (value,):
                continue
            old[column.name], new[column.name] = raw, stored(target, column, value, like=raw)
        if not new:
            return Change("unchanged", about=about, before=before, after=after)
        data: dict[str, Json] = {
            "mode": "update",
            "table": target.table.name,
            "key": to_json(dict(zip((c.name for c in key), raws, strict=False))),
            "old": to_json(old),
            "new": to_json(new),
        }
        return Change("change", about=about, before=before, after=after, data=data)

    def _absent(
        self,
        call: Call,
        target: Target,
        key: Sequence[Column],
        values: Key,
        chosen: Sequence[Column],
        inserts: Inserts,
    ) -> Change:
        raise BusinessError(f"no row of {target.place} has {said(key, values)}")


class Upsert(Update):
    """As update, but a key that isn't there makes a row, its other columns taking their defaults."""

    name: ClassVar[str] = "database.upsert"
    summary: ClassVar[str] = "Change rows found by their key, and insert those that aren't there"

    def _absent(
        self,
        call: Call,
        target: Target,
        key: Sequence[Column],
        values: Key,
        chosen: Sequence[Column],
        inserts: Inserts,
    ) -> Change:
        return inserts.change(row_of(call), [*key, *chosen])


def keys_of(calls: Sequence[Call], key: Sequence[Column]) -> Iterator[Key | BusinessError]:
    """Each call's key, or why the call can't be taken: a key that is null, or stands among them before."""
    seen: set[Key] = set()
    for call in calls:
        try:
            found = key_of(call, key)
        except BusinessError as error:
            yield error
            continue
        if found in seen:
            yield BusinessError(f"{said(key, found)} stands twice among the rows; only the first is taken")
        else:
            seen.add(found)
            yield found


def one_row(target: Target, key: Sequence[Column], values: Key, rows: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The only row with that key. Raises BusinessError where there are more."""
    if len(rows) > 1:
        raise BusinessError(f"{len(rows)} rows of {target.place} have {said(key, values)}")
    return rows[0]


def read_old(column: Column, raw: Any) -> tuple[Value] | None:
    """The old value, in a tuple; None where it doesn't fit its column, so that nothing equals it."""
    assert column.codec is not None
    try:
        return (column.codec.decode(raw),)
    except ValueError:
        return None


def shown_old(column: Column, raw: Any) -> str | None:
    """The old value for a person; as it is stored where it doesn't fit its column."""
    old = read_old(column, raw)
    return shown(column, old[0]) if old else str(raw)
