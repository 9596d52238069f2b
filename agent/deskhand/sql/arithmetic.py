"""Exact arithmetic where DuckDB would give binary fractions, and whole numbers and days where it gives others.

- `/` and `avg` of integers and Decimals are DECIMAL(38,10), computed exactly and rounded half to even at the
  tenth place; by zero they are null. `median`, `quantile_cont` and
  `percentile_cont` of them keep ten places too.
- `sum` of integers is BIGINT; a sum that doesn't fit is an error when it runs.
- `date ± interval` of whole days, weeks, months or years, and `date_trunc` of a date, are DATE.
- `*` with an unrounded operand keeps ten places; other products are exact (their scales add up), with 38
  digits. A product that doesn't fit is an error when it runs, never a wrong value.
- `//`, `%`, `mod`, `divide` by zero are null.
- An unrounded Decimal that becomes text inside the query (a cast, `||`, `concat`, `string_agg`) is rounded
  there, half up to two places: that is where it is written.

This module refuses floating point: whatever is DOUBLE in the source stays DuckDB's own arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from deskhand.sql.dialect import marked
from deskhand.sql.probe import type_of, typed
from deskhand.sql.types import INTEGERS, NULL, UNROUNDED, UNROUNDED_SCALE, decimal, exact, family, scale

_WHOLE_UNITS = frozenset(
    f"{unit}{plural}"
    for unit in ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "DECADE", "CENTURY", "MILLENNIUM")
    for plural in ("", "S")
)
WRITTEN_PLACES = 2
"""The places to which an unrounded Decimal is rounded where it is written and nothing else is said."""
_INTO_TEXT = frozenset({"concat", "concat_ws", "string_agg", "group_concat", "listagg"})
_WHOLE_CALLS = frozenset({"to_days", "to_weeks", "to_months", "to_quarters", "to_years", "to_decades", "to_centuries"})


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def cast(node: exp.Expr, type_: str) -> exp.Expr:
    """The node as that type."""
    return typed(exp.Cast(this=node, to=exp.DataType.build(type_, dialect="duckdb")), type_)


def _number_type(node: exp.Expr) -> str | None:
    type_ = type_of(node)
    return "BIGINT" if type_ == NULL else type_


def divide(left: exp.Expr, right: exp.Expr) -> exp.Expr | None:
    """`left / right` as DECIMAL(38,10), or a DOUBLE that is null by zero; None where the types aren't numbers."""
    a, b = _number_type(left), _number_type(right)
    if family(a) != "number" or family(b) != "number" or a is None or b is None:
        return None
    if not (exact(a) and exact(b)):
        quotient = exp.Div(this=exp.Paren(this=left), expression=call("nullif", right, exp.Literal.number(0)))
        return typed(exp.Paren(this=quotient), "DOUBLE")
    return typed(_quotient(left, scale(a), right, scale(b)), UNROUNDED)


def _quotient(left: exp.Expr, left_scale: int, right: exp.Expr, right_scale: int) -> exp.Expr:
    # decimal_division needs width(a) - scale(a) + scale(b) + 10 <= 38, so the dividend is narrowed to that;
    # a dividend that doesn't fit is an error when it runs.
    right_scale = min(right_scale, 14)
    left_scale = min(left_scale, 18)
    width = min(38, 38 - UNROUNDED_SCALE + left_scale - right_scale)
    dividend = cast(left, f"DECIMAL({width},{left_scale})")
    divisor = call("nullif", cast(right, f"DECIMAL(38,{right_scale})"), exp.Literal.number(0))
    return cast(call("decimal_division", dividend, divisor, exp.Literal.number(UNROUNDED_SCALE)), UNROUNDED)


def whole_quotient(left: exp.Expr, right: exp.Expr) -> exp.Expr | None:
    """`left // right`: null by zero, and an integer for Decimals too (DuckDB gives a DOUBLE)."""
    a, b = _number_type(left), _number_type(right)
    if a is None or b is None or not (exact(a) and exact(b)):
        return None
    if a in INTEGERS and b in INTEGERS:
        return exp.IntDiv(this=left, expression=call("nullif", right, exp.Literal.number(0)))
    rest = exp.Mod(this=left.copy(), expression=call("nullif", right.copy(), exp.Literal.number(0)))
    wide = max(scale(a), scale(b))
    multiple = exp.Paren(this=exp.Sub(this=exp.Paren(this=left), expression=exp.Paren(this=rest)))
    return cast(_quotient(multiple, wide, right, scale(b)), "BIGINT")


def product(left: exp.Expr, right: exp.Expr) -> exp.Expr | None:
    """`left * right` with a Decimal in it, with 38 digits (DuckDB would keep 18); None for other types.

    Its scale is the sum of both, but ten where an operand is unrounded, so that chains don't run out of digits.
    """
    a, b = type_of(left), type_of(right)
    if a is None or b is None or not (exact(a) and exact(b)) or (a in INTEGERS and b in INTEGERS):
        return None
    places = scale(a) + scale(b)
    node = exp.Mul(this=cast(exp.Paren(this=left), f"DECIMAL(38,{scale(a)})"), expression=right)
    if places > UNROUNDED_SCALE and UNROUNDED_SCALE in (scale(a), scale(b)):
        return cast(node, UNROUNDED)
    return exp.Paren(this=node) if places <= 38 else None


