"""The tool contract: what a tool offers (tables to read, operations to do) and in which words.

A tool is found by the entry point group `deskhand.tools`; its name there is what `tool = "…"` in agent.toml
says. It reads tables as Arrow and changes the world by operations. Every operation works in three moves,
each over many rows at once so that a tool can share one transaction or one save between them:

    prepare(calls)  -> changes    reads only: old values, new values, or why a row can't be taken
    apply(items)    -> receipts   does it, under the condition that the old values still stand
    verify(items)   -> verdicts   reads back by another way than apply's own answer

The executor writes each change into the effect ledger before `apply`, and calls an effect confirmed only
when `verify` says so; after a crash `verify` alone decides what is repeated.

This module refuses to know any particular tool, to run anything, and to import SQL or engine code.
"""

from __future__ import annotations

import datetime as dt
import enum
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict

from deskhand.errors import BusinessError, Problem, UsageError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    import pyarrow as pa

    from deskhand.codec import Codec

Value = None | bool | int | float | Decimal | str | dt.date | dt.datetime | dt.time | bytes
"""One cell. Money is always Decimal; timestamps are naive, in the workspace's zone."""

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

Row = Mapping[str, Value]


# ---------------------------------------------------------------- what can be read


@dataclass(frozen=True)
class Column:
    """A column of a table. `type` is a DuckDB type (`VARCHAR`, `BIGINT`, `DECIMAL(18,2)`, `DATE`, …)."""

    name: str
    type: str
    nullable: bool = True
    has_default: bool = False
    generated: bool = False
    codec: Codec | None = None
    samples: tuple[str, ...] = ()
    """Up to 12 distinct values of a column with few of them; empty for columns of free text or of many."""


@dataclass(frozen=True)
class Table:
    """A table as the catalog knows it.

    `name` is what stands after the connection in SQL (`invoices`, `budget.xlsx/2026`, `inbox`).
    `open` marks a table whose columns can't be known yet (a file that an earlier act will save): queries over
    it are typed when the plan reaches them.
    `partition` is a column whose value names the table of the same connection that the row lies in (`folder`
    of `mail.all`): a query that asks for one value reads that table's rows.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    rows: int | None = None
    writable: bool = True
    open: bool = False
    note: str = ""
    partition: str | None = None

    def column(self, name: str) -> Column | None:
        """The column of that name, ignoring case; None where there is none."""
        folded = name.casefold()
        return next((c for c in self.columns if c.name.casefold() == folded), None)


@dataclass(frozen=True)
class Filter:
    """A condition that a tool may use to read less. It never has to: DuckDB applies the query again.

    `op` is one of `=`, `<`, `<=`, `>`, `>=`, `in`, `is null`, `is not null`; `value` is typed as the column
    (a tuple for `in`, None for the null tests).
    """

    column: str
    op: Literal["=", "<", "<=", ">", ">=", "in", "is null", "is not null"]
    value: Value | tuple[Value, ...] = None


# ---------------------------------------------------------------- what can be done


@dataclass(frozen=True)
class ResultColumn:
    """A column of a step's rows: its type, and where its values came from unchanged.

    `origin` is (connection, table, column) where the query passes a source column through, else None. It
    tells a mail operation which folder an `id` was read from, for example. literal: the text, where the query
    gives one and the same text in all rows, such as `'2026-05-01' as due_date`; known to the check only.
    """

    name: str
    type: str
    origin: tuple[str, str, str] | None = None
    literal: str | None = field(default=None, compare=False)


class Effect(enum.StrEnum):
    """How far an operation reaches."""

    REVERSIBLE = "reversible"
    WRITE = "write"
    SEND = "send"
    IRREVERSIBLE = "irreversible"


class RowsUse(enum.StrEnum):
    """What an operation does with `rows`: one effect a row, one for the whole table, or never any."""

    EACH = "each"
    TABLE = "table"


@dataclass(frozen=True)
class Rows:
    """Rows with their columns; what `{table: …}` attachments and whole-table operations get."""

    columns: tuple[ResultColumn, ...]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Call:
    """One asked-for effect: the operation's parameters, all texts rendered, and the rows it is about.

    ordinal: number of the row (or group) among the act's, from 0; 0 where the act has no rows.
    params: an instance of the operation's `Params`.
    row: the row, for an act with `rows`; in a group the columns that are constant in it.
    rows: the group's rows (`per`) or the whole table (`RowsUse.TABLE`); None otherwise.
    tables: steps named in parameters marked `StepTable`, by that name.
    """

    ordinal: int
    params: BaseModel
    row: Row | None = None
    rows: Rows | None = None
    columns: tuple[ResultColumn, ...] = ()
    tables: Mapping[str, Rows] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What one call would do; JSON throughout, since the ledger keeps it.

    state: `change`, `unchanged` (new equals old: no effect) or `exception` (`reason` says why).
    about: one short line for a person: `invoices R-17`, `mail to a@b.example: Subject`.
    before, after: old and new values by column, as texts; only what the call names.
    preview: anything a person should see in full before it happens, by heading (`to`, `subject`, `body`, …).
    data: what `apply` and `verify` need besides the call, such as the row's old raw values.
    """

    state: Literal["change", "unchanged", "exception"]
    about: str = ""
    reason: str = ""
    before: Mapping[str, str | None] = field(default_factory=dict)
    after: Mapping[str, str | None] = field(default_factory=dict)
    preview: Mapping[str, Json] = field(default_factory=dict)
    data: Mapping[str, Json] = field(default_factory=dict)

    @staticmethod
    def exception(reason: str, about: str = "") -> Change:
        """A row that can't be taken, with the reason a person reads in the exception inbox."""
        return Change("exception", about=about, reason=reason)


