"""Texts with values in them: `"Invoice {{ number }} is overdue"`.

A template sees the row's columns, `inputs.x`, `today`, `now`, earlier steps (`overdue.count`,
`overdue.first.vendor`) and, in a group, `rows`. Names are looked up in that order: row, inputs and steps,
`rows`, `today`. A null is an error unless it has `| default(…)`, so that no mail says "Dear None".

It refuses to reach Python: the language is Jinja2's expressions, `if`, `for` and `set`, in its sandbox, with
the listed filters and no functions at all. What it can't render it says as a TemplateError, never as a guess.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from deskhand.contract import ResultColumn, Row, Rows, Value
from deskhand.errors import BusinessError

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import ImmutableSandboxedEnvironment

FILTERS = (
    "money", "number", "date", "time", "table", "join", "default", "upper", "lower", "title",
    "round", "trim", "replace", "length",
)  # fmt: skip

MAX_RENDERED = 5_000_000
"""Characters a template may grow to before it is taken for a mistake."""

UNROUNDED_SCALE = 10
"""The scale that divisions have until they are written: such a Decimal is shown with two places."""


class TemplateError(BusinessError):
    """This template can't be rendered for this row; becomes the row's exception."""


# ---------------------------------------------------------------- how values are shown


def show(value: Value) -> str:
    """A value as text: dates ISO, Decimals with their own scale and no separators, booleans true or false."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(settle(value), "f")
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="microseconds" if value.microsecond else "seconds")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return str(value)


def settle(value: Decimal) -> Decimal:
    """A division that nobody rounded gets two places; every other Decimal stays as it is."""
    if value.as_tuple().exponent == -UNROUNDED_SCALE:
        return value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return value


