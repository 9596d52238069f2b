"""Puts the run's inputs and logical time into a prepared query, as typed literals.

Values never become text by substitution: each is a literal node of its declared type. This module refuses a
value that isn't of its input's type.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from sqlglot import exp

from deskhand.contract import Filter, Value
from deskhand.errors import DataError
from deskhand.sql.dates import NOW, TODAY
from deskhand.sql.dialect import sql
from deskhand.sql.duck import constants
from deskhand.sql.probe import type_of
from deskhand.sql.scope import Base, Candidate
from deskhand.sql.types import INTEGERS, NULL

Binder = Callable[[exp.Expr], exp.Expr | None]
"""Gives the literal for a placeholder; None where its value isn't known yet."""


def fixed_now(now: dt.datetime) -> Binder:
    """Binds the logical time only."""

    def bind(node: exp.Expr) -> exp.Expr | None:
        if node.this == TODAY:
            return literal(now.date(), "DATE")
        if node.this == NOW:
            return literal(now, "TIMESTAMP")
        return None

    return bind


def with_inputs(now: dt.datetime, inputs: Mapping[str, Value]) -> Binder:
    """Binds the logical time and the inputs. Raises DataError for a missing or wrongly typed one."""
    clock = fixed_now(now)
    folded = {name.casefold(): value for name, value in inputs.items()}

    def bind(node: exp.Expr) -> exp.Expr | None:
        made = clock(node)
        if made is not None:
            return made
        name = str(node.this)
        if name.casefold() not in folded:
            raise DataError(f"input {name} has no value", mend=f"give one with --input {name}=…")
        type_ = type_of(node) or "VARCHAR"
        try:
            return literal(folded[name.casefold()], type_)
        except (TypeError, ValueError) as error:
            raise DataError(f"input {name}: {folded[name.casefold()]!r} is no {type_}") from error

    return bind


def literal(value: Value, type_: str) -> exp.Expr:
    """A value as a typed literal. Raises TypeError where the value isn't of the type."""
    text: str
    if value is None:
        return exp.maybe_parse(f"CAST(NULL AS {type_})" if type_ != NULL else "NULL", dialect="duckdb")
    if isinstance(value, bool):
        _need(type_ == "BOOLEAN")
        return exp.Boolean(this=value)
    if isinstance(value, int):
        _need(type_ in INTEGERS or type_.startswith("DECIMAL") or type_ in ("DOUBLE", "FLOAT"))
        text = str(value)
    elif isinstance(value, Decimal):
        _need(value.is_finite() and (type_.startswith("DECIMAL") or type_ in ("DOUBLE", "FLOAT")))
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
    return exp.Cast(this=exp.Literal.string(text), to=exp.DataType.build(type_, dialect="duckdb"))


def _need(holds: bool) -> None:
    if not holds:
        raise TypeError


def bound(tree: exp.Expr, bind: Binder) -> exp.Expr:
    """A copy of the tree with every placeholder replaced."""

    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Placeholder):
            made = bind(node)
            return made if made is not None else node
        return node

    return tree.copy().transform(replace, copy=False)


def merge_filters(base: Base) -> list[Candidate]:
    """The conditions that hold wherever the query names the source."""
    if not base.references:
        return []
    spelled = [{_spelling(c): c for c in reference} for reference in base.references]
    common = set(spelled[0]).intersection(*spelled[1:])
    return [candidate for key, candidate in spelled[0].items() if key in common]


def _spelling(candidate: Candidate) -> tuple[str, ...]:
    return (candidate.column, candidate.op, *(sql(value) for value in candidate.values))


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
        trees = [bound(value, bind) for value in candidate.values]
        if any(tree.find(exp.Placeholder) for tree in trees):
            continue
        dated = column.type in ("DATE", "TIMESTAMP")
        values = constants([f"CAST({sql(tree)} AS {column.type if dated else 'BIGINT'})" for tree in trees])
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
