"""Puts the run's inputs and logical time into a prepared query, as typed literals.

The query's text is made by the generator and holds marks, which no query can hold itself; a value becomes a
quoted literal with a cast to its declared type, and nothing else. This module refuses a value that isn't of
its input's type.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from deskhand.contract import Filter, Value
from deskhand.errors import DataError
from deskhand.sql.dates import NOW, TODAY
from deskhand.sql.dialect import fill
from deskhand.sql.duck import constants
from deskhand.sql.scope import Base, Candidate
from deskhand.sql.types import INTEGERS, NULL

Binder = Callable[[str], str | None]
"""Gives the SQL for a mark; None where its value isn't known yet."""


def fixed_now(now: dt.datetime) -> Binder:
    """Binds the logical time only."""

    def bind(name: str) -> str | None:
        if name == TODAY:
            return literal(now.date(), "DATE")
        return literal(now, "TIMESTAMP") if name == NOW else None

    return bind


def with_inputs(now: dt.datetime, inputs: Mapping[str, Value], types: Mapping[str, str]) -> Binder:
    """Binds the logical time and the inputs. Raises DataError for a missing or wrongly typed one."""
    clock = fixed_now(now)
    folded = {name.casefold(): value for name, value in inputs.items()}
    known: dict[str, str] = {}
    for name, type_ in types.items():
        if name.casefold() not in folded:
            raise DataError(f"input {name} has no value", mend=f"give one with --input {name}=…")
        try:
            known[name] = literal(folded[name.casefold()], type_)
        except TypeError as error:
            raise DataError(f"input {name}: {folded[name.casefold()]!r} is no {type_}") from error

    def bind(name: str) -> str | None:
        return known.get(name) or clock(name)

    return bind


def literal(value: Value, type_: str) -> str:
    """A value as a typed SQL literal. Raises TypeError where the value isn't of the type."""
    number = type_ in INTEGERS or type_.startswith("DECIMAL") or type_ in ("DOUBLE", "FLOAT")
    text: str
    if value is None:
        return "NULL" if type_ == NULL else f"CAST(NULL AS {type_})"
    if isinstance(value, bool):
        _need(type_ == "BOOLEAN")
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        _need(number)
        text = str(value)
    elif isinstance(value, Decimal):
        _need(number and type_ not in INTEGERS and value.is_finite())
        text = format(value, "f")
    elif isinstance(value, float):
        _need(type_ in ("DOUBLE", "FLOAT"))
        text = repr(value)
    elif isinstance(value, dt.datetime):
        _need(type_ == "TIMESTAMP" and value.tzinfo is None)
        text = value.isoformat(sep=" ")
    elif isinstance(value, dt.date):
        _need(type_ in ("DATE", "TIMESTAMP"))
        text = value.isoformat()
    elif isinstance(value, dt.time):
        _need(type_ == "TIME")
        text = value.isoformat()
    elif isinstance(value, str):
        _need(type_ == "VARCHAR")
        text = value
    else:
        raise TypeError(type_)
    return f"CAST({quoted(text)} AS {type_})"


def quoted(text: str) -> str:
    """A text as an SQL string: DuckDB knows no escapes in it but the doubled quote."""
    return "'" + text.replace("'", "''") + "'"


def _need(holds: bool) -> None:
    if not holds:
        raise TypeError


def bound(text: str, bind: Binder) -> str | None:
    """The text with every mark replaced; None where a value isn't known yet."""
    missing = False

    def value(name: str) -> str:
        nonlocal missing
        found = bind(name)
        missing = missing or found is None
        return found or ""

    made = fill(text, value)
    return None if missing else made


def merge_filters(base: Base) -> list[Candidate]:
    """The conditions that hold wherever the query names the source."""
    if not base.references:
        return []
    common = set(base.references[0]).intersection(*base.references[1:])
    return [candidate for candidate in base.references[0] if candidate in common]


def constant_filters(candidates: Sequence[Candidate], base: Base, bind: Binder) -> tuple[Filter, ...]:
    """The filters whose values are known, typed as their columns, date ranges widened by a day."""
    made: list[Filter] = []
    assert base.table is not None
    for candidate in candidates:
        column = base.table.column(candidate.column)
        if column is None:
            continue
        if candidate.op in ("is null", "is not null"):
            made.append(Filter(column.name, "is null" if candidate.op == "is null" else "is not null"))
            continue
        texts = [text for text in (bound(value, bind) for value in candidate.values) if text is not None]
        if len(texts) < len(candidate.values):
            continue
        dated = column.type in ("DATE", "TIMESTAMP")
        values = constants([f"CAST({text} AS {column.type if dated else 'BIGINT'})" for text in texts])
        if values is None or any(value is None for value in values):
            continue
        made.extend(_filters(column.name, candidate.op, values, dated))
    return tuple(dict.fromkeys(made))


def _filters(column: str, op: str, values: tuple[Value, ...], dated: bool) -> list[Filter]:
    value = values[0]
    if not dated:
        if op == "in":
            return [Filter(column, "in", values)]
        return [Filter(column, op, value)]  # type: ignore[arg-type]
    assert isinstance(value, dt.date)
    day = dt.timedelta(days=1)
    try:
        if op == "=":
            return [Filter(column, ">=", value - day), Filter(column, "<=", value + day)]
        if op in ("<", "<="):
            return [Filter(column, "<" if op == "<" else "<=", value + day)]
        return [Filter(column, ">" if op == ">" else ">=", value - day)]
    except OverflowError:
        return []
