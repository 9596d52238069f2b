"""The business dates: `days_ago`, `start_of`, `last_weekday`, `add_business_days` and their like.

Each becomes plain SQL over the run's day, which is a placeholder until the query runs. All give a DATE. This
module refuses clocks: the only time it knows is the run's logical time.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from deskhand.sql.names import nearest

UNITS = ("day", "week", "month", "quarter", "year")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TODAY = "@today"
NOW = "@now"

ARGUMENTS = {
    "days_ago": ("n",),
    "days_ahead": ("n",),
    "start_of": ("unit", "shift?"),
    "end_of": ("unit", "shift?"),
    "last_weekday": ("weekday",),
    "next_weekday": ("weekday",),
    "add_business_days": ("date", "n"),
}
"""The kinds of the arguments of each function; `?` marks one that may be left out."""


class WrongWord(Exception):
    """A unit or weekday that isn't one."""

    def __init__(self, word: str, kind: str, known: tuple[str, ...]) -> None:
        near = nearest(word, known)
        super().__init__(word)
        self.message = f"{word!r} is no {kind}"
        self.mend = (
            f"did you mean '{near}'? there are: {', '.join(known)}" if near else f"there are: {', '.join(known)}"
        )


def today() -> exp.Expr:
    """The run's day."""
    node = exp.Placeholder(this=TODAY)
    node.meta["duck"] = "DATE"
    return node


def build(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """The SQL of one call; the arguments are known to have the right number and types.

    Raises WrongWord where a unit or a weekday is written wrongly.
    """
    if name in ("days_ago", "days_ahead"):
        days = _integer(arguments[0])
        kind = exp.Sub if name == "days_ago" else exp.Add
        return exp.Paren(this=kind(this=today(), expression=days))
    if name == "add_business_days":
        return exp.Anonymous(this="add_business_days", expressions=arguments)
    if name in ("last_weekday", "next_weekday"):
        return _choose(arguments[0], "weekday", WEEKDAYS, lambda word: _weekday(word, name == "next_weekday"))
    shift = arguments[1] if len(arguments) > 1 else exp.Literal.number(0)
    return _choose(arguments[0], "unit", UNITS, lambda word: _edge(word, shift, name == "end_of"))


def _choose(word: exp.Expr, kind: str, known: tuple[str, ...], make: Callable[[str], exp.Expr]) -> exp.Expr:
    """The SQL for a word that is written out, or a case over all of them for an input or a column."""
    plain = word.unnest()
    if isinstance(plain, exp.Literal) and plain.is_string:
        text = str(plain.this).strip().lower()
        if text not in known:
            raise WrongWord(str(plain.this), kind, known)
        return make(text)
    folded = _call("lower", word)
    return exp.Case(
        ifs=[
            exp.If(this=exp.EQ(this=folded.copy(), expression=exp.Literal.string(text)), true=make(text))
            for text in known
        ],
        default=_call("error", exp.Literal.string(f"there are these {kind}s: {', '.join(known)}")),
    )


def _weekday(word: str, ahead: bool) -> exp.Expr:
    number = exp.Literal.number(WEEKDAYS.index(word) + 1)
    iso = _call("isodow", today())
    gap = exp.Sub(this=number, expression=iso) if ahead else exp.Sub(this=iso, expression=number)
    days = exp.Add(
        this=exp.Mod(
            this=exp.Paren(this=exp.Add(this=gap, expression=exp.Literal.number(6))),
            expression=exp.Literal.number(7),
        ),
        expression=exp.Literal.number(1),
    )
    kind = exp.Add if ahead else exp.Sub
    return exp.Paren(this=kind(this=today(), expression=_integer(exp.Paren(this=days))))


def _edge(unit: str, shift: exp.Expr, end: bool) -> exp.Expr:
    by = exp.Paren(this=shift.copy())
    if end:
        by = exp.Paren(this=exp.Add(this=by, expression=exp.Literal.number(1)))
    first: exp.Expr
    if unit in ("day", "week"):
        start = today() if unit == "day" else _date(_call("date_trunc", exp.Literal.string(unit), today()))
        size = exp.Literal.number(1 if unit == "day" else 7)
        first = exp.Add(this=start, expression=_integer(exp.Mul(this=by, expression=size)))
    else:
        months = exp.Literal.number({"month": 1, "quarter": 3, "year": 12}[unit])
        moved = exp.Add(
            this=_call("date_trunc", exp.Literal.string(unit), today()),
            expression=_call("to_months", _integer(exp.Mul(this=by, expression=months))),
        )
        first = _date(moved)
    if end:
        first = exp.Sub(this=first, expression=exp.Literal.number(1))
    return exp.Paren(this=first)


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _integer(node: exp.Expr) -> exp.Expr:
    return exp.Cast(this=node, to=exp.DataType.build("INTEGER", dialect="duckdb"))


def _date(node: exp.Expr) -> exp.Expr:
    return exp.Cast(this=node, to=exp.DataType.build("DATE", dialect="duckdb"))