def whole_days(node: exp.Expr) -> bool:
    """Whether an interval is certain to be of whole days."""
    plain = node.unnest()
    if isinstance(plain, exp.Interval):
        unit = plain.args.get("unit")
        if unit is not None:
            return isinstance(unit, exp.Var) and str(unit.this).upper() in _WHOLE_UNITS
        text = plain.this
        if not (isinstance(text, exp.Literal) and text.is_string):
            return False
        named = [word.strip("0123456789+-") for word in str(text.this).upper().replace(",", " ").split()]
        units = [word for word in named if word]
        return bool(units) and all(word in _WHOLE_UNITS for word in units)
    if isinstance(plain, exp.Mul):
        sides = (plain.this, plain.expression)
        return any(whole_days(a) and (type_of(b) in INTEGERS or type_of(b) == NULL) for a, b in (sides, sides[::-1]))
    if isinstance(plain, exp.Add | exp.Sub):
        return whole_days(plain.this) and whole_days(plain.expression)
    if isinstance(plain, exp.Neg):
        return whole_days(plain.this)
    return isinstance(plain, exp.Anonymous) and plain.name.lower() in _WHOLE_CALLS


def value_argument(argument: exp.Expr) -> exp.Expr:
    """The value in an aggregate's argument, without `distinct` and `order by`."""
    node = argument
    while isinstance(node, exp.Order | exp.Limit | exp.HavingMax | exp.IgnoreNulls | exp.RespectNulls):
        node = node.this
    return value_argument(node.expressions[0]) if isinstance(node, exp.Distinct) else node


def written(node: exp.Expr) -> exp.Expr:
    """The node as it becomes text: an unrounded Decimal half up to two places, anything else as it is."""
    if type_of(node) != UNROUNDED:
        return node
    return typed(call("round", node, exp.Literal.number(WRITTEN_PLACES)), f"DECIMAL(38,{WRITTEN_PLACES})")


def write_arguments(core: exp.Expr) -> None:
    """Rounds the unrounded Decimals among the arguments of a call that makes one text of them."""
    if core.name.lower() not in _INTO_TEXT:
        return
    made: list[exp.Expr] = []
    for argument in core.expressions:
        value = value_argument(argument)
        if value is argument:
            made.append(written(argument))
            continue
        made.append(argument)
        if type_of(value) == UNROUNDED:
            text = marked(value)
            # DuckDB orders distinct values only by themselves.
            same = [o for o in argument.find_all(exp.Ordered) if argument.find(exp.Distinct) and marked(o.this) == text]
            value.replace(written(value.copy()))
            for ordered in same:
                ordered.set("this", written(ordered.this))
    core.set("expressions", made)


def _percentile(core: exp.Expr, around: Callable[[exp.Expr], exp.Expr]) -> exp.Expr | None:
    """`percentile_cont(…) within group (order by x)`, which keeps ten places as `quantile_cont(x, …)` does."""
    node = around(core)
    group = node.find(exp.WithinGroup)
    ordered = group.expression.expressions if group is not None else []
    if len(ordered) != 1 or not exact(type_of(ordered[0].this)) or isinstance(core.expressions[0], exp.Array):
        return None
    ordered[0].set("this", cast(exp.Paren(this=ordered[0].this), UNROUNDED))
    return cast(node, UNROUNDED)


def aggregate(core: exp.Expr, around: Callable[[exp.Expr], exp.Expr]) -> exp.Expr | None:
    """`sum`, `avg`, `median` and their like made exact; None for the others.

    `around` puts filter and window around a call; `core` is the call without them, its arguments typed already.
    """
    name = core.name.lower()
    if name == "percentile_cont" and len(core.expressions) == 1:
        return _percentile(core, around)
    if name not in ("sum", "avg", "mean", "median", "count_if", "countif", "quantile_cont"):
        return None
    if len(core.expressions) != (2 if name == "quantile_cont" else 1) or isinstance(core.expressions[-1], exp.Array):
        return None
    argument = core.expressions[0]
    type_ = type_of(value_argument(argument))
    if name in ("count_if", "countif") or (name == "sum" and (type_ in INTEGERS or type_ == "BOOLEAN")):
        return cast(around(core), "BIGINT")
    if not exact(type_) or type_ is None:
        return None
    if name in ("avg", "mean"):
        total = around(call("sum", argument))
        return typed(_quotient(total, scale(type_), around(call("count", argument)), 0), UNROUNDED)
    if name in ("median", "quantile_cont"):
        widened = argument.copy()
        value = value_argument(widened)
        wide = cast(value.copy(), UNROUNDED)
        if value is widened:
            widened = wide
        else:
            value.replace(wide)
        return cast(around(call(name, widened, *core.expressions[1:])), UNROUNDED)
    return None


def day_result(node: exp.Expr, left: exp.Expr, right: exp.Expr) -> exp.Expr | None:
    """`date ± interval` of whole days as a DATE."""
    a, b = family(type_of(left)), family(type_of(right))
    if a == "date" and b == "interval" and whole_days(right):
        return cast(node, "DATE")
    if a == "interval" and b == "date" and whole_days(left) and isinstance(node, exp.Add):
        return cast(node, "DATE")
    return None


def narrowed(node: exp.Expr) -> exp.Expr:
    """A wide integer as DuckDB wants it for days and places: `date + bigint` isn't known to it."""
    type_ = type_of(node)
    return cast(exp.Paren(this=node), "INTEGER") if type_ in INTEGERS and type_ != "INTEGER" else node


def round_by_input(core: exp.Expr) -> str | None:
    """The type that a rounding to an input's number of places keeps: the operand's own, which loses nothing."""
    if core.name.lower() not in ("round", "round_even", "roundbankers", "trunc") or len(core.expressions) != 2:
        return None
    value, places = core.expressions
    type_ = type_of(value)
    if type_ is None or decimal(type_) is None or places.find(exp.Placeholder) is None:
        return None
    return type_
