"""What a SQLite file holds: tables, columns, keys, and a codec for each column.

How codecs are found. A table of up to 20,000 rows is looked at wholly. Of a longer one the first 3,000 and
the last 1,000 rows are, and then the whole column is asked by SQL for what would contradict them: values of
another storage class, REALs with more decimals, and, for dates, booleans and numbers stored as text, every
distinct value up to 20,000. A column empty in the sample is asked for its first values. What is missed even
so is an error when it is read, never a wrong value.

Hidden are SQLite's own tables, the key rows of effects and the shadow tables of virtual ones. Views and
virtual tables are read-only. A view that can't be read is listed without columns, with the reason.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deskhand.codec import Codec, infer, to_text
from deskhand.contract import Column, Table

from deskhand_tools.database.connect import BLANK, EFFECTS, quoted

WHOLE = 20_000
_HEAD, _TAIL, _VIEW = 3_000, 1_000, 2_000
_SAMPLES = 12
_LONGEST_SAMPLE = 60


@dataclass(frozen=True)
class Shape:
    """How a table is stored: what the catalog's `Table` doesn't say but reading and writing need.

    rowid: the name under which the rowid can be asked for, None where there is none. unique: the column sets
    that can't repeat, the primary key first. indexed: the columns of each index. order: the primary key of
    a table without rowid. affinity: SQLite's type affinity by column name.
    """

    rowid: str | None = None
    unique: tuple[tuple[str, ...], ...] = ()
    indexed: tuple[tuple[str, ...], ...] = ()
    order: tuple[str, ...] = ()
    affinity: Mapping[str, str] = field(default_factory=dict)


def names(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Names and kinds (`table`, `view`, `virtual`) of all tables that the catalog shows, by name."""
    rows = connection.execute("pragma table_list").fetchall()
    shown = [
        (name, kind)
        for schema, name, kind, *_ in rows
        if schema == "main" and kind != "shadow" and not name.startswith("sqlite_") and name != EFFECTS
    ]
    return sorted(shown, key=lambda pair: pair[0].casefold())


def table(connection: sqlite3.Connection, name: str, kind: str) -> tuple[Table, Shape]:
    """One table with its codecs, and how it is stored."""
    try:
        try:
            return _table(connection, name, kind)
        except sqlite3.OperationalError as error:
            if "decode to UTF-8" not in str(error):
                raise
            # surrogates stand for bytes that are no UTF-8: the catalog must not fail where only a read would
            connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
            return _table(connection, name, kind)
    except sqlite3.OperationalError as error:
        if kind == "table":
            raise
        return Table(name, (), writable=False, note=f"can't be read: {error}"), Shape()
    finally:
        connection.text_factory = str


def _table(connection: sqlite3.Connection, name: str, kind: str) -> tuple[Table, Shape]:
    infos = [row for row in connection.execute(f"pragma table_xinfo({quoted(name)})") if row[6] != 1]
    shape = _shape(connection, name, kind, infos)
    rows: int | None = None
    if kind != "view":
        rows = int(connection.execute(f"select count(*) from {quoted(name)}").fetchone()[0])
    stored = _sample(connection, name, [info[1] for info in infos], rows, shape)
    key = tuple(info[1] for info in sorted((i for i in infos if i[5]), key=lambda i: i[5]))
    columns = []
    for info, values in zip(infos, stored, strict=True):
        _, column, declared, notnull, default, pk, hidden = info
        codec = infer(values, name=column, declared=declared or "ANY")
        if rows is not None and rows > WHOLE:
            odd = _contradictions(connection, name, column, codec, values)
            if odd:
                values = [*values, *odd]
                codec = infer(values, name=column, declared=declared or "ANY")
        alias = _is_rowid_alias(infos, info, shape)
        strict = bool(notnull) or bool(pk)  # SQLite lets keys be null, for old times' sake; we don't
        columns.append(
            Column(
                column,
                codec.type,
                nullable=not strict,
                has_default=default is not None or alias,
                generated=hidden in (2, 3),
                codec=codec,
                samples=_samples(codec, values),
            )
        )
    return Table(name, tuple(columns), key=key, rows=rows, writable=kind == "table"), shape


def shape(connection: sqlite3.Connection, name: str, kind: str) -> Shape:
    """How a table is stored."""
    return _shape(connection, name, kind, connection.execute(f"pragma table_xinfo({quoted(name)})").fetchall())


def _is_rowid_alias(infos: Sequence[Any], info: Any, shape: Shape) -> bool:
    single = sum(1 for i in infos if i[5]) == 1
    return bool(info[5]) and single and shape.rowid is not None and str(info[2]).upper() == "INTEGER"


