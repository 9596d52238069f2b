"""What is known at one point of a run or a preview: the rows of earlier steps, inputs, and the logical time.

Queries and conditions are asked here, acts get their rows, texts and calls here, so that the preview and the
executor see the same. This module refuses to change anything and to keep anything beyond the process.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from deskhand import sql
from deskhand.contract import Operation, Params, ResultColumn, Rows, Value
from deskhand.errors import DataError, ProblemsError, RefusedError
from deskhand.plan import Act, Plan
from deskhand.settings import PolicyRule
from deskhand.shapes import Shapes
from deskhand.template import Scope

if TYPE_CHECKING:
    import pyarrow as pa

    from deskhand.catalog import Catalog
    from deskhand.sql import Query, Source


@dataclass(frozen=True)
class StepData:
    """The rows of a step: typed columns and an Arrow table of exactly these types."""

    columns: tuple[ResultColumn, ...]
    arrow: pa.Table

    @cached_property
    def rows(self) -> Rows:
        """The same rows as Python values."""
        return Rows(self.columns, sql.to_rows(self.arrow, self.columns))

    @property
    def count(self) -> int:
        """How many rows there are."""
        return int(self.arrow.num_rows)

    def take(self, ordinals: list[int]) -> StepData:
        """These rows of it, in this order."""
        import pyarrow as pa

        return StepData(self.columns, self.arrow.take(pa.array(ordinals, pa.int64())))


@dataclass(frozen=True)
class Context:
    """What stays the same during one run of one plan."""

    plan: Plan
    catalog: Catalog
    now: dt.datetime
    inputs: Mapping[str, Value] = field(default_factory=dict)
    policy: Mapping[str, PolicyRule] = field(default_factory=dict)
    processes: Mapping[str, Plan] = field(default_factory=dict)


@dataclass(frozen=True)
class Bound:
    """An act with its operation opened, its parameters typed and its rows at hand."""

    act: Act
    operation: Operation
    connection: str
    params: Params
    data: StepData | None


QUERY_SECONDS = 300.0
"""How long one query may compute; reading its sources doesn't count. A longer one is a join without its condition."""

Loader = Callable[[], StepData]


class Frame:
    """The rows that can be named at one point; a for_each's row sees all of the frame around it."""

    def __init__(self, context: Context, *, shapes: Shapes | None = None, parent: Frame | None = None) -> None:
        self.context = context
        self.shapes = shapes if shapes is not None else Shapes(context.catalog, context.plan.inputs)
        self._parent = parent
        self._steps: dict[str, StepData | Loader] = {}

    def child(self, each: str, data: StepData) -> Frame:
        """The inside of a for_each, with its one row under the name `each`."""
        inner = Frame(self.context, shapes=self.shapes.child(each, data.columns), parent=self)
        inner._steps[each.casefold()] = data
        return inner

    # ------------------------------------------------------------ steps

    def put(self, name: str, data: StepData | Loader, columns: tuple[ResultColumn, ...] | None = None) -> None:
        """A step's rows, at once or to be loaded when they are first named (then `columns` must be given)."""
        self._steps[name.casefold()] = data
        self.shapes.add_step(name, data.columns if isinstance(data, StepData) else columns)

    def has(self, name: str) -> bool:
        """Whether that step has rows here."""
        return name.casefold() in self._steps or (self._parent is not None and self._parent.has(name))

    def data(self, name: str) -> StepData:
        """The rows of an earlier step (or `<act id>.done`). Raises RefusedError where there are none."""
        folded = name.casefold()
        found = self._steps.get(folded)
        if found is None:
            if self._parent is None:
                raise RefusedError(f"step {name!r} has no rows at this point", mend="Check the plan again.")
            return self._parent.data(name)
        if not isinstance(found, StepData):
            found = self._steps[folded] = found()
        return found

    def names(self) -> list[str]:
        """The names of the steps that templates can name here."""
        outer = self._parent.names() if self._parent is not None else []
        return [*outer, *(name for name in self._steps if "." not in name)]

    def scope(self) -> Scope:
        """What a template may name here, before the act's own rows are added."""
        return Scope(
            now=self.context.now,
            inputs=self.context.inputs,
            steps=_StepRows(self),
            each=tuple(n.casefold() for n in self.shapes.each),
        )

    def around(self) -> dict[str, Value]:
        """The columns of the rows of the loops that this is inside, the inner ones first to be believed."""
        outer = self._parent.around() if self._parent is not None else {}
        if self._parent is None or self.shapes.each == self._parent.shapes.each:
            return outer
        return {**outer, **self.data(self.shapes.each[-1]).rows.rows[0]}

    # ------------------------------------------------------------ queries

    def query(self, text: str) -> tuple[StepData, Query]:
        """Type the query against what is there now, and run it. Raises ProblemsError, DataError."""
        analysis = sql.analyse(text, self.shapes, self.shapes.input_types(), self.context.now)
        if analysis.query is None:
            raise ProblemsError(analysis.problems, what="the query")
        return self._run(analysis.query), analysis.query

    def _run(self, query: Query) -> StepData:
        if query.open:
            names = [f"{s.connection}.{s.table.name}" for s in query.sources if s.table.open]
            raise DataError(
                f"the columns of {', '.join(names) or 'a table of the query'} can't be known",
                mend="It can't be read, or it is empty: see what `agent catalog` says of it.",
            )
        table = sql.run(
            query,
            self._read,
            lambda name: self.data(name).arrow,
            self.context.inputs,
            now=self.context.now,
            timeout_s=QUERY_SECONDS,
        )
        return StepData(query.columns, table)

    def _read(self, source: Source) -> pa.Table:
        return self.context.catalog.tool(source.connection).read(source.table, source.columns, source.filters)

    def holds(self, condition: str) -> bool:
        """Whether a `when` holds: the step of that name has rows, or the select's one boolean is true."""
        text = condition.strip()
        if self.has(text):
            return self.data(text).count > 0
        analysis = sql.condition(text, self.shapes, self.shapes.input_types(), self.context.now)
        if analysis.query is None:
            raise ProblemsError(analysis.problems, what="the condition")
        found = self._run(analysis.query).arrow.column(0).to_pylist()
        if len(found) > 1:
            raise RefusedError(
                f"the condition gave {len(found)} rows: {text}", mend="Make it one boolean: select count(*) > 0 from …"
            )
        return bool(found and found[0])

    # ------------------------------------------------------------ acts

    def bind(self, act: Act, operation: type[Operation], connection: str, params: Params) -> Bound:
        """The act with its tool opened and its rows."""
        tool = self.context.catalog.tool(connection)
        data = self.data(act.rows) if act.rows is not None else None
        return Bound(act, tool.operation(operation.name), connection, params, data)


class _StepRows(Mapping[str, Rows]):
    """The steps of a frame by name; their rows become Python values only when a template names them."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def __getitem__(self, name: str) -> Rows:
        return self._frame.data(name).rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._frame.names())

    def __len__(self) -> int:
        return len(self._frame.names())
