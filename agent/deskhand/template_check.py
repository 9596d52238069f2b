"""Texts checked before anything happens: every name a template uses, and what it does with it, by type.

    check_template("Invoice {{ numbr }}", scope)   # -> [there is no 'numbr' here; did you mean 'number'?]

It follows the syntax tree that `template.parse` gives (and so refuses all that `template` refuses) with the
columns of the act's rows, of earlier steps and the inputs in place of values. What only data can tell (a null,
a column that varies in a group) is left to the row. It refuses to render anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from deskhand.contract import ResultColumn
from deskhand.errors import Problem, Where
from deskhand.nearest import suggest
from deskhand.plan import INPUT_TYPES
from deskhand.template import FILTERS, TemplateError, instead_of_filter, parse
from deskhand.template_shape import (
    ANY,
    BIGINT,
    BOOLEAN,
    TEXT,
    Items,
    Loop,
    Row,
    Rows,
    Shape,
    TemplateShape,
    Value,
    constant,
    in_words,
    kind_of,
)

__all__ = ["TemplateShape", "check_template", "names_in", "sole_column"]

_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
# A text in quotes, or a filter without arguments or with plain ones.
_FILTER = re.compile(r"""'[^']*'|"[^"]*"|\|\s*([A-Za-z_]\w*)(?:\([^()]*\))?""")

# A name in single braces, `${name}` and `{name}`; `{{ name }}` never gets here.
_BRACES = re.compile(r"\$?(?<!\{)\{\s*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)\s*\}(?!\})")


def check_template(text: str, scope: TemplateShape) -> list[Problem]:
    """What is wrong with this text, each problem with its line in the text; no path."""
    checker = _Checker(text, scope)
    known = checker.without_unknown_filters()
    try:
        tree = parse(known)
    except TemplateError as error:
        problem = Problem("template", error.message, checker.mend_syntax() or error.mend)
        return [*checker.problems, problem]
    checker.statements(tree.body, {})
    return checker.problems


def names_in(text: str) -> set[str]:
    """The names that a template looks up, folded; empty for one that can't be parsed."""
    from jinja2 import meta

    try:
        return {name.casefold() for name in meta.find_undeclared_variables(parse(text))}
    except TemplateError:
        return set()


def _line(text: str, number: int) -> Where:
    return Where(line=number) if "\n" in text else Where()


