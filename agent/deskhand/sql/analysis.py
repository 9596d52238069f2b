"""Types a whole query: FROM clauses, CTEs, stars, set operations, subqueries; and prepares it for DuckDB.

The parsed query is rewritten in place: tables become the names under which they are registered, business
dates and arithmetic plain SQL. DuckDB then types the whole over empty tables, and has the last word on names
and types. This module refuses to read data and to run anything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from deskhand.contract import ResultColumn
from deskhand.errors import Problem
from deskhand.sql.bind import constant_filters, fixed_now, merge_filters
from deskhand.sql.dialect import fill, marked, parse
from deskhand.sql.duck import describe
from deskhand.sql.from_clause import FromClauses
from deskhand.sql.model import Analysis, Query, Schema, Source
from deskhand.sql.outputs import duplicates, final_columns
from deskhand.sql.probe import plain
from deskhand.sql.scope import Base
from deskhand.sql.types import NULL


@dataclass(frozen=True)
class Prepared:
    """What `run` needs of a query: the SQL with marks for inputs and the logical time, the types of those
    inputs, and the sources under their names in it."""

    text: str
    inputs: Mapping[str, str]
    bases: tuple[Base, ...]


class Analyser(FromClauses):
    """One analysis of one query."""

    def whole(self, tree: exp.Query, now: dt.datetime) -> Query | None:
        """The query, where no problem was found."""
        fields = self.query(tree, None, {}, top=True)
        if fields is not None:
            self.problems.extend(duplicates(fields))
        bases = tuple(self.bases.values())
        for base in bases:
            if not base.used and base.columns:
                base.used.add(base.columns[0].name)
        open_ = any(base.columns is None for base in bases)
        if self.problems:
            return None
        columns: tuple[ResultColumn, ...] = ()
        text = marked(tree)
        if not open_:
            described = describe(fill(self.describing(text), self.sample))
            if isinstance(described, str):
                mixed = "mix aggregates" in described
                mend = "write the columns in `group by` instead of `all`" if mixed else ""
                self.problem("invalid-query", plain(described), mend)
                return None
            columns, problems = final_columns(described, fields)
            if problems:
                self.problems.extend(problems)
                return None
        sources = tuple(
            Source(
                base.connection or "",
                base.table,
                tuple(c.name for c in base.table.columns if c.name in base.used),
                constant_filters(merge_filters(base), base, fixed_now(now)),
            )
            for base in bases
            if base.table is not None
        )
        steps = tuple(base.step for base in bases if base.step is not None)
        return Query(
            self.text,
            columns,
            sources,
            steps,
            tuple(self.used_inputs),
            open_,
            Prepared(text, dict(self.used_inputs), bases),
        )

    def describing(self, body: str) -> str:
        """The query over empty tables, as text for DESCRIBE."""
        empties = ", ".join(
            f'"{base.key}" AS (SELECT '
            + ", ".join(f"{_null(f.type)} AS {_quoted(f.name)}" for f in base.columns or () if f.name in base.used)
            + ")"
            for base in self.bases.values()
        )
        if not empties:
            return body
        if body.startswith("WITH RECURSIVE "):
            return f"WITH RECURSIVE {empties}, {body.removeprefix('WITH RECURSIVE ')}"
        if body.startswith("WITH "):
            return f"WITH {empties}, {body.removeprefix('WITH ')}"
        return f"WITH {empties} {body}"


def _null(type_: str | None) -> str:
    return "NULL" if type_ in (None, NULL) else f"CAST(NULL AS {type_})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def analyse(text: str, schema: Schema, inputs: Mapping[str, str], now: dt.datetime) -> Analysis:
    """Check and type one query.

    text: the query. schema: what it may read. inputs: the DuckDB type of each input by name. now: the run's
    logical time, naive, in the workspace's zone. Gives all problems, in the order of the text, or the query.
    """
    if now.tzinfo is not None:
        raise ValueError("the logical time is naive, in the workspace's zone")
    tree, problems = parse(text)
    if tree is None:
        return Analysis(problems, None)
    analyser = Analyser(text, schema, inputs)
    try:
        query = analyser.whole(tree, now)
    except RecursionError:
        return Analysis([Problem("syntax", "the query is nested too deeply", "split it with `with`")], None)
    found = sorted(analyser.problems, key=lambda p: (p.where.line or 0, p.where.column or 0))
    return Analysis(found, query)


def condition(text: str, schema: Schema, inputs: Mapping[str, str], now: dt.datetime) -> Analysis:
    """Like `analyse`, for the select of a `when`: it must give one boolean column."""
    analysis = analyse(text, schema, inputs, now)
    if analysis.query is None or analysis.query.open:
        return analysis
    columns = analysis.query.columns
    mend = "write one comparison, such as `select count(*) > 0 from …`"
    if len(columns) != 1:
        problem = Problem("type-mismatch", f"a condition gives one boolean column, this gives {len(columns)}", mend)
    elif columns[0].type not in ("BOOLEAN", "NULL"):
        problem = Problem(
            "type-mismatch", f"a condition gives a boolean, but {columns[0].name} is {columns[0].type}", mend
        )
    else:
        return analysis
    return Analysis([problem], None)
