"""What the query layer takes and gives: the schema it asks, the sources it reads, the query it has typed.

Nothing here parses or runs anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from deskhand.contract import Filter, ResultColumn, Table
from deskhand.errors import Problem


class Schema(Protocol):
    """What a query may read. All names are matched ignoring case."""

    def table(self, connection: str, name: str) -> Table | None:
        """A catalog table by its connection and its name there (`budget.xlsx/2026`, `attachments/*.csv`)."""

    def step(self, name: str) -> tuple[ResultColumn, ...] | None:
        """The columns of an earlier step's rows; `name` may be `<act id>.done`. None where there is none."""

    def is_open_step(self, name: str) -> bool:
        """Whether there is such an earlier step whose columns can't be known yet."""

    def connections(self) -> Sequence[str]:
        """All connections' names, for suggestions."""

    def table_names(self, connection: str) -> Sequence[str]:
        """The names of one connection's tables, for suggestions."""

    def step_names(self) -> Sequence[str]:
        """The names of the earlier steps, for suggestions."""


@dataclass(frozen=True)
class Source:
    """What must be read of one catalog table.

    `columns` are those that the query needs, in the table's order, never none. `filters` hold for every row
    that can matter, date ranges widened by a day: a reader may use any or none of them, since DuckDB runs the
    whole query again.
    """

    connection: str
    table: Table
    columns: tuple[str, ...]
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True)
class Query:
    """A query that passed its check.

    `columns` are typed as the rows will be; empty while `open` (it reads something whose columns can't be
    known yet: analyse it again when the plan reaches it). `steps` are the earlier steps it refers to.
    `prepared` is private to this package.
    """

    text: str
    columns: tuple[ResultColumn, ...]
    sources: tuple[Source, ...]
    steps: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    open: bool = False
    prepared: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Analysis:
    """Either a query or the problems that it has; never both."""

    problems: list[Problem]
    query: Query | None