@dataclass(frozen=True)
class Item:
    """A call on its way: the change that was written to the ledger, and the effect's key.

    `key` is unique to the effect and the same after every crash; a tool may store it where it helps `verify`
    (a Message-ID, a key row).
    """

    call: Call
    change: Change
    key: str


Receipt = Mapping[str, Json]
"""What apply learned that is worth keeping (a Message-ID, a row number); shown in `agent runs show`."""


class Verdict(enum.StrEnum):
    """What reading back found. `unknown` ends in doubt; no tool may guess."""

    CONFIRMED = "confirmed"
    ABSENT = "absent"
    UNKNOWN = "unknown"


# ---- parameter types; the checker and the executor read these marks from a Params model


@dataclass(frozen=True)
class Mark:
    """How a parameter is read.

    `template`: rendered for each call. `path`: a path under the files' folder, checked not to leave it.
    `table`: names a table of the act's own connection; never rendered. `step`: names an earlier step, or
    `rows`. `columns`: names columns of the act's rows or of its table. `recipient`: a mail address, subject
    to the policy's `recipients`.
    html: set while parameters are rendered, for those that `Params.html_texts` names.
    """

    kind: Literal["template", "path", "table", "step", "columns", "recipient"]
    html: bool = False


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, Mark("template")]
FilePath = Annotated[str, Mark("path")]
TableName = Annotated[str, Mark("table")]
StepTable = Annotated[str, Mark("step")]
ColumnNames = Annotated[tuple[str, ...], BeforeValidator(_as_list), Mark("columns")]
Recipients = Annotated[tuple[str, ...], BeforeValidator(_as_list), Mark("recipient")]
"""A text or a list of texts; each is a template and may render to several addresses split by commas."""


class Params(BaseModel):
    """Base of every operation's parameters: frozen, unknown names refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def html_texts(self) -> frozenset[str]:
        """The names of the parameters that are HTML here, so that values in them must be escaped."""
        return frozenset()


class Tables(Protocol):
    """How an operation's check looks up tables of its own connection, those that earlier acts make included."""

    def __call__(self, name: str) -> Table | None: ...


