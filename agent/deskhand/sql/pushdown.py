"""Conditions that a source may be read under without losing a row that matters.

Taken from `where`, and only these: comparisons of an integer column with a constant, `is null` and
`is not null`, and ranges of a DATE or TIMESTAMP column, widened by a day to either side. Refused: texts
(collations), Decimals and floats (stored as binary fractions), booleans, whatever stands under `or` or `not`,
and every source on the nullable side of an outer join, of an asof or of a positional join.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from deskhand.sql.compare import literal_text
from deskhand.sql.dialect import marked
from deskhand.sql.probe import type_of
from deskhand.sql.scope import Candidate, Field, Frame, Relation
from deskhand.sql.types import INTEGERS, NULL

_FLIPPED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPERATORS: dict[type[exp.Expr], str] = {exp.EQ: "=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}


def collect(where: exp.Expr, frame: Frame) -> None:
    """Note, for each source of the select, the conditions of its `where` that it may be read under."""
    for part in conjuncts(where):
        for column, operator, values in conditions(part):
            found: Field | None = column.meta.get("field")
            if found is None or found.base is None or column.meta.get("outer"):
                continue
            relation = _owner(frame, column, found)
            if relation is None or relation.candidates is None or not relation.filterable:
                continue
            if _allowed(found.type, operator, values):
                texts = tuple(marked(value) for value in values)
                relation.candidates.append(Candidate(found.real or found.name, operator, texts))


def conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    """The conditions that a boolean joins by `and`."""
    waiting = [node]
    while waiting:
        plain = waiting.pop().unnest()
        if isinstance(plain, exp.And):
            waiting += [plain.expression, plain.this]
        else:
            yield plain


def conditions(node: exp.Expr) -> Iterator[tuple[exp.Column, str, tuple[exp.Expr, ...]]]:
    """What a condition says of a column by constants: the column, the operator, the values."""
    operator = _OPERATORS.get(type(node))
    if operator is not None:
        left, right = node.this.unnest(), node.expression.unnest()
        if isinstance(left, exp.Column) and _constant(right):
            yield left, operator, (node.expression,)
        elif isinstance(right, exp.Column) and _constant(left):
            yield right, _FLIPPED[operator], (node.this,)
    elif isinstance(node, exp.Between):
        if isinstance(node.this.unnest(), exp.Column) and not node.args.get("symmetric"):
            for key, bound in (("low", ">="), ("high", "<=")):
                if _constant(node.args[key]):
                    yield node.this.unnest(), bound, (node.args[key],)
    elif isinstance(node, exp.In) and isinstance(node.this.unnest(), exp.Column):
        items = tuple(node.expressions)
        if items and not node.args.get("query") and all(_constant(item) for item in items):
            yield node.this.unnest(), "in", items
    elif isinstance(node, exp.Is):
        tested = node.this.unnest()
        if isinstance(tested, exp.Column) and isinstance(node.expression, exp.Null):
            yield tested, "is null", ()
    elif isinstance(node, exp.Not):
        inner = node.this.unnest()
        tested = inner.this.unnest() if isinstance(inner, exp.Is) else None
        if isinstance(tested, exp.Column) and isinstance(inner.expression, exp.Null):
            yield tested, "is not null", ()


def _constant(node: exp.Expr) -> bool:
    """Whether a value depends on no row: literals, inputs, business dates, calculations with them."""
    return not any(
        isinstance(n, exp.Column | exp.Query | exp.Window | exp.Star | exp.Lambda | exp.Comprehension)
        for n in node.walk()
    )


def _allowed(type_: str | None, operator: str, values: tuple[exp.Expr, ...]) -> bool:
    if operator in ("is null", "is not null"):
        return True
    if type_ in INTEGERS:
        return all(type_of(value) in INTEGERS or type_of(value) == NULL for value in values)
    if type_ in ("DATE", "TIMESTAMP"):
        dated = all(type_of(v) in ("DATE", "TIMESTAMP") or literal_text(v) is not None for v in values)
        return dated and operator != "in"
    return False


def _owner(frame: Frame, column: exp.Column, found: Field) -> Relation | None:
    """The relation of this select that the column was resolved to."""
    if column.table:
        return frame.relation(column.table)
    owners = [relation for relation, field in frame.find(column.name) if field is found]
    return owners[0] if len(owners) == 1 and len(frame.find(column.name)) == 1 else None
