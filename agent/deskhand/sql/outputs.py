"""The columns that a query gives: their names, their types, and which of them can't be handed out.

This module refuses to guess: names and types are DuckDB's own, only origins come from the analysis.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from deskhand.contract import ResultColumn
from deskhand.errors import Problem
from deskhand.sql.dialect import sql
from deskhand.sql.scope import Field
from deskhand.sql.types import family, normal, result_type, words


def duplicates(fields: Sequence[Field]) -> list[Problem]:
    """A problem for every name that stands twice among a query's columns."""
    seen: dict[str, int] = {}
    for field in fields:
        seen[field.name.casefold()] = seen.get(field.name.casefold(), 0) + 1
    found = []
    for field in fields:
        if seen.pop(field.name.casefold(), 1) > 1:
            found.append(
                Problem(
                    "duplicate-column",
                    f"two columns of the result are named {field.name}",
                    f"give one of them another name: … as {field.name}_2",
                )
            )
    return found


def final_columns(
    described: Sequence[tuple[str, str]], fields: Sequence[Field] | None
) -> tuple[tuple[ResultColumn, ...], list[Problem]]:
    """The result's columns as they will be handed out, and problems with what one cell can't hold."""
    columns: list[ResultColumn] = []
    problems: list[Problem] = []
    for index, (name, spelled) in enumerate(described):
        type_ = normal(spelled)
        given = result_type(type_)
        if given is None:
            mend = {
                "list": "use string_agg for one text, or unnest for rows",
                "interval": "subtract dates for a number of days",
            }.get(family(type_) or "", "pick one of its parts")
            problems.append(Problem("unfit-column", f"column {name} is {words(type_)} ({type_}), not one value", mend))
            continue
        field = fields[index] if fields is not None and index < len(fields) else None
        origin, literal = (field.origin, field.literal) if field is not None else (None, None)
        columns.append(ResultColumn(name, given, origin, literal))
    if fields is None:
        problems.extend(duplicates([Field(name, type_) for name, type_ in described]))
    return tuple(columns), problems


def label(node: exp.Expr, taken: Sequence[str]) -> str:
    """The name of a column that the query doesn't name: `count` for `count(*)`, where that is free, else the
    expression's own text."""
    core = node
    while isinstance(core, exp.Window | exp.Filter | exp.WithinGroup | exp.IgnoreNulls | exp.RespectNulls):
        core = core.this
    if isinstance(core, exp.Placeholder):
        return str(core.this)
    if isinstance(core, exp.CurrentDate | exp.CurrentTimestamp):
        return "current_date" if isinstance(core, exp.CurrentDate) else "current_timestamp"
    if isinstance(core, exp.Anonymous) and core.name.casefold() not in taken:
        return core.name.lower()
    return sql(node)


def simple_names(nodes: Sequence[exp.Expr]) -> list[str]:
    """Names that several columns would want, or that a named column has: nobody gets those."""
    wanted: list[str] = []
    for node in nodes:
        if isinstance(node, exp.Alias) or (isinstance(node, exp.Column) and not isinstance(node.this, exp.Star)):
            wanted.extend([node.alias_or_name.casefold()] * 2)
        else:
            wanted.append(label(node, ()).casefold())
    return [name for name in wanted if wanted.count(name) > 1]