class Operation(ABC):
    """One thing that a tool can do. An instance belongs to one open tool."""

    name: ClassVar[str]
    """`database.update`; the part before the dot is the tool's name."""
    summary: ClassVar[str]
    Params: ClassVar[type[Params]]
    effect: ClassVar[Effect]
    rows_use: ClassVar[RowsUse] = RowsUse.EACH
    needs_rows: ClassVar[bool] = True
    """Whether an act of this operation must have `rows`."""
    batch: ClassVar[int] = 1
    """How many effects may share one apply; 1 wherever verify may say unknown."""

    @classmethod
    @abstractmethod
    def check(cls, params: Any, columns: Sequence[ResultColumn] | None, tables: Tables) -> Iterable[Problem]:
        """Problems that are plain before any data is read.

        `params` are not rendered yet; `columns` are those of the act's rows (None without rows). A problem's
        `path` is relative to the act's parameters: `("table",)`.
        """

    @classmethod
    def produces(cls, params: Any, columns: Sequence[ResultColumn] | None) -> Sequence[tuple[str, Table]]:
        """Tables that this act will make, as (tool name, table); paths in `params` are rendered already."""
        return ()

    @abstractmethod
    def prepare(self, calls: Sequence[Call]) -> list[Change]:
        """One change per call, in order. Reads only; the preview calls it too.

        Calls of one act come together, so that a key standing twice among them is seen.
        """

    @abstractmethod
    def apply(self, items: Sequence[Item]) -> list[Receipt | BusinessError]:
        """Do at most `batch` changes; one receipt or business error per item, in order.

        Raises ApplicationError where nothing of the batch was done and trying again may help, and
        UnavailableError where the connection as a whole is gone.
        """

    @abstractmethod
    def verify(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order, by reading back; never by what apply said."""


@dataclass(frozen=True)
class ToolContext:
    """What a tool is given when it is opened for a workspace.

    root: the workspace's folder. files: the folder of its spreadsheet connection, to which all paths in plans
    are relative (None where it has none). cache: a folder of this connection's own for derived data, safe to
    delete. now: the run's logical time, naive, in `zone`.
    """

    connection: str
    root: Path
    files: Path | None
    cache: Path
    zone: ZoneInfo
    now: dt.datetime


class Tool(ABC):
    """A connection, opened. Tools are context managers; `close` must be safe to call twice."""

    name: ClassVar[str]
    Config: ClassVar[type[BaseModel]]
    """What agent.toml may say of such a connection; unknown keys are refused."""
    operations: ClassVar[Mapping[str, type[Operation]]]

    def __init__(self, config: Any, context: ToolContext) -> None:
        self.config = config
        self.context = context
        self._opened: dict[str, Operation] = {}

    @classmethod
    def fake(cls, root: Path, connection: str, **content: Any) -> Mapping[str, Json]:
        """Make a small source under `root` for a user's test; gives the connection's keys for agent.toml.

        `content` is in the tool's own words (`invoices=[{…}]`, `mails=[{…}]`); calling it again adds to what is
        there. The source is as real as can be, so that a test proves what a run would do.
        """
        raise UsageError(f"the tool {cls.name!r} has no fake", mend="Make the source in the test itself.")

    @abstractmethod
    def fingerprint(self) -> str:
        """A short text that changes whenever the source may have changed; the catalog is cached under it."""

    @abstractmethod
    def tables(self) -> list[Table]:
        """All tables, in a stable order, with codecs, keys, row counts and samples."""

    def table(self, name: str) -> Table | None:
        """The table of that name, ignoring case; also those that `tables` can't list (globs)."""
        folded = name.casefold()
        return next((t for t in self.tables() if t.name.casefold() == folded), None)

    @abstractmethod
    def read(self, table: Table, columns: Sequence[str], where: Sequence[Filter] = ()) -> pa.Table:
        """These columns of the table, decoded, typed as the table's columns say; in stored order."""

    def operation(self, name: str) -> Operation:
        """The operation of that full name, made once."""
        if name not in self._opened:
            self._opened[name] = self._make(self.operations[name])
        return self._opened[name]

    @abstractmethod
    def _make(self, kind: type[Operation]) -> Operation:
        """An instance of one of this tool's operations."""

    def close(self) -> None:  # noqa: B027  most tools hold nothing open
        """Let go of files and sessions."""

    def __enter__(self) -> Tool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
