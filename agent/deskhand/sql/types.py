"""DuckDB's types as the query layer reasons about them: families, decimals, and what a result may hold.

A type is DuckDB's own spelling (`DECIMAL(18,2)`, `VARCHAR`, `INTEGER[]`); the type of an untyped null is
`NULL`. This module refuses to ask DuckDB anything: it only reads spellings.
"""

from __future__ import annotations

import datetime as dt
import re

NULL = "NULL"
UNROUNDED_SCALE = 10
"""The scale of what a division gives. A Decimal of this scale wasn't rounded yet: whoever writes or mails it
rounds it (half up), to two places unless told otherwise. Nothing else has this scale unless it was cast so."""
UNROUNDED = f"DECIMAL(38,{UNROUNDED_SCALE})"

INTEGERS = frozenset(
    {
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
        "UHUGEINT",
        "BIGNUM",
    }
)
FLOATS = frozenset({"FLOAT", "DOUBLE"})
_FAMILIES = {
    "BOOLEAN": "bool",
    "DATE": "date",
    "TIME": "time",
    "TIME_NS": "time",
    "TIME WITH TIME ZONE": "time",
    "INTERVAL": "interval",
    "VARCHAR": "text",
    "UUID": "uuid",
    "JSON": "text",
    "BLOB": "bytes",
    "BIT": "bits",
    NULL: "null",
}
_PLAIN = {
    "HUGEINT": "BIGINT",
    "UBIGINT": "BIGINT",
    "UHUGEINT": "BIGINT",
    "BIGNUM": "BIGINT",
    "UUID": "VARCHAR",
    "JSON": "VARCHAR",
    "TIME_NS": "TIME",
    "TIME WITH TIME ZONE": "TIME",
}
_WORDS = {
    "text": "a text",
    "number": "a number",
    "date": "a date",
    "timestamp": "a timestamp",
    "time": "a time",
    "bool": "a boolean",
    "interval": "an interval",
    "list": "a list",
    "struct": "a structure",
    "uuid": "a UUID",
    "bytes": "bytes",
    "bits": "bits",
    "null": "null",
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


def normal(type_: str) -> str:
    """The one spelling used here: DESCRIBE writes an untyped null in quotes."""
    return NULL if type_ in ('"NULL"', "NULL", "UNKNOWN") else type_


def decimal(type_: str) -> tuple[int, int] | None:
    """Width and scale of a decimal type, else None."""
    match = _DECIMAL.fullmatch(type_)
    return (int(match[1]), int(match[2])) if match else None


def family(type_: str | None) -> str | None:
    """What kind of value it is: text, number, bool, date, timestamp, …; None where it isn't known."""
    if type_ is None:
        return None
    if type_ in INTEGERS or type_ in FLOATS or decimal(type_):
        return "number"
    if type_.startswith("TIMESTAMP"):
        return "timestamp"
    if type_.endswith("]"):
        return "list"
    if type_.startswith(("STRUCT", "MAP", "UNION", "VARIANT", "TUPLE")):
        return "struct"
    if type_.startswith("ENUM"):
        return "text"
    return _FAMILIES.get(type_)


def exact(type_: str | None) -> bool:
    """Whether it is a number without binary fractions: an integer or a decimal."""
    return type_ is not None and (type_ in INTEGERS or decimal(type_) is not None)


def scale(type_: str) -> int:
    """The digits after the point of an exact number."""
    width_scale = decimal(type_)
    return width_scale[1] if width_scale else 0


def words(type_: str | None) -> str:
    """The type for a person: `a text`, `a number`."""
    return _WORDS.get(family(type_) or "", type_ or "something unknown")


def result_type(type_: str) -> str | None:
    """The type in which a query hands a column out; None for what one cell can't hold (lists, intervals, …).

    Whole numbers wider than 64 bits become BIGINT, timestamps naive, UUIDs and enums text.
    """
    kind = family(type_)
    if kind in ("list", "struct", "interval", "bits") or kind is None:
        return None
    if kind == "timestamp":
        return "TIMESTAMP"
    if type_.startswith("ENUM"):
        return "VARCHAR"
    return _PLAIN.get(type_, type_)


def is_iso_date(text: str) -> bool:
    """Whether a text is a real day as YYYY-MM-DD."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_iso_timestamp(text: str) -> bool:
    """Whether a text is a naive ISO timestamp with at least hours and minutes."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?", text):
        return False
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_iso_time(text: str) -> bool:
    """Whether a text is a time of day as HH:MM or HH:MM:SS."""
    if not re.fullmatch(r"\d\d:\d\d(:\d\d(\.\d{1,6})?)?", text):
        return False
    try:
        dt.time.fromisoformat(text)
    except ValueError:
        return False
    return True
