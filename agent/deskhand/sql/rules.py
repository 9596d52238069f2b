"""Rules of a policy, such as `approve_when = "count(*) > 20"`: a boolean expression over an act's rows.

This module refuses whole queries: a rule sees the rows it is asked about and nothing else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from deskhand.contract import ResultColumn, Row, Table
from deskhand.errors import Problem
from deskhand.sql.analysis import condition
from deskhand.sql.model import Analysis, Query
from deskhand.sql.rows import from_rows
from deskhand.sql.runner import run

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = "rows_of_act"
_HEAD = "select (\n"


class _OnlyRows:
    """A schema that knows the act's rows only."""

    def __init__(self, columns: Sequence[ResultColumn]) -> None:
        self.columns = tuple(columns)

    def table(self, connection: str, name: str) -> Table | None:
        return None

    def step(self, name: str) -> tuple[ResultColumn, ...] | None:
        return self.columns if name.casefold() == _ROWS else None

    def is_open_step(self, name: str) -> bool:
        return False

    def connections(self) -> Sequence[str]:
        return ()

    def table_names(self, connection: str) -> Sequence[str]:
        return ()

    def step_names(self) -> Sequence[str]:
        return ()


def analyse_rule(
    text: str, columns: Sequence[ResultColumn], now: dt.datetime, inputs: Mapping[str, str] | None = None
) -> Analysis:
    """Check a rule over rows with these columns; it must be one boolean, aggregates allowed."""
    from sqlglot import exp

    from deskhand.sql.dialect import parse

    tree, problems = parse(f"{_HEAD}{text}\n) as holds")
    if not text.strip() or problems or tree is None or len(tree.expressions) != 1 or tree.args.get("from_") is not None:
        message = problems[0].message if problems else "a rule is one expression"
        return Analysis([Problem("syntax", f"{text!r}: {message}", 'write it as in "count(*) > 20"')], None)
    if tree.find(exp.Subquery) is not None or len(list(tree.find_all(exp.Query))) > 1:
        return Analysis([Problem("not-a-query", f"{text!r}: a rule reads no tables of its own")], None)
    return condition(f"{_HEAD}{text}\n) as holds from {_ROWS} limit 1", _OnlyRows(columns), inputs or {}, now)


def run_rule(
    rule: Query,
    rows: pa.Table | Sequence[Row],
    columns: Sequence[ResultColumn],
    now: dt.datetime,
) -> bool:
    """Whether the rule holds for the rows; null is false. Raises DataError as `run` does."""
    table = from_rows(rows, columns) if isinstance(rows, Sequence) else rows
    return truth(run(rule, _no_sources, lambda name: table, {}, now=now))


def _no_sources(source: object) -> pa.Table:
    raise LookupError("a rule reads no tables")


def truth(table: pa.Table) -> bool:
    """The one boolean of a condition's result: null is false, and so is no row. Raises DataError for more
    than one row."""
    from deskhand.errors import DataError

    if table.num_rows > 1:
        raise DataError(f"a condition gave {table.num_rows} rows, not one", mend="use an aggregate, or limit 1")
    return table.num_rows == 1 and table.column(0)[0].as_py() is True
