"""What the four operations share: which table and columns a call means, typed values, stored values, JSON.

An operation never holds a connection open: `prepare` and `verify` read through one of their own, `apply`
writes through another.
"""

from __future__ import annotations

import functools
import sqlite3
import threading
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from deskhand.codec import to_text
from deskhand.contract import (
    Call,
    Change,
    Column,
    Effect,
    Item,
    Json,
    Operation,
    Receipt,
    Row,
    Table,
    Value,
    Verdict,
)
from deskhand.errors import BusinessError, DataError

from deskhand_tools.database.check import unquoted
from deskhand_tools.database.schema import Shape

if TYPE_CHECKING:
    from deskhand_tools.database.tool import DatabaseTool

Key = tuple[Value, ...]


@dataclass(frozen=True)
class Target:
    """The table that an act writes to, as the file holds it now."""

    place: str
    table: Table
    shape: Shape

    def column(self, name: str) -> Column:
        """The column of that name. Raises DataError where the table has lost it since the check."""
        found = self.table.column(name)
        if found is None:
            raise DataError(f"{self.place} has no column {name}", mend="check the plan anew: agent check")
        return found


class DatabaseOperation(Operation):
    """Base of the database's operations."""

    effect: ClassVar[Effect] = Effect.WRITE
    batch: ClassVar[int] = 500

    def __init__(self, tool: DatabaseTool) -> None:
        self.tool = tool

    def target(self, name: str) -> Target:
        """The table to write to. Raises DataError where it is gone or can't be written."""
        found = self.tool.stored(name)
        connection = self.tool.context.connection
        if found is None:
            raise DataError(f"{connection} has no table {plain_name(name, connection)}", mend="see: agent catalog")
        table, shape = found
        if not table.writable:
            raise DataError(f"{connection}.{table.name} is read-only", mend="write to the table behind it")
        return Target(f"{connection}.{table.name}", table, shape)

    def prepare(self, calls: Sequence[Call]) -> list[Change]:
        if not calls:
            return []
        return self._prepare(calls, self.target(calls[0].params.table))  # type: ignore[attr-defined]

    @abstractmethod
    def _prepare(self, calls: Sequence[Call], target: Target) -> list[Change]:
        """One change per call."""

    def apply(self, items: Sequence[Item]) -> list[Receipt | BusinessError]:
        from deskhand_tools.database import writes

        return writes.apply(self.tool, items)

    def verify(self, items: Sequence[Item]) -> list[Verdict]:
        from deskhand_tools.database import verify

        return verify.verify(self.tool, items)


def plain_name(name: str, connection: str) -> str:
    """A table's own name, where a plan may have put the connection before it: `ledger."order lines"`."""
    head, dot, rest = name.partition(".")
    if dot and head.casefold() == connection.casefold():
        name = rest
    return unquoted(name)


def cell(row: Row, name: str) -> Value:
    """The row's value of that column, ignoring case. Raises KeyError where it has none."""
    if name in row:
        return row[name]
    folded = name.casefold()
    for found, value in row.items():
        if found.casefold() == folded:
            return value
    raise KeyError(name)


def row_of(call: Call) -> Row:
    """The call's row. Raises BusinessError where it has none."""
    if call.row is None:
        raise BusinessError("there is no row to take values from", mend="give the act rows")
    return call.row


def typed(column: Column, value: Value) -> Value:
    """The value as the column holds it. Raises BusinessError where it can't."""
    assert column.codec is not None
    try:
        if isinstance(value, str):
            value.encode()
        return column.codec.coerce(value)
    except UnicodeEncodeError:
        raise BusinessError(f"{column.name} can't be set: the text {value!r} has characters that are none") from None
    except ValueError as error:
        raise BusinessError(f"{column.name} can't be set: {error}") from None


def key_of(call: Call, columns: Sequence[Column]) -> Key:
    """The row's key, typed. Raises BusinessError where a part of it is null or of another type."""
    row, parts = row_of(call), []
    for column in columns:
        try:
            value = typed(column, cell(row, column.name))
        except KeyError:
            raise BusinessError(f"the row brings no key column {column.name}") from None
        if value is None:
            raise BusinessError(f"the key {column.name} is null")
        parts.append(value)
    return tuple(parts)


def said(columns: Sequence[Column], key: Key) -> str:
    """A key in words: `number R-17, line 2`."""
    return ", ".join(f"{c.name} {to_text(v, c.type)}" for c, v in zip(columns, key, strict=True))


def short(columns: Sequence[Column], key: Key) -> str:
    """A key in short: `R-17 2`."""
    return " ".join(to_text(v, c.type) for c, v in zip(columns, key, strict=True))


def shown(column: Column, value: Value) -> str | None:
    """A typed value for `before` and `after`; null stays null."""
    if value is None:
        return None
    return f"{len(value)} bytes" if isinstance(value, bytes) else to_text(value, column.type)


def stored(target: Target, column: Column, value: Value, like: Any = None) -> Any:
    """What SQLite will hold for that value: encoded like the row's old one, converted by the column's affinity.

    Raises BusinessError where that would read as another value.
    """
    assert column.codec is not None
    try:
        raw = settled(column.codec.encode(value, like=like), target.shape.affinity.get(column.name, "blob"))
        same = column.codec.decode(raw) == value
    except ValueError as error:
        raise BusinessError(f"{column.name} can't be set: {error}") from None
    if not same:
        raise BusinessError(
            f"{column.name} can't be set to {shown(column, value)}: the database would keep it as {raw!r}"
        )
    return raw


_SCRATCH = threading.Lock()


@functools.cache
def _scratch() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    connection.execute("create table t (integer integer, text text, blob blob, real real, numeric numeric)")
    return connection


def settled(raw: Any, affinity: str) -> Any:
    """The value as a column of that affinity stores it; asked of SQLite itself where it may differ."""
    if raw is None or isinstance(raw, bytes) or affinity == "blob":
        return int(raw) if isinstance(raw, bool) else raw
    if isinstance(raw, str) and affinity == "text":
        return raw
    if type(raw) is int and affinity in ("integer", "numeric"):
        return raw
    if isinstance(raw, float) and (affinity == "real" or (affinity != "text" and not raw.is_integer())):
        return raw
    with _SCRATCH:
        connection = _scratch()
        try:
            connection.execute(f"insert into t ({affinity}) values (?)", (raw,))
            return connection.execute(f"select {affinity} from t").fetchone()[0]
        finally:
            connection.execute("delete from t")


# ---------------------------------------------------------------- stored values as JSON


def to_json(raws: Mapping[str, Any]) -> dict[str, Json]:
    """Stored values as JSON; bytes and infinities are marked."""
    return {name: _mark(raw) for name, raw in raws.items()}


def _mark(raw: Any) -> Json:
    if isinstance(raw, bytes):
        return {"bytes": raw.hex()}
    if isinstance(raw, float) and raw - raw != 0:
        return {"real": repr(raw)}
    found: Json = raw
    return found


def from_json(data: Any) -> dict[str, Any]:
    """The stored values that `to_json` was given."""
    return {name: _unmark(raw) for name, raw in data.items()}


def _unmark(raw: Any) -> Any:
    if isinstance(raw, dict):
        return bytes.fromhex(raw["bytes"]) if "bytes" in raw else float(raw["real"])
    return raw
