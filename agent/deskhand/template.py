"""Texts with values in them: `"Invoice {{ number }} is overdue"`.

A template sees the row's columns, `inputs.x`, `today`, `now`, earlier steps (`overdue.count`,
`overdue.first.vendor`) and, in a group, `rows`. Names are looked up in that order: row, inputs and steps,
`rows`, `today`. A null is an error unless it has `| default(…)`, so that no mail says "Dear None".

It refuses to reach Python: the language is Jinja2's expressions, `if`, `for` and `set`, in its sandbox, with
the listed filters and no functions at all. What it can't render it says as a TemplateError, never as a guess. In
an HTML text all values are escaped: only what the plan itself says is markup.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from deskhand.contract import Row, Rows, Value
from deskhand.template_values import (
    UNROUNDED_SCALE,
    Budget,
    RowView,
    StepView,
    TemplateError,
    filters,
    given,
    is_number,
    missing_class,
    not_too_long,
    null,
    settle,
    show,
)

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import ImmutableSandboxedEnvironment

__all__ = [
    "FILTERS",
    "Scope",
    "TemplateError",
    "is_number",
    "is_template",
    "parse",
    "render",
    "settle",
    "shorten",
    "show",
]

FILTERS = (
    "money", "number", "date", "time", "table", "join", "default", "upper", "lower", "title",
    "round", "trim", "replace", "length",
)  # fmt: skip

# ---------------------------------------------------------------- the environment


@lru_cache(maxsize=2)
def _environment(html: bool) -> ImmutableSandboxedEnvironment:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    missing = missing_class()

    class Environment(ImmutableSandboxedEnvironment):
        # `*`, `+` and `%` could make a text or a number of any size from a short template, and a number
        # written out, such as 1.19, is a float and meets Decimals
        intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            numbers = (int, float, Decimal)
            given(left), given(right)
            both = isinstance(left, numbers) and isinstance(right, numbers)
            if operator == "**" or (operator in ("*", "%") and not both):
                raise TemplateError(f"`{operator}` is for numbers here", mend="Compute it in the query.")
            if operator == "-" and type(left) is type(right) is dt.date:
                return (left - right).days  # as in a query
            if operator == "*" and isinstance(left, int) and isinstance(right, int):
                if left.bit_length() + right.bit_length() > 256:
                    raise TemplateError("a number grew too large", mend="Compute it in the query.")
            elif operator == "+" and isinstance(left, str) and isinstance(right, str):
                not_too_long(len(left) + len(right))
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

    made = Environment(undefined=missing, finalize=_finalize, keep_trailing_newline=True, autoescape=html)
    made.globals.clear()
    keep = {name: made.filters[name] for name in ("default", "length")}
    made.filters.clear()
    made.filters.update(keep, _limited=_limited, _shown=_finalize, **filters(html=html))
    made.tests = {name: made.tests[name] for name in ("defined", "undefined", "in", "eq", "ne")}
    made.tests["none"] = lambda value: value is None or isinstance(value, missing)
    return made


def _limited(value: Any) -> Any:
    """What `~` has joined, if it isn't too long; put around every `~` after parsing."""
    not_too_long(len(value))
    return value


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

    environment = _environment(False)
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
            raise TemplateError("a template can't call anything", mend=_instead_of_call(node))
        if kind not in _ALLOWED_NODES:
            raise TemplateError(
                f"a template can't hold {kind.lower()!r}", mend="It has values, filters, `if`, `for` and `set`."
            )
        if kind == "Filter" and node.name not in FILTERS:
            raise TemplateError(f"there is no filter {node.name!r}", mend=instead_of_filter(node.name))
        if kind == "Test" and node.name not in environment.tests:
            raise TemplateError(f"there is no test {node.name!r}", mend="Use `is defined` or `is none`.")
        if kind == "Getattr" and node.attr.startswith("_"):
            raise TemplateError(f"{node.attr!r} can't be reached from a template", mend=f'Write row["{node.attr}"].')
        todo.extend(node.iter_child_nodes())
    return tree


