"""Between Arrow and Python: rows as dicts of values, tables from rows, and a digest that binds an approval.

Refuses values that one cell can't hold, and never lets a Decimal pass through a float.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from deskhand.contract import ResultColumn, Value
from deskhand.errors import DataError
from deskhand.sql.types import NULL, decimal, family

if TYPE_CHECKING:
    import pyarrow as pa


@functools.lru_cache(maxsize=512)
def arrow_type(type_: str) -> Any:
    """The Arrow type of a DuckDB type. Raises ValueError for one that no cell can hold."""
    import pyarrow as pa

    width_scale = decimal(type_)
    if width_scale is not None:
        return pa.decimal128(*width_scale)
    simple = {
        "BOOLEAN": pa.bool_(),
        "TINYINT": pa.int8(),
        "SMALLINT": pa.int16(),
        "INTEGER": pa.int32(),
        "BIGINT": pa.int64(),
        "UTINYINT": pa.uint8(),
        "USMALLINT": pa.uint16(),
        "UINTEGER": pa.uint32(),
        "UBIGINT": pa.uint64(),
        "HUGEINT": pa.decimal128(38, 0),
        "FLOAT": pa.float32(),
        "DOUBLE": pa.float64(),
        "DATE": pa.date32(),
        "TIME": pa.time64("us"),
        "BLOB": pa.binary(),
        NULL: pa.null(),
    }
    if type_ in simple:
        return simple[type_]
    kind = family(type_)
    if kind == "timestamp":
        return pa.timestamp("us")
    if kind in ("text", "uuid"):
        return pa.string()
    raise ValueError(f"no cell can hold {type_}")


def conform(table: pa.Table, columns: Sequence[tuple[str, str]], what: str) -> pa.Table:
    """The table's columns of these names and types, in this order. Raises DataError where one is missing or
    can't be had in its type without loss."""
    import pyarrow as pa

    arrays = []
    for name, type_ in columns:
        index = table.schema.get_field_index(name)
        if index < 0:
            raise DataError(f"{what} gave no column {name}", mend="refresh the catalog: agent catalog")
        array = table.column(index)
        wanted = arrow_type(type_)
        if array.type != wanted:
            try:
                array = _cast(array, wanted)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                raise DataError(f"{what}: column {name} holds a value that isn't {type_}") from error
        _within_calendar(array, name, what)
        arrays.append(array)
    if not arrays:
        return table.select([])
    return pa.Table.from_arrays(arrays, names=[name for name, _ in columns])


def _within_calendar(array: Any, name: str, what: str) -> None:
    """Raises DataError for a date before the year 1 or after 9999, `infinity` too: no cell or mail can hold it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_date(array.type) or pa.types.is_timestamp(array.type)):
        return
    ends = pc.min_max(array)
    try:
        ends.as_py()
    except (OverflowError, ValueError):
        raise DataError(
            f"{what}: column {name} holds a date outside the years 1 to 9999", mend="Mend it in the query."
        ) from None


def _cast(array: Any, wanted: Any) -> Any:
    """The array in another type, without loss. Raises ArrowInvalid; floats never become Decimals here."""
    import pyarrow as pa

    if pa.types.is_decimal(wanted):
        if pa.types.is_floating(array.type):
            raise pa.ArrowInvalid("a float is no Decimal")
        if pa.types.is_integer(array.type):
            array = array.cast(pa.decimal128(38, wanted.scale))
    return array.cast(wanted)


def to_rows(table: pa.Table, columns: Sequence[ResultColumn] | None = None) -> list[dict[str, Value]]:
    """The rows as dicts, in order: Decimals exact, dates and naive datetimes as such.

    columns: which to take, by name; all where none are given.
    """
    names = [c.name for c in columns] if columns is not None else table.column_names
    lists = [table.column(name).to_pylist() for name in names]
    return [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)] if lists else []


def from_rows(rows: Sequence[Mapping[str, Value]], columns: Sequence[ResultColumn]) -> pa.Table:
    """The rows as a table typed as the columns. Raises DataError for a value of another type."""
    import pyarrow as pa

    arrays = []
    for column in columns:
        values = [_exact(row[column.name], column.type) for row in rows]
        try:
            arrays.append(pa.array(values, type=arrow_type(column.type)))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, ValueError) as error:
            raise DataError(f"column {column.name} holds a value that isn't {column.type}") from error
    return pa.Table.from_arrays(arrays, names=[c.name for c in columns])


def _exact(value: Value, type_: str) -> Value:
    """Integers into decimal columns; floats stay refused there."""
    if isinstance(value, int) and not isinstance(value, bool) and decimal(type_):
        return Decimal(value)
    return value


def digest(table: pa.Table) -> str:
    """SHA-256 over names, types and values, the order of rows and columns included; the same on every
    machine and for the same values in differently chunked tables."""
    state = hashlib.sha256()
    for field in table.schema:
        state.update(_framed("c", f"{field.name}\x00{field.type}"))
    for values in zip(*(column.to_pylist() for column in table.columns), strict=True):
        for value in values:
            state.update(_cell(value))
    state.update(_framed("n", str(table.num_rows)))
    return state.hexdigest()


def _cell(value: Any) -> bytes:
    if value is None:
        return b"-;"
    if isinstance(value, bool):
        return b"b1;" if value else b"b0;"
    if isinstance(value, Decimal):
        return _framed("d", format(value.normalize(), "f") if value else "0")
    if isinstance(value, bytes):
        return _framed("x", value.hex())
    if isinstance(value, dt.date | dt.time):
        return _framed("t", value.isoformat())
    return _framed("f" if isinstance(value, float) else "i" if isinstance(value, int) else "s", str(value))


def _framed(kind: str, text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return f"{kind}{len(data)}:".encode() + data + b";"
