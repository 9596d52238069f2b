"""Which kinds of values may meet: in a comparison, a list, a case, a join, a set operation.

DuckDB turns texts into numbers and dates silently (`amount = '12'`, `due < 'tomorrow'`), which a plan must
not rest on. This module refuses to type anything; it only judges two typed nodes.
"""

from __future__ import annotations

from sqlglot import exp

from deskhand.sql.dialect import sql
from deskhand.sql.probe import type_of
from deskhand.sql.types import family, is_iso_date, is_iso_time, is_iso_timestamp, words

_MEETS_MIDNIGHT = (exp.GTE, exp.LT)
"""A timestamp against a day written as text: only with these does midnight mean the same as the day."""


_MIDNIGHT = "they are only equal at midnight"


def literal_text(node: exp.Expr) -> str | None:
    """The text of a string literal, else None."""
    plain = node.unnest()
    return str(plain.this) if isinstance(plain, exp.Literal) and plain.is_string else None


def shown(node: exp.Expr) -> str:
    """The node as a person wrote it, with its type: `column amount (DECIMAL(18,2))`."""
    plain = node.unnest()
    if isinstance(plain, exp.Column):
        return f"column {plain.name} ({type_of(node)})"
    if isinstance(plain, exp.Placeholder):
        return f"input :{plain.name} ({type_of(node)})" if not plain.name.startswith("@") else sql(plain)
    text = sql(plain)
    return text if isinstance(plain, exp.Literal) else f"{text} ({type_of(node)})"


def disagreement(left: exp.Expr, right: exp.Expr, operator: type[exp.Expr] | None = None) -> tuple[str, str] | None:
    """Why two values can't meet, as message and mend; None where they can, or a type isn't known."""
    a, b = family(type_of(left)), family(type_of(right))
    if a is None or b is None or "null" in (a, b):
        return None
    for text_side, other, kind in ((left, right, b), (right, left, a)):
        text = literal_text(text_side)
        if text is not None and kind != "text":
            return _literal(text, other, kind, operator, flipped=text_side is left)
    if a == b:
        return None
    if {a, b} == {"date", "timestamp"}:
        stamp, day = (left, right) if a == "timestamp" else (right, left)
        return f"{shown(stamp)} is a timestamp and {shown(day)} a date: {_MIDNIGHT}", _day_of(stamp)
    if {a, b} in ({"uuid", "text"}, {"struct", "list"}):
        return None
    mend = _mend(left, right, a, b)
    return f"{shown(left)} is {words(type_of(left))}, but {shown(right)} is {words(type_of(right))}", mend


def _day_of(stamp: exp.Expr) -> str:
    return f"write cast({sql(stamp.unnest())} as date), or use the column `day` where there is one"


def _mend(left: exp.Expr, right: exp.Expr, a: str, b: str) -> str:
    pair = {a, b}
    if pair == {"text", "number"}:
        number = left if a == "number" else right
        plain = number.unnest()
        if isinstance(plain, exp.Literal):
            return f"write '{plain.this}' in quotes, since identifiers and other texts are compared as texts"
        return "cast one of them: cast(… as varchar) or try_cast(… as decimal(18,2))"
    if pair == {"text", "date"}:
        return "cast the text: try_cast(… as date), or strptime(…, '%d/%m/%Y')::date for another format"
    if "bool" in pair:
        return "compare a boolean with true or false, or use it by itself"
    return "cast one of them to the other's type"


def _literal(
    text: str, other: exp.Expr, kind: str, operator: type[exp.Expr] | None, *, flipped: bool
) -> tuple[str, str] | None:
    what = shown(other)
    if kind == "date":
        if is_iso_date(text):
            return None
        return f"{what} is compared with {text!r}, which is no date", "write a day as 'YYYY-MM-DD', or use days_ago(n)"
    if kind == "timestamp":
        if is_iso_timestamp(text):
            return None
        if is_iso_date(text):
            meets = (exp.GT, exp.LTE) if flipped else _MEETS_MIDNIGHT
            if operator in meets:
                return None
            return f"{what} is a timestamp and {text!r} a date: {_MIDNIGHT}", _day_of(other)
        return f"{what} is compared with {text!r}, which is no timestamp", "write it as 'YYYY-MM-DD HH:MM'"
    if kind == "time":
        if is_iso_time(text):
            return None
        return f"{what} is compared with {text!r}, which is no time", "write it as 'HH:MM'"
    if kind == "number":
        number = text.strip().replace(".", "", 1).lstrip("+-").isdigit()
        mend = f"write {text.strip()} without quotes" if number else "compare it with a number"
        return f"{what} is a number, but {text!r} is a text", mend
    if kind == "bool":
        return f"{what} is a boolean, but {text!r} is a text", "compare a boolean with true or false"
    return None