def _decimal(value: Any, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TemplateError(f"`{name}` formats numbers, and {show(value)!r} is none", mend=f"Remove `| {name}`.")
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _money(value: Any, currency: str = "", places: int = 2) -> str:
    amount = _decimal(_given(value), "money").quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = f"{amount:,.{places}f}"
    return f"{text} {show(currency)}" if currency else text


def _number(value: Any, places: int | None = None) -> str:
    number = _decimal(_given(value), "number")
    exact = settle(number) if places is None else number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{exact:,f}"


def _round(value: Any, places: int = 0) -> Decimal:
    return _decimal(_given(value), "round").quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _date(value: Any, form: str = "") -> str:
    value = _given(value)
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            raise TemplateError(f"`date` formats dates, and {value!r} is none", mend="Remove `| date`.") from None
    if not isinstance(value, dt.date):
        raise TemplateError(f"`date` formats dates, and {show(value)!r} is none", mend="Remove `| date`.")
    if not form:
        return value.strftime("%Y-%m-%d")
    return value.strftime(form)


def _time(value: Any, form: str = "%H:%M") -> str:
    value = _given(value)
    if not isinstance(value, dt.datetime | dt.time):
        raise TemplateError(f"`time` formats times, and {show(value)!r} is none", mend="Remove `| time`.")
    return value.strftime(form)


# ---------------------------------------------------------------- what names stand for


class RowView:
    """One row inside a template: `r.number`, `r["Amount EUR"]`, ignoring case."""

    __slots__ = ("_row", "_what")

    def __init__(self, row: Row, what: str) -> None:
        self._row = {name.casefold(): value for name, value in row.items()}
        self._what = what

    def __getitem__(self, name: object) -> Any:
        key = str(name).casefold()
        if key not in self._row:
            raise KeyError(name)
        value = self._row[key]
        return _null(str(name), self._what) if value is None else value


class StepView:
    """A step's rows inside a template: `.count`, `.first`, a loop, `| table`, `| join`."""

    __slots__ = ("_name", "_one", "_per", "_rows")

    def __init__(self, rows: Rows, name: str, *, one: bool = False, per: frozenset[str] = frozenset()) -> None:
        self._rows = rows
        self._name = name
        self._one = one
        self._per = per

    def __getitem__(self, name: object) -> Any:
        if name == "count":
            return len(self._rows.rows)
        if name == "first":
            if not self._rows.rows:
                raise TemplateError(f"{self._name} has no rows, so it has no first one", mend="Add `when:`.")
            return RowView(self._rows.rows[0], self._name)
        if self._one:  # the row of a for_each: its columns are at hand directly
            return RowView(self._rows.rows[0], self._name)[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[RowView]:
        return (RowView(row, self._name) for row in self._rows.rows)

    def __len__(self) -> int:
        return len(self._rows.rows)

    def __bool__(self) -> bool:
        return bool(self._rows.rows)

    def picked(self, names: Sequence[str]) -> tuple[list[ResultColumn], Sequence[Row]]:
        """Columns of these names and the rows; without names all but those that the rows are grouped by.

        Raises TemplateError for an unknown one.
        """
        by_name = {c.name.casefold(): c for c in self._rows.columns}
        wanted = [str(n).casefold() for n in names] or [n for n in by_name if n not in self._per] or list(by_name)
        for name in wanted:
            if name not in by_name:
                raise TemplateError(f"{self._name} has no column {name!r}")
        return [by_name[name] for name in wanted], self._rows.rows


def _table(value: Any, *columns: str) -> str:
    """Plain-text table: header, rule, rows; numbers to the right."""
    if not isinstance(value, StepView):
        raise TemplateError("`table` shows the rows of a step", mend="Write {{ rows | table }}.")
    picked, rows = value.picked(columns)
    cells = [[show(row[c.name]).replace("\n", " ") for c in picked] for row in rows]
    widths = [max([len(c.name), *(len(line[n]) for line in cells)]) for n, c in enumerate(picked)]
    right = [is_number(c.type) for c in picked]

    def line(texts: Sequence[str]) -> str:
        return "  ".join(
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(texts, widths, right, strict=True)
        ).rstrip()

    return "\n".join([line([c.name for c in picked]), line(["-" * w for w in widths]), *map(line, cells)])


def _join(value: Any, column: str = "", separator: str = ", ") -> str:
    if not isinstance(value, StepView):
        raise TemplateError("`join` joins one column of the rows of a step", mend="{{ rows | join('number', ', ') }}")
    picked, rows = value.picked([column])
    texts = []
    for row in rows:
        if row[picked[0].name] is None:
            raise TemplateError(f"{column} is empty in one of the rows", mend="Leave such rows out in the query.")
        texts.append(show(row[picked[0].name]))
    return str(separator).join(texts)


def is_number(type_: str) -> bool:
    """Whether a DuckDB type is a number."""
    return type_.split("(")[0] in _NUMBERS


_NUMBERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
                      "UBIGINT", "DECIMAL", "FLOAT", "DOUBLE"})  # fmt: skip


# ---------------------------------------------------------------- the environment


def _given(value: Any) -> Any:
    """The value itself; a null or unknown name complains here."""
    from jinja2 import Undefined

    if isinstance(value, Undefined):
        str(value)
    return value


