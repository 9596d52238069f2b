"""The inputs of a run: texts from a command line, a trigger or a call, read as the types that the plan gives them.

It refuses to guess: `1.234,50` is no decimal and `12/03/2026` is no date, since either can mean two things.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal

from deskhand.contract import ResultColumn, Table, Value
from deskhand.errors import Problem, ProblemsError, RefusedError
from deskhand.nearest import suggest
from deskhand.plan import Input, Plan

_WHOLE = re.compile(r"[+-]?\d+\Z", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)\Z", re.ASCII)
_CALL = re.compile(r"\s*(?:[A-Za-z_]+\s*\(.*\)|current_date)\s*\Z", re.DOTALL)
_TRUTH = {"true": True, "yes": True, "false": False, "no": False}
_MENDS = {
    "integer": "Write a whole number, such as 14.",
    "decimal": "Write it as 1234.50, without separators.",
    "date": "Write it as 2026-03-12, or as a business date: days_ago(30), start_of('month', -1).",
    "timestamp": "Write it as 2026-03-12T09:00, without a zone.",
    "boolean": "Write true or false.",
}
_ARTICLES = {"integer": "an integer"}


class _WrongValueError(ValueError):
    """This text isn't of its type; `mend` says more than the type's own mend."""

    def __init__(self, mend: str = "") -> None:
        super().__init__(mend)
        self.mend = mend


def read_inputs(plan: Plan, given: Mapping[str, str], now: dt.datetime) -> dict[str, Value]:
    """Every input of the plan with its value, by the plan's own names; optional ones that nobody gave are None.

    now: the run's logical time, naive, which business dates count from. Raises ProblemsError with every input
    that is unknown, missing or not of its type.
    """
    problems: list[Problem] = []
    names = {name.casefold(): name for name in plan.inputs}
    texts: dict[str, str] = {}
    for name, text in given.items():
        known = names.get(name.casefold())
        if known is None:
            listed = f"Inputs: {', '.join(plan.inputs)}." if plan.inputs else "It takes no inputs."
            mend = suggest(name, plan.inputs) or listed
            problems.append(Problem("unknown-input", f"there is no input {name!r}", mend, ("inputs", name)))
        else:
            texts[known] = text
    values: dict[str, Value] = {}
    for name, item in plan.inputs.items():
        value, problem = input_value(name, item, texts.get(name), now)
        values[name] = value
        if problem is not None:
            problems.append(problem)
    if problems:
        raise ProblemsError(problems, what=f"the input of {plan.process}" if plan.process else "the input")
    return values


def input_value(name: str, item: Input, text: str | None, now: dt.datetime) -> tuple[Value, Problem | None]:
    """One input's value: the text that was given, else its default; or what is wrong with it."""
    path = ("inputs", name)
    if text is None:
        if item.default is None:
            if item.optional:
                return None, None
            about = f" ({item.description})" if item.description else ""
            mend = f"Give it: --input {name}=…"
            return None, Problem("missing-input", f"the input {name!r}{about} is missing", mend, path)
        value, problem = default_value(name, item, now)
        return value, problem
    if item.optional and not text.strip() and item.type != "text":
        return None, None
    try:
        return typed(item.type, text, now), None
    except _WrongValueError as error:
        return None, _wrong(name, item.type, text, error, path)


def default_value(name: str, item: Input, now: dt.datetime) -> tuple[Value, Problem | None]:
    """The default as a value; None where there is none. A default that isn't of its type is a problem."""
    path = ("inputs", name, "default")
    default = item.default
    if default is None:
        return None, None
    if isinstance(default, bool):
        if item.type == "boolean":
            return default, None
        shown = str(default).lower()
        mend = f'Put it in quotes: "{shown}".' if item.type == "text" else _MENDS[item.type]
        message = f"the default of {name!r} is {shown}, which YAML reads as a boolean"
        return None, Problem("bad-input", message, mend, path)
    try:
        return typed(item.type, default, now), None
    except _WrongValueError as error:
        return None, _wrong(name, item.type, default, error, path)


def value_problem(name: str, item: Input, text: str, now: dt.datetime) -> Problem | None:
    """What is wrong with a text for this input; no path."""
    return input_value(name, item, text, now)[1]


def _wrong(name: str, type_: str, text: str, error: _WrongValueError, path: tuple[str, ...]) -> Problem:
    kind = _ARTICLES.get(type_, f"a {type_}")
    return Problem(
        "bad-input", f"the input {name!r} is {kind}, and {text!r} is none", error.mend or _MENDS[type_], path
    )


def typed(type_: str, text: str, now: dt.datetime) -> Value:
    """A text as a value of an input's type. Raises ValueError where it is none."""
    if type_ == "text":
        return text
    text = text.strip()
    if type_ == "integer":
        if not _WHOLE.match(text) or not -(2**63) <= int(text) < 2**63:
            raise _WrongValueError
        return int(text)
    if type_ == "decimal":
        return _decimal(text)
    if type_ == "boolean":
        if text.casefold() not in _TRUTH:
            raise _WrongValueError
        return _TRUTH[text.casefold()]
    if _CALL.match(text):
        day = business_date(text, now)
        return day if type_ == "date" else dt.datetime.combine(day, dt.time())
    return _date(text) if type_ == "date" else _timestamp(text)


def _decimal(text: str) -> Decimal:
    if not _DECIMAL.match(text):
        raise _WrongValueError
    value = Decimal(text)
    digits = value.as_tuple()
    scale = -int(digits.exponent)
    if scale > 10 or len(digits.digits) - scale > 28:
        raise _WrongValueError("Write at most 28 digits before the point and 10 behind it.")
    return value


def _date(text: str) -> dt.date:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise _WrongValueError
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise _WrongValueError("There is no such day.") from None


def _timestamp(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise _WrongValueError from None
    if moment.tzinfo is not None or not re.match(r"\d{4}-\d\d-\d\d", text):
        raise _WrongValueError
    return moment


class _Nothing:
    """A schema without tables and steps: all that a business date may see."""

    def table(self, connection: str, name: str) -> Table | None:
        return None

    def step(self, name: str) -> tuple[ResultColumn, ...] | None:
        return None

    def is_open_step(self, name: str) -> bool:
        return False

    def connections(self) -> tuple[str, ...]:
        return ()

    def table_names(self, connection: str) -> tuple[str, ...]:
        return ()

    def step_names(self) -> tuple[str, ...]:
        return ()


def business_date(text: str, now: dt.datetime) -> dt.date:
    """The day that a call such as `start_of('month', -1)` means. Raises ValueError where it means none."""
    from deskhand import sql

    analysis = sql.analyse(f"select ({text}) as day", _Nothing(), {}, now)
    if analysis.query is None:
        problem = analysis.problems[0]
        raise _WrongValueError(": ".join(filter(None, [problem.message, problem.mend])))
    if [column.type for column in analysis.query.columns] != ["DATE"]:
        raise _WrongValueError(f"{text} isn't a date.")

    def none(_: object) -> object:
        raise LookupError("a business date reads no table")

    try:
        rows = sql.run(analysis.query, none, none, {}, now=now)
    except RefusedError as error:
        raise _WrongValueError(error.message) from None
    day = rows.column(0)[0].as_py() if rows.num_rows == 1 else None
    if not isinstance(day, dt.date):
        raise _WrongValueError(f"{text} gives no day.")
    return day