def _shape(connection: sqlite3.Connection, name: str, kind: str, infos: Sequence[Any]) -> Shape:
    if kind != "table":
        return Shape()
    taken = {str(info[1]).casefold() for info in infos}
    rowid = next((word for word in ("rowid", "_rowid_", "oid") if word not in taken), None)
    without = connection.execute(f"pragma table_list({quoted(name)})").fetchall()
    if any(row[0] == "main" and row[4] for row in without):
        rowid = None
    key = tuple(info[1] for info in sorted((i for i in infos if i[5]), key=lambda i: i[5]))
    unique = [key] if key else []
    indexed = [key] if key else []
    for _, index, is_unique, _, partial in connection.execute(f"pragma index_list({quoted(name)})").fetchall():
        members = [row[2] for row in connection.execute(f"pragma index_info({quoted(index)})")]
        if partial or None in members:  # an index over an expression has nameless columns
            continue
        if is_unique and tuple(members) not in unique:
            unique.append(tuple(members))
        indexed.append(tuple(members))
    affinity = {info[1]: affinity_of(info[2] or "") for info in infos}
    return Shape(rowid, tuple(unique), tuple(indexed), key if rowid is None else (), affinity)


def affinity_of(declared: str) -> str:
    """SQLite's affinity for a declared type, by the rules of its manual."""
    word = declared.upper()
    if "INT" in word:
        return "integer"
    if any(part in word for part in ("CHAR", "CLOB", "TEXT")):
        return "text"
    if not word or "BLOB" in word:
        return "blob"
    return "real" if any(part in word for part in ("REAL", "FLOA", "DOUB")) else "numeric"


def _sample(
    connection: sqlite3.Connection, name: str, columns: Sequence[str], rows: int | None, shape: Shape
) -> list[list[Any]]:
    """Stored values by column."""
    if not columns:
        return []
    base = f"select {', '.join(map(quoted, columns))} from {quoted(name)}"
    if rows is None:
        found = connection.execute(f"{base} limit {_VIEW}").fetchall()
    elif rows <= WHOLE:
        found = connection.execute(base).fetchall()
    else:
        found = connection.execute(f"{base} limit {_HEAD}").fetchall()
        order = [shape.rowid] if shape.rowid else [quoted(column) for column in shape.order]
        if order:
            last = ", ".join(f"{column} desc" for column in order)
            found += connection.execute(f"{base} order by {last} limit {_TAIL}").fetchall()
    return [list(values) for values in zip(*found, strict=True)] if found else [[] for _ in columns]


def _contradictions(
    connection: sqlite3.Connection, name: str, column: str, codec: Codec, seen: Sequence[Any]
) -> list[Any]:
    """Values of the whole column that the sample's codec might not hold for."""
    cell, source = quoted(column), f"from {quoted(name)}"
    if all(value is None or (isinstance(value, str) and not value.strip()) for value in seen):
        filled = f"{cell} is not null and not {BLANK.format(cell)}"
        return _column(connection, f"select {cell} {source} where {filled} limit {_HEAD}")
    classes = {int: "integer", float: "real", str: "text", bytes: "blob"}
    known = ", ".join(sorted({f"'{classes[type(v)]}'" for v in seen if v is not None}))
    odd = _column(connection, f"select {cell} {source} where typeof({cell}) not in ({known}, 'null') limit 100")
    if codec.kind == "decimal" and "real" in codec.formats:
        fine = f"abs({cell} - round({cell}, {codec.scale})) > 1e-8"
        odd += _column(connection, f"select {cell} {source} where typeof({cell}) = 'real' and {fine} limit 100")
    texts = any(isinstance(value, str) for value in seen)
    if codec.kind not in ("text", "blob") and (texts or codec.kind in ("date", "timestamp", "boolean")):
        odd += _column(connection, f"select distinct {cell} {source} limit {WHOLE}")
    return odd


def _column(connection: sqlite3.Connection, sql: str) -> list[Any]:
    return [row[0] for row in connection.execute(sql)]


def _samples(codec: Codec, values: Sequence[Any]) -> tuple[str, ...]:
    """The distinct values of a column that repeats a few; personal data and free text repeat rarely."""
    if codec.kind == "blob":
        return ()
    counts: dict[Any, int] = {}
    for value in values:
        if value is not None:
            counts[value] = counts.get(value, 0) + 1
        if len(counts) > 2 * _SAMPLES:
            return ()
    texts = {to_text(codec.decode(value), codec.type) for value in counts} - {""}
    if not texts or len(texts) > _SAMPLES or len(texts) * 2 > sum(counts.values()):
        return ()
    if any(len(text) > _LONGEST_SAMPLE or re.search(r"[\ud800-\udfff]", text) for text in texts):
        return ()
    return tuple(sorted(texts))