_DATE = "{{ due | date('%d.%m.%Y') }}"
_METHODS = {
    "strftime": _DATE, "isoformat": "{{ due }}", "upper": "{{ name | upper }}", "lower": "{{ name | lower }}",
    "title": "{{ name | title }}", "strip": "{{ name | trim }}", "replace": "{{ name | replace('old', 'new') }}",
    "format": "{{ amount | number(2) }}", "quantize": "{{ amount | round(2) }}",
}  # fmt: skip
_JINJA_FILTERS = frozenset(
    """
    abs attr batch capitalize center count dictsort e escape filesizeformat first float forceescape format groupby
    indent int items last list map max min pprint random reject rejectattr reverse safe select selectattr slice sort
    string striptags sum tojson truncate unique urlencode urlize wordcount wordwrap xmlattr
    """.split()  # noqa: SIM905
)


def _instead_of_call(call: Any) -> str:
    method = getattr(call.node, "attr", None)
    if method in _METHODS:
        return f"Write it as {_METHODS[method]}."
    return f"Use a filter ({', '.join(FILTERS)}), or compute it in the query."


def instead_of_filter(name: str) -> str:
    """What to do about a filter that there isn't: the nearest, unless it is Jinja2's and means something else."""
    from deskhand.nearest import suggest

    listed = f"There are {', '.join(FILTERS)}."
    if name == "count":
        return "Write {{ rows | length }}, or {{ overdue.count }} for a step."
    if name in _JINJA_FILTERS:
        return f"Compute it in the query. {listed}"
    return suggest(name, FILTERS) or listed


@lru_cache(maxsize=2048)
def _compiled(text: str, html: bool) -> tuple[Template, frozenset[str]]:
    """The template, and the names that it looks up."""
    from jinja2 import meta

    tree = parse(text)
    names = frozenset(meta.find_undeclared_variables(tree))
    return _environment(html).from_string(_guarded(tree, html)), names


def _guarded(node: Any, html: bool) -> Any:
    """The tree with a limit around every `~`, which shows its parts as they are shown elsewhere.

    In HTML the texts written in the plan itself are markup.
    """
    from jinja2 import nodes

    for name, value in node.iter_fields():
        if isinstance(value, nodes.Node):
            setattr(node, name, _guarded(value, html))
        elif isinstance(value, list):
            setattr(node, name, [_guarded(v, html) if isinstance(v, nodes.Node) else v for v in value])
    if isinstance(node, nodes.Concat):
        node.nodes = [nodes.Filter(n, "_shown", [], [], None, None, lineno=node.lineno) for n in node.nodes]
        return nodes.Filter(node, "_limited", [], [], None, None, lineno=node.lineno)
    if html and isinstance(node, nodes.Const) and isinstance(node.value, str):
        return nodes.MarkSafe(node, lineno=node.lineno)
    return node


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


def render(text: str, scope: Scope, *, html: bool = False) -> str:
    """The text with its values. html: the text is HTML, in which values are escaped.

    Raises TemplateError (a business error of the row) where it can't be had.
    """
    if not is_template(text):
        return text
    from jinja2 import TemplateError as JinjaError

    try:
        pieces, size = [], 0
        template, wanted = _compiled(text, html)
        for piece in template.generate(_names(wanted, scope)):
            size += len(piece)
            not_too_long(size)
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
    budget = Budget()
    for name in wanted:
        key = name.casefold()
        if scope.row is not None and key in row:
            found[name] = _column(scope.row, row[key], "row")
        elif key in scope.varying:
            found[name] = missing_class()(
                hint=f"{name} isn't the same in all rows of the group: use `rows`, or group by it too"
            )
        elif scope.row is not None and key == "row":
            found[name] = RowView(scope.row, "row")
        elif key in each:
            found[name] = _column(scope.steps[each[key][0]].rows[0], each[key][1], each[key][0])
        elif key == "inputs":
            found[name] = RowView(scope.inputs, "inputs")
        elif (step := scope.step_name(name)) is not None:
            found[name] = StepView(scope.steps[step], step, budget, one=step in scope.each)
        elif key == "rows" and scope.rows is not None:
            found[name] = StepView(scope.rows, "rows", budget, per=scope.per)
        elif key == "today":
            found[name] = scope.now.date()
        elif key == "now":
            found[name] = scope.now
    return found


def _column(row: Row, name: str, what: str) -> Any:
    value = row[name]
    return null(name, what) if value is None else value
