"""A plan in plain words, made from the plan itself: one sentence a step.

What can't be said simply is shown as it stands, in its own SQL or template, never paraphrased by guess. This
module refuses to run anything and to look at data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deskhand.plan import Act, Approve, Call, ForEach, Plan, Query, Step
from deskhand.template import shorten

if TYPE_CHECKING:
    from deskhand.contract import Operation

_LONG = 160


def describe(plan: Plan, operations: Mapping[str, type[Operation]] | None = None) -> list[str]:
    """One sentence for each step, those inside a for_each indented under it.

    operations: for their summaries; an act of an unknown one is named as it is written.
    """
    return _steps(plan.steps, operations or {}, "")


def _steps(steps: Sequence[Step], operations: Mapping[str, type[Operation]], indent: str) -> list[str]:
    lines: list[str] = []
    for step in steps:
        if isinstance(step, ForEach):
            lines.append(f"{indent}For each row of {step.for_each}, called {step.as_}:")
            lines += _steps(step.steps, operations, indent + "  ")
        elif isinstance(step, Query):
            lines.append(indent + _query(step))
        elif isinstance(step, Approve):
            by = f" by {' or '.join(step.by)}" if step.by else ""
            two = ", by two different people" if step.two else ""
            what = f" of the rows of {step.rows}" if step.rows else ""
            lines.append(f"{indent}Wait for an approval{what}{by}{two}." + (f" ({step.ask})" if step.ask else ""))
        elif isinstance(step, Call):
            each = f" for each row of {step.rows}" if step.rows else ""
            given = "; ".join(f"{name}: {shorten(str(text))}" for name, text in step.inputs.items())
            lines.append(
                f"{indent}{_condition(step)}run the process {step.process}{each}" + (f" ({given})." if given else ".")
            )
        else:
            lines.append(indent + _act(step, operations))
        lines[-1] = _capital(lines[-1]) if not isinstance(step, ForEach) else lines[-1]
    return lines


def _capital(line: str) -> str:
    text = line.lstrip()
    return line[: len(line) - len(text)] + text[:1].upper() + text[1:]


def _condition(step: Act | Call) -> str:
    text = step.when if step.when is not None else step.unless
    if text is None:
        return ""
    plain = " ".join(text.split())
    if plain.lower().startswith("select "):
        plain = _condition_words(plain)
        return f"if {plain}, " if step.when is not None else f"unless {plain}, "
    return f"if {plain} has rows, " if step.when is not None else f"if {plain} has no rows, "


def _act(step: Act, operations: Mapping[str, type[Operation]]) -> str:
    operation = operations.get(step.operation)
    what = f"{operation.summary.rstrip('.')} ({step.operation})" if operation is not None else step.operation
    what = what[:1].lower() + what[1:]
    each = ""
    if step.per:
        each = f", once for each {' and '.join(step.per)} in {step.rows}"
    elif step.rows is not None:
        whole = operation is not None and operation.rows_use.value == "table"
        each = f", with the rows of {step.rows}" if whole else f", for each row of {step.rows}"
    where = f" on {step.connection}" if step.connection else ""
    given = "; ".join(f"{name} {_param(value)}" for name, value in step.params.items() if value is not None)
    stop = "; stop at the first exception" if step.on_error == "stop" else ""
    return f"{_condition(step)}{what}{where}{each}" + (f" ({given}{stop})." if given or stop else ".")


def _param(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_param(item) for item in value)
    if isinstance(value, Mapping):
        return " ".join(f"{name} {_param(item)}" for name, item in value.items())
    text = shorten(str(value), 90)
    return f"“{text}”" if " " in text else text


# ---------------------------------------------------------------- queries


def _query(step: Query) -> str:
    name = f" and call it {step.id}" if step.id else ""
    expects = {"one": "exactly one row", "some": "at least one row", "none": "no row"}
    expect = f" (expects {expects.get(str(step.expect), f'{step.expect} rows')})" if step.expect is not None else ""
    return f"look up {_select_words(step.query)}{name}{expect}."


def _parse(text: str) -> Any:
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        return sqlglot.parse_one(text, dialect="duckdb")
    except SqlglotError:
        return None


def _condition_words(text: str) -> str:
    from sqlglot import exp

    tree = _parse(text)
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
        return f"({shorten(text, _LONG)})"
    source = _sources(tree)
    said = phrase(tree.expressions[0])
    where = tree.args.get("where")
    return said + (f" in {source}" if source else "") + (f" where {phrase(where.this)}" if where else "")


def _select_words(text: str) -> str:
    from sqlglot import exp

    tree = _parse(text)
    if not isinstance(tree, exp.Query):
        return f"({shorten(text, _LONG)})"
    if not isinstance(tree, exp.Select) or tree.args.get("with_") is not None:
        made = {cte.alias.casefold() for cte in tree.find_all(exp.CTE)}
        tables = [t for t in tree.find_all(exp.Table) if t.db or t.name.casefold() not in made]
        names = list(dict.fromkeys(_table(table) for table in tables))
        return f"{_listed(tree.named_selects)}, worked out from {', '.join(names)}"
    shown = _listed([_column(item) for item in tree.expressions])
    parts = [shown]
    if source := _sources(tree):
        parts.append(f"from {source}")
    if (where := tree.args.get("where")) is not None:
        parts.append(f"where {phrase(where.this)}")
    if (group := tree.args.get("group")) is not None and group.expressions:
        parts.append("for each " + " and ".join(phrase(item) for item in group.expressions))
    if (having := tree.args.get("having")) is not None:
        parts.append(f"only if {phrase(having.this)}")
    if (order := tree.args.get("order")) is not None:
        by = [phrase(item.this) + (" (highest first)" if item.args.get("desc") else "") for item in order.expressions]
        parts.append("sorted by " + ", ".join(by))
    if (limit := tree.args.get("limit")) is not None and limit.expression is not None:
        parts.append(f"only the first {phrase(limit.expression)}")
    return shorten(" ".join(parts), 600)


def _listed(columns: Sequence[str]) -> str:
    shown = ["everything" if name == "*" or name.endswith(".*") else name for name in columns[:8]]
    return ", ".join(shown) + (", …" if len(columns) > 8 else "")


def _sources(tree: Any) -> str:
    names = []
    start = tree.args.get("from_") or tree.args.get("from")
    if start is not None:
        names.append(_table(start.this))
    for join in tree.args.get("joins") or []:
        side = (join.side or "").lower()
        kept = {"left": "with, where there are any, ", "": "with "}.get(side, f"with ({side}) ")
        names.append(kept + _table(join.this))
    return " ".join(names)


def _table(node: Any) -> str:
    from sqlglot import exp

    if not isinstance(node, exp.Table):
        return f"({shorten(node.sql(dialect='duckdb'), 80)})"
    if node.db and node.name.casefold() == "done":
        return f"what {node.db} confirmed"
    return f"{node.name} in {node.db}" if node.db else str(node.name)


def _column(node: Any) -> str:
    from sqlglot import exp

    if isinstance(node, exp.Alias):
        inner = phrase(node.this)
        simple = "(" not in inner and not isinstance(node.this, exp.Column)
        return f"{inner} as {node.alias}" if simple else str(node.alias)
    return phrase(node)


def phrase(node: Any) -> str:
    """A SQL expression in words, as far as they say the same; its own SQL otherwise."""
    from sqlglot import exp

    said = _PHRASES.get(type(node).__name__)
    if said is not None:
        return said(node)
    if isinstance(node, exp.Anonymous | exp.Func):
        return _function(node)
    return shorten(node.sql(dialect="duckdb"), 80)


def _two(word: str) -> Callable[[Any], str]:
    return lambda node: f"{phrase(node.this)} {word} {phrase(node.expression)}"


_DATES = ("days_ago", "days_ahead", "start_of", "end_of", "last_weekday", "next_weekday", "add_business_days")


def _compare(of_dates: str, of_others: str) -> Callable[[Any], str]:
    """A comparison; in the words for dates where one side plainly is one."""

    def said(node: Any) -> str:
        from sqlglot import exp

        for side in (node.this, node.expression):
            named = isinstance(side, exp.Anonymous) and str(side.name).lower() in _DATES
            if named or isinstance(side, exp.CurrentDate | exp.CurrentTimestamp):
                return f"{phrase(node.this)} {of_dates} {phrase(node.expression)}"
        return f"{phrase(node.this)} {of_others} {phrase(node.expression)}"

    return said


_FUNCTIONS = {
    "lower": "{}", "upper": "{}", "trim": "{}", "days_ago": "{} days ago", "days_ahead": "{} days from now",
    "last_weekday": "last {}", "next_weekday": "next {}", "sum": "the sum of {}", "avg": "the average of {}",
    "min": "the smallest {}", "max": "the largest {}",
}  # fmt: skip


def _function(node: Any) -> str:
    from sqlglot import exp

    anonymous = isinstance(node, exp.Anonymous)
    name = str(node.name if anonymous else node.sql_name()).lower()
    arguments = node.expressions if anonymous else [node.this, *node.expressions]
    if name in _FUNCTIONS and len(arguments) == 1 and isinstance(arguments[0], exp.Expression):
        return _FUNCTIONS[name].format(phrase(arguments[0]).strip("“”"))
    return shorten(node.sql(dialect="duckdb"), 80)


def _not(node: Any) -> str:
    from sqlglot import exp

    inner = node.this
    if isinstance(inner, exp.Is):
        return (
            f"{phrase(inner.this)} is not empty" if isinstance(inner.expression, exp.Null) else f"not {phrase(inner)}"
        )
    if isinstance(inner, exp.In) and inner.expressions:
        return f"{phrase(inner.this)} is none of {', '.join(phrase(item) for item in inner.expressions)}"
    return f"not ({phrase(inner)})"


def _in(node: Any) -> str:
    if node.expressions:
        return f"{phrase(node.this)} is one of {', '.join(phrase(item) for item in node.expressions)}"
    return f"{phrase(node.this)} is among ({shorten(node.args['query'].sql(dialect='duckdb'), 80)})"


def _count(node: Any) -> str:
    from sqlglot import exp

    return (
        "the number of rows" if isinstance(node.this, exp.Star | type(None)) else f"the number of {phrase(node.this)}"
    )


_PHRASES: dict[str, Callable[[Any], str]] = {
    "Column": lambda n: str(n.name) if n.name else n.sql(dialect="duckdb"),
    "Identifier": lambda n: str(n.name),
    "Star": lambda n: "*",
    "Literal": lambda n: f"“{n.name}”" if n.is_string else str(n.name),
    "Placeholder": lambda n: f"the input {n.name}",
    "Parameter": lambda n: f"the input {n.name}",
    "Boolean": lambda n: "yes" if n.this else "no",
    "Null": lambda n: "empty",
    "Paren": lambda n: f"({phrase(n.this)})",
    "And": _two("and"),
    "Or": _two("or"),
    "EQ": _two("is"),
    "NEQ": _two("is not"),
    "GT": _compare("is after", "is more than"),
    "Distinct": lambda n: "different " + ", ".join(phrase(item) for item in n.expressions),
    "GTE": _compare("is not before", "is at least"),
    "LT": _compare("is before", "is less than"),
    "LTE": _compare("is not after", "is at most"),
    "Add": _two("+"),
    "Sub": _two("-"),
    "Mul": _two("×"),
    "Div": _two("÷"),
    "Like": _two("looks like"),
    "ILike": _two("looks like"),
    "Between": lambda n: f"{phrase(n.this)} is from {phrase(n.args['low'])} to {phrase(n.args['high'])}",
    "Is": lambda n: f"{phrase(n.this)} is {phrase(n.expression)}",
    "Not": _not,
    "In": _in,
    "Count": _count,
    "CurrentDate": lambda n: "today",
    "CurrentTimestamp": lambda n: "now",
    "Neg": lambda n: f"-{phrase(n.this)}",
}
