"""`DatabaseTool`: one SQLite file as a connection. Holds no file open between calls."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from deskhand.contract import Filter, Json, Operation, Table, Tool, ToolContext
from deskhand.errors import DataError
from pydantic import BaseModel, ConfigDict

from deskhand_tools.database import connect, schema
from deskhand_tools.database.delete import Delete
from deskhand_tools.database.insert import Insert
from deskhand_tools.database.rows import DatabaseOperation, plain_name
from deskhand_tools.database.update import Update, Upsert

if TYPE_CHECKING:
    import pyarrow as pa


class DatabaseConfig(BaseModel):
    """What agent.toml says of a database.

    url: `sqlite:///ledger.db`, relative to the workspace, or `sqlite:////absolute/path.db`.
    ledger_table: whether each effect leaves its key in a table `_deskhand_effects`, in the same transaction;
    then even rows without a key are verified exactly.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tool: Literal["database"] = "database"
    url: str
    ledger_table: bool = False


class DatabaseTool(Tool):
    """Tables of a SQLite file, with inserts, updates, upserts and deletes of rows.

    Raises WorkspaceError where the URL is of another kind or its file is missing or no database.
    """

    name: ClassVar[str] = "database"
    Config: ClassVar[type[BaseModel]] = DatabaseConfig
    operations: ClassVar[Mapping[str, type[Operation]]] = {kind.name: kind for kind in (Insert, Update, Upsert, Delete)}

    def __init__(self, config: DatabaseConfig, context: ToolContext) -> None:
        super().__init__(config, context)
        self.path = connect.path_of(config.url, context.root)
        self._seen = ""
        self._known: dict[str, tuple[Table, schema.Shape]] = {}
        self._all: list[Table] | None = None

    @classmethod
    def fake(
        cls,
        root: Path,
        connection: str,
        *,
        keys: Mapping[str, str | Sequence[str]] | None = None,
        script: str = "",
        **tables: Any,
    ) -> Mapping[str, Json]:
        """A SQLite file `<connection>.db`.

        tables: lists of rows by table. keys: their primary keys. script: SQL to run first, such as the real schema.
        """
        from deskhand_tools.database.fake import add_tables

        add_tables(root / f"{connection}.db", tables, keys=keys, script=script)
        return {"url": f"sqlite:///{connection}.db"}

    def fingerprint(self) -> str:
        return connect.fingerprint(self.path)

    def tables(self) -> list[Table]:
        self._refresh()
        if self._all is None:

            def work(connection: sqlite3.Connection) -> dict[str, tuple[Table, schema.Shape]]:
                return {
                    name.casefold(): schema.table(connection, name, kind) for name, kind in schema.names(connection)
                }

            self._known = connect.reading(self.path, work)
            self._all = [table for table, _ in self._known.values()]
        return list(self._all)

    def table(self, name: str) -> Table | None:
        found = self.stored(name)
        return found[0] if found else None

    def stored(self, name: str) -> tuple[Table, schema.Shape] | None:
        """A table and how it is stored, as the file is now; None where there is no such table."""
        self._refresh()
        folded = plain_name(name, self.context.connection).casefold()
        if folded not in self._known and self._all is None:

            def work(connection: sqlite3.Connection) -> tuple[Table, schema.Shape] | None:
                for found, kind in schema.names(connection):
                    if found.casefold() == folded:
                        return schema.table(connection, found, kind)
                return None

            found = connect.reading(self.path, work)
            if found is None:
                return None
            self._known[folded] = found
        return self._known.get(folded)

    def _refresh(self) -> None:
        """Forget what was known of the file once it has changed."""
        now = self.fingerprint()
        if now != self._seen:
            self._seen, self._known, self._all = now, {}, None

    def read(self, table: Table, columns: Sequence[str], where: Sequence[Filter] = ()) -> pa.Table:
        from deskhand_tools.database import read

        place = f"{self.context.connection}.{table.name}"
        chosen = [table.column(name) for name in columns]
        missing = [name for name, column in zip(columns, chosen, strict=True) if column is None]
        if missing:
            raise DataError(
                f"{place} has no column {', '.join(missing)}",
                mend="its columns are " + ", ".join(column.name for column in table.columns),
            )

        def work(connection: sqlite3.Connection) -> pa.Table:
            kinds = dict(schema.names(connection))
            if table.name not in kinds:
                raise DataError(f"{place} is no longer there", mend="read the catalog anew: agent catalog")
            shape = schema.shape(connection, table.name, kinds[table.name])
            return read.read(connection, where, table, [c for c in chosen if c], shape, place)

        return connect.reading(self.path, work)

    def _make(self, kind: type[Operation]) -> Operation:
        assert issubclass(kind, DatabaseOperation)
        return kind(self)

    def __repr__(self) -> str:
        return f"DatabaseTool({self.path})"
