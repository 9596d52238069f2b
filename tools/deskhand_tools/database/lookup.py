"""Finding rows by key: by index where the stored form of a key is certain, else by reading the column.

A key of dates, money or mixed formats may be stored in several forms, so its column is decoded and compared
typed. A value in the key column that doesn't fit its codec belongs to no key.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from deskhand.contract import Column

from deskhand_tools.database.connect import quoted
from deskhand_tools.database.rows import Key, Target

Found = dict[Key, list[tuple[Any, ...]]]

_CHUNK = 20_000


def find(
    connection: sqlite3.Connection,
    target: Target,
    key: Sequence[Column],
    wanted: Iterable[Key],
    columns: Sequence[Column],
) -> Found:
    """Stored values of `key` and `columns`, in this order, of all rows with a wanted key."""
    keys = set(wanted)
    if not keys:
        return {}
    names = ", ".join(quoted(column.name) for column in (*key, *columns))
    sql = f"select {names} from {quoted(target.table.name)}"
    if _certain(key) and _indexed(target, key):
        return _by_index(connection, sql, key, keys)
    return _by_scan(connection, sql, key, keys)


def _certain(key: Sequence[Column]) -> bool:
    """Whether equal keys are stored as values that SQLite finds equal too."""
    for column in key:
        codec = column.codec
        if codec is None:
            return False
        plain = (codec.kind == "text" and set(codec.formats) <= {"text"}) or (
            codec.kind == "integer" and set(codec.formats) <= {"integer", "real"}
        )
        if not plain:
            return False
    return True


def _indexed(target: Target, key: Sequence[Column]) -> bool:
    names = {column.name.casefold() for column in key}
    return any({name.casefold() for name in index[: len(names)]} == names for index in target.shape.indexed if index)


def _by_index(connection: sqlite3.Connection, sql: str, key: Sequence[Column], wanted: set[Key]) -> Found:
    condition = " and ".join(f"{quoted(column.name)} = ?" for column in key)
    found: Found = {}
    for values in wanted:
        for row in connection.execute(f"{sql} where {condition}", values):
            if _key(key, row) == values:  # the column may ignore case
                found.setdefault(values, []).append(row)
    return found


def _by_scan(connection: sqlite3.Connection, sql: str, key: Sequence[Column], wanted: set[Key]) -> Found:
    found: Found = {}
    cursor = connection.execute(sql)
    while rows := cursor.fetchmany(_CHUNK):
        for row in rows:
            values = _key(key, row)
            if values in wanted:
                found.setdefault(values, []).append(row)
    return found


def _key(key: Sequence[Column], row: Sequence[Any]) -> Key:
    """The row's typed key; a part that can't be read is null, which no wanted key has."""
    values = []
    for column, raw in zip(key, row, strict=False):
        assert column.codec is not None
        try:
            values.append(column.codec.decode(raw))
        except ValueError:
            values.append(None)
    return tuple(values)