@dataclass
class _Checker:
    text: str
    scope: TemplateShape
    problems: list[Problem] = field(default_factory=list)

    def problem(self, node: Any, code: str, message: str, mend: str = "") -> Shape:
        found = Problem(code, message, mend, where=_line(self.text, node.lineno))
        if found not in self.problems:
            self.problems.append(found)
        return ANY

    def without_unknown_filters(self) -> str:
        """The text without filters that there aren't, which are noted, so that the rest can be checked."""

        def of_code(code: re.Match[str]) -> str:
            return _FILTER.sub(lambda m: of_filter(code.start() + m.start(), m), code[0])

        def of_filter(at: int, match: re.Match[str]) -> str:
            name = match[1]
            if name is None or name in FILTERS:
                return match[0]
            mend = instead_of_filter(name)
            where = _line(self.text, self.text.count("\n", 0, at) + 1)
            self.problems.append(Problem("unknown-filter", f"there is no filter {name!r}", mend, where=where))
            return ""

        return _CODE.sub(of_code, self.text)

    # ------------------------------------------------------------ names

    def column(self, columns: Sequence[ResultColumn], name: str) -> ResultColumn | None:
        folded = name.casefold()
        return next((c for c in columns if c.name.casefold() == folded), None)

    def name(self, node: Any, local: dict[str, Shape]) -> Shape:
        if node.name in local:
            return local[node.name]
        found = self.known(node.name)
        return found if found is not None else self.unknown(node, node.name)

    def known(self, name: str) -> Shape | None:
        """What a name stands for, in the order in which `template` looks it up; None where it is unknown."""
        scope, folded = self.scope, name.casefold()
        if folded == "row" and (scope.row is not None or scope.open_row):
            return Row(None if scope.open_row else scope.row, "row")
        if scope.row is not None and (found := self.column(scope.row, name)) is not None:
            return Value(found.type)
        for each in reversed(scope.shapes.each):
            columns = scope.shapes.step(each)
            if columns is not None and (found := self.column(columns, name)) is not None:
                return Value(found.type)
        if folded == "inputs":
            types = {n: INPUT_TYPES[i.type] for n, i in scope.shapes.inputs.items()}
            return Row(tuple(ResultColumn(n, t) for n, t in types.items()), "inputs")
        if scope.shapes.has_step(name) and "." not in name:
            one = folded in {each.casefold() for each in scope.shapes.each}
            return Rows(scope.shapes.step(name), name, one=one)
        if folded == "rows" and (scope.rows is not None or scope.open_rows):
            return Rows(None if scope.open_rows else scope.rows, "rows")
        if folded in ("today", "now"):
            return Value("DATE" if folded == "today" else "TIMESTAMP")
        if scope.open_row or any(scope.shapes.is_open_step(each) for each in scope.shapes.each):
            return ANY
        return None

    def at_hand(self) -> list[str]:
        scope = self.scope
        names = [c.name for c in scope.row or ()]
        for each in scope.shapes.each:
            names += [c.name for c in scope.shapes.step(each) or ()]
        names += [n for n in scope.shapes.step_names() if "." not in n]
        return [*names, *(["rows"] if scope.rows is not None else []), "today", "now"]

    def unknown(self, node: Any, name: str) -> Shape:
        scope, shapes = self.scope, self.scope.shapes
        folded = name.casefold()
        if (why := scope.why(name)) is not None:
            mend = why.mend
            if shapes.has_step(f"{name}.done"):
                mend = f"Count it in a query: select count(*) as n from {name}.done."
            return self.problem(node, why.code, why.message, mend)
        if folded == "rows":
            mend = "Use `per:`, or name a step: {{ overdue | table }}."
            return self.problem(node, "no-rows", "there are no `rows` here: they exist for a group or a table", mend)
        if folded == "row":
            mend = scope.why_no_row or "Give the act `rows:`."
            return self.problem(node, "unknown-name", "there is no `row` here", mend)
        if folded == "loop":
            return self.problem(node, "unknown-name", "`loop` exists only inside a `for`", "Use it inside the loop.")
        mend = ""
        given = next((n for n in shapes.inputs if n.casefold() == folded), None)
        if given is not None:
            mend = f"Inputs stand as {{{{ inputs.{given} }}}}."
        elif scope.rows is not None and self.column(scope.rows, name) is not None:
            mend = scope.why_no_row or f"Write it in a loop over `rows`, or {{{{ rows | join('{name}', ', ') }}}}."
        else:
            mend = suggest(name, self.at_hand())
            owners = [s for s in shapes.step_names() if "." not in s and self.column(shapes.step(s) or (), name)]
            if owners and scope.row is None:
                mend = f"It is a column of {owners[-1]!r}: add `rows: {owners[-1]}`"
                mend += f", or write {{{{ {owners[-1]}.first.{name} }}}}."
        return self.problem(node, "unknown-name", f"there is no {name!r} here", mend or self.listed())

    def listed(self) -> str:
        names = self.at_hand()
        return f"There are {', '.join(names[:12])}{', …' if len(names) > 12 else ''}."

    def mend_syntax(self) -> str:
        """A mend for a text that is no template, where a column's name explains it."""
        columns = [*(self.scope.row or ()), *(self.scope.rows or ())]
        for column in columns:
            if not column.name.isidentifier() and re.search(r"\{\{\s*" + re.escape(column.name), self.text, re.I):
                return f'A column with such a name stands as {{{{ row["{column.name}"] }}}}.'
        if re.search(r"\{\{[^{}]*\}(?!\})", self.text):
            return "A value ends with two braces: {{ name }}."
        return ""

    # ------------------------------------------------------------ statements

    def statements(self, body: Sequence[Any], local: dict[str, Shape]) -> None:
        for node in body:
            kind = type(node).__name__
            if kind == "Output":
                for part in node.nodes:
                    if type(part).__name__ == "TemplateData":
                        self.plain(part, local)
                    else:
                        self.printed(part, local)
            elif kind == "If":
                self.expression(node.test, local)
                self.statements(node.body, local)
                for other in node.elif_:
                    self.expression(other.test, local)
                    self.statements(other.body, local)
                self.statements(node.else_, local)
            elif kind == "For":
                self.loop(node, local)
            elif kind == "Assign":
                value = self.expression(node.node, local)
                if type(node.target).__name__ == "Name":
                    local[node.target.name] = value
                else:
                    self.problem(node, "template", "`set` gives one name a value", "{% set total = … %}")

    def plain(self, node: Any, local: dict[str, Shape]) -> None:
        """Text that is printed as it is: a name in single braces there is surely a mistake if it is a name."""
        for match in _BRACES.finditer(node.data):
            first, *rest = match[1].split(".")
            shape = local.get(first) or self.known(first)
            if shape is None or shape is ANY or (rest and isinstance(shape, Value)):
                continue
            message = f"{match[0]!r} is plain text here, though there is a {match[1]!r}"
            self.problem(node, "braces", message, f"Values have two braces: {{{{ {match[1]} }}}}.")

    def printed(self, node: Any, local: dict[str, Shape]) -> None:
        shape = self.expression(node, local)
        if isinstance(shape, Rows):
            name = shape.what
            mend = f"Write {{{{ {name} | table }}}}, {{{{ {name}.count }}}} or {{{{ {name}.first.… }}}}."
            self.problem(node, "raw-table", f"{name!r} is a table, not a text", mend)
        elif isinstance(shape, Row):
            names = [c.name for c in shape.columns or ()]
            mend = f"Name one of its columns: {', '.join(names[:8])}." if names else "Name one of its columns."
            self.problem(node, "raw-table", f"{shape.what!r} is a row, not a text", mend)
        elif isinstance(shape, Loop):
            self.problem(node, "raw-table", "`loop` is not a text", "Write {{ loop.index }}.")

    def loop(self, node: Any, local: dict[str, Shape]) -> None:
        over = self.expression(node.iter, local)
        item: Shape = ANY
        if isinstance(over, Rows):
            item = Row(over.columns, "a row" if over.what == "rows" else f"a row of {over.what}")
        elif isinstance(over, Row | Loop) or (isinstance(over, Value) and over.type is not None):
            self.problem(node.iter, "template-type", f"a loop goes over rows, and this is {in_words(over)}", _LOOP)
        inner = dict(local)
        if type(node.target).__name__ == "Name":
            inner[node.target.name] = item
        else:
            message = "a loop has one name for each row"
            self.problem(node, "template", message, _LOOP)
            inner |= {target.name: ANY for target in getattr(node.target, "items", ()) if hasattr(target, "name")}
        inner["loop"] = Loop()
        if node.test is not None:
            self.expression(node.test, inner)
        self.statements(node.body, inner)
        self.statements(node.else_, dict(local))

    # ------------------------------------------------------------ expressions

    def expression(self, node: Any, local: dict[str, Shape]) -> Shape:
        kind = type(node).__name__
        if kind == "Name":
            return self.name(node, local)
        if kind == "Const":
            return constant(node.value)
        if kind in ("Tuple", "List"):
            for item in node.items:
                self.expression(item, local)
            return Items()
        if kind in ("Getattr", "Getitem"):
            return self.attribute(node, local)
        if kind == "Filter":
            return self.filter(node, local)
        if kind == "Test":
            self.expression(node.node, local)
            for argument in node.args:
                self.expression(argument, local)
            return BOOLEAN
        if kind == "CondExpr":
            self.expression(node.test, local)
            left = self.expression(node.expr1, local)
            right = self.expression(node.expr2, local) if node.expr2 is not None else left
            return left if left == right else ANY
        if kind == "Compare":
            return self.comparison(node, local)
        if kind in ("And", "Or"):
            left, right = self.expression(node.left, local), self.expression(node.right, local)
            return left if left == right else ANY
        if kind == "Not":
            self.expression(node.node, local)
            return BOOLEAN
        if kind in ("Neg", "Pos"):
            return self.arithmetic(node, [self.expression(node.node, local)], "-" if kind == "Neg" else "+")
        if kind in _OPERATORS:
            sides = [self.expression(node.left, local), self.expression(node.right, local)]
            return self.arithmetic(node, sides, _OPERATORS[kind])
        if kind == "Concat":
            for part in node.nodes:
                self.printed(part, local)
            return TEXT
        for child in node.iter_child_nodes():
            self.expression(child, local)
        return ANY

    def attribute(self, node: Any, local: dict[str, Shape]) -> Shape:
        shape = self.expression(node.node, local)
        if type(node).__name__ == "Getattr":
            name = node.attr
        elif type(node.arg).__name__ == "Const":
            name = str(node.arg.value)
        else:
            self.expression(node.arg, local)
            return ANY
        if isinstance(shape, Row):
            return self.of_row(node, shape, name)
        if isinstance(shape, Rows):
            if name == "count":
                return BIGINT
            if name == "first":
                return Row(shape.columns, shape.what)
            if shape.one:
                return self.of_row(node, Row(shape.columns, shape.what), name)
            message = f"{shape.what!r} is a table: it has .count and .first, and no {name!r}"
            known = shape.columns is not None and self.column(shape.columns, name) is not None
            written = name if name.isidentifier() else f'["{name}"]'
            if known:
                joined = f"{shape.what}.first{'' if written.startswith('[') else '.'}{written}"
                return self.problem(node, "unknown-name", message, f"Write {{{{ {joined} }}}}.")
            mend = (
                suggest(name, ("count", "first")) or f"Write {{{{ {shape.what}.first.… }}}}, or a loop over its rows."
            )
            return self.problem(node, "unknown-name", message, mend)
        if isinstance(shape, Loop):
            if name in _LOOP_NAMES:
                return BOOLEAN if name in ("first", "last") else BIGINT
            return self.problem(node, "unknown-name", f"`loop` has no {name!r}", f"It has {', '.join(_LOOP_NAMES)}.")
        if isinstance(shape, Items) or shape.type is not None:
            said = f".{name}" if type(node).__name__ == "Getattr" else f"[{name}]"
            mend = _PARTS.get(name, "Compute it in the query.") if kind_of(shape) in ("date", "timestamp") else ""
            if name == "days" and kind_of(shape) == "number":
                mend = "A date less a date is the number of days already."
            mend = mend or "Compute it in the query."
            return self.problem(node, "template-type", f"{in_words(shape)} has no {said}", mend)
        return ANY

    def of_row(self, node: Any, row: Row, name: str) -> Shape:
        if row.columns is None:
            return ANY
        found = self.column(row.columns, name)
        if found is not None:
            return Value(found.type)
        names = [c.name for c in row.columns]
        if row.what == "inputs":
            mend = suggest(name, names) or (f"Inputs: {', '.join(names)}." if names else "Add it under `inputs:`.")
            return self.problem(node, "unknown-input", f"there is no input {name!r}", mend)
        mend = suggest(name, names) or f"It has {', '.join(names[:12])}."
        return self.problem(node, "unknown-column", f"{_has(row.what)} no column {name!r}", mend)

    def comparison(self, node: Any, local: dict[str, Shape]) -> Shape:
        left = self.expression(node.expr, local)
        for operand in node.ops:
            right = self.expression(operand.expr, local)
            if operand.op in ("lt", "lteq", "gt", "gteq"):
                kinds = {kind_of(left), kind_of(right)} - {None}
                if len(kinds) == 2 or kinds & {"table", "row", "loop", "list"}:
                    message = f"{in_words(left)} can't be compared with {in_words(right)}"
                    self.problem(node, "template-type", message, "Compare it in the query, or convert it there.")
            left = right
        return BOOLEAN

    def arithmetic(self, node: Any, sides: Sequence[Shape], operator: str) -> Shape:
        kinds = [kind_of(side) for side in sides]
        if None in kinds:
            return ANY
        if all(kind == "number" for kind in kinds):
            return sides[0] if sides[0] == sides[-1] and operator not in "/" else Value("DOUBLE")
        if kinds == ["text", "text"] and operator == "+":
            return TEXT
        if operator == "-" and kinds == ["date", "date"]:
            return BIGINT
        said = " and ".join(dict.fromkeys(in_words(side) for side in sides))
        mend = "Join texts with `~`; compute everything else in the query."
        return self.problem(node, "template-type", f"`{operator}` doesn't work with {said}", mend)

    # ------------------------------------------------------------ filters

    def filter(self, node: Any, local: dict[str, Shape]) -> Shape:
        shape = self.expression(node.node, local)
        arguments = [self.expression(argument, local) for argument in node.args]
        arguments += [self.expression(keyword.value, local) for keyword in node.kwargs]
        name: str = node.name
        if name in ("table", "join"):
            return self.of_table(node, shape)
        if name == "default":
            return shape if not arguments or arguments[0] == shape else ANY
        if name == "length":
            if isinstance(shape, Rows | Items) or kind_of(shape) in ("text", None):
                return BIGINT
            return self.unfit(node, shape, "counts the rows of a step or the letters of a text")
        fitting, purpose = _FILTERS.get(name, (None, ""))
        kind = kind_of(shape)
        if kind in ("table", "row", "loop", "list"):
            return self.unfit(node, shape, purpose or "takes one value")
        if fitting is not None and kind is not None and kind not in fitting:
            return self.unfit(node, shape, purpose)
        if name == "money" and arguments and kind_of(arguments[0]) == "number":
            mend = "Write {{ amount | money('EUR') }}, {{ amount | money('', 0) }} or {{ amount | number(0) }}."
            return self.problem(node, "template-type", "`money` takes a currency, then the number of places", mend)
        if name in ("date", "time") and node.args and type(node.args[0]).__name__ == "Const":
            form = str(node.args[0].value)
            if form and "%" not in form:
                mend = "A form is written as '%d.%m.%Y' or '%H:%M'."
                return self.problem(node, "template", f"{form!r} would be printed as it stands", mend)
        return Value("DECIMAL(38,2)") if name == "round" else TEXT

    def unfit(self, node: Any, shape: Shape, purpose: str) -> Shape:
        message = f"`{node.name}` {purpose}, and this is {in_words(shape)}"
        return self.problem(node, "template-type", message, f"Remove `| {node.name}`, or convert it in the query.")

    def of_table(self, node: Any, shape: Shape) -> Shape:
        name: str = node.name
        if not isinstance(shape, Rows):
            if shape == ANY:
                return TEXT
            mend = "Write {{ rows | table }} or {{ overdue | join('number', ', ') }}."
            message = f"`{name}` shows the rows of a step, and this is {in_words(shape)}"
            return self.problem(node, "template-type", message, mend)
        wanted = list(node.args) if name == "table" else [*node.args, *(k.value for k in node.kwargs)][:1]
        if name == "join" and not wanted:
            mend = f"{{{{ {shape.what} | join('number', ', ') }}}}"
            return self.problem(node, "template", "`join` needs the column to be joined", mend)
        for argument in wanted:
            if type(argument).__name__ != "Const" or shape.columns is None:
                continue
            column = str(argument.value)
            if self.column(shape.columns, column) is None:
                names = [c.name for c in shape.columns]
                mend = suggest(column, names) or f"It has {', '.join(names[:12])}."
                if name == "join" and not any(letter.isalnum() for letter in column):
                    mend = f"The column comes first: join('{names[0] if names else '…'}', '{column}')."
                self.problem(node, "unknown-column", f"{_has(shape.what)} no column {column!r}", mend)
        return TEXT


