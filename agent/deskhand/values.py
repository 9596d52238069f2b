"""Values and rows as JSON: what is kept beside rows, shown to people who approve, and printed by `--json`.

Money is text, dates are ISO, a division that nobody rounded has two places. This module refuses to guess a
type: what it is given is already typed.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

from deskhand.contract import Json, ResultColumn, Rows, Value
from deskhand.template import settle


def totals(data: Rows) -> dict[str, Json]:
    """The sum of each column of money, as text, for whoever approves the rows."""
    found: dict[str, Json] = {}
    for column in data.columns:
        if column.type.startswith("DECIMAL"):
            values = [row[column.name] for row in data.rows]
            found[column.name] = value_to_json(sum((v for v in values if isinstance(v, Decimal)), Decimal(0)))
    return found


def answer(data: Rows) -> Json:
    """The rows of a last query as `{"columns", "rows"}`."""
    names = [c.name for c in data.columns]
    return {"columns": list(names), "rows": [[value_to_json(row[name]) for name in names] for row in data.rows]}


def value_to_json(value: Value) -> Json:
    """One value as JSON: Decimals as texts, dates and times ISO, bytes as hex; `nan` and `inf` are texts too."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)  # JSON has no such numbers
    if isinstance(value, Decimal):
        return format(settle(value), "f")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return value


def row_to_json(row: Mapping[str, Value]) -> dict[str, Json]:
    """A row as JSON."""
    return {name: value_to_json(value) for name, value in row.items()}


def columns_to_json(columns: Sequence[ResultColumn]) -> Json:
    """A step's columns as they are kept beside its rows."""
    return [[c.name, c.type, list(c.origin) if c.origin else None] for c in columns]


def columns_from_json(value: Json) -> tuple[ResultColumn, ...]:
    """The columns that `columns_to_json` kept."""
    assert isinstance(value, list)
    made = []
    for item in value:
        assert isinstance(item, list)
        name, type_, origin = item
        place = tuple(str(part) for part in origin) if isinstance(origin, list) else None
        made.append(ResultColumn(str(name), str(type_), (place[0], place[1], place[2]) if place else None))
    return tuple(made)
