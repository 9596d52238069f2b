"""Reading a table into Arrow: only the columns that are asked for, only filters that can't lose a row.

Pushed down are comparisons of integers stored as such, null tests, and ranges of dates stored as ISO texts,
widened by a day; everything else is left to the query that runs over what is read. Rows come in stored order.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from deskhand.codec import to_text
from deskhand.contract import Column, Filter, Table
from deskhand.errors import DataError

from deskhand_tools.database.connect import BLANK, quoted
from deskhand_tools.database.schema import Shape

if TYPE_CHECKING:
    import pyarrow as pa

_CHUNK, _FETCH = 100_000, 2_000


def read(
    connection: sqlite3.Connection,
    where: Sequence[Filter],
    table: Table,
    columns: Sequence[Column],
    shape: Shape,
    place: str,
) -> pa.Table:
    """These columns of the table. `place` is `connection.table`, for errors.

    Raises DataError naming the row where a stored value isn't what its column was found to hold.
    """
    import pyarrow as pa
    from deskhand.codec.columns import arrow_type

    if not columns:
        raise DataError(f"no column of {place} was asked for", mend="name at least one column")
    sql, values = _select(where, table, columns, shape)
    cursor = connection.execute(sql, values)
    chunks: list[list[pa.Array]] = [[] for _ in columns]
    done = 0
    while held := _next(cursor, len(columns)):
        for chunk, column, raws in zip(chunks, columns, held, strict=True):
            assert column.codec is not None
            try:
                chunk.append(column.codec.decode_column(raws))
            except (ValueError, UnicodeError) as error:
                raise _misfit(connection, where, table, column, shape, place, raws, done, error) from None
        done += len(held[0])
    types = [arrow_type(column.codec) for column in columns if column.codec is not None]
    arrays = [pa.chunked_array(found, type=type) for found, type in zip(chunks, types, strict=True)]
    return pa.Table.from_arrays(arrays, names=[column.name for column in columns])


def _next(cursor: sqlite3.Cursor, width: int) -> list[list[Any]]:
    """The next rows as columns; empty when there are none. Few rows are fetched at once, so that Python's
    garbage collector doesn't walk over them again and again."""
    held: list[list[Any]] = [[] for _ in range(width)]
    while len(held[0]) < _CHUNK and (rows := cursor.fetchmany(_FETCH)):
        for values, more in zip(held, zip(*rows, strict=True), strict=True):
            values.extend(more)
    return held if held[0] else []


def _select(where: Sequence[Filter], table: Table, columns: Sequence[Column], shape: Shape) -> tuple[str, list[Any]]:
    sql = f"select {', '.join(quoted(column.name) for column in columns)} from {quoted(table.name)}"
    clauses, values = [], []
    for condition in where:
        column = table.column(condition.column)
        pushed = _pushed(condition, column) if column is not None else None
        if pushed is not None:
            clauses.append(pushed[0])
            values += pushed[1]
    if clauses:
        sql += f" where {' and '.join(clauses)}"
    order = [shape.rowid] if shape.rowid else [quoted(name) for name in shape.order]
    if order:
        sql += f" order by {', '.join(order)}"
    return sql, values


def _pushed(condition: Filter, column: Column) -> tuple[str, list[Any]] | None:
    """A condition in SQL that keeps every row which it keeps itself, or None."""
    cell, value, codec = quoted(column.name), condition.value, column.codec
    if codec is None:
        return None
    if condition.op == "is null":
        return f"({cell} is null or {BLANK.format(cell)})", []
    if condition.op == "is not null":
        return f"{cell} is not null", []
    if codec.kind == "integer" and set(codec.formats) <= {"integer", "real"}:
        members = value if isinstance(value, tuple) else (value,)
        if not all(type(member) is int and abs(member) < 2**63 for member in members):
            return None
        if condition.op == "in":
            return f"{cell} in ({', '.join('?' * len(members))})", list(members)
        return f"{cell} {condition.op} ?", list(members)
    if codec.kind in ("date", "timestamp") and _iso(codec.formats) and isinstance(value, dt.date):
        return _range(cell, condition.op, value)
    return None


def _iso(formats: Sequence[str]) -> bool:
    return bool(formats) and all(form.startswith("%Y-%m-%d") for form in formats)


def _range(cell: str, op: str, value: dt.date) -> tuple[str, list[Any]] | None:
    try:
        low = (value - dt.timedelta(days=1)).isoformat()[:10]
        high = (value + dt.timedelta(days=2)).isoformat()[:10]
    except OverflowError:
        return None
    # what doesn't begin with a digit (spaces) or isn't padded as ISO is kept for the codec to judge
    odd = f"typeof({cell}) <> 'text' or {cell} not glob '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'"
    if op in (">", ">="):
        return f"({cell} >= ? or {odd})", [low]
    if op in ("<", "<="):
        return f"({cell} < ? or {odd})", [high]
    return (f"(({cell} >= ? and {cell} < ?) or {odd})", [low, high]) if op == "=" else None


def _misfit(
    connection: sqlite3.Connection,
    where: Sequence[Filter],
    table: Table,
    column: Column,
    shape: Shape,
    place: str,
    raws: Sequence[Any],
    done: int,
    error: Exception,
) -> DataError:
    """The error for the first value of these that doesn't fit, with its row's key."""
    assert column.codec is not None
    for index, raw in enumerate(raws):
        try:
            column.codec.decode(raw)
        except ValueError as found:
            keys = [c for name in table.key if (c := table.column(name)) is not None]
            at = f"row {done + index + 1}"
            if keys:
                sql, values = _select(where, table, keys, shape)
                row = connection.execute(f"{sql} limit 1 offset {done + index}", values).fetchone()
                at = "the row with " + ", ".join(f"{k.name} {v}" for k, v in zip(keys, row, strict=True))
            return DataError(
                f"{place}.{column.name} doesn't hold a {column.type} in {at}: {found}",
                mend="correct that value in the database, or read the catalog anew if the column has changed",
            )
    return DataError(f"{place}.{column.name} can't be read as {column.type}: {error}")


def text_of(column: Column, raw: Any) -> str | None:
    """A stored value as a person sees it; what doesn't fit its codec is shown as it is stored."""
    if raw is None:
        return None
    if isinstance(raw, bytes):
        return f"{len(raw)} bytes"
    try:
        value = column.codec.decode(raw) if column.codec is not None else raw
    except ValueError:
        return str(raw)
    return None if value is None else to_text(value, column.type)