_PARTS = {
    name: f"Write {{{{ due | date('{form}') }}}}."
    for name, form in (("year", "%Y"), ("month", "%m"), ("day", "%d"), ("hour", "%H"), ("minute", "%M"))
}
_LOOP = "{% for r in rows %}{{ r.number }}{% endfor %}"
_LOOP_NAMES = ("index", "index0", "first", "last", "length")
_OPERATORS = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "FloorDiv": "//", "Mod": "%"}
_FILTERS: dict[str, tuple[tuple[str, ...] | None, str]] = {
    "money": (("number",), "formats numbers"),
    "number": (("number",), "formats numbers"),
    "round": (("number",), "rounds numbers"),
    "date": (("date", "timestamp", "text"), "formats dates"),
    "time": (("timestamp", "time"), "formats times"),
}


def _has(what: str) -> str:
    return "the rows have" if what == "rows" else "the row has" if what == "row" else f"{what} has"


def sole_column(text: str, scope: TemplateShape) -> str | None:
    """The DuckDB type of a text that is one name and nothing else (`{{ due_date }}`); None for any other text."""
    match = re.fullmatch(r"\s*\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}\s*", text)
    shape = _Checker(text, scope).known(match[1]) if match else None
    return shape.type if isinstance(shape, Value) else None