def _null(name: str, what: str) -> Any:
    return _environment().undefined(name=name, obj=what, hint="null")


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Missing(StrictUndefined):
        """A null, or a name that isn't there: usable with `default` and in `if`, an error anywhere else."""

        def _complain(self, *_: Any, **__: Any) -> Any:
            name = self._undefined_name
            if self._undefined_hint == "null":
                raise TemplateError(
                    f"{name} is empty in this row", mend=f"Fill it in, or write {{{{ {name} | default('…') }}}}."
                )
            if self._undefined_hint:
                raise TemplateError(self._undefined_hint)
            raise TemplateError(f"there is no {name!r} here", mend="Check the name against the query's columns.")

        __str__ = __iter__ = __len__ = __add__ = __radd__ = __sub__ = __rsub__ = _complain
        __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __mod__ = __rmod__ = __neg__ = _complain
        __lt__ = __le__ = __gt__ = __ge__ = __int__ = __float__ = __getitem__ = __call__ = _complain
        __contains__ = __hash__ = _complain

        def __bool__(self) -> bool:  # type: ignore[override]
            if self._undefined_hint == "null":
                return False
            self._complain()
            return False

        def __eq__(self, other: object) -> bool:  # type: ignore[override]
            return other is None or isinstance(other, Missing)

        def __ne__(self, other: object) -> bool:  # type: ignore[override]
            return not self == other

    class Environment(ImmutableSandboxedEnvironment):
        # `*` could make a text of any size from a short template; the checker refuses `**`
        # a number written out, such as 1.19, is a float and meets Decimals
        intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            numbers = (int, float, Decimal)
            if operator == "**" or (operator == "*" and not (isinstance(left, numbers) and isinstance(right, numbers))):
                raise TemplateError(f"`{operator}` is for numbers here", mend="Compute it in the query.")
            if isinstance(left, Decimal) and isinstance(right, float):
                right = Decimal(repr(right))
            elif isinstance(left, float) and isinstance(right, Decimal):
                left = Decimal(repr(left))
            if operator == "/" and all(isinstance(n, int | Decimal) for n in (left, right)):
                return (Decimal(left) / Decimal(right)).quantize(Decimal(1).scaleb(-UNROUNDED_SCALE), ROUND_HALF_UP)
            return super().call_binop(context, operator, left, right)

        def getattr(self, obj: Any, attribute: str) -> Any:
            return self.getitem(obj, attribute)

        def getitem(self, obj: Any, argument: Any) -> Any:
            if isinstance(obj, RowView | StepView | Mapping):
                try:
                    return obj[argument]
                except KeyError:
                    return self.undefined(name=str(argument), obj=obj)
            if type(obj).__name__ == "LoopContext" and argument in ("index", "index0", "first", "last", "length"):
                return getattr(obj, argument)
            return self.undefined(name=str(argument), obj=obj)

    made = Environment(undefined=Missing, finalize=_finalize, keep_trailing_newline=True, autoescape=False)
    made.globals.clear()
    keep = {name: made.filters[name] for name in ("default", "replace", "length")}
    made.filters.clear()
    made.filters.update(keep)
    made.filters.update(
        money=_money, number=_number, date=_date, time=_time, table=_table, join=_join, round=_round,
        upper=lambda v: show(_given(v)).upper(), lower=lambda v: show(_given(v)).lower(),
        title=lambda v: show(_given(v)).title(), trim=lambda v: show(_given(v)).strip(),
    )  # fmt: skip
    made.tests = {name: made.tests[name] for name in ("defined", "undefined", "in", "eq", "ne")}
    made.tests["none"] = lambda value: value is None or isinstance(value, Missing)
    return made


def _finalize(value: Any) -> Any:
    from jinja2 import Undefined

    if isinstance(value, StepView):
        raise TemplateError("a step is a table, not a text", mend="Write {{ … | table }}, .count or .first.column.")
    if isinstance(value, RowView):
        raise TemplateError("a row is not a text", mend="Name one of its columns.")
    return value if isinstance(value, str | Undefined) else show(value)


_ALLOWED_NODES = frozenset(
    """
    Template Output TemplateData For If Assign Name NSRef Const Tuple List Filter Test Getattr Getitem CondExpr
    Compare Operand And Or Not Neg Pos Add Sub Mul Div FloorDiv Mod Concat Keyword
    """.split()  # noqa: SIM905
)


def parse(text: str) -> Any:
    """The template's syntax tree (`jinja2.nodes.Template`). Raises TemplateError for what isn't allowed in one."""
    from jinja2 import TemplateSyntaxError

    environment = _environment()
    try:
        tree = environment.parse(text)
    except TemplateSyntaxError as error:
        raise TemplateError(
            f"{shorten(text)!r} is no template: {error.message}",
            mend='Values stand as {{ name }}; a column with a space in its name as {{ row["Amount EUR"] }}.',
        ) from None
    todo: list[Any] = [tree]
    while todo:
        node = todo.pop()
        kind = type(node).__name__
        if kind == "Call":
            raise TemplateError("a template can't call anything", mend=f"Use a filter: {', '.join(FILTERS)}.")
        if kind not in _ALLOWED_NODES:
            raise TemplateError(
                f"a template can't hold {kind.lower()!r}", mend="It has values, filters, `if`, `for` and `set`."
            )
        if kind == "Filter" and node.name not in environment.filters:
            from deskhand.nearest import suggest

            raise TemplateError(
                f"there is no filter {node.name!r}",
                mend=suggest(node.name, FILTERS) or f"There are {', '.join(FILTERS)}.",
            )
        if kind == "Test" and node.name not in environment.tests:
            raise TemplateError(f"there is no test {node.name!r}", mend="Use `is defined` or `is none`.")
        if kind == "Getattr" and node.attr.startswith("_"):
            raise TemplateError(f"{node.attr!r} can't be reached from a template", mend=f'Write row["{node.attr}"].')
        todo.extend(node.iter_child_nodes())
    return tree


@lru_cache(maxsize=2048)
def _compiled(text: str) -> tuple[Template, frozenset[str]]:
    """The template, and the names that it looks up."""
    from jinja2 import meta

    tree = parse(text)
    return _environment().from_string(tree), frozenset(meta.find_undeclared_variables(tree))


# ---------------------------------------------------------------- rendering


@dataclass(frozen=True)
class Scope:
    """What a template may name at one place of a run.

    row: the row's columns. varying: columns, in lower case, that aren't the same in all rows of the group.
    inputs: by name. steps: rows of earlier steps by name (may load them when asked). rows: the group's (or the
    act's) rows. per: columns, in lower case, that they are grouped by. each: names of steps that are the one row
    of a for_each. now: the run's logical time, naive, in the workspace's zone.
    """

    now: dt.datetime
    inputs: Mapping[str, Value] = field(default_factory=dict)
    steps: Mapping[str, Rows] = field(default_factory=dict)
    each: tuple[str, ...] = ()
    row: Row | None = None
    varying: frozenset[str] = frozenset()
    rows: Rows | None = None
    per: frozenset[str] = frozenset()

    def step_name(self, name: str) -> str | None:
        """The step of that name, ignoring case, as it is written."""
        folded = name.casefold()
        return next((step for step in self.steps if step.casefold() == folded), None)


def is_template(text: str) -> bool:
    """Whether the text holds anything to be rendered."""
    return "{{" in text or "{%" in text or "{#" in text


def render(text: str, scope: Scope) -> str:
    """The text with its values. Raises TemplateError (a business error of the row) where it can't be had."""
    if not is_template(text):
        return text
    from jinja2 import TemplateError as JinjaError

    try:
        pieces, size = [], 0
        template, wanted = _compiled(text)
        for piece in template.generate(_names(wanted, scope)):
            size += len(piece)
            if size > MAX_RENDERED:
                raise TemplateError(f"the text grew past {MAX_RENDERED:,} characters", mend="Attach a file instead.")
            pieces.append(piece)
        return "".join(pieces)
    except TemplateError:
        raise
    except JinjaError as error:
        raise TemplateError(f"the text {shorten(text)!r} can't be made: {error.message}") from None
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError) as error:
        raise TemplateError(f"the text {shorten(text)!r} can't be made: {error}") from None


def shorten(text: str, length: int = 60) -> str:
    """One line of at most `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def _names(wanted: Iterable[str], scope: Scope) -> dict[str, Any]:
    """The values of these names, ignoring case; those that the scope doesn't know are left out."""
    row = {name.casefold(): name for name in scope.row} if scope.row is not None else {}
    each = {c.casefold(): (name, c) for name in scope.each for c in scope.steps[name].rows[0]} if scope.each else {}
    found: dict[str, Any] = {}
    for name in wanted:
        key = name.casefold()
        if scope.row is not None and key in row:
            found[name] = _column(scope.row, row[key], "row")
        elif key in scope.varying:
            found[name] = _environment().undefined(
                hint=f"{name} isn't the same in all rows of the group: use `rows`, or group by it too"
            )
        elif scope.row is not None and key == "row":
            found[name] = RowView(scope.row, "row")
        elif key in each:
            found[name] = _column(scope.steps[each[key][0]].rows[0], each[key][1], each[key][0])
        elif key == "inputs":
            found[name] = RowView(scope.inputs, "inputs")
        elif (step := scope.step_name(name)) is not None:
            found[name] = StepView(scope.steps[step], step, one=step in scope.each)
        elif key == "rows" and scope.rows is not None:
            found[name] = StepView(scope.rows, "rows", per=scope.per)
        elif key == "today":
            found[name] = scope.now.date()
        elif key == "now":
            found[name] = scope.now
    return found


def _column(row: Row, name: str, what: str) -> Any:
    value = row[name]
    return _null(name, what) if value is None else value
